/* SPDX-License-Identifier: MIT */
/*
 * The variables of one call, many or few: names are looked up in their order, and those that are
 * new are written many to a statement. Between config_begin() and config_end().
 */
#ifndef ENVRES_MODEL_BATCH_H
#define ENVRES_MODEL_BATCH_H

#include "model/config.h"

enum { BATCH_ROWS = 32 };

/* A variable that waits to be written; its setting's record stands in `records` of the batch. */
struct batch_row {
    struct object object;
    uint8_t content[SEAL_DIGEST];
    size_t record_at;
    size_t record_len;
};

/* What was found at or behind a name, so that names before it need no look: there are none. */
struct batch_gap {
    char from[LIMIT_NAME + 1];
    char to[LIMIT_NAME + 1]; /* "": no name comes behind */
    size_t from_len;
    size_t to_len;
    bool known;
};

struct batch {
    struct config_writer *writer; /* borrowed */
    struct batch_gap objects;
    struct batch_gap settings; /* names of current rows */
    struct object found;       /* the object at the end of `objects` */
    struct batch_row rows[BATCH_ROWS];
    size_t count;
    struct buf records;
    uint8_t author[SEAL_ID];
};

void batch_init(struct batch *batch, struct config_writer *writer);
void batch_free(struct batch *batch);

/* The object of a variable; *found false: there is none. Quick where names come in their order. */
envres_status batch_find(struct batch *batch, struct slice name, bool *found, struct object *out,
                         envres_error *err);

/*
 * A name that has no object gets one, and its first value here: `object` has name, kind and class.
 * Each name once. INTEGRITY where a value of that name is set all the same. It may wait until
 * batch_end().
 */
envres_status batch_add(struct batch *batch, const struct object *object, struct slice value,
                        envres_error *err);

/* Writes what waits. */
envres_status batch_end(struct batch *batch, envres_error *err);

#endif
