/* SPDX-License-Identifier: MIT */
/*
 * Keys: 32 raw bytes in a file, or a passphrase.
 *
 * A key file that others may read is refused, as ssh does, with one exception that servers need:
 * a file of root's that the service's group may read. A new one is never made over an existing
 * file, and is on the disk, folder included, before anything is sealed under it.
 */
#include "key.h"

#include "input.h"
#include "opening.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BYTES = 32, PASSPHRASE_MAX = 1024 * 1024 };

envres_credential
key_credential(const struct key *key)
{
    envres_credential credential = { .size = sizeof(credential), .kind = key->kind };
    credential.secret = (const uint8_t *)text_get(&key->secret);
    credential.secret_len = key->secret.len;
    return credential;
}

void
key_free(struct key *key)
{
    text_free(&key->secret);
}

/* ---- key files ---------------------------------------------------------------------------- */

bool
key_is_exposed(const struct stat *facts)
{
    bool of_root = facts->st_uid == 0 && geteuid() != 0;
    return (facts->st_mode & (of_root ? S_IRWXO | S_IWGRP : S_IRWXO | S_IRWXG)) != 0;
}

static int
check_mode(struct cli *cli, int fd, const char *path)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        return fail_code(cli, ENVRES_E_IO, NULL, "the key file '%s': %s", path, strerror(errno));
    if (S_ISDIR(facts.st_mode))
        return fail_code(cli, ENVRES_E_KEY_FORMAT, NULL, "the key file '%s' is a folder", path);
    if (!S_ISREG(facts.st_mode)) /* a pipe of a key manager has no mode to speak of */
        return 0;
    if (!key_is_exposed(&facts))
        return 0;
    struct text hint = { 0 };
    text_printf(&hint, "chmod 600 '%s'", path);
    int status = fail_code(cli, ENVRES_E_FILE_MODE, text_get(&hint),
                           "others may read or change the key file '%s' (mode %04o)", path,
                           (unsigned)(facts.st_mode & 07777));
    text_free(&hint);
    return status;
}

int
key_file_read(struct cli *cli, const char *path, struct key *key, bool *missing)
{
    key->kind = ENVRES_CREDENTIAL_RAW_KEY;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && missing) {
        *missing = true;
        return 0;
    }
    if (fd < 0)
        return fail_code(cli, ENVRES_E_KEY, "name another with --key-file PATH",
                         "the key file '%s' cannot be read: %s", path, strerror(errno));
    int status = check_mode(cli, fd, path);
    while (status == 0 && key->secret.len <= KEY_BYTES) {
        char buffer[KEY_BYTES + 1];
        ssize_t got = read(fd, buffer, sizeof(buffer) - key->secret.len);
        if (got > 0)
            text_add(&key->secret, buffer, (size_t)got);
        explicit_bzero(buffer, sizeof(buffer));
        if (got < 0 && errno != EINTR)
            status = fail_code(cli, ENVRES_E_IO, NULL, "the key file '%s' cannot be read: %s", path,
                               strerror(errno));
        if (got == 0)
            break;
    }
    close(fd);
    if (status == 0 && key->secret.len != KEY_BYTES)
        status = fail_code(cli, ENVRES_E_KEY_FORMAT, "take it from its backup",
                           "the key file '%s' has %s bytes; a key has exactly %d", path,
                           key->secret.len < KEY_BYTES ? "too few" : "too many", KEY_BYTES);
    if (status == 0)
        cli->key_path = memory_copy(path, strlen(path));
    return status;
}

static int
sync_folder(const char *path)
{
    char *copy = memory_copy(path, strlen(path));
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = fd < 0 ? -1 : fsync(fd);
    int number = errno;
    if (fd >= 0)
        close(fd);
    free(copy);
    errno = number;
    return result;
}

static int
write_key(int fd, const char *path, const uint8_t bytes[KEY_BYTES])
{
    size_t done = 0;
    while (done < KEY_BYTES) {
        ssize_t got = write(fd, bytes + done, KEY_BYTES - done);
        if (got < 0 && errno != EINTR)
            return -1;
        done += got > 0 ? (size_t)got : 0;
    }
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 || fsync(fd) != 0)
        return -1;
    return sync_folder(path);
}

static int
fail_key_exists(struct cli *cli, const char *path, const char *option)
{
    struct text hint = { 0 };
    text_printf(&hint,
                "it may be the only key of some store: move it away, or name another with %s",
                option);
    int status = fail_code(cli, ENVRES_E_STORE_EXISTS, text_get(&hint),
                           "there is a key file '%s' already; nothing was touched", path);
    text_free(&hint);
    return status;
}

