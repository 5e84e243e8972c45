/* SPDX-License-Identifier: MIT */
/* A store in a file whose apps are released and served, for one test. Installed headers only, and
 * SQLite to change the file behind the library's back. */
#ifndef ENVRES_TESTS_API_FX_SERVE_H
#define ENVRES_TESTS_API_FX_SERVE_H

#include "helper.h"

/* The store is made relaxed: these tests are not about the disk. */
int serve_setup(void **state);
/* Fails when verify finds anything. */
int serve_teardown(void **state);
/* For tests that damage the file. */
int serve_teardown_damaged(void **state);

/* A second handle on the same file, with a session. */
void serve_again(struct fx *fx, envres_store **store, envres_session **session);

const char *serve_path(struct fx *fx);
/* Runs statements on the file. */
void serve_sql(struct fx *fx, const char *sql);

void serve_app(struct fx *fx, const char *app, uint32_t flags);
/* One part into a draft; `text` NULL takes it out. */
void serve_part(struct fx *fx, const char *app, const char *version, const char *path,
                const char *text);
/* A draft made from the newest version (`from` NULL: the live one, else the newest). */
void serve_draft(struct fx *fx, const char *app, const char *version, const char *from);
void serve_promote(struct fx *fx, const char *app, const char *version, const char *to);
/* From wherever it stands to production, and live. */
void serve_release(struct fx *fx, const char *app, const char *version, const char *tag);
/* `tag` NULL: the one before. */
void serve_rollback(struct fx *fx, const char *app, const char *tag);
void serve_withdraw(struct fx *fx, const char *app);
void serve_discard(struct fx *fx, const char *app, const char *version);
int64_t serve_live(struct fx *fx, const char *app);

/* Opens; NULLs: not asked for. */
envres_status serve_open(struct fx *fx, const char *env, const char *app, const char *tag,
                         const char *version, envres_scope **out);
/* The live release in production. */
envres_scope *serve_scope(struct fx *fx, const char *app);
/* A part as text; fails when it is not there. */
const char *serve_text(struct fx *fx, const envres_scope *scope, const char *path);
/* Renders a text; `want` NULL: `code` is expected. */
void serve_renders(struct fx *fx, const envres_scope *scope, const char *text, const char *want,
                   envres_status code);

#endif
