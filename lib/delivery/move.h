/* SPDX-License-Identifier: MIT */
/* What the moves share. Private to delivery. */
#ifndef ENVRES_DELIVERY_MOVE_H
#define ENVRES_DELIVERY_MOVE_H

#include "delivery/finding.h"
#include "model/act.h"
#include "model/machine.h"
#include "model/release.h"
#include "model/request.h"

/* One move on its way: what was asked, what was found, what the caller gets. */
struct move {
    struct slice app_name;
    struct slice version_name; /* .data NULL: none */
    struct app app;
    struct version version;
    enum version_state state;
    struct findings *findings; /* of the check, made inside */
    envres_list *record;       /* of a release, described inside */
    int64_t made;              /* what the change answers: the record's sequence */
    bool wants_record;
    bool is_dry;
};

/* INVALID for a flag that is not known. */
envres_status move_flags(uint32_t flags, uint32_t known, envres_error *err);

/* The app and the version that are named, and the state it is in. */
envres_status move_find(struct context *ctx, struct move *move, envres_error *err);

/* The names that the caller gave; both are needed. */
envres_status move_names(const envres_version_name *name, struct move *move, envres_error *err);

/* CHANGED unless it is as the caller saw it. */
envres_status move_expect_content(const struct version *version, const uint8_t *content,
                                  envres_error *err);

envres_status move_expect_live(const struct app *app, int64_t live, envres_error *err);

/* The check of one step; what an earlier step found gives way. CHECK when it finds errors. */
envres_status move_check(struct context *ctx, struct move *move, const struct environment *target,
                         envres_error *err);

/* Runs a change that works on a move, under the title "version/APP/V" or "app/APP". */
envres_status move_run(struct context *ctx, const envres_change *given, const char *action,
                       change_fn work, encode_fn encode, struct move *move, const void *request,
                       envres_error *err);

/* Says what approvers sign of a version, who made it, and that a protected app needs one of them
 * wherever it goes. */
envres_status move_ask_approvals(struct change *change, const struct move *move, enum action action,
                                 const struct environment *target, envres_error *err);

/* Both names, written down and read again (model/act.h). */
void move_put_names(const struct move *move, struct buf *out);

envres_version_name move_read_names(struct act_reader *reader);

#endif
