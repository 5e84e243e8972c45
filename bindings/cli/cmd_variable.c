/* SPDX-License-Identifier: MIT */
/*
 * set, get, unset, history, restore.
 *
 * A secret never comes by an argument: that holds for --secret, and for a name that already is one.
 */
#include "commands.h"

#include "input.h"
#include "opening.h"
#include "output.h"
#include "values.h"

#include <stdlib.h>
#include <string.h>

#define NUL ENVRES_NUL_TERMINATED

/* ---- set ---------------------------------------------------------------------------------- */

/* Whether the name is a secret already, 0 or 1; -1: the list could not be read. */
static int
is_secret_already(struct cli *cli, const char *environment, const char *name, size_t len)
{
    envres_list *list = NULL;
    if (envres_variable_list(cli->session, environment, NUL, 0, &list, cli->err) < 0)
        return -1;
    int secret = 0;
    for (size_t i = 0; i < envres_list_count(list); i++) {
        size_t row_len = 0;
        const char *row = envres_list_text(list, i, ENVRES_VARIABLE_NAME, &row_len);
        if (row && row_len == len && memcmp(row, name, len) == 0)
            secret = envres_list_integer(list, i, ENVRES_VARIABLE_SECRET) != 0;
    }
    envres_list_free(list);
    return secret;
}

static int
fail_secret_argument(struct cli *cli, const char *name, size_t len)
{
    struct text hint = { 0 };
    text_printf(&hint,
                "give it on standard input or with --from-file: `envres set %.*s --secret -e %s`",
                (int)len, name, option_value(&cli->parsed, OPT_ENV));
    int status = fail_usage(cli, text_get(&hint),
                            "%.*s is a secret, and an argument is seen by others and kept in the "
                            "shell's history",
                            (int)len, name);
    text_free(&hint);
    return status;
}

static int
take_value(struct cli *cli, const char *environment, size_t name_len, struct text *value)
{
    const char *argument = argument_at(&cli->parsed, 0);
    const char *file = option_value(&cli->parsed, OPT_FROM_FILE);
    bool inline_value = argument[name_len] == '=';
    if (inline_value && file)
        return fail_usage(cli, NULL, "a value and --from-file are two values; take one");
    if (file)
        return input_file(cli, file, value);
    int secret = option_given(&cli->parsed, OPT_SECRET);
    if (!secret) /* a name that is a secret already is asked for, and refused, like one */
        secret = is_secret_already(cli, environment, argument, name_len);
    if (secret < 0 && envres_error_code(cli->err) == ENVRES_E_DENIED)
        secret = !inline_value; /* the write is refused too, and only that is in the audit */
    if (secret < 0)
        return fail_library(cli);
    if (inline_value && secret)
        return fail_secret_argument(cli, argument, name_len);
    if (inline_value) {
        text_puts(value, argument + name_len + 1);
        return 0;
    }
    char *name = memory_copy(argument, name_len);
    int status = input_value(cli, name, secret, value);
    free(name);
    return status;
}

static int
write_value(struct cli *cli, const char *environment, size_t name_len, const struct text *value)
{
    envres_variable_write write = { .size = sizeof(write) };
    write.flags = option_given(&cli->parsed, OPT_SECRET) ? ENVRES_WRITE_SECRET : 0;
    write.name = argument_at(&cli->parsed, 0);
    write.name_len = name_len;
    write.value = text_get(value);
    write.value_len = value->len;
    write.type = type_of_word(option_value(&cli->parsed, OPT_TYPE));
    envres_change change = change_of(cli, 0);
    int64_t revision = 0;
    if (envres_variable_put(cli->session, environment, NUL, &write, &change, &revision, cli->err) <
        0)
        return fail_library(cli);
    char *name = memory_copy(write.name, name_len);
    int status = change_print(cli, "name", name, revision);
    free(name);
    return status;
}

int
cmd_set(struct cli *cli)
{
    const char *argument = argument_at(&cli->parsed, 0);
    size_t name_len = strcspn(argument, "=");
    if (option_given(&cli->parsed, OPT_SECRET) && argument[name_len] == '=' &&
        option_value(&cli->parsed, OPT_ENV))
        return fail_secret_argument(cli, argument, name_len);
    const char *environment = NULL;
    int status = open_environment(cli, &environment);
    if (status)
        return status;
    struct text value = { 0 };
    status = take_value(cli, environment, name_len, &value);
    if (status == 0)
        status = write_value(cli, environment, name_len, &value);
    /* A pipe whose program failed gives nothing, too. */
    if (status == 0 && value.len == 0 && !argument[name_len])
        out_note(cli, "%s is empty in %s now: no value was given", argument, environment);
    text_free(&value);
    return status;
}

