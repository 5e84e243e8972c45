/* SPDX-License-Identifier: MIT */
/*
 * Masking. A byte is masked when it lies in any occurrence of any form of any secret, and each
 * unbroken run of masked bytes becomes one replacement. So neither overlapping secrets nor the way
 * in which the text is cut into pieces make a difference.
 *
 *   window    [ covered ....|.... looked through ....|... could be the start of a form ]
 *               masked       written, or masked       held back
 *
 * Held back is only what could still become a secret: from the first place on at which all bytes
 * that are there are the beginning of a form. Forms are looked for in pieces of LIMIT_REDACT_PIECE
 * bytes, of which the last overlaps the one before; where all pieces of a form stand in a row, the
 * run is the form. This bounds what is held back, and the time for texts that are made to be slow;
 * a long fragment of a secret is masked by it, too.
 */
#include "lang/redact.h"

#include <string.h>

#include "base/limits.h"
#include "base/match.h"

enum { BLOCK = 64 * 1024 /* bytes of a text that are looked through at once */ };

struct redact_set {
    struct mem mem;
    struct matcher *matcher;
    size_t bytes; /* of all forms */
};

/* ---- sets ------------------------------------------------------------------------------------ */

envres_status
redact_set_new(const struct mem *mem, struct redact_set **out, envres_error *err)
{
    struct redact_set *set = mem_alloc_zero(mem, sizeof(*set));
    if (!set)
        return err_code(err, ENVRES_E_NOMEM);
    set->mem = *mem;
    envres_status st = matcher_new(&set->mem, &set->matcher, err);
    if (st < 0)
        redact_set_free(set);
    else
        *out = set;
    return st;
}

void
redact_set_free(struct redact_set *set)
{
    if (!set)
        return;
    struct mem mem = set->mem;
    matcher_free(set->matcher);
    mem_free(&mem, set);
}

static envres_status
add_form(void *user, struct slice form, envres_error *err)
{
    struct redact_set *set = user;
    envres_status st = ENVRES_OK;
    set->bytes += form.len;
    if (set->bytes > LIMIT_REDACT_FORMS)
        return err_set(err, ENVRES_E_LIMIT, "the secrets to be masked have more than %d bytes",
                       (int)LIMIT_REDACT_FORMS);
    while (st == ENVRES_OK && form.len > LIMIT_REDACT_PIECE) {
        size_t next = form.len - LIMIT_REDACT_PIECE;
        if (next > LIMIT_REDACT_PIECE)
            next = LIMIT_REDACT_PIECE;
        st = matcher_add(set->matcher, slice_of(form.data, LIMIT_REDACT_PIECE), 0, false, err);
        form = slice_of(form.data + next, form.len - next);
    }
    return st == ENVRES_OK ? matcher_add(set->matcher, form, 0, false, err) : st;
}

envres_status
redact_set_add(struct redact_set *set, struct slice secret, enum form_verdict *verdict,
               envres_error *err)
{
    return forms_each(&set->mem, secret, add_form, set, verdict, err);
}

envres_status
redact_set_close(struct redact_set *set, envres_error *err)
{
    return matcher_build(set->matcher, err);
}

/* ---- streams --------------------------------------------------------------------------------- */

void
redact_begin(struct redact_stream *stream, struct redact_set *set, const struct mem *mem,
             struct slice replacement)
{
    memset(stream, 0, sizeof(*stream));
    stream->set = set;
    stream->replacement = replacement;
    buf_init(&stream->window, mem, true);
}

void
redact_free(struct redact_stream *stream)
{
    buf_free(&stream->window);
}

/* One look through the window. */
struct pass {
    struct redact_stream *stream;
    redact_write_fn write;
    void *user;
    size_t safe;  /* what lies before it can be written */
    size_t cover; /* up to here all is written or masked */
    envres_status status;
};

static void
write_plain(struct pass *pass, size_t end)
{
    if (end <= pass->cover || pass->status != ENVRES_OK)
        return;
    pass->status =
        pass->write(pass->stream->window.data + pass->cover, end - pass->cover, pass->user);
    pass->stream->in_run = false;
    pass->cover = end;
}

static bool
mask(void *user, uint32_t number, size_t offset, size_t len)
{
    struct pass *pass = user;
    struct redact_stream *stream = pass->stream;
    (void)number;
    if (offset >= pass->safe)
        return false;
    write_plain(pass, offset);
    if (!stream->in_run && pass->status == ENVRES_OK) {
        stream->in_run = true;
        stream->masked++;
        if (stream->replacement.len > 0)
            pass->status =
                pass->write(stream->replacement.data, stream->replacement.len, pass->user);
    }
    if (offset + len > pass->cover)
        pass->cover = offset + len;
    return pass->status == ENVRES_OK;
}

/* Takes what is done with out of the window. */
static void
drop_front(struct buf *window, size_t len)
{
    size_t rest = window->len - len;
    if (rest > 0)
        memmove(window->data, window->data + len, rest);
    mem_wipe(window->data + rest, len);
    window->len = rest;
}

/* What the writer answered; it has no place for words. */
static envres_status
not_taken(envres_status answer, envres_error *err)
{
    if (answer == ENVRES_E_NOMEM)
        return err_code(err, answer);
    if (answer > 0)
        answer = ENVRES_E_CALLBACK;
    return err_set(err, answer, "the masked text was not taken by the function it was given to");
}

static envres_status
look_through(struct redact_stream *stream, bool is_end, redact_write_fn write, void *user,
             envres_error *err)
{
    struct buf *window = &stream->window;
    struct matcher *matcher = stream->set->matcher;
    struct slice text = slice_of(window->data ? window->data : "", window->len);
    struct pass pass = { .stream = stream, .write = write, .user = user, .status = ENVRES_OK };
    pass.safe = is_end ? text.len : matcher_open_end(matcher, text);
    pass.cover = stream->covered;
    envres_status st = matcher_cover(matcher, text, mask, &pass, err);
    if (st < 0)
        return st;
    write_plain(&pass, pass.safe);
    stream->covered = pass.cover > pass.safe ? pass.cover - pass.safe : 0;
    if (window->len > 0)
        drop_front(window, pass.safe);
    return pass.status == ENVRES_OK ? ENVRES_OK : not_taken(pass.status, err);
}

envres_status
redact_feed(struct redact_stream *stream, struct slice text, redact_write_fn write, void *user,
            envres_error *err)
{
    envres_status st = stream->failed;
    if (st < 0)
        return not_taken(st, err);
    while (st == ENVRES_OK && text.len > 0) {
        size_t len = text.len < BLOCK ? text.len : BLOCK;
        buf_add(&stream->window, text.data, len);
        text = slice_of(text.data + len, text.len - len);
        st = buf_status(&stream->window, err);
        if (st == ENVRES_OK)
            st = look_through(stream, false, write, user, err);
    }
    stream->failed = st;
    return st;
}

envres_status
redact_end(struct redact_stream *stream, redact_write_fn write, void *user, envres_error *err)
{
    struct buf *window = &stream->window;
    envres_status st = stream->failed;
    st = st < 0 ? not_taken(st, err) : look_through(stream, true, write, user, err);
    const struct mem *mem = window->mem;
    buf_free(window);
    buf_init(window, mem, true);
    stream->covered = 0;
    stream->in_run = false;
    stream->failed = ENVRES_OK;
    return st;
}
