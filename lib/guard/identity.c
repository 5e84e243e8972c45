/* SPDX-License-Identifier: MIT */
/*
 * Identities: principals whose seed is open, how they are unlocked and made, and the SQL of
 * principal and slot. Secret halves lie in the arena, behind the public struct. Invariants: an
 * identity's public keys are those of its seed and those of its row; no statement and no
 * transaction is open while a slot is tried, since a host's provider may call back into the store.
 * What an identity may do is not decided here.
 */
#include "guard/identity.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "base/limits.h"
#include "guard/slot.h"

enum { SQL_SLOTS_OF, SQL_SLOTS, SQL_NAME_TAKEN, SQL_PUT_PRINCIPAL, SQL_PUT_SLOT, SQL_COUNT_ };

#define SLOT_COLUMNS "p.id, p.name, p.box_key, p.sign_key, s.body, s.provider"

static const char *const identity_sql[SQL_COUNT_] = {
    [SQL_SLOTS_OF] = "SELECT " SLOT_COLUMNS " FROM principal p"
                     " JOIN slot s ON s.principal_id = p.id"
                     " WHERE p.workspace_id = ?1 AND p.name = ?2 AND p.removed_at IS NULL"
                     " ORDER BY s.ordinal",
    [SQL_SLOTS] = "SELECT " SLOT_COLUMNS " FROM principal p"
                  " JOIN slot s ON s.principal_id = p.id"
                  " WHERE p.workspace_id = ?1 AND p.removed_at IS NULL"
                  " ORDER BY p.name, s.ordinal",
    [SQL_NAME_TAKEN] = "SELECT 1 FROM principal WHERE workspace_id = ?1 AND name = ?2"
                       " AND removed_at IS NULL",
    [SQL_PUT_PRINCIPAL] = "INSERT INTO principal"
                          " (id, workspace_id, name, box_key, sign_key, slots, created_at)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, zeroblob(64), ?6)",
    [SQL_PUT_SLOT] = "INSERT INTO slot (principal_id, ordinal, label, body, provider, created_at)"
                     " VALUES (?1, ?2, '', ?3, ?4, ?5)",
};

enum {
    SEED_SIZE = 32,
    SIGNED_MAX = 1024, /* bytes of a message with its type; longer ones sign a digest */
    KDF_BOX_SEED = 1,
    KDF_SIGN_SEED = 2
};

struct unlocked {
    struct identity identity; /* first: what others hold points here */
    struct mem mem;
    struct arena *arena;
    atomic_size_t refs;
    char *name;
    uint8_t *sign_secret; /* 64 */
    uint8_t *box_secret;  /* 32 */
};

static const struct unlocked *
unlocked_of(const struct identity *identity)
{
    return (const struct unlocked *)(const void *)identity;
}

const uint8_t *
identity_box_secret(const struct identity *identity)
{
    return unlocked_of(identity)->box_secret;
}

static void
unlocked_free(struct unlocked *u)
{
    if (!u)
        return;
    struct mem mem = u->mem;
    arena_give(u->arena, u->sign_secret);
    arena_give(u->arena, u->box_secret);
    arena_unref(u->arena);
    mem_free(&mem, u->name);
    mem_free(&mem, u);
}

/* Both key pairs from the seed. `work` (64, of the arena) is left zero. */
static void
derive_pairs(struct unlocked *u, const uint8_t *seed, uint8_t *work)
{
    static const char context[crypto_kdf_CONTEXTBYTES + 1] = "envrID01";
    crypto_kdf_derive_from_key(work, SEED_SIZE, KDF_BOX_SEED, context, seed);
    crypto_kdf_derive_from_key(work + SEED_SIZE, SEED_SIZE, KDF_SIGN_SEED, context, seed);
    crypto_box_seed_keypair(u->identity.box_public, u->box_secret, work);
    crypto_sign_seed_keypair(u->identity.sign_public, u->sign_secret, work + SEED_SIZE);
    sodium_memzero(work, ARENA_SLOT);
    sodium_stackzero(1024);
}

