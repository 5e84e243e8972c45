/* SPDX-License-Identifier: MIT */
/*
 * The check: every part of a version and every query it uses, held against the scope of the target
 * environment, text by text through one table of checks. Reads only: nothing is rendered, nothing
 * is kept. A query stands in findings as the part queries/NAME.
 *
 * A finding is an answer, not a failure: what fails the check itself is what makes its answer
 * untrustworthy (no key for the target, damaged rows or parts, no memory). What is at fault in
 * another environment takes only the search for leaks of that environment away, and a finding says
 * so. Which findings block is the table in finding.c.
 */
#include "delivery/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "delivery/clean.h"
#include "delivery/leak.h"
#include "delivery/scan.h"
#include "model/content.h"
#include "model/pin.h"
#include "resolve/render.h"
#include "resolve/served.h"

struct check {
    struct context *ctx;
    const struct app *app;
    const struct version *version;
    const struct environment *target;
    struct tree tree;
    envres_scope *scope; /* of the target */
    envres_scope *stage; /* where the version stands; NULL: not known, or it is the target */
    struct leaks *leaks;
    struct collector found;
    envres_error *why;    /* a slot to word findings in */
    struct buf data;      /* of the part at hand */
    uint32_t searches;    /* for similar names that are left, over all parts */
    size_t *handle_parts; /* of each handle of the scope, the last part that was told of it */
    bool secrets_closed;
    bool was_clean; /* the same texts were held against the same, and nothing was found */
};

/* The part at hand, and what has been made of it. */
struct part {
    const struct tree_entry *entry;
    size_t number; /* from 1 */
    char *data;    /* UTF-8; broken tags are blanked */
    size_t len;
    envres_template *tmpl;
    struct template_view view;
    uint32_t *first; /* of each reference, the offset of the first tag it stands in */
};

static envres_status
no_memory(envres_error *err)
{
    return err_code(err, ENVRES_E_NOMEM);
}

static envres_allocator
allocator_of(const struct mem *mem)
{
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = mem->reallocate,
                               .user = mem->user };
    return alloc;
}

/* ---- tags and JSON -------------------------------------------------------------------------- */

static envres_status
parse(struct check *check, struct part *part, uint32_t context)
{
    envres_allocator alloc = allocator_of(check->ctx->mem);
    envres_template_options options = { .size = sizeof(options),
                                        .flags = ENVRES_TEMPLATE_BORROW,
                                        .context = context,
                                        .allocator = &alloc };
    return envres_template_parse(part->data, part->len, &options, &part->tmpl, check->why);
}

/* Whether a failure in context json is the document's, not a tag's. */
static bool
is_no_json(struct check *check, const struct part *part, envres_status st)
{
    if (st == ENVRES_E_JSON)
        return true;
    return st == ENVRES_E_LIMIT && json_check(check->ctx->mem, part->data, part->len, NULL) < 0;
}

static void
add_no_json(struct check *check)
{
    size_t offset = envres_error_offset(check->why);
    err_prepend(check->why, "a .json part that is no JSON: ");
    if (!envres_error_hint(check->why)[0])
        err_hint(check->why, "correct it, or give the part another name");
    collector_add(&check->found, FINDING_JSON, offset, check->why);
}

/* Parses; each tag that is wrong is a finding, and is blanked so that those behind it are looked at
 * too. `part->tmpl` stays NULL where there are too many, and (context json) in what is no JSON. */
static envres_status
parse_all(struct check *check, struct part *part, uint32_t context, envres_error *err)
{
    for (int broken = 0;; broken++) {
        envres_status st = parse(check, part, context);
        if (st == ENVRES_OK)
            return st;
        if (st == ENVRES_E_NOMEM)
            return no_memory(err);
        if (context == ENVRES_CONTEXT_JSON && is_no_json(check, part, st)) {
            add_no_json(check);
            return ENVRES_OK;
        }
        if (broken == LIMIT_BROKEN_TAGS)
            break;
        size_t at = envres_error_offset(check->why);
        collector_add(&check->found, FINDING_STATUS, at, check->why);
        if (at >= part->len || part->len - at < 2)
            break;
        memset(part->data + at, ' ', 2);
    }
    err_set(check->why, ENVRES_E_CHECK, "this part has more than %d tags that are wrong",
            LIMIT_BROKEN_TAGS);
    err_hint(check->why, "correct those that are listed; the others were not looked at");
    collector_add(&check->found, FINDING_NOT_CHECKED, FINDING_NOWHERE, check->why);
    return ENVRES_OK;
}

