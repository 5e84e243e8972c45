/* SPDX-License-Identifier: MIT */
/*
 * Key-committing authenticated encryption from BLAKE2b and XChaCha20-Poly1305. Since the stored
 * commitment is half of a hash over key, nonce and bound data, one box opens under one key and one
 * context only; the bare AEAD promises neither. One-shot calls alone: an unfinished hash state
 * would keep a copy of the key. Knows nothing of what is sealed.
 */
#include "guard/box.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static void
hash(uint8_t *out, size_t out_len, const char *personal, const uint8_t *key, const uint8_t *salt,
     const void *message, size_t len)
{
    uint8_t person[BOX_PERSONAL] = { 0 };
    size_t used = strlen(personal);
    assert(used <= sizeof(person));
    memcpy(person, personal, used);
    /* Fails only for lengths out of its range, and these are constants. */
    int rc = crypto_generichash_blake2b_salt_personal(out, out_len, message, len, key, key ? 32 : 0,
                                                      salt, person);
    assert(rc == 0);
    (void)rc;
}

void
box_derive(uint8_t material[BOX_MATERIAL], const char *personal, const uint8_t *key,
           const uint8_t *salt, const void *message, size_t len)
{
    hash(material, BOX_MATERIAL, personal, key, salt, message, len);
}

void
box_digest(uint8_t out[32], const char *personal, const uint8_t *key, const void *message,
           size_t len)
{
    hash(out, 32, personal, key, NULL, message, len);
}

void
box_close(const uint8_t material[BOX_MATERIAL], const uint8_t *nonce, const void *aad,
          size_t aad_len, uint8_t *text, size_t len, uint8_t commit[BOX_COMMIT])
{
    unsigned long long tag_len = 0;
    memcpy(commit, material + 32, BOX_COMMIT);
    crypto_aead_xchacha20poly1305_ietf_encrypt_detached(text, text + len, &tag_len, text, len, aad,
                                                        aad_len, NULL, nonce, material);
    assert(tag_len == BOX_TAG);
}

bool
box_open(const uint8_t material[BOX_MATERIAL], const uint8_t *nonce, const void *aad,
         size_t aad_len, const uint8_t commit[BOX_COMMIT], const uint8_t *cipher, size_t len,
         uint8_t *plain)
{
    if (crypto_verify_32(material + 32, commit) != 0)
        return false;
    return crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
               plain, NULL, cipher, len, cipher + len, aad, aad_len, nonce, material) == 0;
}
