/* SPDX-License-Identifier: MIT */
/*
 * Reading a damaged file: every row that can still be read, page by page, whatever the trees above
 * it and the schema look like. The source is never written: what is read is a copy of it. Whether a
 * row is true is for the rooms above; here it only has to be a row.
 */
#ifndef ENVRES_STORAGE_SALVAGE_H
#define ENVRES_STORAGE_SALVAGE_H

#include "storage/db.h"

/* What reading met, beside the rows. */
struct salvage_reading {
    bool is_whole;   /* SQLite finds nothing wrong with the file, and the schema is ours */
    int64_t rows;    /* read */
    int64_t refused; /* that can be no row of a store: damaged, or of other tables */
};

/*
 * Copies all rows of the file `path` that can be read into `into`, a new and empty database, in one
 * transaction. A row whose table cannot be told goes into each that could have it. `into` checks no
 * foreign keys from then on: it is closed when the rows have been gone through. NO_STORE,
 * FILE_MODE, BUSY, NOT_A_STORE (no row at all was found), IO, FULL, NOMEM.
 */
envres_status salvage_read(struct db *into, const char *path, struct salvage_reading *out,
                           envres_error *err);

/* A row of `table` that refers to one that is not there is deleted; called for each table and round
 * that had any. */
typedef void (*salvage_orphan_fn)(void *user, const char *table, int64_t count);
/* Until there are none. Inside a write transaction. */
envres_status salvage_drop_orphans(struct db *into, salvage_orphan_fn orphan, void *user,
                                   envres_error *err);

/* Rows of a table of the schema. */
envres_status salvage_count(struct db *into, const char *table, int64_t *out, envres_error *err);
/* Name of the n-th table of the schema, in order; NULL behind the last. Static. */
const char *salvage_table(size_t n, char out[32]);

#endif
