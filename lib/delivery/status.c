/* SPDX-License-Identifier: MIT */
/*
 * Everything about one app in one answer, from one read transaction: so its rows agree with each
 * other. Four kinds of rows in one table: the live release, the versions by environment, what
 * differs between the live version and the newest that is ready, and what checks find.
 *
 * A check that cannot be made, for want of a key or for damage, is no failure here: a row says so.
 */
#include "delivery/status.h"

#include <string.h>

#include <envres/list.h>

#include "base/list.h"
#include "delivery/finding.h"
#include "model/content.h"
#include "model/pin.h"
#include "model/release.h"

struct report {
    struct context *ctx;
    struct app app;
    struct environment *path;
    size_t path_count;
    struct version *versions; /* newest first */
    enum version_state *states;
    size_t version_count;
    struct release live; /* when app.live is not 0 */
    const struct version *live_version;
    envres_list *list;
    envres_error *why; /* what is no failure here leaves the caller's slot alone */
};

static void
report_free(struct report *report)
{
    mem_free(report->ctx->mem, report->path);
    mem_free(report->ctx->mem, report->versions);
    mem_free(report->ctx->mem, report->states);
    envres_list_free(report->list);
    envres_error_free(report->why);
}

static void
begin_row(struct report *report, const char *row, const char *environment, const char *version)
{
    list_row(report->list);
    list_set_str(report->list, ENVRES_STATUS_ROW, row);
    list_set_str(report->list, ENVRES_STATUS_ENVIRONMENT, environment);
    list_set_str(report->list, ENVRES_STATUS_VERSION, version);
}

/* ---- what there is -------------------------------------------------------------------------- */

static envres_status
read_versions(struct report *report, envres_error *err)
{
    struct context *ctx = report->ctx;
    struct version_frame frame = { 0 };
    envres_status st =
        version_all(ctx, &report->app, &report->versions, &report->version_count, err);
    if (st == ENVRES_OK)
        st = version_frame(ctx, &report->app, &frame, err);
    if (st < 0)
        return st;
    report->states = mem_alloc_array(ctx->mem, report->version_count + 1, sizeof(*report->states));
    if (!report->states)
        return err_code(err, ENVRES_E_NOMEM);
    for (size_t i = 0; i < report->version_count; i++)
        report->states[i] = version_state_in(&frame, &report->versions[i]);
    return ENVRES_OK;
}

static envres_status
read_live(struct report *report, envres_error *err)
{
    if (report->app.live == 0)
        return ENVRES_OK;
    envres_status st = release_get(report->ctx, &report->app, report->app.live, &report->live, err);
    for (size_t i = 0; st == ENVRES_OK && i < report->version_count; i++) {
        if (memcmp(report->versions[i].id, report->live.version, SEAL_ID) == 0)
            report->live_version = &report->versions[i];
    }
    if (st == ENVRES_OK && !report->live_version)
        st = err_set(err, ENVRES_E_CORRUPT, "the live version of '%s' is not there",
                     report->app.name);
    return st;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static envres_status
add_live(struct report *report, envres_error *err)
{
    const struct release *live = &report->live;
    struct environment environment = { 0 };
    if (!report->live_version)
        return ENVRES_OK;
    envres_status st = stage_find(report->ctx, live->environment, &environment, err);
    if (st < 0)
        return st;
    begin_row(report, "live", environment.key, report->live_version->name);
    list_set_str(report->list, ENVRES_STATUS_TAG, live->tag);
    list_set_int(report->list, ENVRES_STATUS_SEQUENCE, live->sequence);
    list_set_int(report->list, ENVRES_STATUS_TIME, live->time);
    return ENVRES_OK;
}

static bool
stands_in(const struct report *report, size_t index, const struct environment *environment)
{
    return report->states[index] != VERSION_DISCARDED &&
           memcmp(report->versions[index].stage, environment->id, SEAL_ID) == 0;
}

static envres_status
add_version(struct report *report, const struct environment *environment, size_t index,
            envres_error *err)
{
    const struct version *version = &report->versions[index];
    struct release newest = { 0 };
    bool found = false;
    envres_status st = ENVRES_OK;
    if (version->stored == STORED_RELEASED)
        st = release_made_live(report->ctx, &report->app, version, &found, &newest, err);
    if (st < 0)
        return st;
    begin_row(report, "version", environment->key, version->name);
    list_set_str(report->list, ENVRES_STATUS_STATE, version_state_name(report->states[index]));
    list_set_int(report->list, ENVRES_STATUS_TIME, version->changed_at);
    if (found) {
        list_set_str(report->list, ENVRES_STATUS_TAG, newest.tag);
        list_set_int(report->list, ENVRES_STATUS_SEQUENCE, newest.sequence);
    }
    return ENVRES_OK;
}

static envres_status
add_versions(struct report *report, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; i < report->path_count; i++) {
        for (size_t j = 0; st == ENVRES_OK && j < report->version_count; j++) {
            if (stands_in(report, j, &report->path[i]))
                st = add_version(report, &report->path[i], j, err);
        }
    }
    return st;
}

