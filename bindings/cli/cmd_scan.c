/* SPDX-License-Identifier: MIT */
/*
 * check --text and check --folder: files that belong to no app, held against the environments. Made
 * for a hook before a commit: what cannot be read is an error, never passed over.
 *
 * A folder is walked in the order of names. No link is followed; what is no plain file, `.git`, the
 * store and its key are left out, and so is what has a NUL near its start: no text. A file that is
 * named by --text is scanned whatever is in it.
 */
#include "commands.h"

#include "findings.h"
#include "input.h"
#include "opening.h"
#include "sarif.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NUL ENVRES_NUL_TERMINATED

enum {
    TEXT_LARGEST = 16 * 1024 * 1024, /* that the library scans */
    BINARY_LOOK = 8000,              /* bytes in which a NUL says that it is no text, as for git */
    DEPTH_MOST = 64,
    FILES_MOST = 1000000,
    OWN = 2 /* the store and its key */
};

enum shape { SHAPE_LINES, SHAPE_JSON, SHAPE_SARIF };

struct scanning {
    struct cli *cli;
    envres_scan *scan;
    enum shape shape;
    struct json json;
    struct text path; /* of the file at hand */
    const char *environment;
    size_t files;
    size_t errors;
    size_t warnings;
    size_t too_long;
    struct stat own[OWN];
    size_t own_count;
};

/* ---- findings ------------------------------------------------------------------------------ */

static int
take_list(struct scanning *all, const envres_list *list, const char *text, size_t len)
{
    struct text out = { 0 };
    all->errors += findings_count(list, "error");
    all->warnings += findings_count(list, "warning");
    for (size_t row = 0; row < envres_list_count(list); row++) {
        if (all->shape == SHAPE_SARIF) {
            sarif_add(&all->json, list, row, text, len);
        } else if (all->shape == SHAPE_JSON) {
            json_open(&all->json, '{');
            finding_json(&all->json, list, row, &finding_columns);
            json_close(&all->json, '}');
        } else {
            finding_add(&out, list, row, &finding_columns, all->environment, all->cli->color_out);
        }
    }
    int status = out.len > 0 ? out_write(all->cli, out.data, out.len) : 0;
    text_free(&out);
    return status;
}

static int
scan_bytes(struct scanning *all, const char *data, size_t len)
{
    struct text name = { 0 };
    envres_list *list = NULL;
    int status = 0;
    all->files++;
    text_add_visible(&name, text_get(&all->path), all->path.len);
    if (envres_scan_text(all->scan, text_get(&name), name.len, data, len, &list, all->cli->err) < 0)
        status = fail_opening(all->cli, text_get(&name));
    else
        status = take_list(all, list, data, len);
    envres_list_free(list);
    text_free(&name);
    return status;
}

/* ---- files --------------------------------------------------------------------------------- */

static int
fail_path(struct scanning *all, int number)
{
    return fail_code(all->cli, number == ENOENT ? ENVRES_E_NOT_FOUND : ENVRES_E_IO, NULL,
                     "'%s' cannot be read: %s", text_get(&all->path), strerror(number));
}

static int
scan_named(struct scanning *all, const char *path)
{
    struct text text = { 0 };
    text_free(&all->path);
    text_puts(&all->path, strcmp(path, "-") == 0 ? "<stdin>" : path);
    int status = input_file(all->cli, path, &text);
    if (status == 0)
        status = scan_bytes(all, text_get(&text), text.len);
    text_free(&text);
    return status;
}

static void
find_own(struct scanning *all)
{
    char *key = find_key_path(all->cli);
    if (stat(all->cli->store_path, &all->own[all->own_count]) == 0)
        all->own_count++;
    if (stat(key, &all->own[all->own_count]) == 0)
        all->own_count++;
    free(key);
}

static bool
is_own(const struct scanning *all, const struct stat *facts)
{
    for (size_t i = 0; i < all->own_count; i++) {
        if (all->own[i].st_dev == facts->st_dev && all->own[i].st_ino == facts->st_ino)
            return true;
    }
    return false;
}

static bool
is_binary(const char *data, size_t len)
{
    size_t look = len < BINARY_LOOK ? len : BINARY_LOOK;
    return look > 0 && memchr(data, '\0', look) != NULL;
}

/* Too long for the library: nothing to say of it when it is no text. */
static int
pass_over(struct scanning *all, int fd)
{
    char start[BINARY_LOOK];
    ssize_t got = read(fd, start, sizeof(start));
    if (got < 0)
        return fail_path(all, errno);
    if (is_binary(start, (size_t)got))
        return 0;
    all->too_long++;
    out_warn(all->cli, "'%s' is longer than 16 MiB and was not scanned", text_get(&all->path));
    return 0;
}

static int
scan_descriptor(struct scanning *all, int fd, const struct stat *facts)
{
    struct text text = { 0 };
    if (facts->st_size > TEXT_LARGEST)
        return pass_over(all, fd);
    int status = input_descriptor(all->cli, fd, text_get(&all->path), &text);
    if (status == 0 && !is_binary(text_get(&text), text.len))
        status = scan_bytes(all, text_get(&text), text.len);
    text_free(&text);
    return status;
}

/* ---- folders ------------------------------------------------------------------------------- */

static int
read_names(struct scanning *all, DIR *folder, struct names *names)
{
    const struct dirent *entry = NULL;
    for (;;) {
        errno = 0;
        entry = readdir(folder);
        if (!entry)
            break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            strcmp(entry->d_name, ".git") != 0)
            names_add(names, entry->d_name);
        if (names->count > FILES_MOST)
            return fail_code(all->cli, ENVRES_E_LIMIT, NULL, "'%s' has more than %d entries",
                             text_get(&all->path), FILES_MOST);
    }
    if (errno)
        return fail_path(all, errno);
    names_sort(names);
    return 0;
}

