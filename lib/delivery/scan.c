/* SPDX-License-Identifier: MIT */
/*
 * Scans: any text held against the environments of a workspace. What is looked for is taken in when
 * the scan is opened, in one read transaction; a text is then searched without the store.
 *
 * The text is searched as a template, so that what stands inside a tag counts as no literal. A tag
 * that is wrong is a near miss here: whether it was ever meant for this library nobody knows. What
 * does not parse at all is searched as it is. Which findings there are is the table in finding.c.
 */
#include "delivery/scan.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "lang/near.h"
#include "resolve/render.h"

struct envres_scan {
    struct mem mem;
    uint32_t forks;
    envres_scope *scope; /* of the environment that texts are for */
    struct leaks *leaks;
    envres_error *why; /* a slot to word findings in */
    struct buf text;   /* the one at hand, wrong tags blanked; it may hold secrets */
};

/* ---- opening --------------------------------------------------------------------------------- */

void
envres_scan_close(envres_scan *scan)
{
    if (!scan)
        return;
    struct mem mem = scan->mem;
    leaks_free(scan->leaks);
    envres_scope_unref(scan->scope);
    envres_error_free(scan->why);
    buf_free(&scan->text);
    mem_free(&mem, scan);
}

static envres_status
scan_new(const struct mem *mem, envres_scan **out, envres_error *err)
{
    envres_scan *scan = mem_alloc_zero(mem, sizeof(*scan));
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = mem->reallocate,
                               .user = mem->user };
    if (!scan)
        return err_code(err, ENVRES_E_NOMEM);
    scan->mem = *mem;
    scan->forks = fork_count;
    buf_init(&scan->text, &scan->mem, true);
    scan->why = envres_error_new(&alloc);
    *out = scan;
    return scan->why ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
}

static envres_status
take_others(envres_scan *scan, struct context *ctx, const struct environment *target,
            struct collector *found, envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = environment_all(ctx, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        struct scope_request request = { .environment = slice_str(all[i].key),
                                         .flags = ENVRES_SCOPE_DAMAGED };
        if (memcmp(all[i].id, target->id, SEAL_ID) != 0)
            st = leaks_take(scan->leaks, ctx, &request, found, scan->why, NULL, err);
    }
    mem_free(ctx->mem, all);
    return st;
}

static envres_status
fill(envres_scan *scan, struct context *ctx, struct slice environment, struct collector *found,
     envres_error *err)
{
    struct environment target = { 0 };
    struct scope_request request = { .environment = environment };
    bool complete = true;
    envres_status st = environment_find(ctx, environment, &target, err);
    if (st == ENVRES_OK)
        st = scope_load_inside(ctx, &request, NULL, &scan->scope, err);
    if (st == ENVRES_OK)
        st = leaks_new(&scan->mem, scan->scope, &scan->leaks, err);
    if (st == ENVRES_OK)
        st = leaks_add_own(scan->leaks, scan->scope, &complete, err);
    if (st == ENVRES_OK && !complete)
        leaks_not_searched(found, target.key, "some of its secrets do not open", scan->why);
    return st == ENVRES_OK ? take_others(scan, ctx, &target, found, err) : st;
}

envres_status
scan_open(struct context *ctx, struct slice environment, envres_scan **out, envres_list **remarks,
          envres_error *err)
{
    struct collector found = { 0 };
    struct findings made = { 0 };
    envres_scan *scan = NULL;
    envres_status st = scan_new(ctx->mem, &scan, err);
    collector_init(&found, ctx->mem);
    if (st == ENVRES_OK)
        st = db_begin_read(ctx->db, err);
    if (st == ENVRES_OK)
        st = db_end(ctx->db, fill(scan, ctx, environment, &found, err), NULL, err);
    collector_end_part(&found, slice_of("", 0));
    if (st == ENVRES_OK && remarks)
        st = collector_list(&found, &made, err);
    collector_free(&found);
    if (st < 0) {
        envres_scan_close(scan);
        return st;
    }
    if (remarks)
        *remarks = made.list;
    *out = scan;
    return ENVRES_OK;
}

/* ---- one text -------------------------------------------------------------------------------- */

static void
find_near_others(struct slice text, struct collector *collector, envres_error *why)
{
    struct near_other near = { 0 };
    size_t at = 0;
    for (int count = 0; count < LIMIT_NEAR_MISSES && near_next(text, &at, &near); count++) {
        err_set(why, ENVRES_E_CHECK, "'%.*s' is nearly a tag, but stays as it is",
                (int)near.text.len, near.text.data);
        err_hint(why, "write << %s.%.*s >>", near.meant, (int)near.rest.len, near.rest.data);
        collector_add(collector, FINDING_NEAR_MISS, (size_t)(near.text.data - text.data), why);
    }
}

