/* SPDX-License-Identifier: MIT */
/*
 * Statements. A statement is one block of memory: parameters, text, values, names. It is written in
 * two steps, so that it is allocated once and at its size: first every expression becomes items
 * (one for a value or an identifier, one for each element of a list), then the template's segments
 * say which of them go where.
 *
 * Only three things reach the text: the template's literals, placeholders, and identifiers that are
 * on the caller's list, quoted. Values are copied into parameters and never looked at.
 */
#include "lang/statement.h"

#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "lang/params.h"
#include "lang/sql.h"

struct statement_param {
    const char *name;
    const char *value; /* NULL: null */
    uint32_t len;
    int32_t type;
    bool secret;
};

struct envres_statement {
    struct mem mem;
    size_t size; /* of the block */
    const char *text;
    size_t text_len;
    uint32_t first;
    uint32_t count;
    bool secret;
    struct statement_param params[];
};

/* ---- expressions become items --------------------------------------------------------------- */

struct item {
    const char *data; /* NULL: `offset` is one into the copies */
    size_t offset;
    uint32_t len;
    int32_t type;
};

struct cooked {
    uint32_t first; /* item */
    uint32_t count;
    const char *name; /* once it is written */
};

enum { INLINE_EXPRS = 16, INLINE_ITEMS = 32 };

struct writer {
    const struct mem *mem;
    const envres_template *tmpl;
    struct template_view view;
    const struct dialect *dialect;
    const struct statement_operand *operands;
    const envres_params *allowed;
    struct cooked *cooked; /* by expression */
    struct item *items;
    size_t item_count;
    size_t item_room;
    struct buf copies;
    struct buf scratch[2];
    uint64_t text_len;
    uint64_t values_len;
    uint64_t values_count; /* but nulls */
    uint64_t names_len;
    uint64_t count; /* of parameters */
    struct cooked inline_cooked[INLINE_EXPRS];
    struct item inline_items[INLINE_ITEMS];
};

static envres_status
add_item(struct writer *writer, struct item item, envres_error *err)
{
    if (writer->item_count == writer->item_room) {
        bool is_inline = writer->items == writer->inline_items;
        struct item *grown = mem_grow(writer->mem, is_inline ? NULL : writer->items,
                                      &writer->item_room, writer->item_count, sizeof(*grown));
        if (!grown)
            return err_code(err, ENVRES_E_NOMEM);
        if (is_inline)
            memcpy(grown, writer->inline_items, sizeof(writer->inline_items));
        writer->items = grown;
    }
    writer->items[writer->item_count++] = item;
    return ENVRES_OK;
}

/* What was appended to the copies since `start`. */
static envres_status
add_copy(struct writer *writer, size_t start, int32_t type, envres_error *err)
{
    envres_status st = buf_status(&writer->copies, err);
    struct item item = { NULL, start, (uint32_t)(writer->copies.len - start), type };
    return st < 0 ? st : add_item(writer, item, err);
}

/* A number in canonical form is an integer when it is one of 64 bits. */
static int32_t
number_type(struct slice text)
{
    enum { ALWAYS_FITS = 18 };
    struct json_number number = { 0 };
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '-' && (text.data[i] < '0' || text.data[i] > '9'))
            return ENVRES_TYPE_NUMBER;
    }
    if (text.len > ALWAYS_FITS &&
        (json_number(text.data, text.len, &number, NULL) < 0 || !number.is_integer))
        return ENVRES_TYPE_NUMBER;
    return ENVRES_TYPE_INTEGER;
}

static envres_status
cook_value(struct writer *writer, const struct operand *value, bool is_borrowed, envres_error *err)
{
    int32_t type = value->type == ENVRES_TYPE_NUMBER ? number_type(value->text) : value->type;
    if (is_borrowed) {
        struct item item = { value->text.data, 0, (uint32_t)value->text.len, type };
        return add_item(writer, item, err);
    }
    size_t start = writer->copies.len;
    buf_add(&writer->copies, value->text.data, value->text.len);
    return add_copy(writer, start, type, err);
}

