/* SPDX-License-Identifier: MIT */
/*
 * Tags: the shared vectors (the examples of the specification among them), the limits, and the
 * precedence of random tags against a comparison that follows the words of point 11.
 */
#include "base/semver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envres/release.h>

#include "base/json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- shared vectors -------------------------------------------------------------------------- */

struct vectors {
    char *text;
    struct json_doc *doc;
    char strings[8][512]; /* a ring of what text_of() gave */
    size_t turn;
    uint32_t seen;
};

static void
load(struct vectors *v)
{
    memset(v, 0, sizeof(*v));
    FILE *file = fopen(TEST_VECTORS "/semver.json", "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    size_t len = (size_t)ftell(file);
    rewind(file);
    v->text = malloc(len);
    assert_non_null(v->text);
    assert_int_equal(fread(v->text, 1, len, file), len);
    fclose(file);
    assert_int_equal(json_parse(&mem_default, v->text, len, &v->doc, NULL), ENVRES_OK);
}

static const char *
string_of(struct vectors *v, uint32_t node)
{
    char *place = v->strings[v->turn++ % COUNT(v->strings)];
    struct buf buf;
    assert_int_not_equal(node, JSON_NONE);
    if (json_kind_of(v->doc, node) == JSON_NULL)
        return NULL;
    assert_int_equal(json_kind_of(v->doc, node), JSON_STRING);
    buf_init(&buf, &mem_default, false);
    json_string(v->doc, node, &buf);
    buf_add_char(&buf, '\0');
    assert_true(buf.len <= sizeof(v->strings[0]));
    memcpy(place, buf.data, buf.len);
    buf_free(&buf);
    return place;
}

static const char *
text_of(struct vectors *v, uint32_t row, const char *key)
{
    return string_of(v, json_member(v->doc, row, key));
}

static int64_t
integer_of(struct vectors *v, uint32_t row, const char *key)
{
    struct json_number number = { 0 };
    struct slice span = json_span(v->doc, json_member(v->doc, row, key));
    assert_int_equal(json_number(span.data, span.len, &number, NULL), ENVRES_OK);
    return number.integer;
}

static void
check_valid(struct vectors *v, uint32_t row)
{
    struct semver out;
    char release[80];
    const char *text = text_of(v, row, "text");
    uint32_t prerelease = json_member(v->doc, row, "prerelease");
    assert_int_equal(semver_read(slice_str(text), &out, NULL), ENVRES_OK);
    snprintf(release, sizeof(release), "%lld.%lld.%lld", (long long)out.major, (long long)out.minor,
             (long long)out.patch);
    assert_string_equal(release, text_of(v, row, "release"));
    assert_int_equal(out.is_prerelease, json_kind_of(v->doc, prerelease) == JSON_TRUE);
    assert_string_equal(out.text, text[0] == 'v' ? text + 1 : text);
}

static void
check_refused(struct vectors *v, uint32_t row, envres_status status)
{
    struct semver out;
    struct semver before;
    const char *text = text_of(v, row, "text");
    envres_error *err = envres_error_new(NULL);
    memset(&out, 0x5A, sizeof(out));
    before = out;
    assert_int_equal(semver_read(slice_str(text), &out, err), status);
    assert_memory_equal(&out, &before, sizeof(out));
    assert_int_equal(envres_error_offset(err), integer_of(v, row, "offset"));
    assert_int_equal(envres_error_line(err), 1);
    if (status == ENVRES_E_TAG) {
        const char *mentions = text_of(v, row, "mentions");
        const char *hint = envres_error_hint(err);
        assert_true(hint[0] != '\0');
        if (!strstr(envres_error_message(err), mentions) && !strstr(hint, mentions))
            fail_msg("'%s': %s (%s)", text, envres_error_message(err), hint);
    }
    envres_error_free(err);
    assert_int_equal(semver_read(slice_str(text), &out, NULL), status);
}

/* Every tag of a chain against every other: equal in one step of it, else by the steps' order. */
static void
check_chain(struct vectors *v, uint32_t row)
{
    struct semver tags[64];
    int steps[64];
    int count = 0;
    int step = 0;
    uint32_t chain = json_member(v->doc, row, "chain");
    print_message("    %s\n", text_of(v, row, "name"));
    for (uint32_t equal = json_first(v->doc, chain); equal != JSON_NONE;
         equal = json_next(v->doc, equal), step++) {
        for (uint32_t tag = json_first(v->doc, equal); tag != JSON_NONE;
             tag = json_next(v->doc, tag)) {
            assert_in_range(count, 0, COUNT(tags) - 1);
            steps[count] = step;
            assert_int_equal(semver_read(slice_str(string_of(v, tag)), &tags[count++], NULL),
                             ENVRES_OK);
        }
    }
    assert_true(step >= 2);
    for (int a = 0; a < count; a++) {
        for (int b = 0; b < count; b++) {
            int order = semver_compare(&tags[a], &tags[b]);
            if ((order > 0) - (order < 0) != (steps[a] > steps[b]) - (steps[a] < steps[b]))
                fail_msg("%s against %s: %d", tags[a].text, tags[b].text, order);
        }
    }
}

static void
check_next(struct vectors *v, uint32_t row)
{
    struct semver from;
    struct semver next = { 0 };
    const char *given = text_of(v, row, "from");
    const char *name = text_of(v, row, "bump");
    uint32_t bump = strcmp(name, "major") == 0   ? ENVRES_BUMP_MAJOR
                    : strcmp(name, "minor") == 0 ? ENVRES_BUMP_MINOR
                                                 : ENVRES_BUMP_PATCH;
    print_message("    %s of %s\n", name, given ? given : "nothing");
    if (given)
        assert_int_equal(semver_read(slice_str(given), &from, NULL), ENVRES_OK);
    envres_status st = semver_next(given ? &from : NULL, bump, &next, NULL);
    if (json_member(v->doc, row, "error") != JSON_NONE) {
        assert_string_equal(envres_status_name(st), text_of(v, row, "error"));
        assert_int_equal(next.order_len, 0);
        return;
    }
    assert_int_equal(st, ENVRES_OK);
    assert_string_equal(next.text, text_of(v, row, "to"));
    assert_false(next.is_prerelease);
    if (given)
        assert_true(semver_compare(&next, &from) > 0);
}

static void
test_vectors(void **state)
{
    (void)state;
    struct vectors v;
    load(&v);
    static const char *const lists[] = { "valid", "limit", "invalid", "precedence", "next" };
    int official = 0;
    for (size_t i = 0; i < COUNT(lists); i++) {
        uint32_t list = json_member(v.doc, 0, lists[i]);
        print_message("%s\n", lists[i]);
        for (uint32_t row = json_first(v.doc, list); row != JSON_NONE;
             row = json_next(v.doc, row)) {
            uint32_t mark = json_member(v.doc, row, "official");
            v.seen++;
            official += mark != JSON_NONE && json_kind_of(v.doc, mark) == JSON_TRUE;
            if (i < 3)
                print_message("    '%s'\n", text_of(&v, row, "text"));
            if (i == 0)
                check_valid(&v, row);
            else if (i < 3)
                check_refused(&v, row, i == 1 ? ENVRES_E_LIMIT : ENVRES_E_TAG);
            else if (i == 3)
                check_chain(&v, row);
            else
                check_next(&v, row);
        }
    }
    assert_int_equal(v.seen, integer_of(&v, 0, "count"));
    /* 31 valid and 40 invalid ones */
    assert_int_equal(official, 71);
    json_free(v.doc);
    free(v.text);
}

/* ---- what a vector cannot say ---------------------------------------------------------------- */

static void
test_order_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *bytes;
        size_t len;
    } rows[] = {
        { "1.2.3",
          "\0\0\0\0\0\0\0\1"
          "\0\0\0\0\0\0\0\2"
          "\0\0\0\0\0\0\0\3"
          "\xFF",
          25 },
        { "v0.0.258-rc.258+b",
          "\0\0\0\0\0\0\0\0"
          "\0\0\0\0\0\0\0\0"
          "\0\0\0\0\0\0\1\2"
          "\2rc\0"
          "\1\0\0\0\0\0\0\1\2"
          "\0",
          38 },
        { "9223372036854775807.0.0-0",
          "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
          "\0\0\0\0\0\0\0\0"
          "\0\0\0\0\0\0\0\0"
          "\1\0\0\0\0\0\0\0\0"
          "\0",
          34 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct semver out;
        print_message("%s\n", rows[i].text);
        assert_int_equal(semver_read(slice_str(rows[i].text), &out, NULL), ENVRES_OK);
        assert_int_equal(out.order_len, rows[i].len);
        assert_memory_equal(out.order, rows[i].bytes, rows[i].len);
    }
}

