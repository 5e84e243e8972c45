/* SPDX-License-Identifier: MIT */
/*
 * Documents, strings, writers, and what a hostile text costs: each megabyte below takes some
 * milliseconds; an algorithm that is quadratic in any of them runs into the runner's timeout.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "fx_mem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT(s)                                                                                    \
    {                                                                                              \
        s, sizeof(s) - 1                                                                           \
    }

static struct json_doc *
parse(const char *text)
{
    struct json_doc *doc = NULL;
    assert_int_equal(json_parse(&mem_default, text, strlen(text), &doc, NULL), ENVRES_OK);
    return doc;
}

static void
assert_slice(struct slice slice, const char *text)
{
    assert_int_equal(slice.len, strlen(text));
    assert_memory_equal(slice.data, text, slice.len);
}

static void
assert_buf(const struct buf *buf, struct slice text)
{
    assert_int_equal(buf_status(buf, NULL), ENVRES_OK);
    assert_int_equal(buf->len, text.len);
    if (text.len > 0)
        assert_memory_equal(buf->data, text.data, text.len);
}

static bool is_entropy_refused;
static int seeds_drawn;

/* Stands in front of the C library's, for a machine without a source of randomness. */
int
getentropy(void *out, size_t len)
{
    seeds_drawn++;
    if (is_entropy_refused)
        return -1;
    memset(out, 0x5A, len);
    return 0;
}

/* ---- documents ------------------------------------------------------------------------------ */

static void
test_nodes_of_one_value(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum json_kind kind;
        const char *span;
    } rows[] = {
        { "null", JSON_NULL, "null" },
        { " true ", JSON_TRUE, "true" },
        { "\n\tfalse\r\n", JSON_FALSE, "false" },
        { "0", JSON_NUMBER, "0" },
        { " -1.5e3 ", JSON_NUMBER, "-1.5e3" },
        { " \"a\\\"b\" ", JSON_STRING, "\"a\\\"b\"" },
        { "\"\"", JSON_STRING, "\"\"" },
        { " [ ] ", JSON_ARRAY, "[ ]" },
        { " { } ", JSON_OBJECT, "{ }" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_doc *doc = parse(rows[i].text);
        print_message("%s\n", rows[i].text);
        assert_int_equal(json_kind_of(doc, 0), rows[i].kind);
        assert_slice(json_span(doc, 0), rows[i].span);
        assert_int_equal(json_size(doc, 0), 0);
        assert_true(json_first(doc, 0) == JSON_NONE);
        assert_true(json_next(doc, 0) == JSON_NONE);
        assert_true(json_member(doc, 0, "a") == JSON_NONE);
        json_free(doc);
    }
    json_free(NULL);
}

static void
test_nodes_of_a_tree(void **state)
{
    (void)state;
    /* 0 {  1 a 2 [ 3 1, 4 [ ], 5 { 6 x 7 null } ]  8 b 9 "s"  10 c 11 { } } */
    static const char text[] = "{ \"a\" : [ 1, [], {\"x\":null} ] , \"b\": \"s\", \"c\":{ } }";
    static const struct {
        enum json_kind kind;
        const char *span;
        uint32_t size;
        uint32_t first;
        uint32_t next;
    } rows[] = {
        { JSON_OBJECT, text, 3, 1, JSON_NONE },
        { JSON_STRING, "\"a\"", 0, JSON_NONE, 2 },
        { JSON_ARRAY, "[ 1, [], {\"x\":null} ]", 3, 3, 8 },
        { JSON_NUMBER, "1", 0, JSON_NONE, 4 },
        { JSON_ARRAY, "[]", 0, JSON_NONE, 5 },
        { JSON_OBJECT, "{\"x\":null}", 1, 6, JSON_NONE },
        { JSON_STRING, "\"x\"", 0, JSON_NONE, 7 },
        { JSON_NULL, "null", 0, JSON_NONE, JSON_NONE },
        { JSON_STRING, "\"b\"", 0, JSON_NONE, 9 },
        { JSON_STRING, "\"s\"", 0, JSON_NONE, 10 },
        { JSON_STRING, "\"c\"", 0, JSON_NONE, 11 },
        { JSON_OBJECT, "{ }", 0, JSON_NONE, JSON_NONE },
    };
    struct json_doc *doc = parse(text);
    uint32_t nodes = 0;
    assert_int_equal(json_count(&mem_default, text, strlen(text), &nodes, NULL), ENVRES_OK);
    assert_int_equal(nodes, COUNT(rows));
    for (uint32_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(json_kind_of(doc, i), rows[i].kind);
        assert_slice(json_span(doc, i), rows[i].span);
        assert_int_equal(json_size(doc, i), rows[i].size);
        assert_int_equal(json_first(doc, i), rows[i].first);
        assert_int_equal(json_next(doc, i), rows[i].next);
    }
    assert_int_equal(json_member(doc, 0, "a"), 2);
    assert_int_equal(json_member(doc, 0, "c"), 11);
    assert_int_equal(json_member(doc, 5, "x"), 7);
    assert_true(json_member(doc, 0, "x") == JSON_NONE); /* of an inner object */
    assert_true(json_member(doc, 0, "s") == JSON_NONE); /* a value */
    assert_true(json_member(doc, 2, "a") == JSON_NONE); /* an array */
    json_free(doc);
}

