/* SPDX-License-Identifier: MIT */
/*
 * Deposits through the public interface: what a depositor can and cannot, what becomes of a
 * deposit, and every way to bend one in the file: not signed, put back, exchanged, of another time.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "fx_serve.h"

struct people {
    uint8_t key[32];
    envres_session *session;
};

static envres_credential
credential_of(const struct people *people)
{
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = people->key,
                                     .secret_len = sizeof(people->key) };
    return credential;
}

static void
join(struct fx *fx, struct people *people, const char *name, uint32_t role, const char *environment)
{
    memset(people, 0, sizeof(*people));
    memcpy(people->key, name, strlen(name));
    envres_credential credential = credential_of(people);
    envres_principal_options options = { .size = sizeof(options),
                                         .role = role,
                                         .environments = environment ? &environment : NULL,
                                         .count = environment != NULL,
                                         .credential = &credential };
    OK(fx, envres_principal_add(fx->session, name, TEXT, &options, NULL, fx->err));
    OK(fx, envres_session_open(fx->store, NULL, 0, &credential, &people->session, fx->err));
}

static void
take_role(struct fx *fx, const char *name, uint32_t role, const char *environment)
{
    envres_role given = { .size = sizeof(given),
                          .role = role,
                          .principal = name,
                          .principal_len = TEXT,
                          .environment = environment,
                          .environment_len = environment ? TEXT : 0 };
    OK(fx, envres_role_revoke(fx->session, &given, NULL, fx->err));
}

static envres_status
deposit_typed(envres_session *session, struct fx *fx, const char *environment, const char *name,
              const char *value, int32_t type, uint32_t flags, char id[33])
{
    envres_variable_write write = { .size = sizeof(write),
                                    .flags = flags,
                                    .name = name,
                                    .name_len = TEXT,
                                    .value = value,
                                    .value_len = TEXT,
                                    .type = type };
    return envres_deposit(session, environment, TEXT, &write, NULL, id, fx->err);
}

static envres_status
deposit(struct people *people, struct fx *fx, const char *environment, const char *name,
        const char *value, char id[33])
{
    return deposit_typed(people->session, fx, environment, name, value, 0, 0, id);
}

static envres_status
accept(struct fx *fx, const char *environment, const char *id)
{
    return envres_inbox_accept(fx->session, environment, TEXT, id, TEXT, NULL, NULL, fx->err);
}

static envres_status
reject(struct fx *fx, const char *environment, const char *id)
{
    return envres_inbox_reject(fx->session, environment, TEXT, id, TEXT, NULL, fx->err);
}

static void
reads(struct fx *fx, const char *environment, const char *name, const char *want)
{
    envres_value *value = NULL;
    size_t len = 0;
    OK(fx, envres_variable_get(fx->session, environment, TEXT, name, TEXT, ENVRES_READ_REVEAL,
                               &value, fx->err));
    const char *data = envres_value_data(value, &len);
    assert_int_equal(len, strlen(want));
    assert_memory_equal(data, want, len);
    envres_value_free(value);
}

/* What the inbox says of its only deposit. */
static void
state_is(struct fx *fx, const char *environment, const char *want)
{
    envres_list *list = NULL;
    OK(fx, envres_inbox_list(fx->session, environment, TEXT, &list, fx->err));
    assert_int_equal(envres_list_count(list), 1);
    assert_string_equal(envres_list_text(list, 0, ENVRES_INBOX_STATE, NULL), want);
    envres_list_free(list);
}

static size_t
waiting(struct fx *fx, const char *environment)
{
    envres_list *list = NULL;
    OK(fx, envres_inbox_list(fx->session, environment, TEXT, &list, fx->err));
    size_t count = envres_list_count(list);
    envres_list_free(list);
    return count;
}

/* The newest entry of the audit. */
static void
audit_says(struct fx *fx, const char *action, const char *object, const char *actor,
           const char *operation)
{
    envres_list *list = NULL;
    OK(fx, envres_audit_list(fx->session, NULL, &list, fx->err));
    size_t last = envres_list_count(list) - 1;
    assert_string_equal(envres_list_text(list, last, ENVRES_AUDIT_ACTION, NULL), action);
    assert_string_equal(envres_list_text(list, last, ENVRES_AUDIT_OBJECT, NULL), object);
    assert_string_equal(envres_list_text(list, last, ENVRES_AUDIT_ACTOR, NULL), actor);
    if (operation)
        assert_string_equal(envres_list_text(list, last, ENVRES_AUDIT_OPERATION, NULL), operation);
    envres_list_free(list);
}

