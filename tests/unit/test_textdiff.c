/* SPDX-License-Identifier: MIT */
/*
 * Text diffs: known cases to the byte; an applier of our own, which takes nothing on trust; patch
 * and git apply on the same cases; random edits, with the length of the shortest diff computed the
 * slow way; the bounds; refused memory.
 */
#include "base/textdiff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "fx_mem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct row {
    const char *name;
    const char *from;
    const char *to;
    const char *diff;
};

static const struct row rows[] = {
    { "equal", "a\nb\n", "a\nb\n", "" },
    { "both empty", "", "", "" },
    { "from nothing", "", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n" },
    { "from nothing, one line", "", "a\n", "@@ -0,0 +1 @@\n+a\n" },
    { "from nothing, no final newline", "", "a",
      "@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n" },
    { "to nothing", "a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n" },
    { "one line for another", "a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n" },
    { "all replaced", "a\nb\nc\n", "x\ny\n", "@@ -1,3 +1,2 @@\n-a\n-b\n-c\n+x\n+y\n" },
    { "insert at the start", "b\nc\nd\ne\n", "a\nb\nc\nd\ne\n",
      "@@ -1,3 +1,4 @@\n+a\n b\n c\n d\n" },
    { "insert at the end", "a\nb\nc\nd\n", "a\nb\nc\nd\ne\n", "@@ -2,3 +2,4 @@\n b\n c\n d\n+e\n" },
    { "remove at the start", "a\nb\nc\nd\ne\n", "b\nc\nd\ne\n",
      "@@ -1,4 +1,3 @@\n-a\n b\n c\n d\n" },
    { "remove at the end", "a\nb\nc\nd\ne\n", "a\nb\nc\nd\n", "@@ -2,4 +2,3 @@\n b\n c\n d\n-e\n" },
    { "in the middle", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
      "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n" },
    { "six lines between: one hunk", "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
      "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n" },
    { "seven lines between: two hunks", "a\n1\n2\n3\n4\n5\n6\n7\nb\n",
      "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
      "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n" },
    { "newline added at the end", "a\nb", "a\nb\n",
      "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n" },
    { "newline removed from the end", "a\nb\n", "a\nb",
      "@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n" },
    { "no final newline in both, last line changed", "a\nb", "a\nc",
      "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n" },
    { "no final newline in both, first line changed", "a\nb", "x\nb",
      "@@ -1,2 +1,2 @@\n-a\n+x\n b\n\\ No newline at end of file\n" },
    { "a line behind one without newline", "a\nb", "a\nb\nc",
      "@@ -1,2 +1,3 @@\n a\n-b\n\\ No newline at end of file\n+b\n+c\n\\ No newline at end of file\n" },
    { "only the newline", "a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n" },
    { "an empty line", "a\nb\n", "a\n\nb\n", "@@ -1,2 +1,3 @@\n a\n+\n b\n" },
    { "CRLF is kept", "a\r\nb\r\n", "a\r\nc\r\n", "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n" },
    { "CRLF against LF", "a\r\nb\n", "a\nb\n", "@@ -1,2 +1,2 @@\n-a\r\n+a\n b\n" },
    { "a lone CR is no end of line", "a\rb\n", "a\rc\n", "@@ -1 +1 @@\n-a\rb\n+a\rc\n" },
    { "lines that look like a diff", "-a\n+b\n@@ -1 +1 @@\n", "-a\n+c\n@@ -1 +1 @@\n",
      "@@ -1,3 +1,3 @@\n -a\n-+b\n++c\n @@ -1 +1 @@\n" },
    { "a common beginning within the line", "abcdef\n", "abcxef\n",
      "@@ -1 +1 @@\n-abcdef\n+abcxef\n" },
    { "the classic", "a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n", NULL },
    { "a block moved", "1\n2\n3\n4\n5\n6\n", "4\n5\n6\n1\n2\n3\n", NULL },
    { "repeated lines", "}\n\n}\n\n}\n\nx\n}\n", "}\n\n}\n\nx\n}\n\n}\n\n}\n", NULL },
    { "UTF-8", "gr\xC3\xBC\xC3\x9F\nb\n", "gr\xC3\xBC\xC3\x9F\nc\n", NULL },
};

/* Fails the test unless it works; the caller frees. */
static struct buf
diff_of(struct slice from, struct slice to)
{
    struct buf out;
    buf_init(&out, &mem_default, false);
    assert_int_equal(textdiff_unified(&mem_default, from, to, &out, NULL), ENVRES_OK);
    return out;
}

/* ---- an applier ------------------------------------------------------------------------------ */

struct applier {
    struct slice from;
    size_t at;   /* in `from` */
    size_t line; /* lines of `from` that are behind */
    size_t lines_out;
    struct buf out;
    size_t removed;
    size_t inserted;
    size_t hunks;
};

static struct slice
take_line(struct slice text, size_t *at)
{
    size_t start = *at;
    assert_true(start < text.len);
    while (*at < text.len && text.data[(*at)++] != '\n')
        ;
    return slice_of(text.data + start, *at - start);
}

static size_t
take_number(struct slice line, size_t *at)
{
    size_t number = 0;
    size_t start = *at;
    while (line.data[*at] >= '0' && line.data[*at] <= '9')
        number = number * 10 + (size_t)(line.data[(*at)++] - '0');
    assert_true(*at > start);
    return number;
}

/* "-3,2 " or "-3 ": the lines before it, and its lines. */
static void
take_range(struct slice line, size_t *at, char sign, size_t *before, size_t *count)
{
    assert_int_equal(line.data[(*at)++], ' ');
    assert_int_equal(line.data[(*at)++], sign);
    *before = take_number(line, at);
    *count = 1;
    if (line.data[*at] == ',') {
        ++*at;
        *count = take_number(line, at);
        assert_int_not_equal(*count, 1);
    }
    if (*count > 0)
        --*before;
}

static void
apply_hunk(struct applier *a, struct slice diff, size_t *at)
{
    size_t from_before = 0, from_count = 0, to_before = 0, to_count = 0, in_line = 2;
    size_t leading = 0, trailing = 0;
    bool has_change = false;
    struct slice head = take_line(diff, at);
    assert_memory_equal(head.data, "@@", 2);
    take_range(head, &in_line, '-', &from_before, &from_count);
    take_range(head, &in_line, '+', &to_before, &to_count);
    assert_int_equal(head.len - in_line, 4);
    assert_memory_equal(head.data + in_line, " @@\n", 4);
    assert_true(from_before >= a->line && (a->hunks++ == 0 || from_before > a->line));
    while (a->line < from_before) {
        struct slice same = take_line(a->from, &a->at);
        buf_add(&a->out, same.data, same.len);
        a->line++;
        a->lines_out++;
    }
    assert_int_equal(a->lines_out, to_before);
    while (from_count > 0 || to_count > 0) {
        struct slice line = take_line(diff, at);
        char sign = line.data[0];
        struct slice text = slice_of(line.data + 1, line.len - 1);
        if (*at < diff.len && diff.data[*at] == '\\') {
            struct slice note = take_line(diff, at);
            assert_true(slice_equal(note, slice_str("\\ No newline at end of file\n")));
            text.len--;
        }
        if (sign != '+') {
            assert_true(from_count-- > 0);
            assert_true(slice_equal(take_line(a->from, &a->at), text));
            a->line++;
        }
        if (sign != '-') {
            assert_true(to_count-- > 0);
            buf_add(&a->out, text.data, text.len);
            a->lines_out++;
        }
        assert_true(sign == ' ' || sign == '-' || sign == '+');
        a->removed += sign == '-';
        a->inserted += sign == '+';
        has_change = has_change || sign != ' ';
        leading += sign == ' ' && !has_change;
        trailing = sign == ' ' ? trailing + 1 : 0;
    }
    assert_true(has_change && leading <= 3 && trailing <= 3);
}

/* What the diff makes of `from`; *changes: lines removed and inserted. The caller frees. */
static struct buf
apply(struct slice from, struct slice diff, size_t *changes)
{
    struct applier a = { .from = from };
    size_t at = 0;
    buf_init(&a.out, &mem_default, false);
    while (at < diff.len)
        apply_hunk(&a, diff, &at);
    if (a.at < from.len)
        buf_add(&a.out, from.data + a.at, from.len - a.at);
    *changes = a.removed + a.inserted;
    return a.out;
}

static void
assert_applies(struct slice from, struct slice to, struct slice diff, size_t *changes)
{
    struct buf got = apply(from, diff, changes);
    assert_true(slice_equal(slice_of(got.data, got.len), to));
    buf_free(&got);
}

/* ---- known cases ----------------------------------------------------------------------------- */

static void
test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t changes = 0;
        print_message("%s\n", rows[i].name);
        struct buf out = diff_of(slice_str(rows[i].from), slice_str(rows[i].to));
        struct slice diff = slice_of(out.data, out.len);
        if (rows[i].diff && !slice_equal(diff, slice_str(rows[i].diff)))
            fail_msg("%.*s", (int)out.len, out.data);
        assert_applies(slice_str(rows[i].from), slice_str(rows[i].to), diff, &changes);
        buf_free(&out);
    }
    struct buf none = diff_of(slice_of(NULL, 0), slice_of(NULL, 0));
    assert_int_equal(none.len, 0);
    buf_free(&none);
    none = diff_of(slice_of(NULL, 0), slice_str("a\n"));
    assert_int_equal(none.len, strlen("@@ -0,0 +1 @@\n+a\n"));
    buf_free(&none);
}

