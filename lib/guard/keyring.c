/* SPDX-License-Identifier: MIT */
/*
 * The keys of environments: made, granted, opened, dropped, and the SQL of key_grant. Invariants:
 * env_keys exist only for grants that a principal of the same workspace signed; the key of a class
 * is in memory only while its subkeys are derived.
 *
 * Not here: who may grant what. Whoever can write the file can add a principal that grants keys of
 * its own making; that shows as an environment none of whose older records or heads open.
 */
#include "guard/keyring.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "guard/generation.h"
#include "guard/grant.h"
#include "guard/identity.h"
#include "guard/slot.h"
#include "guard/slot_set.h"

enum {
    SQL_PUT_GRANT,
    SQL_GRANTS_OF,
    SQL_HAS_GRANT,
    SQL_DROP_GRANT,
    SQL_DROP_GRANTS_OF,
    SQL_DROP_GRANTS,
    SQL_ALL_GRANTS,
    SQL_ALL_SLOTS,
    SQL_DROP_SLOT,
    SQL_DROP_ONE,
    SQL_GRANTED,
    SQL_COUNT_
};

static const char *const keyring_sql[SQL_COUNT_] = {
    [SQL_PUT_GRANT] = "INSERT INTO key_grant (environment_id, generation, class, principal_id,"
                      " body, granter_id, signature, created_at)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_GRANTS_OF] = "SELECT g.class, g.body, g.signature, p.sign_key FROM key_grant g"
                      " LEFT JOIN principal p ON p.id = g.granter_id AND p.workspace_id = ?4"
                      " WHERE g.environment_id = ?1 AND g.generation = ?2 AND g.principal_id = ?3"
                      " ORDER BY g.class",
    [SQL_HAS_GRANT] = "SELECT 1 FROM key_grant WHERE environment_id = ?1 AND generation = ?2"
                      " AND class = ?3 AND principal_id = ?4",
    [SQL_DROP_GRANT] = "DELETE FROM key_grant WHERE environment_id = ?1 AND class = ?2"
                       " AND principal_id = ?3",
    [SQL_DROP_GRANTS_OF] = "DELETE FROM key_grant WHERE principal_id = ?1",
    [SQL_DROP_GRANTS] = "DELETE FROM key_grant WHERE environment_id = ?1",
    [SQL_ALL_GRANTS] = "SELECT g.environment_id, g.generation, g.class, g.principal_id, g.body,"
                       " g.signature, p.sign_key, e.key, r.name, g.rowid FROM key_grant g"
                       " JOIN environment e ON e.id = g.environment_id"
                       " LEFT JOIN principal p ON p.id = g.granter_id AND p.workspace_id = ?1"
                       " LEFT JOIN principal r ON r.id = g.principal_id AND r.workspace_id = ?1"
                       " WHERE e.workspace_id = ?1"
                       " ORDER BY e.key, g.generation, g.class, r.name",
    [SQL_ALL_SLOTS] = "SELECT p.id, p.name, s.ordinal, s.body, s.provider, s.rowid FROM principal p"
                      " JOIN slot s ON s.principal_id = p.id"
                      " WHERE p.workspace_id = ?1 ORDER BY p.name, s.ordinal",
    [SQL_DROP_SLOT] = "DELETE FROM slot WHERE rowid = ?1",
    [SQL_DROP_ONE] = "DELETE FROM key_grant WHERE rowid = ?1",
    [SQL_GRANTED] = "SELECT 1 FROM key_grant WHERE environment_id = ?1 LIMIT 1",
};

enum { KDF_DATA = 1, KDF_ROW = 2, KDF_HEAD = 3, KDF_BOX_SEED = 4 };

struct held_keys {
    struct env_keys keys; /* first: what others hold points here */
    struct mem mem;
    struct arena *arena;
    atomic_size_t refs;
    uint8_t *data;          /* config | secret */
    uint8_t *sums;          /* row | head */
    uint8_t *box;           /* box seed */
    struct env_keys *whole; /* of keys without those for secrets: what they borrow from */
    struct env_keys *older; /* what keys.older points to, owned; or NULL */
};

