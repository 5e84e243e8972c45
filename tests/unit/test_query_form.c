/* SPDX-License-Identifier: MIT */
/*
 * What a query is made of, without a store: reading a call, the encoding, compiling for each kind,
 * values against declared types, requests as they were rendered. A row for each way to be refused,
 * beside one that is just good.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "fx_mem.h"
#include "lang/params.h"
#include "model/query_form.h"

#define NUL ENVRES_NUL_TERMINATED

static envres_query_param
param_of(const char *name, int32_t type, uint32_t flags, const char *preset)
{
    return (envres_query_param){ .size = sizeof(envres_query_param),
                                 .flags = flags,
                                 .name = name,
                                 .name_len = NUL,
                                 .preset = preset,
                                 .preset_len = preset ? NUL : 0,
                                 .type = type };
}

static envres_query_write
write_of(const char *text, const envres_query_param *params, size_t count)
{
    return (envres_query_write){ .size = sizeof(envres_query_write),
                                 .text = text,
                                 .text_len = NUL,
                                 .method_len = NUL,
                                 .path_len = NUL,
                                 .headers_len = NUL,
                                 .params = params,
                                 .count = count };
}

static void
expect_status(const char *name, envres_status want, envres_status st)
{
    if (st != want)
        fail_msg("%s: %s instead of %s", name, envres_status_name(st), envres_status_name(want));
}

/* ---- reading a call ------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *param;
    int32_t type;
    uint32_t flags;
    const char *preset;
    envres_status status;
} declared_rows[] = {
    { "a string", "a", ENVRES_TYPE_STRING, 0, NULL, ENVRES_OK },
    { "an integer with a preset", "a", ENVRES_TYPE_INTEGER, 0, "-9223372036854775808", ENVRES_OK },
    { "a number", "a", ENVRES_TYPE_NUMBER, 0, "1.5e3", ENVRES_OK },
    { "a boolean", "a", ENVRES_TYPE_BOOLEAN, 0, "true", ENVRES_OK },
    { "json", "a", ENVRES_TYPE_JSON, 0, "[1, null]", ENVRES_OK },
    { "a timestamp", "a", ENVRES_TYPE_TIMESTAMP, 0, "2026-11-21T20:00:00Z", ENVRES_OK },
    { "an optional one", "a", ENVRES_TYPE_STRING, ENVRES_QUERY_PARAM_OPTIONAL, NULL, ENVRES_OK },
    { "no name", "", ENVRES_TYPE_STRING, 0, NULL, ENVRES_E_NAME },
    { "a bad name", "1a", ENVRES_TYPE_STRING, 0, NULL, ENVRES_E_NAME },
    { "an unknown flag", "a", ENVRES_TYPE_STRING, 64, NULL, ENVRES_E_INVALID },
    { "no type", "a", ENVRES_TYPE_DEFAULT, 0, NULL, ENVRES_E_TYPE },
    { "a type of no parameter", "a", ENVRES_TYPE_TEMPLATE, 0, NULL, ENVRES_E_TYPE },
    { "a preset above 64 bits", "a", ENVRES_TYPE_INTEGER, 0, "9223372036854775808", ENVRES_E_TYPE },
    { "a preset with a fraction", "a", ENVRES_TYPE_INTEGER, 0, "1.5", ENVRES_E_TYPE },
    { "a preset that is no number", "a", ENVRES_TYPE_NUMBER, 0, "x", ENVRES_E_TYPE },
    { "a preset that is no boolean", "a", ENVRES_TYPE_BOOLEAN, 0, "yes", ENVRES_E_TYPE },
    { "a preset that is no json", "a", ENVRES_TYPE_JSON, 0, "[", ENVRES_E_TYPE },
    { "a preset that is no time", "a", ENVRES_TYPE_TIMESTAMP, 0, "2026-11-21", ENVRES_E_TYPE },
};

static void
declarations(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < sizeof(declared_rows) / sizeof(declared_rows[0]); i++) {
        envres_query_param param = param_of(declared_rows[i].param, declared_rows[i].type,
                                            declared_rows[i].flags, declared_rows[i].preset);
        envres_query_write write = write_of("SELECT 1", &param, 1);
        struct query_form form = { .count = 0 };
        expect_status(declared_rows[i].name, declared_rows[i].status,
                      query_form_read(&mem_default, &write, &form, err));
        if (declared_rows[i].status == ENVRES_OK) {
            assert_int_equal(form.count, 1);
            assert_int_equal(form.params[0].optional,
                             declared_rows[i].preset || declared_rows[i].flags);
        } else if (declared_rows[i].param[0] && declared_rows[i].status != ENVRES_E_INVALID) {
            assert_string_equal(envres_error_subject(err), declared_rows[i].param);
        }
        query_form_free(&mem_default, &form);
    }
    envres_query_param twice[] = { param_of("a", ENVRES_TYPE_STRING, 0, NULL),
                                   param_of("a", ENVRES_TYPE_JSON, 0, NULL) };
    envres_query_write write = write_of("SELECT 1", twice, 2);
    struct query_form form = { .count = 0 };
    assert_int_equal(query_form_read(&mem_default, &write, &form, NULL), ENVRES_E_NAME_TAKEN);
    write.params = NULL;
    assert_int_equal(query_form_read(&mem_default, &write, &form, NULL), ENVRES_E_INVALID);
    write.params = twice;
    write.count = LIMIT_QUERY_PARAMS + 1;
    assert_int_equal(query_form_read(&mem_default, &write, &form, NULL), ENVRES_E_LIMIT);
    write = write_of("SELECT \xFF", NULL, 0);
    assert_int_equal(query_form_read(&mem_default, &write, &form, NULL), ENVRES_E_UTF8);
    envres_error_free(err);
}

/* ---- the encoding --------------------------------------------------------------------------- */

