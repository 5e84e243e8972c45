/* SPDX-License-Identifier: MIT */
/*
 * Masking a log: 10 MB of lines as a web server writes them, without a hit; 1,000 secrets. All at
 * once, and line by line, as a program gives them away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

enum { LOG = 10 * 1000 * 1000, SECRETS = 1000, SECRET_MAX = 48 };

static const char line_name[] = "redact 10 MB (limit: memcpy)";
static const char lines_name[] = "redact a line of a log";

struct masking {
    struct fixture *fx;
    envres_redactor *redactor;
    char *log;
    char *out;
    size_t written;
    size_t at; /* of the next line */
};

static uint32_t
draw(uint32_t *random)
{
    *random = *random * 1664525 + 1013904223;
    return *random >> 8;
}

static size_t
make_line(char *out, size_t cap, uint32_t *random, uint32_t number)
{
    uint32_t a = draw(random);
    uint32_t b = draw(random);
    int len = snprintf(out, cap,
                       "2026-11-21T20:%02u:%02u.%03uZ INFO [worker-%u] GET /api/v1/orders/%u"
                       "?limit=50 200 %ums user=%08x trace=%06x%06x \"Mozilla/5.0 (X11; Linux)\"\n",
                       number / 60 % 60, number % 60, a % 1000, a % 16, b, a % 700, b ^ a, a, b);
    return len > 0 ? (size_t)len : 0;
}

static void
make_log(struct masking *masking)
{
    uint32_t random = 7;
    size_t at = 0;
    masking->log = malloc(LOG + 1);
    masking->out = malloc(LOG + 1);
    bench_check(masking->log && masking->out, "no memory for a log");
    for (uint32_t i = 0; at < LOG; i++) {
        char line[256] = "";
        size_t len = make_line(line, sizeof(line), &random, i);
        len = len < LOG - at ? len : LOG - at;
        memcpy(masking->log + at, line, len);
        at += len;
    }
    masking->log[LOG - 1] = '\n';
}

/* Of 16 to 48 bytes, as generators of tokens and passwords make them. */
static void
add_secrets(struct masking *masking, char first[SECRET_MAX + 1])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "+/-_!$&=.";
    uint32_t random = 11;
    for (uint32_t i = 0; i < SECRETS; i++) {
        char secret[SECRET_MAX + 1] = "";
        size_t len = 16 + i % (SECRET_MAX - 15);
        for (size_t k = 0; k < len; k++)
            secret[k] = letters[draw(&random) % (sizeof(letters) - 1)];
        if (i == 0)
            memcpy(first, secret, sizeof(secret));
        expect_ok(envres_redactor_add(masking->redactor, "s", 1, secret, len, masking->fx->err),
                  masking->fx->err, "adding a secret");
    }
}

static envres_status
take(const char *data, size_t len, void *user)
{
    struct masking *masking = user;
    memcpy(masking->out + masking->written, data, len);
    masking->written += len;
    return ENVRES_OK;
}

static void
feed(struct masking *masking, const char *data, size_t len)
{
    expect_ok(envres_redactor_feed(masking->redactor, data, len, take, masking, masking->fx->err),
              masking->fx->err, "feeding");
}

static void
mask_log(void *user, size_t count)
{
    struct masking *masking = user;
    for (size_t i = 0; i < count; i++) {
        masking->written = 0;
        feed(masking, masking->log, LOG);
        expect_ok(envres_redactor_finish(masking->redactor, take, masking, masking->fx->err),
                  masking->fx->err, "finishing");
        bench_keep(masking->out);
    }
}

static void
copy_log(void *user, size_t count)
{
    struct masking *masking = user;
    for (size_t i = 0; i < count; i++) {
        memcpy(masking->out, masking->log, LOG);
        bench_keep(masking->out);
    }
}

static void
mask_line(void *user, size_t count)
{
    struct masking *masking = user;
    for (size_t i = 0; i < count; i++) {
        const char *line = masking->log + masking->at;
        const char *end = memchr(line, '\n', LOG - masking->at);
        size_t len = (size_t)(end - line) + 1;
        masking->written = 0;
        feed(masking, line, len);
        masking->at = masking->at + len == LOG ? 0 : masking->at + len;
        bench_keep(masking->out);
    }
}

/* Nothing in it is a secret; and what is one is masked. */
static void
compare(struct masking *masking, const char *secret)
{
    envres_value *value = NULL;
    size_t len = 0;
    mask_log(masking, 1);
    bench_same(line_name, masking->out, masking->written, masking->log, LOG);
    expect_ok(envres_redactor_text(masking->redactor, secret, ENVRES_NUL_TERMINATED, &value,
                                   masking->fx->err),
              masking->fx->err, "masking");
    const char *data = envres_value_data(value, &len);
    bench_same(line_name, data, len, "[redacted]", 10);
    envres_value_free(value);
    mask_line(masking, 3);
    masking->at = 0;
}

void
lines_redact(struct fixture *fx)
{
    struct masking masking = { .fx = fx };
    char secret[SECRET_MAX + 1] = "";
    if (!bench_wants(line_name) && !bench_wants(lines_name))
        return;
    make_log(&masking);
    expect_ok(envres_redactor_new(NULL, &masking.redactor, fx->err), fx->err, "a redactor");
    add_secrets(&masking, secret);
    compare(&masking, secret);
    struct bench_line whole = { .name = line_name,
                                .ours = mask_log,
                                .limit = copy_log,
                                .user = &masking,
                                .goals = { { RULE_TIME, 20e6, 10e6 } } };
    struct bench_line by_line = { .name = lines_name, .ours = mask_line, .user = &masking };
    bench_run(&whole);
    bench_run(&by_line);
    envres_redactor_free(masking.redactor);
    free(masking.log);
    free(masking.out);
}
