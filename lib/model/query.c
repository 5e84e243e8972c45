/* SPDX-License-Identifier: MIT */
/*
 * The query library as it is kept. A query is a name; what it is stands in its revisions, which are
 * only ever added. Each is signed by who made it:
 *
 *   digest    = BLAKE2b(personal envres1/query, CE(format u8, workspace, query, revision u64,
 *               resource, restored u64, author, signer, time u64, name, body))
 *   signature = Ed25519 over it, type "query"
 *
 * Invariants: nothing of a revision is given out before its signature was checked. What the file
 * lacks at its end a signature cannot tell; the audit has an entry for each revision.
 */
#include "model/query.h"

#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "model/pin.h"

enum { SIGNED_FORMAT = 1 };

enum {
    SQL_ONE,
    SQL_BY_ID,
    SQL_LABEL,
    SQL_NEWEST,
    SQL_HISTORY,
    SQL_ALL,
    SQL_NAMES,
    SQL_FIND,
    SQL_INSERT,
    SQL_ADD,
    SQL_REMOVE,
    SQL_OF_RESOURCE,
    SQL_VERIFY,
    SQL_EMPTY,
    SQL_ROWS,
    SQL_COUNT_
};

static const char *const query_sql[SQL_COUNT_] = {
    [SQL_ONE] = "SELECT query.id, query.name, revision, resource_id, body, restored, author, time,"
                " signer, signature, sign_key FROM query JOIN query_revision ON query_id = query.id"
                " LEFT JOIN principal ON principal.id = signer AND principal.workspace_id = ?1"
                " WHERE query.workspace_id = ?1 AND query.removed_at IS NULL AND query.name = ?2"
                " AND revision = ?3",
    [SQL_BY_ID] = "SELECT query.id, query.name, revision, resource_id, body, restored, author,"
                  " time, signer, signature, sign_key FROM query JOIN query_revision"
                  " ON query_id = query.id"
                  " LEFT JOIN principal ON principal.id = signer AND principal.workspace_id = ?1"
                  " WHERE query.workspace_id = ?1 AND query.id = ?2 AND revision = ?3",
    [SQL_LABEL] = "SELECT name, removed_at IS NOT NULL FROM query"
                  " WHERE workspace_id = ?1 AND id = ?2",
    [SQL_NEWEST] = "SELECT max(revision) FROM query_revision WHERE query_id = ?1",
    [SQL_HISTORY] =
        "SELECT query.id, query.name, revision, resource_id, body, restored, author, time,"
        " signer, signature, sign_key FROM query JOIN query_revision ON query_id = query.id"
        " LEFT JOIN principal ON principal.id = signer AND principal.workspace_id = ?1"
        " WHERE query.workspace_id = ?1 AND query.removed_at IS NULL AND query.name = ?2"
        " ORDER BY revision DESC",
    [SQL_ALL] = "SELECT query.id, query.name, revision, resource_id, body, restored, author, time,"
                " signer, signature, sign_key FROM query JOIN query_revision ON query_id = query.id"
                " LEFT JOIN principal ON principal.id = signer AND principal.workspace_id = ?1"
                " WHERE query.workspace_id = ?1 AND query.removed_at IS NULL AND revision ="
                " (SELECT max(revision) FROM query_revision WHERE query_id = query.id)"
                " ORDER BY query.name",
    [SQL_NAMES] = "SELECT name FROM query WHERE workspace_id = ?1 AND removed_at IS NULL"
                  " ORDER BY name",
    [SQL_FIND] = "SELECT id FROM query WHERE workspace_id = ?1 AND name = ?2"
                 " AND removed_at IS NULL",
    [SQL_INSERT] = "INSERT INTO query (id, workspace_id, name, created_at) VALUES (?1, ?2, ?3, ?4)",
    [SQL_ADD] = "INSERT INTO query_revision (query_id, revision, resource_id, body, restored,"
                " author, time, signer, signature) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [SQL_REMOVE] = "UPDATE query SET removed_at = ?2 WHERE id = ?1",
    [SQL_OF_RESOURCE] = "SELECT name FROM query JOIN query_revision ON query_id = query.id"
                        " WHERE workspace_id = ?1 AND removed_at IS NULL AND resource_id = ?2"
                        " AND revision ="
                        " (SELECT max(revision) FROM query_revision WHERE query_id = query.id)"
                        " ORDER BY name LIMIT 1",
    [SQL_VERIFY] =
        "SELECT query.id, query.name, revision, resource_id, body, restored, author, time,"
        " signer, signature, sign_key FROM query JOIN query_revision ON query_id = query.id"
        " LEFT JOIN principal ON principal.id = signer AND principal.workspace_id = ?1"
        " WHERE query.workspace_id = ?1 ORDER BY query.id, revision",
    [SQL_EMPTY] = "SELECT name FROM query WHERE workspace_id = ?1 AND removed_at IS NULL"
                  " AND NOT EXISTS (SELECT 1 FROM query_revision WHERE query_id = query.id)",
    [SQL_ROWS] = "SELECT count(*) FROM query NOT INDEXED WHERE workspace_id = ?1"
                 " AND removed_at IS NULL",
};

