/* SPDX-License-Identifier: MIT */
/* Short words for what tests do to apps, versions and releases. Installed headers only. */
#ifndef ENVRES_TESTS_API_DELIVERY_H
#define ENVRES_TESTS_API_DELIVERY_H

#include <stdbool.h>

#include "helper.h"

enum { CONTENT = 32 };

envres_version_name name_of(const char *app, const char *version);

void app_new(struct fx *fx, const char *app);
/* `from` NULL: empty. With one part of its own, so that no two have the same content. */
void version_new(struct fx *fx, const char *app, const char *version, const char *from);
envres_status put_text(struct fx *fx, const char *app, const char *version, const char *path,
                       const char *text);

/* What describe says. */
void content_now(struct fx *fx, const char *app, const char *version, uint8_t content[CONTENT]);
void state_now(struct fx *fx, const char *app, const char *version, char state[16]);
void stage_now(struct fx *fx, const char *app, const char *version, char stage[65]);
/* Sequence of the live release, 0: none. */
int64_t live_now(struct fx *fx, const char *app);

/* Moves whose expectations are what is there; discarding and all else as the call answers. */
envres_status promote_to(struct fx *fx, const char *app, const char *version, const char *to,
                         uint32_t flags);
envres_status release_as(struct fx *fx, const char *app, const char *version, const char *tag);
envres_status release_bump(struct fx *fx, const char *app, const char *version, uint32_t bump);
/* `version` NULL: the default. */
envres_status rollback_to(struct fx *fx, const char *app, const char *version, const char *tag);
envres_status withdraw(struct fx *fx, const char *app);
envres_status discard(struct fx *fx, const char *app, const char *version);

/* Through the fixed path, to production. */
void make_ready(struct fx *fx, const char *app, const char *version);

/* All that can be listed of apps, as text: free(). */
char *dump_now(struct fx *fx);
/* Fails unless the dump is still that; frees it. */
void expect_unchanged(struct fx *fx, char *before, const char *what);

#endif
