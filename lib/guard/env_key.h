/* SPDX-License-Identifier: MIT */
/*
 * The public key of an environment: what deposits are sealed to. It is derived from the key of its
 * secrets, published with each generation of the keys, and signed by somebody who may rotate them.
 * The SQL of env_key lives here.
 */
#ifndef ENVRES_GUARD_ENV_KEY_H
#define ENVRES_GUARD_ENV_KEY_H

#include "guard/roles.h"

/* The pair that belongs to keys; `box_secret` (32 bytes, of the arena) may be NULL. False without
 * the key for secrets. */
bool env_key_pair(const struct env_keys *keys, uint8_t box_public[32], uint8_t *box_secret);

/* Inside a write transaction, when an environment or a generation of its keys is made. `signer` has
 * the right to rotate there, or nobody will use the key. DENIED without the key for secrets. */
envres_status env_key_publish(struct db *db, const struct identity *signer,
                              const struct env_keys *keys, int64_t now, envres_error *err);

/* The key to seal to. INTEGRITY unless the newest one is of `generation`, and signed by somebody
 * whose roles give the right to rotate there, or by the root. */
envres_status env_key_find(struct db *db, const struct roles *roles, const uint8_t *workspace,
                           const uint8_t *environment, uint32_t generation, uint8_t box_public[32],
                           envres_error *err);

/* Before `from` loses a right, in the same write transaction: the keys it published, and that count
 * until now, are signed anew by `by`. `roles`: as they are before. */
envres_status env_key_adopt(struct db *db, const struct mem *mem, const struct roles *roles,
                            const uint8_t *workspace, const uint8_t *from,
                            const struct identity *by, envres_error *err);

/* Inside a write transaction: all keys of an environment that goes away. */
envres_status env_key_drop(struct db *db, const uint8_t *environment, envres_error *err);

/* Findings: environments whose public key is not there, or does not count. */
envres_status env_key_verify(struct db *db, const struct mem *mem, const uint8_t *workspace,
                             db_finding_fn finding, void *user, envres_error *err);

/* Inside a write transaction: what env_key_verify() says does not count goes. How many rows. */
envres_status env_key_prune(struct db *db, const struct mem *mem, const uint8_t *workspace,
                            int64_t *dropped, envres_error *err);

/* With the keys at hand: is the published key theirs? */
envres_status env_key_check(struct db *db, const struct env_keys *keys, bool *is_theirs,
                            envres_error *err);

#endif
