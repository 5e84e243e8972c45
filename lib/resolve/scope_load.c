/* SPDX-License-Identifier: MIT */
/*
 * Filling a scope: one read transaction, then sorting, hashing, settling. Everything a scope will
 * ever say is taken in here, error messages included ("it is set in: staging"), because afterwards
 * there is no database to ask. A value that does not open breaks only itself.
 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "resolve/elsewhere.h"
#include "resolve/pinned.h"
#include "resolve/render.h"
#include "resolve/served.h"

/* How a scope is filled. */
struct plan {
    const struct scope_request *request;
    const struct served *before; /* whose parts may be shared; or NULL */
    struct served *served;       /* of the scope that falls back to this one; or NULL */
    bool follow;                 /* follow fallbacks: theirs are not followed */
};

/* Rows as they come; items are made of them when all are there. */
struct loading {
    struct context *ctx;
    const struct plan *plan;
    envres_scope *scope;
    struct item *items;
    size_t count;
    size_t room;
    struct environment *environments;
    size_t environment_count;
    struct object *resources;
    size_t resource_count;
    envres_error *why; /* what went wrong with one item; in the scope's pool */
};

static envres_status
no_memory(envres_error *err)
{
    return err_code(err, ENVRES_E_NOMEM);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static envres_status
keep_slice(struct pool *pool, struct slice *text, envres_error *err)
{
    *text = pool_copy(pool, *text);
    return text->data ? ENVRES_OK : no_memory(err);
}

static envres_status
keep_failure(envres_scope *scope, struct item *item, const envres_error *why, envres_error *err)
{
    item->failure = scope_keep_error(scope, why);
    if (!item->failure)
        return no_memory(err);
    item->state = ITEM_BROKEN;
    return ENVRES_OK;
}

/* Opens a plain value into the pool; a damaged one breaks its item alone. */
static envres_status
open_plain(struct loading *loading, struct item *item, const struct setting *setting,
           envres_error *err)
{
    envres_scope *scope = loading->scope;
    const uint8_t *key = NULL;
    struct seal_label label = config_label(scope->keys, setting);
    size_t cap = seal_value_max(setting->record.len) + 1;
    size_t len = 0;
    char *room = pool_alloc(&scope->pool, cap);
    if (!room)
        return no_memory(err);
    envres_status st = config_key(scope->keys, setting, &key, loading->why);
    if (st == ENVRES_OK)
        st = unseal_into(&scope->mem, key, &label, setting->content, setting->record.data,
                         setting->record.len, room, cap, &len, loading->why);
    if (st == ENVRES_E_NOMEM)
        return no_memory(err);
    if (st < 0)
        return keep_failure(scope, item, loading->why, err);
    item->text = slice_of(room, len);
    item->state = ITEM_PLAIN;
    return ENVRES_OK;
}

static int32_t
value_type(const struct setting *setting)
{
    if (setting->object_class == OBJECT_VARIABLE) {
        int32_t type = config_type(setting->kind);
        return type == ENVRES_TYPE_TEMPLATE ? ENVRES_TYPE_STRING : type;
    }
    const struct kind *kind = kind_find(setting->kind);
    return kind_value_type(kind ? kind_field_find(kind, setting->field) : NULL);
}

static envres_status
take_setting(void *user, const struct setting *setting, envres_error *err)
{
    struct loading *loading = user;
    envres_scope *scope = loading->scope;
    if (!setting->is_set && !setting->is_destroyed)
        return ENVRES_OK;
    struct item *grown =
        mem_grow(&scope->mem, loading->items, &loading->room, loading->count, sizeof(*grown));
    if (!grown)
        return no_memory(err);
    loading->items = grown;
    struct item *item = &loading->items[loading->count++];
    memset(item, 0, sizeof(*item));
    item->setting = *setting;
    item->setting.record = slice_str("");
    item->secret = setting->secret;
    item->type = value_type(setting);
    item->layer = setting->object_class == OBJECT_VARIABLE ? LAYER_VALUE : LAYER_SETTING;
    struct slice *texts[] = { &item->setting.field, &item->setting.name, &item->setting.kind };
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < sizeof(texts) / sizeof(texts[0]); i++)
        st = keep_slice(&scope->pool, texts[i], err);
    if (st < 0)
        return st;
    if (setting->is_destroyed) {
        st = config_destroyed(loading->ctx, &scope->environment, setting, loading->why);
        st = st == ENVRES_E_NOMEM ? no_memory(err) : keep_failure(scope, item, loading->why, err);
    } else if (setting->secret) {
        item->state = ITEM_SEALED;
        item->setting.record = setting->record;
        st = keep_slice(&scope->pool, &item->setting.record, err);
    } else {
        st = open_plain(loading, item, setting, err);
    }
    if (setting->object_class == OBJECT_VARIABLE)
        item->is_template = config_type(setting->kind) == ENVRES_TYPE_TEMPLATE;
    else if (item->state == ITEM_PLAIN)
        item->is_template = template_has_tag(item->text.data, item->text.len) &&
                            !slice_equal(setting->field, slice_str(FALLBACK_FIELD));
    if (item->is_template)
        item->layer = LAYER_TEMPLATE;
    return st;
}