static void
held_free(struct held_keys *held)
{
    if (!held)
        return;
    struct mem mem = held->mem;
    arena_give(held->arena, held->data);
    arena_give(held->arena, held->sums);
    arena_give(held->arena, held->box);
    arena_unref(held->arena);
    env_keys_unref(held->whole);
    env_keys_unref(held->older);
    mem_free(&mem, held);
}

static struct held_keys *
held_new(struct arena *arena, const struct mem *mem, const uint8_t *workspace,
         const uint8_t *environment, uint32_t generation)
{
    struct held_keys *held = mem_alloc_zero(mem, sizeof(*held));
    if (!held)
        return NULL;
    held->mem = *mem;
    held->arena = arena_ref(arena);
    atomic_init(&held->refs, 1);
    held->data = arena_take(arena);
    held->sums = arena_take(arena);
    held->box = arena_take(arena);
    if (!held->data || !held->sums || !held->box) {
        held_free(held);
        return NULL;
    }
    memcpy(held->keys.workspace, workspace, SEAL_ID);
    memcpy(held->keys.environment, environment, SEAL_ID);
    held->keys.generation = generation;
    return held;
}

/* Subkeys of one class; the class key itself is not kept. */
static void
derive_subkeys(struct held_keys *held, uint8_t key_class, const uint8_t *key)
{
    static const char context[crypto_kdf_CONTEXTBYTES + 1] = "envrEK01";
    if (key_class == KEY_SECRET) {
        crypto_kdf_derive_from_key(held->data + SEAL_KEY, SEAL_KEY, KDF_DATA, context, key);
        crypto_kdf_derive_from_key(held->box, SEAL_KEY, KDF_BOX_SEED, context, key);
        held->keys.secret_data = held->data + SEAL_KEY;
        held->keys.box_seed = held->box;
        return;
    }
    crypto_kdf_derive_from_key(held->data, SEAL_KEY, KDF_DATA, context, key);
    crypto_kdf_derive_from_key(held->sums, SEAL_KEY, KDF_ROW, context, key);
    crypto_kdf_derive_from_key(held->sums + SEAL_KEY, SEAL_KEY, KDF_HEAD, context, key);
    held->keys.config_data = held->data;
    held->keys.row = held->sums;
    held->keys.head = held->sums + SEAL_KEY;
}

struct env_keys *
env_keys_ref(struct env_keys *keys)
{
    struct held_keys *held = (struct held_keys *)(void *)keys;
    atomic_fetch_add_explicit(&held->refs, 1, memory_order_relaxed);
    return keys;
}

void
env_keys_unref(struct env_keys *keys)
{
    struct held_keys *held = (struct held_keys *)(void *)keys;
    if (held && atomic_fetch_sub_explicit(&held->refs, 1, memory_order_acq_rel) == 1)
        held_free(held);
}

const uint8_t *
env_keys_data(const struct env_keys *keys, bool secret)
{
    return secret ? keys->secret_data : keys->config_data;
}

const struct env_keys *
env_keys_at(const struct env_keys *keys, uint32_t generation)
{
    while (keys && keys->generation != generation)
        keys = keys->older;
    return keys;
}

const uint8_t *
env_keys_data_at(const struct env_keys *keys, bool secret, uint32_t generation)
{
    const struct env_keys *own = env_keys_at(keys, generation);
    return own && env_keys_data(keys, secret) ? env_keys_data(own, secret) : NULL;
}

envres_status
env_keys_plain(struct env_keys *keys, const struct mem *mem, struct env_keys **out,
               envres_error *err)
{
    struct held_keys *held = mem_alloc_zero(mem, sizeof(*held));
    if (!held)
        return err_code(err, ENVRES_E_NOMEM);
    held->keys = *keys;
    held->keys.secret_data = NULL;
    held->keys.box_seed = NULL;
    held->mem = *mem;
    held->arena = arena_ref(((struct held_keys *)(void *)keys)->arena);
    held->whole = env_keys_ref(keys);
    atomic_init(&held->refs, 1);
    *out = &held->keys;
    return ENVRES_OK;
}

