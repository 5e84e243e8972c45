/* SPDX-License-Identifier: MIT */
/*
 * The calls of shim.h, but for callbacks. No Java object is kept beyond a call, and no pointer into
 * Java's heap is ever given to the library: what goes in is copied, and the copy is wiped at the
 * end. No JNI function that may not be called with an exception pending is called with one.
 */
#include "shim.h"

#include <stdlib.h>
#include <string.h>

/* Memory of a call; the bytes stand behind it. */
typedef struct shim_block {
    struct shim_block *next;
    size_t size;
    max_align_t data[];
} shim_block;

/* The compiler may not leave it out: it is told that somebody reads the bytes. */
void
shim_wipe(void *data, size_t size)
{
    memset(data, 0, size);
    __asm__ volatile("" : : "r"(data) : "memory");
}

static void
out_of_memory(shim_call *call)
{
    if (!call->failed)
        (*call->env)->ThrowNew(call->env, shim_java.no_memory, "envres: no native memory");
    call->failed = 1;
}

shim_call
shim_begin(JNIEnv *env, jclass type, int slot)
{
    shim_call call = { .env = env };
    (void)type;
    if (slot) {
        call.err = envres_error_new(NULL);
        if (call.err == NULL)
            out_of_memory(&call);
    }
    return call;
}

/* Throws what the slot says; a slot that speaks of something else has nothing to add. */
static void
throw_status(shim_call *call)
{
    JNIEnv *env = call->env;
    const envres_error *err = envres_error_code(call->err) == call->status ? call->err : NULL;
    const char *message = err ? envres_error_message(err) : envres_status_text(call->status);
    const char *hint = err ? envres_error_hint(err) : "";
    const char *subject = err ? envres_error_subject(err) : "";
    size_t offset = err ? envres_error_offset(err) : SIZE_MAX;
    jbyteArray texts[3] = { shim_bytes(call, message, strlen(message)),
                            shim_bytes(call, hint, strlen(hint)),
                            shim_bytes(call, subject, strlen(subject)) };
    if (call->failed)
        return;
    jobject made = (*env)->CallStaticObjectMethod(
        env, shim_java.errors, shim_java.make, (jint)call->status, texts[0], texts[1], texts[2],
        offset == SIZE_MAX ? (jlong)-1 : (jlong)offset, (jint)(err ? envres_error_line(err) : 0),
        (jint)(err ? envres_error_column(err) : 0));
    if ((*env)->ExceptionCheck(env) == JNI_FALSE && made != NULL)
        (*env)->Throw(env, made);
}

void
shim_end(shim_call *call)
{
    for (shim_block *next = NULL, *at = call->blocks; at != NULL; at = next) {
        next = at->next;
        shim_wipe(at->data, at->size);
        free(at);
    }
    call->blocks = NULL;
    if (call->status < 0 && !call->failed)
        throw_status(call);
    envres_error_free(call->err);
}

void *
shim_alloc(shim_call *call, size_t size)
{
    shim_block *made = NULL;
    if (!call->failed && size <= SIZE_MAX - sizeof(*made))
        made = calloc(1, sizeof(*made) + size);
    if (made == NULL) {
        out_of_memory(call);
        return NULL;
    }
    made->size = size;
    made->next = call->blocks;
    call->blocks = made;
    return made->data;
}

/* ---- what goes in --------------------------------------------------------------------------- */

const char *
shim_text(shim_call *call, jbyteArray from, size_t *len)
{
    JNIEnv *env = call->env;
    if (len != NULL)
        *len = 0;
    if (from == NULL || call->failed)
        return NULL;
    jsize size = (*env)->GetArrayLength(env, from);
    char *made = shim_alloc(call, (size_t)size + 1);
    if (made == NULL)
        return NULL;
    (*env)->GetByteArrayRegion(env, from, 0, size, (jbyte *)made);
    if (len != NULL)
        *len = (size_t)size;
    return made;
}

void
shim_let_go(shim_call *call, jobject one)
{
    if (one != NULL)
        (*call->env)->DeleteLocalRef(call->env, one);
}

size_t
shim_length(shim_call *call, jobjectArray from)
{
    return from != NULL && !call->failed ? (size_t)(*call->env)->GetArrayLength(call->env, from)
                                         : 0;
}

jobjectArray
shim_array_at(shim_call *call, jobjectArray from, jsize index)
{
    if (from == NULL || call->failed)
        return NULL;
    jobject one = (*call->env)->GetObjectArrayElement(call->env, from, index);
    if ((*call->env)->ExceptionCheck(call->env))
        call->failed = 1;
    return one;
}

void
shim_numbers(shim_call *call, jobjectArray from, jlong numbers[SHIM_NUMBERS])
{
    JNIEnv *env = call->env;
    jlongArray one = shim_array_at(call, from, 0);
    if (one == NULL)
        return;
    jsize count = (*env)->GetArrayLength(env, one);
    (*env)->GetLongArrayRegion(env, one, 0, count < SHIM_NUMBERS ? count : SHIM_NUMBERS, numbers);
    shim_let_go(call, one);
}

const char *
shim_text_at(shim_call *call, jobjectArray from, jsize index, size_t *len)
{
    jbyteArray one = shim_array_at(call, from, index);
    const char *made = shim_text(call, one, len);
    if (!call->failed)
        shim_let_go(call, one);
    return made;
}

