/* SPDX-License-Identifier: MIT */
/*
 * Keys: slot -> identity -> grants -> two environment keys (config, secret) -> subkeys.
 *
 *   credential --(slot row)--> seed --+--> X25519 pair  opens grant rows --> EK[env, gen, class]
 *                                     `--> Ed25519 pair signs grants and audit entries
 *
 * A wrong key, a wrong principal and a damaged slot all answer KEY with the same text; a slot that
 * opens in a set the principal did not sign, INTEGRITY. The SQL of principal, slot and key_grant
 * lives in this room.
 */
#ifndef ENVRES_GUARD_KEYRING_H
#define ENVRES_GUARD_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include <envres/session.h>

#include "guard/arena.h"
#include "guard/seal.h"
#include "storage/db.h"

enum { SLOT_SIZE = 160, GRANT_SIZE = 136, SIGNATURE_SIZE = 64 };
enum key_class { KEY_CONFIG = 1, KEY_SECRET = 2 };

/* A principal whose seed is open. Reference counted. Keys lie in the arena. */
struct identity {
    uint8_t id[SEAL_ID];
    uint8_t box_public[32];
    uint8_t sign_public[32];
    const char *name; /* NUL-terminated */
};

/*
 * Unlocking in two halves: the first compares the root that is pinned (ROOT), reads the slots and
 * needs the database; the second runs key derivation or the provider, which may take a second or
 * call the host, and needs no database, no lock and no transaction.
 */
struct candidates;
envres_status identity_find(struct db *db, const struct mem *mem, const uint8_t *workspace,
                            const envres_credential *credential, struct candidates **out,
                            envres_error *err);
envres_status identity_open(struct arena *arena, const struct candidates *list,
                            const envres_credential *credential, uint64_t kdf_memory_max,
                            struct identity **out, envres_error *err);
void identity_candidates_free(struct candidates *list);

/* Both halves: opens credential->principal (or tries every principal of the workspace, raw keys
 * first). The provider callback runs with no transaction open. `kdf_memory_max` in bytes. */
envres_status identity_unlock(struct db *db, struct arena *arena, const struct mem *mem,
                              const uint8_t *workspace, const envres_credential *credential,
                              uint64_t kdf_memory_max, struct identity **out, envres_error *err);

/* A principal that can be stored: makes seed and slot (runs the KDF or the provider; call it with
 * no transaction open). */
struct new_slot {
    uint8_t body[SLOT_SIZE];
    struct buf provider; /* len 0: none */
};
struct new_principal {
    struct identity *identity;
    struct new_slot slot;
};
envres_status principal_make(struct arena *arena, const struct mem *mem, const char *name,
                             const envres_credential *credential, uint64_t kdf_memory_max,
                             struct new_principal *out, envres_error *err);
void new_principal_free(struct new_principal *made);
/* One more way to unlock an identity; the same rules. */
envres_status new_slot_make(struct arena *arena, const struct mem *mem,
                            const struct identity *identity, const envres_credential *credential,
                            uint64_t kdf_memory_max, struct new_slot *out, envres_error *err);
void new_slot_free(struct new_slot *made);
/* Inserts principal and slot, signed; inside a write transaction. */
envres_status principal_insert(struct db *db, const uint8_t *workspace,
                               const struct new_principal *made, int64_t now, envres_error *err);

struct identity *identity_ref(struct identity *identity);
void identity_unref(struct identity *identity);
/* Ed25519 over "libenvres/v1/<type>\0" + message. */
envres_status identity_sign(const struct identity *identity, const char *type, const void *message,
                            size_t len, uint8_t signature[SIGNATURE_SIZE], envres_error *err);
bool identity_verify(const uint8_t sign_public[32], const char *type, const void *message,
                     size_t len, const uint8_t signature[SIGNATURE_SIZE]);

/*
 * The same. What is good is noted as a digest of key, type, message and signature, on which alone
 * it depends, and is not computed again while `seen` holds it.
 */
bool identity_verify_seen(struct seen_digests *seen, const uint8_t sign_public[32],
                          const char *type, const void *message, size_t len,
                          const uint8_t signature[SIGNATURE_SIZE]);

/* Checks a credential's form before anything is opened or made: KEY_FORMAT, KDF_LIMIT, ABI. */
envres_status credential_check(const envres_credential *given, envres_credential *read,
                               envres_error *err);

/* The keys of one environment at one generation, subkeys derived. Reference counted, immutable;
 * pointers into the arena. `secret_data` is NULL when only the config key is held. Those of older
 * generations hang behind: while keys are being rotated, records of both are there. */
