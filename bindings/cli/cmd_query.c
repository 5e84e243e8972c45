/* SPDX-License-Identifier: MIT */
/*
 * query put, get, list, show, render, history, restore, remove; pin, unpin, pins. A query is shown
 * as it was put; what render prints is for a driver, and always JSON.
 */
#include "commands.h"

#include "input.h"
#include "opening.h"
#include "rows.h"
#include "values.h"
#include "versions.h"

#include <stdlib.h>
#include <string.h>

#define NUL          ENVRES_NUL_TERMINATED
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- put ----------------------------------------------------------------------------------- */

static const int32_t param_types[] = { ENVRES_TYPE_STRING, ENVRES_TYPE_INTEGER,
                                       ENVRES_TYPE_NUMBER, ENVRES_TYPE_BOOLEAN,
                                       ENVRES_TYPE_JSON,   ENVRES_TYPE_TIMESTAMP };

static int32_t
param_type(const char *word, size_t len)
{
    for (size_t i = 0; i < COUNT(param_types); i++) {
        const char *name = envres_type_name(param_types[i]);
        if (strlen(name) == len && memcmp(name, word, len) == 0)
            return param_types[i];
    }
    return ENVRES_TYPE_DEFAULT;
}

/* NAME:TYPE, NAME:TYPE? (need not be given), NAME:TYPE=PRESET. */
static int
declare_param(struct cli *cli, const char *word, envres_query_param *out)
{
    size_t name_len = strcspn(word, ":=?");
    const char *type = word + name_len + (word[name_len] == ':' ? 1 : 0);
    size_t type_len = strcspn(type, "=?");
    const char *rest = type + type_len;
    *out = (envres_query_param){ .size = sizeof(*out), .name = word, .name_len = name_len };
    out->type = word[name_len] == ':' ? param_type(type, type_len) : ENVRES_TYPE_DEFAULT;
    if (strcmp(rest, "?") == 0) {
        out->flags = ENVRES_QUERY_PARAM_OPTIONAL;
    } else if (*rest == '=') {
        out->preset = rest + 1;
        out->preset_len = NUL;
    } else if (*rest) {
        out->type = ENVRES_TYPE_DEFAULT;
    }
    if (out->type == ENVRES_TYPE_DEFAULT)
        return fail_usage(cli,
                          "there are: string, integer, number, boolean, json, timestamp; ? behind "
                          "one that need not be given, =PRESET for what it is then",
                          "--param wants NAME:TYPE, not '%s'", word);
    return 0;
}

static int
declare_params(struct cli *cli, envres_query_param **out, size_t *count)
{
    size_t cursor = 0;
    size_t room = cli->parsed.given_count + 1;
    int status = 0;
    *count = 0;
    *out = memory_take(room * sizeof(**out));
    const char *word = option_next(&cli->parsed, OPT_DECLARE, &cursor);
    for (; status == 0 && word; word = option_next(&cli->parsed, OPT_DECLARE, &cursor))
        status = declare_param(cli, word, &(*out)[(*count)++]);
    return status;
}

static int
print_revision(struct cli *cli, const char *name, int64_t revision)
{
    struct json json = { 0 };
    if (!cli->json)
        return 0;
    json_ok(&json);
    json_key(&json, "name");
    json_word(&json, name);
    json_key(&json, "revision");
    json_integer(&json, revision);
    return json_done(cli, &json);
}

/* A request needs no body; everything else is read where no FILE is named too. */
static int
read_text(struct cli *cli, struct text *text, bool *given)
{
    const char *file = argument_at(&cli->parsed, 1);
    bool is_request = option_given(&cli->parsed, OPT_METHOD) ||
                      option_given(&cli->parsed, OPT_PATH) ||
                      option_given(&cli->parsed, OPT_HEADERS);
    *given = file || !is_request;
    return *given ? input_file(cli, file ? file : "-", text) : 0;
}

