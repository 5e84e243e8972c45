/* SPDX-License-Identifier: MIT */
/* A database that statements are sent to: one driver for each program. */
#ifndef ENVRES_TESTS_SQL_ENGINE_H
#define ENVRES_TESTS_SQL_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include <envres/envres.h>

/* First column of the first row. */
struct answer {
    char *data; /* NULL: null, or no row */
    size_t len;
    size_t rows;
};

struct engine {
    const char *name;
    uint32_t dialect;
    uint32_t styles[3]; /* ENVRES_STYLE_* that its driver takes, ending with 0 */
    const char *setup;  /* makes the table t (id, v) */
    const char *echo;   /* gives params.v back */
    const char *like;   /* finds params.pattern in the row params.id */
    const char *json;   /* gives the member k of params.j */
    const char *types;  /* params.v as the server's own text of an integer, number, boolean */
};

extern const struct engine engine;

/* `where`: the folder of the server's socket, or NULL. Each stops the program when it fails. */
void engine_open(const char *where);
void engine_close(void);
void engine_script(const char *sql);
/* Sends text and parameters through the driver's own binding. False when the server refuses the
 * statement; *why then says what it said. */
int engine_run(const envres_statement *statement, struct answer *out, const char **why);

void engine_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