/* Where each reference stands first. */
static envres_status
find_first_tags(struct check *check, struct part *part, envres_error *err)
{
    const struct template_view *view = &part->view;
    part->first =
        mem_alloc_array(check->ctx->mem, (size_t)view->ref_count + 1, sizeof(*part->first));
    if (!part->first)
        return no_memory(err);
    for (uint32_t i = view->segment_count; i > 0; i--) {
        const struct segment *segment = &view->segments[i - 1];
        if (segment->expr != EXPR_NONE)
            part->first[view->exprs[segment->expr].ref] = segment->tag;
    }
    return ENVRES_OK;
}

/* A document is parsed as one, strings decoded; what is none, and everything else, as text. */
static envres_status
check_tags(struct check *check, struct part *part, envres_error *err)
{
    size_t broken = check->found.arrays[SEVERITY_ERROR].seen;
    envres_status st = ENVRES_OK;
    if (part_is_json(part->entry->path))
        st = parse_all(check, part, ENVRES_CONTEXT_JSON, err);
    if (st == ENVRES_OK && !part->tmpl && broken == check->found.arrays[SEVERITY_ERROR].seen)
        st = parse_all(check, part, ENVRES_CONTEXT_TEXT, err);
    if (st < 0 || !part->tmpl)
        return st;
    template_view(part->tmpl, &part->view);
    return find_first_tags(check, part, err);
}

static envres_status
check_near_misses(struct check *check, struct part *part, envres_error *err)
{
    (void)err;
    find_near_misses(part->tmpl, slice_of(part->data, part->len), &check->found, check->why);
    return ENVRES_OK;
}

/* ---- references ----------------------------------------------------------------------------- */

struct probing {
    struct check *check;
    const struct part *part;
};

static const envres_resource_handle *
handle_of(const envres_scope *scope, const struct template_ref *ref)
{
    uint32_t index = ref->root == REF_RESOURCE ? scope_handle(scope, ref->name) : UINT32_MAX;
    return index == UINT32_MAX ? NULL : &scope->handles[index];
}

/* A name that nothing is like leaves the error without a hint; a finding says what to do. */
static const envres_error *
with_fix(struct check *check, const struct template_ref *ref, const envres_error *why)
{
    const char *target = check->scope->environment.key;
    bool no_resource = ref->root == REF_RESOURCE && !handle_of(check->scope, ref);
    if (envres_error_code(why) != ENVRES_E_NOT_FOUND || envres_error_hint(why)[0] != '\0')
        return why;
    err_copy(check->why, why);
    if (no_resource)
        err_hint(check->why, "define it, and give it settings in %s, or correct the name", target);
    else
        err_hint(check->why, "set it in %s, or correct the name", target);
    return check->why;
}

/* Secrets that the session may not open are no fault of the part. */
static envres_status
note_unresolved(void *user, uint32_t segment, const envres_error *why, envres_error *err)
{
    struct probing *probing = user;
    struct check *check = probing->check;
    const struct template_view *view = &probing->part->view;
    const struct segment *found = &view->segments[segment];
    (void)err;
    if (envres_error_code(why) == ENVRES_E_DENIED)
        check->secrets_closed = true;
    else
        collector_add(&check->found, FINDING_STATUS, found->tag,
                      with_fix(check, &view->refs[view->exprs[found->expr].ref], why));
    return ENVRES_OK;
}

static envres_status
check_references(struct check *check, struct part *part, envres_error *err)
{
    struct probing probing = { check, part };
    return template_probe(part->tmpl, check->scope, &check->searches, note_unresolved, &probing,
                          err);
}

/* What a reference leads to in a scope, or NULL. */
static const struct item *
item_of(const envres_scope *scope, const struct template_ref *ref)
{
    const envres_resource_handle *handle = handle_of(scope, ref);
    if (handle)
        return handle_item(handle, ref->field);
    uint32_t index = ref->root == REF_VARIABLE ? scope_variable(scope, ref->name) : UINT32_MAX;
    return index == UINT32_MAX ? NULL : &scope->items[index];
}

