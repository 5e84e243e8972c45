/* SPDX-License-Identifier: MIT */
/*
 * Variables. The first write of a name sets its type and class for all environments; later ones
 * must agree, unless no other environment has a value that the change would silently reinterpret.
 * All writes of one call are one revision, one transaction, one audit entry.
 */
#include "model/variable.h"

#include <stdlib.h>
#include <string.h>

#include <envres/template.h>

#include "base/json.h"
#include "base/list.h"
#include "base/text.h"
#include "base/value.h"
#include "model/batch.h"
#include "model/reference.h"

envres_status
variable_read(const envres_variable_write *given, struct variable_write *out, envres_error *err)
{
    envres_variable_write w = { 0 };
    envres_status st = opts_read(&w, sizeof(w), sizeof(w), given, err);
    if (st < 0)
        return st;
    st = text_argument(w.name, w.name_len, SIZE_MAX, "the name", &out->name, err);
    if (st == ENVRES_OK)
        st = text_check_name(out->name, "variable name", err);
    if (st < 0)
        return st;
    const uint32_t both = ENVRES_WRITE_SECRET | ENVRES_WRITE_PLAIN;
    if ((w.flags & ~both) || (w.flags & both) == both)
        return err_set(err, ENVRES_E_INVALID, "the write has flags that are unknown or contradict");
    if (w.type < 0 || w.type > ENVRES_TYPE_TEMPLATE)
        return err_set(err, ENVRES_E_INVALID, "the write has an unknown type");
    if (w.expect_revision < -1)
        return err_set(err, ENVRES_E_INVALID, "the revision expected is below -1");
    st = text_argument(w.value, w.value_len, LIMIT_VALUE, "the value", &out->value, err);
    if (st < 0)
        err_subject(err, out->name.data, out->name.len);
    out->type = w.type;
    out->flags = w.flags;
    out->expect = w.expect_revision;
    out->keep_shape = false;
    return st;
}

/* ---- canonical values ----------------------------------------------------------------------- */

static envres_status
canonical_number(struct slice value, struct buf *out, envres_error *err)
{
    struct json_number number = { 0 };
    if (json_number(value.data, value.len, &number, err) < 0) {
        envres_status st = err_set(err, ENVRES_E_TYPE, "the value is not a number");
        err_hint(err, "write it as JSON does: 30, -1.5, 2e8; integers from -2^63 to 2^63-1");
        return st;
    }
    json_write_number(out, &number);
    return buf_status(out, err);
}

static envres_status
canonical_boolean(struct slice value, struct buf *out, envres_error *err)
{
    if (!slice_equal(value, slice_str("true")) && !slice_equal(value, slice_str("false"))) {
        envres_status st = err_set(err, ENVRES_E_TYPE, "the value is not a boolean");
        err_hint(err, "write true or false");
        return st;
    }
    buf_add(out, value.data, value.len);
    return buf_status(out, err);
}

static envres_status
canonical_template(const struct mem *mem, struct slice value, struct buf *out, envres_error *err)
{
    envres_template *tmpl = NULL;
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = mem->reallocate,
                               .user = mem->user };
    envres_template_options options = { .size = sizeof(options),
                                        .flags = ENVRES_TEMPLATE_BORROW,
                                        .allocator = &alloc };
    envres_status st = envres_template_parse(value.data, value.len, &options, &tmpl, err);
    if (st == ENVRES_OK)
        st = reference_check_kinds(tmpl, err);
    envres_template_unref(tmpl);
    if (st < 0)
        return st;
    buf_add(out, value.data, value.len);
    return buf_status(out, err);
}

