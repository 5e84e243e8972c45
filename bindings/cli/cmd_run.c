/* SPDX-License-Identifier: MIT */
/*
 * run: the variables become the environment, envres becomes the program.
 *
 * Nothing is started unless every variable resolves. Store, session and scope are closed and their
 * keys wiped before the exec; the values live on in the program's environment, which is what was
 * asked for. Failures before the exec are 125; the exec's own are 126 and 127, as in env(1).
 */
#include "commands.h"

#include "opening.h"
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
list_has(const char *names, const char *name, size_t len)
{
    for (const char *at = names; *at;) {
        size_t step = strcspn(at, ",");
        if (step == len && memcmp(at, name, len) == 0)
            return true;
        at += step + (at[step] ? 1 : 0);
    }
    return false;
}

/* Whether --only, given or not, lets the variable through. */
static bool
is_wanted(const struct cli *cli, const char *name)
{
    size_t cursor = 0;
    const char *names = option_next(&cli->parsed, OPT_ONLY, &cursor);
    if (!names)
        return true;
    for (; names; names = option_next(&cli->parsed, OPT_ONLY, &cursor)) {
        if (list_has(names, name, strlen(name)))
            return true;
    }
    return false;
}

/* Every name of --only must be one that has a value here. */
static int
check_only(struct cli *cli, const envres_scope *scope)
{
    size_t cursor = 0;
    const char *names = option_next(&cli->parsed, OPT_ONLY, &cursor);
    for (; names; names = option_next(&cli->parsed, OPT_ONLY, &cursor)) {
        for (const char *at = names; *at;) {
            size_t len = strcspn(at, ",");
            uint32_t index = 0;
            if (len && envres_scope_find(scope, at, len, &index, cli->err) < 0)
                return fail_resolving(cli, NULL);
            at += len + (at[len] ? 1 : 0);
        }
    }
    return 0;
}

static int
export_value(struct cli *cli, const envres_scope *scope, const char *name)
{
    envres_value *value = NULL;
    if (envres_scope_get(scope, name, ENVRES_NUL_TERMINATED, &value, cli->err) < 0)
        return -1;
    int result = setenv(name, envres_value_data(value, NULL), 1);
    envres_value_free(value);
    if (result == 0)
        return 0;
    return fail_code(cli, ENVRES_E_NOMEM, NULL, "%s cannot be put into the environment: %s", name,
                     strerror(errno));
}

/* All that do not resolve are counted, so that the first is not mended only to meet the next. */
static int
fail_variables(struct cli *cli, const envres_scope *scope, const char *first, size_t count)
{
    envres_value *value = NULL;
    if (envres_scope_get(scope, first, ENVRES_NUL_TERMINATED, &value, cli->err) == ENVRES_OK) {
        envres_value_free(value);
        return 125;
    }
    struct text hint = { 0 };
    const char *given = envres_error_hint(cli->err);
    text_printf(&hint, "%s%s", given, *given ? "; " : "");
    if (count > 1)
        text_printf(&hint, "%zu more %s not resolve; ", count - 1, count == 2 ? "does" : "do");
    text_printf(&hint, "`envres explain %s -e %s` says more, --only leaves it out", first,
                envres_scope_environment(scope));
    int status = fail_code(cli, envres_error_code(cli->err), text_get(&hint),
                           "%s does not resolve, and the program was not started: %s", first,
                           envres_error_message(cli->err));
    text_free(&hint);
    return status;
}

static int
export_variables(struct cli *cli, const envres_scope *scope)
{
    const char *first = NULL;
    size_t failed = 0;
    uint32_t count = envres_scope_count(scope);
    for (uint32_t i = 0; i < count; i++) {
        const char *name = envres_scope_name(scope, i);
        int result = is_wanted(cli, name) ? export_value(cli, scope, name) : 0;
        if (result > 0)
            return result;
        if (result < 0 && !first)
            first = name;
        failed += result < 0 ? 1 : 0;
    }
    return failed ? fail_variables(cli, scope, first, failed) : 0;
}

static int
become(struct cli *cli)
{
    size_t count = cli->parsed.argument_count;
    char **words = memory_take((count + 1) * sizeof(*words));
    for (size_t i = 0; i < count; i++)
        words[i] = memory_copy(argument_at(&cli->parsed, i), strlen(argument_at(&cli->parsed, i)));
    execvp(words[0], words);
    int number = errno;
    int status = fail_status(cli, number == ENOENT ? 127 : 126,
                             number == ENOENT ? ENVRES_E_NOT_FOUND : ENVRES_E_IO,
                             number == E2BIG ? "pass fewer variables with --only" : NULL,
                             "'%s' cannot be run: %s", words[0], strerror(number));
    for (size_t i = 0; i < count; i++)
        free(words[i]);
    free(words);
    return status;
}

int
cmd_run(struct cli *cli)
{
    envres_scope *scope = NULL;
    int status = open_scope(cli, &scope);
    if (status == 0)
        status = check_only(cli, scope);
    if (status == 0 && option_given(&cli->parsed, OPT_PRISTINE))
        status = clearenv() == 0 ? 0 : fail_code(cli, ENVRES_E_NOMEM, NULL, "out of memory");
    if (status == 0)
        status = export_variables(cli, scope);
    envres_scope_unref(scope);
    open_close(cli);
    return status ? status : become(cli);
}
