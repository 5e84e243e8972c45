/* SPDX-License-Identifier: MIT */
/* Destroying older values: what goes, what stays, what is refused, and what is said afterwards. */
#include <stdlib.h>
#include <unistd.h>

#include "../raw_sql.h"
#include "fx_serve.h"

static envres_status
destroy(struct fx *fx, const char *env, const char *name, int64_t revision, uint32_t flags)
{
    envres_change change = { .size = sizeof(change), .flags = flags };
    return envres_variable_destroy(fx->session, env, TEXT, name, TEXT, revision, &change, fx->err);
}

static envres_status
restore(struct fx *fx, const char *env, const char *name, int64_t revision)
{
    envres_restore_point point = {
        .size = sizeof(point), .name = name, .name_len = name ? TEXT : 0, .revision = revision
    };
    int64_t made = 0;
    return envres_restore(fx->session, env, TEXT, &point, NULL, &made, fx->err);
}

static void
put_thrice(struct fx *fx)
{
    OK(fx, fx_put(fx, "staging", "TOKEN", "first", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "staging", "HOST", "db.one", 0, 0));
    OK(fx, fx_put(fx, "staging", "TOKEN", "second", 0, 0));
    OK(fx, fx_put(fx, "staging", "HOST", "db.two", 0, 0));
    OK(fx, fx_put(fx, "staging", "TOKEN", "third", 0, 0));
}

static void
history_keeps_the_revision_without_its_value(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    put_thrice(fx);
    OK(fx, destroy(fx, "staging", "TOKEN", 3, 0));
    OK(fx, envres_variable_history(fx->session, "staging", TEXT, "TOKEN", TEXT, ENVRES_READ_REVEAL,
                                   &list, fx->err));
    assert_int_equal(envres_list_count(list), 3);
    for (size_t row = 0; row < 3; row++) {
        assert_int_equal(envres_list_integer(list, row, ENVRES_HISTORY_DESTROYED), row == 1);
        assert_int_equal(envres_list_integer(list, row, ENVRES_HISTORY_SET), row != 1);
    }
    assert_int_equal(envres_list_integer(list, 1, ENVRES_HISTORY_REVISION), 3);
    assert_string_equal(envres_list_text(list, 0, ENVRES_HISTORY_VALUE, NULL), "third");
    assert_null(envres_list_text(list, 1, ENVRES_HISTORY_VALUE, NULL));
    assert_null(envres_list_text(list, 1, ENVRES_HISTORY_ERROR, NULL));
    assert_string_equal(envres_list_text(list, 2, ENVRES_HISTORY_VALUE, NULL), "first");
    envres_list_free(list);
    fx_renders(fx, "staging", "<< environment.variables.TOKEN >>", "third", ENVRES_OK);
}

static void
the_audit_names_the_revision(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    put_thrice(fx);
    OK(fx, destroy(fx, "staging", "TOKEN", 3, 0));
    OK(fx, envres_audit_list(fx->session, NULL, &list, fx->err));
    size_t last = envres_list_count(list) - 1;
    assert_string_equal(envres_list_text(list, last, ENVRES_AUDIT_ACTION, NULL),
                        "variable.destroy");
    assert_string_equal(envres_list_text(list, last, ENVRES_AUDIT_OBJECT, NULL), "variable/TOKEN");
    assert_int_equal(envres_list_integer(list, last, ENVRES_AUDIT_REVISION), 3);
    envres_list_free(list);
}