static envres_status
cook_element(struct writer *writer, const struct json_doc *doc, uint32_t node, envres_error *err)
{
    size_t start = writer->copies.len;
    struct slice span = json_span(doc, node);
    struct json_number number = { 0 };
    int32_t type = ENVRES_TYPE_JSON;
    envres_status st = ENVRES_OK;
    switch (json_kind_of(doc, node)) {
    case JSON_STRING:
        json_string(doc, node, &writer->copies);
        return add_copy(writer, start, ENVRES_TYPE_STRING, err);
    case JSON_NUMBER:
        st = json_number(span.data, span.len, &number, err);
        if (st < 0)
            return st;
        json_write_number(&writer->copies, &number);
        return add_copy(writer, start, number.is_integer ? ENVRES_TYPE_INTEGER : ENVRES_TYPE_NUMBER,
                        err);
    case JSON_NULL:
        type = ENVRES_TYPE_NULL;
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        type = ENVRES_TYPE_BOOLEAN;
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    buf_add(&writer->copies, span.data, span.len);
    return add_copy(writer, start, type, err);
}

static envres_status
cook_list(struct writer *writer, struct slice json, envres_error *err)
{
    struct json_doc *doc = NULL;
    envres_status st = sql_check_list(json, err);
    if (st == ENVRES_OK)
        st = json_parse(writer->mem, json.data, json.len, &doc, err);
    if (st < 0)
        return st;
    uint32_t node = json_first(doc, 0);
    for (uint32_t left = json_size(doc, 0); st == ENVRES_OK && left > 0; left--) {
        st = cook_element(writer, doc, node, err);
        node = json_next(doc, node);
    }
    json_free(doc);
    return st;
}

static envres_status
cook_ident(struct writer *writer, struct slice name, envres_error *err)
{
    char quote = writer->dialect->ident_quote;
    if (!params_allow(writer->allowed, name)) {
        err_set(err, ENVRES_E_IDENT, "the value is not among the identifiers that are allowed");
        err_hint(err, "allow it where the statement is asked for, letter by letter");
        return ENVRES_E_IDENT;
    }
    if (writer->dialect->ident_max > 0 && name.len > writer->dialect->ident_max) {
        err_set(err, ENVRES_E_LIMIT, "%s cuts identifiers behind %u bytes", writer->dialect->name,
                (unsigned)writer->dialect->ident_max);
        return ENVRES_E_LIMIT;
    }
    size_t start = writer->copies.len;
    buf_add_char(&writer->copies, quote);
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == quote)
            buf_add_char(&writer->copies, quote);
        buf_add_char(&writer->copies, name.data[i]);
    }
    buf_add_char(&writer->copies, quote);
    return add_copy(writer, start, ENVRES_TYPE_STRING, err);
}

static envres_status
forbid_secret_name(envres_error *err)
{
    err_set(err, ENVRES_E_SECRET_SINK, "a secret cannot be an identifier: the text holds none");
    err_hint(err, "bind it as a value, or take the name from something plain");
    return ENVRES_E_SECRET_SINK;
}

static envres_status
cook_expr(struct writer *writer, uint32_t index, envres_error *err)
{
    const struct template_expr *expr = &writer->view.exprs[index];
    const struct statement_operand *operand = &writer->operands[index];
    struct operand value = operand->value;
    bool is_bare = !operand->missing && expr->filter_count == expr->has_default;
    if (!is_bare) {
        writer->scratch[0].len = writer->scratch[1].len = 0;
        envres_status st =
            template_filter(writer->tmpl, index, operand->missing ? NULL : &operand->value,
                            writer->scratch, &value, err);
        if (st < 0)
            return st;
    }
    switch (expr->place) {
    case PLACE_SQL_LIST:
        return cook_list(writer, value.text, err);
    case PLACE_SQL_IDENT:
        return operand->secret ? forbid_secret_name(err) : cook_ident(writer, value.text, err);
    default:
        return cook_value(writer, &value, is_bare, err);
    }
}

