/* SPDX-License-Identifier: MIT */
/*
 * The driver: statements, transactions, polling, verify and backup, on real files, with a second
 * connection where another process is meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fx_db.h"

/* ---- statements and transactions ---- */

static void
memory_and_file_keep_rows(void **state)
{
    struct fixture *f = *state;
    const char *paths[] = { NULL, f->path };
    for (int i = 0; i < 2; i++) {
        struct db *db = open_db(paths[i], DB_CREATE);
        assert_int_equal(db_is_memory(db), paths[i] == NULL);
        commit_workspace(db, "main");
        assert_int_equal(db_changes(db), 1);
        struct db_stmt *stmt = NULL;
        int row = DB_DONE;
        assert_int_equal(db_use(db, sql_list, &stmt, NULL), ENVRES_OK);
        assert_int_equal(db_step(stmt, &row, NULL), ENVRES_OK);
        assert_int_equal(row, DB_ROW);
        assert_true(db_column_is(stmt, 0, DB_BLOB));
        assert_true(slice_equal(db_column_text(stmt, 1), slice_str("main")));
        assert_int_equal(db_column_int(stmt, 2), 7);
        assert_int_equal(db_column_int(stmt, 1), 0);
        assert_int_equal(db_column_text(stmt, 0).len, 0);
        assert_int_equal(db_column_blob(stmt, 0).len, 16);
        assert_int_equal(db_step(stmt, &row, NULL), ENVRES_OK);
        assert_int_equal(row, DB_DONE);
        db_close(db);
    }
    struct db *db = open_db(f->path, 0);
    assert_int_equal(count_workspaces(db), 1);
    db_close(db);
}

static void
failed_transaction_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(f->path, DB_CREATE);
    enum db_outcome outcome = DB_UNSURE;
    assert_int_equal(db_begin_write(db, NULL), ENVRES_OK);
    assert_int_equal(add_workspace(db, "a", NULL), ENVRES_OK);
    assert_int_equal(add_workspace(db, "a", f->err), ENVRES_E_CHANGED);
    assert_int_equal(db_end(db, ENVRES_E_CHANGED, &outcome, f->err), ENVRES_E_CHANGED);
    assert_int_equal(outcome, DB_ROLLED_BACK);
    assert_int_equal(count_workspaces(db), 0);
    db_close(db);
}

static void
poll_sees_others(void **state)
{
    struct fixture *f = *state;
    struct db *one = open_db(f->path, DB_CREATE);
    struct db *two = open_db(f->path, 0);
    int32_t changed = -1;
    assert_int_equal(db_poll(one, &changed, NULL), ENVRES_OK);
    assert_int_equal(changed, 0);
    commit_workspace(one, "own");
    assert_int_equal(db_poll(one, &changed, NULL), ENVRES_OK);
    assert_int_equal(changed, 0);
    commit_workspace(two, "other");
    assert_int_equal(db_poll(one, &changed, NULL), ENVRES_OK);
    assert_int_equal(changed, 1);
    assert_int_equal(db_poll(one, &changed, NULL), ENVRES_OK);
    assert_int_equal(changed, 0);
    db_close(two);
    db_close(one);
}

/* ---- more statements ---- */

static void
statements_are_kept(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(NULL, DB_CREATE);
    struct db_stmt *one = NULL;
    struct db_stmt *two = NULL;
    static const char sql[] = "SELECT ?1, ?2, ?3, ?4";
    int row = DB_DONE;
    assert_int_equal(db_use(db, sql, &one, f->err), ENVRES_OK);
    db_bind_text(one, 1, NULL, 0);
    db_bind_blob(one, 2, NULL, 0);
    db_bind_null(one, 3);
    db_bind_int(one, 4, INT64_MIN);
    assert_int_equal(db_step(one, &row, f->err), ENVRES_OK);
    assert_int_equal(row, DB_ROW);
    assert_true(db_column_is(one, 0, DB_TEXT));
    assert_non_null(db_column_text(one, 0).data);
    assert_int_equal(db_column_text(one, 0).len, 0);
    assert_true(db_column_is(one, 1, DB_BLOB));
    assert_int_equal(db_column_blob(one, 1).len, 0);
    assert_true(db_column_is(one, 2, DB_NULL));
    assert_int_equal(db_column_int(one, 2), 0);
    assert_true(db_column_int(one, 3) == INT64_MIN);
    /* fetched again in the middle of its rows: the same one, unbound */
    assert_int_equal(db_use(db, sql, &two, f->err), ENVRES_OK);
    assert_ptr_equal(one, two);
    assert_int_equal(db_step(two, &row, f->err), ENVRES_OK);
    for (int i = 0; i < 4; i++)
        assert_true(db_column_is(two, i, DB_NULL));
    db_reset(two);
    db_close(db);
}

