/* SPDX-License-Identifier: MIT */
/*
 * One native call for what hosts do all day, and what cgo cannot say by itself.
 *
 * What a call needs besides its objects lies in one envres_go_work: the error slot, the outputs,
 * and a buffer, which is memory of C, so that no pointer into memory of Go is ever stored in C.
 * Nothing here ever puts a secret into the buffer as an output: rendering forbids secrets, and what
 * is read is plain. Where there is a secret, or the output is larger, the caller is told so, and
 * takes an envres_value instead. One thread at a time uses one envres_go_work.
 */
#ifndef ENVRES_GO_SHIM_H
#define ENVRES_GO_SHIM_H

#include <envres/envres.h>

enum { ENVRES_GO_BUFFER = 16384, ENVRES_GO_COLUMNS = 32 };

/* One cell of a row. */
typedef struct envres_go_cell {
    const char *text;
    size_t len;
    int64_t integer;
    int32_t type;
    int32_t secret;
} envres_go_cell;

/* What never changes of a resource. */
typedef struct envres_go_resource {
    const char *kind;
    const char *environment;
    const char *cache_key;
    uint32_t fields;
    int32_t fallback;
} envres_go_resource;

/* What envres_go_work holds for one call. */
typedef struct envres_go_work {
    envres_error *err;
    /* outputs */
    void *object;
    envres_list *list;
    envres_list *findings;
    envres_value *value;
    const char *data;
    size_t len;
    size_t end;
    int64_t integer;
    double number;
    int32_t flag;
    uint32_t index;
    uint8_t bytes[64];
    envres_go_resource facts;
    envres_go_cell cells[ENVRES_GO_COLUMNS];
    /* arguments that C keeps pointers to during the call; or a text that was made */
    char buffer[ENVRES_GO_BUFFER];
} envres_go_work;

/* What an error slot says. */
typedef struct envres_go_said {
    const char *name;
    const char *message;
    const char *hint;
    const char *subject;
    int64_t offset; /* -1: none */
    uint32_t line;
    uint32_t column;
} envres_go_said;

/* What never changes of a scope. */
typedef struct envres_go_scope {
    const char *environment;
    const char *app;
    const char *version;
    const char *release;
    int64_t revision;
    int64_t sequence;
    uint32_t count;
    uint32_t parts;
} envres_go_scope;

/* A parameter of a statement. */
typedef struct envres_go_parameter {
    const char *name;
    const char *text;
    size_t len;
    int64_t integer;
    double number;
    int32_t type;
    int32_t secret;
} envres_go_parameter;

/* An envres_go_work with an empty slot, or NULL. */
envres_go_work *envres_go_work_new(void);
void envres_go_work_free(envres_go_work *work);

/* A name of the calling thread, never 0. */
uintptr_t envres_go_thread(void);

/* What the slot says of this status, then the slot is as new after envres_go_clear(). */
void envres_go_say(const envres_error *err, envres_status status, envres_go_said *said);
void envres_go_clear(envres_error *err);

/* The hot calls. A length; or a negative status, and then nothing is in the buffer. Their pointers
 * come as numbers: all are memory of C, and cgo need not look for pointers into memory of Go. */
int64_t envres_go_render(uintptr_t tmpl, uintptr_t scope, uintptr_t work);
int64_t envres_go_bound(uintptr_t bound, uintptr_t work);
int64_t envres_go_get(uintptr_t scope, const char *name, size_t name_len, uintptr_t work);

/* Resolves a resource, into object and facts of the work. */
int32_t envres_go_resolve(uintptr_t scope, const char *name, size_t name_len, uintptr_t work);

/* Renders one template after another into the buffer; ends[i] is where the i-th ends. How many were
 * done: the next one has a secret, does not fit, or fails with what work->flag says. */
size_t envres_go_render_many(envres_template *const *templates, size_t count,
                             const envres_scope *scope, size_t *ends, envres_go_work *work);

/* Bytes of a value: pointer, length and whether it is secret, in data, len and flag. */
void envres_go_value(const envres_value *value, envres_go_work *work);
/* The first cells of a row; how many were read. */
uint32_t envres_go_row(const envres_list *list, size_t row, uint32_t columns, envres_go_work *work);

void envres_go_scope_facts(const envres_scope *scope, envres_go_scope *facts);
void envres_go_resource_facts(const envres_resource_handle *handle, envres_go_resource *facts);
void envres_go_parameter_at(const envres_statement *statement, uint32_t index,
                            envres_go_parameter *out);

/* envres_part_digest() of what is no void *: of that, cgo would look for pointers of Go in all of
 * the object that the bytes are a part of. */
envres_status envres_go_part_digest(const char *data, size_t len, uint8_t *digest,
                                    envres_error *err);

/* Callbacks: a handle of Go travels as the user pointer. */
void envres_go_set_provider(envres_credential *credential, uintptr_t user);
void envres_go_set_clock(envres_store_options *options, uintptr_t user);
void envres_go_set_anchor(envres_store_options *options, uintptr_t user);
void envres_go_set_sink(envres_store_options *options, uintptr_t user);
envres_status envres_go_test(const envres_scope *scope, const char *handle, size_t handle_len,
                             uintptr_t user, envres_error *err);
envres_status envres_go_feed(envres_redactor *redactor, const char *data, size_t len,
                             uintptr_t user, envres_error *err);
envres_status envres_go_finish(envres_redactor *redactor, uintptr_t user, envres_error *err);

#endif
