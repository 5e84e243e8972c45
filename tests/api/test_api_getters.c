/* SPDX-License-Identifier: MIT */
/* Every way to a value of a scope, for every kind of value: plain, empty, secret, composed of
 * others, composed of a secret, and one whose template cannot be expanded. All say the same, and
 * leave the caller's places alone when there is nothing to say. */
#include <stdlib.h>

#include "helper.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
    const char *name;
    const char *given;
    const char *want; /* NULL: none */
    int32_t type;
    uint32_t flags;
    int32_t secret;
    envres_status code;
} values[] = {
    { "PLAIN", "a value", "a value", ENVRES_TYPE_STRING, 0, 0, ENVRES_OK },
    { "EMPTY", "", "", ENVRES_TYPE_STRING, 0, 0, ENVRES_OK },
    { "SECRET", "hidden", "hidden", ENVRES_TYPE_STRING, ENVRES_WRITE_SECRET, 1, ENVRES_OK },
    { "NOTHING", "", "", ENVRES_TYPE_STRING, ENVRES_WRITE_SECRET, 1, ENVRES_OK },
    { "COMPOSED", "[<< environment.variables.PLAIN >>]", "[a value]", ENVRES_TYPE_TEMPLATE, 0, 0,
      ENVRES_OK },
    { "MIXED", "[<< environment.variables.SECRET >>]", "[hidden]", ENVRES_TYPE_TEMPLATE, 0, 1,
      ENVRES_OK },
    { "BROKEN", "<< environment.variables.GONE >>", NULL, ENVRES_TYPE_TEMPLATE, 0, 0,
      ENVRES_E_NOT_SET },
};

static envres_scope *
open_scope(struct fx *fx)
{
    OK(fx, fx_put(fx, "development", "GONE", "for a while", ENVRES_TYPE_STRING, 0));
    for (size_t i = 0; i < COUNT(values); i++)
        OK(fx, fx_put(fx, "development", values[i].name, values[i].given, values[i].type,
                      values[i].flags));
    OK(fx, fx_put(fx, "staging", "GONE", "still there", ENVRES_TYPE_STRING, 0));
    OK(fx,
       envres_variable_unset(fx->session, "development", TEXT, "GONE", TEXT, NULL, NULL, fx->err));
    return fx_scope(fx, "development");
}

static void
compare(const char *got, size_t len, const char *want)
{
    assert_int_equal(len, strlen(want));
    if (len > 0)
        assert_memory_equal(got, want, len);
}

/* Buffers with no room, with one byte too few, with just enough, and with plenty. */
static void
into_buffers(struct fx *fx, const envres_scope *scope, uint32_t index, size_t row)
{
    char buf[8192];
    const char *want = values[row].want;
    size_t len = want ? strlen(want) : 0;
    const size_t rooms[] = { 0, len ? len - 1 : 0, len, len + 1, sizeof(buf) };
    for (size_t i = 0; i < COUNT(rooms); i++) {
        envres_status code = !want ? values[row].code : rooms[i] < len ? ENVRES_E_LIMIT : ENVRES_OK;
        size_t need = 77;
        memset(buf, '?', sizeof(buf));
        expect(fx, envres_scope_get_into(scope, index, buf, rooms[i], &need, fx->err), code,
               values[row].name);
        assert_int_equal(need, len);
        if (code == ENVRES_OK)
            compare(buf, len, want);
        if (rooms[i] < sizeof(buf))
            assert_int_equal(buf[rooms[i]], '?');
        /* Who does not ask for the length is not told. */
        expect(fx, envres_scope_get_into(scope, index, buf, rooms[i], NULL, fx->err), code,
               values[row].name);
        if (code == ENVRES_OK)
            compare(buf, len, want);
    }
    /* Nothing fits nowhere. */
    size_t need = 77;
    expect(fx, envres_scope_get_into(scope, index, NULL, 0, &need, fx->err),
           !want     ? values[row].code
           : len > 0 ? ENVRES_E_LIMIT
                     : ENVRES_OK,
           values[row].name);
    assert_int_equal(need, len);
    FAILS(fx, ENVRES_E_INVALID, envres_scope_get_into(scope, index, NULL, 1, &need, fx->err));
    assert_int_equal(need, 0);
}

