/* SPDX-License-Identifier: MIT */
/*
 * The open sequence of a SQLite store, in this order:
 *
 *   file checks -> connection -> same file? -> guards (limits, authorizer, no extensions)
 *   -> header (ours? newer?) -> settings and journal mode -> format, migration -> schema
 *
 * Invariants: no byte is written before the header is known to be ours and of a format that this
 * library knows; every setting is read back. This file never opens the store's file by itself:
 * even the first look at the header goes through the descriptor that SQLite holds, since a close()
 * of our own would drop the locks of every connection of the process.
 */
#include "storage/sqlite.h"

#include <stdio.h>
#include <string.h>

#include "storage/migrate.h"

enum { HEADER_SIZE = 100, HEADER_VERSION = 60, HEADER_APPLICATION = 68 };

/* Versions that a header may claim and be believed; beyond it is rubbish of a torn write. */
enum { PLAUSIBLE_FORMAT = 10000 };

/* ---- settings ---- */

/* `set` NULL: only checked. `file`, `memory`: the value read back, NULL where it does not apply. */
struct setting {
    const char *name;
    const char *set;
    const char *get;
    const char *file;
    const char *memory;
    uint32_t mask; /* applies when (flags & mask) == wanted */
    uint32_t wanted;
    bool optional; /* a build or a VFS without it answers nothing */
};

#define SETTING(name, value) "PRAGMA " name " = " value, "PRAGMA " name

/* KiB, at most: memory is taken for pages that were touched. The indexes of 100,000 variables fit,
 * whose order is that of random ids; with SQLite's own 2 MiB every insert reads pages anew. */
#define PAGE_CACHE "-32768"

/* These protect the look at the file, and the first two need none. */
static const struct setting settings_first[] = {
    { "trusted_schema", SETTING("trusted_schema", "OFF"), "0", "0", 0, 0, false },
    { "cell_size_check", SETTING("cell_size_check", "ON"), "1", "1", 0, 0, false },
    { "cache_size", SETTING("cache_size", PAGE_CACHE), PAGE_CACHE, PAGE_CACHE, 0, 0, false },
    { "mmap_size", SETTING("mmap_size", "0"), "0", NULL, 0, 0, true },
    { "temp_store", SETTING("temp_store", "MEMORY"), "2", "2", 0, 0, false },
    { "foreign_keys", SETTING("foreign_keys", "ON"), "1", "1", 0, 0, false },
    { "fullfsync", SETTING("fullfsync", "ON"), "1", "1", 0, 0, false },
    { "checkpoint_fullfsync", SETTING("checkpoint_fullfsync", "ON"), "1", "1", 0, 0, false },
    { "query_only", SETTING("query_only", "ON"), "1", "1", DB_READ_ONLY, DB_READ_ONLY, false },
    { "ignore_check_constraints", NULL, "PRAGMA ignore_check_constraints", "0", "0", 0, 0, false },
    { "writable_schema", NULL, "PRAGMA writable_schema", "0", "0", 0, 0, false },
};

/* A change of journal mode sets synchronous anew, so it comes after. */
static const struct setting settings_last[] = {
    { "synchronous", SETTING("synchronous", "EXTRA"), "3", NULL, DB_RELAXED, 0, false },
    { "synchronous", SETTING("synchronous", "OFF"), "0", NULL, DB_RELAXED, DB_RELAXED, false },
    { "secure_delete", SETTING("secure_delete", "ON"), "1", "1", 0, 0, false },
    { "locking_mode", NULL, "PRAGMA locking_mode", "normal", "normal", 0, 0, false },
    { "encoding", NULL, "PRAGMA encoding", "UTF-8", "UTF-8", 0, 0, false },
};

enum {
    BLIND_COUNT = 2, /* of settings_first: those before the lock */
    FIRST_COUNT = sizeof(settings_first) / sizeof(settings_first[0]),
    LAST_COUNT = sizeof(settings_last) / sizeof(settings_last[0])
};

static envres_status
not_kept(const struct db *db, const char *name, const char *found, envres_error *err)
{
    envres_status st =
        err_set(err, ENVRES_E_SETTING, "SQLite %s does not keep the setting %s%s%s",
                sqlite3_libversion(), name, found ? ": it says " : "", found ? found : "");
    err_hint(err, "use the SQLite of the system, built without options that take settings away");
    if (db->path)
        err_subject(err, db->path, strlen(db->path));
    return st;
}

