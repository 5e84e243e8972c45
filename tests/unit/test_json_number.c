/* SPDX-License-Identifier: MIT */
/*
 * Numbers: exact both ways, under any rounding mode and in any locale that the machine has. The C
 * library's own conversions are the second opinion, in the "C" locale. (That lib/ calls nothing
 * that follows the locale is checked by a script, so it holds where there is no other locale too.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fenv.h>
#include <float.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fx_mem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT(s)                                                                                    \
    {                                                                                              \
        s, sizeof(s) - 1                                                                           \
    }

static uint64_t
bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

static double
double_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

static double
read_real(const char *text)
{
    double v = 0;
    assert_int_equal(json_real(text, strlen(text), &v, NULL), ENVRES_OK);
    return v;
}

/* NUL-terminated in `out`. */
static void
write_real(double v, char out[64])
{
    struct buf buf;
    buf_init(&buf, &mem_default, false);
    json_write_double(&buf, v);
    assert_int_equal(buf_status(&buf, NULL), ENVRES_OK);
    assert_true(buf.len < 64);
    memcpy(out, buf.data, buf.len);
    out[buf.len] = '\0';
    buf_free(&buf);
}

/* ---- integers ------------------------------------------------------------------------------- */

static void
test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t integer;
        const char *canonical;
    } rows[] = {
        { "0", 0, "0" },
        { "-0", 0, "0" },
        { "7", 7, "7" },
        { "-1", -1, "-1" },
        { "10", 10, "10" },
        { "1000000000000000000", 1000000000000000000, "1000000000000000000" },
        { "9007199254740993", 9007199254740993, "9007199254740993" },
        { "9223372036854775807", INT64_MAX, "9223372036854775807" },
        { "-9223372036854775807", -INT64_MAX, "-9223372036854775807" },
        { "-9223372036854775808", INT64_MIN, "-9223372036854775808" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_number number;
        struct buf out;
        print_message("%s\n", rows[i].text);
        buf_init(&out, &mem_default, false);
        assert_int_equal(json_number(rows[i].text, strlen(rows[i].text), &number, NULL), ENVRES_OK);
        assert_true(number.is_integer);
        assert_true(number.integer == rows[i].integer);
        assert_true(number.real == (double)rows[i].integer);
        json_write_number(&out, &number);
        assert_int_equal(out.len, strlen(rows[i].canonical));
        assert_memory_equal(out.data, rows[i].canonical, out.len);
        buf_free(&out);
    }
}

/* What a double is written as is read as that double: a listed number can be put again. */
static void
test_large_doubles_read_back(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "10000000000000000000",   "-10000000000000000000", "9223372036854776000",
        "18446744073709552000",   "100000000000000000000", "999999999999999900000",
        "-123456789012345680000",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_number number = { true, 42, 42 };
        struct buf out;
        print_message("%s\n", rows[i]);
        assert_int_equal(json_number(rows[i], strlen(rows[i]), &number, NULL), ENVRES_OK);
        assert_false(number.is_integer);
        assert_true(bits_of(number.real) == bits_of(strtod(rows[i], NULL)));
        buf_init(&out, &mem_default, false);
        json_write_number(&out, &number);
        assert_int_equal(out.len, strlen(rows[i]));
        assert_memory_equal(out.data, rows[i], out.len);
        buf_free(&out);
    }
}

static void
test_integers_beyond_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "9223372036854775808",  "-9223372036854775809",
        "9999999999999999999",  "10000000000000000001",
        "18446744073709551616", "1000000000000000000000",
        "18446744073709551617", "-99999999999999999999999999999999999999999999",
    };
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_number number = { true, 42, 42 };
        double real = 0;
        print_message("%s\n", rows[i]);
        assert_int_equal(json_number(rows[i], strlen(rows[i]), &number, err), ENVRES_E_LIMIT);
        assert_int_equal(envres_error_code(err), ENVRES_E_LIMIT);
        assert_null(strstr(envres_error_message(err), "99")); /* never the value */
        assert_true(number.integer == 42);
        assert_int_equal(json_real(rows[i], strlen(rows[i]), &real, NULL), ENVRES_OK);
        assert_true(bits_of(real) == bits_of(strtod(rows[i], NULL)));
    }
    envres_error_free(err);
}

