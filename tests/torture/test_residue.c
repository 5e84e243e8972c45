/* SPDX-License-Identifier: MIT */
/*
 * Residue: 20 canary secrets are set, rendered, replaced and taken away; after every step no file
 * of the store's folder or of the temporary folder holds one of them, whole or in a usual disguise
 * (UTF-16, base64 at three shifts, hex), and no error that they provoke says one. A plain search
 * for something that is there must succeed first: a scanner that finds nothing proves nothing.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <envres/envres.h>

#define TEXT ENVRES_NUL_TERMINATED

enum { CANARIES = 20, FORMS = 8, FORM_SIZE = 160 };

struct form {
    unsigned char bytes[FORM_SIZE];
    size_t len;
};

static char folder[64] = "/tmp/envres-residue-XXXXXX";
static char canaries[2 * CANARIES][40]; /* the first values, and those that replace them */
static struct form forms[2 * CANARIES][FORMS];
static int failures;
static int checks;

static void
fail(const char *what, const char *where)
{
    fprintf(stderr, "%s: %s\n", where, what);
    failures++;
}

/* Without its first and last characters, which depend on what stands beside it. */
static void
base64_form(const char *text, size_t shift, struct form *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char padded[64] = { 0 };
    char encoded[128];
    size_t used = 0;
    size_t len = strlen(text) + shift;
    memcpy(padded + shift, text, strlen(text));
    for (size_t i = 0; i + 2 < len; i += 3) {
        unsigned v = (unsigned)padded[i] << 16 | (unsigned)padded[i + 1] << 8 | padded[i + 2];
        for (int b = 18; b >= 0; b -= 6)
            encoded[used++] = digits[v >> b & 63];
    }
    size_t skip = shift ? 4 : 0;
    out->len = used - skip;
    memcpy(out->bytes, encoded + skip, out->len);
}

static void
make_forms(const char *text, struct form out[FORMS])
{
    size_t len = strlen(text);
    memset(out, 0, FORMS * sizeof(*out));
    memcpy(out[0].bytes, text, len);
    out[0].len = len;
    for (size_t i = 0; i < len; i++) {
        out[1].bytes[2 * i] = (unsigned char)text[i];     /* UTF-16, low byte first */
        out[2].bytes[2 * i + 1] = (unsigned char)text[i]; /* and high byte first */
        snprintf((char *)out[3].bytes + 2 * i, 3, "%02x", (unsigned)(unsigned char)text[i]);
        snprintf((char *)out[4].bytes + 2 * i, 3, "%02X", (unsigned)(unsigned char)text[i]);
    }
    for (int i = 1; i <= 4; i++)
        out[i].len = 2 * len;
    for (size_t shift = 0; shift < 3; shift++)
        base64_form(text, shift, &out[5 + shift]);
}

static bool
contains(const unsigned char *data, size_t len, const struct form *form)
{
    return form->len > 0 && memmem(data, len, form->bytes, form->len) != NULL;
}

static unsigned char *
read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    unsigned char *data = malloc((size_t)size + 1);
    *len = data ? fread(data, 1, (size_t)size, file) : 0;
    fclose(file);
    return data;
}

/* Every file of a folder; `wanted` counts where it stands instead of failing. */
static int
scan(const char *where, const struct form *wanted)
{
    DIR *dir = opendir(where);
    struct dirent *entry;
    int found = 0;
    while (dir && (entry = readdir(dir)) != NULL) {
        char path[400];
        struct stat info;
        size_t len = 0;
        snprintf(path, sizeof(path), "%s/%s", where, entry->d_name);
        if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
            continue;
        if ((info.st_mode & 077) != 0)
            fail("others may read it", path);
        unsigned char *data = read_file(path, &len);
        for (size_t c = 0; !wanted && data && c < 2 * CANARIES; c++) {
            for (size_t f = 0; f < FORMS; f++) {
                checks++;
                if (contains(data, len, &forms[c][f]))
                    fail(canaries[c], path);
            }
        }
        found += wanted && data && contains(data, len, wanted);
        free(data);
    }
    if (dir)
        closedir(dir);
    return found;
}

static void
scan_all(void)
{
    char inner[96];
    snprintf(inner, sizeof(inner), "%s/tmp", folder);
    scan(folder, NULL);
    scan(inner, NULL);
}

static void
scan_error(const envres_error *err)
{
    const char *const parts[] = { envres_error_message(err), envres_error_hint(err),
                                  envres_error_subject(err) };
    if (envres_error_code(err) == ENVRES_OK)
        fail("the call should have failed", "error");
    for (size_t p = 0; p < 3; p++) {
        for (size_t c = 0; c < 2 * CANARIES; c++) {
            for (size_t f = 0; f < FORMS; f++) {
                checks++;
                if (contains((const unsigned char *)parts[p], strlen(parts[p]), &forms[c][f]))
                    fail(canaries[c], "error");
            }
        }
    }
}

static envres_status
put(envres_session *session, const char *name, const char *value, int32_t type, envres_error *err)
{
    envres_variable_write write = { .size = sizeof(write),
                                    .flags = ENVRES_WRITE_SECRET,
                                    .name = name,
                                    .name_len = TEXT,
                                    .value = value,
                                    .value_len = TEXT,
                                    .type = type };
    return envres_variable_put(session, "production", TEXT, &write, NULL, NULL, err);
}

static void
need(envres_status st, const envres_error *err, const char *what)
{
    if (st < 0) {
        fprintf(stderr, "%s: %s\n", what, envres_error_message(err));
        failures++;
    }
}

