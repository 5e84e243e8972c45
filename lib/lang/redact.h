/* SPDX-License-Identifier: MIT */
/*
 * Masking secrets in a text that comes in pieces. A set has what is looked for; a stream has where
 * one text stands. Knows no scope and no name: resolve/redactor.c fills sets.
 */
#ifndef ENVRES_LANG_REDACT_H
#define ENVRES_LANG_REDACT_H

#include "lang/forms.h"

struct redact_set;

/* A set is filled by one thread, then closed; from then on it is immutable and may be used by
 * several. */
envres_status redact_set_new(const struct mem *mem, struct redact_set **out, envres_error *err);
void redact_set_free(struct redact_set *set); /* NULL allowed */

/* Adds all forms of a secret. NOMEM, LIMIT: the set may then hold some of them. */
envres_status redact_set_add(struct redact_set *set, struct slice secret,
                             enum form_verdict *verdict, envres_error *err);
envres_status redact_set_close(struct redact_set *set, envres_error *err);

/* What ENVRES_OK of it means goes on; anything else ends the call and comes back from it. */
typedef envres_status (*redact_write_fn)(const char *data, size_t len, void *user);

struct redact_stream {
    struct redact_set *set; /* borrowed, closed */
    struct slice replacement;
    struct buf window;    /* what was not written yet; secret */
    size_t covered;       /* bytes at its start that lie in a secret found before */
    bool in_run;          /* the last byte that is gone was masked */
    envres_status failed; /* of an earlier call; nothing more is written */
    uint64_t masked;      /* replacements so far */
};

/* `mem` and the replacement's bytes are borrowed for the life of the stream. */
void redact_begin(struct redact_stream *stream, struct redact_set *set, const struct mem *mem,
                  struct slice replacement);
void redact_free(struct redact_stream *stream);

/* Takes the next bytes in and writes all that no later byte can change. NOMEM. */
envres_status redact_feed(struct redact_stream *stream, struct slice text, redact_write_fn write,
                          void *user, envres_error *err);
/* The text has ended: writes the rest. The stream is as new, whatever the answer; `masked` stays.
 */
envres_status redact_end(struct redact_stream *stream, redact_write_fn write, void *user,
                         envres_error *err);

#endif
