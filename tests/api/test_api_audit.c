/* SPDX-License-Identifier: MIT */
/*
 * Reads that are entries of the audit: secrets that are shown, scopes whose opening is one. What is
 * not written down is not shown.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper.h"

static int
fill(void **state)
{
    if (fx_setup(state) != 0)
        return -1;
    struct fx *fx = *state;
    OK(fx, fx_put(fx, "staging", "TOKEN", "a secret text", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "staging", "HOST", "db.staging", 0, 0));
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "staging", "crm", "host", "db", 0));
    return 0;
}

/* The last entry, as "action object environment outcome reason". */
static void
newest(struct fx *fx, char *out, size_t cap)
{
    static const uint32_t columns[] = { ENVRES_AUDIT_ACTION, ENVRES_AUDIT_OBJECT,
                                        ENVRES_AUDIT_ENVIRONMENT, ENVRES_AUDIT_OUTCOME,
                                        ENVRES_AUDIT_REASON };
    envres_list *list = NULL;
    OK(fx, envres_audit_list(fx->session, NULL, &list, fx->err));
    size_t row = envres_list_count(list) - 1;
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        const char *text = envres_list_text(list, row, columns[i], NULL);
        used += (size_t)snprintf(out + used, cap - used, "%s%s", i ? " " : "", text ? text : "-");
    }
    envres_list_free(list);
}

static size_t
entries(struct fx *fx)
{
    envres_list *list = NULL;
    OK(fx, envres_audit_list(fx->session, NULL, &list, fx->err));
    size_t count = envres_list_count(list);
    envres_list_free(list);
    return count;
}

static envres_session *
join(struct fx *fx, const char *name, uint32_t role)
{
    static const char *const where[] = { "staging" };
    uint8_t key[32];
    envres_session *session = NULL;
    memset(key, name[0], sizeof(key));
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = sizeof(key) };
    envres_principal_options options = { .size = sizeof(options),
                                         .role = role,
                                         .environments = where,
                                         .count = 1,
                                         .credential = &credential };
    OK(fx, envres_principal_add(fx->session, name, TEXT, &options, NULL, fx->err));
    OK(fx, envres_session_open(fx->store, NULL, 0, &credential, &session, fx->err));
    return session;
}

static envres_status
reveal(struct fx *fx, envres_session *session, const char *environment, const char *object)
{
    envres_reveal_options options = { .size = sizeof(options),
                                      .environment = environment,
                                      .environment_len = TEXT,
                                      .object = object,
                                      .object_len = TEXT };
    envres_change change = { .size = sizeof(change), .reason = "incident", .reason_len = TEXT };
    return envres_audit_reveal(session, &options, &change, fx->err);
}

static void
what_is_shown_is_an_entry(void **state)
{
    static const struct {
        const char *object;
        envres_status want;
        const char *entry;
    } rows[] = {
        { "variable/TOKEN", ENVRES_OK, "secret.reveal variable/TOKEN staging ok incident" },
        { "variable/HOST", ENVRES_OK, "secret.reveal variable/HOST staging ok incident" },
        { "resource/crm", ENVRES_OK, "secret.reveal resource/crm staging ok incident" },
        { "resource/crm/password", ENVRES_OK,
          "secret.reveal resource/crm/password staging ok incident" },
        { NULL, ENVRES_OK, "secret.reveal environment/staging staging ok incident" },
        { "variable/NOPE", ENVRES_E_NOT_FOUND, NULL },
        { "resource/nope", ENVRES_E_NOT_FOUND, NULL },
        { "resource/crm/nope", ENVRES_E_FIELD, NULL },
        { "resource/crm/", ENVRES_E_INVALID, NULL },
        { "resource//password", ENVRES_E_INVALID, NULL },
        { "variable/", ENVRES_E_INVALID, NULL },
        { "variable/TOKEN/x", ENVRES_E_INVALID, NULL },
        { "TOKEN", ENVRES_E_INVALID, NULL },
        { "", ENVRES_E_INVALID, NULL },
    };
    struct fx *fx = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char entry[256];
        size_t before = entries(fx);
        expect(fx, reveal(fx, fx->session, "staging", rows[i].object), rows[i].want,
               rows[i].object ? rows[i].object : "all");
        assert_int_equal(entries(fx), before + (rows[i].want == ENVRES_OK));
        newest(fx, entry, sizeof(entry));
        if (rows[i].entry)
            assert_string_equal(entry, rows[i].entry);
    }
    FAILS(fx, ENVRES_E_NOT_FOUND, reveal(fx, fx->session, "nowhere", NULL));
    FAILS(fx, ENVRES_E_INVALID, envres_audit_reveal(fx->session, NULL, NULL, fx->err));
    envres_reveal_options none = { .size = sizeof(none) };
    FAILS(fx, ENVRES_E_INVALID, envres_audit_reveal(fx->session, &none, NULL, fx->err));
}

