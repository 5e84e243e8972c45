/* SPDX-License-Identifier: MIT */
/* Scenarios of what is told to the host, and to the audit: anchor, checkpoints, secrets that are
 * shown, scopes whose opening is an entry. */
#include <string.h>

#include "scenarios.h"

#define TEXT ENVRES_NUL_TERMINATED

struct host {
    int64_t sequence;
    uint8_t hash[32];
    int64_t checkpoint;
    envres_status checked; /* what the store said of it, still in the callback */
    struct fixture *fx;
};

static envres_status
load(const uint8_t *workspace, int64_t *sequence, uint8_t *hash, void *user)
{
    struct host *host = user;
    (void)workspace;
    *sequence = host->sequence;
    memcpy(hash, host->hash, 32);
    return ENVRES_OK;
}

static envres_status
store(const uint8_t *workspace, int64_t expected, int64_t sequence, const uint8_t *hash, void *user)
{
    struct host *host = user;
    (void)workspace;
    if (host->sequence != expected)
        return ENVRES_E_CHANGED;
    host->sequence = sequence;
    memcpy(host->hash, hash, 32);
    return ENVRES_OK;
}

static envres_status
take(const envres_checkpoint *checkpoint, void *user)
{
    struct host *host = user;
    host->checkpoint = checkpoint->sequence;
    host->checked = host->fx->path
                        ? envres_audit_check(host->fx->session, checkpoint, host->fx->err)
                        : ENVRES_OK;
    return ENVRES_OK;
}

static envres_status
open_told(struct fixture *fx, struct host *host, envres_store **out, envres_session **session)
{
    envres_store_options options = fixture_options(fx);
    options.anchor_load = load;
    options.anchor_store = store;
    options.anchor_user = host;
    options.audit_sink = take;
    options.audit_sink_user = host;
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .principal = "owner",
                                     .principal_len = TEXT,
                                     .secret = fx->key,
                                     .secret_len = sizeof(fx->key) };
    envres_status st = fx->path ? envres_store_open(fx->path, TEXT, &options, out, fx->err)
                                : envres_store_create(NULL, 0, &options, &credential, out, fx->err);
    return st < 0 ? st : envres_session_open(*out, NULL, 0, &credential, session, fx->err);
}

/* A change of a store whose host has an anchor and a sink; through a second one on the same file.
 */
envres_status
tell_the_host(struct fixture *fx)
{
    struct host host = { .fx = fx };
    struct fixture told = { .err = fx->err };
    envres_status st = open_told(fx, &host, &told.store, &told.session);
    if (st == ENVRES_OK)
        st = put(fx->path ? &told : fx, "staging", "TOLD", "x", 0, 0);
    envres_session_close(told.session);
    envres_store_close(told.store);
    return st;
}

envres_status
reveal_secrets(struct fixture *fx)
{
    envres_reveal_options options = { .size = sizeof(options),
                                      .environment = "production",
                                      .environment_len = TEXT,
                                      .object = "variable/DB_PASSWORD",
                                      .object_len = TEXT };
    envres_change change = { .size = sizeof(change), .reason = "an incident", .reason_len = TEXT };
    return envres_audit_reveal(fx->session, &options, &change, fx->err);
}

envres_status
open_audited_scope(struct fixture *fx)
{
    envres_scope_options options = { .size = sizeof(options), .flags = ENVRES_SCOPE_AUDITED };
    envres_scope *scope = NULL;
    envres_status st =
        envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err);
    envres_scope_unref(scope);
    return st;
}

/* A session that is closed leaves a checkpoint, which is held against the store. */
envres_status
check_checkpoint(struct fixture *fx)
{
    struct host host = { .fx = fx };
    envres_store *told = NULL;
    envres_session *session = NULL;
    envres_status st = open_told(fx, &host, &told, &session);
    envres_session_close(session);
    envres_store_close(told);
    return st < 0 ? st : host.checked;
}
