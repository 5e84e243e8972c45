/* SPDX-License-Identifier: MIT */
/*
 * The host's own code, which is under test here: one connection for each environment and resource,
 * made new exactly when the settings behind it changed.
 */
#ifndef POOL_H
#define POOL_H

#include <envres/envres.h>

struct pool;

/* How to connect and to hang up. `dsn` is the driver's string, and may hold a secret: it is not
 * kept. NULL when there is no connection. */
typedef void *(*pool_connect)(const char *dsn, void *user);
typedef void (*pool_hang_up)(void *connection, void *user);

/* NULL when out of memory. */
struct pool *pool_new(pool_connect connect, pool_hang_up hang_up, void *user);

/* Hangs up everywhere. NULL is allowed. */
void pool_free(struct pool *pool);

/* The connection to a resource as the scope sees it; it belongs to the pool, until the next call
 * with another state of the same resource. Errors: those of envres_scope_resource() and
 * envres_resource_handle_dsn(); ENVRES_E_CALLBACK when connecting failed; ENVRES_E_LIMIT when the
 * pool is full. */
envres_status pool_get(struct pool *pool, const envres_scope *scope, const char *handle,
                       void **connection, envres_error *err);

#endif
