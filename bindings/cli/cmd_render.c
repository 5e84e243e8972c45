/* SPDX-License-Identifier: MIT */
/*
 * render and explain. The text comes from a file, standard input or a part of an app, byte for
 * byte; nothing is added to what comes out. Positions in errors are those of the text, in the form
 * that editors read.
 */
#include "commands.h"

#include "files.h"
#include "input.h"
#include "opening.h"
#include "output.h"
#include "values.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- parameters ---------------------------------------------------------------------------- */

static int32_t
type_of(const char *word, size_t len)
{
    for (int32_t type = ENVRES_TYPE_STRING; type <= ENVRES_TYPE_NULL; type++) {
        const char *name = envres_type_name(type);
        if (strlen(name) == len && memcmp(name, word, len) == 0 && type != ENVRES_TYPE_TEMPLATE)
            return type;
    }
    return -1;
}

/* K=V, or K:TYPE=V. A name has no colon, so the two cannot be confused. */
static int
take_param(struct cli *cli, envres_params *params, const char *word)
{
    size_t name_len = strcspn(word, ":=");
    const char *equals = strchr(word, '=');
    int32_t type = ENVRES_TYPE_STRING;
    if (!equals)
        return fail_usage(cli, "write --param NAME=VALUE, or NAME:TYPE=VALUE",
                          "--param '%s' has no value", word);
    if (word[name_len] == ':')
        type = type_of(word + name_len + 1, (size_t)(equals - word) - name_len - 1);
    if (type < 0)
        return fail_usage(cli, "there are: string, number, boolean, json, null",
                          "--param %.*s has no such type", (int)(equals - word), word);
    if (envres_params_set(params, word, name_len, type, equals + 1, strlen(equals + 1), 0,
                          cli->err) < 0)
        return fail_library(cli);
    return 0;
}

static int
take_params(struct cli *cli, envres_params **out)
{
    size_t cursor = 0;
    *out = envres_params_new(NULL);
    if (!*out)
        return fail_code(cli, ENVRES_E_NOMEM, NULL, "out of memory");
    const char *word = option_next(&cli->parsed, OPT_PARAM, &cursor);
    int status = 0;
    for (; status == 0 && word; word = option_next(&cli->parsed, OPT_PARAM, &cursor))
        status = take_param(cli, *out, word);
    cursor = 0;
    word = option_next(&cli->parsed, OPT_IDENT, &cursor);
    for (; status == 0 && word; word = option_next(&cli->parsed, OPT_IDENT, &cursor)) {
        if (envres_params_allow(*out, word, ENVRES_NUL_TERMINATED, cli->err) < 0)
            status = fail_library(cli);
    }
    return status;
}

/* ---- render -------------------------------------------------------------------------------- */

/* What is rendered, borrowed from a file that was read or from the scope. */
struct source {
    const char *name; /* for positions */
    const char *data;
    size_t len;
    bool is_part;
};

/* As the check before a release reads such a part. */
static bool
is_json_path(const char *path)
{
    static const char ending[] = ".json";
    size_t len = strlen(path);
    size_t want = sizeof(ending) - 1;
    if (len < want)
        return false;
    for (size_t i = 0; i < want; i++) {
        char c = path[len - want + i];
        if ((c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c) != ending[i])
            return false;
    }
    return true;
}

/* The place of an option's word in a row of them; `none` where the option was not given. */
static uint32_t
word_of(const struct cli *cli, enum option_id id, const char *const *words, uint32_t count,
        uint32_t none)
{
    const char *word = option_value(&cli->parsed, id);
    for (uint32_t i = 0; word && i < count; i++) {
        if (words[i] && strcmp(words[i], word) == 0)
            return i;
    }
    return none;
}

