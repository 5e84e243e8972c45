/* SPDX-License-Identifier: MIT */
/* Which version a command is about, and digests as digits. */
#ifndef ENVRES_CLI_VERSIONS_H
#define ENVRES_CLI_VERSIONS_H

#include "cli.h"

enum { DIGEST_LEN = 32 };

/* By name, both borrowed; `version` may be NULL. */
envres_version_name version_named(const char *app, const char *version);

/* The version of a command of parts: --version, else the app's only draft, by its name: what is
 * read first and written then is of the same one. Several drafts are a usage error that lists them,
 * none is an error too. 0, or an exit status; `name` belongs to the caller: free(). */
int version_of_parts(struct cli *cli, char **name);

/* 64 digits, of either case. */
bool digest_read(const char *word, uint8_t digest[DIGEST_LEN]);
void digest_write(const uint8_t digest[DIGEST_LEN], char out[2 * DIGEST_LEN + 1]);

#endif
