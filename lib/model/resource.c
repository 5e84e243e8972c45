/* SPDX-License-Identifier: MIT */
/*
 * Resources. Each field is a setting of its own, so a change rewrites what changed and history
 * shows it; a fallback is a setting too (FALLBACK_FIELD), and so has revisions, an author, and the
 * head's protection. A field is secret when its kind says so or when it was written so.
 */
#include "model/resource.h"

#include <string.h>

#include <envres/template.h>

#include "base/list.h"
#include "base/text.h"
#include "lang/template.h"
#include "model/kind.h"
#include "model/query.h"
#include "model/reference.h"

/* ---- the fields set now --------------------------------------------------------------------- */

struct field_state {
    char name[LIMIT_NAME + 1];
    bool is_set;
    bool secret;
    int64_t revision;
};

struct field_states {
    const struct mem *mem;
    struct field_state *items;
    size_t count;
    size_t room;
};

static envres_status
collect_field(void *user, const struct setting *setting, envres_error *err)
{
    struct field_states *states = user;
    struct field_state *grown =
        mem_grow(states->mem, states->items, &states->room, states->count, sizeof(*grown));
    if (!grown)
        return err_code(err, ENVRES_E_NOMEM);
    states->items = grown;
    struct field_state *state = &states->items[states->count++];
    memset(state, 0, sizeof(*state));
    if (setting->field.len > 0)
        memcpy(state->name, setting->field.data, setting->field.len);
    state->is_set = setting->is_set;
    state->secret = setting->secret;
    state->revision = setting->revision;
    return ENVRES_OK;
}

static envres_status
load_fields(struct context *ctx, const struct environment *environment, const struct object *object,
            struct field_states *out, envres_error *err)
{
    memset(out, 0, sizeof(*out));
    out->mem = ctx->mem;
    return config_each_field(ctx, environment, object, collect_field, out, err);
}

static const struct field_state *
find_field(const struct field_states *states, struct slice name)
{
    for (size_t i = 0; i < states->count; i++) {
        if (slice_equal(name, slice_str(states->items[i].name)))
            return &states->items[i];
    }
    return NULL;
}

static size_t
count_set(const struct field_states *states)
{
    size_t count = 0;
    for (size_t i = 0; i < states->count; i++) {
        if (states->items[i].is_set && strcmp(states->items[i].name, FALLBACK_FIELD) != 0)
            count++;
    }
    return count;
}

static envres_status
write_field(struct config_writer *writer, const struct object *object, struct slice field,
            bool secret, const struct slice *value, envres_error *err)
{
    struct setting setting = {
        .object_class = OBJECT_RESOURCE,
        .is_set = value != NULL,
        .secret = secret,
        .field = field,
        .name = slice_str(object->name),
        .kind = slice_str(object->kind),
    };
    memcpy(setting.object, object->id, SEAL_ID);
    return config_put(writer, &setting, value ? *value : slice_str(""), err);
}

/* ---- configure ------------------------------------------------------------------------------ */

/* A field's value as it will be kept: a template as it is, once it parses; else canonical. */
static envres_status
check_field_value(const struct mem *mem, const struct kind_field *field, struct slice name,
                  struct slice value, struct buf *out, envres_error *err)
{
    if (!template_has_tag(value.data, value.len))
        return kind_check_value(mem, field, name, value, out, err);
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = mem->reallocate,
                               .user = mem->user };
    envres_template_options options = {
        .size = sizeof(options),
        .flags = ENVRES_TEMPLATE_BORROW,
        .context = field && field->type == FIELD_JSON ? ENVRES_CONTEXT_JSON : ENVRES_CONTEXT_TEXT,
        .allocator = &alloc,
    };
    envres_template *tmpl = NULL;
    envres_status st = envres_template_parse(value.data, value.len, &options, &tmpl, err);
    if (st == ENVRES_OK)
        st = reference_check_kinds(tmpl, err);
    if (st == ENVRES_OK && field &&
        (field->type == FIELD_INTEGER || field->type == FIELD_BOOLEAN) &&
        !template_is_one_tag(tmpl)) {
        st = err_set(err, ENVRES_E_TYPE, "field '%.*s' is a number or one tag alone", (int)name.len,
                     name.data);
    }
    envres_template_unref(tmpl);
    if (st < 0) {
        err_subject(err, name.data, name.len);
        return st;
    }
    buf_add(out, value.data, value.len);
    return buf_status(out, err);
}

