/* SPDX-License-Identifier: MIT */
/*
 * Settings and their revisions, as they are read. Invariants: at most one row of a setting is
 * current (until IS NULL), its newest; the head's two sums are those of the current and of all kept
 * rows; a row's record opens only under the very name, type, class, revision and place it was
 * written with. What writes them is config_write.c.
 */
#include "model/config.h"

#include <string.h>

#include <envres/value.h>

#include "guard/audit.h"

enum {
    SQL_CURRENT,
    SQL_OTHER_OBJECT,
    SQL_EACH_CURRENT,
    SQL_EACH_KEPT,
    SQL_HISTORY,
    SQL_NEXT_FIELD,
    SQL_FIELDS,
    SQL_NAMES,
    SQL_OTHERS,
    SQL_OTHERS_WITH,
    SQL_COUNT_
};

static const char *const config_sql[SQL_COUNT_] = {
    [SQL_CURRENT] = "SELECT " SETTING_COLUMNS " FROM setting WHERE environment_id = ?1"
                    " AND object_id = ?2 AND field = ?3 AND until IS NULL"
                    " ORDER BY revision DESC LIMIT 1",
    [SQL_OTHER_OBJECT] = "SELECT 1 FROM setting WHERE name = ?1 AND environment_id = ?2"
                         " AND state = 1 AND class = ?3 AND field = ?4 AND object_id <> ?5"
                         " AND until IS NULL",
    [SQL_EACH_CURRENT] = "SELECT " SETTING_COLUMNS " FROM setting WHERE environment_id = ?1"
                         " AND until IS NULL",
    [SQL_EACH_KEPT] = "SELECT " SETTING_COLUMNS " FROM setting WHERE environment_id = ?1"
                      " ORDER BY object_id, field, revision",
    [SQL_HISTORY] = "SELECT " SETTING_COLUMNS " FROM setting WHERE environment_id = ?1"
                    " AND object_id = ?2 ORDER BY revision DESC, field",
    [SQL_NEXT_FIELD] = "SELECT " SETTING_COLUMNS " FROM setting WHERE environment_id = ?1"
                       " AND object_id = ?2 AND field = (SELECT min(field) FROM setting"
                       " WHERE environment_id = ?1 AND object_id = ?2 AND field > ?3)"
                       " ORDER BY revision DESC LIMIT 1",
    [SQL_FIELDS] = "SELECT count(*) FROM setting INDEXED BY setting_current"
                   " WHERE environment_id = ?1 AND name = ?2 AND class = ?3 AND until IS NULL"
                   " AND (object_id = ?4 OR state = 1)",
    [SQL_NAMES] = "SELECT class, name FROM object WHERE workspace_id = ?1"
                  " AND removed_at IS NULL ORDER BY class, name",
    [SQL_OTHERS] = "SELECT class, name, environment_id FROM setting WHERE until IS NULL"
                   " AND state = 1 AND environment_id IN (SELECT id FROM environment"
                   " WHERE workspace_id = ?1 AND id <> ?2) AND field <> '" FALLBACK_FIELD "'"
                   " LIMIT ?3",
    [SQL_OTHERS_WITH] =
        "SELECT ?3, ?4, id FROM environment WHERE workspace_id = ?1 AND id <> ?2 AND EXISTS"
        " (SELECT 1 FROM setting WHERE environment_id = environment.id AND name = ?4"
        " AND class = ?3 AND state = 1 AND until IS NULL AND field <> '" FALLBACK_FIELD "')",
};

int32_t
config_type(struct slice kind)
{
    for (int32_t type = ENVRES_TYPE_STRING; type <= ENVRES_TYPE_TEMPLATE; type++) {
        if (slice_equal(kind, slice_str(envres_type_name(type))))
            return type;
    }
    return 0;
}

struct seal_label
config_label(const struct env_keys *keys, const struct setting *setting)
{
    bool variable = setting->object_class == OBJECT_VARIABLE;
    struct seal_label label = {
        .workspace = keys->workspace,
        .environment = keys->environment,
        .object = setting->object,
        .kind = variable ? SEAL_VARIABLE : SEAL_FIELD,
        .type = variable ? (uint8_t)config_type(setting->kind) : (uint8_t)ENVRES_TYPE_STRING,
        .secret = setting->secret,
        .field = setting->field,
        .name = setting->name,
        .revision = (uint64_t)setting->revision,
    };
    return label;
}

