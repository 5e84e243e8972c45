/* SPDX-License-Identifier: MIT */
/* Everything about one app in one answer. */
#ifndef ENVRES_DELIVERY_STATUS_H
#define ENVRES_DELIVERY_STATUS_H

#include "model/app.h"

envres_status status_app(struct context *ctx, struct slice app, envres_list **out,
                         envres_error *err);

#endif
