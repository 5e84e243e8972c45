/* SPDX-License-Identifier: MIT */
/*
 * What a host says to the audit, and holds against it: secrets that are shown to people,
 * checkpoints it kept. (Listing and verifying are in store.c, beside the checks of the whole
 * store.)
 */
#include <envres/audit.h>

#include "api/argument.h"
#include "api/store.h"
#include "model/trail.h"

envres_status
envres_audit_reveal(envres_session *session, const envres_reveal_options *given,
                    const envres_change *change, envres_error *err)
{
    envres_reveal_options options = { 0 };
    struct reveal_request request = { .environment = { 0 } };
    if (!given)
        return err_set(err, ENVRES_E_INVALID, "what is revealed is NULL");
    envres_status st = opts_read(&options, sizeof(options), sizeof(options), given, err);
    if (st == ENVRES_OK)
        st = argument_name(options.environment, options.environment_len, false,
                           "the environment's key", &request.environment, err);
    if (st == ENVRES_OK)
        st = argument_name(options.object, options.object_len, true, "what is revealed",
                           &request.object, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = trail_reveal(&session->context, &request, change, err);
    session_leave(session);
    return st;
}

envres_status
envres_audit_check(envres_session *session, const envres_checkpoint *given, envres_error *err)
{
    envres_checkpoint checkpoint = { 0 };
    if (!given)
        return err_set(err, ENVRES_E_INVALID, "the checkpoint is NULL");
    envres_status st = opts_read(&checkpoint, sizeof(checkpoint), sizeof(checkpoint), given, err);
    if (st == ENVRES_OK && (!checkpoint.workspace || !checkpoint.signer || !checkpoint.sign_key ||
                            !checkpoint.hash || !checkpoint.signature))
        st = err_set(err, ENVRES_E_INVALID, "a part of the checkpoint is NULL");
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = trail_check(&session->context, &checkpoint, err);
    session_leave(session);
    return st;
}
