/* SPDX-License-Identifier: MIT */
/* Scenarios of principals, their slots, roles, deposits and the audit. The fixture has `stacy`,
 * editor of staging, `otto`, a second owner, and two deposits that wait in staging; the owner has a
 * second slot. */
#include <string.h>

#include "scenarios.h"

#define TEXT ENVRES_NUL_TERMINATED

static envres_credential
raw_key(uint8_t key[32], uint8_t fill)
{
    memset(key, fill, 32);
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = 32 };
    return credential;
}

static envres_status
add(struct fixture *fx, const char *name, uint32_t role, const char *environment)
{
    uint8_t key[32];
    envres_credential credential = raw_key(key, (uint8_t)name[0]);
    envres_principal_options options = { .size = sizeof(options),
                                         .role = role,
                                         .environments = environment ? &environment : NULL,
                                         .count = environment != NULL,
                                         .credential = &credential };
    return envres_principal_add(fx->session, name, TEXT, &options, NULL, fx->err);
}

envres_status
fixture_people(struct fixture *fx)
{
    envres_status st = add(fx, "stacy", ENVRES_ROLE_EDITOR, "staging");
    if (st == ENVRES_OK)
        st = add(fx, "otto", ENVRES_ROLE_OWNER, NULL);
    return st == ENVRES_OK ? add_slot(fx) : st;
}

envres_status
add_slot(struct fixture *fx)
{
    uint8_t key[32];
    int64_t ordinal = 0;
    envres_credential credential = raw_key(key, 0x3C);
    return envres_slot_add(fx->session, "spare", TEXT, &credential, NULL, &ordinal, fx->err);
}

envres_status
change_slot(struct fixture *fx)
{
    uint8_t key[32];
    envres_credential credential = raw_key(key, 0x3D);
    return envres_slot_change(fx->session, 2, &credential, NULL, fx->err);
}

envres_status
remove_slot(struct fixture *fx)
{
    return envres_slot_remove(fx->session, 2, NULL, fx->err);
}

envres_status
rekey_principal(struct fixture *fx)
{
    uint8_t key[32];
    envres_credential credential = raw_key(key, 0x3E);
    return envres_principal_rekey(fx->session, "stacy", TEXT, &credential, NULL, fx->err);
}

/* The root, and a session that is opened with it pinned. */
envres_status
key_facts(struct fixture *fx)
{
    uint8_t key[32];
    uint8_t root[32] = { 0 };
    envres_list *list = NULL;
    envres_session *session = NULL;
    envres_credential credential = raw_key(key, 0x3C);
    envres_status st = envres_slot_list(fx->session, &list, fx->err);
    if (st == ENVRES_OK && envres_list_count(list) != 2)
        st = ENVRES_E_INTEGRITY;
    envres_list_free(list);
    if (st == ENVRES_OK)
        st = envres_root_key(fx->session, root, fx->err);
    credential.root = root;
    if (st == ENVRES_OK)
        st = envres_session_open(fx->store, NULL, 0, &credential, &session, fx->err);
    envres_session_close(session);
    return st;
}

/* A fixed operation makes a fixed id: dumps of two runs are the same text. */
static envres_status
deposit(struct fixture *fx, const char *environment, const char *name, uint8_t number)
{
    uint8_t operation[16];
    memset(operation, number, sizeof(operation));
    envres_change change = { .size = sizeof(change), .operation = operation };
    envres_variable_write write = { .size = sizeof(write),
                                    .name = name,
                                    .name_len = TEXT,
                                    .value = "deposited-secret",
                                    .value_len = TEXT };
    char id[33];
    return envres_deposit(fx->session, environment, TEXT, &write, &change, id, fx->err);
}

envres_status
fixture_inbox(struct fixture *fx)
{
    envres_status st = deposit(fx, "staging", "DB_PASSWORD", 0xD1);
    return st == ENVRES_OK ? deposit(fx, "staging", "API_KEY", 0xD2) : st;
}

envres_status
deposit_value(struct fixture *fx)
{
    return deposit(fx, "production", "DB_PASSWORD", 0xD3);
}

