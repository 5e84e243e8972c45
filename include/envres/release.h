/* SPDX-License-Identifier: MIT */
/**
 * Moving versions: check, promote, release, roll back, withdraw.
 *
 * Each is one transaction: the change, its audit entry, the live pointer. What a call refuses, it
 * refuses in this order: arguments, existence, state, the caller's expectation, the check. Every
 * call says what its caller saw before (the expectations are required), so that two operators at
 * once cannot undo each other unseen: ENVRES_E_CHANGED, and nothing was done.
 */
#ifndef ENVRES_RELEASE_H
#define ENVRES_RELEASE_H

#include <envres/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the check ------------------------------------------------------------------------------ */

/** Columns of envres_version_check(), and of every list called `findings`. */
enum {
    ENVRES_FINDING_SEVERITY = 0, /**< text: "error" (blocks), "warning", "info" */
    ENVRES_FINDING_CODE = 1,     /**< text: a status name, or one of docs/checks.md ("leak-host") */
    ENVRES_FINDING_PART = 2,     /**< text: path, or null */
    ENVRES_FINDING_LINE = 3,     /**< integer from 1, or null */
    ENVRES_FINDING_COLUMN = 4,   /**< integer from 1, in bytes, or null */
    ENVRES_FINDING_MESSAGE = 5,  /**< text: one line, never a value */
    ENVRES_FINDING_FIX = 6,      /**< text: what to do, may be empty */
    ENVRES_FINDING_COLUMNS = 7
};

/**
 * The check by itself: does every tag of every part parse and resolve in this environment, are the
 * resources configured there, does nothing of another environment stand in the text. Environments
 * whose key the session does not hold are named in a finding.
 * @param version  its `version` may be NULL: the one that envres_version_open() would pick
 * @param out      findings, errors first, then by part and position: envres_list_free()
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_NO_VERSION_HERE, ENVRES_E_DENIED (no key for the
 * environment), ENVRES_E_DISCARDED, ENVRES_E_INTEGRITY. A finding is not an error. Since 0.1.
 */
ENVRES_API envres_status envres_version_check(envres_session *session,
                                              const envres_version_name *version,
                                              const char *environment, size_t environment_len,
                                              envres_list **out, envres_error *err);

/* ---- promote -------------------------------------------------------------------------------- */

enum {
    ENVRES_MOVE_THROUGH = 1, /**< promote: over several environments, each of them checked */
    ENVRES_MOVE_DRY_RUN = 2  /**< answer as if it were done, and change nothing */
};

typedef struct envres_promote_options {
    uint32_t size;
    /** ENVRES_MOVE_* */
    uint32_t flags;
    /** The target environment: the next of the path, or with ENVRES_MOVE_THROUGH a later one. */
    const char *to;
    size_t to_len;
    /** The stage the caller saw; required. */
    const char *expect_stage;
    size_t expect_stage_len;
    /** The content digest the caller saw: 32 bytes; required. */
    const uint8_t *expect_content;
} envres_promote_options;

/**
 * Moves a version on. A draft is frozen by it, in the same transaction.
 * @param findings  may be NULL; warnings of the last check, NULL for a call that repeats one that
 *                  was committed before: envres_list_free()
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_DISCARDED, ENVRES_E_AT_LAST, ENVRES_E_OFF_PATH,
 * ENVRES_E_SKIPS, ENVRES_E_CHANGED, ENVRES_E_REASON, ENVRES_E_DENIED, ENVRES_E_CHECK (the message
 * has the first finding; envres_version_check() gives all). Since 0.1.
 */
ENVRES_API envres_status envres_version_promote(envres_session *session,
                                                const envres_version_name *version,
                                                const envres_promote_options *options,
                                                const envres_change *change, envres_list **findings,
                                                envres_error *err);

/** What a caller saw of a version before it decided; both are required. */
typedef struct envres_version_seen {
    uint32_t size;
    uint32_t reserved;
    const char *stage;
    size_t stage_len;
    /** The content digest: 32 bytes. */
    const uint8_t *content;
} envres_version_seen;

/**
 * Discards a version: it keeps its name, takes part in nothing any more, and its bytes are freed by
 * envres_session_gc().
 * @param seen  required
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_DISCARDED, ENVRES_E_LIVE, ENVRES_E_IN_HISTORY,
 * ENVRES_E_ONLY_VERSION, ENVRES_E_CHANGED. Since 0.1.
 */
ENVRES_API envres_status envres_version_discard(envres_session *session,
                                                const envres_version_name *version,
                                                const envres_version_seen *seen,
                                                const envres_change *change, envres_error *err);

/* ---- releases ------------------------------------------------------------------------------- */

/** Columns of envres_release_list(), and of the record that envres_release_create(), _rollback()
 * and _withdraw() give. */
