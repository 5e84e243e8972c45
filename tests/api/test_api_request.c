/* SPDX-License-Identifier: MIT */
/*
 * Changes that wait for approvals: what waits, who may approve, what voids a request, that it is
 * run once, and that no way leads around it. Numbers are those of the list of attacks in
 * docs/testing.md.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "../raw_sql.h"
#include "helper.h"

enum { ID_SIZE = 33 };

struct person {
    uint8_t key[32];
    envres_session *session;
};

struct office {
    struct fx *fx;
    struct person ann, ben, eve; /* publisher, admin, owner of the workspace */
};

static void
join(struct fx *fx, struct person *person, const char *name, uint32_t role, const char *environment)
{
    memset(person->key, name[0], sizeof(person->key));
    memcpy(person->key, name, strlen(name));
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = person->key,
                                     .secret_len = sizeof(person->key) };
    envres_principal_options options = { .size = sizeof(options),
                                         .role = role,
                                         .environments = environment ? &environment : NULL,
                                         .count = environment != NULL,
                                         .credential = &credential };
    OK(fx, envres_principal_add(fx->session, name, TEXT, &options, NULL, fx->err));
    OK(fx, envres_session_open(fx->store, NULL, 0, &credential, &person->session, fx->err));
}

static envres_status
set_environment(envres_session *session, struct fx *fx, uint32_t flags, uint32_t approvals)
{
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = flags,
                                           .approvals = approvals };
    return envres_environment_set(session, "production", TEXT, &options, NULL, fx->err);
}

static void
open_office(struct office *office, struct fx *fx, uint32_t approvals)
{
    memset(office, 0, sizeof(*office));
    office->fx = fx;
    join(fx, &office->ann, "ann", ENVRES_ROLE_PUBLISHER, NULL);
    join(fx, &office->ben, "ben", ENVRES_ROLE_ADMIN, NULL);
    join(fx, &office->eve, "eve", ENVRES_ROLE_OWNER, NULL);
    OK(fx, set_environment(fx->session, fx, ENVRES_ENVIRONMENT_SET_APPROVALS, approvals));
}

static void
close_office(struct office *office)
{
    envres_session_close(office->ann.session);
    envres_session_close(office->ben.session);
    envres_session_close(office->eve.session);
}

static envres_status
put(envres_session *session, struct fx *fx, const char *name, const char *value)
{
    envres_variable_write write = {
        .size = sizeof(write), .name = name, .name_len = TEXT, .value = value, .value_len = TEXT
    };
    return envres_variable_put(session, "production", TEXT, &write, NULL, NULL, fx->err);
}

/* The id that the last error names. */
static void
take_id(struct fx *fx, char id[ID_SIZE])
{
    const char *subject = envres_error_subject(fx->err);
    assert_int_equal(strlen(subject), ID_SIZE - 1);
    memcpy(id, subject, ID_SIZE);
}

static void
ask_for_value(struct fx *fx, const char *name, const char *value, char id[ID_SIZE])
{
    FAILS(fx, ENVRES_E_APPROVALS, put(fx->session, fx, name, value));
    take_id(fx, id);
}

static envres_status
approve(struct person *person, struct fx *fx, const char *id)
{
    return envres_request_approve(person->session, id, TEXT, NULL, fx->err);
}

static envres_status
run(envres_session *session, struct fx *fx, const char *id)
{
    return envres_request_run(session, id, TEXT, NULL, NULL, fx->err);
}

static void
assert_state(struct fx *fx, const char *id, const char *state)
{
    envres_list *list = NULL;
    OK(fx, envres_request_show(fx->session, id, TEXT, &list, fx->err));
    assert_string_equal(envres_list_text(list, 0, ENVRES_REQUEST_STATE, NULL), state);
    envres_list_free(list);
}

static void
assert_value(struct fx *fx, const char *name, const char *value)
{
    envres_value *got = NULL;
    envres_status st =
        envres_variable_get(fx->session, "production", TEXT, name, TEXT, 0, &got, fx->err);
    if (!value) {
        assert_true(st == ENVRES_E_NOT_SET || st == ENVRES_E_NOT_FOUND);
        return;
    }
    assert_int_equal(st, ENVRES_OK);
    size_t len = 0;
    const char *text = envres_value_data(got, &len);
    assert_int_equal(len, strlen(value));
    assert_memory_equal(text, value, len);
    envres_value_free(got);
}

static void
verify_clean(struct fx *fx)
{
    envres_list *list = NULL;
    OK(fx, envres_store_verify(fx->store, fx->session, &list, fx->err));
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
}

/* ---- the way a request goes ----------------------------------------------------------------- */

