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
field(struct fx *fx, const char *env, const char *handle, const char *name, const char *value)
{
    OK(fx, fx_field(fx, env, handle, name, value, 0));
}

/* Where versions go. */
static void
configure(struct fx *fx)
{
    static const char *const environments[] = { "development", "staging", "production" };
    for (size_t i = 0; i < 3; i++) {
        field(fx, environments[i], "db", "path", "/var/lib/shop.db");
        field(fx, environments[i], "crm", "host", "crm.example.net");
        field(fx, environments[i], "crm", "database", "crm");
    }
}

static void
define(struct fx *fx)
{
    OK(fx, envres_resource_define(fx->session, "db", TEXT, "sqlite", TEXT, NULL, fx->err));
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    configure(fx);
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

/* How many of what verify finds end so. */
static size_t
verified(struct fx *fx, const char *message)
{
    envres_list *list = NULL;
    size_t count = 0;
    OK(fx, envres_store_verify(fx->store, NULL, &list, fx->err));
    for (size_t row = 0; row < envres_list_count(list); row++)
        count += strcmp(envres_list_text(list, row, ENVRES_VERIFY_MESSAGE, NULL), message) == 0;
    envres_list_free(list);
    return count;
}

/* The newest revision of a query that a version uses is gone: what is left of it is in order, so it
 * is the version that has to tell. */
static void
test_cut_off(void **state)
{
    static const char message[] = "a revision of a query that it uses is not in the store";
    struct fx *fx = *state;
    define(fx);
    OK(fx, put(fx, "find", "db", "SELECT 2"));
    OK(fx, pin(fx, "v1", "find", 0));
    serve_release(fx, "shop", "v1", "1.0.0");
    serve_draft(fx, "shop", "v2", NULL); /* follows: what is there is what it uses */
    serve_draft(fx, "shop", "v3", NULL);
    OK(fx, pin(fx, "v3", "find", 2));
    assert_int_equal(verified(fx, message), 0);
    serve_sql(fx, "DELETE FROM query_revision WHERE revision = 2");
    assert_int_equal(verified(fx, message), 2);
    OK(fx, pin(fx, "v3", "find", 1));
    assert_int_equal(verified(fx, message), 1);
}

/* Where the newest revisions were lost, the next put takes their numbers: what versions recorded is
 * not that, whether they follow or are fixed, and nobody is served the new text in its place. */
static void
test_number_again(void **state)
{
    static const char message[] = "a query that it uses is not as it was recorded";
    struct fx *fx = *state;
    envres_version_name v1 = name_of("shop", "v1");
    envres_scope *before = NULL;
    envres_scope *after = NULL;
    envres_list *list = NULL;
    define(fx);
    OK(fx, put(fx, "find", "db", "SELECT 2"));
    OK(fx, put(fx, "fixed", "db", "SELECT 'old'"));
    OK(fx, put(fx, "same", "db", "SELECT 'same'"));
    OK(fx, pin(fx, "v1", "find", 0));
    OK(fx, pin(fx, "v1", "fixed", 1));
    OK(fx, pin(fx, "v1", "same", 0));
    serve_release(fx, "shop", "v1", "1.0.0");
    serve_draft(fx, "shop", "v2", NULL);
    before = serve_scope(fx, "shop");
    serve_sql(fx, "DELETE FROM query_revision WHERE revision = 2");
    serve_sql(fx, "DELETE FROM query_revision WHERE query_id ="
                  " (SELECT id FROM query WHERE name = 'fixed')");
    OK(fx, put(fx, "find", "db", "SELECT 'another'"));
    OK(fx, put(fx, "fixed", "db", "SELECT 'new'"));
    OK(fx, envres_scope_latest(fx->session, before, &after, fx->err));
    gives(fx, before, "find", "SELECT 2", 0);
    envres_scope_unref(after);
    after = serve_scope(fx, "shop");
    gives(fx, after, "find", NULL, ENVRES_E_INTEGRITY);
    gives(fx, after, "fixed", NULL, ENVRES_E_INTEGRITY);
    gives(fx, after, "same", "SELECT 'same'", 0);
    FAILS(fx, ENVRES_E_INTEGRITY, envres_query_pins(fx->session, &v1, &list, fx->err));
    assert_int_equal(verified(fx, message), 2);
    /* the number is the same, the text is not */
    envres_version_name v2 = name_of("shop", "v2");
    OK(fx, envres_version_diff(fx->session, &v1, &v2, 0, &list, fx->err));
    assert_int_equal(envres_list_count(list), 2);
    assert_string_equal(envres_list_text(list, 0, ENVRES_DIFF_CHANGE, NULL), "query-changed");
    assert_int_equal(envres_list_integer(list, 0, ENVRES_DIFF_OLD_REVISION), 2);
    assert_int_equal(envres_list_integer(list, 0, ENVRES_DIFF_NEW_REVISION), 2);
    envres_list_free(list);
    /* a draft made from it uses what is there, and can be moved on */
    serves(fx, "development", "v2", "find", "SELECT 'another'");
    serves(fx, "development", "v2", "fixed", "SELECT 'new'");
    serve_release(fx, "shop", "v2", "2.0.0");
    serves(fx, "production", NULL, "fixed", "SELECT 'new'");
    serve_rollback(fx, "shop", "1.0.0");
    envres_scope_unref(after);
    after = serve_scope(fx, "shop");
    gives(fx, after, "find", NULL, ENVRES_E_INTEGRITY);
    envres_scope_unref(after);
    envres_scope_unref(before);
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

/* ---- differences ---------------------------------------------------------------------------- */

static void
test_diff(void **state)
{
    struct fx *fx = *state;
    static const struct {
        const char *path;
        const char *change;
        int64_t from;
        int64_t to;
    } rows[] = {
        { "queries/a", "query-added", 0, 1 },
        { "queries/b", "query-removed", 1, 0 },
        { "queries/c", "query-flags", 1, 1 },
        { "queries/find", "query-changed", 1, 2 },
    };
    const char *const names[] = { "a", "b", "c", "same" };
    envres_version_name v1 = name_of("shop", "v1");
    envres_version_name v2 = name_of("shop", "v2");
    envres_list *list = NULL;
    define(fx);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        OK(fx, put(fx, names[i], "db", "SELECT 1"));
        if (i > 0)
            OK(fx, pin(fx, "v1", names[i], 0));
    }
    OK(fx, pin(fx, "v1", "find", 1));
    serve_promote(fx, "shop", "v1", "staging");
    OK(fx, put(fx, "find", "db", "SELECT 2"));
    serve_draft(fx, "shop", "v2", "v1");
    OK(fx, pin(fx, "v2", "a", 0));
    OK(fx, unpin(fx, "v2", "b"));
    OK(fx, pin(fx, "v2", "c", 1));
    OK(fx, pin(fx, "v2", "find", 0));
    OK(fx, envres_version_diff(fx->session, &v1, &v2, ENVRES_DIFF_WITH_TEXT, &list, fx->err));
    assert_int_equal(envres_list_count(list), sizeof(rows) / sizeof(rows[0]));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(envres_list_text(list, i, ENVRES_DIFF_PATH, NULL), rows[i].path);
        assert_string_equal(envres_list_text(list, i, ENVRES_DIFF_CHANGE, NULL), rows[i].change);
        assert_int_equal(envres_list_integer(list, i, ENVRES_DIFF_OLD_REVISION), rows[i].from);
        assert_int_equal(envres_list_integer(list, i, ENVRES_DIFF_NEW_REVISION), rows[i].to);
        assert_int_equal(envres_list_type(list, i, ENVRES_DIFF_TEXT), ENVRES_CELL_NULL);
    }
    envres_list_free(list);
}

