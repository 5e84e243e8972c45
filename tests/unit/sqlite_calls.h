/* SPDX-License-Identifier: MIT */
/* Calls to SQLite that the linker puts in between (--wrap): one of them fails, or says of SQLite
 * what is not so. For the one program that includes it. */
#ifndef ENVRES_TESTS_SQLITE_CALLS_H
#define ENVRES_TESTS_SQLITE_CALLS_H

#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/status.h"

static struct {
    int left;         /* calls until one fails; below 0: none does */
    int code;         /* how */
    int hit;          /* how many did */
    const char *name; /* the last of them */
    envres_status want;
    /* What SQLite says of itself. */
    int version;
    int option; /* of sqlite3_db_config(), which is not kept */
    int limit;  /* likewise */
    bool is_single;
    bool has_moved;
} plan;

static void
plan_nothing(void)
{
    memset(&plan, 0, sizeof(plan));
    plan.left = -1;
    plan.option = -1;
    plan.limit = -1;
}

static bool
fails(const char *name)
{
    if (plan.left < 0 || plan.left-- > 0)
        return false;
    plan.hit++;
    plan.name = name;
    return true;
}

#define WRAP(name, parameters, arguments)                                                          \
    int __real_##name parameters;                                                                  \
    int __wrap_##name parameters;                                                                  \
    int __wrap_##name parameters                                                                   \
    {                                                                                              \
        return fails(#name) ? plan.code : __real_##name arguments;                                 \
    }

WRAP(sqlite3_step, (sqlite3_stmt * stmt), (stmt))
WRAP(sqlite3_bind_int64, (sqlite3_stmt * stmt, int at, sqlite3_int64 value), (stmt, at, value))
WRAP(sqlite3_bind_null, (sqlite3_stmt * stmt, int at), (stmt, at))
WRAP(sqlite3_bind_text64,
     (sqlite3_stmt * stmt, int at, const char *text, sqlite3_uint64 len, void (*drop)(void *),
      unsigned char encoding),
     (stmt, at, text, len, drop, encoding))
WRAP(sqlite3_bind_blob64,
     (sqlite3_stmt * stmt, int at, const void *data, sqlite3_uint64 len, void (*drop)(void *)),
     (stmt, at, data, len, drop))
WRAP(sqlite3_prepare_v2,
     (sqlite3 * db, const char *sql, int len, sqlite3_stmt **out, const char **tail),
     (db, sql, len, out, tail))
WRAP(sqlite3_prepare_v3,
     (sqlite3 * db, const char *sql, int len, unsigned flags, sqlite3_stmt **out,
      const char **tail),
     (db, sql, len, flags, out, tail))
WRAP(sqlite3_exec,
     (sqlite3 * db, const char *sql, int (*row)(void *, int, char **, char **), void *user,
      char **message),
     (db, sql, row, user, message))
WRAP(sqlite3_open_v2, (const char *path, sqlite3 **out, int flags, const char *vfs),
     (path, out, flags, vfs))
WRAP(sqlite3_backup_step, (sqlite3_backup * backup, int pages), (backup, pages))
WRAP(sqlite3_wal_checkpoint_v2, (sqlite3 * db, const char *name, int mode, int *all, int *done),
     (db, name, mode, all, done))

int __real_sqlite3_backup_finish(sqlite3_backup *backup);
int __wrap_sqlite3_backup_finish(sqlite3_backup *backup);
int
__wrap_sqlite3_backup_finish(sqlite3_backup *backup)
{
    int rc = __real_sqlite3_backup_finish(backup);
    return fails("sqlite3_backup_finish") ? plan.code : rc;
}

/* Questions about a file. A fault there is no fault of the disk: the file is not one. */
int __real_sqlite3_file_control(sqlite3 *db, const char *name, int what, void *out);
int __wrap_sqlite3_file_control(sqlite3 *db, const char *name, int what, void *out);
int
__wrap_sqlite3_file_control(sqlite3 *db, const char *name, int what, void *out)
{
    if (what == SQLITE_FCNTL_LAST_ERRNO)
        return __real_sqlite3_file_control(db, name, what, out);
    if (fails("sqlite3_file_control")) {
        /* Whether it moved is not known: then it did. */
        if (what == SQLITE_FCNTL_HAS_MOVED)
            plan.want = ENVRES_E_FILE_MODE;
        return plan.code;
    }
    int rc = __real_sqlite3_file_control(db, name, what, out);
    if (what == SQLITE_FCNTL_HAS_MOVED && plan.has_moved)
        *(int *)out = 1;
    return rc;
}

int __real_sqlite3_libversion_number(void);
int __wrap_sqlite3_libversion_number(void);
int
__wrap_sqlite3_libversion_number(void)
{
    return plan.version ? plan.version : __real_sqlite3_libversion_number();
}

int __real_sqlite3_threadsafe(void);
int __wrap_sqlite3_threadsafe(void);
int
__wrap_sqlite3_threadsafe(void)
{
    return plan.is_single ? 0 : __real_sqlite3_threadsafe();
}

int __real_sqlite3_limit(sqlite3 *db, int id, int value);
int __wrap_sqlite3_limit(sqlite3 *db, int id, int value);
int
__wrap_sqlite3_limit(sqlite3 *db, int id, int value)
{
    int now = __real_sqlite3_limit(db, id, value);
    return value < 0 && id == plan.limit ? now + 1 : now;
}

int __real_sqlite3_db_config(sqlite3 *db, int option, ...);
int __wrap_sqlite3_db_config(sqlite3 *db, int option, ...);
int
__wrap_sqlite3_db_config(sqlite3 *db, int option, ...)
{
    va_list more;
    va_start(more, option);
    int value = va_arg(more, int);
    int *now = va_arg(more, int *);
    va_end(more);
    if (fails("sqlite3_db_config")) {
        plan.want = ENVRES_E_SETTING;
        return plan.code;
    }
    int rc = __real_sqlite3_db_config(db, option, value, now);
    if (option == plan.option && now)
        *now = !value;
    return rc;
}

#endif
