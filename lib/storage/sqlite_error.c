/* SPDX-License-Identifier: MIT */
/*
 * SQLite's result codes as the library's. Extended codes come first, a primary code stands for all
 * of its kin that have no row. A message holds the words of the operation, SQLite's constant words
 * for the code, and the operating system's reason; never sqlite3_errmsg(), which may quote SQL.
 */
#include <errno.h>
#include <string.h>

#include "storage/sqlite.h"

struct error_row {
    int code;
    envres_status status;
    const char *hint;
};

static const char hint_damaged[] =
    "restore a backup; the file was left as it is, so keep a copy of it before anything else";
static const char hint_busy[] = "try again once the other connection is done";
static const char hint_full[] = "free some space, then run it again; nothing was changed";
static const char hint_disk[] = "look at the system's log for errors of the disk";
static const char hint_moved[] =
    "the file was moved, removed or replaced while it was open; open the store again";
static const char hint_journal[] =
    "a writer was interrupted: open the store once for writing, which completes the recovery";

static const struct error_row error_rows[] = {
    { SQLITE_BUSY, ENVRES_E_BUSY, hint_busy },
    { SQLITE_LOCKED, ENVRES_E_BUSY, hint_busy },
    { SQLITE_PROTOCOL, ENVRES_E_BUSY, hint_busy },
    { SQLITE_NOMEM, ENVRES_E_NOMEM, NULL },
    { SQLITE_IOERR_NOMEM, ENVRES_E_NOMEM, NULL },
    { SQLITE_FULL, ENVRES_E_FULL, hint_full },
    { SQLITE_NOLFS, ENVRES_E_FULL, hint_full },
    { SQLITE_CORRUPT, ENVRES_E_CORRUPT, hint_damaged },
    { SQLITE_NOTADB, ENVRES_E_CORRUPT, hint_damaged },
    { SQLITE_FORMAT, ENVRES_E_CORRUPT, hint_damaged },
    { SQLITE_IOERR_CORRUPTFS, ENVRES_E_CORRUPT, hint_damaged },
    { SQLITE_IOERR_DATA, ENVRES_E_CORRUPT, hint_damaged },
    { SQLITE_IOERR, ENVRES_E_IO, hint_disk },
    { SQLITE_READONLY_DBMOVED, ENVRES_E_POISONED, hint_moved },
    { SQLITE_READONLY_ROLLBACK, ENVRES_E_READ_ONLY, hint_journal },
    { SQLITE_READONLY_RECOVERY, ENVRES_E_READ_ONLY, hint_journal },
    { SQLITE_READONLY, ENVRES_E_READ_ONLY, "check the permissions of the file and its folder" },
    { SQLITE_PERM, ENVRES_E_READ_ONLY, "check the permissions of the file and its folder" },
    { SQLITE_CANTOPEN_SYMLINK, ENVRES_E_FILE_MODE, "give the path of the file itself" },
    { SQLITE_CANTOPEN, ENVRES_E_IO, "check the path, and the permissions of its folder" },
    { SQLITE_TOOBIG, ENVRES_E_LIMIT, NULL },
    { SQLITE_CONSTRAINT_UNIQUE, ENVRES_E_CHANGED, NULL },
    { SQLITE_CONSTRAINT_PRIMARYKEY, ENVRES_E_CHANGED, NULL },
    { SQLITE_CONSTRAINT_ROWID, ENVRES_E_CHANGED, NULL },
    { SQLITE_CONSTRAINT_FOREIGNKEY, ENVRES_E_REFERRED, NULL },
    { SQLITE_SCHEMA, ENVRES_E_CHANGED,
      "another process changed the store's format; open it again" },
    { SQLITE_ABORT, ENVRES_E_IO, NULL },
    { SQLITE_INTERRUPT, ENVRES_E_IO, NULL },
};

static const struct error_row *
find_row(int rc)
{
    const struct error_row *primary = NULL;
    for (size_t i = 0; i < sizeof(error_rows) / sizeof(error_rows[0]); i++) {
        if (error_rows[i].code == rc)
            return &error_rows[i];
        if (error_rows[i].code == (rc & 0xff))
            primary = &error_rows[i];
    }
    return primary;
}

