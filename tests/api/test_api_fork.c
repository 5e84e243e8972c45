/* SPDX-License-Identifier: MIT */
/*
 * 38: in the child of a fork every operation of the registry answers ENVRES_E_FORKED, and touches
 * nothing: the parent's store goes on as if nobody had forked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../scenarios/scenario.h"

/* What cannot fail, and what opens a store of its own. */
static const char *const apart[] = { "create in memory", "scope scalars", "check checkpoint",
                                     "salvage store", "getters" };

static int
is_apart(const char *name)
{
    for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
        if (strcmp(apart[i], name) == 0)
            return 1;
    }
    return 0;
}

/* The child's answer, -1 when it did not come to one. */
static envres_status
run_in_child(const struct scenario *scenario, struct fixture *fx)
{
    envres_status answer = -1;
    int ends[2];
    int status = 0;
    fflush(NULL);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(20);
        answer = scenario->run(fx);
        ssize_t written = write(ends[1], &answer, sizeof(answer));
        _exit(written == sizeof(answer) ? 0 : 1);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], &answer, sizeof(answer));
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return got == sizeof(answer) && WIFEXITED(status) ? answer : -1;
}

static void
test_38_nothing_works_in_a_fork_and_the_parent_goes_on(void **state)
{
    struct fixture fx = { .path = NULL };
    (void)state;
    memset(fx.key, 7, sizeof(fx.key));
    assert_int_equal(fixture_make(&fx), ENVRES_OK);
    char *before = fixture_dump(&fx);
    assert_non_null(before);
    int bad = 0;
    for (size_t i = 0; i < scenario_count; i++) {
        if (is_apart(scenarios[i].name))
            continue;
        envres_status answer = run_in_child(&scenarios[i], &fx);
        if (answer != ENVRES_E_FORKED) {
            print_error("%s: %s\n", scenarios[i].name, envres_status_name(answer));
            bad++;
        }
    }
    assert_int_equal(bad, 0);
    char *after = fixture_dump(&fx);
    assert_non_null(after);
    assert_string_equal(before, after);
    assert_int_equal(fixture_verify(&fx), 0);
    free(before);
    free(after);
    fixture_close(&fx);
    envres_error_free(fx.err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_38_nothing_works_in_a_fork_and_the_parent_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
