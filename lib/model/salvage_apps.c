/* SPDX-License-Identifier: MIT */
/*
 * The apps of a salvaged store. Parts and trees verify by their digests, releases by their
 * signatures; apps and versions are what those leave of them.
 *
 * Rules. An app has the name that its releases are signed with. A version whose content is not
 * whole becomes a discarded one: its name and number stay. A frozen version whose history is
 * damaged keeps its content and loses the history. A version's row that is lost is stood for by a
 * discarded one, since numbers have no gaps. The line of releases ends before its first record that
 * does not hold; what is live is then withdrawn, by whoever salvages, and no older release is
 * served in its place unasked.
 */
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "model/content.h"
#include "model/release.h"
#include "model/salvage.h"
#include "model/tree.h"

enum {
    SQL_PAST_EDITS,
    SQL_PART,
    SQL_TREE,
    SQL_DROP_PART,
    SQL_DROP_TREE,
    SQL_HAS_PART,
    SQL_BAD_APPS,
    SQL_BAD_VERSIONS,
    SQL_BAD_EDITS,
    SQL_BAD_RELEASES,
    SQL_LOST_APP,
    SQL_ADD_APP,
    SQL_NAMED,
    SQL_RENAME,
    SQL_LOST_VERSION,
    SQL_GAP,
    SQL_LAST_NUMBER,
    SQL_ADD_VERSION,
    SQL_PARENTS,
    SQL_STAGES,
    SQL_DRAFT_STAGES,
    SQL_DISCARD,
    SQL_FLATTEN,
    SQL_DROP_EDITS,
    SQL_DROP_PINS,
    SQL_CUT,
    SQL_STATES,
    SQL_STATES_BACK,
    SQL_COUNT_
};