static envres_status
refuse_key(const struct setting *setting, envres_status code, const char *message,
           envres_error *err)
{
    envres_status st = err_set(err, code, "%s", message);
    err_subject(err, setting->name.data, setting->name.len);
    return st;
}

envres_status
config_key(const struct env_keys *keys, const struct setting *setting, const uint8_t **out,
           envres_error *err)
{
    static const char denied[] = "no key for the secrets here";
    uint32_t generation = seal_generation(setting->record.data, setting->record.len);
    *out = env_keys_data(keys, setting->secret);
    if (!*out)
        return refuse_key(setting, ENVRES_E_DENIED, denied, err);
    if (generation == 0) /* not a record at all: opening it says so */
        return ENVRES_OK;
    if (!env_keys_at(keys, generation))
        return refuse_key(setting, ENVRES_E_INTEGRITY,
                          "a record is sealed under keys of a generation that is not held", err);
    *out = env_keys_data_at(keys, setting->secret, generation);
    return *out ? ENVRES_OK : refuse_key(setting, ENVRES_E_DENIED, denied, err);
}

envres_status
config_open_value(const struct mem *mem, const struct env_keys *keys, const struct setting *setting,
                  struct buf *out, envres_error *err)
{
    const uint8_t *key = NULL;
    struct seal_label label = config_label(keys, setting);
    size_t room = seal_value_max(setting->record.len);
    size_t len = 0;
    envres_status st = config_key(keys, setting, &key, err);
    if (st < 0)
        return st;
    if (!buf_reserve(out, room))
        return buf_status(out, err);
    st = unseal_into(mem, key, &label, setting->content, setting->record.data, setting->record.len,
                     out->data + out->len, out->cap - out->len, &len, err);
    if (st == ENVRES_OK)
        out->len += len;
    return st;
}

/* As the column `state` has it. */
enum { STATE_TAKEN_AWAY = 0, STATE_SET = 1, STATE_DESTROYED = 2 };

uint8_t
config_state(const struct setting *setting)
{
    if (setting->is_set)
        return STATE_SET;
    return setting->is_destroyed ? STATE_DESTROYED : STATE_TAKEN_AWAY;
}

void
config_hash(const struct env_keys *keys, const struct setting *setting, uint8_t out[SEAL_DIGEST])
{
    struct head_row row = {
        .object = setting->object,
        .field = setting->field,
        .revision = (uint64_t)setting->revision,
        .state = config_state(setting),
        .object_class = (uint8_t)setting->object_class,
        .name = setting->name,
        .kind = setting->kind,
        .secret = setting->secret,
        .content = setting->content,
        .author = setting->author,
        .time = setting->time,
    };
    head_row_hash(keys, &row, out);
}

/* A row of the store as a setting; slices are the statement's. */
envres_status
config_read_row(struct db_stmt *stmt, struct setting *out, envres_error *err)
{
    struct slice content = db_column_blob(stmt, 8);
    int64_t object_class = db_column_int(stmt, 4);
    envres_status st = column_id(stmt, 0, out->object, err);
    if (st == ENVRES_OK)
        st = column_id(stmt, 9, out->author, err);
    if (st < 0)
        return st;
    if (content.len != SEAL_DIGEST ||
        (object_class != OBJECT_VARIABLE && object_class != OBJECT_RESOURCE))
        return err_set(err, ENVRES_E_CORRUPT, "a setting in the store is damaged");
    memcpy(out->content, content.data, SEAL_DIGEST);
    out->field = db_column_text(stmt, 1);
    out->revision = db_column_int(stmt, 2);
    out->is_set = db_column_int(stmt, 3) == STATE_SET;
    out->is_destroyed = db_column_int(stmt, 3) == STATE_DESTROYED;
    out->object_class = (enum object_class)object_class;
    out->name = db_column_text(stmt, 5);
    out->kind = db_column_text(stmt, 6);
    out->secret = db_column_int(stmt, 7) != 0;
    out->time = db_column_int(stmt, 10);
    out->record = db_column_blob(stmt, 11);
    if (out->name.len > LIMIT_NAME || out->field.len > LIMIT_NAME || out->kind.len > LIMIT_NAME)
        return err_set(err, ENVRES_E_CORRUPT, "a setting in the store is damaged");
    return ENVRES_OK;
}