static void
test_not_numbers(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        size_t offset;
    } rows[] = {
        { TEXT(""), 0 },
        { TEXT("-"), 1 },
        { TEXT("+1"), 0 },
        { TEXT("01"), 1 },
        { TEXT("-01"), 2 },
        { TEXT("00"), 1 },
        { TEXT("1."), 2 },
        { TEXT(".5"), 0 },
        { TEXT("1.e5"), 2 },
        { TEXT("1e"), 1 },
        { TEXT("1e+"), 1 },
        { TEXT("1.5E-"), 3 },
        { TEXT("1 "), 1 },
        { TEXT(" 1"), 0 },
        { TEXT("1,5"), 1 },
        { TEXT("1_000"), 1 },
        { TEXT("0x10"), 1 },
        { TEXT("1e5.5"), 3 },
        { TEXT("NaN"), 0 },
        { TEXT("inf"), 0 },
        { TEXT("1\0"), 1 },
        { TEXT("--1"), 1 },
        { TEXT("1-2"), 1 },
        { TEXT("1.2.3"), 3 },
        { TEXT("\xD9\xA1"), 0 },
        { TEXT("1\xD9\xAB"
               "5"),
          1 },
        { TEXT("1'000"), 1 },
    };
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_number number = { true, 42, 42 };
        double real = 42;
        print_message("'%s'\n", rows[i].text.data);
        assert_int_equal(json_number(rows[i].text.data, rows[i].text.len, &number, err),
                         ENVRES_E_JSON);
        assert_int_equal(envres_error_offset(err), rows[i].offset);
        assert_int_equal(json_real(rows[i].text.data, rows[i].text.len, &real, NULL),
                         ENVRES_E_JSON);
        assert_true(number.integer == 42 && real == 42);
    }
    envres_error_free(err);
}

