/* SPDX-License-Identifier: MIT */
/* Apps and versions by their own calls: names, options that contradict, what a list holds, what is
 * opened and remembered. Their moves are in test_api_moves.c and others. */
#include <stdlib.h>

#include "delivery.h"

static envres_status
create(struct fx *fx, const char *name, size_t len, uint32_t flags)
{
    envres_app_options options = { .size = sizeof(options), .flags = flags };
    return envres_app_create(fx->session, name, len, &options, NULL, fx->err);
}

static envres_status
set(struct fx *fx, const char *name, uint32_t flags)
{
    envres_app_options options = { .size = sizeof(options), .flags = flags };
    return envres_app_set(fx->session, name, TEXT, &options, NULL, fx->err);
}

static envres_version_options
named(const char *name)
{
    return (envres_version_options){ .size = sizeof(envres_version_options),
                                     .name = name,
                                     .name_len = name ? TEXT : 0 };
}

static envres_status
make(struct fx *fx, const envres_version_options *options, envres_list **out)
{
    return envres_version_create(fx->session, "desk", TEXT, options, NULL, out, fx->err);
}

static int64_t
newest_entry(struct fx *fx)
{
    envres_list *list = NULL;
    int64_t sequence = 0;
    OK(fx, envres_audit_list(fx->session, NULL, &list, fx->err));
    for (size_t i = 0; i < envres_list_count(list); i++) {
        int64_t at = envres_list_integer(list, i, ENVRES_AUDIT_SEQUENCE);
        sequence = at > sequence ? at : sequence;
    }
    envres_list_free(list);
    return sequence;
}

/* The texts of a column, joined by blanks. */
static void
assert_column(envres_list *list, uint32_t column, const char *expected)
{
    char joined[512] = "";
    for (size_t i = 0; i < envres_list_count(list); i++) {
        const char *text = envres_list_type(list, i, column) == ENVRES_CELL_NULL
                               ? "-"
                               : envres_list_text(list, i, column, NULL);
        size_t used = strlen(joined);
        snprintf(joined + used, sizeof(joined) - used, "%s%s", i > 0 ? " " : "", text);
    }
    assert_string_equal(joined, expected);
    envres_list_free(list);
}

/* ---- names ---------------------------------------------------------------------------------- */

#define TEN "0123456789"

static const struct {
    const char *name;
    size_t len;
    envres_status status;
} names[] = {
    { "a", 1, ENVRES_OK },
    { "two words", TEXT, ENVRES_OK },
    { "\xc3\xa4\xe2\x82\xac", TEXT, ENVRES_OK },
    { "a\xc2\xa0z", TEXT, ENVRES_OK }, /* a no-break space inside */
    { TEN TEN TEN TEN TEN TEN "1234", TEXT, ENVRES_OK },
    { TEN TEN TEN TEN TEN TEN "12345", TEXT, ENVRES_E_NAME },
    { "", 0, ENVRES_E_NAME },
    { " a", TEXT, ENVRES_E_NAME },
    { "a ", TEXT, ENVRES_E_NAME },
    { "\xc2\xa0z", TEXT, ENVRES_E_NAME },
    { "z\xc2\xa0", TEXT, ENVRES_E_NAME },
    { "\xe3\x80\x80z", TEXT, ENVRES_E_NAME },
    { "z\xe3\x80\x80", TEXT, ENVRES_E_NAME },
    { "\xef\xbb\xbfz", TEXT, ENVRES_E_NAME },
    { "a\nb", TEXT, ENVRES_E_NAME },
    { "a\x1fz", TEXT, ENVRES_E_NAME },
    { "a\x7fz", TEXT, ENVRES_E_NAME },
    { "a\xc2\x80z", TEXT, ENVRES_E_NAME },
    { "a\xc2\x9f", TEXT, ENVRES_E_NAME },
    { "a\0z", 3, ENVRES_E_UTF8 },
    { "a\xff", TEXT, ENVRES_E_UTF8 },
};