static void
encoded(struct query_form *form, struct buf *out)
{
    static envres_query_param params[2];
    params[0] = param_of("id", ENVRES_TYPE_INTEGER, 0, "7");
    params[1] = param_of("who", ENVRES_TYPE_STRING, ENVRES_QUERY_PARAM_OPTIONAL, NULL);
    envres_query_write write = write_of("{}", params, 2);
    write.path = "/users";
    write.method = "PUT";
    write.headers = "{\"A\": \"b\"}";
    buf_init(out, &mem_default, false);
    assert_int_equal(query_form_read(&mem_default, &write, form, NULL), ENVRES_OK);
    query_form_encode(form, out);
    assert_int_equal(buf_status(out, NULL), ENVRES_OK);
}

static void
a_form_comes_back_as_it_went(void **state)
{
    (void)state;
    struct query_form form = { .count = 0 };
    struct query_form read = { .count = 0 };
    struct buf body;
    struct buf again;
    encoded(&form, &body);
    assert_int_equal(query_form_decode(&mem_default, slice_of(body.data, body.len), &read, NULL),
                     ENVRES_OK);
    for (uint32_t i = 0; i < ENVRES_QUERY_TEXTS; i++)
        assert_true(slice_equal(form.texts[i], read.texts[i]));
    assert_int_equal(read.count, 2);
    assert_true(slice_equal(query_param_find(&read, slice_str("id"))->preset, slice_str("7")));
    assert_null(query_param_find(&read, slice_str("who"))->preset.data);
    assert_null(query_param_find(&read, slice_str("wh")));
    buf_init(&again, &mem_default, false);
    query_form_encode(&read, &again);
    assert_int_equal(again.len, body.len);
    assert_memory_equal(again.data, body.data, body.len);
    buf_free(&again);
    query_form_free(&mem_default, &read);
    query_form_free(&mem_default, &form);
    /* each byte less, one more, another format */
    for (size_t len = 0; len < body.len; len++)
        assert_int_equal(query_form_decode(&mem_default, slice_of(body.data, len), &read, NULL),
                         ENVRES_E_INTEGRITY);
    body.data[0] = 2;
    assert_int_equal(query_form_decode(&mem_default, slice_of(body.data, body.len), &read, NULL),
                     ENVRES_E_INTEGRITY);
    body.data[0] = 1;
    buf_add_char(&body, 0);
    assert_int_equal(query_form_decode(&mem_default, slice_of(body.data, body.len), &read, NULL),
                     ENVRES_E_INTEGRITY);
    buf_free(&body);
}

