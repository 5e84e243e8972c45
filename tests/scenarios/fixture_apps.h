/* SPDX-License-Identifier: MIT */
/* The apps of the fixture, and what scenarios do to apps. */
#ifndef ENVRES_TESTS_FIXTURE_APPS_H
#define ENVRES_TESTS_FIXTURE_APPS_H

#include "scenario.h"

/* Text that grows. */
struct dump {
    char *text;
    size_t len;
    size_t room;
    int failed;
};

void dump_text(struct dump *dump, const char *text, size_t len);
/* Takes the list. */
void dump_list(struct dump *dump, const char *title, envres_list *list);
void dump_apps(struct fixture *fx, struct dump *dump);

envres_status fixture_apps(struct fixture *fx);
envres_status fixture_queries(struct fixture *fx);
/* Reads fx->draft, staged, ready. */
envres_status fixture_contents(struct fixture *fx);

envres_version_name version_of(const char *app, const char *version);
envres_part_write part_of(const char *path, const char *data, uint32_t flags);
envres_status content_of(struct fixture *fx, const char *app, const char *version,
                         uint8_t content[32]);
envres_status promote(struct fixture *fx, const char *app, const char *version, const char *from,
                      const char *to);
envres_status release(struct fixture *fx, const char *app, const char *version, const char *tag,
                      int64_t live);

#endif
