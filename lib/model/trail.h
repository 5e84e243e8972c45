/* SPDX-License-Identifier: MIT */
/* The audit as people read it: names in the place of ids. */
#ifndef ENVRES_MODEL_TRAIL_H
#define ENVRES_MODEL_TRAIL_H

#include <envres/audit.h>

#include "model/right.h"

struct trail_request {
    int64_t since;
    int64_t limit;            /* 0: all */
    struct slice environment; /* .data NULL: all */
    struct slice app;         /* likewise */
};

envres_status trail_list(struct context *ctx, const struct trail_request *request,
                         envres_list **out, envres_error *err);

#endif
