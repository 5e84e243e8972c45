/* SPDX-License-Identifier: MIT */
/*
 * Every call that is made to SQLite fails once, in each use of a store: the answer is an error that
 * names the cause, nothing is half done, nothing stays open, and the store is as it was. And what
 * SQLite says of itself is believed: a setting that does not hold, a file that moved. Calls are put
 * in between by the linker (--wrap).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "fx_db.h"
#include "fx_mem.h"
#include "sqlite_calls.h"
#include "storage/migrate.h"
#include "storage/salvage.h"
#include "storage/sqlite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- a store to work on ---------------------------------------------------------------------- */

static struct fx_mem memory;

static struct db_options
options_here(const char *path, uint32_t flags)
{
    struct db_options options = options_of(path, flags);
    options.mem = &memory.mem;
    return options;
}

/* Files of the folder. */
static int
count_files(const struct fixture *f)
{
    int count = 0;
    DIR *dir = opendir(f->folder);
    assert_non_null(dir);
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

static int
open_files(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

/* A store with one workspace. */
static void
make_store(const struct fixture *f)
{
    struct db *db = open_db(f->path, DB_CREATE | DB_RELAXED);
    commit_workspace(db, "a");
    db_close(db);
}

/* One use of a store. `left` tells whether the fault is to begin: what comes before is prepared. */
typedef envres_status (*use_fn)(struct fixture *f, int nth);

static envres_status
open_with_fault(const struct db_options *options, int nth, struct db **out, envres_error *err)
{
    plan.left = nth;
    envres_status st = db_open(options, out, err);
    plan.left = -1;
    return st;
}

static envres_status
use_open(struct fixture *f, int nth)
{
    struct db_options options = options_here(f->path, DB_RELAXED);
    struct db *db = NULL;
    envres_status st = open_with_fault(&options, nth, &db, f->err);
    assert_int_equal(!db, st < 0);
    db_close(db);
    return st;
}

static envres_status
use_open_for_reading(struct fixture *f, int nth)
{
    struct db_options options = options_here(f->path, DB_READ_ONLY);
    struct db *db = NULL;
    envres_status st = open_with_fault(&options, nth, &db, f->err);
    assert_int_equal(!db, st < 0);
    db_close(db);
    return st;
}

static envres_status
use_open_in_vfs(struct fixture *f, int nth)
{
    struct db_options options = options_here(f->path, DB_RELAXED);
    struct db *db = NULL;
    options.vfs = "unix";
    envres_status st = open_with_fault(&options, nth, &db, f->err);
    assert_int_equal(!db, st < 0);
    db_close(db);
    return st;
}

static envres_status
use_create(struct fixture *f, int nth)
{
    struct db_options options = options_here(f->other, DB_CREATE | DB_RELAXED);
    struct db *db = NULL;
    envres_status st = open_with_fault(&options, nth, &db, f->err);
    assert_int_equal(access(f->other, F_OK) != 0, st < 0);
    db_close(db);
    unlink(f->other);
    return st;
}

static envres_status
use_create_in_vfs(struct fixture *f, int nth)
{
    struct db_options options = options_here(f->other, DB_CREATE | DB_RELAXED);
    struct db *db = NULL;
    options.vfs = "unix";
    envres_status st = open_with_fault(&options, nth, &db, f->err);
    assert_int_equal(!db, st < 0);
    db_close(db);
    /* What is in a VFS of the caller is its own to remove. */
    unlink(f->other);
    return st;
}

static envres_status
use_memory(struct fixture *f, int nth)
{
    struct db_options options = options_here(NULL, 0);
    struct db *db = NULL;
    envres_status st = open_with_fault(&options, nth, &db, f->err);
    assert_int_equal(!db, st < 0);
    db_close(db);
    return st;
}

/* After a failure the same handle is good, unless it says that it is not. */
static void
still_good(struct fixture *f, struct db *db, int64_t rows)
{
    if (db->refusal != ENVRES_OK) {
        assert_int_equal(db_begin_read(db, NULL), db->refusal);
        if (db->refusal == ENVRES_E_POISONED)
            assert_int_equal(db_reopen(db, f->err), ENVRES_OK);
    }
    if (db->refusal == ENVRES_OK)
        assert_int_equal(count_workspaces(db), rows);
}

static envres_status
use_write(struct fixture *f, int nth)
{
    struct db_options options = options_here(f->path, DB_RELAXED);
    struct db *db = NULL;
    enum db_outcome outcome = DB_UNSURE;
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_OK);
    plan.left = nth;
    envres_status st = db_begin_write(db, f->err);
    if (st >= 0)
        st = db_end(db, add_workspace(db, "b", f->err), &outcome, f->err);
    plan.left = -1;
    assert_int_equal(outcome == DB_COMMITTED, st >= 0);
    assert_int_equal(db_transaction(db), 0);
    still_good(f, db, st < 0 ? 1 : 2);
    db_close(db);
    spoil(f->path, "DELETE FROM workspace WHERE name = 'b'");
    return st;
}

static envres_status
use_read(struct fixture *f, int nth)
{
    struct db_options options = options_here(f->path, DB_RELAXED);
    struct db *db = NULL;
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_OK);
    plan.left = nth;
    envres_status st = db_begin_read(db, f->err);
    if (st >= 0) {
        st = db_use(db, sql_count, &stmt, f->err);
        if (st >= 0)
            st = db_step(stmt, &row, f->err);
        st = db_end(db, st, NULL, f->err);
    }
    plan.left = -1;
    /* What was read is right, but the transaction did not end. */
    if (st == ENVRES_OK && plan.hit) {
        assert_int_equal(row, DB_ROW);
        assert_int_equal(db->refusal, ENVRES_E_POISONED);
        st = plan.want;
    }
    still_good(f, db, 1);
    db_close(db);
    return st;
}