/* More statements than the first size of the table: each keeps its own answer. */
static void
many_statements_are_kept(void **state)
{
    enum { COUNT = 400 };
    static char sql[COUNT][24];
    struct db_stmt *seen[COUNT];
    (void)state;
    struct db *db = open_db(NULL, DB_CREATE);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            struct db_stmt *stmt = NULL;
            int row = DB_DONE;
            snprintf(sql[i], sizeof(sql[i]), "SELECT %d", i);
            assert_int_equal(db_use(db, sql[i], &stmt, NULL), ENVRES_OK);
            assert_int_equal(db_step(stmt, &row, NULL), ENVRES_OK);
            assert_int_equal(db_column_int(stmt, 0), i);
            db_reset(stmt);
            if (round > 0)
                assert_ptr_equal(seen[i], stmt);
            seen[i] = stmt;
        }
    }
    db_close(db);
}

static void
a_failed_bind_is_reported_by_the_step(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(NULL, DB_CREATE);
    struct db_stmt *stmt = NULL;
    int row = DB_ROW;
    static const char sql[] = "SELECT ?1";
    assert_int_equal(db_use(db, sql, &stmt, f->err), ENVRES_OK);
    db_bind_int(stmt, 2, 1);
    assert_int_equal(db_step(stmt, &row, f->err), ENVRES_E_INVALID);
    assert_int_equal(db_use(db, sql, &stmt, f->err), ENVRES_OK);
    db_bind_int(stmt, 1, 1);
    assert_int_equal(db_step(stmt, &row, f->err), ENVRES_OK);
    db_reset(stmt);
    db_close(db);
}

static void
transactions_do_not_nest(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(f->path, DB_CREATE);
    enum db_outcome outcome = DB_UNSURE;
    assert_int_equal(db_begin_read(db, f->err), ENVRES_OK);
    assert_int_equal(db_begin_write(db, f->err), ENVRES_E_INVALID);
    assert_int_equal(db_begin_read(db, f->err), ENVRES_E_INVALID);
    assert_int_equal(add_workspace(db, "a", f->err), ENVRES_E_INVALID);
    assert_int_equal(db_backup(db, f->other, f->err), ENVRES_E_INVALID);
    assert_int_equal(db_end(db, ENVRES_OK, &outcome, f->err), ENVRES_OK);
    assert_int_equal(outcome, DB_COMMITTED);
    /* and nothing is written outside of one */
    assert_int_equal(add_workspace(db, "a", f->err), ENVRES_E_INVALID);
    assert_int_equal(count_workspaces(db), 0);
    db_close(db);
}

/* A read transaction sees one state, whatever others commit. */
static void
a_read_transaction_is_one_state(void **state)
{
    struct fixture *f = *state;
    struct db *one = open_db(f->path, DB_CREATE);
    struct db *two = open_db(f->path, 0);
    enum db_outcome outcome = DB_UNSURE;
    assert_int_equal(db_begin_read(one, f->err), ENVRES_OK);
    /* In TRUNCATE mode the writer's COMMIT must wait for the reader, and gives up. */
    assert_int_equal(db_begin_write(two, f->err), ENVRES_OK);
    envres_status st = add_workspace(two, "a", f->err);
    st = db_end(two, st, &outcome, f->err);
    if (strcmp(db_fact(one, "journal_mode"), "truncate") == 0) {
        assert_int_equal(st, ENVRES_E_BUSY);
        assert_int_equal(outcome, DB_ROLLED_BACK);
        assert_string_equal(envres_error_subject(f->err), f->path);
        assert_non_null(strstr(envres_error_hint(f->err), "fuser"));
    }
    assert_int_equal(count_workspaces(one), 0);
    assert_int_equal(db_end(one, ENVRES_OK, NULL, f->err), ENVRES_OK);
    /* nothing is left of the refused commit: the same row can be written now */
    if (st < 0)
        commit_workspace(two, "a");
    assert_int_equal(count_workspaces(one), 1);
    db_close(two);
    db_close(one);
}

