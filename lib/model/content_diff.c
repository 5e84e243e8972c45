/* SPDX-License-Identifier: MIT */
/*
 * What differs between two versions: one walk over two sorted trees; equal digests are equal bytes,
 * which are not read. The texts are in the form that `git apply` and `patch -p1` take. Queries
 * differ when what they are served at does, whether that was recorded or is the newest.
 */
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "base/textdiff.h"
#include "model/pin.h"
#include "model/tree.h"

static const char *const diff_columns[ENVRES_DIFF_COLUMNS] = {
    "path",     "change", "old_digest",   "new_digest",   "old_size",
    "new_size", "text",   "old_revision", "new_revision",
};

struct diff {
    struct context *ctx;
    envres_list *list;
    bool with_text;
};

/* A path with a space in it ends at a tab: the tools would take the rest for a date. */
static void
add_header(struct buf *out, const char *mark, const char *side, const struct tree_entry *entry)
{
    buf_add_str(out, mark);
    if (entry) {
        buf_add_str(out, side);
        buf_add(out, entry->path.data, entry->path.len);
        if (memchr(entry->path.data, ' ', entry->path.len))
            buf_add_char(out, '\t');
    } else {
        buf_add_str(out, "/dev/null");
    }
    buf_add_char(out, '\n');
}

/* As git has it: a part with a NUL byte in it is no text, though that is UTF-8. */
static bool
is_text(const struct buf *bytes)
{
    return bytes->len == 0 ||
           (text_is_utf8(bytes->data, bytes->len, NULL) && !memchr(bytes->data, '\0', bytes->len));
}

static envres_status
load_side(struct context *ctx, const struct tree_entry *entry, struct buf *out, bool *both_text,
          envres_error *err)
{
    if (!entry)
        return ENVRES_OK;
    envres_status st = content_part(ctx, entry, out, err);
    if (st == ENVRES_OK && !is_text(out))
        *both_text = false;
    return st;
}

/* The last cell of the row; a part that begins or ends empty has no lines to show. */
static envres_status
set_text(struct diff *diff, const struct tree_entry *from, const struct tree_entry *to,
         envres_error *err)
{
    struct context *ctx = diff->ctx;
    struct buf old_text;
    struct buf new_text;
    struct buf text;
    bool both_text = true;
    buf_init(&old_text, ctx->mem, false);
    buf_init(&new_text, ctx->mem, false);
    buf_init(&text, ctx->mem, false);
    envres_status st = load_side(ctx, from, &old_text, &both_text, err);
    if (st == ENVRES_OK)
        st = load_side(ctx, to, &new_text, &both_text, err);
    if (st < 0 || !both_text)
        goto out;
    add_header(&text, "--- ", "a/", from);
    add_header(&text, "+++ ", "b/", to);
    size_t header = text.len;
    st = textdiff_unified(ctx->mem, slice_of(old_text.data ? old_text.data : "", old_text.len),
                          slice_of(new_text.data ? new_text.data : "", new_text.len), &text, err);
    if (st == ENVRES_OK)
        st = buf_status(&text, err);
    if (st == ENVRES_OK)
        list_set_text(diff->list, ENVRES_DIFF_TEXT, text.data, text.len > header ? text.len : 0);
out:
    buf_free(&text);
    buf_free(&new_text);
    buf_free(&old_text);
    return st;
}

static void
set_side(envres_list *list, const struct tree_entry *entry, uint32_t digest, uint32_t size)
{
    char hex[2 * SEAL_DIGEST + 1];
    if (!entry)
        return;
    text_hex(hex, entry->part, SEAL_DIGEST);
    list_set_str(list, digest, hex);
    list_set_int(list, size, entry->size);
}

