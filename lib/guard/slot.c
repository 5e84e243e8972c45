/* SPDX-License-Identifier: MIT */
/*
 * Slots, format 1:
 *
 *    0  format 1      1  kind      2  flags 0 (u16)     4  KDF: 2 Argon2id v1.3, 0 none (u32)
 *    8  passes u64   16  bytes of memory u64           24  salt (16)     40  principal (16)
 *   56  nonce (24)   80  commitment (32)              112  seed (32)    144  tag (16)
 *
 * Bound: bytes 0..79. The commitment means that no slot opens under two passphrases, so that a file
 * made for it cannot test many guesses at once. Numbers are stored, never names of levels; they are
 * checked against floor and ceiling before any memory is asked for, since the file is not trusted.
 * Neither a passphrase nor a key that is derived here is ever in ordinary memory of ours.
 */
#include "guard/slot.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "guard/box.h"

enum {
    AT_KIND = 1,
    AT_KDF = 4,
    AT_PASSES = 8,
    AT_MEMORY = 16,
    AT_SALT = 24,
    AT_PRINCIPAL = 40,
    AT_NONCE = 56,
    SLOT_BOUND = AT_NONCE + BOX_NONCE,
    AT_COMMIT = SLOT_BOUND,
    AT_SEED = AT_COMMIT + BOX_COMMIT,
    SALT_SIZE = 16,
    SEED_SIZE = 32,
    KDF_ARGON2ID = 2,
    DEFAULT_PASSES = 3,
    STACK_USED = 4096 /* by the frames below us that saw a key */
};

static_assert(AT_SEED + SEED_SIZE + BOX_TAG == SLOT_SIZE, "the slot's layout and its size agree");
static_assert(SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES, "a salt is what Argon2id takes");

#define DEFAULT_MEMORY ((uint64_t)256 * 1024 * 1024)

static const char *
personal_of(uint8_t kind)
{
    if (kind == ENVRES_CREDENTIAL_PASSPHRASE)
        return "envres1/slot-pwd";
    return kind == ENVRES_CREDENTIAL_RAW_KEY ? "envres1/slot-raw" : "envres1/slot-ext";
}

static uint64_t
memory_ceiling(uint64_t kdf_memory_max)
{
    if (kdf_memory_max == 0 || kdf_memory_max > LIMIT_KDF_MEMORY_MAX)
        return LIMIT_KDF_MEMORY_MAX;
    return kdf_memory_max;
}

static bool
cost_is_allowed(uint64_t passes, uint64_t memory, uint64_t kdf_memory_max)
{
    return passes >= LIMIT_KDF_PASSES_MIN && passes <= LIMIT_KDF_PASSES_MAX &&
           memory >= LIMIT_KDF_MEMORY_MIN && memory <= memory_ceiling(kdf_memory_max);
}

bool
slot_cost_is_allowed(const uint8_t *body, uint64_t kdf_memory_max)
{
    if (body[AT_KIND] != ENVRES_CREDENTIAL_PASSPHRASE)
        return true;
    return cost_is_allowed(box_get64(body + AT_PASSES), box_get64(body + AT_MEMORY),
                           kdf_memory_max);
}

static envres_status
check_principal(const envres_credential *given, envres_credential *read, envres_error *err)
{
    if (!given->principal) {
        read->principal_len = 0;
        return ENVRES_OK;
    }
    struct slice name = { NULL, 0 };
    envres_status st = text_argument(given->principal, given->principal_len, LIMIT_PRINCIPAL,
                                     "the principal's name", &name, err);
    read->principal_len = name.len;
    return st;
}

static envres_status
check_secret(const envres_credential *c, envres_error *err)
{
    switch (c->kind) {
    case ENVRES_CREDENTIAL_PASSPHRASE:
        if (!c->secret || c->secret_len == 0)
            return err_set(err, ENVRES_E_KEY_FORMAT, "the passphrase is empty");
        if (c->secret_len > LIMIT_PASSPHRASE)
            return err_set(err, ENVRES_E_KEY_FORMAT, "the passphrase is longer than %d bytes",
                           LIMIT_PASSPHRASE);
        return ENVRES_OK;
    case ENVRES_CREDENTIAL_RAW_KEY:
        if (!c->secret || c->secret_len != SEAL_KEY)
            return err_set(err, ENVRES_E_KEY_FORMAT, "a raw key has exactly %d bytes", SEAL_KEY);
        if (sodium_is_zero(c->secret, SEAL_KEY))
            return err_set(err, ENVRES_E_KEY_FORMAT, "the raw key is all zero");
        return ENVRES_OK;
    case ENVRES_CREDENTIAL_PROVIDER:
        if (!c->wrap && !c->unwrap)
            return err_set(err, ENVRES_E_INVALID, "a provider without a callback");
        return ENVRES_OK;
    default:
        return err_set(err, ENVRES_E_INVALID, "credential: kind %u is not known", c->kind);
    }
}