/* The longest text, made of what takes the most room in the order. */
/* Characters around those that identifiers are made of; and of two numbers that are too large, the
 * first is the one that is shown. */
static void
test_edges(void **state)
{
    static const char around[] = "/:@[`{";
    static const char ends[] = "09AZaz-";
    envres_error *err = envres_error_new(NULL);
    struct semver out = { 0 };
    (void)state;
    for (size_t i = 0; i + 1 < sizeof(around); i++) {
        char text[] = "1.2.3-x?";
        text[7] = around[i];
        assert_int_equal(semver_read(slice_str(text), &out, err), ENVRES_E_TAG);
        assert_int_equal(envres_error_offset(err), 7);
    }
    for (size_t i = 0; i + 1 < sizeof(ends); i++) {
        char text[] = "1.2.3-x?";
        text[7] = ends[i];
        assert_int_equal(semver_read(slice_str(text), &out, err), ENVRES_OK);
    }
    assert_int_equal(
        semver_read(slice_str("1.99999999999999999999.88888888888888888888"), &out, err),
        ENVRES_E_LIMIT);
    assert_int_equal(envres_error_offset(err), 2);
    /* A part is missing before what follows it, or a character is wrong. */
    static const char *const missing[] = { "1", "1.2", "1-a", "1.2-a", "1+b", "1.2+b" };
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        assert_int_equal(semver_read(slice_str(missing[i]), &out, err), ENVRES_E_TAG);
        assert_non_null(strstr(envres_error_message(err), "is missing"));
    }
    assert_int_equal(semver_read(slice_str("1.2!"), &out, err), ENVRES_E_TAG);
    assert_null(strstr(envres_error_message(err), "is missing"));
    envres_error_free(err);
}