/* *others: how many others have settings, or had. */
static envres_status
take_environments(const struct loading *loading, size_t *others, envres_error *err)
{
    envres_scope *scope = loading->scope;
    const struct environment *all = loading->environments;
    size_t count = loading->environment_count;
    scope->environment_keys = pool_alloc(&scope->pool, count * sizeof(*scope->environment_keys));
    scope->environment_ids = pool_alloc(&scope->pool, count * sizeof(*scope->environment_ids));
    if (!scope->environment_keys || !scope->environment_ids)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        memcpy(scope->environment_keys[i], all[i].key, sizeof(all[i].key));
        memcpy(scope->environment_ids[i], all[i].id, SEAL_ID);
        *others += all[i].revision > 0 && memcmp(all[i].id, scope->environment.id, SEAL_ID) != 0;
    }
    scope->environment_count = count;
    return ENVRES_OK;
}

static envres_status
add_author(envres_scope *scope, size_t *room, const uint8_t id[SEAL_ID], struct slice name,
           envres_error *err)
{
    struct author_name *grown =
        mem_grow(&scope->mem, scope->authors, room, scope->author_count, sizeof(*grown));
    if (!grown)
        return no_memory(err);
    scope->authors = grown;
    struct author_name *author = &scope->authors[scope->author_count];
    memcpy(author->id, id, SEAL_ID);
    author->name = name;
    envres_status st = keep_slice(&scope->pool, &author->name, err);
    scope->author_count += st == ENVRES_OK;
    return st;
}

/* Names of authors: each is looked up once. */
static envres_status
take_authors(struct loading *loading, envres_error *err)
{
    envres_scope *scope = loading->scope;
    size_t room = 0;
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < loading->count; i++) {
        const uint8_t *id = loading->items[i].setting.author;
        struct buf name = { 0 };
        if (scope_author(scope, id).data)
            continue;
        buf_init(&name, &scope->mem, false);
        st = context_author(loading->ctx, id, &name, err);
        if (st == ENVRES_OK)
            st = add_author(scope, &room, id, slice_of(name.data, name.len), err);
        buf_free(&name);
    }
    return st;
}

/* ---- order and hashes ----------------------------------------------------------------------- */

int
scope_compare_items(const void *a, const void *b)
{
    const struct setting *x = &((const struct item *)a)->setting;
    const struct setting *y = &((const struct item *)b)->setting;
    if (x->object_class != y->object_class)
        return x->object_class == OBJECT_VARIABLE ? -1 : 1;
    int order = slice_compare(x->name, y->name);
    return order ? order : slice_compare(x->field, y->field);
}

static void
sort_items(struct loading *loading)
{
    if (loading->count > 1)
        qsort(loading->items, loading->count, sizeof(*loading->items), scope_compare_items);
    loading->scope->items = loading->items;
    loading->scope->item_count = (uint32_t)loading->count;
}

