/* SPDX-License-Identifier: MIT */
/*
 * Rotation: keys of the next generation, every record sealed anew under them, the older keys
 * erased. Invariants: how far it got is read from the records and grants alone; a record is taken
 * to a higher generation or stays as it is; keys are erased when no record of theirs is left; the
 * rows must be those of the head before they get a new one, or what was tampered with would be
 * taken for good. Content commitments stay, so that releases do.
 *
 * Not here: who gets which key (principal.c), and undoing what was read: only new values do that.
 */
#include "model/rotate.h"

#include <string.h>

#include "base/limits.h"
#include "base/list.h"
#include "guard/approval.h"
#include "guard/env_key.h"
#include "guard/generation.h"
#include "model/change.h"
#include "model/config.h"
#include "model/principal.h"

enum {
    SQL_OLDER,
    SQL_COUNT_OLDER,
    SQL_OF_GENERATION,
    SQL_LEFT,
    SQL_ROW,
    SQL_RESEAL,
    SQL_GENERATION,
    SQL_EXPOSURE,
    SQL_COUNT_
};

/* A record names its generation in its bytes 4 to 7. The table itself is walked, no index of it: a
 * row that an index does not show must not lose its keys. */
static const char *const rotate_sql[SQL_COUNT_] = {
    [SQL_OLDER] = "SELECT rowid FROM setting NOT INDEXED WHERE environment_id = ?1 AND rowid > ?3"
                  " AND length(record) > 0 AND substr(record, 5, 4) <> ?2 ORDER BY rowid LIMIT ?4",
    [SQL_COUNT_OLDER] = "SELECT count(*) FROM setting NOT INDEXED WHERE environment_id = ?1"
                        " AND length(record) > 0 AND substr(record, 5, 4) <> ?2",
    [SQL_OF_GENERATION] = "SELECT 1 FROM setting NOT INDEXED WHERE environment_id = ?1"
                          " AND substr(record, 5, 4) = ?2 LIMIT 1",
    [SQL_LEFT] = "SELECT 1 FROM key_past k JOIN env_key e ON e.environment_id = k.environment_id"
                 " WHERE k.environment_id = ?1 AND e.generation = ?2"
                 " AND k.withdrawn_at >= e.created_at"
                 " AND NOT EXISTS (SELECT 1 FROM key_grant g WHERE g.environment_id = ?1"
                 " AND g.generation = ?2 AND g.class = k.class"
                 " AND g.principal_id = k.principal_id) LIMIT 1",
    [SQL_ROW] = "SELECT " SETTING_COLUMNS " FROM setting NOT INDEXED WHERE rowid = ?1",
    [SQL_RESEAL] = "UPDATE setting SET record = ?2 WHERE rowid = ?1",
    [SQL_GENERATION] = "UPDATE environment SET generation = ?2 WHERE id = ?1",
    [SQL_EXPOSURE] =
        "SELECT " SETTING_COLUMNS ", holder, withdrawn_at FROM"
        " (SELECT k.withdrawn_at, p.name AS holder FROM key_past k"
        " JOIN principal p ON p.id = k.principal_id AND p.workspace_id = ?2"
        " WHERE k.environment_id = ?1 AND k.class = 2"
        " AND NOT EXISTS (SELECT 1 FROM key_grant g WHERE g.environment_id = k.environment_id"
        " AND g.class = 2 AND g.principal_id = k.principal_id))"
        " JOIN setting WHERE environment_id = ?1 AND until IS NULL AND state = 1 AND secret = 1"
        " ORDER BY class, name, field, withdrawn_at, holder",
};

/* ---- records of older generations ----------------------------------------------------------- */

struct older {
    struct context *ctx;
    const struct environment *environment;
    const struct env_keys *keys; /* the newest, those of older generations behind them */
    int64_t rows[LIMIT_RESEALS];
    size_t count;
    int64_t last; /* the row that was reached */
};