static envres_status
configure_field(struct config_writer *writer, const struct object *object, const struct kind *kind,
                const struct field_states *states, const envres_resource_field *given,
                envres_error *err)
{
    envres_resource_field f = { 0 };
    struct slice name = { 0 };
    struct slice value = { 0 };
    const struct kind_field *field = NULL;
    struct buf canonical = { .mem = NULL };
    envres_status st = opts_read(&f, sizeof(f), sizeof(f), given, err);
    if (st == ENVRES_OK && (f.flags & ~(uint32_t)(ENVRES_FIELD_SECRET | ENVRES_FIELD_UNSET)))
        st = err_set(err, ENVRES_E_INVALID, "the field has an unknown flag");
    if (st == ENVRES_OK)
        st = text_argument(f.name, f.name_len, LIMIT_NAME, "the field's name", &name, err);
    if (st == ENVRES_OK)
        st = kind_field_need(kind, name, &field, err);
    if (st < 0)
        return st;
    const struct field_state *now = find_field(states, name);
    bool secret = (f.flags & ENVRES_FIELD_SECRET) || (field && field->secret) ||
                  (now && now->is_set && now->secret);
    if (f.flags & ENVRES_FIELD_UNSET) {
        if (!now || !now->is_set)
            return ENVRES_OK;
        return write_field(writer, object, name, secret, NULL, err);
    }
    st = text_argument(f.value, f.value_len, LIMIT_VALUE, "the field's value", &value, err);
    buf_init(&canonical, writer->change->ctx->mem, true);
    if (st == ENVRES_OK)
        st = check_field_value(writer->change->ctx->mem, field, name, value, &canonical, err);
    else
        err_subject(err, name.data, name.len);
    struct slice kept = slice_of(canonical.data, canonical.len);
    if (st == ENVRES_OK)
        st = write_field(writer, object, name, secret, &kept, err);
    buf_free(&canonical);
    return st;
}

static envres_status
check_expected(const struct field_states *states, const struct object *object,
               const struct environment *environment, int64_t expect, envres_error *err)
{
    int64_t newest = -1;
    for (size_t i = 0; i < states->count; i++) {
        if (states->items[i].revision > newest)
            newest = states->items[i].revision;
    }
    if (expect == 0 || expect == newest)
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_CHANGED, "'%s' was changed in %s meanwhile",
                               object->name, environment->key);
    err_subject(err, object->name, strlen(object->name));
    err_hint(err, "read it again and decide anew");
    return st;
}

static envres_status
check_field_names(const envres_resource_write *write, uint32_t stride, envres_error *err)
{
    for (size_t i = 0; i < write->count; i++) {
        const envres_resource_field *a = (const void *)((const char *)write->fields + i * stride);
        for (size_t j = 0; j < i; j++) {
            const envres_resource_field *b =
                (const void *)((const char *)write->fields + j * stride);
            struct slice x = slice_of(a->name, a->name ? a->name_len : 0);
            if (slice_equal(x, slice_of(b->name, b->name ? b->name_len : 0))) {
                envres_status st =
                    err_set(err, ENVRES_E_NAME_TAKEN, "the same field is written twice");
                err_subject(err, x.data, x.len);
                return st;
            }
        }
    }
    return ENVRES_OK;
}

/* Counts what is set now: fields written again, and fields taken away, add nothing. */
static envres_status
check_field_count(struct context *ctx, const struct environment *environment,
                  const struct object *object, envres_error *err)
{
    struct field_states states = { .mem = ctx->mem };
    envres_status st = load_fields(ctx, environment, object, &states, err);
    if (st == ENVRES_OK && count_set(&states) > LIMIT_FIELDS) {
        st = err_set(err, ENVRES_E_LIMIT, "a resource has at most %d fields", (int)LIMIT_FIELDS);
        err_subject(err, object->name, strlen(object->name));
    }
    mem_free(ctx->mem, states.items);
    return st;
}

struct configure_request {
    struct slice environment;
    struct slice handle;
    const envres_resource_write *write;
};

