/* SPDX-License-Identifier: MIT */
/*
 * From the library back into JavaScript: key provider, anchor, audit sink, clock, probe.
 *
 * A callback is answered on the environment's own thread. A call that runs there asks directly; one
 * that runs on another thread sends its question over (a threadsafe function) and waits. The
 * library asks with no lock held, so that the thread of JavaScript can always answer, whatever else
 * it calls meanwhile. The exception is the clock, which may be asked under a lock: for a call on
 * another thread it is read once, before the call begins.
 *
 * What JavaScript throws is kept in the call, as the cause of its error, and never crosses the
 * library. Where nobody can answer any more (a finalizer, the end of the process), the callback has
 * failed.
 */
#include "shim.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MOST_BYTES = 5,
    MOST_NUMBERS = 3,
    MOST_ARGUMENTS = MOST_BYTES + MOST_NUMBERS,
    MOST_REPLY = 4096 /* what a wrapped key may have */
};

/* A question, and room for the answer. One that is sent to another thread lies on the heap, and
 * belongs to both: who waits may have been told to leave while the other still answers. */
struct ask {
    ask *next;
    /* Under the addon's lock. */
    uint32_t refs;
    host *host;
    call *call;
    uint32_t which;
    /* In the order of the function's arguments: bytes, then numbers. */
    const uint8_t *bytes[MOST_BYTES];
    size_t sizes[MOST_BYTES];
    int64_t numbers[MOST_NUMBERS];
    size_t byte_count;
    size_t number_count;
    /* Its first bytes are a key: wiped when it was answered. */
    bool wipes_key;
    /* How many bytes are taken at most, or exactly. */
    size_t cap;
    size_t out_len;
    uint8_t out[MOST_REPLY];
    int64_t out_number;
    envres_status status;
    bool is_answered;
    pthread_cond_t answered;
};

host *
host_new(addon *addon)
{
    host *one = calloc(1, sizeof(*one));
    if (one) {
        one->addon = addon;
        one->refs = 1;
    }
    return one;
}

void
host_ref(host *one)
{
    if (one)
        one->refs++;
}

void
host_unref(napi_env env, host *one)
{
    if (!one || --one->refs > 0)
        return;
    for (uint32_t i = 0; i < CALLBACKS; i++) {
        if (one->functions[i])
            napi_delete_reference(env, one->functions[i]);
    }
    free(one);
}

bool
host_has(const host *one, uint32_t which)
{
    return one && one->functions[which];
}

/* Keeps what was thrown for the error of the call; the status that the library is told. */
static envres_status
keep_raised(napi_env env, call *c)
{
    napi_value error = NULL;
    napi_value kept = NULL;
    napi_value status = NULL;
    napi_valuetype type = napi_undefined;
    int32_t code = 0;
    bool pending = false;
    if (napi_is_exception_pending(env, &pending) != napi_ok || !pending ||
        napi_get_and_clear_last_exception(env, &error) != napi_ok)
        return ENVRES_E_CALLBACK;
    if (c->raised)
        napi_delete_reference(env, c->raised);
    c->raised = NULL;
    if (napi_create_array_with_length(env, 1, &kept) != napi_ok ||
        napi_set_element(env, kept, 0, error) != napi_ok ||
        napi_create_reference(env, kept, 1, &c->raised) != napi_ok)
        return ENVRES_E_CALLBACK;
    if (napi_typeof(env, error, &type) != napi_ok || type != napi_object ||
        napi_get_named_property(env, error, "status", &status) != napi_ok ||
        napi_get_value_int32(env, status, &code) != napi_ok) {
        if (napi_is_exception_pending(env, &pending) == napi_ok && pending)
            napi_get_and_clear_last_exception(env, &error);
        return ENVRES_E_CALLBACK;
    }
    return code < 0 && strcmp(envres_status_name(code), "ENVRES_E_?") != 0 ? code
                                                                           : ENVRES_E_CALLBACK;
}

/* An answer that has not the right form, or Node that fails. */
static envres_status
no_answer(napi_env env, ask *one, const char *message)
{
    bool pending = false;
    if (napi_is_exception_pending(env, &pending) == napi_ok && !pending)
        napi_throw_type_error(env, "ERR_INVALID_RETURN_VALUE", message);
    return keep_raised(env, one->call);
}

static envres_status
take_bytes(napi_env env, ask *one, napi_value value)
{
    void *data = NULL;
    size_t size = 0;
    bool is_buffer = false;
    if (napi_is_buffer(env, value, &is_buffer) != napi_ok || !is_buffer ||
        napi_get_buffer_info(env, value, &data, &size) != napi_ok)
        return no_answer(env, one, "a callback did not give bytes");
    bool fits = one->which == CALLBACK_WRAP ? size > 0 && size <= one->cap : size == one->cap;
    if (fits) {
        memcpy(one->out, data, size);
        one->out_len = size;
    }
    if (one->which == CALLBACK_UNWRAP && size > 0)
        wipe(data, size);
    return fits ? ENVRES_OK : no_answer(env, one, "a callback gave bytes of the wrong length");
}

