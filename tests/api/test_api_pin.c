/* SPDX-License-Identifier: MIT */
/*
 * What versions use of the query library: a draft follows, freezing records, releases are served
 * and rolled back to with the revisions that they recorded, whatever becomes of the query.
 */
#include "fx_serve.h"

#include <stdio.h>

#include "delivery.h"

static envres_status
put(struct fx *fx, const char *name, const char *resource, const char *text)
{
    envres_query_write write = { .size = sizeof(write),
                                 .name = name,
                                 .name_len = TEXT,
                                 .resource = resource,
                                 .resource_len = TEXT,
                                 .text = text,
                                 .text_len = TEXT };
    return envres_query_put(fx->session, &write, NULL, NULL, fx->err);
}

static envres_status
pin(struct fx *fx, const char *version, const char *name, int64_t revision)
{
    envres_version_name of = name_of("shop", version);
    return envres_query_pin(fx->session, &of, name, TEXT, revision, NULL, fx->err);
}

static envres_status
unpin(struct fx *fx, const char *version, const char *name)
{
    envres_version_name of = name_of("shop", version);
    return envres_query_unpin(fx->session, &of, name, TEXT, NULL, fx->err);
}

static void
define(struct fx *fx)
{
    OK(fx, envres_resource_define(fx->session, "db", TEXT, "sqlite", TEXT, NULL, fx->err));
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    serve_app(fx, "shop", 0);
    OK(fx, put(fx, "find", "db", "SELECT 1"));
}

/* The pins as "NAME RESOURCE REVISION f|- NEWEST;". */
static void
pins_are(struct fx *fx, const char *version, const char *want)
{
    envres_version_name of = name_of("shop", version);
    envres_list *list = NULL;
    char text[400] = "";
    size_t used = 0;
    OK(fx, envres_query_pins(fx->session, &of, &list, fx->err));
    for (size_t row = 0; row < envres_list_count(list); row++)
        used += (size_t)snprintf(
            text + used, sizeof(text) - used, "%s %s %d %s %d;",
            envres_list_text(list, row, ENVRES_QUERY_PIN_NAME, NULL),
            envres_list_text(list, row, ENVRES_QUERY_PIN_RESOURCE, NULL),
            (int)envres_list_integer(list, row, ENVRES_QUERY_PIN_REVISION),
            envres_list_integer(list, row, ENVRES_QUERY_PIN_FOLLOWS) ? "f" : "-",
            envres_list_type(list, row, ENVRES_QUERY_PIN_NEWEST) == ENVRES_CELL_NULL
                ? 0
                : (int)envres_list_integer(list, row, ENVRES_QUERY_PIN_NEWEST));
    assert_string_equal(text, want);
    envres_list_free(list);
}

/* What a scope gives of a query; `want` NULL: `code`. */
static void
gives(struct fx *fx, const envres_scope *scope, const char *name, const char *want,
      envres_status code)
{
    envres_query *query = NULL;
    envres_status st = envres_scope_query(scope, name, TEXT, &query, fx->err);
    expect(fx, st, want ? ENVRES_OK : code, name);
    if (want)
        assert_string_equal(envres_query_text(query, ENVRES_QUERY_TEXT, NULL), want);
    else
        assert_null(query);
    envres_query_free(query);
}

static void
serves(struct fx *fx, const char *env, const char *version, const char *name, const char *want)
{
    envres_scope *scope = NULL;
    OK(fx, serve_open(fx, env, "shop", NULL, version, &scope));
    gives(fx, scope, name, want, ENVRES_E_NOT_FOUND);
    envres_scope_unref(scope);
}

/* ---- following ------------------------------------------------------------------------------ */