/* Set, render, use in a resource, replace, take away: each followed by a scan. */
static void
live(envres_store *store, envres_session *session, envres_error *err)
{
    envres_list *list = NULL;
    for (size_t i = 0; i < CANARIES; i++) {
        char name[16];
        char tag[64];
        envres_scope *scope = NULL;
        envres_value *value = NULL;
        snprintf(name, sizeof(name), "SECRET_%zu", i);
        snprintf(tag, sizeof(tag), "<< environment.variables.%s | base64 >>", name);
        need(put(session, name, canaries[i], 0, err), err, "put");
        scan_all();
        need(envres_scope_open(session, "production", TEXT, NULL, &scope, err), err, "scope");
        need(envres_scope_expand(scope, tag, TEXT, 0, 0, &value, err), err, "expand");
        envres_value_free(value);
        envres_scope_unref(scope);
        need(put(session, name, canaries[CANARIES + i], 0, err), err, "put again");
        scan_all();
        if (i % 2)
            need(envres_variable_unset(session, "production", TEXT, name, TEXT, NULL, NULL, err),
                 err, "unset");
    }
    envres_resource_field field = { .size = sizeof(field),
                                    .flags = ENVRES_FIELD_SECRET,
                                    .name = "token",
                                    .name_len = TEXT,
                                    .value = canaries[0],
                                    .value_len = TEXT };
    envres_resource_write write = {
        .size = sizeof(write), .handle = "own", .handle_len = TEXT, .fields = &field, .count = 1
    };
    need(envres_resource_define(session, "own", TEXT, "custom", TEXT, NULL, err), err, "define");
    need(envres_resource_configure(session, "production", TEXT, &write, NULL, NULL, err), err,
         "configure");
    need(envres_store_verify(store, session, &list, err), err, "verify");
    if (envres_list_count(list) != 0)
        fail("findings", "verify");
    envres_list_free(list);
    scan_all();
}

/* Errors that a secret provokes never repeat it. */
static void
provoke(envres_session *session, envres_error *err)
{
    static const int32_t types[] = { ENVRES_TYPE_NUMBER, ENVRES_TYPE_BOOLEAN, ENVRES_TYPE_JSON };
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    int64_t integer = 0;
    char tagged[96];
    for (size_t i = 0; i < 3; i++) {
        put(session, "PROVOKED", canaries[i], types[i], err);
        scan_error(err);
    }
    snprintf(tagged, sizeof(tagged), "%s << environment.variables. >>", canaries[3]);
    put(session, "PROVOKED", tagged, ENVRES_TYPE_TEMPLATE, err);
    scan_error(err);
    snprintf(tagged, sizeof(tagged), "%s\xFF", canaries[4]);
    put(session, "PROVOKED", tagged, 0, err);
    scan_error(err);
    need(envres_scope_open(session, "production", TEXT, NULL, &scope, err), err, "scope");
    envres_scope_get_integer(scope, "SECRET_0", TEXT, &integer, err);
    scan_error(err);
    envres_scope_expand(scope, "<< environment.variables.SECRET_0 >>", TEXT, 0,
                        ENVRES_RENDER_NO_SECRETS, &value, err);
    scan_error(err);
    envres_scope_expand(scope, "echo \"<< environment.variables.SECRET_0 >>\"", TEXT,
                        ENVRES_CONTEXT_SHELL, 0, &value, err);
    scan_error(err);
    envres_scope_unref(scope);
    envres_resource_field field = { .size = sizeof(field),
                                    .name = "port",
                                    .name_len = TEXT,
                                    .value = canaries[5],
                                    .value_len = TEXT };
    envres_resource_write write = {
        .size = sizeof(write), .handle = "db", .handle_len = TEXT, .fields = &field, .count = 1
    };
    need(envres_resource_define(session, "db", TEXT, "postgres", TEXT, NULL, err), err, "define");
    envres_resource_configure(session, "production", TEXT, &write, NULL, NULL, err);
    scan_error(err);
}

int
main(void)
{
    char path[96];
    char inner[96];
    uint8_t key[32];
    struct form witness;
    envres_store *store = NULL;
    envres_session *session = NULL;
    envres_error *err = envres_error_new(NULL);
    umask(0);
    if (!mkdtemp(folder) || !err)
        return 2;
    snprintf(path, sizeof(path), "%s/envres.db", folder);
    snprintf(inner, sizeof(inner), "%s/tmp", folder);
    mkdir(inner, 0700);
    setenv("TMPDIR", inner, 1);
    setenv("SQLITE_TMPDIR", inner, 1);
    for (size_t i = 0; i < 2 * CANARIES; i++) {
        snprintf(canaries[i], sizeof(canaries[i]), "cAnArY-%02zu-zQ7xK4vN9pW2mT", i);
        make_forms(canaries[i], forms[i]);
    }
    need(envres_key_generate(key, err), err, "key");
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key,
                                .secret_len = sizeof(key) };
    need(envres_store_create(path, TEXT, NULL, &owner, &store, err), err, "create");
    need(envres_session_open(store, NULL, 0, &owner, &session, err), err, "session");
    if (failures == 0) {
        live(store, session, err);
        provoke(session, err);
    }
    /* Names are not secret, and stand in the file: the scanner must see one. */
    memset(&witness, 0, sizeof(witness));
    memcpy(witness.bytes, "SECRET_7", 8);
    witness.len = 8;
    bool caught = scan(folder, &witness) > 0;
    if (!caught)
        fail("not found though it is there", "scanner");
    envres_session_close(session);
    envres_store_close(store);
    scan_all();
    unlink(path);
    strcat(path, "-journal");
    unlink(path);
    rmdir(inner);
    if (rmdir(folder) != 0)
        fail("something was left there", folder);
    envres_error_free(err);
    printf("control: %d of 1 caught\n", caught);
    printf("residue: %d comparisons\n%d passed, %d failed\n", checks, failures == 0, failures != 0);
    return failures ? 1 : 0;
}
