/* SPDX-License-Identifier: MIT */
/*
 * The file system around a store. Every check answers with an error that names the path and says
 * what to do. Nothing is repaired, moved or removed on the way: a file is removed only when it is
 * the one that was made a moment ago. The store itself is looked at with lstat(), never opened.
 */
#define _GNU_SOURCE /* renameat2 */
#include "storage/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "storage/mounts.h"

/* A mount table beyond this is cut: what is missing then is caught by statfs. */
enum { MOUNT_TABLE_MAX = 4 * 1024 * 1024 };

struct reason_row {
    int error;
    const char *words;
};

static const struct reason_row reason_rows[] = {
    { EACCES, "permission denied" },
    { EPERM, "operation not permitted" },
    { EROFS, "read-only file system" },
    { ENOSPC, "no space left on the device" },
    { EDQUOT, "disk quota exceeded" },
    { EFBIG, "file too large" },
    { EIO, "input/output error" },
    { ENOENT, "no such file or folder" },
    { ENOTDIR, "a part of the path is not a folder" },
    { EISDIR, "it is a folder" },
    { EEXIST, "it exists already" },
    { ELOOP, "a symbolic link" },
    { ENAMETOOLONG, "the name is too long" },
    { EMFILE, "too many open files in this process" },
    { ENFILE, "too many open files on this system" },
    { ENOMEM, "out of memory" },
    { EBUSY, "busy" },
    { EINTR, "interrupted" },
    { EINVAL, "not possible there" },
};

const char *
files_reason(int error, char *out)
{
    for (size_t i = 0; i < sizeof(reason_rows) / sizeof(reason_rows[0]); i++) {
        if (reason_rows[i].error == error)
            return reason_rows[i].words;
    }
    snprintf(out, FILES_REASON_SIZE, "system error %d", error);
    return out;
}

static envres_status
status_of(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
        return ENVRES_E_READ_ONLY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ENVRES_E_FULL;
    case ENOENT:
    case ENOTDIR:
        return ENVRES_E_NO_STORE;
    case EEXIST:
        return ENVRES_E_STORE_EXISTS;
    case ENOMEM:
        return ENVRES_E_NOMEM;
    default:
        return ENVRES_E_IO;
    }
}

static const char *
hint_of(envres_status st)
{
    switch (st) {
    case ENVRES_E_READ_ONLY:
        return "check the permissions of the file and its folder";
    case ENVRES_E_FULL:
        return "free some space, then run it again; nothing was changed";
    case ENVRES_E_NO_STORE:
        return "check the path; the folder must exist";
    case ENVRES_E_STORE_EXISTS:
        return "choose another name; nothing was touched";
    default:
        return "look at the system's log for errors of the disk";
    }
}

/* The message is there already: adds whom it concerns and what to do. */
static envres_status
about(envres_error *err, envres_status st, const char *path, const char *hint)
{
    err_subject(err, path, strlen(path));
    if (hint)
        err_hint(err, "%s", hint);
    return st;
}

envres_status
files_error(envres_error *err, int error, const char *what, const char *path)
{
    char reason[FILES_REASON_SIZE];
    envres_status st = status_of(error);
    err_set(err, st, "%s: %s", what, files_reason(error, reason));
    return about(err, st, path, hint_of(st));
}

char *
files_folder(const struct mem *mem, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mem_copy(mem, ".", 1);
    return slash == path ? mem_copy(mem, "/", 1) : mem_copy(mem, path, (size_t)(slash - path));
}

/* A path that cannot even be looked at says nothing about writing. */
static envres_status
look_error(envres_error *err, int error, const char *what, const char *path)
{
    envres_status st = files_error(err, error, what, path);
    if (st != ENVRES_E_READ_ONLY)
        return st;
    char reason[FILES_REASON_SIZE];
    err_set(err, ENVRES_E_IO, "%s: %s", what, files_reason(error, reason));
    return about(err, ENVRES_E_IO, path, "check the permissions of the file and its folders");
}

