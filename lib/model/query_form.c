/* SPDX-License-Identifier: MIT */
/*
 * What a query is made of. The kind of its resource decides how its texts are read:
 *
 *   postgres, mysql, sqlite   text: context sql, in that dialect
 *   rest, graphql             path: url; headers, text (the body): json; method: one of a list
 *
 * Invariants: a form that compiles has no tag of a parameter that is not declared, and none that
 * could be without a value. A path leads below the resource's address, whatever values are in it.
 *
 * Canonical encoding: format u8, four texts (u32 length + bytes), u32 count, and for each parameter
 * name, type u8, optional u8, has a preset u8, preset.
 */
#include "model/query_form.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "lang/params.h"
#include "model/act.h"

enum { FORM_FORMAT = 1 };

static const char *const text_names[ENVRES_QUERY_TEXTS] = {
    [ENVRES_QUERY_TEXT] = "the text",
    [ENVRES_QUERY_METHOD] = "the method",
    [ENVRES_QUERY_PATH] = "the path",
    [ENVRES_QUERY_HEADERS] = "the headers",
};

/* ---- kinds ---------------------------------------------------------------------------------- */

static const struct query_kind {
    const char *name;
    uint32_t dialect; /* 0: a request */
    bool only_post;
} query_kinds[] = {
    { "postgres", ENVRES_DIALECT_POSTGRES, false },
    { "mysql", ENVRES_DIALECT_MYSQL, false },
    { "sqlite", ENVRES_DIALECT_SQLITE, false },
    { "rest", 0, false },
    { "graphql", 0, true },
};

static const struct query_kind *
find_kind(struct slice name)
{
    for (size_t i = 0; i < sizeof(query_kinds) / sizeof(query_kinds[0]); i++) {
        if (slice_equal(name, slice_str(query_kinds[i].name)))
            return &query_kinds[i];
    }
    return NULL;
}

struct slice
query_method(const struct query_form *form, struct slice kind_name)
{
    const struct query_kind *kind = find_kind(kind_name);
    if (!kind || kind->dialect)
        return slice_str("");
    if (form->texts[ENVRES_QUERY_METHOD].len > 0)
        return form->texts[ENVRES_QUERY_METHOD];
    return slice_str(kind->only_post || form->texts[ENVRES_QUERY_TEXT].len > 0 ? "POST" : "GET");
}

/* ---- reading a call ------------------------------------------------------------------------- */

const struct query_param *
query_param_find(const struct query_form *form, struct slice name)
{
    for (uint32_t i = 0; i < form->count; i++) {
        if (slice_equal(name, form->params[i].name))
            return &form->params[i];
    }
    return NULL;
}

static bool
is_param_type(int32_t type)
{
    static const int32_t types[] = {
        ENVRES_TYPE_STRING,  ENVRES_TYPE_INTEGER, ENVRES_TYPE_NUMBER,
        ENVRES_TYPE_BOOLEAN, ENVRES_TYPE_JSON,    ENVRES_TYPE_TIMESTAMP
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (type == types[i])
            return true;
    }
    return false;
}

/* A preset is a value like any other: it is tried. */
static envres_status
check_preset(const struct mem *mem, const struct query_param *param, envres_error *err)
{
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = mem->reallocate,
                               .user = mem->user };
    struct query_given given = { .value = { ENVRES_TYPE_STRING, param->preset },
                                 .read_string = true };
    envres_params *scratch = envres_params_new(&alloc);
    if (!scratch)
        return err_code(err, ENVRES_E_NOMEM);
    envres_status st = query_param_set(param, &given, scratch, err);
    envres_params_free(scratch);
    return st;
}

