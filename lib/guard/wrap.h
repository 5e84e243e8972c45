/* SPDX-License-Identifier: MIT */
/*
 * Bytes sealed to an X25519 key and bound to a context: what grants and deposits are made of. Pure.
 * Private to guard.
 */
#ifndef ENVRES_GUARD_WRAP_H
#define ENVRES_GUARD_WRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/box.h"

enum {
    WRAP_AT_NONCE = 32,
    WRAP_AT_COMMIT = WRAP_AT_NONCE + BOX_NONCE,
    WRAP_AT_TEXT = WRAP_AT_COMMIT + BOX_COMMIT,
    WRAP_OVERHEAD = WRAP_AT_TEXT + BOX_TAG,
    WRAP_CONTEXT_MAX = 320
};

/* For whom, and for what. Borrowed. */
struct wrap_label {
    const char *personal;     /* of the hash: no two uses share one */
    const uint8_t *recipient; /* 32: public */
    const uint8_t *context;   /* at most WRAP_CONTEXT_MAX bytes */
    size_t context_len;
};

/* `body` has `len` bytes at WRAP_AT_TEXT, and room for the tag behind them; they are sealed where
 * they lie. False when the recipient's key is one that no honest one has: they are wiped. */
bool wrap_seal(const struct wrap_label *label, uint8_t *body, size_t len);

/* `len`: of the text. False: nothing of it was written to `text`. */
bool wrap_open(const struct wrap_label *label, const uint8_t *secret, const uint8_t *body,
               size_t len, uint8_t *text);

#endif
