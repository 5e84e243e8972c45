/* SPDX-License-Identifier: MIT */
/*
 * Masking: every form of a secret, every place at which a text can be cut, what is held back, what
 * is refused, a naive masking as second opinion, refused memory, and nothing left behind.
 */
#include "lang/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../naive_redact.h"
#include "fx_mem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static envres_status
collect(const char *data, size_t len, void *user)
{
    buf_add(user, data, len);
    return buf_status(user, NULL);
}

static struct redact_set *
set_of(const struct slice *secrets, size_t count)
{
    struct redact_set *set = NULL;
    enum form_verdict verdict = FORMS_ALL;
    assert_int_equal(redact_set_new(&mem_default, &set, NULL), ENVRES_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(redact_set_add(set, secrets[i], &verdict, NULL), ENVRES_OK);
    assert_int_equal(redact_set_close(set, NULL), ENVRES_OK);
    return set;
}

static struct redact_set *
set_of_one(const char *secret)
{
    struct slice slice = slice_str(secret);
    return set_of(&slice, 1);
}

/* Feeds the text in pieces that end at the places given, and behind them at `text.len`. */
static void
feed(struct redact_set *set, struct slice text, const size_t *cuts, size_t count, struct buf *out)
{
    struct redact_stream stream = { 0 };
    size_t at = 0;
    buf_init(out, &mem_default, false);
    redact_begin(&stream, set, &mem_default, slice_str("*"));
    for (size_t i = 0; i <= count; i++) {
        size_t end = i < count ? cuts[i] : text.len;
        assert_int_equal(
            redact_feed(&stream, slice_of(text.data + at, end - at), collect, out, NULL),
            ENVRES_OK);
        at = end;
    }
    assert_int_equal(redact_end(&stream, collect, out, NULL), ENVRES_OK);
    redact_free(&stream);
}

static void
assert_text(const struct buf *got, const char *want)
{
    struct slice text = slice_of(got->data ? got->data : "", got->len);
    if (!slice_equal(text, slice_str(want)))
        fail_msg("got \"%.*s\", not \"%s\"", (int)text.len, text.data, want);
}

/* In one piece, cut at every place, cut at every two places, and byte by byte. */
static void
assert_masked(struct redact_set *set, struct slice text, const char *want)
{
    struct buf out = { 0 };
    size_t *each = calloc(text.len + 1, sizeof(*each));
    feed(set, text, NULL, 0, &out);
    assert_text(&out, want);
    buf_free(&out);
    for (size_t i = 0; i <= text.len; i++) {
        each[i] = i;
        for (size_t k = i; k <= text.len && (text.len < 30 || k < i + 3); k++) {
            const size_t cuts[] = { i, k };
            feed(set, text, cuts, 2, &out);
            assert_text(&out, want);
            buf_free(&out);
        }
    }
    feed(set, text, each, text.len + 1, &out);
    assert_text(&out, want);
    buf_free(&out);
    free(each);
}

/* ---- forms ----------------------------------------------------------------------------------- */

#define SECRET "sup3r secr&t/key"
#define HARD   "\xC3\x9Cn\xC3\xAF\xE2\x86\x92\xF0\x9D\x84\x9E \"q\"\\\n/?>~"

static void
test_forms(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *secret;
        const char *text;
        const char *want;
    } rows[] = {
        { "nothing", SECRET, "", "" },
        { "no secret", SECRET, "sup3r secr&t/ke", "sup3r secr&t/ke" },
        { "alone", SECRET, SECRET, "*" },
        { "in a text", SECRET, "k=" SECRET ";", "k=*;" },
        { "twice", SECRET, SECRET " " SECRET, "* *" },
        { "in a row", SECRET, SECRET SECRET, "*" },
        { "begun before", SECRET, "sup3r " SECRET, "sup3r *" },
        { "hex", SECRET,
          "<73757033722073656372267"
          "42f6b6579>",
          "<*>" },
        { "hex, capitals", HARD, "C39C6EC3AFE28692F09D849E202271225C0A2F3F3E7E", "*" },
        { "hex, small", HARD, "c39c6ec3afe28692f09d849e202271225c0a2f3f3e7e", "*" },
        { "base64", SECRET, "c3VwM3Igc2VjciZ0L2tleQ==", "*Q==" },
        { "base64, with more behind", SECRET, "c3VwM3Igc2VjciZ0L2tlef//", "*f//" },
        { "base64, the same", SECRET, "c3VwM3Igc2VjciZ0L2tleQAA", "*QAA" },
        { "base64, second place", SECRET, "/3N1cDNyIHNlY3ImdC9rZXn//w==", "/3*n//w==" },
        { "base64, second, other ends", SECRET, "AHN1cDNyIHNlY3ImdC9rZXkAAA==", "AH*kAAA==" },
        { "base64, third place", SECRET, "//9zdXAzciBzZWNyJnQva2V5//8=", "//9*//8=" },
        { "base64, third, other ends", SECRET, "AABzdXAzciBzZWNyJnQva2V5AAA=", "AAB*AAA=" },
        { "base64 of signs", HARD, "w5xuw6/ihpLwnYSeICJxIlwKLz8+fv//", "*v//" },
        { "base64 of signs, second", HARD, "/8OcbsOv4oaS8J2EniAicSJcCi8/Pn7//w==", "/8*7//w==" },
        { "base64 of signs, third", HARD, "///DnG7Dr+KGkvCdhJ4gInEiXAovPz5+//8=", "///*//8=" },
        { "base64url", HARD, "w5xuw6_ihpLwnYSeICJxIlwKLz8-fv__", "*v__" },
        { "base64url, second", HARD, "_8OcbsOv4oaS8J2EniAicSJcCi8_Pn7__w", "_8*7__w" },
        { "base64url, third", HARD, "___DnG7Dr-KGkvCdhJ4gInEiXAovPz5-__8", "___*__8" },
        { "percent", HARD, "%C3%9Cn%C3%AF%E2%86%92%F0%9D%84%9E%20%22q%22%5C%0A%2F%3F%3E~", "*" },
        { "percent, small", HARD, "%c3%9cn%c3%af%e2%86%92%f0%9d%84%9e%20%22q%22%5c%0a%2f%3f%3e~",
          "*" },
        { "percent in a form", HARD, "%C3%9Cn%C3%AF%E2%86%92%F0%9D%84%9E+%22q%22%5C%0A%2F%3F%3E%7E",
          "*" },
        { "percent in a path", SECRET, "sup3r%20secr%26t/key", "*" },
        { "percent as in JavaScript", "it's (me)*!", "it's%20(me)*!", "*" },
        { "percent of all that", "it's (me)*!", "it%27s%20%28me%29%2A%21", "*" },
        { "JSON", HARD, "\"\xC3\x9Cn\xC3\xAF\xE2\x86\x92\xF0\x9D\x84\x9E \\\"q\\\"\\\\\\n/?>~\"",
          "\"*\"" },
        { "JSON in ASCII", HARD, "\"\\u00dcn\\u00ef\\u2192\\ud834\\udd1e \\\"q\\\"\\\\\\n/?>~\"",
          "\"*\"" },
        { "JSON in ASCII, capitals", HARD,
          "\\u00DCn\\u00EF\\u2192\\uD834\\uDD1E \\\"q\\\"\\\\\\n/?>~", "*" },
        { "JSON with slashes", SECRET, "sup3r secr&t\\/key", "*" },
        { "lines", "first line\nsecond line", "a first line\n  second line\n", "a *\n  *\n" },
        { "all lines", "first line\nsecond line", "first line\nsecond line", "*" },
        { "lines with CR", "first line\r\nsecond line", "first line\nsecond line", "*\n*" },
        { "blanks around lines", "  first line \t\n\n\tsecond line\n", "first line|second line",
          "*|*" },
        { "short lines", "short\nlong enough", "short long enough", "short *" },
        { "blanks around", " hunter2222\n", "hunter2222", "*" },
        { "blanks around, encoded", " hunter2222\n", "68756e74657232323232", "*" },
        { "eight bytes", "12345678", "x12345678x", "x*x" },
        { "overlapping itself", "abcabcabc", "abcabcabcabcabc", "*" },
        { "repeated", "aaaaaaaa", "baaaaaaaaaaab", "b*b" },
        { "repeated, once less", "aaaaaaaa", "baaaaaaab", "baaaaaaab" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("%s\n", rows[i].name);
        struct redact_set *set = set_of_one(rows[i].secret);
        assert_masked(set, slice_str(rows[i].text), rows[i].want);
        redact_set_free(set);
    }
}

static void
test_verdicts(void **state)
{
    (void)state;
    static const struct {
        const char *secret;
        enum form_verdict verdict;
    } rows[] = {
        { "", FORMS_SHORT },
        { "1234567", FORMS_SHORT },
        { "a\nb", FORMS_SHORT },
        { "12345678", FORMS_ALL },
        { "        ", FORMS_BLANK },
        { " \t\r\n\v\f \n", FORMS_BLANK },
        { "       x", FORMS_LINES },
        { "long enough\nshort", FORMS_LINES },
        { "long enough\n\xC3\xA9\n", FORMS_LINES },
        { "long enough\n}\n  ],\n", FORMS_ALL },
        { "long enough\n\nlong enough\n", FORMS_ALL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct redact_set *set = NULL;
        enum form_verdict verdict = FORMS_ALL;
        assert_int_equal(redact_set_new(&mem_default, &set, NULL), ENVRES_OK);
        assert_int_equal(redact_set_add(set, slice_str(rows[i].secret), &verdict, NULL), ENVRES_OK);
        assert_int_equal(verdict, rows[i].verdict);
        assert_int_equal(redact_set_close(set, NULL), ENVRES_OK);
        /* What is refused is not masked; what is whole is. */
        bool masks = verdict == FORMS_ALL || verdict == FORMS_LINES;
        assert_masked(set, slice_str(rows[i].secret), masks ? "*" : rows[i].secret);
        redact_set_free(set);
    }
}

/* Several secrets: one in another, two that overlap, a NUL in the text and in a secret. */
static void
test_several(void **state)
{
    (void)state;
    const struct slice secrets[] = { slice_str("abcdefgh"), slice_str("cdefghijklmn"),
                                     slice_str("abcdefghij-long"), slice_str("klmnopqrst"),
                                     slice_of("a\0b\0c\0d\0e", 9) };
    static const struct {
        struct slice text;
        const char *want;
    } rows[] = {
        { { "abcdefgh", 8 }, "*" },
        { { "abcdefghij-lonG", 15 }, "*ij-lonG" },
        { { "abcdefghij-long", 15 }, "*" },
        { { "abcdefghijklmn", 14 }, "*" },
        { { "abcdefghijklmnopqrst", 20 }, "*" },
        { { "abcdefghijklm", 13 }, "*ijklm" },
        { { "abcdefghXcdefghijklmn", 21 }, "*X*" },
        { { "\0\0a\0b\0c\0d\0e\xFF", 12 }, NULL },
    };
    struct redact_set *set = set_of(secrets, COUNT(secrets));
    for (size_t i = 0; i + 1 < COUNT(rows); i++)
        assert_masked(set, rows[i].text, rows[i].want);
    struct buf out = { 0 };
    feed(set, rows[COUNT(rows) - 1].text, NULL, 0, &out);
    assert_int_equal(out.len, 4);
    assert_memory_equal(out.data, "\0\0*\xFF", 4);
    buf_free(&out);
    redact_set_free(set);
}

/* A secret of many pieces, and what of it is found by itself. */
static void
test_long(void **state)
{
    (void)state;
    enum { LONG = 3 * LIMIT_REDACT_PIECE + 17 };
    char text[LONG + 3] = { 0 };
    uint32_t random = 99;
    text[0] = '[';
    for (size_t i = 1; i <= LONG; i++) {
        random = random * 1664525 + 1013904223;
        text[i] = (char)('a' + (random >> 24) % 26);
    }
    text[LONG + 1] = ']';
    struct slice secret = slice_of(text + 1, LONG);
    struct redact_set *set = set_of(&secret, 1);
    assert_masked(set, slice_of(text, LONG + 2), "[*]");
    /* Without its first byte the first piece is none; those behind it are. */
    struct buf out = { 0 };
    feed(set, slice_of(text + 2, LONG), NULL, 0, &out);
    assert_int_equal(out.len, LIMIT_REDACT_PIECE - 1 + 2);
    assert_memory_equal(out.data, text + 2, LIMIT_REDACT_PIECE - 1);
    assert_memory_equal(out.data + LIMIT_REDACT_PIECE - 1, "*]", 2);
    buf_free(&out);
    redact_set_free(set);
}

/* ---- holding back ---------------------------------------------------------------------------- */

static void
test_held_back(void **state)
{
    (void)state;
    struct redact_set *set = set_of_one("secret-word-one");
    struct redact_stream stream = { 0 };
    struct buf out = { 0 };
    static const struct {
        const char *piece;
        const char *out; /* all so far */
    } rows[] = {
        { "a line\n", "a line\n" },          /* at once, all of it */
        { "and s", "a line\nand " },         /* this may be the beginning */
        { "ecret-wor", "a line\nand " },     /* still */
        { "ld", "a line\nand secret-world" } /* it was none */
        ,
        { " secret-word-on", "a line\nand secret-world " },
        { "e", "a line\nand secret-world *" }, /* masked as soon as it is whole */
        { "!", "a line\nand secret-world *!" },
    };
    buf_init(&out, &mem_default, false);
    redact_begin(&stream, set, &mem_default, slice_str("*"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(redact_feed(&stream, slice_str(rows[i].piece), collect, &out, NULL),
                         ENVRES_OK);
        assert_text(&out, rows[i].out);
    }
    assert_int_equal(redact_feed(&stream, slice_str("sec"), collect, &out, NULL), ENVRES_OK);
    assert_int_equal(redact_end(&stream, collect, &out, NULL), ENVRES_OK);
    assert_text(&out, "a line\nand secret-world *!sec");
    assert_int_equal(stream.masked, 1);
    /* The next text begins anew: what was at the end of the last is no part of it. */
    assert_int_equal(redact_feed(&stream, slice_str("ret-word-one"), collect, &out, NULL),
                     ENVRES_OK);
    assert_int_equal(redact_end(&stream, collect, &out, NULL), ENVRES_OK);
    assert_text(&out, "a line\nand secret-world *!secret-word-one");
    redact_free(&stream);
    buf_free(&out);
    redact_set_free(set);
}

static envres_status
refuse(const char *data, size_t len, void *user)
{
    (void)data;
    (void)len;
    ++*(int *)user;
    return ENVRES_E_CALLBACK;
}

static void
test_writer_fails(void **state)
{
    (void)state;
    struct redact_set *set = set_of_one("secret-word-one");
    struct redact_stream stream = { 0 };
    struct buf out = { 0 };
    int calls = 0;
    redact_begin(&stream, set, &mem_default, slice_str("*"));
    struct slice text = slice_str("one secret-word-one two secret-w");
    assert_int_equal(redact_feed(&stream, text, refuse, &calls, NULL), ENVRES_E_CALLBACK);
    assert_int_equal(calls, 1);
    /* Nothing more, and no half of a secret when it goes on. */
    assert_int_equal(redact_feed(&stream, text, refuse, &calls, NULL), ENVRES_E_CALLBACK);
    assert_int_equal(redact_end(&stream, refuse, &calls, NULL), ENVRES_E_CALLBACK);
    assert_int_equal(calls, 1);
    buf_init(&out, &mem_default, false);
    assert_int_equal(redact_feed(&stream, text, collect, &out, NULL), ENVRES_OK);
    assert_int_equal(redact_end(&stream, collect, &out, NULL), ENVRES_OK);
    assert_text(&out, "one * two secret-w");
    buf_free(&out);
    redact_free(&stream);
    redact_set_free(set);
}

/* ---- against a naive masking ----------------------------------------------------------------- */

static uint32_t
draw(uint32_t *random, uint32_t below)
{
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return (uint32_t)(((uint64_t)*random * below) >> 32);
}

enum { SECRETS = 6, SECRET_LEN = 600, TEXT_LEN = 4000, CUTS = 40 };

static int
compare_sizes(const void *a, const void *b)
{
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static envres_status
put_form(void *user, struct slice form, envres_error *err)
{
    struct buf *text = user;
    (void)err;
    /* A part of some forms only: they come one upon the other. */
    size_t len = text->len % 3 == 0 ? form.len / 2 : form.len;
    if (text->len + len < TEXT_LEN)
        buf_add(text, form.data, len);
    return ENVRES_OK;
}

static void
test_against_a_naive_masking(void **state)
{
    (void)state;
    static char bytes[SECRETS][SECRET_LEN];
    static const char *const alphabets[] = { "ab", "abc\n", "aaaaaaab", "/+ \n\"a\xC3", "0123ab" };
    uint32_t random = 20261121;
    size_t masked = 0;
    print_message("seed %u\n", random);
    for (int round = 0; round < 300; round++) {
        struct slice secrets[SECRETS] = { { 0 } };
        size_t cuts[CUTS] = { 0 };
        const char *alphabet = alphabets[draw(&random, COUNT(alphabets))];
        uint32_t letters = (uint32_t)strlen(alphabet);
        size_t count = 1 + draw(&random, SECRETS);
        struct buf text = { 0 };
        struct buf got = { 0 };
        struct buf want = { 0 };
        buf_init(&text, &mem_default, false);
        for (size_t i = 0; i < count; i++) {
            size_t len = draw(&random, draw(&random, 4) == 0 ? SECRET_LEN : 20);
            for (size_t k = 0; k < len; k++)
                bytes[i][k] = alphabet[draw(&random, letters)];
            secrets[i] = slice_of(bytes[i], len);
        }
        for (size_t i = 0; i < count; i++) {
            enum form_verdict verdict = FORMS_ALL;
            for (uint32_t k = draw(&random, 60); k > 0; k--)
                buf_add_char(&text, alphabet[draw(&random, letters)]);
            assert_int_equal(forms_each(&mem_default, secrets[i], put_form, &text, &verdict, NULL),
                             ENVRES_OK);
        }
        for (size_t i = 0; i < CUTS; i++)
            cuts[i] = draw(&random, (uint32_t)text.len + 1);
        qsort(cuts, CUTS, sizeof(cuts[0]), compare_sizes);
        struct redact_set *set = set_of(secrets, count);
        feed(set, slice_of(text.data, text.len), cuts, CUTS, &got);
        naive_redact(secrets, count, slice_of(text.data, text.len), "*", &want);
        assert_int_equal(got.len, want.len);
        if (want.len > 0)
            assert_memory_equal(got.data, want.data, want.len);
        masked += text.len - want.len;
        redact_set_free(set);
        buf_free(&text);
        buf_free(&got);
        buf_free(&want);
    }
    print_message("%zu bytes fewer\n", masked);
    assert_true(masked > 50000);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static const char canary[] = "canary-in-a-coal-mine\nsecond line of it";

static envres_status
mask_all(const struct mem *mem, struct buf *out)
{
    struct redact_set *set = NULL;
    struct redact_stream stream = { 0 };
    enum form_verdict verdict = FORMS_ALL;
    envres_status st = redact_set_new(mem, &set, NULL);
    if (st == ENVRES_OK)
        st = redact_set_add(set, slice_str(canary), &verdict, NULL);
    if (st == ENVRES_OK)
        st = redact_set_close(set, NULL);
    redact_begin(&stream, set, mem, slice_str("*"));
    if (st == ENVRES_OK)
        st = redact_feed(&stream, slice_str("x canary-in-a-"), collect, out, NULL);
    if (st == ENVRES_OK)
        st = redact_feed(&stream, slice_str("coal-mine\nsecond line of it and canary-in"), collect,
                         out, NULL);
    if (st == ENVRES_OK)
        st = redact_end(&stream, collect, out, NULL);
    redact_free(&stream);
    redact_set_free(set);
    return st;
}

static void
test_out_of_memory(void **state)
{
    (void)state;
    for (int n = 0;; n++) {
        struct fx_mem fx = { 0 };
        struct buf out = { 0 };
        fx_mem_fail_at(&fx, n, false);
        fx.canary = "canary-in";
        buf_init(&out, &mem_default, false);
        envres_status st = mask_all(&fx.mem, &out);
        assert_int_equal(st, fx.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        assert_int_equal(fx.blocks, 0);
        assert_int_equal(fx.seen, 0);
        if (!fx.hit)
            assert_text(&out, "x * and canary-in");
        buf_free(&out);
        if (!fx.hit) {
            assert_true(n > 8);
            return;
        }
    }
}

static envres_status
ignore(const char *data, size_t len, void *user)
{
    (void)data;
    *(size_t *)user += len;
    return ENVRES_OK;
}

/* All forms of all secrets have a limit; a text of a secret's own bytes is masked in linear time.
 */
static void
test_limits(void **state)
{
    (void)state;
    enum { BIG = LIMIT_VALUE };
    char *text = malloc(BIG);
    struct redact_set *set = NULL;
    enum form_verdict verdict = FORMS_ALL;
    envres_error *err = envres_error_new(NULL);
    assert_non_null(text);
    memset(text, '<', BIG);
    assert_int_equal(redact_set_new(&mem_default, &set, NULL), ENVRES_OK);
    envres_status st = ENVRES_OK;
    int added = 0;
    for (; st == ENVRES_OK && added < 1000; added++)
        st = redact_set_add(set, slice_of(text, BIG), &verdict, err);
    assert_int_equal(st, ENVRES_E_LIMIT);
    assert_in_range(added, 4, 100);
    assert_null(strstr(envres_error_message(err), "<<"));
    redact_set_free(set);
    set = NULL;
    assert_int_equal(redact_set_new(&mem_default, &set, NULL), ENVRES_OK);
    assert_int_equal(redact_set_add(set, slice_of(text, 100000), &verdict, NULL), ENVRES_OK);
    assert_int_equal(redact_set_close(set, NULL), ENVRES_OK);
    struct redact_stream stream = { 0 };
    size_t written = 0;
    redact_begin(&stream, set, &mem_default, slice_str("*"));
    assert_int_equal(redact_feed(&stream, slice_of(text, 300000), ignore, &written, NULL),
                     ENVRES_OK);
    assert_int_equal(redact_end(&stream, ignore, &written, NULL), ENVRES_OK);
    assert_int_equal(written, 1);
    redact_free(&stream);
    redact_set_free(set);
    envres_error_free(err);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_held_back),
        cmocka_unit_test(test_writer_fails),
        cmocka_unit_test(test_against_a_naive_masking),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
