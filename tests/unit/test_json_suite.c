/* SPDX-License-Identifier: MIT */
/*
 * What is JSON here, rule by rule: code and place of the first fault, for rows of our own, and for
 * the files of JSONTestSuite's test_parsing where the environment variable ENVRES_JSON_SUITE names
 * that folder. There every file has one expected code: y_ files are good but for the rows below, n_
 * files are not, i_ files (left open by RFC 8259) have a row each. A folder with more or fewer
 * files than expected fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "fx_mem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT(s)                                                                                    \
    {                                                                                              \
        s, sizeof(s) - 1                                                                           \
    }
#define GOOD   0, 0, 0
#define TEN(s) s s s s s s s s s s

struct row {
    const char *name;
    struct slice text;
    envres_status status;
    size_t offset;
    uint32_t line;
    uint32_t column;
};

static const struct row good_rows[] = {
    { "null", TEXT("null"), ENVRES_OK, GOOD },
    { "true", TEXT("true"), ENVRES_OK, GOOD },
    { "false", TEXT("false"), ENVRES_OK, GOOD },
    { "number", TEXT("12"), ENVRES_OK, GOOD },
    { "string", TEXT("\"a\""), ENVRES_OK, GOOD },
    { "empty string", TEXT("\"\""), ENVRES_OK, GOOD },
    { "empty array", TEXT("[]"), ENVRES_OK, GOOD },
    { "empty object", TEXT("{}"), ENVRES_OK, GOOD },
    { "white space of all four kinds", TEXT(" \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n"),
      ENVRES_OK, GOOD },
    { "white space in an object", TEXT(" { \"a\" : 1 , \"b\" : { } } "), ENVRES_OK, GOOD },
    { "white space around a word", TEXT(" null "), ENVRES_OK, GOOD },
    { "nested", TEXT("[[{\"a\":[[],{}]}]]"), ENVRES_OK, GOOD },
    { "zero", TEXT("0"), ENVRES_OK, GOOD },
    { "minus zero", TEXT("-0"), ENVRES_OK, GOOD },
    { "zero with all parts", TEXT("-0.0e-0"), ENVRES_OK, GOOD },
    { "fraction", TEXT("0.001"), ENVRES_OK, GOOD },
    { "exponents", TEXT("[1e1,1E1,1e+1,1E-1,1.5e007]"), ENVRES_OK, GOOD },
    { "far beyond int64 and double", TEXT("[123456789012345678901234567890,1e99999]"), ENVRES_OK,
      GOOD },
    { "short escapes", TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), ENVRES_OK, GOOD },
    { "escape in either case", TEXT("\"\\u00e9\\u00E9\\uabCD\""), ENVRES_OK, GOOD },
    { "surrogate pairs at their ends", TEXT("\"\\uD800\\uDC00\\udbff\\udfff\""), ENVRES_OK, GOOD },
    { "escapes beside the surrogates", TEXT("\"\\uD7FF\\uE000\\uFFFF\""), ENVRES_OK, GOOD },
    { "escaped controls", TEXT("\"\\u0001\\u001f\\u007F\""), ENVRES_OK, GOOD },
    { "DEL as it is", TEXT("\"\x7F\""), ENVRES_OK, GOOD },
    { "all lengths of UTF-8", TEXT("\"a\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E\""), ENVRES_OK, GOOD },
    { "a byte-order mark inside a string", TEXT("\"\xEF\xBB\xBF\""), ENVRES_OK, GOOD },
    { "an escaped backslash before u", TEXT("\"\\\\u0000\\\\ud800\""), ENVRES_OK, GOOD },
    { "empty key", TEXT("{\"\":1}"), ENVRES_OK, GOOD },
    { "keys that differ in case", TEXT("{\"a\":1,\"A\":1}"), ENVRES_OK, GOOD },
    { "keys that begin alike", TEXT("{\"a\":1,\"aa\":1,\"\":1,\"aaa\":1}"), ENVRES_OK, GOOD },
    { "one key on two levels", TEXT("{\"a\":{\"a\":{\"a\":1}}}"), ENVRES_OK, GOOD },
    { "one key in two objects", TEXT("[{\"a\":1},{\"a\":2}]"), ENVRES_OK, GOOD },
    { "a key that is a value too", TEXT("{\"a\":\"b\",\"b\":\"a\"}"), ENVRES_OK, GOOD },
    { "64 levels", TEXT("[[[[" TEN("[[[[[[") "]]]]" TEN("]]]]]]")), ENVRES_OK, GOOD },
    { "64 levels, innermost an object",
      TEXT("[[[" TEN("[[[[[[") "{\"a\":1}"
                               "]]]" TEN("]]]]]]")),
      ENVRES_OK, GOOD },
};

static const struct row bad_rows[] = {
    { "nothing", TEXT(""), ENVRES_E_JSON, 0, 1, 1 },
    { "white space alone", TEXT(" \n "), ENVRES_E_JSON, 3, 2, 2 },
    { "byte-order mark", TEXT("\xEF\xBB\xBF{}"), ENVRES_E_JSON, 0, 1, 1 },
    { "two values", TEXT("1 2"), ENVRES_E_JSON, 2, 1, 3 },
    { "text behind", TEXT("{}x"), ENVRES_E_JSON, 2, 1, 3 },
    { "comment", TEXT("[1]//"), ENVRES_E_JSON, 3, 1, 4 },
    { "comment inside", TEXT("[/**/1]"), ENVRES_E_JSON, 1, 1, 2 },
    { "form feed", TEXT("[\f]"), ENVRES_E_JSON, 1, 1, 2 },
    { "no-break space", TEXT("[\xC2\xA0]"), ENVRES_E_JSON, 1, 1, 2 },
    { "capital word", TEXT("True"), ENVRES_E_JSON, 0, 1, 1 },
    { "word cut short", TEXT("[nul]"), ENVRES_E_JSON, 4, 1, 5 },
    { "word at the end cut short", TEXT("fals"), ENVRES_E_JSON, 4, 1, 5 },
    { "word too long", TEXT("truee"), ENVRES_E_JSON, 4, 1, 5 },
    { "NaN", TEXT("NaN"), ENVRES_E_JSON, 0, 1, 1 },
    { "Infinity", TEXT("-Infinity"), ENVRES_E_JSON, 1, 1, 2 },
    { "open array", TEXT("[1"), ENVRES_E_JSON, 2, 1, 3 },
    { "open array behind a comma", TEXT("[1,"), ENVRES_E_JSON, 3, 1, 4 },
    { "comma before the end", TEXT("[1,]"), ENVRES_E_JSON, 3, 1, 4 },
    { "comma first", TEXT("[,1]"), ENVRES_E_JSON, 1, 1, 2 },
    { "two commas", TEXT("[1,,2]"), ENVRES_E_JSON, 3, 1, 4 },
    { "no comma", TEXT("[1\n2]"), ENVRES_E_JSON, 3, 2, 1 },
    { "colon in an array", TEXT("[1:2]"), ENVRES_E_JSON, 2, 1, 3 },
    { "closed as an object", TEXT("[1}"), ENVRES_E_JSON, 2, 1, 3 },
    { "closed as an array", TEXT("{\"a\":1]"), ENVRES_E_JSON, 6, 1, 7 },
    { "empty, closed wrongly", TEXT("{]"), ENVRES_E_JSON, 1, 1, 2 },
    { "closed too often", TEXT("[]]"), ENVRES_E_JSON, 2, 1, 3 },
    { "closed without being open", TEXT("]"), ENVRES_E_JSON, 0, 1, 1 },
    { "open object", TEXT("{"), ENVRES_E_JSON, 1, 1, 2 },
    { "key alone", TEXT("{\"a\"}"), ENVRES_E_JSON, 4, 1, 5 },
    { "key and colon", TEXT("{\"a\":}"), ENVRES_E_JSON, 5, 1, 6 },
    { "two colons", TEXT("{\"a\"::1}"), ENVRES_E_JSON, 5, 1, 6 },
    { "comma for a colon", TEXT("{\"a\",1}"), ENVRES_E_JSON, 4, 1, 5 },
    { "comma before the brace", TEXT("{\"a\":1,}"), ENVRES_E_JSON, 7, 1, 8 },
    { "no comma between members", TEXT("{\"a\":1 \"b\":2}"), ENVRES_E_JSON, 7, 1, 8 },
    { "number as a key", TEXT("{1:1}"), ENVRES_E_JSON, 1, 1, 2 },
    { "word as a key", TEXT("{a:1}"), ENVRES_E_JSON, 1, 1, 2 },
    { "single quotes", TEXT("{'a':1}"), ENVRES_E_JSON, 1, 1, 2 },
    { "leading zero", TEXT("[01]"), ENVRES_E_JSON, 2, 1, 3 },
    { "leading plus", TEXT("+1"), ENVRES_E_JSON, 0, 1, 1 },
    { "minus alone", TEXT("[-]"), ENVRES_E_JSON, 2, 1, 3 },
    { "minus at the end", TEXT("-"), ENVRES_E_JSON, 1, 1, 2 },
    { "two minuses", TEXT("--1"), ENVRES_E_JSON, 1, 1, 2 },
    { "point first", TEXT(".5"), ENVRES_E_JSON, 0, 1, 1 },
    { "point last", TEXT("[5.]"), ENVRES_E_JSON, 3, 1, 4 },
    { "two points", TEXT("1.2.3"), ENVRES_E_JSON, 3, 1, 4 },
    { "comma for a point", TEXT("1,5"), ENVRES_E_JSON, 1, 1, 2 },
    { "exponent without digits", TEXT("[1e]"), ENVRES_E_JSON, 3, 1, 4 },
    { "exponent with a sign alone", TEXT("[1e+]"), ENVRES_E_JSON, 4, 1, 5 },
    { "hexadecimal", TEXT("0x10"), ENVRES_E_JSON, 1, 1, 2 },
    { "full-width digit", TEXT("\xEF\xBC\x91"), ENVRES_E_JSON, 0, 1, 1 },
    { "open string", TEXT("\"abc"), ENVRES_E_JSON, 4, 1, 5 },
    { "open string of eight", TEXT("\"abcdefgh"), ENVRES_E_JSON, 9, 1, 10 },
    { "backslash at the end", TEXT("\"a\\"), ENVRES_E_JSON, 3, 1, 4 },
    { "string that ends in an escaped quote", TEXT("\"a\\\""), ENVRES_E_JSON, 4, 1, 5 },
    { "unknown escape", TEXT("\"a\\x\""), ENVRES_E_JSON, 3, 1, 4 },
    { "capital escape", TEXT("\"\\N\""), ENVRES_E_JSON, 2, 1, 3 },
    { "escaped quote mark '", TEXT("\"\\'\""), ENVRES_E_JSON, 2, 1, 3 },
    { "three digits", TEXT("\"\\u00A\""), ENVRES_E_JSON, 6, 1, 7 },
    { "wrong digit", TEXT("\"\\u00G0\""), ENVRES_E_JSON, 5, 1, 6 },
    { "escape cut short", TEXT("\"\\u0"), ENVRES_E_JSON, 4, 1, 5 },
    { "raw tab", TEXT("\"a\tb\""), ENVRES_E_JSON, 2, 1, 3 },
    { "raw line feed", TEXT("\"a\nb\""), ENVRES_E_JSON, 2, 1, 3 },
    { "raw 0x1F behind eight letters", TEXT("\"abcdefgh\x1F\""), ENVRES_E_JSON, 9, 1, 10 },
    { "escaped NUL", TEXT("[\"a\\u0000\"]"), ENVRES_E_JSON, 3, 1, 4 },
    { "escaped NUL in a key", TEXT("{\"\\u0000\":1}"), ENVRES_E_JSON, 2, 1, 3 },
    { "high surrogate alone", TEXT("\"\\uD83D\""), ENVRES_E_JSON, 1, 1, 2 },
    { "high surrogate before a letter", TEXT("\"\\uD83Dabcdef\""), ENVRES_E_JSON, 1, 1, 2 },
    { "high surrogate before an escape", TEXT("\"\\uD83D\\n\""), ENVRES_E_JSON, 1, 1, 2 },
    { "high surrogate twice", TEXT("\"\\uD83D\\uD83D\""), ENVRES_E_JSON, 1, 1, 2 },
    { "low surrogate alone", TEXT("\"x\\uDE00\""), ENVRES_E_JSON, 2, 1, 3 },
    { "surrogates the wrong way round", TEXT("\"\\uDE00\\uD83D\""), ENVRES_E_JSON, 1, 1, 2 },
    { "pair cut short", TEXT("\"\\uD83D\\uDE0\""), ENVRES_E_JSON, 12, 1, 13 },
    { "same key twice", TEXT("{\"a\":1,\"a\":2}"), ENVRES_E_JSON, 7, 1, 8 },
    { "same key twice, next line", TEXT("{\n\"a\":1,\n\"b\":2,\n \"a\":3}"), ENVRES_E_JSON, 17, 4,
      2 },
    { "same key, escaped", TEXT("{\"a\":1,\"\\u0061\":2}"), ENVRES_E_JSON, 7, 1, 8 },
    { "same key, escaped first", TEXT("{\"\\u0061\":1,\"a\":2}"), ENVRES_E_JSON, 12, 1, 13 },
    { "same key, escaped two ways", TEXT("{\"\\/\":1,\"\\u002F\":2}"), ENVRES_E_JSON, 8, 1, 9 },
    { "same key, pair against UTF-8", TEXT("{\"\xF0\x9F\x98\x80\":1,\"\\uD83D\\uDE00\":2}"),
      ENVRES_E_JSON, 10, 1, 11 },
    { "same key beside an inner object", TEXT("{\"a\":{\"b\":1},\"a\":2}"), ENVRES_E_JSON, 13, 1,
      14 },
    { "same empty key", TEXT("{\"\":1,\"\":1}"), ENVRES_E_JSON, 6, 1, 7 },
    { "raw NUL", TEXT("[\0]"), ENVRES_E_UTF8, 1, 1, 2 },
    { "raw NUL in a string", TEXT("\"a\0\""), ENVRES_E_UTF8, 2, 1, 3 },
    { "raw NUL at the end", TEXT("1\0"), ENVRES_E_UTF8, 1, 1, 2 },
    { "not UTF-8 in a string", TEXT("\"\xFF\""), ENVRES_E_UTF8, 1, 1, 2 },
    { "not UTF-8 outside", TEXT("[1]\n\x80"), ENVRES_E_UTF8, 4, 2, 1 },
    { "raw surrogate", TEXT("\"\xED\xA0\x80\""), ENVRES_E_UTF8, 1, 1, 2 },
    { "overlong slash", TEXT("\"\xC0\xAF\""), ENVRES_E_UTF8, 1, 1, 2 },
    { "UTF-16", TEXT("\xFF\xFE[\0]\0"), ENVRES_E_UTF8, 0, 1, 1 },
    { "65 levels", TEXT("[[[[" TEN("[[[[[[") "[]"), ENVRES_E_LIMIT, 64, 1, 65 },
    { "65 levels, by objects", TEXT("[[[[" TEN("[[[[[[") "{}"), ENVRES_E_LIMIT, 64, 1, 65 },
};

