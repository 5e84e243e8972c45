/* SPDX-License-Identifier: MIT */
/* Sessions: credentials, who acts where, forks, close orders, read-only, several on one file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <envres/envres.h>

#define TEXT ENVRES_NUL_TERMINATED

/* One store in a file of its own folder. */
struct place {
    char folder[64];
    char path[96];
    uint8_t key[32];
    envres_error *err;
    envres_store *store;
    envres_session *session;
};

static void
check(struct place *place, envres_status got, envres_status want, const char *call)
{
    if (got != want)
        fail_msg("%s: %s instead of %s: %s", call, envres_status_name(got),
                 envres_status_name(want), envres_error_message(place->err));
}
#define IS(place, want, call) check(place, call, want, #call)
#define OK(place, call)       check(place, call, ENVRES_OK, #call)

static envres_credential
raw_key(const uint8_t *key, size_t len)
{
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = len };
    return credential;
}

static int
make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    strcpy(place->folder, "/tmp/envres-session-XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    snprintf(place->path, sizeof(place->path), "%s/envres.db", place->folder);
    memset(place->key, 7, sizeof(place->key));
    place->err = envres_error_new(NULL);
    envres_credential owner = raw_key(place->key, 32);
    *state = place;
    if (envres_store_create(place->path, TEXT, NULL, &owner, &place->store, place->err) < 0)
        return -1;
    return envres_session_open(place->store, NULL, 0, &owner, &place->session, place->err);
}

static int
remove_place(void **state)
{
    struct place *place = *state;
    char journal[128];
    envres_session_close(place->session);
    envres_store_close(place->store);
    envres_error_free(place->err);
    snprintf(journal, sizeof(journal), "%s-journal", place->path);
    unlink(journal);
    unlink(place->path);
    int left = rmdir(place->folder); /* fails when a call left anything else behind */
    free(place);
    return left;
}

static envres_status
put(struct place *place, envres_session *session, const char *name, const char *value)
{
    envres_variable_write write = {
        .size = sizeof(write), .name = name, .name_len = TEXT, .value = value, .value_len = TEXT
    };
    return envres_variable_put(session, "development", TEXT, &write, NULL, NULL, place->err);
}

static void
has(struct place *place, envres_session *session, const char *name, const char *want)
{
    envres_value *value = NULL;
    OK(place, envres_variable_get(session, "development", TEXT, name, TEXT, ENVRES_READ_REVEAL,
                                  &value, place->err));
    assert_string_equal(envres_value_data(value, NULL), want);
    envres_value_free(value);
}

/* ---- credentials ---------------------------------------------------------------------------- */

static const struct credential_row {
    const char *name;
    uint32_t kind;
    size_t len;
    uint8_t fill;
    const char *principal;
    envres_status want;
} credential_rows[] = {
    { "the key", ENVRES_CREDENTIAL_RAW_KEY, 32, 7, NULL, ENVRES_OK },
    { "the key, by name", ENVRES_CREDENTIAL_RAW_KEY, 32, 7, "owner", ENVRES_OK },
    { "another key", ENVRES_CREDENTIAL_RAW_KEY, 32, 8, NULL, ENVRES_E_KEY },
    { "another principal", ENVRES_CREDENTIAL_RAW_KEY, 32, 7, "nobody", ENVRES_E_KEY },
    { "31 bytes", ENVRES_CREDENTIAL_RAW_KEY, 31, 7, NULL, ENVRES_E_KEY_FORMAT },
    { "33 bytes", ENVRES_CREDENTIAL_RAW_KEY, 33, 7, NULL, ENVRES_E_KEY_FORMAT },
    { "no bytes", ENVRES_CREDENTIAL_RAW_KEY, 0, 7, NULL, ENVRES_E_KEY_FORMAT },
    { "all zero", ENVRES_CREDENTIAL_RAW_KEY, 32, 0, NULL, ENVRES_E_KEY_FORMAT },
    { "empty passphrase", ENVRES_CREDENTIAL_PASSPHRASE, 0, 7, NULL, ENVRES_E_KEY_FORMAT },
    { "a passphrase, where there is none", ENVRES_CREDENTIAL_PASSPHRASE, 8, 7, NULL, ENVRES_E_KEY },
    { "a provider without callbacks", ENVRES_CREDENTIAL_PROVIDER, 0, 7, NULL, ENVRES_E_INVALID },
    { "an unknown kind", 9, 32, 7, NULL, ENVRES_E_INVALID },
};

