/* SPDX-License-Identifier: MIT */
#include "helper.h"

#include <stdlib.h>

static int64_t
read_clock(void *user)
{
    return ((struct fx *)user)->now;
}

int
fx_setup(void **state)
{
    struct fx *fx = calloc(1, sizeof(*fx));
    fx->err = envres_error_new(NULL);
    fx->now = 1700000000000;
    memset(fx->key, 0x5A, sizeof(fx->key));
    envres_store_options options = { .size = sizeof(options),
                                     .clock = read_clock,
                                     .clock_user = fx };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx->key,
                                .secret_len = sizeof(fx->key) };
    if (envres_store_create(NULL, 0, &options, &owner, &fx->store, fx->err) < 0 ||
        envres_session_open(fx->store, NULL, 0, &owner, &fx->session, fx->err) < 0)
        return -1;
    *state = fx;
    return 0;
}

/* Whatever a test did, the store is whole after it. */
int
fx_teardown(void **state)
{
    struct fx *fx = *state;
    envres_list *findings = NULL;
    int bad = envres_store_verify(fx->store, fx->session, &findings, fx->err) < 0 ||
              envres_list_count(findings) > 0;
    if (bad)
        fprintf(stderr, "verify: %s %s\n", envres_error_message(fx->err),
                envres_list_count(findings)
                    ? envres_list_text(findings, 0, ENVRES_VERIFY_MESSAGE, NULL)
                    : "");
    envres_list_free(findings);
    envres_session_close(fx->session);
    envres_store_close(fx->store);
    envres_error_free(fx->err);
    free(fx);
    return bad;
}

void
expect(struct fx *fx, envres_status got, envres_status want, const char *call)
{
    if (got != want)
        fail_msg("%s: %s instead of %s: %s", call, envres_status_name(got),
                 envres_status_name(want), envres_error_message(fx->err));
    if (got < 0 && (envres_error_code(fx->err) != got || !envres_error_message(fx->err)[0]))
        fail_msg("%s: the slot does not say %s", call, envres_status_name(got));
}

envres_status
fx_put(struct fx *fx, const char *env, const char *name, const char *value, int32_t type,
       uint32_t flags)
{
    envres_variable_write write = { .size = sizeof(write),
                                    .flags = flags,
                                    .name = name,
                                    .name_len = TEXT,
                                    .value = value,
                                    .value_len = TEXT,
                                    .type = type };
    return envres_variable_put(fx->session, env, TEXT, &write, NULL, NULL, fx->err);
}

envres_status
fx_field(struct fx *fx, const char *env, const char *handle, const char *field, const char *value,
         uint32_t flags)
{
    envres_resource_field f = { .size = sizeof(f),
                                .flags = flags,
                                .name = field,
                                .name_len = TEXT,
                                .value = value,
                                .value_len = value ? TEXT : 0 };
    envres_resource_write write = {
        .size = sizeof(write), .handle = handle, .handle_len = TEXT, .fields = &f, .count = 1
    };
    return envres_resource_configure(fx->session, env, TEXT, &write, NULL, NULL, fx->err);
}

envres_status
fx_fallback(struct fx *fx, const char *env, const char *handle, const char *to)
{
    envres_fallback fallback = { .size = sizeof(fallback),
                                 .handle = handle,
                                 .handle_len = TEXT,
                                 .to = to,
                                 .to_len = to ? TEXT : 0 };
    return envres_resource_fallback(fx->session, env, TEXT, &fallback, NULL, fx->err);
}

envres_scope *
fx_scope(struct fx *fx, const char *env)
{
    envres_scope *scope = NULL;
    OK(fx, envres_scope_open(fx->session, env, TEXT, NULL, &scope, fx->err));
    return scope;
}

void
fx_renders(struct fx *fx, const char *env, const char *text, const char *want, envres_status code)
{
    envres_scope *scope = fx_scope(fx, env);
    envres_value *value = NULL;
    envres_status st = envres_scope_expand(scope, text, TEXT, 0, 0, &value, fx->err);
    expect(fx, st, want ? ENVRES_OK : code, text);
    if (want)
        assert_string_equal(envres_value_data(value, NULL), want);
    else
        assert_null(value);
    envres_value_free(value);
    envres_scope_unref(scope);
}

void
fx_hint(struct fx *fx, const char *part)
{
    if (!strstr(envres_error_hint(fx->err), part))
        fail_msg("the hint '%s' does not say '%s'", envres_error_hint(fx->err), part);
}

int64_t
fx_revision(struct fx *fx, const char *env)
{
    envres_list *list = NULL;
    OK(fx, envres_environment_describe(fx->session, env, TEXT, &list, fx->err));
    int64_t revision = envres_list_integer(list, 0, ENVRES_ENVIRONMENT_REVISION);
    envres_list_free(list);
    return revision;
}

envres_version_name
fx_version(const char *app, const char *version)
{
    envres_version_name name = { .size = sizeof(name),
                                 .app = app,
                                 .app_len = TEXT,
                                 .version = version,
                                 .version_len = version ? TEXT : 0 };
    return name;
}

envres_part_write
fx_part(const char *path, const void *data, size_t len, uint32_t flags)
{
    envres_part_write write = { .size = sizeof(write),
                                .flags = flags,
                                .path = path,
                                .path_len = TEXT,
                                .data = data,
                                .data_len = len };
    return write;
}
