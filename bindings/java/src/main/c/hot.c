/* SPDX-License-Identifier: MIT */
/*
 * What hosts do all day in one native call (rendering, reading a plain variable), and the calls
 * that take a buffer or a callback.
 *
 * The fast ways render into memory of the stack and forbid secrets, so that none comes to lie
 * there; they give null where there is a secret, where the text is longer, and for every failure:
 * then the caller asks again the ordinary way, which makes a value or says what is wrong.
 */
#include "shim.h"

#include "dev_envres_Shim.h"
#include <stdlib.h>
#include <string.h>

enum { FAST_TEXT = 4096, MANY_TEXT = 65536, MANY_MOST = 1000 };

static const envres_render_options no_secrets = { .size = sizeof(envres_render_options),
                                                  .flags = ENVRES_RENDER_NO_SECRETS };

/* Null with an exception pending when there is no memory. */
static jbyteArray
array_of(JNIEnv *env, const char *data, size_t size)
{
    jbyteArray made = (*env)->NewByteArray(env, (jsize)size);
    if (made != NULL)
        (*env)->SetByteArrayRegion(env, made, 0, (jsize)size, (const jbyte *)data);
    return made;
}

JNIEXPORT jbyteArray JNICALL
Java_dev_envres_Shim_render(JNIEnv *env, jclass type, jlong tmpl, jlong scope)
{
    char made[FAST_TEXT];
    size_t need = 0;
    (void)type;
    envres_status st = envres_template_render_into(SHIM_POINTER(tmpl), SHIM_POINTER(scope),
                                                   &no_secrets, made, sizeof(made), &need, NULL);
    return st == ENVRES_OK ? array_of(env, made, need) : NULL;
}

JNIEXPORT jbyteArray JNICALL
Java_dev_envres_Shim_bound(JNIEnv *env, jclass type, jlong bound)
{
    const char *data = NULL;
    size_t len = 0;
    (void)type;
    envres_status st = envres_bound_text(SHIM_POINTER(bound), &data, &len, NULL);
    return st == ENVRES_OK && len <= INT32_MAX ? array_of(env, data, len) : NULL;
}

JNIEXPORT jbyteArray JNICALL
Java_dev_envres_Shim_get(JNIEnv *env, jclass type, jlong scope, jbyteArray name)
{
    char text[256];
    const char *data = NULL;
    size_t len = 0;
    uint32_t index = 0;
    jsize size = (*env)->GetArrayLength(env, name);
    (void)type;
    if (size > (jsize)sizeof(text))
        return NULL;
    (*env)->GetByteArrayRegion(env, name, 0, size, (jbyte *)text);
    envres_status st = envres_scope_find(SHIM_POINTER(scope), text, (size_t)size, &index, NULL);
    if (st == ENVRES_OK)
        st = envres_scope_at(SHIM_POINTER(scope), index, &data, &len, NULL);
    return st == ENVRES_OK && len <= INT32_MAX ? array_of(env, data, len) : NULL;
}

/* Renders into `text` what fits of `count` templates; where each ends. How many were done. */
static size_t
render_some(const jlong *templates, size_t count, jlong scope, char *text, jint *ends)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t need = 0;
        if (envres_template_render_into(SHIM_POINTER(templates[i]), SHIM_POINTER(scope),
                                        &no_secrets, text + at, MANY_TEXT - at, &need,
                                        NULL) != ENVRES_OK)
            return i;
        at += need;
        ends[i + 1] = (jint)at;
    }
    return count;
}

/* Renders one template after another, of those whose pointers stand in an array, from `first` on;
 * in `ends` how many, and where each ends. Those after the last that it did have a secret, do not
 * fit, or fail. The text is plain: its memory is neither zeroed nor wiped. */
JNIEXPORT jbyteArray JNICALL
Java_dev_envres_Shim_renderMany(JNIEnv *env, jclass type, jlongArray templates, jint first,
                                jlong scope, jintArray ends)
{
    shim_call c = shim_begin(env, type, 0);
    size_t left = (size_t)((*env)->GetArrayLength(env, templates) - first);
    size_t count = left < MANY_MOST ? left : MANY_MOST; /* each secret among them ends a call */
    jlong *pointers = shim_alloc(&c, (count + 1) * sizeof(*pointers));
    jint *places = shim_alloc(&c, (count + 1) * sizeof(*places));
    char *text = malloc(MANY_TEXT);
    jbyteArray made = NULL;
    if (!c.failed && text != NULL) {
        (*env)->GetLongArrayRegion(env, templates, first, (jsize)count, pointers);
        size_t done = render_some(pointers, count, scope, text, places);
        size_t size = (size_t)places[done];
        places[0] = (jint)done;
        (*env)->SetIntArrayRegion(env, ends, 0, (jsize)done + 1, places);
        made = shim_bytes(&c, text, done > 0 ? size : 0);
    }
    free(text);
    shim_end(&c);
    return made;
}