static envres_status
add_row(struct diff *diff, const struct tree_entry *from, const struct tree_entry *to,
        envres_error *err)
{
    const struct tree_entry *one = to ? to : from;
    bool both = from && to;
    bool same_bytes = both && memcmp(from->part, to->part, SEAL_DIGEST) == 0;
    if (!one || (same_bytes && from->is_public == to->is_public))
        return ENVRES_OK;
    const char *change = same_bytes ? "flags" : both ? "changed" : to ? "added" : "removed";
    list_row(diff->list);
    list_set_text(diff->list, ENVRES_DIFF_PATH, one->path.data, one->path.len);
    list_set_str(diff->list, ENVRES_DIFF_CHANGE, change);
    set_side(diff->list, from, ENVRES_DIFF_OLD_DIGEST, ENVRES_DIFF_OLD_SIZE);
    set_side(diff->list, to, ENVRES_DIFF_NEW_DIGEST, ENVRES_DIFF_NEW_SIZE);
    return diff->with_text && !same_bytes ? set_text(diff, from, to, err) : ENVRES_OK;
}

static envres_status
walk(struct diff *diff, const struct tree *from, const struct tree *to, envres_error *err)
{
    envres_status st = ENVRES_OK;
    size_t f = 0;
    size_t t = 0;
    while (st == ENVRES_OK && (f < from->count || t < to->count)) {
        int order = f == from->count ? 1
                    : t == to->count ? -1
                                     : slice_compare(from->entries[f].path, to->entries[t].path);
        const struct tree_entry *old_entry = order <= 0 ? &from->entries[f++] : NULL;
        const struct tree_entry *new_entry = order >= 0 ? &to->entries[t++] : NULL;
        st = add_row(diff, old_entry, new_entry, err);
    }
    return st == ENVRES_OK ? list_status(diff->list, err) : st;
}

/* ---- queries -------------------------------------------------------------------------------- */

void
pin_diff_free(const struct mem *mem, struct pin_diff *diff)
{
    mem_free(mem, diff->rows);
    *diff = (struct pin_diff){ NULL, 0 };
}

static int
compare_pins(const void *a, const void *b)
{
    return strcmp(((const struct pin_difference *)a)->name,
                  ((const struct pin_difference *)b)->name);
}

/* Its revision; 0 where that is lost: who asks for the query is told. */
static envres_status
find_revision(struct context *ctx, const struct tree_side *side, const struct tree_pin *pin,
              int64_t *out, envres_error *err)
{
    envres_status st = pin ? pin_revision(ctx, side->version, pin, out, err) : ENVRES_OK;
    return st == ENVRES_E_INTEGRITY ? ENVRES_OK : st;
}

/* Takes a pin of both, or of one of them, in when it differs. */
static envres_status
take_pin(struct context *ctx, const struct tree_side *from, const struct tree_pin *before,
         const struct tree_side *to, const struct tree_pin *after, struct pin_diff *out,
         envres_error *err)
{
    struct pin_difference *row = &out->rows[out->count];
    const struct tree_pin *pin = before ? before : after;
    bool found = false;
    bool is_removed = false;
    bool same = false;
    *row = (struct pin_difference){ .change = "query-changed" };
    envres_status st = find_revision(ctx, from, before, &row->from, err);
    if (st == ENVRES_OK)
        st = find_revision(ctx, to, after, &row->to, err);
    if (st == ENVRES_OK)
        st = query_label(ctx, pin->query, &found, row->name, &is_removed, err);
    if (st == ENVRES_OK && !found)
        text_hex(row->name, pin->query, SEAL_ID);
    if (st == ENVRES_OK && before && after && row->from == row->to)
        st = pin_same_text(ctx, before, after, row->from, &same, err);
    if (!before)
        row->change = "query-added";
    else if (!after)
        row->change = "query-removed";
    else if (same && before->follows == after->follows)
        return st;
    else if (same)
        row->change = "query-flags";
    out->count++;
    return st;
}