/* A grant by `identity`, to the principal of the label. */
static envres_status
put_grant(struct db *db, const struct identity *identity, const struct grant_label *label,
          const uint8_t *box_public, const uint8_t *key, int64_t now, envres_error *err)
{
    uint8_t body[GRANT_SIZE];
    uint8_t signature[SIGNATURE_SIZE];
    struct db_stmt *stmt = NULL;
    envres_status st = grant_seal(label, box_public, key, identity, body, signature, err);
    if (st == ENVRES_OK)
        st = db_use(db, keyring_sql[SQL_PUT_GRANT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, label->environment, SEAL_ID);
    db_bind_int(stmt, 2, label->generation);
    db_bind_int(stmt, 3, label->key_class);
    db_bind_blob(stmt, 4, label->principal, SEAL_ID);
    db_bind_blob(stmt, 5, body, sizeof(body));
    db_bind_blob(stmt, 6, identity->id, SEAL_ID);
    db_bind_blob(stmt, 7, signature, sizeof(signature));
    db_bind_int(stmt, 8, now);
    return db_run(stmt, err);
}

/* `label`: of its own recipient; the class is filled in. */
static envres_status
make_keys(struct db *db, struct arena *arena, const struct mem *mem,
          const struct identity *identity, struct grant_label *label, int64_t now,
          struct env_keys **out, envres_error *err)
{
    static const uint8_t classes[] = { KEY_CONFIG, KEY_SECRET };
    envres_status st = ENVRES_OK;
    uint8_t *key = arena_take(arena);
    struct held_keys *held =
        held_new(arena, mem, label->workspace, label->environment, label->generation);
    if (!key || !held)
        st = err_code(err, ENVRES_E_NOMEM);
    for (size_t i = 0; i < sizeof(classes) && st == ENVRES_OK; i++) {
        label->key_class = classes[i];
        randombytes_buf(key, SEAL_KEY);
        derive_subkeys(held, label->key_class, key);
        st = put_grant(db, identity, label, identity->box_public, key, now, err);
    }
    arena_give(arena, key);
    if (st < 0) {
        held_free(held);
        return st;
    }
    *out = &held->keys;
    return ENVRES_OK;
}

envres_status
env_keys_make_anew(struct db *db, struct arena *arena, const struct mem *mem,
                   const struct identity *identity, const uint8_t *workspace,
                   const uint8_t *environment, uint32_t generation, int64_t now,
                   struct env_keys **out, envres_error *err)
{
    struct grant_label label = { workspace, environment, generation, identity->id, 0 };
    *out = NULL;
    return make_keys(db, arena, mem, identity, &label, now, out, err);
}

envres_status
env_keys_make(struct db *db, struct arena *arena, const struct mem *mem,
              const struct identity *identity, const uint8_t *workspace, const uint8_t *environment,
              int64_t now, struct env_keys **out, envres_error *err)
{
    return env_keys_make_anew(db, arena, mem, identity, workspace, environment, 1, now, out, err);
}

envres_status
env_keys_renew(struct db *db, struct arena *arena, const struct mem *mem,
               const struct identity *identity, const struct env_keys *old, int64_t now,
               struct env_keys **out, envres_error *err)
{
    *out = NULL;
    if (old->generation == UINT32_MAX)
        return err_set(err, ENVRES_E_LIMIT, "the keys of this environment cannot be made anew");
    struct grant_label label = { old->workspace, old->environment, old->generation + 1,
                                 identity->id, 0 };
    return make_keys(db, arena, mem, identity, &label, now, out, err);
}

static envres_status
refuse_grant(const struct identity *identity, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_INTEGRITY,
                               "a grant of principal '%s' does not verify: it is damaged, or was "
                               "made for something else",
                               identity->name);
    err_hint(err, "run verify; an administrator can grant the key again");
    err_subject(err, identity->name, strlen(identity->name));
    return st;
}

