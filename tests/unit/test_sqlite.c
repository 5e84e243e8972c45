/* SPDX-License-Identifier: MIT */
/*
 * The driver: statements, transactions, settings and the open sequence, on real files in a folder
 * of its own, with a second raw connection where another process is meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "storage/migrate.h"
#include "storage/sqlite.h"

struct fixture {
    char folder[64];
    char path[128];
    char other[128];
    envres_error *err;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f)
        return -1;
    snprintf(f->folder, sizeof(f->folder), "/tmp/envres-sqlite-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->path, sizeof(f->path), "%s/store", f->folder);
    snprintf(f->other, sizeof(f->other), "%s/other", f->folder);
    f->err = envres_error_new(NULL);
    *state = f;
    return f->err ? 0 : -1;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
    int rc = system(command);
    envres_error_free(f->err);
    free(f);
    return rc;
}

static struct db_options
options_of(const char *path, uint32_t flags)
{
    struct db_options options = {
        .mem = &mem_default, .clock = &clock_system, .path = path, .flags = flags
    };
    return options;
}

static struct db *
open_db(const char *path, uint32_t flags)
{
    struct db_options options = options_of(path, flags);
    envres_error *err = envres_error_new(NULL);
    struct db *db = NULL;
    envres_status st = db_open(&options, &db, err);
    if (st < 0)
        print_error("db_open: %s (%s)\n", envres_error_message(err), envres_error_hint(err));
    assert_int_equal(st, ENVRES_OK);
    envres_error_free(err);
    return db;
}

static const char sql_add[] = "INSERT INTO workspace (id, name, created_at) VALUES (?1, ?2, ?3)";
static const char sql_count[] = "SELECT count(*) FROM workspace";
static const char sql_list[] = "SELECT id, name, created_at FROM workspace ORDER BY name";

static envres_status
add_workspace(struct db *db, const char *name, envres_error *err)
{
    unsigned char id[16] = { 0 };
    struct db_stmt *stmt = NULL;
    snprintf((char *)id, sizeof(id), "%s", name);
    envres_status st = db_use(db, sql_add, &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, sizeof(id));
    db_bind_text(stmt, 2, name, strlen(name));
    db_bind_int(stmt, 3, 7);
    return db_run(stmt, err);
}

static void
commit_workspace(struct db *db, const char *name)
{
    enum db_outcome outcome = DB_UNSURE;
    assert_int_equal(db_begin_write(db, NULL), ENVRES_OK);
    assert_int_equal(db_end(db, add_workspace(db, name, NULL), &outcome, NULL), ENVRES_OK);
    assert_int_equal(outcome, DB_COMMITTED);
}

static int64_t
count_workspaces(struct db *db)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    assert_int_equal(db_use(db, sql_count, &stmt, NULL), ENVRES_OK);
    assert_int_equal(db_step(stmt, &row, NULL), ENVRES_OK);
    assert_int_equal(row, DB_ROW);
    int64_t count = db_column_int(stmt, 0);
    db_reset(stmt);
    return count;
}

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

/* ---- the open sequence ---- */

struct journal_row {
    int version;
    enum journal journal;
};

static void
wal_only_where_it_can_be_trusted(void **state)
{
    (void)state;
    static const struct journal_row rows[] = {
        { 3007000, JOURNAL_TRUNCATE }, { 3037000, JOURNAL_TRUNCATE }, { 3040001, JOURNAL_TRUNCATE },
        { 3045003, JOURNAL_TRUNCATE }, { 3046001, JOURNAL_TRUNCATE }, { 3049002, JOURNAL_TRUNCATE },
        { 3050000, JOURNAL_TRUNCATE }, { 3050006, JOURNAL_TRUNCATE }, { 3050007, JOURNAL_WAL },
        { 3050099, JOURNAL_WAL },      { 3051000, JOURNAL_TRUNCATE }, { 3051001, JOURNAL_TRUNCATE },
        { 3051002, JOURNAL_TRUNCATE }, { 3051003, JOURNAL_WAL },      { 3052000, JOURNAL_WAL },
        { 4000000, JOURNAL_WAL },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (sqlite_journal_for(rows[i].version) != rows[i].journal)
            print_error("row: %d\n", rows[i].version);
        assert_int_equal(sqlite_journal_for(rows[i].version), rows[i].journal);
    }
}

