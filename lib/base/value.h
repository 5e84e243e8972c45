/* SPDX-License-Identifier: MIT */
/* Building public values. */
#ifndef ENVRES_BASE_VALUE_H
#define ENVRES_BASE_VALUE_H

#include <stdbool.h>

#include <envres/value.h>

#include "base/mem.h"

struct value_range {
    size_t start;
    size_t end;
};

/* A copy of `data`. `mem` is copied into the value. Secret: one range over all of it. */
envres_status value_new(const struct mem *mem, int32_t type, const char *data, size_t len,
                        bool secret, envres_value **out, envres_error *err);

/* Takes the buffer's bytes (the buffer is empty after, also on failure) and a copy of the ranges.
 */
envres_status value_from_buf(int32_t type, struct buf *bytes, const struct value_range *ranges,
                             size_t range_count, envres_value **out, envres_error *err);

/* Room for `len` bytes that the caller fills through *data; the fast path of a render. */
envres_status value_room(const struct mem *mem, int32_t type, size_t len, bool secret,
                         envres_value **out, char **data, envres_error *err);

/* Ranges for a value of value_room(). */
envres_status value_set_ranges(envres_value *value, const struct value_range *ranges, size_t count,
                               envres_error *err);

/* What stands in the place of a secret: as given, or the usual. INVALID, UTF8, LIMIT. */
envres_status value_replacement(const char *text, size_t len, struct slice *out, envres_error *err);

#endif