/* ---- sizes ---------------------------------------------------------------------------------- */

#define ROOT(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
static const struct slice roots[] = {
    [REF_ENVIRONMENT_NAME] = ROOT("environment.name"),
    [REF_ENVIRONMENT_LABEL] = ROOT("environment.label"),
    [REF_VARIABLE] = ROOT("environment.variables."),
    [REF_RESOURCE] = ROOT("resources."),
    [REF_PARAM] = ROOT("params."),
    [REF_APP_NAME] = ROOT("app.name"),
    [REF_APP_VERSION] = ROOT("app.version"),
    [REF_APP_RELEASE] = ROOT("app.release"),
};

static size_t
path_len(const struct template_ref *ref)
{
    return roots[ref->root].len + ref->name.len + (ref->field.len ? 1 : 0) + ref->field.len;
}

static char *
put(char *to, const char *data, size_t len)
{
    if (len > 0)
        memcpy(to, data, len);
    return to + len;
}

static char *
write_path(const struct template_ref *ref, char *to)
{
    to = put(to, roots[ref->root].data, roots[ref->root].len);
    to = put(to, ref->name.data, ref->name.len);
    if (ref->field.len > 0) {
        *to++ = '.';
        to = put(to, ref->field.data, ref->field.len);
    }
    *to = '\0';
    return to + 1;
}

/* What one tag adds: exactly. */
static void
measure_tag(struct writer *writer, uint32_t expr)
{
    const struct cooked *cooked = &writer->cooked[expr];
    const struct item *items = writer->items + cooked->first;
    enum expr_place place = (enum expr_place)writer->view.exprs[expr].place;
    if (place == PLACE_SQL_IDENT) {
        writer->text_len += items[0].len;
        return;
    }
    if (place == PLACE_SQL_LIST)
        writer->text_len += 2 * (uint64_t)cooked->count; /* parentheses and ", " between */
    for (uint32_t i = 0; i < cooked->count; i++) {
        uint32_t number = writer->view.own + (uint32_t)++writer->count;
        writer->text_len += sql_placeholder_len(writer->view.style, number);
        if (items[i].type != ENVRES_TYPE_NULL) {
            writer->values_len += items[i].len;
            writer->values_count++;
        }
    }
}

static envres_status
measure(struct writer *writer, uint64_t max, envres_error *err)
{
    const struct template_view *view = &writer->view;
    uint64_t most = writer->dialect->params_max - view->own;
    envres_status st = ENVRES_OK;
    writer->text_len = view->literal_len;
    for (uint32_t i = 0; i < view->segment_count; i++) {
        if (view->segments[i].expr == EXPR_NONE)
            continue;
        measure_tag(writer, view->segments[i].expr);
        if (writer->count > most)
            st = err_set(err, ENVRES_E_LIMIT, "%s takes no more than %u parameters",
                         writer->dialect->name, (unsigned)writer->dialect->params_max);
        else if (writer->text_len + writer->values_len > max)
            st = err_set(err, ENVRES_E_LIMIT, "the statement is longer than %llu bytes",
                         (unsigned long long)max);
        if (st < 0) {
            template_position(writer->tmpl, i, err);
            return st;
        }
    }
    for (uint32_t i = 0; i < view->expr_count; i++)
        writer->names_len += path_len(&view->refs[view->exprs[i].ref]) + 1;
    return ENVRES_OK;
}

/* ---- writing -------------------------------------------------------------------------------- */

struct out {
    envres_statement *statement;
    char *text;
    char *value;
    char *name;
};

static const char *
item_data(const struct writer *writer, const struct item *item)
{
    if (item->len == 0)
        return "";
    return item->data ? item->data : writer->copies.data + item->offset;
}