static void
names_of_apps(void **state)
{
    struct fx *fx = *state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        printf("  %zu\n", i);
        expect(fx, create(fx, names[i].name, names[i].len, 0), names[i].status, names[i].name);
        if (names[i].status == ENVRES_E_NAME) {
            fx_hint(fx, "1 to 64 bytes");
            assert_non_null(strstr(envres_error_message(fx->err), "the app's name"));
        }
    }
    FAILS(fx, ENVRES_E_INVALID, create(fx, NULL, 0, 0));
    OK(fx, create(fx, "Desk", TEXT, 0));
    FAILS(fx, ENVRES_E_NAME_TAKEN, create(fx, "dESK", TEXT, 0));
    assert_string_equal(envres_error_subject(fx->err), "dESK");
    FAILS(fx, ENVRES_E_NAME_TAKEN, create(fx, "Desk", TEXT, 0));
}

static void
names_of_versions(void **state)
{
    struct fx *fx = *state;
    app_new(fx, "desk");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        envres_version_options options = named(names[i].name);
        options.name_len = names[i].len;
        printf("  %zu\n", i);
        expect(fx, make(fx, &options, NULL), names[i].status, names[i].name);
        if (names[i].status == ENVRES_E_NAME)
            assert_non_null(strstr(envres_error_message(fx->err), "the version's name"));
    }
    envres_version_options taken = named("V1");
    FAILS(fx, ENVRES_E_NAME_TAKEN, make(fx, &taken, NULL));
    assert_non_null(strstr(envres_error_message(fx->err), "'v1'"));
}

/* The next name is the number's, or the first behind it that is free. */
static void
names_that_are_given(void **state)
{
    struct fx *fx = *state;
    envres_list *row = NULL;
    app_new(fx, "desk");
    OK(fx, make(fx, NULL, &row));
    assert_column(row, ENVRES_VERSION_NAME, "v2");
    envres_version_options options = named("v4");
    OK(fx, make(fx, &options, &row));
    assert_column(row, ENVRES_VERSION_PARENT, "v2");
    OK(fx, make(fx, NULL, &row));
    assert_column(row, ENVRES_VERSION_NAME, "v5");
    options = named("V6");
    OK(fx, make(fx, &options, NULL));
    for (int i = 6; i < 12; i++)
        OK(fx, make(fx, NULL, NULL));
    OK(fx, envres_version_list(fx->session, "desk", TEXT, NULL, 0, 0, &row, fx->err));
    assert_column(row, ENVRES_VERSION_NAME, "v12 v11 v10 v9 v8 v7 V6 v5 v4 v2 v1");
}

/* ---- apps ----------------------------------------------------------------------------------- */

static void
flags_of_apps(void **state)
{
    static const struct {
        uint32_t flags;
        envres_status status;
        const char *pin;
        int64_t is_protected;
    } rows[] = {
        { 0, ENVRES_OK, "none", 0 },
        { ENVRES_APP_PIN_CONFIG, ENVRES_OK, "config", 0 },
        { 0, ENVRES_OK, "config", 0 },
        { ENVRES_APP_PROTECT, ENVRES_OK, "config", 1 },
        { ENVRES_APP_PIN_NONE, ENVRES_OK, "none", 1 },
        { ENVRES_APP_UNPROTECT | ENVRES_APP_PIN_CONFIG, ENVRES_OK, "config", 0 },
        { ENVRES_APP_PIN_NONE | ENVRES_APP_PROTECT, ENVRES_OK, "none", 1 },
        { 16, ENVRES_E_INVALID, "none", 1 },
        { ENVRES_APP_PIN_CONFIG | ENVRES_APP_PIN_NONE, ENVRES_E_INVALID, "none", 1 },
        { ENVRES_APP_PROTECT | ENVRES_APP_UNPROTECT, ENVRES_E_INVALID, "none", 1 },
        { ENVRES_APP_UNPROTECT, ENVRES_OK, "none", 0 },
    };
    struct fx *fx = *state;
    app_new(fx, "desk");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_list *list = NULL;
        printf("  %u\n", rows[i].flags);
        expect(fx, set(fx, "desk", rows[i].flags), rows[i].status, "set");
        OK(fx, envres_app_describe(fx->session, "desk", TEXT, &list, fx->err));
        assert_int_equal(envres_list_integer(list, 0, ENVRES_APP_PROTECTED), rows[i].is_protected);
        assert_column(list, ENVRES_APP_PIN, rows[i].pin);
        char name[16];
        snprintf(name, sizeof(name), "app%zu", i);
        expect(fx, create(fx, name, TEXT, rows[i].flags), rows[i].status, "create");
    }
    FAILS(fx, ENVRES_E_NOT_FOUND, set(fx, "dekk", 0));
    fx_hint(fx, "desk");
}

