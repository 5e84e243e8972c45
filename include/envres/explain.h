/* SPDX-License-Identifier: MIT */
/**
 * Explain: which value, from where, and why. Never the value itself.
 */
#ifndef ENVRES_EXPLAIN_H
#define ENVRES_EXPLAIN_H

#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Columns of envres_explain(): a row for each reference, those of nested templates below theirs.
 */
enum {
    ENVRES_EXPLAIN_REFERENCE = 0,   /**< text: "environment.variables.API_KEY", ... */
    ENVRES_EXPLAIN_DEPTH = 1,       /**< integer: 0 for the text's own, +1 for each template */
    ENVRES_EXPLAIN_STATUS = 2,      /**< text: "ENVRES_OK", or why it does not resolve */
    ENVRES_EXPLAIN_ENVIRONMENT = 3, /**< text: whose value it is, or null */
    ENVRES_EXPLAIN_LAYER = 4,       /**< text: "value", "template", "default", "setting",
                                         "kind default", "fallback", "environment", "app",
                                         "parameter" (given with the render), or null */
    ENVRES_EXPLAIN_TYPE = 5,        /**< text or null */
    ENVRES_EXPLAIN_SECRET = 6,      /**< integer 0 or 1 */
    ENVRES_EXPLAIN_REVISION = 7,    /**< integer or null */
    ENVRES_EXPLAIN_TIME = 8,        /**< integer, ms UTC, or null */
    ENVRES_EXPLAIN_AUTHOR = 9,      /**< text or null */
    ENVRES_EXPLAIN_NOTE = 10,       /**< text: one line for people */
    ENVRES_EXPLAIN_COLUMNS = 11
};

/**
 * Explains a variable's name, a resource field ("crm.host"), a resource's handle, "app.name",
 * "app.version" or "app.release" (where no resource is called app), or a template: of text, or of
 * context sql.
 * A reference that does not resolve is a row, not an error.
 * Errors: ENVRES_E_SYNTAX, ENVRES_E_UTF8, ENVRES_E_NOT_FOUND (a bare name nobody knows). Since 0.1.
 */
ENVRES_API envres_status envres_explain(const envres_scope *scope, const char *text, size_t len,
                                        envres_list **out, envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
