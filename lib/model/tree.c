/* SPDX-License-Identifier: MIT */
/*
 * Trees. Bytes that are read may come from a damaged or forged file: every length is checked before
 * it is used, paths obey the rules of parts (whoever writes them to a disk relies on that), and
 * they and the pins ascend strictly, so that one content has one form and one digest.
 */
#include "model/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/pool.h"
#include "base/text.h"
#include "guard/box.h"

enum {
    TREE_FORMAT = 1,
    TREE_PUBLIC = 1,
    TREE_FOLLOWS = 1,
    ENTRY_LEAST = 4 + 1 + 1 + 8 + SEAL_DIGEST, /* bytes of an entry with the shortest path */
    PIN_SIZE = SEAL_ID + 8 + 1 + SEAL_DIGEST,
    SCANNED = 8 /* paths added that are compared one by one */
};

void
tree_free(struct tree *tree)
{
    if (!tree || !tree->mem)
        return;
    if (tree->pool)
        pool_free(tree->pool);
    mem_free(tree->mem, tree->pool);
    mem_free(tree->mem, tree->entries);
    mem_free(tree->mem, tree->pins);
    *tree = (struct tree){ .mem = tree->mem };
}

envres_status
tree_keep(struct tree *tree, struct slice path, struct slice *out, envres_error *err)
{
    if (!tree->pool) {
        tree->pool = mem_alloc(tree->mem, sizeof(*tree->pool));
        if (!tree->pool)
            return err_code(err, ENVRES_E_NOMEM);
        pool_init(tree->pool, tree->mem);
    }
    *out = pool_copy(tree->pool, path);
    return out->data ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
}

/* ---- looking up ----------------------------------------------------------------------------- */

