/* SPDX-License-Identifier: MIT */
/*
 * Inside the SQLite driver: what its files share. The rooms above see db.h only.
 *
 *   sqlite.c         statements, transactions, polling
 *   sqlite_open.c    the open sequence: settings, journal mode, creation, migration
 *   sqlite_schema.c  the fingerprint of the schema
 *   sqlite_error.c   SQLite's codes as ours
 *   sqlite_copy.c    verify and backup
 */
#ifndef ENVRES_STORAGE_SQLITE_H
#define ENVRES_STORAGE_SQLITE_H

#include <sqlite3.h>

#include "storage/db.h"
#include "storage/files.h"

/* The steps that lead to a format, and what the schema must then be. Tests have their own. */
struct migration {
    int32_t format;
    const char *const *(*step)(int from);
    const char *const *(*schema)(void);
};

enum transaction { TRANSACTION_NONE, TRANSACTION_READ, TRANSACTION_WRITE };

/* One statement of the cache. `handle` is NULL before its first use and while the connection is
 * closed. */
struct db_stmt {
    struct db *db;
    const char *sql;
    sqlite3_stmt *handle;
    int bind_error; /* the first one since the statement was fetched */
};

/*
 * `refusal` is OK, or the code that every further call gets: POISONED (until db_reopen) after a
 * failed fsync or an unsure commit, CORRUPT (for good) once SQLite called the file damaged.
 */
struct db {
    const struct mem *mem;
    const struct clock *clock;
    const struct migration *migration;
    char *path; /* as given, for messages; NULL: memory */
    char *real; /* what SQLite is given; NULL: memory */
    char *vfs;
    uint32_t flags;
    uint32_t busy_timeout_ms;
    sqlite3 *handle;
    struct db_stmt **cache; /* open addressing by the address of the SQL; a power of two */
    size_t cache_size;
    size_t cache_used;
    enum transaction transaction;
    uint64_t transactions; /* begun so far */
    envres_status refusal;
    int64_t data_version;
    bool attach_allowed;
    struct files_id id; /* of the file, when its identity is checked */
    char file_system[FILES_TYPE_SIZE];
    char fact[32];
};

/* Journal mode that a SQLite version can be trusted with: WAL only where the WAL-reset bug, by
 * which a commit could vanish, is fixed. */
enum journal { JOURNAL_TRUNCATE, JOURNAL_WAL };
enum journal sqlite_journal_for(int version);

/* db_open() with the steps of the caller. */
envres_status sqlite_open(const struct db_options *options, const struct migration *migration,
                          struct db **out, envres_error *err);

/* Opens and closes the connection of a db that is filled in. */
envres_status sqlite_connect(struct db *db, bool create, envres_error *err);
void sqlite_disconnect(struct db *db);

/* The limit of SQLite's VFS on a path, with room for "-journal". LIMIT. */
envres_status sqlite_check_path(const char *vfs, const char *path, envres_error *err);

/* Prepares what ending a transaction needs, so that it needs no memory then, and takes the state of
 * the file as the one that db_poll() compares with. */
envres_status sqlite_prepare(struct db *db, envres_error *err);

/* True when the files of this db are looked at: not in memory, not in a VFS of the caller. */
bool sqlite_has_file(const struct db *db);

/* What a result code, with the system's errno value (0: none), means to us. Pure. */
envres_status sqlite_status(int rc, int error);

/* Fills the slot from SQLite's last error on this connection; `rc` is what the call returned,
 * `what` says in words what could not be done. Sets db->refusal where that follows. */
envres_status sqlite_error(struct db *db, int rc, const char *what, envres_error *err);
/* The same for another connection; the path is the subject (NULL: none), and nothing is refused. */
envres_status sqlite_fill(sqlite3 *handle, int *rc, const char *what, const char *path,
                          envres_error *err);
/* OK, or what db->refusal says. */
envres_status sqlite_check_usable(const struct db *db, envres_error *err);

/* The cached statement of that SQL, without regard to refusal. */
envres_status sqlite_find(struct db *db, const char *sql, struct db_stmt **out, envres_error *err);

/* A query of one value, by SQL that is used once. *out: memory of db->mem, NULL when there was no
 * row or a NULL. */
envres_status sqlite_ask(struct db *db, const char *sql, char **out, envres_error *err);
envres_status sqlite_ask_int(struct db *db, const char *sql, int64_t *out, envres_error *err);
/* Runs SQL that is used once. */
envres_status sqlite_exec(struct db *db, const char *sql, envres_error *err);

/* Reads every setting back: SETTING names the first that is not as it must be. */
envres_status sqlite_check_settings(struct db *db, envres_error *err);

/* sqlite_schema holds exactly the texts of `schema`, and the indexes that SQLite makes for them. */
envres_status sqlite_check_schema(struct db *db, const char *const *schema, envres_error *err);
/* Nothing but tables and indexes: no trigger, view, virtual table that could run while a store of
 * an older format is brought up. */
envres_status sqlite_check_kinds(struct db *db, envres_error *err);

#endif
