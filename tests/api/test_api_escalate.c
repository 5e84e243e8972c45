/* SPDX-License-Identifier: MIT */
/*
 * Ways to more rights than one has, in several steps that are each allowed: over another
 * environment, a longer path, a callback in the middle of a change, keys and sessions from before.
 */
#include <stdbool.h>

#include "delivery.h"
#include "fx_people.h"

enum { ID_SIZE = 33 };

static envres_status
set_approvals(struct fx *fx, const char *environment, uint32_t approvals)
{
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_SET_APPROVALS,
                                           .approvals = approvals };
    return envres_environment_set(fx->session, environment, TEXT, &options, NULL, fx->err);
}

static envres_status
add_environment(struct fx *fx, envres_session *session, const char *key, uint32_t flags,
                uint32_t approvals)
{
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = flags,
                                           .approvals = approvals };
    return envres_environment_add(session, key, TEXT, &options, NULL, fx->err);
}

/* The id of the request that the last error names. */
static void
take_id(struct fx *fx, char id[ID_SIZE])
{
    const char *subject = envres_error_subject(fx->err);
    assert_int_equal(strlen(subject), ID_SIZE - 1);
    memcpy(id, subject, ID_SIZE);
}

static envres_session *
enter(struct fx *fx, const char *name)
{
    envres_session *session = NULL;
    OK(fx, people_enter(fx, fx->store, name, &session));
    return session;
}

/* ---- another environment --------------------------------------------------------------------- */

/* Approvers of an environment that one made oneself do not stand in for those of production. */
static void
a_stricter_environment_does_not_stand_in_for_production(void **state)
{
    struct fx *fx = *state;
    char id[ID_SIZE];
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_OWNER, NULL));
    OK(fx, set_approvals(fx, "production", 1));
    OK(fx, add_environment(fx, fx->session, "den", ENVRES_ENVIRONMENT_OFF_PATH, 0));
    OK(fx, people_add(fx, "sock1", ENVRES_ROLE_PUBLISHER, "den"));
    OK(fx, people_add(fx, "sock2", ENVRES_ROLE_PUBLISHER, "den"));
    OK(fx, people_add(fx, "sock3", 0, NULL));
    OK(fx, set_approvals(fx, "den", 2));
    FAILS(fx, ENVRES_E_APPROVALS,
          people_role(fx, "sock3", ENVRES_ROLE_PUBLISHER, NULL, envres_role_grant));
    take_id(fx, id);
    envres_session *sock1 = enter(fx, "sock1");
    envres_session *sock2 = enter(fx, "sock2");
    envres_session *ann = enter(fx, "ann");
    OK(fx, envres_request_approve(sock1, id, TEXT, NULL, fx->err));
    OK(fx, envres_request_approve(sock2, id, TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_APPROVALS, envres_request_run(fx->session, id, TEXT, NULL, NULL, fx->err));
    assert_non_null(strstr(envres_error_message(fx->err), "1 more approval in production"));
    fx_hint(fx, "ann");
    OK(fx, envres_request_approve(ann, id, TEXT, NULL, fx->err));
    OK(fx, envres_request_run(fx->session, id, TEXT, NULL, NULL, fx->err));
    envres_session_close(sock1);
    envres_session_close(sock2);
    envres_session_close(ann);
}

/* Nor do those of one that asks for as many. */
static void
an_equal_environment_does_not_either(void **state)
{
    struct fx *fx = *state;
    char id[ID_SIZE];
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_OWNER, NULL));
    OK(fx, people_add(fx, "sock", ENVRES_ROLE_PUBLISHER, "staging"));
    OK(fx, people_add(fx, "other", 0, NULL));
    OK(fx, set_approvals(fx, "production", 1));
    OK(fx, set_approvals(fx, "staging", 1));
    FAILS(fx, ENVRES_E_APPROVALS,
          people_role(fx, "other", ENVRES_ROLE_OWNER, NULL, envres_role_grant));
    take_id(fx, id);
    envres_session *sock = enter(fx, "sock");
    OK(fx, envres_request_approve(sock, id, TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_APPROVALS, envres_request_run(fx->session, id, TEXT, NULL, NULL, fx->err));
    envres_session_close(sock);
    int64_t revision = 7;
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_request_run(fx->session, "0000000000", TEXT, NULL, &revision, fx->err));
    assert_int_equal(revision, 0);
}

