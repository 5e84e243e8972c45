/* SPDX-License-Identifier: MIT */
/*
 * app create, list, show, protect, pin. What is live, what differs and what a check says of an app
 * is the business of `status`; here an app is named, described and told how to behave.
 */
#include "commands.h"

#include "opening.h"
#include "rows.h"

#include <string.h>

#define NUL          ENVRES_NUL_TERMINATED
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- create, protect, pin ------------------------------------------------------------------ */

/* {"ok":true,"app":..., key: value} */
static int
print_done(struct cli *cli, const char *key, const char *value)
{
    struct json json = { 0 };
    if (!cli->json)
        return 0;
    json_ok(&json);
    json_key(&json, "app");
    json_word(&json, argument_at(&cli->parsed, 0));
    json_key(&json, key);
    json_word(&json, value);
    return json_done(cli, &json);
}

int
cmd_app_create(struct cli *cli)
{
    const char *app = argument_at(&cli->parsed, 0);
    envres_list *list = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    if (envres_app_create(cli->session, app, NUL, NULL, &change, cli->err) < 0)
        return fail_library(cli);
    if (envres_version_list(cli->session, app, NUL, NULL, 0, 0, &list, cli->err) < 0)
        return fail_library(cli);
    const char *draft = envres_list_text(list, 0, ENVRES_VERSION_NAME, NULL);
    out_note(cli, "its first draft is %s; `envres part import %s DIR` fills it",
             draft ? draft : "-", app);
    status = print_done(cli, "version", draft);
    envres_list_free(list);
    return status;
}

static int
set_flags(struct cli *cli, uint32_t flags)
{
    envres_app_options options = { .size = sizeof(options), .flags = flags };
    int status = open_session(cli);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    if (envres_app_set(cli->session, argument_at(&cli->parsed, 0), NUL, &options, &change,
                       cli->err) < 0)
        return fail_library(cli);
    return 0;
}

int
cmd_app_protect(struct cli *cli)
{
    bool yes = strcmp(argument_at(&cli->parsed, 1), "yes") == 0;
    int status = set_flags(cli, yes ? ENVRES_APP_PROTECT : ENVRES_APP_UNPROTECT);
    struct json json = { 0 };
    if (status || !cli->json)
        return status;
    json_ok(&json);
    json_key(&json, "app");
    json_word(&json, argument_at(&cli->parsed, 0));
    json_key(&json, "protected");
    json_boolean(&json, yes);
    return json_done(cli, &json);
}

int
cmd_app_pin(struct cli *cli)
{
    const char *pin = argument_at(&cli->parsed, 1);
    bool config = strcmp(pin, "config") == 0;
    int status = set_flags(cli, config ? ENVRES_APP_PIN_CONFIG : ENVRES_APP_PIN_NONE);
    return status ? status : print_done(cli, "pin", pin);
}

/* ---- list, show ---------------------------------------------------------------------------- */

static const struct column own_columns[] = {
    { "name", ENVRES_APP_NAME, SHAPE_CELL },
    { "pin", ENVRES_APP_PIN, SHAPE_CELL },
    { "protected", ENVRES_APP_PROTECTED, SHAPE_FLAG },
    { "versions", ENVRES_APP_VERSIONS, SHAPE_CELL },
};

static const struct column live_columns[] = {
    { "version", ENVRES_APP_LIVE_VERSION, SHAPE_CELL },
    { "tag", ENVRES_APP_LIVE_TAG, SHAPE_CELL },
    { "sequence", ENVRES_APP_LIVE_SEQUENCE, SHAPE_CELL },
};

static const struct column made_columns[] = {
    { "author", ENVRES_APP_AUTHOR, SHAPE_CELL },
    { "time", ENVRES_APP_TIME, SHAPE_TIME },
};

/* Leaves the object open. */
static void
json_app(struct json *json, const envres_list *list, size_t row)
{
    json_open(json, '{');
    json_columns(json, list, row, own_columns, COUNT(own_columns));
    json_key(json, "live");
    if (envres_list_text(list, row, ENVRES_APP_LIVE_VERSION, NULL))
        json_row(json, list, row, live_columns, COUNT(live_columns));
    else
        json_null(json);
    json_columns(json, list, row, made_columns, COUNT(made_columns));
}

