/* SPDX-License-Identifier: MIT */
/*
 * Which queries a version uses, and at which revision. Pins are edits of a draft like those of its
 * parts: rows of query_edit, numbered in the same row. Of one name a version uses one query, though
 * a query that was removed leaves its name to the next.
 *
 * Not here: how pins stand in a tree (tree.c), and serving them (resolve/uses.c).
 */
#include "model/pin.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "model/draft.h"

enum {
    SQL_CLOSE,
    SQL_ADD,
    SQL_NAMED,
    SQL_USER,
    SQL_RESOURCE_USER,
    SQL_RESOURCE,
    SQL_AUTHORS,
    SQL_COUNT_
};

static const char *const pin_sql[SQL_COUNT_] = {
    [SQL_CLOSE] = "UPDATE query_edit SET until = ?3"
                  " WHERE version_id = ?1 AND query_id = ?2 AND until IS NULL",
    [SQL_ADD] = "INSERT INTO query_edit"
                " (version_id, edit, query_id, action, revision, author, time)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_NAMED] = "SELECT id FROM query WHERE workspace_id = ?1 AND name = ?2 ORDER BY id",
    /* Versions whose tree or edits have the id in them; what is in a part's path or digest by
     * chance is found out when the content is read. */
    [SQL_USER] =
        "SELECT v.id FROM version v JOIN app a ON a.id = v.app_id WHERE a.workspace_id = ?1"
        " AND v.state <> 4 AND v.id > ?3 AND (EXISTS (SELECT 1 FROM query_edit e"
        " WHERE e.version_id = v.id AND e.query_id = ?2 AND e.until IS NULL)"
        " OR (v.pins > 0 AND EXISTS (SELECT 1 FROM tree t WHERE t.workspace_id = ?1 AND t.digest ="
        " CASE WHEN v.state = 1 THEN v.base ELSE v.content END AND instr(t.body, ?2) > 0)))"
        " ORDER BY v.id LIMIT 1",
    /* The same of any query that was for a resource: each tree is read once for all of them. */
    [SQL_RESOURCE_USER] =
        "WITH wanted (id) AS MATERIALIZED (SELECT DISTINCT query_id FROM query_revision"
        " JOIN query ON query.id = query_id WHERE workspace_id = ?1 AND resource_id = ?2)"
        " SELECT v.id FROM version v JOIN app a ON a.id = v.app_id WHERE a.workspace_id = ?1"
        " AND v.state <> 4 AND v.id > ?3 AND EXISTS (SELECT 1 FROM wanted)"
        " AND (EXISTS (SELECT 1 FROM query_edit e"
        " WHERE e.version_id = v.id AND e.query_id IN wanted AND e.until IS NULL)"
        " OR (v.pins > 0 AND EXISTS (SELECT 1 FROM tree t CROSS JOIN wanted WHERE"
        " t.workspace_id = ?1 AND t.digest ="
        " CASE WHEN v.state = 1 THEN v.base ELSE v.content END AND instr(t.body, wanted.id) > 0)))"
        " ORDER BY v.id LIMIT 1",
    [SQL_RESOURCE] = "SELECT 1 FROM query_revision WHERE query_id = ?1 AND revision = ?2"
                     " AND resource_id = ?3",
    /* With whoever wrote what was restored, and that may have been restored, too. */
    [SQL_AUTHORS] =
        "WITH RECURSIVE made (revision) AS (SELECT revision FROM query_revision"
        " WHERE query_id = ?1 AND revision > ?2 AND revision <= ?3"
        " UNION SELECT r.restored FROM made JOIN query_revision r"
        " ON r.query_id = ?1 AND r.revision = made.revision WHERE r.restored > 0)"
        " SELECT author FROM query_revision WHERE query_id = ?1"
        " AND revision IN (SELECT revision FROM made) UNION SELECT signer FROM query_revision"
        " WHERE query_id = ?1 AND revision IN (SELECT revision FROM made)",
};

/* ---- revisions ------------------------------------------------------------------------------ */

/* A pin need not be recorded: it was never promoted; of a discarded one nobody knows. */
static bool
is_loose(const struct version *version)
{
    return version->stored == STORED_DRAFT || version->stored == STORED_DISCARDED;
}

