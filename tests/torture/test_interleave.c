/* SPDX-License-Identifier: MIT */
/*
 * Interleavings: while one handle does a change, a second one on the same file does another inside
 * the n-th call that the first makes to the disk, for every n. What is there at the end, and what
 * both were told, must be as if one had been done after the other; who was told BUSY did nothing.
 * So every state that a lock lets somebody see is looked at, without waiting for chance.
 *
 *     test_interleave [--pairs N | --all] [--seed N] [first-name-part [second-name-part]]
 *
 * --pairs: about as many, chosen by the seed; 10 when nothing is said.
 * A control goes first: a change that reads, and writes what it makes of that in a transaction of
 * its own, must be caught.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../scenarios/scenario.h"
#include "cutvfs.h"

enum { MOST = 20000, SCENARIOS_MAX = 256, FINDINGS_MAX = 10 };

static const char vfs_name[] = "envres-interleave";

static int failures;
static unsigned long trials;
static unsigned long busy; /* trials in which one of the two was told to come again */

/* What a run left: the dump, and both answers. */
struct outcome {
    char *dump;
    envres_status first;
    envres_status second;
};

/* Two changes, on one disk. */
struct pair {
    const struct scenario *first;
    const struct scenario *second;
    struct cutvfs *disk;
    struct cutvfs_image *image;
    struct fixture *inner; /* the second handle, while the first works */
    envres_status answer;  /* what the second was told */
};

static struct fixture
new_fixture(void)
{
    struct fixture fx = { .path = "store.db", .vfs = vfs_name };
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    return fx;
}

static void
run_second(void *user)
{
    struct pair *pair = user;
    pair->answer = pair->second->run(pair->inner);
}

/* What is on the disk, seen by a handle that did nothing; NULL with a message. Verifying takes
 * longer than all the rest: not each time. */
static char *
look(bool verify)
{
    struct fixture fx = new_fixture();
    char *dump = fixture_open(&fx) == ENVRES_OK ? fixture_dump(&fx) : NULL;
    if (!dump)
        fprintf(stderr, "no dump: %s\n", envres_error_message(fx.err));
    else if (verify && fixture_verify(&fx) != 0) {
        free(dump);
        dump = NULL;
    }
    fixture_close(&fx);
    return dump;
}

/* Runs both on two handles that were open before. nth: the second inside that call of the first;
 * else one after the other, the second one first with `reversed`. False: it made fewer calls. */
static bool
run_pair(struct pair *pair, uint64_t nth, bool inside, bool reversed, struct outcome *out)
{
    struct fixture a = new_fixture();
    struct fixture b = new_fixture();
    bool ran = true;
    *out = (struct outcome){ NULL, ENVRES_E_INVALID, ENVRES_E_INVALID };
    pair->inner = &b;
    if (cutvfs_load(pair->disk, pair->image, 1) && fixture_open(&a) == ENVRES_OK &&
        fixture_open(&b) == ENVRES_OK) {
        if (inside)
            cutvfs_plan_hook(pair->disk, nth, run_second, pair);
        else if (reversed)
            run_second(pair);
        out->first = pair->first->run(&a);
        if (inside)
            ran = cutvfs_hook_ran(pair->disk);
        else if (!reversed)
            run_second(pair);
        out->second = pair->answer;
        cutvfs_plan_hook(pair->disk, UINT64_MAX, NULL, NULL);
    }
    fixture_close(&a);
    fixture_close(&b);
    if (ran)
        out->dump = look(!inside || nth % 8 == 0);
    return ran;
}

/* ---- one pair ------------------------------------------------------------------------------- */

/* Alone, in both orders, and neither: what a run may leave. */
struct allowed {
    struct outcome rows[5];
    size_t count;
};

static bool
same(const struct outcome *a, const struct outcome *b)
{
    return a->first == b->first && a->second == b->second && strcmp(a->dump, b->dump) == 0;
}

static bool
is_allowed(const struct allowed *allowed, const struct outcome *seen)
{
    for (size_t i = 0; i < allowed->count; i++) {
        if (same(&allowed->rows[i], seen))
            return true;
    }
    return false;
}

/* `alone`: what each leaves alone; the one that was told BUSY has done nothing. */
static bool
learn(struct pair *pair, const struct outcome *before, const struct outcome *alone_first,
      const struct outcome *alone_second, struct allowed *out)
{
    out->rows[0] = (struct outcome){ before->dump, ENVRES_E_BUSY, ENVRES_E_BUSY };
    out->rows[1] = (struct outcome){ alone_first->dump, alone_first->first, ENVRES_E_BUSY };
    out->rows[2] = (struct outcome){ alone_second->dump, ENVRES_E_BUSY, alone_second->first };
    run_pair(pair, 0, false, false, &out->rows[3]);
    run_pair(pair, 0, false, true, &out->rows[4]);
    out->count = 5;
    return out->rows[3].dump && out->rows[4].dump;
}

static void
complain(const struct pair *pair, uint64_t n, const struct outcome *seen,
         const struct allowed *allowed)
{
    fprintf(stderr, "%s, inside call %llu of it %s: answers %s and %s, %s\n", pair->first->name,
            (unsigned long long)n, pair->second->name, envres_status_name(seen->first),
            envres_status_name(seen->second),
            seen->dump ? "and a state that no order leaves" : "and nothing opens or verifies");
    for (size_t i = 0; i < allowed->count; i++) {
        fprintf(stderr, "    allowed: %s and %s%s\n", envres_status_name(allowed->rows[i].first),
                envres_status_name(allowed->rows[i].second),
                seen->dump && strcmp(allowed->rows[i].dump, seen->dump) == 0 ? ", the same state"
                                                                             : "");
    }
    failures++;
}

