/* SPDX-License-Identifier: MIT */
/*
 * From the library back into Java: static methods of Callbacks.java, found once in JNI_OnLoad().
 *
 * `user` is a number that Callbacks.java knows, never a reference. The library makes no threads: a
 * callback comes in the thread of the call that needs it, which is Java's. What a host throws is
 * kept by Callbacks.java, which gives a code instead; an exception that is pending all the same (no
 * memory, no stack) is cleared here, so that none crosses the library.
 */
#include "shim.h"

#include <string.h>
#include <time.h>

enum { ID = 16, KEY = 32, SIGNATURE = 64, REFERENCES = 16 };

shim_classes shim_java;

/* One callback: where it is, and whether its frame of references is there. */
typedef struct shim_back {
    JNIEnv *env;
    int failed;
} shim_back;

static shim_back
back_begin(void)
{
    shim_back back = { 0 };
    back.failed = 1;
    if ((*shim_java.vm)->GetEnv(shim_java.vm, (void **)&back.env, JNI_VERSION_10) != JNI_OK)
        return back;
    back.failed = (*back.env)->PushLocalFrame(back.env, REFERENCES) != 0;
    if (back.failed)
        (*back.env)->ExceptionClear(back.env);
    return back;
}

/* True when nothing is pending; what was is gone then. */
static int
sound(JNIEnv *env)
{
    if (!(*env)->ExceptionCheck(env))
        return 1;
    (*env)->ExceptionClear(env);
    return 0;
}

static void
back_end(const shim_back *back)
{
    (*back->env)->PopLocalFrame(back->env, NULL);
}

static jbyteArray
array_of(shim_back *back, const void *data, size_t size)
{
    if (back->failed)
        return NULL;
    jbyteArray made = (*back->env)->NewByteArray(back->env, (jsize)size);
    if (made == NULL) {
        back->failed = 1;
        sound(back->env);
    } else {
        (*back->env)->SetByteArrayRegion(back->env, made, 0, (jsize)size, data);
    }
    return made;
}

/* The code that Callbacks.java kept for the callback that failed in this thread. */
static envres_status
kept_status(JNIEnv *env)
{
    jint found = (*env)->CallStaticIntMethod(env, shim_java.callbacks, shim_java.failed);
    return sound(env) && found < 0 ? found : ENVRES_E_CALLBACK;
}

/* Copies what a callback gave, of at most `cap` bytes, and lets Java's array forget it. */
static envres_status
take_array(JNIEnv *env, jbyteArray from, void *to, size_t cap, size_t *len)
{
    if (from == NULL)
        return kept_status(env);
    size_t size = (size_t)(*env)->GetArrayLength(env, from);
    if (size > cap)
        return ENVRES_E_CALLBACK;
    (*env)->GetByteArrayRegion(env, from, 0, (jsize)size, to);
    *len = size;
    return ENVRES_OK;
}

envres_status
shim_wrap(const uint8_t *id, const uint8_t *key, const uint8_t *aad, size_t aad_len, uint8_t *blob,
          size_t cap, size_t *blob_len, void *user)
{
    shim_back back = back_begin();
    if (back.failed)
        return ENVRES_E_CALLBACK;
    envres_status st = ENVRES_E_CALLBACK;
    jbyteArray given[3] = { array_of(&back, id, ID), array_of(&back, key, KEY),
                            array_of(&back, aad, aad_len) };
    if (!back.failed) {
        jbyteArray made = (*back.env)->CallStaticObjectMethod(
            back.env, shim_java.callbacks, shim_java.wrap, SHIM_LONG(user), given[0], given[1],
            given[2], (jint)cap);
        if (sound(back.env))
            st = take_array(back.env, made, blob, cap, blob_len);
    }
    back_end(&back);
    return st;
}

/* A provider's answer is wiped in Java's heap as soon as it is here. */
static void
wipe_array(JNIEnv *env, jbyteArray made)
{
    static const jbyte zero[KEY] = { 0 };
    if (made != NULL && (*env)->GetArrayLength(env, made) == KEY)
        (*env)->SetByteArrayRegion(env, made, 0, KEY, zero);
}