static void
what_cannot_be_destroyed(void **state)
{
    struct fx *fx = *state;
    put_thrice(fx);
    OK(fx, envres_variable_unset(fx->session, "staging", TEXT, "HOST", TEXT, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_REFERRED, destroy(fx, "staging", "TOKEN", 5, ENVRES_CHANGE_FORCE));
    fx_hint(fx, "unset it first");
    FAILS(fx, ENVRES_E_NOT_SET, destroy(fx, "staging", "HOST", 6, 0));
    FAILS(fx, ENVRES_E_NOT_FOUND, destroy(fx, "staging", "TOKEN", 2, 0));
    fx_hint(fx, "history");
    FAILS(fx, ENVRES_E_NOT_FOUND, destroy(fx, "staging", "TOKEN", 99, 0));
    FAILS(fx, ENVRES_E_NOT_FOUND, destroy(fx, "staging", "TOKEM", 3, 0));
    fx_hint(fx, "TOKEN");
    FAILS(fx, ENVRES_E_NOT_FOUND, destroy(fx, "stagin", "TOKEN", 3, 0));
    FAILS(fx, ENVRES_E_INVALID, destroy(fx, "staging", "TOKEN", 0, 0));
    FAILS(fx, ENVRES_E_INVALID, destroy(fx, "staging", "resource/crm", 1, 0));
    OK(fx, destroy(fx, "staging", "TOKEN", 3, 0));
    FAILS(fx, ENVRES_E_NOT_SET, destroy(fx, "staging", "TOKEN", 3, 0));
    fx_hint(fx, "by owner on 2023-11-14 22:13:20 UTC");
}

static void
restoring_says_who_destroyed_it_and_when(void **state)
{
    struct fx *fx = *state;
    put_thrice(fx);
    OK(fx, destroy(fx, "staging", "TOKEN", 3, 0));
    FAILS(fx, ENVRES_E_NOT_SET, restore(fx, "staging", "TOKEN", 4));
    fx_hint(fx, "destroyed by owner on 2023-11-14 22:13:20 UTC");
    FAILS(fx, ENVRES_E_NOT_SET, restore(fx, "staging", NULL, 3));
    fx_renders(fx, "staging", "<< environment.variables.TOKEN >>", "third", ENVRES_OK);
    OK(fx, restore(fx, "staging", "TOKEN", 1));
    fx_renders(fx, "staging", "<< environment.variables.TOKEN >>", "first", ENVRES_OK);
}

/* A default stands in for what was never set; not for what was destroyed. */
static void
an_older_scope_says_so_and_resolves_the_rest(void **state)
{
    struct fx *fx = *state;
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    put_thrice(fx);
    OK(fx, destroy(fx, "staging", "HOST", 2, 0));
    envres_scope_options options = { .size = sizeof(options), .revision = 3 };
    OK(fx, envres_scope_open(fx->session, "staging", TEXT, &options, &scope, fx->err));
    FAILS(fx, ENVRES_E_NOT_SET,
          envres_scope_expand(scope, "<< environment.variables.HOST | default(\"x\") >>", TEXT, 0,
                              0, &value, fx->err));
    fx_hint(fx, "destroyed by owner");
    OK(fx, envres_scope_expand(scope, "<< environment.variables.TOKEN >>", TEXT, 0, 0, &value,
                               fx->err));
    assert_string_equal(envres_value_data(value, NULL), "second");
    envres_value_free(value);
    envres_scope_unref(scope);
}

static void
fields_of_resources_too(void **state)
{
    struct fx *fx = *state;
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "staging", "crm", "password", "one", ENVRES_FIELD_SECRET));
    OK(fx, fx_field(fx, "staging", "crm", "password", "two", ENVRES_FIELD_SECRET));
    FAILS(fx, ENVRES_E_REFERRED, destroy(fx, "staging", "resource/crm/password", 2, 0));
    FAILS(fx, ENVRES_E_NOT_FOUND, destroy(fx, "staging", "resource/crm/host", 1, 0));
    OK(fx, destroy(fx, "staging", "resource/crm/password", 1, 0));
    FAILS(fx, ENVRES_E_NOT_SET, restore(fx, "staging", "resource/crm", 1));
    fx_hint(fx, "by owner");
}

/* By the name it had, and by the one it has; a deleted variable's values are still there to go. */
static void
names_of_then_and_of_now(void **state)
{
    struct fx *fx = *state;
    put_thrice(fx);
    OK(fx, envres_variable_rename(fx->session, "TOKEN", TEXT, "PASS", TEXT, NULL, fx->err));
    OK(fx, destroy(fx, "staging", "PASS", 1, 0));
    OK(fx, destroy(fx, "staging", "TOKEN", 3, 0));
    OK(fx, envres_variable_delete(fx->session, "PASS", TEXT, NULL, fx->err));
    OK(fx, destroy(fx, "staging", "PASS", 6, 0));
    OK(fx, destroy(fx, "staging", "TOKEN", 5, 0));
    FAILS(fx, ENVRES_E_NOT_SET, destroy(fx, "staging", "TOKEN", 5, 0));
}

static void
a_pinned_release_refuses_then_says_so(void **state)
{
    struct fx *fx = *state;
    OK(fx, fx_put(fx, "production", "HOST", "db.one", 0, 0));
    OK(fx, fx_put(fx, "production", "PORT", "5432", 0, 0));
    OK(fx, fx_put(fx, "staging", "PORT", "5432", 0, 0));
    serve_app(fx, "crm", ENVRES_APP_PIN_CONFIG);
    serve_part(fx, "crm", "v1", "main.txt", "<< environment.variables.PORT >>");
    serve_release(fx, "crm", "v1", "1.0.0");
    OK(fx, fx_put(fx, "production", "HOST", "db.two", 0, 0));
    FAILS(fx, ENVRES_E_REFERRED, destroy(fx, "production", "HOST", 1, 0));
    fx_hint(fx, "release the app anew");
    OK(fx, destroy(fx, "production", "HOST", 1, ENVRES_CHANGE_FORCE));
    envres_scope *scope = serve_scope(fx, "crm");
    serve_renders(fx, scope, "<< environment.variables.HOST | default(\"x\") >>", NULL,
                  ENVRES_E_NOT_SET);
    serve_renders(fx, scope, "<< environment.variables.PORT >>", "5432", ENVRES_OK);
    envres_scope_unref(scope);
}