enum {
    ENVRES_RELEASE_SEQUENCE = 0, /**< integer from 1, without gaps */
    ENVRES_RELEASE_KIND = 1,     /**< text: release, rollback, withdraw */
    ENVRES_RELEASE_VERSION = 2,  /**< text: its name today */
    ENVRES_RELEASE_TAG = 3,      /**< text, without a leading v */
    ENVRES_RELEASE_NOTES = 4,  /**< text, may be empty; of a rollback or a withdrawal: the reason */
    ENVRES_RELEASE_AUTHOR = 5, /**< text */
    ENVRES_RELEASE_TIME = 6,   /**< integer, ms UTC */
    ENVRES_RELEASE_LIVE = 7,   /**< integer 0 or 1 */
    ENVRES_RELEASE_TARGET = 8, /**< integer: the release a rollback restored, the record a
                                    withdrawal took back; null for a release */
    ENVRES_RELEASE_PREVIOUS = 9,     /**< integer: where a rollback from here leads, or null; when
                                          that is of the same version, to what that leads to */
    ENVRES_RELEASE_ENVIRONMENT = 10, /**< text: key */
    ENVRES_RELEASE_CONTENT = 11,     /**< text: content digest, hex */
    ENVRES_RELEASE_REVISION = 12,    /**< integer: configuration revision of the environment */
    ENVRES_RELEASE_PIN = 13,         /**< text: "none" or "config" */
    ENVRES_RELEASE_MANIFEST = 14,    /**< text: manifest digest, hex */
    ENVRES_RELEASE_COLUMNS = 15
};

enum {
    ENVRES_BUMP_NONE = 0, /**< `tag` is given */
    ENVRES_BUMP_MAJOR =
        1, /**< over the highest tag of the app, which is 0.0.0 when there is none */
    ENVRES_BUMP_MINOR = 2,
    ENVRES_BUMP_PATCH = 3
};

typedef struct envres_release_options {
    uint32_t size;
    /** ENVRES_MOVE_DRY_RUN */
    uint32_t flags;
    /** Semantic Versioning 2.0.0 with an optional leading v, at most 255 bytes; unique in the app
     *  by precedence. NULL with a bump. */
    const char *tag;
    size_t tag_len;
    /** ENVRES_BUMP_* */
    uint32_t bump;
    uint32_t reserved;
    /** At most 64 KiB; NULL: none. */
    const char *notes;
    size_t notes_len;
    /** The content digest of the version that the caller saw: 32 bytes; required. */
    const uint8_t *expect_content;
    /** The sequence of the live release that the caller saw, 0: nothing was live; required. */
    int64_t expect_live;
} envres_release_options;

/**
 * Makes a version live. The one that was live becomes retired in the same transaction.
 * @param out       may be NULL; the new record, one row: envres_list_free()
 * @param findings  may be NULL; warnings of the check, NULL for a call that repeats one that was
 *                  committed before: envres_list_free()
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_DISCARDED, ENVRES_E_NOT_READY, ENVRES_E_ALREADY_LIVE,
 * ENVRES_E_TAG, ENVRES_E_LIMIT (a tag that is too long, or with a number above 2^63-1, also where
 * the next one would have it), ENVRES_E_TAG_TAKEN, ENVRES_E_CHANGED, ENVRES_E_REASON,
 * ENVRES_E_DENIED, ENVRES_E_CHECK. Since 0.1.
 */
ENVRES_API envres_status envres_release_create(envres_session *session,
                                               const envres_version_name *version,
                                               const envres_release_options *options,
                                               const envres_change *change, envres_list **out,
                                               envres_list **findings, envres_error *err);

typedef struct envres_rollback_options {
    uint32_t size;
    /** ENVRES_MOVE_DRY_RUN */
    uint32_t flags;
    /** Tag of the release to go back to. NULL (with `version` NULL): the release before the live
     *  one in the line of releases that is of another version; after a withdrawal the one that was
     *  withdrawn. */
    const char *to;
    size_t to_len;
    /** Or a version, whose newest release is meant. */
    const char *version;
    size_t version_len;
    /** The sequence of the live release that the caller saw, 0: nothing was live; required. */
    int64_t expect_live;
} envres_rollback_options;

/**
 * Makes an earlier release live again, as a new record. What a check of it finds does not stop it.
 * @param out       may be NULL; the new record, one row: envres_list_free()
 * @param findings  NULL: no check is made. Else what the check found, made after the rollback;
 *                  when it cannot be made, a finding says so
 * Errors: ENVRES_E_NOT_FOUND (app, tag, version), ENVRES_E_NOTHING_BEFORE,
 * ENVRES_E_NEVER_RELEASED, ENVRES_E_ALREADY_LIVE, ENVRES_E_DISCARDED, ENVRES_E_CHANGED,
 * ENVRES_E_REASON. Since 0.1.
 */
ENVRES_API envres_status envres_release_rollback(envres_session *session, const char *app,
                                                 size_t app_len,
                                                 const envres_rollback_options *options,
                                                 const envres_change *change, envres_list **out,
                                                 envres_list **findings, envres_error *err);

/**
 * Takes the live release back: the app has none then.
 * @param expect_live  the sequence of the live release that the caller saw; required
 * @param out          may be NULL; the record, one row: envres_list_free()
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_NOTHING_LIVE, ENVRES_E_CHANGED, ENVRES_E_REASON. Since 0.1.
 */
ENVRES_API envres_status envres_release_withdraw(envres_session *session, const char *app,
                                                 size_t app_len, int64_t expect_live,
                                                 const envres_change *change, envres_list **out,
                                                 envres_error *err);

/** The releases of an app, newest first. Errors: ENVRES_E_NOT_FOUND (app). Since 0.1. */
ENVRES_API envres_status envres_release_list(envres_session *session, const char *app,
                                             size_t app_len, envres_list **out, envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