/* ---- get ---------------------------------------------------------------------------------- */

/* What a template comes to: the value that a program gets. */
static int
get_expanded(struct cli *cli, const char *name, envres_value **out)
{
    envres_scope *scope = NULL;
    int status = open_scope(cli, &scope);
    if (status == 0 && envres_scope_get(scope, name, NUL, out, cli->err) < 0)
        status = fail_resolving(cli, NULL);
    envres_scope_unref(scope);
    return status;
}

static int
say_variable(struct cli *cli, const char *environment, const char *name)
{
    struct text object = { 0 };
    text_printf(&object, "variable/%s", name);
    int status = reveal_say(cli, environment, text_get(&object));
    text_free(&object);
    return status;
}

int
cmd_get(struct cli *cli)
{
    const char *name = argument_at(&cli->parsed, 0);
    const char *environment = NULL;
    int status = open_environment(cli, &environment);
    if (status)
        return status;
    uint32_t flags = option_given(&cli->parsed, OPT_REVEAL) ? ENVRES_READ_REVEAL : 0;
    envres_value *value = NULL;
    if (envres_variable_get(cli->session, environment, NUL, name, NUL, flags, &value, cli->err) < 0)
        return fail_reading(cli);
    if (envres_value_type(value) == ENVRES_TYPE_TEMPLATE &&
        !option_given(&cli->parsed, OPT_AS_WRITTEN)) {
        envres_value_free(value);
        value = NULL;
        status = get_expanded(cli, name, &value);
    }
    if (status == 0 && flags && envres_value_is_secret(value))
        status = say_variable(cli, environment, name);
    if (status == 0)
        status = value_print(cli, name, value);
    envres_value_free(value);
    return status;
}

/* ---- unset, restore ----------------------------------------------------------------------- */

int
cmd_unset(struct cli *cli)
{
    const char *name = argument_at(&cli->parsed, 0);
    const char *environment = NULL;
    int status = open_environment(cli, &environment);
    struct text act = { 0 };
    text_printf(&act, "take %s away", name);
    if (status == 0)
        status = input_confirm_environment(cli, environment, text_get(&act));
    text_free(&act);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    int64_t revision = 0;
    if (envres_variable_unset(cli->session, environment, NUL, name, NUL, &change, &revision,
                              cli->err) < 0)
        return fail_library(cli);
    return change_print(cli, "name", name, revision);
}

static int
read_revision(struct cli *cli, int64_t *out)
{
    const char *word = option_value(&cli->parsed, OPT_REVISION);
    char *end = NULL;
    long long number = strtoll(word, &end, 10);
    if (!*word || *end || number < 0 || strspn(word, "0123456789") != strlen(word) ||
        strlen(word) > 18)
        return fail_usage(cli, "`envres history` shows revisions",
                          "--revision needs a number, not '%s'", word);
    *out = number;
    return 0;
}

int
cmd_restore(struct cli *cli)
{
    const char *name = argument_at(&cli->parsed, 0);
    const char *environment = NULL;
    envres_restore_point point = { .size = sizeof(point) };
    int status = read_revision(cli, &point.revision);
    if (status == 0)
        status = open_environment(cli, &environment);
    if (status)
        return status;
    struct text act = { 0 };
    text_printf(&act, "bring %s back as of revision %lld", name ? name : "all of it",
                (long long)point.revision);
    status = input_confirm_environment(cli, environment, text_get(&act));
    text_free(&act);
    if (status)
        return status;
    point.name = name;
    point.name_len = name ? NUL : 0;
    envres_change change = change_of(cli, 0);
    int64_t revision = 0;
    if (envres_restore(cli->session, environment, NUL, &point, &change, &revision, cli->err) < 0)
        return fail_library(cli);
    return change_print(cli, "name", name, revision);
}

int
cmd_destroy(struct cli *cli)
{
    const char *name = argument_at(&cli->parsed, 0);
    const char *environment = NULL;
    int64_t revision = 0;
    int status = read_revision(cli, &revision);
    if (status == 0)
        status = open_environment(cli, &environment);
    if (status)
        return status;
    struct text act = { 0 };
    text_printf(&act, "destroy %s of revision %lld", name, (long long)revision);
    status = input_confirm_environment(cli, environment, text_get(&act));
    text_free(&act);
    if (status)
        return status;
    envres_change change =
        change_of(cli, option_given(&cli->parsed, OPT_FORCE) ? ENVRES_CHANGE_FORCE : 0);
    envres_status st = envres_variable_destroy(cli->session, environment, NUL, name, NUL, revision,
                                               &change, cli->err);
    if (st == ENVRES_E_REFERRED) /* --force does not destroy what is in force */
        return fail_code(cli, st, envres_error_hint(cli->err), "%s",
                         envres_error_message(cli->err));
    if (st < 0)
        return fail_library(cli);
    return change_print(cli, "name", name, revision);
}

