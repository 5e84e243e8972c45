/* SPDX-License-Identifier: MIT */
/* The private side of a set of parameters: looking one up. */
#ifndef ENVRES_LANG_PARAMS_H
#define ENVRES_LANG_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include <envres/template.h>

#include "lang/template.h"

/* The value of a parameter, borrowed until it is set again or the set is freed. False when there is
 * none of that name; `params` may be NULL. */
bool params_find(const envres_params *params, struct slice name, struct operand *value,
                 bool *is_secret);

uint32_t params_count(const envres_params *params);

/* The name of the index-th, in the order in which they were first set: for a did-you-mean. */
struct slice params_name(const envres_params *params, uint32_t index);

/* Allows in `to` what is allowed in `from`, which may be NULL. NOMEM. */
envres_status params_allow_same(envres_params *to, const envres_params *from, envres_error *err);

/* Whether an identifier is among those allowed; `params` may be NULL: none is. */
bool params_allow(const envres_params *params, struct slice ident);

#endif
