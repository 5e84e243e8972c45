/* SPDX-License-Identifier: MIT */
/* request list, show, approve, withdraw, run: what waits for the approval of others. */
#include "commands.h"

#include "opening.h"
#include "output.h"
#include "rows.h"

#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Names, one in a line, as an array. */
static void
json_names(struct json *json, const char *key, const envres_list *list, size_t row, uint32_t column)
{
    const char *text = envres_list_text(list, row, column, NULL);
    json_key(json, key);
    json_open(json, '[');
    while (text && *text) {
        size_t len = strcspn(text, "\n");
        json_string(json, text, len);
        text += len + (text[len] != '\0');
    }
    json_close(json, ']');
}

static void
json_request(struct json *json, const envres_list *list, size_t row)
{
    static const struct column columns[] = {
        { "id", ENVRES_REQUEST_ID, SHAPE_CELL },
        { "action", ENVRES_REQUEST_ACTION, SHAPE_CELL },
        { "object", ENVRES_REQUEST_OBJECT, SHAPE_CELL },
        { "environment", ENVRES_REQUEST_ENVIRONMENT, SHAPE_CELL },
        { "digest", ENVRES_REQUEST_DIGEST, SHAPE_CELL },
        { "needed", ENVRES_REQUEST_NEEDED, SHAPE_CELL },
        { "state", ENVRES_REQUEST_STATE, SHAPE_CELL },
        { "requester", ENVRES_REQUEST_REQUESTER, SHAPE_CELL },
        { "reason", ENVRES_REQUEST_REASON, SHAPE_CELL },
        { "time", ENVRES_REQUEST_TIME, SHAPE_CELL },
        { "expires", ENVRES_REQUEST_EXPIRES, SHAPE_CELL },
    };
    json_open(json, '{');
    json_columns(json, list, row, columns, COUNT(columns));
    json_names(json, "given", list, row, ENVRES_REQUEST_GIVEN);
    json_names(json, "may_approve", list, row, ENVRES_REQUEST_MAY_APPROVE);
    json_close(json, '}');
}

/* "ann, ben" of names in lines; "-" for none. */
static void
names_cell(struct table *table, const envres_list *list, size_t row, uint32_t column)
{
    const char *text = envres_list_text(list, row, column, NULL);
    struct text out = { 0 };
    for (; text && *text; text++)
        text_add(&out, *text == '\n' ? ", " : text, *text == '\n' ? 2 : 1);
    if (out.len)
        table_cell(table, text_get(&out), out.len, STYLE_PLAIN);
    else
        table_word(table, "-", STYLE_DIM);
    text_free(&out);
}

static int
print_list(struct cli *cli, const envres_list *list)
{
    static const char *const headings[] = { "REQUEST", "ACTION", "OBJECT",   "ENVIRONMENT",
                                            "STATE",   "NEEDED", "APPROVED", "REQUESTER" };
    static const struct column columns[] = {
        { "id", ENVRES_REQUEST_ID, SHAPE_DIGEST },
        { "action", ENVRES_REQUEST_ACTION, SHAPE_CELL },
        { "object", ENVRES_REQUEST_OBJECT, SHAPE_CELL },
        { "environment", ENVRES_REQUEST_ENVIRONMENT, SHAPE_CELL },
        { "state", ENVRES_REQUEST_STATE, SHAPE_CELL },
        { "needed", ENVRES_REQUEST_NEEDED, SHAPE_CELL },
    };
    static const struct column requester = { "requester", ENVRES_REQUEST_REQUESTER, SHAPE_CELL };
    struct table *table = table_new(cli, COUNT(headings), headings, 40);
    for (size_t row = 0; row < envres_list_count(list); row++) {
        for (size_t i = 0; i < COUNT(columns); i++)
            table_column(table, list, row, &columns[i]);
        names_cell(table, list, row, ENVRES_REQUEST_GIVEN);
        table_column(table, list, row, &requester);
    }
    return table_print(table);
}

int
cmd_request_list(struct cli *cli)
{
    struct json json = { 0 };
    envres_list *list = NULL;
    uint32_t flags = option_given(&cli->parsed, OPT_ALL_REQUESTS) ? ENVRES_REQUEST_ALL : 0;
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_request_list(cli->session, flags, &list, cli->err) < 0)
        return fail_library(cli);
    if (cli->json) {
        json_open(&json, '[');
        for (size_t row = 0; row < envres_list_count(list); row++)
            json_request(&json, list, row);
        json_close(&json, ']');
        status = json_print(cli, &json);
    } else if (envres_list_count(list) == 0) {
        out_note(cli, "nothing waits for approval");
    } else {
        status = print_list(cli, list);
    }
    envres_list_free(list);
    return status;
}

