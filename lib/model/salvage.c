/* SPDX-License-Identifier: MIT */
/*
 * The order in which a salvaged store is gone through, and what concerns all of it:
 *
 *   workspace -> (unlock) -> principals and roles -> audit -> environments -> keys -> settings
 *   -> apps -> what refers to nothing -> the entry that says what was lost
 *
 * Rules. Nothing is repaired by guessing: what does not verify goes, and is reported. A policy
 * whose head does not verify vouches for no key but the owner's own: all others are taken out and
 * added anew by people who look. Names of two or more environments that do not verify could have
 * been exchanged, and are not kept. Of the audit the longest prefix that verifies is kept.
 */
#include "model/salvage.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/list.h"
#include "guard/audit.h"
#include "guard/env_key.h"
#include "guard/slot_set.h"
#include "model/config.h"
#include "model/principal.h"

enum {
    SQL_ID,
    SQL_GUESS_ID,
    SQL_ROOT,
    SQL_ASK_ROOT,
    SQL_OTHERS,
    SQL_REMOVE_OTHERS,
    SQL_DROP_SLOTS,
    SQL_DROP_ROLES,
    SQL_DROP_GRANTS,
    SQL_RETIRE,
    SQL_RETIRE_SLOTS,
    SQL_RETIRE_GRANTS,
    SQL_AUDIT_TAIL,
    SQL_AUDIT_CUT,
    SQL_AUDIT_COUNT,
    SQL_BAD_ENVIRONMENTS,
    SQL_BAD_OBJECTS,
    SQL_BAD_SETTINGS,
    SQL_LOST_ENVIRONMENT,
    SQL_ADD_ENVIRONMENT,
    SQL_SET_ENVIRONMENT,
    SQL_SET_POSITION,
    SQL_DRAFT_STAGE,
    SQL_NEWEST,
    SQL_TIME,
    SQL_HELD,
    SQL_EMPTY,
    SQL_FIRST_KEYS,
    SQL_COUNT_
};

static const char *const salvage_sql[SQL_COUNT_] = {
    [SQL_ID] = "SELECT id FROM workspace LIMIT 1",
    [SQL_GUESS_ID] = "SELECT workspace_id FROM principal GROUP BY workspace_id"
                     " ORDER BY count(*) DESC LIMIT 1",
    [SQL_ROOT] = "UPDATE workspace SET root = ?2 WHERE id = ?1",
    [SQL_ASK_ROOT] = "SELECT root FROM workspace WHERE id = ?1",
    [SQL_OTHERS] = "SELECT name FROM principal WHERE workspace_id = ?1 AND id <> ?2"
                   " AND removed_at IS NULL ORDER BY name",
    [SQL_REMOVE_OTHERS] = "UPDATE principal SET removed_at = ?3 WHERE workspace_id = ?1"
                          " AND id <> ?2 AND removed_at IS NULL",
    [SQL_DROP_SLOTS] = "DELETE FROM slot WHERE principal_id <> ?1",
    [SQL_DROP_ROLES] = "DELETE FROM role_grant WHERE workspace_id = ?1",
    [SQL_DROP_GRANTS] = "DELETE FROM key_grant WHERE principal_id <> ?1 OR granter_id <> ?1",
    [SQL_RETIRE] = "UPDATE principal SET removed_at = ?2 WHERE id = ?1",
    [SQL_RETIRE_SLOTS] = "DELETE FROM slot WHERE principal_id = ?1",
    [SQL_RETIRE_GRANTS] = "DELETE FROM key_grant WHERE principal_id = ?1",
    [SQL_AUDIT_TAIL] = "SELECT max(sequence) FROM audit WHERE workspace_id = ?1",
    [SQL_AUDIT_CUT] = "DELETE FROM audit WHERE workspace_id = ?1 AND sequence >= ?2",
    [SQL_AUDIT_COUNT] = "SELECT count(*) FROM audit WHERE workspace_id = ?1",
    [SQL_BAD_ENVIRONMENTS] =
        "DELETE FROM environment WHERE length(CAST(key AS BLOB)) NOT BETWEEN 1 AND ?1"
        " OR length(CAST(label AS BLOB)) > ?2 OR length(CAST(color AS BLOB)) > ?3"
        " OR length(head) > ?4 OR generation > 4294967295 OR position < 1 OR position > 1000000"
        " OR approvals > 1000000",
    [SQL_BAD_OBJECTS] = "DELETE FROM object WHERE length(CAST(name AS BLOB)) NOT BETWEEN 1 AND ?1"
                        " OR length(CAST(kind AS BLOB)) > ?1",
    [SQL_BAD_SETTINGS] = "DELETE FROM setting WHERE length(CAST(name AS BLOB)) > ?1"
                         " OR length(CAST(kind AS BLOB)) > ?1 OR length(CAST(field AS BLOB)) > ?1"
                         " OR length(object_id) <> 16 OR length(environment_id) <> 16",
    [SQL_LOST_ENVIRONMENT] =
        "SELECT g.environment_id, max(g.generation) FROM key_grant g WHERE g.principal_id = ?1"
        " AND length(g.environment_id) = 16 AND NOT EXISTS"
        " (SELECT 1 FROM environment e WHERE e.id = g.environment_id)"
        " GROUP BY g.environment_id ORDER BY min(g.created_at), g.environment_id LIMIT 1",
    [SQL_ADD_ENVIRONMENT] =
        "INSERT INTO environment (id, workspace_id, key, label, color, position, protected,"
        " approvals, require_reason, editors_reveal, rollback_approvals, fixed, revision,"
        " generation, head, created_at)"
        " VALUES (?1, ?2, ?3, ?3, NULL, NULL, 1, 0, 0, 0, 0, 0, 0, ?4, zeroblob(0), ?5)",
    [SQL_SET_ENVIRONMENT] = "UPDATE environment SET key = ?2, label = ?3, fixed = ?4,"
                            " protected = 1 WHERE id = ?1",
    [SQL_SET_POSITION] = "UPDATE environment SET position = ?2 WHERE id = ?1",
    [SQL_DRAFT_STAGE] = "SELECT stage_id FROM version WHERE state = 1 GROUP BY stage_id"
                        " ORDER BY count(*) DESC LIMIT 1",
    [SQL_TIME] = "SELECT time FROM setting WHERE environment_id = ?1"
                 " ORDER BY revision DESC LIMIT 1",
    [SQL_HELD] = "SELECT count(*) FROM key_grant WHERE environment_id = ?1 AND class = 1",
    [SQL_EMPTY] = "DELETE FROM setting WHERE environment_id = ?1",
    [SQL_FIRST_KEYS] = "UPDATE environment SET generation = ?2, protected = 1 WHERE id = ?1",
    [SQL_NEWEST] = "SELECT max(revision) FROM setting WHERE environment_id = ?1",
};