int
cmd_query_put(struct cli *cli)
{
    const char *name = argument_at(&cli->parsed, 0);
    const char *file = argument_at(&cli->parsed, 1);
    envres_query_param *params = NULL;
    struct text text = { 0 };
    bool has_text = false;
    int64_t revision = 0;
    envres_query_write write = { .size = sizeof(write),
                                 .name = name,
                                 .name_len = NUL,
                                 .method_len = NUL,
                                 .path_len = NUL,
                                 .headers_len = NUL,
                                 .resource_len = NUL };
    write.resource = option_value(&cli->parsed, OPT_RESOURCE);
    write.method = option_value(&cli->parsed, OPT_METHOD);
    write.path = option_value(&cli->parsed, OPT_PATH);
    write.headers = option_value(&cli->parsed, OPT_HEADERS);
    int status = declare_params(cli, &params, &write.count);
    if (status == 0)
        status = open_session(cli);
    if (status == 0)
        status = read_text(cli, &text, &has_text);
    write.text = has_text ? text_get(&text) : NULL;
    write.text_len = text.len;
    write.params = params;
    envres_change change = change_of(cli, 0);
    if (status == 0 && envres_query_put(cli->session, &write, &change, &revision, cli->err) < 0)
        status = fail_resolving(cli, has_text ? (file ? file : "<stdin>") : NULL);
    free(params);
    text_free(&text);
    return status ? status : print_revision(cli, name, revision);
}

/* ---- one revision -------------------------------------------------------------------------- */

static int
read_revision(struct cli *cli, int64_t *out)
{
    const char *word = option_value(&cli->parsed, OPT_QUERY_REVISION);
    size_t len = word ? strlen(word) : 0;
    *out = 0;
    if (!word)
        return 0;
    if (len == 0 || len > 18 || strspn(word, "0123456789") != len || word[0] == '0')
        return fail_usage(cli, "`envres query history` shows them",
                          "--revision needs a number from 1, not '%s'", word);
    *out = strtoll(word, NULL, 10);
    return 0;
}

static int
open_query(struct cli *cli, envres_query **out)
{
    const char *name = argument_at(&cli->parsed, 0);
    int64_t revision = 0;
    int status = read_revision(cli, &revision);
    if (status == 0)
        status = open_session(cli);
    if (status == 0 && envres_query_open(cli->session, name, NUL, revision, out, cli->err) < 0)
        status = fail_library(cli);
    return status;
}

int
cmd_query_get(struct cli *cli)
{
    envres_query *query = NULL;
    size_t len = 0;
    int status = open_query(cli, &query);
    if (status)
        return status;
    const char *text = envres_query_text(query, ENVRES_QUERY_TEXT, &len);
    status = out_write(cli, text, len);
    envres_query_free(query);
    return status;
}

static const struct {
    const char *key;
    uint32_t which;
} texts[] = {
    { "method", ENVRES_QUERY_METHOD },
    { "path", ENVRES_QUERY_PATH },
    { "headers", ENVRES_QUERY_HEADERS },
    { "text", ENVRES_QUERY_TEXT },
};

static const struct column param_columns[] = {
    { "name", ENVRES_QUERY_PARAM_NAME, SHAPE_CELL },
    { "type", ENVRES_QUERY_PARAM_TYPE, SHAPE_CELL },
    { "required", ENVRES_QUERY_PARAM_REQUIRED, SHAPE_FLAG },
    { "preset", ENVRES_QUERY_PARAM_PRESET, SHAPE_CELL },
};

static int
show_json(struct cli *cli, const envres_query *query, const envres_list *params)
{
    struct json json = { 0 };
    json_open(&json, '{');
    json_key(&json, "name");
    json_word(&json, argument_at(&cli->parsed, 0));
    json_key(&json, "revision");
    json_integer(&json, envres_query_revision(query));
    json_key(&json, "resource");
    json_word(&json, envres_query_resource(query));
    json_key(&json, "kind");
    json_word(&json, envres_query_kind(query));
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t len = 0;
        const char *text = envres_query_text(query, texts[i].which, &len);
        if (len == 0)
            continue;
        json_key(&json, texts[i].key);
        json_string(&json, text, len);
    }
    json_key(&json, "params");
    json_open(&json, '[');
    for (size_t row = 0; row < envres_list_count(params); row++)
        json_row(&json, params, row, param_columns, COUNT(param_columns));
    json_close(&json, ']');
    json_close(&json, '}');
    return json_print(cli, &json);
}