static envres_status
use_poll(struct fixture *f, int nth)
{
    struct db_options options = options_here(f->path, DB_RELAXED);
    struct db *db = NULL;
    int32_t changed = 7;
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_OK);
    plan.left = nth;
    envres_status st = db_poll(db, &changed, f->err);
    assert_int_equal(changed, st < 0 ? 7 : 0);
    if (st >= 0)
        st = db_scrub(db, f->err);
    plan.left = -1;
    still_good(f, db, 1);
    db_close(db);
    return st;
}

static envres_status
use_verify(struct fixture *f, int nth)
{
    struct db_options options = options_here(f->path, DB_RELAXED);
    struct db *db = NULL;
    struct findings found = { 0 };
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_OK);
    plan.left = nth;
    envres_status st = db_verify(db, note_finding, &found, f->err);
    plan.left = -1;
    /* What says something about the file is a finding. */
    if (st == ENVRES_OK && found.count > 0) {
        assert_string_equal(found.code, envres_status_name(ENVRES_E_CORRUPT));
        st = ENVRES_E_CORRUPT;
    }
    still_good(f, db, 1);
    db_close(db);
    return st;
}

static envres_status
backup_in(struct fixture *f, int nth, const char *vfs)
{
    struct db_options options = options_here(f->path, DB_RELAXED);
    struct db *db = NULL;
    options.vfs = vfs;
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_OK);
    int files = count_files(f);
    plan.left = nth;
    envres_status st = db_backup(db, f->other, f->err);
    plan.left = -1;
    assert_int_equal(count_files(f), st < 0 ? files : files + 1);
    if (st >= 0) {
        struct db *copy = open_db(f->other, DB_ANY_FILE_MODE | DB_RELAXED);
        assert_int_equal(count_workspaces(copy), 1);
        db_close(copy);
    }
    still_good(f, db, 1);
    db_close(db);
    unlink(f->other);
    return st;
}

static envres_status
use_backup(struct fixture *f, int nth)
{
    return backup_in(f, nth, NULL);
}

static envres_status
use_backup_in_vfs(struct fixture *f, int nth)
{
    return backup_in(f, nth, "unix");
}

static envres_status
use_reopen(struct fixture *f, int nth)
{
    struct db_options options = options_here(f->path, DB_RELAXED);
    struct db *db = NULL;
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_OK);
    plan.left = nth;
    envres_status st = db_reopen(db, f->err);
    plan.left = -1;
    if (st < 0)
        assert_true(db->refusal == ENVRES_E_POISONED || db->refusal == ENVRES_E_CORRUPT);
    still_good(f, db, 1);
    db_close(db);
    return st;
}

