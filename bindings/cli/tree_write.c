/* SPDX-License-Identifier: MIT */
/*
 * Makes a folder of files for an export.
 *
 * A folder that is not there yet is made beside its name and renamed when everything in it is on
 * the disk: it is there whole or not at all. Into one that is there each file is written beside its
 * name and renamed. Every step goes through the descriptor of the folder before it, with
 * O_NOFOLLOW, so that no link leads out of the folder. What was made by a run that fails is taken
 * away again; what was there before is not.
 */
#include "tree.h"

#include "output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0755, FILE_MODE = 0644, NAMES_TRIED = 100 };

struct made {
    char *path;
    bool is_folder;
};

struct tree_writer {
    struct cli *cli;
    char *folder;    /* as it was named, without slashes at the end */
    char *temporary; /* its name while it is made; NULL: it was there before */
    int fd;          /* of the folder */
    bool over;
    struct made *made; /* in the order in which they were made */
    size_t count;
    size_t cap;
};

/* ---- failures ------------------------------------------------------------------------------ */

static int
fail_writing(struct tree_writer *writer, const char *path, int number)
{
    return fail_code(writer->cli, code_of_errno(number), NULL, "'%s%s%s' cannot be written: %s",
                     writer->folder, path ? "/" : "", path ? path : "", strerror(number));
}

static int
fail_in_the_way(struct tree_writer *writer, const char *path, size_t len, const char *what)
{
    return fail_usage(writer->cli, "take it away, or export into another folder",
                      "'%s/%.*s' is %s; nothing was written", writer->folder, (int)len, path, what);
}

/* ---- steps --------------------------------------------------------------------------------- */

static void
keep_made(struct tree_writer *writer, const char *path, size_t len, bool is_folder)
{
    if (writer->count == writer->cap) {
        size_t cap = writer->cap ? writer->cap * 2 : 64;
        struct made *made = memory_take(cap * sizeof(*made));
        if (writer->count)
            memcpy(made, writer->made, writer->count * sizeof(*made));
        free(writer->made);
        writer->made = made;
        writer->cap = cap;
    }
    writer->made[writer->count++] = (struct made){ memory_copy(path, len), is_folder };
}

/* The folder that the last segment of `path` stands in; with `make` what is missing on the way is
 * made. -1 and errno, and in `reached` how much of the path was gone through. */
static int
open_parent(struct tree_writer *writer, const char *path, bool make, size_t *reached)
{
    int fd = openat(writer->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *at = path;
    for (const char *slash = strchr(at, '/'); fd >= 0 && slash; slash = strchr(at, '/')) {
        char *name = memory_copy(at, (size_t)(slash - at));
        *reached = (size_t)(slash - path);
        if (make && mkdirat(fd, name, FOLDER_MODE) == 0)
            keep_made(writer, path, *reached, true);
        int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int number = errno;
        free(name);
        close(fd);
        errno = number;
        fd = next;
        at = slash + 1;
    }
    return fd;
}

static const char *
leaf_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int
tree_writer_check(struct tree_writer *writer, const char *path)
{
    struct stat facts = { 0 };
    size_t reached = 0;
    int fd = open_parent(writer, path, false, &reached);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        return fail_in_the_way(writer, path, reached, "no folder");
    if (fd < 0)
        return fail_writing(writer, path, errno);
    bool there = fstatat(fd, leaf_of(path), &facts, AT_SYMLINK_NOFOLLOW) == 0;
    close(fd);
    if (there && !S_ISREG(facts.st_mode))
        return fail_in_the_way(writer, path, strlen(path),
                               S_ISDIR(facts.st_mode) ? "a folder" : "no plain file");
    return 0;
}

static int
write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t done = write(fd, data, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        data += done;
        len -= (size_t)done;
    }
    return 0;
}

static int
create_file(int folder, const char *name, const char *data, size_t len, bool sync)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return -1;
    int result = write_all(fd, data, len);
    if (result == 0 && sync)
        result = fsync(fd);
    int number = errno;
    if (close(fd) != 0 && result == 0) {
        result = -1;
        number = errno;
    }
    if (result != 0)
        unlinkat(folder, name, 0);
    errno = number;
    return result;
}

/* Beside its name, then, on the disk, renamed over what is there. */
static int
replace_file(int folder, const char *name, const char *data, size_t len)
{
    char beside[64];
    int result = -1;
    errno = EEXIST;
    for (int i = 0; i < NAMES_TRIED && result != 0 && errno == EEXIST; i++) {
        snprintf(beside, sizeof(beside), ".envres-%ld-%d", (long)getpid(), i);
        result = create_file(folder, beside, data, len, true);
    }
    if (result == 0 && renameat(folder, beside, folder, name) != 0) {
        int number = errno;
        unlinkat(folder, beside, 0);
        errno = number;
        result = -1;
    }
    return result;
}

int
tree_writer_add(struct tree_writer *writer, const char *path, const char *data, size_t len)
{
    struct stat facts = { 0 };
    size_t reached = 0;
    int fd = open_parent(writer, path, true, &reached);
    if (fd < 0)
        return fail_writing(writer, path, errno);
    const char *name = leaf_of(path);
    bool there = writer->over && fstatat(fd, name, &facts, AT_SYMLINK_NOFOLLOW) == 0;
    int result =
        there ? replace_file(fd, name, data, len) : create_file(fd, name, data, len, false);
    int number = errno;
    close(fd);
    if (result != 0)
        return fail_writing(writer, path, number);
    if (!there)
        keep_made(writer, path, strlen(path), false);
    return 0;
}