/* What anchor.load() gives: null, or an array of the sequence and the hash. */
static envres_status
take_state(napi_env env, ask *one, napi_value value)
{
    napi_value sequence = NULL;
    napi_value hash = NULL;
    napi_valuetype type = napi_undefined;
    one->out_number = 0;
    if (napi_typeof(env, value, &type) == napi_ok && type == napi_null)
        return ENVRES_OK;
    bool lossless = true;
    if (napi_get_element(env, value, 0, &sequence) != napi_ok ||
        napi_get_element(env, value, 1, &hash) != napi_ok ||
        napi_typeof(env, sequence, &type) != napi_ok ||
        (type == napi_bigint
             ? napi_get_value_bigint_int64(env, sequence, &one->out_number, &lossless)
             : napi_get_value_int64(env, sequence, &one->out_number)) != napi_ok ||
        !lossless)
        return no_answer(env, one, "load() did not give a sequence and a hash");
    return take_bytes(env, one, hash);
}

static envres_status
take_answer(napi_env env, ask *one, napi_value value)
{
    switch (one->which) {
    case CALLBACK_WRAP:
    case CALLBACK_UNWRAP:
        return take_bytes(env, one, value);
    case CALLBACK_ANCHOR_LOAD:
        return take_state(env, one, value);
    case CALLBACK_CLOCK:
        if (napi_get_value_int64(env, value, &one->out_number) != napi_ok)
            return no_answer(env, one, "the clock did not give a number");
        return ENVRES_OK;
    default:
        return ENVRES_OK;
    }
}

static napi_status
integer_value(napi_env env, int64_t number, napi_value *out)
{
    const int64_t safe = (INT64_C(1) << 53) - 1;
    return number >= -safe && number <= safe ? napi_create_int64(env, number, out)
                                             : napi_create_bigint_int64(env, number, out);
}

/* Calls the function of JavaScript, on its own thread. */
static envres_status
answer(napi_env env, ask *one)
{
    napi_value arguments[MOST_ARGUMENTS] = { NULL };
    napi_value function = NULL;
    napi_value global = NULL;
    napi_value result = NULL;
    size_t count = 0;
    bool ok =
        napi_get_reference_value(env, one->host->functions[one->which], &function) == napi_ok &&
        function && napi_get_global(env, &global) == napi_ok;
    for (size_t i = 0; ok && i < one->byte_count; i++)
        ok = napi_create_buffer_copy(env, one->sizes[i], one->bytes[i], NULL,
                                     &arguments[count++]) == napi_ok;
    for (size_t i = 0; ok && i < one->number_count; i++)
        ok = integer_value(env, one->numbers[i], &arguments[count++]) == napi_ok;
    ok = ok && napi_call_function(env, global, function, count, arguments, &result) == napi_ok;
    envres_status status =
        ok ? take_answer(env, one, result) : no_answer(env, one, "a callback could not be called");
    if (one->wipes_key && count > 1) {
        void *data = NULL;
        size_t size = 0;
        if (arguments[1] && napi_get_buffer_info(env, arguments[1], &data, &size) == napi_ok &&
            size > 0)
            wipe(data, size);
    }
    return status;
}

static void
unlink_ask(addon *addon, const ask *one)
{
    ask **at = &addon->waiting;
    while (*at && *at != one)
        at = &(*at)->next;
    if (*at)
        *at = one->next;
}

static bool
is_waiting(const addon *addon, const ask *one)
{
    const ask *at = addon->waiting;
    while (at && at != one)
        at = at->next;
    return at;
}

/* Of a question on the heap. */
static void
ask_unref(addon *addon, ask *one)
{
    pthread_mutex_lock(&addon->lock);
    bool last = --one->refs == 0;
    pthread_mutex_unlock(&addon->lock);
    if (!last)
        return;
    pthread_cond_destroy(&one->answered);
    wipe(one->out, sizeof(one->out));
    free(one);
}

/* Runs on the environment's own thread; env is NULL where it ends. A question that host_leave() has
 * answered is not waiting any more, and what it points to may be gone. */
