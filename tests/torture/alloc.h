/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out: the malloc family and mmap of the whole process (ours, SQLite's and
 * libsodium's alike) behind one counter. One thread.
 */
#ifndef ENVRES_TORTURE_ALLOC_H
#define ENVRES_TORTURE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The nth request from now on fails (counted from 0), once or from then on. */
void alloc_fail_at(uint64_t nth, bool forever);
/* No more failures; says whether one happened. */
bool alloc_stop(void);
/* Blocks handed out and not yet given back. */
int64_t alloc_live(void);
/* Requests made since alloc_fail_at(). */
uint64_t alloc_requests(void);

/* Until alloc_stop(): whence each request comes, into places[0..max-1]. The same number: the same
 * chain of calls inside this program. None is refused. */
void alloc_note(uint64_t *places, size_t max);

#endif
