/* SPDX-License-Identifier: MIT */
/*
 * The database, as the rooms above see it: about a dozen functions, so that a second engine is one
 * more file beside sqlite.c. A `struct db` is used by one thread at a time (the store's lock).
 *
 * Errors of the engine are mapped once, here: BUSY, IO, FULL, CORRUPT, READ_ONLY, NOMEM,
 * NOT_A_STORE, SETTING, POISONED; a key that is there already CHANGED, a row that others refer to
 * REFERRED, a value too long for the engine LIMIT, a row that breaks a CHECK INVALID. A message
 * names the operation and SQLite's own words for the code, never SQL or bound values.
 */
#ifndef ENVRES_STORAGE_DB_H
#define ENVRES_STORAGE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/mem.h"

struct db;
struct db_stmt;

enum {
    DB_CREATE = 1, /* the file must not exist; made 0600 with O_EXCL|O_NOFOLLOW */
    DB_READ_ONLY = 2,
    DB_RELAXED = 4,       /* synchronous=OFF: tests only */
    DB_ANY_FILE_MODE = 8, /* no check of mode, owner, links */
    DB_ALLOW_FUSE = 16
};

struct db_options {
    const struct mem *mem;     /* borrowed for the life of the db */
    const struct clock *clock; /* likewise */
    const char *path;          /* NULL: memory */
    const char *vfs;           /* NULL: the default one; given: no file checks (tests) */
    uint32_t flags;
    uint32_t busy_timeout_ms; /* 0: do not wait */
};

/* The whole open sequence (file system, mode, pragmas read back, journal mode by the SQLite
 * found at run time, schema fingerprint, migration). On DB_CREATE the schema is made too. */
envres_status db_open(const struct db_options *options, struct db **out, envres_error *err);
void db_close(struct db *db); /* NULL allowed */

/* Closes the connection and opens it again with the same options, after a failed commit. A memory
 * database cannot: POISONED. */
envres_status db_reopen(struct db *db, envres_error *err);

/*
 * A statement by the address of its SQL (a string of static storage: one array per module).
 * Prepared on first use, kept, reset and unbound when fetched again. One use at a time.
 */
envres_status db_use(struct db *db, const char *sql, struct db_stmt **out, envres_error *err);

/* Parameters count from 1. A failed bind is reported by the next step. Text and blobs are borrowed
 * until the statement is reset; a NULL pointer with len 0 binds empty, not NULL. */
void db_bind_int(struct db_stmt *stmt, int index, int64_t value);
void db_bind_text(struct db_stmt *stmt, int index, const char *text, size_t len);
void db_bind_blob(struct db_stmt *stmt, int index, const void *data, size_t len);
void db_bind_null(struct db_stmt *stmt, int index);

enum { DB_DONE = 0, DB_ROW = 1 };
/* *row: DB_ROW or DB_DONE. On DB_DONE and on error the statement is reset. */
envres_status db_step(struct db_stmt *stmt, int *row, envres_error *err);
/* Steps a statement that gives no rows. */
envres_status db_run(struct db_stmt *stmt, envres_error *err);
/* Ends a statement before its last row. */
void db_reset(struct db_stmt *stmt);

/* Columns count from 0; valid until the next step or reset. A column of another type gives 0 or an
 * empty slice (a damaged file must not crash): check db_column_is(). */
enum db_type { DB_NULL, DB_INT, DB_TEXT, DB_BLOB };
bool db_column_is(struct db_stmt *stmt, int column, enum db_type type);
int64_t db_column_int(struct db_stmt *stmt, int column);
struct slice db_column_text(struct db_stmt *stmt, int column);
struct slice db_column_blob(struct db_stmt *stmt, int column);
/* Copies a blob of exactly `len` bytes; false, and nothing copied, when it is none. */
bool db_column_take(struct db_stmt *stmt, int column, uint8_t *out, size_t len);

/* BEGIN IMMEDIATE; a read transaction; both end with db_end(). They do not nest. */
envres_status db_begin_write(struct db *db, envres_error *err);
envres_status db_begin_read(struct db *db, envres_error *err);

/* A number for the transaction that is open, never given twice; 0: none is. What was read in it is
 * true until it ends. */
uint64_t db_transaction(const struct db *db);

/* The same, but another number after each change of a row in it. What was read at a moment is true
 * at that moment. */
uint64_t db_moment(const struct db *db);

/* How a transaction ended, beside its status. */
enum db_outcome {
    DB_COMMITTED,
    DB_ROLLED_BACK,
    DB_UNSURE /* COMMIT failed: the handle is POISONED; reopen and look the operation up */
};
/* Commits when st is OK, else rolls back and gives st on. *outcome may be NULL. */
envres_status db_end(struct db *db, envres_status st, enum db_outcome *outcome, envres_error *err);

/* After a commit that took secrets out: what a write-ahead log still has of them goes, unless
 * another connection reads from it at this moment. Nothing else keeps a log. */
void db_forget(struct db *db);
/* The same, where it must be so: BUSY while another connection reads from the log. */
envres_status db_scrub(struct db *db, envres_error *err);

/* Rows changed by the last statement run. */
int64_t db_changes(struct db *db);

/* *changed: 1 when another connection committed since the last call. */
envres_status db_poll(struct db *db, int32_t *changed, envres_error *err);

/* One finding of db_verify(). */
typedef void (*db_finding_fn)(void *user, const char *code, const char *object,
                              const char *message);
/* One that only counts: `user` is a size_t. */
void db_count_finding(void *user, const char *code, const char *object, const char *message);
/* integrity_check, foreign_key_check, schema fingerprint, settings. */
envres_status db_verify(struct db *db, db_finding_fn finding, void *user, envres_error *err);

/* A consistent copy into a new file: made under another name, synced, reopened and checked, renamed
 * without replacing, folder synced. STORE_EXISTS, IO, FULL. */
envres_status db_backup(struct db *db, const char *path, envres_error *err);

/* Facts for doctor: "sqlite", "journal_mode", "synchronous", "file_system", "format", "path". NULL
 * for an unknown name. Borrowed until the next call. */
const char *db_fact(struct db *db, const char *name);

bool db_is_memory(const struct db *db);
/* The format number of this library (user_version) and the application id. */
enum { DB_FORMAT = 1, DB_APPLICATION_ID = 0x656e7672 /* "envr" */ };

#endif
