/* SPDX-License-Identifier: MIT */
/*
 * Apps. An app is a name, how its releases treat configuration, and the one pointer that says what
 * is live. Its first version is made with it, so that an app is never without one.
 */
#include "model/app.h"

#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "model/release.h"
#include "model/request.h"

#define APP_COLUMNS "id, author, name, pin, protected, live, created_at"

enum {
    SQL_FIND,
    SQL_ALL,
    SQL_TAKEN,
    SQL_INSERT,
    SQL_UPDATE,
    SQL_LIVE,
    SQL_VERSIONS,
    SQL_ROWS,
    SQL_COUNT_
};

static const char *const app_sql[SQL_COUNT_] = {
    /* The plus keeps SQLite from putting ?2 into the lower(name) of the index. */
    [SQL_FIND] = "SELECT " APP_COLUMNS " FROM app WHERE workspace_id = ?1"
                 " AND lower(name) = lower(?2) AND +name = ?2",
    [SQL_ALL] = "SELECT " APP_COLUMNS " FROM app WHERE workspace_id = ?1 ORDER BY lower(name)",
    [SQL_TAKEN] = "SELECT name FROM app WHERE workspace_id = ?1 AND lower(name) = lower(?2)",
    [SQL_INSERT] = "INSERT INTO app (id, workspace_id, name, pin, protected, author, created_at)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_UPDATE] = "UPDATE app SET pin = ?2, protected = ?3 WHERE id = ?1",
    [SQL_LIVE] = "UPDATE app SET live = ?2 WHERE id = ?1",
    [SQL_VERSIONS] = "SELECT count(*) FROM version WHERE app_id = ?1 AND state <> 4",
    [SQL_ROWS] = "SELECT count(*) FROM app NOT INDEXED WHERE workspace_id = ?1",
};

/* ---- names ---------------------------------------------------------------------------------- */

/* White space of Unicode that a name could begin or end with and nobody would see. */
static bool
is_blank(struct slice text, bool at_end)
{
    static const char *const blanks[] = {
        " ",
        "\xc2\xa0",
        "\xe1\x9a\x80",
        "\xe2\x80\x80",
        "\xe2\x80\x81",
        "\xe2\x80\x82",
        "\xe2\x80\x83",
        "\xe2\x80\x84",
        "\xe2\x80\x85",
        "\xe2\x80\x86",
        "\xe2\x80\x87",
        "\xe2\x80\x88",
        "\xe2\x80\x89",
        "\xe2\x80\x8a",
        "\xe2\x80\xa8",
        "\xe2\x80\xa9",
        "\xe2\x80\xaf",
        "\xe2\x81\x9f",
        "\xe3\x80\x80",
        "\xef\xbb\xbf",
    };
    for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
        size_t len = strlen(blanks[i]);
        if (len <= text.len &&
            memcmp(text.data + (at_end ? text.len - len : 0), blanks[i], len) == 0)
            return true;
    }
    return false;
}

/* C0, DEL and C1; the text is UTF-8. */
static bool
has_control(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20 || c == 0x7f)
            return true;
        if (c == 0xc2 && i + 1 < text.len && (unsigned char)text.data[i + 1] < 0xa0)
            return true;
    }
    return false;
}

envres_status
app_check_name(struct slice name, const char *what, envres_error *err)
{
    const char *fault = NULL;
    if (name.len == 0)
        fault = "is empty";
    else if (name.len > LIMIT_APP)
        fault = "is longer than 64 bytes";
    else if (has_control(name))
        fault = "has a control character";
    else if (is_blank(name, false) || is_blank(name, true))
        fault = "begins or ends with white space";
    if (!fault)
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_NAME, "%s %s", what, fault);
    err_subject(err, name.data, name.len);
    err_hint(err, "1 to 64 bytes of text, without control characters or white space at the ends");
    return st;
}

static envres_status
check_free(struct context *ctx, struct slice name, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, app_sql[SQL_TAKEN], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 2, name.data, name.len);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    struct slice taken = db_column_text(stmt, 0);
    st = err_set(err, ENVRES_E_NAME_TAKEN, "there is an app '%.*s' already", (int)taken.len,
                 taken.data);
    err_subject(err, name.data, name.len);
    db_reset(stmt);
    return st;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static envres_status