static envres_status
configure_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct configure_request *request = asked;
    const envres_resource_write *write = request->write;
    struct context *ctx = change->ctx;
    struct environment row = { 0 };
    struct object object = { 0 };
    struct config_writer writer = { 0 };
    struct field_states states = { .mem = ctx->mem };
    const struct kind *kind = NULL;
    uint32_t stride = 0;
    memcpy(&stride, write->fields, sizeof(stride));
    envres_status st = environment_find(ctx, request->environment, &row, err);
    /* First: who may not write here is told nothing of what is here. */
    if (st == ENVRES_OK)
        st = config_begin(change, &row, &writer, err);
    if (st == ENVRES_OK)
        st = object_need(ctx, OBJECT_RESOURCE, request->handle, &object, err);
    if (st == ENVRES_OK)
        st = kind_need(slice_str(object.kind), &kind, err);
    if (st == ENVRES_OK)
        st = load_fields(ctx, &row, &object, &states, err);
    if (st == ENVRES_OK)
        st = check_expected(&states, &object, &row, write->expect_revision, err);
    for (size_t i = 0; st == ENVRES_OK && i < write->count; i++)
        st = configure_field(&writer, &object, kind, &states,
                             (const void *)((const char *)write->fields + i * stride), err);
    if (st == ENVRES_OK && kind->takes_any && count_set(&states) + write->count > LIMIT_FIELDS)
        st = check_field_count(ctx, &row, &object, err);
    if (st == ENVRES_OK)
        st = config_end(&writer, err);
    mem_free(ctx->mem, states.items);
    return st;
}

static void
encode_configure(const void *asked, struct buf *out)
{
    const struct configure_request *request = asked;
    const envres_resource_write *write = request->write;
    uint32_t stride = 0;
    memcpy(&stride, write->fields, sizeof(stride));
    act_put_text(out, request->environment);
    act_put_text(out, request->handle);
    buf_add_u64(out, (uint64_t)write->expect_revision);
    buf_add_u32(out, (uint32_t)write->count);
    for (size_t i = 0; i < write->count; i++) {
        const envres_resource_field *field =
            (const void *)((const char *)write->fields + i * stride);
        act_put_text(out, slice_of(field->name, field->name_len));
        act_put_text(out, slice_of(field->value, field->value ? field->value_len : 0));
        buf_add_u32(out, field->flags);
    }
}

envres_status
resource_replay_configure(struct context *ctx, struct act_reader *reader,
                          const envres_change *given, int64_t *revision, envres_error *err)
{
    envres_resource_write write = { .size = sizeof(write) };
    struct slice environment = act_text(reader);
    struct slice handle = act_text(reader);
    write.expect_revision = (int64_t)act_u64(reader);
    write.count = act_u32(reader);
    if (reader->failed || write.count == 0 || write.count > LIMIT_FIELDS)
        return act_fault(err);
    envres_resource_field *fields = mem_alloc_array(ctx->mem, write.count, sizeof(*fields));
    if (!fields)
        return err_code(err, ENVRES_E_NOMEM);
    for (size_t i = 0; i < write.count; i++) {
        struct slice name = act_text(reader);
        struct slice value = act_text(reader);
        fields[i] = (envres_resource_field){ .size = sizeof(*fields),
                                             .flags = act_u32(reader),
                                             .name = name.data,
                                             .name_len = name.len,
                                             .value = value.data,
                                             .value_len = value.len };
    }
    write.handle = handle.data;
    write.handle_len = handle.len;
    write.fields = fields;
    envres_status st = act_end(reader, err);
    if (st == ENVRES_OK)
        st = resource_configure(ctx, environment, &write, given, revision, err);
    mem_free(ctx->mem, fields);
    return st;
}

