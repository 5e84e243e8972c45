/* SPDX-License-Identifier: MIT */
/*
 * Environments. The row is bound into the sealed head, so every change of a row seals the head of
 * that environment anew; shifting positions on the path therefore needs the keys of every
 * environment behind the place. A workspace never loses its first three.
 */
#include "model/environment.h"

#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "guard/env_key.h"
#include "model/change.h"
#include "model/principal.h"
#include "model/request.h"
#include "model/resource.h"

#define ENVIRONMENT_COLUMNS                                                                        \
    "id, key, label, color, position, protected, approvals, require_reason, editors_reveal,"       \
    " rollback_approvals, fixed, revision, generation, head"

enum {
    SQL_FIND,
    SQL_BY_ID,
    SQL_ALL,
    SQL_INSERT,
    SQL_UPDATE,
    SQL_HEAD,
    SQL_DELETE,
    SQL_DELETE_SETTINGS,
    SQL_DELETE_EDITING,
    SQL_DELETE_INBOX,
    SQL_HAS_VALUES,
    SQL_COUNT_
};

static const char *const environment_sql[SQL_COUNT_] = {
    [SQL_FIND] = "SELECT " ENVIRONMENT_COLUMNS " FROM environment"
                 " WHERE workspace_id = ?1 AND key = ?2",
    [SQL_BY_ID] = "SELECT " ENVIRONMENT_COLUMNS " FROM environment"
                  " WHERE id = ?1 AND workspace_id = ?2",
    [SQL_ALL] = "SELECT " ENVIRONMENT_COLUMNS " FROM environment WHERE workspace_id = ?1"
                " ORDER BY position IS NULL, position, key",
    [SQL_INSERT] =
        "INSERT INTO environment (id, workspace_id, key, label, color, position,"
        " protected, approvals, require_reason, editors_reveal, rollback_approvals,"
        " fixed, revision, generation, head, created_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    [SQL_UPDATE] = "UPDATE environment SET label = ?2, color = ?3, position = ?4, protected = ?5,"
                   " approvals = ?6, require_reason = ?7, editors_reveal = ?8,"
                   " rollback_approvals = ?9 WHERE id = ?1",
    [SQL_HEAD] = "UPDATE environment SET revision = ?2, head = ?3 WHERE id = ?1",
    [SQL_DELETE] = "DELETE FROM environment WHERE id = ?1",
    [SQL_DELETE_SETTINGS] = "DELETE FROM setting WHERE environment_id = ?1",
    [SQL_DELETE_EDITING] = "DELETE FROM editing WHERE environment_id = ?1",
    [SQL_DELETE_INBOX] = "DELETE FROM inbox WHERE environment_id = ?1",
    [SQL_HAS_VALUES] = "SELECT 1 FROM setting WHERE environment_id = ?1 AND until IS NULL"
                       " AND state = 1 LIMIT 1",
};

static const struct {
    const char *key;
    const char *label;
    const char *color;
    bool is_protected;
} fixed_environments[] = {
    { "development", "Development", "#2e7d32", false },
    { "staging", "Staging", "#ef6c00", false },
    { "production", "Production", "#c62828", true },
};

static envres_status
read_row(struct db_stmt *stmt, struct environment *out, envres_error *err)
{
    memset(out, 0, sizeof(*out));
    envres_status st = column_id(stmt, 0, out->id, err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 1, out->key, sizeof(out->key), err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 2, out->label, sizeof(out->label), err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 3, out->color, sizeof(out->color), err);
    if (st < 0)
        return st;
    out->position = db_column_int(stmt, 4);
    out->is_protected = db_column_int(stmt, 5) != 0;
    out->approvals = db_column_int(stmt, 6);
    out->require_reason = db_column_int(stmt, 7) != 0;
    out->editors_reveal = db_column_int(stmt, 8) != 0;
    out->rollback_approvals = db_column_int(stmt, 9) != 0;
    out->fixed = db_column_int(stmt, 10) != 0;
    out->revision = db_column_int(stmt, 11);
    out->generation = (uint32_t)db_column_int(stmt, 12);
    struct slice head = db_column_blob(stmt, 13);
    /* No place on the path is no value, never nought: there is one form of a row. */
    if (head.len > sizeof(out->head) || (out->position < 1 && !db_column_is(stmt, 4, DB_NULL)))
        return err_set(err, ENVRES_E_CORRUPT, "an environment's row in the store is damaged");
    if (head.len > 0)
        memcpy(out->head, head.data, head.len);
    out->head_len = head.len;
    return ENVRES_OK;
}

