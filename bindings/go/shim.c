/* SPDX-License-Identifier: MIT */
/*
 * The native side of the Go binding: see shim.h. Allocates nothing but envres_go_work; keeps
 * nothing between calls; has no lock. Every function may be called from any thread, with a work of
 * its own.
 */
#include "shim.h"

#include "_cgo_export.h"

#include <stdlib.h>
#include <string.h>

static const envres_render_options no_secrets = { .size = sizeof(envres_render_options),
                                                  .flags = ENVRES_RENDER_NO_SECRETS };

envres_go_work *
envres_go_work_new(void)
{
    envres_go_work *work = calloc(1, sizeof(*work));
    if (!work)
        return NULL;
    work->err = envres_error_new(NULL);
    if (!work->err) {
        free(work);
        return NULL;
    }
    return work;
}

void
envres_go_work_free(envres_go_work *work)
{
    envres_error_free(work->err);
    free(work);
}

uintptr_t
envres_go_thread(void)
{
    static _Thread_local char mark;
    return (uintptr_t)&mark;
}

void
envres_go_say(const envres_error *err, envres_status status, envres_go_said *said)
{
    int described = envres_error_code(err) == status;
    size_t offset = described ? envres_error_offset(err) : SIZE_MAX;
    *said = (envres_go_said){
        .name = envres_status_name(status),
        .message = described ? envres_error_message(err) : envres_status_text(status),
        .hint = described ? envres_error_hint(err) : "",
        .subject = described ? envres_error_subject(err) : "",
        .offset = offset == SIZE_MAX ? -1 : (int64_t)offset,
        .line = described ? envres_error_line(err) : 0,
        .column = described ? envres_error_column(err) : 0,
    };
}

void
envres_go_clear(envres_error *err)
{
    envres_error_clear(err);
}

int64_t
envres_go_render(uintptr_t tmpl, uintptr_t scope, uintptr_t work)
{
    envres_go_work *w = (envres_go_work *)work;
    size_t need = 0;
    envres_status st =
        envres_template_render_into((const envres_template *)tmpl, (const envres_scope *)scope,
                                    &no_secrets, w->buffer, sizeof(w->buffer), &need, w->err);
    return st < 0 ? st : (int64_t)need;
}

static int64_t
copy_out(const char *data, size_t len, envres_go_work *work)
{
    if (len > sizeof(work->buffer))
        return ENVRES_E_LIMIT;
    memcpy(work->buffer, data, len);
    return (int64_t)len;
}

int64_t
envres_go_bound(uintptr_t bound, uintptr_t work)
{
    envres_go_work *w = (envres_go_work *)work;
    const char *data = NULL;
    size_t len = 0;
    envres_status st = envres_bound_text((envres_bound *)bound, &data, &len, w->err);
    return st < 0 ? st : copy_out(data, len, w);
}

int64_t
envres_go_get(uintptr_t scope, const char *name, size_t name_len, uintptr_t work)
{
    envres_go_work *w = (envres_go_work *)work;
    const envres_scope *there = (const envres_scope *)scope;
    const char *data = NULL;
    size_t len = 0;
    uint32_t index = 0;
    envres_status st = envres_scope_find(there, name, name_len, &index, w->err);
    if (st == ENVRES_OK)
        st = envres_scope_at(there, index, &data, &len, w->err);
    return st < 0 ? st : copy_out(data, len, w);
}

size_t
envres_go_render_many(envres_template *const *templates, size_t count, const envres_scope *scope,
                      size_t *ends, envres_go_work *work)
{
    size_t at = 0;
    work->flag = ENVRES_OK;
    for (size_t i = 0; i < count; i++) {
        size_t need = 0;
        work->flag =
            envres_template_render_into(templates[i], scope, &no_secrets, work->buffer + at,
                                        sizeof(work->buffer) - at, &need, work->err);
        if (work->flag < 0)
            return i;
        at += need;
        ends[i] = at;
    }
    return count;
}

void
envres_go_value(const envres_value *value, envres_go_work *work)
{
    work->data = envres_value_data(value, &work->len);
    work->flag = envres_value_is_secret(value);
}

uint32_t
envres_go_row(const envres_list *list, size_t row, uint32_t columns, envres_go_work *work)
{
    uint32_t there = envres_list_columns(list);
    if (columns > there)
        columns = there;
    if (columns > ENVRES_GO_COLUMNS)
        columns = ENVRES_GO_COLUMNS;
    for (uint32_t i = 0; i < columns; i++) {
        envres_go_cell *cell = &work->cells[i];
        cell->text = envres_list_text(list, row, i, &cell->len);
        cell->integer = envres_list_integer(list, row, i);
        cell->type = envres_list_type(list, row, i);
        cell->secret = envres_list_is_secret(list, row, i);
    }
    return columns;
}

void
envres_go_scope_facts(const envres_scope *scope, envres_go_scope *facts)
{
    *facts = (envres_go_scope){
        .environment = envres_scope_environment(scope),
        .app = envres_scope_app(scope),
        .version = envres_scope_version(scope),
        .release = envres_scope_release(scope),
        .revision = envres_scope_revision(scope),
        .sequence = envres_scope_sequence(scope),
        .count = envres_scope_count(scope),
        .parts = envres_scope_part_count(scope),
    };
}

