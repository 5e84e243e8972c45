/* SPDX-License-Identifier: MIT */
/* Building the public tables of results. One arena per list, text cells NUL-terminated. */
#ifndef ENVRES_BASE_LIST_H
#define ENVRES_BASE_LIST_H

#include <envres/list.h>

#include "base/mem.h"

/* Column names are of static storage. `mem` is copied. */
envres_status list_new(const struct mem *mem, const char *const *columns, uint32_t count,
                       envres_list **out, envres_error *err);

/* Begins a row of null cells, then fills it. Failures stick until list_status(). */
void list_row(envres_list *list);
void list_set_int(envres_list *list, uint32_t column, int64_t value);
void list_set_text(envres_list *list, uint32_t column, const char *text, size_t len);
void list_set_str(envres_list *list, uint32_t column, const char *text);
void list_set_secret(envres_list *list, uint32_t column, const char *text, size_t len);
envres_status list_status(const envres_list *list, envres_error *err);

#endif
