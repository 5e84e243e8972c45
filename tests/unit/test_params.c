/* SPDX-License-Identifier: MIT */
/* Parameters: canonical values, replacing, refusals, limits, running out of memory. */
#include "lang/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"

struct row {
    const char *name;
    const char *key;
    int32_t type;
    const char *value;
    envres_status st;
    const char *kept;
};

static const struct row rows[] = {
    { "string", "a", ENVRES_TYPE_STRING, "x y", ENVRES_OK, "x y" },
    { "default type is string", "a", ENVRES_TYPE_DEFAULT, "1.0", ENVRES_OK, "1.0" },
    { "empty string", "a", ENVRES_TYPE_STRING, "", ENVRES_OK, "" },
    { "integer", "a", ENVRES_TYPE_NUMBER, "-7", ENVRES_OK, "-7" },
    { "largest integer", "a", ENVRES_TYPE_NUMBER, "9223372036854775807", ENVRES_OK,
      "9223372036854775807" },
    { "double in its shortest form", "a", ENVRES_TYPE_NUMBER, "1.50e1", ENVRES_OK, "15" },
    { "true", "a", ENVRES_TYPE_BOOLEAN, "true", ENVRES_OK, "true" },
    { "false", "a", ENVRES_TYPE_BOOLEAN, "false", ENVRES_OK, "false" },
    { "null", "a", ENVRES_TYPE_NULL, "null", ENVRES_OK, "null" },
    { "null without text", "a", ENVRES_TYPE_NULL, "", ENVRES_OK, "null" },
    { "json becomes compact", "a", ENVRES_TYPE_JSON, " { \"b\" : [ 1 , 2 ] }\n", ENVRES_OK,
      "{\"b\":[1,2]}" },
    { "integer too large", "a", ENVRES_TYPE_NUMBER, "9223372036854775808", ENVRES_E_LIMIT, NULL },
    { "double too large", "a", ENVRES_TYPE_NUMBER, "1e999", ENVRES_E_LIMIT, NULL },
    { "not a number", "a", ENVRES_TYPE_NUMBER, "seven", ENVRES_E_TYPE, NULL },
    { "quoted number", "a", ENVRES_TYPE_NUMBER, "\"7\"", ENVRES_E_TYPE, NULL },
    { "number and more", "a", ENVRES_TYPE_NUMBER, "7 8", ENVRES_E_TYPE, NULL },
    { "number with a blank", "a", ENVRES_TYPE_NUMBER, "7 ", ENVRES_E_TYPE, NULL },
    { "no number", "a", ENVRES_TYPE_NUMBER, "", ENVRES_E_TYPE, NULL },
    { "not a boolean", "a", ENVRES_TYPE_BOOLEAN, "yes", ENVRES_E_TYPE, NULL },
    { "boolean is case-sensitive", "a", ENVRES_TYPE_BOOLEAN, "True", ENVRES_E_TYPE, NULL },
    { "not null", "a", ENVRES_TYPE_NULL, "0", ENVRES_E_TYPE, NULL },
    { "not json", "a", ENVRES_TYPE_JSON, "{a:1}", ENVRES_E_JSON, NULL },
    { "a template is no parameter", "a", ENVRES_TYPE_TEMPLATE, "x", ENVRES_E_TYPE, NULL },
    { "unknown type", "a", 99, "x", ENVRES_E_TYPE, NULL },
    { "negative type", "a", -1, "x", ENVRES_E_TYPE, NULL },
    { "no name", "", ENVRES_TYPE_STRING, "x", ENVRES_E_NAME, NULL },
    { "name with a hyphen", "a-b", ENVRES_TYPE_STRING, "x", ENVRES_E_NAME, NULL },
    { "name with a digit first", "1a", ENVRES_TYPE_STRING, "x", ENVRES_E_NAME, NULL },
    { "invalid UTF-8", "a", ENVRES_TYPE_STRING, "\xFF", ENVRES_E_UTF8, NULL },
};

static struct slice
get(const envres_params *params, const char *name, int32_t *type, bool *is_secret)
{
    struct operand value = { 0, { NULL, 0 } };
    *is_secret = false;
    if (!params_find(params, slice_str(name), &value, is_secret))
        return (struct slice){ NULL, 0 };
    *type = value.type;
    return value.text;
}

static void
test_rows(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        envres_params *params = envres_params_new(NULL);
        int32_t type = 0;
        bool is_secret;
        printf("  %s\n", row->name);
        envres_error_clear(err);
        envres_status st = envres_params_set(params, row->key, ENVRES_NUL_TERMINATED, row->type,
                                             row->value, ENVRES_NUL_TERMINATED, 0, err);
        assert_int_equal(st, row->st);
        assert_int_equal(envres_error_code(err), row->st);
        struct slice kept = get(params, row->key, &type, &is_secret);
        if (row->kept) {
            assert_true(slice_equal(kept, slice_str(row->kept)));
            assert_int_equal(type, row->type ? row->type : ENVRES_TYPE_STRING);
            assert_int_equal(params_count(params), 1);
        } else {
            assert_null(kept.data);
            assert_int_equal(params_count(params), 0);
            if (strlen(row->value) > 2)
                assert_null(strstr(envres_error_message(err), row->value));
        }
        envres_params_free(params);
    }
    envres_error_free(err);
}

