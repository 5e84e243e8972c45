/* SPDX-License-Identifier: MIT */
/*
 * The module: one addon for each environment of Node that loads it, and what it exports.
 *
 * `now` and `later` have a function for each row of table.c: the call at once, or as a promise. The
 * JavaScript in lib/ is their only user, and says what they take.
 */
#include "shim.h"

#include <stdlib.h>

void
addon_unref(addon *addon)
{
    if (--addon->refs > 0)
        return;
    while (addon->spares > 0)
        envres_error_free(addon->spare[--addon->spares]);
    envres_error_free(addon->err);
    pthread_mutex_destroy(&addon->lock);
    free(addon);
}

/* The references to functions go with the environment. */
static void
finish(napi_env env, void *data, void *hint)
{
    (void)env;
    (void)hint;
    addon_unref(data);
}

static addon *
addon_new(napi_env env)
{
    addon *made = calloc(1, sizeof(*made));
    if (!made)
        return NULL;
    made->env = env;
    made->refs = 1;
    made->err = envres_error_new(NULL);
    if (!made->err || pthread_mutex_init(&made->lock, NULL) != 0) {
        envres_error_free(made->err);
        free(made);
        return NULL;
    }
    if (napi_set_instance_data(env, made, finish, NULL) != napi_ok) {
        addon_unref(made);
        return NULL;
    }
    return made;
}

/* setup(makeError, makeSecret, report) */
static napi_value
setup(napi_env env, napi_callback_info info)
{
    size_t argc = 3;
    napi_value argv[3] = { NULL };
    void *data = NULL;
    if (napi_get_cb_info(env, info, &argc, argv, NULL, &data) != napi_ok)
        return NULL;
    addon *addon = data;
    napi_ref *const places[3] = { &addon->make_error, &addon->make_secret, &addon->report };
    for (size_t i = 0; i < 3; i++) {
        if (!*places[i] && napi_create_reference(env, argv[i], 1, places[i]) != napi_ok)
            napi_throw_error(env, NULL, "the addon could not be set up");
    }
    return NULL;
}

/* The handle that an argument is, whether closed or not. */
static handle *
any_handle(napi_env env, napi_callback_info info)
{
    size_t argc = 1;
    napi_value argv[1] = { NULL };
    void *data = NULL;
    if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != 1 ||
        napi_get_value_external(env, argv[0], &data) != napi_ok) {
        napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "no object of the library");
        return NULL;
    }
    return data;
}

static napi_value
close_handle(napi_env env, napi_callback_info info)
{
    handle *one = any_handle(env, info);
    if (one)
        handle_close(env, one);
    return NULL;
}

static napi_value
is_closed(napi_env env, napi_callback_info info)
{
    handle *one = any_handle(env, info);
    napi_value out = NULL;
    if (one)
        napi_get_boolean(env, one->closed, &out);
    return out;
}

static napi_value
leave(napi_env env, napi_callback_info info)
{
    void *data = NULL;
    if (napi_get_cb_info(env, info, NULL, NULL, NULL, &data) == napi_ok)
        host_leave(data);
    return NULL;
}

/* { name: code } of all that the library has. */
static napi_value
statuses(napi_env env, napi_callback_info info)
{
    (void)info;
    napi_value out = NULL;
    if (napi_create_object(env, &out) != napi_ok)
        return NULL;
    for (uint32_t i = 0; i < envres_status_count(); i++) {
        envres_status status = envres_status_at(i);
        napi_value value = NULL;
        if (napi_create_int32(env, status, &value) != napi_ok ||
            napi_set_named_property(env, out, envres_status_name(status), value) != napi_ok)
            return NULL;
    }
    return out;
}

static bool
define(napi_env env, napi_value in, const char *name, napi_callback call, void *data)
{
    napi_value one = NULL;
    return napi_create_function(env, name, NAPI_AUTO_LENGTH, call, data, &one) == napi_ok &&
           napi_set_named_property(env, in, name, one) == napi_ok;
}

static bool
define_calls(napi_env env, napi_value exports, const char *name, napi_callback call)
{
    napi_value group = NULL;
    if (napi_create_object(env, &group) != napi_ok)
        return false;
    for (const function *one = envres_node_functions; one->name; one++) {
        /* The row itself is only read. */
        if (!define(env, group, one->name + sizeof("envres_") - 1, call, (void *)(uintptr_t)one))
            return false;
    }
    return napi_set_named_property(env, exports, name, group) == napi_ok;
}

NAPI_MODULE_INIT()
{
    addon *made = addon_new(env);
    if (!made || !define_calls(env, exports, "now", call_now) ||
        !define_calls(env, exports, "later", call_later) || !fast_define(env, made, exports) ||
        !define(env, exports, "setup", setup, made) ||
        !define(env, exports, "close", close_handle, made) ||
        !define(env, exports, "isClosed", is_closed, made) ||
        !define(env, exports, "leave", leave, made) ||
        !define(env, exports, "statuses", statuses, made)) {
        napi_throw_error(env, NULL, "the addon of envres could not be loaded");
        return NULL;
    }
    return exports;
}
