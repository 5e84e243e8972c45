/* SPDX-License-Identifier: MIT */
/* Principals with keys of their own, and sessions of them. Installed headers only. */
#ifndef ENVRES_TESTS_API_FX_PEOPLE_H
#define ENVRES_TESTS_API_FX_PEOPLE_H

#include "helper.h"

/* Adds a principal whose key is made of its name; `environment` NULL: everywhere. */
envres_status people_add(struct fx *fx, const char *name, uint32_t role, const char *environment);
/* A session of it on a store; *out stays NULL on failure. */
envres_status people_enter(struct fx *fx, envres_store *store, const char *name,
                           envres_session **out);
envres_status people_role(struct fx *fx, const char *name, uint32_t role, const char *environment,
                          envres_status (*act)(envres_session *session, const envres_role *role,
                                               const envres_change *change, envres_error *err));
/* What a session reads; compared with `want`, or (NULL) it must fail with `code`. */
void people_reads(struct fx *fx, envres_session *session, const char *environment, const char *name,
                  const char *want, envres_status code);

#endif
