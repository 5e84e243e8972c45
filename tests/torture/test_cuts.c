/* SPDX-License-Identifier: MIT */
/*
 * Power cuts in every change: the disk loses power inside the n-th call of the operation, for every
 * n; after the restart (every third time interrupted by a second cut) the store is as before or as
 * after, whole, and as after whenever the call had answered OK. Faults of the disk, too: the n-th
 * read, write, sync ... fails, once and from then on.
 *
 * What is random in the library comes from a seed here, so that a change that was done leaves the
 * same bytes in each trial. A file that was read whole and verified, and found good, is not read
 * whole again when it comes back byte for byte, but for every 64th trial: it is opened, and must be
 * the state that was promised.
 *
 *     test_cuts [--trials N] [--seed N] [--shard I N] [scenario-name-part]
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "../scenarios/scenario.h"
#include "cutvfs.h"

enum { MOST = 100000, LOOK_EVERY = 64, GOOD = 32 };

static const char vfs_name[] = "envres-cut";
static const char store_path[] = "store.db";

static int failures;
static uint32_t store_flags;
static bool is_control; /* what is found is what must be found: not a word of it */
static unsigned long trials;
static unsigned long faults; /* of the trials */
static unsigned long looks;

/* A file that was read whole, and in which of the two states it was. */
struct good {
    uint64_t hash;
    bool is_after;
};

struct run {
    const struct scenario *scenario;
    struct cutvfs *disk;
    struct cutvfs_image *image;
    char *before;
    char *after;
    uint64_t seed;
    struct good good[GOOD];
    size_t good_count;
};

/* ---- what is random ------------------------------------------------------------------------- */

static struct {
    uint64_t seed;
    uint64_t stream;
    uint64_t calls;
} drawn;

/* From here on `stream` of a seed: making the store and changing it must not draw the same. */
static void
draw_from(uint64_t seed, uint64_t stream)
{
    drawn.seed = seed;
    drawn.stream = stream;
    drawn.calls = 0;
}

static void
draw_bytes(void *out, size_t len)
{
    unsigned char seed[randombytes_SEEDBYTES] = { 0 };
    uint64_t words[] = { drawn.seed, drawn.stream, drawn.calls++ };
    memcpy(seed, words, sizeof(words));
    randombytes_buf_deterministic(out, len, seed);
}

static uint32_t
draw_word(void)
{
    uint32_t word = 0;
    draw_bytes(&word, sizeof(word));
    return word;
}

static const char *
draw_name(void)
{
    return "test_cuts";
}

static randombytes_implementation drawing = { .implementation_name = draw_name,
                                              .random = draw_word,
                                              .buf = draw_bytes };

/* ---- trials --------------------------------------------------------------------------------- */

static void
complain(const struct run *run, const char *how, uint64_t n, const char *what)
{
    if (!is_control)
        fprintf(stderr, "%s: %s at call %llu, seed %llu: %s\n", run->scenario->name, how,
                (unsigned long long)n, (unsigned long long)run->seed, what);
    failures++;
}

static struct fixture
new_fixture(void)
{
    struct fixture fx = { .path = store_path, .vfs = vfs_name, .store_flags = store_flags };
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    return fx;
}

/* The image to begin each trial with, and the two states a change may leave. */
static bool
learn(struct run *run)
{
    struct fixture fx = new_fixture();
    cutvfs_reset(run->disk, run->seed);
    draw_from(run->seed, 0);
    bool good = fixture_make(&fx) == ENVRES_OK && (run->before = fixture_dump(&fx)) != NULL;
    if (!good)
        fprintf(stderr, "fixture: %s\n", envres_error_message(fx.err));
    fixture_close(&fx);
    good = good && (run->image = cutvfs_save(run->disk)) != NULL;
    if (good)
        good = fixture_open(&fx) == ENVRES_OK && run->scenario->run(&fx) == ENVRES_OK &&
               (run->after = fixture_dump(&fx)) != NULL;
    fixture_close(&fx);
    return good;
}

static void
remember(struct run *run, uint64_t hash, bool is_after)
{
    if (run->good_count < GOOD)
        run->good[run->good_count++] = (struct good){ hash, is_after };
}

