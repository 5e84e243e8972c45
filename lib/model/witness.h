/* SPDX-License-Identifier: MIT */
/*
 * What the host has to be told of the audit: where its anchor stands, which checkpoints are due.
 * One for each workspace of a store that was opened with an anchor or a sink; used under the
 * store's lock. Telling it is the work of lib/api/settle.c, which may call the host; here is what
 * a change has to do with it.
 */
#ifndef ENVRES_MODEL_WITNESS_H
#define ENVRES_MODEL_WITNESS_H

#include "guard/anchor.h"
#include "model/context.h"

enum { CHECKPOINT_ENTRIES = 256, CHECKPOINT_MS = 60000 };

struct witness {
    struct witness *next;
    uint8_t workspace[SEAL_ID];
    bool has_anchor;
    bool has_sink;
    bool calling;              /* a thread is in the host's callback */
    struct audit_tip seen;     /* the newest entry that was read, and found to follow the last */
    struct audit_tip anchored; /* what the host's anchor holds, as far as is known */
    int64_t given;             /* newest entry that a checkpoint of this store is of; 0: none yet */
    int64_t base;              /* entries are counted from here; */
    int64_t base_time;         /* and the time from here */
    bool wanted;               /* a checkpoint, whatever their number */
    envres_status trouble;     /* why the host could not be told; OK: it could */
    void *store;               /* whose it is; for `settle` */
    /* Tells the host what is due, with the lock released meanwhile: before a change begins. */
    envres_status (*settle)(struct context *ctx, envres_error *err);
};

/* Whether the host has to be told something. */
bool witness_is_due(const struct witness *witness, int64_t now);

/* Before a change: CALLBACK (or FORK, ROLLBACK) while the host cannot be told of the one before.
 * Releases the lock; nothing may be open. */
envres_status witness_ready(struct context *ctx, envres_error *err);

/* Around the entry of a change, inside its transaction: does the file still continue what was seen?
 * And where does the chain end now? */
envres_status witness_follow(struct context *ctx, envres_error *err);
envres_status witness_tip(struct context *ctx, struct audit_tip *tip, envres_error *err);

/* A change was committed. */
void witness_moved(struct context *ctx, const struct audit_tip *tip, const char *action);

#endif
