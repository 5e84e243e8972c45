/* SPDX-License-Identifier: MIT */
/*
 * Verifying content. First the versions: what their base and edits make, against the content digest
 * they carry and the tree under it; on the way every part they need is noted, with the first place
 * that needs it. Then all trees and parts there are, against their digests; last the parts that are
 * needed and were not met. A part that a thousand versions share is one finding.
 */
#include <string.h>

#include "base/text.h"
#include "model/digest_set.h"
#include "model/pin.h"
#include "model/tree.h"

enum {
    SQL_NEXT,
    SQL_NEEDED,
    SQL_SIZES,
    SQL_ORDER,
    SQL_PIN_ORDER,
    SQL_EDITS,
    SQL_TREES,
    SQL_PARTS,
    SQL_COUNT_
};

static const char *const verify_sql[SQL_COUNT_] = {
    [SQL_NEXT] = "SELECT number FROM version WHERE app_id = ?1 AND number > ?2"
                 " ORDER BY number LIMIT 1",
    [SQL_NEEDED] = "SELECT path, part FROM part_edit WHERE version_id = ?1 AND part IS NOT NULL"
                   " ORDER BY edit",
    [SQL_SIZES] = "SELECT e.edit FROM part_edit e JOIN part p ON p.digest = e.part"
                  " WHERE e.version_id = ?1 AND p.workspace_id = ?2 AND length(p.body) <> e.size"
                  " ORDER BY e.edit LIMIT 1",
    [SQL_ORDER] = "SELECT e.edit FROM part_edit e WHERE e.version_id = ?1 AND e.until IS NOT NULL"
                  " AND NOT EXISTS (SELECT 1 FROM part_edit n WHERE n.version_id = e.version_id"
                  " AND n.edit = e.until AND n.path = e.path) ORDER BY e.edit LIMIT 1",
    [SQL_PIN_ORDER] =
        "SELECT e.edit FROM query_edit e WHERE e.version_id = ?1 AND e.until IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM query_edit n WHERE n.version_id = e.version_id"
        " AND n.edit = e.until AND n.query_id = e.query_id) ORDER BY e.edit LIMIT 1",
    [SQL_EDITS] = "SELECT count(*), max(edit), count(DISTINCT edit) FROM"
                  " (SELECT edit FROM part_edit WHERE version_id = ?1"
                  " UNION ALL SELECT edit FROM query_edit WHERE version_id = ?1)",
    [SQL_TREES] = "SELECT digest, body FROM tree WHERE workspace_id = ?1",
    [SQL_PARTS] = "SELECT digest, body FROM part WHERE workspace_id = ?1",
};

struct verify {
    struct context *ctx;
    db_finding_fn finding;
    void *user;
    struct digest_set parts; /* needed by versions and edits */
    struct digest_set trees; /* read as those of versions */
    struct buf object;
    bool with_queries; /* that the queries it uses are there, too */
};

/* ---- findings ------------------------------------------------------------------------------- */

static envres_status
report(struct verify *v, const char *message, envres_error *err)
{
    buf_add_char(&v->object, '\0');
    envres_status st = buf_status(&v->object, err);
    if (st == ENVRES_OK)
        v->finding(v->user, envres_status_name(ENVRES_E_INTEGRITY), v->object.data, message);
    return st;
}

static void
name_version(struct verify *v, const char *prefix, const struct app *app,
             const struct version *version)
{
    v->object.len = 0;
    buf_add_str(&v->object, prefix);
    buf_add_str(&v->object, app->name);
    buf_add_char(&v->object, '/');
    buf_add_str(&v->object, version->name);
}

static envres_status
report_version(struct verify *v, const struct app *app, const struct version *version,
               const char *message, envres_error *err)
{
    name_version(v, "version/", app, version);
    return report(v, message, err);
}

static envres_status
report_digest(struct verify *v, const char *prefix, const uint8_t *digest, const char *message,
              envres_error *err)
{
    char hex[2 * SEAL_DIGEST + 1];
    text_hex(hex, digest, SEAL_DIGEST);
    v->object.len = 0;
    buf_add_str(&v->object, prefix);
    buf_add_str(&v->object, hex);
    return report(v, message, err);
}

static envres_status
report_part(struct verify *v, const struct digest_item *item, const char *message,
            envres_error *err)
{
    v->object.len = 0;
    buf_add(&v->object, item->where.data, item->where.len);
    return report(v, message, err);
}

/* ---- what versions need --------------------------------------------------------------------- */

