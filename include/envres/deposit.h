/* SPDX-License-Identifier: MIT */
/**
 * Deposits: values handed in by somebody who may write and not read.
 *
 * A deposit is sealed to the environment's public key, which a holder of its keys signed, and
 * signed by the depositor. It is no value yet: a key holder accepts it, or rejects it.
 */
#ifndef ENVRES_DEPOSIT_H
#define ENVRES_DEPOSIT_H

#include <envres/variable.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Hands in a value for a variable. It is bound to the variable's revision of now: when the variable
 * is changed before the deposit is accepted, the deposit is stale. The store's principal needs the
 * right to deposit, and no key.
 *
 * Type and class of a name that has a value in any environment stay as they are: a deposit of
 * another type or class is refused here when the principal may see names, else when it is accepted.
 * @param write  as for envres_variable_put(), but: its `expect_revision` is ignored, and a name
 * that nobody set before is a secret unless ENVRES_WRITE_PLAIN is given
 * @param id     33 bytes of the caller's: the deposit's id, 32 hex digits and a NUL; may be NULL
 * Errors: ENVRES_E_DENIED, ENVRES_E_NOT_FOUND (environment), ENVRES_E_NAME, ENVRES_E_TYPE,
 * ENVRES_E_REASON, ENVRES_E_INTEGRITY (the environment's public key is not signed by somebody who
 * may), ENVRES_E_LIMIT (1,000 deposits wait in the environment). Since 0.1.
 */
ENVRES_API envres_status envres_deposit(envres_session *session, const char *environment,
                                        size_t environment_len, const envres_variable_write *write,
                                        const envres_change *change, char *id, envres_error *err);

/** Columns of envres_inbox_list(). Of a row that is damaged all but id and state are null. */
enum {
    ENVRES_INBOX_ID = 0,     /**< text: 32 hex digits */
    ENVRES_INBOX_NAME = 1,   /**< text: the variable */
    ENVRES_INBOX_TYPE = 2,   /**< text */
    ENVRES_INBOX_SECRET = 3, /**< integer 0 or 1 */
    ENVRES_INBOX_BASE = 4,   /**< integer: the variable's revision then, 0: it had none */
    /** text: waiting; stale (the variable was changed, or the keys were rotated); used (accepted or
     *  rejected before, and put back); denied (the depositor's right was taken back); unsigned */
    ENVRES_INBOX_STATE = 5,
    ENVRES_INBOX_DEPOSITOR = 6, /**< text */
    ENVRES_INBOX_TIME = 7,      /**< integer, ms UTC */
    ENVRES_INBOX_COLUMNS = 8
};

/** What waits in an environment, oldest first; never a value. Errors: ENVRES_E_DENIED (the right to
 *  see names there), ENVRES_E_NOT_FOUND. Since 0.1. */
ENVRES_API envres_status envres_inbox_list(envres_session *session, const char *environment,
                                           size_t environment_len, envres_list **out,
                                           envres_error *err);

/**
 * Takes a deposit in: its signature and right are checked, and it becomes the variable's value, as
 * if the depositor had set it. Its id is the operation id of this change, and used once, ever: one
 * given with `change` is not looked at. Called again with all digits, it answers as it did first.
 * @param id        as listed, or at least its first 8 digits
 * @param revision  may be NULL
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_INVALID (several begin with these digits), ENVRES_E_CHANGED
 * (stale: the variable has another revision, or the keys were rotated), ENVRES_E_INTEGRITY
 * (unsigned, damaged, of another environment, or put back after it was used), ENVRES_E_DENIED (the
 * right to write there; or the depositor's, which was taken back), and those of
 * envres_variable_put(). Since 0.1.
 */
ENVRES_API envres_status envres_inbox_accept(envres_session *session, const char *environment,
                                             size_t environment_len, const char *id, size_t id_len,
                                             const envres_change *change, int64_t *revision,
                                             envres_error *err);

/** Throws a deposit away, whatever its state. Its id is used once, as by accepting it. Errors:
 *  ENVRES_E_NOT_FOUND, ENVRES_E_INVALID, ENVRES_E_DENIED (the right to write there). Since 0.1. */
ENVRES_API envres_status envres_inbox_reject(envres_session *session, const char *environment,
                                             size_t environment_len, const char *id, size_t id_len,
                                             const envres_change *change, envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
