/* SPDX-License-Identifier: MIT */
/*
 * The environments of a salvaged store: their rows, names, places on the path, keys.
 *
 * Rules. A row whose head verifies stays as it is. One whose head does not is protected, and keeps
 * its name only when no other could have had it. Keys that are signed say which generation there
 * is; an environment whose keys nobody holds any more begins anew, empty. What is inside of an
 * environment is not looked at here.
 */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "guard/audit.h"
#include "guard/env_key.h"
#include "model/config.h"
#include "model/salvage.h"

enum {
    SQL_BAD_ENVIRONMENTS,
    SQL_BAD_OBJECTS,
    SQL_BAD_SETTINGS,
    SQL_LOST_ENVIRONMENT,
    SQL_ADD_ENVIRONMENT,
    SQL_SET_ENVIRONMENT,
    SQL_SET_POSITION,
    SQL_DRAFT_STAGE,
    SQL_HELD,
    SQL_EMPTY,
    SQL_FIRST_KEYS,
    SQL_GRANTED,
    SQL_SET_GENERATION,
    SQL_NEWEST,
    SQL_COUNT_
};

static const char *const environment_sql[SQL_COUNT_] = {
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
    [SQL_HELD] = "SELECT count(*) FROM key_grant WHERE environment_id = ?1 AND class = 1",
    [SQL_EMPTY] = "DELETE FROM setting WHERE environment_id = ?1",
    [SQL_FIRST_KEYS] = "UPDATE environment SET generation = ?2, protected = 1 WHERE id = ?1",
    [SQL_GRANTED] = "SELECT max(generation) FROM key_grant WHERE environment_id = ?1",
    [SQL_SET_GENERATION] = "UPDATE environment SET generation = ?2 WHERE id = ?1",
    [SQL_NEWEST] = "SELECT max(revision) FROM setting WHERE environment_id = ?1",
};

static const char *const fixed_keys[] = { "development", "staging", "production" };
enum { FIXED = sizeof(fixed_keys) / sizeof(fixed_keys[0]) };

/* A store has one workspace: rows that name another one are its own, under a damaged id. Nothing
 * that is signed or sealed says so of them, so that each proves itself afterwards all the same. */
static envres_status
take_in_strays(struct context *ctx, envres_error *err)
{
    static const char *const rows[] = {
        "UPDATE OR IGNORE environment SET workspace_id = ?1 WHERE workspace_id <> ?1",
        "UPDATE OR IGNORE object SET workspace_id = ?1 WHERE workspace_id <> ?1",
        "UPDATE OR IGNORE part SET workspace_id = ?1 WHERE workspace_id <> ?1",
        "UPDATE OR IGNORE tree SET workspace_id = ?1 WHERE workspace_id <> ?1",
        "UPDATE OR IGNORE app SET workspace_id = ?1 WHERE workspace_id <> ?1",
        "UPDATE OR IGNORE query SET workspace_id = ?1 WHERE workspace_id <> ?1",
        "UPDATE OR IGNORE request SET workspace_id = ?1 WHERE workspace_id <> ?1",
    };
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < sizeof(rows) / sizeof(rows[0]); i++)
        st = salvage_run(ctx, rows[i], ctx->workspace, NULL, NULL, err);
    return st;
}

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
    envres_status st = take_in_strays(ctx, err);
    for (size_t i = 0; st == ENVRES_OK && i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct db_stmt *stmt = NULL;
        st = db_use(ctx->db, environment_sql[rows[i].sql], &stmt, err);
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
        st = db_use(ctx->db, environment_sql[SQL_LOST_ENVIRONMENT], &stmt, err);
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
            st = db_use(ctx->db, environment_sql[SQL_ADD_ENVIRONMENT], &stmt, err);
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
    envres_status st = db_use(ctx->db, environment_sql[SQL_SET_ENVIRONMENT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, row->id, SEAL_ID);
    db_bind_text(stmt, 2, key, strlen(key));
    db_bind_text(stmt, 3, key, strlen(key));
    db_bind_int(stmt, 4, fixed);
    return db_run(stmt, err);
}

/* A rotation grants its keys as it raises the generation: where the two differ, the grants are
 * right, which are signed. But when there are fewer than rotations in the audit, grants are lost.
 */
static envres_status
settle_generation(struct context *ctx, struct environment *row, envres_error *err)
{
    int64_t granted = 0;
    int64_t rotations = 0;
    envres_status st = context_number(ctx, environment_sql[SQL_GRANTED], row->id, &granted, err);
    if (st == ENVRES_OK)
        st = audit_count(ctx->db, ctx->workspace, row->id, "key.rotate", &rotations, err);
    if (st < 0 || granted == (int64_t)row->generation || granted <= rotations)
        return st;
    row->generation = (uint32_t)granted;
    return salvage_run_with(ctx, environment_sql[SQL_SET_GENERATION], row->id, NULL, granted, NULL,
                            err);
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
        st = settle_generation(ctx, &list[i].row, err);
        if (st == ENVRES_OK)
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
    envres_status st =
        salvage_ask_id(ctx->db, environment_sql[SQL_DRAFT_STAGE], first, &has_draft, err);
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
                st = salvage_run_with(ctx, environment_sql[SQL_SET_POSITION], row->id, NULL, place,
                                      NULL, err);
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
        st = salvage_run(ctx, environment_sql[SQL_EMPTY], row->id, NULL, &dropped, err);
    if (st == ENVRES_OK)
        st = env_keys_drop(ctx->db, row->id, err);
    if (st == ENVRES_OK)
        st = env_key_drop(ctx->db, row->id, err);
    if (st == ENVRES_OK)
        st = salvage_run_with(ctx, environment_sql[SQL_FIRST_KEYS], row->id, NULL, generation, NULL,
                              err);
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
    envres_status st = context_number(ctx, environment_sql[SQL_NEWEST], row->id, out, err);
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
    if (st < 0 && st != ENVRES_E_INTEGRITY)
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
        st = context_number(ctx, environment_sql[SQL_HELD], environment->row.id, &holders, err);
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

envres_status
salvage_environments(struct context *ctx, int64_t last_entry, int64_t now,
                     struct salvage_report *report, envres_error *err)
{
    struct salvage_environment *list = NULL;
    size_t count = 0;
    size_t added = 0;
    envres_status st = drop_unreadable(ctx, err);
    if (st == ENVRES_OK)
        st = add_lost(ctx, now, &added, err);
    if (st == ENVRES_OK)
        st = salvage_prune_keys(ctx, report, err);
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
