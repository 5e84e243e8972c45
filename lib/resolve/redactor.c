/* SPDX-License-Identifier: MIT */
/*
 * Redactors: which secrets of a scope are masked, which are not and why; streams for hosts.
 *
 * What is looked for is a plan, filled by the first redactor and shared by its copies. It is closed
 * when a text begins or a copy is made, and never changes again; each redactor adds a stream of its
 * own. Each secret is opened into one wiped buffer and goes from there into the plan's forms.
 */
#include <envres/redact.h>

#include <stdatomic.h>
#include <string.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/text.h"
#include "base/value.h"
#include "lang/redact.h"
#include "resolve/render.h"

struct refused {
    struct slice environment; /* .data NULL: none */
    struct slice name;
    struct slice field; /* .data NULL: none */
    const char *reason;
};

struct plan {
    struct mem mem;
    atomic_uint references;
    bool is_closed;
    struct redact_set *set;
    struct pool pool;
    struct refused *refused;
    size_t refused_count;
    size_t refused_room;
    struct slice replacement; /* in the pool */
};

struct envres_redactor {
    uint32_t forks;
    struct plan *plan;
    struct redact_stream stream;
};

static const char *const reasons[] = {
    [FORMS_ALL] = NULL,
    [FORMS_LINES] = "lines",
    [FORMS_SHORT] = "short",
    [FORMS_BLANK] = "blank",
};

/* ---- plans ----------------------------------------------------------------------------------- */

static void
plan_unref(struct plan *plan)
{
    if (!plan || atomic_fetch_sub_explicit(&plan->references, 1, memory_order_acq_rel) != 1)
        return;
    struct mem mem = plan->mem;
    redact_set_free(plan->set);
    mem_free(&mem, plan->refused);
    pool_free(&plan->pool);
    mem_free(&mem, plan);
}

static envres_status
plan_new(const struct mem *mem, struct slice replacement, struct plan **out, envres_error *err)
{
    struct plan *plan = mem_alloc_zero(mem, sizeof(*plan));
    if (!plan)
        return err_code(err, ENVRES_E_NOMEM);
    plan->mem = *mem;
    atomic_init(&plan->references, 1);
    pool_init(&plan->pool, &plan->mem);
    plan->replacement = pool_copy(&plan->pool, replacement);
    envres_status st = plan->replacement.data ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
    if (st == ENVRES_OK)
        st = redact_set_new(&plan->mem, &plan->set, err);
    if (st < 0)
        plan_unref(plan);
    else
        *out = plan;
    return st;
}

static envres_status
plan_close(struct plan *plan, envres_error *err)
{
    if (plan->is_closed)
        return ENVRES_OK;
    envres_status st = redact_set_close(plan->set, err);
    plan->is_closed = st == ENVRES_OK;
    return st;
}

/* Names outlive the scope that they come from. */
static bool
keep(struct pool *pool, struct slice text, struct slice *out)
{
    if (text.data)
        *out = pool_copy(pool, text);
    return !text.data || out->data;
}

static envres_status
refuse(struct plan *plan, const struct refused *given, envres_error *err)
{
    struct refused kept = { .reason = given->reason };
    struct refused *grown = mem_grow(&plan->mem, plan->refused, &plan->refused_room,
                                     plan->refused_count, sizeof(*grown));
    if (!grown)
        return err_code(err, ENVRES_E_NOMEM);
    plan->refused = grown;
    if (!keep(&plan->pool, given->environment, &kept.environment) ||
        !keep(&plan->pool, given->name, &kept.name) ||
        !keep(&plan->pool, given->field, &kept.field))
        return err_code(err, ENVRES_E_NOMEM);
    grown[plan->refused_count++] = kept;
    return ENVRES_OK;
}

/* `whose` is completed with the reason, if there is one. */
static envres_status
add_secret(struct plan *plan, struct slice secret, struct refused *whose, envres_error *err)
{
    enum form_verdict verdict = FORMS_ALL;
    envres_status st = redact_set_add(plan->set, secret, &verdict, err);
    whose->reason = reasons[verdict];
    return st == ENVRES_OK && whose->reason ? refuse(plan, whose, err) : st;
}

/* ---- scopes ---------------------------------------------------------------------------------- */

/* `secrets` and `why` serve one item after the other. */
static envres_status
add_item(struct plan *plan, const envres_scope *scope, const struct item *item, struct buf *secrets,
         envres_error *why, envres_error *err)
{
    const struct setting *setting = &item->setting;
    struct refused whose = { .environment = slice_str(scope->environment.key),
                             .name = setting->name,
                             .reason = "broken" };
    if (!item->secret)
        return ENVRES_OK;
    if (setting->object_class == OBJECT_RESOURCE)
        whose.field = setting->field;
    secrets->len = 0;
    envres_status st = item_open(scope, item, 0, secrets, why);
    if (st == ENVRES_E_NOMEM)
        return err_code(err, st);
    if (st == ENVRES_E_DENIED)
        whose.reason = "closed";
    if (st < 0)
        return refuse(plan, &whose, err);
    return add_secret(plan, slice_of(secrets->data ? secrets->data : "", secrets->len), &whose,
                      err);
}

