/* SPDX-License-Identifier: MIT */
/* What unlocks a store: a key file, or a passphrase from a descriptor or the terminal. */
#ifndef ENVRES_CLI_KEY_H
#define ENVRES_CLI_KEY_H

#include "cli.h"
#include "text.h"

#include <sys/stat.h>

struct key {
    uint32_t kind; /* ENVRES_CREDENTIAL_* */
    struct text secret;
};

/* The key of --passphrase-fd, else of the key file, else asked for. 0, or an exit status. */
int key_take(struct cli *cli, struct key *key);
/* Reads a key file. `missing` may be NULL: then a file that is not there is a failure like others.
 */
int key_file_read(struct cli *cli, const char *path, struct key *key, bool *missing);
/* A new passphrase: the next line of --passphrase-fd, else asked for twice. */
int key_new_passphrase(struct cli *cli, struct key *key);
/* A new key file: made with O_EXCL, mode 0600, 32 random bytes, on the disk when this returns 0.
 * `option` is what names another file. */
int key_file_make(struct cli *cli, const char *path, const char *option, struct key *key);

/* Where the key file of a principal goes: -o, else NAME.key beside the store. free(). */
char *key_path_for(const struct cli *cli, const char *name);
/* The library refused what the new key file was made for: it goes again, unless nobody knows
 * whether it was refused. `path` may be NULL. */
void key_file_take_back(struct cli *cli, const char *path);

/* Whether others than its owner may read or change a key file. A file of root's may be read by its
 * group: that is how a service gets its key. */
bool key_is_exposed(const struct stat *facts);

envres_credential key_credential(const struct key *key);
void key_free(struct key *key);

#endif
