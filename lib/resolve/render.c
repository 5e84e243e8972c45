/* SPDX-License-Identifier: MIT */
/*
 * References become values here. Rules that hold everywhere: a missing value is an error unless the
 * tag has a default; output is never scanned again, only variables declared as templates (and
 * resource fields that hold a tag) are expanded, in their own environment; what took a secret byte
 * is secret, is built in wiped buffers, and is never kept in clear.
 */
#include "resolve/render.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "lang/params.h"
#include "resolve/served.h"

/* Plain compositions of one scope are expanded when it is opened: together at most this much. */
enum { SETTLED_MAX = 64 * 1024 * 1024 };

/* ---- following a reference ------------------------------------------------------------------ */

static envres_status
target_text(struct slice text, struct target *out)
{
    out->operand.type = ENVRES_TYPE_STRING;
    out->operand.text = text;
    return ENVRES_OK;
}

static envres_status
target_item(const envres_scope *source, const struct item *item, struct target *out,
            envres_error *err)
{
    if (item->state == ITEM_BROKEN) {
        err_copy(err, item->failure);
        return envres_error_code(item->failure);
    }
    out->source = source;
    out->item = item;
    out->secret = item->secret;
    out->operand.type = item->type;
    if (item->state == ITEM_PLAIN)
        out->operand.text = item->text;
    return ENVRES_OK;
}

/* Names that are not there: missing where a default waits, unless absence cannot be trusted. */
static envres_status
target_absent(const envres_scope *scope, enum object_class object_class, struct slice name,
              bool has_default, struct target *out, envres_error *err)
{
    if (has_default && scope->head_ok) {
        out->missing = true;
        return ENVRES_OK;
    }
    return scope_absent(scope, object_class, name, err);
}

static envres_status
target_field(const envres_scope *scope, const struct template_ref *ref, bool has_default,
             struct target *out, envres_error *err)
{
    uint32_t index = scope_handle(scope, ref->name);
    if (index == UINT32_MAX)
        return target_absent(scope, OBJECT_RESOURCE, ref->name, has_default, out, err);
    const envres_resource_handle *handle = &scope->handles[index];
    if (handle->count == 0 && handle->failure) {
        err_copy(err, handle->failure);
        return envres_error_code(handle->failure);
    }
    if (handle->count == 0)
        return target_absent(scope, OBJECT_RESOURCE, ref->name, has_default, out, err);
    const struct item *item = handle_item(handle, ref->field);
    if (item)
        return target_item(handle->source, item, out, err);
    const struct kind_field *field = NULL;
    envres_status st = kind_field_need(handle->kind, ref->field, &field, err);
    if (st < 0)
        return st;
    if (!handle->source->head_ok)
        return scope_absent(handle->source, OBJECT_RESOURCE, ref->name, err);
    if (has_default) {
        out->missing = true;
        return ENVRES_OK;
    }
    st = err_set(err, ENVRES_E_NOT_SET, "resource '%.*s' has no %.*s in %s", (int)ref->name.len,
                 ref->name.data, (int)ref->field.len, ref->field.data, scope->environment.key);
    err_subject(err, ref->name.data, ref->name.len);
    return st;
}

static envres_status
target_param(const struct template_ref *ref, bool has_default, const envres_params *params,
             struct target *out, envres_error *err)
{
    if (params && params_find(params, ref->name, &out->operand, &out->secret))
        return ENVRES_OK;
    if (has_default) {
        out->missing = true;
        return ENVRES_OK;
    }
    envres_status st = err_set(err, ENVRES_E_NOT_SET, "parameter '%.*s' was not given",
                               (int)ref->name.len, ref->name.data);
    err_subject(err, ref->name.data, ref->name.len);
    return st;
}