static const char *const apps_sql[SQL_COUNT_] = {
    [SQL_PAST_EDITS] = "DELETE FROM part_edit WHERE version_id = ?1 AND until IS NOT NULL"
                       " AND part NOT IN (SELECT digest FROM part)",
    [SQL_PART] = "SELECT rowid, digest, body FROM part WHERE rowid > ?1 ORDER BY rowid LIMIT 1",
    [SQL_TREE] = "SELECT rowid, digest, body FROM tree WHERE rowid > ?1 ORDER BY rowid LIMIT 1",
    [SQL_DROP_PART] = "DELETE FROM part WHERE rowid = ?1",
    [SQL_DROP_TREE] = "DELETE FROM tree WHERE rowid = ?1",
    [SQL_HAS_PART] = "SELECT length(body) FROM part WHERE workspace_id = ?1 AND digest = ?2",
    [SQL_BAD_APPS] = "DELETE FROM app WHERE length(CAST(name AS BLOB)) NOT BETWEEN 1 AND ?1",
    [SQL_BAD_VERSIONS] =
        "DELETE FROM version WHERE length(CAST(name AS BLOB)) NOT BETWEEN 1 AND ?1"
        " OR length(CAST(description AS BLOB)) > ?2 OR length(app_id) <> 16"
        " OR length(stage_id) <> 16 OR length(parent_id) <> 16 OR number > 2000000",
    [SQL_BAD_EDITS] = "DELETE FROM part_edit WHERE length(CAST(path AS BLOB)) NOT BETWEEN 1 AND ?1",
    [SQL_BAD_RELEASES] =
        "DELETE FROM release WHERE length(CAST(tag AS BLOB)) NOT BETWEEN 1 AND ?1"
        " OR length(tag_order) = 0 OR length(CAST(notes AS BLOB)) > ?2 OR length(app_id) <> 16"
        " OR length(version_id) <> 16 OR length(environment_id) <> 16 OR length(signer) <> 16"
        " OR length(CAST(app_name AS BLOB)) NOT BETWEEN 1 AND ?3"
        " OR length(CAST(version_name AS BLOB)) NOT BETWEEN 1 AND ?3",
    [SQL_LOST_APP] =
        "SELECT x.app_id FROM (SELECT app_id FROM version UNION SELECT app_id FROM release) x"
        " WHERE length(x.app_id) = 16 AND NOT EXISTS (SELECT 1 FROM app a WHERE a.id = x.app_id)"
        " ORDER BY x.app_id LIMIT 1",
    [SQL_ADD_APP] = "INSERT INTO app (id, workspace_id, name, pin, protected, live, author,"
                    " created_at) VALUES (?1, ?2, ?3, 0, 1, NULL, ?4, ?5)",
    [SQL_NAMED] = "SELECT id FROM app WHERE workspace_id = ?1 AND lower(name) = lower(?2)",
    [SQL_RENAME] = "UPDATE app SET name = ?2 WHERE id = ?1",
    [SQL_LOST_VERSION] =
        "SELECT r.version_id, r.content FROM release r WHERE r.app_id = ?1 AND NOT EXISTS"
        " (SELECT 1 FROM version v WHERE v.id = r.version_id) ORDER BY r.sequence LIMIT 1",
    [SQL_GAP] = "SELECT min(n) FROM (SELECT 1 AS n UNION SELECT number + 1 FROM version"
                " WHERE app_id = ?1) WHERE n NOT IN (SELECT number FROM version WHERE app_id = ?1)",
    [SQL_LAST_NUMBER] = "SELECT coalesce(max(number), 0) FROM version WHERE app_id = ?1",
    [SQL_ADD_VERSION] =
        "INSERT INTO version (id, app_id, number, name, description, state, stage_id, parent_id,"
        " base, content, parts, bytes, pins, edits, author, created_at, changed_at, frozen_at)"
        " SELECT ?1, ?2, ?3, ?4, '', 4, id, NULL, NULL, ?5, 0, 0, 0, 0, ?6, ?7, ?7, ?7"
        " FROM environment WHERE position IS NOT NULL ORDER BY position LIMIT 1",
    [SQL_PARENTS] =
        "UPDATE version SET parent_id = NULL WHERE app_id = ?1 AND parent_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM version p WHERE p.id = version.parent_id"
        " AND p.app_id = version.app_id AND p.number < version.number)",
    [SQL_STAGES] =
        "UPDATE version SET stage_id = (SELECT id FROM environment WHERE position IS NOT NULL"
        " ORDER BY position LIMIT 1) WHERE app_id = ?1 AND stage_id NOT IN"
        " (SELECT id FROM environment WHERE position IS NOT NULL)",
    [SQL_DRAFT_STAGES] =
        "UPDATE version SET stage_id = (SELECT id FROM environment WHERE position IS NOT NULL"
        " ORDER BY position LIMIT 1) WHERE app_id = ?1 AND state = 1",
    [SQL_DISCARD] = "UPDATE version SET state = 4, frozen_at = coalesce(frozen_at, ?2)"
                    " WHERE id = ?1",
    [SQL_FLATTEN] = "UPDATE version SET base = content, edits = 0, parts = ?2, bytes = ?3,"
                    " pins = ?4 WHERE id = ?1",
    [SQL_DROP_EDITS] = "DELETE FROM part_edit WHERE version_id = ?1",
    [SQL_DROP_PINS] = "DELETE FROM query_edit WHERE version_id = ?1",
    [SQL_CUT] = "DELETE FROM release WHERE app_id = ?1 AND sequence >= ?2",
    [SQL_STATES] = "UPDATE version SET state = 3, frozen_at = coalesce(frozen_at, changed_at)"
                   " WHERE app_id = ?1 AND state < 3 AND id IN (SELECT version_id FROM release"
                   " WHERE app_id = ?1)",
    [SQL_STATES_BACK] = "UPDATE version SET state = 2 WHERE app_id = ?1 AND state = 3"
                        " AND id NOT IN (SELECT version_id FROM release WHERE app_id = ?1)",
};

struct settling {
    struct context *ctx;
    struct salvage_report *report;
    int64_t now;
};

/* ---- bytes by their digest ------------------------------------------------------------------ */

