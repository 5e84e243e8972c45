/* SPDX-License-Identifier: MIT */
/* The shared vectors of context sql (tests/vectors/sql.json), through a store in memory and the
 * public calls, as a host does it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <envres/envres.h>

#include "base/json.h"

#include "../same_template.h"

#define TEXT ENVRES_NUL_TERMINATED

enum { KEEP_MAX = 64 };

struct run {
    const struct json_doc *doc;
    envres_session *session;
    envres_scope *scope;
    envres_error *err;
    struct buf keep[KEEP_MAX];
    size_t kept;
};

/* ---- reading the file ----------------------------------------------------------------------- */

static const struct buf *
string_at(struct run *run, uint32_t node)
{
    assert_true(run->kept < KEEP_MAX);
    struct buf *buf = &run->keep[run->kept++];
    buf_init(buf, &mem_default, false);
    assert_int_equal(json_kind_of(run->doc, node), JSON_STRING);
    json_string(run->doc, node, buf);
    assert_true(buf_reserve(buf, 1));
    buf->data[buf->len] = '\0';
    return buf;
}

static const char *
member_text(struct run *run, uint32_t object, const char *key)
{
    uint32_t node = json_member(run->doc, object, key);
    assert_int_not_equal(node, JSON_NONE);
    return string_at(run, node)->data;
}

static int64_t
number_of(const struct run *run, uint32_t object, const char *key)
{
    struct json_number number = { 0 };
    struct slice span = json_span(run->doc, json_member(run->doc, object, key));
    assert_int_equal(json_number(span.data, span.len, &number, NULL), ENVRES_OK);
    return number.integer;
}

static bool
is_set(const struct run *run, uint32_t object, const char *key)
{
    uint32_t node = json_member(run->doc, object, key);
    return node != JSON_NONE && json_kind_of(run->doc, node) == JSON_TRUE;
}

/* Of a row of names by number; 0 where the case has no such member. */
static uint32_t
choice(struct run *run, uint32_t node, const char *key, const char *const *names, uint32_t count)
{
    if (json_member(run->doc, node, key) == JSON_NONE)
        return 0;
    const char *word = member_text(run, node, key);
    for (uint32_t i = 1; i < count; i++) {
        if (strcmp(names[i], word) == 0)
            return i;
    }
    fail_msg("unknown %s %s", key, word);
    return 0;
}

static int32_t
type_of(const char *name)
{
    for (int32_t type = ENVRES_TYPE_STRING; type <= ENVRES_TYPE_INTEGER; type++) {
        if (strcmp(envres_type_name(type), name) == 0)
            return type;
    }
    fail_msg("unknown type %s", name);
    return 0;
}

/* Each member of an object. */
typedef void (*member_fn)(struct run *run, const char *name, uint32_t value, void *user);

static void
each_member(struct run *run, uint32_t object, member_fn each, void *user)
{
    if (object == JSON_NONE)
        return;
    uint32_t key = json_first(run->doc, object);
    for (uint32_t left = json_size(run->doc, object); left > 0; left--) {
        each(run, string_at(run, key)->data, key + 1, user);
        key = json_next(run->doc, key + 1);
    }
}

/* ---- one case ------------------------------------------------------------------------------- */

static void
put_variable(struct run *run, const char *name, uint32_t node, void *user)
{
    (void)user;
    envres_variable_write write = { .size = sizeof(write) };
    write.flags = is_set(run, node, "secret") ? ENVRES_WRITE_SECRET : 0;
    write.name = name;
    write.name_len = TEXT;
    write.value = member_text(run, node, "value");
    write.value_len = TEXT;
    write.type = type_of(member_text(run, node, "type"));
    assert_int_equal(
        envres_variable_put(run->session, "development", TEXT, &write, NULL, NULL, run->err),
        ENVRES_OK);
}

static void
set_param(struct run *run, const char *name, uint32_t node, void *user)
{
    const struct buf *value = string_at(run, json_member(run->doc, node, "value"));
    assert_int_equal(envres_params_set(user, name, TEXT, type_of(member_text(run, node, "type")),
                                       value->data, value->len,
                                       is_set(run, node, "secret") ? ENVRES_PARAM_SECRET : 0,
                                       run->err),
                     ENVRES_OK);
}

static envres_params *
read_params(struct run *run, uint32_t node)
{
    envres_params *params = envres_params_new(NULL);
    uint32_t allow = json_member(run->doc, node, "allow");
    assert_non_null(params);
    each_member(run, json_member(run->doc, node, "given"), set_param, params);
    uint32_t left = allow == JSON_NONE ? 0 : json_size(run->doc, allow);
    for (uint32_t name = left ? json_first(run->doc, allow) : JSON_NONE; left > 0;
         name = json_next(run->doc, name), left--)
        assert_int_equal(envres_params_allow(params, string_at(run, name)->data, TEXT, run->err),
                         ENVRES_OK);
    return params;
}

