/* SPDX-License-Identifier: MIT */
/*
 * Isolation: what belongs to one environment and stands as literal text in what goes into another.
 * Secrets are held in wiped memory only, and no message says more than the name of a thing.
 */
#ifndef ENVRES_DELIVERY_LEAK_H
#define ENVRES_DELIVERY_LEAK_H

#include "delivery/finding.h"

struct leaks;

/* `target`, the scope that the text is meant for, is borrowed. */
envres_status leaks_new(struct context *ctx, const envres_scope *target, struct leaks **out,
                        envres_error *err);
void leaks_free(struct leaks *leaks);

/* Takes in what must not leave an environment; `other` is not needed afterwards. *complete false:
 * some of its secrets do not open. */
envres_status leaks_add(struct leaks *leaks, const envres_scope *other, bool *complete,
                        envres_error *err);

/* Searches what of a template is literal text; the first call ends the adding. `why` is a slot to
 * word findings in. */
envres_status leaks_search(struct leaks *leaks, const envres_template *tmpl,
                           struct collector *collector, envres_error *why, envres_error *err);

/* The hosts that a field of a resource names, for tests: host, url, uri, endpoint, and fields whose
 * name ends in one of these after a `_`; of brokers all. */
typedef void (*host_fn)(void *user, struct slice host);
void leaks_each_host(struct slice field, struct slice text, host_fn each, void *user);

#endif
