/* SPDX-License-Identifier: MIT */
/*
 * What hosts do all day, in one native call each: rendering, and reading a plain variable.
 *
 * Nothing here ever puts a secret into the addon's buffer: rendering forbids secrets, and what is
 * read is plain. Where there is a secret, or the output is larger than the buffer, the answer is
 * undefined, and JavaScript makes the general call. None of these calls leads back into JavaScript,
 * so that no object has to be held.
 */
#include "shim.h"

#include <string.h>

enum { NAME = 512 };

static const envres_render_options no_secrets = { .size = sizeof(no_secrets),
                                                  .flags = ENVRES_RENDER_NO_SECRETS };

/* The arguments and the addon; false with an exception. */
static addon *
arguments_of(napi_env env, napi_callback_info info, size_t count, napi_value *argv)
{
    size_t argc = count;
    void *data = NULL;
    return napi_get_cb_info(env, info, &argc, argv, NULL, &data) == napi_ok ? data : NULL;
}

/* undefined where a value has to be made; else throws. */
static napi_value
failed(napi_env env, addon *addon, envres_status status)
{
    napi_value error = NULL;
    if (status != ENVRES_E_SECRET_SINK && status != ENVRES_E_LIMIT)
        error = error_of(env, addon, status, addon->err, NULL);
    envres_error_clear(addon->err);
    if (error)
        napi_throw(env, error);
    return NULL;
}

static napi_value
fast_render(napi_env env, napi_callback_info info)
{
    napi_value argv[2] = { NULL };
    addon *addon = arguments_of(env, info, 2, argv);
    handle *tmpl = addon ? handle_of(env, addon, argv[0], KIND_TEMPLATE) : NULL;
    handle *scope = tmpl ? handle_of(env, addon, argv[1], KIND_SCOPE) : NULL;
    size_t need = 0;
    if (!scope)
        return NULL;
    envres_status status = envres_template_render_into(tmpl->object, scope->object, &no_secrets,
                                                       addon->buffer, BUFFER, &need, addon->err);
    return status < 0 ? failed(env, addon, status) : plain_value(env, addon->buffer, need);
}

static napi_value
fast_bound(napi_env env, napi_callback_info info)
{
    napi_value argv[1] = { NULL };
    addon *addon = arguments_of(env, info, 1, argv);
    handle *bound = addon ? handle_of(env, addon, argv[0], KIND_BOUND) : NULL;
    const char *data = NULL;
    size_t len = 0;
    if (!bound)
        return NULL;
    envres_status status = envres_bound_text(bound->object, &data, &len, addon->err);
    return status < 0 ? failed(env, addon, status) : plain_value(env, data, len);
}

/* A longer name is none, and the general call says so. */
static napi_value
fast_get(napi_env env, napi_callback_info info)
{
    napi_value argv[2] = { NULL };
    addon *addon = arguments_of(env, info, 2, argv);
    handle *scope = addon ? handle_of(env, addon, argv[0], KIND_SCOPE) : NULL;
    const char *data = NULL;
    char name[NAME];
    size_t len = 0;
    uint32_t index = 0;
    if (!scope || napi_get_value_string_utf8(env, argv[1], name, NAME, &len) != napi_ok ||
        len >= NAME - 4)
        return NULL;
    envres_status status = envres_scope_find(scope->object, name, len, &index, addon->err);
    if (status == ENVRES_OK)
        status = envres_scope_at(scope->object, index, &data, &len, addon->err);
    return status < 0 ? failed(env, addon, status) : plain_value(env, data, len);
}

/* An array of texts; undefined in it where a value has to be made. */
static napi_value
fast_many(napi_env env, napi_callback_info info)
{
    napi_value argv[2] = { NULL };
    napi_value out = NULL;
    uint32_t count = 0;
    addon *addon = arguments_of(env, info, 2, argv);
    handle *scope = addon ? handle_of(env, addon, argv[1], KIND_SCOPE) : NULL;
    if (!scope || napi_get_array_length(env, argv[0], &count) != napi_ok ||
        napi_create_array_with_length(env, count, &out) != napi_ok)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        napi_handle_scope inner = NULL;
        napi_value one = NULL;
        size_t need = 0;
        if (napi_open_handle_scope(env, &inner) != napi_ok)
            return NULL;
        handle *tmpl = napi_get_element(env, argv[0], i, &one) == napi_ok
                           ? handle_of(env, addon, one, KIND_TEMPLATE)
                           : NULL;
        envres_status status = ENVRES_E_INVALID;
        bool ok = tmpl;
        if (ok) {
            status = envres_template_render_into(tmpl->object, scope->object, &no_secrets,
                                                 addon->buffer, BUFFER, &need, addon->err);
            napi_value text =
                status < 0 ? failed(env, addon, status) : plain_value(env, addon->buffer, need);
            ok = text ? napi_set_element(env, out, i, text) == napi_ok
                      : status == ENVRES_E_SECRET_SINK || status == ENVRES_E_LIMIT;
        }
        napi_close_handle_scope(env, inner);
        if (!ok)
            return NULL;
    }
    return out;
}

bool
fast_define(napi_env env, addon *addon, napi_value exports)
{
    const struct {
        const char *name;
        napi_callback call;
    } rows[] = { { "render", fast_render },
                 { "bound", fast_bound },
                 { "get", fast_get },
                 { "many", fast_many } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        napi_value one = NULL;
        if (napi_create_function(env, rows[i].name, NAPI_AUTO_LENGTH, rows[i].call, addon, &one) !=
                napi_ok ||
            napi_set_named_property(env, exports, rows[i].name, one) != napi_ok)
            return false;
    }
    return true;
}
