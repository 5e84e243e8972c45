/* SPDX-License-Identifier: MIT */
/*
 * The file system around a store: what a file must be like before SQLite may have it, making one,
 * and moving one into place. Nothing here opens a file that SQLite may have open: close() would
 * drop every lock of the process on it. Looking is done with stat alone.
 */
#ifndef ENVRES_STORAGE_FILES_H
#define ENVRES_STORAGE_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

/* Which file it is, whatever its name. */
struct files_id {
    uint64_t device;
    uint64_t inode;
};

enum {
    FILES_ANY_MODE = 1, /* no check of type of access, owner, links */
    FILES_ALLOW_FUSE = 2,
    FILES_WRITE = 4 /* the file and its folder will be written */
};

/* Room for the name of a file system's type. */
enum { FILES_TYPE_SIZE = 32 };

/*
 * The folder that `path` lies in: it must exist, be on a file system that can be relied on, and not
 * be writable by everybody (unless sticky, as /tmp is). *type (FILES_TYPE_SIZE bytes) is the file
 * system's name. NO_STORE when there is no such folder, FILE_SYSTEM, FILE_MODE, READ_ONLY, IO,
 * NOMEM.
 */
envres_status files_check_folder(const struct mem *mem, const char *path, uint32_t flags,
                                 char *type, envres_error *err);

/* The file itself: a regular one (no symbolic link) with one link, of this user (root may open
 * all), closed to others; and no journal beside it that another could have put there. NO_STORE,
 * NOT_A_STORE (a folder, a pipe), FILE_MODE with the chmod to run, READ_ONLY. */
envres_status files_check_store(const char *path, uint32_t flags, struct files_id *out,
                                envres_error *err);

/* True when `path` names exactly that file now. */
bool files_is(const char *path, const struct files_id *id);

/*
 * The absolute path with every symbolic link of its folders resolved; the last part is kept as it
 * is, so that a link there is still seen. What SQLite and all checks are given: SQLite refuses a
 * link anywhere, and a host may change its working directory. NO_STORE when there is no such
 * folder, NOT_A_STORE when the path can only name a folder, IO, NOMEM. mem_free() it.
 */
envres_status files_resolve(const struct mem *mem, const char *path, char **out, envres_error *err);

/* Nothing has that name, not even a dangling link: else STORE_EXISTS. */
envres_status files_check_absent(const char *path, envres_error *err);

/* Makes an empty file, mode 0600 whatever the umask. STORE_EXISTS, READ_ONLY, FULL, IO. */
envres_status files_create(const char *path, struct files_id *out, envres_error *err);

/* Removes `path` when it is that file, and the files that SQLite keeps beside it. */
void files_remove(const char *path, const struct files_id *id);

/* Removes the files that SQLite keeps beside `path`, which must be closed and in order: an empty
 * journal would otherwise stay behind when the file moves. */
void files_remove_beside(const char *path);

/* A name beside `path` that nobody has: path + ".new-" + 16 hex digits. mem_free() it. */
envres_status files_temp_name(const struct mem *mem, const char *path, char **out,
                              envres_error *err);

/* Renames without replacing: STORE_EXISTS when there is something of that name. */
envres_status files_rename_new(const char *from, const char *to, envres_error *err);

/* Brings a file's bytes, or the entries of the folder that `path` lies in, to the disk. The file
 * must not be open in SQLite. */
envres_status files_sync_file(const char *path, envres_error *err);
envres_status files_sync_folder(const struct mem *mem, const char *path, envres_error *err);

/* The folder of `path`: "." when it has no slash. NULL when there is no memory. */
char *files_folder(const struct mem *mem, const char *path);

/* English words for an errno value, in `out` of FILES_REASON_SIZE bytes. Also in a foreign locale:
 * messages are the same everywhere. */
enum { FILES_REASON_SIZE = 64 };
const char *files_reason(int error, char *out);

/* A failed system call as an error: READ_ONLY, FULL, NO_STORE, STORE_EXISTS or IO by errno, message
 * "`what`: reason", subject the path. */
envres_status files_error(envres_error *err, int error, const char *what, const char *path);

#endif
