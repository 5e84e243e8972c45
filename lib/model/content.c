/* SPDX-License-Identifier: MIT */
/*
 * Content: reading parts, trees, and what they make of a version. Whatever is read is compared with
 * its digest before it is used, so bytes that were exchanged in the file are an error, never an
 * answer. Editing is content_edit.c.
 */
#include "model/content.h"

#include <string.h>

#include <envres/value.h>

#include "base/list.h"
#include "base/text.h"
#include "base/value.h"
#include "model/pin.h"
#include "model/tree.h"

enum {
    SQL_TREE,
    SQL_HAS_TREE,
    SQL_PUT_TREE,
    SQL_PART,
    SQL_EDITS_NOW,
    SQL_EDITS_AT,
    SQL_PINS_NOW,
    SQL_PINS_AT,
    SQL_HISTORY,
    SQL_HISTORY_OF,
    SQL_COUNT_
};

static const char *const content_sql[SQL_COUNT_] = {
    [SQL_TREE] = "SELECT body FROM tree WHERE workspace_id = ?1 AND digest = ?2",
    [SQL_HAS_TREE] = "SELECT 1 FROM tree WHERE workspace_id = ?1 AND digest = ?2",
    [SQL_PUT_TREE] = "INSERT INTO tree (workspace_id, digest, body) VALUES (?1, ?2, ?3)",
    [SQL_PART] = "SELECT body FROM part WHERE workspace_id = ?1 AND digest = ?2",
    [SQL_EDITS_NOW] = "SELECT path, part, size, public FROM part_edit"
                      " WHERE version_id = ?1 AND until IS NULL ORDER BY path",
    [SQL_EDITS_AT] = "SELECT path, part, size, public FROM part_edit"
                     " WHERE version_id = ?1 AND edit <= ?2 AND (until IS NULL OR until > ?2)"
                     " ORDER BY path",
    [SQL_PINS_NOW] = "SELECT query_id, action, revision FROM query_edit"
                     " WHERE version_id = ?1 AND until IS NULL ORDER BY query_id",
    [SQL_PINS_AT] = "SELECT query_id, action, revision FROM query_edit"
                    " WHERE version_id = ?1 AND edit <= ?2 AND (until IS NULL OR until > ?2)"
                    " ORDER BY query_id",
    [SQL_HISTORY] = "SELECT edit, path, action, part, size, public, author, time FROM part_edit"
                    " WHERE version_id = ?1 ORDER BY edit DESC",
    [SQL_HISTORY_OF] = "SELECT edit, path, action, part, size, public, author, time FROM part_edit"
                       " WHERE version_id = ?1 AND path = ?2 ORDER BY edit DESC",
};

void
part_digest(uint8_t digest[SEAL_DIGEST], const void *data, size_t len)
{
    seal_digest(digest, "envres1/part", data, len);
}

static envres_status
damaged(const char *what, struct slice subject, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_INTEGRITY, "%s", what);
    err_subject(err, subject.data, subject.len);
    err_hint(err, "run verify, and restore the store from a backup");
    return st;
}

/* ---- trees ---------------------------------------------------------------------------------- */

