/* SPDX-License-Identifier: MIT */
/*
 * Sealing to a public key:
 *
 *   0  ephemeral public key (32)   32  nonce (24)   56  commitment (32)   88  text (n)   tag (16)
 *
 *   material = BLAKE2b-512(personal, shared secret | ephemeral | recipient | context)
 *
 * The context is hashed and authenticated. Invariants: a body opens for one recipient and one
 * context only; a point of low order, on either side, is refused, since the shared secret would be
 * known to all. Who made a body is not known here: that takes a signature over it.
 */
#include "guard/wrap.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static bool
agree(uint8_t material[BOX_MATERIAL], const struct wrap_label *label, const uint8_t *secret,
      const uint8_t *other, const uint8_t *ephemeral)
{
    uint8_t agreed[3 * 32 + WRAP_CONTEXT_MAX] = { 0 };
    assert(label->context_len <= WRAP_CONTEXT_MAX);
    bool good = crypto_scalarmult(agreed, secret, other) == 0;
    if (good) {
        memcpy(agreed + 32, ephemeral, 32);
        memcpy(agreed + 64, label->recipient, 32);
        memcpy(agreed + 96, label->context, label->context_len);
        box_derive(material, label->personal, NULL, NULL, agreed, 96 + label->context_len);
    }
    sodium_memzero(agreed, sizeof(agreed));
    return good;
}

bool
wrap_seal(const struct wrap_label *label, uint8_t *body, size_t len)
{
    uint8_t ephemeral[32] = { 0 };
    uint8_t material[BOX_MATERIAL] = { 0 };
    randombytes_buf(ephemeral, sizeof(ephemeral));
    randombytes_buf(body + WRAP_AT_NONCE, BOX_NONCE);
    bool good = crypto_scalarmult_base(body, ephemeral) == 0 &&
                agree(material, label, ephemeral, label->recipient, body);
    if (good)
        box_close(material, body + WRAP_AT_NONCE, label->context, label->context_len,
                  body + WRAP_AT_TEXT, len, body + WRAP_AT_COMMIT);
    else
        sodium_memzero(body + WRAP_AT_TEXT, len);
    sodium_memzero(ephemeral, sizeof(ephemeral));
    sodium_memzero(material, sizeof(material));
    return good;
}

bool
wrap_open(const struct wrap_label *label, const uint8_t *secret, const uint8_t *body, size_t len,
          uint8_t *text)
{
    uint8_t material[BOX_MATERIAL] = { 0 };
    if (!agree(material, label, secret, body, body))
        return false;
    bool open = box_open(material, body + WRAP_AT_NONCE, label->context, label->context_len,
                         body + WRAP_AT_COMMIT, body + WRAP_AT_TEXT, len, text);
    sodium_memzero(material, sizeof(material));
    return open;
}
