/* SPDX-License-Identifier: MIT */
/*
 * Principals and their roles. A role comes with keys: whoever changes roles or an environment's
 * protection brings the grants of keys into line with them, in the same transaction.
 */
#ifndef ENVRES_MODEL_PRINCIPAL_H
#define ENVRES_MODEL_PRINCIPAL_H

#include <envres/principal.h>

#include "model/act.h"
#include "model/environment.h"

/* Its id; NO_PRINCIPAL, removed ones too. */
envres_status principal_find(struct context *ctx, struct slice name, uint8_t id[SEAL_ID],
                             envres_error *err);

/* The first owner of a fresh workspace, whose key is the root; inside the transaction that makes
 * it. */
envres_status principal_make_root(struct context *ctx, int64_t now, envres_error *err);

/* Every principal gets the keys of this environment that its roles come with, and loses the others.
 * Inside a change. */
envres_status principal_fit_keys(struct context *ctx, const struct environment *environment,
                                 int64_t now, envres_error *err);

/* The first roles of a principal: `environments` NULL-terminated keys; none: the workspace. */
struct first_roles {
    uint32_t role; /* 0: none */
    const char *const *environments;
    size_t count;
};

/* `made` was made without a transaction open, since that takes long. */
envres_status principal_add(struct context *ctx, const struct new_principal *made,
                            const struct first_roles *roles, const envres_change *given,
                            envres_error *err);
envres_status principal_remove(struct context *ctx, struct slice name, const envres_change *given,
                               envres_error *err);
/* `made`, of the name of one that is there, takes its place with its roles; likewise made before.
 */
envres_status principal_rekey(struct context *ctx, const struct new_principal *made,
                              const envres_change *given, envres_error *err);
envres_status principal_list(struct context *ctx, envres_list **out, envres_error *err);

struct role_request {
    struct slice principal;
    struct slice environment; /* .data NULL: all */
    uint32_t role;
};
envres_status principal_grant(struct context *ctx, const struct role_request *request,
                              const envres_change *given, envres_error *err);
envres_status principal_revoke(struct context *ctx, const struct role_request *request,
                               const envres_change *given, envres_error *err);

/* What was written down of a change that waited for approvals, done (act.h). */
envres_status principal_replay_grant(struct context *ctx, struct act_reader *reader,
                                     const envres_change *given, int64_t *revision,
                                     envres_error *err);
envres_status principal_replay_revoke(struct context *ctx, struct act_reader *reader,
                                      const envres_change *given, int64_t *revision,
                                      envres_error *err);

#endif
