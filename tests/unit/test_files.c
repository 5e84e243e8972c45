/* SPDX-License-Identifier: MIT */
/*
 * The file system around a store: classification of mount tables (pure), and each rule about the
 * file and its folder on real files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/files.h"
#include "storage/mounts.h"

/* ---- classification ---- */

enum { MAGIC_EXT4 = 0xEF53, MAGIC_NFS = 0x6969, MAGIC_FUSE = 0x65735546 };

struct mount_row {
    const char *name;
    const char *table;
    const char *folder;
    uint64_t magic;
    enum mounts_class class;
    const char *type;
};

#define ROOT "/dev/vda / ext4 rw 0 0\n"

static const struct mount_row mount_rows[] = {
    { "root", ROOT, "/srv/a", MAGIC_EXT4, MOUNTS_LOCAL, "ext4" },
    { "root itself", ROOT, "/", MAGIC_EXT4, MOUNTS_LOCAL, "ext4" },
    { "overlay", "overlay / overlay rw 0 0\n", "/srv", 0x794C7630, MOUNTS_LOCAL, "overlay" },
    { "tmpfs", ROOT "tmpfs /tmp tmpfs rw 0 0\n", "/tmp/x", 0x01021994, MOUNTS_LOCAL, "tmpfs" },
    { "xfs", ROOT "/dev/b /data xfs rw 0 0\n", "/data", 0x58465342, MOUNTS_LOCAL, "xfs" },
    { "btrfs", ROOT "/dev/b /data btrfs rw 0 0\n", "/data/s", 0x9123683E, MOUNTS_LOCAL, "btrfs" },
    { "zfs", ROOT "tank /data zfs rw 0 0\n", "/data/s", 0x2FC12FC1, MOUNTS_LOCAL, "zfs" },
    { "unlisted", ROOT "/dev/b /data bcachefs rw 0 0\n", "/data", 0, MOUNTS_LOCAL, "bcachefs" },
    { "nfs", ROOT "h:/e /net nfs rw 0 0\n", "/net/a", MAGIC_NFS, MOUNTS_NETWORK, "nfs" },
    { "nfs4", ROOT "h:/e /net nfs4 rw 0 0\n", "/net", MAGIC_NFS, MOUNTS_NETWORK, "nfs4" },
    { "cifs", ROOT "//h/s /net cifs rw 0 0\n", "/net", 0xFF534D42, MOUNTS_NETWORK, "cifs" },
    { "smb3", ROOT "//h/s /net smb3 rw 0 0\n", "/net", 0xFE534D42, MOUNTS_NETWORK, "smb3" },
    { "9p", ROOT "h /net 9p rw 0 0\n", "/net", 0x01021997, MOUNTS_NETWORK, "9p" },
    { "ceph", ROOT "h /net ceph rw 0 0\n", "/net", 0x00C36400, MOUNTS_NETWORK, "ceph" },
    { "lustre", ROOT "h /net lustre rw 0 0\n", "/net", 0x0BD00BD0, MOUNTS_NETWORK, "lustre" },
    { "afs", ROOT "AFS /afs afs rw 0 0\n", "/afs/x", 0x5346414F, MOUNTS_NETWORK, "afs" },
    { "vboxsf", ROOT "s /net vboxsf rw 0 0\n", "/net", 0, MOUNTS_NETWORK, "vboxsf" },
    { "sshfs", ROOT "h: /net fuse.sshfs rw 0 0\n", "/net/a", MAGIC_FUSE, MOUNTS_NETWORK,
      "fuse.sshfs" },
    { "s3fs", ROOT "s /net fuse.s3fs rw 0 0\n", "/net", MAGIC_FUSE, MOUNTS_NETWORK, "fuse.s3fs" },
    { "rclone", ROOT "s /net fuse.rclone rw 0 0\n", "/net", MAGIC_FUSE, MOUNTS_NETWORK,
      "fuse.rclone" },
    { "unknown fuse", ROOT "s /f fuse.mine rw 0 0\n", "/f", MAGIC_FUSE, MOUNTS_FUSE, "fuse.mine" },
    { "plain fuse", ROOT "s /f fuse rw 0 0\n", "/f", MAGIC_FUSE, MOUNTS_FUSE, "fuse" },
    { "virtiofs", ROOT "s /f virtiofs rw 0 0\n", "/f", MAGIC_FUSE, MOUNTS_FUSE, "virtiofs" },
    { "fuse-overlayfs", "o / fuse.fuse-overlayfs rw 0 0\n", "/srv", MAGIC_FUSE, MOUNTS_LOCAL,
      "fuse.fuse-overlayfs" },
    { "fuseblk", ROOT "/dev/c /usb fuseblk rw 0 0\n", "/usb", MAGIC_FUSE, MOUNTS_LOCAL, "fuseblk" },
    { "longest match", ROOT "h:/e /net nfs rw 0 0\n/dev/c /net/disk ext4 rw 0 0\n", "/net/disk/a",
      MAGIC_EXT4, MOUNTS_LOCAL, "ext4" },
    { "longest match, other order", ROOT "/dev/c /net/disk ext4 rw 0 0\nh:/e /net nfs rw 0 0\n",
      "/net/disk/a", MAGIC_EXT4, MOUNTS_LOCAL, "ext4" },
    { "a name that only begins alike", ROOT "h:/e /net nfs rw 0 0\n", "/network", MAGIC_EXT4,
      MOUNTS_LOCAL, "ext4" },
    { "another name of the same length", ROOT "h:/e /net nfs rw 0 0\n", "/srv", MAGIC_EXT4,
      MOUNTS_LOCAL, "ext4" },
    { "another end of the same length", ROOT "h:/e /data/net nfs rw 0 0\n", "/data/new", 0,
      MOUNTS_LOCAL, "ext4" },
    { "mounted over", ROOT "/dev/c /d ext4 rw 0 0\nh:/e /d nfs rw 0 0\n", "/d", MAGIC_NFS,
      MOUNTS_NETWORK, "nfs" },
    { "escaped space", ROOT "h:/e /my\\040net nfs rw 0 0\n", "/my net/a", MAGIC_NFS, MOUNTS_NETWORK,
      "nfs" },
    { "escaped space, statfs does not know", ROOT "h:/e /my\\040net nfs rw 0 0\n", "/my net/a", 0,
      MOUNTS_NETWORK, "nfs" },
    { "escaped tab, statfs does not know", ROOT "h:/e /my\\011net nfs rw 0 0\n", "/my\tnet", 0,
      MOUNTS_NETWORK, "nfs" },
    { "escaped backslash, statfs does not know", ROOT "h:/e /a\\134b nfs rw 0 0\n", "/a\\b", 0,
      MOUNTS_NETWORK, "nfs" },
    { "not an escape, statfs does not know", ROOT "h:/e /a\\08x nfs rw 0 0\n", "/a\\08x", 0,
      MOUNTS_NETWORK, "nfs" },
    { "escaped backslash", ROOT "h:/e /a\\134b nfs rw 0 0\n", "/a\\b", MAGIC_NFS, MOUNTS_NETWORK,
      "nfs" },
    { "not an escape", ROOT "h:/e /a\\9xx nfs rw 0 0\n", "/a\\9xx", MAGIC_NFS, MOUNTS_NETWORK,
      "nfs" },
    { "escape cut short", ROOT "h:/e /a\\1 nfs rw 0 0\n", "/a\\1", MAGIC_NFS, MOUNTS_NETWORK,
      "nfs" },
    { "fuse, statfs says network", ROOT "s /f fuse.mine rw 0 0\n", "/f", MAGIC_NFS, MOUNTS_NETWORK,
      "nfs" },
    { "no last newline", ROOT "h:/e /net nfs rw 0 0", "/net", MAGIC_NFS, MOUNTS_NETWORK, "nfs" },
    { "statfs knows better", ROOT, "/srv", MAGIC_NFS, MOUNTS_NETWORK, "nfs" },
    { "statfs says fuse", ROOT, "/srv", MAGIC_FUSE, MOUNTS_FUSE, "fuse" },
    { "no table, nfs", "", "/srv", MAGIC_NFS, MOUNTS_NETWORK, "nfs" },
    { "no table, fuse", "", "/srv", MAGIC_FUSE, MOUNTS_FUSE, "fuse" },
    { "no table, ext4", "", "/srv", MAGIC_EXT4, MOUNTS_LOCAL, "unknown" },
    { "network fuse, statfs too", "h: / fuse.sshfs rw 0 0\n", "/", MAGIC_FUSE, MOUNTS_NETWORK,
      "fuse.sshfs" },
    { "torn line", ROOT "h:/e /net\n", "/net", MAGIC_EXT4, MOUNTS_LOCAL, "ext4" },
    { "empty lines", "\n\n" ROOT "\n", "/net", MAGIC_EXT4, MOUNTS_LOCAL, "ext4" },
};

