/* SPDX-License-Identifier: MIT */
/*
 * The cases of tests/vectors/resources.json that need no store: each goes through the table of
 * kinds (define, configure, required fields) and the writers of connection strings, and must end
 * where, and as, the case says. Cases with templates, other environments or a fallback are run
 * through the public API elsewhere.
 */
#include "connect_fixture.h"

#include "base/json.h"

/* Cases that need a store (templates, other environments, fallback) are for the API's runner. */
static bool
is_pure(const struct json_doc *doc, uint32_t row)
{
    static const char *const needs_store[] = { "environment", "elsewhere", "fallback",
                                               "variables" };
    for (size_t i = 0; i < sizeof(needs_store) / sizeof(needs_store[0]); i++) {
        if (json_member(doc, row, needs_store[i]) != JSON_NONE)
            return false;
    }
    uint32_t fields = json_member(doc, row, "fields");
    struct slice span = json_span(doc, fields);
    for (size_t i = 0; i + 1 < span.len; i++) {
        if (span.data[i] == '<' && span.data[i + 1] == '<')
            return false;
    }
    return json_kind_of(doc, fields) == JSON_OBJECT;
}

/* A string node's text, NUL-terminated, to be freed by free(). */
static char *
node_text(const struct json_doc *doc, uint32_t node)
{
    struct buf text;
    size_t len = 0;
    assert_true(node != JSON_NONE);
    assert_int_equal(json_kind_of(doc, node), JSON_STRING);
    buf_init(&text, &mem_default, false);
    json_string(doc, node, &text);
    char *copy = buf_take(&text, &len);
    assert_non_null(copy);
    return copy;
}

static bool
has_string(const struct json_doc *doc, uint32_t array, struct slice wanted)
{
    if (array == JSON_NONE)
        return false;
    for (uint32_t item = json_first(doc, array); item != JSON_NONE; item = json_next(doc, item)) {
        char *text = node_text(doc, item);
        bool found = slice_equal(slice_str(text), wanted);
        free(text);
        if (found)
            return true;
    }
    return false;
}

/* Where a case ended, and what it holds. */
struct run {
    const char *at; /* "define", "configure", "resolve", "url" */
    envres_status status;
    struct fixture fx;
    char *owned[2 * MAX_FIELDS];
    uint32_t owned_count;
    envres_error *err;
};

static char *
keep(struct run *run, char *text)
{
    assert_true(run->owned_count < 2 * MAX_FIELDS);
    run->owned[run->owned_count++] = text;
    return text;
}

/* configure: the field must be there and its value right. */
static envres_status
run_field(struct run *run, const char *name, const char *value, bool secret)
{
    struct fixture *fx = &run->fx;
    const struct kind_field *field = NULL;
    struct buf out;
    size_t len = 0;
    envres_status st = kind_field_need(fx->kind, slice_str(name), &field, run->err);
    if (st < 0)
        return st;
    buf_init(&out, &mem_default, true);
    st = kind_check_value(&mem_default, field, slice_str(name), slice_str(value), &out, run->err);
    if (st < 0) {
        buf_free(&out);
        return st;
    }
    char *canonical = keep(run, buf_take(&out, &len));
    if (!field) {
        assert_true(fx->count < MAX_FIELDS);
        fx->fields[fx->count++].name = slice_str(name);
    }
    fixture_set_str(fx, name, canonical);
    if (secret)
        fixture_field(fx, name)->is_secret = true;
    return ENVRES_OK;
}

static void
run_case(struct run *run, const struct json_doc *doc, uint32_t row)
{
    const struct kind *kind = NULL;
    uint32_t fields = json_member(doc, row, "fields");
    uint32_t secret = json_member(doc, row, "secret");
    char *name = keep(run, node_text(doc, json_member(doc, row, "kind")));
    run->at = "define";
    run->status = kind_need(slice_str(name), &kind, run->err);
    if (run->status < 0)
        return;
    fixture_init(&run->fx, name);
    run->at = "configure";
    for (uint32_t key = json_first(doc, fields); key != JSON_NONE; key = json_next(doc, key + 1)) {
        char *field = keep(run, node_text(doc, key));
        char *value = node_text(doc, key + 1);
        run->status = run_field(run, field, value, has_string(doc, secret, slice_str(field)));
        free(value);
        if (run->status < 0)
            return;
    }
    run->at = "resolve";
    bool is_set[MAX_FIELDS] = { false };
    for (uint32_t i = 0; i < kind->count; i++)
        is_set[i] = run->fx.fields[i].is_set;
    run->status = kind_check_required(kind, is_set, run->err);
}