/* Who may use a secret may not show it for that. The attempt is an entry. */
static void
the_right_to_reveal_is_asked(void **state)
{
    static const struct {
        const char *name;
        uint32_t role;
        envres_status want;
    } rows[] = {
        { "admin", ENVRES_ROLE_ADMIN, ENVRES_OK },
        { "runtime", ENVRES_ROLE_RUNTIME, ENVRES_E_DENIED },
        { "editor", ENVRES_ROLE_EDITOR, ENVRES_E_DENIED },
        { "viewer", ENVRES_ROLE_VIEWER, ENVRES_E_DENIED },
        { "depositor", ENVRES_ROLE_DEPOSITOR, ENVRES_E_DENIED },
    };
    struct fx *fx = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char entry[256];
        envres_session *session = join(fx, rows[i].name, rows[i].role);
        expect(fx, reveal(fx, session, "staging", "variable/TOKEN"), rows[i].want, rows[i].name);
        newest(fx, entry, sizeof(entry));
        assert_string_equal(entry, rows[i].want == ENVRES_OK
                                       ? "secret.reveal variable/TOKEN staging ok incident"
                                       : "secret.reveal variable/TOKEN staging denied incident");
        expect(fx, reveal(fx, session, "production", NULL), ENVRES_E_DENIED, rows[i].name);
        envres_session_close(session);
    }
}

static envres_status
open_audited(struct fx *fx, envres_session *session, const char *environment, envres_scope **out)
{
    envres_scope_options options = { .size = sizeof(options), .flags = ENVRES_SCOPE_AUDITED };
    return envres_scope_open(session, environment, TEXT, &options, out, fx->err);
}

static void
opening_a_scope_is_an_entry(void **state)
{
    struct fx *fx = *state;
    char entry[256];
    envres_scope *scope = NULL;
    envres_scope *newer = NULL;
    envres_value *value = NULL;
    envres_scope *plain = fx_scope(fx, "staging");
    OK(fx, open_audited(fx, fx->session, "staging", &scope));
    newest(fx, entry, sizeof(entry));
    assert_string_equal(entry, "scope.open environment/staging staging ok ");
    OK(fx, envres_scope_get(scope, "TOKEN", TEXT, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL), "a secret text");
    envres_value_free(value);
    /* It changed nothing that a scope holds. */
    assert_false(envres_scope_is_stale(scope));
    assert_false(envres_scope_is_stale(plain));
    size_t before = entries(fx);
    OK(fx, envres_scope_latest(fx->session, scope, &newer, fx->err));
    assert_ptr_equal(newer, scope);
    envres_scope_unref(newer);
    assert_int_equal(entries(fx), before);
    OK(fx, fx_put(fx, "staging", "HOST", "db2", 0, 0));
    OK(fx, envres_scope_latest(fx->session, scope, &newer, fx->err));
    assert_ptr_not_equal(newer, scope);
    assert_int_equal(entries(fx), before + 2); /* opened anew: said anew */
    envres_scope_unref(newer);
    envres_scope_unref(scope);
    envres_scope_unref(plain);
}