static envres_status
read_param(const struct mem *mem, const envres_query_param *from, struct query_form *form,
           envres_error *err)
{
    envres_query_param given = { 0 };
    struct query_param param = { 0 };
    envres_status st = opts_read(&given, sizeof(given), sizeof(given), from, err);
    if (st == ENVRES_OK &&
        ((given.flags & ~(uint32_t)ENVRES_QUERY_PARAM_OPTIONAL) || given.reserved))
        st = err_set(err, ENVRES_E_INVALID, "the parameter has an unknown flag");
    if (st == ENVRES_OK)
        st = text_argument(given.name, given.name_len, LIMIT_TEMPLATE, "the parameter's name",
                           &param.name, err);
    if (st == ENVRES_OK)
        st = text_check_name(param.name, "parameter name", err);
    if (st == ENVRES_OK && query_param_find(form, param.name))
        st = err_set(err, ENVRES_E_NAME_TAKEN, "parameter '%.*s' is declared twice",
                     (int)param.name.len, param.name.data);
    if (st == ENVRES_OK && !is_param_type(given.type)) {
        st = err_set(err, ENVRES_E_TYPE, "parameter '%.*s' cannot be of this type",
                     (int)param.name.len, param.name.data);
        err_hint(err, "there are: string, integer, number, boolean, json, timestamp");
    }
    if (st == ENVRES_OK && given.preset)
        st = text_argument(given.preset, given.preset_len, LIMIT_VALUE, "the preset", &param.preset,
                           err);
    param.type = given.type;
    param.optional = (given.flags & ENVRES_QUERY_PARAM_OPTIONAL) != 0 || given.preset;
    if (st == ENVRES_OK && given.preset)
        st = check_preset(mem, &param, err);
    if (st < 0 && param.name.len > 0)
        err_subject(err, param.name.data, param.name.len);
    if (st == ENVRES_OK)
        form->params[form->count++] = param;
    return st;
}

static envres_status
read_params(const struct mem *mem, const envres_query_write *write, struct query_form *out,
            envres_error *err)
{
    uint32_t stride = 0;
    if (write->count == 0)
        return ENVRES_OK;
    if (!write->params)
        return err_set(err, ENVRES_E_INVALID, "the parameters are NULL");
    if (write->count > LIMIT_QUERY_PARAMS)
        return err_set(err, ENVRES_E_LIMIT, "a query declares at most %d parameters",
                       (int)LIMIT_QUERY_PARAMS);
    out->params = mem_alloc_array(mem, write->count, sizeof(*out->params));
    if (!out->params)
        return err_code(err, ENVRES_E_NOMEM);
    memcpy(&stride, write->params, sizeof(stride));
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < write->count; i++)
        st = read_param(mem, (const void *)((const char *)write->params + i * stride), out, err);
    return st;
}

envres_status
query_form_read(const struct mem *mem, const envres_query_write *write, struct query_form *out,
                envres_error *err)
{
    const struct {
        const char *data;
        size_t len;
    } given[ENVRES_QUERY_TEXTS] = {
        [ENVRES_QUERY_TEXT] = { write->text, write->text_len },
        [ENVRES_QUERY_METHOD] = { write->method, write->method_len },
        [ENVRES_QUERY_PATH] = { write->path, write->path_len },
        [ENVRES_QUERY_HEADERS] = { write->headers, write->headers_len },
    };
    envres_status st = ENVRES_OK;
    *out = (struct query_form){ .count = 0 };
    for (uint32_t i = 0; st == ENVRES_OK && i < ENVRES_QUERY_TEXTS; i++) {
        out->texts[i] = slice_str("");
        if (given[i].data)
            st = text_argument(given[i].data, given[i].len, LIMIT_QUERY, text_names[i],
                               &out->texts[i], err);
    }
    if (st == ENVRES_OK)
        st = read_params(mem, write, out, err);
    if (st < 0)
        query_form_free(mem, out);
    return st;
}

void
query_form_free(const struct mem *mem, struct query_form *form)
{
    mem_free(mem, form->params);
    form->params = NULL;
    form->count = 0;
}

/* ---- the encoding --------------------------------------------------------------------------- */

void
query_form_encode(const struct query_form *form, struct buf *out)
{
    buf_add_char(out, FORM_FORMAT);
    for (uint32_t i = 0; i < ENVRES_QUERY_TEXTS; i++)
        buf_add_text(out, form->texts[i].data, form->texts[i].len);
    buf_add_u32(out, form->count);
    for (uint32_t i = 0; i < form->count; i++) {
        const struct query_param *param = &form->params[i];
        buf_add_text(out, param->name.data, param->name.len);
        buf_add_char(out, (char)param->type);
        buf_add_char(out, param->optional ? 1 : 0);
        buf_add_char(out, param->preset.data ? 1 : 0);
        buf_add_text(out, param->preset.data ? param->preset.data : "", param->preset.len);
    }
}

static struct slice
take_text(struct act_reader *reader)
{
    uint32_t len = act_u32(reader);
    const uint8_t *bytes = reader->failed ? NULL : act_bytes(reader, len);
    return bytes ? slice_of((const char *)bytes, len) : slice_str("");
}

static uint8_t
take_byte(struct act_reader *reader)
{
    const uint8_t *byte = act_bytes(reader, 1);
    return byte ? *byte : 0;
}