read_row(struct db_stmt *stmt, struct app *out, envres_error *err)
{
    memset(out, 0, sizeof(*out));
    envres_status st = column_id(stmt, 0, out->id, err);
    if (st == ENVRES_OK)
        st = column_id(stmt, 1, out->author, err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 2, out->name, sizeof(out->name), err);
    out->pin_config = db_column_int(stmt, 3) != 0;
    out->is_protected = db_column_int(stmt, 4) != 0;
    out->live = db_column_int(stmt, 5);
    out->created_at = db_column_int(stmt, 6);
    return st;
}

envres_status
app_all(struct context *ctx, struct app **out, size_t *count, envres_error *err)
{
    struct app *all = NULL;
    size_t used = 0;
    size_t room = 0;
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, app_sql[SQL_ALL], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    for (;;) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        if (used == LIMIT_APPS) {
            st = err_code(err, ENVRES_E_LIMIT);
            break;
        }
        struct app *grown = mem_grow(ctx->mem, all, &room, used, sizeof(*all));
        if (!grown) {
            st = err_code(err, ENVRES_E_NOMEM);
            break;
        }
        all = grown;
        st = read_row(stmt, &all[used++], err);
        if (st < 0)
            break;
    }
    db_reset(stmt);
    if (st < 0) {
        mem_free(ctx->mem, all);
        return st;
    }
    *out = all;
    *count = used;
    return ENVRES_OK;
}

static envres_status
not_found(struct context *ctx, struct slice name, envres_error *err)
{
    struct app *all = NULL;
    size_t count = 0;
    struct nearest nearest = { 0 };
    nearest_init(&nearest, name);
    if (app_all(ctx, &all, &count, NULL) < 0)
        count = 0;
    for (size_t i = 0; i < count; i++)
        nearest_add(&nearest, slice_str(all[i].name));
    envres_status st = err_set(err, ENVRES_E_NOT_FOUND, "there is no app '%.*s'",
                               (int)(name.len > LIMIT_APP ? LIMIT_APP : name.len), name.data);
    err_subject(err, name.data, name.len);
    if (nearest.best.data)
        err_hint(err, "did you mean '%.*s'?", (int)nearest.best.len, nearest.best.data);
    mem_free(ctx->mem, all);
    return st;
}

envres_status
app_find(struct context *ctx, struct slice name, struct app *out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = right_anywhere(ctx, ACTION_LIST, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, app_sql[SQL_FIND], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 2, name.data, name.len);
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    if (row == DB_DONE)
        return not_found(ctx, name, err);
    st = read_row(stmt, out, err);
    db_reset(stmt);
    return st;
}