static envres_status
target_app(const envres_scope *scope, enum ref_root root, bool has_default, struct target *out,
           envres_error *err)
{
    const struct served *served = scope->served;
    if (served && root == REF_APP_NAME)
        return target_text(slice_str(served->app), out);
    if (served && root == REF_APP_VERSION)
        return target_text(slice_str(served->version), out);
    if (served && served->sequence > 0)
        return target_text(slice_str(served->tag), out);
    if (has_default) {
        out->missing = true;
        return ENVRES_OK;
    }
    envres_status st = ENVRES_E_NOT_SET;
    if (served) {
        err_set(err, st, "version '%s' of app '%s' was never released, so there is no app.release",
                served->version, served->app);
        err_hint(err, "give the tag a default, or serve a release");
    } else {
        err_set(err, st, "this scope serves no app");
        err_hint(err, "name the app when the scope is opened");
    }
    err_subject(err, "app", 3);
    return st;
}

envres_status
target_find(const envres_scope *scope, const struct template_ref *ref, bool has_default,
            const envres_params *params, struct target *out, envres_error *err)
{
    memset(out, 0, sizeof(*out));
    switch (ref->root) {
    case REF_ENVIRONMENT_NAME:
        return target_text(slice_str(scope->environment.key), out);
    case REF_ENVIRONMENT_LABEL:
        return target_text(slice_str(scope->environment.label), out);
    case REF_VARIABLE: {
        uint32_t index = scope_variable(scope, ref->name);
        if (index == UINT32_MAX)
            return target_absent(scope, OBJECT_VARIABLE, ref->name, has_default, out, err);
        return target_item(scope, &scope->items[index], out, err);
    }
    case REF_RESOURCE:
        return target_field(scope, ref, has_default, out, err);
    case REF_PARAM:
        return target_param(ref, has_default, params, out, err);
    case REF_APP_NAME:
    case REF_APP_VERSION:
    case REF_APP_RELEASE:
        break;
    }
    return target_app(scope, ref->root, has_default, out, err);
}

envres_status
ref_forbid_secret(const struct template_ref *ref, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_SECRET_SINK,
                               "'%.*s%s%.*s' is a secret, and this text must not hold any",
                               (int)ref->name.len, ref->name.data, ref->field.len ? "." : "",
                               (int)ref->field.len, ref->field.len ? ref->field.data : "");
    err_subject(err, ref->name.data, ref->name.len);
    err_hint(err, "keep it out of text that leaves the server");
    return st;
}

