/* SPDX-License-Identifier: MIT */
/*
 * Rotation of an environment's keys, and the report of secrets that somebody could have read who no
 * longer may.
 */
#ifndef ENVRES_MODEL_ROTATE_H
#define ENVRES_MODEL_ROTATE_H

#include <envres/key.h>

#include "model/context.h"

/* Keys of the next generation, unless a rotation is under way. `report` may be NULL. */
envres_status rotate_begin(struct context *ctx, struct slice environment,
                           const envres_change *given, envres_list **report, envres_error *err);

/* Some records sealed anew; with the last one the older keys are erased. */
envres_status rotate_step(struct context *ctx, struct slice environment, int64_t *left,
                          envres_error *err);

/* `environment.data` NULL: wherever the session may rotate. */
envres_status rotate_exposure(struct context *ctx, struct slice environment, envres_list **out,
                              envres_error *err);

#endif