static void
mount_tables_are_classified(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mount_rows) / sizeof(mount_rows[0]); i++) {
        const struct mount_row *row = &mount_rows[i];
        struct slice type = { NULL, 0 };
        enum mounts_class class =
            mounts_classify(slice_str(row->table), slice_str(row->folder), row->magic, &type);
        if (class != row->class || !slice_equal(type, slice_str(row->type)))
            print_error("row: %s\n", row->name);
        assert_int_equal(class, row->class);
        assert_true(slice_equal(type, slice_str(row->type)));
    }
}

/* ---- files ---- */

struct fixture {
    char folder[64];
    char path[160];
    char other[160];
    envres_error *err;
    mode_t umask;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f)
        return -1;
    f->umask = umask(0);
    snprintf(f->folder, sizeof(f->folder), "/tmp/envres-files-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->path, sizeof(f->path), "%s/store", f->folder);
    snprintf(f->other, sizeof(f->other), "%s/other", f->folder);
    f->err = envres_error_new(NULL);
    *state = f;
    return f->err ? 0 : -1;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];
    umask(f->umask);
    snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
    int rc = system(command);
    envres_error_free(f->err);
    free(f);
    return rc;
}

static mode_t
mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

static void
write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void
make_link(const struct fixture *f)
{
    write_file(f->other, "x");
    assert_int_equal(symlink(f->other, f->path), 0);
}

