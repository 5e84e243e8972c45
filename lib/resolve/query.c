/* SPDX-License-Identifier: MIT */
/*
 * Queries that were read, and what is made of them in a scope. A query keeps its own copy of the
 * revision and, unless its resource is gone, its parsed templates; it needs neither store nor
 * session any more.
 *
 * Every value that a host gives is checked against the declaration before a template sees it, and a
 * request is checked again when it is rendered: a value may have made what no template could.
 */
#include "resolve/query.h"

#include <stdatomic.h>
#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "base/value.h"
#include "lang/params.h"
#include "resolve/scope.h"

struct envres_query {
    struct mem mem;
    atomic_uint references;
    uint8_t workspace[SEAL_ID];
    uint8_t id[SEAL_ID];
    uint8_t resource_id[SEAL_ID];
    uint8_t digest[SEAL_DIGEST];
    int64_t revision;
    char resource[LIMIT_NAME + 1];
    char kind[LIMIT_NAME + 1];
    char *texts[ENVRES_QUERY_TEXTS]; /* each with a NUL behind it */
    struct buf body;                 /* what the form's slices lie in */
    struct query_form form;
    struct query_templates templates;
    bool is_orphan; /* its resource was removed: it can be read, and not be rendered */
};

struct envres_query_result {
    struct mem mem;
    envres_statement *statement;
    envres_value *texts[ENVRES_QUERY_TEXTS];
};

/* ---- one revision --------------------------------------------------------------------------- */

static envres_status
fill(envres_query *query, const struct query_row *row, envres_error *err)
{
    query->revision = row->revision;
    query->is_orphan = row->resource.is_removed;
    memcpy(query->id, row->id, SEAL_ID);
    memcpy(query->resource_id, row->resource.id, SEAL_ID);
    memcpy(query->digest, row->digest, SEAL_DIGEST);
    memcpy(query->resource, row->resource.name, sizeof(query->resource));
    memcpy(query->kind, row->resource.kind, sizeof(query->kind));
    buf_add(&query->body, row->body.data, row->body.len);
    envres_status st = buf_status(&query->body, err);
    if (st == ENVRES_OK)
        st = query_form_decode(&query->mem, slice_of(query->body.data, query->body.len),
                               &query->form, err);
    for (uint32_t i = 0; st == ENVRES_OK && i < ENVRES_QUERY_TEXTS; i++) {
        query->texts[i] =
            mem_copy(&query->mem, query->form.texts[i].data, query->form.texts[i].len);
        if (!query->texts[i])
            st = err_code(err, ENVRES_E_NOMEM);
    }
    return st;
}

envres_status
query_new(const struct context *ctx, const struct query_row *row, envres_query **out,
          envres_error *err)
{
    envres_query *query = mem_alloc_zero(ctx->mem, sizeof(*query));
    if (!query)
        return err_code(err, ENVRES_E_NOMEM);
    query->mem = *ctx->mem;
    atomic_init(&query->references, 1);
    memcpy(query->workspace, ctx->workspace, SEAL_ID);
    buf_init(&query->body, &query->mem, false);
    envres_status st = fill(query, row, err);
    /* Whoever looks at an old revision need not be able to render it: the kind of its resource may
     * have changed since. Rendering says what is wrong. */
    if (st == ENVRES_OK && !query->is_orphan)
        st = query_compile(&query->mem, &query->form, slice_str(query->kind), &query->templates,
                           NULL);
    if (st == ENVRES_E_NOMEM || st == ENVRES_E_INTEGRITY) {
        envres_query_free(query);
        return err_code(err, st);
    }
    *out = query;
    return ENVRES_OK;
}

envres_query *
query_ref(envres_query *query)
{
    atomic_fetch_add_explicit(&query->references, 1, memory_order_relaxed);
    return query;
}

envres_status
query_is_current(struct context *ctx, const envres_query *query, const struct tree_pin *pin,
                 bool *out, envres_error *err)
{
    struct object resource = { 0 };
    bool found = false;
    *out = false;
    if (query->revision != pin->revision || memcmp(query->id, pin->query, SEAL_ID) != 0 ||
        memcmp(query->digest, pin->digest, SEAL_DIGEST) != 0)
        return ENVRES_OK;
    envres_status st = object_by_id(ctx, query->resource_id, &found, &resource, err);
    *out = st == ENVRES_OK && found && resource.is_removed == query->is_orphan &&
           strcmp(resource.name, query->resource) == 0 && strcmp(resource.kind, query->kind) == 0;
    return st;
}

