/* SPDX-License-Identifier: MIT */
/*
 * Grants, format 1: the key (32) sealed to the recipient as wrap.c says.
 *
 *   context  = CE(format u8, workspace, environment, generation u32, principal, class u8)
 *   personal = envres1/wrap-x25
 *   signature over context | body, by the granter
 *
 * Invariants: a grant opens for one recipient, environment, generation and class only. Whether the
 * granter had the right to grant is decided by who calls.
 */
#include "guard/grant.h"

#include <assert.h>
#include <string.h>

#include "guard/wrap.h"

enum { CONTEXT_SIZE = 1 + 2 * SEAL_ID + 4 + SEAL_ID + 1 };

static_assert((int)SEAL_KEY + (int)WRAP_OVERHEAD == (int)GRANT_SIZE,
              "the grant's layout and its size agree");
static_assert((int)CONTEXT_SIZE <= (int)WRAP_CONTEXT_MAX, "the context of a grant fits");

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

static struct wrap_label
wrap_of(const uint8_t context[CONTEXT_SIZE], const uint8_t *box_public)
{
    struct wrap_label label = { "envres1/wrap-x25", box_public, context, CONTEXT_SIZE };
    return label;
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
    uint8_t context[CONTEXT_SIZE] = { 0 };
    uint8_t message[CONTEXT_SIZE + GRANT_SIZE] = { 0 };
    write_context(context, label);
    struct wrap_label wrap = wrap_of(context, box_public);
    memcpy(body + WRAP_AT_TEXT, key, SEAL_KEY);
    if (!wrap_seal(&wrap, body, SEAL_KEY))
        return err_set(err, ENVRES_E_INTEGRITY, "the public key of a principal is not a valid one");
    write_message(message, label, body);
    return identity_sign(granter, "grant", message, sizeof(message), signature, err);
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
    uint8_t context[CONTEXT_SIZE] = { 0 };
    write_context(context, label);
    struct wrap_label wrap = wrap_of(context, box_public);
    return wrap_open(&wrap, box_secret, body, SEAL_KEY, key);
}