/* Two current values of one name can only come from a file that was tampered with. */
static envres_status
break_doubles(struct loading *loading, envres_error *err)
{
    envres_scope *scope = loading->scope;
    envres_error *why = loading->why;
    envres_status st = ENVRES_OK;
    for (uint32_t i = 1; st == ENVRES_OK && i < scope->item_count; i++) {
        struct item *a = &scope->items[i - 1];
        struct item *b = &scope->items[i];
        if (scope_compare_items(a, b) != 0)
            continue;
        err_set(why, ENVRES_E_INTEGRITY, "'%.*s' has two values in the store",
                (int)b->setting.name.len, b->setting.name.data);
        err_subject(why, b->setting.name.data, b->setting.name.len);
        for (struct item *item = a; st == ENVRES_OK && item <= b; item++) {
            if (item->state != ITEM_BROKEN)
                st = keep_failure(scope, item, why, err);
        }
    }
    return st;
}

static envres_status
table_make(envres_scope *scope, struct name_table *table, uint32_t count, envres_error *err)
{
    uint32_t size = 4;
    while (size < count * 2)
        size *= 2;
    table->slots = pool_alloc_zero(&scope->pool, size * sizeof(*table->slots));
    table->mask = size - 1;
    return table->slots ? ENVRES_OK : no_memory(err);
}

static void
table_add(const envres_scope *scope, struct name_table *table, struct slice name, uint32_t index)
{
    uint32_t at = (uint32_t)text_hash(scope->seed, name.data, name.len) & table->mask;
    while (table->slots[at])
        at = (at + 1) & table->mask;
    table->slots[at] = index + 1;
}

static envres_status
index_variables(envres_scope *scope, envres_error *err)
{
    while (scope->variable_count < scope->item_count &&
           scope->items[scope->variable_count].setting.object_class == OBJECT_VARIABLE)
        scope->variable_count++;
    envres_status st = table_make(scope, &scope->variables, scope->variable_count, err);
    for (uint32_t i = 0; st == ENVRES_OK && i < scope->variable_count; i++)
        table_add(scope, &scope->variables, scope->items[i].setting.name, i);
    return st;
}

/* ---- resources ------------------------------------------------------------------------------ */

/* An item for a field that only has its kind's default. */
static struct item
preset_item(const struct item *first, const struct kind_field *field)
{
    struct item item;
    memset(&item, 0, sizeof(item));
    item.setting = first->setting;
    item.setting.field = slice_str(field->name);
    item.setting.record = slice_str("");
    item.setting.secret = false;
    item.setting.revision = 0;
    item.text = slice_str(field->preset);
    item.type = kind_value_type(field);
    item.state = ITEM_PLAIN;
    item.layer = LAYER_PRESET;
    return item;
}

/* Copies one resource's rows behind `out`, in the order of its kind, defaults filled in: not where
 * rows may have been lost, for a default would stand in for what was set. */
static uint32_t
lay_out_fields(const struct item *rows, uint32_t count, const struct kind *kind, bool presets,
               struct item *out)
{
    uint32_t used = 0;
    for (uint32_t f = 0; f < kind->count; f++) {
        const struct item *found = NULL;
        for (uint32_t i = 0; i < count; i++) {
            if (slice_equal(rows[i].setting.field, slice_str(kind->fields[f].name)))
                found = &rows[i];
        }
        if (found)
            out[used++] = *found;
        else if (presets && kind->fields[f].preset)
            out[used++] = preset_item(&rows[0], &kind->fields[f]);
    }
    for (uint32_t i = 0; kind->takes_any && i < count; i++)
        out[used++] = rows[i];
    return used;
}

/* All rows of a resource have the kind it has; where plain ones are of an earlier time than the
 * secret ones, theirs is the one that the release saw. */
static struct slice
handle_kind(const struct item *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!rows[i].setting.secret)
            return rows[i].setting.kind;
    }
    return rows[0].setting.kind;
}

/* A resource that was removed and made anew since a release pinned its settings has a past without
 * secrets and secrets without a past: to send the one to the other is never meant. */
