/* SPDX-License-Identifier: MIT */
/**
 * Apps: what is versioned and released.
 *
 * An app has versions (version.h), each with parts (part.h), and a line of releases (release.h), of
 * which at most one is live. All calls take the store's lock; any thread.
 */
#ifndef ENVRES_APP_H
#define ENVRES_APP_H

#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    /** The configuration a release saw comes back with it: in the environment it was released
     *  from, scopes on the live release read plain variables and resource settings at the revision
     *  of the release. Secrets follow, so that rotation works. */
    ENVRES_APP_PIN_CONFIG = 1,
    ENVRES_APP_PIN_NONE = 2, /**< set: scopes read the newest configuration (the default) */
    ENVRES_APP_PROTECT = 4,  /**< promotions and releases need an approval everywhere */
    ENVRES_APP_UNPROTECT = 8 /**< set: only where the environment asks for one */
};

typedef struct envres_app_options {
    uint32_t size;
    /** ENVRES_APP_* */
    uint32_t flags;
} envres_app_options;

/**
 * Makes an app, and with it its first draft, `v1`, which is empty.
 * @param name  1 to 64 bytes of UTF-8 without control characters, no white space at either end;
 *              unique in the workspace without regard to ASCII case
 * Errors: ENVRES_E_NAME, ENVRES_E_NAME_TAKEN, ENVRES_E_REASON, ENVRES_E_INVALID (flags). Since 0.1.
 */
ENVRES_API envres_status envres_app_create(envres_session *session, const char *name,
                                           size_t name_len, const envres_app_options *options,
                                           const envres_change *change, envres_error *err);

/**
 * Changes what an app does: pinning, protection. Releases made before keep what they pinned.
 * Errors: ENVRES_E_NOT_FOUND, with the nearest name; ENVRES_E_INVALID (flags that contradict).
 * Since 0.1.
 */
ENVRES_API envres_status envres_app_set(envres_session *session, const char *name, size_t name_len,
                                        const envres_app_options *options,
                                        const envres_change *change, envres_error *err);

/** Columns of envres_app_list() and _describe(). */
enum {
    ENVRES_APP_NAME = 0,          /**< text */
    ENVRES_APP_PIN = 1,           /**< text: "none" or "config" */
    ENVRES_APP_PROTECTED = 2,     /**< integer 0 or 1 */
    ENVRES_APP_VERSIONS = 3,      /**< integer: versions that are not discarded */
    ENVRES_APP_LIVE_VERSION = 4,  /**< text; null: nothing is live, or its record is damaged */
    ENVRES_APP_LIVE_TAG = 5,      /**< text or null, likewise */
    ENVRES_APP_LIVE_SEQUENCE = 6, /**< integer or null */
    ENVRES_APP_AUTHOR = 7,        /**< text: who made it */
    ENVRES_APP_TIME = 8,          /**< integer, ms UTC: when */
    ENVRES_APP_COLUMNS = 9
};

/** All apps of the workspace, by name. Since 0.1. */
ENVRES_API envres_status envres_app_list(envres_session *session, envres_list **out,
                                         envres_error *err);

/** One app, one row. Errors: ENVRES_E_NOT_FOUND, with the nearest name. Since 0.1. */
ENVRES_API envres_status envres_app_describe(envres_session *session, const char *name,
                                             size_t name_len, envres_list **out, envres_error *err);

/** Columns of envres_app_status(). What a row is, its first column says; cells that have no meaning
 *  in it are null. */
enum {
    /** text: "live" (the live release; none when nothing is live), "version" (a version that
     *  stands in an environment), "difference" (a part that differs between the live version and
     *  the newest that is ready), "finding" (of the check of the newest version of an environment
     *  that is not retired, against the environment that comes next, or its own at the end of the
     *  path) */
    ENVRES_STATUS_ROW = 0,
    ENVRES_STATUS_ENVIRONMENT = 1, /**< text: key; of a finding, the one it was checked against */
    ENVRES_STATUS_VERSION = 2,     /**< text */
    ENVRES_STATUS_STATE = 3,       /**< text: of a version; of a difference: "added", ... */
    ENVRES_STATUS_TAG = 4,         /**< text: live, version */
    ENVRES_STATUS_SEQUENCE = 5,    /**< integer: live, version */
    ENVRES_STATUS_PART = 6,        /**< text: difference, finding */
    ENVRES_STATUS_SEVERITY = 7,    /**< text: finding */
    ENVRES_STATUS_CODE = 8,        /**< text: finding */
    ENVRES_STATUS_LINE = 9,        /**< integer: finding */
    ENVRES_STATUS_COLUMN = 10,     /**< integer: finding */
    ENVRES_STATUS_MESSAGE = 11,    /**< text: finding */
    ENVRES_STATUS_FIX = 12,        /**< text: finding */
    ENVRES_STATUS_TIME = 13,       /**< integer, ms UTC: live: of the release; version: changed */
    ENVRES_STATUS_COLUMNS = 14
};

/**
 * Everything about one app: the live release, the versions by environment (the path in order), what
 * differs between the live version and the newest ready one, and what a check of each says.
 * Environments whose key the session does not hold have one finding that says so.
 * Errors: ENVRES_E_NOT_FOUND, with the nearest name. Since 0.1.
 */
ENVRES_API envres_status envres_app_status(envres_session *session, const char *name,
                                           size_t name_len, envres_list **out, envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
