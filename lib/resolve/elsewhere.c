/* SPDX-License-Identifier: MIT */
/*
 * "It is set in: staging." A scope has no database to ask once it is open, so what it may have to
 * say of names it lacks is read with it. Environments mostly set the same names: those of the
 * workspace are walked beside the scope's own, both in order, and only for what is missing here the
 * other environments are looked at. A few names are looked up one by one, which costs as much as
 * there are environments; many by reading all that the others set, once. Either way no more than
 * the names of the workspace are read, or what its environments set.
 */
#include "resolve/elsewhere.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct absent {
    enum object_class object_class;
    struct slice name; /* in the scope's pool */
};

struct search {
    envres_scope *scope;
    uint32_t at;  /* items before this one are before the names that come */
    size_t known; /* names of the workspace */
    struct absent *absent;
    size_t count;
    size_t room;
    size_t other_room;
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
    search->known++;
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

/* `name` is in the scope's pool. */
static envres_status
take_other(void *user, enum object_class object_class, struct slice name,
           const uint8_t environment[SEAL_ID], envres_error *err)
{
    struct search *search = user;
    envres_scope *scope = search->scope;
    struct other_name *grown = mem_grow(&scope->mem, scope->others, &search->other_room,
                                        scope->other_count, sizeof(*grown));
    if (!grown)
        return err_code(err, ENVRES_E_NOMEM);
    scope->others = grown;
    struct other_name other = { .object_class = object_class, .name = name };
    for (uint32_t i = 0; i < scope->environment_count; i++) {
        if (memcmp(scope->environment_ids[i], environment, SEAL_ID) == 0)
            other.environment = i;
    }
    scope->others[scope->other_count++] = other;
    return ENVRES_OK;
}

static int
compare_absent(const void *a, const void *b)
{
    const struct absent *x = a;
    const struct absent *y = b;
    return compare_names(x->object_class, x->name, y->object_class, y->name);
}

/* Of all that other environments set, what is missing here. */
static envres_status
take_missing(void *user, enum object_class object_class, struct slice name,
             const uint8_t environment[SEAL_ID], envres_error *err)
{
    struct search *search = user;
    struct absent wanted = { .object_class = object_class, .name = name };
    const struct absent *found =
        bsearch(&wanted, search->absent, search->count, sizeof(wanted), compare_absent);
    return found ? take_other(search, object_class, found->name, environment, err) : ENVRES_OK;
}

envres_status
elsewhere_load(struct context *ctx, envres_scope *scope, envres_error *err)
{
    struct search search = { .scope = scope };
    const struct environment *environment = &scope->environment;
    envres_status st = config_each_name(ctx, take_name, &search, err);
    if (st < 0)
        goto out;
    bool few = search.count * scope->environment_count <= search.known;
    for (size_t i = 0; few && st == ENVRES_OK && i < search.count; i++)
        st = config_others_with(ctx, environment, search.absent[i].object_class,
                                search.absent[i].name, take_other, &search, err);
    if (!few)
        st = config_others(ctx, environment, take_missing, &search, err);
out:
    mem_free(&scope->mem, search.absent);
    return st;
}
