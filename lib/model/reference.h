/* SPDX-License-Identifier: MIT */
/* Who refers to what: the templates in variables and resource fields, as a graph. */
#ifndef ENVRES_MODEL_REFERENCE_H
#define ENVRES_MODEL_REFERENCE_H

#include <envres/template.h>
#include <envres/variable.h>

#include "model/config.h"

struct reference_graph;

/* A stored template may refer to the environment, variables and resources, never to parameters of
 * a render: SYNTAX. */
envres_status reference_check_kinds(const envres_template *tmpl, envres_error *err);

/* The templates of the newest configuration of an environment, read as far as they are followed;
 * for one change, inside it. Damaged ones refer to nothing. `environment` is borrowed. */
envres_status reference_graph_new(struct context *ctx, const struct environment *environment,
                                  struct reference_graph **out, envres_error *err);
void reference_graph_free(struct reference_graph *graph);

/* CYCLE when the variable is reached from itself, DEPTH when a chain is too long. */
envres_status reference_graph_check(struct reference_graph *graph, struct slice variable,
                                    envres_error *err);

/* REFERRED, naming the first that refers to it, in any environment whose key is held. */
envres_status reference_check_unused(struct context *ctx, enum object_class object_class,
                                     struct slice name, envres_error *err);

/* envres_references(). `object`: "variable/NAME" or "resource/HANDLE". */
envres_status reference_list(struct context *ctx, struct slice object, envres_list **out,
                             envres_error *err);

#endif
