/* SPDX-License-Identifier: MIT */
/* References in the tags of other template languages, or with a sign too few: text that stays as it
 * is, and was surely meant as a tag. What is nearly one behind `<<` is tag.h's. */
#ifndef ENVRES_LANG_NEAR_H
#define ENVRES_LANG_NEAR_H

#include "base/mem.h"

struct near_other {
    struct slice text; /* "{{ enviroment.variables.X }}" */
    struct slice rest; /* "variables.X" */
    const char *meant; /* what should stand before the rest: "environment" */
};

/* The next one at or behind *at, which is moved to its end; false when there is none. Linear. */
bool near_next(struct slice text, size_t *at, struct near_other *out);

#endif
