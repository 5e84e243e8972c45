/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target (libFuzzer): the content of a store, changed through SQL by somebody who has the file
 * and no key. The input is a list of up to 16 changes: of a cell (to any value, or to that of
 * another row), of a whole row (deleted, or put in place of another). Then all is asked: a call
 * may fail, none crashes, and no answer is one that was never written.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "../torture/answers.h"
#include "fuzz.h"

enum { CHANGES_MAX = 16, COLUMNS_MAX = 512, NAME = 64 };

struct column {
    char table[NAME];
    char name[NAME];
};

static char folder[64];
static char path[96];
static unsigned char *sound;
static size_t sound_len;
static struct column columns[COLUMNS_MAX];
static size_t column_count;

/* What is left of the input. */
struct input {
    const uint8_t *data;
    size_t size;
};

static uint8_t
take(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->data++;
}

/* ---- the sound store ------------------------------------------------------------------------ */

static struct fixture
usual(void)
{
    struct fixture fx = { .path = path,
                          .store_flags = ENVRES_STORE_ANY_FILE_MODE | ENVRES_STORE_RELAXED };
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    return fx;
}

static void
write_sound(void)
{
    char journal[112];
    FILE *file = fopen(path, "wb");
    snprintf(journal, sizeof(journal), "%s-journal", path);
    unlink(journal);
    CHECK(file && fwrite(sound, 1, sound_len, file) == sound_len);
    CHECK(fclose(file) == 0);
}

static void
clean_up(void)
{
    char journal[112];
    snprintf(journal, sizeof(journal), "%s-journal", path);
    unlink(journal);
    unlink(path);
    rmdir(folder);
    free(sound);
}

static void
wrong(void *user, const char *asked, const char *got)
{
    (void)user;
    fprintf(stderr, "%s gave '%s'\n", asked, got);
    abort();
}

static void
read_columns(void)
{
    static const char sql[] =
        "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
        " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid";
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    CHECK(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW && column_count < COLUMNS_MAX) {
        struct column *column = &columns[column_count++];
        snprintf(column->table, NAME, "%s", (const char *)sqlite3_column_text(stmt, 0));
        snprintf(column->name, NAME, "%s", (const char *)sqlite3_column_text(stmt, 1));
    }
    sqlite3_finalize(stmt);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    CHECK(column_count > 0 && column_count < COLUMNS_MAX);
}

static void
make_sound(void)
{
    struct stat about;
    const char *temporary = getenv("TMPDIR");
    umask(077);
    snprintf(folder, sizeof(folder), "%.32s/envres-fuzz-XXXXXX", temporary ? temporary : "/tmp");
    CHECK(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/store.db", folder);
    struct fixture fx = usual();
    CHECK(fixture_make(&fx) == ENVRES_OK);
    fixture_close(&fx);
    CHECK(stat(path, &about) == 0);
    sound_len = (size_t)about.st_size;
    sound = malloc(sound_len);
    FILE *file = fopen(path, "rb");
    CHECK(sound && file && fread(sound, 1, sound_len, file) == sound_len);
    fclose(file);
    atexit(clean_up);
    read_columns();
    CHECK(fixture_open(&fx) == ENVRES_OK);
    CHECK(answers_ask(&fx, 0, wrong, NULL) == answers_count());
    fixture_close(&fx);
}

/* ---- changes -------------------------------------------------------------------------------- */

/* Runs a statement; ?1 is the value of the input. What a constraint refuses is not done. */
static void
run(sqlite3 *db, const char *sql, struct input *input)
{
    sqlite3_stmt *stmt = NULL;
    uint8_t how = take(input);
    size_t len = how >> 2;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        return;
    if (len > input->size)
        len = input->size;
    if (how % 4 == 0)
        sqlite3_bind_null(stmt, 1);
    else if (how % 4 == 1)
        sqlite3_bind_int64(stmt, 1, len > 0 ? (int8_t)input->data[0] : INT64_MAX - how);
    else if (how % 4 == 2)
        sqlite3_bind_text(stmt, 1, (const char *)input->data, (int)len, SQLITE_STATIC);
    else
        sqlite3_bind_blob(stmt, 1, input->data, (int)len, SQLITE_STATIC);
    input->data += len;
    input->size -= len;
    (void)sqlite3_step(stmt);
    sqlite3_finalize(stmt);
}

static void
change(sqlite3 *db, struct input *input)
{
    /* The n-th row of a table, counted around. */
    static const char row[] = "(SELECT rowid FROM %s ORDER BY rowid LIMIT 1 OFFSET %d %%"
                              " (SELECT max(1, count(*)) FROM %s))";
    char which[256];
    char other[256];
    char sql[900];
    uint8_t kind = take(input);
    unsigned index = take(input) | (unsigned)(kind & 0xF0) << 4;
    const struct column *at = &columns[index % column_count];
    snprintf(which, sizeof(which), row, at->table, take(input), at->table);
    snprintf(other, sizeof(other), row, at->table, take(input), at->table);
    switch (kind % 4) {
    case 0:
        snprintf(sql, sizeof(sql), "UPDATE %s SET %s = ?1 WHERE rowid = %s", at->table, at->name,
                 which);
        break;
    case 1:
        snprintf(sql, sizeof(sql),
                 "UPDATE %s SET %s = (SELECT %s FROM %s WHERE rowid = %s) WHERE rowid = %s",
                 at->table, at->name, at->name, at->table, other, which);
        break;
    case 2:
        snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE rowid = %s", at->table, which);
        break;
    default:
        /* Only the end of a cell: what is wholly random is refused before it is looked at. */
        snprintf(sql, sizeof(sql),
                 "UPDATE %s SET %s = CAST(substr(%s, 1, length(%s) - 1) || ?1 AS BLOB) WHERE"
                 " rowid = %s",
                 at->table, at->name, at->name, at->name, which);
    }
    run(db, sql, input);
}

static void
ask_all(void)
{
    struct fixture fx = usual();
    envres_list *findings = NULL;
    envres_status st = fixture_open(&fx);
    CHECK(st <= 0);
    if (fx.session) {
        answers_ask(&fx, 0, wrong, NULL);
        answers_ask(&fx, ENVRES_SCOPE_DAMAGED, wrong, NULL);
        (void)envres_store_verify(fx.store, fx.session, &findings, NULL);
        envres_list_free(findings);
        free(fixture_dump(&fx));
    }
    fixture_close(&fx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    sqlite3 *db = NULL;
    if (!sound)
        make_sound();
    write_sound();
    CHECK(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    sqlite3_exec(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = 0",
                 NULL, NULL, NULL);
    for (int i = 0; i < CHANGES_MAX && input.size > 0; i++)
        change(db, &input);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    ask_all();
    return 0;
}
