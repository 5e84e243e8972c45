/* SPDX-License-Identifier: MIT */
/*
 * resource add, set, fallback, list, remove; kinds. (resource show is in cmd_show.c.)
 *
 * A secret field never comes by an argument: neither one named with --secret, nor one that its kind
 * calls secret, nor one that was written as a secret before.
 */
#include "commands.h"

#include "input.h"
#include "opening.h"
#include "output.h"
#include "values.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NUL ENVRES_NUL_TERMINATED

static int
print_done(struct cli *cli, const char *handle)
{
    struct json json = { 0 };
    if (!cli->json)
        return 0;
    json_ok(&json);
    json_key(&json, "handle");
    json_word(&json, handle);
    return json_done(cli, &json);
}

int
cmd_resource_add(struct cli *cli)
{
    const char *handle = argument_at(&cli->parsed, 0);
    const char *kind = option_value(&cli->parsed, OPT_KIND);
    int status = open_session(cli);
    if (status)
        return status;
    bool force = option_given(&cli->parsed, OPT_FORCE);
    envres_change change = change_of(cli, force ? ENVRES_CHANGE_FORCE : 0);
    if (envres_resource_define(cli->session, handle, NUL, kind, NUL, &change, cli->err) < 0)
        return fail_library(cli);
    return print_done(cli, handle);
}

/* ---- what is known of a resource ----------------------------------------------------------- */

/* The rows of one resource, a row for each environment; -1: none. */
static long
find_resource(const envres_list *list, const char *handle)
{
    size_t count = envres_list_count(list);
    for (size_t row = 0; row < count; row++) {
        if (list_is(list, row, ENVRES_RESOURCE_HANDLE, handle, strlen(handle)))
            return (long)row;
    }
    return -1;
}

/* Whether the kind of the resource calls the field secret. */
static int
is_secret_by_kind(struct cli *cli, const char *handle, const char *field, size_t len)
{
    envres_list *resources = NULL;
    envres_list *kinds = NULL;
    int secret = 0;
    if (envres_resource_list(cli->session, &resources, cli->err) < 0 ||
        envres_kind_list(NULL, &kinds, cli->err) < 0)
        secret = -1;
    long at = secret < 0 ? -1 : find_resource(resources, handle);
    size_t kind_len = 0;
    const char *kind =
        at < 0 ? NULL : envres_list_text(resources, (size_t)at, ENVRES_RESOURCE_KIND, &kind_len);
    for (size_t row = 0; kind && row < envres_list_count(kinds); row++) {
        if (list_is(kinds, row, ENVRES_KIND_NAME, kind, kind_len) &&
            list_is(kinds, row, ENVRES_KIND_FIELD, field, len))
            secret = envres_list_integer(kinds, row, ENVRES_KIND_SECRET) != 0;
    }
    envres_list_free(resources);
    envres_list_free(kinds);
    return secret;
}

/* Whether the field was a secret when it was last written here. */
static int
is_secret_by_history(struct cli *cli, const char *handle, const char *field, size_t len)
{
    envres_list *list = NULL;
    if (envres_resource_history(cli->session, option_value(&cli->parsed, OPT_ENV), NUL, handle, NUL,
                                0, &list, cli->err) < 0)
        return -1;
    int secret = 0;
    for (size_t row = 0; row < envres_list_count(list); row++) {
        if (list_is(list, row, ENVRES_HISTORY_FIELD, field, len)) {
            secret = envres_list_integer(list, row, ENVRES_HISTORY_SECRET) != 0;
            break;
        }
    }
    envres_list_free(list);
    return secret;
}

/* ---- resource set ------------------------------------------------------------------------- */

struct fields {
    envres_resource_field *rows;
    size_t count;
    struct text input; /* what came by standard input; secret fields point into it */
};

static void
add_field(struct fields *fields, uint32_t flags, const char *name, size_t name_len,
          const char *value, size_t value_len)
{
    envres_resource_field *row = &fields->rows[fields->count++];
    row->size = sizeof(*row);
    row->flags = flags;
    row->name = name;
    row->name_len = name_len;
    row->value = value;
    row->value_len = value_len;
}

static int
fail_secret_argument(struct cli *cli, const char *field, size_t len)
{
    struct text hint = { 0 };
    text_printf(&hint, "give it on standard input: `envres resource set %s -e %s --secret %.*s`",
                argument_at(&cli->parsed, 0), option_value(&cli->parsed, OPT_ENV), (int)len, field);
    int status = fail_usage(cli, text_get(&hint),
                            "%.*s is a secret, and an argument is seen by others and kept in the "
                            "shell's history",
                            (int)len, field);
    text_free(&hint);
    return status;
}

