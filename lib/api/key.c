/* SPDX-License-Identifier: MIT */
/*
 * Keys as the host calls them: slots, new identities, the public root. Key derivation and key
 * providers run without the lock, and with no transaction open: they take long, and a provider may
 * call back into the library. What they use of the session does not change while it lives.
 */
#include <envres/key.h>

#include <string.h>

#include "api/argument.h"
#include "api/store.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/principal.h"
#include "model/right.h"
#include "model/slot.h"

envres_status
envres_slot_list(envres_session *session, envres_list **out, envres_error *err)
{
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = session_enter(session, err);
    if (st < 0)
        return st;
    st = slot_list(&session->context, out, err);
    session_leave(session);
    return st;
}

/* Nothing is derived for a session that acts as another: it is refused, and remembered, below. */
static envres_status
make_slot(envres_session *session, const envres_credential *credential, struct new_slot *made,
          envres_error *err)
{
    envres_status st = session_check(session, err);
    if (st < 0 || session->context.is_asserted)
        return st;
    envres_store *store = session->store;
    return new_slot_make(store->arena, &store->mem, session->context.actor, credential,
                         store->kdf_memory_max, made, err);
}

envres_status
envres_slot_add(envres_session *session, const char *label, size_t label_len,
                const envres_credential *credential, const envres_change *change, int64_t *ordinal,
                envres_error *err)
{
    struct new_slot made = { .provider = { .mem = NULL } };
    struct slice text = { 0 };
    int64_t given = 0;
    if (ordinal)
        *ordinal = 0;
    envres_status st = text_argument(label, label ? label_len : 0, LIMIT_SLOT_LABEL,
                                     "the slot's label", &text, err);
    if (st == ENVRES_OK && text.len > 0)
        st = argument_check_title(text, "the slot's label", err);
    if (st == ENVRES_OK)
        st = make_slot(session, credential, &made, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st == ENVRES_OK) {
        st = slot_add(&session->context, text, &made, change, &given, err);
        session_leave(session);
    }
    if (st == ENVRES_OK && ordinal)
        *ordinal = given;
    new_slot_free(&made);
    return st;
}

envres_status
envres_slot_change(envres_session *session, int64_t ordinal, const envres_credential *credential,
                   const envres_change *change, envres_error *err)
{
    struct new_slot made = { .provider = { .mem = NULL } };
    envres_status st = make_slot(session, credential, &made, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st == ENVRES_OK) {
        st = slot_change(&session->context, ordinal, &made, change, err);
        session_leave(session);
    }
    new_slot_free(&made);
    return st;
}

envres_status
envres_slot_remove(envres_session *session, int64_t ordinal, const envres_change *change,
                   envres_error *err)
{
    envres_status st = session_enter(session, err);
    if (st < 0)
        return st;
    st = slot_remove(&session->context, ordinal, change, err);
    session_leave(session);
    return st;
}

/* A name that cannot be is nobody's; whose the others are is asked behind the right to ask. */
static envres_status
check_name(struct slice name, envres_error *err)
{
    if (name.len > 0 && name.len <= LIMIT_PRINCIPAL)
        return ENVRES_OK;
    return err_set(err, ENVRES_E_NO_PRINCIPAL, "there is no principal with a name of %zu bytes",
                   name.len);
}

envres_status
envres_principal_rekey(envres_session *session, const char *name, size_t name_len,
                       const envres_credential *credential, const envres_change *change,
                       envres_error *err)
{
    struct new_principal made = { .identity = NULL };
    struct slice text = { 0 };
    char room[LIMIT_PRINCIPAL + 1];
    envres_status st = argument_name(name, name_len, false, "the principal's name", &text, err);
    if (st == ENVRES_OK)
        st = check_name(text, err);
    if (st == ENVRES_OK)
        st = session_check(session, err);
    if (st < 0)
        return st;
    envres_store *store = session->store;
    memcpy(room, text.data, text.len);
    room[text.len] = '\0';
    st = principal_make(store->arena, &store->mem, room, credential, store->kdf_memory_max, &made,
                        err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st == ENVRES_OK) {
        st = principal_rekey(&session->context, &made, change, err);
        session_leave(session);
    }
    new_principal_free(&made);
    return st;
}

static envres_status
read_root(struct context *ctx, uint8_t root[32], envres_error *err)
{
    const struct roles *roles = NULL;
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    st = right_all(ctx, &roles, err);
    if (st == ENVRES_OK)
        memcpy(root, roles->root, sizeof(roles->root));
    return db_end(ctx->db, st, NULL, err);
}

envres_status
envres_root_key(envres_session *session, uint8_t *root, envres_error *err)
{
    uint8_t found[32] = { 0 };
    envres_status st = argument_out(root, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = read_root(&session->context, found, err);
    session_leave(session);
    if (st == ENVRES_OK)
        memcpy(root, found, sizeof(found));
    return st;
}
