/* SPDX-License-Identifier: MIT */
/**
 * Resources: a handle, a kind, and one set of settings per environment.
 *
 * A resource without settings in an environment is an error there (ENVRES_E_NOT_CONFIGURED), never
 * another environment's settings, unless a fallback is declared on it.
 */
#ifndef ENVRES_RESOURCE_H
#define ENVRES_RESOURCE_H

#include <envres/memory.h>
#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Columns of envres_kind_list(): a row for each field of each kind. */
enum {
    ENVRES_KIND_NAME = 0,     /**< text: "postgres", ... */
    ENVRES_KIND_FIELD = 1,    /**< text; null for the kind that takes any field */
    ENVRES_KIND_TYPE = 2,     /**< text: string, integer, boolean, json */
    ENVRES_KIND_REQUIRED = 3, /**< integer 0 or 1 */
    ENVRES_KIND_SECRET = 4,   /**< integer 0 or 1 */
    ENVRES_KIND_DEFAULT = 5,  /**< text or null */
    ENVRES_KIND_CHOICES = 6,  /**< text: the values allowed, separated by one space; or null */
    ENVRES_KIND_UNLESS = 7,   /**< text: a field that, when set, makes this one not required;
                                  or null */
    ENVRES_KIND_COLUMNS = 8
};

/** Every kind of resource and its fields. `alloc` NULL: the C library's. Since 0.1. */
ENVRES_API envres_status envres_kind_list(const envres_allocator *alloc, envres_list **out,
                                          envres_error *err);

/**
 * Defines a resource. Defining the same handle with the same kind again changes nothing.
 *
 * @param handle  1 to 128 of A-Z a-z 0-9 _, not beginning with a digit
 * @param kind    a row of envres_kind_list()
 *
 * Errors: ENVRES_E_NAME, ENVRES_E_NOT_FOUND (kind, with the nearest), ENVRES_E_REFERRED (it is of
 * another kind and settings or templates refer to it; ENVRES_CHANGE_FORCE changes the kind and
 * takes away the settings that the new kind does not have). Since 0.1.
 */
ENVRES_API envres_status envres_resource_define(envres_session *session, const char *handle,
                                                size_t handle_len, const char *kind,
                                                size_t kind_len, const envres_change *change,
                                                envres_error *err);

enum {
    ENVRES_FIELD_SECRET = 1, /**< seal under the secret key, also where the kind does not say so */
    ENVRES_FIELD_UNSET = 2   /**< take the field away */
};

/** One field. */
typedef struct envres_resource_field {
    uint32_t size;
    /** ENVRES_FIELD_* */
    uint32_t flags;
    const char *name;
    size_t name_len;
    /** As text: integers in decimal, true/false, JSON; a string may hold template tags, and an
     *  integer or boolean may be one tag alone. */
    const char *value;
    size_t value_len;
} envres_resource_field;

/** The fields to set on one resource. */
typedef struct envres_resource_write {
    uint32_t size;
    uint32_t flags;
    const char *handle;
    size_t handle_len;
    /** An array of `count` structs (each with its size); at most 256. */
    const envres_resource_field *fields;
    size_t count;
    /** As in envres_variable_write, about the resource's newest setting there. */
    int64_t expect_revision;
} envres_resource_write;

/**
 * Sets fields of a resource in one environment; fields not named stay as they are.
 *
 * @param revision  may be NULL; the configuration revision made
 *
 * Errors: ENVRES_E_NOT_FOUND (handle, environment), ENVRES_E_FIELD (unknown field, with the
 * nearest; nothing is written), ENVRES_E_TYPE, ENVRES_E_SYNTAX, ENVRES_E_UTF8, ENVRES_E_LIMIT,
 * ENVRES_E_REASON, ENVRES_E_DENIED. Since 0.1.
 */
ENVRES_API envres_status envres_resource_configure(envres_session *session, const char *environment,
                                                   size_t environment_len,
                                                   const envres_resource_write *write,
                                                   const envres_change *change, int64_t *revision,
                                                   envres_error *err);

/** A fallback: where `handle` has no settings in one environment, it takes those of another. */
typedef struct envres_fallback {
    uint32_t size;
    uint32_t flags;
    const char *handle;
    size_t handle_len;
    /** NULL: withdraw the declaration. */
    const char *to;
    size_t to_len;
} envres_fallback;

/**
 * Declares or withdraws a fallback. A handle resolved by it says so.
 *
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_FALLBACK (to a more protected environment, to itself, or to
 * one that itself falls back). Since 0.1.
 */
ENVRES_API envres_status envres_resource_fallback(envres_session *session, const char *environment,
                                                  size_t environment_len,
                                                  const envres_fallback *fallback,
                                                  const envres_change *change, envres_error *err);

/**
 * Removes a resource everywhere; older revisions of an environment still have it.
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_REFERRED (ENVRES_CHANGE_FORCE removes). Since 0.1.
 */
ENVRES_API envres_status envres_resource_remove(envres_session *session, const char *handle,
                                                size_t handle_len, const envres_change *change,
                                                envres_error *err);

