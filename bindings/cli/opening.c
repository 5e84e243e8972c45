/* SPDX-License-Identifier: MIT */
/*
 * From options to an open store, an unlocked session and a scope.
 *
 * The store is the one that is named, else envres.db in this folder or the nearest above. A command
 * that only reads tries to open it for writing too (a journal may have to be played back) and reads
 * on where the folder cannot be written.
 */
#include "opening.h"

#include "anchor.h"
#include "key.h"
#include "output.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_NAME "envres.db"

/* Goes up from `folder` (cut shorter on the way) until a store lies there. */
static char *
search_upwards(char *folder)
{
    for (;;) {
        struct text path = { 0 };
        struct stat facts;
        text_printf(&path, "%s/" STORE_NAME, strcmp(folder, "/") == 0 ? "" : folder);
        if (lstat(text_get(&path), &facts) == 0)
            return path.data;
        text_free(&path);
        char *slash = strrchr(folder, '/');
        if (!slash || strcmp(folder, "/") == 0)
            return NULL;
        slash[slash == folder ? 1 : 0] = '\0';
    }
}

void
find_store(struct cli *cli, bool *found)
{
    const char *named = option_value(&cli->parsed, OPT_STORE);
    struct stat facts;
    *found = true;
    if (cli->store_path)
        return;
    if (named || lstat(STORE_NAME, &facts) == 0) {
        const char *path = named ? named : STORE_NAME;
        cli->store_path = memory_copy(path, strlen(path));
        return;
    }
    char *folder = realpath(".", NULL);
    cli->store_path = folder ? search_upwards(folder) : NULL;
    free(folder);
    if (!cli->store_path) {
        *found = false;
        cli->store_path = memory_copy(STORE_NAME, strlen(STORE_NAME));
    }
}

char *
find_key_path(const struct cli *cli)
{
    const char *named = option_value(&cli->parsed, OPT_KEY_FILE);
    struct text path = { 0 };
    text_puts(&path, named ? named : cli->store_path);
    text_puts(&path, named ? "" : ".key");
    return path.data;
}

static envres_status
try_store(struct cli *cli)
{
    envres_store_options options = { .size = sizeof(options) };
    anchor_options(cli, &options);
    envres_status code =
        envres_store_open(cli->store_path, ENVRES_NUL_TERMINATED, &options, &cli->store, cli->err);
    bool writes = cli->parsed.command && cli->parsed.command->flags & COMMAND_WRITES;
    if (code == ENVRES_E_READ_ONLY && !writes) {
        options.flags = ENVRES_STORE_READ_ONLY;
        code = envres_store_open(cli->store_path, ENVRES_NUL_TERMINATED, &options, &cli->store,
                                 cli->err);
    }
    return code;
}

int
open_store(struct cli *cli)
{
    bool found = false;
    if (cli->store)
        return 0;
    find_store(cli, &found);
    if (!found)
        return fail_code(cli, ENVRES_E_NO_STORE,
                         "make one with `envres init`, or name one with --store PATH",
                         "there is no " STORE_NAME " in this folder or above");
    return try_store(cli) < 0 ? fail_opening(cli, cli->store_path) : 0;
}

/* The root that is pinned: *pinned stays NULL when none is. False: it is not in form. */
static bool
read_root(const struct cli *cli, uint8_t root[32], const uint8_t **pinned)
{
    static const char digits[] = "0123456789abcdef";
    const char *hex = option_value(&cli->parsed, OPT_ROOT);
    if (!hex)
        return true;
    if (strlen(hex) != 64)
        return false;
    for (size_t i = 0; i < 64; i++) {
        char c = hex[i] >= 'A' && hex[i] <= 'F' ? (char)(hex[i] - 'A' + 'a') : hex[i];
        const char *digit = strchr(digits, c);
        if (!digit)
            return false;
        root[i / 2] = (uint8_t)(root[i / 2] << 4 | (digit - digits));
    }
    *pinned = root;
    return true;
}

/* With --as there is never a session of the key's own, which may do more. */
static envres_status
try_session(struct cli *cli, const struct key *key, const uint8_t *root)
{
    const char *workspace = option_value(&cli->parsed, OPT_WORKSPACE);
    const char *as = option_value(&cli->parsed, OPT_AS);
    envres_credential credential = key_credential(key);
    credential.root = root;
    envres_session *own = NULL;
    envres_status code = envres_session_open(
        cli->store, workspace, workspace ? ENVRES_NUL_TERMINATED : 0, &credential, &own, cli->err);
    if (code < 0 || !as) {
        cli->session = own;
        return code;
    }
    code = envres_session_as(own, as, ENVRES_NUL_TERMINATED, &cli->session, cli->err);
    envres_session_close(own);
    return code;
}

static int
fail_key(struct cli *cli, const struct key *key)
{
    if (envres_error_code(cli->err) != ENVRES_E_KEY)
        return fail_library(cli);
    if (key->kind == ENVRES_CREDENTIAL_PASSPHRASE)
        return fail_code(cli, ENVRES_E_KEY, NULL, "the passphrase does not open '%s'",
                         cli->store_path);
    return fail_code(cli, ENVRES_E_KEY, "name the right one with --key-file PATH",
                     "the key file '%s' does not open '%s'", cli->key_path, cli->store_path);
}

