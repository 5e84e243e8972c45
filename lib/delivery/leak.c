/* SPDX-License-Identifier: MIT */
/*
 * Isolation leaks. Three things of other environments are looked for in literal text:
 *
 *   secrets          8 bytes or more, anywhere, always
 *   hosts            of resources; as a whole token, unless a resource of the target has the same
 *   plain strings    of variables, 6 bytes or more; as a whole token, unless the target has the
 * same
 *
 * A host that is one plain word ("postgres", the name of a container) is not told from prose, so it
 * counts as a plain string; one that means the machine itself ("localhost") belongs to nobody.
 * Values are kept in one secret buffer and in the matcher, both wiped; names in a pool. Each text
 * is searched for once, under the gravest of what it is.
 */
#include "delivery/leak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/match.h"
#include "base/text.h"
#include "resolve/render.h"

enum { SECRET_MIN = 8, VALUE_MIN = MATCH_MIN };

struct span {
    size_t start;
    size_t len;
};

/* Texts to look up; sorted when all are there. */
struct text_set {
    struct buf bytes; /* secret */
    struct span *spans;
    struct slice *sorted;
    size_t count;
    size_t room;
};

struct leak {
    enum finding_code code;
    bool whole;
    struct span span; /* in leaks->values */
    struct slice text;
    struct slice environment;
    struct slice name;
    struct slice field; /* of a resource; empty: a variable */
    uint32_t hits;      /* in the part at hand */
    size_t first;
};

struct leaks {
    const struct mem *mem;
    struct pool pool;
    struct text_set known; /* plain values of the target */
    struct text_set hosts; /* of its resources */
    struct buf values;     /* secret */
    struct leak *all;
    size_t count;
    size_t room;
    uint32_t *touched; /* those with hits */
    size_t touched_count;
    struct matcher *matcher;
    struct buf literal; /* the text at hand without its tags */
};

/* ---- sets ----------------------------------------------------------------------------------- */

static void
set_init(struct text_set *set, const struct mem *mem)
{
    memset(set, 0, sizeof(*set));
    buf_init(&set->bytes, mem, true);
}

static void
set_free(struct text_set *set)
{
    mem_free(set->bytes.mem, set->spans);
    mem_free(set->bytes.mem, set->sorted);
    buf_free(&set->bytes);
}

static void
set_add(struct text_set *set, struct slice text)
{
    struct span *grown =
        mem_grow(set->bytes.mem, set->spans, &set->room, set->count, sizeof(*grown));
    if (!grown) {
        set->bytes.failed = true;
        return;
    }
    set->spans = grown;
    set->spans[set->count++] = (struct span){ set->bytes.len, text.len };
    buf_add(&set->bytes, text.data, text.len);
}

static int
compare_slices(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

static envres_status
set_close(struct text_set *set, envres_error *err)
{
    envres_status st = buf_status(&set->bytes, err);
    if (st < 0)
        return st;
    set->sorted = mem_alloc_array(set->bytes.mem, set->count + 1, sizeof(*set->sorted));
    if (!set->sorted)
        return err_code(err, ENVRES_E_NOMEM);
    for (size_t i = 0; i < set->count; i++)
        set->sorted[i] = slice_of(set->bytes.data + set->spans[i].start, set->spans[i].len);
    if (set->count > 1)
        qsort(set->sorted, set->count, sizeof(*set->sorted), compare_slices);
    return ENVRES_OK;
}

static bool
set_has(const struct text_set *set, struct slice text)
{
    return set->count > 0 &&
           bsearch(&text, set->sorted, set->count, sizeof(*set->sorted), compare_slices) != NULL;
}

/* ---- hosts ---------------------------------------------------------------------------------- */

enum host_form { HOST_NONE, HOST_NAME, HOST_URL, HOST_LIST };

/* The field's name, or what stands behind its last `_`. */
static enum host_form
host_form(struct slice field)
{
    static const struct {
        const char *name;
        enum host_form form;
    } rows[] = {
        { "host", HOST_NAME },    { "url", HOST_URL },      { "uri", HOST_URL },
        { "endpoint", HOST_URL }, { "brokers", HOST_LIST },
    };
    size_t start = field.len;
    while (start > 0 && field.data[start - 1] != '_')
        start--;
    struct slice word = { field.data + start, field.len - start };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (slice_equal(word, slice_str(rows[i].name)))
            return rows[i].form;
    }
    return HOST_NONE;
}

static size_t
find_any(struct slice text, const char *stops)
{
    size_t at = 0;
    while (at < text.len && !memchr(stops, text.data[at], strlen(stops)))
        at++;
    return at;
}

