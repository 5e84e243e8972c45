/* SPDX-License-Identifier: MIT */
/*
 * One native call for what hosts do all day: rendering, and reading a plain variable. What such a
 * call needs besides its objects lies in one envres_py_work, so that few arguments are converted.
 *
 * Nothing here ever puts a secret into the buffer: rendering forbids secrets, and what is read is
 * plain. Where there is a secret, or the output is larger, the caller is told so, and takes an
 * envres_value instead. One thread at a time uses one envres_py_work.
 */
#include <envres/envres.h>
#include <string.h>

enum { ENVRES_PY_BUFFER = 16384 };

typedef struct envres_py_work {
    envres_error *err;
    char buffer[ENVRES_PY_BUFFER];
} envres_py_work;

static const envres_render_options envres_py_no_secrets = { .size = sizeof(envres_render_options),
                                                            .flags = ENVRES_RENDER_NO_SECRETS };

/* Its length, or a negative status; the text is in the buffer. */
static int64_t
envres_py_render(const envres_template *tmpl, const envres_scope *scope, envres_py_work *work)
{
    size_t need = 0;
    envres_status st = envres_template_render_into(tmpl, scope, &envres_py_no_secrets, work->buffer,
                                                   sizeof(work->buffer), &need, work->err);
    return st < 0 ? st : (int64_t)need;
}

static int64_t
envres_py_copy(const char *data, size_t len, envres_py_work *work)
{
    if (len > sizeof(work->buffer))
        return ENVRES_E_LIMIT;
    memcpy(work->buffer, data, len);
    return (int64_t)len;
}

static int64_t
envres_py_bound(envres_bound *bound, envres_py_work *work)
{
    const char *data = NULL;
    size_t len = 0;
    envres_status st = envres_bound_text(bound, &data, &len, work->err);
    return st < 0 ? st : envres_py_copy(data, len, work);
}

static int64_t
envres_py_get(const envres_scope *scope, const char *name, size_t name_len, envres_py_work *work)
{
    const char *data = NULL;
    size_t len = 0;
    uint32_t index = 0;
    envres_status st = envres_scope_find(scope, name, name_len, &index, work->err);
    if (st == ENVRES_OK)
        st = envres_scope_at(scope, index, &data, &len, work->err);
    return st < 0 ? st : envres_py_copy(data, len, work);
}

/* The text of a value that is plain and fits, which is freed then; else a negative status, and the
 * value is the caller's as before. */
static int64_t
envres_py_text(envres_value *value, envres_py_work *work)
{
    size_t len = 0;
    const char *data = envres_value_data(value, &len);
    if (envres_value_is_secret(value))
        return ENVRES_E_SECRET_SINK;
    int64_t done = envres_py_copy(data, len, work);
    if (done >= 0)
        envres_value_free(value);
    return done;
}

/* Renders one template after another into the buffer; ends[i] is where the i-th ends. How many were
 * done: the next one has a secret, does not fit, or fails with what *status says. */
static size_t
envres_py_render_many(envres_template *const *templates, size_t count, const envres_scope *scope,
                      envres_py_work *work, size_t *ends, int32_t *status)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t need = 0;
        *status = envres_template_render_into(templates[i], scope, &envres_py_no_secrets,
                                              work->buffer + at, sizeof(work->buffer) - at, &need,
                                              work->err);
        if (*status < 0)
            return i;
        at += need;
        ends[i] = at;
    }
    return count;
}
