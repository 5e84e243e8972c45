/* SPDX-License-Identifier: MIT */
/*
 * The bare call that Bench.java compares with: what any native method that gives a text of 34 bytes
 * costs, without the library.
 */
#include <jni.h>

#include "dev_envres_Bench.h"

JNIEXPORT jbyteArray JNICALL
Java_dev_envres_Bench_bare(JNIEnv *env, jclass type)
{
    static const char text[] = "postgres://db.dev/crm/and/34/bytes";
    (void)type;
    jbyteArray made = (*env)->NewByteArray(env, sizeof(text) - 1);
    if (made != NULL)
        (*env)->SetByteArrayRegion(env, made, 0, sizeof(text) - 1, (const jbyte *)text);
    return made;
}
