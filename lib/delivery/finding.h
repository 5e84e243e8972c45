/* SPDX-License-Identifier: MIT */
/* What a check finds: the codes, which of them block, and the collecting of findings in order. */
#ifndef ENVRES_DELIVERY_FINDING_H
#define ENVRES_DELIVERY_FINDING_H

#include "base/pool.h"
#include "delivery/check.h"

enum finding_severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_INFO, SEVERITY_COUNT_ };

enum finding_code {
    FINDING_STATUS, /* its code is the name of a status: "ENVRES_E_NOT_SET" */
    FINDING_TYPE,
    FINDING_PUBLIC_SECRET,
    FINDING_LEAK_SECRET,
    FINDING_LEAK_HOST,
    FINDING_LEAK_VALUE,
    FINDING_NEAR_MISS,
    FINDING_JSON,
    FINDING_FALLBACK,
    FINDING_NOT_TEXT,
    FINDING_NOT_CHECKED,
    FINDING_MORE,
    FINDING_COUNT_
};

/* A row of the one table that says what blocks. */
struct finding_row {
    const char *name;
    enum finding_severity severity;
};

/* NULL outside. */
const struct finding_row *finding_row(enum finding_code code);
/* "error", "warning", "info"; static. */
const char *finding_severity_name(enum finding_severity severity);

/* Where a finding without a position stands. */
#define FINDING_NOWHERE SIZE_MAX

struct finding;

/* Of one severity, in the order of parts and positions. */
struct finding_array {
    struct finding *rows;
    size_t count;
    size_t room;
    size_t settled; /* the first of them have line and column */
    size_t seen;    /* those that found no room too */
};

/*
 * Takes findings in: those of no part at any time, the others part by part. Of each severity
 * LIMIT_FINDINGS are kept and all are counted, so that warnings never crowd out an error.
 */
struct collector {
    const struct mem *mem;
    struct pool pool;
    struct finding_array arrays[SEVERITY_COUNT_];
    struct slice part; /* the one at hand; .data NULL: none */
    bool failed;
};

void collector_init(struct collector *collector, const struct mem *mem);
void collector_free(struct collector *collector);

/* `path` lives as long as the collector is used. */
void collector_begin_part(struct collector *collector, struct slice path);

/* Takes a finding in: message, hint (what to do) and, of a FINDING_STATUS, its name are those of
 * `why`. Failures stick until collector_list(). */
void collector_add(struct collector *collector, enum finding_code code, size_t offset,
                   const envres_error *why);

/* Turns the offsets of the part at hand into lines and columns of its text. */
void collector_end_part(struct collector *collector, struct slice text);

/* Whether nothing was found so far. */
bool collector_is_empty(const struct collector *collector);

/* The findings as a list; beyond LIMIT_FINDINGS the last row says how many there are. NOMEM. */
envres_status collector_list(struct collector *collector, struct findings *out, envres_error *err);

#endif
