/* SPDX-License-Identifier: MIT */
/* All that the findings of a check depend on, in one digest. */
#ifndef ENVRES_DELIVERY_CLEAN_H
#define ENVRES_DELIVERY_CLEAN_H

#include "model/app.h"
#include "model/version.h"
#include "resolve/scope.h"

/* `scope`: of the target, loaded in this transaction. Not for a version that uses queries. */
envres_status clean_digest(struct context *ctx, const struct app *app,
                           const struct version *version, const envres_scope *scope,
                           uint8_t out[SEAL_DIGEST], envres_error *err);

#endif
