/* SPDX-License-Identifier: MIT */
/*
 * Changes written down, to be run later: the arguments of a call in a canonical encoding, and the
 * reader of it. Each change that can wait for approvals has both halves beside its work; the bytes
 * lie sealed in a request.
 */
#ifndef ENVRES_MODEL_ACT_H
#define ENVRES_MODEL_ACT_H

#include "model/context.h"

/* A text, or (NULL data) none. Numbers are added with buf_add_u32() and buf_add_u64(). */
void act_put_text(struct buf *out, struct slice text);

/* What does not fit sets `failed`; it is asked for once, at the end. Slices are borrowed. */
struct act_reader {
    const char *at;
    size_t left;
    bool failed;
};

struct slice act_text(struct act_reader *reader);
uint32_t act_u32(struct act_reader *reader);
uint64_t act_u64(struct act_reader *reader);
const uint8_t *act_bytes(struct act_reader *reader, size_t len); /* NULL on failure */
/* INTEGRITY: the bytes are not those of such a change. */
envres_status act_fault(envres_error *err);
/* The same unless all was read, and no more. */
envres_status act_end(const struct act_reader *reader, envres_error *err);

/* Does again what was written down: the call itself, with all its checks. */
typedef envres_status (*replay_fn)(struct context *ctx, struct act_reader *reader,
                                   const envres_change *given, int64_t *revision,
                                   envres_error *err);

#endif