static void
two_writers_do_not_mix(void **state)
{
    struct fixture *f = *state;
    struct db *one = open_db(f->path, DB_CREATE);
    struct db *two = open_db(f->path, 0);
    assert_int_equal(db_begin_write(one, f->err), ENVRES_OK);
    assert_int_equal(db_begin_write(two, f->err), ENVRES_E_BUSY);
    assert_int_equal(db_end(one, add_workspace(one, "a", f->err), NULL, f->err), ENVRES_OK);
    commit_workspace(two, "b");
    assert_int_equal(count_workspaces(one), 2);
    db_close(two);
    db_close(one);
}

/* SQLite rolls back by itself on a full disk: what follows must not be committed alone. */
static void
a_full_disk_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(f->path, DB_CREATE);
    enum db_outcome outcome = DB_UNSURE;
    int64_t pages = 0;
    char name[2000];
    envres_status st = ENVRES_OK;
    commit_workspace(db, "before");
    assert_int_equal(sqlite_ask_int(db, "PRAGMA page_count", &pages, NULL), ENVRES_OK);
    char sql[64];
    snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d", (int)pages);
    assert_int_equal(sqlite_exec(db, sql, NULL), ENVRES_OK);
    assert_int_equal(db_begin_write(db, f->err), ENVRES_OK);
    for (int i = 0; i < 20 && st >= 0; i++) {
        memset(name, 'a' + i, sizeof(name));
        name[sizeof(name) - 1] = '\0';
        st = add_workspace(db, name, f->err);
    }
    assert_int_equal(st, ENVRES_E_FULL);
    assert_non_null(strstr(envres_error_hint(f->err), "free some space"));
    assert_int_equal(db_end(db, st, &outcome, f->err), ENVRES_E_FULL);
    assert_int_equal(outcome, DB_ROLLED_BACK);
    assert_int_equal(count_workspaces(db), 1);
    db_close(db);
}

/* The same in the middle of a transaction whose error the caller drops. */
static void
a_transaction_that_ended_by_itself_is_not_gone_on_with(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(f->path, DB_CREATE);
    enum db_outcome outcome = DB_UNSURE;
    assert_int_equal(db_begin_write(db, f->err), ENVRES_OK);
    assert_int_equal(add_workspace(db, "a", f->err), ENVRES_OK);
    assert_int_equal(sqlite_exec(db, "ROLLBACK", f->err), ENVRES_OK);
    assert_int_equal(add_workspace(db, "b", f->err), ENVRES_E_IO);
    assert_int_equal(db_end(db, ENVRES_OK, &outcome, f->err), ENVRES_E_IO);
    assert_int_equal(outcome, DB_ROLLED_BACK);
    assert_int_equal(count_workspaces(db), 0);
    db_close(db);
}

static void
a_store_can_be_opened_again(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(f->path, DB_CREATE);
    int32_t changed = 0;
    commit_workspace(db, "a");
    assert_int_equal(count_workspaces(db), 1);
    assert_int_equal(db_reopen(db, f->err), ENVRES_OK);
    assert_int_equal(count_workspaces(db), 1);
    assert_int_equal(db_poll(db, &changed, f->err), ENVRES_OK);
    assert_int_equal(changed, 1);
    /* another file of the same name is not the store that was open */
    assert_int_equal(rename(f->path, f->other), 0);
    db_close(open_db(f->path, DB_CREATE));
    assert_int_equal(db_reopen(db, f->err), ENVRES_E_POISONED);
    struct db_stmt *stmt = NULL;
    assert_int_equal(db_use(db, sql_count, &stmt, f->err), ENVRES_E_POISONED);
    assert_int_equal(db_begin_write(db, f->err), ENVRES_E_POISONED);
    assert_int_equal(db_poll(db, &changed, f->err), ENVRES_E_POISONED);
    assert_int_equal(rename(f->other, f->path), 0);
    assert_int_equal(db_reopen(db, f->err), ENVRES_OK);
    assert_int_equal(count_workspaces(db), 1);
    db_close(db);
    db = open_db(NULL, DB_CREATE);
    assert_int_equal(db_reopen(db, f->err), ENVRES_E_POISONED);
    db_close(db);
}

