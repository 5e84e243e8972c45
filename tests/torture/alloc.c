/* SPDX-License-Identifier: MIT */
/*
 * Interposition: definitions here win over the C library's for every library of the process. What
 * lies behind them are glibc's own entry points, which are documented for this very use. mmap is
 * counted too, since libsodium takes guarded pages from it; unmapping gives a mapping back.
 */
#include "alloc.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *ptr);

static bool armed;
static bool forever_on;
static bool hit;
static uint64_t left;
static uint64_t requests;
static int64_t live;

void
alloc_fail_at(uint64_t nth, bool forever)
{
    left = nth;
    forever_on = forever;
    hit = false;
    requests = 0;
    armed = true;
}

bool
alloc_stop(void)
{
    armed = false;
    return hit;
}

int64_t
alloc_live(void)
{
    return live;
}

uint64_t
alloc_requests(void)
{
    return requests;
}

static bool
refuse(void)
{
    if (!armed)
        return false;
    requests++;
    if (left > 0) {
        left--;
        return false;
    }
    if (hit && !forever_on)
        return false;
    hit = true;
    errno = ENOMEM;
    return true;
}

static void *
counted(void *ptr)
{
    if (ptr)
        live++;
    return ptr;
}

void *
malloc(size_t size)
{
    return refuse() ? NULL : counted(__libc_malloc(size));
}

void *
calloc(size_t count, size_t size)
{
    return refuse() ? NULL : counted(__libc_calloc(count, size));
}

void *
realloc(void *ptr, size_t size)
{
    if (!ptr)
        return malloc(size);
    if (size == 0) {
        live--;
        __libc_free(ptr);
        return NULL;
    }
    return refuse() ? NULL : __libc_realloc(ptr, size);
}

void *
memalign(size_t alignment, size_t size)
{
    return refuse() ? NULL : counted(__libc_memalign(alignment, size));
}

void *
aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int
posix_memalign(void **out, size_t alignment, size_t size)
{
    *out = memalign(alignment, size);
    return *out ? 0 : ENOMEM;
}

void
free(void *ptr)
{
    if (!ptr)
        return;
    live--;
    __libc_free(ptr);
}

static void *
map(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
    if (refuse())
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
}

/* Under either of its names: which one a library calls depends on how it was compiled. */
void *map_one(void *addr, size_t len, int prot, int flags, int fd, off_t offset) __asm__("mmap");
void *map_two(void *addr, size_t len, int prot, int flags, int fd, off_t offset) __asm__("mmap64");

void *
map_one(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
    return map(addr, len, prot, flags, fd, offset);
}

void *
map_two(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
    return map(addr, len, prot, flags, fd, offset);
}
