/* SPDX-License-Identifier: MIT */
/*
 * References and expressions of a template under construction, each kept once, under dense ids.
 */
#ifndef ENVRES_LANG_INTERN_H
#define ENVRES_LANG_INTERN_H

#include <string.h>

#include "base/text.h"
#include "lang/tag.h"

struct filter_call {
    uint8_t filter; /* enum filter_id */
    uint8_t arg_count;
    uint32_t first_arg;
};

struct filter_arg {
    int32_t type;    /* ENVRES_TYPE_* */
    uint32_t offset; /* of its text among the strings */
    uint32_t len;
};

/*
 * What is looked for, and found, without reading it byte by byte: the path of a reference (name, or
 * name, dot and field) as two words. Of up to 16 bytes they and the length, which is in the key,
 * are the path itself; of more they are a hash of it.
 */
struct intern_path {
    uint64_t head;
    uint64_t tail;
    uint32_t key; /* lengths of name and field, and the root; see intern_key() */
    uint32_t hash;
};

/* A reference whose text may still move: spans of the template's text or of the strings. */
struct ref_draft {
    uint64_t head;
    uint64_t tail;
    uint32_t key;
    uint32_t offset;
    uint32_t bare[3]; /* its expression without filters, one for each kind of place */
    bool in_strings;
};

/* References that differ in the key are different; lengths are at most LIMIT_NAME. */
static inline uint32_t
intern_key(enum ref_root root, size_t name_len, size_t field_len)
{
    return (uint32_t)name_len | (uint32_t)field_len << 8 | (uint32_t)root << 16;
}

static inline enum ref_root
key_root(uint32_t key)
{
    return (enum ref_root)(key >> 16);
}

static inline size_t
key_name_len(uint32_t key)
{
    return key & 0xFF;
}

static inline size_t
key_field_len(uint32_t key)
{
    return key >> 8 & 0xFF;
}

static inline size_t
key_path_len(uint32_t key)
{
    size_t field = key_field_len(key);
    return key_name_len(key) + field + (field > 0);
}

struct intern_slot {
    uint32_t hash;
    uint32_t id; /* + 1; 0: free */
};

/* Open addressing, at most half full. */
struct intern_table {
    struct intern_slot *slots;
    uint32_t size; /* a power of two, or 0 */
    uint32_t used;
    bool on_heap;
};

/* An array that begins inside of the parser and moves to the heap when it grows. */
struct intern_array {
    void *data;
    uint32_t count;
    uint32_t room;
    uint32_t item; /* bytes of one */
    bool on_heap;
};

enum { INTERN_FIRST = 16, TABLE_FIRST = 2 * INTERN_FIRST };

struct intern {
    const struct mem *mem;
    const char *text; /* that names are spans of */
    uint64_t seed;
    uint64_t salt;
    struct intern_array refs;  /* struct ref_draft */
    struct intern_array exprs; /* struct template_expr */
    struct intern_array calls; /* struct filter_call */
    struct intern_array args;  /* struct filter_arg */
    struct buf strings;
    struct intern_table ref_table;
    struct intern_table expr_table; /* of expressions with filters */
    struct ref_draft first_refs[INTERN_FIRST];
    struct template_expr first_exprs[INTERN_FIRST];
    struct filter_call first_calls[INTERN_FIRST];
    struct filter_arg first_args[INTERN_FIRST];
    struct intern_slot first_slots[TABLE_FIRST];
};

void intern_begin(struct intern *intern, const struct mem *mem, const char *text);
void intern_end(struct intern *intern);

/* The expression of a tag. `is_copy`: the tag's slices do not lie in the template's text.
 * E_SYNTAX, E_UTF8, E_LIMIT (literals), E_NOMEM; without a position. */
envres_status intern_tag(struct intern *intern, const struct tag *tag, bool is_copy,
                         enum expr_place place, uint32_t *expr, envres_error *err);

/* The same for what intern_plain() does not find at once; `hash` is that of its path. */
envres_status intern_variable(struct intern *intern, const struct scan_tag *tag, uint32_t hash,
                              enum expr_place place, uint32_t *expr, envres_error *err);

/* Within one template only the places of JSON differ. */
static inline size_t
place_kind(enum expr_place place)
{
    return place == PLACE_JSON_VALUE ? 1 : place == PLACE_JSON_KEY ? 2 : 0;
}

static inline const char *
draft_text(const struct intern *intern, const struct ref_draft *draft)
{
    return (draft->in_strings ? intern->strings.data : intern->text) + draft->offset;
}

static inline uint32_t
hash_path(const struct intern *intern, uint64_t head, uint64_t tail, uint32_t key)
{
    uint64_t hash = text_fold(head ^ intern->seed, tail ^ (intern->salt + key));
    return (uint32_t)(hash ^ hash >> 32);
}

/* Its id, or UINT32_MAX. `text` is that of the path. */
static inline uint32_t
intern_find(const struct intern *intern, const struct intern_path *path, const char *text)
{
    const struct ref_draft *refs = intern->refs.data;
    const struct intern_slot *slots = intern->ref_table.slots;
    uint32_t mask = intern->ref_table.size - 1;
    for (uint32_t at = path->hash & mask; slots[at].id != 0; at = (at + 1) & mask) {
        const struct ref_draft *ref = &refs[slots[at].id - 1];
        if (slots[at].hash != path->hash || ref->head != path->head || ref->tail != path->tail ||
            ref->key != path->key)
            continue;
        size_t len = key_path_len(ref->key);
        if (len <= SCAN_WORDS || memcmp(draft_text(intern, ref), text, len) == 0)
            return slots[at].id - 1;
    }
    return UINT32_MAX;
}

/* The expression of a tag as scan_tag() found it in the template's text, at one of the places that
 * are of no JSON. Inline as far as it goes for a name that is known and found at once, as nearly
 * every one is. */
static inline envres_status
intern_plain(struct intern *intern, const struct scan_tag *tag, enum expr_place place,
             uint32_t *expr, envres_error *err)
{
    const char *name = intern->text + tag->name;
    size_t len = tag->name_len;
    bool is_short = len <= SCAN_WORDS;
    uint32_t key = intern_key(REF_VARIABLE, len, 0);
    uint64_t head = is_short ? tag->head : text_hash(intern->seed, name, len);
    uint64_t tail = is_short ? tag->tail : 0;
    uint32_t hash = hash_path(intern, head, tail, key);
    const struct intern_table *table = &intern->ref_table;
    struct intern_slot slot = table->slots[hash & (table->size - 1)];
    if (slot.hash == hash && slot.id != 0) {
        const struct ref_draft *ref = &((const struct ref_draft *)intern->refs.data)[slot.id - 1];
        if (ref->head == head && ref->tail == tail && ref->key == key &&
            ref->bare[0] != EXPR_NONE &&
            (is_short || memcmp(draft_text(intern, ref), name, len) == 0)) {
            *expr = ref->bare[0];
            return ENVRES_OK;
        }
    }
    return intern_variable(intern, tag, hash, place, expr, err);
}

/* Room for one item more; false when there is no memory. `wanted` is the new room, at least. */
bool intern_room(const struct mem *mem, struct intern_array *array, uint32_t wanted);

#endif