envres_status
resource_configure(struct context *ctx, struct slice environment,
                   const envres_resource_write *given, const envres_change *options,
                   int64_t *revision, envres_error *err)
{
    envres_resource_write write = { 0 };
    struct slice handle = { 0 };
    uint32_t stride = 0;
    envres_status st = opts_read(&write, sizeof(write), sizeof(write), given, err);
    if (st == ENVRES_OK && (!write.fields || write.count == 0))
        st = err_set(err, ENVRES_E_INVALID, "there is no field to write");
    if (st == ENVRES_OK && write.count > LIMIT_FIELDS)
        st = err_set(err, ENVRES_E_LIMIT, "one call takes at most %d fields", (int)LIMIT_FIELDS);
    if (st == ENVRES_OK)
        st = text_argument(write.handle, write.handle_len, LIMIT_NAME, "the handle", &handle, err);
    if (st < 0)
        return st;
    memcpy(&stride, write.fields, sizeof(stride));
    if (stride < sizeof(envres_resource_field) || stride > LIMIT_OPTIONS)
        return err_set(err, ENVRES_E_ABI, "options: size %u is not a known version", stride);
    st = check_field_names(&write, stride, err);
    if (st < 0)
        return st;
    struct configure_request request = { environment, handle, &write };
    struct change_title title = { "resource.configure", "resource/", handle, encode_configure };
    return change_run(ctx, options, &title, configure_inside, &request, revision, err);
}

/* ---- define and remove ---------------------------------------------------------------------- */

/*
 * Writes a field again under the object's present kind, so that all current rows of a resource are
 * of one kind; takes it away when the kind does not have it, or not with such a value.
 */
static envres_status
carry_field(struct config_writer *writer, const struct object *object, const struct kind *kind,
            const struct field_state *state, envres_error *err)
{
    struct context *ctx = writer->change->ctx;
    struct slice name = slice_str(state->name);
    const struct kind_field *field = kind_field_find(kind, name);
    bool is_fallback = slice_equal(name, slice_str(FALLBACK_FIELD));
    bool secret = state->secret || (field && field->secret);
    struct setting_row row = { .bytes = { .mem = NULL } };
    struct buf value;
    struct buf canonical;
    bool found = false;
    if (!is_fallback && !field && !kind->takes_any)
        return write_field(writer, object, name, state->secret, NULL, err);
    buf_init(&value, ctx->mem, true);
    buf_init(&canonical, ctx->mem, true);
    envres_status st = config_current(ctx, writer->environment, object, name, &found, &row, err);
    if (st == ENVRES_OK && found)
        st = config_open_value(ctx->mem, writer->keys, &row.setting, &value, err);
    struct slice kept = slice_of(value.data, value.len);
    bool fits = true;
    if (st == ENVRES_OK && !is_fallback) {
        envres_status checked = check_field_value(ctx->mem, field, name, kept, &canonical, NULL);
        fits = checked == ENVRES_OK;
        st = checked == ENVRES_E_NOMEM ? err_code(err, checked) : ENVRES_OK;
        kept = slice_of(canonical.data, canonical.len);
    }
    if (st == ENVRES_OK)
        st = write_field(writer, object, name, secret, fits ? &kept : NULL, err);
    setting_row_free(&row);
    buf_free(&canonical);
    buf_free(&value);
    return st;
}

/* In every environment takes all fields away, or carries them over to the kind `keep`. */
static envres_status
clear_fields(struct change *change, const struct object *object, const struct kind *keep,
             envres_error *err)
{
    struct context *ctx = change->ctx;
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = environment_all(ctx, &all, &count, err);
    for (size_t e = 0; st == ENVRES_OK && e < count; e++) {
        struct field_states states = { .mem = ctx->mem };
        struct config_writer writer = { 0 };
        st = load_fields(ctx, &all[e], object, &states, err);
        if (st == ENVRES_OK && states.count > 0)
            st = config_begin(change, &all[e], &writer, err);
        for (size_t i = 0; st == ENVRES_OK && i < states.count; i++) {
            const struct field_state *state = &states.items[i];
            if (state->is_set && keep)
                st = carry_field(&writer, object, keep, state, err);
            else if (state->is_set)
                st = write_field(&writer, object, slice_str(state->name), state->secret, NULL, err);
        }
        if (st == ENVRES_OK && states.count > 0)
            st = config_end(&writer, err);
        mem_free(ctx->mem, states.items);
    }
    mem_free(ctx->mem, all);
    change->has_environment = false;
    change->revision = 0;
    return st;
}

static envres_status
refuse_configured(struct context *ctx, const struct object *object, envres_error *err)
{
    struct buf where;
    buf_init(&where, ctx->mem, false);
    envres_status st = object_where_set(ctx, object, NULL, &where, err);
    buf_add_char(&where, '\0');
    if (st == ENVRES_OK)
        st = buf_status(&where, err);
    if (st == ENVRES_OK && where.data[0]) {
        st = err_set(err, ENVRES_E_REFERRED, "'%s' has settings in %s", object->name, where.data);
        err_subject(err, object->name, strlen(object->name));
        err_hint(err, "force it to lose them; history keeps them");
    }
    buf_free(&where);
    return st;
}

