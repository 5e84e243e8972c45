/* SPDX-License-Identifier: MIT */
/*
 * Trees in memory and as bytes: reading, writing, changing, and which paths may stand in one. The
 * form is in model/content.h; what is stored where is not known here.
 */
#ifndef ENVRES_MODEL_TREE_H
#define ENVRES_MODEL_TREE_H

#include "model/content.h"

/* One path with what is to stand there. */
struct tree_change {
    struct tree_entry entry;
    bool gone;
};

/* A query with what is to be of it. */
struct tree_pin_change {
    struct tree_pin pin;
    bool gone;
};

/* Reads any bytes: INTEGRITY when they are not a tree as tree_encode() writes it. */
envres_status tree_decode(const struct mem *mem, struct slice body, struct tree *out,
                          envres_error *err);
/* Appends its bytes. */
envres_status tree_encode(const struct tree *tree, struct buf *out, envres_error *err);

/* A copy of the path that lives as long as the tree. */
envres_status tree_keep(struct tree *tree, struct slice path, struct slice *out, envres_error *err);

/* Lays changes over a tree in one pass. They are sorted by path, each path once; their paths live
 * as long as the tree. Whether the result is within the limits is the caller's to look at. */
envres_status tree_apply(struct tree *tree, const struct tree_change *changes, size_t count,
                         envres_error *err);

/* The same for pins: sorted by query, each once. */
envres_status tree_apply_pins(struct tree *tree, const struct tree_pin_change *changes,
                              size_t count, envres_error *err);

/* Takes what was recorded away, as a draft has its pins: digests, and revisions of those that
 * follow. */
void tree_loosen(struct tree *tree);
/* Gives pins what the other tree recorded of them, as far as their revision is not another. */
void tree_take_revisions(struct tree *tree, const struct tree *from);

/*
 * NAME_TAKEN when one of the paths cannot stand beside the others of the tree: it differs from one
 * only in ASCII case, or one of the two would have to be a folder. Folders are compared without
 * regard to case as well, since where files know no case "Src" and "src/a" cannot both be. Entries
 * that stood in the tree before are taken to agree with each other.
 */
envres_status tree_check_added(const struct tree *tree, const struct slice *added, size_t count,
                               envres_error *err);

#endif
