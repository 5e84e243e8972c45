/* SPDX-License-Identifier: MIT */
/*
 * The table of codes, the error slot, and option structs. A slot has a fixed size: what is too long
 * is cut between two characters, whatever their length, and stays on one line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/status.h"
#include "base/text.h"
#include "fx_mem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { MESSAGE = 767, HINT = 511, SUBJECT = 255 }; /* bytes that a slot holds */

static int
setup(void **state)
{
    *state = envres_error_new(NULL);
    return *state ? 0 : -1;
}

static int
teardown(void **state)
{
    envres_error_free(*state);
    return 0;
}

static void
test_codes(void **state)
{
    (void)state;
    uint32_t count = envres_status_count();
    assert_true(count >= 48);
    assert_int_equal(envres_status_at(0), ENVRES_OK);
    for (uint32_t i = 0; i < count; i++) {
        envres_status code = envres_status_at(i);
        const char *name = envres_status_name(code);
        const char *text = envres_status_text(code);
        print_message("%s\n", name);
        assert_int_equal(strncmp(name, i ? "ENVRES_E_" : "ENVRES_OK", 9), 0);
        assert_true(strlen(text) > 3 && text[strlen(text) - 1] != '.');
        assert_null(strchr(text, '\n'));
        assert_true(i == 0 ? code == 0 : code < envres_status_at(i - 1));
        for (uint32_t j = 0; j < i; j++) {
            assert_string_not_equal(name, envres_status_name(envres_status_at(j)));
            assert_string_not_equal(text, envres_status_text(envres_status_at(j)));
        }
    }
    assert_int_equal(envres_status_at(count), ENVRES_E_INVALID);
    assert_int_equal(envres_status_at(UINT32_MAX), ENVRES_E_INVALID);
    static const envres_status unknown[] = { 1, -7, -9, -1000, INT32_MIN, INT32_MAX };
    for (size_t i = 0; i < COUNT(unknown); i++) {
        assert_string_equal(envres_status_name(unknown[i]), "ENVRES_E_?");
        assert_string_equal(envres_status_text(unknown[i]), "an unknown status");
    }
}

static void
assert_empty(const envres_error *err)
{
    assert_int_equal(envres_error_code(err), ENVRES_OK);
    assert_string_equal(envres_error_message(err), "");
    assert_string_equal(envres_error_hint(err), "");
    assert_string_equal(envres_error_subject(err), "");
    assert_true(envres_error_offset(err) == SIZE_MAX);
    assert_int_equal(envres_error_line(err), 0);
    assert_int_equal(envres_error_column(err), 0);
}

static void
fill(envres_error *err)
{
    assert_int_equal(err_set(err, ENVRES_E_SYNTAX, "tag %d of %s", 3, "it"), ENVRES_E_SYNTAX);
    err_hint(err, "close it with %s", ">>");
    err_subject(err, "HOST", 4);
    err_position(err, 10, 2, 3);
}

static void
test_slot(void **state)
{
    envres_error *err = *state;
    assert_empty(err);
    fill(err);
    assert_int_equal(envres_error_code(err), ENVRES_E_SYNTAX);
    assert_string_equal(envres_error_message(err), "tag 3 of it");
    assert_string_equal(envres_error_hint(err), "close it with >>");
    assert_string_equal(envres_error_subject(err), "HOST");
    assert_int_equal(envres_error_offset(err), 10);
    assert_int_equal(envres_error_line(err), 2);
    assert_int_equal(envres_error_column(err), 3);
    /* A new failure says nothing of the old one. */
    assert_int_equal(err_code(err, ENVRES_E_NOMEM), ENVRES_E_NOMEM);
    assert_string_equal(envres_error_message(err), envres_status_text(ENVRES_E_NOMEM));
    assert_string_equal(envres_error_hint(err), "");
    assert_string_equal(envres_error_subject(err), "");
    assert_true(envres_error_offset(err) == SIZE_MAX);
    fill(err);
    envres_error_clear(err);
    assert_empty(err);
}

