/* SPDX-License-Identifier: MIT */
/*
 * One call: arguments into slots, the library, a result. At once on JavaScript's thread, or later
 * on one of Node's pool, as a promise.
 *
 * All that JavaScript gives is copied into the call before it begins, since buffers may be changed
 * or detached while the library runs, and wiped when it ends, since some of it is secret. Objects
 * of the library are held. Text is converted so that a lone surrogate stays wrong: the library
 * refuses it, where Node's own conversion would put another character into its place.
 */
#include "shim.h"

#include <stdlib.h>
#include <string.h>

static void *(*const volatile set_bytes)(void *, int, size_t) = memset;

void
wipe(void *data, size_t size)
{
    set_bytes(data, 0, size);
}

call **
call_running(void)
{
    static _Thread_local call *running;
    return &running;
}

/* ---- memory of a call ----------------------------------------------------------------------- */

void *
call_alloc(napi_env env, call *c, size_t size)
{
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded >= size && rounded <= ARENA - c->used) {
        void *at = c->arena + c->used;
        c->used += rounded;
        memset(at, 0, rounded);
        return at;
    }
    const size_t head = (sizeof(block) + 15) & ~(size_t)15;
    block *made = size <= SIZE_MAX - head ? calloc(1, head + size) : NULL;
    if (!made) {
        napi_throw_error(env, "ENVRES_E_NOMEM", "out of memory");
        return NULL;
    }
    made->next = c->blocks;
    made->size = size;
    c->blocks = made;
    return (unsigned char *)made + head;
}

bool
call_init(napi_env env, call *c, addon *addon, const function *function)
{
    c->addon = addon;
    c->function = function;
    c->err = addon->spares ? addon->spare[--addon->spares] : envres_error_new(NULL);
    if (!c->err)
        napi_throw_error(env, "ENVRES_E_NOMEM", "out of memory");
    return c->err;
}

void
call_end(napi_env env, call *c)
{
    for (size_t i = 0; i < c->held_count; i++)
        handle_release(env, c->held[i]);
    host_unref(env, c->own);
    if (c->raised)
        napi_delete_reference(env, c->raised);
    if (c->written)
        wipe(c->written, c->written_cap);
    free(c->written);
    const size_t head = (sizeof(block) + 15) & ~(size_t)15;
    while (c->blocks) {
        block *gone = c->blocks;
        c->blocks = gone->next;
        wipe((unsigned char *)gone + head, gone->size);
        free(gone);
    }
    wipe(c->arena, c->used);
    if (c->err) {
        envres_error_clear(c->err);
        if (c->addon->spares < SPARE_SLOTS)
            c->addon->spare[c->addon->spares++] = c->err;
        else
            envres_error_free(c->err);
    }
}

/* ---- arguments ------------------------------------------------------------------------------ */

static bool
wrong(napi_env env, const char *what)
{
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", what);
    return false;
}

/* UTF-16 as UTF-8; a lone surrogate as its own three bytes, which are no UTF-8. */
static size_t
encode(const char16_t *from, size_t count, unsigned char *to)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t c = from[i];
        if (c >= 0xD800 && c <= 0xDBFF && i + 1 < count && from[i + 1] >= 0xDC00 &&
            from[i + 1] <= 0xDFFF) {
            c = 0x10000 + ((c - 0xD800) << 10) + (uint32_t)(from[i + 1] - 0xDC00);
            i++;
        }
        if (c < 0x80) {
            to[at++] = (unsigned char)c;
        } else if (c < 0x800) {
            to[at++] = (unsigned char)(0xC0 | c >> 6);
            to[at++] = (unsigned char)(0x80 | (c & 0x3F));
        } else if (c < 0x10000) {
            to[at++] = (unsigned char)(0xE0 | c >> 12);
            to[at++] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
            to[at++] = (unsigned char)(0x80 | (c & 0x3F));
        } else {
            to[at++] = (unsigned char)(0xF0 | c >> 18);
            to[at++] = (unsigned char)(0x80 | (c >> 12 & 0x3F));
            to[at++] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
            to[at++] = (unsigned char)(0x80 | (c & 0x3F));
        }
    }
    return at;
}

