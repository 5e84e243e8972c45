/* SPDX-License-Identifier: MIT */
/*
 * Judging a request: which approvals count, who may still give one, what state it is in. An
 * approval counts when its signature is over exactly this row, and its principal has the right now.
 */
#include "model/request_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "model/change.h"
#include "model/right.h"

enum { SHORT_ID = 8, NAMES_SHOWN = 8 };

void
request_view_free(struct context *ctx, struct request_view *view)
{
    request_row_free(&view->row);
    mem_free(ctx->mem, view->given);
    view->given = NULL;
}

bool
request_is_author(const struct request_row *row, const uint8_t principal[SEAL_ID])
{
    for (size_t i = 0; i + SEAL_ID <= row->authors.len; i += SEAL_ID) {
        if (memcmp(row->authors.data + i, principal, SEAL_ID) == 0)
            return true;
    }
    return memcmp(row->requester, principal, SEAL_ID) == 0 ||
           memcmp(row->asserted, principal, SEAL_ID) == 0;
}

bool
request_has_right(const struct context *ctx, const struct roles *roles,
                  const struct environment *environment, enum action action,
                  const uint8_t principal[SEAL_ID])
{
    uint32_t own = roles_of(roles, ctx->workspace, principal, environment->id);
    return policy_verdict(own, action, environment->is_protected, environment->editors_reveal) !=
           VERDICT_DENY;
}

static bool
may_approve(const struct context *ctx, const struct request_view *view,
            const uint8_t principal[SEAL_ID])
{
    return roles_key(view->roles, principal) && !request_is_author(&view->row, principal) &&
           request_has_right(ctx, view->roles, &view->environment, ACTION_APPROVE, principal) &&
           request_has_right(ctx, view->roles, &view->environment, (enum action)view->row.right,
                             principal);
}

static bool
counts(const struct context *ctx, const struct request_view *view, const struct approval *approval)
{
    const struct role_key *key = roles_key(view->roles, approval->principal);
    return key && may_approve(ctx, view, approval->principal) &&
           approval_is_signed(ctx->workspace, &view->row, approval, key->sign_key);
}

/* A row in somebody's name that they did not sign is none. */
bool
request_has_given(const struct context *ctx, const struct request_view *view,
                  const uint8_t principal[SEAL_ID])
{
    for (size_t i = 0; i < view->given_count; i++) {
        if (memcmp(view->given[i].principal, principal, SEAL_ID) == 0)
            return counts(ctx, view, &view->given[i]);
    }
    return false;
}

static envres_status
find_environment(struct context *ctx, const uint8_t id[SEAL_ID], struct environment *out,
                 envres_error *err)
{
    bool found = false;
    envres_status st = environment_by_id(ctx, id, &found, out, err);
    if (st == ENVRES_OK && !found)
        st = err_set(err, ENVRES_E_CORRUPT, "a request in the store is of no environment");
    return st;
}

static envres_status
judge(struct context *ctx, struct request_view *view, envres_error *err)
{
    envres_status st = find_environment(ctx, view->row.environment, &view->environment, err);
    if (st == ENVRES_OK)
        st = right_all(ctx, &view->roles, err);
    if (st == ENVRES_OK)
        st = approval_given(ctx->db, ctx->mem, view->row.id, &view->given, &view->given_count, err);
    if (st < 0)
        return st;
    const struct role_key *signer = roles_key(view->roles, view->row.requester);
    view->is_signed = signer && request_is_signed(ctx->workspace, &view->row, signer->sign_key);
    for (size_t i = 0; i < view->given_count; i++)
        view->counting += counts(ctx, view, &view->given[i]);
    return ENVRES_OK;
}

static envres_status
not_found(struct slice id, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_NOT_FOUND, "there is no request of that id");
    err_subject(err, id.data, id.len);
    err_hint(err, "give at least its first %d digits, as the list of requests has it", SHORT_ID);
    return st;
}

/* `view` is to be freed in either case. */
envres_status
request_view_find(struct context *ctx, struct slice id, struct request_view *view,
                  envres_error *err)
{
    uint8_t low[SEAL_ID] = { 0 };
    uint8_t high[SEAL_ID] = { 0 };
    bool found = false;
    if (!text_hex_range(id, SHORT_ID, low, high, SEAL_ID))
        return not_found(id, err);
    envres_status st =
        approval_find(ctx->db, ctx->mem, ctx->workspace, low, high, &found, &view->row, err);
    if (st == ENVRES_OK && !found)
        st = not_found(id, err);
    return st == ENVRES_OK ? judge(ctx, view, err) : st;
}

envres_status
request_view_by_id(struct context *ctx, const uint8_t id[SEAL_ID], struct request_view *view,
                   envres_error *err)
{
    char hex[2 * SEAL_ID + 1];
    text_hex(hex, id, SEAL_ID);
    return request_view_find(ctx, slice_str(hex), view, err);
}

const char *
request_state(const struct context *ctx, const struct request_view *view)
{
    const struct request_row *row = &view->row;
    if (row->state != REQUEST_OPEN)
        return row->state == REQUEST_DONE        ? "done"
               : row->state == REQUEST_WITHDRAWN ? "withdrawn"
                                                 : "void";
    if (row->expires <= clock_now(ctx->clock))
        return "expired";
    if (!view->is_signed || row->policy_version != view->roles->version)
        return "void";
    return view->counting >= row->needed ? "approved" : "open";
}

