/* SPDX-License-Identifier: MIT */
/* Stands in until content.c is there, which takes its place: remove this file then. */
#include "model/content.h"

envres_status
tree_digest(const struct tree *tree, uint8_t digest[SEAL_DIGEST], envres_error *err)
{
    static const char empty[9] = { 1 };
    (void)tree;
    (void)err;
    seal_digest(digest, "envres1/tree", empty, sizeof(empty));
    return ENVRES_OK;
}

envres_status
content_freeze(struct context *ctx, const struct version *version, envres_error *err)
{
    (void)ctx;
    (void)version;
    (void)err;
    return ENVRES_OK;
}
