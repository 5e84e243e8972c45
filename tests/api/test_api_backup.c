/* SPDX-License-Identifier: MIT */
/* Backups: a whole store under another name, closed to others, never over something. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <envres/envres.h>

#define TEXT ENVRES_NUL_TERMINATED

struct place {
    char folder[64];
    char store[96];
    char copy[96];
    uint8_t key[32];
};

static envres_credential
credential_of(struct place *place)
{
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = place->key,
                                     .secret_len = sizeof(place->key) };
    return credential;
}

static int
make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    strcpy(place->folder, "/tmp/envres-backup-XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    snprintf(place->store, sizeof(place->store), "%s/envres.db", place->folder);
    snprintf(place->copy, sizeof(place->copy), "%s/copy.db", place->folder);
    memset(place->key, 7, sizeof(place->key));
    *state = place;
    return 0;
}

static int
remove_place(void **state)
{
    static const char *const names[] = { "envres.db", "envres.db-journal", "copy.db",
                                         "copy.db-journal" };
    struct place *place = *state;
    char path[160];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", place->folder, names[i]);
        unlink(path);
    }
    int left = rmdir(place->folder); /* fails when a call left anything else behind */
    free(place);
    return left;
}

static void
a_backup_is_a_whole_store(void **state)
{
    struct place *place = *state;
    envres_credential credential = credential_of(place);
    envres_store *store = NULL;
    envres_session *session = NULL;
    envres_list *findings = NULL;
    envres_value *value = NULL;
    struct stat info;
    umask(0);
    assert_int_equal(envres_store_create(place->store, TEXT, NULL, &credential, &store, NULL), 0);
    assert_int_equal(envres_session_open(store, NULL, 0, &credential, &session, NULL), 0);
    envres_variable_write write = { .size = sizeof(write),
                                    .flags = ENVRES_WRITE_SECRET,
                                    .name = "KEY",
                                    .name_len = TEXT,
                                    .value = "canary-value",
                                    .value_len = TEXT };
    assert_int_equal(envres_variable_put(session, "staging", TEXT, &write, NULL, NULL, NULL), 0);
    assert_int_equal(envres_store_backup(store, place->copy, TEXT, NULL), 0);
    assert_int_equal(envres_store_backup(store, place->copy, TEXT, NULL), ENVRES_E_STORE_EXISTS);
    envres_session_close(session);
    envres_store_close(store);

    assert_int_equal(stat(place->copy, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    store = NULL;
    assert_int_equal(envres_store_open(place->copy, TEXT, NULL, &store, NULL), 0);
    assert_int_equal(envres_session_open(store, NULL, 0, &credential, &session, NULL), 0);
    assert_int_equal(envres_store_verify(store, session, &findings, NULL), 0);
    assert_int_equal(envres_list_count(findings), 0);
    assert_int_equal(envres_variable_get(session, "staging", TEXT, "KEY", TEXT, ENVRES_READ_REVEAL,
                                         &value, NULL),
                     0);
    assert_string_equal(envres_value_data(value, NULL), "canary-value");
    envres_value_free(value);
    envres_list_free(findings);
    envres_session_close(session);
    envres_store_close(store);
}

static void
nothing_is_left_where_it_cannot_be_made(void **state)
{
    struct place *place = *state;
    envres_credential credential = credential_of(place);
    envres_store *store = NULL;
    char path[160];
    assert_int_equal(envres_store_create(NULL, 0, NULL, &credential, &store, NULL), 0);
    snprintf(path, sizeof(path), "%s/none/copy.db", place->folder);
    assert_true(envres_store_backup(store, path, TEXT, NULL) < 0);
    assert_int_equal(envres_store_backup(store, NULL, 0, NULL), ENVRES_E_INVALID);
    envres_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_backup_is_a_whole_store, make_place, remove_place),
        cmocka_unit_test_setup_teardown(nothing_is_left_where_it_cannot_be_made, make_place,
                                        remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