static bool
take_string(napi_env env, call *c, napi_value value, const void **data, size_t *len)
{
    size_t count = 0;
    if (napi_get_value_string_utf16(env, value, NULL, 0, &count) != napi_ok)
        return wrong(env, "a string could not be read");
    char16_t *wide = call_alloc(env, c, (count + 1) * sizeof(*wide));
    unsigned char *text = wide ? call_alloc(env, c, count * 3 + 1) : NULL;
    if (!text)
        return false;
    if (napi_get_value_string_utf16(env, value, wide, count + 1, &count) != napi_ok)
        return wrong(env, "a string could not be read");
    *len = encode(wide, count, text);
    *data = text;
    return true;
}

/* A string, or bytes in a buffer; null and undefined are none. */
static bool
take_text(napi_env env, call *c, napi_value value, const void **data, size_t *len)
{
    napi_valuetype type = napi_undefined;
    bool is_buffer = false;
    void *bytes = NULL;
    if (napi_typeof(env, value, &type) != napi_ok)
        return false;
    if (type == napi_undefined || type == napi_null)
        return true;
    if (type == napi_string)
        return take_string(env, c, value, data, len);
    if (napi_is_buffer(env, value, &is_buffer) != napi_ok || !is_buffer ||
        napi_get_buffer_info(env, value, &bytes, len) != napi_ok)
        return wrong(env, "text or bytes are needed");
    void *copy = call_alloc(env, c, *len + 1);
    if (!copy)
        return false;
    if (*len > 0)
        memcpy(copy, bytes, *len);
    *data = copy;
    return true;
}

static bool
take_integer(napi_env env, napi_value value, int64_t *out)
{
    const double safe = 9007199254740991.0;
    napi_valuetype type = napi_undefined;
    bool lossless = false;
    double number = 0;
    if (napi_typeof(env, value, &type) != napi_ok)
        return false;
    if (type == napi_bigint) {
        if (napi_get_value_bigint_int64(env, value, out, &lossless) == napi_ok && lossless)
            return true;
    } else if (type == napi_number && napi_get_value_double(env, value, &number) == napi_ok &&
               number >= -safe && number <= safe && number == (double)(int64_t)number) {
        *out = (int64_t)number;
        return true;
    }
    return wrong(env, "an integer is needed: a safe one, or a bigint of 64 bits");
}

static bool
take_range(napi_env env, napi_value value, int64_t low, int64_t high, int64_t *out)
{
    if (!take_integer(env, value, out))
        return false;
    if (*out >= low && *out <= high)
        return true;
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "an integer is out of its range");
    return false;
}

static bool
take_object(napi_env env, call *c, napi_value value, uint32_t kind, void **out)
{
    napi_valuetype type = napi_undefined;
    if (napi_typeof(env, value, &type) != napi_ok)
        return false;
    if (type == napi_undefined || type == napi_null)
        return true;
    handle *one = handle_of(env, c->addon, value, kind);
    if (!one)
        return false;
    if (c->held_count == HELD)
        return wrong(env, "too many objects");
    handle_hold(one);
    c->held[c->held_count++] = one;
    *out = one->object;
    return true;
}

static bool take_struct(napi_env env, call *c, napi_value value, const layout *kind,
                        unsigned char *at);

static bool
take_cstring(napi_env env, call *c, napi_value value, const void **out)
{
    size_t len = 0;
    if (!take_text(env, c, value, out, &len))
        return false;
    return !*out || !memchr(*out, 0, len) || wrong(env, "a NUL in a name");
}

static bool
take_texts(napi_env env, call *c, napi_value value, const void **out, size_t *count)
{
    uint32_t length = 0;
    if (napi_get_array_length(env, value, &length) != napi_ok)
        return wrong(env, "an array of texts is needed");
    const void **texts = call_alloc(env, c, (length + (size_t)1) * sizeof(*texts));
    if (!texts)
        return false;
    for (uint32_t i = 0; i < length; i++) {
        napi_value one = NULL;
        if (napi_get_element(env, value, i, &one) != napi_ok ||
            !take_cstring(env, c, one, &texts[i]))
            return false;
        if (!texts[i])
            return wrong(env, "an array of texts is needed");
    }
    *out = texts;
    *count = length;
    return true;
}