/* The bytes of a record that name a generation. */
static void
write_generation(uint32_t generation, uint8_t out[4])
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(generation >> (8 * i));
}

static envres_status
use_with(struct older *older, int sql, uint32_t generation, uint8_t bytes[4], struct db_stmt **out,
         envres_error *err)
{
    envres_status st = db_use(older->ctx->db, rotate_sql[sql], out, err);
    if (st < 0)
        return st;
    write_generation(generation, bytes);
    db_bind_blob(*out, 1, older->environment->id, SEAL_ID);
    db_bind_blob(*out, 2, bytes, 4);
    return ENVRES_OK;
}

/* The next rows behind the last one whose records are not of the newest generation. */
static envres_status
next_rows(struct older *older, size_t most, envres_error *err)
{
    uint8_t bytes[4] = { 0 };
    struct db_stmt *stmt = NULL;
    older->count = 0;
    envres_status st = use_with(older, SQL_OLDER, older->keys->generation, bytes, &stmt, err);
    if (st < 0)
        return st;
    db_bind_int(stmt, 3, older->last);
    db_bind_int(stmt, 4, (int64_t)most);
    while (st == ENVRES_OK && older->count < most) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        older->rows[older->count++] = db_column_int(stmt, 0);
    }
    db_reset(stmt);
    if (st == ENVRES_OK && older->count > 0)
        older->last = older->rows[older->count - 1];
    return st;
}

/* One number of a query over the records. */
static envres_status
ask(struct older *older, int sql, uint32_t generation, int64_t *out, envres_error *err)
{
    uint8_t bytes[4] = { 0 };
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = use_with(older, sql, generation, bytes, &stmt, err);
    if (st == ENVRES_OK)
        st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    *out = row == DB_ROW ? db_column_int(stmt, 0) : 0;
    db_reset(stmt);
    return ENVRES_OK;
}

/* Opens the record of a row and appends it, sealed under the newest keys, to `out`. */
static envres_status
seal_row(struct older *older, int64_t row_id, struct buf *out, envres_error *err)
{
    struct setting setting = { .revision = 0 };
    struct seal_change keys = { .generation = older->keys->generation };
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(older->ctx->db, rotate_sql[SQL_ROW], &stmt, err);
    if (st < 0)
        return st;
    db_bind_int(stmt, 1, row_id);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st < 0 ? st : err_set(err, ENVRES_E_CORRUPT, "a row that was found is not there");
    st = config_read_row(stmt, &setting, err);
    if (st == ENVRES_OK)
        st = config_key(older->keys, &setting, &keys.from, err);
    if (st == ENVRES_OK) {
        struct seal_label label = config_label(older->keys, &setting);
        keys.to = env_keys_data(older->keys, setting.secret);
        st = seal_again(older->ctx->mem, &keys, &label, setting.content, setting.record, out, err);
    }
    db_reset(stmt);
    return st;
}

/* It does not open, or its keys are not held: it stays as it is. */
static bool
is_of_the_record(envres_status st)
{
    return st == ENVRES_E_INTEGRITY || st == ENVRES_E_DENIED;
}

static envres_status
reseal_row(struct older *older, int64_t row_id, envres_error *err)
{
    struct buf record = { .mem = NULL };
    struct db_stmt *stmt = NULL;
    buf_init(&record, older->ctx->mem, false);
    envres_status st = seal_row(older, row_id, &record, err);
    if (st == ENVRES_OK)
        st = db_use(older->ctx->db, rotate_sql[SQL_RESEAL], &stmt, err);
    if (st == ENVRES_OK) {
        db_bind_int(stmt, 1, row_id);
        db_bind_blob(stmt, 2, record.data, record.len);
        st = db_run(stmt, err);
    }
    buf_free(&record);
    return st;
}

/* ---- beginning ------------------------------------------------------------------------------ */

