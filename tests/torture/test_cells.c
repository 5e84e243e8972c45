/* SPDX-License-Identifier: MIT */
/*
 * Cells out of form: in a store that has everything, one cell of each column of each table holds
 * what its declaration forbids (no value, another type, too short, too long, out of its range) or
 * what belongs to another row; and each row is taken away. The schema is loosened for the change
 * and put back, so that a store is met in which the damage went round every constraint. Then all is
 * asked. No value is one that was not written, and where anything the store says of itself differs,
 * a call fails or verify has a finding. What salvage makes of the file is sound, and gives no value
 * that was not written either.
 *
 *     test_cells [--rows N] [--part N] [--column BEGINNING-OF-TABLE.COLUMN] [--failures N]
 *
 * --rows N: N rows of each column; otherwise one for each form, now this and now that.
 * --part N: every N-th of the changes only.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "answers.h"
#include "sound.h"

#define TEXT         ENVRES_NUL_TERMINATED
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { MOST_COLUMNS = 400, MOST_TABLES = 40, NAME = 64, SQL = 700 };

struct column {
    char table[NAME];
    char name[NAME];
    char type; /* I, T, B */
    int rows;
};

/* What a cell becomes: an expression in which @ is the column, and the types it is for. */
static const struct form {
    const char *name;
    const char *types;
    const char *value;
} forms[] = {
    { "no value", "ITB", "NULL" },
    { "nought", "ITB", "0" },
    { "less than nought", "I", "-1" },
    { "one more", "I", "@ + 1" },
    { "over 32 bits", "I", "@ + 4294967296" },
    { "the largest", "I", "9223372036854775807" },
    { "a text", "IB", "'text'" },
    { "no text", "T", "''" },
    { "another text", "T", "@ || 'x'" },
    { "a path upwards", "T", "'../' || @" },
    { "not UTF-8", "T", "CAST(x'41ff42' AS TEXT)" },
    { "a NUL", "T", "@ || char(0) || @" },
    { "a long text", "T", "printf('%.*c', 70000, 'x')" },
    { "text as bytes", "T", "CAST(@ AS BLOB)" },
    { "no bytes", "B", "x''" },
    { "a byte less", "B", "substr(@, 1, length(@) - 1)" },
    { "a byte more", "B", "CAST(@ || x'01' AS BLOB)" },
    { "noughts", "B", "zeroblob(length(@))" },
    { "many bytes", "B", "zeroblob(70000)" },
    { "that of another row", "ITB", "(SELECT o.@ FROM # o WHERE o.rowid <> #.rowid LIMIT 1)" },
};

static const char no_row[] = "without the row";

/* Of one table: what a constraint of its own would refuse is let through. */
static const char loosen[] =
    "PRAGMA writable_schema = ON;"
    "UPDATE sqlite_schema SET sql = replace(replace(replace(replace(sql, 'BLOB NOT NULL', 'BLOB'),"
    " 'TEXT NOT NULL', 'BLOB'), 'INTEGER NOT NULL', 'BLOB'), ') STRICT', ')')"
    " WHERE type = 'table' AND sql IS NOT NULL";

static struct sound sound;
static char out_path[112];
static struct column columns[MOST_COLUMNS];
static size_t column_count;
static struct {
    sqlite3_int64 rowid;
    char *sql;
} schema[MOST_TABLES];
static size_t table_count;
static int failures;
static int most_failures = 20;
static unsigned long part = 1;
static unsigned long trials;
static unsigned long changed;
static unsigned long impossible; /* an index or a key would not have it */
static unsigned long refused;    /* the store does not open, or say what it has */
static unsigned long salvaged;

/* What no record, head or signature covers, and shows in a list: docs/threat-model.md says so. */
static const char *const unsealed[] = {
    "app.author",          "app.created_at",    "app.pin",
    "app.protected",       "part_edit.author",  "part_edit.part",
    "part_edit.path",      "part_edit.time",    "query.removed_at",
    "query_edit.author",   "query_edit.time",   "version.author",
    "version.changed_at",  "version.content",   "version.created_at",
    "version.description", "version.frozen_at", "version.name",
    "version.parent_id",   "version.stage_id",
};
/* Of a discarded version, whose content may be gone. */
static const char *const of_discarded[] = { "version.bytes", "version.parts", "version.pins" };
/* Rows whose absence is not noticed. */
static const char *const may_go[] = { "approval", "inbox", "key_grant", "key_past", "request" };

/* The trial that is being made. */
static struct trial {
    const struct column *column;
    const char *form;
    int row;
} now;

static void
complain(const char *what, const char *more)
{
    fprintf(stderr, "%s.%s row %d, %s: %s%s%s\n", now.column->table, now.column->name, now.row,
            now.form, what, more ? ": " : "", more ? more : "");
    failures++;
}

static bool
stands_in(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, list[i]) == 0)
            return true;
    }
    return false;
}

