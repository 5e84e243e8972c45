/* SPDX-License-Identifier: MIT */
/*
 * History: lists of what is and was, and restoring. Restoring never rewrites the past: it writes
 * the older values as a new revision. A value that cannot be opened is a row with an error in a
 * list; in a restore it stops the restore, since a silent gap would be a wrong configuration.
 */
#include "model/history.h"

#include <stdlib.h>
#include <string.h>

#include <envres/value.h>

#include "base/list.h"
#include "base/text.h"
#include "model/variable.h"

/* ---- cells ---------------------------------------------------------------------------------- */

/* The value into a cell, or why it cannot be shown into another. */
static envres_status
fill_value(struct context *ctx, const struct env_keys *keys, const struct setting *setting,
           uint32_t flags, envres_list *list, uint32_t value_column, uint32_t error_column,
           envres_error *err)
{
    struct buf value;
    if (!setting->is_set || (setting->secret && !(flags & ENVRES_READ_REVEAL)))
        return ENVRES_OK;
    if (!keys) {
        list_set_str(list, error_column, envres_status_name(ENVRES_E_DENIED));
        return ENVRES_OK;
    }
    buf_init(&value, ctx->mem, true);
    envres_status st = config_open_value(ctx->mem, keys, setting, &value, err);
    if (st == ENVRES_OK && setting->secret)
        list_set_secret(list, value_column, value.data, value.len);
    else if (st == ENVRES_OK)
        list_set_text(list, value_column, value.data, value.len);
    else if (st != ENVRES_E_NOMEM) {
        list_set_str(list, error_column, envres_status_name(st));
        envres_error_clear(err);
        st = ENVRES_OK;
    }
    buf_free(&value);
    return st;
}

static envres_status
fill_author(struct context *ctx, const struct setting *setting, envres_list *list, uint32_t column,
            envres_error *err)
{
    struct buf author;
    buf_init(&author, ctx->mem, false);
    envres_status st = context_author(ctx, setting->author, &author, err);
    if (st == ENVRES_OK)
        list_set_text(list, column, author.data, author.len);
    buf_free(&author);
    return st;
}

/* Keys where they are held, NULL where they are not: what can be shown without them is shown. */
static envres_status
keys_if_held(struct context *ctx, const struct environment *environment, struct env_keys **out,
             envres_error *err)
{
    *out = NULL;
    envres_status st = context_keys(ctx, environment, out, err);
    if (st != ENVRES_E_DENIED)
        return st;
    envres_error_clear(err);
    return ENVRES_OK;
}

/* ---- variables ------------------------------------------------------------------------------ */

static const char *const variable_columns[ENVRES_VARIABLE_COLUMNS] = {
    "name", "type", "secret", "environment", "set", "value", "revision", "time", "author", "error",
};

/* Whoever may not reveal in an environment is shown no secret of it, asked for or not. */
static envres_status
flags_there(struct context *ctx, const struct environment *environment, uint32_t *flags,
            envres_error *err)
{
    bool may = false;
    if (!(*flags & ENVRES_READ_REVEAL))
        return ENVRES_OK;
    envres_status st = right_has(ctx, ACTION_REVEAL, environment, &may, err);
    if (st == ENVRES_OK && !may)
        *flags &= ~(uint32_t)ENVRES_READ_REVEAL;
    return st;
}

