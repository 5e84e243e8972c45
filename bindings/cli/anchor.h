/* SPDX-License-Identifier: MIT */
/* An anchor in a file: the newest audit entry that was seen, of each workspace. */
#ifndef ENVRES_CLI_ANCHOR_H
#define ENVRES_CLI_ANCHOR_H

#include "cli.h"

/* Sets the callbacks where --anchor (or ENVRES_ANCHOR) names a file. */
void anchor_options(const struct cli *cli, envres_store_options *options);

#endif
