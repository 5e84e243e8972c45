/* SPDX-License-Identifier: MIT */
/*
 * Objects: the names of a workspace, with the type and class that hold for all environments. A row
 * here says nothing about values; settings carry the name they were written under.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/config.h"

enum {
    SQL_FIND,
    SQL_FIND_FROM,
    SQL_BY_ID,
    SQL_ALL,
    SQL_INSERT,
    SQL_UPDATE,
    SQL_OTHER_SHAPE,
    SQL_FAULTY,
    SQL_VARIABLES,
    SQL_RESOURCES,
    SQL_COUNT_
};

static const char *const object_sql[SQL_COUNT_] = {
    [SQL_FIND] = "SELECT id, class, name, kind, secret, removed_at FROM object"
                 " WHERE workspace_id = ?1 AND class = ?2 AND name = ?3 AND removed_at IS NULL",
    [SQL_FIND_FROM] = "SELECT id, class, name, kind, secret, removed_at FROM object"
                      " WHERE workspace_id = ?1 AND class = ?2 AND name >= ?3"
                      " AND removed_at IS NULL ORDER BY name LIMIT 1",
    [SQL_BY_ID] = "SELECT id, class, name, kind, secret, removed_at FROM object"
                  " WHERE id = ?1 AND workspace_id = ?2",
    [SQL_ALL] = "SELECT id, class, name, kind, secret, removed_at FROM object"
                " WHERE workspace_id = ?1 AND class = ?2 AND removed_at IS NULL ORDER BY name",
    [SQL_INSERT] = "INSERT INTO object (id, workspace_id, class, name, kind, secret, created_at)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_UPDATE] = "UPDATE object SET name = ?2, kind = ?3, secret = ?4, removed_at = ?5"
                   " WHERE id = ?1",
    /* By the name, as the index of what is current has it: revisions before are not walked. */
    [SQL_OTHER_SHAPE] = "SELECT 1 FROM environment e CROSS JOIN setting s"
                        " ON s.environment_id = e.id AND s.name = ?2 AND s.class = 1"
                        " AND s.field = '' AND s.until IS NULL"
                        " WHERE e.workspace_id = ?1 AND s.state = 1"
                        " AND (s.kind <> ?3 OR s.secret <> ?4) LIMIT 1",
    [SQL_FAULTY] = "SELECT DISTINCT o.class, o.name FROM object o"
                   " JOIN environment e ON e.workspace_id = o.workspace_id"
                   " JOIN setting s ON s.environment_id = e.id AND s.object_id = o.id"
                   " AND s.until IS NULL WHERE o.workspace_id = ?1 AND s.state = 1"
                   " AND s.field <> '" FALLBACK_FIELD "' AND (o.removed_at IS NOT NULL"
                   " OR o.class = 1 AND (s.kind <> o.kind OR s.secret <> o.secret))"
                   " ORDER BY o.class, o.name",
    [SQL_VARIABLES] = "SELECT count(*) FROM object NOT INDEXED WHERE workspace_id = ?1"
                      " AND class = 1 AND removed_at IS NULL",
    [SQL_RESOURCES] = "SELECT count(*) FROM object NOT INDEXED WHERE workspace_id = ?1"
                      " AND class = 2 AND removed_at IS NULL",
};

static envres_status
read_row(struct db_stmt *stmt, struct object *out, envres_error *err)
{
    int64_t object_class = db_column_int(stmt, 1);
    envres_status st = column_id(stmt, 0, out->id, err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 2, out->name, sizeof(out->name), err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 3, out->kind, sizeof(out->kind), err);
    if (st == ENVRES_OK && object_class != OBJECT_VARIABLE && object_class != OBJECT_RESOURCE)
        st = err_set(err, ENVRES_E_CORRUPT, "an object in the store is damaged");
    out->object_class = (enum object_class)object_class;
    out->secret = db_column_int(stmt, 4) != 0;
    out->is_removed = !db_column_is(stmt, 5, DB_NULL);
    return st;
}

static envres_status
read_one(struct db_stmt *stmt, bool *found, struct object *out, envres_error *err)
{
    int row = DB_DONE;
    envres_status st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW) {
        st = read_row(stmt, out, err);
        db_reset(stmt);
    }
    *found = st == ENVRES_OK && row == DB_ROW;
    return st;
}