static void
test_length(void **state)
{
    (void)state;
    char text[LIMIT_TAG + 3] = "v1.2.3-";
    struct semver out;
    for (size_t i = 7; i < LIMIT_TAG + 1; i++)
        text[i] = i % 2 == 0 ? '.' : '7';
    assert_int_equal(semver_read(slice_of(text, LIMIT_TAG + 1), &out, NULL), ENVRES_OK);
    assert_int_equal(strlen(out.text), LIMIT_TAG);
    assert_int_equal(out.order_len, 24 + 125 * 9 + 1);
    assert_true(out.order_len <= SEMVER_ORDER);
    assert_int_equal(semver_read(slice_of(text + 1, LIMIT_TAG), &out, NULL), ENVRES_OK);
    text[LIMIT_TAG + 1] = 'a';
    assert_int_equal(semver_read(slice_of(text, LIMIT_TAG + 2), &out, NULL), ENVRES_E_LIMIT);
    assert_int_equal(semver_read(slice_of(text + 1, LIMIT_TAG + 1), &out, NULL), ENVRES_E_LIMIT);
    assert_int_equal(semver_read(slice_of("1.2.3\0", 6), &out, NULL), ENVRES_E_TAG);
    assert_int_equal(semver_read(slice_of(NULL, 0), &out, NULL), ENVRES_E_TAG);
}

static void
test_next_of_itself(void **state)
{
    (void)state;
    struct semver tag;
    assert_int_equal(semver_read(slice_str("1.2.3-rc.1"), &tag, NULL), ENVRES_OK);
    assert_int_equal(semver_next(&tag, ENVRES_BUMP_MINOR, &tag, NULL), ENVRES_OK);
    assert_string_equal(tag.text, "1.3.0");
    assert_int_equal(semver_next(&tag, ENVRES_BUMP_NONE, &tag, NULL), ENVRES_E_INVALID);
    assert_int_equal(semver_next(&tag, ENVRES_BUMP_PATCH + 1, &tag, NULL), ENVRES_E_INVALID);
    assert_string_equal(tag.text, "1.3.0");
}

/* ---- precedence ------------------------------------------------------------------------------ */

static uint32_t
draw(uint32_t *random, uint32_t below)
{
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return (uint32_t)(((uint64_t)*random * below) >> 32);
}