/* What a host says in a slot: measured, or with a length; each of it may be missing. */
static void
test_host_says(void **state)
{
    static const char text[] = "message and more";
    envres_error *err = *state;
    assert_int_equal(envres_error_set(err, ENVRES_E_CALLBACK, text, 7, "hint", 2),
                     ENVRES_E_CALLBACK);
    assert_string_equal(envres_error_message(err), "message");
    assert_string_equal(envres_error_hint(err), "hi");
    assert_int_equal(envres_error_set(err, ENVRES_E_CALLBACK, text, ENVRES_NUL_TERMINATED, "hint",
                                      ENVRES_NUL_TERMINATED),
                     ENVRES_E_CALLBACK);
    assert_string_equal(envres_error_message(err), text);
    assert_string_equal(envres_error_hint(err), "hint");
    /* What is not there has no length, whatever is said. */
    assert_int_equal(envres_error_set(err, ENVRES_E_CALLBACK, NULL, 7, NULL, 7), ENVRES_E_CALLBACK);
    assert_string_equal(envres_error_message(err), "");
    assert_string_equal(envres_error_hint(err), "");
    envres_error_set_subject(err, "HOSTNAME", 4);
    assert_string_equal(envres_error_subject(err), "HOST");
    envres_error_set_subject(err, NULL, 4);
    assert_string_equal(envres_error_subject(err), "HOST");
    envres_error_set_subject(err, "HOSTNAME", ENVRES_NUL_TERMINATED);
    assert_string_equal(envres_error_subject(err), "HOSTNAME");
    envres_error_set_position(err, NULL, 3, 1);
    assert_true(envres_error_offset(err) == SIZE_MAX);
    envres_error_set_position(err, "a\nbc", ENVRES_NUL_TERMINATED, 3);
    assert_int_equal(envres_error_line(err), 2);
    assert_int_equal(envres_error_column(err), 2);
    /* No failure, and none that there is. */
    assert_int_equal(envres_error_set(err, ENVRES_OK, text, 7, NULL, 0), ENVRES_E_INVALID);
    assert_int_equal(envres_error_set(err, -999999, text, 7, NULL, 0), ENVRES_E_INVALID);
    assert_int_equal(envres_error_code(err), ENVRES_E_INVALID);
    assert_string_equal(envres_error_subject(err), "");
    /* No slot. */
    assert_int_equal(envres_error_set(NULL, ENVRES_E_CALLBACK, text, 7, NULL, 0),
                     ENVRES_E_CALLBACK);
    envres_error_set_subject(NULL, "HOST", 4);
    envres_error_set_position(NULL, "a", 1, 0);
}

static void
test_no_slot(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ENVRES_E_TYPE, "x"), ENVRES_E_TYPE);
    assert_int_equal(err_code(NULL, ENVRES_E_TYPE), ENVRES_E_TYPE);
    err_hint(NULL, "x");
    err_subject(NULL, "x", 1);
    err_position(NULL, 1, 1, 1);
    err_position_in(NULL, "x", 1, 0);
    err_prepend(NULL, "x");
    envres_error_clear(NULL);
    envres_error_free(NULL);
    assert_empty(NULL);
}

static void
test_new(void **state)
{
    (void)state;
    struct fx_mem fx;
    fx_mem_init(&fx);
    envres_allocator alloc = { sizeof(alloc), 0, fx.mem.reallocate, &fx };
    envres_error *err = envres_error_new(&alloc);
    assert_non_null(err);
    assert_int_equal(fx.requests, 1);
    fill(err);
    err_prepend(err, "%s", "more: ");
    assert_int_equal(fx.requests, 1); /* filling needs no memory */
    envres_error_free(err);
    assert_int_equal(fx.blocks, 0);
    fx_mem_fail_at(&fx, 0, false);
    assert_null(envres_error_new(&alloc));
    alloc.size = 3;
    assert_null(envres_error_new(&alloc));
}

/* Fills `out` with `lead` letters and then characters, until `len` bytes are reached or passed. */
static void
repeat(char *out, size_t lead, const char *character, size_t len)
{
    size_t at = 0;
    while (at < lead)
        out[at++] = 'x';
    while (at < len) {
        memcpy(out + at, character, strlen(character));
        at += strlen(character);
    }
    out[at] = '\0';
}

/* No more than `cap` bytes, less by no more than one character, and none of them torn. */
static void
assert_cut(const char *text, const char *whole, size_t cap, size_t character)
{
    size_t len = strlen(text);
    assert_true(len <= cap && len + character >= cap);
    assert_true(text_is_utf8(text, len, NULL));
    assert_memory_equal(text, whole, len);
}

