/* SPDX-License-Identifier: MIT */
/*
 * A scope that is pinned: names, indices, handles, and two threads at once.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lines.h"

enum { NAMES = 64, WORK = 4096 };

struct lookups {
    struct fixture *fx;
    envres_scope *scope;
    char names[NAMES][GEN_NAME_MAX];
    size_t lens[NAMES];
    uint32_t indices[NAMES];
};

static void
lookups_begin(struct lookups *l, struct fixture *fx, envres_scope *scope, uint32_t variables)
{
    char value[GEN_VALUE_MAX];
    l->fx = fx;
    l->scope = scope;
    for (uint32_t i = 0; i < NAMES; i++) {
        uint32_t index = (uint32_t)((uint64_t)i * variables / NAMES);
        const char *data = NULL;
        size_t len = 0;
        l->lens[i] = gen_name(l->names[i], index);
        expect_ok(envres_scope_find(scope, l->names[i], l->lens[i], &l->indices[i], fx->err),
                  fx->err, "find");
        expect_ok(envres_scope_at(scope, l->indices[i], &data, &len, fx->err), fx->err, "at");
        bench_same("get", data, len, value, gen_value(value, index));
    }
}

static void
get_at(void *user, size_t count)
{
    struct lookups *l = user;
    for (size_t i = 0; i < count; i++) {
        const char *data = NULL;
        size_t len = 0;
        envres_scope_at(l->scope, l->indices[i % NAMES], &data, &len, l->fx->err);
        bench_keep(data);
    }
}

static void
get_by_name(void *user, size_t count)
{
    struct lookups *l = user;
    for (size_t i = 0; i < count; i++) {
        const char *data = NULL;
        size_t len = 0;
        uint32_t index = 0;
        size_t n = i % NAMES;
        envres_scope_find(l->scope, l->names[n], l->lens[n], &index, l->fx->err);
        envres_scope_at(l->scope, index, &data, &len, l->fx->err);
        bench_keep(data);
    }
}

static void
take_handle(void *user, size_t count)
{
    struct fixture *fx = user;
    for (size_t i = 0; i < count; i++) {
        envres_resource_handle *handle = NULL;
        envres_scope_resource(fx->large, "crm", 3, &handle, fx->err);
        bench_keep(handle);
        envres_resource_handle_free(handle);
    }
}

/* ---- two threads ---------------------------------------------------------------------------- */

/* What a host does for a request: a template, some names. All of it from one scope. */
struct worker {
    const struct lookups *lookups;
    envres_bound *bound;
    envres_template *tmpl;
    envres_error *err;
    pthread_barrier_t *start;
    double rate; /* pieces of work for each nanosecond of the thread's own time */
};

static double
thread_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Time on a CPU, since on a machine with other load a thread that waits for one would be counted as
 * slow; what threads do to each other (locks apart, of which there are none) is CPU time. */
static void *
work(void *user)
{
    struct worker *w = user;
    char buf[4096];
    size_t pieces = bench_is_quick() ? 64 : WORK * 16;
    pthread_barrier_wait(w->start);
    double start = thread_now();
    for (size_t i = 0; i < pieces; i++) {
        size_t need = 0;
        uint32_t index = 0;
        const char *data = NULL;
        size_t n = i % NAMES;
        envres_template_render_into(w->tmpl, w->lookups->scope, NULL, buf, sizeof(buf), &need,
                                    w->err);
        envres_bound_render_into(w->bound, buf, sizeof(buf), &need, w->err);
        envres_scope_find(w->lookups->scope, w->lookups->names[n], w->lookups->lens[n], &index,
                          w->err);
        envres_scope_at(w->lookups->scope, index, &data, &need, w->err);
        bench_keep(data);
    }
    w->rate = (double)pieces / (thread_now() - start);
    return NULL;
}

static void
run_workers(struct worker *workers, unsigned count)
{
    pthread_t threads[2];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, count);
    for (unsigned i = 0; i < count; i++) {
        workers[i].start = &start;
        bench_check(pthread_create(&threads[i], NULL, work, &workers[i]) == 0, "no thread");
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
}

static void
run_threads(const struct lookups *lookups)
{
    enum { TURNS = 21 };
    static const char name[] = "two threads (limit: one alone)";
    struct fixture *fx = lookups->fx;
    if (!bench_wants(name))
        return;
    struct gen_text text = gen_make(GEN_T1, GEN_ENVRES);
    struct worker workers[2];
    double alone[TURNS], slower[TURNS], shares[TURNS];
    memset(workers, 0, sizeof(workers));
    for (int i = 0; i < 2; i++) {
        workers[i].lookups = lookups;
        workers[i].err = envres_error_new(NULL);
    }
    expect_ok(envres_template_parse(text.data, text.len, NULL, &workers[0].tmpl, fx->err), fx->err,
              "threads");
    expect_ok(envres_template_bind(workers[0].tmpl, fx->plain, NULL, &workers[0].bound, fx->err),
              fx->err, "threads");
    workers[1].tmpl = workers[0].tmpl;
    workers[1].bound = workers[0].bound;
    unsigned turns = bench_is_quick() ? 1 : TURNS;
    for (unsigned t = 0; t < turns; t++) {
        run_workers(workers, 1);
        alone[t] = workers[0].rate;
        run_workers(workers, 2);
        slower[t] = workers[0].rate < workers[1].rate ? workers[0].rate : workers[1].rate;
        shares[t] = slower[t] / alone[t];
    }
    /* As times for one piece, so that the share is the limit's time over ours. */
    struct bench_goal goals[BENCH_RULES] = { { RULE_SHARE, 0.90, 0.98 } };
    double share = bench_median(shares, turns);
    double one = 1 / bench_median(alone, turns);
    bench_report(name, one / share, one, goals);
    envres_bound_unref(workers[0].bound);
    envres_template_unref(workers[0].tmpl);
    for (int i = 0; i < 2; i++)
        envres_error_free(workers[i].err);
}

void
lines_scope(struct fixture *fx)
{
    static struct lookups few, many;
    lookups_begin(&few, fx, fx->plain, GEN_VARIABLES);
    lookups_begin(&many, fx, fx->large, GEN_MANY);
    struct bench_line lines[] = {
        { .name = "get by index", .ours = get_at, .user = &few, .goals = { { RULE_TIME, 5, 3 } } },
        { .name = "get by name, 200",
          .ours = get_by_name,
          .user = &few,
          .goals = { { RULE_TIME, 30, 20 } } },
        { .name = "get by name, 10,000",
          .ours = get_by_name,
          .user = &many,
          .goals = { { RULE_TIME, 60, 20 } } },
        { .name = "resource handle",
          .ours = take_handle,
          .user = fx,
          .goals = { { RULE_TIME, 20, 10 } } },
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        bench_run(&lines[i]);
    run_threads(&few);
}
