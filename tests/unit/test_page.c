/* SPDX-License-Identifier: MIT */
/*
 * Rows out of pages. What SQLite itself wrote, with rows of every length around the edges of a page
 * and keys of every size, is read as it was written; pages and records that are made by hand, each
 * with one number that is out of its bounds, give no row. Pages lie in blocks of exactly their
 * size, so that a sanitizer sees a byte too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fx_mem.h"
#include "storage/page.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SMALL = 512, LEAF_AT = 8 };

/* A file in memory. `refused`: a page that cannot be read. */
struct image {
    uint8_t *pages;
    uint32_t size;
    uint32_t refused;
    unsigned reads;
};

static bool
read_image(void *user, uint32_t number, uint8_t *out)
{
    struct image *image = user;
    image->reads++;
    if (number == image->refused)
        return false;
    memcpy(out, image->pages + (size_t)(number - 1) * image->size, image->size);
    return true;
}

/* ---- what SQLite wrote ----------------------------------------------------------------------- */

static void
run(sqlite3 *db, const char *sql)
{
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Bytes of a row by its number, which say which row they are of. */
static void
fill(uint8_t *out, size_t len, int64_t number)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)((uint64_t)number * 31 + i * 7);
}

static void
insert(sqlite3_stmt *stmt, int64_t row, size_t len, uint8_t *scratch)
{
    fill(scratch, len, (int64_t)len);
    sqlite3_bind_int64(stmt, 1, row);
    sqlite3_bind_int64(stmt, 2, (int64_t)len);
    sqlite3_bind_blob(stmt, 3, scratch, (int)len, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
    sqlite3_reset(stmt);
}

/* Counts the rows of all leaves; each must say what its length says. */
static size_t
rows_of(struct image *image, uint32_t count)
{
    struct page_source source = { read_image, image, image->size, count };
    uint8_t *page = malloc(image->size);
    uint8_t *scratch = malloc(image->size);
    uint8_t *want = malloc(70000);
    struct buf payload;
    size_t found = 0;
    assert_true(page && scratch && want);
    buf_init(&payload, &mem_default, false);
    for (uint32_t n = 2; n <= count; n++) {
        memcpy(page, image->pages + (size_t)(n - 1) * image->size, image->size);
        size_t cells = page_cells(page, image->size);
        for (size_t i = 0; i < cells; i++) {
            struct page_row row = { 0 };
            assert_true(page_payload(&source, page, i, &payload, scratch));
            assert_true(page_decode(slice_of(payload.data, payload.len), &row));
            assert_int_equal(row.count, 2);
            assert_int_equal(row.values[0].type, PAGE_INT);
            assert_int_equal(row.values[1].type, PAGE_BLOB);
            assert_int_equal(row.values[0].number, row.values[1].bytes.len);
            fill(want, row.values[1].bytes.len, row.values[0].number);
            assert_memory_equal(row.values[1].bytes.data, want, row.values[1].bytes.len);
            found++;
        }
    }
    buf_free(&payload);
    free(want);
    free(scratch);
    free(page);
    return found;
}

/* Every length up to three pages, around the edge of a leaf and of each page behind it. */
static void
check_page_size(uint32_t size, size_t step)
{
    static const int64_t keys[] = { INT64_MIN,        -1,
                                    INT64_C(1) << 34, INT64_C(1) << 41,
                                    INT64_C(1) << 48, INT64_C(1) << 55,
                                    INT64_MAX };
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    sqlite3_int64 bytes = 0;
    char sql[64];
    size_t written = 0;
    uint8_t *scratch = malloc(70000);
    assert_non_null(scratch);
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    snprintf(sql, sizeof(sql), "PRAGMA page_size = %u", size);
    run(db, sql);
    /* No alias of the row number, which is not part of a record. */
    run(db, "CREATE TABLE t (len INTEGER, bytes BLOB)");
    assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO t (rowid, len, bytes) VALUES (?1, ?2, ?3)",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    run(db, "BEGIN");
    for (size_t len = 1; len <= 3 * (size_t)size && len < 66000; len += step)
        insert(stmt, (int64_t)++written, len, scratch);
    for (size_t i = 0; i < COUNT(keys); i++, written++)
        insert(stmt, keys[i], 300 + i, scratch);
    run(db, "COMMIT");
    sqlite3_finalize(stmt);
    struct image image = { .size = size };
    image.pages = sqlite3_serialize(db, "main", &bytes, 0);
    assert_non_null(image.pages);
    assert_int_equal(page_size_of(image.pages), size);
    assert_int_equal(rows_of(&image, (uint32_t)(bytes / size)), written);
    sqlite3_free(image.pages);
    sqlite3_close(db);
    free(scratch);
}

static void
what_sqlite_wrote_is_read(void **state)
{
    (void)state;
    check_page_size(512, 1);
    check_page_size(1024, 3);
    check_page_size(4096, 61);
    check_page_size(65536, 4099);
}

/* ---- headers --------------------------------------------------------------------------------- */

static void
page_sizes_of_headers(void **state)
{
    static const struct {
        const char *name;
        const char *magic;
        uint8_t high, low;
        uint32_t want;
    } rows[] = {
        { "the smallest", "SQLite format 3", 0x02, 0x00, 512 },
        { "smaller than any", "SQLite format 3", 0x01, 0x00, 0 },
        { "the preset", "SQLite format 3", 0x10, 0x00, 4096 },
        { "no power of two", "SQLite format 3", 0x10, 0x01, 0 },
        { "half as large as the largest", "SQLite format 3", 0x80, 0x00, 32768 },
        { "one stands for the largest", "SQLite format 3", 0x00, 0x01, 65536 },
        { "none", "SQLite format 3", 0x00, 0x00, 0 },
        { "two", "SQLite format 3", 0x00, 0x02, 0 },
        { "of another format", "SQLite format 4", 0x10, 0x00, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t header[100] = { 0 };
        memcpy(header, rows[i].magic, 16);
        header[16] = rows[i].high;
        header[17] = rows[i].low;
        print_message("  %s\n", rows[i].name);
        assert_int_equal(page_size_of(header), rows[i].want);
    }
}

static void
cells_of_leaves(void **state)
{
    static const struct {
        const char *name;
        uint8_t type;
        uint16_t cells;
        size_t want;
    } rows[] = {
        { "a leaf of a table", 0x0D, 7, 7 },
        { "an empty one", 0x0D, 0, 0 },
        { "as many as there is room for", 0x0D, (SMALL - 8) / 4, (SMALL - 8) / 4 },
        { "one more", 0x0D, (SMALL - 8) / 4 + 1, 0 },
        { "far more", 0x0D, 0xFFFF, 0 },
        { "an inner node of a table", 0x05, 7, 0 },
        { "a leaf of an index", 0x0A, 7, 0 },
        { "an inner node of an index", 0x02, 7, 0 },
        { "nothing", 0x00, 7, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t page[SMALL] = { rows[i].type };
        page[3] = (uint8_t)(rows[i].cells >> 8);
        page[4] = (uint8_t)rows[i].cells;
        print_message("  %s\n", rows[i].name);
        assert_int_equal(page_cells(page, SMALL), rows[i].want);
    }
}

/* ---- cells by hand --------------------------------------------------------------------------- */

/* A page with one cell at `at`. */
static void
put_cell(uint8_t *page, size_t cells, size_t at, const void *cell, size_t len)
{
    memset(page, 0, SMALL);
    page[0] = 0x0D;
    page[4] = (uint8_t)cells;
    page[LEAF_AT] = (uint8_t)(at >> 8);
    page[LEAF_AT + 1] = (uint8_t)at;
    if (at + len <= SMALL)
        memcpy(page + at, cell, len);
}

static bool
payload_of(uint8_t *page, size_t *len)
{
    struct image image = { .pages = page, .size = SMALL };
    struct page_source source = { read_image, &image, SMALL, 4 };
    struct buf payload;
    uint8_t scratch[SMALL] = { 0 };
    buf_init(&payload, &mem_default, false);
    buf_add_str(&payload, "what was there before");
    bool good = page_payload(&source, page, 0, &payload, scratch);
    *len = payload.len;
    buf_free(&payload);
    return good;
}

static void
cells_by_hand(void **state)
{
    static const struct {
        const char *name;
        size_t cells;
        size_t at;
        const char *cell;
        size_t cell_len;
        bool good;
        size_t len;
    } rows[] = {
        { "three bytes", 1, 400, "\x03\x01zzz", 5, true, 3 },
        { "directly behind the offsets", 2, 12, "\x03\x01zzz", 5, true, 3 },
        { "inside the offsets", 2, 11, "\x03\x01zzz", 5, false, 0 },
        { "inside the header", 1, 4, "", 0, false, 0 },
        { "up to the end of the page", 1, SMALL - 5, "\x03\x01zzz", 5, true, 3 },
        { "one byte beyond the end", 1, SMALL - 4, "\x03\x01zz", 4, false, 0 },
        { "at the end of the page", 1, SMALL, "", 0, false, 0 },
        { "beyond the page", 1, 60000, "", 0, false, 0 },
        { "a length that does not end", 1, SMALL - 2, "\x83\x83", 2, false, 0 },
        { "a row number that does not end", 1, SMALL - 2, "\x03\x83", 2, false, 0 },
        { "no row number", 1, SMALL - 1, "\x03", 1, false, 0 },
        { "no byte", 1, 400, "\x00\x01zzz", 5, false, 0 },
        { "a row number of nine bytes", 1, 400, "\x03\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFzzz", 13,
          true, 3 },
        { "a length of nine bytes", 1, 400, "\x80\x80\x80\x80\x80\x80\x80\x80\x03\x01zzz", 13, true,
          3 },
        { "more than the file has", 1, 400, "\x90\x01\x01zzz", 6, false, 0 },
        { "more than a row may have", 1, 400, "\xC0\x80\x80\x01\x01zzz", 8, false, 0 },
        { "more than there is", 1, 400, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01zzz", 13, false,
          0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t *pages = calloc(4, SMALL);
        size_t len = 0;
        assert_non_null(pages);
        print_message("  %s\n", rows[i].name);
        put_cell(pages, rows[i].cells, rows[i].at, rows[i].cell, rows[i].cell_len);
        assert_int_equal(payload_of(pages, &len), rows[i].good);
        if (rows[i].good)
            assert_int_equal(len, rows[i].len);
        free(pages);
    }
}

/* A file of more pages than the largest row has bytes for: the row's own limit holds. */
static void
a_row_larger_than_any(void **state)
{
    uint8_t page[SMALL] = { 0 };
    uint8_t scratch[SMALL] = { 0 };
    struct image image = { .pages = page, .size = SMALL, .refused = 1 };
    struct page_source source = { read_image, &image, SMALL, UINT32_MAX };
    struct buf payload;
    (void)state;
    buf_init(&payload, &mem_default, false);
    /* 128 MiB and one byte: not even its first page behind the leaf is asked for. */
    put_cell(page, 1, 12, "\xC0\x80\x80\x01\x01", 5);
    assert_false(page_payload(&source, page, 0, &payload, scratch));
    assert_int_equal(image.reads, 0);
    buf_free(&payload);
}

/* ---- overflow -------------------------------------------------------------------------------- */

/* 39 + (1200 - 39) % 508 in the leaf, so that two pages behind it are full. */
enum { TAILED = 1200, TAILED_LOCAL = 184 };

/* A row of 1,200 bytes: some in the leaf, the rest in two pages more. */
static void
put_tailed(uint8_t *pages, uint32_t first, uint32_t second, uint32_t last)
{
    uint8_t cell[SMALL] = { 0x89, 0x30, 0x01 };
    memset(pages, 0, 4 * SMALL);
    cell[3 + TAILED_LOCAL + 3] = (uint8_t)first;
    put_cell(pages, 1, 300, cell, 3 + TAILED_LOCAL + 4);
    pages[SMALL + 3] = (uint8_t)second;
    pages[2 * SMALL + 3] = (uint8_t)last;
    pages[3 * SMALL + 3] = (uint8_t)last;
}

static void
tails(void **state)
{
    static const struct {
        const char *name;
        uint32_t first, second, last;
        bool good;
    } rows[] = {
        { "two pages", 2, 3, 0, true },
        { "the last page of the file", 2, 4, 0, true },
        { "no first page", 0, 3, 0, false },
        { "the first page of the file", 1, 3, 0, false },
        { "beyond the file", 5, 3, 0, false },
        { "ends too soon", 2, 0, 0, false },
        { "goes on", 2, 3, 4, false },
        { "a circle", 2, 2, 0, false },
        { "a circle of two", 2, 3, 2, false },
        { "the second beyond the file", 2, 200, 0, false },
        { "the second is the first of the file", 2, 1, 0, false },
    };
    uint8_t *pages = calloc(4, SMALL);
    (void)state;
    assert_non_null(pages);
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len = 0;
        print_message("  %s\n", rows[i].name);
        put_tailed(pages, rows[i].first, rows[i].second, rows[i].last);
        assert_int_equal(payload_of(pages, &len), rows[i].good);
        if (rows[i].good)
            assert_int_equal(len, TAILED);
    }
    free(pages);
}

static void
a_tail_that_cannot_be_read(void **state)
{
    uint8_t *pages = calloc(4, SMALL);
    uint8_t scratch[SMALL] = { 0 };
    struct image image = { .pages = pages, .size = SMALL };
    struct page_source source = { read_image, &image, SMALL, 4 };
    struct buf payload;
    (void)state;
    assert_non_null(pages);
    buf_init(&payload, &mem_default, false);
    for (image.refused = 2; image.refused <= 3; image.refused++) {
        put_tailed(pages, 2, 3, 0);
        assert_false(page_payload(&source, pages, 0, &payload, scratch));
        assert_false(payload.failed);
    }
    put_tailed(pages, 2, 3, 0);
    assert_true(page_payload(&source, pages, 0, &payload, scratch));
    buf_free(&payload);
    free(pages);
}

/* A leaf that ends before the number of the page behind it. */
static void
a_leaf_without_room_for_its_tail(void **state)
{
    uint8_t *pages = calloc(4, SMALL);
    uint8_t cell[SMALL] = { 0x89, 0x30, 0x01 };
    size_t len = 0;
    (void)state;
    assert_non_null(pages);
    cell[3 + TAILED_LOCAL + 3] = 2;
    pages[SMALL + 3] = 3;
    for (size_t less = 0; less <= 4; less++) {
        uint8_t second[2 * SMALL];
        memcpy(second, pages + SMALL, sizeof(second));
        put_cell(pages, 1, SMALL - 3 - TAILED_LOCAL - 4 + less, cell, 3 + TAILED_LOCAL + 4 - less);
        memcpy(pages + SMALL, second, sizeof(second));
        if (less > 0)
            memcpy(pages + SMALL - 3 - TAILED_LOCAL - 4 + less, cell, 3);
        assert_int_equal(payload_of(pages, &len), less == 0);
    }
    free(pages);
}

static void
no_memory_for_a_tail(void **state)
{
    uint8_t *pages = calloc(4, SMALL);
    uint8_t scratch[SMALL] = { 0 };
    struct image image = { .pages = pages, .size = SMALL };
    struct page_source source = { read_image, &image, SMALL, 4 };
    (void)state;
    assert_non_null(pages);
    put_tailed(pages, 2, 3, 0);
    for (int n = 0;; n++) {
        struct fx_mem fx;
        struct buf payload;
        fx_mem_fail_at(&fx, n, false);
        buf_init(&payload, &fx.mem, false);
        bool good = page_payload(&source, pages, 0, &payload, scratch);
        bool failed = payload.failed;
        buf_free(&payload);
        assert_int_equal(fx.blocks, 0);
        assert_int_equal(good, !fx.hit);
        assert_int_equal(failed, fx.hit);
        if (!fx.hit)
            break;
    }
    free(pages);
}

/* ---- records --------------------------------------------------------------------------------- */

static bool
decode(const char *bytes, size_t len, struct page_row *row)
{
    char *exact = malloc(len ? len : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, len);
    bool good = page_decode(slice_of(exact, len), row);
    free(exact);
    return good;
}

static void
numbers_of_records(void **state)
{
    static const struct {
        const char *name;
        const char *record;
        size_t len;
        int64_t want;
    } rows[] = {
        { "zero as a type", "\x02\x08", 2, 0 },
        { "one as a type", "\x02\x09", 2, 1 },
        { "one byte", "\x02\x01\x7F", 3, 127 },
        { "one byte below zero", "\x02\x01\x80", 3, -128 },
        { "two bytes", "\x02\x02\x01\x02", 4, 258 },
        { "two bytes below zero", "\x02\x02\xFF\xFE", 4, -2 },
        { "three bytes", "\x02\x03\x01\x00\x00", 5, 65536 },
        { "four bytes below zero", "\x02\x04\x80\x00\x00\x00", 6, INT32_MIN },
        { "six bytes", "\x02\x05\x00\x01\x00\x00\x00\x00", 8, INT64_C(1) << 32 },
        { "eight bytes", "\x02\x06\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10, INT64_MAX },
        { "eight bytes below zero", "\x02\x06\x80\x00\x00\x00\x00\x00\x00\x00", 10, INT64_MIN },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct page_row row = { 0 };
        print_message("  %s\n", rows[i].name);
        assert_true(decode(rows[i].record, rows[i].len, &row));
        assert_int_equal(row.count, 1);
        assert_int_equal(row.values[0].type, PAGE_INT);
        assert_true(row.values[0].number == rows[i].want);
        /* One byte less, one byte more. */
        assert_false(decode(rows[i].record, rows[i].len - 1, &row));
        char more[16] = { 0 };
        memcpy(more, rows[i].record, rows[i].len);
        assert_false(decode(more, rows[i].len + 1, &row));
    }
}

static void
types_of_records(void **state)
{
    struct page_row row = { 0 };
    (void)state;
    assert_true(decode("\x05\x00\x0C\x0D\x13zzz", 8, &row));
    assert_int_equal(row.count, 4);
    assert_int_equal(row.values[0].type, PAGE_NULL);
    assert_int_equal(row.values[0].number, 0);
    assert_int_equal(row.values[1].type, PAGE_BLOB);
    assert_int_equal(row.values[1].bytes.len, 0);
    assert_int_equal(row.values[2].type, PAGE_TEXT);
    assert_int_equal(row.values[2].bytes.len, 0);
    assert_int_equal(row.values[3].type, PAGE_TEXT);
    assert_int_equal(row.values[3].bytes.len, 3);
    assert_true(decode("\x02\x12zzz", 5, &row));
    assert_int_equal(row.values[0].type, PAGE_BLOB);
    assert_int_equal(row.values[0].bytes.len, 3);
}

static void
records_by_hand(void **state)
{
    static const struct {
        const char *name;
        const char *record;
        size_t len;
    } rows[] = {
        { "nothing", "", 0 },
        { "a floating-point number", "\x02\x07zzzzzzzz", 10 },
        { "the first reserved type", "\x02\x0A", 2 },
        { "the second reserved type", "\x02\x0B", 2 },
        { "no column", "\x01", 1 },
        { "a header of no byte", "\x00", 1 },
        { "a header shorter than its own length", "\x80\x01\x08", 3 },
        { "a header larger than the record", "\x03\x08", 2 },
        { "a length that does not end", "\x82", 1 },
        { "a type that does not end", "\x02\x81", 2 },
        { "a type that ends behind the header", "\x02\x81\x01", 3 },
        { "a value beyond the end", "\x02\x13zz", 4 },
        { "bytes behind the last value", "\x02\x13zzzz", 6 },
        { "a length beyond all", "\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10 },
    };
    struct page_row row = { 0 };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("  %s\n", rows[i].name);
        assert_false(decode(rows[i].record, rows[i].len, &row));
    }
}

static void
columns_have_a_limit(void **state)
{
    char record[PAGE_COLUMNS + 2] = { 0 };
    struct page_row row = { 0 };
    (void)state;
    record[0] = PAGE_COLUMNS + 1;
    assert_true(decode(record, PAGE_COLUMNS + 1, &row));
    assert_int_equal(row.count, PAGE_COLUMNS);
    record[0] = PAGE_COLUMNS + 2;
    assert_false(decode(record, PAGE_COLUMNS + 2, &row));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_sqlite_wrote_is_read),
        cmocka_unit_test(page_sizes_of_headers),
        cmocka_unit_test(cells_of_leaves),
        cmocka_unit_test(cells_by_hand),
        cmocka_unit_test(a_row_larger_than_any),
        cmocka_unit_test(tails),
        cmocka_unit_test(a_tail_that_cannot_be_read),
        cmocka_unit_test(a_leaf_without_room_for_its_tail),
        cmocka_unit_test(no_memory_for_a_tail),
        cmocka_unit_test(numbers_of_records),
        cmocka_unit_test(types_of_records),
        cmocka_unit_test(records_by_hand),
        cmocka_unit_test(columns_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
