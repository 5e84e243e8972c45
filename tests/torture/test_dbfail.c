/* SPDX-License-Identifier: MIT */
/*
 * Every call of the database layer fails in every scenario: one of each chain of calls of the
 * library, once, in a store just opened. The public call must answer that very error, with the
 * words of the failure: an error that is swallowed, replaced or overwritten by a later success is
 * found, whatever the call was for. Nothing has changed then, nothing leaks, no file is left over,
 * verify finds nothing.
 *
 * A call that may go on without what it asked for is a row of `bears`, with its reason.
 *
 *     test_dbfail [--new] [--bare] [--shard I N] [--slice I N] [scenario-name-part]
 *
 * --new: only chains that no scenario before has met (in one process: for a quick look). --bare:
 * without the controls. --slice: of the calls of each scenario every Nth.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "copies.h"
#include "dbfail.h"

enum { MOST = 20000, MET = 1 << 16, LOOK_EVERY = 16, FINDINGS = 5 };

static bool is_control; /* what is found is what must be found: not a word of it */
static bool only_new;
static unsigned long slice;
static unsigned long slices = 1;
static int failures;
static uint64_t places[MOST];
static uint64_t met[MET]; /* chains of calls, by their low bits */

static void
complain(const struct scenario *scenario, uint64_t n, const char *what, const char *more)
{
    if (!is_control)
        fprintf(stderr, "%s: call %llu, %s: %s%s\n", scenario->name, (unsigned long long)n,
                dbfail_name(), what, more);
    failures++;
}

/* Notes a chain of calls; false if it was met before. */
static bool
is_first(uint64_t chain)
{
    size_t at = (size_t)(chain % MET);
    for (size_t tries = 0; tries < MET; tries++, at = (at + 1) % MET) {
        if (met[at] == chain)
            return false;
        if (met[at] == 0) {
            met[at] = chain;
            return true;
        }
    }
    return true;
}

/* How many calls a run makes in a store just opened, and whence each comes. */
static bool
count(const struct scenario *scenario, uint64_t *calls)
{
    struct fixture fx = { .path = NULL };
    bool good = copy_open(&fx);
    if (good) {
        dbfail_note(places, MOST);
        good = scenario->run(&fx) >= 0;
        (void)dbfail_stop();
        *calls = dbfail_calls();
    }
    fixture_close(&fx);
    return good && *calls < MOST;
}

/* Where a call need not answer the error of what failed below it. */
static bool
bears(const struct scenario *scenario, envres_status st)
{
    static const struct {
        const char *scenario;
        const char *call; /* "": any */
        envres_status answer;
    } rows[] = {
        /* The check behind a rollback does not undo it: a finding says that it could not be made.
         */
        { "roll back to", "", ENVRES_OK },
        /* What the host is told of comes after the commit. */
        { "tell the host", "", ENVRES_OK },
        /* What could not be read is in the report, which the scenario answers as CORRUPT. */
        { "salvage store", "", ENVRES_E_CORRUPT },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool is_call = rows[i].call[0] == '\0' || strcmp(rows[i].call, dbfail_name()) == 0;
        if (is_call && rows[i].answer == st && strcmp(rows[i].scenario, scenario->name) == 0)
            return true;
    }
    return false;
}

/* The scrubbing of the log behind a step of a rotation that leaves nothing, which is asked for
 * again by another step: the records are sealed anew, whatever it says. */
static bool
comes_after(const struct scenario *scenario)
{
    return strncmp(scenario->name, "rotate ", 7) == 0 && strcmp(dbfail_name(), "db_scrub") == 0;
}

/* What the call answered. Where a message is made once it is known that the error stays one, it is
 * the sentence of the code. */
static void
judge(const struct fixture *fx, const struct scenario *scenario, uint64_t n, envres_status st)
{
    const char *message = envres_error_message(fx->err);
    if (bears(scenario, st))
        return;
    if (st != ENVRES_E_IO)
        complain(scenario, n, "answered ", envres_status_name(st));
    else if (!strstr(message, DBFAIL_MESSAGE) && !strstr(message, envres_status_text(st)))
        complain(scenario, n, "the words are lost: ", message);
}

/* What the same session says afterwards. */
static void
look_after(struct fixture *fx, const struct scenario *scenario, const struct states *states,
           uint64_t n, envres_status st)
{
    bool is_done = st == ENVRES_OK || comes_after(scenario);
    char *dump = fixture_dump(fx);
    if (!dump)
        complain(scenario, n, "the store cannot be read afterwards", "");
    else if (strcmp(dump, is_done ? states->after : states->before) != 0)
        complain(scenario, n, is_done ? "not done" : "something changed", "");
    if (fixture_verify(fx) != 0)
        complain(scenario, n, "verify", "");
    free(dump);
}