/* A damaged page is met in the middle of work: from then on the handle refuses. */
static void
a_damaged_store_is_refused_for_good(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(f->path, DB_CREATE);
    commit_workspace(db, "a");
    db_close(db);
    damage_table(f->path, "workspace");
    db = open_db(f->path, 0);
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    int32_t changed = 0;
    assert_int_equal(db_use(db, sql_list, &stmt, f->err), ENVRES_OK);
    assert_int_equal(db_step(stmt, &row, f->err), ENVRES_E_CORRUPT);
    assert_non_null(strstr(envres_error_hint(f->err), "restore a backup"));
    assert_int_equal(db_step(stmt, &row, f->err), ENVRES_E_CORRUPT);
    assert_int_equal(db_use(db, sql_count, &stmt, f->err), ENVRES_E_CORRUPT);
    assert_int_equal(db_begin_write(db, f->err), ENVRES_E_CORRUPT);
    assert_int_equal(db_begin_read(db, f->err), ENVRES_E_CORRUPT);
    assert_int_equal(db_poll(db, &changed, f->err), ENVRES_E_CORRUPT);
    assert_int_equal(db_backup(db, f->other, f->err), ENVRES_E_CORRUPT);
    assert_int_equal(db_reopen(db, f->err), ENVRES_E_CORRUPT);
    assert_string_equal(db_fact(db, "format"), "unknown");
    db_close(db);
}

/* ---- verify, backup, facts ---- */

static void
verify_finds_what_is_wrong(void **state)
{
    struct fixture *f = *state;
    struct findings found = { 0 };
    struct db *db = open_db(f->path, DB_CREATE);
    commit_workspace(db, "a");
    assert_int_equal(db_verify(db, note_finding, &found, f->err), ENVRES_OK);
    assert_int_equal(found.count, 0);
    assert_int_equal(sqlite_exec(db, "PRAGMA synchronous = OFF", f->err), ENVRES_OK);
    assert_int_equal(db_verify(db, note_finding, &found, f->err), ENVRES_OK);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.code, "ENVRES_E_SETTING");
    db_close(db);
    /* a row whose owner is gone, a check that does not hold */
    spoil(f->path,
          "PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON;"
          "INSERT INTO slot VALUES (zeroblob(16), 1, '', zeroblob(160), NULL, 1);"
          "INSERT INTO workspace VALUES (zeroblob(3), 'b', zeroblob(32), 0, NULL, NULL, 1)");
    memset(&found, 0, sizeof(found));
    db = open_db(f->path, 0);
    assert_int_equal(db_verify(db, note_finding, &found, f->err), ENVRES_OK);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.code, "ENVRES_E_CORRUPT");
    assert_string_equal(found.object, "references");
    db_close(db);
    /* an object that came while the store was open */
    db = open_db(NULL, DB_CREATE);
    assert_int_equal(sqlite_exec(db, "CREATE TABLE extra (a) STRICT", f->err), ENVRES_E_INVALID);
    assert_int_equal(sqlite_exec(db, "CREATE TABLE extra (a ANY) STRICT", f->err), ENVRES_OK);
    memset(&found, 0, sizeof(found));
    assert_int_equal(db_verify(db, note_finding, &found, f->err), ENVRES_OK);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.object, "schema");
    db_close(db);
}

