/* SPDX-License-Identifier: MIT */
/*
 * Out of memory in every scenario: the n-th request fails, once (in a store just opened) and from
 * then on (in one that has run it before), for n = 0, 1, 2 until a run has none to fail. OK must
 * mean that it is done, any error that nothing is; nothing leaks, no file is left over; verify
 * finds nothing. "OK implies correct", not "a failure implies an error": SQLite and libsodium may
 * do without some requests.
 *
 * Each run works on a fresh copy of one file, so that making the store is not part of it.
 *
 * A scenario of more than LONG requests is not run for every n, since the time grows with its
 * square: the first request of every chain of calls of the library fails once, and besides SPREAD
 * others, evenly spaced, fail once and from then on. Most of its requests come again and again from
 * the same few places (rows of a loop, the parser of SQLite), so that every place where the library
 * must bear a refusal is still met. All these runs are cold. With --every a scenario is long only
 * above LONG_EVERY requests, and SPREAD_EVERY are spread. With --places every scenario is long, and
 * nothing is spread: for coverage.
 *
 *     test_oom [--every | --places] [--bare] [--shard I N] [scenario-name-part]
 *
 * --bare: without the controls.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "copies.h"

enum {
    MOST = 100000,
    LOOK_EVERY = 16,
    LONG = 1000,
    LONG_EVERY = 5000,
    SPREAD = 32,
    SPREAD_EVERY = 256
};

static bool is_control; /* what is found is what must be found: not a word of it */
static int failures;
static uint64_t is_long_above = LONG;
static uint64_t spread = SPREAD;
static uint64_t places[MOST];

static void
complain(const struct scenario *scenario, unsigned n, bool forever, const char *what)
{
    if (!is_control)
        fprintf(stderr, "%s: request %u%s: %s\n", scenario->name, n,
                forever ? " and all later" : "", what);
    failures++;
}

/* How many requests a run makes in a store just opened, and whence each comes. */
static bool
count(const struct scenario *scenario, uint64_t *requests)
{
    struct fixture fx = { .path = NULL };
    bool good = copy_open(&fx);
    if (good) {
        alloc_note(places, MOST);
        good = scenario->run(&fx) >= 0;
        (void)alloc_stop();
        *requests = alloc_requests();
    }
    fixture_close(&fx);
    return good;
}

/* A store that is open, and how much memory there was before. */
struct bed {
    struct fixture fx;
    int64_t live;
    bool is_open;
    bool is_cold; /* every run gets a store just opened */
};

static bool
bed_open(struct bed *bed)
{
    if (bed->is_open)
        return true;
    bed->live = alloc_live();
    bed->is_open = copy_open(&bed->fx);
    return bed->is_open;
}

static void
bed_close(struct bed *bed, const struct scenario *scenario, unsigned n, bool forever)
{
    char text[64];
    if (!bed->is_open)
        return;
    fixture_close(&bed->fx);
    bed->is_open = false;
    if (copy_left_over() > 0)
        complain(scenario, n, forever, "a file is left over");
    if (alloc_live() == bed->live)
        return;
    snprintf(text, sizeof(text), "%lld blocks leaked", (long long)(alloc_live() - bed->live));
    complain(scenario, n, forever, text);
}

/* What the same session says afterwards. */
static void
look_after(struct bed *bed, const struct scenario *scenario, const struct states *states,
           envres_status st, unsigned n, bool forever)
{
    char *dump = fixture_dump(&bed->fx);
    if (!dump)
        complain(scenario, n, forever, "the store cannot be read afterwards");
    else if (strcmp(dump, st == ENVRES_OK ? states->after : states->before) != 0)
        complain(scenario, n, forever,
                 st == ENVRES_OK ? "OK, but it is not done" : "an error, but something changed");
    if (fixture_verify(&bed->fx) != 0)
        complain(scenario, n, forever, "verify");
    free(dump);
}

/*
 * One run; says whether a request was refused. While the file is untouched, it is as it was; then
 * the session is asked only now and then. Cold: with a store opened for this run, whose statements
 * are not prepared yet. Warm: in the store that earlier runs have left, as long as it is untouched.
 */
static bool
run_once(struct bed *bed, const struct scenario *scenario, const struct states *states, unsigned n,
         bool forever)
{
    if (!bed_open(bed)) {
        complain(scenario, n, forever, "the copy does not open");
        return false;
    }
    alloc_fail_at(n, forever);
    envres_status st = scenario->run(&bed->fx);
    bool hit = alloc_stop();
    bool is_change = scenario->kind == SCENARIO_CHANGES && st == ENVRES_OK;
    bool look = is_change || n % LOOK_EVERY == 0 || !hit || !copy_is_untouched();
    if (st < 0 && st != ENVRES_E_NOMEM && st != ENVRES_E_IO && st != ENVRES_E_FULL)
        complain(scenario, n, forever, envres_status_name(st));
    if (look)
        look_after(bed, scenario, states, st, n, forever);
    if (look || bed->is_cold)
        bed_close(bed, scenario, n, forever);
    return hit;
}

/* A request and whence it came. */
struct request {
    uint64_t place;
    uint64_t n;
};

static int
by_place(const void *left, const void *right)
{
    const struct request *a = left;
    const struct request *b = right;
    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    return a->n < b->n ? -1 : a->n > b->n;
}