static envres_status
refuse_mixture(struct loading *loading, envres_resource_handle *handle, const struct item *rows,
               uint32_t count, bool *is_mixed, envres_error *err)
{
    envres_scope *scope = loading->scope;
    *is_mixed = false;
    for (uint32_t i = 1; scope->pins && i < count; i++)
        *is_mixed |= memcmp(rows[i].setting.object, rows[0].setting.object, SEAL_ID) != 0;
    if (!*is_mixed)
        return ENVRES_OK;
    err_set(loading->why, ENVRES_E_NOT_CONFIGURED,
            "resource '%.*s' was made anew since release %s pinned its settings",
            (int)handle->name.len, handle->name.data, scope->served->tag);
    err_subject(loading->why, handle->name.data, handle->name.len);
    err_hint(loading->why, "release again, or serve without pinning");
    handle->failure = scope_keep_error(scope, loading->why);
    return handle->failure ? ENVRES_OK : no_memory(err);
}

/* The rows of one resource, [first, end) of the sorted items, become a handle. */
static envres_status
make_handle(struct loading *loading, uint32_t first, uint32_t end, struct item *laid,
            uint32_t *used, envres_error *err)
{
    envres_scope *scope = loading->scope;
    envres_resource_handle *handle = &scope->handles[scope->handle_count];
    const struct item *rows = &loading->items[first];
    uint32_t count = end - first;
    memset(handle, 0, sizeof(*handle));
    handle->scope = scope;
    handle->source = scope;
    handle->name = rows[0].setting.name;
    handle->kind = kind_find(handle_kind(rows, count));
    for (uint32_t i = 0; i < count; i++) {
        if (!slice_equal(rows[i].setting.field, slice_str(FALLBACK_FIELD)))
            continue;
        if (rows[i].state == ITEM_PLAIN)
            handle->fallback = rows[i].text;
        else
            handle->failure = rows[i].failure;
        /* Behind the others, which keep their order. */
        struct item moved = rows[i];
        memmove(&loading->items[first + i], &rows[i + 1], (count - i - 1) * sizeof(moved));
        loading->items[end - 1] = moved;
        count--;
        break;
    }
    if (!handle->kind)
        return err_set(err, ENVRES_E_CORRUPT, "resource '%.*s' has an unknown kind",
                       (int)handle->name.len, handle->name.data);
    bool is_mixed = false;
    envres_status st = refuse_mixture(loading, handle, rows, end - first, &is_mixed, err);
    if (st < 0)
        return st;
    handle->is_set = count > 0;
    handle->first = *used;
    if (count > 0 && !is_mixed)
        handle->count = lay_out_fields(rows, count, handle->kind, scope->head_ok, laid + *used);
    *used += handle->count;
    scope->handle_count++;
    return ENVRES_OK;
}

/* Handles made of sorted rows are in order of their names. */
static bool
has_handle(const envres_scope *scope, uint32_t count, struct slice name)
{
    uint32_t low = 0;
    while (low < count) {
        uint32_t middle = low + (count - low) / 2;
        int order = slice_compare(scope->handles[middle].name, name);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            count = middle;
    }
    return false;
}

/* A resource that has no row here is still known: it answers NOT_CONFIGURED, not NOT_FOUND. */
static envres_status
add_bare_handles(struct loading *loading, envres_error *err)
{
    envres_scope *scope = loading->scope;
    uint32_t with_rows = scope->handle_count;
    for (size_t i = 0; i < loading->resource_count; i++) {
        const struct object *object = &loading->resources[i];
        if (has_handle(scope, with_rows, slice_str(object->name)))
            continue;
        envres_resource_handle *handle = &scope->handles[scope->handle_count++];
        memset(handle, 0, sizeof(*handle));
        handle->scope = scope;
        handle->source = scope;
        handle->kind = kind_find(slice_str(object->kind));
        handle->name = slice_str(object->name);
        envres_status st = keep_slice(&scope->pool, &handle->name, err);
        if (st < 0)
            return st;
        if (!handle->kind)
            return err_set(err, ENVRES_E_CORRUPT, "resource '%s' has an unknown kind",
                           object->name);
    }
    return ENVRES_OK;
}

