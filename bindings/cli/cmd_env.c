/* SPDX-License-Identifier: MIT */
/* env list, show, add, remove, set. What an environment is decides the library. */
#include "commands.h"

#include "input.h"
#include "opening.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

#define NUL ENVRES_NUL_TERMINATED

static void
json_flag(struct json *json, const char *key, const envres_list *list, size_t row, uint32_t column)
{
    json_key(json, key);
    json_boolean(json, envres_list_integer(list, row, column) != 0);
}

static void
json_environment(struct json *json, const envres_list *list, size_t row)
{
    json_open(json, '{');
    json_key(json, "key");
    json_cell(json, list, row, ENVRES_ENVIRONMENT_KEY);
    json_key(json, "label");
    json_cell(json, list, row, ENVRES_ENVIRONMENT_LABEL);
    json_key(json, "color");
    json_cell(json, list, row, ENVRES_ENVIRONMENT_COLOR);
    json_key(json, "position");
    json_cell(json, list, row, ENVRES_ENVIRONMENT_POSITION);
    json_flag(json, "protected", list, row, ENVRES_ENVIRONMENT_PROTECTED);
    json_key(json, "approvals");
    json_cell(json, list, row, ENVRES_ENVIRONMENT_APPROVALS);
    json_flag(json, "require_reason", list, row, ENVRES_ENVIRONMENT_REQUIRE_REASON);
    json_key(json, "revision");
    json_cell(json, list, row, ENVRES_ENVIRONMENT_REVISION);
    json_flag(json, "editors_reveal", list, row, ENVRES_ENVIRONMENT_REVEALS);
    json_flag(json, "rollback_approvals", list, row, ENVRES_ENVIRONMENT_ROLLBACKS);
    json_close(json, '}');
}

static void
cell(struct table *table, const envres_list *list, size_t row, uint32_t column)
{
    size_t len = 0;
    const char *text = envres_list_text(list, row, column, &len);
    if (text)
        table_cell(table, text, len, STYLE_PLAIN);
    else if (envres_list_type(list, row, column) == ENVRES_CELL_INTEGER)
        table_integer(table, envres_list_integer(list, row, column));
    else
        table_word(table, "-", STYLE_DIM);
}

static void
flag_cell(struct table *table, const envres_list *list, size_t row, uint32_t column)
{
    if (envres_list_integer(list, row, column))
        table_word(table, "yes", STYLE_YELLOW);
    else
        table_word(table, "no", STYLE_PLAIN);
}

static int
print_list(struct cli *cli, const envres_list *list)
{
    static const char *const headings[] = { "ENVIRONMENT", "PATH",     "PROTECTED", "APPROVALS",
                                            "REASON",      "REVISION", "LABEL" };
    struct json json = { 0 };
    size_t count = envres_list_count(list);
    if (cli->json) {
        json_open(&json, '[');
        for (size_t row = 0; row < count; row++)
            json_environment(&json, list, row);
        json_close(&json, ']');
        return json_print(cli, &json);
    }
    struct table *table = table_new(cli, 7, headings, 40);
    for (size_t row = 0; row < count; row++) {
        cell(table, list, row, ENVRES_ENVIRONMENT_KEY);
        cell(table, list, row, ENVRES_ENVIRONMENT_POSITION);
        flag_cell(table, list, row, ENVRES_ENVIRONMENT_PROTECTED);
        cell(table, list, row, ENVRES_ENVIRONMENT_APPROVALS);
        flag_cell(table, list, row, ENVRES_ENVIRONMENT_REQUIRE_REASON);
        cell(table, list, row, ENVRES_ENVIRONMENT_REVISION);
        cell(table, list, row, ENVRES_ENVIRONMENT_LABEL);
    }
    return table_print(table);
}

int
cmd_env_list(struct cli *cli)
{
    int status = open_session(cli);
    if (status)
        return status;
    envres_list *list = NULL;
    if (envres_environment_list(cli->session, &list, cli->err) < 0)
        return fail_library(cli);
    status = print_list(cli, list);
    envres_list_free(list);
    return status;
}

static int
print_one(struct cli *cli, const envres_list *list)
{
    static const struct {
        const char *name;
        uint32_t column;
        bool flag;
    } rows[] = {
        { "environment", ENVRES_ENVIRONMENT_KEY, false },
        { "label", ENVRES_ENVIRONMENT_LABEL, false },
        { "color", ENVRES_ENVIRONMENT_COLOR, false },
        { "path", ENVRES_ENVIRONMENT_POSITION, false },
        { "protected", ENVRES_ENVIRONMENT_PROTECTED, true },
        { "approvals", ENVRES_ENVIRONMENT_APPROVALS, false },
        { "rollbacks too", ENVRES_ENVIRONMENT_ROLLBACKS, true },
        { "require reason", ENVRES_ENVIRONMENT_REQUIRE_REASON, true },
        { "editors reveal", ENVRES_ENVIRONMENT_REVEALS, true },
        { "revision", ENVRES_ENVIRONMENT_REVISION, false },
    };
    struct json json = { 0 };
    if (cli->json) {
        json_environment(&json, list, 0);
        return json_print(cli, &json);
    }
    struct table *table = table_new(cli, 2, NULL, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        table_word(table, rows[i].name, STYLE_DIM);
        if (rows[i].flag)
            flag_cell(table, list, 0, rows[i].column);
        else
            cell(table, list, 0, rows[i].column);
    }
    return table_print(table);
}

