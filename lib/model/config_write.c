/* SPDX-License-Identifier: MIT */
/*
 * Settings, as they are written. Invariants: a row is written once; in the same step the row that
 * it follows gets its `until`, and the head the hashes of both. What is written between
 * config_begin() and config_end() is one revision.
 */
#include "model/config.h"

#include <string.h>

enum { SQL_SUPERSEDE, SQL_INSERT, SQL_COUNT_ };

static const char *const write_sql[SQL_COUNT_] = {
    [SQL_SUPERSEDE] = "UPDATE setting SET until = ?5 WHERE environment_id = ?1 AND object_id = ?2"
                      " AND field = ?3 AND revision = ?4",
    [SQL_INSERT] = "INSERT INTO setting (environment_id, object_id, field, revision, until, state,"
                   " class, name, kind, secret, content, record, author, time)"
                   " VALUES (?1, ?2, ?3, ?4, NULL, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
};

envres_status
config_begin(struct change *change, struct environment *environment, struct config_writer *out,
             envres_error *err)
{
    struct config_writer writer = { .change = change, .environment = environment };
    envres_status st = change_asks(change, ACTION_EDIT, environment, err);
    if (st == ENVRES_OK)
        st = environment_head(change->ctx, environment, &writer.keys, &writer.head, err);
    if (st < 0)
        return st;
    writer.revision = environment->revision + 1;
    *out = writer;
    return ENVRES_OK;
}

/*
 * The environment is noted when it is another than before; a length of 0 in the place of a fact's
 * name says that a setting follows.
 */
void
config_note(struct config_writer *writer, const struct setting *setting, int64_t revision)
{
    struct gate *gate = &writer->change->gate;
    struct buf *base = &gate->base;
    if (!gate->has_settings_of ||
        memcmp(gate->settings_of, writer->environment->id, SEAL_ID) != 0) {
        change_builds_on(writer->change, "environment", writer->environment->id, SEAL_ID);
        memcpy(gate->settings_of, writer->environment->id, SEAL_ID);
        gate->has_settings_of = true;
    }
    buf_add_u32(base, 0);
    buf_add_text(base, setting->name.data, setting->name.len);
    buf_add_text(base, setting->field.data, setting->field.len);
    buf_add_u64(base, (uint64_t)revision);
    buf_add_char(base, (char)setting->object_class);
}

/* Takes the present row out of the current set. */
static envres_status
supersede(struct config_writer *writer, const struct setting *setting, envres_error *err)
{
    struct context *ctx = writer->change->ctx;
    struct db_stmt *stmt = NULL;
    struct setting old = { .revision = 0 };
    uint8_t hash[SEAL_DIGEST] = { 0 };
    int row = DB_DONE;
    envres_status st =
        config_seek(ctx, writer->environment, setting->object, setting->field, &stmt, &row, err);
    if (st < 0)
        return st;
    if (row == DB_DONE) {
        config_note(writer, setting, 0);
        return config_check_name(ctx, writer->environment, setting, NULL, err);
    }
    st = config_read_row(stmt, &old, err);
    if (st == ENVRES_OK && !writer->renames)
        st = config_check_name(ctx, writer->environment, setting, &old, err);
    if (st == ENVRES_OK) {
        config_note(writer, &old, old.revision);
        config_hash(writer->keys, &old, hash);
        head_toggle(writer->head.current, hash);
        writer->head.current_count--;
    }
    db_reset(stmt);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, write_sql[SQL_SUPERSEDE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, writer->environment->id, SEAL_ID);
    db_bind_blob(stmt, 2, setting->object, SEAL_ID);
    db_bind_text(stmt, 3, setting->field.data, setting->field.len);
    db_bind_int(stmt, 4, old.revision);
    db_bind_int(stmt, 5, writer->revision);
    return db_run(stmt, err);
}

static envres_status
insert_setting(struct config_writer *writer, const struct setting *setting, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(writer->change->ctx->db, write_sql[SQL_INSERT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, writer->environment->id, SEAL_ID);
    db_bind_blob(stmt, 2, setting->object, SEAL_ID);
    db_bind_text(stmt, 3, setting->field.data, setting->field.len);
    db_bind_int(stmt, 4, setting->revision);
    db_bind_int(stmt, 5, config_state(setting));
    db_bind_int(stmt, 6, setting->object_class);
    db_bind_text(stmt, 7, setting->name.data, setting->name.len);
    db_bind_text(stmt, 8, setting->kind.data, setting->kind.len);
    db_bind_int(stmt, 9, setting->secret);
    db_bind_blob(stmt, 10, setting->content, SEAL_DIGEST);
    db_bind_blob(stmt, 11, setting->record.data, setting->record.len);
    db_bind_blob(stmt, 12, setting->author, SEAL_ID);
    db_bind_int(stmt, 13, setting->time);
    return db_run(stmt, err);
}

envres_status
config_seal(struct config_writer *writer, struct setting *setting, struct slice value,
            struct buf *record, envres_error *err)
{
    setting->revision = writer->revision;
    setting->time = writer->change->now;
    memcpy(setting->author, writer->author ? writer->author : context_who(writer->change->ctx),
           SEAL_ID);
    memset(setting->content, 0, SEAL_DIGEST);
    if (!setting->is_set)
        return ENVRES_OK;
    const uint8_t *key = env_keys_data(writer->keys, setting->secret);
    struct seal_label label = config_label(writer->keys, setting);
    if (!key)
        return err_set(err, ENVRES_E_DENIED, "no key for the secrets of %s",
                       writer->environment->key);
    return seal_record(key, writer->keys->generation, &label, value, record, setting->content, err);
}

void
config_added(struct config_writer *writer, const struct setting *setting)
{
    uint8_t hash[SEAL_DIGEST] = { 0 };
    config_hash(writer->keys, setting, hash);
    head_toggle(writer->head.current, hash);
    head_toggle(writer->head.kept, hash);
    writer->head.current_count++;
    writer->head.kept_count++;
    writer->written++;
}

envres_status
config_put(struct config_writer *writer, const struct setting *given, struct slice value,
           envres_error *err)
{
    struct setting setting = *given;
    struct buf record = { .mem = NULL };
    buf_init(&record, writer->change->ctx->mem, false);
    envres_status st = config_seal(writer, &setting, value, &record, err);
    if (st == ENVRES_OK)
        st = buf_status(&record, err);
    setting.record = slice_of(record.data, record.len);
    if (st == ENVRES_OK)
        st = supersede(writer, &setting, err);
    if (st == ENVRES_OK)
        st = insert_setting(writer, &setting, err);
    if (st == ENVRES_OK)
        config_added(writer, &setting);
    buf_free(&record);
    return st;
}

envres_status
config_end(struct config_writer *writer, envres_error *err)
{
    writer->change->revision = writer->environment->revision;
    if (writer->written == 0)
        return ENVRES_OK;
    change_needs(writer->change, ACTION_EDIT, writer->environment, writer->environment->approvals);
    writer->environment->revision = writer->revision;
    writer->change->revision = writer->revision;
    return environment_store_head(writer->change->ctx, writer->environment, writer->keys,
                                  &writer->head, err);
}
