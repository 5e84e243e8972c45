/* SPDX-License-Identifier: MIT */
/*
 * Rows of requests and approvals. Every field that says what is to be done, by whom and until when
 * goes into the digest; only the state does not, since it is what closes a request. A state that
 * was set back in the file opens nothing where what the request builds on moved when it was done.
 * The protection of an app has no revision: there it counts again, for seven days. Who writes the
 * file can set that protection itself; requests do not hold against them.
 */
#include "guard/approval.h"

#include <string.h>

#include "base/limits.h"
#include "guard/box.h"

#define COLUMNS                                                                                    \
    "id, environment_id, action, object, right, needed, policy_version, base, secret, content,"    \
    " payload, authors, requester_id, asserted, reason, time, expires_at, signature, state"

enum {
    SQL_INSERT,
    SQL_FIND,
    SQL_OPEN_IDS,
    SQL_ALL_IDS,
    SQL_CLOSE,
    SQL_VOID,
    SQL_DROP_APPROVALS,
    SQL_DROP,
    SQL_GIVE,
    SQL_GIVEN,
    SQL_COUNT_
};

static const char *const approval_sql[SQL_COUNT_] = {
    [SQL_INSERT] = "INSERT INTO request (workspace_id, " COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6,"
                   " ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 1)",
    [SQL_FIND] = "SELECT " COLUMNS " FROM request WHERE workspace_id = ?1 AND id >= ?2 AND id <= ?3"
                 " LIMIT 2",
    [SQL_OPEN_IDS] = "SELECT id FROM request WHERE workspace_id = ?1 AND state = 1"
                     " ORDER BY time, id",
    [SQL_ALL_IDS] = "SELECT id FROM request WHERE workspace_id = ?1 ORDER BY time, id",
    [SQL_CLOSE] = "UPDATE request SET state = ?2, operation = ?3 WHERE id = ?1 AND state = 1",
    [SQL_VOID] = "UPDATE request SET state = 4 WHERE environment_id = ?1 AND state = 1",
    [SQL_DROP_APPROVALS] = "DELETE FROM approval WHERE request_id IN"
                           " (SELECT id FROM request WHERE environment_id = ?1)",
    [SQL_DROP] = "DELETE FROM request WHERE environment_id = ?1",
    [SQL_GIVE] = "INSERT INTO approval (request_id, principal_id, signature, time)"
                 " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (request_id, principal_id)"
                 " DO UPDATE SET signature = excluded.signature, time = excluded.time",
    [SQL_GIVEN] = "SELECT principal_id, signature FROM approval WHERE request_id = ?1"
                  " ORDER BY time, principal_id",
};

static const char request_type[] = "request";
static const char approval_type[] = "approval";

void
request_row_free(struct request_row *row)
{
    buf_free(&row->bytes);
}

/* ---- what is signed ------------------------------------------------------------------------- */

/* A row has a greatest length, but for the payload, which stands in the digest by its commitment.
 */
enum {
    ACTION_MAX = 64,
    ROW_MAX = 5 * SEAL_ID + 2 * SEAL_DIGEST + 6 * 8 + 4 * 4 + ACTION_MAX + LIMIT_OBJECT +
              LIMIT_AUTHORS * SEAL_ID + LIMIT_REASON
};

static bool
is_in_form(const struct request_row *row)
{
    return row->action.len <= ACTION_MAX && row->object.len <= LIMIT_OBJECT &&
           row->reason.len <= LIMIT_REASON && row->authors.len <= LIMIT_AUTHORS * SEAL_ID &&
           row->authors.len % SEAL_ID == 0;
}

void
request_row_digest(const uint8_t *workspace, const struct request_row *row,
                   uint8_t digest[SEAL_DIGEST])
{
    uint8_t room[ROW_MAX];
    struct ce ce = { .data = NULL };
    ce_init(&ce, room, sizeof(room));
    ce_bytes(&ce, row->id, SEAL_ID);
    ce_bytes(&ce, workspace, SEAL_ID);
    ce_bytes(&ce, row->environment, SEAL_ID);
    ce_text(&ce, row->action);
    ce_text(&ce, row->object);
    ce_u64(&ce, row->right);
    ce_u64(&ce, (uint64_t)row->needed);
    ce_u64(&ce, (uint64_t)row->policy_version);
    ce_bytes(&ce, row->base, SEAL_DIGEST);
    ce_u64(&ce, row->secret);
    ce_bytes(&ce, row->content, SEAL_DIGEST);
    ce_text(&ce, row->authors);
    ce_bytes(&ce, row->requester, SEAL_ID);
    ce_bytes(&ce, row->asserted, SEAL_ID);
    ce_text(&ce, row->reason);
    ce_u64(&ce, (uint64_t)row->time);
    ce_u64(&ce, (uint64_t)row->expires);
    box_digest(digest, "envres1/request", NULL, ce.data, ce.failed ? 0 : ce.len);
}

