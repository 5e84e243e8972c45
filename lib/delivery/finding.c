/* SPDX-License-Identifier: MIT */
/*
 * Findings: one table of codes and severities, and a collector that keeps them in their order. A
 * finding's words come from an error slot, so they are bounded, of one line, and hold names only.
 *
 * Invariants: an array is sorted by part, then position, because parts come in order and each is
 * sorted when it ends. What is counted is never bounded; what is kept is.
 */
#include "delivery/finding.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/text.h"

struct finding {
    struct slice part; /* .data NULL: none */
    size_t offset;
    uint32_t line; /* 0: no position */
    uint32_t column;
    enum finding_code code;
    const char *name;
    struct slice message;
    struct slice fix;
};

/* The name of FINDING_STATUS stands for any status. docs/checks.md has the same rows. */
static const struct finding_row finding_rows[FINDING_COUNT_] = {
    [FINDING_STATUS] = { "ENVRES_E_", SEVERITY_ERROR },
    [FINDING_TYPE] = { "type", SEVERITY_ERROR },
    [FINDING_PUBLIC_SECRET] = { "public-secret", SEVERITY_ERROR },
    [FINDING_LEAK_SECRET] = { "leak-secret", SEVERITY_ERROR },
    [FINDING_LEAK_HOST] = { "leak-host", SEVERITY_ERROR },
    [FINDING_LEAK_VALUE] = { "leak-value", SEVERITY_WARNING },
    [FINDING_NEAR_MISS] = { "near-miss", SEVERITY_WARNING },
    [FINDING_JSON] = { "json", SEVERITY_WARNING },
    [FINDING_FALLBACK] = { "fallback", SEVERITY_WARNING },
    [FINDING_NOT_TEXT] = { "not-text", SEVERITY_INFO },
    [FINDING_NOT_CHECKED] = { "not-checked", SEVERITY_INFO },
    [FINDING_MORE] = { "more", SEVERITY_INFO },
};

const struct finding_row *
finding_row(enum finding_code code)
{
    return (size_t)code < FINDING_COUNT_ ? &finding_rows[code] : NULL;
}

const char *
finding_severity_name(enum finding_severity severity)
{
    static const char *const names[SEVERITY_COUNT_] = { "error", "warning", "info" };
    return (size_t)severity < SEVERITY_COUNT_ ? names[severity] : "";
}

void
findings_free(struct findings *findings)
{
    if (!findings)
        return;
    envres_list_free(findings->list);
    memset(findings, 0, sizeof(*findings));
}

/* ---- collecting ----------------------------------------------------------------------------- */

void
collector_init(struct collector *collector, const struct mem *mem)
{
    memset(collector, 0, sizeof(*collector));
    collector->mem = mem;
    pool_init(&collector->pool, mem);
}

void
collector_free(struct collector *collector)
{
    if (!collector->mem)
        return;
    for (size_t i = 0; i < SEVERITY_COUNT_; i++)
        mem_free(collector->mem, collector->arrays[i].rows);
    pool_free(&collector->pool);
    memset(collector, 0, sizeof(*collector));
}

void
collector_begin_part(struct collector *collector, struct slice path)
{
    collector->part = path;
}

static bool
make_room(struct collector *collector, struct finding_array *array)
{
    struct finding *grown =
        mem_grow(collector->mem, array->rows, &array->room, array->count, sizeof(*grown));
    if (!grown)
        return false;
    array->rows = grown;
    return true;
}

void
collector_add(struct collector *collector, enum finding_code code, size_t offset,
              const envres_error *why)
{
    struct finding_array *array = &collector->arrays[finding_rows[code].severity];
    array->seen++;
    if (collector->failed || array->count == LIMIT_FINDINGS)
        return;
    struct finding finding = { .part = collector->part, .offset = offset, .code = code };
    finding.name = code == FINDING_STATUS ? envres_status_name(envres_error_code(why))
                                          : finding_rows[code].name;
    finding.message = pool_copy(&collector->pool, slice_str(envres_error_message(why)));
    finding.fix = pool_copy(&collector->pool, slice_str(envres_error_hint(why)));
    if (!finding.message.data || !finding.fix.data || !make_room(collector, array))
        collector->failed = true;
    else
        array->rows[array->count++] = finding;
}

static int
compare_findings(const void *a, const void *b)
{
    const struct finding *x = a;
    const struct finding *y = b;
    /* Without a position first: it concerns the whole part. */
    size_t x_at = x->offset == FINDING_NOWHERE ? 0 : x->offset + 1;
    size_t y_at = y->offset == FINDING_NOWHERE ? 0 : y->offset + 1;
    if (x_at != y_at)
        return x_at < y_at ? -1 : 1;
    if (x->code != y->code)
        return x->code < y->code ? -1 : 1;
    return slice_compare(x->message, y->message);
}

/* Offsets are sorted, so each byte of the text is looked at once. */
static void
settle_positions(struct finding_array *array, struct slice text)
{
    size_t start = 0; /* of the line */
    uint32_t line = 1;
    for (size_t i = array->settled; i < array->count; i++) {
        struct finding *finding = &array->rows[i];
        if (finding->offset == FINDING_NOWHERE)
            continue;
        assert(finding->offset <= text.len);
        while (start < finding->offset) {
            const char *found = memchr(text.data + start, '\n', finding->offset - start);
            if (!found)
                break;
            start = (size_t)(found - text.data) + 1;
            line++;
        }
        finding->line = line;
        finding->column = (uint32_t)(finding->offset - start + 1);
    }
}