static int
show_text(struct cli *cli, const envres_query *query, const envres_list *params)
{
    struct text out = { 0 };
    text_printf(&out, "%s, revision %lld, for %s (%s)\n", argument_at(&cli->parsed, 0),
                (long long)envres_query_revision(query), envres_query_resource(query),
                envres_query_kind(query));
    for (size_t row = 0; row < envres_list_count(params); row++) {
        size_t len = 0;
        const char *preset = envres_list_text(params, row, ENVRES_QUERY_PARAM_PRESET, &len);
        text_printf(&out, "  %s:%s%s", envres_list_text(params, row, ENVRES_QUERY_PARAM_NAME, NULL),
                    envres_list_text(params, row, ENVRES_QUERY_PARAM_TYPE, NULL),
                    preset                                                          ? "="
                    : envres_list_integer(params, row, ENVRES_QUERY_PARAM_REQUIRED) ? ""
                                                                                    : "?");
        text_add_visible(&out, preset ? preset : "", len);
        text_puts(&out, "\n");
    }
    for (size_t i = 0; i + 1 < COUNT(texts); i++) {
        size_t len = 0;
        const char *text = envres_query_text(query, texts[i].which, &len);
        if (len == 0)
            continue;
        text_printf(&out, "%s: ", texts[i].key);
        text_add_visible(&out, text, len);
        text_puts(&out, "\n");
    }
    size_t len = 0;
    const char *text = envres_query_text(query, ENVRES_QUERY_TEXT, &len);
    text_add(&out, text, len);
    if (len > 0 && text[len - 1] != '\n')
        text_puts(&out, "\n");
    return out_text(cli, &out);
}

int
cmd_query_show(struct cli *cli)
{
    envres_query *query = NULL;
    envres_list *params = NULL;
    int status = open_query(cli, &query);
    if (status)
        return status;
    if (envres_query_params(query, &params, cli->err) < 0)
        status = fail_library(cli);
    else
        status = cli->json ? show_json(cli, query, params) : show_text(cli, query, params);
    envres_list_free(params);
    envres_query_free(query);
    return status;
}

/* ---- render -------------------------------------------------------------------------------- */

static int
give_params(struct cli *cli, envres_params *params)
{
    size_t cursor = 0;
    const char *word = option_next(&cli->parsed, OPT_GIVE, &cursor);
    for (; word; word = option_next(&cli->parsed, OPT_GIVE, &cursor)) {
        size_t len = strcspn(word, "=");
        if (!word[len])
            return fail_usage(cli, NULL, "--param wants K=V, not '%s'", word);
        if (envres_params_set(params, word, len, ENVRES_TYPE_STRING, word + len + 1, NUL, 0,
                              cli->err) < 0)
            return fail_library(cli);
    }
    cursor = 0;
    word = option_next(&cli->parsed, OPT_QUERY_IDENT, &cursor);
    for (; word; word = option_next(&cli->parsed, OPT_QUERY_IDENT, &cursor)) {
        if (envres_params_allow(params, word, NUL, cli->err) < 0)
            return fail_library(cli);
    }
    return 0;
}

static int
print_request(struct cli *cli, const envres_query_result *result)
{
    struct json json = { 0 };
    json_open(&json, '{');
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t len = 0;
        const envres_value *value = envres_query_result_text(result, texts[i].which);
        const char *data = envres_value_data(value, &len);
        if (!value)
            continue;
        json_key(&json, texts[i].which == ENVRES_QUERY_TEXT ? "body" : texts[i].key);
        json_string(&json, data, len);
    }
    json_close(&json, '}');
    return json_print(cli, &json);
}

static int
print_result(struct cli *cli, const envres_query_result *result)
{
    struct json json = { 0 };
    if (!envres_query_result_statement(result))
        return print_request(cli, result);
    json_statement(&json, envres_query_result_statement(result));
    return json_print(cli, &json);
}

