/* SPDX-License-Identifier: MIT */
/* The table of filters: each filter against each type, edges, and messages without values. */
#include "lang/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fx_lang.h"

#define STRING  ENVRES_TYPE_STRING
#define NUMBER  ENVRES_TYPE_NUMBER
#define BOOLEAN ENVRES_TYPE_BOOLEAN
#define JSON    ENVRES_TYPE_JSON
#define NONE    ENVRES_TYPE_NULL

struct row {
    const char *name;
    enum filter_id filter;
    int32_t type;
    const char *in;
    int32_t gives; /* 0: E_TYPE */
    const char *out;
};

static const struct row rows[] = {
    { "json of a string", FILTER_JSON, STRING, "a\"\n", JSON, "\"a\\\"\\n\"" },
    { "json of nothing", FILTER_JSON, STRING, "", JSON, "\"\"" },
    { "json of a number", FILTER_JSON, NUMBER, "1.5", JSON, "1.5" },
    { "json of a boolean", FILTER_JSON, BOOLEAN, "true", JSON, "true" },
    { "json of json", FILTER_JSON, JSON, "[1]", JSON, "[1]" },
    { "json of null", FILTER_JSON, NONE, "null", JSON, "null" },
    { "url keeps unreserved", FILTER_URL, STRING, "AZaz09-._~", STRING, "AZaz09-._~" },
    { "url encodes reserved", FILTER_URL, STRING, ":/?#[]@!$&'()*+,;=% ", STRING,
      "%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25%20" },
    { "url of bytes", FILTER_URL, STRING, "\xE2\x82\xAC\x01\x7F", STRING, "%E2%82%AC%01%7F" },
    { "url of nothing", FILTER_URL, STRING, "", STRING, "" },
    { "url of a number", FILTER_URL, NUMBER, "1e+21", STRING, "1e%2B21" },
    { "url of json", FILTER_URL, JSON, "[]", STRING, "%5B%5D" },
    { "url of null", FILTER_URL, NONE, "null", STRING, "null" },
    { "base64 of nothing", FILTER_BASE64, STRING, "", STRING, "" },
    { "base64 of f", FILTER_BASE64, STRING, "f", STRING, "Zg==" },
    { "base64 of fo", FILTER_BASE64, STRING, "fo", STRING, "Zm8=" },
    { "base64 of foo", FILTER_BASE64, STRING, "foo", STRING, "Zm9v" },
    { "base64 of foob", FILTER_BASE64, STRING, "foob", STRING, "Zm9vYg==" },
    { "base64 of fooba", FILTER_BASE64, STRING, "fooba", STRING, "Zm9vYmE=" },
    { "base64 of foobar", FILTER_BASE64, STRING, "foobar", STRING, "Zm9vYmFy" },
    { "base64 of high bits", FILTER_BASE64, STRING, "\xC3\xBF\xC3\xBE\xC3\xBF", STRING,
      "w7/DvsO/" },
    { "base64 of a boolean", FILTER_BASE64, BOOLEAN, "true", STRING, "dHJ1ZQ==" },
    { "upper", FILTER_UPPER, STRING, "`az{AZ\xC3\xA4", STRING, "`AZ{AZ\xC3\xA4" },
    { "upper of nothing", FILTER_UPPER, STRING, "", STRING, "" },
    { "upper of a number", FILTER_UPPER, NUMBER, "1e5", 0, NULL },
    { "upper of a boolean", FILTER_UPPER, BOOLEAN, "true", 0, NULL },
    { "upper of json", FILTER_UPPER, JSON, "\"x\"", 0, NULL },
    { "upper of null", FILTER_UPPER, NONE, "null", 0, NULL },
    { "lower", FILTER_LOWER, STRING, "@AZ[az\xC3\x84", STRING, "@az[az\xC3\x84" },
    { "lower of a number", FILTER_LOWER, NUMBER, "1", 0, NULL },
    { "trim", FILTER_TRIM, STRING, " \t\r\na b\n ", STRING, "a b" },
    { "trim of white space", FILTER_TRIM, STRING, " \n ", STRING, "" },
    { "trim of nothing", FILTER_TRIM, STRING, "", STRING, "" },
    { "trim keeps other spaces", FILTER_TRIM, STRING, "\xC2\xA0x\v", STRING, "\xC2\xA0x\v" },
    { "trim of json", FILTER_TRIM, JSON, "[]", 0, NULL },
};