envres_status
variable_canonical(const struct mem *mem, int32_t type, struct slice value, struct buf *out,
                   envres_error *err)
{
    envres_status st;
    switch (type) {
    case ENVRES_TYPE_NUMBER:
        return canonical_number(value, out, err);
    case ENVRES_TYPE_BOOLEAN:
        return canonical_boolean(value, out, err);
    case ENVRES_TYPE_JSON:
        st = json_check(mem, value.data, value.len, err);
        if (st < 0)
            return st;
        json_compact(out, value.data, value.len);
        return buf_status(out, err);
    case ENVRES_TYPE_TEMPLATE:
        return canonical_template(mem, value, out, err);
    default:
        buf_add(out, value.data, value.len);
        return buf_status(out, err);
    }
}

/* ---- type and class ------------------------------------------------------------------------- */

static void
shape_of(const struct variable_write *write, bool found, const struct object *as_is,
         struct object *wanted)
{
    int32_t type = write->type ? write->type
                   : found     ? config_type(slice_str(as_is->kind))
                               : ENVRES_TYPE_STRING;
    const char *kind = envres_type_name(type);
    *wanted = *as_is;
    wanted->object_class = OBJECT_VARIABLE;
    wanted->secret = write->flags & ENVRES_WRITE_SECRET  ? true
                     : write->flags & ENVRES_WRITE_PLAIN ? false
                                                         : found && as_is->secret;
    memcpy(wanted->kind, kind, strlen(kind) + 1);
    memcpy(wanted->name, write->name.data, write->name.len);
    wanted->name[write->name.len] = '\0';
}

envres_status
variable_shape(struct context *ctx, const struct variable_write *write, bool *found,
               struct object *as_is, struct object *wanted, envres_error *err)
{
    memset(as_is, 0, sizeof(*as_is));
    envres_status st = object_find(ctx, OBJECT_VARIABLE, write->name, found, as_is, err);
    if (st == ENVRES_OK)
        shape_of(write, *found, as_is, wanted);
    return st;
}

static bool
same_shape(const struct object *a, const struct object *b)
{
    return a->secret == b->secret && strcmp(a->kind, b->kind) == 0;
}

