/* SPDX-License-Identifier: MIT */
/*
 * status: one line for each app, or everything about one.
 *
 * The second is one table of the library with rows of four kinds; each kind is picked out of it in
 * its turn. People see the newest versions of an environment and are told how many more there are;
 * JSON has all of them.
 */
#include "commands.h"

#include "findings.h"
#include "opening.h"
#include "output.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#define NUL          ENVRES_NUL_TERMINATED
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SHOWN_VERSIONS = 5 };

static bool
has_text(const envres_list *list, size_t row, uint32_t column, const char *text)
{
    const char *there = envres_list_text(list, row, column, NULL);
    return there && strcmp(there, text) == 0;
}

static const char *
text_of(const envres_list *list, size_t row, uint32_t column)
{
    const char *text = envres_list_text(list, row, column, NULL);
    return text ? text : "-";
}

static bool
is_on_path(const envres_list *environments, size_t row)
{
    return envres_list_type(environments, row, ENVRES_ENVIRONMENT_POSITION) == ENVRES_CELL_INTEGER;
}

static enum style
style_of(const char *state)
{
    if (strcmp(state, "live") == 0)
        return STYLE_GREEN;
    return strcmp(state, "draft") == 0 ? STYLE_YELLOW : STYLE_PLAIN;
}

/* ---- one app: rows ------------------------------------------------------------------------- */

/* The next row of a kind, and of an environment unless that is NULL, from `row` on. */
static size_t
next_row(const envres_list *list, size_t row, const char *kind, const char *environment)
{
    for (; row < envres_list_count(list); row++) {
        if (has_text(list, row, ENVRES_STATUS_ROW, kind) &&
            (!environment || has_text(list, row, ENVRES_STATUS_ENVIRONMENT, environment)))
            break;
    }
    return row;
}

struct rows {
    const envres_list *list;
    const char *kind;
    const char *environment; /* or NULL */
};

/* for (size_t row = first(&rows); is_row(&rows, row); row = next(&rows, row)) */
static size_t
first(const struct rows *rows)
{
    return next_row(rows->list, 0, rows->kind, rows->environment);
}

static bool
is_row(const struct rows *rows, size_t row)
{
    return row < envres_list_count(rows->list);
}

static size_t
next(const struct rows *rows, size_t row)
{
    return next_row(rows->list, row + 1, rows->kind, rows->environment);
}

/* ---- one app: JSON ------------------------------------------------------------------------- */

static void
json_kind(struct json *json, const struct rows *rows, const struct column *columns, size_t count)
{
    json_open(json, '[');
    for (size_t row = first(rows); is_row(rows, row); row = next(rows, row))
        json_row(json, rows->list, row, columns, count);
    json_close(json, ']');
}

static void
json_live(struct json *json, const envres_list *list)
{
    static const struct column columns[] = {
        { "version", ENVRES_STATUS_VERSION, SHAPE_CELL },
        { "tag", ENVRES_STATUS_TAG, SHAPE_CELL },
        { "sequence", ENVRES_STATUS_SEQUENCE, SHAPE_CELL },
        { "environment", ENVRES_STATUS_ENVIRONMENT, SHAPE_CELL },
        { "time", ENVRES_STATUS_TIME, SHAPE_TIME },
    };
    struct rows rows = { list, "live", NULL };
    size_t row = first(&rows);
    json_key(json, "live");
    if (!is_row(&rows, row)) {
        json_null(json);
        return;
    }
    json_row(json, list, row, columns, COUNT(columns));
}

/* Every environment of the path is there, also one that no version has reached. */
static void
json_environments(struct json *json, const envres_list *list, const envres_list *environments)
{
    static const struct column columns[] = {
        { "name", ENVRES_STATUS_VERSION, SHAPE_CELL },
        { "state", ENVRES_STATUS_STATE, SHAPE_CELL },
        { "tag", ENVRES_STATUS_TAG, SHAPE_CELL },
        { "sequence", ENVRES_STATUS_SEQUENCE, SHAPE_CELL },
        { "changed", ENVRES_STATUS_TIME, SHAPE_TIME },
    };
    json_key(json, "environments");
    json_open(json, '{');
    for (size_t i = 0; i < envres_list_count(environments); i++) {
        const char *key = text_of(environments, i, ENVRES_ENVIRONMENT_KEY);
        struct rows rows = { list, "version", key };
        if (!is_row(&rows, first(&rows)) && !is_on_path(environments, i))
            continue;
        json_key(json, key);
        json_kind(json, &rows, columns, COUNT(columns));
    }
    json_close(json, '}');
}

