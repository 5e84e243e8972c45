/* SPDX-License-Identifier: MIT */
/* Steps about environments, variables, resources, scopes, templates and queries. */
#include "steps_verbs.h"

#include <stdlib.h>

static const char *const types[] = { "string", "number", "boolean", "json", "template" };
static const int32_t type_values[] = { 0,
                                       ENVRES_TYPE_STRING,
                                       ENVRES_TYPE_NUMBER,
                                       ENVRES_TYPE_BOOLEAN,
                                       ENVRES_TYPE_JSON,
                                       ENVRES_TYPE_TEMPLATE };

/* ---- environments, variables ---------------------------------------------------------------- */

static uint32_t
either(int value, uint32_t yes, uint32_t no)
{
    return value < 0 ? 0 : value ? yes : no;
}

static envres_environment_options
environment_options(struct steps *run)
{
    struct slice label = step_get(run, "label");
    struct slice color = step_get(run, "color");
    struct slice after = step_get(run, "after");
    uint32_t flags = either(step_flag(run, "off_path"), ENVRES_ENVIRONMENT_OFF_PATH, 0);
    flags |= either(step_flag(run, "protected"), ENVRES_ENVIRONMENT_PROTECT,
                    ENVRES_ENVIRONMENT_UNPROTECT);
    flags |= either(step_flag(run, "require_reason"), ENVRES_ENVIRONMENT_REASON,
                    ENVRES_ENVIRONMENT_NO_REASON);
    if (step_member(run, "approvals") != JSON_NONE)
        flags |= ENVRES_ENVIRONMENT_SET_APPROVALS;
    return (envres_environment_options){ .size = sizeof(envres_environment_options),
                                         .flags = flags,
                                         .label = label.data,
                                         .label_len = label.len,
                                         .color = color.data,
                                         .color_len = color.len,
                                         .after = after.data,
                                         .after_len = after.len,
                                         .approvals = (uint32_t)step_number(run, "approvals") };
}

static envres_status
environment_add(struct steps *run)
{
    struct slice key = step_get(run, "key");
    envres_environment_options options = environment_options(run);
    return envres_environment_add(run->session, key.data, key.len, &options, &run->change,
                                  run->err);
}

static envres_status
environment_set(struct steps *run)
{
    struct slice key = step_get(run, "key");
    envres_environment_options options = environment_options(run);
    return envres_environment_set(run->session, key.data, key.len, &options, &run->change,
                                  run->err);
}

static envres_status
environment_remove(struct steps *run)
{
    struct slice key = step_get(run, "key");
    return envres_environment_remove(run->session, key.data, key.len, &run->change, run->err);
}

static envres_status
variable_put(struct steps *run)
{
    struct slice env = step_environment(run);
    struct slice name = step_get(run, "name");
    struct slice value = step_get(run, "value");
    int64_t expect = step_member(run, "expect") == JSON_NONE ? 0 : step_number(run, "expect");
    if (step_member(run, "expect") != JSON_NONE && expect == 0)
        expect = -1;
    envres_variable_write write = { .size = sizeof(write),
                                    .flags = either(step_flag(run, "secret"), ENVRES_WRITE_SECRET,
                                                    ENVRES_WRITE_PLAIN),
                                    .name = name.data,
                                    .name_len = name.len,
                                    .value = value.data,
                                    .value_len = value.len,
                                    .type = type_values[step_choice(run, "type", types, 5, 1)],
                                    .expect_revision = expect };
    return envres_variable_put(run->session, env.data, env.len, &write, &run->change, NULL,
                               run->err);
}

static envres_status
variable_put_many(struct steps *run)
{
    struct slice env = step_environment(run);
    size_t count = (size_t)step_number(run, "count");
    char(*names)[32] = step_numbered(run, "name", count);
    envres_variable_write *writes = calloc(count, sizeof(*writes));
    assert_non_null(writes);
    for (size_t i = 0; i < count; i++)
        writes[i] = (envres_variable_write){ .size = sizeof(writes[i]),
                                             .name = names[i],
                                             .name_len = TEXT,
                                             .value = "x",
                                             .value_len = 1 };
    envres_status st = envres_variable_put_many(run->session, env.data, env.len, writes, count,
                                                &run->change, NULL, run->err);
    free(writes);
    free(names);
    return st;
}

static envres_status
variable_get(struct steps *run)
{
    struct slice env = step_environment(run);
    struct slice name = step_get(run, "name");
    envres_value *value = NULL;
    uint32_t flags = step_flag(run, "reveal") == 1 ? ENVRES_READ_REVEAL : 0;
    envres_status st = envres_variable_get(run->session, env.data, env.len, name.data, name.len,
                                           flags, &value, run->err);
    envres_value_free(value);
    return st;
}

