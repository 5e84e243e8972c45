/* SPDX-License-Identifier: MIT */
/*
 * Out of a damaged file into a fresh database.
 *
 *   source --copy, with its journal--> copy beside `into` --SQLite plays the journal back-->
 *   page by page: leaves -> cells -> records -> the tables whose columns they fit -> into
 *
 * Roots, inner nodes, indexes and the schema of the source are not needed, so a row is found as
 * long as its own page, and those its tail lies in, are whole. What SQLite freed is left out. The
 * constraints of `into` hold for every row but for references, which are gone through at the end.
 * Invariant: the source is opened for reading alone.
 */
#include "storage/salvage.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "storage/migrate.h"
#include "storage/page.h"
#include "storage/sqlite.h"

enum {
    HEADER = 100,
    AT_FREE_TRUNK = 32,
    CHUNK = 64 * 1024,
    TABLES_MAX = 64,
    NAME_SIZE = 32,
    SQL_SIZE = 96,
    SUFFIX_SIZE = sizeof("-journal"),
    ORPHANS_MAX = 10000
};

static const char copy_suffix[] = "-source";

/* ---- files through SQLite's file system ------------------------------------------------------ */

/* A file without a connection; closing it drops no lock of another. */
struct raw {
    const struct mem *mem;
    sqlite3_file *file;
    const char *name; /* as the VFS wants it */
};

static void
raw_close(struct raw *raw)
{
    if (raw->file && raw->file->pMethods)
        raw->file->pMethods->xClose(raw->file);
    if (raw->file)
        mem_free(raw->mem, raw->file);
    if (raw->name)
        sqlite3_free_filename((sqlite3_filename)raw->name);
    raw->file = NULL;
    raw->name = NULL;
}

static envres_status
raw_error(int rc, const char *what, const char *path, envres_error *err)
{
    envres_status st = sqlite_status(rc, 0);
    st = err_set(err, st < 0 ? st : ENVRES_E_IO, "%s", what);
    err_subject(err, path, strlen(path));
    return st;
}

static envres_status
raw_open(const struct mem *mem, sqlite3_vfs *vfs, const char *path, int flags, struct raw *out,
         envres_error *err)
{
    struct raw raw = { .mem = mem };
    raw.name = sqlite3_create_filename(path, "", "", 0, NULL);
    raw.file = mem_alloc_zero(mem, (size_t)vfs->szOsFile);
    if (!raw.name || !raw.file) {
        raw_close(&raw);
        return err_code(err, ENVRES_E_NOMEM);
    }
    int rc = vfs->xOpen(vfs, raw.name, raw.file, flags | SQLITE_OPEN_NOFOLLOW, NULL);
    if (rc != SQLITE_OK) {
        raw_close(&raw);
        return raw_error(rc, "the file cannot be opened", path, err);
    }
    *out = raw;
    return ENVRES_OK;
}

static envres_status
raw_size(const struct raw *raw, int64_t *size, envres_error *err)
{
    sqlite3_int64 found = 0;
    int rc = raw->file->pMethods->xFileSize(raw->file, &found);
    *size = found;
    return rc == SQLITE_OK ? ENVRES_OK : raw_error(rc, "the file cannot be read", raw->name, err);
}

/* What cannot be read of the source (a bad sector) is zeroes in the copy. */
static envres_status
raw_copy(const struct raw *from, const struct raw *to, envres_error *err)
{
    int64_t size = 0;
    uint8_t *chunk = mem_alloc(from->mem, CHUNK);
    envres_status st = chunk ? raw_size(from, &size, err) : err_code(err, ENVRES_E_NOMEM);
    for (int64_t at = 0; st == ENVRES_OK && at < size; at += CHUNK) {
        int len = (int)(size - at < CHUNK ? size - at : CHUNK);
        int rc = from->file->pMethods->xRead(from->file, chunk, len, at);
        if (rc == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM)
            st = err_code(err, ENVRES_E_NOMEM);
        else if (rc != SQLITE_OK)
            memset(chunk, 0, (size_t)len);
        if (st == ENVRES_OK)
            rc = to->file->pMethods->xWrite(to->file, chunk, len, at);
        if (st == ENVRES_OK && rc != SQLITE_OK)
            st = raw_error(rc, "the copy to read from cannot be written", to->name, err);
    }
    mem_free(from->mem, chunk);
    return st;
}

/* ---- the copy ------------------------------------------------------------------------------- */

