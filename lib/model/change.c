/* SPDX-License-Identifier: MIT */
/*
 * The one write-transaction helper. Invariants: a change never stands without its audit entry, an
 * entry never without its change; a call that answers OK is durable; a call that answers an error
 * left nothing, except UNKNOWN_OUTCOME, which says so.
 */
#include "model/change.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "guard/audit.h"
#include "model/request.h"
#include "model/witness.h"

static envres_status
read_options(const envres_change *given, struct change *out, envres_error *err)
{
    envres_change change;
    envres_status st = opts_read(&change, sizeof(change), sizeof(change), given, err);
    if (st < 0)
        return st;
    if (change.flags & ~(uint32_t)ENVRES_CHANGE_FORCE)
        return err_set(err, ENVRES_E_INVALID, "the change has an unknown flag");
    st = text_argument(change.reason, change.reason ? change.reason_len : 0, LIMIT_REASON,
                       "the reason", &out->reason, err);
    if (st < 0)
        return st;
    out->force = (change.flags & ENVRES_CHANGE_FORCE) != 0;
    if (change.operation)
        memcpy(out->operation, change.operation, SEAL_ID);
    else
        seal_random(out->operation, SEAL_ID);
    return ENVRES_OK;
}

/* On failure nothing is open. */
static envres_status
begin(struct context *ctx, const envres_change *given, const char *action, struct slice object,
      struct change *out, envres_error *err)
{
    struct change change = { .ctx = ctx, .action = action, .object = object };
    envres_status st = read_options(given, &change, err);
    if (st < 0)
        return st;
    buf_init(&change.gate.base, ctx->mem, false);
    buf_init(&change.gate.authors, ctx->mem, false);
    buf_init(&change.gate.places, ctx->mem, false);
    change.now = clock_now(ctx->clock);
    st = db_begin_write(ctx->db, err);
    if (st < 0)
        return st;
    if (given && given->operation)
        st = audit_find(ctx->db, ctx->workspace, change.operation, action, object, &change.repeated,
                        &change.revision, err);
    if (st < 0)
        return db_end(ctx->db, st, NULL, err);
    *out = change;
    return ENVRES_OK;
}

/* ---- what must be asked for ----------------------------------------------------------------- */

static bool
is_asked(const struct buf *places, const struct gate_place *place)
{
    for (size_t i = 0; i + sizeof(*place) <= places->len; i += sizeof(*place)) {
        struct gate_place asked = { .needed = 0 };
        memcpy(&asked, places->data + i, sizeof(asked));
        if (asked.right == place->right && asked.needed == place->needed &&
            memcmp(asked.environment, place->environment, SEAL_ID) == 0)
            return true;
    }
    return false;
}

void
change_needs(struct change *change, enum action action, const struct environment *environment,
             int64_t approvals)
{
    struct gate *gate = &change->gate;
    struct gate_place place = { .needed = 0 };
    place.right = policy_approver(action);
    place.needed = approvals;
    memcpy(place.environment, environment->id, SEAL_ID);
    if (approvals > 0 && !is_asked(&gate->places, &place))
        buf_add(&gate->places, &place, sizeof(place));
    if (approvals <= gate->needed)
        return;
    gate->needed = approvals;
    gate->right = policy_approver(action);
    gate->environment = *environment;
}

/* What counts for the whole workspace needs what the strictest environment asks for. */
static envres_status
needs_everywhere(struct change *change, enum action action, envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    if (!policy_needs_approvals(action, false))
        return ENVRES_OK;
    envres_status st = environment_all(change->ctx, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++)
        change_needs(change, action, &all[i], all[i].approvals);
    mem_free(change->ctx->mem, all);
    return st;
}

static envres_status
has_right(struct change *change, enum action action, const struct environment *environment,
          envres_error *err)
{
    envres_status st = right_check(change->ctx, action, environment, err);
    change->asked = change->asked || st == ENVRES_OK;
    return st;
}

