/* SPDX-License-Identifier: MIT */
/*
 * What the library gives, as values of JavaScript: text, secrets, rows, errors.
 *
 * Text without secrets becomes a string. A secret never does: its bytes are copied into a buffer
 * that the class Secret wipes. An integer that a number cannot hold is a bigint. What is taken over
 * from the library is freed here, whether or not Node fails.
 */
#include "shim.h"

#include <string.h>

static const int64_t SAFE = (INT64_C(1) << 53) - 1;

napi_value
text_value(napi_env env, const char *data, size_t len)
{
    napi_value out = NULL;
    if (!data) {
        napi_get_null(env, &out);
        return out;
    }
    return napi_create_string_utf8(env, data, len, &out) == napi_ok ? out : NULL;
}

bool
is_ascii(const char *data, size_t len)
{
    uint64_t high = 0;
    size_t i = 0;
    for (; i + sizeof(high) <= len; i += sizeof(high)) {
        uint64_t word = 0;
        memcpy(&word, data + i, sizeof(word));
        high |= word;
    }
    high &= UINT64_C(0x8080808080808080);
    for (; i < len; i++)
        high |= (uint64_t)((unsigned char)data[i] & 0x80);
    return high == 0;
}

/* The same for what is used all day: most of it is ASCII, which Node takes faster as Latin-1. */
napi_value
plain_value(napi_env env, const char *data, size_t len)
{
    napi_value out = NULL;
    napi_status ok = is_ascii(data, len) ? napi_create_string_latin1(env, data, len, &out)
                                         : napi_create_string_utf8(env, data, len, &out);
    return ok == napi_ok ? out : NULL;
}

static napi_value
integer_value(napi_env env, int64_t number)
{
    napi_value out = NULL;
    if (number >= -SAFE && number <= SAFE)
        napi_create_int64(env, number, &out);
    else
        napi_create_bigint_int64(env, number, &out);
    return out;
}

static napi_value
unsigned_value(napi_env env, uint64_t number)
{
    napi_value out = NULL;
    if (number <= (uint64_t)SAFE)
        napi_create_int64(env, (int64_t)number, &out);
    else
        napi_create_bigint_uint64(env, number, &out);
    return out;
}

static napi_value
buffer_value(napi_env env, const void *data, size_t len)
{
    napi_value out = NULL;
    napi_create_buffer_copy(env, len, data, NULL, &out);
    return out;
}

/* A Secret; `ranges` may be NULL: all of it is secret. */
static napi_value
secret_value(napi_env env, const addon *addon, const char *data, size_t len, napi_value ranges)
{
    napi_value arguments[2] = { buffer_value(env, data, len), ranges };
    napi_value make = NULL;
    napi_value global = NULL;
    napi_value out = NULL;
    if (!ranges)
        napi_get_undefined(env, &arguments[1]);
    if (!arguments[0] || napi_get_reference_value(env, addon->make_secret, &make) != napi_ok ||
        napi_get_global(env, &global) != napi_ok ||
        napi_call_function(env, global, make, 2, arguments, &out) != napi_ok)
        return NULL;
    return out;
}

static napi_value
ranges_of(napi_env env, const envres_value *value)
{
    size_t count = envres_value_range_count(value);
    napi_value out = NULL;
    if (napi_create_array_with_length(env, count * 2, &out) != napi_ok)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t ends[2] = { 0 };
        if (envres_value_range(value, i, &ends[0], &ends[1], NULL) < 0)
            return NULL;
        for (uint32_t k = 0; k < 2; k++) {
            napi_value end = unsigned_value(env, ends[k]);
            if (!end || napi_set_element(env, out, (uint32_t)(i * 2) + k, end) != napi_ok)
                return NULL;
        }
    }
    return out;
}

/* The text of a value: a string, or a Secret. */
static napi_value
value_value(napi_env env, const addon *addon, const envres_value *value)
{
    size_t len = 0;
    const char *data = envres_value_data(value, &len);
    if (!envres_value_is_secret(value))
        return text_value(env, data, len);
    napi_value ranges = ranges_of(env, value);
    return ranges ? secret_value(env, addon, data, len, ranges) : NULL;
}

/* An array of type and text. */
static napi_value
typed_value(napi_env env, const addon *addon, const envres_value *value)
{
    napi_value parts[2] = { integer_value(env, envres_value_type(value)),
                            value_value(env, addon, value) };
    napi_value out = NULL;
    if (!parts[0] || !parts[1] || napi_create_array_with_length(env, 2, &out) != napi_ok ||
        napi_set_element(env, out, 0, parts[0]) != napi_ok ||
        napi_set_element(env, out, 1, parts[1]) != napi_ok)
        return NULL;
    return out;
}