static envres_status
set(envres_params *params, const char *name, const char *value, uint32_t flags)
{
    return envres_params_set(params, name, ENVRES_NUL_TERMINATED, ENVRES_TYPE_STRING, value,
                             ENVRES_NUL_TERMINATED, flags, NULL);
}

static void
test_replace(void **state)
{
    (void)state;
    envres_params *params = envres_params_new(NULL);
    int32_t type = 0;
    bool is_secret = false;
    assert_int_equal(set(params, "a", "one", ENVRES_PARAM_SECRET), ENVRES_OK);
    assert_int_equal(set(params, "b", "two", 0), ENVRES_OK);
    assert_true(slice_equal(get(params, "a", &type, &is_secret), slice_str("one")));
    assert_true(is_secret);
    assert_int_equal(set(params, "a", "a longer one", 0), ENVRES_OK);
    assert_true(slice_equal(get(params, "a", &type, &is_secret), slice_str("a longer one")));
    assert_false(is_secret);
    assert_int_equal(params_count(params), 2);
    assert_true(slice_equal(params_name(params, 0), slice_str("a")));
    assert_true(slice_equal(params_name(params, 1), slice_str("b")));
    /* a value that is refused leaves the old one */
    assert_int_equal(envres_params_set(params, "a", 1, ENVRES_TYPE_NUMBER, "x", 1, 0, NULL),
                     ENVRES_E_TYPE);
    assert_true(slice_equal(get(params, "a", &type, &is_secret), slice_str("a longer one")));
    assert_null(get(params, "c", &type, &is_secret).data);
    assert_null(get(NULL, "a", &type, &is_secret).data);
    assert_int_equal(params_count(NULL), 0);
    envres_params_free(params);
}

static void
test_misuse(void **state)
{
    (void)state;
    envres_params *params = envres_params_new(NULL);
    envres_allocator broken = { .size = sizeof(broken) };
    assert_null(envres_params_new(&broken));
    assert_int_equal(set(NULL, "a", "x", 0), ENVRES_E_INVALID);
    assert_int_equal(set(params, "a", "x", 2), ENVRES_E_INVALID);
    assert_int_equal(set(params, NULL, "x", 0), ENVRES_E_INVALID);
    assert_int_equal(set(params, "a", NULL, 0), ENVRES_E_INVALID);
    assert_int_equal(envres_params_set(params, "a", 1, ENVRES_TYPE_STRING, NULL, 0, 0, NULL),
                     ENVRES_OK);
    envres_params_free(params);
    envres_params_free(NULL);
}

static void
test_limits(void **state)
{
    (void)state;
    envres_params *params = envres_params_new(NULL);
    char name[LIMIT_NAME + 2];
    char *value = malloc(LIMIT_VALUE + 1);
    assert_non_null(value);
    memset(value, 'v', LIMIT_VALUE + 1);
    memset(name, 'n', sizeof(name));
    assert_int_equal(
        envres_params_set(params, "a", 1, ENVRES_TYPE_STRING, value, LIMIT_VALUE, 0, NULL),
        ENVRES_OK);
    assert_int_equal(
        envres_params_set(params, "a", 1, ENVRES_TYPE_STRING, value, LIMIT_VALUE + 1, 0, NULL),
        ENVRES_E_LIMIT);
    assert_int_equal(
        envres_params_set(params, name, LIMIT_NAME, ENVRES_TYPE_STRING, "x", 1, 0, NULL),
        ENVRES_OK);
    assert_int_equal(
        envres_params_set(params, name, LIMIT_NAME + 1, ENVRES_TYPE_STRING, "x", 1, 0, NULL),
        ENVRES_E_NAME);
    for (int i = 2; i < LIMIT_PARAMS; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        assert_int_equal(set(params, name, "x", 0), ENVRES_OK);
    }
    assert_int_equal(params_count(params), LIMIT_PARAMS);
    assert_int_equal(set(params, "one_more", "x", 0), ENVRES_E_LIMIT);
    assert_int_equal(set(params, "p77", "replaced", 0), ENVRES_OK);
    int32_t type = 0;
    bool is_secret = false;
    assert_true(slice_equal(get(params, "p77", &type, &is_secret), slice_str("replaced")));
    assert_true(slice_equal(get(params, "p99999", &type, &is_secret), slice_str("x")));
    envres_params_free(params);
    free(value);
}

struct failing {
    int left;
    bool hit;
};

static void *
failing_realloc(void *ptr, size_t size, void *user)
{
    struct failing *failing = user;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    if (failing->left-- <= 0) {
        failing->hit = true;
        return NULL;
    }
    return realloc(ptr, size);
}

static void
test_out_of_memory(void **state)
{
    (void)state;
    for (int n = 0;; n++) {
        struct failing failing = { n, false };
        envres_allocator alloc = { sizeof(alloc), 0, failing_realloc, &failing };
        envres_params *params = envres_params_new(&alloc);
        envres_status st = params ? ENVRES_OK : ENVRES_E_NOMEM;
        for (int i = 0; st == ENVRES_OK && i < 40; i++) {
            char name[16];
            snprintf(name, sizeof(name), "p%d", i % 35);
            st = envres_params_set(params, name, ENVRES_NUL_TERMINATED, ENVRES_TYPE_JSON,
                                   "{\"a\": [1, 2.5]}", ENVRES_NUL_TERMINATED, 0, NULL);
        }
        assert_int_equal(st, failing.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        envres_params_free(params);
        if (!failing.hit)
            return;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),          cmocka_unit_test(test_replace),
        cmocka_unit_test(test_misuse),        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