/* "variable 'PORT'", "resource 'crm' field 'port'". */
static void
name_reference(const struct template_ref *ref, char *out, size_t cap)
{
    if (ref->root == REF_RESOURCE)
        snprintf(out, cap, "resource '%.*s' field '%.*s'", (int)ref->name.len, ref->name.data,
                 (int)ref->field.len, ref->field.data);
    else
        snprintf(out, cap, "variable '%.*s'", (int)ref->name.len, ref->name.data);
}

enum { REFERENCE_TEXT = 2 * LIMIT_NAME + 32 };

/* What works where the version stands is of the same type in the target. */
static envres_status
check_types(struct check *check, struct part *part, envres_error *err)
{
    (void)err;
    for (uint32_t i = 0; check->stage && i < part->view.ref_count; i++) {
        const struct template_ref *ref = &part->view.refs[i];
        const struct item *here = item_of(check->stage, ref);
        const struct item *there = item_of(check->scope, ref);
        char name[REFERENCE_TEXT] = "";
        if (!here || !there || here->type == there->type)
            continue;
        name_reference(ref, name, sizeof(name));
        err_set(check->why, ENVRES_E_TYPE, "%s is a %s in %s and a %s in %s", name,
                envres_type_name(here->type), check->stage->environment.key,
                envres_type_name(there->type), check->scope->environment.key);
        err_hint(check->why, "give it the same type in both");
        collector_add(&check->found, FINDING_TYPE, part->first[i], check->why);
    }
    return ENVRES_OK;
}

static envres_status
check_public(struct check *check, struct part *part, envres_error *err)
{
    (void)err;
    for (uint32_t i = 0; part->entry->is_public && i < part->view.ref_count; i++) {
        const struct template_ref *ref = &part->view.refs[i];
        const struct item *item = item_of(check->scope, ref);
        char name[REFERENCE_TEXT] = "";
        if (!item || !item->secret)
            continue;
        name_reference(ref, name, sizeof(name));
        err_set(check->why, ENVRES_E_SECRET_SINK, "%s is a secret, and this part is public", name);
        err_hint(check->why, "use it in a part that stays on the server, or make this part one");
        collector_add(&check->found, FINDING_PUBLIC_SECRET, part->first[i], check->why);
    }
    return ENVRES_OK;
}

/* A field may resolve while its resource is not whole. What the field's own probe says is not said
 * twice. */
static void
check_handle(struct check *check, const struct part *part, uint32_t index,
             const envres_resource_handle *handle)
{
    const struct template_ref *ref = &part->view.refs[index];
    const struct item *item = handle_item(handle, ref->field);
    if (handle->failure && item && item->state != ITEM_BROKEN)
        collector_add(&check->found, FINDING_STATUS, part->first[index], handle->failure);
    if (handle->source == handle->scope || handle->failure)
        return;
    err_set(check->why, ENVRES_E_FALLBACK,
            "resource '%.*s' has no settings in %s: those of %s "
            "are used, as is declared",
            (int)ref->name.len, ref->name.data, check->scope->environment.key,
            handle->source->environment.key);
    err_hint(check->why, "give it settings of its own in %s", check->scope->environment.key);
    collector_add(&check->found, FINDING_FALLBACK, part->first[index], check->why);
}

/* Each resource once in a part: references are in the order in which they stand first. */
static envres_status
check_resources(struct check *check, struct part *part, envres_error *err)
{
    (void)err;
    for (uint32_t i = 0; i < part->view.ref_count; i++) {
        const envres_resource_handle *handle = handle_of(check->scope, &part->view.refs[i]);
        size_t *told = handle ? &check->handle_parts[handle - check->scope->handles] : NULL;
        if (!told || *told == part->number)
            continue;
        *told = part->number;
        check_handle(check, part, i, handle);
    }
    return ENVRES_OK;
}

static envres_status
check_leaks(struct check *check, struct part *part, envres_error *err)
{
    return leaks_search(check->leaks, part->tmpl, &check->found, check->why, err);
}

/* ---- all parts ------------------------------------------------------------------------------ */

/* What is done with each part that is text. The first makes `part->tmpl`; where it could not, the
 * others do not run. */
typedef envres_status (*part_check_fn)(struct check *check, struct part *part, envres_error *err);

static const part_check_fn part_checks[] = {
    check_tags,   check_near_misses, check_references, check_types,
    check_public, check_resources,   check_leaks,
};

static envres_status
check_text(struct check *check, struct part *part, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < sizeof(part_checks) / sizeof(part_checks[0]); i++) {
        if (i == 0 || part->tmpl)
            st = part_checks[i](check, part, err);
    }
    envres_template_unref(part->tmpl);
    mem_free(check->ctx->mem, part->first);
    return st;
}

