/* SPDX-License-Identifier: MIT */
/*
 * Parameters of a render: a table from names to typed values in canonical form, in the order in
 * which they were set, and beside it the identifiers that are allowed. Entries are found through a
 * seeded hash with open addressing, at most half full. Values are wiped when they are replaced or
 * freed, declared secret or not: what a host passes in is often a request's.
 */
#include "lang/params.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"

struct param {
    char *name;
    char *value;
    uint32_t name_len;
    uint32_t value_len;
    uint32_t hash;
    int32_t type;
    bool is_secret;
};

struct table {
    struct param *entries;
    uint32_t count;
    uint32_t room;
    uint32_t *slots; /* index + 1; 0: free */
    uint32_t slot_count;
};

struct envres_params {
    struct mem mem;
    uint64_t seed;
    struct table values;
    struct table idents; /* names alone */
};

enum { ROOM_FIRST = 16 };

envres_params *
envres_params_new(const envres_allocator *alloc)
{
    struct mem mem;
    if (mem_from(alloc, &mem, NULL) < 0)
        return NULL;
    envres_params *params = mem_alloc_zero(&mem, sizeof(*params));
    if (!params)
        return NULL;
    params->mem = mem;
    uint64_t seed = (uint64_t)(uintptr_t)params * UINT64_C(0x9E3779B97F4A7C15);
    params->seed = seed ^ seed >> 31 ^ (uint64_t)(uintptr_t)&mem;
    return params;
}

static void
free_value(const struct mem *mem, char *value, size_t len)
{
    mem_wipe_free(mem, value, value ? len + 1 : 0);
}

static void
free_table(const struct mem *mem, struct table *table)
{
    for (uint32_t i = 0; i < table->count; i++) {
        mem_free(mem, table->entries[i].name);
        free_value(mem, table->entries[i].value, table->entries[i].value_len);
    }
    mem_free(mem, table->entries);
    mem_free(mem, table->slots);
}

void
envres_params_free(envres_params *params)
{
    if (!params)
        return;
    struct mem mem = params->mem;
    free_table(&mem, &params->values);
    free_table(&mem, &params->idents);
    mem_free(&mem, params);
}

static uint32_t
hash_name(const envres_params *params, struct slice name)
{
    uint64_t hash = text_hash(params->seed, name.data, name.len);
    return (uint32_t)(hash ^ hash >> 32);
}

static struct param *
find(const struct table *table, struct slice name, uint32_t hash)
{
    if (table->slot_count == 0)
        return NULL;
    uint32_t mask = table->slot_count - 1;
    for (uint32_t at = hash & mask; table->slots[at] != 0; at = (at + 1) & mask) {
        struct param *entry = &table->entries[table->slots[at] - 1];
        if (entry->hash == hash && entry->name_len == name.len &&
            memcmp(entry->name, name.data, name.len) == 0)
            return entry;
    }
    return NULL;
}

static void
put_slot(uint32_t *slots, uint32_t mask, uint32_t hash, uint32_t index)
{
    uint32_t at = hash & mask;
    while (slots[at] != 0)
        at = (at + 1) & mask;
    slots[at] = index + 1;
}

/* Room for one more: the table has twice as many slots as there is room for entries. Entries hold
 * pointers only, so that moving them leaves no copy of a value behind. */
static bool
grow(const struct mem *mem, struct table *table)
{
    if (table->count < table->room)
        return true;
    uint32_t room = table->room ? table->room * 2 : ROOM_FIRST;
    uint32_t *slots = mem_alloc_zero(mem, (size_t)room * 2 * sizeof(*slots));
    if (!slots)
        return false;
    struct param *entries = mem_resize(mem, table->entries, (size_t)room * sizeof(*entries));
    if (!entries) {
        mem_free(mem, slots);
        return false;
    }
    for (uint32_t i = 0; i < table->count; i++)
        put_slot(slots, room * 2 - 1, entries[i].hash, i);
    mem_free(mem, table->slots);
    table->entries = entries;
    table->slots = slots;
    table->room = room;
    table->slot_count = room * 2;
    return true;
}

