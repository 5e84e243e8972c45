/* SPDX-License-Identifier: MIT */
/*
 * The matcher: what is a whole token, order of matches, patterns with the same beginning, a naive
 * search as second opinion, refused memory, and that no block is given back with anything in it.
 */
#include "base/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fx_mem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SEEN_MAX = 100000 };

struct match {
    uint32_t number;
    size_t offset;
    size_t len;
};

struct seen {
    size_t count;
    size_t stop_after; /* 0: never */
    struct match rows[SEEN_MAX];
};

static struct seen seen;

static bool
note(void *user, uint32_t number, size_t offset, size_t len)
{
    struct seen *to = user;
    assert_in_range(to->count, 0, SEEN_MAX - 1);
    to->rows[to->count++] = (struct match){ number, offset, len };
    return to->count != to->stop_after;
}

static struct matcher *
new_matcher(void)
{
    struct matcher *matcher = NULL;
    assert_int_equal(matcher_new(&mem_default, &matcher, NULL), ENVRES_OK);
    return matcher;
}

static void
add(struct matcher *matcher, const char *pattern, uint32_t number, bool whole)
{
    assert_int_equal(matcher_add(matcher, slice_str(pattern), number, whole, NULL), ENVRES_OK);
}

static void
run(struct matcher *matcher, const char *text, size_t len)
{
    memset(&seen, 0, sizeof(seen));
    assert_int_equal(matcher_run(matcher, slice_of(text, len), note, &seen, NULL), ENVRES_OK);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static void
test_whole_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *pattern;
        const char *text;
        int whole; /* matches as a whole token; as a part there is always one */
    } rows[] = {
        { "alone", "db.internal", "db.internal", 1 },
        { "in a URL", "db.staging.internal", "https://db.staging.internal:5432/x", 1 },
        { "at the end of a sentence", "db.staging.internal", "on db.staging.internal.", 1 },
        { "before the next sentence", "db.staging.internal", "db.staging.internal. Then", 1 },
        { "quoted", "staging", "\"staging\"", 1 },
        { "between spaces", "staging", "a staging b", 1 },
        { "in a list", "staging", "x,staging,y", 1 },
        { "on a line", "staging", "x\nstaging\ny", 1 },
        { "a dash after it", "staging", "staging - as it is", 1 },
        { "a dash at the end", "staging", "staging-", 1 },
        { "a dash at the start", "staging", "-staging", 1 },
        { "an option", "staging", "--staging", 1 },
        { "a schema in SQL", "depot_live", "SELECT 1 FROM depot_live.orders", 1 },
        { "a schema behind another", "depot_live", "main.depot_live.orders", 0 },
        { "a column of a table", "orders", "t.orders", 0 },
        { "a host that goes on", "db.internal", "db.internal.example", 0 },
        { "a host with a hyphen that goes on", "staging-db", "staging-db.internal", 0 },
        { "dots around", "staging", "..staging..", 1 },
        { "dot and quote", "staging", "'x'.'staging.'", 1 },
        { "as a folder", "staging", "/srv/staging/x", 1 },
        { "before NUL-like bytes", "staging", "\x01staging\x02", 1 },
        { "with a name before it", "staging", "user@staging", 1 },
        { "a letter before", "staging", "xstaging", 0 },
        { "a letter after", "staging", "stagings", 0 },
        { "a capital after", "staging", "stagingX", 0 },
        { "a digit after", "staging", "staging2", 0 },
        { "a digit before", "staging", "0staging", 0 },
        { "an underscore after", "staging", "staging_db", 0 },
        { "an underscore before", "staging", "_staging", 0 },
        { "beyond ASCII after", "staging", "staging\xC3\xA9", 0 },
        { "beyond ASCII before", "staging", "\xC3\xA9staging", 0 },
        { "a word joined by a hyphen", "staging", "staging-db", 0 },
        { "a word joined by a hyphen before", "staging", "db-staging", 0 },
        { "a name ended by a dot", "staging", "staging.internal", 1 },
        { "a name joined by a dot before", "staging", "db.staging", 0 },
        { "a digit behind the dot", "staging", "staging.2", 1 },
        { "an underscore joined", "staging", "x_-staging", 0 },
        { "a longer host", "db.internal", "old.db.internal", 0 },
        { "a longer port", "db.internal:54", "db.internal:5432", 0 },
        { "an edge that is no word", "staging/", "staging/x", 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("%s\n", rows[i].name);
        struct matcher *matcher = new_matcher();
        add(matcher, rows[i].pattern, 1, true);
        run(matcher, rows[i].text, strlen(rows[i].text));
        assert_int_equal(seen.count, rows[i].whole);
        add(matcher, rows[i].pattern, 2, false);
        run(matcher, rows[i].text, strlen(rows[i].text));
        assert_int_equal(seen.count, rows[i].whole + 1);
        const char *found = strstr(rows[i].text, rows[i].pattern);
        for (size_t k = 0; k < seen.count; k++) {
            assert_ptr_equal(rows[i].text + seen.rows[k].offset, found);
            assert_int_equal(seen.rows[k].len, strlen(rows[i].pattern));
        }
        matcher_free(matcher);
    }
}

