/* SPDX-License-Identifier: MIT */
/*
 * key slot add, list, change, remove; key show-public; principal key. A new key file is on the disk
 * before the store knows it, and taken away again when the store refuses it. Copies of the store
 * keep what they had: every command that takes a key away says so.
 */
#include "commands.h"

#include "key.h"
#include "opening.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

#define NUL ENVRES_NUL_TERMINATED

static const char of_copies[] = "copies of the store made before still open with what it held";

/* What a slot, or a principal, opens with from now on. */
struct fresh {
    struct key key;
    char *path; /* of the new key file; NULL with a passphrase */
};

static void
fresh_free(struct fresh *fresh)
{
    key_free(&fresh->key);
    free(fresh->path);
}

/* `path`: where a key file goes, unless it is to be a passphrase; taken over. */
static int
fresh_make(struct cli *cli, char *path, struct fresh *out)
{
    out->path = path;
    return path ? key_file_make(cli, path, "-o FILE", &out->key)
                : key_new_passphrase(cli, &out->key);
}

/* Usage of the two ways; `must`: one of them has to be named. */
static int
check_ways(struct cli *cli, bool must)
{
    const char *out = option_value(&cli->parsed, OPT_SLOT_OUTPUT);
    bool passphrase = option_given(&cli->parsed, OPT_PASSPHRASE);
    if (passphrase && out)
        return fail_usage(cli, NULL, "a key file and a passphrase are two ways; take one");
    if (out && (!*out || strcmp(out, "-") == 0))
        return fail_usage(cli, NULL, "-o needs the path of a new file");
    if (must && !passphrase && !out)
        return fail_usage(cli, "-o FILE makes a key file; --passphrase asks for a passphrase",
                          "say what the slot opens with");
    return 0;
}

/* The session, and the new key of a slot. */
static int
take_slot_key(struct cli *cli, struct fresh *out)
{
    const char *path = option_value(&cli->parsed, OPT_SLOT_OUTPUT);
    int status = check_ways(cli, true);
    if (status == 0)
        status = open_session(cli);
    return status ? status : fresh_make(cli, path ? memory_copy(path, strlen(path)) : NULL, out);
}

static void
add_key_file(struct text *out, const char *path)
{
    text_puts(out, "The key is ");
    text_add_visible(out, path, strlen(path));
    text_puts(out, ", the only copy. Keep it out of version control; --key-file or\n"
                   "ENVRES_KEY_FILE names it.\n");
}

/* ---- slots --------------------------------------------------------------------------------- */

/* A slot's number. */
static int
take_ordinal(struct cli *cli, int64_t *ordinal)
{
    const char *word = argument_at(&cli->parsed, 0);
    int64_t number = 0;
    size_t len = strspn(word, "0123456789");
    for (size_t i = 0; i < len && number < 100000000; i++)
        number = number * 10 + (word[i] - '0');
    if (len == 0 || len > 18 || word[len] != '\0' || number == 0)
        return fail_usage(cli, "`envres key slot list` shows them",
                          "'%s' is not the number of a slot", word);
    *ordinal = number;
    return 0;
}

static int
print_slot(struct cli *cli, const char *done, int64_t ordinal, const char *path)
{
    struct json json = { 0 };
    struct text out = { 0 };
    if (cli->json) {
        json_ok(&json);
        json_key(&json, "ordinal");
        json_integer(&json, ordinal);
        json_key(&json, "key_file");
        json_word(&json, path);
        return json_done(cli, &json);
    }
    if (cli->quiet)
        return 0;
    text_printf(&out, "%s slot %lld.\n", done, (long long)ordinal);
    if (path)
        add_key_file(&out, path);
    return out_text(cli, &out);
}

int
cmd_key_slot_add(struct cli *cli)
{
    const char *label = option_value(&cli->parsed, OPT_LABEL);
    struct fresh fresh = { .path = NULL };
    int64_t ordinal = 0;
    int status = take_slot_key(cli, &fresh);
    if (status == 0) {
        envres_credential credential = key_credential(&fresh.key);
        envres_change change = change_of(cli, 0);
        if (envres_slot_add(cli->session, label ? label : "", NUL, &credential, &change, &ordinal,
                            cli->err) < 0) {
            key_file_take_back(cli, fresh.path);
            status = fail_library(cli);
        } else {
            status = print_slot(cli, "Added", ordinal, fresh.path);
        }
    }
    fresh_free(&fresh);
    return status;
}

int
cmd_key_slot_change(struct cli *cli)
{
    struct fresh fresh = { .path = NULL };
    int64_t ordinal = 0;
    int status = take_ordinal(cli, &ordinal);
    if (status == 0)
        status = take_slot_key(cli, &fresh);
    if (status == 0) {
        envres_credential credential = key_credential(&fresh.key);
        envres_change change = change_of(cli, 0);
        if (envres_slot_change(cli->session, ordinal, &credential, &change, cli->err) < 0) {
            key_file_take_back(cli, fresh.path);
            status = fail_library(cli);
        } else {
            status = print_slot(cli, "Changed", ordinal, fresh.path);
            out_note(cli, "%s", of_copies);
        }
    }
    fresh_free(&fresh);
    return status;
}

