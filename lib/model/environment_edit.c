/* SPDX-License-Identifier: MIT */
/*
 * Environments added, changed and removed. What may be said of one is checked here; the rows are
 * environment.c's. A place on the path is bound into each head behind it, so to move those needs
 * the keys of all of them. Invariants: the places on the path follow each other from 1 on, and a
 * workspace never loses its first three.
 */
#include "model/environment.h"

#include <string.h>

#include "base/text.h"
#include "guard/approval.h"
#include "guard/env_key.h"
#include "model/change.h"
#include "model/principal.h"
#include "model/request.h"
#include "model/resource.h"

enum {
    SQL_DELETE,
    SQL_DELETE_SETTINGS,
    SQL_DELETE_EDITING,
    SQL_DELETE_INBOX,
    SQL_HAS_VALUES,
    SQL_COUNT_
};

static const char *const environment_sql[SQL_COUNT_] = {
    [SQL_DELETE] = "DELETE FROM environment WHERE id = ?1",
    [SQL_DELETE_SETTINGS] = "DELETE FROM setting WHERE environment_id = ?1",
    [SQL_DELETE_EDITING] = "DELETE FROM editing WHERE environment_id = ?1",
    [SQL_DELETE_INBOX] = "DELETE FROM inbox WHERE environment_id = ?1",
    [SQL_HAS_VALUES] =
        "SELECT 1 FROM setting WHERE environment_id = ?1 AND until IS NULL AND state = 1 LIMIT 1",
};

static envres_status
check_key(struct slice key, envres_error *err)
{
    bool good = key.len >= 1 && key.len <= LIMIT_ENVIRONMENT_KEY && key.data[0] >= 'a' &&
                key.data[0] <= 'z';
    for (size_t i = 0; good && i < key.len; i++) {
        char c = key.data[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    }
    if (good)
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_NAME, "not a valid environment key");
    err_subject(err, key.data, key.len);
    err_hint(err, "1 to %d of a-z 0-9 - _, beginning with a letter", (int)LIMIT_ENVIRONMENT_KEY);
    return st;
}

static envres_status
check_color(struct slice color, envres_error *err)
{
    bool hex = color.len == 7 && color.data[0] == '#';
    bool word = color.len > 0;
    for (size_t i = 0; i < color.len; i++) {
        char c = color.data[i];
        if (i > 0 && !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            hex = false;
        if (!((c >= 'a' && c <= 'z') || c == '-'))
            word = false;
    }
    if (hex || word || color.len == 0)
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_NAME, "not a valid colour");
    err_hint(err, "write #rrggbb or a lower-case name");
    return st;
}

/* Options into a row: what is given replaces, what is not stays. */
static envres_status
apply_options(const envres_environment_options *options, struct environment *row, envres_error *err)
{
    const uint32_t protect = ENVRES_ENVIRONMENT_PROTECT | ENVRES_ENVIRONMENT_UNPROTECT;
    const uint32_t reason = ENVRES_ENVIRONMENT_REASON | ENVRES_ENVIRONMENT_NO_REASON;
    const uint32_t reveal =
        ENVRES_ENVIRONMENT_EDITORS_REVEAL | ENVRES_ENVIRONMENT_NO_EDITORS_REVEAL;
    const uint32_t rollback =
        ENVRES_ENVIRONMENT_ROLLBACK_APPROVALS | ENVRES_ENVIRONMENT_NO_ROLLBACK_APPROVALS;
    uint32_t flags = options->flags;
    struct slice label = { 0 };
    struct slice color = { 0 };
    if (flags & ~(protect | reason | reveal | rollback | ENVRES_ENVIRONMENT_SET_APPROVALS |
                  ENVRES_ENVIRONMENT_OFF_PATH))
        return err_set(err, ENVRES_E_INVALID, "the environment options have an unknown flag");
    if ((flags & protect) == protect || (flags & reason) == reason || (flags & reveal) == reveal ||
        (flags & rollback) == rollback)
        return err_set(err, ENVRES_E_INVALID, "the environment options contradict each other");
    if ((flags & ENVRES_ENVIRONMENT_SET_APPROVALS) && options->approvals > LIMIT_APPROVALS)
        return err_set(err, ENVRES_E_LIMIT, "an environment asks for at most %d approvals",
                       (int)LIMIT_APPROVALS);
    envres_status st = text_argument(options->label, options->label ? options->label_len : 0,
                                     LIMIT_LABEL, "the label", &label, err);
    if (st == ENVRES_OK)
        st = text_argument(options->color, options->color ? options->color_len : 0, LIMIT_COLOR,
                           "the colour", &color, err);
    if (st == ENVRES_OK)
        st = check_color(color, err);
    if (st < 0)
        return st;
    if (options->label) {
        memcpy(row->label, label.data, label.len);
        row->label[label.len] = '\0';
    }
    if (options->color) {
        memcpy(row->color, color.data, color.len);
        row->color[color.len] = '\0';
    }
    if (flags & protect)
        row->is_protected = (flags & ENVRES_ENVIRONMENT_PROTECT) != 0;
    if (flags & reason)
        row->require_reason = (flags & ENVRES_ENVIRONMENT_REASON) != 0;
    if (flags & reveal)
        row->editors_reveal = (flags & ENVRES_ENVIRONMENT_EDITORS_REVEAL) != 0;
    if (flags & rollback)
        row->rollback_approvals = (flags & ENVRES_ENVIRONMENT_ROLLBACK_APPROVALS) != 0;
    if (flags & ENVRES_ENVIRONMENT_SET_APPROVALS)
        row->approvals = options->approvals;
    return ENVRES_OK;
}

