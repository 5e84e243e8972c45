/* SPDX-License-Identifier: MIT */
/*
 * What the system refuses around a store's file: each call fails once with each error that it can
 * have, and the answer says what, about which path, and leaves nothing behind. The table of mounts
 * is the test's own, so that every kind of file system lies under an ordinary folder. Calls are put
 * in between by the linker (--wrap).
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fx_mem.h"
#include "storage/files.h"
#include "storage/mounts.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { MAGIC_EXT4 = 0xEF53, MAGIC_NFS = 0x6969 };

/* ---- calls in between ------------------------------------------------------------------------ */

enum call {
    NONE,
    OPEN,
    READ,
    STATFS,
    LSTAT,
    STAT,
    FSTAT,
    FCHMOD,
    ACCESS,
    RANDOM,
    RENAME,
    LINK,
    SYNC
};

static struct {
    enum call call; /* fails, */
    int skip;       /* but not the first ones of it, */
    int times;      /* so many times, */
    int error;      /* with this */
    int64_t magic;  /* what statfs says; below 0: the truth */
    uid_t user;     /* who runs this */
    const char *mounts;
} plan;

static void
plan_nothing(void)
{
    memset(&plan, 0, sizeof(plan));
    plan.magic = -1;
    plan.user = geteuid();
}

static void
plan_failure(enum call call, int skip, int error)
{
    plan.call = call;
    plan.skip = skip;
    plan.times = 1;
    plan.error = error;
}

static bool
refused(enum call call)
{
    if (plan.call != call || plan.skip-- > 0 || plan.times-- <= 0)
        return false;
    errno = plan.error;
    return true;
}

static bool
is_table(const char *path)
{
    return strcmp(path, "/proc/self/mounts") == 0;
}

/* Both names of each call: which one is used depends on how files are counted. */
#define WRAP(type, name, number, parameters, arguments)                                            \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return refused(number) ? -1 : __real_##name arguments;                                     \
    }

WRAP(ssize_t, read, READ, (int fd, void *out, size_t len), (fd, out, len))
WRAP(int, lstat, LSTAT, (const char *path, struct stat *out), (path, out))
WRAP(int, lstat64, LSTAT, (const char *path, struct stat *out), (path, out))
WRAP(int, stat, STAT, (const char *path, struct stat *out), (path, out))
WRAP(int, stat64, STAT, (const char *path, struct stat *out), (path, out))
WRAP(int, fstat, FSTAT, (int fd, struct stat *out), (fd, out))
WRAP(int, fstat64, FSTAT, (int fd, struct stat *out), (fd, out))
WRAP(int, fchmod, FCHMOD, (int fd, mode_t mode), (fd, mode))
WRAP(int, faccessat, ACCESS, (int fd, const char *path, int mode, int flags),
     (fd, path, mode, flags))
WRAP(ssize_t, getrandom, RANDOM, (void *out, size_t len, unsigned flags), (out, len, flags))
WRAP(int, renameat2, RENAME, (int a, const char *from, int b, const char *to, unsigned flags),
     (a, from, b, to, flags))
WRAP(int, link, LINK, (const char *from, const char *to), (from, to))
WRAP(int, fsync, SYNC, (int fd), (fd))

#define WRAP_OPEN(name)                                                                            \
    int __real_##name(const char *path, int flags, ...);                                           \
    int __wrap_##name(const char *path, int flags, ...);                                           \
    int __wrap_##name(const char *path, int flags, ...)                                            \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        if (flags & O_CREAT) {                                                                     \
            va_list more;                                                                          \
            va_start(more, flags);                                                                 \
            mode = va_arg(more, mode_t);                                                           \
            va_end(more);                                                                          \
        }                                                                                          \
        bool own = is_table(path) && plan.mounts;                                                  \
        return refused(OPEN) ? -1 : __real_##name(own ? plan.mounts : path, flags, mode);          \
    }

WRAP_OPEN(open)
WRAP_OPEN(open64)