/* Is there an older record that can still be sealed anew? *any: is there one at all? */
static envres_status
look_for_work(struct older *older, bool *any, bool *opens, envres_error *err)
{
    struct buf record = { .mem = NULL };
    envres_status st = next_rows(older, LIMIT_RESEALS, err);
    *any = *any || older->count > 0;
    buf_init(&record, older->ctx->mem, false);
    for (size_t i = 0; st == ENVRES_OK && !*opens && i < older->count; i++) {
        record.len = 0;
        st = seal_row(older, older->rows[i], &record, NULL);
        *opens = st == ENVRES_OK;
        if (is_of_the_record(st))
            st = ENVRES_OK;
        else if (st < 0)
            err_code(err, st);
    }
    buf_free(&record);
    return st;
}

/* Has somebody lost the newest keys, who was given them? Then they are to be replaced as well. */
static envres_status
has_leaver(struct older *older, bool *out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(older->ctx->db, rotate_sql[SQL_LEFT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, older->environment->id, SEAL_ID);
    db_bind_int(stmt, 2, older->keys->generation);
    st = db_step(stmt, &row, err);
    *out = row == DB_ROW;
    db_reset(stmt);
    return st;
}

/* Under way: there is work left, or only the erasing of the older keys. Records that nobody can
 * open do not keep keys from being made anew, nor does it when somebody left meanwhile. */
static envres_status
is_under_way(struct older *older, bool *out, envres_error *err)
{
    struct grant_label label = { older->keys->workspace, older->keys->environment,
                                 older->keys->generation, NULL, 0 };
    struct generations held = { .count = 0 };
    bool any = false;
    bool opens = false;
    bool left = false;
    envres_status st = has_leaver(older, &left, err);
    while (st == ENVRES_OK && !opens) {
        st = look_for_work(older, &any, &opens, err);
        if (older->count == 0)
            break;
    }
    if (st == ENVRES_OK)
        st = generations_older(older->ctx->db, &label, &held, err);
    *out = !left && (opens || (!any && held.count > 0));
    if (st < 0 || *out || held.count + 1 < LIMIT_GENERATIONS)
        return st;
    st = err_set(err, ENVRES_E_LIMIT, "keys of %d generations are still needed in %s",
                 (int)LIMIT_GENERATIONS, older->environment->key);
    err_subject(err, older->environment->key, strlen(older->environment->key));
    err_hint(err, "records that do not open keep them: run verify");
    return st;
}

/* The sums of the head under other keys. */
struct rehash {
    const struct env_keys *keys;
    struct head head;
};

static envres_status
add_current(void *user, const struct setting *setting, envres_error *err)
{
    struct rehash *rehash = user;
    uint8_t hash[SEAL_DIGEST] = { 0 };
    (void)err;
    config_hash(rehash->keys, setting, hash);
    head_toggle(rehash->head.current, hash);
    return ENVRES_OK;
}

static envres_status
add_kept(void *user, const struct setting *setting, envres_error *err)
{
    struct rehash *rehash = user;
    uint8_t hash[SEAL_DIGEST] = { 0 };
    (void)err;
    config_hash(rehash->keys, setting, hash);
    head_toggle(rehash->head.kept, hash);
    return ENVRES_OK;
}

static envres_status
rehash_rows(struct context *ctx, const struct environment *environment, const struct env_keys *old,
            const struct head *head, struct rehash *out, envres_error *err)
{
    bool current_ok = false;
    bool kept_ok = false;
    out->head = *head;
    memset(out->head.current, 0, SEAL_DIGEST);
    memset(out->head.kept, 0, SEAL_DIGEST);
    envres_status st =
        config_each(ctx, environment, old, head, 0, add_current, out, &current_ok, err);
    if (st == ENVRES_OK)
        st = config_each_kept(ctx, environment, old, head, add_kept, out, &kept_ok, err);
    return st < 0 || (current_ok && kept_ok) ? st : config_mismatch(environment, err);
}

static envres_status
store_generation(struct context *ctx, const struct environment *environment, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, rotate_sql[SQL_GENERATION], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment->id, SEAL_ID);
    db_bind_int(stmt, 2, environment->generation);
    return db_run(stmt, err);
}

