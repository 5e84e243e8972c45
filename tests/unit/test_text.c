/* SPDX-License-Identifier: MIT */
/*
 * Text. The UTF-8 check works in blocks, so its rows run at every distance from a block's edge, and
 * all two-byte beginnings are compared with a slow decoder that works by arithmetic. Texts lie in
 * blocks of exactly their size, so that a sanitizer sees a byte too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT(s)                                                                                    \
    {                                                                                              \
        s, sizeof(s) - 1                                                                           \
    }

enum { NONE = 999 };

static const struct {
    const char *name;
    struct slice text;
    size_t bad; /* offset of what is wrong, or NONE */
} utf8_rows[] = {
    { "empty", TEXT(""), NONE },
    { "ASCII", TEXT("a~ \x7F\x01\t"), NONE },
    { "first and last of two bytes", TEXT("\xC2\x80\xDF\xBF"), NONE },
    { "first and last of three bytes", TEXT("\xE0\xA0\x80\xEF\xBF\xBF"), NONE },
    { "around the surrogates", TEXT("\xED\x9F\xBF\xEE\x80\x80"), NONE },
    { "first and last of four bytes", TEXT("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"), NONE },
    { "byte-order mark", TEXT("\xEF\xBB\xBF"), NONE },
    { "mixed", TEXT("a\xC3\xA9z\xE2\x82\xAC\xF0\x9D\x84\x9E"), NONE },
    { "NUL", TEXT("ab\0c"), 2 },
    { "lone tail", TEXT("a\x80"), 1 },
    { "lone tail at 0xBF", TEXT("\xBF"), 0 },
    { "overlong / of two", TEXT("\xC0\xAF"), 0 },
    { "overlong 0x7F", TEXT("\xC1\xBF"), 0 },
    { "overlong NUL", TEXT("\xC0\x80"), 0 },
    { "overlong of three", TEXT("\xE0\x9F\xBF"), 0 },
    { "overlong of four", TEXT("\xF0\x8F\xBF\xBF"), 0 },
    { "first surrogate", TEXT("\xED\xA0\x80"), 0 },
    { "last surrogate", TEXT("\xED\xBF\xBF"), 0 },
    { "pair of surrogates", TEXT("\xED\xA0\xBD\xED\xB8\x80"), 0 },
    { "above U+10FFFF", TEXT("\xF4\x90\x80\x80"), 0 },
    { "lead F5", TEXT("\xF5\x80\x80\x80"), 0 },
    { "five bytes", TEXT("\xF8\x88\x80\x80\x80"), 0 },
    { "FE", TEXT("\xFE"), 0 },
    { "FF", TEXT("\xFF\xFF"), 0 },
    { "cut after one of two", TEXT("a\xC3"), 1 },
    { "cut after two of three", TEXT("\xE2\x82"), 0 },
    { "cut after three of four", TEXT("\xF0\x9D\x84"), 0 },
    { "tail replaced by a letter", TEXT("\xE2\x82x"), 0 },
    { "second tail replaced", TEXT("\xF0\x9Dx\x9E"), 0 },
    { "third tail replaced", TEXT("\xF0\x9D\x84x"), 0 },
    { "wrong behind right ones", TEXT("\xC3\xA9\xE2\x82\xAC\x80"), 5 },
};

static void
test_utf8_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(utf8_rows); i++) {
        struct slice text = utf8_rows[i].text;
        print_message("%s\n", utf8_rows[i].name);
        for (size_t before = 0; before < 140; before++) {
            size_t after = before % 3 ? before % 70 : 0;
            size_t len = before + text.len + after;
            char *all = malloc(len ? len : 1);
            memset(all, 'a', len);
            memcpy(all + before, text.data, text.len);
            size_t bad = NONE;
            bool good = text_is_utf8(all, len, &bad);
            assert_int_equal(good, utf8_rows[i].bad == NONE);
            assert_int_equal(bad, good ? NONE : before + utf8_rows[i].bad);
            assert_int_equal(text_is_utf8(all, len, NULL), good);
            free(all);
        }
    }
    assert_true(text_is_utf8(NULL, 0, NULL));
}

