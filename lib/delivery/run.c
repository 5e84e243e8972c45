/* SPDX-License-Identifier: MIT */
/*
 * Approved requests, run. What was asked for is done by the very call that asked for it, with all
 * of its checks, rights and expectations; the request is settled inside that call's transaction.
 */
#include "delivery/run.h"

#include <string.h>

#include "base/status.h"
#include "delivery/release.h"
#include "model/config.h"
#include "model/deposit.h"
#include "model/environment.h"
#include "model/history.h"
#include "model/principal.h"
#include "model/resource.h"
#include "model/variable.h"

struct replay {
    const char *action;
    replay_fn run;
};

/* Everything that can wait: a change whose title has an encoder has its row here. */
static const struct replay replays[] = {
    { "variable.put", variable_replay_put },
    { "variable.unset", variable_replay_unset },
    { "variable.destroy", config_replay_destroy },
    { "variable.rename", variable_replay_rename },
    { "variable.delete", variable_replay_delete },
    { "resource.configure", resource_replay_configure },
    { "resource.fallback", resource_replay_fallback },
    { "resource.remove", resource_replay_remove },
    { "restore", history_replay_restore },
    { "inbox.accept", deposit_replay_accept },
    { "environment.add", environment_replay_add },
    { "environment.set", environment_replay_set },
    { "environment.remove", environment_replay_remove },
    { "role.grant", principal_replay_grant },
    { "role.revoke", principal_replay_revoke },
    { "app.set", app_replay_set },
    { "version.promote", move_replay_promote },
    { "version.release", move_replay_release },
    { "app.rollback", move_replay_rollback },
    { "app.withdraw", move_replay_withdraw },
};

static envres_status
replay(struct context *ctx, const struct request_row *row, struct slice plain,
       const envres_change *given, int64_t *revision, envres_error *err)
{
    struct act_reader reader = { .at = plain.data, .left = plain.len };
    envres_change change = { .size = sizeof(change) };
    envres_status st = opts_read(&change, sizeof(change), sizeof(change), given, err);
    change.flags = act_u32(&reader);
    if (!change.reason || change.reason_len == 0) {
        change.reason = row->reason.data;
        change.reason_len = row->reason.len;
    }
    for (size_t i = 0; st == ENVRES_OK && i < sizeof(replays) / sizeof(replays[0]); i++) {
        if (slice_equal(row->action, slice_str(replays[i].action)))
            return replays[i].run(ctx, &reader, &change, revision, err);
    }
    return st < 0 ? st : act_fault(err);
}

envres_status
request_run(struct context *ctx, struct slice id, const envres_change *given, int64_t *revision,
            envres_error *err)
{
    struct request_row row = { .state = REQUEST_OPEN };
    struct buf plain = { .mem = NULL };
    int64_t made = 0;
    bool done = false;
    buf_init(&plain, ctx->mem, true);
    envres_status st = request_load(ctx, id, given, &row, &plain, &done, &made, err);
    if (st == ENVRES_OK && !done) {
        ctx->running = &row;
        st = replay(ctx, &row, slice_of(plain.data, plain.len), given, &made, err);
        ctx->running = NULL;
    }
    if (st == ENVRES_OK && revision)
        *revision = made;
    request_row_free(&row);
    buf_free(&plain);
    return st;
}
