/* SPDX-License-Identifier: MIT */
/*
 * Public keys of environments.
 *
 *   seed      = subkey 4 of the key for secrets (context envrEK01)
 *   pair      = X25519 pair of the seed
 *   signature = Ed25519 over CE(workspace, environment, generation u32, public key), type "envkey"
 *
 * Invariants: a depositor uses no key but the newest, of the generation that the environment is in,
 * signed by somebody who may rotate the keys there; a row that is there is trusted for nothing. A
 * store that was put back as a whole has an older key and an older generation that fit each other:
 * that takes an anchor outside.
 */
#include "guard/env_key.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "guard/box.h"

enum {
    SQL_PUT,
    SQL_NEWEST,
    SQL_SIGNED_BY,
    SQL_SIGN,
    SQL_DROP,
    SQL_DROP_ROW,
    SQL_ALL,
    SQL_BARE,
    SQL_COUNT_
};

static const char *const env_key_sql[SQL_COUNT_] = {
    [SQL_PUT] = "INSERT INTO env_key (environment_id, generation, box_key, signer_id, signature,"
                " created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_NEWEST] = "SELECT environment_id, generation, box_key, signer_id, signature FROM env_key"
                   " WHERE environment_id = ?1 ORDER BY generation DESC LIMIT 1",
    [SQL_SIGNED_BY] = "SELECT k.environment_id, k.generation, k.box_key, k.signer_id, k.signature"
                      " FROM env_key k JOIN environment e ON e.id = k.environment_id"
                      " WHERE e.workspace_id = ?1 AND k.signer_id = ?2"
                      " ORDER BY k.environment_id, k.generation",
    [SQL_SIGN] = "UPDATE env_key SET signer_id = ?3, signature = ?4"
                 " WHERE environment_id = ?1 AND generation = ?2",
    [SQL_DROP] = "DELETE FROM env_key WHERE environment_id = ?1",
    [SQL_DROP_ROW] = "DELETE FROM env_key WHERE rowid = ?1",
    [SQL_ALL] = "SELECT k.environment_id, k.generation, k.box_key, k.signer_id, k.signature, e.key,"
                " k.rowid FROM env_key k JOIN environment e ON e.id = k.environment_id"
                " WHERE e.workspace_id = ?1 ORDER BY e.key, k.generation",
    [SQL_BARE] = "SELECT e.key FROM environment e WHERE e.workspace_id = ?1 AND e.generation IS NOT"
                 " (SELECT max(k.generation) FROM env_key k WHERE k.environment_id = e.id)"
                 " ORDER BY e.key",
};

enum { MESSAGE_SIZE = 2 * SEAL_ID + 4 + 32 };

static const char signed_type[] = "envkey";

/* One row, copied. */
struct published {
    uint8_t environment[SEAL_ID];
    uint8_t signer[SEAL_ID];
    uint8_t box_public[32];
    uint8_t signature[SIGNATURE_SIZE];
    uint32_t generation;
};

static void
write_message(const uint8_t *workspace, const struct published *key, uint8_t message[MESSAGE_SIZE])
{
    struct ce ce = { .data = NULL };
    ce_init(&ce, message, MESSAGE_SIZE);
    ce_bytes(&ce, workspace, SEAL_ID);
    ce_bytes(&ce, key->environment, SEAL_ID);
    ce_u32(&ce, key->generation);
    ce_bytes(&ce, key->box_public, sizeof(key->box_public));
}

bool
env_key_pair(const struct env_keys *keys, uint8_t box_public[32], uint8_t *box_secret)
{
    uint8_t own[32] = { 0 };
    if (!keys->box_seed)
        return false;
    crypto_box_seed_keypair(box_public, box_secret ? box_secret : own, keys->box_seed);
    sodium_memzero(own, sizeof(own));
    return true;
}

/* False for a row that was never one of ours. */
static bool
read_row(struct db_stmt *stmt, struct published *out)
{
    int64_t generation = db_column_int(stmt, 1);
    out->generation = generation >= 1 && generation <= UINT32_MAX ? (uint32_t)generation : 0;
    return out->generation > 0 && db_column_take(stmt, 0, out->environment, SEAL_ID) &&
           db_column_take(stmt, 2, out->box_public, sizeof(out->box_public)) &&
           db_column_take(stmt, 3, out->signer, SEAL_ID) &&
           db_column_take(stmt, 4, out->signature, SIGNATURE_SIZE);
}