bool
request_is_signed(const uint8_t *workspace, const struct request_row *row,
                  const uint8_t sign_key[32])
{
    uint8_t digest[SEAL_DIGEST];
    request_row_digest(workspace, row, digest);
    return is_in_form(row) &&
           identity_verify(sign_key, request_type, digest, sizeof(digest), row->signature);
}

bool
approval_is_signed(const uint8_t *workspace, const struct request_row *row,
                   const struct approval *approval, const uint8_t sign_key[32])
{
    uint8_t digest[SEAL_DIGEST];
    request_row_digest(workspace, row, digest);
    return is_in_form(row) &&
           identity_verify(sign_key, approval_type, digest, sizeof(digest), approval->signature);
}

/* ---- requests ------------------------------------------------------------------------------- */

envres_status
approval_open(struct db *db, const uint8_t *workspace, const struct identity *by,
              struct request_row *row, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    uint8_t digest[SEAL_DIGEST];
    if (!is_in_form(row))
        return err_set(err, ENVRES_E_LIMIT, "the change is too large to wait for an approval");
    request_row_digest(workspace, row, digest);
    envres_status st = identity_sign(by, request_type, digest, sizeof(digest), row->signature, err);
    if (st == ENVRES_OK)
        st = db_use(db, approval_sql[SQL_INSERT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    db_bind_blob(stmt, 2, row->id, SEAL_ID);
    db_bind_blob(stmt, 3, row->environment, SEAL_ID);
    db_bind_text(stmt, 4, row->action.data, row->action.len);
    db_bind_text(stmt, 5, row->object.data, row->object.len);
    db_bind_int(stmt, 6, row->right);
    db_bind_int(stmt, 7, row->needed);
    db_bind_int(stmt, 8, row->policy_version);
    db_bind_blob(stmt, 9, row->base, SEAL_DIGEST);
    db_bind_int(stmt, 10, row->secret);
    db_bind_blob(stmt, 11, row->content, SEAL_DIGEST);
    db_bind_blob(stmt, 12, row->payload.data, row->payload.len);
    db_bind_blob(stmt, 13, row->authors.data, row->authors.len);
    db_bind_blob(stmt, 14, row->requester, SEAL_ID);
    db_bind_blob(stmt, 15, row->asserted, SEAL_ID);
    db_bind_text(stmt, 16, row->reason.data, row->reason.len);
    db_bind_int(stmt, 17, row->time);
    db_bind_int(stmt, 18, row->expires);
    db_bind_blob(stmt, 19, row->signature, SIGNATURE_SIZE);
    return db_run(stmt, err);
}

static envres_status
copy_blob(struct db_stmt *stmt, int column, uint8_t *out, size_t len, envres_error *err)
{
    return db_column_take(stmt, column, out, len)
               ? ENVRES_OK
               : err_set(err, ENVRES_E_CORRUPT, "a request in the store is damaged");
}

/* The texts of a row, copied one behind the other. */
static envres_status
copy_texts(struct db_stmt *stmt, struct request_row *out, envres_error *err)
{
    struct slice *const to[] = { &out->action, &out->object, &out->payload, &out->authors,
                                 &out->reason };
    const struct slice from[] = { db_column_text(stmt, 2), db_column_text(stmt, 3),
                                  db_column_blob(stmt, 10), db_column_blob(stmt, 11),
                                  db_column_text(stmt, 14) };
    size_t total = 0;
    for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++)
        total += from[i].len;
    if (!buf_reserve(&out->bytes, total))
        return buf_status(&out->bytes, err);
    for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
        *to[i] = slice_of(out->bytes.data + out->bytes.len, from[i].len);
        buf_add(&out->bytes, from[i].data, from[i].len);
    }
    return buf_status(&out->bytes, err);
}

static envres_status
read_row(struct db_stmt *stmt, struct request_row *out, envres_error *err)
{
    int64_t state = db_column_int(stmt, 18);
    int64_t right = db_column_int(stmt, 4);
    envres_status st = copy_blob(stmt, 0, out->id, SEAL_ID, err);
    if (st == ENVRES_OK)
        st = copy_blob(stmt, 1, out->environment, SEAL_ID, err);
    if (st == ENVRES_OK)
        st = copy_blob(stmt, 7, out->base, SEAL_DIGEST, err);
    if (st == ENVRES_OK)
        st = copy_blob(stmt, 9, out->content, SEAL_DIGEST, err);
    if (st == ENVRES_OK)
        st = copy_blob(stmt, 12, out->requester, SEAL_ID, err);
    if (st == ENVRES_OK)
        st = copy_blob(stmt, 13, out->asserted, SEAL_ID, err);
    if (st == ENVRES_OK)
        st = copy_blob(stmt, 17, out->signature, SIGNATURE_SIZE, err);
    if (st == ENVRES_OK &&
        (state < REQUEST_OPEN || state > REQUEST_VOID || right < 0 || right > UINT32_MAX))
        st = err_set(err, ENVRES_E_CORRUPT, "a request in the store is damaged");
    if (st < 0)
        return st;
    out->state = (enum request_state)state;
    out->right = (uint32_t)right;
    out->needed = db_column_int(stmt, 5);
    out->policy_version = db_column_int(stmt, 6);
    out->secret = db_column_int(stmt, 8) != 0;
    out->time = db_column_int(stmt, 15);
    out->expires = db_column_int(stmt, 16);
    return copy_texts(stmt, out, err);
}