static bool
take_structs(napi_env env, call *c, napi_value value, const layout *kind, const void **out,
             size_t *count)
{
    uint32_t length = 0;
    if (napi_get_array_length(env, value, &length) != napi_ok)
        return wrong(env, "an array is needed");
    unsigned char *rows = call_alloc(env, c, (length + (size_t)1) * kind->size);
    if (!rows)
        return false;
    for (uint32_t i = 0; i < length; i++) {
        napi_handle_scope scope = NULL;
        napi_value one = NULL;
        if (napi_open_handle_scope(env, &scope) != napi_ok)
            return false;
        bool ok = napi_get_element(env, value, i, &one) == napi_ok &&
                  take_struct(env, c, one, kind, rows + i * kind->size);
        napi_close_handle_scope(env, scope);
        if (!ok)
            return false;
    }
    *out = rows;
    *count = length;
    return true;
}

static bool
take_callback(napi_env env, call *c, napi_value value, uint32_t which, unsigned char *at,
              unsigned char *user)
{
    napi_valuetype type = napi_undefined;
    if (napi_typeof(env, value, &type) != napi_ok || type != napi_function)
        return wrong(env, "a function is needed");
    if (!c->own)
        c->own = host_new(c->addon);
    if (!c->own || c->own->functions[which] ||
        napi_create_reference(env, value, 1, &c->own->functions[which]) != napi_ok)
        return wrong(env, "a function could not be kept");
    host_attach(at, which);
    memcpy(user, &c->own, sizeof(c->own));
    return true;
}

/* Text with its length, or bytes whose number is fixed. */
static bool
take_text_field(napi_env env, call *c, napi_value value, const field *one, unsigned char *at)
{
    const void *data = NULL;
    size_t len = 0;
    bool ok = one->what == FIELD_CSTRING ? take_cstring(env, c, value, &data)
              : one->what == FIELD_TEXTS ? take_texts(env, c, value, &data, &len)
                                         : take_text(env, c, value, &data, &len);
    if (!ok)
        return false;
    if (one->what == FIELD_FIXED && len != one->extra)
        return wrong(env, "bytes of another length are needed");
    memcpy(at + one->at, &data, sizeof(data));
    if (one->what == FIELD_TEXT || one->what == FIELD_TEXTS)
        memcpy(at + one->more, &len, sizeof(len));
    return true;
}

static bool
take_number_field(napi_env env, napi_value value, const field *one, unsigned char *at)
{
    int64_t number = 0;
    bool wide = one->what == FIELD_I64 || one->what == FIELD_U64;
    int64_t low = one->what == FIELD_I64 ? INT64_MIN : one->what == FIELD_I32 ? INT32_MIN : 0;
    int64_t high = wide ? INT64_MAX : one->what == FIELD_I32 ? INT32_MAX : UINT32_MAX;
    if (!take_range(env, value, low, high, &number))
        return false;
    uint32_t narrow = (uint32_t)number;
    if (wide)
        memcpy(at + one->at, &number, sizeof(number));
    else
        memcpy(at + one->at, &narrow, sizeof(narrow));
    return true;
}

static bool
take_field(napi_env env, call *c, napi_value value, const field *one, unsigned char *at)
{
    const void *data = NULL;
    size_t count = 0;
    void *object = NULL;
    switch (one->what) {
    case FIELD_TEXT:
    case FIELD_CSTRING:
    case FIELD_FIXED:
    case FIELD_TEXTS:
        return take_text_field(env, c, value, one, at);
    case FIELD_CALLBACK:
        return take_callback(env, c, value, one->extra, at + one->at, at + one->more);
    case FIELD_STRUCT: {
        const layout *inner = &envres_node_layouts[one->extra];
        object = call_alloc(env, c, inner->size);
        if (!object || !take_struct(env, c, value, inner, object))
            return false;
        memcpy(at + one->at, &object, sizeof(object));
        return true;
    }
    case FIELD_STRUCTS:
        if (!take_structs(env, c, value, &envres_node_layouts[one->extra], &data, &count))
            return false;
        memcpy(at + one->at, &data, sizeof(data));
        memcpy(at + one->more, &count, sizeof(count));
        return true;
    case FIELD_OBJECT:
        if (!take_object(env, c, value, one->extra, &object))
            return false;
        memcpy(at + one->at, &object, sizeof(object));
        return true;
    default:
        return take_number_field(env, value, one, at);
    }
}

/* Fields that are missing, null or undefined stay zero. */
static bool
take_struct(napi_env env, call *c, napi_value value, const layout *kind, unsigned char *at)
{
    napi_valuetype type = napi_undefined;
    if (napi_typeof(env, value, &type) != napi_ok || type != napi_object)
        return wrong(env, "an object is needed");
    uint32_t size = (uint32_t)kind->size;
    if (kind->sized)
        memcpy(at, &size, sizeof(size));
    for (size_t i = 0; i < kind->count; i++) {
        napi_value one = NULL;
        if (napi_get_named_property(env, value, kind->fields[i].name, &one) != napi_ok ||
            napi_typeof(env, one, &type) != napi_ok)
            return false;
        if (type != napi_undefined && type != napi_null &&
            !take_field(env, c, one, &kind->fields[i], at))
            return false;
    }
    return true;
}

