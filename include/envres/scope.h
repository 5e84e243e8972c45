/* SPDX-License-Identifier: MIT */
/**
 * Scopes: an immutable snapshot of one environment, from which everything resolves.
 *
 * A scope is filled in one read transaction when it is opened; after that no call on it touches the
 * database, takes a lock or makes a system call. It may be shared freely between threads and stays
 * valid until its last reference is given up, whatever becomes of session and store. Secrets lie
 * in it sealed and are opened into the output that needs them.
 */
#ifndef ENVRES_SCOPE_H
#define ENVRES_SCOPE_H

#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    /** Open although settings are missing or exchanged in the file: values that are there resolve,
     *  but may be older ones; what is absent stays an error, and no handle is given out. */
    ENVRES_SCOPE_DAMAGED = 1,
    /** Opening it is an entry "scope.open" of the audit, on the disk before the scope is given out:
     *  where it cannot be written there is no scope. Other processes take it for a change, as
     *  envres_store_poll() does; each envres_scope_latest() that opens anew is one more. */
    ENVRES_SCOPE_AUDITED = 2
};

typedef struct envres_scope_options {
    uint32_t size;
    /** ENVRES_SCOPE_* */
    uint32_t flags;
    /** Configuration revision of the environment; 0: the newest, or what the release pins. */
    int64_t revision;
    /** Serve this app: its parts, and `app.name`, `app.version`, `app.release` in templates. NULL:
     *  no app. */
    const char *app;
    size_t app_len;
    /** The release with this tag instead of the live one. */
    const char *tag;
    size_t tag_len;
    /** Or this version, in whatever state but discarded, with the newest configuration: what is
     *  asked for by its name is no release, and pins nothing. */
    const char *version;
    size_t version_len;
} envres_scope_options;

/**
 * Opens a scope. With an app, settings, parts and the live pointer are read in one transaction: the
 * scope is wholly of one release, whatever is released meanwhile.
 * @param out  one reference, the caller's: envres_scope_unref()
 * Errors: ENVRES_E_NOT_FOUND (environment, app, tag, version, with the nearest; or a revision that
 * never was), ENVRES_E_TAG, ENVRES_E_NOTHING_LIVE (no release, or withdrawn), ENVRES_E_DISCARDED,
 * ENVRES_E_NO_VERSION_HERE (the version has not reached the environment), ENVRES_E_INVALID (no
 * environment is named; tag and version, or one of them without app), ENVRES_E_DENIED (no key for
 * it), ENVRES_E_INTEGRITY (the environment's head, a part or the release's signature does not
 * verify; or the audit has changes newer than the environment), and those of reading the store;
 * with ENVRES_SCOPE_AUDITED also those of every change. One damaged value does not fail the scope,
 * only its own use. Since 0.1.
 */
ENVRES_API envres_status envres_scope_open(envres_session *session, const char *environment,
                                           size_t environment_len,
                                           const envres_scope_options *options, envres_scope **out,
                                           envres_error *err);

/** Takes another reference; returns its argument. Any thread. Since 0.1. */
ENVRES_API envres_scope *envres_scope_ref(envres_scope *scope);

/** Gives one up; NULL is allowed. Any thread. Since 0.1. */
ENVRES_API void envres_scope_unref(envres_scope *scope);

/** The environment's key, borrowed. Since 0.1. */
ENVRES_API const char *envres_scope_environment(const envres_scope *scope);

/** The configuration revision it was opened at. Since 0.1. */
ENVRES_API int64_t envres_scope_revision(const envres_scope *scope);

/** 1 when the store is known to have changed since; reads one counter (envres_store_poll() and our
 *  own commits move it). Scopes of an older revision are never stale. Since 0.1. */
ENVRES_API int32_t envres_scope_is_stale(const envres_scope *scope);

/**
 * Polls the store and opens a fresh scope of the same environment and app (the live release, or the
 * same tag or version) if this one is stale. Parts that are the same are shared, not read again.
 * @param session  the session to open it with
 * @param out      a new scope, or another reference to `scope` when nothing changed
 * Errors: as envres_scope_open(). Since 0.1.
 */
ENVRES_API envres_status envres_scope_latest(envres_session *session, envres_scope *scope,
                                             envres_scope **out, envres_error *err);

/** How many variables have a value here. Since 0.1. */
ENVRES_API uint32_t envres_scope_count(const envres_scope *scope);

/** Name of the index-th, by name; borrowed for the life of the scope; NULL outside. Since 0.1. */
ENVRES_API const char *envres_scope_name(const envres_scope *scope, uint32_t index);

/** 1 when the index-th is secret, or composed of a secret. Since 0.1. */
ENVRES_API int32_t envres_scope_is_secret(const envres_scope *scope, uint32_t index);

/** ENVRES_TYPE_* of the index-th; 0 outside. Since 0.1. */
ENVRES_API int32_t envres_scope_type(const envres_scope *scope, uint32_t index);