envres_status
shim_unwrap(const uint8_t *id, const uint8_t *blob, size_t blob_len, const uint8_t *aad,
            size_t aad_len, uint8_t *key, void *user)
{
    shim_back back = back_begin();
    if (back.failed)
        return ENVRES_E_CALLBACK;
    envres_status st = ENVRES_E_CALLBACK;
    size_t len = 0;
    jbyteArray given[3] = { array_of(&back, id, ID), array_of(&back, blob, blob_len),
                            array_of(&back, aad, aad_len) };
    if (!back.failed) {
        jbyteArray made =
            (*back.env)->CallStaticObjectMethod(back.env, shim_java.callbacks, shim_java.unwrap,
                                                SHIM_LONG(user), given[0], given[1], given[2]);
        if (sound(back.env)) {
            st = take_array(back.env, made, key, KEY, &len);
            wipe_array(back.env, made);
        }
    }
    back_end(&back);
    return st == ENVRES_OK && len != KEY ? ENVRES_E_CALLBACK : st;
}

/* Milliseconds since 1970 UTC, where the host's clock cannot be asked. */
static int64_t
system_clock(void)
{
    struct timespec now = { 0 };
    timespec_get(&now, TIME_UTC);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
shim_clock(void *user)
{
    shim_back back = back_begin();
    if (back.failed)
        return system_clock();
    int64_t now = (*back.env)->CallStaticLongMethod(back.env, shim_java.callbacks, shim_java.clock,
                                                    SHIM_LONG(user));
    if (!sound(back.env))
        now = system_clock();
    back_end(&back);
    return now;
}

envres_status
shim_anchor_load(const uint8_t *workspace, int64_t *sequence, uint8_t *hash, void *user)
{
    unsigned char made[8 + KEY] = { 0 };
    size_t len = 0;
    shim_back back = back_begin();
    if (back.failed)
        return ENVRES_E_CALLBACK;
    envres_status st = ENVRES_E_CALLBACK;
    jbyteArray given = array_of(&back, workspace, ID);
    if (!back.failed) {
        jbyteArray found = (*back.env)->CallStaticObjectMethod(
            back.env, shim_java.callbacks, shim_java.anchor_load, SHIM_LONG(user), given);
        if (sound(back.env))
            st = take_array(back.env, found, made, sizeof(made), &len);
    }
    back_end(&back);
    if (st != ENVRES_OK || (len != 0 && len != sizeof(made)))
        return st != ENVRES_OK ? st : ENVRES_E_CALLBACK;
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | made[i];
    *sequence = (int64_t)number;
    if (len != 0)
        memcpy(hash, made + 8, KEY);
    return ENVRES_OK;
}

envres_status
shim_anchor_store(const uint8_t *workspace, int64_t expected, int64_t sequence, const uint8_t *hash,
                  void *user)
{
    shim_back back = back_begin();
    if (back.failed)
        return ENVRES_E_CALLBACK;
    envres_status st = ENVRES_E_CALLBACK;
    jbyteArray given[2] = { array_of(&back, workspace, ID), array_of(&back, hash, KEY) };
    if (!back.failed) {
        jint said = (*back.env)->CallStaticIntMethod(
            back.env, shim_java.callbacks, shim_java.anchor_store, SHIM_LONG(user), given[0],
            (jlong)expected, (jlong)sequence, given[1]);
        st = sound(back.env) ? said : ENVRES_E_CALLBACK;
    }
    back_end(&back);
    return st;
}

envres_status
shim_audit_sink(const envres_checkpoint *checkpoint, void *user)
{
    shim_back back = back_begin();
    if (back.failed)
        return ENVRES_E_CALLBACK;
    envres_status st = ENVRES_E_CALLBACK;
    jbyteArray given[5] = { array_of(&back, checkpoint->workspace, ID),
                            array_of(&back, checkpoint->signer, ID),
                            array_of(&back, checkpoint->sign_key, KEY),
                            array_of(&back, checkpoint->hash, KEY),
                            array_of(&back, checkpoint->signature, SIGNATURE) };
    if (!back.failed) {
        jint said = (*back.env)->CallStaticIntMethod(
            back.env, shim_java.callbacks, shim_java.audit_sink, SHIM_LONG(user), given[0],
            given[1], given[2], (jlong)checkpoint->sequence, (jlong)checkpoint->time,
            (jlong)checkpoint->policy_version, given[3], given[4]);
        st = sound(back.env) ? said : ENVRES_E_CALLBACK;
    }
    back_end(&back);
    return st;
}

/* A text of what the probe said; the array is of three. */
static envres_status
set_from(shim_back *back, envres_error *err, envres_status code, jobjectArray said)
{
    shim_call call = { .env = back->env };
    size_t message_len = 0;
    size_t hint_len = 0;
    size_t subject_len = 0;
    const char *message = shim_text_at(&call, said, 0, &message_len);
    const char *hint = shim_text_at(&call, said, 1, &hint_len);
    const char *subject = shim_text_at(&call, said, 2, &subject_len);
    envres_status st = ENVRES_E_CALLBACK;
    if (!call.failed) {
        st = envres_error_set(err, code, message, message_len, hint, hint_len);
        if (subject_len > 0)
            envres_error_set_subject(err, subject, subject_len);
    }
    shim_end(&call);
    return sound(back->env) ? st : ENVRES_E_CALLBACK;
}

envres_status
shim_probe(const envres_resource_handle *handle, envres_error *err, void *user)
{
    shim_back back = back_begin();
    if (back.failed)
        return ENVRES_E_CALLBACK;
    envres_status st = ENVRES_OK;
    jobjectArray said = (*back.env)->CallStaticObjectMethod(
        back.env, shim_java.callbacks, shim_java.probe, SHIM_LONG(user), SHIM_LONG(handle));
    if (!sound(back.env))
        st = ENVRES_E_CALLBACK;
    else if (said != NULL)
        st = set_from(&back, err, kept_status(back.env), said);
    back_end(&back);
    return st;
}

/* ---- loading -------------------------------------------------------------------------------- */

static jclass
keep_class(JNIEnv *env, const char *name)
{
    jclass found = (*env)->FindClass(env, name);
    jclass kept = found != NULL ? (*env)->NewGlobalRef(env, found) : NULL;
    if (found != NULL)
        (*env)->DeleteLocalRef(env, found);
    return kept;
}

typedef struct shim_method {
    jmethodID *id;
    const char *name;
    const char *type;
} shim_method;

static int
find_methods(JNIEnv *env)
{
    const shim_method wanted[] = {
        { &shim_java.wrap, "wrap", "(J[B[B[BI)[B" },
        { &shim_java.unwrap, "unwrap", "(J[B[B[B)[B" },
        { &shim_java.clock, "clock", "(J)J" },
        { &shim_java.anchor_load, "anchorLoad", "(J[B)[B" },
        { &shim_java.anchor_store, "anchorStore", "(J[BJJ[B)I" },
        { &shim_java.audit_sink, "auditSink", "(J[B[B[BJJJ[B[B)I" },
        { &shim_java.probe, "probe", "(JJ)[Ljava/lang/Object;" },
        { &shim_java.failed, "failed", "()I" },
    };
    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
        *wanted[i].id =
            (*env)->GetStaticMethodID(env, shim_java.callbacks, wanted[i].name, wanted[i].type);
        if (*wanted[i].id == NULL)
            return 0;
    }
    shim_java.make = (*env)->GetStaticMethodID(env, shim_java.errors, "make",
                                               "(I[B[B[BJII)Ljava/lang/Throwable;");
    return shim_java.make != NULL;
}

