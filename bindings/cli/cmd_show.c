/* SPDX-License-Identifier: MIT */
/*
 * resource show: a resource as a program gets it, resolved in a scope. Secrets are opened only
 * where they are shown: without --reveal they stay sealed, and the URL is the one for logs.
 */
#include "commands.h"

#include "opening.h"
#include "output.h"
#include "values.h"

#include <string.h>

#define NUL ENVRES_NUL_TERMINATED

/* A handle that is unknown or has no settings is "not found"; what a field's template refers to and
 * does not find is a template that does not resolve. */
static int
fail_handle(struct cli *cli, const char *handle)
{
    envres_status code = envres_error_code(cli->err);
    bool about_handle = strcmp(envres_error_subject(cli->err), handle) == 0;
    bool missing = code == ENVRES_E_NOT_FOUND || code == ENVRES_E_NOT_CONFIGURED;
    if ((missing && about_handle) || code == ENVRES_E_FIELD)
        return fail_reading(cli);
    return fail_resolving(cli, NULL);
}

static int
fail_field(struct cli *cli)
{
    envres_status code = envres_error_code(cli->err);
    return code == ENVRES_E_FIELD || code == ENVRES_E_NOT_SET ? fail_reading(cli)
                                                              : fail_resolving(cli, NULL);
}

/* ---- one value alone ----------------------------------------------------------------------- */

/* With --reveal, before a secret of it is shown; `field` NULL: more than one of them. Where the
 * settings are those of a fallback, it is that environment's secret. */
static int
say_resource(struct cli *cli, const envres_resource_handle *handle, const char *field)
{
    struct text object = { 0 };
    if (!option_given(&cli->parsed, OPT_REVEAL))
        return 0;
    text_printf(&object, "resource/%s%s%s", argument_at(&cli->parsed, 0), field ? "/" : "",
                field ? field : "");
    int status = reveal_say(cli, envres_resource_handle_environment(handle), text_get(&object));
    text_free(&object);
    return status;
}

