/* SPDX-License-Identifier: MIT */
/* What was found wrong with a store, shown the same by `verify` and by `audit --verify`. */
#ifndef ENVRES_CLI_VERDICT_H
#define ENVRES_CLI_VERDICT_H

#include "cli.h"

/* A list of envres_store_verify() or envres_audit_verify(): the findings, nothing where there are
 * none; as JSON always an object. `first_bad` is an entry of the audit, -1: none. 0, or the exit
 * status of a failure to write. */
int verdict_print(struct cli *cli, const envres_list *list, int64_t first_bad);

#endif