/* Moves every environment at or behind `from` by `step`. */
static envres_status
shift_path(struct context *ctx, const struct environment *all, size_t count, int64_t from,
           int64_t step, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        if (all[i].position < from || all[i].position == 0)
            continue;
        struct environment row = all[i];
        row.position += step;
        st = environment_replace(ctx, &all[i], &row, err);
    }
    return st;
}

static envres_status
choose_position(const struct environment *all, size_t count,
                const envres_environment_options *options, int64_t *position, envres_error *err)
{
    int64_t last = 0;
    struct slice after = slice_of(options->after, options->after ? options->after_len : 0);
    *position = 0;
    if (options->flags & ENVRES_ENVIRONMENT_OFF_PATH) {
        if (options->after)
            return err_set(err, ENVRES_E_INVALID, "an environment off the path follows nothing");
        return ENVRES_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (all[i].position > last)
            last = all[i].position;
        if (options->after && all[i].position > 0 && slice_equal(after, slice_str(all[i].key)))
            *position = all[i].position + 1;
    }
    if (!options->after)
        *position = last + 1;
    if (*position > 0)
        return ENVRES_OK;
    struct nearest nearest;
    nearest_init(&nearest, after);
    for (size_t i = 0; i < count; i++) {
        if (all[i].position > 0)
            nearest_add(&nearest, slice_str(all[i].key));
    }
    envres_status st = err_set(
        err, ENVRES_E_NOT_FOUND, "no environment '%.*s' is on the promotion path",
        (int)(after.len > LIMIT_ENVIRONMENT_KEY ? LIMIT_ENVIRONMENT_KEY : after.len), after.data);
    err_subject(err, after.data, after.len);
    if (nearest.best.data)
        err_hint(err, "did you mean '%.*s'?", (int)nearest.best.len, nearest.best.data);
    return st;
}

/* What environment_add(), _set() and _remove() are asked. */
struct environment_request {
    struct slice key;
    const envres_environment_options *options;
};

static void
encode_request(const void *asked, struct buf *out)
{
    const struct environment_request *request = asked;
    const envres_environment_options *options = request->options;
    act_put_text(out, request->key);
    buf_add_u32(out, options->flags);
    buf_add_u32(out, options->approvals);
    act_put_text(out, slice_of(options->label, options->label_len));
    act_put_text(out, slice_of(options->color, options->color_len));
    act_put_text(out, slice_of(options->after, options->after_len));
}

/* Releases are made at the end of the path: to move it away from an environment that asks for
 * approvals lowers that one's protection. */
static void
ask_of_the_end(struct change *change, const struct environment *all, size_t count, int64_t position)
{
    const struct environment *last = NULL;
    for (size_t i = 0; i < count; i++) {
        if (all[i].position > 0 && (!last || all[i].position > last->position))
            last = &all[i];
    }
    if (!last || position <= last->position || last->approvals == 0)
        return;
    change_needs(change, ACTION_LOWER, last, last->approvals);
    for (size_t i = 0; i < count; i++) {
        if (all[i].position > 0)
            change_builds_on(change, "path", all[i].id, SEAL_ID);
    }
}

