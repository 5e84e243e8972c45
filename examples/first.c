/* SPDX-License-Identifier: MIT */
/* The shortest host: first [ENVIRONMENT] <KEY_FILE. The README shows what follows here. */
#include <envres/envres.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
    static const char text[] =
        "<< environment.label >>: << environment.variables.API_CRM_BASE_URL >>";
    uint8_t key[32] = { 0 };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key,
                                .secret_len = fread(key, 1, sizeof(key), stdin) };
    envres_error *err = envres_error_new(NULL);
    envres_store *store = NULL;
    envres_session *session = NULL;
    envres_scope *scope = NULL;
    envres_value *out = NULL;
    const char *env = argc > 1 ? argv[1] : "development";
    if (envres_store_open("support.db", SIZE_MAX, NULL, &store, err) == ENVRES_OK &&
        envres_session_open(store, NULL, 0, &owner, &session, err) == ENVRES_OK &&
        envres_scope_open(session, env, SIZE_MAX, NULL, &scope, err) == ENVRES_OK &&
        envres_scope_expand(scope, text, SIZE_MAX, ENVRES_CONTEXT_TEXT, 0, &out, err) == ENVRES_OK)
        puts(envres_value_data(out, NULL));
    else
        fprintf(stderr, "%s; %s\n", envres_error_message(err), envres_error_hint(err));
    int failed = out == NULL;
    envres_value_free(out);
    envres_scope_unref(scope);
    envres_session_close(session);
    envres_store_close(store);
    envres_error_free(err);
    return failed;
}
