/* SPDX-License-Identifier: MIT */
/*
 * Guarded memory for keys. A region is one page of sodium_malloc(), cut into slots; its bookkeeping
 * lies outside, in ordinary memory. Invariants: a slot that is not taken is all zero; a region is
 * in the registry from before its first key until after its last one is wiped.
 *
 * The registry is the one global besides the fork counter: the child of a fork must find no key,
 * and only a handler of the process can see to that. The handler runs in the child of a process
 * that may have had any thread in any of these functions, so it takes no lock and allocates
 * nothing: it reads atomic pointers and writes zeroes to pages that are mapped for as long as their
 * pointer is there. In the child an arena gives no slot, and takes none back (its lock may be held
 * by a thread that does not exist there); it can only be freed.
 */
#include "guard/arena.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

#include "base/clock.h"

enum {
    REGION_SLOTS = 63, /* with libsodium's canary: exactly one page */
    REGION_SIZE = REGION_SLOTS * ARENA_SLOT,
    REGISTRY_SIZE = 4096 /* regions of one process; each costs four mappings */
};

struct region {
    struct region *next;
    uint8_t *pages;
    uint64_t taken; /* a bit per slot */
    size_t entry;   /* in the registry */
};

struct arena {
    struct mem mem;
    pthread_mutex_t lock;
    atomic_size_t refs;
    struct region *regions;
    uint32_t made; /* the fork count then */
    bool must_lock;
    atomic_bool locked;
};

static _Atomic(uint8_t *) registry[REGISTRY_SIZE];
static pthread_once_t start_once = PTHREAD_ONCE_INIT;
static int start_result;

static void
wipe_child(void)
{
    for (size_t i = 0; i < REGISTRY_SIZE; i++) {
        uint8_t *pages = atomic_load_explicit(&registry[i], memory_order_acquire);
        if (pages)
            sodium_memzero(pages, REGION_SIZE);
    }
}

static void
start(void)
{
    /* 1 means that the host has initialised it before: as good as 0. */
    start_result = sodium_init() < 0 ? -1 : 0;
    if (start_result == 0)
        start_result = pthread_atfork(NULL, NULL, wipe_child);
}

/* Claims an entry; REGISTRY_SIZE when there is none. */
static size_t
registry_add(uint8_t *pages)
{
    for (size_t i = 0; i < REGISTRY_SIZE; i++) {
        uint8_t *none = NULL;
        if (atomic_compare_exchange_strong(&registry[i], &none, pages))
            return i;
    }
    return REGISTRY_SIZE;
}

static void
region_free(const struct mem *mem, struct region *region)
{
    if (!region)
        return;
    if (region->pages) {
        sodium_memzero(region->pages, REGION_SIZE);
        if (region->entry < REGISTRY_SIZE)
            atomic_store(&registry[region->entry], NULL);
        sodium_free(region->pages);
    }
    mem_free(mem, region);
}

/* sodium_malloc() tries to lock and does not say how that went; locking again does. */
static envres_status
region_new(const struct mem *mem, bool must_lock, bool *locked, struct region **out,
           envres_error *err)
{
    struct region *region = mem_alloc_zero(mem, sizeof(*region));
    if (!region)
        return err_code(err, ENVRES_E_NOMEM);
    envres_status st = ENVRES_OK;
    region->entry = REGISTRY_SIZE;
    region->pages = sodium_malloc(REGION_SIZE);
    if (!region->pages) {
        st = err_set(err, ENVRES_E_NOMEM, "the system gave no guarded memory for keys");
        goto out;
    }
    *locked = sodium_mlock(region->pages, REGION_SIZE) == 0;
    if (must_lock && !*locked) {
        st = err_code(err, ENVRES_E_MEMORY_LOCK);
        err_hint(err, "raise the limit of locked memory (ulimit -l, LimitMEMLOCK=), or do not "
                      "require locking");
        goto out;
    }
    sodium_memzero(region->pages, REGION_SIZE);
    region->entry = registry_add(region->pages);
    if (region->entry == REGISTRY_SIZE)
        st = err_set(err, ENVRES_E_NOMEM, "this process holds too much guarded memory");
out:
    if (st < 0) {
        region_free(mem, region);
        return st;
    }
    *out = region;
    return ENVRES_OK;
}

