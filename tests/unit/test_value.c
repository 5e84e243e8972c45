/* SPDX-License-Identifier: MIT */
/* Public values: bytes, secret ranges, wiping, and every request for memory refused once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/value.h"
#include "fx_mem.h"

static void
assert_value(const envres_value *value, const char *data, size_t len)
{
    size_t given = 99;
    const char *bytes = envres_value_data(value, &given);
    assert_int_equal(given, len);
    assert_memory_equal(bytes, data, len);
    assert_int_equal(bytes[len], 0);
    assert_ptr_equal(envres_value_data(value, NULL), bytes);
}

static void
assert_range(const envres_value *value, size_t index, size_t start, size_t end)
{
    size_t from = 0;
    size_t to = 0;
    assert_int_equal(envres_value_range(value, index, &from, &to, NULL), ENVRES_OK);
    assert_int_equal(from, start);
    assert_int_equal(to, end);
}

static void
test_copy(void **state)
{
    (void)state;
    struct fx_mem fx;
    fx_mem_init(&fx);
    char source[] = "a\0b";
    envres_value *value = NULL;
    struct mem mem = fx.mem;
    assert_int_equal(value_new(&mem, ENVRES_TYPE_STRING, source, 3, false, &value, NULL),
                     ENVRES_OK);
    memset(source, 'x', 3);
    memset(&mem, 0, sizeof(mem)); /* the hook was copied */
    assert_value(value, "a\0b", 3);
    assert_int_equal(envres_value_type(value), ENVRES_TYPE_STRING);
    assert_int_equal(envres_value_is_secret(value), 0);
    assert_int_equal(envres_value_range_count(value), 0);
    envres_value_free(value);
    assert_int_equal(value_new(&fx.mem, ENVRES_TYPE_JSON, NULL, 0, false, &value, NULL), ENVRES_OK);
    assert_value(value, "", 0);
    envres_value_free(value);
    assert_int_equal(fx.blocks, 0);
}

static void
test_secret_is_one_range_and_wiped(void **state)
{
    (void)state;
    for (int secret = 0; secret < 2; secret++) {
        struct fx_mem fx;
        envres_value *value = NULL;
        fx_mem_init(&fx);
        fx.canary = "canary";
        assert_int_equal(
            value_new(&fx.mem, ENVRES_TYPE_STRING, "a canary", 8, secret, &value, NULL), ENVRES_OK);
        assert_int_equal(envres_value_is_secret(value), secret);
        assert_int_equal(envres_value_range_count(value), secret);
        if (secret)
            assert_range(value, 0, 0, 8);
        envres_value_free(value);
        assert_int_equal(fx.seen, !secret);
        assert_int_equal(fx.blocks, 0);
    }
}

static void
test_room(void **state)
{
    (void)state;
    envres_value *value = NULL;
    char *data = NULL;
    assert_int_equal(value_room(&mem_default, ENVRES_TYPE_STRING, 5, false, &value, &data, NULL),
                     ENVRES_OK);
    memcpy(data, "01234", 5);
    assert_value(value, "01234", 5);
    static const struct value_range ranges[] = { { 0, 1 }, { 2, 3 }, { 4, 5 } };
    assert_int_equal(value_set_ranges(value, ranges, 3, NULL), ENVRES_OK);
    assert_int_equal(envres_value_range_count(value), 3);
    assert_range(value, 2, 4, 5);
    assert_int_equal(value_set_ranges(value, ranges + 1, 1, NULL), ENVRES_OK);
    assert_int_equal(envres_value_range_count(value), 1);
    assert_range(value, 0, 2, 3);
    assert_int_equal(value_set_ranges(value, ranges, 2, NULL), ENVRES_OK);
    assert_int_equal(value_set_ranges(value, NULL, 0, NULL), ENVRES_OK);
    assert_int_equal(envres_value_range_count(value), 0);
    envres_value_free(value);
    value = NULL;
    assert_int_equal(
        value_room(&mem_default, ENVRES_TYPE_STRING, SIZE_MAX - 8, false, &value, &data, NULL),
        ENVRES_E_NOMEM);
    assert_null(value);
}

/* Two ranges, so that they need a block. Returns what value_from_buf() says. */
static envres_status
value_of_buffer(struct fx_mem *fx, bool secret, envres_value **value)
{
    static const struct value_range ranges[] = { { 0, 8 }, { 9, 17 } };
    struct buf buf;
    buf_init(&buf, &fx->mem, secret);
    for (int i = 0; i < 100; i++)
        buf_add_str(&buf, "a canary ");
    envres_status st = value_from_buf(ENVRES_TYPE_STRING, &buf, ranges, 2, value, NULL);
    assert_int_equal(buf.len, 0);
    assert_null(buf.data);
    return st;
}

