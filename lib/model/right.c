/* SPDX-License-Identifier: MIT */
/*
 * What the acting principal may do. Roles are read anew when the workspace's policy version has
 * moved, once in each transaction that asks, so that a right that was taken back counts no more
 * from the next act on, and a change is judged by the roles it began under. An asserted principal
 * only shrinks: every verdict is the lesser of both.
 */
#include "model/right.h"

#include <string.h>

static const uint8_t whole_workspace[SEAL_ID];

static void
forget(struct context *ctx)
{
    roles_free(&ctx->roles);
    mem_free(ctx->mem, ctx->known);
    ctx->known = NULL;
    ctx->known_count = 0;
    memset(&ctx->roles, 0, sizeof(ctx->roles));
}

static envres_status
refresh(struct context *ctx, envres_error *err)
{
    int64_t version = 0;
    uint64_t transaction = db_transaction(ctx->db);
    if (ctx->roles.mem && transaction && ctx->roles_seen == transaction)
        return ENVRES_OK;
    envres_status st = roles_version(ctx->db, ctx->workspace, &version, err);
    if (st == ENVRES_OK && !(ctx->roles.mem && ctx->roles.version == version)) {
        /* What a grant of keys that is new opens, the keys that were opened before it do not. */
        if (ctx->roles.mem)
            context_drop_all_keys(ctx);
        forget(ctx);
        st = roles_load(ctx->db, ctx->mem, ctx->workspace, &ctx->roles, err);
    }
    if (st == ENVRES_OK)
        ctx->roles_seen = transaction;
    return st;
}

static envres_status
find_known(struct context *ctx, const uint8_t *environment, struct known_roles *out,
           envres_error *err)
{
    const uint8_t *key = environment ? environment : whole_workspace;
    envres_status st = refresh(ctx, err);
    if (st < 0)
        return st;
    for (size_t i = 0; i < ctx->known_count; i++) {
        if (memcmp(ctx->known[i].environment, key, SEAL_ID) == 0) {
            *out = ctx->known[i];
            return ENVRES_OK;
        }
    }
    struct known_roles *grown =
        mem_resize(ctx->mem, ctx->known, (ctx->known_count + 1) * sizeof(*grown));
    if (!grown)
        return err_code(err, ENVRES_E_NOMEM);
    ctx->known = grown;
    struct known_roles *known = &grown[ctx->known_count++];
    memcpy(known->environment, key, SEAL_ID);
    known->actor = roles_of(&ctx->roles, ctx->workspace, ctx->actor->id, environment);
    known->asserted =
        ctx->is_asserted ? roles_of(&ctx->roles, ctx->workspace, ctx->asserted, environment) : 0;
    *out = *known;
    return ENVRES_OK;
}

envres_status
right_has(struct context *ctx, enum action action, const struct environment *environment, bool *may,
          envres_error *err)
{
    struct known_roles known = { .actor = 0 };
    bool is_protected = environment && environment->is_protected;
    bool flag = environment && environment->editors_reveal;
    envres_status st = find_known(ctx, environment ? environment->id : NULL, &known, err);
    if (st < 0)
        return st;
    *may = policy_verdict(known.actor, action, is_protected, flag) != VERDICT_DENY &&
           (!ctx->is_asserted ||
            policy_verdict(known.asserted, action, is_protected, flag) != VERDICT_DENY);
    return ENVRES_OK;
}

/* Of both, the one that may not; the unlocked one, when neither may. */
static const uint8_t *
who_lacks(struct context *ctx, enum action action, const struct environment *environment)
{
    struct known_roles known = { .actor = 0 };
    if (find_known(ctx, environment ? environment->id : NULL, &known, NULL) < 0)
        return ctx->actor->id;
    enum verdict own = policy_verdict(known.actor, action, environment && environment->is_protected,
                                      environment && environment->editors_reveal);
    return own == VERDICT_DENY ? ctx->actor->id : context_who(ctx);
}

static envres_status
refuse(struct context *ctx, enum action action, const struct environment *environment,
       envres_error *err)
{
    struct buf name = { .mem = NULL };
    buf_init(&name, ctx->mem, false);
    envres_status st = context_author(ctx, who_lacks(ctx, action, environment), &name, err);
    buf_add_char(&name, '\0');
    if (st == ENVRES_OK)
        st = buf_status(&name, err);
    if (st < 0)
        goto out;
    st = environment ? err_set(err, ENVRES_E_DENIED, "principal '%s' may not %s in %s", name.data,
                               policy_action_name(action), environment->key)
                     : err_set(err, ENVRES_E_DENIED, "principal '%s' may not %s in this workspace",
                               name.data, policy_action_name(action));
    err_subject(err, name.data, name.len - 1);
    err_hint(err, "an administrator can grant a role that may");
out:
    buf_free(&name);
    return st;
}

envres_status
right_check(struct context *ctx, enum action action, const struct environment *environment,
            envres_error *err)
{
    bool may = false;
    envres_status st = right_has(ctx, action, environment, &may, err);
    return st < 0 || may ? st : refuse(ctx, action, environment, err);
}

envres_status
right_anywhere(struct context *ctx, enum action action, envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    bool may = false;
    envres_status st = environment_all(ctx, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && !may && i < count; i++)
        st = right_has(ctx, action, &all[i], &may, err);
    mem_free(ctx->mem, all);
    return st < 0 || may ? st : refuse(ctx, action, NULL, err);
}

envres_status
right_own(struct context *ctx, const uint8_t principal[SEAL_ID], envres_error *err)
{
    envres_status st = refresh(ctx, err);
    if (st < 0)
        return st;
    if (ctx->is_asserted) {
        st =
            err_set(err, ENVRES_E_DENIED, "a session that acts as another has no slots of its own");
        err_hint(err, "use a session of the principal itself");
    } else if (memcmp(principal, ctx->actor->id, SEAL_ID) != 0) {
        st = err_set(err, ENVRES_E_DENIED, "the slots of another principal are its own to change");
    } else if (!roles_key(&ctx->roles, principal)) {
        st = err_set(err, ENVRES_E_DENIED, "principal '%s' was removed, or was given a new key",
                     ctx->actor->name);
        err_subject(err, ctx->actor->name, strlen(ctx->actor->name));
    }
    return st;
}

envres_status
right_roles(struct context *ctx, const uint8_t *environment, uint32_t *roles, envres_error *err)
{
    struct known_roles known = { .actor = 0 };
    envres_status st = find_known(ctx, environment, &known, err);
    if (st == ENVRES_OK)
        *roles = ctx->is_asserted ? known.actor & known.asserted : known.actor;
    return st;
}

envres_status
right_all(struct context *ctx, const struct roles **out, envres_error *err)
{
    envres_status st = refresh(ctx, err);
    if (st == ENVRES_OK)
        *out = &ctx->roles;
    return st;
}