/* ---- order and edges ------------------------------------------------------------------------- */

static void
assert_matches(const struct match *wanted, size_t count)
{
    assert_int_equal(seen.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(seen.rows[i].number, wanted[i].number);
        assert_int_equal(seen.rows[i].offset, wanted[i].offset);
        assert_int_equal(seen.rows[i].len, wanted[i].len);
    }
}

static void
test_order(void **state)
{
    (void)state;
    struct matcher *matcher = new_matcher();
    add(matcher, "abcdef", 10, false);
    add(matcher, "abcdefgh", 11, false);
    add(matcher, "abcdefghij", 12, false);
    add(matcher, "cdefghij", 13, false);
    add(matcher, "abcdefgh", 14, false); /* the same again: after the first */
    add(matcher, "abcdefzz", 15, false);
    add(matcher, "abcdeg", 16, false);
    add(matcher, "defghi", 17, true); /* inside a word: never */
    const struct match wanted[] = { { 12, 2, 10 }, { 11, 2, 8 },  { 14, 2, 8 },  { 10, 2, 6 },
                                    { 13, 4, 8 },  { 15, 13, 8 }, { 10, 13, 6 }, { 10, 22, 6 } };
    const char text[] = "--abcdefghij-abcdefzz-abcdef";
    run(matcher, text, sizeof(text) - 1);
    assert_matches(wanted, COUNT(wanted));
    run(matcher, text, sizeof(text) - 1);
    assert_matches(wanted, COUNT(wanted));
    /* Cut: what would go on behind the end is no match. */
    run(matcher, text + 2, 9);
    const struct match shorter[] = { { 11, 0, 8 }, { 14, 0, 8 }, { 10, 0, 6 } };
    assert_matches(shorter, COUNT(shorter));
    memset(&seen, 0, sizeof(seen));
    seen.stop_after = 2;
    assert_int_equal(matcher_run(matcher, slice_str(text), note, &seen, NULL), ENVRES_OK);
    assert_int_equal(seen.count, 2);
    matcher_free(matcher);
}

static void
test_edges(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    struct matcher *matcher = new_matcher();
    run(matcher, "nothing to look for", 19);
    assert_int_equal(seen.count, 0);
    assert_int_equal(matcher_add(matcher, slice_of("abcdef", 5), 1, false, err), ENVRES_E_INVALID);
    assert_null(strstr(envres_error_message(err), "abcde"));
    assert_int_equal(matcher_add(matcher, slice_of(NULL, 0), 1, false, NULL), ENVRES_E_INVALID);
    assert_int_equal(matcher_add(matcher, slice_of("a\0b\0c\xFF", 6), 7, false, err), ENVRES_OK);
    run(matcher, NULL, 0);
    run(matcher, "a\0b\0c", 5);
    assert_int_equal(seen.count, 0);
    run(matcher, "a\0b\0c\xFF", 6);
    assert_int_equal(seen.count, 1);
    run(matcher, "a\0b\0a\0b\0c\xFF-", 11);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.rows[0].offset, 4);
    matcher_free(matcher);
    matcher_free(NULL);
    envres_error_free(err);
}

