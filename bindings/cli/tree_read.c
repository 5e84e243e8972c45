/* SPDX-License-Identifier: MIT */
/*
 * Reads a folder for an import. Every step goes through the descriptor of the folder before it,
 * with O_NOFOLLOW, and what was opened is looked at again: a link that is put in the place of a
 * file meanwhile is not followed. The first thing that cannot be a part ends it, before anything is
 * written. The store's own files are never taken: its key would be readable by all who read parts.
 * Depth is bounded by the length of paths, the rest by the limits of a version.
 */
#include "tree.h"

#include "opening.h"
#include "output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a version of an app (include/envres/part.h); folders have no limit there. */
enum {
    PATH_LONGEST = 512,
    FILE_LARGEST = 16 * 1024 * 1024,
    ALL_LARGEST = 256 * 1024 * 1024,
    FILES_MOST = 10000,
    FOLDERS_MOST = 10000
};

struct walk {
    struct cli *cli;
    struct tree *tree;
    const char *folder; /* as it was named */
    struct text path;   /* of what is being looked at, below the folder */
    size_t folders;
    struct stat own[2]; /* the store and its key */
    size_t own_count;
};

static int
fail_reading_path(struct walk *walk, int number)
{
    return fail_code(walk->cli, ENVRES_E_IO, NULL, "'%s/%s' cannot be read: %s", walk->folder,
                     text_get(&walk->path), strerror(number));
}

/* ---- what cannot be a part ----------------------------------------------------------------- */

static const char *
name_kind(mode_t mode)
{
    if (S_ISLNK(mode))
        return "a symbolic link";
    if (S_ISFIFO(mode))
        return "a named pipe";
    if (S_ISSOCK(mode))
        return "a socket";
    return S_ISCHR(mode) || S_ISBLK(mode) ? "a device" : "no plain file";
}

static int
fail_kind(struct walk *walk, mode_t mode)
{
    return fail_usage(walk->cli, "nothing was imported",
                      "'%s' is %s; parts are made of plain files", text_get(&walk->path),
                      name_kind(mode));
}

static int
check_name(struct walk *walk)
{
    const char *path = text_get(&walk->path);
    const char *why = walk->path.len > PATH_LONGEST ? "longer than 512 bytes" : NULL;
    for (size_t at = 0; !why && at < walk->path.len;) {
        unsigned code = 0;
        size_t step = text_decode(path + at, walk->path.len - at, &code);
        if (!step)
            why = "not UTF-8";
        else if (code < 0x20 || (code >= 0x7f && code < 0xa0))
            why = "with a control character in it";
        else if (code == '\\')
            why = "with a backslash in it";
        at += step;
    }
    return why ? fail_code(walk->cli, ENVRES_E_PATH, "nothing was imported",
                           "'%s' cannot be the path of a part: it is %s", path, why)
               : 0;
}

static int
check_not_own(struct walk *walk, const struct stat *facts)
{
    for (size_t i = 0; i < walk->own_count; i++) {
        if (walk->own[i].st_dev == facts->st_dev && walk->own[i].st_ino == facts->st_ino)
            return fail_usage(walk->cli, "import a folder that holds neither; nothing was imported",
                              "'%s' is this store, or its key", text_get(&walk->path));
    }
    return 0;
}

static void
find_own(struct walk *walk)
{
    char *key = find_key_path(walk->cli);
    if (stat(walk->cli->store_path, &walk->own[walk->own_count]) == 0)
        walk->own_count++;
    if (stat(key, &walk->own[walk->own_count]) == 0)
        walk->own_count++;
    free(key);
}

/* ---- files --------------------------------------------------------------------------------- */

static int
check_size(struct walk *walk, size_t size)
{
    if (size > FILE_LARGEST)
        return fail_code(walk->cli, ENVRES_E_LIMIT, "nothing was imported",
                         "'%s' has %zu bytes; a part has at most 16 MiB", text_get(&walk->path),
                         size);
    if (walk->tree->bytes + size > ALL_LARGEST)
        return fail_code(walk->cli, ENVRES_E_LIMIT, "nothing was imported",
                         "the files have more than 256 MiB, the most that a version has");
    if (walk->tree->count >= FILES_MOST)
        return fail_code(walk->cli, ENVRES_E_LIMIT, "nothing was imported",
                         "there are more than 10000 files, the most that a version has");
    return 0;
}

static void
keep_file(struct tree *tree, const char *path, size_t path_len, char *data, size_t len)
{
    if (tree->count == tree->cap) {
        size_t cap = tree->cap ? tree->cap * 2 : 64;
        struct tree_file *files = memory_take(cap * sizeof(*files));
        if (tree->count)
            memcpy(files, tree->files, tree->count * sizeof(*files));
        free(tree->files);
        tree->files = files;
        tree->cap = cap;
    }
    tree->files[tree->count++] = (struct tree_file){ memory_copy(path, path_len), data, len };
    tree->bytes += len;
}

/* Exactly `len` bytes and then the end; 0: so it was, 1: it has another length by now. */
static int
read_exactly(int fd, char *data, size_t len)
{
    size_t have = 0;
    char beyond = 0;
    for (;;) {
        ssize_t got = have < len ? read(fd, data + have, len - have) : read(fd, &beyond, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0 || have == len)
            return got != 0 || have != len;
        have += (size_t)got;
    }
}