static envres_status
list_variable(struct context *ctx, envres_list *list, const struct object *object,
              const struct environment *environment, uint32_t flags, envres_error *err)
{
    struct setting_row row = { 0 };
    struct env_keys *keys = NULL;
    bool found = false;
    envres_status st = config_current(ctx, environment, object, slice_str(""), &found, &row, err);
    bool exchanged = st == ENVRES_E_INTEGRITY;
    if (st < 0 && !exchanged)
        return st;
    if (exchanged)
        envres_error_clear(err);
    st = ENVRES_OK;
    /* What the object says of its values is not sealed, and theirs is. */
    if (found && row.setting.is_set)
        exchanged = !slice_equal(row.setting.kind, slice_str(object->kind)) ||
                    row.setting.secret != object->secret;
    bool is_set = found && row.setting.is_set && !exchanged;
    list_row(list);
    list_set_str(list, ENVRES_VARIABLE_NAME, object->name);
    list_set_str(list, ENVRES_VARIABLE_TYPE, object->kind);
    list_set_int(list, ENVRES_VARIABLE_SECRET, object->secret);
    list_set_str(list, ENVRES_VARIABLE_ENVIRONMENT, environment->key);
    list_set_int(list, ENVRES_VARIABLE_SET, is_set || exchanged);
    if (exchanged)
        list_set_str(list, ENVRES_VARIABLE_ERROR, envres_status_name(ENVRES_E_INTEGRITY));
    if (is_set) {
        list_set_int(list, ENVRES_VARIABLE_REVISION, row.setting.revision);
        list_set_int(list, ENVRES_VARIABLE_TIME, row.setting.time);
        st = keys_if_held(ctx, environment, &keys, err);
        if (st == ENVRES_OK)
            st = fill_author(ctx, &row.setting, list, ENVRES_VARIABLE_AUTHOR, err);
        if (st == ENVRES_OK)
            st = fill_value(ctx, keys, &row.setting, flags, list, ENVRES_VARIABLE_VALUE,
                            ENVRES_VARIABLE_ERROR, err);
    }
    setting_row_free(&row);
    return st;
}

/* Leaves out the environments whose names are not the principal's to see. */
static envres_status
keep_listed(struct context *ctx, struct environment *all, size_t *count, envres_error *err)
{
    size_t kept = 0;
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < *count; i++) {
        bool may = false;
        st = right_has(ctx, ACTION_LIST, &all[i], &may, err);
        if (may)
            all[kept++] = all[i];
    }
    *count = kept;
    return st;
}

struct variables_request {
    struct slice environment; /* .data NULL: all */
    uint32_t flags;
};

static envres_status
list_variables(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    const struct variables_request *request = asked;
    struct slice environment = request->environment;
    uint32_t flags = request->flags;
    struct environment one = { 0 };
    struct environment *all = NULL;
    struct object *objects = NULL;
    size_t count = 1;
    size_t object_count = 0;
    envres_status st = environment.data ? environment_find(ctx, environment, &one, err)
                                        : environment_all_listed(ctx, &all, &count, err);
    const struct environment *rows = environment.data ? &one : all;
    if (st == ENVRES_OK && environment.data)
        st = right_check(ctx, ACTION_LIST, &one, err);
    if (st == ENVRES_OK && !environment.data)
        st = right_anywhere(ctx, ACTION_LIST, err);
    if (st == ENVRES_OK && !environment.data)
        st = keep_listed(ctx, all, &count, err);
    if (st == ENVRES_OK)
        st = config_check_all(ctx, rows, count, err);
    if (st == ENVRES_OK)
        st = object_all_listed(ctx, OBJECT_VARIABLE, &objects, &object_count, err);
    for (size_t i = 0; st == ENVRES_OK && i < object_count; i++) {
        for (size_t e = 0; st == ENVRES_OK && e < count; e++) {
            uint32_t own = flags;
            st = flags_there(ctx, &rows[e], &own, err);
            if (st == ENVRES_OK)
                st = list_variable(ctx, list, &objects[i], &rows[e], own, err);
        }
    }
    mem_free(ctx->mem, objects);
    mem_free(ctx->mem, all);
    return st == ENVRES_OK ? list_status(list, err) : st;
}

envres_status
variable_list(struct context *ctx, struct slice environment, uint32_t flags, envres_list **out,
              envres_error *err)
{
    struct variables_request request = { environment, flags };
    static const struct list_shape shape = { variable_columns, ENVRES_VARIABLE_COLUMNS };
    return context_list(ctx, &shape, list_variables, &request, out, err);
}