envres_status
environment_read_all(struct context *ctx, struct environment **out, size_t *count,
                     envres_error *err)
{
    struct environment *all = NULL;
    size_t used = 0;
    size_t room = 0;
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, environment_sql[SQL_ALL], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    for (;;) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        struct environment *grown = mem_grow(ctx->mem, all, &room, used, sizeof(*all));
        if (!grown) {
            st = err_code(err, ENVRES_E_NOMEM);
            break;
        }
        all = grown;
        st = read_row(stmt, &all[used], err);
        if (st < 0)
            break;
        used++;
        if (used > LIMIT_ENVIRONMENTS) {
            st = err_set(err, ENVRES_E_LIMIT, "the workspace has more than %d environments",
                         (int)LIMIT_ENVIRONMENTS);
            break;
        }
    }
    db_reset(stmt);
    if (st < 0) {
        mem_free(ctx->mem, all);
        return st;
    }
    *out = all;
    *count = used;
    return ENVRES_OK;
}

envres_status
environment_by_id(struct context *ctx, const uint8_t id[SEAL_ID], bool *found,
                  struct environment *out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    envres_status st = db_use(ctx->db, environment_sql[SQL_BY_ID], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    db_bind_blob(stmt, 2, ctx->workspace, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW)
        st = read_row(stmt, out, err);
    db_reset(stmt);
    *found = st == ENVRES_OK && row == DB_ROW;
    return st;
}

/* NOT_FOUND, with the nearest key, else with those there are. */
static envres_status
not_found(struct context *ctx, struct slice key, envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    struct nearest nearest;
    nearest_init(&nearest, key);
    if (environment_all(ctx, &all, &count, NULL) < 0)
        count = 0;
    for (size_t i = 0; i < count; i++)
        nearest_add(&nearest, slice_str(all[i].key));
    envres_status st =
        err_set(err, ENVRES_E_NOT_FOUND, "there is no environment '%.*s'",
                (int)(key.len > LIMIT_ENVIRONMENT_KEY ? LIMIT_ENVIRONMENT_KEY : key.len), key.data);
    if (nearest.best.data) {
        err_hint(err, "did you mean '%.*s'?", (int)nearest.best.len, nearest.best.data);
    } else {
        char names[256] = "";
        size_t used = 0;
        for (size_t i = 0; i < count && used + strlen(all[i].key) + 3 < sizeof(names); i++) {
            if (i > 0) {
                memcpy(names + used, ", ", 2);
                used += 2;
            }
            memcpy(names + used, all[i].key, strlen(all[i].key) + 1);
            used += strlen(all[i].key);
        }
        err_hint(err, "there are: %s", names);
    }
    err_subject(err, key.data, key.len);
    mem_free(ctx->mem, all);
    return st;
}

envres_status
environment_find(struct context *ctx, struct slice key, struct environment *out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, environment_sql[SQL_FIND], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 2, key.data, key.len);
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    if (row == DB_DONE)
        return not_found(ctx, key, err);
    st = read_row(stmt, out, err);
    db_reset(stmt);
    return st;
}

static struct head_environment
bound_row(const struct environment *environment)
{
    struct head_environment bound = {
        .key = slice_str(environment->key),
        .label = slice_str(environment->label),
        .color = slice_str(environment->color),
        .position = environment->position,
        .is_protected = environment->is_protected,
        .approvals = environment->approvals,
        .require_reason = environment->require_reason,
        .editors_reveal = environment->editors_reveal,
        .rollback_approvals = environment->rollback_approvals,
        .fixed = environment->fixed,
        .generation = environment->generation,
    };
    return bound;
}

envres_status
environment_head(struct context *ctx, const struct environment *environment, struct env_keys **keys,
                 struct head *head, envres_error *err)
{
    envres_status st = context_keys(ctx, environment, keys, err);
    if (st < 0)
        return st;
    struct head_environment bound = bound_row(environment);
    st = head_unseal(*keys, &bound, environment->head, environment->head_len, head, err);
    if (st == ENVRES_OK && head->revision != (uint64_t)environment->revision)
        st = err_set(err, ENVRES_E_INTEGRITY, "the head of %s is of another revision",
                     environment->key);
    if (st < 0) {
        err_subject(err, environment->key, strlen(environment->key));
        err_hint(err, "run verify, then put a backup in its place");
    }
    return st;
}

