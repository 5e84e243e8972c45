/* SPDX-License-Identifier: MIT */
/*
 * Objects of the library as values of JavaScript.
 *
 * A handle is given back to the library once: when it was closed or collected and no call uses it
 * any more. A call that runs on another thread holds it, so that closing under use frees nothing
 * that is used. All counting is done on the environment's own thread.
 */
#include "shim.h"

#include <stdlib.h>

static bool
is_for_one_thread(uint32_t kind)
{
    return kind == KIND_REDACTOR || kind == KIND_SCAN;
}

/* Closing a session may call the audit's sink: with a call around it where JavaScript can run, else
 * the sink counts as failed. */
static void
free_object(napi_env env, const handle *one, void *object, const host *host)
{
    bool asks = env && host;
    call c = { .addon = one->addon };
    call **running = call_running();
    call *before = *running;
    *running = asks ? &c : NULL;
    envres_node_kinds[one->kind].free(object);
    *running = before;
    if (asks) {
        report_raised(env, &c);
        call_end(env, &c);
    }
}

/* The host's functions go with the object, and not with JavaScript's value: what they refer to may
 * be that very value, which then would never be collected. */
static void
give_back(napi_env env, handle *one)
{
    void *object = one->object;
    handle *owner = one->owner;
    host *host = one->host;
    one->object = NULL;
    one->owner = NULL;
    one->host = NULL;
    if (owner)
        handle_release(env, owner);
    if (object && !one->borrowed)
        free_object(env, one, object, host);
    host_unref(one->addon->env, host);
}

static void
drop(napi_env env, handle *one)
{
    if (--one->refs > 0)
        return;
    give_back(env, one);
    addon_unref(one->addon);
    if (one->locks)
        pthread_mutex_destroy(&one->lock);
    free(one);
}

/* Collected, or the environment ends: no JavaScript may run. */
static void
collected(napi_env env, void *data, void *hint)
{
    (void)env;
    (void)hint;
    handle *one = data;
    one->closed = true;
    if (one->users == 0)
        give_back(NULL, one);
    drop(NULL, one);
}

napi_value
handle_new(napi_env env, addon *addon, uint32_t kind, void *object, host *host, handle *owner,
           bool borrowed)
{
    handle *one = calloc(1, sizeof(*one));
    napi_value made = NULL;
    if (one && is_for_one_thread(kind))
        one->locks = pthread_mutex_init(&one->lock, NULL) == 0;
    if (!one || (is_for_one_thread(kind) && !one->locks)) {
        free(one);
        if (!borrowed)
            envres_node_kinds[kind].free(object);
        napi_throw_error(env, "ENVRES_E_NOMEM", "out of memory");
        return NULL;
    }
    one->kind = kind;
    one->object = object;
    one->addon = addon;
    addon->refs++;
    one->borrowed = borrowed;
    one->refs = 1;
    one->host = host;
    host_ref(host);
    if (owner) {
        handle_hold(owner);
        one->owner = owner;
    }
    if (napi_create_external(env, one, collected, NULL, &made) != napi_ok) {
        one->closed = true;
        drop(NULL, one);
        return NULL;
    }
    return made;
}

handle *
handle_of(napi_env env, addon *addon, napi_value value, uint32_t kind)
{
    void *data = NULL;
    if (!value || napi_get_value_external(env, value, &data) != napi_ok || !data ||
        ((handle *)data)->kind != kind) {
        napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "an object of another class is needed");
        return NULL;
    }
    handle *one = data;
    if (one->closed) {
        throw_closed(env, addon, one);
        return NULL;
    }
    return one;
}

void
handle_hold(handle *one)
{
    one->refs++;
    one->users++;
}

void
handle_release(napi_env env, handle *one)
{
    if (--one->users == 0 && one->closed)
        give_back(env, one);
    drop(env, one);
}

void
handle_close(napi_env env, handle *one)
{
    if (one->closed)
        return;
    one->closed = true;
    if (one->users == 0)
        give_back(env, one);
}
