/* SPDX-License-Identifier: MIT */
/*
 * Scopes as the host sees them: names to indices to values. Everything here reads an immutable
 * structure; the only thing written is the reference count.
 */
#include "resolve/scope.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/value.h"
#include "resolve/render.h"
#include "resolve/served.h"

envres_scope *
envres_scope_ref(envres_scope *scope)
{
    if (scope)
        atomic_fetch_add_explicit(&scope->references, 1, memory_order_relaxed);
    return scope;
}

RARE static void
free_scope(envres_scope *scope)
{
    struct mem mem = scope->mem;
    for (uint32_t i = 0; i < scope->item_count; i++)
        envres_template_unref(scope->items[i].tmpl);
    for (size_t i = 0; i < scope->fallback_count; i++)
        envres_scope_unref(scope->fallbacks[i]);
    mem_free(&mem, scope->fallbacks);
    mem_free(&mem, scope->items);
    mem_free(&mem, scope->others);
    mem_free(&mem, scope->authors);
    served_unref(scope->served);
    env_keys_unref(scope->keys);
    change_counter_unref(scope->changes);
    pool_free(&scope->pool);
    mem_free(&mem, scope);
}

void
envres_scope_unref(envres_scope *scope)
{
    if (scope && atomic_fetch_sub_explicit(&scope->references, 1, memory_order_acq_rel) == 1)
        free_scope(scope);
}

envres_error *
scope_keep_error(envres_scope *scope, const envres_error *why)
{
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = pool_reallocate,
                               .user = &scope->pool };
    envres_error *kept = envres_error_new(&alloc);
    err_copy(kept, why);
    return kept;
}

struct slice
scope_author(const envres_scope *scope, const uint8_t id[SEAL_ID])
{
    struct slice none = { NULL, 0 };
    for (size_t i = 0; i < scope->author_count; i++) {
        if (memcmp(scope->authors[i].id, id, SEAL_ID) == 0)
            return scope->authors[i].name;
    }
    return none;
}

/* ---- looking up ----------------------------------------------------------------------------- */

uint32_t
scope_variable(const envres_scope *scope, struct slice name)
{
    uint32_t at = (uint32_t)text_hash(scope->seed, name.data, name.len) & scope->variables.mask;
    for (;;) {
        uint32_t slot = scope->variables.slots[at];
        if (slot == 0)
            return UINT32_MAX;
        if (text_same(scope->items[slot - 1].setting.name, name))
            return slot - 1;
        at = (at + 1) & scope->variables.mask;
    }
}

uint32_t
scope_handle(const envres_scope *scope, struct slice name)
{
    uint32_t at = (uint32_t)text_hash(scope->seed, name.data, name.len) & scope->resources.mask;
    for (;;) {
        uint32_t slot = scope->resources.slots[at];
        if (slot == 0)
            return UINT32_MAX;
        if (text_same(scope->handles[slot - 1].name, name))
            return slot - 1;
        at = (at + 1) & scope->resources.mask;
    }
}

const struct item *
handle_item(const envres_resource_handle *handle, struct slice field)
{
    for (uint32_t i = 0; i < handle->count; i++) {
        const struct item *item = &handle->source->items[handle->first + i];
        if (slice_equal(item->setting.field, field))
            return item;
    }
    return NULL;
}

/* Environments that have the name, joined by ", ", each once and in path order. There may be many
 * names: they are gone through once. */
static void
list_environments(const envres_scope *scope, enum object_class object_class, struct slice name,
                  char *out, size_t cap)
{
    bool has[LIMIT_ENVIRONMENTS] = { false };
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < scope->other_count; i++) {
        const struct other_name *other = &scope->others[i];
        if (other->object_class == object_class && text_same(other->name, name) &&
            other->environment < LIMIT_ENVIRONMENTS)
            has[other->environment] = true;
    }
    for (size_t e = 0; e < scope->environment_count && e < LIMIT_ENVIRONMENTS; e++) {
        size_t len = strlen(scope->environment_keys[e]);
        if (!has[e] || used + len + 3 > cap)
            continue;
        if (used > 0) {
            memcpy(out + used, ", ", 2);
            used += 2;
        }
        memcpy(out + used, scope->environment_keys[e], len + 1);
        used += len;
    }
}