/* Whether this file was read whole before, and holds what was answered. */
static bool
is_known(const struct run *run, uint64_t hash, envres_status answer)
{
    for (size_t i = 0; i < run->good_count; i++) {
        if (run->good[i].hash == hash)
            return run->good[i].is_after || answer != ENVRES_OK;
    }
    return false;
}

/* What stands on the disk now: compared with what was answered. */
static void
compare(struct run *run, struct fixture *fx, envres_status answer, const char *how, uint64_t n)
{
    uint64_t hash = cutvfs_hash(run->disk);
    int before = failures;
    if (trials % LOOK_EVERY != 0 && is_known(run, hash, answer))
        return;
    looks++;
    char *dump = fixture_dump(fx);
    bool is_before = dump && strcmp(dump, run->before) == 0;
    bool is_after = dump && strcmp(dump, run->after) == 0;
    if (!dump)
        complain(run, how, n, envres_error_message(fx->err));
    else if (!is_before && !is_after)
        complain(run, how, n, "neither before nor after");
    else if (answer == ENVRES_OK && !is_after)
        complain(run, how, n, "an acknowledged change is lost");
    if (fixture_verify(fx) != 0)
        complain(run, how, n, "verify");
    free(dump);
    if (failures == before)
        remember(run, hash, is_after);
}

/* Opens after a cut; every third time the power fails again during recovery. */
static void
recover(struct run *run, envres_status answer, uint64_t n)
{
    struct fixture fx = new_fixture();
    if (!cutvfs_power_on(run->disk)) {
        complain(run, "cut", n, "a file is still open");
        return;
    }
    if (n % 3 == 0) {
        cutvfs_plan_cut(run->disk, run->seed % 7, CUTVFS_RANDOM);
        envres_status st = fixture_open(&fx);
        (void)st; /* it may fail or not: what counts is what is found after it */
        fixture_close(&fx);
        if (cutvfs_is_off(run->disk) && !cutvfs_power_on(run->disk)) {
            complain(run, "second cut", n, "a file is still open");
            return;
        }
        cutvfs_plan_cut(run->disk, UINT64_MAX, CUTVFS_RANDOM);
        fx = new_fixture();
    }
    if (fixture_open(&fx) < 0)
        complain(run, "cut", n, envres_error_message(fx.err));
    else
        compare(run, &fx, answer, "cut", n);
    fixture_close(&fx);
}

/* One cut inside the n-th call. False when the operation makes fewer calls. */
static bool
cut_once(struct run *run, uint64_t n)
{
    struct fixture fx = new_fixture();
    draw_from(run->seed, 1);
    if (!cutvfs_load(run->disk, run->image, run->seed + n) || fixture_open(&fx) < 0) {
        complain(run, "cut", n, "the image does not open");
        return false;
    }
    trials++;
    cutvfs_plan_cut(run->disk, n, CUTVFS_RANDOM);
    envres_status st = run->scenario->run(&fx);
    bool off = cutvfs_is_off(run->disk);
    fixture_close(&fx);
    off = off || cutvfs_is_off(run->disk);
    if (!off) {
        cutvfs_cut_now(run->disk, CUTVFS_RANDOM);
        recover(run, st, n);
        return false;
    }
    recover(run, st, n);
    return true;
}

/* The n-th call of a kind fails, but the power stays. */
static bool
fault_once(struct run *run, enum cutvfs_call call, uint64_t n, bool forever, bool full)
{
    struct fixture fx = new_fixture();
    struct cutvfs_fault fault = { .call = call,
                                  .nth = n,
                                  .forever = forever,
                                  .partial = true,
                                  .code = full ? 13 : 0 /* SQLITE_FULL */ };
    draw_from(run->seed, 1);
    if (!cutvfs_load(run->disk, run->image, run->seed + n) || fixture_open(&fx) < 0) {
        complain(run, "fault", n, "the image does not open");
        return false;
    }
    trials++;
    faults++;
    cutvfs_plan_fault(run->disk, &fault);
    envres_status st = run->scenario->run(&fx);
    bool hit = cutvfs_fault_hit(run->disk);
    cutvfs_plan_fault(run->disk, NULL);
    if (st < 0 && st == ENVRES_E_INVALID)
        complain(run, cutvfs_call_name(call), n, envres_status_name(st));
    fixture_close(&fx);
    if (fixture_open(&fx) < 0)
        complain(run, cutvfs_call_name(call), n, envres_error_message(fx.err));
    else
        compare(run, &fx, st, cutvfs_call_name(call), n);
    fixture_close(&fx);
    return hit;
}

