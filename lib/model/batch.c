/* SPDX-License-Identifier: MIT */
/*
 * Many new variables at once.
 *
 *   name -> in a gap that is known?  else the next name there is -> new: sealed, waits
 *   32 wait -> one INSERT of their objects, one of their settings
 *
 * Within one statement SQLite keeps its place in table and indexes from row to row, and checks and
 * locks once: a row costs little more than half of what it costs alone. Names in their order and
 * ids that grow make that place the next one. Without either all is as true, and slower.
 *
 * Not here: names that have an object, whose rows follow others (config_put()).
 */
#include "model/batch.h"

#include <assert.h>
#include <string.h>

enum { SQL_NEXT_ROW, SQL_OBJECT, SQL_OBJECTS, SQL_SETTING, SQL_SETTINGS, SQL_COUNT_ };

/* Large values are written at once: what waits is held in memory. */
enum { RECORDS_MAX = 256 * 1024 };

#define ALL(row)  FOUR(FOUR(TWO(row)))
#define FOUR(row) row "," row "," row "," row
#define TWO(row)  row "," row

/* A parameter without a number has the one behind the highest so far, and a connection takes two
 * hundred of them: 4 for all rows, 6 for each. */
static_assert(4 + 6 * BATCH_ROWS <= 200 && BATCH_ROWS == 32, "the statements have these rows");

#define OBJECT_ROWS(rows)                                                                          \
    "INSERT INTO object (workspace_id, created_at, id, name, kind, secret, class) VALUES " rows
#define OBJECT_ROW "(?1, ?2, ?, ?, ?, ?, 1)"
#define SETTING_ROWS(rows)                                                                         \
    "INSERT INTO setting (environment_id, revision, author, time, object_id, name, kind, secret,"  \
    " content, record, field, until, state, class) VALUES " rows
#define SETTING_ROW "(?1, ?2, ?3, ?4, ?, ?, ?, ?, ?, ?, '', NULL, 1, 1)"

static const char *const batch_sql[SQL_COUNT_] = {
    [SQL_NEXT_ROW] = "SELECT name FROM setting WHERE environment_id = ?1 AND name >= ?2"
                     " AND until IS NULL ORDER BY name LIMIT 1",
    [SQL_OBJECT] = OBJECT_ROWS(OBJECT_ROW),
    [SQL_OBJECTS] = OBJECT_ROWS(ALL(OBJECT_ROW)),
    [SQL_SETTING] = SETTING_ROWS(SETTING_ROW),
    [SQL_SETTINGS] = SETTING_ROWS(ALL(SETTING_ROW)),
};

void
batch_init(struct batch *batch, struct config_writer *writer)
{
    memset(batch, 0, sizeof(*batch));
    batch->writer = writer;
    buf_init(&batch->records, writer->change->ctx->mem, false);
}

void
batch_free(struct batch *batch)
{
    buf_free(&batch->records);
}

/* ---- gaps between names --------------------------------------------------------------------- */

static bool
is_covered(const struct batch_gap *gap, struct slice name)
{
    return gap->known && slice_compare(name, slice_of(gap->from, gap->from_len)) >= 0 &&
           (gap->to_len == 0 || slice_compare(name, slice_of(gap->to, gap->to_len)) <= 0);
}

static bool
is_end(const struct batch_gap *gap, struct slice name)
{
    return gap->to_len > 0 && slice_equal(name, slice_of(gap->to, gap->to_len));
}

/* Names are checked before: they are not longer than the limit, and not empty. */
static void
set_gap(struct batch_gap *gap, struct slice from, const char *to)
{
    memcpy(gap->from, from.data, from.len);
    gap->from_len = from.len;
    gap->to_len = to ? strlen(to) : 0;
    if (to)
        memcpy(gap->to, to, gap->to_len + 1);
    gap->known = true;
}

envres_status
batch_find(struct batch *batch, struct slice name, bool *found, struct object *out,
           envres_error *err)
{
    if (!is_covered(&batch->objects, name)) {
        bool any = false;
        struct context *ctx = batch->writer->change->ctx;
        envres_status st = object_find_from(ctx, OBJECT_VARIABLE, name, &any, &batch->found, err);
        /* The next name may be the one that cannot be read: this one is asked for alone. */
        if (st == ENVRES_E_CORRUPT) {
            envres_error_clear(err);
            batch->objects.known = false;
            return object_find(ctx, OBJECT_VARIABLE, name, found, out, err);
        }
        if (st < 0)
            return st;
        set_gap(&batch->objects, name, any ? batch->found.name : NULL);
    }
    *found = is_end(&batch->objects, name);
    if (*found)
        *out = batch->found;
    return ENVRES_OK;
}

/* The first name at or behind this one that has a current row, be it of a value that was taken away
 * or of a resource: one step, however many of those there are. */
static envres_status
next_row(struct batch *batch, struct slice name, bool *found, char out[LIMIT_NAME + 1],
         envres_error *err)
{
    struct config_writer *writer = batch->writer;
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(writer->change->ctx->db, batch_sql[SQL_NEXT_ROW], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, writer->environment->id, SEAL_ID);
    db_bind_text(stmt, 2, name.data, name.len);
    st = db_step(stmt, &row, err);
    *found = st == ENVRES_OK && row == DB_ROW;
    if (*found) {
        st = column_name(stmt, 0, out, LIMIT_NAME + 1, err);
        db_reset(stmt);
    }
    return st;
}

