/* SPDX-License-Identifier: MIT */
/* Stands in until textdiff.c is there, which takes its place: remove this file then. */
#include "base/textdiff.h"

envres_status
textdiff_unified(const struct mem *mem, struct slice from, struct slice to, struct buf *out,
                 envres_error *err)
{
    (void)mem;
    (void)from;
    (void)to;
    return buf_status(out, err);
}