/* The offset of what is wrong, or NONE: decodes, then asks whether the code has that length. */
static size_t
decode_slowly(const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len;) {
        unsigned ones = 0;
        while (ones < 8 && (p[i] << ones & 0x80))
            ones++;
        size_t size = ones ? ones : 1;
        if (ones == 1 || ones > 4 || i + size > len)
            return i;
        uint32_t code = ones ? p[i] & (0x7Fu >> ones) : p[i];
        for (size_t j = 1; j < size; j++) {
            if (p[i + j] >> 6 != 2)
                return i;
            code = code << 6 | (p[i + j] & 0x3Fu);
        }
        size_t needed = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        if (code == 0 || code > 0x10FFFF || code >> 11 == 27 || needed != size)
            return i;
        i += size;
    }
    return NONE;
}

static void
test_utf8_against_a_decoder(void **state)
{
    (void)state;
    static const unsigned char tails[] = { 0x00, 'a', 0x7F, 0x80, 0xBF, 0xC0 };
    unsigned valid = 0;
    for (unsigned two = 0; two < 65536; two++) {
        for (size_t i = 0; i < COUNT(tails) * COUNT(tails); i++) {
            unsigned char text[4] = { (unsigned char)(two >> 8), (unsigned char)two,
                                      tails[i / COUNT(tails)], tails[i % COUNT(tails)] };
            size_t wanted = decode_slowly(text, sizeof(text));
            size_t bad = NONE;
            bool good = text_is_utf8((const char *)text, sizeof(text), &bad);
            if (bad != wanted || good != (wanted == NONE))
                fail_msg("%02X %02X %02X %02X: %zu, not %zu", text[0], text[1], text[2], text[3],
                         bad, wanted);
            valid += good;
        }
    }
    /* Both kinds are there in number. */
    print_message("%u valid\n", valid);
    assert_true(valid > 60000);
}

static void
test_check_says_where(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    assert_int_equal(text_check("a\nb\xFF", 4, "the template", err), ENVRES_E_UTF8);
    assert_string_equal(envres_error_message(err), "the template is not valid UTF-8");
    assert_int_equal(envres_error_offset(err), 3);
    assert_int_equal(envres_error_line(err), 2);
    assert_int_equal(envres_error_column(err), 2);
    assert_int_equal(text_check("a\0", 2, "the value", err), ENVRES_E_UTF8);
    assert_string_equal(envres_error_message(err), "the value contains a NUL byte");
    assert_int_equal(envres_error_offset(err), 1);
    envres_error_clear(err);
    assert_int_equal(text_check("a\n\xC3\xA9", 4, "the value", err), ENVRES_OK);
    assert_int_equal(envres_error_code(err), ENVRES_OK);
    envres_error_free(err);
}

static void
test_argument(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        size_t len;
        size_t max;
        envres_status status;
        size_t out;
    } rows[] = {
        { "measured", "abc", ENVRES_NUL_TERMINATED, 10, ENVRES_OK, 3 },
        { "given", "abc", 2, 10, ENVRES_OK, 2 },
        { "empty", "", 0, 10, ENVRES_OK, 0 },
        { "NULL of length 0", NULL, 0, 10, ENVRES_OK, 0 },
        { "NULL", NULL, 1, 10, ENVRES_E_INVALID, 0 },
        { "NULL to be measured", NULL, ENVRES_NUL_TERMINATED, 10, ENVRES_E_INVALID, 0 },
        { "as long as allowed", "abc", 3, 3, ENVRES_OK, 3 },
        { "one too long", "abc", 3, 2, ENVRES_E_LIMIT, 0 },
        { "one too long, measured", "abc", ENVRES_NUL_TERMINATED, 2, ENVRES_E_LIMIT, 0 },
        { "NUL inside", "a\0b", 3, 10, ENVRES_E_UTF8, 0 },
        { "not UTF-8", "a\x80", 2, 10, ENVRES_E_UTF8, 0 },
        { "too long comes before not UTF-8", "\x80\x80", 2, 1, ENVRES_E_LIMIT, 0 },
    };
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice out = { "untouched", 9 };
        print_message("%s\n", rows[i].name);
        envres_error_clear(err);
        assert_int_equal(
            text_argument(rows[i].text, rows[i].len, rows[i].max, "the name", &out, err),
            rows[i].status);
        assert_int_equal(envres_error_code(err), rows[i].status);
        assert_non_null(out.data);
        if (rows[i].status == ENVRES_OK)
            assert_int_equal(out.len, rows[i].out);
        else
            assert_string_equal(out.data, "untouched");
    }
    envres_error_free(err);
}

