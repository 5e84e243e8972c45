/* SPDX-License-Identifier: MIT */
/*
 * What is there before a move. Every move tells the library what its caller saw, so that two people
 * at once cannot undo each other unseen; where the command line was not told, it looks first.
 */
#ifndef ENVRES_CLI_SEEN_H
#define ENVRES_CLI_SEEN_H

#include "cli.h"
#include "versions.h"

/* A version: how far it has come, and what is in it. */
struct seen_version {
    char *stage;
    bool draft;
    uint8_t content[DIGEST_LEN];
};

int seen_version(struct cli *cli, const envres_version_name *name, struct seen_version *out);
void seen_version_free(struct seen_version *seen);

/* What is live of an app. */
struct seen_live {
    int64_t sequence; /* 0: nothing */
    char *version;    /* NULL: nothing */
    char *tag;
};

int seen_live(struct cli *cli, const char *app, struct seen_live *out);
void seen_live_free(struct seen_live *seen);

/* Whether a digest begins with these digits. */
bool seen_begins(const uint8_t digest[DIGEST_LEN], const char *digits);

/* Whether one environment comes after the other on the promotion path. */
bool seen_is_behind(struct cli *cli, const char *environment, const char *other);

/*
 * After ENVRES_E_CHECK: makes the check again, for every finding of the first environment from
 * behind `stage` (or of `stage` itself, where that is `target`) to `target` that has an error;
 * prints them, and the failure. Status 6.
 */
int fail_checked(struct cli *cli, const envres_version_name *name, const char *stage,
                 const char *target);

#endif