/* How many items the resources will need, defaults included. */
static size_t
count_room(const struct loading *loading, uint32_t from)
{
    size_t room = loading->count - from;
    uint32_t longest = 0;
    for (uint32_t k = 0; k < kind_count(); k++)
        longest = kind_at(k)->count > longest ? kind_at(k)->count : longest;
    for (size_t i = from; i < loading->count; i++) {
        if (i == from ||
            !slice_equal(loading->items[i].setting.name, loading->items[i - 1].setting.name))
            room += longest;
    }
    return room;
}

static envres_status
lay_out(struct loading *loading, envres_error *err)
{
    envres_scope *scope = loading->scope;
    uint32_t variables = scope->variable_count;
    uint32_t used = variables;
    size_t room = variables + count_room(loading, variables);
    struct item *laid = mem_alloc_array(&scope->mem, room ? room : 1, sizeof(*laid));
    scope->handles =
        pool_alloc(&scope->pool, (loading->count - variables + loading->resource_count + 1) *
                                     sizeof(*scope->handles));
    if (!laid || !scope->handles) {
        mem_free(&scope->mem, laid);
        return no_memory(err);
    }
    if (variables > 0)
        memcpy(laid, loading->items, variables * sizeof(*laid));
    envres_status st = ENVRES_OK;
    for (uint32_t i = variables; st == ENVRES_OK && i < loading->count;) {
        uint32_t end = i + 1;
        while (end < loading->count &&
               slice_equal(loading->items[end].setting.name, loading->items[i].setting.name))
            end++;
        st = make_handle(loading, i, end, laid, &used, err);
        i = end;
    }
    if (st < 0) {
        mem_free(&scope->mem, laid);
        return st;
    }
    mem_free(&scope->mem, loading->items);
    loading->items = NULL;
    scope->items = laid;
    scope->item_count = used;
    return add_bare_handles(loading, err);
}

/* ---- fallbacks ------------------------------------------------------------------------------ */

static envres_status load_scope(struct context *ctx, const struct plan *plan, envres_scope **out,
                                envres_error *err);

static envres_status
fallback_scope(struct loading *loading, struct slice key, envres_scope **out, envres_error *err)
{
    envres_scope *scope = loading->scope;
    for (size_t i = 0; i < scope->fallback_count; i++) {
        if (slice_equal(key, slice_str(scope->fallbacks[i]->environment.key))) {
            *out = scope->fallbacks[i];
            return ENVRES_OK;
        }
    }
    size_t size = (scope->fallback_count + 1) * sizeof(envres_scope *);
    envres_scope **grown = mem_resize(&scope->mem, scope->fallbacks, size);
    if (!grown)
        return no_memory(err);
    scope->fallbacks = grown;
    struct scope_request request = { .environment = key };
    struct plan plan = { .request = &request, .served = scope->served };
    envres_status st = load_scope(loading->ctx, &plan, out, err);
    if (st == ENVRES_OK)
        scope->fallbacks[scope->fallback_count++] = *out;
    return st;
}