/* Seals `head` for the row as it is in memory. */
static envres_status
seal_head(struct context *ctx, struct environment *environment, const struct env_keys *keys,
          const struct head *head, envres_error *err)
{
    struct buf sealed;
    struct head_environment bound = bound_row(environment);
    buf_init(&sealed, ctx->mem, false);
    envres_status st = head_seal(keys, &bound, head, &sealed, err);
    if (st == ENVRES_OK)
        st = buf_status(&sealed, err);
    if (st == ENVRES_OK && sealed.len > sizeof(environment->head))
        st = err_code(err, ENVRES_E_LIMIT);
    if (st == ENVRES_OK) {
        memcpy(environment->head, sealed.data, sealed.len);
        environment->head_len = sealed.len;
    }
    buf_free(&sealed);
    return st;
}

envres_status
environment_store_head(struct context *ctx, struct environment *environment,
                       const struct env_keys *keys, struct head *head, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    head->epoch++;
    head->revision = (uint64_t)environment->revision;
    envres_status st = seal_head(ctx, environment, keys, head, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, environment_sql[SQL_HEAD], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment->id, SEAL_ID);
    db_bind_int(stmt, 2, environment->revision);
    db_bind_blob(stmt, 3, environment->head, environment->head_len);
    return db_run(stmt, err);
}

static void
bind_optional_text(struct db_stmt *stmt, int index, const char *text)
{
    if (text[0])
        db_bind_text(stmt, index, text, strlen(text));
    else
        db_bind_null(stmt, index);
}

static void
bind_position(struct db_stmt *stmt, int index, int64_t position)
{
    if (position > 0)
        db_bind_int(stmt, index, position);
    else
        db_bind_null(stmt, index);
}

static envres_status
insert_row(struct context *ctx, const struct environment *environment, int64_t now,
           envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, environment_sql[SQL_INSERT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment->id, SEAL_ID);
    db_bind_blob(stmt, 2, ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 3, environment->key, strlen(environment->key));
    db_bind_text(stmt, 4, environment->label, strlen(environment->label));
    bind_optional_text(stmt, 5, environment->color);
    bind_position(stmt, 6, environment->position);
    db_bind_int(stmt, 7, environment->is_protected);
    db_bind_int(stmt, 8, environment->approvals);
    db_bind_int(stmt, 9, environment->require_reason);
    db_bind_int(stmt, 10, environment->editors_reveal);
    db_bind_int(stmt, 11, environment->rollback_approvals);
    db_bind_int(stmt, 12, environment->fixed);
    db_bind_int(stmt, 13, environment->revision);
    db_bind_int(stmt, 14, environment->generation);
    db_bind_blob(stmt, 15, environment->head, environment->head_len);
    db_bind_int(stmt, 16, now);
    return db_run(stmt, err);
}

/* Row first (grants refer to it), then keys, the public one too, then the head sealed under them.
 */
static envres_status
create_row(struct context *ctx, struct environment *environment, int64_t now, envres_error *err)
{
    struct env_keys *keys = NULL;
    struct head head = { .epoch = 0 };
    seal_random(environment->id, SEAL_ID);
    environment->generation = 1;
    envres_status st = insert_row(ctx, environment, now, err);
    if (st == ENVRES_OK)
        st = env_keys_make(ctx->db, ctx->arena, ctx->mem, ctx->actor, ctx->workspace,
                           environment->id, now, &keys, err);
    if (st == ENVRES_OK)
        st = env_key_publish(ctx->db, ctx->actor, keys, now, err);
    if (st == ENVRES_OK)
        st = environment_store_head(ctx, environment, keys, &head, err);
    if (st == ENVRES_OK)
        return context_add_keys(ctx, keys, err);
    env_keys_unref(keys);
    return st;
}

envres_status
environment_make_fixed(struct context *ctx, int64_t now, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0;
         st == ENVRES_OK && i < sizeof(fixed_environments) / sizeof(fixed_environments[0]); i++) {
        struct environment row = { 0 };
        memset(&row, 0, sizeof(row));
        memcpy(row.key, fixed_environments[i].key, strlen(fixed_environments[i].key));
        memcpy(row.label, fixed_environments[i].label, strlen(fixed_environments[i].label));
        memcpy(row.color, fixed_environments[i].color, strlen(fixed_environments[i].color));
        row.position = (int64_t)i + 1;
        row.is_protected = fixed_environments[i].is_protected;
        row.fixed = true;
        st = create_row(ctx, &row, now, err);
    }
    return st;
}

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

