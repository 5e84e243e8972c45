/* SPDX-License-Identifier: MIT */
/* MariaDB, over the socket of a private server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mysql.h>

#include "engine.h"

static MYSQL *connection;

enum { ANSWER_MAX = 1 << 16 };

const struct engine engine = {
    .name = "mysql",
    .dialect = ENVRES_DIALECT_MYSQL,
    .styles = { ENVRES_STYLE_QMARK },
    .setup = "CREATE TABLE t (id bigint PRIMARY KEY, v text CHARACTER SET utf8mb4 COLLATE "
             "utf8mb4_nopad_bin)",
    .echo = "SELECT << params.v >>",
    .like = "SELECT v FROM t WHERE id = << params.id >> AND "
            "v LIKE CONCAT('%', << params.pattern >>, '%') ESCAPE '!'",
    .json = "SELECT JSON_VALUE(<< params.j >>, '$.k')",
    .types = "SELECT CONCAT('numeric ', CAST(<< params.v >> AS CHAR))",
};

void
engine_open(const char *where)
{
    char socket[4096];
    snprintf(socket, sizeof(socket), "%s/mysql.sock", where);
    connection = mysql_init(NULL);
    mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (!mysql_real_connect(connection, NULL, "root", NULL, NULL, 0, socket, 0))
        engine_fail("%s", mysql_error(connection));
    engine_script("CREATE DATABASE envres_test");
    engine_script("USE envres_test");
}

void
engine_close(void)
{
    mysql_close(connection);
    mysql_library_end();
}

void
engine_script(const char *sql)
{
    if (mysql_query(connection, sql) != 0)
        engine_fail("%s: %s", sql, mysql_error(connection));
}

/* What a parameter is bound from. */
struct cell {
    unsigned long len;
    long long integer;
    double real;
};

static void
bind(const envres_statement *statement, uint32_t index, struct cell *cell, MYSQL_BIND *out)
{
    size_t len = 0;
    const char *value = envres_statement_value(statement, index, &len);
    switch (envres_statement_type(statement, index)) {
    case ENVRES_TYPE_INTEGER:
    case ENVRES_TYPE_BOOLEAN:
        cell->integer = envres_statement_integer(statement, index);
        out->buffer_type = MYSQL_TYPE_LONGLONG;
        out->buffer = &cell->integer;
        break;
    case ENVRES_TYPE_NUMBER:
        cell->real = envres_statement_double(statement, index);
        out->buffer_type = MYSQL_TYPE_DOUBLE;
        out->buffer = &cell->real;
        break;
    case ENVRES_TYPE_NULL:
        out->buffer_type = MYSQL_TYPE_NULL;
        break;
    default:
        cell->len = (unsigned long)len;
        out->buffer_type = MYSQL_TYPE_STRING;
        out->buffer = (void *)(uintptr_t)value;
        out->buffer_length = cell->len;
        out->length = &cell->len;
        break;
    }
}

static void
fetch(MYSQL_STMT *stmt, struct answer *out)
{
    static char data[ANSWER_MAX];
    unsigned long len = 0;
    my_bool is_null = 0;
    MYSQL_BIND column = { .buffer_type = MYSQL_TYPE_STRING,
                          .buffer = data,
                          .buffer_length = sizeof(data),
                          .length = &len,
                          .is_null = &is_null };
    if (mysql_stmt_field_count(stmt) == 0)
        return;
    if (mysql_stmt_bind_result(stmt, &column) != 0)
        engine_fail("%s", mysql_stmt_error(stmt));
    while (mysql_stmt_fetch(stmt) == 0) {
        if (out->rows++ > 0 || is_null)
            continue;
        out->len = len;
        out->data = malloc(len + 1);
        memcpy(out->data, data, len);
        out->data[len] = '\0';
    }
}

int
engine_run(const envres_statement *statement, struct answer *out, const char **why)
{
    static char said[1024];
    uint32_t count = envres_statement_count(statement);
    struct cell *cells = calloc(count + 1, sizeof(*cells));
    MYSQL_BIND *binds = calloc(count + 1, sizeof(*binds));
    MYSQL_STMT *stmt = mysql_stmt_init(connection);
    size_t len = 0;
    const char *text = envres_statement_text(statement, &len);
    *out = (struct answer){ NULL, 0, 0 };
    *why = "";
    int done = mysql_stmt_prepare(stmt, text, (unsigned long)len) == 0;
    if (done && mysql_stmt_param_count(stmt) != count)
        engine_fail("%s: another number of parameters", text);
    for (uint32_t i = 0; done && i < count; i++)
        bind(statement, i, &cells[i], &binds[i]);
    done = done && (count == 0 || mysql_stmt_bind_param(stmt, binds) == 0) &&
           mysql_stmt_execute(stmt) == 0;
    if (done) {
        fetch(stmt, out);
    } else {
        snprintf(said, sizeof(said), "%s", mysql_stmt_error(stmt));
        *why = said;
    }
    mysql_stmt_close(stmt);
    free(cells);
    free(binds);
    return done;
}