JNIEXPORT jint JNICALL
JNI_OnLoad(JavaVM *vm, void *reserved)
{
    JNIEnv *env = NULL;
    (void)reserved;
    if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_10) != JNI_OK)
        return JNI_ERR;
    shim_java.vm = vm;
    shim_java.callbacks = keep_class(env, "dev/envres/Callbacks");
    if (shim_java.callbacks == NULL)
        return JNI_ERR;
    shim_java.errors = keep_class(env, "dev/envres/Errors");
    if (shim_java.errors == NULL)
        return JNI_ERR;
    shim_java.no_memory = keep_class(env, "java/lang/OutOfMemoryError");
    if (shim_java.no_memory == NULL || !find_methods(env))
        return JNI_ERR;
    shim_java.bytes = keep_class(env, "[B");
    return shim_java.bytes != NULL ? JNI_VERSION_10 : JNI_ERR;
}

JNIEXPORT void JNICALL
JNI_OnUnload(JavaVM *vm, void *reserved)
{
    JNIEnv *env = NULL;
    (void)reserved;
    if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_10) != JNI_OK)
        return;
    const jclass kept[] = { shim_java.callbacks, shim_java.errors, shim_java.no_memory,
                            shim_java.bytes };
    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
        (*env)->DeleteGlobalRef(env, kept[i]);
}