static napi_value
cell_value(napi_env env, const addon *addon, const envres_list *list, size_t row, uint32_t column)
{
    size_t len = 0;
    switch (envres_list_type(list, row, column)) {
    case ENVRES_CELL_INTEGER:
        return integer_value(env, envres_list_integer(list, row, column));
    case ENVRES_CELL_TEXT: {
        const char *data = envres_list_text(list, row, column, &len);
        return envres_list_is_secret(list, row, column) ? secret_value(env, addon, data, len, NULL)
                                                        : text_value(env, data, len);
    }
    default:
        return text_value(env, NULL, 0);
    }
}

static bool
set_row(napi_env env, const addon *addon, const envres_list *list, size_t row, uint32_t columns,
        napi_value out)
{
    napi_handle_scope scope = NULL;
    if (napi_open_handle_scope(env, &scope) != napi_ok)
        return false;
    bool ok = true;
    for (uint32_t column = 0; ok && column < columns; column++) {
        napi_value cell = cell_value(env, addon, list, row, column);
        ok = cell &&
             napi_set_element(env, out, (uint32_t)(row * columns) + column + 1, cell) == napi_ok;
    }
    napi_close_handle_scope(env, scope);
    return ok;
}

/* One flat array: the names of the columns in an array, then all cells. rows.js makes rows of it.
 */
static napi_value
list_value(napi_env env, const addon *addon, const envres_list *list)
{
    uint32_t columns = envres_list_columns(list);
    size_t rows = envres_list_count(list);
    napi_value out = NULL;
    napi_value names = NULL;
    if (!list)
        return text_value(env, NULL, 0);
    if (rows > (UINT32_MAX - 1) / (columns ? columns : 1) ||
        napi_create_array_with_length(env, rows * columns + 1, &out) != napi_ok ||
        napi_create_array_with_length(env, columns, &names) != napi_ok ||
        napi_set_element(env, out, 0, names) != napi_ok)
        return NULL;
    for (uint32_t column = 0; column < columns; column++) {
        const char *name = envres_list_column_name(list, column);
        napi_value text = text_value(env, name, strlen(name));
        if (!text || napi_set_element(env, names, column, text) != napi_ok)
            return NULL;
    }
    for (size_t row = 0; row < rows; row++) {
        if (!set_row(env, addon, list, row, columns, out))
            return NULL;
    }
    return out;
}

static handle *
first_held(const call *c)
{
    return c->held_count ? c->held[0] : NULL;
}

/* A handle for what was made; null where it is an argument once more (envres_scope_latest()). */
static napi_value
object_value(napi_env env, call *c, uint32_t kind, void *object, bool borrowed)
{
    handle *from = first_held(c);
    if (!object)
        return text_value(env, NULL, 0);
    for (size_t i = 0; i < c->held_count; i++) {
        if (c->held[i]->kind == kind && c->held[i]->object == object) {
            envres_node_kinds[kind].free(object);
            return text_value(env, NULL, 0);
        }
    }
    /* A session may call what its store was given. */
    host *host = kind == KIND_STORE ? c->own : kind == KIND_SESSION && from ? from->host : NULL;
    return handle_new(env, c->addon, kind, object, host, borrowed ? from : NULL, borrowed);
}

static void
drop_value(slot *at)
{
    envres_value_free(at->object);
    at->object = NULL;
}

static napi_value
returned_text(napi_env env, const call *c, const parameter *one)
{
    const char *data = c->slots[RESULT].in;
    size_t len = !data ? 0 : one->more ? c->slots[one->more].size : strlen(data);
    if (one->what == RETURN_TEXT)
        return text_value(env, data, len);
    return data ? buffer_value(env, data, len) : text_value(env, NULL, 0);
}

static napi_value
output(napi_env env, call *c, const parameter *one)
{
    slot *at = &c->slots[one->slot];
    napi_value out = NULL;
    size_t len = 0;
    switch (one->what) {
    case OUT_VALUE:
        out = value_value(env, c->addon, at->object);
        drop_value(at);
        return out;
    case OUT_TYPED:
        out = typed_value(env, c->addon, at->object);
        drop_value(at);
        return out;
    case OUT_BYTES: {
        const char *data = envres_value_data(at->object, &len);
        out = buffer_value(env, data, len);
        drop_value(at);
        return out;
    }
    case OUT_LIST:
        out = list_value(env, c->addon, at->object);
        envres_list_free(at->object);
        at->object = NULL;
        return out;
    case OUT_OBJECT:
    case RETURN_OBJECT:
        out = object_value(env, c, one->more, at->object, false);
        at->object = NULL;
        return out;
    case RETURN_BORROWED:
        return object_value(env, c, one->more, at->object, true);
    case RETURN_VALUE:
        return at->in ? value_value(env, c->addon, at->in) : text_value(env, NULL, 0);
    case OUT_I32:
        return integer_value(env, at->i32);
    case OUT_U32:
        return integer_value(env, at->u32);
    case OUT_I64:
        return integer_value(env, at->i64);
    case OUT_U64:
        return unsigned_value(env, at->u64);
    case OUT_SIZE:
        return unsigned_value(env, at->size);
    case OUT_DOUBLE:
        napi_create_double(env, at->real, &out);
        return out;
    case OUT_TEXT:
        return text_value(env, at->in, at[1].size);
    case OUT_DATA:
        return buffer_value(env, at->in, at[1].size);
    case OUT_CHARS:
        return text_value(env, at->user, strlen(at->user));
    case OUT_FIXED:
        return buffer_value(env, at->user, one->more);
    default:
        return returned_text(env, c, one);
    }
}

