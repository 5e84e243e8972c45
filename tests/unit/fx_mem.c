/* SPDX-License-Identifier: MIT */
/* The allocator of the tests. Each block is preceded by its size. */
#include "fx_mem.h"

#include <stdlib.h>
#include <string.h>

union header {
    size_t size;
    max_align_t align;
};

static bool
holds(const char *data, size_t len, const char *canary)
{
    size_t wanted = strlen(canary);
    for (size_t i = 0; i + wanted <= len; i++) {
        if (memcmp(data + i, canary, wanted) == 0)
            return true;
    }
    return false;
}

static void
give_back(struct fx_mem *fx, void *ptr)
{
    union header *header = (union header *)ptr - 1;
    if (fx->canary && holds(ptr, header->size, fx->canary))
        fx->seen++;
    free(header);
    fx->blocks--;
}

static void *
reallocate(void *ptr, size_t size, void *user)
{
    struct fx_mem *fx = user;
    if (size == 0) {
        if (ptr)
            give_back(fx, ptr);
        return NULL;
    }
    fx->requests++;
    if (fx->left == 0 || (fx->forever && fx->hit > 0)) {
        fx->hit++;
        fx->left--;
        return NULL;
    }
    if (fx->left > 0)
        fx->left--;
    if (size > SIZE_MAX - sizeof(union header))
        return NULL;
    union header *header = malloc(sizeof(*header) + size);
    if (!header)
        return NULL;
    header->size = size;
    fx->blocks++;
    void *block = header + 1;
    memset(block, 0xA5, size);
    if (ptr) {
        size_t old = ((union header *)ptr - 1)->size;
        memcpy(block, ptr, old < size ? old : size);
        give_back(fx, ptr);
    }
    return block;
}

void
fx_mem_init(struct fx_mem *fx)
{
    memset(fx, 0, sizeof(*fx));
    fx->left = -1;
    fx->mem.reallocate = reallocate;
    fx->mem.user = fx;
}

void
fx_mem_fail_at(struct fx_mem *fx, int n, bool forever)
{
    fx_mem_init(fx);
    fx->left = n;
    fx->forever = forever;
}
