/* SPDX-License-Identifier: MIT */
/* What comes in: files, standard input, and answers of a person at the terminal. */
#ifndef ENVRES_CLI_INPUT_H
#define ENVRES_CLI_INPUT_H

#include "cli.h"
#include "text.h"

/* Reads a descriptor to its end; `name` is for the message. 0, or an exit status. Texts over the
 * library's largest limit are refused without reading on. */
int input_descriptor(struct cli *cli, int fd, const char *name, struct text *out);
/* Reads a file; "-" is standard input. */
int input_file(struct cli *cli, const char *path, struct text *out);
/* Reads a value from standard input; takes one final line feed away unless --raw. On a terminal a
 * secret is asked for without echo. `what` names it in the question. */
int input_value(struct cli *cli, const char *what, bool secret, struct text *out);

/* Asks on the terminal without echo; refused (a usage error with `hint`) where there is none. */
int input_secret(struct cli *cli, const char *question, const char *hint, struct text *out);
/* Whether a person can be asked for a secret. */
bool input_can_ask(const struct cli *cli);

/* Where the environment is protected, its name must be typed back; --yes answers. `act` says what
 * is about to happen: "take A away". 0: go on. */
int input_confirm_environment(struct cli *cli, const char *environment, const char *act);

#endif
