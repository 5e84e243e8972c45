/* SPDX-License-Identifier: MIT */
/*
 * Copying the pieces of a rendered template, literals and values in turn, to where they belong.
 */
#ifndef ENVRES_RESOLVE_GATHER_H
#define ENVRES_RESOLVE_GATHER_H

#include "base/pool.h"
#include "lang/template.h"

/* A value of up to so many bytes is copied as blocks; as many can be read from where it begins. */
enum { GATHER_WIDE = POOL_SLACK };

struct gather {
    const char *text;
    const struct segment *segments;
    const struct slice *spans; /* by expression */
    uint32_t count;            /* of segments */
    uint32_t roomy;            /* the first of them, which may be copied as blocks */
};

/* From a view and the values of its expressions. Returns the length of the output. */
uint64_t gather_init(struct gather *gather, const struct template_view *view,
                     const struct slice *spans);

/* Writes all of the output to `to`, and not a byte behind it. */
void gather_copy(const struct gather *gather, char *to);

/* The form that uses only what every processor of the kind has, so that both can be tested. */
void gather_copy_baseline(const struct gather *gather, char *to);

#endif
