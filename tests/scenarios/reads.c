/* SPDX-License-Identifier: MIT */
/* Scenarios that read: unlocking, scopes, templates, handles, lists. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios.h"

#define TEXT ENVRES_NUL_TERMINATED

envres_status
open_session(struct fixture *fx)
{
    envres_session *session = NULL;
    envres_list *info = NULL;
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .principal = "owner",
                                     .principal_len = TEXT,
                                     .secret = fx->key,
                                     .secret_len = sizeof(fx->key) };
    envres_status st = envres_session_open(fx->store, "main", TEXT, &credential, &session, fx->err);
    if (st == ENVRES_OK)
        st = envres_session_info(session, &info, fx->err);
    envres_list_free(info);
    envres_session_close(session);
    return st;
}

envres_status
create_in_memory(struct fixture *fx)
{
    envres_store *store = NULL;
    uint8_t key[32];
    envres_status st = envres_key_generate(key, fx->err);
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = sizeof(key) };
    if (st == ENVRES_OK)
        st = envres_store_create(NULL, 0, NULL, &credential, &store, fx->err);
    envres_store_close(store);
    return st;
}

envres_status
store_facts(struct fixture *fx)
{
    envres_list *list = NULL;
    int32_t changed = 0;
    envres_status st = envres_store_info(fx->store, &list, fx->err);
    envres_list_free(list);
    return st < 0 ? st : envres_store_poll(fx->store, &changed, fx->err);
}

/* Of a sound file everything is kept. A store in memory has none. */
envres_status
salvage_store(struct fixture *fx)
{
    char to[128];
    envres_list *report = NULL;
    envres_store_options options = { .size = sizeof(options),
                                     .flags = fx->store_flags,
                                     .vfs = fx->vfs,
                                     .busy_timeout_ms = UINT32_MAX };
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = fx->key,
                                     .secret_len = sizeof(fx->key) };
    if (!fx->path)
        return ENVRES_OK;
    snprintf(to, sizeof(to), "%s.salvaged", fx->path);
    envres_status st =
        envres_store_salvage(fx->path, ENVRES_NUL_TERMINATED, to, ENVRES_NUL_TERMINATED, &options,
                             &credential, &report, fx->err);
    for (size_t row = 0; row < envres_list_count(report); row++) {
        if (envres_list_type(report, row, ENVRES_SALVAGE_CODE) == ENVRES_CELL_TEXT)
            st = ENVRES_E_CORRUPT; /* nothing may be lost */
    }
    envres_list_free(report);
    if (!fx->vfs)
        remove(to);
    return st;
}

envres_status
verify_store(struct fixture *fx)
{
    envres_list *list = NULL;
    envres_status st = envres_store_verify(fx->store, fx->session, &list, fx->err);
    envres_list_free(list);
    return st;
}

envres_status
open_scope(struct fixture *fx)
{
    static const char *const environments[] = { "development", "staging", "production" };
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < 3; i++) {
        envres_scope *scope = NULL;
        st = envres_scope_open(fx->session, environments[i], TEXT, NULL, &scope, fx->err);
        envres_scope_unref(scope);
    }
    return st;
}

envres_status
open_older_scope(struct fixture *fx)
{
    envres_scope_options options = { .size = sizeof(options), .revision = 2 };
    envres_scope *scope = NULL;
    envres_status st =
        envres_scope_open(fx->session, "development", TEXT, &options, &scope, fx->err);
    envres_scope_unref(scope);
    return st;
}

envres_status
latest_scope(struct fixture *fx)
{
    envres_scope *scope = NULL;
    envres_status st = envres_scope_latest(fx->session, fx->scope, &scope, fx->err);
    envres_scope_unref(scope);
    return st;
}