static void
who_may_not_read_is_an_entry_too(void **state)
{
    struct fx *fx = *state;
    char entry[256];
    envres_scope *scope = NULL;
    envres_session *runtime = join(fx, "runtime", ENVRES_ROLE_RUNTIME);
    OK(fx, open_audited(fx, runtime, "staging", &scope));
    envres_scope_unref(scope);
    scope = NULL;
    FAILS(fx, ENVRES_E_DENIED, open_audited(fx, runtime, "production", &scope));
    assert_null(scope);
    newest(fx, entry, sizeof(entry));
    assert_string_equal(entry, "scope.open environment/production production denied ");
    FAILS(fx, ENVRES_E_NOT_FOUND, open_audited(fx, fx->session, "nowhere", &scope));
    envres_scope_options options = {
        .size = sizeof(options), .flags = ENVRES_SCOPE_AUDITED, .app = "nope", .app_len = TEXT
    };
    size_t before = entries(fx);
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_scope_open(fx->session, "staging", TEXT, &options, &scope, fx->err));
    assert_int_equal(entries(fx), before);
    options.flags = 4;
    FAILS(fx, ENVRES_E_INVALID,
          envres_scope_open(fx->session, "staging", TEXT, &options, &scope, fx->err));
    envres_session_close(runtime);
}

/* Test 59: in a child whose files may not grow, nothing can be written: nothing is shown. */
static int
on_a_full_disk(const char *path, const uint8_t key[32])
{
    envres_store *store = NULL;
    envres_session *session = NULL;
    envres_scope *scope = NULL;
    envres_scope *plain = NULL;
    envres_error *err = envres_error_new(NULL);
    struct stat facts = { 0 };
    envres_credential owner = {
        .size = sizeof(owner), .kind = ENVRES_CREDENTIAL_RAW_KEY, .secret = key, .secret_len = 32
    };
    envres_reveal_options options = { .size = sizeof(options),
                                      .environment = "staging",
                                      .environment_len = TEXT };
    envres_scope_options audited = { .size = sizeof(audited), .flags = ENVRES_SCOPE_AUDITED };
    struct rlimit none = { 0, 0 };
    if (stat(path, &facts) != 0 || signal(SIGXFSZ, SIG_IGN) == SIG_ERR ||
        setrlimit(RLIMIT_FSIZE, &none) != 0)
        return 1;
    if (envres_store_open(path, TEXT, NULL, &store, err) < 0 ||
        envres_session_open(store, NULL, 0, &owner, &session, err) < 0)
        return 2;
    if (envres_audit_reveal(session, &options, NULL, err) == ENVRES_OK)
        return 3;
    if (envres_scope_open(session, "staging", TEXT, &audited, &scope, err) == ENVRES_OK || scope)
        return 4;
    if (envres_scope_open(session, "staging", TEXT, NULL, &plain, err) < 0)
        return 5; /* plain reading goes on */
    envres_scope_unref(plain);
    envres_session_close(session);
    envres_store_close(store);
    envres_error_free(err);
    return 0;
}

static void
what_cannot_be_written_is_not_shown(void **state)
{
    struct fx *fx = *state;
    char folder[] = "/tmp/envres-audit-XXXXXX";
    char path[64];
    char journal[80];
    int status = 0;
    envres_store *store = NULL;
    envres_session *session = NULL;
    envres_scope *scope = NULL;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/envres.db", folder);
    snprintf(journal, sizeof(journal), "%s-journal", path);
    OK(fx, envres_store_backup(fx->store, path, TEXT, fx->err));
    pid_t child = fork();
    if (child == 0)
        _exit(on_a_full_disk(path, fx->key));
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_READ_ONLY };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx->key,
                                .secret_len = sizeof(fx->key) };
    OK(fx, envres_store_open(path, TEXT, &options, &store, fx->err));
    OK(fx, envres_session_open(store, NULL, 0, &owner, &session, fx->err));
    FAILS(fx, ENVRES_E_READ_ONLY, reveal(fx, session, "staging", NULL));
    FAILS(fx, ENVRES_E_READ_ONLY, open_audited(fx, session, "staging", &scope));
    assert_null(scope);
    envres_session_close(session);
    envres_store_close(store);
    unlink(journal);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fill, fx_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_shown_is_an_entry),           TEST(the_right_to_reveal_is_asked),
        TEST(opening_a_scope_is_an_entry),         TEST(who_may_not_read_is_an_entry_too),
        TEST(what_cannot_be_written_is_not_shown),
    };
    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
