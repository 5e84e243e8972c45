/* SPDX-License-Identifier: MIT */
/*
 * The fingerprint of the schema: sqlite_schema must hold the very texts of the migrations, nothing
 * more and nothing less. A trigger or a view put there by another hand would run with our rights; a
 * table without a CHECK would let through what every reader relies on. Texts are compared byte by
 * byte. This file only reads.
 */
#include <assert.h>
#include <string.h>

#include "storage/sqlite.h"

static const char sql_rows[] = "SELECT type, name, tbl_name, sql FROM sqlite_schema";

enum { ROW_TYPE, ROW_NAME, ROW_TABLE, ROW_SQL };

/* One entry as its own text describes it. */
struct entry {
    const char *type;
    struct slice name;
    struct slice table;
};

static struct slice
next_word(const char **text)
{
    const char *start = *text + strspn(*text, " ");
    size_t len = strcspn(start, " (");
    *text = start + len;
    return slice_of(start, len);
}

/* CREATE [UNIQUE] TABLE|INDEX name [ON table]: the shape of every statement of the migrations. */
static struct entry
read_create(const char *sql)
{
    struct entry entry = { "table", { "", 0 }, { "", 0 } };
    next_word(&sql);
    struct slice word = next_word(&sql);
    if (slice_equal(word, slice_str("UNIQUE")))
        word = next_word(&sql);
    entry.name = entry.table = next_word(&sql);
    if (slice_equal(word, slice_str("INDEX"))) {
        entry.type = "index";
        next_word(&sql);
        entry.table = next_word(&sql);
    }
    return entry;
}

static const char *
find_text(const char *const *schema, struct slice sql)
{
    for (; *schema; schema++) {
        if (slice_equal(slice_str(*schema), sql))
            return *schema;
    }
    return NULL;
}

static bool
is_expected(struct db_stmt *stmt, const char *const *schema, bool *listed)
{
    struct slice name = db_column_text(stmt, ROW_NAME);
    struct slice type = db_column_text(stmt, ROW_TYPE);
    static const char automatic[] = "sqlite_autoindex_";
    *listed = false;
    if (db_column_is(stmt, ROW_SQL, DB_NULL))
        return slice_equal(type, slice_str("index")) && name.len > sizeof(automatic) - 1 &&
               memcmp(name.data, automatic, sizeof(automatic) - 1) == 0;
    const char *text = find_text(schema, db_column_text(stmt, ROW_SQL));
    if (!text)
        return false;
    struct entry entry = read_create(text);
    *listed = true;
    return slice_equal(type, slice_str(entry.type)) && slice_equal(name, entry.name) &&
           slice_equal(db_column_text(stmt, ROW_TABLE), entry.table);
}

/* Names come from the file: cut to what a message can hold. */
static envres_status
unexpected(const struct db *db, struct db_stmt *stmt, envres_error *err)
{
    struct slice type = db_column_text(stmt, ROW_TYPE);
    struct slice name = db_column_text(stmt, ROW_NAME);
    envres_status st = err_set(err, ENVRES_E_CORRUPT,
                               "the store's schema has an entry that is not its own: %.*s '%.*s'",
                               (int)(type.len < 20 ? type.len : 20), type.data,
                               (int)(name.len < 100 ? name.len : 100), name.data);
    err_hint(err, "another program changed the file; restore a backup, or remove what it added");
    if (db->path)
        err_subject(err, db->path, strlen(db->path));
    return st;
}

envres_status
sqlite_check_schema(struct db *db, const char *const *schema, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    size_t expected = 0;
    size_t seen = 0;
    while (schema[expected])
        expected++;
    envres_status st = db_use(db, sql_rows, &stmt, err);
    while (st >= 0) {
        int row = DB_DONE;
        bool listed = false;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        if (!is_expected(stmt, schema, &listed))
            st = unexpected(db, stmt, err);
        seen += listed;
    }
    db_reset(stmt);
    if (st >= 0 && seen != expected) {
        st = err_set(err, ENVRES_E_CORRUPT, "the store's schema lacks %zu of its %zu entries",
                     expected - seen, expected);
        err_hint(err, "another program changed the file; restore a backup");
        if (db->path)
            err_subject(err, db->path, strlen(db->path));
    }
    return st;
}

envres_status
sqlite_check_kinds(struct db *db, envres_error *err)
{
    static const char sql[] = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
                              " WHERE type NOT IN ('table', 'index')"
                              " OR coalesce(rootpage, 0) = 0";
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, sql, &stmt, err);
    if (st >= 0)
        st = db_step(stmt, &row, err);
    if (st >= 0 && row == DB_ROW)
        st = unexpected(db, stmt, err);
    db_reset(stmt);
    return st;
}