/* What was set since is not there, and does not look unset to who reads the newest settings. */
static void
hint_pinned(const envres_scope *scope, envres_error *err)
{
    err_hint(err, "release %s pins the plain settings of %s at revision %lld", scope->served->tag,
             scope->environment.key, (long long)scope->revision);
}

static void
find_nearest(const envres_scope *scope, enum object_class object_class, struct nearest *nearest)
{
    bool variable = object_class == OBJECT_VARIABLE;
    for (uint32_t i = 0; variable && i < scope->variable_count; i++)
        nearest_add(nearest, scope->items[i].setting.name);
    for (uint32_t i = 0; !variable && i < scope->handle_count; i++)
        nearest_add(nearest, scope->handles[i].name);
    for (size_t i = 0; i < scope->other_count; i++) {
        if (scope->others[i].object_class == object_class)
            nearest_add(nearest, scope->others[i].name);
    }
}

static envres_status
unknown_name(const envres_scope *scope, enum object_class object_class, struct slice name,
             envres_error *err)
{
    struct nearest nearest = { .distance = 0 };
    bool variable = object_class == OBJECT_VARIABLE;
    nearest_init(&nearest, name);
    if (err_wants_search(err))
        find_nearest(scope, object_class, &nearest);
    envres_status st = err_set(err, ENVRES_E_NOT_FOUND, "no environment knows a %s '%.*s'",
                               variable ? "variable" : "resource", (int)name.len, name.data);
    err_subject(err, name.data, name.len);
    if (nearest.best.data)
        err_hint(err, "did you mean '%.*s'?", (int)nearest.best.len, nearest.best.data);
    else if (scope->pins)
        hint_pinned(scope, err);
    return st;
}

envres_status
scope_absent(const envres_scope *scope, enum object_class object_class, struct slice name,
             envres_error *err)
{
    char where[256];
    if (!scope->head_ok) {
        envres_status st = config_mismatch(&scope->environment, err);
        err_subject(err, name.data, name.len);
        return st;
    }
    list_environments(scope, object_class, name, where, sizeof(where));
    if (object_class == OBJECT_VARIABLE && !where[0])
        return unknown_name(scope, object_class, name, err);
    if (object_class == OBJECT_RESOURCE && !where[0] && scope_handle(scope, name) == UINT32_MAX)
        return unknown_name(scope, object_class, name, err);
    envres_status st =
        object_class == OBJECT_VARIABLE
            ? err_set(err, ENVRES_E_NOT_SET, "'%.*s' has no value in %s", (int)name.len, name.data,
                      scope->environment.key)
            : err_set(err, ENVRES_E_NOT_CONFIGURED, "resource '%.*s' has no settings in %s",
                      (int)name.len, name.data, scope->environment.key);
    err_subject(err, name.data, name.len);
    if (scope->pins)
        hint_pinned(scope, err);
    else if (where[0])
        err_hint(err, "it is set in: %s", where);
    else
        err_hint(err, "no environment has settings for it");
    return st;
}

/* ---- what a scope is ------------------------------------------------------------------------ */

const char *
envres_scope_environment(const envres_scope *scope)
{
    return scope ? scope->environment.key : "";
}

int64_t
envres_scope_revision(const envres_scope *scope)
{
    return scope ? scope->revision : 0;
}

int32_t
envres_scope_is_stale(const envres_scope *scope)
{
    if (!scope || scope->is_pinned)
        return 0;
    return atomic_load_explicit(&scope->changes->value, memory_order_acquire) != scope->seen;
}

uint32_t
envres_scope_count(const envres_scope *scope)
{
    return scope ? scope->variable_count : 0;
}

static const struct item *
variable_at(const envres_scope *scope, uint32_t index)
{
    return scope && index < scope->variable_count ? &scope->items[index] : NULL;
}

