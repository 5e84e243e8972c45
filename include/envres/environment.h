/* SPDX-License-Identifier: MIT */
/**
 * Environments: named configuration contexts.
 *
 * development, staging and production exist in every workspace and can be neither removed nor
 * renamed; others can be added on the promotion path or off it. A key is immutable.
 */
#ifndef ENVRES_ENVIRONMENT_H
#define ENVRES_ENVIRONMENT_H

#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ENVRES_ENVIRONMENT_OFF_PATH = 1,            /**< add: not on the promotion path */
    ENVRES_ENVIRONMENT_PROTECT = 2,             /**< set: protected on */
    ENVRES_ENVIRONMENT_UNPROTECT = 4,           /**< set: protected off */
    ENVRES_ENVIRONMENT_REASON = 8,              /**< set: changes here need a reason */
    ENVRES_ENVIRONMENT_NO_REASON = 16,          /**< set: they do not */
    ENVRES_ENVIRONMENT_SET_APPROVALS = 32,      /**< set: `approvals` counts */
    ENVRES_ENVIRONMENT_EDITORS_REVEAL = 64,     /**< set: editors may reveal secrets here, unless it
                                                     is protected */
    ENVRES_ENVIRONMENT_NO_EDITORS_REVEAL = 128, /**< set: they may not */
    ENVRES_ENVIRONMENT_ROLLBACK_APPROVALS = 256,   /**< set: rollbacks need the approvals too */
    ENVRES_ENVIRONMENT_NO_ROLLBACK_APPROVALS = 512 /**< set: one alone can roll back */
};

typedef struct envres_environment_options {
    uint32_t size;
    /** ENVRES_ENVIRONMENT_* */
    uint32_t flags;
    /** For people, at most 200 bytes; NULL: unchanged, or the key when adding. */
    const char *label;
    size_t label_len;
    /** "#rrggbb" or a lower-case name of at most 32 bytes; NULL: unchanged, or none. */
    const char *color;
    size_t color_len;
    /** add: the environment it follows on the path; NULL: the end of the path. */
    const char *after;
    size_t after_len;
    /** How many others must approve promotions into it, releases, and changes of settings, roles
     * and protection there; at most 16. With ENVRES_ENVIRONMENT_SET_APPROVALS. */
    uint32_t approvals;
    uint32_t reserved;
} envres_environment_options;

/**
 * Adds an environment with fresh keys, granted to the session's principal.
 * @param key  1 to 64 of a-z 0-9 - _, beginning with a letter
 * Releases are made at the end of the path: where its last environment asks for approvals, adding
 * one behind it lowers that protection, and waits for other owners (ENVRES_E_APPROVALS).
 * Errors: ENVRES_E_NAME, ENVRES_E_NAME_TAKEN, ENVRES_E_NOT_FOUND (after), ENVRES_E_LIMIT,
 * ENVRES_E_DENIED (the right to administer the workspace), ENVRES_E_QUORUM. Since 0.1.
 */
ENVRES_API envres_status envres_environment_add(envres_session *session, const char *key,
                                                size_t key_len,
                                                const envres_environment_options *options,
                                                const envres_change *change, envres_error *err);

/**
 * Removes an environment and its keys; what was sealed under them cannot be read again.
 * Errors: ENVRES_E_FIXED (one of the three), ENVRES_E_NOT_FOUND, ENVRES_E_DENIED (the right to
 * administer the workspace), ENVRES_E_REFERRED (it still holds
 * values, or a fallback leads to it; ENVRES_CHANGE_FORCE removes all the same). Since 0.1.
 */
ENVRES_API envres_status envres_environment_remove(envres_session *session, const char *key,
                                                   size_t key_len, const envres_change *change,
                                                   envres_error *err);

/**
 * Changes label, colour, protection. What lowers protection (also fewer approvals, no reason,
 * editors who reveal) takes an owner, and the approvals of other owners that were needed so far.
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_LIMIT, ENVRES_E_INVALID (flags that contradict),
 * ENVRES_E_QUORUM (more approvals than others could give), ENVRES_E_APPROVALS. Since 0.1.
 */
ENVRES_API envres_status envres_environment_set(envres_session *session, const char *key,
                                                size_t key_len,
                                                const envres_environment_options *options,
                                                const envres_change *change, envres_error *err);

/** Columns of envres_environment_list() and _describe(). */
enum {
    ENVRES_ENVIRONMENT_KEY = 0,            /**< text */
    ENVRES_ENVIRONMENT_LABEL = 1,          /**< text */
    ENVRES_ENVIRONMENT_COLOR = 2,          /**< text or null */
    ENVRES_ENVIRONMENT_POSITION = 3,       /**< integer from 1, or null: off the path */
    ENVRES_ENVIRONMENT_PROTECTED = 4,      /**< integer 0 or 1 */
    ENVRES_ENVIRONMENT_APPROVALS = 5,      /**< integer */
    ENVRES_ENVIRONMENT_REQUIRE_REASON = 6, /**< integer 0 or 1 */
    ENVRES_ENVIRONMENT_REVISION = 7,       /**< integer: configuration revision */
    ENVRES_ENVIRONMENT_REVEALS = 8,        /**< integer 0 or 1: editors may reveal secrets */
    ENVRES_ENVIRONMENT_ROLLBACKS = 9,      /**< integer 0 or 1: rollbacks need approvals too */
    ENVRES_ENVIRONMENT_COLUMNS = 10
};

/** All environments: the path in order, then the others by key. Since 0.1. */
ENVRES_API envres_status envres_environment_list(envres_session *session, envres_list **out,
                                                 envres_error *err);

/** One environment, one row. Errors: ENVRES_E_NOT_FOUND, with the nearest name. Since 0.1. */
ENVRES_API envres_status envres_environment_describe(envres_session *session, const char *key,
                                                     size_t key_len, envres_list **out,
                                                     envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
