/* SPDX-License-Identifier: MIT */
/*
 * Golden files: a store of each format that a release has made. This library must open each, give
 * every value, verify it and write to it. A store whose format number is beyond its own it must
 * refuse, and leave every byte of it as it is, and of what lies beside it.
 *
 *     test_golden FOLDER              the files format-N.db there, each with format-N.txt, its dump
 *     test_golden --make FILE         the store of today's format
 *     test_golden --dump FILE         what a store holds, as text
 *     test_golden --format            the number of today's format
 *
 * make.sh drives the last three. The key is the bytes 1 to 32. Nothing here knows what a store of
 * today looks like but for --make: a golden file stays as its release made it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/db.h"

#include "../count_names.h"
#include "../scenarios/scenario.h"

#define TEXT ENVRES_NUL_TERMINATED

/* Where SQLite's header has the format, and the versions that write and read it (2: WAL). */
enum { HEADER_FORMAT = 60, HEADER_WRITER = 18, HEADER_READER = 19 };
enum { FILE_MAX = 1 << 20, FORMATS_MAX = 100 };

struct bytes {
    unsigned char *data;
    size_t len;
};

static char folder[64] = "/tmp/envres-golden-XXXXXX";
static char path[96];
static char journal[112];
static int failures;
static int passed;

/* One line for each check; what failed is counted. */
static bool
check(bool good, const char *what, const char *more)
{
    if (good) {
        passed++;
        return true;
    }
    printf("FAILED: %s%s%s\n", what, more ? ": " : "", more ? more : "");
    failures++;
    return false;
}

/* ---- files ---------------------------------------------------------------------------------- */

static struct bytes
read_file(const char *name)
{
    struct bytes bytes = { malloc(FILE_MAX), 0 };
    FILE *file = fopen(name, "rb");
    if (!file || !bytes.data) {
        free(bytes.data);
        bytes.data = NULL;
    } else {
        bytes.len = fread(bytes.data, 1, FILE_MAX - 1, file);
        bytes.data[bytes.len] = '\0';
    }
    if (file)
        fclose(file);
    return bytes;
}

static bool
write_file(const char *name, const void *data, size_t len)
{
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    bool good = file >= 0 && write(file, data, len) == (ssize_t)len;
    return file >= 0 && close(file) == 0 && good;
}

static void
clear_folder(void)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) {
        char name[400];
        snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(name);
    }
    if (dir)
        closedir(dir);
}

/* ---- stores --------------------------------------------------------------------------------- */

/* Opens without the clock and the contents of the fixture: as a host does. */
static envres_status
open_store(struct fixture *fx, const char *principal, uint8_t fill, uint32_t flags)
{
    envres_store_options options = { .size = sizeof(options), .flags = flags };
    *fx = (struct fixture){ .path = path, .err = envres_error_new(NULL) };
    for (size_t i = 0; i < sizeof(fx->key); i++)
        fx->key[i] = fill ? fill : (uint8_t)(i + 1);
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .principal = principal,
                                     .principal_len = principal ? TEXT : 0,
                                     .secret = fx->key,
                                     .secret_len = sizeof(fx->key) };
    envres_status st = envres_store_open(path, TEXT, &options, &fx->store, fx->err);
    return st < 0 ? st
                  : envres_session_open(fx->store, NULL, 0, &credential, &fx->session, fx->err);
}

static bool
renders(struct fixture *fx, const char *environment, const char *app, const char *text,
        const char *want)
{
    envres_scope_options options = { .size = sizeof(options),
                                     .app = app,
                                     .app_len = app ? TEXT : 0 };
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    envres_status st = envres_scope_open(fx->session, environment, TEXT, &options, &scope, fx->err);
    if (st == ENVRES_OK)
        st = envres_scope_expand(scope, text, TEXT, 0, 0, &value, fx->err);
    bool good = st == ENVRES_OK && strcmp(envres_value_data(value, NULL), want) == 0;
    if (st == ENVRES_OK && !good)
        printf("%s in %s: %s\n", text, environment, envres_value_data(value, NULL));
    envres_value_free(value);
    envres_scope_unref(scope);
    return check(good, text, st < 0 ? envres_error_message(fx->err) : want);
}

/* ---- what each file must answer ------------------------------------------------------------- */

