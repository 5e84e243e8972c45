/* SPDX-License-Identifier: MIT */
/*
 * Bits of blobs: in a store that has everything, a bit of a blob is flipped, in each blob column of
 * each table, wherever the schema has one. Then all is asked. No value is one that was not written;
 * and where anything the store says of itself differs, a call fails or verify has a finding.
 *
 *     test_bits [--each N | --all] [--column TABLE.COLUMN]
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "answers.h"
#include "sound.h"

enum { MOST_COLUMNS = 120, NAME = 64 };

struct column {
    char table[NAME];
    char name[NAME];
    sqlite3_int64 bits; /* of all its cells */
};

static struct sound sound;
static struct column columns[MOST_COLUMNS];
static size_t column_count;
static int failures;
static unsigned long flipped;
static unsigned long refused; /* flips that the store, its session or its dump did not survive */

/*
 * Columns that no record, head or signature covers. They say who wrote something, for which the
 * signed audit is the proof, or name content that is no longer delivered (replaced, discarded) by a
 * digest, which content is always held against. Lists may repeat what stands there; values not.
 */
static const char *const unsealed[] = {
    "app.author", "part_edit.author", "part_edit.part", "version.author", "version.content",
};

static void
complain(const struct column *column, sqlite3_int64 bit, const char *what, const char *got)
{
    fprintf(stderr, "%s.%s bit %lld: %s%s%s\n", column->table, column->name, (long long)bit, what,
            got ? ": " : "", got ? got : "");
    failures++;
}

