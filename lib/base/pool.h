/* SPDX-License-Identifier: MIT */
/* Many small blocks of one life: taken from chunks, freed at once. Not for secrets. */
#ifndef ENVRES_BASE_POOL_H
#define ENVRES_BASE_POOL_H

#include "base/mem.h"

struct pool_chunk;

/* This many bytes may be read, though not relied on, from any address inside a block: short texts
 * are copied as blocks of fixed length, and what was too much is overwritten. */
enum { POOL_SLACK = 64 };

struct pool {
    const struct mem *mem;
    struct pool_chunk *chunks; /* newest first */
    size_t used;
    size_t room;
};

void pool_init(struct pool *pool, const struct mem *mem);
/* Aligned to 8; NULL when refused. Size 0 is allowed and gives a block. */
void *pool_alloc(struct pool *pool, size_t size);
void *pool_alloc_zero(struct pool *pool, size_t size);
/* The same bytes with a NUL behind them; .data NULL when refused. */
struct slice pool_copy(struct pool *pool, struct slice text);
void pool_free(struct pool *pool);

/* An envres_realloc_fn with the pool as `user`: takes blocks, frees nothing, never resizes. For
 * small objects that live as long as the pool. */
void *pool_reallocate(void *ptr, size_t size, void *user);

#endif
