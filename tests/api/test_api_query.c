/* SPDX-License-Identifier: MIT */
/*
 * The query library, as a host meets it: revisions, declared parameters and what is refused of
 * them, requests that no value can lead elsewhere, and statements that SQLite itself runs.
 */
#include "fx_serve.h"

#include <stdlib.h>

#include "../raw_sql.h"

static size_t
length_of(const char *text)
{
    return text ? TEXT : 0;
}

#define PARAM(n, t, f, p)                                                                          \
    {                                                                                              \
        .size = sizeof(envres_query_param), .flags = (f), .name = (n), .name_len = TEXT,           \
        .preset = (p), .preset_len = length_of(p), .type = (t)                                     \
    }

static envres_query_write
write_of(const char *name, const char *resource, const char *text)
{
    return (envres_query_write){ .size = sizeof(envres_query_write),
                                 .name = name,
                                 .name_len = TEXT,
                                 .resource = resource,
                                 .resource_len = TEXT,
                                 .text = text,
                                 .text_len = TEXT,
                                 .method_len = TEXT,
                                 .path_len = TEXT,
                                 .headers_len = TEXT };
}

static void
define(struct fx *fx)
{
    static const char *const rows[][2] = { { "db", "sqlite" },
                                           { "crm", "postgres" },
                                           { "api", "rest" },
                                           { "shop", "graphql" },
                                           { "cache", "redis" } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        OK(fx,
           envres_resource_define(fx->session, rows[i][0], TEXT, rows[i][1], TEXT, NULL, fx->err));
    OK(fx, fx_put(fx, "development", "REGION", "eu", 0, ENVRES_WRITE_PLAIN));
    OK(fx, fx_put(fx, "development", "TOKEN", "s3cret-token", 0, ENVRES_WRITE_SECRET));
}

static envres_query *
open_query(struct fx *fx, const char *name, int64_t revision)
{
    envres_query *query = NULL;
    OK(fx, envres_query_open(fx->session, name, TEXT, revision, &query, fx->err));
    return query;
}

/* ---- revisions ------------------------------------------------------------------------------ */

static void
test_revisions(void **state)
{
    struct fx *fx = *state;
    envres_query_write write = write_of("find", "crm", "SELECT 1");
    envres_list *list = NULL;
    int64_t revision = 0;
    define(fx);
    OK(fx, envres_query_put(fx->session, &write, NULL, &revision, fx->err));
    assert_int_equal(revision, 1);
    OK(fx, envres_query_put(fx->session, &write, NULL, &revision, fx->err));
    assert_int_equal(revision, 1); /* the same makes none */
    write.text = "SELECT 2";
    write.expect_revision = -1;
    FAILS(fx, ENVRES_E_CHANGED, envres_query_put(fx->session, &write, NULL, &revision, fx->err));
    write.expect_revision = 1;
    OK(fx, envres_query_put(fx->session, &write, NULL, &revision, fx->err));
    assert_int_equal(revision, 2);
    FAILS(fx, ENVRES_E_CHANGED, envres_query_put(fx->session, &write, NULL, &revision, fx->err));
    OK(fx, envres_query_restore(fx->session, "find", TEXT, 1, NULL, &revision, fx->err));
    assert_int_equal(revision, 3);
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_query_restore(fx->session, "find", TEXT, 9, NULL, &revision, fx->err));
    OK(fx, envres_query_history(fx->session, "find", TEXT, &list, fx->err));
    assert_int_equal(envres_list_count(list), 3);
    assert_int_equal(envres_list_integer(list, 0, ENVRES_QUERY_HISTORY_REVISION), 3);
    assert_int_equal(envres_list_integer(list, 0, ENVRES_QUERY_HISTORY_RESTORED), 1);
    assert_int_equal(envres_list_type(list, 1, ENVRES_QUERY_HISTORY_RESTORED), ENVRES_CELL_NULL);
    envres_list_free(list);
    envres_query *query = open_query(fx, "find", 0);
    assert_string_equal(envres_query_text(query, ENVRES_QUERY_TEXT, NULL), "SELECT 1");
    assert_string_equal(envres_query_kind(query), "postgres");
    assert_string_equal(envres_query_resource(query), "crm");
    assert_int_equal(envres_query_revision(query), 3);
    envres_query_free(query);
    query = open_query(fx, "find", 2);
    assert_string_equal(envres_query_text(query, ENVRES_QUERY_TEXT, NULL), "SELECT 2");
    envres_query_free(query);
    OK(fx, envres_query_list(fx->session, &list, fx->err));
    assert_int_equal(envres_list_count(list), 1);
    assert_string_equal(envres_list_text(list, 0, ENVRES_QUERY_LIST_KIND, NULL), "postgres");
    envres_list_free(list);
    /* a resource that a query is for is not taken away unless it is forced */
    FAILS(fx, ENVRES_E_REFERRED, envres_resource_remove(fx->session, "crm", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_query_open(fx->session, "fnid", TEXT, 0, &query, fx->err));
    fx_hint(fx, "'find'");
    OK(fx, envres_query_remove(fx->session, "find", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_query_remove(fx->session, "find", TEXT, NULL, fx->err));
    OK(fx, envres_resource_remove(fx->session, "crm", TEXT, NULL, fx->err));
    OK(fx, envres_store_verify(fx->store, NULL, &list, fx->err));
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
}

/* A query whose resource changed its kind, or went, is still shown, and not rendered. */
static void
test_resource_gone(void **state)
{
    struct fx *fx = *state;
    envres_query_write write = write_of("find", "crm", "SELECT << params.a >>::int");
    envres_query_param params[] = { PARAM("a", ENVRES_TYPE_INTEGER, 0, "1") };
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    envres_query_result *result = NULL;
    define(fx);
    write.params = params;
    write.count = 1;
    OK(fx, envres_query_put(fx->session, &write, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_REFERRED,
          envres_resource_define(fx->session, "crm", TEXT, "redis", TEXT, NULL, fx->err));
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "redis", TEXT, &force, fx->err));
    envres_scope *scope = fx_scope(fx, "development");
    envres_query *query = open_query(fx, "find", 0);
    FAILS(fx, ENVRES_E_TYPE, envres_query_render(query, scope, NULL, &result, fx->err));
    envres_query_free(query);
    OK(fx, envres_resource_remove(fx->session, "crm", TEXT, &force, fx->err));
    query = open_query(fx, "find", 0);
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_query_render(query, scope, NULL, &result, fx->err));
    assert_null(result);
    envres_query_free(query);
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_query_restore(fx->session, "find", TEXT, 1, NULL, NULL, fx->err));
    envres_scope_unref(scope);
}