static uint32_t
context_of(const struct cli *cli, const struct source *source)
{
    static const char *const names[] = { [ENVRES_CONTEXT_TEXT] = "text",
                                         [ENVRES_CONTEXT_JSON] = "json",
                                         [ENVRES_CONTEXT_URL] = "url",
                                         [ENVRES_CONTEXT_SHELL] = "shell",
                                         [ENVRES_CONTEXT_SQL] = "sql" };
    bool is_json = source->is_part && is_json_path(source->name);
    return word_of(cli, OPT_CONTEXT, names, sizeof(names) / sizeof(names[0]),
                   is_json ? ENVRES_CONTEXT_JSON : ENVRES_CONTEXT_TEXT);
}

static bool
is_sql(const struct cli *cli)
{
    const char *word = option_value(&cli->parsed, OPT_CONTEXT);
    return word && strcmp(word, "sql") == 0;
}

/* The options of SQL belong together. */
static int
check_options(struct cli *cli)
{
    static const enum option_id of_sql[] = { OPT_DIALECT, OPT_STYLE, OPT_IDENT };
    if (is_sql(cli) && !option_given(&cli->parsed, OPT_DIALECT))
        return fail_usage(cli, "there are: postgres, mysql, sqlite",
                          "--context sql needs --dialect");
    for (size_t i = 0; !is_sql(cli) && i < sizeof(of_sql) / sizeof(of_sql[0]); i++) {
        if (option_given(&cli->parsed, of_sql[i]))
            return fail_usage(cli, "add --context sql", "--%s is for SQL",
                              option_rows[of_sql[i]].name);
    }
    return 0;
}

static envres_template_options
parse_options(const struct cli *cli, const struct source *source)
{
    static const char *const dialects[] = { [ENVRES_DIALECT_POSTGRES] = "postgres",
                                            [ENVRES_DIALECT_MYSQL] = "mysql",
                                            [ENVRES_DIALECT_SQLITE] = "sqlite" };
    static const char *const styles[] = { [ENVRES_STYLE_DOLLAR] = "dollar",
                                          [ENVRES_STYLE_QMARK] = "qmark",
                                          [ENVRES_STYLE_COLON] = "colon" };
    envres_template_options how = { .size = sizeof(how), .context = context_of(cli, source) };
    how.flags = ENVRES_TEMPLATE_BORROW;
    if (option_given(&cli->parsed, OPT_STRICT))
        how.flags |= ENVRES_TEMPLATE_STRICT;
    how.dialect = word_of(cli, OPT_DIALECT, dialects, sizeof(dialects) / sizeof(dialects[0]), 0);
    how.style = word_of(cli, OPT_STYLE, styles, sizeof(styles) / sizeof(styles[0]), 0);
    return how;
}

/* What came of it: one of the two. */
struct result {
    envres_value *value;
    envres_statement *statement;
};

/* What is made of such a part goes to everybody. */
static bool
is_public(const envres_scope *scope, const struct source *source)
{
    return source->is_part &&
           envres_scope_part_is_public(scope, source->name, ENVRES_NUL_TERMINATED);
}

static envres_status
render_source(struct cli *cli, const envres_scope *scope, const struct source *source,
              const envres_params *params, struct result *out)
{
    envres_template_options how = parse_options(cli, source);
    envres_render_options options = { .size = sizeof(options), .params = params };
    if (option_given(&cli->parsed, OPT_NO_SECRETS) || is_public(scope, source))
        options.flags = ENVRES_RENDER_NO_SECRETS;
    envres_template *template = NULL;
    envres_status code =
        envres_template_parse(source->data, source->len, &how, &template, cli->err);
    if (code == ENVRES_OK && how.context == ENVRES_CONTEXT_SQL)
        code = envres_template_prepare(template, scope, &options, &out->statement, cli->err);
    else if (code == ENVRES_OK)
        code = envres_template_render(template, scope, &options, &out->value, cli->err);
    envres_template_unref(template);
    return code;
}

