/* SPDX-License-Identifier: MIT */
/*
 * Generations, as the stored grants show them, and the memory of grants that were withdrawn.
 * Nothing here is proof: a row of key_grant counts when it opens, a row of key_past only adds to a
 * report. Who may rotate, and which records still need an old key, is not known here.
 */
#include "guard/generation.h"

enum {
    SQL_OLDER,
    SQL_ERASE_GRANTS,
    SQL_ERASE_PUBLIC,
    SQL_PAST_ADD,
    SQL_PAST_ALL,
    SQL_PAST_DROP,
    SQL_COUNT_
};

static const char *const generation_sql[SQL_COUNT_] = {
    [SQL_OLDER] = "SELECT DISTINCT generation FROM key_grant WHERE environment_id = ?1"
                  " AND generation < ?2 AND (?3 IS NULL OR principal_id = ?3)"
                  " AND (?4 = 0 OR class = ?4) ORDER BY generation DESC",
    [SQL_ERASE_GRANTS] = "DELETE FROM key_grant WHERE environment_id = ?1 AND generation = ?2",
    [SQL_ERASE_PUBLIC] = "DELETE FROM env_key WHERE environment_id = ?1 AND generation = ?2",
    [SQL_PAST_ADD] = "INSERT INTO key_past"
                     " (environment_id, class, principal_id, withdrawn_at)"
                     " SELECT DISTINCT environment_id, class, principal_id, ?4 FROM key_grant"
                     " WHERE environment_id = ?1 AND class = ?2 AND principal_id = ?3"
                     " ON CONFLICT DO UPDATE SET withdrawn_at = excluded.withdrawn_at",
    [SQL_PAST_ALL] = "INSERT INTO key_past"
                     " (environment_id, class, principal_id, withdrawn_at)"
                     " SELECT DISTINCT environment_id, class, principal_id, ?2 FROM key_grant"
                     " WHERE principal_id = ?1"
                     " ON CONFLICT DO UPDATE SET withdrawn_at = excluded.withdrawn_at",
    [SQL_PAST_DROP] = "DELETE FROM key_past WHERE environment_id = ?1",
};

envres_status
generations_older(struct db *db, const struct grant_label *label, struct generations *out,
                  envres_error *err)
{
    struct db_stmt *stmt = NULL;
    out->count = 0;
    out->more = false;
    envres_status st = db_use(db, generation_sql[SQL_OLDER], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, label->environment, SEAL_ID);
    db_bind_int(stmt, 2, label->generation);
    if (label->principal)
        db_bind_blob(stmt, 3, label->principal, SEAL_ID);
    else
        db_bind_null(stmt, 3);
    db_bind_int(stmt, 4, label->key_class);
    while (st == ENVRES_OK) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        out->more = out->count == LIMIT_GENERATIONS;
        if (out->more)
            break;
        out->numbers[out->count++] = (uint32_t)db_column_int(stmt, 0);
    }
    db_reset(stmt);
    return st;
}

static envres_status
erase(struct db *db, int sql, const uint8_t *environment, uint32_t generation, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, generation_sql[sql], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment, SEAL_ID);
    db_bind_int(stmt, 2, generation);
    return db_run(stmt, err);
}

envres_status
generation_erase(struct db *db, const uint8_t *environment, uint32_t generation, envres_error *err)
{
    envres_status st = erase(db, SQL_ERASE_GRANTS, environment, generation, err);
    return st < 0 ? st : erase(db, SQL_ERASE_PUBLIC, environment, generation, err);
}

envres_status
key_past_add(struct db *db, const struct key_share *share, int64_t now, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    bool all = !share->environment;
    envres_status st = db_use(db, generation_sql[all ? SQL_PAST_ALL : SQL_PAST_ADD], &stmt, err);
    if (st < 0)
        return st;
    if (all) {
        db_bind_blob(stmt, 1, share->principal, SEAL_ID);
        db_bind_int(stmt, 2, now);
        return db_run(stmt, err);
    }
    db_bind_blob(stmt, 1, share->environment, SEAL_ID);
    db_bind_int(stmt, 2, share->key_class);
    db_bind_blob(stmt, 3, share->principal, SEAL_ID);
    db_bind_int(stmt, 4, now);
    return db_run(stmt, err);
}

envres_status
key_past_drop(struct db *db, const uint8_t *environment, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, generation_sql[SQL_PAST_DROP], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment, SEAL_ID);
    return db_run(stmt, err);
}