/* Thousands of patterns with a long beginning in common, and all prefixes of one text. */
static void
test_long_beginnings(void **state)
{
    (void)state;
    enum { PATTERNS = 3000, PREFIX = 300, DEEP = 400 };
    struct matcher *matcher = new_matcher();
    char pattern[PREFIX + 16];
    memset(pattern, 'p', PREFIX);
    for (uint32_t i = 0; i < PATTERNS; i++) {
        snprintf(pattern + PREFIX, 16, "%04u;", i);
        add(matcher, pattern, i, false);
    }
    struct buf text;
    buf_init(&text, &mem_default, false);
    for (int i = 0; i < 2000; i++)
        buf_add_char(&text, 'p'); /* every place begins like all patterns */
    snprintf(pattern + PREFIX, 16, "%04u;", 1234u);
    buf_add_str(&text, pattern);
    run(matcher, text.data, text.len);
    const struct match wanted = { 1234, 2000, PREFIX + 5 };
    assert_matches(&wanted, 1);
    char deep[DEEP];
    memset(deep, 'd', DEEP);
    for (uint32_t i = MATCH_MIN; i <= DEEP; i++)
        assert_int_equal(matcher_add(matcher, slice_of(deep, i), i, false, NULL), ENVRES_OK);
    run(matcher, deep, DEEP);
    size_t at = 0;
    for (size_t offset = 0; offset + MATCH_MIN <= DEEP; offset++) {
        for (size_t len = DEEP - offset; len >= MATCH_MIN; len--, at++) {
            assert_int_equal(seen.rows[at].offset, offset);
            assert_int_equal(seen.rows[at].len, len);
            assert_int_equal(seen.rows[at].number, len);
        }
    }
    assert_int_equal(seen.count, at);
    buf_free(&text);
    matcher_free(matcher);
}

/* More patterns than the smallest tables hold: each is found where it stands, and nothing else. */
static void
test_many_patterns(void **state)
{
    (void)state;
    enum { PATTERNS = 40000 };
    struct matcher *matcher = new_matcher();
    struct buf text;
    char pattern[16];
    buf_init(&text, &mem_default, false);
    for (uint32_t i = 0; i < PATTERNS; i++) {
        snprintf(pattern, sizeof(pattern), "<<%u.%u>>", i * 2654435761u, i % 10);
        add(matcher, pattern, i, true);
        buf_add_str(&text, pattern);
    }
    run(matcher, text.data, text.len);
    assert_int_equal(seen.count, PATTERNS);
    for (uint32_t i = 0; i < PATTERNS; i++)
        assert_int_equal(seen.rows[i].number, i);
    buf_free(&text);
    matcher_free(matcher);
}

/* ---- against a naive search ------------------------------------------------------------------ */

static uint32_t
draw(uint32_t *random, uint32_t below)
{
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return (uint32_t)(((uint64_t)*random * below) >> 32);
}

enum { PATTERNS_MAX = 40, PATTERN_LEN = 14, TEXT_LEN = 400 };

struct naive {
    uint32_t count;
    size_t lens[PATTERNS_MAX];
    bool whole[PATTERNS_MAX];
    char patterns[PATTERNS_MAX][PATTERN_LEN];
    char text[TEXT_LEN];
};

static bool
in(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool
touches(const struct naive *naive, size_t at, int step)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    /* One byte out of the text is size_t's end, which is beyond it too. */
    if (at >= TEXT_LEN)
        return false;
    char c = naive->text[at];
    size_t next = at + (size_t)step;
    return in(c, word) || (unsigned char)c > 127 ||
           (in(c, "-.") && next < TEXT_LEN && in(naive->text[next], word));
}

static bool
is_name(const struct naive *naive, uint32_t number)
{
    for (size_t i = 0; i < naive->lens[number]; i++) {
        char c = naive->patterns[number][i];
        if (in(c, "-.,; ") || (unsigned char)c > 127)
            return false;
    }
    return true;
}

static bool
ends_at_dot(const struct naive *naive, uint32_t number, size_t end)
{
    return end < TEXT_LEN && naive->text[end] == '.' && is_name(naive, number);
}

