/* SPDX-License-Identifier: MIT */
/*
 * Walls between principals and between workspaces: ids of another workspace, a role taken away
 * while it is used, what a refusal tells of what is behind it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "fx_people.h"
#include "fx_serve.h"

/* ---- ids of another workspace --------------------------------------------------------------- */

static envres_status
deposit(struct fx *fx, const char *name, char id[33])
{
    envres_variable_write write = { .size = sizeof(write),
                                    .name = name,
                                    .name_len = TEXT,
                                    .value = "from afar",
                                    .value_len = TEXT };
    return envres_deposit(fx->session, "staging", TEXT, &write, NULL, id, fx->err);
}

/* One change of production that waits for somebody else, and its id. */
static void
wait_for_approval(struct fx *fx, char id[33])
{
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_SET_APPROVALS,
                                           .approvals = 1 };
    envres_list *list = NULL;
    OK(fx, people_add(fx, "olga", ENVRES_ROLE_OWNER, NULL));
    OK(fx, envres_environment_set(fx->session, "production", TEXT, &options, NULL, fx->err));
    FAILS(fx, ENVRES_E_APPROVALS, fx_put(fx, "production", "A", "1", 0, 0));
    OK(fx, envres_request_list(fx->session, ENVRES_REQUEST_ALL, &list, fx->err));
    assert_int_equal(envres_list_count(list), 1);
    snprintf(id, 33, "%s", envres_list_text(list, 0, ENVRES_REQUEST_ID, NULL));
    envres_list_free(list);
}

