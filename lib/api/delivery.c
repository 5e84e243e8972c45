/* SPDX-License-Identifier: MIT */
/*
 * Checks, scans and the status of an app as the host calls them: arguments are checked, the lock is
 * taken, lib/delivery does the work.
 */
#include <envres/app.h>
#include <envres/release.h>

#include "api/argument.h"
#include "api/store.h"
#include "delivery/check.h"
#include "delivery/scan.h"
#include "delivery/status.h"

envres_status
envres_version_check(envres_session *session, const envres_version_name *version,
                     const char *environment, size_t environment_len, envres_list **out,
                     envres_error *err)
{
    struct slice key = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(environment, environment_len, false, "the environment's key", &key, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = check_version(&session->context, version, key, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_scan_open(envres_session *session, const char *environment, size_t environment_len,
                 envres_scan **out, envres_list **findings, envres_error *err)
{
    struct slice key = { 0 };
    if (findings)
        *findings = NULL;
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(environment, environment_len, false, "the environment's key", &key, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = scan_open(&session->context, key, out, findings, err);
    session_leave(session);
    return st;
}

envres_status
envres_app_status(envres_session *session, const char *name, size_t name_len, envres_list **out,
                  envres_error *err)
{
    struct slice app = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(name, name_len, false, "the app's name", &app, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = status_app(&session->context, app, out, err);
    session_leave(session);
    return st;
}