static void
write_param(struct writer *writer, struct out *out, uint32_t expr, const struct item *item)
{
    envres_statement *statement = out->statement;
    struct statement_param *param = &statement->params[statement->count];
    struct cooked *cooked = &writer->cooked[expr];
    if (!cooked->name) {
        cooked->name = out->name;
        out->name = write_path(&writer->view.refs[writer->view.exprs[expr].ref], out->name);
    }
    const struct statement_operand *operand = &writer->operands[expr];
    *param = (struct statement_param){ .name = cooked->name,
                                       .type = item->type,
                                       .secret = operand->secret && !operand->missing };
    if (item->type != ENVRES_TYPE_NULL) {
        param->value = out->value;
        param->len = item->len;
        out->value = put(out->value, item_data(writer, item), item->len);
        *out->value++ = '\0';
    }
    statement->secret = statement->secret || param->secret;
    out->text +=
        sql_write_placeholder(writer->view.style, statement->first + statement->count, out->text);
    statement->count++;
}

static void
write_tag(struct writer *writer, struct out *out, uint32_t expr)
{
    const struct cooked *cooked = &writer->cooked[expr];
    enum expr_place place = (enum expr_place)writer->view.exprs[expr].place;
    const struct item *items = writer->items + cooked->first;
    if (place == PLACE_SQL_IDENT) {
        out->text = put(out->text, item_data(writer, items), items->len);
        return;
    }
    if (place == PLACE_SQL_LIST)
        *out->text++ = '(';
    for (uint32_t i = 0; i < cooked->count; i++) {
        if (i > 0)
            out->text = put(out->text, ", ", 2);
        write_param(writer, out, expr, &items[i]);
    }
    if (place == PLACE_SQL_LIST)
        *out->text++ = ')';
}

static envres_status
write_all(struct writer *writer, envres_statement **result, envres_error *err)
{
    const struct template_view *view = &writer->view;
    uint64_t params = writer->count * sizeof(struct statement_param);
    uint64_t values_room = writer->values_len + writer->values_count;
    uint64_t size =
        sizeof(envres_statement) + params + writer->text_len + 1 + values_room + writer->names_len;
    bool fits = (size_t)size == size;
    envres_statement *statement = fits ? mem_alloc(writer->mem, (size_t)size) : NULL;
    if (!statement)
        return err_code(err, ENVRES_E_NOMEM);
    *statement = (envres_statement){ .mem = *writer->mem, .size = (size_t)size };
    char *text = (char *)statement + sizeof(*statement) + params;
    char *values = text + writer->text_len + 1;
    struct out out = { statement, text, values, values + values_room };
    statement->first = view->own + 1;
    statement->text = text;
    for (uint32_t i = 0; i < view->segment_count; i++) {
        const struct segment *segment = &view->segments[i];
        out.text = put(out.text, view->text + segment->offset, segment->len);
        if (segment->expr != EXPR_NONE)
            write_tag(writer, &out, segment->expr);
    }
    *out.text = '\0';
    statement->text_len = (size_t)(out.text - text);
    assert(statement->text_len == writer->text_len && out.value == values + values_room);
    *result = statement;
    return ENVRES_OK;
}

static envres_status
writer_begin(struct writer *writer, const struct mem *mem, const envres_template *tmpl,
             const struct statement_operand *operands, const envres_params *params,
             envres_error *err)
{
    writer->mem = mem;
    writer->tmpl = tmpl;
    writer->operands = operands;
    writer->allowed = params;
    writer->cooked = writer->inline_cooked;
    writer->items = writer->inline_items;
    writer->item_count = 0;
    writer->item_room = INLINE_ITEMS;
    writer->values_len = writer->values_count = writer->names_len = writer->count = 0;
    template_view(tmpl, &writer->view);
    writer->dialect = dialect_row(writer->view.dialect);
    buf_init(&writer->copies, mem, true);
    buf_init(&writer->scratch[0], mem, true);
    buf_init(&writer->scratch[1], mem, true);
    writer->copies.max = writer->scratch[0].max = writer->scratch[1].max = LIMIT_OUTPUT;
    if (writer->view.expr_count > INLINE_EXPRS) {
        writer->cooked = mem_alloc_array(mem, writer->view.expr_count, sizeof(struct cooked));
        if (!writer->cooked)
            return err_code(err, ENVRES_E_NOMEM);
    }
    return ENVRES_OK;
}

