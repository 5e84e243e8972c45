/* SPDX-License-Identifier: MIT */
/* The store and the session from the inside: counted, locked, fork-checked. */
#ifndef ENVRES_API_STORE_H
#define ENVRES_API_STORE_H

#include <pthread.h>
#include <stdatomic.h>

#include <envres/store.h>

#include "model/context.h"

struct envres_store {
    struct mem mem;
    struct clock clock;
    atomic_uint references; /* the caller's, and one for each session */
    uint32_t forks;
    uint32_t flags;
    uint64_t kdf_memory_max;
    pthread_mutex_t lock; /* around everything that uses db, and the sessions' contexts */
    struct db *db;
    struct arena *arena;
    struct change_counter *changes;
    envres_anchor_load_fn anchor_load; /* NULL: the host has no anchor */
    envres_anchor_store_fn anchor_store;
    void *anchor_user;
    envres_audit_sink_fn audit_sink; /* NULL: no checkpoints are made */
    void *audit_sink_user;
    struct witness *witnesses; /* one for each workspace that was opened; owned */
};

struct envres_session {
    envres_store *store;
    struct context context;
};

/* INVALID for NULL, FORKED in a child; else the store's lock is held until store_leave(). */
envres_status store_enter(envres_store *store, envres_error *err);
void store_leave(envres_store *store);
envres_store *store_ref(envres_store *store);

/* ---- making stores: store.c and salvage.c ---- */

/* Copies options of any size, and what they say about memory. */
envres_status store_read_options(const envres_store_options *given, envres_store_options *out,
                                 struct mem *mem, envres_error *err);
/* Everything of a store but its database. */
envres_status store_new(const envres_store_options *options, const struct mem *mem,
                        envres_store **out, envres_error *err);
envres_status store_connect(envres_store *store, const envres_store_options *options,
                            const char *path, bool create, envres_error *err);
/* A path as NUL-terminated text of the store's; NULL path gives NULL. */
envres_status store_copy_path(const struct mem *mem, const char *path, size_t len, char **out,
                              envres_error *err);
/* A title that was given, or the preset. */
envres_status store_check_name(const char *given, const char *preset, const char *what,
                               struct slice *out, envres_error *err);
/* All findings into a list of ENVRES_VERIFY_COLUMNS; `session` NULL: nothing sealed is opened.
 * Under the store's lock. */
envres_status store_verify(envres_store *store, envres_session *session, envres_list *list,
                           envres_error *err);
/* Names of those columns. */
extern const char *const store_verify_columns[ENVRES_VERIFY_COLUMNS];

/* The same by way of a session. */
envres_status session_enter(envres_session *session, envres_error *err);
/* The same without the lock: for what is derived before it, and needs the arena. */
envres_status session_check(const envres_session *session, envres_error *err);
void session_leave(envres_session *session);

#endif
