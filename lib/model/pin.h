/* SPDX-License-Identifier: MIT */
/* What versions use of the query library. How it stands in a tree is in model/content.h. */
#ifndef ENVRES_MODEL_PIN_H
#define ENVRES_MODEL_PIN_H

#include "model/content.h"
#include "model/query.h"

envres_status query_pin(struct context *ctx, const envres_version_name *version, struct slice name,
                        int64_t revision, const envres_change *given, envres_error *err);
envres_status query_unpin(struct context *ctx, const envres_version_name *version,
                          struct slice name, const envres_change *given, envres_error *err);
envres_status query_pins(struct context *ctx, const envres_version_name *version, envres_list **out,
                         envres_error *err);

/* The revision that a pin of this version means: its own; where a draft follows (or one that was
 * discarded as a draft), the newest there is. INTEGRITY. Inside a transaction, as all below. */
envres_status pin_revision(struct context *ctx, const struct version *version,
                           const struct tree_pin *pin, int64_t *out, envres_error *err);

/* That revision, as it was signed and, where the version is frozen, as it was recorded then.
 * INTEGRITY. Free the row, also on failure. */
envres_status pin_read(struct context *ctx, const struct version *version,
                       const struct tree_pin *pin, struct query_row *out, envres_error *err);

/* Whether two pins of one query that mean the same number mean the same text, too. */
envres_status pin_same_text(struct context *ctx, const struct tree_pin *a, const struct tree_pin *b,
                            int64_t revision, bool *out, envres_error *err);

/* Gives each pin of a draft the revision that it means, after a look at its signature, and the
 * digest of that. */
envres_status pins_record(struct context *ctx, const struct version *version, struct tree *tree,
                          envres_error *err);

/* What two versions use that is not the same, by name. */
struct tree_side {
    const struct version *version;
    const struct tree *tree;
};
struct pin_difference {
    char name[LIMIT_NAME + 1];
    const char *change; /* as in ENVRES_DIFF_CHANGE */
    int64_t from;       /* 0: not used */
    int64_t to;
};
struct pin_diff {
    struct pin_difference *rows;
    size_t count;
};
envres_status pin_diff_make(struct context *ctx, const struct tree_side *from,
                            const struct tree_side *to, struct pin_diff *out, envres_error *err);
void pin_diff_free(const struct mem *mem, struct pin_diff *diff);

/* REFERRED when a version that is not discarded uses the query, or any query for the resource. */
envres_status pins_check_query(struct context *ctx, const uint8_t id[SEAL_ID], struct slice name,
                               envres_error *err);
envres_status pins_check_resource(struct context *ctx, const struct object *resource,
                                  envres_error *err);

/* Who wrote what a version uses and the one that is live (`live`: its id, or NULL) does not is an
 * author of the change. */
envres_status pins_authors(struct change *change, const struct version *version,
                           const uint8_t *live, envres_error *err);

#endif
