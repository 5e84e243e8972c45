/* SPDX-License-Identifier: MIT */
/* What goes to standard output and standard error: data, tables, JSON, messages. */
#ifndef ENVRES_CLI_OUTPUT_H
#define ENVRES_CLI_OUTPUT_H

#include "cli.h"
#include "text.h"

/* ---- data --------------------------------------------------------------------------------- */

/* Writes everything or says why not: 0, or an exit status. */
int out_write(struct cli *cli, const char *data, size_t len);
/* Writes and frees the text. */
int out_text(struct cli *cli, struct text *text);
/* A line for people on standard error, unless --quiet or --json. */
void out_note(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What a move did, or a choice: a line on standard output, unless --quiet or --json. 0, or an exit
 * status. */
int out_say(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As out_note(), said under --quiet too. */
void out_warn(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "2026-07-26 21:04:05" UTC, of milliseconds since 1970. */
void time_format(int64_t ms, char out[32]);

/* ---- tables ------------------------------------------------------------------------------- */

enum style { STYLE_PLAIN, STYLE_DIM, STYLE_BOLD, STYLE_RED, STYLE_YELLOW, STYLE_GREEN };

struct table;

/* Columns with the headings given; NULL headings: a table without a first line. `clip`: columns of
 * text after which a cell is cut, on a terminal only; 0: never. */
struct table *table_new(struct cli *cli, size_t columns, const char *const *headings, size_t clip);
/* Cells follow each other, row by row. What could harm a terminal is escaped. */
void table_cell(struct table *table, const char *data, size_t len, enum style style);
void table_word(struct table *table, const char *word, enum style style);
void table_integer(struct table *table, int64_t value);
/* Writes and frees. 0, or an exit status. */
int table_print(struct table *table);
/* Frees without writing. */
void table_free(struct table *table);

/* ---- JSON --------------------------------------------------------------------------------- */

struct json {
    struct text text;
    bool comma; /* the next value or key stands behind another */
};

void json_open(struct json *json, char bracket);
void json_close(struct json *json, char bracket);
void json_key(struct json *json, const char *key);
void json_string(struct json *json, const char *data, size_t len);
void json_word(struct json *json, const char *word); /* NULL: null */
void json_integer(struct json *json, int64_t value);
void json_boolean(struct json *json, bool value);
void json_null(struct json *json);
/* A value of one of the library's types, as JSON of that type; NULL data: null. */
void json_typed(struct json *json, const char *type, const char *data, size_t len);
/* A cell of a list, an integer or text; null otherwise. */
void json_cell(struct json *json, const envres_list *list, size_t row, uint32_t column);
/* A line feed, then out_text(). */
int json_print(struct cli *cli, struct json *json);

/* `{"ok":true` of a changing command; more keys may follow, then json_done(). */
void json_ok(struct json *json);
int json_done(struct cli *cli, struct json *json);

/* ---- failures: each prints one line and returns the exit status --------------------------- */

/* The library's error in cli->err, as it counts for an act on the store. */
int fail_library(struct cli *cli);
/* The same with a hint of the command's. */
int fail_hint(struct cli *cli, const char *hint);
/* The same with the file named, for what the library says of a file. */
int fail_opening(struct cli *cli, const char *path);
/* The same with what the error is about named, where the message does not: one part of many. */
int fail_part(struct cli *cli);
/* The same for reading one thing by its name: `get` of what is not set is status 1. */
int fail_reading(struct cli *cli);
/* The same while something is being resolved: what is unknown or not set there is status 4. The
 * position is named as file:line:column when `file` is not NULL. */
int fail_resolving(struct cli *cli, const char *file);
/* Status 2. `hint` may be NULL. */
int fail_usage(struct cli *cli, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A code of the library with a text of our own. `hint` may be NULL. */
int fail_code(struct cli *cli, envres_status code, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* ENVRES_E_CHECK; with --json what the check found stands beside the error. */
int fail_findings(struct cli *cli, const envres_list *findings, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Status 6: a person should have said yes. */
int fail_confirm(struct cli *cli, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* `status` with the code's name and text; for `run`. */
int fail_status(struct cli *cli, int status, envres_status code, const char *hint,
                const char *format, ...) __attribute__((format(printf, 5, 6)));
/* errno as a code: ENVRES_E_FULL, ENVRES_E_READ_ONLY or ENVRES_E_IO. */
envres_status code_of_errno(int number);

#endif