static void
test_long_texts_are_cut_between_characters(void **state)
{
    static const char *const characters[] = { "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9D\x84\x9E" };
    envres_error *err = *state;
    char text[2000];
    for (size_t i = 0; i < COUNT(characters); i++) {
        size_t size = strlen(characters[i]);
        for (size_t lead = 0; lead < 5; lead++) {
            print_message("characters of %zu bytes behind %zu\n", size, lead);
            repeat(text, lead, characters[i], 1200);
            err_set(err, ENVRES_E_NAME, "%s", text);
            err_hint(err, "%s", text);
            err_subject(err, text, strlen(text));
            assert_cut(envres_error_message(err), text, MESSAGE, size);
            assert_cut(envres_error_hint(err), text, HINT, size);
            assert_cut(envres_error_subject(err), text, SUBJECT, size);
            err_prepend(err, "%s", "variable: ");
            assert_memory_equal(envres_error_message(err), "variable: xxxx", 10 + lead);
            assert_cut(envres_error_message(err) + 10, text, MESSAGE - 10, size);
        }
    }
}

/* A name may have been cut inside a character, or come from a file that was damaged. */
static void
test_messages_are_utf8(void **state)
{
    envres_error *err = *state;
    err_set(err, ENVRES_E_NOT_FOUND, "there is no app '%.*s'", 3, "ab\xC3\xA9");
    assert_string_equal(envres_error_message(err), "there is no app 'ab?'");
    err_hint(err, "%s, %s and %s", "\xFF", "a\xE2\x82", "\xC3\xA9");
    assert_string_equal(envres_error_hint(err), "?, a?"
                                                "? and \xC3\xA9");
}

static void
test_one_line(void **state)
{
    envres_error *err = *state;
    err_set(err, ENVRES_E_NAME, "a\nb\tc\x7F%c", 1);
    assert_string_equal(envres_error_message(err), "a?b?c??");
    err_hint(err, "x\r\ny");
    assert_string_equal(envres_error_hint(err), "x??y");
    err_subject(err, "\x1b[31m", 5);
    assert_string_equal(envres_error_subject(err), "?[31m");
    err_subject(err, NULL, 0);
    assert_string_equal(envres_error_subject(err), "");
    err_prepend(err, "in\nit: ");
    assert_string_equal(envres_error_message(err), "in?it: a?b?c??");
}

static void
test_prepend(void **state)
{
    envres_error *err = *state;
    char text[1200];
    fill(err);
    err_prepend(err, "%s '%s': ", "resource", "crm");
    assert_string_equal(envres_error_message(err), "resource 'crm': tag 3 of it");
    assert_int_equal(envres_error_code(err), ENVRES_E_SYNTAX);
    assert_string_equal(envres_error_hint(err), "close it with >>");
    assert_int_equal(envres_error_offset(err), 10);
    repeat(text, 0, "a", MESSAGE - 3);
    err_prepend(err, "%s", text);
    assert_int_equal(strlen(envres_error_message(err)), MESSAGE);
    assert_string_equal(envres_error_message(err) + MESSAGE - 3, "res");
    repeat(text, 0, "b", MESSAGE + 100);
    err_prepend(err, "%s", text);
    assert_int_equal(strlen(envres_error_message(err)), MESSAGE);
    assert_int_equal(envres_error_message(err)[MESSAGE - 1], 'b');
}

static void
test_copy(void **state)
{
    envres_error *from = *state;
    struct fx_mem fx;
    fx_mem_init(&fx);
    envres_allocator alloc = { sizeof(alloc), 0, fx.mem.reallocate, &fx };
    envres_error *to = envres_error_new(&alloc);
    fill(from);
    err_copy(to, from);
    envres_error_clear(from);
    assert_int_equal(envres_error_code(to), ENVRES_E_SYNTAX);
    assert_string_equal(envres_error_message(to), "tag 3 of it");
    assert_string_equal(envres_error_hint(to), "close it with >>");
    assert_string_equal(envres_error_subject(to), "HOST");
    assert_int_equal(envres_error_line(to), 2);
    err_copy(NULL, to);
    err_copy(to, NULL);
    assert_int_equal(envres_error_code(to), ENVRES_E_SYNTAX);
    envres_error_free(to); /* by its own allocator */
    assert_int_equal(fx.blocks, 0);
}