static void
a_change_waits_is_approved_and_is_run_once(void **state)
{
    struct fx *fx = *state;
    struct office office;
    char id[ID_SIZE];
    open_office(&office, fx, 2);
    ask_for_value(fx, "LIMIT", "5", id);
    assert_value(fx, "LIMIT", NULL);
    assert_state(fx, id, "open");
    FAILS(fx, ENVRES_E_APPROVALS, run(fx->session, fx, id));
    OK(fx, approve(&office.ann, fx, id));
    OK(fx, approve(&office.ann, fx, id)); /* twice the same is once */
    assert_state(fx, id, "open");
    FAILS(fx, ENVRES_E_APPROVALS, run(fx->session, fx, id));
    OK(fx, approve(&office.ben, fx, id));
    assert_state(fx, id, "approved");
    assert_value(fx, "LIMIT", NULL);
    OK(fx, run(fx->session, fx, id));
    assert_value(fx, "LIMIT", "5");
    assert_state(fx, id, "done");
    FAILS(fx, ENVRES_E_CLOSED, run(fx->session, fx, id));
    FAILS(fx, ENVRES_E_CLOSED, approve(&office.eve, fx, id));
    verify_clean(fx);
    close_office(&office);
}

static void
the_same_call_again_leads_to_the_same_request(void **state)
{
    struct fx *fx = *state;
    struct office office;
    char first[ID_SIZE];
    char second[ID_SIZE];
    envres_list *list = NULL;
    open_office(&office, fx, 1);
    ask_for_value(fx, "LIMIT", "5", first);
    ask_for_value(fx, "LIMIT", "5", second);
    assert_string_equal(first, second);
    ask_for_value(fx, "LIMIT", "6", second);
    assert_string_not_equal(first, second);
    OK(fx, envres_request_list(fx->session, 0, &list, fx->err));
    assert_int_equal(envres_list_count(list), 2);
    envres_list_free(list);
    close_office(&office);
}

static void
an_operation_id_makes_running_idempotent(void **state)
{
    struct fx *fx = *state;
    struct office office;
    char id[ID_SIZE];
    uint8_t operation[16] = "sixteen bytes...";
    envres_change change = { .size = sizeof(change), .operation = operation };
    int64_t first = 0;
    int64_t second = 0;
    open_office(&office, fx, 1);
    ask_for_value(fx, "LIMIT", "5", id);
    OK(fx, approve(&office.ann, fx, id));
    OK(fx, envres_request_run(fx->session, id, TEXT, &change, &first, fx->err));
    OK(fx, envres_request_run(fx->session, id, TEXT, &change, &second, fx->err));
    assert_int_equal(first, 1);
    assert_int_equal(second, first);
    close_office(&office);
}

static void
the_error_says_how_many_are_missing_and_who_may(void **state)
{
    struct fx *fx = *state;
    struct office office;
    char id[ID_SIZE];
    open_office(&office, fx, 2);
    ask_for_value(fx, "LIMIT", "hidden-value", id);
    assert_non_null(strstr(envres_error_message(fx->err), "2 more approvals in production"));
    const char *hint = envres_error_hint(fx->err);
    assert_non_null(strstr(hint, "ann"));
    assert_non_null(strstr(hint, "ben"));
    assert_non_null(strstr(hint, "eve"));
    assert_null(strstr(hint, "owner"));
    assert_null(strstr(envres_error_message(fx->err), "hidden"));
    OK(fx, approve(&office.ben, fx, id));
    FAILS(fx, ENVRES_E_APPROVALS, run(fx->session, fx, id));
    assert_non_null(strstr(envres_error_message(fx->err), "1 more approval in"));
    assert_null(strstr(envres_error_hint(fx->err), "ben"));
    close_office(&office);
}