/* ---- what cannot be put --------------------------------------------------------------------- */

static void
test_refusals(void **state)
{
    static const struct {
        const char *name;
        const char *resource;
        const char *text, *method, *path, *headers;
        envres_status want;
    } rows[] = {
        { "no such resource", "cms", "SELECT 1", NULL, NULL, NULL, ENVRES_E_NOT_FOUND },
        { "a kind without queries", "cache", "GET k", NULL, NULL, NULL, ENVRES_E_TYPE },
        { "no text", "crm", NULL, NULL, NULL, NULL, ENVRES_E_INVALID },
        { "SQL with a path", "crm", "SELECT 1", NULL, "/x", NULL, ENVRES_E_INVALID },
        { "a tag in quotes", "crm", "SELECT '<< params.a >>'", NULL, NULL, NULL,
          ENVRES_E_SQL_CONTEXT },
        { "not declared", "crm", "SELECT << params.c >>", NULL, NULL, NULL, ENVRES_E_NOT_FOUND },
        { "without a value", "crm", "SELECT << params.b >>", NULL, NULL, NULL, ENVRES_E_NOT_SET },
        { "a near miss", "crm", "SELECT << parms.a >>", NULL, NULL, NULL, ENVRES_E_SYNTAX },
        { "another host", "api", NULL, NULL, "https://evil/", NULL, ENVRES_E_INVALID },
        { "a tag for a host", "api", NULL, NULL, "<< params.a >>", NULL, ENVRES_E_INVALID },
        { "no such method", "api", NULL, "FETCH", "/", NULL, ENVRES_E_INVALID },
        { "a body that is no JSON", "api", "{", NULL, "/", NULL, ENVRES_E_JSON },
        { "headers that are no object", "api", NULL, NULL, "/", "[]", ENVRES_E_INVALID },
        { "a header with a tag as name", "api", NULL, NULL, "/", "{\"<< params.a >>\": \"x\"}",
          ENVRES_E_INVALID },
        { "graphql without a body", "shop", NULL, NULL, NULL, NULL, ENVRES_E_INVALID },
        { "graphql by GET", "shop", "{}", "GET", NULL, NULL, ENVRES_E_INVALID },
        { "with a default", "crm", "SELECT << params.b | default(null) >>", NULL, NULL, NULL,
          ENVRES_OK },
        { "all of a request", "api", "{\"a\": \"<< params.a >>\"}", "PUT", "/u/<< params.a >>?x=1",
          "{\"X-A\": \"<< params.a >>\"}", ENVRES_OK },
    };
    struct fx *fx = *state;
    envres_query_param params[] = { PARAM("a", ENVRES_TYPE_INTEGER, 0, NULL),
                                    PARAM("b", ENVRES_TYPE_STRING, ENVRES_QUERY_PARAM_OPTIONAL,
                                          NULL) };
    define(fx);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].name);
        envres_query_write write = write_of("q", rows[i].resource, rows[i].text);
        write.method = rows[i].method;
        write.path = rows[i].path;
        write.headers = rows[i].headers;
        write.params = params;
        write.count = 2;
        FAILS(fx, rows[i].want, envres_query_put(fx->session, &write, NULL, NULL, fx->err));
    }
    envres_query_write write = write_of("1q", "crm", "SELECT 1");
    FAILS(fx, ENVRES_E_NAME, envres_query_put(fx->session, &write, NULL, NULL, fx->err));
    write.name = "q";
    params[1] = params[0];
    write.params = params;
    write.count = 2;
    FAILS(fx, ENVRES_E_NAME_TAKEN, envres_query_put(fx->session, &write, NULL, NULL, fx->err));
    write.count = 257;
    FAILS(fx, ENVRES_E_LIMIT, envres_query_put(fx->session, &write, NULL, NULL, fx->err));
    write.count = 1;
    params[0].preset = "x";
    params[0].preset_len = 1;
    FAILS(fx, ENVRES_E_TYPE, envres_query_put(fx->session, &write, NULL, NULL, fx->err));
    assert_string_equal(envres_error_subject(fx->err), "a");
    params[0].type = ENVRES_TYPE_TEMPLATE;
    FAILS(fx, ENVRES_E_TYPE, envres_query_put(fx->session, &write, NULL, NULL, fx->err));
    char *long_text = malloc(256 * 1024 + 1);
    memset(long_text, ' ', 256 * 1024 + 1);
    write = write_of("q", "crm", long_text);
    write.text_len = 256 * 1024 + 1;
    FAILS(fx, ENVRES_E_LIMIT, envres_query_put(fx->session, &write, NULL, NULL, fx->err));
    free(long_text);
    FAILS(fx, ENVRES_E_INVALID, envres_query_put(fx->session, NULL, NULL, NULL, fx->err));
}