const char *
envres_scope_name(const envres_scope *scope, uint32_t index)
{
    const struct item *item = variable_at(scope, index);
    return item ? item->setting.name.data : NULL;
}

int32_t
envres_scope_is_secret(const envres_scope *scope, uint32_t index)
{
    const struct item *item = variable_at(scope, index);
    return item && item->secret;
}

int32_t
envres_scope_type(const envres_scope *scope, uint32_t index)
{
    const struct item *item = variable_at(scope, index);
    return item ? item->type : 0;
}

/* ---- values --------------------------------------------------------------------------------- */

static envres_status
find_item(const envres_scope *scope, const char *name, size_t len, uint32_t *index,
          envres_error *err)
{
    envres_status st = scope_enter(scope, err);
    if (st < 0)
        return st;
    if (!name)
        return err_set(err, ENVRES_E_INVALID, "the name is NULL");
    struct slice wanted = slice_of(name, len);
    *index = scope_variable(scope, wanted);
    if (*index != UINT32_MAX)
        return ENVRES_OK;
    st = text_check_name(wanted, "variable name", err);
    return st < 0 ? st : scope_absent(scope, OBJECT_VARIABLE, wanted, err);
}

envres_status
envres_scope_find(const envres_scope *scope, const char *name, size_t len, uint32_t *index,
                  envres_error *err)
{
    uint32_t found = 0;
    if (!index)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the index");
    envres_status st = find_item(scope, name, len, &found, err);
    *index = st == ENVRES_OK ? found : 0;
    return st;
}

static envres_status
broken(const struct item *item, envres_error *err)
{
    err_copy(err, item->failure);
    return envres_error_code(item->failure);
}

/* Why there is nothing to borrow: the answers of envres_scope_at() that are no value. */
RARE static envres_status
refuse_at(const envres_scope *scope, uint32_t index, const char **data, size_t *len,
          envres_error *err)
{
    if (data)
        *data = NULL;
    if (len)
        *len = 0;
    envres_status st = scope_enter(scope, err);
    if (st < 0)
        return st;
    if (!data || !len || index >= scope->variable_count)
        return err_set(err, ENVRES_E_INVALID, "the scope has no variable of that index");
    const struct item *item = &scope->items[index];
    if (item->state == ITEM_BROKEN)
        return broken(item, err);
    st = err_set(err, ENVRES_E_SECRET_SINK, "'%s' is a secret", item->setting.name.data);
    err_subject(err, item->setting.name.data, item->setting.name.len);
    err_hint(err, "a secret is copied out and wiped, never borrowed");
    return st;
}

envres_status
envres_scope_at(const envres_scope *scope, uint32_t index, const char **data, size_t *len,
                envres_error *err)
{
    if (!scope || scope->forks != fork_count || !data || !len || index >= scope->variable_count ||
        scope->items[index].state != ITEM_PLAIN)
        return refuse_at(scope, index, data, len, err);
    struct slice text = scope->items[index].text;
    *data = text.data;
    *len = text.len;
    return ENVRES_OK;
}

/* Any item as a value of the caller's. */
static envres_status
item_value(const envres_scope *scope, const struct item *item, envres_value **out,
           envres_error *err)
{
    struct buf bytes;
    if (item->state == ITEM_BROKEN)
        return broken(item, err);
    if (item->state == ITEM_PLAIN)
        return value_new(&scope->mem, item->type, item->text.data, item->text.len, false, out, err);
    buf_init(&bytes, &scope->mem, true);
    envres_status st = item_open(scope, item, 0, &bytes, err);
    struct value_range all = { 0, bytes.len };
    if (st == ENVRES_OK)
        st = value_from_buf(item->type, &bytes, &all, 1, out, err);
    buf_free(&bytes);
    return st;
}

envres_status
envres_scope_get(const envres_scope *scope, const char *name, size_t len, envres_value **out,
                 envres_error *err)
{
    uint32_t index = 0;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the value");
    *out = NULL;
    envres_status st = find_item(scope, name, len, &index, err);
    return st < 0 ? st : item_value(scope, &scope->items[index], out, err);
}