envres_status
query_form_decode(const struct mem *mem, struct slice body, struct query_form *out,
                  envres_error *err)
{
    struct act_reader reader = { .at = body.data, .left = body.len };
    *out = (struct query_form){ .count = 0 };
    bool good = take_byte(&reader) == FORM_FORMAT;
    for (uint32_t i = 0; i < ENVRES_QUERY_TEXTS; i++)
        out->texts[i] = take_text(&reader);
    uint32_t count = act_u32(&reader);
    if (!good || reader.failed || count > LIMIT_QUERY_PARAMS)
        return err_set(err, ENVRES_E_INTEGRITY, "the query is not one that was written here");
    out->params = mem_alloc_array(mem, count, sizeof(*out->params));
    if (!out->params)
        return err_code(err, ENVRES_E_NOMEM);
    for (uint32_t i = 0; i < count; i++) {
        struct query_param *param = &out->params[i];
        *param = (struct query_param){ .name = take_text(&reader) };
        param->type = take_byte(&reader);
        uint8_t optional = take_byte(&reader);
        uint8_t has_preset = take_byte(&reader);
        struct slice preset = take_text(&reader);
        param->optional = optional == 1;
        if (has_preset)
            param->preset = preset;
        good = good && text_is_name(param->name) && optional <= 1 && has_preset <= 1 &&
               (has_preset || preset.len == 0);
    }
    out->count = count;
    if (good && !reader.failed && reader.left == 0)
        return ENVRES_OK;
    query_form_free(mem, out);
    return err_set(err, ENVRES_E_INTEGRITY, "the query is not one that was written here");
}

/* ---- compiling ------------------------------------------------------------------------------ */

static envres_status
undeclared(const struct query_form *form, struct slice name, envres_error *err)
{
    struct nearest nearest = { 0 };
    nearest_init(&nearest, name);
    for (uint32_t i = 0; i < form->count; i++)
        nearest_add(&nearest, form->params[i].name);
    envres_status st = err_set(err, ENVRES_E_NOT_FOUND, "the query declares no parameter '%.*s'",
                               (int)name.len, name.data);
    err_subject(err, name.data, name.len);
    if (nearest.best.data)
        err_hint(err, "did you mean '%.*s'?", (int)nearest.best.len, nearest.best.data);
    return st;
}

static envres_status
check_tags(const struct query_form *form, const envres_template *tmpl, envres_error *err)
{
    struct template_view view = { 0 };
    template_view(tmpl, &view);
    for (uint32_t i = 0; i < view.expr_count; i++) {
        const struct template_ref *ref = &view.refs[view.exprs[i].ref];
        if (ref->root != REF_PARAM)
            continue;
        const struct query_param *param = query_param_find(form, ref->name);
        envres_status st = ENVRES_OK;
        if (!param) {
            st = undeclared(form, ref->name, err);
        } else if (param->optional && !param->preset.data && !view.exprs[i].has_default) {
            st = err_set(err, ENVRES_E_NOT_SET,
                         "parameter '%.*s' need not be given, and has no value then",
                         (int)ref->name.len, ref->name.data);
            err_subject(err, ref->name.data, ref->name.len);
            err_hint(err, "add | default(...) to the tag, or a preset to the parameter");
        }
        if (st < 0) {
            template_position(tmpl, template_first_use(&view, i), err);
            return st;
        }
    }
    return ENVRES_OK;
}

static envres_status
compile_text(const struct mem *mem, const struct query_form *form, uint32_t which,
             const struct query_kind *kind, envres_template **out, envres_error *err)
{
    static const uint32_t contexts[ENVRES_QUERY_TEXTS] = {
        [ENVRES_QUERY_TEXT] = ENVRES_CONTEXT_JSON,
        [ENVRES_QUERY_PATH] = ENVRES_CONTEXT_URL,
        [ENVRES_QUERY_HEADERS] = ENVRES_CONTEXT_JSON,
    };
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = mem->reallocate,
                               .user = mem->user };
    envres_template_options options = {
        .size = sizeof(options),
        .flags = ENVRES_TEMPLATE_STRICT,
        .context = kind->dialect ? ENVRES_CONTEXT_SQL : contexts[which],
        .dialect = kind->dialect,
        .allocator = &alloc,
    };
    envres_template *tmpl = NULL;
    struct slice text = form->texts[which];
    envres_status st = envres_template_parse(text.data, text.len, &options, &tmpl, err);
    if (st == ENVRES_OK)
        st = check_tags(form, tmpl, err);
    if (st < 0) {
        envres_template_unref(tmpl);
        if (!kind->dialect && st != ENVRES_E_NOMEM)
            err_prepend(err, "%s: ", which == ENVRES_QUERY_TEXT ? "the body" : text_names[which]);
        return st;
    }
    *out = tmpl;
    return ENVRES_OK;
}

