/* SPDX-License-Identifier: MIT */
/*
 * The allocator of tests. Each block has a header with its size, so that live bytes can be counted
 * and a resize always moves: what keeps a pointer over it is found. One lock guards the counters.
 */
#include <envres/testing.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct envres_testing_memory {
    pthread_mutex_t lock;
    uint64_t requests;
    uint64_t failures;
    uint64_t fail_at; /* number of the request that fails; 0: none */
    bool from_then_on;
    size_t live;
    size_t peak;
};

/* In front of each block; as large as the strictest alignment, which it thereby keeps. */
union header {
    size_t size;
    max_align_t align;
};

enum { FILL_NEW = 0xA5, FILL_FREED = 0xDD };

envres_testing_memory *
envres_testing_memory_new(void)
{
    envres_testing_memory *memory = calloc(1, sizeof(*memory));
    if (memory && pthread_mutex_init(&memory->lock, NULL) != 0) {
        free(memory);
        return NULL;
    }
    return memory;
}

void
envres_testing_memory_free(envres_testing_memory *memory)
{
    if (!memory)
        return;
    pthread_mutex_destroy(&memory->lock);
    free(memory);
}

/* Counts a request, and says whether it may be served. */
static bool
admit(envres_testing_memory *memory)
{
    memory->requests++;
    bool fails =
        memory->fail_at != 0 && (memory->from_then_on ? memory->requests >= memory->fail_at
                                                      : memory->requests == memory->fail_at);
    memory->failures += fails;
    return !fails;
}

static void
discard(envres_testing_memory *memory, union header *block)
{
    memory->live -= block->size;
    memset(block + 1, FILL_FREED, block->size);
    free(block);
}

static void *
make(envres_testing_memory *memory, size_t size, union header *old)
{
    if (size > SIZE_MAX - sizeof(*old))
        return NULL;
    union header *block = malloc(sizeof(*block) + size);
    if (!block)
        return NULL;
    size_t kept = old ? (old->size < size ? old->size : size) : 0;
    block->size = size;
    if (kept > 0)
        memcpy(block + 1, old + 1, kept);
    memset((unsigned char *)(block + 1) + kept, FILL_NEW, size - kept);
    memory->live += size;
    if (old)
        discard(memory, old);
    if (memory->live > memory->peak)
        memory->peak = memory->live;
    return block + 1;
}

static void *
reallocate(void *ptr, size_t size, void *user)
{
    envres_testing_memory *memory = user;
    union header *old = ptr ? (union header *)ptr - 1 : NULL;
    void *made = NULL;
    pthread_mutex_lock(&memory->lock);
    if (size > 0) {
        if (admit(memory))
            made = make(memory, size, old);
    } else if (old) {
        discard(memory, old);
    }
    pthread_mutex_unlock(&memory->lock);
    return made;
}

void
envres_testing_memory_allocator(envres_testing_memory *memory, envres_allocator *out)
{
    *out = (envres_allocator){
        .size = sizeof(*out),
        .reallocate = reallocate,
        .user = memory,
    };
}

void
envres_testing_memory_fail(envres_testing_memory *memory, uint64_t n, uint32_t flags)
{
    pthread_mutex_lock(&memory->lock);
    memory->fail_at = n ? memory->requests + n : 0;
    memory->from_then_on = (flags & ENVRES_TESTING_FROM_THEN_ON) != 0;
    pthread_mutex_unlock(&memory->lock);
}

uint64_t
envres_testing_memory_requests(envres_testing_memory *memory)
{
    pthread_mutex_lock(&memory->lock);
    uint64_t requests = memory->requests;
    pthread_mutex_unlock(&memory->lock);
    return requests;
}

uint64_t
envres_testing_memory_failures(envres_testing_memory *memory)
{
    pthread_mutex_lock(&memory->lock);
    uint64_t failures = memory->failures;
    pthread_mutex_unlock(&memory->lock);
    return failures;
}

size_t
envres_testing_memory_live(envres_testing_memory *memory)
{
    pthread_mutex_lock(&memory->lock);
    size_t live = memory->live;
    pthread_mutex_unlock(&memory->lock);
    return live;
}

size_t
envres_testing_memory_peak(envres_testing_memory *memory)
{
    pthread_mutex_lock(&memory->lock);
    size_t peak = memory->peak;
    pthread_mutex_unlock(&memory->lock);
    return peak;
}