/* An environment that asks for more approvals than anybody could give would block the workspace. */
static void
a_new_environment_asks_for_no_more_than_there_are(void **state)
{
    struct fx *fx = *state;
    FAILS(fx, ENVRES_E_QUORUM,
          add_environment(fx, fx->session, "den",
                          ENVRES_ENVIRONMENT_OFF_PATH | ENVRES_ENVIRONMENT_SET_APPROVALS, 3));
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_OWNER, NULL));
    OK(fx, add_environment(fx, fx->session, "den",
                           ENVRES_ENVIRONMENT_OFF_PATH | ENVRES_ENVIRONMENT_SET_APPROVALS, 1));
}

/* Environments are administered with a role for the whole workspace. */
static void
an_administrator_of_one_environment_does_not_remove_it(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    OK(fx, add_environment(fx, fx->session, "qa", ENVRES_ENVIRONMENT_OFF_PATH, 0));
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_ADMIN, "qa"));
    envres_session *ann = enter(fx, "ann");
    FAILS(fx, ENVRES_E_DENIED, envres_environment_remove(ann, "qa", TEXT, NULL, fx->err));
    OK(fx, envres_principal_list(fx->session, &list, fx->err));
    envres_list_free(list);
    OK(fx, people_add(fx, "ben", ENVRES_ROLE_VIEWER, "qa"));
    OK(fx, envres_environment_remove(fx->session, "qa", TEXT, NULL, fx->err));
    envres_session_close(ann);
}

/* What waits is written down as it was given, whatever tells its length. */
static void
a_label_without_a_length_waits_too(void **state)
{
    struct fx *fx = *state;
    char id[ID_SIZE];
    envres_list *list = NULL;
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_UNPROTECT,
                                           .label = "Live",
                                           .label_len = TEXT,
                                           .color = "red",
                                           .color_len = TEXT };
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_OWNER, NULL));
    OK(fx, set_approvals(fx, "production", 1));
    FAILS(fx, ENVRES_E_APPROVALS,
          envres_environment_set(fx->session, "production", TEXT, &options, NULL, fx->err));
    take_id(fx, id);
    envres_session *ann = enter(fx, "ann");
    OK(fx, envres_request_approve(ann, id, TEXT, NULL, fx->err));
    OK(fx, envres_request_run(fx->session, id, TEXT, NULL, NULL, fx->err));
    OK(fx, envres_environment_describe(fx->session, "production", TEXT, &list, fx->err));
    assert_string_equal(envres_list_text(list, 0, ENVRES_ENVIRONMENT_LABEL, NULL), "Live");
    envres_list_free(list);
    envres_session_close(ann);
}

/* ---- the path -------------------------------------------------------------------------------- */

/* A release happens at the end of the path: one that grows must not lead around approvals. */
static void
a_longer_path_is_no_way_around_a_release(void **state)
{
    struct fx *fx = *state;
    char id[ID_SIZE];
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_OWNER, NULL));
    OK(fx, people_add(fx, "ben", ENVRES_ROLE_PUBLISHER, NULL));
    OK(fx, set_approvals(fx, "production", 1));
    FAILS(fx, ENVRES_E_APPROVALS, add_environment(fx, fx->session, "edge", 0, 0));
    take_id(fx, id);
    envres_session *ben = enter(fx, "ben");
    envres_session *ann = enter(fx, "ann");
    FAILS(fx, ENVRES_E_DENIED, envres_request_approve(ben, id, TEXT, NULL, fx->err));
    OK(fx, envres_request_approve(ann, id, TEXT, NULL, fx->err));
    OK(fx, add_environment(fx, fx->session, "den", ENVRES_ENVIRONMENT_OFF_PATH, 0));
    envres_environment_options middle = { .size = sizeof(middle),
                                          .after = "staging",
                                          .after_len = TEXT };
    OK(fx, envres_environment_add(fx->session, "mid", TEXT, &middle, NULL, fx->err));
    FAILS(fx, ENVRES_E_CLOSED, envres_request_run(fx->session, id, TEXT, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_APPROVALS, add_environment(fx, fx->session, "edge", 0, 0));
    take_id(fx, id);
    OK(fx, envres_request_approve(ann, id, TEXT, NULL, fx->err));
    OK(fx, envres_request_run(fx->session, id, TEXT, NULL, NULL, fx->err));
    envres_session_close(ben);
    envres_session_close(ann);
}

