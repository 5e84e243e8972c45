/* SPDX-License-Identifier: MIT */
/*
 * The format of SQLite's pages, as far as rows need it: leaves of tables, overflow chains, records.
 * Everything is bounded by what was read; nothing here trusts a number of the file. No SQL.
 */
#ifndef ENVRES_STORAGE_PAGE_H
#define ENVRES_STORAGE_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

enum { PAGE_COLUMNS = 32, PAGE_SIZE_PRESET = 4096, PAGE_SIZE_MAX = 65536 };

/* A file by its pages, which count from 1. */
struct page_source {
    /* False: the page cannot be read. */
    bool (*read)(void *user, uint32_t number, uint8_t *out);
    void *user;
    uint32_t size;
    uint32_t count;
};

enum page_type { PAGE_NULL, PAGE_INT, PAGE_TEXT, PAGE_BLOB };

struct page_value {
    enum page_type type;
    int64_t number;
    struct slice bytes;
};

struct page_row {
    size_t count;
    struct page_value values[PAGE_COLUMNS];
};

/* Page size that a header names; 0 when it is no header. */
uint32_t page_size_of(const uint8_t *header);

/* How many rows a page has; 0 when it is not a leaf of a table. */
size_t page_cells(const uint8_t *page, uint32_t size);

/* The n-th of them: its record, all of it, into `payload` (emptied first). False: it is damaged. */
bool page_payload(const struct page_source *source, const uint8_t *page, size_t n,
                  struct buf *payload, uint8_t *scratch);

/* A record's values, borrowed from it. False: it is none, or has values of no store. */
bool page_decode(struct slice payload, struct page_row *out);

#endif