static void
test_names(void **state)
{
    (void)state;
    static const struct {
        struct slice name;
        bool good;
    } rows[] = {
        { TEXT("a"), true },       { TEXT("_"), true },         { TEXT("API_KEY_2"), true },
        { TEXT("z9"), true },      { TEXT("__init__"), true },  { TEXT(""), false },
        { TEXT("2a"), false },     { TEXT("a-b"), false },      { TEXT("a.b"), false },
        { TEXT("a b"), false },    { TEXT(" a"), false },       { TEXT("a\0"), false },
        { TEXT("a\n"), false },    { TEXT("@"), false },        { TEXT("["), false },
        { TEXT("`"), false },      { TEXT("{"), false },        { TEXT("a/"), false },
        { TEXT("a:"), false },     { TEXT("\xC3\xA9"), false }, { TEXT("a\xFF"), false },
        { TEXT("a<<b>>"), false }, { TEXT("a\x7F"), false },    { TEXT("\x7F"), false },
    };
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        envres_error_clear(err);
        assert_int_equal(text_is_name(rows[i].name), rows[i].good);
        envres_status st = rows[i].good ? ENVRES_OK : ENVRES_E_NAME;
        assert_int_equal(text_check_name(rows[i].name, "variable name", err), st);
        assert_int_equal(envres_error_code(err), st);
        if (st < 0) {
            const char *subject = envres_error_subject(err);
            assert_string_equal(envres_error_message(err), "not a valid variable name");
            assert_true(envres_error_hint(err)[0] != '\0');
            assert_true(text_is_utf8(subject, strlen(subject), NULL));
        }
    }
    text_check_name(slice_str("a\xFF"), "variable name", err);
    assert_string_equal(envres_error_subject(err), "");
    text_check_name(slice_str("a-b"), "variable name", err);
    assert_string_equal(envres_error_subject(err), "a-b");
    char longest[LIMIT_NAME + 1];
    memset(longest, 'n', sizeof(longest));
    assert_true(text_is_name(slice_of(longest, LIMIT_NAME)));
    assert_false(text_is_name(slice_of(longest, LIMIT_NAME + 1)));
    envres_error_free(err);
}

static void
test_position(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        size_t offset;
        uint32_t line;
        uint32_t column;
    } rows[] = {
        { { NULL, 0 }, 0, 1, 1 },           { TEXT("ab"), 1, 1, 2 },   { TEXT("ab"), 2, 1, 3 },
        { TEXT("ab"), 50, 1, 3 },           { TEXT("a\nb"), 1, 1, 2 }, { TEXT("a\nb"), 2, 2, 1 },
        { TEXT("\n\n"), 2, 3, 1 },          { TEXT("\n\n"), 1, 2, 1 }, { TEXT("a\r\nb"), 4, 2, 2 },
        { TEXT("\xE2\x82\xAC!"), 3, 1, 4 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t line = 0;
        uint32_t column = 0;
        text_position(rows[i].text.data, rows[i].text.len, rows[i].offset, &line, &column);
        assert_int_equal(line, rows[i].line);
        assert_int_equal(column, rows[i].column);
    }
}

/* ---- hash ----------------------------------------------------------------------------------- */

static void
test_hash_reads_all_and_no_more(void **state)
{
    (void)state;
    for (size_t len = 0; len < 130; len++) {
        char *text = malloc(len ? len : 1);
        char *copy = malloc(len + 1);
        for (size_t i = 0; i < len; i++)
            text[i] = (char)(i * 7 + 1);
        memcpy(copy + 1, text, len); /* of another alignment */
        uint64_t hash = text_hash(5, text, len);
        assert_true(hash == text_hash(5, copy + 1, len));
        assert_true(hash != text_hash(6, text, len));
        for (size_t i = 0; i < len; i++) {
            text[i] ^= 1;
            assert_true(hash != text_hash(5, text, len));
            text[i] ^= 1;
        }
        free(text);
        free(copy);
    }
    assert_true(text_hash(1, NULL, 0) == text_hash(1, "", 0));
}

/* Texts that read alike where a hash looks twice at the same byte, or pads with zeros. */
static void
test_hash_knows_lengths(void **state)
{
    (void)state;
    static const char text[64] = { 0 };
    char same[64];
    memset(same, 'x', sizeof(same));
    for (uint64_t seed = 0; seed < 4; seed++) {
        for (size_t a = 0; a < sizeof(text); a++) {
            for (size_t b = 0; b < a; b++) {
                assert_true(text_hash(seed, text, a) != text_hash(seed, text, b));
                assert_true(text_hash(seed, same, a) != text_hash(seed, same, b));
            }
        }
    }
}

