/* SPDX-License-Identifier: MIT */
/*
 * Making versions and writing their rows. A version made from another takes over its content by
 * reference: the tree is written once, if it is not there, and the new row names it.
 */
#include <string.h>

#include <envres/list.h>

#include "base/text.h"
#include "model/content.h"

enum { SQL_HIGHEST, SQL_TAKEN, SQL_INSERT, SQL_CONTENT, SQL_STATE, SQL_TEXTS, SQL_COUNT_ };

static const char *const edit_sql[SQL_COUNT_] = {
    [SQL_HIGHEST] = "SELECT max(number) FROM version WHERE app_id = ?1",
    [SQL_TAKEN] = "SELECT id, name FROM version WHERE app_id = ?1 AND lower(name) = lower(?2)",
    [SQL_INSERT] = "INSERT INTO version (id, app_id, number, name, description, state, stage_id,"
                   " parent_id, base, content, parts, bytes, edits, author, created_at, changed_at,"
                   " pins) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
                   " ?15, ?16, ?17)",
    [SQL_CONTENT] = "UPDATE version SET content = ?2, parts = ?3, bytes = ?4, edits = ?5,"
                    " changed_at = ?6, pins = ?7 WHERE id = ?1",
    [SQL_STATE] = "UPDATE version SET state = ?2, stage_id = ?3, changed_at = ?4,"
                  " frozen_at = coalesce(frozen_at, ?5) WHERE id = ?1",
    [SQL_TEXTS] = "UPDATE version SET name = ?2, description = ?3 WHERE id = ?1",
};

envres_status
version_object(struct slice app, struct slice version, struct buf *out, envres_error *err)
{
    buf_add(out, app.data, app.len);
    buf_add_char(out, '/');
    buf_add(out, version.data, version.len);
    return buf_status(out, err);
}

/* ---- writing -------------------------------------------------------------------------------- */

envres_status
version_store_content(struct context *ctx, const struct version *version, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, edit_sql[SQL_CONTENT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, version->id, SEAL_ID);
    db_bind_blob(stmt, 2, version->content, SEAL_DIGEST);
    db_bind_int(stmt, 3, version->parts);
    db_bind_int(stmt, 4, version->bytes);
    db_bind_int(stmt, 5, version->edits);
    db_bind_int(stmt, 6, version->changed_at);
    db_bind_int(stmt, 7, version->pins);
    return db_run(stmt, err);
}

envres_status
version_store_state(struct context *ctx, const struct version *version, int64_t now,
                    envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, edit_sql[SQL_STATE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, version->id, SEAL_ID);
    db_bind_int(stmt, 2, version->stored);
    db_bind_blob(stmt, 3, version->stage, SEAL_ID);
    db_bind_int(stmt, 4, now);
    if (version->stored == STORED_DRAFT)
        db_bind_null(stmt, 5);
    else
        db_bind_int(stmt, 5, now);
    return db_run(stmt, err);
}

/* Is the name another version's? *found says so, `other` (may be NULL) how that is spelt; `self`
 * may be NULL. */
static envres_status
name_taken(struct context *ctx, const struct app *app, struct slice name, const uint8_t *self,
           bool *found, char other[LIMIT_APP + 1], envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    uint8_t id[SEAL_ID];
    envres_status st = db_use(ctx->db, edit_sql[SQL_TAKEN], &stmt, err);
    *found = false;
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    db_bind_text(stmt, 2, name.data, name.len);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = column_id(stmt, 0, id, err);
    if (st == ENVRES_OK && other)
        st = column_name(stmt, 1, other, LIMIT_APP + 1, err);
    *found = st == ENVRES_OK && !(self && memcmp(self, id, SEAL_ID) == 0);
    db_reset(stmt);
    return st;
}