envres_status
files_resolve(const struct mem *mem, const char *path, char **out, envres_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    char real[PATH_MAX];
    struct buf name;
    size_t len = 0;
    if (base[0] == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0) {
        err_set(err, ENVRES_E_NOT_A_STORE, "the path names a folder, not a file");
        return about(err, ENVRES_E_NOT_A_STORE, path, "give the path of a store's file");
    }
    char *folder = files_folder(mem, path);
    if (!folder)
        return err_code(err, ENVRES_E_NOMEM);
    const char *found = realpath(folder, real);
    int error = errno;
    mem_free(mem, folder);
    if (!found)
        return look_error(err, error, "the folder of the store cannot be looked at", path);
    buf_init(&name, mem, false);
    buf_add_str(&name, real);
    if (strcmp(real, "/") != 0)
        buf_add_char(&name, '/');
    buf_add_str(&name, base);
    envres_status st = buf_status(&name, err);
    char *taken = st >= 0 ? buf_take(&name, &len) : NULL;
    buf_free(&name);
    if (st >= 0)
        *out = taken;
    return st;
}

/* ---- the folder ---- */

/* A file of /proc; its size is not known beforehand. Without it the result is empty. */
static void
read_mounts(struct buf *table)
{
    int fd = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    while (buf_reserve(table, 16 * 1024)) {
        ssize_t got = read(fd, table->data + table->len, 16 * 1024);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        table->len += (size_t)got;
    }
    close(fd);
}

static envres_status
refuse_type(enum mounts_class class, const char *type, const char *path, envres_error *err)
{
    if (class == MOUNTS_NETWORK) {
        err_set(err, ENVRES_E_FILE_SYSTEM,
                "the store would lie on a network file system (%s), where locks and syncs cannot be"
                " relied on",
                type);
        return about(err, ENVRES_E_FILE_SYSTEM, path, "keep the store on a local disk");
    }
    err_set(err, ENVRES_E_FILE_SYSTEM,
            "the store would lie on a FUSE file system of unknown kind"
            " (%s)",
            type);
    return about(err, ENVRES_E_FILE_SYSTEM, path,
                 "keep the store on a local disk, or allow FUSE if you know that it is local");
}

static envres_status
check_type(const struct mem *mem, const char *folder, const char *path, uint32_t flags, char *type,
           envres_error *err)
{
    struct statfs info;
    struct buf table;
    struct slice found;
    char real[PATH_MAX];
    if (statfs(folder, &info) != 0 || !realpath(folder, real))
        return look_error(err, errno, "the folder of the store cannot be looked at", path);
    buf_init(&table, mem, false);
    table.max = MOUNT_TABLE_MAX;
    read_mounts(&table);
    if (table.failed && !table.over_limit) {
        buf_free(&table);
        return err_code(err, ENVRES_E_NOMEM);
    }
    enum mounts_class class = mounts_classify(slice_of(table.data ? table.data : "", table.len),
                                              slice_str(real), (uint32_t)info.f_type, &found);
    size_t len = found.len < FILES_TYPE_SIZE - 1 ? found.len : FILES_TYPE_SIZE - 1;
    memcpy(type, found.data, len);
    type[len] = '\0';
    buf_free(&table);
    if (class == MOUNTS_LOCAL || (class == MOUNTS_FUSE && (flags & FILES_ALLOW_FUSE)))
        return ENVRES_OK;
    return refuse_type(class, type, path, err);
}

