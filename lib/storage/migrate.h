/* SPDX-License-Identifier: MIT */
/* The schema: numbered steps, each one transaction, never edited after a release. */
#ifndef ENVRES_STORAGE_MIGRATE_H
#define ENVRES_STORAGE_MIGRATE_H

#include "base/status.h"

/* Statements of the step that leads from format `from` to `from + 1`; NULL-terminated array. NULL
 * when there is no such step. */
const char *const *migrate_step(int from);

/* The exact CREATE texts that sqlite_schema must hold in the newest format, as one digestable
 * list: name, then SQL. NULL-terminated. Anything else there is refused. */
const char *const *migrate_schema(void);

#endif