/* ---- types ---------------------------------------------------------------------------------- */

static void
test_types(void **state)
{
    static const struct {
        int32_t declared;
        int32_t type;
        const char *value;
        uint32_t flags;
        int32_t want; /* the type that is bound; 0: refused */
    } rows[] = {
        { ENVRES_TYPE_STRING, ENVRES_TYPE_STRING, "'; --", 0, ENVRES_TYPE_STRING },
        { ENVRES_TYPE_STRING, ENVRES_TYPE_NUMBER, "1", 0, 0 },
        { ENVRES_TYPE_INTEGER, ENVRES_TYPE_NUMBER, "-9223372036854775808", 0, ENVRES_TYPE_INTEGER },
        { ENVRES_TYPE_INTEGER, ENVRES_TYPE_NUMBER, "1.5", 0, 0 },
        { ENVRES_TYPE_INTEGER, ENVRES_TYPE_STRING, "5", 0, 0 },
        { ENVRES_TYPE_INTEGER, ENVRES_TYPE_STRING, "5", ENVRES_QUERY_READ_STRINGS,
          ENVRES_TYPE_INTEGER },
        { ENVRES_TYPE_INTEGER, ENVRES_TYPE_STRING, "9223372036854775808", ENVRES_QUERY_READ_STRINGS,
          0 },
        { ENVRES_TYPE_INTEGER, ENVRES_TYPE_STRING, "5; DROP", ENVRES_QUERY_READ_STRINGS, 0 },
        { ENVRES_TYPE_INTEGER, ENVRES_TYPE_STRING, "", ENVRES_QUERY_READ_STRINGS, 0 },
        { ENVRES_TYPE_NUMBER, ENVRES_TYPE_NUMBER, "1.5", 0, ENVRES_TYPE_NUMBER },
        { ENVRES_TYPE_BOOLEAN, ENVRES_TYPE_BOOLEAN, "true", 0, ENVRES_TYPE_BOOLEAN },
        { ENVRES_TYPE_BOOLEAN, ENVRES_TYPE_STRING, "yes", ENVRES_QUERY_READ_STRINGS, 0 },
        { ENVRES_TYPE_JSON, ENVRES_TYPE_JSON, "[1, 2]", 0, ENVRES_TYPE_JSON },
        { ENVRES_TYPE_JSON, ENVRES_TYPE_STRING, "{", ENVRES_QUERY_READ_STRINGS, 0 },
        { ENVRES_TYPE_TIMESTAMP, ENVRES_TYPE_STRING, "2024-02-29T23:59:60.5+05:30", 0,
          ENVRES_TYPE_STRING },
        { ENVRES_TYPE_TIMESTAMP, ENVRES_TYPE_STRING, "2023-02-29T00:00:00Z", 0, 0 },
        { ENVRES_TYPE_TIMESTAMP, ENVRES_TYPE_STRING, "2024-02-29 00:00:00Z", 0, 0 },
        { ENVRES_TYPE_TIMESTAMP, ENVRES_TYPE_STRING, "2024-02-29T00:00:00", 0, 0 },
        { ENVRES_TYPE_TIMESTAMP, ENVRES_TYPE_STRING, "2024-02-29T00:00:00.Z", 0, 0 },
        { ENVRES_TYPE_TIMESTAMP, ENVRES_TYPE_STRING, "2024-02-29T24:00:00Z", 0, 0 },
        { ENVRES_TYPE_TIMESTAMP, ENVRES_TYPE_STRING, "2024-02-29T00:00:00+0530", 0, 0 },
        { ENVRES_TYPE_STRING, ENVRES_TYPE_NULL, "", 0, 0 },
    };
    struct fx *fx = *state;
    define(fx);
    envres_scope *scope = fx_scope(fx, "development");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_query_param declared = PARAM("value", rows[i].declared, 0, NULL);
        envres_query_write write = write_of("q", "crm", "SELECT << params.value >>");
        envres_params *params = envres_params_new(NULL);
        envres_query_options options = { .size = sizeof(options),
                                         .flags = rows[i].flags,
                                         .params = params };
        envres_query_result *result = NULL;
        print_message("row %zu: %s\n", i, rows[i].value);
        write.params = &declared;
        write.count = 1;
        OK(fx, envres_query_put(fx->session, &write, NULL, NULL, fx->err));
        envres_query *query = open_query(fx, "q", 0);
        FAILS(fx, ENVRES_E_NOT_SET, envres_query_render(query, scope, &options, &result, fx->err));
        OK(fx,
           envres_params_set(params, "value", TEXT, rows[i].type, rows[i].value, TEXT, 0, fx->err));
        FAILS(fx, rows[i].want ? ENVRES_OK : ENVRES_E_TYPE,
              envres_query_render(query, scope, &options, &result, fx->err));
        if (rows[i].want) {
            const envres_statement *statement = envres_query_result_statement(result);
            assert_string_equal(envres_statement_text(statement, NULL), "SELECT $1");
            assert_int_equal(envres_statement_type(statement, 0), rows[i].want);
        } else {
            assert_null(result);
            assert_string_equal(envres_error_subject(fx->err), "value");
            assert_non_null(strstr(envres_error_message(fx->err), "'value'"));
        }
        envres_query_result_free(result);
        OK(fx, envres_params_set(params, "vaule", TEXT, 0, "", 0, 0, fx->err));
        FAILS(fx, ENVRES_E_NOT_FOUND,
              envres_query_render(query, scope, &options, &result, fx->err));
        fx_hint(fx, "'value'");
        envres_params_free(params);
        envres_query_free(query);
    }
    envres_scope_unref(scope);
}

