/* SPDX-License-Identifier: MIT */
/* Findings as SARIF 2.1.0, which code scanning services read. */
#ifndef ENVRES_CLI_SARIF_H
#define ENVRES_CLI_SARIF_H

#include "output.h"

void sarif_begin(struct json *json);
/* One row of a list of findings. `text` is what its part holds, for columns in characters; NULL:
 * not known, and only lines are given. */
void sarif_add(struct json *json, const envres_list *list, size_t row, const char *text,
               size_t len);
void sarif_end(struct json *json);

#endif