const char *const *
shim_texts_at(shim_call *call, jobjectArray from, jsize index, size_t *count)
{
    jobjectArray all = shim_array_at(call, from, index);
    size_t there = shim_length(call, all);
    const char **made = there > 0 ? shim_alloc(call, there * sizeof(*made)) : NULL;
    for (size_t i = 0; made != NULL && i < there; i++)
        made[i] = shim_text_at(call, all, (jsize)i, NULL);
    *count = made != NULL ? there : 0;
    return made;
}

/* ---- what comes out ------------------------------------------------------------------------- */

size_t
shim_strlen(const char *text)
{
    return text != NULL ? strlen(text) : 0;
}

jbyteArray
shim_bytes(shim_call *call, const void *data, size_t size)
{
    JNIEnv *env = call->env;
    if (data == NULL || call->failed)
        return NULL;
    if (size > INT32_MAX - 8) {
        out_of_memory(call);
        return NULL;
    }
    jbyteArray made = (*env)->NewByteArray(env, (jsize)size);
    if (made == NULL)
        call->failed = 1;
    else
        (*env)->SetByteArrayRegion(env, made, 0, (jsize)size, data);
    return made;
}

/* Writes what Java reads with a ByteBuffer; without `data` it only counts. */
typedef struct shim_writer {
    unsigned char *data;
    size_t size;
} shim_writer;

static void
put_bytes(shim_writer *to, const void *data, size_t size)
{
    if (to->data != NULL && size > 0)
        memcpy(to->data + to->size, data, size);
    to->size += size;
}

static void
put_number(shim_writer *to, uint64_t number, int bytes)
{
    unsigned char made[8] = { 0 };
    for (int i = 0; i < bytes; i++)
        made[i] = (unsigned char)(number >> (8 * (bytes - 1 - i)) & 0xff);
    put_bytes(to, made, (size_t)bytes);
}

static void
put_text(shim_writer *to, const char *data, size_t size)
{
    put_number(to, size, 4);
    put_bytes(to, data, size);
}

enum { CELL_NULL = 0, CELL_INTEGER = 1, CELL_TEXT = 2, CELL_SECRET = 3 };

static void
put_cell(shim_writer *to, const envres_list *list, size_t row, uint32_t column)
{
    size_t size = 0;
    switch (envres_list_type(list, row, column)) {
    case ENVRES_CELL_INTEGER:
        put_number(to, CELL_INTEGER, 1);
        put_number(to, (uint64_t)envres_list_integer(list, row, column), 8);
        return;
    case ENVRES_CELL_TEXT: {
        const char *text = envres_list_text(list, row, column, &size);
        put_number(to, envres_list_is_secret(list, row, column) ? CELL_SECRET : CELL_TEXT, 1);
        put_text(to, text, size);
        return;
    }
    default:
        put_number(to, CELL_NULL, 1);
    }
}

static void
put_list(shim_writer *to, const envres_list *list)
{
    uint32_t columns = envres_list_columns(list);
    size_t rows = envres_list_count(list);
    put_number(to, columns, 4);
    put_number(to, rows, 4);
    for (uint32_t column = 0; column < columns; column++) {
        const char *name = envres_list_column_name(list, column);
        put_text(to, name, shim_strlen(name));
    }
    for (size_t row = 0; row < rows; row++) {
        for (uint32_t column = 0; column < columns; column++)
            put_cell(to, list, row, column);
    }
}

jbyteArray
shim_list(shim_call *call, envres_list *list)
{
    jbyteArray made = NULL;
    if (list != NULL && !call->failed) {
        shim_writer counted = { 0 };
        put_list(&counted, list);
        shim_writer written = { .data = shim_alloc(call, counted.size) };
        if (written.data != NULL) {
            put_list(&written, list);
            made = shim_bytes(call, written.data, written.size);
        }
    }
    envres_list_free(list);
    return made;
}

static void
put_value(shim_writer *to, const envres_value *value)
{
    size_t size = 0;
    const char *data = envres_value_data(value, &size);
    size_t ranges = envres_value_is_secret(value) ? envres_value_range_count(value) : 0;
    put_number(to, envres_value_is_secret(value) ? 1 : 0, 1);
    put_number(to, (uint32_t)envres_value_type(value), 4);
    put_number(to, ranges, 4);
    for (size_t i = 0; i < ranges; i++) {
        size_t start = 0;
        size_t end = 0;
        envres_value_range(value, i, &start, &end, NULL);
        put_number(to, start, 4);
        put_number(to, end, 4);
    }
    put_bytes(to, data, size);
}

jbyteArray
shim_value(shim_call *call, const envres_value *value)
{
    if (value == NULL || call->failed)
        return NULL;
    shim_writer counted = { 0 };
    put_value(&counted, value);
    shim_writer written = { .data = shim_alloc(call, counted.size) };
    if (written.data == NULL)
        return NULL;
    put_value(&written, value);
    return shim_bytes(call, written.data, written.size);
}

jbyteArray
shim_take_value(shim_call *call, envres_value *value)
{
    jbyteArray made = shim_value(call, value);
    envres_value_free(value);
    return made;
}

void
shim_more(shim_call *call, jobjectArray more, envres_list *list)
{
    jbyteArray made = shim_list(call, list);
    if (made == NULL || more == NULL)
        return;
    (*call->env)->SetObjectArrayElement(call->env, more, 0, made);
    if ((*call->env)->ExceptionCheck(call->env))
        call->failed = 1;
}
