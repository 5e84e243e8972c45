/* SPDX-License-Identifier: MIT */
/* Files that are there whole or not at all. */
#ifndef ENVRES_CLI_FILES_H
#define ENVRES_CLI_FILES_H

#include "cli.h"

/* Writes a file of mode 0600: another name first, on the disk, then renamed over `path`. Through a
 * link it replaces what the link names. A device or a pipe is written to as it is. 0, or an exit
 * status; then nothing of `path` has changed. */
int file_write(struct cli *cli, const char *path, const char *data, size_t len);

/* The same for a path that is no link and no device, without a message: 0, or -1 and errno. */
int file_replace(const char *path, const char *data, size_t len);

#endif