static envres_status
check_setting(struct db *db, const struct setting *setting, envres_error *err)
{
    const char *expected = db->path ? setting->file : setting->memory;
    if (!expected || (db->flags & setting->mask) != setting->wanted)
        return ENVRES_OK;
    char *found = NULL;
    envres_status st = sqlite_ask(db, setting->get, &found, err);
    bool is_kept = found ? strcmp(found, expected) == 0 : setting->optional;
    if (st >= 0 && !is_kept)
        st = not_kept(db, setting->name, found, err);
    mem_free(db->mem, found);
    return st;
}

static envres_status
apply_settings(struct db *db, const struct setting *settings, size_t count, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; i < count && st >= 0; i++) {
        const struct setting *s = &settings[i];
        bool applies = (db->path ? s->file : s->memory) && (db->flags & s->mask) == s->wanted;
        if (applies && s->set)
            st = sqlite_exec(db, s->set, err);
        if (st >= 0)
            st = check_setting(db, s, err);
    }
    return st;
}

static envres_status
check_journal(struct db *db, envres_error *err)
{
    char *mode = NULL;
    envres_status st = sqlite_ask(db, "PRAGMA journal_mode", &mode, err);
    if (st < 0)
        return st;
    const char *found = mode ? mode : "nothing";
    bool is_fine = strcmp(found, db->path ? "truncate" : "memory") == 0;
    if (db->path && strcmp(found, "wal") == 0)
        is_fine = sqlite_journal_for(sqlite3_libversion_number()) == JOURNAL_WAL;
    is_fine = is_fine || (db->path && (db->flags & DB_READ_ONLY));
    if (!is_fine)
        st = not_kept(db, "journal_mode", found, err);
    mem_free(db->mem, mode);
    return st;
}

envres_status
sqlite_check_settings(struct db *db, envres_error *err)
{
    envres_status st = check_journal(db, err);
    for (size_t i = 0; i < FIRST_COUNT && st >= 0; i++)
        st = check_setting(db, &settings_first[i], err);
    for (size_t i = 0; i < LAST_COUNT && st >= 0; i++)
        st = check_setting(db, &settings_last[i], err);
    return st;
}

/* ---- journal mode ---- */

enum journal
sqlite_journal_for(int version)
{
    if (version >= 3051003)
        return JOURNAL_WAL;
    if (version >= 3050007 && version < 3051000)
        return JOURNAL_WAL;
    return JOURNAL_TRUNCATE;
}

/* Asks for a mode. *got: whether the file has it now; it has not when another connection is in the
 * way, or when the VFS cannot. */
static envres_status
try_journal(struct db *db, const char *sql, const char *name, bool *got, envres_error *err)
{
    char *mode = NULL;
    envres_status st = sqlite_ask(db, sql, &mode, err);
    *got = st >= 0 && mode && strcmp(mode, name) == 0;
    mem_free(db->mem, mode);
    return st == ENVRES_E_BUSY ? ENVRES_OK : st;
}

/* WAL where it can be trusted and can be had; else TRUNCATE, which is always safe. A store in WAL
 * mode under a SQLite that is not to be trusted with it is brought back, which takes that nobody
 * else has it open. A handle that only reads keeps no journal, and reading a WAL is harmless. */
static envres_status
set_journal(struct db *db, envres_error *err)
{
    bool got = false;
    envres_status st = ENVRES_OK;
    if (!db->path || (db->flags & DB_READ_ONLY))
        return check_journal(db, err);
    if (sqlite_journal_for(sqlite3_libversion_number()) == JOURNAL_WAL)
        st = try_journal(db, "PRAGMA journal_mode = WAL", "wal", &got, err);
    if (st >= 0 && !got)
        st = try_journal(db, "PRAGMA journal_mode = TRUNCATE", "truncate", &got, err);
    if (st < 0)
        return st;
    if (got)
        return check_journal(db, err);
    st = err_set(err, ENVRES_E_BUSY,
                 "the store is in WAL mode, which SQLite %s may lose commits in, and another"
                 " process has it open",
                 sqlite3_libversion());
    err_hint(err, "close the store everywhere and open it again, or use SQLite 3.51.3 or newer");
    err_subject(err, db->path, strlen(db->path));
    return st;
}

/* ---- guards ---- */