/* A handle without settings of its own takes those of the environment it falls back to. */
static envres_status
follow_fallback(struct loading *loading, envres_resource_handle *handle, envres_error *err)
{
    envres_scope *scope = loading->scope;
    envres_scope *source = NULL;
    envres_error *why = loading->why;
    if (handle->is_set || handle->failure || handle->fallback.len == 0)
        return ENVRES_OK;
    envres_status st = fallback_scope(loading, handle->fallback, &source, why);
    if (st == ENVRES_OK && source->environment.is_protected && !scope->environment.is_protected) {
        /* It was protected, or restored to, after the fallback was declared. */
        err_set(why, ENVRES_E_FALLBACK, "%s cannot fall back to %s: it is more protected now",
                scope->environment.key, source->environment.key);
        err_subject(why, handle->name.data, handle->name.len);
        err_hint(why, "withdraw the fallback, or give the resource settings of its own");
        handle->failure = scope_keep_error(scope, why);
        return handle->failure ? ENVRES_OK : no_memory(err);
    }
    uint32_t index = st == ENVRES_OK ? scope_handle(source, handle->name) : UINT32_MAX;
    if (st == ENVRES_E_DENIED || st == ENVRES_E_NOT_FOUND || st == ENVRES_E_INTEGRITY) {
        if (st == ENVRES_E_DENIED)
            err_set(why, ENVRES_E_NOT_CONFIGURED,
                    "resource '%.*s' falls back to %.*s, and there is no key for that",
                    (int)handle->name.len, handle->name.data, (int)handle->fallback.len,
                    handle->fallback.data);
        handle->failure = scope_keep_error(scope, why);
        return handle->failure ? ENVRES_OK : no_memory(err);
    }
    if (st == ENVRES_OK && (index == UINT32_MAX || !source->handles[index].is_set) &&
        !source->head_ok) {
        scope_absent(source, OBJECT_RESOURCE, handle->name, why);
        handle->failure = scope_keep_error(scope, why);
        return handle->failure ? ENVRES_OK : no_memory(err);
    }
    if (st == ENVRES_OK && index != UINT32_MAX && source->handles[index].is_set) {
        const envres_resource_handle *other = &source->handles[index];
        handle->source = source;
        handle->kind = other->kind;
        handle->first = other->first;
        handle->count = other->count;
    }
    if (st < 0)
        err_copy(err, why);
    return st;
}

/* Required fields, broken fields, and the key for connection pools. */
static envres_status
settle_handle(struct loading *loading, envres_resource_handle *handle, envres_error *err)
{
    envres_error *why = loading->why;
    const struct kind *kind = handle->kind;
    const struct item *broken = NULL;
    if (handle->count == 0 || handle->failure)
        return ENVRES_OK;
    if (!handle->source->head_ok) {
        /* A field that was lost would be replaced by a default without anybody noticing. */
        scope_absent(handle->source, OBJECT_RESOURCE, handle->name, why);
        handle->failure = scope_keep_error(loading->scope, why);
        return handle->failure ? ENVRES_OK : no_memory(err);
    }
    for (uint32_t i = 0; i < handle->count; i++) {
        const struct item *item = &handle->source->items[handle->first + i];
        if (!broken && item->state == ITEM_BROKEN)
            broken = item;
    }
    handle_write_key(handle);
    bool is_set[LIMIT_FIELDS] = { false };
    for (uint32_t f = 0; f < kind->count; f++)
        is_set[f] = handle_item(handle, slice_str(kind->fields[f].name)) != NULL;
    bool complete = kind_check_required(kind, is_set, why) == ENVRES_OK;
    if (!broken && complete)
        return ENVRES_OK;
    if (!broken)
        err_prepend(why, "resource '%.*s' in %s: ", (int)handle->name.len, handle->name.data,
                    handle->source->environment.key);
    handle->failure = scope_keep_error(loading->scope, broken ? broken->failure : why);
    return handle->failure ? ENVRES_OK : no_memory(err);
}

static envres_status
settle_handles(struct loading *loading, envres_error *err)
{
    envres_scope *scope = loading->scope;
    envres_status st = table_make(scope, &scope->resources, scope->handle_count, err);
    for (uint32_t i = 0; st == ENVRES_OK && i < scope->handle_count; i++) {
        table_add(scope, &scope->resources, scope->handles[i].name, i);
        if (loading->plan->follow)
            st = follow_fallback(loading, &scope->handles[i], err);
    }
    if (st == ENVRES_OK)
        st = scope_settle(scope, err);
    for (uint32_t i = 0; st == ENVRES_OK && i < scope->handle_count; i++)
        st = settle_handle(loading, &scope->handles[i], err);
    return st;
}

/* ---- all together --------------------------------------------------------------------------- */

