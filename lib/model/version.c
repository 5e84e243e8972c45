/* SPDX-License-Identifier: MIT */
/*
 * Versions: rows, names, states. A version's row says what it is; where it may go, the machine and
 * lib/delivery say. Numbers count from 1 in each app and are never given twice.
 */
#include "model/version.h"

#include <string.h>

#include "base/text.h"

#define VERSION_COLUMNS                                                                            \
    "id, app_id, number, name, description, state, stage_id, parent_id, base, content, parts,"     \
    " bytes, edits, author, created_at, changed_at, pins"

enum {
    SQL_BY_NAME,
    SQL_BY_ID,
    SQL_BY_NUMBER,
    SQL_ALL,
    SQL_DRAFTS,
    SQL_NEWEST,
    SQL_AT_STAGE,
    SQL_OTHER,
    SQL_NAMES,
    SQL_LIVE,
    SQL_LAST_STAGE,
    SQL_COUNT_
};

static const char *const version_sql[SQL_COUNT_] = {
    [SQL_BY_NAME] = "SELECT " VERSION_COLUMNS " FROM version"
                    /* The plus keeps SQLite from putting ?2 into the lower(name) of the index. */
                    " WHERE app_id = ?1 AND lower(name) = lower(?2) AND +name = ?2",
    [SQL_BY_ID] = "SELECT " VERSION_COLUMNS " FROM version WHERE id = ?1",
    [SQL_BY_NUMBER] = "SELECT " VERSION_COLUMNS " FROM version WHERE app_id = ?1 AND number = ?2",
    [SQL_ALL] = "SELECT " VERSION_COLUMNS " FROM version WHERE app_id = ?1 ORDER BY number DESC",
    [SQL_DRAFTS] = "SELECT " VERSION_COLUMNS " FROM version"
                   " WHERE app_id = ?1 AND stage_id = ?2 AND state = 1 ORDER BY number LIMIT 20",
    [SQL_NEWEST] = "SELECT " VERSION_COLUMNS " FROM version WHERE app_id = ?1 AND state <> 4"
                   " ORDER BY number DESC LIMIT 1",
    [SQL_AT_STAGE] = "SELECT " VERSION_COLUMNS " FROM version"
                     " WHERE app_id = ?1 AND stage_id = ?2 AND state <> 4"
                     " ORDER BY changed_at DESC, number DESC LIMIT 1",
    [SQL_OTHER] = "SELECT 1 FROM version WHERE app_id = ?1 AND id <> ?2 AND state <> 4 LIMIT 1",
    [SQL_NAMES] = "SELECT name FROM version WHERE app_id = ?1 ORDER BY number DESC",
    [SQL_LIVE] = "SELECT version_id FROM release WHERE app_id = ?1 AND sequence = ?2",
    [SQL_LAST_STAGE] = "SELECT id FROM environment WHERE workspace_id = ?1"
                       " AND position IS NOT NULL ORDER BY position DESC LIMIT 1",
};

/* ---- rows ----------------------------------------------------------------------------------- */

static envres_status
read_row(struct db_stmt *stmt, struct version *out, envres_error *err)
{
    memset(out, 0, sizeof(*out));
    int64_t stored = db_column_int(stmt, 5);
    envres_status st = column_id(stmt, 0, out->id, err);
    if (st == ENVRES_OK)
        st = column_id(stmt, 1, out->app, err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 3, out->name, sizeof(out->name), err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 4, out->description, sizeof(out->description), err);
    if (st == ENVRES_OK)
        st = column_id(stmt, 6, out->stage, err);
    if (st == ENVRES_OK)
        st = column_bytes(stmt, 7, out->parent, SEAL_ID, &out->has_parent, err);
    if (st == ENVRES_OK)
        st = column_bytes(stmt, 8, out->base, SEAL_DIGEST, &out->has_base, err);
    if (st == ENVRES_OK)
        st = column_bytes(stmt, 9, out->content, SEAL_DIGEST, NULL, err);
    if (st == ENVRES_OK)
        st = column_id(stmt, 13, out->author, err);
    if (st == ENVRES_OK && (stored < STORED_DRAFT || stored > STORED_DISCARDED))
        st = err_set(err, ENVRES_E_CORRUPT, "a version's row in the store is damaged");
    out->stored = (enum version_stored)stored;
    out->number = db_column_int(stmt, 2);
    out->parts = db_column_int(stmt, 10);
    out->bytes = db_column_int(stmt, 11);
    out->edits = db_column_int(stmt, 12);
    out->created_at = db_column_int(stmt, 14);
    out->changed_at = db_column_int(stmt, 15);
    out->pins = db_column_int(stmt, 16);
    return st;
}