static envres_status
check_free(struct context *ctx, const struct app *app, struct slice name, const uint8_t *self,
           envres_error *err)
{
    char other[LIMIT_APP + 1] = "";
    bool taken = false;
    envres_status st = name_taken(ctx, app, name, self, &taken, other, err);
    if (st < 0 || !taken)
        return st;
    st = err_set(err, ENVRES_E_NAME_TAKEN, "app '%s' has a version '%s' already", app->name, other);
    err_subject(err, name.data, name.len);
    return st;
}

static void
write_number(int64_t number, char *out)
{
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    *out++ = 'v';
    while (count > 0)
        *out++ = digits[--count];
    *out = '\0';
}

/* "v7" for number 7, or the first behind it that nobody has taken. */
static envres_status
next_name(struct context *ctx, const struct app *app, int64_t number, char out[LIMIT_APP + 1],
          envres_error *err)
{
    for (int64_t i = 0; i < LIMIT_CANDIDATES; i++) {
        bool taken = false;
        write_number(number + i, out);
        envres_status st = name_taken(ctx, app, slice_str(out), NULL, &taken, NULL, err);
        if (st < 0 || !taken)
            return st;
    }
    return err_set(err, ENVRES_E_NAME_TAKEN, "the next names are taken: give one");
}

static envres_status
next_number(struct context *ctx, const struct app *app, int64_t *number, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, edit_sql[SQL_HIGHEST], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    int64_t highest = db_column_int(stmt, 0);
    db_reset(stmt);
    if (highest < 0 || highest > INT64_MAX - LIMIT_CANDIDATES)
        return err_set(err, ENVRES_E_CORRUPT, "the newest version of '%s' is damaged", app->name);
    *number = highest + 1;
    return ENVRES_OK;
}

static envres_status
insert_row(struct context *ctx, const struct version *version, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, edit_sql[SQL_INSERT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, version->id, SEAL_ID);
    db_bind_blob(stmt, 2, version->app, SEAL_ID);
    db_bind_int(stmt, 3, version->number);
    db_bind_text(stmt, 4, version->name, strlen(version->name));
    db_bind_text(stmt, 5, version->description, strlen(version->description));
    db_bind_int(stmt, 6, version->stored);
    db_bind_blob(stmt, 7, version->stage, SEAL_ID);
    if (version->has_parent)
        db_bind_blob(stmt, 8, version->parent, SEAL_ID);
    else
        db_bind_null(stmt, 8);
    if (version->has_base)
        db_bind_blob(stmt, 9, version->base, SEAL_DIGEST);
    else
        db_bind_null(stmt, 9);
    db_bind_blob(stmt, 10, version->content, SEAL_DIGEST);
    db_bind_int(stmt, 11, version->parts);
    db_bind_int(stmt, 12, version->bytes);
    db_bind_int(stmt, 13, version->edits);
    db_bind_blob(stmt, 14, version->author, SEAL_ID);
    db_bind_int(stmt, 15, version->created_at);
    db_bind_int(stmt, 16, version->changed_at);
    db_bind_int(stmt, 17, version->pins);
    return db_run(stmt, err);
}

/* What a version takes over from the one it begins from; nothing: the empty tree. */
static envres_status
take_over(struct context *ctx, const struct version *from, struct version *out, envres_error *err)
{
    if (!from) {
        struct tree empty = { .mem = ctx->mem };
        return tree_digest(&empty, out->content, err);
    }
    memcpy(out->parent, from->id, SEAL_ID);
    memcpy(out->base, from->content, SEAL_DIGEST);
    out->has_parent = out->has_base = true;
    out->parts = from->parts;
    out->bytes = from->bytes;
    out->pins = from->pins;
    envres_status st = content_keep(ctx, from, err);
    return st == ENVRES_OK ? content_begin(ctx, from, out->content, err) : st;
}

