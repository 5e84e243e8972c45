/* SPDX-License-Identifier: MIT */
/*
 * The shape that nearly all tags have is read by code of its own: here it is held against the
 * grammar, over texts that are put together of what such a tag is made of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lang/tag.h"

#include "../random.h"
#include "../same_template.h"

static const char *const parts[] = {
    "<<",
    "<< ",
    "<<  ",
    "<<<",
    "<",
    " >>",
    ">>",
    " > >",
    ">",
    "  >>",
    " ",
    "\n",
    "\t",
    "\\",
    "\\\\",
    "environment.variables.",
    "environment.variables",
    "environment.variable.",
    "Environment.",
    "environment.name",
    "params.A",
    "resources.crm.host",
    "app.version",
    "A",
    "_",
    "9",
    "NAME_1",
    "-",
    ".",
    "name with blanks",
    "ABCDEFGHIJKLMNO",
    "ABCDEFGHIJKLMNOP",
    "ABCDEFGHIJKLMNOPQ",
    "abcdefgh",
    "abcdefgx",
    "abcd",
    "abce",
    "ab",
    "ba",
    " | upper",
    " | default(\"x\")",
    "\xC3\xA4",
    "\xC3",
    "some literal text of more than a block of the scanner, which has sixty-four bytes in it",
    "a literal of some words",
};

/* What makes a good tag, several times: a text of random parts only would hardly ever have one. */
static const char *const likely[] = { "<< environment.variables.A >>",
                                      "<<environment.variables.NAME_2>>",
                                      "<< environment.variables.",
                                      "<< environment.variables.LONG_ENOUGH_FOR_MORE_WORDS_1 >>",
                                      "<< environment.variables.LONG_ENOUGH_FOR_MORE_WORDS_2 >>",
                                      "<< environment.variables.EXACTLY_SIXTEEN >>",
                                      "<< environment.variables.EXACTLY_SIXTEENS >>",
                                      " >>" };

static size_t
make_text(char *out, size_t room, uint64_t *state)
{
    size_t len = 0;
    uint64_t count = 1 + next_random(state) % 12;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t r = next_random(state);
        const char *part = r % 3 == 0 ? likely[(r >> 8) % (sizeof(likely) / sizeof(likely[0]))]
                                      : parts[(r >> 8) % (sizeof(parts) / sizeof(parts[0]))];
        size_t part_len = strlen(part);
        assert_true(len + part_len <= room);
        memcpy(out + len, part, part_len);
        len += part_len;
    }
    return len;
}

/* In a block of exactly its size: what is read behind it is seen by the sanitizers. */
static void
check_text(const char *text, size_t len)
{
    static const envres_template_options options[] = {
        { .size = sizeof(options[0]) },
        { .size = sizeof(options[0]), .flags = ENVRES_TEMPLATE_STRICT | ENVRES_TEMPLATE_BORROW },
        { .size = sizeof(options[0]), .context = ENVRES_CONTEXT_URL },
        { .size = sizeof(options[0]), .context = ENVRES_CONTEXT_SHELL },
        { .size = sizeof(options[0]),
          .context = ENVRES_CONTEXT_SQL,
          .dialect = ENVRES_DIALECT_POSTGRES },
    };
    char *exact = malloc(len ? len : 1);
    assert_non_null(exact);
    memcpy(exact, text, len);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (!same_template(exact, len, &options[i]))
            fail_msg("context %u differs: %.*s", options[i].context, (int)len, text);
    }
    free(exact);
}

static void
made_of_parts(void **state)
{
    char text[2048];
    uint64_t seed = 20261122;
    (void)state;
    for (int round = 0; round < 6000; round++)
        check_text(text, make_text(text, sizeof(text), &seed));
}