static envres_status
add_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct environment_request *request = asked;
    const envres_environment_options *options = request->options;
    struct context *ctx = change->ctx;
    struct slice key = request->key;
    struct environment *all = NULL;
    size_t count = 0;
    struct environment row = { 0 };
    memset(&row, 0, sizeof(row));
    memcpy(row.key, key.data, key.len);
    memcpy(row.label, key.data, key.len);
    envres_status st = change_may(change, ACTION_ADMIN, NULL, err);
    if (st == ENVRES_OK)
        st = environment_all(ctx, &all, &count, err);
    if (st < 0)
        return st;
    for (size_t i = 0; i < count; i++) {
        if (slice_equal(key, slice_str(all[i].key))) {
            st = err_set(err, ENVRES_E_NAME_TAKEN, "there is an environment '%s' already",
                         all[i].key);
            err_subject(err, key.data, key.len);
        }
    }
    if (st == ENVRES_OK && count >= LIMIT_ENVIRONMENTS)
        st = err_set(err, ENVRES_E_LIMIT, "a workspace has at most %d environments",
                     (int)LIMIT_ENVIRONMENTS);
    if (st == ENVRES_OK)
        st = apply_options(options, &row, err);
    if (st == ENVRES_OK)
        st = choose_position(all, count, options, &row.position, err);
    if (st == ENVRES_OK && row.position > 0)
        ask_of_the_end(change, all, count, row.position);
    if (st == ENVRES_OK && row.position > 0)
        st = shift_path(ctx, all, count, row.position, 1, err);
    if (st == ENVRES_OK)
        st = environment_create(ctx, &row, change->now, err);
    if (st == ENVRES_OK)
        st = principal_fit_keys(ctx, &row, change->now, err);
    context_drop_keys(ctx, row.id); /* it may be rolled back: they are opened when they are used */
    if (st == ENVRES_OK)
        st = request_check_quorum(ctx, &row, err);
    if (st == ENVRES_OK) {
        memcpy(change->environment, row.id, SEAL_ID);
        change->has_environment = true;
    }
    mem_free(ctx->mem, all);
    return st;
}

envres_status
environment_add(struct context *ctx, struct slice key, const envres_environment_options *options,
                const envres_change *given, envres_error *err)
{
    struct environment_request request = { key, options };
    struct change_title title = { "environment.add", "environment/", key, encode_request };
    envres_status st = check_key(key, err);
    return st < 0 ? st : change_run(ctx, given, &title, add_inside, &request, NULL, err);
}

/* What a change of an environment's row is: less protection, more of it, or neither. */
static enum action
action_of(const struct environment *old, const struct environment *row)
{
    bool lowers = (old->is_protected && !row->is_protected) ||
                  (old->require_reason && !row->require_reason) ||
                  (!old->editors_reveal && row->editors_reveal) ||
                  (old->rollback_approvals && !row->rollback_approvals) ||
                  row->approvals < old->approvals;
    bool raises = (!old->is_protected && row->is_protected) ||
                  (!old->require_reason && row->require_reason) ||
                  (old->editors_reveal && !row->editors_reveal) ||
                  (!old->rollback_approvals && row->rollback_approvals) ||
                  row->approvals > old->approvals;
    return lowers ? ACTION_LOWER : raises ? ACTION_RAISE : ACTION_ADMIN;
}

static envres_status
set_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct environment_request *request = asked;
    const envres_environment_options *options = request->options;
    struct environment row = { .position = 0 };
    struct environment old = { .position = 0 };
    envres_status st = environment_find(change->ctx, request->key, &old, err);
    if (st < 0)
        return st;
    row = old;
    if (options->after || (options->flags & ENVRES_ENVIRONMENT_OFF_PATH))
        return err_set(err, ENVRES_E_INVALID, "the place on the path is fixed when it is added");
    st = apply_options(options, &row, err);
    if (st == ENVRES_OK)
        st = change_in(change, action_of(&old, &row), &old, err);
    if (st == ENVRES_OK)
        st = environment_replace(change->ctx, &old, &row, err);
    if (st == ENVRES_OK && row.approvals > old.approvals)
        st = request_check_quorum(change->ctx, &row, err);
    change_builds_on(change, "head", old.head, old.head_len);
    if (st == ENVRES_OK && old.is_protected != row.is_protected)
        st = principal_fit_keys(change->ctx, &row, change->now, err);
    return st;
}

static envres_environment_options
read_options(struct act_reader *reader, struct slice *key)
{
    *key = act_text(reader);
    envres_environment_options options = { .size = sizeof(options), .flags = act_u32(reader) };
    options.approvals = act_u32(reader);
    struct slice label = act_text(reader);
    struct slice color = act_text(reader);
    struct slice after = act_text(reader);
    options.label = label.data;
    options.label_len = label.len;
    options.color = color.data;
    options.color_len = color.len;
    options.after = after.data;
    options.after_len = after.len;
    return options;
}

typedef envres_status (*edit_fn)(struct context *ctx, struct slice key,
                                 const envres_environment_options *options,
                                 const envres_change *given, envres_error *err);

static envres_status
replay(struct context *ctx, struct act_reader *reader, const envres_change *given, edit_fn edit,
       envres_error *err)
{
    struct slice key = { 0 };
    envres_environment_options options = read_options(reader, &key);
    envres_status st = act_end(reader, err);
    return st < 0 ? st : edit(ctx, key, &options, given, err);
}

envres_status
environment_replay_add(struct context *ctx, struct act_reader *reader, const envres_change *given,
                       int64_t *revision, envres_error *err)
{
    (void)revision;
    return replay(ctx, reader, given, environment_add, err);
}

