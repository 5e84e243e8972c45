/* SPDX-License-Identifier: MIT */
/*
 * The shared template vectors (tests/vectors/templates.json), twice: against the language alone,
 * with a resolver of its own that reads the file, naive on purpose and independent of `resolve`;
 * and through a store in memory and scopes, as a host does it.
 */
#include "fx_lang.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <envres/envres.h>

#include "base/json.h"
#include "base/limits.h"
#include "lang/params.h"

#include "../same_template.h"

enum { KEEP_MAX = 4096, CHAIN_MAX = 8 };

struct run {
    const struct json_doc *doc;
    uint32_t environments;
    uint32_t environment; /* node of the case's environment */
    char name[LIMIT_ENVIRONMENT_KEY + 1];
    const envres_params *params;
    bool forbids_secrets;
    bool is_secret;
    int depth;
    char *chain[CHAIN_MAX + 1];
    struct buf keep[KEEP_MAX]; /* texts that operands borrow */
    size_t kept;
};

static struct buf *
keep(struct run *run)
{
    assert_true(run->kept < KEEP_MAX);
    struct buf *buf = &run->keep[run->kept++];
    buf_init(buf, &mem_default, false);
    buf_reserve(buf, 1);
    return buf;
}

static char *
text_of(struct run *run, uint32_t node)
{
    struct buf *buf = keep(run);
    assert_int_not_equal(node, JSON_NONE);
    assert_int_equal(json_kind_of(run->doc, node), JSON_STRING);
    json_string(run->doc, node, buf);
    buf_add_char(buf, '\0');
    return buf->data;
}

static char *
member_text(struct run *run, uint32_t object, const char *key)
{
    return text_of(run, json_member(run->doc, object, key));
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
    static const char *const names[] = {
        [ENVRES_TYPE_STRING] = "string",     [ENVRES_TYPE_NUMBER] = "number",
        [ENVRES_TYPE_BOOLEAN] = "boolean",   [ENVRES_TYPE_JSON] = "json",
        [ENVRES_TYPE_TEMPLATE] = "template", [ENVRES_TYPE_NULL] = "null",
    };
    for (int32_t type = ENVRES_TYPE_STRING; type <= ENVRES_TYPE_NULL; type++) {
        if (strcmp(names[type], name) == 0)
            return type;
    }
    fail_msg("unknown type %s", name);
    return 0;
}

static bool
others_have(const struct run *run, const char *kind, const char *name)
{
    uint32_t left = json_size(run->doc, run->environments);
    for (uint32_t key = json_first(run->doc, run->environments); left > 0;
         key = json_next(run->doc, key + 1), left--) {
        uint32_t things = json_member(run->doc, key + 1, kind);
        if (json_member(run->doc, things, name) != JSON_NONE)
            return true;
    }
    return false;
}

static envres_status resolve(void *user, const struct template_ref *ref, struct operand *value,
                             bool *found, envres_error *err);

static envres_status
expand(struct run *run, char *name, const char *text, struct operand *value, envres_error *err)
{
    envres_template *tmpl = NULL;
    for (int i = 0; i < run->depth; i++) {
        if (strcmp(run->chain[i], name) == 0)
            return err_code(err, ENVRES_E_CYCLE);
    }
    if (run->depth == LIMIT_TEMPLATE_DEPTH)
        return err_code(err, ENVRES_E_DEPTH);
    run->chain[run->depth++] = name;
    envres_status st = envres_template_parse(text, ENVRES_NUL_TERMINATED, NULL, &tmpl, err);
    struct buf *out = keep(run);
    if (st == ENVRES_OK)
        st = fx_render(tmpl, resolve, run, out, err);
    envres_template_unref(tmpl);
    run->depth--;
    value->type = ENVRES_TYPE_STRING;
    value->text = slice_of(out->data, out->len);
    return st;
}

static envres_status
read_value(struct run *run, char *name, uint32_t node, struct operand *value, envres_error *err)
{
    int32_t type = type_of(member_text(run, node, "type"));
    char *text = member_text(run, node, "value");
    if (is_set(run, node, "secret")) {
        run->is_secret = true;
        if (run->forbids_secrets)
            return err_code(err, ENVRES_E_SECRET_SINK);
    }
    if (type == ENVRES_TYPE_TEMPLATE)
        return expand(run, name, text, value, err);
    value->type = type;
    value->text = slice_str(text);
    return ENVRES_OK;
}

