/* SPDX-License-Identifier: MIT */
/*
 * The settings of one environment of a salvaged store, and the objects they belong to.
 *
 * Rules. A row stays when it verifies. Which revision took a row's place is told by the row that
 * follows it; where that one is lost, a row that takes the value away stands for it, so that an
 * older value never comes back into force by itself, nor at a revision it was not in force at. An
 * object is what the newest rows that verify say it is.
 */
#include <string.h>

#include "model/config.h"
#include "model/salvage.h"

enum {
    SQL_OBJECTS,
    SQL_DROP,
    SQL_CHAIN,
    SQL_UNTIL,
    SQL_MARK,
    SQL_STATE,
    SQL_OBJECT,
    SQL_ADD_OBJECT,
    SQL_SET_OBJECT,
    SQL_MAKE_WAY,
    SQL_STEP_ASIDE,
    SQL_COUNT_
};

static const char *const config_sql[SQL_COUNT_] = {
    [SQL_OBJECTS] = "SELECT object_id FROM setting WHERE environment_id = ?1 AND object_id > ?2"
                    " ORDER BY object_id LIMIT 1",
    [SQL_DROP] = "DELETE FROM setting WHERE environment_id = ?1 AND object_id = ?2 AND field = ?3"
                 " AND revision = ?4",
    [SQL_CHAIN] = "SELECT field, revision, until, class, name, kind, secret FROM setting"
                  " WHERE environment_id = ?1 AND object_id = ?2 AND (field, revision) > (?3, ?4)"
                  " ORDER BY field, revision LIMIT 2",
    [SQL_UNTIL] = "UPDATE setting SET until = ?5 WHERE environment_id = ?1 AND object_id = ?2"
                  " AND field = ?3 AND revision = ?4",
    [SQL_MARK] = "INSERT INTO setting (environment_id, object_id, field, revision, until, state,"
                 " class, name, kind, secret, content, record, author, time)"
                 " VALUES (?1, ?2, ?3, ?4, NULL, 0, ?5, ?6, ?7, ?8, zeroblob(32), zeroblob(0),"
                 " ?9, ?10)",
    [SQL_STATE] =
        "SELECT name, kind, secret, class, until IS NULL AND state = 1 FROM setting"
        " WHERE environment_id = ?1"
        " AND object_id = ?2 ORDER BY until IS NOT NULL, state <> 1, revision DESC LIMIT 1",
    [SQL_OBJECT] = "SELECT name, kind, secret, class, removed_at IS NULL FROM object"
                   " WHERE id = ?1",
    [SQL_ADD_OBJECT] = "INSERT INTO object (id, workspace_id, class, name, kind, secret,"
                       " created_at, removed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_SET_OBJECT] = "UPDATE object SET name = ?2, kind = ?3, secret = ?4, class = ?5,"
                       " removed_at = NULL WHERE id = ?1",
    [SQL_MAKE_WAY] = "UPDATE object SET removed_at = ?2 WHERE id = ?1"
                     " AND id NOT IN (SELECT object_id FROM setting)",
    [SQL_STEP_ASIDE] =
        "UPDATE object SET name = 'lost_' || lower(hex(id)) WHERE id = ?1 AND NOT EXISTS"
        " (SELECT 1 FROM setting WHERE object_id = ?1 AND until IS NULL AND state = 1"
        " AND name = object.name)",
};

struct settling {
    struct context *ctx;
    struct salvage_environment *environment;
    struct salvage_report *report;
    struct env_keys *keys;
    struct head sums; /* over what is kept */
    uint8_t object[SEAL_ID];
    bool has_object; /* `object` is one that was met; an id may be all zeroes */
    int64_t now;
    bool changed;
    /* Rows of one object that do not verify: they are dropped when it has been read. */
    struct setting_row *bad;
    size_t bad_count;
    size_t bad_room;
    int64_t dropped;
};

