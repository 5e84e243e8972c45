/* SPDX-License-Identifier: MIT */
/*
 * Generations of an environment's keys: which there are beside the newest, how an old one is
 * erased, and who once held keys that they hold no more. Private to guard and the rotation.
 */
#ifndef ENVRES_GUARD_GENERATION_H
#define ENVRES_GUARD_GENERATION_H

#include "base/limits.h"
#include "guard/grant.h"

/* Newest first. */
struct generations {
    uint32_t numbers[LIMIT_GENERATIONS];
    size_t count;
    bool more; /* there are others, older still */
};

/* Older generations than that of the label, in which a grant to its principal (NULL: anybody) of
 * its class (0: any) is stored. Whether they verify is not asked. */
envres_status generations_older(struct db *db, const struct grant_label *label,
                                struct generations *out, envres_error *err);

/* Takes out every grant of one generation, and its public key; inside a write transaction. */
envres_status generation_erase(struct db *db, const uint8_t *environment, uint32_t generation,
                               envres_error *err);

/* Remembers, of the grants that a principal has now, that they were withdrawn: of one environment
 * and class, or (environment NULL) all. Inside a write transaction, before they are taken out. */
envres_status key_past_add(struct db *db, const struct key_share *share, int64_t now,
                           envres_error *err);
/* Forgets an environment that goes away. */
envres_status key_past_drop(struct db *db, const uint8_t *environment, envres_error *err);

#endif