/**
 * Interns a name: its index serves every later call on this scope.
 * Errors: ENVRES_E_NOT_SET (naming the environments that set it), ENVRES_E_NOT_FOUND (with the
 * nearest name). Since 0.1.
 */
ENVRES_API envres_status envres_scope_find(const envres_scope *scope, const char *name, size_t len,
                                           uint32_t *index, envres_error *err);

/**
 * A plain variable's text, borrowed for the life of the scope, without copy; not NUL-terminated.
 * Templates are expanded. Errors: ENVRES_E_SECRET_SINK (use envres_scope_get()), ENVRES_E_INVALID
 * (index), and the errors of its template or of a damaged value. Since 0.1.
 */
ENVRES_API envres_status envres_scope_at(const envres_scope *scope, uint32_t index,
                                         const char **data, size_t *len, envres_error *err);

/** A variable's value, secret or not, templates expanded; the caller's: envres_value_free().
 *  Errors: ENVRES_E_NOT_SET, ENVRES_E_NOT_FOUND, ENVRES_E_INTEGRITY, ENVRES_E_DENIED, those of a
 *  template. Since 0.1. */
ENVRES_API envres_status envres_scope_get(const envres_scope *scope, const char *name, size_t len,
                                          envres_value **out, envres_error *err);

/**
 * The index-th variable's bytes into the caller's buffer; no NUL is added, nothing is allocated
 * for a value that is not composed.
 * @param need  its length, set also when `cap` is too small (ENVRES_E_LIMIT); may be NULL
 * The caller wipes the buffer where the value is secret. Since 0.1.
 */
ENVRES_API envres_status envres_scope_get_into(const envres_scope *scope, uint32_t index, char *buf,
                                               size_t cap, size_t *need, envres_error *err);

/** A boolean as 0 or 1. Errors: ENVRES_E_TYPE for any other type; those of _get(). Since 0.1. */
ENVRES_API envres_status envres_scope_get_boolean(const envres_scope *scope, const char *name,
                                                  size_t len, int32_t *out, envres_error *err);

/** A number as int64. Errors: ENVRES_E_TYPE also for one that is not an integer. Since 0.1. */
ENVRES_API envres_status envres_scope_get_integer(const envres_scope *scope, const char *name,
                                                  size_t len, int64_t *out, envres_error *err);

/** A number as double. An integer that a double cannot hold exactly is ENVRES_E_TYPE. Since 0.1. */
ENVRES_API envres_status envres_scope_get_double(const envres_scope *scope, const char *name,
                                                 size_t len, double *out, envres_error *err);

/** A string (or expanded template). Errors: ENVRES_E_TYPE for any other type. Since 0.1. */
ENVRES_API envres_status envres_scope_get_string(const envres_scope *scope, const char *name,
                                                 size_t len, envres_value **out, envres_error *err);

/** A json variable as compact JSON text. Errors: ENVRES_E_TYPE for any other type. Since 0.1. */
ENVRES_API envres_status envres_scope_get_json(const envres_scope *scope, const char *name,
                                               size_t len, envres_value **out, envres_error *err);

/* ---- the app that is served ----------------------------------------------------------------- */

/** Its name, borrowed; "" when the scope serves none. Since 0.1. */
ENVRES_API const char *envres_scope_app(const envres_scope *scope);

/** Name of the version that is served, borrowed; "" for none. Of a release it is the name that was
 *  signed with it, whatever the version is called by now. Since 0.1. */
ENVRES_API const char *envres_scope_version(const envres_scope *scope);

/** Tag of the release, borrowed; "" for none, and for a version that was never released. Since 0.1.
 */
ENVRES_API const char *envres_scope_release(const envres_scope *scope);

/** Sequence number of the release record; 0 for none. Since 0.1. */
ENVRES_API int64_t envres_scope_sequence(const envres_scope *scope);

/** How many parts the version has. Since 0.1. */
ENVRES_API uint32_t envres_scope_part_count(const envres_scope *scope);

/** Path of the index-th part, by path; borrowed for the life of the scope; NULL outside. Since 0.1.
 */
ENVRES_API const char *envres_scope_part_path(const envres_scope *scope, uint32_t index);

/**
 * A part's bytes, borrowed for the life of the scope, followed by a NUL that is not counted.
 * envres_template_parse() with ENVRES_TEMPLATE_BORROW makes a template of them without a copy.
 * Errors: ENVRES_E_NOT_FOUND, with the nearest path; ENVRES_E_INVALID (the scope serves no app).
 * Since 0.1.
 */
ENVRES_API envres_status envres_scope_part(const envres_scope *scope, const char *path, size_t len,
                                           const char **data, size_t *data_len, envres_error *err);

/** 1 for a part that is marked public: what is made of it goes to everybody, and so no secret may
 *  get into it. 0 for others, and where there is none. Since 0.1. */
ENVRES_API int32_t envres_scope_part_is_public(const envres_scope *scope, const char *path,
                                               size_t len);

#ifdef __cplusplus
}
#endif

#endif