/* Parses a copy that ends where the text ends, so that a sanitizer sees a byte too many. */
static envres_status
parse(const char *text, size_t len, struct json_doc **doc, envres_error *err)
{
    struct fx_mem fx;
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    fx_mem_init(&fx);
    envres_status st = json_check(&fx.mem, copy, len, err);
    assert_int_equal(fx.blocks, 0);
    assert_int_equal(json_parse(&fx.mem, copy, len, doc, err), st);
    assert_int_equal(*doc != NULL, st == ENVRES_OK);
    json_free(*doc);
    assert_int_equal(fx.blocks, 0);
    free(copy);
    return st;
}

static void
run_rows(const struct row *rows, size_t count)
{
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        struct json_doc *doc = NULL;
        print_message("%s\n", row->name);
        envres_error_clear(err);
        assert_int_equal(parse(row->text.data, row->text.len, &doc, err), row->status);
        assert_int_equal(envres_error_code(err), row->status);
        if (row->status == ENVRES_OK)
            continue;
        assert_int_equal(envres_error_offset(err), row->offset);
        assert_int_equal(envres_error_line(err), row->line);
        assert_int_equal(envres_error_column(err), row->column);
        assert_true(envres_error_message(err)[0] != '\0');
    }
    envres_error_free(err);
}