/* ---- the check ------------------------------------------------------------------------------ */

/* "severity code part:line:column" of each finding of v1 in staging, errors first. */
static void
finds(struct fx *fx, const char *want)
{
    envres_version_name v1 = name_of("shop", "v1");
    envres_list *list = NULL;
    char text[2000] = "";
    size_t used = 0;
    OK(fx, envres_version_check(fx->session, &v1, "staging", TEXT, &list, fx->err));
    for (size_t row = 0; row < envres_list_count(list); row++) {
        assert_non_null(envres_list_text(list, row, ENVRES_FINDING_MESSAGE, NULL));
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s %s:%d:%d\n",
                                 envres_list_text(list, row, ENVRES_FINDING_SEVERITY, NULL),
                                 envres_list_text(list, row, ENVRES_FINDING_CODE, NULL),
                                 envres_list_text(list, row, ENVRES_FINDING_PART, NULL),
                                 (int)envres_list_integer(list, row, ENVRES_FINDING_LINE),
                                 (int)envres_list_integer(list, row, ENVRES_FINDING_COLUMN));
    }
    assert_string_equal(text, want);
    envres_list_free(list);
}

static void
define_checked(struct fx *fx)
{
    static const char *const environments[] = { "development", "staging", "production" };
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, envres_resource_define(fx->session, "api", TEXT, "rest", TEXT, NULL, fx->err));
    OK(fx, envres_resource_define(fx->session, "far", TEXT, "postgres", TEXT, NULL, fx->err));
    for (size_t i = 0; i < 3; i++) {
        char value[80];
        snprintf(value, sizeof(value), "crm.%s.example.net", environments[i]);
        field(fx, environments[i], "crm", "host", value);
        field(fx, environments[i], "crm", "database", "crm");
        snprintf(value, sizeof(value), "https://api.%s.example.net", environments[i]);
        field(fx, environments[i], "api", "base_url", value);
    }
    OK(fx, fx_put(fx, "staging", "REGION", "eu", ENVRES_TYPE_STRING, 0));
    OK(fx, fx_put(fx, "staging", "TOKEN", "staging-token-1", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "production", "TOKEN", "prod-token-12345", 0, 0));
    OK(fx, fx_put(fx, "production", "ONLY_PROD", "x", ENVRES_TYPE_STRING, 0));
    OK(fx, fx_put(fx, "staging", "PLAIN_LIST", "5", ENVRES_TYPE_NUMBER, 0));
    serve_app(fx, "shop", 0);
}