envres_status
pin_revision(struct context *ctx, const struct version *version, const struct tree_pin *pin,
             int64_t *out, envres_error *err)
{
    int64_t newest = 0;
    *out = pin->revision;
    if (pin->revision > 0)
        return ENVRES_OK;
    envres_status st = ENVRES_OK;
    if (is_loose(version))
        st = query_newest(ctx, pin->query, &newest, err);
    *out = newest;
    if (st < 0 || newest > 0)
        return st;
    st = err_set(err, ENVRES_E_INTEGRITY, "a query that version '%s' uses is not in the store",
                 version->name);
    err_subject(err, version->name, strlen(version->name));
    err_hint(err, "run verify, then put a backup in its place");
    return st;
}

/* A number alone may come to stand for another text: where the newest revisions are lost, the next
 * put counts on from what is left. */
static envres_status
check_recorded(const struct version *version, const struct tree_pin *pin,
               const struct query_row *row, envres_error *err)
{
    if ((is_loose(version) && !tree_pin_recorded(pin)) ||
        memcmp(pin->digest, row->digest, SEAL_DIGEST) == 0)
        return ENVRES_OK;
    envres_status st =
        err_set(err, ENVRES_E_INTEGRITY,
                "revision %lld of query '%s' is not the one that version '%s' recorded",
                (long long)row->revision, row->name, version->name);
    err_subject(err, row->name, strlen(row->name));
    err_hint(err, "put a backup in its place, or make a version that uses the query as it is now");
    return st;
}

envres_status
pin_read(struct context *ctx, const struct version *version, const struct tree_pin *pin,
         struct query_row *out, envres_error *err)
{
    int64_t revision = 0;
    *out = (struct query_row){ .revision = 0 };
    envres_status st = pin_revision(ctx, version, pin, &revision, err);
    if (st == ENVRES_OK)
        st = query_by_id(ctx, pin->query, revision, out, err);
    return st == ENVRES_OK ? check_recorded(version, pin, out, err) : st;
}

/* Zeroes when it is neither recorded nor there. */
static envres_status
text_of(struct context *ctx, const struct tree_pin *pin, int64_t revision,
        uint8_t digest[SEAL_DIGEST], envres_error *err)
{
    bool found = false;
    memcpy(digest, pin->digest, SEAL_DIGEST);
    return tree_pin_recorded(pin) ? ENVRES_OK
                                  : query_digest(ctx, pin->query, revision, &found, digest, err);
}

envres_status
pin_same_text(struct context *ctx, const struct tree_pin *a, const struct tree_pin *b,
              int64_t revision, bool *out, envres_error *err)
{
    uint8_t one[SEAL_DIGEST] = { 0 };
    uint8_t other[SEAL_DIGEST] = { 0 };
    envres_status st = text_of(ctx, a, revision, one, err);
    if (st == ENVRES_OK)
        st = text_of(ctx, b, revision, other, err);
    *out = st == ENVRES_OK && memcmp(one, other, SEAL_DIGEST) == 0;
    return st;
}

envres_status
pins_record(struct context *ctx, const struct version *version, struct tree *tree,
            envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < tree->pin_count; i++) {
        struct tree_pin *pin = &tree->pins[i];
        struct query_row row;
        st = pin_read(ctx, version, pin, &row, err);
        if (st == ENVRES_OK) {
            pin->revision = row.revision;
            memcpy(pin->digest, row.digest, SEAL_DIGEST);
        }
        query_row_free(ctx->mem, &row);
    }
    return st;
}

/* ---- names ---------------------------------------------------------------------------------- */

/* The pin of a query of this name, removed or not; *out NULL: there is none. */
static envres_status
find_named(struct context *ctx, const struct tree *tree, struct slice name,
           const struct tree_pin **out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, pin_sql[SQL_NAMED], &stmt, err);
    *out = NULL;
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 2, name.data, name.len);
    while (st == ENVRES_OK && !*out) {
        int row = DB_DONE;
        uint8_t id[SEAL_ID] = { 0 };
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            return st;
        st = column_id(stmt, 0, id, err);
        if (st == ENVRES_OK)
            *out = tree_pin_find(tree, id);
    }
    db_reset(stmt);
    return st;
}