/* ---- rows ----------------------------------------------------------------------------------- */

void
query_row_free(const struct mem *mem, struct query_row *row)
{
    query_form_free(mem, &row->form);
    buf_free(&row->body);
}

static void
begin_row(const struct mem *mem, struct query_row *row)
{
    memset(row, 0, sizeof(*row));
    buf_init(&row->body, mem, false);
}

static envres_status
write_digest(const struct context *ctx, struct query_row *row, envres_error *err)
{
    struct buf ce = { .mem = NULL };
    buf_init(&ce, ctx->mem, false);
    buf_add_char(&ce, SIGNED_FORMAT);
    buf_add(&ce, ctx->workspace, SEAL_ID);
    buf_add(&ce, row->id, SEAL_ID);
    buf_add_u64(&ce, (uint64_t)row->revision);
    buf_add(&ce, row->resource.id, SEAL_ID);
    buf_add_u64(&ce, (uint64_t)row->restored);
    buf_add(&ce, row->author, SEAL_ID);
    buf_add(&ce, row->signer, SEAL_ID);
    buf_add_u64(&ce, (uint64_t)row->time);
    buf_add_text(&ce, row->name, strlen(row->name));
    buf_add_text(&ce, row->body.data, row->body.len);
    envres_status st = buf_status(&ce, err);
    if (st == ENVRES_OK)
        seal_digest(row->digest, "envres1/query", ce.data, ce.len);
    buf_free(&ce);
    return st;
}

static envres_status
refuse_row(const struct query_row *row, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_INTEGRITY,
                               "revision %lld of query '%s' is not the one that was signed",
                               (long long)row->revision, row->name);
    err_subject(err, row->name, strlen(row->name));
    err_hint(err, "run verify, then put a backup in its place, or put the query anew");
    return st;
}

/* Copies a row with the digest that it makes. Free it, also on failure. */
static envres_status
copy_row(struct context *ctx, struct db_stmt *stmt, struct query_row *out, envres_error *err)
{
    struct slice body = db_column_blob(stmt, 4);
    begin_row(ctx->mem, out);
    out->revision = db_column_int(stmt, 2);
    out->restored = db_column_int(stmt, 5);
    out->time = db_column_int(stmt, 7);
    buf_add(&out->body, body.data, body.len);
    envres_status st = buf_status(&out->body, err);
    if (st == ENVRES_OK)
        st = column_id(stmt, 0, out->id, err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 1, out->name, sizeof(out->name), err);
    if (st == ENVRES_OK)
        st = column_id(stmt, 3, out->resource.id, err);
    if (st == ENVRES_OK)
        st = column_id(stmt, 6, out->author, err);
    if (st == ENVRES_OK)
        st = column_id(stmt, 8, out->signer, err);
    if (st == ENVRES_OK)
        st = column_bytes(stmt, 9, out->signature, SIGNATURE_SIZE, NULL, err);
    return st == ENVRES_OK ? write_digest(ctx, out, err) : st;
}

