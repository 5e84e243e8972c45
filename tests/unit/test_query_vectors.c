/* SPDX-License-Identifier: MIT */
/* The shared vectors of the query library (tests/vectors/queries.json), through a store in memory
 * and the public calls, as a host does it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <envres/envres.h>

#include "base/json.h"

#define TEXT ENVRES_NUL_TERMINATED

enum { KEEP_MAX = 64, PARAMS_MAX = 4 };

struct run {
    const struct json_doc *doc;
    envres_session *session;
    envres_scope *scope;
    envres_error *err;
    struct buf keep[KEEP_MAX];
    size_t kept;
};

/* ---- reading the file ----------------------------------------------------------------------- */

/* Kept until the case ends. */
static const char *
string_at(struct run *run, uint32_t node)
{
    assert_true(run->kept < KEEP_MAX);
    struct buf *buf = &run->keep[run->kept++];
    buf_init(buf, &mem_default, false);
    assert_int_equal(json_kind_of(run->doc, node), JSON_STRING);
    json_string(run->doc, node, buf);
    assert_true(buf_reserve(buf, 1));
    buf->data[buf->len] = '\0';
    return buf->data;
}

/* NULL where there is no such member. */
static const char *
member_text(struct run *run, uint32_t object, const char *key)
{
    uint32_t node = json_member(run->doc, object, key);
    return node == JSON_NONE ? NULL : string_at(run, node);
}

static bool
is_set(const struct run *run, uint32_t object, const char *key)
{
    uint32_t node = json_member(run->doc, object, key);
    return node != JSON_NONE && json_kind_of(run->doc, node) == JSON_TRUE;
}

static int32_t
type_of(const char *name)
{
    for (int32_t type = ENVRES_TYPE_STRING; type <= ENVRES_TYPE_TIMESTAMP; type++) {
        if (strcmp(envres_type_name(type), name) == 0)
            return type;
    }
    fail_msg("unknown type %s", name);
    return 0;
}

typedef void (*member_fn)(struct run *run, const char *name, uint32_t value, void *user);

static void
each_member(struct run *run, uint32_t object, member_fn each, void *user)
{
    if (object == JSON_NONE)
        return;
    uint32_t key = json_first(run->doc, object);
    for (uint32_t left = json_size(run->doc, object); left > 0; left--) {
        each(run, string_at(run, key), key + 1, user);
        key = json_next(run->doc, key + 1);
    }
}

static void
put_variable(struct run *run, const char *name, uint32_t node, void *user)
{
    (void)user;
    envres_variable_write write = { .size = sizeof(write), .name = name, .name_len = TEXT };
    write.value = member_text(run, node, "value");
    write.value_len = TEXT;
    write.type = type_of(member_text(run, node, "type"));
    assert_int_equal(
        envres_variable_put(run->session, "development", TEXT, &write, NULL, NULL, run->err),
        ENVRES_OK);
}

static void
define_resource(struct run *run, const char *name, uint32_t node, void *user)
{
    (void)user;
    assert_int_equal(envres_resource_define(run->session, name, TEXT, string_at(run, node), TEXT,
                                            NULL, run->err),
                     ENVRES_OK);
}

/* ---- one case ------------------------------------------------------------------------------- */

static size_t
read_declared(struct run *run, uint32_t node, envres_query_param out[PARAMS_MAX])
{
    uint32_t list = json_member(run->doc, node, "declared");
    uint32_t count = list == JSON_NONE ? 0 : json_size(run->doc, list);
    uint32_t at = count > 0 ? json_first(run->doc, list) : JSON_NONE;
    assert_true(count <= PARAMS_MAX);
    for (uint32_t i = 0; i < count; i++, at = json_next(run->doc, at)) {
        out[i] = (envres_query_param){ .size = sizeof(out[i]), .name_len = TEXT };
        out[i].flags = is_set(run, at, "optional") ? ENVRES_QUERY_PARAM_OPTIONAL : 0;
        out[i].name = member_text(run, at, "name");
        out[i].type = type_of(member_text(run, at, "type"));
        out[i].preset = member_text(run, at, "preset");
        out[i].preset_len = out[i].preset ? TEXT : 0;
    }
    return count;
}

static envres_status
put_query(struct run *run, uint32_t node)
{
    envres_query_param declared[PARAMS_MAX];
    envres_query_write write = { .size = sizeof(write),
                                 .name = "q",
                                 .name_len = TEXT,
                                 .resource_len = TEXT,
                                 .text_len = TEXT,
                                 .method_len = TEXT,
                                 .path_len = TEXT,
                                 .headers_len = TEXT };
    write.resource = member_text(run, node, "resource");
    write.text = member_text(run, node, "text");
    write.method = member_text(run, node, "method");
    write.path = member_text(run, node, "path");
    write.headers = member_text(run, node, "headers");
    write.params = declared;
    write.count = read_declared(run, node, declared);
    return envres_query_put(run->session, &write, NULL, NULL, run->err);
}

static void
set_param(struct run *run, const char *name, uint32_t node, void *user)
{
    assert_int_equal(envres_params_set(user, name, TEXT, type_of(member_text(run, node, "type")),
                                       member_text(run, node, "value"), TEXT, 0, run->err),
                     ENVRES_OK);
}

