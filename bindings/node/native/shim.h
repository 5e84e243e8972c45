/* SPDX-License-Identifier: MIT */
/*
 * The addon: how a call of JavaScript becomes a call of the library, now or on another thread.
 *
 * table.c (generated) says of each function what it takes and gives. call.c turns arguments into
 * slots, calls, and turns slots into a result; result.c makes values, rows and errors of what the
 * library gives; handle.c owns the library's objects; callback.c leads from the library back into
 * JavaScript; fast.c has the calls that hosts make all day.
 *
 * One addon belongs to one environment of Node (the main thread, or a worker): there are no
 * globals. Only what a call's own thread needs while the library runs, the call, is thread-local.
 * What is passed to the library is copied into the call and wiped at its end.
 */
#ifndef ENVRES_NODE_SHIM_H
#define ENVRES_NODE_SHIM_H

#define NAPI_VERSION 8
#include <envres/envres.h>
#include <node_api.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kinds.h"

typedef struct addon addon;
typedef struct call call;
typedef struct handle handle;
typedef struct host host;

/* ---- what table.c says --------------------------------------------------------------------- */

/* One argument or result of a function, in its C type. */
typedef union slot {
    void *object;
    const void *in;
    void *user;
    size_t size;
    int64_t i64;
    uint64_t u64;
    int32_t i32;
    uint32_t u32;
    double real;
} slot;

enum { RESULT = 15, SLOTS = 16 };

/* What a parameter is. An IN takes one argument of JavaScript; a text, an array and a buffer fill
 * the slot behind them too. An OUT or RETURN is one result. */
enum {
    END,
    IN_TEXT,
    IN_STRUCT,  /* more: its layout */
    IN_STRUCTS, /* more: its layout */
    IN_OBJECT,  /* more: its kind */
    IN_I32,
    IN_U32,
    IN_I64,
    IN_BUFFER,
    IN_PROBE,
    IN_WRITE,
    FIRST_OUT,
    OUT_VALUE = FIRST_OUT,
    OUT_BYTES,
    OUT_TYPED,
    OUT_LIST,
    OUT_OBJECT, /* more: its kind */
    OUT_I32,
    OUT_U32,
    OUT_I64,
    OUT_U64,
    OUT_SIZE,
    OUT_DOUBLE,
    OUT_TEXT,
    OUT_DATA,
    OUT_CHARS,    /* more: how many bytes */
    OUT_FIXED,    /* more: how many bytes */
    RETURN_TEXT,  /* more: the slot of its length; 0: it ends at its NUL */
    RETURN_BYTES, /* likewise */
    RETURN_VALUE,
    RETURN_OBJECT,  /* more: its kind */
    RETURN_BORROWED /* likewise; it belongs to the first argument */
};

typedef struct parameter {
    uint8_t what;
    uint8_t slot;
    uint16_t more;
} parameter;

enum {
    FIELD_TEXT,
    FIELD_CSTRING,
    FIELD_FIXED, /* extra: how many bytes */
    FIELD_TEXTS,
    FIELD_CALLBACK, /* extra: which; more: its user */
    FIELD_STRUCT,   /* extra: its layout */
    FIELD_STRUCTS,  /* likewise */
    FIELD_OBJECT,   /* extra: its kind */
    FIELD_I32,
    FIELD_U32,
    FIELD_I64,
    FIELD_U64
};

typedef struct field {
    const char *name;
    uint32_t what;
    size_t at;
    /* Where its length, number or user is. */
    size_t more;
    uint32_t extra;
} field;

typedef struct layout {
    size_t size;
    const field *fields;
    size_t count;
    /* It begins with its size. */
    bool sized;
} layout;

typedef struct function {
    const char *name;
    envres_status (*run)(slot *slots, envres_error *err);
    const parameter *parameters;
} function;

typedef struct kind {
    const char *name;
    void (*free)(void *object);
} kind;

extern const layout envres_node_layouts[];
extern const function envres_node_functions[];
extern const kind envres_node_kinds[];

/* ---- one environment of Node ---------------------------------------------------------------- */

enum { BUFFER = 16384, SPARE_SLOTS = 4 };

typedef struct ask ask;

struct addon {
    napi_env env;
    /* Functions of JavaScript: an Error of what a slot says, a Secret of bytes, a place for what
     * can be thrown nowhere. */
    napi_ref make_error;
    napi_ref make_secret;
    napi_ref report;
    /* For the calls of fast.c, which never lead back into JavaScript. */
    envres_error *err;
    envres_error *spare[SPARE_SLOTS];
    size_t spares;
    /* Calls of other threads that wait for an answer of JavaScript. */
    pthread_mutex_t lock;
    ask *waiting;
    bool leaving;
    /* The environment, and each handle. */
    uint32_t refs;
    /* Plain text on its way into a string; never a secret. */
    char buffer[BUFFER];
};

/* ---- objects of the library ----------------------------------------------------------------- */

