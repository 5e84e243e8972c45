/* SPDX-License-Identifier: MIT */
/*
 * Writing a file whole or not at all: beside it under another name, synced, renamed, the folder
 * synced. What is not a regular file (/dev/stdout, a pipe) has no such thing and is only written
 * to: renaming over a device would replace it.
 */
#include "files.h"

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
write_device(const char *path, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -1;
    int result = write_all(fd, data, len);
    int number = errno;
    close(fd);
    errno = number;
    return result;
}

static void
sync_folder_of(const char *path)
{
    char *copy = memory_copy(path, strlen(path));
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        /* The file is renamed: nothing better can be done when this fails. */
        int result = fsync(fd);
        (void)result;
        close(fd);
    }
    free(copy);
}

int
file_replace(const char *path, const char *data, size_t len)
{
    struct text name = { 0 };
    text_printf(&name, "%s.XXXXXX", path);
    int fd = mkstemp(name.data); /* mode 0600 */
    int result = fd < 0 ? -1 : write_all(fd, data, len);
    if (result == 0)
        result = fsync(fd);
    int number = errno;
    if (fd >= 0 && close(fd) != 0 && result == 0) {
        result = -1;
        number = errno;
    }
    if (result == 0 && rename(name.data, path) != 0) {
        result = -1;
        number = errno;
    }
    if (result == 0)
        sync_folder_of(path);
    else if (fd >= 0)
        unlink(name.data);
    text_free(&name);
    errno = number;
    return result;
}

int
file_write(struct cli *cli, const char *path, const char *data, size_t len)
{
    struct stat facts;
    char *target = NULL;
    int result = 0;
    if (stat(path, &facts) != 0)
        result = file_replace(path, data, len);
    else if (S_ISDIR(facts.st_mode))
        return fail_usage(cli, NULL, "'%s' is a folder", path);
    else if (!S_ISREG(facts.st_mode))
        result = write_device(path, data, len);
    else if ((target = realpath(path, NULL)) != NULL)
        result = file_replace(target, data, len);
    else
        result = -1;
    int number = errno;
    free(target);
    if (result == 0)
        return 0;
    return fail_code(cli, code_of_errno(number), NULL, "'%s' cannot be written: %s", path,
                     strerror(number));
}