static envres_status
render(struct run *run, uint32_t node, envres_query_result **out)
{
    envres_query *query = NULL;
    envres_params *params = envres_params_new(NULL);
    envres_query_options options = { .size = sizeof(options), .params = params };
    options.flags = is_set(run, node, "read_strings") ? ENVRES_QUERY_READ_STRINGS : 0;
    each_member(run, json_member(run->doc, node, "given"), set_param, params);
    assert_int_equal(envres_query_open(run->session, "q", TEXT, 0, &query, run->err), ENVRES_OK);
    envres_status st = envres_query_render(query, run->scope, &options, out, run->err);
    envres_query_free(query);
    envres_params_free(params);
    return st;
}

static void
check_statement(struct run *run, uint32_t node, const envres_statement *statement)
{
    uint32_t list = json_member(run->doc, node, "params");
    uint32_t count = json_size(run->doc, list);
    uint32_t at = count > 0 ? json_first(run->doc, list) : JSON_NONE;
    assert_non_null(statement);
    assert_string_equal(envres_statement_text(statement, NULL), member_text(run, node, "text"));
    assert_int_equal(envres_statement_count(statement), count);
    for (uint32_t i = 0; i < count; i++, at = json_next(run->doc, at)) {
        assert_string_equal(envres_statement_name(statement, i), member_text(run, at, "name"));
        assert_string_equal(envres_type_name(envres_statement_type(statement, i)),
                            member_text(run, at, "type"));
        assert_string_equal(envres_statement_value(statement, i, NULL),
                            member_text(run, at, "value"));
    }
}

static void
check_request(struct run *run, uint32_t node, const envres_query_result *result)
{
    static const struct {
        const char *key;
        uint32_t which;
    } texts[] = { { "method", ENVRES_QUERY_METHOD },
                  { "path", ENVRES_QUERY_PATH },
                  { "headers", ENVRES_QUERY_HEADERS },
                  { "body", ENVRES_QUERY_TEXT } };
    assert_null(envres_query_result_statement(result));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const envres_value *value = envres_query_result_text(result, texts[i].which);
        const char *want = member_text(run, node, texts[i].key);
        assert_int_equal(value != NULL, want != NULL);
        if (want)
            assert_string_equal(envres_value_data(value, NULL), want);
    }
}

static void
check_error(struct run *run, uint32_t node, const char *when, envres_status st)
{
    const char *subject = member_text(run, node, "subject");
    const char *error = member_text(run, node, "error");
    if (!error)
        fail_msg("%s: %s", envres_status_name(st), envres_error_message(run->err));
    assert_string_equal(envres_status_name(st), error);
    assert_string_equal(when, member_text(run, node, "when"));
    if (subject)
        assert_string_equal(envres_error_subject(run->err), subject);
}

static void
run_case(struct run *run, uint32_t node)
{
    envres_query_result *result = NULL;
    uint32_t statement = json_member(run->doc, node, "statement");
    const char *when = "put";
    envres_status st = put_query(run, node);
    if (st == ENVRES_OK) {
        when = "render";
        st = render(run, node, &result);
    }
    if (st < 0) {
        check_error(run, node, when, st);
        assert_null(result);
        return;
    }
    assert_int_equal(json_member(run->doc, node, "error"), JSON_NONE);
    if (statement != JSON_NONE)
        check_statement(run, statement, envres_query_result_statement(result));
    else
        check_request(run, json_member(run->doc, node, "request"), result);
    envres_query_result_free(result);
}

static void
read_file(struct buf *out)
{
    char block[8192];
    FILE *file = fopen(TEST_VECTORS "/queries.json", "rb");
    size_t got;
    assert_non_null(file);
    buf_init(out, &mem_default, false);
    while ((got = fread(block, 1, sizeof(block), file)) > 0)
        buf_add(out, block, got);
    fclose(file);
    assert_false(out->failed);
}

static void
release(struct run *run)
{
    while (run->kept > 0)
        buf_free(&run->keep[--run->kept]);
}

static void
test_vectors(void **state)
{
    static const uint8_t key[32] = { 9 };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key,
                                .secret_len = sizeof(key) };
    static struct run run;
    struct json_doc *doc = NULL;
    struct json_number count = { 0 };
    envres_store *store = NULL;
    struct buf file;
    uint32_t cases = 0;
    (void)state;
    run.err = envres_error_new(NULL);
    read_file(&file);
    assert_int_equal(json_parse(&mem_default, file.data, file.len, &doc, run.err), ENVRES_OK);
    run.doc = doc;
    assert_int_equal(envres_store_create(NULL, 0, NULL, &owner, &store, run.err), ENVRES_OK);
    assert_int_equal(envres_session_open(store, NULL, 0, &owner, &run.session, run.err), ENVRES_OK);
    each_member(&run, json_member(doc, 0, "variables"), put_variable, NULL);
    each_member(&run, json_member(doc, 0, "resources"), define_resource, NULL);
    release(&run);
    assert_int_equal(envres_scope_open(run.session, "development", TEXT, NULL, &run.scope, run.err),
                     ENVRES_OK);
    uint32_t list = json_member(doc, 0, "cases");
    uint32_t node = json_first(doc, list);
    for (; cases < json_size(doc, list); node = json_next(doc, node), cases++) {
        printf("  %s\n", member_text(&run, node, "name"));
        envres_error_clear(run.err);
        run_case(&run, node);
        release(&run);
    }
    struct slice span = json_span(doc, json_member(doc, 0, "count"));
    assert_int_equal(json_number(span.data, span.len, &count, NULL), ENVRES_OK);
    assert_int_equal(cases, count.integer);
    assert_true(cases >= 30);
    envres_scope_unref(run.scope);
    envres_session_close(run.session);
    envres_store_close(store);
    json_free(doc);
    buf_free(&file);
    envres_error_free(run.err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
