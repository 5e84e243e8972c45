/* SPDX-License-Identifier: MIT */
/* A draft that is being edited: its parts by content_edit.c, its pins by pin.c. */
#ifndef ENVRES_MODEL_DRAFT_H
#define ENVRES_MODEL_DRAFT_H

#include "model/tree.h"

struct draft {
    struct change *change;
    struct app app;
    struct version version;
    struct tree tree; /* its content, before and then after */
};

/* The version as it is before the transaction, for its id and for the name of the act. */
envres_status draft_find(struct context *ctx, const envres_version_name *name, struct app *app,
                         struct version *version, envres_error *err);

/* "APP/V", and "/PATH" where there is one. */
envres_status draft_title(const struct app *app, const struct version *version, struct slice path,
                          struct buf *out, envres_error *err);

/* Inside a change, with the right to build. `id`: the version that was found before the
 * transaction, and is written of in the audit. CHANGED, FROZEN, DISCARDED. Free the tree, also on
 * failure. */
envres_status draft_open(struct change *change, const envres_version_name *name,
                         const uint8_t id[SEAL_ID], struct draft *draft, envres_error *err);

/* Puts counts and digest of the tree into the version, and writes its row. */
envres_status draft_store(struct draft *draft, envres_error *err);

#endif
