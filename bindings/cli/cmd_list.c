/* SPDX-License-Identifier: MIT */
/*
 * list: the variables of one environment, or of all environments side by side. The library gives a
 * row for each variable and environment, by name and then in path order; both shapes are made of
 * it.
 */
#include "commands.h"

#include "opening.h"
#include "output.h"
#include "values.h"

#include <stdlib.h>
#include <string.h>

static bool
is_same(const envres_list *list, size_t row, size_t other, uint32_t column)
{
    size_t len = 0;
    size_t other_len = 0;
    const char *text = envres_list_text(list, row, column, &len);
    const char *there = envres_list_text(list, other, column, &other_len);
    return len == other_len && (len == 0 || memcmp(text, there, len) == 0);
}

static void
cell(struct table *table, const envres_list *list, size_t row, uint32_t column)
{
    size_t len = 0;
    const char *text = envres_list_text(list, row, column, &len);
    table_cell(table, text ? text : "", len, STYLE_PLAIN);
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void
json_value(struct json *json, const envres_list *list, size_t row)
{
    size_t len = 0;
    const char *type = envres_list_text(list, row, ENVRES_VARIABLE_TYPE, NULL);
    const char *value = envres_list_text(list, row, ENVRES_VARIABLE_VALUE, &len);
    json_key(json, envres_list_text(list, row, ENVRES_VARIABLE_ENVIRONMENT, NULL));
    json_open(json, '{');
    json_key(json, "set");
    json_boolean(json, envres_list_integer(list, row, ENVRES_VARIABLE_SET) != 0);
    json_key(json, "value");
    json_typed(json, type ? type : "string", value, len);
    json_key(json, "revision");
    json_cell(json, list, row, ENVRES_VARIABLE_REVISION);
    if (envres_list_text(list, row, ENVRES_VARIABLE_ERROR, NULL)) {
        json_key(json, "error");
        json_cell(json, list, row, ENVRES_VARIABLE_ERROR);
    }
    json_close(json, '}');
}

static int
print_json(struct cli *cli, const envres_list *list)
{
    struct json json = { 0 };
    size_t count = envres_list_count(list);
    json_open(&json, '[');
    for (size_t row = 0; row < count; row++) {
        if (row == 0 || !is_same(list, row - 1, row, ENVRES_VARIABLE_NAME)) {
            json_open(&json, '{');
            json_key(&json, "name");
            json_cell(&json, list, row, ENVRES_VARIABLE_NAME);
            json_key(&json, "type");
            json_cell(&json, list, row, ENVRES_VARIABLE_TYPE);
            json_key(&json, "secret");
            json_boolean(&json, envres_list_integer(list, row, ENVRES_VARIABLE_SECRET) != 0);
            json_key(&json, "values");
            json_open(&json, '{');
        }
        json_value(&json, list, row);
        if (row + 1 == count || !is_same(list, row, row + 1, ENVRES_VARIABLE_NAME)) {
            json_close(&json, '}');
            json_close(&json, '}');
        }
    }
    json_close(&json, ']');
    return json_print(cli, &json);
}

/* ---- tables ------------------------------------------------------------------------------- */

static int
print_environment(struct cli *cli, const envres_list *list)
{
    static const char *const headings[] = { "NAME", "TYPE", "VALUE" };
    static const struct value_columns columns = { ENVRES_VARIABLE_SET, ENVRES_VARIABLE_VALUE,
                                                  ENVRES_VARIABLE_ERROR, "(not set)" };
    struct table *table = table_new(cli, 3, headings, 60);
    for (size_t row = 0; row < envres_list_count(list); row++) {
        cell(table, list, row, ENVRES_VARIABLE_NAME);
        cell(table, list, row, ENVRES_VARIABLE_TYPE);
        value_cell(table, list, row, &columns);
    }
    return table_print(table);
}

static int
print_matrix(struct cli *cli, const envres_list *list)
{
    static const struct value_columns columns = { ENVRES_VARIABLE_SET, ENVRES_VARIABLE_VALUE,
                                                  ENVRES_VARIABLE_ERROR, "-" };
    size_t count = envres_list_count(list);
    size_t environments = 1;
    while (environments < count && is_same(list, 0, environments, ENVRES_VARIABLE_NAME))
        environments++;
    const char **headings = memory_take((environments + 2) * sizeof(*headings));
    headings[0] = "NAME";
    headings[1] = "TYPE";
    for (size_t i = 0; i < environments; i++)
        headings[i + 2] = envres_list_text(list, i, ENVRES_VARIABLE_ENVIRONMENT, NULL);
    struct table *table = table_new(cli, environments + 2, headings, 32);
    free(headings);
    for (size_t row = 0; row < count; row++) {
        if (row % environments == 0) {
            cell(table, list, row, ENVRES_VARIABLE_NAME);
            cell(table, list, row, ENVRES_VARIABLE_TYPE);
        }
        value_cell(table, list, row, &columns);
    }
    return table_print(table);
}

static bool
shows_secret(const envres_list *list, size_t row)
{
    return envres_list_integer(list, row, ENVRES_VARIABLE_SECRET) &&
           envres_list_text(list, row, ENVRES_VARIABLE_VALUE, NULL);
}

/* One entry for each environment of which a secret is about to be shown. */
static int
say_environments(struct cli *cli, const envres_list *list)
{
    int status = 0;
    for (size_t row = 0; status == 0 && row < envres_list_count(list); row++) {
        bool said = !shows_secret(list, row);
        for (size_t other = 0; !said && other < row; other++)
            said =
                shows_secret(list, other) && is_same(list, row, other, ENVRES_VARIABLE_ENVIRONMENT);
        if (!said)
            status = reveal_say(cli, envres_list_text(list, row, ENVRES_VARIABLE_ENVIRONMENT, NULL),
                                NULL);
    }
    return status;
}

int
cmd_list(struct cli *cli)
{
    const char *environment = option_value(&cli->parsed, OPT_ENV);
    int status = open_session(cli);
    if (status)
        return status;
    uint32_t flags = option_given(&cli->parsed, OPT_REVEAL) ? ENVRES_READ_REVEAL : 0;
    envres_list *list = NULL;
    if (envres_variable_list(cli->session, environment, environment ? ENVRES_NUL_TERMINATED : 0,
                             flags, &list, cli->err) < 0)
        return fail_library(cli);
    status = say_environments(cli, list);
    if (status != 0)
        goto out;
    if (cli->json)
        status = print_json(cli, list);
    else if (envres_list_count(list) == 0)
        out_note(cli, "there are no variables yet; `envres set NAME=VALUE -e %s` makes one",
                 environment ? environment : "development");
    else
        status = environment ? print_environment(cli, list) : print_matrix(cli, list);
out:
    envres_list_free(list);
    return status;
}