static struct slice
skip(struct slice text, size_t count)
{
    return (struct slice){ text.data + count, text.len - count };
}

/* host, host:port, [address]:port, or an address with colons of its own. */
static void
take_host(struct slice text, host_fn each, void *user)
{
    if (text.len > 0 && text.data[0] == '[') {
        text = skip(text, 1);
        text.len = find_any(text, "]");
    } else {
        size_t colon = find_any(text, ":");
        if (colon < text.len && find_any(skip(text, colon + 1), ":") == text.len - colon - 1)
            text.len = colon;
    }
    if (text.len > 0)
        each(user, text);
}

/* scheme://user:password@host:port,host:port/path; the scheme may be missing. */
static void
take_url(struct slice text, host_fn each, void *user)
{
    for (size_t at = 0; at + 3 <= text.len; at++) {
        if (memcmp(text.data + at, "://", 3) == 0) {
            text = skip(text, at + 3);
            break;
        }
    }
    text.len = find_any(text, "/?#");
    for (size_t at = text.len; at > 0; at--) {
        if (text.data[at - 1] == '@') {
            text = skip(text, at);
            break;
        }
    }
    while (text.len > 0) {
        size_t end = find_any(text, ",");
        take_host(slice_of(text.data, end), each, user);
        text = skip(text, end < text.len ? end + 1 : end);
    }
}

/* A JSON array of addresses, which hold neither quotes nor commas. */
static void
take_list(struct slice text, host_fn each, void *user)
{
    while (text.len > 0) {
        size_t open = find_any(text, "\"");
        text = skip(text, open < text.len ? open + 1 : open);
        size_t close = find_any(text, "\"");
        if (close < text.len)
            take_url(slice_of(text.data, close), each, user);
        text = skip(text, close < text.len ? close + 1 : close);
    }
}

void
leaks_each_host(struct slice field, struct slice text, host_fn each, void *user)
{
    switch (host_form(field)) {
    case HOST_NAME:
        take_host(text, each, user);
        break;
    case HOST_URL:
        take_url(text, each, user);
        break;
    case HOST_LIST:
        take_list(text, each, user);
        break;
    case HOST_NONE:
        break;
    }
}

static bool
is_loopback(struct slice host)
{
    static const char *const names[] = { "localhost", "localhost.localdomain", "0.0.0.0",
                                         "0:0:0:0:0:0:0:1" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (slice_equal(host, slice_str(names[i])))
            return true;
    }
    return host.len >= 4 && memcmp(host.data, "127.", 4) == 0;
}

/* One plain word: letters only. */
static bool
is_word(struct slice host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '_')
            return false;
    }
    return true;
}

/* ---- what there is to look for -------------------------------------------------------------- */

/* The text of an item: plain, or opened into `secrets`. False: it does not open. */
static envres_status
item_text(const envres_scope *scope, const struct item *item, struct buf *secrets,
          struct slice *out, bool *opened, envres_error *why)
{
    *opened = false;
    if (item->state == ITEM_BROKEN)
        return ENVRES_OK;
    if (item->state == ITEM_PLAIN) {
        *opened = true;
        *out = item->text;
        return ENVRES_OK;
    }
    secrets->len = 0;
    envres_status st = item_open(scope, item, 0, secrets, why);
    if (st == ENVRES_E_NOMEM)
        return st;
    *opened = st == ENVRES_OK;
    *out = slice_of(secrets->data ? secrets->data : "", secrets->len);
    return ENVRES_OK;
}

static void
add_known_host(void *user, struct slice host)
{
    set_add(user, host);
}

/* Plain values of a scope, and the hosts in its fields from `first` to `end`. */
static envres_status
take_known(struct leaks *leaks, const envres_scope *scope, uint32_t first, uint32_t end,
           envres_error *err)
{
    struct buf secrets = { 0 };
    envres_status st = ENVRES_OK;
    buf_init(&secrets, leaks->mem, true);
    for (uint32_t i = first; st == ENVRES_OK && i < end; i++) {
        const struct item *item = &scope->items[i];
        struct slice text = { 0 };
        bool opened = false;
        if (item->state == ITEM_PLAIN)
            set_add(&leaks->known, item->text);
        if (host_form(item->setting.field) == HOST_NONE)
            continue;
        st = item_text(scope, item, &secrets, &text, &opened, NULL);
        if (opened)
            leaks_each_host(item->setting.field, text, add_known_host, &leaks->hosts);
    }
    buf_free(&secrets);
    return st < 0 ? err_code(err, st) : ENVRES_OK;
}

