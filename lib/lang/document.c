/* SPDX-License-Identifier: MIT */
/*
 * The strings of a JSON document. Serializers write `<` as \u003c, quotes as \" and so on, so a tag
 * is looked for in the decoded string. A string without a backslash is its own decoded form and is
 * not copied; of the others only those are decoded that can hold two `<` at all. The way back to
 * the document is kept as one mark per escape, not one per byte.
 *
 * The document must have passed json_check(): nothing is validated here.
 */
#include "lang/document.h"

#include <string.h>

#include "base/json.h"

void
document_begin(struct document *doc, const struct mem *mem, const char *text, size_t len)
{
    doc->text = text;
    doc->len = len;
    doc->at = 0;
    doc->mark = 0;
    buf_init(&doc->decoded, mem, false);
    buf_init(&doc->marks, mem, false);
}

void
document_end(struct document *doc)
{
    buf_free(&doc->decoded);
    buf_free(&doc->marks);
}

envres_status
document_status(const struct document *doc, envres_error *err)
{
    envres_status st = buf_status(&doc->decoded, err);
    return st < 0 ? st : buf_status(&doc->marks, err);
}

static bool
is_escaped_less(const char *escape)
{
    return memcmp(escape, "\\u003", 5) == 0 && (escape[5] == 'c' || escape[5] == 'C');
}

struct extent {
    size_t close;
    size_t less; /* `<` in it, written either way */
    bool has_escapes;
};

/* From behind an opening quote to the closing one. The text is valid: the quote is there, and so
 * are the digits of every \u. */
static struct extent
measure(const char *text, size_t from)
{
    struct extent extent = { from, 0, false };
    for (;; extent.close++) {
        char c = text[extent.close];
        if (c == '"')
            return extent;
        if (c == '<') {
            extent.less++;
        } else if (c == '\\') {
            extent.has_escapes = true;
            extent.less += text[extent.close + 1] == 'u' && is_escaped_less(text + extent.close);
            extent.close++;
        }
    }
}

static unsigned
hex_digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* 2, 6, or 12 for a pair of surrogates. */
static size_t
escape_len(const char *escape)
{
    if (escape[1] != 'u')
        return 2;
    unsigned high = hex_digit(escape[2]) << 4 | hex_digit(escape[3]);
    return high >= 0xD8 && high <= 0xDB ? 12 : 6;
}

static void
add_mark(struct document *doc, size_t raw)
{
    struct document_mark mark = { (uint32_t)doc->decoded.len, (uint32_t)raw };
    buf_add(&doc->marks, &mark, sizeof(mark));
}

static void
decode(struct document *doc, size_t from, size_t to)
{
    doc->decoded.len = 0;
    doc->marks.len = 0;
    doc->mark = 0;
    add_mark(doc, from);
    while (from < to) {
        const char *escape = memchr(doc->text + from, '\\', to - from);
        size_t plain = escape ? (size_t)(escape - doc->text) - from : to - from;
        buf_add(&doc->decoded, doc->text + from, plain);
        from += plain;
        if (!escape)
            break;
        size_t len = escape_len(escape);
        json_unescape(escape, len, &doc->decoded);
        from += len;
        add_mark(doc, from);
    }
}

static bool
is_followed_by_colon(const struct document *doc, size_t at)
{
    while (at < doc->len && strchr(" \t\r\n", doc->text[at]))
        at++;
    return at < doc->len && doc->text[at] == ':';
}

bool
document_next(struct document *doc, struct document_string *out)
{
    while (doc->at < doc->len) {
        const char *quote = memchr(doc->text + doc->at, '"', doc->len - doc->at);
        if (!quote)
            break;
        size_t open = (size_t)(quote - doc->text);
        struct extent extent = measure(doc->text, open + 1);
        doc->at = extent.close + 1;
        if (extent.less < 2)
            continue;
        out->open = open;
        out->close = extent.close;
        out->is_key = is_followed_by_colon(doc, doc->at);
        out->is_decoded = extent.has_escapes;
        out->text = doc->text + open + 1;
        out->len = extent.close - open - 1;
        if (!extent.has_escapes)
            return true;
        decode(doc, open + 1, extent.close);
        if (doc->decoded.failed || doc->marks.failed)
            return false;
        out->text = doc->decoded.data;
        out->len = doc->decoded.len;
        return true;
    }
    return false;
}

static struct document_mark
mark_at(const struct document *doc, size_t index)
{
    struct document_mark mark;
    memcpy(&mark, doc->marks.data + index * sizeof(mark), sizeof(mark));
    return mark;
}

size_t
document_raw(struct document *doc, const struct document_string *string, size_t at)
{
    if (!string->is_decoded)
        return string->open + 1 + at;
    size_t count = doc->marks.len / sizeof(struct document_mark);
    while (doc->mark + 1 < count && mark_at(doc, doc->mark + 1).decoded <= at)
        doc->mark++;
    while (doc->mark > 0 && mark_at(doc, doc->mark).decoded > at)
        doc->mark--;
    struct document_mark mark = mark_at(doc, doc->mark);
    return mark.raw + (at - mark.decoded);
}