/* ---- names ---------------------------------------------------------------------------------- */

envres_status
config_exchanged(struct slice name, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_INTEGRITY, "a value was stored under another name");
    err_subject(err, name.data, name.len);
    return st;
}

/*
 * Rows of objects are not sealed: what they say of a name holds only as far as the sealed rows say
 * so too. Who exchanges two of them must not get one name's value for the other, nor make a value
 * seem absent. `has` is the current row of the wanted object and field, NULL where there is none:
 * then any row of the name is one too many, be it of that object, which a damaged index hides.
 */
envres_status
config_check_name(struct context *ctx, const struct environment *environment,
                  const struct setting *wanted, const struct setting *has, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    if (has && has->is_set)
        return has->object_class == wanted->object_class && slice_equal(has->name, wanted->name)
                   ? ENVRES_OK
                   : config_exchanged(wanted->name, err);
    envres_status st = db_use(ctx->db, config_sql[SQL_OTHER_OBJECT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_text(stmt, 1, wanted->name.data, wanted->name.len);
    db_bind_blob(stmt, 2, environment->id, SEAL_ID);
    db_bind_int(stmt, 3, wanted->object_class);
    db_bind_text(stmt, 4, wanted->field.data, wanted->field.len);
    db_bind_blob(stmt, 5, wanted->object, has ? SEAL_ID : 0);
    st = db_step(stmt, &row, err);
    db_reset(stmt);
    return st == ENVRES_OK && row == DB_ROW ? config_exchanged(wanted->name, err) : st;
}

/* ---- reading -------------------------------------------------------------------------------- */

envres_status
setting_row_keep(const struct setting *from, struct setting_row *out, envres_error *err)
{
    struct slice *parts[] = { &out->setting.field, &out->setting.name, &out->setting.kind,
                              &out->setting.record };
    out->setting = *from;
    if (!buf_reserve(&out->bytes,
                     from->field.len + from->name.len + from->kind.len + from->record.len))
        return buf_status(&out->bytes, err);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct slice part = *parts[i];
        parts[i]->data = out->bytes.data + out->bytes.len;
        buf_add(&out->bytes, part.data, part.len);
    }
    return buf_status(&out->bytes, err);
}

void
setting_row_free(struct setting_row *row)
{
    buf_free(&row->bytes);
}

envres_status
config_seek(struct context *ctx, const struct environment *environment,
            const uint8_t object[SEAL_ID], struct slice field, struct db_stmt **out, int *row,
            envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, config_sql[SQL_CURRENT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment->id, SEAL_ID);
    db_bind_blob(stmt, 2, object, SEAL_ID);
    db_bind_text(stmt, 3, field.data, field.len);
    *out = stmt;
    return db_step(stmt, row, err);
}

envres_status
config_current(struct context *ctx, const struct environment *environment,
               const struct object *object, struct slice field, bool *found,
               struct setting_row *out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    struct setting setting;
    struct setting wanted = { .object_class = object->object_class,
                              .field = field,
                              .name = slice_str(object->name) };
    int row = DB_DONE;
    memcpy(wanted.object, object->id, SEAL_ID);
    memset(out, 0, sizeof(*out));
    *found = false;
    buf_init(&out->bytes, ctx->mem, false);
    envres_status st = config_seek(ctx, environment, object->id, field, &stmt, &row, err);
    if (st < 0)
        return st;
    if (row == DB_DONE)
        return config_check_name(ctx, environment, &wanted, NULL, err);
    st = config_read_row(stmt, &setting, err);
    if (st == ENVRES_OK)
        st = config_check_name(ctx, environment, &wanted, &setting, err);
    if (st == ENVRES_OK)
        st = setting_row_keep(&setting, out, err);
    db_reset(stmt);
    if (st < 0)
        setting_row_free(out);
    else
        *found = true;
    return st;
}

envres_status
config_need_variable(struct context *ctx, const struct environment *environment, struct slice name,
                     struct object *out, envres_error *err)
{
    struct setting wanted = { .object_class = OBJECT_VARIABLE,
                              .field = slice_str(""),
                              .name = name };
    bool found = false;
    envres_status st = object_find(ctx, OBJECT_VARIABLE, name, &found, out, err);
    if (st < 0 || found)
        return st;
    st = config_check_name(ctx, environment, &wanted, NULL, err);
    return st < 0 ? st : object_need(ctx, OBJECT_VARIABLE, name, out, err);
}

static bool
same_setting(const struct setting *a, const struct setting *b)
{
    return memcmp(a->object, b->object, SEAL_ID) == 0 && slice_equal(a->field, b->field);
}

static envres_status
each_current(struct db_stmt *stmt, const struct env_keys *keys, struct head *sums, setting_fn each,
             void *user, envres_error *err)
{
    struct setting setting;
    uint8_t hash[SEAL_DIGEST];
    for (;;) {
        int row = DB_DONE;
        envres_status st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            return st;
        st = config_read_row(stmt, &setting, err);
        if (st == ENVRES_OK && ++sums->current_count > LIMIT_VARIABLES)
            st = err_set(err, ENVRES_E_LIMIT, "an environment has at most %d settings",
                         (int)LIMIT_VARIABLES);
        if (st == ENVRES_OK) {
            config_hash(keys, &setting, hash);
            head_toggle(sums->current, hash);
            st = each(user, &setting, err);
        }
        if (st < 0)
            return st;
    }
}

/*
 * All kept rows pass by, so that the sum over them can be compared; of each setting the newest row
 * at or before the revision is handed on. `until` is not trusted here.
 */
static envres_status
each_kept(struct context *ctx, struct db_stmt *stmt, const struct env_keys *keys, struct head *sums,
          int64_t revision, setting_fn each, void *user, envres_error *err)
{
    struct setting_row held = { .bytes = { .mem = NULL } };
    bool have = false;
    envres_status st = ENVRES_OK;
    buf_init(&held.bytes, ctx->mem, false);
    while (st == ENVRES_OK) {
        struct setting setting;
        uint8_t hash[SEAL_DIGEST];
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = config_read_row(stmt, &setting, err);
        if (st < 0)
            break;
        config_hash(keys, &setting, hash);
        head_toggle(sums->kept, hash);
        sums->kept_count++;
        if (have && !same_setting(&held.setting, &setting)) {
            st = each(user, &held.setting, err);
            have = false;
        }
        if (st == ENVRES_OK && setting.revision <= revision) {
            held.bytes.len = 0;
            st = setting_row_keep(&setting, &held, err);
            have = true;
        }
    }
    if (st == ENVRES_OK && have)
        st = each(user, &held.setting, err);
    setting_row_free(&held);
    return st;
}

/* An environment that is older than its audit says was put back from an older copy. */
static envres_status
was_put_back(struct context *ctx, const struct environment *environment, bool *out,
             envres_error *err)
{
    int64_t newest = 0;
    envres_status st =
        audit_newest_revision(ctx->db, ctx->workspace, environment->id, &newest, err);
    *out = st == ENVRES_OK && newest > environment->revision;
    return st;
}

envres_status
config_each(struct context *ctx, const struct environment *environment, const struct env_keys *keys,
            const struct head *head, int64_t revision, setting_fn each, void *user, bool *head_ok,
            envres_error *err)
{
    struct head sums = { .epoch = 0 };
    struct db_stmt *stmt = NULL;
    envres_status st =
        db_use(ctx->db, config_sql[revision > 0 ? SQL_EACH_KEPT : SQL_EACH_CURRENT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment->id, SEAL_ID);
    if (revision > 0)
        st = each_kept(ctx, stmt, keys, &sums, revision, each, user, err);
    else
        st = each_current(stmt, keys, &sums, each, user, err);
    db_reset(stmt);
    if (st < 0)
        return st;
    if (revision > 0)
        *head_ok =
            sums.kept_count == head->kept_count && seal_equal(sums.kept, head->kept, SEAL_DIGEST);
    else
        *head_ok = sums.current_count == head->current_count &&
                   seal_equal(sums.current, head->current, SEAL_DIGEST);
    bool put_back = false;
    st = was_put_back(ctx, environment, &put_back, err);
    *head_ok = *head_ok && !put_back;
    return st;
}

envres_status
config_each_kept(struct context *ctx, const struct environment *environment,
                 const struct env_keys *keys, const struct head *head, setting_fn each, void *user,
                 bool *head_ok, envres_error *err)
{
    struct head sums = { .epoch = 0 };
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, config_sql[SQL_EACH_KEPT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment->id, SEAL_ID);
    while (st == ENVRES_OK) {
        struct setting setting = { .revision = 0 };
        uint8_t hash[SEAL_DIGEST] = { 0 };
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = config_read_row(stmt, &setting, err);
        if (st < 0)
            break;
        config_hash(keys, &setting, hash);
        head_toggle(sums.kept, hash);
        sums.kept_count++;
        st = each(user, &setting, err);
    }
    db_reset(stmt);
    if (st == ENVRES_OK)
        *head_ok =
            sums.kept_count == head->kept_count && seal_equal(sums.kept, head->kept, SEAL_DIGEST);
    return st;
}

static envres_status
ignore_setting(void *user, const struct setting *setting, envres_error *err)
{
    (void)user;
    (void)setting;
    (void)err;
    return ENVRES_OK;
}

envres_status
config_mismatch(const struct environment *environment, envres_error *err)
{
    envres_status st =
        err_set(err, ENVRES_E_INTEGRITY, "the settings of %s are not those that were written",
                environment->key);
    err_subject(err, environment->key, strlen(environment->key));
    err_hint(err, "rows are missing or exchanged: run verify, then put a backup in its place");
    return st;
}

/* Every environment has somebody who holds its keys. One without is under an id that is not its
 * own, and none of its values would be found. */
static envres_status
check_granted(struct context *ctx, const struct environment *environment, envres_status denied,
              envres_error *err)
{
    bool any = false;
    envres_status st = env_keys_granted(ctx->db, environment->id, &any, NULL);
    if (st < 0)
        return err_code(err, st);
    return any ? denied : config_mismatch(environment, err);
}

envres_status
config_check(struct context *ctx, const struct environment *environment, envres_error *err)
{
    struct env_keys *keys = NULL;
    struct head head = { 0 };
    bool ok = false;
    envres_status st = environment_head(ctx, environment, &keys, &head, err);
    if (st == ENVRES_OK)
        st = config_each(ctx, environment, keys, &head, 0, ignore_setting, NULL, &ok, err);
    if (st == ENVRES_OK && !ok) {
        st = config_mismatch(environment, err);
    }
    return st == ENVRES_E_DENIED ? check_granted(ctx, environment, st, err) : st;
}

envres_status
config_check_all(struct context *ctx, const struct environment *rows, size_t count,
                 envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        st = config_check(ctx, &rows[i], err);
        if (st == ENVRES_E_DENIED) {
            envres_error_clear(err);
            st = ENVRES_OK;
        }
    }
    return st;
}

envres_status
config_history(struct context *ctx, const struct environment *environment,
               const uint8_t object[SEAL_ID], setting_fn each, void *user, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, config_sql[SQL_HISTORY], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment->id, SEAL_ID);
    db_bind_blob(stmt, 2, object, SEAL_ID);
    while (st == ENVRES_OK) {
        struct setting setting;
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = config_read_row(stmt, &setting, err);
        if (st == ENVRES_OK)
            st = each(user, &setting, err);
    }
    db_reset(stmt);
    return st;
}

