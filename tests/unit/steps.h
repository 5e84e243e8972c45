/* SPDX-License-Identifier: MIT */
/* Runs the steps of errors.json and limits.json (tests/vectors/README.md) on a store in memory. */
#ifndef ENVRES_TESTS_UNIT_STEPS_H
#define ENVRES_TESTS_UNIT_STEPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envres/envres.h>

#include "base/json.h"

enum { STEPS_PEOPLE = 8, STEPS_TEXTS = 64 };

struct steps {
    const struct json_doc *doc;
    envres_error *err;
    envres_store *store;
    struct {
        char name[32];
        envres_session *session;
    } people[STEPS_PEOPLE];
    /* The step that runs: its node, who acts, what every change takes, the texts it was given. */
    uint32_t node;
    envres_session *session;
    envres_change change;
    struct buf texts[STEPS_TEXTS];
    size_t text_count;
};

void steps_open(struct steps *run, const struct json_doc *doc);
void steps_close(struct steps *run);
envres_status steps_run(struct steps *run, uint32_t node);
/* The session of a principal, opened when it first acts. */
envres_session *steps_session(struct steps *run, const char *who);

/* Members of an object of the document: absent is "" of length 0, 0 or false. */
int64_t steps_number(const struct steps *run, uint32_t object, const char *key);
/* A string node, unescaped, into `out`, NUL-terminated. */
const char *steps_string(const struct steps *run, uint32_t node, char *out, size_t size);

#endif
