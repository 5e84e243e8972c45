/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target (libFuzzer): what gives a key. Key files, passphrases from a descriptor and anchor
 * files are read by the command line's own functions, from an input that comes in pieces, with
 * interruptions and failures between them. Each is compared with the rule as it is documented, said
 * in another way. The first byte chooses, the second says how the bytes come.
 *
 * The linker puts the functions here in the place of open(), fstat(), read() and close(): nothing
 * is opened.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../bindings/cli/anchor.h"
#include "../../bindings/cli/key.h"
#include "cli_stub.h"
#include "fuzz.h"
#include "input.h"

enum { DESCRIPTOR = 7777, KEY = 32, ID = 16, HASH = 32 };

static struct {
    bool is_armed;
    bool is_open;
    bool was_failed; /* a read failed */
    const uint8_t *data;
    size_t len;
    size_t at;
    uint32_t pieces; /* how the bytes come: a state of numbers that look random */
    bool is_hard;    /* reads may fail */
    bool cannot_open;
    int open_errno;
    struct stat facts;
} file;

/* ---- in place of the system ------------------------------------------------------------------ */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_fstat(int fd, struct stat *out);
int __wrap_fstat(int fd, struct stat *out);
int __wrap_fstat64(int fd, struct stat *out);
ssize_t __real_read(int fd, void *out, size_t len);
ssize_t __wrap_read(int fd, void *out, size_t len);
int __real_close(int fd);
int __wrap_close(int fd);

static int
open_file(void)
{
    CHECK(!file.is_open);
    if (file.cannot_open) {
        errno = file.open_errno;
        return -1;
    }
    file.is_open = true;
    return DESCRIPTOR;
}

int
__wrap_open(const char *path, int flags, ...)
{
    if (file.is_armed)
        return open_file();
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = flags & O_CREAT ? va_arg(arguments, unsigned) : 0;
    va_end(arguments);
    return __real_open(path, flags, mode);
}

int
__wrap_open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = flags & O_CREAT ? va_arg(arguments, unsigned) : 0;
    va_end(arguments);
    return __wrap_open(path, flags, mode);
}

int
__wrap_fstat(int fd, struct stat *out)
{
    if (!file.is_armed)
        return __real_fstat(fd, out);
    CHECK(fd == DESCRIPTOR && file.is_open);
    *out = file.facts;
    return 0;
}

int
__wrap_fstat64(int fd, struct stat *out)
{
    return __wrap_fstat(fd, out);
}

ssize_t
__wrap_read(int fd, void *out, size_t len)
{
    if (!file.is_armed)
        return __real_read(fd, out, len);
    file.pieces = file.pieces * 1664525 + 1013904223;
    uint32_t how = file.pieces >> 24;
    if (file.is_hard && how < 24) {
        errno = how < 16 ? EINTR : EIO;
        file.was_failed = file.was_failed || how >= 16;
        return -1;
    }
    size_t left = file.len - file.at;
    size_t piece = 1 + (file.pieces >> 8) % (how < 128 ? 3 : 64);
    piece = piece < len ? piece : len;
    piece = piece < left ? piece : left;
    if (piece > 0)
        memcpy(out, file.data + file.at, piece);
    file.at += piece;
    return (ssize_t)piece;
}

int
__wrap_close(int fd)
{
    if (!file.is_armed)
        return __real_close(fd);
    CHECK(fd == DESCRIPTOR && file.is_open);
    file.is_open = false;
    return 0;
}

/* ---- two ways to a key ------------------------------------------------------------------ */

static void
arm(const struct input *input, uint8_t how)
{
    memset(&file, 0, sizeof(file));
    file.pieces = how * 2654435761u;
    file.is_hard = how & 1;
    file.data = input->data;
    file.len = input->size;
    file.is_armed = true;
}

static void
try_key_file(struct input *input, uint8_t how)
{
    static const mode_t kinds[] = { S_IFREG, S_IFREG, S_IFIFO, S_IFDIR };
    static const char path[] = "k\n\x9b.key";
    struct cli cli = { .err = NULL };
    struct key key = { 0 };
    bool missing = false;
    uint8_t kind = take(input);
    uint8_t mode = take(input);
    bool may_miss = kind & 32;
    arm(input, how);
    file.facts.st_mode = kinds[kind & 3] | (mode_t)(mode | (kind & 64 ? 0400 : 0600));
    file.facts.st_uid = kind & 4 ? 1000 : geteuid();
    file.cannot_open = kind & 8;
    file.open_errno = kind & 16 ? ENOENT : EACCES;
    unsigned said = stub_said;
    int status = key_file_read(&cli, path, &key, may_miss ? &missing : NULL);
    bool is_missing = file.cannot_open && file.open_errno == ENOENT && may_miss;
    bool is_refused = S_ISDIR(file.facts.st_mode) ||
                      (S_ISREG(file.facts.st_mode) && (file.facts.st_mode & 077) != 0);
    bool good = !file.cannot_open && !is_refused && !file.was_failed && input->size == KEY;
    file.is_armed = false;
    CHECK(!file.is_open && missing == is_missing);
    CHECK((status == 0) == (good || is_missing) && stub_said - said == (status != 0));
    CHECK(key.kind == ENVRES_CREDENTIAL_RAW_KEY && key.secret.len <= KEY + 1);
    CHECK(!good || (key.secret.len == KEY && memcmp(key.secret.data, input->data, KEY) == 0));
    CHECK((cli.key_path != NULL) == good);
    free(cli.key_path);
    key_free(&key);
}