envres_status
pin_diff_make(struct context *ctx, const struct tree_side *from, const struct tree_side *to,
              struct pin_diff *out, envres_error *err)
{
    const struct tree *a = from->tree;
    const struct tree *b = to->tree;
    size_t f = 0;
    size_t t = 0;
    *out = (struct pin_diff){ NULL, 0 };
    if (a->pin_count + b->pin_count == 0)
        return ENVRES_OK;
    out->rows = mem_alloc_array(ctx->mem, a->pin_count + b->pin_count, sizeof(*out->rows));
    envres_status st = out->rows ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
    while (st == ENVRES_OK && (f < a->pin_count || t < b->pin_count)) {
        int order = f == a->pin_count   ? 1
                    : t == b->pin_count ? -1
                                        : memcmp(a->pins[f].query, b->pins[t].query, SEAL_ID);
        const struct tree_pin *before = order <= 0 ? &a->pins[f++] : NULL;
        const struct tree_pin *after = order >= 0 ? &b->pins[t++] : NULL;
        st = take_pin(ctx, from, before, to, after, out, err);
    }
    if (st == ENVRES_OK && out->count > 1)
        qsort(out->rows, out->count, sizeof(*out->rows), compare_pins);
    if (st < 0)
        pin_diff_free(ctx->mem, out);
    return st;
}

static envres_status
add_queries(struct diff *diff, const struct tree_side *from, const struct tree_side *to,
            envres_error *err)
{
    struct pin_diff pins = { NULL, 0 };
    char path[LIMIT_NAME + 16] = "queries/";
    envres_status st = pin_diff_make(diff->ctx, from, to, &pins, err);
    for (size_t i = 0; st == ENVRES_OK && i < pins.count; i++) {
        const struct pin_difference *row = &pins.rows[i];
        memcpy(path + 8, row->name, strlen(row->name) + 1);
        list_row(diff->list);
        list_set_str(diff->list, ENVRES_DIFF_PATH, path);
        list_set_str(diff->list, ENVRES_DIFF_CHANGE, row->change);
        if (row->from)
            list_set_int(diff->list, ENVRES_DIFF_OLD_REVISION, row->from);
        if (row->to)
            list_set_int(diff->list, ENVRES_DIFF_NEW_REVISION, row->to);
    }
    pin_diff_free(diff->ctx->mem, &pins);
    return st == ENVRES_OK ? list_status(diff->list, err) : st;
}

static envres_status
load_named(struct context *ctx, const envres_version_name *name, struct version *version,
           struct tree *out, envres_error *err)
{
    struct app app = { 0 };
    envres_status st = version_named(ctx, name, false, &app, version, err);
    return st < 0 ? st : content_load(ctx, version, out, err);
}

envres_status
content_diff(struct context *ctx, const envres_version_name *from, const envres_version_name *to,
             uint32_t flags, envres_list **out, envres_error *err)
{
    struct tree old_tree = { .mem = ctx->mem };
    struct tree new_tree = { .mem = ctx->mem };
    struct version old_version = { 0 };
    struct version new_version = { 0 };
    const struct tree_side old_side = { &old_version, &old_tree };
    const struct tree_side new_side = { &new_version, &new_tree };
    struct diff diff = { .ctx = ctx, .with_text = (flags & ENVRES_DIFF_WITH_TEXT) != 0 };
    envres_status st = list_new(ctx->mem, diff_columns, ENVRES_DIFF_COLUMNS, &diff.list, err);
    if (st == ENVRES_OK)
        st = db_begin_read(ctx->db, err);
    if (st == ENVRES_OK) {
        st = load_named(ctx, from, &old_version, &old_tree, err);
        if (st == ENVRES_OK)
            st = load_named(ctx, to, &new_version, &new_tree, err);
        if (st == ENVRES_OK)
            st = walk(&diff, &old_tree, &new_tree, err);
        if (st == ENVRES_OK)
            st = add_queries(&diff, &old_side, &new_side, err);
        st = db_end(ctx->db, st, NULL, err);
    }
    tree_free(&new_tree);
    tree_free(&old_tree);
    if (st < 0)
        envres_list_free(diff.list);
    else
        *out = diff.list;
    return st;
}
