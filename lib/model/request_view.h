/* SPDX-License-Identifier: MIT */
/* One request with all that is needed to judge it, as of one transaction. Private to the two files
 * of requests. */
#ifndef ENVRES_MODEL_REQUEST_VIEW_H
#define ENVRES_MODEL_REQUEST_VIEW_H

#include "guard/approval.h"
#include "model/environment.h"

struct gate_place;

struct request_view {
    struct request_row row;
    struct environment environment;
    struct approval *given;
    size_t given_count;
    int64_t counting; /* approvals that count */
    const struct roles *roles;
    bool is_signed;
};

void request_view_free(struct context *ctx, struct request_view *view);

/* A request by the beginning of its id, judged: NOT_FOUND. To be freed in either case. */
envres_status request_view_find(struct context *ctx, struct slice id, struct request_view *view,
                                envres_error *err);

envres_status request_view_by_id(struct context *ctx, const uint8_t id[SEAL_ID],
                                 struct request_view *view, envres_error *err);

/* "open", "approved", "done", "withdrawn", "expired", "void"; static. */
const char *request_state(const struct context *ctx, const struct request_view *view);

/* CLOSED unless it can be approved and run. */
envres_status request_check_open(const struct context *ctx, const struct request_view *view,
                                 envres_error *err);

/* Whose approval counts in an environment beside the request's own. */
struct elsewhere {
    struct environment environment;
    enum action right;
};

/* Names of who may approve and has not, in order, joined by `between`; of the first `most`, and how
 * many more there are. Appended. `place` NULL: in the request's own environment alone. */
envres_status request_list_approvers(struct context *ctx, const struct request_view *view,
                                     const struct elsewhere *place, const char *between,
                                     size_t most, struct buf *out, envres_error *err);

/* Names of who approved and counts, one in a line; appended. */
envres_status request_list_given(struct context *ctx, const struct request_view *view,
                                 struct buf *out, envres_error *err);

/* APPROVALS: how many are missing, and who may give them. */
envres_status request_missing(struct context *ctx, const struct request_view *view,
                              envres_error *err);

/* The same unless enough of those that count may approve there. */
envres_status request_check_place(struct context *ctx, const struct request_view *view,
                                  const struct gate_place *place, envres_error *err);

bool request_has_given(const struct context *ctx, const struct request_view *view,
                       const uint8_t principal[SEAL_ID]);

/* Who asked, who it was asked for, who worked on it. */
bool request_is_author(const struct request_row *row, const uint8_t principal[SEAL_ID]);

bool request_has_right(const struct context *ctx, const struct roles *roles,
                       const struct environment *environment, enum action action,
                       const uint8_t principal[SEAL_ID]);

#endif
