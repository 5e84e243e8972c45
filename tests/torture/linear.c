/* SPDX-License-Identifier: MIT */
#include "linear.h"

#include <stdio.h>
#include <stdlib.h>

enum { SHOWN = 10 };

struct checker {
    const struct linear_op *ops;
    size_t count;
    const struct linear_op **writes; /* by sequence, from 1 */
    int64_t *earliest;               /* when the first of this write and all later ones began */
    int64_t newest;
    long faults;
    int quiet;
};

static void
fault(struct checker *c, const struct linear_op *op, const char *what)
{
    static const char *const kinds[] = { "read", "write", "refused: changed", "refused: live" };
    if (!c->quiet && c->faults < SHOWN)
        fprintf(stderr,
                "process %d, %s, sequence %lld, expected %lld, version %d, content %d, %lld to"
                " %lld: %s\n",
                (int)op->process, kinds[op->kind], (long long)op->sequence, (long long)op->expected,
                (int)op->version, (int)op->content, (long long)op->start, (long long)op->end, what);
    c->faults++;
}

/* Place in the order: write 1, reads of 1, write 2 ... */
static int
compare_places(const void *a, const void *b)
{
    const struct linear_op *x = a;
    const struct linear_op *y = b;
    int64_t at_x = 2 * x->sequence + (x->kind != LINEAR_WRITE);
    int64_t at_y = 2 * y->sequence + (y->kind != LINEAR_WRITE);
    return (at_x > at_y) - (at_x < at_y);
}

static int
has_place(const struct linear_op *op)
{
    return op->kind == LINEAR_READ || op->kind == LINEAR_WRITE;
}

static void
collect_writes(struct checker *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct linear_op *op = &c->ops[i];
        if (op->kind != LINEAR_WRITE)
            continue;
        if (op->sequence < 1 || op->sequence > c->newest)
            fault(c, op, "a number out of range");
        else if (c->writes[op->sequence])
            fault(c, op, "a number that was given twice");
        else
            c->writes[op->sequence] = op;
        if (op->expected != op->sequence - 1)
            fault(c, op, "it did not find what it expected");
    }
}

static void
check_order(struct checker *c)
{
    int64_t latest = INT64_MIN; /* start among all places before */
    for (size_t i = 0; i < c->count;) {
        size_t end = i;
        int64_t next = latest;
        while (end < c->count && compare_places(&c->ops[end], &c->ops[i]) == 0) {
            const struct linear_op *op = &c->ops[end++];
            if (!has_place(op))
                continue;
            if (op->end < latest)
                fault(c, op, "it ended before something began that comes before it");
            next = op->start > next ? op->start : next;
        }
        latest = next;
        i = end;
    }
}

static void
check_seen(struct checker *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct linear_op *op = &c->ops[i];
        if (op->kind != LINEAR_READ)
            continue;
        if (op->sequence < 1 || op->sequence > c->newest || !c->writes[op->sequence]) {
            fault(c, op, "nobody wrote what it saw");
            continue;
        }
        int32_t version = c->writes[op->sequence]->version;
        if (op->version != LINEAR_UNKNOWN && op->version != version)
            fault(c, op, "the version of another release");
        if (op->content != LINEAR_UNKNOWN && op->content != version)
            fault(c, op, "the content of another release");
    }
}

static void
find_earliest(struct checker *c)
{
    int64_t first = INT64_MAX;
    for (int64_t s = c->newest; s >= 1; s--) {
        if (c->writes[s] && c->writes[s]->start < first)
            first = c->writes[s]->start;
        c->earliest[s] = first;
    }
}

/* The newest write that began before a moment; 0: none. */
static int64_t
newest_before(const struct checker *c, int64_t moment)
{
    int64_t low = 0;
    int64_t high = c->newest;
    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        if (c->earliest[middle] <= moment)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* At one of the writes between the newest that had surely happened before `op`, and the newest that
 * may have. */
static int
was_right(const struct checker *c, const struct linear_op *op)
{
    for (int64_t s = newest_before(c, op->end); s >= 1; s--) {
        const struct linear_op *write = c->writes[s];
        if (!write || write->start > op->end)
            continue;
        if (op->kind == LINEAR_CHANGED ? s != op->expected : write->version == op->version)
            return 1;
        if (write->end < op->start)
            break;
    }
    return 0;
}

static void
check_refusals(struct checker *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (!has_place(&c->ops[i]) && !was_right(c, &c->ops[i]))
            fault(c, &c->ops[i], "there was no reason to refuse it");
    }
}

long
linear_check(struct linear_op *ops, size_t count, int quiet)
{
    struct checker c = { .ops = ops, .count = count, .quiet = quiet };
    for (size_t i = 0; i < count; i++)
        c.newest += ops[i].kind == LINEAR_WRITE;
    c.writes = calloc((size_t)c.newest + 1, sizeof(const struct linear_op *));
    c.earliest = calloc((size_t)c.newest + 1, sizeof(*c.earliest));
    if (!c.writes || !c.earliest) {
        free(c.writes);
        free(c.earliest);
        return -1;
    }
    qsort(ops, count, sizeof(*ops), compare_places);
    collect_writes(&c);
    check_order(&c);
    check_seen(&c);
    find_earliest(&c);
    check_refusals(&c);
    free(c.earliest);
    free(c.writes);
    return c.faults;
}
