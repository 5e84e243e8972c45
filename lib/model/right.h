/* SPDX-License-Identifier: MIT */
/*
 * Rights, asked where something is done. Deny by default: a change that asked for none is refused
 * when it ends.
 */
#ifndef ENVRES_MODEL_RIGHT_H
#define ENVRES_MODEL_RIGHT_H

#include "model/environment.h"

/* DENIED unless the acting principal may do it in an environment, or (NULL) in the workspace.
 * Inside a transaction. */
envres_status right_check(struct context *ctx, enum action action,
                          const struct environment *environment, envres_error *err);

/* The same without an error for a refusal. */
envres_status right_has(struct context *ctx, enum action action,
                        const struct environment *environment, bool *may, envres_error *err);

/* DENIED unless it may be done in at least one environment. */
envres_status right_anywhere(struct context *ctx, enum action action, envres_error *err);

/* DENIED unless this is the principal that is unlocked, acting for itself, and not removed since.
 * What is one's own takes no role, and nobody does it in another's name. Inside a transaction. */
envres_status right_own(struct context *ctx, const uint8_t principal[SEAL_ID], envres_error *err);

/* Roles of the unlocked principal in an environment, or (NULL) those for the workspace; with an
 * asserted one only what both have. */
envres_status right_roles(struct context *ctx, const uint8_t *environment, uint32_t *roles,
                          envres_error *err);

/* The roles of the workspace as they are now; borrowed until the next call of this room. */
envres_status right_all(struct context *ctx, const struct roles **out, envres_error *err);

#endif