const struct tree_entry *
tree_find(const struct tree *tree, struct slice path)
{
    size_t low = 0;
    size_t high = tree->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(tree->entries[middle].path, path);
        if (order == 0)
            return &tree->entries[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct tree_pin *
tree_pin_find(const struct tree *tree, const uint8_t query[SEAL_ID])
{
    size_t low = 0;
    size_t high = tree->pin_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(tree->pins[middle].query, query, SEAL_ID);
        if (order == 0)
            return &tree->pins[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

envres_status
tree_need(const struct tree *tree, struct slice path, const struct tree_entry **out,
          envres_error *err)
{
    const struct tree_entry *found = tree_find(tree, path);
    if (found) {
        *out = found;
        return ENVRES_OK;
    }
    struct nearest nearest;
    nearest_init(&nearest, path);
    for (size_t i = 0; i < tree->count; i++)
        nearest_add(&nearest, tree->entries[i].path);
    envres_status st = err_set(err, ENVRES_E_NOT_FOUND, "there is no part of that path");
    err_subject(err, path.data, path.len);
    if (nearest.best.data)
        err_hint(err, "did you mean '%.*s'?", (int)nearest.best.len, nearest.best.data);
    return st;
}

/* ---- paths ---------------------------------------------------------------------------------- */

static const char *
segment_fault(const char *segment, size_t len)
{
    if (len == 0)
        return "it begins or ends with /, or has // in it";
    if ((len == 1 && segment[0] == '.') || (len == 2 && segment[0] == '.' && segment[1] == '.'))
        return "it has . or .. as a segment";
    return NULL;
}

/* What is wrong with a path; NULL: nothing. */
static const char *
path_fault(struct slice path)
{
    size_t start = 0;
    if (path.len == 0)
        return "it is empty";
    if (path.len > LIMIT_PART_PATH)
        return "it is too long";
    if (!text_is_utf8(path.data, path.len, NULL))
        return "it is not UTF-8";
    for (size_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.data[i];
        bool is_c1 = c == 0xC2 && i + 1 < path.len && (unsigned char)path.data[i + 1] < 0xA0;
        if (c < 0x20 || c == 0x7F || is_c1)
            return "it has a control character in it";
        if (c == '\\')
            return "it has \\ in it";
        if (c != '/')
            continue;
        const char *fault = segment_fault(path.data + start, i - start);
        if (fault)
            return fault;
        start = i + 1;
    }
    return segment_fault(path.data + start, path.len - start);
}

envres_status
part_check_path(struct slice path, envres_error *err)
{
    const char *fault = path_fault(path);
    if (!fault)
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_PATH, "a part cannot have this path: %s", fault);
    err_subject(err, path.data, path.len);
    err_hint(err,
             "1 to %d bytes of UTF-8, relative, separated by /, without empty, . or .. segments, "
             "control characters and \\",
             (int)LIMIT_PART_PATH);
    return st;
}

/* '/' sorts before all else, so that what is in a folder comes right behind its name. */
static unsigned char
folded(char c)
{
    if (c == '/')
        return 1;
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static int
compare_folded(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < len; i++) {
        int order = (int)folded(a.data[i]) - (int)folded(b.data[i]);
        if (order)
            return order;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

static int
compare_entries_folded(const void *a, const void *b)
{
    const struct tree_entry *const *x = a;
    const struct tree_entry *const *y = b;
    return compare_folded((*x)->path, (*y)->path);
}

enum clash { CLASH_NONE, CLASH_TWIN, CLASH_FOLDER };

static enum clash
clash_of(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < len; i++) {
        if (folded(a.data[i]) != folded(b.data[i]))
            return CLASH_NONE;
    }
    if (a.len == b.len)
        return CLASH_TWIN;
    const char *next = a.len < b.len ? b.data + len : a.data + len;
    return *next == '/' ? CLASH_FOLDER : CLASH_NONE;
}

static envres_status
refuse_clash(enum clash clash, struct slice path, struct slice other, envres_error *err)
{
    envres_status st =
        clash == CLASH_TWIN
            ? err_set(err, ENVRES_E_NAME_TAKEN,
                      "there is a part whose path differs from this one only in case")
            : err_set(err, ENVRES_E_NAME_TAKEN, "the path would be both a part and a folder");
    err_subject(err, path.data, path.len);
    err_hint(err, "it stands beside '%.*s'", (int)other.len, other.data);
    return st;
}

static envres_status
check_each(const struct tree *tree, const struct slice *added, size_t count, envres_error *err)
{
    for (size_t a = 0; a < count; a++) {
        for (size_t i = 0; i < tree->count; i++) {
            struct slice other = tree->entries[i].path;
            enum clash clash = clash_of(added[a], other);
            if (clash != CLASH_NONE && !slice_equal(added[a], other))
                return refuse_clash(clash, added[a], other, err);
        }
    }
    return ENVRES_OK;
}

/* In this order two that clash are neighbours, or there are two between them that are. */
static envres_status
check_sorted(const struct tree *tree, envres_error *err)
{
    envres_status st = ENVRES_OK;
    const struct tree_entry **order = mem_alloc_array(tree->mem, tree->count, sizeof(*order));
    if (!order)
        return err_code(err, ENVRES_E_NOMEM);
    for (size_t i = 0; i < tree->count; i++)
        order[i] = &tree->entries[i];
    qsort(order, tree->count, sizeof(*order), compare_entries_folded);
    for (size_t i = 1; st == ENVRES_OK && i < tree->count; i++) {
        enum clash clash = clash_of(order[i - 1]->path, order[i]->path);
        if (clash != CLASH_NONE)
            st = refuse_clash(clash, order[i]->path, order[i - 1]->path, err);
    }
    mem_free(tree->mem, order);
    return st;
}

envres_status
tree_check_added(const struct tree *tree, const struct slice *added, size_t count,
                 envres_error *err)
{
    return count <= SCANNED ? check_each(tree, added, count, err) : check_sorted(tree, err);
}

/* ---- changing ------------------------------------------------------------------------------- */

envres_status
tree_apply(struct tree *tree, const struct tree_change *changes, size_t count, envres_error *err)
{
    size_t room = tree->count + count;
    size_t used = 0;
    size_t i = 0;
    int64_t bytes = 0;
    if (count == 0)
        return ENVRES_OK;
    struct tree_entry *entries = mem_alloc_array(tree->mem, room, sizeof(*entries));
    if (!entries)
        return err_code(err, ENVRES_E_NOMEM);
    for (size_t c = 0; c <= count; c++) {
        int order = -1;
        while (i < tree->count && order < 0) {
            if (c < count)
                order = slice_compare(tree->entries[i].path, changes[c].entry.path);
            if (order < 0)
                entries[used++] = tree->entries[i++];
        }
        if (i < tree->count && order == 0)
            i++;
        if (c < count && !changes[c].gone)
            entries[used++] = changes[c].entry;
    }
    for (size_t e = 0; e < used; e++)
        bytes += entries[e].size;
    mem_free(tree->mem, tree->entries);
    tree->entries = entries;
    tree->room = room;
    tree->count = used;
    tree->bytes = bytes;
    return ENVRES_OK;
}

envres_status
tree_apply_pins(struct tree *tree, const struct tree_pin_change *changes, size_t count,
                envres_error *err)
{
    size_t used = 0;
    size_t i = 0;
    if (count == 0)
        return ENVRES_OK;
    struct tree_pin *pins = mem_alloc_array(tree->mem, tree->pin_count + count, sizeof(*pins));
    if (!pins)
        return err_code(err, ENVRES_E_NOMEM);
    for (size_t c = 0; c <= count; c++) {
        int order = -1;
        while (i < tree->pin_count && order < 0) {
            if (c < count)
                order = memcmp(tree->pins[i].query, changes[c].pin.query, SEAL_ID);
            if (order < 0)
                pins[used++] = tree->pins[i++];
        }
        if (i < tree->pin_count && order == 0)
            i++;
        if (c < count && !changes[c].gone)
            pins[used++] = changes[c].pin;
    }
    mem_free(tree->mem, tree->pins);
    tree->pins = pins;
    tree->pin_count = used;
    return ENVRES_OK;
}

bool
tree_pin_recorded(const struct tree_pin *pin)
{
    static const uint8_t none[SEAL_DIGEST];
    return memcmp(pin->digest, none, SEAL_DIGEST) != 0;
}

void
tree_loosen(struct tree *tree)
{
    for (size_t i = 0; i < tree->pin_count; i++) {
        if (tree->pins[i].follows)
            tree->pins[i].revision = 0;
        memset(tree->pins[i].digest, 0, SEAL_DIGEST);
    }
}

void
tree_take_revisions(struct tree *tree, const struct tree *from)
{
    for (size_t i = 0; i < tree->pin_count; i++) {
        struct tree_pin *pin = &tree->pins[i];
        const struct tree_pin *other = tree_pin_find(from, pin->query);
        if (!other || (pin->revision > 0 && pin->revision != other->revision))
            continue;
        pin->revision = other->revision;
        memcpy(pin->digest, other->digest, SEAL_DIGEST);
    }
}

/* ---- bytes ---------------------------------------------------------------------------------- */

envres_status
tree_encode(const struct tree *tree, struct buf *out, envres_error *err)
{
    buf_add_char(out, TREE_FORMAT);
    buf_add_u32(out, (uint32_t)tree->count);
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree_entry *entry = &tree->entries[i];
        buf_add_text(out, entry->path.data, entry->path.len);
        buf_add_char(out, entry->is_public ? TREE_PUBLIC : 0);
        buf_add_u64(out, (uint64_t)entry->size);
        buf_add(out, entry->part, SEAL_DIGEST);
    }
    buf_add_u32(out, (uint32_t)tree->pin_count);
    for (size_t i = 0; i < tree->pin_count; i++) {
        const struct tree_pin *pin = &tree->pins[i];
        buf_add(out, pin->query, SEAL_ID);
        buf_add_u64(out, (uint64_t)pin->revision);
        buf_add_char(out, pin->follows ? TREE_FOLLOWS : 0);
        buf_add(out, pin->digest, SEAL_DIGEST);
    }
    return buf_status(out, err);
}

envres_status
tree_digest(const struct tree *tree, uint8_t digest[SEAL_DIGEST], envres_error *err)
{
    struct buf body;
    buf_init(&body, tree->mem, false);
    envres_status st = tree_encode(tree, &body, err);
    if (st == ENVRES_OK)
        seal_digest(digest, "envres1/tree", body.data, body.len);
    buf_free(&body);
    return st;
}

/* What is left to read; once a read goes past the end, nothing more is read. */
struct reader {
    const uint8_t *at;
    size_t left;
    bool failed;
};

static const uint8_t *
take(struct reader *reader, size_t len)
{
    static const uint8_t nothing[SEAL_DIGEST];
    if (reader->failed || len > reader->left) {
        reader->failed = true;
        return nothing;
    }
    const uint8_t *at = reader->at;
    reader->at += len;
    reader->left -= len;
    return at;
}

static uint32_t
take_u32(struct reader *reader)
{
    return box_get32(take(reader, 4));
}

/* One entry, behind those read so far; the path is copied last, when all else is in order. */
static envres_status
read_entry(struct reader *reader, struct tree *tree, envres_error *err)
{
    struct tree_entry entry = { 0 };
    uint32_t len = take_u32(reader);
    struct slice path = { NULL, len };
    if (len == 0 || len > LIMIT_PART_PATH || len > reader->left) {
        reader->failed = true;
        return ENVRES_OK;
    }
    path.data = (const char *)take(reader, len);
    uint8_t flags = *take(reader, 1);
    uint64_t size = box_get64(take(reader, 8));
    memcpy(entry.part, take(reader, SEAL_DIGEST), SEAL_DIGEST);
    bool ascends = tree->count == 0 || slice_compare(tree->entries[tree->count - 1].path, path) < 0;
    if (reader->failed || flags > TREE_PUBLIC || size > LIMIT_PART || !ascends ||
        path_fault(path)) {
        reader->failed = true;
        return ENVRES_OK;
    }
    entry.size = (int64_t)size;
    entry.is_public = flags == TREE_PUBLIC;
    tree->entries[tree->count++] = entry;
    tree->bytes += entry.size;
    return tree_keep(tree, path, &tree->entries[tree->count - 1].path, err);
}

static void
read_pin(struct reader *reader, struct tree *tree)
{
    struct tree_pin pin = { .revision = 0 };
    memcpy(pin.query, take(reader, SEAL_ID), SEAL_ID);
    uint64_t revision = box_get64(take(reader, 8));
    uint8_t flags = *take(reader, 1);
    memcpy(pin.digest, take(reader, SEAL_DIGEST), SEAL_DIGEST);
    bool ascends = tree->pin_count == 0 ||
                   memcmp(tree->pins[tree->pin_count - 1].query, pin.query, SEAL_ID) < 0;
    pin.follows = flags == TREE_FOLLOWS;
    pin.revision = revision <= LIMIT_QUERY_REVISIONS ? (int64_t)revision : -1;
    bool loose = pin.revision == 0;
    if (flags > TREE_FOLLOWS || pin.revision < 0 || !ascends ||
        (loose && (!pin.follows || tree_pin_recorded(&pin))))
        reader->failed = true;
    if (!reader->failed)
        tree->pins[tree->pin_count++] = pin;
}

static envres_status
read_pins(struct reader *reader, struct tree *tree, envres_error *err)
{
    size_t count = take_u32(reader);
    if (count > LIMIT_PINS || count > reader->left / PIN_SIZE)
        reader->failed = true;
    if (reader->failed || count == 0)
        return ENVRES_OK;
    tree->pins = mem_alloc_array(tree->mem, count, sizeof(*tree->pins));
    if (!tree->pins)
        return err_code(err, ENVRES_E_NOMEM);
    for (size_t i = 0; !reader->failed && i < count; i++)
        read_pin(reader, tree);
    return ENVRES_OK;
}

envres_status
tree_decode(const struct mem *mem, struct slice body, struct tree *out, envres_error *err)
{
    struct reader reader = { (const uint8_t *)body.data, body.len, false };
    struct tree tree = { .mem = mem };
    envres_status st = ENVRES_OK;
    uint8_t format = *take(&reader, 1);
    size_t count = take_u32(&reader);
    if (format != TREE_FORMAT || count > LIMIT_PARTS || count > reader.left / ENTRY_LEAST)
        reader.failed = true;
    if (!reader.failed && count > 0) {
        tree.entries = mem_alloc_array(mem, count, sizeof(*tree.entries));
        tree.room = count;
        if (!tree.entries)
            st = err_code(err, ENVRES_E_NOMEM);
    }
    for (size_t i = 0; st == ENVRES_OK && !reader.failed && i < count; i++)
        st = read_entry(&reader, &tree, err);
    if (st == ENVRES_OK)
        st = read_pins(&reader, &tree, err);
    if (st == ENVRES_OK && (reader.failed || reader.left > 0 || tree.bytes > LIMIT_CONTENT)) {
        st = err_set(err, ENVRES_E_INTEGRITY, "a list of parts is damaged");
        err_hint(err, "run verify, and restore the store from a backup");
    }
    if (st < 0)
        tree_free(&tree);
    else
        *out = tree;
    return st;
}