/* ---- migrations ------------------------------------------------------------------------------ */

static const char *const step_0[] = {
    "CREATE TABLE note (id INTEGER NOT NULL PRIMARY KEY) STRICT",
    NULL,
};
static const char *const step_1[] = {
    "CREATE TABLE mark (id INTEGER NOT NULL PRIMARY KEY) STRICT",
    "INSERT INTO note (id) VALUES (1)",
    NULL,
};
static const char *const schema_2[] = {
    "CREATE TABLE note (id INTEGER NOT NULL PRIMARY KEY) STRICT",
    "CREATE TABLE mark (id INTEGER NOT NULL PRIMARY KEY) STRICT",
    NULL,
};
static const char *const schema_1[] = {
    "CREATE TABLE note (id INTEGER NOT NULL PRIMARY KEY) STRICT",
    NULL,
};

static const char *const *
steps(int from)
{
    return from == 0 ? step_0 : from == 1 ? step_1 : NULL;
}

static const char *const *
give_schema_1(void)
{
    return schema_1;
}

static const char *const *
give_schema_2(void)
{
    return schema_2;
}

static const struct migration format_1 = { 1, steps, give_schema_1 };
static const struct migration format_2 = { 2, steps, give_schema_2 };

static envres_status
use_migrate(struct fixture *f, int nth)
{
    struct db_options options = options_here(f->other, DB_CREATE | DB_RELAXED);
    struct db *db = NULL;
    int64_t notes = 7;
    assert_int_equal(sqlite_open(&options, &format_1, &db, f->err), ENVRES_OK);
    db_close(db);
    db = NULL;
    int files = count_files(f);
    options.flags = DB_RELAXED;
    plan.left = nth;
    envres_status st = sqlite_open(&options, &format_2, &db, f->err);
    plan.left = -1;
    assert_int_equal(!db, st < 0);
    db_close(db);
    db = NULL;
    /* All of a step or nothing, and with it the copy of what was before. */
    envres_status again = sqlite_open(&options, &format_1, &db, f->err);
    assert_int_equal(again, count_files(f) == files ? ENVRES_OK : again);
    if (again == ENVRES_OK) {
        assert_true(st < 0);
        assert_int_equal(sqlite_ask_int(db, "SELECT count(*) FROM note", &notes, f->err),
                         ENVRES_OK);
        assert_int_equal(notes, 0);
    } else {
        assert_int_equal(again, ENVRES_E_NEWER_STORE);
    }
    db_close(db);
    char command[256];
    snprintf(command, sizeof(command), "rm -f '%s'*", f->other);
    assert_int_equal(system(command), 0);
    return st;
}

/* ---- salvage --------------------------------------------------------------------------------- */

static envres_status
use_salvage(struct fixture *f, int nth)
{
    struct db_options options = options_here(f->other, DB_CREATE | DB_RELAXED);
    struct db *into = NULL;
    struct salvage_reading reading = { 0 };
    int64_t count = 0;
    assert_int_equal(db_open(&options, &into, f->err), ENVRES_OK);
    int files = count_files(f);
    plan.left = nth;
    envres_status st = salvage_read(into, f->path, &reading, f->err);
    int left = plan.left;
    plan.left = -1;
    assert_int_equal(count_files(f), files);
    if (st == ENVRES_OK) {
        assert_int_equal(reading.rows, 1);
        assert_int_equal(reading.refused, 0);
        assert_int_equal(reading.is_whole, !plan.hit);
        /* What SQLite says of the file is told, and nothing else: reading goes on without it. */
        st = plan.hit ? plan.want : ENVRES_OK;
    }
    if (!plan.hit) {
        plan.left = left;
        st = salvage_count(into, "workspace", &count, f->err);
        plan.left = -1;
        assert_int_equal(count, st < 0 ? 0 : 1);
    }
    db_close(into);
    unlink(f->other);
    return st;
}

static void
note_orphans(void *user, const char *table, int64_t count)
{
    int64_t *told = user;
    assert_true(strcmp(table, told[0] ? "slot" : "principal") == 0);
    assert_int_equal(count, told[0] ? 1 : 2);
    told[told[0] ? 1 : 0] += count;
}

