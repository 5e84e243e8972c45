/* SPDX-License-Identifier: MIT */
/**
 * Statements: SQL made of a template, and what to bind to its placeholders.
 *
 * No value is ever part of the text. Each tag of the template became a placeholder, in the order of
 * the text, and its value a parameter, in the same order. The text depends on the template, on how
 * many elements a list has and on which of the allowed identifiers are chosen; on nothing else. It
 * holds no secret, so it can be logged; the parameters cannot.
 *
 * A statement is immutable and needs nothing any more of what it was made of. It may be read from
 * several threads.
 */
#ifndef ENVRES_STATEMENT_H
#define ENVRES_STATEMENT_H

#include <envres/template.h>
#include <envres/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Resolves a template of context sql in a scope.
 * @param options  as for envres_template_render(); output_max counts the text and all values
 * @param out      the caller's: envres_statement_free()
 * Errors: those of envres_template_render(), each with the tag's position; ENVRES_E_IDENT (`ident`,
 * of a name that envres_params_allow() was not given), ENVRES_E_TYPE (also `list` of what is no
 * JSON array, or of an empty one), ENVRES_E_LIMIT (more parameters than the dialect takes: 65,535
 * in postgres and mysql, 32,766 in sqlite), ENVRES_E_SECRET_SINK (also a secret as identifier),
 * ENVRES_E_INVALID (a template of another context). Since 0.1.
 */
ENVRES_API envres_status envres_template_prepare(const envres_template *tmpl,
                                                 const envres_scope *scope,
                                                 const envres_render_options *options,
                                                 envres_statement **out, envres_error *err);

/** The SQL, NUL-terminated, borrowed for the life of the statement. `len` may be NULL. NULL
 *  statement: "" and 0. Since 0.1. */
ENVRES_API const char *envres_statement_text(const envres_statement *statement, size_t *len);

/** How many parameters there are to bind. NULL: 0. Since 0.1. */
ENVRES_API uint32_t envres_statement_count(const envres_statement *statement);

/** The number of the first of them: 1, or one more than the highest $n that the text itself had.
 *  They are numbered without gaps. NULL: 1. Since 0.1. */
ENVRES_API uint32_t envres_statement_first(const envres_statement *statement);

/** The path of the reference that gave the index-th: "params.id", "environment.variables.LIMIT".
 *  All elements of a list have the same. Borrowed; "" outside. Since 0.1. */
ENVRES_API const char *envres_statement_name(const envres_statement *statement, uint32_t index);

/** ENVRES_TYPE_STRING, _INTEGER, _NUMBER, _BOOLEAN, _JSON or _NULL; 0 outside. Since 0.1. */
ENVRES_API int32_t envres_statement_type(const envres_statement *statement, uint32_t index);

/** The index-th value as text: "true" or "false", numbers in decimal, JSON compact; NUL-terminated,
 *  borrowed. `len` may be NULL. NULL and 0 for null, and outside. Since 0.1. */
ENVRES_API const char *envres_statement_value(const envres_statement *statement, uint32_t index,
                                              size_t *len);

/** An integer, or a boolean as 0 or 1; 0 for every other type and outside. Since 0.1. */
ENVRES_API int64_t envres_statement_integer(const envres_statement *statement, uint32_t index);

/** A number or integer as double (the nearest one); 0 for every other type and outside. Since 0.1.
 */
ENVRES_API double envres_statement_double(const envres_statement *statement, uint32_t index);

/** 1 when the index-th value is, or is made of, a secret. Since 0.1. */
ENVRES_API int32_t envres_statement_is_secret(const envres_statement *statement, uint32_t index);

/** Frees; wipes first when a parameter is secret. NULL is allowed. Since 0.1. */
ENVRES_API void envres_statement_free(envres_statement *statement);

#ifdef __cplusplus
}
#endif

#endif
