/* SPDX-License-Identifier: MIT */
/* A folder of its own with a store in it, and what tests do to stores. */
#ifndef TEST_FX_DB_H
#define TEST_FX_DB_H

#include "storage/sqlite.h"

struct fixture {
    char folder[64];
    char path[128];  /* a name in the folder */
    char other[128]; /* another one */
    envres_error *err;
};

int fx_db_setup(void **state);
int fx_db_teardown(void **state);

struct db_options options_of(const char *path, uint32_t flags);
struct db *open_db(const char *path, uint32_t flags);

extern const char sql_count[];
extern const char sql_list[]; /* id, name, created_at */

/* One row, in the caller's transaction or in one of its own. */
envres_status add_workspace(struct db *db, const char *name, envres_error *err);
void commit_workspace(struct db *db, const char *name);
int64_t count_workspaces(struct db *db);

/* Runs SQL through a connection without our guards. */
void spoil(const char *path, const char *sql);
/* Overwrites the pages of one table. */
void damage_table(const char *path, const char *table);

enum { IMAGE_MAX = 1024 * 1024 };
size_t read_all(const char *path, char *out, size_t cap);
void write_all(const char *path, const char *data, size_t len);

/* Counts findings, and keeps the last. */
struct findings {
    int count;
    char code[64];
    char object[64];
    char message[256];
};
void note_finding(void *user, const char *code, const char *object, const char *message);

#endif