static envres_status
need_part(struct verify *v, const struct app *app, const struct version *version,
          const uint8_t *part, struct slice path, envres_error *err)
{
    struct digest_item *item = NULL;
    bool fresh = false;
    envres_status st = digest_set_add(&v->parts, part, &item, &fresh, err);
    if (st < 0 || !fresh)
        return st;
    name_version(v, "part/", app, version);
    buf_add_char(&v->object, '/');
    buf_add(&v->object, path.data, path.len);
    st = buf_status(&v->object, err);
    if (st == ENVRES_OK)
        item->where = pool_copy(&v->parts.pool, slice_of(v->object.data, v->object.len));
    return st == ENVRES_OK && !item->where.data ? err_code(err, ENVRES_E_NOMEM) : st;
}

static envres_status
need_tree(struct verify *v, const struct app *app, const struct version *version,
          const struct tree *tree, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < tree->count; i++)
        st = need_part(v, app, version, tree->entries[i].part, tree->entries[i].path, err);
    return st;
}

static envres_status
need_edits(struct verify *v, const struct app *app, const struct version *version,
           envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(v->ctx->db, verify_sql[SQL_NEEDED], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, version->id, SEAL_ID);
    while (st == ENVRES_OK) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            return st;
        struct slice part = db_column_blob(stmt, 1);
        if (part.len == SEAL_DIGEST)
            st = need_part(v, app, version, (const uint8_t *)part.data, db_column_text(stmt, 0),
                           err);
    }
    db_reset(stmt);
    return st;
}

/* ---- versions ------------------------------------------------------------------------------- */

/* A statement that gives a row for the first edit at fault. */
static envres_status
ask_edit(struct verify *v, const char *sql, const struct version *version, bool with_workspace,
         bool *found, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(v->ctx->db, sql, &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, version->id, SEAL_ID);
    if (with_workspace)
        db_bind_blob(stmt, 2, v->ctx->workspace, SEAL_ID);
    st = db_step(stmt, &row, err);
    db_reset(stmt);
    *found = row == DB_ROW;
    return st;
}

static envres_status
count_edits(struct verify *v, const struct version *version, bool *good, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(v->ctx->db, verify_sql[SQL_EDITS], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, version->id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW)
        *good = db_column_int(stmt, 0) == version->edits &&
                db_column_int(stmt, 1) == version->edits &&
                db_column_int(stmt, 2) == version->edits;
    db_reset(stmt);
    return st;
}

static envres_status
verify_edits(struct verify *v, const struct app *app, const struct version *version,
             envres_error *err)
{
    bool good = true;
    bool bad_size = false;
    bool bad_order = false;
    envres_status st = count_edits(v, version, &good, err);
    if (st == ENVRES_OK && !good)
        st = report_version(v, app, version, "edits are missing, or there are too many", err);
    if (st == ENVRES_OK)
        st = ask_edit(v, verify_sql[SQL_SIZES], version, true, &bad_size, err);
    if (st == ENVRES_OK && bad_size)
        st = report_version(v, app, version, "an edit has another size than its part", err);
    if (st == ENVRES_OK)
        st = ask_edit(v, verify_sql[SQL_ORDER], version, false, &bad_order, err);
    if (st == ENVRES_OK && !bad_order)
        st = ask_edit(v, verify_sql[SQL_PIN_ORDER], version, false, &bad_order, err);
    if (st == ENVRES_OK && bad_order)
        st = report_version(v, app, version, "an edit was replaced by none of its path", err);
    return st == ENVRES_OK ? need_edits(v, app, version, err) : st;
}

static envres_status
verify_counts(struct verify *v, const struct app *app, const struct version *version,
              const struct tree *tree, envres_error *err)
{
    if (version->parts == (int64_t)tree->count && version->bytes == tree->bytes &&
        version->pins == (int64_t)tree->pin_count)
        return ENVRES_OK;
    return report_version(v, app, version, "its parts are not as many, or as large, as it says",
                          err);
}

/* What its edits cannot say: the revisions that were recorded when it was frozen. */
static envres_status
take_recorded(struct verify *v, const struct version *version, struct tree *tree, envres_error *err)
{
    struct tree frozen = { .mem = v->ctx->mem };
    if (version->stored == STORED_DRAFT || tree->pin_count == 0)
        return ENVRES_OK;
    envres_status st = content_tree(v->ctx, version->content, &frozen, err);
    if (st == ENVRES_OK)
        tree_take_revisions(tree, &frozen);
    tree_free(&frozen);
    return st == ENVRES_E_INTEGRITY ? ENVRES_OK : st; /* told as that of the frozen tree */
}

/* Whether the revision is there, and is the one that was recorded. A pin of a draft that follows
 * has none yet. That a row is the one that was signed query_verify() looks at. */