/* Rows of parts and of lists of parts look alike: each was read into both tables. */
enum bytes_kind { BYTES_NONE, BYTES_PART, BYTES_TREE };

/* Only memory that runs out is an error: it says nothing about the row. */
static envres_status
kind_of(struct settling *s, struct slice digest, struct slice body, enum bytes_kind *out,
        envres_error *err)
{
    uint8_t computed[SEAL_DIGEST] = { 0 };
    struct tree tree = { .mem = s->ctx->mem };
    *out = BYTES_NONE;
    if (digest.len != SEAL_DIGEST)
        return ENVRES_OK;
    part_digest(computed, body.data, body.len);
    if (memcmp(computed, digest.data, SEAL_DIGEST) == 0) {
        *out = BYTES_PART;
        return ENVRES_OK;
    }
    seal_digest(computed, "envres1/tree", body.data, body.len);
    if (memcmp(computed, digest.data, SEAL_DIGEST) != 0)
        return ENVRES_OK;
    envres_status st = tree_decode(s->ctx->mem, body, &tree, NULL);
    tree_free(&tree);
    if (st == ENVRES_E_NOMEM)
        return err_code(err, st);
    if (st == ENVRES_OK)
        *out = BYTES_TREE;
    return ENVRES_OK;
}

static envres_status
prune_bytes(struct settling *s, int select, int drop, enum bytes_kind wanted, int64_t *damaged,
            envres_error *err)
{
    int64_t at = 0;
    envres_status st = ENVRES_OK;
    while (st == ENVRES_OK) {
        struct db_stmt *stmt = NULL;
        int row = DB_DONE;
        st = db_use(s->ctx->db, apps_sql[select], &stmt, err);
        if (st < 0)
            break;
        db_bind_int(stmt, 1, at);
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        at = db_column_int(stmt, 0);
        enum bytes_kind kind = BYTES_NONE;
        st = kind_of(s, db_column_blob(stmt, 1), db_column_blob(stmt, 2), &kind, err);
        db_reset(stmt);
        if (st < 0)
            break;
        *damaged += kind == BYTES_NONE;
        if (kind == wanted)
            continue;
        st = db_use(s->ctx->db, apps_sql[drop], &stmt, err);
        if (st == ENVRES_OK) {
            db_bind_int(stmt, 1, at);
            st = db_run(stmt, err);
        }
    }
    return st;
}

static envres_status
settle_bytes(struct settling *s, envres_error *err)
{
    int64_t damaged = 0;
    int64_t again = 0;
    envres_status st = prune_bytes(s, SQL_PART, SQL_DROP_PART, BYTES_PART, &damaged, err);
    if (st == ENVRES_OK)
        st = prune_bytes(s, SQL_TREE, SQL_DROP_TREE, BYTES_TREE, &again, err);
    if (st == ENVRES_OK && damaged > 0)
        salvage_lost(s->report, "part", NULL, damaged, ENVRES_E_INTEGRITY,
                     "bytes that are not those of their digest are not kept");
    return st;
}

static envres_status
has_parts(struct settling *s, const struct tree *tree, bool *has, envres_error *err)
{
    envres_status st = ENVRES_OK;
    *has = true;
    for (size_t i = 0; st == ENVRES_OK && *has && i < tree->count; i++) {
        struct db_stmt *stmt = NULL;
        int row = DB_DONE;
        st = db_use(s->ctx->db, apps_sql[SQL_HAS_PART], &stmt, err);
        if (st < 0)
            break;
        db_bind_blob(stmt, 1, s->ctx->workspace, SEAL_ID);
        db_bind_blob(stmt, 2, tree->entries[i].part, SEAL_DIGEST);
        st = db_step(stmt, &row, err);
        *has = st == ENVRES_OK && row == DB_ROW;
        if (*has)
            db_reset(stmt);
    }
    return st;
}

/* ---- rows that are out of form, or lost ----------------------------------------------------- */

