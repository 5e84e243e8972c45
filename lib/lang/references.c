/* SPDX-License-Identifier: MIT */
/*
 * The list of what a template refers to: a row for each tag and each near miss, in the order of the
 * text, with its position. For checks and editors; nothing is resolved here.
 */
#include <string.h>

#include "base/list.h"
#include "lang/template.h"

/* Lines and columns of rising offsets, each byte looked at once. */
struct line_counter {
    size_t at;
    size_t line_start;
    uint32_t line;
};

static void
count_lines(struct line_counter *counter, const char *text, size_t offset)
{
    while (counter->at < offset) {
        const char *found = memchr(text + counter->at, '\n', offset - counter->at);
        if (!found)
            break;
        counter->at = (size_t)(found - text) + 1;
        counter->line_start = counter->at;
        counter->line++;
    }
    counter->at = offset;
}

static void
add_position(envres_list *list, struct line_counter *counter, const struct template_view *view,
             uint32_t offset)
{
    count_lines(counter, view->text, offset);
    list_set_int(list, ENVRES_TAG_OFFSET, offset);
    list_set_int(list, ENVRES_TAG_LINE, counter->line);
    list_set_int(list, ENVRES_TAG_COLUMN, (int64_t)(offset - counter->line_start + 1));
}

static void
add_tag_row(envres_list *list, struct line_counter *counter, const struct template_view *view,
            const struct segment *segment)
{
    static const struct {
        const char *kind;
        const char *name; /* NULL: the reference has one */
    } rows[] = {
        [REF_ENVIRONMENT_NAME] = { "environment", "name" },
        [REF_ENVIRONMENT_LABEL] = { "environment", "label" },
        [REF_VARIABLE] = { "variable", NULL },
        [REF_RESOURCE] = { "resource", NULL },
        [REF_PARAM] = { "param", NULL },
        [REF_APP_NAME] = { "app", "name" },
        [REF_APP_VERSION] = { "app", "version" },
        [REF_APP_RELEASE] = { "app", "release" },
    };
    const struct template_expr *expr = &view->exprs[segment->expr];
    const struct template_ref *ref = &view->refs[expr->ref];
    list_row(list);
    list_set_str(list, ENVRES_TAG_KIND, rows[ref->root].kind);
    if (rows[ref->root].name)
        list_set_str(list, ENVRES_TAG_NAME, rows[ref->root].name);
    else
        list_set_text(list, ENVRES_TAG_NAME, ref->name.data,
                      ref->field.len ? ref->name.len + 1 + ref->field.len : ref->name.len);
    add_position(list, counter, view, segment->tag);
    list_set_int(list, ENVRES_TAG_DEFAULT, expr->has_default);
}

static void
add_near_row(envres_list *list, struct line_counter *counter, const struct mem *mem,
             const struct template_view *view, const struct template_near *near)
{
    struct buf hint;
    buf_init(&hint, mem, false);
    buf_add_str(&hint, near->meant);
    buf_add(&hint, near->path.data + near->word_len, near->path.len - near->word_len);
    list_row(list);
    list_set_str(list, ENVRES_TAG_KIND, "near-miss");
    list_set_text(list, ENVRES_TAG_NAME, near->path.data, near->path.len);
    add_position(list, counter, view, near->tag);
    list_set_int(list, ENVRES_TAG_DEFAULT, 0);
    if (!hint.failed)
        list_set_text(list, ENVRES_TAG_HINT, hint.data, hint.len);
    buf_free(&hint);
}

envres_status
envres_template_references(const envres_template *tmpl, envres_list **out, envres_error *err)
{
    static const char *const columns[ENVRES_TAG_COLUMNS] = { "kind",   "name",    "offset", "line",
                                                             "column", "default", "hint" };
    struct line_counter counter = { 0, 0, 1 };
    struct template_view view = { 0 };
    struct template_near near = { 0 };
    uint32_t seen = 0;
    envres_list *list = NULL;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is nowhere to put the references");
    *out = NULL;
    if (!tmpl)
        return err_set(err, ENVRES_E_INVALID, "the template is NULL");
    template_view(tmpl, &view);
    envres_status st = list_new(template_mem(tmpl), columns, ENVRES_TAG_COLUMNS, &list, err);
    if (st < 0)
        return st;
    for (uint32_t i = 0; i < view.segment_count; i++) {
        const struct segment *segment = &view.segments[i];
        while (template_near(tmpl, seen, &near) && near.tag < segment->tag) {
            add_near_row(list, &counter, template_mem(tmpl), &view, &near);
            seen++;
        }
        if (segment->expr != EXPR_NONE)
            add_tag_row(list, &counter, &view, segment);
    }
    st = list_status(list, err);
    if (st < 0)
        envres_list_free(list);
    else
        *out = list;
    return st;
}
