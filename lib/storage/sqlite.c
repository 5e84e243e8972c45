/* SPDX-License-Identifier: MIT */
/*
 * The SQLite engine behind db.h: the statement cache, stepping, transactions, polling.
 *
 * Invariants: a statement that writes runs inside a write transaction only, and never after SQLite
 * rolled that transaction back by itself, so a change is whole or absent even if a caller drops an
 * error. Once the file is called damaged, or a sync failed, the handle refuses every call.
 * This file neither opens files nor decides settings: that is sqlite_open.c.
 */
#include "storage/db.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "storage/sqlite.h"

static const char sql_begin_write[] = "BEGIN IMMEDIATE";
static const char sql_begin_read[] = "BEGIN";
/* A read transaction starts with its first read: this one. */
static const char sql_first_read[] = "SELECT 1 FROM sqlite_schema LIMIT 1";
static const char sql_commit[] = "COMMIT";
static const char sql_rollback[] = "ROLLBACK";
static const char sql_data_version[] = "PRAGMA data_version";

envres_status
sqlite_check_usable(const struct db *db, envres_error *err)
{
    if (db->refusal == ENVRES_OK)
        return ENVRES_OK;
    envres_status st = err_code(err, db->refusal);
    if (st == ENVRES_E_CORRUPT)
        err_hint(err, "restore a backup; the file was left as it is, so keep a copy of it first");
    else
        err_hint(err, "open the store again");
    if (db->path)
        err_subject(err, db->path, strlen(db->path));
    return st;
}

/* ---- the statement cache ---- */

static size_t
slot_of(const struct db_stmt *const *cache, size_t size, const char *sql)
{
    uint64_t mixed = (uint64_t)(uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15);
    size_t i = (size_t)(mixed >> 32) & (size - 1);
    while (cache[i] && cache[i]->sql != sql)
        i = (i + 1) & (size - 1);
    return i;
}

static struct db_stmt **
slot(struct db *db, const char *sql)
{
    return &db->cache[slot_of((const struct db_stmt *const *)db->cache, db->cache_size, sql)];
}

/* Keeps a quarter of the table free, so that a search always ends. */
static envres_status
grow_cache(struct db *db, envres_error *err)
{
    if (db->cache_used < db->cache_size / 4 * 3)
        return ENVRES_OK;
    size_t size = db->cache_size ? db->cache_size * 2 : 128;
    struct db_stmt **cache = mem_alloc_array(db->mem, size, sizeof(struct db_stmt *));
    if (!cache)
        return err_code(err, ENVRES_E_NOMEM);
    memset(cache, 0, size * sizeof(struct db_stmt *));
    for (size_t i = 0; i < db->cache_size; i++) {
        struct db_stmt *stmt = db->cache[i];
        if (stmt)
            cache[slot_of((const struct db_stmt *const *)cache, size, stmt->sql)] = stmt;
    }
    mem_free(db->mem, db->cache);
    db->cache = cache;
    db->cache_size = size;
    return ENVRES_OK;
}

static envres_status
add_stmt(struct db *db, const char *sql, struct db_stmt **out, envres_error *err)
{
    envres_status st = grow_cache(db, err);
    if (st < 0)
        return st;
    struct db_stmt *stmt = mem_alloc_zero(db->mem, sizeof(*stmt));
    if (!stmt)
        return err_code(err, ENVRES_E_NOMEM);
    stmt->db = db;
    stmt->sql = sql;
    *slot(db, sql) = stmt;
    db->cache_used++;
    *out = stmt;
    return ENVRES_OK;
}

envres_status
sqlite_find(struct db *db, const char *sql, struct db_stmt **out, envres_error *err)
{
    struct db_stmt *stmt = db->cache_size ? *slot(db, sql) : NULL;
    if (!stmt) {
        envres_status st = add_stmt(db, sql, &stmt, err);
        if (st < 0)
            return st;
    }
    if (!stmt->handle) {
        int rc =
            sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->handle, NULL);
        if (rc != SQLITE_OK)
            return sqlite_error(db, rc, "the store cannot be read", err);
    }
    *out = stmt;
    return ENVRES_OK;
}

