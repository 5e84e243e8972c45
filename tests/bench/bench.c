/* SPDX-License-Identifier: MIT */
/*
 * Timing and the table. A sample lasts about a millisecond, so that the clock's own cost does not
 * count; the first turn is thrown away. Figures are nanoseconds for one piece of work.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TURNS = 31, TURNS_MAX = 201, RUNNERS = 3, MISSED_MAX = 64 };

static const double sample_ns = 1e6;

static struct {
    bool quick;
    clockid_t clock;
    const char *only;
    unsigned lines;
    unsigned met;
    const char *missed[MISSED_MAX];
    unsigned missed_count;
} table;

void
bench_check(bool good, const char *what)
{
    if (good)
        return;
    fflush(stdout);
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

void
bench_same(const char *what, const void *a, size_t a_len, const void *b, size_t b_len)
{
    if (a_len == b_len && memcmp(a, b, a_len) == 0)
        return;
    size_t at = 0;
    while (at < a_len && at < b_len && ((const char *)a)[at] == ((const char *)b)[at])
        at++;
    fflush(stdout);
    fprintf(stderr, "bench: %s: outputs differ at byte %zu (of %zu and %zu)\n", what, at, a_len,
            b_len);
    exit(1);
}

static double
clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int
compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double
bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare_doubles);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void
bench_begin(bool quick, bool cpu_time, const char *only)
{
    table.only = only ? only : "";
    table.quick = quick;
    table.clock = cpu_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    if (quick)
        return;
    printf("%-34s %11s %11s %7s %11s %7s  %-17s %-13s %s\n", "case", "ours", "limit", "ratio",
           "peer", "ratio", "required", "stretch", "met");
}

bool
bench_is_quick(void)
{
    return table.quick;
}

bool
bench_wants(const char *name)
{
    return strstr(name, table.only) != NULL;
}

/* ---- one line ------------------------------------------------------------------------------- */

/* How often the work must be done to fill a sample. */
static size_t
calibrate(bench_fn fn, void *user)
{
    for (size_t count = 1;; count *= 4) {
        double start = clock_ns(table.clock);
        fn(user, count);
        double took = clock_ns(table.clock) - start;
        if (took >= sample_ns)
            return count;
        if (took > sample_ns / 8)
            return (size_t)((double)count * sample_ns / took) + 1;
    }
}

struct figures {
    double ns[RUNNERS];      /* median; 0: no such runner */
    double to_ours[RUNNERS]; /* median of runner / ours within one turn */
};

static void
measure(const struct bench_line *line, struct figures *out)
{
    bench_fn runners[RUNNERS] = { line->ours, line->limit, line->peer };
    static double ns[RUNNERS][TURNS_MAX];
    static double ratios[RUNNERS][TURNS_MAX];
    size_t counts[RUNNERS] = { 1, 1, 1 };
    unsigned turns = line->turns ? line->turns : TURNS;
    clockid_t clock = line->is_slow ? CLOCK_MONOTONIC : table.clock;
    for (int r = 0; r < RUNNERS && !line->is_slow; r++) {
        if (runners[r])
            counts[r] = calibrate(runners[r], line->user);
    }
    for (unsigned turn = 0; turn <= turns; turn++) {
        if (line->prepare)
            line->prepare(line->user);
        for (int r = 0; r < RUNNERS; r++) {
            if (!runners[r])
                continue;
            double start = clock_ns(clock);
            runners[r](line->user, counts[r]);
            double took = (clock_ns(clock) - start) / (double)counts[r];
            if (turn == 0)
                continue;
            ns[r][turn - 1] = took;
            ratios[r][turn - 1] = took / ns[0][turn - 1];
        }
    }
    for (int r = 0; r < RUNNERS; r++) {
        out->ns[r] = runners[r] ? bench_median(ns[r], turns) : 0;
        out->to_ours[r] = runners[r] ? bench_median(ratios[r], turns) : 0;
    }
}

/* ---- printing ------------------------------------------------------------------------------- */

static const char *
show_time(char *out, size_t cap, double ns)
{
    if (ns <= 0)
        snprintf(out, cap, "-");
    else if (ns < 1e4)
        snprintf(out, cap, "%.1f ns", ns);
    else if (ns < 1e6)
        snprintf(out, cap, "%.2f us", ns / 1e3);
    else
        snprintf(out, cap, "%.2f ms", ns / 1e6);
    return out;
}

