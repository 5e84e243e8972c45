/* SPDX-License-Identifier: MIT */
/*
 * The cases of tests/vectors/resources.json, twice. Those that need no store go through the table
 * of kinds (define, configure, required fields) and the writers of connection strings; then all of
 * them go through the public calls, each against a store in memory of its own. Both must end where,
 * and as, the case says.
 */
#include "connect_fixture.h"

#include <envres/envres.h>

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

/* ---- through the public calls -------------------------------------------------------------- */

static const char handle_name[] = "it";

struct host {
    envres_store *store;
    envres_session *session;
    envres_scope *scope;
    envres_resource_handle *handle;
    envres_error *err;
    const char *at; /* the call that failed, or the last one */
    envres_status status;
};

/* Production is protected and asks for a reason. */
static const envres_change *
reason(void)
{
    static const envres_change change = {
        .size = sizeof(change),
        .reason = "test",
        .reason_len = 4,
    };
    return &change;
}

static void
host_open(struct host *host)
{
    static const uint8_t key[32] = { 1, 2, 3 };
    envres_credential owner = {
        .size = sizeof(owner),
        .kind = ENVRES_CREDENTIAL_RAW_KEY,
        .secret = key,
        .secret_len = sizeof(key),
    };
    memset(host, 0, sizeof(*host));
    host->err = envres_error_new(NULL);
    envres_status st = envres_store_create(NULL, 0, NULL, &owner, &host->store, host->err);
    if (st == ENVRES_OK)
        st = envres_session_open(host->store, NULL, 0, &owner, &host->session, host->err);
    if (st < 0)
        fail_msg("no store: %s", envres_error_message(host->err));
}

static void
host_close(struct host *host)
{
    envres_resource_handle_free(host->handle);
    envres_scope_unref(host->scope);
    envres_session_close(host->session);
    envres_store_close(host->store);
    envres_error_free(host->err);
}

static int32_t
type_of(const char *name)
{
    static const char *const names[] = { "", "string", "number", "boolean", "json", "template" };
    for (int32_t type = ENVRES_TYPE_STRING; type <= ENVRES_TYPE_TEMPLATE; type++) {
        if (strcmp(names[type], name) == 0)
            return type;
    }
    fail_msg("no type %s", name);
    return 0;
}

static void
put_variables(struct host *host, const struct json_doc *doc, uint32_t list)
{
    if (list == JSON_NONE)
        return;
    for (uint32_t item = json_first(doc, list); item != JSON_NONE; item = json_next(doc, item)) {
        char *environment = node_text(doc, json_member(doc, item, "environment"));
        char *name = node_text(doc, json_member(doc, item, "name"));
        char *type = node_text(doc, json_member(doc, item, "type"));
        char *value = node_text(doc, json_member(doc, item, "value"));
        bool secret = json_kind_of(doc, json_member(doc, item, "secret")) == JSON_TRUE;
        envres_variable_write write = {
            .size = sizeof(write),
            .flags = secret ? ENVRES_WRITE_SECRET : 0,
            .name = name,
            .name_len = ENVRES_NUL_TERMINATED,
            .value = value,
            .value_len = ENVRES_NUL_TERMINATED,
            .type = type_of(type),
        };
        if (envres_variable_put(host->session, environment, ENVRES_NUL_TERMINATED, &write, reason(),
                                NULL, host->err) < 0)
            fail_msg("variable %s: %s", name, envres_error_message(host->err));
        free(environment);
        free(name);
        free(type);
        free(value);
    }
}

static envres_status
configure_fields(struct host *host, const char *environment, const struct json_doc *doc,
                 uint32_t fields, uint32_t secret)
{
    envres_resource_field given[MAX_FIELDS];
    char *texts[2 * MAX_FIELDS];
    size_t count = 0;
    memset(given, 0, sizeof(given));
    for (uint32_t key = json_first(doc, fields); key != JSON_NONE; key = json_next(doc, key + 1)) {
        assert_true(count < MAX_FIELDS);
        char *name = texts[2 * count] = node_text(doc, key);
        char *value = texts[2 * count + 1] = node_text(doc, key + 1);
        given[count].size = sizeof(given[count]);
        given[count].flags = has_string(doc, secret, slice_str(name)) ? ENVRES_FIELD_SECRET : 0;
        given[count].name = name;
        given[count].name_len = strlen(name);
        given[count].value = value;
        given[count].value_len = strlen(value);
        count++;
    }
    envres_resource_write write = {
        .size = sizeof(write),
        .handle = handle_name,
        .handle_len = ENVRES_NUL_TERMINATED,
        .fields = given,
        .count = count,
    };
    envres_status st = envres_resource_configure(host->session, environment, ENVRES_NUL_TERMINATED,
                                                 &write, reason(), NULL, host->err);
    while (count > 0) {
        count--;
        free(texts[2 * count]);
        free(texts[2 * count + 1]);
    }
    return st;
}