/* Every name length up to beyond the limit, with what follows it cut off at every byte. */
static void
every_length(void **state)
{
    char text[512];
    (void)state;
    for (size_t name = 0; name <= LIMIT_NAME + 2; name++) {
        int head = snprintf(text, sizeof(text), "x<< environment.variables.");
        memset(text + head, 'N', name);
        size_t len = (size_t)head + name;
        len += (size_t)snprintf(text + len, sizeof(text) - len, " >>tail<< environment.name >>");
        for (size_t cut = (size_t)head + name; cut <= len; cut++)
            check_text(text, cut);
    }
}

/* Names in JSON strings, where they may be copies that were decoded. */
static void
in_strings(void **state)
{
    static const char *const rows[] = {
        "{\"a\": \"<< environment.variables.A >>\"}",
        "{\"<< environment.variables.A >>\": \"x<< environment.variables.A >>\"}",
        "[\"\\u003c< environment.variables.LONGER_THAN_16_BYTES >>\","
        " \"<< environment.variables.LONGER_THAN_16_BYTES >>\", \"<< environment.variables.B >>\"]",
        "[\"\\\\<< environment.variables.A >>\", \"\\n<< environment.variables.A | upper >>\"]",
    };
    envres_template_options options = { .size = sizeof(options), .context = ENVRES_CONTEXT_JSON };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i]);
        assert_true(same_template(rows[i], strlen(rows[i]), &options));
    }
}

/* Many names, so that the table grows: each is found again under its own expression. */
static void
many_names(void **state)
{
    enum { NAMES = 3000, ROOM = NAMES * 2 * 64 };
    char *text = malloc(ROOM);
    size_t len = 0;
    envres_template *tmpl = NULL;
    struct template_view view = { 0 };
    (void)state;
    assert_non_null(text);
    for (int twice = 0; twice < 2; twice++) {
        for (int i = 0; i < NAMES; i++)
            len += (size_t)snprintf(text + len, ROOM - len, "<< environment.variables.%s%d >>",
                                    i % 2 ? "A_NAME_OF_MORE_THAN_TWO_WORDS_" : "N", i);
    }
    check_text(text, len);
    assert_int_equal(envres_template_parse(text, len, NULL, &tmpl, NULL), ENVRES_OK);
    template_view(tmpl, &view);
    assert_int_equal(view.ref_count, NAMES);
    assert_int_equal(view.segment_count, 2 * NAMES + 1);
    for (uint32_t i = 0; i < 2 * NAMES; i++)
        assert_int_equal(view.exprs[view.segments[i].expr].ref, i % NAMES);
    envres_template_unref(tmpl);
    free(text);
}

/* Both kernels tell the same, and only what the grammar would take. */
static void
kernels_agree(void **state)
{
    char text[2048];
    uint64_t seed = 7;
    size_t told = 0;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t len = make_text(text, sizeof(text), &seed);
        char *exact = malloc(len ? len : 1);
        assert_non_null(exact);
        memcpy(exact, text, len);
        for (size_t at = 0; at < SCAN_NONE;) {
            struct scan_tag a = { 0 }, b = { 0 };
            struct slice name = { 0 };
            size_t end = 0;
            size_t from = at;
            at = scan_tag(exact, from, len, &a);
            scan_tag_baseline(exact, from, len, &b);
            assert_int_equal(a.at, b.at);
            if (at >= SCAN_NONE)
                break;
            assert_int_equal(a.end, b.end);
            if (a.end != 0) {
                char words[SCAN_WORDS] = { 0 };
                told++;
                assert_true(tag_is_plain(exact, at, len, &name, &end));
                assert_int_equal(a.end, end);
                assert_int_equal(a.name_len, name.len);
                assert_ptr_equal(exact + a.name, name.data);
                if (name.len <= SCAN_WORDS) {
                    memcpy(words, name.data, name.len);
                    assert_memory_equal(words, &a.head, 8);
                    assert_memory_equal(words + 8, &a.tail, 8);
                    assert_true(a.head == b.head && a.tail == b.tail);
                }
            }
            at += 2;
        }
        free(exact);
    }
    assert_true(told > 10000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_of_parts), cmocka_unit_test(every_length),
        cmocka_unit_test(in_strings),    cmocka_unit_test(many_names),
        cmocka_unit_test(kernels_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
