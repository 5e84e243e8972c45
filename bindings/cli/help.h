/* SPDX-License-Identifier: MIT */
/* Help on the terminal and the man page, both made of the table of commands. */
#ifndef ENVRES_CLI_HELP_H
#define ENVRES_CLI_HELP_H

#include "cli.h"
#include "text.h"

/* Help for the command or group that was named, else for all; examples first. */
void help_text(const struct parsed *parsed, struct text *out);

/* "envres set NAME[=VALUE] --env ENV [--type TYPE] ..." */
void help_usage(const struct command *command, struct text *out);

#endif
