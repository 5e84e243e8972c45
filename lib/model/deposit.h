/* SPDX-License-Identifier: MIT */
/*
 * Deposits: values that wait until somebody who may write takes them in, and the SQL of inbox. Who
 * deposits needs no key of the environment.
 */
#ifndef ENVRES_MODEL_DEPOSIT_H
#define ENVRES_MODEL_DEPOSIT_H

#include <envres/deposit.h>

#include "model/act.h"
#include "model/environment.h"

/* `id`: 33 bytes, or NULL. */
envres_status deposit_put(struct context *ctx, struct slice environment,
                          const envres_variable_write *given, const envres_change *change, char *id,
                          envres_error *err);

envres_status deposit_list(struct context *ctx, struct slice environment, envres_list **out,
                           envres_error *err);

/* `id`: hex digits, the first 8 at least. */
envres_status deposit_accept(struct context *ctx, struct slice environment, struct slice id,
                             const envres_change *change, int64_t *revision, envres_error *err);
envres_status deposit_reject(struct context *ctx, struct slice environment, struct slice id,
                             const envres_change *change, envres_error *err);

/* What was written down of an acceptance that waited for approvals, done (act.h). */
envres_status deposit_replay_accept(struct context *ctx, struct act_reader *reader,
                                    const envres_change *given, int64_t *revision,
                                    envres_error *err);

/* Findings: deposits that nobody signed who is here, or whose id was used before. Needs no key. */
envres_status deposit_verify(struct context *ctx, db_finding_fn finding, void *user,
                             envres_error *err);

/* With the keys of an environment: is the public key that deposits are sealed to theirs? */
envres_status deposit_verify_key(struct context *ctx, const struct environment *environment,
                                 db_finding_fn finding, void *user, envres_error *err);

#endif