/* Used on its environment's own thread only, but for `object` during a call and `lock`. */
struct handle {
    uint32_t kind;
    bool closed;
    /* It belongs to `owner`, or to a call. */
    bool borrowed;
    bool locks;
    /* JavaScript, running calls and borrowed handles that refer to this. */
    uint32_t refs;
    /* Those of them that use the object. */
    uint32_t users;
    void *object;
    addon *addon;
    host *host;
    handle *owner;
    /* Of objects that are for one thread at a time. */
    pthread_mutex_t lock;
};

/* A handle for an object, which it takes over, also when it fails. */
napi_value handle_new(napi_env env, addon *addon, uint32_t kind, void *object, host *host,
                      handle *owner, bool borrowed);
/* The handle that a value is; NULL with an exception where it is none of that kind. */
handle *handle_of(napi_env env, addon *addon, napi_value value, uint32_t kind);
void handle_hold(handle *one);
void handle_release(napi_env env, handle *one);
/* No use of it is begun from now on; the object is given back when the last one has ended. */
void handle_close(napi_env env, handle *one);
void throw_closed(napi_env env, addon *addon, const handle *one);

/* ---- the host's callbacks ------------------------------------------------------------------- */

enum {
    CALLBACK_WRAP,
    CALLBACK_UNWRAP,
    CALLBACK_CLOCK,
    CALLBACK_ANCHOR_LOAD,
    CALLBACK_ANCHOR_STORE,
    CALLBACK_AUDIT_SINK,
    CALLBACKS
};

/* The functions that a call, or a store and its sessions, were given. */
struct host {
    addon *addon;
    uint32_t refs;
    napi_ref functions[CALLBACKS];
};

host *host_new(addon *addon);
void host_ref(host *one);
void host_unref(napi_env env, host *one);
/* The address of the C function for a callback, to be stored in a struct. */
void host_attach(void *at, uint32_t which);
bool host_has(const host *one, uint32_t which);
/* Milliseconds since 1970 as the host's clock says; on the environment's own thread. */
int64_t host_clock(napi_env env, call *running, host *one);
void hop_called(napi_env env, napi_value function, void *context, void *data);
/* Answers all that wait, and refuses what comes later: nobody will be there to answer. */
void host_leave(addon *addon);

envres_status on_probe(const envres_resource_handle *resource, envres_error *err, void *user);
envres_status on_write(const char *data, size_t len, void *user);

/* ---- one call ------------------------------------------------------------------------------- */

enum { HELD = 8, ARENA = 1024 };

typedef struct block {
    struct block *next;
    size_t size;
} block;

struct call {
    addon *addon;
    const function *function;
    slot slots[SLOTS];
    envres_status status;
    envres_error *err;
    handle *held[HELD];
    size_t held_count;
    /* Made of this call's own arguments. */
    host *own;
    /* What a callback threw: a reference to an array with it. */
    napi_ref raised;
    /* Of a probe, on this thread. */
    napi_env env;
    napi_value probe;
    /* What a redactor gave on. */
    char *written;
    size_t written_len;
    size_t written_cap;
    bool writes;
    /* On another thread. */
    bool is_async;
    napi_async_work work;
    napi_deferred deferred;
    napi_threadsafe_function hop;
    int64_t now;
    /* Arguments: all of it is wiped. */
    block *blocks;
    size_t used;
    _Alignas(16) unsigned char arena[ARENA];
};

/* The call that this thread is in, or NULL. */
call **call_running(void);
/* Zeroed memory that lives as long as the call; NULL with an exception. */
void *call_alloc(napi_env env, call *c, size_t size);
bool call_init(napi_env env, call *c, addon *addon, const function *function);
void call_end(napi_env env, call *c);
napi_value call_now(napi_env env, napi_callback_info info);
napi_value call_later(napi_env env, napi_callback_info info);

void wipe(void *data, size_t size);

/* Arguments of JavaScript into slots; false with an exception. */
bool take_arguments(napi_env env, call *c, size_t argc, napi_value *argv);

/* ---- results -------------------------------------------------------------------------------- */

void addon_unref(addon *addon);
napi_value text_value(napi_env env, const char *data, size_t len);
bool is_ascii(const char *data, size_t len);
napi_value plain_value(napi_env env, const char *data, size_t len);
/* What a call gives, all of it taken over; NULL where Node fails. */
napi_value result_of(napi_env env, call *c);
/* The Error of a failed call; NULL where Node fails. `cause` may be NULL. */
napi_value error_of(napi_env env, addon *addon, envres_status status, const envres_error *err,
                    napi_value cause);
napi_value raised_of(napi_env env, call *c);
/* Hands what was thrown where nobody can be told to the host's process. */
void report_raised(napi_env env, call *c);
/* Makes sure that a failure of Node itself does not look like a result. */
void throw_something(napi_env env);

bool fast_define(napi_env env, addon *addon, napi_value exports);

#endif