envres_status
version_insert(struct change *change, const struct app *app, const struct version *from,
               struct slice name, struct slice description, struct version *out, envres_error *err)
{
    struct context *ctx = change->ctx;
    struct environment first = { 0 };
    struct version made = { .stored = STORED_DRAFT,
                            .created_at = change->now,
                            .changed_at = change->now };
    envres_status st = path_first(ctx, &first, err);
    if (st == ENVRES_OK)
        st = change_in(change, ACTION_BUILD, &first, err);
    if (st == ENVRES_OK)
        st = next_number(ctx, app, &made.number, err);
    if (st < 0)
        return st;
    seal_random(made.id, SEAL_ID);
    memcpy(made.app, app->id, SEAL_ID);
    memcpy(made.stage, first.id, SEAL_ID);
    memcpy(made.author, context_who(ctx), SEAL_ID);
    memcpy(made.description, description.data, description.len);
    if (name.data) {
        memcpy(made.name, name.data, name.len);
        st = check_free(ctx, app, name, NULL, err);
    } else {
        st = next_name(ctx, app, made.number, made.name, err);
    }
    if (st == ENVRES_OK)
        st = take_over(ctx, from, &made, err);
    if (st == ENVRES_OK)
        st = insert_row(ctx, &made, err);
    if (st == ENVRES_OK) {
        change->revision = made.number;
        *out = made;
    }
    return st;
}

/* ---- making and changing -------------------------------------------------------------------- */

struct version_request {
    struct slice app;
    struct slice name; /* .data NULL: none given; likewise the next two */
    struct slice from;
    struct slice description;
    bool is_empty;
    struct slice version; /* set: which */
    envres_list **row;    /* create: NULL: not wanted */
};

/* An optional text of the options. */
static envres_status
read_text(const char *text, size_t len, size_t max, const char *what, struct slice *out,
          envres_error *err)
{
    envres_status st = text_argument(text, text ? len : 0, max, what, out, err);
    if (st == ENVRES_OK && !text)
        out->data = NULL;
    return st;
}

static envres_status
read_request(const envres_version_options *given, struct version_request *out, envres_error *err)
{
    envres_version_options options = { 0 };
    envres_status st = opts_read(&options, sizeof(options), sizeof(options), given, err);
    if (st == ENVRES_OK && (options.flags & ~(uint32_t)ENVRES_VERSION_EMPTY))
        st = err_set(err, ENVRES_E_INVALID, "the version's options have an unknown flag");
    if (st == ENVRES_OK)
        st = read_text(options.name, options.name_len, SIZE_MAX, "the version's name", &out->name,
                       err);
    if (st == ENVRES_OK)
        st = read_text(options.from, options.from_len, SIZE_MAX, "the version to begin from",
                       &out->from, err);
    if (st == ENVRES_OK)
        st = read_text(options.description, options.description_len, LIMIT_DESCRIPTION,
                       "the description", &out->description, err);
    out->is_empty = (options.flags & ENVRES_VERSION_EMPTY) != 0;
    if (st == ENVRES_OK && out->is_empty && out->from.data)
        st = err_set(err, ENVRES_E_INVALID, "an empty version begins from no other");
    if (st == ENVRES_OK && out->name.data)
        st = app_check_name(out->name, "the version's name", err);
    return st;
}

/* The version a new one begins from: the one named, else the live one, else the newest. */
static envres_status
find_source(struct context *ctx, const struct app *app, const struct version_request *request,
            bool *found, struct version *out, envres_error *err)
{
    struct version_frame frame = { 0 };
    *found = true;
    if (request->from.data) {
        envres_status st = version_find(ctx, app, request->from, out, err);
        if (st == ENVRES_OK && out->stored == STORED_DISCARDED) {
            st = err_set(err, ENVRES_E_DISCARDED, "version '%s' was discarded", out->name);
            err_subject(err, out->name, strlen(out->name));
            err_hint(err, "begin from another version");
        }
        return st;
    }
    envres_status st = version_frame(ctx, app, &frame, err);
    if (st < 0)
        return st;
    if (frame.has_live)
        return version_by_id(ctx, frame.live, out, err);
    return version_newest(ctx, app, found, out, err);
}