static int
authorize(void *user, int action, const char *one, const char *two, const char *three,
          const char *four)
{
    const struct db *db = user;
    (void)one;
    (void)two;
    (void)three;
    (void)four;
    switch (action) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
        return db->attach_allowed ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_VTABLE:
        return SQLITE_DENY;
    default:
        return SQLITE_OK;
    }
}

struct limit_row {
    int id;
    int value;
};

static const struct limit_row limits[] = {
    { SQLITE_LIMIT_LENGTH, 128 * 1024 * 1024 },
    { SQLITE_LIMIT_SQL_LENGTH, 64 * 1024 },
    { SQLITE_LIMIT_COLUMN, 100 },
    { SQLITE_LIMIT_EXPR_DEPTH, 100 },
    { SQLITE_LIMIT_COMPOUND_SELECT, 50 },
    { SQLITE_LIMIT_FUNCTION_ARG, 8 },
    { SQLITE_LIMIT_ATTACHED, 1 },
    { SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100 },
    { SQLITE_LIMIT_VARIABLE_NUMBER, 200 },
    { SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
    { SQLITE_LIMIT_WORKER_THREADS, 0 },
};

struct config_row {
    int option;
    int value;
    const char *name;
};

static const struct config_row configs[] = {
    { SQLITE_DBCONFIG_DEFENSIVE, 1, "DEFENSIVE" },
    { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, "ENABLE_LOAD_EXTENSION" },
    { SQLITE_DBCONFIG_DQS_DML, 0, "DQS_DML" },
    { SQLITE_DBCONFIG_DQS_DDL, 0, "DQS_DDL" },
    { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, "ENABLE_TRIGGER" },
    { SQLITE_DBCONFIG_ENABLE_VIEW, 0, "ENABLE_VIEW" },
    { SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0, "WRITABLE_SCHEMA" },
};

/* Two threads may have a connection each at the same time, if never the same. */
static envres_status
set_guards(struct db *db, envres_error *err)
{
    if (!sqlite3_threadsafe())
        return not_kept(db, "SQLITE_THREADSAFE", "0", err);
    sqlite3_extended_result_codes(db->handle, 1);
    for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
        int now = -1;
        int rc = sqlite3_db_config(db->handle, configs[i].option, configs[i].value, &now);
        if (rc != SQLITE_OK || now != configs[i].value)
            return not_kept(db, configs[i].name, NULL, err);
    }
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        sqlite3_limit(db->handle, limits[i].id, limits[i].value);
        if (sqlite3_limit(db->handle, limits[i].id, -1) > limits[i].value)
            return not_kept(db, "a limit", NULL, err);
    }
    sqlite3_set_authorizer(db->handle, authorize, db);
    int wait = db->busy_timeout_ms > INT32_MAX ? INT32_MAX : (int)db->busy_timeout_ms;
    sqlite3_busy_timeout(db->handle, wait);
    int64_t now = -1;
    envres_status st = sqlite_ask_int(db, "PRAGMA busy_timeout", &now, err);
    return st < 0 || now == wait ? st : not_kept(db, "busy_timeout", NULL, err);
}

/* ---- one lock ---- */

/* A statement that has begun to read keeps the read lock, and leaves the connection without a
 * transaction, in which settings could not be changed. This one needs no schema, so that reading
 * that, too, happens under its lock. NULL: no lock is held. */