/* Few numbers, letters and lengths, so that many tags share a beginning. */
static void
make_tag(uint32_t *random, char out[128])
{
    static const char *const identifiers[] = {
        "0",         "1", "2", "9",  "10", "11", "99", "100", "a",  "aa", "ab",
        "b",         "A", "-", "--", "a-", "-a", "0a", "1a",  "1-", "rc", "9223372036854775807",
        "4294967296"
    };
    static const char *const numbers[] = { "0", "1", "2", "9", "10", "255", "256", "4294967296" };
    int len = snprintf(out, 128, "%s.%s.%s", numbers[draw(random, 2)], numbers[draw(random, 2)],
                       numbers[draw(random, COUNT(numbers))]);
    uint32_t count = draw(random, 4);
    for (uint32_t i = 0; i < count; i++)
        len += snprintf(out + len, 128 - (size_t)len, "%c%s", i == 0 ? '-' : '.',
                        identifiers[draw(random, COUNT(identifiers))]);
    if (draw(random, 4) == 0)
        snprintf(out + len, 128 - (size_t)len, "+%u", draw(random, 3));
}

/* The same tag with something behind it: equal, or just after. */
static void
make_neighbour(uint32_t *random, const char *tag, char out[128])
{
    static const char *const more[] = { "", "+1", "+a.0", ".0", ".a", "-", "-.0" };
    size_t len = strcspn(tag, "+");
    bool is_prerelease = memchr(tag, '-', len) != NULL;
    snprintf(out, 128, "%.*s%s", (int)len, tag, more[draw(random, is_prerelease ? 7 : 3)]);
}

static int
sign(long long a, long long b)
{
    return (a > b) - (a < b);
}

/* Identifiers of pre-releases, or numbers; each up to the next dot. */
static int
compare_dotted(const char *a, const char *b)
{
    while (*a && *b) {
        size_t a_len = strcspn(a, ".");
        size_t b_len = strcspn(b, ".");
        bool a_digits = strspn(a, "0123456789") == a_len;
        bool b_digits = strspn(b, "0123456789") == b_len;
        int order;
        if (a_digits && b_digits) {
            order = sign(strtoll(a, NULL, 10), strtoll(b, NULL, 10));
        } else if (a_digits != b_digits) {
            order = a_digits ? -1 : 1;
        } else {
            order = strncmp(a, b, a_len < b_len ? a_len : b_len);
            if (order == 0)
                order = sign((long long)a_len, (long long)b_len);
        }
        if (order != 0)
            return order;
        a += a_len + (a[a_len] == '.');
        b += b_len + (b[b_len] == '.');
    }
    return (*a != '\0') - (*b != '\0');
}

static int
compare_slowly(const char *a, const char *b)
{
    char copies[2][128];
    const char *given[2] = { a, b };
    const char *prereleases[2];
    for (int i = 0; i < 2; i++) {
        snprintf(copies[i], sizeof(copies[i]), "%s", given[i]);
        copies[i][strcspn(copies[i], "+")] = '\0';
        char *hyphen = strchr(copies[i], '-');
        prereleases[i] = hyphen ? hyphen + 1 : NULL;
        if (hyphen)
            *hyphen = '\0';
    }
    int order = compare_dotted(copies[0], copies[1]);
    if (order != 0)
        return order;
    if (!prereleases[0] || !prereleases[1])
        return (prereleases[0] == NULL) - (prereleases[1] == NULL);
    return compare_dotted(prereleases[0], prereleases[1]);
}

static void
test_precedence_against_the_words(void **state)
{
    (void)state;
    uint32_t random = 20250117;
    int counts[3] = { 0, 0, 0 };
    print_message("seed %u\n", random);
    for (int round = 0; round < 100000; round++) {
        char texts[2][128];
        struct semver tags[2];
        make_tag(&random, texts[0]);
        if (round % 4 == 0)
            make_neighbour(&random, texts[0], texts[1]);
        else
            make_tag(&random, texts[1]);
        for (int i = 0; i < 2; i++) {
            if (semver_read(slice_str(texts[i]), &tags[i], NULL) < 0)
                fail_msg("%s", texts[i]);
        }
        int expected = compare_slowly(texts[0], texts[1]);
        int order = semver_compare(&tags[0], &tags[1]);
        if (sign(order, 0) != sign(expected, 0))
            fail_msg("%s against %s: %d, not %d", texts[0], texts[1], order, expected);
        assert_int_equal(sign(semver_compare(&tags[1], &tags[0]), 0), -sign(order, 0));
        counts[sign(order, 0) + 1]++;
    }
    print_message("%d before, %d equal, %d after\n", counts[0], counts[1], counts[2]);
    assert_true(counts[0] > 1000 && counts[1] > 1000 && counts[2] > 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),        cmocka_unit_test(test_order_bytes),
        cmocka_unit_test(test_edges),          cmocka_unit_test(test_length),
        cmocka_unit_test(test_next_of_itself), cmocka_unit_test(test_precedence_against_the_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