static void
test_follows(void **state)
{
    struct fx *fx = *state;
    uint8_t draft[CONTENT];
    uint8_t now[CONTENT];
    define(fx);
    OK(fx, put(fx, "other", "crm", "SELECT 10"));
    content_now(fx, "shop", "v1", now);
    OK(fx, pin(fx, NULL, "find", 0));
    content_now(fx, "shop", "v1", draft);
    assert_memory_not_equal(now, draft, CONTENT);
    OK(fx, pin(fx, "v1", "find", 0)); /* nothing new */
    OK(fx, pin(fx, "v1", "other", 1));
    pins_are(fx, NULL, "find db 1 f 1;other crm 1 - 1;");
    content_now(fx, "shop", "v1", draft);
    /* the draft serves the newest, and its digest stays */
    serves(fx, "development", "v1", "find", "SELECT 1");
    OK(fx, put(fx, "find", "db", "SELECT 2"));
    OK(fx, put(fx, "other", "crm", "SELECT 20"));
    content_now(fx, "shop", "v1", now);
    assert_memory_equal(now, draft, CONTENT);
    serves(fx, "development", "v1", "find", "SELECT 2");
    serves(fx, "development", "v1", "other", "SELECT 10");
    /* freezing records */
    serve_promote(fx, "shop", "v1", "staging");
    content_now(fx, "shop", "v1", now);
    assert_memory_not_equal(now, draft, CONTENT);
    OK(fx, put(fx, "find", "db", "SELECT 3"));
    pins_are(fx, "v1", "find db 2 f 3;other crm 1 - 2;");
    serves(fx, "development", "v1", "find", "SELECT 2");
    serves(fx, "staging", "v1", "find", "SELECT 2");
    FAILS(fx, ENVRES_E_FROZEN, pin(fx, "v1", "find", 3));
    FAILS(fx, ENVRES_E_FROZEN, unpin(fx, "v1", "find"));
    /* a draft made from it follows again; fixed stays fixed */
    version_new(fx, "shop", "v2", "v1");
    pins_are(fx, "v2", "find db 3 f 3;other crm 1 - 2;");
    serves(fx, "development", "v2", "find", "SELECT 3");
    /* from a draft, too */
    version_new(fx, "shop", "v3", "v2");
    OK(fx, put(fx, "find", "db", "SELECT 4"));
    pins_are(fx, "v3", "find db 4 f 4;other crm 1 - 2;");
    OK(fx, unpin(fx, "v3", "other"));
    pins_are(fx, "v3", "find db 4 f 4;");
    FAILS(fx, ENVRES_E_NOT_FOUND, unpin(fx, "v3", "other"));
    FAILS(fx, ENVRES_E_NOT_FOUND, unpin(fx, "v3", "fnid"));
    fx_hint(fx, "'find'");
}

/* Releases stay what they were, and so does what is rolled back to. */
static void
test_releases(void **state)
{
    struct fx *fx = *state;
    envres_scope *before = NULL;
    define(fx);
    OK(fx, pin(fx, "v1", "find", 0));
    serve_release(fx, "shop", "v1", "1.0.0");
    OK(fx, put(fx, "find", "db", "SELECT 2"));
    serves(fx, "production", NULL, "find", "SELECT 1");
    before = serve_scope(fx, "shop");
    serve_draft(fx, "shop", "v2", NULL);
    serve_release(fx, "shop", "v2", "2.0.0");
    OK(fx, put(fx, "find", "db", "SELECT 3"));
    serves(fx, "production", NULL, "find", "SELECT 2");
    gives(fx, before, "find", "SELECT 1", 0);
    serve_rollback(fx, "shop", "1.0.0");
    serves(fx, "production", NULL, "find", "SELECT 1");
    serve_rollback(fx, "shop", "2.0.0");
    serves(fx, "production", NULL, "find", "SELECT 2");
    serve_withdraw(fx, "shop");
    serve_rollback(fx, "shop", NULL);
    serves(fx, "production", NULL, "find", "SELECT 2");
    envres_scope_unref(before);
}

/* ---- what is refused ------------------------------------------------------------------------ */