/* Each text, and what is found of it at the place where it stands. */
static void
test_check(void **state)
{
    struct fx *fx = *state;
    static const struct {
        const char *resource;
        const char *text;
        const char *want;
    } rows[] = {
        { "crm", "SELECT << environment.variables.REGION >>, << app.version >>", "" },
        { "crm", "SELECT 1,\n << environment.variables.ONLY_PROD >>",
          "error ENVRES_E_NOT_SET queries/q:2:2\n" },
        { "crm", "SELECT << resources.far.host >>",
          "error ENVRES_E_NOT_CONFIGURED queries/q:1:8\n" },
        { "far", "SELECT 1", "error ENVRES_E_NOT_CONFIGURED queries/q:0:0\n" },
        { "crm", "SELECT << environment.variables.TOKEN >>", "" },
        { "crm", "SELECT << environment.variables.TOKEN | ident >>",
          "error ENVRES_E_SECRET_SINK queries/q:1:8\n" },
        { "crm", "SELECT 1 WHERE 1 IN << environment.variables.PLAIN_LIST | list >>",
          "error ENVRES_E_TYPE queries/q:1:21\n" },
        { "crm", "SELECT 'crm.production.example.net'", "error leak-host queries/q:1:9\n" },
        { "crm", "SELECT 'prod-token-12345'", "error leak-secret queries/q:1:9\n" },
    };
    define_checked(fx);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        OK(fx, put(fx, "q", rows[i].resource, rows[i].text));
        OK(fx, pin(fx, "v1", "q", 0));
        finds(fx, rows[i].want);
        assert_int_equal(promote_to(fx, "shop", "v1", "staging", ENVRES_MOVE_DRY_RUN),
                         rows[i].want[0] ? ENVRES_E_CHECK : ENVRES_OK);
    }
    /* a fixed revision is what counts, not the newest */
    OK(fx, pin(fx, "v1", "q", 1));
    finds(fx, "");
    OK(fx, put(fx, "other", "far", "SELECT 1"));
    finds(fx, "");
}

