/* SPDX-License-Identifier: MIT */
/*
 * What waits for approvals. Invariants: a request is run once (its state and its operation change
 * with the change itself); an approval counts when its signature is over exactly this row, and its
 * principal has the right now. Since the version of all roles is in the row and must still be the
 * one in force, the right was held when the request was opened, too: nobody is made an approver for
 * a request that is waiting. What the change builds on is taken anew when it runs.
 */
#include "model/request.h"

#include <string.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/text.h"
#include "guard/audit.h"
#include "model/request_view.h"

enum { SHORT_ID = 8, DAY_MS = 24 * 60 * 60 * 1000 };

/* ---- the payload ---------------------------------------------------------------------------- */

static struct seal_label
payload_label(const struct context *ctx, const struct request_row *row)
{
    struct seal_label label = { .workspace = ctx->workspace,
                                .environment = row->environment,
                                .object = row->id,
                                .kind = SEAL_REQUEST,
                                .secret = row->secret,
                                .field = slice_str(""),
                                .name = row->action,
                                .revision = (uint64_t)row->policy_version };
    return label;
}

/* Under the better key that its requester has there. */
static envres_status
seal_payload(struct context *ctx, const struct environment *environment, struct slice plain,
             struct request_row *row, struct buf *out, envres_error *err)
{
    struct env_keys *keys = NULL;
    envres_status st = context_keys(ctx, environment, &keys, err);
    if (st < 0)
        return st;
    row->secret = env_keys_data(keys, true) != NULL;
    struct seal_label label = payload_label(ctx, row);
    st = seal_record(env_keys_data(keys, row->secret), keys->generation, &label, plain, out,
                     row->content, err);
    return st == ENVRES_OK ? buf_status(out, err) : st;
}

static envres_status
open_payload(struct context *ctx, const struct request_view *view, struct buf *plain,
             envres_error *err)
{
    const struct request_row *row = &view->row;
    struct env_keys *keys = NULL;
    size_t len = 0;
    envres_status st = context_keys(ctx, &view->environment, &keys, err);
    if (st < 0)
        return st;
    const uint8_t *key = env_keys_data(keys, row->secret);
    if (!key)
        return err_set(err, ENVRES_E_DENIED, "no key for the secrets of %s", view->environment.key);
    struct seal_label label = payload_label(ctx, row);
    size_t cap = seal_value_max(row->payload.len);
    if (!buf_reserve(plain, cap))
        return buf_status(plain, err);
    st =
        unseal_check(ctx->mem, key, &label, row->content, row->payload.data, row->payload.len, err);
    if (st == ENVRES_OK)
        st = unseal_into(ctx->mem, key, &label, row->content, row->payload.data, row->payload.len,
                         plain->data, plain->cap, &len, err);
    if (st == ENVRES_OK)
        plain->len = len;
    return st;
}

/* What a change asks for, as the bytes that are sealed: its flags, its arguments. */
static envres_status
write_payload(const struct change *change, struct buf *out, envres_error *err)
{
    buf_add_u32(out, change->force ? ENVRES_CHANGE_FORCE : 0);
    change->encode(change->request, out);
    return buf_status(out, err);
}

/* ---- opening -------------------------------------------------------------------------------- */

/* The audit names the environment; that it asks for a reason is about changes, not about this. */
static envres_status
ask(struct change *change, enum action action, const struct environment *environment,
    envres_error *err)
{
    memcpy(change->environment, environment->id, SEAL_ID);
    change->has_environment = true;
    return change_may(change, action, environment, err);
}

static void
base_of(const struct change *change, uint8_t digest[SEAL_DIGEST])
{
    seal_digest(digest, "envres1/base", change->gate.base.data, change->gate.base.len);
}

