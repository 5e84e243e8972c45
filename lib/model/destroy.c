/* SPDX-License-Identifier: MIT */
/*
 * Destroying the value of one older revision. The row stays, with its content commitment, so that
 * sums and manifests over it still verify; only its record goes, and the head follows. What is in
 * force is never destroyed: a value is taken away or replaced first.
 *
 * Not here: copies of the file, and what lies below the file system.
 */
#include <string.h>

#include "base/text.h"
#include "model/config.h"

enum { SQL_FIND, SQL_ERASE, SQL_PINNED, SQL_WHO, SQL_COUNT_ };

static const char *const destroy_sql[SQL_COUNT_] = {
    [SQL_FIND] = "SELECT s.object_id FROM setting s JOIN object o ON o.id = s.object_id"
                 " WHERE s.environment_id = ?1 AND s.class = ?2 AND s.field = ?3"
                 " AND s.revision = ?4 AND (s.name = ?5 OR o.name = ?5)"
                 " ORDER BY (o.name = ?5 AND o.removed_at IS NULL) DESC, o.created_at LIMIT 1",
    [SQL_ERASE] = "UPDATE setting SET state = 2, record = ?5 WHERE environment_id = ?1"
                  " AND object_id = ?2 AND field = ?3 AND revision = ?4",
    [SQL_PINNED] = "SELECT a.name, r.tag FROM app a JOIN release r ON r.app_id = a.id"
                   " AND r.sequence = a.live WHERE a.workspace_id = ?1 AND r.pin = 1"
                   " AND r.environment_id = ?2 AND r.revision >= ?3 AND r.revision < ?4"
                   " ORDER BY a.name LIMIT 1",
    [SQL_WHO] = "SELECT actor, time FROM audit WHERE workspace_id = ?1 AND environment_id = ?2"
                " AND action = 'variable.destroy' AND revision = ?3 AND object = ?4"
                " AND outcome = 0 ORDER BY sequence DESC LIMIT 1",
};

/* What is to be destroyed: a variable's value, or a field of a resource. */
struct target {
    enum object_class object_class;
    struct slice given; /* as the caller wrote it */
    struct slice name;
    struct slice field; /* "" for a variable */
    int64_t revision;
    uint8_t object[SEAL_ID];
    struct setting_row row; /* owned */
    bool found;
    int64_t next; /* the revision that took its place; 0: none has */
};

static envres_status
read_name(struct slice given, struct target *out, envres_error *err)
{
    static const char prefix[] = "resource/";
    size_t len = sizeof(prefix) - 1;
    out->object_class = OBJECT_VARIABLE;
    out->given = given;
    out->name = given;
    out->field = slice_str("");
    if (given.len < len || memcmp(given.data, prefix, len) != 0)
        return ENVRES_OK;
    const char *handle = given.data + len;
    const char *slash = memchr(handle, '/', given.len - len);
    if (!slash) {
        envres_status st = err_set(err, ENVRES_E_INVALID, "a field of the resource is missing");
        err_hint(err, "fields are destroyed one by one: resource/HANDLE/FIELD");
        return st;
    }
    out->object_class = OBJECT_RESOURCE;
    out->name = slice_of(handle, (size_t)(slash - handle));
    out->field = slice_of(slash + 1, (size_t)(given.data + given.len - slash - 1));
    return ENVRES_OK;
}

/* ---- finding it ----------------------------------------------------------------------------- */

static envres_status
find_object(struct context *ctx, const struct environment *environment, struct target *target,
            bool *found, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    envres_status st = db_use(ctx->db, destroy_sql[SQL_FIND], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment->id, SEAL_ID);
    db_bind_int(stmt, 2, target->object_class);
    db_bind_text(stmt, 3, target->field.data, target->field.len);
    db_bind_int(stmt, 4, target->revision);
    db_bind_text(stmt, 5, target->name.data, target->name.len);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = column_id(stmt, 0, target->object, err);
    *found = st == ENVRES_OK;
    db_reset(stmt);
    return st;
}

/* Rows come newest first, so the row before the one wanted is the one that took its place. */
static envres_status
look_at(void *user, const struct setting *setting, envres_error *err)
{
    struct target *target = user;
    if (!slice_equal(setting->field, target->field))
        return ENVRES_OK;
    if (setting->revision > target->revision)
        target->next = setting->revision;
    if (setting->revision != target->revision)
        return ENVRES_OK;
    target->found = true;
    return setting_row_keep(setting, &target->row, err);
}

