/* SPDX-License-Identifier: MIT */
/* cold_ours STORE [print]: from nothing to one resolved template, with the library. */
#include <envres/envres.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen.h"

static void
expect_ok(envres_status status, const envres_error *err)
{
    if (status == ENVRES_OK)
        return;
    fprintf(stderr, "cold_ours: %s: %s\n", envres_status_name(status), envres_error_message(err));
    exit(1);
}

int
main(int argc, char **argv)
{
    uint8_t key[32];
    envres_store *store = NULL;
    envres_session *session = NULL;
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    envres_error *err = envres_error_new(NULL);
    memset(key, 7, sizeof(key));
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = sizeof(key) };
    if (argc < 2)
        return 2;
    struct gen_text text = gen_listing(GEN_ENVRES);
    expect_ok(envres_store_open(argv[1], ENVRES_NUL_TERMINATED, NULL, &store, err), err);
    expect_ok(envres_session_open(store, NULL, 0, &credential, &session, err), err);
    expect_ok(envres_scope_open(session, "staging", 7, NULL, &scope, err), err);
    expect_ok(envres_scope_expand(scope, text.data, text.len, ENVRES_CONTEXT_TEXT, 0, &value, err),
              err);
    size_t len = 0;
    const char *data = envres_value_data(value, &len);
    if (argc > 2)
        fwrite(data, 1, len, stdout);
    envres_value_free(value);
    envres_scope_unref(scope);
    envres_session_close(session);
    envres_store_close(store);
    envres_error_free(err);
    free(text.data);
    return 0;
}