/* The fresh keys are not kept in the context: until the commit they may come to nothing. */
static envres_status
renew_keys(struct change *change, struct environment *environment, const struct env_keys *old,
           const struct head *head, envres_error *err)
{
    struct context *ctx = change->ctx;
    struct env_keys *fresh = NULL;
    struct rehash rehash = { .keys = NULL };
    envres_status st =
        env_keys_renew(ctx->db, ctx->arena, ctx->mem, ctx->actor, old, change->now, &fresh, err);
    if (st < 0)
        return st;
    rehash.keys = fresh;
    st = rehash_rows(ctx, environment, old, head, &rehash, err);
    environment->generation = fresh->generation;
    if (st == ENVRES_OK)
        st = store_generation(ctx, environment, err);
    if (st == ENVRES_OK)
        st = env_key_publish(ctx->db, ctx->actor, fresh, change->now, err);
    if (st == ENVRES_OK)
        st = principal_fit_keys(ctx, environment, change->now, err);
    if (st == ENVRES_OK)
        st = environment_store_head(ctx, environment, fresh, &rehash.head, err);
    if (st == ENVRES_OK)
        st = approval_void_environment(ctx->db, environment->id, err);
    env_keys_unref(fresh);
    return st;
}

static envres_status report_environment(struct context *ctx, const struct environment *environment,
                                        const struct env_keys *keys, envres_list *list,
                                        envres_error *err);

struct begin_request {
    struct slice environment;
    envres_list *report; /* or NULL */
};

static envres_status
begin_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct begin_request *request = asked;
    struct context *ctx = change->ctx;
    struct environment environment = { .position = 0 };
    struct env_keys *keys = NULL;
    struct head head = { .epoch = 0 };
    bool under_way = false;
    envres_status st = environment_find(ctx, request->environment, &environment, err);
    if (st == ENVRES_OK)
        st = change_in(change, ACTION_ROTATE, &environment, err);
    if (st == ENVRES_OK)
        st = environment_head(ctx, &environment, &keys, &head, err);
    struct older older = { .ctx = ctx, .environment = &environment, .keys = keys };
    if (st == ENVRES_OK)
        st = is_under_way(&older, &under_way, err);
    if (st == ENVRES_OK && request->report)
        st = report_environment(ctx, &environment, keys, request->report, err);
    change->nothing = under_way;
    return st < 0 || under_way ? st : renew_keys(change, &environment, keys, &head, err);
}

static const char *const exposure_columns[ENVRES_EXPOSURE_COLUMNS] = {
    "environment",
    "object",
    "principal",
    "time",
};

envres_status
rotate_begin(struct context *ctx, struct slice environment, const envres_change *given,
             envres_list **report, envres_error *err)
{
    struct begin_request request = { environment, NULL };
    struct change_title title = { "key.rotate", "environment/", environment, NULL };
    envres_status st = ENVRES_OK;
    if (report)
        st = list_new(ctx->mem, exposure_columns, ENVRES_EXPOSURE_COLUMNS, &request.report, err);
    if (st == ENVRES_OK)
        st = change_run(ctx, given, &title, begin_inside, &request, NULL, err);
    if (st < 0)
        envres_list_free(request.report);
    else if (report)
        *report = request.report;
    return st;
}

/* ---- a step --------------------------------------------------------------------------------- */

struct step {
    struct slice environment;
    struct rotation_hint *hint; /* that of the context, as it will be after the commit */
};

struct progress {
    size_t resealed;
    size_t broken;        /* among the rows that were looked at */
    size_t erased;        /* generations of keys */
    int64_t first_broken; /* its row */
    bool all;             /* every row was looked at, or none is left */
};