/* Where flags are not known beforehand, a fortified C library has names of its own. */
int __wrap___open_2(const char *path, int flags);
int
__wrap___open_2(const char *path, int flags)
{
    return __wrap_open(path, flags);
}

int __wrap___open64_2(const char *path, int flags);
int
__wrap___open64_2(const char *path, int flags)
{
    return __wrap_open64(path, flags);
}

#define WRAP_STATFS(name)                                                                          \
    int __real_##name(const char *path, struct statfs *out);                                       \
    int __wrap_##name(const char *path, struct statfs *out);                                       \
    int __wrap_##name(const char *path, struct statfs *out)                                        \
    {                                                                                              \
        int rc = refused(STATFS) ? -1 : __real_##name(path, out);                                  \
        if (rc == 0 && plan.magic >= 0)                                                            \
            out->f_type = plan.magic;                                                              \
        return rc;                                                                                 \
    }

WRAP_STATFS(statfs)
WRAP_STATFS(statfs64)

uid_t __wrap_geteuid(void);
uid_t __real_geteuid(void);
uid_t
__wrap_geteuid(void)
{
    return plan.user;
}

/* ---- a folder -------------------------------------------------------------------------------- */

struct fixture {
    char folder[64];
    char path[160];
    char other[160];
    char mounts[160];
    envres_error *err;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f)
        return -1;
    plan_nothing();
    plan.user = __real_geteuid();
    snprintf(f->folder, sizeof(f->folder), "/tmp/envres-system-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->path, sizeof(f->path), "%s/store", f->folder);
    snprintf(f->other, sizeof(f->other), "%s/other", f->folder);
    snprintf(f->mounts, sizeof(f->mounts), "%s/mounts", f->folder);
    f->err = envres_error_new(NULL);
    *state = f;
    return f->err ? 0 : -1;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];
    plan_nothing();
    snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
    int rc = system(command);
    envres_error_free(f->err);
    free(f);
    return rc;
}

static void
write_file(const char *path, const char *text, size_t len, mode_t mode)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* The message of the last error, its words about the path. */
static void
says(const struct fixture *f, const char *part)
{
    if (!strstr(envres_error_message(f->err), part))
        print_error("'%s' lacks '%s'\n", envres_error_message(f->err), part);
    assert_non_null(strstr(envres_error_message(f->err), part));
    assert_true(envres_error_hint(f->err)[0] != '\0');
}

/* ---- kinds of file systems ------------------------------------------------------------------- */

static envres_status
check_folder(struct fixture *f, uint32_t flags, char *type)
{
    envres_error_clear(f->err);
    return files_check_folder(&mem_default, f->path, flags, type, f->err);
}

