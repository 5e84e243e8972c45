/* SPDX-License-Identifier: MIT */
/*
 * What of the audit the host has to be told, and when. Pure but for the reading of the chain's end.
 * Invariants: `seen` never goes back, and each entry it moves over was verified or was written by
 * this store; `anchored` and `given` are never before what the host was told and never behind
 * `seen` by themselves.
 */
#include "model/witness.h"

#include <string.h>

/* What changes who may do what: a checkpoint follows each. The one place that knows. */
static const char *const privileged[] = {
    "environment.", "key.", "principal.", "request.", "role.", "root.", "slot.",
};

static bool
is_privileged(const char *action)
{
    for (size_t i = 0; i < sizeof(privileged) / sizeof(privileged[0]); i++) {
        if (strncmp(action, privileged[i], strlen(privileged[i])) == 0)
            return true;
    }
    return false;
}

bool
witness_is_due(const struct witness *witness, int64_t now)
{
    if (witness->has_anchor && witness->seen.sequence > witness->anchored.sequence)
        return true;
    if (!witness->has_sink || witness->seen.sequence <= witness->given)
        return false;
    int64_t fresh = witness->seen.sequence - witness->base;
    return witness->wanted || fresh >= CHECKPOINT_ENTRIES ||
           (fresh > 0 && now - witness->base_time >= CHECKPOINT_MS);
}

envres_status
witness_ready(struct context *ctx, envres_error *err)
{
    struct witness *witness = ctx->witness;
    if (!witness ||
        (witness->trouble == ENVRES_OK && !witness_is_due(witness, clock_now(ctx->clock))))
        return ENVRES_OK;
    return witness->settle(ctx, err);
}

envres_status
witness_follow(struct context *ctx, envres_error *err)
{
    struct witness *witness = ctx->witness;
    struct audit_tip tip = { 0 };
    if (!witness)
        return ENVRES_OK;
    envres_status st = audit_tip(ctx->db, ctx->workspace, &tip, err);
    if (st < 0)
        return st;
    if (tip.sequence == witness->seen.sequence &&
        seal_equal(tip.hash, witness->seen.hash, SEAL_DIGEST))
        return ENVRES_OK; /* nobody else wrote meanwhile: nothing has to be walked */
    return anchor_check(ctx->db, ctx->workspace, &witness->seen, &tip, err);
}

envres_status
witness_tip(struct context *ctx, struct audit_tip *tip, envres_error *err)
{
    return ctx->witness ? audit_tip(ctx->db, ctx->workspace, tip, err) : ENVRES_OK;
}

void
witness_moved(struct context *ctx, const struct audit_tip *tip, const char *action)
{
    struct witness *witness = ctx->witness;
    if (!witness || tip->sequence <= witness->seen.sequence)
        return;
    witness->seen = *tip;
    witness->wanted = witness->wanted || is_privileged(action);
}
