/* SPDX-License-Identifier: MIT */
/*
 * What a query is made of: its texts, the parameters that it declares, and the templates that come
 * of both. Knows nothing of the store.
 */
#ifndef ENVRES_MODEL_QUERY_FORM_H
#define ENVRES_MODEL_QUERY_FORM_H

#include <stdbool.h>

#include <envres/query.h>

#include "base/limits.h"
#include "lang/template.h"

/* A declared parameter; slices are borrowed. */
struct query_param {
    struct slice name;
    struct slice preset; /* .data NULL: none */
    int32_t type;
    bool optional;
};

/* Slices are borrowed from what the form was read of; `params` is owned: query_form_free(). */
struct query_form {
    struct slice texts[ENVRES_QUERY_TEXTS];
    struct query_param *params;
    uint32_t count;
};

/* Reads the texts and parameters of a call; checks all that does not depend on the kind. */
envres_status query_form_read(const struct mem *mem, const envres_query_write *write,
                              struct query_form *out, envres_error *err);
void query_form_free(const struct mem *mem, struct query_form *form);

/* The canonical encoding that is kept and signed, and the reader of it: INTEGRITY. */
void query_form_encode(const struct query_form *form, struct buf *out);
envres_status query_form_decode(const struct mem *mem, struct slice body, struct query_form *out,
                                envres_error *err);

/* The templates of a query; NULL for a text that is none. */
struct query_templates {
    envres_template *of[ENVRES_QUERY_TEXTS];
};

/* Parses for a kind of resource, and compares the tags with what is declared. The errors are those
 * of envres_query_put(). */
envres_status query_compile(const struct mem *mem, const struct query_form *form, struct slice kind,
                            struct query_templates *out, envres_error *err);
void query_templates_free(struct query_templates *templates);

/* The method of a request; "" for a kind of SQL. */
struct slice query_method(const struct query_form *form, struct slice kind);

/* NULL when none of that name is declared. */
const struct query_param *query_param_find(const struct query_form *form, struct slice name);

/* One value given for a parameter. */
struct query_given {
    struct operand value;
    bool secret;
    bool read_string; /* a string is read as the declared type */
};

/* Sets it in `params`, in the form that the declared type has: TYPE, naming the parameter. */
envres_status query_param_set(const struct query_param *param, const struct query_given *given,
                              envres_params *params, envres_error *err);

/* A request as it was rendered, before it is given out: INVALID, TYPE. */
envres_status query_check_path(struct slice path, envres_error *err);
envres_status query_check_headers(const struct mem *mem, struct slice headers, envres_error *err);

#endif
