/* SPDX-License-Identifier: MIT */
/* Masking as slowly and plainly as can be: every form at every place, all of the text at once. */
#ifndef ENVRES_TESTS_NAIVE_REDACT_H
#define ENVRES_TESTS_NAIVE_REDACT_H

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "lang/forms.h"

struct naive_redact {
    const char *text;
    size_t len;
    unsigned char *masked; /* by byte */
};

static void
naive_mark(struct naive_redact *naive, struct slice piece)
{
    for (size_t at = 0; at + piece.len <= naive->len; at++) {
        if (memcmp(naive->text + at, piece.data, piece.len) == 0)
            memset(naive->masked + at, 1, piece.len);
    }
}

/* Long forms are marked piece by piece: whole ones from the start, and the end. */
static envres_status
naive_form(void *user, struct slice form, envres_error *err)
{
    struct naive_redact *naive = user;
    size_t piece = form.len < LIMIT_REDACT_PIECE ? form.len : LIMIT_REDACT_PIECE;
    (void)err;
    for (size_t at = 0; at + piece <= form.len; at += piece)
        naive_mark(naive, slice_of(form.data + at, piece));
    naive_mark(naive, slice_of(form.data + form.len - piece, piece));
    return ENVRES_OK;
}

/* The masked text; free() its bytes with buf_free(). */
static void
naive_redact(const struct slice *secrets, size_t count, struct slice text, const char *replacement,
             struct buf *out)
{
    struct naive_redact naive = { .text = text.data, .len = text.len };
    naive.masked = calloc(text.len + 1, 1);
    for (size_t i = 0; naive.masked && i < count; i++) {
        enum form_verdict verdict = FORMS_ALL;
        forms_each(&mem_default, secrets[i], naive_form, &naive, &verdict, NULL);
    }
    buf_init(out, &mem_default, false);
    for (size_t i = 0; naive.masked && i < text.len; i++) {
        if (!naive.masked[i])
            buf_add_char(out, text.data[i]);
        else if (i == 0 || !naive.masked[i - 1])
            buf_add_str(out, replacement);
    }
    free(naive.masked);
}

#endif