/* What is so already is no change, and leaves no entry. */
static void
nothing_to_change(void **state)
{
    struct fx *fx = *state;
    envres_version_name v1 = name_of("desk", "v1");
    envres_version_options same = named("v1");
    same.description = "";
    app_new(fx, "desk");
    OK(fx, set(fx, "desk", ENVRES_APP_PIN_CONFIG | ENVRES_APP_PROTECT));
    int64_t before = newest_entry(fx);
    OK(fx, set(fx, "desk", ENVRES_APP_PIN_CONFIG | ENVRES_APP_PROTECT));
    OK(fx, set(fx, "desk", ENVRES_APP_PROTECT));
    OK(fx, set(fx, "desk", ENVRES_APP_PIN_CONFIG));
    OK(fx, envres_version_set(fx->session, &v1, &same, NULL, fx->err));
    OK(fx, envres_version_set(fx->session, &v1, NULL, NULL, fx->err));
    assert_int_equal(newest_entry(fx), before);
    OK(fx, set(fx, "desk", ENVRES_APP_PIN_NONE));
    assert_int_equal(newest_entry(fx), before + 1);
}

static void
what_a_change_may_say(void **state)
{
    struct fx *fx = *state;
    char reason[1002];
    memset(reason, 'r', sizeof(reason));
    reason[1001] = '\0';
    envres_change change = { .size = sizeof(change), .flags = 2 };
    envres_app_options options = { .size = sizeof(options) };
    FAILS(fx, ENVRES_E_INVALID,
          envres_app_create(fx->session, "x", TEXT, &options, &change, fx->err));
    change.flags = ENVRES_CHANGE_FORCE;
    change.reason = reason;
    change.reason_len = 1001;
    FAILS(fx, ENVRES_E_LIMIT,
          envres_app_create(fx->session, "x", TEXT, &options, &change, fx->err));
    change.reason = "\xff";
    change.reason_len = 1;
    FAILS(fx, ENVRES_E_UTF8, envres_app_create(fx->session, "x", TEXT, &options, &change, fx->err));
    change.reason = reason;
    change.reason_len = 1000;
    OK(fx, envres_app_create(fx->session, "x", TEXT, &options, &change, fx->err));
    change.reason = NULL; /* the length of no reason means nothing */
    OK(fx, envres_app_create(fx->session, "y", TEXT, &options, &change, fx->err));
}

