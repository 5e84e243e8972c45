/* SPDX-License-Identifier: MIT */
/*
 * Resource handles: a view into a scope, made when the scope was filled. Taking one costs a lookup
 * and a reference; its secrets are opened by the getters, into values that are wiped when freed.
 */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/value.h"
#include "resolve/connect.h"
#include "resolve/render.h"

/* ---- the key for connection pools ----------------------------------------------------------- */

struct trace_step {
    uint8_t before[TRACE];
    uint8_t environment[SEAL_ID];
    uint8_t object[SEAL_ID];
    uint8_t took[TRACE];
    int64_t revision;       /* 0: a default of the kind, below: no row */
    char field[LIMIT_NAME]; /* hashed as far as it is written: one block for most */
};

/* It is hashed as it lies in memory. */
static_assert(sizeof(struct trace_step) == 2 * TRACE + 2 * SEAL_ID + 8 + LIMIT_NAME,
              "a step has bytes that nobody sets");

enum { STEP_TEXT = -1, STEP_MISSING = -2 };

static void
take_step(uint8_t trace[TRACE], struct trace_step *step, size_t field_len)
{
    uint8_t digest[SEAL_DIGEST] = { 0 };
    memcpy(step->before, trace, TRACE);
    seal_digest(digest, "envres1/trace", step, offsetof(struct trace_step, field) + field_len);
    memcpy(trace, digest, TRACE);
}

void
trace_item(uint8_t trace[TRACE], const envres_scope *source, const struct item *item)
{
    const struct setting *setting = &item->setting;
    struct trace_step step = { .revision = setting->revision };
    memcpy(step.environment, source->environment.id, SEAL_ID);
    memcpy(step.object, setting->object, SEAL_ID);
    memcpy(step.took, item->trace, TRACE);
    if (setting->field.len > 0)
        memcpy(step.field, setting->field.data, setting->field.len);
    take_step(trace, &step, setting->field.len);
}

void
trace_text(uint8_t trace[TRACE], struct slice text)
{
    struct trace_step step = { .revision = STEP_TEXT };
    uint8_t digest[SEAL_DIGEST] = { 0 };
    seal_digest(digest, "envres1/word", text.data, text.len);
    memcpy(step.took, digest, TRACE);
    take_step(trace, &step, 0);
}

void
trace_missing(uint8_t trace[TRACE])
{
    struct trace_step step = { .revision = STEP_MISSING };
    take_step(trace, &step, 0);
}

void
handle_write_key(envres_resource_handle *handle)
{
    const envres_scope *source = handle->source;
    const struct item *items = &source->items[handle->first];
    char *out = handle->cache_key;
    uint8_t trace[TRACE] = { 0 };
    for (uint32_t i = 0; i < handle->count; i++)
        trace_item(trace, source, &items[i]);
    text_hex(out, items[0].setting.object, SEAL_ID);
    text_hex(out + 2 * SEAL_ID, source->environment.id, SEAL_ID);
    out += (size_t)4 * SEAL_ID;
    *out++ = '-';
    text_hex(out, trace, TRACE);
}

/* ---- taking one ----------------------------------------------------------------------------- */

static envres_status
no_settings(const envres_scope *scope, const envres_resource_handle *handle, envres_error *err)
{
    envres_status st = scope_absent(scope, OBJECT_RESOURCE, handle->name, err);
    if (st == ENVRES_E_NOT_CONFIGURED && handle->fallback.len > 0)
        err_set(err, st, "resource '%.*s' has no settings in %s, nor in %.*s, its fallback",
                (int)handle->name.len, handle->name.data, scope->environment.key,
                (int)handle->fallback.len, handle->fallback.data);
    return st;
}

/* Why there is no handle: `index` is that of one which does not resolve, or UINT32_MAX. */
RARE static envres_status
refuse_handle(const envres_scope *scope, struct slice wanted, uint32_t index, envres_error *err)
{
    if (index == UINT32_MAX) {
        envres_status st = text_check_name(wanted, "resource handle", err);
        return st < 0 ? st : scope_absent(scope, OBJECT_RESOURCE, wanted, err);
    }
    const envres_resource_handle *handle = &scope->handles[index];
    if (handle->failure) {
        err_copy(err, handle->failure);
        return envres_error_code(handle->failure);
    }
    return no_settings(scope, handle, err);
}