/* ---- in the middle of a change --------------------------------------------------------------- */

struct host {
    struct fx *fx;
    bool armed;
    envres_status inner;
};

static envres_status
take_checkpoint(const envres_checkpoint *checkpoint, void *user)
{
    struct host *host = user;
    struct fx *fx = host->fx;
    (void)checkpoint;
    if (host->armed) {
        host->armed = false;
        host->inner = fx_put(fx, "production", "LIMIT", "swapped", 0, 0);
    }
    return ENVRES_OK;
}

static int64_t
read_clock(void *user)
{
    return ((struct fx *)user)->now;
}

/* A callback, or another thread, does not do something else in the name of a request that runs. */
static void
nothing_else_rides_on_a_request_that_runs(void **state)
{
    struct fx fx = { .err = ((struct fx *)*state)->err, .now = 1700000000000 };
    struct host host = { .fx = &fx };
    char id[ID_SIZE];
    envres_store_options options = { .size = sizeof(options),
                                     .clock = read_clock,
                                     .clock_user = &fx,
                                     .audit_sink = take_checkpoint,
                                     .audit_sink_user = &host };
    memset(fx.key, 0x5A, sizeof(fx.key));
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx.key,
                                .secret_len = sizeof(fx.key) };
    OK(&fx, envres_store_create(NULL, 0, &options, &owner, &fx.store, fx.err));
    OK(&fx, envres_session_open(fx.store, NULL, 0, &owner, &fx.session, fx.err));
    OK(&fx, people_add(&fx, "ann", ENVRES_ROLE_OWNER, NULL));
    OK(&fx, set_approvals(&fx, "production", 1));
    FAILS(&fx, ENVRES_E_APPROVALS, fx_put(&fx, "production", "LIMIT", "good", 0, 0));
    take_id(&fx, id);
    envres_session *ann = enter(&fx, "ann");
    OK(&fx, envres_request_approve(ann, id, TEXT, NULL, fx.err));
    OK(&fx, fx_put(&fx, "development", "OTHER", "x", 0, 0));
    fx.now += 61000; /* a checkpoint is due before the next change */
    host.armed = true;
    envres_status st = envres_request_run(fx.session, id, TEXT, NULL, NULL, fx.err);
    people_reads(&fx, fx.session, "production", "LIMIT", "good", ENVRES_OK);
    assert_int_equal(st, ENVRES_OK);
    assert_int_not_equal(host.inner, ENVRES_OK);
    envres_session_close(ann);
    envres_session_close(fx.session);
    envres_store_close(fx.store);
}

/* ---- own work -------------------------------------------------------------------------------- */

/* A deposit made for somebody else has two authors: who signed it does not approve it. */
static void
who_deposited_for_another_does_not_approve_it(void **state)
{
    struct fx *fx = *state;
    envres_session *as = NULL;
    char id[ID_SIZE];
    char deposit[33];
    envres_variable_write write = {
        .size = sizeof(write), .name = "TOKEN", .name_len = TEXT, .value = "abc", .value_len = TEXT
    };
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_PUBLISHER, NULL));
    OK(fx, people_add(fx, "bot", ENVRES_ROLE_DEPOSITOR, NULL));
    OK(fx, people_add(fx, "eve", ENVRES_ROLE_OWNER, NULL));
    OK(fx, set_approvals(fx, "production", 1));
    envres_session *ann = enter(fx, "ann");
    envres_session *eve = enter(fx, "eve");
    OK(fx, envres_session_as(ann, "bot", TEXT, &as, fx->err));
    OK(fx, envres_deposit(as, "production", TEXT, &write, NULL, deposit, fx->err));
    FAILS(fx, ENVRES_E_APPROVALS,
          envres_inbox_accept(fx->session, "production", TEXT, deposit, TEXT, NULL, NULL, fx->err));
    take_id(fx, id);
    FAILS(fx, ENVRES_E_OWN_CHANGE, envres_request_approve(ann, id, TEXT, NULL, fx->err));
    OK(fx, envres_request_approve(eve, id, TEXT, NULL, fx->err));
    OK(fx, envres_request_run(fx->session, id, TEXT, NULL, NULL, fx->err));
    envres_session_close(as);
    envres_session_close(ann);
    envres_session_close(eve);
}

