/* SPDX-License-Identifier: MIT */
/* Changes a store's file behind the library's back. */
#ifndef ENVRES_TESTS_RAW_SQL_H
#define ENVRES_TESTS_RAW_SQL_H

/* Runs statements; fails the test on an error, and when they changed no row. */
void raw_sql(const char *path, const char *sql);

#endif
