/* SPDX-License-Identifier: MIT */
/*
 * Looking over a whole database, copying it, and facts about it. A copy is one consistent state,
 * made under another name, checked after it was closed and opened again, and only then given its
 * name. Nothing here repairs anything.
 */
#include <stdio.h>
#include <string.h>

#include "storage/sqlite.h"

/* Findings of one check that are reported; a badly damaged file has millions. */
enum { FINDINGS_MAX = 100 };

static const char sql_integrity[] = "PRAGMA integrity_check(100)";
static const char sql_foreign_keys[] = "PRAGMA foreign_key_check";

struct finder {
    db_finding_fn finding;
    void *user;
};

/* Whether an error says something about the file, rather than about this moment. */
static bool
is_finding(envres_status st)
{
    return st == ENVRES_E_CORRUPT || st == ENVRES_E_SETTING;
}

/* Turns an error about the file into a finding. */
static envres_status
as_finding(const struct finder *finder, const char *object, envres_status st, envres_error *slot,
           envres_error *err)
{
    if (st >= 0)
        return st;
    if (!is_finding(st)) {
        err_copy(err, slot);
        return st;
    }
    finder->finding(finder->user, envres_status_name(st), object, envres_error_message(slot));
    return ENVRES_OK;
}

static void
report(const struct finder *finder, const char *object, struct slice text)
{
    char message[256];
    snprintf(message, sizeof(message), "%.*s", (int)(text.len < 200 ? text.len : 200), text.data);
    for (char *c = message; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = ' ';
    }
    finder->finding(finder->user, envres_status_name(ENVRES_E_CORRUPT), object, message);
}

/* Each row is a finding, but for the single "ok" of an integrity check. */
static envres_status
check_rows(struct db *db, const char *sql, const char *object, const struct finder *finder,
           envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, sql, &stmt, err);
    for (int count = 0; st >= 0 && count < FINDINGS_MAX; count++) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        struct slice text = db_column_text(stmt, 0);
        if (sql == sql_foreign_keys)
            report(finder, object, slice_str("a row refers to one that is not there"));
        else if (!slice_equal(text, slice_str("ok")))
            report(finder, object, text);
    }
    db_reset(stmt);
    return st;
}

static envres_status
is_sound(struct db *db, bool *sound, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, sql_integrity, &stmt, err);
    if (st < 0)
        return st;
    st = db_step(stmt, &row, err);
    *sound =
        st == ENVRES_OK && row == DB_ROW && slice_equal(db_column_text(stmt, 0), slice_str("ok"));
    db_reset(stmt);
    return st;
}

/* SQLite reports a page it had no memory for like one that is damaged: only what a second look at
 * the file sees too is a finding. */
static envres_status
verify(struct db *db, const struct finder *finder, envres_error *slot, envres_error *err)
{
    bool sound = false;
    envres_status st = is_sound(db, &sound, slot);
    if (st == ENVRES_OK && !sound)
        st = check_rows(db, sql_integrity, "file", finder, slot);
    st = as_finding(finder, "file", st, slot, err);
    if (st < 0 || db->refusal != ENVRES_OK)
        return st;
    st = check_rows(db, sql_foreign_keys, "references", finder, slot);
    st = as_finding(finder, "references", st, slot, err);
    if (st < 0 || db->refusal != ENVRES_OK)
        return st;
    st = sqlite_check_schema(db, db->migration->schema(), slot);
    st = as_finding(finder, "schema", st, slot, err);
    if (st < 0 || db->refusal != ENVRES_OK)
        return st;
    st = sqlite_check_settings(db, slot);
    return as_finding(finder, "settings", st, slot, err);
}

envres_status
db_verify(struct db *db, db_finding_fn finding, void *user, envres_error *err)
{
    struct finder finder = { finding, user };
    envres_allocator alloc = { sizeof(alloc), 0, db->mem->reallocate, db->mem->user };
    envres_error *slot = envres_error_new(&alloc);
    if (!slot)
        return err_code(err, ENVRES_E_NOMEM);
    envres_status st = verify(db, &finder, slot, err);
    envres_error_free(slot);
    return st;
}

/* ---- backup ---- */

/* All pages in one step, so that the copy is one state of the source. */
static envres_status
copy_pages(struct db *db, sqlite3 *to, const char *path, envres_error *err)
{
    int rc = SQLITE_OK;
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", db->handle, "main");
    if (!backup) {
        rc = sqlite3_errcode(to);
    } else {
        int step = sqlite3_backup_step(backup, -1);
        int end = sqlite3_backup_finish(backup);
        rc = step == SQLITE_DONE ? end : step;
    }
    return rc == SQLITE_OK ? ENVRES_OK
                           : sqlite_fill(to, &rc, "the copy cannot be written", path, err);
}

static envres_status
write_copy(struct db *db, const char *path, envres_error *err)
{
    sqlite3 *to = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    if (db->vfs)
        flags |= SQLITE_OPEN_CREATE;
    envres_status st = ENVRES_OK;
    int rc = sqlite3_open_v2(path, &to, flags, db->vfs);
    if (rc != SQLITE_OK)
        st = sqlite_fill(to, &rc, "the copy cannot be opened", path, err);
    else
        st = copy_pages(db, to, path, err);
    sqlite3_close(to);
    return st;
}

