/* SPDX-License-Identifier: MIT */
/*
 * How time and memory grow: the same calls on ever larger stores and texts, each size ten times the
 * one before. Processor time, the best of several rounds; memory is what the library holds.
 */
#ifndef ENVRES_BENCH_GROWTH_H
#define ENVRES_BENCH_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envres/envres.h>

#define TEXT ENVRES_NUL_TERMINATED

enum { GROWTH_SIZES = 6, GROWTH_ROWS = 12 };

/* What a value may grow at most with what there is: not at all, but for what a tree or a cache adds
 * for each tenfold; or as much as there is. */
enum growth { FLAT, LINEAR };

struct growth_row {
    const char *name;
    const char *unit;
    enum growth allowed;
    double values[GROWTH_SIZES];
};

/* A table: one thing that grows, and what is measured beside it. */
struct growth_table {
    const char *title;
    const size_t *sizes;
    int count;
    int current; /* the size that is measured now */
    struct growth_row rows[GROWTH_ROWS];
};

/* What was asked for. */
struct growth_run {
    bool quick;   /* the first size only */
    bool is_long; /* the sizes that take minutes too */
    const char *only;
    const char *folder; /* for stores that SQL fills */
    bool failed;
};

/* Whether a table is wanted. When it is, its sizes are cut to those asked for: `usual` of them, or
 * all. */
bool growth_begin(const struct growth_run *run, struct growth_table *table, int usual);
/* The best of what was measured is kept. */
void growth_note(struct growth_table *table, int row, double value);
void growth_print(struct growth_run *run, struct growth_table *table);

/* Microseconds of processor time. */
double growth_now(void);
/* Bytes that the library holds now, and the most since growth_mark(). */
int64_t growth_held(void);
int64_t growth_peak(void);
void growth_mark(void);
extern const envres_allocator growth_allocator;

/* Ends the program unless it is OK. */
void growth_must(envres_status status, const char *what);

/* A store and its owner; `path` NULL: in memory. */
struct growth_store {
    envres_store *store;
    envres_session *session;
};
void growth_create(struct growth_store *out, const char *path);
void growth_open(struct growth_store *out, const char *path);
void growth_close(struct growth_store *store);

/* `count` values "NAME_000000" and on, from `first`, in batches; `type` as in the write. */
void growth_fill(struct growth_store *store, const char *environment, const char *name,
                 size_t first, size_t count, int32_t type);
/* One write, in a transaction of its own. */
void growth_put(struct growth_store *store, const char *environment, const char *name,
                const char *value, int32_t type);

void growth_settings(struct growth_run *run);
void growth_audit(struct growth_run *run);
void growth_versions(struct growth_run *run);
void growth_texts(struct growth_run *run);

#endif
