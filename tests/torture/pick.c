/* SPDX-License-Identifier: MIT */
/*
 * Loaded before a cmocka program (LD_PRELOAD) it takes the place of cmocka's runner of groups: with
 * ENVRES_PICK_LIST=FILE the names of all tests are written there and none is run; with ENVRES_PICK,
 * names between newlines, those tests are run and no others, up to the first that fails. Tests of a
 * group with a fixture of its own are run in one go, so that it is set up once.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef int runner(const char *group, const struct CMUnitTest *tests, size_t count,
                   CMFixtureFunction setup, CMFixtureFunction teardown);

static int
list_names(const char *path, const struct CMUnitTest *tests, size_t count)
{
    FILE *file = fopen(path, "a");
    if (!file)
        return 1;
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%s\n", tests[i].name);
    return fclose(file) != 0;
}

static bool
is_picked(const char *names, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = strstr(names, name); at; at = strstr(at + 1, name)) {
        if (at > names && at[-1] == '\n' && at[len] == '\n')
            return true;
    }
    return false;
}

/* Each alone, where no fixture joins them. */
static int
run_picked(runner *run, const char *group, const struct CMUnitTest *picked, size_t count,
           CMFixtureFunction setup, CMFixtureFunction teardown)
{
    if (setup || teardown)
        return count > 0 ? run(group, picked, count, setup, teardown) : 0;
    for (size_t i = 0; i < count; i++) {
        int failed = run(group, picked + i, 1, NULL, NULL);
        if (failed != 0)
            return failed;
    }
    return 0;
}

int
_cmocka_run_group_tests(const char *group, const struct CMUnitTest *const tests, const size_t count,
                        CMFixtureFunction setup, CMFixtureFunction teardown)
{
    runner *run = NULL;
    size_t chosen = 0;
    const char *list = getenv("ENVRES_PICK_LIST");
    const char *names = getenv("ENVRES_PICK");
    *(void **)&run = dlsym(RTLD_NEXT, "_cmocka_run_group_tests");
    if (list)
        return list_names(list, tests, count);
    if (!names)
        return run(group, tests, count, setup, teardown);
    struct CMUnitTest *picked = calloc(count + 1, sizeof(*picked));
    if (!picked)
        return 1;
    for (size_t i = 0; i < count; i++) {
        if (is_picked(names, tests[i].name))
            picked[chosen++] = tests[i];
    }
    int failed = run_picked(run, group, picked, chosen, setup, teardown);
    free(picked);
    return failed;
}