static const char *const fixed_keys[] = { "development", "staging", "production" };
enum { FIXED = sizeof(fixed_keys) / sizeof(fixed_keys[0]) };

/* ---- small things --------------------------------------------------------------------------- */

void
salvage_lost(struct salvage_report *report, const char *table, const char *object, int64_t count,
             envres_status code, const char *message)
{
    report->lost += count;
    if (report->reported++ >= LIMIT_SALVAGE_REPORT)
        return;
    list_row(report->list);
    list_set_str(report->list, ENVRES_SALVAGE_TABLE, table);
    if (object)
        list_set_str(report->list, ENVRES_SALVAGE_OBJECT, object);
    if (count > 0)
        list_set_int(report->list, ENVRES_SALVAGE_LOST, count);
    list_set_str(report->list, ENVRES_SALVAGE_CODE, envres_status_name(code));
    list_set_str(report->list, ENVRES_SALVAGE_MESSAGE, message);
}

envres_status
salvage_run(struct context *ctx, const char *sql, const uint8_t *first, const uint8_t *second,
            int64_t number, int64_t *changed, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, sql, &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, first, SEAL_ID);
    if (second)
        db_bind_blob(stmt, 2, second, SEAL_ID);
    if (number)
        db_bind_int(stmt, second ? 3 : 2, number);
    st = db_run(stmt, err);
    if (st == ENVRES_OK && changed)
        *changed = db_changes(ctx->db);
    return st;
}

/* A statement without parameters that gives one id. */
static envres_status
ask_id(struct db *db, int sql, uint8_t id[SEAL_ID], bool *found, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, salvage_sql[sql], &stmt, err);
    if (st == ENVRES_OK)
        st = db_step(stmt, &row, err);
    *found = st == ENVRES_OK && row == DB_ROW && db_column_blob(stmt, 0).len == SEAL_ID;
    if (*found)
        memcpy(id, db_column_blob(stmt, 0).data, SEAL_ID);
    if (st == ENVRES_OK)
        db_reset(stmt);
    return st;
}

/* ---- the workspace -------------------------------------------------------------------------- */