static void
a_deposit_becomes_a_value(void **state)
{
    struct fx *fx = *state;
    struct people dora = { .session = NULL };
    envres_list *list = NULL;
    int64_t revision = 0;
    char id[33] = "";
    join(fx, &dora, "dora", ENVRES_ROLE_DEPOSITOR, "production");
    OK(fx, deposit(&dora, fx, "production", "TOKEN", "a token of production", id));
    assert_int_equal(strspn(id, "0123456789abcdef"), 32);
    audit_says(fx, "inbox.deposit", "variable/TOKEN", "dora", NULL);

    /* It is no value. */
    FAILS(
        fx, ENVRES_E_NOT_FOUND,
        envres_variable_history(fx->session, "production", TEXT, "TOKEN", TEXT, 0, &list, fx->err));
    OK(fx, envres_inbox_list(fx->session, "production", TEXT, &list, fx->err));
    assert_int_equal(envres_list_count(list), 1);
    assert_string_equal(envres_list_text(list, 0, ENVRES_INBOX_ID, NULL), id);
    assert_string_equal(envres_list_text(list, 0, ENVRES_INBOX_NAME, NULL), "TOKEN");
    assert_string_equal(envres_list_text(list, 0, ENVRES_INBOX_TYPE, NULL), "string");
    assert_int_equal(envres_list_integer(list, 0, ENVRES_INBOX_SECRET), 1);
    assert_int_equal(envres_list_integer(list, 0, ENVRES_INBOX_BASE), 0);
    assert_string_equal(envres_list_text(list, 0, ENVRES_INBOX_STATE, NULL), "waiting");
    assert_string_equal(envres_list_text(list, 0, ENVRES_INBOX_DEPOSITOR, NULL), "dora");
    envres_list_free(list);
    assert_int_equal(waiting(fx, "staging"), 0);

    OK(fx, envres_inbox_accept(fx->session, "production", TEXT, id, 8, NULL, &revision, fx->err));
    assert_int_equal(revision, 1);
    audit_says(fx, "inbox.accept", "variable/TOKEN", "owner", id);
    assert_int_equal(waiting(fx, "production"), 0);
    reads(fx, "production", "TOKEN", "a token of production");
    OK(fx,
       envres_variable_history(fx->session, "production", TEXT, "TOKEN", TEXT, 0, &list, fx->err));
    assert_string_equal(envres_list_text(list, 0, ENVRES_HISTORY_AUTHOR, NULL), "dora");
    assert_int_equal(envres_list_integer(list, 0, ENVRES_HISTORY_SECRET), 1);
    envres_list_free(list);

    /* Once more with all digits: the answer of the first; with fewer, or elsewhere: nothing. */
    OK(fx,
       envres_inbox_accept(fx->session, "production", TEXT, id, TEXT, NULL, &revision, fx->err));
    assert_int_equal(revision, 1);
    assert_int_equal(fx_revision(fx, "production"), 1);
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_inbox_accept(fx->session, "production", TEXT, id, 8, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND, accept(fx, "staging", id));
    FAILS(fx, ENVRES_E_NOT_FOUND, reject(fx, "production", id));
    envres_session_close(dora.session);
}

