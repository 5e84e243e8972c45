/* SPDX-License-Identifier: MIT */
/**
 * The query library: named queries against a resource, with declared parameters and revisions.
 *
 * A query against postgres, mysql or sqlite is a template of context sql in the dialect of that
 * kind. One against rest or graphql is a request: a method, a path below the resource's address
 * (context url), headers (a JSON object of strings, context json) and a body (context json). All
 * are parsed when the query is put, so that one that is kept can be rendered.
 *
 * Queries belong to the workspace: all apps and all environments share them. Each put and each
 * restore makes a revision, signed by who made it; a revision never changes. A version of an app
 * records which revision it uses.
 */
#ifndef ENVRES_QUERY_H
#define ENVRES_QUERY_H

#include <envres/statement.h>
#include <envres/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The texts of a query. */
enum {
    ENVRES_QUERY_TEXT = 0,    /**< the SQL; of a request the body, "" for none */
    ENVRES_QUERY_METHOD = 1,  /**< of a request: GET, ...; no template */
    ENVRES_QUERY_PATH = 2,    /**< of a request: "" or what begins with / or ? */
    ENVRES_QUERY_HEADERS = 3, /**< of a request: a JSON object of strings, "" for none */
    ENVRES_QUERY_TEXTS = 4
};

enum {
    /** It need not be given. Without a preset, every tag that takes it has a default. */
    ENVRES_QUERY_PARAM_OPTIONAL = 1
};

/** A declared parameter. */
typedef struct envres_query_param {
    uint32_t size;
    /** ENVRES_QUERY_PARAM_* */
    uint32_t flags;
    const char *name;
    size_t name_len;
    /** Its value when none is given, as text; NULL: none. */
    const char *preset;
    size_t preset_len;
    /** ENVRES_TYPE_STRING, _INTEGER, _NUMBER, _BOOLEAN, _JSON or _TIMESTAMP. */
    int32_t type;
    uint32_t reserved;
} envres_query_param;

/** A query to be put. */
typedef struct envres_query_write {
    uint32_t size;
    uint32_t flags;
    const char *name;
    size_t name_len;
    /** The handle of the resource that it is for. */
    const char *resource;
    size_t resource_len;
    const char *text;
    size_t text_len;
    /** Of a request; NULL: POST with a body and for graphql, else GET. */
    const char *method;
    size_t method_len;
    const char *path;
    size_t path_len;
    const char *headers;
    size_t headers_len;
    /** An array of `count` structs (each with its size); at most 256. */
    const envres_query_param *params;
    size_t count;
    /** 0: whatever is there; -1: nothing must be; else the newest revision must be this one. */
    int64_t expect_revision;
} envres_query_write;

/**
 * Puts a query: its first revision, or the next one. What is the same as the newest revision
 * makes none.
 *
 * @param revision  may be NULL; the newest revision after it
 *
 * Errors: ENVRES_E_NAME, ENVRES_E_NAME_TAKEN (a parameter is declared twice), ENVRES_E_NOT_FOUND
 * (the resource; a tag takes a parameter that is not declared), ENVRES_E_TYPE (a preset, a type, a
 * kind of resource that has no queries), ENVRES_E_INVALID (texts that the kind has not, a method or
 * path that cannot be), ENVRES_E_NOT_SET (a tag takes an optional parameter and has no default),
 * ENVRES_E_CHANGED (expect_revision), ENVRES_E_LIMIT, the errors of envres_template_parse() with
 * the position in the text, ENVRES_E_DENIED. Since 0.1.
 */
ENVRES_API envres_status envres_query_put(envres_session *session, const envres_query_write *write,
                                          const envres_change *change, int64_t *revision,
                                          envres_error *err);

/**
 * Makes an older revision the newest, as a revision of its own.
 * Errors: ENVRES_E_NOT_FOUND (query, revision, its resource), ENVRES_E_DENIED; those of
 * envres_query_put() when the resource is of another kind today. Since 0.1.
 */
ENVRES_API envres_status envres_query_restore(envres_session *session, const char *name,
                                              size_t name_len, int64_t revision,
                                              const envres_change *change, int64_t *made,
                                              envres_error *err);

/**
 * Removes a query. Its name is free then; its revisions stay in the file, for versions that have
 * recorded them.
 * Errors: ENVRES_E_NOT_FOUND, ENVRES_E_REFERRED (a version that is not discarded uses it, and
 * ENVRES_CHANGE_FORCE is not set), ENVRES_E_DENIED. Since 0.1.
 */
ENVRES_API envres_status envres_query_remove(envres_session *session, const char *name,
                                             size_t name_len, const envres_change *change,
                                             envres_error *err);

