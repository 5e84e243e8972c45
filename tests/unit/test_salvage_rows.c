/* SPDX-License-Identifier: MIT */
/*
 * What salvage says and does about each kind of damaged row. The schema's constraints are switched
 * off for the change. Of every row here: what the report calls lost, in its order, and how many
 * lines of the dump of all lists are gone and how many are new. What was salvaged opens, and verify
 * finds nothing in it. That no value is wrong after damage of any kind, test_salvage shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../torture/copies.h"

#define TEXT         ENVRES_NUL_TERMINATED
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { MOST_LINES = 2000, MOST_LOSSES = 16, LOSS = 128, MOST_TEXT = MOST_LOSSES * LOSS };

static char out_path[128];
static char *sound; /* the dump of the file, undamaged */

static int
setup(void **state)
{
    struct fixture fx = { .path = NULL };
    (void)state;
    if (!copies_begin(NULL))
        return -1;
    if (copy_open(&fx))
        sound = fixture_dump(&fx);
    snprintf(out_path, sizeof(out_path), "%s.salvaged", copy_fixture().path);
    fixture_close(&fx);
    return sound ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    free(sound);
    unlink(out_path);
    copies_end();
    return 0;
}

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
    if (sql[0] && sqlite3_total_changes(db) == 0)
        fail_msg("%s: no row of that kind", name);
    sqlite3_close(db);
}

/* ---- lines of a dump ------------------------------------------------------------------------ */

static int
by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Cuts a text into its lines, sorted. */
static size_t
cut(char *text, char **lines)
{
    size_t count = 0;
    for (char *line = strtok(text, "\n"); line && count < MOST_LINES; line = strtok(NULL, "\n"))
        lines[count++] = line;
    qsort(lines, count, sizeof(*lines), by_text);
    return count;
}

/* How many lines of `before` are gone, and how many of `after` are new. */
static void
compare(const char *before, char *after, int *gone, int *come)
{
    static char *old[MOST_LINES];
    static char *new[MOST_LINES];
    char *copy = strdup(before);
    assert_non_null(copy);
    size_t olds = cut(copy, old);
    size_t news = cut(after, new);
    size_t a = 0;
    size_t b = 0;
    *gone = 0;
    *come = 0;
    while (a < olds || b < news) {
        int order = a == olds ? 1 : b == news ? -1 : strcmp(old[a], new[b]);
        *gone += order < 0;
        *come += order > 0;
        a += order <= 0;
        b += order >= 0;
    }
    free(copy);
}

/* ---- rows ----------------------------------------------------------------------------------- */

#define APP(name) "(SELECT id FROM app WHERE name = '" name "')"
#define VERSION(app, name)                                                                         \
    "(SELECT id FROM version WHERE app_id = " APP(app) " AND name = '" name "')"
#define ENVIRONMENT(key) "(SELECT id FROM environment WHERE key = '" key "')"
#define PRINCIPAL(name)  "(SELECT id FROM principal WHERE name = '" name "')"
#define OBJECT(name)     "(SELECT id FROM object WHERE name = '" name "' AND removed_at IS NULL)"

