/* SPDX-License-Identifier: MIT */
/*
 * Telling the host how far the audit is. The host's callbacks run with no lock held and no
 * transaction open, so that they may take long, and may call the library. One thread at a time is
 * in them for one workspace (`calling`); another that has something to tell leaves it to that one,
 * which looks again when it comes back. Nobody waits for anybody: a callback that makes a change
 * itself does not hang.
 *
 * A change that was committed stands, told or not. What could not be told is tried again before the
 * next change, and that one is refused while it still cannot be.
 */
#include "api/settle.h"

#include <string.h>

#include "model/witness.h"

/* A callback that makes changes would be told of them for ever. */
enum { ROUNDS = 8 };

/* One thing to tell. Taken out under the lock, told without it. */
struct job {
    bool anchor;
    bool checkpoint;
    int64_t expected;        /* where the anchor is thought to be */
    struct audit_tip target; /* where it should be */
    int64_t now;
};

static struct job
next_job(const envres_store *store, const struct witness *witness)
{
    struct job job = { .target = witness->seen, .expected = witness->anchored.sequence };
    job.now = clock_now(&store->clock);
    if (!witness_is_due(witness, job.now))
        return job;
    job.anchor = witness->has_anchor && job.target.sequence > job.expected;
    job.checkpoint = !job.anchor;
    return job;
}

/* ---- the anchor ----------------------------------------------------------------------------- */

static envres_status
load_anchor(const envres_store *store, const uint8_t workspace[SEAL_ID], struct audit_tip *out,
            envres_error *err)
{
    struct audit_tip loaded = { 0 };
    envres_status st =
        store->anchor_load(workspace, &loaded.sequence, loaded.hash, store->anchor_user);
    if (st != ENVRES_OK || loaded.sequence < 0 || loaded.sequence == INT64_MAX) {
        st = err_set(err, ENVRES_E_CALLBACK, "the host's anchor could not be read");
        err_hint(err, "nothing was opened or changed; look at where the anchor is kept");
        return st;
    }
    *out = loaded;
    return ENVRES_OK;
}

/* Is what the anchor holds an ancestor of the file? Then the file is seen up to its end. */
static envres_status
compare(envres_store *store, struct witness *witness, const struct audit_tip *loaded,
        envres_error *err)
{
    struct audit_tip tip = { 0 };
    envres_status st = store_enter(store, err);
    if (st < 0)
        return st;
    st = db_begin_read(store->db, err);
    if (st == ENVRES_OK) {
        st = anchor_check(store->db, witness->workspace, loaded, &tip, err);
        if (st == ENVRES_OK && witness->seen.sequence > 0)
            st = anchor_check(store->db, witness->workspace, &witness->seen, &tip, err);
        st = db_end(store->db, st, NULL, err);
    }
    if (st == ENVRES_OK) {
        witness->seen = tip;
        witness->anchored = *loaded;
    }
    store_leave(store);
    return st;
}

static envres_status
fail_anchor(envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_CALLBACK, "the host's anchor could not be written");
    err_hint(err, "what was changed before stands; nothing more is changed until the anchor is "
                  "where the store is");
    return st;
}

/* Where storing fails, another process may have been first: the anchor is read, and what it holds
 * must be a part of this file's history. Losing to a higher number is no failure. */
static envres_status
tell_anchor(envres_store *store, struct witness *witness, struct job *job, envres_error *err)
{
    struct audit_tip loaded = { 0 };
    const struct audit_tip *target = &job->target;
    if (store->anchor_store(witness->workspace, job->expected, target->sequence, target->hash,
                            store->anchor_user) == ENVRES_OK)
        return ENVRES_OK;
    envres_status st = load_anchor(store, witness->workspace, &loaded, err);
    if (st < 0 || loaded.sequence == job->expected)
        return fail_anchor(err);
    st = compare(store, witness, &loaded, err);
    if (st < 0)
        return st;
    if (loaded.sequence >= target->sequence) {
        job->target = loaded;
        return ENVRES_OK;
    }
    st = store->anchor_store(witness->workspace, loaded.sequence, target->sequence, target->hash,
                             store->anchor_user);
    return st == ENVRES_OK ? st : fail_anchor(err);
}

/* ---- checkpoints ---------------------------------------------------------------------------- */

static envres_status
tell_checkpoint(const envres_store *store, const struct witness *witness,
                const struct identity *actor, const struct job *job, envres_error *err)
{
    envres_checkpoint checkpoint = { 0 };
    uint8_t signature[SIGNATURE_SIZE];
    envres_status st = checkpoint_make(actor, witness->workspace, &job->target, job->now, signature,
                                       &checkpoint, err);
    if (st < 0)
        return st;
    if (store->audit_sink(&checkpoint, store->audit_sink_user) == ENVRES_OK)
        return ENVRES_OK;
    st = err_set(err, ENVRES_E_CALLBACK, "the host's audit sink did not take a checkpoint");
    err_hint(err, "what was changed before stands; nothing more is changed until it takes one");
    return st;
}

/* ---- both ----------------------------------------------------------------------------------- */

static void
note_told(struct witness *witness, const struct job *job)
{
    int64_t sequence = job->target.sequence;
    if (job->anchor) {
        if (sequence > witness->anchored.sequence)
            witness->anchored = job->target;
        return;
    }
    witness->given = sequence;
    witness->base = sequence;
    witness->base_time = job->now;
    witness->wanted = witness->wanted && witness->seen.sequence > sequence;
}

