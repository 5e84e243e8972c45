/* SPDX-License-Identifier: MIT */
/*
 * Freeing what nothing refers to. A tree is kept by the content and the base of every version that
 * is not discarded, and by every release; a part by the trees that are kept and by the edits of
 * those versions, all of them, since an edit can be restored. What a tree keeps stands inside its
 * bytes, so it is read here: one that cannot be read ends the whole act, and nothing is freed.
 */
#include <string.h>

#include "base/list.h"
#include "model/digest_set.h"
#include "model/tree.h"

enum {
    SQL_FORGET_EDITS,
    SQL_FORGET_PINS,
    SQL_LOOSE_TREES,
    SQL_TREES,
    SQL_EDIT_PARTS,
    SQL_PARTS,
    SQL_DROP_TREE,
    SQL_DROP_PART,
    SQL_COUNT_
};

static const char *const gc_sql[SQL_COUNT_] = {
    [SQL_FORGET_EDITS] = "DELETE FROM part_edit WHERE version_id IN"
                         " (SELECT v.id FROM version v JOIN app a ON a.id = v.app_id"
                         " WHERE a.workspace_id = ?1 AND v.state = 4)",
    [SQL_FORGET_PINS] = "DELETE FROM query_edit WHERE version_id IN"
                        " (SELECT v.id FROM version v JOIN app a ON a.id = v.app_id"
                        " WHERE a.workspace_id = ?1 AND v.state = 4)",
    [SQL_LOOSE_TREES] =
        "SELECT digest, length(body) FROM tree WHERE workspace_id = ?1 AND digest NOT IN"
        " (SELECT v.content FROM version v JOIN app a ON a.id = v.app_id"
        " WHERE a.workspace_id = ?1 AND v.state <> 4"
        " UNION SELECT v.base FROM version v JOIN app a ON a.id = v.app_id"
        " WHERE a.workspace_id = ?1 AND v.state <> 4 AND v.base IS NOT NULL"
        " UNION SELECT r.content FROM release r JOIN app a ON a.id = r.app_id"
        " WHERE a.workspace_id = ?1)",
    [SQL_TREES] = "SELECT digest FROM tree WHERE workspace_id = ?1",
    [SQL_EDIT_PARTS] = "SELECT DISTINCT e.part FROM part_edit e"
                       " JOIN version v ON v.id = e.version_id JOIN app a ON a.id = v.app_id"
                       " WHERE a.workspace_id = ?1 AND e.part IS NOT NULL",
    [SQL_PARTS] = "SELECT digest, length(body) FROM part WHERE workspace_id = ?1",
    [SQL_DROP_TREE] = "DELETE FROM tree WHERE workspace_id = ?1 AND digest = ?2",
    [SQL_DROP_PART] = "DELETE FROM part WHERE workspace_id = ?1 AND digest = ?2",
};

static const char *const gc_columns[ENVRES_GC_COLUMNS] = { "parts", "trees", "bytes" };

struct counts {
    int64_t parts;
    int64_t trees;
    int64_t bytes;
};

/* A statement of the workspace. */
static envres_status
use(struct context *ctx, const char *sql, struct db_stmt **stmt, envres_error *err)
{
    envres_status st = db_use(ctx->db, sql, stmt, err);
    if (st == ENVRES_OK)
        db_bind_blob(*stmt, 1, ctx->workspace, SEAL_ID);
    return st;
}

/* Digests of a statement's first column, but those that `keep` has (NULL: all); their lengths, in
 * the second, are added to *bytes (may be NULL). */
static envres_status
gather(struct context *ctx, const char *sql, const struct digest_set *keep, struct digest_set *out,
       int64_t *bytes, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = use(ctx, sql, &stmt, err);
    if (st < 0)
        return st;
    while (st == ENVRES_OK) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            return st;
        struct slice digest = db_column_blob(stmt, 0);
        if (digest.len != SEAL_DIGEST)
            st = err_set(err, ENVRES_E_CORRUPT, "a digest in the store does not have 32 bytes");
        else if (!keep || !digest_set_find(keep, (const uint8_t *)digest.data))
            st = digest_set_add(out, (const uint8_t *)digest.data, NULL, NULL, err);
        else
            continue;
        if (st == ENVRES_OK && bytes)
            *bytes += db_column_int(stmt, 1);
    }
    db_reset(stmt);
    return st;
}

static envres_status
drop(struct context *ctx, const char *sql, const struct digest_set *loose, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < loose->room; i++) {
        struct db_stmt *stmt = NULL;
        if (!loose->items[i].used)
            continue;
        st = use(ctx, sql, &stmt, err);
        if (st < 0)
            break;
        db_bind_blob(stmt, 2, loose->items[i].digest, SEAL_DIGEST);
        st = db_run(stmt, err);
    }
    return st;
}