void
envres_go_resource_facts(const envres_resource_handle *handle, envres_go_resource *facts)
{
    *facts = (envres_go_resource){
        .kind = envres_resource_handle_kind(handle),
        .environment = envres_resource_handle_environment(handle),
        .cache_key = envres_resource_handle_cache_key(handle),
        .fields = envres_resource_handle_field_count(handle),
        .fallback = envres_resource_handle_is_fallback(handle),
    };
}

int32_t
envres_go_resolve(uintptr_t scope, const char *name, size_t name_len, uintptr_t work)
{
    envres_go_work *w = (envres_go_work *)work;
    envres_resource_handle *found = NULL;
    envres_status st =
        envres_scope_resource((const envres_scope *)scope, name, name_len, &found, w->err);
    if (st != ENVRES_OK)
        return st;
    w->object = found;
    envres_go_resource_facts(found, &w->facts);
    return ENVRES_OK;
}

void
envres_go_parameter_at(const envres_statement *statement, uint32_t index, envres_go_parameter *out)
{
    *out = (envres_go_parameter){ 0 };
    out->name = envres_statement_name(statement, index);
    out->text = envres_statement_value(statement, index, &out->len);
    out->integer = envres_statement_integer(statement, index);
    out->number = envres_statement_double(statement, index);
    out->type = envres_statement_type(statement, index);
    out->secret = envres_statement_is_secret(statement, index);
}

envres_status
envres_go_part_digest(const char *data, size_t len, uint8_t *digest, envres_error *err)
{
    return envres_part_digest(data, len, digest, err);
}

/* ---- callbacks: each hands its arguments to Go, without const, which Go does not know ------- */

static envres_status
wrap(const uint8_t *id, const uint8_t *key, const uint8_t *aad, size_t aad_len, uint8_t *blob,
     size_t cap, size_t *blob_len, void *user)
{
    return envresGoWrap((uintptr_t)user, (uint8_t *)(uintptr_t)id, (uint8_t *)(uintptr_t)key,
                        (uint8_t *)(uintptr_t)aad, aad_len, blob, cap, blob_len);
}

static envres_status
unwrap(const uint8_t *id, const uint8_t *blob, size_t blob_len, const uint8_t *aad, size_t aad_len,
       uint8_t *key, void *user)
{
    return envresGoUnwrap((uintptr_t)user, (uint8_t *)(uintptr_t)id, (uint8_t *)(uintptr_t)blob,
                          blob_len, (uint8_t *)(uintptr_t)aad, aad_len, key);
}

static int64_t
now(void *user)
{
    return envresGoClock((uintptr_t)user);
}

static envres_status
anchor_load(const uint8_t *workspace, int64_t *sequence, uint8_t *hash, void *user)
{
    return envresGoAnchorLoad((uintptr_t)user, (uint8_t *)(uintptr_t)workspace, sequence, hash);
}

static envres_status
anchor_store(const uint8_t *workspace, int64_t expected, int64_t sequence, const uint8_t *hash,
             void *user)
{
    return envresGoAnchorStore((uintptr_t)user, (uint8_t *)(uintptr_t)workspace, expected, sequence,
                               (uint8_t *)(uintptr_t)hash);
}

static envres_status
sink(const envres_checkpoint *checkpoint, void *user)
{
    return envresGoSink((uintptr_t)user, (envres_checkpoint *)(uintptr_t)checkpoint);
}

static envres_status
probe(const envres_resource_handle *handle, envres_error *err, void *user)
{
    return envresGoProbe((uintptr_t)user, (envres_resource_handle *)(uintptr_t)handle, err);
}

static envres_status
collect(const char *data, size_t len, void *user)
{
    return envresGoCollect((uintptr_t)user, (char *)(uintptr_t)data, len);
}

void
envres_go_set_provider(envres_credential *credential, uintptr_t user)
{
    credential->wrap = wrap;
    credential->unwrap = unwrap;
    credential->user = (void *)user;
}

void
envres_go_set_clock(envres_store_options *options, uintptr_t user)
{
    options->clock = now;
    options->clock_user = (void *)user;
}

void
envres_go_set_anchor(envres_store_options *options, uintptr_t user)
{
    options->anchor_load = anchor_load;
    options->anchor_store = anchor_store;
    options->anchor_user = (void *)user;
}

void
envres_go_set_sink(envres_store_options *options, uintptr_t user)
{
    options->audit_sink = sink;
    options->audit_sink_user = (void *)user;
}

envres_status
envres_go_test(const envres_scope *scope, const char *handle, size_t handle_len, uintptr_t user,
               envres_error *err)
{
    return envres_resource_test(scope, handle, handle_len, probe, (void *)user, err);
}

envres_status
envres_go_feed(envres_redactor *redactor, const char *data, size_t len, uintptr_t user,
               envres_error *err)
{
    return envres_redactor_feed(redactor, data, len, collect, (void *)user, err);
}

envres_status
envres_go_finish(envres_redactor *redactor, uintptr_t user, envres_error *err)
{
    return envres_redactor_finish(redactor, collect, (void *)user, err);
}