/* Marks the requests of a long scenario that are refused once (1) and from then on (2). */
static bool
choose(uint64_t requests, unsigned char *marks)
{
    struct request *sorted = requests < MOST ? malloc(requests * sizeof(*sorted)) : NULL;
    if (!sorted)
        return false;
    memset(marks, 0, MOST);
    for (uint64_t n = 0; n < requests; n++)
        sorted[n] = (struct request){ places[n], n };
    qsort(sorted, requests, sizeof(*sorted), by_place);
    for (uint64_t i = 0; i < requests; i++) {
        if (i == 0 || sorted[i - 1].place != sorted[i].place)
            marks[sorted[i].n] |= 1;
    }
    for (uint64_t i = 0; i < spread; i++)
        marks[i * requests / spread] |= 3;
    marks[requests] = 3; /* none to refuse */
    free(sorted);
    return true;
}

/* Every n, or the chosen ones of a long scenario. Counts the runs. */
static unsigned long
run_all(const struct scenario *scenario, const struct states *states, uint64_t requests,
        bool forever)
{
    static unsigned char marks[MOST];
    int before = failures;
    bool is_long = requests > is_long_above;
    struct bed bed = { .is_cold = is_long || !forever };
    unsigned long runs = 0;
    unsigned n = 0;
    if (is_long && !choose(requests, marks))
        complain(scenario, 0, forever, "too many requests to choose from");
    for (; n < MOST && failures - before < 5; n++) {
        if (is_long && n <= requests && !(marks[n] & (forever ? 2 : 1)))
            continue;
        runs++;
        if (!run_once(&bed, scenario, states, n, forever))
            break;
    }
    bed_close(&bed, scenario, n, forever);
    if (n == MOST)
        complain(scenario, n, forever, "no end");
    return runs;
}

/* ---- the test of the test ------------------------------------------------------------------- */

/* Says OK, whether it is done or not. */
static envres_status
say_ok(struct fixture *fx)
{
    (void)put(fx, "development", "HOST", "db.other", 0, 0);
    return ENVRES_OK;
}

/* Loses a block when it fails. */
static envres_status
lose_block(struct fixture *fx)
{
    static void *volatile lost;
    envres_status st = put(fx, "development", "HOST", "db.other", 0, 0);
    if (st < 0)
        lost = malloc(16);
    (void)lost;
    return st;
}

static bool
controls_are_caught(void)
{
    static const struct scenario controls[] = {
        { "says OK", SCENARIO_CHANGES, say_ok },
        { "loses a block", SCENARIO_CHANGES, lose_block },
    };
    enum { COUNT = sizeof(controls) / sizeof(controls[0]) };
    int caught = 0;
    is_control = true;
    for (int i = 0; i < COUNT; i++) {
        struct states states = { NULL, NULL };
        uint64_t requests = 0;
        failures = 0;
        if (states_learn(&controls[i], &states) && count(&controls[i], &requests))
            run_all(&controls[i], &states, requests, false);
        caught += failures > 0;
        states_free(&states);
    }
    is_control = false;
    failures = caught != COUNT;
    printf("control: %d of %d caught\n", caught, COUNT);
    return caught == COUNT;
}

int
main(int argc, char **argv)
{
    const char *part = "";
    bool is_bare = false;
    size_t shard = 0;
    size_t shards = 1;
    unsigned passed = 0;
    unsigned failed = 0;
    unsigned long runs = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--shard") == 0 && i + 2 < argc) {
            shard = strtoul(argv[++i], NULL, 10);
            shards = strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--bare") == 0) {
            is_bare = true;
        } else if (strcmp(argv[i], "--every") == 0) {
            is_long_above = LONG_EVERY;
            spread = SPREAD_EVERY;
        } else if (strcmp(argv[i], "--places") == 0) {
            is_long_above = 0;
            spread = 0;
        } else {
            part = argv[i];
        }
    }
    if (shards == 0)
        return 2;
    if (!copies_begin(NULL))
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 1024);
    bool caught = is_bare || controls_are_caught();
    for (size_t i = 0; caught && i < scenario_count; i++) {
        const struct scenario *scenario = &scenarios[i];
        struct states states = { NULL, NULL };
        uint64_t requests = 0;
        int before = failures;
        if (!strstr(scenario->name, part) || i % shards != shard)
            continue;
        if (!states_learn(scenario, &states) || !count(scenario, &requests)) {
            fprintf(stderr, "%s: does not work even with memory\n", scenario->name);
            failures++;
        }
        unsigned long ran = 0;
        clock_t begin = clock();
        for (int forever = 0; failures == before && forever < 2; forever++)
            ran += run_all(scenario, &states, requests, forever);
        runs += ran;
        printf("%-24s %5llu requests %5lu runs %6.1f s  %s\n", scenario->name,
               (unsigned long long)requests, ran, (double)(clock() - begin) / CLOCKS_PER_SEC,
               failures == before ? "ok" : "FAILED");
        failures == before ? passed++ : failed++;
        states_free(&states);
    }
    copies_end();
    failed += !caught;
    printf("out of memory: %lu runs\n%u passed, %u failed\n", runs, passed, failed);
    return failures ? 1 : 0;
}
