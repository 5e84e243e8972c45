/* SPDX-License-Identifier: MIT */
/*
 * What an environment is in the store: its row, and the sealed head that the row is bound into, so
 * that every change of a row seals the head of that environment anew. Invariant: what leaves here
 * was read whole, or is CORRUPT. Who may change what, and when, is environment_edit.c.
 */
#include "model/environment.h"

#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "guard/env_key.h"

#define ENVIRONMENT_COLUMNS                                                                        \
    "id, key, label, color, position, protected, approvals, require_reason, editors_reveal,"       \
    " rollback_approvals, fixed, revision, generation, head"

enum { SQL_FIND, SQL_BY_ID, SQL_ALL, SQL_INSERT, SQL_UPDATE, SQL_HEAD, SQL_ROWS, SQL_COUNT_ };

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
    [SQL_ROWS] = "SELECT count(*) FROM environment NOT INDEXED WHERE workspace_id = ?1",
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
environment_all_listed(struct context *ctx, struct environment **out, size_t *count,
                       envres_error *err)
{
    struct environment *all = NULL;
    size_t used = 0;
    envres_status st = environment_all(ctx, &all, &used, err);
    if (st == ENVRES_OK)
        st = context_check_listed(ctx, environment_sql[SQL_ROWS], ctx->workspace, used, err);
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

envres_status
environment_create(struct context *ctx, struct environment *environment, int64_t now,
                   envres_error *err)
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
        st = environment_create(ctx, &row, now, err);
    }
    return st;
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

envres_status
environment_replace(struct context *ctx, const struct environment *old, struct environment *row,
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

static const char *const list_columns[ENVRES_ENVIRONMENT_COLUMNS] = {
    "key",       "label",          "color",    "position",       "protected",
    "approvals", "require_reason", "revision", "editors_reveal", "rollback_approvals",
};

static void
add_row(envres_list *list, const struct environment *row)
{
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

static envres_status
list_inside(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    struct slice key = *(const struct slice *)asked;
    struct environment *all = NULL;
    struct environment one = { 0 };
    size_t count = 1;
    envres_status st = key.data ? environment_find(ctx, key, &one, err)
                                : environment_all_listed(ctx, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++)
        add_row(list, key.data ? &one : &all[i]);
    mem_free(ctx->mem, all);
    return st;
}

envres_status
environment_list(struct context *ctx, struct slice key, envres_list **out, envres_error *err)
{
    static const struct list_shape shape = { list_columns, ENVRES_ENVIRONMENT_COLUMNS };
    return context_list(ctx, &shape, list_inside, &key, out, err);
}