static envres_status
change_kind(struct change *change, struct object *object, const struct kind *kind,
            envres_error *err)
{
    struct context *ctx = change->ctx;
    envres_status st = ENVRES_OK;
    if (strcmp(object->kind, kind->name) == 0) {
        change->nothing = true;
        return ENVRES_OK;
    }
    if (!change->force) {
        st = refuse_configured(ctx, object, err);
        if (st == ENVRES_OK)
            st = reference_check_unused(ctx, OBJECT_RESOURCE, slice_str(object->name), err);
        if (st == ENVRES_OK)
            st = query_check_unused(ctx, object, err);
    }
    memcpy(object->kind, kind->name, strlen(kind->name) + 1);
    if (st == ENVRES_OK)
        st = clear_fields(change, object, kind, err);
    if (st == ENVRES_OK)
        st = object_update(ctx, object, 0, err);
    return st;
}

struct define_request {
    struct slice handle;
    const struct kind *kind;
};

static envres_status
define_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct define_request *request = asked;
    const struct kind *kind = request->kind;
    struct slice handle = request->handle;
    struct object object = { 0 };
    bool found = false;
    memset(&object, 0, sizeof(object));
    change->instead = "take its fields away there, change the kind, then set them";
    envres_status st = change_builds(change, err);
    if (st == ENVRES_OK)
        st = object_find(change->ctx, OBJECT_RESOURCE, handle, &found, &object, err);
    if (st < 0)
        return st;
    if (found)
        return change_kind(change, &object, kind, err);
    object.object_class = OBJECT_RESOURCE;
    memcpy(object.name, handle.data, handle.len);
    memcpy(object.kind, kind->name, strlen(kind->name) + 1);
    return object_insert(change->ctx, &object, change->now, err);
}

envres_status
resource_define(struct context *ctx, struct slice handle, struct slice kind_name,
                const envres_change *options, envres_error *err)
{
    struct define_request request = { handle, NULL };
    struct change_title title = { "resource.define", "resource/", handle, NULL };
    envres_status st = text_check_name(handle, "resource handle", err);
    if (st == ENVRES_OK)
        st = kind_need(kind_name, &request.kind, err);
    return st < 0 ? st : change_run(ctx, options, &title, define_inside, &request, NULL, err);
}

static envres_status
remove_inside(struct change *change, const void *asked, envres_error *err)
{
    struct slice handle = *(const struct slice *)asked;
    struct context *ctx = change->ctx;
    struct object object = { 0 };
    envres_status st = change_builds(change, err);
    if (st == ENVRES_OK)
        st = object_need(ctx, OBJECT_RESOURCE, handle, &object, err);
    if (st == ENVRES_OK && !change->force)
        st = reference_check_unused(ctx, OBJECT_RESOURCE, handle, err);
    if (st == ENVRES_OK && !change->force)
        st = query_check_unused(ctx, &object, err);
    if (st == ENVRES_OK)
        st = clear_fields(change, &object, NULL, err);
    if (st == ENVRES_OK)
        st = object_update(ctx, &object, change->now ? change->now : 1, err);
    return st;
}

static void
encode_remove(const void *asked, struct buf *out)
{
    act_put_text(out, *(const struct slice *)asked);
}

envres_status
resource_replay_remove(struct context *ctx, struct act_reader *reader, const envres_change *given,
                       int64_t *revision, envres_error *err)
{
    struct slice handle = act_text(reader);
    envres_status st = act_end(reader, err);
    (void)revision;
    return st < 0 ? st : resource_remove(ctx, handle, given, err);
}

envres_status
resource_remove(struct context *ctx, struct slice handle, const envres_change *options,
                envres_error *err)
{
    struct change_title title = { "resource.remove", "resource/", handle, encode_remove };
    return change_run(ctx, options, &title, remove_inside, &handle, NULL, err);
}

/* ---- fallback ------------------------------------------------------------------------------- */

