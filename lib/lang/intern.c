/* SPDX-License-Identifier: MIT */
/*
 * Interning. References are found in a table of hashes with open addressing, at most half full,
 * seeded so that a hostile text cannot make its names collide; what it leads to is compared as two
 * words, and by its text only when it is longer than these. The first of all three arrays, and the
 * table of the first references, lie in the parser: most templates have a handful.
 *
 * An expression without filters is found through its reference. One with filters is parsed into the
 * arrays first; when the same one is there already, the arrays are cut back again.
 */
#include "lang/intern.h"

static void
array_begin(struct intern_array *array, void *first, uint32_t item)
{
    array->data = first;
    array->count = 0;
    array->room = INTERN_FIRST;
    array->item = item;
    array->on_heap = false;
}

/* Addresses differ from run to run, so that a text cannot be made in advance whose names collide.
 * No cryptography: the worst that one gains who can see addresses is a slow parse. */
static uint64_t
make_seed(const void *one, const void *two)
{
    uint64_t seed = (uint64_t)(uintptr_t)one * UINT64_C(0x9E3779B97F4A7C15);
    seed = (seed ^ (uint64_t)(uintptr_t)two ^ seed >> 31) * UINT64_C(0xBF58476D1CE4E5B9);
    return seed ^ seed >> 29;
}

void
intern_begin(struct intern *intern, const struct mem *mem, const char *text)
{
    intern->mem = mem;
    intern->text = text;
    intern->seed = make_seed(intern, text);
    intern->salt = intern->seed * UINT64_C(0x5D8F3A69C4B7E213);
    array_begin(&intern->refs, intern->first_refs, sizeof(struct ref_draft));
    array_begin(&intern->exprs, intern->first_exprs, sizeof(struct template_expr));
    array_begin(&intern->calls, intern->first_calls, sizeof(struct filter_call));
    array_begin(&intern->args, intern->first_args, sizeof(struct filter_arg));
    buf_init(&intern->strings, mem, false);
    intern->ref_table = (struct intern_table){ intern->first_slots, TABLE_FIRST, 0, false };
    intern->expr_table = (struct intern_table){ NULL, 0, 0, false };
    memset(intern->first_slots, 0, sizeof(intern->first_slots));
}

static inline void
array_end(const struct mem *mem, struct intern_array *array)
{
    if (array->on_heap)
        mem_free(mem, array->data);
    array->on_heap = false;
}

static inline void
table_end(const struct mem *mem, struct intern_table *table)
{
    if (table->on_heap)
        mem_free(mem, table->slots);
}

void
intern_end(struct intern *intern)
{
    array_end(intern->mem, &intern->refs);
    array_end(intern->mem, &intern->exprs);
    array_end(intern->mem, &intern->calls);
    array_end(intern->mem, &intern->args);
    table_end(intern->mem, &intern->ref_table);
    table_end(intern->mem, &intern->expr_table);
    if (intern->strings.data)
        buf_free(&intern->strings);
}

RARE bool
intern_room(const struct mem *mem, struct intern_array *array, uint32_t wanted)
{
    void *data = NULL;
    size_t size = (size_t)wanted * array->item;
    if (array->on_heap) {
        data = mem_resize(mem, array->data, size);
    } else {
        data = mem_alloc(mem, size);
        if (data)
            memcpy(data, array->data, (size_t)array->count * array->item);
    }
    if (!data)
        return false;
    array->data = data;
    array->room = wanted;
    array->on_heap = true;
    return true;
}

static inline void *
array_add(const struct mem *mem, struct intern_array *array)
{
    if (array->count == array->room && !intern_room(mem, array, array->room * 4))
        return NULL;
    return (char *)array->data + (size_t)array->count++ * array->item;
}

/* ---- the table of hashes -----------------------------------------------------------------------
 */

static inline void
table_put(struct intern_table *table, uint32_t hash, uint32_t id)
{
    uint32_t at = hash & (table->size - 1);
    while (table->slots[at].id != 0)
        at = (at + 1) & (table->size - 1);
    table->slots[at] = (struct intern_slot){ hash, id + 1 };
    table->used++;
}

RARE static bool
table_grow(const struct mem *mem, struct intern_table *table)
{
    struct intern_table next = { NULL, table->size ? table->size * 4 : TABLE_FIRST, 0, true };
    next.slots = mem_alloc_zero(mem, (size_t)next.size * sizeof(struct intern_slot));
    if (!next.slots)
        return false;
    for (uint32_t i = 0; i < table->size; i++) {
        if (table->slots[i].id != 0)
            table_put(&next, table->slots[i].hash, table->slots[i].id - 1);
    }
    table_end(mem, table);
    *table = next;
    return true;
}

