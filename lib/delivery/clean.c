/* SPDX-License-Identifier: MIT */
/*
 * Whoever checks a version, promotes it and releases it makes the same check three times. One that
 * found nothing need not look through the texts again while nothing it depends on is another:
 *
 *   the app's and the version's names, the content's digest, where the version stands
 *   who acts, and the roles there are
 *   of each environment its row and its sealed head, which is another after every change there
 *   the resources of the target, whose kinds stand in rows that no head covers
 *   which values could be read, and the records of the others: a head covers what they commit to
 *
 * That the texts are whole, and the rows those of their heads, is looked at all the same.
 */
#include "delivery/clean.h"

#include <string.h>

static void
add_environment(struct buf *buf, const struct environment *environment)
{
    buf_add(buf, environment->id, SEAL_ID);
    buf_add_text(buf, environment->key, strlen(environment->key));
    buf_add_text(buf, environment->label, strlen(environment->label));
    buf_add_u64(buf, (uint64_t)environment->position);
    buf_add_u64(buf, (uint64_t)environment->revision);
    buf_add_text(buf, environment->head, environment->head_len);
}

static envres_status
add_environments(struct context *ctx, struct buf *buf, envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = environment_all(ctx, &all, &count, err);
    buf_add_u64(buf, count);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++)
        add_environment(buf, &all[i]);
    mem_free(ctx->mem, all);
    return st;
}

/* What was sealed is opened only by the check itself. */
static void
add_items(struct buf *buf, const struct item *items, uint32_t count)
{
    buf_add_u64(buf, count);
    for (uint32_t i = 0; i < count; i++) {
        buf_add_char(buf, (char)items[i].state);
        if (items[i].state == ITEM_SEALED)
            buf_add_text(buf, items[i].setting.record.data, items[i].setting.record.len);
    }
}

static void
add_handles(struct buf *buf, const envres_scope *scope)
{
    buf_add_u64(buf, scope->handle_count);
    for (uint32_t i = 0; i < scope->handle_count; i++) {
        const envres_resource_handle *handle = &scope->handles[i];
        buf_add_text(buf, handle->name.data, handle->name.len);
        buf_add_text(buf, handle->kind->name, strlen(handle->kind->name));
        buf_add(buf, handle->source->environment.id, SEAL_ID);
        add_items(buf, handle->count > 0 ? handle->source->items + handle->first : NULL,
                  handle->count);
        buf_add_char(buf, handle->is_set ? 1 : 0);
        buf_add_char(buf, handle->failure ? 1 : 0);
    }
}

static void
add_version(struct buf *buf, const struct app *app, const struct version *version)
{
    buf_add(buf, app->id, SEAL_ID);
    buf_add_text(buf, app->name, strlen(app->name));
    buf_add(buf, version->id, SEAL_ID);
    buf_add_text(buf, version->name, strlen(version->name));
    buf_add(buf, version->stage, SEAL_ID);
    buf_add(buf, version->content, SEAL_DIGEST);
}

envres_status
clean_digest(struct context *ctx, const struct app *app, const struct version *version,
             const envres_scope *scope, uint8_t out[SEAL_DIGEST], envres_error *err)
{
    struct buf buf = { .mem = NULL };
    buf_init(&buf, ctx->mem, false);
    add_version(&buf, app, version);
    buf_add(&buf, ctx->actor->id, SEAL_ID);
    buf_add(&buf, context_who(ctx), SEAL_ID);
    buf_add_u64(&buf, (uint64_t)ctx->roles.version);
    buf_add(&buf, scope->environment.id, SEAL_ID);
    add_items(&buf, scope->items, scope->variable_count);
    add_handles(&buf, scope);
    envres_status st = add_environments(ctx, &buf, err);
    if (st == ENVRES_OK)
        st = buf_status(&buf, err);
    if (st == ENVRES_OK)
        seal_digest(out, "envres1/clean", buf.data, buf.len);
    buf_free(&buf);
    return st;
}