static void
credentials_are_told_apart(void **state)
{
    struct place *place = *state;
    for (size_t i = 0; i < sizeof(credential_rows) / sizeof(credential_rows[0]); i++) {
        const struct credential_row *row = &credential_rows[i];
        uint8_t secret[40];
        envres_session *session = NULL;
        memset(secret, row->fill, sizeof(secret));
        envres_credential credential = raw_key(secret, row->len);
        credential.kind = row->kind;
        credential.principal = row->principal;
        credential.principal_len = row->principal ? TEXT : 0;
        check(place, envres_session_open(place->store, NULL, 0, &credential, &session, place->err),
              row->want, row->name);
        assert_int_equal(session != NULL, row->want == ENVRES_OK);
        envres_session_close(session);
    }
}

/* Who holds a wrong key learns nothing from how it is refused. */
static void
wrong_keys_get_one_text(void **state)
{
    struct place *place = *state;
    uint8_t wrong[32];
    char first[256];
    envres_session *session = NULL;
    memset(wrong, 9, sizeof(wrong));
    envres_credential credential = raw_key(wrong, 32);
    IS(place, ENVRES_E_KEY,
       envres_session_open(place->store, NULL, 0, &credential, &session, place->err));
    snprintf(first, sizeof(first), "%s|%s|%s", envres_error_message(place->err),
             envres_error_hint(place->err), envres_error_subject(place->err));
    credential = raw_key(place->key, 32);
    credential.principal = "somebody";
    credential.principal_len = TEXT;
    IS(place, ENVRES_E_KEY,
       envres_session_open(place->store, NULL, 0, &credential, &session, place->err));
    char second[256];
    snprintf(second, sizeof(second), "%s|%s|%s", envres_error_message(place->err),
             envres_error_hint(place->err), envres_error_subject(place->err));
    assert_string_equal(first, second);
}

/* A provider that hides the key behind a mask, and calls the library while it is called. */
struct provider {
    struct place *place;
    envres_store *store; /* asked from inside unwrap */
    envres_status fail;
    int wraps;
    int unwraps;
};

static envres_status
wrap(const uint8_t *id, const uint8_t *key, const uint8_t *aad, size_t aad_len, uint8_t *blob,
     size_t cap, size_t *blob_len, void *user)
{
    struct provider *provider = user;
    (void)id;
    (void)aad;
    provider->wraps++;
    if (cap < 32 || aad_len == 0)
        return ENVRES_E_LIMIT;
    for (size_t i = 0; i < 32; i++)
        blob[i] = key[i] ^ 0xA5;
    *blob_len = 32;
    return ENVRES_OK;
}

static envres_status
unwrap(const uint8_t *id, const uint8_t *blob, size_t blob_len, const uint8_t *aad, size_t aad_len,
       uint8_t *key, void *user)
{
    struct provider *provider = user;
    envres_list *list = NULL;
    (void)id;
    (void)aad;
    provider->unwraps++;
    if (provider->fail || blob_len != 32 || aad_len == 0)
        return provider->fail ? provider->fail : ENVRES_E_LIMIT;
    if (provider->store) {
        OK(provider->place, envres_store_info(provider->store, &list, provider->place->err));
        envres_list_free(list);
    }
    for (size_t i = 0; i < 32; i++)
        key[i] = blob[i] ^ 0xA5;
    return ENVRES_OK;
}

static void
a_provider_unlocks_and_may_call_back(void **state)
{
    struct place *place = *state;
    struct provider provider = { .place = place };
    envres_store *store = NULL;
    envres_session *session = NULL;
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_PROVIDER,
                                     .wrap = wrap,
                                     .unwrap = unwrap,
                                     .user = &provider };
    OK(place, envres_store_create(NULL, 0, NULL, &credential, &store, place->err));
    assert_int_equal(provider.wraps, 1);
    provider.store = store;
    OK(place, envres_session_open(store, NULL, 0, &credential, &session, place->err));
    assert_true(provider.unwraps >= 1);
    OK(place, put(place, session, "A", "1"));
    envres_session_close(session);
    session = NULL;
    provider.fail = ENVRES_E_IO;
    IS(place, ENVRES_E_CALLBACK,
       envres_session_open(store, NULL, 0, &credential, &session, place->err));
    assert_null(session);
    envres_store_close(store);
}

