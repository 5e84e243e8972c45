/* SPDX-License-Identifier: MIT */
/*
 * part import, part export: a version's parts as a folder of files.
 *
 * An import is one edit of all files: it is there whole or not at all. Parts that the folder does
 * not have stay, unless --prune takes them out in the same edit. A file says nothing of being
 * public; a part that is stays it.
 */
#include "commands.h"

#include "opening.h"
#include "rows.h"
#include "tree.h"
#include "values.h"
#include "versions.h"

#include <stdlib.h>
#include <string.h>

#define NUL ENVRES_NUL_TERMINATED

/* ---- import -------------------------------------------------------------------------------- */

struct import {
    struct tree tree;
    char *version;
    envres_list *have; /* the parts of the draft, by path as bytes */
    envres_part_write *writes;
    uint8_t (
        *digests)[DIGEST_LEN]; /* that the parts taken out have now, one for each row of `have` */
    size_t count;
    size_t added;
    size_t changed;
    size_t removed;
    size_t kept;
};

/* The row of a path, or the number of rows. */
static size_t
find_part(const envres_list *have, const char *path)
{
    size_t count = envres_list_count(have);
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(envres_list_text(have, middle, ENVRES_PART_PATH, NULL), path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && list_is(have, low, ENVRES_PART_PATH, path, strlen(path)) ? low : count;
}

static envres_part_write *
next_write(struct import *import, const char *path)
{
    envres_part_write *write = &import->writes[import->count++];
    write->size = sizeof(*write);
    write->path = path;
    write->path_len = strlen(path);
    return write;
}

static int
add_file(struct cli *cli, struct import *import, const struct tree_file *file)
{
    envres_part_write *write = next_write(import, file->path);
    size_t row = find_part(import->have, file->path);
    uint8_t digest[DIGEST_LEN] = { 0 };
    char digits[2 * DIGEST_LEN + 1];
    write->data = file->data;
    write->data_len = file->len;
    if (row == envres_list_count(import->have)) {
        import->added++;
        return 0;
    }
    if (envres_list_integer(import->have, row, ENVRES_PART_IS_PUBLIC))
        write->flags = ENVRES_PART_PUBLIC;
    if (envres_part_digest(file->data, file->len, digest, cli->err) < 0)
        return fail_part(cli);
    digest_write(digest, digits);
    if (!list_is(import->have, row, ENVRES_PART_DIGEST, digits, strlen(digits)))
        import->changed++;
    return 0;
}

/* Only as it is seen here: what somebody else writes meanwhile is not thrown away. */
static void
add_removal(struct import *import, size_t row)
{
    const char *digits = envres_list_text(import->have, row, ENVRES_PART_DIGEST, NULL);
    envres_part_write *write =
        next_write(import, envres_list_text(import->have, row, ENVRES_PART_PATH, NULL));
    write->flags = ENVRES_PART_REMOVE;
    if (digits && digest_read(digits, import->digests[row]))
        write->expect = import->digests[row];
    import->removed++;
}

/* What the folder does not have: taken out with --prune, else left and counted. */
static void
add_removals(struct cli *cli, struct import *import)
{
    size_t rows = envres_list_count(import->have);
    bool prune = option_given(&cli->parsed, OPT_PRUNE);
    bool *seen = memory_take((rows + 1) * sizeof(*seen));
    for (size_t i = 0; i < import->tree.count; i++)
        seen[find_part(import->have, import->tree.files[i].path)] = true;
    for (size_t row = 0; row < rows; row++) {
        if (!seen[row] && prune)
            add_removal(import, row);
        else if (!seen[row])
            import->kept++;
    }
    free(seen);
}

/* Removals first: a file may come where a folder was. */
static int
plan_import(struct cli *cli, struct import *import)
{
    size_t rows = envres_list_count(import->have);
    int status = 0;
    import->writes = memory_take((rows + import->tree.count + 1) * sizeof(*import->writes));
    import->digests = memory_take((rows + 1) * sizeof(*import->digests));
    add_removals(cli, import);
    for (size_t i = 0; status == 0 && i < import->tree.count; i++)
        status = add_file(cli, import, &import->tree.files[i]);
    return status;
}

static int
print_import(struct cli *cli, const struct import *import, const uint8_t content[DIGEST_LEN])
{
    const struct {
        const char *key;
        size_t value;
    } counts[] = {
        { "files", import->tree.count }, { "added", import->added }, { "changed", import->changed },
        { "removed", import->removed },  { "kept", import->kept },
    };
    char digits[2 * DIGEST_LEN + 1];
    struct json json = { 0 };
    digest_write(content, digits);
    json_ok(&json);
    json_key(&json, "app");
    json_word(&json, argument_at(&cli->parsed, 0));
    json_key(&json, "version");
    json_word(&json, import->version);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        json_key(&json, counts[i].key);
        json_integer(&json, (int64_t)counts[i].value);
    }
    json_key(&json, "left_out");
    json_open(&json, '[');
    if (import->tree.left_git)
        json_word(&json, ".git");
    json_close(&json, ']');
    json_key(&json, "content");
    json_word(&json, digits);
    return json_done(cli, &json);
}

