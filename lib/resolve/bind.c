/* SPDX-License-Identifier: MIT */
/*
 * Binding a template to a scope, and rendering it. Binding follows every reference once: a plain
 * expression becomes a span (pointer and length), encoded for its place where that is needed; a
 * secret one stays a reference and is opened at each render, into memory that is wiped. What is
 * left for a render without secrets is the sum of lengths, known beforehand, and copying.
 */
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/value.h"
#include "lang/params.h"
#include "resolve/gather.h"
#include "resolve/render.h"

/* An expression that takes a secret, resolved. */
struct bound_secret {
    const envres_scope *source;
    const struct item *item; /* what to open; NULL: a parameter */
    struct operand operand;  /* of a parameter: its text; else the type */
    size_t kept;             /* of a kept parameter: offset into `params` */
    bool is_secret;          /* false: the expression is plain, and the rest not set */
    bool is_kept;
};

enum { INLINE_EXPRS = 32 };

/* What binding gives: on the stack for one render, or inside an envres_bound. */
struct binding {
    const envres_template *tmpl;
    const envres_scope *scope;
    struct template_view view;
    struct slice *spans;          /* plain expressions, ready to copy, as gather.h wants them */
    struct bound_secret *secrets; /* by expression; NULL where none is secret */
    struct pool encoded; /* texts of plain expressions that had to be encoded, or lack slack */
    struct buf params;   /* secret parameters, copied where the binding outlives the call */
    struct gather gather;
    uint64_t plain_len; /* literals and plain expressions */
    uint64_t output_max;
    struct slice inline_spans[INLINE_EXPRS];
};

/* A piece of the output of a bound template: nothing but copying is left. */
struct envres_bound {
    struct mem mem;
    atomic_uint references;
    uint32_t forks;
    envres_template *tmpl;
    envres_scope *scope;
    struct binding binding;
    _Atomic(char *) text; /* rendered once for envres_bound_text() */
};

/* ---- binding -------------------------------------------------------------------------------- */

static void
binding_free(struct binding *binding)
{
    const struct mem *mem = &binding->scope->mem;
    if (binding->spans != binding->inline_spans)
        mem_free(mem, binding->spans);
    mem_free(mem, binding->secrets);
    pool_free(&binding->encoded);
    buf_free(&binding->params);
}

/* Encodes a plain operand for its place; the bytes go into the binding's pool. */
static envres_status
encode(struct binding *binding, uint32_t expr, const struct operand *operand, struct buf *scratch,
       struct slice *out, envres_error *err)
{
    scratch->len = 0;
    envres_status st = template_write(binding->tmpl, expr, operand, scratch, err);
    if (st == ENVRES_OK)
        st = buf_status(scratch, err);
    if (st < 0)
        return st;
    *out = pool_copy(&binding->encoded, slice_of(scratch->data, scratch->len));
    return out->data ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
}

static bool
has_secret(const struct binding *binding)
{
    return binding->secrets != NULL;
}

/* Most templates take no secret: the room for them is made when the first one is met. */
static struct bound_secret *
add_secret(struct binding *binding, uint32_t expr)
{
    size_t size = (size_t)binding->view.expr_count * sizeof(*binding->secrets);
    if (!binding->secrets)
        binding->secrets = mem_alloc_zero(&binding->scope->mem, size);
    return binding->secrets ? &binding->secrets[expr] : NULL;
}

/* A secret parameter may be gone when a bound template is rendered: it is copied. */
static envres_status
keep_param(struct binding *binding, struct bound_secret *out, envres_error *err)
{
    out->kept = binding->params.len;
    out->is_kept = true;
    buf_add(&binding->params, out->operand.text.data, out->operand.text.len);
    return buf_status(&binding->params, err);
}

static envres_status
bind_secret(struct binding *binding, uint32_t index, const struct target *target, bool keeps,
            envres_error *err)
{
    struct bound_secret *out = add_secret(binding, index);
    if (!out)
        return err_code(err, ENVRES_E_NOMEM);
    out->is_secret = true;
    out->source = target->source;
    out->item = target->item;
    out->operand = target->operand;
    binding->spans[index] = (struct slice){ NULL, 0 };
    return keeps && !target->item ? keep_param(binding, out, err) : ENVRES_OK;
}

/* What nearly every expression is: a plain variable as it stands. False for every other, which
 * bind_expr() settles; what is true here it would bind the same way. */