void
envres_query_free(envres_query *query)
{
    if (!query || atomic_fetch_sub_explicit(&query->references, 1, memory_order_acq_rel) != 1)
        return;
    struct mem mem = query->mem;
    query_templates_free(&query->templates);
    for (uint32_t i = 0; i < ENVRES_QUERY_TEXTS; i++)
        mem_free(&mem, query->texts[i]);
    query_form_free(&mem, &query->form);
    buf_free(&query->body);
    mem_free(&mem, query);
}

const char *
envres_query_resource(const envres_query *query)
{
    return query ? query->resource : "";
}

const char *
envres_query_kind(const envres_query *query)
{
    return query ? query->kind : "";
}

int64_t
envres_query_revision(const envres_query *query)
{
    return query ? query->revision : 0;
}

const char *
envres_query_text(const envres_query *query, uint32_t which, size_t *len)
{
    bool there = query && which < ENVRES_QUERY_TEXTS;
    if (len)
        *len = there ? query->form.texts[which].len : 0;
    return there ? query->texts[which] : "";
}

envres_status
envres_query_params(const envres_query *query, envres_list **out, envres_error *err)
{
    static const char *const columns[ENVRES_QUERY_PARAM_COLUMNS] = { "name", "type", "required",
                                                                     "preset" };
    envres_list *list = NULL;
    if (!query || !out)
        return err_set(err, ENVRES_E_INVALID, "the query or the place for the result is NULL");
    *out = NULL;
    envres_status st = list_new(&query->mem, columns, ENVRES_QUERY_PARAM_COLUMNS, &list, err);
    if (st < 0)
        return st;
    for (uint32_t i = 0; i < query->form.count; i++) {
        const struct query_param *param = &query->form.params[i];
        list_row(list);
        list_set_text(list, ENVRES_QUERY_PARAM_NAME, param->name.data, param->name.len);
        list_set_str(list, ENVRES_QUERY_PARAM_TYPE, envres_type_name(param->type));
        list_set_int(list, ENVRES_QUERY_PARAM_REQUIRED, param->optional ? 0 : 1);
        if (param->preset.data)
            list_set_text(list, ENVRES_QUERY_PARAM_PRESET, param->preset.data, param->preset.len);
    }
    st = list_status(list, err);
    if (st < 0) {
        envres_list_free(list);
        return st;
    }
    *out = list;
    return ENVRES_OK;
}

/* ---- parameters ----------------------------------------------------------------------------- */

static envres_status
refuse_unknown(const envres_query *query, struct slice name, envres_error *err)
{
    struct nearest nearest = { 0 };
    nearest_init(&nearest, name);
    for (uint32_t i = 0; i < query->form.count; i++)
        nearest_add(&nearest, query->form.params[i].name);
    envres_status st = err_set(err, ENVRES_E_NOT_FOUND, "the query has no parameter '%.*s'",
                               (int)name.len, name.data);
    err_subject(err, name.data, name.len);
    if (nearest.best.data)
        err_hint(err, "did you mean '%.*s'?", (int)nearest.best.len, nearest.best.data);
    return st;
}

static envres_status
set_param(const struct query_param *param, const envres_query_options *options,
          envres_params *params, envres_error *err)
{
    struct query_given given = { .read_string = (options->flags & ENVRES_QUERY_READ_STRINGS) != 0 };
    if (params_find(options->params, param->name, &given.value, &given.secret))
        return query_param_set(param, &given, params, err);
    if (param->preset.data) {
        given = (struct query_given){ .value = { ENVRES_TYPE_STRING, param->preset },
                                      .read_string = true };
        return query_param_set(param, &given, params, err);
    }
    if (param->optional)
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_NOT_SET, "the query needs the parameter '%.*s'",
                               (int)param->name.len, param->name.data);
    err_subject(err, param->name.data, param->name.len);
    return st;
}

/* The parameters of the templates: those that are declared, in the form that they have. */
static envres_status
take_params(const envres_query *query, const envres_query_options *options, envres_params *params,
            envres_error *err)
{
    envres_status st = params_allow_same(params, options->params, err);
    for (uint32_t i = 0; st == ENVRES_OK && i < params_count(options->params); i++) {
        struct slice name = params_name(options->params, i);
        if (!query_param_find(&query->form, name))
            st = refuse_unknown(query, name, err);
    }
    for (uint32_t i = 0; st == ENVRES_OK && i < query->form.count; i++)
        st = set_param(&query->form.params[i], options, params, err);
    return st;
}

/* ---- rendering ------------------------------------------------------------------------------ */