static void
what_lists_of_apps_hold(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    app_new(fx, "desk");
    app_new(fx, "Board");
    version_new(fx, "desk", "next", NULL);
    make_ready(fx, "desk", "v1");
    OK(fx, envres_app_list(fx->session, &list, fx->err));
    assert_column(list, ENVRES_APP_NAME, "Board desk");
    OK(fx, envres_app_list(fx->session, &list, fx->err));
    assert_int_equal(envres_list_type(list, 0, ENVRES_APP_LIVE_SEQUENCE), ENVRES_CELL_NULL);
    assert_int_equal(envres_list_integer(list, 0, ENVRES_APP_VERSIONS), 1);
    assert_int_equal(envres_list_integer(list, 1, ENVRES_APP_VERSIONS), 2);
    assert_int_equal(envres_list_integer(list, 1, ENVRES_APP_TIME), fx->now);
    assert_column(list, ENVRES_APP_LIVE_VERSION, "- -");
    OK(fx, release_as(fx, "desk", "v1", "1.0.0"));
    OK(fx, discard(fx, "desk", "next"));
    OK(fx, envres_app_describe(fx->session, "desk", TEXT, &list, fx->err));
    assert_int_equal(envres_list_count(list), 1);
    assert_int_equal(envres_list_integer(list, 0, ENVRES_APP_VERSIONS), 1);
    assert_int_equal(envres_list_integer(list, 0, ENVRES_APP_LIVE_SEQUENCE), 1);
    assert_string_equal(envres_list_text(list, 0, ENVRES_APP_LIVE_TAG, NULL), "1.0.0");
    assert_column(list, ENVRES_APP_LIVE_VERSION, "v1");
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_app_describe(fx->session, "desks", TEXT, &list, fx->err));
    assert_null(list);
    fx_hint(fx, "desk");
    FAILS(fx, ENVRES_E_INVALID, envres_app_describe(fx->session, NULL, 0, &list, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_app_describe(fx->session, "desk", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_app_list(fx->session, NULL, fx->err));
}

/* ---- versions ------------------------------------------------------------------------------- */

static void
options_of_new_versions(void **state)
{
    struct fx *fx = *state;
    envres_list *row = NULL;
    char text[1002];
    memset(text, 'd', sizeof(text));
    app_new(fx, "desk");
    version_new(fx, "desk", "gone", NULL);
    OK(fx, discard(fx, "desk", "gone"));
    char *before = dump_now(fx);

    envres_version_options options = named("x");
    options.flags = 2;
    FAILS(fx, ENVRES_E_INVALID, make(fx, &options, &row));
    options.flags = ENVRES_VERSION_EMPTY;
    options.from = "v1";
    options.from_len = TEXT;
    FAILS(fx, ENVRES_E_INVALID, make(fx, &options, &row));
    options.flags = 0;
    options.from = "gone";
    FAILS(fx, ENVRES_E_DISCARDED, make(fx, &options, &row));
    assert_string_equal(envres_error_subject(fx->err), "gone");
    options.from = "v2000";
    FAILS(fx, ENVRES_E_NOT_FOUND, make(fx, &options, &row));
    options.from = "\xff";
    FAILS(fx, ENVRES_E_UTF8, make(fx, &options, &row));
    options.from = "v1";
    options.description = text;
    options.description_len = 1001;
    FAILS(fx, ENVRES_E_LIMIT, make(fx, &options, &row));
    assert_null(row);
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_version_create(fx->session, "other", TEXT, NULL, NULL, &row, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_version_create(fx->session, NULL, 0, NULL, NULL, &row, fx->err));
    expect_unchanged(fx, before, "refused options");

    options.description_len = 1000;
    OK(fx, make(fx, &options, &row));
    assert_column(row, ENVRES_VERSION_PARENT, "v1");
    options = named("bare");
    options.flags = ENVRES_VERSION_EMPTY;
    OK(fx, make(fx, &options, &row));
    assert_int_equal(envres_list_integer(row, 0, ENVRES_VERSION_PARTS), 0);
    assert_column(row, ENVRES_VERSION_PARENT, "-");
}

/* Without a name of another one a version begins from the live one, else from the newest. */
static void
what_a_version_begins_from(void **state)
{
    struct fx *fx = *state;
    envres_list *row = NULL;
    app_new(fx, "desk");
    version_new(fx, "desk", "second", NULL);
    version_new(fx, "desk", "third", NULL);
    OK(fx, make(fx, NULL, &row));
    assert_column(row, ENVRES_VERSION_PARENT, "third");
    make_ready(fx, "desk", "second");
    OK(fx, release_as(fx, "desk", "second", "1.0.0"));
    OK(fx, make(fx, NULL, &row));
    assert_column(row, ENVRES_VERSION_PARENT, "second");
}

/* The same operation again gives the same row, although more was made meanwhile. */
static void
the_same_operation_again(void **state)
{
    struct fx *fx = *state;
    uint8_t operation[16] = { 7 };
    envres_change change = { .size = sizeof(change), .operation = operation };
    envres_version_name v1 = name_of("desk", "v1");
    envres_list *row = NULL;
    app_new(fx, "desk");
    for (int i = 0; i < 2; i++) {
        OK(fx, envres_version_create(fx->session, "desk", TEXT, NULL, &change, &row, fx->err));
        assert_column(row, ENVRES_VERSION_NAME, "v2");
        OK(fx, make(fx, NULL, NULL));
    }
    operation[0] = 8;
    for (int i = 0; i < 2; i++) {
        OK(fx, envres_version_open(fx->session, &v1, "development", TEXT, &change, &row, fx->err));
        assert_column(row, ENVRES_VERSION_NAME, "v1");
    }
    OK(fx, envres_version_list(fx->session, "desk", TEXT, NULL, 0, 0, &row, fx->err));
    assert_column(row, ENVRES_VERSION_NAME, "v4 v3 v2 v1");
}

static void
renaming_and_describing(void **state)
{
    struct fx *fx = *state;
    envres_list *row = NULL;
    envres_version_name v1 = name_of("desk", "v1");
    envres_version_name nameless = name_of("desk", NULL);
    app_new(fx, "desk");
    version_new(fx, "desk", "second", NULL);

    envres_version_options options = named("SECOND");
    FAILS(fx, ENVRES_E_NAME_TAKEN, envres_version_set(fx->session, &v1, &options, NULL, fx->err));
    options = named("first");
    options.from = "second";
    options.from_len = TEXT;
    FAILS(fx, ENVRES_E_INVALID, envres_version_set(fx->session, &v1, &options, NULL, fx->err));
    options = named("first");
    options.flags = ENVRES_VERSION_EMPTY;
    FAILS(fx, ENVRES_E_INVALID, envres_version_set(fx->session, &v1, &options, NULL, fx->err));
    options.flags = 0;
    FAILS(fx, ENVRES_E_INVALID,
          envres_version_set(fx->session, &nameless, &options, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_version_set(fx->session, NULL, &options, NULL, fx->err));
    nameless.app = NULL;
    FAILS(fx, ENVRES_E_INVALID,
          envres_version_set(fx->session, &nameless, &options, NULL, fx->err));

    options = named("V1"); /* its own name, spelt otherwise */
    OK(fx, envres_version_set(fx->session, &v1, &options, NULL, fx->err));
    v1 = name_of("desk", "V1");
    options = named(NULL);
    options.description = "what it is";
    options.description_len = TEXT;
    OK(fx, envres_version_set(fx->session, &v1, &options, NULL, fx->err));
    OK(fx, envres_version_describe(fx->session, &v1, &row, fx->err));
    assert_string_equal(envres_list_text(row, 0, ENVRES_VERSION_DESCRIPTION, NULL), "what it is");
    assert_column(row, ENVRES_VERSION_NAME, "V1");
    options = named("first");
    OK(fx, envres_version_set(fx->session, &v1, &options, NULL, fx->err));
    v1 = name_of("desk", "first");
    OK(fx, envres_version_describe(fx->session, &v1, &row, fx->err));
    assert_column(row, ENVRES_VERSION_DESCRIPTION, "what it is");
    FAILS(fx, ENVRES_E_INVALID, envres_version_describe(fx->session, NULL, &row, fx->err));
    assert_null(row);
    FAILS(fx, ENVRES_E_INVALID, envres_version_describe(fx->session, &v1, NULL, fx->err));
}

static void
what_lists_of_versions_hold(void **state)
{
    static const struct {
        const char *environment;
        uint32_t flags;
        const char *names;
    } rows[] = {
        { NULL, 0, "ready staged draft v1" },
        { NULL, ENVRES_VERSION_ALL, "gone ready staged draft v1" },
        { "development", 0, "ready staged draft v1" },
        { "development", ENVRES_VERSION_ALL, "gone ready staged draft v1" },
        { "staging", 0, "ready staged v1" },
        { "production", ENVRES_VERSION_ALL, "ready v1" },
        { "aside", 0, "v1" },
    };
    struct fx *fx = *state;
    envres_list *list = NULL;
    envres_environment_options aside = { .size = sizeof(aside),
                                         .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    OK(fx, envres_environment_add(fx->session, "aside", TEXT, &aside, NULL, fx->err));
    app_new(fx, "desk");
    make_ready(fx, "desk", "v1");
    OK(fx, release_as(fx, "desk", "v1", "1.0.0"));
    version_new(fx, "desk", "draft", NULL);
    version_new(fx, "desk", "staged", NULL);
    OK(fx, promote_to(fx, "desk", "staged", "staging", 0));
    version_new(fx, "desk", "ready", NULL);
    make_ready(fx, "desk", "ready");
    version_new(fx, "desk", "gone", NULL);
    OK(fx, discard(fx, "desk", "gone"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *environment = rows[i].environment;
        printf("  %s\n", environment ? environment : "all");
        OK(fx, envres_version_list(fx->session, "desk", TEXT, environment, environment ? TEXT : 0,
                                   rows[i].flags, &list, fx->err));
        assert_column(list, ENVRES_VERSION_NAME, rows[i].names);
    }
    FAILS(fx, ENVRES_E_INVALID,
          envres_version_list(fx->session, "desk", TEXT, NULL, 0, 2, &list, fx->err));
    assert_null(list);
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_version_list(fx->session, "desk", TEXT, "stagin", TEXT, 0, &list, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_version_list(fx->session, NULL, 0, NULL, 0, 0, &list, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_version_list(fx->session, "desk", TEXT, NULL, 0, 0, NULL, fx->err));
}

/* ---- what is worked on ---------------------------------------------------------------------- */

static envres_status
open_version(struct fx *fx, const char *version, const char *environment, envres_list **out)
{
    envres_version_name name = name_of("desk", version);
    return envres_version_open(fx->session, &name, environment, TEXT, NULL, out, fx->err);
}

static void
assert_last(struct fx *fx, const char *version, const char *environment, int64_t time)
{
    envres_list *list = NULL;
    OK(fx, envres_version_last(fx->session, "desk", TEXT, &list, fx->err));
    assert_int_equal(envres_list_count(list), version != NULL);
    if (version) {
        assert_string_equal(envres_list_text(list, 0, ENVRES_LAST_VERSION, NULL), version);
        assert_string_equal(envres_list_text(list, 0, ENVRES_LAST_ENVIRONMENT, NULL), environment);
        assert_int_equal(envres_list_integer(list, 0, ENVRES_LAST_TIME), time);
    }
    envres_list_free(list);
}

static void
opened_and_remembered(void **state)
{
    struct fx *fx = *state;
    envres_list *row = NULL;
    envres_environment_options aside = { .size = sizeof(aside),
                                         .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    OK(fx, envres_environment_add(fx->session, "aside", TEXT, &aside, NULL, fx->err));
    app_new(fx, "desk");
    version_new(fx, "desk", "gone", NULL);
    OK(fx, discard(fx, "desk", "gone"));
    assert_last(fx, NULL, NULL, 0);

    FAILS(fx, ENVRES_E_DISCARDED, open_version(fx, "gone", "development", &row));
    FAILS(fx, ENVRES_E_NO_VERSION_HERE, open_version(fx, "v1", "staging", &row));
    FAILS(fx, ENVRES_E_NO_VERSION_HERE, open_version(fx, NULL, "staging", &row));
    FAILS(fx, ENVRES_E_NO_VERSION_HERE, open_version(fx, NULL, "aside", &row));
    FAILS(fx, ENVRES_E_NO_VERSION_HERE, open_version(fx, "v1", "aside", &row));
    FAILS(fx, ENVRES_E_NOT_FOUND, open_version(fx, "v1", "stage", &row));
    FAILS(fx, ENVRES_E_NOT_FOUND, open_version(fx, "v7", "staging", &row));
    FAILS(fx, ENVRES_E_INVALID,
          envres_version_open(fx->session, NULL, "staging", TEXT, NULL, &row, fx->err));
    assert_null(row);
    assert_last(fx, NULL, NULL, 0);

    int64_t first = fx->now;
    OK(fx, open_version(fx, NULL, "development", &row));
    assert_column(row, ENVRES_VERSION_NAME, "v1");
    assert_last(fx, "v1", "development", first);
    int64_t entry = newest_entry(fx);
    fx->now += 1000;
    OK(fx, open_version(fx, "v1", "development", NULL));
    assert_last(fx, "v1", "development", first); /* what is so is not written again */
    assert_int_equal(newest_entry(fx), entry);

    OK(fx, promote_to(fx, "desk", "v1", "staging", 0));
    OK(fx, open_version(fx, "v1", "staging", NULL));
    assert_last(fx, "v1", "staging", fx->now);
    fx->now += 1000;
    version_new(fx, "desk", "second", NULL);
    OK(fx, open_version(fx, NULL, "development", &row));
    assert_column(row, ENVRES_VERSION_NAME, "second");
    OK(fx, open_version(fx, NULL, "staging", &row));
    assert_column(row, ENVRES_VERSION_NAME, "v1");

    OK(fx, promote_to(fx, "desk", "v1", "production", 0));
    OK(fx, release_as(fx, "desk", "v1", "1.0.0"));
    OK(fx, open_version(fx, NULL, "aside", &row));
    assert_column(row, ENVRES_VERSION_NAME, "v1");
    FAILS(fx, ENVRES_E_NO_VERSION_HERE, open_version(fx, "second", "aside", &row));
    assert_last(fx, "v1", "aside", fx->now);
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_version_last(fx->session, "desks", TEXT, &row, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_version_last(fx->session, "desk", TEXT, NULL, fx->err));
}

/* A call for the only draft, where there is none or more than one. */
static void
the_only_draft(void **state)
{
    struct fx *fx = *state;
    envres_list *row = NULL;
    envres_version_name draft = name_of("desk", NULL);
    app_new(fx, "desk");
    OK(fx, put_text(fx, "desk", NULL, "a.txt", "a"));
    version_new(fx, "desk", "second", NULL);
    FAILS(fx, ENVRES_E_INVALID, put_text(fx, "desk", NULL, "a.txt", "b"));
    fx_hint(fx, "v1, second");
    OK(fx, promote_to(fx, "desk", "v1", "staging", 0));
    OK(fx, promote_to(fx, "desk", "second", "staging", 0));
    FAILS(fx, ENVRES_E_FROZEN, put_text(fx, "desk", NULL, "a.txt", "b"));
    fx_hint(fx, "make a new version");
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_version_describe(fx->session, &draft, &row, fx->err));
    fx_hint(fx, "name a version");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_of_apps),
        TEST(names_of_versions),
        TEST(names_that_are_given),
        TEST(flags_of_apps),
        TEST(nothing_to_change),
        TEST(what_a_change_may_say),
        TEST(what_lists_of_apps_hold),
        TEST(options_of_new_versions),
        TEST(what_a_version_begins_from),
        TEST(the_same_operation_again),
        TEST(renaming_and_describing),
        TEST(what_lists_of_versions_hold),
        TEST(opened_and_remembered),
        TEST(the_only_draft),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
