/* SPDX-License-Identifier: MIT */
/* A unified diff of two texts, by lines. Pure. */
#ifndef ENVRES_BASE_TEXTDIFF_H
#define ENVRES_BASE_TEXTDIFF_H

#include "base/mem.h"

/*
 * Appends the hunks (without "---" and "+++" lines) to `out`, three lines of context; nothing when
 * the texts are equal. `patch` and `git apply` take it with the two header lines before it,
 * "\ No newline at end of file" included. Texts are UTF-8 or any bytes; lines end at \n.
 * Memory and time are bounded: beyond an edit distance of a few thousand lines what is left is
 * given as one removal and one insertion, which is still a correct diff. NOMEM, LIMIT (out->max).
 */
envres_status textdiff_unified(const struct mem *mem, struct slice from, struct slice to,
                               struct buf *out, envres_error *err);

#endif