static envres_status
check_query(const envres_query *query, const envres_scope *scope, envres_error *err)
{
    struct query_templates again = { { NULL } };
    if (memcmp(query->workspace, scope->keys->workspace, SEAL_ID) != 0)
        return err_set(err, ENVRES_E_INVALID, "query and scope are of different workspaces");
    if (query->is_orphan) {
        envres_status st =
            err_set(err, ENVRES_E_NOT_FOUND, "the resource '%s' was removed", query->resource);
        err_subject(err, query->resource, strlen(query->resource));
        return st;
    }
    for (uint32_t i = 0; i < ENVRES_QUERY_TEXTS; i++) {
        if (query->templates.of[i])
            return ENVRES_OK;
    }
    envres_status st =
        query_compile(&query->mem, &query->form, slice_str(query->kind), &again, err);
    query_templates_free(&again);
    return st < 0 ? st : err_code(err, ENVRES_E_INTEGRITY);
}

static envres_status
render_request(const envres_query *query, const envres_scope *scope,
               const envres_render_options *options, envres_query_result *result, envres_error *err)
{
    struct slice method = query_method(&query->form, slice_str(query->kind));
    envres_status st = value_new(&query->mem, ENVRES_TYPE_STRING, method.data, method.len, false,
                                 &result->texts[ENVRES_QUERY_METHOD], err);
    for (uint32_t i = 0; st == ENVRES_OK && i < ENVRES_QUERY_TEXTS; i++) {
        struct slice text = { 0 };
        if (!query->templates.of[i])
            continue;
        st = envres_template_render(query->templates.of[i], scope, options, &result->texts[i], err);
        if (st < 0)
            return st;
        text.data = envres_value_data(result->texts[i], &text.len);
        if (i == ENVRES_QUERY_PATH)
            st = query_check_path(text, err);
        else if (i == ENVRES_QUERY_HEADERS)
            st = query_check_headers(&query->mem, text, err);
    }
    return st;
}

static envres_status
render_result(const envres_query *query, const envres_scope *scope,
              const envres_query_options *options, envres_query_result *result, envres_error *err)
{
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = query->mem.reallocate,
                               .user = query->mem.user };
    envres_render_options how = { .size = sizeof(how), .output_max = options->output_max };
    envres_params *params = envres_params_new(&alloc);
    if (!params)
        return err_code(err, ENVRES_E_NOMEM);
    if (options->flags & ENVRES_QUERY_NO_SECRETS)
        how.flags = ENVRES_RENDER_NO_SECRETS;
    how.params = params;
    envres_status st = take_params(query, options, params, err);
    bool is_request = query_method(&query->form, slice_str(query->kind)).len > 0;
    if (st == ENVRES_OK && is_request)
        st = render_request(query, scope, &how, result, err);
    else if (st == ENVRES_OK)
        st = envres_template_prepare(query->templates.of[ENVRES_QUERY_TEXT], scope, &how,
                                     &result->statement, err);
    envres_params_free(params);
    return st;
}

envres_status
envres_query_render(const envres_query *query, const envres_scope *scope,
                    const envres_query_options *given, envres_query_result **out, envres_error *err)
{
    envres_query_options options = { 0 };
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the result");
    *out = NULL;
    if (!query)
        return err_set(err, ENVRES_E_INVALID, "the query is NULL");
    envres_status st = scope_enter(scope, err);
    if (st == ENVRES_OK)
        st = opts_read(&options, sizeof(options), sizeof(options), given, err);
    if (st == ENVRES_OK &&
        (options.flags & ~(uint32_t)(ENVRES_QUERY_NO_SECRETS | ENVRES_QUERY_READ_STRINGS)))
        st = err_set(err, ENVRES_E_INVALID, "the options of the query have an unknown flag");
    if (st == ENVRES_OK)
        st = check_query(query, scope, err);
    if (st < 0)
        return st;
    envres_query_result *result = mem_alloc_zero(&query->mem, sizeof(*result));
    if (!result)
        return err_code(err, ENVRES_E_NOMEM);
    result->mem = query->mem;
    st = render_result(query, scope, &options, result, err);
    if (st < 0) {
        envres_query_result_free(result);
        return st;
    }
    *out = result;
    return ENVRES_OK;
}

void
envres_query_result_free(envres_query_result *result)
{
    if (!result)
        return;
    struct mem mem = result->mem;
    envres_statement_free(result->statement);
    for (uint32_t i = 0; i < ENVRES_QUERY_TEXTS; i++)
        envres_value_free(result->texts[i]);
    mem_free(&mem, result);
}

const envres_statement *
envres_query_result_statement(const envres_query_result *result)
{
    return result ? result->statement : NULL;
}

const envres_value *
envres_query_result_text(const envres_query_result *result, uint32_t which)
{
    return result && which < ENVRES_QUERY_TEXTS ? result->texts[which] : NULL;
}
