/* SPDX-License-Identifier: MIT */
/*
 * Principals, roles and rights through the public interface: what a role may, on both walls; what
 * nobody may; acting for somebody else; what the audit says of all that.
 */
#include <stdbool.h>

#include "helper.h"

struct people {
    struct fx *fx;
    uint8_t key[32];
    envres_session *session;
};

/* A principal with a key of its own, and a session of it. */
static void
join(struct fx *fx, struct people *people, const char *name, uint32_t role, const char *environment)
{
    memset(people, 0, sizeof(*people));
    people->fx = fx;
    memset(people->key, name[0], sizeof(people->key));
    memcpy(people->key, name, strlen(name) < sizeof(people->key) ? strlen(name) : 8);
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = people->key,
                                     .secret_len = sizeof(people->key) };
    envres_principal_options options = { .size = sizeof(options),
                                         .role = role,
                                         .environments = environment ? &environment : NULL,
                                         .count = environment != NULL,
                                         .credential = &credential };
    OK(fx, envres_principal_add(fx->session, name, TEXT, &options, NULL, fx->err));
    OK(fx, envres_session_open(fx->store, NULL, 0, &credential, &people->session, fx->err));
}

static void
leave(struct people *people)
{
    envres_session_close(people->session);
}

static envres_status
put_as(struct people *people, const char *environment, const char *name, const char *value,
       uint32_t flags)
{
    envres_variable_write write = { .size = sizeof(write),
                                    .flags = flags,
                                    .name = name,
                                    .name_len = TEXT,
                                    .value = value,
                                    .value_len = TEXT };
    return envres_variable_put(people->session, environment, TEXT, &write, NULL, NULL,
                               people->fx->err);
}

static envres_status
get_as(struct people *people, const char *environment, const char *name, uint32_t flags)
{
    envres_value *value = NULL;
    envres_status st = envres_variable_get(people->session, environment, TEXT, name, TEXT, flags,
                                           &value, people->fx->err);
    envres_value_free(value);
    return st;
}

static envres_status
use_as(struct people *people, const char *environment, const char *name)
{
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    envres_status st =
        envres_scope_open(people->session, environment, TEXT, NULL, &scope, people->fx->err);
    if (st == ENVRES_OK)
        st = envres_scope_get(scope, name, TEXT, &value, people->fx->err);
    envres_value_free(value);
    envres_scope_unref(scope);
    return st;
}

static void
fill(struct fx *fx)
{
    static const char *const environments[] = { "development", "staging", "production" };
    for (size_t i = 0; i < 3; i++) {
        OK(fx, fx_put(fx, environments[i], "PLAIN", "plain text", 0, 0));
        OK(fx, fx_put(fx, environments[i], "SECRET", "a secret text", 0, ENVRES_WRITE_SECRET));
    }
}

/* ---- what a role may, in an environment that is protected and in one that is not ------------- */

static const struct {
    const char *name;
    uint32_t role;
    envres_status plain, use, reveal, write;         /* in staging */
    envres_status plain_p, use_p, reveal_p, write_p; /* in production */
} matrix[] = {
#define Y ENVRES_OK
#define N ENVRES_E_DENIED
    { "viewer", ENVRES_ROLE_VIEWER, Y, N, N, N, Y, N, N, N },
    { "editor", ENVRES_ROLE_EDITOR, Y, Y, N, Y, Y, N, N, N },
    { "publisher", ENVRES_ROLE_PUBLISHER, Y, Y, N, Y, Y, N, N, N },
    { "admin", ENVRES_ROLE_ADMIN, Y, Y, Y, Y, Y, Y, Y, Y },
    { "owner", ENVRES_ROLE_OWNER, Y, Y, Y, Y, Y, Y, Y, Y },
    { "runtime", ENVRES_ROLE_RUNTIME, Y, Y, N, N, Y, Y, N, N },
    { "depositor", ENVRES_ROLE_DEPOSITOR, N, N, N, N, N, N, N, N },
    { "auditor", ENVRES_ROLE_AUDITOR, N, N, N, N, N, N, N, N },
    { "nobody", 0, N, N, N, N, N, N, N, N },
#undef Y
#undef N
};

