/* SPDX-License-Identifier: MIT */
/* Where names are set that an environment does not set itself. */
#ifndef ENVRES_RESOLVE_ELSEWHERE_H
#define ENVRES_RESOLVE_ELSEWHERE_H

#include "resolve/scope.h"

/*
 * Fills `others` of a scope, whose items are there and sorted and whose environments are known, in
 * the transaction that reads it. Variables that its items have are left out: what is there is never
 * asked for elsewhere. `others`: how many other environments have settings, or had; not 0.
 */
envres_status elsewhere_load(struct context *ctx, envres_scope *scope, size_t others,
                             envres_error *err);

#endif