static envres_status
variable_unset(struct steps *run)
{
    struct slice env = step_environment(run);
    struct slice name = step_get(run, "name");
    return envres_variable_unset(run->session, env.data, env.len, name.data, name.len, &run->change,
                                 NULL, run->err);
}

static envres_status
variable_rename(struct steps *run)
{
    struct slice name = step_get(run, "name");
    struct slice to = step_get(run, "to");
    return envres_variable_rename(run->session, name.data, name.len, to.data, to.len, &run->change,
                                  run->err);
}

static envres_status
variable_delete(struct steps *run)
{
    struct slice name = step_get(run, "name");
    return envres_variable_delete(run->session, name.data, name.len, &run->change, run->err);
}

static envres_status
variable_destroy(struct steps *run)
{
    struct slice env = step_environment(run);
    struct slice name = step_get(run, "name");
    return envres_variable_destroy(run->session, env.data, env.len, name.data, name.len,
                                   step_number(run, "revision"), &run->change, run->err);
}

static envres_status
restore(struct steps *run)
{
    struct slice env = step_environment(run);
    struct slice name = step_get(run, "name");
    envres_restore_point point = { .size = sizeof(point),
                                   .name = name.data,
                                   .name_len = name.len,
                                   .revision = step_number(run, "revision") };
    return envres_restore(run->session, env.data, env.len, &point, &run->change, NULL, run->err);
}

static envres_status
references(struct steps *run)
{
    struct slice object = step_get(run, "object");
    envres_list *list = NULL;
    envres_status st = envres_references(run->session, object.data, object.len, &list, run->err);
    envres_list_free(list);
    return st;
}

/* ---- resources ------------------------------------------------------------------------------ */

static envres_status
resource_define(struct steps *run)
{
    struct slice handle = step_get(run, "handle");
    struct slice kind = step_get(run, "kind");
    return envres_resource_define(run->session, handle.data, handle.len, kind.data, kind.len,
                                  &run->change, run->err);
}

static envres_status
resource_configure(struct steps *run)
{
    struct slice env = step_environment(run);
    struct slice handle = step_get(run, "handle");
    size_t count = (size_t)step_number(run, "count");
    char(*names)[32] = step_numbered(run, "f", count);
    envres_resource_field fields[300] = { 0 };
    assert_true(count < 260);
    for (size_t i = 0; i < count; i++)
        fields[i] = (envres_resource_field){ .size = sizeof(fields[i]),
                                             .name = names[i],
                                             .name_len = TEXT,
                                             .value = "x",
                                             .value_len = 1 };
    uint32_t given = step_member(run, "fields");
    uint32_t key = given == JSON_NONE ? JSON_NONE : json_first(run->doc, given);
    for (; key != JSON_NONE; key = json_next(run->doc, key + 1), count++) {
        struct slice name = step_text(run, key);
        struct slice value = step_text(run, key + 1);
        fields[count] = (envres_resource_field){ .size = sizeof(fields[count]),
                                                 .name = name.data,
                                                 .name_len = name.len,
                                                 .value = value.data,
                                                 .value_len = value.len };
    }
    envres_resource_write write = { .size = sizeof(write),
                                    .handle = handle.data,
                                    .handle_len = handle.len,
                                    .fields = fields,
                                    .count = count };
    envres_status st = envres_resource_configure(run->session, env.data, env.len, &write,
                                                 &run->change, NULL, run->err);
    free(names);
    return st;
}

static envres_status
resource_fallback(struct steps *run)
{
    struct slice env = step_environment(run);
    struct slice handle = step_get(run, "handle");
    struct slice to = step_get(run, "to");
    envres_fallback fallback = { .size = sizeof(fallback),
                                 .handle = handle.data,
                                 .handle_len = handle.len,
                                 .to = to.data,
                                 .to_len = to.len };
    return envres_resource_fallback(run->session, env.data, env.len, &fallback, &run->change,
                                    run->err);
}

static envres_status
resource_remove(struct steps *run)
{
    struct slice handle = step_get(run, "handle");
    return envres_resource_remove(run->session, handle.data, handle.len, &run->change, run->err);
}

/* ---- scopes, templates ---------------------------------------------------------------------- */

static envres_status
open_scope(struct steps *run, envres_scope **out)
{
    struct slice env = step_environment(run);
    struct slice app = step_get(run, "app");
    struct slice tag = step_get(run, "tag");
    struct slice version = step_get(run, "version");
    envres_scope_options options = { .size = sizeof(options),
                                     .revision = step_number(run, "revision"),
                                     .app = app.data,
                                     .app_len = app.len,
                                     .tag = tag.data,
                                     .tag_len = tag.len,
                                     .version = version.data,
                                     .version_len = version.len };
    return envres_scope_open(run->session, env.data, env.len, &options, out, run->err);
}