static const struct {
    const char *suffix;
    int flags;
} copied[] = {
    { "", SQLITE_OPEN_MAIN_DB },
    { "-journal", SQLITE_OPEN_MAIN_JOURNAL },
    { "-wal", SQLITE_OPEN_WAL },
};

enum { COPIED = sizeof(copied) / sizeof(copied[0]) };

struct salvage {
    struct db *into;
    sqlite3_vfs *vfs;
    char *source;     /* resolved */
    char *copy;       /* beside `into`; with room for a suffix */
    struct raw lock;  /* the source, held shared while it is copied */
    struct raw pages; /* the copy */
    struct page_source from;
    uint8_t *freed; /* one bit for each page */
    uint8_t *page;
    uint8_t *scratch;
    struct buf payload;
    struct salvage_reading reading;
};

static char *
joined(const struct mem *mem, const char *a, const char *b)
{
    char *out = mem_alloc(mem, strlen(a) + strlen(b) + 1);
    if (out) {
        memcpy(out, a, strlen(a));
        memcpy(out + strlen(a), b, strlen(b) + 1);
    }
    return out;
}

/* The name of the copy, and room behind it for that of its journals. */
static char *
with_room(const struct mem *mem, const char *into)
{
    char *out = mem_alloc(mem, strlen(into) + sizeof(copy_suffix) + SUFFIX_SIZE);
    if (out) {
        memcpy(out, into, strlen(into));
        memcpy(out + strlen(into), copy_suffix, sizeof(copy_suffix));
    }
    return out;
}

static bool
exists(sqlite3_vfs *vfs, const char *path)
{
    int there = 0;
    return vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK && there;
}

static envres_status
make_file(const struct salvage *s, const char *path, int flags, struct raw *out, envres_error *err)
{
    struct files_id id = { 0, 0 };
    bool is_file = sqlite_has_file(s->into);
    envres_status st = is_file ? files_create(path, &id, err) : ENVRES_OK;
    int create = is_file ? 0 : SQLITE_OPEN_CREATE;
    return st < 0 ? st
                  : raw_open(s->into->mem, s->vfs, path, flags | create | SQLITE_OPEN_READWRITE,
                             out, err);
}

static envres_status
copy_one(struct salvage *s, size_t i, envres_error *err)
{
    const struct mem *mem = s->into->mem;
    char *from_path = joined(mem, s->source, copied[i].suffix);
    char *to_path = joined(mem, s->copy, copied[i].suffix);
    struct raw from = { .mem = mem };
    struct raw to = { .mem = mem };
    envres_status st = from_path && to_path ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
    if (st == ENVRES_OK && (i == 0 || exists(s->vfs, from_path))) {
        st = raw_open(mem, s->vfs, from_path, copied[i].flags | SQLITE_OPEN_READONLY, &from, err);
        if (st == ENVRES_OK)
            st = make_file(s, to_path, copied[i].flags, &to, err);
        if (st == ENVRES_OK)
            st = raw_copy(&from, &to, err);
    }
    raw_close(&to);
    raw_close(&from);
    mem_free(mem, from_path);
    mem_free(mem, to_path);
    return st;
}

/* Needs no memory: what is left over when there is none would hold the store's rows. */
static void
remove_copy(const struct salvage *s)
{
    size_t len = s->copy ? strlen(s->copy) : 0;
    for (size_t i = 0; s->copy && i < COPIED; i++) {
        memcpy(s->copy + len, copied[i].suffix, strlen(copied[i].suffix) + 1);
        /* An empty file counts as none for SQLite, and is to go too. */
        if (sqlite_has_file(s->into) || exists(s->vfs, s->copy))
            s->vfs->xDelete(s->vfs, s->copy, 0);
    }
    if (s->copy)
        s->copy[len] = '\0';
}

/* No one writes while it is copied. */
static envres_status
copy_source(struct salvage *s, envres_error *err)
{
    envres_status st = raw_open(s->into->mem, s->vfs, s->source,
                                SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY, &s->lock, err);
    if (st < 0)
        return st;
    int rc = s->lock.file->pMethods->xLock(s->lock.file, SQLITE_LOCK_SHARED);
    if (rc != SQLITE_OK)
        st = raw_error(rc, "another process writes to the store", s->source, err);
    for (size_t i = 0; st == ENVRES_OK && i < COPIED; i++)
        st = copy_one(s, i, err);
    s->lock.file->pMethods->xUnlock(s->lock.file, SQLITE_LOCK_NONE);
    raw_close(&s->lock);
    return st;
}