/* One row of SQL_GRANTS_OF. */
static envres_status
open_grant(struct db_stmt *stmt, const struct identity *identity, struct grant_label *label,
           uint8_t *key, struct held_keys *held, envres_error *err)
{
    struct slice body = db_column_blob(stmt, 1);
    struct slice signature = db_column_blob(stmt, 2);
    struct slice granter = db_column_blob(stmt, 3);
    int64_t key_class = db_column_int(stmt, 0);
    if ((key_class != KEY_CONFIG && key_class != KEY_SECRET) || body.len != GRANT_SIZE ||
        signature.len != SIGNATURE_SIZE || granter.len != 32)
        return refuse_grant(identity, err);
    label->key_class = (uint8_t)key_class;
    const uint8_t *bytes = (const uint8_t *)body.data;
    if (!grant_is_signed(label, bytes, (const uint8_t *)granter.data,
                         (const uint8_t *)signature.data) ||
        !grant_open(label, identity->box_public, identity_box_secret(identity), bytes, key))
        return refuse_grant(identity, err);
    derive_subkeys(held, label->key_class, key);
    return ENVRES_OK;
}

static envres_status
open_grants(struct db *db, const struct identity *identity, struct held_keys *held, uint8_t *key,
            envres_error *err)
{
    struct grant_label label = { held->keys.workspace, held->keys.environment,
                                 held->keys.generation, identity->id, 0 };
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, keyring_sql[SQL_GRANTS_OF], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, label.environment, SEAL_ID);
    db_bind_int(stmt, 2, label.generation);
    db_bind_blob(stmt, 3, label.principal, SEAL_ID);
    db_bind_blob(stmt, 4, label.workspace, SEAL_ID);
    st = db_step(stmt, &row, err);
    while (st == ENVRES_OK && row == DB_ROW) {
        st = open_grant(stmt, identity, &label, key, held, err);
        if (st == ENVRES_OK)
            st = db_step(stmt, &row, err);
    }
    db_reset(stmt);
    if (st == ENVRES_OK && !held->keys.config_data) {
        st = err_set(err, ENVRES_E_DENIED, "principal '%s' holds no key of this environment",
                     identity->name);
        err_hint(err, "an administrator of the workspace can grant it");
    }
    return st;
}

/* The keys of one generation. */
static envres_status
open_generation(struct db *db, struct arena *arena, const struct mem *mem,
                const struct identity *identity, const struct grant_label *label,
                struct held_keys **out, envres_error *err)
{
    envres_status st = ENVRES_OK;
    uint8_t *key = arena_take(arena);
    struct held_keys *held =
        held_new(arena, mem, label->workspace, label->environment, label->generation);
    if (!key || !held)
        st = err_code(err, ENVRES_E_NOMEM);
    else
        st = open_grants(db, identity, held, key, err);
    arena_give(arena, key);
    if (st < 0)
        held_free(held);
    else
        *out = held;
    return st;
}

/* Hangs those of older generations behind `newest`, as far as their grants verify. */
static envres_status
open_older(struct db *db, struct arena *arena, const struct mem *mem,
           const struct identity *identity, struct held_keys *newest, envres_error *err)
{
    struct generations older = { .count = 0 };
    struct held_keys *last = newest;
    struct grant_label label = { newest->keys.workspace, newest->keys.environment,
                                 newest->keys.generation, identity->id, KEY_CONFIG };
    envres_status st = generations_older(db, &label, &older, err);
    for (size_t i = 0; st == ENVRES_OK && i < older.count; i++) {
        struct held_keys *held = NULL;
        label.generation = older.numbers[i];
        st = open_generation(db, arena, mem, identity, &label, &held, NULL);
        if (st == ENVRES_OK) {
            last->older = &held->keys;
            last->keys.older = &held->keys;
            last = held;
        } else if (st == ENVRES_E_DENIED || st == ENVRES_E_INTEGRITY) {
            st = ENVRES_OK;
        } else {
            err_code(err, st);
        }
    }
    return st;
}