static envres_status
take_lock(struct db *db, sqlite3_stmt **lock, envres_error *err)
{
    int rc = sqlite3_prepare_v2(db->handle, "PRAGMA application_id", -1, lock, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(*lock);
    if (rc == SQLITE_ROW)
        return ENVRES_OK;
    return sqlite_error(db, rc, "the store cannot be read", err);
}

static void
drop_lock(sqlite3_stmt **lock)
{
    sqlite3_finalize(*lock);
    *lock = NULL;
}

/* ---- the header ---- */

/* A WAL that another program left is not brought into its file either when this handle closes. */
static void
leave_alone(const struct db *db)
{
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static envres_status
not_a_store(const struct db *db, const char *why, envres_error *err)
{
    leave_alone(db);
    envres_status st =
        err_set(err, ENVRES_E_NOT_A_STORE, "the file is not an envres store: %s", why);
    err_hint(err, "check the path; nothing was changed");
    err_subject(err, db->path, strlen(db->path));
    return st;
}

static envres_status
newer_store(const struct db *db, int64_t format, envres_error *err)
{
    leave_alone(db);
    envres_status st =
        err_set(err, ENVRES_E_NEWER_STORE, "the store has format %lld; this release knows up to %d",
                (long long)format, (int)db->migration->format);
    err_hint(err, "use a newer release of envres; nothing was changed");
    err_subject(err, db->path, strlen(db->path));
    return st;
}

static uint32_t
big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* A journal or a WAL that is not empty may change what the header says. */
static bool
may_recover(struct db *db)
{
    const char *name = sqlite3_db_filename(db->handle, "main");
    sqlite3_vfs *vfs = NULL;
    sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
    if (!name || !vfs)
        return false;
    int journal = 0;
    int wal = 0;
    vfs->xAccess(vfs, sqlite3_filename_journal(name), SQLITE_ACCESS_EXISTS, &journal);
    vfs->xAccess(vfs, sqlite3_filename_wal(name), SQLITE_ACCESS_EXISTS, &wal);
    return journal || wal;
}

/*
 * The first look, before SQLite takes a lock or plays a journal back: the first hundred bytes as
 * they are on the disk, through SQLite's own descriptor. A newer store and a foreign file are left
 * without a byte written. A header that an interrupted writer tore is not judged here: SQLite
 * mends it first, and read_format() looks again.
 */
static envres_status
check_header(struct db *db, envres_error *err)
{
    unsigned char header[HEADER_SIZE] = { 0 };
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    int rc = sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc == SQLITE_OK && (!file || !file->pMethods))
        rc = SQLITE_CANTOPEN;
    if (rc == SQLITE_OK)
        rc = file->pMethods->xFileSize(file, &size);
    if (rc == SQLITE_OK && size > 0)
        rc = file->pMethods->xRead(file, header, HEADER_SIZE, 0);
    if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
        return sqlite_error(db, rc, "the store cannot be read", err);
    bool is_sqlite = memcmp(header, "SQLite format 3", 16) == 0;
    bool is_ours = is_sqlite && big_endian(header + HEADER_APPLICATION) == DB_APPLICATION_ID;
    uint32_t format = big_endian(header + HEADER_VERSION);
    if (is_ours && format > (uint32_t)db->migration->format && format < PLAUSIBLE_FORMAT)
        return newer_store(db, format, err);
    if (is_ours || may_recover(db))
        return ENVRES_OK;
    if (size == 0)
        return not_a_store(db, "it is empty", err);
    if (!is_sqlite)
        return not_a_store(db, "it is not a SQLite database", err);
    return not_a_store(db, "it is a SQLite database of another program", err);
}

/* The second look, with SQLite's eyes, under a lock and after recovery. */
static envres_status
read_format(struct db *db, int64_t *format, envres_error *err)
{
    int64_t application = 0;
    envres_status st = sqlite_ask_int(db, "PRAGMA application_id", &application, err);
    if (st >= 0)
        st = sqlite_ask_int(db, "PRAGMA user_version", format, err);
    if (st < 0)
        return st;
    if (application != DB_APPLICATION_ID)
        return not_a_store(db, "it is a SQLite database of another program", err);
    if (*format > db->migration->format)
        return newer_store(db, *format, err);
    if (*format < 1)
        return not_a_store(db, "it has no format number", err);
    return ENVRES_OK;
}

/*
 * SQLite rounds a partial last page up and goes on: a file that was cut inside it would open, and
 * take writes. Under the read lock of the caller no one else is writing to the file.
 */
static envres_status
check_size(struct db *db, envres_error *err)
{
    int64_t page = 0;
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    if (!db->path)
        return ENVRES_OK;
    envres_status st = sqlite_ask_int(db, "PRAGMA page_size", &page, err);
    if (st < 0)
        return st;
    int rc = sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc == SQLITE_OK)
        rc = file->pMethods->xFileSize(file, &size);
    if (rc != SQLITE_OK)
        st = sqlite_error(db, rc, "the store cannot be read", err);
    if (st < 0 || (page > 0 && size % page == 0))
        return st;
    st = err_set(err, ENVRES_E_CORRUPT, "the file ends inside a page: it was cut short");
    err_subject(err, db->path, strlen(db->path));
    err_hint(err, "put a backup in its place; the file was left as it is");
    return st;
}

/* ---- creation and migration ---- */