envres_status
render_options_read(const envres_render_options *given, envres_render_options *out,
                    envres_error *err)
{
    envres_status st = opts_read(out, sizeof(*out), sizeof(*out), given, err);
    if (st == ENVRES_OK && (out->flags & ~(uint32_t)ENVRES_RENDER_NO_SECRETS))
        st = err_set(err, ENVRES_E_INVALID, "the render options have an unknown flag");
    return st;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* Expands a stored template into a secret buffer. */
static envres_status
expand_into(const envres_scope *scope, const envres_template *tmpl, uint32_t depth, struct buf *out,
            envres_error *err)
{
    struct template_view view;
    struct buf scratch;
    envres_status st = ENVRES_OK;
    template_view(tmpl, &view);
    buf_init(&scratch, &scope->mem, true);
    for (uint32_t i = 0; st == ENVRES_OK && i < view.segment_count; i++) {
        const struct segment *segment = &view.segments[i];
        struct target target;
        buf_add(out, view.text + segment->offset, segment->len);
        if (segment->expr == EXPR_NONE)
            continue;
        const struct template_expr *expr = &view.exprs[segment->expr];
        st = target_find(scope, &view.refs[expr->ref], expr->has_default, NULL, &target, err);
        if (st == ENVRES_OK && target.item && target.item->state != ITEM_PLAIN) {
            scratch.len = 0;
            st = item_open(target.source, target.item, depth, &scratch, err);
            target.operand.text = slice_of(scratch.data, scratch.len);
        }
        if (st == ENVRES_OK)
            st = template_write(tmpl, segment->expr, target.missing ? NULL : &target.operand, out,
                                err);
    }
    buf_free(&scratch);
    return st == ENVRES_OK ? buf_status(out, err) : st;
}

/* What a template gave is held to the rules of its field, as a value that is written there is, and
 * takes the same canonical form: the text from `start` on in `out`. */
static envres_status
check_result(const envres_scope *scope, const struct item *item, struct buf *out, size_t start,
             envres_error *err)
{
    const struct setting *s = &item->setting;
    struct buf canonical;
    if (s->object_class != OBJECT_RESOURCE)
        return ENVRES_OK;
    const struct kind *kind = kind_find(s->kind);
    const struct kind_field *field = kind ? kind_field_find(kind, s->field) : NULL;
    buf_init(&canonical, &scope->mem, true);
    envres_status st =
        kind_check_value(&scope->mem, field, slice_str(""),
                         slice_of(out->data + start, out->len - start), &canonical, err);
    if (st == ENVRES_OK) {
        out->len = start;
        buf_add(out, canonical.data, canonical.len);
        st = buf_status(out, err);
    } else if (st != ENVRES_E_NOMEM) {
        err_subject(err, s->field.data, s->field.len);
    }
    buf_free(&canonical);
    return st;
}

/* "variable 'DATABASE_URL': " in front of what went wrong inside it. */
static void
prepend_item(const struct item *item, envres_error *err)
{
    const struct setting *s = &item->setting;
    if (s->object_class == OBJECT_VARIABLE)
        err_prepend(err, "variable '%.*s': ", (int)s->name.len, s->name.data);
    else
        err_prepend(err, "resource '%.*s' field '%.*s': ", (int)s->name.len, s->name.data,
                    (int)s->field.len, s->field.data);
}

static uint32_t
item_context(const struct item *item)
{
    return item->type == ENVRES_TYPE_JSON ? ENVRES_CONTEXT_JSON : ENVRES_CONTEXT_TEXT;
}

static envres_status
parse_item(const envres_scope *scope, const struct item *item, struct slice text,
           envres_template **out, envres_error *err)
{
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = scope->mem.reallocate,
                               .user = scope->mem.user };
    envres_template_options options = { .size = sizeof(options),
                                        .flags = ENVRES_TEMPLATE_BORROW,
                                        .context = item_context(item),
                                        .allocator = &alloc };
    return envres_template_parse(text.data, text.len, &options, out, err);
}

/* Expands a source that is secret itself: parsed for this once. */
static envres_status
expand_sealed(const envres_scope *scope, const struct item *item, struct slice source,
              uint32_t depth, struct buf *out, envres_error *err)
{
    envres_template *tmpl = NULL;
    size_t start = out->len;
    envres_status st = parse_item(scope, item, source, &tmpl, err);
    if (st == ENVRES_OK)
        st = expand_into(scope, tmpl, depth, out, err);
    if (st == ENVRES_OK)
        st = check_result(scope, item, out, start, err);
    envres_template_unref(tmpl);
    return st;
}

static envres_status
open_sealed(const envres_scope *scope, const struct item *item, uint32_t depth, struct buf *out,
            envres_error *err)
{
    struct buf source;
    if (!item->is_template)
        return config_open_value(&scope->mem, scope->keys, &item->setting, out, err);
    buf_init(&source, &scope->mem, true);
    envres_status st = config_open_value(&scope->mem, scope->keys, &item->setting, &source, err);
    if (st == ENVRES_OK)
        st = expand_sealed(scope, item, slice_of(source.data, source.len), depth, out, err);
    buf_free(&source);
    return st;
}

envres_status
item_open(const envres_scope *scope, const struct item *item, uint32_t depth, struct buf *out,
          envres_error *err)
{
    size_t start = out->len;
    envres_status st = ENVRES_OK;
    if (depth > LIMIT_TEMPLATE_DEPTH)
        return err_set(err, ENVRES_E_DEPTH, "templates inside templates go deeper than %d",
                       (int)LIMIT_TEMPLATE_DEPTH);
    switch ((enum item_state)item->state) {
    case ITEM_PLAIN:
        buf_add(out, item->text.data, item->text.len);
        return buf_status(out, err);
    case ITEM_BROKEN:
        err_copy(err, item->failure);
        return envres_error_code(item->failure);
    case ITEM_SEALED:
        st = open_sealed(scope, item, depth + 1, out, err);
        break;
    case ITEM_COMPOSED:
        st = expand_into(scope, item->tmpl, depth + 1, out, err);
        if (st == ENVRES_OK)
            st = check_result(scope, item, out, start, err);
        break;
    }
    if (st == ENVRES_OK && out->len - start > LIMIT_VALUE)
        st = err_set(err, ENVRES_E_LIMIT, "a composed value is longer than %d bytes",
                     (int)LIMIT_VALUE);
    if (st < 0 && item->is_template)
        prepend_item(item, err);
    return st;
}

