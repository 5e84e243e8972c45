/* SPDX-License-Identifier: MIT */
/*
 * A hash table of digests with open addressing, at most half full. The digests come from a file
 * that may have been forged, so they are hashed again under a seed of the table's own.
 */
#include "model/digest_set.h"

#include <string.h>

#include "base/text.h"

enum { FIRST_ROOM = 64 };

void
digest_set_init(struct digest_set *set, const struct mem *mem)
{
    *set = (struct digest_set){ .mem = mem };
    seal_random(&set->seed, sizeof(set->seed));
    pool_init(&set->pool, mem);
}

void
digest_set_free(struct digest_set *set)
{
    if (!set->mem)
        return;
    mem_free(set->mem, set->items);
    pool_free(&set->pool);
    set->items = NULL;
    set->count = set->room = 0;
}

/* Its place, or the free one where it would stand. */
static struct digest_item *
place(struct digest_item *items, size_t room, uint64_t seed, const uint8_t *digest)
{
    size_t i = (size_t)text_hash(seed, (const char *)digest, SEAL_DIGEST) & (room - 1);
    while (items[i].used && memcmp(items[i].digest, digest, SEAL_DIGEST) != 0)
        i = (i + 1) & (room - 1);
    return &items[i];
}

static envres_status
grow(struct digest_set *set, envres_error *err)
{
    size_t room = set->room ? set->room * 2 : FIRST_ROOM;
    if (room > SIZE_MAX / sizeof(struct digest_item))
        return err_code(err, ENVRES_E_NOMEM);
    struct digest_item *items = mem_alloc_zero(set->mem, room * sizeof(*items));
    if (!items)
        return err_code(err, ENVRES_E_NOMEM);
    for (size_t i = 0; i < set->room; i++) {
        if (set->items[i].used)
            *place(items, room, set->seed, set->items[i].digest) = set->items[i];
    }
    mem_free(set->mem, set->items);
    set->items = items;
    set->room = room;
    return ENVRES_OK;
}

envres_status
digest_set_add(struct digest_set *set, const uint8_t digest[SEAL_DIGEST], struct digest_item **out,
               bool *fresh, envres_error *err)
{
    if (set->count * 2 >= set->room) {
        envres_status st = grow(set, err);
        if (st < 0)
            return st;
    }
    struct digest_item *item = place(set->items, set->room, set->seed, digest);
    if (fresh)
        *fresh = !item->used;
    if (!item->used) {
        memcpy(item->digest, digest, SEAL_DIGEST);
        item->where = slice_str("");
        item->used = true;
        set->count++;
    }
    if (out)
        *out = item;
    return ENVRES_OK;
}

struct digest_item *
digest_set_find(const struct digest_set *set, const uint8_t digest[SEAL_DIGEST])
{
    if (set->room == 0)
        return NULL;
    struct digest_item *item = place(set->items, set->room, set->seed, digest);
    return item->used ? item : NULL;
}
