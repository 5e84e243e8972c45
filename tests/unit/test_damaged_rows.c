/* SPDX-License-Identifier: MIT */
/*
 * Rows that say what cannot be, each with the one sentence that verify must say of it, or the one
 * error with which a list must refuse it. Every constraint of the schema is switched off for the
 * change, as if the damage had gone round it; so each row here shows that the library itself looks.
 * What the schema forbids, and that verify finds anything at all, test_release_rows shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <string.h>

#include "../torture/copies.h"

#define TEXT         ENVRES_NUL_TERMINATED
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Records of every kind: a rollback, and a withdrawal. */
static envres_status
more(struct fixture *fx)
{
    envres_rollback_options back = { .size = sizeof(back), .expect_live = 2 };
    envres_status st =
        envres_release_rollback(fx->session, "portal", TEXT, &back, NULL, NULL, NULL, fx->err);
    return st < 0 ? st : envres_release_withdraw(fx->session, "tool", TEXT, 1, NULL, NULL, fx->err);
}

static int
setup(void **state)
{
    (void)state;
    return copies_begin(more) ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    copies_end();
    return 0;
}

/* A copy with a change that went round the schema. */
static void
damage(const char *name, const char *sql)
{
    sqlite3 *db = NULL;
    const char *path = copy_write();
    print_message("    %s\n", name);
    assert_non_null(path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA foreign_keys = OFF;"
                                  "PRAGMA ignore_check_constraints = ON",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", name, sqlite3_errmsg(db));
    if (sqlite3_total_changes(db) == 0)
        fail_msg("%s: no row of that kind", name);
    sqlite3_close(db);
}

/* The session opens, whatever its first scope says. */
static void
open_damaged(const char *name, struct fixture *fx)
{
    *fx = copy_fixture();
    envres_status st = fixture_open(fx);
    if (!fx->session)
        fail_msg("%s: the store does not open: %s", name, envres_status_name(st));
    envres_error_clear(fx->err);
}

/* ---- what verify says ----------------------------------------------------------------------- */

#define APP(name) "(SELECT id FROM app WHERE name = '" name "')"
#define VERSION(app, name)                                                                         \
    "(SELECT id FROM version WHERE app_id = " APP(app) " AND name = '" name "')"
#define RELEASE(app, sequence) " WHERE app_id = " APP(app) " AND sequence = " sequence
/* A record more, made of the newest one of an app. */
#define ADD_RELEASE(app, from, sequence, kind, target, previous)                                   \
    "INSERT INTO release SELECT app_id, " sequence ", " kind ", version_id, " target ", " previous \
    ", tag, x'0102', notes, app_name, version_name, environment_id, content, pin, revision,"       \
    " config, manifest, signature, signer, author, time FROM release" RELEASE(app, from)

static const struct {
    const char *name;
    const char *sql;
    const char *object;
    const char *message;
} found[] = {
    { "a rollback to a rollback",
      "UPDATE release SET kind = 2, target = 1" RELEASE(
          "portal", "2") ";"
                         "UPDATE release SET target = 2" RELEASE("portal", "3"),
      "release/portal/3", "it restores a record that is no release" },
    { "a rollback with another predecessor",
      "UPDATE release SET previous = 2" RELEASE("portal", "3"), "release/portal/3",
      "it does not have the predecessor of the record it refers to" },
    { "a rollback of another version",
      "UPDATE release SET version_id = " VERSION("portal", "v3") RELEASE("portal", "3"),
      "release/portal/3", "it is not of the release it refers to" },
    { "a rollback of other content",
      "UPDATE release SET content = zeroblob(32)" RELEASE("portal", "3"), "release/portal/3",
      "it is not of the release it refers to" },
    { "a rollback of another tag", "UPDATE release SET tag = '1.0.1'" RELEASE("portal", "3"),
      "release/portal/3", "it is not of the release it refers to" },
    { "a withdrawal of what is not live", ADD_RELEASE("portal", "3", "4", "3", "2", "NULL"),
      "release/portal/4", "it takes back what was not live" },
    { "a second withdrawal", ADD_RELEASE("tool", "2", "3", "3", "1", "NULL"), "release/tool/3",
      "it takes back what was not live" },
    { "a release that follows nothing", ADD_RELEASE("portal", "3", "4", "1", "NULL", "NULL"),
      "release/portal/4", "its predecessor is not what was live before it" },
    { "a release that does not follow what was withdrawn",
      ADD_RELEASE("tool", "2", "3", "1", "NULL", "NULL"), "release/tool/3",
      "its predecessor is not what was live before it" },
    { "a gap in the records", "UPDATE release SET sequence = 7" RELEASE("portal", "3"),
      "release/portal/7", "its sequence number does not follow that of the record before it" },
    { "a version of another app",
      "UPDATE release SET version_id = " VERSION("tool", "v1") RELEASE("portal", "2"),
      "release/portal/2", "its version is of another app" },
    { "a version of other content",
      "UPDATE release SET version_id = " VERSION("portal", "v3") RELEASE("portal", "2"),
      "release/portal/2", "its version has another content now" },
    { "a tag that is none", "UPDATE release SET tag = 'x'" RELEASE("portal", "2"),
      "release/portal/2", "its tag is out of order" },
    { "a tag's order cut",
      "UPDATE release SET tag_order = substr(tag_order, 1, length(tag_order) - 1)" RELEASE("portal",
                                                                                           "2"),
      "release/portal/2", "its tag is out of order" },
    { "a tag's order of the same length",
      "UPDATE release SET tag_order = zeroblob(length(tag_order))" RELEASE("portal", "2"),
      "release/portal/2", "its tag is out of order" },
    { "an order longer than any tag's",
      "UPDATE release SET tag_order = zeroblob(9000)" RELEASE("portal", "2"), "portal",
      "a release of the app is damaged" },
    { "a kind that is none", "UPDATE release SET kind = 4" RELEASE("portal", "2"), "portal",
      "a release of the app is damaged" },
    { "a release that restores", "UPDATE release SET target = 1" RELEASE("portal", "2"), "portal",
      "a release of the app is damaged" },
    { "a rollback that restores nothing", "UPDATE release SET target = 0" RELEASE("portal", "3"),
      "portal", "a release of the app is damaged" },
    { "live is not the newest", "UPDATE app SET live = 1 WHERE name = 'portal'", "release/portal/1",
      "what is live is not what the newest record says" },
    { "a number that does not follow",
      "UPDATE version SET number = 17 WHERE id = " VERSION("portal", "v6"), "version/portal/v6",
      "its number does not follow that of the version before it" },
    { "a stage off the path",
      "UPDATE version SET stage_id = (SELECT id FROM environment WHERE key = 'qa')"
      " WHERE id = " VERSION("portal", "v3"),
      "version/portal/v3", "it stands in an environment that is not on the path" },
    { "a draft that was carried on",
      "UPDATE version SET stage_id = (SELECT id FROM environment WHERE key = 'staging')"
      " WHERE id = " VERSION("portal", "v5"),
      "version/portal/v5", "it is a draft, but not in the first environment" },
    { "released, but its state is that of another",
      "UPDATE version SET state = 2 WHERE id = " VERSION("portal", "v1"), "version/portal/v1",
      "a release names it, but its state does not say so" },
    { "discarded, but released", "UPDATE version SET state = 4 WHERE id = " VERSION("portal", "v1"),
      "version/portal/v1", "a release names it, but its state does not say so" },
    { "never released, but its state is",
      "UPDATE version SET state = 3 WHERE id = " VERSION("portal", "v3"), "version/portal/v3",
      "its state says that it was released, but no release names it" },
    { "a parent of another app",
      "UPDATE version SET parent_id = " VERSION("tool", "v1") " WHERE id = " VERSION("portal",
                                                                                     "v2"),
      "version/portal/v2", "its parent is not a version of the app" },
    { "a parent that is not there",
      "UPDATE version SET parent_id = randomblob(16) WHERE id = " VERSION("portal", "v2"),
      "version/portal/v2", "its parent is not a version of the app" },
    { "a younger parent",
      "UPDATE version SET parent_id = " VERSION("portal", "v3") " WHERE id = " VERSION("portal",
                                                                                       "v2"),
      "version/portal/v2", "its parent is younger than itself" },
    { "its own parent", "UPDATE version SET parent_id = id WHERE id = " VERSION("portal", "v2"),
      "version/portal/v2", "its parent is younger than itself" },
    { "an app without a version",
      "INSERT INTO app SELECT randomblob(16), workspace_id, 'empty', pin, protected, NULL, author,"
      " created_at FROM app WHERE name = 'tool'",
      "empty", "the app has no version" },
    { "more edits than there are",
      "UPDATE version SET edits = edits + 1 WHERE id = " VERSION("portal", "v5"),
      "version/portal/v5", "edits are missing, or there are too many" },
    { "an edit of another size",
      "UPDATE part_edit SET size = size + 1 WHERE action = 1 AND version_id = " VERSION("portal",
                                                                                        "v5"),
      "version/portal/v5", "an edit has another size than its part" },
    { "an edit replaced by none",
      "UPDATE part_edit SET until = 99 WHERE path = 'notes/a.txt' AND version_id = " VERSION(
          "portal", "v5"),
      "version/portal/v5", "an edit was replaced by none of its path" },
    { "more parts than there are",
      "UPDATE version SET parts = parts + 1 WHERE id = " VERSION("portal", "v5"),
      "version/portal/v5", "its parts are not as many, or as large, as it says" },
    { "more bytes than there are",
      "UPDATE version SET bytes = bytes + 1 WHERE id = " VERSION("portal", "v2"),
      "version/portal/v2", "its parts are not as many, or as large, as it says" },
    { "more pins than there are",
      "UPDATE version SET pins = pins + 1 WHERE id = " VERSION("portal", "v2"), "version/portal/v2",
      "its parts are not as many, or as large, as it says" },
    { "a pinned query that is gone",
      "DELETE FROM query WHERE id IN (SELECT query_id FROM query_edit)", "version/portal/v2",
      "a query that it uses is not in the store" },
    { "a pinned revision that is gone",
      "DELETE FROM query_revision WHERE revision = 1 AND query_id IN (SELECT query_id FROM"
      " query_edit)",
      "version/portal/v2", "a revision of a query that it uses is not in the store" },
    { "another body of a pinned revision",
      "UPDATE query_revision SET body = CAST(body || x'00' AS BLOB) WHERE revision = 1 AND query_id"
      " IN (SELECT query_id FROM query_edit)",
      "version/portal/v2", "a query that it uses is not as it was recorded" },
    { "a pin's edit without an action", "UPDATE query_edit SET action = 0", "version/portal/v2",
      "what it began from, or an edit, is damaged" },
    { "a pin's edit with an action that is none", "UPDATE query_edit SET action = 3",
      "version/portal/v2", "what it began from, or an edit, is damaged" },
    { "a pin's edit of a revision below none", "UPDATE query_edit SET revision = -1",
      "version/portal/v2", "what it began from, or an edit, is damaged" },
    { "a pin's edit of a revision above all", "UPDATE query_edit SET revision = 1 << 50",
      "version/portal/v2", "what it began from, or an edit, is damaged" },
    { "a pin's edit replaced by none", "UPDATE query_edit SET until = 99", "version/portal/v2",
      "an edit was replaced by none of its path" },
};

static void
check_found(struct fixture *fx, size_t i)
{
    envres_list *findings = NULL;
    bool is_named = false;
    envres_status st = envres_store_verify(fx->store, fx->session, &findings, fx->err);
    if (st < 0)
        fail_msg("%s: verify failed: %s", found[i].name, envres_error_message(fx->err));
    for (size_t row = 0; row < envres_list_count(findings); row++)
        is_named |= strcmp(envres_list_text(findings, row, ENVRES_VERIFY_OBJECT, NULL),
                           found[i].object) == 0 &&
                    strcmp(envres_list_text(findings, row, ENVRES_VERIFY_MESSAGE, NULL),
                           found[i].message) == 0;
    for (size_t row = 0; !is_named && row < envres_list_count(findings); row++)
        print_error("%s: %s: %s\n", found[i].name,
                    envres_list_text(findings, row, ENVRES_VERIFY_OBJECT, NULL),
                    envres_list_text(findings, row, ENVRES_VERIFY_MESSAGE, NULL));
    envres_list_free(findings);
    assert_true(is_named);
}

static void
test_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(found); i++) {
        struct fixture fx = { .path = NULL };
        damage(found[i].name, found[i].sql);
        open_damaged(found[i].name, &fx);
        check_found(&fx, i);
        fixture_close(&fx);
    }
}