static envres_status
verify_pin(struct verify *v, const struct app *app, const struct version *version,
           const struct tree_pin *pin, envres_error *err)
{
    char name[LIMIT_NAME + 1] = "";
    uint8_t digest[SEAL_DIGEST] = { 0 };
    bool is_recorded = version->stored != STORED_DRAFT;
    bool there = false;
    bool is_removed = false;
    bool found = false;
    envres_status st = query_label(v->ctx, pin->query, &there, name, &is_removed, err);
    if (st == ENVRES_E_CORRUPT)
        st = ENVRES_OK;
    if (st == ENVRES_OK && !there)
        return report_version(v, app, version, "a query that it uses is not in the store", err);
    if (st < 0 || (!is_recorded && pin->revision == 0))
        return st;
    st = query_digest(v->ctx, pin->query, pin->revision, &found, digest, err);
    if (st < 0)
        return st;
    if (is_recorded &&
        (!tree_pin_recorded(pin) || (found && memcmp(digest, pin->digest, SEAL_DIGEST) != 0)))
        return report_version(v, app, version, "a query that it uses is not as it was recorded",
                              err);
    if (!found)
        return report_version(v, app, version,
                              "a revision of a query that it uses is not in the store", err);
    return ENVRES_OK;
}

static envres_status
verify_pins(struct verify *v, const struct app *app, const struct version *version,
            const struct tree *tree, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; v->with_queries && st == ENVRES_OK && i < tree->pin_count; i++)
        st = verify_pin(v, app, version, &tree->pins[i], err);
    return st;
}

/* What base and edits make. A draft has no other content. */
static envres_status
verify_composed(struct verify *v, const struct app *app, const struct version *version,
                envres_error *err)
{
    struct tree tree = { .mem = v->ctx->mem };
    uint8_t digest[SEAL_DIGEST];
    envres_status st = content_compose(v->ctx, version, -1, &tree, err);
    if (st == ENVRES_E_INTEGRITY)
        return report_version(v, app, version, "what it began from, or an edit, is damaged", err);
    if (st == ENVRES_OK)
        st = take_recorded(v, version, &tree, err);
    if (st == ENVRES_OK)
        st = tree_digest(&tree, digest, err);
    if (st == ENVRES_OK && memcmp(digest, version->content, SEAL_DIGEST) != 0)
        st = report_version(v, app, version, "its content is not what its edits make", err);
    else if (st == ENVRES_OK && version->stored == STORED_DRAFT)
        st = verify_counts(v, app, version, &tree, err);
    if (st == ENVRES_OK && version->stored == STORED_DRAFT)
        st = verify_pins(v, app, version, &tree, err);
    if (st == ENVRES_OK)
        st = need_tree(v, app, version, &tree, err);
    tree_free(&tree);
    return st;
}

static envres_status
verify_frozen(struct verify *v, const struct app *app, const struct version *version,
              envres_error *err)
{
    struct tree tree = { .mem = v->ctx->mem };
    envres_status st = content_tree(v->ctx, version->content, &tree, err);
    if (st == ENVRES_E_INTEGRITY)
        st = report_version(v, app, version, "its list of parts is missing or damaged", err);
    else if (st == ENVRES_OK)
        st = verify_counts(v, app, version, &tree, err);
    if (st == ENVRES_OK)
        st = verify_pins(v, app, version, &tree, err);
    if (st == ENVRES_OK)
        st = need_tree(v, app, version, &tree, err);
    if (st == ENVRES_OK)
        st = digest_set_add(&v->trees, version->content, NULL, NULL, err);
    tree_free(&tree);
    return st;
}

/* Of a discarded version nothing is needed any more. */
static envres_status
verify_version(struct verify *v, const struct app *app, const struct version *version,
               envres_error *err)
{
    envres_status st = ENVRES_OK;
    if (version->stored == STORED_DISCARDED)
        return ENVRES_OK;
    if (version->stored != STORED_DRAFT)
        st = verify_frozen(v, app, version, err);
    if (st == ENVRES_OK)
        st = verify_composed(v, app, version, err);
    if (st == ENVRES_OK)
        st = verify_edits(v, app, version, err);
    if (st == ENVRES_OK && version->has_base)
        st = digest_set_add(&v->trees, version->base, NULL, NULL, err);
    return st;
}

/* By number, one at a time: an app may have more than would fit into memory. */
static envres_status
verify_app(struct verify *v, const struct app *app, envres_error *err)
{
    envres_status st = ENVRES_OK;
    int64_t number = 0;
    while (st == ENVRES_OK) {
        struct version version = { 0 };
        struct db_stmt *stmt = NULL;
        int row = DB_DONE;
        st = db_use(v->ctx->db, verify_sql[SQL_NEXT], &stmt, err);
        if (st < 0)
            break;
        db_bind_blob(stmt, 1, app->id, SEAL_ID);
        db_bind_int(stmt, 2, number);
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        number = db_column_int(stmt, 0);
        db_reset(stmt);
        st = version_by_number(v->ctx, app, number, &version, err);
        if (st == ENVRES_OK)
            st = verify_version(v, app, &version, err);
    }
    return st;
}