/* Is it signed by its signer, who may? */
static bool
counts(const struct roles *roles, const uint8_t *workspace, const struct published *key)
{
    uint8_t message[MESSAGE_SIZE] = { 0 };
    const struct role_key *signer = roles_key(roles, key->signer);
    if (!signer)
        return false;
    write_message(workspace, key, message);
    if (!identity_verify(signer->sign_key, signed_type, message, sizeof(message), key->signature))
        return false;
    if (seal_equal(signer->sign_key, roles->root, sizeof(roles->root)))
        return true;
    uint32_t set = roles_of(roles, workspace, key->signer, key->environment);
    return policy_verdict(set, ACTION_ROTATE, false, false) != VERDICT_DENY;
}

static envres_status
sign(const uint8_t *workspace, const struct identity *signer, struct published *key,
     envres_error *err)
{
    uint8_t message[MESSAGE_SIZE] = { 0 };
    memcpy(key->signer, signer->id, SEAL_ID);
    write_message(workspace, key, message);
    return identity_sign(signer, signed_type, message, sizeof(message), key->signature, err);
}

/* ---- writing -------------------------------------------------------------------------------- */

envres_status
env_key_publish(struct db *db, const struct identity *signer, const struct env_keys *keys,
                int64_t now, envres_error *err)
{
    struct published key = { .generation = keys->generation };
    struct db_stmt *stmt = NULL;
    memcpy(key.environment, keys->environment, SEAL_ID);
    if (!env_key_pair(keys, key.box_public, NULL))
        return err_set(err, ENVRES_E_DENIED, "no key for the secrets here");
    envres_status st = sign(keys->workspace, signer, &key, err);
    if (st == ENVRES_OK)
        st = db_use(db, env_key_sql[SQL_PUT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, key.environment, SEAL_ID);
    db_bind_int(stmt, 2, key.generation);
    db_bind_blob(stmt, 3, key.box_public, sizeof(key.box_public));
    db_bind_blob(stmt, 4, key.signer, SEAL_ID);
    db_bind_blob(stmt, 5, key.signature, SIGNATURE_SIZE);
    db_bind_int(stmt, 6, now);
    return db_run(stmt, err);
}

static envres_status
store_signature(struct db *db, const struct published *key, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, env_key_sql[SQL_SIGN], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, key->environment, SEAL_ID);
    db_bind_int(stmt, 2, key->generation);
    db_bind_blob(stmt, 3, key->signer, SEAL_ID);
    db_bind_blob(stmt, 4, key->signature, SIGNATURE_SIZE);
    return db_run(stmt, err);
}

/* Those that `from` published and that count, copied: rows are not changed while they are read. */
static envres_status
read_signed_by(struct db *db, const struct mem *mem, const struct roles *roles,
               const uint8_t *workspace, const uint8_t *from, struct published **out, size_t *count,
               envres_error *err)
{
    size_t room = 0;
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, env_key_sql[SQL_SIGNED_BY], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    db_bind_blob(stmt, 2, from, SEAL_ID);
    for (;;) {
        struct published key = { .generation = 0 };
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        if (!read_row(stmt, &key) || !counts(roles, workspace, &key))
            continue;
        struct published *grown = mem_grow(mem, *out, &room, *count, sizeof(**out));
        if (!grown) {
            st = err_code(err, ENVRES_E_NOMEM);
            break;
        }
        *out = grown;
        grown[(*count)++] = key;
    }
    db_reset(stmt);
    return st;
}

envres_status
env_key_adopt(struct db *db, const struct mem *mem, const struct roles *roles,
              const uint8_t *workspace, const uint8_t *from, const struct identity *by,
              envres_error *err)
{
    struct published *keys = NULL;
    size_t count = 0;
    envres_status st = read_signed_by(db, mem, roles, workspace, from, &keys, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        st = sign(workspace, by, &keys[i], err);
        if (st == ENVRES_OK && counts(roles, workspace, &keys[i]))
            st = store_signature(db, &keys[i], err);
    }
    mem_free(mem, keys);
    return st;
}

envres_status
env_key_drop(struct db *db, const uint8_t *environment, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, env_key_sql[SQL_DROP], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment, SEAL_ID);
    return db_run(stmt, err);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* *good false: there is none, or it is not one of ours. */