/* ---- what is refused ------------------------------------------------------------------------ */

static envres_status
ask_environments(struct fixture *fx, envres_list **out)
{
    return envres_environment_list(fx->session, out, fx->err);
}

static envres_status
ask_variables(struct fixture *fx, envres_list **out)
{
    return envres_variable_list(fx->session, "development", TEXT, 0, out, fx->err);
}

static envres_status
ask_resources(struct fixture *fx, envres_list **out)
{
    return envres_resource_list(fx->session, out, fx->err);
}

static envres_status
ask_apps(struct fixture *fx, envres_list **out)
{
    return envres_app_list(fx->session, out, fx->err);
}

static envres_status
ask_versions(struct fixture *fx, envres_list **out)
{
    return envres_version_list(fx->session, "portal", TEXT, NULL, 0, ENVRES_VERSION_ALL, out,
                               fx->err);
}

static envres_status
ask_parts(struct fixture *fx, envres_list **out)
{
    envres_version_name name = {
        .size = sizeof(name), .app = "portal", .app_len = TEXT, .version = "v5", .version_len = TEXT
    };
    return envres_part_list(fx->session, &name, out, fx->err);
}

static envres_status
ask_queries(struct fixture *fx, envres_list **out)
{
    return envres_query_list(fx->session, out, fx->err);
}