static void
configure_elsewhere(struct host *host, const struct json_doc *doc, uint32_t elsewhere)
{
    if (elsewhere == JSON_NONE)
        return;
    for (uint32_t key = json_first(doc, elsewhere); key != JSON_NONE;
         key = json_next(doc, key + 1)) {
        char *environment = node_text(doc, key);
        if (configure_fields(host, environment, doc, key + 1, JSON_NONE) < 0)
            fail_msg("elsewhere %s: %s", environment, envres_error_message(host->err));
        free(environment);
    }
}

static void
declare_fallback(struct host *host, const char *environment, const struct json_doc *doc,
                 uint32_t node)
{
    host->at = "fallback";
    char *to = node_text(doc, node);
    envres_fallback fallback = {
        .size = sizeof(fallback),
        .handle = handle_name,
        .handle_len = ENVRES_NUL_TERMINATED,
        .to = to,
        .to_len = ENVRES_NUL_TERMINATED,
    };
    host->status = envres_resource_fallback(host->session, environment, ENVRES_NUL_TERMINATED,
                                            &fallback, reason(), host->err);
    free(to);
}

/* Everything a case sets up, up to the call that fails. */
static void
set_up(struct host *host, const char *environment, const struct json_doc *doc, uint32_t row)
{
    uint32_t fields = json_member(doc, row, "fields");
    uint32_t fallback = json_member(doc, row, "fallback");
    char *kind = node_text(doc, json_member(doc, row, "kind"));
    put_variables(host, doc, json_member(doc, row, "variables"));
    host->at = "define";
    host->status = envres_resource_define(host->session, handle_name, ENVRES_NUL_TERMINATED, kind,
                                          ENVRES_NUL_TERMINATED, reason(), host->err);
    free(kind);
    if (host->status < 0)
        return;
    configure_elsewhere(host, doc, json_member(doc, row, "elsewhere"));
    host->at = "configure";
    if (json_kind_of(doc, fields) == JSON_OBJECT)
        host->status =
            configure_fields(host, environment, doc, fields, json_member(doc, row, "secret"));
    if (host->status == ENVRES_OK && fallback != JSON_NONE)
        declare_fallback(host, environment, doc, fallback);
    if (host->status < 0)
        return;
    if (envres_scope_open(host->session, environment, ENVRES_NUL_TERMINATED, NULL, &host->scope,
                          host->err) < 0)
        fail_msg("no scope: %s", envres_error_message(host->err));
    host->at = "resolve";
    host->status = envres_scope_resource(host->scope, handle_name, ENVRES_NUL_TERMINATED,
                                         &host->handle, host->err);
}

/* The type that the list of kinds gives a field. */
static int32_t
listed_type(const char *kind, const char *name)
{
    static const char *const words[] = { "string", "integer", "boolean", "json" };
    static const int32_t types[] = { ENVRES_TYPE_STRING, ENVRES_TYPE_NUMBER, ENVRES_TYPE_BOOLEAN,
                                     ENVRES_TYPE_JSON };
    envres_list *list = NULL;
    int32_t type = ENVRES_TYPE_STRING;
    assert_int_equal(envres_kind_list(NULL, &list, NULL), ENVRES_OK);
    for (size_t i = 0; i < envres_list_count(list); i++) {
        const char *field = envres_list_text(list, i, ENVRES_KIND_FIELD, NULL);
        if (!field || strcmp(field, name) != 0 ||
            strcmp(envres_list_text(list, i, ENVRES_KIND_NAME, NULL), kind) != 0)
            continue;
        for (size_t w = 0; w < 4; w++) {
            if (strcmp(envres_list_text(list, i, ENVRES_KIND_TYPE, NULL), words[w]) == 0)
                type = types[w];
        }
    }
    envres_list_free(list);
    return type;
}

static void
check_value_is(const envres_value *value, const char *wanted)
{
    size_t len = 0;
    const char *data = envres_value_data(value, &len);
    assert_true(slice_equal(slice_of(data, len), slice_str(wanted)));
}

