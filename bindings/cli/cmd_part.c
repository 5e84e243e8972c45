/* SPDX-License-Identifier: MIT */
/*
 * part put, get, list, remove, history, restore. (import and export are in cmd_tree.c.)
 *
 * Bytes go in and out exactly. Without --version the command is about the app's only draft.
 */
#include "commands.h"

#include "files.h"
#include "input.h"
#include "opening.h"
#include "rows.h"
#include "values.h"
#include "versions.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NUL          ENVRES_NUL_TERMINATED
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What the commands of parts share: the app and the version that they are about. */
struct parts {
    const char *app;
    char *version;
    envres_version_name name;
};

static int
open_parts(struct cli *cli, struct parts *parts)
{
    parts->app = argument_at(&cli->parsed, 0);
    int status = open_session(cli);
    if (status == 0)
        status = version_of_parts(cli, &parts->version);
    parts->name = version_named(parts->app, parts->version);
    return status;
}

/* Leaves the object open. */
static void
json_done_with(struct json *json, const struct parts *parts, const char *path)
{
    json_ok(json);
    json_key(json, "app");
    json_word(json, parts->app);
    json_key(json, "version");
    json_word(json, parts->version);
    json_key(json, "path");
    json_word(json, path);
}

static void
json_digest(struct json *json, const char *key, const uint8_t digest[DIGEST_LEN])
{
    char digits[2 * DIGEST_LEN + 1];
    digest_write(digest, digits);
    json_key(json, key);
    json_word(json, digits);
}

/* ---- put, remove --------------------------------------------------------------------------- */

static int
take_expect(struct cli *cli, uint8_t digest[DIGEST_LEN], const uint8_t **expect)
{
    const char *word = option_value(&cli->parsed, OPT_EXPECT_DIGEST);
    if (!word)
        return 0;
    if (!digest_read(word, digest))
        return fail_usage(cli, "`envres part list --json` has the digests of parts",
                          "--expect needs a digest of 64 hexadecimal digits");
    *expect = digest;
    return 0;
}

static int
take_bytes(struct cli *cli, struct text *bytes)
{
    const char *path = argument_at(&cli->parsed, 2);
    bool from_input = !path || strcmp(path, "-") == 0;
    if (from_input && isatty(STDIN_FILENO) && cli->no_input)
        return fail_usage(cli, "name a file, or give the bytes on standard input",
                          "there is nothing to put");
    if (from_input && isatty(STDIN_FILENO))
        out_note(cli, "type the part; Ctrl-D at the beginning of a line ends it");
    return input_file(cli, from_input ? "-" : path, bytes);
}

/* A part that is public stays it: whoever mends a page should not have to remember. */
static int
is_public_now(struct cli *cli, const struct parts *parts, const char *path)
{
    envres_list *list = NULL;
    if (envres_part_list(cli->session, &parts->name, &list, cli->err) < 0)
        return -1;
    int is_public = 0;
    for (size_t row = 0; row < envres_list_count(list); row++) {
        if (list_is(list, row, ENVRES_PART_PATH, path, strlen(path)))
            is_public = envres_list_integer(list, row, ENVRES_PART_IS_PUBLIC) != 0;
    }
    envres_list_free(list);
    return is_public;
}

static int
take_public(struct cli *cli, const struct parts *parts, envres_part_write *write)
{
    bool off = option_given(&cli->parsed, OPT_NOT_PUBLIC);
    int on = option_given(&cli->parsed, OPT_PUBLIC);
    if (on && off)
        return fail_usage(cli, NULL, "--public and --not-public contradict each other; take one");
    if (!on && !off)
        on = is_public_now(cli, parts, write->path);
    if (on < 0)
        return fail_part(cli);
    write->flags = on ? ENVRES_PART_PUBLIC : 0;
    return 0;
}

static int
put(struct cli *cli, const struct parts *parts, const envres_part_write *write)
{
    uint8_t content[DIGEST_LEN] = { 0 };
    uint8_t digest[DIGEST_LEN] = { 0 };
    bool remove = write->flags & ENVRES_PART_REMOVE;
    struct json json = { 0 };
    envres_change change = change_of(cli, 0);
    if (envres_part_put(cli->session, &parts->name, write, 1, &change, content, cli->err) < 0 ||
        (!remove && envres_part_digest(write->data, write->data_len, digest, cli->err) < 0))
        return fail_part(cli);
    if (!cli->json)
        return 0;
    json_done_with(&json, parts, write->path);
    if (!remove) {
        json_digest(&json, "digest", digest);
        json_key(&json, "size");
        json_integer(&json, (int64_t)write->data_len);
        json_key(&json, "public");
        json_boolean(&json, write->flags & ENVRES_PART_PUBLIC);
    }
    json_digest(&json, "content", content);
    return json_done(cli, &json);
}