static envres_status
drop_trees(struct context *ctx, struct counts *counts, envres_error *err)
{
    struct digest_set loose;
    digest_set_init(&loose, ctx->mem);
    envres_status st = gather(ctx, gc_sql[SQL_LOOSE_TREES], NULL, &loose, &counts->bytes, err);
    if (st == ENVRES_OK)
        st = drop(ctx, gc_sql[SQL_DROP_TREE], &loose, err);
    counts->trees = (int64_t)loose.count;
    digest_set_free(&loose);
    return st;
}

/* The parts of all trees there are. */
static envres_status
keep_trees(struct context *ctx, struct digest_set *keep, envres_error *err)
{
    struct digest_set trees;
    digest_set_init(&trees, ctx->mem);
    envres_status st = gather(ctx, gc_sql[SQL_TREES], NULL, &trees, NULL, err);
    for (size_t i = 0; st == ENVRES_OK && i < trees.room; i++) {
        struct tree tree = { .mem = ctx->mem };
        if (!trees.items[i].used)
            continue;
        st = content_tree(ctx, trees.items[i].digest, &tree, err);
        for (size_t e = 0; st == ENVRES_OK && e < tree.count; e++)
            st = digest_set_add(keep, tree.entries[e].part, NULL, NULL, err);
        tree_free(&tree);
    }
    digest_set_free(&trees);
    return st;
}

static envres_status
drop_parts(struct context *ctx, struct counts *counts, envres_error *err)
{
    struct digest_set keep;
    struct digest_set loose;
    digest_set_init(&keep, ctx->mem);
    digest_set_init(&loose, ctx->mem);
    envres_status st = keep_trees(ctx, &keep, err);
    if (st == ENVRES_OK)
        st = gather(ctx, gc_sql[SQL_EDIT_PARTS], NULL, &keep, NULL, err);
    if (st == ENVRES_OK)
        st = gather(ctx, gc_sql[SQL_PARTS], &keep, &loose, &counts->bytes, err);
    if (st == ENVRES_OK)
        st = drop(ctx, gc_sql[SQL_DROP_PART], &loose, err);
    counts->parts = (int64_t)loose.count;
    digest_set_free(&loose);
    digest_set_free(&keep);
    return st;
}

static envres_status
add_counts(envres_list *list, const struct counts *counts, envres_error *err)
{
    list_row(list);
    list_set_int(list, ENVRES_GC_PARTS, counts->parts);
    list_set_int(list, ENVRES_GC_TREES, counts->trees);
    list_set_int(list, ENVRES_GC_BYTES, counts->bytes);
    return list_status(list, err);
}

/* The edits of versions that are discarded; adds how many there were. */
static envres_status
forget(struct context *ctx, const char *sql, int64_t *forgotten, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = use(ctx, sql, &stmt, err);
    if (st == ENVRES_OK)
        st = db_run(stmt, err);
    if (st == ENVRES_OK)
        *forgotten += db_changes(ctx->db);
    return st;
}

/* The answer is made before the commit: what cannot be told is not done. */
static envres_status
gc_inside(struct change *change, const void *asked, envres_error *err)
{
    envres_list *list = *(envres_list *const *)asked;
    struct context *ctx = change->ctx;
    struct counts counts = { 0, 0, 0 };
    int64_t forgotten = 0;
    envres_status st = change_may(change, ACTION_ADMIN, NULL, err);
    if (st == ENVRES_OK)
        st = forget(ctx, gc_sql[SQL_FORGET_EDITS], &forgotten, err);
    if (st == ENVRES_OK)
        st = forget(ctx, gc_sql[SQL_FORGET_PINS], &forgotten, err);
    if (st == ENVRES_OK)
        st = drop_trees(ctx, &counts, err);
    if (st == ENVRES_OK)
        st = drop_parts(ctx, &counts, err);
    if (st == ENVRES_OK)
        st = add_counts(list, &counts, err);
    change->nothing = forgotten == 0 && counts.trees == 0 && counts.parts == 0;
    return st;
}

envres_status
content_gc(struct context *ctx, const envres_change *given, envres_list **out, envres_error *err)
{
    const struct counts none = { 0, 0, 0 };
    struct change_title title = { "content.gc", "", slice_str("workspace"), NULL };
    envres_list *list = NULL;
    envres_status st = list_new(ctx->mem, gc_columns, ENVRES_GC_COLUMNS, &list, err);
    if (st == ENVRES_OK)
        st = change_run(ctx, given, &title, gc_inside, &list, NULL, err);
    if (st == ENVRES_OK && envres_list_count(list) == 0)
        st = add_counts(list, &none, err); /* done before, under this operation id */
    if (st < 0)
        envres_list_free(list);
    else
        *out = list;
    return st;
}
