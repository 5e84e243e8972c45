/* SPDX-License-Identifier: MIT */
/*
 * Templates of context sql in a scope: every reference is followed once, what is secret is opened
 * into memory that is wiped, and the values are handed to the writer of statements, which knows
 * nothing of scopes. The statement borrows nothing.
 */
#include <envres/statement.h>

#include <string.h>

#include "base/limits.h"
#include "lang/statement.h"
#include "resolve/render.h"

enum { INLINE_OPERANDS = 16 };

struct operands {
    struct statement_operand *items; /* by expression */
    size_t *offsets;                 /* into `opened`; SIZE_MAX: borrowed */
    struct buf opened;
    struct statement_operand inline_items[INLINE_OPERANDS];
    size_t inline_offsets[INLINE_OPERANDS];
};

static envres_status
operands_begin(struct operands *operands, const struct mem *mem, uint32_t count, envres_error *err)
{
    operands->items = operands->inline_items;
    operands->offsets = operands->inline_offsets;
    buf_init(&operands->opened, mem, true);
    if (count <= INLINE_OPERANDS)
        return ENVRES_OK;
    operands->items = mem_alloc_array(mem, count, sizeof(*operands->items));
    operands->offsets = mem_alloc_array(mem, count, sizeof(*operands->offsets));
    return operands->items && operands->offsets ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
}

static void
operands_end(struct operands *operands, const struct mem *mem)
{
    if (operands->items != operands->inline_items)
        mem_free(mem, operands->items);
    if (operands->offsets != operands->inline_offsets)
        mem_free(mem, operands->offsets);
    buf_free(&operands->opened);
}

static envres_status
find_operand(struct operands *operands, const struct template_view *view, uint32_t index,
             const envres_scope *scope, const envres_render_options *options, envres_error *err)
{
    const struct template_expr *expr = &view->exprs[index];
    const struct template_ref *ref = &view->refs[expr->ref];
    struct statement_operand *out = &operands->items[index];
    const struct item *plain = target_plain(scope, ref);
    if (plain) {
        *out = (struct statement_operand){ .value = { plain->type, plain->text } };
        operands->offsets[index] = SIZE_MAX;
        return ENVRES_OK;
    }
    struct target target = { 0 };
    envres_status st = target_find(scope, ref, expr->has_default, options->params, &target, err);
    if (st == ENVRES_OK && target.secret && (options->flags & ENVRES_RENDER_NO_SECRETS))
        st = ref_forbid_secret(ref, err);
    if (st < 0)
        return st;
    out->value = target.operand;
    out->missing = target.missing;
    out->secret = target.secret;
    operands->offsets[index] = SIZE_MAX;
    if (target.item && target.item->state != ITEM_PLAIN) {
        operands->offsets[index] = operands->opened.len;
        st = item_open(target.source, target.item, 0, &operands->opened, err);
        out->value.text.len = operands->opened.len - operands->offsets[index];
    }
    return st;
}

static envres_status
find_operands(struct operands *operands, const envres_template *tmpl,
              const struct template_view *view, const envres_scope *scope,
              const envres_render_options *options, envres_error *err)
{
    for (uint32_t i = 0; i < view->expr_count; i++) {
        envres_status st = find_operand(operands, view, i, scope, options, err);
        if (st < 0 && st != ENVRES_E_NOMEM)
            template_position(tmpl, template_first_use(view, i), err);
        if (st < 0)
            return st;
    }
    for (uint32_t i = 0; i < view->expr_count; i++) {
        struct slice *text = &operands->items[i].value.text;
        if (operands->offsets[i] != SIZE_MAX)
            text->data = text->len > 0 ? operands->opened.data + operands->offsets[i] : "";
    }
    return ENVRES_OK;
}

static envres_status
prepare(const envres_template *tmpl, const struct template_view *view, const envres_scope *scope,
        const envres_render_options *options, envres_statement **out, envres_error *err)
{
    struct operands operands;
    uint64_t max = options->output_max ? options->output_max : LIMIT_OUTPUT;
    envres_status st = operands_begin(&operands, &scope->mem, view->expr_count, err);
    operands.opened.max = max < SIZE_MAX ? (size_t)max : SIZE_MAX;
    if (st == ENVRES_OK)
        st = find_operands(&operands, tmpl, view, scope, options, err);
    if (st == ENVRES_OK)
        st = statement_write(&scope->mem, tmpl, operands.items, options->params, max, out, err);
    operands_end(&operands, &scope->mem);
    return st;
}

envres_status
envres_template_prepare(const envres_template *tmpl, const envres_scope *scope,
                        const envres_render_options *options, envres_statement **out,
                        envres_error *err)
{
    struct template_view view = { 0 };
    envres_render_options read = { 0 };
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the statement");
    *out = NULL;
    if (!tmpl)
        return err_set(err, ENVRES_E_INVALID, "the template is NULL");
    envres_status st = scope_enter(scope, err);
    if (st == ENVRES_OK)
        st = render_options_read(options, &read, err);
    if (st < 0)
        return st;
    template_view(tmpl, &view);
    if (view.context != ENVRES_CONTEXT_SQL)
        return err_set(err, ENVRES_E_INVALID, "the template was not parsed in context sql");
    return prepare(tmpl, &view, scope, &read, out, err);
}
