/* SPDX-License-Identifier: MIT */
/*
 * What differs between two versions: one walk over two sorted trees; equal digests are equal bytes,
 * which are not read. The texts are in the form that `git apply` and `patch -p1` take.
 */
#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "base/textdiff.h"
#include "model/tree.h"

static const char *const diff_columns[ENVRES_DIFF_COLUMNS] = {
    "path", "change", "old_digest", "new_digest", "old_size", "new_size", "text",
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

static envres_status
load_named(struct context *ctx, const envres_version_name *name, struct tree *out,
           envres_error *err)
{
    struct app app = { 0 };
    struct version version = { 0 };
    envres_status st = version_named(ctx, name, false, &app, &version, err);
    return st < 0 ? st : content_load(ctx, &version, out, err);
}

envres_status
content_diff(struct context *ctx, const envres_version_name *from, const envres_version_name *to,
             uint32_t flags, envres_list **out, envres_error *err)
{
    struct tree old_tree = { .mem = ctx->mem };
    struct tree new_tree = { .mem = ctx->mem };
    struct diff diff = { .ctx = ctx, .with_text = (flags & ENVRES_DIFF_WITH_TEXT) != 0 };
    envres_status st = list_new(ctx->mem, diff_columns, ENVRES_DIFF_COLUMNS, &diff.list, err);
    if (st == ENVRES_OK)
        st = db_begin_read(ctx->db, err);
    if (st == ENVRES_OK) {
        st = load_named(ctx, from, &old_tree, err);
        if (st == ENVRES_OK)
            st = load_named(ctx, to, &new_tree, err);
        if (st == ENVRES_OK)
            st = walk(&diff, &old_tree, &new_tree, err);
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
