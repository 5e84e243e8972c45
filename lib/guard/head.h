/* SPDX-License-Identifier: MIT */
/*
 * The head of an environment: a sealed digest over the set of its settings, so that a row that was
 * deleted, restored, relabelled or hidden by a damaged index is noticed although every single
 * record verifies. Two sums (XOR of keyed hashes): over the rows that are current, checked whenever
 * a scope is opened, and over all rows kept, checked by verify.
 */
#ifndef ENVRES_GUARD_HEAD_H
#define ENVRES_GUARD_HEAD_H

#include "guard/keyring.h"

struct head {
    uint64_t epoch;    /* grows by one with every write */
    uint64_t revision; /* configuration revision of the environment */
    uint64_t current_count;
    uint64_t kept_count;
    uint8_t current[SEAL_DIGEST];
    uint8_t kept[SEAL_DIGEST];
};

/* One setting row, as stored. Borrowed. */
struct head_row {
    const uint8_t *object; /* 16 */
    struct slice field;
    uint64_t revision;
    uint8_t state;
    uint8_t object_class;
    struct slice name;
    struct slice kind;
    bool secret;
    const uint8_t *content; /* 32 */
    const uint8_t *author;  /* 16 */
    int64_t time;
};

/* The environment's own row: what a host reads of it is bound too. Borrowed. */
struct head_environment {
    struct slice key;
    struct slice label;
    struct slice color; /* "" for none */
    int64_t position;   /* 0: off the path */
    uint8_t is_protected;
    int64_t approvals;
    uint8_t require_reason;
    uint8_t editors_reveal;
    uint8_t rollback_approvals;
    uint8_t fixed;
    uint32_t generation;
};

void head_row_hash(const struct env_keys *keys, const struct head_row *row,
                   uint8_t out[SEAL_DIGEST]);
/* sum ^= hash: adds a row, or takes it away. */
void head_toggle(uint8_t sum[SEAL_DIGEST], const uint8_t hash[SEAL_DIGEST]);

/* Appends the sealed head to `out`. */
envres_status head_seal(const struct env_keys *keys, const struct head_environment *environment,
                        const struct head *head, struct buf *out, envres_error *err);
/* INTEGRITY unless it is the head of this very environment row. */
envres_status head_unseal(const struct env_keys *keys, const struct head_environment *environment,
                          const void *sealed, size_t len, struct head *out, envres_error *err);

#endif