static envres_status
set_number(struct db *db, const char *pragma, int value, envres_error *err)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "PRAGMA %s = %d", pragma, value);
    return sqlite_exec(db, sql, err);
}

/* One step, in the transaction of the caller. */
static envres_status
run_step(struct db *db, int from, envres_error *err)
{
    const char *const *step = db->migration->step(from);
    if (!step)
        return err_set(err, ENVRES_E_CORRUPT, "there is no way from the store's format %d", from);
    envres_status st = ENVRES_OK;
    for (; *step && st >= 0; step++)
        st = sqlite_exec(db, *step, err);
    return st < 0 ? st : set_number(db, "user_version", from + 1, err);
}

/* A new store goes through all steps in one transaction. */
static envres_status
make_schema(struct db *db, envres_error *err)
{
    envres_status st = sqlite_exec(db, "PRAGMA page_size = 4096", err);
    if (st >= 0)
        st = sqlite_exec(db, "PRAGMA auto_vacuum = NONE", err);
    if (st >= 0)
        st = sqlite_exec(db, "PRAGMA encoding = 'UTF-8'", err);
    if (st >= 0)
        st = apply_settings(db, settings_first, FIRST_COUNT, err);
    if (st >= 0)
        st = set_journal(db, err);
    if (st >= 0)
        st = apply_settings(db, settings_last, LAST_COUNT, err);
    if (st >= 0)
        st = db_begin_write(db, err);
    if (st < 0)
        return st;
    st = set_number(db, "application_id", DB_APPLICATION_ID, err);
    for (int from = 0; from < db->migration->format && st >= 0; from++)
        st = run_step(db, from, err);
    return db_end(db, st, NULL, err);
}

/* A copy of the store as it was, beside it. Made empty by us first, for the mode. */
static envres_status
keep_copy(struct db *db, int64_t format, envres_error *err)
{
    struct buf name;
    struct files_id id;
    size_t len = 0;
    struct db_stmt *stmt = NULL;
    if (!sqlite_has_file(db))
        return ENVRES_OK;
    buf_init(&name, db->mem, false);
    buf_add_format(&name, "%s.format-%lld-%lld", db->real, (long long)format,
                   (long long)clock_now(db->clock));
    envres_status st = buf_status(&name, err);
    char *path = st >= 0 ? buf_take(&name, &len) : NULL;
    if (st >= 0)
        st = files_create(path, &id, err);
    if (st < 0)
        goto out;
    db->attach_allowed = true;
    st = sqlite_find(db, "VACUUM INTO ?1", &stmt, err);
    if (st >= 0) {
        int rc = sqlite3_bind_text64(stmt->handle, 1, path, len, SQLITE_STATIC, SQLITE_UTF8);
        if (rc == SQLITE_OK)
            rc = sqlite3_step(stmt->handle);
        if (rc != SQLITE_DONE)
            st = sqlite_error(db, rc, "the store cannot be copied before its migration", err);
        sqlite3_reset(stmt->handle);
        sqlite3_clear_bindings(stmt->handle);
    }
    db->attach_allowed = false;
    if (st >= 0)
        st = files_sync_file(path, err);
    if (st >= 0)
        st = files_sync_folder(db->mem, path, err);
    if (st < 0)
        files_remove(path, &id);
out:
    buf_free(&name);
    mem_free(db->mem, path);
    return st;
}

static envres_status
migrate_one(struct db *db, int64_t *format, envres_error *err)
{
    envres_status st = db_begin_write(db, err);
    if (st < 0)
        return st;
    int64_t now = 0;
    st = read_format(db, &now, err);
    /* Another process may have taken the step while this one waited. */
    if (st >= 0 && now == *format)
        st = run_step(db, (int)now, err);
    st = db_end(db, st, NULL, err);
    if (st >= 0)
        *format = now == *format ? now + 1 : now;
    return st;
}

static envres_status
migrate(struct db *db, int64_t format, envres_error *err)
{
    if (format == db->migration->format)
        return ENVRES_OK;
    if (db->flags & DB_READ_ONLY) {
        envres_status st = err_set(err, ENVRES_E_READ_ONLY, "the store has the older format %lld",
                                   (long long)format);
        err_hint(err, "open it once for writing, which brings it up");
        err_subject(err, db->path, strlen(db->path));
        return st;
    }
    envres_status st = sqlite_check_kinds(db, err);
    if (st >= 0)
        st = keep_copy(db, format, err);
    while (st >= 0 && format < db->migration->format)
        st = migrate_one(db, &format, err);
    return st;
}

