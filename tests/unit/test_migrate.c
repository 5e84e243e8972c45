/* SPDX-License-Identifier: MIT */
/*
 * Formats and migrations: the shipped steps, and the machinery of later ones with a table of steps
 * of its own, on real files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "storage/migrate.h"
#include "storage/sqlite.h"

struct fixture {
    char folder[64];
    char path[128];
    envres_error *err;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f)
        return -1;
    snprintf(f->folder, sizeof(f->folder), "/tmp/envres-migrate-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->path, sizeof(f->path), "%s/store", f->folder);
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

/* ---- a table of steps of the tests ---- */

static const char *const step_0[] = {
    "CREATE TABLE note (id INTEGER NOT NULL PRIMARY KEY, text TEXT NOT NULL) STRICT",
    NULL,
};

static const char *const step_1[] = {
    "CREATE TABLE mark (id INTEGER NOT NULL PRIMARY KEY) STRICT",
    "INSERT INTO mark (id) SELECT id FROM note",
    NULL,
};

static const char *const step_2[] = {
    "CREATE UNIQUE INDEX note_text ON note (text)",
    NULL,
};

static const char *const schema_1[] = {
    "CREATE TABLE note (id INTEGER NOT NULL PRIMARY KEY, text TEXT NOT NULL) STRICT",
    NULL,
};

static const char *const schema_3[] = {
    "CREATE TABLE note (id INTEGER NOT NULL PRIMARY KEY, text TEXT NOT NULL) STRICT",
    "CREATE TABLE mark (id INTEGER NOT NULL PRIMARY KEY) STRICT",
    "CREATE UNIQUE INDEX note_text ON note (text)",
    NULL,
};

static const char *const *
steps(int from)
{
    static const char *const *const table[] = { step_0, step_1, step_2 };
    return from >= 0 && from < 3 ? table[from] : NULL;
}

static const char *const *
give_schema_1(void)
{
    return schema_1;
}

static const char *const *
give_schema_3(void)
{
    return schema_3;
}

static const struct migration format_1 = { 1, steps, give_schema_1 };
static const struct migration format_3 = { 3, steps, give_schema_3 };

static envres_status
open_with(const char *path, const struct migration *migration, uint32_t flags, struct db **out,
          envres_error *err)
{
    struct db_options options = {
        .mem = &mem_default, .clock = &clock_system, .path = path, .flags = flags
    };
    *out = NULL;
    return sqlite_open(&options, migration, out, err);
}

/* A store of format 1 with some notes. */
static void
make_old(const struct fixture *f, int notes)
{
    struct db *db = NULL;
    assert_int_equal(open_with(f->path, &format_1, DB_CREATE, &db, f->err), ENVRES_OK);
    assert_int_equal(db_begin_write(db, NULL), ENVRES_OK);
    for (int i = 0; i < notes; i++) {
        struct db_stmt *stmt = NULL;
        assert_int_equal(db_use(db, "INSERT INTO note (id, text) VALUES (?1, 'text')", &stmt, NULL),
                         ENVRES_OK);
        db_bind_int(stmt, 1, i);
        assert_int_equal(db_run(stmt, NULL), ENVRES_OK);
    }
    assert_int_equal(db_end(db, ENVRES_OK, NULL, NULL), ENVRES_OK);
    db_close(db);
}

/* Files of the folder besides the store; the last one's path goes to `name`. */
static int
count_others(const struct fixture *f, char *name, size_t cap)
{
    int count = 0;
    DIR *dir = opendir(f->folder);
    assert_non_null(dir);
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        if (e->d_name[0] == '.' || strcmp(e->d_name, "store") == 0 ||
            strcmp(e->d_name, "store-journal") == 0)
            continue;
        snprintf(name, cap, "%s/%.80s", f->folder, e->d_name);
        count++;
    }
    closedir(dir);
    return count;
}

static int64_t
ask(struct db *db, const char *sql)
{
    int64_t n = -1;
    assert_int_equal(sqlite_ask_int(db, sql, &n, NULL), ENVRES_OK);
    return n;
}

