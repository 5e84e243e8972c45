/* SPDX-License-Identifier: MIT */
/*
 * One change: the write transaction around it, its operation id, its reason, its audit entry. The
 * entry is written in the same transaction as the change; there is no other way to write.
 */
#ifndef ENVRES_MODEL_CHANGE_H
#define ENVRES_MODEL_CHANGE_H

#include <envres/types.h>

#include "model/context.h"
#include "model/environment.h"

struct change {
    struct context *ctx;
    const char *action;
    struct slice object; /* "variable/NAME": borrowed until change_end() */
    struct slice reason;
    uint8_t operation[SEAL_ID];
    uint8_t environment[SEAL_ID];
    bool has_environment;
    bool force;
    bool repeated; /* this operation was committed before: do nothing, answer `revision` */
    bool nothing;  /* the caller found nothing to change: no entry is written */
    int64_t revision;
    int64_t now;
};

/* Reads the options, begins, and looks the operation up. On failure nothing is open. */
envres_status change_begin(struct context *ctx, const envres_change *given, const char *action,
                           struct slice object, struct change *out, envres_error *err);

/* Names the environment concerned; REASON when it requires one and none was given. */
envres_status change_in(struct change *change, const struct environment *environment,
                        envres_error *err);

/* Writes the entry and commits, or rolls back and gives `st` on. A commit whose outcome is not
 * known is looked up on a fresh connection: committed, not committed, or UNKNOWN_OUTCOME. */
envres_status change_end(struct change *change, envres_status st, envres_error *err);

#endif