/* Any bit of the input flips about half of the bits of the hash. */
static void
test_hash_mixes(void **state)
{
    (void)state;
    static const size_t lengths[] = { 1, 3, 4, 7, 8, 12, 16, 17, 24, 33, 64, 100 };
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char text[128];
        unsigned flips = 0;
        unsigned pairs = 0;
        memset(text, 'k', sizeof(text));
        for (uint64_t seed = 1; seed <= 16; seed++) {
            uint64_t hash = text_hash(seed * 0x9E3779B97F4A7C15u, text, lengths[i]);
            for (size_t bit = 0; bit < lengths[i] * 8; bit++) {
                text[bit / 8] ^= (char)(1 << bit % 8);
                uint64_t other = text_hash(seed * 0x9E3779B97F4A7C15u, text, lengths[i]);
                text[bit / 8] ^= (char)(1 << bit % 8);
                unsigned differ = (unsigned)__builtin_popcountll(hash ^ other);
                assert_in_range(differ, 8, 56);
                flips += differ;
                pairs++;
            }
        }
        print_message("%zu bytes: %.2f bits\n", lengths[i], (double)flips / pairs);
        assert_in_range(flips / pairs, 30, 33);
    }
}

/* Names as people give them fill a table evenly, by the low bits as by the high ones. */
static void
test_hash_spreads_names(void **state)
{
    (void)state;
    enum { NAMES = 65536, BUCKETS = 4096 };
    static unsigned low[BUCKETS];
    static unsigned high[BUCKETS];
    for (uint64_t seed = 0; seed < 3; seed++) {
        memset(low, 0, sizeof(low));
        memset(high, 0, sizeof(high));
        for (unsigned i = 0; i < NAMES; i++) {
            char name[32];
            int len = snprintf(name, sizeof(name), "VARIABLE_%u", i);
            uint64_t hash = text_hash(seed, name, (size_t)len);
            low[hash % BUCKETS]++;
            high[hash >> 52]++;
        }
        double expected = (double)NAMES / BUCKETS;
        double low_sum = 0;
        double high_sum = 0;
        for (unsigned i = 0; i < BUCKETS; i++) {
            low_sum += (low[i] - expected) * (low[i] - expected) / expected;
            high_sum += (high[i] - expected) * (high[i] - expected) / expected;
        }
        /* Chi-square of 4095 degrees: mean 4095, standard deviation 90. */
        print_message("seed %u: %.0f, %.0f\n", (unsigned)seed, low_sum, high_sum);
        assert_true(low_sum > 3600 && low_sum < 4600);
        assert_true(high_sum > 3600 && high_sum < 4600);
    }
}

/* A word that cancels a constant must not wipe out what came before it: with each word that stands
 * in the source, at every place, texts that differ before it keep different hashes. */
static void
test_hash_cannot_be_steered(void **state)
{
    (void)state;
    static const uint64_t words[] = {
        0,
        UINT64_MAX,
        UINT64_C(0x9B3C56A7D1E4F08B),
        UINT64_C(0xC6A94D35B27E1F63),
        UINT64_C(0x5D8F3A69C4B7E213),
        UINT64_C(0xC6A94D35B27E1F63) * UINT64_C(0x5D8F3A69C4B7E213),
    };
    for (size_t w = 0; w < COUNT(words); w++) {
        for (size_t at = 1; at < 6; at++) {
            uint64_t a[6] = { 1, 2, 3, 4, 5, 6 };
            uint64_t b[6] = { 1, 2, 3, 4, 5, 6 };
            a[at] = b[at] = words[w];
            b[at - 1] = 9;
            for (uint64_t i = 1; i <= 50; i++) {
                uint64_t seed = i * UINT64_C(0x9E3779B97F4A7C15);
                for (size_t len = (at + 1) * 8; len <= sizeof(a); len += 8)
                    assert_true(text_hash(seed, (const char *)a, len) !=
                                text_hash(seed, (const char *)b, len));
            }
        }
    }
}

/* ---- hex ------------------------------------------------------------------------------------ */