static void
editors_may_not(void **state)
{
    struct fx *fx = *state;
    envres_session *as = NULL;
    envres_change change = { .size = sizeof(change) };
    uint8_t key[32];
    memset(key, 3, sizeof(key));
    put_thrice(fx);
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = sizeof(key) };
    envres_principal_options options = { .size = sizeof(options),
                                         .credential = &credential,
                                         .role = ENVRES_ROLE_EDITOR };
    OK(fx, envres_principal_add(fx->session, "edith", TEXT, &options, NULL, fx->err));
    OK(fx, envres_session_as(fx->session, "edith", TEXT, &as, fx->err));
    FAILS(fx, ENVRES_E_DENIED,
          envres_variable_destroy(as, "staging", TEXT, "TOKEN", TEXT, 1, &change, fx->err));
    envres_session_close(as);
    OK(fx, restore(fx, "staging", "TOKEN", 1));
}

/* ---- the file ------------------------------------------------------------------------------- */

enum { RECORD_MAX = 4096 };

/* The record of TOKEN, revision 1, as the file has it. */
static size_t
read_record(const char *path, unsigned char out[RECORD_MAX])
{
    return raw_blob(path, "SELECT record FROM setting WHERE name = 'TOKEN' AND revision = 1", out,
                    RECORD_MAX);
}

/* Any 16 bytes of the record in the file or beside it? */
static int
stands_in(const char *path, const char *suffix, const unsigned char *record, size_t len)
{
    char name[160];
    int found = 0;
    snprintf(name, sizeof(name), "%s%s", path, suffix);
    FILE *file = fopen(name, "rb");
    if (!file)
        return 0;
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    unsigned char *data = malloc(size + 1);
    assert_int_equal(fread(data, 1, size, file), size);
    for (size_t at = 8; at + 16 <= len; at += 8) {
        for (size_t i = 0; i + 16 <= size; i++)
            found += memcmp(data + i, record + at, 16) == 0;
    }
    free(data);
    fclose(file);
    return found;
}

/* 34: erased records are gone from file and journal. */
static void
test_34_the_record_is_gone_from_the_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/envres-destroy-XXXXXX";
    char path[96];
    struct fx fx = { .err = envres_error_new(NULL) };
    unsigned char record[RECORD_MAX];
    unsigned char after[RECORD_MAX];
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx.key,
                                .secret_len = sizeof(fx.key) };
    memset(fx.key, 9, sizeof(fx.key));
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/envres.db", folder);
    OK(&fx, envres_store_create(path, TEXT, NULL, &owner, &fx.store, fx.err));
    OK(&fx, envres_session_open(fx.store, NULL, 0, &owner, &fx.session, fx.err));
    put_thrice(&fx);
    size_t len = read_record(path, record);
    assert_true(len >= 128);
    assert_true(stands_in(path, "", record, len) > 0);
    OK(&fx, destroy(&fx, "staging", "TOKEN", 1, 0));
    assert_int_equal(read_record(path, after), 0);
    assert_int_equal(stands_in(path, "", record, len), 0);
    assert_int_equal(stands_in(path, "-journal", record, len), 0);
    assert_int_equal(stands_in(path, "-wal", record, len), 0);
    envres_session_close(fx.session);
    envres_store_close(fx.store);
    envres_error_free(fx.err);
    unlink(path);
    strcat(path, "-journal");
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
#define SERVE(name) cmocka_unit_test_setup_teardown(name, serve_setup, serve_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(history_keeps_the_revision_without_its_value),
        TEST(the_audit_names_the_revision),
        TEST(what_cannot_be_destroyed),
        TEST(restoring_says_who_destroyed_it_and_when),
        TEST(an_older_scope_says_so_and_resolves_the_rest),
        TEST(fields_of_resources_too),
        TEST(names_of_then_and_of_now),
        SERVE(a_pinned_release_refuses_then_says_so),
        TEST(editors_may_not),
        cmocka_unit_test(test_34_the_record_is_gone_from_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