envres_status
approval_find(struct db *db, const struct mem *mem, const uint8_t *workspace, const uint8_t *low,
              const uint8_t *high, bool *found, struct request_row *out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    memset(out, 0, sizeof(*out));
    buf_init(&out->bytes, mem, false);
    *found = false;
    envres_status st = db_use(db, approval_sql[SQL_FIND], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    db_bind_blob(stmt, 2, low, SEAL_ID);
    db_bind_blob(stmt, 3, high, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = read_row(stmt, out, err);
    if (st == ENVRES_OK)
        st = db_step(stmt, &row, err);
    *found = st == ENVRES_OK && row == DB_DONE;
    db_reset(stmt);
    return st;
}

envres_status
approval_all(struct db *db, const struct mem *mem, const uint8_t *workspace, bool all,
             uint8_t (**out)[SEAL_ID], size_t *count, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    uint8_t(*ids)[SEAL_ID] = NULL;
    size_t room = 0;
    size_t len = 0;
    envres_status st = db_use(db, approval_sql[all ? SQL_ALL_IDS : SQL_OPEN_IDS], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    for (;;) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        uint8_t(*grown)[SEAL_ID] = mem_grow(mem, ids, &room, len, sizeof(*ids));
        if (!grown) {
            st = err_code(err, ENVRES_E_NOMEM);
            break;
        }
        ids = grown;
        st = copy_blob(stmt, 0, ids[len++], SEAL_ID, err);
        if (st < 0)
            break;
    }
    db_reset(stmt);
    if (st < 0) {
        mem_free(mem, ids);
        return st;
    }
    *out = ids;
    *count = len;
    return ENVRES_OK;
}

envres_status
approval_close(struct db *db, const uint8_t *id, enum request_state state, const uint8_t *operation,
               envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, approval_sql[SQL_CLOSE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    db_bind_int(stmt, 2, state);
    if (operation)
        db_bind_blob(stmt, 3, operation, SEAL_ID);
    else
        db_bind_null(stmt, 3);
    return db_run(stmt, err);
}

static envres_status
run_on_environment(struct db *db, int sql, const uint8_t *environment, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, approval_sql[sql], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment, SEAL_ID);
    return db_run(stmt, err);
}

envres_status
approval_void_environment(struct db *db, const uint8_t *environment, envres_error *err)
{
    return run_on_environment(db, SQL_VOID, environment, err);
}

envres_status
approval_drop_environment(struct db *db, const uint8_t *environment, envres_error *err)
{
    envres_status st = run_on_environment(db, SQL_DROP_APPROVALS, environment, err);
    return st < 0 ? st : run_on_environment(db, SQL_DROP, environment, err);
}

/* ---- approvals ------------------------------------------------------------------------------ */

envres_status
approval_give(struct db *db, const uint8_t *workspace, const struct identity *by,
              const struct request_row *row, int64_t now, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    uint8_t digest[SEAL_DIGEST];
    uint8_t signature[SIGNATURE_SIZE];
    request_row_digest(workspace, row, digest);
    envres_status st = identity_sign(by, approval_type, digest, sizeof(digest), signature, err);
    if (st == ENVRES_OK)
        st = db_use(db, approval_sql[SQL_GIVE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, row->id, SEAL_ID);
    db_bind_blob(stmt, 2, by->id, SEAL_ID);
    db_bind_blob(stmt, 3, signature, sizeof(signature));
    db_bind_int(stmt, 4, now);
    return db_run(stmt, err);
}

envres_status
approval_given(struct db *db, const struct mem *mem, const uint8_t *request, struct approval **out,
               size_t *count, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    struct approval *all = NULL;
    size_t room = 0;
    size_t len = 0;
    envres_status st = db_use(db, approval_sql[SQL_GIVEN], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, request, SEAL_ID);
    for (;;) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        struct approval *grown = mem_grow(mem, all, &room, len, sizeof(*all));
        if (!grown) {
            st = err_code(err, ENVRES_E_NOMEM);
            break;
        }
        all = grown;
        st = copy_blob(stmt, 0, all[len].principal, SEAL_ID, err);
        if (st == ENVRES_OK)
            st = copy_blob(stmt, 1, all[len].signature, SIGNATURE_SIZE, err);
        if (st < 0)
            break;
        len++;
    }
    db_reset(stmt);
    if (st < 0) {
        mem_free(mem, all);
        return st;
    }
    *out = all;
    *count = len;
    return ENVRES_OK;
}