envres_status
variable_check_shape(struct context *ctx, const struct object *as_is, const struct object *wanted,
                     const uint8_t *except, envres_error *err)
{
    if (same_shape(as_is, wanted))
        return ENVRES_OK;
    struct buf where = { .mem = NULL };
    buf_init(&where, ctx->mem, false);
    envres_status st = object_where_set(ctx, as_is, except, &where, err);
    buf_add_char(&where, '\0');
    if (st == ENVRES_OK)
        st = buf_status(&where, err);
    if (st == ENVRES_OK && where.data[0]) {
        st = err_set(err, ENVRES_E_TYPE, "'%s' is a %s %s, not a %s %s", as_is->name,
                     as_is->secret ? "secret" : "plain", as_is->kind,
                     wanted->secret ? "secret" : "plain", wanted->kind);
        err_hint(err, "type and class hold for all environments; it has values in: %s", where.data);
        err_subject(err, as_is->name, strlen(as_is->name));
    }
    buf_free(&where);
    return st;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* The object of a name: found and agreeing, changed where no other environment has a value; or
 * (*found false) as it is to be made. */
static envres_status
settle_object(struct batch *batch, const struct variable_write *write, bool *found,
              struct object *out, envres_error *err)
{
    struct context *ctx = batch->writer->change->ctx;
    struct object as_is = { 0 };
    const uint8_t *except = write->keep_shape ? NULL : batch->writer->environment->id;
    envres_status st = batch_find(batch, write->name, found, &as_is, err);
    if (st < 0)
        return st;
    shape_of(write, *found, &as_is, out);
    if (*found)
        st = object_check_shape(ctx, &as_is, err);
    if (st < 0 || !*found || same_shape(&as_is, out))
        return st;
    st = variable_check_shape(ctx, &as_is, out, except, err);
    return st == ENVRES_OK ? object_update(ctx, out, 0, err) : st;
}

/* `exists` false: the object is not made yet, so there is no row of it. */
static envres_status
check_expected(struct context *ctx, const struct environment *environment,
               const struct object *object, bool exists, int64_t expect, envres_error *err)
{
    struct setting_row row = { .bytes = { .mem = NULL } };
    bool found = false;
    envres_status st = ENVRES_OK;
    if (expect == 0)
        return ENVRES_OK;
    if (exists)
        st = config_current(ctx, environment, object, slice_str(""), &found, &row, err);
    if (st < 0)
        return st;
    int64_t has = found && row.setting.is_set ? row.setting.revision : -1;
    setting_row_free(&row);
    if (has == expect)
        return ENVRES_OK;
    st = err_set(err, ENVRES_E_CHANGED, "'%s' was changed in %s meanwhile", object->name,
                 environment->key);
    err_subject(err, object->name, strlen(object->name));
    err_hint(err, "read it again and decide anew");
    return st;
}

static envres_status
put_existing(struct config_writer *writer, const struct object *object, struct slice value,
             envres_error *err)
{
    struct setting setting = {
        .object_class = OBJECT_VARIABLE,
        .is_set = true,
        .secret = object->secret,
        .field = slice_str(""),
        .name = slice_str(object->name),
        .kind = slice_str(object->kind),
    };
    memcpy(setting.object, object->id, SEAL_ID);
    return config_put(writer, &setting, value, err);
}

static envres_status
put_one(struct batch *batch, const struct variable_write *write, bool *has_template,
        envres_error *err)
{
    struct config_writer *writer = batch->writer;
    struct context *ctx = writer->change->ctx;
    struct object object = { 0 };
    struct buf value = { .mem = NULL };
    bool found = false;
    envres_status st = settle_object(batch, write, &found, &object, err);
    if (st == ENVRES_OK)
        st = check_expected(ctx, writer->environment, &object, found, write->expect, err);
    if (st < 0)
        return st;
    int32_t type = config_type(slice_str(object.kind));
    *has_template = *has_template || type == ENVRES_TYPE_TEMPLATE;
    buf_init(&value, ctx->mem, true);
    st = variable_canonical(ctx->mem, type, write->value, &value, err);
    if (st < 0)
        err_subject(err, write->name.data, write->name.len);
    else if (found)
        st = put_existing(writer, &object, slice_of(value.data, value.len), err);
    else
        st = batch_add(batch, &object, slice_of(value.data, value.len), err);
    buf_free(&value);
    return st;
}

/* A template written now may close a circle with those there are. */
static envres_status
check_templates(struct config_writer *writer, const struct variable_write *writes, size_t count,
                envres_error *err)
{
    struct context *ctx = writer->change->ctx;
    struct reference_graph *graph = NULL;
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        struct object object = { 0 };
        bool found = false;
        st = object_find(ctx, OBJECT_VARIABLE, writes[i].name, &found, &object, err);
        if (st < 0 || !found || config_type(slice_str(object.kind)) != ENVRES_TYPE_TEMPLATE)
            continue;
        if (!graph)
            st = reference_graph_new(ctx, writer->environment, &graph, err);
        if (st == ENVRES_OK)
            st = reference_graph_check(graph, writes[i].name, err);
    }
    reference_graph_free(graph);
    return st;
}

envres_status
variable_put_inside(struct config_writer *writer, const struct variable_write *writes, size_t count,
                    envres_error *err)
{
    struct batch batch;
    envres_status st = ENVRES_OK;
    bool has_template = false;
    batch_init(&batch, writer);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++)
        st = put_one(&batch, &writes[i], &has_template, err);
    if (st == ENVRES_OK)
        st = batch_end(&batch, err);
    batch_free(&batch);
    if (st == ENVRES_OK)
        st = config_end(writer, err);
    return st < 0 || !has_template ? st : check_templates(writer, writes, count, err);
}

struct put_request {
    struct slice environment;
    const struct variable_write *writes;
    size_t count;
};

static envres_status
put_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct put_request *request = asked;
    struct environment row = { 0 };
    struct config_writer writer = { 0 };
    envres_status st = environment_find(change->ctx, request->environment, &row, err);
    if (st == ENVRES_OK)
        st = config_begin(change, &row, &writer, err);
    return st < 0 ? st : variable_put_inside(&writer, request->writes, request->count, err);
}