static envres_status
not_used(struct context *ctx, const struct draft *draft, struct slice name, envres_error *err)
{
    struct nearest nearest = { 0 };
    char one[LIMIT_NAME + 1] = "";
    char best[LIMIT_NAME + 1] = "";
    bool found = false;
    bool is_removed = false;
    nearest_init(&nearest, name);
    for (size_t i = 0; i < draft->tree.pin_count && i < LIMIT_CANDIDATES; i++) {
        if (query_label(ctx, draft->tree.pins[i].query, &found, one, &is_removed, NULL) < 0 ||
            !found)
            continue;
        nearest_add(&nearest, slice_str(one));
        if (nearest.best.data == one) {
            memcpy(best, one, sizeof(best));
            nearest.best.data = best;
        }
    }
    envres_status st =
        err_set(err, ENVRES_E_NOT_FOUND, "version '%s' of app '%s' does not use query '%.*s'",
                draft->version.name, draft->app.name, (int)name.len, name.data);
    err_subject(err, name.data, name.len);
    if (best[0])
        err_hint(err, "did you mean '%s'?", best);
    return st;
}

/* ---- writing -------------------------------------------------------------------------------- */

static envres_status
close_edit(struct draft *draft, const uint8_t query[SEAL_ID], int64_t number, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(draft->change->ctx->db, pin_sql[SQL_CLOSE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, draft->version.id, SEAL_ID);
    db_bind_blob(stmt, 2, query, SEAL_ID);
    db_bind_int(stmt, 3, number);
    return db_run(stmt, err);
}

static envres_status
add_edit(struct draft *draft, const struct tree_pin_change *edit, int64_t number, envres_error *err)
{
    struct context *ctx = draft->change->ctx;
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, pin_sql[SQL_ADD], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, draft->version.id, SEAL_ID);
    db_bind_int(stmt, 2, number);
    db_bind_blob(stmt, 3, edit->pin.query, SEAL_ID);
    db_bind_int(stmt, 4, edit->gone ? EDIT_UNPIN : EDIT_PIN);
    db_bind_int(stmt, 5, edit->gone ? 0 : edit->pin.revision);
    db_bind_blob(stmt, 6, context_who(ctx), SEAL_ID);
    db_bind_int(stmt, 7, draft->change->now);
    return db_run(stmt, err);
}

static envres_status
write_edit(struct draft *draft, const struct tree_pin_change *edit, envres_error *err)
{
    int64_t number = draft->version.edits + 1;
    envres_status st = ENVRES_OK;
    if (number > LIMIT_EDITS)
        st = err_set(err, ENVRES_E_LIMIT, "version '%s' would have more than %d edits",
                     draft->version.name, (int)LIMIT_EDITS);
    if (st == ENVRES_OK)
        st = close_edit(draft, edit->pin.query, number, err);
    if (st == ENVRES_OK)
        st = add_edit(draft, edit, number, err);
    if (st == ENVRES_OK)
        st = tree_apply_pins(&draft->tree, edit, 1, err);
    if (st == ENVRES_OK)
        draft->version.edits = number;
    return st;
}

struct pin_request {
    const envres_version_name *version;
    const uint8_t *id;
    struct slice name;
    int64_t revision;
};

/* `old`: what the draft uses under this name; NULL: nothing. */
static envres_status
replace_pin(struct draft *draft, const struct tree_pin *old, const struct tree_pin *pin,
            envres_error *err)
{
    struct tree_pin_change edit = { .pin = *pin };
    envres_status st = ENVRES_OK;
    draft->change->revision = draft->version.edits;
    bool same = old && memcmp(old->query, pin->query, SEAL_ID) == 0;
    if (same && old->follows == pin->follows && old->revision == pin->revision) {
        draft->change->nothing = true;
        return ENVRES_OK;
    }
    if (old && !same) {
        struct tree_pin_change drop = { .pin = *old, .gone = true };
        st = write_edit(draft, &drop, err);
    }
    if (st == ENVRES_OK)
        st = write_edit(draft, &edit, err);
    if (st == ENVRES_OK && draft->tree.pin_count > LIMIT_PINS) {
        st = err_set(err, ENVRES_E_LIMIT, "version '%s' would use more than %d queries",
                     draft->version.name, (int)LIMIT_PINS);
        err_subject(err, draft->version.name, strlen(draft->version.name));
    }
    return st == ENVRES_OK ? draft_store(draft, err) : st;
}

static envres_status
pin_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct pin_request *request = asked;
    struct context *ctx = change->ctx;
    struct tree_pin pin = { .revision = request->revision, .follows = request->revision == 0 };
    const struct tree_pin *old = NULL;
    struct draft draft = { 0 };
    envres_status st = draft_open(change, request->version, request->id, &draft, err);
    if (st == ENVRES_OK) {
        struct query_row row;
        st = query_revision(ctx, request->name, request->revision, &row, err);
        memcpy(pin.query, row.id, SEAL_ID);
        query_row_free(ctx->mem, &row);
    }
    if (st == ENVRES_OK)
        st = find_named(ctx, &draft.tree, request->name, &old, err);
    if (st == ENVRES_OK)
        st = replace_pin(&draft, old, &pin, err);
    tree_free(&draft.tree);
    return st;
}

