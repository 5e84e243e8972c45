/* SPDX-License-Identifier: MIT */
/*
 * Explaining: for each reference which value it takes, from where, and why; those of nested
 * templates below theirs. It says everything but the value.
 */
#include <envres/explain.h>

#include <string.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/text.h"
#include "resolve/render.h"
#include "resolve/served.h"

enum { EXPLAIN_ROWS_MAX = 10000 };

static const char *const explain_columns[ENVRES_EXPLAIN_COLUMNS] = {
    "reference", "depth",    "status", "environment", "layer", "type",
    "secret",    "revision", "time",   "author",      "note",
};

static const char *const layer_names[] = { "value", "template", "setting", "kind default" };

struct explainer {
    envres_list *list;
    size_t rows;
};

static void
reference_text(const struct template_ref *ref, struct buf *out)
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
    buf_add_str(out, roots[ref->root]);
    buf_add(out, ref->name.data, ref->name.len);
    if (ref->root == REF_RESOURCE) {
        buf_add_char(out, '.');
        buf_add(out, ref->field.data, ref->field.len);
    }
}

/* The sentence for people. */
static void
note_item(const envres_scope *asked, const envres_scope *source, const struct item *item,
          struct buf *out)
{
    const struct setting *s = &item->setting;
    if (item->layer == LAYER_PRESET)
        buf_add_format(out, "the default of kind %.*s", (int)s->kind.len, s->kind.data);
    else if (source != asked)
        buf_add_format(out, "from %s, the declared fallback of %s", source->environment.key,
                       asked->environment.key);
    else
        buf_add_format(out, "set in %s at revision %lld", source->environment.key,
                       (long long)s->revision);
    if (item->is_template)
        buf_add_str(out, item->secret ? ", a template that takes a secret" : ", a template");
    else if (item->secret)
        buf_add_str(out, ", a secret");
}

static void
fill_item(struct explainer *explainer, const envres_scope *asked, const envres_scope *source,
          const struct item *item, struct buf *note)
{
    envres_list *list = explainer->list;
    const struct setting *s = &item->setting;
    list_set_str(list, ENVRES_EXPLAIN_ENVIRONMENT, source->environment.key);
    list_set_str(list, ENVRES_EXPLAIN_LAYER,
                 source != asked ? "fallback" : layer_names[item->layer]);
    list_set_str(list, ENVRES_EXPLAIN_TYPE, envres_type_name(item->type));
    list_set_int(list, ENVRES_EXPLAIN_SECRET, item->secret);
    if (item->layer != LAYER_PRESET) {
        struct slice author = scope_author(source, s->author);
        list_set_int(list, ENVRES_EXPLAIN_REVISION, s->revision);
        list_set_int(list, ENVRES_EXPLAIN_TIME, s->time);
        if (author.data)
            list_set_text(list, ENVRES_EXPLAIN_AUTHOR, author.data, author.len);
    }
    note_item(asked, source, item, note);
}

/* The item behind a reference even when it is broken: explain wants to know where it stands. */
static const struct item *
locate(const envres_scope *scope, const struct template_ref *ref, const envres_scope **source)
{
    uint32_t index = UINT32_MAX;
    *source = scope;
    if (ref->root == REF_VARIABLE) {
        index = scope_variable(scope, ref->name);
        return index == UINT32_MAX ? NULL : &scope->items[index];
    }
    if (ref->root == REF_RESOURCE)
        index = scope_handle(scope, ref->name);
    if (index == UINT32_MAX)
        return NULL;
    *source = scope->handles[index].source;
    return handle_item(&scope->handles[index], ref->field);
}

static envres_status explain_template(struct explainer *explainer, const envres_scope *scope,
                                      const envres_template *tmpl, uint32_t depth,
                                      envres_error *err);

/* What a nested template refers to; of a sealed one the text is opened, and wiped again. */
static envres_status
explain_nested(struct explainer *explainer, const envres_scope *scope, const struct item *item,
               uint32_t depth, envres_error *err)
{
    struct buf source;
    envres_template *tmpl = NULL;
    if (!item->is_template || depth > LIMIT_TEMPLATE_DEPTH)
        return ENVRES_OK;
    if (item->tmpl)
        return explain_template(explainer, scope, item->tmpl, depth, err);
    buf_init(&source, &scope->mem, true);
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = scope->mem.reallocate,
                               .user = scope->mem.user };
    envres_template_options options = { .size = sizeof(options),
                                        .flags = ENVRES_TEMPLATE_BORROW,
                                        .allocator = &alloc };
    envres_status st = ENVRES_E_INTEGRITY;
    if (item->state == ITEM_SEALED)
        st = config_open_value(&scope->mem, scope->keys, &item->setting, &source, NULL);
    if (st == ENVRES_OK)
        st = envres_template_parse(source.data, source.len, &options, &tmpl, NULL);
    if (st == ENVRES_OK)
        st = explain_template(explainer, scope, tmpl, depth, err);
    else
        st = ENVRES_OK; /* its row already says why it does not resolve */
    envres_template_unref(tmpl);
    buf_free(&source);
    return st;
}

