/* SPDX-License-Identifier: MIT */
/*
 * The template language: text in, an immutable compiled template out. Pure: no I/O, no store.
 *
 * A compiled template is an array of segments over the text it was made of. A segment is a literal
 * (a span of the text) followed by one expression, or by none. Expressions are interned: the same
 * reference with the same filters in the same place (string, key, bare) is one expression.
 *
 *   text:      GET << environment.variables.HOST >>/v1?k=<< environment.variables.KEY | url >>
 *   segments:  [ "GET ", 0 ] [ "/v1?k=", 1 ] [ "", none ]
 *   exprs:     0: ref 0, no filter          1: ref 1, filters: url
 *   refs:      0: variable HOST             1: variable KEY
 */
#ifndef ENVRES_LANG_TEMPLATE_H
#define ENVRES_LANG_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

#include <envres/template.h>
#include <envres/value.h>

#include "base/mem.h"

enum ref_root {
    REF_ENVIRONMENT_NAME,
    REF_ENVIRONMENT_LABEL,
    REF_VARIABLE, /* name */
    REF_RESOURCE, /* name, field */
    REF_PARAM,    /* name */
    REF_APP_NAME,
    REF_APP_VERSION,
    REF_APP_RELEASE
};

struct template_ref {
    enum ref_root root;
    struct slice name;  /* borrowed from the template */
    struct slice field; /* of a resource */
};

/* A value while it is being resolved and filtered: type and text as the language prints it
 * (integers and doubles in canonical form, json compact). Borrowed. */
struct operand {
    int32_t type; /* ENVRES_TYPE_STRING, _NUMBER, _BOOLEAN, _JSON, _NULL */
    struct slice text;
};

enum expr_place {
    PLACE_TEXT,        /* context text: as it is */
    PLACE_URL,         /* context url */
    PLACE_SHELL,       /* context shell */
    PLACE_JSON_STRING, /* inside a JSON string among other text */
    PLACE_JSON_VALUE,  /* a JSON string that is this tag alone (the segment's literal stops before
                          the opening quote, the next begins behind the closing one) */
    PLACE_JSON_KEY,    /* inside an object's key */
    PLACE_SQL_VALUE,   /* context sql: a placeholder */
    PLACE_SQL_LIST,    /* placeholders in parentheses, one for each element */
    PLACE_SQL_IDENT    /* a quoted identifier */
};

static inline bool
place_is_sql(enum expr_place place)
{
    return place == PLACE_SQL_VALUE || place == PLACE_SQL_LIST || place == PLACE_SQL_IDENT;
}

struct template_expr {
    uint32_t ref;
    uint32_t first_filter; /* into the template's filter calls */
    uint8_t filter_count;
    uint8_t place; /* enum expr_place */
    bool has_default;
};

#define EXPR_NONE UINT32_MAX

/* 16 bytes. */
struct segment {
    uint32_t offset; /* of the literal in the text */
    uint32_t len;
    uint32_t expr; /* EXPR_NONE: nothing follows */
    uint32_t tag;  /* offset of the tag's << in the text the caller gave */
};

/* Read by `resolve`; borrowed for the life of the template. */
struct template_view {
    const char *text;
    size_t text_len;
    const struct segment *segments;
    uint32_t segment_count;
    const struct template_expr *exprs;
    uint32_t expr_count;
    const struct template_ref *refs;
    uint32_t ref_count;
    uint64_t literal_len; /* sum over all segments */
    bool keys_have_tags;  /* context json: check for colliding keys after rendering */
    uint32_t context;     /* ENVRES_CONTEXT_* */
    uint32_t dialect;     /* ENVRES_DIALECT_*; 0: not context sql */
    uint8_t style;        /* ENVRES_STYLE_*, never DEFAULT */
    uint32_t own;         /* the highest $n that the text itself has */
};

/* As envres_template_parse(), but every tag goes the way of the grammar, also one of the shape that
 * nearly all have: what both give is the same, which tests assert. */
envres_status template_parse_slowly(const char *text, size_t len,
                                    const envres_template_options *options, envres_template **out,
                                    envres_error *err);

void template_view(const envres_template *tmpl, struct template_view *out);
const struct mem *template_mem(const envres_template *tmpl);

/* The first segment that uses an expression: for the position of an error. */
static inline uint32_t
template_first_use(const struct template_view *view, uint32_t expr)
{
    uint32_t i = 0;
    while (i < view->segment_count && view->segments[i].expr != expr)
        i++;
    return i;
}

/* Puts the position of a segment's tag into err (line and column computed here). */
void template_position(const envres_template *tmpl, uint32_t segment, envres_error *err);

/*
 * Applies the filters of an expression and writes the result as its place wants it, appended to
 * `out` (whose `secret` the caller has set). `value` NULL: the reference has no value, the default
 * filter must give one (has_default is true). Messages never hold the value.
 * Errors: E_TYPE, E_UTF8, E_LIMIT, E_NOMEM.
 */
envres_status template_write(const envres_template *tmpl, uint32_t expr,
                             const struct operand *value, struct buf *out, envres_error *err);

/*
 * Applies the filters of an expression (`value` NULL: to its default) without regard to its place.
 * The result's text is the value's own, or the default's, or lies in one of the scratch buffers,
 * which the caller has begun. E_TYPE, E_LIMIT, E_NOMEM.
 */
envres_status template_filter(const envres_template *tmpl, uint32_t expr,
                              const struct operand *value, struct buf scratch[2],
                              struct operand *out, envres_error *err);

/* True when an expression writes its operand byte for byte: no filter, nothing to escape at its
 * place. Then the operand's text is the output, without a copy. */
bool template_is_verbatim(const envres_template *tmpl, uint32_t expr, const struct operand *value);

/* True when a text holds at least one tag (as the parser would see it): a field that holds one is
 * a template. Linear. */
bool template_has_tag(const char *text, size_t len);

/* Text that is kept, though it looks like a tag: `<< enviroment.variables.X >>`. */
struct template_near {
    uint32_t tag;      /* offset of its << in the text the caller gave */
    struct slice path; /* "enviroment.variables.X" */
    const char *meant; /* what should stand for its first word: "environment" */
    uint32_t word_len; /* of the first word of `path` */
};

/* The index-th near miss, in the order of the text; false behind the last. */
bool template_near(const envres_template *tmpl, uint32_t index, struct template_near *out);

/* True when the text is one tag alone (white space around it is not allowed). */
bool template_is_one_tag(const envres_template *tmpl);

#endif