/* SQLite reports a folder that cannot be written, a full table of descriptors and a missing file
 * all as CANTOPEN, and only one kind of fullness as FULL: the system's code tells them apart. */
static envres_status
status_of_system(int rc, int error, envres_status otherwise)
{
    bool is_io = (rc & 0xff) == SQLITE_IOERR;
    if (rc != SQLITE_CANTOPEN && !is_io)
        return otherwise;
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return ENVRES_E_FULL;
    if (is_io)
        return otherwise;
    if (error == EACCES || error == EPERM || error == EROFS)
        return ENVRES_E_READ_ONLY;
    return error == ENOENT || error == ENOTDIR ? ENVRES_E_NO_STORE : otherwise;
}

envres_status
sqlite_status(int rc, int error)
{
    const struct error_row *row = find_row(rc);
    return status_of_system(rc, error, row ? row->status : ENVRES_E_INVALID);
}

static const char *
hint_of(int rc, envres_status status)
{
    const struct error_row *row = find_row(rc);
    if (row && row->status == status)
        return row->hint;
    return status == ENVRES_E_FULL ? hint_full
                                   : "check the path, and the permissions of its folder";
}

/* Which call of the operating system it was, for the codes where that helps. */
static const char *
call_of(int rc)
{
    switch (rc) {
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
        return " while reading";
    case SQLITE_IOERR_WRITE:
        return " while writing";
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
        return " while syncing to the disk";
    case SQLITE_IOERR_TRUNCATE:
        return " while truncating";
    case SQLITE_IOERR_DELETE:
    case SQLITE_IOERR_DELETE_NOENT:
        return " while deleting";
    case SQLITE_IOERR_LOCK:
    case SQLITE_IOERR_UNLOCK:
    case SQLITE_IOERR_RDLOCK:
    case SQLITE_IOERR_CHECKRESERVEDLOCK:
        return " while locking";
    default:
        return "";
    }
}

/* What an error means for the calls to come. A failed fsync leaves it unknown what the disk has:
 * nothing that is read later would tell. */
static void
refuse_after(struct db *db, int rc, envres_status status)
{
    if (db->refusal == ENVRES_E_CORRUPT)
        return;
    if (status == ENVRES_E_CORRUPT)
        db->refusal = ENVRES_E_CORRUPT;
    else if (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC ||
             status == ENVRES_E_POISONED)
        db->refusal = ENVRES_E_POISONED;
}

/* SQLite keeps the system's code for a statement, but not for a COMMIT: there the file knows it. */
static int
errno_of(sqlite3 *handle, int rc)
{
    int error = handle ? sqlite3_system_errno(handle) : 0;
    if (handle && error == 0 && (rc & 0xff) == SQLITE_IOERR)
        sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &error);
    return error;
}

envres_status
sqlite_fill(sqlite3 *handle, int *rc, const char *what, const char *path, envres_error *err)
{
    int extended = handle ? sqlite3_extended_errcode(handle) : SQLITE_OK;
    if ((extended & 0xff) == (*rc & 0xff))
        *rc = extended;
    int error = errno_of(handle, *rc);
    envres_status status = sqlite_status(*rc, error);
    bool from_system = error != 0 && (*rc == SQLITE_CANTOPEN || (*rc & 0xff) == SQLITE_IOERR);
    char reason[FILES_REASON_SIZE];
    err_set(err, status, "%s: %s%s%s%s%s", what, sqlite3_errstr(*rc & 0xff), call_of(*rc),
            from_system ? " (" : "", from_system ? files_reason(error, reason) : "",
            from_system ? ")" : "");
    const char *hint = hint_of(*rc, status);
    if (hint)
        err_hint(err, "%s", hint);
    if (path && status == ENVRES_E_BUSY)
        err_hint(err, "try again, or see who has it open: fuser -v '%s'", path);
    if (path)
        err_subject(err, path, strlen(path));
    return status;
}

envres_status
sqlite_error(struct db *db, int rc, const char *what, envres_error *err)
{
    envres_status status = sqlite_fill(db->handle, &rc, what, db->path, err);
    refuse_after(db, rc, status);
    return status;
}