static envres_status
name_setting(struct settling *s, enum object_class object_class, struct slice name,
             struct slice field, int64_t revision, struct buf *out, envres_error *err)
{
    buf_add_str(out, object_class == OBJECT_VARIABLE ? "variable/" : "resource/");
    buf_add(out, name.data, name.len);
    if (field.len > 0) {
        buf_add_char(out, '/');
        buf_add(out, field.data, field.len);
    }
    buf_add_format(out, " in %s, revision %lld", s->environment->row.key, (long long)revision);
    buf_add_char(out, '\0');
    return buf_status(out, err);
}

static envres_status
report_setting(struct settling *s, enum object_class object_class, struct slice name,
               struct slice field, int64_t revision, envres_status code, const char *message,
               envres_error *err)
{
    struct buf object = { .mem = NULL };
    buf_init(&object, s->ctx->mem, false);
    envres_status st = name_setting(s, object_class, name, field, revision, &object, err);
    if (st == ENVRES_OK)
        salvage_lost(s->report, "setting", object.data, 1, code, message);
    buf_free(&object);
    return st;
}

/* ---- rows that do not verify ---------------------------------------------------------------- */

static envres_status
collect_bad(void *user, const struct setting *setting, envres_error *err)
{
    struct settling *s = user;
    const struct mem *mem = s->ctx->mem;
    envres_status st = config_check_setting(mem, s->keys, setting, NULL);
    if (st != ENVRES_E_INTEGRITY)
        return st == ENVRES_OK ? st : err_code(err, st);
    struct setting_row *grown = mem_grow(mem, s->bad, &s->bad_room, s->bad_count, sizeof(*grown));
    if (!grown)
        return err_code(err, ENVRES_E_NOMEM);
    s->bad = grown;
    buf_init(&s->bad[s->bad_count].bytes, mem, false);
    struct setting slim = *setting;
    slim.record = slice_str("");
    st = setting_row_keep(&slim, &s->bad[s->bad_count], err);
    if (st < 0)
        setting_row_free(&s->bad[s->bad_count]);
    else
        s->bad_count++;
    return st;
}

static envres_status
drop_bad(struct settling *s, const struct setting *setting, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(s->ctx->db, config_sql[SQL_DROP], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, s->environment->row.id, SEAL_ID);
    db_bind_blob(stmt, 2, setting->object, SEAL_ID);
    db_bind_text(stmt, 3, setting->field.data, setting->field.len);
    db_bind_int(stmt, 4, setting->revision);
    st = db_run(stmt, err);
    if (st < 0)
        return st;
    s->changed = true;
    s->dropped++;
    return report_setting(s, setting->object_class, setting->name, setting->field,
                          setting->revision, ENVRES_E_INTEGRITY, "its record does not verify", err);
}

static envres_status
prune_object(struct settling *s, envres_error *err)
{
    s->bad_count = 0;
    envres_status st = config_history(s->ctx, &s->environment->row, s->object, collect_bad, s, err);
    for (size_t i = 0; i < s->bad_count; i++) {
        if (st == ENVRES_OK)
            st = drop_bad(s, &s->bad[i].setting, err);
        setting_row_free(&s->bad[i]);
    }
    s->bad_count = 0;
    return st;
}

/* ---- which row follows which ---------------------------------------------------------------- */

/* A row as far as the order is concerned. */
struct link {
    char field[LIMIT_NAME + 1];
    char name[LIMIT_NAME + 1];
    char kind[LIMIT_NAME + 1];
    int64_t revision;
    int64_t until; /* 0: none */
    int64_t object_class;
    bool secret;
};

static envres_status
read_link(struct db_stmt *stmt, struct link *out, envres_error *err)
{
    envres_status st = column_name(stmt, 0, out->field, sizeof(out->field), err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 4, out->name, sizeof(out->name), err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 5, out->kind, sizeof(out->kind), err);
    out->revision = db_column_int(stmt, 1);
    out->until = db_column_int(stmt, 2);
    out->object_class = db_column_int(stmt, 3);
    out->secret = db_column_int(stmt, 6) != 0;
    return st;
}

