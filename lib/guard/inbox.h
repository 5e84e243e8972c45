/* SPDX-License-Identifier: MIT */
/*
 * Deposits: a value sealed to the public key of an environment and signed by who hands it in. Pure:
 * no SQL. Who may deposit, and whether it still fits, is decided by who calls.
 */
#ifndef ENVRES_GUARD_INBOX_H
#define ENVRES_GUARD_INBOX_H

#include "guard/keyring.h"

/* All that a deposit says in clear. All of it is bound and signed. Borrowed. */
struct inbox_label {
    const uint8_t *id;          /* 16 */
    const uint8_t *workspace;   /* 16 */
    const uint8_t *environment; /* 16 */
    const uint8_t *depositor;   /* 16: who signs */
    const uint8_t *asserted;    /* 16: whom it served; zero: itself */
    uint32_t generation;
    struct slice name;
    uint8_t type; /* ENVRES_TYPE_* */
    bool secret;
    uint64_t base; /* revision of the variable then; 0: it had none */
    int64_t time;
};

/* Appends the sealed value to `body`. INTEGRITY when `box_public` is a point that no honest
 * environment has. */
envres_status inbox_seal(const struct inbox_label *label, const uint8_t box_public[32],
                         struct slice value, const struct identity *depositor, struct buf *body,
                         uint8_t signature[SIGNATURE_SIZE], envres_error *err);

/* Is it what `sign_public` signed for this label? */
bool inbox_is_signed(const struct inbox_label *label, struct slice body, const uint8_t *sign_public,
                     const uint8_t *signature);

/* Appends the value to `out`, a secret buffer. INTEGRITY when it is not for these keys, or not for
 * this label; DENIED without the key for secrets. The signature is not looked at. */
envres_status inbox_open(struct arena *arena, const struct env_keys *keys,
                         const struct inbox_label *label, struct slice body, struct buf *out,
                         envres_error *err);

#endif