static envres_status
ask_releases(struct fixture *fx, envres_list **out)
{
    return envres_release_list(fx->session, "portal", TEXT, out, fx->err);
}

static const struct {
    const char *name;
    const char *sql;
    envres_status (*ask)(struct fixture *fx, envres_list **out);
    const char *message;
} refused[] = {
    { "environment: a head too long", "UPDATE environment SET head = zeroblob(1000)",
      ask_environments, "an environment's row in the store is damaged" },
    { "environment: at no place of the path",
      "UPDATE environment SET position = 0 WHERE key = 'staging'", ask_environments,
      "an environment's row in the store is damaged" },
    { "environment: a key too long", "UPDATE environment SET key = key || printf('%.*c', 300, 'x')",
      ask_environments, "a name in the store is damaged" },
    { "environment: a NUL in the label", "UPDATE environment SET label = 'a' || char(0) || 'b'",
      ask_environments, "a name in the store is damaged" },
    { "setting: content of another length", "UPDATE setting SET content = x'00'", ask_variables,
      "a setting in the store is damaged" },
    { "setting: a name too long", "UPDATE setting SET name = name || printf('%.*c', 300, 'x')",
      ask_variables, "a setting in the store is damaged" },
    { "setting: a field too long", "UPDATE setting SET field = field || printf('%.*c', 300, 'x')",
      ask_variables, "a setting in the store is damaged" },
    { "setting: a kind too long", "UPDATE setting SET kind = printf('%.*c', 300, 'x')",
      ask_variables, "a setting in the store is damaged" },
    { "object: a NUL in the name", "UPDATE object SET name = name || char(0) WHERE class = 2",
      ask_resources, "a name in the store is damaged" },
    { "object: a kind too long",
      "UPDATE object SET kind = printf('%.*c', 300, 'x') WHERE class = 2", ask_resources,
      "a name in the store is damaged" },
    { "app: a name too long", "UPDATE app SET name = name || printf('%.*c', 3000, 'x')", ask_apps,
      "a name in the store is damaged" },
    { "version: no state", "UPDATE version SET state = 0", ask_versions,
      "a version's row in the store is damaged" },
    { "version: a state that is none", "UPDATE version SET state = 5", ask_versions,
      "a version's row in the store is damaged" },
    { "version: a parent that is no id", "UPDATE version SET parent_id = x'00'", ask_versions,
      "an id or a digest in the store does not have 16 bytes" },
    { "edit: a part of another length", "UPDATE part_edit SET part = x'00' WHERE action = 1",
      ask_parts, "an edit of a part is damaged" },
    { "edit: less than nothing", "UPDATE part_edit SET size = -1", ask_parts,
      "an edit of a part is damaged" },
    { "edit: larger than a part", "UPDATE part_edit SET size = 1 << 40", ask_parts,
      "an edit of a part is damaged" },
    { "edit: a path upwards", "UPDATE part_edit SET path = '../' || path", ask_parts,
      "an edit of a part is damaged" },
    { "query: a name too long", "UPDATE query SET name = printf('%.*c', 300, 'x') || name",
      ask_queries, "a name in the store is damaged" },
    { "release: an order too long", "UPDATE release SET tag_order = zeroblob(9000 + sequence)",
      ask_releases, "a release's tag in the store is damaged" },
    { "release: a kind that is none", "UPDATE release SET kind = 0", ask_releases,
      "a release's row in the store is damaged" },
};

static void
test_refused(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct fixture fx = { .path = NULL };
        envres_list *list = NULL;
        damage(refused[i].name, refused[i].sql);
        open_damaged(refused[i].name, &fx);
        envres_status st = refused[i].ask(&fx, &list);
        if ((st != ENVRES_E_CORRUPT && st != ENVRES_E_INTEGRITY) ||
            !strstr(envres_error_message(fx.err), refused[i].message)) {
            print_error("%s: %s: %s\n", refused[i].name, envres_status_name(st),
                        envres_error_message(fx.err));
            wrong++;
        }
        assert_true((list == NULL) == (st < 0));
        envres_list_free(list);
        fixture_close(&fx);
    }
    assert_int_equal(wrong, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