static void
test_buffer_is_taken(void **state)
{
    (void)state;
    for (int secret = 0; secret < 2; secret++) {
        struct fx_mem fx;
        envres_value *value = NULL;
        size_t len = 0;
        fx_mem_init(&fx);
        fx.canary = "canary";
        assert_int_equal(value_of_buffer(&fx, secret, &value), ENVRES_OK);
        int seen_growing = fx.seen;
        assert_int_equal(seen_growing > 0, !secret);
        assert_memory_equal(envres_value_data(value, &len), "a canary a canary ", 18);
        assert_int_equal(len, 900);
        assert_int_equal(envres_value_is_secret(value), secret);
        assert_int_equal(envres_value_range_count(value), 2);
        assert_range(value, 1, 9, 17);
        envres_value_free(value);
        assert_int_equal(fx.seen, secret ? 0 : seen_growing + 1);
        assert_int_equal(fx.blocks, 0);
    }
}

static void
test_every_refused_request(void **state)
{
    (void)state;
    for (int n = 0;; n++) {
        struct fx_mem fx;
        envres_value *value = NULL;
        fx_mem_fail_at(&fx, n, n % 2);
        fx.canary = "canary";
        envres_status st = value_of_buffer(&fx, true, &value);
        assert_int_equal(st, fx.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        assert_int_equal(value == NULL, fx.hit != 0);
        envres_value_free(value);
        assert_int_equal(fx.blocks, 0);
        assert_int_equal(fx.seen, 0);
        if (!fx.hit) {
            assert_true(n >= 4);
            break;
        }
    }
    struct fx_mem fx;
    envres_value *value = NULL;
    fx_mem_fail_at(&fx, 0, true);
    assert_int_equal(value_new(&fx.mem, ENVRES_TYPE_STRING, "a", 1, true, &value, NULL),
                     ENVRES_E_NOMEM);
    assert_null(value);
}

/* A failure before the value is made: the buffer's own. */
static void
test_failed_buffer(void **state)
{
    (void)state;
    struct fx_mem fx;
    struct buf buf;
    envres_value *value = NULL;
    envres_error *err = envres_error_new(NULL);
    fx_mem_init(&fx);
    buf_init(&buf, &fx.mem, false);
    buf.max = 3;
    buf_add_str(&buf, "ab");
    buf_add_str(&buf, "cd");
    assert_int_equal(value_from_buf(ENVRES_TYPE_STRING, &buf, NULL, 0, &value, err),
                     ENVRES_E_LIMIT);
    assert_int_equal(envres_error_code(err), ENVRES_E_LIMIT);
    assert_null(value);
    assert_int_equal(fx.blocks, 0);
    envres_error_free(err);
}

static void
test_misuse(void **state)
{
    (void)state;
    size_t len = 5;
    size_t end = 0;
    envres_error *err = envres_error_new(NULL);
    envres_value *value = NULL;
    assert_null(envres_value_data(NULL, &len));
    assert_int_equal(len, 0);
    assert_int_equal(envres_value_type(NULL), 0);
    assert_int_equal(envres_value_is_secret(NULL), 0);
    assert_int_equal(envres_value_range_count(NULL), 0);
    assert_int_equal(envres_value_range(NULL, 0, &len, &end, err), ENVRES_E_INVALID);
    envres_value_free(NULL);
    assert_int_equal(value_new(&mem_default, 1, "a", 1, true, &value, NULL), ENVRES_OK);
    assert_int_equal(envres_value_range(value, 1, &len, &end, err), ENVRES_E_INVALID);
    assert_int_equal(envres_value_range(value, 0, NULL, &end, err), ENVRES_E_INVALID);
    assert_int_equal(envres_value_range(value, 0, &len, NULL, err), ENVRES_E_INVALID);
    envres_value_free(value);
    envres_error_free(err);
}

static void
test_type_names(void **state)
{
    (void)state;
    static const char *const names[] = { "?",       "string",    "number", "boolean",
                                         "json",    "template",  "null",   "bytes",
                                         "integer", "timestamp", "?" };
    for (int32_t type = 0; type < 11; type++)
        assert_string_equal(envres_type_name(type), names[type]);
    assert_string_equal(envres_type_name(-1), "?");
    assert_string_equal(envres_type_name(INT32_MAX), "?");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_secret_is_one_range_and_wiped),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_buffer_is_taken),
        cmocka_unit_test(test_every_refused_request),
        cmocka_unit_test(test_failed_buffer),
        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_type_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