int
key_file_make(struct cli *cli, const char *path, const char *option, struct key *key)
{
    uint8_t bytes[KEY_BYTES];
    if (envres_key_generate(bytes, cli->err) < 0)
        return fail_library(cli);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    int number = errno;
    int result = fd < 0 ? -1 : write_key(fd, path, bytes);
    if (fd >= 0) {
        number = errno;
        close(fd);
    }
    key->kind = ENVRES_CREDENTIAL_RAW_KEY;
    if (result == 0)
        text_add(&key->secret, (const char *)bytes, sizeof(bytes));
    explicit_bzero(bytes, sizeof(bytes));
    if (result == 0)
        return 0;
    if (fd < 0 && number == EEXIST)
        return fail_key_exists(cli, path, option);
    if (fd >= 0)
        unlink(path);
    return fail_code(cli, code_of_errno(number), NULL, "the key file '%s' cannot be made: %s", path,
                     strerror(number));
}

char *
key_path_for(const struct cli *cli, const char *name)
{
    const char *out = option_value(&cli->parsed, OPT_KEY_OUTPUT);
    struct text path = { 0 };
    if (out)
        return memory_copy(out, strlen(out));
    if (strchr(cli->store_path, '/')) {
        char *copy = memory_copy(cli->store_path, strlen(cli->store_path));
        const char *folder = dirname(copy);
        text_printf(&path, "%s/", strcmp(folder, "/") == 0 ? "" : folder);
        free(copy);
    }
    text_printf(&path, "%s.key", name);
    return path.data;
}

void
key_file_take_back(struct cli *cli, const char *path)
{
    if (path && envres_error_code(cli->err) == ENVRES_E_UNKNOWN_OUTCOME)
        out_warn(cli, "the new key file '%s' stays until that is known", path);
    else if (path && unlink(path) != 0)
        out_warn(cli, "the new key file '%s' opens nothing, but cannot be taken away: %s", path,
                 strerror(errno));
}

/* ---- passphrases -------------------------------------------------------------------------- */

/* Up to the first line feed, byte by byte: what follows belongs to whoever reads next. */
static int
read_descriptor(struct cli *cli, const char *number, struct key *key)
{
    char *end = NULL;
    long fd = strtol(number, &end, 10);
    if (!*number || *end || fd < 0 || fd > 1000000)
        return fail_usage(cli, NULL, "--passphrase-fd needs a number, not '%s'", number);
    key->kind = ENVRES_CREDENTIAL_PASSPHRASE;
    for (;;) {
        char byte = 0;
        ssize_t got = read((int)fd, &byte, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_usage(cli, NULL, "descriptor %ld cannot be read: %s", fd, strerror(errno));
        if (got == 0 || byte == '\n')
            break;
        if (key->secret.len >= PASSPHRASE_MAX)
            return fail_code(cli, ENVRES_E_KEY_FORMAT, NULL, "the passphrase is too long");
        text_add(&key->secret, &byte, 1);
    }
    if (key->secret.len == 0)
        return fail_code(cli, ENVRES_E_KEY_FORMAT, NULL, "the passphrase is empty");
    return 0;
}

int
key_new_passphrase(struct cli *cli, struct key *key)
{
    static const char hint[] = "give it with --passphrase-fd N";
    const char *number = option_value(&cli->parsed, OPT_PASSPHRASE_FD);
    if (number)
        return read_descriptor(cli, number, key);
    key->kind = ENVRES_CREDENTIAL_PASSPHRASE;
    int status = input_secret(cli, "New passphrase (not shown): ", hint, &key->secret);
    struct text again = { 0 };
    if (status == 0)
        status = input_secret(cli, "Once more: ", hint, &again);
    bool same = again.len == key->secret.len &&
                memcmp(text_get(&again), text_get(&key->secret), again.len) == 0;
    text_free(&again);
    if (status == 0 && !same)
        return fail_usage(cli, NULL, "the two are not the same; nothing was made");
    if (status == 0 && key->secret.len == 0)
        return fail_code(cli, ENVRES_E_KEY_FORMAT, NULL, "the passphrase is empty");
    return status;
}

int
key_take(struct cli *cli, struct key *key)
{
    const char *number = option_value(&cli->parsed, OPT_PASSPHRASE_FD);
    /* With both a key file and a new passphrase, the descriptor holds the new one alone. */
    bool is_new =
        option_given(&cli->parsed, OPT_PASSPHRASE) && option_given(&cli->parsed, OPT_KEY_FILE);
    if (number && !is_new)
        return read_descriptor(cli, number, key);
    char *path = find_key_path(cli);
    bool missing = false;
    bool named = option_value(&cli->parsed, OPT_KEY_FILE) != NULL;
    int status = key_file_read(cli, path, key, named ? NULL : &missing);
    if (status == 0 && missing && input_can_ask(cli)) {
        struct text question = { 0 };
        text_puts(&question, "There is no key file ");
        text_add_visible(&question, path, strlen(path));
        text_puts(&question, ". Passphrase (not shown): ");
        key->kind = ENVRES_CREDENTIAL_PASSPHRASE;
        status = input_secret(cli, text_get(&question), NULL, &key->secret);
        text_free(&question);
    } else if (status == 0 && missing) {
        status = fail_code(cli, ENVRES_E_KEY,
                           "name the key with --key-file PATH, or give a passphrase with "
                           "--passphrase-fd N",
                           "there is no key: '%s' is not there", path);
    }
    free(path);
    return status;
}