static envres_status
read_one(struct db_stmt *stmt, bool *found, struct version *out, envres_error *err)
{
    int row = DB_DONE;
    envres_status st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW) {
        st = read_row(stmt, out, err);
        db_reset(stmt);
    }
    *found = st == ENVRES_OK && row == DB_ROW;
    return st;
}

/* All rows of a prepared statement. */
static envres_status
read_all(struct context *ctx, struct db_stmt *stmt, struct version **out, size_t *count,
         envres_error *err)
{
    struct version *all = NULL;
    size_t used = 0;
    size_t room = 0;
    envres_status st = ENVRES_OK;
    for (;;) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        if (used == LIMIT_VERSIONS) {
            st = err_set(err, ENVRES_E_LIMIT, "the app has more than %d versions",
                         (int)LIMIT_VERSIONS);
            break;
        }
        struct version *grown = mem_grow(ctx->mem, all, &room, used, sizeof(*all));
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

envres_status
version_all(struct context *ctx, const struct app *app, struct version **out, size_t *count,
            envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, version_sql[SQL_ALL], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    return read_all(ctx, stmt, out, count, err);
}

/* ---- the path ------------------------------------------------------------------------------- */

envres_status
path_all(struct context *ctx, struct environment **out, size_t *count, envres_error *err)
{
    envres_status st = environment_all(ctx, out, count, err);
    while (st == ENVRES_OK && *count > 0 && (*out)[*count - 1].position == 0)
        --*count; /* those off the path come last */
    return st;
}

envres_status
stage_find(struct context *ctx, const uint8_t id[SEAL_ID], struct environment *out,
           envres_error *err)
{
    bool found = false;
    envres_status st = environment_by_id(ctx, id, &found, out, err);
    if (st == ENVRES_OK && !found)
        st = err_set(err, ENVRES_E_CORRUPT, "a version stands in an environment that is not there");
    return st;
}

/* ---- finding -------------------------------------------------------------------------------- */

envres_status
version_has_other(struct context *ctx, const struct version *version, bool *has, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, version_sql[SQL_OTHER], &stmt, err);
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

/* The nearest of the newest names, and the newest; "" where there is none. */
static void
find_nearest(struct context *ctx, const struct app *app, struct slice name,
             char nearest_name[LIMIT_APP + 1], char newest[LIMIT_APP + 1])
{
    struct nearest nearest = { 0 };
    struct db_stmt *stmt = NULL;
    nearest_name[0] = newest[0] = '\0';
    nearest_init(&nearest, name);
    if (db_use(ctx->db, version_sql[SQL_NAMES], &stmt, NULL) < 0)
        return;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    for (size_t i = 0; i < LIMIT_CANDIDATES; i++) {
        int row = DB_DONE;
        char other[LIMIT_APP + 1];
        if (db_step(stmt, &row, NULL) < 0 || row == DB_DONE)
            break;
        if (column_name(stmt, 0, other, sizeof(other), NULL) < 0)
            continue;
        if (i == 0)
            memcpy(newest, other, sizeof(other));
        nearest_add(&nearest, slice_str(other));
        if (nearest.best.data == other) {
            memcpy(nearest_name, other, sizeof(other));
            nearest.best.data = nearest_name;
        }
    }
    db_reset(stmt);
}

static envres_status
not_found(struct context *ctx, const struct app *app, struct slice name, envres_error *err)
{
    char nearest[LIMIT_APP + 1];
    char newest[LIMIT_APP + 1];
    find_nearest(ctx, app, name, nearest, newest);
    envres_status st = err_set(err, ENVRES_E_NOT_FOUND, "app '%s' has no version '%.*s'", app->name,
                               (int)(name.len > LIMIT_APP ? LIMIT_APP : name.len), name.data);
    err_subject(err, name.data, name.len);
    if (nearest[0])
        err_hint(err, "did you mean '%s'?", nearest);
    else if (newest[0])
        err_hint(err, "the newest is '%s'", newest);
    return st;
}

envres_status
version_find(struct context *ctx, const struct app *app, struct slice name, struct version *out,
             envres_error *err)
{
    struct db_stmt *stmt = NULL;
    bool found = false;
    envres_status st = db_use(ctx->db, version_sql[SQL_BY_NAME], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    db_bind_text(stmt, 2, name.data, name.len);
    st = read_one(stmt, &found, out, err);
    return st < 0 || found ? st : not_found(ctx, app, name, err);
}

envres_status
version_by_number(struct context *ctx, const struct app *app, int64_t number, struct version *out,
                  envres_error *err)
{
    struct db_stmt *stmt = NULL;
    bool found = false;
    envres_status st = db_use(ctx->db, version_sql[SQL_BY_NUMBER], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    db_bind_int(stmt, 2, number);
    st = read_one(stmt, &found, out, err);
    if (st < 0 || found)
        return st;
    return err_set(err, ENVRES_E_NOT_FOUND, "app '%s' has no version number %lld", app->name,
                   (long long)number);
}

envres_status
version_newest(struct context *ctx, const struct app *app, bool *found, struct version *out,
               envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, version_sql[SQL_NEWEST], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    return read_one(stmt, found, out, err);
}

envres_status
version_by_id(struct context *ctx, const uint8_t id[SEAL_ID], struct version *out,
              envres_error *err)
{
    struct db_stmt *stmt = NULL;
    bool found = false;
    envres_status st = db_use(ctx->db, version_sql[SQL_BY_ID], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    st = read_one(stmt, &found, out, err);
    if (st < 0 || found)
        return st;
    return err_set(err, ENVRES_E_CORRUPT, "the store refers to a version that is not there");
}

/* One end of the path. */
static envres_status
path_end(struct context *ctx, bool last, struct environment *out, envres_error *err)
{
    struct environment *path = NULL;
    size_t count = 0;
    envres_status st = path_all(ctx, &path, &count, err);
    if (st == ENVRES_OK && count == 0)
        st = err_set(err, ENVRES_E_CORRUPT, "the workspace has no promotion path");
    if (st == ENVRES_OK)
        *out = path[last ? count - 1 : 0];
    mem_free(ctx->mem, path);
    return st;
}

envres_status
path_first(struct context *ctx, struct environment *out, envres_error *err)
{
    return path_end(ctx, false, out, err);
}

envres_status
path_last(struct context *ctx, struct environment *out, envres_error *err)
{
    return path_end(ctx, true, out, err);
}

static envres_status
no_draft(const struct app *app, bool writing, envres_error *err)
{
    envres_status st = err_set(err, writing ? ENVRES_E_FROZEN : ENVRES_E_NOT_FOUND,
                               "app '%s' has no draft", app->name);
    err_subject(err, app->name, strlen(app->name));
    err_hint(err,
             writing ? "make a new version, and edit that" : "name a version, or make a new one");
    return st;
}

static envres_status
several_drafts(const struct app *app, const struct version *drafts, size_t count, envres_error *err)
{
    char names[400] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used + LIMIT_APP + 3 < sizeof(names); i++) {
        if (i > 0) {
            memcpy(names + used, ", ", 2);
            used += 2;
        }
        size_t len = strlen(drafts[i].name);
        memcpy(names + used, drafts[i].name, len + 1);
        used += len;
    }
    envres_status st =
        err_set(err, ENVRES_E_INVALID, "app '%s' has several drafts: name one", app->name);
    err_subject(err, app->name, strlen(app->name));
    err_hint(err, "the drafts are: %s", names);
    return st;
}

envres_status
version_only_draft(struct context *ctx, const struct app *app, bool writing, struct version *out,
                   envres_error *err)
{
    struct environment first = { 0 };
    struct db_stmt *stmt = NULL;
    struct version *drafts = NULL;
    size_t count = 0;
    envres_status st = path_first(ctx, &first, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, version_sql[SQL_DRAFTS], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    db_bind_blob(stmt, 2, first.id, SEAL_ID);
    st = read_all(ctx, stmt, &drafts, &count, err);
    if (st < 0)
        return st;
    if (count == 1)
        *out = drafts[0];
    else
        st = count == 0 ? no_draft(app, writing, err) : several_drafts(app, drafts, count, err);
    mem_free(ctx->mem, drafts);
    return st;
}

envres_status
version_name_read(const envres_version_name *name, struct slice *app, struct slice *version,
                  envres_error *err)
{
    envres_version_name read = { 0 };
    if (!name)
        return err_set(err, ENVRES_E_INVALID, "the version's name is NULL");
    envres_status st = opts_read(&read, sizeof(read), sizeof(read), name, err);
    if (st == ENVRES_OK && !read.app)
        st = err_set(err, ENVRES_E_INVALID, "the app's name is NULL");
    if (st == ENVRES_OK)
        st = text_argument(read.app, read.app_len, SIZE_MAX, "the app's name", app, err);
    if (st == ENVRES_OK)
        st = text_argument(read.version, read.version ? read.version_len : 0, SIZE_MAX,
                           "the version's name", version, err);
    if (st == ENVRES_OK && !read.version)
        version->data = NULL;
    return st;
}

envres_status
version_named(struct context *ctx, const envres_version_name *name, bool writing, struct app *app,
              struct version *out, envres_error *err)
{
    struct slice app_name = { 0 };
    struct slice version_name = { 0 };
    envres_status st = version_name_read(name, &app_name, &version_name, err);
    if (st == ENVRES_OK)
        st = app_find(ctx, app_name, app, err);
    if (st < 0)
        return st;
    return version_name.data ? version_find(ctx, app, version_name, out, err)
                             : version_only_draft(ctx, app, writing, out, err);
}

/* ---- states --------------------------------------------------------------------------------- */

envres_status
version_frame(struct context *ctx, const struct app *app, struct version_frame *out,
              envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    memset(out, 0, sizeof(*out));
    envres_status st = db_use(ctx->db, version_sql[SQL_LAST_STAGE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW) {
        st = column_id(stmt, 0, out->last, err);
        db_reset(stmt);
    }
    if (st < 0 || app->live == 0)
        return st;
    st = db_use(ctx->db, version_sql[SQL_LIVE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    db_bind_int(stmt, 2, app->live);
    st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_DONE)
        return err_set(err, ENVRES_E_CORRUPT, "the live release of '%s' is not there", app->name);
    if (st == ENVRES_OK) {
        st = column_id(stmt, 0, out->live, err);
        db_reset(stmt);
    }
    out->has_live = st == ENVRES_OK;
    return st;
}

enum version_state
version_state_in(const struct version_frame *frame, const struct version *version)
{
    switch (version->stored) {
    case STORED_DRAFT:
        return VERSION_DRAFT;
    case STORED_FROZEN:
        return memcmp(version->stage, frame->last, SEAL_ID) == 0 ? VERSION_READY : VERSION_STAGED;
    case STORED_RELEASED:
        return frame->has_live && memcmp(version->id, frame->live, SEAL_ID) == 0 ? VERSION_LIVE
                                                                                 : VERSION_RETIRED;
    case STORED_DISCARDED:
        break;
    }
    return VERSION_DISCARDED;
}

envres_status
version_state(struct context *ctx, const struct app *app, const struct version *version,
              enum version_state *out, envres_error *err)
{
    struct version_frame frame = { 0 };
    envres_status st = version_frame(ctx, app, &frame, err);
    if (st == ENVRES_OK)
        *out = version_state_in(&frame, version);
    return st;
}

/* ---- which version is in an environment ----------------------------------------------------- */

static envres_status
no_version_here(const struct app *app, const struct environment *environment, envres_error *err)
{
    envres_status st =
        environment->position > 0
            ? err_set(err, ENVRES_E_NO_VERSION_HERE, "no version of '%s' has reached %s yet",
                      app->name, environment->key)
            : err_set(err, ENVRES_E_NO_VERSION_HERE,
                      "'%s' has no live release, which is what %s would serve", app->name,
                      environment->key);
    err_subject(err, environment->key, strlen(environment->key));
    err_hint(err, environment->position > 0 ? "promote one there, or look in the environment before"
                                            : "release a version");
    return st;
}

/* The live version, for an environment off the path. */
static envres_status
pick_live(struct context *ctx, const struct app *app, const struct environment *environment,
          struct version *out, envres_error *err)
{
    struct version_frame frame = { 0 };
    envres_status st = version_frame(ctx, app, &frame, err);
    if (st < 0)
        return st;
    return frame.has_live ? version_by_id(ctx, frame.live, out, err)
                          : no_version_here(app, environment, err);
}

static bool
is_newer(const struct version *a, const struct version *b)
{
    return a->changed_at != b->changed_at ? a->changed_at > b->changed_at : a->number > b->number;
}

envres_status
version_pick(struct context *ctx, const struct app *app, const struct environment *environment,
             struct version *out, envres_error *err)
{
    struct environment *path = NULL;
    size_t count = 0;
    bool any = false;
    struct version best = { 0 };
    if (environment->position == 0)
        return pick_live(ctx, app, environment, out, err);
    envres_status st = path_all(ctx, &path, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        struct version newest = { 0 };
        struct db_stmt *stmt = NULL;
        bool found = false;
        if (path[i].position < environment->position)
            continue;
        st = db_use(ctx->db, version_sql[SQL_AT_STAGE], &stmt, err);
        if (st < 0)
            break;
        db_bind_blob(stmt, 1, app->id, SEAL_ID);
        db_bind_blob(stmt, 2, path[i].id, SEAL_ID);
        st = read_one(stmt, &found, &newest, err);
        if (found && (!any || is_newer(&newest, &best)))
            best = newest;
        any = any || found;
    }
    mem_free(ctx->mem, path);
    if (st == ENVRES_OK && !any)
        st = no_version_here(app, environment, err);
    if (st == ENVRES_OK)
        *out = best;
    return st;
}

envres_status
version_reached(struct context *ctx, const struct app *app, const struct version *version,
                const struct environment *environment, envres_error *err)
{
    struct environment stage = { 0 };
    struct version_frame frame = { 0 };
    if (environment->position == 0) {
        envres_status st = version_frame(ctx, app, &frame, err);
        if (st < 0 || (frame.has_live && memcmp(frame.live, version->id, SEAL_ID) == 0))
            return st;
        st = err_set(err, ENVRES_E_NO_VERSION_HERE,
                     "%s is off the path and serves the live release; '%s' is not live",
                     environment->key, version->name);
        err_subject(err, version->name, strlen(version->name));
        return st;
    }
    envres_status st = stage_find(ctx, version->stage, &stage, err);
    if (st < 0 || stage.position >= environment->position)
        return st;
    st = err_set(err, ENVRES_E_NO_VERSION_HERE, "version '%s' has not reached %s; it stands in %s",
                 version->name, environment->key, stage.key);
    err_subject(err, version->name, strlen(version->name));
    err_hint(err, "promote it there first");
    return st;
}