/* Whoever may sign can sign any bytes: a name of a parameter is one that a put would take. */
static void
forged_names_are_refused(void **state)
{
    static const char *const names[] = { "", "1d", "a b", "a\n" };
    (void)state;
    for (size_t i = 0; i <= sizeof(names) / sizeof(names[0]); i++) {
        char longest[10 * LIMIT_NAME];
        struct query_param param = { .type = ENVRES_TYPE_STRING };
        struct query_form form = { .params = &param, .count = 1 };
        struct query_form read = { .count = 0 };
        struct buf body;
        memset(longest, 'x', sizeof(longest));
        param.name = i < sizeof(names) / sizeof(names[0]) ? slice_str(names[i])
                                                          : slice_of(longest, sizeof(longest));
        for (uint32_t t = 0; t < ENVRES_QUERY_TEXTS; t++)
            form.texts[t] = slice_str("");
        buf_init(&body, &mem_default, false);
        query_form_encode(&form, &body);
        assert_int_equal(
            query_form_decode(&mem_default, slice_of(body.data, body.len), &read, NULL),
            ENVRES_E_INTEGRITY);
        assert_null(read.params);
        buf_free(&body);
    }
}

/* ---- compiling ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    const char *kind;
    const char *text; /* NULL: none; likewise the next three */
    const char *method;
    const char *path;
    const char *headers;
    envres_status status;
} compile_rows[] = {
    { "postgres", "postgres", "SELECT << params.id >>", NULL, NULL, NULL, ENVRES_OK },
    { "mysql", "mysql", "SELECT << params.id >>", NULL, NULL, NULL, ENVRES_OK },
    { "sqlite", "sqlite", "SELECT << params.id >>", NULL, NULL, NULL, ENVRES_OK },
    { "a kind without queries", "redis", "x", NULL, NULL, NULL, ENVRES_E_TYPE },
    { "no kind", "", "x", NULL, NULL, NULL, ENVRES_E_TYPE },
    { "SQL without a text", "postgres", NULL, NULL, NULL, NULL, ENVRES_E_INVALID },
    { "SQL with a path", "postgres", "SELECT 1", NULL, "/x", NULL, ENVRES_E_INVALID },
    { "SQL with a method", "postgres", "SELECT 1", "GET", NULL, NULL, ENVRES_E_INVALID },
    { "SQL with headers", "postgres", "SELECT 1", NULL, NULL, "{}", ENVRES_E_INVALID },
    { "not declared", "postgres", "SELECT << params.ib >>", NULL, NULL, NULL, ENVRES_E_NOT_FOUND },
    { "without a value", "postgres", "SELECT << params.who >>", NULL, NULL, NULL,
      ENVRES_E_NOT_SET },
    { "with a default", "postgres", "SELECT << params.who | default(1) >>", NULL, NULL, NULL,
      ENVRES_OK },
    { "a near miss", "postgres", "SELECT << parms.id >>", NULL, NULL, NULL, ENVRES_E_SYNTAX },
    { "inside a literal", "postgres", "SELECT '<< params.id >>'", NULL, NULL, NULL,
      ENVRES_E_SQL_CONTEXT },
    { "a path", "rest", NULL, NULL, "/users/<< params.id >>", NULL, ENVRES_OK },
    { "a question", "rest", NULL, "DELETE", "?id=<< params.id >>", NULL, ENVRES_OK },
    { "a body, headers", "rest", "{\"id\": \"<< params.id >>\"}", "PATCH", "/x",
      "{\"X-Id\": \"<< params.id >>\"}", ENVRES_OK },
    { "a method that is none", "rest", NULL, "TRACE", "/x", NULL, ENVRES_E_INVALID },
    { "a method in small letters", "rest", NULL, "get", "/x", NULL, ENVRES_E_INVALID },
    { "a path to elsewhere", "rest", NULL, NULL, "https://example.com/", NULL, ENVRES_E_INVALID },
    { "a path of a tag", "rest", NULL, NULL, "<< params.id >>", NULL, ENVRES_E_INVALID },
    { "a body that is no JSON", "rest", "{", NULL, "/x", NULL, ENVRES_E_JSON },
    { "headers that are a list", "rest", NULL, NULL, "/x", "[]", ENVRES_E_INVALID },
    { "headers of a list", "rest", NULL, NULL, "/x", "{\"A\": []}", ENVRES_E_INVALID },
    { "a header of no name", "rest", NULL, NULL, "/x", "{\"\": \"a\"}", ENVRES_E_INVALID },
    { "a header with a space", "rest", NULL, NULL, "/x", "{\"A b\": \"a\"}", ENVRES_E_INVALID },
    { "a header of two lines", "rest", NULL, NULL, "/x", "{\"A\": \"a\\nb\"}", ENVRES_E_INVALID },
    { "graphql", "graphql", "{\"query\": \"{ a }\"}", NULL, NULL, NULL, ENVRES_OK },
    { "graphql that posts", "graphql", "{}", "POST", NULL, NULL, ENVRES_OK },
    { "graphql that gets", "graphql", "{}", "GET", NULL, NULL, ENVRES_E_INVALID },
    { "graphql without a body", "graphql", NULL, NULL, NULL, NULL, ENVRES_E_INVALID },
};