static envres_status
refuse_cost(envres_error *err)
{
    envres_status st = err_code(err, ENVRES_E_KDF_LIMIT);
    err_hint(err, "%u to %u passes, %u to %u MiB, and not above the store's own limit",
             (unsigned)LIMIT_KDF_PASSES_MIN, (unsigned)LIMIT_KDF_PASSES_MAX,
             (unsigned)(LIMIT_KDF_MEMORY_MIN >> 20), (unsigned)(LIMIT_KDF_MEMORY_MAX >> 20));
    return st;
}

envres_status
credential_check(const envres_credential *given, envres_credential *read, envres_error *err)
{
    memset(read, 0, sizeof(*read));
    if (!given)
        return err_set(err, ENVRES_E_INVALID, "there is no credential");
    envres_status st = opts_read(read, sizeof(*read), sizeof(*read), given, err);
    if (st == ENVRES_OK)
        st = check_secret(read, err);
    if (st == ENVRES_OK)
        st = check_principal(given, read, err);
    if (st == ENVRES_OK &&
        !cost_is_allowed(read->kdf_passes ? read->kdf_passes : DEFAULT_PASSES,
                         read->kdf_memory ? read->kdf_memory : DEFAULT_MEMORY, 0))
        st = refuse_cost(err);
    if (st < 0)
        memset(read, 0, sizeof(*read));
    return st;
}

uint32_t
slot_kind(const uint8_t *principal, struct slice body, struct slice provider)
{
    const uint8_t *b = (const uint8_t *)body.data;
    if (body.len != SLOT_SIZE || b[0] != SEAL_FORMAT || b[2] != 0 || b[3] != 0 ||
        memcmp(b + AT_PRINCIPAL, principal, SEAL_ID) != 0)
        return 0;
    uint32_t kdf = box_get32(b + AT_KDF);
    bool costs = box_get64(b + AT_PASSES) != 0 || box_get64(b + AT_MEMORY) != 0;
    switch (b[AT_KIND]) {
    case ENVRES_CREDENTIAL_PASSPHRASE:
        return kdf == KDF_ARGON2ID && provider.len == 0 ? b[AT_KIND] : 0;
    case ENVRES_CREDENTIAL_RAW_KEY:
        return kdf == 0 && !costs && provider.len == 0 ? b[AT_KIND] : 0;
    case ENVRES_CREDENTIAL_PROVIDER:
        if (provider.len == 0 || provider.len > LIMIT_PROVIDER_BLOB)
            return 0;
        return kdf == 0 && !costs ? b[AT_KIND] : 0;
    default:
        return 0;
    }
}

static envres_status
stretch(const envres_credential *credential, const uint8_t *salt, uint64_t passes, uint64_t memory,
        uint8_t *key)
{
    /* Within the ceiling, so that it fits a size_t; what is left to fail is the allocation. */
    int rc = crypto_pwhash(key, SEAL_KEY, (const char *)credential->secret, credential->secret_len,
                           salt, passes, (size_t)memory, crypto_pwhash_ALG_ARGON2ID13);
    return rc == 0 ? ENVRES_OK : ENVRES_E_NOMEM;
}

/* The clear part of a new slot. */
static void
write_header(uint8_t *body, const uint8_t *principal, const envres_credential *credential,
             uint64_t passes, uint64_t memory)
{
    memset(body, 0, SLOT_SIZE);
    body[0] = SEAL_FORMAT;
    body[AT_KIND] = (uint8_t)credential->kind;
    if (credential->kind == ENVRES_CREDENTIAL_PASSPHRASE) {
        box_put32(body + AT_KDF, KDF_ARGON2ID);
        box_put64(body + AT_PASSES, passes);
        box_put64(body + AT_MEMORY, memory);
    }
    uint8_t fresh[SALT_SIZE + BOX_NONCE];
    randombytes_buf(fresh, sizeof(fresh));
    memcpy(body + AT_SALT, fresh, SALT_SIZE);
    memcpy(body + AT_PRINCIPAL, principal, SEAL_ID);
    memcpy(body + AT_NONCE, fresh + SALT_SIZE, BOX_NONCE);
}

/* A random key, wrapped by the host; the blob is kept beside the slot. */
static envres_status
wrap_key(const envres_credential *credential, const uint8_t *body, uint8_t *key,
         struct buf *provider, envres_error *err)
{
    if (!credential->wrap || !credential->unwrap)
        return err_set(err, ENVRES_E_INVALID, "a provider needs both of its callbacks here");
    if (!buf_reserve(provider, LIMIT_PROVIDER_BLOB))
        return buf_status(provider, err);
    size_t len = 0;
    randombytes_buf(key, SEAL_KEY);
    envres_status st = credential->wrap(body + AT_PRINCIPAL, key, body, SLOT_BOUND,
                                        (uint8_t *)provider->data + provider->len,
                                        LIMIT_PROVIDER_BLOB, &len, credential->user);
    if (st != ENVRES_OK)
        return err_set(err, ENVRES_E_CALLBACK, "the key provider could not wrap a key");
    if (len == 0 || len > LIMIT_PROVIDER_BLOB)
        return err_set(err, ENVRES_E_CALLBACK,
                       "the key provider gave a wrapped key of a length that is not allowed");
    provider->len += len;
    return ENVRES_OK;
}