/* ---- probing -------------------------------------------------------------------------------- */

struct prober {
    const envres_template *tmpl;
    const envres_scope *scope;
    uint32_t *searches;
    struct buf opened;
    struct buf written; /* what would be rendered; looked at by nobody */
    uint64_t total;     /* bytes written so far: each of them would be in the result */
};

static envres_status
probe_expr(struct prober *prober, const struct template_view *view, uint32_t index,
           envres_error *err)
{
    const struct template_expr *expr = &view->exprs[index];
    const struct template_ref *ref = &view->refs[expr->ref];
    struct target target = { 0 };
    /* Parameters come with the render, the app with the scope that will serve it. */
    if (ref->root == REF_PARAM || ref_is_of_app(ref))
        return ENVRES_OK;
    envres_status st = target_find(prober->scope, ref, expr->has_default, NULL, &target, err);
    if (st == ENVRES_OK && target.item && target.item->state != ITEM_PLAIN) {
        prober->opened.len = 0;
        st = item_open(target.source, target.item, 0, &prober->opened, err);
        target.operand.text = slice_of(prober->opened.data, prober->opened.len);
    }
    if (st < 0)
        return st;
    const struct operand *value = target.missing ? NULL : &target.operand;
    if (value && template_is_verbatim(prober->tmpl, index, value))
        return ENVRES_OK;
    prober->written.len = 0;
    st = template_write(prober->tmpl, index, value, &prober->written, err);
    if (st == ENVRES_OK)
        st = buf_status(&prober->written, err);
    prober->total += prober->written.len;
    if (st == ENVRES_OK && prober->total > LIMIT_OUTPUT)
        st = err_set(err, ENVRES_E_LIMIT, "the result is longer than %d bytes", (int)LIMIT_OUTPUT);
    return st;
}

/* Each expression once, where it stands first; no further than a render would come. */
static envres_status
probe_segments(struct prober *prober, uint8_t *seen, envres_error *why, probe_fn each, void *user,
               envres_error *err)
{
    struct template_view view = { 0 };
    template_view(prober->tmpl, &view);
    for (uint32_t i = 0; i < view.segment_count && prober->total <= LIMIT_OUTPUT; i++) {
        uint32_t expr = view.segments[i].expr;
        if (expr == EXPR_NONE || seen[expr])
            continue;
        seen[expr] = 1;
        err_spare_search(why, *prober->searches == 0);
        envres_status st = probe_expr(prober, &view, expr, why);
        if (st == ENVRES_E_NOMEM)
            return err_code(err, st);
        if (st < 0) {
            *prober->searches -= *prober->searches > 0;
            err_position(why, 0, 0, 0);
            st = each(user, i, why, err);
            if (st < 0)
                return st;
        }
    }
    return ENVRES_OK;
}

envres_status
template_probe(const envres_template *tmpl, const envres_scope *scope, uint32_t *searches,
               probe_fn each, void *user, envres_error *err)
{
    struct prober prober = { .tmpl = tmpl, .scope = scope, .searches = searches };
    struct template_view view = { 0 };
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = scope->mem.reallocate,
                               .user = scope->mem.user };
    template_view(tmpl, &view);
    uint8_t *seen = mem_alloc_zero(&scope->mem, view.expr_count);
    envres_error *why = envres_error_new(&alloc);
    envres_status st = seen && why ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
    buf_init(&prober.opened, &scope->mem, true);
    buf_init(&prober.written, &scope->mem, true);
    if (st == ENVRES_OK)
        st = probe_segments(&prober, seen, why, each, user, err);
    buf_free(&prober.opened);
    buf_free(&prober.written);
    envres_error_free(why);
    mem_free(&scope->mem, seen);
    return st;
}