/* Of the app that is served. */
static void
note_app(const envres_scope *scope, struct buf *out)
{
    if (scope->served->sequence > 0)
        buf_add_format(out, "of the app served: release %s, number %lld", scope->served->tag,
                       (long long)scope->served->sequence);
    else
        buf_add_str(out, "of the app served, at a version that was never released");
}

/* Where there is no item to tell of, or it does not resolve. */
static void
note_reference(struct explainer *explainer, const envres_scope *scope,
               const struct template_ref *ref, envres_status found, const struct target *target,
               const envres_error *why, struct buf *note)
{
    envres_list *list = explainer->list;
    if (found < 0) {
        note->len = 0;
        buf_add_str(note, envres_error_message(why));
        if (envres_error_hint(why)[0])
            buf_add_format(note, "; %s", envres_error_hint(why));
    } else if (ref->root == REF_PARAM) {
        list_set_str(list, ENVRES_EXPLAIN_LAYER, "parameter");
        buf_add_str(note, target->missing ? "given with the render, else the tag's default"
                                          : "given with the render");
    } else if (target->missing) {
        list_set_str(list, ENVRES_EXPLAIN_LAYER, "default");
        buf_add_str(note, "nothing there: the tag's default is taken");
    } else if (ref_is_of_app(ref)) {
        list_set_str(list, ENVRES_EXPLAIN_LAYER, "app");
        list_set_str(list, ENVRES_EXPLAIN_TYPE, "string");
        note_app(scope, note);
    } else if (!target->item) {
        list_set_str(list, ENVRES_EXPLAIN_LAYER, "environment");
        list_set_str(list, ENVRES_EXPLAIN_ENVIRONMENT, scope->environment.key);
        list_set_str(list, ENVRES_EXPLAIN_TYPE, "string");
        buf_add_str(note, "of the environment itself");
    }
}

static envres_status
explain_reference(struct explainer *explainer, const envres_scope *scope,
                  const struct template_ref *ref, bool has_default, uint32_t depth,
                  envres_error *err)
{
    const envres_scope *source = scope;
    const struct item *item = locate(scope, ref, &source);
    struct target target = { 0 };
    struct buf name;
    struct buf note;
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = scope->mem.reallocate,
                               .user = scope->mem.user };
    if (++explainer->rows > EXPLAIN_ROWS_MAX)
        return err_set(err, ENVRES_E_LIMIT, "the explanation has more than %d rows",
                       (int)EXPLAIN_ROWS_MAX);
    envres_error *why = envres_error_new(&alloc);
    buf_init(&name, &scope->mem, false);
    buf_init(&note, &scope->mem, false);
    envres_status found = ENVRES_OK;
    if (ref->root == REF_PARAM)
        target.missing = has_default;
    else
        found = target_find(scope, ref, has_default, NULL, &target, why);
    reference_text(ref, &name);
    list_row(explainer->list);
    list_set_text(explainer->list, ENVRES_EXPLAIN_REFERENCE, name.data, name.len);
    list_set_int(explainer->list, ENVRES_EXPLAIN_DEPTH, depth);
    list_set_str(explainer->list, ENVRES_EXPLAIN_STATUS, envres_status_name(found));
    list_set_int(explainer->list, ENVRES_EXPLAIN_SECRET, 0);
    if (item)
        fill_item(explainer, scope, source, item, &note);
    note_reference(explainer, scope, ref, found, &target, why, &note);
    list_set_text(explainer->list, ENVRES_EXPLAIN_NOTE, note.data, note.len);
    envres_status st = why ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
    if (st == ENVRES_OK)
        st = buf_status(&name, err);
    if (st == ENVRES_OK)
        st = buf_status(&note, err);
    if (st == ENVRES_OK && item)
        st = explain_nested(explainer, source, item, depth + 1, err);
    buf_free(&name);
    buf_free(&note);
    envres_error_free(why);
    return st;
}

static envres_status
explain_template(struct explainer *explainer, const envres_scope *scope,
                 const envres_template *tmpl, uint32_t depth, envres_error *err)
{
    struct template_view view = { 0 };
    envres_status st = ENVRES_OK;
    template_view(tmpl, &view);
    for (uint32_t i = 0; st == ENVRES_OK && i < view.expr_count; i++) {
        const struct template_expr *expr = &view.exprs[i];
        st = explain_reference(explainer, scope, &view.refs[expr->ref], expr->has_default, depth,
                               err);
    }
    return st;
}