/* ---- doubles -------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    double v;
    const char *written;
} real_rows[] = {
    { "0.0", 0, "0" },
    { "-0.0", -0.0, "0" },
    { "0e99999999999999999999", 0, "0" },
    { "1.0", 1, "1" },
    { "1e2", 100, "100" },
    { "2e8", 2e8, "200000000" },
    { "1.5", 1.5, "1.5" },
    { "-1.50", -1.5, "-1.5" },
    { "0.1", 0.1, "0.1" },
    { "0.30000000000000004", 0.1 + 0.2, "0.30000000000000004" },
    { "0.000001", 1e-6, "0.000001" },
    { "0.00000123", 1.23e-6, "0.00000123" },
    { "1e-7", 1e-7, "1e-7" },
    { "1.25E-7", 1.25e-7, "1.25e-7" },
    { "123456789012345680000.0", 123456789012345680000.0, "123456789012345680000" },
    { "1e20", 1e20, "100000000000000000000" },
    { "999999999999999900000e0", 999999999999999900000.0, "999999999999999900000" },
    { "1e21", 1e21, "1e+21" },
    { "-1.5e21", -1.5e21, "-1.5e+21" },
    { "9007199254740991.0", 9007199254740991.0, "9007199254740991" },
    { "9007199254740992.0", 9007199254740992.0, "9007199254740992" },
    { "9007199254740993.0", 9007199254740992.0, "9007199254740992" },
    { "9007199254740995.0", 9007199254740996.0, "9007199254740996" },
    { "1152921504606846976.0", 1152921504606846976.0, "1152921504606847000" },
    { "1e22", 1e22, "1e+22" },
    { "1e23", 1e23, "1e+23" },
    { "8.41e21", 8.41e21, "8.41e+21" },
    { "5e-324", 5e-324, "5e-324" },
    { "4.9e-324", 5e-324, "5e-324" },
    { "2.4703282292062328e-324", 5e-324, "5e-324" },
    { "2.4703282292062327e-324", 0, "0" },
    { "1e-400", 0, "0" },
    { "-1e-400", -0.0, "0" },
    { "1e-99999999999999999999", 0, "0" },
    { "2.2250738585072011e-308", 2.225073858507201e-308, "2.225073858507201e-308" },
    { "2.2250738585072014e-308", DBL_MIN, "2.2250738585072014e-308" },
    { "1.7976931348623157e308", DBL_MAX, "1.7976931348623157e+308" },
    { "1.7976931348623158e308", DBL_MAX, "1.7976931348623157e+308" },
    { "5.684341886080802e-14", 5.684341886080802e-14, "5.684341886080802e-14" },
    { "6.103515625e-5", 6.103515625e-5, "0.00006103515625" },
};

static void
run_real_rows(void)
{
    for (size_t i = 0; i < COUNT(real_rows); i++) {
        struct json_number number;
        char text[64];
        print_message("%s\n", real_rows[i].text);
        assert_int_equal(json_number(real_rows[i].text, strlen(real_rows[i].text), &number, NULL),
                         ENVRES_OK);
        assert_false(number.is_integer);
        assert_true(bits_of(number.real) == bits_of(real_rows[i].v));
        write_real(number.real, text);
        assert_string_equal(text, real_rows[i].written);
    }
}

static void
test_doubles(void **state)
{
    (void)state;
    run_real_rows();
}

static void
test_too_large(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "1.7976931348623159e308", "1e309",  "-1e309", "1e310", "1e311", "1e400",
        "1e99999999999999999999", "-1e400", "0.1e310"
    };
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_number number = { true, 42, 42 };
        double real = 42;
        print_message("%s\n", rows[i]);
        assert_int_equal(json_number(rows[i], strlen(rows[i]), &number, err), ENVRES_E_LIMIT);
        assert_int_equal(envres_error_code(err), ENVRES_E_LIMIT);
        assert_int_equal(json_real(rows[i], strlen(rows[i]), &real, NULL), ENVRES_E_LIMIT);
        assert_true(number.integer == 42 && real == 42);
    }
    envres_error_free(err);
}

/* Digits by the thousand in front of the point, behind it, and an exponent that takes them back. */
static void
test_long_spellings(void **state)
{
    (void)state;
    char text[8192];
    memset(text, '0', sizeof(text));
    text[1] = '.';
    memcpy(text + 5000, "15e5000", 8);
    assert_true(read_real(text) == 15);
    memset(text, '0', sizeof(text));
    text[0] = '1';
    memcpy(text + 5001, "e-5000", 7);
    assert_true(read_real(text) == 1);
    /* Just above half way between 1 and the next double, told by the last digit only. */
    static const char half[] = "1.00000000000000011102230246251565404236316680908203125";
    assert_true(read_real(half) == 1);
    memset(text, '0', sizeof(text));
    memcpy(text, half, sizeof(half) - 1);
    memcpy(text + 3000, "1", 2);
    assert_true(read_real(text) == 1 + DBL_EPSILON);
    text[3000] = '0';
    assert_true(read_real(text) == 1);
}

/* ---- against the C library ------------------------------------------------------------------ */

