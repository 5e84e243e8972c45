/* SPDX-License-Identifier: MIT */
/* How values and changes are shown. A secret is shown only where --reveal was given. */
#include "values.h"

#include "opening.h"

#include <string.h>

void
value_cell(struct table *table, const envres_list *list, size_t row, const struct value_columns *at)
{
    size_t len = 0;
    const char *value = envres_list_text(list, row, at->value, &len);
    const char *error = envres_list_text(list, row, at->error, NULL);
    if (error)
        table_word(table, error, STYLE_RED);
    else if (!envres_list_integer(list, row, at->set))
        table_word(table, at->unset, STYLE_DIM);
    else if (!value)
        table_word(table, MASK, STYLE_DIM);
    else if (len == 0)
        table_word(table, "\"\"", STYLE_DIM);
    else
        table_cell(table, value, len, STYLE_PLAIN);
}

static int
fail_hidden(struct cli *cli, const char *name)
{
    return fail_code(cli, ENVRES_E_SECRET_SINK, "--reveal shows it", "%s is a secret, or holds one",
                     name);
}

int32_t
type_of_word(const char *word)
{
    for (int32_t type = ENVRES_TYPE_STRING; word && type <= ENVRES_TYPE_TEMPLATE; type++) {
        if (strcmp(envres_type_name(type), word) == 0)
            return type;
    }
    return ENVRES_TYPE_DEFAULT;
}

int
reveal_say(struct cli *cli, const char *environment, const char *object)
{
    envres_reveal_options options = { .size = sizeof(options) };
    envres_change change = change_of(cli, 0);
    options.environment = environment;
    options.environment_len = ENVRES_NUL_TERMINATED;
    options.object = object;
    options.object_len = object ? ENVRES_NUL_TERMINATED : 0;
    return envres_audit_reveal(cli->session, &options, &change, cli->err) < 0 ? fail_library(cli)
                                                                              : 0;
}

int
value_print(struct cli *cli, const char *name, const envres_value *value)
{
    size_t len = 0;
    const char *data = envres_value_data(value, &len);
    if (envres_value_is_secret(value) && !option_given(&cli->parsed, OPT_REVEAL))
        return fail_hidden(cli, name);
    struct json json = { 0 };
    struct text out = { 0 };
    if (!cli->json) {
        text_add(&out, data, len);
        text_puts(&out, option_given(&cli->parsed, OPT_RAW) ? "" : "\n");
        return out_text(cli, &out);
    }
    const char *type = envres_type_name(envres_value_type(value));
    json_open(&json, '{');
    json_key(&json, "name");
    json_word(&json, name);
    json_key(&json, "environment");
    json_word(&json, option_value(&cli->parsed, OPT_ENV));
    json_key(&json, "type");
    json_word(&json, type);
    json_key(&json, "secret");
    json_boolean(&json, envres_value_is_secret(value) != 0);
    json_key(&json, "value");
    json_typed(&json, type, data, len);
    json_close(&json, '}');
    return json_print(cli, &json);
}

int
change_print(struct cli *cli, const char *key, const char *name, int64_t revision)
{
    struct json json = { 0 };
    if (!cli->json)
        return 0;
    json_ok(&json);
    json_key(&json, key);
    json_word(&json, name);
    json_key(&json, "environment");
    json_word(&json, option_value(&cli->parsed, OPT_ENV));
    json_key(&json, "revision");
    json_integer(&json, revision);
    return json_done(cli, &json);
}

bool
list_is(const envres_list *list, size_t row, uint32_t column, const char *text, size_t len)
{
    size_t have = 0;
    const char *there = envres_list_text(list, row, column, &have);
    return there && have == len && memcmp(there, text, len) == 0;
}

/* Numbers and booleans as JSON has them; json as its text, which is what is bound. */
static void
json_param(struct json *json, const envres_statement *statement, uint32_t index)
{
    size_t len = 0;
    const char *value = envres_statement_value(statement, index, &len);
    int32_t type = envres_statement_type(statement, index);
    bool is_number = type == ENVRES_TYPE_INTEGER || type == ENVRES_TYPE_NUMBER;
    json_open(json, '{');
    json_key(json, "name");
    json_word(json, envres_statement_name(statement, index));
    json_key(json, "type");
    json_word(json, envres_type_name(type));
    json_key(json, "value");
    if (type == ENVRES_TYPE_JSON)
        json_string(json, value, len);
    else
        json_typed(json, is_number ? "number" : envres_type_name(type), value, len);
    json_close(json, '}');
}

void
json_statement(struct json *json, const envres_statement *statement)
{
    size_t len = 0;
    const char *text = envres_statement_text(statement, &len);
    json_open(json, '{');
    json_key(json, "text");
    json_string(json, text, len);
    json_key(json, "params");
    json_open(json, '[');
    for (uint32_t i = 0; i < envres_statement_count(statement); i++)
        json_param(json, statement, i);
    json_close(json, ']');
    json_close(json, '}');
}
