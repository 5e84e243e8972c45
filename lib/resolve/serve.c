/* SPDX-License-Identifier: MIT */
/*
 * The app that a scope serves, as the host sees it. Reads what served.c took in when the scope was
 * opened; everything given out is borrowed from the scope.
 */
#include "resolve/served.h"

#include <string.h>

#include "base/text.h"

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

envres_status
envres_scope_part(const envres_scope *scope, const char *path, size_t len, const char **data,
                  size_t *data_len, envres_error *err)
{
    if (data)
        *data = NULL;
    if (data_len)
        *data_len = 0;
    envres_status st = scope_enter(scope, err);
    if (st < 0)
        return st;
    if (!data || !data_len)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the part");
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
    *data = part->data.data;
    *data_len = part->data.len;
    return ENVRES_OK;
}
