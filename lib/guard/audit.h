/* SPDX-License-Identifier: MIT */
/*
 * The audit: one entry per change, in the change's own transaction. Entries form a hash chain that
 * anyone can verify; each carries the signature of the principal that was unlocked. The entry's
 * fields are an allow-list: no value ever goes in.
 */
#ifndef ENVRES_GUARD_AUDIT_H
#define ENVRES_GUARD_AUDIT_H

#include "guard/keyring.h"

/* Where the chain ends, or ended once. `sequence` 0: before the first entry, and all is zero. */
struct audit_tip {
    int64_t sequence;
    int64_t policy_version; /* of that entry */
    uint8_t hash[SEAL_DIGEST];
};

struct audit_entry {
    const uint8_t *workspace;   /* 16 */
    const uint8_t *environment; /* 16, or NULL */
    const uint8_t *asserted;    /* 16: who the signer acted as; NULL: as itself */
    const uint8_t *operation;   /* 16 */
    const char *action;         /* "variable.put", "environment.add", ... */
    struct slice object;        /* "variable/NAME" */
    int64_t revision;           /* 0: none */
    struct slice reason;
    int64_t time;
    int64_t policy_version;
    bool denied; /* it was tried, and refused */
};

/* Inside a write transaction. */
envres_status audit_append(struct db *db, const struct mem *mem, const struct identity *actor,
                           const struct audit_entry *entry, envres_error *err);

/* Has this operation been committed? *revision is what it made. The action and object of the entry
 * must be the same, else INVALID (the id was used for something else). */
envres_status audit_find(struct db *db, const uint8_t *workspace, const uint8_t *operation,
                         const char *action, struct slice object, bool *found, int64_t *revision,
                         envres_error *err);

/* What an id was used for, whatever it was; *found false: for nothing. */
struct audit_use {
    char action[64];
    uint8_t environment[SEAL_ID]; /* zero: none */
    int64_t revision;
};
envres_status audit_used(struct db *db, const uint8_t *workspace, const uint8_t *operation,
                         bool *found, struct audit_use *out, envres_error *err);
/* Is there an entry of something done at that very time? Rows of a change carry the time of its
 * entry. */
envres_status audit_has_time(struct db *db, const uint8_t *workspace, int64_t time, bool *found,
                             envres_error *err);

/* The newest configuration revision that an entry says was made in an environment; 0 when there is
 * none. Entries of apps, versions and parts count other things and are left out. */
envres_status audit_newest_revision(struct db *db, const uint8_t *workspace,
                                    const uint8_t *environment, int64_t *revision,
                                    envres_error *err);

/* The newest entry; the hash that stands at a sequence, *found false where none does. */
envres_status audit_tip(struct db *db, const uint8_t *workspace, struct audit_tip *tip,
                        envres_error *err);
envres_status audit_hash_at(struct db *db, const uint8_t *workspace, int64_t sequence, bool *found,
                            uint8_t hash[SEAL_DIGEST], envres_error *err);

/* INTEGRITY unless the entry at `from`, if it is one, and all entries behind it are whole: every
 * link, every signature. */
envres_status audit_follow(struct db *db, const uint8_t *workspace, const struct audit_tip *from,
                           envres_error *err);

/* How often something was done in an environment; NULL: in the workspace itself. */
envres_status audit_count(struct db *db, const uint8_t *workspace, const uint8_t *environment,
                          const char *action, int64_t *count, envres_error *err);

/* Walks the chain of a workspace: every link, every signature. `first_bad` 0: none. */
envres_status audit_verify(struct db *db, const struct mem *mem, const uint8_t *workspace,
                           db_finding_fn finding, void *user, int64_t *first_bad,
                           envres_error *err);

#endif
