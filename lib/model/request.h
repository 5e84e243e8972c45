/* SPDX-License-Identifier: MIT */
/*
 * Requests: what waits for the approval of others, who may give it, and when it is enough. A
 * request is for one change, bound to what that builds on and to the roles in the workspace; it is
 * run once.
 */
#ifndef ENVRES_MODEL_REQUEST_H
#define ENVRES_MODEL_REQUEST_H

#include <envres/request.h>

#include "guard/approval.h"
#include "model/change.h"

/* For change.c, behind the work of a change that needs approvals. */

/* The change is what the running request asks for, and enough have approved: closes it. Inside the
 * change's transaction. APPROVALS, CLOSED. */
envres_status request_settle(struct change *change, envres_error *err);
/* When the change was rolled back: opens a request, or finds the one that is open for the same, in
 * a transaction of its own. APPROVALS, with the request's id as subject; else why it could not. */
envres_status request_open(struct change *change, envres_error *err);

/* How many principals have the right to approve in an environment. Inside a transaction. */
envres_status request_approvers(struct context *ctx, const struct environment *environment,
                                int64_t *count, envres_error *err);

/* E_QUORUM unless enough principals may approve in an environment, beside the one who asks. Inside
 * a transaction, after what changed them. */
envres_status request_check_quorum(struct context *ctx, const struct environment *environment,
                                   envres_error *err);

envres_status request_approve(struct context *ctx, struct slice id, const envres_change *given,
                              envres_error *err);
envres_status request_withdraw(struct context *ctx, struct slice id, const envres_change *given,
                               envres_error *err);
/* `id.data` NULL: all of them (flags). */
envres_status request_list(struct context *ctx, struct slice id, uint32_t flags, envres_list **out,
                           envres_error *err);

/* For who runs it: a request that may be run now, and what it asks for, opened. *done: it was run
 * by this very operation before, and *revision is what it made. Free `row` with request_row_free(),
 * `plain` (secret) with buf_free(), in either case. */
envres_status request_load(struct context *ctx, struct slice id, const envres_change *given,
                           struct request_row *row, struct buf *plain, bool *done,
                           int64_t *revision, envres_error *err);

/* Findings: requests and approvals that are not signed, done without enough of them. */
envres_status request_verify(struct context *ctx, db_finding_fn finding, void *user,
                             envres_error *err);

#endif