RARE static envres_status
refuse_call(const envres_scope *scope, const char *name, envres_error *err)
{
    if (!name)
        return err_set(err, ENVRES_E_INVALID, "the handle's name is NULL");
    return scope_enter(scope, err);
}

envres_status
envres_scope_resource(const envres_scope *scope, const char *name, size_t name_len,
                      envres_resource_handle **out, envres_error *err)
{
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the handle");
    *out = NULL;
    if (!name || !scope || scope->forks != fork_count)
        return refuse_call(scope, name, err);
    struct slice wanted = { name, name_len == ENVRES_NUL_TERMINATED ? strlen(name) : name_len };
    uint32_t index = scope_handle(scope, wanted);
    if (index == UINT32_MAX || scope->handles[index].failure || scope->handles[index].count == 0)
        return refuse_handle(scope, wanted, index, err);
    envres_resource_handle *handle = &scope->handles[index];
    atomic_fetch_add_explicit(&handle->scope->references, 1, memory_order_relaxed);
    *out = handle;
    return ENVRES_OK;
}

void
envres_resource_handle_free(envres_resource_handle *handle)
{
    if (handle)
        envres_scope_unref(handle->scope);
}

const char *
envres_resource_handle_kind(const envres_resource_handle *handle)
{
    return handle ? handle->kind->name : "";
}

const char *
envres_resource_handle_environment(const envres_resource_handle *handle)
{
    return handle ? handle->source->environment.key : "";
}

int32_t
envres_resource_handle_is_fallback(const envres_resource_handle *handle)
{
    return handle && handle->source != handle->scope;
}

const char *
envres_resource_handle_cache_key(const envres_resource_handle *handle)
{
    return handle ? handle->cache_key : "";
}

uint32_t
envres_resource_handle_field_count(const envres_resource_handle *handle)
{
    return handle ? handle->count : 0;
}

static const struct item *
item_at(const envres_resource_handle *handle, uint32_t index)
{
    if (!handle || index >= handle->count)
        return NULL;
    return &handle->source->items[handle->first + index];
}

const char *
envres_resource_handle_field_name(const envres_resource_handle *handle, uint32_t index)
{
    const struct item *item = item_at(handle, index);
    return item ? item->setting.field.data : NULL;
}

int32_t
envres_resource_handle_field_is_secret(const envres_resource_handle *handle, uint32_t index)
{
    const struct item *item = item_at(handle, index);
    return item && item->secret;
}

static envres_status
enter(const envres_resource_handle *handle, envres_value **out, envres_error *err)
{
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the value");
    *out = NULL;
    if (!handle)
        return err_set(err, ENVRES_E_INVALID, "the handle is NULL");
    return scope_enter(handle->scope, err);
}

envres_status
envres_resource_handle_field(const envres_resource_handle *handle, const char *name,
                             size_t name_len, envres_value **out, envres_error *err)
{
    const struct kind_field *field = NULL;
    struct buf bytes;
    envres_status st = enter(handle, out, err);
    if (st < 0)
        return st;
    if (!name)
        return err_set(err, ENVRES_E_INVALID, "the field's name is NULL");
    struct slice wanted = slice_of(name, name_len);
    const struct item *item = handle_item(handle, wanted);
    if (!item) {
        st = kind_field_need(handle->kind, wanted, &field, err);
        if (st < 0)
            return st;
        st = err_set(err, ENVRES_E_NOT_SET, "resource '%s' has no %.*s in %s", handle->name.data,
                     (int)wanted.len, wanted.data, handle->source->environment.key);
        err_subject(err, wanted.data, wanted.len);
        return st;
    }
    if (item->state == ITEM_PLAIN)
        return value_new(&handle->scope->mem, item->type, item->text.data, item->text.len, false,
                         out, err);
    buf_init(&bytes, &handle->scope->mem, true);
    st = item_open(handle->source, item, 0, &bytes, err);
    struct value_range all = { 0, bytes.len };
    if (st == ENVRES_OK)
        st = value_from_buf(item->type, &bytes, &all, 1, out, err);
    buf_free(&bytes);
    return st;
}

