/* SPDX-License-Identifier: MIT */
/*
 * Principals and roles as the host calls them. A principal's key derivation runs without the lock:
 * it takes long, and a key provider may call back into the library.
 */
#include <envres/principal.h>

#include <string.h>

#include "api/argument.h"
#include "api/store.h"
#include "base/limits.h"
#include "model/principal.h"

static const char principal_what[] = "the principal's name";

static envres_status
read_options(const envres_principal_options *given, envres_principal_options *out,
             envres_error *err)
{
    envres_status st = opts_read(out, sizeof(*out), sizeof(*out), given, err);
    if (st < 0)
        return st;
    if (!out->credential)
        return err_set(err, ENVRES_E_INVALID, "a principal needs a credential");
    if (out->count > 0 && !out->environments)
        return err_set(err, ENVRES_E_INVALID, "the environments are NULL");
    for (size_t i = 0; i < out->count; i++) {
        if (!out->environments[i])
            return err_set(err, ENVRES_E_INVALID, "the key of an environment is NULL");
    }
    return ENVRES_OK;
}

envres_status
envres_principal_add(envres_session *session, const char *name, size_t name_len,
                     const envres_principal_options *given, const envres_change *change,
                     envres_error *err)
{
    envres_principal_options options = { 0 };
    struct new_principal made = { .identity = NULL };
    struct slice text = { 0 };
    char room[LIMIT_PRINCIPAL + 1];
    envres_status st = session_check(session, err);
    if (st == ENVRES_OK)
        st = read_options(given, &options, err);
    if (st == ENVRES_OK)
        st = argument_name(name, name_len, false, principal_what, &text, err);
    if (st == ENVRES_OK)
        st = argument_check_title(text, principal_what, err);
    if (st < 0)
        return st;
    envres_store *store = session->store;
    memcpy(room, text.data, text.len);
    room[text.len] = '\0';
    st = principal_make(store->arena, &store->mem, room, options.credential, store->kdf_memory_max,
                        &made, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st == ENVRES_OK) {
        struct first_roles roles = { options.role, options.environments, options.count };
        st = principal_add(&session->context, &made, &roles, change, err);
        session_leave(session);
    }
    new_principal_free(&made);
    return st;
}

envres_status
envres_principal_remove(envres_session *session, const char *name, size_t name_len,
                        const envres_change *change, envres_error *err)
{
    struct slice text = { 0 };
    envres_status st = argument_name(name, name_len, false, principal_what, &text, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = principal_remove(&session->context, text, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_principal_list(envres_session *session, envres_list **out, envres_error *err)
{
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = session_enter(session, err);
    if (st < 0)
        return st;
    st = principal_list(&session->context, out, err);
    session_leave(session);
    return st;
}

typedef envres_status (*role_fn)(struct context *ctx, const struct role_request *request,
                                 const envres_change *given, envres_error *err);

static envres_status
change_role(envres_session *session, const envres_role *given, const envres_change *change,
            role_fn act, envres_error *err)
{
    envres_role role = { 0 };
    struct role_request request = { .role = 0 };
    if (!given)
        return err_set(err, ENVRES_E_INVALID, "the role is NULL");
    envres_status st = opts_read(&role, sizeof(role), sizeof(role), given, err);
    if (st == ENVRES_OK)
        st = argument_name(role.principal, role.principal_len, false, principal_what,
                           &request.principal, err);
    if (st == ENVRES_OK)
        st = argument_name(role.environment, role.environment_len, true, "the environment's key",
                           &request.environment, err);
    request.role = role.role;
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = act(&session->context, &request, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_role_grant(envres_session *session, const envres_role *role, const envres_change *change,
                  envres_error *err)
{
    return change_role(session, role, change, principal_grant, err);
}

envres_status
envres_role_revoke(envres_session *session, const envres_role *role, const envres_change *change,
                   envres_error *err)
{
    return change_role(session, role, change, principal_revoke, err);
}
