/* SPDX-License-Identifier: MIT */
/*
 * What a host would do by hand with SQLite and libsodium, from docs/file-format.md alone: unlock a
 * principal by its raw key, take an environment's keys, read its rows, open and seal records. The
 * shortest honest way: heads, signatures and the audit are not looked at.
 */
#ifndef ENVRES_BENCH_HAND_H
#define ENVRES_BENCH_HAND_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HAND_RECORD_MAX = 1024, HAND_CONTENT = 32 };

struct hand {
    sqlite3 *db;
    sqlite3_stmt *rows;
    uint8_t workspace[16];
    uint8_t environment[16];
    uint32_t generation;
    uint8_t plain_key[32];
    uint8_t secret_key[32];
};

/* Borrowed from the statement until its next step. */
struct hand_row {
    const uint8_t *object;
    const char *name;
    size_t name_len;
    int64_t revision;
    bool secret;
    const uint8_t *content;
    const uint8_t *record;
    size_t record_len;
};

/* Ends the program unless `status` is the one expected. */
void hand_expect(sqlite3 *db, int status, int expected, const char *what);
void hand_exec(sqlite3 *db, const char *sql);

void hand_open(struct hand *hand, const char *path, const uint8_t raw_key[32],
               const char *environment);
void hand_close(struct hand *hand);

/* The rows that are current, by name; false at the end. */
bool hand_next(struct hand *hand, struct hand_row *row);
void hand_rewind(struct hand *hand);

/* A string value; `out` has room for the record's length. Ends the program when it does not verify.
 */
size_t hand_unseal(const struct hand *hand, const struct hand_row *row, char *out);

/* A record as the library would write it: answers its length. */
size_t hand_seal(const struct hand *hand, const struct hand_row *row, const char *value,
                 size_t value_len, uint8_t record[HAND_RECORD_MAX], uint8_t content[HAND_CONTENT]);

#endif
