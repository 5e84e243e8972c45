/* SPDX-License-Identifier: MIT */
/* Scenarios of the query library. The fixture has `find`, of two revisions, for a
 * resource of its own, and `call`, a request. The versions of portal use `find`: all but v2, which
 * has its first revision, follow. */
#include <stdlib.h>
#include <string.h>

#include "fixture_apps.h"
#include "scenarios.h"

#define TEXT ENVRES_NUL_TERMINATED

static envres_query_param
param_of(const char *name, int32_t type, const char *preset)
{
    return (envres_query_param){ .size = sizeof(envres_query_param),
                                 .name = name,
                                 .name_len = TEXT,
                                 .preset = preset,
                                 .preset_len = TEXT,
                                 .type = type };
}

static envres_status
put_text(struct fixture *fx, const char *name, const char *text)
{
    envres_query_param params[] = { param_of("id", ENVRES_TYPE_INTEGER, "1"),
                                    param_of("who", ENVRES_TYPE_STRING, NULL) };
    envres_query_write write = { .size = sizeof(write),
                                 .name = name,
                                 .name_len = TEXT,
                                 .resource = "reports",
                                 .resource_len = TEXT,
                                 .text = text,
                                 .text_len = TEXT,
                                 .params = params,
                                 .count = 2 };
    return envres_query_put(fx->session, &write, NULL, NULL, fx->err);
}

/* Wherever versions go. */
static envres_status
configure_reports(struct fixture *fx)
{
    static const char *const environments[] = { "development", "staging", "production" };
    const envres_resource_field fields[] = {
        { .size = sizeof(fields[0]),
          .name = "host",
          .name_len = TEXT,
          .value = "reports.example",
          .value_len = TEXT },
        { .size = sizeof(fields[0]),
          .name = "database",
          .name_len = TEXT,
          .value = "reports",
          .value_len = TEXT },
    };
    envres_resource_write write = {
        .size = sizeof(write), .handle = "reports", .handle_len = TEXT, .fields = fields, .count = 2
    };
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < 3; i++)
        st = envres_resource_configure(fx->session, environments[i], TEXT, &write, NULL, NULL,
                                       fx->err);
    return st;
}

envres_status
fixture_queries(struct fixture *fx)
{
    envres_query_param who = param_of("who", ENVRES_TYPE_STRING, NULL);
    envres_query_write write = { .size = sizeof(write),
                                 .name = "call",
                                 .name_len = TEXT,
                                 .resource = "api",
                                 .resource_len = TEXT,
                                 .path = "/users?who=<< params.who >>",
                                 .path_len = TEXT,
                                 .headers = "{\"X-Who\": \"<< params.who >>\"}",
                                 .headers_len = TEXT,
                                 .params = &who,
                                 .count = 1 };
    envres_status st =
        envres_resource_define(fx->session, "reports", TEXT, "postgres", TEXT, NULL, fx->err);
    if (st == ENVRES_OK)
        st = configure_reports(fx);
    if (st == ENVRES_OK)
        st = put_text(fx, "find", "SELECT << params.id >>::int");
    if (st == ENVRES_OK)
        st = put_text(fx, "find", "SELECT << params.id >>::int, << params.who >>::text");
    return st == ENVRES_OK ? envres_query_put(fx->session, &write, NULL, NULL, fx->err) : st;
}

/* ---- changes -------------------------------------------------------------------------------- */

envres_status
put_query(struct fixture *fx)
{
    return put_text(fx, "new_query", "SELECT << params.who >>::text");
}

envres_status
put_query_again(struct fixture *fx)
{
    return put_text(fx, "find", "SELECT 3");
}

envres_status
restore_query(struct fixture *fx)
{
    return envres_query_restore(fx->session, "find", TEXT, 1, NULL, NULL, fx->err);
}

envres_status
remove_query(struct fixture *fx)
{
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    return envres_query_remove(fx->session, "find", TEXT, &force, fx->err);
}

/* One of its own, and fixed. */
envres_status
pin_query(struct fixture *fx)
{
    envres_version_name draft = version_of("portal", "v5");
    return envres_query_pin(fx->session, &draft, "call", TEXT, 1, NULL, fx->err);
}