envres_status
app_set_live(struct context *ctx, const struct app *app, int64_t sequence, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, app_sql[SQL_LIVE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    if (sequence)
        db_bind_int(stmt, 2, sequence);
    else
        db_bind_null(stmt, 2);
    return db_run(stmt, err);
}

/* ---- making and changing -------------------------------------------------------------------- */

struct app_request {
    struct slice name;
    uint32_t flags;
};

static envres_status
check_flags(uint32_t flags, envres_error *err)
{
    const uint32_t known =
        ENVRES_APP_PIN_CONFIG | ENVRES_APP_PIN_NONE | ENVRES_APP_PROTECT | ENVRES_APP_UNPROTECT;
    const uint32_t pins = ENVRES_APP_PIN_CONFIG | ENVRES_APP_PIN_NONE;
    const uint32_t protections = ENVRES_APP_PROTECT | ENVRES_APP_UNPROTECT;
    if (flags & ~known)
        return err_set(err, ENVRES_E_INVALID, "the app's options have an unknown flag");
    if ((flags & pins) == pins || (flags & protections) == protections)
        return err_set(err, ENVRES_E_INVALID, "the app's options contradict each other");
    return ENVRES_OK;
}

static envres_status
insert_row(struct context *ctx, const struct app *app, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, app_sql[SQL_INSERT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    db_bind_blob(stmt, 2, ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 3, app->name, strlen(app->name));
    db_bind_int(stmt, 4, app->pin_config);
    db_bind_int(stmt, 5, app->is_protected);
    db_bind_blob(stmt, 6, app->author, SEAL_ID);
    db_bind_int(stmt, 7, app->created_at);
    return db_run(stmt, err);
}

static envres_status
create_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct app_request *request = asked;
    struct context *ctx = change->ctx;
    struct version first = { 0 };
    struct app app = { .pin_config = (request->flags & ENVRES_APP_PIN_CONFIG) != 0,
                       .is_protected = (request->flags & ENVRES_APP_PROTECT) != 0,
                       .created_at = change->now };
    envres_status st = check_free(ctx, request->name, err);
    if (st < 0)
        return st;
    seal_random(app.id, SEAL_ID);
    memcpy(app.author, context_who(ctx), SEAL_ID);
    memcpy(app.name, request->name.data, request->name.len);
    st = insert_row(ctx, &app, err);
    if (st == ENVRES_OK)
        st = version_insert(change, &app, NULL, slice_str("v1"), slice_str(""), &first, err);
    return st;
}

envres_status
app_create(struct context *ctx, struct slice name, const envres_app_options *options,
           const envres_change *given, envres_error *err)
{
    struct app_request request = { name, options->flags };
    struct change_title title = { "app.create", "app/", name, NULL };
    envres_status st = app_check_name(name, "the app's name", err);
    if (st == ENVRES_OK)
        st = check_flags(options->flags, err);
    if (st < 0)
        return st;
    return change_run(ctx, given, &title, create_inside, &request, NULL, err);
}

/* A protected app becomes free as it is released: with the approval of somebody else. Who is alone
 * is not locked in by a protection that nobody else could lift. */
static envres_status
needs_approval(struct change *change, envres_error *err)
{
    struct environment last = { .position = 0 };
    int64_t approvers = 0;
    envres_status st = path_last(change->ctx, &last, err);
    if (st == ENVRES_OK)
        st = request_approvers(change->ctx, &last, &approvers, err);
    if (st == ENVRES_OK && (last.approvals > 0 || approvers > 1))
        change_needs(change, ACTION_RELEASE, &last, last.approvals > 0 ? last.approvals : 1);
    return st;
}

static envres_status
set_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct app_request *request = asked;
    struct context *ctx = change->ctx;
    struct app app = { 0 };
    struct db_stmt *stmt = NULL;
    envres_status st = change_builds(change, err);
    if (st == ENVRES_OK)
        st = app_find(ctx, request->name, &app, err);
    if (st < 0)
        return st;
    bool pin = app.pin_config;
    bool protect = app.is_protected;
    if (request->flags & (ENVRES_APP_PIN_CONFIG | ENVRES_APP_PIN_NONE))
        pin = (request->flags & ENVRES_APP_PIN_CONFIG) != 0;
    if (request->flags & (ENVRES_APP_PROTECT | ENVRES_APP_UNPROTECT))
        protect = (request->flags & ENVRES_APP_PROTECT) != 0;
    if (pin == app.pin_config && protect == app.is_protected) {
        change->nothing = true;
        return ENVRES_OK;
    }
    if (app.is_protected && !protect)
        st = needs_approval(change, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, app_sql[SQL_UPDATE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app.id, SEAL_ID);
    db_bind_int(stmt, 2, pin);
    db_bind_int(stmt, 3, protect);
    return db_run(stmt, err);
}

static void
encode_set(const void *asked, struct buf *out)
{
    const struct app_request *request = asked;
    act_put_text(out, request->name);
    buf_add_u32(out, request->flags);
}

envres_status
app_replay_set(struct context *ctx, struct act_reader *reader, const envres_change *given,
               int64_t *revision, envres_error *err)
{
    struct slice name = act_text(reader);
    envres_app_options options = { .size = sizeof(options), .flags = act_u32(reader) };
    envres_status st = act_end(reader, err);
    (void)revision;
    return st < 0 ? st : app_set(ctx, name, &options, given, err);
}

envres_status
app_set(struct context *ctx, struct slice name, const envres_app_options *options,
        const envres_change *given, envres_error *err)
{
    struct app_request request = { name, options->flags };
    struct change_title title = { "app.set", "app/", name, encode_set };
    envres_status st = check_flags(options->flags, err);
    return st < 0 ? st : change_run(ctx, given, &title, set_inside, &request, NULL, err);
}

/* ---- listing -------------------------------------------------------------------------------- */

static const char *const app_columns[ENVRES_APP_COLUMNS] = {
    "name",     "pin",           "protected", "versions", "live_version",
    "live_tag", "live_sequence", "author",    "time",
};

static envres_status
count_versions(struct context *ctx, const struct app *app, int64_t *count, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, app_sql[SQL_VERSIONS], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW) {
        *count = db_column_int(stmt, 0);
        db_reset(stmt);
    }
    return st;
}