/* The newest revision or the one that is named; of an app, what its version uses. */
static int
open_rendered(struct cli *cli, envres_query **query, envres_scope **scope)
{
    bool is_of_app = option_given(&cli->parsed, OPT_APP);
    int status = 0;
    if (is_of_app && option_given(&cli->parsed, OPT_QUERY_REVISION))
        return fail_usage(cli, NULL, "with --app the version says which revision it is");
    if (!is_of_app)
        status = open_query(cli, query);
    if (status == 0)
        status = open_app_scope(cli, scope);
    if (status == 0 && is_of_app &&
        envres_scope_query(*scope, argument_at(&cli->parsed, 0), NUL, query, cli->err) < 0)
        status = fail_library(cli);
    return status;
}

int
cmd_query_render(struct cli *cli)
{
    envres_scope *scope = NULL;
    envres_query *query = NULL;
    envres_query_result *result = NULL;
    envres_params *params = envres_params_new(NULL);
    envres_query_options options = { .size = sizeof(options),
                                     .flags = ENVRES_QUERY_READ_STRINGS,
                                     .params = params };
    int status = params ? 0 : fail_code(cli, ENVRES_E_NOMEM, NULL, "out of memory");
    if (option_given(&cli->parsed, OPT_NO_SECRETS))
        options.flags |= ENVRES_QUERY_NO_SECRETS;
    if (status == 0)
        status = give_params(cli, params);
    if (status == 0)
        status = open_rendered(cli, &query, &scope);
    if (status == 0 && envres_query_render(query, scope, &options, &result, cli->err) < 0)
        status = fail_resolving(cli, argument_at(&cli->parsed, 0));
    if (status == 0)
        status = print_result(cli, result);
    envres_query_result_free(result);
    envres_query_free(query);
    envres_params_free(params);
    envres_scope_unref(scope);
    return status;
}

/* ---- lists and changes --------------------------------------------------------------------- */

int
cmd_query_list(struct cli *cli)
{
    static const struct column columns[] = {
        { "name", ENVRES_QUERY_LIST_NAME, SHAPE_CELL },
        { "resource", ENVRES_QUERY_LIST_RESOURCE, SHAPE_CELL },
        { "kind", ENVRES_QUERY_LIST_KIND, SHAPE_CELL },
        { "revision", ENVRES_QUERY_LIST_REVISION, SHAPE_CELL },
        { "params", ENVRES_QUERY_LIST_PARAMS, SHAPE_CELL },
        { "author", ENVRES_QUERY_LIST_AUTHOR, SHAPE_CELL },
        { "time", ENVRES_QUERY_LIST_TIME, SHAPE_TIME },
    };
    envres_list *list = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_query_list(cli->session, &list, cli->err) < 0)
        return fail_library(cli);
    if (cli->json)
        status = json_rows(cli, list, columns, COUNT(columns));
    else if (envres_list_count(list) == 0)
        out_note(cli, "there are no queries");
    else
        status = table_rows(cli, list, columns, COUNT(columns), 60);
    envres_list_free(list);
    return status;
}

int
cmd_query_history(struct cli *cli)
{
    static const struct column columns[] = {
        { "revision", ENVRES_QUERY_HISTORY_REVISION, SHAPE_CELL },
        { "resource", ENVRES_QUERY_HISTORY_RESOURCE, SHAPE_CELL },
        { "author", ENVRES_QUERY_HISTORY_AUTHOR, SHAPE_CELL },
        { "time", ENVRES_QUERY_HISTORY_TIME, SHAPE_TIME },
        { "restored", ENVRES_QUERY_HISTORY_RESTORED, SHAPE_CELL },
    };
    envres_list *list = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_query_history(cli->session, argument_at(&cli->parsed, 0), NUL, &list, cli->err) < 0)
        return fail_library(cli);
    if (cli->json)
        status = json_rows(cli, list, columns, COUNT(columns));
    else
        status = table_rows(cli, list, columns, COUNT(columns), 60);
    envres_list_free(list);
    return status;
}

int
cmd_query_restore(struct cli *cli)
{
    const char *name = argument_at(&cli->parsed, 0);
    int64_t revision = 0;
    int64_t made = 0;
    int status = read_revision(cli, &revision);
    if (status == 0)
        status = open_session(cli);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    if (envres_query_restore(cli->session, name, NUL, revision, &change, &made, cli->err) < 0)
        return fail_library(cli);
    return print_revision(cli, name, made);
}