static int
show_value(struct cli *cli, const envres_resource_handle *handle)
{
    const char *field = option_value(&cli->parsed, OPT_FIELD);
    bool url = option_given(&cli->parsed, OPT_URL);
    envres_value *value = NULL;
    envres_status code = field ? envres_resource_handle_field(handle, field, NUL, &value, cli->err)
                         : url ? envres_resource_handle_url(handle, &value, cli->err)
                               : envres_resource_handle_dsn(handle, &value, cli->err);
    if (code < 0)
        return fail_field(cli);
    struct text name = { 0 };
    int said = envres_value_is_secret(value) ? say_resource(cli, handle, field) : 0;
    if (said) {
        envres_value_free(value);
        return said;
    }
    text_printf(&name, "%s.%s", argument_at(&cli->parsed, 0), field ? field : url ? "url" : "dsn");
    int status = value_print(cli, text_get(&name), value);
    text_free(&name);
    envres_value_free(value);
    return status;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* The URL or, with `dsn`, the driver's string; NULL where the kind has none, or where it is secret
 * and may not be shown (of a URL there is a form for that). */
static envres_status
ready_string(struct cli *cli, const envres_resource_handle *handle, bool dsn, envres_value **out)
{
    bool reveal = option_given(&cli->parsed, OPT_REVEAL);
    envres_status code = dsn      ? envres_resource_handle_dsn(handle, out, cli->err)
                         : reveal ? envres_resource_handle_url(handle, out, cli->err)
                                  : envres_resource_handle_redacted_url(handle, out, cli->err);
    if (code == ENVRES_E_FIELD)
        return ENVRES_OK;
    if (code == ENVRES_OK && dsn && !reveal && envres_value_is_secret(*out)) {
        envres_value_free(*out);
        *out = NULL;
    }
    return code;
}

struct shown {
    const envres_resource_handle *handle;
    envres_value *url;
    envres_value *dsn;
    struct json json;
    struct table *table;
};

static void
add_row(struct table *table, const char *name, const char *data, size_t len, enum style style)
{
    table_word(table, name, STYLE_DIM);
    table_cell(table, data, len, style);
}

static void
add_field(struct cli *cli, struct shown *shown, uint32_t index, const envres_value *value)
{
    const char *name = envres_resource_handle_field_name(shown->handle, index);
    size_t len = 0;
    const char *data = envres_value_data(value, &len);
    if (cli->json) {
        json_key(&shown->json, name);
        json_typed(&shown->json, envres_type_name(envres_value_type(value)), data, len);
    } else if (!value) {
        add_row(shown->table, name, MASK, strlen(MASK), STYLE_DIM);
    } else if (len == 0) {
        add_row(shown->table, name, "\"\"", 2, STYLE_DIM);
    } else {
        add_row(shown->table, name, data, len, STYLE_PLAIN);
    }
}

static int
add_fields(struct cli *cli, struct shown *shown)
{
    bool reveal = option_given(&cli->parsed, OPT_REVEAL);
    uint32_t count = envres_resource_handle_field_count(shown->handle);
    for (uint32_t i = 0; i < count; i++) {
        const char *name = envres_resource_handle_field_name(shown->handle, i);
        envres_value *value = NULL;
        bool hidden = !reveal && envres_resource_handle_field_is_secret(shown->handle, i);
        if (!hidden && envres_resource_handle_field(shown->handle, name, NUL, &value, cli->err) < 0)
            return fail_field(cli);
        if (value && !reveal && envres_value_is_secret(value)) {
            envres_value_free(value);
            value = NULL;
        }
        add_field(cli, shown, i, value);
        envres_value_free(value);
    }
    return 0;
}

static void
json_ready(struct json *json, const char *key, const envres_value *value)
{
    size_t len = 0;
    const char *data = envres_value_data(value, &len);
    json_key(json, key);
    json_typed(json, "string", data, len);
}

static int
show_json(struct cli *cli, struct shown *shown)
{
    struct json *json = &shown->json;
    const envres_resource_handle *handle = shown->handle;
    bool fallback = envres_resource_handle_is_fallback(handle) != 0;
    json_open(json, '{');
    json_key(json, "handle");
    json_word(json, argument_at(&cli->parsed, 0));
    json_key(json, "kind");
    json_word(json, envres_resource_handle_kind(handle));
    json_key(json, "environment");
    json_word(json, option_value(&cli->parsed, OPT_ENV));
    json_key(json, "fallback");
    json_word(json, fallback ? envres_resource_handle_environment(handle) : NULL);
    json_key(json, "fields");
    json_open(json, '{');
    int status = add_fields(cli, shown);
    json_close(json, '}');
    json_key(json, "secret");
    json_open(json, '[');
    for (uint32_t i = 0; i < envres_resource_handle_field_count(handle); i++) {
        if (envres_resource_handle_field_is_secret(handle, i))
            json_word(json, envres_resource_handle_field_name(handle, i));
    }
    json_close(json, ']');
    json_ready(json, "url", shown->url);
    json_ready(json, "dsn", shown->dsn);
    json_close(json, '}');
    if (status == 0)
        return json_print(cli, json);
    text_free(&json->text);
    return status;
}

static void
add_ready(struct shown *shown, const char *name, const envres_value *value)
{
    size_t len = 0;
    const char *data = envres_value_data(value, &len);
    if (value)
        add_row(shown->table, name, data, len, STYLE_PLAIN);
}

static int
show_table(struct cli *cli, struct shown *shown)
{
    const char *handle = argument_at(&cli->parsed, 0);
    const char *environment = option_value(&cli->parsed, OPT_ENV);
    const char *kind = envres_resource_handle_kind(shown->handle);
    shown->table = table_new(cli, 2, NULL, 0);
    add_row(shown->table, "handle", handle, strlen(handle), STYLE_BOLD);
    add_row(shown->table, "kind", kind, strlen(kind), STYLE_PLAIN);
    add_row(shown->table, "environment", environment, strlen(environment), STYLE_PLAIN);
    if (envres_resource_handle_is_fallback(shown->handle)) {
        const char *from = envres_resource_handle_environment(shown->handle);
        add_row(shown->table, "fallback", from, strlen(from), STYLE_YELLOW);
    }
    int status = add_fields(cli, shown);
    add_ready(shown, "url", shown->url);
    add_ready(shown, "dsn", shown->dsn);
    if (status == 0)
        return table_print(shown->table);
    table_free(shown->table);
    return status;
}

static int
show_all(struct cli *cli, const envres_resource_handle *handle)
{
    struct shown shown = { .handle = handle };
    int status = say_resource(cli, handle, NULL);
    if (status)
        return status;
    if (ready_string(cli, handle, false, &shown.url) < 0 ||
        ready_string(cli, handle, true, &shown.dsn) < 0)
        status = fail_field(cli);
    else
        status = cli->json ? show_json(cli, &shown) : show_table(cli, &shown);
    envres_value_free(shown.url);
    envres_value_free(shown.dsn);
    return status;
}

int
cmd_resource_show(struct cli *cli)
{
    const char *name = argument_at(&cli->parsed, 0);
    int alone = (option_value(&cli->parsed, OPT_FIELD) != NULL) +
                option_given(&cli->parsed, OPT_URL) + option_given(&cli->parsed, OPT_DSN);
    if (alone > 1)
        return fail_usage(cli, NULL, "--field, --url and --dsn each print one value; take one");
    envres_scope *scope = NULL;
    envres_resource_handle *handle = NULL;
    int status = open_scope(cli, &scope);
    if (status == 0 && envres_scope_resource(scope, name, NUL, &handle, cli->err) < 0)
        status = fail_handle(cli, name);
    if (status == 0)
        status = alone ? show_value(cli, handle) : show_all(cli, handle);
    envres_resource_handle_free(handle);
    envres_scope_unref(scope);
    return status;
}