/* ---- keys from before ------------------------------------------------------------------------ */

/* A session that opened only the key for plain values uses the other once it is given. */
static void
a_session_takes_the_keys_of_a_role_given_later(void **state)
{
    struct fx *fx = *state;
    OK(fx, fx_put(fx, "production", "PLAIN", "p", 0, 0));
    OK(fx, fx_put(fx, "production", "SECRET", "s", 0, ENVRES_WRITE_SECRET));
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_VIEWER, "production"));
    envres_session *ann = enter(fx, "ann");
    people_reads(fx, ann, "production", "PLAIN", "p", ENVRES_OK);
    people_reads(fx, ann, "production", "SECRET", NULL, ENVRES_E_DENIED);
    OK(fx, people_role(fx, "ann", ENVRES_ROLE_ADMIN, "production", envres_role_grant));
    people_reads(fx, ann, "production", "SECRET", "s", ENVRES_OK);
    OK(fx, people_role(fx, "ann", ENVRES_ROLE_ADMIN, "production", envres_role_revoke));
    people_reads(fx, ann, "production", "SECRET", NULL, ENVRES_E_DENIED);
    people_reads(fx, ann, "production", "PLAIN", "p", ENVRES_OK);
    envres_session_close(ann);
}

static int64_t
rotate_step(struct fx *fx)
{
    int64_t left = -1;
    OK(fx, envres_key_rotate_step(fx->session, "production", TEXT, &left, fx->err));
    return left;
}

static size_t
exposed(struct fx *fx)
{
    envres_list *list = NULL;
    OK(fx, envres_key_rotate(fx->session, "production", TEXT, NULL, &list, fx->err));
    size_t count = envres_list_count(list);
    envres_list_free(list);
    return count;
}

/* How many began, as the audit has it. */
static int
rotations(struct fx *fx)
{
    envres_audit_options options = { .size = sizeof(options) };
    envres_list *list = NULL;
    int count = 0;
    OK(fx, envres_audit_list(fx->session, &options, &list, fx->err));
    for (size_t i = 0; i < envres_list_count(list); i++)
        count += strcmp(envres_list_text(list, i, ENVRES_AUDIT_ACTION, NULL), "key.rotate") == 0;
    envres_list_free(list);
    return count;
}

/* Somebody who leaves while a rotation is under way holds its keys: it takes others. */
static void
a_rotation_under_way_is_not_enough_for_who_leaves_in_it(void **state)
{
    struct fx *fx = *state;
    char name[16];
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_ADMIN, "production"));
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "S%d", i);
        OK(fx, fx_put(fx, "production", name, "value", 0, ENVRES_WRITE_SECRET));
    }
    assert_int_equal(exposed(fx), 0); /* generation 2: ann holds it */
    assert_true(rotate_step(fx) > 0);
    OK(fx, envres_principal_remove(fx->session, "ann", TEXT, NULL, fx->err));
    assert_int_equal(exposed(fx), 300);
    assert_int_equal(rotations(fx), 2);
    int steps = 0;
    while (rotate_step(fx) > 0)
        assert_true(++steps < 10);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stricter_environment_does_not_stand_in_for_production),
        TEST(an_equal_environment_does_not_either),
        TEST(a_new_environment_asks_for_no_more_than_there_are),
        TEST(an_administrator_of_one_environment_does_not_remove_it),
        TEST(a_label_without_a_length_waits_too),
        TEST(a_longer_path_is_no_way_around_a_release),
        TEST(nothing_else_rides_on_a_request_that_runs),
        TEST(who_deposited_for_another_does_not_approve_it),
        TEST(a_session_takes_the_keys_of_a_role_given_later),
        TEST(a_rotation_under_way_is_not_enough_for_who_leaves_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
