/* SPDX-License-Identifier: MIT */
/* The slots of the session's own principal: the ways to unlock it. */
#ifndef ENVRES_MODEL_SLOT_H
#define ENVRES_MODEL_SLOT_H

#include <envres/key.h>

#include "model/context.h"

envres_status slot_list(struct context *ctx, envres_list **out, envres_error *err);

/* `made` was made without a transaction open, since that takes long. It may be NULL in a session
 * that acts as another, which is refused. */
envres_status slot_add(struct context *ctx, struct slice label, const struct new_slot *made,
                       const envres_change *given, int64_t *ordinal, envres_error *err);
envres_status slot_change(struct context *ctx, int64_t ordinal, const struct new_slot *made,
                          const envres_change *given, envres_error *err);
envres_status slot_remove(struct context *ctx, int64_t ordinal, const envres_change *given,
                          envres_error *err);

#endif
