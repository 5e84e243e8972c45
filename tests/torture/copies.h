/* SPDX-License-Identifier: MIT */
/*
 * One store on a real disk, made once, of which every run gets a fresh copy, so that making it is
 * not part of what is tortured. A process has one.
 */
#ifndef ENVRES_TORTURE_COPIES_H
#define ENVRES_TORTURE_COPIES_H

#include <stdbool.h>

#include "../scenarios/scenario.h"

/* Makes the store of the scenarios in a temporary folder, and does `more` with it (NULL: nothing);
 * says what went wrong. */
bool copies_begin(envres_status (*more)(struct fixture *fx));
/* Removes the folder. */
void copies_end(void);

/* Writes a copy and gives its path; NULL: it could not. */
const char *copy_write(void);
/* The fixture of a copy, nothing of it open. */
struct fixture copy_fixture(void);
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