static envres_status
check_part(struct check *check, size_t index, envres_error *err)
{
    struct part part = { .entry = &check->tree.entries[index], .number = index + 1 };
    struct buf *data = &check->data;
    data->len = 0;
    envres_status st = content_part(check->ctx, part.entry, data, err);
    if (st == ENVRES_OK)
        st = buf_status(data, err);
    if (st < 0)
        return st;
    if (check->was_clean)
        return ENVRES_OK;
    part.data = data->data;
    part.len = data->len;
    collector_begin_part(&check->found, part.entry->path);
    if (text_is_utf8(part.len ? part.data : "", part.len, NULL)) {
        st = check_text(check, &part, err);
    } else {
        err_set(check->why, ENVRES_E_UTF8, "not UTF-8 text: nothing in it was checked");
        collector_add(&check->found, FINDING_NOT_TEXT, FINDING_NOWHERE, check->why);
    }
    collector_end_part(&check->found, slice_of(part.data, part.len));
    return st;
}

/* ---- queries -------------------------------------------------------------------------------- */

struct named_pin {
    char name[LIMIT_NAME + 1];
    const struct tree_pin *pin;
};

static int
compare_named(const void *a, const void *b)
{
    return strcmp(((const struct named_pin *)a)->name, ((const struct named_pin *)b)->name);
}

/* A name goes into the text itself, which holds no secrets. */
static envres_status
check_names(struct check *check, struct part *part, envres_error *err)
{
    (void)err;
    for (uint32_t i = 0; i < part->view.expr_count; i++) {
        const struct template_expr *expr = &part->view.exprs[i];
        const struct template_ref *ref = &part->view.refs[expr->ref];
        const struct item *item = item_of(check->scope, ref);
        char name[REFERENCE_TEXT] = "";
        if (expr->place != PLACE_SQL_IDENT || !item || !item->secret)
            continue;
        name_reference(ref, name, sizeof(name));
        err_set(check->why, ENVRES_E_SECRET_SINK, "%s is a secret, and cannot be an identifier",
                name);
        err_hint(check->why, "bind it as a value, or take the name from something plain");
        collector_add(&check->found, FINDING_STATUS, part->first[expr->ref], check->why);
    }
    return ENVRES_OK;
}

static const part_check_fn query_checks[] = {
    check_near_misses, check_references, check_types, check_names, check_resources, check_leaks,
};

/* The resource that it is for, as a host asks the scope for it. */
static envres_status
check_query_resource(struct check *check, const struct query_row *row, envres_error *err)
{
    const char *name = row->resource.name;
    const char *target = check->scope->environment.key;
    envres_resource_handle *handle = NULL;
    if (row->resource.is_removed) {
        err_set(check->why, ENVRES_E_NOT_FOUND, "its resource '%s' was removed", name);
        err_hint(check->why, "put the query for another resource, or take it out of the version");
        collector_add(&check->found, FINDING_STATUS, FINDING_NOWHERE, check->why);
        return ENVRES_OK;
    }
    envres_status st = envres_scope_resource(check->scope, name, strlen(name), &handle, check->why);
    if (st == ENVRES_E_NOMEM)
        return no_memory(err);
    if (st < 0) {
        collector_add(&check->found, FINDING_STATUS, FINDING_NOWHERE, check->why);
        return ENVRES_OK;
    }
    if (handle->source != handle->scope) {
        err_set(check->why, ENVRES_E_FALLBACK,
                "its resource '%s' has no settings in %s: those of %s are used, as is declared",
                name, target, handle->source->environment.key);
        err_hint(check->why, "give it settings of its own in %s", target);
        collector_add(&check->found, FINDING_FALLBACK, FINDING_NOWHERE, check->why);
    }
    envres_resource_handle_free(handle);
    return ENVRES_OK;
}

/* One text of a query, as it was parsed. */
static envres_status
check_query_text(struct check *check, struct slice text, envres_template *tmpl, size_t number,
                 envres_error *err)
{
    const struct tree_entry none = { .is_public = false };
    struct part part = { .entry = &none, .number = number, .len = text.len, .tmpl = tmpl };
    check->data.len = 0;
    buf_add(&check->data, text.data, text.len);
    envres_status st = buf_status(&check->data, err);
    part.data = check->data.data;
    template_view(tmpl, &part.view);
    if (st == ENVRES_OK)
        st = find_first_tags(check, &part, err);
    for (size_t i = 0; st == ENVRES_OK && i < sizeof(query_checks) / sizeof(query_checks[0]); i++)
        st = query_checks[i](check, &part, err);
    mem_free(check->ctx->mem, part.first);
    return st;
}