/* ---- requests ------------------------------------------------------------------------------- */

static const char *
text_of(const envres_query_result *result, uint32_t which)
{
    return envres_value_data(envres_query_result_text(result, which), NULL);
}

static void
test_requests(void **state)
{
    static const struct {
        const char *id, *who;
        const char *path; /* NULL: refused */
    } rows[] = {
        { "7", "O'Neil \"x\"", "/users/7?who=O%27Neil%20%22x%22" },
        { "a/../b?c#d", "x", "/users/a%2F..%2Fb%3Fc%23d?who=x" },
        { "..", "x", NULL },
        { ".", "x", NULL },
        { "1", "a\r\nX-Evil: 1", NULL },
    };
    struct fx *fx = *state;
    envres_query_param declared[] = { PARAM("id", ENVRES_TYPE_STRING, 0, NULL),
                                      PARAM("who", ENVRES_TYPE_STRING, 0, NULL) };
    envres_query_write write = write_of("user", "api", "{\"who\": \"<< params.who >>\"}");
    define(fx);
    write.path = "/users/<< params.id >>?who=<< params.who >>";
    write.headers = "{\"X-Who\": \"<< params.who >>\", \"Authorization\": "
                    "\"Bearer << environment.variables.TOKEN >>\"}";
    write.params = declared;
    write.count = 2;
    OK(fx, envres_query_put(fx->session, &write, NULL, NULL, fx->err));
    envres_scope *scope = fx_scope(fx, "development");
    envres_query *query = open_query(fx, "user", 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_params *params = envres_params_new(NULL);
        envres_query_options options = { .size = sizeof(options), .params = params };
        envres_query_result *result = NULL;
        print_message("row %zu\n", i);
        OK(fx, envres_params_set(params, "id", TEXT, 0, rows[i].id, TEXT, 0, fx->err));
        OK(fx, envres_params_set(params, "who", TEXT, 0, rows[i].who, TEXT, 0, fx->err));
        FAILS(fx, rows[i].path ? ENVRES_OK : ENVRES_E_INVALID,
              envres_query_render(query, scope, &options, &result, fx->err));
        if (rows[i].path) {
            assert_string_equal(text_of(result, ENVRES_QUERY_METHOD), "POST");
            assert_string_equal(text_of(result, ENVRES_QUERY_PATH), rows[i].path);
            assert_non_null(strstr(text_of(result, ENVRES_QUERY_HEADERS), "Bearer s3cret-token"));
            assert_true(
                envres_value_is_secret(envres_query_result_text(result, ENVRES_QUERY_HEADERS)));
            assert_false(
                envres_value_is_secret(envres_query_result_text(result, ENVRES_QUERY_TEXT)));
            assert_null(envres_query_result_statement(result));
        }
        envres_query_result_free(result);
        options.flags = ENVRES_QUERY_NO_SECRETS;
        if (rows[i].path)
            FAILS(fx, ENVRES_E_SECRET_SINK,
                  envres_query_render(query, scope, &options, &result, fx->err));
        envres_params_free(params);
    }
    envres_query_free(query);
    envres_scope_unref(scope);
}

