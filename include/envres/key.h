/* SPDX-License-Identifier: MIT */
/**
 * Keys: the ways to unlock a principal (slots), the keys of environments and their rotation, and
 * the public root that all roles lead back to.
 *
 *   credential -> slot -> identity of the principal -> grants -> keys of environments -> records
 *
 * A new passphrase rewrites one slot. A key of an environment that somebody may have kept is
 * rotated: every record there is sealed anew under a key of the next generation.
 */
#ifndef ENVRES_KEY_H
#define ENVRES_KEY_H

#include <envres/principal.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Columns of envres_slot_list(). */
enum {
    ENVRES_SLOT_ORDINAL = 0, /**< integer from 1: one above the highest there when it was made */
    ENVRES_SLOT_LABEL = 1,   /**< text, may be empty */
    ENVRES_SLOT_KIND = 2,    /**< text: passphrase, key, provider */
    ENVRES_SLOT_TIME = 3,    /**< integer, ms UTC: when it was made or changed */
    ENVRES_SLOT_COLUMNS = 4
};

/**
 * The slots of the session's own principal, oldest first. Their set is signed by the principal: a
 * slot that somebody else put there or took away answers ENVRES_E_INTEGRITY. Errors: that one,
 * ENVRES_E_DENIED (a session that acts as another, or a principal that was removed). Since 0.1.
 */
ENVRES_API envres_status envres_slot_list(envres_session *session, envres_list **out,
                                          envres_error *err);

/**
 * Adds a way to unlock the session's own principal; nobody adds one for somebody else.
 * @param label       for people, at most 128 bytes, no control characters, may be empty: "laptop"
 * @param credential  what the new slot opens with; its `principal` is ignored
 * @param ordinal     may be NULL
 * Errors: ENVRES_E_NAME (the label), ENVRES_E_KEY_FORMAT, ENVRES_E_KDF_LIMIT, ENVRES_E_CALLBACK,
 * ENVRES_E_LIMIT (16 slots), ENVRES_E_DENIED (a session that acts as another). Since 0.1.
 */
ENVRES_API envres_status envres_slot_add(envres_session *session, const char *label,
                                         size_t label_len, const envres_credential *credential,
                                         const envres_change *change, int64_t *ordinal,
                                         envres_error *err);

/**
 * Puts another credential into a slot: a new passphrase. One row is rewritten; the old bytes are
 * overwritten in the file. Copies of the file made before still open with the old one.
 * Errors: as envres_slot_add(), but for the limit; ENVRES_E_NOT_FOUND. Since 0.1.
 */
ENVRES_API envres_status envres_slot_change(envres_session *session, int64_t ordinal,
                                            const envres_credential *credential,
                                            const envres_change *change, envres_error *err);

/** Removes a slot. Errors: ENVRES_E_NOT_FOUND, ENVRES_E_REFERRED (the last one stays),
 *  ENVRES_E_DENIED. Since 0.1. */
ENVRES_API envres_status envres_slot_remove(envres_session *session, int64_t ordinal,
                                            const envres_change *change, envres_error *err);

/**
 * A new identity for a principal whose key was lost or may be known to others: new key pairs, one
 * new slot, the same name, roles and keys of environments as far as the session holds them. What
 * the old key opens stays readable in old copies: rotate. The audit keeps both.
 * Errors: ENVRES_E_NO_PRINCIPAL, ENVRES_E_OWN_CHANGE (oneself: add a slot), ENVRES_E_DENIED,
 * ENVRES_E_KEY_FORMAT, ENVRES_E_KDF_LIMIT, ENVRES_E_CALLBACK, ENVRES_E_APPROVALS (it has a role
 * where others must approve: remove it, add it again, and grant its roles). Since 0.1.
 */
ENVRES_API envres_status envres_principal_rekey(envres_session *session, const char *name,
                                                size_t name_len,
                                                const envres_credential *credential,
                                                const envres_change *change, envres_error *err);

/**
 * The public root key of the session's workspace, to be pinned by hosts: envres_credential.root.
 * @param root  32 bytes of the caller's; it is no secret
 * Since 0.1.
 */
ENVRES_API envres_status envres_root_key(envres_session *session, uint8_t *root, envres_error *err);

/* ---- rotation ---- */

/** Columns of envres_key_rotate() and envres_key_exposure(): a row for each secret that somebody
 *  who no longer may could have read, and that has not been set anew since. */
enum {
    ENVRES_EXPOSURE_ENVIRONMENT = 0, /**< text */
    ENVRES_EXPOSURE_OBJECT = 1,      /**< text: "variable/NAME", "resource/HANDLE/FIELD" */
    ENVRES_EXPOSURE_PRINCIPAL = 2,   /**< text: who could have read it */
    ENVRES_EXPOSURE_TIME = 3,        /**< integer, ms UTC: since when they no longer may */
    ENVRES_EXPOSURE_COLUMNS = 4
};

/**
 * Begins a rotation of an environment's keys, in one transaction: keys of the next generation, for
 * everybody who may have them; what is written from now on is sealed under them. Open requests
 * there are void. envres_key_rotate_step() does the rest. A rotation that is under way is gone on
 * with, unless somebody lost the keys that it made: then it begins with others.
 * @param out  the secrets to change at their source; may be NULL
 * Errors: ENVRES_E_DENIED, ENVRES_E_NOT_FOUND (environment). Since 0.1.
 */
ENVRES_API envres_status envres_key_rotate(envres_session *session, const char *environment,
                                           size_t environment_len, const envres_change *change,
                                           envres_list **out, envres_error *err);

/**
 * Seals at most 256 records anew, in one transaction. How far it got is read from each record's own
 * generation, so that it can be stopped and gone on with at any time, by any holder of the keys.
 * With the last one the keys of older generations are erased from the file.
 * @param left  records still to do; 0: done
 * Errors: ENVRES_E_DENIED, ENVRES_E_NOT_FOUND, ENVRES_E_INTEGRITY (a record that does not open
 * stays as it is, and keeps its generation's keys from being erased). Since 0.1.
 */
ENVRES_API envres_status envres_key_rotate_step(envres_session *session, const char *environment,
                                                size_t environment_len, int64_t *left,
                                                envres_error *err);

/** The same report without a rotation. `environment` NULL: all. Errors: ENVRES_E_DENIED (the right
 *  to rotate). Since 0.1. */
ENVRES_API envres_status envres_key_exposure(envres_session *session, const char *environment,
                                             size_t environment_len, envres_list **out,
                                             envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