static void
verify_of_a_damaged_file(void **state)
{
    struct fixture *f = *state;
    struct findings found = { 0 };
    struct db *db = open_db(f->path, DB_CREATE);
    commit_workspace(db, "a");
    db_close(db);
    damage_table(f->path, "workspace");
    db = open_db(f->path, 0);
    assert_int_equal(db_verify(db, note_finding, &found, f->err), ENVRES_OK);
    assert_true(found.count > 0);
    assert_string_equal(found.code, "ENVRES_E_CORRUPT");
    assert_string_equal(found.object, "file");
    db_close(db);
}

static void
a_backup_is_a_whole_store(void **state)
{
    struct fixture *f = *state;
    const char *sources[] = { f->path, NULL };
    for (int i = 0; i < 2; i++) {
        struct db *db = open_db(sources[i], DB_CREATE);
        struct findings found = { 0 };
        commit_workspace(db, "a");
        assert_int_equal(db_backup(db, f->other, f->err), ENVRES_OK);
        commit_workspace(db, "b");
        assert_int_equal(db_backup(db, f->other, f->err), ENVRES_E_STORE_EXISTS);
        assert_string_equal(envres_error_subject(f->err), f->other);
        assert_int_equal(db_backup(db, "/no-such-folder/x", f->err), ENVRES_E_NO_STORE);
        db_close(db);
        db = open_db(f->other, 0);
        assert_int_equal(count_workspaces(db), 1);
        assert_int_equal(db_verify(db, note_finding, &found, f->err), ENVRES_OK);
        assert_int_equal(found.count, 0);
        db_close(db);
        assert_int_equal(unlink(f->other), 0);
    }
    /* nothing else is left in the folder */
    assert_int_equal(unlink(f->path), 0);
    char journal[160];
    snprintf(journal, sizeof(journal), "%s-journal", f->path);
    unlink(journal);
    snprintf(journal, sizeof(journal), "%s-journal", f->other);
    unlink(journal);
    assert_int_equal(rmdir(f->folder), 0);
    assert_int_equal(mkdir(f->folder, 0700), 0);
}

static void
facts_are_told(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(f->path, DB_CREATE);
    assert_string_equal(db_fact(db, "sqlite"), sqlite3_libversion());
    assert_string_equal(db_fact(db, "synchronous"), "extra");
    assert_string_equal(db_fact(db, "format"), "1");
    assert_string_equal(db_fact(db, "path"), f->path);
    assert_true(strlen(db_fact(db, "file_system")) > 0);
    assert_null(db_fact(db, "anything"));
    db_close(db);
    db = open_db(NULL, DB_CREATE);
    assert_string_equal(db_fact(db, "file_system"), "memory");
    assert_string_equal(db_fact(db, "journal_mode"), "memory");
    assert_string_equal(db_fact(db, "path"), ":memory:");
    db_close(db);
    db_close(NULL);
}

/* ---- out of memory ---- */

struct failing {
    int left;
    bool hit;
};

static void *
fail_later(void *ptr, size_t size, void *user)
{
    struct failing *f = user;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    if (f->left-- == 0) {
        f->hit = true;
        return NULL;
    }
    return realloc(ptr, size);
}

static void
no_memory_is_an_error(void **state)
{
    struct fixture *f = *state;
    bool hit = true;
    for (int n = 0; hit; n++) {
        struct failing failing = { n, false };
        struct mem mem = { fail_later, &failing };
        struct db *db = NULL;
        struct db_options options =
            options_of(f->path, n % 2 ? DB_RELAXED : DB_RELAXED | DB_CREATE);
        struct findings found = { 0 };
        options.mem = &mem;
        envres_status st = db_open(&options, &db, f->err);
        if (st >= 0)
            st = db_begin_write(db, f->err);
        if (st >= 0)
            st = db_end(db, add_workspace(db, "a", f->err), NULL, f->err);
        if (st >= 0)
            st = db_verify(db, note_finding, &found, f->err);
        if (st >= 0)
            st = db_backup(db, f->other, f->err);
        db_close(db);
        hit = failing.hit;
        /* OK means that all was done; a failed creation leaves no file */
        if (st >= 0)
            assert_int_equal(found.count, 0);
        if (hit && st < 0 && n % 2 == 0 && !db)
            assert_int_not_equal(access(f->path, F_OK), 0);
        if (hit)
            assert_true(st == ENVRES_E_NOMEM || st >= 0);
        else
            assert_int_equal(st, ENVRES_OK);
        unlink(f->other);
        unlink(f->path);
        if (n % 2 == 0)
            db_close(open_db(f->path, DB_CREATE));
        assert_true(n < 1000);
    }
}