/* The same, and checks that it is as it was signed. */
static envres_status
read_row(struct context *ctx, struct db_stmt *stmt, struct query_row *out, envres_error *err)
{
    uint8_t key[32] = { 0 };
    bool has_key = false;
    envres_status st = copy_row(ctx, stmt, out, err);
    if (st == ENVRES_OK)
        st = column_bytes(stmt, 10, key, sizeof(key), &has_key, err);
    if (st == ENVRES_OK &&
        (!has_key || !identity_verify(key, "query", out->digest, SEAL_DIGEST, out->signature)))
        st = refuse_row(out, err);
    return st;
}

/* What is read by other statements: the resource and the form. */
static envres_status
finish_row(struct context *ctx, struct query_row *row, envres_error *err)
{
    uint8_t id[SEAL_ID];
    bool found = false;
    memcpy(id, row->resource.id, SEAL_ID);
    envres_status st = object_by_id(ctx, id, &found, &row->resource, err);
    if (st == ENVRES_OK && (!found || row->resource.object_class != OBJECT_RESOURCE))
        st = err_set(err, ENVRES_E_CORRUPT, "the resource of query '%s' is not in the store",
                     row->name);
    if (st == ENVRES_OK)
        st = query_form_decode(ctx->mem, slice_of(row->body.data, row->body.len), &row->form, err);
    return st;
}

static envres_status
not_found(struct context *ctx, struct slice name, envres_error *err)
{
    struct nearest nearest = { 0 };
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    char one[LIMIT_NAME + 1] = "";
    char best[LIMIT_NAME + 1] = "";
    nearest_init(&nearest, name);
    envres_status st = db_use(ctx->db, query_sql[SQL_NAMES], &stmt, NULL);
    if (st == ENVRES_OK)
        db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    for (uint32_t seen = 0; st == ENVRES_OK && seen < LIMIT_CANDIDATES; seen++) {
        st = db_step(stmt, &row, NULL);
        if (st < 0 || row == DB_DONE)
            break;
        if (column_name(stmt, 0, one, sizeof(one), NULL) < 0)
            continue;
        nearest_add(&nearest, slice_str(one));
        if (nearest.best.data == one) {
            memcpy(best, one, sizeof(best));
            nearest.best.data = best;
        }
    }
    if (stmt)
        db_reset(stmt);
    st = err_set(err, ENVRES_E_NOT_FOUND, "there is no query '%.*s'",
                 (int)(name.len > LIMIT_NAME ? LIMIT_NAME : name.len), name.data);
    err_subject(err, name.data, name.len);
    if (best[0])
        err_hint(err, "did you mean '%s'?", best);
    return st;
}

static envres_status
find_id(struct context *ctx, struct slice name, bool *found, uint8_t id[SEAL_ID], envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    envres_status st = db_use(ctx->db, query_sql[SQL_FIND], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 2, name.data, name.len);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = column_id(stmt, 0, id, err);
    *found = st == ENVRES_OK;
    db_reset(stmt);
    return st;
}

static envres_status
need_id(struct context *ctx, struct slice name, uint8_t id[SEAL_ID], envres_error *err)
{
    bool found = false;
    envres_status st = find_id(ctx, name, &found, id, err);
    return st == ENVRES_OK && !found ? not_found(ctx, name, err) : st;
}

envres_status
query_newest(struct context *ctx, const uint8_t id[SEAL_ID], int64_t *out, envres_error *err)
{
    return context_number(ctx, query_sql[SQL_NEWEST], id, out, err);
}

