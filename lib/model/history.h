/* SPDX-License-Identifier: MIT */
/* Looking at what was, and bringing it back. */
#ifndef ENVRES_MODEL_HISTORY_H
#define ENVRES_MODEL_HISTORY_H

#include <envres/variable.h>

#include "model/act.h"
#include "model/config.h"

envres_status history_list(struct context *ctx, struct slice environment,
                           enum object_class object_class, struct slice name, uint32_t flags,
                           envres_list **out, envres_error *err);

/* `point->name` NULL: everything. "resource/HANDLE" names a resource. */
envres_status history_restore(struct context *ctx, struct slice environment,
                              const envres_restore_point *point, const envres_change *change,
                              int64_t *made, envres_error *err);

/* What was written down of a restore that waited for approvals, done (act.h). */
envres_status history_replay_restore(struct context *ctx, struct act_reader *reader,
                                     const envres_change *given, int64_t *revision,
                                     envres_error *err);

#endif
