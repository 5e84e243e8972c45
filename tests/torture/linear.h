/* SPDX-License-Identifier: MIT */
/*
 * Histories of a live pointer, and whether one order of single steps explains them.
 *
 * Writes give themselves a number that grows by one, so their order is known, and a history is
 * linearizable exactly when
 *   - the numbers of writes have no gap and none is given twice,
 *   - each write found the pointer as it expected it: at the number before its own,
 *   - nothing that ended before another began comes after it in the order write 1, the reads of 1,
 *     write 2, the reads of 2, ...; looking at pairs is enough, since both orders are transitive
 *     and the second has every two operations of different numbers in it,
 *   - each read saw the version, and the content, of the write whose number it saw,
 *   - each refusal has a moment between its begin and its end at which it was right.
 */
#ifndef ENVRES_TORTURE_LINEAR_H
#define ENVRES_TORTURE_LINEAR_H

#include <stddef.h>
#include <stdint.h>

enum linear_kind {
    LINEAR_READ,    /* sequence, version, content: what was seen */
    LINEAR_WRITE,   /* done: sequence, version, expected */
    LINEAR_CHANGED, /* refused: not `expected` any more */
    LINEAR_LIVE     /* refused: `version` is live already */
};

enum { LINEAR_UNKNOWN = -1 };

struct linear_op {
    int64_t start; /* ns */
    int64_t end;
    int64_t sequence;
    int64_t expected;
    int32_t kind;
    int32_t version; /* LINEAR_UNKNOWN: not looked at */
    int32_t content; /* version that the content is of; LINEAR_UNKNOWN: not looked at */
    int32_t process;
};

/* How many operations do not fit; the first few are printed unless `quiet`. Sorts the array. -1: no
 * memory. */
long linear_check(struct linear_op *ops, size_t count, int quiet);

#endif