/* ---- history -------------------------------------------------------------------------------- */

static const char *const history_columns[ENVRES_HISTORY_COLUMNS] = {
    "revision", "type", "secret", "set", "value", "author", "time", "field", "error", "destroyed",
};

struct history {
    struct context *ctx;
    struct object object;
    const struct env_keys *keys;
    envres_list *list;
    uint32_t flags;
};

static envres_status
list_revision(struct history *history, const struct setting *setting, envres_error *err)
{
    envres_list *list = history->list;
    list_row(list);
    list_set_int(list, ENVRES_HISTORY_REVISION, setting->revision);
    list_set_text(list, ENVRES_HISTORY_TYPE, setting->kind.data, setting->kind.len);
    list_set_int(list, ENVRES_HISTORY_SECRET, setting->secret);
    list_set_int(list, ENVRES_HISTORY_SET, setting->is_set);
    list_set_int(list, ENVRES_HISTORY_DESTROYED, setting->is_destroyed);
    list_set_int(list, ENVRES_HISTORY_TIME, setting->time);
    if (setting->object_class == OBJECT_RESOURCE)
        list_set_text(list, ENVRES_HISTORY_FIELD, setting->field.data, setting->field.len);
    return fill_value(history->ctx, history->keys, setting, history->flags, list,
                      ENVRES_HISTORY_VALUE, ENVRES_HISTORY_ERROR, err);
}

static envres_status
history_row(void *user, const struct setting *setting, envres_error *err)
{
    struct history *history = user;
    /* Variables are renamed, resources never. */
    if (history->object.object_class == OBJECT_RESOURCE &&
        !slice_equal(setting->name, slice_str(history->object.name)))
        return config_exchanged(slice_str(history->object.name), err);
    envres_status st = list_revision(history, setting, err);
    if (st == ENVRES_OK)
        st = fill_author(history->ctx, setting, history->list, ENVRES_HISTORY_AUTHOR, err);
    return st;
}

/* INTEGRITY: the name's present value is another object's. */
static envres_status
check_present(struct context *ctx, const struct environment *environment,
              const struct object *object, envres_error *err)
{
    struct setting_row row = { 0 };
    bool found = false;
    if (object->object_class == OBJECT_RESOURCE)
        return ENVRES_OK;
    envres_status st = config_current(ctx, environment, object, slice_str(""), &found, &row, err);
    setting_row_free(&row);
    return st;
}

static envres_status
history_inside(struct context *ctx, struct slice environment, enum object_class object_class,
               struct slice name, struct history *history, envres_error *err)
{
    struct environment row = { 0 };
    struct object object = { 0 };
    struct env_keys *keys = NULL;
    struct head head = { 0 };
    envres_status st = environment_find(ctx, environment, &row, err);
    if (st == ENVRES_OK)
        st = right_check(ctx, ACTION_LIST, &row, err);
    if (st == ENVRES_OK)
        st = object_need(ctx, object_class, name, &object, err);
    if (st == ENVRES_OK)
        st = check_present(ctx, &row, &object, err);
    if (st == ENVRES_OK)
        st = flags_there(ctx, &row, &history->flags, err);
    if (st == ENVRES_OK)
        st = keys_if_held(ctx, &row, &keys, err);
    /* Its rows are sealed for the id; that the id is this environment's is in its head. */
    if (st == ENVRES_OK && keys)
        st = environment_head(ctx, &row, &keys, &head, err);
    history->keys = keys;
    history->object = object;
    if (st == ENVRES_OK)
        st = config_history(ctx, &row, object.id, history_row, history, err);
    return st == ENVRES_OK ? list_status(history->list, err) : st;
}