/* A sealed value that is no template opens into the caller's buffer at once, when it surely fits.
 */
static envres_status
open_directly(const envres_scope *scope, const struct item *item, char *buf, size_t cap,
              size_t *len, envres_error *err)
{
    const uint8_t *key = NULL;
    struct seal_label label = config_label(scope->keys, &item->setting);
    envres_status st = config_key(scope->keys, &item->setting, &key, err);
    return st < 0 ? st
                  : unseal_into(&scope->mem, key, &label, item->setting.content,
                                item->setting.record.data, item->setting.record.len, buf, cap, len,
                                err);
}

static envres_status
copy_out(const char *data, size_t len, char *buf, size_t cap, size_t *need, envres_error *err)
{
    if (need)
        *need = len;
    if (len > cap)
        return err_set(err, ENVRES_E_LIMIT, "the buffer is too small");
    if (len > 0)
        memcpy(buf, data, len);
    return ENVRES_OK;
}

envres_status
envres_scope_get_into(const envres_scope *scope, uint32_t index, char *buf, size_t cap,
                      size_t *need, envres_error *err)
{
    struct buf bytes;
    size_t len = 0;
    if (need)
        *need = 0;
    envres_status st = scope_enter(scope, err);
    if (st < 0)
        return st;
    if ((!buf && cap > 0) || index >= scope->variable_count)
        return err_set(err, ENVRES_E_INVALID, "the scope has no variable of that index");
    const struct item *item = &scope->items[index];
    if (item->state == ITEM_BROKEN)
        return broken(item, err);
    if (item->state == ITEM_PLAIN)
        return copy_out(item->text.data, item->text.len, buf, cap, need, err);
    if (item->state == ITEM_SEALED && !item->is_template &&
        seal_value_max(item->setting.record.len) <= cap) {
        st = open_directly(scope, item, buf, cap, &len, err);
        if (st == ENVRES_OK && need)
            *need = len;
        return st;
    }
    buf_init(&bytes, &scope->mem, true);
    st = item_open(scope, item, 0, &bytes, err);
    if (st == ENVRES_OK)
        st = copy_out(bytes.data, bytes.len, buf, cap, need, err);
    buf_free(&bytes);
    return st;
}

/* ---- typed getters -------------------------------------------------------------------------- */

static envres_status
wrong_type(const struct item *item, int32_t type, envres_error *err)
{
    envres_status st =
        err_set(err, ENVRES_E_TYPE, "'%s' is a %s, not a %s", item->setting.name.data,
                envres_type_name(item->type), envres_type_name(type));
    err_subject(err, item->setting.name.data, item->setting.name.len);
    return st;
}

/* Finds a variable that must have a type. */
static envres_status
find_typed(const envres_scope *scope, const char *name, size_t len, int32_t type,
           const struct item **out, envres_error *err)
{
    uint32_t index = 0;
    envres_status st = find_item(scope, name, len, &index, err);
    if (st < 0)
        return st;
    const struct item *item = &scope->items[index];
    if (item->state == ITEM_BROKEN)
        return broken(item, err);
    if (item->type != type)
        return wrong_type(item, type, err);
    *out = item;
    return ENVRES_OK;
}

/* Numbers and booleans are short: they open on the stack, and are wiped there. */
enum { SCALAR_MAX = 400 };

static envres_status
read_scalar(const envres_scope *scope, const struct item *item, char *text, size_t *len,
            envres_error *err)
{
    struct buf bytes;
    if (item->state == ITEM_PLAIN)
        return copy_out(item->text.data, item->text.len, text, SCALAR_MAX, len, err);
    buf_init(&bytes, &scope->mem, true);
    envres_status st = item_open(scope, item, 0, &bytes, err);
    if (st == ENVRES_OK)
        st = copy_out(bytes.data, bytes.len, text, SCALAR_MAX, len, err);
    buf_free(&bytes);
    return st;
}

