/* SPDX-License-Identifier: MIT */
/**
 * Templates: text with << ... >> tags, parsed once, rendered against any scope.
 *
 * A template and a bound template are immutable and may be shared between threads; references are
 * counted. Output is never scanned again. A missing value is an error, never blank text.
 */
#ifndef ENVRES_TEMPLATE_H
#define ENVRES_TEMPLATE_H

#include <envres/memory.h>
#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where the text goes decides how values are written into it. */
enum {
    ENVRES_CONTEXT_TEXT = 0, /**< as they are */
    ENVRES_CONTEXT_JSON = 1, /**< a JSON document: escaped in strings; a tag alone keeps its type */
    ENVRES_CONTEXT_URL = 2,  /**< percent-encoded */
    ENVRES_CONTEXT_SHELL = 3, /**< POSIX single-quoted */
    ENVRES_CONTEXT_SQL = 4    /**< not at all: as parameters of a statement (statement.h) */
};

/** Whose SQL a template of context sql is. */
enum {
    ENVRES_DIALECT_POSTGRES = 1,
    ENVRES_DIALECT_MYSQL = 2, /**< MariaDB too */
    ENVRES_DIALECT_SQLITE = 3
};

/** How the placeholders of a statement look. */
enum {
    ENVRES_STYLE_DEFAULT = 0, /**< postgres: dollar; mysql and sqlite: qmark */
    ENVRES_STYLE_DOLLAR = 1,  /**< $1, $2 */
    ENVRES_STYLE_QMARK = 2,   /**< ? */
    ENVRES_STYLE_COLON = 3    /**< :p1, :p2 */
};

enum {
    ENVRES_TEMPLATE_STRICT = 1, /**< near misses (<< enviroment...) are ENVRES_E_SYNTAX */
    ENVRES_TEMPLATE_BORROW = 2  /**< the text outlives the template: do not copy it */
};

typedef struct envres_template_options {
    uint32_t size;
    /** ENVRES_TEMPLATE_* */
    uint32_t flags;
    /** ENVRES_CONTEXT_* */
    uint32_t context;
    /** Context sql: ENVRES_DIALECT_*, always named. Else 0. */
    uint32_t dialect;
    /** NULL: the C library's. */
    const envres_allocator *allocator;
    /** Context sql: ENVRES_STYLE_*. Else 0. */
    uint32_t style;
    uint32_t reserved;
} envres_template_options;

/**
 * Parses. The whole text is checked; nothing is resolved.
 *
 * @param text  UTF-8, at most 16 MiB
 * @param out   one reference, the caller's: envres_template_unref()
 *
 * Errors: ENVRES_E_SYNTAX, ENVRES_E_UTF8, ENVRES_E_JSON, ENVRES_E_SHELL_CONTEXT,
 * ENVRES_E_SQL_CONTEXT, ENVRES_E_LIMIT, each with offset, line and column; ENVRES_E_INVALID
 * (context sql without a dialect, a dialect without context sql); ENVRES_E_NOMEM. Since 0.1.
 */
ENVRES_API envres_status envres_template_parse(const char *text, size_t len,
                                               const envres_template_options *options,
                                               envres_template **out, envres_error *err);

/** Takes another reference; returns its argument. Any thread. Since 0.1. */
ENVRES_API envres_template *envres_template_ref(envres_template *tmpl);

/** Gives one up; NULL is allowed. Any thread. Since 0.1. */
ENVRES_API void envres_template_unref(envres_template *tmpl);

/** Columns of envres_template_references(): a row for each tag, in order. */
enum {
    ENVRES_TAG_KIND = 0,    /**< text: "variable", "environment", "resource", "param", "app",
                                 or "near-miss": text that looks like a tag and is kept as text */
    ENVRES_TAG_NAME = 1,    /**< text: "API_KEY", "crm.host", "name", ... */
    ENVRES_TAG_OFFSET = 2,  /**< integer: of the tag's << */
    ENVRES_TAG_LINE = 3,    /**< integer, from 1 */
    ENVRES_TAG_COLUMN = 4,  /**< integer, from 1, in bytes */
    ENVRES_TAG_DEFAULT = 5, /**< integer 0 or 1: it has a default */
    ENVRES_TAG_HINT = 6,    /**< text: of a near miss what was probably meant; else null */
    ENVRES_TAG_COLUMNS = 7
};

/** What a template needs. Errors: ENVRES_E_NOMEM. Since 0.1. */
ENVRES_API envres_status envres_template_references(const envres_template *tmpl, envres_list **out,
                                                    envres_error *err);

/* ---- parameters --------------------------------------------------------------------------- */

/** An empty set of parameters. `alloc` NULL: the C library's. NULL when out of memory. One thread
 *  at a time while it is filled. Since 0.1. */
ENVRES_API envres_params *envres_params_new(const envres_allocator *alloc);

/** Wipes and frees. NULL is allowed. Since 0.1. */
ENVRES_API void envres_params_free(envres_params *params);

enum {
    ENVRES_PARAM_SECRET = 1 /**< what is made of it is secret */
};

/**
 * Sets one parameter, replacing one of the same name.
 * @param type   ENVRES_TYPE_STRING, _NUMBER, _BOOLEAN, _JSON or _NULL; the value as text
 * @param flags  ENVRES_PARAM_*
 * Errors: ENVRES_E_NAME, ENVRES_E_TYPE, ENVRES_E_UTF8, ENVRES_E_JSON, ENVRES_E_LIMIT. Since 0.1.
 */