static inline bool
table_add(const struct mem *mem, struct intern_table *table, uint32_t hash, uint32_t id)
{
    if (table->used * 2 >= table->size && !table_grow(mem, table))
        return false;
    table_put(table, hash, id);
    return true;
}

/* ---- references --------------------------------------------------------------------------------
 */

static inline envres_status
add_ref(struct intern *intern, const struct intern_path *path, const char *text, bool is_copy,
        uint32_t *id, envres_error *err)
{
    size_t offset = 0;
    size_t len = key_path_len(path->key);
    is_copy = is_copy && len > 0;
    if (is_copy) {
        offset = intern->strings.len;
        buf_add(&intern->strings, text, len);
        if (intern->strings.failed)
            return buf_status(&intern->strings, err);
    } else if (len > 0) {
        offset = (size_t)(text - intern->text);
    }
    struct ref_draft *ref = array_add(intern->mem, &intern->refs);
    if (!ref)
        return err_code(err, ENVRES_E_NOMEM);
    *ref = (struct ref_draft){
        path->head, path->tail, path->key, (uint32_t)offset, { EXPR_NONE, EXPR_NONE, EXPR_NONE },
        is_copy
    };
    *id = intern->refs.count - 1;
    if (!table_add(intern->mem, &intern->ref_table, path->hash, *id))
        return err_code(err, ENVRES_E_NOMEM);
    return ENVRES_OK;
}

/* The expression of a reference without filters. */
static inline envres_status
add_bare(struct intern *intern, uint32_t ref, enum expr_place place, uint32_t *expr,
         envres_error *err)
{
    uint32_t *bare = &((struct ref_draft *)intern->refs.data)[ref].bare[place_kind(place)];
    if (*bare == EXPR_NONE) {
        struct template_expr *added = array_add(intern->mem, &intern->exprs);
        if (!added)
            return err_code(err, ENVRES_E_NOMEM);
        *added = (struct template_expr){ ref, intern->calls.count, 0, (uint8_t)place, false };
        *bare = intern->exprs.count - 1;
    }
    *expr = *bare;
    return ENVRES_OK;
}

envres_status
intern_variable(struct intern *intern, const struct scan_tag *tag, uint32_t hash,
                enum expr_place place, uint32_t *expr, envres_error *err)
{
    const char *name = intern->text + tag->name;
    struct intern_path path = { tag->head, tag->tail, intern_key(REF_VARIABLE, tag->name_len, 0),
                                hash };
    if (tag->name_len > SCAN_WORDS) {
        path.head = text_hash(intern->seed, name, tag->name_len);
        path.tail = 0;
    }
    uint32_t ref = intern_find(intern, &path, name);
    if (ref == UINT32_MAX) {
        envres_status st = add_ref(intern, &path, name, false, &ref, err);
        if (st < 0)
            return st;
    }
    return add_bare(intern, ref, place, expr, err);
}

static struct intern_path
make_path(const struct intern *intern, const char *text, uint32_t key)
{
    struct intern_path path = { 0, 0, key, 0 };
    size_t len = key_path_len(key);
    uint64_t words[2] = { 0, 0 };
    if (len > SCAN_WORDS)
        words[0] = text_hash(intern->seed, text, len);
    else if (len > 0)
        memcpy(words, text, len);
    path.head = words[0];
    path.tail = words[1];
    path.hash = hash_path(intern, path.head, path.tail, key);
    return path;
}

/* ---- expressions -------------------------------------------------------------------------------
 */

RARE static envres_status
add_calls(struct intern *intern, const struct tag *tag, envres_error *err)
{
    for (size_t i = 0; i < tag->filter_count; i++) {
        const struct tag_filter *filter = &tag->filters[i];
        struct filter_call *call = array_add(intern->mem, &intern->calls);
        if (!call)
            return err_code(err, ENVRES_E_NOMEM);
        *call = (struct filter_call){ filter->id, filter->arg_count, intern->args.count };
        for (size_t k = 0; k < filter->arg_count; k++) {
            struct filter_arg *arg = array_add(intern->mem, &intern->args);
            if (!arg)
                return err_code(err, ENVRES_E_NOMEM);
            arg->offset = (uint32_t)intern->strings.len;
            envres_status st =
                tag_literal(intern->mem, filter->args[k], &intern->strings, &arg->type, err);
            if (st < 0)
                return st;
            arg->len = (uint32_t)intern->strings.len - arg->offset;
        }
    }
    return ENVRES_OK;
}