/* "queries/NAME", and behind it what of the query; lives as long as the findings. */
static envres_status
name_query(struct check *check, const char *name, const char *what, struct slice param,
           struct slice *out, envres_error *err)
{
    char path[2 * LIMIT_NAME + 32] = "";
    int len = snprintf(path, sizeof(path), "queries/%s%s%.*s", name, what, (int)param.len,
                       param.data ? param.data : "");
    *out = pool_copy(&check->found.pool, slice_of(path, (size_t)len));
    return out->data ? ENVRES_OK : no_memory(err);
}

/* Where a parameter is not given, its preset stands in the text. */
static envres_status
check_presets(struct check *check, const struct query_row *row, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (uint32_t i = 0; st == ENVRES_OK && i < row->form.count; i++) {
        const struct query_param *param = &row->form.params[i];
        struct slice path = { 0 };
        if (!param->preset.data)
            continue;
        st = name_query(check, row->name, "/params/", param->name, &path, err);
        if (st < 0)
            break;
        collector_begin_part(&check->found, path);
        st = leaks_search_text(check->leaks, param->preset, &check->found, check->why, err);
        collector_end_part(&check->found, param->preset);
    }
    return st;
}

static envres_status
check_query_texts(struct check *check, const struct query_row *row, size_t number,
                  envres_error *err)
{
    static const char *const texts[ENVRES_QUERY_TEXTS] = {
        [ENVRES_QUERY_TEXT] = "",
        [ENVRES_QUERY_METHOD] = "/method",
        [ENVRES_QUERY_PATH] = "/path",
        [ENVRES_QUERY_HEADERS] = "/headers",
    };
    struct query_templates templates = { { NULL } };
    struct slice path = { 0 };
    envres_status st = query_compile(check->ctx->mem, &row->form, slice_str(row->resource.kind),
                                     &templates, check->why);
    if (st == ENVRES_E_NOMEM)
        return no_memory(err);
    if (st < 0) {
        /* It was parsed when it was put: the kind of the resource is another since. */
        err_prepend(check->why,
                    "it does not fit its resource, which is a %s now: ", row->resource.kind);
        collector_add(&check->found, FINDING_STATUS, FINDING_NOWHERE, check->why);
        return ENVRES_OK;
    }
    for (uint32_t i = 0; st == ENVRES_OK && i < ENVRES_QUERY_TEXTS; i++) {
        if (!templates.of[i])
            continue;
        st = name_query(check, row->name, texts[i], slice_str(""), &path, err);
        if (st < 0)
            break;
        collector_begin_part(&check->found, path);
        st = check_query_text(check, row->form.texts[i], templates.of[i], number, err);
        collector_end_part(&check->found, row->form.texts[i]);
    }
    query_templates_free(&templates);
    return st == ENVRES_OK ? check_presets(check, row, err) : st;
}

/* One that cannot be read as it was signed is a finding like any other. */
static envres_status
read_query(struct check *check, const struct tree_pin *pin, struct query_row *row, bool *good,
           envres_error *err)
{
    envres_status st = pin_read(check->ctx, check->version, pin, row, check->why);
    *good = st == ENVRES_OK;
    if (st == ENVRES_E_INTEGRITY || st == ENVRES_E_CORRUPT) {
        collector_add(&check->found, FINDING_STATUS, FINDING_NOWHERE, check->why);
        return ENVRES_OK;
    }
    if (st < 0)
        err_copy(err, check->why);
    return st;
}

/* `number`: of its texts, behind those of the parts. */
static envres_status
check_query(struct check *check, const struct named_pin *named, size_t number, envres_error *err)
{
    struct query_row row = { .revision = 0 };
    struct slice path = { 0 };
    bool good = false;
    envres_status st = name_query(check, named->name, "", slice_str(""), &path, err);
    if (st < 0)
        return st;
    collector_begin_part(&check->found, path);
    st = read_query(check, named->pin, &row, &good, err);
    if (st == ENVRES_OK && good)
        st = check_query_resource(check, &row, err);
    collector_end_part(&check->found, slice_of("", 0));
    if (st == ENVRES_OK && good && !row.resource.is_removed) {
        collector_begin_part(&check->found, path);
        st = check_query_texts(check, &row, number, err);
        collector_end_part(&check->found, slice_of("", 0));
    }
    query_row_free(check->ctx->mem, &row);
    return st;
}