static void
test_members_are_found_unescaped(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *key;
        uint32_t node;
    } rows[] = {
        { "{\"\\u0061b\":1}", "ab", 2 },
        { "{\"a\\u0062\":1}", "ab", 2 },
        { "{\"a\\nb\":1}", "a\nb", 2 },
        { "{\"\\uD83D\\uDE00\":1}", "\xF0\x9F\x98\x80", 2 },
        { "{\"\\u20AC\":1}", "\xE2\x82\xAC", 2 },
        { "{\"\":1}", "", 2 },
        { "{\"ab\":1}", "a", JSON_NONE },
        { "{\"a\":1}", "ab", JSON_NONE },
        { "{\"\\u0061b\":1}", "a", JSON_NONE },
        { "{\"a\\u0062\":1}", "a", JSON_NONE },
        { "{\"a\\u0062\":1}", "ax", JSON_NONE },
        { "{\"a\\u0062c\":1}", "abx", JSON_NONE },
        { "{\"a\":1}", "", JSON_NONE },
        { "{}", "a", JSON_NONE },
        { "{\"b\":{\"a\":1},\"a\":2}", "a", 6 },
        { "{\"\\\\\":1}", "\\", 2 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_doc *doc = parse(rows[i].text);
        print_message("%s\n", rows[i].text);
        assert_int_equal(json_member(doc, 0, rows[i].key), rows[i].node);
        json_free(doc);
    }
}

/* 64 levels of arrays and of objects, with a neighbour behind each. */
static void
test_deepest_tree(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, &mem_default, false);
    for (int i = 0; i < LIMIT_JSON_DEPTH; i++)
        buf_add_str(&text, i % 2 ? "{\"k\":" : "[");
    buf_add_str(&text, "0");
    for (int i = LIMIT_JSON_DEPTH; i-- > 0;)
        buf_add_str(&text, i % 2 ? ",\"n\":1}" : ",2]");
    buf_add_char(&text, '\0');
    struct json_doc *doc = parse(text.data);
    uint32_t node = 0;
    for (int i = 0; i < LIMIT_JSON_DEPTH; i++) {
        uint32_t size = json_size(doc, node);
        assert_int_equal(size, 2);
        uint32_t child = json_first(doc, node) + (i % 2 ? 1 : 0);
        uint32_t behind = json_next(doc, child);
        assert_true(behind != JSON_NONE);
        assert_slice(json_span(doc, behind), i % 2 ? "\"n\"" : "2");
        node = child;
    }
    assert_slice(json_span(doc, node), "0");
    json_free(doc);
    buf_free(&text);
}

/* ---- strings -------------------------------------------------------------------------------- */