/* E_NOT_FOUND is left to fx_render(), which knows whether there is a default; what a default does
 * not cover is an error here. */
static envres_status
resolve_variable(struct run *run, char *name, struct operand *value, bool *found, envres_error *err)
{
    uint32_t variables = json_member(run->doc, run->environment, "variables");
    uint32_t node = json_member(run->doc, variables, name);
    *found = node != JSON_NONE;
    return *found ? read_value(run, name, node, value, err) : ENVRES_OK;
}

static envres_status
resolve_resource(struct run *run, char *name, const char *field, struct operand *value, bool *found,
                 envres_error *err)
{
    uint32_t resources = json_member(run->doc, run->environment, "resources");
    uint32_t node = json_member(run->doc, resources, name);
    *found = false;
    if (node == JSON_NONE)
        return others_have(run, "resources", name) ? err_code(err, ENVRES_E_NOT_CONFIGURED)
                                                   : ENVRES_OK;
    node = json_member(run->doc, json_member(run->doc, node, "fields"), field);
    *found = node != JSON_NONE;
    return *found ? read_value(run, name, node, value, err) : ENVRES_OK;
}

static char *
copy_slice(struct run *run, struct slice slice)
{
    struct buf *buf = keep(run);
    buf_add(buf, slice.data, slice.len);
    buf_add_char(buf, '\0');
    return buf->data;
}

static envres_status
resolve(void *user, const struct template_ref *ref, struct operand *value, bool *found,
        envres_error *err)
{
    struct run *run = user;
    bool is_secret = false;
    char *name = copy_slice(run, ref->name);
    value->type = ENVRES_TYPE_STRING;
    *found = true;
    switch (ref->root) {
    case REF_ENVIRONMENT_NAME:
        value->text = slice_str(run->name);
        return ENVRES_OK;
    case REF_ENVIRONMENT_LABEL:
        value->text = slice_str(member_text(run, run->environment, "label"));
        return ENVRES_OK;
    case REF_VARIABLE:
        return resolve_variable(run, name, value, found, err);
    case REF_RESOURCE:
        return resolve_resource(run, name, copy_slice(run, ref->field), value, found, err);
    case REF_PARAM:
        *found = params_find(run->params, ref->name, value, &is_secret);
        run->is_secret |= *found && is_secret;
        return ENVRES_OK;
    case REF_APP_NAME:
    case REF_APP_VERSION:
    case REF_APP_RELEASE:
        break;
    }
    *found = false;
    return ENVRES_OK;
}

/* ---- one case
 * ------------------------------------------------------------------------------------ */

static void
read_template(struct run *run, uint32_t node, struct buf *text)
{
    uint32_t parts = json_member(run->doc, node, "parts");
    uint32_t hex = json_member(run->doc, node, "template_hex");
    if (hex != JSON_NONE) {
        const char *digits = text_of(run, hex);
        for (; *digits; digits += 2) {
            unsigned byte = 0;
            assert_int_equal(sscanf(digits, "%2x", &byte), 1);
            buf_add_char(text, (char)byte);
        }
    } else if (parts == JSON_NONE) {
        json_string(run->doc, json_member(run->doc, node, "template"), text);
    }
    uint32_t left = parts == JSON_NONE ? 0 : json_size(run->doc, parts);
    for (uint32_t part = left ? json_first(run->doc, parts) : JSON_NONE; left > 0;
         part = json_next(run->doc, part), left--) {
        uint32_t piece = json_first(run->doc, part);
        struct slice count = json_span(run->doc, json_next(run->doc, piece));
        for (int n = atoi(count.data); n > 0; n--)
            json_string(run->doc, piece, text);
    }
    buf_reserve(text, 1);
}

