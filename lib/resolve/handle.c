/* SPDX-License-Identifier: MIT */
/*
 * Resource handles: a view into a scope, made when the scope was filled. Taking one costs a lookup
 * and a reference; its secrets are opened by the getters, into values that are wiped when freed.
 */
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/value.h"
#include "resolve/connect.h"
#include "resolve/render.h"

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

envres_status
envres_scope_resource(const envres_scope *scope, const char *name, size_t name_len,
                      envres_resource_handle **out, envres_error *err)
{
    if (!out || !name)
        return err_set(err, ENVRES_E_INVALID, "the handle's name or its place is NULL");
    *out = NULL;
    envres_status st = scope_enter(scope, err);
    if (st < 0)
        return st;
    struct slice wanted = slice_of(name, name_len);
    uint32_t index = scope_handle(scope, wanted);
    if (index == UINT32_MAX) {
        st = text_check_name(wanted, "resource handle", err);
        return st < 0 ? st : scope_absent(scope, OBJECT_RESOURCE, wanted, err);
    }
    envres_resource_handle *handle = &scope->handles[index];
    if (handle->failure) {
        err_copy(err, handle->failure);
        return envres_error_code(handle->failure);
    }
    if (handle->count == 0)
        return no_settings(scope, handle, err);
    envres_scope_ref(handle->scope);
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
enter(const envres_resource_handle *handle, const void *out, envres_error *err)
{
    if (!handle || !out)
        return err_set(err, ENVRES_E_INVALID, "the handle or the place for the value is NULL");
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
    *out = NULL;
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

typedef envres_status (*connect_fn)(const struct kind *kind, const struct connect_field *fields,
                                    uint32_t count, bool redact, struct buf *out,
                                    envres_error *err);

/* The fields in the order of the kind, secrets opened one behind the other into `secrets`. */
static envres_status
collect_fields(const envres_resource_handle *handle, bool redact, struct connect_field *fields,
               struct buf *secrets, bool *any_secret, envres_error *err)
{
    size_t starts[LIMIT_FIELDS];
    const struct kind *kind = handle->kind;
    for (uint32_t i = 0; i < kind->count; i++) {
        struct slice name = slice_str(kind->fields[i].name);
        const struct item *item = handle_item(handle, name);
        fields[i].name = name;
        fields[i].is_set = item != NULL;
        fields[i].is_secret = item && item->secret;
        fields[i].value = item && item->state == ITEM_PLAIN ? item->text : slice_str("");
        starts[i] = secrets->len;
        if (!item || item->state == ITEM_PLAIN)
            continue;
        *any_secret = true;
        if (redact)
            continue;
        envres_status st = item_open(handle->source, item, 0, secrets, err);
        if (st < 0)
            return st;
        fields[i].value.len = secrets->len - starts[i];
    }
    for (uint32_t i = 0; i < kind->count; i++) {
        if (fields[i].is_secret && !redact && secrets->data)
            fields[i].value.data = secrets->data + starts[i];
    }
    return ENVRES_OK;
}

static envres_status
build_string(const envres_resource_handle *handle, connect_fn build, bool redact,
             envres_value **out, envres_error *err)
{
    struct connect_field fields[LIMIT_FIELDS];
    struct buf secrets;
    struct buf text;
    bool any_secret = false;
    envres_status st = enter(handle, out, err);
    if (st < 0)
        return st;
    *out = NULL;
    buf_init(&secrets, &handle->scope->mem, true);
    buf_init(&text, &handle->scope->mem, !redact);
    st = collect_fields(handle, redact, fields, &secrets, &any_secret, err);
    if (st == ENVRES_OK)
        st = build(handle->kind, fields, handle->kind->count, redact, &text, err);
    if (st == ENVRES_OK)
        st = buf_status(&text, err);
    bool secret = any_secret && !redact;
    struct value_range all = { 0, text.len };
    if (st == ENVRES_OK && secret)
        st = value_from_buf(ENVRES_TYPE_STRING, &text, &all, 1, out, err);
    else if (st == ENVRES_OK)
        st = value_new(&handle->scope->mem, ENVRES_TYPE_STRING, text.data, text.len, false, out,
                       err);
    buf_free(&secrets);
    buf_free(&text);
    return st;
}

envres_status
envres_resource_handle_url(const envres_resource_handle *handle, envres_value **out,
                           envres_error *err)
{
    return build_string(handle, connect_url, false, out, err);
}

envres_status
envres_resource_handle_redacted_url(const envres_resource_handle *handle, envres_value **out,
                                    envres_error *err)
{
    return build_string(handle, connect_url, true, out, err);
}

envres_status
envres_resource_handle_dsn(const envres_resource_handle *handle, envres_value **out,
                           envres_error *err)
{
    return build_string(handle, connect_dsn, false, out, err);
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