static void
test_rows(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct operand in = { row->type, slice_str(row->in) };
        struct operand out = { 0, { NULL, 0 } };
        struct buf scratch;
        printf("  %s\n", row->name);
        buf_init(&scratch, &mem_default, false);
        envres_error_clear(err);
        envres_status st = filter_apply(row->filter, &in, &scratch, &out, err);
        assert_int_equal(st, row->gives ? ENVRES_OK : ENVRES_E_TYPE);
        if (row->gives) {
            assert_int_equal(out.type, row->gives);
            assert_int_equal(out.text.len, strlen(row->out));
            assert_memory_equal(out.text.data, row->out, out.text.len);
        } else {
            assert_non_null(strstr(envres_error_message(err), filter_row(row->filter)->name));
            assert_non_null(strstr(envres_error_message(err), filter_type_name(row->type)));
        }
        buf_free(&scratch);
    }
    envres_error_free(err);
}

static void
test_table(void **state)
{
    static const char *const names[] = { "default", "json", "url",   "base64", "upper",
                                         "lower",   "trim", "ident", "list" };
    struct slice near = { NULL, 0 };
    (void)state;
    assert_int_equal(sizeof(names) / sizeof(names[0]), FILTER_COUNT_);
    for (int id = 0; id < FILTER_COUNT_; id++) {
        const struct filter_row *row = filter_row((enum filter_id)id);
        assert_string_equal(row->name, names[id]);
        assert_int_equal(filter_find(slice_str(names[id]), NULL), id);
        assert_true(row->args <= FILTER_ARGS);
        assert_true(row->apply || id == FILTER_DEFAULT);
    }
    assert_int_equal(filter_find(slice_str("uper"), &near), FILTER_COUNT_);
    assert_true(slice_equal(near, slice_str("upper")));
    assert_int_equal(filter_find(slice_str("UPPER"), &near), FILTER_COUNT_);
    assert_int_equal(filter_find(slice_str("frobnicate"), &near), FILTER_COUNT_);
    assert_null(near.data);
    assert_string_equal(filter_type_name(-1), filter_type_name(ENVRES_TYPE_DEFAULT));
    assert_string_equal(filter_type_name(99), filter_type_name(ENVRES_TYPE_DEFAULT));
}

/* No message holds the value, whatever fails. */
static void
test_no_value_in_errors(void **state)
{
    static const struct fx_value values[] = {
        { "params.n", NUMBER, "271828182845" },
        { NULL, 0, NULL },
    };
    (void)state;
    envres_error *err = envres_error_new(NULL);
    for (int id = FILTER_UPPER; id <= FILTER_TRIM; id++) {
        char text[64];
        struct buf out;
        buf_init(&out, &mem_default, true);
        snprintf(text, sizeof(text), "\n x<< params.n | %s >>",
                 filter_row((enum filter_id)id)->name);
        assert_int_equal(fx_expand(text, strlen(text), 0, 0, values, &out, err), ENVRES_E_TYPE);
        assert_null(strstr(envres_error_message(err), "2718"));
        assert_null(strstr(envres_error_hint(err), "2718"));
        assert_null(strstr(envres_error_subject(err), "2718"));
        assert_int_equal(envres_error_offset(err), 3);
        assert_int_equal(envres_error_line(err), 2);
        assert_int_equal(envres_error_column(err), 3);
        buf_free(&out);
    }
    envres_error_free(err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_no_value_in_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
