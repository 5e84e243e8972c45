/* SPDX-License-Identifier: MIT */
/* verify, backup, gc: the store as a whole. A finding is an answer (status 1), not an error. */
#include "commands.h"

#include "opening.h"
#include "output.h"
#include "rows.h"
#include "verdict.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- verify -------------------------------------------------------------------------------- */

/* The first bad audit entry of all findings; -1: none. */
static int64_t
first_bad(const envres_list *list)
{
    int64_t first = -1;
    for (size_t row = 0; row < envres_list_count(list); row++) {
        if (envres_list_type(list, row, ENVRES_VERIFY_AUDIT_SEQUENCE) != ENVRES_CELL_INTEGER)
            continue;
        int64_t sequence = envres_list_integer(list, row, ENVRES_VERIFY_AUDIT_SEQUENCE);
        if (first < 0 || sequence < first)
            first = sequence;
    }
    return first;
}

int
cmd_verify(struct cli *cli)
{
    bool without_key = option_given(&cli->parsed, OPT_WITHOUT_KEY);
    int status = without_key ? open_store(cli) : open_session(cli);
    if (status)
        return status;
    envres_list *list = NULL;
    if (envres_store_verify(cli->store, cli->session, &list, cli->err) < 0)
        return fail_library(cli);
    size_t count = envres_list_count(list);
    status = verdict_print(cli, list, first_bad(list));
    envres_list_free(list);
    if (status == 0 && count > 0) {
        out_note(cli, "%zu finding%s; nothing was changed: keep this file, and restore a backup",
                 count, count == 1 ? "" : "s");
        return 1;
    }
    if (status == 0 && without_key)
        out_note(cli, "file, schema and audit chain are sound; sealed records were not opened");
    else if (status == 0)
        out_note(cli, "the whole store is sound");
    return status;
}

/* ---- backup -------------------------------------------------------------------------------- */

static int
check_folder(struct cli *cli, const char *path)
{
    struct stat facts;
    char *copy = memory_copy(path, strlen(path));
    const char *folder = dirname(copy);
    int status = 0;
    if (stat(folder, &facts) != 0)
        status = fail_code(cli, ENVRES_E_IO, NULL, "the folder '%s': %s", folder, strerror(errno));
    free(copy);
    return status;
}

int
cmd_backup(struct cli *cli)
{
    const char *path = argument_at(&cli->parsed, 0);
    struct stat facts;
    int status = open_store(cli);
    if (status)
        return status;
    if (lstat(path, &facts) == 0)
        return fail_code(cli, ENVRES_E_STORE_EXISTS, "name another",
                         "there is a file '%s' already; nothing was touched", path);
    status = check_folder(cli, path);
    if (status)
        return status;
    if (envres_store_backup(cli->store, path, ENVRES_NUL_TERMINATED, cli->err) < 0)
        return fail_library(cli);
    struct json json = { 0 };
    if (cli->json) {
        json_ok(&json);
        json_key(&json, "path");
        json_word(&json, path);
        return json_done(cli, &json);
    }
    out_note(cli, "copied and checked; the same key opens it, so keep that apart from it");
    return 0;
}

/* ---- gc ------------------------------------------------------------------------------------ */

static const char *
plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

static int
print_freed(struct cli *cli, const envres_list *list)
{
    static const struct column columns[] = {
        { "parts", ENVRES_GC_PARTS, SHAPE_CELL },
        { "trees", ENVRES_GC_TREES, SHAPE_CELL },
        { "bytes", ENVRES_GC_BYTES, SHAPE_CELL },
    };
    int64_t parts = envres_list_integer(list, 0, ENVRES_GC_PARTS);
    int64_t trees = envres_list_integer(list, 0, ENVRES_GC_TREES);
    int64_t bytes = envres_list_integer(list, 0, ENVRES_GC_BYTES);
    struct json json = { 0 };
    struct text line = { 0 };
    if (cli->json) {
        json_ok(&json);
        json_columns(&json, list, 0, columns, sizeof(columns) / sizeof(columns[0]));
        return json_done(cli, &json);
    }
    if (parts == 0 && trees == 0)
        text_puts(&line, "nothing to free\n");
    else
        text_printf(&line, "freed %lld part%s and %lld list%s of parts, %lld byte%s\n",
                    (long long)parts, plural(parts), (long long)trees, plural(trees),
                    (long long)bytes, plural(bytes));
    return out_text(cli, &line);
}

int
cmd_gc(struct cli *cli)
{
    envres_list *list = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    if (envres_session_gc(cli->session, &change, &list, cli->err) < 0)
        return fail_library(cli);
    status = print_freed(cli, list);
    envres_list_free(list);
    return status;
}