static const struct {
    const char *name;
    const char *sql;
    const char *lost; /* "TABLE OBJECT LOST;" of each row with a code */
    int gone;         /* -1: a list fails, since what it is asked for is lost */
    int come;
} rows[] = {
    { "nothing", "", "", 0, 1 },
    { "the workspace", "DELETE FROM workspace",
      "file - 0;principal otto 1;principal stacy 1;role_grant policy 0;workspace - 1;", 4, 3 },
    { "roles that nobody signed", "UPDATE role_grant SET signature = randomblob(64)",
      "principal otto 1;principal stacy 1;role_grant policy 0;", 4, 3 },
    { "a role more than was signed",
      "INSERT INTO role_grant SELECT workspace_id, principal_id, zeroblob(16), 8, granter_id,"
      " signature, created_at FROM role_grant WHERE role <> 8 LIMIT 1",
      "principal otto 1;principal stacy 1;role_grant policy 0;", 4, 3 },
    { "grants of keys that nobody signed",
      "UPDATE key_grant SET signature = randomblob(64) WHERE principal_id <> " PRINCIPAL("owner"),
      "key_grant - 18;", 0, 1 },
    { "all grants of an environment's keys",
      "DELETE FROM key_grant WHERE environment_id = " ENVIRONMENT("qa"), "environment qa 1;", 1,
      2 },
    { "a public key that nobody signed",
      "UPDATE env_key SET signature = randomblob(64) WHERE environment_id = " ENVIRONMENT(
          "staging"),
      "env_key - 2;", 0, 1 },
    { "no public key", "DELETE FROM env_key WHERE environment_id = " ENVIRONMENT("staging"), "", 0,
      1 },
    { "slots that were not signed",
      "UPDATE principal SET slots = zeroblob(64) WHERE name <> 'owner'",
      "slot otto 1;slot stacy 1;", 4, 3 },
    { "a slot's body",
      "UPDATE slot SET body = randomblob(160) WHERE principal_id <> " PRINCIPAL("owner"),
      "key_grant - 2;slot otto 1;slot stacy 1;", 4, 3 },
    { "a name in doubt", "UPDATE environment SET head = zeroblob(80) WHERE key = 'qa'",
      "environment qa 1;", 2, 3 },
    { "one of the three in doubt",
      "UPDATE environment SET head = zeroblob(80), key = 'other' WHERE key = 'staging'",
      "environment staging 1;", 1, 2 },
    { "two names in doubt",
      "UPDATE environment SET head = zeroblob(80) WHERE key IN ('staging', 'qa')",
      "environment salvaged-1 1;environment salvaged-2 1;", 27, 28 },
    { "an environment's row", "DELETE FROM environment WHERE key = 'staging'",
      "environment staging 1;file - 0;", 4, 5 },
    { "two environments' rows", "DELETE FROM environment WHERE key IN ('staging', 'qa')",
      "environment salvaged-1 1;environment salvaged-2 1;file - 0;", 28, 29 },
    { "a generation too high", "UPDATE environment SET generation = 9 WHERE key = 'staging'", "", 0,
      1 },
    { "a place on the path", "UPDATE environment SET position = 7 WHERE key = 'production'",
      "environment production 1;", 1, 2 },
    { "a value's record",
      "UPDATE setting SET record = randomblob(90) WHERE until IS NULL AND object_id = " OBJECT(
          "HOST"),
      "setting development 0;setting production 0;setting staging 0;setting variable/HOST in development, revision 1 1;setting variable/HOST in production, revision 1 1;setting variable/HOST in staging, revision 1 1;",
      -1, -1 },
    { "an older revision's record",
      "UPDATE setting SET record = randomblob(90) WHERE until IS NOT NULL AND object_id ="
      " " OBJECT("DB_PASSWORD"),
      "setting development 0;setting variable/DB_PASSWORD in development, revision 2 1;", 1, 1 },
    { "a revision in the middle",
      "DELETE FROM setting WHERE until IS NOT NULL AND object_id = " OBJECT("DB_PASSWORD"),
      "setting development 1;", 1, 1 },
    { "what came after a value",
      "DELETE FROM setting WHERE until IS NULL AND object_id = " OBJECT("DB_PASSWORD"),
      "setting development 0;setting production 1;setting variable/DB_PASSWORD in development, revision 3 1;",
      4, 4 },
    { "an end too late", "UPDATE setting SET until = until + 100 WHERE until IS NOT NULL", "", 0,
      1 },
    { "no end",
      "UPDATE setting SET until = 9000 WHERE until IS NULL AND object_id = " OBJECT("HOST"),
      "setting development 0;setting production 0;setting staging 0;setting variable/HOST in development, revision 11 1;setting variable/HOST in production, revision 4 1;setting variable/HOST in staging, revision 4 1;",
      -1, -1 },
    { "an object's name", "UPDATE object SET name = 'OTHER' WHERE name = 'HOST'", "object HOST 0;",
      0, 1 },
    { "two objects' names, exchanged",
      "UPDATE object SET name = 'x' WHERE name = 'LIMITS';"
      "UPDATE object SET name = 'LIMITS' WHERE name = 'EMPTY';"
      "UPDATE object SET name = 'EMPTY' WHERE name = 'x'",
      "object EMPTY 0;object LIMITS 0;", 0, 1 },
    { "an object's kind", "UPDATE object SET kind = 'mysql' WHERE name = 'crm'", "object crm 0;", 0,
      1 },
    { "an object's class", "UPDATE object SET class = 2 WHERE name = 'HOST'", "object HOST 0;", 0,
      1 },
    { "an object that is secret", "UPDATE object SET secret = 1 - secret WHERE name = 'HOST'",
      "object HOST 0;", 0, 1 },
    { "an object that is gone", "UPDATE object SET removed_at = 5 WHERE name = 'HOST'",
      "object HOST 0;", 0, 1 },
    { "an object's row", "DELETE FROM object WHERE name = 'HOST'", "file - 0;object HOST 0;", 0,
      1 },
    { "a part", "UPDATE part SET body = CAST(x'00' || substr(body, 2) AS BLOB)",
      "part - 11;release portal 0;release tool 0;version portal/v1 1;version portal/v2 1;version portal/v3 1;version portal/v4 1;version portal/v5 1;version tool/v1 1;",
      60, 15 },
    { "a tree",
      "UPDATE tree SET body = CAST(x'07' || substr(body, 2) AS BLOB) WHERE digest ="
      " (SELECT content FROM version WHERE id = " VERSION("portal", "v3") ")",
      "part - 1;part_edit portal/v4 1;version portal/v3 1;", 10, 3 },
    { "an app's row", "DELETE FROM app WHERE name = 'tool'", "app tool 1;file - 0;release tool 0;",
      6, 6 },
    { "a version's row", "DELETE FROM version WHERE id = " VERSION("portal", "v4"),
      "file - 0;part_edit - 1;version portal/lost-4 1;", 12, 5 },
    { "a released version's row", "DELETE FROM version WHERE id = " VERSION("portal", "v2"),
      "file - 0;release portal 0;version portal/lost-2 1;", 21, 8 },
    { "a draft's edit",
      "DELETE FROM part_edit WHERE path = 'notes/a.txt' AND version_id ="
      " " VERSION("portal", "v5"),
      "version portal/v5 1;", 10, 3 },
    { "the newest release", "UPDATE release SET signature = randomblob(64) WHERE sequence = 2",
      "release portal 0;release portal 1;", 12, 5 },
    { "the first release",
      "UPDATE release SET signature = randomblob(64) WHERE sequence = 1 AND app_id = " APP(
          "portal"),
      "release portal 2;", 14, 5 },
    { "what is live", "UPDATE app SET live = 1 WHERE name = 'portal'", "release portal 0;", 12, 6 },
    { "a query's row", "DELETE FROM query WHERE name = 'find'",
      "file - 0;file version/portal/v1 0;file version/portal/v2 0;file version/portal/v3 0;file version/portal/v4 0;query - 1;query_revision - 2;query_revision lost_ 1;query_revision lost_ 1;query_revision lost_ 1;query_revision lost_ 1;",
      -1, -1 },
    { "a query's name", "UPDATE query SET name = '' WHERE name = 'find'",
      "file version/portal/v1 0;file version/portal/v2 0;file version/portal/v3 0;file version/portal/v4 0;query - 1;query_revision - 2;query_revision lost_ 1;query_revision lost_ 1;query_revision lost_ 1;query_revision lost_ 1;",
      -1, -1 },
    { "a query's body", "UPDATE query_revision SET body = randomblob(40) WHERE revision = 1",
      "file version/portal/v1 0;file version/portal/v2 0;file version/portal/v3 0;file version/portal/v4 0;query_revision call 1;query_revision find 1;query_revision find 1;query_revision find 1;query_revision find 1;query_revision find 2;",
      -1, -1 },
    { "a request", "UPDATE request SET signature = randomblob(64)", "request - 2;", 2, 1 },
    { "a deposit", "UPDATE inbox SET signature = randomblob(64)", "inbox - 2;", 2, 1 },
    { "an approval", "UPDATE approval SET signature = randomblob(64)", "request - 1;", 1, 1 },
    { "an audit entry", "UPDATE audit SET reason = 'else' WHERE sequence = 20",
      "audit audit/20 53;", 53, 1 },
};