envres_status
history_list(struct context *ctx, struct slice environment, enum object_class object_class,
             struct slice name, uint32_t flags, envres_list **out, envres_error *err)
{
    struct history history = { .ctx = ctx, .flags = flags };
    envres_status st =
        list_new(ctx->mem, history_columns, ENVRES_HISTORY_COLUMNS, &history.list, err);
    if (st == ENVRES_OK)
        st = db_begin_read(ctx->db, err);
    if (st == ENVRES_OK) {
        st = history_inside(ctx, environment, object_class, name, &history, err);
        st = db_end(ctx->db, st, NULL, err);
    }
    if (st < 0)
        envres_list_free(history.list);
    else
        *out = history.list;
    return st;
}

/* ---- restore -------------------------------------------------------------------------------- */

/* One setting as it was, and what it is now. */
struct past {
    struct setting_row row;
    bool changed; /* it is not the current row */
};

struct restore {
    struct context *ctx;
    const struct environment *environment;
    const uint8_t *object; /* NULL: all */
    int64_t revision;
    struct past *items;
    size_t count;
    size_t room;
    size_t past_count; /* the first of them, sorted: settings that were there then */
};

static envres_status
add_past(struct restore *restore, const struct setting *setting, envres_error *err)
{
    const struct mem *mem = restore->ctx->mem;
    struct past *grown =
        mem_grow(mem, restore->items, &restore->room, restore->count, sizeof(*grown));
    if (!grown)
        return err_code(err, ENVRES_E_NOMEM);
    restore->items = grown;
    struct past *past = &restore->items[restore->count];
    past->changed = false;
    buf_init(&past->row.bytes, mem, false);
    envres_status st = setting_row_keep(setting, &past->row, err);
    if (st < 0)
        setting_row_free(&past->row);
    else
        restore->count++;
    return st;
}

static envres_status
collect_past(void *user, const struct setting *setting, envres_error *err)
{
    struct restore *restore = user;
    if (restore->object && memcmp(restore->object, setting->object, SEAL_ID) != 0)
        return ENVRES_OK;
    return add_past(restore, setting, err);
}

static int
compare_past(const void *a, const void *b)
{
    const struct setting *x = &((const struct past *)a)->row.setting;
    const struct setting *y = &((const struct past *)b)->row.setting;
    int order = memcmp(x->object, y->object, SEAL_ID);
    return order ? order : slice_compare(x->field, y->field);
}

static void
sort_past(struct restore *restore)
{
    restore->past_count = restore->count;
    if (restore->count > 1)
        qsort(restore->items, restore->count, sizeof(*restore->items), compare_past);
}

static struct past *
find_past(const struct restore *restore, const struct setting *setting)
{
    struct past wanted = { .row = { .setting = *setting } };
    if (restore->past_count == 0)
        return NULL;
    return bsearch(&wanted, restore->items, restore->past_count, sizeof(wanted), compare_past);
}

/* A setting that came into being after the revision was not set then. */
static envres_status
collect_later(void *user, const struct setting *setting, envres_error *err)
{
    struct restore *restore = user;
    struct setting gone = *setting;
    if (restore->object && memcmp(restore->object, setting->object, SEAL_ID) != 0)
        return ENVRES_OK;
    struct past *past = find_past(restore, setting);
    if (past) {
        past->changed =
            past->row.setting.revision != setting->revision &&
            (past->row.setting.is_set || past->row.setting.is_destroyed || setting->is_set);
        return ENVRES_OK;
    }
    if (!setting->is_set)
        return ENVRES_OK;
    gone.is_set = false;
    gone.record = slice_str("");
    envres_status st = add_past(restore, &gone, err);
    if (st == ENVRES_OK)
        restore->items[restore->count - 1].changed = true;
    return st;
}

/* The name under which a restored setting lives now: a removed object comes back if its name is
 * free; a type that changed since is not silently reinterpreted. */
