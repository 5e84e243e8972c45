/* SPDX-License-Identifier: MIT */
/*
 * Guarded memory for keys: one region per store (libsodium's guard pages and canary, excluded from
 * core dumps, locked where the system allows), cut into slots of 64 bytes. Reference counted: a
 * scope keeps the arena of its keys alive. A fork wipes every arena of the child.
 */
#ifndef ENVRES_GUARD_ARENA_H
#define ENVRES_GUARD_ARENA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

struct arena;

enum { ARENA_SLOT = 64 };

/* Also initialises libsodium, once. `must_lock`: MEMORY_LOCK when the region cannot be locked.
 * The region grows by further guarded regions when it is full. */
envres_status arena_new(const struct mem *mem, bool must_lock, struct arena **out,
                        envres_error *err);
struct arena *arena_ref(struct arena *arena);
void arena_unref(struct arena *arena); /* wipes; NULL allowed */
bool arena_is_locked(const struct arena *arena);

/* One slot of 64 zeroed bytes; NULL: NOMEM. Any thread. */
uint8_t *arena_take(struct arena *arena);
/* Wipes the slot; NULL allowed. Any thread. */
void arena_give(struct arena *arena, uint8_t *slot);

#endif