static inline bool
bind_plain(struct binding *binding, uint32_t index)
{
    const struct template_expr *expr = &binding->view.exprs[index];
    if (expr->filter_count > 0 || expr->place != PLACE_TEXT)
        return false;
    const struct item *item = target_plain(binding->scope, &binding->view.refs[expr->ref]);
    if (!item)
        return false;
    binding->spans[index] = item->text;
    return true;
}

static envres_status
bind_expr(struct binding *binding, uint32_t index, const envres_render_options *options, bool keeps,
          struct buf *scratch, envres_error *err)
{
    const struct template_expr *expr = &binding->view.exprs[index];
    const struct template_ref *ref = &binding->view.refs[expr->ref];
    struct slice *out = &binding->spans[index];
    struct target target;
    envres_status st =
        target_find(binding->scope, ref, expr->has_default, options->params, &target, err);
    if (st < 0)
        return st;
    if (target.secret) {
        if (options->flags & ENVRES_RENDER_NO_SECRETS)
            return ref_forbid_secret(ref, err);
        return bind_secret(binding, index, &target, keeps, err);
    }
    if (target.missing || !template_is_verbatim(binding->tmpl, index, &target.operand))
        return encode(binding, index, target.missing ? NULL : &target.operand, scratch, out, err);
    /* Values lie in the pool of their scope, which has the slack; other texts need not. */
    bool has_slack = target.item && target.item->layer != LAYER_PRESET;
    has_slack = has_slack || (target.operand.text.len > GATHER_WIDE && !keeps);
    *out = has_slack ? target.operand.text : pool_copy(&binding->encoded, target.operand.text);
    return out->data ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
}

static envres_status
check_length(const struct binding *binding, uint64_t len, envres_error *err)
{
    if (len <= binding->output_max)
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_LIMIT, "the result is longer than %llu bytes",
                               (unsigned long long)binding->output_max);
    err_hint(err, "raise output_max if that is meant");
    return st;
}

static envres_status
bind_all(struct binding *binding, const envres_render_options *options, bool keeps,
         envres_error *err)
{
    struct buf scratch;
    envres_status st = ENVRES_OK;
    buf_init(&scratch, &binding->scope->mem, false);
    for (uint32_t i = 0; st == ENVRES_OK && i < binding->view.expr_count; i++) {
        if (bind_plain(binding, i))
            continue;
        st = bind_expr(binding, i, options, keeps, &scratch, err);
        if (st < 0 && st != ENVRES_E_NOMEM)
            template_position(binding->tmpl, template_first_use(&binding->view, i), err);
    }
    buf_free(&scratch);
    if (st < 0)
        return st;
    binding->plain_len = gather_init(&binding->gather, &binding->view, binding->spans);
    return check_length(binding, binding->plain_len, err);
}

/* `keeps`: the binding outlives the call, and so must not borrow parameters. */
static envres_status
binding_init(struct binding *binding, const envres_template *tmpl, const envres_scope *scope,
             const envres_render_options *given, bool keeps, envres_error *err)
{
    envres_render_options options;
    binding->tmpl = tmpl;
    binding->scope = scope;
    binding->spans = binding->inline_spans;
    binding->secrets = NULL;
    pool_init(&binding->encoded, &scope->mem);
    buf_init(&binding->params, &scope->mem, true);
    envres_status st = render_options_read(given, &options, err);
    if (st < 0)
        return st;
    template_view(tmpl, &binding->view);
    if (binding->view.context == ENVRES_CONTEXT_SQL) {
        st = err_set(err, ENVRES_E_INVALID, "a template of context sql does not become text");
        err_hint(err, "envres_template_prepare() gives its statement and parameters");
        return st;
    }
    binding->output_max = options.output_max ? options.output_max : LIMIT_OUTPUT;
    if (binding->view.expr_count > INLINE_EXPRS) {
        struct slice *spans =
            mem_alloc_array(&scope->mem, binding->view.expr_count, sizeof(*spans));
        if (!spans)
            return err_code(err, ENVRES_E_NOMEM);
        binding->spans = spans;
    }
    return bind_all(binding, &options, keeps, err);
}

/* ---- rendering without secrets --------------------------------------------------------------- */