struct span {
    const envres_scope *scope;
    uint32_t first;
    uint32_t end;
};

static envres_status
add_items(struct plan *plan, struct span span, envres_error *err)
{
    struct buf secrets = { 0 };
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = plan->mem.reallocate,
                               .user = plan->mem.user };
    envres_error *why = envres_error_new(&alloc);
    envres_status st = why ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
    buf_init(&secrets, &plan->mem, true);
    for (uint32_t i = span.first; st == ENVRES_OK && i < span.end; i++)
        st = add_item(plan, span.scope, &span.scope->items[i], &secrets, why, err);
    buf_free(&secrets);
    envres_error_free(why);
    return st;
}

static envres_status
check_open(const struct envres_redactor *redactor, envres_error *err)
{
    if (!redactor)
        return err_set(err, ENVRES_E_INVALID, "the redactor is NULL");
    envres_status st = fork_check(redactor->forks, err);
    if (st == ENVRES_OK && redactor->plan->is_closed)
        st = err_set(err, ENVRES_E_INVALID, "the redactor is in use: no secret can be added");
    return st;
}

envres_status
envres_redactor_add_scope(envres_redactor *redactor, const envres_scope *scope, envres_error *err)
{
    envres_status st = check_open(redactor, err);
    if (st == ENVRES_OK)
        st = scope_enter(scope, err);
    if (st < 0)
        return st;
    st = add_items(redactor->plan, (struct span){ scope, 0, scope->item_count }, err);
    for (uint32_t i = 0; st == ENVRES_OK && i < scope->handle_count; i++) {
        const envres_resource_handle *handle = &scope->handles[i];
        struct span span = { handle->source, handle->first, handle->first + handle->count };
        if (handle->source != scope)
            st = add_items(redactor->plan, span, err);
    }
    return st;
}

envres_status
envres_redactor_add(envres_redactor *redactor, const char *name, size_t name_len,
                    const char *secret, size_t secret_len, envres_error *err)
{
    struct refused whose = { 0 };
    envres_status st = check_open(redactor, err);
    if (st == ENVRES_OK)
        st = text_argument(name, name_len, LIMIT_NAME, "the name", &whose.name, err);
    if (st < 0)
        return st;
    if (!secret)
        return err_set(err, ENVRES_E_INVALID, "the secret is NULL");
    struct slice text = slice_of(secret, secret_len);
    if (text.len > LIMIT_VALUE)
        return err_set(err, ENVRES_E_LIMIT, "the secret is longer than %d bytes", (int)LIMIT_VALUE);
    return add_secret(redactor->plan, text, &whose, err);
}

envres_status
envres_redactor_refused(const envres_redactor *redactor, envres_list **out, envres_error *err)
{
    static const char *const columns[ENVRES_REFUSED_COLUMNS] = { "environment", "name", "field",
                                                                 "reason" };
    envres_list *list = NULL;
    if (!redactor || !out)
        return err_set(err, ENVRES_E_INVALID, "there is no redactor, or no place for the result");
    *out = NULL;
    const struct plan *plan = redactor->plan;
    envres_status st = fork_check(redactor->forks, err);
    if (st == ENVRES_OK)
        st = list_new(&plan->mem, columns, ENVRES_REFUSED_COLUMNS, &list, err);
    for (size_t i = 0; st == ENVRES_OK && i < plan->refused_count; i++) {
        const struct refused *row = &plan->refused[i];
        list_row(list);
        if (row->environment.data)
            list_set_text(list, ENVRES_REFUSED_ENVIRONMENT, row->environment.data,
                          row->environment.len);
        list_set_text(list, ENVRES_REFUSED_NAME, row->name.data, row->name.len);
        if (row->field.data)
            list_set_text(list, ENVRES_REFUSED_FIELD, row->field.data, row->field.len);
        list_set_str(list, ENVRES_REFUSED_REASON, row->reason);
    }
    if (st == ENVRES_OK)
        st = list_status(list, err);
    if (st < 0)
        envres_list_free(list);
    else
        *out = list;
    return st;
}

/* ---- redactors ------------------------------------------------------------------------------- */

