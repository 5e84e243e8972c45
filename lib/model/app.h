/* SPDX-License-Identifier: MIT */
/* Apps: their rows. What moves an app's live pointer is lib/delivery. */
#ifndef ENVRES_MODEL_APP_H
#define ENVRES_MODEL_APP_H

#include <envres/app.h>

#include "base/limits.h"
#include "model/act.h"
#include "model/change.h"

struct app {
    uint8_t id[SEAL_ID];
    uint8_t author[SEAL_ID];
    char name[LIMIT_APP + 1];
    bool pin_config;
    bool is_protected;
    int64_t live; /* sequence of the live release; 0: none */
    int64_t created_at;
};

/* Names of apps and versions: E_NAME. `what`: "the app's name". */
envres_status app_check_name(struct slice name, const char *what, envres_error *err);

/* NOT_FOUND with the nearest name. */
envres_status app_find(struct context *ctx, struct slice name, struct app *out, envres_error *err);

/* All, by name; the caller frees the array. */
envres_status app_all(struct context *ctx, struct app **out, size_t *count, envres_error *err);

/* Points the app at a release; 0: at none. Inside a change. */
envres_status app_set_live(struct context *ctx, const struct app *app, int64_t sequence,
                           envres_error *err);

envres_status app_create(struct context *ctx, struct slice name, const envres_app_options *options,
                         const envres_change *given, envres_error *err);
envres_status app_set(struct context *ctx, struct slice name, const envres_app_options *options,
                      const envres_change *given, envres_error *err);
/* `name.data` NULL: all. */
envres_status app_list(struct context *ctx, struct slice name, envres_list **out,
                       envres_error *err);

/* What was written down of a change that waited for approvals, done (act.h). */
envres_status app_replay_set(struct context *ctx, struct act_reader *reader,
                             const envres_change *given, int64_t *revision, envres_error *err);

#endif