static void
json_differences(struct json *json, const envres_list *list)
{
    static const struct column columns[] = {
        { "version", ENVRES_STATUS_VERSION, SHAPE_CELL },
        { "path", ENVRES_STATUS_PART, SHAPE_CELL },
        { "change", ENVRES_STATUS_STATE, SHAPE_CELL },
    };
    struct rows rows = { list, "difference", NULL };
    json_key(json, "differences");
    json_kind(json, &rows, columns, COUNT(columns));
}

static void
json_findings(struct json *json, const envres_list *list)
{
    static const struct column columns[] = {
        { "environment", ENVRES_STATUS_ENVIRONMENT, SHAPE_CELL },
        { "version", ENVRES_STATUS_VERSION, SHAPE_CELL },
    };
    struct rows rows = { list, "finding", NULL };
    json_key(json, "findings");
    json_open(json, '[');
    for (size_t row = first(&rows); is_row(&rows, row); row = next(&rows, row)) {
        json_open(json, '{');
        finding_json(json, list, row, &status_finding_columns);
        json_columns(json, list, row, columns, COUNT(columns));
        json_close(json, '}');
    }
    json_close(json, ']');
}

static int
print_json(struct cli *cli, const envres_list *list, const envres_list *environments)
{
    struct json json = { 0 };
    json_open(&json, '{');
    json_key(&json, "app");
    json_word(&json, argument_at(&cli->parsed, 0));
    json_live(&json, list);
    json_environments(&json, list, environments);
    json_differences(&json, list);
    json_findings(&json, list);
    json_close(&json, '}');
    return json_print(cli, &json);
}

/* ---- one app: for people ------------------------------------------------------------------- */

static int
print_live(struct cli *cli, const envres_list *list)
{
    struct rows rows = { list, "live", NULL };
    size_t row = first(&rows);
    struct text out = { 0 };
    const char *app = argument_at(&cli->parsed, 0);
    text_puts(&out, cli->color_out ? "\x1b[1m" : "");
    text_add_visible(&out, app, strlen(app));
    text_puts(&out, cli->color_out ? "\x1b[0m: " : ": ");
    if (!is_row(&rows, row)) {
        text_puts(&out, "nothing is live\n\n");
        return out_text(cli, &out);
    }
    char time[32] = { 0 };
    const char *version = text_of(list, row, ENVRES_STATUS_VERSION);
    time_format(envres_list_integer(list, row, ENVRES_STATUS_TIME), time);
    text_printf(&out, "%s%s%s (", cli->color_out ? "\x1b[32m" : "",
                text_of(list, row, ENVRES_STATUS_TAG), cli->color_out ? "\x1b[0m" : "");
    text_add_visible(&out, version, strlen(version));
    text_printf(&out, ") is live, release %lld of %s UTC\n\n",
                (long long)envres_list_integer(list, row, ENVRES_STATUS_SEQUENCE), time);
    return out_text(cli, &out);
}

static void
version_row(struct table *table, const envres_list *list, size_t row, const char *environment)
{
    char time[32] = { 0 };
    const char *state = text_of(list, row, ENVRES_STATUS_STATE);
    time_format(envres_list_integer(list, row, ENVRES_STATUS_TIME), time);
    table_word(table, environment, STYLE_BOLD);
    table_word(table, text_of(list, row, ENVRES_STATUS_VERSION), STYLE_PLAIN);
    table_word(table, state, style_of(state));
    table_word(table, text_of(list, row, ENVRES_STATUS_TAG), STYLE_PLAIN);
    table_word(table, time, STYLE_PLAIN);
}

static void
empty_row(struct table *table, const char *environment, const char *version)
{
    table_word(table, environment, STYLE_BOLD);
    table_word(table, version, STYLE_DIM);
    for (int i = 0; i < 3; i++)
        table_word(table, "", STYLE_PLAIN);
}

/* The newest, and the live one however old it is. */
static int
print_environments(struct cli *cli, const envres_list *list, const envres_list *environments)
{
    static const char *const headings[] = { "ENVIRONMENT", "VERSION", "STATE", "TAG",
                                            "CHANGED (UTC)" };
    struct table *table = table_new(cli, 5, headings, 24);
    for (size_t i = 0; i < envres_list_count(environments); i++) {
        const char *key = text_of(environments, i, ENVRES_ENVIRONMENT_KEY);
        struct rows rows = { list, "version", key };
        size_t shown = 0;
        size_t left_out = 0;
        for (size_t row = first(&rows); is_row(&rows, row); row = next(&rows, row)) {
            bool wanted =
                shown < SHOWN_VERSIONS || has_text(list, row, ENVRES_STATUS_STATE, "live");
            left_out += !wanted;
            if (!wanted)
                continue;
            version_row(table, list, row, shown == 0 ? key : "");
            shown++;
        }
        struct text more = { 0 };
        text_printf(&more, "and %zu more", left_out);
        if (left_out > 0)
            empty_row(table, "", text_get(&more));
        else if (shown == 0 && is_on_path(environments, i))
            empty_row(table, key, "none yet");
        text_free(&more);
    }
    return table_print(table);
}