static void
make_dangling(const struct fixture *f)
{
    assert_int_equal(symlink(f->other, f->path), 0);
}

static void
make_hard_link(const struct fixture *f)
{
    write_file(f->other, "x");
    assert_int_equal(link(f->other, f->path), 0);
}

static void
make_0644(const struct fixture *f)
{
    write_file(f->path, "x");
    assert_int_equal(chmod(f->path, 0644), 0);
}

static void
make_0620(const struct fixture *f)
{
    write_file(f->path, "x");
    assert_int_equal(chmod(f->path, 0620), 0);
}

static void
make_fifo(const struct fixture *f)
{
    assert_int_equal(mkfifo(f->path, 0600), 0);
}

static void
make_folder(const struct fixture *f)
{
    assert_int_equal(mkdir(f->path, 0700), 0);
}

static void
make_nothing(const struct fixture *f)
{
    (void)f;
}

static void
make_0600(const struct fixture *f)
{
    write_file(f->path, "x");
}

struct file_row {
    const char *name;
    void (*make)(const struct fixture *f);
    uint32_t flags;
    envres_status status;
    const char *hint;
};

static const struct file_row file_rows[] = {
    { "0600", make_0600, FILES_WRITE, ENVRES_OK, "" },
    { "nothing there", make_nothing, 0, ENVRES_E_NO_STORE, "check the path" },
    { "symbolic link", make_link, 0, ENVRES_E_FILE_MODE, "path of the file itself" },
    { "symbolic link, any mode", make_link, FILES_ANY_MODE, ENVRES_E_FILE_MODE, "itself" },
    { "dangling link", make_dangling, 0, ENVRES_E_FILE_MODE, "path of the file itself" },
    { "hard link", make_hard_link, 0, ENVRES_E_FILE_MODE, "hard links" },
    { "hard link, any mode", make_hard_link, FILES_ANY_MODE, ENVRES_OK, "" },
    { "0644", make_0644, 0, ENVRES_E_FILE_MODE, "run: chmod 600 '" },
    { "0620", make_0620, 0, ENVRES_E_FILE_MODE, "run: chmod 600 '" },
    { "0644, any mode", make_0644, FILES_ANY_MODE, ENVRES_OK, "" },
    { "pipe", make_fifo, 0, ENVRES_E_NOT_A_STORE, "give the path" },
    { "pipe, any mode", make_fifo, FILES_ANY_MODE, ENVRES_E_NOT_A_STORE, "give the path" },
    { "folder", make_folder, 0, ENVRES_E_NOT_A_STORE, "give the path" },
};