static envres_params *
read_params(struct run *run, uint32_t node)
{
    envres_params *params = envres_params_new(NULL);
    uint32_t object = json_member(run->doc, node, "params");
    assert_non_null(params);
    if (object == JSON_NONE)
        return params;
    uint32_t left = json_size(run->doc, object);
    for (uint32_t key = json_first(run->doc, object); left > 0;
         key = json_next(run->doc, key + 1), left--) {
        envres_status st = envres_params_set(
            params, text_of(run, key), ENVRES_NUL_TERMINATED,
            type_of(member_text(run, key + 1, "type")), member_text(run, key + 1, "value"),
            ENVRES_NUL_TERMINATED, is_set(run, key + 1, "secret") ? ENVRES_PARAM_SECRET : 0, NULL);
        assert_int_equal(st, ENVRES_OK);
    }
    return params;
}

static int64_t
number_of(const struct run *run, uint32_t object, const char *key)
{
    struct json_number number = { 0 };
    struct slice span = json_span(run->doc, json_member(run->doc, object, key));
    assert_int_equal(json_number(span.data, span.len, &number, NULL), ENVRES_OK);
    return number.integer;
}

static void
check_references(struct run *run, const envres_template *tmpl, uint32_t rows)
{
    envres_list *list = NULL;
    size_t row = 0;
    assert_int_equal(envres_template_references(tmpl, &list, NULL), ENVRES_OK);
    assert_int_equal(envres_list_count(list), json_size(run->doc, rows));
    uint32_t node = json_first(run->doc, rows);
    for (; row < json_size(run->doc, rows); node = json_next(run->doc, node), row++) {
        assert_string_equal(envres_list_text(list, row, ENVRES_TAG_KIND, NULL),
                            member_text(run, node, "kind"));
        assert_string_equal(envres_list_text(list, row, ENVRES_TAG_NAME, NULL),
                            member_text(run, node, "name"));
        assert_int_equal(envres_list_integer(list, row, ENVRES_TAG_OFFSET),
                         number_of(run, node, "offset"));
        assert_int_equal(envres_list_integer(list, row, ENVRES_TAG_LINE),
                         number_of(run, node, "line"));
        assert_int_equal(envres_list_integer(list, row, ENVRES_TAG_COLUMN),
                         number_of(run, node, "column"));
        assert_int_equal(envres_list_integer(list, row, ENVRES_TAG_DEFAULT),
                         number_of(run, node, "default"));
        const char *hint = envres_list_text(list, row, ENVRES_TAG_HINT, NULL);
        if (json_member(run->doc, node, "hint") != JSON_NONE)
            assert_string_equal(hint, member_text(run, node, "hint"));
        else
            assert_null(hint);
    }
    envres_list_free(list);
}

static void
check_error(struct run *run, uint32_t node, envres_status st, const envres_error *err)
{
    assert_string_equal(envres_status_name(st), member_text(run, node, "error"));
    assert_int_equal(envres_error_code(err), st);
    assert_true(envres_error_message(err)[0] != '\0');
    if (json_member(run->doc, node, "offset") == JSON_NONE)
        return;
    assert_int_equal(envres_error_offset(err), number_of(run, node, "offset"));
    assert_int_equal(envres_error_line(err), number_of(run, node, "line"));
    assert_int_equal(envres_error_column(err), number_of(run, node, "column"));
}

/* A variable that has no value here is E_NOT_SET where another environment has one; so is a
 * parameter that is not given. */
static envres_status
refine(const struct run *run, const envres_template *tmpl, envres_status st, envres_error *err)
{
    struct template_view view;
    char name[LIMIT_NAME + 1];
    if (st != ENVRES_E_NOT_FOUND)
        return st;
    template_view(tmpl, &view);
    snprintf(name, sizeof(name), "%.*s", (int)view.refs[0].name.len, view.refs[0].name.data);
    uint32_t own = json_member(run->doc, run->environment, "variables");
    bool is_elsewhere = view.refs[0].root == REF_VARIABLE &&
                        json_member(run->doc, own, name) == JSON_NONE &&
                        others_have(run, "variables", name);
    if (view.refs[0].root != REF_PARAM && !is_elsewhere)
        return st;
    size_t offset = envres_error_offset(err);
    err_code(err, ENVRES_E_NOT_SET);
    err_position_in(err, view.text, view.text_len, offset);
    return ENVRES_E_NOT_SET;
}