static void
kinds_read_their_texts(void **state)
{
    (void)state;
    envres_query_param params[] = { param_of("id", ENVRES_TYPE_INTEGER, 0, NULL),
                                    param_of("who", ENVRES_TYPE_STRING, ENVRES_QUERY_PARAM_OPTIONAL,
                                             NULL) };
    for (size_t i = 0; i < sizeof(compile_rows) / sizeof(compile_rows[0]); i++) {
        envres_query_write write = write_of(compile_rows[i].text, params, 2);
        struct query_templates templates = { { NULL } };
        struct query_form form = { .count = 0 };
        write.method = compile_rows[i].method;
        write.path = compile_rows[i].path;
        write.headers = compile_rows[i].headers;
        assert_int_equal(query_form_read(&mem_default, &write, &form, NULL), ENVRES_OK);
        expect_status(
            compile_rows[i].name, compile_rows[i].status,
            query_compile(&mem_default, &form, slice_str(compile_rows[i].kind), &templates, NULL));
        for (uint32_t t = 0; compile_rows[i].status < 0 && t < ENVRES_QUERY_TEXTS; t++)
            assert_null(templates.of[t]);
        assert_null(templates.of[ENVRES_QUERY_METHOD]);
        query_templates_free(&templates);
        query_form_free(&mem_default, &form);
    }
}