envres_status
arena_new(const struct mem *mem, bool must_lock, struct arena **out, envres_error *err)
{
    *out = NULL;
    envres_status st = fork_watch(err);
    if (st < 0)
        return st;
    pthread_once(&start_once, start);
    if (start_result != 0)
        return err_set(err, ENVRES_E_NOMEM, "libsodium cannot be initialised");
    struct arena *arena = mem_alloc_zero(mem, sizeof(*arena));
    if (!arena)
        return err_code(err, ENVRES_E_NOMEM);
    arena->mem = *mem;
    arena->made = fork_count;
    arena->must_lock = must_lock;
    bool locked = false;
    st = region_new(mem, must_lock, &locked, &arena->regions, err);
    if (st < 0)
        goto out;
    if (pthread_mutex_init(&arena->lock, NULL) != 0) {
        st = err_code(err, ENVRES_E_NOMEM);
        goto out;
    }
    atomic_init(&arena->refs, 1);
    atomic_init(&arena->locked, locked);
out:
    if (st < 0) {
        region_free(mem, arena->regions);
        mem_free(mem, arena);
        return st;
    }
    *out = arena;
    return ENVRES_OK;
}

struct arena *
arena_ref(struct arena *arena)
{
    atomic_fetch_add_explicit(&arena->refs, 1, memory_order_relaxed);
    return arena;
}

void
arena_unref(struct arena *arena)
{
    if (!arena || atomic_fetch_sub_explicit(&arena->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct mem mem = arena->mem;
    struct region *next = NULL;
    for (struct region *region = arena->regions; region; region = next) {
        next = region->next;
        region_free(&mem, region);
    }
    if (arena->made == fork_count)
        pthread_mutex_destroy(&arena->lock);
    mem_free(&mem, arena);
}

bool
arena_is_locked(const struct arena *arena)
{
    return atomic_load(&arena->locked);
}

static uint8_t *
region_take(struct region *region)
{
    for (unsigned i = 0; i < REGION_SLOTS; i++) {
        uint64_t bit = (uint64_t)1 << i;
        if (!(region->taken & bit)) {
            region->taken |= bit;
            return region->pages + (size_t)i * ARENA_SLOT;
        }
    }
    return NULL;
}

uint8_t *
arena_take(struct arena *arena)
{
    if (arena->made != fork_count)
        return NULL;
    uint8_t *slot = NULL;
    pthread_mutex_lock(&arena->lock);
    for (struct region *region = arena->regions; region && !slot; region = region->next)
        slot = region_take(region);
    if (!slot) {
        struct region *region = NULL;
        bool locked = false;
        if (region_new(&arena->mem, arena->must_lock, &locked, &region, NULL) == ENVRES_OK) {
            if (!locked)
                atomic_store(&arena->locked, false);
            region->next = arena->regions;
            arena->regions = region;
            slot = region_take(region);
        }
    }
    pthread_mutex_unlock(&arena->lock);
    return slot;
}

void
arena_give(struct arena *arena, uint8_t *slot)
{
    if (!slot || arena->made != fork_count)
        return;
    sodium_memzero(slot, ARENA_SLOT);
    pthread_mutex_lock(&arena->lock);
    for (struct region *region = arena->regions; region; region = region->next) {
        /* As numbers: pointers into different objects have no order. */
        uintptr_t first = (uintptr_t)region->pages;
        uintptr_t at = (uintptr_t)slot;
        if (at >= first && at < first + REGION_SIZE) {
            region->taken &= ~((uint64_t)1 << ((at - first) / ARENA_SLOT));
            break;
        }
    }
    pthread_mutex_unlock(&arena->lock);
}
