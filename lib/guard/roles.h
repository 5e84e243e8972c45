/* SPDX-License-Identifier: MIT */
/*
 * Roles as they are stored: who has which, signed by who gave it, and the head of it all.
 *
 *   root key -- signs --> the first owner's role -- who signs --> other roles ...
 *   head = signature of an admin or owner over the digest of all principals and roles
 *
 * A role counts when its signature verifies and its granter is the root, or has a role that may
 * grant, and so on up to the root. The head shows rows that were put back, added or taken out.
 */
#ifndef ENVRES_GUARD_ROLES_H
#define ENVRES_GUARD_ROLES_H

#include "guard/keyring.h"
#include "guard/policy.h"

struct role_row {
    uint8_t principal[SEAL_ID];
    uint8_t environment[SEAL_ID]; /* zero: all of the workspace */
    uint8_t granter[SEAL_ID];
    uint8_t signature[SIGNATURE_SIZE];
    uint32_t role;
    int64_t time;
};

/* All of them, and what they are checked with; read once for each policy version. */
struct roles {
    const struct mem *mem;
    int64_t version;
    uint8_t root[32];
    struct role_row *rows;
    size_t count;
    struct role_key *keys; /* of principals, removed ones too */
    size_t key_count;
};

struct role_key {
    uint8_t principal[SEAL_ID];
    uint8_t sign_key[32];
    uint8_t box_key[32];
    bool is_removed;
};

/* The workspace's policy version: it grows with every change of principals and roles. */
envres_status roles_version(struct db *db, const uint8_t *workspace, int64_t *version,
                            envres_error *err);

/* Reads all and checks the head: INTEGRITY. Free with roles_free(). */
envres_status roles_load(struct db *db, const struct mem *mem, const uint8_t *workspace,
                         struct roles *out, envres_error *err);
void roles_free(struct roles *roles);

/* Roles that count, of a principal in an environment (those for all included); `environment` NULL:
 * only those for all. */
uint32_t roles_of(const struct roles *roles, const uint8_t *workspace, const uint8_t *principal,
                  const uint8_t *environment);
/* Keys of a principal that is not removed, or NULL. */
const struct role_key *roles_key(const struct roles *roles, const uint8_t *principal);
/* Of removed ones too: for what they signed. */
const struct role_key *roles_past_key(const struct roles *roles, const uint8_t *principal);

/* Inside a write transaction; each is followed by roles_seal(). Signs and inserts; a row that is
 * there stays. */
envres_status roles_put(struct db *db, const uint8_t *workspace, const struct identity *granter,
                        struct role_row *row, envres_error *err);
envres_status roles_drop(struct db *db, const struct role_row *row, envres_error *err);
envres_status roles_drop_all(struct db *db, const uint8_t *principal, envres_error *err);
/* Every role in an environment that goes away. */
envres_status roles_drop_environment(struct db *db, const uint8_t *workspace,
                                     const uint8_t *environment, envres_error *err);
/* Roles that `from` gave are signed anew by `by`: who gave them may grant no more. What the root
 * gave stays as it is, since its key counts by itself. OWN_CHANGE when `from` gave a role to `by`,
 * who cannot sign that. */
envres_status roles_adopt(struct db *db, const struct mem *mem, const uint8_t *workspace,
                          const uint8_t *from, const struct identity *by, envres_error *err);
/* Takes the next policy version and signs the head over what is there now. */
envres_status roles_seal(struct db *db, const struct mem *mem, const uint8_t *workspace,
                         const struct identity *by, envres_error *err);

/* Findings: a head that does not verify, roles that do not count. */
envres_status roles_verify(struct db *db, const struct mem *mem, const uint8_t *workspace,
                           db_finding_fn finding, void *user, envres_error *err);

#endif
