/* SPDX-License-Identifier: MIT */
/* kinds: the kinds of resources and their fields, out of the library's own table. Needs no store.
 */
#include "commands.h"

#include "output.h"
#include "values.h"

#include <string.h>

static void
json_field(struct json *json, const envres_list *list, size_t row)
{
    json_open(json, '{');
    json_key(json, "name");
    json_cell(json, list, row, ENVRES_KIND_FIELD);
    json_key(json, "type");
    json_cell(json, list, row, ENVRES_KIND_TYPE);
    json_key(json, "required");
    json_boolean(json, envres_list_integer(list, row, ENVRES_KIND_REQUIRED) != 0);
    json_key(json, "unless");
    json_cell(json, list, row, ENVRES_KIND_UNLESS);
    json_key(json, "secret");
    json_boolean(json, envres_list_integer(list, row, ENVRES_KIND_SECRET) != 0);
    json_key(json, "default");
    json_cell(json, list, row, ENVRES_KIND_DEFAULT);
    json_key(json, "choices");
    const char *at = envres_list_text(list, row, ENVRES_KIND_CHOICES, NULL);
    if (!at)
        json_null(json);
    else
        json_open(json, '[');
    while (at && *at) {
        size_t len = strcspn(at, " ");
        json_string(json, at, len);
        at += len + (at[len] ? 1 : 0);
    }
    if (envres_list_text(list, row, ENVRES_KIND_CHOICES, NULL))
        json_close(json, ']');
    json_close(json, '}');
}

static void
text_field(struct text *out, const envres_list *list, size_t row)
{
    const char *type = envres_list_text(list, row, ENVRES_KIND_TYPE, NULL);
    const char *normal = envres_list_text(list, row, ENVRES_KIND_DEFAULT, NULL);
    const char *choices = envres_list_text(list, row, ENVRES_KIND_CHOICES, NULL);
    const char *unless = envres_list_text(list, row, ENVRES_KIND_UNLESS, NULL);
    if (type && strcmp(type, "string") != 0)
        text_printf(out, "%s, ", type);
    if (envres_list_integer(list, row, ENVRES_KIND_REQUIRED))
        text_printf(out, unless ? "required unless %s is set, " : "required, ", unless);
    if (envres_list_integer(list, row, ENVRES_KIND_SECRET))
        text_puts(out, "secret, ");
    if (normal)
        text_printf(out, "default %s, ", normal);
    if (choices)
        text_printf(out, "one of %s, ", choices);
    if (out->len >= 2)
        out->data[out->len -= 2] = '\0';
}

static bool
is_wanted(const struct cli *cli, const envres_list *list, size_t row)
{
    const char *only = argument_at(&cli->parsed, 0);
    return !only || list_is(list, row, ENVRES_KIND_NAME, only, strlen(only));
}

static bool
begins_kind(const envres_list *list, size_t row)
{
    size_t len = 0;
    const char *name = row > 0 ? envres_list_text(list, row - 1, ENVRES_KIND_NAME, &len) : NULL;
    return !name || !list_is(list, row, ENVRES_KIND_NAME, name, len);
}

static int
print_kinds_json(struct cli *cli, const envres_list *list)
{
    struct json json = { 0 };
    size_t count = envres_list_count(list);
    json_open(&json, '[');
    for (size_t row = 0; row < count; row++) {
        if (!is_wanted(cli, list, row))
            continue;
        if (begins_kind(list, row)) {
            json_open(&json, '{');
            json_key(&json, "kind");
            json_cell(&json, list, row, ENVRES_KIND_NAME);
            json_key(&json, "any_field");
            json_boolean(&json, !envres_list_text(list, row, ENVRES_KIND_FIELD, NULL));
            json_key(&json, "fields");
            json_open(&json, '[');
        }
        if (envres_list_text(list, row, ENVRES_KIND_FIELD, NULL))
            json_field(&json, list, row);
        if (row + 1 == count || begins_kind(list, row + 1)) {
            json_close(&json, ']');
            json_close(&json, '}');
        }
    }
    json_close(&json, ']');
    return json_print(cli, &json);
}

static int
print_kinds_table(struct cli *cli, const envres_list *list)
{
    static const char *const headings[] = { "KIND", "FIELD", "VALUE" };
    struct table *table = table_new(cli, 3, headings, 0);
    for (size_t row = 0; row < envres_list_count(list); row++) {
        if (!is_wanted(cli, list, row))
            continue;
        const char *kind = envres_list_text(list, row, ENVRES_KIND_NAME, NULL);
        const char *field = envres_list_text(list, row, ENVRES_KIND_FIELD, NULL);
        struct text says = { 0 };
        table_word(table, begins_kind(list, row) ? kind : "", STYLE_BOLD);
        table_word(table, field ? field : "(any)", STYLE_PLAIN);
        text_field(&says, list, row);
        table_word(table, field ? text_get(&says) : "", STYLE_PLAIN);
        text_free(&says);
    }
    return table_print(table);
}

static int
fail_kind(struct cli *cli, const envres_list *list, const char *typed)
{
    struct text hint = { 0 };
    size_t nearest = SIZE_MAX;
    for (size_t row = 0; row < envres_list_count(list); row++) {
        const char *kind = envres_list_text(list, row, ENVRES_KIND_NAME, NULL);
        size_t distance = text_distance(typed, kind);
        if (distance >= nearest)
            continue;
        nearest = distance;
        text_free(&hint);
        text_printf(&hint, "did you mean '%s'?", kind);
    }
    int status =
        fail_code(cli, ENVRES_E_NOT_FOUND, hint.len ? text_get(&hint) : "`envres kinds` lists them",
                  "there is no kind '%s'", typed);
    text_free(&hint);
    return status;
}

int
cmd_kinds(struct cli *cli)
{
    const char *only = argument_at(&cli->parsed, 0);
    envres_list *list = NULL;
    if (envres_kind_list(NULL, &list, cli->err) < 0)
        return fail_library(cli);
    bool known = false;
    for (size_t row = 0; row < envres_list_count(list); row++)
        known = known || is_wanted(cli, list, row);
    int status = 0;
    if (!known)
        status = fail_kind(cli, list, only);
    else
        status = cli->json ? print_kinds_json(cli, list) : print_kinds_table(cli, list);
    envres_list_free(list);
    return status;
}