/* Every blob column that the schema declares, with the bits there are in it. */
static bool
find_columns(void)
{
    static const char sql[] =
        "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
        " WHERE m.type = 'table' AND c.type = 'BLOB' ORDER BY m.name, c.cid";
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    bool good = sqlite3_open_v2(sound.path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK;
    while (good && sqlite3_step(stmt) == SQLITE_ROW && column_count < MOST_COLUMNS) {
        struct column *column = &columns[column_count++];
        sqlite3_stmt *sum = NULL;
        char text[256];
        snprintf(column->table, NAME, "%s", (const char *)sqlite3_column_text(stmt, 0));
        snprintf(column->name, NAME, "%s", (const char *)sqlite3_column_text(stmt, 1));
        snprintf(text, sizeof(text), "SELECT coalesce(sum(length(%.63s)), 0) * 8 FROM %.63s",
                 column->name, column->table);
        good = sqlite3_prepare_v2(db, text, -1, &sum, NULL) == SQLITE_OK &&
               sqlite3_step(sum) == SQLITE_ROW;
        if (good)
            column->bits = sqlite3_column_int64(sum, 0);
        sqlite3_finalize(sum);
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return good && column_count > 0 && column_count < MOST_COLUMNS;
}

/* ---- flipping ------------------------------------------------------------------------------- */

/* Flips one bit of a row's cell. */
static bool
flip_cell(sqlite3 *db, const struct column *column, sqlite3_int64 row, const void *cell, int len,
          sqlite3_int64 bit)
{
    char text[256];
    sqlite3_stmt *stmt = NULL;
    unsigned char *bytes = malloc((size_t)len);
    if (!bytes)
        return false;
    memcpy(bytes, cell, (size_t)len);
    bytes[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    snprintf(text, sizeof(text), "UPDATE %.63s SET %.63s = ?1 WHERE rowid = ?2", column->table,
             column->name);
    bool good = sqlite3_prepare_v2(db, text, -1, &stmt, NULL) == SQLITE_OK;
    if (good) {
        sqlite3_bind_blob(stmt, 1, bytes, len, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 2, row);
        good = sqlite3_step(stmt) == SQLITE_DONE && sqlite3_changes(db) == 1;
    }
    sqlite3_finalize(stmt);
    free(bytes);
    return good;
}

/* Flips one bit of a column, counted through all its rows. */
static bool
flip(const struct column *column, sqlite3_int64 bit)
{
    char text[256];
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    bool good = false;
    snprintf(text, sizeof(text), "SELECT rowid, %.63s FROM %.63s ORDER BY rowid", column->name,
             column->table);
    if (sqlite3_open_v2(sound.path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_exec(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL) ==
            SQLITE_OK &&
        sqlite3_prepare_v2(db, text, -1, &stmt, NULL) == SQLITE_OK) {
        while (!good && sqlite3_step(stmt) == SQLITE_ROW) {
            sqlite3_int64 row = sqlite3_column_int64(stmt, 0);
            const void *cell = sqlite3_column_blob(stmt, 1);
            int len = sqlite3_column_bytes(stmt, 1);
            if (bit < (sqlite3_int64)len * 8) {
                unsigned char *kept = malloc((size_t)len);
                if (!kept)
                    break;
                memcpy(kept, cell, (size_t)len);
                sqlite3_reset(stmt);
                good = flip_cell(db, column, row, kept, len, bit);
                free(kept);
                break;
            }
            bit -= (sqlite3_int64)len * 8;
        }
    }
    sqlite3_finalize(stmt);
    return sqlite3_close(db) == SQLITE_OK && good;
}

/* ---- asking --------------------------------------------------------------------------------- */

/* Where a bit was flipped. */
struct flip {
    const struct column *column;
    sqlite3_int64 bit;
};

static void
another_answer(void *user, const char *asked, const char *got)
{
    const struct flip *where = user;
    complain(where->column, where->bit, asked, got);
}

static bool
is_unsealed(const struct column *column)
{
    char name[2 * NAME + 1];
    snprintf(name, sizeof(name), "%.63s.%.63s", column->table, column->name);
    for (size_t i = 0; i < sizeof(unsealed) / sizeof(unsealed[0]); i++) {
        if (strcmp(name, unsealed[i]) == 0)
            return true;
    }
    return false;
}

static void
ask_all(const struct column *column, sqlite3_int64 bit)
{
    struct flip where = { column, bit };
    char line[200];
    if (!sound_ask(&sound, another_answer, &where, line))
        refused++;
    else if (line[0] && !is_unsealed(column))
        complain(column, bit, "says something else, and verify finds nothing", line);
}

static void
run_column(const struct column *column, sqlite3_int64 each)
{
    sqlite3_int64 count = each < column->bits ? each : column->bits;
    for (sqlite3_int64 i = 0; i < count && failures < 20; i++) {
        /* Evenly over the column, elsewhere in each stretch. */
        sqlite3_int64 stretch = column->bits / count;
        sqlite3_int64 at = stretch * i + (i * 7919 + (column - columns) * 104729) % stretch;
        if (!sound_restore(&sound) || !flip(column, at)) {
            complain(column, at, "cannot be flipped", NULL);
            continue;
        }
        ask_all(column, at);
        flipped++;
    }
}

int
main(int argc, char **argv)
{
    sqlite3_int64 each = 1;
    const char *only = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--all") == 0)
            each = INT64_MAX;
        else if (strcmp(argv[i], "--each") == 0 && i + 1 < argc)
            each = strtoll(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--column") == 0 && i + 1 < argc)
            only = argv[++i];
    }
    umask(077);
    bool ready = sound_make(&sound, "bits") && find_columns();
    for (size_t i = 0; ready && i < column_count; i++) {
        char name[2 * NAME + 1];
        snprintf(name, sizeof(name), "%.63s.%.63s", columns[i].table, columns[i].name);
        if (columns[i].bits == 0)
            printf("%s: nothing is in it\n", name);
        else if (!only || strcmp(only, name) == 0)
            run_column(&columns[i], each);
    }
    sound_clear(&sound);
    printf("bits: %lu flipped in %zu columns, %lu refused\n", flipped, column_count, refused);
    printf("%d passed, %d failed\n", ready && !failures, !ready || failures);
    return ready && !failures ? 0 : 1;
}
