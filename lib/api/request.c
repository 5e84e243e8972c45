/* SPDX-License-Identifier: MIT */
/*
 * Requests as the host calls them: arguments are checked, the lock is taken, model/request and
 * delivery/run do the work.
 */
#include <envres/request.h>

#include "api/argument.h"
#include "api/store.h"
#include "delivery/run.h"

static const char id_what[] = "the request's id";

typedef envres_status (*request_fn)(struct context *ctx, struct slice id,
                                    const envres_change *given, envres_error *err);

static envres_status
enter_with_id(envres_session *session, const char *id, size_t id_len, struct slice *out,
              envres_error *err)
{
    envres_status st = argument_name(id, id_len, false, id_what, out, err);
    return st < 0 ? st : session_enter(session, err);
}

static envres_status
change_request(envres_session *session, const char *id, size_t id_len, const envres_change *change,
               request_fn act, envres_error *err)
{
    struct slice given = { 0 };
    envres_status st = enter_with_id(session, id, id_len, &given, err);
    if (st < 0)
        return st;
    st = act(&session->context, given, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_request_list(envres_session *session, uint32_t flags, envres_list **out, envres_error *err)
{
    struct slice all = { NULL, 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = session_enter(session, err);
    if (st < 0)
        return st;
    st = request_list(&session->context, all, flags, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_request_show(envres_session *session, const char *id, size_t id_len, envres_list **out,
                    envres_error *err)
{
    struct slice given = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = enter_with_id(session, id, id_len, &given, err);
    if (st < 0)
        return st;
    st = request_list(&session->context, given, 0, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_request_approve(envres_session *session, const char *id, size_t id_len,
                       const envres_change *change, envres_error *err)
{
    return change_request(session, id, id_len, change, request_approve, err);
}

envres_status
envres_request_withdraw(envres_session *session, const char *id, size_t id_len,
                        const envres_change *change, envres_error *err)
{
    return change_request(session, id, id_len, change, request_withdraw, err);
}

envres_status
envres_request_run(envres_session *session, const char *id, size_t id_len,
                   const envres_change *change, int64_t *revision, envres_error *err)
{
    struct slice given = { 0 };
    if (revision)
        *revision = 0;
    envres_status st = enter_with_id(session, id, id_len, &given, err);
    if (st < 0)
        return st;
    st = request_run(&session->context, given, change, revision, err);
    session_leave(session);
    return st;
}