static struct slice
arg_text(const struct intern *intern, const struct filter_arg *arg)
{
    return (struct slice){ arg->len ? intern->strings.data + arg->offset : "", arg->len };
}

static bool
same_call(const struct intern *intern, const struct filter_call *a, const struct filter_call *b)
{
    const struct filter_arg *args = intern->args.data;
    if (a->filter != b->filter || a->arg_count != b->arg_count)
        return false;
    for (size_t i = 0; i < a->arg_count; i++) {
        const struct filter_arg *x = &args[a->first_arg + i];
        const struct filter_arg *y = &args[b->first_arg + i];
        if (x->type != y->type || !slice_equal(arg_text(intern, x), arg_text(intern, y)))
            return false;
    }
    return true;
}

static bool
same_expr(const struct intern *intern, const struct template_expr *a, const struct template_expr *b)
{
    const struct filter_call *calls = intern->calls.data;
    if (a->ref != b->ref || a->place != b->place || a->filter_count != b->filter_count)
        return false;
    for (size_t i = 0; i < a->filter_count; i++) {
        if (!same_call(intern, &calls[a->first_filter + i], &calls[b->first_filter + i]))
            return false;
    }
    return true;
}

static uint32_t
hash_expr(const struct intern *intern, const struct template_expr *expr)
{
    const struct filter_call *calls = intern->calls.data;
    const struct filter_arg *args = intern->args.data;
    uint64_t hash = intern->seed + ((uint64_t)expr->ref << 8 | expr->place);
    for (size_t i = 0; i < expr->filter_count; i++) {
        const struct filter_call *call = &calls[expr->first_filter + i];
        char id = (char)call->filter;
        hash = text_hash(hash, &id, 1);
        for (size_t k = 0; k < call->arg_count; k++) {
            struct slice text = arg_text(intern, &args[call->first_arg + k]);
            hash = text_hash(hash, text.data, text.len);
        }
    }
    return (uint32_t)(hash ^ hash >> 32);
}

static bool
find_expr(const struct intern *intern, const struct template_expr *wanted, uint32_t hash,
          uint32_t *id)
{
    const struct intern_table *table = &intern->expr_table;
    const struct template_expr *exprs = intern->exprs.data;
    if (table->size == 0)
        return false;
    for (uint32_t at = hash & (table->size - 1); table->slots[at].id != 0;
         at = (at + 1) & (table->size - 1)) {
        uint32_t found = table->slots[at].id - 1;
        if (table->slots[at].hash == hash && same_expr(intern, &exprs[found], wanted)) {
            *id = found;
            return true;
        }
    }
    return false;
}

static __attribute__((noinline)) envres_status
intern_filtered(struct intern *intern, const struct tag *tag, uint32_t ref, enum expr_place place,
                uint32_t *id, envres_error *err)
{
    uint32_t args = intern->args.count;
    size_t strings = intern->strings.len;
    struct template_expr wanted = { ref, intern->calls.count, tag->filter_count, (uint8_t)place,
                                    tag->filters[0].id == FILTER_DEFAULT };
    envres_status st = add_calls(intern, tag, err);
    if (st < 0)
        return st;
    uint32_t hash = hash_expr(intern, &wanted);
    if (find_expr(intern, &wanted, hash, id)) {
        intern->calls.count = wanted.first_filter;
        intern->args.count = args;
        intern->strings.len = strings;
        return ENVRES_OK;
    }
    struct template_expr *expr = array_add(intern->mem, &intern->exprs);
    if (!expr)
        return err_code(err, ENVRES_E_NOMEM);
    *expr = wanted;
    *id = intern->exprs.count - 1;
    if (!table_add(intern->mem, &intern->expr_table, hash, *id))
        return err_code(err, ENVRES_E_NOMEM);
    return ENVRES_OK;
}

envres_status
intern_tag(struct intern *intern, const struct tag *tag, bool is_copy, enum expr_place place,
           uint32_t *expr, envres_error *err)
{
    uint32_t key = intern_key(tag->root, tag->name.len, tag->field.len);
    struct intern_path path = make_path(intern, tag->name.data, key);
    uint32_t ref = intern_find(intern, &path, tag->name.data);
    if (ref == UINT32_MAX) {
        envres_status st = add_ref(intern, &path, tag->name.data, is_copy, &ref, err);
        if (st < 0)
            return st;
    }
    if (tag->filter_count > 0)
        return intern_filtered(intern, tag, ref, place, expr, err);
    return add_bare(intern, ref, place, expr, err);
}