static void
encode_put(const void *asked, struct buf *out)
{
    const struct put_request *request = asked;
    act_put_text(out, request->environment);
    buf_add_u32(out, (uint32_t)request->count);
    for (size_t i = 0; i < request->count; i++) {
        const struct variable_write *write = &request->writes[i];
        act_put_text(out, write->name);
        act_put_text(out, write->value);
        buf_add_u32(out, (uint32_t)write->type);
        buf_add_u32(out, write->flags);
        buf_add_u64(out, (uint64_t)write->expect);
    }
}

static int
compare_writes(const void *a, const void *b)
{
    const struct variable_write *x = a;
    const struct variable_write *y = b;
    return slice_compare(x->name, y->name);
}

/* In the order of their names, which is the one they are written in. One revision has one value of
 * a name: the same name twice in a call is a mistake. */
static envres_status
sort_writes(struct variable_write *writes, size_t count, envres_error *err)
{
    qsort(writes, count, sizeof(*writes), compare_writes);
    for (size_t i = 1; i < count; i++) {
        struct slice name = writes[i].name;
        if (slice_equal(writes[i - 1].name, name)) {
            envres_status st =
                err_set(err, ENVRES_E_NAME_TAKEN, "the same name is written twice in one call");
            err_subject(err, name.data, name.len);
            return st;
        }
    }
    return ENVRES_OK;
}

static envres_status
read_writes(const struct mem *mem, const envres_variable_write *given, size_t count,
            struct variable_write **out, envres_error *err)
{
    uint32_t stride = 0;
    struct variable_write *writes = NULL;
    if (count > LIMIT_BATCH)
        return err_set(err, ENVRES_E_LIMIT, "one call takes at most %d writes", (int)LIMIT_BATCH);
    if (!given || count == 0)
        return err_set(err, ENVRES_E_INVALID, "there is nothing to write");
    memcpy(&stride, given, sizeof(stride));
    writes = mem_alloc_array(mem, count, sizeof(*writes));
    if (!writes)
        return err_code(err, ENVRES_E_NOMEM);
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        const char *at = (const char *)given + i * stride;
        uint32_t size = 0;
        memcpy(&size, at, sizeof(size));
        if (size != stride)
            st = err_set(err, ENVRES_E_ABI, "the writes have different sizes");
        else
            st = variable_read((const envres_variable_write *)(const void *)at, &writes[i], err);
    }
    if (st == ENVRES_OK)
        st = sort_writes(writes, count, err);
    if (st < 0) {
        mem_free(mem, writes);
        return st;
    }
    *out = writes;
    return ENVRES_OK;
}

static envres_status
run_put(struct context *ctx, struct slice environment, const struct variable_write *writes,
        size_t count, const envres_change *options, int64_t *revision, envres_error *err)
{
    struct put_request request = { environment, writes, count };
    struct change_title title = { "variable.put", "variable/",
                                  count == 1 ? writes[0].name : slice_str("*"), encode_put };
    return change_run(ctx, options, &title, put_inside, &request, revision, err);
}

envres_status
variable_put(struct context *ctx, struct slice environment, const envres_variable_write *given,
             size_t count, const envres_change *options, int64_t *revision, envres_error *err)
{
    struct variable_write *writes = NULL;
    envres_status st = read_writes(ctx->mem, given, count, &writes, err);
    if (st < 0)
        return st;
    st = run_put(ctx, environment, writes, count, options, revision, err);
    mem_free(ctx->mem, writes);
    return st;
}