static bool
take_struct_argument(napi_env env, call *c, napi_value value, const parameter *one)
{
    slot *at = &c->slots[one->slot];
    const layout *kind = &envres_node_layouts[one->more];
    napi_valuetype type = napi_undefined;
    if (one->what == IN_STRUCTS)
        return take_structs(env, c, value, kind, &at->in, &at[1].size);
    if (napi_typeof(env, value, &type) != napi_ok)
        return false;
    if (type == napi_undefined || type == napi_null)
        return true;
    void *made = call_alloc(env, c, kind->size);
    at->in = made;
    return made && take_struct(env, c, value, kind, made);
}

/* The caller's own memory: only in calls that lead to no JavaScript before they return. */
static bool
take_buffer(napi_env env, call *c, napi_value value, slot *at)
{
    bool is_buffer = false;
    if (c->is_async || napi_is_buffer(env, value, &is_buffer) != napi_ok || !is_buffer ||
        napi_get_buffer_info(env, value, &at->user, &at[1].size) != napi_ok)
        return wrong(env, "a buffer is needed");
    return true;
}

static bool
take_argument(napi_env env, call *c, napi_value value, const parameter *one)
{
    slot *at = &c->slots[one->slot];
    int64_t number = 0;
    napi_valuetype type = napi_undefined;
    switch (one->what) {
    case IN_TEXT:
        return take_text(env, c, value, &at->in, &at[1].size);
    case IN_STRUCT:
    case IN_STRUCTS:
        return take_struct_argument(env, c, value, one);
    case IN_OBJECT:
        return take_object(env, c, value, one->more, &at->object);
    case IN_I32:
        if (!take_range(env, value, INT32_MIN, INT32_MAX, &number))
            return false;
        at->i32 = (int32_t)number;
        return true;
    case IN_U32:
        if (!take_range(env, value, 0, UINT32_MAX, &number))
            return false;
        at->u32 = (uint32_t)number;
        return true;
    case IN_I64:
        return take_integer(env, value, &at->i64);
    case IN_BUFFER:
        return take_buffer(env, c, value, at);
    case IN_PROBE:
        if (c->is_async || napi_typeof(env, value, &type) != napi_ok || type != napi_function)
            return wrong(env, "a function is needed");
        c->env = env;
        c->probe = value;
        at[1].user = c;
        return true;
    default:
        return wrong(env, "an argument of no known kind");
    }
}

bool
take_arguments(napi_env env, call *c, size_t argc, napi_value *argv)
{
    size_t next = 0;
    napi_value none = NULL;
    if (napi_get_undefined(env, &none) != napi_ok)
        return false;
    for (const parameter *one = c->function->parameters; one->what != END; one++) {
        slot *at = &c->slots[one->slot];
        if (one->what == IN_WRITE) {
            at[1].user = c;
            c->writes = true;
        } else if (one->what == OUT_CHARS || one->what == OUT_FIXED) {
            at->user = call_alloc(env, c, one->more);
            if (!at->user)
                return false;
        } else if (one->what < FIRST_OUT) {
            if (!take_argument(env, c, next < argc ? argv[next] : none, one))
                return false;
            next++;
        }
    }
    return true;
}

/* ---- calling -------------------------------------------------------------------------------- */

enum { ARGUMENTS = 10 };

/* Objects that are for one thread at a time are locked; at most one is among the arguments. */
static void
run(call *c)
{
    handle *locked = NULL;
    for (size_t i = 0; i < c->held_count && !locked; i++)
        locked = c->held[i]->locks ? c->held[i] : NULL;
    call **running = call_running();
    call *before = *running;
    *running = c;
    if (locked)
        pthread_mutex_lock(&locked->lock);
    c->status = c->function->run(c->slots, c->err);
    if (locked)
        pthread_mutex_unlock(&locked->lock);
    *running = before;
}

static napi_value
failure_of(napi_env env, call *c)
{
    napi_value raised = raised_of(env, c);
    return error_of(env, c->addon, c->status, c->err, raised);
}

