/* SPDX-License-Identifier: MIT */
/*
 * A sound store that has everything, for tests that damage copies of it: its file, what it says of
 * itself, and how one is put back.
 */
#ifndef ENVRES_TESTS_SOUND_H
#define ENVRES_TESTS_SOUND_H

#include <stdbool.h>

#include "../scenarios/scenario.h"
#include "answers.h"

struct sound {
    char folder[64];
    char path[96];
    unsigned char *bytes;
    size_t len;
    char *dump;
};

/* Makes it in a new folder, hears that all its answers are right, and remembers file and dump. */
bool sound_make(struct sound *sound, const char *name);
/* Puts the file back as it was made. */
bool sound_restore(const struct sound *sound);
/* Takes away file and folder. */
void sound_clear(struct sound *sound);

/* How a copy at a path is opened. */
struct fixture sound_fixture(const char *path);

/*
 * The end of a trial: the file as it is now is asked everything. What is another answer than was
 * written goes to `wrong`. `line`: the first one that the store says differently of itself, where
 * no call failed and verify has no finding; else empty. False: it refused to open, or to say what
 * it has.
 */
bool sound_ask(const struct sound *sound, answers_fn wrong, void *user, char line[200]);

#endif