static void
test_refusals(void **state)
{
    struct fx *fx = *state;
    envres_version_name shop = name_of("shop", "v1");
    envres_version_name none = name_of("shop", "v9");
    envres_query *query = NULL;
    envres_list *list = NULL;
    define(fx);
    FAILS(fx, ENVRES_E_NOT_FOUND, pin(fx, "v1", "fnid", 0));
    fx_hint(fx, "'find'");
    FAILS(fx, ENVRES_E_NOT_FOUND, pin(fx, "v1", "find", 2));
    FAILS(fx, ENVRES_E_NOT_FOUND, pin(fx, "v9", "find", 0));
    FAILS(fx, ENVRES_E_INVALID, pin(fx, "v1", "find", -1));
    FAILS(fx, ENVRES_E_INVALID, pin(fx, "v1", NULL, 0));
    FAILS(fx, ENVRES_E_NAME, pin(fx, "v1", "1x", 0));
    FAILS(fx, ENVRES_E_INVALID,
          envres_query_pin(fx->session, NULL, "find", TEXT, 0, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_query_pins(fx->session, &shop, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_query_pins(fx->session, &none, &list, fx->err));
    version_new(fx, "shop", "v2", "v1");
    FAILS(fx, ENVRES_E_INVALID, pin(fx, NULL, "find", 0)); /* two drafts */
    discard(fx, "shop", "v2");
    FAILS(fx, ENVRES_E_DISCARDED, pin(fx, "v2", "find", 0));
    /* scopes */
    envres_scope *scope = NULL;
    OK(fx, serve_open(fx, "development", "shop", NULL, "v1", &scope));
    gives(fx, scope, "find", NULL, ENVRES_E_NOT_FOUND);
    gives(fx, scope, "1x", NULL, ENVRES_E_NAME);
    FAILS(fx, ENVRES_E_INVALID, envres_scope_query(scope, NULL, 0, &query, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scope_query(scope, "find", TEXT, NULL, fx->err));
    envres_scope_unref(scope);
    OK(fx, pin(fx, "v1", "find", 0));
    OK(fx, serve_open(fx, "development", "shop", NULL, "v1", &scope));
    gives(fx, scope, "fnid", NULL, ENVRES_E_NOT_FOUND);
    fx_hint(fx, "'find'");
    envres_scope_unref(scope);
    scope = fx_scope(fx, "development");
    gives(fx, scope, "find", NULL, ENVRES_E_INVALID);
    gives(fx, NULL, "find", NULL, ENVRES_E_INVALID);
    envres_scope_unref(scope);
}

static void
test_removed(void **state)
{
    struct fx *fx = *state;
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    define(fx);
    OK(fx, pin(fx, "v1", "find", 0));
    FAILS(fx, ENVRES_E_REFERRED, envres_query_remove(fx->session, "find", TEXT, NULL, fx->err));
    serve_release(fx, "shop", "v1", "1.0.0");
    FAILS(fx, ENVRES_E_REFERRED, envres_query_remove(fx->session, "find", TEXT, NULL, fx->err));
    /* the newest is for another resource; the release is not */
    OK(fx, put(fx, "find", "crm", "SELECT 2"));
    FAILS(fx, ENVRES_E_REFERRED, envres_resource_remove(fx->session, "db", TEXT, NULL, fx->err));
    OK(fx, envres_query_remove(fx->session, "find", TEXT, &force, fx->err));
    pins_are(fx, "v1", "find db 1 f 0;");
    serves(fx, "production", NULL, "find", "SELECT 1");
    FAILS(fx, ENVRES_E_REFERRED, envres_resource_remove(fx->session, "db", TEXT, NULL, fx->err));
    /* the name is free; of one name a version uses one query */
    OK(fx, put(fx, "find", "crm", "SELECT 'new'"));
    version_new(fx, "shop", "v2", "v1");
    pins_are(fx, "v2", "find crm 2 f 0;");
    OK(fx, pin(fx, "v2", "find", 1));
    pins_are(fx, "v2", "find crm 1 - 1;");
    serves(fx, "development", "v2", "find", "SELECT 'new'");
    serves(fx, "production", NULL, "find", "SELECT 1");
    OK(fx, unpin(fx, "v2", "find"));
    OK(fx, envres_query_remove(fx->session, "find", TEXT, NULL, fx->err));
    serves(fx, "production", NULL, "find", "SELECT 1");
    OK(fx, envres_resource_remove(fx->session, "db", TEXT, &force, fx->err));
    /* it can be read, and not be rendered */
    envres_scope *scope = serve_scope(fx, "shop");
    envres_query *query = NULL;
    envres_query_result *result = NULL;
    OK(fx, envres_scope_query(scope, "find", TEXT, &query, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_query_render(query, scope, NULL, &result, fx->err));
    envres_scope_unref(scope);
    assert_string_equal(envres_query_resource(query), "db"); /* outlives the scope */
    envres_query_free(query);
}

/* One bad row is one bad query. */
static void
test_damaged(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    define(fx);
    OK(fx, put(fx, "good", "db", "SELECT 'good'"));
    OK(fx, put(fx, "gone", "db", "SELECT 'gone'"));
    OK(fx, pin(fx, "v1", "find", 0));
    OK(fx, pin(fx, "v1", "good", 0));
    OK(fx, pin(fx, "v1", "gone", 0));
    serve_release(fx, "shop", "v1", "1.0.0");
    serve_draft(fx, "shop", "v2", NULL);
    serve_sql(fx, "UPDATE query_revision SET time = time + 1 WHERE query_id ="
                  " (SELECT id FROM query WHERE name = 'find')");
    serve_sql(fx, "DELETE FROM query_revision WHERE query_id ="
                  " (SELECT id FROM query WHERE name = 'gone')");
    envres_scope *scope = serve_scope(fx, "shop");
    gives(fx, scope, "good", "SELECT 'good'", 0);
    gives(fx, scope, "find", NULL, ENVRES_E_INTEGRITY);
    gives(fx, scope, "gone", NULL, ENVRES_E_INTEGRITY);
    /* a name that nobody vouches for may be the one that is missing */
    gives(fx, scope, "absent", NULL, ENVRES_E_INTEGRITY);
    envres_scope_unref(scope);
    OK(fx, serve_open(fx, "development", "shop", NULL, "v2", &scope));
    gives(fx, scope, "good", "SELECT 'good'", 0);
    gives(fx, scope, "gone", NULL, ENVRES_E_INTEGRITY);
    envres_scope_unref(scope);
    FAILS(fx, ENVRES_E_INTEGRITY, pin(fx, "v2", "find", 1));
    assert_true(promote_to(fx, "shop", "v2", "staging", 0) < 0); /* nothing bad is recorded */
    OK(fx, unpin(fx, "v2", "find"));
    OK(fx, unpin(fx, "v2", "gone"));
    OK(fx, promote_to(fx, "shop", "v2", "staging", 0));
    pins_are(fx, "v2", "good db 1 f 1;");
    OK(fx, envres_store_verify(fx->store, NULL, &list, fx->err));
    assert_true(envres_list_count(list) >= 2);
    envres_list_free(list);
}

/* A pin is what its digest says, in drafts and in trees. */
static void
test_exchanged(void **state)
{
    struct fx *fx = *state;
    static const char *const edits[] = {
        "UPDATE query_edit SET revision = 1",
        "DELETE FROM query_edit",
    };
    envres_scope *scope = NULL;
    define(fx);
    OK(fx, put(fx, "find", "db", "SELECT 2"));
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        OK(fx, pin(fx, "v1", "find", 2));
        serve_sql(fx, edits[i]);
        FAILS(fx, ENVRES_E_INTEGRITY, serve_open(fx, "development", "shop", NULL, "v1", &scope));
        serve_sql(fx, i == 0 ? "UPDATE query_edit SET revision = 2"
                             : "UPDATE version SET description = ''");
    }
}

/* ---- repetition, history -------------------------------------------------------------------- */

static void
test_operations(void **state)
{
    struct fx *fx = *state;
    uint8_t operation[16] = { 7 };
    envres_change change = { .size = sizeof(change), .operation = operation };
    envres_version_name v1 = name_of("shop", "v1");
    envres_audit_options audited = { .size = sizeof(audited), .app = "shop", .app_len = TEXT };
    envres_list *list = NULL;
    define(fx);
    OK(fx, envres_query_pin(fx->session, &v1, "find", TEXT, 0, &change, fx->err));
    OK(fx, put(fx, "find", "db", "SELECT 2"));
    OK(fx, unpin(fx, "v1", "find"));
    OK(fx, envres_query_pin(fx->session, &v1, "find", TEXT, 0, &change, fx->err)); /* done */
    pins_are(fx, "v1", "");
    /* a part that is put again under its id answers what it answered, whatever was pinned since */
    uint8_t first[CONTENT];
    uint8_t again[CONTENT];
    envres_part_write write = fx_part("a.txt", "a", 1, 0);
    operation[0] = 8;
    OK(fx, envres_part_put(fx->session, &v1, &write, 1, &change, first, fx->err));
    OK(fx, pin(fx, "v1", "find", 0));
    OK(fx, envres_part_put(fx->session, &v1, &write, 1, &change, again, fx->err));
    assert_memory_equal(first, again, CONTENT);
    serve_promote(fx, "shop", "v1", "staging");
    OK(fx, envres_part_put(fx->session, &v1, &write, 1, &change, again, fx->err));
    assert_memory_equal(first, again, CONTENT);
    /* the audit has it all */
    OK(fx, envres_audit_list(fx->session, &audited, &list, fx->err));
    size_t pins = 0;
    size_t unpins = 0;
    for (size_t row = 0; row < envres_list_count(list); row++) {
        const char *action = envres_list_text(list, row, ENVRES_AUDIT_ACTION, NULL);
        pins += strcmp(action, "query.pin") == 0;
        unpins += strcmp(action, "query.unpin") == 0;
        if (strncmp(action, "query.", 6) == 0)
            assert_string_equal(envres_list_text(list, row, ENVRES_AUDIT_OBJECT, NULL),
                                "version/shop/v1/queries/find");
    }
    assert_int_equal(pins, 2);
    assert_int_equal(unpins, 1);
    envres_list_free(list);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_follows, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_releases, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_refusals, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_removed, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_damaged, serve_setup, serve_teardown_damaged),
        cmocka_unit_test_setup_teardown(test_exchanged, serve_setup, serve_teardown_damaged),
        cmocka_unit_test_setup_teardown(test_operations, serve_setup, serve_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