/* ---- values in canonical form ------------------------------------------------------------------
 */

static envres_status
fail_value(envres_status st, int32_t type, envres_error *err)
{
    if (st == ENVRES_E_NOMEM)
        return st;
    return err_set(err, st, "the parameter's value is not %s%s",
                   type == ENVRES_TYPE_NUMBER    ? "a number"
                   : type == ENVRES_TYPE_BOOLEAN ? "true or false"
                   : type == ENVRES_TYPE_NULL    ? "null"
                                                 : "JSON",
                   st == ENVRES_E_LIMIT ? " within the limits" : "");
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number has neither white space nor anything else around it. */
static envres_status
write_number(struct slice value, const struct mem *mem, struct buf *out, envres_error *err)
{
    struct json_number number = { 0 };
    bool looks_right = value.len > 0 && (value.data[0] == '-' || is_digit(value.data[0])) &&
                       is_digit(value.data[value.len - 1]);
    if (!looks_right || json_check(mem, value.data, value.len, err) < 0)
        return fail_value(ENVRES_E_TYPE, ENVRES_TYPE_NUMBER, err);
    envres_status st = json_number(value.data, value.len, &number, err);
    if (st < 0)
        return fail_value(st, ENVRES_TYPE_NUMBER, err);
    json_write_number(out, &number);
    return ENVRES_OK;
}

static envres_status
write_json(struct slice value, const struct mem *mem, struct buf *out, envres_error *err)
{
    envres_status st = json_check(mem, value.data, value.len, err);
    if (st < 0)
        return fail_value(st, ENVRES_TYPE_JSON, err);
    json_compact(out, value.data, value.len);
    return ENVRES_OK;
}

static envres_status
write_value(int32_t type, struct slice value, const struct mem *mem, struct buf *out,
            envres_error *err)
{
    switch (type) {
    case ENVRES_TYPE_DEFAULT:
    case ENVRES_TYPE_STRING:
        buf_add(out, value.data, value.len);
        return ENVRES_OK;
    case ENVRES_TYPE_NUMBER:
        return write_number(value, mem, out, err);
    case ENVRES_TYPE_BOOLEAN:
        if (!slice_equal(value, slice_str("true")) && !slice_equal(value, slice_str("false")))
            return fail_value(ENVRES_E_TYPE, type, err);
        buf_add(out, value.data, value.len);
        return ENVRES_OK;
    case ENVRES_TYPE_JSON:
        return write_json(value, mem, out, err);
    case ENVRES_TYPE_NULL:
        if (value.len > 0 && !slice_equal(value, slice_str("null")))
            return fail_value(ENVRES_E_TYPE, type, err);
        buf_add_str(out, "null");
        return ENVRES_OK;
    default:
        return err_set(err, ENVRES_E_TYPE, "a parameter cannot be of this type");
    }
}

/* ---- setting -----------------------------------------------------------------------------------
 */

static envres_status
add(const struct mem *mem, struct table *table, struct slice name, uint32_t hash,
    struct param **out, envres_error *err)
{
    if (table->count == LIMIT_PARAMS)
        return err_set(err, ENVRES_E_LIMIT, "there are more than %d parameters", LIMIT_PARAMS);
    if (!grow(mem, table))
        return err_code(err, ENVRES_E_NOMEM);
    char *copy = mem_copy(mem, name.data, name.len);
    if (!copy)
        return err_code(err, ENVRES_E_NOMEM);
    struct param *entry = &table->entries[table->count];
    *entry = (struct param){ .name = copy, .name_len = (uint32_t)name.len, .hash = hash };
    put_slot(table->slots, table->slot_count - 1, hash, table->count);
    table->count++;
    *out = entry;
    return ENVRES_OK;
}

static envres_status
store(envres_params *params, struct slice name, int32_t type, bool is_secret, struct buf *value,
      envres_error *err)
{
    uint32_t hash = hash_name(params, name);
    struct param *entry = find(&params->values, name, hash);
    size_t len = 0;
    envres_status st = buf_status(value, err);
    if (st == ENVRES_OK && !entry)
        st = add(&params->mem, &params->values, name, hash, &entry, err);
    if (st < 0)
        return st;
    free_value(&params->mem, entry->value, entry->value_len);
    entry->value = buf_take(value, &len);
    entry->value_len = (uint32_t)len;
    entry->type = type == ENVRES_TYPE_DEFAULT ? ENVRES_TYPE_STRING : type;
    entry->is_secret = is_secret;
    return ENVRES_OK;
}

envres_status
envres_params_set(envres_params *params, const char *name, size_t name_len, int32_t type,
                  const char *value, size_t value_len, uint32_t flags, envres_error *err)
{
    struct slice key = { 0 };
    struct slice text = { 0 };
    struct buf canonical;
    if (!params)
        return err_set(err, ENVRES_E_INVALID, "the parameters are NULL");
    if ((flags & ~(uint32_t)ENVRES_PARAM_SECRET) != 0)
        return err_set(err, ENVRES_E_INVALID, "a parameter has an unknown flag");
    envres_status st =
        text_argument(name, name_len, LIMIT_TEMPLATE, "the parameter's name", &key, err);
    if (st == ENVRES_OK)
        st = text_check_name(key, "parameter name", err);
    if (st == ENVRES_OK)
        st = text_argument(value, value_len, LIMIT_VALUE, "the parameter's value", &text, err);
    if (st < 0)
        return st;
    buf_init(&canonical, &params->mem, true);
    st = write_value(type, text, &params->mem, &canonical, err);
    /* one byte is kept for the NUL of the value, so that taking it cannot fail */
    if (st == ENVRES_OK && !buf_reserve(&canonical, 0))
        st = buf_status(&canonical, err);
    if (st == ENVRES_OK)
        st = store(params, key, type, (flags & ENVRES_PARAM_SECRET) != 0, &canonical, err);
    if (st < 0)
        err_subject(err, key.data, key.len);
    buf_free(&canonical);
    return st;
}

envres_status
envres_params_allow(envres_params *params, const char *name, size_t len, envres_error *err)
{
    struct slice ident = { 0 };
    struct param *added = NULL;
    if (!params)
        return err_set(err, ENVRES_E_INVALID, "the parameters are NULL");
    envres_status st = text_argument(name, len, LIMIT_TEMPLATE, "the identifier", &ident, err);
    if (st < 0)
        return st;
    if (ident.len == 0 || ident.len > LIMIT_NAME)
        return err_set(err, ENVRES_E_NAME, "an identifier has 1 to %d bytes", LIMIT_NAME);
    uint32_t hash = hash_name(params, ident);
    if (find(&params->idents, ident, hash))
        return ENVRES_OK;
    return add(&params->mem, &params->idents, ident, hash, &added, err);
}

/* ---- looking up --------------------------------------------------------------------------------
 */

bool
params_find(const envres_params *params, struct slice name, struct operand *value, bool *is_secret)
{
    const struct param *entry =
        params ? find(&params->values, name, hash_name(params, name)) : NULL;
    if (!entry)
        return false;
    value->type = entry->type;
    value->text = (struct slice){ entry->value, entry->value_len };
    *is_secret = entry->is_secret;
    return true;
}

uint32_t
params_count(const envres_params *params)
{
    return params ? params->values.count : 0;
}

struct slice
params_name(const envres_params *params, uint32_t index)
{
    const struct param *entry = &params->values.entries[index];
    return (struct slice){ entry->name, entry->name_len };
}

bool
params_allow(const envres_params *params, struct slice ident)
{
    return params && find(&params->idents, ident, hash_name(params, ident));
}

envres_status
params_allow_same(envres_params *to, const envres_params *from, envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (uint32_t i = 0; st == ENVRES_OK && from && i < from->idents.count; i++)
        st = envres_params_allow(to, from->idents.entries[i].name, from->idents.entries[i].name_len,
                                 err);
    return st;
}