static envres_status
unlocked_new(struct arena *arena, const struct mem *mem, const uint8_t *id, struct slice name,
             const uint8_t *seed, struct unlocked **out, envres_error *err)
{
    struct unlocked *u = mem_alloc_zero(mem, sizeof(*u));
    if (!u)
        return err_code(err, ENVRES_E_NOMEM);
    u->mem = *mem;
    u->arena = arena_ref(arena);
    atomic_init(&u->refs, 1);
    u->sign_secret = arena_take(arena);
    u->box_secret = arena_take(arena);
    u->name = mem_copy(mem, name.data, name.len);
    uint8_t *work = arena_take(arena);
    if (!u->sign_secret || !u->box_secret || !u->name || !work) {
        arena_give(arena, work);
        unlocked_free(u);
        return err_code(err, ENVRES_E_NOMEM);
    }
    memcpy(u->identity.id, id, SEAL_ID);
    u->identity.name = u->name;
    derive_pairs(u, seed, work);
    arena_give(arena, work);
    *out = u;
    return ENVRES_OK;
}

struct identity *
identity_ref(struct identity *identity)
{
    struct unlocked *u = (struct unlocked *)(void *)identity;
    atomic_fetch_add_explicit(&u->refs, 1, memory_order_relaxed);
    return identity;
}

void
identity_unref(struct identity *identity)
{
    struct unlocked *u = (struct unlocked *)(void *)identity;
    if (u && atomic_fetch_sub_explicit(&u->refs, 1, memory_order_acq_rel) == 1)
        unlocked_free(u);
}

/* "libenvres/v1/<type>\0" + message; 0 when it does not fit. */
static size_t
write_signed(uint8_t text[SIGNED_MAX], const char *type, const void *message, size_t len)
{
    static const char prefix[] = "libenvres/v1/";
    size_t head = sizeof(prefix) - 1;
    size_t type_len = strlen(type) + 1;
    if (type_len > SIGNED_MAX - head || len > SIGNED_MAX - head - type_len)
        return 0;
    memcpy(text, prefix, head);
    memcpy(text + head, type, type_len);
    if (len > 0)
        memcpy(text + head + type_len, message, len);
    return head + type_len + len;
}

envres_status
identity_sign(const struct identity *identity, const char *type, const void *message, size_t len,
              uint8_t signature[SIGNATURE_SIZE], envres_error *err)
{
    uint8_t text[SIGNED_MAX];
    size_t text_len = write_signed(text, type, message, len);
    if (text_len == 0)
        return err_set(err, ENVRES_E_INVALID, "a message of %zu bytes is too long to be signed",
                       len);
    crypto_sign_detached(signature, NULL, text, text_len, unlocked_of(identity)->sign_secret);
    return ENVRES_OK;
}

bool
identity_verify(const uint8_t sign_public[32], const char *type, const void *message, size_t len,
                const uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t text[SIGNED_MAX];
    size_t text_len = write_signed(text, type, message, len);
    return text_len > 0 && crypto_sign_verify_detached(signature, text, text_len, sign_public) == 0;
}

/* ---- unlocking ---- */

/* A slot that the credential may open, copied so that no statement is open while it is tried. */
struct candidate {
    uint8_t id[SEAL_ID];
    uint8_t box_public[32];
    uint8_t sign_public[32];
    uint8_t body[SLOT_SIZE];
    char *name;
    size_t name_len;
    char *provider;
    size_t provider_len;
};

struct candidates {
    const struct mem *mem;
    struct candidate *rows;
    size_t count;
    size_t cap;
};

static void
candidates_free(struct candidates *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mem_free(list->mem, list->rows[i].name);
        mem_free(list->mem, list->rows[i].provider);
    }
    mem_free(list->mem, list->rows);
}

static struct candidate *
candidates_add(struct candidates *list)
{
    struct candidate *rows =
        mem_grow(list->mem, list->rows, &list->cap, list->count, sizeof(*rows));
    if (!rows)
        return NULL;
    list->rows = rows;
    struct candidate *row = &list->rows[list->count++];
    memset(row, 0, sizeof(*row));
    return row;
}