/* By name, as findings are. */
static envres_status
check_queries(struct check *check, envres_error *err)
{
    size_t count = check->tree.pin_count;
    if (count == 0)
        return ENVRES_OK;
    struct named_pin *named = mem_alloc_zero(check->ctx->mem, count * sizeof(*named));
    envres_status st = named ? ENVRES_OK : no_memory(err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        bool found = false;
        bool is_removed = false;
        named[i].pin = &check->tree.pins[i];
        st = query_label(check->ctx, named[i].pin->query, &found, named[i].name, &is_removed, err);
        if (st == ENVRES_E_CORRUPT)
            st = ENVRES_OK;
        if (!found)
            memcpy(named[i].name, "?", 2);
    }
    if (st == ENVRES_OK)
        qsort(named, count, sizeof(*named), compare_named);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++)
        st = check_query(check, &named[i], check->tree.count + i + 1, err);
    mem_free(check->ctx->mem, named);
    return st;
}

/* ---- the environments ----------------------------------------------------------------------- */

/* Settings that are templates may take names of the app: they resolve as if it were released. */
static struct scope_request
request_for(const struct check *check, const struct environment *environment, uint32_t flags)
{
    return (struct scope_request){ .environment = slice_str(environment->key),
                                   .flags = flags,
                                   .app = slice_str(check->app->name),
                                   .version = slice_str(check->version->name),
                                   .tag = slice_str("0.0.0"),
                                   .is_check = true };
}

/* The scope in which the version stands is kept, to compare with. */
static envres_status
take_other(struct check *check, const struct environment *other, envres_error *err)
{
    struct scope_request request = request_for(check, other, ENVRES_SCOPE_DAMAGED);
    bool is_stage = memcmp(other->id, check->version->stage, SEAL_ID) == 0;
    return leaks_take(check->leaks, check->ctx, &request, &check->found, check->why,
                      is_stage ? &check->stage : NULL, err);
}

static envres_status
take_others(struct check *check, envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = environment_all(check->ctx, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        if (memcmp(all[i].id, check->target->id, SEAL_ID) != 0)
            st = take_other(check, &all[i], err);
    }
    mem_free(check->ctx->mem, all);
    return st;
}

static envres_status
take_target(struct check *check, envres_error *err)
{
    struct scope_request request = request_for(check, check->target, 0);
    envres_status st = scope_load_inside(check->ctx, &request, NULL, &check->scope, err);
    if (st < 0)
        return st;
    check->handle_parts = mem_alloc_zero(check->ctx->mem, ((size_t)check->scope->handle_count + 1) *
                                                              sizeof(*check->handle_parts));
    if (!check->handle_parts)
        return no_memory(err);
    return leaks_new(check->ctx->mem, check->scope, &check->leaks, err);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void
check_end(struct check *check)
{
    buf_free(&check->data);
    leaks_free(check->leaks);
    mem_free(check->ctx->mem, check->handle_parts);
    envres_scope_unref(check->stage);
    envres_scope_unref(check->scope);
    collector_free(&check->found);
    tree_free(&check->tree);
    envres_error_free(check->why);
}

static envres_status
check_parts(struct check *check, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < check->tree.count; i++)
        st = check_part(check, i, err);
    if (st == ENVRES_OK)
        st = check_queries(check, err);
    if (st == ENVRES_OK && check->secrets_closed) {
        err_set(check->why, ENVRES_E_DENIED, "secrets of %s were not opened: there is no key",
                check->target->key);
        err_hint(check->why, "whether they resolve, someone who holds it can check");
        collector_add(&check->found, FINDING_NOT_CHECKED, FINDING_NOWHERE, check->why);
    }
    return st;
}

/* Queries have rows of their own, which no digest here covers. */
static envres_status
check_unless_clean(struct check *check, envres_error *err)
{
    uint8_t digest[SEAL_DIGEST] = { 0 };
    bool may_be_clean = collector_is_empty(&check->found) && check->tree.pin_count == 0;
    envres_status st = ENVRES_OK;
    if (may_be_clean)
        st = clean_digest(check->ctx, check->app, check->version, check->scope, digest, err);
    if (st < 0)
        return st;
    check->was_clean = may_be_clean && seal_was_seen(&check->ctx->clean, digest);
    st = check_parts(check, err);
    if (st == ENVRES_OK && may_be_clean && !check->was_clean && collector_is_empty(&check->found))
        seal_note_seen(&check->ctx->clean, digest);
    return st;
}

