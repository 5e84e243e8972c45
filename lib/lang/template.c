/* SPDX-License-Identifier: MIT */
/*
 * Compiled templates: made of what the parser found, as one block of memory (the segments of a
 * large template stay in the array they grew in), and what is asked of them afterwards.
 *
 * Invariant: a template is never changed once it is made, but for the number of its references.
 * Nothing is resolved here: see `resolve`.
 */
#include "lang/template.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "lang/context.h"
#include "lang/parser.h"
#include "lang/scan.h"
#include "lang/sql.h"

struct envres_template {
    atomic_uint_fast32_t refs;
    struct mem mem;
    struct template_view view;
    const struct filter_call *calls;
    const struct filter_arg *args;
    const char *strings;
    const struct template_near *near;
    uint32_t near_count;
    struct segment *own_segments; /* NULL: they lie in the template's block */
};

/* ---- the compiled template ---------------------------------------------------------------------
 */

struct layout {
    size_t near;
    size_t refs;
    size_t segments;
    size_t exprs;
    size_t calls;
    size_t args;
    size_t strings;
    size_t text;
    size_t size;
};

static size_t
place_block(struct layout *layout, size_t count, size_t item)
{
    size_t at = layout->size;
    layout->size += count * item;
    return at;
}

/* Parts in falling order of alignment, so that none needs padding. The counts are bounded by the
 * text's length: no sum overflows. */
static struct layout
make_layout(const struct parser *parser)
{
    const struct intern *intern = &parser->intern;
    bool is_borrowed = (parser->flags & ENVRES_TEMPLATE_BORROW) != 0;
    struct layout layout = { .size = sizeof(struct envres_template) };
    layout.near = place_block(&layout, parser->near.count, sizeof(struct template_near));
    layout.refs = place_block(&layout, intern->refs.count, sizeof(struct template_ref));
    layout.segments = place_block(&layout, parser->segments.on_heap ? 0 : parser->segments.count,
                                  sizeof(struct segment));
    layout.exprs = place_block(&layout, intern->exprs.count, sizeof(struct template_expr));
    layout.calls = place_block(&layout, intern->calls.count, sizeof(struct filter_call));
    layout.args = place_block(&layout, intern->args.count, sizeof(struct filter_arg));
    layout.strings = place_block(&layout, intern->strings.len, 1);
    layout.text = place_block(&layout, is_borrowed ? 0 : parser->len, 1);
    return layout;
}

static void
fill_refs(const struct parser *parser, const char *text, const char *strings,
          struct template_ref *refs)
{
    const struct ref_draft *drafts = parser->intern.refs.data;
    for (uint32_t i = 0; i < parser->intern.refs.count; i++) {
        const struct ref_draft *draft = &drafts[i];
        size_t name_len = key_name_len(draft->key);
        size_t field_len = key_field_len(draft->key);
        const char *name = name_len == 0 ? "" : draft->in_strings ? strings : text;
        name += name_len == 0 ? 0 : draft->offset;
        refs[i].root = key_root(draft->key);
        refs[i].name = (struct slice){ name, name_len };
        refs[i].field = (struct slice){ "", 0 };
        if (field_len > 0)
            refs[i].field = (struct slice){ name + name_len + 1, field_len };
    }
}

static void
fill_near(const struct parser *parser, const char *text, const char *strings,
          struct template_near *near)
{
    const struct near_draft *drafts = parser->near.data;
    for (uint32_t i = 0; i < parser->near.count; i++) {
        const struct near_draft *draft = &drafts[i];
        near[i].meant = draft->meant;
        near[i].path.data = (draft->in_strings ? strings : text) + draft->offset;
        near[i].path.len = draft->len;
        near[i].tag = draft->tag;
        near[i].word_len = draft->word_len;
    }
}

static void
copy_part(char *to, const void *from, size_t len)
{
    if (len > 0)
        memcpy(to, from, len);
}

/* Moves the array that grew into the template; what was allocated too much is given back. */
static void
adopt_segments(struct parser *parser, struct envres_template *tmpl)
{
    struct intern_array *array = &parser->segments;
    void *fitting =
        mem_resize(&parser->mem, array->data, (size_t)array->count * sizeof(struct segment));
    tmpl->own_segments = fitting ? fitting : array->data;
    tmpl->view.segments = tmpl->own_segments;
    array->on_heap = false;
}

