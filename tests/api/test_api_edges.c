/* SPDX-License-Identifier: MIT */
/*
 * Edges of apps, versions and releases: calls that are repeated, answers that must agree with each
 * other, environments that go, and columns of the file that say what they cannot say.
 */
#include "delivery.h"
#include "fx_serve.h"

static const char app[] = "shop";

/* ---- calls that are repeated ---------------------------------------------------------------- */

static void
two_releases(struct fx *fx)
{
    app_new(fx, app);
    OK(fx, put_text(fx, app, "v1", "name.txt", "one"));
    version_new(fx, app, "v2", NULL);
    make_ready(fx, app, "v1");
    make_ready(fx, app, "v2");
    OK(fx, release_as(fx, app, "v1", "1.0.0"));
    OK(fx, release_as(fx, app, "v2", "1.1.0"));
}

/* A rollback that is repeated says what the first one said, of the same version. */
static void
test_rollback_again(void **state)
{
    struct fx *fx = *state;
    uint8_t operation[16] = { 9 };
    envres_change change = { .size = sizeof(change), .operation = operation };
    envres_rollback_options options = { .size = sizeof(options), .expect_live = 2 };
    two_releases(fx);
    for (int i = 0; i < 3; i++) {
        envres_list *record = NULL;
        envres_list *findings = NULL;
        OK(fx, envres_release_rollback(fx->session, app, TEXT, &options, &change,
                                       i == 1 ? NULL : &record, &findings, fx->err));
        assert_non_null(findings);
        assert_int_equal(envres_list_count(findings), 0);
        if (i != 1)
            assert_int_equal(envres_list_integer(record, 0, ENVRES_RELEASE_SEQUENCE), 3);
        envres_list_free(record);
        envres_list_free(findings);
    }
}

/* ---- answers that agree --------------------------------------------------------------------- */

static void
status_of(struct fx *fx, const char *version, char tag[64], int64_t *sequence)
{
    envres_list *list = NULL;
    OK(fx, envres_app_status(fx->session, app, TEXT, &list, fx->err));
    for (size_t i = 0; i < envres_list_count(list); i++) {
        if (strcmp(envres_list_text(list, i, ENVRES_STATUS_ROW, NULL), "version") != 0 ||
            strcmp(envres_list_text(list, i, ENVRES_STATUS_VERSION, NULL), version) != 0)
            continue;
        snprintf(tag, 64, "%s", envres_list_text(list, i, ENVRES_STATUS_TAG, NULL));
        *sequence = envres_list_integer(list, i, ENVRES_STATUS_SEQUENCE);
    }
    envres_list_free(list);
}

/* The status and the list of versions name the same release of a version. */
static void
test_newest_release(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    envres_version_name name = name_of(app, "v1");
    char tag[64] = "";
    int64_t sequence = 0;
    two_releases(fx);
    OK(fx, rollback_to(fx, app, NULL, NULL));
    status_of(fx, "v1", tag, &sequence);
    OK(fx, envres_version_describe(fx->session, &name, &list, fx->err));
    assert_string_equal(tag, envres_list_text(list, 0, ENVRES_VERSION_TAG, NULL));
    assert_int_equal(sequence, envres_list_integer(list, 0, ENVRES_VERSION_SEQUENCE));
    envres_list_free(list);
}

/* ---- environments that go ------------------------------------------------------------------- */

