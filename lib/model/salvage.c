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
    SQL_TIME,
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
    [SQL_TIME] = "SELECT time FROM setting WHERE environment_id = ?1"
                 " ORDER BY revision DESC LIMIT 1",
};

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

static envres_status
run_statement(struct context *ctx, const char *sql, const uint8_t *first, const uint8_t *second,
              const int64_t *number, int64_t *changed, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, sql, &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, first, SEAL_ID);
    if (second)
        db_bind_blob(stmt, 2, second, SEAL_ID);
    if (number)
        db_bind_int(stmt, second ? 3 : 2, *number);
    st = db_run(stmt, err);
    if (st == ENVRES_OK && changed)
        *changed = db_changes(ctx->db);
    return st;
}

envres_status
salvage_run(struct context *ctx, const char *sql, const uint8_t *first, const uint8_t *second,
            int64_t *changed, envres_error *err)
{
    return run_statement(ctx, sql, first, second, NULL, changed, err);
}

envres_status
salvage_run_with(struct context *ctx, const char *sql, const uint8_t *first, const uint8_t *second,
                 int64_t number, int64_t *changed, envres_error *err)
{
    return run_statement(ctx, sql, first, second, &number, changed, err);
}

/* A statement without parameters that gives one id. */
envres_status
salvage_ask_id(struct db *db, const char *sql, uint8_t id[SEAL_ID], bool *found, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, sql, &stmt, err);
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
    st = salvage_ask_id(db, salvage_sql[SQL_ID], id, &found, err);
    if (st == ENVRES_OK && !found) {
        st = salvage_ask_id(db, salvage_sql[SQL_GUESS_ID], id, &found, err);
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
        st = salvage_run(ctx, salvage_sql[SQL_DROP_ROLES], ctx->workspace, NULL, NULL, err);
    if (st == ENVRES_OK)
        st = salvage_run_with(ctx, salvage_sql[SQL_REMOVE_OTHERS], ctx->workspace, own, now, NULL,
                              err);
    if (st == ENVRES_OK)
        st = salvage_run(ctx, salvage_sql[SQL_DROP_SLOTS], own, NULL, NULL, err);
    if (st == ENVRES_OK)
        st = salvage_run(ctx, salvage_sql[SQL_DROP_GRANTS], own, NULL, NULL, err);
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

envres_status
salvage_prune_keys(struct context *ctx, struct salvage_report *report, envres_error *err)
{
    int64_t dropped = 0;
    envres_status st = keyring_prune(ctx->db, ctx->workspace, &dropped, err);
    if (st == ENVRES_OK && dropped > 0)
        salvage_lost(report, "key_grant", NULL, dropped, ENVRES_E_INTEGRITY,
                     "slots and grants that are out of form or not signed are not kept");
    if (st == ENVRES_OK)
        st = env_key_prune(ctx->db, ctx->mem, ctx->workspace, &dropped, err);
    if (st == ENVRES_OK && dropped > 0)
        salvage_lost(report, "env_key", NULL, dropped, ENVRES_E_INTEGRITY,
                     "public keys that nobody signed who may are not kept");
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
        st = salvage_run(ctx, salvage_sql[SQL_RETIRE_SLOTS], id, NULL, NULL, err);
    if (st == ENVRES_OK)
        st = salvage_run(ctx, salvage_sql[SQL_RETIRE_GRANTS], id, NULL, NULL, err);
    return st == ENVRES_OK
               ? salvage_run_with(ctx, salvage_sql[SQL_RETIRE], id, NULL, now, NULL, err)
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
        st = salvage_prune_keys(ctx, report, err);
    if (st == ENVRES_OK)
        st = settle_slots(ctx, now, report, err);
    if (st == ENVRES_OK)
        st = cut_audit(ctx, &last_entry, report, err);
    if (st == ENVRES_OK)
        st = salvage_environments(ctx, last_entry, now, report, err);
    if (st == ENVRES_OK)
        st = salvage_waiting(ctx, report, err);
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
