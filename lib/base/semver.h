/* SPDX-License-Identifier: MIT */
/* Semantic Versioning 2.0.0: reading tags, their order, the next one. Pure. */
#ifndef ENVRES_BASE_SEMVER_H
#define ENVRES_BASE_SEMVER_H

#include "base/limits.h"
#include "base/mem.h"

enum {
    /* Three numbers, then for each of at most LIMIT_TAG / 2 identifiers a byte and 8 bytes. */
    SEMVER_ORDER = 24 + 9 * (LIMIT_TAG / 2 + 1) + 2
};

struct semver {
    int64_t major;
    int64_t minor;
    int64_t patch;
    char text[LIMIT_TAG + 1];    /* without a leading v, NUL-terminated */
    uint8_t order[SEMVER_ORDER]; /* compared by bytes, a shorter prefix first: the precedence;
                                    build metadata has no part in it */
    size_t order_len;
    bool is_prerelease;
};

/* E_TAG with position and a hint; E_LIMIT for a number above 2^63-1 or a text that is too long. */
envres_status semver_read(struct slice text, struct semver *out, envres_error *err);

/* The release after `from` (NULL: after 0.0.0). `bump`: ENVRES_BUMP_*. Over a pre-release of the
 * very release that is asked for, that release: patch over 1.2.0-rc.1 gives 1.2.0, minor too; major
 * over 2.0.0-rc.1 gives 2.0.0. E_LIMIT when a number would pass 2^63-1. */
envres_status semver_next(const struct semver *from, uint32_t bump, struct semver *out,
                          envres_error *err);

/* Less than 0, 0, more than 0. */
int semver_compare(const struct semver *a, const struct semver *b);

#endif
