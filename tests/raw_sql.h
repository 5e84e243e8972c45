/* SPDX-License-Identifier: MIT */
/* Changes a store's file behind the library's back. */
#ifndef ENVRES_TESTS_RAW_SQL_H
#define ENVRES_TESTS_RAW_SQL_H

#include <stddef.h>
#include <stdint.h>

/* Runs statements; fails the test on an error, and when they changed no row. */
void raw_sql(const char *path, const char *sql);

/* The blob that a query gives, into `out` of `cap` bytes; its length. Fails the test when there is
 * no row, or no room. */
size_t raw_blob(const char *path, const char *sql, unsigned char *out, size_t cap);

/* One parameter: a text, or (NULL) an integer. */
struct raw_param {
    const char *text;
    size_t len;
    int64_t integer;
};

/* Runs a script in an empty database in memory, and then a statement with exactly these parameters.
 * It must give one row, whose first column is copied to `out`; its length. */
size_t raw_answer(const char *script, const char *sql, const struct raw_param *params, size_t count,
                  char *out, size_t cap);

#endif