static void
a_passphrase_opens_what_it_made(void **state)
{
    struct place *place = *state;
    envres_store *store = NULL;
    envres_session *session = NULL;
    static const char phrase[] = "correct horse\0battery"; /* any bytes, NUL too */
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_PASSPHRASE,
                                     .secret = (const uint8_t *)phrase,
                                     .secret_len = sizeof(phrase) - 1,
                                     .kdf_passes = 2,
                                     .kdf_memory = (uint64_t)64 << 20 };
    envres_credential cheap = credential;
    cheap.kdf_memory = 1024;
    IS(place, ENVRES_E_KDF_LIMIT, envres_store_create(NULL, 0, NULL, &cheap, &store, place->err));
    assert_null(store);
    OK(place, envres_store_create(NULL, 0, NULL, &credential, &store, place->err));
    OK(place, envres_session_open(store, NULL, 0, &credential, &session, place->err));
    envres_session_close(session);
    session = NULL;
    credential.secret_len = strlen(phrase);
    IS(place, ENVRES_E_KEY, envres_session_open(store, NULL, 0, &credential, &session, place->err));
    envres_store_close(store);
}

/* ---- who and where -------------------------------------------------------------------------- */

static void
a_session_says_who_acts_where(void **state)
{
    struct place *place = *state;
    envres_list *list = NULL;
    envres_session *session = NULL;
    envres_credential owner = raw_key(place->key, 32);
    OK(place, envres_session_info(place->session, &list, place->err));
    assert_int_equal(envres_list_count(list), 3);
    assert_string_equal(envres_list_text(list, 0, ENVRES_SESSION_VALUE, NULL), "main");
    assert_string_equal(envres_list_text(list, 1, ENVRES_SESSION_VALUE, NULL), "owner");
    envres_list_free(list);
    OK(place, envres_session_open(place->store, "main", TEXT, &owner, &session, place->err));
    envres_session_close(session);
    session = NULL;
    IS(place, ENVRES_E_NOT_FOUND,
       envres_session_open(place->store, "other", TEXT, &owner, &session, place->err));
    assert_string_equal(envres_error_subject(place->err), "other");
    IS(place, ENVRES_E_NOT_FOUND,
       envres_session_open(place->store, "", 0, &owner, &session, place->err));
    assert_null(session);
}

/* Outputs are NULL after a failure, whatever they were before. */
static void
a_failure_leaves_no_output(void **state)
{
    struct place *place = *state;
    envres_session *session = (envres_session *)place;
    envres_store *store = (envres_store *)place;
    envres_list *list = (envres_list *)place;
    envres_scope *scope = (envres_scope *)place;
    const char *data = "x";
    size_t len = 1;
    IS(place, ENVRES_E_INVALID, envres_session_open(NULL, NULL, 0, NULL, &session, place->err));
    assert_null(session);
    IS(place, ENVRES_E_INVALID, envres_store_create(NULL, 0, NULL, NULL, &store, place->err));
    assert_null(store);
    IS(place, ENVRES_E_INVALID,
       envres_environment_describe(place->session, NULL, 0, &list, place->err));
    assert_null(list);
    IS(place, ENVRES_E_INVALID, envres_scope_latest(NULL, NULL, &scope, place->err));
    assert_null(scope);
    IS(place, ENVRES_E_INVALID, envres_scope_at(NULL, 0, &data, &len, place->err));
    assert_null(data);
    assert_int_equal(len, 0);
}

/* ---- lifetimes ------------------------------------------------------------------------------ */

static void
a_scope_outlives_session_and_store(void **state)
{
    struct place *place = *state;
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    envres_variable_write write = { .size = sizeof(write),
                                    .flags = ENVRES_WRITE_SECRET,
                                    .name = "S",
                                    .name_len = 1,
                                    .value = "hidden",
                                    .value_len = 6 };
    OK(place,
       envres_variable_put(place->session, "development", TEXT, &write, NULL, NULL, place->err));
    OK(place, envres_scope_open(place->session, "development", TEXT, NULL, &scope, place->err));
    envres_store_close(place->store); /* the session keeps it */
    place->store = NULL;
    has(place, place->session, "S", "hidden");
    envres_session_close(place->session);
    place->session = NULL;
    OK(place, envres_scope_get(scope, "S", 1, &value, place->err));
    assert_string_equal(envres_value_data(value, NULL), "hidden");
    envres_value_free(value);
    assert_int_equal(envres_scope_is_stale(scope), 0);
    envres_scope_unref(scope);
}