void
hop_called(napi_env env, napi_value function, void *context, void *data)
{
    (void)function;
    addon *addon = context;
    ask *one = data;
    pthread_mutex_lock(&addon->lock);
    bool there = is_waiting(addon, one);
    pthread_mutex_unlock(&addon->lock);
    envres_status status = there && env ? answer(env, one) : ENVRES_E_CALLBACK;
    pthread_mutex_lock(&addon->lock);
    if (is_waiting(addon, one)) {
        unlink_ask(addon, one);
        one->status = status;
        one->is_answered = true;
        pthread_cond_signal(&one->answered);
    }
    pthread_mutex_unlock(&addon->lock);
    ask_unref(addon, one);
}

void
host_leave(addon *addon)
{
    pthread_mutex_lock(&addon->lock);
    addon->leaving = true;
    while (addon->waiting) {
        ask *one = addon->waiting;
        addon->waiting = one->next;
        one->status = ENVRES_E_CALLBACK;
        one->is_answered = true;
        pthread_cond_signal(&one->answered);
    }
    pthread_mutex_unlock(&addon->lock);
}

/* Sends a question to the environment's own thread, and waits. */
static envres_status
ask_over(call *c, ask *asked)
{
    addon *addon = c->addon;
    ask *one = c->hop ? malloc(sizeof(*one)) : NULL;
    if (!one)
        return ENVRES_E_CALLBACK;
    *one = *asked;
    one->refs = 2;
    one->status = ENVRES_E_CALLBACK;
    if (pthread_cond_init(&one->answered, NULL) != 0) {
        free(one);
        return ENVRES_E_CALLBACK;
    }
    pthread_mutex_lock(&addon->lock);
    bool waits = !addon->leaving;
    if (waits) {
        one->next = addon->waiting;
        addon->waiting = one;
    }
    pthread_mutex_unlock(&addon->lock);
    if (!waits || napi_call_threadsafe_function(c->hop, one, napi_tsfn_blocking) != napi_ok) {
        pthread_mutex_lock(&addon->lock);
        unlink_ask(addon, one);
        pthread_mutex_unlock(&addon->lock);
        waits = false;
        ask_unref(addon, one);
    }
    pthread_mutex_lock(&addon->lock);
    while (waits && !one->is_answered)
        pthread_cond_wait(&one->answered, &addon->lock);
    envres_status status = one->status;
    pthread_mutex_unlock(&addon->lock);
    if (status == ENVRES_OK) {
        memcpy(asked->out, one->out, one->out_len);
        asked->out_len = one->out_len;
        asked->out_number = one->out_number;
    }
    ask_unref(addon, one);
    return status;
}

static envres_status
put(ask *one)
{
    call *c = *call_running();
    one->call = c;
    if (!c || !one->host->functions[one->which])
        return ENVRES_E_CALLBACK;
    if (c->is_async)
        return ask_over(c, one);
    napi_env env = c->addon->env;
    napi_handle_scope scope = NULL;
    if (napi_open_handle_scope(env, &scope) != napi_ok)
        return ENVRES_E_CALLBACK;
    envres_status status = answer(env, one);
    napi_close_handle_scope(env, scope);
    return status;
}

/* ---- the functions that the library calls ---------------------------------------------------- */

static envres_status
on_wrap(const uint8_t *id, const uint8_t *key, const uint8_t *aad, size_t aad_len, uint8_t *blob,
        size_t cap, size_t *blob_len, void *user)
{
    ask one = { .host = user,
                .which = CALLBACK_WRAP,
                .bytes = { id, key, aad },
                .sizes = { 16, 32, aad_len },
                .byte_count = 3,
                .wipes_key = true,
                .cap = cap < MOST_REPLY ? cap : MOST_REPLY };
    envres_status status = put(&one);
    if (status == ENVRES_OK) {
        memcpy(blob, one.out, one.out_len);
        *blob_len = one.out_len;
    }
    return status;
}

static envres_status
on_unwrap(const uint8_t *id, const uint8_t *blob, size_t blob_len, const uint8_t *aad,
          size_t aad_len, uint8_t *key, void *user)
{
    ask one = { .host = user,
                .which = CALLBACK_UNWRAP,
                .bytes = { id, blob, aad },
                .sizes = { 16, blob_len, aad_len },
                .byte_count = 3,
                .cap = 32 };
    envres_status status = put(&one);
    if (status == ENVRES_OK)
        memcpy(key, one.out, 32);
    wipe(one.out, sizeof(one.out));
    return status;
}