/* Two rows that refer to nothing, and one that will when they are gone. */
static envres_status
use_orphans(struct fixture *f, int nth)
{
    struct db_options options = options_here(f->path, DB_RELAXED);
    struct db *db = NULL;
    int64_t told[2] = { 0, 0 };
    int64_t left = 0;
    spoil(f->path, "PRAGMA foreign_keys = OFF; DELETE FROM slot; DELETE FROM principal");
    for (int i = 0; i < 2; i++)
        spoil(f->path, i ? "INSERT INTO principal VALUES (randomblob(16), randomblob(16), 'p',"
                           " zeroblob(32), zeroblob(32), zeroblob(64), 1, NULL)"
                         : "INSERT INTO principal VALUES (x'000102030405060708090a0b0c0d0e0f',"
                           " randomblob(16), 'q', zeroblob(32), zeroblob(32), zeroblob(64), 1,"
                           " NULL)");
    spoil(f->path, "INSERT INTO slot VALUES (x'000102030405060708090a0b0c0d0e0f', 1, 'l',"
                   " zeroblob(160), NULL, 1)");
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_OK);
    /* As salvage leaves it. */
    assert_int_equal(sqlite_exec(db, "PRAGMA foreign_keys = OFF", f->err), ENVRES_OK);
    plan.left = nth;
    envres_status st = db_begin_write(db, f->err);
    if (st >= 0)
        st = db_end(db, salvage_drop_orphans(db, note_orphans, told, f->err), NULL, f->err);
    plan.left = -1;
    still_good(f, db, 1);
    if (db->refusal == ENVRES_OK) {
        assert_int_equal(sqlite_ask_int(db,
                                        "SELECT (SELECT count(*) FROM principal) +"
                                        " (SELECT count(*) FROM slot)",
                                        &left, f->err),
                         ENVRES_OK);
        assert_int_equal(left, st < 0 ? 3 : 0);
    }
    if (st == ENVRES_OK)
        assert_true(told[0] == 2 && told[1] == 1);
    db_close(db);
    return st;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static const struct fault {
    int code;
    envres_status want;
} faults[] = {
    { SQLITE_IOERR_READ, ENVRES_E_IO },
    { SQLITE_NOMEM, ENVRES_E_NOMEM },
    { SQLITE_CORRUPT, ENVRES_E_CORRUPT },
    { SQLITE_BUSY, ENVRES_E_BUSY },
};

/* The first calls all, of those behind them every `step`-th: an odd number, so that each way to
 * fail comes about. */
enum { FIRST = 24 };

static void
each_call_fails(struct fixture *f, use_fn run, int step)
{
    int files = open_files();
    plan_nothing();
    make_store(f);
    for (int n = 0;; n += n < FIRST ? 1 : step) {
        const struct fault *fault = &faults[(size_t)n % COUNT(faults)];
        fx_mem_init(&memory);
        plan_nothing();
        plan.code = fault->code;
        plan.want = fault->want;
        envres_error_clear(f->err);
        envres_status st = run(f, n);
        assert_int_equal(memory.blocks, 0);
        if (!plan.hit) {
            assert_int_equal(st, ENVRES_OK);
            print_message("  %d calls\n", n);
            break;
        }
        if (st != plan.want)
            print_error("call %d (%s) fails with %d: %d (%s)\n", n, plan.name, plan.code, st,
                        envres_error_message(f->err));
        assert_int_equal(st, plan.want);
    }
    assert_int_equal(open_files(), files);
}

static void
open_fails(void **state)
{
    each_call_fails(*state, use_open, 1);
}

static void
open_for_reading_fails(void **state)
{
    each_call_fails(*state, use_open_for_reading, 7);
}

static void
open_in_vfs_fails(void **state)
{
    each_call_fails(*state, use_open_in_vfs, 5);
}

static void
create_fails(void **state)
{
    each_call_fails(*state, use_create, 3);
}

static void
create_in_vfs_fails(void **state)
{
    each_call_fails(*state, use_create_in_vfs, 7);
}

static void
memory_fails(void **state)
{
    each_call_fails(*state, use_memory, 9);
}

static void
write_fails(void **state)
{
    each_call_fails(*state, use_write, 1);
}