/* The row behind a place, and the one behind it if it is of the same setting. */
static envres_status
next_link(struct settling *s, const char *field, int64_t revision, struct link *out, bool *found,
          int64_t *follower, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    struct link after = { .revision = 0 };
    *found = false;
    *follower = 0;
    envres_status st = db_use(s->ctx->db, config_sql[SQL_CHAIN], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, s->environment->row.id, SEAL_ID);
    db_bind_blob(stmt, 2, s->object, SEAL_ID);
    db_bind_text(stmt, 3, field, strlen(field));
    db_bind_int(stmt, 4, revision);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = read_link(stmt, out, err);
    *found = st == ENVRES_OK;
    if (st == ENVRES_OK)
        st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW)
        st = read_link(stmt, &after, err);
    if (st == ENVRES_OK && row == DB_ROW && strcmp(after.field, out->field) == 0)
        *follower = after.revision;
    db_reset(stmt);
    return st;
}

static envres_status
set_until(struct settling *s, const struct link *link, int64_t until, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(s->ctx->db, config_sql[SQL_UNTIL], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, s->environment->row.id, SEAL_ID);
    db_bind_blob(stmt, 2, s->object, SEAL_ID);
    db_bind_text(stmt, 3, link->field, strlen(link->field));
    db_bind_int(stmt, 4, link->revision);
    db_bind_int(stmt, 5, until);
    s->changed = true;
    return db_run(stmt, err);
}

/* Stands for the row that took this one's place, and is lost. */
static envres_status
put_marker(struct settling *s, const struct link *link, int64_t revision, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(s->ctx->db, config_sql[SQL_MARK], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, s->environment->row.id, SEAL_ID);
    db_bind_blob(stmt, 2, s->object, SEAL_ID);
    db_bind_text(stmt, 3, link->field, strlen(link->field));
    db_bind_int(stmt, 4, revision);
    db_bind_int(stmt, 5, link->object_class);
    db_bind_text(stmt, 6, link->name, strlen(link->name));
    db_bind_text(stmt, 7, link->kind, strlen(link->kind));
    db_bind_int(stmt, 8, link->secret);
    db_bind_blob(stmt, 9, s->ctx->actor->id, SEAL_ID);
    db_bind_int(stmt, 10, s->now);
    st = db_run(stmt, err);
    if (st < 0)
        return st;
    s->changed = true;
    return report_setting(s,
                          link->object_class == OBJECT_VARIABLE ? OBJECT_VARIABLE : OBJECT_RESOURCE,
                          slice_str(link->name), slice_str(link->field), revision, ENVRES_E_CORRUPT,
                          "what was written in that revision is lost: it has no "
                          "value from there on",
                          err);
}

/* One row and what follows it. */
static envres_status
mend_link(struct settling *s, const struct link *link, int64_t follower, envres_error *err)
{
    struct environment *row = &s->environment->row;
    int64_t lost = 0;
    if (follower > 0 && link->until == follower)
        return ENVRES_OK;
    if (link->until > link->revision && (follower == 0 || link->until < follower))
        lost = link->until;
    if (follower == 0 && lost == 0)
        return ENVRES_OK; /* it is in force */
    if (follower == 0 && lost > row->revision) {
        /* No such revision was made: the number is damaged. */
        lost = row->revision > link->revision ? row->revision : link->revision + 1;
        row->revision = lost;
    }
    envres_status st = set_until(s, link, lost > 0 ? lost : follower, err);
    return st == ENVRES_OK && lost > 0 ? put_marker(s, link, lost, err) : st;
}

static envres_status
mend_object(struct settling *s, envres_error *err)
{
    struct link link = { .revision = 0 };
    bool found = true;
    envres_status st = ENVRES_OK;
    while (st == ENVRES_OK && found) {
        struct link next = { .revision = 0 };
        int64_t follower = 0;
        st = next_link(s, link.field, link.revision, &next, &found, &follower, err);
        if (st == ENVRES_OK && found)
            st = mend_link(s, &next, follower, err);
        link = next;
    }
    return st;
}

/* ---- objects -------------------------------------------------------------------------------- */

/* What rows say an object is. */
struct identity_of {
    char name[LIMIT_NAME + 1];
    char kind[LIMIT_NAME + 1];
    int64_t secret;
    int64_t object_class;
    bool in_force; /* by a value, rather than by an older one; of an object: not removed */
};