static envres_status
present_object(struct change *change, const struct setting *setting, struct object *out,
               envres_error *err)
{
    struct context *ctx = change->ctx;
    bool found = false;
    struct object other = { 0 };
    bool taken = false;
    envres_status st = object_by_id(ctx, setting->object, &found, out, err);
    if (st < 0)
        return st;
    if (!found)
        return err_set(err, ENVRES_E_INTEGRITY, "a setting belongs to nothing that is known");
    if (out->is_removed && setting->is_set) {
        st = object_find(ctx, out->object_class, slice_str(out->name), &taken, &other, err);
        if (st == ENVRES_OK && taken) {
            st = err_set(err, ENVRES_E_NAME_TAKEN, "'%s' was removed, and the name is in use again",
                         out->name);
            err_subject(err, out->name, strlen(out->name));
        }
        if (st == ENVRES_OK)
            st = object_update(ctx, out, 0, err);
    }
    if (st == ENVRES_OK && setting->is_set && !slice_equal(setting->kind, slice_str(out->kind))) {
        st = err_set(err, ENVRES_E_TYPE, "'%s' was a %.*s then and is a %s now", out->name,
                     (int)setting->kind.len, setting->kind.data, out->kind);
        err_subject(err, out->name, strlen(out->name));
    }
    return st;
}

/*
 * A class holds for a name in all environments. What is a secret now stays one, whatever it was
 * then; what was a secret then makes the name secret again, unless others have it as plain.
 */
static envres_status
restore_class(struct config_writer *writer, struct object *object, struct setting *setting,
              envres_error *err)
{
    struct context *ctx = writer->change->ctx;
    struct buf where;
    if (object->object_class != OBJECT_VARIABLE || !setting->is_set || !setting->secret ||
        object->secret) {
        setting->secret = setting->secret || object->secret;
        return ENVRES_OK;
    }
    buf_init(&where, ctx->mem, false);
    envres_status st = object_where_set(ctx, object, writer->environment->id, &where, err);
    buf_add_char(&where, '\0');
    if (st == ENVRES_OK)
        st = buf_status(&where, err);
    if (st == ENVRES_OK && where.data[0]) {
        st = err_set(err, ENVRES_E_TYPE, "'%s' was a secret then and is plain now", object->name);
        err_subject(err, object->name, strlen(object->name));
        err_hint(err, "the class holds for all environments; it has values in: %s", where.data);
    }
    buf_free(&where);
    object->secret = true;
    return st < 0 ? st : object_update(ctx, object, 0, err);
}

static envres_status
restore_one(struct config_writer *writer, const struct past *past, envres_error *err)
{
    struct context *ctx = writer->change->ctx;
    struct object object = { 0 };
    struct buf value;
    struct setting setting = past->row.setting;
    if (!past->changed)
        return ENVRES_OK;
    if (setting.is_destroyed)
        return config_destroyed(ctx, writer->environment, &setting, err);
    buf_init(&value, ctx->mem, true);
    envres_status st = present_object(writer->change, &setting, &object, err);
    if (st == ENVRES_OK && setting.is_set)
        st = config_open_value(ctx->mem, writer->keys, &past->row.setting, &value, err);
    if (st == ENVRES_OK)
        st = restore_class(writer, &object, &setting, err);
    if (st == ENVRES_OK) {
        setting.name = slice_str(object.name);
        setting.kind = slice_str(object.kind);
        st = config_put(writer, &setting, slice_of(value.data, value.len), err);
    }
    buf_free(&value);
    return st;
}

static envres_status
collect(struct restore *restore, struct config_writer *writer, envres_error *err)
{
    struct context *ctx = restore->ctx;
    bool ok = true;
    envres_status st = ENVRES_OK;
    if (restore->revision > 0)
        st = config_each(ctx, restore->environment, writer->keys, &writer->head, restore->revision,
                         collect_past, restore, &ok, err);
    sort_past(restore);
    if (st == ENVRES_OK && ok)
        st = config_each(ctx, restore->environment, writer->keys, &writer->head, 0, collect_later,
                         restore, &ok, err);
    if (st == ENVRES_OK && !ok) {
        st = config_mismatch(restore->environment, err);
    }
    return st;
}