envres_status
env_keys_open(struct db *db, struct arena *arena, const struct mem *mem,
              const struct identity *identity, const uint8_t *workspace, const uint8_t *environment,
              uint32_t generation, struct env_keys **out, envres_error *err)
{
    struct grant_label label = { workspace, environment, generation, identity->id, 0 };
    struct held_keys *held = NULL;
    *out = NULL;
    envres_status st = open_generation(db, arena, mem, identity, &label, &held, err);
    if (st == ENVRES_OK)
        st = open_older(db, arena, mem, identity, held, err);
    if (st < 0)
        held_free(held);
    else
        *out = &held->keys;
    return st;
}

static envres_status
has_grant(struct db *db, const struct key_share *share, bool *has, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, keyring_sql[SQL_HAS_GRANT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, share->environment, SEAL_ID);
    db_bind_int(stmt, 2, share->generation);
    db_bind_int(stmt, 3, share->key_class);
    db_bind_blob(stmt, 4, share->principal, SEAL_ID);
    st = db_step(stmt, &row, err);
    *has = st == ENVRES_OK && row == DB_ROW;
    if (*has)
        db_reset(stmt);
    return st;
}

/* The key of one class, out of one's own grant. */
static envres_status
open_own(struct db *db, const struct identity *identity, const struct key_share *share,
         uint8_t *key, envres_error *err)
{
    struct grant_label label = { share->workspace, share->environment, share->generation,
                                 identity->id, share->key_class };
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    bool open = false;
    envres_status st = db_use(db, keyring_sql[SQL_GRANTS_OF], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, label.environment, SEAL_ID);
    db_bind_int(stmt, 2, label.generation);
    db_bind_blob(stmt, 3, label.principal, SEAL_ID);
    db_bind_blob(stmt, 4, label.workspace, SEAL_ID);
    while ((st = db_step(stmt, &row, err)) == ENVRES_OK && row == DB_ROW) {
        struct slice body = db_column_blob(stmt, 1);
        if (db_column_int(stmt, 0) == share->key_class && body.len == GRANT_SIZE)
            open = grant_open(&label, identity->box_public, identity_box_secret(identity),
                              (const uint8_t *)body.data, key);
    }
    if (st == ENVRES_OK && !open) {
        st = err_set(err, ENVRES_E_DENIED, "principal '%s' does not hold the key it would grant",
                     identity->name);
        err_subject(err, identity->name, strlen(identity->name));
        err_hint(err, "a role is granted by who holds the keys that come with it");
    }
    return st;
}

static envres_status
share_one(struct db *db, struct arena *arena, const struct identity *identity,
          const struct key_share *share, int64_t now, envres_error *err)
{
    struct grant_label label = { share->workspace, share->environment, share->generation,
                                 share->principal, share->key_class };
    bool has = false;
    envres_status st = has_grant(db, share, &has, err);
    if (st < 0 || has)
        return st;
    uint8_t *key = arena_take(arena);
    if (!key)
        return err_code(err, ENVRES_E_NOMEM);
    st = open_own(db, identity, share, key, err);
    if (st == ENVRES_OK)
        st = put_grant(db, identity, &label, share->box_public, key, now, err);
    arena_give(arena, key);
    return st;
}

envres_status
env_keys_share(struct db *db, struct arena *arena, const struct identity *identity,
               const struct key_share *share, int64_t now, envres_error *err)
{
    struct generations older = { .count = 0 };
    struct grant_label own = { share->workspace, share->environment, share->generation,
                               identity->id, share->key_class };
    envres_status st = share_one(db, arena, identity, share, now, err);
    if (st == ENVRES_OK)
        st = generations_older(db, &own, &older, err);
    for (size_t i = 0; st == ENVRES_OK && i < older.count; i++) {
        struct key_share old = *share;
        old.generation = older.numbers[i];
        st = share_one(db, arena, identity, &old, now, NULL);
        if (st == ENVRES_E_DENIED)
            st = ENVRES_OK; /* one's own does not open: it cannot be handed on */
        else if (st < 0)
            err_code(err, st);
    }
    return st;
}

