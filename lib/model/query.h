/* SPDX-License-Identifier: MIT */
/* The query library as it is kept: names, and signed revisions behind each. */
#ifndef ENVRES_MODEL_QUERY_H
#define ENVRES_MODEL_QUERY_H

#include "model/change.h"
#include "model/config.h"
#include "model/query_form.h"

/* One revision, its signature checked. The form's slices lie in `body`. */
struct query_row {
    uint8_t id[SEAL_ID];
    uint8_t author[SEAL_ID];
    uint8_t signer[SEAL_ID];
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t digest[SEAL_DIGEST]; /* what was signed */
    int64_t revision;
    int64_t restored; /* 0: it brought nothing back */
    int64_t time;
    char name[LIMIT_NAME + 1];
    struct object resource; /* as it is now, removed or not */
    struct buf body;
    struct query_form form;
};
void query_row_free(const struct mem *mem, struct query_row *row);

envres_status query_put(struct context *ctx, const envres_query_write *write,
                        const envres_change *change, int64_t *revision, envres_error *err);
envres_status query_restore(struct context *ctx, struct slice name, int64_t revision,
                            const envres_change *change, int64_t *made, envres_error *err);
envres_status query_remove(struct context *ctx, struct slice name, const envres_change *change,
                           envres_error *err);
envres_status query_list(struct context *ctx, envres_list **out, envres_error *err);
envres_status query_history(struct context *ctx, struct slice name, envres_list **out,
                            envres_error *err);

/* Reads one revision (0: the newest) in a read transaction of its own; query_row_free(). NOT_FOUND,
 * INTEGRITY. */
envres_status query_read(struct context *ctx, struct slice name, int64_t revision,
                         struct query_row *out, envres_error *err);

/* The same inside a transaction; free the row, also on failure. */
envres_status query_revision(struct context *ctx, struct slice name, int64_t revision,
                             struct query_row *out, envres_error *err);

/* One revision by the query's id, whether that was removed or not. INTEGRITY: it is not there, or
 * not the one that was signed. Inside a transaction; free the row, also on failure. */
envres_status query_by_id(struct context *ctx, const uint8_t id[SEAL_ID], int64_t revision,
                          struct query_row *out, envres_error *err);
/* The digest of a revision as it stands there, without a look at the signature; *found false: there
 * is none, or one out of form. */
envres_status query_digest(struct context *ctx, const uint8_t id[SEAL_ID], int64_t revision,
                           bool *found, uint8_t digest[SEAL_DIGEST], envres_error *err);
/* The number of its newest revision; 0: it has none. */
envres_status query_newest(struct context *ctx, const uint8_t id[SEAL_ID], int64_t *out,
                           envres_error *err);
/* What its row says, which no signature covers; *found false: there is none. */
envres_status query_label(struct context *ctx, const uint8_t id[SEAL_ID], bool *found,
                          char name[LIMIT_NAME + 1], bool *is_removed, envres_error *err);

/* REFERRED when the newest revision of a query is for this resource, or one that a version uses.
 * Inside a transaction. */
envres_status query_check_unused(struct context *ctx, const struct object *resource,
                                 envres_error *err);

/* Every revision: its signature, and that none before it is missing. */
envres_status query_verify(struct context *ctx, db_finding_fn finding, void *user,
                           envres_error *err);

#endif