static envres_status
check_method(struct slice method, const struct query_kind *kind, envres_error *err)
{
    static const char *const methods[] = { "GET",    "POST", "PUT",    "PATCH",
                                           "DELETE", "HEAD", "OPTIONS" };
    if (method.len == 0 || (kind->only_post && slice_equal(method, slice_str("POST"))))
        return ENVRES_OK;
    for (size_t i = 0; !kind->only_post && i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (slice_equal(method, slice_str(methods[i])))
            return ENVRES_OK;
    }
    envres_status st =
        err_set(err, ENVRES_E_INVALID, "a request to %s has not this method", kind->name);
    err_hint(err, kind->only_post ? "it is always POST"
                                  : "there are: GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS");
    return st;
}

/* Relative to the resource's address, so that no query leads to a host that is not the
 * environment's own. */
static envres_status
check_relative(struct slice path, envres_error *err)
{
    if (path.len == 0 || path.data[0] == '/' || path.data[0] == '?')
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_INVALID, "the path does not begin with / or ?");
    err_hint(err, "it goes below the resource's address, which each environment has its own of");
    return st;
}

static envres_status
check_request(const struct mem *mem, const struct query_form *form, const struct query_kind *kind,
              envres_error *err)
{
    struct slice headers = form->texts[ENVRES_QUERY_HEADERS];
    envres_status st = check_method(form->texts[ENVRES_QUERY_METHOD], kind, err);
    if (st == ENVRES_OK)
        st = check_relative(form->texts[ENVRES_QUERY_PATH], err);
    if (st == ENVRES_OK && kind->only_post && form->texts[ENVRES_QUERY_TEXT].len == 0)
        st = err_set(err, ENVRES_E_INVALID, "a request to graphql has a body");
    if (st == ENVRES_OK && headers.len > 0)
        st = query_check_headers(mem, headers, err);
    return st;
}

static envres_status
check_statement(const struct query_form *form, const struct query_kind *kind, envres_error *err)
{
    for (uint32_t i = 0; i < ENVRES_QUERY_TEXTS; i++) {
        if (i != ENVRES_QUERY_TEXT && form->texts[i].len > 0)
            return err_set(err, ENVRES_E_INVALID, "a query to %s has only its text", kind->name);
    }
    if (form->texts[ENVRES_QUERY_TEXT].len == 0)
        return err_set(err, ENVRES_E_INVALID, "the query has no text");
    return ENVRES_OK;
}

envres_status
query_compile(const struct mem *mem, const struct query_form *form, struct slice kind_name,
              struct query_templates *out, envres_error *err)
{
    const struct query_kind *kind = find_kind(kind_name);
    *out = (struct query_templates){ { NULL } };
    if (!kind) {
        envres_status st = err_set(err, ENVRES_E_TYPE, "a resource of kind %.*s has no queries",
                                   (int)kind_name.len, kind_name.data);
        err_hint(err, "queries are for postgres, mysql, sqlite, rest and graphql");
        return st;
    }
    envres_status st =
        kind->dialect ? check_statement(form, kind, err) : check_request(mem, form, kind, err);
    for (uint32_t i = 0; st == ENVRES_OK && i < ENVRES_QUERY_TEXTS; i++) {
        bool is_path = i == ENVRES_QUERY_PATH && !kind->dialect;
        if (i != ENVRES_QUERY_METHOD && (form->texts[i].len > 0 || is_path))
            st = compile_text(mem, form, i, kind, &out->of[i], err);
    }
    if (st < 0)
        query_templates_free(out);
    return st;
}

void
query_templates_free(struct query_templates *templates)
{
    for (uint32_t i = 0; i < ENVRES_QUERY_TEXTS; i++) {
        envres_template_unref(templates->of[i]);
        templates->of[i] = NULL;
    }
}

/* ---- values --------------------------------------------------------------------------------- */