/* A row by its digest; *found false: there is none. The caller resets the statement. */
static envres_status
find_row(struct context *ctx, const char *sql, const uint8_t digest[SEAL_DIGEST],
         struct db_stmt **stmt, bool *found, envres_error *err)
{
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, sql, stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(*stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_blob(*stmt, 2, digest, SEAL_DIGEST);
    st = db_step(*stmt, &row, err);
    *found = st == ENVRES_OK && row == DB_ROW;
    return st;
}

static envres_status
has_tree(struct context *ctx, const uint8_t digest[SEAL_DIGEST], bool *found, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = find_row(ctx, content_sql[SQL_HAS_TREE], digest, &stmt, found, err);
    if (st == ENVRES_OK)
        db_reset(stmt);
    return st;
}

envres_status
content_tree(struct context *ctx, const uint8_t digest[SEAL_DIGEST], struct tree *out,
             envres_error *err)
{
    struct db_stmt *stmt = NULL;
    uint8_t computed[SEAL_DIGEST];
    bool found = false;
    envres_status st = find_row(ctx, content_sql[SQL_TREE], digest, &stmt, &found, err);
    if (st < 0)
        return st;
    if (!found)
        return damaged("a list of parts is missing", slice_str(""), err);
    struct slice body = db_column_blob(stmt, 0);
    seal_digest(computed, "envres1/tree", body.data, body.len);
    if (memcmp(computed, digest, SEAL_DIGEST) == 0)
        st = tree_decode(ctx->mem, body, out, err);
    else
        st = damaged("a list of parts is not the one that was written", slice_str(""), err);
    db_reset(stmt);
    return st;
}

/* ---- base and edits ------------------------------------------------------------------------- */

struct changes {
    struct tree_change *items;
    size_t count;
    size_t room;
};

/* Room for one more, zeroed; NULL when refused. */
static struct tree_change *
add_change(const struct mem *mem, struct changes *changes)
{
    struct tree_change *grown =
        mem_grow(mem, changes->items, &changes->room, changes->count, sizeof(*grown));
    if (!grown)
        return NULL;
    changes->items = grown;
    struct tree_change *change = &changes->items[changes->count++];
    *change = (struct tree_change){ .gone = false };
    return change;
}

/* The columns path, part, size, public of an edit. */
static envres_status
read_edit(struct db_stmt *stmt, struct tree *tree, struct tree_change *change, envres_error *err)
{
    struct slice path = db_column_text(stmt, 0);
    struct slice part = db_column_blob(stmt, 1);
    int64_t size = db_column_int(stmt, 2);
    change->gone = db_column_is(stmt, 1, DB_NULL);
    change->entry.size = size;
    change->entry.is_public = db_column_int(stmt, 3) != 0;
    bool good = part_check_path(path, NULL) == ENVRES_OK && size >= 0 && size <= LIMIT_PART;
    if (!good || (!change->gone && part.len != SEAL_DIGEST))
        return damaged("an edit of a part is damaged", path, err);
    if (!change->gone)
        memcpy(change->entry.part, part.data, SEAL_DIGEST);
    return tree_keep(tree, path, &change->entry.path, err);
}

static envres_status
read_edits(struct context *ctx, const struct version *version, int64_t at, struct tree *tree,
           struct changes *changes, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st =
        db_use(ctx->db, content_sql[at < 0 ? SQL_EDITS_NOW : SQL_EDITS_AT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, version->id, SEAL_ID);
    if (at >= 0)
        db_bind_int(stmt, 2, at);
    while (st == ENVRES_OK) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            return st;
        struct tree_change *change = add_change(ctx->mem, changes);
        if (!change)
            st = err_code(err, ENVRES_E_NOMEM);
        else if (changes->count > LIMIT_EDITS)
            st =
                damaged("a version has more edits than it can have", slice_str(version->name), err);
        else
            st = read_edit(stmt, tree, change, err);
    }
    db_reset(stmt);
    return st;
}

struct pin_changes {
    struct tree_pin_change *items;
    size_t count;
    size_t room;
};

/* The columns query, action, revision of an edit. */
static envres_status
read_pin_edit(struct db_stmt *stmt, const struct version *version, struct tree_pin_change *change,
              envres_error *err)
{
    int64_t action = db_column_int(stmt, 1);
    int64_t revision = db_column_int(stmt, 2);
    envres_status st = column_id(stmt, 0, change->pin.query, err);
    if (st == ENVRES_OK && (action < EDIT_PIN || action > EDIT_UNPIN || revision < 0 ||
                            revision > LIMIT_QUERY_REVISIONS))
        st = damaged("an edit of a pin is damaged", slice_str(version->name), err);
    change->gone = action == EDIT_UNPIN;
    change->pin.revision = revision;
    change->pin.follows = revision == 0;
    return st;
}

static envres_status
read_pin_edits(struct context *ctx, const struct version *version, int64_t at,
               struct pin_changes *changes, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st =
        db_use(ctx->db, content_sql[at < 0 ? SQL_PINS_NOW : SQL_PINS_AT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, version->id, SEAL_ID);
    if (at >= 0)
        db_bind_int(stmt, 2, at);
    while (st == ENVRES_OK) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            return st;
        struct tree_pin_change *grown =
            mem_grow(ctx->mem, changes->items, &changes->room, changes->count, sizeof(*grown));
        if (!grown) {
            st = err_code(err, ENVRES_E_NOMEM);
            break;
        }
        changes->items = grown;
        struct tree_pin_change *change = &grown[changes->count++];
        *change = (struct tree_pin_change){ .gone = false };
        if (changes->count > LIMIT_EDITS)
            st =
                damaged("a version has more edits than it can have", slice_str(version->name), err);
        else
            st = read_pin_edit(stmt, version, change, err);
    }
    db_reset(stmt);
    return st;
}

static envres_status
lay_pins(struct context *ctx, const struct version *version, int64_t at, struct tree *tree,
         envres_error *err)
{
    struct pin_changes changes = { NULL, 0, 0 };
    tree_loosen(tree);
    envres_status st = read_pin_edits(ctx, version, at, &changes, err);
    if (st == ENVRES_OK)
        st = tree_apply_pins(tree, changes.items, changes.count, err);
    mem_free(ctx->mem, changes.items);
    return st;
}

envres_status
content_base(struct context *ctx, const struct version *version, struct tree *out,
             envres_error *err)
{
    if (version->has_base)
        return content_tree(ctx, version->base, out, err);
    *out = (struct tree){ .mem = ctx->mem };
    return ENVRES_OK;
}

envres_status
content_compose(struct context *ctx, const struct version *version, int64_t at, struct tree *out,
                envres_error *err)
{
    struct tree tree = { .mem = ctx->mem };
    struct changes changes = { NULL, 0, 0 };
    envres_status st = content_base(ctx, version, &tree, err);
    if (st == ENVRES_OK)
        st = read_edits(ctx, version, at, &tree, &changes, err);
    if (st == ENVRES_OK)
        st = tree_apply(&tree, changes.items, changes.count, err);
    if (st == ENVRES_OK)
        st = lay_pins(ctx, version, at, &tree, err);
    if (st == ENVRES_OK &&
        (tree.count > LIMIT_PARTS || tree.bytes > LIMIT_CONTENT || tree.pin_count > LIMIT_PINS))
        st = damaged("a version has more parts than it can have", slice_str(version->name), err);
    mem_free(ctx->mem, changes.items);
    if (st < 0)
        tree_free(&tree);
    else
        *out = tree;
    return st;
}

static envres_status
load_draft(struct context *ctx, const struct version *version, struct tree *out, envres_error *err)
{
    struct tree tree = { .mem = ctx->mem };
    uint8_t digest[SEAL_DIGEST];
    envres_status st = content_compose(ctx, version, -1, &tree, err);
    if (st == ENVRES_OK)
        st = tree_digest(&tree, digest, err);
    if (st == ENVRES_OK && memcmp(digest, version->content, SEAL_DIGEST) != 0)
        st = damaged("the parts of a draft are not those that were written",
                     slice_str(version->name), err);
    if (st < 0)
        tree_free(&tree);
    else
        *out = tree;
    return st;
}

/* What a discarded version held may have been freed: its tree, or the edits that made it. */
static envres_status
load_discarded(struct context *ctx, const struct version *version, struct tree *out,
               envres_error *err)
{
    bool found = false;
    envres_status st = has_tree(ctx, version->content, &found, err);
    if (st == ENVRES_OK && found)
        return content_tree(ctx, version->content, out, err);
    if (st == ENVRES_OK)
        st = load_draft(ctx, version, out, err);
    if (st == ENVRES_E_INTEGRITY) {
        st = err_set(err, ENVRES_E_DISCARDED, "version '%s' was discarded, and its parts are gone",
                     version->name);
        err_subject(err, version->name, strlen(version->name));
    }
    return st;
}

envres_status
content_load(struct context *ctx, const struct version *version, struct tree *out,
             envres_error *err)
{
    if (version->stored == STORED_DRAFT)
        return load_draft(ctx, version, out, err);
    if (version->stored == STORED_DISCARDED)
        return load_discarded(ctx, version, out, err);
    return content_tree(ctx, version->content, out, err);
}

static envres_status
put_tree(struct context *ctx, const uint8_t digest[SEAL_DIGEST], const struct tree *tree,
         envres_error *err)
{
    struct db_stmt *stmt = NULL;
    struct buf body;
    buf_init(&body, ctx->mem, false);
    envres_status st = tree_encode(tree, &body, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, content_sql[SQL_PUT_TREE], &stmt, err);
    if (st == ENVRES_OK) {
        db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
        db_bind_blob(stmt, 2, digest, SEAL_DIGEST);
        db_bind_blob(stmt, 3, body.data, body.len);
        st = db_run(stmt, err);
    }
    buf_free(&body);
    return st;
}

envres_status
content_keep(struct context *ctx, const struct version *version, envres_error *err)
{
    struct tree tree = { .mem = ctx->mem };
    bool found = false;
    envres_status st = has_tree(ctx, version->content, &found, err);
    if (st < 0 || found)
        return st;
    st = content_load(ctx, version, &tree, err);
    if (st == ENVRES_OK)
        st = put_tree(ctx, version->content, &tree, err);
    tree_free(&tree);
    return st;
}

envres_status
content_freeze(struct context *ctx, struct version *version, envres_error *err)
{
    struct tree tree = { .mem = ctx->mem };
    uint8_t digest[SEAL_DIGEST] = { 0 };
    bool found = false;
    if (version->stored != STORED_DRAFT || version->pins == 0)
        return content_keep(ctx, version, err);
    envres_status st = content_load(ctx, version, &tree, err);
    if (st == ENVRES_OK)
        st = pins_record(ctx, version, &tree, err);
    if (st == ENVRES_OK)
        st = tree_digest(&tree, digest, err);
    if (st == ENVRES_OK)
        st = has_tree(ctx, digest, &found, err);
    if (st == ENVRES_OK && !found)
        st = put_tree(ctx, digest, &tree, err);
    if (st == ENVRES_OK) {
        memcpy(version->content, digest, SEAL_DIGEST);
        st = version_store_content(ctx, version, err);
    }
    tree_free(&tree);
    return st;
}

envres_status
content_begin(struct context *ctx, const struct version *from, uint8_t digest[SEAL_DIGEST],
              envres_error *err)
{
    struct tree tree = { .mem = ctx->mem };
    memcpy(digest, from->content, SEAL_DIGEST);
    if (from->pins == 0)
        return ENVRES_OK;
    envres_status st = content_load(ctx, from, &tree, err);
    if (st == ENVRES_OK) {
        tree_loosen(&tree);
        st = tree_digest(&tree, digest, err);
    }
    tree_free(&tree);
    return st;
}

/* ---- parts ---------------------------------------------------------------------------------- */

envres_status
content_part(struct context *ctx, const struct tree_entry *entry, struct buf *out,
             envres_error *err)
{
    struct db_stmt *stmt = NULL;
    uint8_t computed[SEAL_DIGEST];
    bool found = false;
    envres_status st = find_row(ctx, content_sql[SQL_PART], entry->part, &stmt, &found, err);
    if (st < 0)
        return st;
    if (!found)
        return damaged("the bytes of a part are missing", entry->path, err);
    struct slice body = db_column_blob(stmt, 0);
    part_digest(computed, body.data, body.len);
    if (memcmp(computed, entry->part, SEAL_DIGEST) != 0 || (int64_t)body.len != entry->size) {
        st = damaged("the bytes of a part are not those that were written", entry->path, err);
    } else {
        buf_add(out, body.data, body.len);
        st = buf_status(out, err);
    }
    db_reset(stmt);
    return st;
}

/*
 * The tree of a version, kept in the context for the next part that is read of it: whoever reads
 * all parts one by one does not compose and compare the whole list for each of them. A tree never
 * changes under its digest, and was compared with it when it was composed. What a discarded version
 * held may go at any time, so that is looked at anew; so is all that a change builds on.
 */
static envres_status
keep_tree(struct context *ctx, const struct version *version, const struct tree **out,
          envres_error *err)
{
    struct tree tree = { .mem = ctx->mem };
    if (ctx->tree && version->stored != STORED_DISCARDED &&
        memcmp(ctx->tree_digest, version->content, SEAL_DIGEST) == 0) {
        *out = ctx->tree;
        return ENVRES_OK;
    }
    context_drop_tree(ctx);
    envres_status st = content_load(ctx, version, &tree, err);
    if (st < 0)
        return st;
    ctx->tree = mem_alloc(ctx->mem, sizeof(*ctx->tree));
    if (!ctx->tree) {
        tree_free(&tree);
        return err_code(err, ENVRES_E_NOMEM);
    }
    *ctx->tree = tree;
    memcpy(ctx->tree_digest, version->content, SEAL_DIGEST);
    *out = ctx->tree;
    return ENVRES_OK;
}

static envres_status
get_inside(struct context *ctx, const envres_version_name *name, struct slice path,
           envres_value **out, envres_error *err)
{
    struct app app = { 0 };
    struct version version = { 0 };
    const struct tree *tree = NULL;
    const struct tree_entry *entry = NULL;
    struct buf bytes;
    buf_init(&bytes, ctx->mem, false);
    envres_status st = version_named(ctx, name, false, &app, &version, err);
    if (st == ENVRES_OK)
        st = keep_tree(ctx, &version, &tree, err);
    if (st == ENVRES_OK)
        st = tree_need(tree, path, &entry, err);
    if (st == ENVRES_OK)
        st = content_part(ctx, entry, &bytes, err);
    if (st == ENVRES_OK)
        st = value_from_buf(ENVRES_TYPE_BYTES, &bytes, NULL, 0, out, err);
    buf_free(&bytes);
    return st;
}

envres_status
part_get(struct context *ctx, const envres_version_name *name, struct slice path,
         envres_value **out, envres_error *err)
{
    envres_value *value = NULL;
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    st = db_end(ctx->db, get_inside(ctx, name, path, &value, err), NULL, err);
    if (st < 0)
        envres_value_free(value);
    else
        *out = value;
    return st;
}

/* ---- lists ---------------------------------------------------------------------------------- */

static const char *const part_columns[ENVRES_PART_COLUMNS] = { "path", "digest", "size", "public" };

static const char *const edit_columns[ENVRES_EDIT_COLUMNS] = {
    "edit", "path", "action", "digest", "size", "public", "author", "time",
};

static void
set_digest(envres_list *list, uint32_t column, const void *digest)
{
    char hex[2 * SEAL_DIGEST + 1];
    text_hex(hex, digest, SEAL_DIGEST);
    list_set_str(list, column, hex);
}

static envres_status
list_parts(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    const envres_version_name *name = asked;
    struct app app = { 0 };
    struct version version = { 0 };
    struct tree tree = { .mem = ctx->mem };
    envres_status st = version_named(ctx, name, false, &app, &version, err);
    if (st == ENVRES_OK)
        st = content_load(ctx, &version, &tree, err);
    for (size_t i = 0; st == ENVRES_OK && i < tree.count; i++) {
        const struct tree_entry *entry = &tree.entries[i];
        list_row(list);
        list_set_text(list, ENVRES_PART_PATH, entry->path.data, entry->path.len);
        set_digest(list, ENVRES_PART_DIGEST, entry->part);
        list_set_int(list, ENVRES_PART_SIZE, entry->size);
        list_set_int(list, ENVRES_PART_IS_PUBLIC, entry->is_public);
    }
    tree_free(&tree);
    return st == ENVRES_OK ? list_status(list, err) : st;
}

envres_status
part_list(struct context *ctx, const envres_version_name *name, envres_list **out,
          envres_error *err)
{
    static const struct list_shape shape = { part_columns, ENVRES_PART_COLUMNS };
    return context_list(ctx, &shape, list_parts, name, out, err);
}

static const char *
action_name(int64_t action)
{
    static const char *const names[] = { "?", "put", "remove", "restore" };
    return action >= EDIT_PUT && action <= EDIT_RESTORE ? names[action] : names[0];
}

static envres_status
list_edit(struct context *ctx, struct db_stmt *stmt, envres_list *list, envres_error *err)
{
    struct slice path = db_column_text(stmt, 1);
    struct slice part = db_column_blob(stmt, 3);
    struct buf author;
    uint8_t id[SEAL_ID];
    envres_status st = column_id(stmt, 6, id, err);
    if (st < 0)
        return st;
    list_row(list);
    list_set_int(list, ENVRES_EDIT_NUMBER, db_column_int(stmt, 0));
    list_set_text(list, ENVRES_EDIT_PATH, path.data, path.len);
    list_set_str(list, ENVRES_EDIT_ACTION, action_name(db_column_int(stmt, 2)));
    if (part.len == SEAL_DIGEST) {
        set_digest(list, ENVRES_EDIT_DIGEST, part.data);
        list_set_int(list, ENVRES_EDIT_SIZE, db_column_int(stmt, 4));
        list_set_int(list, ENVRES_EDIT_IS_PUBLIC, db_column_int(stmt, 5));
    }
    list_set_int(list, ENVRES_EDIT_TIME, db_column_int(stmt, 7));
    buf_init(&author, ctx->mem, false);
    st = context_author(ctx, id, &author, err);
    if (st == ENVRES_OK)
        list_set_text(list, ENVRES_EDIT_AUTHOR, author.data, author.len);
    buf_free(&author);
    return st;
}

struct history_request {
    const envres_version_name *name;
    struct slice path; /* .data NULL: all */
};

static envres_status
list_history(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    const struct history_request *request = asked;
    const envres_version_name *name = request->name;
    struct slice path = request->path;
    struct app app = { 0 };
    struct version version = { 0 };
    struct db_stmt *stmt = NULL;
    envres_status st = version_named(ctx, name, false, &app, &version, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, content_sql[path.data ? SQL_HISTORY_OF : SQL_HISTORY], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, version.id, SEAL_ID);
    if (path.data)
        db_bind_text(stmt, 2, path.data, path.len);
    for (size_t i = 0; st == ENVRES_OK && i <= LIMIT_EDITS; i++) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            return st == ENVRES_OK ? list_status(list, err) : st;
        st = list_edit(ctx, stmt, list, err);
    }
    db_reset(stmt);
    return st == ENVRES_OK ? list_status(list, err) : st;
}

envres_status
part_history(struct context *ctx, const envres_version_name *name, struct slice path,
             envres_list **out, envres_error *err)
{
    struct history_request request = { name, path };
    static const struct list_shape shape = { edit_columns, ENVRES_EDIT_COLUMNS };
    return context_list(ctx, &shape, list_history, &request, out, err);
}