static uint64_t
next_random(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* Reads back as the same double, and no text of fewer digits does. */
static void
assert_shortest(double v)
{
    char ours[64];
    char theirs[64];
    write_real(v, ours);
    assert_true(bits_of(strtod(ours, NULL)) == bits_of(v));
    assert_true(bits_of(read_real(ours)) == bits_of(v));
    size_t digits = 0;
    for (const char *p = ours; *p && *p != 'e'; p++)
        digits += *p >= '0' && *p <= '9' && (digits > 0 || *p != '0');
    for (const char *p = strchr(ours, 'e') ? strchr(ours, 'e') : ours + strlen(ours);
         p > ours && (p[-1] == '0' || p[-1] == '.') && !strchr(ours, '.'); p--)
        digits--;
    if (digits > 1) {
        snprintf(theirs, sizeof(theirs), "%.*e", (int)digits - 2, v);
        if (bits_of(strtod(theirs, NULL)) == bits_of(v))
            fail_msg("%s is longer than %s", ours, theirs);
    }
    /* Of that length it is the nearest, except where only a farther one reads back. */
    snprintf(theirs, sizeof(theirs), "%.*e", (int)digits - 1, v);
    double nearest = strtod(theirs, NULL);
    if (bits_of(nearest) == bits_of(v)) {
        char exactly[64];
        snprintf(exactly, sizeof(exactly), "%.*e", (int)digits - 1, strtod(ours, NULL));
        assert_string_equal(exactly, theirs);
    }
}

static void
test_every_exponent(void **state)
{
    (void)state;
    static const uint64_t fractions[] = { 0, 1, 2, UINT64_C(0x8000000000000),
                                          UINT64_C(0xFFFFFFFFFFFFF) };
    for (uint64_t exponent = 0; exponent < 2047; exponent++) {
        for (size_t i = 0; i < COUNT(fractions); i++) {
            double v = double_of(exponent << 52 | fractions[i]);
            if (v > 0)
                assert_shortest(v);
        }
    }
}

static void
test_random_doubles(void **state)
{
    (void)state;
    uint64_t random = 1;
    print_message("seed %d\n", 1);
    for (int i = 0; i < 20000; i++) {
        double v = double_of(next_random(&random));
        char text[64];
        if (!(v <= DBL_MAX && v >= -DBL_MAX))
            continue;
        assert_shortest(v);
        /* Read with too few digits, and with far too many. */
        int digits = (int)(next_random(&random) % 30);
        snprintf(text, sizeof(text), "%.*e", digits, v);
        double theirs = strtod(text, NULL);
        if (theirs <= DBL_MAX && theirs >= -DBL_MAX)
            assert_true(bits_of(read_real(text)) == bits_of(theirs));
    }
}

enum { WIDTH = 160, FRACTION = 130 };

/* (a + b) / 2 in all its digits, for positive numbers below 2^53: added and halved as texts. */
static void
middle_of(double a, double b, char out[WIDTH + 16])
{
    char other[WIDTH + 16];
    int carry = 0;
    assert_int_equal(snprintf(out, WIDTH + 16, "%0*.*f", WIDTH, FRACTION, a), WIDTH);
    assert_int_equal(snprintf(other, WIDTH + 16, "%0*.*f", WIDTH, FRACTION, b), WIDTH);
    for (int i = WIDTH; i-- > 0;) {
        if (out[i] == '.')
            continue;
        int sum = out[i] - '0' + (other[i] - '0') + carry;
        out[i] = (char)('0' + sum % 10);
        carry = sum / 10;
    }
    assert_int_equal(carry, 0);
    for (int i = 0; i < WIDTH; i++) {
        if (out[i] == '.')
            continue;
        int part = carry * 10 + (out[i] - '0');
        out[i] = (char)('0' + part / 2);
        carry = part % 2;
    }
    assert_int_equal(carry, 0);
    char *start = out;
    while (start[0] == '0' && start[1] != '.')
        start++;
    memmove(out, start, strlen(start) + 1);
}

/* Exactly half way between two doubles: 54 bits, the last of them 1, in all their digits. */
static void
test_ties_go_to_even(void **state)
{
    (void)state;
    char text[WIDTH + 16];
    uint64_t random = 2;
    int compared = 0;
    print_message("seed %d\n", 2);
    for (int i = 0; i < 6000; i++) {
        uint64_t bits = next_random(&random) & UINT64_C(0x3FFFFFFFFFFFFFFF);
        double low = double_of(bits);
        double high = double_of(bits + 1);
        int exponent = (int)(bits >> 52) - 1023;
        if (exponent > 52 || exponent < -60)
            continue;
        /* Below 2^53, and at most 114 digits behind the point. */
        middle_of(low, high, text);
        assert_true(bits_of(read_real(text)) == (bits & 1 ? bits + 1 : bits));
        assert_true(bits_of(strtod(text, NULL)) == (bits & 1 ? bits + 1 : bits));
        memcpy(text + strlen(text), "1", 2);
        assert_true(bits_of(read_real(text)) == bits + 1);
        compared++;
    }
    assert_true(compared > 100);
}

/* ---- what the host has set ------------------------------------------------------------------ */

static void
test_rounding_modes(void **state)
{
    (void)state;
    static const int modes[] = { FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_int_equal(fesetround(modes[i]), 0);
        run_real_rows();
        assert_int_equal(fegetround(), modes[i]);
        assert_int_equal(fesetround(FE_TONEAREST), 0);
    }
}

static void
test_locales(void **state)
{
    (void)state;
    static const char *const names[] = {
        "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8", "ps_AF.UTF-8", "fa_IR.UTF-8", "C"
    };
    int with_comma = 0;
    for (size_t i = 0; i < COUNT(names); i++) {
        if (!setlocale(LC_ALL, names[i]))
            continue;
        with_comma += strcmp(localeconv()->decimal_point, ".") != 0;
        print_message("locale %s\n", names[i]);
        run_real_rows();
    }
    assert_non_null(setlocale(LC_ALL, "C"));
    print_message("%d with another decimal point\n", with_comma);
}

/* ---- writers -------------------------------------------------------------------------------- */

static void
test_write_integer(void **state)
{
    (void)state;
    static const int64_t rows[] = { 0,  1,   -1,        9,         10,        -10,
                                    99, 100, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char expected[32];
        struct buf out;
        int len = snprintf(expected, sizeof(expected), "%lld", (long long)rows[i]);
        buf_init(&out, &mem_default, false);
        json_write_integer(&out, rows[i]);
        assert_int_equal(out.len, len);
        assert_memory_equal(out.data, expected, out.len);
        buf_free(&out);
    }
}

/* What is written in canonical form is what canonical form says of it. */
static void
test_canonical_form_is_stable(void **state)
{
    (void)state;
    uint64_t random = 3;
    print_message("seed %d\n", 3);
    for (int i = 0; i < 5000; i++) {
        double v = double_of(next_random(&random));
        char once[64];
        char twice[64];
        if (!(v <= DBL_MAX && v >= -DBL_MAX))
            continue;
        write_real(v, once);
        write_real(read_real(once), twice);
        assert_string_equal(once, twice);
    }
}

static void
test_refused_memory(void **state)
{
    (void)state;
    struct fx_mem fx;
    struct buf out;
    struct json_number number = { false, 0, 1.5 };
    fx_mem_fail_at(&fx, 0, true);
    buf_init(&out, &fx.mem, true);
    json_write_number(&out, &number);
    json_write_integer(&out, 5);
    json_write_double(&out, 1e-300);
    assert_int_equal(buf_status(&out, NULL), ENVRES_E_NOMEM);
    buf_free(&out);
    assert_int_equal(fx.blocks, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_large_doubles_read_back),
        cmocka_unit_test(test_integers_beyond_are_refused),
        cmocka_unit_test(test_not_numbers),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_long_spellings),
        cmocka_unit_test(test_every_exponent),
        cmocka_unit_test(test_random_doubles),
        cmocka_unit_test(test_ties_go_to_even),
        cmocka_unit_test(test_rounding_modes),
        cmocka_unit_test(test_locales),
        cmocka_unit_test(test_write_integer),
        cmocka_unit_test(test_canonical_form_is_stable),
        cmocka_unit_test(test_refused_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