/* ---- SQLite runs it ------------------------------------------------------------------------- */

/* What SQLite answers to the statement, compared with `want`. */
static void
answers(const envres_statement *statement, const char *want)
{
    struct raw_param params[16];
    char out[256];
    size_t count = envres_statement_count(statement);
    assert_true(count <= 16);
    for (uint32_t i = 0; i < count; i++) {
        params[i] = (struct raw_param){ .integer = envres_statement_integer(statement, i) };
        if (envres_statement_type(statement, i) != ENVRES_TYPE_INTEGER)
            params[i].text = envres_statement_value(statement, i, &params[i].len);
    }
    size_t len =
        raw_answer("CREATE TABLE t (id); INSERT INTO t VALUES (2), (3)",
                   envres_statement_text(statement, NULL), params, count, out, sizeof(out));
    assert_int_equal(len, strlen(want));
    assert_memory_equal(out, want, len);
}

static void
test_sqlite(void **state)
{
    static const char *const hostile[] = {
        "O'Neil", "'; DROP TABLE t; --", "\\", "$$", "<< params.v >>", "\xf0\x9f\x92\xa9", "", "%",
        "a\nb",
    };
    struct fx *fx = *state;
    envres_query_param declared[] = { PARAM("v", ENVRES_TYPE_STRING, 0, NULL),
                                      PARAM("ids", ENVRES_TYPE_JSON, 0, "[1, 2]"),
                                      PARAM("rows", ENVRES_TYPE_INTEGER, 0, "1") };
    envres_query_write write = write_of("find", "db", NULL);
    define(fx);
    write.text = "SELECT << params.v >> FROM t"
                 " WHERE id IN << params.ids | list >> AND << params.v >> = << params.v >>"
                 " AND << environment.variables.REGION >> = 'eu' LIMIT << params.rows >>";
    write.params = declared;
    write.count = 3;
    OK(fx, envres_query_put(fx->session, &write, NULL, NULL, fx->err));
    envres_scope *scope = fx_scope(fx, "development");
    envres_query *query = open_query(fx, "find", 0);
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        envres_params *params = envres_params_new(NULL);
        envres_query_options options = { .size = sizeof(options), .params = params };
        envres_query_result *result = NULL;
        OK(fx, envres_params_set(params, "v", TEXT, 0, hostile[i], TEXT, 0, fx->err));
        OK(fx, envres_query_render(query, scope, &options, &result, fx->err));
        answers(envres_query_result_statement(result), hostile[i]);
        envres_query_result_free(result);
        envres_params_free(params);
    }
    envres_query_free(query);
    envres_scope_unref(scope);
}