static void
read_fails(void **state)
{
    each_call_fails(*state, use_read, 1);
}

static void
poll_fails(void **state)
{
    each_call_fails(*state, use_poll, 1);
}

static void
verify_fails(void **state)
{
    each_call_fails(*state, use_verify, 3);
}

static void
backup_fails(void **state)
{
    each_call_fails(*state, use_backup, 3);
}

static void
backup_in_vfs_fails(void **state)
{
    each_call_fails(*state, use_backup_in_vfs, 7);
}

static void
reopen_fails(void **state)
{
    each_call_fails(*state, use_reopen, 5);
}

static void
migrate_fails(void **state)
{
    each_call_fails(*state, use_migrate, 1);
}

static void
salvage_fails(void **state)
{
    each_call_fails(*state, use_salvage, 7);
}

static void
orphans_fails(void **state)
{
    each_call_fails(*state, use_orphans, 1);
}

/* ---- what SQLite says of itself ---------------------------------------------------------------
 */

static envres_status
try_open(struct fixture *f)
{
    struct db *db = NULL;
    struct db_options options = options_of(f->path, DB_RELAXED);
    envres_error_clear(f->err);
    envres_status st = db_open(&options, &db, f->err);
    db_close(db);
    return st;
}

static void
settings_that_do_not_hold(void **state)
{
    static const int options[] = {
        SQLITE_DBCONFIG_DEFENSIVE,      SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
        SQLITE_DBCONFIG_DQS_DML,        SQLITE_DBCONFIG_DQS_DDL,
        SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW,
        SQLITE_DBCONFIG_WRITABLE_SCHEMA
    };
    static const int limits[] = { SQLITE_LIMIT_LENGTH, SQLITE_LIMIT_SQL_LENGTH,
                                  SQLITE_LIMIT_ATTACHED, SQLITE_LIMIT_WORKER_THREADS };
    struct fixture *f = *state;
    plan_nothing();
    make_store(f);
    for (size_t i = 0; i < COUNT(options); i++) {
        plan_nothing();
        plan.option = options[i];
        assert_int_equal(try_open(f), ENVRES_E_SETTING);
        assert_string_equal(envres_error_subject(f->err), f->path);
    }
    for (size_t i = 0; i < COUNT(limits); i++) {
        plan_nothing();
        plan.limit = limits[i];
        assert_int_equal(try_open(f), ENVRES_E_SETTING);
        assert_non_null(strstr(envres_error_message(f->err), "a limit"));
    }
    plan_nothing();
    plan.is_single = true;
    assert_int_equal(try_open(f), ENVRES_E_SETTING);
    assert_non_null(strstr(envres_error_message(f->err), "SQLITE_THREADSAFE"));
    plan_nothing();
    assert_int_equal(try_open(f), ENVRES_OK);
}

/* In memory there is no path to name. */
static void
settings_of_a_store_in_memory(void **state)
{
    struct fixture *f = *state;
    struct db_options options = options_of(NULL, 0);
    struct db *db = NULL;
    plan_nothing();
    plan.is_single = true;
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_E_SETTING);
    assert_string_equal(envres_error_subject(f->err), "");
    plan_nothing();
}

static void
a_file_that_moved(void **state)
{
    struct fixture *f = *state;
    plan_nothing();
    make_store(f);
    plan.has_moved = true;
    assert_int_equal(try_open(f), ENVRES_E_FILE_MODE);
    assert_string_equal(envres_error_subject(f->err), f->path);
    plan_nothing();
    assert_int_equal(try_open(f), ENVRES_OK);
}

