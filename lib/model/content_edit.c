/* SPDX-License-Identifier: MIT */
/*
 * Editing drafts: put, remove, restore. All edits of a call are one transaction; each is a row, and
 * the row whose place it takes is kept, with the number of the edit that came after it. The tree of
 * a draft is never written here: one pass over it gives the new content digest. Whether a version
 * may be edited at all is the machine's to say.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/draft.h"

enum {
    SQL_HAS_PART,
    SQL_PUT_PART,
    SQL_CLOSE_EDIT,
    SQL_PUT_EDIT,
    SQL_EDIT,
    SQL_ANY_EDIT,
    SQL_AUTHORS,
    SQL_COUNT_
};

static const char *const edit_sql[SQL_COUNT_] = {
    [SQL_HAS_PART] = "SELECT 1 FROM part WHERE workspace_id = ?1 AND digest = ?2",
    [SQL_PUT_PART] = "INSERT INTO part (workspace_id, digest, body) VALUES (?1, ?2, ?3)",
    [SQL_CLOSE_EDIT] = "UPDATE part_edit SET until = ?3"
                       " WHERE version_id = ?1 AND path = ?2 AND until IS NULL",
    [SQL_PUT_EDIT] = "INSERT INTO part_edit"
                     " (version_id, edit, path, action, part, size, public, author, time)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [SQL_EDIT] = "SELECT part, size, public FROM part_edit"
                 " WHERE version_id = ?1 AND edit = ?2 AND path = ?3",
    [SQL_ANY_EDIT] = "SELECT 1 FROM part_edit WHERE version_id = ?1 AND path = ?2 LIMIT 1",
    [SQL_AUTHORS] = "SELECT author FROM part_edit WHERE version_id = ?1 UNION"
                    " SELECT author FROM query_edit WHERE version_id = ?1 ORDER BY author",
};

/* One edit, checked as far as that needs no database. Borrows the caller's path and bytes. */
struct edit {
    struct slice path;
    struct slice data;     /* of a put */
    const uint8_t *expect; /* digest that is there; NULL: any, or none */
    struct tree_entry entry;
    int action;
    bool gone;
    bool is_absent; /* there must be none */
    bool nothing;   /* it changes nothing: left out */
};

/* ---- what the caller gave ------------------------------------------------------------------- */

static envres_status
read_path(const envres_part_write *write, struct slice *out, envres_error *err)
{
    if (!write->path)
        return err_set(err, ENVRES_E_INVALID, "the path is NULL");
    *out = slice_of(write->path, write->path_len);
    return part_check_path(*out, err);
}

static envres_status
read_data(const envres_part_write *write, struct edit *out, envres_error *err)
{
    if (write->data_len == ENVRES_NUL_TERMINATED)
        return err_set(err, ENVRES_E_INVALID, "the length of a part is given, not measured");
    if (!write->data && write->data_len > 0)
        return err_set(err, ENVRES_E_INVALID, "the bytes of the part are NULL");
    if (write->data_len > LIMIT_PART)
        return err_set(err, ENVRES_E_LIMIT, "a part has at most %d bytes", (int)LIMIT_PART);
    out->data = slice_of(write->data ? write->data : "", write->data_len);
    out->entry.size = (int64_t)write->data_len;
    part_digest(out->entry.part, out->data.data, out->data.len);
    return ENVRES_OK;
}

static envres_status
read_write(const envres_part_write *given, struct edit *out, envres_error *err)
{
    const uint32_t known = ENVRES_PART_PUBLIC | ENVRES_PART_REMOVE | ENVRES_PART_ABSENT;
    envres_part_write w = { 0 };
    envres_status st = opts_read(&w, sizeof(w), sizeof(w), given, err);
    if (st == ENVRES_OK)
        st = read_path(&w, &out->path, err);
    if (st < 0)
        return st;
    bool removes = (w.flags & ENVRES_PART_REMOVE) != 0;
    bool absent = (w.flags & ENVRES_PART_ABSENT) != 0;
    if ((w.flags & ~known) || (removes && w.flags != ENVRES_PART_REMOVE) || (absent && w.expect))
        st = err_set(err, ENVRES_E_INVALID, "the write has flags that are unknown or contradict");
    out->action = removes ? EDIT_REMOVE : EDIT_PUT;
    out->gone = removes;
    out->is_absent = absent;
    out->expect = w.expect;
    out->entry.is_public = (w.flags & ENVRES_PART_PUBLIC) != 0;
    if (st == ENVRES_OK && !removes)
        st = read_data(&w, out, err);
    if (st < 0)
        err_subject(err, out->path.data, out->path.len);
    return st;
}

