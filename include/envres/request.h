/* SPDX-License-Identifier: MIT */
/**
 * Requests: changes that wait for the approval of others.
 *
 * Where an environment asks for N approvals, a change there by one alone answers
 * ENVRES_E_APPROVALS and opens a request, whose id is the error's subject. N others who may approve
 * sign it; then the requester runs it. An approval is for exactly what was asked, once: when what
 * it builds on has changed meanwhile, or the roles in the workspace have, the request is void.
 */
#ifndef ENVRES_REQUEST_H
#define ENVRES_REQUEST_H

#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ENVRES_REQUEST_ALL = 1 /**< list: closed ones too */
};

/** Columns of envres_request_list() and _show(). */
enum {
    ENVRES_REQUEST_ID = 0,          /**< text: 32 hex digits */
    ENVRES_REQUEST_ACTION = 1,      /**< text: "version.release", ... */
    ENVRES_REQUEST_OBJECT = 2,      /**< text: "version/APP/V", ... */
    ENVRES_REQUEST_ENVIRONMENT = 3, /**< text: key */
    ENVRES_REQUEST_DIGEST = 4,      /**< text: what approvals sign, 64 hex digits */
    ENVRES_REQUEST_NEEDED = 5,      /**< integer: how many approvals */
    ENVRES_REQUEST_GIVEN = 6,       /**< text: names of who approved, one in a line; may be empty */
    ENVRES_REQUEST_STATE = 7,       /**< text: open, approved, done, withdrawn, expired, void */
    ENVRES_REQUEST_REQUESTER = 8,   /**< text */
    ENVRES_REQUEST_REASON = 9,      /**< text, may be empty */
    ENVRES_REQUEST_TIME = 10,       /**< integer, ms UTC */
    ENVRES_REQUEST_EXPIRES = 11,    /**< integer, ms UTC */
    ENVRES_REQUEST_MAY_APPROVE = 12, /**< text: who may still approve, one name in a line */
    ENVRES_REQUEST_COLUMNS = 13
};

/** Requests of the workspace, oldest first. @param flags  ENVRES_REQUEST_*
 *  Errors: ENVRES_E_DENIED (the right to see names, anywhere). Since 0.1. */
ENVRES_API envres_status envres_request_list(envres_session *session, uint32_t flags,
                                             envres_list **out, envres_error *err);

/** One request, one row. @param id  as listed, or at least its first 8 digits.
 *  Errors: ENVRES_E_NOT_FOUND, ENVRES_E_DENIED. Since 0.1. */
ENVRES_API envres_status envres_request_show(envres_session *session, const char *id, size_t id_len,
                                             envres_list **out, envres_error *err);

/**
 * Approves with the session's own key.
 * Errors: ENVRES_E_NOT_FOUND; ENVRES_E_CLOSED (done, withdrawn, expired, void); ENVRES_E_DENIED
 * (the right to approve there; a session that acts as another never has it); ENVRES_E_OWN_CHANGE
 * (the requester, or an author of what is asked for). A second approval of the same principal does
 * nothing. Since 0.1.
 */
ENVRES_API envres_status envres_request_approve(envres_session *session, const char *id,
                                                size_t id_len, const envres_change *change,
                                                envres_error *err);

/** Takes a request back: its requester, or an owner. Errors: ENVRES_E_NOT_FOUND, ENVRES_E_CLOSED,
 *  ENVRES_E_DENIED. Since 0.1. */
ENVRES_API envres_status envres_request_withdraw(envres_session *session, const char *id,
                                                 size_t id_len, const envres_change *change,
                                                 envres_error *err);

/**
 * Does what was asked for: its requester, when enough have approved.
 * @param revision  what it made, as the call itself would have said; may be NULL
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_CLOSED, ENVRES_E_APPROVALS (how many are missing, and who
 * may give them), ENVRES_E_DENIED (not the requester), and those of the change itself. Since 0.1.
 */
ENVRES_API envres_status envres_request_run(envres_session *session, const char *id, size_t id_len,
                                            const envres_change *change, int64_t *revision,
                                            envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