static void
note_import(struct cli *cli, const struct import *import)
{
    size_t same = import->tree.count - import->added - import->changed;
    if (import->tree.left_git)
        out_note(cli, ".git was left out");
    out_note(cli, "%zu file%s into %s: %zu new, %zu changed, %zu as before", import->tree.count,
             import->tree.count == 1 ? "" : "s", import->version, import->added, import->changed,
             same);
    if (import->removed)
        out_note(cli, "%zu part%s taken out that the folder does not have", import->removed,
                 import->removed == 1 ? "" : "s");
    if (import->kept)
        out_note(cli,
                 "%zu part%s of %s that the folder does not have: left as %s; --prune takes %s out",
                 import->kept, import->kept == 1 ? "" : "s", import->version,
                 import->kept == 1 ? "it is" : "they are", import->kept == 1 ? "it" : "them");
}

static int
put_import(struct cli *cli, struct import *import)
{
    envres_version_name name = version_named(argument_at(&cli->parsed, 0), import->version);
    envres_change change = change_of(cli, 0);
    uint8_t content[DIGEST_LEN] = { 0 };
    if (import->count == 0)
        return fail_usage(cli, NULL, "there are no files in '%s'; nothing was imported",
                          argument_at(&cli->parsed, 1));
    if (envres_part_put(cli->session, &name, import->writes, import->count, &change, content,
                        cli->err) < 0)
        return fail_part(cli);
    note_import(cli, import);
    return cli->json ? print_import(cli, import, content) : 0;
}

static void
free_import(struct import *import)
{
    tree_free(&import->tree);
    envres_list_free(import->have);
    free(import->version);
    free(import->writes);
    free(import->digests);
}

int
cmd_part_import(struct cli *cli)
{
    const char *app = argument_at(&cli->parsed, 0);
    struct import import = { 0 };
    int status = open_session(cli);
    if (status == 0)
        status = version_of_parts(cli, &import.version);
    envres_version_name name = version_named(app, import.version);
    if (status == 0 && envres_part_list(cli->session, &name, &import.have, cli->err) < 0)
        status = fail_part(cli);
    if (status == 0)
        status = tree_read(cli, argument_at(&cli->parsed, 1), &import.tree);
    if (status == 0)
        status = plan_import(cli, &import);
    if (status == 0)
        status = put_import(cli, &import);
    free_import(&import);
    return status;
}

/* ---- export -------------------------------------------------------------------------------- */

static int
export_part(struct cli *cli, const envres_version_name *name, const envres_list *list, size_t row,
            struct tree_writer *writer)
{
    size_t path_len = 0;
    size_t len = 0;
    uint8_t digest[DIGEST_LEN] = { 0 };
    char digits[2 * DIGEST_LEN + 1];
    envres_value *value = NULL;
    const char *path = envres_list_text(list, row, ENVRES_PART_PATH, &path_len);
    if (envres_part_get(cli->session, name, path, path_len, &value, cli->err) < 0)
        return fail_part(cli);
    const char *data = envres_value_data(value, &len);
    int status = 0;
    if (envres_part_digest(data, len, digest, cli->err) < 0)
        status = fail_part(cli);
    digest_write(digest, digits);
    if (status == 0 && !list_is(list, row, ENVRES_PART_DIGEST, digits, strlen(digits)))
        status = fail_code(cli, ENVRES_E_CHANGED, "export it again",
                           "'%s' was edited while the draft was exported", path);
    if (status == 0)
        status = tree_writer_add(writer, path, data, len);
    envres_value_free(value);
    return status;
}

static int
write_parts(struct cli *cli, const envres_version_name *name, const envres_list *list)
{
    bool over = option_given(&cli->parsed, OPT_OVERWRITE);
    struct tree_writer *writer = NULL;
    size_t count = envres_list_count(list);
    int status = tree_writer_begin(cli, argument_at(&cli->parsed, 1), over, &writer);
    for (size_t row = 0; over && status == 0 && row < count; row++)
        status = tree_writer_check(writer, envres_list_text(list, row, ENVRES_PART_PATH, NULL));
    for (size_t row = 0; status == 0 && row < count; row++)
        status = export_part(cli, name, list, row, writer);
    return tree_writer_end(writer, status);
}

static int
print_export(struct cli *cli, const char *version, const envres_list *list)
{
    int64_t bytes = 0;
    for (size_t row = 0; row < envres_list_count(list); row++)
        bytes += envres_list_integer(list, row, ENVRES_PART_SIZE);
    struct json json = { 0 };
    if (!cli->json)
        return 0;
    json_ok(&json);
    json_key(&json, "app");
    json_word(&json, argument_at(&cli->parsed, 0));
    json_key(&json, "version");
    json_word(&json, version);
    json_key(&json, "folder");
    json_word(&json, argument_at(&cli->parsed, 1));
    json_key(&json, "files");
    json_integer(&json, (int64_t)envres_list_count(list));
    json_key(&json, "bytes");
    json_integer(&json, bytes);
    return json_done(cli, &json);
}

int
cmd_part_export(struct cli *cli)
{
    const char *app = argument_at(&cli->parsed, 0);
    char *version = NULL;
    envres_list *list = NULL;
    int status = open_session(cli);
    if (status == 0)
        status = version_of_parts(cli, &version);
    envres_version_name name = version_named(app, version);
    if (status == 0 && envres_part_list(cli->session, &name, &list, cli->err) < 0)
        status = fail_part(cli);
    if (status == 0)
        status = write_parts(cli, &name, list);
    if (status == 0)
        status = print_export(cli, version, list);
    envres_list_free(list);
    free(version);
    return status;
}
