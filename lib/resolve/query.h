/* SPDX-License-Identifier: MIT */
/* One revision of a query, ready to be rendered: immutable, and counted. */
#ifndef ENVRES_RESOLVE_QUERY_H
#define ENVRES_RESOLVE_QUERY_H

#include "model/content.h"
#include "model/query.h"

/* Copies what it keeps of the row. */
envres_status query_new(const struct context *ctx, const struct query_row *row, envres_query **out,
                        envres_error *err);

envres_query *query_ref(envres_query *query);

/* Whether it is what the pin recorded, and its resource what it was when the query was read. Inside
 * a transaction. */
envres_status query_is_current(struct context *ctx, const envres_query *query,
                               const struct tree_pin *pin, bool *out, envres_error *err);

#endif