static envres_status
drop_unreadable(struct settling *s, envres_error *err)
{
    static const struct {
        int sql;
        int limits[3];
    } rows[] = {
        { SQL_BAD_APPS, { LIMIT_APP, 0 } },
        { SQL_BAD_VERSIONS, { LIMIT_APP, LIMIT_DESCRIPTION } },
        { SQL_BAD_EDITS, { LIMIT_PART_PATH, 0 } },
        { SQL_BAD_RELEASES, { LIMIT_TAG, LIMIT_NOTES, LIMIT_APP } },
    };
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct db_stmt *stmt = NULL;
        st = db_use(s->ctx->db, apps_sql[rows[i].sql], &stmt, err);
        for (int n = 0; st == ENVRES_OK && n < 3 && rows[i].limits[n]; n++)
            db_bind_int(stmt, n + 1, rows[i].limits[n]);
        if (st == ENVRES_OK)
            st = db_run(stmt, err);
    }
    return st;
}

static envres_status
add_app(struct settling *s, const uint8_t *id, const char *name, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(s->ctx->db, apps_sql[SQL_ADD_APP], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    db_bind_blob(stmt, 2, s->ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 3, name, strlen(name));
    db_bind_blob(stmt, 4, s->ctx->actor->id, SEAL_ID);
    db_bind_int(stmt, 5, s->now);
    return db_run(stmt, err);
}

static envres_status
rename_app(struct settling *s, const uint8_t *id, const char *name, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(s->ctx->db, apps_sql[SQL_RENAME], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    db_bind_text(stmt, 2, name, strlen(name));
    return db_run(stmt, err);
}

/* Which app has a name, in whatever case. */
static envres_status
find_named(struct settling *s, const char *name, bool *found, uint8_t id[SEAL_ID],
           envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(s->ctx->db, apps_sql[SQL_NAMED], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, s->ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 2, name, strlen(name));
    st = db_step(stmt, &row, err);
    *found = st == ENVRES_OK && row == DB_ROW;
    if (*found) {
        st = column_id(stmt, 0, id, err);
        db_reset(stmt);
    }
    return st;
}

static envres_status
free_name(struct settling *s, char out[LIMIT_APP + 1], envres_error *err)
{
    uint8_t id[SEAL_ID] = { 0 };
    bool taken = true;
    envres_status st = ENVRES_OK;
    for (size_t n = 1; st == ENVRES_OK && taken; n++) {
        snprintf(out, LIMIT_APP + 1, "salvaged-%zu", n);
        st = find_named(s, out, &taken, id, err);
    }
    return st;
}

/* Who has a name that the releases of another app are signed with has lost its own. */
static envres_status
make_way(struct settling *s, const char *name, envres_error *err)
{
    char other[LIMIT_APP + 1] = "";
    uint8_t id[SEAL_ID] = { 0 };
    bool taken = false;
    envres_status st = find_named(s, name, &taken, id, err);
    if (st < 0 || !taken)
        return st;
    st = free_name(s, other, err);
    if (st == ENVRES_OK)
        st = rename_app(s, id, other, err);
    if (st == ENVRES_OK)
        salvage_lost(s->report, "app", other, 1, ENVRES_E_INTEGRITY,
                     "it had the name of another app: its own is lost");
    return st;
}

/* Releases hold under the name that is signed with them, and no other. */
static envres_status
settle_name(struct settling *s, const struct app *app, bool aside, envres_error *err)
{
    char name[LIMIT_APP + 1] = "";
    envres_status st = release_signed_name(s->ctx, app->id, name, err);
    if (st < 0 || !name[0] || strcmp(name, app->name) == 0)
        return st;
    st = aside ? free_name(s, name, err) : make_way(s, name, err);
    if (st == ENVRES_OK)
        st = rename_app(s, app->id, name, err);
    if (st == ENVRES_OK && !aside)
        salvage_lost(s->report, "app", name, 0, ENVRES_E_INTEGRITY,
                     "its name was damaged or exchanged: it has the one of its releases");
    return st;
}

/* Those of another name than their own step aside first: names may have been exchanged. */
static envres_status
settle_names(struct settling *s, bool aside, envres_error *err)
{
    struct app *apps = NULL;
    size_t count = 0;
    envres_status st = app_all(s->ctx, &apps, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++)
        st = settle_name(s, &apps[i], aside, err);
    mem_free(s->ctx->mem, apps);
    return st;
}

static envres_status
name_lost(struct settling *s, const uint8_t *id, char name[LIMIT_APP + 1], const char **what,
          envres_error *err)
{
    envres_status st = release_signed_name(s->ctx, id, name, err);
    if (st < 0)
        return st;
    *what = name[0] ? "its row is lost: whether it pins, and what was live"
                    : "its row is lost: its name, and what was live";
    return name[0] ? make_way(s, name, err) : free_name(s, name, err);
}

static envres_status
add_lost_apps(struct settling *s, envres_error *err)
{
    envres_status st = ENVRES_OK;
    while (st == ENVRES_OK) {
        struct db_stmt *stmt = NULL;
        char name[LIMIT_APP + 1] = "";
        uint8_t id[SEAL_ID] = { 0 };
        const char *what = NULL;
        int row = DB_DONE;
        st = db_use(s->ctx->db, apps_sql[SQL_LOST_APP], &stmt, err);
        if (st == ENVRES_OK)
            st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = column_id(stmt, 0, id, err);
        db_reset(stmt);
        if (st == ENVRES_OK)
            st = name_lost(s, id, name, &what, err);
        if (st == ENVRES_OK)
            st = add_app(s, id, name, err);
        if (st == ENVRES_OK)
            salvage_lost(s->report, "app", name, 1, ENVRES_E_CORRUPT, what);
    }
    return st;
}

static envres_status
add_version(struct settling *s, const struct app *app, const uint8_t *id, const uint8_t *content,
            int64_t number, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    char name[LIMIT_APP + 1];
    char object[2 * LIMIT_APP + 2];
    snprintf(name, sizeof(name), "lost-%lld", (long long)number);
    snprintf(object, sizeof(object), "%s/%s", app->name, name);
    envres_status st = db_use(s->ctx->db, apps_sql[SQL_ADD_VERSION], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    db_bind_blob(stmt, 2, app->id, SEAL_ID);
    db_bind_int(stmt, 3, number);
    db_bind_text(stmt, 4, name, strlen(name));
    db_bind_blob(stmt, 5, content, SEAL_DIGEST);
    db_bind_blob(stmt, 6, s->ctx->actor->id, SEAL_ID);
    db_bind_int(stmt, 7, s->now);
    salvage_lost(s->report, "version", object, 1, ENVRES_E_CORRUPT,
                 "the row of a version is lost: a discarded one has its number");
    return db_run(stmt, err);
}

/* A version that a release names, whose row is lost. */
static envres_status
next_lost(struct settling *s, const struct app *app, uint8_t id[SEAL_ID],
          uint8_t content[SEAL_DIGEST], bool *found, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    envres_status st = db_use(s->ctx->db, apps_sql[SQL_LOST_VERSION], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = column_id(stmt, 0, id, err);
    if (st == ENVRES_OK)
        st = column_bytes(stmt, 1, content, SEAL_DIGEST, NULL, err);
    db_reset(stmt);
    *found = st == ENVRES_OK;
    return st;
}

/* Numbers from 1 on without a gap; those that releases name first. */
static envres_status
fill_numbers(struct settling *s, const struct app *app, envres_error *err)
{
    envres_status st = ENVRES_OK;
    bool found = true;
    int64_t gap = 0;
    int64_t last = 0;
    while (st == ENVRES_OK) {
        uint8_t id[SEAL_ID] = { 0 };
        uint8_t content[SEAL_DIGEST] = { 0 };
        st = found ? next_lost(s, app, id, content, &found, err) : ENVRES_OK;
        if (st == ENVRES_OK)
            st = context_number(s->ctx, apps_sql[SQL_GAP], app->id, &gap, err);
        if (st == ENVRES_OK)
            st = context_number(s->ctx, apps_sql[SQL_LAST_NUMBER], app->id, &last, err);
        if (st < 0 || (!found && gap > last && last > 0))
            break;
        if (!found)
            seal_random(id, SEAL_ID);
        st = add_version(s, app, id, content, gap, err);
    }
    return st;
}

/* ---- content of versions -------------------------------------------------------------------- */

static void
name_version(const struct app *app, const struct version *version, char out[2 * LIMIT_APP + 2])
{
    snprintf(out, 2 * LIMIT_APP + 2, "%s/%s", app->name, version->name);
}

static envres_status
discard(struct settling *s, const struct app *app, const struct version *version, envres_error *err)
{
    char object[2 * LIMIT_APP + 2];
    name_version(app, version, object);
    salvage_lost(s->report, "version", object, 1, ENVRES_E_INTEGRITY,
                 "its content is not whole: it is discarded");
    return salvage_run_with(s->ctx, apps_sql[SQL_DISCARD], version->id, NULL, s->now, NULL, err);
}

/* Its content is what it began from; how it came to be so is lost. */
static envres_status
flatten(struct settling *s, const struct app *app, const struct version *version,
        const struct tree *tree, envres_error *err)
{
    char object[2 * LIMIT_APP + 2];
    struct db_stmt *stmt = NULL;
    envres_status st = salvage_run(s->ctx, apps_sql[SQL_DROP_EDITS], version->id, NULL, NULL, err);
    if (st == ENVRES_OK)
        st = salvage_run(s->ctx, apps_sql[SQL_DROP_PINS], version->id, NULL, NULL, err);
    if (st == ENVRES_OK)
        st = db_use(s->ctx->db, apps_sql[SQL_FLATTEN], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, version->id, SEAL_ID);
    db_bind_int(stmt, 2, (int64_t)tree->count);
    db_bind_int(stmt, 3, tree->bytes);
    db_bind_int(stmt, 4, (int64_t)tree->pin_count);
    name_version(app, version, object);
    salvage_lost(s->report, "part_edit", object, 1, ENVRES_E_INTEGRITY,
                 "its content is whole, the history of its parts is not");
    return db_run(stmt, err);
}

/* Damage is an answer here, all else an error. */
static envres_status
as_damage(envres_status st, bool *damaged, envres_error *err)
{
    *damaged = st == ENVRES_E_INTEGRITY || st == ENVRES_E_CORRUPT || st == ENVRES_E_LIMIT;
    return st == ENVRES_OK || *damaged ? ENVRES_OK : err_code(err, st);
}

static envres_status
settle_frozen(struct settling *s, const struct app *app, const struct version *version,
              envres_error *err)
{
    struct tree tree = { .mem = s->ctx->mem };
    bool damaged = false;
    bool has = false;
    size_t findings = 0;
    envres_status st =
        as_damage(content_tree(s->ctx, version->content, &tree, NULL), &damaged, err);
    if (st == ENVRES_OK && !damaged)
        st = has_parts(s, &tree, &has, err);
    if (st == ENVRES_OK)
        st = salvage_pins(s->ctx, &tree, s->now, s->report, err);
    if (st == ENVRES_OK && (damaged || !has)) {
        st = discard(s, app, version, err);
    } else if (st == ENVRES_OK) {
        st = content_verify_one(s->ctx, app, version, db_count_finding, &findings, NULL);
        st = as_damage(st, &damaged, err);
        if (st == ENVRES_OK && (damaged || findings > 0))
            st = flatten(s, app, version, &tree, err);
    }
    tree_free(&tree);
    return st;
}

/* Earlier edits of a draft whose bytes are lost: it cannot go back to them any more. */
static envres_status
forget_past(struct settling *s, const struct app *app, const struct version *version,
            envres_error *err)
{
    char name[2 * LIMIT_APP + 2];
    int64_t lost = 0;
    envres_status st = salvage_run(s->ctx, apps_sql[SQL_PAST_EDITS], version->id, NULL, &lost, err);
    if (st < 0 || lost == 0)
        return st;
    name_version(app, version, name);
    salvage_lost(s->report, "part_edit", name, lost, ENVRES_E_CORRUPT,
                 "bytes of earlier edits are lost: it cannot go back to them");
    return ENVRES_OK;
}

static envres_status
settle_draft(struct settling *s, const struct app *app, const struct version *version,
             envres_error *err)
{
    struct tree tree = { .mem = s->ctx->mem };
    bool damaged = false;
    bool has = false;
    size_t findings = 0;
    envres_status st = as_damage(content_load(s->ctx, version, &tree, NULL), &damaged, err);
    if (st == ENVRES_OK && !damaged)
        st = has_parts(s, &tree, &has, err);
    if (st == ENVRES_OK && has)
        st = forget_past(s, app, version, err);
    if (st == ENVRES_OK)
        st = salvage_pins(s->ctx, &tree, s->now, s->report, err);
    if (st == ENVRES_OK && !damaged && has)
        st = as_damage(content_verify_one(s->ctx, app, version, db_count_finding, &findings, NULL),
                       &damaged, err);
    if (st == ENVRES_OK && (damaged || !has || findings > 0))
        st = discard(s, app, version, err);
    tree_free(&tree);
    return st;
}

static envres_status
settle_versions(struct settling *s, const struct app *app, envres_error *err)
{
    struct version *all = NULL;
    size_t count = 0;
    envres_status st = salvage_run(s->ctx, apps_sql[SQL_PARENTS], app->id, NULL, NULL, err);
    if (st == ENVRES_OK)
        st = salvage_run(s->ctx, apps_sql[SQL_STAGES], app->id, NULL, NULL, err);
    if (st == ENVRES_OK)
        st = salvage_run(s->ctx, apps_sql[SQL_STATES], app->id, NULL, NULL, err);
    if (st == ENVRES_OK)
        st = salvage_run(s->ctx, apps_sql[SQL_STATES_BACK], app->id, NULL, NULL, err);
    if (st == ENVRES_OK)
        st = salvage_run(s->ctx, apps_sql[SQL_DRAFT_STAGES], app->id, NULL, NULL, err);
    if (st == ENVRES_OK)
        st = version_all(s->ctx, app, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        if (all[i].stored == STORED_DRAFT)
            st = settle_draft(s, app, &all[i], err);
        else if (all[i].stored != STORED_DISCARDED)
            st = settle_frozen(s, app, &all[i], err);
    }
    mem_free(s->ctx->mem, all);
    return st;
}

/* ---- releases ------------------------------------------------------------------------------- */

static envres_status
withdraw(struct settling *s, struct app *app, envres_error *err)
{
    struct change change = { .ctx = s->ctx, .now = s->now };
    struct release record = { 0 };
    envres_status st = release_get(s->ctx, app, app->live, &record, err);
    if (st < 0)
        return st;
    record.kind = RELEASE_WITHDRAW;
    record.target = record.sequence;
    record.notes = slice_str("withdrawn by a salvage");
    salvage_lost(s->report, "release", app->name, 0, ENVRES_E_INTEGRITY,
                 "what was live is lost: nothing is, release or roll back to what shall be");
    return release_append(&change, app, &record, err);
}

static envres_status
is_discarded(struct settling *s, const struct app *app, bool *is, envres_error *err)
{
    struct release record = { 0 };
    struct version version = { 0 };
    envres_status st = release_get(s->ctx, app, app->live, &record, err);
    if (st == ENVRES_OK)
        st = version_by_id(s->ctx, record.version, &version, err);
    *is = st == ENVRES_OK && version.stored == STORED_DISCARDED;
    return st;
}

static envres_status
settle_releases(struct settling *s, struct app *app, envres_error *err)
{
    struct release newest = { 0 };
    bool found = false;
    bool gone = false;
    int64_t first_bad = 0;
    int64_t cut = 0;
    int64_t was = app->live;
    envres_status st = release_first_bad(s->ctx, app, &first_bad, err);
    /* The pointer must not stand in the way of what it points at. */
    app->live = 0;
    if (st == ENVRES_OK)
        st = app_set_live(s->ctx, app, 0, err);
    if (st == ENVRES_OK && first_bad > 0)
        st = salvage_run_with(s->ctx, apps_sql[SQL_CUT], app->id, NULL, first_bad, &cut, err);
    if (st == ENVRES_OK && first_bad > 0)
        salvage_lost(s->report, "release", app->name, cut > 0 ? cut : 1, ENVRES_E_INTEGRITY,
                     "a record does not hold: it and those after it are not kept");
    if (st == ENVRES_OK)
        st = release_newest(s->ctx, app, &found, &newest, err);
    if (st < 0 || !found || newest.kind == RELEASE_WITHDRAW)
        return st;
    app->live = newest.sequence;
    st = app_set_live(s->ctx, app, app->live, err);
    if (st == ENVRES_OK)
        st = is_discarded(s, app, &gone, err);
    if (st == ENVRES_OK && (gone || was != app->live))
        st = withdraw(s, app, err);
    return st;
}

/* A gap of release records at the end shows as a live pointer beyond the last of them. */
static envres_status
settle_app(struct settling *s, struct app *app, envres_error *err)
{
    envres_status st = fill_numbers(s, app, err);
    if (st == ENVRES_OK)
        st = settle_versions(s, app, err);
    if (st == ENVRES_OK)
        st = settle_releases(s, app, err);
    /* Versions whose releases were cut off are no longer released. */
    if (st == ENVRES_OK)
        st = salvage_run(s->ctx, apps_sql[SQL_STATES_BACK], app->id, NULL, NULL, err);
    return st;
}

envres_status
salvage_apps(struct context *ctx, int64_t now, struct salvage_report *report, envres_error *err)
{
    struct settling s = { .ctx = ctx, .report = report, .now = now };
    struct app *apps = NULL;
    size_t count = 0;
    envres_status st = salvage_queries(ctx, now, report, err);
    if (st == ENVRES_OK)
        st = settle_bytes(&s, err);
    if (st == ENVRES_OK)
        st = drop_unreadable(&s, err);
    if (st == ENVRES_OK)
        st = settle_names(&s, true, err);
    if (st == ENVRES_OK)
        st = settle_names(&s, false, err);
    if (st == ENVRES_OK)
        st = add_lost_apps(&s, err);
    if (st == ENVRES_OK)
        st = app_all(ctx, &apps, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++)
        st = settle_app(&s, &apps[i], err);
    mem_free(ctx->mem, apps);
    return st;
}

/* ---- in the end ----------------------------------------------------------------------------- */

envres_status
salvage_kept(struct db *db, struct salvage_report *report, envres_error *err)
{
    char name[32];
    envres_status st = ENVRES_OK;
    for (size_t n = 0; st == ENVRES_OK && salvage_table(n, name); n++) {
        int64_t count = 0;
        st = salvage_count(db, name, &count, err);
        if (st < 0 || count == 0)
            continue;
        list_row(report->list);
        list_set_str(report->list, ENVRES_SALVAGE_TABLE, name);
        list_set_int(report->list, ENVRES_SALVAGE_KEPT, count);
    }
    return st;
}

void
salvage_orphans(void *user, const char *table, int64_t count)
{
    char name[32];
    /* Where somebody last edited is no loss worth a word. */
    if (strcmp(table, "editing") == 0)
        return;
    for (size_t n = 0; salvage_table(n, name); n++) {
        if (strcmp(name, table) == 0)
            salvage_lost(user, name, NULL, count, ENVRES_E_CORRUPT,
                         "rows that refer to what is lost are not kept");
    }
}

void
salvage_told(const struct salvage_reading *reading, struct salvage_report *report)
{
    if (reading->refused > 0)
        salvage_lost(report, "file", NULL, reading->refused, ENVRES_E_CORRUPT,
                     "rows that can be none of a store");
    if (!reading->is_whole)
        salvage_lost(report, "file", NULL, 0, ENVRES_E_CORRUPT,
                     "the file is damaged, or holds what is not of a store");
}
