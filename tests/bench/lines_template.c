/* SPDX-License-Identifier: MIT */
/*
 * Templates: the cases T1 to T5 and T4h. Rendering goes into a buffer that is used again, as the
 * peer's does; parsing borrows the text. The limit is a memcpy() of the output, or memchr() over
 * the text for a byte that is not there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lines.h"
#include "peer.h"

/* One case, ready to be rendered in every way. */
struct job {
    struct fixture *fx;
    struct gen_text ours;
    struct gen_text theirs;
    envres_template *tmpl;
    envres_bound *bound;
    void *parsed;
    void *values;
    char *buf;
    size_t cap;
    char *output; /* what every way must give */
    size_t output_len;
};

static const envres_template_options borrow = { .size = sizeof(borrow),
                                                .flags = ENVRES_TEMPLATE_BORROW };

/* ---- the work ------------------------------------------------------------------------------- */

static void
render_bound(void *user, size_t count)
{
    struct job *job = user;
    size_t need = 0;
    for (size_t i = 0; i < count; i++) {
        envres_bound_render_into(job->bound, job->buf, job->cap, &need, job->fx->err);
        bench_keep(job->buf);
    }
    bench_check(need == job->output_len, "a render gave another length");
}

static void
render_peer(void *user, size_t count)
{
    struct job *job = user;
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        bench_keep(peer_expand(job->parsed, job->values, &len));
    bench_check(len == job->output_len, "the peer's render gave another length");
}

static void
copy_output(void *user, size_t count)
{
    struct job *job = user;
    for (size_t i = 0; i < count; i++) {
        memcpy(job->buf, job->output, job->output_len);
        bench_keep(job->buf);
    }
}

static void
parse_render(void *user, size_t count)
{
    struct job *job = user;
    size_t need = 0;
    for (size_t i = 0; i < count; i++) {
        envres_template *tmpl = NULL;
        envres_template_parse(job->ours.data, job->ours.len, &borrow, &tmpl, job->fx->err);
        envres_template_render_into(tmpl, job->fx->plain, NULL, job->buf, job->cap, &need,
                                    job->fx->err);
        envres_template_unref(tmpl);
        bench_keep(job->buf);
    }
    bench_check(need == job->output_len, "a render gave another length");
}

static void
parse_render_peer(void *user, size_t count)
{
    struct job *job = user;
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        void *parsed = peer_parse(job->theirs.data, job->theirs.len);
        bench_keep(peer_expand(parsed, job->values, &len));
        peer_free(parsed);
    }
    bench_check(len == job->output_len, "the peer's render gave another length");
}

static void
expand(void *user, size_t count)
{
    struct job *job = user;
    for (size_t i = 0; i < count; i++) {
        envres_value *value = NULL;
        envres_scope_expand(job->fx->plain, job->ours.data, job->ours.len, ENVRES_CONTEXT_TEXT, 0,
                            &value, job->fx->err);
        bench_keep(value);
        envres_value_free(value);
    }
}

/* A document without tags: parsed, bound, and its text borrowed. */
static void
pass_through(void *user, size_t count)
{
    struct job *job = user;
    for (size_t i = 0; i < count; i++) {
        envres_template *tmpl = NULL;
        envres_bound *bound = NULL;
        const char *data = NULL;
        size_t len = 0;
        envres_template_parse(job->ours.data, job->ours.len, &borrow, &tmpl, job->fx->err);
        envres_template_bind(tmpl, job->fx->plain, NULL, &bound, job->fx->err);
        envres_bound_text(bound, &data, &len, job->fx->err);
        bench_check(data == job->ours.data && len == job->ours.len, "the text was not borrowed");
        envres_bound_unref(bound);
        envres_template_unref(tmpl);
    }
}

static void
search_absent(void *user, size_t count)
{
    struct job *job = user;
    for (size_t i = 0; i < count; i++)
        bench_keep(memchr(job->ours.data, '\x01', job->ours.len));
}

static void
repeat_render(void *user, size_t count)
{
    struct job *job = user;
    const char *data = NULL;
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        envres_bound_text(job->bound, &data, &len, job->fx->err);
        bench_keep(data);
    }
    bench_check(len == job->output_len, "the kept text has another length");
}

/* ---- before timing -------------------------------------------------------------------------- */

/* The output by the plainest means: search and replace, written for this comparison. */
static void
make_expected(struct job *job)
{
    static const char open[] = "<< environment.variables.";
    const char *at = job->ours.data;
    const char *end = at + job->ours.len;
    job->output = malloc(job->cap);
    bench_check(job->output != NULL, "no memory for the output");
    while (at < end) {
        const char *tag = memmem(at, (size_t)(end - at), open, sizeof(open) - 1);
        size_t literal = (size_t)((tag ? tag : end) - at);
        memcpy(job->output + job->output_len, at, literal);
        job->output_len += literal;
        if (!tag)
            return;
        const char *close = memmem(tag, (size_t)(end - tag), " >>", 3);
        const char *digits = close;
        while (digits[-1] >= '0' && digits[-1] <= '9')
            digits--;
        job->output_len +=
            gen_value(job->output + job->output_len, (uint32_t)strtoul(digits, NULL, 10));
        at = close + 3;
    }
}

