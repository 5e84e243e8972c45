/* SPDX-License-Identifier: MIT */
/* Deposits and the inbox as the host calls them: arguments are checked, the lock is taken, the
 * model does the work. */
#include <envres/deposit.h>

#include "api/argument.h"
#include "api/store.h"
#include "model/deposit.h"

static const char env_what[] = "the environment's key";
static const char id_what[] = "the deposit's id";

envres_status
envres_deposit(envres_session *session, const char *environment, size_t environment_len,
               const envres_variable_write *write, const envres_change *change, char *id,
               envres_error *err)
{
    struct slice env = { 0 };
    if (id)
        id[0] = '\0';
    envres_status st = argument_name(environment, environment_len, false, env_what, &env, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = deposit_put(&session->context, env, write, change, id, err);
    session_leave(session);
    return st;
}

envres_status
envres_inbox_list(envres_session *session, const char *environment, size_t environment_len,
                  envres_list **out, envres_error *err)
{
    struct slice env = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(environment, environment_len, false, env_what, &env, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = deposit_list(&session->context, env, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_inbox_accept(envres_session *session, const char *environment, size_t environment_len,
                    const char *id, size_t id_len, const envres_change *change, int64_t *revision,
                    envres_error *err)
{
    struct slice env = { 0 };
    struct slice which = { 0 };
    if (revision)
        *revision = 0;
    envres_status st = argument_name(environment, environment_len, false, env_what, &env, err);
    if (st == ENVRES_OK)
        st = argument_name(id, id_len, false, id_what, &which, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = deposit_accept(&session->context, env, which, change, revision, err);
    session_leave(session);
    return st;
}

envres_status
envres_inbox_reject(envres_session *session, const char *environment, size_t environment_len,
                    const char *id, size_t id_len, const envres_change *change, envres_error *err)
{
    struct slice env = { 0 };
    struct slice which = { 0 };
    envres_status st = argument_name(environment, environment_len, false, env_what, &env, err);
    if (st == ENVRES_OK)
        st = argument_name(id, id_len, false, id_what, &which, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = deposit_reject(&session->context, env, which, change, err);
    session_leave(session);
    return st;
}