/* ---- the sequence ---- */

bool
sqlite_has_file(const struct db *db)
{
    return db->path && !db->vfs;
}

static uint32_t
file_flags(const struct db *db)
{
    uint32_t flags = 0;
    if (db->flags & DB_ANY_FILE_MODE)
        flags |= FILES_ANY_MODE;
    if (db->flags & DB_ALLOW_FUSE)
        flags |= FILES_ALLOW_FUSE;
    if (!(db->flags & DB_READ_ONLY))
        flags |= FILES_WRITE;
    return flags;
}

envres_status
sqlite_check_path(const char *vfs, const char *path, envres_error *err)
{
    const sqlite3_vfs *found = sqlite3_vfs_find(vfs);
    if (!found || strlen(path) + sizeof("-journal") <= (size_t)found->mxPathname)
        return ENVRES_OK;
    envres_status st =
        err_set(err, ENVRES_E_LIMIT, "the path has %zu bytes; SQLite takes up to %zu", strlen(path),
                (size_t)found->mxPathname - sizeof("-journal"));
    err_hint(err, "choose a folder with a shorter path");
    err_subject(err, path, strlen(path));
    return st;
}

/* Where files are not looked at beforehand, a missing one shows only now. */
static bool
exists_in_vfs(const struct db *db)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(db->vfs);
    int exists = 0;
    int rc = vfs ? vfs->xAccess(vfs, db->real, SQLITE_ACCESS_READWRITE, &exists) : SQLITE_ERROR;
    return rc != SQLITE_OK || exists;
}

static envres_status
open_handle(struct db *db, bool create, envres_error *err)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW;
    flags |= db->flags & DB_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (!db->path)
        flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_READWRITE |
                SQLITE_OPEN_MEMORY;
    else if (create && db->vfs)
        flags |= SQLITE_OPEN_CREATE;
    if (db->path) {
        envres_status st = sqlite_check_path(db->vfs, db->real, err);
        if (st < 0)
            return st;
    }
    int rc = sqlite3_open_v2(db->real ? db->real : ":memory:", &db->handle, flags, db->vfs);
    if (rc == SQLITE_OK)
        return ENVRES_OK;
    envres_status st = sqlite_error(db, rc, "the store cannot be opened", err);
    if (db->vfs && !create && !exists_in_vfs(db)) {
        st = err_code(err, ENVRES_E_NO_STORE);
        err_subject(err, db->path, strlen(db->path));
    }
    return st;
}

/* SQLite opened a name; this makes sure that it was the file that was looked at. */
static envres_status
check_same_file(struct db *db, const struct files_id *id, envres_error *err)
{
    int moved = 0;
    int rc = sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (rc == SQLITE_OK && !moved && files_is(db->real, id))
        return ENVRES_OK;
    envres_status st =
        err_set(err, ENVRES_E_FILE_MODE, "the file was replaced while it was opened");
    err_hint(err, "see who writes to that folder, then open the store again");
    err_subject(err, db->path, strlen(db->path));
    return st;
}

/* A VFS of the caller: there must be nothing yet. */
static envres_status
check_empty(struct db *db, envres_error *err)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    int rc = sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc == SQLITE_OK)
        rc = file->pMethods->xFileSize(file, &size);
    if (rc != SQLITE_OK)
        return sqlite_error(db, rc, "the store cannot be read", err);
    return size == 0 ? ENVRES_OK : err_code(err, ENVRES_E_STORE_EXISTS);
}

/* Checks are given the resolved path; messages name the one that the user gave. */
static envres_status
name_path(const struct db *db, envres_status st, envres_error *err)
{
    if (st < 0)
        err_subject(err, db->path, strlen(db->path));
    return st;
}

