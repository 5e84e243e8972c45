/* SPDX-License-Identifier: MIT */
/*
 * Invariants of the rows of settings, apps, versions, parts and releases. What the schema forbids
 * cannot be written by raw SQL; what it cannot forbid is written, and verify finds it, and names
 * where.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../scenarios/fixture_apps.h"

#define TEXT ENVRES_NUL_TERMINATED

static char folder[64] = "/tmp/envres-rows-XXXXXX";
static char path[96];
static char *image;
static size_t image_len;

/* ---- a sound file, and copies of it --------------------------------------------------------- */

static struct fixture
new_fixture(void)
{
    struct fixture fx = { .path = path, .store_flags = ENVRES_STORE_RELAXED };
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    return fx;
}

/* The fixture's apps, with a withdrawal and a rollback more: records of every kind. */
static int
setup(void **state)
{
    struct fixture fx = new_fixture();
    envres_rollback_options back = { .size = sizeof(back), .expect_live = 2 };
    (void)state;
    umask(077);
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/store.db", folder);
    fx.path = path;
    envres_status st = fixture_make(&fx);
    if (st == ENVRES_OK)
        st = envres_release_rollback(fx.session, "portal", TEXT, &back, NULL, NULL, NULL, fx.err);
    if (st == ENVRES_OK)
        st = envres_release_withdraw(fx.session, "tool", TEXT, 1, NULL, NULL, fx.err);
    if (st < 0)
        print_error("fixture: %s\n", envres_error_message(fx.err));
    fixture_close(&fx);
    FILE *file = st == ENVRES_OK ? fopen(path, "rb") : NULL;
    if (!file)
        return -1;
    image = malloc(1 << 22);
    image_len = image ? fread(image, 1, 1 << 22, file) : 0;
    fclose(file);
    return image_len > 0 && image_len < 1 << 22 ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    free(image);
    unlink(path);
    return rmdir(folder);
}

static sqlite3 *
fresh(int foreign_keys)
{
    sqlite3 *db = NULL;
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(image, 1, image_len, file), image_len);
    fclose(file);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, foreign_keys ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF",
                     NULL, NULL, NULL),
        SQLITE_OK);
    return db;
}

/* ---- what cannot be written ----------------------------------------------------------------- */

#define APP(name) "(SELECT id FROM app WHERE name = '" name "')"
#define VERSION(app, name)                                                                         \
    "(SELECT id FROM version WHERE app_id = " APP(app) " AND name = '" name "')"
#define COPY_RELEASE(sequence, kind, version, target, previous, tag_order)                         \
    "INSERT INTO release SELECT app_id, " sequence ", " kind ", " version ", " target              \
    ", " previous ", tag, " tag_order                                                              \
    ", notes, app_name, version_name, environment_id, content, pin, revision, config,"             \
    " manifest, signature, signer, author, time FROM release WHERE app_id = " APP(                 \
        "portal") " AND sequence = 2"

#define EXCHANGE_APPS                                                                              \
    "UPDATE app SET name = 'x' WHERE name = 'portal';"                                             \
    "UPDATE app SET name = 'portal' WHERE name = 'tool';"                                          \
    "UPDATE app SET name = 'tool' WHERE name = 'x'"

