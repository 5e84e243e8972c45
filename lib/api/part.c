/* SPDX-License-Identifier: MIT */
/*
 * Parts, what differs between versions, and freeing, as the host calls them: arguments are checked,
 * the lock is taken, the model does the work. Which paths a part can have is asked where one is
 * written; names of versions are read by the model.
 */
#include <envres/part.h>

#include "api/argument.h"
#include "api/store.h"
#include "model/content.h"

static const char path_what[] = "the path";

envres_status
envres_part_digest(const void *data, size_t len, uint8_t *digest, envres_error *err)
{
    if (!digest || (!data && len > 0))
        return err_set(err, ENVRES_E_INVALID, "the bytes or the place for the digest are NULL");
    part_digest(digest, data ? data : "", len);
    return ENVRES_OK;
}

envres_status
envres_part_put(envres_session *session, const envres_version_name *version,
                const envres_part_write *writes, size_t count, const envres_change *change,
                uint8_t *content, envres_error *err)
{
    envres_status st = session_enter(session, err);
    if (st < 0)
        return st;
    st = part_put(&session->context, version, writes, count, change, content, err);
    session_leave(session);
    return st;
}

envres_status
envres_part_get(envres_session *session, const envres_version_name *version, const char *path,
                size_t path_len, envres_value **out, envres_error *err)
{
    struct slice wanted = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(path, path_len, false, path_what, &wanted, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = part_get(&session->context, version, wanted, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_part_list(envres_session *session, const envres_version_name *version, envres_list **out,
                 envres_error *err)
{
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = session_enter(session, err);
    if (st < 0)
        return st;
    st = part_list(&session->context, version, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_part_history(envres_session *session, const envres_version_name *version, const char *path,
                    size_t path_len, envres_list **out, envres_error *err)
{
    struct slice wanted = { 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = argument_name(path, path_len, true, path_what, &wanted, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = part_history(&session->context, version, wanted, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_part_restore(envres_session *session, const envres_version_name *version, const char *path,
                    size_t path_len, int64_t edit, const envres_change *change, envres_error *err)
{
    struct slice wanted = { 0 };
    envres_status st = argument_name(path, path_len, false, path_what, &wanted, err);
    if (st == ENVRES_OK && edit < 0)
        st = err_set(err, ENVRES_E_INVALID, "the number of the edit is below 0");
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = part_restore(&session->context, version, wanted, edit, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_version_diff(envres_session *session, const envres_version_name *from,
                    const envres_version_name *to, uint32_t flags, envres_list **out,
                    envres_error *err)
{
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    if (flags & ~(uint32_t)ENVRES_DIFF_WITH_TEXT)
        return err_set(err, ENVRES_E_INVALID, "an unknown flag");
    st = session_enter(session, err);
    if (st < 0)
        return st;
    st = content_diff(&session->context, from, to, flags, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_session_gc(envres_session *session, const envres_change *change, envres_list **out,
                  envres_error *err)
{
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = session_enter(session, err);
    if (st < 0)
        return st;
    st = content_gc(&session->context, change, out, err);
    session_leave(session);
    return st;
}