static envres_status
unpin_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct pin_request *request = asked;
    const struct tree_pin *old = NULL;
    struct draft draft = { 0 };
    envres_status st = draft_open(change, request->version, request->id, &draft, err);
    if (st == ENVRES_OK)
        st = find_named(change->ctx, &draft.tree, request->name, &old, err);
    if (st == ENVRES_OK && !old) {
        st = not_used(change->ctx, &draft, request->name, err);
    } else if (st == ENVRES_OK) {
        struct tree_pin_change edit = { .pin = *old, .gone = true };
        st = write_edit(&draft, &edit, err);
        if (st == ENVRES_OK)
            st = draft_store(&draft, err);
    }
    tree_free(&draft.tree);
    return st;
}

/* The entry names version and query: "version/APP/V/queries/NAME". */
static envres_status
run_pin(struct context *ctx, const char *action, change_fn work, struct pin_request *request,
        const envres_change *given, envres_error *err)
{
    struct app app = { 0 };
    struct version version = { 0 };
    struct buf title = { .mem = NULL };
    buf_init(&title, ctx->mem, false);
    envres_status st = text_check_name(request->name, "query name", err);
    if (st == ENVRES_OK)
        st = draft_find(ctx, request->version, &app, &version, err);
    if (st == ENVRES_OK)
        st = draft_title(&app, &version, slice_str("queries/"), &title, err);
    buf_add(&title, request->name.data, request->name.len);
    if (st == ENVRES_OK)
        st = buf_status(&title, err);
    if (st == ENVRES_OK) {
        struct change_title what = { action, "version/", slice_of(title.data, title.len), NULL };
        request->id = version.id;
        st = change_run(ctx, given, &what, work, request, NULL, err);
    }
    buf_free(&title);
    return st;
}

envres_status
query_pin(struct context *ctx, const envres_version_name *version, struct slice name,
          int64_t revision, const envres_change *given, envres_error *err)
{
    struct pin_request request = { version, NULL, name, revision };
    return run_pin(ctx, "query.pin", pin_inside, &request, given, err);
}

envres_status
query_unpin(struct context *ctx, const envres_version_name *version, struct slice name,
            const envres_change *given, envres_error *err)
{
    struct pin_request request = { version, NULL, name, 0 };
    return run_pin(ctx, "query.unpin", unpin_inside, &request, given, err);
}

/* ---- the list ------------------------------------------------------------------------------- */

struct pin_line {
    char name[LIMIT_NAME + 1];
    char resource[LIMIT_NAME + 1];
    int64_t revision;
    int64_t newest; /* 0: the query was removed */
    bool follows;
};

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(((const struct pin_line *)a)->name, ((const struct pin_line *)b)->name);
}

static envres_status
read_line(struct context *ctx, const struct version *version, const struct tree_pin *pin,
          struct pin_line *out, envres_error *err)
{
    struct query_row row;
    bool found = false;
    bool is_removed = false;
    envres_status st = pin_read(ctx, version, pin, &row, err);
    if (st == ENVRES_OK) {
        memcpy(out->name, row.name, sizeof(out->name));
        memcpy(out->resource, row.resource.name, sizeof(out->resource));
        out->revision = row.revision;
        out->follows = pin->follows;
        st = query_label(ctx, pin->query, &found, row.name, &is_removed, err);
    }
    if (st == ENVRES_OK && !is_removed)
        st = query_newest(ctx, pin->query, &out->newest, err);
    query_row_free(ctx->mem, &row);
    return st;
}

static void
add_line(envres_list *list, const struct pin_line *line)
{
    list_row(list);
    list_set_str(list, ENVRES_QUERY_PIN_NAME, line->name);
    list_set_str(list, ENVRES_QUERY_PIN_RESOURCE, line->resource);
    list_set_int(list, ENVRES_QUERY_PIN_REVISION, line->revision);
    list_set_int(list, ENVRES_QUERY_PIN_FOLLOWS, line->follows);
    if (line->newest)
        list_set_int(list, ENVRES_QUERY_PIN_NEWEST, line->newest);
}