static int
print_differences(struct cli *cli, const envres_list *list)
{
    struct rows rows = { list, "difference", NULL };
    struct text out = { 0 };
    size_t row = first(&rows);
    if (!is_row(&rows, row))
        return 0;
    struct rows live = { list, "live", NULL };
    const char *ready = text_of(list, row, ENVRES_STATUS_VERSION);
    const char *served = text_of(list, first(&live), ENVRES_STATUS_VERSION);
    text_puts(&out, "\n");
    text_add_visible(&out, ready, strlen(ready));
    text_puts(&out, " is ready; against ");
    text_add_visible(&out, served, strlen(served));
    text_puts(&out, ", which is live:\n");
    for (; is_row(&rows, row); row = next(&rows, row)) {
        const char *path = text_of(list, row, ENVRES_STATUS_PART);
        text_printf(&out, "  %-8s ", text_of(list, row, ENVRES_STATUS_STATE));
        text_add_visible(&out, path, strlen(path));
        text_puts(&out, "\n");
    }
    return out_text(cli, &out);
}

static int
print_findings(struct cli *cli, const envres_list *list)
{
    struct rows rows = { list, "finding", NULL };
    struct text out = { 0 };
    const char *last_environment = "";
    const char *last_version = "";
    for (size_t row = first(&rows); is_row(&rows, row); row = next(&rows, row)) {
        const char *environment = text_of(list, row, ENVRES_STATUS_ENVIRONMENT);
        const char *version = text_of(list, row, ENVRES_STATUS_VERSION);
        if (finding_is_aside(list, row, &status_finding_columns))
            continue;
        if (strcmp(environment, last_environment) != 0 || strcmp(version, last_version) != 0) {
            text_puts(&out, "\nCheck of ");
            text_add_visible(&out, version, strlen(version));
            text_printf(&out, " against %s\n", environment);
        }
        last_environment = environment;
        last_version = version;
        finding_add(&out, list, row, &status_finding_columns, argument_at(&cli->parsed, 0),
                    cli->color_out);
    }
    return out_text(cli, &out);
}

static int
print_people(struct cli *cli, const envres_list *list, const envres_list *environments)
{
    int status = print_live(cli, list);
    if (status == 0)
        status = print_environments(cli, list, environments);
    if (status == 0)
        status = print_differences(cli, list);
    return status ? status : print_findings(cli, list);
}

static int
status_of_one(struct cli *cli, const envres_list *environments)
{
    envres_list *list = NULL;
    if (envres_app_status(cli->session, argument_at(&cli->parsed, 0), NUL, &list, cli->err) < 0)
        return fail_library(cli);
    int status =
        cli->json ? print_json(cli, list, environments) : print_people(cli, list, environments);
    envres_list_free(list);
    return status;
}

/* ---- all apps ------------------------------------------------------------------------------ */

/* The newest version that stands in an environment; the row, or the count of rows. */
static size_t
newest_in(const envres_list *versions, const char *environment)
{
    size_t row = 0;
    while (row < envres_list_count(versions) &&
           !has_text(versions, row, ENVRES_VERSION_STAGE, environment))
        row++;
    return row;
}

static void
app_row(struct table *table, const envres_list *apps, size_t app, const envres_list *versions,
        const envres_list *environments)
{
    const char *tag = envres_list_text(apps, app, ENVRES_APP_LIVE_TAG, NULL);
    struct text live = { 0 };
    if (tag)
        text_printf(&live, "%s (%s)", tag, text_of(apps, app, ENVRES_APP_LIVE_VERSION));
    table_word(table, text_of(apps, app, ENVRES_APP_NAME), STYLE_BOLD);
    table_word(table, tag ? text_get(&live) : "-", tag ? STYLE_GREEN : STYLE_DIM);
    text_free(&live);
    for (size_t i = 0; i < envres_list_count(environments); i++) {
        if (!is_on_path(environments, i))
            continue;
        size_t row = newest_in(versions, text_of(environments, i, ENVRES_ENVIRONMENT_KEY));
        bool found = row < envres_list_count(versions);
        table_word(table, found ? text_of(versions, row, ENVRES_VERSION_NAME) : "-",
                   found ? style_of(text_of(versions, row, ENVRES_VERSION_STATE)) : STYLE_DIM);
    }
}