static bool
is_named_secret(const struct cli *cli, const char *field, size_t len)
{
    size_t cursor = 0;
    for (;;) {
        const char *name = option_next(&cli->parsed, OPT_SECRET_FIELD, &cursor);
        if (!name)
            return false;
        if (strlen(name) == len && memcmp(name, field, len) == 0)
            return true;
    }
}

static int
take_arguments(struct cli *cli, struct fields *fields)
{
    const char *handle = argument_at(&cli->parsed, 0);
    for (size_t i = 1; i < cli->parsed.argument_count; i++) {
        const char *argument = argument_at(&cli->parsed, i);
        size_t len = strcspn(argument, "=");
        if (!argument[len])
            return fail_usage(cli, "write FIELD=VALUE; a secret is named with --secret FIELD",
                              "'%s' has no value", argument);
        int secret = is_named_secret(cli, argument, len);
        if (!secret)
            secret = is_secret_by_kind(cli, handle, argument, len);
        if (!secret)
            secret = is_secret_by_history(cli, handle, argument, len);
        if (secret < 0 && envres_error_code(cli->err) == ENVRES_E_DENIED)
            secret = 0; /* the write is refused too, and only that is in the audit */
        if (secret < 0)
            return fail_library(cli);
        if (secret)
            return fail_secret_argument(cli, argument, len);
        add_field(fields, 0, argument, len, argument + len + 1, strlen(argument + len + 1));
    }
    size_t cursor = 0;
    const char *gone = option_next(&cli->parsed, OPT_UNSET, &cursor);
    for (; gone; gone = option_next(&cli->parsed, OPT_UNSET, &cursor))
        add_field(fields, ENVRES_FIELD_UNSET, gone, strlen(gone), NULL, 0);
    return 0;
}

/* Several secrets: a line FIELD=VALUE for each, in any order, each exactly once. */
static int
take_lines(struct cli *cli, struct fields *fields, size_t wanted)
{
    size_t first = fields->count;
    const char *at = text_get(&fields->input);
    const char *end = at + fields->input.len;
    while (at < end) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        size_t len = feed ? (size_t)(feed - at) : (size_t)(end - at);
        const char *equals = memchr(at, '=', len);
        size_t name_len = equals ? (size_t)(equals - at) : len;
        /* The line is not shown: it may be a secret. */
        if (!equals || !is_named_secret(cli, at, name_len))
            return fail_usage(cli, NULL,
                              "standard input needs a line FIELD=VALUE for each --secret, and line "
                              "%zu is none of them",
                              fields->count - first + 1);
        for (size_t i = first; i < fields->count; i++) {
            if (fields->rows[i].name_len == name_len &&
                memcmp(fields->rows[i].name, at, name_len) == 0)
                return fail_usage(cli, NULL, "%.*s comes twice on standard input", (int)name_len,
                                  at);
        }
        add_field(fields, ENVRES_FIELD_SECRET, at, name_len, equals + 1, len - name_len - 1);
        at += len + (feed ? 1 : 0);
    }
    if (fields->count - first != wanted)
        return fail_usage(cli, NULL, "%zu secret fields were named, %zu came on standard input",
                          wanted, fields->count - first);
    return 0;
}

/* On a terminal each is asked for; the answers are put together as the lines would be. */
static int
ask_lines(struct cli *cli, struct fields *fields)
{
    size_t cursor = 0;
    const char *name = option_next(&cli->parsed, OPT_SECRET_FIELD, &cursor);
    for (; name; name = option_next(&cli->parsed, OPT_SECRET_FIELD, &cursor)) {
        struct text value = { 0 };
        int status = input_value(cli, name, true, &value);
        if (status)
            return status;
        text_printf(&fields->input, "%s=", name);
        text_add(&fields->input, text_get(&value), value.len);
        text_puts(&fields->input, "\n");
        text_free(&value);
    }
    return 0;
}