static void
test_unescape(void **state)
{
    (void)state;
    static const struct {
        struct slice raw;
        struct slice text;
    } rows[] = {
        { TEXT(""), TEXT("") },
        { TEXT("plain"), TEXT("plain") },
        { TEXT("\\\"\\\\\\/\\b\\f\\n\\r\\t"), TEXT("\"\\/\b\f\n\r\t") },
        { TEXT("a\\nb"), TEXT("a\nb") },
        { TEXT("\\u0001\\u007f"), TEXT("\x01\x7F") },
        { TEXT("\\u0080\\u07ff"), TEXT("\xC2\x80\xDF\xBF") },
        { TEXT("\\u0800\\uFFFF"), TEXT("\xE0\xA0\x80\xEF\xBF\xBF") },
        { TEXT("\\uD7FF\\uE000"), TEXT("\xED\x9F\xBF\xEE\x80\x80") },
        { TEXT("\\uD800\\uDC00"), TEXT("\xF0\x90\x80\x80") },
        { TEXT("\\uDBFF\\uDFFF"), TEXT("\xF4\x8F\xBF\xBF") },
        { TEXT("x\\uD834\\uDD1Ey"), TEXT("x\xF0\x9D\x84\x9Ey") },
        { TEXT("\\\\u0041"), TEXT("\\u0041") },
        { TEXT("\\u00e9\\u00E9"), TEXT("\xC3\xA9\xC3\xA9") },
        { TEXT("\xC3\xA9\\n\xE2\x82\xAC"), TEXT("\xC3\xA9\n\xE2\x82\xAC") },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        struct buf text;
        print_message("%s\n", rows[i].raw.data);
        buf_init(&out, &mem_default, true);
        json_unescape(rows[i].raw.data, rows[i].raw.len, &out);
        assert_buf(&out, rows[i].text);
        /* The same as a node. */
        buf_init(&text, &mem_default, false);
        buf_add_format(&text, "[\"%s\"]", rows[i].raw.data);
        struct json_doc *doc = NULL;
        assert_int_equal(json_parse(&mem_default, text.data, text.len, &doc, NULL), ENVRES_OK);
        out.len = 0;
        json_string(doc, 1, &out);
        assert_buf(&out, rows[i].text);
        json_free(doc);
        buf_free(&out);
        buf_free(&text);
    }
}

static void
test_write_string(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        const char *json;
    } rows[] = {
        { TEXT(""), "\"\"" },
        { TEXT("plain"), "\"plain\"" },
        { TEXT("\"\\/"), "\"\\\"\\\\/\"" },
        { TEXT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
        { TEXT("\x01\x0B\x1F\x7F"), "\"\\u0001\\u000b\\u001f\x7F\"" },
        { TEXT("\xC3\xA9\xF0\x9D\x84\x9E"), "\"\xC3\xA9\xF0\x9D\x84\x9E\"" },
        { TEXT("12345678\"12345678"), "\"12345678\\\"12345678\"" },
        { TEXT("</script>\xE2\x80\xA8"), "\"</script>\xE2\x80\xA8\"" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        struct buf back;
        buf_init(&out, &mem_default, false);
        buf_init(&back, &mem_default, false);
        json_write_string(&out, rows[i].text.data, rows[i].text.len);
        assert_buf(&out, slice_str(rows[i].json));
        struct json_doc *doc = NULL;
        assert_int_equal(json_parse(&mem_default, out.data, out.len, &doc, NULL), ENVRES_OK);
        json_string(doc, 0, &back);
        assert_buf(&back, rows[i].text);
        json_free(doc);
        size_t quoted = out.len;
        json_write_escaped(&out, rows[i].text.data, rows[i].text.len);
        assert_int_equal(out.len - quoted, quoted - 2);
        assert_memory_equal(out.data + quoted, out.data + 1, quoted - 2);
        buf_free(&out);
        buf_free(&back);
    }
}

/* Every byte at every distance from the edge of a word, in blocks of exactly that size. */
static void
test_plain_run(void **state)
{
    (void)state;
    for (size_t len = 1; len < 26; len++) {
        char *text = malloc(len);
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                memset(text, at % 2 ? 0xFF : 'a', len);
                text[at] = (char)c;
                bool special = c < 0x20 || c == '"' || c == '\\';
                assert_int_equal(json_plain(text, len), special ? at : len);
            }
        }
        free(text);
    }
    assert_int_equal(json_plain(NULL, 0), 0);
}