/* What the target has, and what its resources take from the environment they fall back to. */
static envres_status
take_target(struct leaks *leaks, const envres_scope *target, envres_error *err)
{
    set_add(&leaks->known, slice_str(target->environment.key));
    set_add(&leaks->known, slice_str(target->environment.label));
    envres_status st = take_known(leaks, target, 0, target->item_count, err);
    for (uint32_t i = 0; st == ENVRES_OK && i < target->handle_count; i++) {
        const envres_resource_handle *handle = &target->handles[i];
        if (handle->source != target)
            st = take_known(leaks, handle->source, handle->first, handle->first + handle->count,
                            err);
    }
    if (st == ENVRES_OK)
        st = set_close(&leaks->known, err);
    return st == ENVRES_OK ? set_close(&leaks->hosts, err) : st;
}

envres_status
leaks_new(const struct mem *mem, const envres_scope *target, struct leaks **out, envres_error *err)
{
    struct leaks *leaks = mem_alloc_zero(mem, sizeof(*leaks));
    if (!leaks)
        return err_code(err, ENVRES_E_NOMEM);
    leaks->mem = mem;
    pool_init(&leaks->pool, leaks->mem);
    set_init(&leaks->known, leaks->mem);
    set_init(&leaks->hosts, leaks->mem);
    buf_init(&leaks->values, leaks->mem, true);
    buf_init(&leaks->literal, leaks->mem, true);
    envres_status st = take_target(leaks, target, err);
    if (st < 0)
        leaks_free(leaks);
    else
        *out = leaks;
    return st;
}

void
leaks_free(struct leaks *leaks)
{
    if (!leaks)
        return;
    matcher_free(leaks->matcher);
    set_free(&leaks->known);
    set_free(&leaks->hosts);
    buf_free(&leaks->values);
    buf_free(&leaks->literal);
    mem_free(leaks->mem, leaks->touched);
    mem_free(leaks->mem, leaks->all);
    pool_free(&leaks->pool);
    mem_free(leaks->mem, leaks);
}

/* ---- taking in another environment ---------------------------------------------------------- */

/* Where a value comes from, while hosts are taken out of it. */
struct taking {
    struct leaks *leaks;
    const struct item *item;
    struct slice environment;
    struct slice name;
    struct slice field;
    bool secrets_only;
    bool failed;
};

static void
add_text(struct taking *taking, enum finding_code code, struct slice text)
{
    struct leaks *leaks = taking->leaks;
    struct leak leak = { .code = code,
                         .whole = code != FINDING_LEAK_SECRET && text.len <= LIMIT_LEAK,
                         .environment = taking->environment,
                         .name = taking->name,
                         .field = taking->field };
    if (text.len > LIMIT_LEAK)
        text.len = LIMIT_LEAK;
    leak.span = (struct span){ leaks->values.len, text.len };
    buf_add(&leaks->values, text.data, text.len);
    struct leak *grown =
        mem_grow(leaks->mem, leaks->all, &leaks->room, leaks->count, sizeof(*grown));
    if (!grown) {
        taking->failed = true;
        return;
    }
    leaks->all = grown;
    leaks->all[leaks->count++] = leak;
}

/* The text as it is, and as a string of JSON or JavaScript has it. */
static void
add_leak(struct taking *taking, enum finding_code code, struct slice text)
{
    struct buf escaped = { 0 };
    add_text(taking, code, text);
    if (json_plain(text.data, text.len) == text.len)
        return;
    buf_init(&escaped, taking->leaks->mem, true);
    json_write_escaped(&escaped, text.data, text.len);
    if (escaped.failed)
        taking->failed = true;
    else
        add_text(taking, code, slice_of(escaped.data, escaped.len));
    buf_free(&escaped);
}

static void
add_host(void *user, struct slice host)
{
    struct taking *taking = user;
    const struct leaks *leaks = taking->leaks;
    if (host.len < VALUE_MIN || is_loopback(host) || set_has(&leaks->hosts, host))
        return;
    if (!is_word(host))
        add_leak(taking, FINDING_LEAK_HOST, host);
    else if (!set_has(&leaks->known, host))
        add_leak(taking, FINDING_LEAK_VALUE, host);
}

static void
add_item(struct taking *taking, struct slice text)
{
    const struct item *item = taking->item;
    bool is_variable = item->setting.object_class == OBJECT_VARIABLE;
    if (item->secret && text.len >= SECRET_MIN)
        add_leak(taking, FINDING_LEAK_SECRET, text);
    if (taking->secrets_only)
        return;
    if (!item->secret && is_variable && item->type == ENVRES_TYPE_STRING && text.len >= VALUE_MIN &&
        !set_has(&taking->leaks->known, text))
        add_leak(taking, FINDING_LEAK_VALUE, text);
    if (!is_variable)
        leaks_each_host(item->setting.field, text, add_host, taking);
}