/* Opens the copy as a store, which plays its journal back, and looks it over. Only a newer store,
 * and what says nothing about the file, are errors. */
static envres_status
look_over(struct salvage *s, envres_error *err)
{
    struct db_options options = { .mem = s->into->mem,
                                  .clock = s->into->clock,
                                  .path = s->copy,
                                  .vfs = s->into->vfs,
                                  .flags = DB_ANY_FILE_MODE | DB_ALLOW_FUSE | DB_RELAXED };
    struct db *db = NULL;
    size_t findings = 0;
    envres_status st = sqlite_open(&options, s->into->migration, &db, err);
    if (st == ENVRES_OK)
        st = db_verify(db, db_count_finding, &findings, err);
    db_close(db);
    s->reading.is_whole = st == ENVRES_OK && findings == 0;
    return st == ENVRES_E_NOMEM || st == ENVRES_E_NEWER_STORE ? st : ENVRES_OK;
}

/* ---- pages ---------------------------------------------------------------------------------- */

static bool
read_page(void *user, uint32_t number, uint8_t *out)
{
    struct salvage *s = user;
    sqlite3_file *file = s->pages.file;
    int64_t at = (int64_t)(number - 1) * s->from.size;
    int rc = file->pMethods->xRead(file, out, (int)s->from.size, at);
    return rc == SQLITE_OK || rc == SQLITE_IOERR_SHORT_READ;
}

/* Leaves that have rows, if pages had this size. */
static size_t
count_leaves(struct salvage *s, int64_t file_size, uint32_t size)
{
    size_t found = 0;
    s->from.size = size;
    s->from.count = (uint32_t)((file_size + size - 1) / size);
    for (uint32_t n = 2; n <= s->from.count; n++)
        found += read_page(s, n, s->page) && page_cells(s->page, size) > 0;
    return found;
}

/* The header may be damaged like all else: what it says must be no worse than the preset. */
static envres_status
choose_size(struct salvage *s, envres_error *err)
{
    int64_t size = 0;
    uint8_t header[HEADER] = { 0 };
    envres_status st = raw_size(&s->pages, &size, err);
    if (st < 0)
        return st;
    s->pages.file->pMethods->xRead(s->pages.file, header, HEADER, 0);
    uint32_t named = page_size_of(header);
    if (size / 512 >= UINT32_MAX)
        return err_set(err, ENVRES_E_LIMIT, "the file is too large");
    size_t preset_leaves = count_leaves(s, size, PAGE_SIZE_PRESET);
    if (named != 0 && named != PAGE_SIZE_PRESET && count_leaves(s, size, named) >= preset_leaves)
        return ENVRES_OK;
    count_leaves(s, size, PAGE_SIZE_PRESET);
    return ENVRES_OK;
}

static void
mark_freed(struct salvage *s, uint32_t page)
{
    if (page >= 1 && page <= s->from.count)
        s->freed[page / 8] |= (uint8_t)(1u << (page % 8));
}

static uint32_t
big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* What SQLite freed is no row any more. A trunk is seen once, so a circle ends. */
static void
find_freed(struct salvage *s)
{
    uint32_t next = read_page(s, 1, s->page) ? big_endian(s->page + AT_FREE_TRUNK) : 0;
    while (next >= 2 && next <= s->from.count && !(s->freed[next / 8] & (1u << (next % 8)))) {
        if (!read_page(s, next, s->page) || s->page[0] != 0)
            return;
        mark_freed(s, next);
        next = big_endian(s->page);
        uint32_t count = big_endian(s->page + 4);
        for (uint32_t i = 0; i < count && i < s->from.size / 4 - 2; i++)
            mark_freed(s, big_endian(s->page + 8 + (size_t)4 * i));
    }
}

/* ---- tables --------------------------------------------------------------------------------- */

struct shape {
    size_t count;
    enum page_type types[PAGE_COLUMNS];
    bool required[PAGE_COLUMNS];
    sqlite3_stmt *insert;
};

const char *
salvage_table(size_t n, char out[32])
{
    static const char create[] = "CREATE ";
    static const char table[] = "TABLE ";
    for (const char *const *sql = migrate_schema(); *sql; sql++) {
        const char *what = *sql + sizeof(create) - 1;
        if (strncmp(what, table, sizeof(table) - 1) != 0 || n-- > 0)
            continue;
        const char *name = what + sizeof(table) - 1;
        size_t len = strcspn(name, " ");
        len = len < NAME_SIZE ? len : NAME_SIZE - 1;
        memcpy(out, name, len);
        out[len] = '\0';
        return out;
    }
    return NULL;
}

