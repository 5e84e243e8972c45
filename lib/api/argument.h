/* SPDX-License-Identifier: MIT */
/* Arguments of public calls, read in one way. */
#ifndef ENVRES_API_ARGUMENT_H
#define ENVRES_API_ARGUMENT_H

#include <stdbool.h>

#include "base/mem.h"

/* A name given by pointer and length; NULL where `optional` stays NULL. What a name may be, and how
 * long, is the model's to say. `what`: "the app's name". */
envres_status argument_name(const char *text, size_t len, bool optional, const char *what,
                            struct slice *out, envres_error *err);

/* The name of a principal or a workspace: 1 to LIMIT_PRINCIPAL bytes, no control characters, no
 * space at either end. E_NAME. */
envres_status argument_check_title(struct slice name, const char *what, envres_error *err);

/* INVALID when there is no place for the result. */
envres_status argument_out(const void *out, envres_error *err);

#endif
