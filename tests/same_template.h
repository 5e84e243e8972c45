/* SPDX-License-Identifier: MIT */
/*
 * Whether a text parses to the same template, or to the same error, when plain tags are taken at
 * once and when every tag goes the way of the grammar.
 */
#ifndef ENVRES_TESTS_SAME_TEMPLATE_H
#define ENVRES_TESTS_SAME_TEMPLATE_H

#include <string.h>

#include "lang/template.h"

static inline bool
same_refs(const struct template_view *a, const struct template_view *b)
{
    if (a->ref_count != b->ref_count)
        return false;
    for (uint32_t i = 0; i < a->ref_count; i++) {
        if (a->refs[i].root != b->refs[i].root || !slice_equal(a->refs[i].name, b->refs[i].name) ||
            !slice_equal(a->refs[i].field, b->refs[i].field))
            return false;
    }
    return true;
}

static inline bool
same_exprs(const struct template_view *a, const struct template_view *b)
{
    if (a->expr_count != b->expr_count)
        return false;
    for (uint32_t i = 0; i < a->expr_count; i++) {
        const struct template_expr *x = &a->exprs[i];
        const struct template_expr *y = &b->exprs[i];
        if (x->ref != y->ref || x->place != y->place || x->filter_count != y->filter_count ||
            x->has_default != y->has_default ||
            (x->filter_count > 0 && x->first_filter != y->first_filter))
            return false;
    }
    return true;
}

static inline bool
same_segments(const struct template_view *a, const struct template_view *b)
{
    if (a->segment_count != b->segment_count)
        return false;
    for (uint32_t i = 0; i < a->segment_count; i++) {
        const struct segment *x = &a->segments[i];
        const struct segment *y = &b->segments[i];
        if (x->offset != y->offset || x->len != y->len || x->expr != y->expr || x->tag != y->tag)
            return false;
    }
    return a->literal_len == b->literal_len && a->keys_have_tags == b->keys_have_tags &&
           a->own == b->own;
}

static inline bool
same_near(const envres_template *a, const envres_template *b)
{
    for (uint32_t i = 0;; i++) {
        struct template_near x = { 0 }, y = { 0 };
        bool has = template_near(a, i, &x);
        if (has != template_near(b, i, &y))
            return false;
        if (!has)
            return true;
        if (x.tag != y.tag || x.meant != y.meant || x.word_len != y.word_len ||
            !slice_equal(x.path, y.path))
            return false;
    }
}

static inline bool
same_errors(const envres_error *a, const envres_error *b)
{
    return envres_error_code(a) == envres_error_code(b) &&
           envres_error_offset(a) == envres_error_offset(b) &&
           envres_error_line(a) == envres_error_line(b) &&
           envres_error_column(a) == envres_error_column(b) &&
           strcmp(envres_error_message(a), envres_error_message(b)) == 0 &&
           strcmp(envres_error_hint(a), envres_error_hint(b)) == 0;
}

/* `len` is measured, never ENVRES_NUL_TERMINATED. */
static inline bool
same_template(const char *text, size_t len, const envres_template_options *options)
{
    envres_template *quick = NULL;
    envres_template *slow = NULL;
    envres_error *quick_err = envres_error_new(NULL);
    envres_error *slow_err = envres_error_new(NULL);
    envres_status st = envres_template_parse(text, len, options, &quick, quick_err);
    bool same = template_parse_slowly(text, len, options, &slow, slow_err) == st;
    if (same && st == ENVRES_OK) {
        struct template_view a = { 0 }, b = { 0 };
        template_view(quick, &a);
        template_view(slow, &b);
        same = same_refs(&a, &b) && same_exprs(&a, &b) && same_segments(&a, &b) &&
               same_near(quick, slow);
    } else if (same) {
        same = same_errors(quick_err, slow_err);
    }
    envres_template_unref(quick);
    envres_template_unref(slow);
    envres_error_free(quick_err);
    envres_error_free(slow_err);
    return same;
}

#endif