static envres_status
create_store(struct db *db, envres_error *err)
{
    struct files_id id = { 0, 0 };
    envres_status st = ENVRES_OK;
    if (sqlite_has_file(db)) {
        st = files_check_folder(db->mem, db->real, file_flags(db), db->file_system, err);
        if (st >= 0)
            st = files_create(db->real, &id, err);
        if (st < 0)
            return name_path(db, st, err);
    }
    st = open_handle(db, true, err);
    if (st >= 0 && sqlite_has_file(db))
        st = check_same_file(db, &id, err);
    if (st >= 0)
        st = set_guards(db, err);
    if (st >= 0 && db->vfs)
        st = check_empty(db, err);
    if (st >= 0)
        st = make_schema(db, err);
    if (st >= 0)
        st = sqlite_check_schema(db, db->migration->schema(), err);
    if (st >= 0)
        st = sqlite_prepare(db, err);
    db->id = id;
    if (st < 0 && sqlite_has_file(db)) {
        sqlite_disconnect(db);
        files_remove(db->real, &id);
    }
    return st;
}

static envres_status
check_files(struct db *db, struct files_id *id, envres_error *err)
{
    envres_status st = files_check_folder(db->mem, db->real, file_flags(db), db->file_system, err);
    if (st >= 0)
        st = files_check_store(db->real, file_flags(db), id, err);
    return name_path(db, st, err);
}

/* A handle that is opened again must get the very file it had. */
static envres_status
check_identity(struct db *db, const struct files_id *id, envres_error *err)
{
    bool is_first = db->id.inode == 0 && db->id.device == 0;
    if (is_first || (db->id.inode == id->inode && db->id.device == id->device)) {
        db->id = *id;
        return ENVRES_OK;
    }
    envres_status st = err_set(err, ENVRES_E_POISONED, "the file was replaced by another one");
    err_hint(err, "close the store, see which file is the right one, and open it");
    err_subject(err, db->path, strlen(db->path));
    return st;
}

/* Into and out of WAL mode a file goes only where nobody reads from it, not even this connection:
 * is that what set_journal() will do? */
static envres_status
changes_journal(struct db *db, bool *changes, envres_error *err)
{
    char *mode = NULL;
    bool wanted = sqlite_journal_for(sqlite3_libversion_number()) == JOURNAL_WAL;
    envres_status st = sqlite_ask(db, "PRAGMA journal_mode", &mode, err);
    bool is_wal = mode && strcmp(mode, "wal") == 0;
    *changes = is_wal != wanted && !(db->flags & DB_READ_ONLY);
    mem_free(db->mem, mode);
    return st;
}

/* From here on all that is read is one state of the file, and takes one lock; but for a store that
 * must be written to. */
static envres_status
set_up(struct db *db, envres_error *err)
{
    sqlite3_stmt *lock = NULL;
    int64_t format = 0;
    bool changes = false;
    envres_status st = apply_settings(db, settings_first, BLIND_COUNT, err);
    if (st >= 0)
        st = take_lock(db, &lock, err);
    if (st >= 0)
        st = apply_settings(db, settings_first + BLIND_COUNT, FIRST_COUNT - BLIND_COUNT, err);
    if (st >= 0)
        st = read_format(db, &format, err);
    if (st >= 0)
        st = check_size(db, err);
    if (st >= 0)
        st = changes_journal(db, &changes, err);
    if (changes || format != db->migration->format)
        drop_lock(&lock);
    if (st >= 0)
        st = set_journal(db, err);
    if (st >= 0)
        st = apply_settings(db, settings_last, LAST_COUNT, err);
    if (st >= 0)
        st = migrate(db, format, err);
    if (st >= 0)
        st = sqlite_check_schema(db, db->migration->schema(), err);
    if (st >= 0)
        st = sqlite_prepare(db, err);
    drop_lock(&lock);
    return st;
}

static envres_status
open_store(struct db *db, envres_error *err)
{
    struct files_id id = { 0, 0 };
    envres_status st = sqlite_has_file(db) ? check_files(db, &id, err) : ENVRES_OK;
    if (st >= 0)
        st = open_handle(db, false, err);
    if (st >= 0 && sqlite_has_file(db))
        st = check_same_file(db, &id, err);
    if (st >= 0 && sqlite_has_file(db))
        st = check_identity(db, &id, err);
    if (st >= 0)
        st = set_guards(db, err);
    if (st >= 0)
        st = check_header(db, err);
    return st < 0 ? st : set_up(db, err);
}

envres_status
sqlite_connect(struct db *db, bool create, envres_error *err)
{
    return create ? create_store(db, err) : open_store(db, err);
}

envres_status
db_open(const struct db_options *options, struct db **out, envres_error *err)
{
    static const struct migration newest = { DB_FORMAT, migrate_step, migrate_schema };
    return sqlite_open(options, &newest, out, err);
}
