/* SPDX-License-Identifier: MIT */
/*
 * The acting context: keys opened so far, the parts read last, names of authors, workspaces. Keys
 * are opened when an environment is first used, so that unlocking costs the same however many
 * environments there are.
 */
#include "model/context.h"

#include <string.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/text.h"
#include "model/content.h"
#include "model/right.h"

enum {
    SQL_AUTHOR,
    SQL_WORKSPACE_ADD,
    SQL_WORKSPACE_BY_NAME,
    SQL_WORKSPACES,
    SQL_WORKSPACE_NAME,
    SQL_COUNT_
};

static const char *const context_sql[SQL_COUNT_] = {
    [SQL_AUTHOR] = "SELECT name FROM principal WHERE id = ?1",
    [SQL_WORKSPACE_ADD] =
        "INSERT INTO workspace (id, name, root, policy, created_at) VALUES (?1, ?2, ?3, 0, ?4)",
    [SQL_WORKSPACE_BY_NAME] = "SELECT id FROM workspace WHERE name = ?1",
    [SQL_WORKSPACES] = "SELECT id FROM workspace ORDER BY name",
    [SQL_WORKSPACE_NAME] = "SELECT name FROM workspace WHERE id = ?1",
};

envres_status
change_counter_new(const struct mem *mem, struct change_counter **out, envres_error *err)
{
    struct change_counter *counter = mem_alloc_zero(mem, sizeof(*counter));
    if (!counter)
        return err_code(err, ENVRES_E_NOMEM);
    counter->mem = *mem;
    atomic_init(&counter->references, 1);
    atomic_init(&counter->value, 0);
    *out = counter;
    return ENVRES_OK;
}

struct change_counter *
change_counter_ref(struct change_counter *counter)
{
    atomic_fetch_add_explicit(&counter->references, 1, memory_order_relaxed);
    return counter;
}

void
change_counter_unref(struct change_counter *counter)
{
    if (!counter || atomic_fetch_sub_explicit(&counter->references, 1, memory_order_acq_rel) != 1)
        return;
    struct mem mem = counter->mem;
    mem_free(&mem, counter);
}

void
context_clear(struct context *ctx)
{
    context_drop_all_keys(ctx);
    mem_free(ctx->mem, ctx->keys);
    mem_free(ctx->mem, ctx->plain);
    mem_free(ctx->mem, ctx->known);
    roles_free(&ctx->roles);
    context_drop_tree(ctx);
    context_drop_environments(ctx);
    identity_unref(ctx->actor);
    ctx->keys = NULL;
    ctx->plain = NULL;
    ctx->known = NULL;
    ctx->known_count = 0;
    ctx->actor = NULL;
}

void
context_drop_environments(struct context *ctx)
{
    mem_free(ctx->mem, ctx->environments);
    ctx->environments = NULL;
    ctx->environment_count = 0;
    ctx->environments_moment = 0;
}

void
context_drop_tree(struct context *ctx)
{
    tree_free(ctx->tree);
    mem_free(ctx->mem, ctx->tree);
    ctx->tree = NULL;
}

const uint8_t *
context_who(const struct context *ctx)
{
    return ctx->is_asserted ? ctx->asserted : ctx->actor->id;
}

/* Adds a reference to an array of keys (takes it, also on failure). */
static envres_status
add_keys(struct context *ctx, struct env_keys ***array, size_t *count, struct env_keys *keys,
         envres_error *err)
{
    struct env_keys **grown = mem_resize(ctx->mem, *array, (*count + 1) * sizeof(*grown));
    if (!grown) {
        env_keys_unref(keys);
        return err_code(err, ENVRES_E_NOMEM);
    }
    *array = grown;
    grown[(*count)++] = keys;
    return ENVRES_OK;
}

envres_status
context_add_keys(struct context *ctx, struct env_keys *keys, envres_error *err)
{
    return add_keys(ctx, &ctx->keys, &ctx->key_count, keys, err);
}

static void
drop_keys(struct env_keys **array, size_t *count, const uint8_t environment[SEAL_ID])
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (memcmp(array[i]->environment, environment, SEAL_ID) == 0)
            env_keys_unref(array[i]);
        else
            array[kept++] = array[i];
    }
    *count = kept;
}

void
context_drop_keys(struct context *ctx, const uint8_t environment[SEAL_ID])
{
    drop_keys(ctx->keys, &ctx->key_count, environment);
    drop_keys(ctx->plain, &ctx->plain_count, environment);
}

void
context_drop_all_keys(struct context *ctx)
{
    for (size_t i = 0; i < ctx->key_count; i++)
        env_keys_unref(ctx->keys[i]);
    for (size_t i = 0; i < ctx->plain_count; i++)
        env_keys_unref(ctx->plain[i]);
    ctx->key_count = 0;
    ctx->plain_count = 0;
}