/* The environment a handle falls back to in `environment`, appended; "" for none. */
static envres_status
fallback_of(struct context *ctx, const struct environment *environment, const struct object *object,
            struct buf *out, envres_error *err)
{
    struct setting_row row = { 0 };
    struct env_keys *keys = NULL;
    bool found = false;
    envres_status st =
        config_current(ctx, environment, object, slice_str(FALLBACK_FIELD), &found, &row, err);
    if (st < 0)
        return st;
    if (found && row.setting.is_set) {
        st = context_keys(ctx, environment, &keys, err);
        if (st == ENVRES_OK)
            st = config_open_value(ctx->mem, keys, &row.setting, out, err);
    }
    setting_row_free(&row);
    return st;
}

static envres_status
refuse_fallback(const struct environment *from, const struct environment *to, const char *why,
                envres_error *err)
{
    envres_status st =
        err_set(err, ENVRES_E_FALLBACK, "%s cannot fall back to %s: %s", from->key, to->key, why);
    err_subject(err, to->key, strlen(to->key));
    return st;
}

/* To something that is not more protected, and one step only. */
static envres_status
check_fallback(struct context *ctx, const struct environment *from, const struct environment *to,
               const struct object *object, envres_error *err)
{
    struct buf next;
    if (memcmp(from->id, to->id, SEAL_ID) == 0)
        return refuse_fallback(from, to, "that is itself", err);
    if (to->is_protected && !from->is_protected)
        return refuse_fallback(from, to, "it is more protected", err);
    buf_init(&next, ctx->mem, false);
    envres_status st = fallback_of(ctx, to, object, &next, err);
    if (st == ENVRES_OK && next.len > 0)
        st = refuse_fallback(from, to, "it falls back itself; a fallback is one step", err);
    buf_free(&next);
    return st;
}

struct fallback_request {
    struct slice environment;
    struct slice handle;
    struct slice to;
};

static envres_status
fallback_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct fallback_request *request = asked;
    struct slice to = request->to;
    struct context *ctx = change->ctx;
    struct environment row = { 0 };
    struct environment target = { 0 };
    struct object object = { 0 };
    struct config_writer writer = { 0 };
    struct buf now;
    buf_init(&now, ctx->mem, false);
    envres_status st = environment_find(ctx, request->environment, &row, err);
    if (st == ENVRES_OK)
        st = change_in(change, ACTION_EDIT, &row, err);
    if (st == ENVRES_OK)
        st = object_need(ctx, OBJECT_RESOURCE, request->handle, &object, err);
    if (st == ENVRES_OK && to.data)
        st = environment_find(ctx, to, &target, err);
    if (st == ENVRES_OK && to.data)
        st = check_fallback(ctx, &row, &target, &object, err);
    if (st == ENVRES_OK)
        st = fallback_of(ctx, &row, &object, &now, err);
    if (st == ENVRES_OK && slice_equal(slice_of(now.data, now.len), slice_of(to.data, to.len))) {
        change->nothing = true;
    } else if (st == ENVRES_OK) {
        st = config_begin(change, &row, &writer, err);
        if (st == ENVRES_OK)
            st = write_field(&writer, &object, slice_str(FALLBACK_FIELD), false,
                             to.data ? &to : NULL, err);
        if (st == ENVRES_OK)
            st = config_end(&writer, err);
    }
    buf_free(&now);
    return st;
}

static void
encode_fallback(const void *asked, struct buf *out)
{
    const struct fallback_request *request = asked;
    act_put_text(out, request->environment);
    act_put_text(out, request->handle);
    act_put_text(out, request->to);
}

envres_status
resource_replay_fallback(struct context *ctx, struct act_reader *reader, const envres_change *given,
                         int64_t *revision, envres_error *err)
{
    struct slice environment = act_text(reader);
    struct slice handle = act_text(reader);
    struct slice to = act_text(reader);
    envres_status st = act_end(reader, err);
    (void)revision;
    return st < 0 ? st : resource_set_fallback(ctx, environment, handle, to, given, err);
}

envres_status
resource_set_fallback(struct context *ctx, struct slice environment, struct slice handle,
                      struct slice to, const envres_change *options, envres_error *err)
{
    struct fallback_request request = { environment, handle, to };
    struct change_title title = { "resource.fallback", "resource/", handle, encode_fallback };
    return change_run(ctx, options, &title, fallback_inside, &request, NULL, err);
}