static envres_status
new_scope(struct context *ctx, envres_scope **out, envres_error *err)
{
    envres_scope *scope = mem_alloc_zero(ctx->mem, sizeof(*scope));
    if (!scope)
        return no_memory(err);
    scope->mem = *ctx->mem;
    atomic_init(&scope->references, 1);
    scope->forks = fork_count;
    seal_random(&scope->seed, sizeof(scope->seed));
    scope->changes = change_counter_ref(ctx->changes);
    scope->seen = atomic_load_explicit(&ctx->changes->value, memory_order_acquire);
    pool_init(&scope->pool, &scope->mem);
    *out = scope;
    return ENVRES_OK;
}

static envres_status
keep_request(envres_scope *scope, const struct scope_request *request, envres_error *err)
{
    struct slice *texts[] = { &scope->request.environment, &scope->request.app, &scope->request.tag,
                              &scope->request.version };
    scope->request = *request;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        envres_status st = texts[i]->data ? keep_slice(&scope->pool, texts[i], err) : ENVRES_OK;
        if (st < 0)
            return st;
    }
    return ENVRES_OK;
}

static envres_status
find_environment(struct loading *loading, struct slice key, envres_error *err)
{
    for (size_t i = 0; i < loading->environment_count; i++) {
        if (!slice_equal(key, slice_str(loading->environments[i].key)))
            continue;
        loading->scope->environment = loading->environments[i];
        return ENVRES_OK;
    }
    /* It is not there, and says so better. */
    return environment_find(loading->ctx, key, &loading->scope->environment, err);
}

/* Environment and app, and at which revision the settings are read. */
static envres_status
choose_reading(struct loading *loading, struct served_pin *pin, envres_error *err)
{
    const struct plan *plan = loading->plan;
    const struct scope_request *request = plan->request;
    envres_scope *scope = loading->scope;
    struct environment *environment = &scope->environment;
    envres_status st = find_environment(loading, request->environment, err);
    if (st < 0)
        return st;
    if (request->revision < 0 || request->revision > environment->revision) {
        st = err_set(err, ENVRES_E_NOT_FOUND, "%s never had revision %lld", environment->key,
                     (long long)request->revision);
        err_hint(err, "the newest is %lld", (long long)environment->revision);
        return st;
    }
    if (request->app.data)
        st =
            served_load(loading->ctx, request, environment, plan->before, &scope->served, pin, err);
    else
        scope->served = served_ref(plan->served);
    scope->is_pinned = request->revision > 0;
    scope->pins = pin->is_set && !scope->is_pinned;
    scope->revision = scope->is_pinned ? request->revision
                      : scope->pins    ? pin->revision
                                       : environment->revision;
    return st;
}

/* Plain settings at the release's revision are those that its manifest names. */
static envres_status
check_pin(struct loading *loading, const struct served_pin *pin, const uint8_t config[SEAL_DIGEST],
          envres_error *err)
{
    envres_scope *scope = loading->scope;
    if (pin->revision <= scope->environment.revision &&
        seal_equal(config, pin->config, SEAL_DIGEST))
        return ENVRES_OK;
    scope->head_ok = false;
    if (loading->plan->request->flags & ENVRES_SCOPE_DAMAGED)
        return ENVRES_OK;
    envres_status st =
        err_set(err, ENVRES_E_INTEGRITY,
                "the settings of %s at revision %lld are not those that release %s pinned",
                scope->environment.key, (long long)pin->revision, scope->served->tag);
    err_subject(err, scope->environment.key, strlen(scope->environment.key));
    err_hint(err, "rows are missing or exchanged: run verify, then put a backup in its place");
    return st;
}

static envres_status
read_settings(struct loading *loading, const struct served_pin *pin, envres_error *err)
{
    struct context *ctx = loading->ctx;
    envres_scope *scope = loading->scope;
    struct env_keys *keys = NULL;
    struct head head = { 0 };
    envres_status st = environment_head(ctx, &scope->environment, &keys, &head, err);
    if (st < 0)
        return st;
    scope->keys = env_keys_ref(keys);
    if (!scope->pins)
        return config_each(ctx, &scope->environment, keys, &head, loading->plan->request->revision,
                           take_setting, loading, &scope->head_ok, err);
    struct pinned reading = {
        .environment = &scope->environment, .keys = keys, .head = &head, .revision = pin->revision
    };
    st = pinned_each(ctx, &reading, take_setting, loading, err);
    if (st < 0)
        return st;
    scope->head_ok = reading.head_ok;
    return check_pin(loading, pin, reading.config, err);
}