/* As many as one step does, from a row on; those that do not open are passed by. */
static envres_status
reseal_from(struct older *older, int64_t row, struct progress *progress, envres_error *err)
{
    envres_status st = ENVRES_OK;
    older->last = row;
    progress->broken = 0;
    do {
        st = next_rows(older, LIMIT_RESEALS - progress->resealed, err);
        for (size_t i = 0; st == ENVRES_OK && i < older->count; i++) {
            st = reseal_row(older, older->rows[i], NULL);
            if (st == ENVRES_OK) {
                progress->resealed++;
            } else if (is_of_the_record(st)) {
                if (progress->broken++ == 0)
                    progress->first_broken = older->rows[i];
                st = ENVRES_OK;
            } else {
                err_code(err, st);
            }
        }
    } while (st == ENVRES_OK && older->count > 0 && progress->resealed < LIMIT_RESEALS);
    progress->all = row == 0 && older->count == 0;
    return st;
}

/* From where the last step stopped; when nothing is left behind there, from the beginning. */
static envres_status
reseal_some(struct older *older, struct progress *progress, envres_error *err)
{
    const struct rotation_hint *hint = &older->ctx->rotation;
    bool known = hint->generation == older->keys->generation &&
                 memcmp(hint->environment, older->environment->id, SEAL_ID) == 0;
    envres_status st = ENVRES_OK;
    if (known)
        st = reseal_from(older, hint->row, progress, err);
    if (st < 0 || (known && progress->resealed == LIMIT_RESEALS))
        return st;
    return reseal_from(older, 0, progress, err);
}

/* How many are left: counted when this session has not counted them. */
static envres_status
count_left(struct older *older, struct progress *progress, struct rotation_hint *next,
           envres_error *err)
{
    const struct rotation_hint *hint = &older->ctx->rotation;
    int64_t left = hint->left - (int64_t)progress->resealed;
    bool known = hint->generation == older->keys->generation &&
                 memcmp(hint->environment, older->environment->id, SEAL_ID) == 0;
    envres_status st = ENVRES_OK;
    if (progress->all)
        left = (int64_t)progress->broken;
    else if (!known || left < 1)
        st = ask(older, SQL_COUNT_OLDER, older->keys->generation, &left, err);
    progress->all = progress->all || (st == ENVRES_OK && left == 0);
    memcpy(next->environment, older->environment->id, SEAL_ID);
    next->generation = older->keys->generation;
    next->row = progress->all ? 0 : older->last;
    next->left = left;
    return st;
}

/* Erases the keys of older generations of which no record is left. */
static envres_status
erase_older(struct older *older, struct progress *progress, envres_error *err)
{
    struct grant_label label = { older->keys->workspace, older->keys->environment,
                                 older->keys->generation, NULL, 0 };
    struct generations held = { .count = 0 };
    envres_status st = generations_older(older->ctx->db, &label, &held, err);
    for (size_t i = 0; st == ENVRES_OK && i < held.count; i++) {
        int64_t any = 0;
        st = ask(older, SQL_OF_GENERATION, held.numbers[i], &any, err);
        if (st < 0 || any)
            continue;
        st = generation_erase(older->ctx->db, older->environment->id, held.numbers[i], err);
        progress->erased++;
    }
    return st;
}

/* What the one error says is what the first record that does not open says. */
static envres_status
refuse_broken(struct older *older, const struct progress *progress, envres_error *err)
{
    struct buf record = { .mem = NULL };
    buf_init(&record, older->ctx->mem, false);
    envres_status st = seal_row(older, progress->first_broken, &record, err);
    buf_free(&record);
    if (st == ENVRES_OK) /* it did not open a moment ago, in this very transaction */
        return err_set(err, ENVRES_E_CORRUPT, "a record opens only sometimes");
    if (!is_of_the_record(st))
        return st;
    err_prepend(err, "%s: %zu record%s cannot be sealed anew: ", older->environment->key,
                progress->broken, progress->broken == 1 ? "" : "s");
    err_hint(err, "the keys they need are kept; all others are done");
    return st;
}

