/* SPDX-License-Identifier: MIT */
/*
 * Calls of the database layer that fail: those of lib/storage/db.h which answer a status. The
 * program is linked so that the library's calls from one source to another come here first
 * (`-Wl,--wrap`); the library itself has no seam for it. One thread.
 */
#ifndef ENVRES_TORTURE_DBFAIL_H
#define ENVRES_TORTURE_DBFAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envres/error.h>

/* What a planted failure says; no other error has these words. */
#define DBFAIL_MESSAGE "planted: a call of the database fails"

/* The nth call from now on fails with `code`, once. */
void dbfail_at(uint64_t nth, envres_status code);
/* No more failures; says whether one happened. */
bool dbfail_stop(void);
/* Calls made since dbfail_at(). */
uint64_t dbfail_calls(void);
/* The name of the function that failed last. */
const char *dbfail_name(void);

/* Until dbfail_stop(): whence each call comes, into places[0..max-1]. The same number: the same
 * chain of calls inside this program. None fails. */
void dbfail_note(uint64_t *places, size_t max);

#endif
