/* SPDX-License-Identifier: MIT */
/*
 * What all edits of a draft begin and end with. Whether a version may be edited at all is the
 * machine's to say; which draft is meant is settled before the transaction, and held against it
 * inside.
 */
#include "model/draft.h"

#include <string.h>

#include "model/machine.h"

envres_status
draft_find(struct context *ctx, const envres_version_name *name, struct app *app,
           struct version *version, envres_error *err)
{
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    return db_end(ctx->db, version_named(ctx, name, true, app, version, err), NULL, err);
}

envres_status
draft_title(const struct app *app, const struct version *version, struct slice path,
            struct buf *out, envres_error *err)
{
    envres_status st = version_object(slice_str(app->name), slice_str(version->name), out, err);
    if (path.len > 0)
        buf_add_char(out, '/');
    buf_add(out, path.data, path.len);
    return st == ENVRES_OK ? buf_status(out, err) : st;
}

envres_status
draft_open(struct change *change, const envres_version_name *name, const uint8_t id[SEAL_ID],
           struct draft *draft, envres_error *err)
{
    struct context *ctx = change->ctx;
    struct environment stage = { 0 };
    enum version_state state = VERSION_DRAFT;
    draft->change = change;
    draft->tree.mem = ctx->mem;
    envres_status st = version_named(ctx, name, true, &draft->app, &draft->version, err);
    if (st == ENVRES_OK && memcmp(draft->version.id, id, SEAL_ID) != 0) {
        st =
            err_set(err, ENVRES_E_CHANGED, "the draft of '%s' is another one now", draft->app.name);
        err_hint(err, "name the version to edit");
    }
    if (st == ENVRES_OK)
        st = version_state(ctx, &draft->app, &draft->version, &state, err);
    if (st == ENVRES_OK)
        st = machine_allow(&draft->version, state, EVENT_EDIT, err);
    if (st == ENVRES_OK)
        st = stage_find(ctx, draft->version.stage, &stage, err);
    if (st == ENVRES_OK)
        st = change_in(change, ACTION_BUILD, &stage, err);
    if (st == ENVRES_OK)
        st = content_load(ctx, &draft->version, &draft->tree, err);
    return st;
}

envres_status
draft_store(struct draft *draft, envres_error *err)
{
    struct version *version = &draft->version;
    envres_status st = tree_digest(&draft->tree, version->content, err);
    version->parts = (int64_t)draft->tree.count;
    version->bytes = draft->tree.bytes;
    version->pins = (int64_t)draft->tree.pin_count;
    version->changed_at = draft->change->now;
    if (st == ENVRES_OK)
        st = version_store_content(draft->change->ctx, version, err);
    draft->change->revision = version->edits;
    return st;
}
