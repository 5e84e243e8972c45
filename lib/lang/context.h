/* SPDX-License-Identifier: MIT */
/*
 * Contexts and places: where a template's text goes, and how a value is written there.
 */
#ifndef ENVRES_LANG_CONTEXT_H
#define ENVRES_LANG_CONTEXT_H

#include "lang/template.h"

/* How the text is walked for tags. */
enum context_walk {
    WALK_TEXT,    /* as it stands */
    WALK_STRINGS, /* the strings of a JSON document */
    WALK_SHELL,   /* as it stands, with the quoting followed */
    WALK_SQL      /* as it stands; then tokens are looked at (sql.h) */
};

struct context_row {
    const char *name;
    uint8_t walk;  /* enum context_walk */
    uint8_t place; /* of a tag, where the walk does not tell a better one */
};

/* NULL for an unknown context. */
const struct context_row *context_row(uint32_t context);

/* Appends a value in the way its place wants. `is_encoded`: it is percent-encoded already. */
void place_write(enum expr_place place, const struct operand *value, bool is_encoded,
                 struct buf *out);

/* True when place_write() would append the operand's text and nothing else. */
bool place_is_verbatim(enum expr_place place, const struct operand *value);

#endif