static int
in_child(struct place *place, envres_scope *scope, envres_resource_handle *handle)
{
    envres_list *list = NULL;
    envres_scope *other = NULL;
    envres_value *value = NULL;
    envres_session *session = NULL;
    envres_credential owner = raw_key(place->key, 32);
    int bad = 0;
    bad += envres_session_info(place->session, &list, NULL) != ENVRES_E_FORKED;
    bad += envres_environment_list(place->session, &list, NULL) != ENVRES_E_FORKED;
    bad += envres_store_info(place->store, &list, NULL) != ENVRES_E_FORKED;
    bad += envres_store_poll(place->store, NULL, NULL) != ENVRES_E_FORKED;
    bad += envres_store_verify(place->store, place->session, &list, NULL) != ENVRES_E_FORKED;
    bad += put(place, place->session, "A", "2") != ENVRES_E_FORKED;
    bad += envres_session_open(place->store, NULL, 0, &owner, &session, NULL) != ENVRES_E_FORKED;
    bad +=
        envres_scope_open(place->session, "staging", TEXT, NULL, &other, NULL) != ENVRES_E_FORKED;
    bad += envres_scope_latest(place->session, scope, &other, NULL) != ENVRES_E_FORKED;
    bad += envres_scope_get(scope, "A", 1, &value, NULL) != ENVRES_E_FORKED;
    bad += envres_resource_handle_url(handle, &value, NULL) != ENVRES_E_FORKED;
    bad += list || other || value || session;
    envres_resource_handle_free(handle);
    envres_scope_unref(scope);
    envres_session_close(place->session);
    envres_store_close(place->store);
    return bad;
}

/* The child is refused everything and frees in peace; the parent notices nothing. */
static void
a_child_is_refused(void **state)
{
    struct place *place = *state;
    envres_scope *scope = NULL;
    envres_resource_handle *handle = NULL;
    int status = -1;
    envres_resource_field field = {
        .size = sizeof(field), .name = "path", .name_len = 4, .value = "/x", .value_len = 2
    };
    envres_resource_write write = {
        .size = sizeof(write), .handle = "db", .handle_len = 2, .fields = &field, .count = 1
    };
    OK(place, put(place, place->session, "A", "1"));
    OK(place, envres_resource_define(place->session, "db", 2, "sqlite", 6, NULL, place->err));
    OK(place, envres_resource_configure(place->session, "development", TEXT, &write, NULL, NULL,
                                        place->err));
    OK(place, envres_scope_open(place->session, "development", TEXT, NULL, &scope, place->err));
    OK(place, envres_scope_resource(scope, "db", 2, &handle, place->err));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(in_child(place, scope, handle) ? 1 : 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    OK(place, put(place, place->session, "A", "3"));
    has(place, place->session, "A", "3");
    envres_resource_handle_free(handle);
    envres_scope_unref(scope);
}

/* ---- read-only ------------------------------------------------------------------------------ */

static void
a_read_only_store_refuses_every_change(void **state)
{
    struct place *place = *state;
    envres_store *store = NULL;
    envres_session *s = NULL;
    envres_scope *scope = NULL;
    envres_credential owner = raw_key(place->key, 32);
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_READ_ONLY };
    envres_restore_point point = { .size = sizeof(point) };
    envres_resource_field field = {
        .size = sizeof(field), .name = "path", .name_len = 4, .value = "/x", .value_len = 2
    };
    envres_resource_write write = {
        .size = sizeof(write), .handle = "db", .handle_len = 2, .fields = &field, .count = 1
    };
    envres_fallback fallback = { .size = sizeof(fallback), .handle = "db", .handle_len = 2 };
    OK(place, put(place, place->session, "A", "1"));
    OK(place, envres_store_open(place->path, TEXT, &options, &store, place->err));
    OK(place, envres_session_open(store, NULL, 0, &owner, &s, place->err));
    const envres_status want = ENVRES_E_READ_ONLY;
    envres_error *e = place->err;
    IS(place, want, put(place, s, "A", "2"));
    IS(place, want, envres_variable_unset(s, "development", TEXT, "A", 1, NULL, NULL, e));
    IS(place, want, envres_variable_rename(s, "A", 1, "B", 1, NULL, e));
    IS(place, want, envres_variable_delete(s, "A", 1, NULL, e));
    IS(place, want, envres_restore(s, "development", TEXT, &point, NULL, NULL, e));
    IS(place, want, envres_environment_add(s, "eu", 2, NULL, NULL, e));
    IS(place, want, envres_environment_set(s, "staging", TEXT, NULL, NULL, e));
    IS(place, want, envres_environment_remove(s, "eu", 2, NULL, e));
    IS(place, want, envres_resource_define(s, "db", 2, "sqlite", 6, NULL, e));
    IS(place, want, envres_resource_configure(s, "development", TEXT, &write, NULL, NULL, e));
    IS(place, want, envres_resource_fallback(s, "development", TEXT, &fallback, NULL, e));
    IS(place, want, envres_resource_remove(s, "db", 2, NULL, e));
    has(place, s, "A", "1");
    OK(place, envres_scope_open(s, "development", TEXT, NULL, &scope, e));
    envres_scope_unref(scope);
    envres_session_close(s);
    envres_store_close(store);
}

