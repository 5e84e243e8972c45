/* SPDX-License-Identifier: MIT */
/* An app with two versions that take turns in being live, and how it gets many versions. */
#ifndef ENVRES_BENCH_MOVES_H
#define ENVRES_BENCH_MOVES_H

#include <stddef.h>

#include <envres/envres.h>

enum { MOVES_DIGEST = 32 };

/* Of the app MOVES_APP, in the workspace of the session, which is borrowed. */
struct moves {
    envres_session *session;
    uint8_t contents[2][MOVES_DIGEST];
    int64_t live; /* sequence of the newest release; 0: none yet */
    int which;    /* version that is live */
};

extern const char moves_app[];
extern const char *const moves_names[2];

/* Each ends the program when the library does not do it. */
envres_version_name moves_version(const char *version);
/* `name` NULL: the library gives one; `from` NULL: empty. */
void moves_create(envres_session *session, const char *name, const char *from);
void moves_promote(envres_session *session, const char *version, const char *from, const char *to,
                   const uint8_t content[MOVES_DIGEST]);
/* Both versions are there, with the contents noted: promotes and releases them. */
void moves_begin(struct moves *moves);
void moves_release(struct moves *moves);
void moves_roll_back(struct moves *moves);

/* In a file that nobody has open: copies version "a" until there are `count` versions. */
void moves_fill(const char *path, size_t count);

#endif
