/* SPDX-License-Identifier: MIT */
/*
 * From a template of context sql and the values of its expressions to a statement: text and
 * parameters. Pure: where the values come from is `resolve`'s to know.
 */
#ifndef ENVRES_LANG_STATEMENT_H
#define ENVRES_LANG_STATEMENT_H

#include <envres/statement.h>

#include "lang/template.h"

/* What an expression's reference leads to; borrowed during the call. */
struct statement_operand {
    struct operand value;
    bool missing; /* nothing there: the default gives the value */
    bool secret;
};

/*
 * `operands` has one for each expression. `params` (may be NULL) has the identifiers that are
 * allowed. `max` bounds the bytes of text and values together. Errors have the tag's position:
 * TYPE, IDENT, SECRET_SINK (a secret identifier), LIMIT; NOMEM.
 */
envres_status statement_write(const struct mem *mem, const envres_template *tmpl,
                              const struct statement_operand *operands, const envres_params *params,
                              uint64_t max, envres_statement **out, envres_error *err);

#endif