/* Behind what is there; NUL and bytes that are no UTF-8 are bytes. */
static void
test_appends(void **state)
{
    (void)state;
    struct buf out;
    static const char expected[] = "head\n@@ -1,2 +1,2 @@\n a\0b\n-\xFF\n+\xFE\n";
    buf_init(&out, &mem_default, false);
    buf_add_str(&out, "head\n");
    assert_int_equal(textdiff_unified(&mem_default, slice_of("a\0b\n\xFF\n", 6),
                                      slice_of("a\0b\n\xFE\n", 6), &out, NULL),
                     ENVRES_OK);
    assert_int_equal(out.len, sizeof(expected) - 1);
    assert_memory_equal(out.data, expected, out.len);
    buf_free(&out);
}

static void
test_limit_of_the_output(void **state)
{
    (void)state;
    size_t whole = strlen("@@ -1 +1 @@\n-a\n+b\n");
    for (size_t max = 1; max <= whole; max++) {
        struct buf out;
        envres_error *err = envres_error_new(NULL);
        buf_init(&out, &mem_default, false);
        out.max = max;
        assert_int_equal(
            textdiff_unified(&mem_default, slice_str("a\n"), slice_str("b\n"), &out, err),
            max < whole ? ENVRES_E_LIMIT : ENVRES_OK);
        assert_int_equal(out.len, max < whole ? 0 : whole);
        buf_free(&out);
        envres_error_free(err);
    }
}