envres_status
db_use(struct db *db, const char *sql, struct db_stmt **out, envres_error *err)
{
    envres_status st = sqlite_check_usable(db, err);
    if (st < 0)
        return st;
    struct db_stmt *stmt = NULL;
    st = sqlite_find(db, sql, &stmt, err);
    if (st < 0)
        return st;
    sqlite3_reset(stmt->handle);
    sqlite3_clear_bindings(stmt->handle);
    stmt->bind_error = SQLITE_OK;
    *out = stmt;
    return ENVRES_OK;
}

/* ---- SQL that is used once ---- */

envres_status
sqlite_ask(struct db *db, const char *sql, char **out, envres_error *err)
{
    static const char what[] = "the store cannot be read";
    sqlite3_stmt *handle = NULL;
    char *text = NULL;
    envres_status st = ENVRES_OK;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &handle, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(handle);
    if (rc == SQLITE_ROW && sqlite3_column_type(handle, 0) != SQLITE_NULL) {
        const void *data = sqlite3_column_text(handle, 0);
        text = data ? mem_copy(db->mem, data, (size_t)sqlite3_column_bytes(handle, 0)) : NULL;
        if (!text)
            st = err_code(err, ENVRES_E_NOMEM);
    }
    while (rc == SQLITE_ROW)
        rc = sqlite3_step(handle);
    if (st >= 0 && rc != SQLITE_DONE)
        st = sqlite_error(db, rc, what, err);
    sqlite3_finalize(handle);
    if (st < 0) {
        mem_free(db->mem, text);
        return st;
    }
    *out = text;
    return ENVRES_OK;
}

envres_status
sqlite_ask_int(struct db *db, const char *sql, int64_t *out, envres_error *err)
{
    char *text = NULL;
    envres_status st = sqlite_ask(db, sql, &text, err);
    if (st < 0)
        return st;
    *out = text ? strtoll(text, NULL, 10) : 0;
    mem_free(db->mem, text);
    return ENVRES_OK;
}

envres_status
sqlite_exec(struct db *db, const char *sql, envres_error *err)
{
    sqlite3_stmt *handle = NULL;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &handle, NULL);
    do {
        rc = rc == SQLITE_OK || rc == SQLITE_ROW ? sqlite3_step(handle) : rc;
    } while (rc == SQLITE_ROW);
    envres_status st =
        rc == SQLITE_DONE ? ENVRES_OK : sqlite_error(db, rc, "the store cannot be set up", err);
    sqlite3_finalize(handle);
    return st;
}

/* ---- parameters ---- */

static void
keep_error(struct db_stmt *stmt, int rc)
{
    if (rc != SQLITE_OK && stmt->bind_error == SQLITE_OK)
        stmt->bind_error = rc;
}

void
db_bind_int(struct db_stmt *stmt, int index, int64_t value)
{
    keep_error(stmt, sqlite3_bind_int64(stmt->handle, index, value));
}

void
db_bind_text(struct db_stmt *stmt, int index, const char *text, size_t len)
{
    keep_error(stmt, sqlite3_bind_text64(stmt->handle, index, text ? text : "", len, SQLITE_STATIC,
                                         SQLITE_UTF8));
}

void
db_bind_blob(struct db_stmt *stmt, int index, const void *data, size_t len)
{
    keep_error(stmt,
               sqlite3_bind_blob64(stmt->handle, index, data ? data : "", len, SQLITE_STATIC));
}

void
db_bind_null(struct db_stmt *stmt, int index)
{
    keep_error(stmt, sqlite3_bind_null(stmt->handle, index));
}

/* ---- stepping ---- */

static const char *
failure_of(const struct db_stmt *stmt)
{
    return sqlite3_stmt_readonly(stmt->handle) ? "the store cannot be read"
                                               : "the store cannot be written";
}

/* SQLite rolls a whole transaction back by itself after some errors. Going on would then commit
 * each later statement alone. */
static envres_status
check_place(const struct db_stmt *stmt, envres_error *err)
{
    const struct db *db = stmt->db;
    if (!stmt->handle)
        return err_set(err, ENVRES_E_INVALID, "a statement outlived its connection");
    if (db->transaction == TRANSACTION_WRITE && sqlite3_get_autocommit(db->handle))
        return err_set(err, ENVRES_E_IO, "the transaction was rolled back after an earlier error");
    if (db->transaction != TRANSACTION_WRITE && !sqlite3_stmt_readonly(stmt->handle))
        return err_set(err, ENVRES_E_INVALID, "a change outside of a write transaction");
    return ENVRES_OK;
}