struct pragma_row {
    const char *sql;
    const char *file;
    const char *memory;
};

static void
every_setting_is_kept(void **state)
{
    struct fixture *f = *state;
    bool wal = sqlite_journal_for(sqlite3_libversion_number()) == JOURNAL_WAL;
    const struct pragma_row rows[] = {
        { "PRAGMA journal_mode", wal ? "wal" : "truncate", "memory" },
        { "PRAGMA synchronous", "3", NULL },
        { "PRAGMA foreign_keys", "1", "1" },
        { "PRAGMA cell_size_check", "1", "1" },
        { "PRAGMA trusted_schema", "0", "0" },
        { "PRAGMA secure_delete", "1", "1" },
        { "PRAGMA temp_store", "2", "2" },
        { "PRAGMA mmap_size", "0", NULL },
        { "PRAGMA busy_timeout", "0", "0" },
        { "PRAGMA fullfsync", "1", "1" },
        { "PRAGMA application_id", "1701738098", "1701738098" },
        { "PRAGMA user_version", "1", "1" },
        { "PRAGMA encoding", "UTF-8", "UTF-8" },
        { "PRAGMA auto_vacuum", "0", "0" },
        { "PRAGMA query_only", "0", "0" },
    };
    for (int memory = 0; memory < 2; memory++) {
        struct db *db = open_db(memory ? NULL : f->path, DB_CREATE);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            char *found = NULL;
            const char *expected = memory ? rows[i].memory : rows[i].file;
            if (!expected)
                continue;
            assert_int_equal(sqlite_ask(db, rows[i].sql, &found, f->err), ENVRES_OK);
            if (!found || strcmp(found, expected) != 0)
                print_error("row: %s\n", rows[i].sql);
            assert_string_equal(found, expected);
            mem_free(&mem_default, found);
        }
        assert_int_equal(sqlite_check_settings(db, f->err), ENVRES_OK);
        db_close(db);
    }
}

