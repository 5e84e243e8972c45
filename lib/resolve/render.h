/* SPDX-License-Identifier: MIT */
/* From references to values: looking up, opening secrets, expanding compositions. */
#ifndef ENVRES_RESOLVE_RENDER_H
#define ENVRES_RESOLVE_RENDER_H

#include "resolve/scope.h"

/* What a reference leads to. */
struct target {
    const envres_scope *source; /* scope of `item` */
    const struct item *item;    /* NULL: `operand` is all there is */
    struct operand operand;     /* of an item that is not plain only the type holds */
    bool secret;                /* `operand.text` must be opened (item), or is secret (param) */
    bool missing;               /* nothing there: the default filter gives the value */
};

/*
 * Follows one reference. With `has_default`, a name that is not there makes `missing`; otherwise it
 * is NOT_SET, NOT_FOUND or NOT_CONFIGURED. The errors of the item itself are given in either case.
 */
envres_status target_find(const envres_scope *scope, const struct template_ref *ref,
                          bool has_default, const envres_params *params, struct target *out,
                          envres_error *err);

/* The item of a plain variable, which nearly every reference leads to, or NULL: then target_find()
 * tells. It would give the same item, neither secret nor missing. */
static inline const struct item *
target_plain(const envres_scope *scope, const struct template_ref *ref)
{
    if (ref->root != REF_VARIABLE)
        return NULL;
    uint32_t index = scope_variable(scope, ref->name);
    if (index == UINT32_MAX)
        return NULL;
    const struct item *item = &scope->items[index];
    return item->state == ITEM_PLAIN && !item->secret && item->layer != LAYER_PRESET ? item : NULL;
}

/* SECRET_SINK, naming a reference that is secret where the render forbids that. */
envres_status ref_forbid_secret(const struct template_ref *ref, envres_error *err);

/* Reads the options of a render; NULL: the defaults. ABI, INVALID. */
envres_status render_options_read(const envres_render_options *given, envres_render_options *out,
                                  envres_error *err);

/* app.name, app.version, app.release. */
static inline bool
ref_is_of_app(const struct template_ref *ref)
{
    return ref->root == REF_APP_NAME || ref->root == REF_APP_VERSION ||
           ref->root == REF_APP_RELEASE;
}

/* Appends an item's value to a secret buffer; opens what is sealed, expands what is composed. */
envres_status item_open(const envres_scope *scope, const struct item *item, uint32_t depth,
                        struct buf *out, envres_error *err);

/* One expression of a template that does not resolve in a scope: the first segment it stands in,
 * and why (borrowed; without a position). */
typedef envres_status (*probe_fn)(void *user, uint32_t segment, const envres_error *why,
                                  envres_error *err);

/*
 * Tries every expression of a template against a scope, secrets opened and filters applied, and
 * writes nothing anywhere: what is opened is wiped. References to parameters and to the app are
 * taken as given. *searches: how many of them may still be searched a similar name for; each takes
 * as long as there are names. ENVRES_OK, or what `each` answered, or NOMEM.
 */
envres_status template_probe(const envres_template *tmpl, const envres_scope *scope,
                             uint32_t *searches, probe_fn each, void *user, envres_error *err);

/* Settles every item of a scope that is being filled: expands templates, finds circles. */
envres_status scope_settle(envres_scope *scope, envres_error *err);

#endif