static void
each_role_may_what_its_row_says(void **state)
{
    struct fx *fx = *state;
    fill(fx);
    for (size_t i = 0; i < sizeof(matrix) / sizeof(matrix[0]); i++) {
        struct people who;
        print_message("%s\n", matrix[i].name);
        char name[32];
        snprintf(name, sizeof(name), "the %s", matrix[i].name);
        join(fx, &who, name, matrix[i].role, NULL);
        FAILS(fx, matrix[i].plain, get_as(&who, "staging", "PLAIN", 0));
        FAILS(fx, matrix[i].use, use_as(&who, "staging", "SECRET"));
        FAILS(fx, matrix[i].reveal, get_as(&who, "staging", "SECRET", ENVRES_READ_REVEAL));
        FAILS(fx, matrix[i].write, put_as(&who, "staging", "PLAIN", "again", 0));
        FAILS(fx, matrix[i].plain_p, get_as(&who, "production", "PLAIN", 0));
        FAILS(fx, matrix[i].use_p, use_as(&who, "production", "SECRET"));
        FAILS(fx, matrix[i].reveal_p, get_as(&who, "production", "SECRET", ENVRES_READ_REVEAL));
        FAILS(fx, matrix[i].write_p, put_as(&who, "production", "PLAIN", "again", 0));
        leave(&who);
    }
}

