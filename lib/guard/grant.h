/* SPDX-License-Identifier: MIT */
/*
 * Grants: a key of an environment, sealed to the X25519 key of one principal and signed by the one
 * who gave it. No SQL. Private to guard.
 */
#ifndef ENVRES_GUARD_GRANT_H
#define ENVRES_GUARD_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "guard/keyring.h"

/* Which key it is, and whose: all of it is bound. Borrowed. */
struct grant_label {
    const uint8_t *workspace;   /* 16 */
    const uint8_t *environment; /* 16 */
    uint32_t generation;
    const uint8_t *principal; /* 16: the recipient */
    uint8_t key_class;        /* enum key_class */
};

/* INTEGRITY when `box_public` is a point that no honest principal has. */
envres_status grant_seal(const struct grant_label *label, const uint8_t box_public[32],
                         const uint8_t *key, const struct identity *granter,
                         uint8_t body[GRANT_SIZE], uint8_t signature[SIGNATURE_SIZE],
                         envres_error *err);

/* Is it what `granter_public` signed for this label? */
bool grant_is_signed(const struct grant_label *label, const uint8_t *body,
                     const uint8_t *granter_public, const uint8_t *signature);

/* The key inside (32 bytes, of the arena); false when it is not for this label and pair. The
 * signature is not looked at. */
bool grant_open(const struct grant_label *label, const uint8_t box_public[32],
                const uint8_t *box_secret, const uint8_t *body, uint8_t *key);

#endif