static bool
is_the_same(const struct context *ctx, const struct request_row *a, const struct request_row *b)
{
    return a->state == REQUEST_OPEN && slice_equal(a->action, b->action) &&
           slice_equal(a->object, b->object) && slice_equal(a->authors, b->authors) &&
           a->right == b->right && a->needed == b->needed &&
           a->policy_version == b->policy_version && a->expires > clock_now(ctx->clock) &&
           memcmp(a->environment, b->environment, SEAL_ID) == 0 &&
           memcmp(a->requester, b->requester, SEAL_ID) == 0 &&
           memcmp(a->asserted, b->asserted, SEAL_ID) == 0 &&
           memcmp(a->base, b->base, SEAL_DIGEST) == 0;
}

/* Whether one asks for the same, by its row alone: who gave what is looked at for that one only. */
static envres_status
may_be_same(struct context *ctx, const uint8_t id[SEAL_ID], const struct request_row *wanted,
            bool *out, envres_error *err)
{
    struct request_row row = { .state = REQUEST_OPEN };
    bool found = false;
    envres_status st = approval_find(ctx->db, ctx->mem, ctx->workspace, id, id, &found, &row, err);
    *out = st == ENVRES_OK && found && is_the_same(ctx, &row, wanted);
    request_row_free(&row);
    return st;
}

/* The same call again leads to the same request. */
static envres_status
find_same(struct context *ctx, const struct request_row *wanted, struct slice plain, bool *found,
          struct request_view *out, envres_error *err)
{
    uint8_t(*ids)[SEAL_ID] = NULL;
    size_t count = 0;
    envres_status st = approval_all(ctx->db, ctx->mem, ctx->workspace, false, &ids, &count, err);
    *found = false;
    for (size_t i = 0; st == ENVRES_OK && !*found && i < count; i++) {
        struct buf other = { .mem = NULL };
        bool same = false;
        st = may_be_same(ctx, ids[i], wanted, &same, err);
        if (st < 0 || !same)
            continue;
        request_view_free(ctx, out);
        memset(out, 0, sizeof(*out));
        buf_init(&other, ctx->mem, true);
        st = request_view_by_id(ctx, ids[i], out, err);
        if (st == ENVRES_OK) {
            st = open_payload(ctx, out, &other, err);
            *found = st == ENVRES_OK && slice_equal(slice_of(other.data, other.len), plain);
        }
        buf_free(&other);
    }
    mem_free(ctx->mem, ids);
    return st;
}

/* The change that waits, and the view that the caller frees. */
struct opening {
    const struct change *waits;
    struct request_view *view;
};

static void
fill_row(const struct change *change, const struct change *waits, int64_t policy_version,
         struct request_row *row)
{
    const struct context *ctx = change->ctx;
    const struct gate *gate = &waits->gate;
    row->right = gate->right;
    row->needed = gate->needed;
    row->policy_version = policy_version;
    row->time = change->now;
    row->expires = change->now + (int64_t)LIMIT_REQUEST_DAYS * DAY_MS;
    row->state = REQUEST_OPEN;
    row->action = slice_str(waits->action);
    row->object = waits->object;
    row->authors = slice_of(gate->authors.data, gate->authors.len);
    row->reason = waits->reason;
    seal_random(row->id, SEAL_ID);
    memcpy(row->environment, gate->environment.id, SEAL_ID);
    memcpy(row->requester, ctx->actor->id, SEAL_ID);
    if (ctx->is_asserted)
        memcpy(row->asserted, ctx->asserted, SEAL_ID);
    base_of(waits, row->base);
}

