/* SPDX-License-Identifier: MIT */
/*
 * A writer of compact JSON. Commas are put by themselves; the caller sees to it that brackets match
 * and that keys stand in objects only. Text that is not UTF-8 (a path, an argument) is written with
 * replacement characters, so that the result is always JSON.
 */
#include "output.h"

#include <inttypes.h>
#include <string.h>

static void
separate(struct json *json)
{
    if (json->comma)
        text_puts(&json->text, ",");
    json->comma = true;
}

void
json_open(struct json *json, char bracket)
{
    separate(json);
    text_add(&json->text, &bracket, 1);
    json->comma = false;
}

void
json_close(struct json *json, char bracket)
{
    text_add(&json->text, &bracket, 1);
    json->comma = true;
}

static void
add_string(struct text *text, const char *data, size_t len)
{
    text_puts(text, "\"");
    for (size_t at = 0; at < len;) {
        unsigned code = 0;
        size_t step = text_decode(data + at, len - at, &code);
        if (!step)
            text_puts(text, "\xef\xbf\xbd");
        else if (code == '"' || code == '\\')
            text_printf(text, "\\%c", (char)code);
        else if (code == '\n')
            text_puts(text, "\\n");
        else if (code == '\t')
            text_puts(text, "\\t");
        else if (code < 0x20 || code == 0x7f)
            text_printf(text, "\\u%04x", code);
        else
            text_add(text, data + at, step);
        at += step ? step : 1;
    }
    text_puts(text, "\"");
}

void
json_key(struct json *json, const char *key)
{
    separate(json);
    add_string(&json->text, key, strlen(key));
    text_puts(&json->text, ":");
    json->comma = false;
}

void
json_string(struct json *json, const char *data, size_t len)
{
    separate(json);
    add_string(&json->text, data, len);
}

void
json_word(struct json *json, const char *word)
{
    if (word)
        json_string(json, word, strlen(word));
    else
        json_null(json);
}

void
json_integer(struct json *json, int64_t value)
{
    separate(json);
    text_printf(&json->text, "%" PRId64, value);
}

void
json_boolean(struct json *json, bool value)
{
    separate(json);
    text_puts(&json->text, value ? "true" : "false");
}

void
json_null(struct json *json)
{
    separate(json);
    text_puts(&json->text, "null");
}

void
json_typed(struct json *json, const char *type, const char *data, size_t len)
{
    if (!data) {
        json_null(json);
    } else if (strcmp(type, "number") == 0 || strcmp(type, "boolean") == 0 ||
               strcmp(type, "json") == 0) {
        separate(json);
        text_add(&json->text, data, len);
    } else {
        json_string(json, data, len);
    }
}

void
json_cell(struct json *json, const envres_list *list, size_t row, uint32_t column)
{
    size_t len = 0;
    const char *text = envres_list_text(list, row, column, &len);
    if (text)
        json_string(json, text, len);
    else if (envres_list_type(list, row, column) == ENVRES_CELL_INTEGER)
        json_integer(json, envres_list_integer(list, row, column));
    else
        json_null(json);
}

int
json_print(struct cli *cli, struct json *json)
{
    text_puts(&json->text, "\n");
    json->comma = false;
    return out_text(cli, &json->text);
}

void
json_ok(struct json *json)
{
    json_open(json, '{');
    json_key(json, "ok");
    json_boolean(json, true);
}

int
json_done(struct cli *cli, struct json *json)
{
    json_close(json, '}');
    return json_print(cli, json);
}
