/* SPDX-License-Identifier: MIT */
/*
 * What one native method needs: an error slot, memory that lives as long as the call, and the ways
 * between Java's arrays and the library's texts, structs, lists and values.
 *
 * A call begins with shim_begin() and ends with shim_end(), which wipes and frees its memory and
 * throws what went wrong. `failed` says that a Java exception is pending: then nothing is called
 * any more. Text crosses as bytes in real UTF-8, never as JNI's own form of it.
 */
#ifndef ENVRES_JAVA_SHIM_H
#define ENVRES_JAVA_SHIM_H

#include <envres/envres.h>
#include <jni.h>
#include <stddef.h>
#include <stdint.h>

/* The most numbers that a struct has. */
enum { SHIM_NUMBERS = 16 };

#define SHIM_POINTER(number) ((void *)(intptr_t)(number))
#define SHIM_LONG(pointer)   ((jlong)(intptr_t)(pointer))

struct shim_block;

typedef struct shim_call {
    JNIEnv *env;
    envres_error *err;
    struct shim_block *blocks;
    envres_status status;
    int failed;
} shim_call;

/* `slot`: whether the function has an error slot. */
shim_call shim_begin(JNIEnv *env, jclass type, int slot);
void shim_end(shim_call *call);

/* Zeroed memory until the end of the call; NULL: OutOfMemoryError is pending. */
void *shim_alloc(shim_call *call, size_t size);
void shim_wipe(void *data, size_t size);

/* What goes in. A text has a NUL behind it; null gives NULL and 0. */
const char *shim_text(shim_call *call, jbyteArray from, size_t *len);
void shim_numbers(shim_call *call, jobjectArray from, jlong numbers[SHIM_NUMBERS]);
const char *shim_text_at(shim_call *call, jobjectArray from, jsize index, size_t *len);
const char *const *shim_texts_at(shim_call *call, jobjectArray from, jsize index, size_t *count);
jobjectArray shim_array_at(shim_call *call, jobjectArray from, jsize index);
size_t shim_length(shim_call *call, jobjectArray from);
void shim_let_go(shim_call *call, jobject one);

/* What comes out; null for NULL, and where an exception is pending. Lists and taken values are
 * freed in any case. Cells.java and Values.java read the two forms. */
size_t shim_strlen(const char *text);
jbyteArray shim_bytes(shim_call *call, const void *data, size_t size);
jbyteArray shim_list(shim_call *call, envres_list *list);
jbyteArray shim_value(shim_call *call, const envres_value *value);
jbyteArray shim_take_value(shim_call *call, envres_value *value);
void shim_more(shim_call *call, jobjectArray more, envres_list *list);

/* Callbacks of the library, whose `user` is a number that Callbacks.java knows. */
envres_status shim_probe(const envres_resource_handle *handle, envres_error *err, void *user);
envres_status shim_wrap(const uint8_t *id, const uint8_t *key, const uint8_t *aad, size_t aad_len,
                        uint8_t *blob, size_t cap, size_t *blob_len, void *user);
envres_status shim_unwrap(const uint8_t *id, const uint8_t *blob, size_t blob_len,
                          const uint8_t *aad, size_t aad_len, uint8_t *key, void *user);
int64_t shim_clock(void *user);
envres_status shim_anchor_load(const uint8_t *workspace, int64_t *sequence, uint8_t *hash,
                               void *user);
envres_status shim_anchor_store(const uint8_t *workspace, int64_t expected, int64_t sequence,
                                const uint8_t *hash, void *user);
envres_status shim_audit_sink(const envres_checkpoint *checkpoint, void *user);

/* What JNI_OnLoad() found; written once, before any other call. */
typedef struct shim_classes {
    JavaVM *vm;
    jclass callbacks;
    jclass errors;
    jclass no_memory;
    jclass bytes;
    jmethodID wrap;
    jmethodID unwrap;
    jmethodID clock;
    jmethodID anchor_load;
    jmethodID anchor_store;
    jmethodID audit_sink;
    jmethodID probe;
    jmethodID failed;
    jmethodID make;
} shim_classes;
extern shim_classes shim_java;

#include "structs.h"

#endif
