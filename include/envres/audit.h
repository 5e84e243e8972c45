/* SPDX-License-Identifier: MIT */
/**
 * The audit: one entry for every change, for every change that was refused for want of a right, and
 * for secrets that are shown, or read where the host asks for that (ENVRES_SCOPE_AUDITED).
 *
 * Entries form a chain in which each holds the hash of the one before; each is signed by the
 * principal that was unlocked. No entry ever holds a value.
 */
#ifndef ENVRES_AUDIT_H
#define ENVRES_AUDIT_H

#include <envres/store.h>
#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct envres_audit_options {
    uint32_t size;
    uint32_t reserved;
    /** Entries behind this sequence number; 0: from the first. */
    int64_t since;
    /** At most so many; 0: all. */
    int64_t limit;
    /** Of this environment; NULL: of all, and those of none. */
    const char *environment;
    size_t environment_len;
    /** Of this app, its versions and parts; NULL: of all. */
    const char *app;
    size_t app_len;
} envres_audit_options;

/** Columns of envres_audit_list(). */
enum {
    ENVRES_AUDIT_SEQUENCE = 0,    /**< integer from 1, without gaps in the workspace */
    ENVRES_AUDIT_TIME = 1,        /**< integer, ms UTC */
    ENVRES_AUDIT_ACTOR = 2,       /**< text: who did it */
    ENVRES_AUDIT_ASSERTED_BY = 3, /**< text: who was unlocked, when the host acted as the actor;
                                      else null */
    ENVRES_AUDIT_ACTION = 4,      /**< text: "variable.put", "version.release", ... */
    ENVRES_AUDIT_OBJECT = 5,      /**< text: "variable/NAME", "version/APP/V", ... */
    ENVRES_AUDIT_ENVIRONMENT = 6, /**< text: key; null for none, and for one that was removed */
    ENVRES_AUDIT_REVISION = 7,    /**< integer: what the change made; null for nothing numbered */
    ENVRES_AUDIT_OUTCOME = 8,     /**< text: ok, denied */
    ENVRES_AUDIT_REASON = 9,      /**< text, may be empty */
    ENVRES_AUDIT_OPERATION = 10,  /**< text: operation id, 32 hex digits */
    ENVRES_AUDIT_POLICY = 11,     /**< integer: version of principals and roles it was done under */
    ENVRES_AUDIT_COLUMNS = 12
};

/**
 * Entries, oldest first. The chain is not checked here: envres_audit_verify().
 * Errors: ENVRES_E_DENIED (the right to read the audit, in the workspace or in the environment that
 * is asked for), ENVRES_E_NOT_FOUND (environment). Since 0.1.
 */
ENVRES_API envres_status envres_audit_list(envres_session *session,
                                           const envres_audit_options *options, envres_list **out,
                                           envres_error *err);

/**
 * Walks the whole chain: every link, every signature.
 * @param first_bad  sequence of the first entry that is wrong or missing, 0 when none is; may be
 *                   NULL
 * @param out        findings, as envres_store_verify() gives them; no row: all is well
 * Errors: ENVRES_E_DENIED. A finding is not an error. Since 0.1.
 */
ENVRES_API envres_status envres_audit_verify(envres_session *session, int64_t *first_bad,
                                             envres_list **out, envres_error *err);

/**
 * Compares the store with a checkpoint that the host kept: what was cut off, or exchanged, since
 * then is noticed whatever the file says of itself.
 * Errors: ENVRES_E_ROLLBACK (its entry is not there any more), ENVRES_E_FORK (another one stands in
 * its place), ENVRES_E_INTEGRITY (the checkpoint is not of this workspace or its signature is
 * wrong; or an entry behind it is), ENVRES_E_DENIED, ENVRES_E_INVALID. Since 0.1.
 */
ENVRES_API envres_status envres_audit_check(envres_session *session,
                                            const envres_checkpoint *checkpoint, envres_error *err);

typedef struct envres_reveal_options {
    uint32_t size;
    uint32_t reserved;
    /** Key of the environment whose secrets are shown. */
    const char *environment;
    size_t environment_len;
    /** What is shown: "variable/NAME", "resource/HANDLE" or "resource/HANDLE/FIELD"; NULL: all that
     *  is set there. */
    const char *object;
    size_t object_len;
} envres_reveal_options;

/**
 * Asks for the right to show secrets to people, and says in the audit that they are shown: an entry
 * "secret.reveal", on the disk when this answers ENVRES_OK. Call it before any of them is shown; a
 * host that only uses them (a render, a handle) has nothing to say.
 * Errors: ENVRES_E_DENIED, ENVRES_E_NOT_FOUND (environment, object), ENVRES_E_INVALID (object is no
 * name of that form), ENVRES_E_READ_ONLY and ENVRES_E_FULL (an entry that cannot be written: show
 * nothing), ENVRES_E_CALLBACK and those of every change. Since 0.1.
 */
ENVRES_API envres_status envres_audit_reveal(envres_session *session,
                                             const envres_reveal_options *options,
                                             const envres_change *change, envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
