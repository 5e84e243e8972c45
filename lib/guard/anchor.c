/* SPDX-License-Identifier: MIT */
/*
 * Anchors and checkpoints, without callbacks, locks or memory of their own: what is compared, and
 * what is signed.
 *
 *   checkpoint = Ed25519, type "checkpoint", over CE(workspace, signer, sign_key, sequence u64,
 *                time u64, policy version u64, hash)
 *
 * Ancestry is proven by the chain itself: every link and signature from the entry that was seen to
 * the newest. What lies before it is not read: its hash binds all of that, and verify reads it.
 */
#include "guard/anchor.h"

#include <string.h>

#include "guard/box.h"

static const char checkpoint_type[] = "checkpoint";

enum { MESSAGE_SIZE = 2 * SEAL_ID + 32 + 3 * 8 + SEAL_DIGEST, SQL_SIGNER = 0, SQL_COUNT_ };

static const char *const anchor_sql[SQL_COUNT_] = {
    [SQL_SIGNER] = "SELECT 1 FROM principal WHERE workspace_id = ?1 AND id = ?2 AND sign_key = ?3",
};

/* ---- what was seen before ------------------------------------------------------------------- */

static envres_status
older(const struct audit_tip *from, const struct audit_tip *tip, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_ROLLBACK,
                               "the store is older than it was seen before: its audit ends with "
                               "entry %lld, and entry %lld was there",
                               (long long)tip->sequence, (long long)from->sequence);
    err_hint(err, "a backup or an older copy lies in its place; where that was done on purpose, "
                  "remove the anchor");
    return st;
}

static envres_status
other(int64_t sequence, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_FORK,
                               "the store has another history than was seen before: audit entry "
                               "%lld is another",
                               (long long)sequence);
    err_hint(err,
             "a copy that was changed elsewhere lies in its place; remove the anchor only when "
             "this copy is the right one");
    return st;
}

envres_status
anchor_check(struct db *db, const uint8_t *workspace, const struct audit_tip *from,
             struct audit_tip *tip, envres_error *err)
{
    uint8_t hash[SEAL_DIGEST];
    bool found = false;
    envres_status st = audit_tip(db, workspace, tip, err);
    if (st < 0 || from->sequence == 0)
        return st;
    if (tip->sequence < from->sequence)
        return older(from, tip, err);
    st = audit_hash_at(db, workspace, from->sequence, &found, hash, err);
    if (st < 0)
        return st;
    if (!found || !seal_equal(hash, from->hash, SEAL_DIGEST))
        return other(from->sequence, err);
    return audit_follow(db, workspace, from, err);
}

/* ---- checkpoints ---------------------------------------------------------------------------- */

static size_t
write_message(const envres_checkpoint *checkpoint, uint8_t room[MESSAGE_SIZE])
{
    struct ce ce;
    ce_init(&ce, room, MESSAGE_SIZE);
    ce_bytes(&ce, checkpoint->workspace, SEAL_ID);
    ce_bytes(&ce, checkpoint->signer, SEAL_ID);
    ce_bytes(&ce, checkpoint->sign_key, 32);
    ce_u64(&ce, (uint64_t)checkpoint->sequence);
    ce_u64(&ce, (uint64_t)checkpoint->time);
    ce_u64(&ce, (uint64_t)checkpoint->policy_version);
    ce_bytes(&ce, checkpoint->hash, SEAL_DIGEST);
    return ce.len;
}

envres_status
checkpoint_make(const struct identity *signer, const uint8_t *workspace,
                const struct audit_tip *tip, int64_t time, uint8_t signature[SIGNATURE_SIZE],
                envres_checkpoint *out, envres_error *err)
{
    uint8_t message[MESSAGE_SIZE];
    envres_checkpoint checkpoint = {
        .size = sizeof(checkpoint),
        .sequence = tip->sequence,
        .time = time,
        .policy_version = tip->policy_version,
        .workspace = workspace,
        .signer = signer->id,
        .sign_key = signer->sign_public,
        .hash = tip->hash,
        .signature = signature,
    };
    size_t len = write_message(&checkpoint, message);
    *out = checkpoint;
    return identity_sign(signer, checkpoint_type, message, len, signature, err);
}

/* A principal that was removed keeps its row: what it signed stays true. */
static envres_status
check_signer(struct db *db, const envres_checkpoint *checkpoint, bool *known, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, anchor_sql[SQL_SIGNER], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, checkpoint->workspace, SEAL_ID);
    db_bind_blob(stmt, 2, checkpoint->signer, SEAL_ID);
    db_bind_blob(stmt, 3, checkpoint->sign_key, 32);
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    *known = row == DB_ROW;
    if (*known)
        db_reset(stmt);
    return ENVRES_OK;
}

envres_status
checkpoint_check(struct db *db, const uint8_t *workspace, const envres_checkpoint *checkpoint,
                 envres_error *err)
{
    uint8_t message[MESSAGE_SIZE];
    struct audit_tip tip = { 0 };
    struct audit_tip from = { .sequence = checkpoint->sequence };
    bool known = false;
    size_t len = write_message(checkpoint, message);
    if (memcmp(checkpoint->workspace, workspace, SEAL_ID) != 0)
        return err_set(err, ENVRES_E_INTEGRITY, "the checkpoint is of another workspace");
    if (checkpoint->sequence < 1 || !identity_verify(checkpoint->sign_key, checkpoint_type, message,
                                                     len, checkpoint->signature))
        return err_set(err, ENVRES_E_INTEGRITY, "the checkpoint's signature does not verify");
    envres_status st = check_signer(db, checkpoint, &known, err);
    if (st < 0)
        return st;
    if (!known)
        return err_set(err, ENVRES_E_INTEGRITY,
                       "who signed the checkpoint is not a principal of the workspace");
    memcpy(from.hash, checkpoint->hash, SEAL_DIGEST);
    return anchor_check(db, workspace, &from, &tip, err);
}