envres_status
variable_replay_put(struct context *ctx, struct act_reader *reader, const envres_change *given,
                    int64_t *revision, envres_error *err)
{
    struct slice environment = act_text(reader);
    uint32_t count = act_u32(reader);
    if (reader->failed || count == 0 || count > LIMIT_BATCH)
        return act_fault(err);
    struct variable_write *writes = mem_alloc_array(ctx->mem, count, sizeof(*writes));
    if (!writes)
        return err_code(err, ENVRES_E_NOMEM);
    for (uint32_t i = 0; i < count; i++) {
        writes[i] = (struct variable_write){ .keep_shape = false };
        writes[i].name = act_text(reader);
        writes[i].value = act_text(reader);
        writes[i].type = (int32_t)act_u32(reader);
        writes[i].flags = act_u32(reader);
        writes[i].expect = (int64_t)act_u64(reader);
    }
    envres_status st = act_end(reader, err);
    if (st == ENVRES_OK)
        st = run_put(ctx, environment, writes, count, given, revision, err);
    mem_free(ctx->mem, writes);
    return st;
}

/* NOT_SET, naming the environments that do set it. */
static envres_status
not_set(struct context *ctx, const struct environment *environment, const struct object *object,
        envres_error *err)
{
    struct buf where;
    buf_init(&where, ctx->mem, false);
    envres_status st = object_where_set(ctx, object, environment->id, &where, err);
    buf_add_char(&where, '\0');
    if (st == ENVRES_OK)
        st = buf_status(&where, err);
    if (st == ENVRES_OK) {
        st = err_set(err, ENVRES_E_NOT_SET, "'%s' has no value in %s", object->name,
                     environment->key);
        err_subject(err, object->name, strlen(object->name));
        if (where.data[0])
            err_hint(err, "it is set in: %s", where.data);
    }
    buf_free(&where);
    return st;
}

/* Writes "taken away" under the object's present name; *had false: there is no value. */
static envres_status
take_away(struct config_writer *writer, const struct object *object, bool *had, envres_error *err)
{
    struct context *ctx = writer->change->ctx;
    struct setting_row row = { 0 };
    bool found = false;
    envres_status st =
        config_current(ctx, writer->environment, object, slice_str(""), &found, &row, err);
    if (st < 0)
        return st;
    bool is_set = found && row.setting.is_set;
    setting_row_free(&row);
    *had = is_set;
    if (!is_set)
        return ENVRES_OK;
    struct setting setting = {
        .object_class = OBJECT_VARIABLE,
        .secret = object->secret,
        .field = slice_str(""),
        .name = slice_str(object->name),
        .kind = slice_str(object->kind),
    };
    memcpy(setting.object, object->id, SEAL_ID);
    return config_put(writer, &setting, slice_str(""), err);
}

struct unset_request {
    struct slice environment;
    struct slice name;
};

static envres_status
unset_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct unset_request *request = asked;
    struct environment row = { 0 };
    struct object object = { 0 };
    struct config_writer writer = { 0 };
    bool had = false;
    envres_status st = environment_find(change->ctx, request->environment, &row, err);
    /* First: who may not write here is told nothing of what is here. */
    if (st == ENVRES_OK)
        st = config_begin(change, &row, &writer, err);
    if (st == ENVRES_OK)
        st = object_need(change->ctx, OBJECT_VARIABLE, request->name, &object, err);
    if (st == ENVRES_OK)
        st = take_away(&writer, &object, &had, err);
    if (st == ENVRES_OK && !had)
        st = not_set(change->ctx, &row, &object, err);
    if (st == ENVRES_OK)
        st = config_end(&writer, err);
    return st;
}

static void
encode_unset(const void *asked, struct buf *out)
{
    const struct unset_request *request = asked;
    act_put_text(out, request->environment);
    act_put_text(out, request->name);
}

envres_status
variable_replay_unset(struct context *ctx, struct act_reader *reader, const envres_change *given,
                      int64_t *revision, envres_error *err)
{
    struct slice environment = act_text(reader);
    struct slice name = act_text(reader);
    envres_status st = act_end(reader, err);
    return st < 0 ? st : variable_unset(ctx, environment, name, given, revision, err);
}