/* The request is made, or found; then the error says what it waits for, though the work is well. */
static envres_status
open_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct opening *opening = asked;
    const struct change *waits = opening->waits;
    struct request_view *view = opening->view;
    struct context *ctx = change->ctx;
    const struct roles *roles = NULL;
    struct request_row row = { .state = REQUEST_OPEN };
    struct buf plain = { .mem = NULL };
    struct buf sealed = { .mem = NULL };
    bool found = false;
    buf_init(&plain, ctx->mem, true);
    buf_init(&sealed, ctx->mem, false);
    envres_status st = ask(change, ACTION_LIST, &waits->gate.environment, err);
    if (st == ENVRES_OK)
        st = right_all(ctx, &roles, err);
    if (st == ENVRES_OK) {
        fill_row(change, waits, roles->version, &row);
        st = write_payload(waits, &plain, err);
    }
    if (st == ENVRES_OK)
        st = find_same(ctx, &row, slice_of(plain.data, plain.len), &found, view, err);
    change->nothing = found;
    if (st == ENVRES_OK && !found) {
        request_view_free(ctx, view);
        memset(view, 0, sizeof(*view));
        st = seal_payload(ctx, &waits->gate.environment, slice_of(plain.data, plain.len), &row,
                          &sealed, err);
        row.payload = slice_of(sealed.data, sealed.len);
        if (st == ENVRES_OK)
            st = approval_open(ctx->db, ctx->workspace, ctx->actor, &row, err);
        if (st == ENVRES_OK)
            st = request_view_by_id(ctx, row.id, view, err);
    }
    if (st == ENVRES_OK)
        st = request_missing(ctx, view, err);
    buf_free(&plain);
    buf_free(&sealed);
    return st == ENVRES_E_APPROVALS ? ENVRES_OK : st;
}

static envres_status
cannot_wait(const struct change *change, envres_error *err)
{
    const char *key = change->gate.environment.key;
    envres_status st =
        err_set(err, ENVRES_E_APPROVALS,
                "%s needs %lld approval%s, and this cannot "
                "wait for them",
                key, (long long)change->gate.needed, change->gate.needed == 1 ? "" : "s");
    err_subject(err, key, strlen(key));
    if (change->instead)
        err_hint(err, "take steps that can wait: %s", change->instead);
    return st;
}

envres_status
request_open(struct change *change, envres_error *err)
{
    struct context *ctx = change->ctx;
    struct request_view view = { .given = NULL };
    struct opening opening = { change, &view };
    struct change_title title = { "request.open", "", change->object, NULL };
    envres_change given = { .size = sizeof(given),
                            .reason = change->reason.len > 0 ? change->reason.data : NULL,
                            .reason_len = change->reason.len };
    if (!change->encode)
        return cannot_wait(change, err);
    envres_status st = buf_status(&change->gate.base, err);
    if (st == ENVRES_OK)
        st = buf_status(&change->gate.authors, err);
    if (st == ENVRES_OK)
        st = change_run(ctx, &given, &title, open_inside, &opening, NULL, err);
    request_view_free(ctx, &view);
    return st == ENVRES_OK ? ENVRES_E_APPROVALS : st;
}

/* ---- running -------------------------------------------------------------------------------- */

static envres_status
is_void(const struct request_row *row, const char *why, envres_error *err)
{
    char hex[2 * SEAL_ID + 1];
    text_hex(hex, row->id, SEAL_ID);
    envres_status st =
        err_set(err, ENVRES_E_CLOSED, "request %.*s is void: %s", SHORT_ID, hex, why);
    err_subject(err, hex, strlen(hex));
    err_hint(err, "ask for it again, and have it approved again");
    return st;
}

/* Enough of those who approved may do so in each environment that the change touches. */
static envres_status
check_places(struct change *change, const struct request_view *view, envres_error *err)
{
    const struct buf *places = &change->gate.places;
    struct gate_place place = { .needed = 0 };
    envres_status st = buf_status(places, err);
    for (size_t i = 0; st == ENVRES_OK && i + sizeof(place) <= places->len; i += sizeof(place)) {
        memcpy(&place, places->data + i, sizeof(place));
        st = request_check_place(change->ctx, view, &place, err);
    }
    return st;
}