/* Beside its dump: what is made of the values. */
static const struct {
    int format;
    const char *environment;
    const char *app;
    const char *text;
    const char *answer;
} answers[] = {
    { 1, "development", NULL, "<< environment.variables.DATABASE_URL >>",
      "postgres://app:dev-secret-2@db.dev/crm" },
    { 1, "production", NULL, "<< environment.variables.DB_PASSWORD >>", "prod-secret-1" },
    { 1, "staging", NULL, "<< environment.variables.HOST >>", "db.staging" },
    { 1, "staging", NULL, "<< resources.crm.host >>", "db.dev" },
    { 1, "development", NULL, "<< resources.crm.password | url >>", "p%40ss%20word" },
    { 1, "production", "portal", "<< app.name >> << app.version >> << app.release >>",
      "portal v2 1.1.0" },
    { 1, "production", "tool", "<< environment.variables.HOST >>", "db.prod" },
};

static void
read_all(struct fixture *fx, int format, const char *dump)
{
    int asked = 0;
    char *text = fixture_dump(fx);
    check(text && strcmp(text, dump) == 0, "every value is as in the dump", NULL);
    free(text);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (answers[i].format == format) {
            renders(fx, answers[i].environment, answers[i].app, answers[i].text, answers[i].answer);
            asked++;
        }
    }
    check(asked > 0, "the table of answers has rows for this format", NULL);
    check(fixture_verify(fx) == 0, "verify", NULL);
}

static void
write_some(struct fixture *fx)
{
    envres_rollback_options move = { .size = sizeof(move), .expect_live = 2 };
    check(put(fx, "production", "HOST", "db.new", 0, 0) == ENVRES_OK, "put", NULL);
    check(put(fx, "production", "DB_PASSWORD", "prod-secret-2", 0, 0) == ENVRES_OK, "put secret",
          NULL);
    check(put(fx, "development", "NEW", "x", 0, 0) == ENVRES_OK, "put new", NULL);
    check(envres_release_rollback(fx->session, "portal", TEXT, &move, NULL, NULL, NULL, fx->err) ==
              ENVRES_OK,
          "roll back", envres_error_message(fx->err));
}

static void
read_written(struct fixture *fx)
{
    renders(fx, "production", NULL,
            "<< environment.variables.HOST >> << environment.variables.DB_PASSWORD >>",
            "db.new prod-secret-2");
    renders(fx, "production", "portal", "<< app.version >>", "v1");
    check(fixture_verify(fx) == 0, "verify what was written", NULL);
}

/* Opens the copy, does one of the above, closes it. */
static void
with_store(const char *principal, uint8_t fill, void (*act)(struct fixture *fx))
{
    struct fixture fx;
    envres_status st = open_store(&fx, principal, fill, 0);
    if (check(st == ENVRES_OK, "opens", envres_error_message(fx.err)))
        act(&fx);
    fixture_close(&fx);
}

static void
read_as_another(struct fixture *fx)
{
    renders(fx, "staging", NULL, "<< environment.variables.HOST >>", "db.staging");
}

static void
run_file(int format, const struct bytes *golden, const char *dump)
{
    struct fixture fx;
    check(write_file(path, golden->data, golden->len), "the copy is written", NULL);
    envres_status st = open_store(&fx, NULL, 0, 0);
    if (check(st == ENVRES_OK, "opens", envres_error_message(fx.err)))
        read_all(&fx, format, dump);
    fixture_close(&fx);
    with_store("stacy", 's', read_as_another);
    with_store(NULL, 0, write_some);
    with_store(NULL, 0, read_written);
    clear_folder();
}

/* ---- a newer format ------------------------------------------------------------------------- */

/* Opening, by each way there is, must answer `want`. */
static void
opens_with(uint32_t flags, envres_status want, const char *what)
{
    struct fixture fx;
    envres_status st = open_store(&fx, NULL, 0, flags);
    check(st == want, what, envres_status_name(st));
    fixture_close(&fx);
}

static bool
is_unchanged(const struct bytes *file, const struct bytes *side, int files)
{
    struct bytes now = read_file(path);
    struct bytes beside = read_file(journal);
    bool good = now.data && now.len == file->len && memcmp(now.data, file->data, now.len) == 0 &&
                count_names(folder) == files;
    if (side)
        good = good && beside.data && beside.len == side->len &&
               memcmp(beside.data, side->data, side->len) == 0;
    free(now.data);
    free(beside.data);
    return good;
}