static struct env_keys *
find_keys(struct env_keys **array, size_t count, const struct environment *environment)
{
    for (size_t i = 0; i < count; i++) {
        if (array[i]->generation == environment->generation &&
            memcmp(array[i]->environment, environment->id, SEAL_ID) == 0)
            return array[i];
    }
    return NULL;
}

static envres_status
plain_keys(struct context *ctx, const struct environment *environment, struct env_keys *keys,
           struct env_keys **out, envres_error *err)
{
    *out = find_keys(ctx->plain, ctx->plain_count, environment);
    if (*out)
        return ENVRES_OK;
    envres_status st = env_keys_plain(keys, ctx->mem, out, err);
    return st < 0 ? st : add_keys(ctx, &ctx->plain, &ctx->plain_count, *out, err);
}

/* Opens those of the present generation, in the place of any other. `known` has none for secrets,
 * which a role given since may have brought: it stays when there still is none, since others borrow
 * it. */
static envres_status
open_keys(struct context *ctx, const struct environment *environment, struct env_keys *known,
          struct env_keys **out, envres_error *err)
{
    struct env_keys *keys = NULL;
    envres_status st = env_keys_open(ctx->db, ctx->arena, ctx->mem, ctx->actor, ctx->workspace,
                                     environment->id, environment->generation, &keys, err);
    if (st < 0) {
        err_prepend(err, "%s: ", environment->key);
        return st;
    }
    if (known && !keys->secret_data) {
        env_keys_unref(keys);
        return ENVRES_OK;
    }
    context_drop_keys(ctx, environment->id);
    st = context_add_keys(ctx, keys, err);
    if (st == ENVRES_OK)
        *out = keys;
    return st;
}

envres_status
context_keys(struct context *ctx, const struct environment *environment, struct env_keys **out,
             envres_error *err)
{
    bool uses = false;
    envres_status st = right_check(ctx, ACTION_READ, environment, err);
    if (st == ENVRES_OK)
        st = right_has(ctx, ACTION_USE, environment, &uses, err);
    if (st < 0)
        return st;
    struct env_keys *keys = find_keys(ctx->keys, ctx->key_count, environment);
    if (!keys || (uses && !keys->secret_data))
        st = open_keys(ctx, environment, keys, &keys, err);
    if (st == ENVRES_OK && !uses && keys->secret_data)
        return plain_keys(ctx, environment, keys, out, err);
    if (st == ENVRES_OK)
        *out = keys;
    return st;
}

/* One change asks for them many times: what was read is kept until something is written. */
envres_status
environment_all(struct context *ctx, struct environment **out, size_t *count, envres_error *err)
{
    uint64_t moment = db_moment(ctx->db);
    if (moment == 0 || ctx->environments_moment != moment) {
        struct environment *all = NULL;
        size_t used = 0;
        envres_status st = environment_read_all(ctx, &all, &used, err);
        if (st < 0)
            return st;
        mem_free(ctx->mem, ctx->environments);
        ctx->environments = all;
        ctx->environment_count = used;
        ctx->environments_moment = moment;
    }
    struct environment *copy = mem_alloc_array(ctx->mem, ctx->environment_count + 1, sizeof(*copy));
    if (!copy)
        return err_code(err, ENVRES_E_NOMEM);
    if (ctx->environment_count > 0)
        memcpy(copy, ctx->environments, ctx->environment_count * sizeof(*copy));
    *out = copy;
    *count = ctx->environment_count;
    return ENVRES_OK;
}

envres_status
context_author(struct context *ctx, const uint8_t principal[SEAL_ID], struct buf *out,
               envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, context_sql[SQL_AUTHOR], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, principal, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    if (row == DB_ROW) {
        struct slice name = db_column_text(stmt, 0);
        buf_add(out, name.data, name.len);
        db_reset(stmt);
    } else {
        char hex[2 * SEAL_ID + 1];
        text_hex(hex, principal, SEAL_ID);
        buf_add_str(out, hex);
    }
    return buf_status(out, err);
}

envres_status
context_list(struct context *ctx, const struct list_shape *shape, fill_fn fill, const void *asked,
             envres_list **out, envres_error *err)
{
    envres_list *list = NULL;
    envres_status st = list_new(ctx->mem, shape->columns, shape->count, &list, err);
    if (st == ENVRES_OK)
        st = db_begin_read(ctx->db, err);
    if (st == ENVRES_OK)
        st = db_end(ctx->db, fill(ctx, asked, list, err), NULL, err);
    if (st == ENVRES_OK)
        st = list_status(list, err);
    if (st < 0)
        envres_list_free(list);
    else
        *out = list;
    return st;
}

envres_status
context_number(struct context *ctx, const char *sql, const uint8_t id[SEAL_ID], int64_t *out,
               envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *out = 0;
    envres_status st = db_use(ctx->db, sql, &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW) {
        *out = db_column_int(stmt, 0);
        db_reset(stmt);
    }
    return st;
}

