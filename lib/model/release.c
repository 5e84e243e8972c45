/* SPDX-License-Identifier: MIT */
/*
 * Release records. A record is written once and never changed. Its manifest digest covers all that
 * it says, and is signed by who made it:
 *
 *   manifest  = BLAKE2b-256(personal envres1/manifest, CE)
 *   CE        = format u8 (1), workspace, app, version (16 each), name of the app, name of the
 *               version, content (32), environment (16), revision u64, config (32), query pins
 *               u32 (0), schema (32, zero), tag, sequence u64, kind u8, target u64, previous u64,
 *               pin u8, policy version u64 (0), author, signer (16 each), time u64, digest of the
 *               notes (32); integers little-endian, strings u32 + bytes
 *   signature = the signer's Ed25519 over the manifest digest, type "release"
 */
#include "model/release.h"

#include <string.h>

#include "base/list.h"
#include "base/text.h"

#define RELEASE_COLUMNS                                                                            \
    "app_id, version_id, environment_id, author, content, config, manifest, signature, tag,"       \
    " tag_order, notes, kind, pin, sequence, target, previous, revision, time, signer, app_name,"  \
    " version_name"

enum {
    SQL_GET,
    SQL_NEWEST,
    SQL_BY_TAG,
    SQL_OF_VERSION,
    SQL_MADE_LIVE,
    SQL_HIGHEST,
    SQL_ALL,
    SQL_WALK,
    SQL_TAGS,
    SQL_INSERT,
    SQL_SIGN_KEY,
    SQL_ROWS,
    SQL_COUNT_
};

static const char *const release_sql[SQL_COUNT_] = {
    [SQL_GET] = "SELECT " RELEASE_COLUMNS " FROM release WHERE app_id = ?1 AND sequence = ?2",
    [SQL_NEWEST] = "SELECT " RELEASE_COLUMNS " FROM release WHERE app_id = ?1"
                   " ORDER BY sequence DESC LIMIT 1",
    [SQL_BY_TAG] = "SELECT " RELEASE_COLUMNS " FROM release"
                   " WHERE app_id = ?1 AND tag_order = ?2 AND kind = 1",
    [SQL_OF_VERSION] = "SELECT " RELEASE_COLUMNS " FROM release"
                       " WHERE app_id = ?1 AND version_id = ?2 AND kind = 1"
                       " ORDER BY sequence DESC LIMIT 1",
    /* The newest of each kind is one step in the index, however many there are. */
    [SQL_MADE_LIVE] = "SELECT " RELEASE_COLUMNS " FROM release WHERE app_id = ?1 AND sequence ="
                      " (SELECT max(newest) FROM (SELECT max(sequence) AS newest FROM release"
                      " WHERE app_id = ?1 AND version_id = ?2 AND kind = 1 UNION ALL"
                      " SELECT max(sequence) FROM release"
                      " WHERE app_id = ?1 AND version_id = ?2 AND kind = 2))",
    [SQL_HIGHEST] = "SELECT tag FROM release WHERE app_id = ?1 AND kind = 1"
                    " ORDER BY tag_order DESC LIMIT 1",
    [SQL_ALL] = "SELECT " RELEASE_COLUMNS " FROM release WHERE app_id = ?1"
                " ORDER BY sequence DESC",
    [SQL_WALK] = "SELECT " RELEASE_COLUMNS " FROM release WHERE app_id = ?1"
                 " AND sequence > ?2 ORDER BY sequence LIMIT 1",
    [SQL_TAGS] = "SELECT tag FROM release WHERE app_id = ?1 AND kind = 1"
                 " ORDER BY sequence DESC LIMIT 1000",
    [SQL_INSERT] = "INSERT INTO release (" RELEASE_COLUMNS ")"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
                   " ?16, ?17, ?18, ?19, ?20, ?21)",
    [SQL_SIGN_KEY] = "SELECT sign_key FROM principal WHERE id = ?1 AND workspace_id = ?2",
    [SQL_ROWS] = "SELECT count(*) FROM release INDEXED BY release_version WHERE app_id = ?1",
};

enum { COLUMN_NOTES = 10, MANIFEST_FORMAT = 1 };

/* ---- rows ----------------------------------------------------------------------------------- */

