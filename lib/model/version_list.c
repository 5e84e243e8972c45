/* SPDX-License-Identifier: MIT */
/*
 * Versions as a person sees them: lists, the last editing state, and what a verify looks for among
 * their rows. States and stages are worked out once for a whole list.
 */
#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "guard/audit.h"
#include "model/release.h"

enum { SQL_LAST, SQL_REMEMBER, SQL_HAS_RELEASE, SQL_ROWS, SQL_COUNT_ };

static const char *const list_sql[SQL_COUNT_] = {
    [SQL_LAST] = "SELECT version_id, environment_id, time FROM editing"
                 " WHERE app_id = ?1 AND principal_id = ?2",
    [SQL_REMEMBER] = "INSERT INTO editing (app_id, principal_id, version_id, environment_id, time)"
                     " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (app_id, principal_id)"
                     " DO UPDATE SET version_id = ?3, environment_id = ?4, time = ?5",
    [SQL_HAS_RELEASE] = "SELECT 1 FROM release WHERE app_id = ?1 AND version_id = ?2 AND kind = 1"
                        " LIMIT 1",
    [SQL_ROWS] = "SELECT count(*) FROM version INDEXED BY version_name WHERE app_id = ?1",
};

static const char *const version_columns[ENVRES_VERSION_COLUMNS] = {
    "name",        "state",  "stage",   "parent",  "content", "parts",    "bytes",
    "description", "author", "created", "changed", "tag",     "sequence",
};

/* What all rows of one list need. */
struct listing {
    struct context *ctx;
    struct app app;
    struct version_frame frame;
    struct environment *environments;
    size_t environment_count;
    envres_list *list;
    bool salvaged; /* the audit tells of a salvage; known when verifying */
};

static envres_status
listing_open(struct listing *listing, const struct app *app, envres_error *err)
{
    listing->app = *app;
    envres_status st = version_frame(listing->ctx, app, &listing->frame, err);
    if (st == ENVRES_OK)
        st =
            environment_all(listing->ctx, &listing->environments, &listing->environment_count, err);
    return st;
}