envres_status
envres_scope_get_boolean(const envres_scope *scope, const char *name, size_t len, int32_t *out,
                         envres_error *err)
{
    const struct item *item = NULL;
    char text[SCALAR_MAX];
    size_t text_len = 0;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the value");
    *out = 0;
    envres_status st = find_typed(scope, name, len, ENVRES_TYPE_BOOLEAN, &item, err);
    if (st == ENVRES_OK)
        st = read_scalar(scope, item, text, &text_len, err);
    if (st == ENVRES_OK)
        *out = slice_equal(slice_of(text, text_len), slice_str("true"));
    mem_wipe(text, sizeof(text));
    return st;
}

/* A stored number is in canonical form. There a double of 2^63 and above is spelled like an
 * integer, and nothing else is: an integer beyond int64 is refused where it is put. */
static envres_status
read_number(const char *text, size_t len, struct json_number *out, envres_error *err)
{
    if (json_number(text, len, out, NULL) == ENVRES_OK)
        return ENVRES_OK;
    out->is_integer = false;
    out->integer = 0;
    return json_real(text, len, &out->real, err);
}

static envres_status
get_number(const envres_scope *scope, const char *name, size_t len, struct json_number *out,
           const struct item **item, envres_error *err)
{
    char text[SCALAR_MAX];
    size_t text_len = 0;
    envres_status st = find_typed(scope, name, len, ENVRES_TYPE_NUMBER, item, err);
    if (st == ENVRES_OK)
        st = read_scalar(scope, *item, text, &text_len, err);
    if (st == ENVRES_OK)
        st = read_number(text, text_len, out, err);
    mem_wipe(text, sizeof(text));
    return st;
}

envres_status
envres_scope_get_integer(const envres_scope *scope, const char *name, size_t len, int64_t *out,
                         envres_error *err)
{
    const struct item *item = NULL;
    struct json_number number;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the value");
    *out = 0;
    envres_status st = get_number(scope, name, len, &number, &item, err);
    if (st == ENVRES_OK && !number.is_integer) {
        st = err_set(err, ENVRES_E_TYPE, "'%s' is not an integer", item->setting.name.data);
        err_subject(err, item->setting.name.data, item->setting.name.len);
    }
    if (st == ENVRES_OK)
        *out = number.integer;
    return st;
}

/* Whether a double holds this integer exactly. 2^63 itself is no int64. */
static bool
is_exact(int64_t integer, double real)
{
    return real < 9223372036854775808.0 && (int64_t)real == integer;
}

envres_status
envres_scope_get_double(const envres_scope *scope, const char *name, size_t len, double *out,
                        envres_error *err)
{
    const struct item *item = NULL;
    struct json_number number;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the value");
    *out = 0;
    envres_status st = get_number(scope, name, len, &number, &item, err);
    if (st == ENVRES_OK && number.is_integer && !is_exact(number.integer, number.real)) {
        st = err_set(err, ENVRES_E_TYPE, "'%s' does not fit a double exactly",
                     item->setting.name.data);
        err_subject(err, item->setting.name.data, item->setting.name.len);
        err_hint(err, "read it as an integer");
    }
    if (st == ENVRES_OK)
        *out = number.real;
    return st;
}

static envres_status
get_typed(const envres_scope *scope, const char *name, size_t len, int32_t type, envres_value **out,
          envres_error *err)
{
    const struct item *item = NULL;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the value");
    *out = NULL;
    envres_status st = find_typed(scope, name, len, type, &item, err);
    return st < 0 ? st : item_value(scope, item, out, err);
}

envres_status
envres_scope_get_string(const envres_scope *scope, const char *name, size_t len, envres_value **out,
                        envres_error *err)
{
    return get_typed(scope, name, len, ENVRES_TYPE_STRING, out, err);
}

envres_status
envres_scope_get_json(const envres_scope *scope, const char *name, size_t len, envres_value **out,
                      envres_error *err)
{
    return get_typed(scope, name, len, ENVRES_TYPE_JSON, out, err);
}