static void
an_older_store_is_brought_up(void **state)
{
    const struct fixture *f = *state;
    struct db *db = NULL;
    char copy[256] = "";
    make_old(f, 1);
    assert_int_equal(open_with(f->path, &format_3, 0, &db, f->err), ENVRES_OK);
    assert_int_equal(ask(db, "PRAGMA user_version"), 3);
    assert_int_equal(ask(db, "SELECT count(*) FROM mark"), 1);
    assert_string_equal(db_fact(db, "format"), "3");
    db_close(db);
    /* the copy beside it is a whole store of the old format, closed to others */
    assert_int_equal(count_others(f, copy, sizeof(copy)), 1);
    assert_non_null(strstr(copy, "/store.format-1-"));
    struct stat info;
    assert_int_equal(lstat(copy, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(open_with(copy, &format_1, 0, &db, f->err), ENVRES_OK);
    assert_int_equal(ask(db, "SELECT count(*) FROM note"), 1);
    db_close(db);
    /* opening again migrates nothing */
    assert_int_equal(unlink(copy), 0);
    assert_int_equal(open_with(f->path, &format_3, 0, &db, f->err), ENVRES_OK);
    db_close(db);
    assert_int_equal(count_others(f, copy, sizeof(copy)), 0);
}

static void
each_step_is_whole_or_absent(void **state)
{
    const struct fixture *f = *state;
    struct db *db = NULL;
    char copy[256] = "";
    make_old(f, 2); /* two equal texts: the unique index of step 2 cannot be made */
    assert_int_equal(open_with(f->path, &format_3, 0, &db, f->err), ENVRES_E_CHANGED);
    assert_null(db);
    assert_int_equal(count_others(f, copy, sizeof(copy)), 1);
    sqlite3 *raw = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open(f->path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(raw,
                                        "SELECT (SELECT count(*) FROM mark), user_version,"
                                        " (SELECT count(*) FROM sqlite_schema"
                                        "  WHERE name = 'note_text')"
                                        " FROM pragma_user_version",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(stmt, 0), 2);
    assert_int_equal(sqlite3_column_int(stmt, 1), 2);
    assert_int_equal(sqlite3_column_int(stmt, 2), 0);
    sqlite3_finalize(stmt);
    sqlite3_close(raw);
}

static const char *const *
steps_with_a_hole(int from)
{
    return from == 0 ? step_0 : NULL;
}

static void
a_missing_step_is_an_error(void **state)
{
    const struct fixture *f = *state;
    static const struct migration holed = { 3, steps_with_a_hole, give_schema_3 };
    struct db *db = NULL;
    make_old(f, 1);
    assert_int_equal(open_with(f->path, &holed, 0, &db, f->err), ENVRES_E_CORRUPT);
    assert_non_null(strstr(envres_error_message(f->err), "no way from the store's format 1"));
    assert_int_equal(open_with(f->path, &format_1, 0, &db, f->err), ENVRES_OK);
    db_close(db);
}

/* The copy cannot be written: nothing is migrated, and no copy is left. */
static void
no_copy_no_migration(void **state)
{
    const struct fixture *f = *state;
    struct db *db = NULL;
    struct rlimit before;
    char copy[256] = "";
    make_old(f, 1);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = { 4096, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    envres_status st = open_with(f->path, &format_3, 0, &db, f->err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, old);
    assert_int_equal(st, ENVRES_E_FULL);
    assert_int_equal(count_others(f, copy, sizeof(copy)), 0);
    assert_int_equal(open_with(f->path, &format_1, 0, &db, f->err), ENVRES_OK);
    db_close(db);
}

static void
reading_does_not_migrate(void **state)
{
    const struct fixture *f = *state;
    struct db *db = NULL;
    char copy[256] = "";
    make_old(f, 1);
    assert_int_equal(open_with(f->path, &format_3, DB_READ_ONLY, &db, f->err), ENVRES_E_READ_ONLY);
    assert_non_null(strstr(envres_error_hint(f->err), "once for writing"));
    assert_int_equal(count_others(f, copy, sizeof(copy)), 0);
}

static void
an_older_store_with_a_trigger_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct db *db = NULL;
    char copy[256] = "";
    make_old(f, 1);
    sqlite3 *raw = NULL;
    assert_int_equal(sqlite3_open(f->path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw,
                                  "CREATE TRIGGER evil AFTER INSERT ON note BEGIN"
                                  " DELETE FROM note; END",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(raw);
    assert_int_equal(open_with(f->path, &format_3, 0, &db, f->err), ENVRES_E_CORRUPT);
    assert_non_null(strstr(envres_error_message(f->err), "trigger 'evil'"));
    assert_int_equal(count_others(f, copy, sizeof(copy)), 0);
}

static void
a_new_store_goes_through_all_steps(void **state)
{
    const struct fixture *f = *state;
    struct db *db = NULL;
    char copy[256] = "";
    assert_int_equal(open_with(f->path, &format_3, DB_CREATE, &db, f->err), ENVRES_OK);
    assert_int_equal(ask(db, "PRAGMA user_version"), 3);
    db_close(db);
    assert_int_equal(count_others(f, copy, sizeof(copy)), 0);
    assert_int_equal(open_with(f->path, &format_1, 0, &db, f->err), ENVRES_E_NEWER_STORE);
}

static void
the_shipped_steps_lead_to_the_shipped_format(void **state)
{
    (void)state;
    for (int from = 0; from < DB_FORMAT; from++) {
        assert_non_null(migrate_step(from));
        assert_non_null(migrate_step(from)[0]);
    }
    assert_null(migrate_step(DB_FORMAT));
    assert_null(migrate_step(-1));
    assert_non_null(migrate_schema()[0]);
}

/* What the lint of SQL would say about DDL: STRICT tables, no AUTOINCREMENT, no trigger. */
static void
the_schema_keeps_the_rules(void **state)
{
    (void)state;
    for (const char *const *sql = migrate_schema(); *sql; sql++) {
        size_t len = strlen(*sql);
        if (strncmp(*sql, "CREATE TABLE ", 13) == 0)
            assert_string_equal(*sql + len - strlen(") STRICT"), ") STRICT");
        else
            assert_true(strstr(*sql, " INDEX ") != NULL);
        assert_null(strstr(*sql, "AUTOINCREMENT"));
        assert_null(strstr(*sql, "TRIGGER"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_older_store_is_brought_up),
        TEST(each_step_is_whole_or_absent),
        TEST(a_missing_step_is_an_error),
        TEST(no_copy_no_migration),
        TEST(reading_does_not_migrate),
        TEST(an_older_store_with_a_trigger_is_refused),
        TEST(a_new_store_goes_through_all_steps),
        cmocka_unit_test(the_shipped_steps_lead_to_the_shipped_format),
        cmocka_unit_test(the_schema_keeps_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
