/* SPDX-License-Identifier: MIT */
/*
 * What is kept of a store that was read out of a damaged file: only what verifies. Everything here
 * works on the new store, whose rows are in form but of which nothing is trusted yet.
 */
#ifndef ENVRES_MODEL_SALVAGE_H
#define ENVRES_MODEL_SALVAGE_H

#include <envres/store.h>

#include "model/environment.h"
#include "storage/salvage.h"

/* The report as it grows. */
struct salvage_report {
    envres_list *list;
    int64_t lost;    /* rows and objects that are reported as lost */
    size_t reported; /* objects named so far; there is a limit */
};

/* One thing that is lost, or that cannot be vouched for. */
void salvage_lost(struct salvage_report *report, const char *table, const char *object,
                  int64_t count, envres_status code, const char *message);

/* Makes the workspace's row when it is lost, so that somebody can be unlocked. A write transaction
 * of its own. `name`: of the workspace, when it has to be made. */
envres_status salvage_workspace(struct db *db, const struct mem *mem, struct slice name,
                                int64_t now, bool *made, envres_error *err);

/* Everything else, in one write transaction: ctx->actor is unlocked. DENIED unless it is the owner
 * whose key is the root, or the policy verifies and makes it an administrator. */
envres_status salvage_settle(struct context *ctx, bool made_workspace,
                             const struct salvage_reading *reading, struct salvage_report *report,
                             envres_error *err);

/* Reports what reading the file met. */
void salvage_told(const struct salvage_reading *reading, struct salvage_report *report);

/* Reports rows that referred to what is lost; a salvage_orphan_fn on a report. */
void salvage_orphans(void *user, const char *table, int64_t count);

/* The last rows of the report: how many rows of each table there are. */
envres_status salvage_kept(struct db *db, struct salvage_report *report, envres_error *err);

/* Runs a statement that takes one id or two (`second` NULL). `changed`, the rows it changed, may be
 * NULL. */
envres_status salvage_run(struct context *ctx, const char *sql, const uint8_t *first,
                          const uint8_t *second, int64_t *changed, envres_error *err);
/* The same of one that takes a number behind the ids; 0 is one, as the time of a clock may be. */
envres_status salvage_run_with(struct context *ctx, const char *sql, const uint8_t *first,
                               const uint8_t *second, int64_t number, int64_t *changed,
                               envres_error *err);

/* The id that a statement without parameters finds. */
envres_status salvage_ask_id(struct db *db, const char *sql, uint8_t id[SEAL_ID], bool *found,
                             envres_error *err);
/* Slots, grants and public keys that do not hold go. */
envres_status salvage_prune_keys(struct context *ctx, struct salvage_report *report,
                                 envres_error *err);

/* ---- the parts of it, in this order --------------------------------------------------------- */

/* An environment, and whether its row and head verify. */
struct salvage_environment {
    struct environment row;
    struct head head;
    bool is_held;    /* its keys are held */
    bool is_vouched; /* the head verifies */
    bool must_seal;  /* the row is not the one that its head is of */
};

/* All of them, up to their settings. `last_entry`: of the audit, as it was. */
envres_status salvage_environments(struct context *ctx, int64_t last_entry, int64_t now,
                                   struct salvage_report *report, envres_error *err);

/* Objects and settings of one environment; seals its head anew when that is needed. */
envres_status salvage_config(struct context *ctx, struct salvage_environment *environment,
                             int64_t now, struct salvage_report *report, envres_error *err);

/* Deposits, and requests with their approvals. */
envres_status salvage_waiting(struct context *ctx, struct salvage_report *report,
                              envres_error *err);

struct tree;

/* Queries and their revisions; and a row for each query of a tree whose own is lost. */
envres_status salvage_queries(struct context *ctx, int64_t now, struct salvage_report *report,
                              envres_error *err);
envres_status salvage_pins(struct context *ctx, const struct tree *tree, int64_t now,
                           struct salvage_report *report, envres_error *err);

/* Parts, trees, apps, versions, releases. */
envres_status salvage_apps(struct context *ctx, int64_t now, struct salvage_report *report,
                           envres_error *err);

#endif
