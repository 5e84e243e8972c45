/* SPDX-License-Identifier: MIT */
/*
 * Memory: the allocator hook, wiping, a growing buffer, borrowed slices. The only file of lib/
 * that knows malloc is mem.c, as the default behind the hook.
 */
#ifndef ENVRES_BASE_MEM_H
#define ENVRES_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envres/memory.h>

#include "base/status.h"

struct mem {
    envres_realloc_fn reallocate;
    void *user;
};

/* Borrowed bytes. */
struct slice {
    const char *data;
    size_t len;
};

/* The C library's allocator. */
extern const struct mem mem_default;

/* Reads the public hook; NULL gives the default. Errors: INVALID, ABI. */
envres_status mem_from(const envres_allocator *alloc, struct mem *out, envres_error *err);

/* NULL when refused. Size 0 is allowed and gives a block. Contents undefined. */
void *mem_alloc(const struct mem *mem, size_t size);
void *mem_alloc_zero(const struct mem *mem, size_t size);
/* count * size without overflow; NULL on overflow. */
void *mem_alloc_array(const struct mem *mem, size_t count, size_t size);
/* realloc; on NULL the old block is still there. Never for secrets: use a secret buf. */
void *mem_resize(const struct mem *mem, void *ptr, size_t size);
/* Room for one more element of `size` bytes behind the first `count` of an array: a full one is
 * doubled, and *room says what it holds. The array, which may have moved; NULL when refused, and
 * the old one is still there. Never for secrets. */
void *mem_grow(const struct mem *mem, void *array, size_t *room, size_t count, size_t size);
/* A copy with a NUL behind it. */
char *mem_copy(const struct mem *mem, const void *data, size_t len);
void mem_free(const struct mem *mem, void *ptr);
void mem_wipe(void *ptr, size_t len);
void mem_wipe_free(const struct mem *mem, void *ptr, size_t len);

struct slice slice_of(const char *data, size_t len); /* ENVRES_NUL_TERMINATED measures */
struct slice slice_str(const char *text);
bool slice_equal(struct slice a, struct slice b);
int slice_compare(struct slice a, struct slice b); /* by bytes */

/*
 * A growing buffer. Failures stick: adding to a failed buffer does nothing, and buf_ok() says
 * whether all went well, so a writer checks once at the end. A secret buffer is wiped when it
 * grows and when it is freed.
 */
struct buf {
    const struct mem *mem;
    char *data;
    size_t len;
    size_t cap;
    size_t max; /* 0: no limit; beyond it the buffer fails with over_limit */
    bool secret;
    bool failed;
    bool over_limit;
};

void buf_init(struct buf *buf, const struct mem *mem, bool secret);
bool buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_str(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_add_format(struct buf *buf, const char *format, ...)
    STATUS_PRINTF(2, 3);                       /* not for secrets */
void buf_add_u32(struct buf *buf, uint32_t v); /* little-endian, for canonical encodings */
void buf_add_u64(struct buf *buf, uint64_t v);
void buf_add_text(struct buf *buf, const void *data, size_t len); /* u32 length + bytes */
/* OK, or NOMEM / LIMIT put into err. */
envres_status buf_status(const struct buf *buf, envres_error *err);
/* Hands the bytes over, NUL-terminated; the buffer is empty after. NULL when failed. */
char *buf_take(struct buf *buf, size_t *len);
void buf_free(struct buf *buf);

#endif
