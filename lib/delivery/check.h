/* SPDX-License-Identifier: MIT */
/*
 * The check before a promotion or a release: would this content work in that environment, and is
 * nothing of another environment in it. Reads, never writes.
 */
#ifndef ENVRES_DELIVERY_CHECK_H
#define ENVRES_DELIVERY_CHECK_H

#include <envres/list.h>
#include <envres/release.h>

#include "model/content.h"
#include "resolve/scope.h"

struct findings {
    envres_list *list; /* ENVRES_FINDING_*, sorted */
    size_t errors;
    size_t warnings;
};

void findings_free(struct findings *findings);

/*
 * Inside a transaction, read or write. `target`: key of the environment. A finding is no error:
 * ENVRES_OK. DENIED (no key for the target), INTEGRITY (its head, a part), NOMEM.
 */
envres_status check_run(struct context *ctx, const struct app *app, const struct version *version,
                        const struct environment *target, struct findings *out, envres_error *err);

/* E_CHECK when there are errors: how many, and the first with its part, line and column. */
envres_status check_passed(const struct findings *findings, const struct version *version,
                           const struct environment *target, envres_error *err);

/* A list with one finding: the check itself could not be made ("not-checked"), and why. */
envres_status findings_failed(const struct mem *mem, envres_status why, envres_list **out,
                              envres_error *err);

/* As the host calls it: its own read transaction. */
envres_status check_version(struct context *ctx, const envres_version_name *name,
                            struct slice environment, envres_list **out, envres_error *err);

#endif
