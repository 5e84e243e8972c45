/* SPDX-License-Identifier: MIT */
/*
 * The table of contexts, and the writers of places. An operand's text is canonical already (numbers
 * as ECMAScript prints them, JSON compact), so a place only quotes and escapes:
 *
 *   text         string a"b    -> a"b        null -> null     json [1] -> [1]
 *   url          string a b    -> a%20b      number 5 -> 5
 *   shell        string it's   -> 'it'\''s'  number 5 -> '5'
 *   JSON string  string a"b    -> a\"b       json ["x"] -> [\"x\"]
 *   JSON value   string a"b    -> "a\"b"     json ["x"] -> ["x"]     null -> null
 *   JSON key     as in a string
 *   SQL          as it is: what stands in a statement is a placeholder (statement.h)
 *
 * A new context is a row here and, where values are written in a new way, a place.
 */
#include "lang/context.h"

#include <string.h>

#include "base/json.h"
#include "lang/filter.h"

static const struct context_row context_rows[] = {
    [ENVRES_CONTEXT_TEXT] = { "text", WALK_TEXT, PLACE_TEXT },
    [ENVRES_CONTEXT_JSON] = { "json", WALK_STRINGS, PLACE_JSON_STRING },
    [ENVRES_CONTEXT_URL] = { "url", WALK_TEXT, PLACE_URL },
    [ENVRES_CONTEXT_SHELL] = { "shell", WALK_SHELL, PLACE_SHELL },
    [ENVRES_CONTEXT_SQL] = { "sql", WALK_SQL, PLACE_SQL_VALUE },
};

const struct context_row *
context_row(uint32_t context)
{
    return context < sizeof(context_rows) / sizeof(context_rows[0]) ? &context_rows[context] : NULL;
}

/* Inside single quotes nothing is special but the single quote: the string is closed, one is added
 * behind a backslash, and it is opened again. */
static void
write_shell(struct slice text, struct buf *out)
{
    size_t done = 0;
    buf_add_char(out, '\'');
    while (done < text.len) {
        const char *quote = memchr(text.data + done, '\'', text.len - done);
        size_t plain = quote ? (size_t)(quote - text.data) - done : text.len - done;
        buf_add(out, text.data + done, plain);
        done += plain;
        if (quote) {
            buf_add(out, "'\\''", 4);
            done++;
        }
    }
    buf_add_char(out, '\'');
}

void
place_write(enum expr_place place, const struct operand *value, bool is_encoded, struct buf *out)
{
    switch (place) {
    case PLACE_URL:
        if (is_encoded)
            break;
        filter_percent_encode(value->text, out);
        return;
    case PLACE_SHELL:
        write_shell(value->text, out);
        return;
    case PLACE_JSON_STRING:
    case PLACE_JSON_KEY:
        json_write_escaped(out, value->text.data, value->text.len);
        return;
    case PLACE_JSON_VALUE:
        if (value->type != ENVRES_TYPE_STRING)
            break;
        json_write_string(out, value->text.data, value->text.len);
        return;
    case PLACE_TEXT:
    case PLACE_SQL_VALUE:
    case PLACE_SQL_LIST:
    case PLACE_SQL_IDENT:
        break;
    }
    buf_add(out, value->text.data, value->text.len);
}

/* A little stricter than the writer may be: an answer of false costs a copy only. */
static bool
needs_no_escape(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F)
            return false;
    }
    return true;
}

bool
place_is_verbatim(enum expr_place place, const struct operand *value)
{
    switch (place) {
    case PLACE_TEXT:
    case PLACE_SQL_VALUE:
        return true;
    case PLACE_URL:
        return filter_is_unreserved(value->text);
    case PLACE_SHELL:
    case PLACE_SQL_LIST:
    case PLACE_SQL_IDENT:
        return false;
    case PLACE_JSON_STRING:
    case PLACE_JSON_KEY:
        return needs_no_escape(value->text);
    case PLACE_JSON_VALUE:
        return value->type != ENVRES_TYPE_STRING;
    }
    return false;
}