envres_status
db_step(struct db_stmt *stmt, int *row, envres_error *err)
{
    struct db *db = stmt->db;
    envres_status st = sqlite_check_usable(db, err);
    if (st >= 0)
        st = check_place(stmt, err);
    if (st < 0)
        return st;
    if (stmt->bind_error != SQLITE_OK) {
        st = sqlite_error(db, stmt->bind_error, failure_of(stmt), err);
        db_reset(stmt);
        return st;
    }
    int rc = sqlite3_step(stmt->handle);
    if (rc == SQLITE_ROW) {
        *row = DB_ROW;
        return ENVRES_OK;
    }
    if (rc == SQLITE_DONE)
        *row = DB_DONE;
    else
        st = sqlite_error(db, rc, failure_of(stmt), err);
    sqlite3_reset(stmt->handle);
    return st;
}

envres_status
db_run(struct db_stmt *stmt, envres_error *err)
{
    int row = DB_DONE;
    envres_status st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    assert(row == DB_DONE);
    if (row == DB_ROW)
        db_reset(stmt);
    return ENVRES_OK;
}

void
db_reset(struct db_stmt *stmt)
{
    if (stmt && stmt->handle)
        sqlite3_reset(stmt->handle);
}

/* ---- columns ---- */

static const int sqlite_types[] = {
    [DB_NULL] = SQLITE_NULL,
    [DB_INT] = SQLITE_INTEGER,
    [DB_TEXT] = SQLITE_TEXT,
    [DB_BLOB] = SQLITE_BLOB,
};

bool
db_column_is(struct db_stmt *stmt, int column, enum db_type type)
{
    return sqlite3_column_type(stmt->handle, column) == sqlite_types[type];
}

int64_t
db_column_int(struct db_stmt *stmt, int column)
{
    return db_column_is(stmt, column, DB_INT) ? sqlite3_column_int64(stmt->handle, column) : 0;
}

/* sqlite3_column_text() may have to copy to add a NUL, and answers NULL without memory; the bytes
 * themselves never need any. */
struct slice
db_column_text(struct db_stmt *stmt, int column)
{
    struct slice text = { "", 0 };
    if (!db_column_is(stmt, column, DB_TEXT))
        return text;
    const void *data = sqlite3_column_text(stmt->handle, column);
    if (!data)
        data = sqlite3_column_blob(stmt->handle, column);
    if (data) {
        text.data = data;
        text.len = (size_t)sqlite3_column_bytes(stmt->handle, column);
    }
    return text;
}

struct slice
db_column_blob(struct db_stmt *stmt, int column)
{
    struct slice blob = { "", 0 };
    if (!db_column_is(stmt, column, DB_BLOB))
        return blob;
    const void *data = sqlite3_column_blob(stmt->handle, column);
    if (data) {
        blob.data = data;
        blob.len = (size_t)sqlite3_column_bytes(stmt->handle, column);
    }
    return blob;
}

bool
db_column_take(struct db_stmt *stmt, int column, uint8_t *out, size_t len)
{
    struct slice blob = db_column_blob(stmt, column);
    if (blob.len == len && len > 0)
        memcpy(out, blob.data, len);
    return blob.len == len;
}

/* ---- transactions ---- */

/* Runs one of the statements above; returns SQLite's code. */
static int
run_fixed(struct db *db, const char *sql, envres_status *st, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    *st = sqlite_find(db, sql, &stmt, err);
    if (*st < 0)
        return SQLITE_NOMEM;
    int rc = sqlite3_step(stmt->handle);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
        sqlite3_reset(stmt->handle);
        return SQLITE_OK;
    }
    const char *what =
        sql == sql_commit ? "the change cannot be committed" : "the store cannot be used";
    *st = sqlite_error(db, rc, what, err);
    sqlite3_reset(stmt->handle);
    return rc;
}

static envres_status
begin(struct db *db, const char *sql, enum transaction kind, envres_error *err)
{
    envres_status st = sqlite_check_usable(db, err);
    if (st < 0)
        return st;
    if (db->transaction != TRANSACTION_NONE)
        return err_set(err, ENVRES_E_INVALID, "transactions do not nest");
    if (run_fixed(db, sql, &st, err) != SQLITE_OK)
        return st;
    db->transaction = kind;
    db->transactions++;
    return ENVRES_OK;
}

