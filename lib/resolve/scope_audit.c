/* SPDX-License-Identifier: MIT */
/*
 * Opening a scope as an act of its own: its entry in the audit is committed in the transaction in
 * which the scope was filled, before it is given out. Nothing of what other scopes hold changes by
 * it, so that none of them becomes stale.
 */
#include "resolve/scope.h"

#include <string.h>

#include "model/change.h"

struct opening {
    const struct scope_request *request;
    const envres_scope *before;
    envres_scope **out;
};

static envres_status
open_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct opening *opening = asked;
    struct environment environment = { .position = 0 };
    envres_status st =
        environment_find(change->ctx, opening->request->environment, &environment, err);
    if (st < 0)
        return st;
    change->has_environment = true;
    change->quiet = true;
    memcpy(change->environment, environment.id, SEAL_ID);
    st = change_may(change, ACTION_READ, &environment, err);
    return st < 0 ? st
                  : scope_load_inside(change->ctx, opening->request, opening->before, opening->out,
                                      err);
}

envres_status
scope_load_audited(struct context *ctx, const struct scope_request *request,
                   const envres_scope *before, envres_scope **out, envres_error *err)
{
    envres_scope *scope = NULL;
    struct opening opening = { request, before, &scope };
    bool app = request->app.data != NULL;
    struct change_title title = { "scope.open", app ? "app/" : "environment/",
                                  app ? request->app : request->environment, NULL };
    envres_status st = change_run(ctx, NULL, &title, open_inside, &opening, NULL, err);
    if (st < 0)
        envres_scope_unref(scope);
    else
        *out = scope;
    return st;
}