/* "crm": each of its fields. */
static envres_status
explain_handle(struct explainer *explainer, const envres_scope *scope, struct slice name,
               envres_error *err)
{
    const envres_resource_handle *handle = &scope->handles[scope_handle(scope, name)];
    struct template_ref ref = { .root = REF_RESOURCE, .name = name };
    envres_status st = ENVRES_OK;
    if (handle->count == 0) {
        ref.field = slice_str("*");
        return explain_reference(explainer, scope, &ref, false, 0, err);
    }
    for (uint32_t i = 0; st == ENVRES_OK && i < handle->count; i++) {
        ref.field = handle->source->items[handle->first + i].setting.field;
        st = explain_reference(explainer, scope, &ref, false, 0, err);
    }
    return st;
}

/* "app.name", "app.version", "app.release" where no resource is called app. */
static bool
is_app_name(const envres_scope *scope, struct slice text, enum ref_root *root)
{
    static const struct {
        const char *name;
        enum ref_root root;
    } rows[] = {
        { "app.name", REF_APP_NAME },
        { "app.version", REF_APP_VERSION },
        { "app.release", REF_APP_RELEASE },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!slice_equal(text, slice_str(rows[i].name)))
            continue;
        *root = rows[i].root;
        return scope_handle(scope, slice_str("app")) == UINT32_MAX;
    }
    return false;
}

/* A bare name: a variable, a resource, HANDLE.FIELD, or one of the app's. */
static envres_status
explain_name(struct explainer *explainer, const envres_scope *scope, struct slice text,
             envres_error *err)
{
    const char *dot = memchr(text.data, '.', text.len);
    struct template_ref ref = { .root = REF_VARIABLE, .name = text };
    if (is_app_name(scope, text, &ref.root)) {
        ref.name = slice_str("");
    } else if (dot) {
        size_t len = (size_t)(dot - text.data);
        ref.root = REF_RESOURCE;
        ref.name = slice_of(text.data, len);
        ref.field = slice_of(dot + 1, text.len - len - 1);
    } else if (scope_variable(scope, text) == UINT32_MAX &&
               scope_handle(scope, text) != UINT32_MAX) {
        return explain_handle(explainer, scope, text, err);
    } else if (scope_variable(scope, text) == UINT32_MAX) {
        envres_status st = scope_absent(scope, OBJECT_VARIABLE, text, err);
        if (st != ENVRES_E_NOT_SET)
            return st;
    }
    return explain_reference(explainer, scope, &ref, false, 0, err);
}

static bool
is_bare_name(struct slice text)
{
    const char *dot = text.len ? memchr(text.data, '.', text.len) : NULL;
    if (!dot)
        return text_is_name(text);
    size_t len = (size_t)(dot - text.data);
    return text_is_name(slice_of(text.data, len)) &&
           text_is_name(slice_of(dot + 1, text.len - len - 1));
}

/* What is no template of text may be one of SQL, whose filters there are only there. Which dialect
 * it is in makes no difference to its references: one that it parses in will do. */
static envres_status
parse_any(const envres_scope *scope, struct slice text, envres_template **out, envres_error *err)
{
    static const uint32_t dialects[] = { ENVRES_DIALECT_POSTGRES, ENVRES_DIALECT_MYSQL,
                                         ENVRES_DIALECT_SQLITE };
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = scope->mem.reallocate,
                               .user = scope->mem.user };
    envres_template_options options = { .size = sizeof(options),
                                        .flags = ENVRES_TEMPLATE_BORROW,
                                        .allocator = &alloc };
    envres_status st = envres_template_parse(text.data, text.len, &options, out, err);
    options.context = ENVRES_CONTEXT_SQL;
    for (size_t i = 0; st < 0 && i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        options.dialect = dialects[i];
        envres_status sql = envres_template_parse(text.data, text.len, &options, out, NULL);
        if (sql == ENVRES_E_NOMEM)
            return err_code(err, sql);
        if (sql == ENVRES_OK)
            return sql;
    }
    return st;
}

static envres_status
explain_text(struct explainer *explainer, const envres_scope *scope, struct slice text,
             envres_error *err)
{
    envres_template *tmpl = NULL;
    envres_status st = parse_any(scope, text, &tmpl, err);
    if (st == ENVRES_OK)
        st = explain_template(explainer, scope, tmpl, 0, err);
    envres_template_unref(tmpl);
    return st;
}

envres_status
envres_explain(const envres_scope *scope, const char *text, size_t len, envres_list **out,
               envres_error *err)
{
    struct explainer explainer = { .list = NULL };
    struct slice given = { 0 };
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the list");
    *out = NULL;
    envres_status st = scope_enter(scope, err);
    if (st == ENVRES_OK)
        st = text_argument(text, len, LIMIT_TEMPLATE, "the text", &given, err);
    if (st == ENVRES_OK)
        st = list_new(&scope->mem, explain_columns, ENVRES_EXPLAIN_COLUMNS, &explainer.list, err);
    if (st < 0)
        return st;
    st = is_bare_name(given) ? explain_name(&explainer, scope, given, err)
                             : explain_text(&explainer, scope, given, err);
    if (st == ENVRES_OK)
        st = list_status(explainer.list, err);
    if (st < 0)
        envres_list_free(explainer.list);
    else
        *out = explainer.list;
    return st;
}