static void
test_good_rows(void **state)
{
    (void)state;
    run_rows(good_rows, COUNT(good_rows));
}

static void
test_bad_rows(void **state)
{
    (void)state;
    run_rows(bad_rows, COUNT(bad_rows));
}

/* However a text is cut short: bad, and no byte behind it is read. */
static void
test_every_prefix_of_a_good_text_is_bad(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1.5e3,true,null,\"\\u00e9\\uD83D\\uDE00\"],\"b\":{}}";
    envres_error *err = envres_error_new(NULL);
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        struct json_doc *doc = NULL;
        assert_int_equal(parse(text, len, &doc, err), ENVRES_E_JSON);
        assert_true(envres_error_offset(err) <= len);
    }
    struct json_doc *doc = NULL;
    assert_int_equal(parse(text, sizeof(text) - 1, &doc, err), ENVRES_OK);
    envres_error_free(err);
}

/* ---- the folder ----------------------------------------------------------------------------- */

enum { FILES_Y = 95, FILES_N = 188, FILES_I = 35, FILE_MAX = 1024 * 1024 };

struct expected {
    const char *name;
    envres_status status;
};

static const struct expected exceptions[] = {
    /* Stricter than RFC 8259: the last of two equal keys would win silently. */
    { "y_object_duplicated_key.json", ENVRES_E_JSON },
    { "y_object_duplicated_key_and_value.json", ENVRES_E_JSON },
    /* Stricter than RFC 8259: no text of the library holds a NUL. */
    { "y_object_escaped_null_in_key.json", ENVRES_E_JSON },
    { "y_string_null_escape.json", ENVRES_E_JSON },
    /* The depth is what is seen first. */
    { "n_structure_100000_opening_arrays.json", ENVRES_E_LIMIT },
    { "n_structure_open_array_object.json", ENVRES_E_LIMIT },
    /* Well-formed; whether a number can be held is asked of json_number(). */
    { "i_number_double_huge_neg_exp.json", ENVRES_OK },
    { "i_number_huge_exp.json", ENVRES_OK },
    { "i_number_neg_int_huge_exp.json", ENVRES_OK },
    { "i_number_pos_double_huge_exp.json", ENVRES_OK },
    { "i_number_real_neg_overflow.json", ENVRES_OK },
    { "i_number_real_pos_overflow.json", ENVRES_OK },
    { "i_number_real_underflow.json", ENVRES_OK },
    { "i_number_too_big_neg_int.json", ENVRES_OK },
    { "i_number_too_big_pos_int.json", ENVRES_OK },
    { "i_number_very_big_negative_int.json", ENVRES_OK },
    /* Half a surrogate pair is no character. */
    { "i_object_key_lone_2nd_surrogate.json", ENVRES_E_JSON },
    { "i_string_1st_surrogate_but_2nd_missing.json", ENVRES_E_JSON },
    { "i_string_1st_valid_surrogate_2nd_invalid.json", ENVRES_E_JSON },
    { "i_string_incomplete_surrogate_and_escape_valid.json", ENVRES_E_JSON },
    { "i_string_incomplete_surrogate_pair.json", ENVRES_E_JSON },
    { "i_string_incomplete_surrogates_escape_valid.json", ENVRES_E_JSON },
    { "i_string_invalid_lonely_surrogate.json", ENVRES_E_JSON },
    { "i_string_invalid_surrogate.json", ENVRES_E_JSON },
    { "i_string_inverted_surrogates_U+1D11E.json", ENVRES_E_JSON },
    { "i_string_lone_second_surrogate.json", ENVRES_E_JSON },
    /* Not UTF-8. */
    { "i_string_UTF-16LE_with_BOM.json", ENVRES_E_UTF8 },
    { "i_string_UTF-8_invalid_sequence.json", ENVRES_E_UTF8 },
    { "i_string_UTF8_surrogate_U+D800.json", ENVRES_E_UTF8 },
    { "i_string_invalid_utf-8.json", ENVRES_E_UTF8 },
    { "i_string_iso_latin_1.json", ENVRES_E_UTF8 },
    { "i_string_lone_utf8_continuation_byte.json", ENVRES_E_UTF8 },
    { "i_string_not_in_unicode_range.json", ENVRES_E_UTF8 },
    { "i_string_overlong_sequence_2_bytes.json", ENVRES_E_UTF8 },
    { "i_string_overlong_sequence_6_bytes.json", ENVRES_E_UTF8 },
    { "i_string_overlong_sequence_6_bytes_null.json", ENVRES_E_UTF8 },
    { "i_string_truncated-utf-8.json", ENVRES_E_UTF8 },
    { "i_string_utf16BE_no_BOM.json", ENVRES_E_UTF8 },
    { "i_string_utf16LE_no_BOM.json", ENVRES_E_UTF8 },
    /* Limits and the byte-order mark. */
    { "i_structure_500_nested_arrays.json", ENVRES_E_LIMIT },
    { "i_structure_UTF-8_BOM_empty_object.json", ENVRES_E_JSON },
};