static int
json_value(struct cli *cli, const envres_value *value, struct json *json)
{
    size_t len = 0;
    const char *data = envres_value_data(value, &len);
    json_open(json, '{');
    json_key(json, "text");
    json_string(json, data, len);
    json_key(json, "secret");
    json_boolean(json, envres_value_is_secret(value) != 0);
    json_key(json, "ranges");
    json_open(json, '[');
    for (size_t i = 0; i < envres_value_range_count(value); i++) {
        size_t start = 0;
        size_t end = 0;
        if (envres_value_range(value, i, &start, &end, cli->err) < 0)
            return fail_library(cli);
        json_open(json, '[');
        json_integer(json, (int64_t)start);
        json_integer(json, (int64_t)end);
        json_close(json, ']');
    }
    json_close(json, ']');
    json_close(json, '}');
    text_puts(&json->text, "\n");
    return 0;
}

static int
write_out(struct cli *cli, const struct result *result)
{
    const char *path = option_value(&cli->parsed, OPT_OUTPUT);
    struct json json = { 0 };
    size_t len = 0;
    const char *data = envres_value_data(result->value, &len);
    bool is_json = cli->json || result->statement;
    int status = 0;
    if (result->statement) {
        json_statement(&json, result->statement);
        text_puts(&json.text, "\n");
    } else if (cli->json) {
        status = json_value(cli, result->value, &json);
    }
    if (is_json) {
        data = text_get(&json.text);
        len = json.text.len;
    }
    if (status == 0 && path && strcmp(path, "-") != 0)
        status = file_write(cli, path, data, len);
    else if (status == 0)
        status = out_write(cli, data, len);
    text_free(&json.text);
    return status;
}

/* FILE is a part where --app is given, else a file; "-" and none are standard input. */
static int
take_source(struct cli *cli, const envres_scope *scope, struct text *text, struct source *out)
{
    const char *path = argument_at(&cli->parsed, 0);
    bool from_input = !path || strcmp(path, "-") == 0;
    bool of_app = option_given(&cli->parsed, OPT_APP);
    out->name = from_input ? "<stdin>" : path;
    if (of_app && !from_input) {
        out->is_part = true;
        if (envres_scope_part(scope, path, ENVRES_NUL_TERMINATED, &out->data, &out->len, cli->err) <
            0)
            return fail_library(cli);
        return 0;
    }
    if (of_app && !path && isatty(STDIN_FILENO))
        return fail_usage(cli, "`envres part list APP` lists them; - is standard input",
                          "name a part to render");
    int status = input_file(cli, from_input ? "-" : path, text);
    out->data = text_get(text);
    out->len = text->len;
    return status;
}

/* Why a secret is refused that nobody asked to be. */
static int
fail_render(struct cli *cli, const envres_scope *scope, const struct source *source)
{
    bool sink = envres_error_code(cli->err) == ENVRES_E_SECRET_SINK;
    if (sink && !option_given(&cli->parsed, OPT_NO_SECRETS) && is_public(scope, source))
        out_note(cli, "the part is marked public, and so must not hold secrets");
    return fail_resolving(cli, source->name);
}

int
cmd_render(struct cli *cli)
{
    envres_scope *scope = NULL;
    envres_params *params = NULL;
    struct result result = { 0 };
    struct text text = { 0 };
    struct source source = { 0 };
    int status = check_options(cli);
    if (status == 0)
        status = take_params(cli, &params);
    if (status == 0)
        status = open_app_scope(cli, &scope);
    if (status == 0)
        status = take_source(cli, scope, &text, &source);
    if (status == 0 && render_source(cli, scope, &source, params, &result) < 0)
        status = fail_render(cli, scope, &source);
    if (status == 0)
        status = write_out(cli, &result);
    envres_value_free(result.value);
    envres_statement_free(result.statement);
    envres_params_free(params);
    envres_scope_unref(scope);
    text_free(&text);
    return status;
}

/* ---- explain ------------------------------------------------------------------------------- */

static bool
is_resolved(const envres_list *list, size_t row)
{
    const char *status = envres_list_text(list, row, ENVRES_EXPLAIN_STATUS, NULL);
    return status && strcmp(status, envres_status_name(ENVRES_OK)) == 0;
}