int
cmd_query_remove(struct cli *cli)
{
    const char *name = argument_at(&cli->parsed, 0);
    struct json json = { 0 };
    int status = open_session(cli);
    if (status)
        return status;
    envres_change change =
        change_of(cli, option_given(&cli->parsed, OPT_FORCE) ? ENVRES_CHANGE_FORCE : 0);
    if (envres_query_remove(cli->session, name, NUL, &change, cli->err) < 0)
        return fail_library(cli);
    if (!cli->json)
        return 0;
    json_ok(&json);
    json_key(&json, "name");
    json_word(&json, name);
    return json_done(cli, &json);
}

/* ---- what a version uses ------------------------------------------------------------------- */

/* Which version it was, where none was named, and what is true now; or
 * {"ok":true,"version":"v2","name":"find"}. */
static int
print_pinned(struct cli *cli, const char *version, bool pins, int64_t revision)
{
    struct json json = { 0 };
    const char *app = argument_at(&cli->parsed, 0);
    const char *query = argument_at(&cli->parsed, 1);
    if (!cli->json && !pins)
        return out_say(cli, "%s of %s does not use %s any more", version, app, query);
    if (!cli->json && revision)
        return out_say(cli, "%s of %s uses %s: revision %lld", version, app, query,
                       (long long)revision);
    if (!cli->json)
        return out_say(cli, "%s of %s uses %s: the newest revision, until %s is frozen", version,
                       app, query, version);
    json_ok(&json);
    json_key(&json, "version");
    json_word(&json, version);
    json_key(&json, "name");
    json_word(&json, query);
    return json_done(cli, &json);
}

static int
change_pin(struct cli *cli, bool pins, int64_t revision)
{
    const char *query = argument_at(&cli->parsed, 1);
    char *version = NULL;
    int status = open_session(cli);
    if (status == 0)
        status = version_of_parts(cli, &version);
    if (status)
        return status;
    envres_version_name name = version_named(argument_at(&cli->parsed, 0), version);
    envres_change change = change_of(cli, 0);
    envres_status st =
        pins ? envres_query_pin(cli->session, &name, query, NUL, revision, &change, cli->err)
             : envres_query_unpin(cli->session, &name, query, NUL, &change, cli->err);
    status = st < 0 ? fail_library(cli) : print_pinned(cli, version, pins, revision);
    free(version);
    return status;
}

int
cmd_query_pin(struct cli *cli)
{
    int64_t revision = 0;
    int status = read_revision(cli, &revision);
    return status ? status : change_pin(cli, true, revision);
}

int
cmd_query_unpin(struct cli *cli)
{
    return change_pin(cli, false, 0);
}

int
cmd_query_pins(struct cli *cli)
{
    static const struct column columns[] = {
        { "name", ENVRES_QUERY_PIN_NAME, SHAPE_CELL },
        { "resource", ENVRES_QUERY_PIN_RESOURCE, SHAPE_CELL },
        { "revision", ENVRES_QUERY_PIN_REVISION, SHAPE_CELL },
        { "follows", ENVRES_QUERY_PIN_FOLLOWS, SHAPE_FLAG },
        { "newest", ENVRES_QUERY_PIN_NEWEST, SHAPE_CELL },
    };
    envres_list *list = NULL;
    char *version = NULL;
    int status = open_session(cli);
    if (status == 0)
        status = version_of_parts(cli, &version);
    if (status)
        return status;
    envres_version_name name = version_named(argument_at(&cli->parsed, 0), version);
    if (envres_query_pins(cli->session, &name, &list, cli->err) < 0)
        status = fail_library(cli);
    else if (cli->json)
        status = json_rows(cli, list, columns, COUNT(columns));
    else if (envres_list_count(list) == 0)
        out_note(cli, "version '%s' uses no queries", version);
    else
        status = table_rows(cli, list, columns, COUNT(columns), 60);
    envres_list_free(list);
    free(version);
    return status;
}
