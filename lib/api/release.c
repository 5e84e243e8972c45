/* SPDX-License-Identifier: MIT */
/*
 * Promotions, releases and rollbacks as the host calls them: outputs are cleared, the lock is
 * taken, lib/delivery does the work.
 */
#include <envres/release.h>

#include "api/argument.h"
#include "api/store.h"
#include "delivery/release.h"

static const char app_what[] = "the app's name";

static void
clear(envres_list **list)
{
    if (list)
        *list = NULL;
}

envres_status
envres_version_promote(envres_session *session, const envres_version_name *version,
                       const envres_promote_options *options, const envres_change *change,
                       envres_list **findings, envres_error *err)
{
    clear(findings);
    envres_status st = session_enter(session, err);
    if (st < 0)
        return st;
    st = move_promote(&session->context, version, options, change, findings, err);
    session_leave(session);
    return st;
}

envres_status
envres_version_discard(envres_session *session, const envres_version_name *version,
                       const envres_version_seen *seen, const envres_change *change,
                       envres_error *err)
{
    envres_status st = session_enter(session, err);
    if (st < 0)
        return st;
    st = move_discard(&session->context, version, seen, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_release_create(envres_session *session, const envres_version_name *version,
                      const envres_release_options *options, const envres_change *change,
                      envres_list **out, envres_list **findings, envres_error *err)
{
    clear(out);
    clear(findings);
    envres_status st = session_enter(session, err);
    if (st < 0)
        return st;
    st = move_release(&session->context, version, options, change, out, findings, err);
    session_leave(session);
    return st;
}

envres_status
envres_release_rollback(envres_session *session, const char *app, size_t app_len,
                        const envres_rollback_options *options, const envres_change *change,
                        envres_list **out, envres_list **findings, envres_error *err)
{
    struct slice name = { 0 };
    clear(out);
    clear(findings);
    envres_status st = argument_name(app, app_len, false, app_what, &name, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = move_rollback(&session->context, name, options, change, out, findings, err);
    session_leave(session);
    return st;
}

envres_status
envres_release_withdraw(envres_session *session, const char *app, size_t app_len,
                        int64_t expect_live, const envres_change *change, envres_list **out,
                        envres_error *err)
{
    struct slice name = { 0 };
    clear(out);
    envres_status st = argument_name(app, app_len, false, app_what, &name, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = move_withdraw(&session->context, name, expect_live, change, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_release_list(envres_session *session, const char *app, size_t app_len, envres_list **out,
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
    st = release_list(&session->context, name, out, err);
    session_leave(session);
    return st;
}
