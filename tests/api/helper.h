/* SPDX-License-Identifier: MIT */
/* A store in memory for one test, and short words for what tests do most. Installed headers only.
 */
#ifndef ENVRES_TESTS_API_HELPER_H
#define ENVRES_TESTS_API_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envres/envres.h>

#define TEXT ENVRES_NUL_TERMINATED

struct fx {
    envres_error *err;
    envres_store *store;
    envres_session *session;
    uint8_t key[32];
    int64_t now; /* what the store's clock says */
};

int fx_setup(void **state);
int fx_teardown(void **state);

/* Each fails the test with the library's own words unless the status is `want`. */
void expect(struct fx *fx, envres_status got, envres_status want, const char *call);
#define OK(fx, call)          expect(fx, call, ENVRES_OK, #call)
#define FAILS(fx, code, call) expect(fx, call, code, #call)

envres_status fx_put(struct fx *fx, const char *env, const char *name, const char *value,
                     int32_t type, uint32_t flags);
envres_status fx_field(struct fx *fx, const char *env, const char *handle, const char *field,
                       const char *value, uint32_t flags);
envres_status fx_fallback(struct fx *fx, const char *env, const char *handle, const char *to);
envres_scope *fx_scope(struct fx *fx, const char *env);

/* `version` NULL: the only draft. */
envres_version_name fx_version(const char *app, const char *version);
envres_part_write fx_part(const char *path, const void *data, size_t len, uint32_t flags);

/* Renders in the newest scope of an environment and compares; `want` NULL: `code` is expected. */
void fx_renders(struct fx *fx, const char *env, const char *text, const char *want,
                envres_status code);
/* The hint of the last error holds this. */
void fx_hint(struct fx *fx, const char *part);
/* The newest configuration revision of an environment. */
int64_t fx_revision(struct fx *fx, const char *env);

#endif