uint64_t
db_transaction(const struct db *db)
{
    return db->transaction == TRANSACTION_NONE ? 0 : db->transactions;
}

uint64_t
db_moment(const struct db *db)
{
    uint64_t transaction = db_transaction(db);
    return transaction ? transaction << 32 | (uint32_t)sqlite3_total_changes(db->handle) : 0;
}

envres_status
db_begin_write(struct db *db, envres_error *err)
{
    if (db->flags & DB_READ_ONLY) {
        envres_status st = err_set(err, ENVRES_E_READ_ONLY, "the store is open for reading only");
        if (db->path)
            err_subject(err, db->path, strlen(db->path));
        return st;
    }
    return begin(db, sql_begin_write, TRANSACTION_WRITE, err);
}

static void
reset_all(struct db *db)
{
    for (size_t i = 0; i < db->cache_size; i++) {
        const struct db_stmt *stmt = db->cache[i];
        if (stmt && stmt->handle && sqlite3_stmt_busy(stmt->handle))
            sqlite3_reset(stmt->handle);
    }
}

/* True when nothing of the transaction is left. A failed rollback leaves the journal behind, and
 * the next opening plays it back: the change is gone either way, but not this handle's lock. */
static bool
roll_back(struct db *db)
{
    envres_status st = ENVRES_OK;
    reset_all(db);
    if (!sqlite3_get_autocommit(db->handle))
        run_fixed(db, sql_rollback, &st, NULL);
    if (sqlite3_get_autocommit(db->handle))
        return true;
    if (db->refusal == ENVRES_OK)
        db->refusal = ENVRES_E_POISONED;
    return false;
}

envres_status
db_begin_read(struct db *db, envres_error *err)
{
    envres_status st = begin(db, sql_begin_read, TRANSACTION_READ, err);
    if (st < 0)
        return st;
    if (run_fixed(db, sql_first_read, &st, err) == SQLITE_OK)
        return ENVRES_OK;
    roll_back(db);
    db->transaction = TRANSACTION_NONE;
    return st;
}

/*
 * COMMIT of a write transaction. While the connection is still in the transaction afterwards,
 * nothing was committed: the failure came before (BUSY, a deferred foreign key), and rolling back
 * is certain. Otherwise SQLite had begun, and rolled back as well as it could: what the disk will
 * show after a crash is not known here, so the connection is given up (a database in memory has no
 * disk, and is simply rolled back).
 */
static envres_status
commit(struct db *db, enum db_outcome *outcome, envres_error *err)
{
    envres_status st = ENVRES_OK;
    *outcome = DB_ROLLED_BACK;
    if (sqlite3_get_autocommit(db->handle))
        return err_set(err, ENVRES_E_IO, "the transaction was rolled back after an earlier error");
    if (run_fixed(db, sql_commit, &st, err) == SQLITE_OK) {
        *outcome = DB_COMMITTED;
        return ENVRES_OK;
    }
    if (!sqlite3_get_autocommit(db->handle)) {
        roll_back(db);
        return st;
    }
    if (db->path) {
        *outcome = DB_UNSURE;
        if (db->refusal == ENVRES_OK)
            db->refusal = ENVRES_E_POISONED;
    }
    return st;
}

envres_status
db_end(struct db *db, envres_status st, enum db_outcome *outcome, envres_error *err)
{
    enum db_outcome ended = DB_ROLLED_BACK;
    enum transaction kind = db->transaction;
    assert(kind != TRANSACTION_NONE);
    if (st >= 0 && kind == TRANSACTION_NONE)
        st = err_set(err, ENVRES_E_INVALID, "there is no transaction to end");
    reset_all(db);
    if (st >= 0)
        st = sqlite_check_usable(db, err);
    if (st >= 0 && kind == TRANSACTION_WRITE)
        st = commit(db, &ended, err);
    else
        roll_back(db);
    if (st >= 0)
        ended = DB_COMMITTED;
    db->transaction = TRANSACTION_NONE;
    if (outcome)
        *outcome = ended;
    return st;
}

void
db_forget(struct db *db)
{
    envres_status st = ENVRES_OK;
    if (db->path && !(db->flags & DB_READ_ONLY))
        st = db_scrub(db, NULL);
    (void)st;
}

int64_t
db_changes(struct db *db)
{
    return sqlite3_changes64(db->handle);
}

/* ---- the rest ---- */