static envres_status
check_folder_mode(const char *folder, const char *path, uint32_t flags, envres_error *err)
{
    struct stat info;
    if (stat(folder, &info) != 0)
        return look_error(err, errno, "the folder of the store cannot be looked at", path);
    if (!S_ISDIR(info.st_mode))
        return files_error(err, ENOTDIR, "the folder of the store cannot be looked at", path);
    bool is_open = (info.st_mode & S_IWOTH) && !(info.st_mode & S_ISVTX);
    if (is_open && !(flags & FILES_ANY_MODE)) {
        err_set(err, ENVRES_E_FILE_MODE, "everybody may replace files in the folder of the store");
        about(err, ENVRES_E_FILE_MODE, path, NULL);
        err_hint(err, "run: chmod o-w '%s'", folder);
        return ENVRES_E_FILE_MODE;
    }
    if ((flags & FILES_WRITE) && faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
        return files_error(err, errno, "the folder of the store cannot be written", path);
    return ENVRES_OK;
}

envres_status
files_check_folder(const struct mem *mem, const char *path, uint32_t flags, char *type,
                   envres_error *err)
{
    char *folder = files_folder(mem, path);
    if (!folder)
        return err_code(err, ENVRES_E_NOMEM);
    envres_status st = check_folder_mode(folder, path, flags, err);
    if (st >= 0)
        st = check_type(mem, folder, path, flags, type, err);
    mem_free(mem, folder);
    return st;
}

/* ---- the file ---- */

static envres_status
check_kind(const struct stat *info, const char *path, envres_error *err)
{
    if (S_ISREG(info->st_mode))
        return ENVRES_OK;
    if (S_ISLNK(info->st_mode)) {
        err_set(err, ENVRES_E_FILE_MODE, "the store is a symbolic link");
        return about(err, ENVRES_E_FILE_MODE, path, "give the path of the file itself");
    }
    err_set(err, ENVRES_E_NOT_A_STORE, "it is %s, not a file",
            S_ISDIR(info->st_mode) ? "a folder" : "a device, pipe or socket");
    return about(err, ENVRES_E_NOT_A_STORE, path, "give the path of a store's file");
}

static envres_status
check_mode(const struct stat *info, const char *path, envres_error *err)
{
    if (info->st_nlink > 1) {
        err_set(err, ENVRES_E_FILE_MODE, "the file has %llu names",
                (unsigned long long)info->st_nlink);
        return about(err, ENVRES_E_FILE_MODE, path,
                     "SQLite's journal belongs to one name only: remove the other hard links");
    }
    if (geteuid() != 0 && info->st_uid != geteuid()) {
        err_set(err, ENVRES_E_FILE_MODE, "the file belongs to another user (%llu)",
                (unsigned long long)info->st_uid);
        return about(err, ENVRES_E_FILE_MODE, path, "run as that user, or chown the file");
    }
    if ((info->st_mode & (S_IRWXG | S_IRWXO)) == 0)
        return ENVRES_OK;
    err_set(err, ENVRES_E_FILE_MODE, "group or others may access the file (mode %03o)",
            (unsigned)(info->st_mode & 0777));
    about(err, ENVRES_E_FILE_MODE, path, NULL);
    err_hint(err, "run: chmod 600 '%s'", path);
    return ENVRES_E_FILE_MODE;
}

static const char *const beside[] = { "-journal", "-wal", "-shm" };

enum { BESIDE_COUNT = sizeof(beside) / sizeof(beside[0]) };

static bool
name_beside(char *out, const char *path, size_t index)
{
    int len = snprintf(out, PATH_MAX, "%s%s", path, beside[index]);
    return (size_t)len < PATH_MAX;
}

/* SQLite plays back whatever journal it finds beside the file. In a folder where others may make
 * files, as /tmp, that name could be taken before SQLite has it: it must be the store's owner's,
 * and nobody else's to write. */
static envres_status
check_beside(const struct stat *store, const char *path, uint32_t flags, envres_error *err)
{
    char name[PATH_MAX];
    struct stat info;
    for (size_t i = 0; i < BESIDE_COUNT; i++) {
        if (!name_beside(name, path, i) || lstat(name, &info) != 0)
            continue;
        bool is_closed = info.st_uid == store->st_uid && info.st_nlink == 1 &&
                         (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
        if (S_ISREG(info.st_mode) && (is_closed || (flags & FILES_ANY_MODE)))
            continue;
        err_set(err, ENVRES_E_FILE_MODE, "the file '...%s' beside the store may be another's",
                beside[i]);
        return about(err, ENVRES_E_FILE_MODE, path,
                     "see who made it; a journal that is not the store's own would change it");
    }
    return ENVRES_OK;
}

static struct files_id
id_of(const struct stat *info)
{
    struct files_id id = { (uint64_t)info->st_dev, (uint64_t)info->st_ino };
    return id;
}

envres_status
files_check_store(const char *path, uint32_t flags, struct files_id *out, envres_error *err)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return look_error(err, errno, "the store cannot be looked at", path);
        err_set(err, ENVRES_E_NO_STORE, "there is no store of that name");
        return about(err, ENVRES_E_NO_STORE, path, "check the path, or make a store first");
    }
    envres_status st = check_kind(&info, path, err);
    if (st >= 0 && !(flags & FILES_ANY_MODE))
        st = check_mode(&info, path, err);
    if (st >= 0)
        st = check_beside(&info, path, flags, err);
    if (st < 0)
        return st;
    if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
        return look_error(err, errno, "the store cannot be read", path);
    if ((flags & FILES_WRITE) && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
        return files_error(err, errno, "the store cannot be written", path);
    *out = id_of(&info);
    return ENVRES_OK;
}

bool
files_is(const char *path, const struct files_id *id)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return false;
    struct files_id now = id_of(&info);
    return now.device == id->device && now.inode == id->inode;
}