envres_status
request_check_open(const struct context *ctx, const struct request_view *view, envres_error *err)
{
    const char *state = request_state(ctx, view);
    char hex[2 * SEAL_ID + 1];
    if (strcmp(state, "open") == 0 || strcmp(state, "approved") == 0)
        return ENVRES_OK;
    text_hex(hex, view->row.id, SEAL_ID);
    envres_status st = err_set(err, ENVRES_E_CLOSED, "request %.*s is %s", SHORT_ID, hex, state);
    err_subject(err, hex, strlen(hex));
    if (view->row.state == REQUEST_OPEN)
        err_hint(err, strcmp(state, "void") == 0
                          ? "roles in the workspace have changed since: ask for it again"
                          : "its time is over: ask for it again");
    return st;
}

static int
compare_names(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/* Lines in order, joined by `between`: the first `most`, and how many more there are. */
static envres_status
join_lines(struct context *ctx, struct slice lines, size_t count, const char *between, size_t most,
           struct buf *out, envres_error *err)
{
    struct slice *names = mem_alloc_array(ctx->mem, count, sizeof(*names));
    if (!names)
        return err_code(err, ENVRES_E_NOMEM);
    for (size_t i = 0; i < count; i++) {
        const char *end = memchr(lines.data, '\n', lines.len);
        names[i] = slice_of(lines.data, end ? (size_t)(end - lines.data) : lines.len);
        size_t step = names[i].len + (end ? 1 : 0);
        lines = slice_of(lines.data + step, lines.len - step);
    }
    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 0; i < count && i < most; i++) {
        buf_add_str(out, i > 0 ? between : "");
        buf_add(out, names[i].data, names[i].len);
    }
    if (count > most)
        buf_add_format(out, "%sand %zu more", between, count - most);
    mem_free(ctx->mem, names);
    return buf_status(out, err);
}

/* Has somebody the rights to approve there, too? */
static bool
may_there(const struct context *ctx, const struct request_view *view, const struct elsewhere *place,
          const uint8_t principal[SEAL_ID])
{
    return request_has_right(ctx, view->roles, &place->environment, ACTION_APPROVE, principal) &&
           request_has_right(ctx, view->roles, &place->environment, place->right, principal);
}

envres_status
request_list_approvers(struct context *ctx, const struct request_view *view,
                       const struct elsewhere *place, const char *between, size_t most,
                       struct buf *out, envres_error *err)
{
    struct buf lines = { .mem = NULL };
    size_t count = 0;
    envres_status st = ENVRES_OK;
    buf_init(&lines, ctx->mem, false);
    for (size_t i = 0; st == ENVRES_OK && i < view->roles->key_count; i++) {
        const uint8_t *id = view->roles->keys[i].principal;
        if (!may_approve(ctx, view, id) || request_has_given(ctx, view, id) ||
            (place && !may_there(ctx, view, place, id)))
            continue;
        if (count++ > 0)
            buf_add_char(&lines, '\n');
        st = context_author(ctx, id, &lines, err);
    }
    if (st == ENVRES_OK)
        st = buf_status(&lines, err);
    if (st == ENVRES_OK && count > 0)
        st = join_lines(ctx, slice_of(lines.data, lines.len), count, between, most, out, err);
    buf_free(&lines);
    return st;
}

envres_status
request_list_given(struct context *ctx, const struct request_view *view, struct buf *out,
                   envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < view->given_count; i++) {
        if (!counts(ctx, view, &view->given[i]))
            continue;
        if (out->len > 0)
            buf_add_char(out, '\n');
        st = context_author(ctx, view->given[i].principal, out, err);
    }
    return st;
}

static envres_status
missing(struct context *ctx, const struct request_view *view, const struct elsewhere *place,
        int64_t left, envres_error *err)
{
    struct buf names = { .mem = NULL };
    char hex[2 * SEAL_ID + 1];
    const char *key = place ? place->environment.key : view->environment.key;
    text_hex(hex, view->row.id, SEAL_ID);
    buf_init(&names, ctx->mem, false);
    envres_status st = request_list_approvers(ctx, view, place, ", ", NAMES_SHOWN, &names, err);
    bool nobody = names.len == 0;
    buf_add_char(&names, '\0');
    if (st == ENVRES_OK)
        st = buf_status(&names, err);
    if (st == ENVRES_OK) {
        st = err_set(err, ENVRES_E_APPROVALS, "this needs %lld more approval%s in %s: request %.*s",
                     (long long)left, left == 1 ? "" : "s", key, SHORT_ID, hex);
        err_subject(err, hex, strlen(hex));
        if (nobody)
            err_hint(err, "nobody is left who may approve it: grant the right to somebody first");
        else
            err_hint(err, "who may approve: %s", names.data);
    }
    buf_free(&names);
    return st;
}

envres_status
request_missing(struct context *ctx, const struct request_view *view, envres_error *err)
{
    return missing(ctx, view, NULL, view->row.needed - view->counting, err);
}

envres_status
request_check_place(struct context *ctx, const struct request_view *view,
                    const struct gate_place *place, envres_error *err)
{
    struct elsewhere there = { .right = place->right };
    int64_t good = 0;
    envres_status st = find_environment(ctx, place->environment, &there.environment, err);
    for (size_t i = 0; st == ENVRES_OK && i < view->given_count; i++)
        good += counts(ctx, view, &view->given[i]) &&
                may_there(ctx, view, &there, view->given[i].principal);
    return st < 0 || good >= place->needed ? st
                                           : missing(ctx, view, &there, place->needed - good, err);
}
