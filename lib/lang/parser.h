/* SPDX-License-Identifier: MIT */
/*
 * A template while it is parsed: what the walk over its text has found so far. It lies on the stack
 * of who parses, and small templates need no other memory.
 */
#ifndef ENVRES_LANG_PARSER_H
#define ENVRES_LANG_PARSER_H

#include "lang/context.h"
#include "lang/intern.h"
#include "lang/shell.h"
#include "lang/template.h"

/* A near miss whose path may still move, as in struct ref_draft. */
struct near_draft {
    const char *meant;
    uint32_t tag;
    uint32_t offset;
    uint32_t len;
    uint32_t word_len;
    bool in_strings;
};

enum { SEGMENTS_FIRST = 48, NEAR_FIRST = 4 };

struct parser {
    struct mem mem;
    const char *text;
    size_t len;
    uint32_t flags;
    uint32_t context;
    uint32_t dialect;
    uint8_t style;
    uint32_t own; /* see struct template_view */
    const struct context_row *row;
    size_t literal; /* where the literal begins that is being read */
    uint64_t literal_len;
    uint32_t tags;
    bool keys_have_tags;
    bool is_quick; /* false: every tag goes the way of the grammar */
    struct intern_array segments;
    struct intern_array near;
    struct shell shell;
    struct intern intern;
    struct near_draft first_near[NEAR_FIRST];
    struct segment first_segments[SEGMENTS_FIRST];
};

/* Begins with a text (borrowed until the parser's end) of at most LIMIT_TEMPLATE bytes. `options`
 * are good: context, dialect and style are known ones. */
void parser_begin(struct parser *parser, const struct mem *mem, const char *text, size_t len,
                  const envres_template_options *options, bool is_quick);

/* Reads all of it. Errors: SYNTAX, NAME, UTF8, JSON, LIMIT, and those of contexts; with position.
 * After one nothing but the end may follow. */
envres_status parser_walk(struct parser *parser, envres_error *err);

/* Frees what is still the parser's. */
void parser_end(struct parser *parser);

#endif
