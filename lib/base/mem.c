/* SPDX-License-Identifier: MIT */
/*
 * Memory. All of the library allocates through `struct mem`; the C library's functions stand
 * behind it only where the host gave no hook. Secret buffers never go through realloc, which may
 * leave a copy behind: they move by hand, and the old block is wiped.
 */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROW_FIRST = 16 /* elements */ };

static void *
default_reallocate(void *ptr, size_t size, void *user)
{
    (void)user;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, size);
}

const struct mem mem_default = { default_reallocate, NULL };

envres_status
mem_from(const envres_allocator *alloc, struct mem *out, envres_error *err)
{
    *out = mem_default;
    if (!alloc)
        return ENVRES_OK;
    envres_allocator given;
    envres_status st = opts_read(&given, sizeof(given), sizeof(given), alloc, err);
    if (st < 0)
        return st;
    if (!given.reallocate)
        return err_set(err, ENVRES_E_INVALID, "the allocator has no function");
    out->reallocate = given.reallocate;
    out->user = given.user;
    return ENVRES_OK;
}

void *
mem_alloc(const struct mem *mem, size_t size)
{
    return mem->reallocate(NULL, size ? size : 1, mem->user);
}

void *
mem_alloc_zero(const struct mem *mem, size_t size)
{
    void *ptr = mem_alloc(mem, size);
    if (ptr)
        memset(ptr, 0, size);
    return ptr;
}

void *
mem_alloc_array(const struct mem *mem, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return mem_alloc(mem, count * size);
}

void *
mem_resize(const struct mem *mem, void *ptr, size_t size)
{
    return mem->reallocate(ptr, size ? size : 1, mem->user);
}

void *
mem_grow(const struct mem *mem, void *array, size_t *room, size_t count, size_t size)
{
    if (count < *room)
        return array;
    size_t next = *room > SIZE_MAX / 2 ? SIZE_MAX : *room ? *room * 2 : GROW_FIRST;
    if (next > SIZE_MAX / size)
        return NULL;
    void *grown = mem_resize(mem, array, next * size);
    if (grown)
        *room = next;
    return grown;
}

char *
mem_copy(const struct mem *mem, const void *data, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = mem_alloc(mem, len + 1);
    if (!copy)
        return NULL;
    if (len > 0)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

void
mem_free(const struct mem *mem, void *ptr)
{
    if (ptr)
        mem->reallocate(ptr, 0, mem->user);
}

void
mem_wipe(void *ptr, size_t len)
{
    if (len > 0)
        explicit_bzero(ptr, len);
}

void
mem_wipe_free(const struct mem *mem, void *ptr, size_t len)
{
    if (!ptr)
        return;
    mem_wipe(ptr, len);
    mem_free(mem, ptr);
}

struct slice
slice_of(const char *data, size_t len)
{
    struct slice s = { data, len };
    if (len == ENVRES_NUL_TERMINATED)
        s.len = data ? strlen(data) : 0;
    return s;
}

struct slice
slice_str(const char *text)
{
    return slice_of(text, ENVRES_NUL_TERMINATED);
}

bool
slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int
slice_compare(struct slice a, struct slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

void
buf_init(struct buf *buf, const struct mem *mem, bool secret)
{
    memset(buf, 0, sizeof(*buf));
    buf->mem = mem;
    buf->secret = secret;
}

/* Growth by half again; one byte more than asked is kept for the NUL of buf_take(). */
static size_t
next_capacity(size_t cap, size_t wanted)
{
    size_t next = cap < 64 ? 64 : cap;
    while (next < wanted) {
        if (next > SIZE_MAX / 2)
            return wanted;
        next += next / 2;
    }
    return next;
}

static char *
move_block(struct buf *buf, size_t cap)
{
    if (!buf->secret)
        return mem_resize(buf->mem, buf->data, cap);
    char *data = mem_alloc(buf->mem, cap);
    if (!data)
        return NULL;
    if (buf->len > 0)
        memcpy(data, buf->data, buf->len);
    mem_wipe_free(buf->mem, buf->data, buf->cap);
    return data;
}

bool
buf_reserve(struct buf *buf, size_t more)
{
    if (buf->failed)
        return false;
    if (more > SIZE_MAX - 1 - buf->len) {
        buf->failed = true;
        return false;
    }
    size_t wanted = buf->len + more;
    if (buf->max && wanted > buf->max) {
        buf->failed = buf->over_limit = true;
        return false;
    }
    if (wanted + 1 <= buf->cap)
        return true;
    size_t cap = next_capacity(buf->cap, wanted + 1);
    char *data = move_block(buf, cap);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

void
buf_add(struct buf *buf, const void *data, size_t len)
{
    if (!buf_reserve(buf, len) || len == 0)
        return;
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
}

void
buf_add_str(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void
buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void
buf_add_format(struct buf *buf, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int len = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (len < 0 || !buf_reserve(buf, (size_t)len)) {
        buf->failed = true;
        return;
    }
    va_start(ap, format);
    vsnprintf(buf->data + buf->len, (size_t)len + 1, format, ap);
    va_end(ap);
    buf->len += (size_t)len;
}

void
buf_add_u32(struct buf *buf, uint32_t v)
{
    unsigned char bytes[4];
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(v >> (8 * i));
    buf_add(buf, bytes, sizeof(bytes));
}

void
buf_add_u64(struct buf *buf, uint64_t v)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(v >> (8 * i));
    buf_add(buf, bytes, sizeof(bytes));
}

void
buf_add_text(struct buf *buf, const void *data, size_t len)
{
    buf_add_u32(buf, (uint32_t)len);
    buf_add(buf, data, len);
}

envres_status
buf_status(const struct buf *buf, envres_error *err)
{
    if (!buf->failed)
        return ENVRES_OK;
    if (buf->over_limit)
        return err_set(err, ENVRES_E_LIMIT, "the result is longer than %zu bytes", buf->max);
    return err_code(err, ENVRES_E_NOMEM);
}

char *
buf_take(struct buf *buf, size_t *len)
{
    if (!buf_reserve(buf, 0))
        return NULL;
    char *data = buf->data;
    data[buf->len] = '\0';
    *len = buf->len;
    buf->data = NULL;
    buf->len = buf->cap = 0;
    return data;
}

void
buf_free(struct buf *buf)
{
    if (!buf->mem)
        return;
    if (buf->secret)
        mem_wipe_free(buf->mem, buf->data, buf->cap);
    else
        mem_free(buf->mem, buf->data);
    buf->data = NULL;
    buf->len = buf->cap = 0;
}