int
cmd_key_slot_remove(struct cli *cli)
{
    int64_t ordinal = 0;
    struct json json = { 0 };
    int status = take_ordinal(cli, &ordinal);
    if (status == 0)
        status = open_session(cli);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    envres_status code = envres_slot_remove(cli->session, ordinal, &change, cli->err);
    if (code == ENVRES_E_REFERRED)
        return fail_hint(cli, "`envres key slot add` adds another; `envres key slot change` puts "
                              "another key into this one");
    if (code < 0)
        return fail_library(cli);
    out_note(cli, "%s", of_copies);
    if (!cli->json)
        return 0;
    json_ok(&json);
    json_key(&json, "ordinal");
    json_integer(&json, ordinal);
    return json_done(cli, &json);
}

static int
print_slots_json(struct cli *cli, const envres_list *list)
{
    static const char *const keys[ENVRES_SLOT_COLUMNS] = { "ordinal", "label", "kind", "time" };
    struct json json = { 0 };
    json_open(&json, '[');
    for (size_t row = 0; row < envres_list_count(list); row++) {
        json_open(&json, '{');
        for (uint32_t column = 0; column < ENVRES_SLOT_COLUMNS; column++) {
            json_key(&json, keys[column]);
            json_cell(&json, list, row, column);
        }
        json_close(&json, '}');
    }
    json_close(&json, ']');
    return json_print(cli, &json);
}

static int
print_slots(struct cli *cli, const envres_list *list)
{
    static const char *const headings[] = { "SLOT", "OPENS WITH", "SINCE (UTC)", "LABEL" };
    struct table *table = table_new(cli, 4, headings, 0);
    for (size_t row = 0; row < envres_list_count(list); row++) {
        size_t len = 0;
        char time[32];
        const char *label = envres_list_text(list, row, ENVRES_SLOT_LABEL, &len);
        time_format(envres_list_integer(list, row, ENVRES_SLOT_TIME), time);
        table_integer(table, envres_list_integer(list, row, ENVRES_SLOT_ORDINAL));
        table_word(table, envres_list_text(list, row, ENVRES_SLOT_KIND, NULL), STYLE_PLAIN);
        table_word(table, time, STYLE_PLAIN);
        table_cell(table, len ? label : "-", len ? len : 1, len ? STYLE_PLAIN : STYLE_DIM);
    }
    return table_print(table);
}

int
cmd_key_slot_list(struct cli *cli)
{
    envres_list *list = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_slot_list(cli->session, &list, cli->err) < 0)
        return fail_library(cli);
    status = cli->json ? print_slots_json(cli, list) : print_slots(cli, list);
    envres_list_free(list);
    return status;
}

/* ---- the root ------------------------------------------------------------------------------ */

int
cmd_key_show_public(struct cli *cli)
{
    uint8_t root[32] = { 0 };
    struct text hex = { 0 };
    struct json json = { 0 };
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_root_key(cli->session, root, cli->err) < 0)
        return fail_library(cli);
    for (size_t i = 0; i < sizeof(root); i++)
        text_printf(&hex, "%02x", (unsigned)root[i]);
    if (!cli->json) {
        text_puts(&hex, "\n");
        return out_text(cli, &hex);
    }
    json_open(&json, '{');
    json_key(&json, "root");
    json_word(&json, text_get(&hex));
    json_close(&json, '}');
    text_free(&hex);
    return json_print(cli, &json);
}

/* ---- a new identity ------------------------------------------------------------------------ */

static int
print_rekeyed(struct cli *cli, const char *name, const char *path)
{
    struct json json = { 0 };
    struct text out = { 0 };
    if (cli->json) {
        json_ok(&json);
        json_key(&json, "name");
        json_word(&json, name);
        json_key(&json, "key_file");
        json_word(&json, path);
        return json_done(cli, &json);
    }
    out_note(cli,
             "what the old key of %s could read may be known; change such secrets where they "
             "come from",
             name);
    if (cli->quiet)
        return 0;
    text_add_visible(&out, name, strlen(name));
    text_puts(&out, " has a new key; the old one opens this store no more.\n");
    if (path)
        add_key_file(&out, path);
    return out_text(cli, &out);
}

int
cmd_principal_key(struct cli *cli)
{
    const char *name = argument_at(&cli->parsed, 0);
    bool passphrase = option_given(&cli->parsed, OPT_PASSPHRASE);
    bool named = option_given(&cli->parsed, OPT_KEY_OUTPUT);
    struct fresh fresh = { .path = NULL };
    int status = check_ways(cli, false);
    if (status == 0 && !passphrase && !named && (name[0] == '.' || strchr(name, '/')))
        status = fail_usage(cli, "say where its key goes with -o FILE",
                            "no file can be named after '%s'", name);
    if (status == 0)
        status = open_session(cli);
    if (status == 0)
        status = fresh_make(cli, passphrase ? NULL : key_path_for(cli, name), &fresh);
    if (status == 0) {
        envres_credential credential = key_credential(&fresh.key);
        envres_change change = change_of(cli, 0);
        if (envres_principal_rekey(cli->session, name, NUL, &credential, &change, cli->err) < 0) {
            key_file_take_back(cli, fresh.path);
            status = fail_library(cli);
        } else {
            status = print_rekeyed(cli, name, fresh.path);
        }
    }
    fresh_free(&fresh);
    return status;
}