/* Is the change of this trial one that nothing notices? `line`: what the store says differently. */
static bool
is_unnoticed(const char *line)
{
    char name[2 * NAME + 1];
    snprintf(name, sizeof(name), "%.63s.%.63s", now.column->table, now.column->name);
    if (strcmp(now.form, no_row) == 0)
        return stands_in(may_go, COUNT(may_go), now.column->table);
    return stands_in(unsealed, COUNT(unsealed), name) ||
           (strstr(line, "\tdiscarded\t") && stands_in(of_discarded, COUNT(of_discarded), name));
}

/* ---- reading the schema --------------------------------------------------------------------- */

static bool
read_schema(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    bool good = sqlite3_prepare_v2(db,
                                   "SELECT rowid, sql FROM sqlite_schema"
                                   " WHERE type = 'table' AND sql IS NOT NULL",
                                   -1, &stmt, NULL) == SQLITE_OK;
    while (good && sqlite3_step(stmt) == SQLITE_ROW) {
        good = table_count < MOST_TABLES;
        if (!good)
            break;
        schema[table_count].rowid = sqlite3_column_int64(stmt, 0);
        schema[table_count].sql = strdup((const char *)sqlite3_column_text(stmt, 1));
        good = schema[table_count++].sql != NULL;
    }
    sqlite3_finalize(stmt);
    return good && table_count > 0;
}

static int
rows_of(sqlite3 *db, const char *table)
{
    char sql[SQL];
    sqlite3_stmt *stmt = NULL;
    int rows = 0;
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %.63s", table);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        rows = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return rows;
}

static bool
read_columns(sqlite3 *db)
{
    static const char sql[] =
        "SELECT m.name, c.name, c.type FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
        " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid";
    sqlite3_stmt *stmt = NULL;
    bool good = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK;
    while (good && sqlite3_step(stmt) == SQLITE_ROW && column_count < MOST_COLUMNS) {
        struct column *column = &columns[column_count++];
        snprintf(column->table, NAME, "%s", (const char *)sqlite3_column_text(stmt, 0));
        snprintf(column->name, NAME, "%s", (const char *)sqlite3_column_text(stmt, 1));
        column->type = (char)sqlite3_column_text(stmt, 2)[0];
        column->rows = rows_of(db, column->table);
    }
    sqlite3_finalize(stmt);
    return good && column_count > 0 && column_count < MOST_COLUMNS;
}

static bool
read_all(void)
{
    sqlite3 *db = NULL;
    bool good = sqlite3_open_v2(sound.path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                read_schema(db) && read_columns(db);
    return sqlite3_close(db) == SQLITE_OK && good;
}

/* ---- changing ------------------------------------------------------------------------------- */

static bool
tighten(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    bool good = sqlite3_exec(db, "PRAGMA writable_schema = ON", NULL, NULL, NULL) == SQLITE_OK &&
                sqlite3_prepare_v2(db, "UPDATE sqlite_schema SET sql = ?1 WHERE rowid = ?2", -1,
                                   &stmt, NULL) == SQLITE_OK;
    for (size_t i = 0; good && i < table_count; i++) {
        sqlite3_reset(stmt);
        sqlite3_bind_text(stmt, 1, schema[i].sql, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 2, schema[i].rowid);
        good = sqlite3_step(stmt) == SQLITE_DONE;
    }
    sqlite3_finalize(stmt);
    return good;
}

static sqlite3 *
open_plain(void)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(sound.path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_exec(db,
                     "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                     "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON",
                     NULL, NULL, NULL) == SQLITE_OK)
        return db;
    sqlite3_close(db);
    return NULL;
}

/* The expression with names in place of @ and #. */
static void
write_value(char *out, const struct column *column, const char *value)
{
    size_t len = 0;
    for (; *value && len < SQL - NAME; value++) {
        const char *name = *value == '@' ? column->name : *value == '#' ? column->table : NULL;
        if (name)
            len += (size_t)snprintf(out + len, SQL - len, "%s", name);
        else
            out[len++] = *value;
    }
    out[len] = '\0';
}

