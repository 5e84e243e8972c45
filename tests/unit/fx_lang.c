/* SPDX-License-Identifier: MIT */
#include "fx_lang.h"

#include "../same_template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void
fx_path(const struct template_ref *ref, char *path, size_t room)
{
    static const char *const roots[] = {
        [REF_ENVIRONMENT_NAME] = "environment.name",
        [REF_ENVIRONMENT_LABEL] = "environment.label",
        [REF_VARIABLE] = "environment.variables.",
        [REF_RESOURCE] = "resources.",
        [REF_PARAM] = "params.",
        [REF_APP_NAME] = "app.name",
        [REF_APP_VERSION] = "app.version",
        [REF_APP_RELEASE] = "app.release",
    };
    snprintf(path, room, "%s%.*s%s%.*s", roots[ref->root], (int)ref->name.len, ref->name.data,
             ref->field.len ? "." : "", (int)ref->field.len, ref->field.data);
}

envres_status
fx_rows(void *user, const struct template_ref *ref, struct operand *value, bool *found,
        envres_error *err)
{
    char path[600];
    fx_path(ref, path, sizeof(path));
    *found = false;
    (void)err;
    for (const struct fx_value *row = user; row && row->path; row++) {
        if (strcmp(row->path, path) == 0) {
            value->type = row->type;
            value->text = slice_str(row->text);
            *found = true;
        }
    }
    return ENVRES_OK;
}

static envres_status
render_expr(const envres_template *tmpl, const struct template_view *view, uint32_t id,
            fx_resolve resolve, void *user, struct buf *out, envres_error *err)
{
    const struct template_expr *expr = &view->exprs[id];
    struct operand value = { 0, { NULL, 0 } };
    bool found = false;
    assert_true(expr->ref < view->ref_count);
    envres_status st = resolve(user, &view->refs[expr->ref], &value, &found, err);
    if (st < 0)
        return st;
    if (!found && !expr->has_default)
        return err_set(err, ENVRES_E_NOT_FOUND, "no such row");
    size_t before = out->len;
    st = template_write(tmpl, id, found ? &value : NULL, out, err);
    if (st == ENVRES_OK && template_is_verbatim(tmpl, id, found ? &value : NULL)) {
        assert_int_equal(out->len - before, value.text.len);
        assert_memory_equal(out->data + before, value.text.data, value.text.len);
    }
    return st;
}

envres_status
fx_render(const envres_template *tmpl, fx_resolve resolve, void *user, struct buf *out,
          envres_error *err)
{
    struct template_view view;
    template_view(tmpl, &view);
    for (uint32_t i = 0; i < view.segment_count; i++) {
        const struct segment *segment = &view.segments[i];
        buf_add(out, view.text + segment->offset, segment->len);
        if (segment->expr == EXPR_NONE)
            continue;
        assert_true(segment->expr < view.expr_count);
        envres_status st = render_expr(tmpl, &view, segment->expr, resolve, user, out, err);
        if (st < 0) {
            template_position(tmpl, i, err);
            return st;
        }
    }
    return buf_status(out, err);
}

envres_status
fx_expand(const char *text, size_t len, uint32_t context, uint32_t flags,
          const struct fx_value *rows, struct buf *out, envres_error *err)
{
    envres_template_options options = { .size = sizeof(options),
                                        .flags = flags,
                                        .context = context };
    envres_template *tmpl = NULL;
    assert_true(same_template(text, len == ENVRES_NUL_TERMINATED ? strlen(text) : len, &options));
    envres_status st = envres_template_parse(text, len, &options, &tmpl, err);
    if (st < 0) {
        assert_null(tmpl);
        return st;
    }
    st = fx_render(tmpl, fx_rows, (void *)(uintptr_t)rows, out, err);
    envres_template_unref(tmpl);
    if (st == ENVRES_OK && buf_reserve(out, 1))
        out->data[out->len] = '\0';
    return st;
}