static const struct {
    const char *name;
    const char *sql;
} forbidden[] = {
    { "live: a sequence that is not there", "UPDATE app SET live = 99 WHERE name = 'portal'" },
    { "live: not a number", "UPDATE app SET live = 'two' WHERE name = 'portal'" },
    { "live: the record is taken away",
      "DELETE FROM release WHERE app_id = " APP("portal") " AND sequence = 3" },
    { "setting: two rows of one are current",
      "INSERT INTO setting SELECT environment_id, object_id, field, revision + 100, until, state,"
      " class, name, kind, secret, content, record, author, time FROM setting WHERE until IS NULL"
      " LIMIT 1" },
    { "app: two names that differ in case", "UPDATE app SET name = 'PORTAL' WHERE name = 'tool'" },
    { "app: pinned neither way", "UPDATE app SET pin = 2" },
    { "app: its versions stay behind", "DELETE FROM app WHERE name = 'portal'" },
    { "version: two names that differ in case",
      "UPDATE version SET name = 'V2' WHERE id = " VERSION("portal", "v1") },
    { "version: the same number twice",
      "UPDATE version SET number = 2 WHERE id = " VERSION("portal", "v1") },
    { "version: number 0", "UPDATE version SET number = 0 WHERE id = " VERSION("portal", "v1") },
    { "version: a draft that was frozen", "UPDATE version SET frozen_at = 1 WHERE state = 1" },
    { "version: frozen at no time", "UPDATE version SET frozen_at = NULL WHERE state = 2" },
    { "version: frozen one becomes a draft", "UPDATE version SET state = 1 WHERE state = 2" },
    { "version: a state that is none", "UPDATE version SET state = 5 WHERE state = 4" },
    { "version: a stage that is none",
      "UPDATE version SET stage_id = randomblob(16) WHERE id = " VERSION("portal", "v1") },
    { "version: a parent that is none",
      "UPDATE version SET parent_id = randomblob(16) WHERE id = " VERSION("portal", "v2") },
    { "version: of no app",
      "UPDATE version SET app_id = randomblob(16) WHERE id = " VERSION("portal", "v5") },
    { "version: a content that is no digest",
      "UPDATE version SET content = x'00' WHERE id = " VERSION("portal", "v5") },
    { "version: fewer than no parts",
      "UPDATE version SET parts = -1 WHERE id = " VERSION("portal", "v5") },
    { "version: gone, but released", "DELETE FROM version WHERE id = " VERSION("portal", "v1") },
    { "environment: gone, but a version stands in it",
      "DELETE FROM environment WHERE key = 'staging'" },
    { "edit: two are the newest of a path",
      "UPDATE part_edit SET until = NULL WHERE version_id = " VERSION("portal", "v5") },
    { "edit: replaced before it was made", "UPDATE part_edit SET until = edit" },
    { "edit: puts nothing", "UPDATE part_edit SET part = NULL WHERE action = 1" },
    { "edit: removes something", "UPDATE part_edit SET part = zeroblob(32) WHERE action = 2" },
    { "edit: the same number twice",
      "UPDATE part_edit SET edit = 1 WHERE edit = 2 AND version_id = " VERSION("portal", "v5") },
    { "part: a digest of another length", "UPDATE part SET digest = x'00'" },
    { "part: the same digest twice", "INSERT INTO part SELECT * FROM part" },
    { "tree: the same digest twice", "INSERT INTO tree SELECT * FROM tree" },
    { "release: the same sequence twice",
      COPY_RELEASE("1", "1", "version_id", "NULL", "NULL", "x'01'") },
    { "release: sequence 0", COPY_RELEASE("0", "1", "version_id", "NULL", "NULL", "x'01'") },
    { "release: a tag twice", COPY_RELEASE("4", "1", "version_id", "NULL", "3", "tag_order") },
    { "release: a kind that is none", COPY_RELEASE("4", "4", "version_id", "1", "3", "x'01'") },
    { "release: restores something", COPY_RELEASE("4", "1", "version_id", "1", "3", "x'01'") },
    { "release: a rollback to nothing",
      COPY_RELEASE("4", "2", "version_id", "NULL", "3", "x'01'") },
    { "release: a withdrawal of nothing",
      COPY_RELEASE("4", "3", "version_id", "NULL", "3", "x'01'") },
    { "release: restores itself", COPY_RELEASE("4", "2", "version_id", "4", "3", "x'01'") },
    { "release: restores a later one", COPY_RELEASE("4", "2", "version_id", "5", "3", "x'01'") },
    { "release: comes before itself", COPY_RELEASE("4", "1", "version_id", "NULL", "4", "x'01'") },
    { "release: a predecessor that is not there",
      COPY_RELEASE("9", "1", "version_id", "NULL", "8", "x'01'") },
    { "release: a target that is not there",
      COPY_RELEASE("9", "2", "version_id", "8", "3", "x'01'") },
    { "release: of no version", COPY_RELEASE("4", "1", "randomblob(16)", "NULL", "3", "x'01'") },
    { "release: no signature", "UPDATE release SET signature = x''" },
    { "editing: a version that is none",
      "INSERT INTO editing SELECT a.id, p.id, randomblob(16), e.id, 1 FROM app AS a, principal AS"
      " p, environment AS e LIMIT 1" },
};

static void
test_forbidden(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        sqlite3 *db = fresh(1);
        print_message("    %s\n", forbidden[i].name);
        int rc = sqlite3_exec(db, forbidden[i].sql, NULL, NULL, NULL);
        if (rc != SQLITE_CONSTRAINT)
            fail_msg("%s: %s", forbidden[i].name, sqlite3_errmsg(db));
        sqlite3_close(db);
    }
}

