/* SPDX-License-Identifier: MIT */
/**
 * Variables: a name with one value per environment.
 *
 * Type and class (plain or secret) belong to the name, for all environments; the first write sets
 * them. Every write is a new revision of the environment's configuration; nothing is overwritten.
 * The empty string is a value.
 */
#ifndef ENVRES_VARIABLE_H
#define ENVRES_VARIABLE_H

#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    /** The value is a secret. The first write of a name decides; later it can change only while no
     *  other environment has a value. So with the type. */
    ENVRES_WRITE_SECRET = 1,
    ENVRES_WRITE_PLAIN = 2 /**< it is not. Neither flag: as the name already is, else plain */
};

/** One write. */
typedef struct envres_variable_write {
    uint32_t size;
    /** ENVRES_WRITE_* */
    uint32_t flags;
    /** 1 to 128 of A-Z a-z 0-9 _, not beginning with a digit. */
    const char *name;
    size_t name_len;
    /** UTF-8 without NUL, at most 1 MiB. */
    const char *value;
    size_t value_len;
    /** ENVRES_TYPE_* (value.h); 0: as the name already is, else string. */
    int32_t type;
    uint32_t reserved;
    /** 0: whatever is there. n > 0: only if the present value has revision n; -1: only if there is
     *  none. Otherwise ENVRES_E_CHANGED and nothing is written. */
    int64_t expect_revision;
} envres_variable_write;

/**
 * Sets a variable in one environment. Durable when it returns ENVRES_OK.
 *
 * A number, boolean or json value is checked and kept in canonical form; a template is parsed, and
 * refused when it is wrong or would refer to itself.
 *
 * @param revision  may be NULL; the environment's configuration revision made by this write
 *
 * Errors: ENVRES_E_NAME, ENVRES_E_UTF8, ENVRES_E_LIMIT, ENVRES_E_TYPE (also: another type or class
 * than the name has), ENVRES_E_JSON, ENVRES_E_SYNTAX, ENVRES_E_CYCLE, ENVRES_E_DEPTH,
 * ENVRES_E_CHANGED, ENVRES_E_REASON, ENVRES_E_DENIED, ENVRES_E_NOT_FOUND (environment), and those
 * of writing the store. Since 0.1.
 */
ENVRES_API envres_status envres_variable_put(envres_session *session, const char *environment,
                                             size_t environment_len,
                                             const envres_variable_write *write,
                                             const envres_change *change, int64_t *revision,
                                             envres_error *err);

/**
 * The same for many, all or none, in one transaction and one audit entry.
 * @param writes  an array of `count` structs (each with its size); at most 100,000
 * Errors: as envres_variable_put(); the error's subject is the name at fault. Since 0.1.
 */
ENVRES_API envres_status envres_variable_put_many(envres_session *session, const char *environment,
                                                  size_t environment_len,
                                                  const envres_variable_write *writes, size_t count,
                                                  const envres_change *change, int64_t *revision,
                                                  envres_error *err);

/**
 * Takes the value away in one environment; history keeps it.
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_NOT_SET, ENVRES_E_REASON, ENVRES_E_DENIED. Since 0.1.
 */
ENVRES_API envres_status envres_variable_unset(envres_session *session, const char *environment,
                                               size_t environment_len, const char *name,
                                               size_t name_len, const envres_change *change,
                                               int64_t *revision, envres_error *err);

enum {
    /** Give secrets in clear. Without it a secret is ENVRES_E_SECRET_SINK, or a null cell. */
    ENVRES_READ_REVEAL = 1
};

/**
 * Reads the present value as it was written (a template unexpanded).
 * @param flags  ENVRES_READ_*
 * @param out    belongs to the caller: envres_value_free()
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_NOT_SET (naming the environments that set it),
 * ENVRES_E_SECRET_SINK, ENVRES_E_DENIED, ENVRES_E_INTEGRITY. Since 0.1.
 */
ENVRES_API envres_status envres_variable_get(envres_session *session, const char *environment,
                                             size_t environment_len, const char *name,
                                             size_t name_len, uint32_t flags, envres_value **out,
                                             envres_error *err);

/** Columns of envres_variable_list(): a row for each variable and environment. */
enum {
    ENVRES_VARIABLE_NAME = 0,        /**< text */
    ENVRES_VARIABLE_TYPE = 1,        /**< text: string, number, boolean, json, template */
    ENVRES_VARIABLE_SECRET = 2,      /**< integer 0 or 1 */
    ENVRES_VARIABLE_ENVIRONMENT = 3, /**< text */
    ENVRES_VARIABLE_SET = 4,         /**< integer 0 or 1 */
    ENVRES_VARIABLE_VALUE = 5,       /**< text; null when not set, masked, or unreadable */
    ENVRES_VARIABLE_REVISION = 6,    /**< integer; null when not set */
    ENVRES_VARIABLE_TIME = 7,        /**< integer, ms UTC; null when not set */
    ENVRES_VARIABLE_AUTHOR = 8,      /**< text; null when not set */
    ENVRES_VARIABLE_ERROR = 9, /**< text: status name when the value cannot be read; else null */
    ENVRES_VARIABLE_COLUMNS = 10
};

/**
 * All variables, by name, then by environment in path order.
 * @param environment  NULL: every environment
 * Errors: ENVRES_E_NOT_FOUND (environment). A damaged value is a row with its error. Since 0.1.
 */
