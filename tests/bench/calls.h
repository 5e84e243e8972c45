/* SPDX-License-Identifier: MIT */
/* The bare call that calls.c compares with; in a library of its own, so that it is not inlined. */
#ifndef ENVRES_TESTS_BENCH_CALLS_H
#define ENVRES_TESTS_BENCH_CALLS_H

#include <stddef.h>

/* Writes 34 bytes and gives their number; 0 where they do not fit. */
size_t calls_bare(char *buf, size_t cap);

#endif