/* The number inside each i_number file: an array with one element, or an object with one member. */
static const struct expected numbers[] = {
    { "i_number_double_huge_neg_exp.json", ENVRES_OK },
    { "i_number_huge_exp.json", ENVRES_E_LIMIT },
    { "i_number_neg_int_huge_exp.json", ENVRES_E_LIMIT },
    { "i_number_pos_double_huge_exp.json", ENVRES_E_LIMIT },
    { "i_number_real_neg_overflow.json", ENVRES_E_LIMIT },
    { "i_number_real_pos_overflow.json", ENVRES_E_LIMIT },
    { "i_number_real_underflow.json", ENVRES_OK },
    { "i_number_too_big_neg_int.json", ENVRES_E_LIMIT },
    { "i_number_too_big_pos_int.json", ENVRES_OK }, /* as the double 1e20 is written */
    { "i_number_very_big_negative_int.json", ENVRES_E_LIMIT },
};

static const struct expected *
find_row(const struct expected *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

static envres_status
expected_of(const char *name, const char *text, size_t len)
{
    const struct expected *row = find_row(exceptions, COUNT(exceptions), name);
    if (row)
        return row->status;
    if (name[0] == 'y')
        return ENVRES_OK;
    if (name[0] != 'n')
        fail_msg("no row for %s", name);
    return text_is_utf8(text, len, NULL) ? ENVRES_E_JSON : ENVRES_E_UTF8;
}

static size_t
read_file(const char *folder, const char *name, char *out)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(out, 1, FILE_MAX, file);
    assert_true(len < FILE_MAX && !ferror(file));
    fclose(file);
    return len;
}