static int
print_list(struct cli *cli, const envres_list *list)
{
    static const struct column columns[] = {
        { "APP", ENVRES_APP_NAME, SHAPE_CELL },
        { "LIVE", ENVRES_APP_LIVE_TAG, SHAPE_CELL },
        { "VERSION", ENVRES_APP_LIVE_VERSION, SHAPE_CELL },
        { "VERSIONS", ENVRES_APP_VERSIONS, SHAPE_CELL },
        { "PIN", ENVRES_APP_PIN, SHAPE_CELL },
        { "PROTECTED", ENVRES_APP_PROTECTED, SHAPE_FLAG },
    };
    struct json json = { 0 };
    size_t count = envres_list_count(list);
    if (cli->json) {
        json_open(&json, '[');
        for (size_t row = 0; row < count; row++) {
            json_app(&json, list, row);
            json_close(&json, '}');
        }
        json_close(&json, ']');
        return json_print(cli, &json);
    }
    if (count == 0) {
        out_note(cli, "there are no apps yet; `envres app create APP` makes one");
        return 0;
    }
    return table_rows(cli, list, columns, COUNT(columns), 40);
}

int
cmd_app_list(struct cli *cli)
{
    envres_list *list = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_app_list(cli->session, &list, cli->err) < 0)
        return fail_library(cli);
    status = print_list(cli, list);
    envres_list_free(list);
    return status;
}

static int
show_json(struct cli *cli, const envres_list *app, const envres_list *last)
{
    static const struct column columns[] = {
        { "version", ENVRES_LAST_VERSION, SHAPE_CELL },
        { "environment", ENVRES_LAST_ENVIRONMENT, SHAPE_CELL },
        { "time", ENVRES_LAST_TIME, SHAPE_CELL },
    };
    struct json json = { 0 };
    json_app(&json, app, 0);
    json_key(&json, "last");
    if (envres_list_count(last) > 0)
        json_row(&json, last, 0, columns, COUNT(columns));
    else
        json_null(&json);
    json_close(&json, '}');
    return json_print(cli, &json);
}

/* "v3 as 1.2.0, release 5" */
static void
live_cell(struct table *table, const envres_list *app)
{
    const char *version = envres_list_text(app, 0, ENVRES_APP_LIVE_VERSION, NULL);
    const char *tag = envres_list_text(app, 0, ENVRES_APP_LIVE_TAG, NULL);
    struct text cell = { 0 };
    table_word(table, "live", STYLE_DIM);
    if (version) {
        text_printf(&cell, "%s as %s, release %lld", version, tag ? tag : "-",
                    (long long)envres_list_integer(app, 0, ENVRES_APP_LIVE_SEQUENCE));
        table_cell(table, text_get(&cell), cell.len, STYLE_GREEN);
    } else {
        table_word(table, "-", STYLE_DIM);
    }
    text_free(&cell);
}

/* "v3 in staging at 2026-11-21 15:00:00 UTC" */
static void
last_cell(struct table *table, const envres_list *last)
{
    struct text cell = { 0 };
    char time[32];
    if (envres_list_count(last) == 0)
        return;
    time_format(envres_list_integer(last, 0, ENVRES_LAST_TIME), time);
    text_printf(&cell, "%s in %s at %s UTC", envres_list_text(last, 0, ENVRES_LAST_VERSION, NULL),
                envres_list_text(last, 0, ENVRES_LAST_ENVIRONMENT, NULL), time);
    table_word(table, "last opened", STYLE_DIM);
    table_cell(table, text_get(&cell), cell.len, STYLE_PLAIN);
    text_free(&cell);
}

static int
show_table(struct cli *cli, const envres_list *app, const envres_list *last)
{
    static const struct column columns[] = {
        { "app", ENVRES_APP_NAME, SHAPE_CELL },
        { "pin", ENVRES_APP_PIN, SHAPE_CELL },
        { "protected", ENVRES_APP_PROTECTED, SHAPE_FLAG },
        { "versions", ENVRES_APP_VERSIONS, SHAPE_CELL },
        { "made by", ENVRES_APP_AUTHOR, SHAPE_CELL },
        { "made (UTC)", ENVRES_APP_TIME, SHAPE_TIME },
    };
    struct table *table = table_facts(cli, app, 0, columns, COUNT(columns));
    live_cell(table, app);
    last_cell(table, last);
    return table_print(table);
}

int
cmd_app_show(struct cli *cli)
{
    const char *app = argument_at(&cli->parsed, 0);
    envres_list *list = NULL;
    envres_list *last = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_app_describe(cli->session, app, NUL, &list, cli->err) < 0 ||
        envres_version_last(cli->session, app, NUL, &last, cli->err) < 0)
        status = fail_library(cli);
    else
        status = cli->json ? show_json(cli, list, last) : show_table(cli, list, last);
    envres_list_free(list);
    envres_list_free(last);
    return status;
}