/* A setting that does not stick is an error that names it. */
static void
a_lost_setting_is_named(void **state)
{
    struct fixture *f = *state;
    static const char *const rows[][2] = {
        { "PRAGMA synchronous = NORMAL", "synchronous: it says 1" },
        { "PRAGMA foreign_keys = OFF", "foreign_keys: it says 0" },
        { "PRAGMA secure_delete = OFF", "secure_delete: it says 0" },
        { "PRAGMA trusted_schema = ON", "trusted_schema: it says 1" },
        { "PRAGMA journal_mode = PERSIST", "journal_mode: it says persist" },
        { "PRAGMA cell_size_check = OFF", "cell_size_check: it says 0" },
        { "PRAGMA temp_store = FILE", "temp_store: it says 1" },
        { "PRAGMA ignore_check_constraints = ON", "ignore_check_constraints: it says 1" },
        { "PRAGMA locking_mode = EXCLUSIVE", "locking_mode: it says exclusive" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct db *db = open_db(i == 0 ? f->path : f->path, i == 0 ? DB_CREATE : 0);
        assert_int_equal(sqlite_exec(db, rows[i][0], f->err), ENVRES_OK);
        assert_int_equal(sqlite_check_settings(db, f->err), ENVRES_E_SETTING);
        if (!strstr(envres_error_message(f->err), rows[i][1]))
            print_error("row: %s: %s\n", rows[i][0], envres_error_message(f->err));
        assert_non_null(strstr(envres_error_message(f->err), rows[i][1]));
        db_close(db);
    }
}

static void
relaxed_lowers_synchronous_alone(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(f->path, DB_CREATE | DB_RELAXED);
    assert_string_equal(db_fact(db, "synchronous"), "off");
    assert_int_equal(sqlite_check_settings(db, f->err), ENVRES_OK);
    db_close(db);
}

/* What a connection refuses even to our own mistakes. */
static void
guards_hold(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(f->path, DB_CREATE);
    static const char *const refused[] = {
        "ATTACH DATABASE ':memory:' AS other",
        "DETACH DATABASE main",
        "CREATE TRIGGER t AFTER INSERT ON workspace BEGIN SELECT 1; END",
        "CREATE TEMP TRIGGER t AFTER INSERT ON workspace BEGIN SELECT 1; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TEMP TABLE t (a)",
        "CREATE VIRTUAL TABLE v USING fts5(a)",
        "SELECT load_extension('x')",
        "SELECT \"a string\"",
        "VACUUM INTO '/tmp/envres-should-not-be'",
        "UPDATE sqlite_schema SET sql = 'x'",
        "SELECT 1 UNION SELECT 2 UNION SELECT abs(1, 2, 3, 4, 5, 6, 7, 8, 9)",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        envres_status st = sqlite_exec(db, refused[i], f->err);
        if (st >= 0)
            print_error("row: %s\n", refused[i]);
        assert_true(st < 0);
        assert_int_equal(db->refusal, ENVRES_OK);
    }
    assert_int_equal(sqlite_exec(db, "PRAGMA writable_schema = ON", f->err), ENVRES_OK);
    assert_true(sqlite_exec(db, "UPDATE sqlite_schema SET sql = 'x'", f->err) < 0);
    db_close(db);
}

static void
files_are_0600_under_any_umask(void **state)
{
    struct fixture *f = *state;
    struct stat info;
    char journal[160];
    mode_t old = umask(0);
    struct db *db = open_db(f->path, DB_CREATE);
    assert_int_equal(db_begin_write(db, f->err), ENVRES_OK);
    assert_int_equal(add_workspace(db, "a", f->err), ENVRES_OK);
    assert_int_equal(lstat(f->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    snprintf(journal, sizeof(journal), "%s-%s", f->path,
             strcmp(db_fact(db, "journal_mode"), "wal") == 0 ? "wal" : "journal");
    assert_int_equal(lstat(journal, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(db_end(db, ENVRES_OK, NULL, f->err), ENVRES_OK);
    assert_int_equal(db_backup(db, f->other, f->err), ENVRES_OK);
    assert_int_equal(lstat(f->other, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    db_close(db);
    umask(old);
}

static void
creation_touches_nothing_that_is_there(void **state)
{
    struct fixture *f = *state;
    struct db *db = NULL;
    struct db_options options = options_of(f->path, DB_CREATE);
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    fputs("precious", file);
    fclose(file);
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_STORE_EXISTS);
    assert_string_equal(envres_error_subject(f->err), f->path);
    struct stat info;
    assert_int_equal(stat(f->path, &info), 0);
    assert_int_equal(info.st_size, 8);
    options.path = "/no-such-folder/store";
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_NO_STORE);
    options.path = "/proc/store";
    assert_true(db_open(&options, &db, f->err) < 0);
}

/* A store whose schema a test spoils through a raw connection. */
static void
spoil(const char *path, const char *sql)
{
    sqlite3 *raw = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    int rc = sqlite3_exec(raw, sql, NULL, NULL, &message);
    if (rc != SQLITE_OK)
        print_error("%s: %s\n", sql, message);
    assert_int_equal(rc, SQLITE_OK);
    sqlite3_close(raw);
}

struct spoil_row {
    const char *name;
    const char *sql;
    envres_status status;
    const char *message;
};

static const struct spoil_row spoil_rows[] = {
    { "trigger", "CREATE TRIGGER t AFTER INSERT ON workspace BEGIN SELECT 1; END", ENVRES_E_CORRUPT,
      "trigger 't'" },
    { "view", "CREATE VIEW v AS SELECT 1", ENVRES_E_CORRUPT, "view 'v'" },
    { "table", "CREATE TABLE extra (a)", ENVRES_E_CORRUPT, "table 'extra'" },
    { "index", "CREATE INDEX extra ON audit (time)", ENVRES_E_CORRUPT, "index 'extra'" },
    { "virtual table", "CREATE VIRTUAL TABLE x USING fts5(a)", ENVRES_E_CORRUPT,
      "that is not its own" },
    { "statistics", "ANALYZE", ENVRES_E_CORRUPT, "that is not its own" },
    { "column", "ALTER TABLE workspace ADD COLUMN extra TEXT", ENVRES_E_CORRUPT,
      "table 'workspace'" },
    { "generated column", "ALTER TABLE workspace ADD COLUMN g TEXT AS (name)", ENVRES_E_CORRUPT,
      "table 'workspace'" },
    { "white space",
      "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql ="
      " replace(sql, 'created_at INTEGER', 'created_at  INTEGER')",
      ENVRES_E_CORRUPT, "that is not its own" },
    { "index gone", "DROP INDEX setting_name", ENVRES_E_CORRUPT, "lacks 1 of its" },
    { "table gone", "DROP TABLE slot", ENVRES_E_CORRUPT, "lacks 1 of its" },
    { "another program's", "PRAGMA application_id = 7", ENVRES_E_NOT_A_STORE, "another program" },
    { "no application", "PRAGMA application_id = 0", ENVRES_E_NOT_A_STORE, "another program" },
    { "no format", "PRAGMA user_version = 0", ENVRES_E_NOT_A_STORE, "no format" },
    { "negative format", "PRAGMA user_version = -3", ENVRES_E_NOT_A_STORE, "no format" },
    { "newer", "PRAGMA user_version = 2", ENVRES_E_NEWER_STORE, "format 2; this release knows" },
    { "far newer", "PRAGMA user_version = 2000000000", ENVRES_E_NEWER_STORE, "format 2000000000" },
};

static void
a_foreign_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(spoil_rows) / sizeof(spoil_rows[0]); i++) {
        const struct spoil_row *row = &spoil_rows[i];
        struct db *db = NULL;
        struct db_options options = options_of(f->path, 0);
        unlink(f->path);
        db_close(open_db(f->path, DB_CREATE));
        spoil(f->path, row->sql);
        envres_status st = db_open(&options, &db, f->err);
        if (st != row->status || !strstr(envres_error_message(f->err), row->message))
            print_error("row: %s: %s\n", row->name, envres_error_message(f->err));
        assert_int_equal(st, row->status);
        assert_non_null(strstr(envres_error_message(f->err), row->message));
        assert_string_equal(envres_error_subject(f->err), f->path);
        assert_true(strlen(envres_error_hint(f->err)) > 0);
        assert_null(db);
    }
}

static size_t
read_all(const char *path, char *out, size_t cap)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(out, 1, cap, file);
    fclose(file);
    return len;
}

static void
write_all(const char *path, const char *data, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

enum { IMAGE_MAX = 1024 * 1024 };

/* Not one byte, nor the time, of a newer store changes; not even to roll back a hot journal. */
static void
a_newer_store_is_left_alone(void **state)
{
    struct fixture *f = *state;
    static char before[IMAGE_MAX];
    static char after[IMAGE_MAX];
    static const char journal_magic[] = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7 rest of a journal";
    char journal[160];
    struct stat one;
    struct stat two;
    struct db *db = NULL;
    struct db_options options = options_of(f->path, 0);
    snprintf(journal, sizeof(journal), "%s-journal", f->path);
    db_close(open_db(f->path, DB_CREATE));
    spoil(f->path, "PRAGMA user_version = 2");
    write_all(journal, journal_magic, sizeof(journal_magic));
    size_t len = read_all(f->path, before, sizeof(before));
    struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    assert_int_equal(utimensat(AT_FDCWD, f->path, times, 0), 0);
    assert_int_equal(stat(f->path, &one), 0);
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_NEWER_STORE);
    assert_int_equal(stat(f->path, &two), 0);
    assert_int_equal(read_all(f->path, after, sizeof(after)), len);
    assert_memory_equal(before, after, len);
    assert_int_equal(one.st_mtime, two.st_mtime);
    assert_int_equal(one.st_ino, two.st_ino);
    assert_int_equal(read_all(journal, after, sizeof(after)), sizeof(journal_magic));
}

static void
other_files_are_refused(void **state)
{
    struct fixture *f = *state;
    struct db *db = NULL;
    struct db_options options = options_of(f->path, 0);
    static char image[IMAGE_MAX];
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_NO_STORE);
    assert_string_equal(envres_error_subject(f->err), f->path);
    write_all(f->path, "", 0);
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_NOT_A_STORE);
    assert_non_null(strstr(envres_error_message(f->err), "it is empty"));
    write_all(f->path, "a text\n", 7);
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_NOT_A_STORE);
    assert_non_null(strstr(envres_error_message(f->err), "not a SQLite database"));
    assert_int_equal(unlink(f->path), 0);
    spoil(f->path, "CREATE TABLE t (a)");
    assert_int_equal(chmod(f->path, 0600), 0);
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_NOT_A_STORE);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_NOT_A_STORE);
    assert_int_equal(rmdir(f->path), 0);
    /* cut anywhere: never opened, never a crash, never changed */
    db_close(open_db(f->path, DB_CREATE));
    size_t len = read_all(f->path, image, sizeof(image));
    static const size_t cuts[] = { 15, 16, 61, 99, 100, 512, 4095, 4096, 4097, 8192, 20000 };
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        struct stat info;
        assert_true(cuts[i] < len);
        write_all(f->path, image, cuts[i]);
        envres_status st = db_open(&options, &db, f->err);
        if (st != ENVRES_E_CORRUPT && st != ENVRES_E_NOT_A_STORE)
            print_error("cut at %zu: %d\n", cuts[i], (int)st);
        assert_int_equal(st, cuts[i] < 72 ? ENVRES_E_NOT_A_STORE : ENVRES_E_CORRUPT);
        assert_int_equal(stat(f->path, &info), 0);
        assert_int_equal(info.st_size, cuts[i]);
    }
}

