/* SPDX-License-Identifier: MIT */
/*
 * The content of versions: parts under their digest, trees (the sorted list of a version's parts,
 * and of the queries it uses) under theirs, and the edits of drafts.
 *
 *   tree    = format u8 (1), count u32, entries, pins u32, pins
 *   entry   = path (u32 length + bytes), flags u8 (1: public), size u64, part digest (32)
 *   pin     = query (16), revision u64 (0: none is recorded), flags u8 (1: follows), digest of the
 *             revision (32; zeroes: none is recorded)
 *   content digest = BLAKE2b-256(personal envres1/tree, tree), so it is what the row is found by
 *
 * Entries are sorted by path, pins by query, by bytes. The content of a draft is its base tree with
 * the newest edit of each path and query laid over it; its tree is written when it leaves the draft
 * state, or when a version is made from it. In a draft no pin has a digest, and one that follows no
 * revision, whatever its base recorded; when the draft is frozen, it gets the one that is the
 * newest then, and each the digest of what was signed: a number alone may come to stand for another
 * text.
 */
#ifndef ENVRES_MODEL_CONTENT_H
#define ENVRES_MODEL_CONTENT_H

#include <envres/part.h>

#include "model/version.h"

struct tree_entry {
    struct slice path; /* NUL-terminated in the tree's memory */
    uint8_t part[SEAL_DIGEST];
    int64_t size;
    bool is_public;
};

/* A query that a version uses. */
struct tree_pin {
    uint8_t query[SEAL_ID];
    uint8_t digest[SEAL_DIGEST]; /* of the revision, as query.c makes it; in a draft zeroes */
    int64_t revision;            /* 0: the newest there is */
    bool follows;
};

/* Column `action` of an edit of a part. */
enum { EDIT_PUT = 1, EDIT_REMOVE = 2, EDIT_RESTORE = 3 };
/* And of a pin. */
enum { EDIT_PIN = 1, EDIT_UNPIN = 2 };

/* Sorted by path, and by query. */
struct tree {
    const struct mem *mem;
    struct tree_entry *entries;
    size_t count;
    size_t room;
    int64_t bytes;
    struct pool *pool; /* paths */
    struct tree_pin *pins;
    size_t pin_count;
};

void tree_free(struct tree *tree);
/* NULL when there is none. */
const struct tree_entry *tree_find(const struct tree *tree, struct slice path);
/* NULL when it is not used. */
const struct tree_pin *tree_pin_find(const struct tree *tree, const uint8_t query[SEAL_ID]);
/* Whether the digest of its revision stands in it. */
bool tree_pin_recorded(const struct tree_pin *pin);
/* NOT_FOUND with the nearest path. */
envres_status tree_need(const struct tree *tree, struct slice path, const struct tree_entry **out,
                        envres_error *err);

/* E_PATH with a hint. */
envres_status part_check_path(struct slice path, envres_error *err);

/* The content of a version as it is now. INTEGRITY when the stored tree is not that of its digest.
 */
envres_status content_load(struct context *ctx, const struct version *version, struct tree *out,
                           envres_error *err);
/* A tree by its digest. */
envres_status content_tree(struct context *ctx, const uint8_t digest[SEAL_DIGEST], struct tree *out,
                           envres_error *err);
/* Appends a part's bytes to `out`; INTEGRITY when they are not those of the digest. `path` names it
 * in errors. */
envres_status content_part(struct context *ctx, const struct tree_entry *entry, struct buf *out,
                           envres_error *err);

/* What the version began from. */
envres_status content_base(struct context *ctx, const struct version *version, struct tree *out,
                           envres_error *err);
/* Its base with the edits up to number `at` (below 0: all) laid over it, whatever its state; not
 * compared with its content digest. */
envres_status content_compose(struct context *ctx, const struct version *version, int64_t at,
                              struct tree *out, envres_error *err);

/* Digest of a part's bytes. */
void part_digest(uint8_t digest[SEAL_DIGEST], const void *data, size_t len);
/* Digest of a tree. */
envres_status tree_digest(const struct tree *tree, uint8_t digest[SEAL_DIGEST], envres_error *err);

/* Everybody who made something of a version that is not in the one that is live (`live`: its id, or
 * NULL) is an author of the change: edits, and whoever began it, back to that one. */
envres_status content_authors(struct change *change, const struct version *version,
                              const uint8_t *live, envres_error *err);
/* Writes the tree of a version's content, if it is not there; inside a change. Needed before
 * another is made from it. */
envres_status content_keep(struct context *ctx, const struct version *version, envres_error *err);
/* The same, before a version leaves the draft state: each pin gets its revision and the digest of
 * that, which changes the content digest. */
envres_status content_freeze(struct context *ctx, struct version *version, envres_error *err);
/* The content digest of a draft that begins from a version, whose tree is there. */
envres_status content_begin(struct context *ctx, const struct version *from,
                            uint8_t digest[SEAL_DIGEST], envres_error *err);

envres_status part_put(struct context *ctx, const envres_version_name *name,
                       const envres_part_write *writes, size_t count, const envres_change *given,
                       uint8_t *content, envres_error *err);
envres_status part_get(struct context *ctx, const envres_version_name *name, struct slice path,
                       envres_value **out, envres_error *err);
envres_status part_list(struct context *ctx, const envres_version_name *name, envres_list **out,
                        envres_error *err);
/* `path.data` NULL: all. */
envres_status part_history(struct context *ctx, const envres_version_name *name, struct slice path,
                           envres_list **out, envres_error *err);
envres_status part_restore(struct context *ctx, const envres_version_name *name, struct slice path,
                           int64_t edit, const envres_change *given, envres_error *err);
envres_status content_diff(struct context *ctx, const envres_version_name *from,
                           const envres_version_name *to, uint32_t flags, envres_list **out,
                           envres_error *err);
envres_status content_gc(struct context *ctx, const envres_change *given, envres_list **out,
                         envres_error *err);

/* Every part and tree against its digest, every version's content against its base and edits. */
envres_status content_verify(struct context *ctx, db_finding_fn finding, void *user,
                             envres_error *err);
/* The same of one version: its content, its edits, its counts; not the bytes of its parts. */
envres_status content_verify_one(struct context *ctx, const struct app *app,
                                 const struct version *version, db_finding_fn finding, void *user,
                                 envres_error *err);

#endif