envres_status
query_label(struct context *ctx, const uint8_t id[SEAL_ID], bool *found, char name[LIMIT_NAME + 1],
            bool *is_removed, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    envres_status st = db_use(ctx->db, query_sql[SQL_LABEL], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_blob(stmt, 2, id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = column_name(stmt, 0, name, LIMIT_NAME + 1, err);
    *is_removed = db_column_int(stmt, 1) != 0;
    *found = st == ENVRES_OK;
    db_reset(stmt);
    return st;
}

static envres_status
refuse_missing(struct context *ctx, const uint8_t id[SEAL_ID], int64_t revision, envres_error *err)
{
    char name[LIMIT_NAME + 1] = "";
    bool found = false;
    bool is_removed = false;
    envres_status st = query_label(ctx, id, &found, name, &is_removed, NULL);
    if (st == ENVRES_OK && found) {
        st = err_set(err, ENVRES_E_INTEGRITY, "revision %lld of query '%s' is missing",
                     (long long)revision, name);
        err_subject(err, name, strlen(name));
    } else {
        st = err_set(err, ENVRES_E_INTEGRITY, "a query that is used is missing");
    }
    err_hint(err, "run verify, then put a backup in its place");
    return st;
}

/* Steps to one revision; who gets DB_ROW resets. */
static envres_status
seek_by_id(struct context *ctx, const uint8_t id[SEAL_ID], int64_t revision, struct db_stmt **out,
           int *row, envres_error *err)
{
    envres_status st = db_use(ctx->db, query_sql[SQL_BY_ID], out, err);
    if (st < 0)
        return st;
    db_bind_blob(*out, 1, ctx->workspace, SEAL_ID);
    db_bind_blob(*out, 2, id, SEAL_ID);
    db_bind_int(*out, 3, revision);
    return db_step(*out, row, err);
}

envres_status
query_by_id(struct context *ctx, const uint8_t id[SEAL_ID], int64_t revision, struct query_row *out,
            envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    begin_row(ctx->mem, out);
    envres_status st = seek_by_id(ctx, id, revision, &stmt, &row, err);
    if (st < 0)
        return st;
    if (row == DB_DONE)
        return refuse_missing(ctx, id, revision, err);
    st = read_row(ctx, stmt, out, err);
    db_reset(stmt);
    if (st == ENVRES_OK)
        st = finish_row(ctx, out, err);
    /* A row out of form is one that nobody signed. */
    return st == ENVRES_E_CORRUPT ? refuse_row(out, err) : st;
}

envres_status
query_digest(struct context *ctx, const uint8_t id[SEAL_ID], int64_t revision, bool *found,
             uint8_t digest[SEAL_DIGEST], envres_error *err)
{
    struct query_row row;
    struct db_stmt *stmt = NULL;
    int step = DB_DONE;
    *found = false;
    envres_status st = seek_by_id(ctx, id, revision, &stmt, &step, err);
    if (st < 0 || step == DB_DONE)
        return st;
    st = copy_row(ctx, stmt, &row, err);
    db_reset(stmt);
    *found = st == ENVRES_OK;
    memcpy(digest, row.digest, SEAL_DIGEST);
    query_row_free(ctx->mem, &row);
    return st == ENVRES_E_CORRUPT ? ENVRES_OK : st;
}

/* Inside a transaction. Free the row, also on failure. */
envres_status
query_revision(struct context *ctx, struct slice name, int64_t revision, struct query_row *out,
               envres_error *err)
{
    uint8_t id[SEAL_ID] = { 0 };
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    begin_row(ctx->mem, out);
    envres_status st = need_id(ctx, name, id, err);
    if (st == ENVRES_OK && revision == 0)
        st = context_number(ctx, query_sql[SQL_NEWEST], id, &revision, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, query_sql[SQL_ONE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 2, name.data, name.len);
    db_bind_int(stmt, 3, revision);
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    if (row == DB_DONE) {
        st = err_set(err, ENVRES_E_NOT_FOUND, "query '%.*s' has no revision %lld", (int)name.len,
                     name.data, (long long)revision);
        err_subject(err, name.data, name.len);
        return st;
    }
    st = read_row(ctx, stmt, out, err);
    db_reset(stmt);
    return st == ENVRES_OK ? finish_row(ctx, out, err) : st;
}

envres_status
query_read(struct context *ctx, struct slice name, int64_t revision, struct query_row *out,
           envres_error *err)
{
    begin_row(ctx->mem, out);
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    st = right_anywhere(ctx, ACTION_LIST, err);
    if (st == ENVRES_OK)
        st = query_revision(ctx, name, revision, out, err);
    st = db_end(ctx->db, st, NULL, err);
    if (st < 0) {
        query_row_free(ctx->mem, out);
        begin_row(ctx->mem, out);
    }
    return st;
}

/* ---- writing -------------------------------------------------------------------------------- */

static envres_status
insert_query(struct change *change, struct slice name, const uint8_t id[SEAL_ID], envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(change->ctx->db, query_sql[SQL_INSERT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    db_bind_blob(stmt, 2, change->ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 3, name.data, name.len);
    db_bind_int(stmt, 4, change->now);
    return db_run(stmt, err);
}

/* Signs and adds the revision behind `newest`; the row has id, name, resource, body, restored. */
static envres_status
add_revision(struct change *change, struct query_row *row, int64_t newest, envres_error *err)
{
    struct context *ctx = change->ctx;
    struct db_stmt *stmt = NULL;
    if (newest >= LIMIT_QUERY_REVISIONS)
        return err_set(err, ENVRES_E_LIMIT, "a query has at most %d revisions",
                       (int)LIMIT_QUERY_REVISIONS);
    row->revision = newest + 1;
    row->time = change->now;
    memcpy(row->author, context_who(ctx), SEAL_ID);
    memcpy(row->signer, ctx->actor->id, SEAL_ID);
    envres_status st = write_digest(ctx, row, err);
    if (st == ENVRES_OK)
        st = identity_sign(ctx->actor, "query", row->digest, SEAL_DIGEST, row->signature, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, query_sql[SQL_ADD], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, row->id, SEAL_ID);
    db_bind_int(stmt, 2, row->revision);
    db_bind_blob(stmt, 3, row->resource.id, SEAL_ID);
    db_bind_blob(stmt, 4, row->body.data, row->body.len);
    db_bind_int(stmt, 5, row->restored);
    db_bind_blob(stmt, 6, row->author, SEAL_ID);
    db_bind_int(stmt, 7, row->time);
    db_bind_blob(stmt, 8, row->signer, SEAL_ID);
    db_bind_blob(stmt, 9, row->signature, SIGNATURE_SIZE);
    st = db_run(stmt, err);
    if (st == ENVRES_OK)
        change->revision = row->revision;
    return st;
}

struct put_request {
    struct slice name;
    struct slice resource;
    const struct query_form *form;
    int64_t expect;
};

static envres_status
check_expected(const struct put_request *request, int64_t newest, envres_error *err)
{
    if (request->expect == 0 || request->expect == (newest ? newest : -1))
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_CHANGED, "query '%.*s' was changed meanwhile",
                               (int)request->name.len, request->name.data);
    err_subject(err, request->name.data, request->name.len);
    err_hint(err, "read it again and decide anew");
    return st;
}

/* Whether the newest revision is this one already. A damaged one is not: it is what is mended. */
static envres_status
is_same(struct context *ctx, const struct query_row *row, int64_t newest, bool *same,
        envres_error *err)
{
    struct query_row now;
    *same = false;
    if (newest == 0)
        return ENVRES_OK;
    envres_status st = query_revision(ctx, slice_str(row->name), newest, &now, err);
    if (st == ENVRES_OK)
        *same = memcmp(now.resource.id, row->resource.id, SEAL_ID) == 0 &&
                slice_equal(slice_of(now.body.data, now.body.len),
                            slice_of(row->body.data, row->body.len));
    query_row_free(ctx->mem, &now);
    return st == ENVRES_E_INTEGRITY ? ENVRES_OK : st;
}

static envres_status
put_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct put_request *request = asked;
    struct context *ctx = change->ctx;
    struct query_templates templates = { { NULL } };
    struct query_row row;
    bool found = false;
    bool same = false;
    int64_t newest = 0;
    begin_row(ctx->mem, &row);
    memcpy(row.name, request->name.data, request->name.len);
    query_form_encode(request->form, &row.body);
    envres_status st = change_builds(change, err);
    if (st == ENVRES_OK)
        st = buf_status(&row.body, err);
    if (st == ENVRES_OK)
        st = object_need(ctx, OBJECT_RESOURCE, request->resource, &row.resource, err);
    if (st == ENVRES_OK)
        st = query_compile(ctx->mem, request->form, slice_str(row.resource.kind), &templates, err);
    query_templates_free(&templates);
    if (st == ENVRES_OK)
        st = find_id(ctx, request->name, &found, row.id, err);
    if (st == ENVRES_OK && found)
        st = context_number(ctx, query_sql[SQL_NEWEST], row.id, &newest, err);
    if (st == ENVRES_OK)
        st = check_expected(request, newest, err);
    if (st == ENVRES_OK)
        st = is_same(ctx, &row, newest, &same, err);
    if (st == ENVRES_OK && same) {
        change->nothing = true;
        change->revision = newest;
    } else if (st == ENVRES_OK) {
        if (!found) {
            seal_random(row.id, SEAL_ID);
            st = insert_query(change, request->name, row.id, err);
        }
        if (st == ENVRES_OK)
            st = add_revision(change, &row, newest, err);
    }
    query_row_free(ctx->mem, &row);
    return st;
}

envres_status
query_put(struct context *ctx, const envres_query_write *given, const envres_change *options,
          int64_t *revision, envres_error *err)
{
    envres_query_write write = { 0 };
    struct query_form form = { .count = 0 };
    struct put_request request = { .form = &form };
    envres_status st = opts_read(&write, sizeof(write), sizeof(write), given, err);
    if (st == ENVRES_OK && write.flags)
        st = err_set(err, ENVRES_E_INVALID, "the query has an unknown flag");
    if (st == ENVRES_OK && write.expect_revision < -1)
        st = err_set(err, ENVRES_E_INVALID, "the revision that is expected is below -1");
    if (st == ENVRES_OK)
        st = text_argument(write.name, write.name_len, SIZE_MAX, "the query's name", &request.name,
                           err);
    if (st == ENVRES_OK)
        st = text_check_name(request.name, "query name", err);
    if (st == ENVRES_OK)
        st = text_argument(write.resource, write.resource_len, SIZE_MAX, "the resource",
                           &request.resource, err);
    if (st == ENVRES_OK)
        st = query_form_read(ctx->mem, &write, &form, err);
    if (st < 0)
        return st;
    request.expect = write.expect_revision;
    struct change_title title = { "query.put", "query/", request.name, NULL };
    st = change_run(ctx, options, &title, put_inside, &request, revision, err);
    query_form_free(ctx->mem, &form);
    return st;
}

struct restore_request {
    struct slice name;
    int64_t revision;
};

static envres_status
restore_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct restore_request *request = asked;
    struct context *ctx = change->ctx;
    struct query_templates templates = { { NULL } };
    struct query_row row;
    int64_t newest = 0;
    begin_row(ctx->mem, &row);
    envres_status st = change_builds(change, err);
    if (st == ENVRES_OK)
        st = query_revision(ctx, request->name, request->revision, &row, err);
    if (st == ENVRES_OK && row.resource.is_removed) {
        st = err_set(err, ENVRES_E_NOT_FOUND, "the resource '%s' was removed", row.resource.name);
        err_subject(err, row.resource.name, strlen(row.resource.name));
    }
    if (st == ENVRES_OK)
        st = query_compile(ctx->mem, &row.form, slice_str(row.resource.kind), &templates, err);
    query_templates_free(&templates);
    if (st == ENVRES_OK)
        st = context_number(ctx, query_sql[SQL_NEWEST], row.id, &newest, err);
    if (st == ENVRES_OK && row.revision == newest) {
        change->nothing = true;
        change->revision = newest;
    } else if (st == ENVRES_OK) {
        row.restored = row.revision;
        st = add_revision(change, &row, newest, err);
    }
    query_row_free(ctx->mem, &row);
    return st;
}

envres_status
query_restore(struct context *ctx, struct slice name, int64_t revision,
              const envres_change *options, int64_t *made, envres_error *err)
{
    struct restore_request request = { name, revision };
    struct change_title title = { "query.restore", "query/", name, NULL };
    envres_status st = text_check_name(name, "query name", err);
    return st < 0 ? st : change_run(ctx, options, &title, restore_inside, &request, made, err);
}

static envres_status
remove_inside(struct change *change, const void *asked, envres_error *err)
{
    struct slice name = *(const struct slice *)asked;
    uint8_t id[SEAL_ID] = { 0 };
    struct db_stmt *stmt = NULL;
    envres_status st = change_builds(change, err);
    if (st == ENVRES_OK)
        st = need_id(change->ctx, name, id, err);
    if (st == ENVRES_OK && !change->force)
        st = pins_check_query(change->ctx, id, name, err);
    if (st == ENVRES_OK)
        st = db_use(change->ctx->db, query_sql[SQL_REMOVE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    db_bind_int(stmt, 2, change->now);
    return db_run(stmt, err);
}

envres_status
query_remove(struct context *ctx, struct slice name, const envres_change *options,
             envres_error *err)
{
    struct change_title title = { "query.remove", "query/", name, NULL };
    envres_status st = text_check_name(name, "query name", err);
    return st < 0 ? st : change_run(ctx, options, &title, remove_inside, &name, NULL, err);
}

envres_status
query_check_unused(struct context *ctx, const struct object *resource, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    char name[LIMIT_NAME + 1] = "";
    envres_status st = db_use(ctx->db, query_sql[SQL_OF_RESOURCE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_blob(stmt, 2, resource->id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_DONE)
        return pins_check_resource(ctx, resource, err);
    if (st < 0)
        return st;
    st = column_name(stmt, 0, name, sizeof(name), err);
    db_reset(stmt);
    if (st < 0)
        return st;
    st = err_set(err, ENVRES_E_REFERRED, "query '%s' is for '%s'", name, resource->name);
    err_subject(err, resource->name, strlen(resource->name));
    return st;
}

/* ---- lists ---------------------------------------------------------------------------------- */

static envres_status
set_author(struct context *ctx, envres_list *list, uint32_t column, const uint8_t id[SEAL_ID],
           envres_error *err)
{
    struct buf author = { .mem = NULL };
    buf_init(&author, ctx->mem, false);
    envres_status st = context_author(ctx, id, &author, err);
    if (st == ENVRES_OK)
        list_set_text(list, column, author.data, author.len);
    buf_free(&author);
    return st;
}

static envres_status
add_to_list(struct context *ctx, envres_list *list, const struct query_row *row, envres_error *err)
{
    list_row(list);
    list_set_str(list, ENVRES_QUERY_LIST_NAME, row->name);
    list_set_str(list, ENVRES_QUERY_LIST_RESOURCE, row->resource.name);
    list_set_str(list, ENVRES_QUERY_LIST_KIND, row->resource.kind);
    list_set_int(list, ENVRES_QUERY_LIST_REVISION, row->revision);
    list_set_int(list, ENVRES_QUERY_LIST_PARAMS, row->form.count);
    list_set_int(list, ENVRES_QUERY_LIST_TIME, row->time);
    return set_author(ctx, list, ENVRES_QUERY_LIST_AUTHOR, row->author, err);
}

static envres_status
add_to_history(struct context *ctx, envres_list *list, const struct query_row *row,
               envres_error *err)
{
    list_row(list);
    list_set_int(list, ENVRES_QUERY_HISTORY_REVISION, row->revision);
    list_set_str(list, ENVRES_QUERY_HISTORY_RESOURCE, row->resource.name);
    list_set_int(list, ENVRES_QUERY_HISTORY_TIME, row->time);
    if (row->restored)
        list_set_int(list, ENVRES_QUERY_HISTORY_RESTORED, row->restored);
    return set_author(ctx, list, ENVRES_QUERY_HISTORY_AUTHOR, row->author, err);
}

typedef envres_status (*add_fn)(struct context *ctx, envres_list *list, const struct query_row *row,
                                envres_error *err);

static envres_status
add_rows(struct context *ctx, struct db_stmt *stmt, int64_t limit, add_fn add, envres_list *list,
         envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (int64_t seen = 0; st == ENVRES_OK; seen++) {
        struct query_row row;
        int step = DB_DONE;
        st = db_step(stmt, &step, err);
        if (st < 0 || step == DB_DONE)
            break;
        if (seen == limit) {
            st = err_code(err, ENVRES_E_LIMIT);
            break;
        }
        st = read_row(ctx, stmt, &row, err);
        if (st == ENVRES_OK)
            st = finish_row(ctx, &row, err);
        if (st == ENVRES_OK)
            st = add(ctx, list, &row, err);
        query_row_free(ctx->mem, &row);
    }
    db_reset(stmt);
    return st;
}

static envres_status
fill_list(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    (void)asked;
    envres_status st = right_anywhere(ctx, ACTION_LIST, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, query_sql[SQL_ALL], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    st = add_rows(ctx, stmt, LIMIT_QUERIES, add_to_list, list, err);
    if (st == ENVRES_OK)
        st = list_status(list, err);
    return st < 0 ? st
                  : context_check_listed(ctx, query_sql[SQL_ROWS], ctx->workspace,
                                         envres_list_count(list), err);
}

envres_status
query_list(struct context *ctx, envres_list **out, envres_error *err)
{
    static const char *const columns[ENVRES_QUERY_LIST_COLUMNS] = {
        "name", "resource", "kind", "revision", "params", "author", "time",
    };
    static const struct list_shape shape = { columns, ENVRES_QUERY_LIST_COLUMNS };
    return context_list(ctx, &shape, fill_list, NULL, out, err);
}

static envres_status
fill_history(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    struct slice name = *(const struct slice *)asked;
    uint8_t id[SEAL_ID] = { 0 };
    struct db_stmt *stmt = NULL;
    envres_status st = right_anywhere(ctx, ACTION_LIST, err);
    if (st == ENVRES_OK)
        st = need_id(ctx, name, id, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, query_sql[SQL_HISTORY], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 2, name.data, name.len);
    return add_rows(ctx, stmt, LIMIT_QUERY_REVISIONS, add_to_history, list, err);
}

envres_status
query_history(struct context *ctx, struct slice name, envres_list **out, envres_error *err)
{
    static const char *const columns[ENVRES_QUERY_HISTORY_COLUMNS] = {
        "revision", "resource", "author", "time", "restored",
    };
    static const struct list_shape shape = { columns, ENVRES_QUERY_HISTORY_COLUMNS };
    return context_list(ctx, &shape, fill_history, &name, out, err);
}

/* ---- verify --------------------------------------------------------------------------------- */

/* Queries of which nothing is left. */
static envres_status
verify_empty(struct context *ctx, db_finding_fn finding, void *user, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, query_sql[SQL_EMPTY], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    for (;;) {
        char object[6 + LIMIT_NAME + 1] = "query/?";
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            return st;
        column_name(stmt, 0, object + 6, LIMIT_NAME + 1, NULL);
        finding(user, "ENVRES_E_INTEGRITY", object, "its revisions are missing");
    }
}

envres_status
query_verify(struct context *ctx, db_finding_fn finding, void *user, envres_error *err)
{
    uint8_t id[SEAL_ID] = { 0 };
    int64_t expected = 1;
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, query_sql[SQL_VERIFY], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    for (;;) {
        struct query_row row;
        char object[LIMIT_NAME + 64] = "query";
        int step = DB_DONE;
        st = db_step(stmt, &step, err);
        if (st < 0 || step == DB_DONE)
            break;
        st = read_row(ctx, stmt, &row, err);
        if (memcmp(id, row.id, SEAL_ID) != 0)
            expected = 1;
        memcpy(id, row.id, SEAL_ID);
        if (st == ENVRES_E_NOMEM) {
            query_row_free(ctx->mem, &row);
            break;
        }
        size_t len = strlen(row.name);
        object[5] = '/';
        memcpy(object + 6, row.name, len + 1);
        if (st < 0)
            finding(user, envres_status_name(st), object,
                    "a revision is not the one that was signed");
        else if (row.revision != expected)
            finding(user, "ENVRES_E_INTEGRITY", object, "a revision is missing");
        expected = row.revision + 1;
        query_row_free(ctx->mem, &row);
    }
    db_reset(stmt);
    return st == ENVRES_OK ? verify_empty(ctx, finding, user, err) : st;
}
