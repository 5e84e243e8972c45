/* SPDX-License-Identifier: MIT */
/*
 * Every scenario once, as it is: a change changes, a read does not, verify finds nothing. What the
 * tortures take for granted; and what the sanitizers see.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../scenarios/scenario.h"

static bool
holds(const struct scenario *scenario)
{
    struct fixture fx = { .path = NULL };
    char *after = NULL;
    char *before = fixture_make(&fx) == ENVRES_OK ? fixture_dump(&fx) : NULL;
    bool good = before != NULL;
    if (good && scenario->run(&fx) < 0) {
        fprintf(stderr, "%s: %s\n", scenario->name, envres_error_message(fx.err));
        good = false;
    }
    if (good)
        after = fixture_dump(&fx);
    good = good && after && fixture_verify(&fx) == 0 &&
           (strcmp(before, after) == 0) == (scenario->kind == SCENARIO_READS);
    free(before);
    free(after);
    fixture_close(&fx);
    return good;
}

int
main(void)
{
    unsigned passed = 0;
    unsigned failed = 0;
    for (size_t i = 0; i < scenario_count; i++) {
        bool good = holds(&scenarios[i]);
        if (!good)
            fprintf(stderr, "%s: FAILED\n", scenarios[i].name);
        good ? passed++ : failed++;
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}