ENVRES_API envres_status envres_variable_list(envres_session *session, const char *environment,
                                              size_t environment_len, uint32_t flags,
                                              envres_list **out, envres_error *err);

/** Columns of envres_variable_history(): newest first. */
enum {
    ENVRES_HISTORY_REVISION = 0,  /**< integer */
    ENVRES_HISTORY_TYPE = 1,      /**< text */
    ENVRES_HISTORY_SECRET = 2,    /**< integer 0 or 1 */
    ENVRES_HISTORY_SET = 3,       /**< integer 0 or 1: 0 where the value was taken away */
    ENVRES_HISTORY_VALUE = 4,     /**< text or null, as in the list */
    ENVRES_HISTORY_AUTHOR = 5,    /**< text */
    ENVRES_HISTORY_TIME = 6,      /**< integer, ms UTC */
    ENVRES_HISTORY_FIELD = 7,     /**< text: of a resource the field; null for a variable */
    ENVRES_HISTORY_ERROR = 8,     /**< text: status name when the value cannot be read; else null */
    ENVRES_HISTORY_DESTROYED = 9, /**< integer 0 or 1: 1 where the value was destroyed */
    ENVRES_HISTORY_COLUMNS = 10
};

/** What a variable was in one environment. Errors: ENVRES_E_NOT_FOUND. Since 0.1. */
ENVRES_API envres_status envres_variable_history(envres_session *session, const char *environment,
                                                 size_t environment_len, const char *name,
                                                 size_t name_len, uint32_t flags, envres_list **out,
                                                 envres_error *err);

/** What to bring back. */
typedef struct envres_restore_point {
    uint32_t size;
    uint32_t flags;
    /** A variable's name, or "resource/HANDLE"; NULL: the whole environment, variables and
     *  resources, as it was. */
    const char *name;
    size_t name_len;
    /** A configuration revision of that environment, from 0 (empty). */
    int64_t revision;
} envres_restore_point;

/**
 * Brings older values back as new revisions.
 *
 * @param made      may be NULL; the revision made. Equal to the present one when nothing differed
 *
 * Errors: ENVRES_E_NOT_FOUND (name, or a revision that never was), ENVRES_E_INTEGRITY,
 * ENVRES_E_NOT_SET (a value was destroyed since; the hint says by whom and when), ENVRES_E_TYPE
 * (the name has another type now), ENVRES_E_REASON. Since 0.1.
 */
ENVRES_API envres_status envres_restore(envres_session *session, const char *environment,
                                        size_t environment_len, const envres_restore_point *point,
                                        const envres_change *change, int64_t *made,
                                        envres_error *err);

/**
 * Destroys the value of one older revision, for good: its record is overwritten in the file, and in
 * its journal. The revision stays in the history without its value, and the commitment to the value
 * stays too, so that what was signed over it still verifies. Reading it from then on (in a restore,
 * in a scope of that revision, in a release pinned to it) answers ENVRES_E_NOT_SET. Copies of the
 * file, and what the disk keeps below the file system, are out of reach: a secret that leaked is
 * also to be changed where it is used.
 *
 * @param name      a variable's name, now or when the revision was written, also one that was
 *                  deleted since; or "resource/HANDLE/FIELD"
 * @param revision  the one in which the value was written: envres_variable_history() has it
 *
 * Errors: ENVRES_E_NOT_FOUND (name, environment, or nothing was written in that revision),
 * ENVRES_E_NOT_SET (that revision took the value away, or is destroyed already), ENVRES_E_REFERRED
 * (it is the current value: set or unset it first; or the live release of an app is pinned to it:
 * ENVRES_CHANGE_FORCE destroys it all the same), ENVRES_E_REASON, ENVRES_E_DENIED,
 * ENVRES_E_INTEGRITY. Since 0.1.
 */
ENVRES_API envres_status envres_variable_destroy(envres_session *session, const char *environment,
                                                 size_t environment_len, const char *name,
                                                 size_t name_len, int64_t revision,
                                                 const envres_change *change, envres_error *err);

/**
 * Renames a variable in all environments: values are sealed again under the new name.
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_NAME, ENVRES_E_NAME_TAKEN, ENVRES_E_REFERRED (templates use
 * the old name, the message says which; ENVRES_CHANGE_FORCE renames all the same). Since 0.1.
 */
ENVRES_API envres_status envres_variable_rename(envres_session *session, const char *name,
                                                size_t name_len, const char *to, size_t to_len,
                                                const envres_change *change, envres_error *err);

/**
 * Deletes a variable in all environments; older revisions of an environment still have it.
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_REFERRED as with rename. Since 0.1.
 */
ENVRES_API envres_status envres_variable_delete(envres_session *session, const char *name,
                                                size_t name_len, const envres_change *change,
                                                envres_error *err);

/** Columns of envres_references(). */
enum {
    ENVRES_REFERENCE_FROM = 0,        /**< text: "variable/DATABASE_URL", "resource/crm/host" */
    ENVRES_REFERENCE_ENVIRONMENT = 1, /**< text: where that template is set */
    ENVRES_REFERENCE_OFFSET = 2,      /**< integer: of the tag, in that template */
    ENVRES_REFERENCE_COLUMNS = 3
};

/**
 * Who refers to a variable ("variable/NAME") or a resource ("resource/HANDLE") in the newest
 * configuration of any environment whose key the session holds.
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_INVALID. Since 0.1.
 */
ENVRES_API envres_status envres_references(envres_session *session, const char *object,
                                           size_t object_len, envres_list **out, envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