/* ---- two on one file ------------------------------------------------------------------------ */

static void
two_stores_see_each_other(void **state)
{
    struct place *place = *state;
    envres_store *store = NULL;
    envres_session *other = NULL;
    envres_scope *scope = NULL;
    envres_scope *fresh = NULL;
    envres_credential owner = raw_key(place->key, 32);
    int32_t changed = 9;
    uint32_t index = 0;
    OK(place, envres_store_open(place->path, TEXT, NULL, &store, place->err));
    OK(place, envres_session_open(store, NULL, 0, &owner, &other, place->err));
    OK(place, put(place, place->session, "A", "1"));
    OK(place, envres_store_poll(place->store, NULL, place->err));
    OK(place, envres_scope_open(place->session, "development", TEXT, NULL, &scope, place->err));
    OK(place, envres_store_poll(place->store, &changed, place->err));
    assert_int_equal(changed, 0);
    OK(place, envres_scope_latest(place->session, scope, &fresh, place->err));
    assert_ptr_equal(fresh, scope);
    envres_scope_unref(fresh);
    OK(place, put(place, other, "B", "2"));
    assert_int_equal(envres_scope_is_stale(scope), 0); /* nobody asked yet */
    OK(place, envres_store_poll(place->store, &changed, place->err));
    assert_int_equal(changed, 1);
    assert_int_equal(envres_scope_is_stale(scope), 1);
    OK(place, envres_scope_latest(place->session, scope, &fresh, place->err));
    assert_ptr_not_equal(fresh, scope);
    OK(place, envres_scope_find(fresh, "B", 1, &index, place->err));
    assert_int_equal(envres_scope_is_stale(fresh), 0);
    /* A session of another store has another counter: it cannot say what is newest here. */
    envres_scope *none = NULL;
    IS(place, ENVRES_E_INVALID, envres_scope_latest(other, fresh, &none, place->err));
    assert_null(none);
    envres_scope_unref(fresh);
    envres_scope_unref(scope);
    envres_session_close(other);
    envres_store_close(store);
}