static envres_status
list_pins(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    struct app app = { 0 };
    struct version version = { 0 };
    struct tree tree = { .mem = ctx->mem };
    struct pin_line *lines = NULL;
    envres_status st = version_named(ctx, asked, false, &app, &version, err);
    if (st == ENVRES_OK)
        st = content_load(ctx, &version, &tree, err);
    if (st == ENVRES_OK && tree.pin_count > 0) {
        lines = mem_alloc_zero(ctx->mem, tree.pin_count * sizeof(*lines));
        if (!lines)
            st = err_code(err, ENVRES_E_NOMEM);
    }
    for (size_t i = 0; st == ENVRES_OK && i < tree.pin_count; i++)
        st = read_line(ctx, &version, &tree.pins[i], &lines[i], err);
    if (st == ENVRES_OK && tree.pin_count > 1)
        qsort(lines, tree.pin_count, sizeof(*lines), compare_lines);
    for (size_t i = 0; st == ENVRES_OK && i < tree.pin_count; i++)
        add_line(list, &lines[i]);
    mem_free(ctx->mem, lines);
    tree_free(&tree);
    return st == ENVRES_OK ? list_status(list, err) : st;
}

envres_status
query_pins(struct context *ctx, const envres_version_name *version, envres_list **out,
           envres_error *err)
{
    static const char *const columns[ENVRES_QUERY_PIN_COLUMNS] = { "name", "resource", "revision",
                                                                   "follows", "newest" };
    static const struct list_shape shape = { columns, ENVRES_QUERY_PIN_COLUMNS };
    return context_list(ctx, &shape, list_pins, version, out, err);
}

/* ---- who uses a query ----------------------------------------------------------------------- */

/* An id that a statement gives for workspace, `one` and, as where to go on, `id`; *found false:
 * there is none behind that. */