/* Overwrites the pages of one table. */
static void
damage_table(const char *path, const char *table)
{
    static char image[IMAGE_MAX];
    sqlite3 *raw = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(raw,
                                        "SELECT rootpage FROM sqlite_schema WHERE tbl_name = ?1",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
    size_t len = read_all(path, image, sizeof(image));
    while (sqlite3_step(stmt) == SQLITE_ROW)
        memset(image + (sqlite3_column_int64(stmt, 0) - 1) * 4096, 0xA5, 4096);
    sqlite3_finalize(stmt);
    sqlite3_close(raw);
    write_all(path, image, len);
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

static void
file_rules_hold_for_stores(void **state)
{
    struct fixture *f = *state;
    struct db *db = NULL;
    struct db_options options = options_of(f->path, 0);
    db_close(open_db(f->path, DB_CREATE));
    assert_int_equal(chmod(f->path, 0644), 0);
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_FILE_MODE);
    assert_non_null(strstr(envres_error_hint(f->err), "chmod 600"));
    options.flags = DB_ANY_FILE_MODE;
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_OK);
    db_close(db);
    db = NULL;
    options.flags = 0;
    assert_int_equal(chmod(f->path, 0600), 0);
    assert_int_equal(link(f->path, f->other), 0);
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_FILE_MODE);
    assert_int_equal(unlink(f->other), 0);
    assert_int_equal(symlink(f->path, f->other), 0);
    options.path = f->other;
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_FILE_MODE);
    assert_int_equal(chmod(f->folder, 0777), 0);
    options.path = f->path;
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_FILE_MODE);
    assert_non_null(strstr(envres_error_hint(f->err), "chmod o-w"));
}

