/* SPDX-License-Identifier: MIT */
/*
 * Deposits, format 1: the text sealed to the environment's public key as wrap.c says.
 *
 *   context   = CE(format u8, workspace, environment, generation u32, name, type u8, secret u8,
 *               base u64, depositor, asserted, time u64, id)
 *   personal  = envres1/inbox
 *   text      = type u8 | secret u8 | 0 0 | length u32 | value | zeroes, as long as a record's pad
 *               class
 *   signature = Ed25519 over context | BLAKE2b-256(personal envres1/deposit, body), type "inbox"
 *
 * Invariants: a deposit opens for one environment, generation, name, revision and depositor only.
 * The signature covers the sealed bytes, so that nobody can put their name under the deposit of
 * somebody else, or exchange what is inside.
 */
#include "guard/inbox.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/limits.h"
#include "guard/env_key.h"
#include "guard/wrap.h"

enum {
    TEXT_HEADER = 8,
    CONTEXT_MAX = 1 + 2 * SEAL_ID + 4 + 4 + LIMIT_NAME + 1 + 1 + 8 + 2 * SEAL_ID + 8 + SEAL_ID
};

static_assert((int)CONTEXT_MAX <= (int)WRAP_CONTEXT_MAX, "the context of a deposit fits");

static const char signed_type[] = "inbox";

/* 0: the label is not one that was ever sealed. */
static size_t
write_context(const struct inbox_label *label, uint8_t context[CONTEXT_MAX])
{
    struct ce ce = { .data = NULL };
    ce_init(&ce, context, CONTEXT_MAX);
    ce_u8(&ce, SEAL_FORMAT);
    ce_bytes(&ce, label->workspace, SEAL_ID);
    ce_bytes(&ce, label->environment, SEAL_ID);
    ce_u32(&ce, label->generation);
    ce_text(&ce, label->name);
    ce_u8(&ce, label->type);
    ce_u8(&ce, label->secret);
    ce_u64(&ce, label->base);
    ce_bytes(&ce, label->depositor, SEAL_ID);
    ce_bytes(&ce, label->asserted, SEAL_ID);
    ce_u64(&ce, (uint64_t)label->time);
    ce_bytes(&ce, label->id, SEAL_ID);
    return ce.failed || label->name.len > LIMIT_NAME ? 0 : ce.len;
}

/* What is signed; `message` begins with the context. */
static size_t
finish_message(uint8_t message[CONTEXT_MAX + SEAL_DIGEST], size_t context_len, struct slice body)
{
    box_digest(message + context_len, "envres1/deposit", NULL, body.data, body.len);
    return context_len + SEAL_DIGEST;
}

static void
lay_out(uint8_t *text, size_t n, const struct inbox_label *label, struct slice value)
{
    memset(text, 0, n);
    text[0] = label->type;
    text[1] = label->secret;
    box_put32(text + 4, (uint32_t)value.len);
    if (value.len > 0)
        memcpy(text + TEXT_HEADER, value.data, value.len);
}

static envres_status
too_long(envres_error *err)
{
    return err_set(err, ENVRES_E_LIMIT, "name or value of the deposit is too long");
}

/* The text is laid out where its ciphertext will be: there is no other copy. */
envres_status
inbox_seal(const struct inbox_label *label, const uint8_t box_public[32], struct slice value,
           const struct identity *depositor, struct buf *body, uint8_t signature[SIGNATURE_SIZE],
           envres_error *err)
{
    uint8_t message[CONTEXT_MAX + SEAL_DIGEST] = { 0 };
    size_t context_len = write_context(label, message);
    if (context_len == 0 || value.len > LIMIT_VALUE)
        return too_long(err);
    size_t n = seal_padded(TEXT_HEADER + value.len);
    if (!buf_reserve(body, n + WRAP_OVERHEAD))
        return buf_status(body, err);
    uint8_t *at = (uint8_t *)body->data + body->len;
    struct wrap_label wrap = { "envres1/inbox", box_public, message, context_len };
    lay_out(at + WRAP_AT_TEXT, n, label, value);
    if (!wrap_seal(&wrap, at, n))
        return err_set(err, ENVRES_E_INTEGRITY, "the environment's public key is not a valid one");
    size_t len =
        finish_message(message, context_len, slice_of((const char *)at, n + WRAP_OVERHEAD));
    envres_status st = identity_sign(depositor, signed_type, message, len, signature, err);
    if (st == ENVRES_OK)
        body->len += n + WRAP_OVERHEAD;
    return st;
}

bool
inbox_is_signed(const struct inbox_label *label, struct slice body, const uint8_t *sign_public,
                const uint8_t *signature)
{
    uint8_t message[CONTEXT_MAX + SEAL_DIGEST] = { 0 };
    size_t context_len = write_context(label, message);
    if (context_len == 0)
        return false;
    size_t len = finish_message(message, context_len, body);
    return identity_verify(sign_public, signed_type, message, len, signature);
}

/* What was inside says the same as what stands outside. */
static bool
agrees(const uint8_t *text, size_t n, const struct inbox_label *label)
{
    uint32_t len = box_get32(text + 4);
    return text[0] == label->type && text[1] == label->secret && text[2] == 0 && text[3] == 0 &&
           len <= LIMIT_VALUE && n == seal_padded(TEXT_HEADER + len);
}

static envres_status
refuse(const struct inbox_label *label, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_INTEGRITY,
                               "the deposit does not open: it is damaged, or was made for "
                               "something else");
    err_subject(err, label->name.data, label->name.len);
    err_hint(err, "reject it, and ask for it again");
    return st;
}

/* `pair`: a slot of the arena, public key behind secret key. */
static bool
open_body(const struct env_keys *keys, const struct inbox_label *label, struct slice body,
          uint8_t *pair, uint8_t *text, size_t n)
{
    uint8_t context[CONTEXT_MAX] = { 0 };
    size_t context_len = write_context(label, context);
    struct wrap_label wrap = { "envres1/inbox", pair + 32, context, context_len };
    return context_len > 0 && env_key_pair(keys, pair + 32, pair) &&
           wrap_open(&wrap, pair, (const uint8_t *)body.data, n, text) && agrees(text, n, label);
}

envres_status
inbox_open(struct arena *arena, const struct env_keys *keys, const struct inbox_label *label,
           struct slice body, struct buf *out, envres_error *err)
{
    size_t longest = seal_padded(TEXT_HEADER + LIMIT_VALUE) + WRAP_OVERHEAD;
    if (body.len < WRAP_OVERHEAD + TEXT_HEADER || body.len > longest)
        return refuse(label, err);
    if (!keys->box_seed) {
        envres_status st = err_set(err, ENVRES_E_DENIED, "no key for the secrets here");
        err_subject(err, label->name.data, label->name.len);
        return st;
    }
    size_t n = body.len - WRAP_OVERHEAD;
    struct buf text = { .mem = NULL };
    envres_status st = ENVRES_OK;
    uint8_t *pair = arena_take(arena);
    buf_init(&text, out->mem, true);
    if (!pair || !buf_reserve(&text, n))
        st = err_code(err, ENVRES_E_NOMEM);
    else if (!open_body(keys, label, body, pair, (uint8_t *)text.data, n))
        st = refuse(label, err);
    else
        buf_add(out, text.data + TEXT_HEADER, box_get32((const uint8_t *)text.data + 4));
    buf_free(&text);
    arena_give(arena, pair);
    return st == ENVRES_OK ? buf_status(out, err) : st;
}