static void
run_faults(struct run *run, int before)
{
    static const enum cutvfs_call calls[] = { CUTVFS_READ,     CUTVFS_WRITE, CUTVFS_SYNC,
                                              CUTVFS_TRUNCATE, CUTVFS_OPEN,  CUTVFS_LOCK,
                                              CUTVFS_DELETE };
    for (size_t c = 0; c < sizeof(calls) / sizeof(calls[0]); c++) {
        for (int mode = 0; mode < 3; mode++) {
            if (mode == 2 && calls[c] != CUTVFS_WRITE)
                continue;
            for (uint64_t n = 0; n < MOST && failures - before < 5; n++) {
                if (!fault_once(run, calls[c], n, mode == 1, mode == 2))
                    break;
            }
        }
    }
}

static const struct scenario *
find_scenario(const char *name)
{
    size_t i = 0;
    while (i < scenario_count && strcmp(scenarios[i].name, name) != 0)
        i++;
    return i < scenario_count ? &scenarios[i] : NULL;
}

/* The same trials of a store that does not sync must find a loss within 200 cuts. */
static bool
control_is_caught(struct cutvfs *disk, uint64_t seed)
{
    enum { CUTS = 200 };
    struct run run = { .scenario = find_scenario("put again"), .disk = disk, .seed = seed };
    store_flags = ENVRES_STORE_RELAXED;
    is_control = true;
    bool ready = run.scenario && learn(&run);
    while (ready && failures == 0 && trials < CUTS) {
        for (uint64_t n = 0; failures == 0 && trials < CUTS && cut_once(&run, n); n++)
            ;
        run.seed += 104729;
    }
    bool caught = failures > 0;
    printf("control: %d of 1 caught, after %lu cuts of a store that does not sync\n", caught,
           trials);
    cutvfs_image_free(run.image);
    free(run.before);
    free(run.after);
    store_flags = 0;
    is_control = false;
    failures = !caught;
    trials = 0;
    looks = 0;
    return caught;
}

int
main(int argc, char **argv)
{
    const char *part = "";
    unsigned long wanted = 0;
    uint64_t seed = 1;
    size_t shard = 0;
    size_t shards = 1;
    unsigned passed = 0;
    unsigned failed = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--trials") == 0 && i + 1 < argc)
            wanted = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--shard") == 0 && i + 2 < argc) {
            shard = strtoul(argv[++i], NULL, 10);
            shards = strtoul(argv[++i], NULL, 10);
        } else
            part = argv[i];
    }
    if (shards == 0 || randombytes_set_implementation(&drawing) != 0)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 1024);
    struct cutvfs *disk = cutvfs_new(vfs_name, seed);
    if (!disk)
        return 2;
    bool caught = control_is_caught(disk, seed);
    for (unsigned long round = 0; caught && (round == 0 || trials < wanted); round++) {
        for (size_t i = 0; i < scenario_count; i++) {
            struct run run = { .scenario = &scenarios[i],
                               .disk = disk,
                               .seed = seed + round * 1000003 + i * 7919 };
            int before = failures;
            uint64_t n = 0;
            if (scenarios[i].kind != SCENARIO_CHANGES || !strstr(scenarios[i].name, part) ||
                i % shards != shard)
                continue;
            if (round > 0 && trials >= wanted)
                break;
            if (!learn(&run)) {
                fprintf(stderr, "%s: does not work on a good disk\n", scenarios[i].name);
                failures++;
            }
            while (failures - before < 5 && n < MOST && cut_once(&run, n))
                n++;
            if (round == 0 && failures == before)
                run_faults(&run, before);
            if (round == 0) {
                printf("%-24s %4llu calls  %s\n", scenarios[i].name, (unsigned long long)n,
                       failures == before ? "ok" : "FAILED");
                failures == before ? passed++ : failed++;
            }
            cutvfs_image_free(run.image);
            free(run.before);
            free(run.after);
        }
        if (failures)
            break;
    }
    cutvfs_free(disk);
    failed += !caught;
    printf("power cuts and faults: %lu cuts, %lu failing calls, seed %llu; %lu read whole\n"
           "%u passed, %u failed\n",
           trials - faults, faults, (unsigned long long)seed, looks, passed, failed);
    return failures ? 1 : 0;
}
