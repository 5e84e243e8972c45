/* SPDX-License-Identifier: MIT */
/* The forms in which a secret may turn up in a text: as it is, line by line, and encoded. */
#ifndef ENVRES_LANG_FORMS_H
#define ENVRES_LANG_FORMS_H

#include "base/mem.h"

/* Takes one form, which is borrowed and lies in wiped memory. A failure ends forms_each(). */
typedef envres_status (*form_fn)(void *user, struct slice form, envres_error *err);

/* What of a secret is looked for. */
enum form_verdict {
    FORMS_ALL,   /* all of it */
    FORMS_LINES, /* as a whole; some of its lines are too short to be looked for by themselves */
    FORMS_SHORT, /* nothing: fewer than FORM_MIN bytes */
    FORMS_BLANK  /* nothing: white space alone */
};

enum { FORM_MIN = 8 /* bytes of the shortest form */ };

/* Gives each form of a secret, some perhaps twice. NOMEM, LIMIT, or what `each` answered. */
envres_status forms_each(const struct mem *mem, struct slice secret, form_fn each, void *user,
                         enum form_verdict *verdict, envres_error *err);

#endif
