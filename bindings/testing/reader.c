/* SPDX-License-Identifier: MIT */
/*
 * The reader of test documents. Nodes lie in one array in the order of the text, so that a parent
 * stands before its children; decoded strings lie in one buffer of the document's size, which never
 * moves. One pass, depth limited. Numbers are checked, not converted: they go on as text.
 */
#include "reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct tree *tree;
    size_t at;
    uint32_t depth;
    envres_error *err;
};

void *
memory_resize(const envres_allocator *memory, void *block, size_t size)
{
    if (memory->reallocate)
        return memory->reallocate(block, size, memory->user);
    return realloc(block, size);
}

void
memory_release(const envres_allocator *memory, void *block)
{
    if (block && memory->reallocate)
        memory->reallocate(block, 0, memory->user);
    else
        free(block);
}

static envres_status
refuse_at(struct reader *reader, envres_status code, size_t offset, const char *message)
{
    const struct tree *tree = reader->tree;
    envres_error_set(reader->err, code, message, ENVRES_NUL_TERMINATED, NULL, 0);
    envres_error_set_position(reader->err, tree->text, tree->len, offset);
    return code;
}

static envres_status
refuse(struct reader *reader, const char *message)
{
    return refuse_at(reader, ENVRES_E_JSON, reader->at, message);
}

/* The character at hand; NUL at the end, which no rule accepts (a NUL byte in the text neither). */
static char
peek(const struct reader *reader)
{
    return reader->at < reader->tree->len ? reader->tree->text[reader->at] : '\0';
}

static void
skip_space(struct reader *reader)
{
    char c = peek(reader);
    while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        reader->at++;
        c = peek(reader);
    }
}

static bool
take(struct reader *reader, char wanted)
{
    if (peek(reader) != wanted)
        return false;
    reader->at++;
    return true;
}

static bool
take_digits(struct reader *reader)
{
    size_t start = reader->at;
    while (peek(reader) >= '0' && peek(reader) <= '9')
        reader->at++;
    return reader->at > start;
}

static envres_status
read_number(struct reader *reader)
{
    take(reader, '-');
    if (!take(reader, '0') && !take_digits(reader))
        return refuse(reader, "a digit is missing");
    if (peek(reader) >= '0' && peek(reader) <= '9')
        return refuse(reader, "a number does not begin with 0");
    if (take(reader, '.') && !take_digits(reader))
        return refuse(reader, "a digit is missing after the point");
    if (take(reader, 'e') || take(reader, 'E')) {
        if (!take(reader, '+'))
            take(reader, '-');
        if (!take_digits(reader))
            return refuse(reader, "a digit is missing in the exponent");
    }
    return ENVRES_OK;
}

static envres_status
read_hex(struct reader *reader, uint32_t *out)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = peek(reader);
        uint32_t digit = 0;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A') + 10;
        else
            return refuse(reader, "four hexadecimal digits belong after \\u");
        value = value * 16 + digit;
        reader->at++;
    }
    *out = value;
    return ENVRES_OK;
}

