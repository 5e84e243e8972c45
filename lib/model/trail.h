/* SPDX-License-Identifier: MIT */
/* The audit as people read it: names in the place of ids. */
#ifndef ENVRES_MODEL_TRAIL_H
#define ENVRES_MODEL_TRAIL_H

#include <envres/audit.h>

#include "model/config.h"
#include "model/right.h"

struct trail_request {
    int64_t since;
    int64_t limit;            /* 0: all */
    struct slice environment; /* .data NULL: all */
    struct slice app;         /* likewise */
};

envres_status trail_list(struct context *ctx, const struct trail_request *request,
                         envres_list **out, envres_error *err);

/* Secrets of an environment that people are about to see. */
struct reveal_request {
    struct slice environment;
    struct slice object; /* "variable/NAME", "resource/HANDLE[/FIELD]"; .data NULL: all */
};

/* Asks for the right to reveal them, and commits an entry of it. */
envres_status trail_reveal(struct context *ctx, const struct reveal_request *request,
                           const envres_change *change, envres_error *err);

/* Compares the chain with a checkpoint that was kept; asks for the right to read the audit. */
envres_status trail_check(struct context *ctx, const envres_checkpoint *checkpoint,
                          envres_error *err);

#endif