napi_value
result_of(napi_env env, call *c)
{
    napi_value found[4] = { NULL };
    uint32_t count = 0;
    bool ok = true;
    /* All of them, so that all are freed. */
    for (const parameter *one = c->function->parameters; one->what != END; one++) {
        if (one->what >= FIRST_OUT && count < 4) {
            found[count] = output(env, c, one);
            ok = ok && found[count];
            count++;
        }
    }
    if (ok && c->writes) {
        found[count] = buffer_value(env, c->written, c->written_len);
        ok = found[count++];
    }
    if (!ok)
        return NULL;
    if (count == 1)
        return found[0];
    napi_value out = NULL;
    if (count == 0) {
        napi_get_undefined(env, &out);
        return out;
    }
    if (napi_create_array_with_length(env, count, &out) != napi_ok)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (napi_set_element(env, out, i, found[i]) != napi_ok)
            return NULL;
    }
    return out;
}

napi_value
raised_of(napi_env env, call *c)
{
    napi_value kept = NULL;
    napi_value error = NULL;
    if (!c->raised || napi_get_reference_value(env, c->raised, &kept) != napi_ok || !kept ||
        napi_get_element(env, kept, 0, &error) != napi_ok)
        return NULL;
    napi_delete_reference(env, c->raised);
    c->raised = NULL;
    return error;
}

void
report_raised(napi_env env, call *c)
{
    napi_value raised = raised_of(env, c);
    napi_value report = NULL;
    napi_value global = NULL;
    bool pending = false;
    if (!raised || napi_get_reference_value(env, c->addon->report, &report) != napi_ok ||
        napi_get_global(env, &global) != napi_ok)
        return;
    if (napi_call_function(env, global, report, 1, &raised, NULL) != napi_ok &&
        napi_is_exception_pending(env, &pending) == napi_ok && pending)
        napi_get_and_clear_last_exception(env, &raised);
}

void
throw_something(napi_env env)
{
    bool pending = false;
    if (napi_is_exception_pending(env, &pending) == napi_ok && !pending)
        napi_throw_error(env, "ENVRES_E_NOMEM", "Node could not take the result of a call");
}

napi_value
error_of(napi_env env, addon *addon, envres_status status, const envres_error *err,
         napi_value cause)
{
    bool described = err && envres_error_code(err) == status;
    const char *const text[4] = { envres_status_name(status),
                                  described ? envres_error_message(err)
                                            : envres_status_text(status),
                                  described ? envres_error_hint(err) : "",
                                  described ? envres_error_subject(err) : "" };
    size_t offset = described ? envres_error_offset(err) : SIZE_MAX;
    uint32_t line = described ? envres_error_line(err) : 0;
    napi_value arguments[9] = { integer_value(env, status) };
    for (size_t i = 0; i < 4; i++)
        arguments[i + 1] = text_value(env, text[i], strlen(text[i]));
    arguments[5] = offset == SIZE_MAX ? text_value(env, NULL, 0) : unsigned_value(env, offset);
    arguments[6] = line ? integer_value(env, line) : text_value(env, NULL, 0);
    arguments[7] = line ? integer_value(env, envres_error_column(err)) : text_value(env, NULL, 0);
    arguments[8] = cause;
    if (!cause)
        napi_get_undefined(env, &arguments[8]);
    for (size_t i = 0; i < 9; i++) {
        if (!arguments[i])
            return NULL;
    }
    napi_value make = NULL;
    napi_value global = NULL;
    napi_value out = NULL;
    if (napi_get_reference_value(env, addon->make_error, &make) != napi_ok ||
        napi_get_global(env, &global) != napi_ok ||
        napi_call_function(env, global, make, 9, arguments, &out) != napi_ok)
        return NULL;
    return out;
}

void
throw_closed(napi_env env, addon *addon, const handle *one)
{
    envres_error *err = addon->err;
    const char *const parts[3] = { "the ", envres_node_kinds[one->kind].name, " is closed" };
    char message[64];
    size_t len = 0;
    for (size_t i = 0; i < 3; i++) {
        for (const char *at = parts[i]; *at && len < sizeof(message); at++)
            message[len++] = *at;
    }
    envres_error_set(err, ENVRES_E_INVALID, message, len, NULL, 0);
    napi_value closed = NULL;
    napi_value error = NULL;
    if (napi_get_boolean(env, true, &closed) == napi_ok)
        error = error_of(env, addon, ENVRES_E_INVALID, err, closed);
    envres_error_clear(err);
    if (error)
        napi_throw(env, error);
}
