/* SPDX-License-Identifier: MIT */
/*
 * A scope from the inside: an immutable array of items, a hash beside it, and what error messages
 * need. It is filled once (scope_load.c), then only read: no SQL, no locks, no system calls.
 *
 *   items     [ variables, by name ... | fields of crm ... | fields of mail ... ]
 *   handles   [ crm -> its items, or the items of the environment it falls back to ]
 *   others    names that other environments set: for "it is set in: staging"
 *
 * An item is settled when the scope is opened: plain text ready to copy; a sealed record; a
 * composition that takes secrets, expanded anew whenever it is used; or the error it gives.
 */
#ifndef ENVRES_RESOLVE_SCOPE_H
#define ENVRES_RESOLVE_SCOPE_H

#include <stdatomic.h>

#include <envres/resource.h>
#include <envres/scope.h>
#include <envres/template.h>

#include "base/clock.h"
#include "base/pool.h"
#include "base/status.h"
#include "lang/template.h"
#include "model/config.h"
#include "model/kind.h"

enum item_state {
    ITEM_PLAIN,    /* `text` is the value */
    ITEM_SEALED,   /* `setting.record` holds it */
    ITEM_COMPOSED, /* a template that takes a secret; `text` is its source */
    ITEM_BROKEN    /* `failure` says why */
};

enum item_layer { LAYER_VALUE, LAYER_TEMPLATE, LAYER_SETTING, LAYER_PRESET };

/* How far settling has come. */
enum item_visit { VISIT_NONE, VISIT_OPEN, VISIT_DONE };

/*
 * A trace is a digest of what something was made of, step by step in a fixed order: rows by their
 * place and revision, texts that stand in no row, and what was not there. Two of the same are of
 * the same values, whatever else was written meanwhile; what is secret is not needed for it.
 */
enum { TRACE = 16 };

struct item {
    struct slice text;
    envres_template *tmpl; /* of a plain template or composition: borrows `text` */
    envres_error *failure;
    int32_t type; /* of the value: STRING, NUMBER, BOOLEAN, JSON */
    uint8_t state;
    uint8_t layer;
    uint8_t visit;
    uint8_t depth; /* templates inside templates, this one counted */
    bool secret;
    bool is_template;
    uint8_t trace[TRACE];   /* of a template: all that it takes; else zeroes */
    struct setting setting; /* name, field, kind, revision ...; slices in the pool */
};

struct envres_resource_handle {
    envres_scope *scope;        /* the one the caller asked; kept alive by the handle */
    const envres_scope *source; /* whose items these are: the same, or the fallback's */
    const struct kind *kind;
    struct slice name;
    struct slice fallback; /* key of the environment it falls back to, or "" */
    uint32_t first;        /* into source->items */
    uint32_t count;
    bool is_set;           /* has settings of its own in source */
    envres_error *failure; /* why it does not resolve, or NULL */
    char cache_key[2 * 2 * SEAL_ID + 1 + 2 * TRACE + 1];
};

struct other_name {
    enum object_class object_class;
    struct slice name;
    uint32_t environment; /* into environment_keys */
};

struct name_table {
    uint32_t *slots; /* index + 1; 0: empty */
    uint32_t mask;
};

/* What a scope is asked for; kept in it, so that a fresh one can be opened in its place. */
struct scope_request {
    struct slice environment;
    int64_t revision; /* 0: the newest, or what the release pins */
    uint32_t flags;   /* ENVRES_SCOPE_* */
    struct slice app; /* .data NULL: none; likewise tag and version: the live release */
    struct slice tag;
    struct slice version;
    /* For a check: app, version and tag, all given, are what app.* gives; none of them is looked
     * up, and no part is read. */
    bool is_check;
};

struct served;

struct envres_scope {
    struct mem mem;
    atomic_uint references;
    uint32_t forks;
    uint64_t seed;
    struct change_counter *changes;
    uint64_t seen;
    struct env_keys *keys;
    struct pool pool;
    struct environment environment;
    int64_t revision;
    bool is_pinned; /* an older revision was asked for: nothing makes it stale */
    bool pins;      /* plain settings are those of the release's revision */
    bool head_ok;   /* false: what is absent may have been removed from the file */
    struct item *items;
    uint32_t item_count;
    uint32_t variable_count; /* the first of them, by name */
    struct name_table variables;
    envres_resource_handle *handles;
    uint32_t handle_count;
    struct name_table resources;
    struct other_name *others;
    size_t other_count;
    char (*environment_keys)[LIMIT_ENVIRONMENT_KEY + 1];
    uint8_t (*environment_ids)[SEAL_ID];
    size_t environment_count;
    envres_scope **fallbacks; /* scopes of environments that handles fall back to */
    size_t fallback_count;
    struct author_name *authors;
    size_t author_count;
    struct served *served;        /* NULL: no app */
    struct scope_request request; /* slices in the pool */
};

struct author_name {
    uint8_t id[SEAL_ID];
    struct slice name;
};

/* Fills a scope in a read transaction of its own; under the store's lock. `before`, which may be
 * NULL, is a scope whose parts are shared when they are the same. INTEGRITY when the rows are not
 * those of the head and ENVRES_SCOPE_DAMAGED is not set. */
envres_status scope_load(struct context *ctx, const struct scope_request *request,
                         const envres_scope *before, envres_scope **out, envres_error *err);

/* The same in a write transaction that also writes an entry of the audit: no entry, no scope. */
envres_status scope_load_audited(struct context *ctx, const struct scope_request *request,
                                 const envres_scope *before, envres_scope **out, envres_error *err);

/* The same inside a transaction that is open, read or write. */
envres_status scope_load_inside(struct context *ctx, const struct scope_request *request,
                                const envres_scope *before, envres_scope **out, envres_error *err);

/* The order of items: class, name, field. */
int scope_compare_items(const void *a, const void *b);

/* UINT32_MAX when there is none. */
uint32_t scope_variable(const envres_scope *scope, struct slice name);
uint32_t scope_handle(const envres_scope *scope, struct slice name);
/* An item of a handle by field, or NULL. */
const struct item *handle_item(const envres_resource_handle *handle, struct slice field);

/* One step of a trace: an item of a scope, a text that is none, or nothing. */
void trace_item(uint8_t trace[TRACE], const envres_scope *source, const struct item *item);
void trace_text(uint8_t trace[TRACE], struct slice text);
void trace_missing(uint8_t trace[TRACE]);

/* Writes the cache key: the trace of a handle's items, which are settled. */
void handle_write_key(envres_resource_handle *handle);

/* NOT_SET or NOT_FOUND (variables), NOT_CONFIGURED or NOT_FOUND (resources), with hints; INTEGRITY
 * when absence cannot be trusted. */
envres_status scope_absent(const envres_scope *scope, enum object_class object_class,
                           struct slice name, envres_error *err);

/* A copy of an error that lives as long as the scope; NULL when there is no memory. Only while the
 * scope is being filled. */
envres_error *scope_keep_error(envres_scope *scope, const envres_error *why);

/* The name of who wrote a setting; .data NULL when it was not taken in. */
struct slice scope_author(const envres_scope *scope, const uint8_t id[SEAL_ID]);

/* FORKED, or INVALID for NULL. */
static inline envres_status
scope_enter(const envres_scope *scope, envres_error *err)
{
    if (!scope)
        return err_set(err, ENVRES_E_INVALID, "the scope is NULL");
    return fork_check(scope->forks, err);
}

#endif