static void
withdrawn_by_who_asked_or_an_owner(void **state)
{
    struct fx *fx = *state;
    struct office office;
    char id[ID_SIZE];
    open_office(&office, fx, 1);
    FAILS(fx, ENVRES_E_APPROVALS, put(office.ben.session, fx, "LIMIT", "5"));
    take_id(fx, id);
    FAILS(fx, ENVRES_E_DENIED,
          envres_request_withdraw(office.ann.session, id, TEXT, NULL, fx->err));
    OK(fx, envres_request_withdraw(office.ben.session, id, 8, NULL, fx->err));
    assert_state(fx, id, "withdrawn");
    FAILS(fx, ENVRES_E_CLOSED, approve(&office.ann, fx, id));
    FAILS(fx, ENVRES_E_APPROVALS, put(office.ben.session, fx, "LIMIT", "5"));
    take_id(fx, id);
    OK(fx, envres_request_withdraw(office.eve.session, id, TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_CLOSED, run(office.ben.session, fx, id));
    close_office(&office);
}

/* ---- 45: who may not approve, and what voids ------------------------------------------------- */

static void
test_45_neither_the_requester_nor_another_identity_of_the_session(void **state)
{
    struct fx *fx = *state;
    struct office office;
    envres_session *as = NULL;
    char id[ID_SIZE];
    open_office(&office, fx, 1);
    ask_for_value(fx, "LIMIT", "5", id);
    FAILS(fx, ENVRES_E_OWN_CHANGE, envres_request_approve(fx->session, id, TEXT, NULL, fx->err));
    OK(fx, envres_session_as(office.ben.session, "ann", TEXT, &as, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_request_approve(as, id, TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED, run(as, fx, id));
    envres_session_close(as);
    assert_state(fx, id, "open");
    close_office(&office);
}

/* Who asks for somebody else excludes both, and both are in the row. */
static void
test_45_acting_for_another_excludes_both(void **state)
{
    struct fx *fx = *state;
    struct office office;
    envres_session *as = NULL;
    char id[ID_SIZE];
    open_office(&office, fx, 1);
    OK(fx, envres_session_as(fx->session, "ben", TEXT, &as, fx->err));
    FAILS(fx, ENVRES_E_APPROVALS, put(as, fx, "LIMIT", "5"));
    take_id(fx, id);
    FAILS(fx, ENVRES_E_OWN_CHANGE, approve(&office.ben, fx, id));
    FAILS(fx, ENVRES_E_OWN_CHANGE, envres_request_approve(fx->session, id, TEXT, NULL, fx->err));
    OK(fx, approve(&office.ann, fx, id));
    FAILS(fx, ENVRES_E_DENIED, run(fx->session, fx, id)); /* not as the one it was asked for */
    OK(fx, run(as, fx, id));
    envres_session_close(as);
    close_office(&office);
}

static void
test_45_a_change_of_the_value_voids(void **state)
{
    struct fx *fx = *state;
    struct office office;
    char first[ID_SIZE];
    char second[ID_SIZE];
    char other[ID_SIZE];
    open_office(&office, fx, 1);
    ask_for_value(fx, "LIMIT", "5", first);
    ask_for_value(fx, "LIMIT", "6", second);
    ask_for_value(fx, "OTHER", "7", other);
    OK(fx, approve(&office.ann, fx, first));
    OK(fx, approve(&office.ann, fx, second));
    OK(fx, approve(&office.ann, fx, other));
    OK(fx, run(fx->session, fx, second));
    FAILS(fx, ENVRES_E_CLOSED, run(fx->session, fx, first));
    assert_value(fx, "LIMIT", "6");
    OK(fx, run(fx->session, fx, other)); /* an unrelated change voids nothing */
    assert_value(fx, "OTHER", "7");
    close_office(&office);
}

static void
test_45_a_change_of_roles_voids(void **state)
{
    struct fx *fx = *state;
    struct office office;
    struct person mallory = { .session = NULL };
    char id[ID_SIZE];
    open_office(&office, fx, 1);
    ask_for_value(fx, "LIMIT", "5", id);
    OK(fx, approve(&office.ann, fx, id));
    join(fx, &mallory, "mallory", ENVRES_ROLE_VIEWER, "staging");
    assert_state(fx, id, "void");
    FAILS(fx, ENVRES_E_CLOSED, run(fx->session, fx, id));
    assert_value(fx, "LIMIT", NULL);
    envres_session_close(mallory.session);
    close_office(&office);
}

/* 44: no approver is made for a request that waits. */
static void
test_44_a_fresh_approver_does_not_count(void **state)
{
    struct fx *fx = *state;
    struct office office;
    struct person fresh = { .session = NULL };
    char id[ID_SIZE];
    open_office(&office, fx, 1);
    ask_for_value(fx, "LIMIT", "5", id);
    /* A publisher for the whole workspace is a role in production too: it waits itself. */
    uint8_t key[32];
    memset(key, 'f', sizeof(key));
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = sizeof(key) };
    envres_principal_options options = { .size = sizeof(options),
                                         .role = ENVRES_ROLE_PUBLISHER,
                                         .credential = &credential };
    FAILS(fx, ENVRES_E_APPROVALS,
          envres_principal_add(fx->session, "fresh", TEXT, &options, NULL, fx->err));
    join(fx, &fresh, "fresh", 0, NULL);
    envres_role role = { .size = sizeof(role),
                         .role = ENVRES_ROLE_PUBLISHER,
                         .principal = "fresh",
                         .principal_len = TEXT };
    char grant[ID_SIZE];
    FAILS(fx, ENVRES_E_APPROVALS, envres_role_grant(fx->session, &role, NULL, fx->err));
    take_id(fx, grant);
    FAILS(fx, ENVRES_E_DENIED, approve(&fresh, fx, grant));
    OK(fx, approve(&office.eve, fx, grant));
    OK(fx, run(fx->session, fx, grant));
    FAILS(fx, ENVRES_E_CLOSED, approve(&fresh, fx, id)); /* opened under other roles */
    ask_for_value(fx, "LIMIT", "5", id);
    OK(fx, approve(&fresh, fx, id));
    OK(fx, run(fx->session, fx, id));
    envres_session_close(fresh.session);
    close_office(&office);
}

static void
test_45_a_request_ends(void **state)
{
    struct fx *fx = *state;
    struct office office;
    char id[ID_SIZE];
    open_office(&office, fx, 1);
    ask_for_value(fx, "LIMIT", "5", id);
    OK(fx, approve(&office.ann, fx, id));
    fx->now += 7LL * 24 * 60 * 60 * 1000;
    assert_state(fx, id, "expired");
    FAILS(fx, ENVRES_E_CLOSED, run(fx->session, fx, id));
    FAILS(fx, ENVRES_E_CLOSED, approve(&office.ben, fx, id));
    close_office(&office);
}

/* ---- 44: protection is not lowered by one alone ---------------------------------------------- */

static void
test_44_lowering_takes_other_owners(void **state)
{
    struct fx *fx = *state;
    struct office office;
    char id[ID_SIZE];
    open_office(&office, fx, 1);
    static const uint32_t lower[] = { ENVRES_ENVIRONMENT_UNPROTECT,
                                      ENVRES_ENVIRONMENT_SET_APPROVALS,
                                      ENVRES_ENVIRONMENT_EDITORS_REVEAL };
    for (size_t i = 0; i < sizeof(lower) / sizeof(lower[0]); i++) {
        FAILS(fx, ENVRES_E_DENIED, set_environment(office.ann.session, fx, lower[i], 0));
        FAILS(fx, ENVRES_E_DENIED, set_environment(office.ben.session, fx, lower[i], 0));
        FAILS(fx, ENVRES_E_APPROVALS, set_environment(fx->session, fx, lower[i], 0));
        take_id(fx, id);
        FAILS(fx, ENVRES_E_DENIED, approve(&office.ann, fx, id));
        FAILS(fx, ENVRES_E_DENIED, approve(&office.ben, fx, id));
    }
    FAILS(fx, ENVRES_E_APPROVALS,
          set_environment(fx->session, fx, ENVRES_ENVIRONMENT_SET_APPROVALS, 0));
    take_id(fx, id);
    OK(fx, approve(&office.eve, fx, id));
    OK(fx, run(fx->session, fx, id));
    OK(fx, put(fx->session, fx, "LIMIT", "5")); /* nothing is asked for any more */
    close_office(&office);
}

static void
more_approvals_than_people_are_refused(void **state)
{
    struct fx *fx = *state;
    struct office office;
    FAILS(fx, ENVRES_E_QUORUM,
          set_environment(fx->session, fx, ENVRES_ENVIRONMENT_SET_APPROVALS, 1));
    open_office(&office, fx, 3);
    FAILS(fx, ENVRES_E_QUORUM,
          set_environment(fx->session, fx, ENVRES_ENVIRONMENT_SET_APPROVALS, 4));
    FAILS(fx, ENVRES_E_LIMIT,
          set_environment(fx->session, fx, ENVRES_ENVIRONMENT_SET_APPROVALS, 17));
    FAILS(fx, ENVRES_E_QUORUM, envres_principal_remove(fx->session, "ann", TEXT, NULL, fx->err));
    verify_clean(fx);
    close_office(&office);
}

/* ---- everything that can wait is run as it was asked for --------------------------------------
 */

static void
settle_and(struct office *office, envres_status asked, bool is_gone)
{
    struct fx *fx = office->fx;
    char id[ID_SIZE];
    assert_int_equal(asked, ENVRES_E_APPROVALS);
    take_id(fx, id);
    OK(fx, approve(&office->eve, fx, id));
    OK(fx, run(fx->session, fx, id));
    envres_list *list = NULL;
    envres_status st = envres_request_show(fx->session, id, TEXT, &list, fx->err);
    /* One that removes its environment goes with it. */
    assert_int_equal(st, is_gone ? ENVRES_E_NOT_FOUND : ENVRES_OK);
    envres_list_free(list);
}

static void
settle(struct office *office, envres_status asked)
{
    settle_and(office, asked, false);
}

static void
configuration_waits(void **state)
{
    struct fx *fx = *state;
    struct office office;
    envres_list *list = NULL;
    envres_resource_field fields[] = {
        { .size = sizeof(fields[0]),
          .name = "host",
          .name_len = TEXT,
          .value = "db.example",
          .value_len = TEXT },
        { .size = sizeof(fields[0]),
          .name = "password",
          .name_len = TEXT,
          .value = "pw of crm",
          .value_len = TEXT,
          .flags = ENVRES_FIELD_SECRET },
    };
    envres_resource_write write = {
        .size = sizeof(write), .handle = "crm", .handle_len = TEXT, .fields = fields, .count = 2
    };
    envres_restore_point point = {
        .size = sizeof(point), .name = "LIMIT", .name_len = TEXT, .revision = 1
    };
    OK(fx, put(fx->session, fx, "LIMIT", "1"));
    OK(fx, put(fx->session, fx, "LIMIT", "2"));
    OK(fx, put(fx->session, fx, "GONE", "x"));
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    open_office(&office, fx, 1);
    settle(&office, envres_variable_unset(fx->session, "production", TEXT, "GONE", TEXT, NULL, NULL,
                                          fx->err));
    assert_value(fx, "GONE", NULL);
    settle(&office, envres_restore(fx->session, "production", TEXT, &point, NULL, NULL, fx->err));
    assert_value(fx, "LIMIT", "1");
    settle(&office,
           envres_variable_rename(fx->session, "LIMIT", TEXT, "BOUND", TEXT, NULL, fx->err));
    assert_value(fx, "BOUND", "1");
    settle(&office, envres_variable_destroy(fx->session, "production", TEXT, "BOUND", TEXT, 2, NULL,
                                            fx->err));
    settle(&office, envres_variable_delete(fx->session, "BOUND", TEXT, NULL, fx->err));
    assert_value(fx, "BOUND", NULL);
    settle(&office,
           envres_resource_configure(fx->session, "production", TEXT, &write, NULL, NULL, fx->err));
    settle(&office, envres_resource_remove(fx->session, "crm", TEXT, NULL, fx->err));
    OK(fx, envres_audit_verify(fx->session, NULL, &list, fx->err));
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
    verify_clean(fx);
    close_office(&office);
}

static void
roles_and_environments_wait(void **state)
{
    struct fx *fx = *state;
    struct office office;
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_SET_APPROVALS,
                                           .approvals = 1 };
    envres_role role = { .size = sizeof(role),
                         .role = ENVRES_ROLE_EDITOR,
                         .principal = "ann",
                         .principal_len = TEXT,
                         .environment = "production",
                         .environment_len = TEXT };
    open_office(&office, fx, 1);
    settle(&office, envres_role_grant(fx->session, &role, NULL, fx->err));
    settle(&office, envres_role_revoke(fx->session, &role, NULL, fx->err));
    settle(&office, envres_environment_add(fx->session, "eu", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_environment_set(fx->session, "eu", TEXT, &options, NULL, fx->err));
    settle_and(&office, envres_environment_remove(fx->session, "eu", TEXT, &force, fx->err), true);
    verify_clean(fx);
    close_office(&office);
}

/* ---- what a thief of one key can write --------------------------------------------------------
 */

/* The rows of an approval, changed in the file: it does not count, and verify says so. */
static void
test_45_an_approval_of_another_request_does_not_count(void **state)
{
    (void)state;
    char folder[] = "/tmp/envres-request-XXXXXX";
    char path[96];
    char first[ID_SIZE];
    char second[ID_SIZE];
    struct office office;
    envres_list *list = NULL;
    struct fx fx = { .err = envres_error_new(NULL) };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx.key,
                                .secret_len = sizeof(fx.key) };
    memset(fx.key, 9, sizeof(fx.key));
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/envres.db", folder);
    OK(&fx, envres_store_create(path, TEXT, NULL, &owner, &fx.store, fx.err));
    OK(&fx, envres_session_open(fx.store, NULL, 0, &owner, &fx.session, fx.err));
    open_office(&office, &fx, 1);
    ask_for_value(&fx, "LIMIT", "5", first);
    ask_for_value(&fx, "LIMIT", "6", second);
    OK(&fx, approve(&office.ann, &fx, first));
    /* A row in somebody's name does not keep them from approving. */
    raw_sql(path, "UPDATE approval SET signature = zeroblob(64)");
    assert_state(&fx, first, "open");
    OK(&fx, approve(&office.ann, &fx, first));
    assert_state(&fx, first, "approved");
    raw_sql(path,
            "UPDATE approval SET request_id = (SELECT id FROM request WHERE id <> request_id)");
    assert_state(&fx, second, "open");
    FAILS(&fx, ENVRES_E_APPROVALS, run(fx.session, &fx, second));
    raw_sql(path, "UPDATE request SET needed = 2");
    assert_state(&fx, second, "void");
    FAILS(&fx, ENVRES_E_CLOSED, run(fx.session, &fx, second));
    OK(&fx, envres_store_verify(fx.store, fx.session, &list, fx.err));
    assert_int_equal(envres_list_count(list), 2);
    envres_list_free(list);
    close_office(&office);
    envres_session_close(fx.session);
    envres_store_close(fx.store);
    envres_error_free(fx.err);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- versions -------------------------------------------------------------------------------- */

static void
draft_by(struct fx *fx, envres_session *session, const char *version, const char *text)
{
    envres_version_name name = fx_version("shop", version);
    envres_part_write part = fx_part("a.txt", text, strlen(text), 0);
    OK(fx, envres_part_put(session, &name, &part, 1, NULL, NULL, fx->err));
}

static void
content_of(struct fx *fx, const char *version, uint8_t content[32])
{
    envres_version_name name = fx_version("shop", version);
    envres_list *list = NULL;
    OK(fx, envres_version_describe(fx->session, &name, &list, fx->err));
    const char *hex = envres_list_text(list, 0, ENVRES_VERSION_CONTENT, NULL);
    for (size_t i = 0; i < 32; i++) {
        char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
        content[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    envres_list_free(list);
}

static envres_status
promote(struct fx *fx, const char *version, const char *from, const char *to)
{
    uint8_t content[32];
    envres_version_name name = fx_version("shop", version);
    content_of(fx, version, content);
    envres_promote_options options = { .size = sizeof(options),
                                       .to = to,
                                       .to_len = TEXT,
                                       .expect_stage = from,
                                       .expect_stage_len = TEXT,
                                       .expect_content = content };
    return envres_version_promote(fx->session, &name, &options, NULL, NULL, fx->err);
}

static envres_status
release(struct fx *fx, const char *version, const char *tag, int64_t live)
{
    uint8_t content[32];
    envres_version_name name = fx_version("shop", version);
    content_of(fx, version, content);
    envres_release_options options = { .size = sizeof(options),
                                       .tag = tag,
                                       .tag_len = TEXT,
                                       .expect_content = content,
                                       .expect_live = live };
    return envres_release_create(fx->session, &name, &options, NULL, NULL, NULL, fx->err);
}

/* An author of what is brought forward does not approve it, whoever asks. */
static void
promotion_and_release_wait_and_authors_do_not_approve(void **state)
{
    struct fx *fx = *state;
    struct office office;
    char id[ID_SIZE];
    open_office(&office, fx, 1);
    OK(fx, envres_app_create(fx->session, "shop", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_version_create(fx->session, "shop", TEXT, NULL, NULL, NULL, fx->err));
    draft_by(fx, office.ann.session, "v1", "by ann");
    draft_by(fx, fx->session, "v1", "by the owner");
    OK(fx, promote(fx, "v1", "development", "staging"));
    FAILS(fx, ENVRES_E_APPROVALS, promote(fx, "v1", "staging", "production"));
    take_id(fx, id);
    assert_null(strstr(envres_error_hint(fx->err), "ann"));
    FAILS(fx, ENVRES_E_OWN_CHANGE, approve(&office.ann, fx, id));
    OK(fx, approve(&office.ben, fx, id));
    OK(fx, run(fx->session, fx, id));
    FAILS(fx, ENVRES_E_APPROVALS, release(fx, "v1", "1.0.0", 0));
    take_id(fx, id);
    FAILS(fx, ENVRES_E_OWN_CHANGE, approve(&office.ann, fx, id));
    OK(fx, approve(&office.ben, fx, id));
    int64_t sequence = 0;
    OK(fx, envres_request_run(fx->session, id, TEXT, NULL, &sequence, fx->err));
    assert_int_equal(sequence, 1);
    verify_clean(fx);
    close_office(&office);
}

static envres_status
put_query(envres_session *session, struct fx *fx, const char *text)
{
    envres_query_write write = { .size = sizeof(write),
                                 .name = "find",
                                 .name_len = TEXT,
                                 .resource = "db",
                                 .resource_len = TEXT,
                                 .text = text,
                                 .text_len = TEXT };
    return envres_query_put(session, &write, NULL, NULL, fx->err);
}

static envres_status
promote_through(struct fx *fx, const char *version)
{
    uint8_t content[32];
    envres_version_name name = fx_version("shop", version);
    content_of(fx, version, content);
    envres_promote_options options = { .size = sizeof(options),
                                       .flags = ENVRES_MOVE_THROUGH,
                                       .to = "production",
                                       .to_len = TEXT,
                                       .expect_stage = "development",
                                       .expect_stage_len = TEXT,
                                       .expect_content = content };
    return envres_version_promote(fx->session, &name, &options, NULL, NULL, fx->err);
}

/* 45: what a pin follows is part of what is approved; who wrote it does not approve it. */
static void
test_45_a_newer_revision_of_a_query_voids(void **state)
{
    struct fx *fx = *state;
    struct office office;
    char first[ID_SIZE];
    char second[ID_SIZE];
    envres_version_name v1 = fx_version("shop", "v1");
    envres_list *list = NULL;
    OK(fx, envres_resource_define(fx->session, "db", TEXT, "sqlite", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "staging", "db", "path", "/srv/db", 0));
    OK(fx, fx_field(fx, "production", "db", "path", "/srv/db", 0));
    open_office(&office, fx, 1);
    OK(fx, put_query(fx->session, fx, "SELECT 1"));
    OK(fx, envres_app_create(fx->session, "shop", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_query_pin(fx->session, &v1, "find", TEXT, 0, NULL, fx->err));
    FAILS(fx, ENVRES_E_APPROVALS, promote_through(fx, "v1"));
    take_id(fx, first);
    FAILS(fx, ENVRES_E_APPROVALS, promote_through(fx, "v1"));
    take_id(fx, second);
    assert_string_equal(first, second); /* the same call, the same request */
    OK(fx, approve(&office.ann, fx, first));
    /* between the approval and the run */
    OK(fx, put_query(office.ann.session, fx, "SELECT 2"));
    FAILS(fx, ENVRES_E_CLOSED, run(fx->session, fx, first));
    FAILS(fx, ENVRES_E_APPROVALS, promote_through(fx, "v1"));
    take_id(fx, second);
    assert_string_not_equal(first, second);
    FAILS(fx, ENVRES_E_OWN_CHANGE, approve(&office.ann, fx, second));
    OK(fx, approve(&office.ben, fx, second));
    OK(fx, run(fx->session, fx, second));
    OK(fx, envres_query_pins(fx->session, &v1, &list, fx->err));
    assert_int_equal(envres_list_integer(list, 0, ENVRES_QUERY_PIN_REVISION), 2);
    envres_list_free(list);
    verify_clean(fx);
    close_office(&office);
}

/* 45: who wrote a text that was brought back is an author of it, however often it was. */
static void
test_45_what_is_restored_has_its_author(void **state)
{
    struct fx *fx = *state;
    struct office office = { .fx = fx };
    char id[ID_SIZE];
    envres_version_name v1 = fx_version("shop", "v1");
    OK(fx, envres_resource_define(fx->session, "db", TEXT, "sqlite", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "staging", "db", "path", "/srv/db", 0));
    OK(fx, fx_field(fx, "production", "db", "path", "/srv/db", 0));
    join(fx, &office.ann, "ann", ENVRES_ROLE_PUBLISHER, NULL);
    join(fx, &office.ben, "ben", ENVRES_ROLE_ADMIN, NULL);
    OK(fx, put_query(office.ann.session, fx, "SELECT 'of ann'"));
    OK(fx, put_query(fx->session, fx, "SELECT 2"));
    OK(fx, envres_query_restore(fx->session, "find", TEXT, 1, NULL, NULL, fx->err));
    OK(fx, put_query(fx->session, fx, "SELECT 4"));
    OK(fx, envres_app_create(fx->session, "shop", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_query_pin(fx->session, &v1, "find", TEXT, 0, NULL, fx->err));
    OK(fx, promote_through(fx, "v1"));
    OK(fx, release(fx, "v1", "1.0.0", 0));
    OK(fx, set_environment(fx->session, fx, ENVRES_ENVIRONMENT_SET_APPROVALS, 1));
    OK(fx, envres_query_restore(fx->session, "find", TEXT, 3, NULL, NULL, fx->err));
    OK(fx, envres_version_create(fx->session, "shop", TEXT, NULL, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_APPROVALS, promote_through(fx, "v2"));
    take_id(fx, id);
    FAILS(fx, ENVRES_E_OWN_CHANGE, approve(&office.ann, fx, id));
    OK(fx, approve(&office.ben, fx, id));
    OK(fx, run(fx->session, fx, id));
    verify_clean(fx);
    close_office(&office);
}

/* 45: what was approved is what is released: another live release voids it. */
static void
test_45_another_release_voids(void **state)
{
    struct fx *fx = *state;
    struct office office;
    char first[ID_SIZE];
    char second[ID_SIZE];
    OK(fx, envres_app_create(fx->session, "shop", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_version_create(fx->session, "shop", TEXT, NULL, NULL, NULL, fx->err));
    draft_by(fx, fx->session, "v1", "one");
    OK(fx, promote(fx, "v1", "development", "staging"));
    OK(fx, promote(fx, "v1", "staging", "production"));
    open_office(&office, fx, 1);
    FAILS(fx, ENVRES_E_APPROVALS, release(fx, "v1", "1.0.0", 0));
    take_id(fx, first);
    FAILS(fx, ENVRES_E_APPROVALS, release(fx, "v1", "2.0.0", 0));
    take_id(fx, second);
    OK(fx, approve(&office.ben, fx, first));
    OK(fx, approve(&office.ben, fx, second));
    OK(fx, run(fx->session, fx, second));
    FAILS(fx, ENVRES_E_ALREADY_LIVE, run(fx->session, fx, first));
    assert_state(fx, first, "approved"); /* refused by the machine; it stays, and ends by itself */
    verify_clean(fx);
    close_office(&office);
}

/* A rollback is for three in the morning: one alone can, unless the environment says otherwise. */
static void
a_rollback_waits_only_where_it_should(void **state)
{
    struct fx *fx = *state;
    struct office office;
    char id[ID_SIZE];
    envres_rollback_options back = { .size = sizeof(back), .expect_live = 2 };
    OK(fx, envres_app_create(fx->session, "shop", TEXT, NULL, NULL, fx->err));
    for (int i = 1; i <= 2; i++) {
        char version[8];
        snprintf(version, sizeof(version), "v%d", i);
        OK(fx, envres_version_create(fx->session, "shop", TEXT, NULL, NULL, NULL, fx->err));
        draft_by(fx, fx->session, version, version);
        OK(fx, promote(fx, version, "development", "staging"));
        OK(fx, promote(fx, version, "staging", "production"));
        OK(fx, release(fx, version, i == 1 ? "1.0.0" : "2.0.0", i - 1));
    }
    open_office(&office, fx, 1);
    OK(fx, envres_release_rollback(fx->session, "shop", TEXT, &back, NULL, NULL, NULL, fx->err));
    OK(fx, set_environment(fx->session, fx, ENVRES_ENVIRONMENT_ROLLBACK_APPROVALS, 0));
    back.expect_live = 3;
    back.to = "2.0.0";
    back.to_len = TEXT;
    FAILS(fx, ENVRES_E_APPROVALS,
          envres_release_rollback(fx->session, "shop", TEXT, &back, NULL, NULL, NULL, fx->err));
    take_id(fx, id);
    OK(fx, approve(&office.ann, fx, id));
    OK(fx, run(fx->session, fx, id));
    FAILS(fx, ENVRES_E_APPROVALS,
          envres_release_withdraw(fx->session, "shop", TEXT, 4, NULL, NULL, fx->err));
    settle(&office, envres_error_code(fx->err));
    verify_clean(fx);
    close_office(&office);
}

/* A protected app needs somebody else wherever it goes, and to be made free again. */
static void
a_protected_app_is_not_moved_by_one_alone(void **state)
{
    struct fx *fx = *state;
    struct office office;
    envres_app_options protect = { .size = sizeof(protect), .flags = ENVRES_APP_PROTECT };
    envres_app_options release_it = { .size = sizeof(release_it), .flags = ENVRES_APP_UNPROTECT };
    open_office(&office, fx, 0);
    OK(fx, envres_app_create(fx->session, "shop", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_app_set(fx->session, "shop", TEXT, &protect, NULL, fx->err));
    OK(fx, envres_version_create(fx->session, "shop", TEXT, NULL, NULL, NULL, fx->err));
    draft_by(fx, fx->session, "v1", "one");
    settle(&office, promote(fx, "v1", "development", "staging"));
    settle(&office, envres_app_set(fx->session, "shop", TEXT, &release_it, NULL, fx->err));
    OK(fx, promote(fx, "v1", "staging", "production"));
    close_office(&office);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_change_waits_is_approved_and_is_run_once),
        TEST(the_same_call_again_leads_to_the_same_request),
        TEST(an_operation_id_makes_running_idempotent),
        TEST(the_error_says_how_many_are_missing_and_who_may),
        TEST(withdrawn_by_who_asked_or_an_owner),
        TEST(test_45_neither_the_requester_nor_another_identity_of_the_session),
        TEST(test_45_acting_for_another_excludes_both),
        TEST(test_45_a_change_of_the_value_voids),
        TEST(test_45_a_change_of_roles_voids),
        TEST(test_44_a_fresh_approver_does_not_count),
        TEST(test_45_a_request_ends),
        TEST(test_44_lowering_takes_other_owners),
        TEST(more_approvals_than_people_are_refused),
        TEST(configuration_waits),
        TEST(roles_and_environments_wait),
        TEST(promotion_and_release_wait_and_authors_do_not_approve),
        TEST(test_45_another_release_voids),
        TEST(test_45_a_newer_revision_of_a_query_voids),
        TEST(test_45_what_is_restored_has_its_author),
        TEST(a_rollback_waits_only_where_it_should),
        TEST(a_protected_app_is_not_moved_by_one_alone),
        cmocka_unit_test(test_45_an_approval_of_another_request_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
