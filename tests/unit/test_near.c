/* SPDX-License-Identifier: MIT */
/* Near misses with other signs around them: what is one, and what is left alone. */
#include "lang/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* All that is found, as "TEXT -> MEANT.REST; ". */
static void
find_all(struct slice text, char *out, size_t cap)
{
    struct near_other near = { 0 };
    size_t at = 0;
    size_t len = 0;
    out[0] = '\0';
    while (near_next(text, &at, &near)) {
        assert_in_range(near.text.data - text.data, 0, text.len - near.text.len);
        int more = snprintf(out + len, cap - len, "%.*s -> %s.%.*s; ", (int)near.text.len,
                            near.text.data, near.meant, (int)near.rest.len, near.rest.data);
        assert_in_range(more, 1, cap - len - 1);
        len += (size_t)more;
    }
    assert_int_equal(at, text.len);
}

static void
test_rows(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        { "", "" },
        { "a.b", "" },
        { ".variables.", "" },
        { "environment.variables.X", "" },
        { "{{ environment.variables.X }}",
          "{{ environment.variables.X }} -> environment.variables.X; " },
        { "{{environment.variables.X}}",
          "{{environment.variables.X}} -> environment.variables.X; " },
        { "a{{\tenviroment.variables.X\t}}b",
          "{{\tenviroment.variables.X\t}} -> environment.variables.X; " },
        { "{{ env.variables.X }}", "{{ env.variables.X }} -> environment.variables.X; " },
        { "${environment.variables.X}", "${environment.variables.X} -> environment.variables.X; " },
        { "<%= Environment.variables.X %>",
          "<%= Environment.variables.X %> -> environment.variables.X; " },
        { "<% environment.variables.X %>",
          "<% environment.variables.X %> -> environment.variables.X; " },
        { "[[environment.variables.X]]",
          "[[environment.variables.X]] -> environment.variables.X; " },
        { "<environment.variables.X>", "<environment.variables.X> -> environment.variables.X; " },
        { "< environment.variables.X >>",
          "< environment.variables.X >> -> environment.variables.X; " },
        { "{{ resources.crm.host }}", "{{ resources.crm.host }} -> resources.crm.host; " },
        { "<resources.crm.host>>", "<resources.crm.host>> -> resources.crm.host; " },
        { "{{ environment.variables.A }}{{ resources.b.c }}",
          "{{ environment.variables.A }} -> environment.variables.A; "
          "{{ resources.b.c }} -> resources.b.c; " },
        /* Tags, and what tag.h finds. */
        { "<< environment.variables.X >>", "" },
        { "\\<< environment.variables.X >>", "" },
        { "<< enviroment.variables.X >>", "" },
        { "<<< environment.variables.X >>", "" },
        /* Other languages. */
        { "{{ template.variables.X }}", "" },
        { "{{ .Values.resources.limits.cpu }}", "" },
        { "{{ myresources.crm.host }}", "" },
        { "{{ resources.crm }}", "" },
        { "{{ resources..host }}", "" },
        { "{{ resources.crm. }}", "" },
        { "${resources.crm.host}", "" },
        { "<resources.crm.host>", "" },
        { "if (a < environment.variables.X && b)", "" },
        { "{ environment.variables.X }", "" },
        { "{{ environment.variables.X | upper }}", "" },
        { "{{ environment.variables.X.y }}", "" },
        { "{{ environment.variables.X", "" },
        { "{{ environment.variables. }}", "" },
        { "{{\nenvironment.variables.X }}", "" },
        { "{{                 environment.variables.X }}", "" }, /* 17 blanks */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char got[256];
        print_message("%s\n", rows[i].text);
        /* A copy of its own, so that reading beyond it is found. */
        size_t len = strlen(rows[i].text);
        char *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, rows[i].text, len);
        find_all(slice_of(copy, len), got, sizeof(got));
        assert_string_equal(got, rows[i].want);
        free(copy);
    }
}

/* Texts of nothing but beginnings are walked through once. */
static void
test_linear(void **state)
{
    (void)state;
    static const char *const parts[] = {
        ".", ".variables.", "environment.variables.", "resources.", "{{ environment.variables.X ",
        "{{"
    };
    enum { BIG = 4 * 1024 * 1024 };
    char *text = malloc(BIG);
    assert_non_null(text);
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct near_other near = { 0 };
        size_t len = strlen(parts[i]);
        size_t at = 0;
        for (size_t k = 0; k < BIG; k++)
            text[k] = parts[i][k % len];
        assert_false(near_next(slice_of(text, BIG), &at, &near));
    }
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
