/* SPDX-License-Identifier: MIT */
/* Places and contexts: how a value is written where, and the walk over a JSON document's strings.
 */
#include "lang/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lang/document.h"

#define STRING  ENVRES_TYPE_STRING
#define NUMBER  ENVRES_TYPE_NUMBER
#define BOOLEAN ENVRES_TYPE_BOOLEAN
#define JSON    ENVRES_TYPE_JSON
#define NONE    ENVRES_TYPE_NULL

struct row {
    const char *name;
    enum expr_place place;
    int32_t type;
    const char *in;
    const char *out;
    bool is_encoded;
};

static const struct row rows[] = {
    { "text", PLACE_TEXT, STRING, "a\"'\n%", "a\"'\n%", false },
    { "text, number", PLACE_TEXT, NUMBER, "5", "5", false },
    { "text, null", PLACE_TEXT, NONE, "null", "null", false },
    { "url", PLACE_URL, STRING, "a b", "a%20b", false },
    { "url, plain", PLACE_URL, STRING, "a-b_c.d~e", "a-b_c.d~e", false },
    { "url, encoded already", PLACE_URL, STRING, "a%20b", "a%20b", true },
    { "url, json", PLACE_URL, JSON, "[1]", "%5B1%5D", false },
    { "shell", PLACE_SHELL, STRING, "a b", "'a b'", false },
    { "shell, nothing", PLACE_SHELL, STRING, "", "''", false },
    { "shell, a quote", PLACE_SHELL, STRING, "'", "''\\'''", false },
    { "shell, quotes around", PLACE_SHELL, STRING, "'a'", "''\\''a'\\'''", false },
    { "shell, what runs", PLACE_SHELL, STRING, "$(x) `y` \\", "'$(x) `y` \\'", false },
    { "shell, boolean", PLACE_SHELL, BOOLEAN, "true", "'true'", false },
    { "string", PLACE_JSON_STRING, STRING, "a\"b\\", "a\\\"b\\\\", false },
    { "string, plain", PLACE_JSON_STRING, STRING, "caf\xC3\xA9", "caf\xC3\xA9", false },
    { "string, number", PLACE_JSON_STRING, NUMBER, "5", "5", false },
    { "string, json", PLACE_JSON_STRING, JSON, "{\"a\":1}", "{\\\"a\\\":1}", false },
    { "string, control", PLACE_JSON_STRING, STRING, "\x01\n", "\\u0001\\n", false },
    { "key", PLACE_JSON_KEY, STRING, "a\"", "a\\\"", false },
    { "value, string", PLACE_JSON_VALUE, STRING, "a\"", "\"a\\\"\"", false },
    { "value, nothing", PLACE_JSON_VALUE, STRING, "", "\"\"", false },
    { "value, number", PLACE_JSON_VALUE, NUMBER, "-1.5", "-1.5", false },
    { "value, boolean", PLACE_JSON_VALUE, BOOLEAN, "false", "false", false },
    { "value, json", PLACE_JSON_VALUE, JSON, "[\"x\"]", "[\"x\"]", false },
    { "value, null", PLACE_JSON_VALUE, NONE, "null", "null", false },
};

static void
test_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct operand value = { row->type, slice_str(row->in) };
        struct buf out;
        printf("  %s\n", row->name);
        buf_init(&out, &mem_default, false);
        buf_add_char(&out, '|');
        place_write(row->place, &value, row->is_encoded, &out);
        assert_int_equal(out.len, strlen(row->out) + 1);
        assert_memory_equal(out.data + 1, row->out, out.len - 1);
        if (place_is_verbatim(row->place, &value))
            assert_string_equal(row->in, row->out);
        buf_free(&out);
    }
}

/* The short cut is taken where it matters. */
static void
test_verbatim(void **state)
{
    static const struct operand plain = { ENVRES_TYPE_STRING, { "plain-text", 10 } };
    static const struct operand number = { ENVRES_TYPE_NUMBER, { "5", 1 } };
    (void)state;
    assert_true(place_is_verbatim(PLACE_TEXT, &plain));
    assert_true(place_is_verbatim(PLACE_URL, &plain));
    assert_true(place_is_verbatim(PLACE_JSON_STRING, &plain));
    assert_true(place_is_verbatim(PLACE_JSON_KEY, &plain));
    assert_true(place_is_verbatim(PLACE_JSON_VALUE, &number));
    assert_false(place_is_verbatim(PLACE_JSON_VALUE, &plain));
    assert_false(place_is_verbatim(PLACE_SHELL, &number));
}

static void
test_contexts(void **state)
{
    (void)state;
    assert_string_equal(context_row(ENVRES_CONTEXT_TEXT)->name, "text");
    assert_string_equal(context_row(ENVRES_CONTEXT_JSON)->name, "json");
    assert_string_equal(context_row(ENVRES_CONTEXT_URL)->name, "url");
    assert_string_equal(context_row(ENVRES_CONTEXT_SHELL)->name, "shell");
    assert_string_equal(context_row(ENVRES_CONTEXT_SQL)->name, "sql");
    assert_null(context_row(ENVRES_CONTEXT_SQL + 1));
    assert_null(context_row(UINT32_MAX));
}

/* Every offset of a decoded string leads back to where that character begins in the document. */
static void
test_document_offsets(void **state)
{
    static const char text[] =
        "{\"k<<\": \"a\\n<\\u003c\\ud83d\\ude00x\\u00e4<\\\\\", \"<a<\": [\"<\", \"\\u003C<\"]}";
    static const struct {
        const char *decoded;
        size_t open;
        bool is_key;
        bool is_decoded;
    } wanted[] = {
        { "k<<", 1, true, false },
        { "a\n<<\xF0\x9F\x98\x80x\xC3\xA4<\\", 8, false, true },
        { "<a<", 44, true, false },
        { "<<", 57, false, true },
    };
    struct document doc;
    struct document_string string;
    size_t count = 0;
    (void)state;
    document_begin(&doc, &mem_default, text, strlen(text));
    for (; document_next(&doc, &string); count++) {
        assert_true(count < 4);
        assert_int_equal(string.len, strlen(wanted[count].decoded));
        assert_memory_equal(string.text, wanted[count].decoded, string.len);
        assert_int_equal(string.open, wanted[count].open);
        assert_int_equal(text[string.open], '"');
        assert_int_equal(text[string.close], '"');
        assert_int_equal(string.is_key, wanted[count].is_key);
        assert_int_equal(string.is_decoded, wanted[count].is_decoded);
        assert_int_equal(document_raw(&doc, &string, 0), string.open + 1);
        assert_int_equal(document_raw(&doc, &string, string.len), string.close);
        if (count == 1) {
            static const size_t at[] = { 0, 1, 2, 3, 4, 8, 9, 11, 12, 13 };
            static const size_t raw[] = { 9, 10, 12, 13, 19, 31, 32, 38, 39, 41 };
            for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
                assert_int_equal(document_raw(&doc, &string, at[i]), raw[i]);
            for (size_t i = sizeof(at) / sizeof(at[0]); i-- > 0;)
                assert_int_equal(document_raw(&doc, &string, at[i]), raw[i]);
        }
    }
    assert_int_equal(count, 4);
    assert_int_equal(document_status(&doc, NULL), ENVRES_OK);
    document_end(&doc);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_verbatim),
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_document_offsets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
