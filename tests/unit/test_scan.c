/* SPDX-License-Identifier: MIT */
/* Finding `<<`: each kernel against a reference that looks at one byte after the other. */
#include "lang/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RFC 3629 written as ranges, independent of the code under test. */
static size_t
character(const unsigned char *s, size_t left)
{
    static const struct {
        unsigned char first[2], second[2];
        size_t len;
    } rows[] = {
        { { 0x01, 0x7F }, { 0, 0 }, 1 },       { { 0xC2, 0xDF }, { 0x80, 0xBF }, 2 },
        { { 0xE0, 0xE0 }, { 0xA0, 0xBF }, 3 }, { { 0xE1, 0xEC }, { 0x80, 0xBF }, 3 },
        { { 0xED, 0xED }, { 0x80, 0x9F }, 3 }, { { 0xEE, 0xEF }, { 0x80, 0xBF }, 3 },
        { { 0xF0, 0xF0 }, { 0x90, 0xBF }, 4 }, { { 0xF1, 0xF3 }, { 0x80, 0xBF }, 4 },
        { { 0xF4, 0xF4 }, { 0x80, 0x8F }, 4 },
    };
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        if (s[0] < rows[r].first[0] || s[0] > rows[r].first[1] || left < rows[r].len)
            continue;
        if (rows[r].len > 1 && (s[1] < rows[r].second[0] || s[1] > rows[r].second[1]))
            continue;
        for (size_t i = 2; i < rows[r].len; i++) {
            if (s[i] < 0x80 || s[i] > 0xBF)
                return 0;
        }
        return rows[r].len;
    }
    return 0;
}

static size_t
reference(const char *text, size_t from, size_t len, int checked)
{
    for (size_t at = from; at < len;) {
        if (at + 1 < len && text[at] == '<' && text[at + 1] == '<')
            return at;
        size_t step = checked ? character((const unsigned char *)text + at, len - at) : 1;
        if (step == 0)
            return SCAN_BAD;
        at += step;
    }
    return SCAN_NONE;
}

/* The text is put right before the end of its block, so that AddressSanitizer and valgrind see a
 * read beyond it. */
static void
compare(const char *text, size_t len, size_t from)
{
    char *exact = malloc(len ? len : 1);
    assert_non_null(exact);
    memcpy(exact, text, len);
    assert_int_equal(scan_pair(exact, from, len), reference(exact, from, len, 0));
    assert_int_equal(scan_pair_portable(exact, from, len), reference(exact, from, len, 0));
    assert_int_equal(scan_pair_baseline(exact, from, len), reference(exact, from, len, 0));
    assert_int_equal(scan_checked(exact, from, len), reference(exact, from, len, 1));
    assert_int_equal(scan_checked_baseline(exact, from, len), reference(exact, from, len, 1));
    assert_int_equal(scan_checked_portable(exact, from, len), reference(exact, from, len, 1));
    free(exact);
}

static void
test_every_length_and_place(void **state)
{
    char text[200];
    (void)state;
    for (size_t len = 0; len <= 150; len++) {
        memset(text, 'a', sizeof(text));
        compare(text, len, 0);
        for (size_t at = 0; at < len; at++) {
            text[at] = '<';
            compare(text, len, 0);
            if (at + 1 < len) {
                text[at + 1] = '<';
                compare(text, len, 0);
                compare(text, len, at < 3 ? at : at - 3);
                compare(text, len, at + 1);
                text[at + 1] = 'a';
            }
            text[at] = '\0';
            compare(text, len, 0);
            text[at] = (char)0x80;
            compare(text, len, 0);
            text[at] = 'a';
        }
    }
}

static void
test_characters_across_blocks(void **state)
{
    static const char *const rows[] = {
        "\xC2\x80",
        "\xDF\xBF",
        "\xE0\xA0\x80",
        "\xED\x9F\xBF",
        "\xEE\x80\x80",
        "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80",
        "\xF4\x8F\xBF\xBF",
        "\xC1\xBF",
        "\xE0\x9F\xBF",
        "\xED\xA0\x80",
        "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xC2",
        "\xE2\x82",
        "\xF0\x9F\x98",
        "\x80",
        "\xBF",
        "\xFE",
        "\xFF",
        "\xC2<",
        "\xE2\x82<<",
        "\xC3\xA4<<",
    };
    char text[160];
    (void)state;
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        size_t width = strlen(rows[r]);
        for (size_t at = 0; at + width <= 140; at++) {
            memset(text, 'b', sizeof(text));
            memcpy(text + at, rows[r], width);
            compare(text, 140, 0);
            compare(text, at + width, 0);
        }
    }
}

static void
test_names(void **state)
{
    char text[80];
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 40; at++) {
            memset(text, '7', sizeof(text));
            memset(text, '_', at / 2);
            text[at] = (char)byte;
            bool is_name = byte == '_' || (byte >= '0' && byte <= '9') ||
                           (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
            for (size_t len = at; len <= at + 20; len += 5) {
                size_t wanted = is_name || len <= at ? len : at;
                assert_int_equal(scan_name(text, 0, len), wanted);
                assert_int_equal(scan_name_portable(text, 0, len), wanted);
                assert_int_equal(scan_name(text, at, len), wanted);
            }
        }
    }
}

static void
test_random(void **state)
{
    static const char alphabet[] = "<<<a \xC3\xA4\xE2\x82\xAC";
    uint32_t seed = 20240611;
    char text[300];
    (void)state;
    printf("seed %u\n", seed);
    for (int round = 0; round < 20000; round++) {
        seed = seed * 1664525u + 1013904223u;
        size_t len = (seed >> 8) % sizeof(text);
        uint32_t density = (seed >> 24) % 3;
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525u + 1013904223u;
            text[i] =
                (seed >> 28) < 5 * density ? alphabet[(seed >> 16) % (sizeof(alphabet) - 1)] : 'x';
        }
        compare(text, len, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_length_and_place),
        cmocka_unit_test(test_characters_across_blocks),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
