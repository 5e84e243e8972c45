/* SPDX-License-Identifier: MIT */
/*
 * init: a key on the disk first, then a store sealed under it. Killed in between, it leaves a key
 * that opens nothing and no store; the library makes the store whole or not at all. A key file that
 * was made for a store that then could not be made is taken away again.
 */
#include "commands.h"

#include "key.h"
#include "opening.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
make_store(struct cli *cli, const struct key *key)
{
    envres_store_options options = { .size = sizeof(options) };
    envres_credential owner = key_credential(key);
    options.workspace = option_value(&cli->parsed, OPT_WORKSPACE);
    envres_status code = envres_store_create(cli->store_path, ENVRES_NUL_TERMINATED, &options,
                                             &owner, &cli->store, cli->err);
    return code < 0 ? fail_opening(cli, cli->store_path) : 0;
}

static int
print_json(struct cli *cli, const char *key_path)
{
    static const char *const environments[] = { "development", "staging", "production" };
    const char *workspace = option_value(&cli->parsed, OPT_WORKSPACE);
    struct json json = { 0 };
    json_ok(&json);
    json_key(&json, "store");
    json_word(&json, cli->store_path);
    json_key(&json, "key_file");
    json_word(&json, key_path);
    json_key(&json, "workspace");
    json_word(&json, workspace ? workspace : "main");
    json_key(&json, "owner");
    json_word(&json, "owner");
    json_key(&json, "environments");
    json_open(&json, '[');
    for (size_t i = 0; i < sizeof(environments) / sizeof(environments[0]); i++)
        json_word(&json, environments[i]);
    json_close(&json, ']');
    return json_done(cli, &json);
}

static int
print_advice(struct cli *cli, const char *key_path)
{
    if (cli->json)
        return print_json(cli, key_path);
    if (cli->quiet)
        return 0;
    struct text out = { 0 };
    text_printf(&out, "Made %s with the environments development, staging and production.\n",
                cli->store_path);
    if (key_path)
        text_printf(&out,
                    "Its key is %s. Without it nothing in the store can be read again.\n"
                    "Back it up now, to a place other than this disk:\n"
                    "    cp -p '%s' /media/usb/        or, to write it down:   base64 '%s'\n"
                    "Never commit it: keep it out of version control.\n",
                    key_path, key_path, key_path);
    else
        text_puts(&out, "Its key is your passphrase. Without it nothing in the store can be read "
                        "again: keep it in a password manager.\n");
    text_puts(&out, "Next: envres set NAME=VALUE -e development\n");
    return out_text(cli, &out);
}

static int
init_with(struct cli *cli, bool passphrase, const char *key_path)
{
    struct key key = { 0 };
    int status = passphrase ? key_new_passphrase(cli, &key)
                            : key_file_make(cli, key_path, "--key-file PATH", &key);
    if (status == 0) {
        status = make_store(cli, &key);
        struct stat facts;
        /* Somebody else may have made a store meanwhile; this key is not its key all the same. */
        if (status && !passphrase)
            unlink(key_path);
        else if (status == 0 && lstat(cli->store_path, &facts) != 0)
            status =
                fail_code(cli, ENVRES_E_IO, NULL, "'%s' was taken away meanwhile", cli->store_path);
    }
    key_free(&key);
    return status;
}

int
cmd_init(struct cli *cli)
{
    const char *named = option_value(&cli->parsed, OPT_STORE);
    bool passphrase =
        option_given(&cli->parsed, OPT_PASSPHRASE) || option_value(&cli->parsed, OPT_PASSPHRASE_FD);
    struct stat facts;
    if (passphrase && option_given(&cli->parsed, OPT_KEY_FILE))
        return fail_usage(cli, NULL, "a key file and a passphrase are two ways; take one");
    if (option_given(&cli->parsed, OPT_AS))
        return fail_usage(cli, NULL, "a new store has nobody yet whom --as could name");
    const char *path = named ? named : "envres.db";
    cli->store_path = memory_copy(path, strlen(path));
    if (lstat(path, &facts) == 0)
        return fail_code(cli, ENVRES_E_STORE_EXISTS, "use it, or name another with --store PATH",
                         "there is a file '%s' already; nothing was touched", path);
    char *key_path = find_key_path(cli);
    int status = init_with(cli, passphrase, key_path);
    if (status == 0)
        status = print_advice(cli, passphrase ? NULL : key_path);
    free(key_path);
    return status;
}
