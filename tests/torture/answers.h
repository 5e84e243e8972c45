/* SPDX-License-Identifier: MIT */
/*
 * What the store of the fixture answers, for tests that damage it: a call may fail, but what is
 * answered must be what was written. Each tag has a default, which must not stand in for what was
 * lost.
 */
#ifndef ENVRES_TESTS_ANSWERS_H
#define ENVRES_TESTS_ANSWERS_H

#include "../scenarios/scenario.h"

/* An answer that was never written: the text or path that was asked, and what came. */
typedef void (*answers_fn)(void *user, const char *asked, const char *got);

/* Asks all; `flags` of the scopes. How many were answered, and rightly. */
size_t answers_ask(struct fixture *fx, uint32_t flags, answers_fn wrong, void *user);
/* How many there are. */
size_t answers_count(void);

/* Writes another value, and says whether asking notices it: the test of the test, on a store that
 * is thrown away or put back afterwards. */
int answers_notice(struct fixture *fx);

/* The same for one scope of answers_scopes(). */
size_t answers_ask_scope(struct fixture *fx, size_t nth, uint32_t flags, answers_fn wrong,
                         void *user);
size_t answers_scopes(void);

#endif
