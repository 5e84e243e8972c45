/* SPDX-License-Identifier: MIT */
/*
 * Finding any of many literals in a text. Patterns may be secrets: the matcher keeps them in memory
 * that is wiped when it grows and when it is freed, and never says what they are.
 */
#ifndef ENVRES_BASE_MATCH_H
#define ENVRES_BASE_MATCH_H

#include "base/mem.h"

struct matcher;

enum { MATCH_MIN = 6 /* bytes of the shortest pattern */ };

envres_status matcher_new(const struct mem *mem, struct matcher **out, envres_error *err);
void matcher_free(struct matcher *matcher);

/* Adds a pattern (copied) with a number that match_fn gets back. `whole`: it only matches as a
 * whole token, not inside a longer word (see match.c). INVALID below MATCH_MIN; NOMEM. */
envres_status matcher_add(struct matcher *matcher, struct slice pattern, uint32_t number,
                          bool whole, envres_error *err);

/* Builds the tables, where that is still to be done: from then on the other calls do not change the
 * matcher, and several threads may make them at once. */
envres_status matcher_build(struct matcher *matcher, envres_error *err);

/* False ends the run. */
typedef bool (*match_fn)(void *user, uint32_t number, size_t offset, size_t len);

/* Every match in `text`, in order of its offset; of several at one offset the longest first. Linear
 * in the text for patterns that differ in their first bytes. The first run builds the tables. */
envres_status matcher_run(struct matcher *matcher, struct slice text, match_fn each, void *user,
                          envres_error *err);

/* The same, but of several at one offset the longest alone. */
envres_status matcher_cover(struct matcher *matcher, struct slice text, match_fn each, void *user,
                            envres_error *err);

/* For a text that will go on: the first offset from which all that is there could be the beginning
 * of a pattern; text.len when there is none. The tables are built. */
size_t matcher_open_end(const struct matcher *matcher, struct slice text);

#endif