/* SQL over a table of the schema, whose names are ours. */
static void
write_sql(char out[SQL_SIZE], const char *before, const char *table, const char *behind)
{
    snprintf(out, SQL_SIZE, "%s%s%s", before, table, behind);
}

static envres_status
read_columns(struct db *db, const char *table, struct shape *shape, envres_error *err)
{
    char sql[SQL_SIZE];
    sqlite3_stmt *stmt = NULL;
    write_sql(sql, "PRAGMA table_info(", table, ")");
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *type = (const char *)sqlite3_column_text(stmt, 2);
        if (!type || shape->count == PAGE_COLUMNS)
            break;
        shape->types[shape->count] = strcmp(type, "TEXT") == 0      ? PAGE_TEXT
                                     : strcmp(type, "INTEGER") == 0 ? PAGE_INT
                                                                    : PAGE_BLOB;
        shape->required[shape->count++] = sqlite3_column_int(stmt, 3) != 0;
        rc = SQLITE_OK;
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? ENVRES_OK
                             : sqlite_error(db, rc, "the new store cannot be read", err);
}

static envres_status
prepare_insert(struct db *db, const char *table, struct shape *shape, envres_error *err)
{
    struct buf sql = { .mem = NULL };
    buf_init(&sql, db->mem, false);
    buf_add_str(&sql, "INSERT INTO ");
    buf_add_str(&sql, table);
    buf_add_str(&sql, " VALUES (");
    for (size_t i = 0; i < shape->count; i++)
        buf_add_str(&sql, i ? ",?" : "?");
    buf_add_str(&sql, ") ON CONFLICT DO NOTHING");
    buf_add_char(&sql, '\0');
    envres_status st = buf_status(&sql, err);
    if (st == ENVRES_OK) {
        int rc = sqlite3_prepare_v2(db->handle, sql.data, -1, &shape->insert, NULL);
        if (rc != SQLITE_OK)
            st = sqlite_error(db, rc, "the new store cannot be written", err);
    }
    buf_free(&sql);
    return st;
}

static envres_status
load_shapes(struct db *db, struct shape *shapes, size_t *count, envres_error *err)
{
    char name[NAME_SIZE];
    envres_status st = ENVRES_OK;
    for (*count = 0; st == ENVRES_OK && *count < TABLES_MAX && salvage_table(*count, name);
         ++*count) {
        struct shape *shape = &shapes[*count];
        st = read_columns(db, name, shape, err);
        if (st == ENVRES_OK)
            st = prepare_insert(db, name, shape, err);
    }
    return st;
}

static bool
fits(const struct shape *shape, const struct page_row *row)
{
    if (shape->count != row->count)
        return false;
    for (size_t i = 0; i < row->count; i++) {
        const struct page_value *value = &row->values[i];
        if (value->type == PAGE_NULL ? shape->required[i] : value->type != shape->types[i])
            return false;
        if (value->type == PAGE_TEXT && !text_is_utf8(value->bytes.data, value->bytes.len, NULL))
            return false;
    }
    return true;
}

static int
bind_value(sqlite3_stmt *stmt, int at, const struct page_value *value)
{
    struct slice bytes = value->bytes;
    switch (value->type) {
    case PAGE_NULL:
        return sqlite3_bind_null(stmt, at);
    case PAGE_INT:
        return sqlite3_bind_int64(stmt, at, value->number);
    case PAGE_TEXT:
        return sqlite3_bind_text64(stmt, at, bytes.data, bytes.len, SQLITE_STATIC, SQLITE_UTF8);
    case PAGE_BLOB:
        break;
    }
    return sqlite3_bind_blob64(stmt, at, bytes.data, bytes.len, SQLITE_STATIC);
}

static int
bind_row(sqlite3_stmt *stmt, const struct page_row *row)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < row->count; i++)
        rc = bind_value(stmt, (int)i + 1, &row->values[i]);
    return rc;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* A row of the schema itself: the new database has its own. */
static bool
is_schema(const struct page_row *row)
{
    return row->count == 5 && row->values[0].type == PAGE_TEXT &&
           row->values[1].type == PAGE_TEXT && row->values[2].type == PAGE_TEXT &&
           row->values[3].type == PAGE_INT;
}