/* The losses of a report, as a row tells them; sorted, since some are in the order of ids. */
static void
tell(envres_list *report, char out[MOST_TEXT])
{
    static char texts[MOST_LOSSES][LOSS];
    char *losses[MOST_LOSSES] = { NULL };
    size_t count = 0;
    for (size_t row = 0; row < envres_list_count(report) && count < MOST_LOSSES; row++) {
        const char *object = envres_list_text(report, row, ENVRES_SALVAGE_OBJECT, NULL);
        if (envres_list_type(report, row, ENVRES_SALVAGE_CODE) != ENVRES_CELL_TEXT)
            continue;
        if (object && strncmp(object, "lost_", 5) == 0)
            object = "lost_"; /* and an id, which is another in each run */
        losses[count] = texts[count];
        snprintf(texts[count++], LOSS, "%.40s %.60s %lld;",
                 envres_list_text(report, row, ENVRES_SALVAGE_TABLE, NULL), object ? object : "-",
                 (long long)envres_list_integer(report, row, ENVRES_SALVAGE_LOST));
    }
    qsort(losses, count, sizeof(*losses), by_text);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        memcpy(out + strlen(out), losses[i], strlen(losses[i]) + 1);
}

static int
try_row(size_t i)
{
    char lost[MOST_TEXT] = "";
    int gone = -1;
    int come = -1;
    struct fixture fx = copy_fixture();
    envres_store_options options = fixture_options(&fx);
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = fx.key,
                                     .secret_len = sizeof(fx.key) };
    envres_list *report = NULL;
    damage(rows[i].name, rows[i].sql);
    unlink(out_path);
    envres_error *err = envres_error_new(NULL);
    if (envres_store_salvage(fx.path, TEXT, out_path, TEXT, &options, &credential, &report, err) <
        0)
        print_error("%s: %s\n", rows[i].name, envres_error_message(err));
    envres_error_free(err);
    tell(report, lost);
    envres_list_free(report);
    fx.path = out_path;
    (void)fixture_open(&fx);
    bool is_sound = fx.session && fixture_verify(&fx) == 0;
    char *dump = fx.session ? fixture_dump(&fx) : NULL;
    if (dump)
        compare(sound, dump, &gone, &come);
    free(dump);
    fixture_close(&fx);
    /* Versions that pin what is lost stay: the report says so, and so does verify. */
    bool is_expected = is_sound == !strstr(lost, "file version/");
    if (is_expected && strcmp(lost, rows[i].lost) == 0 && gone == rows[i].gone &&
        come == rows[i].come)
        return 0;
    print_error("%s: \"%s\", %d, %d%s\n", rows[i].name, lost, gone, come,
                is_expected ? "" : ", not sound");
    return 1;
}

/* A quarter of the rows. */
static void
try_quarter(size_t quarter)
{
    int wrong = 0;
    for (size_t i = quarter * COUNT(rows) / 4; i < (quarter + 1) * COUNT(rows) / 4; i++)
        wrong += try_row(i);
    assert_int_equal(wrong, 0);
}

static void
test_first(void **state)
{
    (void)state;
    try_quarter(0);
}

static void
test_second(void **state)
{
    (void)state;
    try_quarter(1);
}

static void
test_third(void **state)
{
    (void)state;
    try_quarter(2);
}

static void
test_fourth(void **state)
{
    (void)state;
    try_quarter(3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_second),
        cmocka_unit_test(test_third),
        cmocka_unit_test(test_fourth),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
