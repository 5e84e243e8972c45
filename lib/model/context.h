/* SPDX-License-Identifier: MIT */
/*
 * Who acts, where, with what: what every function of this room works on. One per session; used
 * under the store's lock.
 */
#ifndef ENVRES_MODEL_CONTEXT_H
#define ENVRES_MODEL_CONTEXT_H

#include <stdatomic.h>

#include "base/clock.h"
#include "guard/keyring.h"
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

struct context {
    struct db *db; /* borrowed from the store, like the next four */
    const struct mem *mem;
    const struct clock *clock;
    struct arena *arena;
    struct change_counter *changes;
    struct identity *actor; /* owned */
    uint8_t workspace[SEAL_ID];
    struct env_keys **keys; /* opened so far, owned */
    size_t key_count;
};

void context_clear(struct context *ctx);

/* Keys of an environment, opened on first use and kept; borrowed. DENIED, INTEGRITY. */
envres_status context_keys(struct context *ctx, const uint8_t environment[SEAL_ID],
                           uint32_t generation, struct env_keys **out, envres_error *err);

/* Puts fresh keys among those kept (takes the reference, also on failure). */
envres_status context_add_keys(struct context *ctx, struct env_keys *keys, envres_error *err);

/* Forgets the keys of an environment that is gone. */
void context_drop_keys(struct context *ctx, const uint8_t environment[SEAL_ID]);

/* Name of a principal, appended to `out`; its id in hex when it is unknown. */
envres_status context_author(struct context *ctx, const uint8_t principal[SEAL_ID], struct buf *out,
                             envres_error *err);

/* Workspaces: made once, with the store; found by name, or the only one when `name.data` is NULL.
 */
envres_status workspace_insert(struct db *db, const uint8_t id[SEAL_ID], struct slice name,
                               int64_t now, envres_error *err);
envres_status workspace_find(struct db *db, struct slice name, uint8_t id[SEAL_ID],
                             envres_error *err);

/* Ids of all workspaces; the caller frees the array. */
envres_status workspace_all(struct db *db, const struct mem *mem, uint8_t (**out)[SEAL_ID],
                            size_t *count, envres_error *err);
/* Its name, appended. */
envres_status workspace_name(struct db *db, const uint8_t id[SEAL_ID], struct buf *out,
                             envres_error *err);

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