/* A SQLite that can be trusted with it keeps a write-ahead log; one that cannot brings it back. */
static void
the_journal_that_can_be_trusted(void **state)
{
    struct fixture *f = *state;
    struct db *db = NULL;
    plan_nothing();
    make_store(f);
    plan.version = 3051003;
    db = open_db(f->path, DB_RELAXED);
    assert_string_equal(db_fact(db, "journal_mode"), "wal");
    commit_workspace(db, "b");
    db_forget(db);
    assert_int_equal(db_scrub(db, f->err), ENVRES_OK);
    size_t findings = 0;
    assert_int_equal(db_verify(db, db_count_finding, &findings, f->err), ENVRES_OK);
    assert_int_equal(findings, 0);
    /* What is set is not what this one would set any more. */
    plan_nothing();
    assert_int_equal(db_verify(db, db_count_finding, &findings, f->err), ENVRES_OK);
    assert_int_equal(findings, 1);
    db_close(db);
    db = open_db(f->path, DB_RELAXED);
    assert_string_equal(db_fact(db, "journal_mode"), "truncate");
    assert_int_equal(count_workspaces(db), 2);
    db_close(db);
    /* A file system without shared memory has none of it. */
    plan.version = 3051003;
    struct db_options options = options_of(f->path, DB_RELAXED);
    options.vfs = "unix-none";
    assert_int_equal(db_open(&options, &db, f->err), ENVRES_OK);
    assert_string_equal(db_fact(db, "journal_mode"), "truncate");
    db_close(db);
    plan_nothing();
}

/* The first of two errors of parameters is told. */
static void
the_first_bind_that_failed(void **state)
{
    struct fixture *f = *state;
    struct db *db = NULL;
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    plan_nothing();
    make_store(f);
    db = open_db(f->path, DB_RELAXED);
    assert_int_equal(db_use(db, "SELECT ?1, ?2", &stmt, f->err), ENVRES_OK);
    plan.code = SQLITE_NOMEM;
    plan.left = 0;
    db_bind_int(stmt, 1, 1);
    assert_int_equal(plan.hit, 1);
    db_bind_int(stmt, 99, 1);
    assert_int_equal(db_step(stmt, &row, f->err), ENVRES_E_NOMEM);
    assert_int_equal(row, DB_DONE);
    db_close(db);
}

/* A failed sync, and a folder's, leave it unknown what the disk has; another failure does not. */
static void
what_is_not_known_any_more(void **state)
{
    static const struct {
        int code;
        envres_status want;
        envres_status refusal;
    } rows[] = {
        { SQLITE_IOERR_FSYNC, ENVRES_E_IO, ENVRES_E_POISONED },
        { SQLITE_IOERR_DIR_FSYNC, ENVRES_E_IO, ENVRES_E_POISONED },
        { SQLITE_READONLY_DBMOVED, ENVRES_E_POISONED, ENVRES_E_POISONED },
        { SQLITE_IOERR_WRITE, ENVRES_E_IO, ENVRES_OK },
        { SQLITE_FULL, ENVRES_E_FULL, ENVRES_OK },
        { SQLITE_CORRUPT, ENVRES_E_CORRUPT, ENVRES_E_CORRUPT },
    };
    struct fixture *f = *state;
    plan_nothing();
    make_store(f);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct db *db = open_db(f->path, DB_RELAXED);
        int32_t changed = 0;
        plan.code = rows[i].code;
        plan.left = 0;
        assert_int_equal(db_poll(db, &changed, f->err), rows[i].want);
        plan_nothing();
        assert_int_equal(db->refusal, rows[i].refusal);
        assert_int_equal(db_poll(db, &changed, f->err), rows[i].refusal);
        /* What is damaged stays so, whatever comes after. */
        if (rows[i].refusal == ENVRES_E_CORRUPT) {
            sqlite_error(db, SQLITE_IOERR_FSYNC, "the store cannot be read", f->err);
            assert_int_equal(db->refusal, ENVRES_E_CORRUPT);
        }
        db_close(db);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, fx_db_setup, fx_db_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(open_fails),
        TEST(open_for_reading_fails),
        TEST(open_in_vfs_fails),
        TEST(create_fails),
        TEST(create_in_vfs_fails),
        TEST(memory_fails),
        TEST(write_fails),
        TEST(read_fails),
        TEST(poll_fails),
        TEST(verify_fails),
        TEST(backup_fails),
        TEST(backup_in_vfs_fails),
        TEST(reopen_fails),
        TEST(migrate_fails),
        TEST(salvage_fails),
        TEST(orphans_fails),
        TEST(settings_that_do_not_hold),
        TEST(settings_of_a_store_in_memory),
        TEST(a_file_that_moved),
        TEST(the_journal_that_can_be_trusted),
        TEST(the_first_bind_that_failed),
        TEST(what_is_not_known_any_more),

    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
