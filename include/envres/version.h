/* SPDX-License-Identifier: MIT */
/**
 * Versions: named states of an app's parts, on their way through the environments.
 *
 *            edit
 *            +--+
 *            v  |      promote            promote            release          superseded
 *  create -> draft -------------> staged -----------> ready ---------> live -------------> retired
 *              |                     |                  |               ^                     |
 *              +---------------------+----- discard ----+-> discarded   +--- rollback --------+
 *                                                                             or release again
 *
 * A draft stands in the first environment of the path and is the only state that can be edited; the
 * first promotion freezes it. A version made from another shares its bytes.
 */
#ifndef ENVRES_VERSION_H
#define ENVRES_VERSION_H

#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Names a version. */
typedef struct envres_version_name {
    uint32_t size;
    uint32_t reserved;
    const char *app;
    size_t app_len;
    /** NULL, in the calls of part.h: the app's only draft. With several drafts that is
     *  ENVRES_E_INVALID, whose hint lists them; with none ENVRES_E_FROZEN for a change and
     *  ENVRES_E_NOT_FOUND for reading. Name it where a call may have to be repeated under its
     *  operation id: another one may be the only draft by then. */
    const char *version;
    size_t version_len;
} envres_version_name;

enum {
    ENVRES_VERSION_EMPTY = 1 /**< without parts, from no other version */
};

typedef struct envres_version_options {
    uint32_t size;
    /** ENVRES_VERSION_* */
    uint32_t flags;
    /** 1 to 64 bytes of UTF-8 without control characters, no white space at either end, unique in
     *  the app without regard to ASCII case. NULL: create: the next `vN`; set: unchanged. */
    const char *name;
    size_t name_len;
    /** create: the version to begin from, in any state but discarded. NULL: the live one, else the
     *  newest. set: must be NULL. */
    const char *from;
    size_t from_len;
    /** At most 1,000 bytes. NULL: create: none; set: unchanged. */
    const char *description;
    size_t description_len;
} envres_version_options;

/**
 * Makes a draft in the first environment. It refers to the bytes of the one it begins from.
 * @param out  may be NULL; else one row, as envres_version_describe() gives: envres_list_free()
 * Errors: ENVRES_E_NOT_FOUND (app, from), ENVRES_E_DISCARDED (from), ENVRES_E_NAME,
 * ENVRES_E_NAME_TAKEN, ENVRES_E_LIMIT, ENVRES_E_REASON. Since 0.1.
 */
ENVRES_API envres_status envres_version_create(envres_session *session, const char *app,
                                               size_t app_len,
                                               const envres_version_options *options,
                                               const envres_change *change, envres_list **out,
                                               envres_error *err);

/**
 * Renames or describes a version, in any state. Tags and sequence numbers never change.
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_NAME, ENVRES_E_NAME_TAKEN, ENVRES_E_LIMIT. Since 0.1.
 */
ENVRES_API envres_status envres_version_set(envres_session *session,
                                            const envres_version_name *version,
                                            const envres_version_options *options,
                                            const envres_change *change, envres_error *err);

/** Columns of envres_version_list() and _describe(). */
enum {
    ENVRES_VERSION_NAME = 0,        /**< text */
    ENVRES_VERSION_STATE = 1,       /**< text: draft, staged, ready, live, retired, discarded */
    ENVRES_VERSION_STAGE = 2,       /**< text: key of the environment it has reached */
    ENVRES_VERSION_PARENT = 3,      /**< text: the version it was made from, or null */
    ENVRES_VERSION_CONTENT = 4,     /**< text: content digest, 64 hex digits */
    ENVRES_VERSION_PARTS = 5,       /**< integer */
    ENVRES_VERSION_BYTES = 6,       /**< integer: of all its parts */
    ENVRES_VERSION_DESCRIPTION = 7, /**< text, may be empty */
    ENVRES_VERSION_AUTHOR = 8,      /**< text: who made it */
    ENVRES_VERSION_CREATED = 9,     /**< integer, ms UTC */
    ENVRES_VERSION_CHANGED = 10,    /**< integer, ms UTC: last edit, promotion or release */
    ENVRES_VERSION_TAG = 11,        /**< text: of its newest release, or null */
    ENVRES_VERSION_SEQUENCE = 12,   /**< integer: of its newest release, or null */
    ENVRES_VERSION_COLUMNS = 13
};