static uint32_t
context_of(const char *name)
{
    static const char *const names[] = { "text", "json", "url", "shell" };
    for (uint32_t context = 0; context < 4; context++) {
        if (strcmp(names[context], name) == 0)
            return context;
    }
    fail_msg("unknown context %s", name);
    return 0;
}

static void
run_case(struct run *run, uint32_t node, envres_error *err)
{
    envres_template *tmpl = NULL;
    struct buf text;
    struct buf out;
    buf_init(&text, &mem_default, false);
    buf_init(&out, &mem_default, false);
    read_template(run, node, &text);
    envres_params *params = read_params(run, node);
    run->params = params;
    run->forbids_secrets = is_set(run, node, "no_secrets");
    envres_template_options options = { .size = sizeof(options) };
    options.context = context_of(member_text(run, node, "context"));
    options.flags = is_set(run, node, "strict") ? ENVRES_TEMPLATE_STRICT : 0;
    snprintf(run->name, sizeof(run->name), "%s", member_text(run, node, "environment"));
    run->environment = json_member(run->doc, run->environments, run->name);
    assert_int_not_equal(run->environment, JSON_NONE);

    bool fails = json_member(run->doc, node, "error") != JSON_NONE;
    bool fails_parse = fails && strcmp(member_text(run, node, "when"), "parse") == 0;
    assert_true(same_template(text.data, text.len, &options));
    envres_status st = envres_template_parse(text.data, text.len, &options, &tmpl, err);
    assert_int_equal(st < 0, fails_parse);
    if (st == ENVRES_OK) {
        st = refine(run, tmpl, fx_render(tmpl, resolve, run, &out, err), err);
        if (st == ENVRES_OK && options.context == ENVRES_CONTEXT_JSON)
            st = json_check(&mem_default, out.data, out.len, err);
    }
    assert_int_equal(st < 0, fails);
    if (fails) {
        check_error(run, node, st, err);
    } else {
        struct buf wanted;
        buf_init(&wanted, &mem_default, false);
        json_string(run->doc, json_member(run->doc, node, "expect"), &wanted);
        assert_int_equal(out.len, wanted.len);
        assert_memory_equal(out.data ? out.data : "", wanted.data ? wanted.data : "", wanted.len);
        buf_free(&wanted);
        uint32_t secret = json_member(run->doc, node, "secret");
        if (secret != JSON_NONE)
            assert_int_equal(run->is_secret, json_kind_of(run->doc, secret) == JSON_TRUE);
        uint32_t references = json_member(run->doc, node, "references");
        if (references != JSON_NONE)
            check_references(run, tmpl, references);
    }
    envres_template_unref(tmpl);
    envres_params_free(params);
    buf_free(&text);
    buf_free(&out);
}

static void
read_file(const char *path, struct buf *out)
{
    char block[8192];
    FILE *file = fopen(path, "rb");
    size_t got;
    assert_non_null(file);
    while ((got = fread(block, 1, sizeof(block), file)) > 0)
        buf_add(out, block, got);
    fclose(file);
    assert_false(out->failed);
}

struct vectors {
    struct buf file;
    struct json_doc *doc;
    envres_error *err;
    int64_t count;
};

static void
vectors_open(struct vectors *vectors)
{
    vectors->doc = NULL;
    vectors->err = envres_error_new(NULL);
    assert_non_null(vectors->err);
    buf_init(&vectors->file, &mem_default, false);
    read_file(TEST_VECTORS "/templates.json", &vectors->file);
    assert_int_equal(json_parse(&mem_default, vectors->file.data, vectors->file.len, &vectors->doc,
                                vectors->err),
                     ENVRES_OK);
}

static void
vectors_close(struct vectors *vectors)
{
    json_free(vectors->doc);
    buf_free(&vectors->file);
    envres_error_free(vectors->err);
}

typedef void (*case_fn)(struct run *run, uint32_t node, void *user, envres_error *err);