/* Takes the row in when it is in form and of the credential's kind; a slot that is not in form is
 * passed over, and so answers like a wrong key. */
static envres_status
take_candidate(struct candidates *list, struct db_stmt *stmt, uint32_t kind, envres_error *err)
{
    struct slice id = db_column_blob(stmt, 0);
    struct slice name = db_column_text(stmt, 1);
    struct slice box_public = db_column_blob(stmt, 2);
    struct slice sign_public = db_column_blob(stmt, 3);
    struct slice body = db_column_blob(stmt, 4);
    struct slice provider = db_column_blob(stmt, 5);
    if (id.len != SEAL_ID || box_public.len != 32 || sign_public.len != 32 ||
        name.len > LIMIT_PRINCIPAL || slot_kind((const uint8_t *)id.data, body, provider) != kind)
        return ENVRES_OK;
    struct candidate *row = candidates_add(list);
    if (!row)
        return err_code(err, ENVRES_E_NOMEM);
    memcpy(row->id, id.data, SEAL_ID);
    memcpy(row->box_public, box_public.data, 32);
    memcpy(row->sign_public, sign_public.data, 32);
    memcpy(row->body, body.data, SLOT_SIZE);
    row->name = mem_copy(list->mem, name.data, name.len);
    row->name_len = name.len;
    row->provider = mem_copy(list->mem, provider.data, provider.len);
    row->provider_len = provider.len;
    if (!row->name || !row->provider)
        return err_code(err, ENVRES_E_NOMEM);
    return ENVRES_OK;
}