static envres_status
compile(struct parser *parser, struct envres_template **out, envres_error *err)
{
    const struct intern *intern = &parser->intern;
    struct layout layout = make_layout(parser);
    char *block = mem_alloc(&parser->mem, layout.size);
    if (!block)
        return err_code(err, ENVRES_E_NOMEM);
    struct envres_template *tmpl = (struct envres_template *)(void *)block;
    atomic_init(&tmpl->refs, 1);
    tmpl->mem = parser->mem;
    tmpl->own_segments = NULL;
    tmpl->near_count = parser->near.count;
    tmpl->strings = block + layout.strings;
    copy_part(block + layout.strings, intern->strings.data, intern->strings.len);
    copy_part(block + layout.exprs, intern->exprs.data,
              intern->exprs.count * sizeof(struct template_expr));
    copy_part(block + layout.calls, intern->calls.data,
              intern->calls.count * sizeof(struct filter_call));
    copy_part(block + layout.args, intern->args.data,
              intern->args.count * sizeof(struct filter_arg));
    tmpl->calls = (const struct filter_call *)(const void *)(block + layout.calls);
    tmpl->args = (const struct filter_arg *)(const void *)(block + layout.args);
    tmpl->near = (const struct template_near *)(const void *)(block + layout.near);
    tmpl->view = (struct template_view){
        .text = parser->text,
        .text_len = parser->len,
        .segments = (const struct segment *)(const void *)(block + layout.segments),
        .segment_count = parser->segments.count,
        .exprs = (const struct template_expr *)(const void *)(block + layout.exprs),
        .expr_count = intern->exprs.count,
        .refs = (const struct template_ref *)(const void *)(block + layout.refs),
        .ref_count = intern->refs.count,
        .literal_len = parser->literal_len,
        .keys_have_tags = parser->keys_have_tags,
        .context = parser->context,
        .dialect = parser->dialect,
        .style = parser->style,
        .own = parser->own,
    };
    if (!(parser->flags & ENVRES_TEMPLATE_BORROW)) {
        copy_part(block + layout.text, parser->text, parser->len);
        tmpl->view.text = block + layout.text;
    }
    fill_refs(parser, tmpl->view.text, tmpl->strings,
              (struct template_ref *)(void *)(block + layout.refs));
    fill_near(parser, tmpl->view.text, tmpl->strings,
              (struct template_near *)(void *)(block + layout.near));
    if (parser->segments.on_heap)
        adopt_segments(parser, tmpl);
    else
        copy_part(block + layout.segments, parser->segments.data,
                  parser->segments.count * sizeof(struct segment));
    *out = tmpl;
    return ENVRES_OK;
}

static envres_status
read_dialect(envres_template_options *options, envres_error *err)
{
    const struct dialect *dialect = dialect_row(options->dialect);
    if (options->context != ENVRES_CONTEXT_SQL) {
        if (options->dialect == 0 && options->style == 0)
            return ENVRES_OK;
        return err_set(err, ENVRES_E_INVALID,
                       "a dialect and a style belong to templates of context sql");
    }
    if (!dialect)
        return err_set(err, ENVRES_E_INVALID, "a template of context sql needs its dialect named");
    if (options->style > ENVRES_STYLE_COLON)
        return err_set(err, ENVRES_E_INVALID, "the template's options have an unknown style");
    if (options->style == ENVRES_STYLE_DEFAULT)
        options->style = dialect->style;
    return ENVRES_OK;
}

static envres_status
read_options(const envres_template_options *given, envres_template_options *out, struct mem *mem,
             envres_error *err)
{
    size_t first = offsetof(envres_template_options, style);
    envres_status st = opts_read(out, sizeof(*out), first, given, err);
    if (st < 0)
        return st;
    if ((out->flags & ~(uint32_t)(ENVRES_TEMPLATE_STRICT | ENVRES_TEMPLATE_BORROW)) != 0)
        return err_set(err, ENVRES_E_INVALID, "the template's options have an unknown flag");
    if (!context_row(out->context))
        return err_set(err, ENVRES_E_INVALID, "the template's options have an unknown context");
    if (out->reserved != 0)
        return err_set(err, ENVRES_E_INVALID, "the template's options have a reserved field set");
    st = read_dialect(out, err);
    return st < 0 ? st : mem_from(out->allocator, mem, err);
}

static envres_status
check_text(const char *text, size_t len, envres_error *err)
{
    if (!text && len > 0)
        return err_set(err, ENVRES_E_INVALID, "the template's text is NULL");
    if (len <= LIMIT_TEMPLATE)
        return ENVRES_OK;
    err_set(err, ENVRES_E_LIMIT, "the template is longer than %d bytes", LIMIT_TEMPLATE);
    err_position_in(err, text, len, LIMIT_TEMPLATE);
    return ENVRES_E_LIMIT;
}

static inline envres_status
parse(const char *text, size_t len, const envres_template_options *options, bool is_quick,
      envres_template **out, envres_error *err)
{
    envres_template_options read;
    struct mem mem;
    struct parser parser;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is nowhere to put the template");
    *out = NULL;
    envres_status st = read_options(options, &read, &mem, err);
    if (st < 0)
        return st;
    if (len == ENVRES_NUL_TERMINATED)
        len = text ? strlen(text) : SIZE_MAX;
    st = check_text(text, len, err);
    if (st < 0)
        return st;
    parser_begin(&parser, &mem, text ? text : "", len, &read, is_quick);
    st = parser_walk(&parser, err);
    if (st == ENVRES_OK)
        st = compile(&parser, out, err);
    parser_end(&parser);
    return st;
}

envres_status
envres_template_parse(const char *text, size_t len, const envres_template_options *options,
                      envres_template **out, envres_error *err)
{
    return parse(text, len, options, true, out, err);
}