static void
fail_one(const struct scenario *scenario, const struct states *states, uint64_t n)
{
    struct fixture fx = { .path = NULL };
    int64_t live = alloc_live();
    if (!copy_open(&fx)) {
        complain(scenario, n, "the copy does not open", "");
        fixture_close(&fx);
        return;
    }
    dbfail_at(n, ENVRES_E_IO);
    envres_status st = scenario->run(&fx);
    if (dbfail_stop())
        judge(&fx, scenario, n, st);
    else
        complain(scenario, n, "was not reached", "");
    if (st == ENVRES_OK || n % LOOK_EVERY == 0 || !copy_is_untouched())
        look_after(&fx, scenario, states, n, st);
    fixture_close(&fx);
    if (copy_left_over() > 0)
        complain(scenario, n, "a file is left over", "");
    if (alloc_live() != live)
        complain(scenario, n, "memory leaked", "");
}

/* One call of each chain. Counts the runs. */
static unsigned long
fail_all(const struct scenario *scenario, const struct states *states, uint64_t calls)
{
    int before = failures;
    unsigned long met_count = 0;
    unsigned long runs = 0;
    if (!only_new)
        memset(met, 0, sizeof(met));
    for (uint64_t n = 0; n < calls && failures - before < FINDINGS; n++) {
        if (!is_first(places[n]))
            continue;
        if (met_count++ % slices != slice)
            continue;
        fail_one(scenario, states, n);
        runs++;
    }
    return runs;
}

/* ---- the test of the test ------------------------------------------------------------------- */

/* Swallows what fails. */
static envres_status
say_ok(struct fixture *fx)
{
    (void)put(fx, "development", "HOST", "db.other", 0, 0);
    return ENVRES_OK;
}

/* Says that something else was wrong. */
static envres_status
say_other(struct fixture *fx)
{
    envres_status st = put(fx, "development", "HOST", "db.other", 0, 0);
    return st < 0 ? ENVRES_E_NOT_FOUND : st;
}

/* Fails in the middle of what it does. */
static envres_status
do_half(struct fixture *fx)
{
    envres_status st = put(fx, "development", "HOST", "db.other", 0, 0);
    return st < 0 ? st : put(fx, "staging", "HOST", "db.other", 0, 0);
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
        { "swallows it", SCENARIO_CHANGES, say_ok },
        { "says another", SCENARIO_CHANGES, say_other },
        { "does half", SCENARIO_CHANGES, do_half },
        { "loses a block", SCENARIO_CHANGES, lose_block },
    };
    enum { COUNT = sizeof(controls) / sizeof(controls[0]) };
    int caught = 0;
    is_control = true;
    for (int i = 0; i < COUNT; i++) {
        struct states states = { NULL, NULL };
        uint64_t calls = 0;
        failures = 0;
        memset(met, 0, sizeof(met));
        if (states_learn(&controls[i], &states) && count(&controls[i], &calls))
            fail_all(&controls[i], &states, calls);
        caught += failures > 0;
        states_free(&states);
    }
    is_control = false;
    memset(met, 0, sizeof(met));
    failures = caught != COUNT;
    printf("control: %d of %d caught\n", caught, COUNT);
    return caught == COUNT;
}

/* Says whether nothing was found. */
static bool
torture(const struct scenario *scenario, unsigned long *runs)
{
    struct states states = { NULL, NULL };
    uint64_t calls = 0;
    unsigned long ran = 0;
    int before = failures;
    clock_t begin = clock();
    if (!states_learn(scenario, &states) || !count(scenario, &calls)) {
        fprintf(stderr, "%s: does not work undisturbed\n", scenario->name);
        failures++;
    } else {
        ran = fail_all(scenario, &states, calls);
    }
    printf("%-24s %5llu calls %5lu runs %6.1f s  %s\n", scenario->name, (unsigned long long)calls,
           ran, (double)(clock() - begin) / CLOCKS_PER_SEC, failures == before ? "ok" : "FAILED");
    states_free(&states);
    *runs += ran;
    return failures == before;
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
        } else if (strcmp(argv[i], "--slice") == 0 && i + 2 < argc) {
            slice = strtoul(argv[++i], NULL, 10);
            slices = strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--new") == 0) {
            only_new = true;
        } else if (strcmp(argv[i], "--bare") == 0) {
            is_bare = true;
        } else {
            part = argv[i];
        }
    }
    if (shards == 0 || slices == 0 || !copies_begin(NULL))
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 1024);
    bool caught = is_bare || controls_are_caught();
    for (size_t i = 0; caught && i < scenario_count; i++) {
        if (strstr(scenarios[i].name, part) && i % shards == shard)
            torture(&scenarios[i], &runs) ? passed++ : failed++;
    }
    copies_end();
    failed += !caught;
    printf("failing calls of the database: %lu runs\n%u passed, %u failed\n", runs, passed, failed);
    return failed ? 1 : 0;
}