/* Both stores have the same names and the same keys: an id is what tells them apart. */
static void
test_43_ids_of_another_workspace(void **state)
{
    struct fx *fx = *state;
    void *place = NULL;
    char deposited[33] = "";
    char asked[33] = "";
    envres_list *list = NULL;
    assert_int_equal(serve_setup(&place), 0);
    struct fx *other = place;
    OK(other, deposit(other, "A", deposited));
    wait_for_approval(other, asked);
    wait_for_approval(fx, (char[33]){ 0 });
    assert_int_equal(strlen(deposited), 32);
    assert_int_equal(strlen(asked), 32);

    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_inbox_accept(fx->session, "staging", TEXT, deposited, TEXT, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_inbox_reject(fx->session, "staging", TEXT, deposited, TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_request_show(fx->session, asked, TEXT, &list, fx->err));
    assert_null(list);
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_request_approve(fx->session, asked, TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_request_withdraw(fx->session, asked, TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_request_run(fx->session, asked, TEXT, NULL, NULL, fx->err));
    /* Of the same workspace, but of another environment. */
    char here[33] = "";
    OK(fx, deposit(fx, "A", here));
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_inbox_reject(fx->session, "development", TEXT, here, TEXT, NULL, fx->err));
    OK(fx, envres_inbox_reject(fx->session, "staging", TEXT, here, TEXT, NULL, fx->err));
    OK(other,
       envres_inbox_reject(other->session, "staging", TEXT, deposited, TEXT, NULL, other->err));
    assert_int_equal(serve_teardown(&place), 0);
}

/* ---- a role that is taken away -------------------------------------------------------------- */

enum { OPENED_BEFORE = 20 };

struct reader {
    envres_session *session;
    atomic_int *revoked; /* set once the revocation has returned */
    atomic_int opened;
    int after; /* opened though begun after it */
    int denied;
    char wrong[128];
};

static void
read_once(struct reader *reader, envres_error *err)
{
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    bool begun_after = atomic_load(reader->revoked) != 0;
    envres_status st = envres_scope_open(reader->session, "production", TEXT, NULL, &scope, err);
    if (st == ENVRES_OK)
        st = envres_scope_expand(scope, "<< environment.variables.TOKEN >>", TEXT, 0, 0, &value,
                                 err);
    if (st == ENVRES_OK && strcmp(envres_value_data(value, NULL), "the token") != 0)
        snprintf(reader->wrong, sizeof(reader->wrong), "another value");
    if (st == ENVRES_OK) {
        reader->after += begun_after;
        atomic_fetch_add(&reader->opened, 1);
    } else if (st == ENVRES_E_DENIED) {
        reader->denied++;
    } else {
        snprintf(reader->wrong, sizeof(reader->wrong), "%s", envres_error_message(err));
    }
    envres_value_free(value);
    envres_scope_unref(scope);
}

static void *
read_on(void *argument)
{
    struct reader *reader = argument;
    envres_error *err = envres_error_new(NULL);
    int rounds_after = 0;
    while (rounds_after < OPENED_BEFORE && !reader->wrong[0]) {
        rounds_after += atomic_load(reader->revoked) != 0;
        read_once(reader, err);
    }
    envres_error_free(err);
    return NULL;
}

/* The other handle's session resolves in a thread; here its role goes. */
static void
test_46_revoked_while_resolving(void **state)
{
    struct fx *fx = *state;
    envres_store *store = NULL;
    envres_session *owner = NULL;
    struct reader reader = { 0 };
    atomic_int revoked;
    pthread_t thread;
    atomic_init(&revoked, 0);
    atomic_init(&reader.opened, 0);
    reader.revoked = &revoked;
    OK(fx, fx_put(fx, "production", "TOKEN", "the token", 0, ENVRES_WRITE_SECRET));
    OK(fx, people_add(fx, "rita", ENVRES_ROLE_RUNTIME, "production"));
    serve_again(fx, &store, &owner);
    OK(fx, people_enter(fx, store, "rita", &reader.session));
    assert_int_equal(pthread_create(&thread, NULL, read_on, &reader), 0);
    while (atomic_load(&reader.opened) < OPENED_BEFORE)
        ;
    envres_status st =
        people_role(fx, "rita", ENVRES_ROLE_RUNTIME, "production", envres_role_revoke);
    atomic_store(&revoked, 1);
    pthread_join(thread, NULL);
    assert_int_equal(st, ENVRES_OK);
    if (reader.wrong[0])
        fail_msg("%s", reader.wrong);
    assert_int_equal(reader.after, 0);
    assert_true(reader.denied >= OPENED_BEFORE - 1);
    envres_session_close(reader.session);
    envres_session_close(owner);
    envres_store_close(store);
}

/* ---- what a refusal tells ------------------------------------------------------------------- */

struct answer {
    envres_status status;
    char text[400];
};

static void
keep(struct fx *fx, envres_status st, const char *name, struct answer *out)
{
    const char *message = envres_error_message(fx->err);
    const char *hint = envres_error_hint(fx->err);
    const char *at = message ? strstr(message, name) : NULL;
    out->status = st;
    /* The name itself is what was asked for. */
    snprintf(out->text, sizeof(out->text), "%.*s|%s|%s", at ? (int)(at - message) : 200, message,
             at ? at + strlen(name) : "", hint ? hint : "");
}

/* Behind a wall nobody learns which names there are: what is set, what is not, what is unknown. */
static void
test_49_there_or_not_is_not_told(void **state)
{
    static const char *const names[] = { "SET_THERE", "ELSEWHERE", "NO_SUCH" };
    struct fx *fx = *state;
    envres_session *session = NULL;
    struct answer answers[4][3];
    OK(fx, fx_put(fx, "production", "SET_THERE", "x", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "ELSEWHERE", "x", 0, 0));
    OK(fx, people_add(fx, "stan", ENVRES_ROLE_EDITOR, "staging"));
    OK(fx, people_enter(fx, fx->store, "stan", &session));
    for (int i = 0; i < 3; i++) {
        envres_value *value = NULL;
        envres_list *list = NULL;
        envres_variable_write write = { .size = sizeof(write),
                                        .name = names[i],
                                        .name_len = TEXT,
                                        .value = "y",
                                        .value_len = TEXT };
        keep(fx,
             envres_variable_get(session, "production", TEXT, names[i], TEXT, ENVRES_READ_REVEAL,
                                 &value, fx->err),
             names[i], &answers[0][i]);
        keep(
            fx,
            envres_variable_history(session, "production", TEXT, names[i], TEXT, 0, &list, fx->err),
            names[i], &answers[1][i]);
        keep(fx, envres_variable_put(session, "production", TEXT, &write, NULL, NULL, fx->err),
             names[i], &answers[2][i]);
        keep(
            fx,
            envres_variable_unset(session, "production", TEXT, names[i], TEXT, NULL, NULL, fx->err),
            names[i], &answers[3][i]);
        assert_null(value);
        assert_null(list);
    }
    for (int call = 0; call < 4; call++) {
        for (int i = 0; i < 3; i++) {
            if (answers[call][i].status != ENVRES_E_DENIED)
                fail_msg("call %d of %s: %s", call, names[i], answers[call][i].text);
            assert_string_equal(answers[call][i].text, answers[call][0].text);
        }
    }
    envres_session_close(session);
}

/* ---- names that look like something else ---------------------------------------------------- */

static envres_status
add_named(struct fx *fx, const char *name, size_t len)
{
    uint8_t key[32] = { 7 };
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = sizeof(key) };
    envres_principal_options options = { .size = sizeof(options), .credential = &credential };
    return envres_principal_add(fx->session, name, len, &options, NULL, fx->err);
}

