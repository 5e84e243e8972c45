/* SPDX-License-Identifier: MIT */
/* What fuzz targets of the command line have in common: failures that are looked at, not printed.
 */
#ifndef ENVRES_TESTS_CLI_STUB_H
#define ENVRES_TESTS_CLI_STUB_H

#include "../../bindings/cli/text.h"

enum { STUB_FAILED = 9 };

/* How many failures would have been printed. */
extern unsigned stub_said;

/* One line of UTF-8 that moves no cursor. */
void stub_check_line(const struct text *line);

#endif
