/* SPDX-License-Identifier: MIT */
/* The fixture of the storage tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fx_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

int
fx_db_setup(void **state)
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

int
fx_db_teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
    int rc = system(command);
    envres_error_free(f->err);
    free(f);
    return rc;
}

struct db_options
options_of(const char *path, uint32_t flags)
{
    struct db_options options = {
        .mem = &mem_default, .clock = &clock_system, .path = path, .flags = flags
    };
    return options;
}

struct db *
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

static const char sql_add[] =
    "INSERT INTO workspace (id, name, root, policy, created_at) VALUES (?1, ?2, zeroblob(32), 0, ?3)";
const char sql_count[] = "SELECT count(*) FROM workspace";
const char sql_list[] = "SELECT id, name, created_at FROM workspace ORDER BY name";

envres_status
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

void
commit_workspace(struct db *db, const char *name)
{
    enum db_outcome outcome = DB_UNSURE;
    assert_int_equal(db_begin_write(db, NULL), ENVRES_OK);
    assert_int_equal(db_end(db, add_workspace(db, name, NULL), &outcome, NULL), ENVRES_OK);
    assert_int_equal(outcome, DB_COMMITTED);
}

int64_t
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

void
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

size_t
read_all(const char *path, char *out, size_t cap)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(out, 1, cap, file);
    fclose(file);
    return len;
}

void
write_all(const char *path, const char *data, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

void
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

void
note_finding(void *user, const char *code, const char *object, const char *message)
{
    struct findings *found = user;
    found->count++;
    snprintf(found->code, sizeof(found->code), "%s", code);
    snprintf(found->object, sizeof(found->object), "%s", object);
    snprintf(found->message, sizeof(found->message), "%s", message);
}
