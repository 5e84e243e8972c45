/* SPDX-License-Identifier: MIT */
/*
 * What all moves need: finding what they are about, holding it against what the caller saw, the
 * check, the approvals. A move asks in one order, so that nobody learns more from a refusal than
 * they may: arguments, existence, right and reason, state, the caller's expectation, check. What
 * needs approvals is refused last, when all else was found good: nobody approves what cannot be.
 */
#include "delivery/move.h"

#include <string.h>

#include "delivery/check.h"
#include "model/pin.h"

envres_status
move_flags(uint32_t flags, uint32_t known, envres_error *err)
{
    return flags & ~known ? err_set(err, ENVRES_E_INVALID, "the options have an unknown flag")
                          : ENVRES_OK;
}

/* Both names of a version, and the state it is in. */
envres_status
move_find(struct context *ctx, struct move *move, envres_error *err)
{
    envres_status st = app_find(ctx, move->app_name, &move->app, err);
    if (st == ENVRES_OK)
        st = version_find(ctx, &move->app, move->version_name, &move->version, err);
    if (st == ENVRES_OK)
        st = version_state(ctx, &move->app, &move->version, &move->state, err);
    return st;
}

envres_status
move_names(const envres_version_name *name, struct move *move, envres_error *err)
{
    envres_status st = version_name_read(name, &move->app_name, &move->version_name, err);
    if (st == ENVRES_OK && !move->version_name.data)
        st = err_set(err, ENVRES_E_INVALID, "the version's name is NULL");
    return st;
}

static envres_status
changed(const struct version *version, const char *what, envres_error *err)
{
    envres_status st =
        err_set(err, ENVRES_E_CHANGED, "version '%s' %s meanwhile", version->name, what);
    err_subject(err, version->name, strlen(version->name));
    err_hint(err, "look at it again and decide anew; nothing was done");
    return st;
}

envres_status
move_expect_content(const struct version *version, const uint8_t *content, envres_error *err)
{
    return seal_equal(version->content, content, SEAL_DIGEST) ? ENVRES_OK
                                                              : changed(version, "was edited", err);
}

envres_status
move_expect_live(const struct app *app, int64_t live, envres_error *err)
{
    if (app->live == live)
        return ENVRES_OK;
    envres_status st =
        app->live ? err_set(err, ENVRES_E_CHANGED, "release %lld of '%s' is live now",
                            (long long)app->live, app->name)
                  : err_set(err, ENVRES_E_CHANGED, "nothing of '%s' is live now", app->name);
    err_subject(err, app->name, strlen(app->name));
    err_hint(err, "look at it again and decide anew; nothing was done");
    return st;
}

/* The check of one step; what an earlier step found gives way. */
envres_status
move_check(struct context *ctx, struct move *move, const struct environment *target,
           envres_error *err)
{
    findings_free(move->findings);
    envres_status st = check_run(ctx, &move->app, &move->version, target, move->findings, err);
    return st == ENVRES_OK ? check_passed(move->findings, &move->version, target, err) : st;
}

/* Runs a change that works on a move, under the title "version/APP/V" or "app/APP". */
envres_status
move_run(struct context *ctx, const envres_change *given, const char *action, change_fn work,
         encode_fn encode, struct move *move, const void *request, envres_error *err)
{
    struct buf object = { .mem = NULL };
    buf_init(&object, ctx->mem, false);
    envres_status st = ENVRES_OK;
    if (move->version_name.data)
        st = version_object(move->app_name, move->version_name, &object, err);
    struct change_title title = { action, move->version_name.data ? "version/" : "app/",
                                  move->version_name.data ? slice_of(object.data, object.len)
                                                          : move->app_name,
                                  encode };
    if (st == ENVRES_OK)
        st = change_run(ctx, given, &title, work, request, &move->made, err);
    buf_free(&object);
    return st;
}

/* What approvers sign of a version: what is in it, where it stands, what is live, who made it. A
 * protected app is not moved on by one alone, wherever it goes. */
envres_status
move_ask_approvals(struct change *change, const struct move *move, enum action action,
                   const struct environment *target, envres_error *err)
{
    const struct app *app = &move->app;
    const struct version *version = &move->version;
    struct release live = { 0 };
    uint64_t sequence = (uint64_t)app->live;
    uint8_t bytes[8];
    if (app->is_protected)
        change_needs(change, action, target, 1);
    if (change->gate.needed == 0)
        return ENVRES_OK;
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(sequence >> (8 * i));
    change_builds_on(change, "content", version->content, SEAL_DIGEST);
    change_builds_on(change, "stage", version->stage, SEAL_ID);
    change_builds_on(change, "live", bytes, sizeof(bytes));
    envres_status st = app->live ? release_get(change->ctx, app, app->live, &live, err) : ENVRES_OK;
    const uint8_t *before = app->live ? live.version : NULL;
    if (st == ENVRES_OK)
        st = content_authors(change, version, before, err);
    return st == ENVRES_OK ? pins_authors(change, version, before, err) : st;
}

void
move_put_names(const struct move *move, struct buf *out)
{
    act_put_text(out, move->app_name);
    act_put_text(out, move->version_name);
}

envres_version_name
move_read_names(struct act_reader *reader)
{
    struct slice app = act_text(reader);
    struct slice version = act_text(reader);
    return (envres_version_name){ .size = sizeof(envres_version_name),
                                  .app = app.data,
                                  .app_len = app.len,
                                  .version = version.data,
                                  .version_len = version.len };
}