envres_status
scope_values(struct fixture *fx)
{
    envres_value *value = NULL;
    char buf[256];
    size_t need = 0;
    uint32_t index = 0;
    envres_status st = envres_scope_get(fx->scope, "DATABASE_URL", TEXT, &value, fx->err);
    envres_value_free(value);
    value = NULL;
    if (st == ENVRES_OK)
        st = envres_scope_find(fx->scope, "DB_PASSWORD", TEXT, &index, fx->err);
    if (st == ENVRES_OK)
        st = envres_scope_get_into(fx->scope, index, buf, sizeof(buf), &need, fx->err);
    if (st == ENVRES_OK && (need != 12 || memcmp(buf, "dev-secret-2", 12) != 0))
        abort();
    if (st == ENVRES_OK)
        st = envres_scope_get_string(fx->scope, "BASE", TEXT, &value, fx->err);
    if (st == ENVRES_OK && strcmp(envres_value_data(value, NULL), "https://db.dev/") != 0)
        abort();
    envres_value_free(value);
    value = NULL;
    if (st == ENVRES_OK)
        st = envres_scope_get_json(fx->scope, "LIMITS", TEXT, &value, fx->err);
    if (st == ENVRES_OK && strcmp(envres_value_data(value, NULL), "{\"rows\":[1,2.5]}") != 0)
        abort();
    envres_value_free(value);
    return st;
}

envres_status
scope_scalars(struct fixture *fx)
{
    int32_t flag = 0;
    int64_t integer = 0;
    double real = 0;
    const char *data = NULL;
    size_t len = 0;
    uint32_t index = 0;
    envres_status st = envres_scope_get_boolean(fx->scope, "SHOW_BETA", TEXT, &flag, fx->err);
    if (st == ENVRES_OK)
        st = envres_scope_get_integer(fx->scope, "PAGE_SIZE", TEXT, &integer, fx->err);
    if (st == ENVRES_OK)
        st = envres_scope_get_double(fx->scope, "PAGE_SIZE", TEXT, &real, fx->err);
    if (st == ENVRES_OK && (flag != 1 || integer != 50 || real != 50.0))
        abort();
    if (st == ENVRES_OK)
        st = envres_scope_find(fx->scope, "HOST", TEXT, &index, fx->err);
    if (st == ENVRES_OK)
        st = envres_scope_at(fx->scope, index, &data, &len, fx->err);
    return st;
}

envres_status
render_text(struct fixture *fx)
{
    static const char text[] = "<< environment.name >> << environment.variables.DATABASE_URL >> "
                               "<< resources.crm.host | upper >> << params.id >> "
                               "<< environment.variables.NOPE | default(\"none\") >>";
    envres_template *tmpl = NULL;
    envres_value *value = NULL;
    envres_list *tags = NULL;
    char buf[512];
    size_t need = 0;
    size_t start = 0;
    size_t end = 0;
    envres_params *params = envres_params_new(NULL);
    envres_status st = params ? ENVRES_OK : ENVRES_E_NOMEM;
    if (st == ENVRES_OK)
        st = envres_params_set(params, "id", TEXT, ENVRES_TYPE_NUMBER, "7", TEXT, 0, fx->err);
    envres_render_options options = { .size = sizeof(options), .params = params };
    if (st == ENVRES_OK)
        st = envres_template_parse(text, TEXT, NULL, &tmpl, fx->err);
    if (st == ENVRES_OK)
        st = envres_template_references(tmpl, &tags, fx->err);
    if (st == ENVRES_OK)
        st = envres_template_render(tmpl, fx->scope, &options, &value, fx->err);
    if (st == ENVRES_OK &&
        strcmp(envres_value_data(value, NULL), "development postgres://app:dev-secret-2@db.dev/crm "
                                               "DB.DEV 7 none") != 0)
        abort();
    if (st == ENVRES_OK)
        st = envres_value_range(value, 0, &start, &end, fx->err);
    if (st == ENVRES_OK)
        st = envres_template_render_into(tmpl, fx->scope, &options, buf, sizeof(buf), &need,
                                         fx->err);
    if (st == ENVRES_OK && envres_value_range_count(value) != 1)
        abort();
    envres_value_free(value);
    envres_list_free(tags);
    envres_template_unref(tmpl);
    envres_params_free(params);
    return st;
}

envres_status
render_json(struct fixture *fx)
{
    static const char text[] = "{\"beta\": \"<< environment.variables.SHOW_BETA >>\", \"u\":"
                               "\"<< environment.variables.BASE >>x\", \"l\":"
                               "\"<< environment.variables.LIMITS >>\"}";
    envres_value *value = NULL;
    envres_status st = envres_scope_expand(fx->scope, text, TEXT, ENVRES_CONTEXT_JSON,
                                           ENVRES_RENDER_NO_SECRETS, &value, fx->err);
    if (st == ENVRES_OK &&
        strcmp(envres_value_data(value, NULL), "{\"beta\": true, \"u\":\"https://db.dev/x\", "
                                               "\"l\":{\"rows\":[1,2.5]}}") != 0)
        abort();
    envres_value_free(value);
    return st;
}