/* What is found by the id of an object is all that is there of it, and nothing of its name is set
 * under another id: it would seem not to be. */
static envres_status
check_fields(struct context *ctx, const struct environment *environment,
             const struct object *object, int64_t found, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    int64_t current = -1;
    envres_status st = db_use(ctx->db, config_sql[SQL_FIELDS], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment->id, SEAL_ID);
    db_bind_text(stmt, 2, object->name, strlen(object->name));
    db_bind_int(stmt, 3, object->object_class);
    db_bind_blob(stmt, 4, object->id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW)
        current = db_column_int(stmt, 0);
    db_reset(stmt);
    return st < 0 || current == found ? st : context_damaged_index(err);
}

envres_status
config_each_field(struct context *ctx, const struct environment *environment,
                  const struct object *object, setting_fn each, void *user, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    char field[LIMIT_NAME + 1] = "";
    size_t len = 0;
    int64_t found = 0;
    envres_status st = db_use(ctx->db, config_sql[SQL_NEXT_FIELD], &stmt, err);
    while (st == ENVRES_OK) {
        struct setting setting = { .revision = 0 };
        int row = DB_DONE;
        db_bind_blob(stmt, 1, environment->id, SEAL_ID);
        db_bind_blob(stmt, 2, object->id, SEAL_ID);
        db_bind_text(stmt, 3, field, len);
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        found++;
        st = config_read_row(stmt, &setting, err);
        if (st == ENVRES_OK) {
            len = setting.field.len;
            memcpy(field, setting.field.data, len);
            st = each(user, &setting, err);
        }
        db_reset(stmt);
    }
    return st < 0 ? st : check_fields(ctx, environment, object, found, err);
}