static bool
is_same(const struct stat *before, const struct stat *after)
{
    return before->st_size == after->st_size && before->st_mtim.tv_sec == after->st_mtim.tv_sec &&
           before->st_mtim.tv_nsec == after->st_mtim.tv_nsec;
}

static int
read_opened(struct walk *walk, int fd)
{
    struct stat facts;
    struct stat after;
    if (fstat(fd, &facts) != 0)
        return fail_reading_path(walk, errno);
    if (!S_ISREG(facts.st_mode))
        return fail_kind(walk, facts.st_mode);
    int status = check_not_own(walk, &facts);
    if (status == 0)
        status = check_size(walk, (size_t)facts.st_size);
    if (status)
        return status;
    size_t len = (size_t)facts.st_size;
    char *data = memory_take(len);
    int result = read_exactly(fd, data, len);
    if (result == 0 && (fstat(fd, &after) != 0 || !is_same(&facts, &after)))
        result = 1;
    if (result == 0) {
        keep_file(walk->tree, text_get(&walk->path), walk->path.len, data, len);
        return 0;
    }
    int number = errno;
    free(data);
    return result < 0
               ? fail_reading_path(walk, number)
               : fail_code(walk->cli, ENVRES_E_CHANGED, "nothing was imported; import it again",
                           "'%s' changed while it was read", text_get(&walk->path));
}

static int
read_file(struct walk *walk, int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP)
        return fail_kind(walk, S_IFLNK);
    if (fd < 0)
        return fail_reading_path(walk, errno);
    int status = read_opened(walk, fd);
    close(fd);
    return status;
}

/* ---- folders ------------------------------------------------------------------------------- */

static int
read_names(struct walk *walk, DIR *folder, struct names *names)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry && errno)
            return fail_reading_path(walk, errno);
        if (!entry)
            break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        names_add(names, entry->d_name);
        if (names->count > FILES_MOST + FOLDERS_MOST)
            return fail_code(walk->cli, ENVRES_E_LIMIT, "nothing was imported",
                             "'%s/%s' holds more files than a version may have", walk->folder,
                             text_get(&walk->path));
    }
    names_sort(names);
    return 0;
}

static int walk_folder(struct walk *walk, int fd);

static int
enter_folder(struct walk *walk, int folder, const char *name)
{
    if (++walk->folders > FOLDERS_MOST)
        return fail_code(walk->cli, ENVRES_E_LIMIT, "nothing was imported",
                         "there are more than 10000 folders");
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? fail_reading_path(walk, errno) : walk_folder(walk, fd);
}

static int
walk_entry(struct walk *walk, int folder, const char *name)
{
    struct stat facts;
    size_t before = walk->path.len;
    if (before == 0 && strcmp(name, ".git") == 0) {
        walk->tree->left_git = true;
        return 0;
    }
    text_printf(&walk->path, "%s%s", before ? "/" : "", name);
    int status = check_name(walk);
    if (status == 0 && fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
        status = fail_reading_path(walk, errno);
    else if (status == 0 && S_ISDIR(facts.st_mode))
        status = enter_folder(walk, folder, name);
    else if (status == 0 && S_ISREG(facts.st_mode))
        status = read_file(walk, folder, name);
    else if (status == 0)
        status = fail_kind(walk, facts.st_mode);
    walk->path.len = before;
    walk->path.data[before] = '\0';
    return status;
}

/* Takes the descriptor. */
static int
walk_folder(struct walk *walk, int fd)
{
    DIR *folder = fdopendir(fd);
    struct names names = { 0 };
    if (!folder) {
        int number = errno;
        close(fd);
        return fail_reading_path(walk, number);
    }
    int status = read_names(walk, folder, &names);
    for (size_t i = 0; status == 0 && i < names.count; i++)
        status = walk_entry(walk, dirfd(folder), names.names[i]);
    names_free(&names);
    closedir(folder);
    return status;
}

static int
fail_folder(struct cli *cli, const char *folder, int number)
{
    struct stat facts;
    bool there = lstat(folder, &facts) == 0;
    if (there && S_ISLNK(facts.st_mode))
        return fail_usage(cli, "name the folder it leads to", "'%s' is a symbolic link", folder);
    if (there && !S_ISDIR(facts.st_mode))
        return fail_usage(cli, "a single file is stored with `envres part put`",
                          "'%s' is not a folder", folder);
    return fail_code(cli, number == ENOENT ? ENVRES_E_NOT_FOUND : ENVRES_E_IO, NULL,
                     "'%s' cannot be read: %s", folder, strerror(number));
}

int
tree_read(struct cli *cli, const char *folder, struct tree *tree)
{
    struct walk walk = { .cli = cli, .tree = tree, .folder = folder };
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail_folder(cli, folder, errno);
    find_own(&walk);
    int status = walk_folder(&walk, fd);
    text_free(&walk.path);
    return status;
}

void
tree_free(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        free(tree->files[i].path);
        free(tree->files[i].data);
    }
    free(tree->files);
    memset(tree, 0, sizeof(*tree));
}