static int
print_one(struct cli *cli, const envres_list *list)
{
    static const struct column columns[] = {
        { "request", ENVRES_REQUEST_ID, SHAPE_CELL },
        { "action", ENVRES_REQUEST_ACTION, SHAPE_CELL },
        { "object", ENVRES_REQUEST_OBJECT, SHAPE_CELL },
        { "environment", ENVRES_REQUEST_ENVIRONMENT, SHAPE_CELL },
        { "state", ENVRES_REQUEST_STATE, SHAPE_CELL },
        { "requester", ENVRES_REQUEST_REQUESTER, SHAPE_CELL },
        { "reason", ENVRES_REQUEST_REASON, SHAPE_CELL },
        { "asked for", ENVRES_REQUEST_TIME, SHAPE_TIME },
        { "expires", ENVRES_REQUEST_EXPIRES, SHAPE_TIME },
        { "digest", ENVRES_REQUEST_DIGEST, SHAPE_CELL },
        { "needed", ENVRES_REQUEST_NEEDED, SHAPE_CELL },
    };
    struct json json = { 0 };
    if (cli->json) {
        json_request(&json, list, 0);
        return json_print(cli, &json);
    }
    struct table *table = table_facts(cli, list, 0, columns, COUNT(columns));
    table_word(table, "approved by", STYLE_DIM);
    names_cell(table, list, 0, ENVRES_REQUEST_GIVEN);
    table_word(table, "may approve", STYLE_DIM);
    names_cell(table, list, 0, ENVRES_REQUEST_MAY_APPROVE);
    return table_print(table);
}

static int
read_one(struct cli *cli, envres_list **out)
{
    const char *id = argument_at(&cli->parsed, 0);
    return envres_request_show(cli->session, id, ENVRES_NUL_TERMINATED, out, cli->err) < 0
               ? fail_library(cli)
               : 0;
}

int
cmd_request_show(struct cli *cli)
{
    envres_list *list = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    status = read_one(cli, &list);
    if (status == 0)
        status = print_one(cli, list);
    envres_list_free(list);
    return status;
}

/* What became of it, for people and for programs. */
static int
print_state(struct cli *cli, const char *done)
{
    struct json json = { 0 };
    envres_list *list = NULL;
    int status = read_one(cli, &list);
    if (status)
        return status;
    const char *action = envres_list_text(list, 0, ENVRES_REQUEST_ACTION, NULL);
    const char *object = envres_list_text(list, 0, ENVRES_REQUEST_OBJECT, NULL);
    const char *state = envres_list_text(list, 0, ENVRES_REQUEST_STATE, NULL);
    if (cli->json) {
        json_ok(&json);
        json_key(&json, "request");
        json_request(&json, list, 0);
        status = json_done(cli, &json);
    } else {
        out_note(cli, "%s: %s %s%s", done, action, object,
                 strcmp(state, "approved") == 0 ? "; enough have approved, who asked can run it"
                                                : "");
    }
    envres_list_free(list);
    return status;
}

int
cmd_request_approve(struct cli *cli)
{
    int status = open_session(cli);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    if (envres_request_approve(cli->session, argument_at(&cli->parsed, 0), ENVRES_NUL_TERMINATED,
                               &change, cli->err) < 0)
        return fail_library(cli);
    return print_state(cli, "approved");
}

int
cmd_request_withdraw(struct cli *cli)
{
    int status = open_session(cli);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    if (envres_request_withdraw(cli->session, argument_at(&cli->parsed, 0), ENVRES_NUL_TERMINATED,
                                &change, cli->err) < 0)
        return fail_library(cli);
    return print_state(cli, "withdrawn");
}

/* The request is read before it is run: one that removes its environment goes with it. */
int
cmd_request_run(struct cli *cli)
{
    struct json json = { 0 };
    envres_list *list = NULL;
    int64_t revision = 0;
    int status = open_session(cli);
    if (status == 0)
        status = read_one(cli, &list);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    if (envres_request_run(cli->session, argument_at(&cli->parsed, 0), ENVRES_NUL_TERMINATED,
                           &change, &revision, cli->err) < 0) {
        envres_list_free(list);
        return fail_library(cli);
    }
    const char *action = envres_list_text(list, 0, ENVRES_REQUEST_ACTION, NULL);
    const char *object = envres_list_text(list, 0, ENVRES_REQUEST_OBJECT, NULL);
    if (cli->json) {
        json_ok(&json);
        json_key(&json, "id");
        json_cell(&json, list, 0, ENVRES_REQUEST_ID);
        json_key(&json, "action");
        json_word(&json, action);
        json_key(&json, "object");
        json_word(&json, object);
        json_key(&json, "revision");
        json_integer(&json, revision);
        status = json_done(cli, &json);
    } else {
        out_note(cli, "done: %s %s", action, object);
    }
    envres_list_free(list);
    return status;
}
