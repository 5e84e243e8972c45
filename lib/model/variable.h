/* SPDX-License-Identifier: MIT */
/* Variables: one value per environment, of the type and class that belong to the name. */
#ifndef ENVRES_MODEL_VARIABLE_H
#define ENVRES_MODEL_VARIABLE_H

#include <envres/value.h>
#include <envres/variable.h>

#include "model/config.h"

/* `writes`: structs of the caller's size, one behind the other. */
envres_status variable_put(struct context *ctx, struct slice environment,
                           const envres_variable_write *writes, size_t count,
                           const envres_change *change, int64_t *revision, envres_error *err);

envres_status variable_unset(struct context *ctx, struct slice environment, struct slice name,
                             const envres_change *change, int64_t *revision, envres_error *err);

envres_status variable_get(struct context *ctx, struct slice environment, struct slice name,
                           uint32_t flags, envres_value **out, envres_error *err);

/* `environment.data` NULL: all. */
envres_status variable_list(struct context *ctx, struct slice environment, uint32_t flags,
                            envres_list **out, envres_error *err);

envres_status variable_rename(struct context *ctx, struct slice name, struct slice to,
                              const envres_change *change, envres_error *err);
envres_status variable_delete(struct context *ctx, struct slice name, const envres_change *change,
                              envres_error *err);

/* A value in the one form that is kept: numbers as they print, json compact; templates parsed.
 * Appended to `out`. TYPE, JSON, UTF8, LIMIT, SYNTAX: never with the value in the message. */
envres_status variable_canonical(const struct mem *mem, int32_t type, struct slice value,
                                 struct buf *out, envres_error *err);

#endif