static void
compiling_without_memory_leaves_nothing(void **state)
{
    (void)state;
    envres_query_param params[] = { param_of("id", ENVRES_TYPE_INTEGER, 0, "1") };
    envres_query_write write = write_of("{\"id\": \"<< params.id >>\"}", params, 1);
    write.path = "/<< params.id >>";
    write.headers = "{\"A\": \"<< params.id >>\"}";
    for (int n = 0;; n++) {
        struct query_templates templates = { { NULL } };
        struct query_form form = { .count = 0 };
        struct fx_mem fx;
        fx_mem_fail_at(&fx, n, false);
        envres_status st = query_form_read(&fx.mem, &write, &form, NULL);
        if (st == ENVRES_OK)
            st = query_compile(&fx.mem, &form, slice_str("rest"), &templates, NULL);
        assert_int_equal(st, fx.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        query_templates_free(&templates);
        query_form_free(&fx.mem, &form);
        assert_int_equal(fx.blocks, 0);
        if (!fx.hit)
            break;
    }
}

/* ---- values --------------------------------------------------------------------------------- */

static const struct {
    int32_t declared;
    int32_t given;
    const char *text;
    bool read_string;
    bool optional;
    envres_status status;
} value_rows[] = {
    { ENVRES_TYPE_STRING, ENVRES_TYPE_STRING, "a", false, false, ENVRES_OK },
    { ENVRES_TYPE_STRING, ENVRES_TYPE_NUMBER, "1", false, false, ENVRES_E_TYPE },
    { ENVRES_TYPE_STRING, ENVRES_TYPE_NULL, "", false, false, ENVRES_E_TYPE },
    { ENVRES_TYPE_STRING, ENVRES_TYPE_NULL, "", false, true, ENVRES_OK },
    { ENVRES_TYPE_INTEGER, ENVRES_TYPE_NUMBER, "9223372036854775807", false, false, ENVRES_OK },
    { ENVRES_TYPE_INTEGER, ENVRES_TYPE_NUMBER, "1.5", false, false, ENVRES_E_TYPE },
    { ENVRES_TYPE_INTEGER, ENVRES_TYPE_STRING, "1", false, false, ENVRES_E_TYPE },
    { ENVRES_TYPE_INTEGER, ENVRES_TYPE_STRING, "1", true, false, ENVRES_OK },
    { ENVRES_TYPE_INTEGER, ENVRES_TYPE_STRING, "one", true, false, ENVRES_E_TYPE },
    { ENVRES_TYPE_NUMBER, ENVRES_TYPE_NUMBER, "1.5", false, false, ENVRES_OK },
    { ENVRES_TYPE_NUMBER, ENVRES_TYPE_BOOLEAN, "true", false, false, ENVRES_E_TYPE },
    { ENVRES_TYPE_BOOLEAN, ENVRES_TYPE_BOOLEAN, "false", false, false, ENVRES_OK },
    { ENVRES_TYPE_BOOLEAN, ENVRES_TYPE_STRING, "false", true, false, ENVRES_OK },
    { ENVRES_TYPE_BOOLEAN, ENVRES_TYPE_STRING, "no", true, false, ENVRES_E_TYPE },
    { ENVRES_TYPE_JSON, ENVRES_TYPE_JSON, "[1]", false, false, ENVRES_OK },
    { ENVRES_TYPE_JSON, ENVRES_TYPE_NUMBER, "1", false, false, ENVRES_OK },
    { ENVRES_TYPE_JSON, ENVRES_TYPE_NULL, "null", false, false, ENVRES_OK },
    { ENVRES_TYPE_JSON, ENVRES_TYPE_STRING, "[1]", false, false, ENVRES_E_TYPE },
    { ENVRES_TYPE_JSON, ENVRES_TYPE_STRING, "[1]", true, false, ENVRES_OK },
    { ENVRES_TYPE_TIMESTAMP, ENVRES_TYPE_STRING, "2026-11-21T20:00:00Z", false, false, ENVRES_OK },
    { ENVRES_TYPE_TIMESTAMP, ENVRES_TYPE_NUMBER, "1", false, false, ENVRES_E_TYPE },
};

static void
values_have_the_type_that_is_declared(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < sizeof(value_rows) / sizeof(value_rows[0]); i++) {
        struct query_param param = { .name = slice_str("it"),
                                     .type = value_rows[i].declared,
                                     .optional = value_rows[i].optional };
        struct query_given given = { .value = { value_rows[i].given,
                                                slice_str(value_rows[i].text) },
                                     .read_string = value_rows[i].read_string };
        envres_params *params = envres_params_new(NULL);
        envres_status st = query_param_set(&param, &given, params, err);
        if (st != value_rows[i].status)
            fail_msg("row %zu: %s", i, envres_status_name(st));
        if (st < 0) /* which one, and never what was given */
            assert_string_equal(envres_error_subject(err), "it");
        envres_params_free(params);
    }
    envres_error_free(err);
}

