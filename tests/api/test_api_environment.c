/* SPDX-License-Identifier: MIT */
/* Environments: the three, the path, labels, protection, reasons, removal. */
#include "helper.h"

static void
check_path(struct fx *fx, const char *want)
{
    char got[256] = "";
    envres_list *list = NULL;
    OK(fx, envres_environment_list(fx->session, &list, fx->err));
    for (size_t i = 0; i < envres_list_count(list); i++) {
        char row[80];
        snprintf(row, sizeof(row), "%s%s:%lld", i ? " " : "",
                 envres_list_text(list, i, ENVRES_ENVIRONMENT_KEY, NULL),
                 (long long)envres_list_integer(list, i, ENVRES_ENVIRONMENT_POSITION));
        strcat(got, row);
    }
    envres_list_free(list);
    assert_string_equal(got, want);
}

static void
three_are_there_and_stay(void **state)
{
    struct fx *fx = *state;
    static const char *const fixed[] = { "development", "staging", "production" };
    envres_list *list = NULL;
    check_path(fx, "development:1 staging:2 production:3");
    for (size_t i = 0; i < 3; i++) {
        envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
        FAILS(fx, ENVRES_E_FIXED,
              envres_environment_remove(fx->session, fixed[i], TEXT, &force, fx->err));
        FAILS(fx, ENVRES_E_NAME_TAKEN,
              envres_environment_add(fx->session, fixed[i], TEXT, NULL, NULL, fx->err));
        OK(fx, envres_environment_describe(fx->session, fixed[i], TEXT, &list, fx->err));
        assert_int_equal(envres_list_count(list), 1);
        assert_int_equal(envres_list_integer(list, 0, ENVRES_ENVIRONMENT_PROTECTED), i == 2);
        envres_list_free(list);
    }
}