/* ---- other programs -------------------------------------------------------------------------- */

static void
write_file(const char *name, struct slice text)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
    fclose(file);
}

static void
assert_file(const char *name, struct slice text)
{
    char read[4096];
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    size_t len = fread(read, 1, sizeof(read), file);
    fclose(file);
    assert_int_equal(len, text.len);
    assert_memory_equal(read, text.data, len);
}

static bool
has_program(const char *ask)
{
    return system(ask) == 0;
}

/* In a folder of its own: the cases are applied to a file by the tools that people have. */
static void
test_other_programs(void **state)
{
    (void)state;
    char folder[] = "/tmp/envres-diff-XXXXXX";
    char before[1024];
    bool has_git = has_program("git --version >/dev/null 2>&1");
    if (!has_program("patch --version >/dev/null 2>&1"))
        skip();
    if (!has_git)
        print_message("no git here: patch alone\n");
    assert_non_null(getcwd(before, sizeof(before)));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        if (strcmp(rows[i].from, rows[i].to) == 0)
            continue;
        print_message("%s\n", rows[i].name);
        buf_init(&out, &mem_default, false);
        buf_add_str(&out, "--- a/t\n+++ b/t\n");
        assert_int_equal(textdiff_unified(&mem_default, slice_str(rows[i].from),
                                          slice_str(rows[i].to), &out, NULL),
                         ENVRES_OK);
        write_file("d", slice_of(out.data, out.len));
        write_file("t", slice_str(rows[i].from));
        assert_int_equal(system("patch --binary --fuzz=0 -s -p1 <d"), 0);
        assert_file("t", slice_str(rows[i].to));
        if (has_git) {
            write_file("t", slice_str(rows[i].from));
            assert_int_equal(system("git apply --whitespace=nowarn d"), 0);
            assert_file("t", slice_str(rows[i].to));
        }
        buf_free(&out);
    }
    unlink("t");
    unlink("d");
    assert_int_equal(chdir(before), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- random edits ---------------------------------------------------------------------------- */

static uint32_t
draw(uint32_t *random, uint32_t below)
{
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return (uint32_t)(((uint64_t)*random * below) >> 32);
}

enum { LINES_MAX = 60 };

/* Lines are letters; 0 ends them. */
static void
edit(uint32_t *random, uint32_t letters, const char *from, char *to)
{
    uint32_t rate = 1 + draw(random, 12);
    size_t len = 0;
    for (; *from; from++) {
        uint32_t what = draw(random, 4 * rate);
        if (what == 0)
            continue;
        if (what == 1 && len < LINES_MAX)
            to[len++] = (char)('a' + draw(random, letters));
        if (len < LINES_MAX)
            to[len++] = what == 2 ? (char)('a' + draw(random, letters)) : *from;
    }
    if (draw(random, 4) == 0 && len < LINES_MAX)
        to[len++] = (char)('a' + draw(random, letters));
    to[len] = '\0';
}

static struct buf
text_of(const char *lines, bool has_newline)
{
    struct buf out;
    buf_init(&out, &mem_default, false);
    buf_reserve(&out, 1);
    for (; *lines; lines++) {
        buf_add_format(&out, "line %c", *lines);
        if (lines[1] || has_newline)
            buf_add_char(&out, '\n');
    }
    return out;
}

/* A final line without its newline is another line than with it. */
static size_t
shortest_slowly(const char *a, bool a_newline, const char *b, bool b_newline)
{
    size_t common[LINES_MAX + 1][LINES_MAX + 1] = { { 0 } };
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    for (size_t i = 1; i <= a_len; i++) {
        for (size_t k = 1; k <= b_len; k++) {
            bool a_ends = i < a_len || a_newline;
            bool b_ends = k < b_len || b_newline;
            size_t best = common[i - 1][k] > common[i][k - 1] ? common[i - 1][k] : common[i][k - 1];
            if (a[i - 1] == b[k - 1] && a_ends == b_ends && common[i - 1][k - 1] + 1 > best)
                best = common[i - 1][k - 1] + 1;
            common[i][k] = best;
        }
    }
    return a_len + b_len - 2 * common[a_len][b_len];
}

static void
test_random_edits(void **state)
{
    (void)state;
    uint32_t random = 20250402;
    size_t total = 0;
    print_message("seed %u\n", random);
    for (int round = 0; round < 20000; round++) {
        char lines[2][LINES_MAX + 1] = { { 0 } };
        bool newline[2] = { draw(&random, 4) != 0, draw(&random, 4) != 0 };
        uint32_t letters = 2 + draw(&random, 20);
        uint32_t len = draw(&random, LINES_MAX + 1);
        size_t changes = 0;
        for (uint32_t i = 0; i < len; i++)
            lines[0][i] = (char)('a' + draw(&random, letters));
        if (round % 3 == 0) {
            for (uint32_t i = draw(&random, LINES_MAX + 1); i > 0; i--)
                lines[1][i - 1] = (char)('a' + draw(&random, letters));
        } else {
            edit(&random, letters, lines[0], lines[1]);
        }
        struct buf from = text_of(lines[0], newline[0]);
        struct buf to = text_of(lines[1], newline[1]);
        struct slice from_text = slice_of(from.data, from.len);
        struct slice to_text = slice_of(to.data, to.len);
        struct buf out = diff_of(from_text, to_text);
        assert_applies(from_text, to_text, slice_of(out.data, out.len), &changes);
        size_t shortest = shortest_slowly(lines[0], newline[0], lines[1], newline[1]);
        if (changes != shortest)
            fail_msg("'%s' '%s': %zu changes, not %zu", lines[0], lines[1], changes, shortest);
        total += changes;
        buf_free(&from);
        buf_free(&to);
        buf_free(&out);
    }
    print_message("%zu changes\n", total);
    assert_true(total > 100000);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static struct buf
random_lines(uint32_t *random, size_t count, uint32_t letters)
{
    struct buf out;
    buf_init(&out, &mem_default, false);
    for (size_t i = 0; i < count; i++) {
        buf_add_char(&out, (char)('a' + draw(random, letters)));
        buf_add_char(&out, '\n');
    }
    return out;
}

/* Farther apart than one search goes: not the shortest, but right, and not all in one piece. */
static void
test_far_apart(void **state)
{
    (void)state;
    uint32_t random = 20250507;
    static const struct {
        const char *name;
        size_t from;
        size_t to;
        uint32_t letters;
        size_t at_most; /* changes */
    } cases[] = {
        { "two letters", 15000, 15000, 2, 6500 },
        { "many letters", 15000, 14000, 26, 23000 },
        { "much inserted", 100, 20000, 3, 19900 },
        { "much removed", 20000, 100, 3, 19900 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t changes = 0;
        struct buf from = random_lines(&random, cases[i].from, cases[i].letters);
        struct buf to = random_lines(&random, cases[i].to, cases[i].letters);
        struct slice from_text = slice_of(from.data, from.len);
        struct slice to_text = slice_of(to.data, to.len);
        struct buf out = diff_of(from_text, to_text);
        assert_applies(from_text, to_text, slice_of(out.data, out.len), &changes);
        print_message("%s: %zu changes\n", cases[i].name, changes);
        assert_in_range(changes, 2 * 2048 + 1, cases[i].at_most);
        buf_free(&from);
        buf_free(&to);
        buf_free(&out);
    }
}

/* Too many lines to look at: what is not the same at the ends is one change. */
/* More different lines than any table has room for at first: each keeps its number while it grows,
 * so that only what was changed is. */
static void
test_many_different_lines(void **state)
{
    static const int counts[] = { 511, 512, 513, 2047, 2049, 8191, 8193, 40000 };
    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++) {
        size_t changes = 0;
        struct buf texts[2];
        for (int side = 0; side < 2; side++) {
            buf_init(&texts[side], &mem_default, false);
            for (int line = 0; line < counts[i]; line++) {
                /* The ends differ, so that nothing is cut off; and one in the middle does. */
                bool differs = line == 0 || line == counts[i] / 2 || line == counts[i] - 1;
                buf_add_format(&texts[side], "%s %d\n", differs && side ? "new" : "line", line);
            }
        }
        struct slice from = slice_of(texts[0].data, texts[0].len);
        struct slice to = slice_of(texts[1].data, texts[1].len);
        struct buf out = diff_of(from, to);
        assert_applies(from, to, slice_of(out.data, out.len), &changes);
        print_message("%d lines: %zu changes\n", counts[i], changes);
        assert_int_equal(changes, 6);
        for (int side = 0; side < 2; side++)
            buf_free(&texts[side]);
        buf_free(&out);
    }
}

static void
test_too_many_lines(void **state)
{
    (void)state;
    size_t changes = 0;
    struct buf texts[2];
    for (int i = 0; i < 2; i++) {
        buf_init(&texts[i], &mem_default, false);
        buf_add_str(&texts[i], "1\n2\n3\n4\n5\n");
        buf_add_str(&texts[i], i == 0 ? "a\n" : "b\nb\n");
        for (int line = 0; line < LIMIT_DIFF_LINES / 2; line++)
            buf_add_char(&texts[i], '\n');
        buf_add_str(&texts[i], i == 0 ? "a\n6\n7\n8\n9" : "b\n6\n7\n8\n9");
    }
    struct slice from = slice_of(texts[0].data, texts[0].len);
    struct slice to = slice_of(texts[1].data, texts[1].len);
    struct buf out = diff_of(from, to);
    static const char head[] = "@@ -3,1048584 +3,1048585 @@\n 3\n 4\n 5\n-a\n-\n";
    assert_memory_equal(out.data, head, sizeof(head) - 1);
    assert_applies(from, to, slice_of(out.data, out.len), &changes);
    assert_int_equal(changes, 2 * (LIMIT_DIFF_LINES / 2) + 5);
    buf_free(&out);
    /* Some fewer, and each is looked at. */
    enum { CUT = 40 };
    char *blank = texts[0].data + strlen("1\n2\n3\n4\n5\na\n");
    from.len -= CUT;
    memmove(blank, blank + CUT, from.len - (size_t)(blank - from.data));
    out = diff_of(from, to);
    assert_applies(from, to, slice_of(out.data, out.len), &changes);
    assert_int_equal(changes, CUT + 5);
    buf_free(&out);
    buf_free(&texts[0]);
    buf_free(&texts[1]);
}

static void
test_out_of_memory(void **state)
{
    (void)state;
    uint32_t random = 20250606;
    struct buf from = random_lines(&random, 3000, 20);
    struct buf to = random_lines(&random, 3000, 20);
    for (int n = 0;; n++) {
        struct fx_mem fx;
        struct buf out;
        fx_mem_fail_at(&fx, n, false);
        buf_init(&out, &fx.mem, false);
        envres_status st = textdiff_unified(&fx.mem, slice_of(from.data, from.len),
                                            slice_of(to.data, to.len), &out, NULL);
        assert_int_equal(st, fx.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        assert_int_equal(out.len > 0, fx.hit == 0);
        buf_free(&out);
        assert_int_equal(fx.blocks, 0);
        if (fx.hit == 0) {
            assert_true(n > 5);
            break;
        }
    }
    buf_free(&from);
    buf_free(&to);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_limit_of_the_output),
        cmocka_unit_test(test_other_programs),
        cmocka_unit_test(test_random_edits),
        cmocka_unit_test(test_far_apart),
        cmocka_unit_test(test_many_different_lines),
        cmocka_unit_test(test_too_many_lines),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
