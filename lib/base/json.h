/* SPDX-License-Identifier: MIT */
/*
 * JSON as RFC 8259 writes it, strictly: valid UTF-8, no duplicate keys, no lone surrogates, no NUL
 * (neither raw nor \u0000), depth at most LIMIT_JSON_DEPTH, no byte-order mark. A validator of our
 * own stands in front of jsmn, which then only finds the spans. Never dependent on the locale.
 */
#ifndef ENVRES_BASE_JSON_H
#define ENVRES_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* E_JSON (E_UTF8, E_LIMIT) with position; linear in `len`. `mem` is for the duplicate-key check. */
envres_status json_check(const struct mem *mem, const char *text, size_t len, envres_error *err);
/* The same, and the number of nodes that the text has as a document. */
envres_status json_count(const struct mem *mem, const char *text, size_t len, uint32_t *nodes,
                         envres_error *err);

/* Length of the leading run of bytes that a JSON string holds as they are: no quote, no backslash,
 * no control character. */
size_t json_plain(const char *text, size_t len);

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

/* A parsed document; keeps the caller's text borrowed. Nodes are numbered in document order, 0 is
 * the root; the key of a member is a string node directly followed by its value's node. */
struct json_doc;

envres_status json_parse(const struct mem *mem, const char *text, size_t len, struct json_doc **out,
                         envres_error *err);
void json_free(struct json_doc *doc);

enum json_kind json_kind_of(const struct json_doc *doc, uint32_t node);
/* The node's text in the document: a string with its quotes. */
struct slice json_span(const struct json_doc *doc, uint32_t node);
/* Number of elements or members. */
uint32_t json_size(const struct json_doc *doc, uint32_t node);
/* First child (array element, or first key of an object), and the node behind a whole subtree.
 * JSON_NONE at the end. */
#define JSON_NONE UINT32_MAX
uint32_t json_first(const struct json_doc *doc, uint32_t node);
uint32_t json_next(const struct json_doc *doc, uint32_t node);
/* Value of a member, or JSON_NONE. The key is compared unescaped. */
uint32_t json_member(const struct json_doc *doc, uint32_t object, const char *key);

/* A string node's text, unescaped, appended to `out`. */
void json_string(const struct json_doc *doc, uint32_t node, struct buf *out);
/* The same for a raw span (without its quotes) that is known to be valid. */
void json_unescape(const char *raw, size_t len, struct buf *out);

/* A number that json_check() accepts. Integers (no point, no exponent) within int64 are exact; one
 * beyond is E_LIMIT, but where a double is written with just these digits; everything else is a
 * double, and one that overflows is E_LIMIT. */
struct json_number {
    bool is_integer;
    int64_t integer;
    double real; /* also set when is_integer */
};
envres_status json_number(const char *text, size_t len, struct json_number *out, envres_error *err);
/* Any number as the double nearest to it, also an integer beyond int64. JSON, LIMIT. */
envres_status json_real(const char *text, size_t len, double *out, envres_error *err);

/* Writers, appending to `out`. */
void json_write_string(struct buf *out, const char *text, size_t len);  /* with quotes */
void json_write_escaped(struct buf *out, const char *text, size_t len); /* without quotes */
void json_write_integer(struct buf *out, int64_t v);
/* As ECMAScript's Number::toString: shortest that reads back. Finite numbers only. */
void json_write_double(struct buf *out, double v);
/* A number in canonical form: integers exactly, doubles as above. */
void json_write_number(struct buf *out, const struct json_number *v);
/* A valid document without insignificant white space; order of keys and spelling of scalars kept.
 */
void json_compact(struct buf *out, const char *text, size_t len);

#endif