/* The name is known, but nothing was written in that revision; or the name is not known. */
static envres_status
not_there(struct context *ctx, const struct environment *environment, const struct target *target,
          envres_error *err)
{
    struct object object = { 0 };
    envres_status st = object_need(ctx, target->object_class, target->name, &object, err);
    if (st < 0)
        return st;
    st = err_set(err, ENVRES_E_NOT_FOUND, "'%s' was not written in revision %lld of %s",
                 object.name, (long long)target->revision, environment->key);
    err_subject(err, object.name, strlen(object.name));
    err_hint(err, "its history says in which it was");
    return st;
}

static envres_status
find_target(struct context *ctx, const struct environment *environment, struct target *target,
            envres_error *err)
{
    bool found = false;
    envres_status st = find_object(ctx, environment, target, &found, err);
    if (st == ENVRES_OK && found)
        st = config_history(ctx, environment, target->object, look_at, target, err);
    return st == ENVRES_OK && !target->found ? not_there(ctx, environment, target, err) : st;
}

/* ---- whether it may be destroyed ------------------------------------------------------------ */

static envres_status
check_pins(struct context *ctx, const struct environment *environment, const struct target *target,
           envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, destroy_sql[SQL_PINNED], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_blob(stmt, 2, environment->id, SEAL_ID);
    db_bind_int(stmt, 3, target->revision);
    db_bind_int(stmt, 4, target->next);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    struct slice app = db_column_text(stmt, 0);
    struct slice tag = db_column_text(stmt, 1);
    st = err_set(err, ENVRES_E_REFERRED, "the live release %.*s of '%.*s' is pinned to this value",
                 (int)(tag.len < 64 ? tag.len : 64), tag.data,
                 (int)(app.len < LIMIT_APP ? app.len : LIMIT_APP), app.data);
    err_subject(err, target->name.data, target->name.len);
    err_hint(err, "release the app anew first; with force it goes, and that release says so");
    db_reset(stmt);
    return st;
}

static envres_status
check_target(const struct change *change, const struct environment *environment,
             const struct target *target, envres_error *err)
{
    const struct setting *setting = &target->row.setting;
    envres_status st = ENVRES_OK;
    if (setting->is_destroyed)
        return config_destroyed(change->ctx, environment, setting, err);
    if (!setting->is_set)
        st = err_set(err, ENVRES_E_NOT_SET, "revision %lld of %s took the value away: it has none",
                     (long long)target->revision, environment->key);
    else if (target->next == 0) {
        st = err_set(err, ENVRES_E_REFERRED, "revision %lld is what is in force in %s",
                     (long long)target->revision, environment->key);
        err_hint(err, "set another value or unset it first; then its old one can be destroyed");
    }
    if (st < 0)
        err_subject(err, target->name.data, target->name.len);
    else if (!change->force)
        st = check_pins(change->ctx, environment, target, err);
    return st;
}

/* ---- doing it ------------------------------------------------------------------------------- */

static envres_status
erase(struct context *ctx, const struct environment *environment, const struct target *target,
      envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, destroy_sql[SQL_ERASE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment->id, SEAL_ID);
    db_bind_blob(stmt, 2, target->object, SEAL_ID);
    db_bind_text(stmt, 3, target->field.data, target->field.len);
    db_bind_int(stmt, 4, target->revision);
    db_bind_blob(stmt, 5, NULL, 0);
    return db_run(stmt, err);
}

/* The row leaves the sum over all that is kept, and comes back as destroyed. */
static envres_status
erase_and_seal(struct context *ctx, struct environment *environment, struct target *target,
               envres_error *err)
{
    struct env_keys *keys = NULL;
    struct head head = { 0 };
    uint8_t hash[SEAL_DIGEST] = { 0 };
    struct setting after = target->row.setting;
    envres_status st = environment_head(ctx, environment, &keys, &head, err);
    if (st == ENVRES_OK)
        st = erase(ctx, environment, target, err);
    if (st < 0)
        return st;
    after.is_set = false;
    after.is_destroyed = true;
    config_hash(keys, &target->row.setting, hash);
    head_toggle(head.kept, hash);
    config_hash(keys, &after, hash);
    head_toggle(head.kept, hash);
    return environment_store_head(ctx, environment, keys, &head, err);
}

struct destroy_request {
    struct slice environment;
    const struct target *target;
};