int
open_session(struct cli *cli)
{
    if (cli->session)
        return 0;
    int status = open_store(cli);
    if (status)
        return status;
    struct key key = { 0 };
    uint8_t root[32] = { 0 };
    const uint8_t *pinned = NULL;
    if (!read_root(cli, root, &pinned))
        return fail_usage(cli, "`envres key show-public` prints it, on a store you trust",
                          "--root (or ENVRES_ROOT) needs 64 hexadecimal digits");
    status = key_take(cli, &key);
    if (status == 0 && try_session(cli, &key, pinned) < 0)
        status = fail_key(cli, &key);
    key_free(&key);
    return status;
}

/* What is wrong with a key file shows when a command uses it; here its bytes are enough. */
static bool
read_quietly(const char *path, struct key *key)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    char bytes[33];
    ssize_t got = read(fd, bytes, sizeof(bytes));
    close(fd);
    if (got > 0)
        text_add(&key->secret, bytes, (size_t)got);
    explicit_bzero(bytes, sizeof(bytes));
    key->kind = ENVRES_CREDENTIAL_RAW_KEY;
    return got == 32;
}

int
open_quietly(struct cli *cli)
{
    bool found = false;
    if (cli->session)
        return 0;
    find_store(cli, &found);
    if (!found || option_value(&cli->parsed, OPT_PASSPHRASE_FD))
        return -1;
    char *path = find_key_path(cli);
    struct key key = { 0 };
    uint8_t root[32] = { 0 };
    const uint8_t *pinned = NULL;
    bool ready = read_root(cli, root, &pinned) && read_quietly(path, &key) &&
                 (cli->store || try_store(cli) == 0) && try_session(cli, &key, pinned) == 0;
    free(path);
    key_free(&key);
    return ready ? 0 : -1;
}

void
open_close(struct cli *cli)
{
    envres_session_close(cli->session);
    envres_store_close(cli->store);
    free(cli->store_path);
    free(cli->key_path);
    cli->session = NULL;
    cli->store = NULL;
    cli->store_path = NULL;
    cli->key_path = NULL;
}

char *
name_environments(struct cli *cli)
{
    envres_list *list = NULL;
    if (!cli->session || envres_environment_list(cli->session, &list, cli->err) < 0)
        return NULL;
    struct text names = { 0 };
    size_t count = envres_list_count(list);
    for (size_t i = 0; i < count; i++)
        text_printf(&names, "%s%s",
                    i == 0          ? ""
                    : i + 1 < count ? ", "
                                    : " or ",
                    envres_list_text(list, i, ENVRES_ENVIRONMENT_KEY, NULL));
    envres_list_free(list);
    return names.data;
}

static int
fail_environment(struct cli *cli)
{
    const char *command = cli->parsed.command->name;
    char *names = open_quietly(cli) == 0 ? name_environments(cli) : NULL;
    int status = names ? fail_usage(cli, NULL, "'%s' needs an environment: -e %s", command, names)
                       : fail_usage(cli, "`envres env list` lists them",
                                    "'%s' needs an environment: -e ENV", command);
    free(names);
    return status;
}

int
open_environment(struct cli *cli, const char **environment)
{
    *environment = option_value(&cli->parsed, OPT_ENV);
    if (!*environment)
        return fail_environment(cli);
    return open_session(cli);
}

static int
open_scope_with(struct cli *cli, const envres_scope_options *options, envres_scope **out)
{
    const char *environment = NULL;
    int status = open_environment(cli, &environment);
    if (status)
        return status;
    envres_status code =
        envres_scope_open(cli->session, environment, ENVRES_NUL_TERMINATED, options, out, cli->err);
    if (code == ENVRES_E_NOTHING_LIVE)
        return fail_hint(cli, "`envres release` and `envres rollback` make one live; --release TAG "
                              "takes another");
    if (code == ENVRES_E_TAG)
        return fail_hint(cli, "--release takes the tag of a release: `envres releases` lists them");
    return code < 0 ? fail_library(cli) : 0;
}

int
open_scope(struct cli *cli, envres_scope **out)
{
    return open_scope_with(cli, NULL, out);
}

int
open_app_scope(struct cli *cli, envres_scope **out)
{
    const char *release = option_value(&cli->parsed, OPT_RELEASE);
    const char *version = option_value(&cli->parsed, OPT_OF_VERSION);
    envres_scope_options options = { .size = sizeof(options) };
    options.app = option_value(&cli->parsed, OPT_APP);
    options.app_len = options.app ? ENVRES_NUL_TERMINATED : 0;
    if (release && !options.app)
        return fail_usage(cli, "name it with --app APP", "--release is the release of an app");
    if (version && !options.app)
        return fail_usage(cli, "name it with --app APP", "--version is the version of an app");
    if (version && release)
        return fail_usage(cli, NULL, "--release and --version exclude each other");
    if (version) {
        options.version = version;
        options.version_len = ENVRES_NUL_TERMINATED;
    }
    if (release && strcmp(release, "live") != 0) {
        options.tag = release;
        options.tag_len = ENVRES_NUL_TERMINATED;
    }
    return open_scope_with(cli, &options, out);
}

envres_change
change_of(const struct cli *cli, uint32_t flags)
{
    const char *reason = option_value(&cli->parsed, OPT_REASON);
    envres_change change = { .size = sizeof(change), .flags = flags };
    change.reason = reason;
    change.reason_len = reason ? strlen(reason) : 0;
    return change;
}