/* A number beyond ours, with and without a journal that waits, and in a file of WAL mode. */
static void
refuse_newer(const struct bytes *golden, int newest)
{
    static const char junk[] = "not a journal of this store, and not for us to play back";
    struct bytes side = { (unsigned char *)(uintptr_t)junk, sizeof(junk) };
    for (int way = 0; way < 3; way++) {
        struct bytes file = { malloc(golden->len), golden->len };
        if (!check(file.data != NULL, "memory", NULL))
            return;
        memcpy(file.data, golden->data, golden->len);
        file.data[HEADER_FORMAT + 3] = (unsigned char)(newest + 1);
        if (way == 2)
            file.data[HEADER_WRITER] = file.data[HEADER_READER] = 2;
        check(write_file(path, file.data, file.len), "the copy is written", NULL);
        if (way == 1)
            check(write_file(journal, junk, sizeof(junk)), "the journal is written", NULL);
        opens_with(0, ENVRES_E_NEWER_STORE, "a newer format is refused");
        opens_with(ENVRES_STORE_READ_ONLY, ENVRES_E_NEWER_STORE, "a newer format, only to read");
        check(is_unchanged(&file, way == 1 ? &side : NULL, way == 1 ? 2 : 1),
              "a newer store is as it was, and what is beside it", NULL);
        free(file.data);
        clear_folder();
    }
}

/* The comparison must see a change, and the refusal must come from the number alone. */
static void
control(const struct bytes *golden)
{
    check(write_file(path, golden->data, golden->len), "the copy is written", NULL);
    with_store(NULL, 0, write_some);
    bool caught = !is_unchanged(golden, NULL, count_names(folder));
    check(caught, "control: a store that was written is seen to differ", NULL);
    printf("control: %d of 1 caught\n", caught);
    clear_folder();
}

/* ---- all ------------------------------------------------------------------------------------ */

static int
run_folder(const char *where)
{
    int formats = 0;
    for (int format = 1; format <= FORMATS_MAX; format++) {
        char db[600];
        char txt[600];
        snprintf(db, sizeof(db), "%s/format-%d.db", where, format);
        snprintf(txt, sizeof(txt), "%s/format-%d.txt", where, format);
        struct bytes golden = read_file(db);
        struct bytes dump = read_file(txt);
        if (golden.data && check(dump.data != NULL, txt, "is missing")) {
            formats = format;
            check(golden.len < 400000, "a golden file is small", NULL);
            check(golden.data[HEADER_FORMAT + 3] == format, "the file is of its format", NULL);
            run_file(format, &golden, (const char *)dump.data);
        }
        if (golden.data && formats == format) {
            refuse_newer(&golden, DB_FORMAT);
            control(&golden);
        }
        free(golden.data);
        free(dump.data);
        if (formats < format)
            break;
    }
    check(formats == DB_FORMAT, "there is a file of each format; make.sh makes one", NULL);
    printf("golden files: %d formats, %d checks\n", formats, passed);
    return formats;
}

static int
make(const char *name)
{
    struct fixture fx = { .path = name };
    envres_status st = fixture_make(&fx);
    if (st < 0)
        fprintf(stderr, "%s: %s\n", name, envres_error_message(fx.err));
    fixture_close(&fx);
    return st < 0;
}

static int
dump(const char *name)
{
    struct fixture fx;
    snprintf(path, sizeof(path), "%.90s", name);
    envres_status st = open_store(&fx, NULL, 0, ENVRES_STORE_ANY_FILE_MODE);
    char *text = st < 0 ? NULL : fixture_dump(&fx);
    if (text)
        fputs(text, stdout);
    else
        fprintf(stderr, "%s: %s\n", name, envres_error_message(fx.err));
    free(text);
    fixture_close(&fx);
    return !text;
}

int
main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--make") == 0)
        return make(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--dump") == 0)
        return dump(argv[2]);
    if (argc == 2 && strcmp(argv[1], "--format") == 0)
        return printf("%d\n", DB_FORMAT) < 0;
    if (argc != 2 || !mkdtemp(folder)) {
        fprintf(stderr, "usage: test_golden FOLDER\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/store.db", folder);
    snprintf(journal, sizeof(journal), "%s-journal", path);
    run_folder(argv[1]);
    rmdir(folder);
    printf("%d passed, %d failed\n", passed, failures);
    return failures ? 1 : 0;
}