static envres_status
next_id(struct context *ctx, const char *sql, const uint8_t one[SEAL_ID], uint8_t id[SEAL_ID],
        bool *found, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    envres_status st = db_use(ctx->db, sql, &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_blob(stmt, 2, one, SEAL_ID);
    db_bind_blob(stmt, 3, id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = column_id(stmt, 0, id, err);
    *found = st == ENVRES_OK;
    db_reset(stmt);
    return st;
}

static envres_status
is_for(struct context *ctx, const struct version *version, const struct tree_pin *pin,
       const struct object *resource, bool *out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    int64_t revision = 0;
    envres_status st = pin_revision(ctx, version, pin, &revision, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, pin_sql[SQL_RESOURCE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, pin->query, SEAL_ID);
    db_bind_int(stmt, 2, revision);
    db_bind_blob(stmt, 3, resource->id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW)
        db_reset(stmt);
    *out = row == DB_ROW;
    return st;
}

/* What is looked for: a query, or all that are for a resource. */
struct wanted {
    const uint8_t *query; /* NULL: any */
    const struct object *resource;
};

/* Whether a version uses what is wanted; a query at a revision that is for the resource. */
static envres_status
uses(struct context *ctx, const struct version *version, const struct wanted *wanted, bool *out,
     envres_error *err)
{
    struct tree tree = { .mem = ctx->mem };
    bool is_user = false;
    envres_status st = content_load(ctx, version, &tree, err);
    if (wanted->query)
        is_user = st == ENVRES_OK && tree_pin_find(&tree, wanted->query);
    for (size_t i = 0; wanted->resource && st == ENVRES_OK && !is_user && i < tree.pin_count; i++)
        st = is_for(ctx, version, &tree.pins[i], wanted->resource, &is_user, err);
    tree_free(&tree);
    *out = is_user;
    return st;
}

/* The first version that uses it. */
static envres_status
find_user(struct context *ctx, const struct wanted *wanted, bool *found, struct version *out,
          envres_error *err)
{
    const char *sql = pin_sql[wanted->query ? SQL_USER : SQL_RESOURCE_USER];
    const uint8_t *one = wanted->query ? wanted->query : wanted->resource->id;
    uint8_t id[SEAL_ID] = { 0 };
    bool is_user = false;
    envres_status st = next_id(ctx, sql, one, id, found, err);
    while (st == ENVRES_OK && *found) {
        st = version_by_id(ctx, id, out, err);
        if (st == ENVRES_OK)
            st = uses(ctx, out, wanted, &is_user, err);
        if (st < 0 || is_user)
            break;
        st = next_id(ctx, sql, one, id, found, err);
    }
    return st;
}

static envres_status
find_app(struct context *ctx, const struct version *version, char name[LIMIT_APP + 1],
         envres_error *err)
{
    struct app *apps = NULL;
    size_t count = 0;
    envres_status st = app_all(ctx, &apps, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        if (memcmp(apps[i].id, version->app, SEAL_ID) == 0)
            memcpy(name, apps[i].name, LIMIT_APP + 1);
    }
    mem_free(ctx->mem, apps);
    return st;
}

envres_status
pins_check_query(struct context *ctx, const uint8_t id[SEAL_ID], struct slice name,
                 envres_error *err)
{
    struct wanted wanted = { .query = id };
    struct version user = { 0 };
    char app[LIMIT_APP + 1] = "";
    bool found = false;
    envres_status st = find_user(ctx, &wanted, &found, &user, err);
    if (st == ENVRES_OK && found)
        st = find_app(ctx, &user, app, err);
    if (st < 0 || !found)
        return st;
    st = err_set(err, ENVRES_E_REFERRED, "version '%s' of app '%s' uses query '%.*s'", user.name,
                 app, (int)name.len, name.data);
    err_subject(err, name.data, name.len);
    err_hint(err, "unpin it in the drafts; with force it goes, and versions keep the revision that "
                  "they have recorded");
    return st;
}

envres_status
pins_check_resource(struct context *ctx, const struct object *resource, envres_error *err)
{
    struct wanted wanted = { .resource = resource };
    struct version user = { 0 };
    char app[LIMIT_APP + 1] = "";
    bool found = false;
    envres_status st = find_user(ctx, &wanted, &found, &user, err);
    if (st == ENVRES_OK && found)
        st = find_app(ctx, &user, app, err);
    if (st < 0 || !found)
        return st;
    st = err_set(err, ENVRES_E_REFERRED, "version '%s' of app '%s' uses a query for '%s'",
                 user.name, app, resource->name);
    err_subject(err, resource->name, strlen(resource->name));
    return st;
}

/* ---- authors -------------------------------------------------------------------------------- */

static envres_status
add_writers(struct change *change, const uint8_t query[SEAL_ID], int64_t above, int64_t to,
            envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(change->ctx->db, pin_sql[SQL_AUTHORS], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, query, SEAL_ID);
    db_bind_int(stmt, 2, above);
    db_bind_int(stmt, 3, to);
    for (size_t i = 0; i <= LIMIT_AUTHORS; i++) {
        int row = DB_DONE;
        uint8_t author[SEAL_ID] = { 0 };
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            return st;
        st = column_id(stmt, 0, author, err);
        if (st < 0)
            break;
        change_author(change, author);
    }
    db_reset(stmt);
    return st;
}

/* What is live; a tree that cannot be read leaves nothing that others have agreed to. */
static envres_status
load_live(struct context *ctx, const uint8_t *live, struct tree *out, envres_error *err)
{
    struct version version = { 0 };
    if (!live)
        return ENVRES_OK;
    envres_status st = version_by_id(ctx, live, &version, err);
    if (st == ENVRES_OK)
        st = content_load(ctx, &version, out, err);
    return st == ENVRES_E_INTEGRITY ? ENVRES_OK : st;
}

envres_status
pins_authors(struct change *change, const struct version *version, const uint8_t *live,
             envres_error *err)
{
    struct context *ctx = change->ctx;
    struct tree tree = { .mem = ctx->mem };
    struct tree before = { .mem = ctx->mem };
    if (version->pins == 0)
        return ENVRES_OK;
    envres_status st = content_load(ctx, version, &tree, err);
    if (st == ENVRES_OK)
        st = load_live(ctx, live, &before, err);
    for (size_t i = 0; st == ENVRES_OK && i < tree.pin_count; i++) {
        const struct tree_pin *pin = &tree.pins[i];
        const struct tree_pin *old = tree_pin_find(&before, pin->query);
        int64_t revision = 0;
        bool same = false;
        st = pin_revision(ctx, version, pin, &revision, err);
        if (st == ENVRES_OK && old && old->revision == revision)
            st = pin_same_text(ctx, pin, old, revision, &same, err);
        if (st < 0 || same)
            continue;
        /* An older one than is live is the work of who wrote that one. */
        int64_t above = !old ? 0 : old->revision < revision ? old->revision : revision - 1;
        st = add_writers(change, pin->query, above, revision, err);
    }
    tree_free(&before);
    tree_free(&tree);
    return st;
}