/* ---- history ------------------------------------------------------------------------------ */

static void
json_history(struct json *json, const envres_list *list, size_t row)
{
    size_t len = 0;
    const char *value = envres_list_text(list, row, ENVRES_HISTORY_VALUE, &len);
    const char *type = envres_list_text(list, row, ENVRES_HISTORY_TYPE, NULL);
    json_open(json, '{');
    json_key(json, "revision");
    json_cell(json, list, row, ENVRES_HISTORY_REVISION);
    json_key(json, "type");
    json_word(json, type);
    json_key(json, "secret");
    json_boolean(json, envres_list_integer(list, row, ENVRES_HISTORY_SECRET) != 0);
    json_key(json, "set");
    json_boolean(json, envres_list_integer(list, row, ENVRES_HISTORY_SET) != 0);
    json_key(json, "value");
    json_typed(json, type ? type : "string", value, len);
    json_key(json, "author");
    json_cell(json, list, row, ENVRES_HISTORY_AUTHOR);
    json_key(json, "time");
    json_cell(json, list, row, ENVRES_HISTORY_TIME);
    json_key(json, "error");
    json_cell(json, list, row, ENVRES_HISTORY_ERROR);
    json_key(json, "destroyed");
    json_boolean(json, envres_list_integer(list, row, ENVRES_HISTORY_DESTROYED) != 0);
    json_close(json, '}');
}

static int
print_history(struct cli *cli, const envres_list *list)
{
    static const char *const headings[] = { "REVISION", "TIME (UTC)", "AUTHOR", "TYPE", "VALUE" };
    static const struct value_columns columns = { ENVRES_HISTORY_SET, ENVRES_HISTORY_VALUE,
                                                  ENVRES_HISTORY_ERROR, "(unset)" };
    struct json json = { 0 };
    size_t count = envres_list_count(list);
    if (cli->json) {
        json_open(&json, '[');
        for (size_t row = 0; row < count; row++)
            json_history(&json, list, row);
        json_close(&json, ']');
        return json_print(cli, &json);
    }
    if (count == 0) {
        out_note(cli, "%s never had a value in %s", argument_at(&cli->parsed, 0),
                 option_value(&cli->parsed, OPT_ENV));
        return 0;
    }
    struct table *table = table_new(cli, 5, headings, 60);
    for (size_t row = 0; row < count; row++) {
        char time[32];
        size_t len = 0;
        time_format(envres_list_integer(list, row, ENVRES_HISTORY_TIME), time);
        table_integer(table, envres_list_integer(list, row, ENVRES_HISTORY_REVISION));
        table_word(table, time, STYLE_PLAIN);
        const char *author = envres_list_text(list, row, ENVRES_HISTORY_AUTHOR, &len);
        table_cell(table, author ? author : "", len, STYLE_PLAIN);
        const char *type = envres_list_text(list, row, ENVRES_HISTORY_TYPE, &len);
        table_cell(table, type ? type : "", len, STYLE_PLAIN);
        if (envres_list_integer(list, row, ENVRES_HISTORY_DESTROYED))
            table_word(table, "(destroyed)", STYLE_DIM);
        else
            value_cell(table, list, row, &columns);
    }
    return table_print(table);
}

int
cmd_history(struct cli *cli)
{
    const char *environment = NULL;
    int status = open_environment(cli, &environment);
    if (status)
        return status;
    uint32_t flags = option_given(&cli->parsed, OPT_REVEAL) ? ENVRES_READ_REVEAL : 0;
    envres_list *list = NULL;
    if (envres_variable_history(cli->session, environment, NUL, argument_at(&cli->parsed, 0), NUL,
                                flags, &list, cli->err) < 0)
        return fail_library(cli);
    bool shows = false;
    for (size_t row = 0; flags && row < envres_list_count(list); row++)
        shows = shows || (envres_list_integer(list, row, ENVRES_HISTORY_SECRET) &&
                          envres_list_text(list, row, ENVRES_HISTORY_VALUE, NULL));
    if (shows)
        status = say_variable(cli, environment, argument_at(&cli->parsed, 0));
    if (status == 0)
        status = print_history(cli, list);
    envres_list_free(list);
    return status;
}
