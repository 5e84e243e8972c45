/* SPDX-License-Identifier: MIT */
/*
 * Statements: T1, which is SQL, in context sql, held against the same text in context text. Both
 * give something that the caller frees: a statement with its parameters, a value.
 */
#include <stdlib.h>
#include <string.h>

#include "lines.h"

struct job {
    struct fixture *fx;
    struct gen_text text;
    envres_template *sql;
    envres_template *plain;
};

static const envres_template_options as_sql = { .size = sizeof(as_sql),
                                                .flags = ENVRES_TEMPLATE_BORROW,
                                                .context = ENVRES_CONTEXT_SQL,
                                                .dialect = ENVRES_DIALECT_POSTGRES };
static const envres_template_options as_text = { .size = sizeof(as_text),
                                                 .flags = ENVRES_TEMPLATE_BORROW };

static void
prepare(void *user, size_t count)
{
    struct job *job = user;
    for (size_t i = 0; i < count; i++) {
        envres_statement *statement = NULL;
        envres_template_prepare(job->sql, job->fx->plain, NULL, &statement, job->fx->err);
        bench_keep(statement);
        envres_statement_free(statement);
    }
}

static void
render(void *user, size_t count)
{
    struct job *job = user;
    for (size_t i = 0; i < count; i++) {
        envres_value *value = NULL;
        envres_template_render(job->plain, job->fx->plain, NULL, &value, job->fx->err);
        bench_keep(value);
        envres_value_free(value);
    }
}

static void
parse(const struct job *job, const envres_template_options *how)
{
    envres_template *tmpl = NULL;
    envres_template_parse(job->text.data, job->text.len, how, &tmpl, job->fx->err);
    bench_keep(tmpl);
    envres_template_unref(tmpl);
}

static void
parse_sql(void *user, size_t count)
{
    for (size_t i = 0; i < count; i++)
        parse(user, &as_sql);
}

static void
parse_text(void *user, size_t count)
{
    for (size_t i = 0; i < count; i++)
        parse(user, &as_text);
}

/* The statement's text with its values put in is the text that is rendered. */
static void
compare(const struct job *job)
{
    envres_statement *statement = NULL;
    envres_value *value = NULL;
    size_t len = 0;
    size_t want = 0;
    expect_ok(envres_template_prepare(job->sql, job->fx->plain, NULL, &statement, job->fx->err),
              job->fx->err, "prepare");
    expect_ok(envres_template_render(job->plain, job->fx->plain, NULL, &value, job->fx->err),
              job->fx->err, "render");
    const char *text = envres_statement_text(statement, &len);
    const char *rendered = envres_value_data(value, &want);
    char *filled = malloc(want + len);
    size_t at = 0;
    bench_check(filled != NULL, "no memory for a statement");
    for (uint32_t i = 0; i < envres_statement_count(statement); i++) {
        const char *dollar = strchr(text, '$');
        size_t value_len = 0;
        const char *bound = envres_statement_value(statement, i, &value_len);
        memcpy(filled + at, text, (size_t)(dollar - text));
        at += (size_t)(dollar - text);
        memcpy(filled + at, bound, value_len);
        at += value_len;
        text = dollar + 2;
    }
    memcpy(filled + at, text, strlen(text));
    at += strlen(text);
    bench_same("T1 in SQL", filled, at, rendered, want);
    free(filled);
    envres_statement_free(statement);
    envres_value_free(value);
}

void
lines_sql(struct fixture *fx)
{
    struct job job = { .fx = fx, .text = gen_make(GEN_T1, GEN_ENVRES) };
    struct bench_line line = { .name = "T1 SQL prepare (limit: render)",
                               .ours = prepare,
                               .limit = render,
                               .user = &job,
                               .goals = { { RULE_COST, 2, 0 } } };
    struct bench_line parsing = {
        .name = "T1 SQL parse (limit: text)", .ours = parse_sql, .limit = parse_text, .user = &job
    };
    expect_ok(envres_template_parse(job.text.data, job.text.len, &as_sql, &job.sql, fx->err),
              fx->err, "T1");
    expect_ok(envres_template_parse(job.text.data, job.text.len, &as_text, &job.plain, fx->err),
              fx->err, "T1");
    compare(&job);
    bench_run(&line);
    bench_run(&parsing);
    envres_template_unref(job.sql);
    envres_template_unref(job.plain);
    free(job.text.data);
}