envres_status
salvage_workspace(struct db *db, const struct mem *mem, struct slice name, int64_t now, bool *made,
                  envres_error *err)
{
    static const uint8_t no_root[32] = { 0 };
    uint8_t id[SEAL_ID] = { 0 };
    bool found = false;
    (void)mem;
    *made = false;
    envres_status st = db_begin_write(db, err);
    if (st < 0)
        return st;
    st = ask_id(db, SQL_ID, id, &found, err);
    if (st == ENVRES_OK && !found) {
        st = ask_id(db, SQL_GUESS_ID, id, &found, err);
        if (st == ENVRES_OK && !found)
            st = err_set(err, ENVRES_E_CORRUPT, "no principal of the store can be read");
        if (st == ENVRES_OK)
            st = workspace_insert(db, id, name, no_root, now, err);
        *made = st == ENVRES_OK;
    }
    return db_end(db, st, NULL, err);
}

/* ---- principals and roles ------------------------------------------------------------------- */

static envres_status
report_others(struct context *ctx, struct salvage_report *report, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, salvage_sql[SQL_OTHERS], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_blob(stmt, 2, ctx->actor->id, SEAL_ID);
    while (st == ENVRES_OK) {
        char name[LIMIT_PRINCIPAL + 1] = "";
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        if (column_name(stmt, 0, name, sizeof(name), NULL) == ENVRES_OK)
            salvage_lost(report, "principal", name, 1, ENVRES_E_INTEGRITY,
                         "nothing vouches for its keys: add it anew, with the key it shows you");
    }
    db_reset(stmt);
    return st;
}

/* Nobody but the owner keeps a role, a slot or a key: their keys may be those of somebody else. */
static envres_status
start_policy_anew(struct context *ctx, int64_t now, struct salvage_report *report,
                  envres_error *err)
{
    const uint8_t *own = ctx->actor->id;
    envres_status st = report_others(ctx, report, err);
    if (st == ENVRES_OK)
        st = salvage_run(ctx, salvage_sql[SQL_DROP_ROLES], ctx->workspace, NULL, 0, NULL, err);
    if (st == ENVRES_OK)
        st = salvage_run(ctx, salvage_sql[SQL_REMOVE_OTHERS], ctx->workspace, own, now ? now : 1,
                         NULL, err);
    if (st == ENVRES_OK)
        st = salvage_run(ctx, salvage_sql[SQL_DROP_SLOTS], own, NULL, 0, NULL, err);
    if (st == ENVRES_OK)
        st = salvage_run(ctx, salvage_sql[SQL_DROP_GRANTS], own, NULL, 0, NULL, err);
    if (st == ENVRES_OK)
        st = principal_make_root(ctx, now, err);
    salvage_lost(report, "role_grant", "policy", 0, ENVRES_E_INTEGRITY,
                 "the principals and roles are not those that were signed: grant roles anew");
    return st;
}

static envres_status
not_the_owner(const struct context *ctx, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_DENIED,
                               "the policy of the store does not verify, and '%s' is not its root",
                               ctx->actor->name);
    err_subject(err, ctx->actor->name, strlen(ctx->actor->name));
    err_hint(err, "salvage with the key of the first owner");
    return st;
}