/* Runs the change on the loosened copy; whether a row was changed by it. */
static bool
run_change(const char *sql)
{
    sqlite3 *db = open_plain();
    bool good = db && sqlite3_exec(db, loosen, NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_close(db);
    db = good ? open_plain() : NULL;
    bool done =
        db && sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK && sqlite3_changes(db) == 1;
    if (!db || !tighten(db))
        complain("the schema cannot be loosened and put back", db ? sqlite3_errmsg(db) : NULL);
    sqlite3_close(db);
    return done;
}

/* ---- asking --------------------------------------------------------------------------------- */

static void
another_answer(void *user, const char *asked, const char *got)
{
    (void)user;
    complain(asked, got);
}

/* What a salvage could not keep is absent from the new store, where defaults stand for it, and an
 * environment whose label is lost is called by its name. The report says so. */
static void
another_salvaged(void *user, const char *asked, const char *got)
{
    (void)user;
    if (!strstr(got, "LOST") && !strstr(asked, "environment.label"))
        complain("salvaged", got);
}

static void
ask_store(void)
{
    char line[200];
    if (!sound_ask(&sound, another_answer, NULL, line))
        refused++;
    else if (line[0] && !is_unnoticed(line))
        complain("says something else, and verify finds nothing", line);
}

/* A version keeps its content when a query that it uses is lost, and verify says so. */
static void
verify_salvaged(const struct fixture *fx)
{
    envres_list *findings = NULL;
    if (envres_store_verify(fx->store, fx->session, &findings, NULL) < 0)
        complain("what was salvaged cannot be verified", NULL);
    for (size_t row = 0; row < envres_list_count(findings); row++) {
        const char *message = envres_list_text(findings, row, ENVRES_VERIFY_MESSAGE, NULL);
        if (!strstr(message, "a revision of a query that it uses is not in the store"))
            complain(message, envres_list_text(findings, row, ENVRES_VERIFY_OBJECT, NULL));
    }
    envres_list_free(findings);
}

static void
ask_salvaged(void)
{
    struct fixture fx = sound_fixture(out_path);
    envres_store_options options = fixture_options(&fx);
    envres_list *report = NULL;
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = fx.key,
                                     .secret_len = sizeof(fx.key) };
    envres_status st = envres_store_salvage(sound.path, TEXT, out_path, TEXT, &options, &credential,
                                            &report, NULL);
    if (st == ENVRES_OK) {
        salvaged++;
        st = fixture_open(&fx);
        if (!fx.session) {
            complain("what was salvaged does not open", envres_status_name(st));
        } else {
            verify_salvaged(&fx);
            answers_ask(&fx, ENVRES_SCOPE_DAMAGED, another_salvaged, NULL);
        }
        fixture_close(&fx);
    } else if (access(out_path, F_OK) == 0) {
        complain("refused, but made a file", NULL);
    }
    envres_list_free(report);
    unlink(out_path);
}

static void
try_change(const char *sql)
{
    if (part > 1 && trials++ % part != 0)
        return;
    if (!sound_restore(&sound)) {
        complain("the sound file cannot be put back", NULL);
    } else if (!run_change(sql)) {
        impossible++;
    } else {
        changed++;
        ask_store();
        ask_salvaged();
    }
}

/* ---- the frame ------------------------------------------------------------------------------ */

/* Which of a column's rows a form is tried on: spread, so that all kinds of row are met. */
static void
run_column(const struct column *column, int rows)
{
    char value[SQL];
    char sql[2 * SQL];
    for (size_t i = 0; i < COUNT(forms); i++) {
        if (!strchr(forms[i].types, column->type))
            continue;
        write_value(value, column, forms[i].value);
        for (int n = 0; n < rows && n < column->rows && failures < most_failures; n++) {
            int row = ((int)(column - columns) + (int)i * 5 + n) % column->rows;
            now = (struct trial){ column, forms[i].name, row };
            snprintf(sql, sizeof(sql),
                     "UPDATE %.63s SET %.63s = %.699s WHERE rowid ="
                     " (SELECT rowid FROM %.63s ORDER BY rowid LIMIT 1 OFFSET %d)",
                     column->table, column->name, value, column->table, row);
            try_change(sql);
        }
    }
}

/* A table's rows taken away, one at a time; told as trials of its first column. */
static void
run_table(const struct column *column, int rows)
{
    char sql[SQL];
    for (int row = 0; row < rows && row < column->rows && failures < most_failures; row++) {
        now = (struct trial){ column, no_row, row };
        snprintf(sql, sizeof(sql),
                 "DELETE FROM %.63s WHERE rowid ="
                 " (SELECT rowid FROM %.63s ORDER BY rowid LIMIT 1 OFFSET %d)",
                 column->table, column->table, row);
        try_change(sql);
    }
}

int
main(int argc, char **argv)
{
    int rows = 1;
    const char *only = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rows") == 0)
            rows = (int)strtol(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--column") == 0)
            only = argv[i + 1];
        else if (strcmp(argv[i], "--part") == 0)
            part = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--failures") == 0)
            most_failures = (int)strtol(argv[i + 1], NULL, 10);
    }
    umask(077);
    bool ready = sound_make(&sound, "cells") && read_all();
    snprintf(out_path, sizeof(out_path), "%s/out.db", sound.folder);
    for (size_t i = 0; ready && i < column_count; i++) {
        char name[2 * NAME + 1];
        snprintf(name, sizeof(name), "%.63s.%.63s", columns[i].table, columns[i].name);
        if (only && strncmp(only, name, strlen(only)) != 0)
            continue;
        if (columns[i].rows == 0) {
            printf("%s: nothing is in it\n", name);
            continue;
        }
        if (i == 0 || strcmp(columns[i - 1].table, columns[i].table) != 0)
            run_table(&columns[i], rows);
        run_column(&columns[i], rows);
    }
    for (size_t i = 0; i < table_count; i++)
        free(schema[i].sql);
    sound_clear(&sound);
    printf("cells: %lu changed in %zu columns, %lu refused, %lu salvaged, %lu impossible\n",
           changed, column_count, refused, salvaged, impossible);
    printf("%d passed, %d failed\n", ready && !failures, !ready || failures);
    return ready && !failures ? 0 : 1;
}
