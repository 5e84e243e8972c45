/* SPDX-License-Identifier: MIT */
/*
 * Filters: one row each. A filter is a pure function from an operand to an operand.
 */
#ifndef ENVRES_LANG_FILTER_H
#define ENVRES_LANG_FILTER_H

#include <stdbool.h>

#include "lang/template.h"

enum filter_id {
    FILTER_DEFAULT, /* chosen by the caller of filter_apply(), which never sees it */
    FILTER_JSON,
    FILTER_URL,
    FILTER_BASE64,
    FILTER_UPPER,
    FILTER_LOWER,
    FILTER_TRIM,
    FILTER_IDENT,
    FILTER_LIST,
    FILTER_COUNT_
};

/* What a filter leaves behind, of interest to the place the value goes to. */
enum filter_effect {
    EFFECT_KEEPS,  /* percent-encoded text stays so */
    EFFECT_PLAIN,  /* new text, not percent-encoded */
    EFFECT_ENCODED /* percent-encoded */
};

struct filter_row {
    const char *name;
    uint8_t args;    /* literals it takes, exactly */
    uint8_t effect;  /* enum filter_effect */
    bool first_only; /* must be the first filter of its tag */
    bool sql_only;   /* has a meaning in SQL templates alone, as the last filter of its tag */
    bool takes_any;  /* any type; else strings only */
    bool takes_json; /* JSON only */
    int32_t gives;   /* ENVRES_TYPE_* of its result */
    void (*apply)(const struct operand *in, struct buf *out);
};

/* Most literals that a row of the table takes. */
enum { FILTER_ARGS = 1 };

const struct filter_row *filter_row(enum filter_id id);

/* FILTER_COUNT_ when there is none of that name; `near` (may be NULL) is then the nearest one. */
enum filter_id filter_find(struct slice name, struct slice *near);

/* Result in `out`: its text lies in `scratch`, or is the operand's own. The text of `in` may not
 * lie in `scratch`. E_TYPE; failures of memory stick to `scratch`. */
envres_status filter_apply(enum filter_id id, const struct operand *in, struct buf *scratch,
                           struct operand *out, envres_error *err);

/* Percent-encodes everything but the unreserved characters of RFC 3986. */
void filter_percent_encode(struct slice text, struct buf *out);
bool filter_is_unreserved(struct slice text);

/* "a string", "a number", ...: for messages. */
const char *filter_type_name(int32_t type);

#endif