envres_status
db_poll(struct db *db, int32_t *changed, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, sql_data_version, &stmt, err);
    if (st >= 0)
        st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    int64_t version = row == DB_ROW ? db_column_int(stmt, 0) : 0;
    db_reset(stmt);
    *changed = version != db->data_version;
    db->data_version = version;
    return ENVRES_OK;
}

/* Without a write-ahead log there is nothing to do: the journal is cut off with each commit. */
envres_status
db_scrub(struct db *db, envres_error *err)
{
    envres_status st = sqlite_check_usable(db, err);
    if (st < 0)
        return st;
    int rc = sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return rc == SQLITE_OK ? ENVRES_OK
                           : sqlite_error(db, rc, "the write-ahead log cannot be cut off", err);
}

envres_status
sqlite_prepare(struct db *db, envres_error *err)
{
    static const char *const fixed[] = { sql_begin_write, sql_begin_read, sql_first_read,
                                         sql_commit,      sql_rollback,   sql_data_version };
    struct db_stmt *stmt = NULL;
    int32_t changed = 0;
    envres_status st = ENVRES_OK;
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]) && st >= 0; i++)
        st = sqlite_find(db, fixed[i], &stmt, err);
    return st < 0 ? st : db_poll(db, &changed, err);
}

/* Keeps what the options say; text is copied. */
static envres_status
take_options(struct db *db, const struct db_options *options, envres_error *err)
{
    db->mem = options->mem;
    db->clock = options->clock;
    db->flags = options->flags;
    db->busy_timeout_ms = options->busy_timeout_ms;
    bool ok = true;
    if (options->vfs)
        ok = (db->vfs = mem_copy(db->mem, options->vfs, strlen(options->vfs))) != NULL;
    if (ok && options->path)
        ok = (db->path = mem_copy(db->mem, options->path, strlen(options->path))) != NULL;
    if (ok && options->path && options->vfs)
        ok = (db->real = mem_copy(db->mem, options->path, strlen(options->path))) != NULL;
    if (!ok)
        return err_code(err, ENVRES_E_NOMEM);
    if (!options->path || options->vfs)
        return ENVRES_OK;
    return files_resolve(db->mem, db->path, &db->real, err);
}

envres_status
sqlite_open(const struct db_options *options, const struct migration *migration, struct db **out,
            envres_error *err)
{
    struct db *db = mem_alloc_zero(options->mem, sizeof(*db));
    if (!db)
        return err_code(err, ENVRES_E_NOMEM);
    db->migration = migration;
    envres_status st = take_options(db, options, err);
    if (st >= 0)
        st = sqlite_connect(db, !options->path || (options->flags & DB_CREATE), err);
    if (st < 0) {
        db_close(db);
        return st;
    }
    *out = db;
    return ENVRES_OK;
}

void
sqlite_disconnect(struct db *db)
{
    for (size_t i = 0; i < db->cache_size; i++) {
        if (!db->cache[i])
            continue;
        sqlite3_finalize(db->cache[i]->handle);
        db->cache[i]->handle = NULL;
    }
    int rc = sqlite3_close(db->handle);
    assert(rc == SQLITE_OK);
    (void)rc;
    db->handle = NULL;
    db->transaction = TRANSACTION_NONE;
}

envres_status
db_reopen(struct db *db, envres_error *err)
{
    if (!db->path)
        return err_set(err, ENVRES_E_POISONED, "a store in memory cannot be opened again");
    if (db->refusal == ENVRES_E_CORRUPT)
        return sqlite_check_usable(db, err);
    sqlite_disconnect(db);
    db->refusal = ENVRES_OK;
    envres_status st = sqlite_connect(db, false, err);
    db->data_version = -1; /* others may have committed meanwhile: the next poll says so */
    if (st < 0) {
        sqlite_disconnect(db);
        if (db->refusal == ENVRES_OK)
            db->refusal = ENVRES_E_POISONED;
    }
    return st;
}

void
db_close(struct db *db)
{
    if (!db)
        return;
    sqlite_disconnect(db);
    for (size_t i = 0; i < db->cache_size; i++)
        mem_free(db->mem, db->cache[i]);
    mem_free(db->mem, db->cache);
    mem_free(db->mem, db->path);
    mem_free(db->mem, db->real);
    mem_free(db->mem, db->vfs);
    mem_free(db->mem, db);
}

bool
db_is_memory(const struct db *db)
{
    return !db->path;
}