/* ---- errors ---- */

struct error_case {
    int rc;
    int error;
    envres_status status;
};

static void
codes_are_mapped(void **state)
{
    (void)state;
    static const struct error_case rows[] = {
        { SQLITE_BUSY, 0, ENVRES_E_BUSY },
        { SQLITE_BUSY_RECOVERY, 0, ENVRES_E_BUSY },
        { SQLITE_BUSY_SNAPSHOT, 0, ENVRES_E_BUSY },
        { SQLITE_LOCKED, 0, ENVRES_E_BUSY },
        { SQLITE_PROTOCOL, 0, ENVRES_E_BUSY },
        { SQLITE_NOMEM, 0, ENVRES_E_NOMEM },
        { SQLITE_IOERR_NOMEM, 0, ENVRES_E_NOMEM },
        { SQLITE_IOERR, 0, ENVRES_E_IO },
        { SQLITE_IOERR_READ, EIO, ENVRES_E_IO },
        { SQLITE_IOERR_WRITE, EIO, ENVRES_E_IO },
        { SQLITE_IOERR_WRITE, EACCES, ENVRES_E_IO },
        { SQLITE_IOERR_WRITE, EDQUOT, ENVRES_E_FULL },
        { SQLITE_IOERR_WRITE, EFBIG, ENVRES_E_FULL },
        { SQLITE_IOERR_FSYNC, EIO, ENVRES_E_IO },
        { SQLITE_IOERR_CORRUPTFS, 0, ENVRES_E_CORRUPT },
        { SQLITE_IOERR_DATA, 0, ENVRES_E_CORRUPT },
        { SQLITE_FULL, ENOSPC, ENVRES_E_FULL },
        { SQLITE_CORRUPT, 0, ENVRES_E_CORRUPT },
        { SQLITE_CORRUPT_INDEX, 0, ENVRES_E_CORRUPT },
        { SQLITE_NOTADB, 0, ENVRES_E_CORRUPT },
        { SQLITE_READONLY, 0, ENVRES_E_READ_ONLY },
        { SQLITE_READONLY_DIRECTORY, 0, ENVRES_E_READ_ONLY },
        { SQLITE_READONLY_ROLLBACK, 0, ENVRES_E_READ_ONLY },
        { SQLITE_READONLY_DBMOVED, 0, ENVRES_E_POISONED },
        { SQLITE_PERM, 0, ENVRES_E_READ_ONLY },
        { SQLITE_CANTOPEN, 0, ENVRES_E_IO },
        { SQLITE_CANTOPEN, EMFILE, ENVRES_E_IO },
        { SQLITE_CANTOPEN, EACCES, ENVRES_E_READ_ONLY },
        { SQLITE_CANTOPEN, EPERM, ENVRES_E_READ_ONLY },
        { SQLITE_CANTOPEN, EROFS, ENVRES_E_READ_ONLY },
        { SQLITE_CANTOPEN, ENOENT, ENVRES_E_NO_STORE },
        { SQLITE_CANTOPEN, ENOTDIR, ENVRES_E_NO_STORE },
        { SQLITE_CANTOPEN, ENOSPC, ENVRES_E_FULL },
        { SQLITE_CANTOPEN_SYMLINK, ELOOP, ENVRES_E_FILE_MODE },
        { SQLITE_TOOBIG, 0, ENVRES_E_LIMIT },
        { SQLITE_CONSTRAINT_UNIQUE, 0, ENVRES_E_CHANGED },
        { SQLITE_CONSTRAINT_PRIMARYKEY, 0, ENVRES_E_CHANGED },
        { SQLITE_CONSTRAINT_FOREIGNKEY, 0, ENVRES_E_REFERRED },
        { SQLITE_CONSTRAINT_CHECK, 0, ENVRES_E_INVALID },
        { SQLITE_CONSTRAINT_NOTNULL, 0, ENVRES_E_INVALID },
        { SQLITE_AUTH, 0, ENVRES_E_INVALID },
        { SQLITE_ERROR, 0, ENVRES_E_INVALID },
        { SQLITE_MISUSE, 0, ENVRES_E_INVALID },
        { SQLITE_SCHEMA, 0, ENVRES_E_CHANGED },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_status st = sqlite_status(rows[i].rc, rows[i].error);
        if (st != rows[i].status)
            print_error("row: code %d, errno %d\n", rows[i].rc, rows[i].error);
        assert_int_equal(st, rows[i].status);
    }
}

