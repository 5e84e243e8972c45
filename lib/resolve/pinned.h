/* SPDX-License-Identifier: MIT */
/* Settings as a release that pins sees them: plain ones as they were, secrets as they are. */
#ifndef ENVRES_RESOLVE_PINNED_H
#define ENVRES_RESOLVE_PINNED_H

#include "model/config.h"
#include "model/release.h"

struct pinned {
    const struct environment *environment;
    const struct env_keys *keys;
    const struct head *head;
    int64_t revision;
    bool head_ok;                /* out: both sets, current and kept, are those of the head */
    uint8_t config[SEAL_DIGEST]; /* out: sum of what was plain then, as config_digest_add() makes */
};

/*
 * Hands on one row for each setting that has a value: the one at the revision where it is plain
 * then and now, else the one that is current. What is plain and did not exist then is left out; a
 * plain row gives way to a secret that has its name now. Names and kinds are those of the row
 * handed on.
 */
envres_status pinned_each(struct context *ctx, struct pinned *reading, setting_fn each, void *user,
                          envres_error *err);

#endif