envres_status
request_settle(struct change *change, envres_error *err)
{
    struct context *ctx = change->ctx;
    const struct gate *gate = &change->gate;
    struct request_view view = { .given = NULL };
    uint8_t base[SEAL_DIGEST];
    base_of(change, base);
    envres_status st = buf_status(&gate->base, err);
    if (st == ENVRES_OK)
        st = buf_status(&gate->authors, err);
    if (st == ENVRES_OK)
        st = request_view_by_id(ctx, change->running->id, &view, err);
    const struct request_row *row = &view.row;
    if (st == ENVRES_OK)
        st = request_check_open(ctx, &view, err);
    if (st == ENVRES_OK &&
        (!slice_equal(row->action, slice_str(change->action)) ||
         !slice_equal(row->object, change->object) || gate->needed > row->needed ||
         (gate->needed > 0 && (gate->right != row->right ||
                               memcmp(gate->environment.id, row->environment, SEAL_ID) != 0))))
        st = is_void(row, "more is asked for by now", err);
    if (st == ENVRES_OK &&
        (!seal_equal(base, row->base, SEAL_DIGEST) ||
         !slice_equal(row->authors, slice_of(gate->authors.data, gate->authors.len))))
        st = is_void(row, "what it builds on has changed", err);
    if (st == ENVRES_OK && view.counting < row->needed)
        st = request_missing(ctx, &view, err);
    if (st == ENVRES_OK)
        st = check_places(change, &view, err);
    if (st == ENVRES_OK)
        st = approval_close(ctx->db, row->id, REQUEST_DONE, change->operation, err);
    change->settled = st == ENVRES_OK;
    request_view_free(ctx, &view);
    return st;
}

/* With the same key, acting as the same. */
static bool
is_requester(const struct context *ctx, const struct request_view *view)
{
    static const uint8_t nobody[SEAL_ID];
    const uint8_t *asserted = ctx->is_asserted ? ctx->asserted : nobody;
    return memcmp(ctx->actor->id, view->row.requester, SEAL_ID) == 0 &&
           memcmp(asserted, view->row.asserted, SEAL_ID) == 0;
}

static envres_status
check_requester(const struct context *ctx, const struct request_view *view, envres_error *err)
{
    if (is_requester(ctx, view))
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_DENIED, "who asked for it runs it, nobody else");
    err_hint(err, "approve it, and tell the one who asked");
    return st;
}

/* Was it run by this very operation? Then the answer is the same. */
static envres_status
was_done(struct context *ctx, const struct request_view *view, const envres_change *given,
         bool *done, int64_t *revision, envres_error *err)
{
    if (view->row.state != REQUEST_DONE || !given || !given->operation)
        return ENVRES_OK;
    char action[64 + 1] = { 0 };
    memcpy(action, view->row.action.data,
           view->row.action.len < sizeof(action) ? view->row.action.len : 0);
    return audit_find(ctx->db, ctx->workspace, given->operation, action, view->row.object, done,
                      revision, err);
}

envres_status
request_load(struct context *ctx, struct slice id, const envres_change *given,
             struct request_row *row, struct buf *plain, bool *done, int64_t *revision,
             envres_error *err)
{
    struct request_view view = { .given = NULL };
    *done = false;
    memset(row, 0, sizeof(*row));
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    st = request_view_find(ctx, id, &view, err);
    if (st == ENVRES_OK)
        st = check_requester(ctx, &view, err);
    if (st == ENVRES_OK)
        st = was_done(ctx, &view, given, done, revision, err);
    if (st == ENVRES_OK && !*done)
        st = request_check_open(ctx, &view, err);
    if (st == ENVRES_OK && !*done && view.counting < view.row.needed)
        st = request_missing(ctx, &view, err);
    if (st == ENVRES_OK && !*done)
        st = open_payload(ctx, &view, plain, err);
    st = db_end(ctx->db, st, NULL, err);
    *row = view.row;
    view.row.bytes.data = NULL;
    request_view_free(ctx, &view);
    return st;
}

/* ---- approving and withdrawing -------------------------------------------------------------- */