/* Into each table it fits. A CHECK that it breaks, and a key that is taken, refuse it. */
static envres_status
insert_row(struct salvage *s, struct shape *shapes, size_t count, const struct page_row *row,
           envres_error *err)
{
    bool taken = false;
    if (is_schema(row))
        return ENVRES_OK;
    for (size_t i = 0; i < count; i++) {
        sqlite3_stmt *stmt = shapes[i].insert;
        if (!fits(&shapes[i], row))
            continue;
        int rc = bind_row(stmt, row);
        if (rc == SQLITE_OK)
            rc = sqlite3_step(stmt);
        sqlite3_reset(stmt);
        sqlite3_clear_bindings(stmt);
        if (rc == SQLITE_DONE)
            taken = taken || sqlite3_changes(s->into->handle) > 0;
        else if ((rc & 0xFF) != SQLITE_CONSTRAINT)
            return sqlite_error(s->into, rc, "the new store cannot be written", err);
    }
    s->reading.rows += taken;
    s->reading.refused += !taken;
    return ENVRES_OK;
}

static envres_status
read_leaf(struct salvage *s, struct shape *shapes, size_t count, envres_error *err)
{
    envres_status st = ENVRES_OK;
    size_t cells = page_cells(s->page, s->from.size);
    for (size_t n = 0; st == ENVRES_OK && n < cells; n++) {
        struct page_row row = { .count = 0 };
        bool good = page_payload(&s->from, s->page, n, &s->payload, s->scratch);
        if (s->payload.failed)
            return buf_status(&s->payload, err);
        if (good && page_decode(slice_of(s->payload.data, s->payload.len), &row))
            st = insert_row(s, shapes, count, &row, err);
        else
            s->reading.refused++;
    }
    return st;
}

static envres_status
read_rows(struct salvage *s, envres_error *err)
{
    struct shape *shapes = mem_alloc_zero(s->into->mem, TABLES_MAX * sizeof(*shapes));
    size_t count = 0;
    envres_status st = shapes ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
    if (st == ENVRES_OK)
        st = load_shapes(s->into, shapes, &count, err);
    for (uint32_t n = 2; st == ENVRES_OK && n <= s->from.count; n++) {
        if (!(s->freed[n / 8] & (1u << (n % 8))) && read_page(s, n, s->page))
            st = read_leaf(s, shapes, count, err);
    }
    for (size_t i = 0; shapes && i < TABLES_MAX; i++)
        sqlite3_finalize(shapes[i].insert);
    mem_free(s->into->mem, shapes);
    if (st == ENVRES_OK && s->reading.rows == 0)
        st = err_set(err, ENVRES_E_NOT_A_STORE, "no row of a store can be read in the file");
    return st;
}

/* ---- the sequence --------------------------------------------------------------------------- */

static envres_status
find_source(struct salvage *s, const char *path, envres_error *err)
{
    struct db *into = s->into;
    struct files_id id = { 0, 0 };
    uint32_t flags = into->flags & DB_ANY_FILE_MODE ? FILES_ANY_MODE : 0;
    envres_status st = ENVRES_OK;
    if (sqlite_has_file(into)) {
        st = files_resolve(into->mem, path, &s->source, err);
        if (st == ENVRES_OK)
            st = files_check_store(s->source, flags, &id, err);
    } else {
        s->source = joined(into->mem, path, "");
        if (!s->source)
            st = err_code(err, ENVRES_E_NOMEM);
        else if (!exists(s->vfs, s->source))
            st = err_code(err, ENVRES_E_NO_STORE);
    }
    if (st < 0)
        err_subject(err, path, strlen(path));
    else if (!(s->copy = with_room(into->mem, into->real)))
        st = err_code(err, ENVRES_E_NOMEM);
    return st;
}

static envres_status
open_pages(struct salvage *s, envres_error *err)
{
    const struct mem *mem = s->into->mem;
    s->page = mem_alloc(mem, PAGE_SIZE_MAX);
    s->scratch = mem_alloc(mem, PAGE_SIZE_MAX);
    if (!s->page || !s->scratch)
        return err_code(err, ENVRES_E_NOMEM);
    envres_status st =
        raw_open(mem, s->vfs, s->copy, SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY, &s->pages, err);
    if (st == ENVRES_OK)
        st = choose_size(s, err);
    if (st < 0)
        return st;
    s->freed = mem_alloc_zero(mem, s->from.count / 8 + 1);
    if (!s->freed)
        return err_code(err, ENVRES_E_NOMEM);
    find_freed(s);
    return ENVRES_OK;
}