envres_status
prepare_statement(struct fixture *fx)
{
    static const char text[] =
        "SELECT << params.column | ident >> FROM t WHERE a = << environment.variables.DATABASE_URL "
        ">> AND b IN << params.ids | list >> LIMIT << environment.variables.PAGE_SIZE >>";
    envres_template_options how = { .size = sizeof(how),
                                    .context = ENVRES_CONTEXT_SQL,
                                    .dialect = ENVRES_DIALECT_SQLITE,
                                    .style = ENVRES_STYLE_DOLLAR };
    envres_template *tmpl = NULL;
    envres_statement *statement = NULL;
    size_t len = 0;
    envres_params *params = envres_params_new(NULL);
    envres_status st = params ? ENVRES_OK : ENVRES_E_NOMEM;
    if (st == ENVRES_OK)
        st = envres_params_allow(params, "na\"me", TEXT, fx->err);
    if (st == ENVRES_OK)
        st = envres_params_set(params, "column", TEXT, ENVRES_TYPE_STRING, "na\"me", TEXT, 0,
                               fx->err);
    if (st == ENVRES_OK)
        st = envres_params_set(params, "ids", TEXT, ENVRES_TYPE_JSON, "[1.5,\"it's\"]", TEXT, 0,
                               fx->err);
    envres_render_options options = { .size = sizeof(options), .params = params };
    if (st == ENVRES_OK)
        st = envres_template_parse(text, TEXT, &how, &tmpl, fx->err);
    if (st == ENVRES_OK)
        st = envres_template_prepare(tmpl, fx->scope, &options, &statement, fx->err);
    if (st == ENVRES_OK &&
        (strcmp(envres_statement_text(statement, &len),
                "SELECT \"na\"\"me\" FROM t WHERE a = $1 AND b IN ($2, $3) LIMIT $4") != 0 ||
         envres_statement_count(statement) != 4 || envres_statement_first(statement) != 1 ||
         strcmp(envres_statement_name(statement, 3), "environment.variables.PAGE_SIZE") != 0 ||
         envres_statement_type(statement, 3) != ENVRES_TYPE_INTEGER ||
         envres_statement_integer(statement, 3) != 50 ||
         envres_statement_double(statement, 1) != 1.5 ||
         strcmp(envres_statement_value(statement, 2, &len), "it's") != 0 ||
         !envres_statement_is_secret(statement, 0) || envres_statement_is_secret(statement, 1)))
        abort();
    envres_statement_free(statement);
    envres_template_unref(tmpl);
    envres_params_free(params);
    return st;
}

envres_status
bind_template(struct fixture *fx)
{
    static const char text[] = "a << environment.variables.HOST | url >> b "
                               "<< environment.variables.BASE >>";
    envres_template *tmpl = NULL;
    envres_bound *bound = NULL;
    envres_value *value = NULL;
    const char *data = NULL;
    size_t len = 0;
    char buf[128];
    envres_status st = envres_template_parse(text, TEXT, NULL, &tmpl, fx->err);
    if (st == ENVRES_OK)
        st = envres_template_bind(tmpl, fx->scope, NULL, &bound, fx->err);
    if (st == ENVRES_OK)
        st = envres_bound_render(bound, &value, fx->err);
    if (st == ENVRES_OK)
        st = envres_bound_render_into(bound, buf, sizeof(buf), &len, fx->err);
    if (st == ENVRES_OK)
        st = envres_bound_text(bound, &data, &len, fx->err);
    if (st == ENVRES_OK && (len != 24 || memcmp(data, "a db.dev b https://db.dev/", 24) != 0) &&
        strcmp(data, "a db.dev b https://db.dev/") != 0)
        abort();
    envres_value_free(value);
    envres_bound *again = envres_bound_ref(bound);
    envres_bound_unref(again);
    envres_bound_unref(bound);
    envres_template_unref(tmpl);
    return st;
}

static envres_status
probe(const envres_resource_handle *handle, envres_error *err, void *user)
{
    (void)err;
    *(int *)user = (int)envres_resource_handle_field_count(handle);
    return ENVRES_OK;
}