static void
show_goal(char *out, size_t cap, enum bench_rule rule, double value)
{
    size_t used = strlen(out);
    const char *gap = used ? "; " : "";
    char time[32];
    if (value <= 0)
        return;
    switch (rule) {
    case RULE_NONE:
        break;
    case RULE_TIME:
        snprintf(out + used, cap - used, "%s%s", gap, show_time(time, sizeof(time), value));
        break;
    case RULE_SHARE:
        snprintf(out + used, cap - used, "%s%.0f %%", gap, value * 100);
        break;
    case RULE_COST:
        snprintf(out + used, cap - used, "%s<= %.2fx", gap, value);
        break;
    case RULE_PEER:
        snprintf(out + used, cap - used, "%s%.0fx peer", gap, value);
        break;
    case RULE_COUNT:
        snprintf(out + used, cap - used, "%s<= %.2f", gap, value);
        break;
    }
}

/* -1: there is nothing to hold it against. */
static int
reaches(const struct figures *f, enum bench_rule rule, double value)
{
    switch (rule) {
    case RULE_NONE:
        return -1;
    case RULE_TIME:
    case RULE_COUNT:
        return f->ns[0] <= value;
    case RULE_SHARE:
        return f->to_ours[1] > 0 ? f->to_ours[1] >= value : -1;
    case RULE_COST:
        return f->to_ours[1] > 0 ? 1 / f->to_ours[1] <= value : -1;
    case RULE_PEER:
        return f->to_ours[2] > 0 ? f->to_ours[2] >= value : -1;
    }
    return -1;
}

static const char *
judge(const char *name, const struct figures *f, const struct bench_goal *goals)
{
    int judged = 0;
    bool required = true;
    bool stretch = true;
    for (int i = 0; i < BENCH_RULES; i++) {
        int met = reaches(f, goals[i].rule, goals[i].required);
        if (met < 0)
            continue;
        judged++;
        required = required && met;
        stretch = stretch && met &&
                  (goals[i].stretch <= 0 || reaches(f, goals[i].rule, goals[i].stretch) == 1);
    }
    if (judged == 0)
        return "-";
    table.lines++;
    table.met += required;
    if (!required && table.missed_count < MISSED_MAX)
        table.missed[table.missed_count++] = name;
    return !required ? "NOT MET" : stretch ? "stretch" : "met";
}

static bool
is_share(const struct bench_goal *goals)
{
    for (int i = 0; i < BENCH_RULES; i++) {
        if (goals[i].rule == RULE_SHARE)
            return true;
    }
    return false;
}

static void
print_row(const char *name, const struct figures *f, const struct bench_goal *goals)
{
    char ours[32], limit[32], peer[32];
    char to_limit[16] = "-", to_peer[16] = "-";
    char required[64] = "", stretch[64] = "";
    bool is_count = goals[0].rule == RULE_COUNT;
    for (int i = 0; i < BENCH_RULES; i++) {
        show_goal(required, sizeof(required), goals[i].rule, goals[i].required);
        show_goal(stretch, sizeof(stretch), goals[i].rule, goals[i].stretch);
    }
    if (f->to_ours[1] > 0 && is_share(goals))
        snprintf(to_limit, sizeof(to_limit), "%.0f %%", f->to_ours[1] * 100);
    else if (f->to_ours[1] > 0)
        snprintf(to_limit, sizeof(to_limit), "%.2fx", 1 / f->to_ours[1]);
    if (f->to_ours[2] > 0)
        snprintf(to_peer, sizeof(to_peer), "%.1fx", f->to_ours[2]);
    if (is_count)
        snprintf(ours, sizeof(ours), "%.2f", f->ns[0]);
    printf("%-34s %11s %11s %7s %11s %7s  %-17s %-13s %s\n", name,
           is_count ? ours : show_time(ours, sizeof(ours), f->ns[0]),
           show_time(limit, sizeof(limit), f->ns[1]), to_limit,
           show_time(peer, sizeof(peer), f->ns[2]), to_peer, required[0] ? required : "-",
           stretch[0] ? stretch : "-", judge(name, f, goals));
    fflush(stdout);
}

void
bench_run(const struct bench_line *line)
{
    struct figures figures;
    bench_fn runners[RUNNERS] = { line->ours, line->limit, line->peer };
    if (!bench_wants(line->name))
        return;
    if (!table.quick) {
        measure(line, &figures);
        print_row(line->name, &figures, line->goals);
        return;
    }
    if (line->prepare)
        line->prepare(line->user);
    for (int r = 0; r < RUNNERS; r++) {
        if (runners[r])
            runners[r](line->user, 1);
    }
}

void
bench_report(const char *name, double ours, double limit, const struct bench_goal *goals)
{
    struct figures figures = { { ours, limit, 0 }, { 1, limit > 0 ? limit / ours : 0, 0 } };
    if (!table.quick && bench_wants(name))
        print_row(name, &figures, goals);
}

void
bench_end(void)
{
    if (table.quick) {
        printf("outputs are equal\n");
        return;
    }
    printf("\n%u of %u required lines met", table.met, table.lines);
    for (unsigned i = 0; i < table.missed_count; i++)
        printf("%s%s", i ? ", " : "; not met: ", table.missed[i]);
    printf("\n");
}