envres_status
files_check_absent(const char *path, envres_error *err)
{
    struct stat info;
    if (lstat(path, &info) == 0)
        return files_error(err, EEXIST, "the file cannot be made", path);
    if (errno == ENOENT)
        return ENVRES_OK;
    return files_error(err, errno, "the file cannot be made", path);
}

/* ---- making, moving, syncing ---- */

envres_status
files_create(const char *path, struct files_id *out, envres_error *err)
{
    struct stat info;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return files_error(err, errno, "the file cannot be made", path);
    /* A umask may have taken bits of our own away. */
    int failed = fchmod(fd, 0600) != 0 || fstat(fd, &info) != 0;
    int error = errno;
    close(fd);
    if (failed) {
        unlink(path);
        return files_error(err, error, "the file cannot be made", path);
    }
    *out = id_of(&info);
    return ENVRES_OK;
}

void
files_remove_beside(const char *path)
{
    char name[PATH_MAX];
    for (size_t i = 0; i < BESIDE_COUNT; i++) {
        if (name_beside(name, path, i))
            unlink(name);
    }
}

void
files_remove(const char *path, const struct files_id *id)
{
    if (!files_is(path, id))
        return;
    files_remove_beside(path);
    unlink(path);
}

envres_status
files_temp_name(const struct mem *mem, const char *path, char **out, envres_error *err)
{
    uint64_t number = 0;
    struct buf name;
    size_t len = 0;
    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        return files_error(err, errno, "no random numbers", path);
    buf_init(&name, mem, false);
    buf_add_format(&name, "%s.new-%016llx", path, (unsigned long long)number);
    envres_status st = buf_status(&name, err);
    if (st >= 0)
        *out = buf_take(&name, &len);
    buf_free(&name);
    return st;
}

/* Where the file system has no RENAME_NOREPLACE: link() never replaces either. */
static int
rename_by_link(const char *from, const char *to)
{
    if (link(from, to) != 0)
        return -1;
    return unlink(from);
}

envres_status
files_rename_new(const char *from, const char *to, envres_error *err)
{
    int rc = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    if (rc != 0 && (errno == EINVAL || errno == ENOSYS))
        rc = rename_by_link(from, to);
    return rc == 0 ? ENVRES_OK : files_error(err, errno, "the file cannot be given its name", to);
}

static envres_status
sync_path(const char *path, int flags, const char *subject, envres_error *err)
{
    int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return files_error(err, errno, "it cannot be brought to the disk", subject);
    int rc = fsync(fd);
    int error = errno;
    close(fd);
    /* Some file systems have nothing to sync for a folder, and say so. */
    if (rc != 0 && !((flags & O_DIRECTORY) && error == EINVAL))
        return files_error(err, error, "it cannot be brought to the disk", subject);
    return ENVRES_OK;
}

envres_status
files_sync_file(const char *path, envres_error *err)
{
    return sync_path(path, O_NOFOLLOW, path, err);
}

envres_status
files_sync_folder(const struct mem *mem, const char *path, envres_error *err)
{
    char *folder = files_folder(mem, path);
    if (!folder)
        return err_code(err, ENVRES_E_NOMEM);
    envres_status st = sync_path(folder, O_DIRECTORY, path, err);
    mem_free(mem, folder);
    return st;
}
