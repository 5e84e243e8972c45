/* SPDX-License-Identifier: MIT */
/* Tables of results: cells, what lies outside, secrets, and every request for memory refused once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "fx_mem.h"

static const char *const columns[] = { "name", "value", "revision" };

static void
assert_text(const envres_list *list, size_t row, uint32_t column, const char *text, size_t len)
{
    size_t given = 0;
    const char *bytes = envres_list_text(list, row, column, &given);
    assert_int_equal(envres_list_type(list, row, column), ENVRES_CELL_TEXT);
    assert_int_equal(given, len);
    assert_memory_equal(bytes, text, len);
    assert_int_equal(bytes[len], 0);
}

static void
test_cells(void **state)
{
    (void)state;
    struct fx_mem fx;
    fx_mem_init(&fx);
    struct mem mem = fx.mem;
    envres_list *list = NULL;
    char source[] = "a\0b";
    assert_int_equal(list_new(&mem, columns, 3, &list, NULL), ENVRES_OK);
    memset(&mem, 0, sizeof(mem)); /* the hook was copied */
    assert_int_equal(envres_list_count(list), 0);
    list_row(list);
    list_set_str(list, 0, "HOST");
    list_set_text(list, 1, source, 3);
    list_set_int(list, 2, INT64_MIN);
    memset(source, 'x', 3);
    list_row(list);
    list_set_text(list, 0, "", 0);
    assert_int_equal(list_status(list, NULL), ENVRES_OK);
    assert_int_equal(envres_list_count(list), 2);
    assert_int_equal(envres_list_columns(list), 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_string_equal(envres_list_column_name(list, i), columns[i]);
    assert_text(list, 0, 0, "HOST", 4);
    assert_text(list, 0, 1, "a\0b", 3);
    assert_int_equal(envres_list_type(list, 0, 2), ENVRES_CELL_INTEGER);
    assert_true(envres_list_integer(list, 0, 2) == INT64_MIN);
    assert_text(list, 1, 0, "", 0);
    assert_int_equal(envres_list_type(list, 1, 1), ENVRES_CELL_NULL);
    /* A cell asked for as what it is not. */
    assert_null(envres_list_text(list, 0, 2, NULL));
    assert_null(envres_list_text(list, 1, 1, NULL));
    assert_int_equal(envres_list_integer(list, 0, 0), 0);
    envres_list_free(list);
    assert_int_equal(fx.blocks, 0);
}

static void
test_outside(void **state)
{
    (void)state;
    size_t len = 9;
    envres_list *list = NULL;
    assert_int_equal(list_new(&mem_default, columns, 2, &list, NULL), ENVRES_OK);
    list_set_int(list, 0, 1); /* no row yet */
    list_row(list);
    list_set_int(list, 2, 1); /* no such column */
    assert_int_equal(list_status(list, NULL), ENVRES_OK);
    assert_string_equal(envres_list_column_name(list, 2), "");
    assert_int_equal(envres_list_type(list, 0, 0), ENVRES_CELL_NULL);
    assert_int_equal(envres_list_type(list, 0, 2), ENVRES_CELL_NULL);
    assert_int_equal(envres_list_type(list, 1, 0), ENVRES_CELL_NULL);
    assert_int_equal(envres_list_type(list, SIZE_MAX, UINT32_MAX), ENVRES_CELL_NULL);
    assert_null(envres_list_text(list, 1, 0, &len));
    assert_int_equal(len, 0);
    assert_int_equal(envres_list_integer(list, 1, 0), 0);
    assert_int_equal(envres_list_is_secret(list, 1, 0), 0);
    envres_list_free(list);
    assert_int_equal(envres_list_count(NULL), 0);
    assert_int_equal(envres_list_columns(NULL), 0);
    assert_string_equal(envres_list_column_name(NULL, 0), "");
    assert_int_equal(envres_list_type(NULL, 0, 0), ENVRES_CELL_NULL);
    assert_null(envres_list_text(NULL, 0, 0, NULL));
    assert_int_equal(envres_list_integer(NULL, 0, 0), 0);
    assert_int_equal(envres_list_is_secret(NULL, 0, 0), 0);
    envres_list_free(NULL);
}