envres_status
variable_unset(struct context *ctx, struct slice environment, struct slice name,
               const envres_change *options, int64_t *revision, envres_error *err)
{
    struct unset_request request = { environment, name };
    struct change_title title = { "variable.unset", "variable/", name, encode_unset };
    return change_run(ctx, options, &title, unset_inside, &request, revision, err);
}

/* ---- renaming and deleting, in every environment -------------------------------------------- */

/* Seals the present value again under another name. */
static envres_status
move_value(struct config_writer *writer, const struct object *object, struct slice to,
           envres_error *err)
{
    struct context *ctx = writer->change->ctx;
    struct setting_row row = { 0 };
    struct buf value;
    bool found = false;
    envres_status st =
        config_current(ctx, writer->environment, object, slice_str(""), &found, &row, err);
    if (st < 0 || !found)
        return st;
    buf_init(&value, ctx->mem, true);
    struct setting setting = row.setting;
    if (setting.is_set)
        st = config_open_value(ctx->mem, writer->keys, &row.setting, &value, err);
    setting.name = to;
    writer->renames = true;
    if (st == ENVRES_OK && setting.is_set)
        st = config_put(writer, &setting, slice_of(value.data, value.len), err);
    buf_free(&value);
    setting_row_free(&row);
    return st;
}

/* Renames (to.data set) or takes away in every environment where the object has a value. */
static envres_status
change_everywhere(struct change *change, const struct object *object, struct slice to,
                  envres_error *err)
{
    struct context *ctx = change->ctx;
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = environment_all(ctx, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        struct config_writer writer = { 0 };
        bool had = false;
        st = config_begin(change, &all[i], &writer, err);
        if (st == ENVRES_OK && to.data)
            st = move_value(&writer, object, to, err);
        else if (st == ENVRES_OK)
            st = take_away(&writer, object, &had, err);
        if (st == ENVRES_OK)
            st = config_end(&writer, err);
    }
    mem_free(ctx->mem, all);
    change->has_environment = false;
    change->revision = 0;
    return st;
}

struct rename_request {
    struct slice name;
    struct slice to;
};

static envres_status
rename_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct rename_request *request = asked;
    struct slice name = request->name;
    struct slice to = request->to;
    struct context *ctx = change->ctx;
    struct object object = { 0 };
    struct object other = { 0 };
    bool taken = false;
    envres_status st = object_need(ctx, OBJECT_VARIABLE, name, &object, err);
    if (st == ENVRES_OK)
        st = object_find(ctx, OBJECT_VARIABLE, to, &taken, &other, err);
    if (st == ENVRES_OK && taken) {
        st = err_set(err, ENVRES_E_NAME_TAKEN, "there is a variable '%s' already", other.name);
        err_subject(err, to.data, to.len);
    }
    if (st == ENVRES_OK && !change->force)
        st = reference_check_unused(ctx, OBJECT_VARIABLE, name, err);
    if (st == ENVRES_OK)
        st = change_everywhere(change, &object, to, err);
    if (st == ENVRES_OK) {
        memcpy(object.name, to.data, to.len);
        object.name[to.len] = '\0';
        st = object_update(ctx, &object, 0, err);
    }
    return st;
}

static envres_status
delete_inside(struct change *change, const void *asked, envres_error *err)
{
    struct slice name = *(const struct slice *)asked;
    struct context *ctx = change->ctx;
    struct object object = { 0 };
    envres_status st = object_need(ctx, OBJECT_VARIABLE, name, &object, err);
    if (st == ENVRES_OK && !change->force)
        st = reference_check_unused(ctx, OBJECT_VARIABLE, name, err);
    if (st == ENVRES_OK)
        st = change_everywhere(change, &object, slice_of(NULL, 0), err);
    if (st == ENVRES_OK)
        st = object_update(ctx, &object, change->now ? change->now : 1, err);
    return st;
}

static void
encode_rename(const void *asked, struct buf *out)
{
    const struct rename_request *request = asked;
    act_put_text(out, request->name);
    act_put_text(out, request->to);
}

