/* SPDX-License-Identifier: MIT */
/*
 * The queries that a version uses, read when a scope is opened, so that rendering looks nothing up.
 * A query is read and verified once, and shared from one scope to the next while it is the same.
 *
 * What is at fault with one query stays with it. As the name of such a one is signed by nobody, a
 * name that is not found beside it may be its own: that is INTEGRITY then, not NOT_FOUND.
 */
#include "resolve/uses.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/pin.h"
#include "resolve/query.h"
#include "resolve/served.h"

struct use {
    struct slice name; /* NUL-terminated, in the pool */
    envres_query *query;
    envres_error *failure; /* when `query` is NULL */
};

/* Sorted by name. */
struct uses {
    struct mem mem;
    atomic_uint references;
    struct pool pool;
    struct use *items;
    size_t count;
    const envres_error *damaged; /* of the first that could not be read, or NULL */
};

void
uses_unref(struct uses *uses)
{
    if (!uses || atomic_fetch_sub_explicit(&uses->references, 1, memory_order_acq_rel) != 1)
        return;
    struct mem mem = uses->mem;
    for (size_t i = 0; i < uses->count; i++)
        envres_query_free(uses->items[i].query);
    pool_free(&uses->pool);
    mem_free(&mem, uses);
}

static const struct use *
find_use(const struct uses *uses, struct slice name)
{
    size_t low = 0;
    size_t high = uses ? uses->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(uses->items[middle].name, name);
        if (order == 0)
            return &uses->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* ---- reading -------------------------------------------------------------------------------- */

static envres_status
keep_failure(struct uses *uses, struct use *use, const envres_error *why, envres_error *err)
{
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = pool_reallocate,
                               .user = &uses->pool };
    use->failure = envres_error_new(&alloc);
    if (!use->failure)
        return err_code(err, ENVRES_E_NOMEM);
    err_copy(use->failure, why);
    if (envres_error_code(why) == ENVRES_E_CORRUPT)
        err_set(use->failure, ENVRES_E_INTEGRITY, "a query that is used: %s",
                envres_error_message(why));
    if (!uses->damaged)
        uses->damaged = use->failure;
    return ENVRES_OK;
}

/* From the scope before, or from the store. */
static envres_status
take_query(struct context *ctx, const struct version *version, const struct tree_pin *pin,
           const struct use *before, envres_query **out, envres_error *err)
{
    struct query_row row;
    bool same = false;
    envres_status st = ENVRES_OK;
    if (before && before->query && tree_pin_recorded(pin))
        st = query_is_current(ctx, before->query, pin, &same, err);
    if (st < 0)
        return st;
    if (same) {
        *out = query_ref(before->query);
        return ENVRES_OK;
    }
    st = pin_read(ctx, version, pin, &row, err);
    if (st == ENVRES_OK)
        st = query_new(ctx, &row, out, err);
    query_row_free(ctx->mem, &row);
    return st;
}

static envres_status
take_use(struct context *ctx, const struct version *version, const struct tree_pin *pin,
         const struct uses *before, struct uses *out, envres_error *why, envres_error *err)
{
    struct use *use = &out->items[out->count];
    char name[LIMIT_NAME + 1] = "";
    bool found = false;
    bool is_removed = false;
    envres_status st = query_label(ctx, pin->query, &found, name, &is_removed, why);
    use->name = pool_copy(&out->pool, slice_str(name));
    if (!use->name.data)
        return err_code(err, ENVRES_E_NOMEM);
    out->count++;
    if (st == ENVRES_OK)
        st = take_query(ctx, version, pin, find_use(before, use->name), &use->query, why);
    if (st == ENVRES_E_INTEGRITY || st == ENVRES_E_CORRUPT)
        return keep_failure(out, use, why, err);
    if (st < 0)
        err_copy(err, why);
    return st;
}

static int
compare_uses(const void *a, const void *b)
{
    return slice_compare(((const struct use *)a)->name, ((const struct use *)b)->name);
}

static envres_status
new_uses(const struct mem *mem, size_t count, struct uses **out, envres_error *err)
{
    struct uses *uses = mem_alloc_zero(mem, sizeof(*uses));
    if (!uses)
        return err_code(err, ENVRES_E_NOMEM);
    uses->mem = *mem;
    atomic_init(&uses->references, 1);
    pool_init(&uses->pool, &uses->mem);
    uses->items = pool_alloc(&uses->pool, count * sizeof(*uses->items));
    if (!uses->items) {
        uses_unref(uses);
        return err_code(err, ENVRES_E_NOMEM);
    }
    memset(uses->items, 0, count * sizeof(*uses->items));
    *out = uses;
    return ENVRES_OK;
}

envres_status
uses_load(struct context *ctx, const struct version *version, const struct tree_pin *pins,
          size_t count, const struct uses *before, struct uses **out, envres_error *err)
{
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = ctx->mem->reallocate,
                               .user = ctx->mem->user };
    struct uses *uses = NULL;
    if (count == 0)
        return ENVRES_OK;
    envres_error *why = envres_error_new(&alloc);
    envres_status st = why ? new_uses(ctx->mem, count, &uses, err) : err_code(err, ENVRES_E_NOMEM);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++)
        st = take_use(ctx, version, &pins[i], before, uses, why, err);
    envres_error_free(why);
    if (st < 0) {
        uses_unref(uses);
        return st;
    }
    qsort(uses->items, count, sizeof(*uses->items), compare_uses);
    *out = uses;
    return ENVRES_OK;
}

/* ---- asking --------------------------------------------------------------------------------- */

static envres_status
give_failure(const envres_error *failure, envres_error *err)
{
    err_copy(err, failure);
    return envres_error_code(failure);
}

static envres_status
not_used(const struct served *served, struct slice name, envres_error *err)
{
    struct nearest nearest = { 0 };
    const struct uses *uses = served->uses;
    envres_status st = text_check_name(name, "query name", err);
    if (st < 0)
        return st;
    if (uses && uses->damaged)
        return give_failure(uses->damaged, err);
    nearest_init(&nearest, name);
    for (size_t i = 0; uses && i < uses->count; i++)
        nearest_add(&nearest, uses->items[i].name);
    st = err_set(err, ENVRES_E_NOT_FOUND, "version '%s' of app '%s' does not use query '%.*s'",
                 served->version, served->app, (int)name.len, name.data);
    err_subject(err, name.data, name.len);
    if (nearest.best.data)
        err_hint(err, "did you mean '%.*s'?", (int)nearest.best.len, nearest.best.data);
    return st;
}

envres_status
envres_scope_query(const envres_scope *scope, const char *name, size_t name_len, envres_query **out,
                   envres_error *err)
{
    struct slice wanted = { 0 };
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the query");
    *out = NULL;
    envres_status st = scope_enter(scope, err);
    if (st < 0)
        return st;
    if (!name)
        return err_set(err, ENVRES_E_INVALID, "the query's name is NULL");
    if (!scope->served) {
        st = err_set(err, ENVRES_E_INVALID, "the scope serves no app");
        err_hint(err, "name the app when the scope is opened");
        return st;
    }
    wanted = slice_of(name, name_len);
    const struct use *use = find_use(scope->served->uses, wanted);
    if (!use)
        return not_used(scope->served, wanted, err);
    if (!use->query)
        return give_failure(use->failure, err);
    *out = query_ref(use->query);
    return ENVRES_OK;
}
