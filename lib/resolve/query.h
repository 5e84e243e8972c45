/* SPDX-License-Identifier: MIT */
/* One revision of a query, ready to be rendered. */
#ifndef ENVRES_RESOLVE_QUERY_H
#define ENVRES_RESOLVE_QUERY_H

#include "model/query.h"

/* Copies what it keeps of the row. */
envres_status query_new(const struct context *ctx, const struct query_row *row, envres_query **out,
                        envres_error *err);

#endif