static envres_status
step_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct step *step = asked;
    struct context *ctx = change->ctx;
    struct environment environment = { .position = 0 };
    struct env_keys *keys = NULL;
    struct progress progress = { .resealed = 0 };
    envres_status st = environment_find(ctx, step->environment, &environment, err);
    if (st < 0)
        return st;
    memcpy(change->environment, environment.id, SEAL_ID);
    change->has_environment = true;
    st = change_may(change, ACTION_ROTATE, &environment, err);
    if (st == ENVRES_OK)
        st = context_keys(ctx, &environment, &keys, err);
    struct older older = { .ctx = ctx, .environment = &environment, .keys = keys };
    if (st == ENVRES_OK)
        st = reseal_some(&older, &progress, err);
    if (st == ENVRES_OK)
        st = count_left(&older, &progress, step->hint, err);
    if (st == ENVRES_OK && progress.all)
        st = erase_older(&older, &progress, err);
    if (st < 0)
        return st;
    bool any = progress.resealed > 0 || progress.erased > 0;
    if (!any && progress.broken > 0)
        return refuse_broken(&older, &progress, err);
    change->nothing = !any;
    change->silent = step->hint->left > 0 || progress.erased == 0;
    return ENVRES_OK;
}

envres_status
rotate_step(struct context *ctx, struct slice environment, int64_t *left, envres_error *err)
{
    struct rotation_hint hint = { .generation = 0 };
    struct step step = { environment, &hint };
    struct change_title title = { "key.rotated", "environment/", environment, NULL };
    envres_status st = change_run(ctx, NULL, &title, step_inside, &step, NULL, err);
    if (st == ENVRES_OK)
        ctx->rotation = hint;
    if (st == ENVRES_OK && hint.left == 0)
        st = db_scrub(ctx->db, err);
    if (st == ENVRES_OK)
        *left = hint.left;
    return st;
}

/* ---- exposure ------------------------------------------------------------------------------- */

struct comparison {
    struct context *ctx;
    const struct env_keys *keys;
    const struct setting *now;
    struct buf value; /* of `now` */
    int64_t withdrawn_at;
    bool same;
};

/* An earlier revision that could be read then, with the value of now: renamed, restored, or written
 * again. One that does not open is taken for the same. */
static envres_status
compare_past(void *user, const struct setting *setting, envres_error *err)
{
    struct comparison *c = user;
    struct buf value = { .mem = NULL };
    if (c->same || !setting->is_set || !setting->secret || setting->time > c->withdrawn_at ||
        !slice_equal(setting->field, c->now->field))
        return ENVRES_OK;
    buf_init(&value, c->ctx->mem, true);
    envres_status st = config_open_value(c->ctx->mem, c->keys, setting, &value, NULL);
    if (st == ENVRES_OK)
        c->same = value.len == c->value.len &&
                  (value.len == 0 || seal_equal(value.data, c->value.data, value.len));
    else if (is_of_the_record(st))
        c->same = true;
    buf_free(&value);
    return st < 0 && !is_of_the_record(st) ? err_code(err, st) : ENVRES_OK;
}

/* Could who lost the key at that time have read what stands there now? */
static envres_status
is_exposed(struct context *ctx, const struct environment *environment, const struct env_keys *keys,
           const struct setting *setting, int64_t withdrawn_at, bool *out, envres_error *err)
{
    struct comparison c = {
        .ctx = ctx, .keys = keys, .now = setting, .withdrawn_at = withdrawn_at
    };
    *out = setting->time <= withdrawn_at;
    if (*out)
        return ENVRES_OK;
    buf_init(&c.value, ctx->mem, true);
    envres_status st = config_open_value(ctx->mem, keys, setting, &c.value, NULL);
    c.same = is_of_the_record(st);
    if (st == ENVRES_OK)
        st = config_history(ctx, environment, setting->object, compare_past, &c, err);
    else
        st = c.same ? ENVRES_OK : err_code(err, st);
    buf_free(&c.value);
    *out = c.same;
    return st;
}