static const struct {
    const char *text;
    bool good;
} timestamp_rows[] = {
    { "2026-11-21T20:00:00Z", true },
    { "2026-11-21t20:00:00z", true },
    { "2026-11-21T20:00:00.123456789+02:00", true },
    { "2026-11-21T20:00:00-23:59", true },
    { "2016-12-31T23:59:60Z", true },
    { "2024-02-29T00:00:00Z", true },
    { "2000-02-29T00:00:00Z", true },
    { "1900-02-29T00:00:00Z", false },
    { "2025-02-29T00:00:00Z", false },
    { "2026-04-31T00:00:00Z", false },
    { "2026-00-10T00:00:00Z", false },
    { "2026-13-10T00:00:00Z", false },
    { "2026-11-00T00:00:00Z", false },
    { "2026-11-21T24:00:00Z", false },
    { "2026-11-21T20:60:00Z", false },
    { "2026-11-21T20:00:61Z", false },
    { "2026-11-21T20:00:00", false },
    { "2026-11-21T20:00:00.Z", false },
    { "2026-11-21T20:00:00+2:00", false },
    { "2026-11-21T20:00:00+24:00", false },
    { "2026-11-21T20:00:00+02:60", false },
    { "2026-11-21T20:00:00+0200", false },
    { "2026-11-21 20:00:00Z", false },
    { "2026-11-21T20:00:00Z ", false },
    { "2026-11-21", false },
    { "26-11-21T20:00:00Z", false },
    { "", false },
};

static void
timestamps_are_those_of_rfc_3339(void **state)
{
    (void)state;
    struct query_param param = { .name = slice_str("t"), .type = ENVRES_TYPE_TIMESTAMP };
    for (size_t i = 0; i < sizeof(timestamp_rows) / sizeof(timestamp_rows[0]); i++) {
        struct query_given given = { .value = { ENVRES_TYPE_STRING,
                                                slice_str(timestamp_rows[i].text) } };
        envres_params *params = envres_params_new(NULL);
        expect_status(timestamp_rows[i].text, timestamp_rows[i].good ? ENVRES_OK : ENVRES_E_TYPE,
                      query_param_set(&param, &given, params, NULL));
        envres_params_free(params);
    }
}

/* ---- a request that was rendered ------------------------------------------------------------ */

static const struct {
    const char *path;
    bool good;
} path_rows[] = {
    { "", true },
    { "/", true },
    { "/a/b?c=../d", true },
    { "/a..b/...", true },
    { "?x=//y", true },
    { "/a#/../b", true },
    { "/%2ea", true },
    { "/a%2e%2e/b", true },
    { "//x", false },
    { "/a/../b", false },
    { "/..", false },
    { "/.", false },
    { "..", false },
    { "/./a", false },
    { "/%2e%2E/a", false },
    { "/.%2e?x", false },
    { "/a b", false },
    { "/a\tb", false },
    { "/a\\b", false },
    { "/a\x7F", false },
    { "/a?b c", false },
    { "/a\nHost: x", false },
};

static void
paths_lead_below_the_address(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(path_rows) / sizeof(path_rows[0]); i++)
        expect_status(path_rows[i].path, path_rows[i].good ? ENVRES_OK : ENVRES_E_INVALID,
                      query_check_path(slice_str(path_rows[i].path), NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declarations),
        cmocka_unit_test(a_form_comes_back_as_it_went),
        cmocka_unit_test(forged_names_are_refused),
        cmocka_unit_test(kinds_read_their_texts),
        cmocka_unit_test(compiling_without_memory_leaves_nothing),
        cmocka_unit_test(values_have_the_type_that_is_declared),
        cmocka_unit_test(timestamps_are_those_of_rfc_3339),
        cmocka_unit_test(paths_lead_below_the_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