envres_status
env_keys_withdraw(struct db *db, const struct key_share *share, int64_t now, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = key_past_add(db, share, now, err);
    if (st == ENVRES_OK)
        st = db_use(db, keyring_sql[SQL_DROP_GRANT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, share->environment, SEAL_ID);
    db_bind_int(stmt, 2, share->key_class);
    db_bind_blob(stmt, 3, share->principal, SEAL_ID);
    return db_run(stmt, err);
}

envres_status
env_keys_withdraw_all(struct db *db, const uint8_t *principal, int64_t now, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    struct key_share all = { .principal = principal };
    envres_status st = key_past_add(db, &all, now, err);
    if (st == ENVRES_OK)
        st = db_use(db, keyring_sql[SQL_DROP_GRANTS_OF], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, principal, SEAL_ID);
    return db_run(stmt, err);
}

envres_status
env_keys_granted(struct db *db, const uint8_t *environment, bool *any, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, keyring_sql[SQL_GRANTED], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment, SEAL_ID);
    st = db_step(stmt, &row, err);
    db_reset(stmt);
    *any = st == ENVRES_OK && row == DB_ROW;
    return st;
}

envres_status
env_keys_drop(struct db *db, const uint8_t *environment, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = key_past_drop(db, environment, err);
    if (st == ENVRES_OK)
        st = db_use(db, keyring_sql[SQL_DROP_GRANTS], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment, SEAL_ID);
    return db_run(stmt, err);
}

/* ---- findings of keyring_verify() ---- */

struct verify {
    const uint8_t *workspace;
    db_finding_fn finding;
    void *user;
};

static void
report(const struct verify *verify, const char *object, const char *message)
{
    verify->finding(verify->user, envres_status_name(ENVRES_E_INTEGRITY), object, message);
}

/* What is wrong with a row of SQL_ALL_SLOTS, or NULL. */
static const char *
slot_fault(struct db_stmt *stmt)
{
    struct slice id = db_column_blob(stmt, 0);
    struct slice body = db_column_blob(stmt, 3);
    if (id.len != SEAL_ID ||
        slot_kind((const uint8_t *)id.data, body, db_column_blob(stmt, 4)) == 0)
        return "the slot is not in form, or is of another principal";
    if (!slot_cost_is_allowed((const uint8_t *)body.data, 0))
        return "the slot's cost of key derivation is out of bounds";
    return NULL;
}

static void
verify_slot(struct db_stmt *stmt, const struct verify *verify)
{
    struct slice name = db_column_text(stmt, 1);
    const char *fault = slot_fault(stmt);
    char object[512];
    snprintf(object, sizeof(object), "slot/%.*s/%lld", (int)(name.len > 256 ? 256 : name.len),
             name.data ? name.data : "", (long long)db_column_int(stmt, 2));
    if (fault)
        report(verify, object, fault);
}

/* What is wrong with a row of SQL_ALL_GRANTS, or NULL. */
static const char *
grant_fault(struct db_stmt *stmt, const uint8_t *workspace)
{
    struct slice environment = db_column_blob(stmt, 0);
    int64_t generation = db_column_int(stmt, 1);
    int64_t key_class = db_column_int(stmt, 2);
    struct slice principal = db_column_blob(stmt, 3);
    struct slice body = db_column_blob(stmt, 4);
    struct slice signature = db_column_blob(stmt, 5);
    struct slice granter = db_column_blob(stmt, 6);
    struct slice name = db_column_text(stmt, 8);
    if (environment.len != SEAL_ID || principal.len != SEAL_ID || body.len != GRANT_SIZE ||
        signature.len != SIGNATURE_SIZE || generation < 1 || generation > UINT32_MAX ||
        (key_class != KEY_CONFIG && key_class != KEY_SECRET))
        return "the grant is not in form";
    if (granter.len != 32 || name.len == 0)
        return "granter or recipient is not a principal of the workspace";
    struct grant_label label = { workspace, (const uint8_t *)environment.data, (uint32_t)generation,
                                 (const uint8_t *)principal.data, (uint8_t)key_class };
    return grant_is_signed(&label, (const uint8_t *)body.data, (const uint8_t *)granter.data,
                           (const uint8_t *)signature.data)
               ? NULL
               : "the grant's signature is not its granter's";
}