static void
json_app(struct json *json, const envres_list *apps, size_t app, const envres_list *versions,
         const envres_list *environments)
{
    static const struct column live[] = {
        { "version", ENVRES_APP_LIVE_VERSION, SHAPE_CELL },
        { "tag", ENVRES_APP_LIVE_TAG, SHAPE_CELL },
        { "sequence", ENVRES_APP_LIVE_SEQUENCE, SHAPE_CELL },
    };
    static const struct column columns[] = {
        { "name", ENVRES_VERSION_NAME, SHAPE_CELL },
        { "state", ENVRES_VERSION_STATE, SHAPE_CELL },
        { "tag", ENVRES_VERSION_TAG, SHAPE_CELL },
        { "sequence", ENVRES_VERSION_SEQUENCE, SHAPE_CELL },
        { "changed", ENVRES_VERSION_CHANGED, SHAPE_TIME },
    };
    json_open(json, '{');
    json_key(json, "app");
    json_cell(json, apps, app, ENVRES_APP_NAME);
    json_key(json, "live");
    if (envres_list_text(apps, app, ENVRES_APP_LIVE_TAG, NULL)) {
        json_row(json, apps, app, live, COUNT(live));
    } else {
        json_null(json);
    }
    json_key(json, "environments");
    json_open(json, '{');
    for (size_t i = 0; i < envres_list_count(environments); i++) {
        const char *key = text_of(environments, i, ENVRES_ENVIRONMENT_KEY);
        if (!is_on_path(environments, i))
            continue;
        json_key(json, key);
        json_open(json, '[');
        for (size_t row = 0; row < envres_list_count(versions); row++) {
            if (!has_text(versions, row, ENVRES_VERSION_STAGE, key))
                continue;
            json_row(json, versions, row, columns, COUNT(columns));
        }
        json_close(json, ']');
    }
    json_close(json, '}');
    json_close(json, '}');
}

/* "APP", "LIVE" and the environments of the path. */
static struct table *
apps_table(struct cli *cli, const envres_list *environments)
{
    size_t count = envres_list_count(environments);
    const char **headings = memory_take((count + 2) * sizeof(*headings));
    size_t columns = 2;
    headings[0] = "APP";
    headings[1] = "LIVE";
    for (size_t i = 0; i < count; i++) {
        if (is_on_path(environments, i))
            headings[columns++] = text_of(environments, i, ENVRES_ENVIRONMENT_KEY);
    }
    struct table *table = table_new(cli, columns, headings, 24);
    free(headings);
    return table;
}

static int
print_apps(struct cli *cli, const envres_list *apps, const envres_list *environments)
{
    struct table *table = cli->json ? NULL : apps_table(cli, environments);
    struct json json = { 0 };
    json_open(&json, '[');
    for (size_t app = 0; app < envres_list_count(apps); app++) {
        envres_list *versions = NULL;
        if (envres_version_list(cli->session, text_of(apps, app, ENVRES_APP_NAME), NUL, NULL, 0, 0,
                                &versions, cli->err) < 0) {
            if (table)
                table_free(table);
            text_free(&json.text);
            return fail_library(cli);
        }
        if (table)
            app_row(table, apps, app, versions, environments);
        else
            json_app(&json, apps, app, versions, environments);
        envres_list_free(versions);
    }
    json_close(&json, ']');
    if (!table)
        return json_print(cli, &json);
    text_free(&json.text);
    return table_print(table);
}

static int
status_of_all(struct cli *cli, const envres_list *environments)
{
    envres_list *apps = NULL;
    int status = 0;
    if (envres_app_list(cli->session, &apps, cli->err) < 0)
        return fail_library(cli);
    if (envres_list_count(apps) == 0 && !cli->json)
        out_note(cli, "there are no apps yet; `envres app create APP` makes one");
    else
        status = print_apps(cli, apps, environments);
    envres_list_free(apps);
    return status;
}

int
cmd_status(struct cli *cli)
{
    envres_list *environments = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_environment_list(cli->session, &environments, cli->err) < 0)
        return fail_library(cli);
    status = argument_at(&cli->parsed, 0) ? status_of_one(cli, environments)
                                          : status_of_all(cli, environments);
    envres_list_free(environments);
    return status;
}