static envres_status
read_all(struct salvage *s, const char *path, envres_error *err)
{
    envres_status st = find_source(s, path, err);
    if (st == ENVRES_OK)
        st = copy_source(s, err);
    if (st == ENVRES_OK)
        st = look_over(s, err);
    if (st == ENVRES_OK)
        st = open_pages(s, err);
    if (st == ENVRES_OK)
        st = sqlite_exec(s->into, "PRAGMA foreign_keys = OFF", err);
    if (st == ENVRES_OK)
        st = db_begin_write(s->into, err);
    if (st < 0)
        return st;
    st = read_rows(s, err);
    return db_end(s->into, st, NULL, err);
}

envres_status
salvage_read(struct db *into, const char *path, struct salvage_reading *out, envres_error *err)
{
    const struct mem *mem = into->mem;
    struct salvage s = { .into = into, .vfs = sqlite3_vfs_find(into->vfs) };
    if (!into->path || !s.vfs)
        return err_set(err, ENVRES_E_INVALID, "salvage needs a file to write to");
    s.from.read = read_page;
    s.from.user = &s;
    buf_init(&s.payload, mem, false);
    envres_status st = read_all(&s, path, err);
    raw_close(&s.pages);
    remove_copy(&s);
    buf_free(&s.payload);
    mem_free(mem, s.freed);
    mem_free(mem, s.page);
    mem_free(mem, s.scratch);
    mem_free(mem, s.copy);
    mem_free(mem, s.source);
    *out = s.reading;
    return st;
}

/* ---- what refers to nothing ----------------------------------------------------------------- */

struct orphan {
    char table[NAME_SIZE];
    int64_t row;
};

static envres_status
list_orphans(struct db *into, struct orphan *out, size_t *count, envres_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(into->handle, "PRAGMA foreign_key_check", -1, &stmt, NULL);
    *count = 0;
    while (rc == SQLITE_OK && *count < ORPHANS_MAX && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *table = (const char *)sqlite3_column_text(stmt, 0);
        snprintf(out[*count].table, NAME_SIZE, "%s", table ? table : "");
        out[(*count)++].row = sqlite3_column_int64(stmt, 1);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(stmt);
    if (rc == SQLITE_OK || rc == SQLITE_DONE)
        return ENVRES_OK;
    return sqlite_error(into, rc, "the new store cannot be read", err);
}

static envres_status
drop_orphan(struct db *into, const struct orphan *orphan, int64_t *dropped, envres_error *err)
{
    char sql[SQL_SIZE];
    sqlite3_stmt *stmt = NULL;
    write_sql(sql, "DELETE FROM ", orphan->table, " WHERE rowid = ?1");
    int rc = sqlite3_prepare_v2(into->handle, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(stmt, 1, orphan->row);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    if (rc != SQLITE_DONE)
        return sqlite_error(into, rc, "the new store cannot be written", err);
    *dropped += sqlite3_changes(into->handle);
    return ENVRES_OK;
}

/* They come table by table. A row with two references that fail is listed twice, and dropped once.
 * Each round drops at least one row, so there is a last one. */
static envres_status
drop_round(struct db *into, const struct orphan *orphans, size_t count, salvage_orphan_fn orphan,
           void *user, envres_error *err)
{
    int64_t dropped = 0;
    for (size_t i = 0; i < count; i++) {
        envres_status st = drop_orphan(into, &orphans[i], &dropped, err);
        if (st < 0)
            return st;
        if (i + 1 == count || strcmp(orphans[i].table, orphans[i + 1].table) != 0) {
            if (dropped > 0)
                orphan(user, orphans[i].table, dropped);
            dropped = 0;
        }
    }
    return ENVRES_OK;
}

envres_status
salvage_drop_orphans(struct db *into, salvage_orphan_fn orphan, void *user, envres_error *err)
{
    struct orphan *orphans = mem_alloc_array(into->mem, ORPHANS_MAX, sizeof(*orphans));
    size_t count = 1;
    envres_status st = orphans ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
    while (st == ENVRES_OK && count > 0) {
        st = list_orphans(into, orphans, &count, err);
        if (st == ENVRES_OK)
            st = drop_round(into, orphans, count, orphan, user, err);
    }
    mem_free(into->mem, orphans);
    return st;
}

envres_status
salvage_count(struct db *into, const char *table, int64_t *out, envres_error *err)
{
    char sql[SQL_SIZE];
    write_sql(sql, "SELECT count(*) FROM ", table, "");
    return sqlite_ask_int(into, sql, out, err);
}