static void
every_way_to_a_value(void **state)
{
    struct fx *fx = *state;
    envres_scope *scope = open_scope(fx);
    for (size_t i = 0; i < COUNT(values); i++) {
        const char *name = values[i].name;
        const char *want = values[i].want;
        const char *data = "untouched";
        envres_value *value = NULL;
        uint32_t index = 0;
        size_t len = 77;
        print_message("  %s\n", name);
        OK(fx, envres_scope_find(scope, name, TEXT, &index, fx->err));
        assert_string_equal(envres_scope_name(scope, index), name);
        assert_int_equal(envres_scope_is_secret(scope, index), values[i].secret);
        expect(fx, envres_scope_get(scope, name, TEXT, &value, fx->err), values[i].code, name);
        if (want) {
            const char *got = envres_value_data(value, &len);
            compare(got, len, want);
            assert_int_equal(envres_value_is_secret(value), values[i].secret);
        } else {
            assert_null(value);
        }
        envres_value_free(value);
        envres_status code = values[i].code < 0 ? values[i].code
                             : values[i].secret ? ENVRES_E_SECRET_SINK
                                                : ENVRES_OK;
        expect(fx, envres_scope_at(scope, index, &data, &len, fx->err), code, name);
        if (code == ENVRES_OK)
            compare(data, len, want);
        else
            assert_true(!data && len == 0);
        if (code == ENVRES_E_SECRET_SINK)
            assert_string_equal(envres_error_subject(fx->err), name);
        value = NULL;
        expect(fx, envres_scope_get_string(scope, name, TEXT, &value, fx->err), values[i].code,
               name);
        envres_value_free(value);
        into_buffers(fx, scope, index, i);
    }
    envres_scope_unref(scope);
}