static int
take_secrets(struct cli *cli, struct fields *fields)
{
    size_t cursor = 0;
    size_t wanted = 0;
    const char *only = NULL;
    const char *name = option_next(&cli->parsed, OPT_SECRET_FIELD, &cursor);
    for (; name; name = option_next(&cli->parsed, OPT_SECRET_FIELD, &cursor)) {
        only = name;
        wanted++;
    }
    if (wanted == 0)
        return 0;
    int status = wanted == 1            ? input_value(cli, only, true, &fields->input)
                 : isatty(STDIN_FILENO) ? ask_lines(cli, fields)
                                        : input_file(cli, "-", &fields->input);
    if (status == 0 && wanted > 1)
        return take_lines(cli, fields, wanted);
    if (status == 0)
        add_field(fields, ENVRES_FIELD_SECRET, only, strlen(only), text_get(&fields->input),
                  fields->input.len);
    return status;
}

static int
configure(struct cli *cli, const char *environment, const struct fields *fields)
{
    const char *handle = argument_at(&cli->parsed, 0);
    envres_resource_write write = { .size = sizeof(write), .handle = handle, .handle_len = NUL };
    write.fields = fields->rows;
    write.count = fields->count;
    envres_change change = change_of(cli, 0);
    int64_t revision = 0;
    if (envres_resource_configure(cli->session, environment, NUL, &write, &change, &revision,
                                  cli->err) < 0)
        return fail_library(cli);
    return change_print(cli, "handle", handle, revision);
}

int
cmd_resource_set(struct cli *cli)
{
    const char *environment = NULL;
    int status = open_environment(cli, &environment);
    if (status)
        return status;
    struct fields fields = { 0 };
    fields.rows = memory_take((cli->parsed.argument_count + cli->parsed.given_count + 1) *
                              sizeof(*fields.rows));
    status = take_arguments(cli, &fields);
    if (status == 0)
        status = take_secrets(cli, &fields);
    if (status == 0 && fields.count == 0)
        status = fail_usage(cli, "write FIELD=VALUE, --secret FIELD or --unset FIELD",
                            "there is nothing to set");
    if (status == 0 && option_given(&cli->parsed, OPT_UNSET))
        status = input_confirm_environment(cli, environment, "take fields away");
    if (status == 0)
        status = configure(cli, environment, &fields);
    text_free(&fields.input);
    free(fields.rows);
    return status;
}

/* ---- resource fallback, remove ------------------------------------------------------------- */

int
cmd_resource_fallback(struct cli *cli)
{
    const char *handle = argument_at(&cli->parsed, 0);
    const char *to = option_value(&cli->parsed, OPT_TO);
    bool withdraw = option_given(&cli->parsed, OPT_WITHDRAW);
    const char *environment = NULL;
    if (!to == !withdraw)
        return fail_usage(cli, NULL, "'resource fallback' needs --to ENV, or --withdraw");
    int status = open_environment(cli, &environment);
    if (status == 0 && withdraw)
        status = input_confirm_environment(cli, environment, "end the fallback");
    if (status)
        return status;
    envres_fallback fallback = { .size = sizeof(fallback), .handle = handle, .handle_len = NUL };
    fallback.to = to;
    fallback.to_len = to ? NUL : 0;
    envres_change change = change_of(cli, 0);
    if (envres_resource_fallback(cli->session, environment, NUL, &fallback, &change, cli->err) < 0)
        return fail_library(cli);
    return print_done(cli, handle);
}

/* A removal touches every environment; each protected one that has settings is asked about. */
static int
confirm_remove(struct cli *cli, const char *handle)
{
    envres_list *list = NULL;
    if (envres_resource_list(cli->session, &list, cli->err) < 0)
        return fail_library(cli);
    int status = 0;
    struct text act = { 0 };
    for (size_t row = 0; status == 0 && row < envres_list_count(list); row++) {
        if (!list_is(list, row, ENVRES_RESOURCE_HANDLE, handle, strlen(handle)) ||
            !envres_list_integer(list, row, ENVRES_RESOURCE_CONFIGURED))
            continue;
        const char *environment = envres_list_text(list, row, ENVRES_RESOURCE_ENVIRONMENT, NULL);
        text_free(&act);
        text_printf(&act, "remove %s with its settings there", handle);
        status = input_confirm_environment(cli, environment, text_get(&act));
    }
    text_free(&act);
    envres_list_free(list);
    return status;
}

int
cmd_resource_remove(struct cli *cli)
{
    const char *handle = argument_at(&cli->parsed, 0);
    int status = open_session(cli);
    if (status == 0)
        status = confirm_remove(cli, handle);
    if (status)
        return status;
    bool force = option_given(&cli->parsed, OPT_FORCE);
    envres_change change = change_of(cli, force ? ENVRES_CHANGE_FORCE : 0);
    if (envres_resource_remove(cli->session, handle, NUL, &change, cli->err) < 0)
        return fail_library(cli);
    return print_done(cli, handle);
}

