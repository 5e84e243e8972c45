/* SPDX-License-Identifier: MIT */
/*
 * Walks the strings of a JSON document that is known to be valid, and gives each that may hold a
 * tag as it reads decoded, with a way back to the offsets of the document.
 */
#ifndef ENVRES_LANG_DOCUMENT_H
#define ENVRES_LANG_DOCUMENT_H

#include "base/mem.h"

/* From decoded offset `decoded` on (up to the next mark) bytes stand one by one from `raw` on. */
struct document_mark {
    uint32_t decoded;
    uint32_t raw;
};

struct document {
    const char *text;
    size_t len;
    size_t at; /* behind the last string */
    struct buf decoded;
    struct buf marks; /* of struct document_mark */
    size_t mark;      /* the one used last: offsets are asked for in rising order */
};

struct document_string {
    const char *text; /* decoded; borrowed until the next call */
    size_t len;
    size_t open;  /* offset of the opening quote in the document */
    size_t close; /* and of the closing one */
    bool is_key;
    bool is_decoded; /* `text` is a copy; else a span of the document */
};

/* `text` is borrowed. */
void document_begin(struct document *doc, const struct mem *mem, const char *text, size_t len);
void document_end(struct document *doc);

/* The next string that may hold a tag. False at the end, or when memory ran out: then
 * document_status() tells. */
bool document_next(struct document *doc, struct document_string *out);
envres_status document_status(const struct document *doc, envres_error *err);

/* Offset in the document of the character at `at` in the string; `at` never goes back within one
 * string, but for what the same tag or the backslashes before it ask for. */
size_t document_raw(struct document *doc, const struct document_string *string, size_t at);

#endif