static void
check_error(const struct run *run, const struct json_doc *doc, uint32_t error)
{
    char *at = node_text(doc, json_member(doc, error, "at"));
    char *code = node_text(doc, json_member(doc, error, "code"));
    uint32_t subject = json_member(doc, error, "subject");
    uint32_t mentions = json_member(doc, error, "mentions");
    assert_string_equal(envres_status_name(run->status), code);
    assert_string_equal(run->at, at);
    if (subject != JSON_NONE) {
        char *text = node_text(doc, subject);
        assert_string_equal(envres_error_subject(run->err), text);
        free(text);
    }
    if (mentions != JSON_NONE) {
        char *text = node_text(doc, mentions);
        assert_true(strstr(envres_error_message(run->err), text) ||
                    strstr(envres_error_hint(run->err), text));
        free(text);
    }
    free(at);
    free(code);
}

static void
check_fields(const struct fixture *fx, const struct json_doc *doc, uint32_t expect)
{
    uint32_t fields = json_member(doc, expect, "fields");
    uint32_t secrets = json_member(doc, expect, "secret_fields");
    uint32_t set = 0;
    for (uint32_t i = 0; i < fx->count; i++) {
        const struct connect_field *field = &fx->fields[i];
        char name[64];
        snprintf(name, sizeof(name), "%.*s", (int)field->name.len, field->name.data);
        uint32_t node = json_member(doc, fields, name);
        assert_int_equal(node != JSON_NONE, field->is_set);
        if (!field->is_set)
            continue;
        char *wanted = node_text(doc, node);
        assert_true(slice_equal(field->value, slice_str(wanted)));
        assert_int_equal(has_string(doc, secrets, field->name), field->is_secret);
        free(wanted);
        set++;
    }
    assert_int_equal(json_size(doc, fields), set);
}

static void
check_string(const struct fixture *fx, connect_call call, bool redact, const struct json_doc *doc,
             uint32_t node)
{
    assert_true(node != JSON_NONE);
    if (json_kind_of(doc, node) == JSON_NULL) {
        struct buf out;
        buf_init(&out, &mem_default, true);
        assert_int_equal(call(fx->kind, fx->fields, fx->count, redact, &out, NULL), ENVRES_E_FIELD);
        buf_free(&out);
        return;
    }
    char *wanted = node_text(doc, node);
    char *text = connect_text(fx, call, redact);
    assert_string_equal(text, wanted);
    free(text);
    free(wanted);
}

static void
check_expect(const struct fixture *fx, const struct json_doc *doc, uint32_t expect)
{
    check_fields(fx, doc, expect);
    check_string(fx, connect_url, false, doc, json_member(doc, expect, "url"));
    check_string(fx, connect_url, true, doc, json_member(doc, expect, "redacted_url"));
    check_string(fx, connect_dsn, false, doc, json_member(doc, expect, "dsn"));
    assert_int_equal(connect_url_is_secret(fx->kind, fx->fields, fx->count),
                     json_kind_of(doc, json_member(doc, expect, "url_secret")) == JSON_TRUE);
    assert_int_equal(connect_dsn_is_secret(fx->kind, fx->fields, fx->count),
                     json_kind_of(doc, json_member(doc, expect, "dsn_secret")) == JSON_TRUE);
}

static char *
read_whole(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be read", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    char *text = malloc((size_t)size);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    fclose(file);
    *len = (size_t)size;
    return text;
}

static void
test_vectors(void **state)
{
    (void)state;
    size_t len = 0;
    uint32_t seen = 0;
    uint32_t pure = 0;
    struct json_doc *doc = NULL;
    struct json_number count;
    char *text = read_whole(TEST_VECTORS "/resources.json", &len);
    assert_int_equal(json_parse(&mem_default, text, len, &doc, NULL), ENVRES_OK);
    uint32_t cases = json_member(doc, 0, "cases");
    for (uint32_t row = json_first(doc, cases); row != JSON_NONE; row = json_next(doc, row)) {
        struct run run = { 0 };
        seen++;
        if (!is_pure(doc, row))
            continue;
        pure++;
        char *name = node_text(doc, json_member(doc, row, "name"));
        uint32_t error = json_member(doc, row, "error");
        print_message("    %s\n", name);
        run.err = envres_error_new(NULL);
        run_case(&run, doc, row);
        if (error != JSON_NONE) {
            check_error(&run, doc, error);
        } else {
            if (run.status < 0)
                fail_msg("%s: %s", run.at, envres_error_message(run.err));
            check_expect(&run.fx, doc, json_member(doc, row, "expect"));
        }
        while (run.owned_count > 0)
            free(run.owned[--run.owned_count]);
        envres_error_free(run.err);
        free(name);
    }
    struct slice said = json_span(doc, json_member(doc, 0, "count"));
    assert_int_equal(json_number(said.data, said.len, &count, NULL), ENVRES_OK);
    assert_int_equal(seen, count.integer);
    print_message("    %u of %u cases need no store\n", pure, seen);
    assert_true(pure >= 60);
    json_free(doc);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