/* The macros above make rows that would go in, were it not for what each of them breaks. */
static void
test_allowed(void **state)
{
    (void)state;
    sqlite3 *db = fresh(1);
    int rc = sqlite3_exec(db, COPY_RELEASE("4", "1", "version_id", "NULL", "3", "x'01'"), NULL,
                          NULL, NULL);
    assert_int_equal(rc, SQLITE_OK);
    rc =
        sqlite3_exec(db, COPY_RELEASE("5", "2", "version_id", "4", "3", "x'01'"), NULL, NULL, NULL);
    assert_int_equal(rc, SQLITE_OK);
    rc = sqlite3_exec(db,
                      "INSERT INTO editing SELECT a.id, p.id, v.id, e.id, 1 FROM app AS a,"
                      " principal AS p, version AS v, environment AS e WHERE v.app_id = a.id"
                      " LIMIT 1",
                      NULL, NULL, NULL);
    assert_int_equal(rc, SQLITE_OK);
    sqlite3_close(db);
}

/* ---- what verify must find ------------------------------------------------------------------ */

static const struct {
    const char *name;
    const char *sql;
    const char *object; /* in the finding's object */
} found[] = {
    { "an edit after freezing",
      "INSERT INTO part_edit SELECT version_id, 9, NULL, 'late.txt', action, part, size, public,"
      " author, time FROM part_edit WHERE version_id = " VERSION("portal", "v2"),
      "portal/v2" },
    { "another content digest, frozen",
      "UPDATE version SET content = randomblob(32) WHERE id = " VERSION("portal", "v2"),
      "portal/v2" },
    { "another content digest, draft",
      "UPDATE version SET content = randomblob(32) WHERE id = " VERSION("portal", "v5"),
      "portal/v5" },
    { "the content of another version",
      "UPDATE version SET content = (SELECT content FROM version WHERE id = " VERSION(
          "portal", "v1") ") WHERE id = " VERSION("portal", "v3"),
      "portal/v3" },
    { "a count of parts", "UPDATE version SET parts = 9 WHERE id = " VERSION("portal", "v5"),
      "portal/v5" },
    { "a count of bytes", "UPDATE version SET bytes = 9 WHERE id = " VERSION("portal", "v2"),
      "portal/v2" },
    { "a count of edits", "UPDATE version SET edits = 9 WHERE id = " VERSION("portal", "v5"),
      "portal/v5" },
    { "a base that is gone",
      "UPDATE version SET base = randomblob(32) WHERE id = " VERSION("portal", "v5"), "portal/v5" },
    { "an edit's part exchanged",
      "UPDATE part_edit SET part = (SELECT part FROM part_edit WHERE path = 'notes/a.txt')"
      " WHERE path = 'index.html' AND version_id = " VERSION("portal", "v5"),
      "portal/v5" },
    { "a bit of a part", "UPDATE part SET body = CAST(x'00' || substr(body, 2) AS BLOB)", "part" },
    { "a part cut short",
      "UPDATE part SET body = substr(body, 1, length(body) - 1) WHERE length(body) > 20", "part" },
    { "a part that is gone", "DELETE FROM part WHERE length(body) > 50", "portal" },
    { "a bit of a tree", "UPDATE tree SET body = CAST(x'07' || substr(body, 2) AS BLOB)", "" },
    { "a tree that is gone",
      "DELETE FROM tree WHERE digest = (SELECT content FROM version WHERE id = " VERSION("portal",
                                                                                         "v2") ")",
      "portal/v2" },
    { "a version that skipped freezing",
      "UPDATE version SET state = 1, frozen_at = NULL WHERE id = " VERSION("portal", "v4"),
      "portal/v4" },
    { "released, as the state says, but never",
      "UPDATE version SET state = 3 WHERE id = " VERSION("portal", "v3"), "portal/v3" },
    { "never released, as the state says, but it was",
      "UPDATE version SET state = 2 WHERE id = " VERSION("portal", "v1"), "portal/v1" },
    { "discarded, but released", "UPDATE version SET state = 4 WHERE id = " VERSION("portal", "v1"),
      "portal/v1" },
    { "a stage off the path",
      "UPDATE version SET stage_id = (SELECT id FROM environment WHERE key = 'qa') WHERE id ="
      " " VERSION("portal", "v3"),
      "portal/v3" },
    { "a draft beyond the first environment",
      "UPDATE version SET stage_id = (SELECT id FROM environment WHERE key = 'staging')"
      " WHERE id = " VERSION("portal", "v5"),
      "portal/v5" },
    { "a gap in the numbers of versions",
      "UPDATE version SET number = 17 WHERE id = " VERSION("portal", "v6"), "portal" },
    { "live: an older release", "UPDATE app SET live = 1 WHERE name = 'portal'", "portal" },
    { "live: nothing, although nothing was withdrawn",
      "UPDATE app SET live = NULL WHERE name = 'portal'", "portal" },
    { "live: a withdrawal", "UPDATE app SET live = 2 WHERE name = 'tool'", "tool" },
    { "live: what was withdrawn", "UPDATE app SET live = 1 WHERE name = 'tool'", "tool" },
    { "a gap in the sequence",
      "UPDATE release SET sequence = 7 WHERE sequence = 3; UPDATE app SET live = 7 WHERE name ="
      " 'portal'",
      "portal" },
    { "the first record is gone",
      "DELETE FROM release WHERE sequence = 1 AND app_id = " APP("portal"), "portal" },
    { "another predecessor",
      "UPDATE release SET previous = NULL WHERE sequence = 2 AND app_id = " APP("portal"),
      "portal" },
    { "another target",
      "UPDATE release SET target = 2 WHERE sequence = 3 AND app_id = " APP("portal"), "portal" },
    { "another version",
      "UPDATE release SET version_id = " VERSION("portal", "v3") " WHERE sequence = 2 AND app_id ="
                                                                 " " APP("portal"),
      "portal" },
    { "another environment",
      "UPDATE release SET environment_id = (SELECT id FROM environment WHERE key = 'staging')"
      " WHERE sequence = 2",
      "portal" },
    { "another tag",
      "UPDATE release SET tag = '1.1.1' WHERE sequence = 2 AND app_id = " APP("portal"), "portal" },
    { "an order that is not the tag's",
      "UPDATE release SET tag_order = x'ff' WHERE sequence = 2 AND app_id = " APP("portal"),
      "portal" },
    { "another name of the app", "UPDATE app SET name = 'gateway' WHERE name = 'portal'",
      "release/gateway/1" },
    { "the names of two apps exchanged", EXCHANGE_APPS, "release/tool/1" },
    { "another name of the app in a record",
      "UPDATE release SET app_name = 'tool' WHERE sequence = 2 AND app_id = " APP("portal"),
      "release/portal/2" },
    { "another name of the version in a record",
      "UPDATE release SET version_name = 'v3' WHERE sequence = 2 AND app_id = " APP("portal"),
      "release/portal/2" },
    { "other notes",
      "UPDATE release SET notes = 'else' WHERE sequence = 2 AND app_id = " APP("portal"),
      "portal" },
    { "another content", "UPDATE release SET content = zeroblob(32) WHERE sequence = 2", "portal" },
    { "another revision", "UPDATE release SET revision = revision - 1 WHERE sequence = 1", "tool" },
    { "another configuration",
      "UPDATE release SET config = zeroblob(32) WHERE sequence = 1 AND"
      " app_id = " APP("tool"),
      "tool" },
    { "no longer pinned",
      "UPDATE release SET pin = 0, config = zeroblob(32) WHERE sequence = 1 AND app_id ="
      " " APP("tool"),
      "tool" },
    { "another time", "UPDATE release SET time = time + 1 WHERE sequence = 3", "portal" },
    { "another author", "UPDATE release SET author = randomblob(16) WHERE sequence = 3", "portal" },
    { "a forged manifest", "UPDATE release SET manifest = randomblob(32) WHERE sequence = 3",
      "portal" },
    { "a forged signature", "UPDATE release SET signature = randomblob(64) WHERE sequence = 3",
      "portal" },
    { "the signature of another record",
      "UPDATE release SET signature = (SELECT signature FROM release WHERE sequence = 2 AND app_id"
      " = " APP("portal") ") WHERE sequence = 3",
      "portal" },
};