static size_t
search_slowly(const struct naive *naive, struct match *out)
{
    size_t count = 0;
    for (size_t at = 0; at < TEXT_LEN; at++) {
        for (size_t len = PATTERN_LEN; len >= MATCH_MIN; len--) {
            for (uint32_t i = 0; i < naive->count && at + len <= TEXT_LEN; i++) {
                if (naive->lens[i] != len ||
                    memcmp(naive->text + at, naive->patterns[i], len) != 0 ||
                    (naive->whole[i] &&
                     (touches(naive, at - 1, -1) ||
                      (touches(naive, at + len, 1) && !ends_at_dot(naive, i, at + len)))))
                    continue;
                out[count++] = (struct match){ i, at, len };
            }
        }
    }
    return count;
}

/* Of the matches at one offset the first, which is the longest, alone. */
static void
assert_cover(struct matcher *matcher, const struct naive *naive, const struct match *all,
             size_t count)
{
    static struct match longest[SEEN_MAX];
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || all[i].offset != all[i - 1].offset)
            longest[kept++] = all[i];
    }
    memset(&seen, 0, sizeof(seen));
    assert_int_equal(matcher_cover(matcher, slice_of(naive->text, TEXT_LEN), note, &seen, NULL),
                     ENVRES_OK);
    assert_matches(longest, kept);
}

static size_t
open_end_slowly(const struct naive *naive, size_t end)
{
    for (size_t at = 0; at < end; at++) {
        for (uint32_t i = 0; i < naive->count; i++) {
            if (naive->lens[i] > end - at &&
                memcmp(naive->patterns[i], naive->text + at, end - at) == 0)
                return at;
        }
    }
    return end;
}

/* At every length of the text. */
static size_t
assert_open_ends(struct matcher *matcher, const struct naive *naive)
{
    size_t open = 0;
    assert_int_equal(matcher_build(matcher, NULL), ENVRES_OK);
    for (size_t end = 0; end <= TEXT_LEN; end++) {
        size_t wanted = open_end_slowly(naive, end);
        assert_int_equal(matcher_open_end(matcher, slice_of(naive->text, end)), wanted);
        open += wanted < end;
    }
    return open;
}