/* Fixed, where it followed. */
envres_status
pin_query_again(struct fixture *fx)
{
    envres_version_name draft = version_of("portal", "v5");
    return envres_query_pin(fx->session, &draft, "find", TEXT, 1, NULL, fx->err);
}

envres_status
unpin_query(struct fixture *fx)
{
    envres_version_name draft = version_of("portal", "v5");
    return envres_query_unpin(fx->session, &draft, "find", TEXT, NULL, fx->err);
}

/* ---- readings ------------------------------------------------------------------------------- */

envres_status
query_lists(struct fixture *fx)
{
    envres_list *list = NULL;
    envres_status st = envres_query_list(fx->session, &list, fx->err);
    if (st == ENVRES_OK && envres_list_count(list) != 2)
        abort();
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_query_history(fx->session, "find", TEXT, &list, fx->err);
    if (st == ENVRES_OK && envres_list_count(list) != 2)
        abort();
    envres_list_free(list);
    return st;
}

envres_status
pin_lists(struct fixture *fx)
{
    static const char *const versions[] = { "v1", "v5" };
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < 2; i++) {
        envres_version_name version = version_of("portal", versions[i]);
        envres_list *list = NULL;
        st = envres_query_pins(fx->session, &version, &list, fx->err);
        if (st == ENVRES_OK && envres_list_integer(list, 0, ENVRES_QUERY_PIN_REVISION) != 2)
            abort();
        envres_list_free(list);
    }
    return st;
}

/* The newest, which v3 has, and what is live. */
envres_status
serve_queries(struct fixture *fx)
{
    static const char *const versions[] = { "v3", NULL };
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < 2; i++) {
        envres_scope_options options = { .size = sizeof(options),
                                         .app = "portal",
                                         .app_len = TEXT,
                                         .version = versions[i],
                                         .version_len = versions[i] ? TEXT : 0 };
        envres_scope *scope = NULL;
        envres_query *query = NULL;
        st = envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err);
        if (st == ENVRES_OK)
            st = envres_scope_query(scope, "find", TEXT, &query, fx->err);
        if (st == ENVRES_OK && envres_query_revision(query) != (versions[i] ? 2 : 1))
            abort();
        envres_scope_unref(scope);
        envres_query_free(query);
    }
    return st;
}

static envres_status
render(struct fixture *fx, const char *name, const envres_scope *scope,
       const envres_query_options *options, envres_query_result **out)
{
    envres_query *query = NULL;
    envres_list *params = NULL;
    envres_status st = envres_query_open(fx->session, name, TEXT, 0, &query, fx->err);
    if (st == ENVRES_OK)
        st = envres_query_params(query, &params, fx->err);
    if (st == ENVRES_OK)
        st = envres_query_render(query, scope, options, out, fx->err);
    envres_list_free(params);
    envres_query_free(query);
    return st;
}

envres_status
render_queries(struct fixture *fx)
{
    envres_scope *scope = NULL;
    envres_query_result *result = NULL;
    envres_params *params = envres_params_new(NULL);
    envres_query_options options = { .size = sizeof(options), .params = params };
    envres_status st = params ? ENVRES_OK : ENVRES_E_NOMEM;
    if (st == ENVRES_OK)
        st = envres_params_set(params, "who", TEXT, 0, "O'Neil", TEXT, 0, fx->err);
    if (st == ENVRES_OK)
        st = envres_scope_open(fx->session, "development", TEXT, NULL, &scope, fx->err);
    if (st == ENVRES_OK)
        st = render(fx, "find", scope, &options, &result);
    if (st == ENVRES_OK &&
        strcmp(envres_statement_text(envres_query_result_statement(result), NULL),
               "SELECT $1::int, $2::text") != 0)
        abort();
    envres_query_result_free(result);
    result = NULL;
    if (st == ENVRES_OK)
        st = render(fx, "call", scope, &options, &result);
    if (st == ENVRES_OK &&
        strcmp(envres_value_data(envres_query_result_text(result, ENVRES_QUERY_PATH), NULL),
               "/users?who=O%27Neil") != 0)
        abort();
    envres_query_result_free(result);
    envres_params_free(params);
    envres_scope_unref(scope);
    return st;
}
