/* SPDX-License-Identifier: MIT */
/*
 * What a template of context sql must be: each tag where a placeholder can stand, and no
 * placeholder of another making beside ours.
 */
#ifndef ENVRES_LANG_SQL_H
#define ENVRES_LANG_SQL_H

#include "lang/dialect.h"
#include "lang/template.h"

struct sql_source {
    const struct mem *mem;
    const char *text;
    size_t len;
    const struct segment *segments; /* the last has no expression */
    uint32_t segment_count;
    const struct template_expr *exprs;
    uint64_t literal_len;
    const struct dialect *dialect;
    uint8_t style; /* ENVRES_STYLE_*, not DEFAULT */
};

/* SQL_CONTEXT, LIMIT (each with the position), NOMEM. *base is the highest $n of the text itself,
 * behind which ours are numbered. */
envres_status sql_check(const struct sql_source *source, uint32_t *base, envres_error *err);

/* Whether JSON (compact) can be spread: TYPE when it is no array, or an empty one. */
envres_status sql_check_list(struct slice json, envres_error *err);

/* A placeholder: "$3", "?", ":p3". At most SQL_PLACEHOLDER_MAX bytes; their number. */
enum { SQL_PLACEHOLDER_MAX = 2 + 10 };
size_t sql_write_placeholder(uint8_t style, uint32_t number, char *to);

static inline size_t
sql_placeholder_len(uint8_t style, uint32_t number)
{
    size_t len = style == ENVRES_STYLE_COLON ? 3 : 2;
    if (style == ENVRES_STYLE_QMARK)
        return 1;
    for (; number > 9; number /= 10)
        len++;
    return len;
}

#endif
