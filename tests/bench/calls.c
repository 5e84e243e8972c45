/* SPDX-License-Identifier: MIT */
/*
 * What calls cost from C, for the row of C in bindings.md: nanoseconds of processor time, the best
 * of several rounds. The bare call is one of a function in another library that writes 34 bytes
 * into the caller's buffer and gives their number: nothing that renders can cost less. What a call
 * gives is compared before it is measured.
 *
 *     calls [ROUNDS]
 */
#include <envres/envres.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calls.h"

enum { BATCH = 2000 };

static const char wanted[] = "postgres://db.dev/crm/and/34/bytes";
static const char source[] = "postgres://<< environment.variables.HOST >>/crm/and/34/bytes";

struct bench {
    envres_store *store;
    envres_session *session;
    envres_scope *scope;
    envres_template *tmpl;
    envres_bound *bound;
    uint32_t index;
    char buffer[64];
    size_t need;
};

static double
now(void)
{
    struct timespec t = { 0 };
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void
must(envres_status st, const char *what)
{
    if (st == ENVRES_OK)
        return;
    fprintf(stderr, "calls: %s: %s\n", what, envres_status_name(st));
    exit(1);
}

static void
put(const struct bench *bench, const char *name, const char *value)
{
    envres_variable_write write = { .size = sizeof(write),
                                    .name = name,
                                    .name_len = strlen(name),
                                    .value = value,
                                    .value_len = strlen(value) };
    must(envres_variable_put(bench->session, "development", 11, &write, NULL, NULL, NULL), "put");
}

static void
resource(const struct bench *bench)
{
    static const char *const given[][2] = {
        { "host", "db.dev" }, { "database", "crm" }, { "user", "app" }, { "password", "secret" }
    };
    envres_resource_field fields[4] = { 0 };
    envres_resource_write write = {
        .size = sizeof(write), .handle = "crm", .handle_len = 3, .fields = fields, .count = 4
    };
    for (size_t i = 0; i < 4; i++)
        fields[i] = (envres_resource_field){ .size = sizeof(fields[i]),
                                             .name = given[i][0],
                                             .name_len = strlen(given[i][0]),
                                             .value = given[i][1],
                                             .value_len = strlen(given[i][1]) };
    must(envres_resource_define(bench->session, "crm", 3, "postgres", 8, NULL, NULL), "define");
    must(envres_resource_configure(bench->session, "development", 11, &write, NULL, NULL, NULL),
         "configure");
}

static void
set_up(struct bench *bench)
{
    uint8_t key[32] = { 1 };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key,
                                .secret_len = sizeof(key) };
    must(envres_store_create(NULL, 0, NULL, &owner, &bench->store, NULL), "create");
    must(envres_session_open(bench->store, NULL, 0, &owner, &bench->session, NULL), "session");
    put(bench, "HOST", "db.dev");
    put(bench, "TEXT", wanted);
    resource(bench);
    must(envres_scope_open(bench->session, "development", 11, NULL, &bench->scope, NULL), "scope");
    must(envres_template_parse(source, strlen(source), NULL, &bench->tmpl, NULL), "parse");
    must(envres_template_bind(bench->tmpl, bench->scope, NULL, &bench->bound, NULL), "bind");
    must(envres_scope_find(bench->scope, "TEXT", 4, &bench->index, NULL), "find");
}

/* ---- the calls; each leaves 34 bytes in the buffer, but for the last ---------------------------
 */

static void
bare(struct bench *bench)
{
    bench->need = calls_bare(bench->buffer, sizeof(bench->buffer));
}

static void
render(struct bench *bench)
{
    must(envres_template_render_into(bench->tmpl, bench->scope, NULL, bench->buffer,
                                     sizeof(bench->buffer), &bench->need, NULL),
         "render");
}

static void
render_bound(struct bench *bench)
{
    must(envres_bound_render_into(bench->bound, bench->buffer, sizeof(bench->buffer), &bench->need,
                                  NULL),
         "render bound");
}

static void
read_name(struct bench *bench)
{
    uint32_t index = 0;
    must(envres_scope_find(bench->scope, "TEXT", 4, &index, NULL), "find");
    must(envres_scope_get_into(bench->scope, index, bench->buffer, sizeof(bench->buffer),
                               &bench->need, NULL),
         "read");
}

static void
read_index(struct bench *bench)
{
    must(envres_scope_get_into(bench->scope, bench->index, bench->buffer, sizeof(bench->buffer),
                               &bench->need, NULL),
         "read");
}

static void
resolve(struct bench *bench)
{
    envres_resource_handle *handle = NULL;
    must(envres_scope_resource(bench->scope, "crm", 3, &handle, NULL), "resource");
    envres_resource_handle_free(handle);
}

static double
measure(struct bench *bench, void (*call)(struct bench *bench), unsigned rounds)
{
    double best = 1e18;
    for (unsigned round = 0; round < rounds; round++) {
        double begin = now();
        for (int i = 0; i < BATCH; i++)
            call(bench);
        double each = (now() - begin) / BATCH;
        best = each < best ? each : best;
    }
    return best;
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*call)(struct bench *bench);
    } rows[] = {
        { "bare call, 34 bytes", bare },
        { "render, 34 bytes", render },
        { "render a bound template", render_bound },
        { "read a variable by name", read_name },
        { "read it by its index", read_index },
        { "a resource", resolve },
    };
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200;
    struct bench bench = { 0 };
    set_up(&bench);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memset(bench.buffer, 0, sizeof(bench.buffer));
        rows[i].call(&bench);
        if (rows[i].call != resolve && strcmp(bench.buffer, wanted) != 0) {
            fprintf(stderr, "calls: %s gives '%s'\n", rows[i].name, bench.buffer);
            return 1;
        }
        printf("%-28s %8.1f ns\n", rows[i].name, measure(&bench, rows[i].call, rounds));
    }
    envres_bound_unref(bench.bound);
    envres_template_unref(bench.tmpl);
    envres_scope_unref(bench.scope);
    envres_session_close(bench.session);
    envres_store_close(bench.store);
    return 0;
}