envres_status
config_each_name(struct context *ctx, name_fn each, void *user, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, config_sql[SQL_NAMES], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    while (st == ENVRES_OK) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = each(user,
                  db_column_int(stmt, 0) == OBJECT_VARIABLE ? OBJECT_VARIABLE : OBJECT_RESOURCE,
                  db_column_text(stmt, 1), err);
    }
    db_reset(stmt);
    return st;
}

static envres_status
use_others(struct context *ctx, int sql, const struct environment *environment,
           struct db_stmt **stmt, envres_error *err)
{
    envres_status st = db_use(ctx->db, config_sql[sql], stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(*stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_blob(*stmt, 2, environment->id, SEAL_ID);
    return ENVRES_OK;
}

/* Hands on class, name and environment of each row; counts them. */
static envres_status
each_other(struct db_stmt *stmt, other_fn each, void *user, size_t *rows, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (*rows = 0; st == ENVRES_OK; ++*rows) {
        uint8_t id[SEAL_ID] = { 0 };
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = column_id(stmt, 2, id, err);
        if (st == ENVRES_OK)
            st = each(user,
                      db_column_int(stmt, 0) == OBJECT_VARIABLE ? OBJECT_VARIABLE : OBJECT_RESOURCE,
                      db_column_text(stmt, 1), id, err);
    }
    db_reset(stmt);
    return st;
}

envres_status
config_others(struct context *ctx, const struct environment *environment, size_t limit,
              other_fn each, void *user, bool *all, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    size_t rows = 0;
    envres_status st = use_others(ctx, SQL_OTHERS, environment, &stmt, err);
    if (st < 0)
        return st;
    db_bind_int(stmt, 3, (int64_t)limit);
    st = each_other(stmt, each, user, &rows, err);
    *all = rows < limit;
    return st;
}

envres_status
config_others_with(struct context *ctx, const struct environment *environment,
                   enum object_class object_class, struct slice name, other_fn each, void *user,
                   envres_error *err)
{
    struct db_stmt *stmt = NULL;
    size_t rows = 0;
    envres_status st = use_others(ctx, SQL_OTHERS_WITH, environment, &stmt, err);
    if (st < 0)
        return st;
    db_bind_int(stmt, 3, object_class);
    db_bind_text(stmt, 4, name.data, name.len);
    return each_other(stmt, each, user, &rows, err);
}

/* ---- verify --------------------------------------------------------------------------------- */

struct verifier {
    struct context *ctx;
    const struct environment *environment;
    const struct env_keys *keys;
    db_finding_fn finding;
    void *user;
    int64_t newest_time; /* of the rows of the newest revision, */
    bool has_newest;     /* if there are any */
};

static void
report(const struct verifier *v, const char *code, const struct setting *setting,
       const char *message)
{
    struct buf object;
    buf_init(&object, v->ctx->mem, false);
    buf_add_str(&object, setting->object_class == OBJECT_VARIABLE ? "variable/" : "resource/");
    buf_add(&object, setting->name.data, setting->name.len);
    if (setting->field.len > 0) {
        buf_add_char(&object, '/');
        buf_add(&object, setting->field.data, setting->field.len);
    }
    buf_add_str(&object, " in ");
    buf_add_str(&object, v->environment->key);
    buf_add_char(&object, '\0');
    v->finding(v->user, code, object.failed ? "setting" : object.data, message);
    buf_free(&object);
}

envres_status
config_check_setting(const struct mem *mem, const struct env_keys *keys,
                     const struct setting *setting, envres_error *err)
{
    const uint8_t *key = NULL;
    struct seal_label label = config_label(keys, setting);
    if (!setting->is_set && setting->record.len > 0)
        return err_set(err, ENVRES_E_INTEGRITY, "a row without a value has a record");
    if (!setting->is_set)
        return ENVRES_OK;
    envres_status st = config_key(keys, setting, &key, err);
    if (st == ENVRES_E_DENIED)
        return ENVRES_OK;
    return st < 0 ? st
                  : unseal_check(mem, key, &label, setting->content, setting->record.data,
                                 setting->record.len, err);
}

static envres_status
verify_setting(void *user, const struct setting *setting, envres_error *err)
{
    struct verifier *v = user;
    if (setting->revision == v->environment->revision) {
        v->has_newest = true;
        v->newest_time = setting->time;
    }
    envres_status st = config_check_setting(v->ctx->mem, v->keys, setting, err);
    if (st == ENVRES_E_NOMEM)
        return st;
    if (st < 0)
        report(v, envres_status_name(st), setting, "its record does not verify");
    return ENVRES_OK;
}

static envres_status
verify_rows(struct verifier *v, const struct head *head, envres_error *err)
{
    bool ok = false;
    envres_status st =
        config_each_kept(v->ctx, v->environment, v->keys, head, verify_setting, v, &ok, err);
    if (st == ENVRES_OK && !ok)
        v->finding(v->user, "ENVRES_E_INTEGRITY", v->environment->key,
                   "the rows kept are not those that were written");
    return st;
}

/* An environment and the audit are of one time: neither was put back, nor was the end of the audit
 * cut off. Rows have the time of their change's entry; a revision has at least one row. */
static envres_status
verify_age(const struct verifier *v, bool current_ok, envres_error *err)
{
    const struct environment *environment = v->environment;
    struct context *ctx = v->ctx;
    bool put_back = false;
    bool has_entry = true;
    int64_t rotations = 0;
    envres_status st = was_put_back(ctx, environment, &put_back, err);
    if (st == ENVRES_OK && put_back)
        v->finding(v->user, "ENVRES_E_INTEGRITY", environment->key,
                   "the audit has changes newer than the environment: it was put back");
    else if (st == ENVRES_OK && !current_ok)
        v->finding(v->user, "ENVRES_E_INTEGRITY", environment->key,
                   "the current settings are not those that were written");
    if (st == ENVRES_OK && v->has_newest)
        st = audit_has_time(ctx->db, ctx->workspace, v->newest_time, &has_entry, err);
    if (st == ENVRES_OK && !has_entry)
        v->finding(v->user, "ENVRES_E_INTEGRITY", environment->key,
                   "its newest change is not in the audit: the end of that was cut off");
    if (st == ENVRES_OK)
        st = audit_count(ctx->db, ctx->workspace, environment->id, "key.rotate", &rotations, err);
    if (st == ENVRES_OK && rotations + 1 > (int64_t)environment->generation)
        v->finding(v->user, "ENVRES_E_INTEGRITY", environment->key,
                   "the audit has more rotations than the keys: older keys were put back");
    return st;
}

envres_status
config_verify(struct context *ctx, const struct environment *environment, db_finding_fn finding,
              void *user, envres_error *err)
{
    struct verifier v = {
        .ctx = ctx, .environment = environment, .finding = finding, .user = user
    };
    struct env_keys *keys = NULL;
    struct head head = { 0 };
    bool ok = false;
    envres_status st = environment_head(ctx, environment, &keys, &head, err);
    if (st == ENVRES_E_DENIED)
        return ENVRES_OK; /* no key for it: nothing of it can be opened, nothing is claimed */
    if (st == ENVRES_E_INTEGRITY) {
        finding(user, "ENVRES_E_INTEGRITY", environment->key, "its head does not verify");
        return ENVRES_OK;
    }
    if (st < 0)
        return st;
    v.keys = keys;
    st = config_each(ctx, environment, keys, &head, 0, ignore_setting, NULL, &ok, err);
    if (st == ENVRES_OK)
        st = verify_rows(&v, &head, err);
    if (st == ENVRES_OK)
        st = verify_age(&v, ok, err);
    return st;
}