int
cmd_env_show(struct cli *cli)
{
    int status = open_session(cli);
    if (status)
        return status;
    envres_list *list = NULL;
    if (envres_environment_describe(cli->session, argument_at(&cli->parsed, 0), NUL, &list,
                                    cli->err) < 0)
        return fail_library(cli);
    status = print_one(cli, list);
    envres_list_free(list);
    return status;
}

static int
print_done(struct cli *cli, const char *environment)
{
    struct json json = { 0 };
    if (!cli->json)
        return 0;
    json_ok(&json);
    json_key(&json, "environment");
    json_word(&json, environment);
    return json_done(cli, &json);
}

static void
take_looks(const struct cli *cli, envres_environment_options *options)
{
    options->label = option_value(&cli->parsed, OPT_LABEL);
    options->label_len = options->label ? NUL : 0;
    options->color = option_value(&cli->parsed, OPT_COLOR);
    options->color_len = options->color ? NUL : 0;
}

int
cmd_env_add(struct cli *cli)
{
    const char *environment = argument_at(&cli->parsed, 0);
    envres_environment_options options = { .size = sizeof(options) };
    take_looks(cli, &options);
    options.after = option_value(&cli->parsed, OPT_AFTER);
    options.after_len = options.after ? NUL : 0;
    if (option_given(&cli->parsed, OPT_OFF_PATH))
        options.flags |= ENVRES_ENVIRONMENT_OFF_PATH;
    if (options.after && options.flags & ENVRES_ENVIRONMENT_OFF_PATH)
        return fail_usage(cli, NULL,
                          "--after puts it on the path and --off-path beside it; take one");
    int status = open_session(cli);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    if (envres_environment_add(cli->session, environment, NUL, &options, &change, cli->err) < 0)
        return fail_library(cli);
    return print_done(cli, environment);
}

int
cmd_env_remove(struct cli *cli)
{
    const char *environment = argument_at(&cli->parsed, 0);
    int status = open_session(cli);
    if (status == 0)
        status = input_confirm_environment(cli, environment, "destroy it together with its keys");
    if (status)
        return status;
    bool force = option_given(&cli->parsed, OPT_FORCE);
    envres_change change = change_of(cli, force ? ENVRES_CHANGE_FORCE : 0);
    if (envres_environment_remove(cli->session, environment, NUL, &change, cli->err) < 0)
        return fail_library(cli);
    return print_done(cli, environment);
}

/* "yes" or "no" of an option as one of two flags; 0 when it was not given. */
static uint32_t
flag_of(const struct cli *cli, enum option_id id, uint32_t yes, uint32_t no)
{
    const char *word = option_value(&cli->parsed, id);
    if (!word)
        return 0;
    return strcmp(word, "yes") == 0 ? yes : no;
}

static int
read_approvals(struct cli *cli, envres_environment_options *options)
{
    const char *word = option_value(&cli->parsed, OPT_APPROVALS);
    if (!word)
        return 0;
    size_t len = strlen(word);
    if (len == 0 || len > 4 || strspn(word, "0123456789") != len)
        return fail_usage(cli, NULL, "--approvals needs a number, not '%s'", word);
    options->approvals = (uint32_t)strtoul(word, NULL, 10);
    options->flags |= ENVRES_ENVIRONMENT_SET_APPROVALS;
    return 0;
}

int
cmd_env_set(struct cli *cli)
{
    const char *environment = argument_at(&cli->parsed, 0);
    envres_environment_options options = { .size = sizeof(options) };
    take_looks(cli, &options);
    options.flags =
        flag_of(cli, OPT_PROTECTED, ENVRES_ENVIRONMENT_PROTECT, ENVRES_ENVIRONMENT_UNPROTECT) |
        flag_of(cli, OPT_REQUIRE_REASON, ENVRES_ENVIRONMENT_REASON, ENVRES_ENVIRONMENT_NO_REASON) |
        flag_of(cli, OPT_EDITORS_REVEAL, ENVRES_ENVIRONMENT_EDITORS_REVEAL,
                ENVRES_ENVIRONMENT_NO_EDITORS_REVEAL) |
        flag_of(cli, OPT_ROLLBACK_APPROVALS, ENVRES_ENVIRONMENT_ROLLBACK_APPROVALS,
                ENVRES_ENVIRONMENT_NO_ROLLBACK_APPROVALS);
    int status = read_approvals(cli, &options);
    if (status)
        return status;
    if (!options.flags && !options.label && !options.color)
        return fail_usage(cli, "see `envres env set --help`", "there is nothing to change");
    status = open_session(cli);
    if (status == 0 && options.flags & ENVRES_ENVIRONMENT_UNPROTECT)
        status = input_confirm_environment(cli, environment, "take the protection away");
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    if (envres_environment_set(cli->session, environment, NUL, &options, &change, cli->err) < 0)
        return fail_library(cli);
    return print_done(cli, environment);
}
