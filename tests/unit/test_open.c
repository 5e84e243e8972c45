/* SPDX-License-Identifier: MIT */
/*
 * The open sequence: what a file must be, which settings hold, what is refused and left untouched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fx_db.h"

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
        { "PRAGMA cache_size", "-32768", "-32768" },
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
        { "PRAGMA cache_size = 10", "cache_size: it says 10" },
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
    { "another name",
      "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET name = 'x'"
      " WHERE name = 'setting_current'",
      ENVRES_E_CORRUPT, "" },
    { "another table",
      "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET tbl_name = 'audit'"
      " WHERE name = 'setting_current'",
      ENVRES_E_CORRUPT, "" },
    { "another type",
      "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET type = 'view'"
      " WHERE name = 'slot'",
      ENVRES_E_CORRUPT, "" },
    { "no text",
      "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = NULL"
      " WHERE name = 'setting_current'",
      ENVRES_E_CORRUPT, "" },
    { "text of another type",
      "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = x'41'"
      " WHERE name = 'setting_current'",
      ENVRES_E_CORRUPT, "" },
    { "index gone", "DROP INDEX setting_current", ENVRES_E_CORRUPT, "lacks 1 of its" },
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

/* The same when only the WAL says that it is newer. */
static void
a_newer_store_in_wal_mode_is_left_alone(void **state)
{
    struct fixture *f = *state;
    static char before[IMAGE_MAX];
    static char after[IMAGE_MAX];
    static char wal[IMAGE_MAX];
    char wal_path[160];
    struct db *db = NULL;
    struct db_options options = options_of(f->path, 0);
    sqlite3 *raw = NULL;
    snprintf(wal_path, sizeof(wal_path), "%s-wal", f->path);
    db_close(open_db(f->path, DB_CREATE));
    assert_int_equal(sqlite3_open(f->path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, "PRAGMA journal_mode = WAL", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    size_t len = read_all(f->path, before, sizeof(before));
    size_t wal_len = read_all(wal_path, wal, sizeof(wal));
    assert_true(wal_len > 0);
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_NEWER_STORE);
    assert_int_equal(read_all(f->path, after, sizeof(after)), len);
    assert_memory_equal(before, after, len);
    assert_int_equal(read_all(wal_path, after, sizeof(after)), wal_len);
    assert_memory_equal(wal, after, wal_len);
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

/* Another file is put in the place of the store at the moment SQLite opens it, or just after. */
static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *below;
    const char *with; /* NULL: it was done */
    const char *path;
    bool after;
} replacing;

static int
open_and_replace(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    bool now = replacing.with && (flags & SQLITE_OPEN_MAIN_DB);
    if (now && !replacing.after)
        assert_int_equal(rename(replacing.with, replacing.path), 0);
    int rc = replacing.below->xOpen(replacing.below, name, file, flags, out);
    if (now && replacing.after)
        assert_int_equal(rename(replacing.with, replacing.path), 0);
    if (now)
        replacing.with = NULL;
    return rc;
}

static void
test_65_a_file_replaced_while_it_is_opened(void **state)
{
    struct fixture *f = *state;
    replacing.below = sqlite3_vfs_find(NULL);
    replacing.vfs = *replacing.below;
    replacing.vfs.zName = "replacing";
    replacing.vfs.pNext = NULL;
    replacing.vfs.xOpen = open_and_replace;
    for (int after = 0; after < 2; after++) {
        struct db *db = NULL;
        struct db_options options = options_of(f->path, 0);
        unlink(f->path);
        db_close(open_db(f->path, DB_CREATE));
        db_close(open_db(f->other, DB_CREATE));
        replacing.with = f->other;
        replacing.path = f->path;
        replacing.after = after != 0;
        assert_int_equal(sqlite3_vfs_register(&replacing.vfs, 1), SQLITE_OK);
        envres_status st = db_open(&options, &db, f->err);
        assert_int_equal(sqlite3_vfs_unregister(&replacing.vfs), SQLITE_OK);
        assert_int_equal(sqlite3_vfs_register(replacing.below, 1), SQLITE_OK);
        assert_null(replacing.with);
        assert_int_equal(st, ENVRES_E_FILE_MODE);
        assert_null(db);
        assert_non_null(strstr(envres_error_message(f->err), "replaced"));
        /* What stands there now is a store as well, and opens by itself. */
        assert_int_equal(db_open(&options, &db, f->err), ENVRES_OK);
        db_close(db);
    }
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
    assert_int_equal(
        sqlite3_exec(
            raw,
            "PRAGMA journal_mode = WAL;"
            "INSERT INTO workspace VALUES (zeroblob(16), 'w', zeroblob(32), 0, NULL, NULL, 1)",
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_db_setup, fx_db_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wal_only_where_it_can_be_trusted),
        TEST(every_setting_is_kept),
        TEST(a_lost_setting_is_named),
        TEST(relaxed_lowers_synchronous_alone),
        TEST(guards_hold),
        TEST(files_are_0600_under_any_umask),
        TEST(creation_touches_nothing_that_is_there),
        TEST(a_foreign_schema_is_refused),
        TEST(a_newer_store_is_left_alone),
        TEST(a_newer_store_in_wal_mode_is_left_alone),
        TEST(other_files_are_refused),
        TEST(file_rules_hold_for_stores),
        TEST(test_65_a_file_replaced_while_it_is_opened),
        TEST(the_way_to_a_store_may_have_links),
        TEST(a_path_longer_than_sqlite_takes),
        TEST(reading_only_never_writes),
        TEST(a_wal_store_is_brought_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
