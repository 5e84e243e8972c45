/* SPDX-License-Identifier: MIT */
/* Parts in a file: each put is there when it returned, and a version costs references. */
#include "helper.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static envres_status
put_in(envres_session *session, const char *app, const char *version, const char *path,
       const char *text, uint32_t flags, envres_error *err)
{
    envres_version_name name = fx_version(app, version);
    envres_part_write write = fx_part(path, text, text ? strlen(text) : 0, flags);
    return envres_part_put(session, &name, &write, 1, NULL, NULL, err);
}

struct file {
    struct fx *fx;
    char folder[64];
    char path[96];
    uint8_t key[32];
};

static envres_credential
owner_of(struct file *file)
{
    memset(file->key, 7, sizeof(file->key));
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = file->key,
                                .secret_len = sizeof(file->key) };
    return owner;
}

static void
open_file(struct file *file, envres_store **store, envres_session **session, int create)
{
    envres_credential owner = owner_of(file);
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_RELAXED };
    if (create)
        OK(file->fx, envres_store_create(file->path, TEXT, &options, &owner, store, file->fx->err));
    else
        OK(file->fx, envres_store_open(file->path, TEXT, &options, store, file->fx->err));
    OK(file->fx, envres_session_open(*store, NULL, 0, &owner, session, file->fx->err));
}

static void
make_file(struct file *file, struct fx *fx, envres_store **store, envres_session **session)
{
    file->fx = fx;
    strcpy(file->folder, "/tmp/envres-part-XXXXXX");
    assert_non_null(mkdtemp(file->folder));
    snprintf(file->path, sizeof(file->path), "%s/store", file->folder);
    umask(077);
    open_file(file, store, session, 1);
}

static void
remove_file(struct file *file)
{
    char journal[128];
    snprintf(journal, sizeof(journal), "%s-journal", file->path);
    unlink(journal);
    unlink(file->path);
    assert_int_equal(rmdir(file->folder), 0);
}

static int64_t
size_of(const struct file *file)
{
    struct stat info;
    assert_int_equal(stat(file->path, &info), 0);
    return info.st_size;
}

static void
each_put_is_there_after_reopening(void **state)
{
    struct fx *fx = *state;
    struct file file = { .fx = NULL };
    envres_store *store = NULL;
    envres_session *session = NULL;
    envres_version_name name = fx_version("dash", NULL);
    char text[32];
    make_file(&file, fx, &store, &session);
    OK(fx, envres_app_create(session, "dash", TEXT, NULL, NULL, fx->err));
    for (int i = 0; i < 20; i++) {
        envres_value *value = NULL;
        snprintf(text, sizeof(text), "text %d", i);
        OK(fx, put_in(session, "dash", NULL, i % 3 ? "a" : "b", text, 0, fx->err));
        envres_session_close(session);
        envres_store_close(store);
        open_file(&file, &store, &session, 0);
        OK(fx, envres_part_get(session, &name, i % 3 ? "a" : "b", TEXT, &value, fx->err));
        assert_string_equal(envres_value_data(value, NULL), text);
        envres_value_free(value);
    }
    envres_list *list = NULL;
    OK(fx, envres_part_history(session, &name, NULL, 0, &list, fx->err));
    assert_int_equal(envres_list_count(list), 20);
    envres_list_free(list);
    envres_session_close(session);
    envres_store_close(store);
    remove_file(&file);
}

/* 2 MB in 40 parts. Bytes that do not repeat. */
static void
fill_app(struct fx *fx, envres_session *session)
{
    enum { PARTS = 40, EACH = 50 * 1024 };
    envres_version_name name = fx_version("dash", NULL);
    envres_part_write writes[PARTS];
    char paths[PARTS][32];
    char *bytes = malloc(PARTS * EACH);
    uint64_t seed = 42;
    for (size_t i = 0; i < PARTS * EACH; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bytes[i] = (char)(seed >> 56);
    }
    for (size_t i = 0; i < PARTS; i++) {
        snprintf(paths[i], sizeof(paths[i]), "src/modules/module-%zu.js", i);
        writes[i] = fx_part(paths[i], bytes + i * EACH, EACH, 0);
    }
    OK(fx, envres_app_create(session, "dash", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_part_put(session, &name, writes, PARTS, NULL, NULL, fx->err));
    free(bytes);
}

/* `edited`: each version changes a small part as well. */
static int64_t
growth_of_versions(struct fx *fx, int edited)
{
    struct file file = { .fx = NULL };
    envres_store *store = NULL;
    envres_session *session = NULL;
    envres_list *findings = NULL;
    make_file(&file, fx, &store, &session);
    fill_app(fx, session);
    int64_t before = size_of(&file);
    assert_true(before > 2000 * 1000);
    for (int i = 2; i <= 1001; i++) {
        char name[16];
        snprintf(name, sizeof(name), "v%d", i);
        OK(fx, envres_version_create(session, "dash", TEXT, NULL, NULL, NULL, fx->err));
        if (edited)
            OK(fx, put_in(session, "dash", name, "src/config.js", name, 0, fx->err));
    }
    int64_t after = size_of(&file);
    OK(fx, envres_store_verify(store, session, &findings, fx->err));
    assert_int_equal(envres_list_count(findings), 0);
    envres_list_free(findings);
    envres_session_close(session);
    envres_store_close(store);
    remove_file(&file);
    return after - before;
}

static void
versions_cost_references(void **state)
{
    struct fx *fx = *state;
    int64_t plain = growth_of_versions(fx, 0);
    int64_t edited = growth_of_versions(fx, 1);
    print_message("1,000 versions of 2 MB: %lld bytes; with an edit in each: %lld bytes\n",
                  (long long)plain, (long long)edited);
    assert_true(plain < 5 * 1000 * 1000);
    assert_true(edited < 10 * 1000 * 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)
        TEST(each_put_is_there_after_reopening),
        TEST(versions_cost_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