static int64_t
system_clock(void)
{
    struct timespec now = { 0 };
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
host_clock(napi_env env, call *running, host *one)
{
    ask asked = { .host = one, .call = running, .which = CALLBACK_CLOCK };
    napi_handle_scope scope = NULL;
    if (napi_open_handle_scope(env, &scope) != napi_ok)
        return system_clock();
    if (answer(env, &asked) != ENVRES_OK) {
        /* A clock cannot fail: what it threw is reported, and the system's is taken. */
        report_raised(env, running);
        asked.out_number = system_clock();
    }
    napi_close_handle_scope(env, scope);
    return asked.out_number;
}

static int64_t
on_clock(void *user)
{
    call *c = *call_running();
    if (!c)
        return system_clock();
    return c->is_async ? c->now : host_clock(c->addon->env, c, user);
}

static envres_status
on_anchor_load(const uint8_t *workspace, int64_t *sequence, uint8_t *hash, void *user)
{
    ask one = { .host = user,
                .which = CALLBACK_ANCHOR_LOAD,
                .bytes = { workspace },
                .sizes = { 16 },
                .byte_count = 1,
                .cap = 32 };
    envres_status status = put(&one);
    if (status == ENVRES_OK) {
        memcpy(hash, one.out, one.out_len);
        *sequence = one.out_number;
    }
    return status;
}

static envres_status
on_anchor_store(const uint8_t *workspace, int64_t expected, int64_t sequence, const uint8_t *hash,
                void *user)
{
    ask one = { .host = user,
                .which = CALLBACK_ANCHOR_STORE,
                .bytes = { workspace, hash },
                .sizes = { 16, 32 },
                .byte_count = 2,
                .numbers = { expected, sequence },
                .number_count = 2 };
    return put(&one);
}

static envres_status
on_audit_sink(const envres_checkpoint *checkpoint, void *user)
{
    ask one = { .host = user,
                .which = CALLBACK_AUDIT_SINK,
                .bytes = { checkpoint->workspace, checkpoint->signer, checkpoint->sign_key,
                           checkpoint->hash, checkpoint->signature },
                .sizes = { 16, 16, 32, 32, 64 },
                .byte_count = 5,
                .numbers = { checkpoint->sequence, checkpoint->time, checkpoint->policy_version },
                .number_count = 3 };
    return put(&one);
}

void
host_attach(void *at, uint32_t which)
{
    const envres_wrap_fn wrap = on_wrap;
    const envres_unwrap_fn unwrap = on_unwrap;
    const envres_clock_fn clock = on_clock;
    const envres_anchor_load_fn load = on_anchor_load;
    const envres_anchor_store_fn store = on_anchor_store;
    const envres_audit_sink_fn sink = on_audit_sink;
    const void *const from[CALLBACKS] = { &wrap, &unwrap, &clock, &load, &store, &sink };
    /* All pointers to functions have one size here (POSIX). */
    memcpy(at, from[which], sizeof(wrap));
}

/* The probe's own wrapper in JavaScript catches what it throws, and gives nothing, or an array:
 * status, message, hint, subject. */
envres_status
on_probe(const envres_resource_handle *resource, envres_error *err, void *user)
{
    call *c = user;
    napi_env env = c->env;
    napi_value argument = handle_new(env, c->addon, KIND_RESOURCE_HANDLE,
                                     (void *)(uintptr_t)resource, NULL, NULL, true);
    napi_value global = NULL;
    napi_value result = NULL;
    napi_valuetype type = napi_undefined;
    void *data = NULL;
    bool called = argument && napi_get_global(env, &global) == napi_ok &&
                  napi_call_function(env, global, c->probe, 1, &argument, &result) == napi_ok &&
                  napi_typeof(env, result, &type) == napi_ok;
    if (argument && napi_get_value_external(env, argument, &data) == napi_ok)
        handle_close(env, data);
    if (!called)
        return keep_raised(env, c);
    if (type != napi_object)
        return ENVRES_OK;
    napi_value part = NULL;
    int32_t status = ENVRES_E_CALLBACK;
    char text[3][512] = { { 0 } };
    size_t sizes[3] = { 0 };
    if (napi_get_element(env, result, 0, &part) == napi_ok)
        napi_get_value_int32(env, part, &status);
    for (uint32_t i = 0; i < 3; i++) {
        if (napi_get_element(env, result, i + 1, &part) == napi_ok)
            napi_get_value_string_utf8(env, part, text[i], sizeof(text[i]), &sizes[i]);
    }
    envres_status told = envres_error_set(err, status, text[0], sizes[0], text[1], sizes[1]);
    if (sizes[2] > 0)
        envres_error_set_subject(err, text[2], sizes[2]);
    return told;
}

/* Collects what a redactor gives on. */
envres_status
on_write(const char *data, size_t len, void *user)
{
    call *c = user;
    if (len > c->written_cap - c->written_len) {
        size_t cap = (c->written_len + len) * 2 + 256;
        char *grown = realloc(c->written, cap);
        if (!grown)
            return ENVRES_E_NOMEM;
        c->written = grown;
        c->written_cap = cap;
    }
    if (len > 0)
        memcpy(c->written + c->written_len, data, len);
    c->written_len += len;
    return ENVRES_OK;
}