envres_status
variable_replay_rename(struct context *ctx, struct act_reader *reader, const envres_change *given,
                       int64_t *revision, envres_error *err)
{
    struct slice name = act_text(reader);
    struct slice to = act_text(reader);
    envres_status st = act_end(reader, err);
    (void)revision;
    return st < 0 ? st : variable_rename(ctx, name, to, given, err);
}

envres_status
variable_rename(struct context *ctx, struct slice name, struct slice to,
                const envres_change *options, envres_error *err)
{
    struct rename_request request = { name, to };
    struct change_title title = { "variable.rename", "variable/", name, encode_rename };
    envres_status st = text_check_name(to, "variable name", err);
    return st < 0 ? st : change_run(ctx, options, &title, rename_inside, &request, NULL, err);
}

static void
encode_delete(const void *asked, struct buf *out)
{
    act_put_text(out, *(const struct slice *)asked);
}

envres_status
variable_replay_delete(struct context *ctx, struct act_reader *reader, const envres_change *given,
                       int64_t *revision, envres_error *err)
{
    struct slice name = act_text(reader);
    envres_status st = act_end(reader, err);
    (void)revision;
    return st < 0 ? st : variable_delete(ctx, name, given, err);
}

envres_status
variable_delete(struct context *ctx, struct slice name, const envres_change *options,
                envres_error *err)
{
    struct change_title title = { "variable.delete", "variable/", name, encode_delete };
    return change_run(ctx, options, &title, delete_inside, &name, NULL, err);
}

/* ---- reading -------------------------------------------------------------------------------- */

static envres_status
get_inside(struct context *ctx, struct slice environment, struct slice name, uint32_t flags,
           envres_value **out, envres_error *err)
{
    struct environment env = { 0 };
    struct object object = { 0 };
    struct setting_row row = { .bytes = { .mem = NULL } };
    struct env_keys *keys = NULL;
    struct buf value = { .mem = NULL };
    bool found = false;
    envres_status st = environment_find(ctx, environment, &env, err);
    if (st == ENVRES_OK)
        st = right_check(ctx, ACTION_READ, &env, err);
    if (st == ENVRES_OK)
        st = config_check(ctx, &env, err);
    if (st == ENVRES_OK)
        st = config_need_variable(ctx, &env, name, &object, err);
    if (st == ENVRES_OK)
        st = config_current(ctx, &env, &object, slice_str(""), &found, &row, err);
    if (st == ENVRES_OK && (!found || !row.setting.is_set))
        st = not_set(ctx, &env, &object, err);
    if (st == ENVRES_OK && row.setting.secret && !(flags & ENVRES_READ_REVEAL)) {
        st = err_set(err, ENVRES_E_SECRET_SINK, "'%s' is a secret", object.name);
        err_subject(err, name.data, name.len);
        err_hint(err, "ask for it to be revealed");
    }
    if (st == ENVRES_OK && row.setting.secret)
        st = right_check(ctx, ACTION_REVEAL, &env, err);
    if (st == ENVRES_OK)
        st = context_keys(ctx, &env, &keys, err);
    if (st < 0)
        goto out;
    buf_init(&value, ctx->mem, row.setting.secret);
    st = config_open_value(ctx->mem, keys, &row.setting, &value, err);
    if (st < 0)
        goto out;
    struct value_range all = { 0, value.len };
    st = value_from_buf(config_type(row.setting.kind), &value, &all, row.setting.secret ? 1 : 0,
                        out, err);
out:
    buf_free(&value);
    setting_row_free(&row);
    return st;
}

envres_status
variable_get(struct context *ctx, struct slice environment, struct slice name, uint32_t flags,
             envres_value **out, envres_error *err)
{
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    envres_value *value = NULL;
    st = db_end(ctx->db, get_inside(ctx, environment, name, flags, &value, err), NULL, err);
    if (st < 0)
        envres_value_free(value);
    else
        *out = value;
    return st;
}