static envres_status
read_order(struct db_stmt *stmt, struct release *out, envres_error *err)
{
    struct slice order = db_column_blob(stmt, 9);
    if (order.len == 0 || order.len > sizeof(out->tag_order))
        return err_set(err, ENVRES_E_CORRUPT, "a release's tag in the store is damaged");
    memcpy(out->tag_order, order.data, order.len);
    out->tag_order_len = order.len;
    return ENVRES_OK;
}

/* Every record points back: what follows the line of releases comes to its end. */
static envres_status
check_numbers(const struct release *release, envres_error *err)
{
    bool points_back = release->sequence >= 1 && release->target >= 0 && release->previous >= 0 &&
                       release->target < release->sequence && release->previous < release->sequence;
    bool is_known = release->kind >= RELEASE_NEW && release->kind <= RELEASE_WITHDRAW;
    if (points_back && is_known && (release->kind == RELEASE_NEW) == (release->target == 0))
        return ENVRES_OK;
    return err_set(err, ENVRES_E_CORRUPT, "a release's row in the store is damaged");
}

static envres_status
read_row(struct db_stmt *stmt, struct release *out, envres_error *err)
{
    memset(out, 0, sizeof(*out));
    struct {
        int column;
        uint8_t *to;
        size_t len;
    } blobs[] = {
        { 0, out->app, SEAL_ID },          { 1, out->version, SEAL_ID },
        { 2, out->environment, SEAL_ID },  { 3, out->author, SEAL_ID },
        { 4, out->content, SEAL_DIGEST },  { 5, out->config, SEAL_DIGEST },
        { 6, out->manifest, SEAL_DIGEST }, { 7, out->signature, SIGNATURE_SIZE },
        { 18, out->signer, SEAL_ID },
    };
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < sizeof(blobs) / sizeof(blobs[0]); i++)
        st = column_bytes(stmt, blobs[i].column, blobs[i].to, blobs[i].len, NULL, err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 8, out->tag, sizeof(out->tag), err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 19, out->app_name, sizeof(out->app_name), err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 20, out->version_name, sizeof(out->version_name), err);
    if (st == ENVRES_OK)
        st = read_order(stmt, out, err);
    struct slice notes = db_column_text(stmt, COLUMN_NOTES);
    int64_t kind = db_column_int(stmt, 11);
    seal_digest(out->notes_digest, "envres1/notes", notes.data, notes.len);
    out->kind = kind < RELEASE_NEW || kind > RELEASE_WITHDRAW ? 0 : (enum release_kind)kind;
    out->pin_config = db_column_int(stmt, 12) != 0;
    out->sequence = db_column_int(stmt, 13);
    out->target = db_column_int(stmt, 14);
    out->previous = db_column_int(stmt, 15);
    out->revision = db_column_int(stmt, 16);
    out->time = db_column_int(stmt, 17);
    return st == ENVRES_OK ? check_numbers(out, err) : st;
}

static envres_status
read_one(struct db_stmt *stmt, bool *found, struct release *out, envres_error *err)
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