ENVRES_API envres_status envres_params_set(envres_params *params, const char *name, size_t name_len,
                                           int32_t type, const char *value, size_t value_len,
                                           uint32_t flags, envres_error *err);

/**
 * Allows an identifier: a name of a table or column that the filter `ident` may write into a
 * statement, letter by letter as it is given here. Nothing is allowed that was not said.
 * @param name  UTF-8, 1 to 128 bytes; anything that the database takes, quoted or not
 * Errors: ENVRES_E_NAME (empty, too long), ENVRES_E_UTF8, ENVRES_E_LIMIT (100,000). Since 0.1.
 */
ENVRES_API envres_status envres_params_allow(envres_params *params, const char *name, size_t len,
                                             envres_error *err);

/* ---- rendering ---------------------------------------------------------------------------- */

enum {
    /** The text goes where secrets must not: any secret is ENVRES_E_SECRET_SINK. */
    ENVRES_RENDER_NO_SECRETS = 1
};

typedef struct envres_render_options {
    uint32_t size;
    /** ENVRES_RENDER_* */
    uint32_t flags;
    /** May be NULL. Read during the call; a bound template copies what it needs. */
    const envres_params *params;
    /** Largest output in bytes; 0: 64 MiB. */
    uint64_t output_max;
} envres_render_options;

/**
 * Renders into a new value. A template of context sql is ENVRES_E_INVALID, here and in all calls
 * below: its values are no text (envres_template_prepare()).
 * @param out  belongs to the caller; secret when any byte came from a secret, with its ranges
 * Errors: ENVRES_E_NOT_SET, ENVRES_E_NOT_FOUND, ENVRES_E_NOT_CONFIGURED, ENVRES_E_TYPE,
 * ENVRES_E_CYCLE, ENVRES_E_DEPTH, ENVRES_E_LIMIT, ENVRES_E_JSON (keys collide),
 * ENVRES_E_SECRET_SINK, ENVRES_E_INTEGRITY, each with the tag's position. Since 0.1.
 */
ENVRES_API envres_status envres_template_render(const envres_template *tmpl,
                                                const envres_scope *scope,
                                                const envres_render_options *options,
                                                envres_value **out, envres_error *err);

/**
 * Renders into the caller's buffer. No NUL is added.
 * @param need  the output's length, set also when `cap` is too small (ENVRES_E_LIMIT, nothing
 *              useful in `buf`); may be NULL
 * The caller wipes the buffer where the output may be secret. Since 0.1.
 */
ENVRES_API envres_status envres_template_render_into(const envres_template *tmpl,
                                                     const envres_scope *scope,
                                                     const envres_render_options *options,
                                                     char *buf, size_t cap, size_t *need,
                                                     envres_error *err);

/**
 * Parses and renders in one call; `context` ENVRES_CONTEXT_*, `flags` ENVRES_RENDER_*.
 * Errors: those of both. Since 0.1.
 */
ENVRES_API envres_status envres_scope_expand(const envres_scope *scope, const char *text,
                                             size_t len, uint32_t context, uint32_t flags,
                                             envres_value **out, envres_error *err);

/**
 * Parses and renders a part of the app that the scope serves: as a JSON document where its path
 * ends in .json, else as text. A part that is marked public is rendered as if
 * ENVRES_RENDER_NO_SECRETS were given.
 * Errors: those of both, with positions in the part; ENVRES_E_NOT_FOUND (the part),
 * ENVRES_E_INVALID (the scope serves no app). Since 0.1.
 */
ENVRES_API envres_status envres_scope_render_part(const envres_scope *scope, const char *path,
                                                  size_t path_len,
                                                  const envres_render_options *options,
                                                  envres_value **out, envres_error *err);

/* ---- a template bound to a scope: every lookup done ---------------------------------------- */

/**
 * Resolves every reference once. What is left for rendering is copying, and opening secrets.
 * A template of context sql is not bound: each statement has values of its own, and is made by
 * envres_template_prepare().
 * @param out  one reference, the caller's; keeps template and scope alive: envres_bound_unref()
 * Errors: as envres_template_render(); ENVRES_E_INVALID (context sql). Since 0.1.
 */
ENVRES_API envres_status envres_template_bind(envres_template *tmpl, envres_scope *scope,
                                              const envres_render_options *options,
                                              envres_bound **out, envres_error *err);

/** Takes another reference; returns its argument. Any thread. Since 0.1. */
ENVRES_API envres_bound *envres_bound_ref(envres_bound *bound);

/** Gives one up; NULL is allowed. Since 0.1. */
ENVRES_API void envres_bound_unref(envres_bound *bound);

/** As envres_template_render(). Since 0.1. */
ENVRES_API envres_status envres_bound_render(const envres_bound *bound, envres_value **out,
                                             envres_error *err);

/** As envres_template_render_into(). Since 0.1. */
ENVRES_API envres_status envres_bound_render_into(const envres_bound *bound, char *buf, size_t cap,
                                                  size_t *need, envres_error *err);

/**
 * The output of a bound template that took no secret, borrowed for the life of `bound`; rendered at
 * the first call and kept. Errors: ENVRES_E_SECRET_SINK when it holds secrets. Since 0.1.
 */
ENVRES_API envres_status envres_bound_text(envres_bound *bound, const char **data, size_t *len,
                                           envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