/* A link on the way to the store is fine, and the working directory may change. */
static void
the_way_to_a_store_may_have_links(void **state)
{
    struct fixture *f = *state;
    char path[200];
    char here[4096];
    assert_int_equal(symlink(f->folder, f->other), 0);
    snprintf(path, sizeof(path), "%s/store", f->other);
    struct db *db = open_db(path, DB_CREATE);
    assert_string_equal(db_fact(db, "path"), path);
    db_close(db);
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(chdir(f->folder), 0);
    db = open_db("store", 0);
    assert_int_equal(chdir("/"), 0);
    commit_workspace(db, "a");
    assert_int_equal(db_reopen(db, f->err), ENVRES_OK);
    assert_int_equal(count_workspaces(db), 1);
    db_close(db);
    assert_int_equal(chdir(here), 0);
}

static void
a_path_longer_than_sqlite_takes(void **state)
{
    struct fixture *f = *state;
    struct db *db = NULL;
    char path[800];
    int used = snprintf(path, sizeof(path), "%s", f->folder);
    for (int i = 0; i < 10; i++) {
        used += snprintf(path + used, sizeof(path) - (size_t)used, "/%060d", i);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    snprintf(path + used, sizeof(path) - (size_t)used, "/store");
    struct db_options options = options_of(path, DB_CREATE);
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_LIMIT);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void
reading_only_never_writes(void **state)
{
    struct fixture *f = *state;
    struct db *db = open_db(f->path, DB_CREATE);
    commit_workspace(db, "a");
    db_close(db);
    db = open_db(f->path, DB_READ_ONLY);
    assert_int_equal(count_workspaces(db), 1);
    assert_int_equal(db_begin_write(db, f->err), ENVRES_E_READ_ONLY);
    assert_int_equal(db_begin_read(db, f->err), ENVRES_OK);
    assert_int_equal(db_end(db, ENVRES_OK, NULL, f->err), ENVRES_OK);
    assert_int_equal(db_backup(db, f->other, f->err), ENVRES_OK);
    db_close(db);
}

/* A store that another SQLite left in WAL mode: brought back when it can be. */
static void
a_wal_store_is_brought_back(void **state)
{
    struct fixture *f = *state;
    struct db *db = NULL;
    struct db_options options = options_of(f->path, 0);
    if (sqlite_journal_for(sqlite3_libversion_number()) == JOURNAL_WAL) {
        print_message("this SQLite may keep WAL: nothing to bring back\n");
        return;
    }
    db_close(open_db(f->path, DB_CREATE));
    sqlite3 *raw = NULL;
    assert_int_equal(sqlite3_open(f->path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw,
                                  "PRAGMA journal_mode = WAL;"
                                  "INSERT INTO workspace VALUES (zeroblob(16), 'w', 1)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_BUSY);
    assert_non_null(strstr(envres_error_message(f->err), "WAL mode"));
    assert_non_null(strstr(envres_error_hint(f->err), "close the store everywhere"));
    options.flags = DB_READ_ONLY;
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_OK);
    assert_int_equal(count_workspaces(db), 1);
    db_close(db);
    sqlite3_close(raw);
    db = open_db(f->path, 0);
    assert_string_equal(db_fact(db, "journal_mode"), "truncate");
    assert_int_equal(count_workspaces(db), 1);
    db_close(db);
}

/* ---- verify, backup, facts ---- */

struct findings {
    int count;
    char code[64];
    char object[64];
    char message[256];
};

static void
note_finding(void *user, const char *code, const char *object, const char *message)
{
    struct findings *found = user;
    found->count++;
    snprintf(found->code, sizeof(found->code), "%s", code);
    snprintf(found->object, sizeof(found->object), "%s", object);
    snprintf(found->message, sizeof(found->message), "%s", message);
}

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
    spoil(f->path, "PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON;"
                   "INSERT INTO slot VALUES (zeroblob(16), 1, zeroblob(160), NULL, 1);"
                   "INSERT INTO workspace VALUES (zeroblob(3), 'b', 1)");
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
        struct db_options options = options_of(f->path, n % 2 ? 0 : DB_CREATE);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        TEST(wal_only_where_it_can_be_trusted),
        TEST(every_setting_is_kept),
        TEST(a_lost_setting_is_named),
        TEST(relaxed_lowers_synchronous_alone),
        TEST(guards_hold),
        TEST(files_are_0600_under_any_umask),
        TEST(creation_touches_nothing_that_is_there),
        TEST(a_foreign_schema_is_refused),
        TEST(a_newer_store_is_left_alone),
        TEST(other_files_are_refused),
        TEST(a_damaged_store_is_refused_for_good),
        TEST(file_rules_hold_for_stores),
        TEST(the_way_to_a_store_may_have_links),
        TEST(a_path_longer_than_sqlite_takes),
        TEST(reading_only_never_writes),
        TEST(a_wal_store_is_brought_back),
        TEST(verify_finds_what_is_wrong),
        TEST(verify_of_a_damaged_file),
        TEST(a_backup_is_a_whole_store),
        TEST(facts_are_told),
        TEST(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
