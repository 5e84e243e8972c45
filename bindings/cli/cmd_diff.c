/* SPDX-License-Identifier: MIT */
/*
 * version diff: what differs between two versions, part by part.
 *
 * Text goes out as a unified diff that `patch -p1` and `git apply` take, byte for byte; what has no
 * lines (a part that is not text, an empty one, a flag) is a sentence between, which they pass
 * over. On a terminal lines are coloured, and what could harm it is escaped. Status 1: they differ.
 */
#include "commands.h"

#include "opening.h"
#include "rows.h"
#include "versions.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- a table, JSON ------------------------------------------------------------------------- */

static int
print_json(struct cli *cli, const envres_list *list)
{
    static const struct column columns[] = {
        { "path", ENVRES_DIFF_PATH, SHAPE_CELL },
        { "change", ENVRES_DIFF_CHANGE, SHAPE_CELL },
        { "old_digest", ENVRES_DIFF_OLD_DIGEST, SHAPE_CELL },
        { "new_digest", ENVRES_DIFF_NEW_DIGEST, SHAPE_CELL },
        { "old_size", ENVRES_DIFF_OLD_SIZE, SHAPE_CELL },
        { "new_size", ENVRES_DIFF_NEW_SIZE, SHAPE_CELL },
        { "text", ENVRES_DIFF_TEXT, SHAPE_CELL },
        { "old_revision", ENVRES_DIFF_OLD_REVISION, SHAPE_CELL },
        { "new_revision", ENVRES_DIFF_NEW_REVISION, SHAPE_CELL },
    };
    return json_rows(cli, list, columns, COUNT(columns));
}

static int
print_stat(struct cli *cli, const envres_list *list)
{
    static const struct column columns[] = {
        { "CHANGE", ENVRES_DIFF_CHANGE, SHAPE_CELL },
        { "OLD BYTES", ENVRES_DIFF_OLD_SIZE, SHAPE_CELL },
        { "NEW BYTES", ENVRES_DIFF_NEW_SIZE, SHAPE_CELL },
        { "PATH", ENVRES_DIFF_PATH, SHAPE_CELL },
    };
    return table_rows(cli, list, columns, COUNT(columns), 0);
}

/* ---- the unified diff ---------------------------------------------------------------------- */

struct printer {
    struct text out;
    bool color;
    bool visible; /* escape what could harm a terminal */
};

/* Tabs are what indents; they move no cursor to where it should not be. */
static void
add_line(struct printer *printer, const char *line, size_t len)
{
    while (printer->visible && len > 0) {
        const char *tab = memchr(line, '\t', len);
        size_t step = tab ? (size_t)(tab - line) : len;
        text_add_visible(&printer->out, line, step);
        if (tab)
            text_puts(&printer->out, "\t");
        line += step + (tab ? 1 : 0);
        len -= step + (tab ? 1 : 0);
    }
    text_add(&printer->out, line, len);
}

static const char *
color_of(char first)
{
    if (first == '+')
        return "\x1b[32m";
    if (first == '-')
        return "\x1b[31m";
    return first == '@' ? "\x1b[36m" : "";
}

static void
print_line(struct printer *printer, const char *color, const char *line, size_t len)
{
    const char *begin = printer->color ? color : "";
    text_puts(&printer->out, begin);
    add_line(printer, line, len);
    text_puts(&printer->out, *begin ? "\x1b[0m\n" : "\n");
}

/* The first two lines name the part; what a line begins with says what the others are. */
static void
print_hunks(struct printer *printer, const char *text, size_t len)
{
    for (size_t number = 0; len > 0; number++) {
        const char *feed = memchr(text, '\n', len);
        size_t line = feed ? (size_t)(feed - text) : len;
        print_line(printer, number < 2 ? "\x1b[1m" : color_of(text[0]), text, line);
        text += line + (feed ? 1 : 0);
        len -= line + (feed ? 1 : 0);
    }
}

/* "query-changed" of "queries/find"; false: it is a part. */
static bool
say_query(struct text *line, const envres_list *list, size_t row)
{
    const char *name = envres_list_text(list, row, ENVRES_DIFF_PATH, NULL);
    const char *change = envres_list_text(list, row, ENVRES_DIFF_CHANGE, NULL);
    long long before = envres_list_integer(list, row, ENVRES_DIFF_OLD_REVISION);
    long long after = envres_list_integer(list, row, ENVRES_DIFF_NEW_REVISION);
    if (strncmp(change, "query-", 6) != 0)
        return false;
    name += strlen("queries/");
    if (strcmp(change, "query-added") == 0)
        text_printf(line, "Query %s added, revision %lld", name, after);
    else if (strcmp(change, "query-removed") == 0)
        text_printf(line, "Query %s removed, revision %lld", name, before);
    else if (strcmp(change, "query-flags") == 0)
        text_printf(line, "Query %s is fixed at revision %lld in one of them only", name, after);
    else
        text_printf(line, "Query %s changed, revision %lld to %lld", name, before, after);
    return true;
}

/* What cannot be shown by lines. */
static void
print_sentence(struct printer *printer, const envres_list *list, size_t row)
{
    const char *path = envres_list_text(list, row, ENVRES_DIFF_PATH, NULL);
    const char *change = envres_list_text(list, row, ENVRES_DIFF_CHANGE, NULL);
    long long before = envres_list_integer(list, row, ENVRES_DIFF_OLD_SIZE);
    long long after = envres_list_integer(list, row, ENVRES_DIFF_NEW_SIZE);
    struct text line = { 0 };
    if (say_query(&line, list, row)) {
        print_line(printer, "\x1b[1m", text_get(&line), line.len);
        text_free(&line);
        return;
    }
    if (strcmp(change, "flags") == 0)
        text_printf(&line, "Part %s is public in one of them only", path);
    else if (strcmp(change, "added") == 0)
        text_printf(&line, "Part %s added, %lld bytes", path, after);
    else if (strcmp(change, "removed") == 0)
        text_printf(&line, "Part %s removed, %lld bytes", path, before);
    else
        text_printf(&line, "Part %s changed, %lld to %lld bytes, not text", path, before, after);
    print_line(printer, "\x1b[1m", text_get(&line), line.len);
    text_free(&line);
}

static int
print_text(struct cli *cli, const envres_list *list)
{
    struct printer printer = { .color = cli->color_out, .visible = isatty(STDOUT_FILENO) };
    for (size_t row = 0; row < envres_list_count(list); row++) {
        size_t len = 0;
        const char *text = envres_list_text(list, row, ENVRES_DIFF_TEXT, &len);
        if (len > 0)
            print_hunks(&printer, text, len);
        else
            print_sentence(&printer, list, row);
    }
    return out_text(cli, &printer.out);
}

int
cmd_version_diff(struct cli *cli)
{
    const char *app = argument_at(&cli->parsed, 0);
    bool stat = option_given(&cli->parsed, OPT_STAT);
    envres_version_name from = version_named(app, argument_at(&cli->parsed, 1));
    envres_version_name to = version_named(app, argument_at(&cli->parsed, 2));
    envres_list *list = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_version_diff(cli->session, &from, &to, stat ? 0 : ENVRES_DIFF_WITH_TEXT, &list,
                            cli->err) < 0)
        return fail_library(cli);
    bool differ = envres_list_count(list) > 0;
    if (cli->json)
        status = print_json(cli, list);
    else if (differ)
        status = stat ? print_stat(cli, list) : print_text(cli, list);
    envres_list_free(list);
    return status == 0 && differ ? 1 : status;
}