/* INTEGRITY where a name without an object has a value all the same. */
static envres_status
check_unset(struct batch *batch, const struct setting *wanted, envres_error *err)
{
    const struct config_writer *writer = batch->writer;
    if (!is_covered(&batch->settings, wanted->name)) {
        char next[LIMIT_NAME + 1] = "";
        bool any = false;
        envres_status st = next_row(batch, wanted->name, &any, next, err);
        if (st == ENVRES_E_CORRUPT) {
            envres_error_clear(err);
            batch->settings.known = false;
            return config_check_name(writer->change->ctx, writer->environment, wanted, NULL, err);
        }
        if (st < 0)
            return st;
        set_gap(&batch->settings, wanted->name, any ? next : NULL);
    }
    if (!is_end(&batch->settings, wanted->name))
        return ENVRES_OK;
    return config_check_name(writer->change->ctx, writer->environment, wanted, NULL, err);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static envres_status
write_objects(const struct batch *batch, const char *sql, size_t first, size_t count,
              envres_error *err)
{
    const struct change *change = batch->writer->change;
    struct db_stmt *stmt = NULL;
    int at = 2;
    envres_status st = db_use(change->ctx->db, sql, &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, change->ctx->workspace, SEAL_ID);
    db_bind_int(stmt, 2, change->now);
    for (size_t i = first; i < first + count; i++) {
        const struct object *object = &batch->rows[i].object;
        db_bind_blob(stmt, ++at, object->id, SEAL_ID);
        db_bind_text(stmt, ++at, object->name, strlen(object->name));
        db_bind_text(stmt, ++at, object->kind, strlen(object->kind));
        db_bind_int(stmt, ++at, object->secret);
    }
    return db_run(stmt, err);
}

static envres_status
write_settings(const struct batch *batch, const char *sql, size_t first, size_t count,
               envres_error *err)
{
    const struct config_writer *writer = batch->writer;
    struct db_stmt *stmt = NULL;
    int at = 4;
    envres_status st = db_use(writer->change->ctx->db, sql, &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, writer->environment->id, SEAL_ID);
    db_bind_int(stmt, 2, writer->revision);
    db_bind_blob(stmt, 3, batch->author, SEAL_ID);
    db_bind_int(stmt, 4, writer->change->now);
    for (size_t i = first; i < first + count; i++) {
        const struct batch_row *row = &batch->rows[i];
        db_bind_blob(stmt, ++at, row->object.id, SEAL_ID);
        db_bind_text(stmt, ++at, row->object.name, strlen(row->object.name));
        db_bind_text(stmt, ++at, row->object.kind, strlen(row->object.kind));
        db_bind_int(stmt, ++at, row->object.secret);
        db_bind_blob(stmt, ++at, row->content, SEAL_DIGEST);
        db_bind_blob(stmt, ++at, batch->records.data + row->record_at, row->record_len);
    }
    return db_run(stmt, err);
}

envres_status
batch_end(struct batch *batch, envres_error *err)
{
    envres_status st = ENVRES_OK;
    bool full = batch->count == BATCH_ROWS;
    size_t step = full ? BATCH_ROWS : 1;
    for (size_t i = 0; st == ENVRES_OK && i < batch->count; i += step) {
        st = write_objects(batch, batch_sql[full ? SQL_OBJECTS : SQL_OBJECT], i, step, err);
        if (st == ENVRES_OK)
            st = write_settings(batch, batch_sql[full ? SQL_SETTINGS : SQL_SETTING], i, step, err);
    }
    batch->count = 0;
    batch->records.len = 0;
    return st;
}

envres_status
batch_add(struct batch *batch, const struct object *object, struct slice value, envres_error *err)
{
    struct config_writer *writer = batch->writer;
    struct batch_row *row = &batch->rows[batch->count];
    row->object = *object;
    object_new_id(writer->change->ctx, writer->change->now, row->object.id);
    struct setting setting = {
        .object_class = OBJECT_VARIABLE,
        .is_set = true,
        .secret = object->secret,
        .field = slice_str(""),
        .name = slice_str(row->object.name),
        .kind = slice_str(row->object.kind),
    };
    memcpy(setting.object, row->object.id, SEAL_ID);
    envres_status st = check_unset(batch, &setting, err);
    if (st < 0)
        return st;
    row->record_at = batch->records.len;
    st = config_seal(writer, &setting, value, &batch->records, err);
    if (st == ENVRES_OK)
        st = buf_status(&batch->records, err);
    if (st < 0)
        return st;
    row->record_len = batch->records.len - row->record_at;
    memcpy(row->content, setting.content, SEAL_DIGEST);
    memcpy(batch->author, setting.author, SEAL_ID);
    config_note(writer, &setting, 0);
    config_added(writer, &setting);
    batch->count++;
    bool is_full = batch->count == BATCH_ROWS || batch->records.len > RECORDS_MAX;
    return is_full ? batch_end(batch, err) : ENVRES_OK;
}
