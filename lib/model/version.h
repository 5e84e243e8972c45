/* SPDX-License-Identifier: MIT */
/*
 * Versions: their rows, names and states. What moves them on is lib/delivery; what is in them is
 * model/content. Of the six states four are stored; that a version is live, and whether a frozen
 * one has reached the end of the path, follows from one place each: app.live, and the path.
 */
#ifndef ENVRES_MODEL_VERSION_H
#define ENVRES_MODEL_VERSION_H

#include <envres/version.h>

#include "model/app.h"

enum version_state {
    VERSION_DRAFT,
    VERSION_STAGED,
    VERSION_READY,
    VERSION_LIVE,
    VERSION_RETIRED,
    VERSION_DISCARDED
};

/* As the column `state` has it. */
enum version_stored {
    STORED_DRAFT = 1,
    STORED_FROZEN = 2,
    STORED_RELEASED = 3,
    STORED_DISCARDED = 4
};

struct version {
    uint8_t id[SEAL_ID];
    uint8_t app[SEAL_ID];
    uint8_t stage[SEAL_ID]; /* environment */
    uint8_t parent[SEAL_ID];
    uint8_t base[SEAL_DIGEST];    /* tree the draft began from */
    uint8_t content[SEAL_DIGEST]; /* digest of its content, now */
    uint8_t author[SEAL_ID];
    char name[LIMIT_APP + 1];
    char description[LIMIT_DESCRIPTION + 1];
    bool has_parent;
    bool has_base; /* false: it began empty */
    enum version_stored stored;
    int64_t number;
    int64_t parts;
    int64_t bytes;
    int64_t pins;  /* queries that it uses */
    int64_t edits; /* the newest edit's number; 0: none */
    int64_t created_at;
    int64_t changed_at;
};

/* "draft", "staged", ... static. */
const char *version_state_name(enum version_state state);

/* What the states of an app's versions follow from, besides their rows. */
struct version_frame {
    uint8_t live[SEAL_ID]; /* the version that is live; zero: none */
    uint8_t last[SEAL_ID]; /* the environment at the end of the path */
    bool has_live;
};
envres_status version_frame(struct context *ctx, const struct app *app, struct version_frame *out,
                            envres_error *err);
enum version_state version_state_in(const struct version_frame *frame,
                                    const struct version *version);

/* The state, from the stored one, app.live and the path. */
envres_status version_state(struct context *ctx, const struct app *app,
                            const struct version *version, enum version_state *out,
                            envres_error *err);

/* NOT_FOUND with the nearest name. */
envres_status version_find(struct context *ctx, const struct app *app, struct slice name,
                           struct version *out, envres_error *err);
/* NOT_FOUND when there is none. */
envres_status version_by_number(struct context *ctx, const struct app *app, int64_t number,
                                struct version *out, envres_error *err);
/* The one of the highest number that is not discarded. */
envres_status version_newest(struct context *ctx, const struct app *app, bool *found,
                             struct version *out, envres_error *err);
/* CORRUPT when there is none. */
envres_status version_by_id(struct context *ctx, const uint8_t id[SEAL_ID], struct version *out,
                            envres_error *err);
/* The only draft: INVALID (several, the hint lists them); none: FROZEN for writing, else NOT_FOUND.
 */
envres_status version_only_draft(struct context *ctx, const struct app *app, bool writing,
                                 struct version *out, envres_error *err);
/* Both of a public name; `version` NULL in it: the only draft. Reads the struct's size first. */
envres_status version_named(struct context *ctx, const envres_version_name *name, bool writing,
                            struct app *app, struct version *out, envres_error *err);
/* Reads a public name: its size, both texts; `version.data` NULL where none was given. */
envres_status version_name_read(const envres_version_name *name, struct slice *app,
                                struct slice *version, envres_error *err);
/* The most recently changed whose stage has reached the environment (off the path: the live one):
 * NO_VERSION_HERE. */
envres_status version_pick(struct context *ctx, const struct app *app,
                           const struct environment *environment, struct version *out,
                           envres_error *err);
/* NO_VERSION_HERE unless its stage has reached the environment (off the path: unless it is live).
 */
envres_status version_reached(struct context *ctx, const struct app *app,
                              const struct version *version, const struct environment *environment,
                              envres_error *err);

/* Has its app another version that is not discarded? */
envres_status version_has_other(struct context *ctx, const struct version *version, bool *has,
                                envres_error *err);

/* All of an app, newest number first; the caller frees the array. */
envres_status version_all(struct context *ctx, const struct app *app, struct version **out,
                          size_t *count, envres_error *err);

/* The environments of the path, in order; the caller frees the array. */
envres_status path_all(struct context *ctx, struct environment **out, size_t *count,
                       envres_error *err);
/* The first of them: where drafts are. */
envres_status path_first(struct context *ctx, struct environment *out, envres_error *err);
/* The last: where releases are made. */
envres_status path_last(struct context *ctx, struct environment *out, envres_error *err);
/* An environment by its id; CORRUPT when there is none. */
envres_status stage_find(struct context *ctx, const uint8_t id[SEAL_ID], struct environment *out,
                         envres_error *err);

/* "APP/VERSION", appended: what a version is called in the audit, behind "version/". */
envres_status version_object(struct slice app, struct slice version, struct buf *out,
                             envres_error *err);

/* Writes content, parts, bytes, pins, edits, changed_at of a draft; inside a change. */
envres_status version_store_content(struct context *ctx, const struct version *version,
                                    envres_error *err);
/* Writes stage, stored state, changed_at; sets frozen_at when it leaves the draft state. */
envres_status version_store_state(struct context *ctx, const struct version *version, int64_t now,
                                  envres_error *err);

/* A draft of an app, inside a change: `from` NULL makes it empty. Sets id and number. */
envres_status version_insert(struct change *change, const struct app *app,
                             const struct version *from, struct slice name,
                             struct slice description, struct version *out, envres_error *err);

envres_status version_create(struct context *ctx, struct slice app,
                             const envres_version_options *options, const envres_change *given,
                             envres_list **out, envres_error *err);
envres_status version_set(struct context *ctx, const envres_version_name *name,
                          const envres_version_options *options, const envres_change *given,
                          envres_error *err);
envres_status version_list(struct context *ctx, struct slice app, struct slice environment,
                           uint32_t flags, envres_list **out, envres_error *err);
envres_status version_describe(struct context *ctx, const envres_version_name *name,
                               envres_list **out, envres_error *err);
/* The same row, inside a transaction that is open: what a change answers is made before it is
 * committed, because what cannot be told is not done. */
envres_status version_row(struct context *ctx, const struct app *app, const struct version *version,
                          envres_list **out, envres_error *err);
/* And of a change that was committed before. */
envres_status version_row_again(struct context *ctx, struct slice app_name, int64_t number,
                                envres_list **out, envres_error *err);
envres_status version_open(struct context *ctx, const envres_version_name *name,
                           struct slice environment, const envres_change *given, envres_list **out,
                           envres_error *err);
envres_status version_last(struct context *ctx, struct slice app, envres_list **out,
                           envres_error *err);

/* States, stages, numbers, contents of all versions against each other. */
envres_status version_verify(struct context *ctx, db_finding_fn finding, void *user,
                             envres_error *err);

#endif
