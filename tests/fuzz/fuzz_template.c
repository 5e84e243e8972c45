/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target (libFuzzer): parses the input and checks what must hold for any template. The first
 * byte chooses flags, context, whether errors are worded, and the value that each expression is
 * given; the rest is the text.
 */
#include <string.h>

#include <envres/list.h>

#include "fuzz.h"
#include "lang/template.h"

#include "../same_template.h"

static void
check_refs(const struct template_view *view)
{
    for (uint32_t i = 0; i < view->expr_count; i++)
        CHECK(view->exprs[i].ref < view->ref_count);
    for (uint32_t i = 0; i < view->ref_count; i++) {
        const struct template_ref *ref = &view->refs[i];
        bool is_named =
            ref->root == REF_VARIABLE || ref->root == REF_RESOURCE || ref->root == REF_PARAM;
        CHECK((ref->name.len > 0) == is_named);
        CHECK((ref->field.len > 0) == (ref->root == REF_RESOURCE));
        CHECK(ref->name.len <= 128 && ref->field.len <= 128);
        for (uint32_t k = 0; k < i; k++)
            CHECK(view->refs[k].root != ref->root || !slice_equal(view->refs[k].name, ref->name) ||
                  !slice_equal(view->refs[k].field, ref->field));
    }
}

/* Literals and tags are in order, inside the text, and do not overlap; what no literal covers holds
 * a tag or an elided backslash. */
static void
check_segments(const struct template_view *view)
{
    size_t at = 0;
    uint64_t literal_len = 0;
    CHECK(view->segment_count > 0);
    for (uint32_t i = 0; i < view->segment_count; i++) {
        const struct segment *segment = &view->segments[i];
        CHECK(segment->offset >= at);
        CHECK(i > 0 || segment->offset == 0 || view->text[0] == '\\');
        at = (size_t)segment->offset + segment->len;
        CHECK(at <= view->text_len);
        literal_len += segment->len;
        CHECK(segment->tag >= at);
        if (i + 1 == view->segment_count) {
            CHECK(segment->expr == EXPR_NONE && at == view->text_len);
        } else if (segment->expr != EXPR_NONE) {
            CHECK(segment->expr < view->expr_count);
            CHECK(view->segments[i + 1].offset > segment->tag + 8);
        }
    }
    CHECK(literal_len == view->literal_len);
}

static void
check_references(const envres_template *tmpl, const struct template_view *view)
{
    envres_list *list = NULL;
    size_t tags = 0;
    int64_t last = -1;
    CHECK(envres_template_references(tmpl, &list, NULL) == ENVRES_OK);
    for (size_t row = 0; row < envres_list_count(list); row++) {
        int64_t offset = envres_list_integer(list, row, ENVRES_TAG_OFFSET);
        CHECK(offset > last && (size_t)offset < view->text_len);
        last = offset;
        CHECK(envres_list_text(list, row, ENVRES_TAG_NAME, NULL) != NULL);
        tags += strcmp(envres_list_text(list, row, ENVRES_TAG_KIND, NULL), "near-miss") != 0;
    }
    for (uint32_t i = 0; i < view->segment_count; i++)
        tags -= view->segments[i].expr != EXPR_NONE;
    CHECK(tags == 0);
    envres_list_free(list);
}

/* Each expression with an operand of some type: a result, or a type error. */
static void
check_writing(const envres_template *tmpl, const struct template_view *view, uint32_t choice)
{
    static const struct operand operands[] = {
        { ENVRES_TYPE_STRING, { "a'\"\\ <<\n", 8 } }, { ENVRES_TYPE_NUMBER, { "-1.5", 4 } },
        { ENVRES_TYPE_BOOLEAN, { "true", 4 } },       { ENVRES_TYPE_JSON, { "{\"a\":[]}", 8 } },
        { ENVRES_TYPE_NULL, { "null", 4 } },
    };
    enum { OPERANDS = sizeof(operands) / sizeof(operands[0]) };
    uint32_t count = view->expr_count < 50 ? view->expr_count : 50;
    struct buf out;
    buf_init(&out, &mem_default, false);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t which = (i + choice) % (OPERANDS + 1);
        const struct operand *value = which < OPERANDS ? &operands[which] : NULL;
        if (!value && !view->exprs[i].has_default)
            continue;
        out.len = 0;
        envres_status st = template_write(tmpl, i, value, &out, NULL);
        CHECK(st == ENVRES_OK || st == ENVRES_E_TYPE);
        if (st == ENVRES_OK && template_is_verbatim(tmpl, i, value))
            CHECK(out.len == value->text.len && memcmp(out.data, value->text.data, out.len) == 0);
    }
    buf_free(&out);
}

static void
check_failure(envres_status st, const envres_error *err, size_t len)
{
    if (!err)
        return;
    CHECK(envres_error_code(err) == st && envres_error_offset(err) <= len);
    CHECK(envres_error_line(err) >= 1 && envres_error_column(err) >= 1);
}

static void
check_template(const envres_template *tmpl, const char *text, size_t len, uint32_t choice)
{
    struct template_view view;
    template_view(tmpl, &view);
    CHECK(view.text_len == len);
    CHECK(len == 0 || memcmp(view.text, text, len) == 0);
    check_refs(&view);
    check_segments(&view);
    check_references(tmpl, &view);
    check_writing(tmpl, &view, choice);
    CHECK(!template_is_one_tag(tmpl) || view.literal_len == 0);
    if (view.expr_count > 0 && view.context != ENVRES_CONTEXT_JSON)
        CHECK(template_has_tag(text, len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static envres_error *slot;
    if (size == 0)
        return 0;
    if (!slot)
        slot = envres_error_new(NULL);
    const char *text = (const char *)data + 1;
    size_t len = size - 1;
    envres_template_options options = { .size = sizeof(options),
                                        .flags = data[0] & 3,
                                        .context = data[0] >> 2 & 3 };
    envres_error *err = data[0] & 16 ? slot : NULL;
    envres_template *tmpl = NULL;
    envres_error_clear(slot);
    envres_status st = envres_template_parse(text, len, &options, &tmpl, err);
    CHECK((st == ENVRES_OK) == (tmpl != NULL));
    if (st < 0)
        check_failure(st, err, len);
    else
        check_template(tmpl, text, len, data[0] >> 5);
    if (data[0] >> 5 == 7)
        CHECK(same_template(text, len, &options));
    envres_template_unref(tmpl);
    return 0;
}
