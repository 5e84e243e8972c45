/* SPDX-License-Identifier: MIT */
/* A naive renderer over rows, for tests of the template language alone. */
#ifndef FX_LANG_H
#define FX_LANG_H

#include "lang/template.h"

struct fx_value {
    const char *path; /* "environment.variables.HOST" */
    int32_t type;
    const char *text;
};

/* Gives the value of a reference; *found false leaves it to the default. */
typedef envres_status (*fx_resolve)(void *user, const struct template_ref *ref,
                                    struct operand *value, bool *found, envres_error *err);

/* Renders segment by segment, as `resolve` does without its short cuts; checks on the way that the
 * short cut of template_is_verbatim() would have given the same. */
envres_status fx_render(const envres_template *tmpl, fx_resolve resolve, void *user,
                        struct buf *out, envres_error *err);

/* The path of a reference, NUL-terminated; `room` bytes. */
void fx_path(const struct template_ref *ref, char *path, size_t room);

/* Rows that end with a NULL path, as `user` of fx_rows(). */
envres_status fx_rows(void *user, const struct template_ref *ref, struct operand *value,
                      bool *found, envres_error *err);

/* Parses and renders; on success `out` holds the text, NUL-terminated. */
envres_status fx_expand(const char *text, size_t len, uint32_t context, uint32_t flags,
                        const struct fx_value *rows, struct buf *out, envres_error *err);

#endif
