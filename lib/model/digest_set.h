/* SPDX-License-Identifier: MIT */
/* A set of digests, with where each was first met. */
#ifndef ENVRES_MODEL_DIGEST_SET_H
#define ENVRES_MODEL_DIGEST_SET_H

#include "base/pool.h"
#include "guard/seal.h"

struct digest_item {
    uint8_t digest[SEAL_DIGEST];
    struct slice where; /* borrowed, or of the set's pool; may be empty */
    bool used;
    bool seen; /* the caller's */
};

struct digest_set {
    const struct mem *mem;
    struct digest_item *items; /* a table of `room` places, a power of two */
    size_t count;
    size_t room;
    uint64_t seed;
    struct pool pool; /* for the caller's texts */
};

void digest_set_init(struct digest_set *set, const struct mem *mem);
void digest_set_free(struct digest_set *set);

/* Adds what is not there. *fresh (may be NULL): it was not. The item is valid until the next. */
envres_status digest_set_add(struct digest_set *set, const uint8_t digest[SEAL_DIGEST],
                             struct digest_item **out, bool *fresh, envres_error *err);
/* NULL when it is not there. */
struct digest_item *digest_set_find(const struct digest_set *set,
                                    const uint8_t digest[SEAL_DIGEST]);

#endif
