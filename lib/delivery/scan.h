/* SPDX-License-Identifier: MIT */
/* Isolation of texts that are no parts; the calls of scan.h are its API. */
#ifndef ENVRES_DELIVERY_SCAN_H
#define ENVRES_DELIVERY_SCAN_H

#include <envres/scan.h>

#include "delivery/leak.h"

/* Its own read transaction. `remarks` may be NULL. */
envres_status scan_open(struct context *ctx, struct slice environment, envres_scan **out,
                        envres_list **remarks, envres_error *err);

/* What of a text is nearly a tag, as findings; `tmpl`, made of it, may be NULL. */
void find_near_misses(const envres_template *tmpl, struct slice text, struct collector *collector,
                      envres_error *why);

#endif