static void
check_handle_fields(const struct host *host, const struct json_doc *doc, uint32_t expect)
{
    uint32_t fields = json_member(doc, expect, "fields");
    uint32_t secrets = json_member(doc, expect, "secret_fields");
    const char *kind = envres_resource_handle_kind(host->handle);
    uint32_t key = json_first(doc, fields);
    assert_int_equal(envres_resource_handle_field_count(host->handle), json_size(doc, fields));
    for (uint32_t i = 0; i < json_size(doc, fields); i++) {
        envres_value *value = NULL;
        const char *name = envres_resource_handle_field_name(host->handle, i);
        char *in_order = node_text(doc, key);
        char *wanted = node_text(doc, json_member(doc, fields, name));
        bool secret = has_string(doc, secrets, slice_str(name));
        if (strcmp(kind, "custom") != 0)
            assert_string_equal(name, in_order);
        assert_int_equal(envres_resource_handle_field_is_secret(host->handle, i), secret);
        assert_int_equal(envres_resource_handle_field(host->handle, name, ENVRES_NUL_TERMINATED,
                                                      &value, host->err),
                         ENVRES_OK);
        check_value_is(value, wanted);
        assert_int_equal(envres_value_is_secret(value), secret);
        assert_int_equal(envres_value_type(value), listed_type(kind, name));
        envres_value_free(value);
        free(in_order);
        free(wanted);
        key = json_next(doc, key + 1);
    }
}

typedef envres_status (*string_call)(const envres_resource_handle *, envres_value **,
                                     envres_error *);

static void
check_handle_string(const struct host *host, string_call call, const struct json_doc *doc,
                    uint32_t node, bool secret)
{
    envres_value *value = NULL;
    envres_status st = call(host->handle, &value, host->err);
    if (json_kind_of(doc, node) == JSON_NULL) {
        assert_int_equal(st, ENVRES_E_FIELD);
        assert_null(value);
        return;
    }
    char *wanted = node_text(doc, node);
    if (st < 0)
        fail_msg("%s: %s", wanted, envres_error_message(host->err));
    check_value_is(value, wanted);
    assert_int_equal(envres_value_is_secret(value), secret);
    envres_value_free(value);
    free(wanted);
}

static bool
is_true(const struct json_doc *doc, uint32_t object, const char *key)
{
    uint32_t node = json_member(doc, object, key);
    return node != JSON_NONE && json_kind_of(doc, node) == JSON_TRUE;
}

static void
check_handle(const struct host *host, const char *environment, const struct json_doc *doc,
             uint32_t expect)
{
    uint32_t from = json_member(doc, expect, "environment");
    char *source = from == JSON_NONE ? NULL : node_text(doc, from);
    assert_string_equal(envres_resource_handle_environment(host->handle),
                        source ? source : environment);
    free(source);
    assert_int_equal(envres_resource_handle_is_fallback(host->handle),
                     is_true(doc, expect, "fallback"));
    check_handle_fields(host, doc, expect);
    check_handle_string(host, envres_resource_handle_url, doc, json_member(doc, expect, "url"),
                        is_true(doc, expect, "url_secret"));
    check_handle_string(host, envres_resource_handle_redacted_url, doc,
                        json_member(doc, expect, "redacted_url"), false);
    check_handle_string(host, envres_resource_handle_dsn, doc, json_member(doc, expect, "dsn"),
                        is_true(doc, expect, "dsn_secret"));
}

static void
test_vectors_through_api(void **state)
{
    (void)state;
    size_t len = 0;
    uint32_t seen = 0;
    struct json_doc *doc = NULL;
    char *text = read_whole(TEST_VECTORS "/resources.json", &len);
    assert_int_equal(json_parse(&mem_default, text, len, &doc, NULL), ENVRES_OK);
    uint32_t cases = json_member(doc, 0, "cases");
    for (uint32_t row = json_first(doc, cases); row != JSON_NONE; row = json_next(doc, row)) {
        struct host host;
        uint32_t error = json_member(doc, row, "error");
        uint32_t where = json_member(doc, row, "environment");
        char *name = node_text(doc, json_member(doc, row, "name"));
        char *given = where == JSON_NONE ? NULL : node_text(doc, where);
        const char *environment = given ? given : "development";
        print_message("    %s\n", name);
        host_open(&host);
        set_up(&host, environment, doc, row);
        if (error != JSON_NONE) {
            struct run run = { .at = host.at, .status = host.status, .err = host.err };
            check_error(&run, doc, error);
        } else {
            if (host.status < 0)
                fail_msg("%s: %s", host.at, envres_error_message(host.err));
            check_handle(&host, environment, doc, json_member(doc, row, "expect"));
        }
        host_close(&host);
        free(given);
        free(name);
        seen++;
    }
    assert_int_equal(seen, json_size(doc, cases));
    json_free(doc);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_vectors_through_api),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