static void
test_hex(void **state)
{
    (void)state;
    uint8_t bytes[256];
    uint8_t back[256];
    char hex[513];
    char expected[513];
    for (int i = 0; i < 256; i++) {
        bytes[i] = (uint8_t)i;
        snprintf(expected + 2 * i, 3, "%02x", (unsigned)i);
    }
    text_hex(hex, bytes, 256);
    assert_string_equal(hex, expected);
    assert_true(text_unhex(back, 256, slice_str(hex)));
    assert_memory_equal(back, bytes, 256);
    memset(hex, 'x', sizeof(hex));
    text_hex(hex, bytes, 0);
    assert_string_equal(hex, "");
}

static void
test_unhex(void **state)
{
    (void)state;
    static const struct {
        struct slice hex;
        size_t len;
        bool good;
    } rows[] = {
        { TEXT("0aF9"), 2, true },
        { TEXT(""), 0, true },
        { TEXT("0a"), 2, false },
        { TEXT("0aff"), 1, false },
        { TEXT("0a0"), 1, false },
        { TEXT("0g"), 1, false },
        { TEXT("g0"), 1, false },
        { TEXT("0/"), 1, false },
        { TEXT("0:"), 1, false },
        { TEXT("0@"), 1, false },
        { TEXT("0`"), 1, false },
        { TEXT("0\x10"), 1, false },
        { TEXT(" 0"), 1, false },
        { TEXT("0x"), 1, false },
        { TEXT("\xC1\xE1"), 1, false },
        { TEXT("ab"), SIZE_MAX, false },
        { TEXT(""), SIZE_MAX / 2 + 1, false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t out[4] = { 1, 1, 1, 1 };
        print_message("'%s'\n", rows[i].hex.data);
        assert_int_equal(text_unhex(out, rows[i].len, rows[i].hex), rows[i].good);
    }
    uint8_t out[2];
    assert_true(text_unhex(out, 2, slice_str("0aF9")));
    assert_int_equal(out[0], 0x0A);
    assert_int_equal(out[1], 0xF9);
}

/* ---- did you mean --------------------------------------------------------------------------- */

static void
test_nearest_rows(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *wanted;
        const char *candidates[4];
        const char *best;
        uint32_t distance;
    } rows[] = {
        { "none given", "HOST", { NULL }, NULL, 0 },
        { "one changed", "HOST", { "PORT", "HOAT" }, "HOAT", 1 },
        { "one missing", "DATABSE_URL", { "DATABASE_URL" }, "DATABASE_URL", 1 },
        { "one too many", "HOOST", { "HOST" }, "HOST", 1 },
        { "two exchanged count once", "HSOT", { "HOST" }, "HOST", 1 },
        { "exchanged and one more", "HSOTNAM", { "HOSTNAME" }, "HOSTNAME", 2 },
        { "case does not count", "api_key", { "API_KEX", "API_KEY" }, "API_KEY", 0 },
        { "tie goes to the first by bytes", "CAT", { "RAT", "BAT", "HAT" }, "BAT", 1 },
        { "tie, the other way round", "CAT", { "BAT", "RAT" }, "BAT", 1 },
        { "nearer one later", "STRIPE_KEY", { "STRIP_KE", "STRIPE_KEYS" }, "STRIPE_KEYS", 1 },
        { "a third of six", "ABCDEF", { "ABCDXY" }, "ABCDXY", 2 },
        { "more than a third of six", "ABCDEF", { "ABCXYZ" }, NULL, 0 },
        { "a third of the longer", "ABCDE", { "ABCDEXY" }, "ABCDEXY", 2 },
        { "one of two", "AB", { "AX" }, "AX", 1 },
        { "both of two", "AB", { "XY" }, NULL, 0 },
        { "one letter", "A", { "B" }, "B", 1 },
        { "empty candidate", "A", { "" }, NULL, 0 },
        { "empty wanted", "", { "A" }, NULL, 0 },
        { "much longer", "KEY", { "API_KEY_FOR_CRM" }, NULL, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct nearest nearest;
        print_message("%s\n", rows[i].name);
        nearest_init(&nearest, slice_str(rows[i].wanted));
        for (size_t j = 0; j < 4 && rows[i].candidates[j]; j++)
            nearest_add(&nearest, slice_str(rows[i].candidates[j]));
        if (!rows[i].best) {
            assert_null(nearest.best.data);
            continue;
        }
        assert_non_null(nearest.best.data);
        assert_string_equal(nearest.best.data, rows[i].best);
        assert_int_equal(nearest.distance, rows[i].distance);
    }
}

/* The textbook's recursion, on texts of a few letters. */
static uint32_t
distance_slowly(const char *a, size_t i, const char *b, size_t j)
{
    if (i == 0 || j == 0)
        return (uint32_t)(i + j);
    uint32_t best = distance_slowly(a, i - 1, b, j - 1) + (a[i - 1] != b[j - 1]);
    uint32_t other = distance_slowly(a, i - 1, b, j) + 1;
    best = other < best ? other : best;
    other = distance_slowly(a, i, b, j - 1) + 1;
    best = other < best ? other : best;
    if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        other = distance_slowly(a, i - 2, b, j - 2) + 1;
        best = other < best ? other : best;
    }
    return best;
}

