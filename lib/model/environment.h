/* SPDX-License-Identifier: MIT */
/*
 * Environments: the three that every workspace has, and those added. Each has two keys of its own
 * and a sealed head over its settings; what a host reads of an environment is bound into the head.
 */
#ifndef ENVRES_MODEL_ENVIRONMENT_H
#define ENVRES_MODEL_ENVIRONMENT_H

#include <envres/environment.h>

#include "base/limits.h"
#include "guard/head.h"
#include "model/act.h"
#include "model/context.h"

enum { ENVIRONMENT_HEAD_MAX = 512 };

struct environment {
    uint8_t id[SEAL_ID];
    char key[LIMIT_ENVIRONMENT_KEY + 1];
    char label[LIMIT_LABEL + 1];
    char color[LIMIT_COLOR + 1]; /* "": none */
    int64_t position;            /* 0: off the path */
    int64_t approvals;
    int64_t revision;
    uint32_t generation;
    bool is_protected;
    bool require_reason;
    bool editors_reveal;
    bool rollback_approvals;
    bool fixed;
    uint8_t head[ENVIRONMENT_HEAD_MAX];
    size_t head_len;
};

/* NOT_FOUND with the nearest key and the list of those there are. */
envres_status environment_find(struct context *ctx, struct slice key, struct environment *out,
                               envres_error *err);

/* All of a workspace, the path in order, then the others by key; the caller frees the array. */
envres_status environment_all(struct context *ctx, struct environment **out, size_t *count,
                              envres_error *err);
/* The same for a list, which leaves nothing out: context_check_listed(). */
envres_status environment_all_listed(struct context *ctx, struct environment **out, size_t *count,
                                     envres_error *err);
/* The same, always out of the store. */
envres_status environment_read_all(struct context *ctx, struct environment **out, size_t *count,
                                   envres_error *err);

/* One of them by its id. */
envres_status environment_by_id(struct context *ctx, const uint8_t id[SEAL_ID], bool *found,
                                struct environment *out, envres_error *err);

/* The sealed head, opened and compared with the row. */
envres_status environment_head(struct context *ctx, const struct environment *environment,
                               struct env_keys **keys, struct head *head, envres_error *err);

/* Seals the head anew and writes revision and head; inside a change. */
envres_status environment_store_head(struct context *ctx, struct environment *environment,
                                     const struct env_keys *keys, struct head *head,
                                     envres_error *err);

/* A new row with a fresh id, its keys and its head, inside a change: the row first (grants refer to
 * it), then keys, the public one too, then the head sealed under them. */
envres_status environment_create(struct context *ctx, struct environment *environment, int64_t now,
                                 envres_error *err);

/* Changes a row that exists, inside a change: the head is opened under the old row and sealed under
 * the new one. */
envres_status environment_replace(struct context *ctx, const struct environment *old,
                                  struct environment *row, envres_error *err);

/* The three, inside the transaction that makes the workspace. */
envres_status environment_make_fixed(struct context *ctx, int64_t now, envres_error *err);

/* ---- changes (environment_edit.c) ----------------------------------------------------------- */

envres_status environment_add(struct context *ctx, struct slice key,
                              const envres_environment_options *options,
                              const envres_change *change, envres_error *err);
envres_status environment_set(struct context *ctx, struct slice key,
                              const envres_environment_options *options,
                              const envres_change *change, envres_error *err);
envres_status environment_remove(struct context *ctx, struct slice key, const envres_change *change,
                                 envres_error *err);
/* What was written down of a change that waited for approvals, done (act.h). */
envres_status environment_replay_add(struct context *ctx, struct act_reader *reader,
                                     const envres_change *given, int64_t *revision,
                                     envres_error *err);
envres_status environment_replay_set(struct context *ctx, struct act_reader *reader,
                                     const envres_change *given, int64_t *revision,
                                     envres_error *err);
envres_status environment_replay_remove(struct context *ctx, struct act_reader *reader,
                                        const envres_change *given, int64_t *revision,
                                        envres_error *err);

/* ---- what there is -------------------------------------------------------------------------- */

/* `key.data` NULL: all. */
envres_status environment_list(struct context *ctx, struct slice key, envres_list **out,
                               envres_error *err);

#endif