/* Only raw keys are tried in large numbers: each of the other kinds costs. */
static envres_status
find_candidates(struct db *db, const uint8_t *workspace, const envres_credential *credential,
                struct candidates *list, envres_error *err)
{
    size_t max = LIMIT_SLOTS;
    if (!credential->principal && credential->kind == ENVRES_CREDENTIAL_RAW_KEY)
        max = LIMIT_UNLOCK;
    struct db_stmt *stmt = NULL;
    const char *sql = identity_sql[credential->principal ? SQL_SLOTS_OF : SQL_SLOTS];
    envres_status st = db_use(db, sql, &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    if (credential->principal)
        db_bind_text(stmt, 2, credential->principal, credential->principal_len);
    int row = DB_DONE;
    st = db_step(stmt, &row, err);
    while (st == ENVRES_OK && row == DB_ROW && list->count < max) {
        st = take_candidate(list, stmt, credential->kind, err);
        if (st == ENVRES_OK)
            st = db_step(stmt, &row, err);
    }
    db_reset(stmt);
    return st;
}

/* One text for each code, whatever was wrong with which slot. */
static envres_status
unlock_failed(envres_status st, envres_error *err)
{
    if (st == ENVRES_E_CALLBACK) {
        err_set(err, st, "the key provider could not unwrap the key");
        return st;
    }
    if (st == ENVRES_E_NOMEM)
        return err_set(err, st, "no memory for key derivation, or for the key");
    err_code(err, st);
    if (st == ENVRES_E_KEY)
        err_hint(err, "check the principal's name, and its passphrase, key file or provider");
    if (st == ENVRES_E_KDF_LIMIT)
        err_hint(err, "the slot asks for more than the limits of this store's options allow, or "
                      "for less than is safe");
    return st;
}

/* Tries the slots in order. The first that opens wins; a failure that is more telling than KEY is
 * kept, since the slot it happened at may have been the right one. */
static envres_status
try_candidates(struct arena *arena, const struct candidates *list,
               const envres_credential *credential, uint64_t kdf_memory_max, uint8_t *seed,
               size_t *opened)
{
    if (list->count == 0 && credential->kind == ENVRES_CREDENTIAL_PASSPHRASE) {
        envres_status st = slot_decoy(arena, credential, kdf_memory_max);
        return st < 0 ? st : ENVRES_E_KEY;
    }
    envres_status answer = ENVRES_E_KEY;
    for (size_t i = 0; i < list->count; i++) {
        const struct candidate *row = &list->rows[i];
        struct slice provider = { row->provider, row->provider_len };
        envres_status st = slot_open(arena, row->body, provider, credential, kdf_memory_max, seed);
        if (st == ENVRES_OK)
            *opened = i;
        if (st == ENVRES_OK || st == ENVRES_E_NOMEM)
            return st;
        if (st != ENVRES_E_KEY)
            answer = st;
    }
    return answer;
}

static envres_status
adopt(struct arena *arena, const struct mem *mem, const struct candidate *row, const uint8_t *seed,
      struct identity **out, envres_error *err)
{
    struct unlocked *u = NULL;
    struct slice name = { row->name, row->name_len };
    envres_status st = unlocked_new(arena, mem, row->id, name, seed, &u, err);
    if (st < 0)
        return st;
    if (memcmp(u->identity.box_public, row->box_public, 32) != 0 ||
        memcmp(u->identity.sign_public, row->sign_public, 32) != 0) {
        st = err_set(err, ENVRES_E_INTEGRITY,
                     "the public keys of principal '%s' are not its own: they were exchanged",
                     u->name);
        err_subject(err, u->name, strlen(u->name));
        unlocked_free(u);
        return st;
    }
    *out = &u->identity;
    return ENVRES_OK;
}

envres_status
identity_find(struct db *db, const struct mem *mem, const uint8_t *workspace,
              const envres_credential *credential, struct candidates **out, envres_error *err)
{
    envres_credential read;
    envres_status st = credential_check(credential, &read, err);
    if (st < 0)
        return st;
    if (read.kind == ENVRES_CREDENTIAL_PROVIDER && !read.unwrap)
        return err_set(err, ENVRES_E_INVALID, "a provider without its unwrap callback");
    struct candidates *list = mem_alloc_zero(mem, sizeof(*list));
    if (!list)
        return err_code(err, ENVRES_E_NOMEM);
    list->mem = mem;
    st = find_candidates(db, workspace, &read, list, err);
    if (st < 0)
        identity_candidates_free(list);
    else
        *out = list;
    return st;
}

void
identity_candidates_free(struct candidates *list)
{
    if (!list)
        return;
    const struct mem *mem = list->mem;
    candidates_free(list);
    mem_free(mem, list);
}

envres_status
identity_open(struct arena *arena, const struct candidates *list,
              const envres_credential *credential, uint64_t kdf_memory_max, struct identity **out,
              envres_error *err)
{
    envres_credential read;
    size_t opened = 0;
    envres_status st = credential_check(credential, &read, err);
    if (st < 0)
        return st;
    uint8_t *seed = arena_take(arena);
    if (!seed)
        return err_code(err, ENVRES_E_NOMEM);
    st = try_candidates(arena, list, &read, kdf_memory_max, seed, &opened);
    if (st < 0)
        unlock_failed(st, err);
    else
        st = adopt(arena, list->mem, &list->rows[opened], seed, out, err);
    arena_give(arena, seed);
    return st;
}

envres_status
identity_unlock(struct db *db, struct arena *arena, const struct mem *mem, const uint8_t *workspace,
                const envres_credential *credential, uint64_t kdf_memory_max, struct identity **out,
                envres_error *err)
{
    struct candidates *list = NULL;
    *out = NULL;
    envres_status st = identity_find(db, mem, workspace, credential, &list, err);
    if (st == ENVRES_OK)
        st = identity_open(arena, list, credential, kdf_memory_max, out, err);
    identity_candidates_free(list);
    return st;
}

/* ---- new principals ---- */

/* A provider that cannot undo what it did would make a store that nobody ever opens. */
static envres_status
check_round_trip(struct arena *arena, const struct new_principal *made,
                 const envres_credential *credential, const uint8_t *seed, uint8_t *again,
                 envres_error *err)
{
    if (credential->kind != ENVRES_CREDENTIAL_PROVIDER)
        return ENVRES_OK;
    struct slice provider = { made->provider.data, made->provider.len };
    envres_status st = slot_open(arena, made->slot, provider, credential, 0, again);
    if (st == ENVRES_OK && sodium_memcmp(seed, again, SEED_SIZE) == 0)
        return ENVRES_OK;
    return err_set(err, ENVRES_E_CALLBACK, "the key provider does not unwrap what it wrapped");
}

envres_status
principal_make(struct arena *arena, const struct mem *mem, const char *name,
               const envres_credential *credential, uint64_t kdf_memory_max,
               struct new_principal *out, envres_error *err)
{
    memset(out, 0, sizeof(*out));
    buf_init(&out->provider, mem, true);
    envres_credential read;
    envres_status st = credential_check(credential, &read, err);
    if (st < 0)
        return st;
    size_t name_len = strlen(name);
    if (name_len == 0 || name_len > LIMIT_PRINCIPAL)
        return err_set(err, ENVRES_E_NAME, "a principal's name has 1 to %d bytes", LIMIT_PRINCIPAL);
    uint8_t *seed = arena_take(arena);
    uint8_t *again = arena_take(arena);
    struct unlocked *u = NULL;
    uint8_t id[SEAL_ID];
    if (!seed || !again) {
        st = err_code(err, ENVRES_E_NOMEM);
        goto out;
    }
    randombytes_buf(seed, SEED_SIZE);
    randombytes_buf(id, sizeof(id));
    st = slot_make(arena, id, seed, &read, kdf_memory_max, out->slot, &out->provider, err);
    if (st < 0)
        goto out;
    st = check_round_trip(arena, out, &read, seed, again, err);
    if (st < 0)
        goto out;
    st = unlocked_new(arena, mem, id, slice_of(name, name_len), seed, &u, err);
    if (st == ENVRES_OK)
        out->identity = &u->identity;
out:
    arena_give(arena, seed);
    arena_give(arena, again);
    if (st < 0)
        new_principal_free(out);
    return st;
}

void
new_principal_free(struct new_principal *made)
{
    if (!made)
        return;
    identity_unref(made->identity);
    made->identity = NULL;
    buf_free(&made->provider);
}

static envres_status
check_free_name(struct db *db, const uint8_t *workspace, const char *name, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, identity_sql[SQL_NAME_TAKEN], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    db_bind_text(stmt, 2, name, strlen(name));
    st = db_step(stmt, &row, err);
    db_reset(stmt);
    if (st == ENVRES_OK && row == DB_ROW) {
        st = err_set(err, ENVRES_E_NAME_TAKEN, "there is a principal '%s' already", name);
        err_subject(err, name, strlen(name));
    }
    return st;
}

static envres_status
put_slot(struct db *db, const struct new_principal *made, int64_t now, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, identity_sql[SQL_PUT_SLOT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, made->identity->id, SEAL_ID);
    db_bind_int(stmt, 2, 1);
    db_bind_blob(stmt, 3, made->slot, SLOT_SIZE);
    if (made->provider.len > 0)
        db_bind_blob(stmt, 4, made->provider.data, made->provider.len);
    else
        db_bind_null(stmt, 4);
    db_bind_int(stmt, 5, now);
    return db_run(stmt, err);
}

envres_status
principal_insert(struct db *db, const uint8_t *workspace, const struct new_principal *made,
                 int64_t now, envres_error *err)
{
    const struct identity *identity = made->identity;
    envres_status st = check_free_name(db, workspace, identity->name, err);
    if (st < 0)
        return st;
    struct db_stmt *stmt = NULL;
    st = db_use(db, identity_sql[SQL_PUT_PRINCIPAL], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, identity->id, SEAL_ID);
    db_bind_blob(stmt, 2, workspace, SEAL_ID);
    db_bind_text(stmt, 3, identity->name, strlen(identity->name));
    db_bind_blob(stmt, 4, identity->box_public, 32);
    db_bind_blob(stmt, 5, identity->sign_public, 32);
    db_bind_int(stmt, 6, now);
    st = db_run(stmt, err);
    return st < 0 ? st : put_slot(db, made, now, err);
}
