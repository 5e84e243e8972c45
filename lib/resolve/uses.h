/* SPDX-License-Identifier: MIT */
/* The queries of the version that a scope serves: immutable, and counted. */
#ifndef ENVRES_RESOLVE_USES_H
#define ENVRES_RESOLVE_USES_H

#include "model/content.h"

struct uses;

/*
 * Reads each of them at the revision that counts, in the transaction that is open. `before` (may be
 * NULL): what is the same is shared. One that cannot be read as it was signed gives its error to
 * whoever asks for it, and to nobody else. *out NULL: there are none.
 */
envres_status uses_load(struct context *ctx, const struct version *version,
                        const struct tree_pin *pins, size_t count, const struct uses *before,
                        struct uses **out, envres_error *err);
void uses_unref(struct uses *uses); /* NULL allowed */

#endif