static const char resource_prefix[] = "resource/";

static bool
is_resource_name(struct slice name)
{
    size_t len = sizeof(resource_prefix) - 1;
    return name.len > len && memcmp(name.data, resource_prefix, len) == 0;
}

static envres_status
find_target(struct context *ctx, struct slice name, struct object *out, envres_error *err)
{
    size_t len = sizeof(resource_prefix) - 1;
    if (is_resource_name(name))
        return object_need(ctx, OBJECT_RESOURCE, slice_of(name.data + len, name.len - len), out,
                           err);
    return object_need(ctx, OBJECT_VARIABLE, name, out, err);
}

struct restore_request {
    struct slice environment;
    struct slice name; /* .data NULL: everything */
    int64_t revision;
};

static envres_status
restore_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct restore_request *request = asked;
    struct slice name = request->name;
    int64_t revision = request->revision;
    struct context *ctx = change->ctx;
    struct environment row = { 0 };
    struct object target = { 0 };
    struct config_writer writer = { 0 };
    struct restore restore = { .ctx = ctx, .environment = &row, .revision = revision };
    envres_status st = environment_find(ctx, request->environment, &row, err);
    if (st == ENVRES_OK && (revision < 0 || revision > row.revision)) {
        st = err_set(err, ENVRES_E_NOT_FOUND, "%s never had revision %lld", row.key,
                     (long long)revision);
        err_subject(err, row.key, strlen(row.key));
        err_hint(err, "the newest is %lld", (long long)row.revision);
    }
    if (st == ENVRES_OK && name.data)
        st = find_target(ctx, name, &target, err);
    if (st < 0)
        return st;
    restore.object = name.data ? target.id : NULL;
    st = config_begin(change, &row, &writer, err);
    if (st == ENVRES_OK)
        st = collect(&restore, &writer, err);
    for (size_t i = 0; st == ENVRES_OK && i < restore.count; i++)
        st = restore_one(&writer, &restore.items[i], err);
    if (st == ENVRES_OK)
        st = config_end(&writer, err);
    if (st == ENVRES_OK && writer.written == 0)
        change->nothing = true;
    for (size_t i = 0; i < restore.count; i++)
        setting_row_free(&restore.items[i].row);
    mem_free(ctx->mem, restore.items);
    return st;
}

static void
encode_restore(const void *asked, struct buf *out)
{
    const struct restore_request *request = asked;
    act_put_text(out, request->environment);
    act_put_text(out, request->name);
    buf_add_u64(out, (uint64_t)request->revision);
}

envres_status
history_replay_restore(struct context *ctx, struct act_reader *reader, const envres_change *given,
                       int64_t *revision, envres_error *err)
{
    struct slice environment = act_text(reader);
    struct slice name = act_text(reader);
    envres_restore_point point = { .size = sizeof(point),
                                   .name = name.data,
                                   .name_len = name.len,
                                   .revision = (int64_t)act_u64(reader) };
    envres_status st = act_end(reader, err);
    return st < 0 ? st : history_restore(ctx, environment, &point, given, revision, err);
}

envres_status
history_restore(struct context *ctx, struct slice environment, const envres_restore_point *given,
                const envres_change *options, int64_t *made, envres_error *err)
{
    envres_restore_point point;
    struct restore_request request = { .environment = environment };
    struct change_title title = { "restore", "environment/", environment, encode_restore };
    envres_status st = opts_read(&point, sizeof(point), sizeof(point), given, err);
    if (st == ENVRES_OK)
        st = text_argument(point.name, point.name ? point.name_len : 0, SIZE_MAX, "the name",
                           &request.name, err);
    if (st < 0)
        return st;
    request.revision = point.revision;
    if (point.name) {
        title.prefix = is_resource_name(request.name) ? "" : "variable/";
        title.name = request.name;
    } else {
        request.name.data = NULL;
    }
    return change_run(ctx, options, &title, restore_inside, &request, made, err);
}
