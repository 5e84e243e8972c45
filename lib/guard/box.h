/* SPDX-License-Identifier: MIT */
/*
 * The one construction that every sealed format here is made of, and the canonical encoding of what
 * it binds.
 *
 *   material(64) = BLAKE2b-512(key, salt, personal, message)      message holds nonce and bound
 * data first half   = key of XChaCha20-Poly1305-IETF second half  = the commitment, stored, and
 * compared before anything is opened
 *
 * Private to guard.
 */
#ifndef ENVRES_GUARD_BOX_H
#define ENVRES_GUARD_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

enum { BOX_NONCE = 24, BOX_COMMIT = 32, BOX_TAG = 16, BOX_MATERIAL = 64, BOX_PERSONAL = 16 };

/* `personal`: at most 16 bytes, zero padded. `key` (32) and `salt` (16) may be NULL. */
void box_derive(uint8_t material[BOX_MATERIAL], const char *personal, const uint8_t *key,
                const uint8_t *salt, const void *message, size_t len);

/* The same construction with 32 bytes of output: a keyed or plain digest. */
void box_digest(uint8_t out[32], const char *personal, const uint8_t *key, const void *message,
                size_t len);

/* Encrypts `text` in place; the tag goes behind it (len + BOX_TAG bytes of room). */
void box_close(const uint8_t material[BOX_MATERIAL], const uint8_t *nonce, const void *aad,
               size_t aad_len, uint8_t *text, size_t len, uint8_t commit[BOX_COMMIT]);

/* Compares the commitment in constant time, then opens `cipher` (len bytes, tag behind) into
 * `plain`. False: nothing of it was written. */
bool box_open(const uint8_t material[BOX_MATERIAL], const uint8_t *nonce, const void *aad,
              size_t aad_len, const uint8_t commit[BOX_COMMIT], const uint8_t *cipher, size_t len,
              uint8_t *plain);

static inline void
box_put32(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

static inline void
box_put64(uint8_t *at, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

static inline uint32_t
box_get32(const uint8_t *at)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v |= (uint32_t)at[i] << (8 * i);
    return v;
}

static inline uint64_t
box_get64(const uint8_t *at)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)at[i] << (8 * i);
    return v;
}

/*
 * Canonical encoding into a fixed room: little-endian integers of fixed width, ids and keys raw,
 * strings as u32 length and bytes. No optional fields, so that it is injective. What does not fit
 * sets `failed` and is left out. Inline, since opening a record is little else but this.
 */
struct ce {
    uint8_t *data;
    size_t len;
    size_t cap;
    bool failed;
};

static inline void
ce_init(struct ce *ce, void *room, size_t cap)
{
    ce->data = room;
    ce->len = 0;
    ce->cap = cap;
    ce->failed = false;
}

static inline void
ce_bytes(struct ce *ce, const void *data, size_t len)
{
    if (len > ce->cap - ce->len) {
        ce->failed = true;
        return;
    }
    if (len > 0)
        memcpy(ce->data + ce->len, data, len);
    ce->len += len;
}

static inline void
ce_u8(struct ce *ce, uint8_t v)
{
    ce_bytes(ce, &v, 1);
}

static inline void
ce_u32(struct ce *ce, uint32_t v)
{
    uint8_t bytes[4];
    box_put32(bytes, v);
    ce_bytes(ce, bytes, sizeof(bytes));
}

static inline void
ce_u64(struct ce *ce, uint64_t v)
{
    uint8_t bytes[8];
    box_put64(bytes, v);
    ce_bytes(ce, bytes, sizeof(bytes));
}

static inline void
ce_text(struct ce *ce, struct slice text)
{
    if (text.len > UINT32_MAX) {
        ce->failed = true;
        return;
    }
    ce_u32(ce, (uint32_t)text.len);
    ce_bytes(ce, text.data, text.len);
}

#endif