int
cmd_part_put(struct cli *cli)
{
    struct parts parts = { 0 };
    struct text bytes = { 0 };
    uint8_t digest[DIGEST_LEN] = { 0 };
    envres_part_write write = { .size = sizeof(write), .path_len = NUL };
    write.path = argument_at(&cli->parsed, 1);
    int status = take_expect(cli, digest, &write.expect);
    if (status == 0)
        status = open_parts(cli, &parts);
    if (status == 0)
        status = take_public(cli, &parts, &write);
    if (status == 0)
        status = take_bytes(cli, &bytes);
    write.data = text_get(&bytes);
    write.data_len = bytes.len;
    if (status == 0)
        status = put(cli, &parts, &write);
    text_free(&bytes);
    free(parts.version);
    return status;
}

int
cmd_part_remove(struct cli *cli)
{
    struct parts parts = { 0 };
    uint8_t digest[DIGEST_LEN] = { 0 };
    envres_part_write write = { .size = sizeof(write), .path_len = NUL };
    write.path = argument_at(&cli->parsed, 1);
    write.flags = ENVRES_PART_REMOVE;
    int status = take_expect(cli, digest, &write.expect);
    if (status == 0)
        status = open_parts(cli, &parts);
    if (status == 0)
        status = put(cli, &parts, &write);
    free(parts.version);
    return status;
}

/* ---- get ----------------------------------------------------------------------------------- */

static bool
is_utf8(const char *data, size_t len)
{
    unsigned code = 0;
    for (size_t at = 0; at < len;) {
        size_t step = text_decode(data + at, len - at, &code);
        if (!step)
            return false;
        at += step;
    }
    return true;
}

static void
add_base64(struct text *out, const char *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < len; at += 3) {
        size_t have = len - at < 3 ? len - at : 3;
        unsigned bits = (unsigned)(unsigned char)data[at] << 16;
        bits |= have > 1 ? (unsigned)(unsigned char)data[at + 1] << 8 : 0;
        bits |= have > 2 ? (unsigned)(unsigned char)data[at + 2] : 0;
        char four[4] = { digits[bits >> 18], digits[bits >> 12 & 63],
                         have > 1 ? digits[bits >> 6 & 63] : '=',
                         have > 2 ? digits[bits & 63] : '=' };
        text_add(out, four, sizeof(four));
    }
}

static void
json_part(struct cli *cli, const struct parts *parts, const char *data, size_t len,
          struct json *json)
{
    uint8_t digest[DIGEST_LEN] = { 0 };
    struct text coded = { 0 };
    bool text = is_utf8(data, len);
    json_open(json, '{');
    json_key(json, "path");
    json_word(json, argument_at(&cli->parsed, 1));
    json_key(json, "version");
    json_word(json, parts->version);
    if (envres_part_digest(data, len, digest, cli->err) == ENVRES_OK)
        json_digest(json, "digest", digest);
    json_key(json, "size");
    json_integer(json, (int64_t)len);
    json_key(json, "text");
    if (text)
        json_string(json, data, len);
    else
        json_null(json);
    json_key(json, "base64");
    if (!text)
        add_base64(&coded, data, len);
    json_word(json, text ? NULL : text_get(&coded));
    json_close(json, '}');
    text_puts(&json->text, "\n");
    text_free(&coded);
}

static int
write_part(struct cli *cli, const struct parts *parts, const envres_value *value)
{
    const char *path = option_value(&cli->parsed, OPT_OUTPUT);
    struct json json = { 0 };
    size_t len = 0;
    const char *data = envres_value_data(value, &len);
    if (cli->json) {
        json_part(cli, parts, data, len, &json);
        data = text_get(&json.text);
        len = json.text.len;
    }
    int status = path && strcmp(path, "-") != 0 ? file_write(cli, path, data, len)
                                                : out_write(cli, data, len);
    text_free(&json.text);
    return status;
}

int
cmd_part_get(struct cli *cli)
{
    struct parts parts = { 0 };
    envres_value *value = NULL;
    int status = open_parts(cli, &parts);
    if (status == 0 && envres_part_get(cli->session, &parts.name, argument_at(&cli->parsed, 1), NUL,
                                       &value, cli->err) < 0)
        status = fail_part(cli);
    if (status == 0)
        status = write_part(cli, &parts, value);
    envres_value_free(value);
    free(parts.version);
    return status;
}

/* ---- list ---------------------------------------------------------------------------------- */

