/* SPDX-License-Identifier: MIT */
/*
 * What is kept outside of the file about the audit: the anchor (a sequence number and the hash of
 * that entry, which the host remembers) and checkpoints (the same, signed). Every change of
 * anything has its entry in that one chain, so one pair of them covers the whole workspace.
 */
#ifndef ENVRES_GUARD_ANCHOR_H
#define ENVRES_GUARD_ANCHOR_H

#include <envres/store.h>

#include "guard/audit.h"

/*
 * Does the file continue what was seen before? `tip` is where its chain ends now. ROLLBACK: it ends
 * before that; FORK: another entry stands there; INTEGRITY: from there to the end it is not whole.
 * `from->sequence` 0: nothing was seen, anything will do. Inside a transaction.
 */
envres_status anchor_check(struct db *db, const uint8_t *workspace, const struct audit_tip *from,
                           struct audit_tip *tip, envres_error *err);

/* A statement of where the chain ends, signed by who is unlocked. `out` points into the arguments,
 * `signature` among them. */
envres_status checkpoint_make(const struct identity *signer, const uint8_t *workspace,
                              const struct audit_tip *tip, int64_t time,
                              uint8_t signature[SIGNATURE_SIZE], envres_checkpoint *out,
                              envres_error *err);

/* INTEGRITY unless the checkpoint is of this workspace, signed by a principal that it has or had;
 * then what anchor_check() says of it. Inside a transaction. */
envres_status checkpoint_check(struct db *db, const uint8_t *workspace,
                               const envres_checkpoint *checkpoint, envres_error *err);

#endif
