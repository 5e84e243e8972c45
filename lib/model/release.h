/* SPDX-License-Identifier: MIT */
/*
 * Release records: what is kept of every act that moved an app's live pointer. This module reads,
 * writes and verifies them; when one may be made, lib/delivery decides.
 *
 *   1 release  a 1.0.0   previous -        target -
 *   2 release  b 1.1.0   previous 1        target -
 *   3 rollback a 1.0.0   previous -  (1's) target 1
 *   4 release  c 1.2.0   previous 3        target -
 *   5 withdraw c 1.2.0   previous 3  (4's) target 4
 *
 * `previous` is where the default rollback from a record leads. A rollback has that of the release
 * it restored, so that a second rollback goes further back, never to what a rollback left.
 */
#ifndef ENVRES_MODEL_RELEASE_H
#define ENVRES_MODEL_RELEASE_H

#include <envres/release.h>

#include "base/semver.h"
#include "model/config.h"
#include "model/version.h"

enum release_kind { RELEASE_NEW = 1, RELEASE_ROLLBACK = 2, RELEASE_WITHDRAW = 3 };

struct release {
    uint8_t app[SEAL_ID];
    uint8_t version[SEAL_ID];
    uint8_t environment[SEAL_ID];
    uint8_t author[SEAL_ID];
    uint8_t signer[SEAL_ID]; /* who was unlocked: the author, unless the host asserted another */
    uint8_t content[SEAL_DIGEST];
    uint8_t
        config[SEAL_DIGEST]; /* digest over the plain settings at `revision`; zero: not pinned */
    uint8_t manifest[SEAL_DIGEST];
    uint8_t signature[SIGNATURE_SIZE];
    char app_name[LIMIT_APP + 1];     /* as they were called when it was made: names are signed */
    char version_name[LIMIT_APP + 1]; /* with it */
    char tag[LIMIT_TAG + 1];
    uint8_t tag_order[SEMVER_ORDER];
    size_t tag_order_len;
    struct slice notes; /* when written: the caller's; when read: empty */
    uint8_t notes_digest[SEAL_DIGEST];
    enum release_kind kind;
    bool pin_config;
    int64_t sequence;
    int64_t target;   /* 0: none */
    int64_t previous; /* 0: none */
    int64_t revision; /* configuration revision of `environment` */
    int64_t time;
};

/*
 * What a pinning release says of the configuration: the sum (XOR) of a digest for each plain
 * setting that has a value at its revision, or had one that was destroyed. Adds one row; secrets
 * and rows that take a value away are left out.
 */
void config_digest_add(uint8_t sum[SEAL_DIGEST], const struct setting *setting);
/* The sum at the environment's newest revision; INTEGRITY when its rows are not those of its head.
 */
envres_status config_digest(struct context *ctx, const struct environment *environment,
                            uint8_t sum[SEAL_DIGEST], envres_error *err);

/* The record of a sequence; CORRUPT when it is not there. */
envres_status release_get(struct context *ctx, const struct app *app, int64_t sequence,
                          struct release *out, envres_error *err);
/* The newest record; *found false: there is none. */
envres_status release_newest(struct context *ctx, const struct app *app, bool *found,
                             struct release *out, envres_error *err);
/* The release (kind RELEASE_NEW) of a tag: NOT_FOUND with the nearest. TAG for what is none. */
envres_status release_by_tag(struct context *ctx, const struct app *app, struct slice tag,
                             struct release *out, envres_error *err);
/* The newest RELEASE_NEW record of a version. */
envres_status release_of_version(struct context *ctx, const struct app *app,
                                 const struct version *version, bool *found, struct release *out,
                                 envres_error *err);
/* The newest record that made a version live: a release, or a rollback to one. */
envres_status release_made_live(struct context *ctx, const struct app *app,
                                const struct version *version, bool *found, struct release *out,
                                envres_error *err);
/* The highest tag given so far. */
envres_status release_highest(struct context *ctx, const struct app *app, bool *found,
                              struct semver *out, envres_error *err);

/* TAG_TAKEN when a release of the app has this tag, or one that ranks the same. */
envres_status release_check_tag(struct context *ctx, const struct app *app,
                                const struct semver *tag, envres_error *err);

/* Takes the next sequence number and the app's name, computes and signs the manifest, inserts the
 * record, moves the live pointer (a withdrawal: to none). Inside a change. */
envres_status release_append(struct change *change, struct app *app, struct release *release,
                             envres_error *err);

/* INTEGRITY unless the manifest is that of the row, a principal of the workspace signed it, and the
 * app has the name that it is of. */
envres_status release_check(struct context *ctx, const struct app *app,
                            const struct release *release, envres_error *err);

/* The name that the first record says which holds under the name it says; "" where none does. */
envres_status release_signed_name(struct context *ctx, const uint8_t app[SEAL_ID],
                                  char out[LIMIT_APP + 1], envres_error *err);

/* Sequence of the first record of the line that does not hold; 0: all do. */
envres_status release_first_bad(struct context *ctx, const struct app *app, int64_t *sequence,
                                envres_error *err);

envres_status release_list(struct context *ctx, struct slice app, envres_list **out,
                           envres_error *err);
/* One row of such a list; inside a transaction that is open. */
envres_status release_describe(struct context *ctx, const struct app *app, int64_t sequence,
                               envres_list **out, envres_error *err);

/* Sequences without gaps, the live pointer, predecessors and targets, tags, manifests, signatures.
 */
envres_status release_verify(struct context *ctx, db_finding_fn finding, void *user,
                             envres_error *err);

#endif