static envres_status
acts_as_root(struct context *ctx, bool *is_root, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    uint8_t key[32] = { 0 };
    envres_status st = db_use(ctx->db, salvage_sql[SQL_ASK_ROOT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW) {
        st = column_bytes(stmt, 0, key, sizeof(key), NULL, err);
        db_reset(stmt);
    }
    *is_root = st == ENVRES_OK && seal_equal(key, ctx->actor->sign_public, sizeof(key));
    return st;
}

static envres_status
make_root(struct context *ctx, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, salvage_sql[SQL_ROOT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_blob(stmt, 2, ctx->actor->sign_public, 32);
    return db_run(stmt, err);
}

static envres_status
settle_policy(struct context *ctx, bool made_workspace, int64_t now, struct salvage_report *report,
              envres_error *err)
{
    struct roles roles = { .mem = NULL };
    envres_status st = ENVRES_OK;
    if (made_workspace) {
        salvage_lost(report, "workspace", NULL, 1, ENVRES_E_CORRUPT,
                     "its row is lost: its name, and who its root was");
        st = make_root(ctx, err);
    }
    if (st < 0)
        return st;
    st = roles_load(ctx->db, ctx->mem, ctx->workspace, &roles, NULL);
    if (st == ENVRES_OK) {
        roles_free(&roles);
        return right_check(ctx, ACTION_ADMIN, NULL, err);
    }
    if (st != ENVRES_E_INTEGRITY && st != ENVRES_E_CORRUPT && st != ENVRES_E_LIMIT)
        return err_code(err, st);
    bool is_root = false;
    st = acts_as_root(ctx, &is_root, err);
    if (st < 0)
        return st;
    return is_root ? start_policy_anew(ctx, now, report, err) : not_the_owner(ctx, err);
}

static envres_status
prune_keys(struct context *ctx, struct salvage_report *report, envres_error *err)
{
    int64_t dropped = 0;
    envres_status st = keyring_prune(ctx->db, ctx->workspace, &dropped, err);
    if (st == ENVRES_OK && dropped > 0)
        salvage_lost(report, "key_grant", NULL, dropped, ENVRES_E_INTEGRITY,
                     "slots and grants that are out of form or not signed are not kept");
    return st;
}

/* Takes one principal out. Roles that it gave are given by who acts. */
static envres_status
retire(struct context *ctx, const uint8_t *id, int64_t now, struct salvage_report *report,
       envres_error *err)
{
    struct buf name = { .mem = NULL };
    buf_init(&name, ctx->mem, false);
    envres_status st = context_author(ctx, id, &name, err);
    buf_add_char(&name, '\0');
    if (st == ENVRES_OK)
        st = buf_status(&name, err);
    if (st == ENVRES_OK)
        salvage_lost(report, "slot", name.data, 1, ENVRES_E_INTEGRITY,
                     "its slots are not those it signed: it is taken out, add it anew");
    buf_free(&name);
    if (st == ENVRES_OK)
        st = roles_adopt(ctx->db, ctx->mem, ctx->workspace, id, ctx->actor, err);
    if (st == ENVRES_OK)
        st = roles_drop_all(ctx->db, id, err);
    if (st == ENVRES_OK)
        st = salvage_run(ctx, salvage_sql[SQL_RETIRE_SLOTS], id, NULL, 0, NULL, err);
    if (st == ENVRES_OK)
        st = salvage_run(ctx, salvage_sql[SQL_RETIRE_GRANTS], id, NULL, 0, NULL, err);
    return st == ENVRES_OK
               ? salvage_run(ctx, salvage_sql[SQL_RETIRE], id, NULL, now ? now : 1, NULL, err)
               : st;
}

/* Who could not be unlocked any more is taken out. */
static envres_status
settle_slots(struct context *ctx, int64_t now, struct salvage_report *report, envres_error *err)
{
    struct roles roles = { .mem = NULL };
    struct slot_set *set = mem_alloc(ctx->mem, sizeof(*set));
    bool changed = false;
    envres_status st = set ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
    if (st == ENVRES_OK)
        st = roles_load(ctx->db, ctx->mem, ctx->workspace, &roles, err);
    for (size_t i = 0; st == ENVRES_OK && i < roles.key_count; i++) {
        const struct role_key *key = &roles.keys[i];
        struct identity of = { .name = "" };
        if (key->is_removed || memcmp(key->principal, ctx->actor->id, SEAL_ID) == 0)
            continue;
        memcpy(of.id, key->principal, SEAL_ID);
        memcpy(of.sign_public, key->sign_key, sizeof(of.sign_public));
        st = slot_set_load(ctx->db, ctx->mem, ctx->workspace, &of, set, NULL);
        if (st != ENVRES_E_INTEGRITY && st != ENVRES_E_CORRUPT) {
            st = st < 0 ? err_code(err, st) : ENVRES_OK;
            continue;
        }
        st = retire(ctx, key->principal, now, report, err);
        changed = true;
    }
    if (st == ENVRES_OK && changed)
        st = roles_seal(ctx->db, ctx->mem, ctx->workspace, ctx->actor, err);
    roles_free(&roles);
    mem_free(ctx->mem, set);
    return st;
}

/* ---- the audit ------------------------------------------------------------------------------ */

static void
ignore_finding(void *user, const char *code, const char *object, const char *message)
{
    (void)user;
    (void)code;
    (void)object;
    (void)message;
}

/* What follows the first entry that does not verify cannot be joined to what is before it. `last`:
 * the highest number seen, kept or not. */
static envres_status
cut_audit(struct context *ctx, int64_t *last, struct salvage_report *report, envres_error *err)
{
    int64_t first_bad = 0;
    int64_t kept = 0;
    envres_status st = context_number(ctx, salvage_sql[SQL_AUDIT_TAIL], ctx->workspace, last, err);
    if (st == ENVRES_OK)
        st = audit_verify(ctx->db, ctx->mem, ctx->workspace, ignore_finding, NULL, &first_bad, err);
    if (st < 0 || first_bad == 0)
        return st;
    struct db_stmt *stmt = NULL;
    st = db_use(ctx->db, salvage_sql[SQL_AUDIT_CUT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_int(stmt, 2, first_bad);
    st = db_run(stmt, err);
    if (st == ENVRES_OK)
        st = context_number(ctx, salvage_sql[SQL_AUDIT_COUNT], ctx->workspace, &kept, err);
    if (st == ENVRES_OK) {
        char object[64];
        snprintf(object, sizeof(object), "audit/%lld", (long long)first_bad);
        salvage_lost(report, "audit", object, *last > kept ? *last - kept : 1, ENVRES_E_INTEGRITY,
                     "the chain breaks here: this entry and those after it are not kept");
    }
    return st;
}

/* ---- environments --------------------------------------------------------------------------- */

static envres_status
drop_unreadable(struct context *ctx, envres_error *err)
{
    static const struct {
        int sql;
        int limits[4];
    } rows[] = {
        { SQL_BAD_ENVIRONMENTS,
          { LIMIT_ENVIRONMENT_KEY, LIMIT_LABEL, LIMIT_COLOR, ENVIRONMENT_HEAD_MAX } },
        { SQL_BAD_OBJECTS, { LIMIT_NAME } },
        { SQL_BAD_SETTINGS, { LIMIT_NAME } },
    };
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct db_stmt *stmt = NULL;
        st = db_use(ctx->db, salvage_sql[rows[i].sql], &stmt, err);
        for (int n = 0; st == ENVRES_OK && n < 4 && rows[i].limits[n]; n++)
            db_bind_int(stmt, n + 1, rows[i].limits[n]);
        if (st == ENVRES_OK)
            st = db_run(stmt, err);
    }
    return st;
}

/* A key that no environment has: "salvaged-1", ... */
static envres_status
free_key(struct context *ctx, char out[LIMIT_ENVIRONMENT_KEY + 1], envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = environment_all(ctx, &all, &count, err);
    bool taken = true;
    for (size_t n = 1; st == ENVRES_OK && taken; n++) {
        snprintf(out, LIMIT_ENVIRONMENT_KEY + 1, "salvaged-%zu", n);
        taken = false;
        for (size_t i = 0; i < count; i++)
            taken = taken || strcmp(all[i].key, out) == 0;
    }
    mem_free(ctx->mem, all);
    return st;
}

/* Rows for environments of which only the keys are left. */
static envres_status
add_lost(struct context *ctx, int64_t now, size_t *added, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (*added = 0; st == ENVRES_OK && *added < LIMIT_ENVIRONMENTS; ++*added) {
        uint8_t id[SEAL_ID] = { 0 };
        char key[LIMIT_ENVIRONMENT_KEY + 1] = "";
        struct db_stmt *stmt = NULL;
        int row = DB_DONE;
        st = db_use(ctx->db, salvage_sql[SQL_LOST_ENVIRONMENT], &stmt, err);
        if (st < 0)
            return st;
        db_bind_blob(stmt, 1, ctx->actor->id, SEAL_ID);
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            return st;
        int64_t generation = db_column_int(stmt, 1);
        st = column_id(stmt, 0, id, err);
        db_reset(stmt);
        if (st == ENVRES_OK)
            st = free_key(ctx, key, err);
        if (st == ENVRES_OK)
            st = db_use(ctx->db, salvage_sql[SQL_ADD_ENVIRONMENT], &stmt, err);
        if (st < 0)
            return st;
        db_bind_blob(stmt, 1, id, SEAL_ID);
        db_bind_blob(stmt, 2, ctx->workspace, SEAL_ID);
        db_bind_text(stmt, 3, key, strlen(key));
        db_bind_int(stmt, 4, generation);
        db_bind_int(stmt, 5, now);
        st = db_run(stmt, err);
    }
    return st;
}

static envres_status
set_environment(struct context *ctx, const struct environment *row, const char *key, bool fixed,
                envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, salvage_sql[SQL_SET_ENVIRONMENT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, row->id, SEAL_ID);
    db_bind_text(stmt, 2, key, strlen(key));
    db_bind_text(stmt, 3, key, strlen(key));
    db_bind_int(stmt, 4, fixed);
    return db_run(stmt, err);
}

static envres_status
look_at(struct context *ctx, struct salvage_environment *environment, envres_error *err)
{
    struct env_keys *keys = NULL;
    envres_status st = context_keys(ctx, &environment->row, &keys, NULL);
    environment->is_held = st == ENVRES_OK;
    if (st == ENVRES_OK)
        st = environment_head(ctx, &environment->row, &keys, &environment->head, NULL);
    environment->is_vouched = st == ENVRES_OK;
    if (st == ENVRES_OK || st == ENVRES_E_DENIED || st == ENVRES_E_INTEGRITY ||
        st == ENVRES_E_CORRUPT)
        return ENVRES_OK;
    return err_code(err, st);
}

static envres_status
look_at_all(struct context *ctx, struct salvage_environment **out, size_t *count, envres_error *err)
{
    struct environment *all = NULL;
    envres_status st = environment_all(ctx, &all, count, err);
    struct salvage_environment *list =
        st == ENVRES_OK ? mem_alloc_zero(ctx->mem, (*count + 1) * sizeof(*list)) : NULL;
    if (st == ENVRES_OK && !list)
        st = err_code(err, ENVRES_E_NOMEM);
    for (size_t i = 0; st == ENVRES_OK && i < *count; i++) {
        list[i].row = all[i];
        st = look_at(ctx, &list[i], err);
    }
    mem_free(ctx->mem, all);
    if (st < 0)
        mem_free(ctx->mem, list);
    else
        *out = list;
    return st;
}

/* The one of the three that every workspace has whose row is not there; NULL unless it is one. */
static const char *
missing_fixed(const struct salvage_environment *list, size_t count)
{
    const char *missing = NULL;
    size_t absent = 0;
    for (size_t f = 0; f < FIXED; f++) {
        bool there = false;
        for (size_t i = 0; i < count; i++)
            there = there || (list[i].is_vouched && strcmp(list[i].row.key, fixed_keys[f]) == 0);
        if (!there) {
            missing = fixed_keys[f];
            absent++;
        }
    }
    return absent == 1 ? missing : NULL;
}

/*
 * Names of environments whose rows do not verify. A single one keeps its name, or has the one that
 * is missing of the three: it cannot have been exchanged with another. Of several, none does.
 */
static envres_status
settle_names(struct context *ctx, const struct salvage_environment *list, size_t count,
             size_t added, struct salvage_report *report, envres_error *err)
{
    size_t doubtful = 0;
    envres_status st = ENVRES_OK;
    for (size_t i = 0; i < count; i++)
        doubtful += list[i].is_held && !list[i].is_vouched;
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        const struct environment *row = &list[i].row;
        char key[LIMIT_ENVIRONMENT_KEY + 1] = "";
        const char *missing = missing_fixed(list, count);
        if (!list[i].is_held || list[i].is_vouched)
            continue;
        memcpy(key, row->key, sizeof(key));
        bool is_fixed = row->fixed;
        if (doubtful == 1 && missing && (added > 0 || row->fixed)) {
            memcpy(key, missing, strlen(missing) + 1);
            is_fixed = true;
        } else if (doubtful > 1 && added < count) {
            is_fixed = false;
            if (strncmp(row->key, "salvaged-", 9) != 0)
                st = free_key(ctx, key, err);
        }
        if (st == ENVRES_OK)
            st = set_environment(ctx, row, key, is_fixed, err);
        salvage_lost(report, "environment", key, 1, ENVRES_E_INTEGRITY,
                     "nothing vouches for its name, place and settings: it is protected now, "
                     "compare them with what you know");
    }
    return st;
}

/* Is the place that of an environment whose row cannot be sealed anew? */
static bool
is_taken(const struct salvage_environment *list, size_t count, int64_t place)
{
    for (size_t i = 0; i < count; i++) {
        if (!list[i].is_held && list[i].row.position == place)
            return true;
    }
    return false;
}

/* A path without gaps: where drafts stand, those that have a place, those that have none and did
 * not verify. */
static envres_status
settle_path(struct context *ctx, const struct salvage_environment *list, size_t count,
            envres_error *err)
{
    uint8_t first[SEAL_ID] = { 0 };
    bool has_draft = false;
    int64_t place = 0;
    bool changed = false;
    for (size_t i = 0; i < count; i++)
        changed = changed || (list[i].is_held && !list[i].is_vouched);
    envres_status st = ask_id(ctx->db, SQL_DRAFT_STAGE, first, &has_draft, err);
    for (int pass = 0; changed && pass < 3; pass++) {
        for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
            const struct environment *row = &list[i].row;
            bool doubtful = list[i].is_held && !list[i].is_vouched;
            bool is_first = has_draft && memcmp(row->id, first, SEAL_ID) == 0;
            int turn = is_first ? 0 : row->position > 0 ? 1 : doubtful ? 2 : 3;
            if (turn != pass || !list[i].is_held)
                continue;
            do
                place++;
            while (is_taken(list, count, place));
            if (row->position != place)
                st = salvage_run(ctx, salvage_sql[SQL_SET_POSITION], row->id, NULL, place, NULL,
                                 err);
        }
    }
    return st;
}

/* Keys that nobody holds are gone, and with them all that was sealed under them: the environment
 * begins anew, empty. */
static envres_status
start_environment_anew(struct context *ctx, struct salvage_environment *environment, int64_t now,
                       struct salvage_report *report, envres_error *err)
{
    struct environment *row = &environment->row;
    struct env_keys *keys = NULL;
    int64_t dropped = 0;
    int64_t rotations = 0;
    envres_status st = audit_count(ctx->db, ctx->workspace, row->id, "key.rotate", &rotations, err);
    uint32_t generation = (uint32_t)rotations + 1; /* no fewer than the audit knows of */
    if (st == ENVRES_OK)
        st = salvage_run(ctx, salvage_sql[SQL_EMPTY], row->id, NULL, 0, &dropped, err);
    if (st == ENVRES_OK)
        st = env_keys_drop(ctx->db, row->id, err);
    if (st == ENVRES_OK)
        st = env_key_drop(ctx->db, row->id, err);
    if (st == ENVRES_OK)
        st = salvage_run(ctx, salvage_sql[SQL_FIRST_KEYS], row->id, NULL, generation, NULL, err);
    if (st == ENVRES_OK)
        st = env_keys_make_anew(ctx->db, ctx->arena, ctx->mem, ctx->actor, ctx->workspace, row->id,
                                generation, now, &keys, err);
    env_keys_unref(keys);
    if (st < 0)
        return st;
    row->generation = generation;
    row->is_protected = true;
    environment->is_held = true;
    environment->is_vouched = false;
    salvage_lost(
        report, "environment", row->key, dropped + 1, ENVRES_E_CORRUPT,
        "its keys are lost, and all that was sealed with them: it is empty, and protected");
    return ENVRES_OK;
}

static envres_status
newest_revision(struct context *ctx, const struct environment *row, int64_t *out, envres_error *err)
{
    int64_t audited = 0;
    envres_status st = context_number(ctx, salvage_sql[SQL_NEWEST], row->id, out, err);
    if (st == ENVRES_OK)
        st = audit_newest_revision(ctx->db, ctx->workspace, row->id, &audited, err);
    if (audited > *out)
        *out = audited;
    return st;
}

/* The public key is derived from the keys: it is published anew where it is lost, or nobody counts
 * who signed it. */
static envres_status
settle_public_key(struct context *ctx, const struct environment *row, int64_t now,
                  envres_error *err)
{
    struct roles roles = { .mem = NULL };
    struct env_keys *keys = NULL;
    uint8_t public[32] = { 0 };
    bool is_theirs = false;
    envres_status st = context_keys(ctx, row, &keys, err);
    if (st < 0 || !env_keys_data(keys, true))
        return st;
    st = roles_load(ctx->db, ctx->mem, ctx->workspace, &roles, err);
    if (st < 0)
        return st;
    st = env_key_find(ctx->db, &roles, ctx->workspace, row->id, row->generation, public, NULL);
    roles_free(&roles);
    if (st == ENVRES_OK)
        st = env_key_check(ctx->db, keys, &is_theirs, NULL);
    if (st == ENVRES_E_NOMEM)
        return err_code(err, st);
    if (st == ENVRES_OK && is_theirs)
        return ENVRES_OK;
    st = env_key_drop(ctx->db, row->id, err);
    return st == ENVRES_OK ? env_key_publish(ctx->db, ctx->actor, keys, now, err) : st;
}

/* Each environment with its keys: what it holds. */
static envres_status
settle_one(struct context *ctx, struct salvage_environment *environment, int64_t last_entry,
           int64_t now, struct salvage_report *report, envres_error *err)
{
    int64_t newest = 0;
    int64_t holders = 1;
    envres_status st = ENVRES_OK;
    if (!environment->is_held)
        st = context_number(ctx, salvage_sql[SQL_HELD], environment->row.id, &holders, err);
    if (st == ENVRES_OK && holders == 0)
        st = start_environment_anew(ctx, environment, now, report, err);
    if (st < 0)
        return st;
    if (!environment->is_held) {
        salvage_lost(report, "environment", environment->row.key, 0, ENVRES_E_DENIED,
                     "its keys are not held: its rows are kept as they were read, unchecked");
        return ENVRES_OK;
    }
    st = settle_public_key(ctx, &environment->row, now, err);
    if (st == ENVRES_OK)
        st = newest_revision(ctx, &environment->row, &newest, err);
    if (st < 0)
        return st;
    if (newest > environment->row.revision)
        environment->row.revision = newest;
    /* More writes than entries there cannot have been. */
    if (!environment->is_vouched)
        environment->head.epoch = (uint64_t)(last_entry + environment->row.revision);
    environment->must_seal = environment->must_seal || !environment->is_vouched;
    return salvage_config(ctx, environment, now, report, err);
}

/* Rows were written since: heads are sealed for what is there now. */
static envres_status
read_again(struct context *ctx, struct salvage_environment *list, size_t count, envres_error *err)
{
    struct environment *after = NULL;
    size_t again = 0;
    envres_status st = environment_all(ctx, &after, &again, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        for (size_t n = 0; n < again; n++) {
            if (memcmp(after[n].id, list[i].row.id, SEAL_ID) != 0)
                continue;
            list[i].must_seal = after[n].position != list[i].row.position;
            list[i].row = after[n];
        }
    }
    mem_free(ctx->mem, after);
    return st;
}

static envres_status
settle_environments(struct context *ctx, int64_t last_entry, int64_t now,
                    struct salvage_report *report, envres_error *err)
{
    struct salvage_environment *list = NULL;
    size_t count = 0;
    size_t added = 0;
    envres_status st = drop_unreadable(ctx, err);
    if (st == ENVRES_OK)
        st = add_lost(ctx, now, &added, err);
    if (st == ENVRES_OK)
        st = prune_keys(ctx, report, err);
    if (st == ENVRES_OK)
        st = look_at_all(ctx, &list, &count, err);
    if (st == ENVRES_OK)
        st = settle_names(ctx, list, count, added, report, err);
    if (st == ENVRES_OK)
        st = settle_path(ctx, list, count, err);
    if (st == ENVRES_OK)
        st = read_again(ctx, list, count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++)
        st = settle_one(ctx, &list[i], last_entry, now, report, err);
    mem_free(ctx->mem, list);
    return st;
}

/* ---- the end -------------------------------------------------------------------------------- */

/* `environment` NULL: the entry of all of it. */
static envres_status
append_entry(struct context *ctx, const struct environment *environment, int64_t now,
             const struct salvage_report *report, envres_error *err)
{
    uint8_t operation[SEAL_ID];
    char reason[128];
    seal_random(operation, sizeof(operation));
    snprintf(reason, sizeof(reason), "read out of a damaged file; lost, or not vouched for: %zu",
             report->reported);
    struct audit_entry entry = {
        .workspace = ctx->workspace,
        .environment = environment ? environment->id : NULL,
        .revision = environment ? environment->revision : 0,
        .operation = operation,
        .action = "store.salvage",
        .object = slice_str("workspace"),
        .reason = slice_str(reason),
        .time = now,
        .policy_version = ctx->roles.version,
    };
    return audit_append(ctx->db, ctx->mem, ctx->actor, &entry, err);
}

/* An environment whose newest change is in no entry that was kept has one of its own, with the time
 * of that change. */
static envres_status
append_entries(struct context *ctx, int64_t now, const struct salvage_report *report,
               envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = environment_all(ctx, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        int64_t time = 0;
        bool has = true;
        st = context_number(ctx, salvage_sql[SQL_TIME], all[i].id, &time, err);
        if (st == ENVRES_OK && time)
            st = audit_has_time(ctx->db, ctx->workspace, time, &has, err);
        if (st == ENVRES_OK && !has)
            st = append_entry(ctx, &all[i], time, report, err);
    }
    mem_free(ctx->mem, all);
    return st == ENVRES_OK ? append_entry(ctx, NULL, now, report, err) : st;
}

static envres_status
settle_inside(struct context *ctx, bool made_workspace, const struct salvage_reading *reading,
              struct salvage_report *report, envres_error *err)
{
    int64_t now = clock_now(ctx->clock);
    int64_t last_entry = 0;
    salvage_told(reading, report);
    envres_status st = settle_policy(ctx, made_workspace, now, report, err);
    if (st == ENVRES_OK)
        st = prune_keys(ctx, report, err);
    if (st == ENVRES_OK)
        st = settle_slots(ctx, now, report, err);
    if (st == ENVRES_OK)
        st = cut_audit(ctx, &last_entry, report, err);
    if (st == ENVRES_OK)
        st = settle_environments(ctx, last_entry, now, report, err);
    if (st == ENVRES_OK)
        st = salvage_apps(ctx, now, report, err);
    if (st == ENVRES_OK)
        st = salvage_drop_orphans(ctx->db, salvage_orphans, report, err);
    return st == ENVRES_OK ? append_entries(ctx, now, report, err) : st;
}

envres_status
salvage_settle(struct context *ctx, bool made_workspace, const struct salvage_reading *reading,
               struct salvage_report *report, envres_error *err)
{
    envres_status st = db_begin_write(ctx->db, err);
    if (st < 0)
        return st;
    st = settle_inside(ctx, made_workspace, reading, report, err);
    return db_end(ctx->db, st, NULL, err);
}