/* No lock held. Answers why something could not be told. */
static envres_status
tell(envres_store *store, struct witness *witness, const struct identity *actor, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (int round = 0; st == ENVRES_OK && round < ROUNDS; round++) {
        pthread_mutex_lock(&store->lock);
        struct job job = next_job(store, witness);
        bool calling = witness->calling;
        envres_status trouble = witness->trouble;
        bool nothing = calling || (!job.anchor && !job.checkpoint);
        witness->calling = true;
        if (nothing) {
            witness->calling = calling;
            witness->trouble = calling ? trouble : ENVRES_OK;
        }
        pthread_mutex_unlock(&store->lock);
        if (nothing)
            return calling && trouble < 0 ? err_set(err, trouble,
                                                    "the host is being told of the "
                                                    "change before this one")
                                          : ENVRES_OK;
        st = job.anchor ? tell_anchor(store, witness, &job, err)
                        : tell_checkpoint(store, witness, actor, &job, err);
        pthread_mutex_lock(&store->lock);
        witness->calling = false;
        witness->trouble = st;
        if (st == ENVRES_OK)
            note_told(witness, &job);
        pthread_mutex_unlock(&store->lock);
    }
    return st;
}

/* Before a change: the lock is held by the caller, and again when this returns. */
static envres_status
before_change(struct context *ctx, envres_error *err)
{
    envres_store *store = ctx->witness->store;
    struct identity *actor = identity_ref(ctx->actor);
    pthread_mutex_unlock(&store->lock);
    envres_status st = tell(store, ctx->witness, actor, err);
    pthread_mutex_lock(&store->lock);
    identity_unref(actor);
    return st;
}

bool
settle_is_due(const envres_session *session)
{
    const struct witness *witness = session->context.witness;
    return witness && witness->trouble == ENVRES_OK && !witness->calling &&
           witness_is_due(witness, clock_now(&session->store->clock));
}

void
settle_after(envres_session *session)
{
    envres_status st = tell(session->store, session->context.witness, session->context.actor, NULL);
    (void)st; /* kept, and tried again before the next change, which is told of it */
}

void
settle_close(envres_session *session)
{
    struct witness *witness = session->context.witness;
    if (!witness || !witness->has_sink)
        return;
    pthread_mutex_lock(&session->store->lock);
    bool wanted = witness->seen.sequence > witness->given;
    witness->wanted = witness->wanted || wanted;
    pthread_mutex_unlock(&session->store->lock);
    if (wanted)
        settle_after(session);
}

/* ---- sessions ------------------------------------------------------------------------------- */

/* The one of this workspace; made when it is first asked for. Under the lock. */
static envres_status
find_witness(envres_store *store, const uint8_t workspace[SEAL_ID], struct witness **out,
             envres_error *err)
{
    struct witness *witness = store->witnesses;
    while (witness && memcmp(witness->workspace, workspace, SEAL_ID) != 0)
        witness = witness->next;
    if (!witness) {
        witness = mem_alloc_zero(&store->mem, sizeof(*witness));
        if (!witness)
            return err_code(err, ENVRES_E_NOMEM);
        memcpy(witness->workspace, workspace, SEAL_ID);
        witness->store = store;
        witness->has_anchor = store->anchor_load != NULL;
        witness->has_sink = store->audit_sink != NULL;
        witness->settle = before_change;
        witness->base = -1;
        witness->next = store->witnesses;
        store->witnesses = witness;
    }
    *out = witness;
    return ENVRES_OK;
}

/* Entries that were there before are not counted: they are no work of this store's. */
static void
begin_counting(envres_store *store, struct witness *witness)
{
    pthread_mutex_lock(&store->lock);
    if (witness->base < 0) {
        witness->base = witness->seen.sequence;
        witness->base_time = clock_now(&store->clock);
    }
    pthread_mutex_unlock(&store->lock);
}

envres_status
settle_session(envres_session *session, envres_error *err)
{
    envres_store *store = session->store;
    struct context *ctx = &session->context;
    struct witness *witness = NULL;
    struct audit_tip loaded = { 0 };
    if (!store->anchor_load && !store->audit_sink)
        return ENVRES_OK;
    envres_status st = store_enter(store, err);
    if (st < 0)
        return st;
    st = find_witness(store, ctx->workspace, &witness, err);
    store_leave(store);
    if (st == ENVRES_OK && witness->has_anchor)
        st = load_anchor(store, ctx->workspace, &loaded, err);
    if (st == ENVRES_OK)
        st = compare(store, witness, &loaded, err);
    if (st < 0)
        return st;
    begin_counting(store, witness);
    st = tell(store, witness, ctx->actor, err);
    if (st == ENVRES_OK)
        ctx->witness = witness;
    return st;
}

envres_status
settle_options(const envres_store_options *options, envres_store *store, envres_error *err)
{
    if (!options->anchor_load != !options->anchor_store)
        return err_set(err, ENVRES_E_INVALID, "an anchor that is loaded must be stored, too");
    store->anchor_load = options->anchor_load;
    store->anchor_store = options->anchor_store;
    store->anchor_user = options->anchor_user;
    store->audit_sink = options->audit_sink;
    store->audit_sink_user = options->audit_sink_user;
    return ENVRES_OK;
}

void
settle_free(envres_store *store)
{
    struct witness *next = NULL;
    for (struct witness *witness = store->witnesses; witness; witness = next) {
        next = witness->next;
        mem_free(&store->mem, witness);
    }
    store->witnesses = NULL;
}
