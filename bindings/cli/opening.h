/* SPDX-License-Identifier: MIT */
/* From options to an open store, an unlocked session, a scope; and what every change carries. */
#ifndef ENVRES_CLI_OPENING_H
#define ENVRES_CLI_OPENING_H

#include "cli.h"

/* Each prints what is wrong and returns an exit status, or 0. What is open already stays. */
int open_store(struct cli *cli);
int open_session(struct cli *cli);
/* The session and the environment of -e; without one a usage error that lists them. */
int open_environment(struct cli *cli, const char **environment);
/* And a scope of it: envres_scope_unref(). */
int open_scope(struct cli *cli, envres_scope **out);
/* The same, serving the app of --app, where the command has that. */
int open_app_scope(struct cli *cli, envres_scope **out);
/* A session without a question, for completion: 0, or -1 and nothing printed. */
int open_quietly(struct cli *cli);
/* Closes and frees everything. */
void open_close(struct cli *cli);

/* Where the store is: --store, else found. `found`: false when there is none (then the path is
 * where one would be made). Sets cli->store_path. */
void find_store(struct cli *cli, bool *found);
/* Where the key file is. free(). */
char *find_key_path(const struct cli *cli);

/* The environments, as "development, staging or production". */
char *name_environments(struct cli *cli);

/* The reason of --reason. */
envres_change change_of(const struct cli *cli, uint32_t flags);

#endif
