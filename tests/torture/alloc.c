/* SPDX-License-Identifier: MIT */
/*
 * Interposition: definitions here win over the C library's for every library of the process. What
 * lies behind them are glibc's own entry points, which are documented for this very use. mmap is
 * counted too, since libsodium takes guarded pages from it; unmapping gives a mapping back.
 *
 * Whence a request comes is told by the frames of this program alone, which holds the library under
 * test: how SQLite came to ask is not looked at.
 */
#include "alloc.h"

#include <errno.h>
#include <execinfo.h>
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

/* Where the program's own code begins and ends: symbols of the linker. */
extern const char __executable_start;
extern const char etext;

enum { FRAMES = 128 };

static bool armed;
static bool forever_on;
static bool hit;
static uint64_t left;
static uint64_t requests;
static int64_t live;
static uint64_t *places;
static size_t places_max;

void
alloc_note(uint64_t *out, size_t max)
{
    void *frames[2];
    backtrace(frames, 2); /* its first call loads a library */
    places = out;
    places_max = max;
    alloc_fail_at(UINT64_MAX, false);
}

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
    places = NULL;
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

/* FNV-1a over the return addresses. */
static uint64_t
place(void)
{
    void *frames[FRAMES];
    uint64_t hash = UINT64_C(14695981039346656037);
    int count = backtrace(frames, FRAMES);
    for (int i = 0; i < count; i++) {
        const char *at = frames[i];
        if (at >= &__executable_start && at < &etext)
            hash = (hash ^ (uintptr_t)at) * UINT64_C(1099511628211);
    }
    return hash;
}

static bool
refuse(void)
{
    if (!armed)
        return false;
    if (places && requests < places_max)
        places[requests] = place();
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
