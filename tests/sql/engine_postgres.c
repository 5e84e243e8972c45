/* SPDX-License-Identifier: MIT */
/* PostgreSQL, over the socket of a private server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "engine.h"

static PGconn *connection;

const struct engine engine = {
    .name = "postgres",
    .dialect = ENVRES_DIALECT_POSTGRES,
    .styles = { ENVRES_STYLE_DOLLAR },
    .setup = "CREATE TABLE t (id bigint PRIMARY KEY, v text COLLATE \"C\")",
    .echo = "SELECT << params.v >>::text",
    .like = "SELECT v FROM t WHERE id = << params.id >> AND "
            "v LIKE '%' || << params.pattern >> || '%' ESCAPE '!'",
    .json = "SELECT << params.j >>::jsonb ->> 'k' WHERE << params.j >>::jsonb ? 'k'",
    .types = "SELECT pg_typeof(<< params.v >>::numeric) || ' ' || << params.v >>::numeric",
};

void
engine_open(const char *where)
{
    char text[4096];
    snprintf(text, sizeof(text), "host='%s' dbname=postgres user=envres client_encoding=UTF8",
             where);
    connection = PQconnectdb(text);
    if (PQstatus(connection) != CONNECTION_OK)
        engine_fail("%s", PQerrorMessage(connection));
}

void
engine_close(void)
{
    PQfinish(connection);
}

void
engine_script(const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        engine_fail("%s: %s", sql, PQerrorMessage(connection));
    PQclear(result);
}

int
engine_run(const envres_statement *statement, struct answer *out, const char **why)
{
    uint32_t count = envres_statement_count(statement);
    const char **values = calloc(count + 1, sizeof(*values));
    *out = (struct answer){ NULL, 0, 0 };
    *why = "";
    for (uint32_t i = 0; i < count; i++)
        values[i] = envres_statement_value(statement, i, NULL);
    PGresult *result = PQexecParams(connection, envres_statement_text(statement, NULL), (int)count,
                                    NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    int done = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (!done)
        *why = PQerrorMessage(connection);
    out->rows = done ? (size_t)PQntuples(result) : 0;
    if (out->rows > 0 && !PQgetisnull(result, 0, 0)) {
        out->len = (size_t)PQgetlength(result, 0, 0);
        out->data = malloc(out->len + 1);
        memcpy(out->data, PQgetvalue(result, 0, 0), out->len + 1);
    }
    PQclear(result);
    free(values);
    return done;
}
