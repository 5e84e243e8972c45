/* SPDX-License-Identifier: MIT */
/* Resources: a handle, a kind, one set of settings per environment, declared fallbacks. */
#ifndef ENVRES_MODEL_RESOURCE_H
#define ENVRES_MODEL_RESOURCE_H

#include <envres/resource.h>

#include "model/act.h"
#include "model/config.h"

envres_status resource_define(struct context *ctx, struct slice handle, struct slice kind,
                              const envres_change *change, envres_error *err);
envres_status resource_configure(struct context *ctx, struct slice environment,
                                 const envres_resource_write *write, const envres_change *change,
                                 int64_t *revision, envres_error *err);
/* `to.data` NULL withdraws. */
envres_status resource_set_fallback(struct context *ctx, struct slice environment,
                                    struct slice handle, struct slice to,
                                    const envres_change *change, envres_error *err);
envres_status resource_remove(struct context *ctx, struct slice handle, const envres_change *change,
                              envres_error *err);
envres_status resource_list(struct context *ctx, envres_list **out, envres_error *err);

/* REFERRED when a fallback leads to this environment. */
envres_status resource_check_no_fallback_to(struct context *ctx,
                                            const struct environment *environment,
                                            envres_error *err);

/* What was written down of a change that waited for approvals, done (act.h). */
envres_status resource_replay_configure(struct context *ctx, struct act_reader *reader,
                                        const envres_change *given, int64_t *revision,
                                        envres_error *err);
envres_status resource_replay_remove(struct context *ctx, struct act_reader *reader,
                                     const envres_change *given, int64_t *revision,
                                     envres_error *err);
envres_status resource_replay_fallback(struct context *ctx, struct act_reader *reader,
                                       const envres_change *given, int64_t *revision,
                                       envres_error *err);

#endif
