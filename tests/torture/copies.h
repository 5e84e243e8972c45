/* SPDX-License-Identifier: MIT */
/*
 * One store on a real disk, made once, of which every run gets a fresh copy, so that making it is
 * not part of what is tortured. A process has one.
 */
#ifndef ENVRES_TORTURE_COPIES_H
#define ENVRES_TORTURE_COPIES_H

#include <stdbool.h>

#include "../scenarios/scenario.h"

/* Makes the store of the scenarios in a temporary folder; says what went wrong. */
bool copies_begin(void);
/* Removes the folder. */
void copies_end(void);

/* Writes a copy and opens it. */
bool copy_open(struct fixture *fx);
/* The file is, byte for byte, what the run began with: verify would say what it said then. */
bool copy_is_untouched(void);
/* Files beside the store, which an operation that failed has not cleared away. */
unsigned copy_left_over(void);

/* The states a change may leave: before it, and after it. Freed by their owner. */
struct states {
    char *before;
    char *after;
};

/* Runs a scenario undisturbed: it must do what its kind says, and verify must find nothing. */
bool states_learn(const struct scenario *scenario, struct states *out);
void states_free(struct states *states);

#endif
