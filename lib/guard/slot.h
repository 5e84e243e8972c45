/* SPDX-License-Identifier: MIT */
/*
 * Slots: the seed of a principal, sealed under a key that a passphrase, a raw key or the host's
 * provider gives. No SQL. Private to guard.
 */
#ifndef ENVRES_GUARD_SLOT_H
#define ENVRES_GUARD_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include <envres/session.h>

#include "guard/arena.h"
#include "guard/keyring.h"

/* ENVRES_CREDENTIAL_* of a slot whose clear part is in form and names `principal`; else 0. Whether
 * the cost of its key derivation is within bounds is not part of the form: slot_cost_check(). */
uint32_t slot_kind(const uint8_t *principal, struct slice body, struct slice provider);
bool slot_cost_is_allowed(const uint8_t *body, uint64_t kdf_memory_max);

/* `credential` as read by credential_check(). `provider` gets the wrapped key (kind provider). */
envres_status slot_make(struct arena *arena, const uint8_t *principal, const uint8_t *seed,
                        const envres_credential *credential, uint64_t kdf_memory_max,
                        uint8_t body[SLOT_SIZE], struct buf *provider, envres_error *err);

/* Opens a slot for which slot_kind() gave the credential's kind. `seed`: 32 bytes of the arena.
 * OK, KEY, KDF_LIMIT, CALLBACK or NOMEM; who tries several slots words the error. */
envres_status slot_open(struct arena *arena, const uint8_t *body, struct slice provider,
                        const envres_credential *credential, uint64_t kdf_memory_max,
                        uint8_t *seed);

/* As much work as opening a passphrase slot of the default cost, for a name that nobody has. */
envres_status slot_decoy(struct arena *arena, const envres_credential *credential,
                         uint64_t kdf_memory_max);

#endif