/* A slot's own, whatever passes through it. */
static void
test_search_is_spared(void **state)
{
    envres_error *err = *state;
    envres_error *other = envres_error_new(NULL);
    assert_true(err_wants_search(err));
    assert_false(err_wants_search(NULL));
    err_spare_search(NULL, true);
    err_spare_search(err, true);
    err_set(err, ENVRES_E_SYNTAX, "tag");
    err_copy(other, err);
    assert_true(err_wants_search(other));
    err_copy(err, other);
    envres_error_clear(err);
    assert_false(err_wants_search(err));
    err_spare_search(err, false);
    assert_true(err_wants_search(err));
    envres_error_free(other);
}

static void
test_position_in(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        uint32_t line;
        uint32_t column;
    } rows[] = {
        { "", 0, 1, 1 },          { "abc", 0, 1, 1 },
        { "abc", 2, 1, 3 },       { "abc", 3, 1, 4 },
        { "a\nb", 1, 1, 2 },      { "a\nb", 2, 2, 1 },
        { "\n\n\n", 3, 4, 1 },    { "a\r\nb", 3, 2, 1 },
        { "\xC3\xA9x", 2, 1, 3 }, { "one\ntwo\nthree", 10, 3, 3 },
    };
    envres_error *err = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t line = 0;
        uint32_t column = 0;
        size_t len = strlen(rows[i].text);
        err_position_in(err, rows[i].text, len, rows[i].offset);
        assert_int_equal(envres_error_offset(err), rows[i].offset);
        assert_int_equal(envres_error_line(err), rows[i].line);
        assert_int_equal(envres_error_column(err), rows[i].column);
        text_position(rows[i].text, len, rows[i].offset, &line, &column);
        assert_int_equal(line, rows[i].line);
        assert_int_equal(column, rows[i].column);
    }
}

/* An option struct of three releases: 8 bytes at first, 16 today. */
struct options {
    uint32_t size;
    uint32_t flags;
    uint64_t limit;
};

static void
test_options(void **state)
{
    static const struct {
        const char *name;
        uint32_t size;
        size_t set; /* this byte is 1; 0: none */
        envres_status status;
        uint64_t limit;
    } rows[] = {
        { "today's", 16, 8, ENVRES_OK, 1 },
        { "first release, the rest is not looked at", 8, 8, ENVRES_OK, 0 },
        { "between two releases", 12, 8, ENVRES_OK, 1 },
        { "newer, unused", 24, 0, ENVRES_OK, 0 },
        { "newer, first byte of the new field", 24, 16, ENVRES_E_ABI, 0 },
        { "newer, last byte of the new field", 24, 23, ENVRES_E_ABI, 0 },
        { "newer, a byte behind it", 24, 24, ENVRES_OK, 0 },
        { "longest", 4096, 0, ENVRES_OK, 0 },
        { "longest, last byte", 4096, 4095, ENVRES_E_ABI, 0 },
        { "too long", 4097, 0, ENVRES_E_ABI, 0 },
        { "far too long", UINT32_MAX, 0, ENVRES_E_ABI, 0 },
        { "size forgotten", 0, 0, ENVRES_E_ABI, 0 },
        { "shorter than the first release", 7, 0, ENVRES_E_ABI, 0 },
    };
    envres_error *err = *state;
    static unsigned char given[8192];
    assert_int_equal(LIMIT_OPTIONS, 4096);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct options options;
        print_message("%s\n", rows[i].name);
        memset(given, 0, sizeof(given));
        memset(&options, 0xEE, sizeof(options));
        memcpy(given, &rows[i].size, sizeof(rows[i].size));
        if (rows[i].set)
            given[rows[i].set] = 1;
        envres_error_clear(err);
        assert_int_equal(opts_read(&options, sizeof(options), 8, given, err), rows[i].status);
        assert_int_equal(envres_error_code(err), rows[i].status);
        assert_int_equal(options.limit, rows[i].limit);
        assert_int_equal(options.flags, 0);
    }
    struct options options;
    memset(&options, 0xEE, sizeof(options));
    assert_int_equal(opts_read(&options, sizeof(options), 8, NULL, err), ENVRES_OK);
    assert_int_equal(options.size, sizeof(options));
    assert_int_equal(options.flags, 0);
    assert_int_equal(options.limit, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test_setup_teardown(test_slot, setup, teardown),
        cmocka_unit_test_setup_teardown(test_host_says, setup, teardown),
        cmocka_unit_test(test_no_slot),
        cmocka_unit_test(test_new),
        cmocka_unit_test_setup_teardown(test_long_texts_are_cut_between_characters, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_messages_are_utf8, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prepend, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_search_is_spared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_position_in, setup, teardown),
        cmocka_unit_test_setup_teardown(test_options, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