static void
kinds_of_file_systems(void **state)
{
    static const struct {
        const char *name;
        const char *type; /* of the mount that the folder lies on */
        int64_t magic;
        uint32_t flags;
        envres_status want;
        const char *told;
        const char *part;
    } rows[] = {
        { "local", "ext4", MAGIC_EXT4, 0, ENVRES_OK, "ext4", "" },
        { "network", "nfs4", MAGIC_EXT4, 0, ENVRES_E_FILE_SYSTEM, "nfs4",
          "network file system (nfs4)" },
        { "network, FUSE allowed", "nfs4", MAGIC_EXT4, FILES_ALLOW_FUSE, ENVRES_E_FILE_SYSTEM,
          "nfs4", "network file system (nfs4)" },
        { "network by its number", "ext4", MAGIC_NFS, 0, ENVRES_E_FILE_SYSTEM, "nfs",
          "network file system (nfs)" },
        { "FUSE", "fuse.mine", MAGIC_EXT4, 0, ENVRES_E_FILE_SYSTEM, "fuse.mine",
          "FUSE file system of unknown kind (fuse.mine)" },
        { "FUSE, allowed", "fuse.mine", MAGIC_EXT4, FILES_ALLOW_FUSE, ENVRES_OK, "fuse.mine", "" },
        { "a long name is cut", "fuse.0123456789012345678901234567890", MAGIC_EXT4, 0,
          ENVRES_E_FILE_SYSTEM, "fuse.01234567890123456789012345", "01234567890123456789012345)" },
        { "a name with just room", "a123456789012345678901234567890", MAGIC_EXT4, 0, ENVRES_OK,
          "a123456789012345678901234567890", "" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char table[256];
        char type[FILES_TYPE_SIZE] = "";
        int len = snprintf(table, sizeof(table), "/dev/a / ext4 rw 0 0\nh %s %s rw 0 0\n",
                           f->folder, rows[i].type);
        print_message("  %s\n", rows[i].name);
        write_file(f->mounts, table, (size_t)len, 0600);
        plan.mounts = f->mounts;
        plan.magic = rows[i].magic;
        assert_int_equal(check_folder(f, rows[i].flags, type), rows[i].want);
        assert_string_equal(type, rows[i].told);
        if (rows[i].want < 0)
            says(f, rows[i].part);
    }
}

/* What lies on the disk is looked at by its number, whatever can be read of the table. */
static void
without_a_table(void **state)
{
    struct fixture *f = *state;
    char type[FILES_TYPE_SIZE] = "";
    plan.magic = MAGIC_EXT4;
    plan.mounts = f->mounts; /* there is none */
    assert_int_equal(check_folder(f, 0, type), ENVRES_OK);
    assert_string_equal(type, "unknown");
    write_file(f->mounts, "/dev/a / xfs rw 0 0\n", 20, 0600);
    plan_failure(READ, 0, EIO);
    assert_int_equal(check_folder(f, 0, type), ENVRES_OK);
    assert_string_equal(type, "unknown");
    /* An interrupted read is made again. */
    plan_failure(READ, 0, EINTR);
    assert_int_equal(check_folder(f, 0, type), ENVRES_OK);
    assert_string_equal(type, "xfs");
    plan_failure(READ, 1, EINTR);
    assert_int_equal(check_folder(f, 0, type), ENVRES_OK);
    assert_string_equal(type, "xfs");
}

static void
a_table_without_end(void **state)
{
    enum { LARGE = 5 * 1024 * 1024 };
    struct fixture *f = *state;
    char type[FILES_TYPE_SIZE] = "";
    char *table = malloc(LARGE);
    assert_non_null(table);
    memset(table, '\n', LARGE);
    memcpy(table, "/dev/a / xfs rw 0 0", 19);
    write_file(f->mounts, table, LARGE, 0600);
    free(table);
    plan.mounts = f->mounts;
    plan.magic = MAGIC_EXT4;
    assert_int_equal(check_folder(f, 0, type), ENVRES_OK);
    assert_string_equal(type, "xfs");
    plan.magic = MAGIC_NFS;
    assert_int_equal(check_folder(f, 0, type), ENVRES_E_FILE_SYSTEM);
}

static void
no_memory_for_a_table(void **state)
{
    struct fixture *f = *state;
    for (int n = 0;; n++) {
        struct fx_mem fx;
        char type[FILES_TYPE_SIZE] = "";
        fx_mem_fail_at(&fx, n, false);
        envres_status st = files_check_folder(&fx.mem, f->path, 0, type, f->err);
        assert_int_equal(fx.blocks, 0);
        assert_int_equal(st, fx.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        if (!fx.hit)
            return;
    }
}

/* Bytes behind the folder's name are not its own. */
static void
mounts_of_a_borrowed_name(void **state)
{
    static const char table[] =
        "/dev/a / ext4 rw 0 0\nh /net/deep nfs rw 0 0\ns /f fuse.mine rw 0 0\n";
    struct slice type = { NULL, 0 };
    (void)state;
    assert_int_equal(mounts_classify(slice_str(table), slice_of("/net/deep", 4), 0, &type),
                     MOUNTS_LOCAL);
    assert_true(slice_equal(type, slice_str("ext4")));
    assert_int_equal(mounts_classify(slice_str(table), slice_str("/net/deep"), 0, &type),
                     MOUNTS_NETWORK);
    /* Known by the table alone. */
    assert_int_equal(mounts_classify(slice_str(table), slice_str("/f/x"), 0, &type), MOUNTS_FUSE);
    assert_true(slice_equal(type, slice_str("fuse.mine")));
}

/* ---- each call fails ------------------------------------------------------------------------- */

static const struct failure {
    const char *name;
    enum call call;
    int skip;
    int error;
    envres_status want;
    const char *part;
} folder_rows[] = {
    { "the folder is not there", STAT, 0, ENOENT, ENVRES_E_NO_STORE, "no such file or folder" },
    { "the folder cannot be looked at", STAT, 0, EACCES, ENVRES_E_IO, "permission denied" },
    { "the disk fails", STAT, 0, EIO, ENVRES_E_IO, "input/output error" },
    { "the file system does not answer", STATFS, 0, EIO, ENVRES_E_IO, "input/output error" },
    { "the file system is closed", STATFS, 0, EACCES, ENVRES_E_IO, "permission denied" },
    { "the folder is gone by then", STATFS, 0, ENOENT, ENVRES_E_NO_STORE, "no such file" },
    { "the folder is not ours to write", ACCESS, 0, EACCES, ENVRES_E_READ_ONLY,
      "cannot be written: permission denied" },
    { "the disk is not to be written", ACCESS, 0, EROFS, ENVRES_E_READ_ONLY,
      "read-only file system" },
}, store_rows[] = {
    { "nothing of that name", LSTAT, 0, ENOENT, ENVRES_E_NO_STORE, "no store of that name" },
    { "a file as a folder", LSTAT, 0, ENOTDIR, ENVRES_E_NO_STORE, "no store of that name" },
    { "a closed folder", LSTAT, 0, EACCES, ENVRES_E_IO, "permission denied" },
    { "too many links", LSTAT, 0, ELOOP, ENVRES_E_IO, "a symbolic link" },
    { "not ours to read", ACCESS, 0, EACCES, ENVRES_E_IO, "cannot be read: permission denied" },
    { "the disk fails", ACCESS, 0, EIO, ENVRES_E_IO, "cannot be read: input/output error" },
    { "not ours to write", ACCESS, 1, EACCES, ENVRES_E_READ_ONLY, "cannot be written" },
    { "no more memory", ACCESS, 1, ENOMEM, ENVRES_E_NOMEM, "out of memory" },
}, create_rows[] = {
    { "no room", OPEN, 0, ENOSPC, ENVRES_E_FULL, "no space left" },
    { "no quota", OPEN, 0, EDQUOT, ENVRES_E_FULL, "quota" },
    { "taken", OPEN, 0, EEXIST, ENVRES_E_STORE_EXISTS, "it exists already" },
    { "too many files", OPEN, 0, EMFILE, ENVRES_E_IO, "too many open files in this process" },
    { "the mode cannot be set", FCHMOD, 0, EPERM, ENVRES_E_READ_ONLY, "not permitted" },
    { "the file cannot be looked at", FSTAT, 0, EIO, ENVRES_E_IO, "input/output error" },
}, absent_rows[] = {
    { "a closed folder", LSTAT, 0, EACCES, ENVRES_E_READ_ONLY, "permission denied" },
    { "the disk fails", LSTAT, 0, EIO, ENVRES_E_IO, "input/output error" },
    { "a file as a folder", LSTAT, 0, ENOTDIR, ENVRES_E_NO_STORE, "not a folder" },
}, sync_rows[] = {
    { "it is gone", OPEN, 0, ENOENT, ENVRES_E_NO_STORE, "no such file" },
    { "the disk fails", SYNC, 0, EIO, ENVRES_E_IO, "cannot be brought to the disk: input" },
    { "no room after all", SYNC, 0, ENOSPC, ENVRES_E_FULL, "no space left" },
    { "nothing to sync", SYNC, 0, EINVAL, ENVRES_E_IO, "not possible there" },
}, sync_folder_rows[] = {
    { "it is gone", OPEN, 0, ENOENT, ENVRES_E_NO_STORE, "no such file" },
    { "the disk fails", SYNC, 0, EIO, ENVRES_E_IO, "cannot be brought to the disk: input" },
    { "nothing to sync", SYNC, 0, EINVAL, ENVRES_OK, "" },
}, name_rows[] = {
    { "no random numbers", RANDOM, 0, ENOSYS, ENVRES_E_IO, "no random numbers" },
};

typedef envres_status (*operation)(struct fixture *f);

static envres_status
look_at_folder(struct fixture *f)
{
    char type[FILES_TYPE_SIZE] = "";
    return files_check_folder(&mem_default, f->path, FILES_WRITE, type, f->err);
}

static envres_status
look_at_store(struct fixture *f)
{
    struct files_id id = { 7, 7 };
    envres_status st = files_check_store(f->path, FILES_WRITE, &id, f->err);
    assert_int_equal(id.device == 7 && id.inode == 7, st < 0);
    return st;
}

static envres_status
create(struct fixture *f)
{
    struct files_id id = { 7, 7 };
    envres_status st = files_create(f->other, &id, f->err);
    assert_int_equal(access(f->other, F_OK) != 0, st < 0);
    assert_int_equal(id.device == 7 && id.inode == 7, st < 0);
    if (st == ENVRES_OK)
        assert_true(files_is(f->other, &id));
    unlink(f->other);
    return st;
}

static envres_status
look_for_nothing(struct fixture *f)
{
    return files_check_absent(f->other, f->err);
}

static envres_status
sync_file(struct fixture *f)
{
    return files_sync_file(f->path, f->err);
}

static envres_status
sync_folder(struct fixture *f)
{
    return files_sync_folder(&mem_default, f->path, f->err);
}

static envres_status
draw_name(struct fixture *f)
{
    char *name = NULL;
    envres_status st = files_temp_name(&mem_default, f->path, &name, f->err);
    assert_int_equal(!name, st < 0);
    mem_free(&mem_default, name);
    return st;
}

static void
each_call_fails(void **state)
{
#define ROWS(rows) rows, COUNT(rows)
    static const struct {
        const char *name;
        operation run;
        const struct failure *rows;
        size_t count;
    } operations[] = {
        { "folder", look_at_folder, ROWS(folder_rows) },
        { "store", look_at_store, ROWS(store_rows) },
        { "create", create, ROWS(create_rows) },
        { "absent", look_for_nothing, ROWS(absent_rows) },
        { "sync", sync_file, ROWS(sync_rows) },
        { "sync folder", sync_folder, ROWS(sync_folder_rows) },
        { "name", draw_name, ROWS(name_rows) },
    };
    struct fixture *f = *state;
    write_file(f->path, "", 0, 0600);
    for (size_t i = 0; i < COUNT(operations); i++) {
        plan_failure(NONE, 0, 0);
        assert_int_equal(operations[i].run(f), ENVRES_OK);
        for (size_t k = 0; k < operations[i].count; k++) {
            const struct failure *row = &operations[i].rows[k];
            print_message("  %s: %s\n", operations[i].name, row->name);
            envres_error_clear(f->err);
            plan_failure(row->call, row->skip, row->error);
            assert_int_equal(operations[i].run(f), row->want);
            assert_int_equal(plan.times, 0);
            if (row->want < 0) {
                says(f, row->part);
                assert_non_null(strstr(envres_error_subject(f->err), f->folder));
            }
        }
    }
}

static void
files_of_another_user(void **state)
{
    struct fixture *f = *state;
    struct files_id id = { 0, 0 };
    write_file(f->path, "", 0, 0600);
    plan.user = __real_geteuid() + 1;
    assert_int_equal(files_check_store(f->path, 0, &id, f->err), ENVRES_E_FILE_MODE);
    says(f, "belongs to another user");
    assert_int_equal(files_check_store(f->path, FILES_ANY_MODE, &id, f->err), ENVRES_OK);
    assert_int_equal(chown(f->path, plan.user, (gid_t)-1) == 0 || __real_geteuid() != 0, true);
    if (__real_geteuid() == 0) {
        assert_int_equal(files_check_store(f->path, 0, &id, f->err), ENVRES_OK);
        plan.user = 0; /* root may open all */
        assert_int_equal(files_check_store(f->path, 0, &id, f->err), ENVRES_OK);
    }
}

static void
another_file_of_the_same_number(void **state)
{
    struct fixture *f = *state;
    struct files_id id = { 0, 0 };
    assert_int_equal(files_create(f->path, &id, f->err), ENVRES_OK);
    assert_true(files_is(f->path, &id));
    id.device++;
    assert_false(files_is(f->path, &id));
    id.device--;
    id.inode++;
    assert_false(files_is(f->path, &id));
    id.inode--;
    plan_failure(LSTAT, 0, EIO);
    assert_false(files_is(f->path, &id));
    files_remove(f->path, &id);
    assert_int_not_equal(access(f->path, F_OK), 0);
}

/* Where the file system cannot rename without replacing. */
static void
renaming_by_a_second_name(void **state)
{
    static const int errors[] = { EINVAL, ENOSYS };
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        write_file(f->path, "x", 1, 0600);
        plan_failure(RENAME, 0, errors[i]);
        assert_int_equal(files_rename_new(f->path, f->other, f->err), ENVRES_OK);
        assert_int_not_equal(access(f->path, F_OK), 0);
        assert_int_equal(access(f->other, F_OK), 0);
        write_file(f->path, "y", 1, 0600);
        plan_failure(RENAME, 0, errors[i]);
        assert_int_equal(files_rename_new(f->path, f->other, f->err), ENVRES_E_STORE_EXISTS);
        assert_int_equal(access(f->path, F_OK), 0);
        assert_int_equal(unlink(f->other), 0);
    }
    /* Any other error is one, and nothing is tried. */
    plan_failure(RENAME, 0, EIO);
    assert_int_equal(files_rename_new(f->path, f->other, f->err), ENVRES_E_IO);
    assert_int_equal(access(f->path, F_OK), 0);
    assert_int_not_equal(access(f->other, F_OK), 0);
}

/* A name that does not fit is not cut: what has the shorter name is another file. */
static void
names_beside_that_do_not_fit(void **state)
{
    struct fixture *f = *state;
    struct files_id id = { 0, 0 };
    char path[PATH_MAX] = "";
    char cut[PATH_MAX] = "";
    size_t len = (size_t)snprintf(path, sizeof(path), "%s", f->folder);
    while (len < PATH_MAX - 260) {
        memset(path + len, 'd', 200);
        path[len] = '/';
        path[len += 200] = '\0';
        assert_int_equal(mkdir(path, 0700), 0);
    }
    path[len++] = '/';
    while (len < PATH_MAX - 4)
        path[len++] = 's';
    path[len] = '\0';
    snprintf(cut, sizeof(cut), "%.*s-jo", (int)(PATH_MAX - 4), path);
    assert_int_equal(strlen(cut), PATH_MAX - 1);
    write_file(cut, "", 0, 0666);
    assert_int_equal(files_create(path, &id, f->err), ENVRES_OK);
    assert_int_equal(files_check_store(path, 0, &id, f->err), ENVRES_OK);
    files_remove_beside(path);
    assert_int_equal(access(cut, F_OK), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(kinds_of_file_systems),     TEST(without_a_table),
        TEST(a_table_without_end),       TEST(no_memory_for_a_table),
        TEST(mounts_of_a_borrowed_name), TEST(each_call_fails),
        TEST(files_of_another_user),     TEST(another_file_of_the_same_number),
        TEST(renaming_by_a_second_name), TEST(names_beside_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