static envres_status
wrong_type(const struct query_param *param, envres_error *err)
{
    static const struct {
        int32_t type;
        const char *wanted;
    } rows[] = {
        { ENVRES_TYPE_STRING, "a string" },
        { ENVRES_TYPE_INTEGER, "an integer within 64 bits" },
        { ENVRES_TYPE_NUMBER, "a number" },
        { ENVRES_TYPE_BOOLEAN, "true or false" },
        { ENVRES_TYPE_JSON, "JSON" },
        { ENVRES_TYPE_TIMESTAMP, "a timestamp as RFC 3339 has it: 2026-11-21T20:00:00Z" },
    };
    const char *wanted = "of a type that there is";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].type == param->type)
            wanted = rows[i].wanted;
    }
    envres_status st = err_set(err, ENVRES_E_TYPE, "parameter '%.*s' is not %s",
                               (int)param->name.len, param->name.data, wanted);
    err_subject(err, param->name.data, param->name.len);
    return st;
}

/* The type in which a value of the declared type is rendered. */
static int32_t
rendered_type(int32_t declared)
{
    if (declared == ENVRES_TYPE_INTEGER)
        return ENVRES_TYPE_NUMBER;
    return declared == ENVRES_TYPE_TIMESTAMP ? ENVRES_TYPE_STRING : declared;
}

static bool
takes_type(const struct query_param *param, const struct query_given *given)
{
    int32_t wanted = rendered_type(param->type);
    if (given->value.type == wanted || (given->value.type == ENVRES_TYPE_NULL && param->optional))
        return true;
    if (given->value.type == ENVRES_TYPE_STRING)
        return given->read_string;
    return wanted == ENVRES_TYPE_JSON;
}