static void
test_compact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *compact;
    } rows[] = {
        { "1", "1" },
        { " \t\r\n1 \t\r\n", "1" },
        { "{ \"b\" : 1 ,\n\t\"a\" : [ 1 , 2 ] }", "{\"b\":1,\"a\":[1,2]}" },
        { "[ \" a \\\" b \" ]", "[\" a \\\" b \"]" },
        { "[\"\\\\\" , \"x\"]", "[\"\\\\\",\"x\"]" },
        { "[\"\\\\\\\"\" , 1]", "[\"\\\\\\\"\",1]" },
        { "[ 1.50 , 1E5 , \"\\u0041\" ]", "[1.50,1E5,\"\\u0041\"]" },
        { "[true , null]", "[true,null]" },
        { "\"\"", "\"\"" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        buf_init(&out, &mem_default, false);
        print_message("%s\n", rows[i].text);
        json_compact(&out, rows[i].text, strlen(rows[i].text));
        assert_buf(&out, slice_str(rows[i].compact));
        buf_free(&out);
    }
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* An object of `count` keys; key number `twin`, if there is one, says the same as key 0. */
static void
make_object(struct buf *out, unsigned count, unsigned twin, bool escaped)
{
    buf_add_char(out, '{');
    for (unsigned i = 0; i < count; i++)
        buf_add_format(out, "%s\"%s%u\":1", i ? "," : "", escaped ? "\\u006b" : "k",
                       i == twin ? 0 : i);
    buf_add_char(out, '}');
}

/* Across the change from comparing one by one to the table, and across its growing. */
static void
check_twins_of_any_object_size(void)
{
    static const unsigned counts[] = { 2, 7, 8, 9, 10, 16, 17, 31, 32, 33, 64, 65, 129, 1000 };
    struct buf text;
    buf_init(&text, &mem_default, false);
    for (size_t i = 0; i < COUNT(counts); i++) {
        for (unsigned twin = 0; twin < counts[i]; twin += twin < 40 ? 1 : 97) {
            text.len = 0;
            make_object(&text, counts[i], twin, twin % 2);
            envres_status st = json_check(&mem_default, text.data, text.len, NULL);
            assert_int_equal(st, twin == 0 ? ENVRES_OK : ENVRES_E_JSON);
        }
    }
    buf_free(&text);
}

static void
test_twins_of_any_object_size(void **state)
{
    (void)state;
    check_twins_of_any_object_size();
    is_entropy_refused = true;
    check_twins_of_any_object_size();
    is_entropy_refused = false;
}

/* The table has a seed before the first key comes into it; objects without a table cost none. */
static void
test_seed_is_drawn_with_the_first_table(void **state)
{
    (void)state;
    static const struct {
        unsigned keys;
        int seeds;
    } rows[] = { { 0, 0 }, { 1, 0 }, { 8, 0 }, { 9, 1 }, { 1000, 1 } };
    struct buf text;
    buf_init(&text, &mem_default, false);
    for (size_t i = 0; i < COUNT(rows); i++) {
        text.len = 0;
        buf_add_char(&text, '[');
        make_object(&text, rows[i].keys, 0, false);
        buf_add_char(&text, ',');
        make_object(&text, rows[i].keys, 0, true);
        buf_add_char(&text, ']');
        seeds_drawn = 0;
        assert_int_equal(json_check(&mem_default, text.data, text.len, NULL), ENVRES_OK);
        assert_int_equal(seeds_drawn, rows[i].seeds);
    }
    buf_free(&text);
}

/* Keys of outer objects are still known when inner ones have come and gone, small or large. */
static void
test_twins_around_inner_objects(void **state)
{
    (void)state;
    static const unsigned counts[] = { 1, 7, 8, 9, 40, 200 };
    struct buf text;
    buf_init(&text, &mem_default, false);
    for (size_t outer = 0; outer < COUNT(counts); outer++) {
        for (size_t inner = 0; inner < COUNT(counts); inner++) {
            for (int twin = 0; twin < 2; twin++) {
                text.len = 0;
                buf_add_char(&text, '{');
                for (unsigned i = 0; i < counts[outer]; i++) {
                    buf_add_format(&text, "\"k%u\":", i);
                    make_object(&text, counts[inner], 0, i % 2);
                    buf_add_char(&text, ',');
                }
                buf_add_str(&text, twin ? "\"\\u006b0\":1}" : "\"last\":1}");
                envres_status st = json_check(&mem_default, text.data, text.len, NULL);
                assert_int_equal(st, twin ? ENVRES_E_JSON : ENVRES_OK);
            }
        }
    }
    buf_free(&text);
}

/* ---- what it costs -------------------------------------------------------------------------- */

enum { MEGABYTE = 1024 * 1024 };

static void
fill(struct buf *out, const char *open, const char *unit, const char *close)
{
    buf_add_str(out, open);
    while (out->len < MEGABYTE)
        buf_add_str(out, unit);
    buf_add_str(out, close);
}

static void
fill_with_objects(struct buf *out)
{
    for (int level = 0; level < LIMIT_JSON_DEPTH; level++) {
        buf_add_char(out, '{');
        for (int i = 0; i < 1500; i++)
            buf_add_format(out, "\"k%d\":1,", i);
        buf_add_str(out, "\"in\":");
    }
    buf_add_char(out, '0');
    for (int level = 0; level < LIMIT_JSON_DEPTH; level++)
        buf_add_char(out, '}');
}

static void
test_hostile_texts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *open;
        const char *unit;
        const char *close;
        envres_status status;
    } rows[] = {
        { "a megabyte of [", "", "[", "", ENVRES_E_LIMIT },
        { "a megabyte of {", "", "{\"a\":", "", ENVRES_E_LIMIT },
        { "an open string", "\"", "aaaaaaa", "", ENVRES_E_JSON },
        { "a string of escapes", "\"", "\\u00e9", "\"", ENVRES_OK },
        { "a string of pairs", "\"", "\\uD83D\\uDE00", "\"", ENVRES_OK },
        { "a string of backslashes", "\"", "\\\\", "\"", ENVRES_OK },
        { "a key of escapes", "{\"", "\\u00e9", "\":1}", ENVRES_OK },
        { "two keys, the first long", "{\"", "\\u00e9", "\":1,\"b\":1}", ENVRES_OK },
        { "digits", "", "1234567890", "", ENVRES_OK },
        { "digits behind the point", "0.", "1234567890", "", ENVRES_OK },
        { "white space", "", " \n\t\r", "1", ENVRES_OK },
        { "empty arrays", "[[]", ",[]", "]", ENVRES_OK },
        { "small objects", "[{}", ",{\"a\":1,\"b\":2}", "]", ENVRES_OK },
        { "closing brackets", "[", "]", "", ENVRES_E_JSON },
        { "commas", "[1", ",", "", ENVRES_E_JSON },
        { "open strings in an array", "[\"\"", ",\"\"", "", ENVRES_E_JSON },
        { "objects of nine keys", "[{}",
          ",{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9}", "]",
          ENVRES_OK },
    };
    struct buf text;
    buf_init(&text, &mem_default, false);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fx_mem fx;
        struct json_doc *doc = NULL;
        print_message("%s\n", rows[i].name);
        text.len = 0;
        fill(&text, rows[i].open, rows[i].unit, rows[i].close);
        fx_mem_init(&fx);
        assert_int_equal(json_parse(&fx.mem, text.data, text.len, &doc, NULL), rows[i].status);
        json_free(doc);
        assert_int_equal(fx.blocks, 0);
        assert_true(fx.requests < 100);
    }
    text.len = 0;
    fill_with_objects(&text);
    assert_int_equal(json_check(&mem_default, text.data, text.len, NULL), ENVRES_OK);
    text.len = 0;
    make_object(&text, 300000, 0, false);
    assert_int_equal(json_check(&mem_default, text.data, text.len, NULL), ENVRES_OK);
    text.len = 0;
    make_object(&text, 300000, 299999, true);
    assert_int_equal(json_check(&mem_default, text.data, text.len, NULL), ENVRES_E_JSON);
    buf_free(&text);
}