static envres_status
create_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct version_request *request = asked;
    struct context *ctx = change->ctx;
    struct app app = { 0 };
    struct version from = { 0 };
    struct version made = { 0 };
    bool has_source = false;
    struct slice description = request->description.data ? request->description : slice_str("");
    envres_status st = app_find(ctx, request->app, &app, err);
    if (st == ENVRES_OK && !request->is_empty)
        st = find_source(ctx, &app, request, &has_source, &from, err);
    if (st == ENVRES_OK)
        st = version_insert(change, &app, has_source ? &from : NULL, request->name, description,
                            &made, err);
    if (st == ENVRES_OK && request->row)
        st = version_row(ctx, &app, &made, request->row, err);
    return st;
}

envres_status
version_create(struct context *ctx, struct slice app, const envres_version_options *options,
               const envres_change *given, envres_list **out, envres_error *err)
{
    envres_list *row = NULL;
    struct version_request request = { .app = app, .row = out ? &row : NULL };
    struct change_title title = { "version.create", "version/", app, NULL };
    int64_t number = 0;
    envres_status st = read_request(options, &request, err);
    if (st == ENVRES_OK)
        st = change_run(ctx, given, &title, create_inside, &request, &number, err);
    if (st == ENVRES_OK && out && !row)
        st = version_row_again(ctx, app, number, &row, err);
    if (st == ENVRES_OK && out)
        *out = row;
    else
        envres_list_free(row);
    return st;
}

static envres_status
set_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct version_request *request = asked;
    struct context *ctx = change->ctx;
    struct app app = { 0 };
    struct version version = { 0 };
    struct db_stmt *stmt = NULL;
    envres_status st = change_builds(change, err);
    if (st == ENVRES_OK)
        st = app_find(ctx, request->app, &app, err);
    if (st == ENVRES_OK)
        st = version_find(ctx, &app, request->version, &version, err);
    if (st == ENVRES_OK && request->name.data)
        st = check_free(ctx, &app, request->name, version.id, err);
    if (st < 0)
        return st;
    struct slice name = request->name.data ? request->name : slice_str(version.name);
    struct slice text =
        request->description.data ? request->description : slice_str(version.description);
    change->revision = version.number;
    if (slice_equal(name, slice_str(version.name)) &&
        slice_equal(text, slice_str(version.description))) {
        change->nothing = true;
        return ENVRES_OK;
    }
    st = db_use(ctx->db, edit_sql[SQL_TEXTS], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, version.id, SEAL_ID);
    db_bind_text(stmt, 2, name.data, name.len);
    db_bind_text(stmt, 3, text.data, text.len);
    return db_run(stmt, err);
}

envres_status
version_set(struct context *ctx, const envres_version_name *name,
            const envres_version_options *options, const envres_change *given, envres_error *err)
{
    struct version_request request = { 0 };
    struct buf object = { .mem = NULL };
    envres_status st = read_request(options, &request, err);
    if (st == ENVRES_OK)
        st = version_name_read(name, &request.app, &request.version, err);
    if (st == ENVRES_OK && (request.from.data || request.is_empty))
        st = err_set(err, ENVRES_E_INVALID, "a version that exists begins from nothing");
    if (st == ENVRES_OK && !request.version.data)
        st = err_set(err, ENVRES_E_INVALID, "the version's name is NULL");
    if (st < 0)
        return st;
    buf_init(&object, ctx->mem, false);
    st = version_object(request.app, request.version, &object, err);
    struct change_title title = { "version.set", "version/", slice_of(object.data, object.len),
                                  NULL };
    if (st == ENVRES_OK)
        st = change_run(ctx, given, &title, set_inside, &request, NULL, err);
    buf_free(&object);
    return st;
}