static envres_status
new_key(const envres_credential *credential, const uint8_t *body, uint8_t *key,
        struct buf *provider, envres_error *err)
{
    if (credential->kind == ENVRES_CREDENTIAL_PROVIDER)
        return wrap_key(credential, body, key, provider, err);
    if (credential->kind == ENVRES_CREDENTIAL_RAW_KEY) {
        memcpy(key, credential->secret, SEAL_KEY);
        return ENVRES_OK;
    }
    envres_status st = stretch(credential, body + AT_SALT, box_get64(body + AT_PASSES),
                               box_get64(body + AT_MEMORY), key);
    if (st < 0)
        return err_set(err, st, "no memory for key derivation");
    return ENVRES_OK;
}

envres_status
slot_make(struct arena *arena, const uint8_t *principal, const uint8_t *seed,
          const envres_credential *credential, uint64_t kdf_memory_max, uint8_t body[SLOT_SIZE],
          struct buf *provider, envres_error *err)
{
    uint64_t ceiling = memory_ceiling(kdf_memory_max);
    uint64_t usual = DEFAULT_MEMORY < ceiling ? DEFAULT_MEMORY : ceiling;
    uint64_t passes = credential->kdf_passes ? credential->kdf_passes : DEFAULT_PASSES;
    uint64_t memory = credential->kdf_memory ? credential->kdf_memory : usual;
    if (credential->kind == ENVRES_CREDENTIAL_PASSPHRASE &&
        !cost_is_allowed(passes, memory, kdf_memory_max))
        return refuse_cost(err);
    uint8_t *key = arena_take(arena);
    if (!key)
        return err_code(err, ENVRES_E_NOMEM);
    uint8_t material[BOX_MATERIAL];
    write_header(body, principal, credential, passes, memory);
    envres_status st = new_key(credential, body, key, provider, err);
    if (st < 0)
        goto out;
    box_derive(material, personal_of(body[AT_KIND]), key, principal, body, SLOT_BOUND);
    memcpy(body + AT_SEED, seed, SEED_SIZE);
    box_close(material, body + AT_NONCE, body, SLOT_BOUND, body + AT_SEED, SEED_SIZE,
              body + AT_COMMIT);
    sodium_memzero(material, sizeof(material));
out:
    arena_give(arena, key);
    sodium_stackzero(STACK_USED);
    return st;
}

static envres_status
find_key(const uint8_t *body, struct slice provider, const envres_credential *credential,
         uint64_t kdf_memory_max, uint8_t *key)
{
    if (credential->kind == ENVRES_CREDENTIAL_RAW_KEY) {
        memcpy(key, credential->secret, SEAL_KEY);
        return ENVRES_OK;
    }
    if (credential->kind == ENVRES_CREDENTIAL_PROVIDER) {
        if (!credential->unwrap)
            return ENVRES_E_CALLBACK;
        envres_status st =
            credential->unwrap(body + AT_PRINCIPAL, (const uint8_t *)provider.data, provider.len,
                               body, SLOT_BOUND, key, credential->user);
        return st == ENVRES_OK ? ENVRES_OK : ENVRES_E_CALLBACK;
    }
    if (!slot_cost_is_allowed(body, kdf_memory_max))
        return ENVRES_E_KDF_LIMIT;
    return stretch(credential, body + AT_SALT, box_get64(body + AT_PASSES),
                   box_get64(body + AT_MEMORY), key);
}

envres_status
slot_open(struct arena *arena, const uint8_t *body, struct slice provider,
          const envres_credential *credential, uint64_t kdf_memory_max, uint8_t *seed)
{
    uint8_t *key = arena_take(arena);
    if (!key)
        return ENVRES_E_NOMEM;
    uint8_t material[BOX_MATERIAL];
    envres_status st = find_key(body, provider, credential, kdf_memory_max, key);
    if (st < 0)
        goto out;
    box_derive(material, personal_of(body[AT_KIND]), key, body + AT_PRINCIPAL, body, SLOT_BOUND);
    if (!box_open(material, body + AT_NONCE, body, SLOT_BOUND, body + AT_COMMIT, body + AT_SEED,
                  SEED_SIZE, seed))
        st = ENVRES_E_KEY;
    sodium_memzero(material, sizeof(material));
out:
    arena_give(arena, key);
    sodium_stackzero(STACK_USED);
    return st;
}

envres_status
slot_decoy(struct arena *arena, const envres_credential *credential, uint64_t kdf_memory_max)
{
    uint64_t ceiling = memory_ceiling(kdf_memory_max);
    uint64_t memory = DEFAULT_MEMORY < ceiling ? DEFAULT_MEMORY : ceiling;
    if (!cost_is_allowed(DEFAULT_PASSES, memory, kdf_memory_max))
        return ENVRES_E_KDF_LIMIT;
    uint8_t *key = arena_take(arena);
    if (!key)
        return ENVRES_E_NOMEM;
    uint8_t salt[SALT_SIZE];
    randombytes_buf(salt, sizeof(salt));
    envres_status st = stretch(credential, salt, DEFAULT_PASSES, memory, key);
    arena_give(arena, key);
    return st;
}
