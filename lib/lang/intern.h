/* SPDX-License-Identifier: MIT */
/*
 * References and expressions of a template under construction, each kept once, under dense ids.
 */
#ifndef ENVRES_LANG_INTERN_H
#define ENVRES_LANG_INTERN_H

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

/* A reference whose text may still move: spans of the template's text or of the strings. */
struct ref_draft {
    uint32_t offset;
    uint32_t hash;
    uint32_t key; /* lengths of name and field, and the root: see intern.c */
    uint32_t len; /* of the path: name, or name, dot and field */
    bool in_strings;
    uint32_t bare[3]; /* its expression without filters, one for each kind of place */
};

/* The parts of a key. */
enum ref_root ref_draft_root(const struct ref_draft *draft);
size_t ref_draft_name_len(const struct ref_draft *draft);
size_t ref_draft_field_len(const struct ref_draft *draft);

struct intern_slot {
    uint32_t hash;
    uint32_t id; /* + 1; 0: free */
};

struct intern_table {
    struct intern_slot *slots;
    uint32_t size; /* a power of two, or 0 */
    uint32_t used;
};

/* An array that begins inside of the parser and moves to the heap when it grows. */
struct intern_array {
    void *data;
    uint32_t count;
    uint32_t room;
    uint32_t item; /* bytes of one */
    bool on_heap;
};

enum { INTERN_FIRST = 16 };

struct intern {
    const struct mem *mem;
    const char *text; /* that names are spans of */
    uint64_t seed;
    struct intern_array refs;  /* struct ref_draft */
    struct intern_array exprs; /* struct template_expr */
    struct intern_array calls; /* struct filter_call */
    struct intern_array args;  /* struct filter_arg */
    struct buf strings;
    struct intern_table ref_table;  /* used from the first reference beyond INTERN_FIRST on */
    struct intern_table expr_table; /* of expressions with filters */
    struct ref_draft first_refs[INTERN_FIRST];
    struct template_expr first_exprs[INTERN_FIRST];
    struct filter_call first_calls[INTERN_FIRST];
    struct filter_arg first_args[INTERN_FIRST];
};

void intern_begin(struct intern *intern, const struct mem *mem, const char *text);
void intern_end(struct intern *intern);

/* The expression of a tag. `is_copy`: the tag's slices do not lie in the template's text.
 * E_SYNTAX, E_UTF8, E_LIMIT (literals), E_NOMEM; without a position. */
envres_status intern_tag(struct intern *intern, const struct tag *tag, bool is_copy,
                         enum expr_place place, uint32_t *expr, envres_error *err);

/* Room for one item more; false when there is no memory. `wanted` is the new room, at least. */
bool intern_room(const struct mem *mem, struct intern_array *array, uint32_t wanted);

#endif