/* T5: who deposits has no way to read, and none to make a value. */
static void
a_depositor_reads_nothing(void **state)
{
    struct fx *fx = *state;
    struct people dora = { .session = NULL };
    envres_list *list = NULL;
    envres_value *value = NULL;
    envres_scope *scope = NULL;
    char id[33] = "";
    OK(fx, fx_put(fx, "production", "TOKEN", "what is there", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "production", "PLAIN", "what is there", 0, 0));
    join(fx, &dora, "dora", ENVRES_ROLE_DEPOSITOR, NULL);
    OK(fx, deposit(&dora, fx, "production", "TOKEN", "another", id));
    static const char *const names[] = { "TOKEN", "PLAIN" };
    for (size_t i = 0; i < 2; i++) {
        FAILS(fx, ENVRES_E_DENIED,
              envres_variable_get(dora.session, "production", TEXT, names[i], TEXT,
                                  ENVRES_READ_REVEAL, &value, fx->err));
        FAILS(fx, ENVRES_E_DENIED,
              envres_variable_history(dora.session, "production", TEXT, names[i], TEXT, 0, &list,
                                      fx->err));
    }
    FAILS(fx, ENVRES_E_DENIED,
          envres_variable_list(dora.session, "production", TEXT, 0, &list, fx->err));
    FAILS(fx, ENVRES_E_DENIED,
          envres_scope_open(dora.session, "production", TEXT, NULL, &scope, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_audit_list(dora.session, NULL, &list, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_inbox_list(dora.session, "production", TEXT, &list, fx->err));
    FAILS(fx, ENVRES_E_DENIED,
          envres_inbox_accept(dora.session, "production", TEXT, id, TEXT, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED,
          envres_inbox_reject(dora.session, "production", TEXT, id, TEXT, NULL, fx->err));
    assert_null(list);
    assert_null(value);
    assert_null(scope);
    reads(fx, "production", "TOKEN", "what is there");
    envres_session_close(dora.session);
}

static const struct {
    const char *name;
    uint32_t role;
    envres_status staging, production; /* to deposit */
    envres_status takes;               /* to accept in production */
} rights[] = {
#define Y ENVRES_OK
#define N ENVRES_E_DENIED
    { "viewer", ENVRES_ROLE_VIEWER, N, N, N },
    { "editor", ENVRES_ROLE_EDITOR, Y, Y, N },
    { "publisher", ENVRES_ROLE_PUBLISHER, Y, Y, N },
    { "admin", ENVRES_ROLE_ADMIN, Y, Y, Y },
    { "owner", ENVRES_ROLE_OWNER, Y, Y, Y },
    { "runtime", ENVRES_ROLE_RUNTIME, N, N, N },
    { "depositor", ENVRES_ROLE_DEPOSITOR, Y, Y, N },
    { "auditor", ENVRES_ROLE_AUDITOR, N, N, N },
    { "nobody", 0, N, N, N },
#undef Y
#undef N
};

static void
each_role_deposits_what_its_row_says(void **state)
{
    struct fx *fx = *state;
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        struct people who = { .session = NULL };
        char name[32];
        char id[33] = "";
        print_message("%s\n", rights[i].name);
        snprintf(name, sizeof(name), "the %s", rights[i].name);
        join(fx, &who, name, rights[i].role, NULL);
        FAILS(fx, rights[i].staging, deposit(&who, fx, "staging", "A", "a", NULL));
        FAILS(fx, rights[i].production, deposit(&who, fx, "production", "A", "a", NULL));
        OK(fx, deposit_typed(fx->session, fx, "production", "B", "b", 0, 0, id));
        FAILS(fx, rights[i].takes,
              envres_inbox_accept(who.session, "production", TEXT, id, TEXT, NULL, NULL, fx->err));
        if (rights[i].takes != ENVRES_OK)
            OK(fx, reject(fx, "production", id));
        envres_session_close(who.session);
    }
}

/* ---- stale, denied, rejected ---------------------------------------------------------------- */

static void
a_deposit_is_bound_to_a_revision(void **state)
{
    struct fx *fx = *state;
    char id[33] = "";
    char late[33] = "";
    OK(fx, deposit_typed(fx->session, fx, "staging", "A", "new", 0, 0, id));
    OK(fx, fx_put(fx, "staging", "A", "meanwhile", 0, ENVRES_WRITE_SECRET));
    state_is(fx, "staging", "stale");
    FAILS(fx, ENVRES_E_CHANGED, accept(fx, "staging", id));
    reads(fx, "staging", "A", "meanwhile");
    OK(fx, reject(fx, "staging", id));
    audit_says(fx, "inbox.reject", "variable/A", "owner", id);

    /* Of two that were bound to the same revision one is taken in. */
    OK(fx, deposit_typed(fx->session, fx, "staging", "A", "first", 0, 0, id));
    OK(fx, deposit_typed(fx->session, fx, "staging", "A", "second", 0, 0, late));
    OK(fx, accept(fx, "staging", late));
    reads(fx, "staging", "A", "second");
    FAILS(fx, ENVRES_E_CHANGED, accept(fx, "staging", id));
    OK(fx, reject(fx, "staging", id));

    /* A value that was taken away meanwhile is a change too. */
    OK(fx, deposit_typed(fx->session, fx, "staging", "A", "third", 0, 0, id));
    OK(fx, envres_variable_unset(fx->session, "staging", TEXT, "A", TEXT, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_CHANGED, accept(fx, "staging", id));
    OK(fx, deposit_typed(fx->session, fx, "staging", "A", "fourth", 0, 0, late));
    OK(fx, accept(fx, "staging", late));
    reads(fx, "staging", "A", "fourth");
    OK(fx, reject(fx, "staging", id));
}

static void
a_depositor_keeps_its_right_until_then(void **state)
{
    struct fx *fx = *state;
    struct people dora = { .session = NULL };
    struct people gone = { .session = NULL };
    envres_list *list = NULL;
    char id[33] = "";
    join(fx, &dora, "dora", ENVRES_ROLE_DEPOSITOR, "staging");
    OK(fx, deposit(&dora, fx, "staging", "A", "a", id));
    take_role(fx, "dora", ENVRES_ROLE_DEPOSITOR, "staging");
    FAILS(fx, ENVRES_E_DENIED, deposit(&dora, fx, "staging", "A", "b", NULL));
    state_is(fx, "staging", "denied");
    FAILS(fx, ENVRES_E_DENIED, accept(fx, "staging", id));
    assert_string_equal(envres_error_subject(fx->err), "dora");
    OK(fx, reject(fx, "staging", id));

    join(fx, &gone, "gone", ENVRES_ROLE_DEPOSITOR, "staging");
    OK(fx, deposit(&gone, fx, "staging", "A", "a", id));
    envres_session_close(gone.session);
    OK(fx, envres_principal_remove(fx->session, "gone", TEXT, NULL, fx->err));
    state_is(fx, "staging", "denied");
    FAILS(fx, ENVRES_E_DENIED, accept(fx, "staging", id));
    OK(fx, envres_audit_list(fx->session, NULL, &list, fx->err));
    size_t last = envres_list_count(list) - 1;
    assert_string_equal(envres_list_text(list, last, ENVRES_AUDIT_OUTCOME, NULL), "denied");
    envres_list_free(list);
    OK(fx, reject(fx, "staging", id));
    envres_session_close(dora.session);
}

/* Somebody is served by a program that deposits for them: both need the right, both are named. */
static void
depositing_for_somebody(void **state)
{
    struct fx *fx = *state;
    struct people vera = { .session = NULL };
    struct people dora = { .session = NULL };
    envres_session *as_dora = NULL;
    envres_session *as_vera = NULL;
    envres_list *list = NULL;
    char id[33] = "";
    join(fx, &vera, "vera", ENVRES_ROLE_VIEWER, NULL);
    join(fx, &dora, "dora", ENVRES_ROLE_DEPOSITOR, NULL);
    OK(fx, envres_session_as(fx->session, "dora", TEXT, &as_dora, fx->err));
    OK(fx, envres_session_as(fx->session, "vera", TEXT, &as_vera, fx->err));
    FAILS(fx, ENVRES_E_DENIED, deposit_typed(as_vera, fx, "staging", "A", "a", 0, 0, NULL));
    OK(fx, deposit_typed(as_dora, fx, "staging", "A", "a", 0, 0, id));
    OK(fx, accept(fx, "staging", id));
    OK(fx, envres_variable_history(fx->session, "staging", TEXT, "A", TEXT, 0, &list, fx->err));
    assert_string_equal(envres_list_text(list, 0, ENVRES_HISTORY_AUTHOR, NULL), "dora");
    envres_list_free(list);
    OK(fx, deposit_typed(as_dora, fx, "staging", "A", "b", 0, 0, id));
    take_role(fx, "dora", ENVRES_ROLE_DEPOSITOR, NULL);
    FAILS(fx, ENVRES_E_DENIED, accept(fx, "staging", id));
    OK(fx, reject(fx, "staging", id));
    envres_session_close(as_vera);
    envres_session_close(as_dora);
    envres_session_close(dora.session);
    envres_session_close(vera.session);
}

/* ---- type and class ------------------------------------------------------------------------- */

static void
type_and_class(void **state)
{
    struct fx *fx = *state;
    struct people dora = { .session = NULL };
    envres_list *list = NULL;
    char id[33] = "";
    join(fx, &dora, "dora", ENVRES_ROLE_DEPOSITOR, NULL);
    OK(fx, fx_put(fx, "staging", "SECRET", "s", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "staging", "SIZE", "5", ENVRES_TYPE_NUMBER, 0));

    /* Who sees names is told at once; type and class stay although it is the only environment. */
    FAILS(fx, ENVRES_E_TYPE,
          deposit_typed(fx->session, fx, "staging", "SECRET", "x", 0, ENVRES_WRITE_PLAIN, NULL));
    FAILS(fx, ENVRES_E_TYPE,
          deposit_typed(fx->session, fx, "staging", "SIZE", "x", ENVRES_TYPE_STRING, 0, NULL));
    FAILS(fx, ENVRES_E_TYPE,
          deposit_typed(fx->session, fx, "staging", "SIZE", "no number", 0, 0, NULL));

    /* Who does not learns nothing of the name; it is refused when it is accepted. */
    static const struct {
        const char *name;
        const char *value;
        int32_t type;
        uint32_t flags;
    } rows[] = {
        { "SECRET", "x", 0, ENVRES_WRITE_PLAIN },
        { "SIZE", "x", ENVRES_TYPE_STRING, 0 },
        { "SIZE", "no number", 0, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        OK(fx, deposit_typed(dora.session, fx, "staging", rows[i].name, rows[i].value, rows[i].type,
                             rows[i].flags, id));
        FAILS(fx, ENVRES_E_TYPE, accept(fx, "staging", id));
        OK(fx, reject(fx, "staging", id));
    }
    reads(fx, "staging", "SECRET", "s");

    /* What the deposit itself says must fit together, whoever makes it. */
    FAILS(fx, ENVRES_E_TYPE,
          deposit_typed(dora.session, fx, "staging", "NEW", "x", ENVRES_TYPE_NUMBER, 0, NULL));
    OK(fx, deposit_typed(dora.session, fx, "staging", "SIZE", "070e1", 0, 0, id) == ENVRES_OK
               ? accept(fx, "staging", id) == ENVRES_E_TYPE ? reject(fx, "staging", id)
                                                            : ENVRES_E_INVALID
               : ENVRES_E_INVALID);
    OK(fx, deposit_typed(dora.session, fx, "staging", "SIZE", "7e1", 0, 0, id));
    OK(fx, accept(fx, "staging", id));
    reads(fx, "staging", "SIZE", "70");
    OK(fx, deposit_typed(dora.session, fx, "staging", "PLAIN", "p", 0, ENVRES_WRITE_PLAIN, id));
    OK(fx, accept(fx, "staging", id));
    OK(fx, envres_variable_history(fx->session, "staging", TEXT, "PLAIN", TEXT, 0, &list, fx->err));
    assert_int_equal(envres_list_integer(list, 0, ENVRES_HISTORY_SECRET), 0);
    envres_list_free(list);

    /* A circle is closed by nobody. */
    OK(fx, deposit_typed(dora.session, fx, "staging", "LOOP", "<< environment.variables.LOOP >>",
                         ENVRES_TYPE_TEMPLATE, ENVRES_WRITE_PLAIN, id));
    FAILS(fx, ENVRES_E_CYCLE, accept(fx, "staging", id));
    OK(fx, reject(fx, "staging", id));
    envres_session_close(dora.session);
}

/* ---- arguments and limits ------------------------------------------------------------------- */

static void
arguments(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    char id[33] = "as before";
    static const char *const ids[] = { "", "1234567", "12345678z", "xyz45678",
                                       "000102030405060708090a0b0c0d0e0f0" };
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        FAILS(fx, ENVRES_E_INVALID, accept(fx, "staging", ids[i]));
        FAILS(fx, ENVRES_E_INVALID, reject(fx, "staging", ids[i]));
    }
    FAILS(fx, ENVRES_E_NOT_FOUND, accept(fx, "staging", "12345678"));
    FAILS(fx, ENVRES_E_NOT_FOUND, reject(fx, "staging", "000102030405060708090a0b0c0d0e0f"));
    FAILS(fx, ENVRES_E_INVALID, accept(fx, "staging", NULL));
    FAILS(fx, ENVRES_E_NOT_FOUND, accept(fx, "stagin", "12345678"));
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_inbox_list(fx->session, "no", TEXT, &list, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_inbox_list(fx->session, "staging", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_inbox_list(NULL, "staging", TEXT, &list, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_deposit(fx->session, "staging", TEXT, NULL, NULL, id, fx->err));
    assert_string_equal(id, "");
    FAILS(fx, ENVRES_E_NOT_FOUND, deposit_typed(fx->session, fx, "no", "A", "a", 0, 0, NULL));
    FAILS(fx, ENVRES_E_NAME, deposit_typed(fx->session, fx, "staging", "1A", "a", 0, 0, NULL));
    FAILS(fx, ENVRES_E_UTF8, deposit_typed(fx->session, fx, "staging", "A", "\xff", 0, 0, NULL));
    assert_int_equal(waiting(fx, "staging"), 0);
}

/* A call that is repeated deposits once, and says the same id. */
static void
an_operation_is_done_once(void **state)
{
    struct fx *fx = *state;
    uint8_t operation[16];
    envres_change change = { .size = sizeof(change), .operation = operation };
    envres_variable_write write = {
        .size = sizeof(write), .name = "A", .name_len = TEXT, .value = "a", .value_len = TEXT
    };
    char id[33] = "";
    char again[33] = "";
    memset(operation, 7, sizeof(operation));
    OK(fx, envres_deposit(fx->session, "staging", TEXT, &write, &change, id, fx->err));
    OK(fx, envres_deposit(fx->session, "staging", TEXT, &write, &change, again, fx->err));
    assert_string_equal(id, again);
    assert_int_equal(waiting(fx, "staging"), 1);
    OK(fx, accept(fx, "staging", id));
    OK(fx, envres_deposit(fx->session, "staging", TEXT, &write, &change, again, fx->err));
    assert_int_equal(waiting(fx, "staging"), 0);
}

static void
a_thousand_wait(void **state)
{
    struct fx *fx = *state;
    char id[33] = "";
    for (int i = 0; i < 1000; i++)
        OK(fx, deposit_typed(fx->session, fx, "staging", "A", "a", 0, 0, id));
    FAILS(fx, ENVRES_E_LIMIT, deposit_typed(fx->session, fx, "staging", "A", "a", 0, 0, NULL));
    OK(fx, deposit_typed(fx->session, fx, "production", "A", "a", 0, 0, NULL));
    OK(fx, reject(fx, "staging", id));
    OK(fx, deposit_typed(fx->session, fx, "staging", "A", "a", 0, 0, NULL));
    assert_int_equal(waiting(fx, "staging"), 1000);
}

static void
a_long_value(void **state)
{
    struct fx *fx = *state;
    size_t len = 1024 * 1024;
    char id[33] = "";
    char *value = malloc(len + 2);
    assert_non_null(value);
    memset(value, 'v', len + 1);
    value[len + 1] = '\0';
    FAILS(fx, ENVRES_E_LIMIT, deposit_typed(fx->session, fx, "staging", "A", value, 0, 0, NULL));
    value[len] = '\0';
    OK(fx, deposit_typed(fx->session, fx, "staging", "A", value, 0, 0, id));
    OK(fx, accept(fx, "staging", id));
    reads(fx, "staging", "A", value);
    free(value);
    OK(fx, deposit_typed(fx->session, fx, "staging", "A", "", 0, 0, id));
    OK(fx, accept(fx, "staging", id));
    reads(fx, "staging", "A", "");
}

/* An environment goes with what waits in it, and comes with a public key of its own. */
static void
environments_come_and_go(void **state)
{
    struct fx *fx = *state;
    envres_environment_options off = { .size = sizeof(off), .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    char id[33] = "";
    OK(fx, envres_environment_add(fx->session, "eu", TEXT, &off, NULL, fx->err));
    OK(fx, deposit_typed(fx->session, fx, "eu", "A", "a", 0, 0, id));
    FAILS(fx, ENVRES_E_NOT_FOUND, accept(fx, "staging", id));
    OK(fx, envres_environment_remove(fx->session, "eu", TEXT, NULL, fx->err));
    OK(fx, envres_environment_add(fx->session, "eu", TEXT, &off, NULL, fx->err));
    assert_int_equal(waiting(fx, "eu"), 0);
    OK(fx, deposit_typed(fx->session, fx, "eu", "A", "a", 0, 0, id));
    OK(fx, accept(fx, "eu", id));
}

/* The public key that an administrator published counts when the administrator is gone. */
static void
keys_outlive_their_signers(void **state)
{
    struct fx *fx = *state;
    struct people adam = { .session = NULL };
    struct people olga = { .session = NULL };
    envres_environment_options off = { .size = sizeof(off), .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    char id[33] = "";
    join(fx, &adam, "adam", ENVRES_ROLE_ADMIN, NULL);
    join(fx, &olga, "olga", ENVRES_ROLE_OWNER, NULL);
    OK(fx, envres_environment_add(adam.session, "eu", TEXT, &off, NULL, fx->err));
    OK(fx, deposit_typed(fx->session, fx, "eu", "A", "a", 0, 0, id));
    take_role(fx, "adam", ENVRES_ROLE_ADMIN, NULL);
    OK(fx, deposit_typed(fx->session, fx, "eu", "B", "b", 0, 0, NULL));
    OK(fx, accept(fx, "eu", id));
    envres_session_close(adam.session);
    OK(fx, envres_principal_remove(fx->session, "adam", TEXT, NULL, fx->err));

    /* The root too: what it published is signed by who removes it. */
    OK(fx, envres_principal_remove(olga.session, "owner", TEXT, NULL, fx->err));
    OK(fx, deposit_typed(olga.session, fx, "staging", "A", "a", 0, 0, id));
    OK(fx, envres_inbox_accept(olga.session, "staging", TEXT, id, TEXT, NULL, NULL, fx->err));
    envres_session_close(fx->session);
    fx->session = olga.session;
}

/* ---- what is done to the file --------------------------------------------------------------- */

/* A table's rows, kept outside the store: a table of ours in it would be refused. */
struct kept {
    char path[64];
    const char *table;
};

static void
keep_rows(struct fx *fx, struct kept *kept, const char *table)
{
    char sql[400];
    kept->table = table;
    strcpy(kept->path, "/tmp/envres-kept-XXXXXX");
    int fd = mkstemp(kept->path);
    assert_true(fd >= 0);
    close(fd);
    snprintf(sql, sizeof(sql),
             "ATTACH '%s' AS k; CREATE TABLE k.kept AS SELECT * FROM %s WHERE 0;"
             "INSERT INTO k.kept SELECT * FROM %s",
             kept->path, table, table);
    serve_sql(fx, sql);
}

static void
put_rows_back(struct fx *fx, struct kept *kept)
{
    char sql[400];
    snprintf(sql, sizeof(sql),
             "ATTACH '%s' AS k; DELETE FROM %s; INSERT INTO %s SELECT * FROM k.kept", kept->path,
             kept->table, kept->table);
    serve_sql(fx, sql);
    unlink(kept->path);
}

static size_t
findings(struct fx *fx, const char *object, const char *message)
{
    envres_list *list = NULL;
    OK(fx, envres_store_verify(fx->store, fx->session, &list, fx->err));
    size_t count = envres_list_count(list);
    for (size_t i = 0; i < count; i++)
        print_message("  %s: %s\n", envres_list_text(list, i, ENVRES_VERIFY_OBJECT, NULL),
                      envres_list_text(list, i, ENVRES_VERIFY_MESSAGE, NULL));
    if (count > 0 && object) {
        const char *where = envres_list_text(list, 0, ENVRES_VERIFY_OBJECT, NULL);
        assert_memory_equal(where, object, strlen(object));
        assert_non_null(strstr(envres_list_text(list, 0, ENVRES_VERIFY_MESSAGE, NULL), message));
    }
    envres_list_free(list);
    return count;
}

/* 27: not signed by who it names, for another name, environment, type, class, revision, time. */
static void
bent_deposits(void **state)
{
    struct fx *fx = *state;
    static const struct {
        const char *name;
        const char *sql;
    } rows[] = {
        { "no signature", "UPDATE inbox SET signature = zeroblob(64)" },
        { "another depositor",
          "UPDATE inbox SET depositor_id = (SELECT id FROM principal WHERE name = 'eve')" },
        { "served somebody else",
          "UPDATE inbox SET asserted = (SELECT id FROM principal WHERE name = 'eve')" },
        { "another name", "UPDATE inbox SET name = 'OTHER'" },
        { "a name that is none", "UPDATE inbox SET name = 'no name'" },
        { "another revision", "UPDATE inbox SET base = base + 1" },
        { "another generation", "UPDATE inbox SET generation = 2" },
        { "another type", "UPDATE inbox SET type = 5" },
        { "a type that is none", "UPDATE inbox SET type = 99" },
        { "plain", "UPDATE inbox SET secret = 0" },
        { "another time", "UPDATE inbox SET time = time - 1" },
        { "another id", "UPDATE inbox SET id = x'11111111111111111111111111111111'" },
        { "bytes exchanged", "UPDATE inbox SET body = zeroblob(length(body))" },
        { "bytes cut off", "UPDATE inbox SET body = substr(body, 1, length(body) - 1)" },
        { "no bytes", "UPDATE inbox SET body = x''" },
    };
    struct people dora = { .session = NULL };
    struct people eve = { .session = NULL };
    join(fx, &dora, "dora", ENVRES_ROLE_DEPOSITOR, NULL);
    join(fx, &eve, "eve", ENVRES_ROLE_DEPOSITOR, NULL);
    OK(fx, fx_put(fx, "staging", "A", "a", 0, ENVRES_WRITE_SECRET));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_list *list = NULL;
        char id[33] = "";
        print_message("%s\n", rows[i].name);
        OK(fx, deposit(&dora, fx, "staging", "A", "b", id));
        serve_sql(fx, rows[i].sql);
        if (strcmp(rows[i].name, "another id") == 0)
            strcpy(id, "11111111111111111111111111111111");
        state_is(fx, "staging", "unsigned");
        FAILS(fx, ENVRES_E_INTEGRITY, accept(fx, "staging", id));
        assert_int_equal(findings(fx, "inbox/", "signed"), 1);
        reads(fx, "staging", "A", "a");
        OK(fx, envres_variable_list(fx->session, "staging", TEXT, 0, &list, fx->err));
        assert_int_equal(envres_list_count(list), 1);
        envres_list_free(list);
        OK(fx, reject(fx, "staging", id));
        assert_int_equal(findings(fx, NULL, NULL), 0);
    }
    envres_session_close(eve.session);
    envres_session_close(dora.session);
}

static void
a_deposit_in_another_environment(void **state)
{
    struct fx *fx = *state;
    char id[33] = "";
    OK(fx, deposit_typed(fx->session, fx, "development", "A", "of development", 0, 0, id));
    serve_sql(fx, "UPDATE inbox SET environment_id ="
                  " (SELECT id FROM environment WHERE key = 'production')");
    FAILS(fx, ENVRES_E_NOT_FOUND, accept(fx, "development", id));
    state_is(fx, "production", "unsigned");
    FAILS(fx, ENVRES_E_INTEGRITY, accept(fx, "production", id));
    assert_int_equal(findings(fx, "inbox/", "signed"), 1);
    OK(fx, reject(fx, "production", id));
}

/* 27: a row that was taken in or rejected, and is put back. */
static void
deposits_put_back(void **state)
{
    struct fx *fx = *state;
    for (int taken = 0; taken < 2; taken++) {
        struct kept kept = { .table = NULL };
        char id[33] = "";
        OK(fx, deposit_typed(fx->session, fx, "staging", taken ? "A" : "B", "x", 0, 0, id));
        keep_rows(fx, &kept, "inbox");
        OK(fx, taken ? accept(fx, "staging", id) : reject(fx, "staging", id));
        if (taken) /* as if nobody had changed the variable since */
            OK(fx, envres_variable_delete(fx->session, "A", TEXT, NULL, fx->err));
        put_rows_back(fx, &kept);
        state_is(fx, "staging", "used");
        FAILS(fx, ENVRES_E_INTEGRITY, accept(fx, "staging", id));
        fx_hint(fx, "reject it");
        assert_int_equal(findings(fx, "inbox/", "put back"), 1);
        OK(fx, reject(fx, "staging", id));
        assert_int_equal(waiting(fx, "staging"), 0);
        assert_int_equal(findings(fx, NULL, NULL), 0);
    }
}

static void
rows_with_the_same_digits(void **state)
{
    struct fx *fx = *state;
    char id[33] = "";
    OK(fx, deposit_typed(fx->session, fx, "staging", "A", "a", 0, 0, id));
    serve_sql(fx,
              "INSERT INTO inbox SELECT CAST(substr(id, 1, 15) || CASE substr(id, 16) WHEN x'00'"
              " THEN x'01' ELSE x'00' END AS BLOB), environment_id, generation,"
              " name, type, secret, base, body, depositor_id, asserted, signature, time"
              " FROM inbox");
    FAILS(fx, ENVRES_E_INVALID,
          envres_inbox_accept(fx->session, "staging", TEXT, id, 30, NULL, NULL, fx->err));
    OK(fx, accept(fx, "staging", id));
    id[30] = id[31] = '0';
    FAILS(fx, ENVRES_E_INTEGRITY, accept(fx, "staging", id));
    OK(fx, reject(fx, "staging", id));
}

/* 25: the environment's public key exchanged, not signed, signed by somebody who may not. */
static void
bent_public_keys(void **state)
{
    struct fx *fx = *state;
    static const struct {
        const char *name;
        const char *sql;
    } rows[] = {
        { "another key",
          "UPDATE env_key SET box_key = (SELECT box_key FROM principal WHERE name = 'eve')" },
        { "no signature", "UPDATE env_key SET signature = zeroblob(64)" },
        { "of another environment",
          "UPDATE env_key SET (box_key, signature) = (SELECT x.box_key, x.signature FROM env_key x"
          " JOIN environment e ON e.id = x.environment_id WHERE e.key = 'production')"
          " WHERE environment_id = (SELECT id FROM environment WHERE key = 'staging')" },
        { "another signer",
          "UPDATE env_key SET signer_id = (SELECT id FROM principal WHERE name = 'eve')" },
        { "another generation", "UPDATE env_key SET generation = 2" },
        { "none", "DELETE FROM env_key" },
    };
    struct people dora = { .session = NULL };
    struct people eve = { .session = NULL };
    join(fx, &dora, "dora", ENVRES_ROLE_DEPOSITOR, NULL);
    join(fx, &eve, "eve", ENVRES_ROLE_EDITOR, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].name);
        struct kept kept = { .table = NULL };
        keep_rows(fx, &kept, "env_key");
        serve_sql(fx, rows[i].sql);
        FAILS(fx, ENVRES_E_INTEGRITY, deposit(&dora, fx, "staging", "A", "a", NULL));
        assert_true(findings(fx, "envkey/", "public key") >= 1);
        put_rows_back(fx, &kept);
        OK(fx, deposit(&dora, fx, "staging", "A", "a", NULL));
        assert_int_equal(findings(fx, NULL, NULL), 0);
    }
    envres_session_close(eve.session);
    envres_session_close(dora.session);
}

/* Nobody re-signs a key that did not count: removing its signer leaves it as bad as it was. */
static void
a_forged_key_is_not_adopted(void **state)
{
    struct fx *fx = *state;
    struct people adam = { .session = NULL };
    envres_environment_options off = { .size = sizeof(off), .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    join(fx, &adam, "adam", ENVRES_ROLE_ADMIN, NULL);
    OK(fx, envres_environment_add(adam.session, "eu", TEXT, &off, NULL, fx->err));
    serve_sql(fx, "UPDATE env_key SET box_key = (SELECT box_key FROM principal WHERE name = 'adam')"
                  " WHERE signer_id = (SELECT id FROM principal WHERE name = 'adam')");
    OK(fx, envres_principal_remove(fx->session, "adam", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_INTEGRITY, deposit_typed(fx->session, fx, "eu", "A", "a", 0, 0, NULL));
    assert_string_equal(envres_error_message(fx->err) + 0,
                        "eu: the environment's public key is not one that somebody signed who may");
    OK(fx, envres_environment_remove(fx->session, "eu", TEXT, NULL, fx->err));
    assert_int_equal(findings(fx, NULL, NULL), 0);
    envres_session_close(adam.session);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_MEMORY(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)
#define IN_A_FILE(test) cmocka_unit_test_setup_teardown(test, serve_setup, serve_teardown)
        IN_MEMORY(a_deposit_becomes_a_value),
        IN_MEMORY(a_depositor_reads_nothing),
        IN_MEMORY(each_role_deposits_what_its_row_says),
        IN_MEMORY(a_deposit_is_bound_to_a_revision),
        IN_MEMORY(a_depositor_keeps_its_right_until_then),
        IN_MEMORY(depositing_for_somebody),
        IN_MEMORY(type_and_class),
        IN_MEMORY(arguments),
        IN_MEMORY(an_operation_is_done_once),
        IN_MEMORY(a_thousand_wait),
        IN_MEMORY(a_long_value),
        IN_MEMORY(environments_come_and_go),
        IN_MEMORY(keys_outlive_their_signers),
        IN_A_FILE(bent_deposits),
        IN_A_FILE(a_deposit_in_another_environment),
        IN_A_FILE(deposits_put_back),
        IN_A_FILE(rows_with_the_same_digits),
        IN_A_FILE(bent_public_keys),
        IN_A_FILE(a_forged_key_is_not_adopted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