/* A role in one environment is none in the others, on no way. */
static void
a_role_counts_where_it_was_given(void **state)
{
    struct fx *fx = *state;
    struct people stacy;
    envres_list *list = NULL;
    fill(fx);
    join(fx, &stacy, "stacy", ENVRES_ROLE_EDITOR, "staging");
    OK(fx, use_as(&stacy, "staging", "SECRET"));
    FAILS(fx, ENVRES_E_DENIED, use_as(&stacy, "production", "PLAIN"));
    FAILS(fx, ENVRES_E_DENIED, use_as(&stacy, "development", "PLAIN"));
    FAILS(fx, ENVRES_E_DENIED, get_as(&stacy, "production", "PLAIN", 0));
    FAILS(fx, ENVRES_E_DENIED,
          envres_variable_history(stacy.session, "production", TEXT, "PLAIN", TEXT, 0, &list,
                                  fx->err));
    FAILS(fx, ENVRES_E_DENIED,
          envres_variable_list(stacy.session, "production", TEXT, 0, &list, fx->err));
    OK(fx, envres_variable_list(stacy.session, NULL, 0, ENVRES_READ_REVEAL, &list, fx->err));
    assert_int_equal(envres_list_count(list), 2);
    for (size_t i = 0; i < envres_list_count(list); i++)
        assert_string_equal(envres_list_text(list, i, ENVRES_VARIABLE_ENVIRONMENT, NULL),
                            "staging");
    envres_list_free(list);
    FAILS(fx, ENVRES_E_DENIED,
          envres_environment_add(stacy.session, "eu", TEXT, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_app_create(stacy.session, "x", TEXT, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED,
          envres_resource_define(stacy.session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_session_gc(stacy.session, NULL, &list, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_audit_list(stacy.session, NULL, &list, fx->err));
    leave(&stacy);
}

/* ---- granting and revoking ------------------------------------------------------------------ */

static envres_status
role_as(envres_session *session, struct fx *fx, bool gives, const char *principal, uint32_t role,
        const char *environment)
{
    envres_role given = { .size = sizeof(given),
                          .role = role,
                          .principal = principal,
                          .principal_len = TEXT,
                          .environment = environment,
                          .environment_len = environment ? TEXT : 0 };
    return gives ? envres_role_grant(session, &given, NULL, fx->err)
                 : envres_role_revoke(session, &given, NULL, fx->err);
}

static void
keys_come_and_go_with_roles(void **state)
{
    struct fx *fx = *state;
    struct people vera;
    envres_environment_options raise = { .size = sizeof(raise),
                                         .flags = ENVRES_ENVIRONMENT_PROTECT };
    envres_environment_options off = { .size = sizeof(off), .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    fill(fx);
    join(fx, &vera, "vera", ENVRES_ROLE_VIEWER, NULL);
    FAILS(fx, ENVRES_E_DENIED, use_as(&vera, "staging", "SECRET"));
    OK(fx, role_as(fx->session, fx, true, "vera", ENVRES_ROLE_EDITOR, "staging"));
    leave(&vera);
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = vera.key,
                                     .secret_len = sizeof(vera.key) };
    OK(fx, envres_session_open(fx->store, NULL, 0, &credential, &vera.session, fx->err));
    OK(fx, use_as(&vera, "staging", "SECRET"));
    FAILS(fx, ENVRES_E_DENIED, use_as(&vera, "production", "SECRET"));
    /* Protecting takes the editors' keys for secrets back, of open sessions too. */
    OK(fx, envres_environment_set(fx->session, "staging", TEXT, &raise, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED, use_as(&vera, "staging", "SECRET"));
    /* A role for the workspace counts in what is added later, with its key. */
    OK(fx, envres_environment_add(fx->session, "eu", TEXT, &off, NULL, fx->err));
    OK(fx, fx_put(fx, "eu", "PLAIN", "eu", 0, 0));
    OK(fx, use_as(&vera, "eu", "PLAIN"));
    OK(fx, role_as(fx->session, fx, false, "vera", ENVRES_ROLE_VIEWER, NULL));
    FAILS(fx, ENVRES_E_DENIED, use_as(&vera, "eu", "PLAIN"));
    FAILS(fx, ENVRES_E_NOT_SET, role_as(fx->session, fx, false, "vera", ENVRES_ROLE_VIEWER, NULL));
    leave(&vera);
}

static void
rules_without_exception(void **state)
{
    struct fx *fx = *state;
    struct people adam;
    struct people stacy;
    join(fx, &adam, "adam", ENVRES_ROLE_ADMIN, NULL);
    join(fx, &stacy, "stacy", ENVRES_ROLE_EDITOR, "staging");
    /* Nobody gives what they do not hold. */
    FAILS(fx, ENVRES_E_DENIED, role_as(adam.session, fx, true, "stacy", ENVRES_ROLE_OWNER, NULL));
    FAILS(fx, ENVRES_E_DENIED, role_as(adam.session, fx, false, "owner", ENVRES_ROLE_OWNER, NULL));
    FAILS(fx, ENVRES_E_DENIED,
          role_as(stacy.session, fx, true, "adam", ENVRES_ROLE_VIEWER, "staging"));
    OK(fx, role_as(adam.session, fx, true, "stacy", ENVRES_ROLE_PUBLISHER, "production"));
    /* Nobody changes their own. */
    FAILS(fx, ENVRES_E_OWN_CHANGE,
          role_as(adam.session, fx, true, "adam", ENVRES_ROLE_RUNTIME, "staging"));
    FAILS(fx, ENVRES_E_OWN_CHANGE,
          envres_principal_remove(adam.session, "adam", TEXT, NULL, fx->err));
    /* The last owner stays, whoever asks. */
    FAILS(fx, ENVRES_E_LAST_OWNER,
          envres_principal_remove(fx->session, "owner", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_LAST_OWNER,
          role_as(fx->session, fx, false, "owner", ENVRES_ROLE_OWNER, NULL));
    /* Protection is lowered by owners alone. */
    envres_environment_options lower = { .size = sizeof(lower),
                                         .flags = ENVRES_ENVIRONMENT_UNPROTECT };
    FAILS(fx, ENVRES_E_DENIED,
          envres_environment_set(adam.session, "production", TEXT, &lower, NULL, fx->err));
    OK(fx, envres_environment_set(fx->session, "production", TEXT, &lower, NULL, fx->err));
    FAILS(fx, ENVRES_E_NO_PRINCIPAL,
          role_as(fx->session, fx, true, "nobody", ENVRES_ROLE_VIEWER, NULL));
    FAILS(fx, ENVRES_E_INVALID, role_as(fx->session, fx, true, "adam", 9, NULL));
    FAILS(fx, ENVRES_E_NOT_FOUND,
          role_as(fx->session, fx, true, "adam", ENVRES_ROLE_VIEWER, "nowhere"));
    leave(&stacy);
    leave(&adam);
}

/* An admin's grants outlive the admin, in the name of who took over. */
static void
who_is_removed_is_out_and_leaves_no_hole(void **state)
{
    struct fx *fx = *state;
    struct people adam;
    struct people otto;
    envres_list *list = NULL;
    fill(fx);
    join(fx, &adam, "adam", ENVRES_ROLE_ADMIN, NULL);
    struct fx by_adam = *fx;
    by_adam.session = adam.session;
    struct people vera;
    join(&by_adam, &vera, "vera", ENVRES_ROLE_RUNTIME, "staging");
    vera.fx = fx;
    join(fx, &otto, "otto", ENVRES_ROLE_OWNER, NULL);
    OK(fx, envres_principal_remove(fx->session, "adam", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED, put_as(&adam, "staging", "PLAIN", "x", 0));
    FAILS(fx, ENVRES_E_DENIED, use_as(&adam, "staging", "PLAIN"));
    OK(fx, use_as(&vera, "staging", "SECRET"));
    FAILS(fx, ENVRES_E_NO_PRINCIPAL,
          envres_principal_remove(fx->session, "adam", TEXT, NULL, fx->err));
    /* The first owner too, whose key is the root. */
    OK(fx, envres_principal_remove(otto.session, "owner", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED,
          put_as(&(struct people){ .fx = fx, .session = fx->session }, "staging", "PLAIN", "x", 0));
    OK(fx, use_as(&vera, "staging", "SECRET"));
    OK(fx, put_as(&otto, "production", "PLAIN", "y", 0));
    OK(fx, envres_store_verify(fx->store, otto.session, &list, fx->err));
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
    /* A name is given anew; the audit keeps both apart by their ids. */
    struct fx by_otto = *fx;
    by_otto.session = otto.session;
    struct people again;
    join(&by_otto, &again, "adam", ENVRES_ROLE_VIEWER, NULL);
    leave(&again);
    leave(&otto);
    leave(&vera);
    leave(&adam);
}

static void
names_are_data(void **state)
{
    static const char *const good[] = {
        "root", "*", ".", "..", "a/b", "caf\xc3\xa9", "cafe\xcc\x81"
    };
    static const char *const bad[] = { "", " x", "x ", "a\nb", "a\x7f" };
    struct fx *fx = *state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct people who;
        join(fx, &who, good[i], ENVRES_ROLE_DEPOSITOR, "staging");
        FAILS(fx, ENVRES_E_DENIED, put_as(&who, "staging", "X", "1", 0));
        leave(&who);
    }
    uint8_t key[32] = { 1 };
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = sizeof(key) };
    envres_principal_options options = { .size = sizeof(options), .credential = &credential };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        FAILS(fx, ENVRES_E_NAME,
              envres_principal_add(fx->session, bad[i], TEXT, &options, NULL, fx->err));
    FAILS(fx, ENVRES_E_NAME_TAKEN,
          envres_principal_add(fx->session, "root", TEXT, &options, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_principal_add(fx->session, "x", TEXT, NULL, NULL, fx->err));
}

static const char *cell(envres_list *list, size_t row, uint32_t column);

/* A role in an environment that goes away goes with it, and does not become one for all. */
static void
a_role_goes_with_its_environment(void **state)
{
    struct fx *fx = *state;
    struct people vera;
    envres_list *list = NULL;
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    OK(fx, envres_environment_add(fx->session, "eu", TEXT, NULL, NULL, fx->err));
    join(fx, &vera, "vera", ENVRES_ROLE_VIEWER, "eu");
    OK(fx, envres_environment_remove(fx->session, "eu", TEXT, &force, fx->err));
    OK(fx, envres_principal_list(fx->session, &list, fx->err));
    assert_int_equal(envres_list_count(list), 2);
    assert_string_equal(cell(list, 1, ENVRES_PRINCIPAL_NAME), "vera");
    assert_string_equal(cell(list, 1, ENVRES_PRINCIPAL_ROLE), "-");
    envres_list_free(list);
    FAILS(fx, ENVRES_E_DENIED, envres_variable_list(vera.session, NULL, 0, 0, &list, fx->err));
    leave(&vera);
}

/* ---- acting for somebody else --------------------------------------------------------------- */

static void
an_assertion_only_shrinks(void **state)
{
    struct fx *fx = *state;
    struct people vera;
    envres_session *as = NULL;
    envres_session *again = NULL;
    fill(fx);
    join(fx, &vera, "vera", ENVRES_ROLE_EDITOR, "staging");
    OK(fx, envres_session_as(fx->session, "vera", TEXT, &as, fx->err));
    struct people acting = { .fx = fx, .session = as };
    OK(fx, put_as(&acting, "staging", "PLAIN", "by vera", 0));
    FAILS(fx, ENVRES_E_DENIED, put_as(&acting, "development", "PLAIN", "no", 0));
    FAILS(fx, ENVRES_E_DENIED, use_as(&acting, "production", "SECRET"));
    FAILS(fx, ENVRES_E_DENIED, get_as(&acting, "staging", "SECRET", ENVRES_READ_REVEAL));
    FAILS(fx, ENVRES_E_INVALID, envres_session_as(as, "owner", TEXT, &again, fx->err));
    envres_session_close(as);
    /* The other way round: vera gains nothing by calling herself owner. */
    OK(fx, envres_session_as(vera.session, "owner", TEXT, &as, fx->err));
    acting.session = as;
    FAILS(fx, ENVRES_E_DENIED, put_as(&acting, "development", "PLAIN", "no", 0));
    assert_non_null(strstr(envres_error_message(fx->err), "'vera'"));
    FAILS(fx, ENVRES_E_DENIED, put_as(&acting, "production", "PLAIN", "no", 0));
    FAILS(fx, ENVRES_E_DENIED, use_as(&acting, "production", "PLAIN"));
    OK(fx, put_as(&acting, "staging", "PLAIN", "both may", 0));
    envres_session_close(as);
    FAILS(fx, ENVRES_E_NO_PRINCIPAL, envres_session_as(fx->session, "nobody", TEXT, &as, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_session_as(fx->session, "", TEXT, &as, fx->err));
    leave(&vera);
}

/* ---- the audit ------------------------------------------------------------------------------ */

static const char *
cell(envres_list *list, size_t row, uint32_t column)
{
    const char *text = envres_list_text(list, row, column, NULL);
    return text ? text : "-";
}

static void
the_audit_names_both_and_keeps_refusals(void **state)
{
    struct fx *fx = *state;
    struct people vera;
    envres_session *as = NULL;
    envres_list *list = NULL;
    int64_t bad = -1;
    join(fx, &vera, "vera", ENVRES_ROLE_EDITOR, "staging");
    OK(fx, envres_session_as(fx->session, "vera", TEXT, &as, fx->err));
    struct people acting = { .fx = fx, .session = as };
    OK(fx, envres_audit_list(fx->session, NULL, &list, fx->err));
    int64_t before = envres_list_integer(list, envres_list_count(list) - 1, ENVRES_AUDIT_SEQUENCE);
    envres_list_free(list);
    OK(fx, put_as(&acting, "staging", "A", "1", 0));
    FAILS(fx, ENVRES_E_DENIED, put_as(&acting, "production", "A", "1", 0));
    FAILS(fx, ENVRES_E_DENIED, put_as(&vera, "production", "A", "1", 0));
    envres_audit_options options = { .size = sizeof(options), .since = before };
    OK(fx, envres_audit_list(fx->session, &options, &list, fx->err));
    assert_int_equal(envres_list_count(list), 3);
    static const char *const want[3][5] = {
        { "vera", "owner", "variable/A", "staging", "ok" },
        { "vera", "owner", "variable/A", "production", "denied" },
        { "vera", "-", "variable/A", "production", "denied" },
    };
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(cell(list, i, ENVRES_AUDIT_ACTOR), want[i][0]);
        assert_string_equal(cell(list, i, ENVRES_AUDIT_ASSERTED_BY), want[i][1]);
        assert_string_equal(cell(list, i, ENVRES_AUDIT_OBJECT), want[i][2]);
        assert_string_equal(cell(list, i, ENVRES_AUDIT_ENVIRONMENT), want[i][3]);
        assert_string_equal(cell(list, i, ENVRES_AUDIT_OUTCOME), want[i][4]);
    }
    envres_list_free(list);
    options.environment = "production";
    options.environment_len = TEXT;
    options.limit = 1;
    OK(fx, envres_audit_list(fx->session, &options, &list, fx->err));
    assert_int_equal(envres_list_count(list), 1);
    assert_string_equal(cell(list, 0, ENVRES_AUDIT_ASSERTED_BY), "owner");
    envres_list_free(list);
    OK(fx, envres_audit_verify(fx->session, &bad, &list, fx->err));
    assert_int_equal(bad, 0);
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
    envres_session_close(as);
    leave(&vera);
}

static void
the_audit_of_an_app_is_its_own(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    OK(fx, envres_app_create(fx->session, "shop", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_app_create(fx->session, "shopping", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_version_create(fx->session, "shop", TEXT, NULL, NULL, NULL, fx->err));
    envres_audit_options options = { .size = sizeof(options), .app = "shop", .app_len = TEXT };
    OK(fx, envres_audit_list(fx->session, &options, &list, fx->err));
    assert_int_equal(envres_list_count(list), 2);
    assert_string_equal(cell(list, 0, ENVRES_AUDIT_ACTION), "app.create");
    assert_string_equal(cell(list, 1, ENVRES_AUDIT_ACTION), "version.create");
    envres_list_free(list);
    options.since = -1;
    FAILS(fx, ENVRES_E_INVALID, envres_audit_list(fx->session, &options, &list, fx->err));
}

/* What cannot be kept until others approved it opens no request, and says what can. */
static void
what_cannot_wait_says_what_can(void **state)
{
    struct fx *fx = *state;
    struct people ann = { .fx = NULL };
    struct people eve = { .fx = NULL };
    envres_list *list = NULL;
    uint8_t key[32];
    memset(key, 'f', sizeof(key));
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = sizeof(key) };
    envres_principal_options options = { .size = sizeof(options),
                                         .role = ENVRES_ROLE_PUBLISHER,
                                         .credential = &credential };
    envres_environment_options asks = { .size = sizeof(asks),
                                        .flags = ENVRES_ENVIRONMENT_SET_APPROVALS,
                                        .approvals = 1 };
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "production", "crm", "host", "crm.example", 0));
    join(fx, &ann, "ann", ENVRES_ROLE_OWNER, NULL);
    join(fx, &eve, "eve", ENVRES_ROLE_OWNER, NULL);
    OK(fx, envres_environment_set(fx->session, "production", TEXT, &asks, NULL, fx->err));
    FAILS(fx, ENVRES_E_APPROVALS,
          envres_principal_add(fx->session, "fresh", TEXT, &options, NULL, fx->err));
    fx_hint(fx, "add the principal without a role there");
    FAILS(fx, ENVRES_E_APPROVALS,
          envres_principal_rekey(fx->session, "eve", TEXT, &credential, NULL, fx->err));
    fx_hint(fx, "remove the principal, add it again");
    FAILS(fx, ENVRES_E_APPROVALS,
          envres_resource_define(fx->session, "crm", TEXT, "mysql", TEXT, &force, fx->err));
    fx_hint(fx, "take its fields away there");
    OK(fx, envres_request_list(fx->session, 0, &list, fx->err));
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
    leave(&ann);
    leave(&eve);
}

/* Lists and histories pass over what may not be read, and succeed: the slot says nothing of it. */
static void
what_is_passed_over_is_no_error(void **state)
{
    struct fx *fx = *state;
    static const char *const places[] = { NULL, "development", "production" };
    envres_list *list = NULL;
    size_t succeeded = 0;
    OK(fx, fx_put(fx, "development", "PLAIN", "1", ENVRES_TYPE_STRING, 0));
    OK(fx, fx_put(fx, "production", "PLAIN", "2", ENVRES_TYPE_STRING, 0));
    OK(fx, fx_put(fx, "production", "KEY", "3", ENVRES_TYPE_STRING, ENVRES_WRITE_SECRET));
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "staging", "crm", "host", "crm.example", 0));
    OK(fx, fx_fallback(fx, "production", "crm", "staging"));
    for (uint32_t role = ENVRES_ROLE_VIEWER; role <= ENVRES_ROLE_AUDITOR; role++) {
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
            struct people who = { .fx = NULL };
            char name[] = { 'r', (char)('a' + role), (char)('0' + i), '\0' };
            join(fx, &who, name, role, places[i]);
            envres_session *session = who.session;
            for (int call = 0; call < 4; call++) {
                envres_error_clear(fx->err);
                envres_status st =
                    call == 0
                        ? envres_variable_list(session, NULL, 0, ENVRES_READ_REVEAL, &list, fx->err)
                    : call == 1 ? envres_resource_list(session, &list, fx->err)
                    : call == 2 ? envres_variable_history(session, "production", TEXT, "KEY", TEXT,
                                                          ENVRES_READ_REVEAL, &list, fx->err)
                                : envres_variable_history(session, "production", TEXT, "PLAIN",
                                                          TEXT, 0, &list, fx->err);
                assert_int_equal(envres_error_code(fx->err), st);
                succeeded += st == ENVRES_OK;
                envres_list_free(list);
                list = NULL;
            }
            leave(&who);
        }
    }
    assert_true(succeeded > 40);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_role_may_what_its_row_says),
        TEST(a_role_counts_where_it_was_given),
        TEST(keys_come_and_go_with_roles),
        TEST(rules_without_exception),
        TEST(who_is_removed_is_out_and_leaves_no_hole),
        TEST(names_are_data),
        TEST(a_role_goes_with_its_environment),
        TEST(an_assertion_only_shrinks),
        TEST(the_audit_names_both_and_keeps_refusals),
        TEST(the_audit_of_an_app_is_its_own),
        TEST(what_cannot_wait_says_what_can),
        TEST(what_is_passed_over_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