void
collector_end_part(struct collector *collector, struct slice text)
{
    for (size_t i = 0; i < SEVERITY_COUNT_; i++) {
        struct finding_array *array = &collector->arrays[i];
        size_t count = array->count - array->settled;
        if (count > 1)
            qsort(array->rows + array->settled, count, sizeof(*array->rows), compare_findings);
        settle_positions(array, text);
        array->settled = array->count;
    }
    collector->part = slice_of(NULL, 0);
}

/* ---- the list ------------------------------------------------------------------------------- */

static void
add_row(envres_list *list, const struct finding *finding)
{
    enum finding_severity severity = finding_rows[finding->code].severity;
    list_row(list);
    list_set_str(list, ENVRES_FINDING_SEVERITY, finding_severity_name(severity));
    list_set_str(list, ENVRES_FINDING_CODE, finding->name);
    if (finding->part.data)
        list_set_text(list, ENVRES_FINDING_PART, finding->part.data, finding->part.len);
    if (finding->line > 0) {
        list_set_int(list, ENVRES_FINDING_LINE, finding->line);
        list_set_int(list, ENVRES_FINDING_COLUMN, finding->column);
    }
    list_set_text(list, ENVRES_FINDING_MESSAGE, finding->message.data, finding->message.len);
    list_set_text(list, ENVRES_FINDING_FIX, finding->fix.data, finding->fix.len);
}

/* Those of no part, or those of parts. */
static size_t
add_rows(envres_list *list, const struct finding_array *array, bool of_parts, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < array->count && used < room; i++) {
        if ((array->rows[i].part.data != NULL) != of_parts)
            continue;
        add_row(list, &array->rows[i]);
        used++;
    }
    return used;
}

static void
add_last(struct collector *collector, envres_list *list, size_t left_out)
{
    struct buf words = { 0 };
    buf_init(&words, collector->mem, false);
    buf_add_format(&words, "%zu more findings are not listed", left_out);
    list_row(list);
    list_set_str(list, ENVRES_FINDING_SEVERITY,
                 finding_severity_name(finding_rows[FINDING_MORE].severity));
    list_set_str(list, ENVRES_FINDING_CODE, finding_rows[FINDING_MORE].name);
    if (words.failed)
        collector->failed = true;
    else
        list_set_text(list, ENVRES_FINDING_MESSAGE, words.data, words.len);
    list_set_str(list, ENVRES_FINDING_FIX, "mend those that are, and check again");
    buf_free(&words);
}

bool
collector_is_empty(const struct collector *collector)
{
    size_t seen = 0;
    for (size_t i = 0; i < SEVERITY_COUNT_; i++)
        seen += collector->arrays[i].seen;
    return seen == 0 && !collector->failed;
}

envres_status
collector_list(struct collector *collector, struct findings *out, envres_error *err)
{
    static const char *const columns[ENVRES_FINDING_COLUMNS] = { "severity", "code",   "part",
                                                                 "line",     "column", "message",
                                                                 "fix" };
    const struct finding_array *arrays = collector->arrays;
    struct findings made = { .errors = arrays[SEVERITY_ERROR].seen,
                             .warnings = arrays[SEVERITY_WARNING].seen };
    size_t seen = made.errors + made.warnings + arrays[SEVERITY_INFO].seen;
    size_t room = seen > LIMIT_FINDINGS ? LIMIT_FINDINGS - 1 : LIMIT_FINDINGS;
    size_t used = 0;
    envres_status st = collector->failed ? err_code(err, ENVRES_E_NOMEM)
                                         : list_new(collector->mem, columns, ENVRES_FINDING_COLUMNS,
                                                    &made.list, err);
    if (st < 0)
        return st;
    for (size_t i = 0; i < SEVERITY_COUNT_; i++) {
        used += add_rows(made.list, &arrays[i], false, room - used);
        used += add_rows(made.list, &arrays[i], true, room - used);
    }
    if (seen > LIMIT_FINDINGS)
        add_last(collector, made.list, seen - used);
    st = list_status(made.list, err);
    if (st == ENVRES_OK && collector->failed)
        st = err_code(err, ENVRES_E_NOMEM);
    if (st < 0)
        findings_free(&made);
    else
        *out = made;
    return st;
}

envres_status
findings_failed(const struct mem *mem, envres_status why, envres_list **out, envres_error *err)
{
    struct collector collector = { 0 };
    struct findings made = { 0 };
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = mem->reallocate,
                               .user = mem->user };
    envres_error *words = envres_error_new(&alloc);
    if (!words)
        return err_code(err, ENVRES_E_NOMEM);
    collector_init(&collector, mem);
    err_set(words, why, "no check was made: %s", envres_status_text(why));
    err_hint(words, "make one by itself; that tells more");
    collector_add(&collector, FINDING_NOT_CHECKED, FINDING_NOWHERE, words);
    envres_status st = collector_list(&collector, &made, err);
    if (st == ENVRES_OK)
        *out = made.list;
    collector_free(&collector);
    envres_error_free(words);
    return st;
}