static size_t
make_word(char *out, uint32_t *random)
{
    size_t len = 1 + (*random >> 8) % 6;
    for (size_t i = 0; i <= len; i++) {
        *random = *random * 1664525 + 1013904223;
        out[i] = (char)('a' + (*random >> 24) % 3);
    }
    out[len] = '\0';
    return len;
}

static void
test_nearest_against_the_recursion(void **state)
{
    (void)state;
    uint32_t random = 20240229;
    print_message("seed %u\n", random);
    for (int round = 0; round < 300; round++) {
        char wanted[8];
        char words[6][8];
        size_t len = make_word(wanted, &random);
        struct nearest nearest;
        const char *best = NULL;
        uint32_t best_distance = UINT32_MAX;
        nearest_init(&nearest, slice_str(wanted));
        for (int i = 0; i < 6; i++) {
            size_t other = make_word(words[i], &random);
            uint32_t distance = distance_slowly(wanted, len, words[i], other);
            size_t longer = len > other ? len : other;
            nearest_add(&nearest, slice_str(words[i]));
            if (distance > (longer < 3 ? 1 : longer / 3))
                continue;
            if (distance < best_distance ||
                (distance == best_distance && strcmp(words[i], best) < 0)) {
                best = words[i];
                best_distance = distance;
            }
        }
        assert_int_equal(nearest.best.data != NULL, best != NULL);
        if (best) {
            assert_string_equal(nearest.best.data, best);
            assert_int_equal(nearest.distance, best_distance);
        }
    }
}

static void
test_nearest_limits(void **state)
{
    (void)state;
    struct nearest nearest;
    char wanted[LIMIT_NAME + 2];
    char other[LIMIT_NAME + 2];
    memset(wanted, 'a', sizeof(wanted));
    memset(other, 'a', sizeof(other));
    other[0] = 'b';
    nearest_init(&nearest, slice_of(wanted, LIMIT_NAME));
    nearest_add(&nearest, slice_of(other, LIMIT_NAME));
    assert_int_equal(nearest.distance, 1);
    nearest_init(&nearest, slice_of(wanted, LIMIT_NAME));
    nearest_add(&nearest, slice_of(other, LIMIT_NAME + 1));
    assert_null(nearest.best.data);
    nearest_init(&nearest, slice_of(wanted, LIMIT_NAME + 1));
    nearest_add(&nearest, slice_of(other, LIMIT_NAME));
    assert_null(nearest.best.data);
    nearest_init(&nearest, slice_str("HOST"));
    for (int i = 0; i < LIMIT_CANDIDATES; i++)
        nearest_add(&nearest, slice_str("SOMETHING_ELSE"));
    nearest_add(&nearest, slice_str("HOSU"));
    assert_null(nearest.best.data);
    assert_int_equal(nearest.seen, LIMIT_CANDIDATES);
    nearest_init(&nearest, slice_str("HOST"));
    for (int i = 0; i < LIMIT_CANDIDATES - 1; i++)
        nearest_add(&nearest, slice_str("SOMETHING_ELSE"));
    nearest_add(&nearest, slice_str("HOSU"));
    assert_string_equal(nearest.best.data, "HOSU");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_rows),
        cmocka_unit_test(test_utf8_against_a_decoder),
        cmocka_unit_test(test_check_says_where),
        cmocka_unit_test(test_argument),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_position),
        cmocka_unit_test(test_hash_reads_all_and_no_more),
        cmocka_unit_test(test_hash_knows_lengths),
        cmocka_unit_test(test_hash_mixes),
        cmocka_unit_test(test_hash_spreads_names),
        cmocka_unit_test(test_hash_cannot_be_steered),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_unhex),
        cmocka_unit_test(test_nearest_rows),
        cmocka_unit_test(test_nearest_against_the_recursion),
        cmocka_unit_test(test_nearest_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