/* ---- settling ------------------------------------------------------------------------------- */

struct settler {
    envres_scope *scope;
    size_t expanded; /* bytes of plain compositions so far */
    uint32_t level;  /* templates being settled at once: bounds the recursion */
    bool too_deep; /* only the item it began with is at fault; the others are tried by themselves */
};

static envres_status settle_item(struct settler *settler, struct item *item, envres_error *err);

/* NOMEM ends the opening of the scope; any other failure is the item's own. */
static envres_status
break_item(envres_scope *scope, struct item *item, envres_status st, const envres_error *why)
{
    if (st == ENVRES_E_NOMEM)
        return st;
    item->failure = scope_keep_error(scope, why);
    if (!item->failure)
        return ENVRES_E_NOMEM;
    item->state = ITEM_BROKEN;
    return ENVRES_OK;
}

/* The item of this scope that a reference leads to, or NULL. */
static struct item *
own_item(envres_scope *scope, const struct template_ref *ref)
{
    if (ref->root == REF_VARIABLE) {
        uint32_t index = scope_variable(scope, ref->name);
        return index == UINT32_MAX ? NULL : &scope->items[index];
    }
    if (ref->root != REF_RESOURCE)
        return NULL;
    uint32_t index = scope_handle(scope, ref->name);
    if (index == UINT32_MAX || scope->handles[index].source != scope)
        return NULL;
    const struct item *found = handle_item(&scope->handles[index], ref->field);
    return found ? &scope->items[found - scope->items] : NULL;
}

/* What a template took where it refers to something: the trace of an item comes with it. */
static void
trace_target(uint8_t trace[TRACE], const struct target *target)
{
    if (target->missing)
        trace_missing(trace);
    else if (target->item)
        trace_item(trace, target->source, target->item);
    else
        trace_text(trace, target->operand.text);
}

/* Settles what a template refers to, and takes over secrecy, depth and traces. */
static envres_status
settle_references(struct settler *settler, struct item *item, const envres_template *tmpl,
                  envres_error *err)
{
    struct template_view view;
    template_view(tmpl, &view);
    for (uint32_t i = 0; i < view.expr_count; i++) {
        const struct template_expr *expr = &view.exprs[i];
        struct item *own = own_item(settler->scope, &view.refs[expr->ref]);
        struct target target = { 0 };
        if (own && own->visit == VISIT_OPEN) {
            envres_status st = err_set(err, ENVRES_E_CYCLE, "'%.*s' refers to itself",
                                       (int)own->setting.name.len, own->setting.name.data);
            err_subject(err, own->setting.name.data, own->setting.name.len);
            return st;
        }
        envres_status st = own ? settle_item(settler, own, err) : ENVRES_OK;
        if (st == ENVRES_OK)
            st = target_find(settler->scope, &view.refs[expr->ref], expr->has_default, NULL,
                             &target, err);
        if (st < 0)
            return st;
        if (target.item && target.item->depth >= item->depth)
            item->depth = (uint8_t)(target.item->depth + 1);
        item->secret = item->secret || target.secret;
        trace_target(item->trace, &target);
    }
    if (item->depth > LIMIT_TEMPLATE_DEPTH)
        return err_set(err, ENVRES_E_DEPTH, "templates inside templates go deeper than %d",
                       (int)LIMIT_TEMPLATE_DEPTH);
    return ENVRES_OK;
}

