/* SPDX-License-Identifier: MIT */
/*
 * Out of memory in every scenario: the n-th request fails, once and from then on, for n = 0, 1, 2
 * until a run has none to fail. OK must mean that it is done, any error that nothing is; nothing
 * leaks; verify finds nothing. "OK implies correct", not "a failure implies an error": SQLite and
 * libsodium may do without some requests.
 *
 *     test_oom [--shard I N] [scenario-name-part]
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../scenarios/scenario.h"
#include "alloc.h"

enum { MOST = 100000 };

static int failures;

static void
complain(const struct scenario *scenario, unsigned n, bool forever, const char *what)
{
    fprintf(stderr, "%s: request %u%s: %s\n", scenario->name, n, forever ? " and all later" : "",
            what);
    failures++;
}

/* The states a change may leave: before it, and after it. */
struct states {
    char *before;
    char *after;
};

static bool
learn(const struct scenario *scenario, struct states *out)
{
    struct fixture fx = { .path = NULL };
    bool good = fixture_make(&fx) == ENVRES_OK && (out->before = fixture_dump(&fx)) != NULL;
    if (good) {
        envres_status st = scenario->run(&fx);
        if (st < 0) {
            fprintf(stderr, "%s: %s: %s\n", scenario->name, envres_status_name(st),
                    envres_error_message(fx.err));
            good = false;
        }
    }
    good = good && (out->after = fixture_dump(&fx)) != NULL && fixture_verify(&fx) == 0;
    if (good && scenario->kind == SCENARIO_READS && strcmp(out->before, out->after) != 0)
        good = false;
    if (good && scenario->kind == SCENARIO_CHANGES && strcmp(out->before, out->after) == 0)
        good = false;
    fixture_close(&fx);
    return good;
}

/* One run; says whether a request was refused. */
static bool
run_once(const struct scenario *scenario, const struct states *states, unsigned n, bool forever)
{
    struct fixture fx = { .path = NULL };
    int64_t live = alloc_live();
    if (fixture_make(&fx) < 0) {
        complain(scenario, n, forever, "the fixture could not be made");
        return false;
    }
    alloc_fail_at(n, forever);
    envres_status st = scenario->run(&fx);
    bool hit = alloc_stop();
    char *dump = fixture_dump(&fx);
    if (st < 0 && st != ENVRES_E_NOMEM && st != ENVRES_E_IO && st != ENVRES_E_FULL)
        complain(scenario, n, forever, envres_status_name(st));
    if (!dump)
        complain(scenario, n, forever, "the store cannot be read afterwards");
    else if (strcmp(dump, st == ENVRES_OK ? states->after : states->before) != 0)
        complain(scenario, n, forever,
                 st == ENVRES_OK ? "OK, but it is not done" : "an error, but something changed");
    if (fixture_verify(&fx) != 0)
        complain(scenario, n, forever, "verify");
    free(dump);
    fixture_close(&fx);
    if (alloc_live() != live) {
        char text[64];
        snprintf(text, sizeof(text), "%lld blocks leaked", (long long)(alloc_live() - live));
        complain(scenario, n, forever, text);
    }
    return hit;
}

int
main(int argc, char **argv)
{
    const char *part = "";
    size_t shard = 0;
    size_t shards = 1;
    unsigned passed = 0;
    unsigned failed = 0;
    unsigned long runs = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--shard") == 0 && i + 2 < argc) {
            shard = strtoul(argv[++i], NULL, 10);
            shards = strtoul(argv[++i], NULL, 10);
        } else {
            part = argv[i];
        }
    }
    if (shards == 0)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 1024);
    for (size_t i = 0; i < scenario_count; i++) {
        const struct scenario *scenario = &scenarios[i];
        struct states states = { NULL, NULL };
        int before = failures;
        if (!strstr(scenario->name, part) || i % shards != shard)
            continue;
        if (!learn(scenario, &states)) {
            fprintf(stderr, "%s: does not work even with memory\n", scenario->name);
            failures++;
        }
        unsigned n = 0;
        for (int forever = 0; failures - before < 5 && forever < 2; forever++) {
            for (n = 0; n < MOST && failures - before < 5; n++) {
                runs++;
                if (!run_once(scenario, &states, n, forever))
                    break;
            }
            if (n == MOST)
                complain(scenario, n, forever, "no end");
        }
        printf("%-24s %5u requests  %s\n", scenario->name, n, failures == before ? "ok" : "FAILED");
        failures == before ? passed++ : failed++;
        free(states.before);
        free(states.after);
    }
    printf("out of memory: %lu runs\n%u passed, %u failed\n", runs, passed, failed);
    return failures ? 1 : 0;
}