/* Opens the store again; says whether a finding names the object. */
static int
verify_names(const char *object, size_t *count)
{
    struct fixture fx = new_fixture();
    envres_list *findings = NULL;
    int named = 0;
    envres_status st = fixture_open(&fx);
    if (st < 0 && !fx.session)
        fail_msg("the store does not open: %s", envres_error_message(fx.err));
    envres_error_clear(fx.err);
    st = envres_store_verify(fx.store, fx.session, &findings, fx.err);
    if (st < 0 || envres_error_code(fx.err) != ENVRES_OK) /* a finding is not an error */
        fail_msg("verify itself failed: %s", envres_error_message(fx.err));
    *count = envres_list_count(findings);
    for (size_t i = 0; i < *count; i++)
        named |= strstr(envres_list_text(findings, i, ENVRES_VERIFY_OBJECT, NULL), object) != NULL;
    if (*count > 0 && !named)
        print_error("%s: %s\n", envres_list_text(findings, 0, ENVRES_VERIFY_OBJECT, NULL),
                    envres_list_text(findings, 0, ENVRES_VERIFY_MESSAGE, NULL));
    envres_list_free(findings);
    fixture_close(&fx);
    return named;
}

static void
test_found(void **state)
{
    size_t count = 0;
    int missed = 0;
    (void)state;
    sqlite3_close(fresh(0));
    verify_names("", &count);
    assert_int_equal(count, 0);
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        sqlite3 *db = fresh(0);
        print_message("    %s\n", found[i].name);
        int rc = sqlite3_exec(db, found[i].sql, NULL, NULL, NULL);
        if (rc != SQLITE_OK)
            fail_msg("%s: %s", found[i].name, sqlite3_errmsg(db));
        if (sqlite3_total_changes(db) == 0)
            fail_msg("%s: no row of that kind", found[i].name);
        sqlite3_close(db);
        if (verify_names(found[i].object, &count))
            continue;
        print_error("not found: %s (%zu findings)\n", found[i].name, count);
        missed++;
    }
    assert_int_equal(missed, 0);
}