envres_status
change_may(struct change *change, enum action action, const struct environment *environment,
           envres_error *err)
{
    envres_status st = has_right(change, action, environment, err);
    if (st < 0)
        return st;
    if (!environment)
        return needs_everywhere(change, action, err);
    if (policy_needs_approvals(action, environment->rollback_approvals))
        change_needs(change, action, environment, environment->approvals);
    return ENVRES_OK;
}

void
change_builds_on(struct change *change, const char *what, const void *data, size_t len)
{
    buf_add_text(&change->gate.base, what, strlen(what));
    buf_add_text(&change->gate.base, data, len);
}

void
change_author(struct change *change, const uint8_t principal[SEAL_ID])
{
    struct buf *authors = &change->gate.authors;
    for (size_t i = 0; i + SEAL_ID <= authors->len; i += SEAL_ID) {
        if (memcmp(authors->data + i, principal, SEAL_ID) == 0)
            return;
    }
    buf_add(authors, principal, SEAL_ID);
}

envres_status
change_asks(struct change *change, enum action action, const struct environment *environment,
            envres_error *err)
{
    memcpy(change->environment, environment->id, SEAL_ID);
    change->has_environment = true;
    envres_status st = has_right(change, action, environment, err);
    return st < 0 ? st : change_reason(change, environment, err);
}

envres_status
change_in(struct change *change, enum action action, const struct environment *environment,
          envres_error *err)
{
    memcpy(change->environment, environment->id, SEAL_ID);
    change->has_environment = true;
    envres_status st = change_may(change, action, environment, err);
    return st < 0 ? st : change_reason(change, environment, err);
}

envres_status
change_own(struct change *change, const uint8_t principal[SEAL_ID], envres_error *err)
{
    envres_status st = right_own(change->ctx, principal, err);
    change->asked = change->asked || st == ENVRES_OK;
    return st;
}

envres_status
change_builds(struct change *change, envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = environment_all(change->ctx, &all, &count, err);
    if (st == ENVRES_OK && count == 0)
        st = err_set(err, ENVRES_E_CORRUPT, "the workspace has no environment");
    if (st == ENVRES_OK)
        st = change_may(change, ACTION_BUILD, &all[0], err);
    mem_free(change->ctx->mem, all);
    return st;
}

envres_status
change_reason(const struct change *change, const struct environment *environment, envres_error *err)
{
    if (!environment->require_reason || change->reason.len > 0)
        return ENVRES_OK;
    envres_status st =
        err_set(err, ENVRES_E_REASON, "changes in %s need a reason", environment->key);
    err_subject(err, environment->key, strlen(environment->key));
    err_hint(err, "say why with the change");
    return st;
}

static envres_status
append_entry(struct change *change, envres_error *err)
{
    struct context *ctx = change->ctx;
    struct audit_entry entry = {
        .workspace = ctx->workspace,
        .environment = change->has_environment ? change->environment : NULL,
        .asserted = ctx->is_asserted ? ctx->asserted : NULL,
        .operation = change->operation,
        .action = change->action,
        .object = change->object,
        .revision = change->revision,
        .reason = change->reason,
        .time = change->now,
        .policy_version = ctx->roles.version,
        .denied = change->denied,
    };
    envres_status st = witness_follow(ctx, err);
    if (st == ENVRES_OK)
        st = audit_append(ctx->db, ctx->mem, ctx->actor, &entry, err);
    return st < 0 ? st : witness_tip(ctx, &change->tip, err);
}

/* What was tried and refused is remembered, in a transaction of its own: the one it was tried in is
 * rolled back. That this cannot be written changes nothing of the refusal. */