/* What a part of one version became in the other; NULL: nothing changed. Either may be NULL. */
static const char *
name_difference(const struct tree_entry *from, const struct tree_entry *to)
{
    if (!from || !to)
        return from ? "removed" : "added";
    if (memcmp(from->part, to->part, SEAL_DIGEST) != 0)
        return "changed";
    return from->is_public != to->is_public ? "flags" : NULL;
}

/* Two sorted lists, walked together. */
static void
add_tree_differences(struct report *report, const char *environment, const char *version,
                     const struct tree *from, const struct tree *to)
{
    size_t i = 0;
    size_t j = 0;
    while (i < from->count || j < to->count) {
        const struct tree_entry *a = i < from->count ? &from->entries[i] : NULL;
        const struct tree_entry *b = j < to->count ? &to->entries[j] : NULL;
        int order = !a ? 1 : !b ? -1 : slice_compare(a->path, b->path);
        const struct tree_entry *entry = order <= 0 ? a : b;
        const char *change = name_difference(order <= 0 ? a : NULL, order >= 0 ? b : NULL);
        i += order <= 0;
        j += order >= 0;
        if (!change || !entry)
            continue;
        begin_row(report, "difference", environment, version);
        list_set_str(report->list, ENVRES_STATUS_STATE, change);
        list_set_text(report->list, ENVRES_STATUS_PART, entry->path.data, entry->path.len);
    }
}

/* Queries that are used at another revision. */
static envres_status
add_query_differences(struct report *report, const char *environment, const char *version,
                      const struct tree_side *from, const struct tree_side *to, envres_error *err)
{
    struct pin_diff pins = { NULL, 0 };
    char path[LIMIT_NAME + 16] = "queries/";
    envres_status st = pin_diff_make(report->ctx, from, to, &pins, err);
    for (size_t i = 0; st == ENVRES_OK && i < pins.count; i++) {
        memcpy(path + 8, pins.rows[i].name, strlen(pins.rows[i].name) + 1);
        begin_row(report, "difference", environment, version);
        list_set_str(report->list, ENVRES_STATUS_STATE, pins.rows[i].change);
        list_set_str(report->list, ENVRES_STATUS_PART, path);
    }
    pin_diff_free(report->ctx->mem, &pins);
    return st;
}

static void
copy_text(envres_list *to, uint32_t to_column, const envres_list *from, size_t row, uint32_t column)
{
    size_t len = 0;
    const char *text = envres_list_text(from, row, column, &len);
    if (text)
        list_set_text(to, to_column, text, len);
}

static void
copy_finding(struct report *report, const envres_list *found, size_t row)
{
    envres_list *list = report->list;
    copy_text(list, ENVRES_STATUS_SEVERITY, found, row, ENVRES_FINDING_SEVERITY);
    copy_text(list, ENVRES_STATUS_CODE, found, row, ENVRES_FINDING_CODE);
    copy_text(list, ENVRES_STATUS_PART, found, row, ENVRES_FINDING_PART);
    copy_text(list, ENVRES_STATUS_MESSAGE, found, row, ENVRES_FINDING_MESSAGE);
    copy_text(list, ENVRES_STATUS_FIX, found, row, ENVRES_FINDING_FIX);
    if (envres_list_type(found, row, ENVRES_FINDING_LINE) == ENVRES_CELL_INTEGER) {
        list_set_int(list, ENVRES_STATUS_LINE,
                     envres_list_integer(found, row, ENVRES_FINDING_LINE));
        list_set_int(list, ENVRES_STATUS_COLUMN,
                     envres_list_integer(found, row, ENVRES_FINDING_COLUMN));
    }
}

static void
add_findings(struct report *report, const struct version *version, const struct environment *target,
             const envres_list *found)
{
    for (size_t i = 0; i < envres_list_count(found); i++) {
        begin_row(report, "finding", target->key, version->name);
        copy_finding(report, found, i);
    }
}