static int scan_folder(struct scanning *all, int fd, int depth);

/* What an entry was when it was opened decides, not what a list said. */
static int
scan_entry(struct scanning *all, int folder, const char *name, int depth)
{
    struct stat facts = { 0 };
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && (errno == ELOOP || errno == ENXIO))
        return 0; /* a link, or a socket */
    if (fd < 0 || fstat(fd, &facts) != 0) {
        int status = fail_path(all, errno);
        if (fd >= 0)
            close(fd);
        return status;
    }
    if (S_ISDIR(facts.st_mode))
        return scan_folder(all, fd, depth + 1);
    int status =
        S_ISREG(facts.st_mode) && !is_own(all, &facts) ? scan_descriptor(all, fd, &facts) : 0;
    close(fd);
    return status;
}

/* Takes the descriptor over. all->path is the folder's; it is that again at the end. */
static int
scan_folder(struct scanning *all, int fd, int depth)
{
    struct names names = { 0 };
    struct text base = all->path;
    DIR *folder = depth > DEPTH_MOST ? NULL : fdopendir(fd);
    int status = 0;
    if (!folder) {
        status = depth > DEPTH_MOST
                     ? fail_code(all->cli, ENVRES_E_LIMIT, NULL, "'%s' is deeper than %d folders",
                                 text_get(&base), DEPTH_MOST)
                     : fail_path(all, errno);
        close(fd);
        return status;
    }
    status = read_names(all, folder, &names);
    for (size_t i = 0; status == 0 && i < names.count; i++) {
        all->path = (struct text){ 0 };
        if (strcmp(text_get(&base), ".") != 0)
            text_printf(&all->path, "%s%s", text_get(&base),
                        base.data[base.len - 1] == '/' ? "" : "/");
        text_puts(&all->path, names.names[i]);
        status = scan_entry(all, dirfd(folder), names.names[i], depth);
        text_free(&all->path);
    }
    all->path = base;
    names_free(&names);
    closedir(folder);
    return status;
}

static int
scan_below(struct scanning *all, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    text_free(&all->path);
    text_puts(&all->path, path);
    if (fd < 0)
        return fail_path(all, errno);
    find_own(all);
    return scan_folder(all, fd, 1);
}

/* ---- the command --------------------------------------------------------------------------- */

static void
begin(struct scanning *all)
{
    if (all->shape == SHAPE_SARIF)
        sarif_begin(&all->json);
    if (all->shape != SHAPE_JSON)
        return;
    json_open(&all->json, '{');
    json_key(&all->json, "environment");
    json_word(&all->json, all->environment);
    json_key(&all->json, "findings");
    json_open(&all->json, '[');
}

static int
end(struct scanning *all)
{
    if (all->shape == SHAPE_LINES) {
        out_note(all->cli, "%zu file%s: %zu error%s, %zu warning%s", all->files,
                 all->files == 1 ? "" : "s", all->errors, all->errors == 1 ? "" : "s",
                 all->warnings, all->warnings == 1 ? "" : "s");
        return 0;
    }
    if (all->shape == SHAPE_SARIF) {
        sarif_end(&all->json);
        return json_print(all->cli, &all->json);
    }
    json_close(&all->json, ']');
    json_key(&all->json, "files");
    json_integer(&all->json, (int64_t)all->files);
    json_key(&all->json, "errors");
    json_integer(&all->json, (int64_t)all->errors);
    json_key(&all->json, "warnings");
    json_integer(&all->json, (int64_t)all->warnings);
    json_close(&all->json, '}');
    return json_print(all->cli, &all->json);
}

static int
scan_all(struct scanning *all)
{
    const struct parsed *parsed = &all->cli->parsed;
    const char *folder = option_given(parsed, OPT_FOLDER) ? option_value(parsed, OPT_FOLDER) : NULL;
    size_t cursor = 0;
    const char *path = option_next(parsed, OPT_TEXT, &cursor);
    int status = 0;
    for (; status == 0 && path; path = option_next(parsed, OPT_TEXT, &cursor))
        status = scan_named(all, path);
    return status == 0 && folder ? scan_below(all, folder) : status;
}

int
cmd_scan(struct cli *cli)
{
    bool sarif = option_given(&cli->parsed, OPT_SARIF);
    struct scanning all = { .cli = cli,
                            .shape = sarif       ? SHAPE_SARIF
                                     : cli->json ? SHAPE_JSON
                                                 : SHAPE_LINES };
    envres_list *remarks = NULL;
    if (argument_at(&cli->parsed, 0))
        return fail_usage(cli, "an app is checked by itself: `envres check APP -e ENV`",
                          "--text and --folder scan files, not '%s'", argument_at(&cli->parsed, 0));
    int status = open_environment(cli, &all.environment);
    if (status)
        return status;
    if (envres_scan_open(cli->session, all.environment, NUL, &all.scan, &remarks, cli->err) < 0)
        status = fail_library(cli);
    begin(&all);
    if (status == 0)
        status = take_list(&all, remarks, NULL, 0);
    if (status == 0)
        status = scan_all(&all);
    if (status == 0)
        status = end(&all);
    bool strict = option_given(&cli->parsed, OPT_STRICT_CHECK);
    envres_list_free(remarks);
    envres_scan_close(all.scan);
    text_free(&all.path);
    text_free(&all.json.text);
    if (status)
        return status;
    return all.errors > 0 || all.too_long > 0 || (strict && all.warnings > 0);
}