/* The number first, up to a line feed; then what the descriptor gives. */
static void
try_passphrase(struct input *input, uint8_t how)
{
    struct given given = { OPT_PASSPHRASE_FD, NULL };
    struct cli cli = { .parsed = { .given = &given, .given_count = 1 } };
    struct key key = { 0 };
    char number[16];
    size_t len = 0;
    for (uint8_t c = take(input); c != 0 && c != '\n' && len + 1 < sizeof(number); c = take(input))
        number[len++] = (char)c;
    number[len] = '\0';
    given.value = number;
    arm(input, how);
    unsigned said = stub_said;
    int status = key_new_passphrase(&cli, &key);
    bool was_failed = file.was_failed;
    file.is_armed = false;
    CHECK(stub_said - said == (status != 0));
    bool is_number = len > 0 && strspn(number, "0123456789") == len;
    size_t line = 0;
    while (line < input->size && input->data[line] != '\n')
        line++;
    if (is_number && strtoul(number, NULL, 10) <= 1000000)
        CHECK((status == 0) == (!was_failed && line > 0));
    if (status == 0)
        CHECK(key.kind == ENVRES_CREDENTIAL_PASSPHRASE && key.secret.len == line &&
              memcmp(key.secret.data, input->data, line) == 0);
    key_free(&key);
}

/* ---- anchors --------------------------------------------------------------------------------- */

static bool
is_hex(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    }
    return true;
}

/* Whether a line without its line feed is "ID NUMBER HASH", the number from 1 on without leading
 * zeroes and of at most 18 digits; *number and *hash: where they stand. */
static bool
is_anchor(const uint8_t *line, size_t len, size_t *number, size_t *hash)
{
    size_t digits = len - (2 * ID + 2 * HASH + 2);
    *number = 2 * ID + 1;
    *hash = len - (size_t)2 * HASH;
    if (len < 2 * ID + 2 * HASH + 3 || digits > 18 || !is_hex(line, 2 * ID) ||
        line[2 * ID] != ' ' || line[*hash - 1] != ' ' || !is_hex(line + *hash, 2 * HASH) ||
        line[*number] == '0')
        return false;
    for (size_t i = *number; i < *number + digits; i++) {
        if (line[i] < '0' || line[i] > '9')
            return false;
    }
    return true;
}

/* The number of the last line of this workspace, 0 where there is none; -1: another form. */
static int64_t
read_anchors(const uint8_t *text, size_t len, const char *workspace, const uint8_t **hash)
{
    int64_t found = 0;
    for (size_t at = 0; at < len;) {
        const uint8_t *end = memchr(text + at, '\n', len - at);
        size_t number = 0;
        size_t digest = 0;
        if (!end || !is_anchor(text + at, (size_t)(end - text) - at, &number, &digest))
            return -1;
        if (memcmp(text + at, workspace, 2 * ID) == 0) {
            found = strtoll((const char *)text + at + number, NULL, 10);
            *hash = text + at + digest;
        }
        at = (size_t)(end - text) + 1;
    }
    return found;
}

static void
try_anchor(struct input *input, uint8_t how)
{
    static const char workspace[] = "000102030405060708090a0b0c0d0e0f";
    static const uint8_t id[ID] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    struct given given = { OPT_ANCHOR, "anchor" };
    struct cli cli = { .parsed = { .given = &given, .given_count = 1 } };
    envres_store_options options = { .size = sizeof(options) };
    const uint8_t *wanted = NULL;
    uint8_t hash[HASH] = { 0 };
    char shown[3] = "";
    int64_t sequence = -1;
    anchor_options(&cli, &options);
    CHECK(options.anchor_load);
    arm(input, how & 0xFE);
    file.cannot_open = (how & 0xC0) == 0xC0;
    file.open_errno = how & 32 ? ENOENT : EACCES;
    envres_status st = options.anchor_load(id, &sequence, hash, options.anchor_user);
    file.is_armed = false;
    CHECK(!file.is_open);
    int64_t expected = read_anchors(input->data, input->size, workspace, &wanted);
    if (file.cannot_open)
        expected = file.open_errno == ENOENT ? 0 : -1;
    CHECK((st == ENVRES_OK) == (expected >= 0));
    CHECK(expected < 0 || sequence == expected);
    for (size_t i = 0; expected > 0 && i < HASH; i++) {
        snprintf(shown, sizeof(shown), "%02x", hash[i]);
        CHECK(memcmp(shown, wanted + 2 * i, 2) == 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const ways[])(struct input * input, uint8_t how) = { try_key_file, try_passphrase,
                                                                       try_anchor };
    struct input input = { data, size };
    uint8_t way = take(&input);
    uint8_t how = take(&input);
    ways[way % 3](&input, how);
    return 0;
}