/* "variable/NAME", "resource/HANDLE/FIELD". */
static envres_status
add_exposed(struct db_stmt *stmt, const struct environment *environment,
            const struct setting *setting, envres_list *list, envres_error *err)
{
    char object[2 * LIMIT_NAME + 16];
    bool variable = setting->object_class == OBJECT_VARIABLE;
    const char *prefix = variable ? "variable/" : "resource/";
    struct slice parts[] = { slice_str(prefix), setting->name, slice_str(variable ? "" : "/"),
                             variable ? slice_str("") : setting->field };
    size_t len = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].len > 0)
            memcpy(object + len, parts[i].data, parts[i].len);
        len += parts[i].len;
    }
    struct slice name = db_column_text(stmt, 12);
    list_row(list);
    list_set_str(list, ENVRES_EXPOSURE_ENVIRONMENT, environment->key);
    list_set_text(list, ENVRES_EXPOSURE_OBJECT, object, len);
    list_set_text(list, ENVRES_EXPOSURE_PRINCIPAL, name.data, name.len);
    list_set_int(list, ENVRES_EXPOSURE_TIME, db_column_int(stmt, 13));
    return list_status(list, err);
}

static envres_status
report_environment(struct context *ctx, const struct environment *environment,
                   const struct env_keys *keys, envres_list *list, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, rotate_sql[SQL_EXPOSURE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment->id, SEAL_ID);
    db_bind_blob(stmt, 2, ctx->workspace, SEAL_ID);
    while (st == ENVRES_OK) {
        struct setting setting = { .revision = 0 };
        bool exposed = false;
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = config_read_row(stmt, &setting, err);
        if (st == ENVRES_OK)
            st = is_exposed(ctx, environment, keys, &setting, db_column_int(stmt, 13), &exposed,
                            err);
        if (st == ENVRES_OK && exposed)
            st = add_exposed(stmt, environment, &setting, list, err);
    }
    db_reset(stmt);
    return st;
}

/* The names come from rows, which must be those that were written. */
static envres_status
report_checked(struct context *ctx, const struct environment *environment, envres_list *list,
               envres_error *err)
{
    struct env_keys *keys = NULL;
    envres_status st = config_check(ctx, environment, err);
    if (st == ENVRES_OK)
        st = context_keys(ctx, environment, &keys, err);
    return st < 0 ? st : report_environment(ctx, environment, keys, list, err);
}

static envres_status
report_all(struct context *ctx, envres_list *list, envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = right_anywhere(ctx, ACTION_ROTATE, err);
    if (st == ENVRES_OK)
        st = environment_all(ctx, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        bool may = false;
        st = right_has(ctx, ACTION_ROTATE, &all[i], &may, err);
        if (st == ENVRES_OK && may)
            st = report_checked(ctx, &all[i], list, err);
    }
    mem_free(ctx->mem, all);
    return st;
}

static envres_status
exposure_inside(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    struct slice key = *(const struct slice *)asked;
    struct environment environment = { .position = 0 };
    if (!key.data)
        return report_all(ctx, list, err);
    envres_status st = environment_find(ctx, key, &environment, err);
    if (st == ENVRES_OK)
        st = right_check(ctx, ACTION_ROTATE, &environment, err);
    return st < 0 ? st : report_checked(ctx, &environment, list, err);
}

envres_status
rotate_exposure(struct context *ctx, struct slice environment, envres_list **out, envres_error *err)
{
    static const struct list_shape shape = { exposure_columns, ENVRES_EXPOSURE_COLUMNS };
    return context_list(ctx, &shape, exposure_inside, &environment, out, err);
}