static void
remember_denied(struct change *change)
{
    change->denied = true;
    change->revision = 0;
    seal_random(change->operation, SEAL_ID);
    envres_status st = db_begin_write(change->ctx->db, NULL);
    if (st == ENVRES_OK)
        st = db_end(change->ctx->db, append_entry(change, NULL), NULL, NULL);
    if (st == ENVRES_OK)
        witness_moved(change->ctx, &change->tip, change->action);
}

/* COMMIT failed without saying whether it happened: ask the file, on a new connection. */
static envres_status
settle(struct change *change, envres_status st, envres_error *err)
{
    struct context *ctx = change->ctx;
    bool found = false;
    int64_t revision = 0;
    envres_status look = db_reopen(ctx->db, NULL);
    if (look == ENVRES_OK)
        look = audit_find(ctx->db, ctx->workspace, change->operation, change->action,
                          change->object, &found, &revision, NULL);
    if (look == ENVRES_OK && !change->silent) /* a silent one has no entry to be found by */
        return found ? ENVRES_OK : st;
    st = err_code(err, ENVRES_E_UNKNOWN_OUTCOME);
    err_hint(err, "reopen the store and repeat the call with the same operation id: it is done "
                  "once at most");
    return st;
}

static envres_status
end(struct change *change, envres_status st, envres_error *err)
{
    struct context *ctx = change->ctx;
    if (st == ENVRES_OK && !change->asked && !change->repeated)
        st = err_set(err, ENVRES_E_DENIED, "no right was asked for this change");
    if (change->repeated || (st == ENVRES_OK && change->nothing)) {
        envres_status ended = db_end(ctx->db, ENVRES_E_INVALID, NULL, NULL);
        (void)ended; /* nothing was written: there is nothing to lose */
        return change->repeated ? ENVRES_OK : st;
    }
    bool waits = st == ENVRES_OK && change->gate.needed > 0 && !change->running;
    if (waits)
        st = ENVRES_E_APPROVALS;
    else if (st == ENVRES_OK && change->running && !change->settled)
        st = request_settle(change, err);
    if (st == ENVRES_OK && !change->silent)
        st = append_entry(change, err);
    enum db_outcome outcome = DB_ROLLED_BACK;
    st = db_end(ctx->db, st, &outcome, err);
    if (waits && outcome == DB_ROLLED_BACK)
        st = request_open(change, err);
    if (outcome == DB_UNSURE)
        st = settle(change, st, err);
    if (st == ENVRES_E_DENIED && outcome == DB_ROLLED_BACK)
        remember_denied(change);
    if (st < 0)
        return st;
    if (change->forgets)
        db_forget(ctx->db);
    witness_moved(ctx, &change->tip, change->action);
    if (!change->quiet && !change->silent)
        atomic_fetch_add_explicit(&ctx->changes->value, 1, memory_order_release);
    return st;
}

envres_status
change_run(struct context *ctx, const envres_change *given, const struct change_title *title,
           change_fn work, const void *request, int64_t *revision, envres_error *err)
{
    /* Taken before the lock is released for the host's callbacks: nothing else rides on it. */
    const struct request_row *running = ctx->running;
    struct change change = { .ctx = ctx };
    struct buf object;
    ctx->running = NULL;
    buf_init(&object, ctx->mem, false);
    buf_add_str(&object, title->prefix);
    buf_add(&object, title->name.data, title->name.len);
    envres_status st = buf_status(&object, err);
    if (st == ENVRES_OK)
        st = witness_ready(ctx, err);
    if (st == ENVRES_OK)
        st = begin(ctx, given, title->action, slice_of(object.data, object.len), &change, err);
    if (st == ENVRES_OK) {
        change.request = request;
        change.encode = title->encode;
        change.running = running;
        if (!change.repeated)
            st = work(&change, request, err);
        st = end(&change, st, err);
        if (st == ENVRES_OK && revision)
            *revision = change.revision;
    }
    buf_free(&change.gate.base);
    buf_free(&change.gate.authors);
    buf_free(&change.gate.places);
    buf_free(&object);
    return st;
}
