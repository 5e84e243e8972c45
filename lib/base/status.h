/* SPDX-License-Identifier: MIT */
/*
 * Status codes as rows of a table, and the error slot. The lowest function that knows the facts
 * fills the slot; callers pass it up unchanged, at most prepending where. Never a value in it.
 */
#ifndef ENVRES_BASE_STATUS_H
#define ENVRES_BASE_STATUS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envres/error.h>

#define STATUS_PRINTF(text, args) __attribute__((format(printf, text, args)))

/* What is rarely run, such as the making of an error, stays out of the functions that run for every
 * tag or every value, so that those keep their state in registers. */
#define RARE __attribute__((noinline, cold))

/* Writes code and message; clears hint, subject, position. Returns `code`. `err` may be NULL. */
envres_status err_set(envres_error *err, envres_status code, const char *format, ...)
    STATUS_PRINTF(3, 4);

/* The same with the code's own sentence as message. */
envres_status err_code(envres_error *err, envres_status code);

/* What to do about it. Keeps code and message. */
void err_hint(envres_error *err, const char *format, ...) STATUS_PRINTF(2, 3);

/* The name concerned; cut at the slot's size at a character boundary, control characters shown
 * as '?'. */
void err_subject(envres_error *err, const char *name, size_t len);

/* Position in the text that the caller gave. */
void err_position(envres_error *err, size_t offset, uint32_t line, uint32_t column);

/* Finds line and column of `offset` in `text` by itself. */
void err_position_in(envres_error *err, const char *text, size_t len, size_t offset);

/* Prepends where: "resource 'crm': " + message. */
void err_prepend(envres_error *err, const char *format, ...) STATUS_PRINTF(2, 3);

/* For slots that take one failure after the other: whether a hint that has to be searched for, such
 * as the name that is like it, is worth its time. Nobody reads that of a NULL slot. */
void err_spare_search(envres_error *err, bool spare);
bool err_wants_search(const envres_error *err);

/* Copies a slot's content into another; either may be NULL. For errors kept and given later. */
void err_copy(envres_error *to, const envres_error *from);

/* Reads an option struct of any known or newer size; `v1` is the size of its first release.
 * A NULL `src` gives all defaults (zeros with size set). */
envres_status opts_read(void *dst, size_t known, size_t v1, const void *src, envres_error *err);

#endif