/* ---- ready strings -------------------------------------------------------------------------- */

/* The fields in the order of the kind; of secrets only that they are there. */
static void
collect_fields(const envres_resource_handle *handle, struct connect_field *fields)
{
    for (uint32_t i = 0; i < handle->kind->count; i++) {
        const struct item *item = handle_item(handle, slice_str(handle->kind->fields[i].name));
        fields[i].name = slice_str(handle->kind->fields[i].name);
        fields[i].is_set = item != NULL;
        fields[i].is_secret = item && item->state != ITEM_PLAIN;
        fields[i].value = item && item->state == ITEM_PLAIN ? item->text : slice_str("");
    }
}

/* Opens the secret fields, one behind the other into `secrets`. */
static envres_status
open_fields(const envres_resource_handle *handle, struct connect_field *fields, struct buf *secrets,
            envres_error *err)
{
    size_t starts[LIMIT_FIELDS];
    for (uint32_t i = 0; i < handle->kind->count; i++) {
        starts[i] = secrets->len;
        if (!fields[i].is_secret)
            continue;
        envres_status st =
            item_open(handle->source, handle_item(handle, fields[i].name), 0, secrets, err);
        if (st < 0)
            return st;
        fields[i].value.len = secrets->len - starts[i];
    }
    for (uint32_t i = 0; i < handle->kind->count; i++) {
        if (fields[i].is_secret && secrets->data)
            fields[i].value.data = secrets->data + starts[i];
    }
    return ENVRES_OK;
}

/* A string that takes in no secret opens none, and is none. */
static envres_status
build_string(const envres_resource_handle *handle, bool as_dsn, bool redact, envres_value **out,
             envres_error *err)
{
    struct connect_field fields[LIMIT_FIELDS];
    struct buf secrets;
    struct buf text;
    envres_status st = enter(handle, out, err);
    if (st < 0)
        return st;
    const struct kind *kind = handle->kind;
    collect_fields(handle, fields);
    bool secret = !redact && (as_dsn ? connect_dsn_is_secret(kind, fields, kind->count)
                                     : connect_url_is_secret(kind, fields, kind->count));
    buf_init(&secrets, &handle->scope->mem, true);
    buf_init(&text, &handle->scope->mem, secret);
    if (secret)
        st = open_fields(handle, fields, &secrets, err);
    if (st == ENVRES_OK)
        st = as_dsn ? connect_dsn(kind, fields, kind->count, redact, &text, err)
                    : connect_url(kind, fields, kind->count, redact, &text, err);
    struct value_range all = { 0, text.len };
    if (st == ENVRES_OK)
        st = value_from_buf(ENVRES_TYPE_STRING, &text, &all, secret, out, err);
    buf_free(&secrets);
    buf_free(&text);
    return st;
}

envres_status
envres_resource_handle_url(const envres_resource_handle *handle, envres_value **out,
                           envres_error *err)
{
    return build_string(handle, false, false, out, err);
}

envres_status
envres_resource_handle_redacted_url(const envres_resource_handle *handle, envres_value **out,
                                    envres_error *err)
{
    return build_string(handle, false, true, out, err);
}

envres_status
envres_resource_handle_dsn(const envres_resource_handle *handle, envres_value **out,
                           envres_error *err)
{
    return build_string(handle, true, false, out, err);
}

envres_status
envres_resource_test(const envres_scope *scope, const char *name, size_t name_len,
                     envres_probe_fn probe, void *user, envres_error *err)
{
    envres_resource_handle *handle = NULL;
    if (!probe)
        return err_set(err, ENVRES_E_INVALID, "there is no probe");
    envres_status st = envres_scope_resource(scope, name, name_len, &handle, err);
    if (st < 0)
        return st;
    st = probe(handle, err, user);
    envres_resource_handle_free(handle);
    return st > 0 ? ENVRES_E_CALLBACK : st;
}