static void
files_are_checked(void **state)
{
    const struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(file_rows) / sizeof(file_rows[0]); i++) {
        const struct file_row *row = &file_rows[i];
        struct files_id id = { 0, 0 };
        row->make(f);
        envres_error_clear(f->err);
        envres_status st = files_check_store(f->path, row->flags, &id, f->err);
        if (st != row->status)
            print_error("row: %s\n", row->name);
        assert_int_equal(st, row->status);
        assert_non_null(strstr(envres_error_hint(f->err), row->hint));
        if (st < 0)
            assert_string_equal(envres_error_subject(f->err), f->path);
        else
            assert_true(files_is(f->path, &id));
        if (unlink(f->path) != 0)
            rmdir(f->path);
        unlink(f->other);
    }
}

/* A journal that may not be the store's own: SQLite would play it back. */
static void
journals_of_others_are_refused(void **state)
{
    const struct fixture *f = *state;
    static const char *const names[] = { "-journal", "-wal", "-shm" };
    struct files_id id;
    char name[200];
    write_file(f->path, "x");
    write_file(f->other, "x");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", f->path, names[i]);
        write_file(name, "");
        assert_int_equal(files_check_store(f->path, 0, &id, f->err), ENVRES_OK);
        assert_int_equal(chmod(name, 0622), 0);
        assert_int_equal(files_check_store(f->path, 0, &id, f->err), ENVRES_E_FILE_MODE);
        assert_non_null(strstr(envres_error_message(f->err), names[i]));
        assert_int_equal(files_check_store(f->path, FILES_ANY_MODE, &id, f->err), ENVRES_OK);
        assert_int_equal(unlink(name), 0);
        assert_int_equal(link(f->other, name), 0);
        assert_int_equal(files_check_store(f->path, 0, &id, f->err), ENVRES_E_FILE_MODE);
        assert_int_equal(unlink(name), 0);
        assert_int_equal(symlink(f->other, name), 0);
        assert_int_equal(files_check_store(f->path, FILES_ANY_MODE, &id, f->err),
                         ENVRES_E_FILE_MODE);
        assert_int_equal(unlink(name), 0);
        if (geteuid() == 0) {
            write_file(name, "");
            assert_int_equal(chown(name, 65534, 65534), 0);
            assert_int_equal(files_check_store(f->path, 0, &id, f->err), ENVRES_E_FILE_MODE);
            assert_int_equal(unlink(name), 0);
        }
    }
}

static void
another_user_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct files_id id;
    char type[FILES_TYPE_SIZE];
    if (geteuid() != 0) {
        print_message("runs fully as root only: checks nothing of another user's\n");
        return;
    }
    write_file(f->path, "x");
    assert_int_equal(chmod(f->folder, 0755), 0);
    assert_int_equal(seteuid(65534), 0);
    envres_status owner = files_check_store(f->path, 0, &id, f->err);
    envres_status access = files_check_store(f->path, FILES_ANY_MODE, &id, NULL);
    envres_status folder = files_check_folder(&mem_default, f->path, FILES_WRITE, type, NULL);
    envres_status create = files_create(f->other, &id, NULL);
    envres_status reading = files_check_folder(&mem_default, f->path, 0, type, NULL);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(owner, ENVRES_E_FILE_MODE);
    assert_non_null(strstr(envres_error_message(f->err), "another user"));
    assert_int_equal(access, ENVRES_E_IO);
    assert_int_equal(folder, ENVRES_E_READ_ONLY);
    assert_int_equal(create, ENVRES_E_READ_ONLY);
    assert_int_equal(reading, ENVRES_OK);
}

static void
folders_are_checked(void **state)
{
    const struct fixture *f = *state;
    char type[FILES_TYPE_SIZE];
    char missing[200];
    assert_int_equal(files_check_folder(&mem_default, f->path, FILES_WRITE, type, f->err),
                     ENVRES_OK);
    assert_true(strlen(type) > 0);
    assert_int_equal(chmod(f->folder, 0777), 0);
    assert_int_equal(files_check_folder(&mem_default, f->path, 0, type, f->err),
                     ENVRES_E_FILE_MODE);
    assert_non_null(strstr(envres_error_hint(f->err), "run: chmod o-w '/tmp/envres-files-"));
    assert_int_equal(files_check_folder(&mem_default, f->path, FILES_ANY_MODE, type, f->err),
                     ENVRES_OK);
    assert_int_equal(chmod(f->folder, 01777), 0);
    assert_int_equal(files_check_folder(&mem_default, f->path, 0, type, f->err), ENVRES_OK);
    snprintf(missing, sizeof(missing), "%s/none/store", f->folder);
    assert_int_equal(files_check_folder(&mem_default, missing, 0, type, f->err), ENVRES_E_NO_STORE);
    write_file(f->other, "x");
    snprintf(missing, sizeof(missing), "%s/store", f->other);
    assert_int_equal(files_check_folder(&mem_default, missing, 0, type, f->err), ENVRES_E_NO_STORE);
}