/* Fifty rows; every text and number is where it was put. */
static envres_status
build(struct fx_mem *fx, envres_list **out)
{
    char text[32];
    envres_status st = list_new(&fx->mem, columns, 3, out, NULL);
    if (st < 0)
        return st;
    for (int i = 0; i < 50; i++) {
        list_row(*out);
        snprintf(text, sizeof(text), "name %d", i);
        list_set_str(*out, 0, text);
        list_set_int(*out, 2, i);
    }
    return list_status(*out, NULL);
}

static void
test_growth(void **state)
{
    (void)state;
    struct fx_mem fx;
    envres_list *list = NULL;
    char text[32];
    fx_mem_init(&fx);
    assert_int_equal(build(&fx, &list), ENVRES_OK);
    assert_int_equal(envres_list_count(list), 50);
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof(text), "name %d", i);
        assert_text(list, (size_t)i, 0, text, strlen(text));
        assert_int_equal(envres_list_type(list, (size_t)i, 1), ENVRES_CELL_NULL);
        assert_int_equal(envres_list_integer(list, (size_t)i, 2), i);
    }
    envres_list_free(list);
    assert_int_equal(fx.blocks, 0);
}

static void
test_secrets_are_wiped(void **state)
{
    (void)state;
    for (int secret = 0; secret < 2; secret++) {
        struct fx_mem fx;
        envres_list *list = NULL;
        fx_mem_init(&fx);
        fx.canary = "canary";
        assert_int_equal(list_new(&fx.mem, columns, 3, &list, NULL), ENVRES_OK);
        list_row(list);
        list_set_str(list, 0, "plain");
        if (secret)
            list_set_secret(list, 1, "a canary", 8);
        else
            list_set_text(list, 1, "a canary", 8);
        assert_text(list, 0, 1, "a canary", 8);
        assert_int_equal(envres_list_is_secret(list, 0, 0), 0);
        assert_int_equal(envres_list_is_secret(list, 0, 1), secret);
        envres_list_free(list);
        assert_int_equal(fx.seen, !secret);
        assert_int_equal(fx.blocks, 0);
    }
}

/* The last word counts, and what was there is given back, wiped if need be. */
static void
test_cell_set_again(void **state)
{
    (void)state;
    struct fx_mem fx;
    envres_list *list = NULL;
    fx_mem_init(&fx);
    fx.canary = "canary";
    assert_int_equal(list_new(&fx.mem, columns, 3, &list, NULL), ENVRES_OK);
    list_row(list);
    list_set_secret(list, 0, "a canary", 8);
    list_set_str(list, 0, "plain");
    assert_text(list, 0, 0, "plain", 5);
    assert_int_equal(envres_list_is_secret(list, 0, 0), 0);
    list_set_secret(list, 0, "a canary", 8);
    list_set_int(list, 0, 3);
    assert_int_equal(envres_list_type(list, 0, 0), ENVRES_CELL_INTEGER);
    assert_int_equal(envres_list_is_secret(list, 0, 0), 0);
    assert_null(envres_list_text(list, 0, 0, NULL));
    envres_list_free(list);
    assert_int_equal(fx.seen, 0);
    assert_int_equal(fx.blocks, 0);
}

static void
test_every_refused_request(void **state)
{
    (void)state;
    for (int n = 0;; n++) {
        struct fx_mem fx;
        envres_list *list = NULL;
        fx_mem_fail_at(&fx, n, n % 2);
        envres_status st = build(&fx, &list);
        assert_int_equal(st, fx.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        if (list && fx.hit) {
            envres_error *err = envres_error_new(NULL);
            assert_int_equal(list_status(list, err), ENVRES_E_NOMEM);
            assert_int_equal(envres_error_code(err), ENVRES_E_NOMEM);
            envres_error_free(err);
        }
        envres_list_free(list);
        assert_int_equal(fx.blocks, 0);
        if (!fx.hit) {
            assert_true(n > 50);
            return;
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),          cmocka_unit_test(test_outside),
        cmocka_unit_test(test_growth),         cmocka_unit_test(test_secrets_are_wiped),
        cmocka_unit_test(test_cell_set_again), cmocka_unit_test(test_every_refused_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