/* docs/threat-model.md says that this is not noticed; should it ever be, the page must say so. */
static void
test_not_noticed(void **state)
{
    size_t count = 0;
    (void)state;
    sqlite3 *db = fresh(0);
    int rc = sqlite3_exec(db,
                          "DELETE FROM release WHERE sequence = 3;"
                          "UPDATE app SET live = 2 WHERE name = 'portal'",
                          NULL, NULL, NULL);
    assert_int_equal(rc, SQLITE_OK);
    sqlite3_close(db);
    verify_names("", &count);
    assert_int_equal(count, 0);
}

/* What is served is checked without verify: a record that was exchanged serves nothing. */
static void
test_not_served(void **state)
{
    static const char *const rows[] = {
        "UPDATE release SET version_id = " VERSION("portal", "v3") " WHERE sequence = 3",
        "UPDATE release SET content = (SELECT content FROM version WHERE id = " VERSION(
            "portal", "v3") ") WHERE sequence = 3",
        "UPDATE release SET signature = randomblob(64) WHERE sequence = 3",
        "UPDATE app SET live = 2 WHERE name = 'tool'",
        "UPDATE part SET body = CAST(x'00' || substr(body, 2) AS BLOB)",
        "UPDATE tree SET body = CAST(x'07' || substr(body, 2) AS BLOB)",
        "DELETE FROM tree",
        "DELETE FROM part",
        EXCHANGE_APPS,
        "UPDATE release SET version_name = 'v3' WHERE sequence = 3",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture fx = new_fixture();
        envres_scope *scope = NULL;
        const char *app = strstr(rows[i], "'tool'") ? "tool" : "portal";
        envres_scope_options options = { .size = sizeof(options), .app = app, .app_len = TEXT };
        sqlite3 *db = fresh(0);
        print_message("    %s\n", rows[i]);
        assert_int_equal(sqlite3_exec(db, rows[i], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        envres_status st = fixture_open(&fx);
        assert_non_null(fx.session);
        st = envres_scope_open(fx.session, "production", TEXT, &options, &scope, fx.err);
        if (st != ENVRES_E_INTEGRITY && st != ENVRES_E_CORRUPT && st != ENVRES_E_NOTHING_LIVE)
            fail_msg("%s: %s", rows[i], envres_status_name(st));
        assert_null(scope);
        fixture_close(&fx);
    }
}

/* What the releases of an app say of its name is signed; what its row says is not. */
static const struct {
    const char *name;
    const char *sql;
    const char *apps; /* afterwards */
    const char *told; /* of which app something is said */
    const char *tag;  /* of portal, which is served; NULL: it has no release any more */
    int live;
} salvaged[] = {
    { "its row is lost", "DELETE FROM app WHERE name = 'portal'", "portal tool", "portal", "1.1.0",
      0 },
    { "another name", "UPDATE app SET name = 'gateway' WHERE name = 'portal'", "portal tool",
      "portal", "1.1.0", 1 },
    { "two names exchanged", EXCHANGE_APPS, "portal tool", "portal", "1.1.0", 1 },
    { "an app without releases has its name",
      "DELETE FROM release WHERE app_id = " APP(
          "tool") ";"
                  "UPDATE app SET live = NULL WHERE name = 'tool';" EXCHANGE_APPS,
      "portal salvaged-2", "salvaged-2", "1.1.0", 1 },
    { "its row is lost, the newest record says another name",
      "UPDATE release SET app_name = 'gateway' WHERE sequence = 3 AND app_id = " APP(
          "portal") ";"
                    "DELETE FROM app WHERE name = 'portal'",
      "portal tool", "portal", "1.1.0", 0 },
    { "no record says its name, and the first one to be made up is taken",
      "DELETE FROM release;"
      "UPDATE app SET live = NULL, name = 'Salvaged-1' WHERE name = 'tool';"
      "DELETE FROM app WHERE name = 'portal'",
      "Salvaged-1 salvaged-2", "salvaged-2", NULL, 0 },
};

static void
has_apps(struct fixture *fx, const char *want)
{
    envres_list *list = NULL;
    char names[200] = "";
    assert_int_equal(envres_app_list(fx->session, &list, fx->err), ENVRES_OK);
    for (size_t i = 0; i < envres_list_count(list); i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? " " : "",
                 envres_list_text(list, i, ENVRES_APP_NAME, NULL));
    }
    envres_list_free(list);
    assert_string_equal(names, want);
}

static void
serves_portal(struct fixture *fx, const char *tag, envres_status want)
{
    envres_scope *scope = NULL;
    envres_scope_options asked = { .size = sizeof(asked),
                                   .app = "portal",
                                   .app_len = TEXT,
                                   .tag = tag,
                                   .tag_len = tag ? TEXT : 0 };
    assert_int_equal(envres_scope_open(fx->session, "production", TEXT, &asked, &scope, fx->err),
                     want);
    if (scope)
        assert_string_equal(envres_scope_app(scope), "portal");
    envres_scope_unref(scope);
}

static int
salvage_to(struct fixture *fx, const char *out, const char *app)
{
    envres_list *list = NULL;
    envres_error *err = envres_error_new(NULL);
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_RELAXED };
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = fx->key,
                                     .secret_len = sizeof(fx->key) };
    int told = 0;
    if (envres_store_salvage(path, TEXT, out, TEXT, &options, &credential, &list, err) < 0)
        fail_msg("%s", envres_error_message(err));
    assert_int_equal(envres_error_code(err), ENVRES_OK);
    for (size_t i = 0; i < envres_list_count(list); i++) {
        const char *object = envres_list_text(list, i, ENVRES_SALVAGE_OBJECT, NULL);
        const char *table = envres_list_text(list, i, ENVRES_SALVAGE_TABLE, NULL);
        told += object && strcmp(table, "app") == 0 && strcmp(object, app) == 0;
    }
    envres_list_free(list);
    envres_error_free(err);
    return told;
}

