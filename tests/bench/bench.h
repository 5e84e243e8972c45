/* SPDX-License-Identifier: MIT */
/*
 * Lines of the benchmark: who is timed, what is required, how it is printed.
 *
 * Up to three runners do the same work: ours, a limit that cannot be beaten (or the same done by
 * hand), and a peer. They are timed in turns, A B C A B C, and what counts is the median over the
 * ratios of one turn: load that comes and goes meets all of them alike.
 */
#ifndef ENVRES_BENCH_H
#define ENVRES_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does the work `count` times. */
typedef void (*bench_fn)(void *user, size_t count);

enum bench_rule {
    RULE_NONE = 0,
    RULE_TIME,  /* ours takes at most so many nanoseconds */
    RULE_SHARE, /* ours reaches at least this share of the limit's speed */
    RULE_COST,  /* ours takes at most so many times the limit */
    RULE_PEER,  /* the peer takes at least so many times ours */
    RULE_COUNT  /* ours is a number, not a time: at most so many */
};

enum { BENCH_RULES = 2 };

struct bench_goal {
    enum bench_rule rule;
    double required;
    double stretch; /* 0: none */
};

struct bench_line {
    const char *name;
    bench_fn ours;
    bench_fn limit;              /* or NULL */
    bench_fn peer;               /* or NULL */
    void (*prepare)(void *user); /* before each turn, not timed; or NULL */
    void *user;
    unsigned turns; /* 0: 31 */
    bool is_slow;   /* one run is long enough to be timed by itself; by the wall clock */
    struct bench_goal goals[BENCH_RULES];
};

/* `quick`: nothing is timed, every runner works once. `cpu_time`: computing is timed by the time on
 * a CPU, for machines with other load; what waits for a disk or a process never is.
 * `only`: lines whose name holds it; NULL: all. */
void bench_begin(bool quick, bool cpu_time, const char *only);
bool bench_is_quick(void);
/* True when a line of that name is asked for. */
bool bench_wants(const char *name);

/* Times a line and prints its row. */
void bench_run(const struct bench_line *line);

/* Prints a row of figures that were measured elsewhere (memory, threads). */
void bench_report(const char *name, double ours, double limit, const struct bench_goal *goals);

/* Says how many lines were met, and which were not. */
void bench_end(void);

/* Ends the program with a message unless what should be is: a benchmark of wrong output is none. */
void bench_check(bool good, const char *what);
void bench_same(const char *what, const void *a, size_t a_len, const void *b, size_t b_len);

double bench_median(double *values, size_t count);

/* Keeps the compiler from dropping what was computed. */
static inline void
bench_keep(const void *value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

#endif