/* Names outlive the scope they come from. */
static bool
keep_names(struct taking *taking)
{
    struct pool *pool = &taking->leaks->pool;
    const struct setting *s = &taking->item->setting;
    if (!taking->name.data || !slice_equal(taking->name, s->name))
        taking->name = pool_copy(pool, s->name);
    taking->field = pool_copy(pool, s->field);
    return taking->name.data && taking->field.data;
}

static envres_status
take_scope(struct leaks *leaks, const envres_scope *other, bool secrets_only, bool *complete,
           envres_error *err)
{
    struct taking taking = { .leaks = leaks, .secrets_only = secrets_only };
    struct buf secrets = { 0 };
    envres_status st = ENVRES_OK;
    *complete = true;
    taking.environment = pool_copy(&leaks->pool, slice_str(other->environment.key));
    if (!taking.environment.data)
        return err_code(err, ENVRES_E_NOMEM);
    buf_init(&secrets, leaks->mem, true);
    for (uint32_t i = 0; st == ENVRES_OK && !taking.failed && i < other->item_count; i++) {
        struct slice text = { 0 };
        bool opened = false;
        taking.item = &other->items[i];
        if (secrets_only && !taking.item->secret)
            continue;
        st = item_text(other, taking.item, &secrets, &text, &opened, NULL);
        if (st < 0 || !opened) {
            *complete = *complete && !taking.item->secret;
            continue;
        }
        taking.failed = !keep_names(&taking);
        if (!taking.failed)
            add_item(&taking, text);
    }
    buf_free(&secrets);
    if (st < 0 || taking.failed)
        return err_code(err, ENVRES_E_NOMEM);
    return buf_status(&leaks->values, err);
}

envres_status
leaks_add(struct leaks *leaks, const envres_scope *other, bool *complete, envres_error *err)
{
    return take_scope(leaks, other, false, complete, err);
}

envres_status
leaks_add_own(struct leaks *leaks, const envres_scope *target, bool *complete, envres_error *err)
{
    return take_scope(leaks, target, true, complete, err);
}

void
leaks_not_searched(struct collector *collector, const char *environment, const char *what,
                   envres_error *why)
{
    err_set(why, ENVRES_E_CHECK, "what of %s stands here was not looked for: %s", environment,
            what);
    err_hint(why, "have it checked by someone who holds the key of %s", environment);
    collector_add(collector, FINDING_NOT_CHECKED, FINDING_NOWHERE, why);
}

/* What is at fault in another environment is left to its own check. */
envres_status
leaks_take(struct leaks *leaks, struct context *ctx, const struct scope_request *request,
           struct collector *collector, envres_error *why, envres_scope **scope, envres_error *err)
{
    envres_scope *other = NULL;
    bool complete = true;
    const char *what = NULL;
    char key[LIMIT_ENVIRONMENT_KEY + 1] = "";
    if (scope)
        *scope = NULL;
    snprintf(key, sizeof(key), "%.*s", (int)request->environment.len, request->environment.data);
    envres_status st = scope_load_inside(ctx, request, NULL, &other, why);
    if (st == ENVRES_E_DENIED)
        what = "there is no key for it";
    if (st == ENVRES_E_INTEGRITY || st == ENVRES_E_CORRUPT)
        what = "its settings are damaged";
    if (st < 0 && !what) {
        err_copy(err, why);
        return st;
    }
    st = other ? leaks_add(leaks, other, &complete, err) : ENVRES_OK;
    if (other && !other->head_ok)
        what = "some of its settings are missing or exchanged";
    else if (other && !complete)
        what = "some of its secrets do not open";
    if (st == ENVRES_OK && what)
        leaks_not_searched(collector, key, what, why);
    if (st == ENVRES_OK && scope)
        *scope = other;
    else
        envres_scope_unref(other);
    return st;
}

/* ---- searching ------------------------------------------------------------------------------ */

static int
compare_leaks(const void *a, const void *b)
{
    const struct leak *x = a;
    const struct leak *y = b;
    int order = slice_compare(x->text, y->text);
    if (order != 0)
        return order;
    if (x->code != y->code)
        return x->code < y->code ? -1 : 1;
    /* The same text of several environments: the one that was taken in first. */
    return x->span.start < y->span.start ? -1 : x->span.start > y->span.start;
}