/* Takes the plan's reference over, also when it fails. */
static envres_status
redactor_of(struct plan *plan, envres_redactor **out, envres_error *err)
{
    envres_redactor *redactor = mem_alloc_zero(&plan->mem, sizeof(*redactor));
    if (!redactor) {
        plan_unref(plan);
        return err_code(err, ENVRES_E_NOMEM);
    }
    redactor->forks = fork_count;
    redactor->plan = plan;
    redact_begin(&redactor->stream, plan->set, &plan->mem, plan->replacement);
    *out = redactor;
    return ENVRES_OK;
}

envres_status
envres_redactor_new(const envres_redactor_options *given, envres_redactor **out, envres_error *err)
{
    envres_redactor_options options = { 0 };
    struct slice replacement = { 0 };
    struct plan *plan = NULL;
    struct mem mem = { 0 };
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the redactor");
    *out = NULL;
    envres_status st = opts_read(&options, sizeof(options), sizeof(options), given, err);
    if (st == ENVRES_OK && options.flags)
        st = err_set(err, ENVRES_E_INVALID, "the redactor's options have an unknown flag");
    if (st == ENVRES_OK)
        st = mem_from(options.allocator, &mem, err);
    if (st == ENVRES_OK)
        st = value_replacement(options.replacement, options.replacement_len, &replacement, err);
    if (st == ENVRES_OK)
        st = fork_watch(err);
    if (st == ENVRES_OK)
        st = plan_new(&mem, replacement, &plan, err);
    return st == ENVRES_OK ? redactor_of(plan, out, err) : st;
}

static envres_status
check_use(const envres_redactor *redactor, envres_error *err)
{
    if (!redactor)
        return err_set(err, ENVRES_E_INVALID, "the redactor is NULL");
    envres_status st = fork_check(redactor->forks, err);
    return st == ENVRES_OK ? plan_close(redactor->plan, err) : st;
}

envres_status
envres_redactor_copy(envres_redactor *redactor, envres_redactor **out, envres_error *err)
{
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the redactor");
    *out = NULL;
    envres_status st = check_use(redactor, err);
    if (st < 0)
        return st;
    atomic_fetch_add_explicit(&redactor->plan->references, 1, memory_order_relaxed);
    return redactor_of(redactor->plan, out, err);
}

void
envres_redactor_free(envres_redactor *redactor)
{
    if (!redactor)
        return;
    struct plan *plan = redactor->plan;
    redact_free(&redactor->stream);
    mem_free(&plan->mem, redactor);
    plan_unref(plan);
}

uint64_t
envres_redactor_masked(const envres_redactor *redactor)
{
    return redactor ? redactor->stream.masked : 0;
}

/* ---- text ------------------------------------------------------------------------------------ */

envres_status
envres_redactor_feed(envres_redactor *redactor, const char *data, size_t len,
                     envres_redactor_write_fn write, void *user, envres_error *err)
{
    if ((!data && len > 0) || !write)
        return err_set(err, ENVRES_E_INVALID, "there is no text, or nothing to write it with");
    envres_status st = check_use(redactor, err);
    if (st < 0 || len == 0)
        return st;
    struct slice text = { data, len };
    return redact_feed(&redactor->stream, text, write, user, err);
}

envres_status
envres_redactor_finish(envres_redactor *redactor, envres_redactor_write_fn write, void *user,
                       envres_error *err)
{
    if (!write)
        return err_set(err, ENVRES_E_INVALID, "there is nothing to write the text with");
    envres_status st = check_use(redactor, err);
    return st < 0 ? st : redact_end(&redactor->stream, write, user, err);
}

static envres_status
collect(const char *data, size_t len, void *user)
{
    struct buf *out = user;
    buf_add(out, data, len);
    return buf_status(out, NULL);
}

envres_status
envres_redactor_text(envres_redactor *redactor, const char *text, size_t len, envres_value **out,
                     envres_error *err)
{
    struct redact_stream stream = { 0 };
    struct buf masked = { 0 };
    if (!out || !text)
        return err_set(err, ENVRES_E_INVALID, "there is no text, or no place for the result");
    *out = NULL;
    envres_status st = check_use(redactor, err);
    if (st < 0)
        return st;
    struct plan *plan = redactor->plan;
    buf_init(&masked, &plan->mem, false);
    redact_begin(&stream, plan->set, &plan->mem, plan->replacement);
    st = redact_feed(&stream, slice_of(text, len), collect, &masked, err);
    if (st == ENVRES_OK)
        st = redact_end(&stream, collect, &masked, err);
    if (st == ENVRES_OK)
        st = value_from_buf(ENVRES_TYPE_STRING, &masked, NULL, 0, out, err);
    else if (st == ENVRES_E_NOMEM)
        st = err_code(err, st);
    if (st == ENVRES_OK)
        redactor->stream.masked += stream.masked;
    redact_free(&stream);
    buf_free(&masked);
    return st;
}
