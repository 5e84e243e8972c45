/* SPDX-License-Identifier: MIT */
/*
 * Isolation: what belongs to one environment and stands as literal text in what goes into another.
 * Secrets are held in wiped memory only, and no message says more than the name of a thing.
 */
#ifndef ENVRES_DELIVERY_LEAK_H
#define ENVRES_DELIVERY_LEAK_H

#include "delivery/finding.h"

struct leaks;

/* `target`, the scope that the text is meant for, is borrowed, and so is `mem`. */
envres_status leaks_new(const struct mem *mem, const envres_scope *target, struct leaks **out,
                        envres_error *err);
void leaks_free(struct leaks *leaks);

/* Takes in what must not leave an environment; `other` is not needed afterwards. *complete false:
 * some of its secrets do not open. */
envres_status leaks_add(struct leaks *leaks, const envres_scope *other, bool *complete,
                        envres_error *err);

/* The same of an environment that is named in `request`, in the transaction that is open; what
 * cannot be looked for is a finding. `scope` may be NULL, else it gets one reference, or NULL where
 * the environment was left out. */
envres_status leaks_take(struct leaks *leaks, struct context *ctx,
                         const struct scope_request *request, struct collector *collector,
                         envres_error *why, envres_scope **scope, envres_error *err);

/* Takes in the secrets of the target itself. */
envres_status leaks_add_own(struct leaks *leaks, const envres_scope *target, bool *complete,
                            envres_error *err);

/* The finding that something of an environment was not looked for. */
void leaks_not_searched(struct collector *collector, const char *environment, const char *what,
                        envres_error *why);

/* Searches what of a template is literal text; the first call ends the adding. `why` is a slot to
 * word findings in. */
envres_status leaks_search(struct leaks *leaks, const envres_template *tmpl,
                           struct collector *collector, envres_error *why, envres_error *err);

/* Searches all of a text. */
envres_status leaks_search_text(struct leaks *leaks, struct slice text, struct collector *collector,
                                envres_error *why, envres_error *err);

/* The hosts that a field of a resource names, for tests: host, url, uri, endpoint, and fields whose
 * name ends in one of these after a `_`; of brokers all. */
typedef void (*host_fn)(void *user, struct slice host);
void leaks_each_host(struct slice field, struct slice text, host_fn each, void *user);

#endif