envres_status
template_parse_slowly(const char *text, size_t len, const envres_template_options *options,
                      envres_template **out, envres_error *err)
{
    return parse(text, len, options, false, out, err);
}

envres_template *
envres_template_ref(envres_template *tmpl)
{
    if (tmpl)
        atomic_fetch_add_explicit(&tmpl->refs, 1, memory_order_relaxed);
    return tmpl;
}

void
envres_template_unref(envres_template *tmpl)
{
    if (!tmpl || atomic_fetch_sub_explicit(&tmpl->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct mem mem = tmpl->mem;
    if (tmpl->own_segments)
        mem_free(&mem, tmpl->own_segments);
    mem_free(&mem, tmpl);
}

/* ---- for `resolve` -----------------------------------------------------------------------------
 */

void
template_view(const envres_template *tmpl, struct template_view *out)
{
    *out = tmpl->view;
}

const struct mem *
template_mem(const envres_template *tmpl)
{
    return &tmpl->mem;
}

void
template_position(const envres_template *tmpl, uint32_t segment, envres_error *err)
{
    assert(segment < tmpl->view.segment_count);
    err_position_in(err, tmpl->view.text, tmpl->view.text_len, tmpl->view.segments[segment].tag);
}

bool
template_near(const envres_template *tmpl, uint32_t index, struct template_near *out)
{
    if (index >= tmpl->near_count)
        return false;
    *out = tmpl->near[index];
    return true;
}

bool
template_is_one_tag(const envres_template *tmpl)
{
    bool is_one = tmpl->view.segment_count == 2 && tmpl->view.literal_len == 0;
    assert(!is_one ||
           tmpl->view.segments[0].expr != EXPR_NONE); /* text that is kept as text has a length */
    return is_one;
}

bool
template_has_tag(const char *text, size_t len)
{
    size_t body;
    for (size_t at = scan_pair(text, 0, len); at != SCAN_NONE; at = scan_pair(text, at + 2, len)) {
        while (at + 2 < len && text[at + 2] == '<')
            at++;
        if (tag_open(text, at, len, &body) != ROOT_NONE)
            return true;
    }
    return false;
}

bool
template_is_verbatim(const envres_template *tmpl, uint32_t expr, const struct operand *value)
{
    const struct template_expr *e = &tmpl->view.exprs[expr];
    if (!value || e->filter_count > (e->has_default ? 1 : 0))
        return false;
    return place_is_verbatim((enum expr_place)e->place, value);
}

static struct operand
default_operand(const struct envres_template *tmpl, const struct template_expr *expr)
{
    const struct filter_arg *arg = &tmpl->args[tmpl->calls[expr->first_filter].first_arg];
    struct operand operand = { arg->type, { tmpl->strings + arg->offset, arg->len } };
    return operand;
}

/* Filters take turns with two buffers: what one reads lies in the other's. */
static envres_status
run_filters(const struct envres_template *tmpl, const struct template_expr *expr,
            struct operand *value, bool *is_encoded, struct buf scratch[2], envres_error *err)
{
    for (uint32_t i = expr->has_default; i < expr->filter_count; i++) {
        enum filter_id id = (enum filter_id)tmpl->calls[expr->first_filter + i].filter;
        struct buf *to = &scratch[i & 1];
        to->len = 0;
        envres_status st = filter_apply(id, value, to, value, err);
        if (st < 0)
            return st;
        uint8_t effect = filter_row(id)->effect;
        if (effect != EFFECT_KEEPS)
            *is_encoded = effect == EFFECT_ENCODED;
    }
    return ENVRES_OK;
}

envres_status
template_filter(const envres_template *tmpl, uint32_t expr, const struct operand *value,
                struct buf scratch[2], struct operand *out, envres_error *err)
{
    const struct template_expr *e = &tmpl->view.exprs[expr];
    bool is_encoded = false;
    assert(value || e->has_default);
    *out = value ? *value : default_operand(tmpl, e);
    return run_filters(tmpl, e, out, &is_encoded, scratch, err);
}

envres_status
template_write(const envres_template *tmpl, uint32_t expr, const struct operand *value,
               struct buf *out, envres_error *err)
{
    const struct template_expr *e = &tmpl->view.exprs[expr];
    struct buf scratch[2];
    bool is_encoded = false;
    assert(value || e->has_default);
    struct operand current = value ? *value : default_operand(tmpl, e);
    for (size_t i = 0; i < 2; i++) {
        buf_init(&scratch[i], &tmpl->mem, out->secret);
        scratch[i].max = LIMIT_OUTPUT;
    }
    envres_status st = run_filters(tmpl, e, &current, &is_encoded, scratch, err);
    if (st == ENVRES_OK && e->place == PLACE_SQL_LIST)
        st = sql_check_list(current.text, err);
    if (st == ENVRES_OK) {
        place_write((enum expr_place)e->place, &current, is_encoded, out);
        st = buf_status(out, err);
    }
    buf_free(&scratch[0]);
    buf_free(&scratch[1]);
    return st;
}