envres_status
environment_replay_set(struct context *ctx, struct act_reader *reader, const envres_change *given,
                       int64_t *revision, envres_error *err)
{
    (void)revision;
    return replay(ctx, reader, given, environment_set, err);
}

envres_status
environment_set(struct context *ctx, struct slice key, const envres_environment_options *options,
                const envres_change *given, envres_error *err)
{
    struct environment_request request = { key, options };
    struct change_title title = { "environment.set", "environment/", key, encode_request };
    return change_run(ctx, given, &title, set_inside, &request, NULL, err);
}

static envres_status
run_on_environment(struct context *ctx, int sql, const uint8_t id[SEAL_ID], int *row,
                   envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, environment_sql[sql], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    st = db_step(stmt, row, err);
    db_reset(stmt);
    return st;
}

/* Refused where values or fallbacks would be lost without being asked for. */
static envres_status
check_unused(struct context *ctx, const struct environment *environment, envres_error *err)
{
    int row = DB_DONE;
    envres_status st = run_on_environment(ctx, SQL_HAS_VALUES, environment->id, &row, err);
    if (st < 0)
        return st;
    if (row == DB_ROW) {
        st = err_set(err, ENVRES_E_REFERRED, "%s still holds values", environment->key);
        err_subject(err, environment->key, strlen(environment->key));
        err_hint(err, "force the removal to lose them");
        return st;
    }
    return resource_check_no_fallback_to(ctx, environment, err);
}

static envres_status
remove_inside(struct change *change, const void *asked, envres_error *err)
{
    struct context *ctx = change->ctx;
    struct slice key = *(const struct slice *)asked;
    struct environment *all = NULL;
    size_t count = 0;
    struct environment row = { 0 };
    int ignored = DB_DONE;
    envres_status st = environment_find(ctx, key, &row, err);
    if (st < 0)
        return st;
    if (row.fixed) {
        st = err_set(err, ENVRES_E_FIXED, "%s is one of the three that every workspace has",
                     row.key);
        err_subject(err, row.key, strlen(row.key));
        return st;
    }
    /* With a role for the workspace: one that goes with the environment could sign nothing after.
     */
    st = change_may(change, ACTION_ADMIN, NULL, err);
    memcpy(change->environment, row.id, SEAL_ID);
    change->has_environment = true;
    if (st == ENVRES_OK)
        st = change_reason(change, &row, err);
    change_needs(change, ACTION_LOWER, &row, row.approvals);
    change_builds_on(change, "head", row.head, row.head_len);
    if (st == ENVRES_OK && !change->force)
        st = check_unused(ctx, &row, err);
    if (st == ENVRES_OK && change->running)
        st = request_settle(change, err); /* before it goes with its environment */
    if (st == ENVRES_OK)
        st = roles_drop_environment(ctx->db, ctx->workspace, row.id, err);
    if (st == ENVRES_OK)
        st = roles_seal(ctx->db, ctx->mem, ctx->workspace, ctx->actor, err);
    if (st == ENVRES_OK)
        st = env_keys_drop(ctx->db, row.id, err);
    if (st == ENVRES_OK)
        st = env_key_drop(ctx->db, row.id, err);
    if (st == ENVRES_OK)
        st = run_on_environment(ctx, SQL_DELETE_INBOX, row.id, &ignored, err);
    if (st == ENVRES_OK)
        st = approval_drop_environment(ctx->db, row.id, err);
    if (st == ENVRES_OK)
        st = run_on_environment(ctx, SQL_DELETE_SETTINGS, row.id, &ignored, err);
    if (st == ENVRES_OK)
        st = run_on_environment(ctx, SQL_DELETE_EDITING, row.id, &ignored, err);
    if (st == ENVRES_OK)
        st = run_on_environment(ctx, SQL_DELETE, row.id, &ignored, err);
    if (st == ENVRES_OK)
        st = environment_all(ctx, &all, &count, err);
    if (st == ENVRES_OK && row.position > 0)
        st = shift_path(ctx, all, count, row.position, -1, err);
    context_drop_keys(ctx, row.id);
    mem_free(ctx->mem, all);
    return st;
}

static void
encode_remove(const void *asked, struct buf *out)
{
    act_put_text(out, *(const struct slice *)asked);
}

envres_status
environment_replay_remove(struct context *ctx, struct act_reader *reader,
                          const envres_change *given, int64_t *revision, envres_error *err)
{
    struct slice key = act_text(reader);
    envres_status st = act_end(reader, err);
    (void)revision;
    return st < 0 ? st : environment_remove(ctx, key, given, err);
}

envres_status
environment_remove(struct context *ctx, struct slice key, const envres_change *given,
                   envres_error *err)
{
    struct change_title title = { "environment.remove", "environment/", key, encode_remove };
    return change_run(ctx, given, &title, remove_inside, &key, NULL, err);
}
