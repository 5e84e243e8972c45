/* SPDX-License-Identifier: MIT */
/*
 * Many variables in one call: new names and names that are there, in any order, around the numbers
 * at which rows are written together; and files in which a name that looks new is not.
 */
#include <stdlib.h>

#include "../raw_sql.h"
#include "fx_serve.h"

enum { NAMES_MAX = 70, NAME_SIZE = 24 };

struct import {
    char names[NAMES_MAX][NAME_SIZE];
    char values[NAMES_MAX][NAME_SIZE];
    envres_variable_write writes[NAMES_MAX];
    size_t count;
};

static void
add(struct import *import, const char *name, const char *value)
{
    size_t i = import->count++;
    snprintf(import->names[i], NAME_SIZE, "%s", name);
    snprintf(import->values[i], NAME_SIZE, "%s", value);
    import->writes[i] = (envres_variable_write){ .size = sizeof(import->writes[i]),
                                                 .name = import->names[i],
                                                 .name_len = TEXT,
                                                 .value = import->values[i],
                                                 .value_len = TEXT };
}

/* NAME000 to the count, every `step`-th, from the last to the first. */
static void
add_range(struct import *import, int count, int step, const char *value)
{
    for (int i = (count - 1) / step * step; i >= 0; i -= step) {
        char name[NAME_SIZE];
        snprintf(name, sizeof(name), "NAME%03d", i);
        add(import, name, value);
    }
}

static envres_status
put(struct fx *fx, const char *environment, const struct import *import, int64_t *revision)
{
    return envres_variable_put_many(fx->session, environment, TEXT, import->writes, import->count,
                                    NULL, revision, fx->err);
}

static void
has_value(struct fx *fx, const char *environment, const char *name, const char *want)
{
    envres_value *value = NULL;
    OK(fx, envres_variable_get(fx->session, environment, TEXT, name, TEXT, 0, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL), want);
    envres_value_free(value);
}

static void
have_values(struct fx *fx, const char *environment, const struct import *import)
{
    for (size_t i = 0; i < import->count; i++)
        has_value(fx, environment, import->names[i], import->values[i]);
}

static int64_t
number(struct fx *fx, const char *sql)
{
    char text[256];
    unsigned char out[32] = { 0 };
    snprintf(text, sizeof(text), "SELECT CAST((%s) AS BLOB)", sql);
    raw_blob(serve_path(fx), text, out, sizeof(out) - 1);
    return strtoll((const char *)out, NULL, 10);
}

/* ---- what is written ------------------------------------------------------------------------ */

static void
test_counts(void **state)
{
    static const int counts[] = { 1, 2, 15, 16, 17, 31, 32, 33, 64, NAMES_MAX };
    struct fx *fx = *state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct import import = { .count = 0 };
        int64_t before = 0, after = 0;
        char first[NAME_SIZE];
        print_message("%d names\n", counts[i]);
        snprintf(first, sizeof(first), "first %d", counts[i]);
        add_range(&import, counts[i], 1, first);
        OK(fx, put(fx, "staging", &import, &before));
        have_values(fx, "staging", &import);
        OK(fx, put(fx, "staging", &import, &after));
        assert_int_equal(after, before + 1);
        have_values(fx, "staging", &import);
    }
    assert_int_equal(number(fx, "SELECT count(*) FROM object"), NAMES_MAX);
}

/* New names before, between and behind those that there are, of which some have no value here. */
static void
test_between(void **state)
{
    struct fx *fx = *state;
    struct import there = { .count = 0 };
    struct import elsewhere = { .count = 0 };
    struct import all = { .count = 0 };
    add_range(&there, 60, 3, "old");
    add_range(&elsewhere, 60, 4, "elsewhere");
    add_range(&all, 60, 1, "new");
    add(&all, "A_BEFORE", "new");
    add(&all, "Z_BEHIND", "new");
    OK(fx, put(fx, "staging", &there, NULL));
    OK(fx, put(fx, "production", &elsewhere, NULL));
    OK(fx, put(fx, "staging", &all, NULL));
    have_values(fx, "staging", &all);
    have_values(fx, "production", &elsewhere);
    assert_int_equal(number(fx, "SELECT count(*) FROM object"), 62);
    assert_int_equal(number(fx, "SELECT count(*) FROM setting WHERE until IS NULL"), 62 + 15);
    assert_int_equal(number(fx, "SELECT count(*) FROM setting WHERE until = revision + 1"), 20);
}

/* A name is new again once it was deleted; a resource's is another name. */
static void
test_names_of_others(void **state)
{
    struct fx *fx = *state;
    struct import import = { .count = 0 };
    envres_variable_write one = {
        .size = sizeof(one), .name = "NAME005", .name_len = TEXT, .value = "gone", .value_len = TEXT
    };
    OK(fx, envres_variable_put(fx->session, "staging", TEXT, &one, NULL, NULL, fx->err));
    OK(fx, envres_variable_delete(fx->session, "NAME005", TEXT, NULL, fx->err));
    OK(fx, envres_resource_define(fx->session, "NAME006", TEXT, "rest", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "staging", "NAME006", "base_url", "https://crm.example", 0));
    add_range(&import, 20, 1, "new");
    OK(fx, put(fx, "staging", &import, NULL));
    have_values(fx, "staging", &import);
    assert_int_equal(number(fx, "SELECT count(*) FROM object WHERE name = 'NAME005'"), 2);
}