static void
run_all(struct vectors *vectors, const char *list_name, case_fn each, void *user)
{
    static struct run run;
    const struct json_doc *doc = vectors->doc;
    uint32_t list = json_member(doc, 0, list_name);
    uint32_t node = json_first(doc, list);
    int64_t cases = 0;
    for (; cases < json_size(doc, list); node = json_next(doc, node), cases++) {
        memset(&run, 0, sizeof(run));
        run.doc = doc;
        run.environments = json_member(doc, 0, "environments");
        printf("  %s\n", member_text(&run, node, "name"));
        envres_error_clear(vectors->err);
        each(&run, node, user, vectors->err);
        while (run.kept > 0)
            buf_free(&run.keep[--run.kept]);
    }
    vectors->count = cases;
    run.doc = doc;
}

static void
check_count(struct vectors *vectors)
{
    struct run run = { .doc = vectors->doc };
    assert_int_equal(vectors->count, number_of(&run, 0, "count"));
    assert_true(vectors->count >= 150);
}

static void
run_alone(struct run *run, uint32_t node, void *user, envres_error *err)
{
    (void)user;
    run_case(run, node, err);
}

static void
test_language_alone(void **state)
{
    struct vectors vectors;
    (void)state;
    vectors_open(&vectors);
    run_all(&vectors, "cases", run_alone, NULL);
    check_count(&vectors);
    vectors_close(&vectors);
}

/* ---- through a store
 * ----------------------------------------------------------------------------- */

struct host {
    envres_store *store;
    envres_session *session;
};

static const envres_change with_reason = { .size = sizeof(with_reason),
                                           .reason = "vectors",
                                           .reason_len = 7 };

static void
host_open(struct host *host, envres_error *err)
{
    static const uint8_t key[32] = { 7, 7, 7 };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key,
                                .secret_len = sizeof(key) };
    host->store = NULL;
    host->session = NULL;
    assert_int_equal(envres_store_create(NULL, 0, NULL, &owner, &host->store, err), ENVRES_OK);
    assert_int_equal(envres_session_open(host->store, NULL, 0, &owner, &host->session, err),
                     ENVRES_OK);
}

static envres_status
put(struct run *run, const struct host *host, const char *environment, const char *name,
    uint32_t node, envres_error *err)
{
    envres_variable_write write = { .size = sizeof(write) };
    write.flags = is_set(run, node, "secret") ? ENVRES_WRITE_SECRET : 0;
    write.name = name;
    write.name_len = ENVRES_NUL_TERMINATED;
    write.value = member_text(run, node, "value");
    write.value_len = ENVRES_NUL_TERMINATED;
    write.type = type_of(member_text(run, node, "type"));
    return envres_variable_put(host->session, environment, ENVRES_NUL_TERMINATED, &write,
                               &with_reason, NULL, err);
}

static void
put_resource(struct run *run, const struct host *host, const char *environment, const char *handle,
             uint32_t node, envres_error *err)
{
    uint32_t fields = json_member(run->doc, node, "fields");
    uint32_t key = json_first(run->doc, fields);
    assert_int_equal(envres_resource_define(host->session, handle, ENVRES_NUL_TERMINATED,
                                            member_text(run, node, "kind"), ENVRES_NUL_TERMINATED,
                                            &with_reason, err),
                     ENVRES_OK);
    for (uint32_t left = json_size(run->doc, fields); left > 0; left--) {
        envres_resource_field field = { .size = sizeof(field) };
        envres_resource_write write = { .size = sizeof(write) };
        field.name = text_of(run, key);
        field.name_len = ENVRES_NUL_TERMINATED;
        field.value = member_text(run, key + 1, "value");
        field.value_len = ENVRES_NUL_TERMINATED;
        write.handle = handle;
        write.handle_len = ENVRES_NUL_TERMINATED;
        write.fields = &field;
        write.count = 1;
        assert_int_equal(envres_resource_configure(host->session, environment,
                                                   ENVRES_NUL_TERMINATED, &write, &with_reason,
                                                   NULL, err),
                         ENVRES_OK);
        key = json_next(run->doc, key + 1);
    }
}