static envres_status
read_rows(struct loading *loading, envres_error *err)
{
    struct context *ctx = loading->ctx;
    envres_scope *scope = loading->scope;
    struct served_pin pin = { .is_set = false };
    size_t others = 0;
    envres_status st = keep_request(scope, loading->plan->request, err);
    if (st == ENVRES_OK)
        st = environment_all(ctx, &loading->environments, &loading->environment_count, err);
    if (st == ENVRES_OK)
        st = choose_reading(loading, &pin, err);
    if (st == ENVRES_OK)
        st = read_settings(loading, &pin, err);
    sort_items(loading);
    if (st == ENVRES_OK)
        st = take_environments(loading, &others, err);
    if (st == ENVRES_OK && others > 0)
        st = elsewhere_load(ctx, scope, others, err);
    if (st == ENVRES_OK)
        st = object_all(ctx, OBJECT_RESOURCE, &loading->resources, &loading->resource_count, err);
    if (st == ENVRES_OK)
        st = take_authors(loading, err);
    return st;
}

static envres_status
load_scope(struct context *ctx, const struct plan *plan, envres_scope **out, envres_error *err)
{
    struct loading loading = { .ctx = ctx, .plan = plan };
    envres_status st = new_scope(ctx, &loading.scope, err);
    if (st < 0)
        return st;
    envres_scope *scope = loading.scope;
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = pool_reallocate,
                               .user = &scope->pool };
    loading.why = envres_error_new(&alloc);
    if (!loading.why) {
        envres_scope_unref(scope);
        return no_memory(err);
    }
    st = read_rows(&loading, err);
    if (st == ENVRES_OK)
        st = break_doubles(&loading, err);
    if (st == ENVRES_OK)
        st = index_variables(scope, err);
    if (st == ENVRES_OK)
        st = lay_out(&loading, err);
    if (st == ENVRES_OK)
        st = settle_handles(&loading, err);
    mem_free(ctx->mem, loading.resources);
    mem_free(ctx->mem, loading.environments);
    if (st < 0) {
        envres_scope_unref(scope);
        return st;
    }
    *out = scope;
    return ENVRES_OK;
}

static envres_status
check_request(const struct scope_request *request, envres_error *err)
{
    if (!request->app.data && (request->tag.data || request->version.data))
        return err_set(err, ENVRES_E_INVALID, "a tag or a version needs its app");
    if (request->tag.data && request->version.data && !request->is_check)
        return err_set(err, ENVRES_E_INVALID, "a tag and a version cannot be served together");
    return ENVRES_OK;
}

envres_status
scope_load_inside(struct context *ctx, const struct scope_request *request,
                  const envres_scope *before, envres_scope **out, envres_error *err)
{
    envres_scope *scope = NULL;
    struct plan plan = { .request = request,
                         .before = before ? before->served : NULL,
                         .follow = true };
    envres_status st = check_request(request, err);
    if (st == ENVRES_OK)
        st = load_scope(ctx, &plan, &scope, err);
    if (st == ENVRES_OK && !scope->head_ok && !(request->flags & ENVRES_SCOPE_DAMAGED)) {
        /* One row too many, too few or too old: which values are the right ones, none can say. */
        st = config_mismatch(&scope->environment, err);
    }
    if (st < 0)
        envres_scope_unref(scope);
    else
        *out = scope;
    return st;
}

envres_status
scope_load(struct context *ctx, const struct scope_request *request, const envres_scope *before,
           envres_scope **out, envres_error *err)
{
    envres_scope *scope = NULL;
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    st = db_end(ctx->db, scope_load_inside(ctx, request, before, &scope, err), NULL, err);
    if (st < 0)
        envres_scope_unref(scope);
    else
        *out = scope;
    return st;
}
