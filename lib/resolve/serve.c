/* SPDX-License-Identifier: MIT */
/*
 * The app that a scope serves, as the host sees it. Reads what served.c took in when the scope was
 * opened; everything given out is borrowed from the scope.
 */
#include "resolve/served.h"

#include <string.h>

#include "base/text.h"
#include "resolve/render.h"

const char *
envres_scope_app(const envres_scope *scope)
{
    return scope && scope->served ? scope->served->app : "";
}

const char *
envres_scope_version(const envres_scope *scope)
{
    return scope && scope->served ? scope->served->version : "";
}

const char *
envres_scope_release(const envres_scope *scope)
{
    return scope && scope->served ? scope->served->tag : "";
}

int64_t
envres_scope_sequence(const envres_scope *scope)
{
    return scope && scope->served ? scope->served->sequence : 0;
}

uint32_t
envres_scope_part_count(const envres_scope *scope)
{
    return scope && scope->served ? scope->served->content->count : 0;
}

const char *
envres_scope_part_path(const envres_scope *scope, uint32_t index)
{
    return index < envres_scope_part_count(scope) ? scope->served->content->parts[index].path.data
                                                  : NULL;
}

static envres_status
no_part(const struct served *served, struct slice path, envres_error *err)
{
    const struct served_parts *content = served->content;
    struct nearest nearest;
    envres_status st = text_check(path.data, path.len, "the part's path", err);
    if (st < 0)
        return st;
    nearest_init(&nearest, path);
    for (uint32_t i = 0; i < content->count; i++)
        nearest_add(&nearest, content->parts[i].path);
    st = err_set(err, ENVRES_E_NOT_FOUND, "version '%s' of app '%s' has no part '%.*s'",
                 served->version, served->app, (int)path.len, path.data);
    err_subject(err, path.data, path.len);
    if (nearest.best.data)
        err_hint(err, "did you mean '%.*s'?", (int)nearest.best.len, nearest.best.data);
    return st;
}

static envres_status
find_part(const envres_scope *scope, const char *path, size_t len, const struct served_part **out,
          envres_error *err)
{
    envres_status st = scope_enter(scope, err);
    if (st < 0)
        return st;
    if (!path)
        return err_set(err, ENVRES_E_INVALID, "the part's path is NULL");
    if (!scope->served) {
        st = err_set(err, ENVRES_E_INVALID, "the scope serves no app");
        err_hint(err, "name the app when the scope is opened");
        return st;
    }
    struct slice wanted = slice_of(path, len);
    const struct served_part *part = served_find(scope->served, wanted);
    if (!part)
        return no_part(scope->served, wanted, err);
    *out = part;
    return ENVRES_OK;
}

envres_status
envres_scope_part(const envres_scope *scope, const char *path, size_t len, const char **data,
                  size_t *data_len, envres_error *err)
{
    const struct served_part *part = NULL;
    if (data)
        *data = NULL;
    if (data_len)
        *data_len = 0;
    if (!data || !data_len)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the part");
    envres_status st = find_part(scope, path, len, &part, err);
    if (st < 0)
        return st;
    *data = part->data.data;
    *data_len = part->data.len;
    return ENVRES_OK;
}

int32_t
envres_scope_part_is_public(const envres_scope *scope, const char *path, size_t len)
{
    const struct served_part *part = NULL;
    return find_part(scope, path, len, &part, NULL) == ENVRES_OK && part->is_public;
}

/* Where secrets are forbidden because the part is public, the error says that. */
static envres_status
forbid_in_public(const struct served_part *part, envres_error *err)
{
    err_prepend(err, "public part '%.*s': ", (int)part->path.len, part->path.data);
    err_hint(err, "use it in a part that stays on the server, or make this part one");
    return ENVRES_E_SECRET_SINK;
}

static envres_status
render_part(const envres_scope *scope, const struct served_part *part,
            const envres_render_options *given, envres_value **out, envres_error *err)
{
    envres_template *tmpl = NULL;
    envres_render_options options = { 0 };
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = scope->mem.reallocate,
                               .user = scope->mem.user };
    envres_template_options how = { .size = sizeof(how),
                                    .flags = ENVRES_TEMPLATE_BORROW,
                                    .context = part_is_json(part->path) ? ENVRES_CONTEXT_JSON
                                                                        : ENVRES_CONTEXT_TEXT,
                                    .allocator = &alloc };
    envres_status st = render_options_read(given, &options, err);
    bool asked = (options.flags & ENVRES_RENDER_NO_SECRETS) != 0;
    if (part->is_public)
        options.flags |= ENVRES_RENDER_NO_SECRETS;
    if (st == ENVRES_OK)
        st = envres_template_parse(part->data.data, part->data.len, &how, &tmpl, err);
    if (st == ENVRES_OK)
        st = envres_template_render(tmpl, scope, &options, out, err);
    if (st == ENVRES_E_SECRET_SINK && part->is_public && !asked)
        st = forbid_in_public(part, err);
    envres_template_unref(tmpl);
    return st;
}

envres_status
envres_scope_render_part(const envres_scope *scope, const char *path, size_t len,
                         const envres_render_options *options, envres_value **out,
                         envres_error *err)
{
    const struct served_part *part = NULL;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the result");
    *out = NULL;
    envres_status st = find_part(scope, path, len, &part, err);
    return st < 0 ? st : render_part(scope, part, options, out, err);
}