/* The length is looked at before anything else. */
static void
test_longest_text(void **state)
{
    (void)state;
    struct fx_mem fx;
    envres_error *err = envres_error_new(NULL);
    fx_mem_init(&fx);
    assert_int_equal(json_check(&fx.mem, "1", (size_t)LIMIT_JSON_TEXT + 1, err), ENVRES_E_LIMIT);
    assert_int_equal(json_check(&fx.mem, "1", SIZE_MAX, err), ENVRES_E_LIMIT);
    assert_int_equal(fx.requests, 0);
    char *text = malloc(LIMIT_JSON_TEXT);
    assert_non_null(text);
    memset(text, ' ', LIMIT_JSON_TEXT);
    text[LIMIT_JSON_TEXT - 1] = '1';
    struct json_doc *doc = NULL;
    assert_int_equal(json_parse(&fx.mem, text, LIMIT_JSON_TEXT, &doc, err), ENVRES_OK);
    assert_slice(json_span(doc, 0), "1");
    json_free(doc);
    free(text);
    envres_error_free(err);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* Ends well or with the code that the text deserves; never anything in between. */
static void
refuse_each_request(const struct buf *text, envres_status expected, int least)
{
    for (int n = 0;; n++) {
        struct fx_mem fx;
        struct json_doc *doc = NULL;
        envres_error *err = envres_error_new(NULL);
        fx_mem_fail_at(&fx, n, n % 2);
        envres_status st = json_parse(&fx.mem, text->data, text->len, &doc, err);
        assert_int_equal(st, fx.hit ? ENVRES_E_NOMEM : expected);
        assert_int_equal(envres_error_code(err), st);
        assert_int_equal(doc != NULL, st == ENVRES_OK);
        json_free(doc);
        envres_error_free(err);
        assert_int_equal(fx.blocks, 0);
        if (!fx.hit) {
            assert_true(n >= least);
            return;
        }
    }
}

static void
test_every_refused_request(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, &mem_default, false);
    buf_add_str(&text, "{\"outer\":");
    make_object(&text, 300, 0, true);
    buf_add_str(&text, ",\"\\u006futer 2\":[1,2,3]}");
    refuse_each_request(&text, ENVRES_OK, 8);
    /* Two keys whose comparison needs more room than reading each of them did. */
    for (int large = 0; large < 2; large++) {
        text.len = 0;
        buf_add_char(&text, '{');
        for (int i = 0; large && i < 20; i++)
            buf_add_format(&text, "\"%d\":0,", i);
        for (int i = 0; i < 2; i++) {
            buf_add_str(&text, i ? ",\"a" : "\"\\u0061");
            for (int j = 0; j < 60; j++)
                buf_add_char(&text, 'a');
            buf_add_str(&text, "\":1");
        }
        buf_add_char(&text, '}');
        refuse_each_request(&text, ENVRES_E_JSON, 3);
    }
    buf_free(&text);
}