void
find_near_misses(const envres_template *tmpl, struct slice text, struct collector *collector,
                 envres_error *why)
{
    struct template_near near = { 0 };
    find_near_others(text, collector, why);
    for (uint32_t i = 0; tmpl && template_near(tmpl, i, &near); i++) {
        struct slice rest = { near.path.data + near.word_len, near.path.len - near.word_len };
        err_set(why, ENVRES_E_CHECK, "'%.*s' is nearly a tag, but stays as it is",
                (int)near.path.len, near.path.data);
        err_hint(why, "write << %s%.*s >>", near.meant, (int)rest.len, rest.data);
        collector_add(collector, FINDING_NEAR_MISS, near.tag, why);
    }
}

/* Each wrong tag is a finding and is blanked; NULL in *out where there are too many. */
static envres_status
parse(envres_scan *scan, struct collector *collector, envres_template **out, envres_error *err)
{
    struct buf *text = &scan->text;
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = scan->mem.reallocate,
                               .user = scan->mem.user };
    envres_template_options options = { .size = sizeof(options),
                                        .flags = ENVRES_TEMPLATE_BORROW,
                                        .allocator = &alloc };
    for (int broken = 0; broken < LIMIT_BROKEN_TAGS; broken++) {
        envres_status st = envres_template_parse(text->data, text->len, &options, out, scan->why);
        if (st == ENVRES_OK)
            return st;
        if (st == ENVRES_E_NOMEM)
            return err_code(err, st);
        size_t at = envres_error_offset(scan->why);
        if (st != ENVRES_E_SYNTAX || text->len - at < 2)
            break;
        collector_add(collector, FINDING_NEAR_MISS, at, scan->why);
        memset(text->data + at, ' ', 2);
    }
    return ENVRES_OK;
}

static envres_status
search(envres_scan *scan, struct slice text, struct collector *collector, envres_error *err)
{
    envres_template *tmpl = NULL;
    if (text.len == 0)
        return ENVRES_OK;
    if (!text_is_utf8(text.data, text.len, NULL)) {
        err_set(scan->why, ENVRES_E_UTF8, "not UTF-8 text: no tag in it was looked at");
        collector_add(collector, FINDING_NOT_TEXT, FINDING_NOWHERE, scan->why);
        return leaks_search_text(scan->leaks, text, collector, scan->why, err);
    }
    scan->text.len = 0;
    buf_add(&scan->text, text.data, text.len);
    envres_status st = buf_status(&scan->text, err);
    if (st == ENVRES_OK)
        st = parse(scan, collector, &tmpl, err);
    if (st < 0)
        return st;
    find_near_misses(tmpl, text, collector, scan->why);
    st = tmpl ? leaks_search(scan->leaks, tmpl, collector, scan->why, err)
              : leaks_search_text(scan->leaks, text, collector, scan->why, err);
    envres_template_unref(tmpl);
    return st;
}

static envres_status
scan_text(envres_scan *scan, struct slice name, struct slice text, envres_list **out,
          envres_error *err)
{
    struct collector collector = { 0 };
    struct findings made = { 0 };
    collector_init(&collector, &scan->mem);
    collector_begin_part(&collector, name);
    envres_status st = search(scan, text, &collector, err);
    collector_end_part(&collector, text);
    if (st == ENVRES_OK)
        st = collector_list(&collector, &made, err);
    if (st == ENVRES_OK)
        *out = made.list;
    collector_free(&collector);
    mem_wipe(scan->text.data, scan->text.len);
    scan->text.len = 0;
    scan->text.failed = false;
    return st;
}

envres_status
envres_scan_text(envres_scan *scan, const char *name, size_t name_len, const char *text, size_t len,
                 envres_list **out, envres_error *err)
{
    struct slice called = { 0 };
    if (!scan || !out || (!text && len > 0))
        return err_set(err, ENVRES_E_INVALID,
                       "there is no scan, no text, or no place for the list");
    *out = NULL;
    envres_status st = fork_check(scan->forks, err);
    if (st == ENVRES_OK)
        st = text_argument(name, name_len, LIMIT_PATH, "the text's name", &called, err);
    if (st < 0)
        return st;
    struct slice given = slice_of(text ? text : "", len);
    if (given.len > LIMIT_TEMPLATE)
        return err_set(err, ENVRES_E_LIMIT, "the text is longer than %d bytes",
                       (int)LIMIT_TEMPLATE);
    return scan_text(scan, called, given, out, err);
}