static envres_status
read_identity(struct settling *s, int sql, struct identity_of *out, bool *found, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    envres_status st = db_use(s->ctx->db, config_sql[sql], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, sql == SQL_STATE ? s->environment->row.id : s->object, SEAL_ID);
    if (sql == SQL_STATE)
        db_bind_blob(stmt, 2, s->object, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = column_name(stmt, 0, out->name, sizeof(out->name), err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 1, out->kind, sizeof(out->kind), err);
    out->secret = db_column_int(stmt, 2) != 0;
    out->object_class = db_column_int(stmt, 3);
    out->in_force = db_column_int(stmt, 4) != 0;
    *found = st == ENVRES_OK;
    db_reset(stmt);
    return st;
}

static envres_status
write_identity(struct settling *s, int sql, const struct identity_of *is, bool removed,
               envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(s->ctx->db, config_sql[sql], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, s->object, SEAL_ID);
    if (sql == SQL_SET_OBJECT) {
        db_bind_text(stmt, 2, is->name, strlen(is->name));
        db_bind_text(stmt, 3, is->kind, strlen(is->kind));
        db_bind_int(stmt, 4, is->secret);
        db_bind_int(stmt, 5, is->object_class);
        return db_run(stmt, err);
    }
    db_bind_blob(stmt, 2, s->ctx->workspace, SEAL_ID);
    db_bind_int(stmt, 3, is->object_class);
    db_bind_text(stmt, 4, is->name, strlen(is->name));
    db_bind_text(stmt, 5, is->kind, strlen(is->kind));
    db_bind_int(stmt, 6, is->secret);
    db_bind_int(stmt, 7, s->now);
    if (removed)
        db_bind_int(stmt, 8, s->now);
    else
        db_bind_null(stmt, 8);
    return db_run(stmt, err);
}

/* Who has the name of an object with values, and none of its own, is what is left of that object.
 * Who has values that say another name steps aside, and gets that name when it is settled itself.
 */
static envres_status
make_way(struct settling *s, const struct object *other, bool *taken, envres_error *err)
{
    int64_t removed = 0;
    envres_status st =
        salvage_run_with(s->ctx, config_sql[SQL_MAKE_WAY], other->id, NULL, s->now, &removed, err);
    if (st == ENVRES_OK && removed == 0)
        st = salvage_run(s->ctx, config_sql[SQL_STEP_ASIDE], other->id, NULL, &removed, err);
    *taken = removed == 0;
    return st;
}

/* The object's own row is signed by nobody; the settings' rows are. */
static envres_status
settle_object(struct settling *s, envres_error *err)
{
    struct identity_of says = { .secret = 0 };
    struct identity_of is = { .secret = 0 };
    struct object other = { 0 };
    bool has_rows = false;
    bool found = false;
    bool taken = false;
    envres_status st = read_identity(s, SQL_STATE, &says, &has_rows, err);
    if (st == ENVRES_OK)
        st = read_identity(s, SQL_OBJECT, &is, &found, err);
    if (st < 0 || !has_rows || (found && !says.in_force))
        return st; /* a name of the past tells nothing of the present */
    enum object_class class =
        says.object_class == OBJECT_VARIABLE ? OBJECT_VARIABLE : OBJECT_RESOURCE;
    /* A resource's own row has no class of secrecy; its fields have. */
    if (class == OBJECT_RESOURCE)
        says.secret = is.secret;
    if (found && strcmp(says.name, is.name) == 0 && strcmp(says.kind, is.kind) == 0 &&
        says.secret == is.secret && says.object_class == is.object_class && is.in_force)
        return ENVRES_OK;
    st = object_find(s->ctx, class, slice_str(says.name), &taken, &other, err);
    if (st < 0)
        return st;
    taken = taken && memcmp(other.id, s->object, SEAL_ID) != 0;
    if (taken)
        st = make_way(s, &other, &taken, err);
    if (st < 0 || (found && taken))
        return st;
    salvage_lost(s->report, "object", says.name, 0, ENVRES_E_CORRUPT,
                 "its row was lost or damaged: it is what its values say");
    return write_identity(s, found ? SQL_SET_OBJECT : SQL_ADD_OBJECT, &says, taken, err);
}

/* ---- the head ------------------------------------------------------------------------------- */

static envres_status
sum_kept(void *user, const struct setting *setting, envres_error *err)
{
    struct settling *s = user;
    uint8_t hash[SEAL_DIGEST] = { 0 };
    (void)err;
    config_hash(s->keys, setting, hash);
    head_toggle(s->sums.kept, hash);
    s->sums.kept_count++;
    return ENVRES_OK;
}

static envres_status
sum_current(void *user, const struct setting *setting, envres_error *err)
{
    struct settling *s = user;
    uint8_t hash[SEAL_DIGEST] = { 0 };
    (void)err;
    config_hash(s->keys, setting, hash);
    head_toggle(s->sums.current, hash);
    s->sums.current_count++;
    return ENVRES_OK;
}

static bool
same_sums(const struct head *a, const struct head *b)
{
    return a->kept_count == b->kept_count && a->current_count == b->current_count &&
           seal_equal(a->kept, b->kept, SEAL_DIGEST) &&
           seal_equal(a->current, b->current, SEAL_DIGEST);
}

static envres_status
next_object(struct settling *s, bool *found, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    envres_status st = db_use(s->ctx->db, config_sql[SQL_OBJECTS], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, s->environment->row.id, SEAL_ID);
    db_bind_blob(stmt, 2, s->object, s->has_object ? SEAL_ID : 0);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = column_id(stmt, 0, s->object, err);
    *found = s->has_object = st == ENVRES_OK;
    db_reset(stmt);
    return st;
}

static envres_status
settle_rows(struct settling *s, envres_error *err)
{
    bool found = true;
    envres_status st = ENVRES_OK;
    while (st == ENVRES_OK && found) {
        st = next_object(s, &found, err);
        if (st < 0 || !found)
            break;
        st = prune_object(s, err);
        if (st == ENVRES_OK)
            st = mend_object(s, err);
        if (st == ENVRES_OK)
            st = settle_object(s, err);
        if (st == ENVRES_OK)
            st = config_history(s->ctx, &s->environment->row, s->object, sum_kept, s, err);
    }
    return st;
}

/* What the old head counted and is not there any more. A row that stands for a lost one was
 * reported. */
static void
report_missing(struct settling *s)
{
    const struct salvage_environment *environment = s->environment;
    int64_t before = (int64_t)environment->head.kept_count;
    int64_t missing = before - (int64_t)s->sums.kept_count - s->dropped;
    if (!environment->is_vouched || same_sums(&s->sums, &environment->head))
        return;
    salvage_lost(s->report, "setting", environment->row.key, missing > 0 ? missing : 0,
                 ENVRES_E_INTEGRITY,
                 missing > 0 ? "its head counts more rows than could be read"
                             : "its rows are not all those that its head is of");
}

envres_status
salvage_config(struct context *ctx, struct salvage_environment *environment, int64_t now,
               struct salvage_report *report, envres_error *err)
{
    struct settling s = { .ctx = ctx, .environment = environment, .report = report, .now = now };
    struct head none = { .epoch = 0 };
    bool ok = false;
    envres_status st = context_keys(ctx, &environment->row, &s.keys, err);
    if (st == ENVRES_OK)
        st = settle_rows(&s, err);
    if (st == ENVRES_OK)
        st = config_each(ctx, &environment->row, s.keys, &none, 0, sum_current, &s, &ok, err);
    mem_free(ctx->mem, s.bad);
    if (st < 0)
        return st;
    report_missing(&s);
    bool same = environment->is_vouched && same_sums(&s.sums, &environment->head);
    if (same && !environment->must_seal && !s.changed &&
        environment->head.revision == (uint64_t)environment->row.revision)
        return ENVRES_OK;
    s.sums.epoch = environment->head.epoch;
    return environment_store_head(ctx, &environment->row, s.keys, &s.sums, err);
}