static void
places_that_are_missing(void **state)
{
    struct fx *fx = *state;
    envres_scope *scope = open_scope(fx);
    const char *data = "x";
    char buf[16] = "";
    size_t len = 77;
    size_t need = 77;
    uint32_t count = envres_scope_count(scope);
    assert_int_equal(count, COUNT(values));
    FAILS(fx, ENVRES_E_INVALID, envres_scope_at(scope, count, &data, &len, fx->err));
    assert_true(!data && len == 0);
    FAILS(fx, ENVRES_E_INVALID, envres_scope_at(scope, 0, NULL, &len, fx->err));
    data = "x";
    FAILS(fx, ENVRES_E_INVALID, envres_scope_at(scope, 0, &data, NULL, fx->err));
    assert_null(data);
    FAILS(fx, ENVRES_E_INVALID, envres_scope_at(NULL, 0, &data, &len, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_scope_get_into(scope, count, buf, sizeof(buf), &need, fx->err));
    assert_int_equal(need, 0);
    FAILS(fx, ENVRES_E_INVALID, envres_scope_get_into(NULL, 0, buf, sizeof(buf), &need, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scope_get_integer(scope, "PLAIN", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scope_get_double(scope, "PLAIN", TEXT, NULL, fx->err));
    assert_null(envres_scope_name(scope, count));
    assert_int_equal(envres_scope_is_secret(scope, count), 0);
    assert_int_equal(envres_scope_type(scope, count), 0);
    assert_int_equal(envres_scope_is_stale(NULL), 0);
    assert_null(envres_scope_ref(NULL));
    envres_scope_unref(NULL);
    envres_scope_unref(scope);
}

static void
numbers_of_every_size(void **state)
{
    static const struct {
        const char *number;
        envres_status as_integer;
        int64_t integer;
        envres_status as_double;
        double real;
    } rows[] = {
        { "0", ENVRES_OK, 0, ENVRES_OK, 0 },
        { "-7", ENVRES_OK, -7, ENVRES_OK, -7 },
        { "1.5", ENVRES_E_TYPE, 0, ENVRES_OK, 1.5 },
        { "9223372036854775807", ENVRES_OK, INT64_MAX, ENVRES_E_TYPE, 0 },
        { "-9223372036854775808", ENVRES_OK, INT64_MIN, ENVRES_OK, -9223372036854775808.0 },
        { "9007199254740992", ENVRES_OK, INT64_C(9007199254740992), ENVRES_OK, 9007199254740992.0 },
        { "9007199254740993", ENVRES_OK, INT64_C(9007199254740993), ENVRES_E_TYPE, 0 },
        { "9223372036854774784", ENVRES_OK, INT64_C(9223372036854774784), ENVRES_OK,
          9223372036854774784.0 },
        { "1e300", ENVRES_E_TYPE, 0, ENVRES_OK, 1e300 },
    };
    struct fx *fx = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t integer = 77;
        double real = 77;
        print_message("  %s\n", rows[i].number);
        OK(fx, fx_put(fx, "development", "N", rows[i].number, ENVRES_TYPE_NUMBER, 0));
        envres_scope *scope = fx_scope(fx, "development");
        expect(fx, envres_scope_get_integer(scope, "N", TEXT, &integer, fx->err),
               rows[i].as_integer, "integer");
        assert_true(integer == rows[i].integer);
        expect(fx, envres_scope_get_double(scope, "N", TEXT, &real, fx->err), rows[i].as_double,
               "double");
        assert_true(real == rows[i].real);
        envres_scope_unref(scope);
    }
}

/* A getter of a type meets what cannot be expanded. */
static void
types_of_what_is_broken(void **state)
{
    struct fx *fx = *state;
    envres_scope *scope = open_scope(fx);
    int32_t flag = 77;
    int64_t integer = 77;
    double real = 77;
    envres_value *value = NULL;
    FAILS(fx, ENVRES_E_NOT_SET, envres_scope_get_boolean(scope, "BROKEN", TEXT, &flag, fx->err));
    FAILS(fx, ENVRES_E_NOT_SET, envres_scope_get_integer(scope, "BROKEN", TEXT, &integer, fx->err));
    FAILS(fx, ENVRES_E_NOT_SET, envres_scope_get_double(scope, "BROKEN", TEXT, &real, fx->err));
    FAILS(fx, ENVRES_E_NOT_SET, envres_scope_get_json(scope, "BROKEN", TEXT, &value, fx->err));
    assert_null(value);
    envres_scope_unref(scope);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void
nothing_asked_for(void **state)
{
    struct fx *fx = *state;
    envres_scope *scope = NULL;
    envres_scope_options options = { .size = sizeof(options) };
    FAILS(fx, ENVRES_E_INVALID, envres_scope_open(fx->session, NULL, 0, NULL, &scope, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scope_open(fx->session, NULL, TEXT, NULL, &scope, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_scope_open(fx->session, "", 0, NULL, &scope, fx->err));
    /* Names that are not there, whatever their length says; but none of a length. */
    options.app_len = options.tag_len = options.version_len = TEXT;
    OK(fx, envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err));
    assert_string_equal(envres_scope_app(scope), "");
    envres_scope_unref(scope);
    scope = NULL;
    options.app_len = 5;
    FAILS(fx, ENVRES_E_INVALID,
          envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err));
    options.app_len = 0;
    options.tag_len = 5;
    FAILS(fx, ENVRES_E_INVALID,
          envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err));
    options.tag_len = 0;
    options.version_len = 5;
    FAILS(fx, ENVRES_E_INVALID,
          envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err));
    assert_null(scope);
}

/* ---- values of the caller -------------------------------------------------------------------- */

static void
checkpoints_in_part(void **state)
{
    struct fx *fx = *state;
    uint8_t bytes[64] = { 1 };
    envres_checkpoint whole = { .size = sizeof(whole),
                                .sequence = 1,
                                .workspace = bytes,
                                .signer = bytes,
                                .sign_key = bytes,
                                .hash = bytes,
                                .signature = bytes };
    for (int i = 0; i < 4; i++) {
        envres_checkpoint part = whole;
        part.signer = i == 0 ? NULL : bytes;
        part.sign_key = i == 1 ? NULL : bytes;
        part.hash = i == 2 ? NULL : bytes;
        part.signature = i == 3 ? NULL : bytes;
        FAILS(fx, ENVRES_E_INVALID, envres_audit_check(fx->session, &part, fx->err));
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_way_to_a_value),    TEST(places_that_are_missing), TEST(numbers_of_every_size),
        TEST(types_of_what_is_broken), TEST(nothing_asked_for),       TEST(checkpoints_in_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
