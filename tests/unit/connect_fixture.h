/* SPDX-License-Identifier: MIT */
/* A resolved resource as the writers of connection strings take it, for their tests. */
#ifndef ENVRES_TESTS_CONNECT_FIXTURE_H
#define ENVRES_TESTS_CONNECT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/connect.h"

#define MAX_FIELDS 16

struct fixture {
    const struct kind *kind;
    struct connect_field fields[MAX_FIELDS];
    uint32_t count;
};

/* All fields of a kind, with its defaults. */
static inline void
fixture_init(struct fixture *fx, const char *kind)
{
    memset(fx, 0, sizeof(*fx));
    fx->kind = kind_find(slice_str(kind));
    assert_non_null(fx->kind);
    assert_true(fx->kind->count <= MAX_FIELDS);
    for (uint32_t i = 0; i < fx->kind->count; i++) {
        const struct kind_field *field = &fx->kind->fields[i];
        fx->fields[i].name = slice_str(field->name);
        fx->fields[i].is_secret = field->secret;
        fx->fields[i].is_set = field->preset != NULL;
        if (field->preset)
            fx->fields[i].value = slice_str(field->preset);
    }
    fx->count = fx->kind->count;
}

static inline struct connect_field *
fixture_field(struct fixture *fx, const char *name)
{
    for (uint32_t i = 0; i < fx->count; i++) {
        if (slice_equal(fx->fields[i].name, slice_str(name)))
            return &fx->fields[i];
    }
    fail_msg("no field %s", name);
    return NULL;
}

static inline void
fixture_set(struct fixture *fx, const char *name, struct slice value)
{
    struct connect_field *field = fixture_field(fx, name);
    field->value = value;
    field->is_set = true;
}

static inline void
fixture_set_str(struct fixture *fx, const char *name, const char *value)
{
    fixture_set(fx, name, slice_str(value));
}

typedef envres_status (*connect_call)(const struct kind *, const struct connect_field *, uint32_t,
                                      bool, struct buf *, envres_error *);

/* The string, NUL-terminated, to be freed by free(). */
static inline char *
connect_text(const struct fixture *fx, connect_call call, bool redact)
{
    struct buf out;
    size_t len = 0;
    envres_error *err = envres_error_new(NULL);
    buf_init(&out, &mem_default, true);
    envres_status st = call(fx->kind, fx->fields, fx->count, redact, &out, err);
    if (st < 0)
        fail_msg("%s: %s", fx->kind->name, envres_error_message(err));
    char *text = buf_take(&out, &len);
    assert_non_null(text);
    assert_int_equal(strlen(text), len);
    envres_error_free(err);
    return text;
}

#endif
