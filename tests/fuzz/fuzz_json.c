/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target (libFuzzer): JSON. What json_check() accepts is parsed, and what it refuses is not;
 * the nodes of a document lie inside of it, in order, and are as many as were counted; a string
 * that is read and written again is the same string; a document without white space has the same
 * nodes, and none to take out of it.
 */
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "fuzz.h"

/* A string that was read: written again it is a document that reads as the same bytes. */
static void
check_string(const struct json_doc *doc, uint32_t node)
{
    struct buf text;
    struct buf again;
    struct buf back;
    buf_init(&text, &mem_default, false);
    buf_init(&again, &mem_default, false);
    buf_init(&back, &mem_default, false);
    json_string(doc, node, &text);
    CHECK(!text.failed && text.len <= json_span(doc, node).len - 2);
    json_write_string(&again, text.data, text.len);
    CHECK(json_check(&mem_default, again.data, again.len, NULL) == ENVRES_OK);
    json_unescape(again.data + 1, again.len - 2, &back);
    CHECK(back.len == text.len && (text.len == 0 || memcmp(back.data, text.data, text.len) == 0));
    buf_free(&back);
    buf_free(&again);
    buf_free(&text);
}

/* A number as it is written again reads as the same number. */
static void
check_number(struct slice span)
{
    struct json_number number;
    struct json_number same;
    struct buf out;
    envres_status st = json_number(span.data, span.len, &number, NULL);
    CHECK(st == ENVRES_OK || st == ENVRES_E_LIMIT);
    if (st < 0)
        return;
    buf_init(&out, &mem_default, false);
    json_write_number(&out, &number);
    CHECK(json_number(out.data, out.len, &same, NULL) == ENVRES_OK);
    CHECK(number.is_integer ? same.is_integer && same.integer == number.integer
                            : !(same.real < number.real || same.real > number.real));
    buf_free(&out);
}

static void
check_node(const struct json_doc *doc, uint32_t node, struct slice text)
{
    struct slice span = json_span(doc, node);
    enum json_kind kind = json_kind_of(doc, node);
    uint32_t count = 0;
    CHECK(span.data >= text.data && span.data + span.len <= text.data + text.len && span.len > 0);
    for (uint32_t at = json_first(doc, node); at != JSON_NONE && count < json_size(doc, node);
         at = json_next(doc, kind == JSON_OBJECT ? at + 1 : at)) {
        CHECK(at > node);
        CHECK(kind != JSON_OBJECT || json_kind_of(doc, at) == JSON_STRING);
        count++;
    }
    CHECK(count == json_size(doc, node));
    if (kind == JSON_STRING)
        check_string(doc, node);
    else if (kind == JSON_NUMBER)
        check_number(span);
}

static void
check_compact(struct slice text, uint32_t nodes)
{
    struct buf once;
    struct buf twice;
    uint32_t left = 0;
    buf_init(&once, &mem_default, false);
    buf_init(&twice, &mem_default, false);
    json_compact(&once, text.data, text.len);
    CHECK(!once.failed && once.len <= text.len);
    CHECK(json_count(&mem_default, once.data, once.len, &left, NULL) == ENVRES_OK);
    CHECK(left == nodes);
    json_compact(&twice, once.data, once.len);
    CHECK(twice.len == once.len && memcmp(twice.data, once.data, once.len) == 0);
    buf_free(&twice);
    buf_free(&once);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    struct json_doc *doc = NULL;
    uint32_t nodes = 0;
    static envres_error *err;
    if (!err)
        err = envres_error_new(NULL);
    envres_status st = json_count(&mem_default, text.data, text.len, &nodes, err);
    CHECK(json_check(&mem_default, text.data, text.len, NULL) == st);
    CHECK(json_parse(&mem_default, text.data, text.len, &doc, NULL) == st);
    if (st < 0) {
        CHECK(!doc && envres_error_code(err) == st);
        CHECK(st == ENVRES_E_JSON || st == ENVRES_E_UTF8 || st == ENVRES_E_LIMIT);
        CHECK(envres_error_offset(err) <= text.len);
    } else {
        for (uint32_t i = 0; i < nodes; i++)
            check_node(doc, i, text);
        check_compact(text, nodes);
    }
    json_free(doc);
    return 0;
}