static void
verify_grant(struct db_stmt *stmt, const struct verify *verify)
{
    struct slice key = db_column_text(stmt, 7);
    struct slice name = db_column_text(stmt, 8);
    const char *fault = grant_fault(stmt, verify->workspace);
    char object[512];
    snprintf(object, sizeof(object), "grant/%.*s/%.*s", (int)(key.len > 200 ? 200 : key.len),
             key.data ? key.data : "", (int)(name.len > 200 ? 200 : name.len),
             name.data ? name.data : "");
    if (fault)
        report(verify, object, fault);
}

static envres_status
verify_rows(struct db *db, const char *sql, const struct verify *verify,
            void (*check)(struct db_stmt *stmt, const struct verify *verify), envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, sql, &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, verify->workspace, SEAL_ID);
    st = db_step(stmt, &row, err);
    while (st == ENVRES_OK && row == DB_ROW) {
        check(stmt, verify);
        st = db_step(stmt, &row, err);
    }
    db_reset(stmt);
    return st;
}

envres_status
keyring_verify(struct db *db, const struct mem *mem, const uint8_t *workspace,
               db_finding_fn finding, void *user, envres_error *err)
{
    struct verify verify = { workspace, finding, user };
    envres_status st = verify_rows(db, keyring_sql[SQL_ALL_SLOTS], &verify, verify_slot, err);
    if (st == ENVRES_OK)
        st = verify_rows(db, keyring_sql[SQL_ALL_GRANTS], &verify, verify_grant, err);
    return st < 0 ? st : slot_set_verify(db, mem, workspace, finding, user, err);
}

/* ---- pruning -------------------------------------------------------------------------------- */

/* The first row at fault, by its row number, since none of its columns need be in form; 0: none. */
static envres_status
find_faulty(struct db *db, bool is_slot, const uint8_t *workspace, int64_t *rowid,
            envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *rowid = 0;
    envres_status st =
        db_use(db, keyring_sql[is_slot ? SQL_ALL_SLOTS : SQL_ALL_GRANTS], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    while (*rowid == 0 && (st = db_step(stmt, &row, err)) == ENVRES_OK && row == DB_ROW) {
        if (is_slot ? slot_fault(stmt) : grant_fault(stmt, workspace))
            *rowid = db_column_int(stmt, is_slot ? 5 : 9);
    }
    db_reset(stmt);
    return st;
}

static envres_status
prune(struct db *db, bool is_slot, const uint8_t *workspace, int64_t *dropped, envres_error *err)
{
    int64_t rowid = 0;
    envres_status st = find_faulty(db, is_slot, workspace, &rowid, err);
    while (st == ENVRES_OK && rowid != 0) {
        struct db_stmt *stmt = NULL;
        st = db_use(db, keyring_sql[is_slot ? SQL_DROP_SLOT : SQL_DROP_ONE], &stmt, err);
        if (st == ENVRES_OK) {
            db_bind_int(stmt, 1, rowid);
            st = db_run(stmt, err);
        }
        *dropped += st == ENVRES_OK;
        if (st == ENVRES_OK)
            st = find_faulty(db, is_slot, workspace, &rowid, err);
    }
    return st;
}

envres_status
keyring_prune(struct db *db, const uint8_t *workspace, int64_t *dropped, envres_error *err)
{
    envres_status st = prune(db, true, workspace, dropped, err);
    return st < 0 ? st : prune(db, false, workspace, dropped, err);
}
