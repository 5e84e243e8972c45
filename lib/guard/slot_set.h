/* SPDX-License-Identifier: MIT */
/*
 * The slots of one principal as a set, signed by the principal itself: no administrator is needed
 * for a new passphrase, and nobody else adds a slot, takes one out or exchanges one unseen. An
 * older set with its older signature does verify: that is a replay of the file, which only an
 * anchor shows.
 */
#ifndef ENVRES_GUARD_SLOT_SET_H
#define ENVRES_GUARD_SLOT_SET_H

#include "base/limits.h"
#include "guard/keyring.h"

/* One slot; what it points at is the caller's. */
struct slot_row {
    int64_t ordinal;
    int64_t time;
    struct slice label;
    struct slice body;
    struct slice provider; /* len 0: none */
};

/* The digest of a set, built row by row in order of ordinal. */
struct slot_sum {
    struct buf text;
    int64_t last;
    uint32_t count;
    bool in_form; /* so far: no more rows than may be, each of a size that may be, in order */
};
void slot_sum_init(struct slot_sum *sum, const struct mem *mem);
void slot_sum_add(struct slot_sum *sum, const struct slot_row *row);
/* Begins anew. */
void slot_sum_reset(struct slot_sum *sum);
void slot_sum_free(struct slot_sum *sum);
envres_status slot_sum_end(const struct slot_sum *sum, uint8_t digest[SEAL_DIGEST],
                           envres_error *err);

/* Whether `signature` is the principal's, over a set in form with this digest. */
bool slot_set_is_signed(const uint8_t *workspace, const uint8_t *principal,
                        const uint8_t sign_public[32], const uint8_t digest[SEAL_DIGEST],
                        const uint8_t signature[SIGNATURE_SIZE]);
/* INTEGRITY, in the one wording for it. */
envres_status slot_set_refuse(const char *principal, envres_error *err);

/* What a list shows of a slot. */
struct slot_facts {
    int64_t ordinal;
    int64_t time;
    uint32_t kind; /* ENVRES_CREDENTIAL_*; 0: not in form */
    char label[LIMIT_SLOT_LABEL + 1];
    size_t label_len;
};
struct slot_set {
    struct slot_facts rows[LIMIT_SLOTS];
    size_t count;
};

/* Reads and checks the slots of a principal: INTEGRITY. Inside a transaction. */
envres_status slot_set_load(struct db *db, const struct mem *mem, const uint8_t *workspace,
                            const struct identity *identity, struct slot_set *out,
                            envres_error *err);

/* Inside a write transaction, behind slot_set_load(); each is followed by slot_set_sign(). */
envres_status slot_set_put(struct db *db, const struct identity *identity, int64_t ordinal,
                           struct slice label, const struct new_slot *made, int64_t now,
                           envres_error *err);
envres_status slot_set_change(struct db *db, const struct identity *identity, int64_t ordinal,
                              const struct new_slot *made, int64_t now, envres_error *err);
envres_status slot_set_drop(struct db *db, const struct identity *identity, int64_t ordinal,
                            envres_error *err);
/* Signs what is there now. */
envres_status slot_set_sign(struct db *db, const struct mem *mem, const uint8_t *workspace,
                            const struct identity *identity, envres_error *err);

/* Findings: principals whose slots are not those they signed. */
envres_status slot_set_verify(struct db *db, const struct mem *mem, const uint8_t *workspace,
                              db_finding_fn finding, void *user, envres_error *err);

#endif
