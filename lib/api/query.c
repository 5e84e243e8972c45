/* SPDX-License-Identifier: MIT */
/*
 * The query library, as the host calls it: arguments are checked, the lock is taken, the model does
 * the work. Rendering needs no session, and is in resolve.
 */
#include <envres/query.h>

#include "api/argument.h"
#include "api/store.h"
#include "model/pin.h"
#include "model/query.h"
#include "resolve/query.h"

static const char name_what[] = "the query's name";

envres_status
envres_query_put(envres_session *session, const envres_query_write *write,
                 const envres_change *change, int64_t *revision, envres_error *err)
{
    if (revision)
        *revision = 0;
    if (!write)
        return err_set(err, ENVRES_E_INVALID, "there is nothing to write");
    envres_status st = session_enter(session, err);
    if (st < 0)
        return st;
    st = query_put(&session->context, write, change, revision, err);
    session_leave(session);
    return st;
}

envres_status
envres_query_restore(envres_session *session, const char *name, size_t name_len, int64_t revision,
                     const envres_change *change, int64_t *made, envres_error *err)
{
    struct slice wanted = { 0 };
    if (made)
        *made = 0;
    envres_status st = argument_name(name, name_len, false, name_what, &wanted, err);
    if (st == ENVRES_OK && revision < 1)
        st = err_set(err, ENVRES_E_INVALID, "revisions count from 1");
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = query_restore(&session->context, wanted, revision, change, made, err);
    session_leave(session);
    return st;
}

envres_status
envres_query_remove(envres_session *session, const char *name, size_t name_len,
                    const envres_change *change, envres_error *err)
{
    struct slice wanted = { 0 };
    envres_status st = argument_name(name, name_len, false, name_what, &wanted, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = query_remove(&session->context, wanted, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_query_list(envres_session *session, envres_list **out, envres_error *err)
{
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = session_enter(session, err);
    if (st < 0)
        return st;
    st = query_list(&session->context, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_query_history(envres_session *session, const char *name, size_t name_len, envres_list **out,
                     envres_error *err)
{
    struct slice wanted = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(name, name_len, false, name_what, &wanted, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = query_history(&session->context, wanted, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_query_open(envres_session *session, const char *name, size_t name_len, int64_t revision,
                  envres_query **out, envres_error *err)
{
    struct slice wanted = { 0 };
    struct query_row row;
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(name, name_len, false, name_what, &wanted, err);
    if (st == ENVRES_OK && revision < 0)
        st = err_set(err, ENVRES_E_INVALID, "the number of the revision is below 0");
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = query_read(&session->context, wanted, revision, &row, err);
    if (st == ENVRES_OK)
        st = query_new(&session->context, &row, out, err);
    query_row_free(&session->store->mem, &row);
    session_leave(session);
    return st;
}

envres_status
envres_query_pin(envres_session *session, const envres_version_name *version, const char *name,
                 size_t name_len, int64_t revision, const envres_change *change, envres_error *err)
{
    struct slice wanted = { 0 };
    envres_status st = argument_name(name, name_len, false, name_what, &wanted, err);
    if (st == ENVRES_OK && (revision < 0 || revision > LIMIT_QUERY_REVISIONS))
        st = err_set(err, ENVRES_E_INVALID, "revisions count from 1; 0 is the newest");
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = query_pin(&session->context, version, wanted, revision, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_query_unpin(envres_session *session, const envres_version_name *version, const char *name,
                   size_t name_len, const envres_change *change, envres_error *err)
{
    struct slice wanted = { 0 };
    envres_status st = argument_name(name, name_len, false, name_what, &wanted, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = query_unpin(&session->context, version, wanted, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_query_pins(envres_session *session, const envres_version_name *version, envres_list **out,
                  envres_error *err)
{
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = session_enter(session, err);
    if (st < 0)
        return st;
    st = query_pins(&session->context, version, out, err);
    session_leave(session);
    return st;
}