static void
check_number(const char *name, const char *text, size_t len)
{
    const struct expected *row = find_row(numbers, COUNT(numbers), name);
    struct json_doc *doc = NULL;
    struct json_number number;
    if (!row)
        return;
    assert_int_equal(json_parse(&mem_default, text, len, &doc, NULL), ENVRES_OK);
    assert_int_equal(json_kind_of(doc, 0), JSON_ARRAY);
    struct slice span = json_span(doc, json_first(doc, 0));
    assert_int_equal(json_number(span.data, span.len, &number, NULL), row->status);
    json_free(doc);
}

static void
test_folder(void **state)
{
    (void)state;
    const char *folder = getenv("ENVRES_JSON_SUITE");
    if (!folder || !folder[0]) {
        print_message("ENVRES_JSON_SUITE is not set: only the rows of this program ran\n");
        return;
    }
    DIR *dir = opendir(folder);
    char *text = malloc(FILE_MAX);
    int counts[3] = { 0, 0, 0 };
    size_t rows_met = 0;
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        const char *name = entry->d_name;
        struct json_doc *doc = NULL;
        if (name[0] == '.')
            continue;
        size_t len = read_file(folder, name, text);
        envres_status expected = expected_of(name, text, len);
        envres_status st = parse(text, len, &doc, NULL);
        if (st != expected)
            fail_msg("%s: %s, not %s", name, envres_status_name(st), envres_status_name(expected));
        check_number(name, text, len);
        counts[name[0] == 'y' ? 0 : name[0] == 'n' ? 1 : 2]++;
        rows_met += find_row(exceptions, COUNT(exceptions), name) != NULL;
    }
    closedir(dir);
    free(text);
    print_message("%d good, %d bad, %d open\n", counts[0], counts[1], counts[2]);
    assert_int_equal(counts[0], FILES_Y);
    assert_int_equal(counts[1], FILES_N);
    assert_int_equal(counts[2], FILES_I);
    assert_int_equal(rows_met, COUNT(exceptions));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_rows),
        cmocka_unit_test(test_bad_rows),
        cmocka_unit_test(test_every_prefix_of_a_good_text_is_bad),
        cmocka_unit_test(test_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