static envres_status
scope(struct steps *run)
{
    envres_scope *opened = NULL;
    envres_status st = open_scope(run, &opened);
    envres_scope_unref(opened);
    return st;
}

static envres_status
resolve(struct steps *run)
{
    struct slice handle = step_get(run, "handle");
    envres_scope *opened = NULL;
    envres_resource_handle *it = NULL;
    envres_value *dsn = NULL;
    envres_status st = open_scope(run, &opened);
    if (st == ENVRES_OK)
        st = envres_scope_resource(opened, handle.data, handle.len, &it, run->err);
    if (st == ENVRES_OK && step_flag(run, "dsn") == 1)
        st = envres_resource_handle_dsn(it, &dsn, run->err);
    envres_value_free(dsn);
    envres_resource_handle_free(it);
    envres_scope_unref(opened);
    return st;
}

static envres_status
read_typed(struct steps *run)
{
    static const char *const kinds[] = { "boolean", "integer", "double", "string", "json" };
    struct slice name = step_get(run, "name");
    envres_scope *opened = NULL;
    envres_value *value = NULL;
    int32_t boolean = 0;
    int64_t integer = 0;
    double real = 0;
    envres_status st = open_scope(run, &opened);
    uint32_t kind = step_choice(run, "kind", kinds, 5, 1);
    if (st == ENVRES_OK && kind == 1)
        st = envres_scope_get_boolean(opened, name.data, name.len, &boolean, run->err);
    else if (st == ENVRES_OK && kind == 2)
        st = envres_scope_get_integer(opened, name.data, name.len, &integer, run->err);
    else if (st == ENVRES_OK && kind == 3)
        st = envres_scope_get_double(opened, name.data, name.len, &real, run->err);
    else if (st == ENVRES_OK && kind == 4)
        st = envres_scope_get_string(opened, name.data, name.len, &value, run->err);
    else if (st == ENVRES_OK)
        st = envres_scope_get_json(opened, name.data, name.len, &value, run->err);
    envres_value_free(value);
    envres_scope_unref(opened);
    return st;
}

static envres_status
parse_into(struct steps *run, envres_template **out)
{
    static const char *const contexts[] = { "text", "json", "url", "shell", "sql" };
    static const uint32_t context_values[] = { ENVRES_CONTEXT_TEXT,  ENVRES_CONTEXT_TEXT,
                                               ENVRES_CONTEXT_JSON,  ENVRES_CONTEXT_URL,
                                               ENVRES_CONTEXT_SHELL, ENVRES_CONTEXT_SQL };
    static const char *const dialects[] = { "postgres", "mysql", "sqlite" };
    static const uint32_t dialect_values[] = { 0, ENVRES_DIALECT_POSTGRES, ENVRES_DIALECT_MYSQL,
                                               ENVRES_DIALECT_SQLITE };
    struct slice source = step_get(run, "template");
    envres_template_options options = {
        .size = sizeof(options),
        .context = context_values[step_choice(run, "context", contexts, 5, 1)],
        .dialect = dialect_values[step_choice(run, "dialect", dialects, 3, 1)],
        .flags = step_flag(run, "strict") == 1 ? ENVRES_TEMPLATE_STRICT : 0
    };
    return envres_template_parse(source.data, source.len, &options, out, run->err);
}

static envres_status
parse(struct steps *run)
{
    envres_template *tmpl = NULL;
    envres_status st = parse_into(run, &tmpl);
    envres_template_unref(tmpl);
    return st;
}

/* `params`, `count` parameters P1, P2, ..., and `allow`. */
static envres_status
fill_params(struct steps *run, envres_params *params)
{
    uint32_t given = step_member(run, "params");
    uint32_t allow = step_member(run, "allow");
    uint32_t node = given == JSON_NONE ? JSON_NONE : json_first(run->doc, given);
    envres_status st = ENVRES_OK;
    for (; st == ENVRES_OK && node != JSON_NONE; node = json_next(run->doc, node + 1)) {
        struct slice name = step_text(run, node);
        struct slice value = step_text(run, node + 1);
        st = envres_params_set(params, name.data, name.len, ENVRES_TYPE_STRING, value.data,
                               value.len, 0, run->err);
    }
    for (int64_t i = 1; st == ENVRES_OK && i <= step_number(run, "count"); i++) {
        char name[32];
        snprintf(name, sizeof(name), "P%d", (int)i);
        st = envres_params_set(params, name, TEXT, ENVRES_TYPE_STRING, "x", 1, 0, run->err);
    }
    node = allow == JSON_NONE ? JSON_NONE : json_first(run->doc, allow);
    for (; st == ENVRES_OK && node != JSON_NONE; node = json_next(run->doc, node)) {
        struct slice name = step_text(run, node);
        st = envres_params_allow(params, name.data, name.len, run->err);
    }
    return st;
}

