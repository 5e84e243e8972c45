/* SPDX-License-Identifier: MIT */
/* The moves: promote, discard, release, roll back, withdraw. One transaction each. */
#ifndef ENVRES_DELIVERY_RELEASE_H
#define ENVRES_DELIVERY_RELEASE_H

#include "model/act.h"
#include "model/release.h"

envres_status move_promote(struct context *ctx, const envres_version_name *name,
                           const envres_promote_options *options, const envres_change *given,
                           envres_list **findings, envres_error *err);
envres_status move_discard(struct context *ctx, const envres_version_name *name,
                           const envres_version_seen *seen, const envres_change *given,
                           envres_error *err);
envres_status move_release(struct context *ctx, const envres_version_name *name,
                           const envres_release_options *options, const envres_change *given,
                           envres_list **out, envres_list **findings, envres_error *err);
envres_status move_rollback(struct context *ctx, struct slice app,
                            const envres_rollback_options *options, const envres_change *given,
                            envres_list **out, envres_list **findings, envres_error *err);
envres_status move_withdraw(struct context *ctx, struct slice app, int64_t expect_live,
                            const envres_change *given, envres_list **out, envres_error *err);

/* What was written down of a move that waited for approvals, done (model/act.h). */
envres_status move_replay_promote(struct context *ctx, struct act_reader *reader,
                                  const envres_change *given, int64_t *revision, envres_error *err);
envres_status move_replay_release(struct context *ctx, struct act_reader *reader,
                                  const envres_change *given, int64_t *revision, envres_error *err);
envres_status move_replay_rollback(struct context *ctx, struct act_reader *reader,
                                   const envres_change *given, int64_t *revision,
                                   envres_error *err);
envres_status move_replay_withdraw(struct context *ctx, struct act_reader *reader,
                                   const envres_change *given, int64_t *revision,
                                   envres_error *err);

#endif