static void
check_param(struct run *run, uint32_t node, const envres_statement *statement, uint32_t index)
{
    uint32_t value = json_member(run->doc, node, "value");
    size_t len = 0;
    const char *data = envres_statement_value(statement, index, &len);
    assert_string_equal(envres_statement_name(statement, index), member_text(run, node, "name"));
    assert_string_equal(envres_type_name(envres_statement_type(statement, index)),
                        member_text(run, node, "type"));
    assert_int_equal(envres_statement_is_secret(statement, index), is_set(run, node, "secret"));
    if (json_kind_of(run->doc, value) == JSON_NULL) {
        assert_null(data);
        assert_int_equal(len, 0);
        return;
    }
    const struct buf *want = string_at(run, value);
    assert_int_equal(len, want->len);
    assert_string_equal(data, want->data);
}

static void
check_statement(struct run *run, uint32_t node, const envres_statement *statement)
{
    uint32_t list = json_member(run->doc, node, "params");
    uint32_t first = json_member(run->doc, node, "first");
    size_t len = 0;
    const char *text = envres_statement_text(statement, &len);
    assert_string_equal(text, member_text(run, node, "text"));
    assert_int_equal(strlen(text), len);
    assert_int_equal(envres_statement_first(statement),
                     first == JSON_NONE ? 1 : number_of(run, node, "first"));
    uint32_t count = json_size(run->doc, list);
    assert_int_equal(envres_statement_count(statement), count);
    uint32_t param = count > 0 ? json_first(run->doc, list) : JSON_NONE;
    for (uint32_t i = 0; i < count; i++, param = json_next(run->doc, param))
        check_param(run, param, statement, i);
}

static void
check_error(struct run *run, uint32_t node, envres_status st)
{
    char all[1024];
    assert_string_equal(envres_status_name(st), member_text(run, node, "error"));
    assert_int_equal(envres_error_code(run->err), st);
    if (json_member(run->doc, node, "offset") != JSON_NONE) {
        assert_int_equal(envres_error_offset(run->err), number_of(run, node, "offset"));
        assert_int_equal(envres_error_line(run->err), number_of(run, node, "line"));
        assert_int_equal(envres_error_column(run->err), number_of(run, node, "column"));
    }
    snprintf(all, sizeof(all), "%s; %s", envres_error_message(run->err),
             envres_error_hint(run->err));
    if (json_member(run->doc, node, "mentions") != JSON_NONE &&
        !strstr(all, member_text(run, node, "mentions")))
        fail_msg("not mentioned in: %s", all);
}

static void
run_case(struct run *run, uint32_t node)
{
    static const char *const dialects[] = { "", "postgres", "mysql", "sqlite" };
    static const char *const styles[] = { "", "dollar", "qmark", "colon" };
    envres_template_options options = { .size = sizeof(options), .context = ENVRES_CONTEXT_SQL };
    envres_template *tmpl = NULL;
    envres_statement *statement = NULL;
    options.dialect = choice(run, node, "dialect", dialects, 4);
    options.style = choice(run, node, "style", styles, 4);
    const struct buf *text = string_at(run, json_member(run->doc, node, "template"));
    envres_params *params = read_params(run, node);
    envres_render_options rendering = { .size = sizeof(rendering), .params = params };
    bool fails = json_member(run->doc, node, "error") != JSON_NONE;
    assert_true(same_template(text->data, text->len, &options));
    envres_status st = envres_template_parse(text->data, text->len, &options, &tmpl, run->err);
    if (st < 0 && !fails)
        fail_msg("%s: %s", envres_status_name(st), envres_error_message(run->err));
    if (fails)
        assert_int_equal(st < 0, strcmp(member_text(run, node, "when"), "parse") == 0);
    if (st == ENVRES_OK)
        st = envres_template_prepare(tmpl, run->scope, &rendering, &statement, run->err);
    if (st < 0 && !fails)
        fail_msg("%s: %s", envres_status_name(st), envres_error_message(run->err));
    if (fails)
        check_error(run, node, st);
    else
        check_statement(run, node, statement);
    assert_int_equal(statement == NULL, fails);
    envres_statement_free(statement);
    envres_params_free(params);
    envres_template_unref(tmpl);
}

static void
read_file(struct buf *out)
{
    char block[8192];
    FILE *file = fopen(TEST_VECTORS "/sql.json", "rb");
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
    envres_store *store = NULL;
    struct buf file;
    int64_t cases = 0;
    (void)state;
    run.err = envres_error_new(NULL);
    read_file(&file);
    assert_int_equal(json_parse(&mem_default, file.data, file.len, &doc, run.err), ENVRES_OK);
    run.doc = doc;
    assert_int_equal(envres_store_create(NULL, 0, NULL, &owner, &store, run.err), ENVRES_OK);
    assert_int_equal(envres_session_open(store, NULL, 0, &owner, &run.session, run.err), ENVRES_OK);
    each_member(&run, json_member(doc, 0, "variables"), put_variable, NULL);
    release(&run);
    assert_int_equal(envres_scope_open(run.session, "development", TEXT, NULL, &run.scope, run.err),
                     ENVRES_OK);
    uint32_t list = json_member(doc, 0, "cases");
    uint32_t node = json_first(doc, list);
    for (; cases < json_size(doc, list); node = json_next(doc, node), cases++) {
        printf("  %s: %s\n", member_text(&run, node, "dialect"), member_text(&run, node, "name"));
        envres_error_clear(run.err);
        run_case(&run, node);
        release(&run);
    }
    assert_int_equal(cases, number_of(&run, 0, "count"));
    assert_true(cases >= 250);
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