/* A document may be a secret's: no block that is given back holds its text. */
static void
test_no_text_is_left_in_memory(void **state)
{
    (void)state;
    struct buf text;
    struct fx_mem fx;
    struct json_doc *doc = NULL;
    buf_init(&text, &mem_default, false);
    buf_add_str(&text, "{\"a \\u0063anary\":\"a canary\",\"a cana\\u0072y sings\":1");
    for (int i = 0; i < 100; i++)
        buf_add_format(&text, ",\"canary\\u0020%d\":\"canary\"", i);
    buf_add_char(&text, '}');
    fx_mem_init(&fx);
    fx.canary = "canary";
    assert_int_equal(json_parse(&fx.mem, text.data, text.len, &doc, NULL), ENVRES_OK);
    json_free(doc);
    assert_true(fx.requests > 3);
    assert_int_equal(fx.seen, 0);
    /* Nor does an error. */
    envres_error *err = envres_error_new(NULL);
    text.len--;
    buf_add_str(&text, ",\"canary 1\":\"canary\"}");
    assert_int_equal(json_check(&fx.mem, text.data, text.len, err), ENVRES_E_JSON);
    assert_null(strstr(envres_error_message(err), "canary"));
    assert_null(strstr(envres_error_hint(err), "canary"));
    assert_null(strstr(envres_error_subject(err), "canary"));
    envres_error_free(err);
    assert_int_equal(fx.seen, 0);
    assert_int_equal(fx.blocks, 0);
    buf_free(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes_of_one_value),
        cmocka_unit_test(test_nodes_of_a_tree),
        cmocka_unit_test(test_members_are_found_unescaped),
        cmocka_unit_test(test_deepest_tree),
        cmocka_unit_test(test_unescape),
        cmocka_unit_test(test_write_string),
        cmocka_unit_test(test_plain_run),
        cmocka_unit_test(test_compact),
        cmocka_unit_test(test_twins_of_any_object_size),
        cmocka_unit_test(test_seed_is_drawn_with_the_first_table),
        cmocka_unit_test(test_twins_around_inner_objects),
        cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_longest_text),
        cmocka_unit_test(test_every_refused_request),
        cmocka_unit_test(test_no_text_is_left_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
