/* SPDX-License-Identifier: MIT */
/* Runs a request that enough have approved. */
#ifndef ENVRES_DELIVERY_RUN_H
#define ENVRES_DELIVERY_RUN_H

#include "model/request.h"

envres_status request_run(struct context *ctx, struct slice id, const envres_change *given,
                          int64_t *revision, envres_error *err);

#endif