void
db_count_finding(void *user, const char *code, const char *object, const char *message)
{
    (void)code;
    (void)object;
    (void)message;
    ++*(size_t *)user;
}

/* Opens the copy as any store, and looks it over. */
static envres_status
check_copy(struct db *db, const char *path, envres_error *err)
{
    struct db_options options = { .mem = db->mem,
                                  .clock = db->clock,
                                  .path = path,
                                  .vfs = db->vfs,
                                  .flags = db->flags & (DB_ANY_FILE_MODE | DB_ALLOW_FUSE),
                                  .busy_timeout_ms = db->busy_timeout_ms };
    struct db *copy = NULL;
    size_t findings = 0;
    envres_status st = sqlite_open(&options, db->migration, &copy, err);
    if (st >= 0)
        st = db_verify(copy, db_count_finding, &findings, err);
    if (st >= 0 && findings > 0)
        st = err_set(err, ENVRES_E_CORRUPT, "the copy does not verify: %zu findings", findings);
    db_close(copy);
    return st;
}

/* In a VFS of the caller there is nothing to rename. */
static envres_status
backup_in_vfs(struct db *db, const char *path, envres_error *err)
{
    int exists = 0;
    sqlite3_vfs *vfs = sqlite3_vfs_find(db->vfs);
    if (vfs)
        vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &exists);
    if (exists)
        return err_code(err, ENVRES_E_STORE_EXISTS);
    envres_status st = write_copy(db, path, err);
    if (st >= 0)
        st = check_copy(db, path, err);
    if (st < 0 && vfs)
        vfs->xDelete(vfs, path, 1);
    return st;
}

/* Made as `name`, which nobody else knows, and renamed to `path` once it is known to be whole. */
static envres_status
make_copy(struct db *db, const char *name, const char *path, envres_error *err)
{
    struct files_id id;
    envres_status st = files_create(name, &id, err);
    if (st < 0)
        return st;
    st = write_copy(db, name, err);
    if (st >= 0)
        st = files_sync_file(name, err);
    if (st >= 0)
        st = check_copy(db, name, err);
    if (st >= 0)
        st = files_rename_new(name, path, err);
    if (st < 0) {
        files_remove(name, &id);
        return st;
    }
    return files_sync_folder(db->mem, path, err);
}

static envres_status
backup_to_file(struct db *db, const char *path, envres_error *err)
{
    char type[FILES_TYPE_SIZE];
    char *real = NULL;
    char *name = NULL;
    uint32_t flags = FILES_WRITE;
    if (db->flags & DB_ALLOW_FUSE)
        flags |= FILES_ALLOW_FUSE;
    if (db->flags & DB_ANY_FILE_MODE)
        flags |= FILES_ANY_MODE;
    envres_status st = files_resolve(db->mem, path, &real, err);
    if (st >= 0)
        st = files_check_absent(real, err);
    if (st >= 0)
        st = files_check_folder(db->mem, real, flags, type, err);
    if (st >= 0)
        st = files_temp_name(db->mem, real, &name, err);
    if (st >= 0)
        st = sqlite_check_path(NULL, name, err);
    if (st >= 0)
        st = make_copy(db, name, real, err);
    if (st < 0)
        err_subject(err, path, strlen(path));
    mem_free(db->mem, name);
    mem_free(db->mem, real);
    return st;
}

envres_status
db_backup(struct db *db, const char *path, envres_error *err)
{
    envres_status st = sqlite_check_usable(db, err);
    if (st < 0)
        return st;
    if (db->transaction != TRANSACTION_NONE)
        return err_set(err, ENVRES_E_INVALID, "a backup inside of a transaction");
    return db->vfs ? backup_in_vfs(db, path, err) : backup_to_file(db, path, err);
}

/* ---- facts ---- */

static const char *
ask_fact(struct db *db, const char *sql)
{
    char *text = NULL;
    if (db->refusal != ENVRES_OK || sqlite_ask(db, sql, &text, NULL) < 0 || !text)
        return "unknown";
    snprintf(db->fact, sizeof(db->fact), "%s", text);
    mem_free(db->mem, text);
    return db->fact;
}

static const char *
synchronous_name(struct db *db)
{
    static const char *const names[] = { "off", "normal", "full", "extra" };
    const char *level = ask_fact(db, "PRAGMA synchronous");
    if (level[0] >= '0' && level[0] <= '3' && level[1] == '\0')
        return names[level[0] - '0'];
    return level;
}

const char *
db_fact(struct db *db, const char *name)
{
    if (strcmp(name, "sqlite") == 0)
        return sqlite3_libversion();
    if (strcmp(name, "journal_mode") == 0)
        return ask_fact(db, "PRAGMA journal_mode");
    if (strcmp(name, "synchronous") == 0)
        return synchronous_name(db);
    if (strcmp(name, "file_system") == 0)
        return !db->path ? "memory" : db->vfs ? "vfs" : db->file_system;
    if (strcmp(name, "format") == 0)
        return ask_fact(db, "PRAGMA user_version");
    if (strcmp(name, "path") == 0)
        return db->path ? db->path : ":memory:";
    return NULL;
}