static void
writer_end(struct writer *writer)
{
    if (writer->cooked != writer->inline_cooked)
        mem_free(writer->mem, writer->cooked);
    if (writer->items != writer->inline_items)
        mem_free(writer->mem, writer->items);
    buf_free(&writer->copies);
    buf_free(&writer->scratch[0]);
    buf_free(&writer->scratch[1]);
}

envres_status
statement_write(const struct mem *mem, const envres_template *tmpl,
                const struct statement_operand *operands, const envres_params *params, uint64_t max,
                envres_statement **out, envres_error *err)
{
    struct writer writer;
    envres_status st = writer_begin(&writer, mem, tmpl, operands, params, err);
    for (uint32_t i = 0; st == ENVRES_OK && i < writer.view.expr_count; i++) {
        const struct slice *name = &writer.view.refs[writer.view.exprs[i].ref].name;
        writer.cooked[i] = (struct cooked){ .first = (uint32_t)writer.item_count };
        st = cook_expr(&writer, i, err);
        writer.cooked[i].count = (uint32_t)writer.item_count - writer.cooked[i].first;
        if (st < 0 && st != ENVRES_E_NOMEM) {
            template_position(tmpl, template_first_use(&writer.view, i), err);
            err_subject(err, name->data, name->len);
        }
    }
    if (st == ENVRES_OK)
        st = measure(&writer, max, err);
    if (st == ENVRES_OK)
        st = write_all(&writer, out, err);
    writer_end(&writer);
    return st;
}

/* ---- reading -------------------------------------------------------------------------------- */

static const struct statement_param *
param_at(const envres_statement *statement, uint32_t index)
{
    return statement && index < statement->count ? &statement->params[index] : NULL;
}

const char *
envres_statement_text(const envres_statement *statement, size_t *len)
{
    if (len)
        *len = statement ? statement->text_len : 0;
    return statement ? statement->text : "";
}

uint32_t
envres_statement_count(const envres_statement *statement)
{
    return statement ? statement->count : 0;
}

uint32_t
envres_statement_first(const envres_statement *statement)
{
    return statement ? statement->first : 1;
}

const char *
envres_statement_name(const envres_statement *statement, uint32_t index)
{
    const struct statement_param *param = param_at(statement, index);
    return param ? param->name : "";
}

int32_t
envres_statement_type(const envres_statement *statement, uint32_t index)
{
    const struct statement_param *param = param_at(statement, index);
    return param ? param->type : 0;
}

const char *
envres_statement_value(const envres_statement *statement, uint32_t index, size_t *len)
{
    const struct statement_param *param = param_at(statement, index);
    if (len)
        *len = param ? param->len : 0;
    return param ? param->value : NULL;
}

int64_t
envres_statement_integer(const envres_statement *statement, uint32_t index)
{
    const struct statement_param *param = param_at(statement, index);
    struct json_number number = { 0 };
    if (param && param->type == ENVRES_TYPE_BOOLEAN)
        return param->value[0] == 't';
    if (!param || param->type != ENVRES_TYPE_INTEGER)
        return 0;
    return json_number(param->value, param->len, &number, NULL) == ENVRES_OK ? number.integer : 0;
}

double
envres_statement_double(const envres_statement *statement, uint32_t index)
{
    const struct statement_param *param = param_at(statement, index);
    double real = 0;
    if (!param || (param->type != ENVRES_TYPE_INTEGER && param->type != ENVRES_TYPE_NUMBER))
        return 0;
    return json_real(param->value, param->len, &real, NULL) == ENVRES_OK ? real : 0;
}

int32_t
envres_statement_is_secret(const envres_statement *statement, uint32_t index)
{
    const struct statement_param *param = param_at(statement, index);
    return param && param->secret;
}

void
envres_statement_free(envres_statement *statement)
{
    if (!statement)
        return;
    struct mem mem = statement->mem;
    size_t size = statement->size;
    if (statement->secret)
        mem_wipe(statement, size);
    mem_free(&mem, statement);
}
