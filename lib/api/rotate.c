/* SPDX-License-Identifier: MIT */
/*
 * Rotation as the host calls it: a start, steps of one transaction each, and the report. Nothing
 * runs in a thread of the library's own; how fast the steps follow each other is the host's choice.
 */
#include <envres/key.h>

#include "api/argument.h"
#include "api/store.h"
#include "model/rotate.h"

static const char environment_what[] = "the environment's key";

envres_status
envres_key_rotate(envres_session *session, const char *environment, size_t environment_len,
                  const envres_change *change, envres_list **out, envres_error *err)
{
    struct slice key = { 0 };
    if (out)
        *out = NULL;
    envres_status st =
        argument_name(environment, environment_len, false, environment_what, &key, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = rotate_begin(&session->context, key, change, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_key_rotate_step(envres_session *session, const char *environment, size_t environment_len,
                       int64_t *left, envres_error *err)
{
    struct slice key = { 0 };
    envres_status st = argument_out(left, err);
    if (st == ENVRES_OK)
        st = argument_name(environment, environment_len, false, environment_what, &key, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = rotate_step(&session->context, key, left, err);
    session_leave(session);
    return st;
}

envres_status
envres_key_exposure(envres_session *session, const char *environment, size_t environment_len,
                    envres_list **out, envres_error *err)
{
    struct slice key = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(environment, environment_len, true, environment_what, &key, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = rotate_exposure(&session->context, key, out, err);
    session_leave(session);
    return st;
}