static const struct environment *
stage_of(const struct listing *listing, const struct version *version)
{
    for (size_t i = 0; i < listing->environment_count; i++) {
        if (memcmp(listing->environments[i].id, version->stage, SEAL_ID) == 0)
            return &listing->environments[i];
    }
    return NULL;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static envres_status
add_tag(const struct listing *listing, const struct version *version, envres_error *err)
{
    struct release newest = { 0 };
    bool found = false;
    if (version->stored != STORED_RELEASED)
        return ENVRES_OK;
    envres_status st =
        release_made_live(listing->ctx, &listing->app, version, &found, &newest, err);
    if (st < 0 || !found)
        return st;
    list_set_str(listing->list, ENVRES_VERSION_TAG, newest.tag);
    list_set_int(listing->list, ENVRES_VERSION_SEQUENCE, newest.sequence);
    return ENVRES_OK;
}

static envres_status
add_people(const struct listing *listing, const struct version *version, envres_error *err)
{
    struct version parent = { 0 };
    struct buf author = { .mem = NULL };
    buf_init(&author, listing->ctx->mem, false);
    envres_status st = context_author(listing->ctx, version->author, &author, err);
    if (st == ENVRES_OK)
        list_set_text(listing->list, ENVRES_VERSION_AUTHOR, author.data, author.len);
    if (st == ENVRES_OK && version->has_parent)
        st = version_by_id(listing->ctx, version->parent, &parent, err);
    if (st == ENVRES_OK && version->has_parent)
        list_set_str(listing->list, ENVRES_VERSION_PARENT, parent.name);
    buf_free(&author);
    return st;
}

static envres_status
add_row(const struct listing *listing, const struct version *version, envres_error *err)
{
    char content[2 * SEAL_DIGEST + 1];
    const struct environment *stage = stage_of(listing, version);
    envres_list *list = listing->list;
    text_hex(content, version->content, SEAL_DIGEST);
    list_row(list);
    list_set_str(list, ENVRES_VERSION_NAME, version->name);
    list_set_str(list, ENVRES_VERSION_STATE,
                 version_state_name(version_state_in(&listing->frame, version)));
    list_set_str(list, ENVRES_VERSION_STAGE, stage ? stage->key : "?");
    list_set_str(list, ENVRES_VERSION_CONTENT, content);
    list_set_int(list, ENVRES_VERSION_PARTS, version->parts);
    list_set_int(list, ENVRES_VERSION_BYTES, version->bytes);
    list_set_str(list, ENVRES_VERSION_DESCRIPTION, version->description);
    list_set_int(list, ENVRES_VERSION_CREATED, version->created_at);
    list_set_int(list, ENVRES_VERSION_CHANGED, version->changed_at);
    envres_status st = add_people(listing, version, err);
    return st == ENVRES_OK ? add_tag(listing, version, err) : st;
}

/* ---- listing -------------------------------------------------------------------------------- */

struct list_request {
    struct slice app;
    struct slice environment; /* .data NULL: all */
    uint32_t flags;
    const envres_version_name *name; /* describe: which */
    const struct version *found;     /* or this one, */
    const struct app *of;            /* of this app */
};

static bool
is_wanted(const struct listing *listing, const struct version *version,
          const struct environment *environment, uint32_t flags)
{
    if (version->stored == STORED_DISCARDED && !(flags & ENVRES_VERSION_ALL))
        return false;
    if (!environment)
        return true;
    if (environment->position == 0)
        return version_state_in(&listing->frame, version) == VERSION_LIVE;
    const struct environment *stage = stage_of(listing, version);
    return stage && stage->position >= environment->position;
}

static envres_status
list_inside(struct listing *listing, const struct list_request *request, envres_error *err)
{
    struct context *ctx = listing->ctx;
    struct app app = { 0 };
    struct environment environment = { 0 };
    struct version *all = NULL;
    size_t count = 0;
    bool filtered = request->environment.data != NULL;
    envres_status st = app_find(ctx, request->app, &app, err);
    if (st == ENVRES_OK && filtered)
        st = environment_find(ctx, request->environment, &environment, err);
    if (st == ENVRES_OK)
        st = listing_open(listing, &app, err);
    if (st == ENVRES_OK)
        st = version_all(ctx, &app, &all, &count, err);
    if (st == ENVRES_OK)
        st = context_check_listed(ctx, list_sql[SQL_ROWS], app.id, count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        if (is_wanted(listing, &all[i], filtered ? &environment : NULL, request->flags))
            st = add_row(listing, &all[i], err);
    }
    mem_free(ctx->mem, all);
    return st;
}

static envres_status
describe_inside(struct listing *listing, const struct list_request *request, envres_error *err)
{
    struct app app = { 0 };
    struct version version = { 0 };
    envres_status st = version_named(listing->ctx, request->name, false, &app, &version, err);
    if (st == ENVRES_OK)
        st = listing_open(listing, &app, err);
    return st == ENVRES_OK ? add_row(listing, &version, err) : st;
}

/* Fills a list inside a transaction that is open. */
static envres_status
fill_listing(struct context *ctx, const struct list_request *request, envres_list **out,
             envres_error *err)
{
    struct listing listing = { .ctx = ctx };
    envres_status st =
        list_new(ctx->mem, version_columns, ENVRES_VERSION_COLUMNS, &listing.list, err);
    if (st == ENVRES_OK && request->found)
        st = listing_open(&listing, request->of, err);
    if (st == ENVRES_OK)
        st = request->found  ? add_row(&listing, request->found, err)
             : request->name ? describe_inside(&listing, request, err)
                             : list_inside(&listing, request, err);
    if (st == ENVRES_OK)
        st = list_status(listing.list, err);
    mem_free(ctx->mem, listing.environments);
    if (st < 0)
        envres_list_free(listing.list);
    else
        *out = listing.list;
    return st;
}

static envres_status
run_listing(struct context *ctx, const struct list_request *request, envres_list **out,
            envres_error *err)
{
    envres_list *list = NULL;
    envres_status st = db_begin_read(ctx->db, err);
    if (st == ENVRES_OK)
        st = db_end(ctx->db, fill_listing(ctx, request, &list, err), NULL, err);
    if (st < 0)
        envres_list_free(list);
    else
        *out = list;
    return st;
}

envres_status
version_row(struct context *ctx, const struct app *app, const struct version *version,
            envres_list **out, envres_error *err)
{
    struct list_request request = { .of = app, .found = version };
    return fill_listing(ctx, &request, out, err);
}

envres_status
version_row_again(struct context *ctx, struct slice app_name, int64_t number, envres_list **out,
                  envres_error *err)
{
    struct app app = { 0 };
    struct version version = { 0 };
    envres_list *list = NULL;
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    st = app_find(ctx, app_name, &app, err);
    if (st == ENVRES_OK)
        st = version_by_number(ctx, &app, number, &version, err);
    if (st == ENVRES_OK)
        st = version_row(ctx, &app, &version, &list, err);
    st = db_end(ctx->db, st, NULL, err);
    if (st < 0)
        envres_list_free(list);
    else
        *out = list;
    return st;
}

envres_status
version_list(struct context *ctx, struct slice app, struct slice environment, uint32_t flags,
             envres_list **out, envres_error *err)
{
    struct list_request request = { .app = app, .environment = environment, .flags = flags };
    if (flags & ~(uint32_t)ENVRES_VERSION_ALL)
        return err_set(err, ENVRES_E_INVALID, "an unknown flag");
    return run_listing(ctx, &request, out, err);
}

envres_status
version_describe(struct context *ctx, const envres_version_name *name, envres_list **out,
                 envres_error *err)
{
    struct list_request request = { .name = name };
    if (!name)
        return err_set(err, ENVRES_E_INVALID, "the version's name is NULL");
    return run_listing(ctx, &request, out, err);
}

/* ---- the last editing state ----------------------------------------------------------------- */

struct open_request {
    struct slice app;
    struct slice version; /* .data NULL: picked */
    struct slice environment;
    envres_list **row; /* NULL: not wanted */
};

static envres_status
read_last(struct context *ctx, const struct app *app, bool *found, uint8_t version[SEAL_ID],
          uint8_t environment[SEAL_ID], int64_t *time, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    envres_status st = db_use(ctx->db, list_sql[SQL_LAST], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    db_bind_blob(stmt, 2, context_who(ctx), SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = column_id(stmt, 0, version, err);
    if (st == ENVRES_OK)
        st = column_id(stmt, 1, environment, err);
    *time = db_column_int(stmt, 2);
    *found = st == ENVRES_OK;
    db_reset(stmt);
    return st;
}

static envres_status
remember(struct change *change, const struct app *app, const struct version *version,
         const struct environment *environment, envres_error *err)
{
    struct context *ctx = change->ctx;
    struct db_stmt *stmt = NULL;
    uint8_t last_version[SEAL_ID] = { 0 };
    uint8_t last_environment[SEAL_ID] = { 0 };
    int64_t time = 0;
    bool found = false;
    envres_status st = read_last(ctx, app, &found, last_version, last_environment, &time, err);
    if (st < 0)
        return st;
    if (found && memcmp(last_version, version->id, SEAL_ID) == 0 &&
        memcmp(last_environment, environment->id, SEAL_ID) == 0) {
        change->nothing = true;
        return ENVRES_OK;
    }
    st = db_use(ctx->db, list_sql[SQL_REMEMBER], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    db_bind_blob(stmt, 2, context_who(ctx), SEAL_ID);
    db_bind_blob(stmt, 3, version->id, SEAL_ID);
    db_bind_blob(stmt, 4, environment->id, SEAL_ID);
    db_bind_int(stmt, 5, change->now);
    return db_run(stmt, err);
}

static envres_status
open_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct open_request *request = asked;
    struct context *ctx = change->ctx;
    struct app app = { 0 };
    struct environment environment = { 0 };
    struct version version = { 0 };
    envres_status st = environment_find(ctx, request->environment, &environment, err);
    if (st == ENVRES_OK)
        st = change_may(change, ACTION_LIST, &environment, err);
    if (st == ENVRES_OK)
        st = app_find(ctx, request->app, &app, err);
    if (st == ENVRES_OK && request->version.data) {
        st = version_find(ctx, &app, request->version, &version, err);
        if (st == ENVRES_OK && version.stored == STORED_DISCARDED) {
            st = err_set(err, ENVRES_E_DISCARDED, "version '%s' was discarded", version.name);
            err_subject(err, version.name, strlen(version.name));
        }
        if (st == ENVRES_OK)
            st = version_reached(ctx, &app, &version, &environment, err);
    } else if (st == ENVRES_OK) {
        st = version_pick(ctx, &app, &environment, &version, err);
    }
    if (st < 0)
        return st;
    memcpy(change->environment, environment.id, SEAL_ID);
    change->has_environment = true;
    change->revision = version.number;
    if (request->row)
        st = version_row(ctx, &app, &version, request->row, err);
    return st == ENVRES_OK ? remember(change, &app, &version, &environment, err) : st;
}

envres_status
version_open(struct context *ctx, const envres_version_name *name, struct slice environment,
             const envres_change *given, envres_list **out, envres_error *err)
{
    envres_list *row = NULL;
    struct open_request request = { .environment = environment, .row = out ? &row : NULL };
    int64_t number = 0;
    envres_status st = version_name_read(name, &request.app, &request.version, err);
    if (st < 0)
        return st;
    struct change_title title = { "version.open", "version/", request.app, NULL };
    st = change_run(ctx, given, &title, open_inside, &request, &number, err);
    if (st == ENVRES_OK && out && !row)
        st = version_row_again(ctx, request.app, number, &row, err);
    if (st == ENVRES_OK && out)
        *out = row;
    else
        envres_list_free(row);
    return st;
}

static const char *const last_columns[ENVRES_LAST_COLUMNS] = { "version", "environment", "time" };

static envres_status
last_inside(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    struct slice app_name = *(const struct slice *)asked;
    struct app app = { 0 };
    struct version version = { 0 };
    struct environment environment = { 0 };
    uint8_t version_id[SEAL_ID] = { 0 };
    uint8_t environment_id[SEAL_ID] = { 0 };
    int64_t time = 0;
    bool found = false;
    envres_status st = app_find(ctx, app_name, &app, err);
    if (st == ENVRES_OK)
        st = read_last(ctx, &app, &found, version_id, environment_id, &time, err);
    if (st < 0 || !found)
        return st;
    st = version_by_id(ctx, version_id, &version, err);
    if (st == ENVRES_OK)
        st = stage_find(ctx, environment_id, &environment, err);
    if (st < 0)
        return st;
    list_row(list);
    list_set_str(list, ENVRES_LAST_VERSION, version.name);
    list_set_str(list, ENVRES_LAST_ENVIRONMENT, environment.key);
    list_set_int(list, ENVRES_LAST_TIME, time);
    return list_status(list, err);
}

envres_status
version_last(struct context *ctx, struct slice app, envres_list **out, envres_error *err)
{
    static const struct list_shape shape = { last_columns, ENVRES_LAST_COLUMNS };
    return context_list(ctx, &shape, last_inside, &app, out, err);
}

/* ---- verify --------------------------------------------------------------------------------- */

static envres_status
has_release(struct context *ctx, const struct version *version, bool *has, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, list_sql[SQL_HAS_RELEASE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, version->app, SEAL_ID);
    db_bind_blob(stmt, 2, version->id, SEAL_ID);
    st = db_step(stmt, &row, err);
    *has = st == ENVRES_OK && row == DB_ROW;
    if (*has)
        db_reset(stmt);
    return st;
}

/* What is wrong with one version's row, or NULL. `number`: the one it should have. */
static const char *
row_fault(const struct listing *listing, const struct version *version, int64_t number,
          bool released)
{
    const struct environment *stage = stage_of(listing, version);
    if (version->number != number)
        return "its number does not follow that of the version before it";
    if (!stage || stage->position == 0)
        return "it stands in an environment that is not on the path";
    if (version->stored == STORED_DRAFT && stage->position != 1)
        return "it is a draft, but not in the first environment";
    /* Only a salvage discards what was released: when its content is lost. */
    if (released && version->stored != STORED_RELEASED &&
        !(listing->salvaged && version->stored == STORED_DISCARDED))
        return "a release names it, but its state does not say so";
    if (!released && version->stored == STORED_RELEASED)
        return "its state says that it was released, but no release names it";
    return NULL;
}

static envres_status
parent_fault(struct context *ctx, const struct version *version, const char **fault,
             envres_error *err)
{
    struct version parent = { 0 };
    if (!version->has_parent)
        return ENVRES_OK;
    envres_status st = version_by_id(ctx, version->parent, &parent, err);
    if (st == ENVRES_E_CORRUPT ||
        (st == ENVRES_OK && memcmp(parent.app, version->app, SEAL_ID) != 0))
        *fault = "its parent is not a version of the app";
    else if (st == ENVRES_OK && parent.number >= version->number)
        *fault = "its parent is younger than itself";
    return st == ENVRES_E_CORRUPT ? ENVRES_OK : st;
}

static envres_status
verify_row(struct listing *listing, const struct version *version, int64_t number,
           db_finding_fn finding, void *user, envres_error *err)
{
    struct buf object = { .mem = NULL };
    bool released = false;
    const char *fault = NULL;
    envres_status st = has_release(listing->ctx, version, &released, err);
    if (st == ENVRES_OK)
        fault = row_fault(listing, version, number, released);
    if (st == ENVRES_OK && !fault)
        st = parent_fault(listing->ctx, version, &fault, err);
    if (st < 0 || !fault)
        return st;
    buf_init(&object, listing->ctx->mem, false);
    buf_add_str(&object, "version/");
    buf_add_str(&object, listing->app.name);
    buf_add_char(&object, '/');
    buf_add(&object, version->name, strlen(version->name) + 1);
    st = buf_status(&object, err);
    if (st == ENVRES_OK)
        finding(user, "ENVRES_E_CORRUPT", object.data, fault);
    buf_free(&object);
    return st;
}

static envres_status
verify_app(struct listing *listing, const struct app *app, db_finding_fn finding, void *user,
           envres_error *err)
{
    struct version *all = NULL;
    size_t count = 0;
    envres_status st = listing_open(listing, app, err);
    if (st == ENVRES_OK)
        st = version_all(listing->ctx, app, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++)
        st = verify_row(listing, &all[i], (int64_t)(count - i), finding, user, err);
    if (st == ENVRES_OK && count == 0)
        finding(user, "ENVRES_E_CORRUPT", app->name, "the app has no version");
    mem_free(listing->ctx->mem, all);
    mem_free(listing->ctx->mem, listing->environments);
    return st;
}

envres_status
version_verify(struct context *ctx, db_finding_fn finding, void *user, envres_error *err)
{
    struct app *apps = NULL;
    size_t count = 0;
    int64_t salvages = 0;
    envres_status st = audit_count(ctx->db, ctx->workspace, NULL, "store.salvage", &salvages, err);
    if (st == ENVRES_OK)
        st = app_all(ctx, &apps, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        struct listing listing = { .ctx = ctx, .salvaged = salvages > 0 };
        st = verify_app(&listing, &apps[i], finding, user, err);
        if (st == ENVRES_E_CORRUPT) {
            finding(user, "ENVRES_E_CORRUPT", apps[i].name, "the rows of the app do not fit");
            st = ENVRES_OK;
        }
    }
    mem_free(ctx->mem, apps);
    return st;
}
