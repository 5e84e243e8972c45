/* SPDX-License-Identifier: MIT */
/*
 * The pool. A resource handle carries a cache key that changes exactly when its settings may have
 * changed; a line of the pool is looked up by environment and handle, and good while the key is the
 * same. Not for several threads at once.
 */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 16, NAME = 200, CACHE_KEY = 130 };

struct line {
    char name[NAME]; /* environment and handle; "" when the line is free */
    char key[CACHE_KEY];
    void *connection;
};

struct pool {
    pool_connect connect;
    pool_hang_up hang_up;
    void *user;
    struct line lines[LINES];
};

struct pool *
pool_new(pool_connect connect, pool_hang_up hang_up, void *user)
{
    struct pool *pool = calloc(1, sizeof(*pool));
    if (pool) {
        pool->connect = connect;
        pool->hang_up = hang_up;
        pool->user = user;
    }
    return pool;
}

static void
drop(struct pool *pool, struct line *line)
{
    if (line->connection)
        pool->hang_up(line->connection, pool->user);
    memset(line, 0, sizeof(*line));
}

void
pool_free(struct pool *pool)
{
    for (size_t i = 0; pool && i < LINES; i++)
        drop(pool, &pool->lines[i]);
    free(pool);
}

/* The line of that name, else a free one, else NULL. */
static struct line *
find(struct pool *pool, const char *name)
{
    struct line *spare = NULL;
    for (size_t i = 0; i < LINES; i++) {
        struct line *line = &pool->lines[i];
        if (strcmp(line->name, name) == 0)
            return line;
        if (!spare && line->name[0] == '\0')
            spare = line;
    }
    return spare;
}

static envres_status
connect_line(struct pool *pool, const envres_resource_handle *resource, struct line *line,
             envres_error *err)
{
    envres_value *dsn = NULL;
    envres_status st = envres_resource_handle_dsn(resource, &dsn, err);
    if (st < 0)
        return st;
    line->connection = pool->connect(envres_value_data(dsn, NULL), pool->user);
    envres_value_free(dsn);
    if (!line->connection)
        return envres_error_set(err, ENVRES_E_CALLBACK, "no connection to the database",
                                ENVRES_NUL_TERMINATED, NULL, 0);
    return ENVRES_OK;
}

envres_status
pool_get(struct pool *pool, const envres_scope *scope, const char *handle, void **connection,
         envres_error *err)
{
    char name[NAME];
    envres_resource_handle *resource = NULL;
    *connection = NULL;
    envres_status st = envres_scope_resource(scope, handle, ENVRES_NUL_TERMINATED, &resource, err);
    if (st < 0)
        return st;
    snprintf(name, sizeof(name), "%s/%s", envres_scope_environment(scope), handle);
    struct line *line = find(pool, name);
    const char *key = envres_resource_handle_cache_key(resource);
    if (!line) {
        st = envres_error_set(err, ENVRES_E_LIMIT, "the pool is full", ENVRES_NUL_TERMINATED, NULL,
                              0);
    } else if (strcmp(line->name, name) != 0 || strcmp(line->key, key) != 0) {
        drop(pool, line);
        st = connect_line(pool, resource, line, err);
        if (st == ENVRES_OK) {
            snprintf(line->name, sizeof(line->name), "%s", name);
            snprintf(line->key, sizeof(line->key), "%s", key);
        }
    }
    if (st == ENVRES_OK)
        *connection = line->connection;
    envres_resource_handle_free(resource);
    return st;
}