static int
compare_edits(const void *a, const void *b)
{
    const struct edit *const *x = a;
    const struct edit *const *y = b;
    return slice_compare((*x)->path, (*y)->path);
}

/* The edits by path; the same path twice in a call is a mistake. */
static envres_status
sort_edits(const struct mem *mem, struct edit *edits, size_t count, struct edit ***out,
           envres_error *err)
{
    envres_status st = ENVRES_OK;
    struct edit **order = mem_alloc_array(mem, count, sizeof(struct edit *));
    if (!order)
        return err_code(err, ENVRES_E_NOMEM);
    for (size_t i = 0; i < count; i++)
        order[i] = &edits[i];
    qsort(order, count, sizeof(struct edit *), compare_edits);
    for (size_t i = 1; st == ENVRES_OK && i < count; i++) {
        if (slice_equal(order[i - 1]->path, order[i]->path)) {
            st = err_set(err, ENVRES_E_NAME_TAKEN, "the same part is written twice in one call");
            err_subject(err, order[i]->path.data, order[i]->path.len);
        }
    }
    if (st < 0)
        mem_free(mem, order);
    else
        *out = order;
    return st;
}

static envres_status
read_writes(const struct mem *mem, const envres_part_write *given, size_t count, struct edit **out,
            envres_error *err)
{
    uint32_t stride = 0;
    if (count > LIMIT_PARTS)
        return err_set(err, ENVRES_E_LIMIT, "one call takes at most %d writes", (int)LIMIT_PARTS);
    if (!given || count == 0)
        return err_set(err, ENVRES_E_INVALID, "there is nothing to write");
    memcpy(&stride, given, sizeof(stride));
    struct edit *edits = mem_alloc_zero(mem, count * sizeof(*edits));
    if (!edits)
        return err_code(err, ENVRES_E_NOMEM);
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        const char *at = (const char *)given + i * stride;
        uint32_t size = 0;
        memcpy(&size, at, sizeof(size));
        if (size != stride)
            st = err_set(err, ENVRES_E_ABI, "the writes have different sizes");
        else
            st = read_write((const envres_part_write *)(const void *)at, &edits[i], err);
    }
    if (st < 0)
        mem_free(mem, edits);
    else
        *out = edits;
    return st;
}

/* ---- what is there -------------------------------------------------------------------------- */

static envres_status
refuse_changed(const struct edit *edit, const char *how, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_CHANGED, "the part %s; nothing was written", how);
    err_subject(err, edit->path.data, edit->path.len);
    err_hint(err, "read it again and decide anew");
    return st;
}

/* What the caller expects to be there, and whether the edit changes anything. */
static envres_status
settle(const struct tree *tree, struct edit *edit, envres_error *err)
{
    const struct tree_entry *now = tree_find(tree, edit->path);
    if (edit->is_absent && now)
        return refuse_changed(edit, "is there already", err);
    if (edit->expect && !now)
        return refuse_changed(edit, "is not there any more", err);
    if (edit->expect && memcmp(edit->expect, now->part, SEAL_DIGEST) != 0)
        return refuse_changed(edit, "was changed meanwhile", err);
    if (edit->action == EDIT_REMOVE && !now)
        return tree_need(tree, edit->path, &now, err);
    if (!now || edit->gone)
        edit->nothing = !now && edit->gone;
    else
        edit->nothing = memcmp(now->part, edit->entry.part, SEAL_DIGEST) == 0 &&
                        now->is_public == edit->entry.is_public;
    return ENVRES_OK;
}

static envres_status
check_limits(const struct draft *draft, size_t written, envres_error *err)
{
    const char *name = draft->version.name;
    envres_status st = ENVRES_OK;
    if (draft->tree.count > LIMIT_PARTS)
        st = err_set(err, ENVRES_E_LIMIT, "version '%s' would have more than %d parts", name,
                     (int)LIMIT_PARTS);
    else if (draft->tree.bytes > LIMIT_CONTENT)
        st = err_set(err, ENVRES_E_LIMIT, "the parts of version '%s' would have more than %d bytes",
                     name, (int)LIMIT_CONTENT);
    else if (draft->version.edits > LIMIT_EDITS - (int64_t)written)
        st = err_set(err, ENVRES_E_LIMIT, "version '%s' would have more than %d edits", name,
                     (int)LIMIT_EDITS);
    if (st < 0)
        err_subject(err, name, strlen(name));
    return st;
}

