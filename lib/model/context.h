/* SPDX-License-Identifier: MIT */
/*
 * Who acts, where, with what: what every function of this room works on. One per session; used
 * under the store's lock.
 */
#ifndef ENVRES_MODEL_CONTEXT_H
#define ENVRES_MODEL_CONTEXT_H

#include <stdatomic.h>

#include <envres/list.h>

#include "base/clock.h"
#include "guard/keyring.h"
#include "guard/roles.h"
#include "storage/db.h"

/* Shared by a store and the scopes made from it, counted; lives as long as the last of them. */
struct change_counter {
    struct mem mem;
    atomic_uint references;
    atomic_uint_fast64_t value;
};

envres_status change_counter_new(const struct mem *mem, struct change_counter **out,
                                 envres_error *err);
struct change_counter *change_counter_ref(struct change_counter *counter);
void change_counter_unref(struct change_counter *counter);

struct environment;
struct tree;
struct witness;
struct request_row;

/* Where the last step of a rotation stopped: a hint, so that not every step walks all records. The
 * last one does, whatever this says. */
struct rotation_hint {
    uint8_t environment[SEAL_ID];
    uint32_t generation; /* 0: none */
    int64_t row;         /* those up to here are done, or do not open */
    int64_t left;
};

struct context {
    struct db *db; /* borrowed from the store, like the next five */
    const struct mem *mem;
    const struct clock *clock;
    struct arena *arena;
    struct change_counter *changes;
    struct witness *witness;   /* NULL: the host has no anchor and no sink */
    struct identity *actor;    /* owned: who is unlocked, and signs */
    uint8_t asserted[SEAL_ID]; /* who the host says it serves; its rights are needed too */
    bool is_asserted;
    struct roles roles;        /* as of roles.version; read when first needed */
    uint64_t roles_seen;       /* the transaction in which that was the newest; 0: none */
    struct known_roles *known; /* worked out so far, by environment */
    size_t known_count;
    uint8_t workspace[SEAL_ID];
    struct env_keys **keys; /* opened so far, owned */
    size_t key_count;
    struct env_keys **plain; /* likewise, without those for secrets */
    size_t plain_count;
    struct rotation_hint rotation;
    struct environment *environments; /* as environment_all() read them at a moment, owned */
    size_t environment_count;
    uint64_t environments_moment;   /* db_moment(); 0: they are not kept */
    struct seen_digests signatures; /* of release records that verified */
    struct seen_digests clean;      /* checks that found nothing (clean.h) */
    uint8_t object_id[SEAL_ID];     /* given last (object_new_id()), if one was */
    bool has_object_id;
    struct tree *tree; /* the parts that were read last (content.c), owned; or NULL */
    uint8_t tree_digest[SEAL_DIGEST];
    const struct request_row *running; /* what the next change runs (it takes it), or NULL */
};

/* Roles of both in one environment (zero: in the workspace). */
struct known_roles {
    uint8_t environment[SEAL_ID];
    uint32_t actor;
    uint32_t asserted;
};

void context_clear(struct context *ctx);
/* Frees the list of parts that is kept; the next read composes it again. */
void context_drop_tree(struct context *ctx);
/* The same for the environments. */
void context_drop_environments(struct context *ctx);

/* Who acts: the asserted principal, else the one that is unlocked. */
const uint8_t *context_who(const struct context *ctx);

/* A list that one read transaction fills. `fill` adds the rows, and owns neither. */
typedef envres_status (*fill_fn)(struct context *ctx, const void *asked, envres_list *list,
                                 envres_error *err);
struct list_shape {
    const char *const *columns;
    uint32_t count;
};
envres_status context_list(struct context *ctx, const struct list_shape *shape, fill_fn fill,
                           const void *asked, envres_list **out, envres_error *err);

/* Keys of an environment, opened on first use and kept; borrowed. Whoever may not read there gets
 * none, whoever may not use secrets there those of plain values alone. DENIED, INTEGRITY. */
envres_status context_keys(struct context *ctx, const struct environment *environment,
                           struct env_keys **out, envres_error *err);

/* Puts fresh keys among those kept (takes the reference, also on failure). */
envres_status context_add_keys(struct context *ctx, struct env_keys *keys, envres_error *err);

/* Forgets the keys of an environment that is gone. */
void context_drop_keys(struct context *ctx, const uint8_t environment[SEAL_ID]);
/* Forgets all: grants come and go with roles. Before any are borrowed. */
void context_drop_all_keys(struct context *ctx);

/* Name of a principal, appended to `out`; its id in hex when it is unknown. */
envres_status context_author(struct context *ctx, const uint8_t principal[SEAL_ID], struct buf *out,
                             envres_error *err);

/* Workspaces: made once, with the store; found by name, or the only one when `name.data` is NULL.
 */
/* `root`: the public key that all roles lead back to. */
envres_status workspace_insert(struct db *db, const uint8_t id[SEAL_ID], struct slice name,
                               const uint8_t root[32], int64_t now, envres_error *err);
envres_status workspace_find(struct db *db, struct slice name, uint8_t id[SEAL_ID],
                             envres_error *err);

/* Ids of all workspaces; the caller frees the array. */
envres_status workspace_all(struct db *db, const struct mem *mem, uint8_t (**out)[SEAL_ID],
                            size_t *count, envres_error *err);
/* Its name, appended. */
envres_status workspace_name(struct db *db, const uint8_t id[SEAL_ID], struct buf *out,
                             envres_error *err);

/* The one number that a statement gives for an id; 0 when it gives no row. */
envres_status context_number(struct context *ctx, const char *sql, const uint8_t id[SEAL_ID],
                             int64_t *out, envres_error *err);

/*
 * A list comes from an index: a row that only the index or only the table has would be left out
 * unseen. CORRUPT unless `sql` counts as many rows of an id as were listed; it counts them in the
 * table, or in another index where the table has those of others too. In the list's transaction.
 */
envres_status context_check_listed(struct context *ctx, const char *sql, const uint8_t id[SEAL_ID],
                                   size_t listed, envres_error *err);
/* That CORRUPT. */
envres_status context_damaged_index(envres_error *err);

/* A blob column of exactly 16 bytes, copied; CORRUPT otherwise. */
envres_status column_id(struct db_stmt *stmt, int column, uint8_t id[SEAL_ID], envres_error *err);
/* A blob column of exactly `len` bytes; a NULL column gives zeroes and *set false (`set` NULL: it
 * must not be NULL). CORRUPT otherwise. */
envres_status column_bytes(struct db_stmt *stmt, int column, uint8_t *out, size_t len, bool *set,
                           envres_error *err);
/* A text column into a room of `cap` bytes, NUL-terminated; CORRUPT when it cannot be one of ours.
 */
envres_status column_name(struct db_stmt *stmt, int column, char *out, size_t cap,
                          envres_error *err);

#endif
