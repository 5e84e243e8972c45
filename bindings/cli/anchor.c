/* SPDX-License-Identifier: MIT */
/*
 * --anchor FILE: one line for each workspace, its id, the number and the hash of the newest audit
 * entry that was seen. The file is replaced whole, on the disk before the name is; two processes
 * take turns by a lock on its folder. A file that is not there is one that has seen nothing; one
 * that cannot be read, or is of another form, is a failure and never an empty one.
 */
#include "anchor.h"

#include "files.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { ID = 16, HASH = 32, MOST = 1 << 20 };

static void
add_hex(struct text *text, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        text_printf(text, "%02x", data[i]);
}

static int
digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static bool
read_hex(const char *text, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = digit_of(text[2 * i]);
        int low = high < 0 ? -1 : digit_of(text[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

/* The whole file; false for one that cannot be read. */
static bool
read_file(const char *path, struct text *out)
{
    char chunk[4096];
    ssize_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT;
    while ((got = read(fd, chunk, sizeof(chunk))) > 0 && out->len < MOST)
        text_add(out, chunk, (size_t)got);
    close(fd);
    return got == 0;
}

struct line {
    uint8_t workspace[ID];
    int64_t sequence;
    uint8_t hash[HASH];
};

/* "ID SEQUENCE HASH" and a line feed. Behind it, or NULL for another form. */
static const char *
read_line(const char *at, struct line *out)
{
    char *end = NULL;
    if (strlen(at) < 2 * ID + 3 || !read_hex(at, out->workspace, ID) || at[2 * ID] != ' ')
        return NULL;
    at += 2 * ID + 1;
    if (*at < '1' || *at > '9' || strspn(at, "0123456789") > 18)
        return NULL;
    out->sequence = strtoll(at, &end, 10);
    if (*end != ' ' || strlen(end + 1) <= (size_t)2 * HASH || !read_hex(end + 1, out->hash, HASH))
        return NULL;
    at = end + 1 + 2 * HASH;
    return *at == '\n' ? at + 1 : NULL;
}

/* The line of a workspace, sequence 0 where there is none; the others go to `rest`. */
static bool
find_line(const char *path, const uint8_t *workspace, struct line *out, struct text *rest)
{
    struct text text = { 0 };
    bool good = read_file(path, &text) && strlen(text_get(&text)) == text.len;
    out->sequence = 0;
    for (const char *at = text_get(&text); good && *at;) {
        struct line line = { .sequence = 0 };
        const char *next = read_line(at, &line);
        good = next != NULL;
        if (good && memcmp(line.workspace, workspace, ID) == 0)
            *out = line;
        else if (good && rest)
            text_add(rest, at, (size_t)(next - at));
        at = next;
    }
    text_free(&text);
    return good;
}

static envres_status
load(const uint8_t *workspace, int64_t *sequence, uint8_t *hash, void *user)
{
    const struct cli *cli = user;
    struct line line = { .sequence = 0 };
    if (!find_line(option_value(&cli->parsed, OPT_ANCHOR), workspace, &line, NULL))
        return ENVRES_E_IO;
    *sequence = line.sequence;
    memcpy(hash, line.hash, HASH);
    return ENVRES_OK;
}

static int
lock_folder_of(const char *path)
{
    char *copy = memory_copy(path, strlen(path));
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static envres_status
store(const uint8_t *workspace, int64_t expected, int64_t sequence, const uint8_t *hash, void *user)
{
    const struct cli *cli = user;
    const char *path = option_value(&cli->parsed, OPT_ANCHOR);
    struct line line = { .sequence = 0 };
    struct text text = { 0 };
    envres_status status = ENVRES_E_IO;
    int fd = lock_folder_of(path);
    if (fd >= 0 && find_line(path, workspace, &line, &text)) {
        if (line.sequence > sequence) {
            status = ENVRES_OK;
        } else if (line.sequence != expected) {
            status = ENVRES_E_CHANGED;
        } else {
            add_hex(&text, workspace, ID);
            text_printf(&text, " %lld ", (long long)sequence);
            add_hex(&text, hash, HASH);
            text_puts(&text, "\n");
            status = file_replace(path, text_get(&text), text.len) == 0 ? ENVRES_OK : ENVRES_E_IO;
        }
    }
    text_free(&text);
    if (fd >= 0)
        close(fd);
    return status;
}

void
anchor_options(const struct cli *cli, envres_store_options *options)
{
    if (!option_value(&cli->parsed, OPT_ANCHOR))
        return;
    options->anchor_load = load;
    options->anchor_store = store;
    options->anchor_user = (void *)(uintptr_t)cli; /* only read there */
}
