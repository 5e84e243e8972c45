/* SPDX-License-Identifier: MIT */
/*
 * The template language once more, as plainly as it can be said: one pass that copies and stops at
 * tags, recursion for what is inside of what, no table, no interning, no code of lib. It is slow,
 * takes short texts only, and is what the library is compared with.
 */
#ifndef ENVRES_TESTS_NAIVE_TEMPLATE_H
#define ENVRES_TESTS_NAIVE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "naive_json.h"

enum { NAIVE_OUTPUT = 1 << 16, NAIVE_RANGES = 512 };

/* A name and its value: type ENVRES_TYPE_*, text as the language prints it. */
struct naive_value {
    const char *name;
    int32_t type;
    bool is_template; /* the text is expanded, and a string */
    bool is_secret;
    const char *text;
    size_t len;
};

struct naive_values {
    const struct naive_value *values;
    size_t count;
};

/* Faults that can be planted, each of which the comparison has to find. */
enum naive_fault {
    NAIVE_SOUND,
    NAIVE_EVEN_BACKSLASHES, /* one of two backslashes before a tag stays too much */
    NAIVE_READS_VALUES,     /* a value that begins like a tag is not written as it is */
    NAIVE_MISSING_IS_EMPTY,
    NAIVE_ENCODES_TWICE, /* what `url` encoded is encoded again in context url */
    NAIVE_FORGETS_SECRET,
    NAIVE_ALONE_IS_STRING, /* a JSON string that is one tag alone stays a string */
    NAIVE_FAULTS
};

struct naive_world {
    enum naive_fault fault;
    const char *environment;
    const char *label;
    struct naive_values variables;
    struct naive_values params;
    struct naive_values fields; /* of the resource `handle` */
    const char *handle;
    const char *unset_handle;  /* a resource without settings here */
    const char *set_elsewhere; /* a variable that another environment has */
    uint32_t context;          /* ENVRES_CONTEXT_* but sql */
    bool forbids_secrets;
    bool may_need_quotes; /* out: shell quoting may make a tag unsafe here */
    bool is_cut;          /* out: too long for the arrays here; the rest is not to be used */
    int32_t status;       /* out: ENVRES_OK or ENVRES_E_* */
    size_t error_at;      /* out: of the tag; SIZE_MAX: not said */
    bool is_secret;       /* out */
    size_t len;           /* out */
    size_t range_count;   /* out */
    size_t ranges[NAIVE_RANGES][2]; /* out: bytes that came of secrets */
    char out[NAIVE_OUTPUT];         /* out */
};

/* Parses and renders; everything marked out is set. */
void naive_render(struct naive_world *world, const char *text, size_t len);

#endif