/* ---- beginning ----------------------------------------------------------------------------- */

/* The first name in a folder in `out`, empty when there is none. -1 and errno. */
static int
first_name(int fd, struct text *out)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry = NULL;
    if (!folder)
        return -1;
    errno = 0;
    for (entry = readdir(folder); entry; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            break;
    }
    int number = errno;
    if (entry)
        text_puts(out, entry->d_name);
    closedir(folder);
    errno = number;
    return entry || number == 0 ? 0 : -1;
}

static int
check_empty(struct tree_writer *writer)
{
    struct text name = { 0 };
    if (first_name(writer->fd, &name) != 0)
        return fail_writing(writer, NULL, errno);
    int status = 0;
    if (name.len > 0 && !writer->over)
        status = fail_confirm(writer->cli, "--force writes over what is there",
                              "'%s' is not empty: it holds '%s'", writer->folder, text_get(&name));
    text_free(&name);
    return status;
}

static int
begin_beside(struct tree_writer *writer)
{
    struct text name = { 0 };
    int result = -1;
    errno = EEXIST;
    for (int i = 0; i < NAMES_TRIED && result != 0 && errno == EEXIST; i++) {
        text_free(&name);
        text_printf(&name, "%s.envres-%ld-%d", writer->folder, (long)getpid(), i);
        result = mkdir(text_get(&name), FOLDER_MODE);
    }
    if (result != 0) {
        text_free(&name);
        return fail_writing(writer, NULL, errno);
    }
    writer->temporary = name.data;
    writer->fd = open(writer->temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return writer->fd < 0 ? fail_writing(writer, NULL, errno) : 0;
}

static int
begin_in(struct tree_writer *writer, const struct stat *facts)
{
    if (S_ISLNK(facts->st_mode))
        return fail_usage(writer->cli, "name the folder it leads to", "'%s' is a symbolic link",
                          writer->folder);
    if (!S_ISDIR(facts->st_mode))
        return fail_usage(writer->cli, NULL, "'%s' is not a folder", writer->folder);
    writer->fd = open(writer->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return writer->fd < 0 ? fail_writing(writer, NULL, errno) : check_empty(writer);
}

int
tree_writer_begin(struct cli *cli, const char *folder, bool over, struct tree_writer **out)
{
    struct tree_writer *writer = memory_take(sizeof(*writer));
    struct stat facts = { 0 };
    size_t len = strlen(folder);
    while (len > 1 && folder[len - 1] == '/')
        len--;
    writer->cli = cli;
    writer->folder = memory_copy(folder, len);
    writer->fd = -1;
    writer->over = over;
    *out = writer;
    if (len == 0)
        return fail_usage(cli, NULL, "a folder has no empty name");
    return lstat(writer->folder, &facts) == 0 ? begin_in(writer, &facts) : begin_beside(writer);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void
take_away(struct tree_writer *writer)
{
    for (size_t i = writer->fd < 0 ? 0 : writer->count; i > 0; i--) {
        const struct made *made = &writer->made[i - 1];
        size_t reached = 0;
        int fd = open_parent(writer, made->path, false, &reached);
        if (fd < 0)
            continue;
        unlinkat(fd, leaf_of(made->path), made->is_folder ? AT_REMOVEDIR : 0);
        close(fd);
    }
    if (writer->temporary)
        rmdir(writer->temporary);
}

static int
sync_and_close(int fd)
{
    int result = fd < 0 ? -1 : fsync(fd);
    int number = errno;
    if (fd >= 0)
        close(fd);
    errno = number;
    return result;
}

/* Everything that was made. One after the other at the end: the first takes most of the rest to the
 * disk with it, where each on its own, as it is written, would wait for the disk. */
static int
sync_made(struct tree_writer *writer)
{
    int result = fsync(writer->fd);
    for (size_t i = 0; i < writer->count && result == 0; i++) {
        const char *path = writer->made[i].path;
        size_t reached = 0;
        int folder = open_parent(writer, path, false, &reached);
        if (folder < 0)
            return -1;
        int fd = openat(folder, leaf_of(path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        int number = errno;
        close(folder);
        errno = number;
        result = sync_and_close(fd);
    }
    return result;
}

static int
give_name(struct tree_writer *writer)
{
    if (rename(writer->temporary, writer->folder) != 0)
        return -1;
    /* It has its name: what is made by this run is whole, whatever comes. */
    char *copy = memory_copy(writer->folder, strlen(writer->folder));
    sync_and_close(open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    free(copy);
    return 0;
}

int
tree_writer_end(struct tree_writer *writer, int status)
{
    if (!writer)
        return status;
    if (status == 0 && (sync_made(writer) != 0 || (writer->temporary && give_name(writer) != 0)))
        status = fail_writing(writer, NULL, errno);
    if (status)
        take_away(writer);
    if (writer->fd >= 0)
        close(writer->fd);
    for (size_t i = 0; i < writer->count; i++)
        free(writer->made[i].path);
    free(writer->made);
    free(writer->temporary);
    free(writer->folder);
    free(writer);
    return status;
}