/* A plain template that takes no secret becomes plain text, once and for all. */
static envres_status
settle_plain(struct settler *settler, struct item *item, envres_error *err)
{
    struct buf text;
    buf_init(&text, &settler->scope->mem, false);
    text.max = LIMIT_VALUE;
    envres_status st = expand_into(settler->scope, item->tmpl, 0, &text, err);
    if (st == ENVRES_OK)
        st = check_result(settler->scope, item, &text, 0, err);
    settler->expanded += text.len;
    if (st == ENVRES_OK && settler->expanded > SETTLED_MAX)
        st = err_set(err, ENVRES_E_LIMIT, "the templates of %s expand to more than %d bytes",
                     settler->scope->environment.key, (int)SETTLED_MAX);
    if (st == ENVRES_OK) {
        struct slice kept = pool_copy(&settler->scope->pool, slice_of(text.data, text.len));
        if (!kept.data)
            st = err_code(err, ENVRES_E_NOMEM);
        else
            item->text = kept;
    }
    buf_free(&text);
    return st;
}

static envres_status
settle_template(struct settler *settler, struct item *item, envres_error *err)
{
    envres_scope *scope = settler->scope;
    struct buf source;
    envres_template *sealed = NULL;
    envres_status st = ENVRES_OK;
    buf_init(&source, &scope->mem, true);
    if (item->state == ITEM_SEALED) {
        st = config_open_value(&scope->mem, scope->keys, &item->setting, &source, err);
        if (st == ENVRES_OK && item->setting.object_class == OBJECT_RESOURCE)
            item->is_template = template_has_tag(source.data, source.len);
        if (st == ENVRES_OK && item->is_template)
            st = parse_item(scope, item, slice_of(source.data, source.len), &sealed, err);
    } else {
        st = parse_item(scope, item, item->text, &item->tmpl, err);
    }
    const envres_template *tmpl = sealed ? sealed : item->tmpl;
    item->depth = item->is_template;
    if (st == ENVRES_OK && tmpl)
        st = settle_references(settler, item, tmpl, err);
    if (st == ENVRES_OK && item->state == ITEM_PLAIN) {
        if (item->secret)
            item->state = ITEM_COMPOSED;
        else
            st = settle_plain(settler, item, err);
    }
    envres_template_unref(sealed);
    buf_free(&source);
    if (st < 0)
        prepend_item(item, err);
    return st;
}

/* As if it had not been visited: it is settled when its own turn comes. */
static void
forget_visit(struct item *item)
{
    envres_template_unref(item->tmpl);
    item->tmpl = NULL;
    item->depth = 0;
    item->secret = item->setting.secret;
    memset(item->trace, 0, TRACE);
    item->visit = VISIT_NONE;
}

static bool
may_be_template(const struct item *item)
{
    return item->is_template ||
           (item->state == ITEM_SEALED && item->setting.object_class == OBJECT_RESOURCE);
}

static envres_status
settle_item(struct settler *settler, struct item *item, envres_error *err)
{
    if (item->visit == VISIT_DONE)
        return ENVRES_OK;
    if (item->state == ITEM_BROKEN || !may_be_template(item)) {
        item->visit = VISIT_DONE;
        return ENVRES_OK;
    }
    if (settler->level > LIMIT_TEMPLATE_DEPTH) {
        settler->too_deep = true;
        return err_set(err, ENVRES_E_DEPTH, "templates inside templates go deeper than %d",
                       (int)LIMIT_TEMPLATE_DEPTH);
    }
    item->visit = VISIT_OPEN;
    settler->level++;
    envres_status st = settle_template(settler, item, err);
    settler->level--;
    if (st < 0 && settler->too_deep && settler->level > 0) {
        forget_visit(item);
        return st;
    }
    settler->too_deep = false;
    item->visit = VISIT_DONE;
    return st < 0 ? break_item(settler->scope, item, st, err) : ENVRES_OK;
}

envres_status
scope_settle(envres_scope *scope, envres_error *err)
{
    struct settler settler = { .scope = scope };
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = scope->mem.reallocate,
                               .user = scope->mem.user };
    /* A slot of our own: what goes wrong with one item is kept with it, whoever opened the scope.
     */
    envres_error *why = envres_error_new(&alloc);
    envres_status st = why ? ENVRES_OK : ENVRES_E_NOMEM;
    for (uint32_t i = 0; st == ENVRES_OK && i < scope->item_count; i++)
        st = settle_item(&settler, &scope->items[i], why);
    envres_error_free(why);
    return st < 0 ? err_code(err, st) : ENVRES_OK;
}