/* True when the output is one literal or one value as a whole, which then needs no copy. */
static bool
is_one_piece(const struct binding *binding, const char **data)
{
    const struct template_view *view = &binding->view;
    if (view->segment_count > 2)
        return false;
    size_t pieces = 0;
    *data = "";
    for (uint32_t i = 0; i < view->segment_count; i++) {
        const struct segment *segment = &view->segments[i];
        if (segment->len > 0) {
            *data = view->text + segment->offset;
            pieces++;
        }
        if (segment->expr != EXPR_NONE && binding->spans[segment->expr].len > 0) {
            *data = binding->spans[segment->expr].data;
            pieces++;
        }
    }
    return pieces <= 1;
}

/* ---- rendering with secrets ----------------------------------------------------------------- */

struct ranges {
    struct value_range *items;
    size_t count;
    size_t room;
};

static envres_status
add_range(const struct mem *mem, struct ranges *ranges, size_t start, size_t end, envres_error *err)
{
    if (start == end)
        return ENVRES_OK;
    if (ranges->count > 0 && ranges->items[ranges->count - 1].end == start) {
        ranges->items[ranges->count - 1].end = end;
        return ENVRES_OK;
    }
    struct value_range *grown =
        mem_grow(mem, ranges->items, &ranges->room, ranges->count, sizeof(*grown));
    if (!grown)
        return err_code(err, ENVRES_E_NOMEM);
    ranges->items = grown;
    ranges->items[ranges->count].start = start;
    ranges->items[ranges->count++].end = end;
    return ENVRES_OK;
}

static envres_status
write_secret(const struct binding *binding, uint32_t index, struct buf *scratch, struct buf *out,
             envres_error *err)
{
    const struct bound_secret *expr = &binding->secrets[index];
    struct operand operand = expr->operand;
    envres_status st = ENVRES_OK;
    if (expr->item) {
        scratch->len = 0;
        st = item_open(expr->source, expr->item, 0, scratch, err);
        operand.text = slice_of(scratch->data, scratch->len);
    } else if (expr->is_kept) {
        operand.text.data = binding->params.data + expr->kept;
    }
    return st < 0 ? st : template_write(binding->tmpl, index, &operand, out, err);
}

/* The whole output into a secret buffer, with its ranges. */
static envres_status
render_secret(const struct binding *binding, struct buf *out, struct ranges *ranges,
              envres_error *err)
{
    const struct template_view *view = &binding->view;
    struct buf scratch;
    envres_status st = ENVRES_OK;
    buf_init(&scratch, &binding->scope->mem, true);
    out->max = binding->output_max;
    buf_reserve(out, binding->plain_len < binding->output_max ? binding->plain_len : 0);
    for (uint32_t i = 0; st == ENVRES_OK && i < view->segment_count; i++) {
        const struct segment *segment = &view->segments[i];
        buf_add(out, view->text + segment->offset, segment->len);
        if (segment->expr == EXPR_NONE)
            continue;
        size_t start = out->len;
        if (!binding->secrets[segment->expr].is_secret) {
            struct slice span = binding->spans[segment->expr];
            buf_add(out, span.data, span.len);
            continue;
        }
        st = write_secret(binding, segment->expr, &scratch, out, err);
        if (st == ENVRES_OK)
            st = add_range(&binding->scope->mem, ranges, start, out->len, err);
        if (st < 0 && st != ENVRES_E_NOMEM)
            template_position(binding->tmpl, i, err);
    }
    buf_free(&scratch);
    return st == ENVRES_OK ? buf_status(out, err) : st;
}

/* Keys made of tags can collide: then it is no JSON that others would read the same way. */
static envres_status
check_keys(const struct binding *binding, const char *text, size_t len, envres_error *err)
{
    if (!binding->view.keys_have_tags)
        return ENVRES_OK;
    if (json_check(&binding->scope->mem, text, len, NULL) == ENVRES_OK)
        return ENVRES_OK;
    envres_status st =
        err_set(err, ENVRES_E_JSON, "two keys of one object are the same after rendering");
    err_hint(err, "look at the tags that stand in keys");
    return st;
}