static envres_status
find_named(struct context *ctx, const char *sql, enum object_class object_class, struct slice name,
           bool *found, struct object *out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, sql, &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_int(stmt, 2, object_class);
    db_bind_text(stmt, 3, name.data, name.len);
    return read_one(stmt, found, out, err);
}

envres_status
object_find(struct context *ctx, enum object_class object_class, struct slice name, bool *found,
            struct object *out, envres_error *err)
{
    return find_named(ctx, object_sql[SQL_FIND], object_class, name, found, out, err);
}

envres_status
object_find_from(struct context *ctx, enum object_class object_class, struct slice name,
                 bool *found, struct object *out, envres_error *err)
{
    return find_named(ctx, object_sql[SQL_FIND_FROM], object_class, name, found, out, err);
}

envres_status
object_by_id(struct context *ctx, const uint8_t id[SEAL_ID], bool *found, struct object *out,
             envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, object_sql[SQL_BY_ID], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    db_bind_blob(stmt, 2, ctx->workspace, SEAL_ID);
    return read_one(stmt, found, out, err);
}

envres_status
object_all(struct context *ctx, enum object_class object_class, struct object **out, size_t *count,
           envres_error *err)
{
    struct object *all = NULL;
    size_t used = 0;
    size_t room = 0;
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, object_sql[SQL_ALL], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_int(stmt, 2, object_class);
    for (;;) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        struct object *grown = mem_grow(ctx->mem, all, &room, used, sizeof(*all));
        if (!grown) {
            st = err_code(err, ENVRES_E_NOMEM);
            break;
        }
        all = grown;
        st = read_row(stmt, &all[used], err);
        if (st == ENVRES_OK && ++used > LIMIT_VARIABLES)
            st = err_code(err, ENVRES_E_LIMIT);
        if (st < 0)
            break;
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
object_all_listed(struct context *ctx, enum object_class object_class, struct object **out,
                  size_t *count, envres_error *err)
{
    struct object *all = NULL;
    size_t used = 0;
    int sql = object_class == OBJECT_VARIABLE ? SQL_VARIABLES : SQL_RESOURCES;
    envres_status st = object_all(ctx, object_class, &all, &used, err);
    if (st == ENVRES_OK)
        st = context_check_listed(ctx, object_sql[sql], ctx->workspace, used, err);
    if (st < 0) {
        mem_free(ctx->mem, all);
        return st;
    }
    *out = all;
    *count = used;
    return ENVRES_OK;
}

envres_status
object_need(struct context *ctx, enum object_class object_class, struct slice name,
            struct object *out, envres_error *err)
{
    bool found = false;
    envres_status st = object_find(ctx, object_class, name, &found, out, err);
    if (st < 0 || found)
        return st;
    struct object *all = NULL;
    size_t count = 0;
    struct nearest nearest;
    nearest_init(&nearest, name);
    if (object_all(ctx, object_class, &all, &count, NULL) < 0)
        count = 0;
    for (size_t i = 0; i < count && i < LIMIT_CANDIDATES; i++)
        nearest_add(&nearest, slice_str(all[i].name));
    const char *what = object_class == OBJECT_VARIABLE ? "variable" : "resource";
    st = err_set(err, ENVRES_E_NOT_FOUND, "there is no %s '%.*s'", what,
                 (int)(name.len > LIMIT_NAME ? LIMIT_NAME : name.len), name.data);
    err_subject(err, name.data, name.len);
    if (nearest.best.data)
        err_hint(err, "did you mean '%.*s'?", (int)nearest.best.len, nearest.best.data);
    mem_free(ctx->mem, all);
    return st;
}

void
object_new_id(struct context *ctx, int64_t now, uint8_t out[SEAL_ID])
{
    enum { STAMP = 6 };
    uint8_t *id = ctx->object_id;
    uint8_t stamp[STAMP] = { 0 };
    for (size_t i = 0; i < STAMP; i++)
        stamp[i] = (uint8_t)((uint64_t)now >> (8 * (STAMP - 1 - i)));
    if (ctx->has_object_id && memcmp(id, stamp, STAMP) == 0) {
        size_t at = SEAL_ID;
        while (at > STAMP && ++id[--at] == 0)
            ;
    } else {
        memcpy(id, stamp, STAMP);
        seal_random(id + STAMP, SEAL_ID - STAMP);
    }
    ctx->has_object_id = true;
    memcpy(out, id, SEAL_ID);
}

envres_status
object_insert(struct context *ctx, struct object *object, int64_t now, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    object_new_id(ctx, now, object->id);
    envres_status st = db_use(ctx->db, object_sql[SQL_INSERT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, object->id, SEAL_ID);
    db_bind_blob(stmt, 2, ctx->workspace, SEAL_ID);
    db_bind_int(stmt, 3, object->object_class);
    db_bind_text(stmt, 4, object->name, strlen(object->name));
    db_bind_text(stmt, 5, object->kind, strlen(object->kind));
    db_bind_int(stmt, 6, object->secret);
    db_bind_int(stmt, 7, now);
    return db_run(stmt, err);
}

envres_status
object_update(struct context *ctx, const struct object *object, int64_t removed_at,
              envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, object_sql[SQL_UPDATE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, object->id, SEAL_ID);
    db_bind_text(stmt, 2, object->name, strlen(object->name));
    db_bind_text(stmt, 3, object->kind, strlen(object->kind));
    db_bind_int(stmt, 4, object->secret);
    if (removed_at)
        db_bind_int(stmt, 5, removed_at);
    else
        db_bind_null(stmt, 5);
    return db_run(stmt, err);
}

static envres_status
note_set(void *user, const struct setting *setting, envres_error *err)
{
    bool *is_set = user;
    (void)err;
    if (setting->is_set && !slice_equal(setting->field, slice_str(FALLBACK_FIELD)))
        *is_set = true;
    return ENVRES_OK;
}

/* Whether a variable has a value there, or a resource a field. */
static envres_status
is_set_in(struct context *ctx, const struct environment *environment, const struct object *object,
          bool *is_set, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    struct setting setting = { .revision = 0 };
    int row = DB_DONE;
    *is_set = false;
    if (object->object_class == OBJECT_RESOURCE)
        return config_each_field(ctx, environment, object, note_set, is_set, err);
    envres_status st = config_seek(ctx, environment, object->id, slice_str(""), &stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = config_read_row(stmt, &setting, err);
    *is_set = st == ENVRES_OK && setting.is_set;
    db_reset(stmt);
    return st;
}

envres_status
object_where_set(struct context *ctx, const struct object *object, const uint8_t *except,
                 struct buf *out, envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = environment_all(ctx, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        bool is_set = false;
        if (except && memcmp(all[i].id, except, SEAL_ID) == 0)
            continue;
        st = is_set_in(ctx, &all[i], object, &is_set, err);
        if (is_set && out->len > 0)
            buf_add_str(out, ", ");
        if (is_set)
            buf_add_str(out, all[i].key);
    }
    mem_free(ctx->mem, all);
    return st < 0 ? st : buf_status(out, err);
}

envres_status
object_check_shape(struct context *ctx, const struct object *object, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, object_sql[SQL_OTHER_SHAPE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 2, object->name, strlen(object->name));
    db_bind_text(stmt, 3, object->kind, strlen(object->kind));
    db_bind_int(stmt, 4, object->secret);
    st = db_step(stmt, &row, err);
    db_reset(stmt);
    if (st < 0 || row == DB_DONE)
        return st;
    st = err_set(err, ENVRES_E_INTEGRITY, "type and class of '%s' are not those of its values",
                 object->name);
    err_subject(err, object->name, strlen(object->name));
    err_hint(err, "somebody changed the file; run verify");
    return st;
}

envres_status
object_verify(struct context *ctx, db_finding_fn finding, void *user, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, object_sql[SQL_FAULTY], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    while ((st = db_step(stmt, &row, err)) == ENVRES_OK && row == DB_ROW) {
        char object[LIMIT_NAME + 16];
        struct slice name = db_column_text(stmt, 1);
        snprintf(object, sizeof(object), "%s/%.*s",
                 db_column_int(stmt, 0) == OBJECT_VARIABLE ? "variable" : "resource",
                 (int)(name.len < LIMIT_NAME ? name.len : LIMIT_NAME), name.data);
        finding(user, "ENVRES_E_INTEGRITY", object,
                "what it is said to be is not what its values are");
    }
    db_reset(stmt);
    return st;
}