envres_status
context_damaged_index(envres_error *err)
{
    envres_status st =
        err_set(err, ENVRES_E_CORRUPT, "an index of the store does not have what its table has");
    err_hint(err, "run verify; salvage makes the indexes anew");
    return st;
}

envres_status
context_check_listed(struct context *ctx, const char *sql, const uint8_t id[SEAL_ID], size_t listed,
                     envres_error *err)
{
    int64_t rows = 0;
    envres_status st = context_number(ctx, sql, id, &rows, err);
    if (st < 0 || (rows >= 0 && (uint64_t)rows == listed))
        return st;
    return context_damaged_index(err);
}

envres_status
column_id(struct db_stmt *stmt, int column, uint8_t id[SEAL_ID], envres_error *err)
{
    return column_bytes(stmt, column, id, SEAL_ID, NULL, err);
}

envres_status
column_bytes(struct db_stmt *stmt, int column, uint8_t *out, size_t len, bool *set,
             envres_error *err)
{
    bool is_null = db_column_is(stmt, column, DB_NULL);
    if (set)
        *set = !is_null;
    if (set && is_null) {
        memset(out, 0, len);
        return ENVRES_OK;
    }
    return db_column_take(stmt, column, out, len)
               ? ENVRES_OK
               : err_set(err, ENVRES_E_CORRUPT,
                         "an id or a digest in the store does not have %zu bytes", len);
}

envres_status
column_name(struct db_stmt *stmt, int column, char *out, size_t cap, envres_error *err)
{
    struct slice text = db_column_text(stmt, column);
    if (text.len >= cap || (text.len > 0 && memchr(text.data, '\0', text.len)))
        return err_set(err, ENVRES_E_CORRUPT, "a name in the store is damaged");
    if (text.len > 0)
        memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return ENVRES_OK;
}

envres_status
workspace_insert(struct db *db, const uint8_t id[SEAL_ID], struct slice name,
                 const uint8_t root[32], int64_t now, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, context_sql[SQL_WORKSPACE_ADD], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    db_bind_text(stmt, 2, name.data, name.len);
    db_bind_blob(stmt, 3, root, 32);
    db_bind_int(stmt, 4, now);
    return db_run(stmt, err);
}

/* The only workspace there is, when none was named. */
static envres_status
find_only_workspace(struct db *db, uint8_t id[SEAL_ID], envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, context_sql[SQL_WORKSPACES], &stmt, err);
    if (st == ENVRES_OK)
        st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    if (row == DB_DONE)
        return err_set(err, ENVRES_E_CORRUPT, "the store has no workspace");
    st = column_id(stmt, 0, id, err);
    if (st == ENVRES_OK)
        st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW) {
        st = err_set(err, ENVRES_E_NOT_FOUND, "the store has several workspaces");
        err_hint(err, "name the one to work in");
    }
    db_reset(stmt);
    return st;
}

envres_status
workspace_find(struct db *db, struct slice name, uint8_t id[SEAL_ID], envres_error *err)
{
    if (!name.data)
        return find_only_workspace(db, id, err);
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, context_sql[SQL_WORKSPACE_BY_NAME], &stmt, err);
    if (st < 0)
        return st;
    db_bind_text(stmt, 1, name.data, name.len);
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    if (row == DB_DONE) {
        st = err_set(err, ENVRES_E_NOT_FOUND, "there is no workspace of that name");
        err_subject(err, name.data, name.len);
        return st;
    }
    st = column_id(stmt, 0, id, err);
    db_reset(stmt);
    return st;
}

envres_status
workspace_all(struct db *db, const struct mem *mem, uint8_t (**out)[SEAL_ID], size_t *count,
              envres_error *err)
{
    uint8_t(*all)[SEAL_ID] = NULL;
    size_t used = 0;
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, context_sql[SQL_WORKSPACES], &stmt, err);
    if (st < 0)
        return st;
    while (used < LIMIT_WORKSPACES) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        void *grown = mem_resize(mem, all, (used + 1) * sizeof(*all));
        if (!grown) {
            st = err_code(err, ENVRES_E_NOMEM);
            break;
        }
        all = grown;
        st = column_id(stmt, 0, all[used], err);
        if (st < 0)
            break;
        used++;
    }
    db_reset(stmt);
    if (st < 0) {
        mem_free(mem, all);
        return st;
    }
    *out = all;
    *count = used;
    return ENVRES_OK;
}

envres_status
workspace_name(struct db *db, const uint8_t id[SEAL_ID], struct buf *out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, context_sql[SQL_WORKSPACE_NAME], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    struct slice name = db_column_text(stmt, 0);
    buf_add(out, name.data, name.len);
    db_reset(stmt);
    return buf_status(out, err);
}
