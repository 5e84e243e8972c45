/* SPDX-License-Identifier: MIT */
/*
 * Sessions, and what they open: scopes. Unlocking reads the slots under the lock and opens them
 * without it: key derivation takes long, and a key provider may call back into the library.
 */
#include <envres/session.h>

#include <string.h>

#include <envres/principal.h>
#include <envres/scope.h>

#include "api/argument.h"
#include "api/settle.h"
#include "api/store.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/text.h"
#include "model/principal.h"
#include "resolve/scope.h"

envres_status
session_check(const envres_session *session, envres_error *err)
{
    return session ? fork_check(session->store->forks, err)
                   : err_set(err, ENVRES_E_INVALID, "the session is NULL");
}

envres_status
session_enter(envres_session *session, envres_error *err)
{
    if (!session)
        return err_set(err, ENVRES_E_INVALID, "the session is NULL");
    return store_enter(session->store, err);
}

void
session_leave(envres_session *session)
{
    bool due = settle_is_due(session);
    store_leave(session->store);
    if (due)
        settle_after(session);
}

static envres_status
read_candidates(envres_store *store, struct slice workspace, const envres_credential *credential,
                uint8_t id[SEAL_ID], struct candidates **list, envres_error *err)
{
    envres_status st = store_enter(store, err);
    if (st < 0)
        return st;
    st = db_begin_read(store->db, err);
    if (st == ENVRES_OK) {
        st = workspace_find(store->db, workspace, id, err);
        if (st == ENVRES_OK)
            st = identity_find(store->db, &store->mem, id, credential, list, err);
        st = db_end(store->db, st, NULL, err);
    }
    store_leave(store);
    return st;
}

static envres_status
new_session(envres_store *store, const uint8_t workspace[SEAL_ID], struct identity *actor,
            envres_session **out, envres_error *err)
{
    envres_session *session = mem_alloc_zero(&store->mem, sizeof(*session));
    if (!session)
        return err_code(err, ENVRES_E_NOMEM);
    session->store = store_ref(store);
    session->context.db = store->db;
    session->context.mem = &store->mem;
    session->context.clock = &store->clock;
    session->context.arena = store->arena;
    session->context.changes = store->changes;
    session->context.actor = actor;
    memcpy(session->context.workspace, workspace, SEAL_ID);
    *out = session;
    return ENVRES_OK;
}

envres_status
envres_session_open(envres_store *store, const char *workspace, size_t workspace_len,
                    const envres_credential *credential, envres_session **out, envres_error *err)
{
    struct slice name = { 0 };
    uint8_t id[SEAL_ID];
    struct candidates *list = NULL;
    struct identity *actor = NULL;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the session");
    *out = NULL;
    if (!credential || !store)
        return err_set(err, ENVRES_E_INVALID, "the store or the credential is NULL");
    envres_status st = text_argument(workspace, workspace ? workspace_len : 0, LIMIT_PRINCIPAL,
                                     "the workspace's name", &name, err);
    if (st < 0)
        return st;
    if (!workspace)
        name.data = NULL;
    st = read_candidates(store, name, credential, id, &list, err);
    if (st == ENVRES_OK)
        st = identity_open(store->arena, list, credential, store->kdf_memory_max, &actor, err);
    if (st == ENVRES_OK)
        st = new_session(store, id, actor, out, err);
    if (st < 0)
        identity_unref(actor);
    identity_candidates_free(list);
    if (st < 0)
        return st;
    st = settle_session(*out, err);
    if (st < 0) {
        envres_session_close(*out);
        *out = NULL;
    }
    return st;
}

void
envres_session_close(envres_session *session)
{
    if (!session)
        return;
    envres_store *store = session->store;
    struct mem mem = store->mem;
    bool here = store->forks == fork_count;
    if (here)
        settle_close(session);
    if (here)
        pthread_mutex_lock(&store->lock);
    context_clear(&session->context);
    if (here)
        pthread_mutex_unlock(&store->lock);
    mem_free(&mem, session);
    envres_store_close(store);
}

static const char *const session_columns[ENVRES_SESSION_COLUMNS] = { "name", "value" };

static void
add_fact(envres_list *list, const char *name, const char *value, size_t len)
{
    list_row(list);
    list_set_str(list, ENVRES_SESSION_NAME, name);
    list_set_text(list, ENVRES_SESSION_VALUE, value, len);
}

envres_status
envres_session_info(envres_session *session, envres_list **out, envres_error *err)
{
    envres_list *list = NULL;
    struct buf workspace = { .mem = NULL };
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the list");
    *out = NULL;
    envres_status st = session_enter(session, err);
    if (st < 0)
        return st;
    struct context *ctx = &session->context;
    buf_init(&workspace, ctx->mem, false);
    st = list_new(ctx->mem, session_columns, ENVRES_SESSION_COLUMNS, &list, err);
    if (st == ENVRES_OK)
        st = workspace_name(ctx->db, ctx->workspace, &workspace, err);
    if (st == ENVRES_OK) {
        const char *locked = arena_is_locked(ctx->arena) ? "yes" : "no";
        add_fact(list, "workspace", workspace.data, workspace.len);
        add_fact(list, "principal", ctx->actor->name, strlen(ctx->actor->name));
        add_fact(list, "memory_locked", locked, strlen(locked));
        st = list_status(list, err);
    }
    buf_free(&workspace);
    session_leave(session);
    if (st < 0)
        envres_list_free(list);
    else
        *out = list;
    return st;
}