/** Columns of envres_query_list(). */
enum {
    ENVRES_QUERY_LIST_NAME = 0,     /**< text */
    ENVRES_QUERY_LIST_RESOURCE = 1, /**< text */
    ENVRES_QUERY_LIST_KIND = 2,     /**< text: "postgres", ... */
    ENVRES_QUERY_LIST_REVISION = 3, /**< integer: the newest */
    ENVRES_QUERY_LIST_PARAMS = 4,   /**< integer: how many are declared */
    ENVRES_QUERY_LIST_AUTHOR = 5,   /**< text: of the newest revision */
    ENVRES_QUERY_LIST_TIME = 6,     /**< integer, ms UTC */
    ENVRES_QUERY_LIST_COLUMNS = 7
};

/** All queries, by name. Errors: ENVRES_E_DENIED, ENVRES_E_INTEGRITY, ENVRES_E_NOMEM. Since 0.1. */
ENVRES_API envres_status envres_query_list(envres_session *session, envres_list **out,
                                           envres_error *err);

/** Columns of envres_query_history(). */
enum {
    ENVRES_QUERY_HISTORY_REVISION = 0, /**< integer */
    ENVRES_QUERY_HISTORY_RESOURCE = 1, /**< text */
    ENVRES_QUERY_HISTORY_AUTHOR = 2,   /**< text */
    ENVRES_QUERY_HISTORY_TIME = 3,     /**< integer, ms UTC */
    ENVRES_QUERY_HISTORY_RESTORED = 4, /**< integer: the revision that it brought back; or null */
    ENVRES_QUERY_HISTORY_COLUMNS = 5
};

/** The revisions of a query, newest first. Errors: as envres_query_list(); ENVRES_E_NOT_FOUND.
 *  Since 0.1. */
ENVRES_API envres_status envres_query_history(envres_session *session, const char *name,
                                              size_t name_len, envres_list **out,
                                              envres_error *err);

/* ---- one revision --------------------------------------------------------------------------- */

/** One revision of a query: immutable, any thread, of use after its session was closed. */
typedef struct envres_query envres_query;

/**
 * Reads a revision.
 * @param revision  0: the newest
 * @param out       the caller's: envres_query_free()
 * Errors: ENVRES_E_NOT_FOUND (with the nearest name), ENVRES_E_INTEGRITY (not as it was signed),
 * ENVRES_E_DENIED. Since 0.1.
 */
ENVRES_API envres_status envres_query_open(envres_session *session, const char *name,
                                           size_t name_len, int64_t revision, envres_query **out,
                                           envres_error *err);

/** NULL is allowed. Since 0.1. */
ENVRES_API void envres_query_free(envres_query *query);

/** The handle of its resource; borrowed; "" for NULL. Since 0.1. */
ENVRES_API const char *envres_query_resource(const envres_query *query);

/** The resource's kind when it was opened; borrowed; "" for NULL. Since 0.1. */
ENVRES_API const char *envres_query_kind(const envres_query *query);

/** 0 for NULL. Since 0.1. */
ENVRES_API int64_t envres_query_revision(const envres_query *query);

/** One of its texts, ENVRES_QUERY_*, as it was put; borrowed, NUL-terminated; "" outside. `len` may
 *  be NULL. Since 0.1. */
ENVRES_API const char *envres_query_text(const envres_query *query, uint32_t which, size_t *len);

/** Columns of envres_query_params(). */
enum {
    ENVRES_QUERY_PARAM_NAME = 0,     /**< text */
    ENVRES_QUERY_PARAM_TYPE = 1,     /**< text: "string", ... */
    ENVRES_QUERY_PARAM_REQUIRED = 2, /**< integer 0 or 1: it must be given */
    ENVRES_QUERY_PARAM_PRESET = 3,   /**< text, or null */
    ENVRES_QUERY_PARAM_COLUMNS = 4
};

/** The parameters that it declares, in their order. Errors: ENVRES_E_INVALID, ENVRES_E_NOMEM. Since
 *  0.1. */
ENVRES_API envres_status envres_query_params(const envres_query *query, envres_list **out,
                                             envres_error *err);

/* ---- what a version uses -------------------------------------------------------------------- */

/**
 * Records that a draft uses a query. With revision 0 it follows: a draft uses the newest revision,
 * and the promotion that freezes the version records which one that was, so that what is served
 * later never changes. A draft made from such a version follows again. A revision above 0 is fixed,
 * in the draft and in those made from it. What a version uses is part of its content digest.
 *
 * A query that a version uses, and the resource of it, is removed only with force; a version keeps
 * the revision that it has recorded.
 *
 * @param version   its `version` may be NULL: the app's only draft
 * @param revision  0: follow; else this one
 *
 * Errors: ENVRES_E_NOT_FOUND (app, version, query, revision, with the nearest name),
 * ENVRES_E_FROZEN, ENVRES_E_DISCARDED, ENVRES_E_LIMIT (10,000 queries), ENVRES_E_INTEGRITY,
 * ENVRES_E_DENIED, ENVRES_E_REASON. Since 0.1.
 */