static void
compare_outputs(struct job *job, const char *name)
{
    size_t len = 0;
    envres_value *value = NULL;
    const char *data = NULL;
    render_bound(job, 1);
    bench_same(name, job->buf, job->output_len, job->output, job->output_len);
    memset(job->buf, 0, job->cap);
    parse_render(job, 1);
    bench_same(name, job->buf, job->output_len, job->output, job->output_len);
    expect_ok(envres_scope_expand(job->fx->plain, job->ours.data, job->ours.len,
                                  ENVRES_CONTEXT_TEXT, 0, &value, job->fx->err),
              job->fx->err, name);
    data = envres_value_data(value, &len);
    bench_same(name, data, len, job->output, job->output_len);
    envres_value_free(value);
    expect_ok(envres_bound_text(job->bound, &data, &len, job->fx->err), job->fx->err, name);
    bench_same(name, data, len, job->output, job->output_len);
    if (job->parsed) {
        data = peer_expand(job->parsed, job->values, &len);
        bench_same(name, data, len, job->output, job->output_len);
    }
}

static void
job_begin(struct job *job, struct fixture *fx, struct gen_text ours, struct gen_text theirs,
          void *values, const char *name)
{
    *job = (struct job){ .fx = fx, .ours = ours, .theirs = theirs, .values = values };
    job->cap = ours.len + ours.tags * GEN_VALUE_MAX + GEN_VALUE_MAX;
    job->buf = malloc(job->cap);
    bench_check(job->buf != NULL, "no memory for a buffer");
    memset(job->buf, 0, job->cap);
    expect_ok(envres_template_parse(ours.data, ours.len, &borrow, &job->tmpl, fx->err), fx->err,
              name);
    expect_ok(envres_template_bind(job->tmpl, fx->plain, NULL, &job->bound, fx->err), fx->err,
              name);
    if (peer_exists()) {
        job->parsed = peer_parse(theirs.data, theirs.len);
        bench_check(job->parsed != NULL, "the peer does not parse a case");
    }
    make_expected(job);
    compare_outputs(job, name);
}

static void
job_end(struct job *job)
{
    envres_bound_unref(job->bound);
    envres_template_unref(job->tmpl);
    if (job->parsed)
        peer_free(job->parsed);
    free(job->buf);
    free(job->output);
    free(job->ours.data);
    free(job->theirs.data);
}

static void
case_begin(struct job *job, struct fixture *fx, enum gen_case which, void *values, const char *name)
{
    job_begin(job, fx, gen_make(which, GEN_ENVRES), gen_make(which, GEN_CTEMPLATE), values, name);
}

static void
run(struct job *job, const char *name, bench_fn ours, bench_fn limit, bench_fn peer,
    struct bench_goal first, struct bench_goal second)
{
    struct bench_line line = { .name = name,
                               .ours = ours,
                               .limit = limit,
                               .peer = job->parsed ? peer : NULL,
                               .user = job,
                               .goals = { first, second } };
    bench_run(&line);
}

#define GOAL(rule, required, stretch) ((struct bench_goal){ (rule), (required), (stretch) })
#define NO_GOAL                       GOAL(RULE_NONE, 0, 0)

static void
run_with_tags(struct fixture *fx, void *values)
{
    struct job job;
    case_begin(&job, fx, GEN_T1, values, "T1");
    run(&job, "T1 render", render_bound, copy_output, render_peer, GOAL(RULE_PEER, 4, 0),
        GOAL(RULE_TIME, 35, 20));
    run(&job, "T1 parse + render", parse_render, NULL, parse_render_peer, GOAL(RULE_PEER, 4, 0),
        GOAL(RULE_TIME, 0, 150));
    run(&job, "T1 scope_expand", expand, NULL, parse_render_peer, NO_GOAL, NO_GOAL);
    run(&job, "T1 repeat render", repeat_render, NULL, NULL, GOAL(RULE_TIME, 60, 20), NO_GOAL);
    job_end(&job);
    case_begin(&job, fx, GEN_T2, values, "T2");
    run(&job, "T2 render", render_bound, copy_output, render_peer, GOAL(RULE_SHARE, 0.50, 0.62),
        GOAL(RULE_PEER, 4, 5));
    run(&job, "T2 parse + render", parse_render, NULL, parse_render_peer, GOAL(RULE_PEER, 5, 0),
        GOAL(RULE_TIME, 25e3, 15e3));
    run(&job, "T2 scope_expand", expand, NULL, parse_render_peer, NO_GOAL, NO_GOAL);
    job_end(&job);
    case_begin(&job, fx, GEN_T3, values, "T3");
    run(&job, "T3 render", render_bound, copy_output, render_peer, GOAL(RULE_SHARE, 0.75, 0.85),
        NO_GOAL);
    run(&job, "T3 parse + render", parse_render, NULL, parse_render_peer,
        GOAL(RULE_TIME, 3.5e6, 2e6), NO_GOAL);
    run(&job, "T3 repeat render", repeat_render, NULL, NULL, GOAL(RULE_TIME, 60, 20), NO_GOAL);
    job_end(&job);
    case_begin(&job, fx, GEN_T5, values, "T5");
    run(&job, "T5 render", render_bound, copy_output, render_peer, GOAL(RULE_PEER, 8, 15), NO_GOAL);
    run(&job, "T5 parse + render", parse_render, NULL, parse_render_peer, NO_GOAL, NO_GOAL);
    job_end(&job);
}