struct env_keys {
    uint8_t workspace[SEAL_ID];
    uint8_t environment[SEAL_ID];
    uint32_t generation;
    const uint8_t *config_data;   /* K_data of the config class: records that are plain */
    const uint8_t *secret_data;   /* K_data of the secret class */
    const uint8_t *row;           /* set hash */
    const uint8_t *head;          /* seals the head */
    const uint8_t *box_seed;      /* of its public key; NULL as secret_data */
    const struct env_keys *older; /* of the next lower generation that is held; or NULL */
};

struct env_keys *env_keys_ref(struct env_keys *keys);
void env_keys_unref(struct env_keys *keys);
/* K_data for a class, or NULL when it is not held. */
const uint8_t *env_keys_data(const struct env_keys *keys, bool secret);
/* Those of a generation, these or older; NULL: not held. */
const struct env_keys *env_keys_at(const struct env_keys *keys, uint32_t generation);
/* K_data for a record of that generation, or NULL. Secrets of no generation open without the newest
 * key for secrets: whoever lost it lost them all. */
const uint8_t *env_keys_data_at(const struct env_keys *keys, bool secret, uint32_t generation);

/* Fresh random keys of a new environment, generation 1; granted to `identity` by itself: two
 * key_grant rows, inside a write transaction. */
envres_status env_keys_make(struct db *db, struct arena *arena, const struct mem *mem,
                            const struct identity *identity, const uint8_t *workspace,
                            const uint8_t *environment, int64_t now, struct env_keys **out,
                            envres_error *err);
/* The same where the keys there were are lost: of this generation. */
envres_status env_keys_make_anew(struct db *db, struct arena *arena, const struct mem *mem,
                                 const struct identity *identity, const uint8_t *workspace,
                                 const uint8_t *environment, uint32_t generation, int64_t now,
                                 struct env_keys **out, envres_error *err);

/* Fresh keys of the next generation after `old`, granted to `identity` likewise; LIMIT after the
 * last. What is older does not hang behind them. */
envres_status env_keys_renew(struct db *db, struct arena *arena, const struct mem *mem,
                             const struct identity *identity, const struct env_keys *old,
                             int64_t now, struct env_keys **out, envres_error *err);

/* Opens the grants of `identity` for an environment: DENIED when it has no config grant of this
 * generation, INTEGRITY when one of it does not verify. Older ones that do not are left out: their
 * records do not open then. */
envres_status env_keys_open(struct db *db, struct arena *arena, const struct mem *mem,
                            const struct identity *identity, const uint8_t *workspace,
                            const uint8_t *environment, uint32_t generation, struct env_keys **out,
                            envres_error *err);

/* The same keys without the one for secrets: for who may not use them here. Takes its own
 * reference to `keys`. */
envres_status env_keys_plain(struct env_keys *keys, const struct mem *mem, struct env_keys **out,
                             envres_error *err);

/* One key of an environment, held by `identity`, granted to another principal, with those of older
 * generations that `identity` holds; nothing when that one holds them. DENIED when `identity` has
 * it not. Inside a write transaction. */
struct key_share {
    const uint8_t *workspace;   /* 16 */
    const uint8_t *environment; /* 16 */
    uint32_t generation;
    uint8_t key_class;         /* enum key_class */
    const uint8_t *principal;  /* 16 */
    const uint8_t *box_public; /* 32 */
};
envres_status env_keys_share(struct db *db, struct arena *arena, const struct identity *identity,
                             const struct key_share *share, int64_t now, envres_error *err);
/* Takes a grant back: all generations. That there was one is remembered (guard/generation.h). */
envres_status env_keys_withdraw(struct db *db, const struct key_share *share, int64_t now,
                                envres_error *err);
/* Every grant of a principal, likewise. */
envres_status env_keys_withdraw_all(struct db *db, const uint8_t *principal, int64_t now,
                                    envres_error *err);

/* Whether anybody holds keys of an environment. */
envres_status env_keys_granted(struct db *db, const uint8_t *environment, bool *any,
                               envres_error *err);

/* Inside a write transaction: removes every grant of an environment, and who ever had one. */
envres_status env_keys_drop(struct db *db, const uint8_t *environment, envres_error *err);

/* Deletes slots and grants that keyring_verify() would report; `dropped` counts them. What the set
 * of a principal's slots is then, it did not sign. Inside a write transaction. */
envres_status keyring_prune(struct db *db, const uint8_t *workspace, int64_t *dropped,
                            envres_error *err);

/* Findings of the key tables: grants whose signature or granter is wrong, slots out of form, sets
 * of slots that were not signed. */
envres_status keyring_verify(struct db *db, const struct mem *mem, const uint8_t *workspace,
                             db_finding_fn finding, void *user, envres_error *err);

#endif