envres_status
envres_key_generate(uint8_t *key, envres_error *err)
{
    static const uint8_t zero[SEAL_KEY];
    if (!key)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the key");
    do {
        seal_random(key, SEAL_KEY);
    } while (seal_equal(key, zero, SEAL_KEY));
    return ENVRES_OK;
}

envres_status
envres_session_as(envres_session *session, const char *principal, size_t principal_len,
                  envres_session **out, envres_error *err)
{
    struct slice name = { 0 };
    uint8_t id[SEAL_ID] = { 0 };
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the session");
    *out = NULL;
    envres_status st =
        argument_name(principal, principal_len, false, "the principal's name", &name, err);
    if (st == ENVRES_OK && name.len == 0)
        st = err_set(err, ENVRES_E_INVALID, "the principal's name is empty");
    if (st == ENVRES_OK && session && session->context.is_asserted)
        st = err_set(err, ENVRES_E_INVALID, "the session acts as another principal already");
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = principal_find(&session->context, name, id, err);
    if (st == ENVRES_OK) {
        struct identity *actor = identity_ref(session->context.actor);
        st = new_session(session->store, session->context.workspace, actor, out, err);
        if (st < 0)
            identity_unref(actor);
    }
    if (st == ENVRES_OK) {
        memcpy((*out)->context.asserted, id, SEAL_ID);
        (*out)->context.witness = session->context.witness;
        (*out)->context.is_asserted = true;
    }
    session_leave(session);
    return st;
}

/* ---- scopes --------------------------------------------------------------------------------- */

/* NULL: not asked for. */
static envres_status
read_asked(const char *text, size_t len, const char *what, struct slice *out, envres_error *err)
{
    if (!text && (len == 0 || len == ENVRES_NUL_TERMINATED))
        return ENVRES_OK;
    return text_argument(text, len, SIZE_MAX, what, out, err);
}

static envres_status
read_request(const char *environment, size_t environment_len, const envres_scope_options *given,
             struct scope_request *out, envres_error *err)
{
    envres_scope_options options = { 0 };
    envres_status st = opts_read(&options, sizeof(options), sizeof(options), given, err);
    if (st == ENVRES_OK &&
        (options.flags & ~(uint32_t)(ENVRES_SCOPE_DAMAGED | ENVRES_SCOPE_AUDITED)))
        st = err_set(err, ENVRES_E_INVALID, "the scope options have an unknown flag");
    if (st == ENVRES_OK)
        st = argument_name(environment, environment_len, false, "the environment's key",
                           &out->environment, err);
    if (st == ENVRES_OK)
        st = read_asked(options.app, options.app_len, "the app's name", &out->app, err);
    if (st == ENVRES_OK)
        st = read_asked(options.tag, options.tag_len, "the tag", &out->tag, err);
    if (st == ENVRES_OK)
        st = read_asked(options.version, options.version_len, "the version's name", &out->version,
                        err);
    out->revision = options.revision;
    out->flags = options.flags;
    return st;
}

static envres_status
load(struct context *ctx, const struct scope_request *request, const envres_scope *before,
     envres_scope **out, envres_error *err)
{
    return request->flags & ENVRES_SCOPE_AUDITED
               ? scope_load_audited(ctx, request, before, out, err)
               : scope_load(ctx, request, before, out, err);
}

envres_status
envres_scope_open(envres_session *session, const char *environment, size_t environment_len,
                  const envres_scope_options *given, envres_scope **out, envres_error *err)
{
    struct scope_request request = { 0 };
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the scope");
    *out = NULL;
    envres_status st = read_request(environment, environment_len, given, &request, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    st = load(&session->context, &request, NULL, out, err);
    session_leave(session);
    return st;
}

envres_status
envres_scope_latest(envres_session *session, envres_scope *scope, envres_scope **out,
                    envres_error *err)
{
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the scope");
    *out = NULL;
    if (!session)
        return err_set(err, ENVRES_E_INVALID, "the session is NULL");
    envres_status st = scope_enter(scope, err);
    if (st == ENVRES_OK && scope->changes != session->store->changes)
        return err_set(err, ENVRES_E_INVALID, "the scope is of another store");
    if (st == ENVRES_OK && memcmp(scope->keys->workspace, session->context.workspace, SEAL_ID) != 0)
        return err_set(err, ENVRES_E_INVALID, "the scope is of another workspace");
    if (st == ENVRES_OK)
        st = envres_store_poll(session->store, NULL, err);
    if (st < 0)
        return st;
    if (!envres_scope_is_stale(scope)) {
        *out = envres_scope_ref(scope);
        return ENVRES_OK;
    }
    st = session_enter(session, err);
    if (st < 0)
        return st;
    st = load(&session->context, &scope->request, scope, out, err);
    session_leave(session);
    return st;
}