envres_status
release_get(struct context *ctx, const struct app *app, int64_t sequence, struct release *out,
            envres_error *err)
{
    struct db_stmt *stmt = NULL;
    bool found = false;
    envres_status st = db_use(ctx->db, release_sql[SQL_GET], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    db_bind_int(stmt, 2, sequence);
    st = read_one(stmt, &found, out, err);
    if (st < 0 || found)
        return st;
    return err_set(err, ENVRES_E_CORRUPT, "release %lld of '%s' is not there", (long long)sequence,
                   app->name);
}

envres_status
release_newest(struct context *ctx, const struct app *app, bool *found, struct release *out,
               envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, release_sql[SQL_NEWEST], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    return read_one(stmt, found, out, err);
}

static envres_status
find_of_version(struct context *ctx, int sql, const struct app *app, const struct version *version,
                bool *found, struct release *out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, release_sql[sql], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    db_bind_blob(stmt, 2, version->id, SEAL_ID);
    return read_one(stmt, found, out, err);
}

envres_status
release_of_version(struct context *ctx, const struct app *app, const struct version *version,
                   bool *found, struct release *out, envres_error *err)
{
    return find_of_version(ctx, SQL_OF_VERSION, app, version, found, out, err);
}

envres_status
release_made_live(struct context *ctx, const struct app *app, const struct version *version,
                  bool *found, struct release *out, envres_error *err)
{
    return find_of_version(ctx, SQL_MADE_LIVE, app, version, found, out, err);
}

/* ---- tags ----------------------------------------------------------------------------------- */

static envres_status
no_such_tag(struct context *ctx, const struct app *app, const struct semver *tag, envres_error *err)
{
    struct nearest nearest = { 0 };
    char best[LIMIT_TAG + 1] = "";
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    nearest_init(&nearest, slice_str(tag->text));
    if (db_use(ctx->db, release_sql[SQL_TAGS], &stmt, NULL) == ENVRES_OK) {
        db_bind_blob(stmt, 1, app->id, SEAL_ID);
        while (db_step(stmt, &row, NULL) == ENVRES_OK && row == DB_ROW) {
            struct slice other = db_column_text(stmt, 0);
            const char *before = nearest.best.data;
            nearest_add(&nearest, other);
            if (nearest.best.data != before && other.len <= LIMIT_TAG) {
                memcpy(best, other.data, other.len);
                best[other.len] = '\0';
                nearest.best.data = best;
            }
        }
        db_reset(stmt);
    }
    envres_status st =
        err_set(err, ENVRES_E_NOT_FOUND, "app '%s' has no release %s", app->name, tag->text);
    err_subject(err, tag->text, strlen(tag->text));
    if (best[0])
        err_hint(err, "did you mean %s?", best);
    return st;
}

/* The order is not signed, the tag is: a record that was found must have the tag asked for. */
static envres_status
find_order(struct context *ctx, const struct app *app, const uint8_t *order, size_t len,
           bool *found, struct release *out, envres_error *err)
{
    struct semver tag = { 0 };
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, release_sql[SQL_BY_TAG], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    db_bind_blob(stmt, 2, order, len);
    st = read_one(stmt, found, out, err);
    if (st < 0 || !*found)
        return st;
    if (semver_read(slice_str(out->tag), &tag, NULL) == ENVRES_OK && tag.order_len == len &&
        memcmp(tag.order, order, len) == 0)
        return ENVRES_OK;
    return err_set(err, ENVRES_E_CORRUPT, "release %lld of '%s' is found under a tag it has not",
                   (long long)out->sequence, app->name);
}

envres_status
release_by_tag(struct context *ctx, const struct app *app, struct slice tag, struct release *out,
               envres_error *err)
{
    struct semver read = { 0 };
    bool found = false;
    envres_status st = semver_read(tag, &read, err);
    if (st == ENVRES_OK)
        st = find_order(ctx, app, read.order, read.order_len, &found, out, err);
    return st < 0 || found ? st : no_such_tag(ctx, app, &read, err);
}

envres_status
release_highest(struct context *ctx, const struct app *app, bool *found, struct semver *out,
                envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    envres_status st = db_use(ctx->db, release_sql[SQL_HIGHEST], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app->id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = semver_read(db_column_text(stmt, 0), out, err);
    db_reset(stmt);
    if (st < 0)
        return err_set(err, ENVRES_E_CORRUPT, "a release's tag in the store is damaged");
    *found = true;
    return ENVRES_OK;
}

envres_status
release_check_tag(struct context *ctx, const struct app *app, const struct semver *tag,
                  envres_error *err)
{
    struct release taken = { 0 };
    bool found = false;
    envres_status st = find_order(ctx, app, tag->order, tag->order_len, &found, &taken, err);
    if (st < 0 || !found)
        return st;
    st = strcmp(taken.tag, tag->text) == 0
             ? err_set(err, ENVRES_E_TAG_TAKEN, "release %lld of '%s' is %s already",
                       (long long)taken.sequence, app->name, taken.tag)
             : err_set(err, ENVRES_E_TAG_TAKEN, "release %lld of '%s' is %s, which ranks as %s",
                       (long long)taken.sequence, app->name, taken.tag, tag->text);
    err_subject(err, tag->text, strlen(tag->text));
    err_hint(err, "tags are never given twice: take a higher one, or let it be computed");
    return st;
}

/* ---- the configuration a release saw -------------------------------------------------------- */

void
config_digest_add(uint8_t sum[SEAL_DIGEST], const struct setting *setting)
{
    uint8_t bytes[SEAL_ID + 4 + LIMIT_NAME + 8 + SEAL_DIGEST];
    uint8_t digest[SEAL_DIGEST];
    size_t len = 0;
    bool had_value = setting->is_set || setting->is_destroyed;
    if (setting->secret || !had_value || setting->field.len > LIMIT_NAME)
        return;
    memcpy(bytes, setting->object, SEAL_ID);
    len += SEAL_ID;
    for (int i = 0; i < 4; i++)
        bytes[len++] = (uint8_t)(setting->field.len >> (8 * i));
    memcpy(bytes + len, setting->field.data, setting->field.len);
    len += setting->field.len;
    for (int i = 0; i < 8; i++)
        bytes[len++] = (uint8_t)((uint64_t)setting->revision >> (8 * i));
    memcpy(bytes + len, setting->content, SEAL_DIGEST);
    len += SEAL_DIGEST;
    seal_digest(digest, "envres1/setting", bytes, len);
    head_toggle(sum, digest);
}

static envres_status
add_setting(void *user, const struct setting *setting, envres_error *err)
{
    (void)err;
    config_digest_add(user, setting);
    return ENVRES_OK;
}

envres_status
config_digest(struct context *ctx, const struct environment *environment, uint8_t sum[SEAL_DIGEST],
              envres_error *err)
{
    struct env_keys *keys = NULL;
    struct head head = { 0 };
    bool head_ok = false;
    memset(sum, 0, SEAL_DIGEST);
    envres_status st = environment_head(ctx, environment, &keys, &head, err);
    if (st == ENVRES_OK)
        st = config_each(ctx, environment, keys, &head, 0, add_setting, sum, &head_ok, err);
    if (st == ENVRES_OK && !head_ok) {
        st = config_mismatch(environment, err);
    }
    return st;
}

/* ---- manifests ------------------------------------------------------------------------------ */

static void
add_u64(struct buf *out, int64_t value)
{
    buf_add_u64(out, (uint64_t)value);
}

static envres_status
make_manifest(struct context *ctx, const struct release *release, uint8_t digest[SEAL_DIGEST],
              envres_error *err)
{
    static const uint8_t no_schema[SEAL_DIGEST];
    struct buf ce = { .mem = NULL };
    buf_init(&ce, ctx->mem, false);
    buf_add_char(&ce, MANIFEST_FORMAT);
    buf_add(&ce, ctx->workspace, SEAL_ID);
    buf_add(&ce, release->app, SEAL_ID);
    buf_add(&ce, release->version, SEAL_ID);
    buf_add_text(&ce, release->app_name, strlen(release->app_name));
    buf_add_text(&ce, release->version_name, strlen(release->version_name));
    buf_add(&ce, release->content, SEAL_DIGEST);
    buf_add(&ce, release->environment, SEAL_ID);
    add_u64(&ce, release->revision);
    buf_add(&ce, release->config, SEAL_DIGEST);
    buf_add_u32(&ce, 0);
    buf_add(&ce, no_schema, SEAL_DIGEST);
    buf_add_text(&ce, release->tag, strlen(release->tag));
    add_u64(&ce, release->sequence);
    buf_add_char(&ce, (char)release->kind);
    add_u64(&ce, release->target);
    add_u64(&ce, release->previous);
    buf_add_char(&ce, release->pin_config ? 1 : 0);
    add_u64(&ce, 0);
    buf_add(&ce, release->author, SEAL_ID);
    buf_add(&ce, release->signer, SEAL_ID);
    add_u64(&ce, release->time);
    buf_add(&ce, release->notes_digest, SEAL_DIGEST);
    envres_status st = buf_status(&ce, err);
    if (st == ENVRES_OK)
        seal_digest(digest, "envres1/manifest", ce.data, ce.len);
    buf_free(&ce);
    return st;
}

static envres_status
find_sign_key(struct context *ctx, const uint8_t signer[SEAL_ID], bool *found, uint8_t key[32],
              envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    envres_status st = db_use(ctx->db, release_sql[SQL_SIGN_KEY], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, signer, SEAL_ID);
    db_bind_blob(stmt, 2, ctx->workspace, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    st = column_bytes(stmt, 0, key, 32, NULL, err);
    *found = st == ENVRES_OK;
    db_reset(stmt);
    return st;
}

/* Names of apps are not changed: another one stands there only if somebody wrote it into the file.
 */
static envres_status
check_name(const struct app *app, const struct release *release, envres_error *err)
{
    if (strcmp(app->name, release->app_name) == 0)
        return ENVRES_OK;
    envres_status st =
        err_set(err, ENVRES_E_INTEGRITY, "release %s is of app '%s', and stands under app '%s'",
                release->tag, release->app_name, app->name);
    err_subject(err, app->name, strlen(app->name));
    err_hint(err, "run verify, then put a backup in its place: the name was changed in the file");
    return st;
}

envres_status
release_check(struct context *ctx, const struct app *app, const struct release *release,
              envres_error *err)
{
    uint8_t digest[SEAL_DIGEST] = { 0 };
    uint8_t key[32] = { 0 };
    bool found = false;
    envres_status st = make_manifest(ctx, release, digest, err);
    if (st == ENVRES_OK)
        st = find_sign_key(ctx, release->signer, &found, key, err);
    if (st < 0)
        return st;
    if (found && seal_equal(digest, release->manifest, SEAL_DIGEST) &&
        identity_verify_seen(&ctx->signatures, key, "release", digest, SEAL_DIGEST,
                             release->signature))
        return check_name(app, release, err);
    st = err_set(err, ENVRES_E_INTEGRITY, "the record of release %s is not the one that was signed",
                 release->tag);
    err_subject(err, release->tag, strlen(release->tag));
    err_hint(err, "run verify, then put a backup in its place, or release the version anew");
    return st;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void
bind_sequence(struct db_stmt *stmt, int index, int64_t sequence)
{
    if (sequence)
        db_bind_int(stmt, index, sequence);
    else
        db_bind_null(stmt, index);
}

static envres_status
insert_row(struct context *ctx, const struct release *release, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, release_sql[SQL_INSERT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, release->app, SEAL_ID);
    db_bind_blob(stmt, 2, release->version, SEAL_ID);
    db_bind_blob(stmt, 3, release->environment, SEAL_ID);
    db_bind_blob(stmt, 4, release->author, SEAL_ID);
    db_bind_blob(stmt, 5, release->content, SEAL_DIGEST);
    db_bind_blob(stmt, 6, release->config, SEAL_DIGEST);
    db_bind_blob(stmt, 7, release->manifest, SEAL_DIGEST);
    db_bind_blob(stmt, 8, release->signature, SIGNATURE_SIZE);
    db_bind_text(stmt, 9, release->tag, strlen(release->tag));
    db_bind_blob(stmt, 10, release->tag_order, release->tag_order_len);
    db_bind_text(stmt, 11, release->notes.data, release->notes.len);
    db_bind_int(stmt, 12, release->kind);
    db_bind_int(stmt, 13, release->pin_config);
    db_bind_int(stmt, 14, release->sequence);
    bind_sequence(stmt, 15, release->target);
    bind_sequence(stmt, 16, release->previous);
    db_bind_int(stmt, 17, release->revision);
    db_bind_int(stmt, 18, release->time);
    db_bind_blob(stmt, 19, release->signer, SEAL_ID);
    db_bind_text(stmt, 20, release->app_name, strlen(release->app_name));
    db_bind_text(stmt, 21, release->version_name, strlen(release->version_name));
    return db_run(stmt, err);
}

envres_status
release_append(struct change *change, struct app *app, struct release *release, envres_error *err)
{
    struct context *ctx = change->ctx;
    struct release newest = { 0 };
    bool found = false;
    envres_status st = release_newest(ctx, app, &found, &newest, err);
    if (st < 0)
        return st;
    if (found && newest.sequence == INT64_MAX)
        return err_set(err, ENVRES_E_CORRUPT, "the newest release of '%s' is damaged", app->name);
    release->sequence = found ? newest.sequence + 1 : 1;
    release->time = change->now;
    memcpy(release->app, app->id, SEAL_ID);
    memcpy(release->app_name, app->name, sizeof(release->app_name));
    memcpy(release->author, context_who(ctx), SEAL_ID);
    memcpy(release->signer, ctx->actor->id, SEAL_ID);
    seal_digest(release->notes_digest, "envres1/notes", release->notes.data, release->notes.len);
    st = make_manifest(ctx, release, release->manifest, err);
    if (st == ENVRES_OK)
        st = identity_sign(ctx->actor, "release", release->manifest, SEAL_DIGEST,
                           release->signature, err);
    if (st == ENVRES_OK)
        st = insert_row(ctx, release, err);
    int64_t live = release->kind == RELEASE_WITHDRAW ? 0 : release->sequence;
    if (st == ENVRES_OK)
        st = app_set_live(ctx, app, live, err);
    if (st == ENVRES_OK) {
        app->live = live;
        change->revision = release->sequence;
    }
    return st;
}

/* ---- listing -------------------------------------------------------------------------------- */

static const char *const release_columns[ENVRES_RELEASE_COLUMNS] = {
    "sequence", "kind",     "version",     "tag",     "notes",    "author", "time",     "live",
    "target",   "previous", "environment", "content", "revision", "pin",    "manifest",
};

static const char *
kind_name(enum release_kind kind)
{
    static const char *const names[] = { "?", "release", "rollback", "withdraw" };
    return names[kind];
}

static void
set_sequence(envres_list *list, uint32_t column, int64_t sequence)
{
    if (sequence)
        list_set_int(list, column, sequence);
}

static void
add_own(envres_list *list, const struct app *app, const struct release *release)
{
    char hex[2 * SEAL_DIGEST + 1];
    list_row(list);
    list_set_int(list, ENVRES_RELEASE_SEQUENCE, release->sequence);
    list_set_str(list, ENVRES_RELEASE_KIND, kind_name(release->kind));
    list_set_str(list, ENVRES_RELEASE_TAG, release->tag);
    list_set_text(list, ENVRES_RELEASE_NOTES, release->notes.data, release->notes.len);
    list_set_int(list, ENVRES_RELEASE_TIME, release->time);
    list_set_int(list, ENVRES_RELEASE_LIVE, release->sequence == app->live);
    set_sequence(list, ENVRES_RELEASE_TARGET, release->target);
    set_sequence(list, ENVRES_RELEASE_PREVIOUS, release->previous);
    text_hex(hex, release->content, SEAL_DIGEST);
    list_set_str(list, ENVRES_RELEASE_CONTENT, hex);
    list_set_int(list, ENVRES_RELEASE_REVISION, release->revision);
    list_set_str(list, ENVRES_RELEASE_PIN, release->pin_config ? "config" : "none");
    text_hex(hex, release->manifest, SEAL_DIGEST);
    list_set_str(list, ENVRES_RELEASE_MANIFEST, hex);
}

static envres_status
add_names(struct context *ctx, envres_list *list, const struct release *release, envres_error *err)
{
    struct version version = { 0 };
    struct environment environment = { 0 };
    struct buf author = { .mem = NULL };
    buf_init(&author, ctx->mem, false);
    envres_status st = version_by_id(ctx, release->version, &version, err);
    if (st == ENVRES_OK)
        st = stage_find(ctx, release->environment, &environment, err);
    if (st == ENVRES_OK)
        st = context_author(ctx, release->author, &author, err);
    if (st == ENVRES_OK) {
        list_set_str(list, ENVRES_RELEASE_VERSION, version.name);
        list_set_str(list, ENVRES_RELEASE_ENVIRONMENT, environment.key);
        list_set_text(list, ENVRES_RELEASE_AUTHOR, author.data, author.len);
    }
    buf_free(&author);
    return st;
}

/* Rows of a statement; the notes are borrowed from it while their row is current. */
static envres_status
add_rows(struct context *ctx, const struct app *app, struct db_stmt *stmt, envres_list *list,
         envres_error *err)
{
    envres_status st = ENVRES_OK;
    for (size_t i = 0; i < LIMIT_VERSIONS; i++) {
        struct release release = { 0 };
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = read_row(stmt, &release, err);
        release.notes = db_column_text(stmt, COLUMN_NOTES);
        if (st < 0)
            break;
        add_own(list, app, &release);
        st = add_names(ctx, list, &release, err);
        if (st < 0)
            break;
    }
    db_reset(stmt);
    return st;
}

envres_status
release_describe(struct context *ctx, const struct app *app, int64_t sequence, envres_list **out,
                 envres_error *err)
{
    envres_list *list = NULL;
    struct db_stmt *stmt = NULL;
    envres_status st = list_new(ctx->mem, release_columns, ENVRES_RELEASE_COLUMNS, &list, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, release_sql[SQL_GET], &stmt, err);
    if (st == ENVRES_OK) {
        db_bind_blob(stmt, 1, app->id, SEAL_ID);
        db_bind_int(stmt, 2, sequence);
        st = add_rows(ctx, app, stmt, list, err);
    }
    if (st == ENVRES_OK)
        st = list_status(list, err);
    if (st < 0)
        envres_list_free(list);
    else
        *out = list;
    return st;
}

static envres_status
list_inside(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    struct slice app_name = *(const struct slice *)asked;
    struct app app = { 0 };
    struct db_stmt *stmt = NULL;
    envres_status st = app_find(ctx, app_name, &app, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, release_sql[SQL_ALL], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app.id, SEAL_ID);
    st = add_rows(ctx, &app, stmt, list, err);
    if (st == ENVRES_OK)
        st = list_status(list, err);
    return st < 0 ? st
                  : context_check_listed(ctx, release_sql[SQL_ROWS], app.id,
                                         envres_list_count(list), err);
}

envres_status
release_list(struct context *ctx, struct slice app, envres_list **out, envres_error *err)
{
    static const struct list_shape shape = { release_columns, ENVRES_RELEASE_COLUMNS };
    return context_list(ctx, &shape, list_inside, &app, out, err);
}

/* ---- verify --------------------------------------------------------------------------------- */

/* The line of releases, walked from its first record. */
struct walk {
    struct context *ctx;
    const struct app *app;
    int64_t sequence;  /* of the record before */
    int64_t live;      /* after it */
    int64_t withdrawn; /* what the record before took back; 0: it was no withdrawal */
};

/* What a rollback or a withdrawal must have in common with the record it refers to. */
static const char *
target_fault(const struct release *record, const struct release *target)
{
    if (record->kind == RELEASE_ROLLBACK && target->kind != RELEASE_NEW)
        return "it restores a record that is no release";
    if (record->previous != target->previous)
        return "it does not have the predecessor of the record it refers to";
    if (memcmp(record->version, target->version, SEAL_ID) != 0 ||
        memcmp(record->content, target->content, SEAL_DIGEST) != 0 ||
        strcmp(record->tag, target->tag) != 0 ||
        strcmp(record->version_name, target->version_name) != 0)
        return "it is not of the release it refers to";
    return NULL;
}

static envres_status
line_fault(const struct walk *walk, const struct release *record, const char **fault,
           envres_error *err)
{
    struct release target = { 0 };
    if (record->sequence != walk->sequence + 1)
        *fault = "its sequence number does not follow that of the record before it";
    else if (record->kind == RELEASE_NEW &&
             record->previous != (walk->live ? walk->live : walk->withdrawn))
        *fault = "its predecessor is not what was live before it";
    else if (record->kind == RELEASE_WITHDRAW && record->target != walk->live)
        *fault = "it takes back what was not live";
    if (*fault || record->kind == RELEASE_NEW)
        return ENVRES_OK;
    envres_status st = release_get(walk->ctx, walk->app, record->target, &target, err);
    if (st == ENVRES_OK)
        *fault = target_fault(record, &target);
    return st;
}

static envres_status
content_fault(const struct walk *walk, const struct release *record, const char **fault,
              envres_error *err)
{
    struct version version = { 0 };
    struct semver tag = { 0 };
    envres_status st = version_by_id(walk->ctx, record->version, &version, err);
    if (st < 0)
        return st;
    if (memcmp(version.app, walk->app->id, SEAL_ID) != 0)
        *fault = "its version is of another app";
    else if (memcmp(version.content, record->content, SEAL_DIGEST) != 0)
        *fault = "its version has another content now";
    else if (semver_read(slice_str(record->tag), &tag, NULL) < 0 ||
             tag.order_len != record->tag_order_len ||
             memcmp(tag.order, record->tag_order, tag.order_len) != 0)
        *fault = "its tag is out of order";
    return ENVRES_OK;
}

static envres_status
report(const struct walk *walk, int64_t sequence, const char *code, const char *fault,
       db_finding_fn finding, void *user, envres_error *err)
{
    struct buf object = { .mem = NULL };
    buf_init(&object, walk->ctx->mem, false);
    buf_add_format(&object, "release/%s/%lld", walk->app->name, (long long)sequence);
    buf_add_char(&object, '\0');
    envres_status st = buf_status(&object, err);
    if (st == ENVRES_OK)
        finding(user, code, object.data, fault);
    buf_free(&object);
    return st;
}

static envres_status
verify_record(struct walk *walk, const struct release *record, db_finding_fn finding, void *user,
              envres_error *err)
{
    const char *fault = NULL;
    envres_status st = line_fault(walk, record, &fault, err);
    if (st == ENVRES_OK && !fault)
        st = content_fault(walk, record, &fault, err);
    if (st == ENVRES_OK && fault)
        st = report(walk, record->sequence, "ENVRES_E_CORRUPT", fault, finding, user, err);
    if (st < 0)
        return st;
    st = release_check(walk->ctx, walk->app, record, err);
    if (st == ENVRES_E_INTEGRITY)
        st = report(walk, record->sequence, "ENVRES_E_INTEGRITY",
                    strcmp(record->app_name, walk->app->name) == 0
                        ? "the record is not the one that was signed"
                        : "the record is of an app with another name",
                    finding, user, err);
    walk->sequence = record->sequence;
    walk->withdrawn = record->kind == RELEASE_WITHDRAW ? record->target : 0;
    walk->live = record->kind == RELEASE_WITHDRAW ? 0 : record->sequence;
    return st;
}

/* The first record behind a sequence number. Each is fetched anew, since checking one needs others
 * of the same statement. */
static envres_status
next_record(struct context *ctx, const uint8_t app[SEAL_ID], int64_t sequence, bool *found,
            struct release *out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, release_sql[SQL_WALK], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, app, SEAL_ID);
    db_bind_int(stmt, 2, sequence);
    return read_one(stmt, found, out, err);
}

static envres_status
verify_app(struct context *ctx, const struct app *app, db_finding_fn finding, void *user,
           envres_error *err)
{
    struct walk walk = { .ctx = ctx, .app = app };
    envres_status st = ENVRES_OK;
    for (;;) {
        struct release record = { 0 };
        bool found = false;
        st = next_record(ctx, app->id, walk.sequence, &found, &record, err);
        if (st < 0 || !found)
            break;
        st = verify_record(&walk, &record, finding, user, err);
        if (st < 0)
            break;
    }
    if (st == ENVRES_OK && walk.live != app->live)
        st = report(&walk, app->live, "ENVRES_E_CORRUPT",
                    "what is live is not what the newest record says", finding, user, err);
    return st;
}

/* A record out of form ends the line: those behind it are not kept in any case. */
envres_status
release_signed_name(struct context *ctx, const uint8_t app[SEAL_ID], char out[LIMIT_APP + 1],
                    envres_error *err)
{
    struct release record = { 0 };
    struct app named = { 0 };
    bool found = true;
    envres_status st = ENVRES_OK;
    out[0] = '\0';
    memcpy(named.id, app, SEAL_ID);
    while (st == ENVRES_OK && found && !out[0]) {
        st = next_record(ctx, app, record.sequence, &found, &record, NULL);
        if (st < 0 || !found)
            break;
        memcpy(named.name, record.app_name, sizeof(named.name));
        st = release_check(ctx, &named, &record, NULL);
        if (st == ENVRES_OK)
            memcpy(out, record.app_name, LIMIT_APP + 1);
        else if (st == ENVRES_E_INTEGRITY)
            st = ENVRES_OK;
    }
    return st == ENVRES_E_CORRUPT ? ENVRES_OK : st < 0 ? err_code(err, st) : st;
}

envres_status
release_first_bad(struct context *ctx, const struct app *app, int64_t *sequence, envres_error *err)
{
    struct walk walk = { .ctx = ctx, .app = app };
    size_t findings = 0;
    *sequence = 0;
    for (;;) {
        struct release record = { 0 };
        bool found = false;
        envres_status st = next_record(ctx, app->id, walk.sequence, &found, &record, err);
        if (st == ENVRES_OK && !found)
            return ENVRES_OK;
        if (st == ENVRES_OK)
            st = verify_record(&walk, &record, db_count_finding, &findings, err);
        if (st < 0 && st != ENVRES_E_CORRUPT)
            return st;
        if (st < 0 || findings > 0) {
            *sequence = record.sequence > 0 ? record.sequence : walk.sequence + 1;
            return ENVRES_OK;
        }
    }
}

envres_status
release_verify(struct context *ctx, db_finding_fn finding, void *user, envres_error *err)
{
    struct app *apps = NULL;
    size_t count = 0;
    envres_status st = app_all(ctx, &apps, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        st = verify_app(ctx, &apps[i], finding, user, err);
        if (st == ENVRES_E_CORRUPT) {
            finding(user, "ENVRES_E_CORRUPT", apps[i].name, "a release of the app is damaged");
            st = ENVRES_OK;
        }
    }
    mem_free(ctx->mem, apps);
    return st;
}