/* A row that says that nothing could be said. */
static envres_status
add_failure(struct report *report, const struct version *version, const struct environment *target,
            envres_status why, envres_error *err)
{
    envres_list *found = NULL;
    envres_status st = findings_failed(report->ctx->mem, why, &found, err);
    if (st == ENVRES_OK)
        add_findings(report, version, target, found);
    envres_list_free(found);
    return st;
}

static bool
is_no_failure(envres_status st)
{
    return st == ENVRES_E_DENIED || st == ENVRES_E_INTEGRITY;
}

/* Between what is live and the newest that is ready. */
static envres_status
add_differences(struct report *report, envres_error *err)
{
    const struct version *ready = NULL;
    struct tree from = { 0 };
    struct tree to = { 0 };
    for (size_t i = 0; !ready && i < report->version_count; i++)
        ready = report->states[i] == VERSION_READY ? &report->versions[i] : NULL;
    if (!ready || !report->live_version)
        return ENVRES_OK;
    const struct environment *last = &report->path[report->path_count - 1];
    envres_status st = content_load(report->ctx, report->live_version, &from, report->why);
    if (st == ENVRES_OK)
        st = content_load(report->ctx, ready, &to, report->why);
    const struct tree_side old_side = { report->live_version, &from };
    const struct tree_side new_side = { ready, &to };
    if (st == ENVRES_OK) {
        add_tree_differences(report, last->key, ready->name, &from, &to);
        st = add_query_differences(report, last->key, ready->name, &old_side, &new_side, err);
    } else if (is_no_failure(st))
        st = add_failure(report, ready, last, st, err);
    else
        err_copy(err, report->why);
    tree_free(&from);
    tree_free(&to);
    return st;
}

static envres_status
add_check(struct report *report, const struct version *version, const struct environment *target,
          envres_error *err)
{
    struct findings found = { 0 };
    envres_status st = check_run(report->ctx, &report->app, version, target, &found, report->why);
    if (is_no_failure(st))
        return add_failure(report, version, target, st, err);
    if (st < 0) {
        err_copy(err, report->why);
        return st;
    }
    add_findings(report, version, target, found.list);
    findings_free(&found);
    return ENVRES_OK;
}

/* What was taken back or superseded goes nowhere any more: the newest of the others. */
static envres_status
add_checks(struct report *report, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < report->path_count; i++) {
        const struct environment *next = &report->path[i + 1 < report->path_count ? i + 1 : i];
        const struct version *newest = NULL;
        for (size_t j = 0; !newest && j < report->version_count; j++) {
            if (stands_in(report, j, &report->path[i]) && report->states[j] != VERSION_RETIRED)
                newest = &report->versions[j];
        }
        if (newest)
            st = add_check(report, newest, next, err);
    }
    return st;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static envres_status
report_inside(struct report *report, struct slice name, envres_error *err)
{
    envres_status st = app_find(report->ctx, name, &report->app, err);
    if (st == ENVRES_OK)
        st = path_all(report->ctx, &report->path, &report->path_count, err);
    if (st == ENVRES_OK)
        st = read_versions(report, err);
    if (st == ENVRES_OK)
        st = read_live(report, err);
    if (st == ENVRES_OK)
        st = add_live(report, err);
    if (st == ENVRES_OK)
        st = add_versions(report, err);
    if (st == ENVRES_OK)
        st = add_differences(report, err);
    if (st == ENVRES_OK)
        st = add_checks(report, err);
    return st == ENVRES_OK ? list_status(report->list, err) : st;
}

envres_status
status_app(struct context *ctx, struct slice app, envres_list **out, envres_error *err)
{
    static const char *const columns[ENVRES_STATUS_COLUMNS] = {
        "row",      "environment", "version", "state",  "tag",     "sequence", "part",
        "severity", "code",        "line",    "column", "message", "fix",      "time"
    };
    struct report report = { .ctx = ctx };
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = ctx->mem->reallocate,
                               .user = ctx->mem->user };
    report.why = envres_error_new(&alloc);
    if (!report.why)
        return err_code(err, ENVRES_E_NOMEM);
    envres_status st = list_new(ctx->mem, columns, ENVRES_STATUS_COLUMNS, &report.list, err);
    if (st == ENVRES_OK)
        st = db_begin_read(ctx->db, err);
    if (st == ENVRES_OK)
        st = db_end(ctx->db, report_inside(&report, app, err), NULL, err);
    if (st == ENVRES_OK) {
        *out = report.list;
        report.list = NULL;
    }
    report_free(&report);
    return st;
}
