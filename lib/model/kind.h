/* SPDX-License-Identifier: MIT */
/* Kinds of resources: rows of one table. Adding a kind is adding rows here and a test row. */
#ifndef ENVRES_MODEL_KIND_H
#define ENVRES_MODEL_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

enum field_type { FIELD_STRING, FIELD_INTEGER, FIELD_BOOLEAN, FIELD_JSON };

/* What a FIELD_JSON must hold. */
enum field_shape {
    SHAPE_ANY,
    SHAPE_OPTIONS, /* an object of strings, numbers and booleans, its keys plain words and not one
                      of the kind's own fields */
    SHAPE_HEADERS, /* an object of strings */
    SHAPE_BROKERS  /* an array, not empty, of addresses: no comma, no white space */
};

struct kind_field {
    const char *name;
    enum field_type type;
    bool required;
    bool secret;
    const char *unless;  /* required only where this other field is not set; NULL: everywhere */
    const char *preset;  /* the default, in canonical text; NULL: none */
    const char *choices; /* values allowed, separated by one space; NULL: any */
    int64_t low, high;   /* bounds of an integer, both included */
    enum field_shape shape;
};

struct kind {
    const char *name;
    const struct kind_field *fields; /* NULL with count 0: takes any field, all strings */
    uint32_t count;
    bool takes_any;
    bool has_url;
    bool has_dsn;
};

uint32_t kind_count(void);
const struct kind *kind_at(uint32_t index);
/* NULL when there is none. */
const struct kind *kind_find(struct slice name);
/* The same as an error: NOT_FOUND with a did-you-mean. */
envres_status kind_need(struct slice name, const struct kind **out, envres_error *err);
/* NULL when the kind has no such field (of a kind that takes any: always NULL). */
const struct kind_field *kind_field_find(const struct kind *kind, struct slice name);
/* FIELD with a did-you-mean; for a kind that takes any field only the name's form is checked (NAME)
 * and *out is NULL. */
envres_status kind_field_need(const struct kind *kind, struct slice name,
                              const struct kind_field **out, envres_error *err);

/*
 * Checks a value that holds no template tag against a field (NULL: any string) and appends its
 * canonical text: integers in decimal, true/false, compact JSON, one of the choices. TYPE, JSON,
 * UTF8, LIMIT; the message names the field and what is wanted, never the value. With an
 * empty `name` it does not, for callers that say where themselves.
 */
envres_status kind_check_value(const struct mem *mem, const struct kind_field *field,
                               struct slice name, struct slice value, struct buf *out,
                               envres_error *err);

/* FIELD when a required field is not set; is_set[i] belongs to fields[i] of the kind (a default
 * counts as set). */
envres_status kind_check_required(const struct kind *kind, const bool *is_set, envres_error *err);

/* ENVRES_TYPE_* of a field's values: STRING, NUMBER, BOOLEAN, JSON. */
int32_t kind_value_type(const struct kind_field *field);

#endif