static int
print_parts(struct cli *cli, const envres_list *list, const char *version)
{
    static const struct column json_columns_of_part[] = {
        { "path", ENVRES_PART_PATH, SHAPE_CELL },
        { "digest", ENVRES_PART_DIGEST, SHAPE_CELL },
        { "size", ENVRES_PART_SIZE, SHAPE_CELL },
        { "public", ENVRES_PART_IS_PUBLIC, SHAPE_FLAG },
    };
    static const struct column columns[] = {
        { "PATH", ENVRES_PART_PATH, SHAPE_CELL },
        { "BYTES", ENVRES_PART_SIZE, SHAPE_CELL },
        { "PUBLIC", ENVRES_PART_IS_PUBLIC, SHAPE_FLAG },
        { "DIGEST", ENVRES_PART_DIGEST, SHAPE_DIGEST },
    };
    if (cli->json)
        return json_rows(cli, list, json_columns_of_part, COUNT(json_columns_of_part));
    if (envres_list_count(list) == 0) {
        out_note(cli, "%s has no parts", version);
        return 0;
    }
    return table_rows(cli, list, columns, COUNT(columns), 0);
}

int
cmd_part_list(struct cli *cli)
{
    struct parts parts = { 0 };
    envres_list *list = NULL;
    int status = open_parts(cli, &parts);
    if (status == 0 && envres_part_list(cli->session, &parts.name, &list, cli->err) < 0)
        status = fail_part(cli);
    if (status == 0)
        status = print_parts(cli, list, parts.version);
    envres_list_free(list);
    free(parts.version);
    return status;
}

/* ---- history, restore ---------------------------------------------------------------------- */

static int
print_edits(struct cli *cli, const envres_list *list, const char *version)
{
    static const struct column json_columns_of_edit[] = {
        { "edit", ENVRES_EDIT_NUMBER, SHAPE_CELL },
        { "path", ENVRES_EDIT_PATH, SHAPE_CELL },
        { "action", ENVRES_EDIT_ACTION, SHAPE_CELL },
        { "digest", ENVRES_EDIT_DIGEST, SHAPE_CELL },
        { "size", ENVRES_EDIT_SIZE, SHAPE_CELL },
        { "public", ENVRES_EDIT_IS_PUBLIC, SHAPE_FLAG },
        { "author", ENVRES_EDIT_AUTHOR, SHAPE_CELL },
        { "time", ENVRES_EDIT_TIME, SHAPE_CELL },
    };
    static const struct column columns[] = {
        { "EDIT", ENVRES_EDIT_NUMBER, SHAPE_CELL },
        { "TIME (UTC)", ENVRES_EDIT_TIME, SHAPE_TIME },
        { "AUTHOR", ENVRES_EDIT_AUTHOR, SHAPE_CELL },
        { "ACTION", ENVRES_EDIT_ACTION, SHAPE_CELL },
        { "BYTES", ENVRES_EDIT_SIZE, SHAPE_CELL },
        { "PUBLIC", ENVRES_EDIT_IS_PUBLIC, SHAPE_FLAG },
        { "DIGEST", ENVRES_EDIT_DIGEST, SHAPE_DIGEST },
        { "PATH", ENVRES_EDIT_PATH, SHAPE_CELL },
    };
    const char *path = argument_at(&cli->parsed, 1);
    if (cli->json)
        return json_rows(cli, list, json_columns_of_edit, COUNT(json_columns_of_edit));
    if (envres_list_count(list) == 0) {
        if (path)
            out_note(cli, "'%s' was not edited in %s", path, version);
        else
            out_note(cli, "nothing was edited in %s", version);
        return 0;
    }
    return table_rows(cli, list, columns, COUNT(columns), 0);
}

int
cmd_part_history(struct cli *cli)
{
    const char *path = argument_at(&cli->parsed, 1);
    struct parts parts = { 0 };
    envres_list *list = NULL;
    int status = open_parts(cli, &parts);
    if (status == 0 &&
        envres_part_history(cli->session, &parts.name, path, path ? NUL : 0, &list, cli->err) < 0)
        status = fail_part(cli);
    if (status == 0)
        status = print_edits(cli, list, parts.version);
    envres_list_free(list);
    free(parts.version);
    return status;
}

static int
read_edit(struct cli *cli, int64_t *out)
{
    const char *word = option_value(&cli->parsed, OPT_EDIT);
    size_t len = strlen(word);
    if (len == 0 || len > 18 || strspn(word, "0123456789") != len)
        return fail_usage(cli, "`envres part history` shows edits; 0: as the version was made",
                          "--edit needs a number, not '%s'", word);
    *out = strtoll(word, NULL, 10);
    return 0;
}

int
cmd_part_restore(struct cli *cli)
{
    const char *path = argument_at(&cli->parsed, 1);
    struct parts parts = { 0 };
    struct json json = { 0 };
    int64_t edit = 0;
    int status = read_edit(cli, &edit);
    if (status == 0)
        status = open_parts(cli, &parts);
    envres_change change = change_of(cli, 0);
    if (status == 0 &&
        envres_part_restore(cli->session, &parts.name, path, NUL, edit, &change, cli->err) < 0)
        status = fail_part(cli);
    if (status == 0 && cli->json) {
        json_done_with(&json, &parts, path);
        json_key(&json, "edit");
        json_integer(&json, edit);
        status = json_done(cli, &json);
    }
    free(parts.version);
    return status;
}