static envres_status
check_approver(struct change *change, const struct request_view *view, envres_error *err)
{
    struct context *ctx = change->ctx;
    envres_status st = ask(change, ACTION_APPROVE, &view->environment, err);
    if (st == ENVRES_OK && ctx->is_asserted) {
        st = err_set(err, ENVRES_E_DENIED, "an approval is a signature with one's own key");
        err_hint(err, "approve it as yourself, not for somebody else");
    }
    if (st == ENVRES_OK)
        st = right_check(ctx, (enum action)view->row.right, &view->environment, err);
    if (st == ENVRES_OK && request_is_author(&view->row, ctx->actor->id)) {
        st = err_set(err, ENVRES_E_OWN_CHANGE, "nobody approves what they asked for or worked on");
        err_hint(err, "ask somebody who had no part in it");
    }
    return st == ENVRES_OK ? request_check_open(ctx, view, err) : st;
}

static envres_status
approve_inside(struct change *change, const void *asked, envres_error *err)
{
    struct slice id = *(const struct slice *)asked;
    struct context *ctx = change->ctx;
    struct request_view view = { .given = NULL };
    envres_status st = request_view_find(ctx, id, &view, err);
    if (st == ENVRES_OK)
        st = check_approver(change, &view, err);
    if (st == ENVRES_OK && request_has_given(ctx, &view, ctx->actor->id))
        change->nothing = true;
    else if (st == ENVRES_OK)
        st = approval_give(ctx->db, ctx->workspace, ctx->actor, &view.row, change->now, err);
    request_view_free(ctx, &view);
    return st;
}

static envres_status
withdraw_inside(struct change *change, const void *asked, envres_error *err)
{
    struct slice id = *(const struct slice *)asked;
    struct context *ctx = change->ctx;
    struct request_view view = { .given = NULL };
    bool is_owner = false;
    envres_status st = request_view_find(ctx, id, &view, err);
    if (st == ENVRES_OK)
        st = ask(change, ACTION_LIST, &view.environment, err);
    if (st == ENVRES_OK)
        st = right_has(ctx, ACTION_LOWER, &view.environment, &is_owner, err);
    if (st == ENVRES_OK && !is_owner && !is_requester(ctx, &view))
        st = err_set(err, ENVRES_E_DENIED, "who asked for it takes it back, or an owner");
    if (st == ENVRES_OK)
        st = request_check_open(ctx, &view, err);
    if (st == ENVRES_OK)
        st = approval_close(ctx->db, view.row.id, REQUEST_WITHDRAWN, NULL, err);
    request_view_free(ctx, &view);
    return st;
}

/* The audit has the whole id, however much of it was given. */
static envres_status
run_on(struct context *ctx, const char *action, change_fn work, struct slice id,
       const envres_change *given, envres_error *err)
{
    struct request_view view = { .given = NULL };
    char hex[2 * SEAL_ID + 1];
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    st = db_end(ctx->db, request_view_find(ctx, id, &view, err), NULL, err);
    text_hex(hex, view.row.id, SEAL_ID);
    request_view_free(ctx, &view);
    if (st < 0)
        return st;
    struct slice whole = slice_str(hex);
    struct change_title title = { action, "request/", whole, NULL };
    return change_run(ctx, given, &title, work, &whole, NULL, err);
}

envres_status
request_approve(struct context *ctx, struct slice id, const envres_change *given, envres_error *err)
{
    return run_on(ctx, "request.approve", approve_inside, id, given, err);
}

envres_status
request_withdraw(struct context *ctx, struct slice id, const envres_change *given,
                 envres_error *err)
{
    return run_on(ctx, "request.withdraw", withdraw_inside, id, given, err);
}

/* ---- quorum --------------------------------------------------------------------------------- */