/* The id of the row of a name. A deposit that is damaged has none. */
static envres_status
find_deposit(struct fixture *fx, const char *name, char id[33])
{
    envres_list *list = NULL;
    envres_status st = envres_inbox_list(fx->session, "staging", TEXT, &list, fx->err);
    for (size_t i = 0; i < envres_list_count(list); i++) {
        const char *found = envres_list_text(list, i, ENVRES_INBOX_NAME, NULL);
        if (found && strcmp(found, name) == 0)
            memcpy(id, envres_list_text(list, i, ENVRES_INBOX_ID, NULL), 33);
    }
    envres_list_free(list);
    return st;
}

envres_status
accept_deposit(struct fixture *fx)
{
    char id[33] = "";
    envres_status st = find_deposit(fx, "API_KEY", id);
    return st < 0
               ? st
               : envres_inbox_accept(fx->session, "staging", TEXT, id, TEXT, NULL, NULL, fx->err);
}

envres_status
reject_deposit(struct fixture *fx)
{
    char id[33] = "";
    envres_status st = find_deposit(fx, "DB_PASSWORD", id);
    return st < 0 ? st : envres_inbox_reject(fx->session, "staging", TEXT, id, TEXT, NULL, fx->err);
}

envres_status
add_principal(struct fixture *fx)
{
    return add(fx, "vera", ENVRES_ROLE_RUNTIME, "production");
}

envres_status
remove_principal(struct fixture *fx)
{
    return envres_principal_remove(fx->session, "stacy", TEXT, NULL, fx->err);
}

static envres_role
role_of(const char *principal, uint32_t role, const char *environment)
{
    envres_role given = { .size = sizeof(given),
                          .role = role,
                          .principal = principal,
                          .principal_len = TEXT,
                          .environment = environment,
                          .environment_len = environment ? TEXT : 0 };
    return given;
}

/* With the keys of both classes, of an environment that has others. */
envres_status
grant_role(struct fixture *fx)
{
    envres_role role = role_of("stacy", ENVRES_ROLE_ADMIN, "qa");
    return envres_role_grant(fx->session, &role, NULL, fx->err);
}

envres_status
revoke_role(struct fixture *fx)
{
    envres_role role = role_of("stacy", ENVRES_ROLE_EDITOR, "staging");
    return envres_role_revoke(fx->session, &role, NULL, fx->err);
}

/* What stacy may not do is refused, although it is the owner who is unlocked. */
envres_status
act_as(struct fixture *fx)
{
    envres_session *session = NULL;
    envres_scope *scope = NULL;
    envres_status st = envres_session_as(fx->session, "stacy", TEXT, &session, fx->err);
    if (st == ENVRES_OK)
        st = envres_scope_open(session, "staging", TEXT, NULL, &scope, fx->err);
    envres_scope_unref(scope);
    scope = NULL;
    if (st == ENVRES_OK) {
        st = envres_scope_open(session, "production", TEXT, NULL, &scope, fx->err);
        envres_scope_unref(scope);
        st = st == ENVRES_E_DENIED ? ENVRES_OK : st == ENVRES_OK ? ENVRES_E_INTEGRITY : st;
    }
    envres_session_close(session);
    return st;
}

envres_status
people_lists(struct fixture *fx)
{
    envres_audit_options options = {
        .size = sizeof(options), .limit = 5, .environment = "staging", .environment_len = TEXT
    };
    envres_list *list = NULL;
    envres_status st = envres_principal_list(fx->session, &list, fx->err);
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_inbox_list(fx->session, "staging", TEXT, &list, fx->err);
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_audit_list(fx->session, &options, &list, fx->err);
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_audit_verify(fx->session, NULL, &list, fx->err);
    if (st == ENVRES_OK && envres_list_count(list) > 0)
        st = ENVRES_E_INTEGRITY;
    envres_list_free(list);
    return envres_role_name(ENVRES_ROLE_OWNER)[0] == 'o' ? st : ENVRES_E_INVALID;
}