/* ---- misuse --------------------------------------------------------------------------------- */

static void
test_misuse(void **state)
{
    struct fx *fx = *state;
    envres_query *query = NULL;
    envres_query_result *result = NULL;
    envres_list *list = NULL;
    envres_query_options options = { .size = sizeof(options), .flags = 4 };
    envres_query_write write = write_of("q", "crm", "SELECT 1");
    define(fx);
    OK(fx, envres_query_put(fx->session, &write, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_query_open(fx->session, "q", TEXT, -1, &query, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_query_open(fx->session, NULL, 0, 0, &query, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_query_open(fx->session, "q", TEXT, 0, NULL, fx->err));
    query = open_query(fx, "q", 0);
    envres_scope *scope = fx_scope(fx, "development");
    FAILS(fx, ENVRES_E_INVALID, envres_query_render(query, scope, &options, &result, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_query_render(query, NULL, NULL, &result, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_query_render(NULL, scope, NULL, &result, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_query_render(query, scope, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_query_params(NULL, &list, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_query_restore(fx->session, "q", TEXT, 0, NULL, NULL, fx->err));
    assert_string_equal(envres_query_text(query, 4, NULL), "");
    assert_string_equal(envres_query_resource(NULL), "");
    assert_null(envres_query_result_statement(NULL));
    assert_null(envres_query_result_text(NULL, 0));
    envres_query_free(NULL);
    envres_query_result_free(NULL);
    envres_query_free(query);
    envres_scope_unref(scope);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_revisions, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_resource_gone, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_refusals, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_types, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_requests, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_sqlite, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_misuse, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