/* Two jobs of one line: T4h is held against T4 in the same turn. */
struct pair {
    struct job *one;
    struct job *two;
};

static void
pass_one(void *user, size_t count)
{
    pass_through(((struct pair *)user)->one, count);
}

static void
pass_two(void *user, size_t count)
{
    pass_through(((struct pair *)user)->two, count);
}

static void
run_without_tags(struct fixture *fx, void *values)
{
    struct job lone, html;
    case_begin(&lone, fx, GEN_T4, values, "T4");
    case_begin(&html, fx, GEN_T4H, values, "T4h");
    bench_same("T4", lone.output, lone.output_len, lone.ours.data, lone.ours.len);
    bench_same("T4h", html.output, html.output_len, html.ours.data, html.ours.len);
    struct pair pair = { &html, &lone };
    struct bench_line line = { .name = "T4h (limit: T4)",
                               .ours = pass_one,
                               .limit = pass_two,
                               .user = &pair,
                               .goals = { GOAL(RULE_COST, 2, 1.7) } };
    run(&lone, "T4 (limit: memchr)", pass_through, search_absent, NULL,
        GOAL(RULE_SHARE, 0.70, 0.90), NO_GOAL);
    bench_run(&line);
    job_end(&lone);
    job_end(&html);
}

/* ---- memory --------------------------------------------------------------------------------- */

struct meter {
    size_t live;
    size_t peak;
};

/* A block's size stands before it, at the distance that keeps any object aligned. */
enum { METER_HEAD = 16 };

static void *
metered(void *ptr, size_t size, void *user)
{
    struct meter *meter = user;
    char *block = ptr ? (char *)ptr - METER_HEAD : NULL;
    size_t before = 0;
    if (block)
        memcpy(&before, block, sizeof(before));
    if (size == 0) {
        meter->live -= before;
        free(block);
        return NULL;
    }
    block = realloc(block, size + METER_HEAD);
    if (!block)
        return NULL;
    memcpy(block, &size, sizeof(size));
    meter->live += size - before;
    meter->peak = meter->live > meter->peak ? meter->live : meter->peak;
    return block + METER_HEAD;
}

static size_t
compiled_size(struct fixture *fx, struct gen_text text, struct meter *meter)
{
    envres_allocator alloc = { .size = sizeof(alloc), .reallocate = metered, .user = meter };
    envres_template_options options = borrow;
    envres_template *tmpl = NULL;
    options.allocator = &alloc;
    expect_ok(envres_template_parse(text.data, text.len, &options, &tmpl, fx->err), fx->err,
              "memory");
    size_t live = meter->live;
    envres_template_unref(tmpl);
    bench_check(meter->live == 0, "a template leaks");
    return live;
}

/* The difference between two documents with the same names leaves what segments alone cost. */
static void
run_memory(struct fixture *fx)
{
    struct meter meter = { 0, 0 };
    struct gen_text one = gen_document(20000, 4000 * 1000, GEN_ENVRES);
    struct gen_text two = gen_document(40000, 8000 * 1000, GEN_ENVRES);
    struct bench_goal segment[BENCH_RULES] = { { RULE_COUNT, 16, 0 } };
    struct bench_goal peak[BENCH_RULES] = { { RULE_COUNT, 1, 0 } };
    size_t one_size = compiled_size(fx, one, &meter);
    size_t two_size = compiled_size(fx, two, &meter);
    bench_report("bytes for each segment", (double)(two_size - one_size) / 20000, 0, segment);
    meter.peak = 0;
    compiled_size(fx, two, &meter);
    bench_report("parse: peak, MB beyond the text", (double)meter.peak / 1e6, 0, peak);
    free(one.data);
    free(two.data);
}

void
lines_template(struct fixture *fx)
{
    void *values = peer_exists() ? peer_values_new() : NULL;
    char name[GEN_NAME_MAX];
    char value[GEN_VALUE_MAX];
    for (uint32_t i = 0; values && i < GEN_VARIABLES; i++) {
        gen_name(name, i);
        gen_value(value, i);
        peer_values_set(values, name, value);
    }
    run_with_tags(fx, values);
    run_without_tags(fx, values);
    run_memory(fx);
}
