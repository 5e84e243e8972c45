/* SPDX-License-Identifier: MIT */
/* SQLite, in memory. */
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "engine.h"

static sqlite3 *db;

const struct engine engine = {
    .name = "sqlite",
    .dialect = ENVRES_DIALECT_SQLITE,
    .styles = { ENVRES_STYLE_QMARK, ENVRES_STYLE_DOLLAR, ENVRES_STYLE_COLON },
    .setup = "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)",
    .echo = "SELECT << params.v >>",
    .like = "SELECT v FROM t WHERE id = << params.id >> AND "
            "v LIKE '%' || << params.pattern >> || '%' ESCAPE '!'",
    .json = "SELECT json_extract(<< params.j >>, '$.k')",
    .types = "SELECT typeof(<< params.v >>) || ' ' || << params.v >>",
};

void
engine_open(const char *where)
{
    (void)where;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        engine_fail("sqlite3_open");
}

void
engine_close(void)
{
    sqlite3_close(db);
}

void
engine_script(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        engine_fail("%s: %s", sql, sqlite3_errmsg(db));
}

static int
bind(sqlite3_stmt *stmt, const envres_statement *statement, uint32_t index)
{
    size_t len = 0;
    const char *value = envres_statement_value(statement, index, &len);
    int at = (int)index + 1;
    switch (envres_statement_type(statement, index)) {
    case ENVRES_TYPE_INTEGER:
    case ENVRES_TYPE_BOOLEAN:
        return sqlite3_bind_int64(stmt, at, envres_statement_integer(statement, index));
    case ENVRES_TYPE_NUMBER:
        return sqlite3_bind_double(stmt, at, envres_statement_double(statement, index));
    case ENVRES_TYPE_NULL:
        return sqlite3_bind_null(stmt, at);
    default:
        return sqlite3_bind_text64(stmt, at, value, len, SQLITE_STATIC, SQLITE_UTF8);
    }
}

int
engine_run(const envres_statement *statement, struct answer *out, const char **why)
{
    sqlite3_stmt *stmt = NULL;
    size_t len = 0;
    const char *text = envres_statement_text(statement, &len);
    *out = (struct answer){ NULL, 0, 0 };
    *why = "";
    if (sqlite3_prepare_v2(db, text, (int)len, &stmt, NULL) != SQLITE_OK) {
        *why = sqlite3_errmsg(db);
        return 0;
    }
    if (sqlite3_bind_parameter_count(stmt) != (int)envres_statement_count(statement))
        engine_fail("%s: another number of parameters", text);
    for (uint32_t i = 0; i < envres_statement_count(statement); i++) {
        if (bind(stmt, statement, i) != SQLITE_OK)
            engine_fail("%s: parameter %u: %s", text, (unsigned)i, sqlite3_errmsg(db));
    }
    int rc = sqlite3_step(stmt);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(stmt)) {
        if (out->rows++ > 0 || sqlite3_column_type(stmt, 0) == SQLITE_NULL)
            continue;
        const char *data = (const char *)sqlite3_column_text(stmt, 0);
        out->len = (size_t)sqlite3_column_bytes(stmt, 0);
        out->data = malloc(out->len + 1);
        memcpy(out->data, data, out->len + 1);
    }
    if (rc != SQLITE_DONE)
        *why = sqlite3_errmsg(db);
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE;
}