static void
created_files_are_0600(void **state)
{
    const struct fixture *f = *state;
    static const mode_t umasks[] = { 0, 022, 0277, 0777 };
    for (size_t i = 0; i < sizeof(umasks) / sizeof(umasks[0]); i++) {
        struct files_id id;
        umask(umasks[i]);
        assert_int_equal(files_create(f->path, &id, f->err), ENVRES_OK);
        umask(0);
        assert_int_equal(mode_of(f->path), 0600);
        assert_int_equal(files_create(f->path, &id, f->err), ENVRES_E_STORE_EXISTS);
        files_remove(f->path, &id);
        assert_int_not_equal(access(f->path, F_OK), 0);
    }
    struct files_id id;
    make_dangling(f);
    assert_int_equal(files_create(f->path, &id, f->err), ENVRES_E_STORE_EXISTS);
    assert_int_not_equal(access(f->other, F_OK), 0);
}

static void
only_the_own_file_is_removed(void **state)
{
    const struct fixture *f = *state;
    char journal[200];
    struct files_id id;
    snprintf(journal, sizeof(journal), "%s-journal", f->path);
    assert_int_equal(files_create(f->path, &id, f->err), ENVRES_OK);
    write_file(f->other, "another");
    write_file(journal, "x");
    assert_int_equal(rename(f->other, f->path), 0);
    files_remove(f->path, &id);
    assert_int_equal(access(f->path, F_OK), 0);
    assert_int_equal(access(journal, F_OK), 0);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(files_create(f->path, &id, f->err), ENVRES_OK);
    files_remove(f->path, &id);
    assert_int_not_equal(access(f->path, F_OK), 0);
    assert_int_not_equal(access(journal, F_OK), 0);
}

static void
renaming_never_replaces(void **state)
{
    const struct fixture *f = *state;
    char text[16] = "";
    write_file(f->path, "old");
    write_file(f->other, "new");
    assert_int_equal(files_rename_new(f->other, f->path, f->err), ENVRES_E_STORE_EXISTS);
    assert_string_equal(envres_error_subject(f->err), f->path);
    int fd = open(f->path, O_RDONLY);
    assert_int_equal(read(fd, text, sizeof(text)), 3);
    close(fd);
    assert_string_equal(text, "old");
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(files_rename_new(f->other, f->path, f->err), ENVRES_OK);
    assert_int_equal(access(f->path, F_OK), 0);
    assert_int_not_equal(access(f->other, F_OK), 0);
    assert_int_equal(files_rename_new(f->other, f->path, f->err), ENVRES_E_NO_STORE);
    assert_int_equal(files_sync_file(f->path, f->err), ENVRES_OK);
    assert_int_equal(files_sync_folder(&mem_default, f->path, f->err), ENVRES_OK);
    assert_int_equal(files_sync_file(f->other, f->err), ENVRES_E_NO_STORE);
}

static void
temporary_names_differ(void **state)
{
    const struct fixture *f = *state;
    char *one = NULL;
    char *two = NULL;
    assert_int_equal(files_temp_name(&mem_default, f->path, &one, f->err), ENVRES_OK);
    assert_int_equal(files_temp_name(&mem_default, f->path, &two, f->err), ENVRES_OK);
    assert_string_not_equal(one, two);
    assert_int_equal(strncmp(one, f->path, strlen(f->path)), 0);
    assert_int_equal(strlen(one), strlen(f->path) + strlen(".new-") + 16);
    mem_free(&mem_default, one);
    mem_free(&mem_default, two);
}