/* All are there: of equal texts the gravest is kept, and the matcher gets its patterns. */
static envres_status
make_matcher(struct leaks *leaks, envres_error *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < leaks->count; i++) {
        struct leak *leak = &leaks->all[i];
        leak->text = slice_of(leaks->values.data + leak->span.start, leak->span.len);
    }
    if (leaks->count > 1)
        qsort(leaks->all, leaks->count, sizeof(*leaks->all), compare_leaks);
    for (size_t i = 0; i < leaks->count; i++) {
        if (kept == 0 || !slice_equal(leaks->all[i].text, leaks->all[kept - 1].text))
            leaks->all[kept++] = leaks->all[i];
    }
    leaks->count = kept;
    leaks->touched = mem_alloc_array(leaks->mem, kept + 1, sizeof(*leaks->touched));
    if (!leaks->touched)
        return err_code(err, ENVRES_E_NOMEM);
    envres_status st = matcher_new(leaks->mem, &leaks->matcher, err);
    for (size_t i = 0; st == ENVRES_OK && i < kept; i++)
        st = matcher_add(leaks->matcher, leaks->all[i].text, (uint32_t)i, leaks->all[i].whole, err);
    return st;
}

/* The text with everything that is no literal blotted out: no value holds a NUL. */
static envres_status
blot_tags(struct buf *literal, const envres_template *tmpl, envres_error *err)
{
    struct template_view view = { 0 };
    template_view(tmpl, &view);
    literal->len = 0;
    if (view.text_len == 0)
        return ENVRES_OK;
    buf_add(literal, view.text, view.text_len);
    envres_status st = buf_status(literal, err);
    size_t at = 0;
    for (uint32_t i = 0; st == ENVRES_OK && i < view.segment_count; i++) {
        memset(literal->data + at, 0, view.segments[i].offset - at);
        at = (size_t)view.segments[i].offset + view.segments[i].len;
    }
    return st;
}

static bool
note_hit(void *user, uint32_t number, size_t offset, size_t len)
{
    struct leaks *leaks = user;
    struct leak *leak = &leaks->all[number];
    (void)len;
    if (leak->hits++ == 0) {
        leak->first = offset;
        leaks->touched[leaks->touched_count++] = number;
    }
    return true;
}

static void
word_leak(const struct leak *leak, envres_error *why)
{
    const char *name = leak->name.data;
    const char *field = leak->field.data;
    char times[40] = "";
    char tag[2 * LIMIT_NAME + 40] = "";
    if (leak->hits > 1)
        snprintf(times, sizeof(times), ", %u times", leak->hits);
    if (leak->field.len > 0)
        snprintf(tag, sizeof(tag), "<< resources.%s.%s >>", name, field);
    else
        snprintf(tag, sizeof(tag), "<< environment.variables.%s >>", name);
    const char *what = leak->code == FINDING_LEAK_SECRET ? "a secret" : "a value";
    if (leak->code == FINDING_LEAK_HOST)
        err_set(why, ENVRES_E_CHECK, "the host of resource '%s' in %s stands here%s", name,
                leak->environment.data, times);
    else if (leak->field.len > 0)
        err_set(why, ENVRES_E_CHECK, "%s of %s stands here: resource '%s' field '%s'%s", what,
                leak->environment.data, name, field, times);
    else
        err_set(why, ENVRES_E_CHECK, "%s of %s stands here: variable '%s'%s", what,
                leak->environment.data, name, times);
    if (leak->code == FINDING_LEAK_SECRET)
        err_hint(why, "write %s, and give %s another secret: this one can be read here", tag,
                 leak->environment.data);
    else
        err_hint(why, "write %s", tag);
}

envres_status
leaks_search(struct leaks *leaks, const envres_template *tmpl, struct collector *collector,
             envres_error *why, envres_error *err)
{
    struct buf *literal = &leaks->literal;
    envres_status st = blot_tags(literal, tmpl, err);
    if (st == ENVRES_OK && literal->len > 0)
        st = leaks_search_text(leaks, slice_of(literal->data, literal->len), collector, why, err);
    return st;
}

envres_status
leaks_search_text(struct leaks *leaks, struct slice text, struct collector *collector,
                  envres_error *why, envres_error *err)
{
    envres_status st = leaks->matcher ? ENVRES_OK : make_matcher(leaks, err);
    if (st < 0 || leaks->count == 0)
        return st;
    st = matcher_run(leaks->matcher, text, note_hit, leaks, err);
    for (size_t i = 0; i < leaks->touched_count; i++) {
        struct leak *leak = &leaks->all[leaks->touched[i]];
        word_leak(leak, why);
        if (st == ENVRES_OK)
            collector_add(collector, leak->code, leak->first, why);
        leak->hits = 0;
    }
    leaks->touched_count = 0;
    return st;
}