/* That someone once looked at a version there does not keep an environment. */
static void
test_looked_at(void **state)
{
    struct fx *fx = *state;
    envres_environment_options off = { .size = sizeof(off), .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    envres_list *last = NULL;
    envres_version_name name = name_of(app, "v1");
    two_releases(fx);
    OK(fx, rollback_to(fx, app, NULL, NULL));
    OK(fx, envres_environment_add(fx->session, "demo", TEXT, &off, NULL, fx->err));
    OK(fx, envres_version_open(fx->session, &name, "demo", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_environment_remove(fx->session, "demo", TEXT, NULL, fx->err));
    OK(fx, envres_version_last(fx->session, app, TEXT, &last, fx->err));
    assert_int_equal(envres_list_count(last), 0);
    envres_list_free(last);
}

/* ---- what the file says --------------------------------------------------------------------- */

#define UNCHECKED "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; "

static void
file_apps(struct fx *fx)
{
    serve_app(fx, app, 0);
    serve_part(fx, app, "v1", "name.txt", "one");
    serve_release(fx, app, "v1", "1.0.0");
    serve_draft(fx, app, "v2", NULL);
    serve_part(fx, app, "v2", "name.txt", "two");
    serve_release(fx, app, "v2", "1.1.0");
}

/* A line of releases that leads into itself ends. */
static void
test_line_without_end(void **state)
{
    static const char *const rows[] = {
        UNCHECKED "UPDATE release SET previous = 2 WHERE sequence = 2",
        UNCHECKED "UPDATE release SET previous = 9 WHERE sequence = 2",
        UNCHECKED "UPDATE release SET previous = -1 WHERE sequence = 2",
    };
    envres_rollback_options options = { .size = sizeof(options), .expect_live = 2 };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        void *made = NULL;
        assert_int_equal(serve_setup(&made), 0);
        struct fx *fx = made;
        file_apps(fx);
        serve_sql(fx, rows[i]);
        FAILS(fx, ENVRES_E_CORRUPT,
              envres_release_rollback(fx->session, app, TEXT, &options, NULL, NULL, NULL, fx->err));
        assert_int_equal(serve_teardown_damaged(&made), 0);
    }
}

/* The order of a tag is not signed, the tag is: what is asked for by its tag has that tag. */
static void
test_tags_exchanged(void **state)
{
    struct fx *fx = *state;
    envres_scope *scope = NULL;
    file_apps(fx);
    serve_sql(fx,
              "UPDATE release SET tag_order = x'00' WHERE sequence = 1;"
              "UPDATE release SET tag_order = x'000000000000000100000000000000000000000000000000ff'"
              " WHERE sequence = 2");
    envres_status st = serve_open(fx, "production", app, "1.0.0", NULL, &scope);
    if (st == ENVRES_OK)
        fail_msg("1.0.0 serves %s", envres_scope_release(scope));
    assert_int_equal(st, ENVRES_E_CORRUPT);
    assert_null(scope);
}

static void
test_numbers_at_the_end(void **state)
{
    struct fx *fx = *state;
    envres_version_options options = { .size = sizeof(options), .name = "next", .name_len = TEXT };
    file_apps(fx);
    serve_sql(fx, "UPDATE version SET number = 9223372036854775807 WHERE name = 'v2'");
    FAILS(fx, ENVRES_E_CORRUPT,
          envres_version_create(fx->session, app, TEXT, &options, NULL, NULL, fx->err));
    options.name = NULL;
    FAILS(fx, ENVRES_E_CORRUPT,
          envres_version_create(fx->session, app, TEXT, &options, NULL, NULL, fx->err));
}

/* An older edit is not covered by the content digest: it is looked at before it comes back. */
static void
test_edits_that_lie(void **state)
{
    static const char *const rows[] = {
        "UPDATE part_edit SET size = 4611686018427387904 WHERE edit = 1 AND until IS NOT NULL",
        "UPDATE part_edit SET size = 2 WHERE edit = 1 AND until IS NOT NULL",
        "UPDATE part_edit SET part = randomblob(32) WHERE edit = 1 AND until IS NOT NULL",
        UNCHECKED "UPDATE part_edit SET part = x'07' WHERE edit = 1 AND until IS NOT NULL",
        UNCHECKED "UPDATE part_edit SET size = -1 WHERE edit = 1 AND until IS NOT NULL",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        void *made = NULL;
        assert_int_equal(serve_setup(&made), 0);
        struct fx *fx = made;
        envres_version_name name = name_of(app, "v1");
        envres_value *value = NULL;
        serve_app(fx, app, 0);
        serve_part(fx, app, "v1", "a.txt", "one");
        serve_part(fx, app, "v1", "a.txt", "two");
        serve_sql(fx, rows[i]);
        envres_status st = envres_part_restore(fx->session, &name, "a.txt", TEXT, 1, NULL, fx->err);
        if (st != ENVRES_E_INTEGRITY)
            fail_msg("%s: %s", rows[i], envres_status_name(st));
        OK(fx, envres_part_get(fx->session, &name, "a.txt", TEXT, &value, fx->err));
        assert_memory_equal(envres_value_data(value, NULL), "two", 3);
        envres_value_free(value);
        assert_int_equal(serve_teardown_damaged(&made), 0);
    }
}

/* In an emergency the status still says what stands where. */
static void
test_status_of_damage(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    bool told = false;
    file_apps(fx);
    serve_draft(fx, app, "v3", NULL);
    serve_part(fx, app, "v3", "name.txt", "three");
    serve_promote(fx, app, "v3", "staging");
    serve_promote(fx, app, "v3", "production");
    serve_sql(fx,
              "DELETE FROM tree WHERE digest = (SELECT content FROM version WHERE name = 'v2')");
    OK(fx, envres_app_status(fx->session, app, TEXT, &list, fx->err));
    assert_string_equal(envres_list_text(list, 0, ENVRES_STATUS_ROW, NULL), "live");
    for (size_t i = 0; i < envres_list_count(list); i++)
        told = told || strcmp(envres_list_text(list, i, ENVRES_STATUS_ROW, NULL), "finding") == 0;
    assert_true(told);
    envres_list_free(list);
}

/* Nor does a damaged record of one app take the list of all with it. */
static void
test_list_of_damage(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    file_apps(fx);
    OK(fx, envres_app_create(fx->session, "another", TEXT, NULL, NULL, fx->err));
    serve_sql(
        fx,
        "UPDATE release SET tag_order = x'' WHERE sequence = (SELECT max(sequence) FROM release)");
    OK(fx, envres_app_list(fx->session, &list, fx->err));
    assert_int_equal(envres_list_count(list), 2);
    assert_null(envres_list_text(list, 1, ENVRES_APP_LIVE_TAG, NULL));
    assert_true(envres_list_integer(list, 1, ENVRES_APP_LIVE_SEQUENCE) > 0);
    envres_list_free(list);
    FAILS(fx, ENVRES_E_CORRUPT, envres_release_list(fx->session, app, TEXT, &list, fx->err));
}

#define TEST(name)    cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
#define DAMAGED(name) cmocka_unit_test_setup_teardown(name, serve_setup, serve_teardown_damaged)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rollback_again),
        TEST(test_newest_release),
        TEST(test_looked_at),
        cmocka_unit_test(test_line_without_end),
        DAMAGED(test_tags_exchanged),
        DAMAGED(test_numbers_at_the_end),
        cmocka_unit_test(test_edits_that_lie),
        DAMAGED(test_status_of_damage),
        DAMAGED(test_list_of_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