envres_status
resource_handle(struct fixture *fx)
{
    envres_resource_handle *handle = NULL;
    envres_value *value = NULL;
    int count = 0;
    envres_status st = envres_scope_resource(fx->scope, "crm", TEXT, &handle, fx->err);
    if (st == ENVRES_OK)
        st = envres_resource_handle_url(handle, &value, fx->err);
    if (st == ENVRES_OK && !strstr(envres_value_data(value, NULL), "app:p%40ss%20word@db.dev"))
        abort();
    if (st == ENVRES_OK && strlen(envres_resource_handle_cache_key(handle)) < 66)
        abort();
    envres_value_free(value);
    value = NULL;
    if (st == ENVRES_OK)
        st = envres_resource_handle_redacted_url(handle, &value, fx->err);
    envres_value_free(value);
    value = NULL;
    if (st == ENVRES_OK)
        st = envres_resource_handle_dsn(handle, &value, fx->err);
    envres_value_free(value);
    value = NULL;
    if (st == ENVRES_OK)
        st = envres_resource_handle_field(handle, "password", TEXT, &value, fx->err);
    envres_value_free(value);
    envres_resource_handle_free(handle);
    return st < 0 ? st : envres_resource_test(fx->scope, "crm", TEXT, probe, &count, fx->err);
}

envres_status
explain(struct fixture *fx)
{
    envres_list *list = NULL;
    envres_status st =
        envres_explain(fx->scope, "<< environment.variables.DATABASE_URL >>", TEXT, &list, fx->err);
    envres_list_free(list);
    return st;
}

envres_status
list_all(struct fixture *fx)
{
    envres_list *list = NULL;
    envres_status st = envres_kind_list(NULL, &list, fx->err);
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_environment_list(fx->session, &list, fx->err);
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_environment_describe(fx->session, "staging", TEXT, &list, fx->err);
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_variable_list(fx->session, NULL, 0, ENVRES_READ_REVEAL, &list, fx->err);
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_resource_list(fx->session, &list, fx->err);
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_references(fx->session, "variable/HOST", TEXT, &list, fx->err);
    envres_list_free(list);
    return st;
}

envres_status
histories(struct fixture *fx)
{
    envres_list *list = NULL;
    envres_value *value = NULL;
    envres_status st = envres_variable_history(fx->session, "development", TEXT, "DB_PASSWORD",
                                               TEXT, ENVRES_READ_REVEAL, &list, fx->err);
    if (st == ENVRES_OK && !envres_list_is_secret(list, 0, ENVRES_HISTORY_VALUE))
        abort();
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_resource_history(fx->session, "development", TEXT, "crm", TEXT, 0, &list,
                                     fx->err);
    envres_list_free(list);
    if (st == ENVRES_OK)
        st = envres_variable_get(fx->session, "production", TEXT, "DB_PASSWORD", TEXT,
                                 ENVRES_READ_REVEAL, &value, fx->err);
    envres_value_free(value);
    return st;
}

/* What cannot fail: it must not fail, nor allocate, when memory is out. */
envres_status
getters(struct fixture *fx)
{
    envres_scope *scope = envres_scope_ref(fx->scope);
    uint32_t secrets = 0;
    for (uint32_t i = 0; i < envres_scope_count(scope); i++) {
        secrets += envres_scope_is_secret(scope, i) != 0;
        if (!envres_scope_name(scope, i) ||
            strcmp(envres_type_name(envres_scope_type(scope, i)), "?") == 0)
            abort();
    }
    if (secrets != 2 || strcmp(envres_scope_environment(scope), "development") != 0 ||
        envres_scope_revision(scope) != 11 || envres_scope_is_stale(scope))
        abort();
    envres_scope_unref(scope);
    for (uint32_t i = 0; i < envres_status_count(); i++) {
        envres_status st = envres_status_at(i);
        if (!envres_status_name(st)[0] || !envres_status_text(st)[0])
            abort();
    }
    if (!envres_version()[0] || envres_nul_terminated() != SIZE_MAX)
        abort();
    if (envres_error_set(fx->err, ENVRES_E_CALLBACK, "no answer", TEXT, NULL, 0) !=
            ENVRES_E_CALLBACK ||
        envres_error_code(fx->err) != ENVRES_E_CALLBACK)
        abort();
    envres_error_clear(fx->err);
    return envres_error_code(fx->err);
}