/* ---- into buffers of the caller's ----------------------------------------------------------- */

/* What was written goes into Java's array; what is of the call is wiped with it. */
static jint
hand_over(shim_call *c, jbyteArray into, const char *made, size_t need)
{
    if (!c->failed && c->status == ENVRES_OK)
        (*c->env)->SetByteArrayRegion(c->env, into, 0, (jsize)need, (const jbyte *)made);
    shim_end(c);
    return (jint)need;
}

JNIEXPORT jint JNICALL
Java_dev_envres_Shim_renderInto(JNIEnv *env, jclass type, jlong tmpl, jlong scope,
                                jobjectArray options, jbyteArray into)
{
    shim_call c = shim_begin(env, type, 1);
    size_t need = 0;
    size_t cap = (size_t)(*env)->GetArrayLength(env, into);
    const envres_render_options *given = read_render_options(&c, options);
    char *made = shim_alloc(&c, cap + 1);
    if (!c.failed)
        c.status = envres_template_render_into(SHIM_POINTER(tmpl), SHIM_POINTER(scope), given, made,
                                               cap, &need, c.err);
    return hand_over(&c, into, made, need);
}

JNIEXPORT jint JNICALL
Java_dev_envres_Shim_boundInto(JNIEnv *env, jclass type, jlong bound, jbyteArray into)
{
    shim_call c = shim_begin(env, type, 1);
    size_t need = 0;
    size_t cap = (size_t)(*env)->GetArrayLength(env, into);
    char *made = shim_alloc(&c, cap + 1);
    if (!c.failed)
        c.status = envres_bound_render_into(SHIM_POINTER(bound), made, cap, &need, c.err);
    return hand_over(&c, into, made, need);
}

JNIEXPORT jint JNICALL
Java_dev_envres_Shim_getInto(JNIEnv *env, jclass type, jlong scope, jint index, jbyteArray into)
{
    shim_call c = shim_begin(env, type, 1);
    size_t need = 0;
    size_t cap = (size_t)(*env)->GetArrayLength(env, into);
    char *made = shim_alloc(&c, cap + 1);
    if (!c.failed)
        c.status =
            envres_scope_get_into(SHIM_POINTER(scope), (uint32_t)index, made, cap, &need, c.err);
    return hand_over(&c, into, made, need);
}

/* ---- with callbacks ------------------------------------------------------------------------- */

JNIEXPORT void JNICALL
Java_dev_envres_Shim_testResource(JNIEnv *env, jclass type, jlong scope, jbyteArray handle,
                                  jlong user)
{
    shim_call c = shim_begin(env, type, 1);
    size_t len = 0;
    const char *text = shim_text(&c, handle, &len);
    if (!c.failed)
        c.status = envres_resource_test(SHIM_POINTER(scope), text, len, shim_probe,
                                        SHIM_POINTER(user), c.err);
    shim_end(&c);
}

/* Where the bytes go that a redactor gives on: none of them is secret any more. */
typedef struct collected {
    char *data;
    size_t size;
    size_t cap;
} collected;

static envres_status
collect(const char *data, size_t len, void *user)
{
    collected *to = user;
    if (len > to->cap - to->size) {
        size_t cap = to->cap > SIZE_MAX / 4 ? SIZE_MAX : (to->size + len) * 2;
        char *more = cap >= to->size + len ? realloc(to->data, cap) : NULL;
        if (more == NULL)
            return ENVRES_E_NOMEM;
        to->data = more;
        to->cap = cap;
    }
    if (len > 0)
        memcpy(to->data + to->size, data, len);
    to->size += len;
    return ENVRES_OK;
}

/* `data` null: the text has ended. */
JNIEXPORT jbyteArray JNICALL
Java_dev_envres_Shim_redact(JNIEnv *env, jclass type, jlong redactor, jbyteArray data)
{
    shim_call c = shim_begin(env, type, 1);
    collected to = { 0 };
    size_t len = 0;
    const char *text = shim_text(&c, data, &len);
    if (!c.failed && data != NULL)
        c.status = envres_redactor_feed(SHIM_POINTER(redactor), text, len, collect, &to, c.err);
    else if (!c.failed)
        c.status = envres_redactor_finish(SHIM_POINTER(redactor), collect, &to, c.err);
    jbyteArray made = shim_bytes(&c, to.data != NULL ? to.data : "", to.size);
    free(to.data);
    shim_end(&c);
    return made;
}