envres_status
request_approvers(struct context *ctx, const struct environment *environment, int64_t *count,
                  envres_error *err)
{
    struct roles roles = { .mem = NULL };
    envres_status st = roles_load(ctx->db, ctx->mem, ctx->workspace, &roles, err);
    *count = 0;
    for (size_t i = 0; st == ENVRES_OK && i < roles.key_count; i++) {
        const struct role_key *key = &roles.keys[i];
        *count += !key->is_removed &&
                  request_has_right(ctx, &roles, environment, ACTION_APPROVE, key->principal);
    }
    roles_free(&roles);
    return st;
}

envres_status
request_check_quorum(struct context *ctx, const struct environment *environment, envres_error *err)
{
    int64_t approvers = 0;
    if (environment->approvals == 0)
        return ENVRES_OK;
    envres_status st = request_approvers(ctx, environment, &approvers, err);
    if (st < 0 || approvers > environment->approvals)
        return st;
    st = err_set(err, ENVRES_E_QUORUM,
                 "%s would ask for %lld approval%s, and %lld may approve there, who asks included",
                 environment->key, (long long)environment->approvals,
                 environment->approvals == 1 ? "" : "s", (long long)approvers);
    err_subject(err, environment->key, strlen(environment->key));
    err_hint(err, "grant the role publisher, admin or owner there to more principals first");
    return st;
}

/* ---- verifying ------------------------------------------------------------------------------ */

/* Keys of who signed count here even when the principal was removed since. */
static const struct role_key *
any_key(const struct roles *roles, const uint8_t principal[SEAL_ID])
{
    for (size_t i = 0; i < roles->key_count; i++) {
        if (memcmp(roles->keys[i].principal, principal, SEAL_ID) == 0)
            return &roles->keys[i];
    }
    return NULL;
}

static const char *
fault_of(const struct context *ctx, const struct request_view *view)
{
    const struct request_row *row = &view->row;
    const struct role_key *signer = any_key(view->roles, row->requester);
    int64_t good = 0;
    if (!signer || !request_is_signed(ctx->workspace, row, signer->sign_key))
        return "the request is not what was signed";
    for (size_t i = 0; i < view->given_count; i++) {
        const struct approval *given = &view->given[i];
        const struct role_key *key = any_key(view->roles, given->principal);
        if (!key || !approval_is_signed(ctx->workspace, row, given, key->sign_key))
            return "an approval is not what was signed";
        good += !request_is_author(row, given->principal);
    }
    return row->state == REQUEST_DONE && good < row->needed
               ? "it was run, and has not as many approvals as it needed"
               : NULL;
}

envres_status
request_verify(struct context *ctx, db_finding_fn finding, void *user, envres_error *err)
{
    uint8_t(*ids)[SEAL_ID] = NULL;
    size_t count = 0;
    envres_status st = approval_all(ctx->db, ctx->mem, ctx->workspace, true, &ids, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        struct request_view view = { .given = NULL };
        char object[2 * SEAL_ID + 16] = "request/";
        text_hex(object + strlen(object), ids[i], SEAL_ID);
        st = request_view_by_id(ctx, ids[i], &view, err);
        const char *fault = st == ENVRES_OK          ? fault_of(ctx, &view)
                            : st == ENVRES_E_CORRUPT ? "the request is damaged"
                                                     : NULL;
        if (st == ENVRES_E_CORRUPT) {
            envres_error_clear(err);
            st = ENVRES_OK;
        }
        if (fault)
            finding(user, "ENVRES_E_INTEGRITY", object, fault);
        request_view_free(ctx, &view);
    }
    mem_free(ctx->mem, ids);
    return st;
}

/* ---- listing -------------------------------------------------------------------------------- */

static const char *const request_columns[ENVRES_REQUEST_COLUMNS] = {
    "id",    "action",    "object", "environment", "digest",  "needed",      "given",
    "state", "requester", "reason", "time",        "expires", "may_approve",
};