static envres_status
update_row(struct context *ctx, struct environment *row, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, environment_sql[SQL_UPDATE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, row->id, SEAL_ID);
    db_bind_text(stmt, 2, row->label, strlen(row->label));
    bind_optional_text(stmt, 3, row->color);
    bind_position(stmt, 4, row->position);
    db_bind_int(stmt, 5, row->is_protected);
    db_bind_int(stmt, 6, row->approvals);
    db_bind_int(stmt, 7, row->require_reason);
    db_bind_int(stmt, 8, row->editors_reveal);
    db_bind_int(stmt, 9, row->rollback_approvals);
    return db_run(stmt, err);
}

/* Changes a row that exists: the head is opened under the old row and sealed under the new one. */
static envres_status
replace_row(struct context *ctx, const struct environment *old, struct environment *row,
            envres_error *err)
{
    struct env_keys *keys = NULL;
    struct head head = { 0 };
    envres_status st = environment_head(ctx, old, &keys, &head, err);
    if (st == ENVRES_OK)
        st = update_row(ctx, row, err);
    if (st == ENVRES_OK)
        st = environment_store_head(ctx, row, keys, &head, err);
    return st;
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
        st = replace_row(ctx, &all[i], &row, err);
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
    envres_status st =
        err_set(err, ENVRES_E_NOT_FOUND, "no environment of that name is on the promotion path");
    err_subject(err, after.data, after.len);
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
        st = create_row(ctx, &row, change->now, err);
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
        st = replace_row(change->ctx, &old, &row, err);
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

envres_status
environment_replay_add(struct context *ctx, struct act_reader *reader, const envres_change *given,
                       int64_t *revision, envres_error *err)
{
    struct slice key = { 0 };
    envres_environment_options options = read_options(reader, &key);
    envres_status st = act_end(reader, err);
    (void)revision;
    return st < 0 ? st : environment_add(ctx, key, &options, given, err);
}

envres_status
environment_replay_set(struct context *ctx, struct act_reader *reader, const envres_change *given,
                       int64_t *revision, envres_error *err)
{
    struct slice key = { 0 };
    envres_environment_options options = read_options(reader, &key);
    envres_status st = act_end(reader, err);
    (void)revision;
    return st < 0 ? st : environment_set(ctx, key, &options, given, err);
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

static const char *const list_columns[ENVRES_ENVIRONMENT_COLUMNS] = {
    "key",       "label",          "color",    "position",       "protected",
    "approvals", "require_reason", "revision", "editors_reveal", "rollback_approvals",
};

envres_status
environment_list(struct context *ctx, struct slice key, envres_list **out, envres_error *err)
{
    struct environment *all = NULL;
    struct environment one = { 0 };
    size_t count = 1;
    envres_list *list = NULL;
    envres_status st =
        key.data ? environment_find(ctx, key, &one, err) : environment_all(ctx, &all, &count, err);
    if (st == ENVRES_OK)
        st = list_new(ctx->mem, list_columns, ENVRES_ENVIRONMENT_COLUMNS, &list, err);
    if (st < 0)
        goto out;
    for (size_t i = 0; i < count; i++) {
        const struct environment *row = key.data ? &one : &all[i];
        list_row(list);
        list_set_str(list, ENVRES_ENVIRONMENT_KEY, row->key);
        list_set_str(list, ENVRES_ENVIRONMENT_LABEL, row->label);
        if (row->color[0])
            list_set_str(list, ENVRES_ENVIRONMENT_COLOR, row->color);
        if (row->position > 0)
            list_set_int(list, ENVRES_ENVIRONMENT_POSITION, row->position);
        list_set_int(list, ENVRES_ENVIRONMENT_PROTECTED, row->is_protected);
        list_set_int(list, ENVRES_ENVIRONMENT_APPROVALS, row->approvals);
        list_set_int(list, ENVRES_ENVIRONMENT_REQUIRE_REASON, row->require_reason);
        list_set_int(list, ENVRES_ENVIRONMENT_REVISION, row->revision);
        list_set_int(list, ENVRES_ENVIRONMENT_REVEALS, row->editors_reveal);
        list_set_int(list, ENVRES_ENVIRONMENT_ROLLBACKS, row->rollback_approvals);
    }
    st = list_status(list, err);
    if (st == ENVRES_OK) {
        *out = list;
        list = NULL;
    }
out:
    envres_list_free(list);
    mem_free(ctx->mem, all);
    return st;
}