static void
more_can_be_added_on_the_path_and_off_it(void **state)
{
    struct fx *fx = *state;
    envres_environment_options after = { .size = sizeof(after),
                                         .after = "development",
                                         .after_len = TEXT };
    envres_environment_options off = { .size = sizeof(off), .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    OK(fx, fx_put(fx, "production", "X", "1", 0, 0));
    OK(fx, envres_environment_add(fx->session, "qa", TEXT, &after, NULL, fx->err));
    OK(fx, envres_environment_add(fx->session, "edge", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_environment_add(fx->session, "acme", TEXT, &off, NULL, fx->err));
    check_path(fx, "development:1 qa:2 staging:3 production:4 edge:5 acme:0");
    OK(fx, fx_put(fx, "qa", "X", "qa", 0, 0));
    fx_renders(fx, "qa", "<< environment.name >> << environment.variables.X >>", "qa qa", 0);
    fx_renders(fx, "production", "<< environment.variables.X >>", "1", 0);
    after.after = "acme";
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_environment_add(fx->session, "more", TEXT, &after, NULL, fx->err));
    off.after = "staging";
    off.after_len = TEXT;
    FAILS(fx, ENVRES_E_INVALID,
          envres_environment_add(fx->session, "more", TEXT, &off, NULL, fx->err));
    OK(fx, envres_environment_remove(fx->session, "edge", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_REFERRED, envres_environment_remove(fx->session, "qa", TEXT, NULL, fx->err));
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    OK(fx, envres_environment_remove(fx->session, "qa", TEXT, &force, fx->err));
    check_path(fx, "development:1 staging:2 production:3 acme:0");
}

static void
keys_are_checked(void **state)
{
    struct fx *fx = *state;
    static const char *const bad[] = { "",
                                       "Prod",
                                       "1a",
                                       "a b",
                                       "a/b",
                                       "..",
                                       "-a",
                                       "a\xC3\xA9",
                                       "a23456789b123456789c123456789d123456789e123456789f12345678"
                                       "9g123456" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        FAILS(fx, ENVRES_E_NAME,
              envres_environment_add(fx->session, bad[i], TEXT, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_UTF8,
          envres_environment_add(fx->session, "a\xFF", TEXT, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_UTF8, envres_environment_add(fx->session, "a\0b", 3, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_environment_add(fx->session, NULL, 0, NULL, NULL, fx->err));
    OK(fx, envres_environment_add(fx->session,
                                  "a23456789b123456789c123456789d123456789e123456789f123456789g123",
                                  TEXT, NULL, NULL, fx->err));
}

static void
settings_change_and_nothing_else_does(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    envres_environment_options options = { .size = sizeof(options),
                                           .label = "Live \xE2\x9C\x93",
                                           .label_len = TEXT,
                                           .color = "#A1b2C3",
                                           .color_len = TEXT };
    OK(fx, envres_environment_set(fx->session, "staging", TEXT, &options, NULL, fx->err));
    fx_renders(fx, "staging", "<< environment.label >>", "Live \xE2\x9C\x93", 0);
    OK(fx, envres_environment_describe(fx->session, "staging", TEXT, &list, fx->err));
    assert_string_equal(envres_list_text(list, 0, ENVRES_ENVIRONMENT_COLOR, NULL), "#A1b2C3");
    assert_int_equal(envres_list_integer(list, 0, ENVRES_ENVIRONMENT_PROTECTED), 0);
    envres_list_free(list);
    options.color = "not a colour";
    FAILS(fx, ENVRES_E_NAME,
          envres_environment_set(fx->session, "staging", TEXT, &options, NULL, fx->err));
    options.color = NULL;
    options.flags = ENVRES_ENVIRONMENT_PROTECT | ENVRES_ENVIRONMENT_UNPROTECT;
    FAILS(fx, ENVRES_E_INVALID,
          envres_environment_set(fx->session, "staging", TEXT, &options, NULL, fx->err));
    options.flags = 0x80000000u;
    FAILS(fx, ENVRES_E_INVALID,
          envres_environment_set(fx->session, "staging", TEXT, &options, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_environment_set(fx->session, "stagin", TEXT, NULL, NULL, fx->err));
    fx_hint(fx, "staging");
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_environment_describe(fx->session, "zzz", TEXT, &list, fx->err));
    fx_hint(fx, "development, staging, production");
}

static void
a_reason_can_be_required(void **state)
{
    struct fx *fx = *state;
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_REASON };
    envres_change change = { .size = sizeof(change), .reason = "because", .reason_len = TEXT };
    envres_variable_write write = {
        .size = sizeof(write), .name = "A", .name_len = TEXT, .value = "1", .value_len = TEXT
    };
    OK(fx, envres_environment_set(fx->session, "production", TEXT, &options, NULL, fx->err));
    FAILS(fx, ENVRES_E_REASON, fx_put(fx, "production", "A", "1", 0, 0));
    assert_int_equal(fx_revision(fx, "production"), 0);
    OK(fx, envres_variable_put(fx->session, "production", TEXT, &write, &change, NULL, fx->err));
    OK(fx, fx_put(fx, "staging", "A", "1", 0, 0));
    options.flags = ENVRES_ENVIRONMENT_NO_REASON;
    FAILS(fx, ENVRES_E_REASON,
          envres_environment_set(fx->session, "production", TEXT, &options, NULL, fx->err));
    OK(fx, envres_environment_set(fx->session, "production", TEXT, &options, &change, fx->err));
    OK(fx, fx_put(fx, "production", "A", "2", 0, 0));
}

static void
texts_have_limits(void **state)
{
    struct fx *fx = *state;
    char label[202];
    memset(label, 'l', sizeof(label));
    label[201] = '\0';
    envres_environment_options options = { .size = sizeof(options),
                                           .label = label,
                                           .label_len = TEXT };
    FAILS(fx, ENVRES_E_LIMIT,
          envres_environment_set(fx->session, "staging", TEXT, &options, NULL, fx->err));
    options.label_len = 200;
    OK(fx, envres_environment_set(fx->session, "staging", TEXT, &options, NULL, fx->err));
    options.label = NULL;
    options.color = "abcdefghijklmnopqrstuvwxyzabcdefg"; /* 33 letters */
    options.color_len = TEXT;
    FAILS(fx, ENVRES_E_LIMIT,
          envres_environment_set(fx->session, "staging", TEXT, &options, NULL, fx->err));
    options.color_len = 32;
    OK(fx, envres_environment_set(fx->session, "staging", TEXT, &options, NULL, fx->err));
}

static void
a_workspace_has_at_most_a_thousand(void **state)
{
    struct fx *fx = *state;
    char key[16];
    envres_environment_options off = { .size = sizeof(off), .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    for (int i = 3; i < 1000; i++) {
        snprintf(key, sizeof(key), "e%d", i);
        OK(fx, envres_environment_add(fx->session, key, TEXT, &off, NULL, fx->err));
    }
    FAILS(fx, ENVRES_E_LIMIT,
          envres_environment_add(fx->session, "more", TEXT, &off, NULL, fx->err));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(three_are_there_and_stay, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(more_can_be_added_on_the_path_and_off_it, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(keys_are_checked, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(settings_change_and_nothing_else_does, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(a_reason_can_be_required, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(texts_have_limits, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_workspace_has_at_most_a_thousand, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