struct added {
    struct tree_change *changes;
    struct slice *paths; /* those that were not there */
    size_t change_count;
    size_t path_count;
};

static envres_status
collect(struct draft *draft, struct edit *const *order, size_t count, struct added *added,
        envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        struct edit *edit = order[i];
        st = settle(&draft->tree, edit, err);
        if (st < 0 || edit->nothing)
            continue;
        st = tree_keep(&draft->tree, edit->path, &edit->entry.path, err);
        if (!edit->gone && !tree_find(&draft->tree, edit->path))
            added->paths[added->path_count++] = edit->entry.path;
        added->changes[added->change_count++] = (struct tree_change){ edit->entry, edit->gone };
    }
    return st;
}

/* The draft's tree as it will be; *written: how many edits change something. */
static envres_status
lay_over(struct draft *draft, struct edit *const *order, size_t count, size_t *written,
         envres_error *err)
{
    const struct mem *mem = draft->tree.mem;
    struct added added = { .changes = mem_alloc_array(mem, count, sizeof(*added.changes)),
                           .paths = mem_alloc_array(mem, count, sizeof(*added.paths)) };
    envres_status st = added.changes && added.paths ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
    if (st == ENVRES_OK)
        st = collect(draft, order, count, &added, err);
    if (st == ENVRES_OK)
        st = tree_apply(&draft->tree, added.changes, added.change_count, err);
    if (st == ENVRES_OK)
        st = check_limits(draft, added.change_count, err);
    if (st == ENVRES_OK && added.path_count > 0)
        st = tree_check_added(&draft->tree, added.paths, added.path_count, err);
    *written = added.change_count;
    mem_free(mem, added.changes);
    mem_free(mem, added.paths);
    return st;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static envres_status
put_part(struct context *ctx, const struct edit *edit, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, edit_sql[SQL_HAS_PART], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_blob(stmt, 2, edit->entry.part, SEAL_DIGEST);
    st = db_step(stmt, &row, err);
    db_reset(stmt);
    if (st < 0 || row == DB_ROW)
        return st;
    st = db_use(ctx->db, edit_sql[SQL_PUT_PART], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_blob(stmt, 2, edit->entry.part, SEAL_DIGEST);
    db_bind_blob(stmt, 3, edit->data.data, edit->data.len);
    return db_run(stmt, err);
}

static envres_status
close_edit(struct draft *draft, const struct edit *edit, int64_t number, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(draft->change->ctx->db, edit_sql[SQL_CLOSE_EDIT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, draft->version.id, SEAL_ID);
    db_bind_text(stmt, 2, edit->path.data, edit->path.len);
    db_bind_int(stmt, 3, number);
    return db_run(stmt, err);
}

static envres_status
put_edit(struct draft *draft, const struct edit *edit, int64_t number, envres_error *err)
{
    struct context *ctx = draft->change->ctx;
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, edit_sql[SQL_PUT_EDIT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, draft->version.id, SEAL_ID);
    db_bind_int(stmt, 2, number);
    db_bind_text(stmt, 3, edit->path.data, edit->path.len);
    db_bind_int(stmt, 4, edit->action);
    if (edit->gone)
        db_bind_null(stmt, 5);
    else
        db_bind_blob(stmt, 5, edit->entry.part, SEAL_DIGEST);
    db_bind_int(stmt, 6, edit->gone ? 0 : edit->entry.size);
    db_bind_int(stmt, 7, !edit->gone && edit->entry.is_public);
    db_bind_blob(stmt, 8, context_who(ctx), SEAL_ID);
    db_bind_int(stmt, 9, draft->change->now);
    return db_run(stmt, err);
}

static envres_status
write_edit(struct draft *draft, const struct edit *edit, envres_error *err)
{
    int64_t number = draft->version.edits + 1;
    envres_status st = ENVRES_OK;
    if (edit->action == EDIT_PUT)
        st = put_part(draft->change->ctx, edit, err);
    if (st == ENVRES_OK)
        st = close_edit(draft, edit, number, err);
    if (st == ENVRES_OK)
        st = put_edit(draft, edit, number, err);
    if (st == ENVRES_OK)
        draft->version.edits = number;
    return st;
}

/* All edits of a call, in the order given; `order` is the same by path. */
static envres_status
write_edits(struct draft *draft, const struct edit *edits, struct edit *const *order, size_t count,
            envres_error *err)
{
    struct version *version = &draft->version;
    size_t written = 0;
    envres_status st = lay_over(draft, order, count, &written, err);
    if (st < 0)
        return st;
    draft->change->revision = version->edits;
    if (written == 0) {
        draft->change->nothing = true;
        return ENVRES_OK;
    }
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        if (!edits[i].nothing)
            st = write_edit(draft, &edits[i], err);
    }
    return st == ENVRES_OK ? draft_store(draft, err) : st;
}

/* ---- the calls ------------------------------------------------------------------------------ */

struct put_request {
    const envres_version_name *name;
    const uint8_t *id;
    const struct edit *edits;
    struct edit *const *order;
    size_t count;
    bool *done;
    uint8_t *content;
};

static envres_status
put_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct put_request *request = asked;
    struct draft draft = { 0 };
    envres_status st = draft_open(change, request->name, request->id, &draft, err);
    if (st == ENVRES_OK)
        st = write_edits(&draft, request->edits, request->order, request->count, err);
    tree_free(&draft.tree);
    memcpy(request->content, draft.version.content, SEAL_DIGEST);
    *request->done = st == ENVRES_OK;
    return st;
}

/* The digest that a call made, when it is repeated. */
static envres_status
content_after(struct context *ctx, const struct version *version, int64_t edit,
              uint8_t digest[SEAL_DIGEST], envres_error *err)
{
    struct tree tree = { .mem = ctx->mem };
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    st = content_compose(ctx, version, edit, &tree, err);
    if (st == ENVRES_OK)
        st = tree_digest(&tree, digest, err);
    tree_free(&tree);
    return db_end(ctx->db, st, NULL, err);
}

static envres_status
put_edits(struct context *ctx, const envres_version_name *name, const struct edit *edits,
          struct edit *const *order, size_t count, const envres_change *given, uint8_t *content,
          envres_error *err)
{
    struct app app = { 0 };
    struct version version = { 0 };
    uint8_t digest[SEAL_DIGEST] = { 0 };
    bool done = false;
    int64_t revision = 0;
    struct buf title;
    buf_init(&title, ctx->mem, false);
    envres_status st = draft_find(ctx, name, &app, &version, err);
    if (st == ENVRES_OK)
        st = draft_title(&app, &version, count == 1 ? edits[0].path : slice_str(""), &title, err);
    if (st == ENVRES_OK) {
        struct put_request request = { name, version.id, edits, order, count, &done, digest };
        struct change_title what = { "part.put", count == 1 ? "part/" : "version/",
                                     slice_of(title.data, title.len), NULL };
        st = change_run(ctx, given, &what, put_inside, &request, &revision, err);
    }
    if (st == ENVRES_OK && !done)
        st = content_after(ctx, &version, revision, digest, err);
    if (st == ENVRES_OK && content)
        memcpy(content, digest, SEAL_DIGEST);
    buf_free(&title);
    return st;
}

envres_status
part_put(struct context *ctx, const envres_version_name *name, const envres_part_write *writes,
         size_t count, const envres_change *given, uint8_t *content, envres_error *err)
{
    struct edit *edits = NULL;
    struct edit **order = NULL;
    envres_status st = read_writes(ctx->mem, writes, count, &edits, err);
    if (st == ENVRES_OK)
        st = sort_edits(ctx->mem, edits, count, &order, err);
    if (st == ENVRES_OK)
        st = put_edits(ctx, name, edits, order, count, given, content, err);
    mem_free(ctx->mem, order);
    mem_free(ctx->mem, edits);
    return st;
}

/* ---- restore -------------------------------------------------------------------------------- */

/* As the version was made. A path that it never had is a mistake, not a part taken out. */
static envres_status
find_first(struct draft *draft, struct edit *edit, envres_error *err)
{
    struct context *ctx = draft->change->ctx;
    struct tree base = { .mem = ctx->mem };
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = content_base(ctx, &draft->version, &base, err);
    if (st < 0)
        return st;
    const struct tree_entry *entry = tree_find(&base, edit->path);
    edit->gone = !entry;
    if (entry) {
        edit->entry = *entry;
        goto out;
    }
    st = db_use(ctx->db, edit_sql[SQL_ANY_EDIT], &stmt, err);
    if (st < 0)
        goto out;
    db_bind_blob(stmt, 1, draft->version.id, SEAL_ID);
    db_bind_text(stmt, 2, edit->path.data, edit->path.len);
    st = db_step(stmt, &row, err);
    db_reset(stmt);
    if (st == ENVRES_OK && row == DB_DONE)
        st = tree_need(&draft->tree, edit->path, &entry, err);
out:
    tree_free(&base);
    return st;
}

/* No digest covers an edit that was replaced: what it says of its part is held against the part. */
static envres_status
check_stored(struct context *ctx, const struct edit *edit, envres_error *err)
{
    struct tree_entry entry = edit->entry;
    struct buf bytes;
    if (edit->gone)
        return ENVRES_OK;
    entry.path = edit->path;
    buf_init(&bytes, ctx->mem, false);
    envres_status st = content_part(ctx, &entry, &bytes, err);
    buf_free(&bytes);
    return st;
}

static envres_status
find_edit(struct draft *draft, int64_t number, struct edit *edit, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(draft->change->ctx->db, edit_sql[SQL_EDIT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, draft->version.id, SEAL_ID);
    db_bind_int(stmt, 2, number);
    db_bind_text(stmt, 3, edit->path.data, edit->path.len);
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    if (row == DB_DONE) {
        st = err_set(err, ENVRES_E_NOT_FOUND, "edit %lld is not one of this part",
                     (long long)number);
        err_subject(err, edit->path.data, edit->path.len);
        err_hint(err, "its history lists those there are; 0 is the part as the version was made");
        return st;
    }
    struct slice part = db_column_blob(stmt, 0);
    edit->gone = db_column_is(stmt, 0, DB_NULL);
    edit->entry.size = db_column_int(stmt, 1);
    edit->entry.is_public = db_column_int(stmt, 2) != 0;
    if (part.len == SEAL_DIGEST)
        memcpy(edit->entry.part, part.data, SEAL_DIGEST);
    db_reset(stmt);
    return check_stored(draft->change->ctx, edit, err);
}

struct restore_request {
    const envres_version_name *name;
    const uint8_t *id;
    struct slice path;
    int64_t edit;
};

static envres_status
restore_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct restore_request *request = asked;
    struct draft draft = { 0 };
    struct edit edit = { .path = request->path, .action = EDIT_RESTORE };
    struct edit *order[] = { &edit };
    envres_status st = draft_open(change, request->name, request->id, &draft, err);
    if (st == ENVRES_OK && request->edit == 0)
        st = find_first(&draft, &edit, err);
    else if (st == ENVRES_OK)
        st = find_edit(&draft, request->edit, &edit, err);
    if (st == ENVRES_OK)
        st = write_edits(&draft, &edit, order, 1, err);
    tree_free(&draft.tree);
    return st;
}

envres_status
part_restore(struct context *ctx, const envres_version_name *name, struct slice path, int64_t edit,
             const envres_change *given, envres_error *err)
{
    struct app app = { 0 };
    struct version version = { 0 };
    struct buf title;
    buf_init(&title, ctx->mem, false);
    envres_status st = draft_find(ctx, name, &app, &version, err);
    if (st == ENVRES_OK)
        st = draft_title(&app, &version, path, &title, err);
    if (st == ENVRES_OK) {
        struct restore_request request = { name, version.id, path, edit };
        struct change_title what = { "part.restore", "part/", slice_of(title.data, title.len),
                                     NULL };
        st = change_run(ctx, given, &what, restore_inside, &request, NULL, err);
    }
    buf_free(&title);
    return st;
}

/* ---- authors -------------------------------------------------------------------------------- */

static envres_status
add_editors(struct change *change, const struct version *version, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(change->ctx->db, edit_sql[SQL_AUTHORS], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, version->id, SEAL_ID);
    for (size_t i = 0; i <= LIMIT_AUTHORS; i++) {
        int row = DB_DONE;
        uint8_t author[SEAL_ID] = { 0 };
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = column_id(stmt, 0, author, err);
        if (st < 0)
            break;
        change_author(change, author);
    }
    db_reset(stmt);
    return st;
}

envres_status
content_authors(struct change *change, const struct version *version, const uint8_t *live,
                envres_error *err)
{
    struct version at = *version;
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < LIMIT_VERSIONS; i++) {
        if (live && memcmp(at.id, live, SEAL_ID) == 0)
            break;
        change_author(change, at.author);
        st = add_editors(change, &at, err);
        if (st < 0 || !at.has_parent)
            break;
        uint8_t parent[SEAL_ID];
        memcpy(parent, at.parent, SEAL_ID);
        st = version_by_id(change->ctx, parent, &at, err);
    }
    return st;
}