enum {
    ENVRES_VERSION_ALL = 1 /**< discarded ones too */
};

/**
 * The versions of an app, newest first.
 * @param environment  NULL: all. Else those whose stage is this environment or one behind it on the
 *                     path; in an environment off the path: the live version
 * @param flags        ENVRES_VERSION_ALL
 * Errors: ENVRES_E_NOT_FOUND (app, environment). Since 0.1.
 */
ENVRES_API envres_status envres_version_list(envres_session *session, const char *app,
                                             size_t app_len, const char *environment,
                                             size_t environment_len, uint32_t flags,
                                             envres_list **out, envres_error *err);

/** One version, one row. Errors: ENVRES_E_NOT_FOUND, with the nearest name. Since 0.1. */
ENVRES_API envres_status envres_version_describe(envres_session *session,
                                                 const envres_version_name *version,
                                                 envres_list **out, envres_error *err);

/**
 * Opens a version for work, and remembers version and environment as the principal's last editing
 * state in this app.
 * @param version  its `version` may be NULL: the most recently changed one whose stage has reached
 *                 the environment (off the path: the live one)
 * @param out      one row, as envres_version_describe() gives; may be NULL
 * Errors: ENVRES_E_NO_VERSION_HERE, also for a named version that has not reached the environment;
 * ENVRES_E_NOT_FOUND, ENVRES_E_DISCARDED. Since 0.1.
 */
ENVRES_API envres_status envres_version_open(envres_session *session,
                                             const envres_version_name *version,
                                             const char *environment, size_t environment_len,
                                             const envres_change *change, envres_list **out,
                                             envres_error *err);

/** Columns of envres_version_last(). */
enum {
    ENVRES_LAST_VERSION = 0,     /**< text */
    ENVRES_LAST_ENVIRONMENT = 1, /**< text: key */
    ENVRES_LAST_TIME = 2,        /**< integer, ms UTC */
    ENVRES_LAST_COLUMNS = 3
};

/** What the session's principal opened last in this app: one row, or none. Errors:
 *  ENVRES_E_NOT_FOUND (app). Since 0.1. */
ENVRES_API envres_status envres_version_last(envres_session *session, const char *app,
                                             size_t app_len, envres_list **out, envres_error *err);

/** Columns of envres_version_diff(): a row for each part that differs, by path; behind them one for
 *  each query that is used at another revision, by name. */
enum {
    ENVRES_DIFF_PATH = 0,         /**< text: of a query its name, behind "queries/" */
    ENVRES_DIFF_CHANGE = 1,       /**< text: added, removed, changed, flags (only `public` differs);
                                       query-added, query-removed, query-changed, query-flags (it is
                                       fixed in one of them, and follows in the other) */
    ENVRES_DIFF_OLD_DIGEST = 2,   /**< text: hex, or null */
    ENVRES_DIFF_NEW_DIGEST = 3,   /**< text: hex, or null */
    ENVRES_DIFF_OLD_SIZE = 4,     /**< integer or null */
    ENVRES_DIFF_NEW_SIZE = 5,     /**< integer or null */
    ENVRES_DIFF_TEXT = 6,         /**< text: a unified diff with three lines of context, "" where an
                                       empty part came or went; null where either is not UTF-8 or
                                       has a NUL byte in it, and without _WITH_TEXT */
    ENVRES_DIFF_OLD_REVISION = 7, /**< integer: of a query; or null */
    ENVRES_DIFF_NEW_REVISION = 8, /**< integer: of a query; or null */
    ENVRES_DIFF_COLUMNS = 9
};

enum {
    ENVRES_DIFF_WITH_TEXT = 1 /**< fill ENVRES_DIFF_TEXT */
};

/**
 * What differs between two versions of an app, or of two apps.
 * @param flags  ENVRES_DIFF_WITH_TEXT
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_INTEGRITY (a part is damaged). Since 0.1.
 */
ENVRES_API envres_status envres_version_diff(envres_session *session,
                                             const envres_version_name *from,
                                             const envres_version_name *to, uint32_t flags,
                                             envres_list **out, envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