static envres_status
destroy_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct destroy_request *request = asked;
    struct context *ctx = change->ctx;
    struct environment environment = { 0 };
    struct target target = *request->target;
    buf_init(&target.row.bytes, ctx->mem, false);
    envres_status st = environment_find(ctx, request->environment, &environment, err);
    if (st == ENVRES_OK)
        st = change_in(change, ACTION_DESTROY, &environment, err);
    if (st == ENVRES_OK)
        st = find_target(ctx, &environment, &target, err);
    if (st == ENVRES_OK)
        st = check_target(change, &environment, &target, err);
    if (st == ENVRES_OK)
        st = erase_and_seal(ctx, &environment, &target, err);
    change->revision = target.revision;
    setting_row_free(&target.row);
    return st;
}

static void
encode_destroy(const void *asked, struct buf *out)
{
    const struct destroy_request *request = asked;
    const struct target *target = request->target;
    act_put_text(out, request->environment);
    act_put_text(out, target->given);
    buf_add_u64(out, (uint64_t)target->revision);
}

envres_status
config_replay_destroy(struct context *ctx, struct act_reader *reader, const envres_change *given,
                      int64_t *revision, envres_error *err)
{
    struct slice environment = act_text(reader);
    struct slice name = act_text(reader);
    int64_t wanted = (int64_t)act_u64(reader);
    envres_status st = act_end(reader, err);
    (void)revision;
    return st < 0 ? st : config_destroy(ctx, environment, name, wanted, given, err);
}

envres_status
config_destroy(struct context *ctx, struct slice environment, struct slice name, int64_t revision,
               const envres_change *options, envres_error *err)
{
    struct target target = { .revision = revision };
    struct destroy_request request = { environment, &target };
    envres_status st = read_name(name, &target, err);
    bool variable = target.object_class == OBJECT_VARIABLE;
    struct change_title title = { "variable.destroy", variable ? "variable/" : "", name,
                                  encode_destroy };
    if (st == ENVRES_OK)
        st = change_run(ctx, options, &title, destroy_inside, &request, NULL, err);
    if (st == ENVRES_OK)
        db_forget(ctx->db);
    return st;
}

/* ---- saying so ------------------------------------------------------------------------------ */

/* "variable/NAME" or "resource/HANDLE/FIELD", as the audit has it. */
static void
write_object(const struct setting *setting, struct buf *out)
{
    bool variable = setting->object_class == OBJECT_VARIABLE;
    buf_add_str(out, variable ? "variable/" : "resource/");
    buf_add(out, setting->name.data, setting->name.len);
    if (variable)
        return;
    buf_add_char(out, '/');
    buf_add(out, setting->field.data, setting->field.len);
}

/* Who destroyed it and when, into `out`; nothing when the audit does not say. */
static envres_status
find_who(struct context *ctx, const struct environment *environment, const struct setting *setting,
         struct buf *out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    struct buf object = { .mem = NULL };
    uint8_t actor[SEAL_ID] = { 0 };
    char when[CLOCK_TEXT] = "";
    int row = DB_DONE;
    buf_init(&object, ctx->mem, false);
    write_object(setting, &object);
    envres_status st = buf_status(&object, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, destroy_sql[SQL_WHO], &stmt, err);
    if (st == ENVRES_OK) {
        db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
        db_bind_blob(stmt, 2, environment->id, SEAL_ID);
        db_bind_int(stmt, 3, setting->revision);
        db_bind_text(stmt, 4, object.data, object.len);
        st = db_step(stmt, &row, err);
    }
    if (st == ENVRES_OK && row == DB_ROW) {
        st = column_id(stmt, 0, actor, err);
        clock_text(db_column_int(stmt, 1), when);
        db_reset(stmt);
        buf_add_str(out, " by ");
        if (st == ENVRES_OK)
            st = context_author(ctx, actor, out, err);
        buf_add_format(out, " on %s", when);
    }
    buf_free(&object);
    return st == ENVRES_OK ? buf_status(out, err) : st;
}

envres_status
config_destroyed(struct context *ctx, const struct environment *environment,
                 const struct setting *setting, envres_error *err)
{
    struct buf who = { .mem = NULL };
    buf_init(&who, ctx->mem, false);
    envres_status st = find_who(ctx, environment, setting, &who, err);
    buf_add_char(&who, '\0');
    if (st == ENVRES_OK)
        st = buf_status(&who, err);
    if (st == ENVRES_OK) {
        st = err_set(err, ENVRES_E_NOT_SET,
                     "the value of '%.*s' in revision %lld of %s is destroyed",
                     (int)setting->name.len, setting->name.data, (long long)setting->revision,
                     environment->key);
        err_subject(err, setting->name.data, setting->name.len);
        err_hint(err, "it was destroyed%s, and is nowhere in this store", who.data);
    }
    buf_free(&who);
    return st;
}