/** Columns of envres_resource_list(): a row for each resource and environment. */
enum {
    ENVRES_RESOURCE_HANDLE = 0,      /**< text */
    ENVRES_RESOURCE_KIND = 1,        /**< text */
    ENVRES_RESOURCE_ENVIRONMENT = 2, /**< text */
    ENVRES_RESOURCE_CONFIGURED = 3,  /**< integer 0 or 1: has settings of its own there */
    ENVRES_RESOURCE_FALLBACK = 4,    /**< text: the environment it falls back to, or null */
    ENVRES_RESOURCE_FIELDS = 5,      /**< integer: how many fields are set there */
    ENVRES_RESOURCE_REVISION = 6,    /**< integer: newest setting there, or null */
    ENVRES_RESOURCE_COLUMNS = 7
};

/** All resources, by handle, then by environment in path order. Since 0.1. */
ENVRES_API envres_status envres_resource_list(envres_session *session, envres_list **out,
                                              envres_error *err);

/** What a resource was in one environment; columns ENVRES_HISTORY_* (variable.h), newest first.
 *  `flags`: ENVRES_READ_*. Errors: ENVRES_E_NOT_FOUND. Since 0.1. */
ENVRES_API envres_status envres_resource_history(envres_session *session, const char *environment,
                                                 size_t environment_len, const char *handle,
                                                 size_t handle_len, uint32_t flags,
                                                 envres_list **out, envres_error *err);

/* ---- a resource resolved in a scope ------------------------------------------------------- */

/**
 * Resolves a resource: every field with its default and its templates expanded.
 *
 * @param out  keeps the scope alive; envres_resource_handle_free(). Immutable, any thread. Secrets
 *             stay sealed until a getter asks for them.
 *
 * Errors: ENVRES_E_NOT_FOUND (with the nearest handle), ENVRES_E_NOT_CONFIGURED (naming the
 * environments that have settings), ENVRES_E_FIELD (a required field is missing), ENVRES_E_NOT_SET
 * and the other errors of a template in a field, ENVRES_E_TYPE, ENVRES_E_INTEGRITY. Since 0.1.
 */
ENVRES_API envres_status envres_scope_resource(const envres_scope *scope, const char *handle,
                                               size_t handle_len, envres_resource_handle **out,
                                               envres_error *err);

/** NULL is allowed. Since 0.1. */
ENVRES_API void envres_resource_handle_free(envres_resource_handle *handle);

/** "postgres", ...; borrowed for the life of the handle. Since 0.1. */
ENVRES_API const char *envres_resource_handle_kind(const envres_resource_handle *handle);

/** The environment whose settings these are: the scope's, or the declared fallback. Since 0.1. */
ENVRES_API const char *envres_resource_handle_environment(const envres_resource_handle *handle);

/** 1 when the settings come from a declared fallback. Since 0.1. */
ENVRES_API int32_t envres_resource_handle_is_fallback(const envres_resource_handle *handle);

/** Text of at most 127 bytes that is another one when a setting of the resource, or anything that
 *  its settings refer to, was written or taken away, and the same whatever else was written: key a
 *  connection pool by it. Borrowed. Since 0.1. */
ENVRES_API const char *envres_resource_handle_cache_key(const envres_resource_handle *handle);

/** Number of fields that have a value, defaults included. Since 0.1. */
ENVRES_API uint32_t envres_resource_handle_field_count(const envres_resource_handle *handle);

/** The index-th such field's name, in the order of the kind; borrowed; NULL outside. Since 0.1. */
ENVRES_API const char *envres_resource_handle_field_name(const envres_resource_handle *handle,
                                                         uint32_t index);

/** 1 when that field is secret. Since 0.1. */
ENVRES_API int32_t envres_resource_handle_field_is_secret(const envres_resource_handle *handle,
                                                          uint32_t index);

/**
 * A field's value. Type: ENVRES_TYPE_STRING, _NUMBER, _BOOLEAN or _JSON as the kind says.
 * Errors: ENVRES_E_FIELD (no such field), ENVRES_E_NOT_SET (it has no value),
 * ENVRES_E_INTEGRITY, ENVRES_E_NOMEM. Since 0.1.
 */
ENVRES_API envres_status envres_resource_handle_field(const envres_resource_handle *handle,
                                                      const char *name, size_t name_len,
                                                      envres_value **out, envres_error *err);

/** The ready URL, escaped for its grammar; secret when a secret went in.
 *  Errors: ENVRES_E_FIELD (the kind has none), and those of _field(). Since 0.1. */
ENVRES_API envres_status envres_resource_handle_url(const envres_resource_handle *handle,
                                                    envres_value **out, envres_error *err);

/** The same with every secret as "***": for logs; never secret. Since 0.1. */
ENVRES_API envres_status envres_resource_handle_redacted_url(const envres_resource_handle *handle,
                                                             envres_value **out, envres_error *err);

/** The driver's own string: libpq keyword/value, a path, a broker list.
 *  Errors: as envres_resource_handle_url(). Since 0.1. */
ENVRES_API envres_status envres_resource_handle_dsn(const envres_resource_handle *handle,
                                                    envres_value **out, envres_error *err);

/** The host's probe: connect and say. It may use every getter of `handle`. */
typedef envres_status (*envres_probe_fn)(const envres_resource_handle *handle, envres_error *err,
                                         void *user);

/**
 * Resolves a resource and hands it to the host's probe. Opens no connection and records nothing.
 * Errors: those of envres_scope_resource(); what the probe returns travels through. Since 0.1.
 */
ENVRES_API envres_status envres_resource_test(const envres_scope *scope, const char *handle,
                                              size_t handle_len, envres_probe_fn probe, void *user,
                                              envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