static void
json_row(struct json *json, const envres_list *list, size_t row)
{
    static const struct {
        const char *key;
        uint32_t column;
    } keys[] = {
        { "reference", ENVRES_EXPLAIN_REFERENCE }, { "depth", ENVRES_EXPLAIN_DEPTH },
        { "status", ENVRES_EXPLAIN_STATUS },       { "environment", ENVRES_EXPLAIN_ENVIRONMENT },
        { "layer", ENVRES_EXPLAIN_LAYER },         { "type", ENVRES_EXPLAIN_TYPE },
        { "revision", ENVRES_EXPLAIN_REVISION },   { "time", ENVRES_EXPLAIN_TIME },
        { "author", ENVRES_EXPLAIN_AUTHOR },       { "note", ENVRES_EXPLAIN_NOTE },
    };
    json_open(json, '{');
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        json_key(json, keys[i].key);
        json_cell(json, list, row, keys[i].column);
    }
    json_key(json, "secret");
    json_boolean(json, envres_list_integer(list, row, ENVRES_EXPLAIN_SECRET) != 0);
    json_close(json, '}');
}

static int
explain_json(struct cli *cli, const envres_list *list)
{
    struct json json = { 0 };
    json_open(&json, '[');
    for (size_t row = 0; row < envres_list_count(list); row++)
        json_row(&json, list, row);
    json_close(&json, ']');
    return json_print(cli, &json);
}

/* A reference, then what is known of it, each deeper one further in. */
static void
explain_row(struct cli *cli, struct text *out, const envres_list *list, size_t row)
{
    size_t len = 0;
    const char *reference = envres_list_text(list, row, ENVRES_EXPLAIN_REFERENCE, &len);
    const char *author = envres_list_text(list, row, ENVRES_EXPLAIN_AUTHOR, NULL);
    size_t indent = 4 * (size_t)envres_list_integer(list, row, ENVRES_EXPLAIN_DEPTH);
    bool resolved = is_resolved(list, row);
    text_printf(out, "%*s%s", (int)indent, "",
                cli->color_out ? resolved ? "\x1b[1m" : "\x1b[31m" : "");
    text_add_visible(out, reference ? reference : "", len);
    text_puts(out, cli->color_out ? "\x1b[0m\n" : "\n");
    const char *note = envres_list_text(list, row, ENVRES_EXPLAIN_NOTE, &len);
    text_printf(out, "%*s", (int)indent + 2, "");
    text_add_visible(out, note ? note : "", len);
    if (author && envres_list_type(list, row, ENVRES_EXPLAIN_TIME) == ENVRES_CELL_INTEGER) {
        char time[32];
        time_format(envres_list_integer(list, row, ENVRES_EXPLAIN_TIME), time);
        text_puts(out, ", by ");
        text_add_visible(out, author, strlen(author));
        text_printf(out, " at %s UTC", time);
    }
    text_puts(out, "\n");
}

int
cmd_explain(struct cli *cli)
{
    const char *text = argument_at(&cli->parsed, 0);
    envres_scope *scope = NULL;
    envres_list *list = NULL;
    struct text out = { 0 };
    bool resolved = true;
    int status = open_scope(cli, &scope);
    if (status == 0 && envres_explain(scope, text, ENVRES_NUL_TERMINATED, &list, cli->err) < 0)
        status = fail_library(cli);
    for (size_t row = 0; row < envres_list_count(list); row++) {
        resolved = resolved && is_resolved(list, row);
        explain_row(cli, &out, list, row);
    }
    if (list)
        status = cli->json ? explain_json(cli, list) : out_write(cli, text_get(&out), out.len);
    if (list && envres_list_count(list) == 0)
        out_note(cli, "nothing in this text refers to anything");
    text_free(&out);
    envres_list_free(list);
    envres_scope_unref(scope);
    return status == 0 && !resolved ? 4 : status;
}