/* The strings' buffer has room: an escape is longer than what it stands for. */
static void
put_code_point(struct tree *tree, uint32_t c)
{
    char *out = tree->strings + tree->used;
    size_t n = 0;
    if (c < 0x80) {
        out[n++] = (char)c;
    } else if (c < 0x800) {
        out[n++] = (char)(0xC0 | c >> 6);
        out[n++] = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out[n++] = (char)(0xE0 | c >> 12);
        out[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        out[n++] = (char)(0x80 | (c & 0x3F));
    } else {
        out[n++] = (char)(0xF0 | c >> 18);
        out[n++] = (char)(0x80 | (c >> 12 & 0x3F));
        out[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        out[n++] = (char)(0x80 | (c & 0x3F));
    }
    tree->used += n;
}

static envres_status
read_unicode(struct reader *reader)
{
    size_t start = reader->at - 2;
    uint32_t c = 0;
    envres_status st = read_hex(reader, &c);
    if (st < 0)
        return st;
    if (c >= 0xD800 && c <= 0xDBFF) {
        uint32_t low = 0;
        if (!take(reader, '\\') || !take(reader, 'u'))
            return refuse_at(reader, ENVRES_E_JSON, start, "half of a surrogate pair");
        st = read_hex(reader, &low);
        if (st < 0)
            return st;
        if (low < 0xDC00 || low > 0xDFFF)
            return refuse_at(reader, ENVRES_E_JSON, start, "half of a surrogate pair");
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    } else if (c >= 0xDC00 && c <= 0xDFFF) {
        return refuse_at(reader, ENVRES_E_JSON, start, "half of a surrogate pair");
    } else if (c == 0) {
        return refuse_at(reader, ENVRES_E_JSON, start, "NUL has no place in a text");
    }
    put_code_point(reader->tree, c);
    return ENVRES_OK;
}

static envres_status
read_escape(struct reader *reader)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    char c = peek(reader);
    const char *found = c ? strchr(from, c) : NULL;
    if (c == 'u') {
        reader->at++;
        return read_unicode(reader);
    }
    if (!found)
        return refuse(reader, "not an escape of JSON");
    reader->tree->strings[reader->tree->used++] = to[found - from];
    reader->at++;
    return ENVRES_OK;
}

/* Reads a string at its opening quote and decodes it. */
static envres_status
read_string(struct reader *reader, const char **text, size_t *len)
{
    struct tree *tree = reader->tree;
    size_t start = reader->at++;
    size_t used = tree->used;
    while (!take(reader, '"')) {
        if (reader->at >= tree->len)
            return refuse_at(reader, ENVRES_E_JSON, start, "a string that does not end");
        if ((unsigned char)peek(reader) < 0x20)
            return refuse(reader, "a control character in a string");
        if (take(reader, '\\')) {
            envres_status st = read_escape(reader);
            if (st < 0)
                return st;
        } else {
            tree->strings[tree->used++] = tree->text[reader->at++];
        }
    }
    *text = tree->strings + used;
    *len = tree->used - used;
    return ENVRES_OK;
}

static envres_status
add_node(struct reader *reader, node_id *out)
{
    struct tree *tree = reader->tree;
    if (tree->count == READER_NODES)
        return refuse_at(reader, ENVRES_E_LIMIT, reader->at, "more than 1,000,000 values");
    if (tree->count == tree->room) {
        uint32_t room = tree->room ? tree->room * 2 : 64;
        struct node *nodes = memory_resize(&tree->memory, tree->nodes, room * sizeof(*nodes));
        if (!nodes)
            return refuse_at(reader, ENVRES_E_NOMEM, reader->at, "out of memory");
        tree->nodes = nodes;
        tree->room = room;
    }
    tree->nodes[tree->count] = (struct node){
        .kind = NODE_NULL,
        .first = NODE_NONE,
        .next = NODE_NONE,
        .offset = reader->at,
    };
    *out = tree->count++;
    return ENVRES_OK;
}

static envres_status read_value(struct reader *reader, node_id *out);

/* One member's key and colon; `before` has the members read so far. */
static envres_status
read_key(struct reader *reader, node_id object, uint32_t before, struct node *key)
{
    skip_space(reader);
    if (peek(reader) != '"')
        return refuse(reader, "a key in quotes is missing");
    key->key_offset = reader->at;
    envres_status st = read_string(reader, &key->key, &key->key_len);
    if (st < 0)
        return st;
    if (before == READER_MEMBERS)
        return refuse_at(reader, ENVRES_E_LIMIT, key->key_offset, "more than 10,000 members");
    if (tree_member(reader->tree, object, key->key, key->key_len) != NODE_NONE)
        return refuse_at(reader, ENVRES_E_JSON, key->key_offset, "this key stands here twice");
    skip_space(reader);
    return take(reader, ':') ? ENVRES_OK : refuse(reader, "a colon is missing");
}

/* The rest of an object or array, behind its bracket. */
static envres_status
read_children(struct reader *reader, node_id parent, bool is_object)
{
    struct tree *tree = reader->tree;
    char end = is_object ? '}' : ']';
    node_id last = NODE_NONE;
    skip_space(reader);
    if (take(reader, end))
        return ENVRES_OK;
    for (uint32_t n = 0;; n++) {
        struct node key = { .key = NULL };
        node_id child = NODE_NONE;
        envres_status st = is_object ? read_key(reader, parent, n, &key) : ENVRES_OK;
        if (st == ENVRES_OK)
            st = read_value(reader, &child);
        if (st < 0)
            return st;
        tree->nodes[child].key = key.key;
        tree->nodes[child].key_len = key.key_len;
        tree->nodes[child].key_offset = key.key_offset;
        if (last == NODE_NONE)
            tree->nodes[parent].first = child;
        else
            tree->nodes[last].next = child;
        last = child;
        skip_space(reader);
        if (take(reader, end))
            return ENVRES_OK;
        if (!take(reader, ','))
            return refuse(reader,
                          is_object ? "a comma or } is missing" : "a comma or ] is missing");
    }
}

static envres_status
read_word(struct reader *reader, const char *word, enum node_kind kind, node_id id)
{
    size_t len = strlen(word);
    if (reader->tree->len - reader->at < len ||
        memcmp(reader->tree->text + reader->at, word, len) != 0)
        return refuse(reader, "not a JSON value");
    reader->at += len;
    reader->tree->nodes[id].kind = kind;
    return ENVRES_OK;
}

static envres_status
read_nested(struct reader *reader, node_id id, bool is_object)
{
    if (reader->depth == READER_DEPTH)
        return refuse_at(reader, ENVRES_E_LIMIT, reader->at, "more than 64 levels");
    reader->tree->nodes[id].kind = is_object ? NODE_OBJECT : NODE_ARRAY;
    reader->at++;
    reader->depth++;
    envres_status st = read_children(reader, id, is_object);
    reader->depth--;
    return st;
}

static envres_status
read_value(struct reader *reader, node_id *out)
{
    struct tree *tree = reader->tree;
    node_id id = NODE_NONE;
    skip_space(reader);
    envres_status st = add_node(reader, &id);
    if (st < 0)
        return st;
    const char *text = NULL;
    size_t len = 0;
    char c = peek(reader);
    if (c == '"') {
        tree->nodes[id].kind = NODE_STRING;
        st = read_string(reader, &text, &len);
    } else if (c == '{' || c == '[') {
        st = read_nested(reader, id, c == '{');
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        tree->nodes[id].kind = NODE_NUMBER;
        st = read_number(reader);
    } else if (c == 't') {
        st = read_word(reader, "true", NODE_BOOLEAN, id);
    } else if (c == 'f') {
        st = read_word(reader, "false", NODE_BOOLEAN, id);
    } else {
        st = read_word(reader, "null", NODE_NULL, id);
    }
    if (st < 0)
        return st;
    struct node *node = &tree->nodes[id];
    node->text = text ? text : tree->text + node->offset;
    node->len = text ? len : reader->at - node->offset;
    *out = id;
    return ENVRES_OK;
}

envres_status
tree_read(struct tree *tree, const envres_allocator *memory, const char *text, size_t len,
          envres_error *err)
{
    struct reader reader = { .tree = tree, .err = err };
    node_id root = NODE_NONE;
    *tree = (struct tree){ .text = text, .len = len };
    if (memory)
        tree->memory = *memory;
    if (len > READER_TEXT)
        return refuse_at(&reader, ENVRES_E_LIMIT, 0, "the document is larger than 16 MiB");
    tree->strings = memory_resize(&tree->memory, NULL, len + 1);
    if (!tree->strings)
        return refuse_at(&reader, ENVRES_E_NOMEM, 0, "out of memory");
    envres_status st = read_value(&reader, &root);
    if (st == ENVRES_OK) {
        skip_space(&reader);
        if (reader.at < len)
            st = refuse(&reader, "something follows the document");
    }
    if (st < 0)
        tree_free(tree);
    return st;
}

void
tree_free(struct tree *tree)
{
    memory_release(&tree->memory, tree->nodes);
    memory_release(&tree->memory, tree->strings);
    tree->nodes = NULL;
    tree->strings = NULL;
}

node_id
tree_member(const struct tree *tree, node_id object, const char *key, size_t key_len)
{
    for (node_id id = tree->nodes[object].first; id != NODE_NONE; id = tree->nodes[id].next) {
        const struct node *node = &tree->nodes[id];
        if (node->key_len == key_len && memcmp(node->key, key, key_len) == 0)
            return id;
    }
    return NODE_NONE;
}