envres_status
resource_check_no_fallback_to(struct context *ctx, const struct environment *environment,
                              envres_error *err)
{
    struct object *objects = NULL;
    struct environment *all = NULL;
    size_t object_count = 0;
    size_t count = 0;
    envres_status st = object_all(ctx, OBJECT_RESOURCE, &objects, &object_count, err);
    if (st == ENVRES_OK)
        st = environment_all(ctx, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < object_count * count; i++) {
        const struct object *object = &objects[i / count];
        const struct environment *from = &all[i % count];
        struct buf to;
        buf_init(&to, ctx->mem, false);
        st = fallback_of(ctx, from, object, &to, err);
        if (st == ENVRES_E_DENIED) {
            envres_error_clear(err);
            st = ENVRES_OK;
        }
        if (st == ENVRES_OK && to.len > 0 &&
            slice_equal(slice_of(to.data, to.len), slice_str(environment->key))) {
            st = err_set(err, ENVRES_E_REFERRED, "resource '%s' in %s falls back to %s",
                         object->name, from->key, environment->key);
            err_subject(err, environment->key, strlen(environment->key));
            err_hint(err, "withdraw the fallback first, or force the removal");
        }
        buf_free(&to);
    }
    mem_free(ctx->mem, objects);
    mem_free(ctx->mem, all);
    return st;
}

/* ---- listing -------------------------------------------------------------------------------- */

static const char *const list_columns[ENVRES_RESOURCE_COLUMNS] = {
    "handle", "kind", "environment", "configured", "fallback", "fields", "revision",
};

static envres_status
list_row_of(struct context *ctx, envres_list *list, const struct object *object,
            const struct environment *environment, envres_error *err)
{
    struct field_states states = { .mem = ctx->mem };
    struct buf fallback;
    int64_t newest = 0;
    buf_init(&fallback, ctx->mem, false);
    envres_status st = load_fields(ctx, environment, object, &states, err);
    if (st == ENVRES_OK)
        st = fallback_of(ctx, environment, object, &fallback, err);
    if (st == ENVRES_E_DENIED || st == ENVRES_E_INTEGRITY) {
        envres_error_clear(err);
        st = ENVRES_OK; /* the row is shown without it; verify reports it */
    }
    if (st < 0)
        goto out;
    for (size_t i = 0; i < states.count; i++)
        newest = states.items[i].revision > newest ? states.items[i].revision : newest;
    size_t set = count_set(&states);
    list_row(list);
    list_set_str(list, ENVRES_RESOURCE_HANDLE, object->name);
    list_set_str(list, ENVRES_RESOURCE_KIND, object->kind);
    list_set_str(list, ENVRES_RESOURCE_ENVIRONMENT, environment->key);
    list_set_int(list, ENVRES_RESOURCE_CONFIGURED, set > 0);
    if (fallback.len > 0)
        list_set_text(list, ENVRES_RESOURCE_FALLBACK, fallback.data, fallback.len);
    list_set_int(list, ENVRES_RESOURCE_FIELDS, (int64_t)set);
    if (newest > 0)
        list_set_int(list, ENVRES_RESOURCE_REVISION, newest);
out:
    buf_free(&fallback);
    mem_free(ctx->mem, states.items);
    return st;
}

static envres_status
list_inside(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    (void)asked;
    struct object *objects = NULL;
    struct environment *all = NULL;
    size_t object_count = 0;
    size_t count = 0;
    envres_status st = object_all_listed(ctx, OBJECT_RESOURCE, &objects, &object_count, err);
    if (st == ENVRES_OK)
        st = environment_all_listed(ctx, &all, &count, err);
    if (st == ENVRES_OK)
        st = config_check_all(ctx, all, count, err);
    for (size_t i = 0; st == ENVRES_OK && i < object_count * count; i++)
        st = list_row_of(ctx, list, &objects[i / count], &all[i % count], err);
    mem_free(ctx->mem, objects);
    mem_free(ctx->mem, all);
    return st == ENVRES_OK ? list_status(list, err) : st;
}

envres_status
resource_list(struct context *ctx, envres_list **out, envres_error *err)
{
    static const struct list_shape shape = { list_columns, ENVRES_RESOURCE_COLUMNS };
    return context_list(ctx, &shape, list_inside, NULL, out, err);
}