static void
test_against_a_naive_search(void **state)
{
    (void)state;
    static struct match wanted[SEEN_MAX];
    static const char *const alphabets[] = { "ab",        "aab-", "ab.-_ ", "a.\xC3\xA9",
                                             "aaaaaaaab", " -.a", ",; a_" };
    uint32_t random = 20250311;
    size_t total = 0;
    size_t whole = 0;
    size_t open = 0;
    print_message("seed %u\n", random);
    for (int round = 0; round < 1500; round++) {
        struct naive naive = { .count = draw(&random, PATTERNS_MAX) };
        const char *alphabet = alphabets[draw(&random, COUNT(alphabets))];
        uint32_t letters = (uint32_t)strlen(alphabet);
        struct matcher *matcher = new_matcher();
        for (size_t i = 0; i < TEXT_LEN; i++)
            naive.text[i] = alphabet[draw(&random, letters)];
        for (uint32_t i = 0; i < naive.count; i++) {
            size_t len = MATCH_MIN + draw(&random, PATTERN_LEN - MATCH_MIN + 1);
            size_t from = draw(&random, 2 * (TEXT_LEN - PATTERN_LEN));
            for (size_t k = 0; k < len; k++)
                naive.patterns[i][k] = from + len <= TEXT_LEN ? naive.text[from + k]
                                                              : alphabet[draw(&random, letters)];
            naive.lens[i] = len;
            naive.whole[i] = draw(&random, 2) == 0;
            assert_int_equal(
                matcher_add(matcher, slice_of(naive.patterns[i], len), i, naive.whole[i], NULL),
                ENVRES_OK);
            if (draw(&random, 16) == 0)
                run(matcher, naive.text, TEXT_LEN); /* tables are built, and dropped again */
        }
        size_t count = search_slowly(&naive, wanted);
        run(matcher, naive.text, TEXT_LEN);
        assert_matches(wanted, count);
        if (round % 10 == 0)
            open += assert_open_ends(matcher, &naive);
        for (size_t i = 0; i < count; i++)
            whole += naive.whole[wanted[i].number];
        for (uint32_t i = 0; i < naive.count; i++)
            naive.whole[i] = false;
        matcher_free(matcher);
        matcher = new_matcher();
        for (uint32_t i = 0; i < naive.count; i++)
            assert_int_equal(
                matcher_add(matcher, slice_of(naive.patterns[i], naive.lens[i]), i, false, NULL),
                ENVRES_OK);
        count = search_slowly(&naive, wanted);
        assert_cover(matcher, &naive, wanted, count);
        matcher_free(matcher);
        total += count;
    }
    print_message("%zu matches, %zu of whole tokens, %zu open ends\n", total, whole, open);
    assert_true(total > 50000 && whole > 500 && open > 5000);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void
test_out_of_memory(void **state)
{
    (void)state;
    for (int n = 0;; n++) {
        struct fx_mem fx;
        struct matcher *matcher = NULL;
        fx_mem_fail_at(&fx, n, false);
        envres_status st = matcher_new(&fx.mem, &matcher, NULL);
        if (st < 0)
            assert_null(matcher);
        uint32_t added = 0;
        while (st == ENVRES_OK && added < 50) {
            char pattern[32];
            snprintf(pattern, sizeof(pattern), "%u-of-the-patterns", added);
            st = matcher_add(matcher, slice_str(pattern), added, false, NULL);
            added += st == ENVRES_OK;
        }
        memset(&seen, 0, sizeof(seen));
        if (st == ENVRES_OK)
            st = matcher_run(matcher, slice_str("0-of-the-patterns"), note, &seen, NULL);
        assert_int_equal(st, fx.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        if (matcher && fx.hit) {
            /* It is as it was, and goes on. */
            assert_int_equal(seen.count, 0);
            assert_int_equal(matcher_add(matcher, slice_str("another one"), 99, false, NULL),
                             ENVRES_OK);
            assert_int_equal(matcher_run(matcher, slice_str("another one; 0-of-the-patterns"), note,
                                         &seen, NULL),
                             ENVRES_OK);
            assert_int_equal(seen.count, added > 0 ? 2 : 1);
            assert_int_equal(seen.rows[0].number, 99);
        }
        matcher_free(matcher);
        assert_int_equal(fx.blocks, 0);
        if (fx.hit == 0) {
            assert_int_equal(seen.count, 1);
            assert_true(n > 8);
            return;
        }
    }
}

/* An allocator that counts blocks which are given back with a byte that is not zero. */
struct strict {
    int blocks;
    int dirty;
};

static void *
strict_reallocate(void *ptr, size_t size, void *user)
{
    struct strict *strict = user;
    max_align_t *block = ptr;
    if (size > 0) {
        assert_null(ptr);
        block = malloc(sizeof(*block) + size);
        assert_non_null(block);
        memcpy(block, &size, sizeof(size));
        strict->blocks++;
        return block + 1;
    }
    const unsigned char *bytes = ptr;
    size_t dirty = 0;
    memcpy(&size, --block, sizeof(size));
    for (size_t i = 0; i < size; i++)
        dirty += bytes[i] != 0;
    strict->dirty += dirty > 0;
    strict->blocks--;
    free(block);
    return NULL;
}

static void
test_wiped(void **state)
{
    (void)state;
    struct strict strict = { 0, 0 };
    struct mem mem = { strict_reallocate, &strict };
    struct matcher *matcher = NULL;
    char *control = mem_copy(&mem, "seen", 4);
    mem_free(&mem, control);
    assert_int_equal(strict.dirty, 1);
    assert_int_equal(matcher_new(&mem, &matcher, NULL), ENVRES_OK);
    for (uint32_t i = 0; i < 500; i++) {
        char pattern[64];
        snprintf(pattern, sizeof(pattern), "correct horse battery staple %u", i);
        add(matcher, pattern, i, i % 2 == 0);
        if (i % 100 == 0)
            run(matcher, pattern, strlen(pattern));
    }
    run(matcher, "the correct horse battery staple 7", 34);
    assert_int_equal(seen.count, 1);
    assert_true(strict.blocks >= 6);
    matcher_free(matcher);
    assert_int_equal(strict.blocks, 0);
    assert_int_equal(strict.dirty, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_tokens),  cmocka_unit_test(test_order),
        cmocka_unit_test(test_edges),         cmocka_unit_test(test_long_beginnings),
        cmocka_unit_test(test_many_patterns), cmocka_unit_test(test_against_a_naive_search),
        cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