/* A message names the operation, the reason and the path; no SQL, no values. */
static void
errors_say_what_and_where(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(f->path, DB_CREATE);
    int rc = SQLITE_IOERR_WRITE;
    assert_int_equal(sqlite_fill(NULL, &rc, "the change cannot be committed", f->path, f->err),
                     ENVRES_E_IO);
    assert_string_equal(envres_error_message(f->err),
                        "the change cannot be committed: disk I/O error while writing");
    assert_string_equal(envres_error_subject(f->err), f->path);
    commit_workspace(db, "canary-name");
    assert_int_equal(db_begin_write(db, f->err), ENVRES_OK);
    envres_status st = add_workspace(db, "canary-name", f->err);
    assert_int_equal(st, ENVRES_E_CHANGED);
    assert_null(strstr(envres_error_message(f->err), "canary"));
    assert_null(strstr(envres_error_message(f->err), "INSERT"));
    assert_int_equal(db_end(db, st, NULL, f->err), ENVRES_E_CHANGED);
    db_close(db);
}

/* Files of a folder that are not the two of the fixture. */
static int
count_strangers(const struct fixture *f)
{
    int count = 0;
    DIR *dir = opendir(f->folder);
    assert_non_null(dir);
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        if (e->d_name[0] != '.' && strcmp(e->d_name, "store") != 0 &&
            strcmp(e->d_name, "store-journal") != 0)
            count++;
    }
    closedir(dir);
    return count;
}

/* The system refuses to let files grow: creation and backup fail, and leave nothing behind. */
static void
what_fails_leaves_no_file(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(f->path, DB_CREATE);
    struct db *made = NULL;
    struct db_options options = options_of(f->other, DB_CREATE);
    struct rlimit before;
    commit_workspace(db, "a");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = { 8192, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    envres_status created = db_open(&options, &made, NULL);
    envres_status backed_up = db_backup(db, f->other, f->err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, old);
    assert_int_equal(created, ENVRES_E_FULL);
    assert_null(made);
    assert_int_equal(backed_up, ENVRES_E_FULL);
    assert_non_null(strstr(envres_error_hint(f->err), "free some space"));
    assert_string_equal(envres_error_subject(f->err), f->other);
    assert_int_equal(count_strangers(f), 0);
    assert_int_equal(count_workspaces(db), 1);
    db_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_db_setup, fx_db_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(memory_and_file_keep_rows),
        TEST(failed_transaction_leaves_nothing),
        TEST(poll_sees_others),
        TEST(statements_are_kept),
        TEST(many_statements_are_kept),
        TEST(a_failed_bind_is_reported_by_the_step),
        TEST(transactions_do_not_nest),
        TEST(a_read_transaction_is_one_state),
        TEST(two_writers_do_not_mix),
        TEST(a_full_disk_leaves_nothing),
        TEST(a_transaction_that_ended_by_itself_is_not_gone_on_with),
        TEST(a_store_can_be_opened_again),
        TEST(a_damaged_store_is_refused_for_good),
        TEST(verify_finds_what_is_wrong),
        TEST(verify_of_a_damaged_file),
        TEST(a_backup_is_a_whole_store),
        TEST(facts_are_told),
        TEST(no_memory_is_an_error),
        TEST(codes_are_mapped),
        TEST(errors_say_what_and_where),
        TEST(what_fails_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