static envres_status
render_value(const struct binding *binding, envres_value **out, envres_error *err)
{
    int32_t type =
        binding->view.context == ENVRES_CONTEXT_JSON ? ENVRES_TYPE_JSON : ENVRES_TYPE_STRING;
    struct ranges ranges = { .items = NULL };
    struct buf bytes;
    envres_value *value = NULL;
    envres_status st;
    if (!has_secret(binding)) {
        char *room = NULL;
        st = value_room(&binding->scope->mem, type, binding->plain_len, false, &value, &room, err);
        if (st == ENVRES_OK) {
            gather_copy(&binding->gather, room);
            st = check_keys(binding, room, binding->plain_len, err);
        }
    } else {
        buf_init(&bytes, &binding->scope->mem, true);
        st = render_secret(binding, &bytes, &ranges, err);
        if (st == ENVRES_OK)
            st = check_keys(binding, bytes.data, bytes.len, err);
        if (st == ENVRES_OK)
            st = value_from_buf(type, &bytes, ranges.items, ranges.count, &value, err);
        buf_free(&bytes);
        mem_free(&binding->scope->mem, ranges.items);
    }
    if (st < 0)
        envres_value_free(value);
    else
        *out = value;
    return st;
}

static envres_status
too_small(envres_error *err)
{
    return err_set(err, ENVRES_E_LIMIT, "the buffer is too small");
}

static envres_status
render_into(const struct binding *binding, char *buf, size_t cap, size_t *need, envres_error *err)
{
    struct ranges ranges = { .items = NULL };
    struct buf bytes;
    if (!has_secret(binding)) {
        if (need)
            *need = binding->plain_len;
        if (binding->plain_len > cap)
            return too_small(err);
        gather_copy(&binding->gather, buf);
        return check_keys(binding, buf, binding->plain_len, err);
    }
    buf_init(&bytes, &binding->scope->mem, true);
    envres_status st = render_secret(binding, &bytes, &ranges, err);
    if (st == ENVRES_OK)
        st = check_keys(binding, bytes.data, bytes.len, err);
    if (st == ENVRES_OK && need)
        *need = bytes.len;
    if (st == ENVRES_OK && bytes.len > cap)
        st = too_small(err);
    if (st == ENVRES_OK && bytes.len > 0)
        memcpy(buf, bytes.data, bytes.len);
    buf_free(&bytes);
    mem_free(&binding->scope->mem, ranges.items);
    return st;
}

/* ---- the public calls ----------------------------------------------------------------------- */

static envres_status
enter(const envres_template *tmpl, const envres_scope *scope, envres_error *err)
{
    if (!tmpl)
        return err_set(err, ENVRES_E_INVALID, "the template is NULL");
    return scope_enter(scope, err);
}

envres_status
envres_template_render(const envres_template *tmpl, const envres_scope *scope,
                       const envres_render_options *options, envres_value **out, envres_error *err)
{
    struct binding binding;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the value");
    *out = NULL;
    envres_status st = enter(tmpl, scope, err);
    if (st < 0)
        return st;
    st = binding_init(&binding, tmpl, scope, options, false, err);
    if (st == ENVRES_OK)
        st = render_value(&binding, out, err);
    binding_free(&binding);
    return st;
}

envres_status
envres_template_render_into(const envres_template *tmpl, const envres_scope *scope,
                            const envres_render_options *options, char *buf, size_t cap,
                            size_t *need, envres_error *err)
{
    struct binding binding;
    if (need)
        *need = 0;
    envres_status st = enter(tmpl, scope, err);
    if (st < 0)
        return st;
    if (!buf && cap > 0)
        return err_set(err, ENVRES_E_INVALID, "the buffer is NULL");
    st = binding_init(&binding, tmpl, scope, options, false, err);
    if (st == ENVRES_OK)
        st = render_into(&binding, buf, cap, need, err);
    binding_free(&binding);
    return st;
}

envres_status
envres_scope_expand(const envres_scope *scope, const char *text, size_t len, uint32_t context,
                    uint32_t flags, envres_value **out, envres_error *err)
{
    envres_template *tmpl = NULL;
    envres_render_options render = { .size = sizeof(render), .flags = flags };
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the value");
    *out = NULL;
    envres_status st = scope_enter(scope, err);
    if (st < 0)
        return st;
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = scope->mem.reallocate,
                               .user = scope->mem.user };
    envres_template_options options = { .size = sizeof(options),
                                        .flags = ENVRES_TEMPLATE_BORROW,
                                        .context = context,
                                        .allocator = &alloc };
    st = envres_template_parse(text, len, &options, &tmpl, err);
    if (st == ENVRES_OK)
        st = envres_template_render(tmpl, scope, &render, out, err);
    envres_template_unref(tmpl);
    return st;
}