/* Values that are too many bytes to wait are written before the statement is full. */
static void
test_large_values(void **state)
{
    enum { LARGE = 100 * 1000, COUNT = 20 };
    struct fx *fx = *state;
    char(*names)[NAME_SIZE] = calloc(COUNT, sizeof(*names));
    char(*values)[LARGE] = calloc(COUNT, sizeof(*values));
    envres_variable_write writes[COUNT] = { { .size = 0 } };
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], NAME_SIZE, "LARGE%zu", i);
        memset(values[i], (int)('a' + i), LARGE);
        writes[i] = (envres_variable_write){ .size = sizeof(writes[i]),
                                             .flags = i % 2 ? ENVRES_WRITE_SECRET : 0,
                                             .name = names[i],
                                             .name_len = TEXT,
                                             .value = values[i],
                                             .value_len = i % 3 ? LARGE : 1 };
    }
    OK(fx,
       envres_variable_put_many(fx->session, "staging", TEXT, writes, COUNT, NULL, NULL, fx->err));
    for (size_t i = 0; i < COUNT; i++) {
        envres_value *value = NULL;
        size_t len = 0;
        OK(fx, envres_variable_get(fx->session, "staging", TEXT, names[i], TEXT, ENVRES_READ_REVEAL,
                                   &value, fx->err));
        const char *data = envres_value_data(value, &len);
        assert_int_equal(len, writes[i].value_len);
        assert_memory_equal(data, values[i], len);
        assert_int_equal(envres_value_is_secret(value), i % 2);
        envres_value_free(value);
    }
    free(names);
    free(values);
}

/* Ids grow with time and within one change, and those of two sessions are not the same. */
static void
test_ids(void **state)
{
    struct fx *fx = *state;
    struct import import = { .count = 0 };
    envres_store *store = NULL;
    envres_session *session = NULL;
    add_range(&import, 40, 1, "value");
    OK(fx, put(fx, "staging", &import, NULL));
    assert_int_equal(number(fx, "SELECT count(*) FROM object a JOIN object b ON b.rowid ="
                                " a.rowid + 1 AND b.name > a.name AND b.id > a.id"),
                     39);
    serve_again(fx, &store, &session);
    envres_variable_write one = {
        .size = sizeof(one), .name = "OTHER", .name_len = TEXT, .value = "x", .value_len = TEXT
    };
    OK(fx, envres_variable_put(session, "staging", TEXT, &one, NULL, NULL, fx->err));
    one.name = "ANOTHER";
    OK(fx, envres_variable_put(fx->session, "staging", TEXT, &one, NULL, NULL, fx->err));
    assert_int_equal(number(fx, "SELECT count(DISTINCT id) FROM object"), 42);
    envres_session_close(session);
    envres_store_close(store);
}

/* ---- what is refused ------------------------------------------------------------------------ */

/* The whole call or nothing of it: whatever row is wrong, before or behind those written by then.
 */
static void
test_one_is_wrong(void **state)
{
    struct fx *fx = *state;
    for (size_t bad = 0; bad < 40; bad += 13) {
        struct import import = { .count = 0 };
        add_range(&import, 40, 1, "value");
        import.writes[bad].type = ENVRES_TYPE_NUMBER;
        FAILS(fx, ENVRES_E_TYPE, put(fx, "staging", &import, NULL));
        assert_string_equal(envres_error_subject(fx->err), import.names[bad]);
        import.writes[bad].type = 0;
        import.writes[bad].expect_revision = 7;
        FAILS(fx, ENVRES_E_CHANGED, put(fx, "staging", &import, NULL));
        assert_string_equal(envres_error_subject(fx->err), import.names[bad]);
        assert_int_equal(number(fx, "SELECT count(*) FROM object"), 0);
        assert_int_equal(number(fx, "SELECT count(*) FROM setting"), 0);
    }
    struct import import = { .count = 0 };
    add_range(&import, 20, 1, "value");
    add(&import, "NAME007", "twice");
    FAILS(fx, ENVRES_E_NAME_TAKEN, put(fx, "staging", &import, NULL));
    assert_string_equal(envres_error_subject(fx->err), "NAME007");
    for (size_t i = 0; i < import.count; i++)
        import.writes[i].expect_revision = -1;
    import.count--;
    OK(fx, put(fx, "staging", &import, NULL));
    FAILS(fx, ENVRES_E_CHANGED, put(fx, "staging", &import, NULL));
}

/* Who takes an object's name away makes it look new: its value is still that of the name. */
static void
test_name_that_is_set(void **state)
{
    struct fx *fx = *state;
    struct import import = { .count = 0 };
    struct import one = { .count = 0 };
    add(&one, "NAME010", "old");
    OK(fx, put(fx, "staging", &one, NULL));
    serve_sql(fx, "UPDATE object SET name = 'X' WHERE name = 'NAME010'");
    add_range(&import, 20, 1, "new");
    FAILS(fx, ENVRES_E_INTEGRITY, put(fx, "staging", &import, NULL));
    assert_string_equal(envres_error_subject(fx->err), "NAME010");
    assert_int_equal(number(fx, "SELECT count(*) FROM object"), 1);
    OK(fx, put(fx, "production", &import, NULL));
    have_values(fx, "production", &import);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_between, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_names_of_others, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_large_values, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_ids, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_one_is_wrong, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_name_that_is_set, serve_setup, serve_teardown_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