static envres_status
find_live(struct context *ctx, const struct app *app, struct release *release,
          struct version *version, envres_error *err)
{
    envres_status st = release_get(ctx, app, app->live, release, err);
    return st == ENVRES_OK ? version_by_id(ctx, release->version, version, err) : st;
}

/* A damaged record is that app's trouble alone: the list of all apps must not fail of it. */
static envres_status
add_live(struct context *ctx, const struct app *app, envres_list *list, envres_error *err)
{
    struct release release = { 0 };
    struct version version = { 0 };
    if (app->live == 0)
        return ENVRES_OK;
    envres_status st = find_live(ctx, app, &release, &version, err);
    if (st == ENVRES_E_CORRUPT) {
        envres_error_clear(err);
        list_set_int(list, ENVRES_APP_LIVE_SEQUENCE, app->live);
        return ENVRES_OK;
    }
    if (st < 0)
        return st;
    list_set_str(list, ENVRES_APP_LIVE_VERSION, version.name);
    list_set_str(list, ENVRES_APP_LIVE_TAG, release.tag);
    list_set_int(list, ENVRES_APP_LIVE_SEQUENCE, release.sequence);
    return ENVRES_OK;
}

static envres_status
add_row(struct context *ctx, const struct app *app, envres_list *list, envres_error *err)
{
    struct buf author = { .mem = NULL };
    int64_t versions = 0;
    buf_init(&author, ctx->mem, false);
    envres_status st = count_versions(ctx, app, &versions, err);
    if (st == ENVRES_OK)
        st = context_author(ctx, app->author, &author, err);
    if (st == ENVRES_OK) {
        list_row(list);
        list_set_str(list, ENVRES_APP_NAME, app->name);
        list_set_str(list, ENVRES_APP_PIN, app->pin_config ? "config" : "none");
        list_set_int(list, ENVRES_APP_PROTECTED, app->is_protected);
        list_set_int(list, ENVRES_APP_VERSIONS, versions);
        list_set_text(list, ENVRES_APP_AUTHOR, author.data, author.len);
        list_set_int(list, ENVRES_APP_TIME, app->created_at);
        st = add_live(ctx, app, list, err);
    }
    buf_free(&author);
    return st;
}

static envres_status
list_inside(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    struct slice name = *(const struct slice *)asked;
    struct app *all = NULL;
    struct app one = { 0 };
    size_t count = 1;
    envres_status st = right_anywhere(ctx, ACTION_LIST, err);
    if (st == ENVRES_OK)
        st = name.data ? app_find(ctx, name, &one, err) : app_all(ctx, &all, &count, err);
    if (st == ENVRES_OK && !name.data)
        st = context_check_listed(ctx, app_sql[SQL_ROWS], ctx->workspace, count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++)
        st = add_row(ctx, all ? &all[i] : &one, list, err);
    mem_free(ctx->mem, all);
    return st == ENVRES_OK ? list_status(list, err) : st;
}

envres_status
app_list(struct context *ctx, struct slice name, envres_list **out, envres_error *err)
{
    static const struct list_shape shape = { app_columns, ENVRES_APP_COLUMNS };
    return context_list(ctx, &shape, list_inside, &name, out, err);
}