static envres_status
add_view(struct context *ctx, const struct request_view *view, envres_list *list, envres_error *err)
{
    const struct request_row *row = &view->row;
    static const uint8_t nobody[SEAL_ID];
    bool for_another = memcmp(row->asserted, nobody, SEAL_ID) != 0;
    struct buf texts[3];
    char id[2 * SEAL_ID + 1];
    char hex[2 * SEAL_DIGEST + 1];
    uint8_t digest[SEAL_DIGEST];
    const char *state = request_state(ctx, view);
    for (size_t i = 0; i < 3; i++)
        buf_init(&texts[i], ctx->mem, false);
    request_row_digest(ctx->workspace, row, digest);
    text_hex(id, row->id, SEAL_ID);
    text_hex(hex, digest, SEAL_DIGEST);
    envres_status st = request_list_given(ctx, view, &texts[0], err);
    if (st == ENVRES_OK)
        st = context_author(ctx, for_another ? row->asserted : row->requester, &texts[1], err);
    if (st == ENVRES_OK && (strcmp(state, "open") == 0 || strcmp(state, "approved") == 0))
        st = request_list_approvers(ctx, view, NULL, "\n", SIZE_MAX, &texts[2], err);
    for (size_t i = 0; st == ENVRES_OK && i < 3; i++)
        st = buf_status(&texts[i], err);
    if (st == ENVRES_OK) {
        list_row(list);
        list_set_str(list, ENVRES_REQUEST_ID, id);
        list_set_text(list, ENVRES_REQUEST_ACTION, row->action.data, row->action.len);
        list_set_text(list, ENVRES_REQUEST_OBJECT, row->object.data, row->object.len);
        list_set_str(list, ENVRES_REQUEST_ENVIRONMENT, view->environment.key);
        list_set_str(list, ENVRES_REQUEST_DIGEST, hex);
        list_set_int(list, ENVRES_REQUEST_NEEDED, row->needed);
        list_set_text(list, ENVRES_REQUEST_GIVEN, texts[0].data, texts[0].len);
        list_set_str(list, ENVRES_REQUEST_STATE, state);
        list_set_text(list, ENVRES_REQUEST_REQUESTER, texts[1].data, texts[1].len);
        list_set_text(list, ENVRES_REQUEST_REASON, row->reason.data, row->reason.len);
        list_set_int(list, ENVRES_REQUEST_TIME, row->time);
        list_set_int(list, ENVRES_REQUEST_EXPIRES, row->expires);
        list_set_text(list, ENVRES_REQUEST_MAY_APPROVE, texts[2].data, texts[2].len);
    }
    for (size_t i = 0; i < 3; i++)
        buf_free(&texts[i]);
    return st;
}

struct list_request {
    struct slice id;
    uint32_t flags;
};

static envres_status
list_inside(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    const struct list_request *request = asked;
    uint8_t(*ids)[SEAL_ID] = NULL;
    size_t count = 1;
    envres_status st = right_anywhere(ctx, ACTION_LIST, err);
    if (st == ENVRES_OK && !request->id.data)
        st = approval_all(ctx->db, ctx->mem, ctx->workspace,
                          (request->flags & ENVRES_REQUEST_ALL) != 0, &ids, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        struct request_view view = { .given = NULL };
        st = ids ? request_view_by_id(ctx, ids[i], &view, err)
                 : request_view_find(ctx, request->id, &view, err);
        if (st == ENVRES_OK)
            st = add_view(ctx, &view, list, err);
        request_view_free(ctx, &view);
    }
    mem_free(ctx->mem, ids);
    return st == ENVRES_OK ? list_status(list, err) : st;
}

envres_status
request_list(struct context *ctx, struct slice id, uint32_t flags, envres_list **out,
             envres_error *err)
{
    static const struct list_shape shape = { request_columns, ENVRES_REQUEST_COLUMNS };
    struct list_request request = { id, flags };
    if (flags & ~(uint32_t)ENVRES_REQUEST_ALL)
        return err_set(err, ENVRES_E_INVALID, "the list has an unknown flag");
    return context_list(ctx, &shape, list_inside, &request, out, err);
}
