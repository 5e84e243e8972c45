/* SPDX-License-Identifier: MIT */
/*
 * SARIF, as small as it can be: one run, a rule for each code that is no status, a result for each
 * finding. Columns count characters there and bytes here, so they need the text. Paths become
 * relative references, percent-encoded.
 */
#include "sarif.h"

#include <string.h>

static const struct {
    const char *id;
    const char *says;
} rules[] = {
    { "leak-secret", "A secret stands in the text" },
    { "leak-host", "The host of another environment stands in the text" },
    { "leak-value", "A value of another environment stands in the text" },
    { "near-miss", "Text that is nearly a tag stays as it is" },
    { "public-secret", "A public part takes a secret" },
    { "type", "A value is of another type in the target" },
    { "json", "A part that is named as JSON is none" },
    { "fallback", "A resource takes the settings of another environment" },
    { "not-text", "Not UTF-8 text" },
    { "not-checked", "Something was left out" },
    { "more", "There are more findings than are listed" },
};

static void
add_text(struct json *json, const char *key, const char *data, size_t len)
{
    json_key(json, key);
    json_open(json, '{');
    json_key(json, "text");
    json_string(json, data, len);
    json_close(json, '}');
}

void
sarif_begin(struct json *json)
{
    json_open(json, '{');
    json_key(json, "$schema");
    json_word(json, "https://json.schemastore.org/sarif-2.1.0.json");
    json_key(json, "version");
    json_word(json, "2.1.0");
    json_key(json, "runs");
    json_open(json, '[');
    json_open(json, '{');
    json_key(json, "tool");
    json_open(json, '{');
    json_key(json, "driver");
    json_open(json, '{');
    json_key(json, "name");
    json_word(json, "envres");
    json_key(json, "version");
    json_word(json, envres_version());
    json_key(json, "rules");
    json_open(json, '[');
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        json_open(json, '{');
        json_key(json, "id");
        json_word(json, rules[i].id);
        add_text(json, "shortDescription", rules[i].says, strlen(rules[i].says));
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, '}');
    json_key(json, "columnKind");
    json_word(json, "unicodeCodePoints");
    json_key(json, "results");
    json_open(json, '[');
}

void
sarif_end(struct json *json)
{
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, ']');
    json_close(json, '}');
}

/* The column in characters, from 1, of a column in bytes. */
static int64_t
column_of(const char *text, size_t len, int64_t line, int64_t column)
{
    size_t at = 0;
    int64_t count = 1;
    for (int64_t i = 1; i < line && at < len; i++) {
        const char *end = memchr(text + at, '\n', len - at);
        at = end ? (size_t)(end - text) + 1 : len;
    }
    size_t end = len - at < (size_t)(column - 1) ? len : at + (size_t)(column - 1);
    for (; at < end; count++) {
        unsigned code = 0;
        size_t step = text_decode(text + at, len - at, &code);
        at += step ? step : 1;
    }
    return count;
}

static void
add_uri(struct json *json, const char *path, size_t len)
{
    static const char kept[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    struct text uri = { 0 };
    while (len > 2 && path[0] == '.' && path[1] == '/') {
        path += 2;
        len -= 2;
    }
    for (size_t i = 0; i < len; i++) {
        if (path[i] && strchr(kept, path[i]))
            text_add(&uri, path + i, 1);
        else
            text_printf(&uri, "%%%02X", (unsigned char)path[i]);
    }
    json_key(json, "artifactLocation");
    json_open(json, '{');
    json_key(json, "uri");
    json_word(json, text_get(&uri));
    json_close(json, '}');
    text_free(&uri);
}

static void
add_place(struct json *json, const envres_list *list, size_t row, const char *text, size_t len)
{
    size_t path_len = 0;
    const char *path = envres_list_text(list, row, ENVRES_FINDING_PART, &path_len);
    int64_t line = envres_list_integer(list, row, ENVRES_FINDING_LINE);
    int64_t column = envres_list_integer(list, row, ENVRES_FINDING_COLUMN);
    json_key(json, "locations");
    json_open(json, '[');
    if (path) {
        json_open(json, '{');
        json_key(json, "physicalLocation");
        json_open(json, '{');
        add_uri(json, path, path_len);
        if (line > 0) {
            json_key(json, "region");
            json_open(json, '{');
            json_key(json, "startLine");
            json_integer(json, line);
            if (text && column > 0) {
                json_key(json, "startColumn");
                json_integer(json, column_of(text, len, line, column));
            }
            json_close(json, '}');
        }
        json_close(json, '}');
        json_close(json, '}');
    }
    json_close(json, ']');
}

void
sarif_add(struct json *json, const envres_list *list, size_t row, const char *text, size_t len)
{
    const char *severity = envres_list_text(list, row, ENVRES_FINDING_SEVERITY, NULL);
    const char *message = envres_list_text(list, row, ENVRES_FINDING_MESSAGE, NULL);
    const char *fix = envres_list_text(list, row, ENVRES_FINDING_FIX, NULL);
    struct text words = { 0 };
    json_open(json, '{');
    json_key(json, "ruleId");
    json_cell(json, list, row, ENVRES_FINDING_CODE);
    json_key(json, "level");
    json_word(json, severity && strcmp(severity, "info") == 0 ? "note" : severity);
    text_puts(&words, message ? message : "");
    if (fix && fix[0]) {
        text_puts(&words, "; ");
        text_puts(&words, fix);
    }
    add_text(json, "message", text_get(&words), words.len);
    add_place(json, list, row, text, len);
    json_close(json, '}');
    text_free(&words);
}
