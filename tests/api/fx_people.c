/* SPDX-License-Identifier: MIT */
#include "fx_people.h"

static void
make_key(const char *name, uint8_t key[32], envres_credential *credential)
{
    memset(key, 0x33, 32);
    memcpy(key, name, strlen(name) < 32 ? strlen(name) : 32);
    memset(credential, 0, sizeof(*credential));
    credential->size = sizeof(*credential);
    credential->kind = ENVRES_CREDENTIAL_RAW_KEY;
    credential->secret = key;
    credential->secret_len = 32;
}

envres_status
people_add(struct fx *fx, const char *name, uint32_t role, const char *environment)
{
    uint8_t key[32] = { 0 };
    envres_credential credential = { 0 };
    make_key(name, key, &credential);
    envres_principal_options options = { .size = sizeof(options),
                                         .role = role,
                                         .environments = environment ? &environment : NULL,
                                         .count = environment != NULL,
                                         .credential = &credential };
    return envres_principal_add(fx->session, name, TEXT, &options, NULL, fx->err);
}

envres_status
people_enter(struct fx *fx, envres_store *store, const char *name, envres_session **out)
{
    uint8_t key[32] = { 0 };
    envres_credential credential = { 0 };
    make_key(name, key, &credential);
    *out = NULL;
    return envres_session_open(store, NULL, 0, &credential, out, fx->err);
}

envres_status
people_role(struct fx *fx, const char *name, uint32_t role, const char *environment,
            envres_status (*act)(envres_session *session, const envres_role *role,
                                 const envres_change *change, envres_error *err))
{
    envres_role given = { .size = sizeof(given),
                          .role = role,
                          .principal = name,
                          .principal_len = TEXT,
                          .environment = environment,
                          .environment_len = environment ? TEXT : 0 };
    return act(fx->session, &given, NULL, fx->err);
}

void
people_reads(struct fx *fx, envres_session *session, const char *environment, const char *name,
             const char *want, envres_status code)
{
    envres_value *value = NULL;
    size_t len = 0;
    envres_status st = envres_variable_get(session, environment, TEXT, name, TEXT,
                                           ENVRES_READ_REVEAL, &value, fx->err);
    if (st != (want ? ENVRES_OK : code))
        fail_msg("%s in %s: %s: %s", name, environment, envres_status_name(st),
                 envres_error_message(fx->err));
    if (want) {
        const char *data = envres_value_data(value, &len);
        assert_int_equal(len, strlen(want));
        assert_memory_equal(data, want, len);
    }
    envres_value_free(value);
}
