/* SPDX-License-Identifier: MIT */
/*
 * Ready connection strings: the fields of a resolved resource written in the grammar of its
 * driver, every part escaped for its place. Pure: fields in, text out.
 */
#ifndef ENVRES_RESOLVE_CONNECT_H
#define ENVRES_RESOLVE_CONNECT_H

#include "model/kind.h"

/* One field with its value, expanded; in the order of the kind's table. */
struct connect_field {
    struct slice name;
    struct slice value;
    bool is_set; /* false: no value and no default */
    bool is_secret;
};

/*
 * Appends the URL (or the driver's own string). `redact`: each secret is written as "***" and
 * nothing secret is read. With secrets and without `redact`, `out` is a secret buffer of the
 * caller's. FIELD when the kind has no such string, or a field that it needs is not set or empty;
 * TYPE when a JSON field is not of its shape. On failure nothing stays in `out`.
 */
envres_status connect_url(const struct kind *kind, const struct connect_field *fields,
                          uint32_t count, bool redact, struct buf *out, envres_error *err);
envres_status connect_dsn(const struct kind *kind, const struct connect_field *fields,
                          uint32_t count, bool redact, struct buf *out, envres_error *err);

/* True when the string takes in a secret, and so is one. Reads no value that is secret. */
bool connect_url_is_secret(const struct kind *kind, const struct connect_field *fields,
                           uint32_t count);
bool connect_dsn_is_secret(const struct kind *kind, const struct connect_field *fields,
                           uint32_t count);

#endif