napi_value
call_now(napi_env env, napi_callback_info info)
{
    call c = { 0 };
    size_t argc = ARGUMENTS;
    napi_value argv[ARGUMENTS] = { NULL };
    napi_value out = NULL;
    napi_value error = NULL;
    void *data = NULL;
    addon *addon = NULL;
    if (napi_get_cb_info(env, info, &argc, argv, NULL, &data) != napi_ok ||
        napi_get_instance_data(env, (void **)&addon) != napi_ok || !addon ||
        !call_init(env, &c, addon, data))
        return NULL;
    bool taken = take_arguments(env, &c, argc, argv);
    if (taken) {
        run(&c);
        if (c.status == ENVRES_OK)
            out = result_of(env, &c);
        else
            error = failure_of(env, &c);
    }
    /* Before anything is thrown: what was closed meanwhile is given back here, which may ask the
     * host, and what JavaScript answers would take the place of a pending exception. */
    call_end(env, &c);
    if (error)
        napi_throw(env, error);
    if (taken && !out)
        throw_something(env);
    return out;
}

static void
execute(napi_env env, void *data)
{
    (void)env;
    run(data);
}

static void
settle(napi_env env, call *c)
{
    napi_value out = NULL;
    napi_value error = NULL;
    if (c->status == ENVRES_OK)
        out = result_of(env, c);
    else
        error = failure_of(env, c);
    if (!out && !error) {
        throw_something(env);
        napi_get_and_clear_last_exception(env, &error);
    }
    if (out)
        napi_resolve_deferred(env, c->deferred, out);
    else if (error)
        napi_reject_deferred(env, c->deferred, error);
}

/* What the library made is given back where Node can take nothing any more. */
static void
complete(napi_env env, napi_status status, void *data)
{
    call *c = data;
    if (status == napi_cancelled)
        c->status = ENVRES_E_CALLBACK;
    settle(env, c);
    if (c->hop)
        napi_release_threadsafe_function(c->hop, napi_tsfn_release);
    napi_delete_async_work(env, c->work);
    call_end(env, c);
    free(c);
}

static host *
host_of(const call *c, size_t i)
{
    return i == c->held_count ? c->own : c->held[i]->host;
}

/* What callbacks need while the call runs elsewhere: a way over, and the time of now. */
static bool
prepare_callbacks(napi_env env, call *c, napi_value name)
{
    bool asks = false;
    for (size_t i = 0; i <= c->held_count; i++) {
        host *one = host_of(c, i);
        for (uint32_t which = 0; one && which < CALLBACKS; which++)
            asks = asks || (which != CALLBACK_CLOCK && host_has(one, which));
        if (host_has(one, CALLBACK_CLOCK))
            c->now = host_clock(env, c, one);
    }
    return !asks || napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL,
                                                    c->addon, hop_called, &c->hop) == napi_ok;
}

static napi_value
begin(napi_env env, call *c)
{
    napi_value promise = NULL;
    napi_value name = text_value(env, c->function->name, strlen(c->function->name));
    if (!name || !prepare_callbacks(env, c, name) ||
        napi_create_async_work(env, NULL, name, execute, complete, c, &c->work) != napi_ok)
        return NULL;
    if (napi_create_promise(env, &c->deferred, &promise) != napi_ok ||
        napi_queue_async_work(env, c->work) != napi_ok) {
        napi_delete_async_work(env, c->work);
        return NULL;
    }
    return promise;
}

napi_value
call_later(napi_env env, napi_callback_info info)
{
    size_t argc = ARGUMENTS;
    napi_value argv[ARGUMENTS] = { NULL };
    void *data = NULL;
    addon *addon = NULL;
    if (napi_get_cb_info(env, info, &argc, argv, NULL, &data) != napi_ok ||
        napi_get_instance_data(env, (void **)&addon) != napi_ok || !addon)
        return NULL;
    call *c = calloc(1, sizeof(*c));
    if (!c) {
        napi_throw_error(env, "ENVRES_E_NOMEM", "out of memory");
        return NULL;
    }
    c->is_async = true;
    bool taken = call_init(env, c, addon, data) && take_arguments(env, c, argc, argv);
    napi_value promise = taken ? begin(env, c) : NULL;
    if (promise)
        return promise;
    throw_something(env);
    if (c->hop)
        napi_release_threadsafe_function(c->hop, napi_tsfn_release);
    call_end(env, c);
    free(c);
    return NULL;
}