static bool
torture_pair(struct pair *pair, const struct outcome *before, const struct outcome *alone_first,
             const struct outcome *alone_second)
{
    struct allowed allowed = { .count = 0 };
    int found = failures;
    if (!learn(pair, before, alone_first, alone_second, &allowed)) {
        fprintf(stderr, "%s, %s: does not run\n", pair->first->name, pair->second->name);
        failures++;
        return false;
    }
    for (uint64_t n = 0; n < MOST && failures == found; n++) {
        struct outcome seen = { 0 };
        if (!run_pair(pair, n, true, false, &seen))
            break;
        trials++;
        busy += seen.first == ENVRES_E_BUSY || seen.second == ENVRES_E_BUSY;
        if (!seen.dump || !is_allowed(&allowed, &seen))
            complain(pair, n, &seen, &allowed);
        free(seen.dump);
    }
    free(allowed.rows[3].dump);
    free(allowed.rows[4].dump);
    return failures == found;
}

/* ---- all ------------------------------------------------------------------------------------ */

static envres_status
do_nothing(struct fixture *fx)
{
    (void)fx;
    return ENVRES_OK;
}

static const struct scenario nothing = { "nothing", SCENARIO_READS, do_nothing };

/* Reads, decides, and writes in another transaction: what the library never does. */
static envres_status
read_then_write(struct fixture *fx)
{
    envres_value *value = NULL;
    char next[64];
    envres_status st =
        envres_variable_get(fx->session, "development", 11, "HOST", 4, 0, &value, fx->err);
    if (st < 0)
        return st;
    snprintf(next, sizeof(next), "%.40s+", envres_value_data(value, NULL));
    envres_value_free(value);
    return put(fx, "development", "HOST", next, ENVRES_TYPE_STRING, 0);
}

static const struct scenario racing = { "read, then write", SCENARIO_CHANGES, read_then_write };

/* The test of the test. */
static bool
control_is_caught(struct cutvfs *disk, struct cutvfs_image *image, const struct outcome *before)
{
    struct pair pair = { &racing, &racing, disk, image, NULL, 0 };
    struct pair with_nothing = { &racing, &nothing, disk, image, NULL, 0 };
    struct outcome alone = { 0 };
    run_pair(&with_nothing, 0, false, false, &alone);
    bool caught = alone.dump && !torture_pair(&pair, before, &alone, &alone);
    free(alone.dump);
    printf("control: %d of 1 caught: two that read and then write\n", caught);
    failures = caught ? 0 : 1;
    trials = 0;
    busy = 0;
    return caught;
}

struct plan {
    const char *first_part;
    const char *second_part;
    unsigned long pairs; /* about as many of all */
    uint64_t seed;
};

static void
torture_all(struct cutvfs *disk, struct cutvfs_image *image, const struct outcome *before,
            const struct plan *plan)
{
    struct outcome alone[SCENARIOS_MAX] = { { 0 } };
    unsigned long changes = 0;
    uint64_t state = plan->seed * 2654435761u + 1;
    for (size_t i = 0; i < scenario_count && i < SCENARIOS_MAX; i++) {
        struct pair pair = { &scenarios[i], &nothing, disk, image, NULL, 0 };
        if (scenarios[i].kind == SCENARIO_CHANGES)
            changes += run_pair(&pair, 0, false, false, &alone[i]) && alone[i].dump;
    }
    unsigned long all = changes * changes;
    for (size_t i = 0; i < scenario_count * scenario_count && failures < FINDINGS_MAX; i++) {
        size_t first = i / scenario_count;
        size_t second = i % scenario_count;
        struct pair pair = { &scenarios[first], &scenarios[second], disk, image, NULL, 0 };
        if (!alone[first].dump || !alone[second].dump ||
            !strstr(pair.first->name, plan->first_part) ||
            !strstr(pair.second->name, plan->second_part))
            continue;
        state = state * 6364136223846793005u + 1442695040888963407u;
        if (plan->pairs < all && (state >> 33) % all >= plan->pairs)
            continue;
        torture_pair(&pair, before, &alone[first], &alone[second]);
    }
    for (size_t i = 0; i < SCENARIOS_MAX; i++)
        free(alone[i].dump);
}

int
main(int argc, char **argv)
{
    struct plan plan = { "", "", 10, 1 };
    int parts = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--pairs") == 0 && i + 1 < argc)
            plan.pairs = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--all") == 0)
            plan.pairs = (unsigned long)-1;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            plan.seed = strtoull(argv[++i], NULL, 10);
        else if (parts++ == 0)
            plan.first_part = argv[i];
        else
            plan.second_part = argv[i];
    }
    struct cutvfs *disk = cutvfs_new(vfs_name, 1);
    struct fixture fx = new_fixture();
    bool ready = disk && fixture_make(&fx) == ENVRES_OK;
    fixture_close(&fx);
    struct cutvfs_image *image = ready ? cutvfs_save(disk) : NULL;
    struct outcome before = { ready ? look(true) : NULL, ENVRES_OK, ENVRES_OK };
    ready = image && before.dump && control_is_caught(disk, image, &before);
    if (ready)
        torture_all(disk, image, &before, &plan);
    free(before.dump);
    cutvfs_image_free(image);
    cutvfs_free(disk);
    ready = ready && failures == 0 && trials > 0;
    printf("interleavings: %lu of seed %llu, %lu met a lock\n%d passed, %d failed\n", trials,
           (unsigned long long)plan.seed, busy, ready, !ready);
    return ready ? 0 : 1;
}