static envres_status
render(struct steps *run)
{
    envres_template *tmpl = NULL;
    envres_scope *opened = NULL;
    envres_value *value = NULL;
    envres_statement *statement = NULL;
    envres_params *params = envres_params_new(NULL);
    envres_render_options options = { .size = sizeof(options),
                                      .flags = step_flag(run, "no_secrets") == 1
                                                   ? ENVRES_RENDER_NO_SECRETS
                                                   : 0,
                                      .params = params,
                                      .output_max = (uint64_t)step_number(run, "output_max") };
    envres_status st = parse_into(run, &tmpl);
    if (st == ENVRES_OK)
        st = fill_params(run, params);
    if (st == ENVRES_OK)
        st = open_scope(run, &opened);
    if (st == ENVRES_OK && step_member(run, "dialect") != JSON_NONE)
        st = envres_template_prepare(tmpl, opened, &options, &statement, run->err);
    else if (st == ENVRES_OK)
        st = envres_template_render(tmpl, opened, &options, &value, run->err);
    envres_statement_free(statement);
    envres_value_free(value);
    envres_scope_unref(opened);
    envres_template_unref(tmpl);
    envres_params_free(params);
    return st;
}

/* ---- queries -------------------------------------------------------------------------------- */

static envres_status
query_put(struct steps *run)
{
    struct slice name = step_get(run, "name");
    struct slice resource = step_get(run, "resource");
    struct slice text = step_get(run, "text");
    size_t count = (size_t)step_number(run, "count");
    char(*names)[32] = step_numbered(run, "p", count);
    envres_query_param params[300] = { 0 };
    assert_true(count < 260);
    for (size_t i = 0; i < count; i++)
        params[i] = (envres_query_param){ .size = sizeof(params[i]),
                                          .name = names[i],
                                          .name_len = TEXT,
                                          .type = ENVRES_TYPE_STRING };
    uint32_t given = step_member(run, "params");
    uint32_t key = given == JSON_NONE ? JSON_NONE : json_first(run->doc, given);
    for (; key != JSON_NONE; key = json_next(run->doc, key + 1), count++) {
        struct slice param = step_text(run, key);
        bool integer = strcmp(step_text(run, key + 1).data, "integer") == 0;
        params[count] =
            (envres_query_param){ .size = sizeof(params[count]),
                                  .name = param.data,
                                  .name_len = param.len,
                                  .type = integer ? ENVRES_TYPE_INTEGER : ENVRES_TYPE_STRING };
    }
    envres_query_write write = { .size = sizeof(write),
                                 .name = name.data,
                                 .name_len = name.len,
                                 .resource = resource.data,
                                 .resource_len = resource.len,
                                 .text = text.data,
                                 .text_len = text.len,
                                 .params = params,
                                 .count = count };
    envres_status st = envres_query_put(run->session, &write, &run->change, NULL, run->err);
    free(names);
    return st;
}

static envres_status
query_render(struct steps *run)
{
    struct slice name = step_get(run, "name");
    envres_query *query = NULL;
    envres_scope *opened = NULL;
    envres_query_result *result = NULL;
    envres_params *params = envres_params_new(NULL);
    envres_query_options options = { .size = sizeof(options), .params = params };
    envres_status st = fill_params(run, params);
    if (st == ENVRES_OK)
        st = envres_query_open(run->session, name.data, name.len, 0, &query, run->err);
    if (st == ENVRES_OK)
        st = open_scope(run, &opened);
    if (st == ENVRES_OK)
        st = envres_query_render(query, opened, &options, &result, run->err);
    envres_query_result_free(result);
    envres_query_free(query);
    envres_scope_unref(opened);
    envres_params_free(params);
    return st;
}

const struct step_verb steps_config[] = {
    { "environment.add", environment_add },
    { "environment.remove", environment_remove },
    { "environment.set", environment_set },
    { "parse", parse },
    { "query.put", query_put },
    { "query.render", query_render },
    { "read", read_typed },
    { "references", references },
    { "render", render },
    { "resolve", resolve },
    { "resource.configure", resource_configure },
    { "resource.define", resource_define },
    { "resource.fallback", resource_fallback },
    { "resource.remove", resource_remove },
    { "restore", restore },
    { "scope", scope },
    { "variable.delete", variable_delete },
    { "variable.destroy", variable_destroy },
    { "variable.get", variable_get },
    { "variable.put", variable_put },
    { "variable.put_many", variable_put_many },
    { "variable.rename", variable_rename },
    { "variable.unset", variable_unset },
    { NULL, NULL },
};