static void
test_check_requests(void **state)
{
    struct fx *fx = *state;
    envres_query_param since = { .size = sizeof(since),
                                 .name = "since",
                                 .name_len = TEXT,
                                 .preset = "api.production.example.net",
                                 .preset_len = TEXT,
                                 .type = ENVRES_TYPE_STRING };
    envres_query_write write = { .size = sizeof(write),
                                 .name = "call",
                                 .name_len = TEXT,
                                 .resource = "api",
                                 .resource_len = TEXT,
                                 .text = "{\"region\": \"<< environment.variables.REGION >>\",\n"
                                         " \"x\": \"<< environment.variables.ONLY_PROD >>\"}",
                                 .text_len = TEXT,
                                 .path = "/<< environment.variables.ONLY_PROD >>",
                                 .path_len = TEXT,
                                 .headers = "{\"A\": \"<< environment.variables.NONE >>\"}",
                                 .headers_len = TEXT,
                                 .params = &since,
                                 .count = 1 };
    define_checked(fx);
    OK(fx, envres_query_put(fx->session, &write, NULL, NULL, fx->err));
    OK(fx, pin(fx, NULL, "call", 0));
    finds(fx, "error ENVRES_E_NOT_SET queries/call:2:8\n"
              "error ENVRES_E_NOT_SET queries/call/path:1:2\n"
              "error ENVRES_E_NOT_FOUND queries/call/headers:1:8\n"
              "error leak-host queries/call/params/since:1:1\n");
    /* the first stands in the error of the promotion */
    FAILS(fx, ENVRES_E_CHECK, promote_to(fx, "shop", "v1", "staging", 0));
    assert_non_null(strstr(envres_error_message(fx->err), "queries/call:2:8"));
}

/* What came to be after it was put: a resource of another kind, or gone; a damaged revision. */
static void
test_check_later(void **state)
{
    struct fx *fx = *state;
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    envres_fallback fallback = { .size = sizeof(fallback),
                                 .handle = "far",
                                 .handle_len = TEXT,
                                 .to = "development",
                                 .to_len = TEXT };
    define_checked(fx);
    OK(fx, put(fx, "a", "far", "SELECT 1"));
    OK(fx, put(fx, "b", "crm", "SELECT 2"));
    OK(fx, pin(fx, NULL, "b", 0));
    OK(fx, pin(fx, NULL, "a", 0));
    field(fx, "development", "far", "host", "far.example.net");
    field(fx, "development", "far", "database", "far");
    OK(fx, envres_resource_fallback(fx->session, "staging", TEXT, &fallback, NULL, fx->err));
    finds(fx, "warning fallback queries/a:0:0\n");
    OK(fx, envres_resource_remove(fx->session, "far", TEXT, &force, fx->err));
    finds(fx, "error ENVRES_E_NOT_FOUND queries/a:0:0\n");
    serve_sql(fx, "UPDATE query_revision SET time = 1 WHERE query_id ="
                  " (SELECT id FROM query WHERE name = 'b')");
    finds(fx, "error ENVRES_E_NOT_FOUND queries/a:0:0\n"
              "error ENVRES_E_INTEGRITY queries/b:0:0\n");
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
        cmocka_unit_test_setup_teardown(test_cut_off, serve_setup, serve_teardown_damaged),
        cmocka_unit_test_setup_teardown(test_number_again, serve_setup, serve_teardown_damaged),
        cmocka_unit_test_setup_teardown(test_exchanged, serve_setup, serve_teardown_damaged),
        cmocka_unit_test_setup_teardown(test_operations, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_diff, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_check, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_check_requests, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_check_later, serve_setup, serve_teardown_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
