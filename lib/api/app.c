/* SPDX-License-Identifier: MIT */
/*
 * Apps and versions as the host calls them: arguments are checked, the lock is taken, the model
 * does the work.
 */
#include <envres/app.h>

#include "api/argument.h"
#include "api/store.h"
#include "model/version.h"

static const char app_what[] = "the app's name";
static const char env_what[] = "the environment's key";

/* ---- apps ----------------------------------------------------------------------------------- */

typedef envres_status (*app_fn)(struct context *ctx, struct slice name,
                                const envres_app_options *options, const envres_change *given,
                                envres_error *err);

static envres_status
change_app(envres_session *session, struct slice given_name, const envres_app_options *given,
           const envres_change *change, app_fn act, envres_error *err)
{
    envres_app_options options = { 0 };
    struct slice name = { 0 };
    envres_status st = opts_read(&options, sizeof(options), sizeof(options), given, err);
    if (st == ENVRES_OK)
        st = argument_name(given_name.data, given_name.len, false, app_what, &name, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = act(&session->context, name, &options, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_app_create(envres_session *session, const char *name, size_t name_len,
                  const envres_app_options *options, const envres_change *change, envres_error *err)
{
    struct slice given = { name, name_len };
    return change_app(session, given, options, change, app_create, err);
}

envres_status
envres_app_set(envres_session *session, const char *name, size_t name_len,
               const envres_app_options *options, const envres_change *change, envres_error *err)
{
    struct slice given = { name, name_len };
    return change_app(session, given, options, change, app_set, err);
}

static envres_status
list_apps(envres_session *session, struct slice name, envres_list **out, envres_error *err)
{
    envres_status st = session_enter(session, err);
    if (st < 0)
        return st;
    st = app_list(&session->context, name, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_app_list(envres_session *session, envres_list **out, envres_error *err)
{
    struct slice all = { NULL, 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    return list_apps(session, all, out, err);
}

envres_status
envres_app_describe(envres_session *session, const char *name, size_t name_len, envres_list **out,
                    envres_error *err)
{
    struct slice wanted = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(name, name_len, false, app_what, &wanted, err);
    return st < 0 ? st : list_apps(session, wanted, out, err);
}

/* ---- versions ------------------------------------------------------------------------------- */

envres_status
envres_version_create(envres_session *session, const char *app, size_t app_len,
                      const envres_version_options *options, const envres_change *change,
                      envres_list **out, envres_error *err)
{
    struct slice name = { 0 };
    if (out)
        *out = NULL;
    envres_status st = argument_name(app, app_len, false, app_what, &name, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = version_create(&session->context, name, options, change, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_version_set(envres_session *session, const envres_version_name *version,
                   const envres_version_options *options, const envres_change *change,
                   envres_error *err)
{
    envres_status st = session_enter(session, err);
    if (st < 0)
        return st;
    st = version_set(&session->context, version, options, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_version_list(envres_session *session, const char *app, size_t app_len,
                    const char *environment, size_t environment_len, uint32_t flags,
                    envres_list **out, envres_error *err)
{
    struct slice name = { 0 };
    struct slice key = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(app, app_len, false, app_what, &name, err);
    if (st == ENVRES_OK)
        st = argument_name(environment, environment_len, true, env_what, &key, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = version_list(&session->context, name, key, flags, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_version_describe(envres_session *session, const envres_version_name *version,
                        envres_list **out, envres_error *err)
{
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = session_enter(session, err);
    if (st < 0)
        return st;
    st = version_describe(&session->context, version, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_version_open(envres_session *session, const envres_version_name *version,
                    const char *environment, size_t environment_len, const envres_change *change,
                    envres_list **out, envres_error *err)
{
    struct slice key = { 0 };
    if (out)
        *out = NULL;
    envres_status st = argument_name(environment, environment_len, false, env_what, &key, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = version_open(&session->context, version, key, change, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_version_last(envres_session *session, const char *app, size_t app_len, envres_list **out,
                    envres_error *err)
{
    struct slice name = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(app, app_len, false, app_what, &name, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = version_last(&session->context, name, out, err);
    session_leave(session);
    return st;
}
