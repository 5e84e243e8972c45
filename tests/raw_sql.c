/* SPDX-License-Identifier: MIT */
#include "raw_sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

void
raw_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    if (sqlite3_total_changes(db) == 0)
        fail_msg("%s: changes nothing", sql);
    sqlite3_close(db);
}

size_t
raw_blob(const char *path, const char *sql, unsigned char *out, size_t cap)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    size_t len = (size_t)sqlite3_column_bytes(stmt, 0);
    assert_true(len <= cap);
    if (len > 0)
        memcpy(out, sqlite3_column_blob(stmt, 0), len);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return len;
}

size_t
raw_answer(const char *script, const char *sql, const struct raw_param *params, size_t count,
           char *out, size_t cap)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, script, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_parameter_count(stmt), count);
    for (size_t i = 0; i < count; i++) {
        int at = (int)i + 1;
        if (params[i].text)
            sqlite3_bind_text(stmt, at, params[i].text, (int)params[i].len, SQLITE_STATIC);
        else
            sqlite3_bind_int64(stmt, at, params[i].integer);
    }
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    size_t len = (size_t)sqlite3_column_bytes(stmt, 0);
    assert_true(len <= cap);
    if (len > 0)
        memcpy(out, sqlite3_column_text(stmt, 0), len);
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return len;
}