/* Rows that cannot be read as versions are a finding of version_verify(). */
static envres_status
verify_versions(struct verify *v, envres_error *err)
{
    struct app *apps = NULL;
    size_t count = 0;
    envres_status st = app_all(v->ctx, &apps, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        st = verify_app(v, &apps[i], err);
        if (st == ENVRES_E_CORRUPT)
            st = ENVRES_OK;
    }
    mem_free(v->ctx->mem, apps);
    return st;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Trees of versions were read with them; these are those that gc would free. */
static envres_status
verify_tree_row(struct verify *v, struct slice digest, struct slice body, envres_error *err)
{
    struct tree tree = { .mem = v->ctx->mem };
    uint8_t computed[SEAL_DIGEST];
    if (digest_set_find(&v->trees, (const uint8_t *)digest.data))
        return ENVRES_OK;
    seal_digest(computed, "envres1/tree", body.data, body.len);
    envres_status st = ENVRES_E_INTEGRITY;
    if (memcmp(computed, digest.data, SEAL_DIGEST) == 0)
        st = tree_decode(v->ctx->mem, body, &tree, err);
    tree_free(&tree);
    if (st != ENVRES_E_INTEGRITY)
        return st;
    return report_digest(v, "tree/", (const uint8_t *)digest.data,
                         "a list of parts is not the one that was written", err);
}

static envres_status
verify_part_row(struct verify *v, struct slice digest, struct slice body, envres_error *err)
{
    static const char message[] = "its bytes are not those that were written";
    uint8_t computed[SEAL_DIGEST];
    struct digest_item *item = digest_set_find(&v->parts, (const uint8_t *)digest.data);
    if (item)
        item->seen = true;
    part_digest(computed, body.data, body.len);
    if (memcmp(computed, digest.data, SEAL_DIGEST) == 0)
        return ENVRES_OK;
    return item ? report_part(v, item, message, err)
                : report_digest(v, "part/", (const uint8_t *)digest.data, message, err);
}

static envres_status
verify_rows(struct verify *v, const char *sql,
            envres_status (*check)(struct verify *v, struct slice digest, struct slice body,
                                   envres_error *err),
            envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(v->ctx->db, sql, &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, v->ctx->workspace, SEAL_ID);
    while (st == ENVRES_OK) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            return st;
        struct slice digest = db_column_blob(stmt, 0);
        if (digest.len == SEAL_DIGEST)
            st = check(v, digest, db_column_blob(stmt, 1), err);
        else
            v->finding(v->user, envres_status_name(ENVRES_E_CORRUPT), "part",
                       "a digest does not have 32 bytes");
    }
    db_reset(stmt);
    return st;
}

static envres_status
verify_missing(struct verify *v, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < v->parts.room; i++) {
        const struct digest_item *item = &v->parts.items[i];
        if (item->used && !item->seen)
            st = report_part(v, item, "its bytes are missing", err);
    }
    return st;
}

envres_status
content_verify(struct context *ctx, db_finding_fn finding, void *user, envres_error *err)
{
    struct verify v = { .ctx = ctx, .finding = finding, .user = user, .with_queries = true };
    digest_set_init(&v.parts, ctx->mem);
    digest_set_init(&v.trees, ctx->mem);
    buf_init(&v.object, ctx->mem, false);
    envres_status st = verify_versions(&v, err);
    if (st == ENVRES_OK)
        st = verify_rows(&v, verify_sql[SQL_TREES], verify_tree_row, err);
    if (st == ENVRES_OK)
        st = verify_rows(&v, verify_sql[SQL_PARTS], verify_part_row, err);
    if (st == ENVRES_OK)
        st = verify_missing(&v, err);
    buf_free(&v.object);
    digest_set_free(&v.trees);
    digest_set_free(&v.parts);
    return st;
}

envres_status
content_verify_one(struct context *ctx, const struct app *app, const struct version *version,
                   db_finding_fn finding, void *user, envres_error *err)
{
    struct verify v = { .ctx = ctx, .finding = finding, .user = user };
    digest_set_init(&v.parts, ctx->mem);
    digest_set_init(&v.trees, ctx->mem);
    buf_init(&v.object, ctx->mem, false);
    envres_status st = verify_version(&v, app, version, err);
    buf_free(&v.object);
    digest_set_free(&v.trees);
    digest_set_free(&v.parts);
    return st;
}