static void
paths_are_resolved(void **state)
{
    const struct fixture *f = *state;
    char *real = NULL;
    char link_path[200];
    char wanted[200];
    assert_int_equal(symlink(f->folder, f->other), 0);
    snprintf(link_path, sizeof(link_path), "%s/./store", f->other);
    assert_non_null(realpath(f->folder, wanted));
    snprintf(wanted + strlen(wanted), 10, "/store");
    assert_int_equal(files_resolve(&mem_default, link_path, &real, f->err), ENVRES_OK);
    assert_string_equal(real, wanted);
    mem_free(&mem_default, real);
    assert_int_equal(files_resolve(&mem_default, "/x", &real, f->err), ENVRES_OK);
    assert_string_equal(real, "/x");
    mem_free(&mem_default, real);
    static const char *const folders[] = { "", ".", "..", "/", "/tmp/", "a/.." };
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        assert_int_equal(files_resolve(&mem_default, folders[i], &real, f->err),
                         ENVRES_E_NOT_A_STORE);
    assert_int_equal(files_resolve(&mem_default, "/no-such-folder/x", &real, f->err),
                     ENVRES_E_NO_STORE);
}

static void
folders_of_paths(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "a", "." }, { "a/b", "a" }, { "/a", "/" }, { "/a/b", "/a" }, { "", "." },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *folder = files_folder(&mem_default, rows[i][0]);
        assert_string_equal(folder, rows[i][1]);
        mem_free(&mem_default, folder);
    }
}

static void
reasons_are_english(void **state)
{
    (void)state;
    char out[FILES_REASON_SIZE];
    assert_string_equal(files_reason(28, out), "no space left on the device");
    assert_string_equal(files_reason(9999, out), "system error 9999");
}

struct errno_row {
    int error;
    envres_status status;
};

static void
system_errors_are_mapped(void **state)
{
    const struct fixture *f = *state;
    static const struct errno_row rows[] = {
        { EACCES, ENVRES_E_READ_ONLY },
        { EPERM, ENVRES_E_READ_ONLY },
        { EROFS, ENVRES_E_READ_ONLY },
        { ENOSPC, ENVRES_E_FULL },
        { EDQUOT, ENVRES_E_FULL },
        { EFBIG, ENVRES_E_FULL },
        { ENOENT, ENVRES_E_NO_STORE },
        { ENOTDIR, ENVRES_E_NO_STORE },
        { EEXIST, ENVRES_E_STORE_EXISTS },
        { ENOMEM, ENVRES_E_NOMEM },
        { EIO, ENVRES_E_IO },
        { EMFILE, ENVRES_E_IO },
        { ENAMETOOLONG, ENVRES_E_IO },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(files_error(f->err, rows[i].error, "it failed", "a/path"), rows[i].status);
        assert_int_equal(strncmp(envres_error_message(f->err), "it failed: ", 11), 0);
        assert_string_equal(envres_error_subject(f->err), "a/path");
        assert_true(strlen(envres_error_hint(f->err)) > 0);
    }
}

/* Without memory: an error, and nothing made. */
static void *
no_memory(void *ptr, size_t size, void *user)
{
    (void)user;
    if (size == 0)
        free(ptr);
    return NULL;
}

static void
no_memory_is_an_error(void **state)
{
    const struct fixture *f = *state;
    struct mem mem = { no_memory, NULL };
    char type[FILES_TYPE_SIZE];
    char *out = NULL;
    assert_int_equal(files_check_folder(&mem, f->path, 0, type, f->err), ENVRES_E_NOMEM);
    assert_int_equal(files_resolve(&mem, f->path, &out, f->err), ENVRES_E_NOMEM);
    assert_int_equal(files_temp_name(&mem, f->path, &out, f->err), ENVRES_E_NOMEM);
    assert_int_equal(files_sync_folder(&mem, f->path, f->err), ENVRES_E_NOMEM);
    assert_null(files_folder(&mem, f->path));
    assert_null(out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mount_tables_are_classified),
        TEST(files_are_checked),
        TEST(journals_of_others_are_refused),
        TEST(another_user_is_refused),
        TEST(folders_are_checked),
        TEST(created_files_are_0600),
        TEST(only_the_own_file_is_removed),
        TEST(renaming_never_replaces),
        TEST(temporary_names_differ),
        TEST(paths_are_resolved),
        TEST(system_errors_are_mapped),
        TEST(no_memory_is_an_error),
        cmocka_unit_test(folders_of_paths),
        cmocka_unit_test(reasons_are_english),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