static void
fill(struct run *run, const struct host *host, envres_error *err)
{
    uint32_t environment = json_first(run->doc, run->environments);
    for (uint32_t left = json_size(run->doc, run->environments); left > 0; left--) {
        char *name = text_of(run, environment);
        uint32_t things = json_member(run->doc, environment + 1, "variables");
        uint32_t key = json_size(run->doc, things) ? json_first(run->doc, things) : JSON_NONE;
        for (uint32_t more = json_size(run->doc, things); more > 0; more--) {
            assert_int_equal(put(run, host, name, text_of(run, key), key + 1, err), ENVRES_OK);
            key = json_next(run->doc, key + 1);
        }
        things = json_member(run->doc, environment + 1, "resources");
        key = json_size(run->doc, things) ? json_first(run->doc, things) : JSON_NONE;
        for (uint32_t more = json_size(run->doc, things); more > 0; more--) {
            put_resource(run, host, name, text_of(run, key), key + 1, err);
            key = json_next(run->doc, key + 1);
        }
        environment = json_next(run->doc, environment + 1);
    }
}

static void
run_refused(struct run *run, uint32_t node, void *user, envres_error *err)
{
    envres_status st = put(run, user, member_text(run, node, "environment"),
                           member_text(run, node, "variable"), node, err);
    assert_string_equal(envres_status_name(st), member_text(run, node, "error"));
}

static void
run_hosted(struct run *run, uint32_t node, void *user, envres_error *err)
{
    const struct host *host = user;
    envres_scope *scope = NULL;
    envres_template *tmpl = NULL;
    envres_value *value = NULL;
    struct buf text;
    buf_init(&text, &mem_default, false);
    read_template(run, node, &text);
    envres_params *params = read_params(run, node);
    envres_template_options options = { .size = sizeof(options) };
    options.context = context_of(member_text(run, node, "context"));
    options.flags = is_set(run, node, "strict") ? ENVRES_TEMPLATE_STRICT : 0;
    envres_render_options rendering = { .size = sizeof(rendering), .params = params };
    rendering.flags = is_set(run, node, "no_secrets") ? ENVRES_RENDER_NO_SECRETS : 0;
    assert_int_equal(envres_scope_open(host->session, member_text(run, node, "environment"),
                                       ENVRES_NUL_TERMINATED, NULL, &scope, err),
                     ENVRES_OK);
    envres_status st = envres_template_parse(text.data, text.len, &options, &tmpl, err);
    if (st == ENVRES_OK)
        st = envres_template_render(tmpl, scope, &rendering, &value, err);
    if (json_member(run->doc, node, "error") != JSON_NONE) {
        assert_null(value);
        check_error(run, node, st, err);
    } else {
        size_t len = 0;
        if (st < 0)
            fail_msg("%s: %s", envres_status_name(st), envres_error_message(err));
        const char *data = envres_value_data(value, &len);
        struct buf wanted;
        buf_init(&wanted, &mem_default, false);
        json_string(run->doc, json_member(run->doc, node, "expect"), &wanted);
        assert_int_equal(len, wanted.len);
        assert_memory_equal(data, wanted.data ? wanted.data : "", wanted.len);
        buf_free(&wanted);
        uint32_t secret = json_member(run->doc, node, "secret");
        if (secret != JSON_NONE)
            assert_int_equal(envres_value_is_secret(value),
                             json_kind_of(run->doc, secret) == JSON_TRUE);
    }
    envres_value_free(value);
    envres_template_unref(tmpl);
    envres_scope_unref(scope);
    envres_params_free(params);
    buf_free(&text);
}

static void
test_through_a_store(void **state)
{
    static struct run run;
    struct vectors vectors;
    struct host host;
    (void)state;
    vectors_open(&vectors);
    host_open(&host, vectors.err);
    memset(&run, 0, sizeof(run));
    run.doc = vectors.doc;
    run.environments = json_member(vectors.doc, 0, "environments");
    fill(&run, &host, vectors.err);
    while (run.kept > 0)
        buf_free(&run.keep[--run.kept]);
    run_all(&vectors, "refused", run_refused, &host);
    assert_true(vectors.count > 0);
    run_all(&vectors, "cases", run_hosted, &host);
    check_count(&vectors);
    envres_session_close(host.session);
    envres_store_close(host.store);
    vectors_close(&vectors);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_language_alone),
        cmocka_unit_test(test_through_a_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