envres_status
envres_template_bind(envres_template *tmpl, envres_scope *scope,
                     const envres_render_options *options, envres_bound **out, envres_error *err)
{
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the bound template");
    *out = NULL;
    envres_status st = enter(tmpl, scope, err);
    if (st < 0)
        return st;
    envres_bound *bound = mem_alloc_zero(&scope->mem, sizeof(*bound));
    if (!bound)
        return err_code(err, ENVRES_E_NOMEM);
    bound->mem = scope->mem;
    bound->forks = fork_count;
    atomic_init(&bound->references, 1);
    atomic_init(&bound->text, NULL);
    bound->tmpl = envres_template_ref(tmpl);
    bound->scope = envres_scope_ref(scope);
    st = binding_init(&bound->binding, tmpl, scope, options, true, err);
    if (st < 0) {
        envres_bound_unref(bound);
        return st;
    }
    *out = bound;
    return ENVRES_OK;
}

envres_bound *
envres_bound_ref(envres_bound *bound)
{
    if (bound)
        atomic_fetch_add_explicit(&bound->references, 1, memory_order_relaxed);
    return bound;
}

void
envres_bound_unref(envres_bound *bound)
{
    if (!bound || atomic_fetch_sub_explicit(&bound->references, 1, memory_order_acq_rel) != 1)
        return;
    struct mem mem = bound->mem;
    binding_free(&bound->binding);
    mem_free(&mem, atomic_load(&bound->text));
    envres_template_unref(bound->tmpl);
    envres_scope_unref(bound->scope);
    mem_free(&mem, bound);
}

static envres_status
enter_bound(const envres_bound *bound, envres_error *err)
{
    if (!bound)
        return err_set(err, ENVRES_E_INVALID, "the bound template is NULL");
    return fork_check(bound->forks, err);
}

envres_status
envres_bound_render(const envres_bound *bound, envres_value **out, envres_error *err)
{
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the value");
    *out = NULL;
    envres_status st = enter_bound(bound, err);
    return st < 0 ? st : render_value(&bound->binding, out, err);
}

envres_status
envres_bound_render_into(const envres_bound *bound, char *buf, size_t cap, size_t *need,
                         envres_error *err)
{
    if (need)
        *need = 0;
    envres_status st = enter_bound(bound, err);
    if (st < 0)
        return st;
    if (!buf && cap > 0)
        return err_set(err, ENVRES_E_INVALID, "the buffer is NULL");
    if (has_secret(&bound->binding) || bound->binding.view.keys_have_tags)
        return render_into(&bound->binding, buf, cap, need, err);
    if (need)
        *need = bound->binding.plain_len;
    if (bound->binding.plain_len > cap)
        return too_small(err);
    gather_copy(&bound->binding.gather, buf);
    return ENVRES_OK;
}

/* Several threads may render at once; one text wins and stays. */
static envres_status
make_text(envres_bound *bound, envres_error *err)
{
    size_t len = bound->binding.plain_len;
    char *text = mem_alloc(&bound->mem, len + 1);
    char *none = NULL;
    if (!text)
        return err_code(err, ENVRES_E_NOMEM);
    gather_copy(&bound->binding.gather, text);
    text[len] = '\0';
    envres_status st = check_keys(&bound->binding, text, len, err);
    if (st < 0 || !atomic_compare_exchange_strong(&bound->text, &none, text))
        mem_free(&bound->mem, text);
    return st;
}

envres_status
envres_bound_text(envres_bound *bound, const char **data, size_t *len, envres_error *err)
{
    envres_status st = enter_bound(bound, err);
    if (st < 0)
        return st;
    if (!data || !len)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the text");
    *data = NULL;
    *len = 0;
    if (has_secret(&bound->binding)) {
        st = err_set(err, ENVRES_E_SECRET_SINK, "the text holds secrets and is not kept");
        err_hint(err, "render it into a value or a buffer");
        return st;
    }
    if (is_one_piece(&bound->binding, data)) {
        *len = bound->binding.plain_len;
        return check_keys(&bound->binding, *data, *len, err);
    }
    if (!atomic_load_explicit(&bound->text, memory_order_acquire)) {
        st = make_text(bound, err);
        if (st < 0)
            return st;
    }
    *data = atomic_load_explicit(&bound->text, memory_order_acquire);
    *len = bound->binding.plain_len;
    return ENVRES_OK;
}
