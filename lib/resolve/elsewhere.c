/* SPDX-License-Identifier: MIT */
/*
 * "It is set in: staging." A scope has no database to ask once it is open, so what it may have to
 * say of names it lacks is read with it. What a single other environment sets is read as it is.
 * Several mostly set the same names: then those of the workspace are walked beside the scope's own,
 * both in order, and only for what is missing here the others are looked at: all that they set is
 * read, but no further than looking up each missing name in each environment would cost; that is
 * done then.
 */
#include "resolve/elsewhere.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct absent {
    enum object_class object_class;
    struct slice name; /* in the scope's pool */
};

struct place {
    uint8_t id[SEAL_ID];
    uint32_t index; /* into the scope's environments */
};

struct search {
    envres_scope *scope;
    uint32_t at; /* items before this one are before the names that come */
    struct absent *absent;
    size_t count;
    size_t room;
    size_t other_room;
    struct place *places; /* by id */
};

static int
compare_names(enum object_class a_class, struct slice a, enum object_class b_class, struct slice b)
{
    if (a_class != b_class)
        return a_class < b_class ? -1 : 1;
    return slice_compare(a, b);
}

/* A resource that only declares a fallback has no settings here. */
static bool
is_here(struct search *search, enum object_class object_class, struct slice name)
{
    const envres_scope *scope = search->scope;
    for (; search->at < scope->item_count; search->at++) {
        const struct setting *setting = &scope->items[search->at].setting;
        int order = compare_names(setting->object_class, setting->name, object_class, name);
        if (order > 0)
            return false;
        if (order == 0 && !slice_equal(setting->field, slice_str(FALLBACK_FIELD)))
            return true;
    }
    return false;
}

static envres_status
take_name(void *user, enum object_class object_class, struct slice name, envres_error *err)
{
    struct search *search = user;
    const struct mem *mem = &search->scope->mem;
    if (is_here(search, object_class, name))
        return ENVRES_OK;
    struct absent *grown =
        mem_grow(mem, search->absent, &search->room, search->count, sizeof(*grown));
    if (!grown)
        return err_code(err, ENVRES_E_NOMEM);
    search->absent = grown;
    struct absent *absent = &search->absent[search->count];
    absent->object_class = object_class;
    absent->name = pool_copy(&search->scope->pool, name);
    if (!absent->name.data)
        return err_code(err, ENVRES_E_NOMEM);
    search->count++;
    return ENVRES_OK;
}

static int
compare_places(const void *a, const void *b)
{
    return memcmp(((const struct place *)a)->id, ((const struct place *)b)->id, SEAL_ID);
}

static envres_status
sort_places(struct search *search, envres_error *err)
{
    const envres_scope *scope = search->scope;
    search->places =
        mem_alloc_array(&scope->mem, scope->environment_count, sizeof(*search->places));
    if (!search->places)
        return err_code(err, ENVRES_E_NOMEM);
    for (uint32_t i = 0; i < scope->environment_count; i++) {
        memcpy(search->places[i].id, scope->environment_ids[i], SEAL_ID);
        search->places[i].index = i;
    }
    qsort(search->places, scope->environment_count, sizeof(*search->places), compare_places);
    return ENVRES_OK;
}

static int
compare_absent(const void *a, const void *b)
{
    const struct absent *x = a;
    const struct absent *y = b;
    return compare_names(x->object_class, x->name, y->object_class, y->name);
}

/* `name` is in the scope's pool. */
static envres_status
add_other(struct search *search, enum object_class object_class, struct slice name,
          const uint8_t environment[SEAL_ID], envres_error *err)
{
    envres_scope *scope = search->scope;
    struct place where = { .index = 0 };
    memcpy(where.id, environment, SEAL_ID);
    const struct place *place =
        bsearch(&where, search->places, scope->environment_count, sizeof(where), compare_places);
    if (!place)
        return ENVRES_OK;
    struct other_name *grown = mem_grow(&scope->mem, scope->others, &search->other_room,
                                        scope->other_count, sizeof(*grown));
    if (!grown)
        return err_code(err, ENVRES_E_NOMEM);
    scope->others = grown;
    struct other_name other = { .object_class = object_class,
                                .name = name,
                                .environment = place->index };
    scope->others[scope->other_count++] = other;
    return ENVRES_OK;
}

/* What another environment sets, when it is among the missing names. */
static envres_status
take_missing(void *user, enum object_class object_class, struct slice name,
             const uint8_t environment[SEAL_ID], envres_error *err)
{
    struct search *search = user;
    struct absent wanted = { .object_class = object_class, .name = name };
    const struct absent *found =
        bsearch(&wanted, search->absent, search->count, sizeof(wanted), compare_absent);
    return found ? add_other(search, object_class, found->name, environment, err) : ENVRES_OK;
}

/* The same without knowing them: variables that items have are left out. */
static envres_status
take_other(void *user, enum object_class object_class, struct slice name,
           const uint8_t environment[SEAL_ID], envres_error *err)
{
    struct search *search = user;
    envres_scope *scope = search->scope;
    struct item wanted = { .setting = { .object_class = object_class, .name = name } };
    if (object_class == OBJECT_VARIABLE && scope->item_count > 0 &&
        bsearch(&wanted, scope->items, scope->item_count, sizeof(wanted), scope_compare_items))
        return ENVRES_OK;
    struct slice kept = pool_copy(&scope->pool, name);
    return kept.data ? add_other(search, object_class, kept, environment, err)
                     : err_code(err, ENVRES_E_NOMEM);
}

/* A look-up takes as long as reading two settings. */
static envres_status
find_missing(struct context *ctx, struct search *search, envres_error *err)
{
    envres_scope *scope = search->scope;
    const struct environment *environment = &scope->environment;
    bool all = false;
    size_t limit = search->count * scope->environment_count * 2 + 1;
    envres_status st = config_others(ctx, environment, limit, take_missing, search, &all, err);
    if (st < 0 || all)
        return st;
    scope->other_count = 0;
    for (size_t i = 0; st == ENVRES_OK && i < search->count; i++)
        st = config_others_with(ctx, environment, search->absent[i].object_class,
                                search->absent[i].name, take_missing, search, err);
    return st;
}

envres_status
elsewhere_load(struct context *ctx, envres_scope *scope, size_t others, envres_error *err)
{
    struct search search = { .scope = scope };
    bool all = false;
    envres_status st = sort_places(&search, err);
    if (st == ENVRES_OK && others == 1)
        st = config_others(ctx, &scope->environment, INT64_MAX, take_other, &search, &all, err);
    else if (st == ENVRES_OK)
        st = config_each_name(ctx, take_name, &search, err);
    if (st == ENVRES_OK && search.count > 0)
        st = find_missing(ctx, &search, err);
    mem_free(&scope->mem, search.places);
    mem_free(&scope->mem, search.absent);
    return st;
}
