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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(memory_and_file_keep_rows),
        TEST(failed_transaction_leaves_nothing),
        TEST(poll_sees_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
