/* SPDX-License-Identifier: MIT */
/*
 * A strict JSON reader (RFC 8259) that makes a tree which knows where each value stands. Duplicate
 * keys, lone surrogates and NUL are refused. Whether text is valid UTF-8 is left to whom it goes.
 */
#ifndef ENVRES_TESTING_READER_H
#define ENVRES_TESTING_READER_H

#include <envres/error.h>
#include <envres/memory.h>
#include <envres/types.h>

enum {
    READER_DEPTH = 64,
    READER_TEXT = 16 * 1024 * 1024,
    READER_MEMBERS = 10000, /* of one object: each is compared with those before it */
    READER_NODES = 1000000
};

enum node_kind { NODE_STRING, NODE_NUMBER, NODE_BOOLEAN, NODE_NULL, NODE_OBJECT, NODE_ARRAY };

/* Index of a node; 0 is the document. */
typedef uint32_t node_id;
#define NODE_NONE UINT32_MAX

struct node {
    enum node_kind kind;
    node_id first;     /* first child, or NODE_NONE */
    node_id next;      /* next child of the same parent, or NODE_NONE */
    size_t offset;     /* of the value in the document */
    size_t key_offset; /* of the key that it has in an object */
    const char *key;   /* decoded, not terminated; NULL outside an object */
    size_t key_len;
    const char *text; /* of a string decoded, of anything else as it stands */
    size_t len;
};

struct tree {
    const char *text;
    size_t len;
    envres_allocator memory;
    struct node *nodes;
    uint32_t count;
    uint32_t room;
    char *strings; /* every decoded string; never longer than the document */
    size_t used;
};

/* Reads. On failure nothing is to be freed. */
envres_status tree_read(struct tree *tree, const envres_allocator *memory, const char *text,
                        size_t len, envres_error *err);

void tree_free(struct tree *tree);

/* The member of that name, or NODE_NONE. */
node_id tree_member(const struct tree *tree, node_id object, const char *key, size_t key_len);

/* From the allocator, or the C library where it has no function. `size` is never 0; releasing NULL
 * does nothing. */
void *memory_resize(const envres_allocator *memory, void *block, size_t size);
void memory_release(const envres_allocator *memory, void *block);

#endif
