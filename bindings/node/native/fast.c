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

enum { NAME = 512, MANY = 256 };

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

/* How many units of UTF-16 a text of UTF-8 has. */
static uint32_t
units_of(const char *data, size_t len)
{
    uint32_t units = 0;
    if (is_ascii(data, len))
        return (uint32_t)len;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        units += (uint32_t)((c & 0xC0) != 0x80) + (uint32_t)(c >= 0xF0);
    }
    return units;
}

/*
 * many(ends, scope, template...): renders as many as fit, into one string. ends[i] becomes where
 * the i-th ends in it; how many there are, its last element: the next one has a secret or does not
 * fit.
 */
static napi_value
fast_many(napi_env env, napi_callback_info info)
{
    napi_value argv[MANY + 2] = { NULL };
    size_t argc = MANY + 2;
    napi_typedarray_type type = napi_int8_array;
    size_t length = 0;
    void *data = NULL;
    void *ends_data = NULL;
    if (napi_get_cb_info(env, info, &argc, argv, NULL, &data) != napi_ok || argc > MANY + 2 ||
        napi_get_typedarray_info(env, argv[0], &type, &length, &ends_data, NULL, NULL) != napi_ok ||
        type != napi_uint32_array || length + 1 < argc)
        return NULL;
    addon *addon = data;
    handle *scope = handle_of(env, addon, argv[1], KIND_SCOPE);
    uint32_t *ends = ends_data;
    uint32_t done = 0;
    uint32_t units = 0;
    size_t at = 0;
    if (!scope)
        return NULL;
    for (size_t i = 2; i < argc; i++) {
        size_t need = 0;
        handle *tmpl = handle_of(env, addon, argv[i], KIND_TEMPLATE);
        if (!tmpl)
            return NULL;
        envres_status status =
            envres_template_render_into(tmpl->object, scope->object, &no_secrets,
                                        addon->buffer + at, BUFFER - at, &need, addon->err);
        if (status == ENVRES_E_SECRET_SINK || status == ENVRES_E_LIMIT) {
            envres_error_clear(addon->err);
            break;
        }
        if (status < 0)
            return failed(env, addon, status);
        units += units_of(addon->buffer + at, need);
        at += need;
        ends[done++] = units;
    }
    ends[length - 1] = done;
    return plain_value(env, addon->buffer, at);
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