envres_status
check_run(struct context *ctx, const struct app *app, const struct version *version,
          const struct environment *target, struct findings *out, envres_error *err)
{
    struct check check = {
        .ctx = ctx, .app = app, .version = version, .target = target, .searches = LIMIT_SEARCHES
    };
    envres_allocator alloc = allocator_of(ctx->mem);
    collector_init(&check.found, ctx->mem);
    buf_init(&check.data, ctx->mem, false);
    check.why = envres_error_new(&alloc);
    envres_status st = check.why ? ENVRES_OK : no_memory(err);
    if (st == ENVRES_OK)
        st = content_load(ctx, version, &check.tree, err);
    if (st == ENVRES_OK)
        st = take_target(&check, err);
    if (st == ENVRES_OK)
        st = take_others(&check, err);
    collector_end_part(&check.found, slice_of("", 0));
    if (st == ENVRES_OK)
        st = check_unless_clean(&check, err);
    if (st == ENVRES_OK)
        st = collector_list(&check.found, out, err);
    check_end(&check);
    return st;
}

envres_status
check_passed(const struct findings *findings, const struct version *version,
             const struct environment *target, envres_error *err)
{
    const envres_list *list = findings->list;
    size_t len = 0;
    if (findings->errors == 0)
        return ENVRES_OK;
    const char *part = envres_list_text(list, 0, ENVRES_FINDING_PART, &len);
    const char *message = envres_list_text(list, 0, ENVRES_FINDING_MESSAGE, NULL);
    const char *fix = envres_list_text(list, 0, ENVRES_FINDING_FIX, NULL);
    uint32_t line = (uint32_t)envres_list_integer(list, 0, ENVRES_FINDING_LINE);
    uint32_t column = (uint32_t)envres_list_integer(list, 0, ENVRES_FINDING_COLUMN);
    char where[32] = "";
    if (line > 0)
        snprintf(where, sizeof(where), ":%u:%u", line, column);
    err_set(err, ENVRES_E_CHECK, "'%s' cannot go to %s: %zu error%s, the first in %s%s: %s",
            version->name, target->key, findings->errors, findings->errors == 1 ? "" : "s",
            part ? part : "", where, message ? message : "");
    err_subject(err, part ? part : "", len);
    if (fix && fix[0])
        err_hint(err, "%s", fix);
    return ENVRES_E_CHECK;
}

/* The version that is named, or the one that stands in the environment. */
static envres_status
find_version(struct context *ctx, const envres_version_name *name,
             const struct environment *environment, struct app *app, struct version *out,
             envres_error *err)
{
    struct slice app_name = { 0 };
    struct slice version_name = { 0 };
    envres_status st = version_name_read(name, &app_name, &version_name, err);
    if (st == ENVRES_OK)
        st = app_find(ctx, app_name, app, err);
    if (st < 0)
        return st;
    return version_name.data ? version_find(ctx, app, version_name, out, err)
                             : version_pick(ctx, app, environment, out, err);
}

static envres_status
check_inside(struct context *ctx, const envres_version_name *name, struct slice environment,
             struct findings *out, envres_error *err)
{
    struct environment target = { 0 };
    struct version version = { 0 };
    struct app app = { 0 };
    envres_status st = environment_find(ctx, environment, &target, err);
    if (st == ENVRES_OK)
        st = find_version(ctx, name, &target, &app, &version, err);
    if (st == ENVRES_OK && version.stored == STORED_DISCARDED) {
        st = err_set(err, ENVRES_E_DISCARDED, "'%s' was discarded", version.name);
        err_subject(err, version.name, strlen(version.name));
    }
    return st == ENVRES_OK ? check_run(ctx, &app, &version, &target, out, err) : st;
}

envres_status
check_version(struct context *ctx, const envres_version_name *name, struct slice environment,
              envres_list **out, envres_error *err)
{
    struct findings found = { 0 };
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    st = db_end(ctx->db, check_inside(ctx, name, environment, &found, err), NULL, err);
    if (st < 0)
        findings_free(&found);
    else
        *out = found.list;
    return st;
}