ENVRES_API envres_status envres_query_pin(envres_session *session,
                                          const envres_version_name *version, const char *name,
                                          size_t name_len, int64_t revision,
                                          const envres_change *change, envres_error *err);

/**
 * Records that a draft no longer uses a query.
 * Errors: ENVRES_E_NOT_FOUND (also: the version does not use it), and those of envres_query_pin().
 * Since 0.1.
 */
ENVRES_API envres_status envres_query_unpin(envres_session *session,
                                            const envres_version_name *version, const char *name,
                                            size_t name_len, const envres_change *change,
                                            envres_error *err);

/** Columns of envres_query_pins(). */
enum {
    ENVRES_QUERY_PIN_NAME = 0,     /**< text */
    ENVRES_QUERY_PIN_RESOURCE = 1, /**< text */
    ENVRES_QUERY_PIN_REVISION = 2, /**< integer: what the version uses */
    ENVRES_QUERY_PIN_FOLLOWS = 3,  /**< integer 0 or 1: it was not fixed by hand */
    ENVRES_QUERY_PIN_NEWEST = 4,   /**< integer: the newest there is; null: the query was removed */
    ENVRES_QUERY_PIN_COLUMNS = 5
};

/** The queries that a version uses, by name. Errors: ENVRES_E_NOT_FOUND (app, version),
 *  ENVRES_E_INTEGRITY, ENVRES_E_DENIED. Since 0.1. */
ENVRES_API envres_status envres_query_pins(envres_session *session,
                                           const envres_version_name *version, envres_list **out,
                                           envres_error *err);

/**
 * A query of the version that a scope serves, at the revision that this version uses: what the host
 * renders for an app, instead of the newest there is. It was read when the scope was opened;
 * nothing is looked up.
 *
 * @param out  the caller's: envres_query_free(); of use after the scope has gone
 *
 * Errors: ENVRES_E_NOT_FOUND (the version does not use it; with the nearest that it uses),
 * ENVRES_E_INTEGRITY (its revision is missing, or not the one that was signed: the others of the
 * scope are of use), ENVRES_E_INVALID (the scope serves no app). Since 0.1.
 */
ENVRES_API envres_status envres_scope_query(const envres_scope *scope, const char *name,
                                            size_t name_len, envres_query **out, envres_error *err);

/* ---- rendering ------------------------------------------------------------------------------ */

enum {
    ENVRES_QUERY_NO_SECRETS = 1, /**< any secret is ENVRES_E_SECRET_SINK */
    /** Parameters given as strings are read as the types that are declared: for values that come
     *  from a command line or a form. */
    ENVRES_QUERY_READ_STRINGS = 2
};

typedef struct envres_query_options {
    uint32_t size;
    /** ENVRES_QUERY_NO_SECRETS, ENVRES_QUERY_READ_STRINGS */
    uint32_t flags;
    /** May be NULL. Read during the call. Its allowed identifiers are for `ident`. */
    const envres_params *params;
    /** Largest text in bytes; 0: 64 MiB. */
    uint64_t output_max;
} envres_query_options;

/** What to send. Immutable, any thread. */
typedef struct envres_query_result envres_query_result;

/**
 * Renders a query for the environment of a scope. Connects to nothing, and asks for no settings of
 * the resource: those the scope gives (envres_scope_resource()).
 *
 * A parameter is of the declared type: integer is a number without fraction within 64 bits; json
 * takes any type but a string; a timestamp is a string as RFC 3339 writes it. Null is taken where
 * the parameter is optional.
 *
 * @param out  the caller's: envres_query_result_free()
 *
 * Errors: ENVRES_E_TYPE (a value of another type, naming the parameter), ENVRES_E_NOT_SET (one that
 * must be given), ENVRES_E_NOT_FOUND (one that is not declared, with the nearest),
 * ENVRES_E_INVALID (query and scope are of different workspaces; a path with a segment . or ..; a
 * header with a control character), and those of envres_template_prepare() and
 * envres_template_render(). Since 0.1.
 */
ENVRES_API envres_status envres_query_render(const envres_query *query, const envres_scope *scope,
                                             const envres_query_options *options,
                                             envres_query_result **out, envres_error *err);

/** Frees; wipes what is secret. NULL is allowed. Since 0.1. */
ENVRES_API void envres_query_result_free(envres_query_result *result);

/** The statement and its parameters, borrowed; NULL for a request. Since 0.1. */
ENVRES_API const envres_statement *envres_query_result_statement(const envres_query_result *result);

/** One of the texts of a request, ENVRES_QUERY_*, rendered; borrowed; NULL for a statement, and for
 *  a body or headers that there are none of. Since 0.1. */
ENVRES_API const envres_value *envres_query_result_text(const envres_query_result *result,
                                                        uint32_t which);

#ifdef __cplusplus
}
#endif

#endif