static envres_status
read_newest(struct db *db, const uint8_t *environment, struct published *out, bool *good,
            envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *good = false;
    envres_status st = db_use(db, env_key_sql[SQL_NEWEST], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    *good = read_row(stmt, out);
    db_reset(stmt);
    return ENVRES_OK;
}

envres_status
env_key_find(struct db *db, const struct roles *roles, const uint8_t *workspace,
             const uint8_t *environment, uint32_t generation, uint8_t box_public[32],
             envres_error *err)
{
    struct published key = { .generation = 0 };
    bool good = false;
    envres_status st = read_newest(db, environment, &key, &good, err);
    if (st < 0)
        return st;
    if (good && key.generation == generation && counts(roles, workspace, &key)) {
        memcpy(box_public, key.box_public, sizeof(key.box_public));
        return ENVRES_OK;
    }
    st = err_set(err, ENVRES_E_INTEGRITY,
                 "the environment's public key is not one that somebody signed who may");
    err_hint(err, "run verify; an administrator can rotate the keys of the environment");
    return st;
}

/* ---- verify --------------------------------------------------------------------------------- */

struct verify {
    const struct roles *roles;
    const uint8_t *workspace;
    db_finding_fn finding;
    void *user;
};

static void
report(const struct verify *verify, struct slice key, const char *message)
{
    char object[LIMIT_ENVIRONMENT_KEY + 16];
    int len = key.len > LIMIT_ENVIRONMENT_KEY ? (int)LIMIT_ENVIRONMENT_KEY : (int)key.len;
    snprintf(object, sizeof(object), "envkey/%.*s", len, key.data ? key.data : "");
    verify->finding(verify->user, envres_status_name(ENVRES_E_INTEGRITY), object, message);
}

static void
verify_published(struct db_stmt *stmt, const struct verify *verify)
{
    struct published key = { .generation = 0 };
    if (!read_row(stmt, &key) || !counts(verify->roles, verify->workspace, &key))
        report(verify, db_column_text(stmt, 5),
               "the public key is not one that somebody signed who may");
}

static void
verify_bare(struct db_stmt *stmt, const struct verify *verify)
{
    report(verify, db_column_text(stmt, 0), "there is no public key for its present keys");
}

static envres_status
verify_rows(struct db *db, int sql, const struct verify *verify,
            void (*check)(struct db_stmt *stmt, const struct verify *verify), envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, env_key_sql[sql], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, verify->workspace, SEAL_ID);
    while ((st = db_step(stmt, &row, err)) == ENVRES_OK && row == DB_ROW)
        check(stmt, verify);
    db_reset(stmt);
    return st;
}

envres_status
env_key_verify(struct db *db, const struct mem *mem, const uint8_t *workspace,
               db_finding_fn finding, void *user, envres_error *err)
{
    struct roles roles = { .mem = NULL };
    struct verify verify = { &roles, workspace, finding, user };
    envres_status st = roles_load(db, mem, workspace, &roles, err);
    if (st == ENVRES_E_INTEGRITY)
        return ENVRES_OK; /* roles_verify() says so; without roles nothing can be said of keys */
    if (st == ENVRES_OK)
        st = verify_rows(db, SQL_ALL, &verify, verify_published, err);
    if (st == ENVRES_OK)
        st = verify_rows(db, SQL_BARE, &verify, verify_bare, err);
    roles_free(&roles);
    return st;
}

/* ---- pruning -------------------------------------------------------------------------------- */

/* The first row that does not count; 0 when each does. */
static envres_status
find_faulty(struct db *db, const struct roles *roles, const uint8_t *workspace, int64_t *rowid,
            envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *rowid = 0;
    envres_status st = db_use(db, env_key_sql[SQL_ALL], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    while (*rowid == 0 && (st = db_step(stmt, &row, err)) == ENVRES_OK && row == DB_ROW) {
        struct published key = { .generation = 0 };
        if (!read_row(stmt, &key) || !counts(roles, workspace, &key))
            *rowid = db_column_int(stmt, 6);
    }
    db_reset(stmt);
    return st;
}

envres_status
env_key_prune(struct db *db, const struct mem *mem, const uint8_t *workspace, int64_t *dropped,
              envres_error *err)
{
    struct roles roles = { .mem = NULL };
    int64_t rowid = 0;
    *dropped = 0;
    envres_status st = roles_load(db, mem, workspace, &roles, err);
    if (st == ENVRES_OK)
        st = find_faulty(db, &roles, workspace, &rowid, err);
    while (st == ENVRES_OK && rowid != 0) {
        struct db_stmt *stmt = NULL;
        st = db_use(db, env_key_sql[SQL_DROP_ROW], &stmt, err);
        if (st == ENVRES_OK) {
            db_bind_int(stmt, 1, rowid);
            st = db_run(stmt, err);
        }
        *dropped += st == ENVRES_OK;
        if (st == ENVRES_OK)
            st = find_faulty(db, &roles, workspace, &rowid, err);
    }
    roles_free(&roles);
    return st;
}

envres_status
env_key_check(struct db *db, const struct env_keys *keys, bool *is_theirs, envres_error *err)
{
    struct published key = { .generation = 0 };
    uint8_t box_public[32] = { 0 };
    bool good = false;
    *is_theirs = true;
    envres_status st = read_newest(db, keys->environment, &key, &good, err);
    if (st == ENVRES_OK && good && key.generation == keys->generation &&
        env_key_pair(keys, box_public, NULL))
        *is_theirs = seal_equal(box_public, key.box_public, sizeof(box_public));
    return st;
}
