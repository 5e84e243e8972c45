/* SPDX-License-Identifier: MIT */
/*
 * The query library of a salvaged store.
 *
 * Rules. The revisions of a query end before the first that does not verify; a query that none is
 * left of is a removed one. A version keeps its content when a query that it uses is lost: a
 * removed query without a revision stands for that, and gives an error to whoever asks for it.
 */
#include <string.h>

#include "base/text.h"
#include "model/pin.h"
#include "model/salvage.h"

enum {
    SQL_BAD_NAMES,
    SQL_NAMELESS,
    SQL_STAND_INS,
    SQL_STAND_IN,
    SQL_NEXT,
    SQL_CUT,
    SQL_REMOVE,
    SQL_COUNT_
};

/* Names of those that stand in are "lost_" and the beginning of the id. */
static const char *const query_sql[SQL_COUNT_] = {
    [SQL_BAD_NAMES] = "DELETE FROM query WHERE id = ?1"
                      " OR length(CAST(name AS BLOB)) NOT BETWEEN 1 AND ?2",
    [SQL_NAMELESS] = "DELETE FROM query_revision WHERE query_id >= ?1"
                     " AND query_id NOT IN (SELECT id FROM query)",
    [SQL_STAND_INS] =
        "INSERT INTO query (id, workspace_id, name, created_at, removed_at) SELECT DISTINCT"
        " query_id, ?1, 'lost_' || lower(substr(hex(query_id), 1, 16)), ?2, ?2 FROM query_edit"
        " WHERE length(query_id) = 16 AND query_id NOT IN (SELECT id FROM query)",
    [SQL_STAND_IN] = "INSERT INTO query (id, workspace_id, name, created_at, removed_at)"
                     " VALUES (?2, ?1, 'lost_' || lower(substr(hex(?2), 1, 16)), ?3, ?3)",
    [SQL_NEXT] = "SELECT q.id, q.name, coalesce(max(r.revision), 0) FROM query q"
                 " LEFT JOIN query_revision r ON r.query_id = q.id"
                 " WHERE q.id > ?1 AND q.workspace_id = ?2 GROUP BY q.id ORDER BY q.id LIMIT 1",
    [SQL_CUT] = "DELETE FROM query_revision WHERE query_id = ?1 AND revision >= ?2",
    [SQL_REMOVE] = "UPDATE query SET removed_at = coalesce(removed_at, ?2) WHERE id = ?1",
};

/* Damage is an answer here, all else an error. */
static envres_status
is_good(struct context *ctx, const uint8_t id[SEAL_ID], int64_t revision, bool *good,
        envres_error *err)
{
    struct query_row row;
    envres_status st = query_by_id(ctx, id, revision, &row, NULL);
    query_row_free(ctx->mem, &row);
    *good = st == ENVRES_OK;
    return st == ENVRES_OK || st == ENVRES_E_INTEGRITY ? ENVRES_OK : err_code(err, st);
}

static envres_status
settle_query(struct context *ctx, const uint8_t id[SEAL_ID], const char *name, int64_t newest,
             int64_t now, struct salvage_report *report, envres_error *err)
{
    int64_t revision = 1;
    int64_t cut = 0;
    bool good = true;
    envres_status st = ENVRES_OK;
    while (st == ENVRES_OK && good && revision <= newest) {
        st = is_good(ctx, id, revision, &good, err);
        revision += good;
    }
    if (st == ENVRES_OK && !good)
        st = salvage_run_with(ctx, query_sql[SQL_CUT], id, NULL, revision, &cut, err);
    if (st == ENVRES_OK && revision == 1)
        st = salvage_run_with(ctx, query_sql[SQL_REMOVE], id, NULL, now, NULL, err);
    if (st == ENVRES_OK && (!good || revision == 1))
        salvage_lost(report, "query_revision", name, cut > 0 ? cut : 1, ENVRES_E_INTEGRITY,
                     "a revision does not hold: it and those after it are not kept");
    return st;
}

envres_status
salvage_queries(struct context *ctx, int64_t now, struct salvage_report *report, envres_error *err)
{
    uint8_t id[SEAL_ID] = { 0 };
    int64_t added = 0;
    int64_t nameless = 0;
    envres_status st =
        salvage_run_with(ctx, query_sql[SQL_BAD_NAMES], id, NULL, LIMIT_NAME, NULL, err);
    if (st == ENVRES_OK)
        st = salvage_run(ctx, query_sql[SQL_NAMELESS], id, NULL, &nameless, err);
    if (st == ENVRES_OK && nameless > 0)
        salvage_lost(report, "query_revision", NULL, nameless, ENVRES_E_CORRUPT,
                     "the row of a query is lost: its name, without which nothing is signed");
    while (st == ENVRES_OK) {
        struct db_stmt *stmt = NULL;
        char name[LIMIT_NAME + 1] = "?";
        int row = DB_DONE;
        st = db_use(ctx->db, query_sql[SQL_NEXT], &stmt, err);
        if (st < 0)
            break;
        db_bind_blob(stmt, 1, id, SEAL_ID);
        db_bind_blob(stmt, 2, ctx->workspace, SEAL_ID);
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = column_id(stmt, 0, id, err);
        column_name(stmt, 1, name, sizeof(name), NULL);
        int64_t newest = db_column_int(stmt, 2);
        db_reset(stmt);
        if (st == ENVRES_OK)
            st = settle_query(ctx, id, name, newest, now, report, err);
    }
    if (st == ENVRES_OK)
        st =
            salvage_run_with(ctx, query_sql[SQL_STAND_INS], ctx->workspace, NULL, now, &added, err);
    if (st == ENVRES_OK && added > 0)
        salvage_lost(report, "query", NULL, added, ENVRES_E_CORRUPT,
                     "queries that drafts use are lost");
    return st;
}

static envres_status
salvage_pin(struct context *ctx, const struct tree_pin *pin, int64_t now,
            struct salvage_report *report, envres_error *err)
{
    char name[LIMIT_NAME + 1] = "";
    uint8_t digest[SEAL_DIGEST] = { 0 };
    bool found = false;
    bool is_removed = false;
    envres_status st = query_label(ctx, pin->query, &found, name, &is_removed, err);
    if (st < 0)
        return st;
    if (!found) {
        salvage_lost(report, "query", NULL, 1, ENVRES_E_CORRUPT,
                     "a query that a version uses is lost: the version gives an error for it");
        return salvage_run_with(ctx, query_sql[SQL_STAND_IN], ctx->workspace, pin->query, now, NULL,
                                err);
    }
    if (pin->revision == 0)
        return ENVRES_OK;
    st = query_digest(ctx, pin->query, pin->revision, &found, digest, err);
    if (st == ENVRES_OK && !found)
        salvage_lost(report, "query_revision", name, 1, ENVRES_E_CORRUPT,
                     "a version uses it: the version gives an error for this query");
    return st;
}

envres_status
salvage_pins(struct context *ctx, const struct tree *tree, int64_t now,
             struct salvage_report *report, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < tree->pin_count; i++)
        st = salvage_pin(ctx, &tree->pins[i], now, report, err);
    return st;
}