/* No name stands for another, for all, or for a way out; a look-alike is somebody else. */
static void
test_47_special_names(void **state)
{
    static const char *const nowhere[] = { "*", "",           "..",          ".",
                                           "/", "Production", "production ", "\xd1\x80roduction" };
    struct fx *fx = *state;
    envres_session *session = NULL;
    static char longest[65536];
    memset(longest, 'n', sizeof(longest));
    OK(fx, fx_put(fx, "production", "TOKEN", "x", 0, ENVRES_WRITE_SECRET));
    /* Of these nobody is made: too long, with a NUL, not UTF-8. */
    assert_int_not_equal(add_named(fx, longest, sizeof(longest)), ENVRES_OK);
    assert_int_not_equal(add_named(fx, "ow\0ner", 6), ENVRES_OK);
    assert_int_not_equal(add_named(fx, "ow\xff", 3), ENVRES_OK);
    FAILS(fx, ENVRES_E_NAME_TAKEN, add_named(fx, "owner", 5));
    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        envres_scope *scope = NULL;
        assert_int_not_equal(
            envres_scope_open(fx->session, nowhere[i], TEXT, NULL, &scope, fx->err), ENVRES_OK);
        assert_null(scope);
        assert_int_not_equal(fx_put(fx, nowhere[i], "A", "1", 0, 0), ENVRES_OK);
    }
    assert_int_not_equal(fx_put(fx, "production",
                                "TO\xd0\x9a"
                                "EN",
                                "1", 0, 0),
                         ENVRES_OK);
    /* A Cyrillic letter, and the two spellings of one accent: three people, none the owner. */
    static const char *const alike[] = { "\xd0\xbewner", "own\xc3\xa9r", "owne\xcc\x81r" };
    for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
        OK(fx, people_add(fx, alike[i], ENVRES_ROLE_EDITOR, "staging"));
        OK(fx, people_enter(fx, fx->store, alike[i], &session));
        people_reads(fx, session, "production", "TOKEN", NULL, ENVRES_E_DENIED);
        envres_session_close(session);
    }
    assert_int_not_equal(people_role(fx, alike[1], ENVRES_ROLE_OWNER, "*", envres_role_grant),
                         ENVRES_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, serve_setup, serve_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_43_ids_of_another_workspace),
        TEST(test_46_revoked_while_resolving),
        TEST(test_47_special_names),
        TEST(test_49_there_or_not_is_not_told),
    };
    return cmocka_run_group_tests_name("walls", tests, NULL, NULL);
}