/* The other one removes an environment and makes one of the same key: fresh keys, no old ones. */
static void
an_environment_made_again_has_other_keys(void **state)
{
    struct place *place = *state;
    envres_store *store = NULL;
    envres_session *other = NULL;
    envres_value *value = NULL;
    envres_credential owner = raw_key(place->key, 32);
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    envres_variable_write write = { .size = sizeof(write),
                                    .flags = ENVRES_WRITE_SECRET,
                                    .name = "K",
                                    .name_len = 1,
                                    .value = "first",
                                    .value_len = 5 };
    envres_error *e = place->err;
    OK(place, envres_store_open(place->path, TEXT, NULL, &store, e));
    OK(place, envres_session_open(store, NULL, 0, &owner, &other, e));
    OK(place, envres_environment_add(place->session, "eu", 2, NULL, NULL, e));
    OK(place, envres_variable_put(place->session, "eu", 2, &write, NULL, NULL, e));
    OK(place, envres_environment_remove(other, "eu", 2, &force, e));
    IS(place, ENVRES_E_NOT_FOUND,
       envres_variable_put(place->session, "eu", 2, &write, NULL, NULL, e));
    OK(place, envres_environment_add(other, "eu", 2, NULL, NULL, e));
    write.value = "again";
    OK(place, envres_variable_put(other, "eu", 2, &write, NULL, NULL, e));
    OK(place, envres_variable_get(place->session, "eu", 2, "K", 1, ENVRES_READ_REVEAL, &value, e));
    assert_string_equal(envres_value_data(value, NULL), "again");
    envres_value_free(value);
    OK(place, envres_variable_put(place->session, "eu", 2, &write, NULL, NULL, e));
    envres_session_close(other);
    envres_store_close(store);
}

/* Another writer in the middle of its transaction: told so, and nothing is lost. */
static void
a_busy_store_says_so(void **state)
{
    struct place *place = *state;
    int ready[2];
    int done[2];
    char byte = 0;
    int status = -1;
    envres_store *store = NULL;
    envres_session *session = NULL;
    envres_credential owner = raw_key(place->key, 32);
    envres_store_options options = { .size = sizeof(options), .busy_timeout_ms = UINT32_MAX };
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* Any program that holds SQLite's write lock will do: the shell is one. */
        dup2(done[0], 0);
        dup2(ready[1], 1);
        close(ready[0]);
        close(done[1]);
        execlp("sqlite3", "sqlite3", "-batch", place->path, (char *)NULL);
        _exit(127);
    }
    close(ready[1]);
    close(done[0]);
    static const char begin[] = "BEGIN IMMEDIATE;\nSELECT 'x';\n";
    assert_int_equal(write(done[1], begin, sizeof(begin) - 1), sizeof(begin) - 1);
    ssize_t got = read(ready[0], &byte, 1);
    if (got == 1) {
        OK(place, envres_store_open(place->path, TEXT, &options, &store, place->err));
        OK(place, envres_session_open(store, NULL, 0, &owner, &session, place->err));
        IS(place, ENVRES_E_BUSY, put(place, session, "C", "2"));
    }
    close(done[1]);
    close(ready[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (got == 1) {
        OK(place, put(place, session, "C", "2"));
        has(place, place->session, "C", "2");
    }
    envres_session_close(session);
    envres_store_close(store);
    if (got != 1)
        skip(); /* no sqlite3 on this machine */
}

/* ---- memory --------------------------------------------------------------------------------- */

static void
locked_memory_is_required_or_reported(void **state)
{
    struct place *place = *state;
    envres_store *store = NULL;
    envres_list *list = NULL;
    envres_session *session = NULL;
    envres_credential owner = raw_key(place->key, 32);
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_LOCKED_MEMORY };
    envres_status st = envres_store_open(place->path, TEXT, &options, &store, place->err);
    if (st == ENVRES_OK)
        st = envres_session_open(store, NULL, 0, &owner, &session, place->err);
    if (st == ENVRES_OK) {
        OK(place, envres_session_info(session, &list, place->err));
        assert_string_equal(envres_list_text(list, 2, ENVRES_SESSION_VALUE, NULL), "yes");
        envres_list_free(list);
    } else {
        IS(place, ENVRES_E_MEMORY_LOCK, st);
        assert_null(session);
    }
    envres_session_close(session);
    envres_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(credentials_are_told_apart, make_place, remove_place),
        cmocka_unit_test_setup_teardown(wrong_keys_get_one_text, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_provider_unlocks_and_may_call_back, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(a_passphrase_opens_what_it_made, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_session_says_who_acts_where, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_failure_leaves_no_output, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_scope_outlives_session_and_store, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(a_child_is_refused, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_read_only_store_refuses_every_change, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(two_stores_see_each_other, make_place, remove_place),
        cmocka_unit_test_setup_teardown(an_environment_made_again_has_other_keys, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(a_busy_store_says_so, make_place, remove_place),
        cmocka_unit_test_setup_teardown(locked_memory_is_required_or_reported, make_place,
                                        remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
