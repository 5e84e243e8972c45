/* SPDX-License-Identifier: MIT */
/* Which file system a path is on, and whether locks and syncs can be relied on there. */
#ifndef ENVRES_STORAGE_MOUNTS_H
#define ENVRES_STORAGE_MOUNTS_H

#include <stdint.h>

#include "base/mem.h"

enum mounts_class {
    MOUNTS_LOCAL,
    MOUNTS_NETWORK, /* never: locks and syncs are not what they say */
    MOUNTS_FUSE     /* of unknown kind: only when the caller vouches for it */
};

/*
 * Pure. `table`: the text of /proc/self/mounts (may be empty); `folder`: absolute, without links;
 * `magic`: f_type of statfs() there (0: unknown). The longest mount point that holds the folder
 * decides, the later one of two equals; then the magic number may still say network. *type:
 * borrowed from the table or static, without escapes taken out.
 */
enum mounts_class mounts_classify(struct slice table, struct slice folder, uint64_t magic,
                                  struct slice *type);

#endif
