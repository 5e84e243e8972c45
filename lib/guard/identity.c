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
#include "guard/slot_set.h"

enum { SQL_ROOT, SQL_SLOTS_OF, SQL_SLOTS, SQL_NAME_TAKEN, SQL_PUT_PRINCIPAL, SQL_COUNT_ };

#define SLOT_COLUMNS                                                                               \
    "p.id, p.name, p.box_key, p.sign_key, s.body, s.provider, s.ordinal, s.created_at, s.label,"   \
    " p.slots"

static const char *const identity_sql[SQL_COUNT_] = {
    [SQL_ROOT] = "SELECT root FROM workspace WHERE id = ?1",
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
};

enum {
    SEED_SIZE = 32,
    BOX_SECRET = 32,
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
    uint8_t *box_secret;  /* 32, and the seed behind it */
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

const uint8_t *
identity_seed(const struct identity *identity)
{
    return unlocked_of(identity)->box_secret + BOX_SECRET;
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
    memcpy(u->box_secret + BOX_SECRET, seed, SEED_SIZE);
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

bool
identity_verify_seen(struct seen_digests *seen, const uint8_t sign_public[32], const char *type,
                     const void *message, size_t len, const uint8_t signature[SIGNATURE_SIZE])
{
    enum { BEFORE = 32 + SIGNATURE_SIZE };
    uint8_t all[BEFORE + SIGNED_MAX];
    uint8_t digest[SEAL_DIGEST] = { 0 };
    size_t text_len = write_signed(all + BEFORE, type, message, len);
    if (text_len == 0)
        return false;
    memcpy(all, sign_public, 32);
    memcpy(all + 32, signature, SIGNATURE_SIZE);
    seal_digest(digest, "envres1/seen", all, BEFORE + text_len);
    if (seal_was_seen(seen, digest))
        return true;
    if (crypto_sign_verify_detached(signature, all + BEFORE, text_len, sign_public) != 0)
        return false;
    seal_note_seen(seen, digest);
    return true;
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
    uint8_t set[SEAL_DIGEST]; /* of all slots of the principal */
    uint8_t set_signature[SIGNATURE_SIZE];
};

struct candidates {
    const struct mem *mem;
    uint8_t workspace[SEAL_ID];
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

/* Slots as they are read: those of one principal stand together. */
struct search {
    struct candidates *list;
    uint32_t kind;
    size_t max; /* candidates, the last principal's in full */
    struct slot_sum sum;
    uint8_t principal[SEAL_ID]; /* whose slots are being read */
    size_t first;               /* its first candidate */
    bool open;                  /* there is such a principal */
};

/* Takes the row in when it is in form and of the credential's kind; a slot that is not in form is
 * passed over, and so answers like a wrong key. */
static envres_status
take_candidate(struct search *search, struct db_stmt *stmt, envres_error *err)
{
    struct candidates *list = search->list;
    struct slice id = db_column_blob(stmt, 0);
    struct slice name = db_column_text(stmt, 1);
    struct slice box_public = db_column_blob(stmt, 2);
    struct slice sign_public = db_column_blob(stmt, 3);
    struct slice body = db_column_blob(stmt, 4);
    struct slice provider = db_column_blob(stmt, 5);
    struct slice signature = db_column_blob(stmt, 9);
    if (box_public.len != 32 || sign_public.len != 32 || name.len > LIMIT_PRINCIPAL ||
        signature.len != SIGNATURE_SIZE || list->count - search->first >= LIMIT_SLOTS ||
        slot_kind((const uint8_t *)id.data, body, provider) != search->kind)
        return ENVRES_OK;
    struct candidate *row = candidates_add(list);
    if (!row)
        return err_code(err, ENVRES_E_NOMEM);
    memcpy(row->id, id.data, SEAL_ID);
    memcpy(row->box_public, box_public.data, 32);
    memcpy(row->sign_public, sign_public.data, 32);
    memcpy(row->body, body.data, SLOT_SIZE);
    memcpy(row->set_signature, signature.data, SIGNATURE_SIZE);
    row->name = mem_copy(list->mem, name.data, name.len);
    row->name_len = name.len;
    row->provider = mem_copy(list->mem, provider.data, provider.len);
    row->provider_len = provider.len;
    if (!row->name || !row->provider)
        return err_code(err, ENVRES_E_NOMEM);
    return ENVRES_OK;
}

/* The principal's slots are all read: its candidates learn the digest of their set. */
static envres_status
end_principal(struct search *search, envres_error *err)
{
    struct candidates *list = search->list;
    uint8_t digest[SEAL_DIGEST] = { 0 };
    if (search->first == list->count)
        return ENVRES_OK;
    envres_status st = slot_sum_end(&search->sum, digest, err);
    for (size_t i = search->first; i < list->count; i++)
        memcpy(list->rows[i].set, digest, SEAL_DIGEST);
    return st;
}

/* One row; *done when enough were read. */
static envres_status
read_slot(struct search *search, struct db_stmt *stmt, bool *done, envres_error *err)
{
    struct slice id = db_column_blob(stmt, 0);
    envres_status st = ENVRES_OK;
    if (id.len != SEAL_ID)
        return ENVRES_OK;
    if (!search->open || memcmp(search->principal, id.data, SEAL_ID) != 0) {
        st = end_principal(search, err);
        *done = st < 0 || search->list->count >= search->max;
        if (*done)
            return st;
        slot_sum_reset(&search->sum);
        memcpy(search->principal, id.data, SEAL_ID);
        search->first = search->list->count;
        search->open = true;
    }
    struct slot_row row = { .ordinal = db_column_int(stmt, 6), .time = db_column_int(stmt, 7) };
    row.label = db_column_text(stmt, 8);
    row.body = db_column_blob(stmt, 4);
    row.provider = db_column_blob(stmt, 5);
    slot_sum_add(&search->sum, &row);
    return take_candidate(search, stmt, err);
}

/* Only raw keys are tried in large numbers: each of the other kinds costs. */
static envres_status
find_candidates(struct db *db, const envres_credential *credential, struct candidates *list,
                envres_error *err)
{
    struct search search = { .list = list, .kind = credential->kind, .max = LIMIT_TRIES };
    struct db_stmt *stmt = NULL;
    bool done = false;
    if (credential->kind == ENVRES_CREDENTIAL_RAW_KEY)
        search.max = LIMIT_UNLOCK;
    const char *sql = identity_sql[credential->principal ? SQL_SLOTS_OF : SQL_SLOTS];
    envres_status st = db_use(db, sql, &stmt, err);
    if (st < 0)
        return st;
    slot_sum_init(&search.sum, list->mem);
    db_bind_blob(stmt, 1, list->workspace, SEAL_ID);
    if (credential->principal)
        db_bind_text(stmt, 2, credential->principal, credential->principal_len);
    for (size_t i = 0; st == ENVRES_OK && !done && i < (size_t)LIMIT_ROLES * LIMIT_SLOTS; i++) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = read_slot(&search, stmt, &done, err);
    }
    db_reset(stmt);
    if (st == ENVRES_OK && !done)
        st = end_principal(&search, err);
    slot_sum_free(&search.sum);
    return st;
}

/* The root of the workspace is the one that the host knows. */
static envres_status
check_root(struct db *db, const uint8_t *workspace, const uint8_t *root, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    if (!root)
        return ENVRES_OK;
    envres_status st = db_use(db, identity_sql[SQL_ROOT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    struct slice found = { NULL, 0 };
    if (row == DB_ROW)
        found = db_column_blob(stmt, 0);
    bool same = found.len == 32 && memcmp(found.data, root, 32) == 0;
    db_reset(stmt);
    if (same)
        return ENVRES_OK;
    st = err_set(err, ENVRES_E_ROOT,
                 "the workspace has another root key than the one that is pinned");
    err_hint(err, "this is not the store that was pinned, or somebody exchanged it: do not use it "
                  "until you know why");
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
adopt(struct arena *arena, const struct candidates *list, const struct candidate *row,
      const uint8_t *seed, struct identity **out, envres_error *err)
{
    struct unlocked *u = NULL;
    struct slice name = { row->name, row->name_len };
    envres_status st = unlocked_new(arena, list->mem, row->id, name, seed, &u, err);
    if (st < 0)
        return st;
    if (memcmp(u->identity.box_public, row->box_public, 32) != 0 ||
        memcmp(u->identity.sign_public, row->sign_public, 32) != 0) {
        st = err_set(err, ENVRES_E_INTEGRITY,
                     "the public keys of principal '%s' are not its own: they were exchanged",
                     u->name);
        err_subject(err, u->name, strlen(u->name));
    } else if (!slot_set_is_signed(list->workspace, row->id, u->identity.sign_public, row->set,
                                   row->set_signature)) {
        st = slot_set_refuse(u->name, err);
    }
    if (st < 0)
        unlocked_free(u);
    else
        *out = &u->identity;
    return st;
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
    st = check_root(db, workspace, read.root, err);
    if (st < 0)
        return st;
    struct candidates *list = mem_alloc_zero(mem, sizeof(*list));
    if (!list)
        return err_code(err, ENVRES_E_NOMEM);
    list->mem = mem;
    memcpy(list->workspace, workspace, SEAL_ID);
    st = find_candidates(db, &read, list, err);
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
        st = adopt(arena, list, &list->rows[opened], seed, out, err);
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

/* ---- new slots and principals ---- */

/* A provider that cannot undo what it did would make a slot that nobody ever opens. */
static envres_status
check_round_trip(struct arena *arena, const struct new_slot *made,
                 const envres_credential *credential, const uint8_t *seed, envres_error *err)
{
    if (credential->kind != ENVRES_CREDENTIAL_PROVIDER)
        return ENVRES_OK;
    uint8_t *again = arena_take(arena);
    if (!again)
        return err_code(err, ENVRES_E_NOMEM);
    struct slice provider = { made->provider.data, made->provider.len };
    envres_status st = slot_open(arena, made->body, provider, credential, 0, again);
    if (st == ENVRES_OK && sodium_memcmp(seed, again, SEED_SIZE) != 0)
        st = ENVRES_E_CALLBACK;
    arena_give(arena, again);
    return st == ENVRES_OK ? st
                           : err_set(err, ENVRES_E_CALLBACK,
                                     "the key provider does not unwrap what it wrapped");
}

/* `credential` as it was read. On failure nothing of `out` is left. */
static envres_status
make_slot(struct arena *arena, const struct mem *mem, const uint8_t *id, const uint8_t *seed,
          const envres_credential *credential, uint64_t kdf_memory_max, struct new_slot *out,
          envres_error *err)
{
    memset(out, 0, sizeof(*out));
    buf_init(&out->provider, mem, true);
    envres_status st =
        slot_make(arena, id, seed, credential, kdf_memory_max, out->body, &out->provider, err);
    if (st == ENVRES_OK)
        st = check_round_trip(arena, out, credential, seed, err);
    if (st < 0)
        new_slot_free(out);
    return st;
}

envres_status
new_slot_make(struct arena *arena, const struct mem *mem, const struct identity *identity,
              const envres_credential *credential, uint64_t kdf_memory_max, struct new_slot *out,
              envres_error *err)
{
    envres_credential read;
    envres_status st = credential_check(credential, &read, err);
    memset(out, 0, sizeof(*out));
    if (st < 0)
        return st;
    return make_slot(arena, mem, identity->id, identity_seed(identity), &read, kdf_memory_max, out,
                     err);
}

void
new_slot_free(struct new_slot *made)
{
    buf_free(&made->provider);
}

envres_status
principal_make(struct arena *arena, const struct mem *mem, const char *name,
               const envres_credential *credential, uint64_t kdf_memory_max,
               struct new_principal *out, envres_error *err)
{
    memset(out, 0, sizeof(*out));
    envres_credential read;
    envres_status st = credential_check(credential, &read, err);
    if (st < 0)
        return st;
    size_t name_len = strlen(name);
    if (name_len == 0 || name_len > LIMIT_PRINCIPAL)
        return err_set(err, ENVRES_E_NAME, "a principal's name has 1 to %d bytes", LIMIT_PRINCIPAL);
    uint8_t *seed = arena_take(arena);
    struct unlocked *u = NULL;
    uint8_t id[SEAL_ID];
    if (!seed)
        return err_code(err, ENVRES_E_NOMEM);
    randombytes_buf(seed, SEED_SIZE);
    randombytes_buf(id, sizeof(id));
    st = make_slot(arena, mem, id, seed, &read, kdf_memory_max, &out->slot, err);
    if (st == ENVRES_OK)
        st = unlocked_new(arena, mem, id, slice_of(name, name_len), seed, &u, err);
    if (st == ENVRES_OK)
        out->identity = &u->identity;
    arena_give(arena, seed);
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
    new_slot_free(&made->slot);
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
    if (st == ENVRES_OK)
        st = slot_set_put(db, identity, 1, slice_str(""), &made->slot, now, err);
    return st < 0 ? st : slot_set_sign(db, &unlocked_of(identity)->mem, workspace, identity, err);
}