static void
test_salvaged(void **state)
{
    char out[112];
    (void)state;
    snprintf(out, sizeof(out), "%s.out", path);
    for (size_t i = 0; i < sizeof(salvaged) / sizeof(salvaged[0]); i++) {
        struct fixture fx = new_fixture();
        size_t count = 0;
        print_message("    %s\n", salvaged[i].name);
        sqlite3 *db = fresh(0);
        assert_int_equal(sqlite3_exec(db, salvaged[i].sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        assert_int_equal(salvage_to(&fx, out, salvaged[i].told), 1);
        assert_int_equal(rename(out, path), 0);
        verify_names("", &count);
        assert_int_equal(count, 0);
        /* It looks at the versions of portal, too. */
        assert_int_equal(fixture_open(&fx), salvaged[i].tag ? ENVRES_OK : ENVRES_E_NOT_FOUND);
        has_apps(&fx, salvaged[i].apps);
        if (salvaged[i].tag) {
            serves_portal(&fx, salvaged[i].tag, ENVRES_OK);
            serves_portal(&fx, NULL, salvaged[i].live ? ENVRES_OK : ENVRES_E_NOTHING_LIVE);
        }
        fixture_close(&fx);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forbidden),  cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_found),      cmocka_unit_test(test_not_noticed),
        cmocka_unit_test(test_not_served), cmocka_unit_test(test_salvaged),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
