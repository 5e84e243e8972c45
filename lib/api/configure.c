/* SPDX-License-Identifier: MIT */
/*
 * Environments, variables and resources as the host calls them: arguments are checked, the lock is
 * taken, the model does the work.
 */
#include <envres/environment.h>
#include <envres/resource.h>
#include <envres/variable.h>

#include "api/argument.h"
#include "api/store.h"
#include "model/history.h"
#include "model/reference.h"
#include "model/resource.h"
#include "model/variable.h"

static envres_status
read_flags(uint32_t flags, envres_error *err)
{
    if (flags & ~(uint32_t)ENVRES_READ_REVEAL)
        return err_set(err, ENVRES_E_INVALID, "an unknown flag");
    return ENVRES_OK;
}

static const char env_what[] = "the environment's key";
static const char name_what[] = "the name";

/* ---- environments --------------------------------------------------------------------------- */

envres_status
envres_environment_add(envres_session *session, const char *key, size_t key_len,
                       const envres_environment_options *given, const envres_change *change,
                       envres_error *err)
{
    envres_environment_options options = { 0 };
    struct slice name = { 0 };
    envres_status st = opts_read(&options, sizeof(options), sizeof(options), given, err);
    if (st == ENVRES_OK)
        st = argument_name(key, key_len, false, env_what, &name, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = environment_add(&session->context, name, &options, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_environment_set(envres_session *session, const char *key, size_t key_len,
                       const envres_environment_options *given, const envres_change *change,
                       envres_error *err)
{
    envres_environment_options options = { 0 };
    struct slice name = { 0 };
    envres_status st = opts_read(&options, sizeof(options), sizeof(options), given, err);
    if (st == ENVRES_OK)
        st = argument_name(key, key_len, false, env_what, &name, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = environment_set(&session->context, name, &options, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_environment_remove(envres_session *session, const char *key, size_t key_len,
                          const envres_change *change, envres_error *err)
{
    struct slice name = { 0 };
    envres_status st = argument_name(key, key_len, false, env_what, &name, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = environment_remove(&session->context, name, change, err);
    session_leave(session);
    return st;
}

static envres_status
list_environments(envres_session *session, struct slice key, envres_list **out, envres_error *err)
{
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = session_enter(session, err);
    if (st < 0)
        return st;
    st = environment_list(&session->context, key, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_environment_list(envres_session *session, envres_list **out, envres_error *err)
{
    return list_environments(session, slice_of(NULL, 0), out, err);
}

envres_status
envres_environment_describe(envres_session *session, const char *key, size_t key_len,
                            envres_list **out, envres_error *err)
{
    struct slice name = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(key, key_len, false, env_what, &name, err);
    return st < 0 ? st : list_environments(session, name, out, err);
}

/* ---- variables ------------------------------------------------------------------------------ */

envres_status
envres_variable_put_many(envres_session *session, const char *environment, size_t environment_len,
                         const envres_variable_write *writes, size_t count,
                         const envres_change *change, int64_t *revision, envres_error *err)
{
    struct slice env = { 0 };
    if (revision)
        *revision = 0;
    envres_status st = argument_name(environment, environment_len, false, env_what, &env, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = variable_put(&session->context, env, writes, count, change, revision, err);
    session_leave(session);
    return st;
}

envres_status
envres_variable_put(envres_session *session, const char *environment, size_t environment_len,
                    const envres_variable_write *write, const envres_change *change,
                    int64_t *revision, envres_error *err)
{
    return envres_variable_put_many(session, environment, environment_len, write, 1, change,
                                    revision, err);
}

envres_status
envres_variable_unset(envres_session *session, const char *environment, size_t environment_len,
                      const char *name, size_t name_len, const envres_change *change,
                      int64_t *revision, envres_error *err)
{
    struct slice env = { 0 };
    struct slice wanted = { 0 };
    if (revision)
        *revision = 0;
    envres_status st = argument_name(environment, environment_len, false, env_what, &env, err);
    if (st == ENVRES_OK)
        st = argument_name(name, name_len, false, name_what, &wanted, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = variable_unset(&session->context, env, wanted, change, revision, err);
    session_leave(session);
    return st;
}

envres_status
envres_variable_get(envres_session *session, const char *environment, size_t environment_len,
                    const char *name, size_t name_len, uint32_t flags, envres_value **out,
                    envres_error *err)
{
    struct slice env = { 0 };
    struct slice wanted = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = read_flags(flags, err);
    if (st == ENVRES_OK)
        st = argument_name(environment, environment_len, false, env_what, &env, err);
    if (st == ENVRES_OK)
        st = argument_name(name, name_len, false, name_what, &wanted, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = variable_get(&session->context, env, wanted, flags, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_variable_list(envres_session *session, const char *environment, size_t environment_len,
                     uint32_t flags, envres_list **out, envres_error *err)
{
    struct slice env = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = read_flags(flags, err);
    if (st == ENVRES_OK)
        st = argument_name(environment, environment_len, true, env_what, &env, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = variable_list(&session->context, env, flags, out, err);
    session_leave(session);
    return st;
}

static envres_status
list_history(envres_session *session, struct slice env, enum object_class object_class,
             struct slice name, uint32_t flags, envres_list **out, envres_error *err)
{
    envres_status st = read_flags(flags, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = history_list(&session->context, env, object_class, name, flags, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_variable_history(envres_session *session, const char *environment, size_t environment_len,
                        const char *name, size_t name_len, uint32_t flags, envres_list **out,
                        envres_error *err)
{
    struct slice env = { 0 };
    struct slice wanted = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(environment, environment_len, false, env_what, &env, err);
    if (st == ENVRES_OK)
        st = argument_name(name, name_len, false, name_what, &wanted, err);
    return st < 0 ? st : list_history(session, env, OBJECT_VARIABLE, wanted, flags, out, err);
}

envres_status
envres_restore(envres_session *session, const char *environment, size_t environment_len,
               const envres_restore_point *point, const envres_change *change, int64_t *made,
               envres_error *err)
{
    struct slice env = { 0 };
    if (made)
        *made = 0;
    if (!point)
        return err_set(err, ENVRES_E_INVALID, "what to restore is NULL");
    envres_status st = argument_name(environment, environment_len, false, env_what, &env, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = history_restore(&session->context, env, point, change, made, err);
    session_leave(session);
    return st;
}

envres_status
envres_variable_destroy(envres_session *session, const char *environment, size_t environment_len,
                        const char *name, size_t name_len, int64_t revision,
                        const envres_change *change, envres_error *err)
{
    struct slice env = { 0 };
    struct slice wanted = { 0 };
    envres_status st = argument_name(environment, environment_len, false, env_what, &env, err);
    if (st == ENVRES_OK)
        st = argument_name(name, name_len, false, name_what, &wanted, err);
    if (st == ENVRES_OK && revision < 1)
        st = err_set(err, ENVRES_E_INVALID, "revisions count from 1");
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = config_destroy(&session->context, env, wanted, revision, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_variable_rename(envres_session *session, const char *name, size_t name_len, const char *to,
                       size_t to_len, const envres_change *change, envres_error *err)
{
    struct slice from = { 0 };
    struct slice target = { 0 };
    envres_status st = argument_name(name, name_len, false, name_what, &from, err);
    if (st == ENVRES_OK)
        st = argument_name(to, to_len, false, "the new name", &target, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = variable_rename(&session->context, from, target, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_variable_delete(envres_session *session, const char *name, size_t name_len,
                       const envres_change *change, envres_error *err)
{
    struct slice wanted = { 0 };
    envres_status st = argument_name(name, name_len, false, name_what, &wanted, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = variable_delete(&session->context, wanted, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_references(envres_session *session, const char *object, size_t object_len, envres_list **out,
                  envres_error *err)
{
    struct slice wanted = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(object, object_len, false, "the object", &wanted, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = reference_list(&session->context, wanted, out, err);
    session_leave(session);
    return st;
}

/* ---- resources ------------------------------------------------------------------------------ */

envres_status
envres_resource_define(envres_session *session, const char *handle, size_t handle_len,
                       const char *kind, size_t kind_len, const envres_change *change,
                       envres_error *err)
{
    struct slice name = { 0 };
    struct slice kind_name = { 0 };
    envres_status st = argument_name(handle, handle_len, false, "the handle", &name, err);
    if (st == ENVRES_OK)
        st = argument_name(kind, kind_len, false, "the kind", &kind_name, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = resource_define(&session->context, name, kind_name, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_resource_configure(envres_session *session, const char *environment, size_t environment_len,
                          const envres_resource_write *write, const envres_change *change,
                          int64_t *revision, envres_error *err)
{
    struct slice env = { 0 };
    if (revision)
        *revision = 0;
    if (!write)
        return err_set(err, ENVRES_E_INVALID, "there is nothing to write");
    envres_status st = argument_name(environment, environment_len, false, env_what, &env, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = resource_configure(&session->context, env, write, change, revision, err);
    session_leave(session);
    return st;
}

envres_status
envres_resource_fallback(envres_session *session, const char *environment, size_t environment_len,
                         const envres_fallback *given, const envres_change *change,
                         envres_error *err)
{
    envres_fallback fallback = { 0 };
    struct slice env = { 0 };
    struct slice handle = { 0 };
    struct slice to = { 0 };
    if (!given)
        return err_set(err, ENVRES_E_INVALID, "the fallback is NULL");
    envres_status st = opts_read(&fallback, sizeof(fallback), sizeof(fallback), given, err);
    if (st == ENVRES_OK)
        st = argument_name(environment, environment_len, false, env_what, &env, err);
    if (st == ENVRES_OK)
        st = argument_name(fallback.handle, fallback.handle_len, false, "the handle", &handle, err);
    if (st == ENVRES_OK)
        st = argument_name(fallback.to, fallback.to_len, true, env_what, &to, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = resource_set_fallback(&session->context, env, handle, to, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_resource_remove(envres_session *session, const char *handle, size_t handle_len,
                       const envres_change *change, envres_error *err)
{
    struct slice name = { 0 };
    envres_status st = argument_name(handle, handle_len, false, "the handle", &name, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = resource_remove(&session->context, name, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_resource_list(envres_session *session, envres_list **out, envres_error *err)
{
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = session_enter(session, err);
    if (st < 0)
        return st;
    st = resource_list(&session->context, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_resource_history(envres_session *session, const char *environment, size_t environment_len,
                        const char *handle, size_t handle_len, uint32_t flags, envres_list **out,
                        envres_error *err)
{
    struct slice env = { 0 };
    struct slice name = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(environment, environment_len, false, env_what, &env, err);
    if (st == ENVRES_OK)
        st = argument_name(handle, handle_len, false, "the handle", &name, err);
    return st < 0 ? st : list_history(session, env, OBJECT_RESOURCE, name, flags, out, err);
}