/* Digits from `at`; -1 where others are. */
static int
digits(struct slice text, size_t at, size_t count)
{
    int value = 0;
    if (text.len < at + count)
        return -1;
    for (size_t i = at; i < at + count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

static bool
is_within(struct slice text, size_t at, int low, int high)
{
    int value = digits(text, at, 2);
    return value >= low && value <= high;
}

static bool
is_date(struct slice text)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year = digits(text, 0, 4);
    if (year < 0 || text.data[4] != '-' || !is_within(text, 5, 1, 12) || text.data[7] != '-')
        return false;
    int month = digits(text, 5, 2);
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return is_within(text, 8, 1, days[month - 1] + (month == 2 && is_leap ? 1 : 0));
}

/* 2026-11-21T20:00:00, then perhaps a fraction, then Z or an offset: RFC 3339. Second 60 is one
 * that there can be. */
static bool
is_timestamp(struct slice text)
{
    enum { SECONDS_END = 19 };
    size_t at = SECONDS_END;
    if (text.len <= SECONDS_END || !is_date(text) || (text.data[10] != 'T' && text.data[10] != 't'))
        return false;
    if (!is_within(text, 11, 0, 23) || text.data[13] != ':' || !is_within(text, 14, 0, 59) ||
        text.data[16] != ':' || !is_within(text, 17, 0, 60))
        return false;
    if (text.data[at] == '.') {
        if (digits(text, at + 1, 1) < 0)
            return false;
        for (at++; digits(text, at, 1) >= 0;)
            at++;
    }
    struct slice zone = { text.data + at, text.len - at };
    if (zone.len == 1)
        return zone.data[0] == 'Z' || zone.data[0] == 'z';
    return zone.len == 6 && (zone.data[0] == '+' || zone.data[0] == '-') &&
           is_within(zone, 1, 0, 23) && zone.data[3] == ':' && is_within(zone, 4, 0, 59);
}

static bool
fits(const struct query_param *param, struct slice text)
{
    struct json_number number = { 0 };
    if (param->type == ENVRES_TYPE_TIMESTAMP)
        return is_timestamp(text);
    if (param->type == ENVRES_TYPE_INTEGER)
        return json_number(text.data, text.len, &number, NULL) == ENVRES_OK && number.is_integer;
    return true;
}

envres_status
query_param_set(const struct query_param *param, const struct query_given *given,
                envres_params *params, envres_error *err)
{
    struct operand kept = { 0 };
    bool secret = false;
    bool is_null = given->value.type == ENVRES_TYPE_NULL && param->type != ENVRES_TYPE_JSON;
    if (!takes_type(param, given))
        return wrong_type(param, err);
    envres_status st = envres_params_set(params, param->name.data, param->name.len,
                                         is_null ? ENVRES_TYPE_NULL : rendered_type(param->type),
                                         given->value.text.data, given->value.text.len,
                                         given->secret ? ENVRES_PARAM_SECRET : 0, err);
    bool is_number = rendered_type(param->type) == ENVRES_TYPE_NUMBER;
    if (st == ENVRES_E_NOMEM || (st == ENVRES_E_LIMIT && !is_number))
        return st;
    if (st < 0)
        return wrong_type(param, err);
    if (!params_find(params, param->name, &kept, &secret))
        return wrong_type(param, err);
    return is_null || fits(param, kept.text) ? ENVRES_OK : wrong_type(param, err);
}

/* ---- a request that was rendered ------------------------------------------------------------ */

/* Length of the dot that a segment has at `at`, spelled or percent-encoded; 0: none. */
static size_t
dot_at(struct slice path, size_t at)
{
    if (path.data[at] == '.')
        return 1;
    return path.len - at >= 3 && path.data[at] == '%' && path.data[at + 1] == '2' &&
                   (path.data[at + 2] == 'e' || path.data[at + 2] == 'E')
               ? 3
               : 0;
}

/* True when a segment is "." or "..". */
static bool
is_dots(struct slice path, size_t at, size_t end)
{
    size_t dots = 0;
    while (at < end && dot_at(path, at) > 0) {
        at += dot_at(path, at);
        dots++;
    }
    return at == end && (dots == 1 || dots == 2);
}

envres_status
query_check_path(struct slice path, envres_error *err)
{
    size_t end = 0;
    while (end < path.len && path.data[end] != '?' && path.data[end] != '#')
        end++;
    for (size_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.data[i];
        if (c <= 0x20 || c == 0x7f || c == '\\')
            return err_set(err, ENVRES_E_INVALID,
                           "the path has a character that an address has not");
    }
    if (end >= 2 && path.data[0] == '/' && path.data[1] == '/')
        return err_set(err, ENVRES_E_INVALID, "the path begins with //, which is another host");
    size_t begin = 0;
    for (size_t i = 0; i <= end; i++) {
        if (i < end && path.data[i] != '/')
            continue;
        if (is_dots(path, begin, i)) {
            envres_status st = err_set(err, ENVRES_E_INVALID, "the path has a segment . or ..");
            err_hint(err, "a value may have made it; check it before it is given");
            return st;
        }
        begin = i + 1;
    }
    return ENVRES_OK;
}

static bool
is_header_name(struct slice name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return name.len > 0;
}

static bool
is_header_value(struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* One member; its value is the node behind its name. */
static envres_status
check_header(const struct json_doc *doc, uint32_t key, struct buf scratch[2], envres_error *err)
{
    uint32_t value = key + 1;
    enum json_kind kind = json_kind_of(doc, value);
    for (int i = 0; i < 2; i++)
        scratch[i].len = 0;
    json_string(doc, key, &scratch[0]);
    if (kind == JSON_STRING)
        json_string(doc, value, &scratch[1]);
    if (buf_status(&scratch[0], NULL) < 0 || buf_status(&scratch[1], NULL) < 0)
        return err_code(err, ENVRES_E_NOMEM);
    struct slice name = slice_of(scratch[0].data ? scratch[0].data : "", scratch[0].len);
    if (!is_header_name(name))
        return err_set(err, ENVRES_E_INVALID,
                       "the name of a header has a character that it "
                       "cannot have");
    if (kind != JSON_STRING && kind != JSON_NUMBER && kind != JSON_TRUE && kind != JSON_FALSE)
        return err_set(err, ENVRES_E_INVALID, "header '%.*s' is not a string", (int)name.len,
                       name.data);
    if (!is_header_value(slice_of(scratch[1].data ? scratch[1].data : "", scratch[1].len)))
        return err_set(err, ENVRES_E_INVALID, "header '%.*s' has a control character",
                       (int)name.len, name.data);
    return ENVRES_OK;
}

envres_status
query_check_headers(const struct mem *mem, struct slice headers, envres_error *err)
{
    struct json_doc *doc = NULL;
    struct buf scratch[2] = { { .mem = NULL }, { .mem = NULL } };
    envres_status st = json_parse(mem, headers.data, headers.len, &doc, err);
    if (st < 0)
        return st;
    buf_init(&scratch[0], mem, true);
    buf_init(&scratch[1], mem, true);
    if (json_kind_of(doc, 0) != JSON_OBJECT)
        st = err_set(err, ENVRES_E_INVALID, "the headers are not a JSON object");
    else
        for (uint32_t key = json_first(doc, 0); st == ENVRES_OK && key != JSON_NONE;
             key = json_next(doc, key + 1))
            st = check_header(doc, key, scratch, err);
    buf_free(&scratch[0]);
    buf_free(&scratch[1]);
    json_free(doc);
    return st;
}
