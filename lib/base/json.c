/* SPDX-License-Identifier: MIT */
/*
 * Documents, and the text of strings. json_check() has the say about what is JSON; jsmn then finds
 * the spans of a text that is known to be valid, so its own leniency is never met. Its tokens stay
 * the nodes of the document: they come in document order, a key directly before its value. Only the
 * link to the parent is turned round, into the link to the next sibling.
 */
#include "base/json.h"

#include <assert.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "base/limits.h"

struct json_doc {
    struct mem mem;
    const char *text;
    uint32_t count;
    jsmntok_t nodes[]; /* `parent` holds the next sibling, or -1 */
};

static_assert(LIMIT_JSON_TEXT < INT32_MAX, "jsmn counts in int");
static_assert(LIMIT_JSON_TEXT < SIZE_MAX / sizeof(jsmntok_t) - 8, "no more nodes than bytes");

/* ---- strings -------------------------------------------------------------------------------- */

static unsigned
hex4(const char *p)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)p[i];
        v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return v;
}

static size_t
put_utf8(char *out, unsigned code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* The letters of the short escapes, and what they stand for, at the same index. */
static const char short_letters[] = "\"\\/bfnrt";
static const char short_bytes[] = "\"\\/\b\f\n\r\t";

/* One escape of a valid string, at its backslash. Returns its length; `out` takes 1 to 4 bytes. */
static size_t
decode_escape(const char *p, char out[4], size_t *out_len)
{
    if (p[1] != 'u') {
        const char *letter = memchr(short_letters, p[1], sizeof(short_letters) - 1);
        assert(letter);
        out[0] = short_bytes[letter - short_letters];
        *out_len = 1;
        return 2;
    }
    unsigned code = hex4(p + 2);
    if (code < 0xD800 || code > 0xDFFF) {
        *out_len = put_utf8(out, code);
        return 6;
    }
    *out_len = put_utf8(out, 0x10000 + ((code - 0xD800) << 10) + (hex4(p + 8) - 0xDC00));
    return 12;
}

void
json_unescape(const char *raw, size_t len, struct buf *out)
{
    const char *end = raw + len;
    while (raw < end) {
        const char *stop = memchr(raw, '\\', (size_t)(end - raw));
        if (!stop)
            stop = end;
        buf_add(out, raw, (size_t)(stop - raw));
        raw = stop;
        while (raw < end && *raw == '\\') {
            char bytes[4];
            size_t count = 0;
            raw += decode_escape(raw, bytes, &count);
            buf_add(out, bytes, count);
        }
    }
}

static bool
take_prefix(struct slice *from, const char *bytes, size_t len)
{
    if (len > from->len || memcmp(from->data, bytes, len) != 0)
        return false;
    from->data += len;
    from->len -= len;
    return true;
}

/* Whether a raw string says `wanted`. */
static bool
is_text(struct slice raw, struct slice wanted)
{
    while (raw.len > 0) {
        size_t run = json_plain(raw.data, raw.len);
        if (run > 0 && !take_prefix(&wanted, raw.data, run))
            return false;
        raw.data += run;
        raw.len -= run;
        if (raw.len > 0) {
            char bytes[4];
            size_t count = 0;
            size_t used = decode_escape(raw.data, bytes, &count);
            if (!take_prefix(&wanted, bytes, count))
                return false;
            raw.data += used;
            raw.len -= used;
        }
    }
    return wanted.len == 0;
}

/* ---- documents ------------------------------------------------------------------------------ */

static bool
is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* In strict mode jsmn does not take a number or a word that nothing surrounds. */
static void
find_lone_value(jsmntok_t *node, const char *text, size_t len)
{
    size_t start = 0;
    while (is_space(text[start]))
        start++;
    while (is_space(text[len - 1]))
        len--;
    memset(node, 0, sizeof(*node));
    node->type = JSMN_PRIMITIVE;
    node->start = (int)start;
    node->end = (int)len;
    node->parent = -1;
}

/* Members and elements become one chain each: key, value, key, value; element, element. */
static void
link_siblings(struct json_doc *doc)
{
    struct level {
        int end;
        int last; /* the newest child */
    } levels[LIMIT_JSON_DEPTH];
    size_t depth = 0;
    for (uint32_t i = 0; i < doc->count; i++) {
        jsmntok_t *node = &doc->nodes[i];
        while (depth > 0 && node->start >= levels[depth - 1].end)
            depth--;
        if (depth > 0) {
            if (levels[depth - 1].last >= 0)
                doc->nodes[levels[depth - 1].last].parent = (int)i;
            levels[depth - 1].last = (int)i;
        }
        node->parent = -1;
        if (node->type == JSMN_OBJECT || node->type == JSMN_ARRAY) {
            assert(depth < LIMIT_JSON_DEPTH);
            levels[depth].end = node->end;
            levels[depth].last = -1;
            depth++;
        }
    }
}

static bool
is_lone(const char *text, size_t len)
{
    size_t start = 0;
    while (start < len && is_space(text[start]))
        start++;
    return start < len && !strchr("[{\"", text[start]);
}

envres_status
json_parse(const struct mem *mem, const char *text, size_t len, struct json_doc **out,
           envres_error *err)
{
    struct json_doc *doc = NULL;
    uint32_t count = 0;
    envres_status st = json_count(mem, text, len, &count, err);
    if (st < 0)
        return st;
    doc = mem_alloc(mem, sizeof(*doc) + count * sizeof(doc->nodes[0]));
    if (!doc)
        return err_code(err, ENVRES_E_NOMEM);
    doc->mem = *mem;
    doc->text = text;
    doc->count = count;
    if (is_lone(text, len)) {
        find_lone_value(doc->nodes, text, len);
    } else {
        jsmn_parser parser;
        jsmn_init(&parser);
        int found = jsmn_parse(&parser, text, len, doc->nodes, count);
        assert(found >= 0 && (uint32_t)found == count);
        (void)found;
        link_siblings(doc);
    }
    *out = doc;
    return ENVRES_OK;
}

void
json_free(struct json_doc *doc)
{
    if (!doc)
        return;
    struct mem mem = doc->mem;
    mem_free(&mem, doc);
}

/* ---- nodes ---------------------------------------------------------------------------------- */

enum json_kind
json_kind_of(const struct json_doc *doc, uint32_t node)
{
    assert(node < doc->count);
    const jsmntok_t *token = &doc->nodes[node];
    if (token->type == JSMN_OBJECT)
        return JSON_OBJECT;
    if (token->type == JSMN_ARRAY)
        return JSON_ARRAY;
    if (token->type == JSMN_STRING)
        return JSON_STRING;
    switch (doc->text[token->start]) {
    case 'n':
        return JSON_NULL;
    case 'f':
        return JSON_FALSE;
    case 't':
        return JSON_TRUE;
    default:
        return JSON_NUMBER;
    }
}

struct slice
json_span(const struct json_doc *doc, uint32_t node)
{
    assert(node < doc->count);
    const jsmntok_t *token = &doc->nodes[node];
    int quote = token->type == JSMN_STRING ? 1 : 0;
    struct slice span = { doc->text + token->start - quote,
                          (size_t)(token->end - token->start + 2 * quote) };
    return span;
}

/* What stands between the quotes. */
static struct slice
raw_string(const struct json_doc *doc, uint32_t node)
{
    const jsmntok_t *token = &doc->nodes[node];
    struct slice raw = { doc->text + token->start, (size_t)(token->end - token->start) };
    return raw;
}

uint32_t
json_size(const struct json_doc *doc, uint32_t node)
{
    assert(node < doc->count);
    const jsmntok_t *token = &doc->nodes[node];
    bool has_children = token->type == JSMN_OBJECT || token->type == JSMN_ARRAY;
    return has_children ? (uint32_t)token->size : 0;
}

uint32_t
json_first(const struct json_doc *doc, uint32_t node)
{
    return json_size(doc, node) > 0 ? node + 1 : JSON_NONE;
}

uint32_t
json_next(const struct json_doc *doc, uint32_t node)
{
    assert(node < doc->count);
    int next = doc->nodes[node].parent;
    return next < 0 ? JSON_NONE : (uint32_t)next;
}

uint32_t
json_member(const struct json_doc *doc, uint32_t object, const char *key)
{
    struct slice wanted = slice_str(key);
    if (json_kind_of(doc, object) != JSON_OBJECT)
        return JSON_NONE;
    for (uint32_t at = json_first(doc, object); at != JSON_NONE; at = json_next(doc, at + 1)) {
        if (is_text(raw_string(doc, at), wanted))
            return at + 1;
    }
    return JSON_NONE;
}

void
json_string(const struct json_doc *doc, uint32_t node, struct buf *out)
{
    assert(json_kind_of(doc, node) == JSON_STRING);
    struct slice raw = raw_string(doc, node);
    json_unescape(raw.data, raw.len, out);
}

/* ---- writers -------------------------------------------------------------------------------- */

static void
write_escape(struct buf *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = memchr(short_bytes, c, sizeof(short_bytes) - 1);
    char escape[6] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };
    if (found) {
        escape[1] = short_letters[found - short_bytes];
        buf_add(out, escape, 2);
    } else {
        buf_add(out, escape, 6);
    }
}

void
json_write_escaped(struct buf *out, const char *text, size_t len)
{
    size_t done = 0;
    while (done < len) {
        size_t run = json_plain(text + done, len - done);
        buf_add(out, text + done, run);
        done += run;
        if (done < len)
            write_escape(out, (unsigned char)text[done++]);
    }
}

void
json_write_string(struct buf *out, const char *text, size_t len)
{
    buf_add_char(out, '"');
    json_write_escaped(out, text, len);
    buf_add_char(out, '"');
}

/* Length of the string that begins at this quote, quotes included. */
static size_t
string_length(const char *text, size_t len)
{
    size_t i = 1;
    for (;;) {
        i += json_plain(text + i, len - i);
        if (text[i] == '"')
            return i + 1;
        i += 2;
    }
}

void
json_compact(struct buf *out, const char *text, size_t len)
{
    size_t start = 0;
    size_t i = 0;
    while (i < len) {
        if (text[i] == '"') {
            i += string_length(text + i, len - i);
        } else if (is_space(text[i])) {
            buf_add(out, text + start, i - start);
            while (i < len && is_space(text[i]))
                i++;
            start = i;
        } else {
            i++;
        }
    }
    buf_add(out, text + start, i - start);
}