/* ---- resource list ------------------------------------------------------------------------- */

/* Whether a resource begins at the row: the one before is of another. */
static bool
begins_resource(const envres_list *list, size_t row)
{
    size_t len = 0;
    const char *handle = envres_list_text(list, row, ENVRES_RESOURCE_HANDLE, &len);
    return row == 0 || !list_is(list, row - 1, ENVRES_RESOURCE_HANDLE, handle, len);
}

static int
print_list_json(struct cli *cli, const envres_list *list)
{
    struct json json = { 0 };
    size_t count = envres_list_count(list);
    json_open(&json, '[');
    for (size_t row = 0; row < count; row++) {
        if (begins_resource(list, row)) {
            json_open(&json, '{');
            json_key(&json, "handle");
            json_cell(&json, list, row, ENVRES_RESOURCE_HANDLE);
            json_key(&json, "kind");
            json_cell(&json, list, row, ENVRES_RESOURCE_KIND);
            json_key(&json, "environments");
            json_open(&json, '{');
        }
        json_key(&json, envres_list_text(list, row, ENVRES_RESOURCE_ENVIRONMENT, NULL));
        json_open(&json, '{');
        json_key(&json, "configured");
        json_boolean(&json, envres_list_integer(list, row, ENVRES_RESOURCE_CONFIGURED) != 0);
        json_key(&json, "fallback");
        json_cell(&json, list, row, ENVRES_RESOURCE_FALLBACK);
        json_key(&json, "fields");
        json_integer(&json, envres_list_integer(list, row, ENVRES_RESOURCE_FIELDS));
        json_key(&json, "revision");
        json_cell(&json, list, row, ENVRES_RESOURCE_REVISION);
        json_close(&json, '}');
        if (row + 1 == count || begins_resource(list, row + 1)) {
            json_close(&json, '}');
            json_close(&json, '}');
        }
    }
    json_close(&json, ']');
    return json_print(cli, &json);
}

static void
setting_cell(struct table *table, const envres_list *list, size_t row)
{
    const char *fallback = envres_list_text(list, row, ENVRES_RESOURCE_FALLBACK, NULL);
    int64_t fields = envres_list_integer(list, row, ENVRES_RESOURCE_FIELDS);
    struct text words = { 0 };
    if (envres_list_integer(list, row, ENVRES_RESOURCE_CONFIGURED)) {
        text_printf(&words, "%lld field%s", (long long)fields, fields == 1 ? "" : "s");
        table_word(table, text_get(&words), STYLE_PLAIN);
    } else if (fallback) {
        text_printf(&words, "as %s", fallback);
        table_word(table, text_get(&words), STYLE_YELLOW);
    } else {
        table_word(table, "-", STYLE_DIM);
    }
    text_free(&words);
}

static int
print_list_table(struct cli *cli, const envres_list *list)
{
    size_t count = envres_list_count(list);
    size_t environments = 1;
    while (environments < count && !begins_resource(list, environments))
        environments++;
    const char **headings = memory_take((environments + 2) * sizeof(*headings));
    headings[0] = "HANDLE";
    headings[1] = "KIND";
    for (size_t i = 0; i < environments; i++)
        headings[i + 2] = envres_list_text(list, i, ENVRES_RESOURCE_ENVIRONMENT, NULL);
    struct table *table = table_new(cli, environments + 2, headings, 40);
    free(headings);
    for (size_t row = 0; row < envres_list_count(list); row++) {
        size_t len = 0;
        if (begins_resource(list, row)) {
            const char *handle = envres_list_text(list, row, ENVRES_RESOURCE_HANDLE, &len);
            table_cell(table, handle, len, STYLE_PLAIN);
            const char *kind = envres_list_text(list, row, ENVRES_RESOURCE_KIND, &len);
            table_cell(table, kind, len, STYLE_PLAIN);
        }
        setting_cell(table, list, row);
    }
    return table_print(table);
}

int
cmd_resource_list(struct cli *cli)
{
    int status = open_session(cli);
    if (status)
        return status;
    envres_list *list = NULL;
    if (envres_resource_list(cli->session, &list, cli->err) < 0)
        return fail_library(cli);
    if (cli->json)
        status = print_list_json(cli, list);
    else if (envres_list_count(list) == 0)
        out_note(cli,
                 "there are no resources yet; `envres resource add HANDLE --kind KIND` makes one");
    else
        status = print_list_table(cli, list);
    envres_list_free(list);
    return status;
}
