/* SPDX-License-Identifier: MIT */
/*
 * Grants, format 1:
 *
 *   0  ephemeral public key (32)   32  nonce (24)   56  commitment (32)   88  key (32)   120  tag
 * (16)
 *
 *   context  = CE(format u8, workspace, environment, generation u32, principal, class u8)
 *   material = BLAKE2b-512(shared secret | ephemeral | recipient | context)
 *   signature over context | body, by the granter
 *
 * Invariants: a grant opens for one recipient, environment, generation and class only. Whether the
 * granter had the right to grant is decided by who calls.
 */
#include "guard/grant.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "guard/box.h"

enum {
    AT_NONCE = 32,
    AT_COMMIT = AT_NONCE + BOX_NONCE,
    AT_KEY = AT_COMMIT + BOX_COMMIT,
    CONTEXT_SIZE = 1 + 2 * SEAL_ID + 4 + SEAL_ID + 1,
    AGREED_SIZE = 3 * 32 + CONTEXT_SIZE
};

static_assert(AT_KEY + SEAL_KEY + BOX_TAG == GRANT_SIZE, "the grant's layout and its size agree");

static void
write_context(uint8_t context[CONTEXT_SIZE], const struct grant_label *label)
{
    struct ce ce;
    ce_init(&ce, context, CONTEXT_SIZE);
    ce_u8(&ce, SEAL_FORMAT);
    ce_bytes(&ce, label->workspace, SEAL_ID);
    ce_bytes(&ce, label->environment, SEAL_ID);
    ce_u32(&ce, label->generation);
    ce_bytes(&ce, label->principal, SEAL_ID);
    ce_u8(&ce, label->key_class);
}

/* False when the point that was given is of low order: the secret would be known to all. */
static bool
agree(uint8_t material[BOX_MATERIAL], const uint8_t *secret, const uint8_t *other,
      const uint8_t *ephemeral, const uint8_t *recipient, const uint8_t context[CONTEXT_SIZE])
{
    uint8_t agreed[AGREED_SIZE];
    bool good = crypto_scalarmult(agreed, secret, other) == 0;
    if (good) {
        memcpy(agreed + 32, ephemeral, 32);
        memcpy(agreed + 64, recipient, 32);
        memcpy(agreed + 96, context, CONTEXT_SIZE);
        box_derive(material, "envres1/wrap-x25", NULL, NULL, agreed, sizeof(agreed));
    }
    sodium_memzero(agreed, sizeof(agreed));
    return good;
}

static void
write_message(uint8_t message[CONTEXT_SIZE + GRANT_SIZE], const struct grant_label *label,
              const uint8_t *body)
{
    write_context(message, label);
    memcpy(message + CONTEXT_SIZE, body, GRANT_SIZE);
}

envres_status
grant_seal(const struct grant_label *label, const uint8_t box_public[32], const uint8_t *key,
           const struct identity *granter, uint8_t body[GRANT_SIZE],
           uint8_t signature[SIGNATURE_SIZE], envres_error *err)
{
    uint8_t ephemeral[32];
    uint8_t context[CONTEXT_SIZE];
    uint8_t material[BOX_MATERIAL];
    uint8_t message[CONTEXT_SIZE + GRANT_SIZE];
    randombytes_buf(ephemeral, sizeof(ephemeral));
    memset(body, 0, GRANT_SIZE);
    randombytes_buf(body + AT_NONCE, BOX_NONCE);
    write_context(context, label);
    envres_status st = ENVRES_OK;
    if (crypto_scalarmult_base(body, ephemeral) != 0 ||
        !agree(material, ephemeral, box_public, body, box_public, context)) {
        st = err_set(err, ENVRES_E_INTEGRITY, "the public key of a principal is not a valid one");
        goto out;
    }
    memcpy(body + AT_KEY, key, SEAL_KEY);
    box_close(material, body + AT_NONCE, context, sizeof(context), body + AT_KEY, SEAL_KEY,
              body + AT_COMMIT);
    write_message(message, label, body);
    st = identity_sign(granter, "grant", message, sizeof(message), signature, err);
out:
    sodium_memzero(ephemeral, sizeof(ephemeral));
    sodium_memzero(material, sizeof(material));
    return st;
}

bool
grant_is_signed(const struct grant_label *label, const uint8_t *body, const uint8_t *granter_public,
                const uint8_t *signature)
{
    uint8_t message[CONTEXT_SIZE + GRANT_SIZE];
    write_message(message, label, body);
    return identity_verify(granter_public, "grant", message, sizeof(message), signature);
}

bool
grant_open(const struct grant_label *label, const uint8_t box_public[32], const uint8_t *box_secret,
           const uint8_t *body, uint8_t *key)
{
    uint8_t context[CONTEXT_SIZE];
    uint8_t material[BOX_MATERIAL];
    write_context(context, label);
    if (!agree(material, box_secret, body, body, box_public, context))
        return false;
    bool open = box_open(material, body + AT_NONCE, context, sizeof(context), body + AT_COMMIT,
                         body + AT_KEY, SEAL_KEY, key);
    sodium_memzero(material, sizeof(material));
    return open;
}
