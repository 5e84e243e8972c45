/* SPDX-License-Identifier: MIT */
/*
 * A bump allocator over growing chunks. What a scope holds lives and dies together: thousands of
 * names and values cost a few allocations, and lie side by side. Blocks above half a chunk get a
 * chunk of their own, so that no space is thrown away.
 */
#include "base/pool.h"

#include <string.h>

enum { POOL_FIRST = 4096, POOL_LARGEST = 1024 * 1024, POOL_ALIGN = 8 };

struct pool_chunk {
    struct pool_chunk *next;
    size_t size; /* keeps the bytes behind aligned to 16 */
};

void
pool_init(struct pool *pool, const struct mem *mem)
{
    memset(pool, 0, sizeof(*pool));
    pool->mem = mem;
}

static char *
chunk_bytes(struct pool_chunk *chunk)
{
    return (char *)(chunk + 1);
}

static struct pool_chunk *
new_chunk(struct pool *pool, size_t size)
{
    if (size > SIZE_MAX - sizeof(struct pool_chunk) - POOL_SLACK)
        return NULL;
    struct pool_chunk *chunk = mem_alloc(pool->mem, sizeof(*chunk) + size + POOL_SLACK);
    if (chunk)
        chunk->size = size;
    return chunk;
}

/* A block of its own goes behind the chunk in use, which stays in use. */
static void *
alloc_apart(struct pool *pool, size_t size)
{
    struct pool_chunk *chunk = new_chunk(pool, size);
    if (!chunk)
        return NULL;
    if (pool->chunks) {
        chunk->next = pool->chunks->next;
        pool->chunks->next = chunk;
    } else {
        chunk->next = NULL;
        pool->chunks = chunk;
        pool->used = pool->room = size;
    }
    return chunk_bytes(chunk);
}

void *
pool_alloc(struct pool *pool, size_t size)
{
    if (size > SIZE_MAX - POOL_ALIGN)
        return NULL;
    size = ((size ? size : 1) + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN;
    if (size <= pool->room - pool->used) {
        void *block = chunk_bytes(pool->chunks) + pool->used;
        pool->used += size;
        return block;
    }
    size_t next = pool->room ? pool->room * 2 : POOL_FIRST;
    next = next < POOL_FIRST ? POOL_FIRST : next > POOL_LARGEST ? POOL_LARGEST : next;
    if (size > next / 2)
        return alloc_apart(pool, size);
    struct pool_chunk *chunk = new_chunk(pool, next);
    if (!chunk)
        return NULL;
    chunk->next = pool->chunks;
    pool->chunks = chunk;
    pool->room = next;
    pool->used = size;
    return chunk_bytes(chunk);
}

void *
pool_alloc_zero(struct pool *pool, size_t size)
{
    void *block = pool_alloc(pool, size);
    if (block)
        memset(block, 0, size);
    return block;
}

struct slice
pool_copy(struct pool *pool, struct slice text)
{
    struct slice copy = { NULL, 0 };
    char *block = text.len < SIZE_MAX ? pool_alloc(pool, text.len + 1) : NULL;
    if (!block)
        return copy;
    if (text.len > 0)
        memcpy(block, text.data, text.len);
    block[text.len] = '\0';
    copy.data = block;
    copy.len = text.len;
    return copy;
}

void
pool_free(struct pool *pool)
{
    struct pool_chunk *chunk = pool->chunks;
    while (chunk) {
        struct pool_chunk *next = chunk->next;
        mem_free(pool->mem, chunk);
        chunk = next;
    }
    pool->chunks = NULL;
    pool->used = pool->room = 0;
}

void *
pool_reallocate(void *ptr, size_t size, void *user)
{
    return ptr || size == 0 ? NULL : pool_alloc(user, size);
}
