/* SPDX-License-Identifier: MIT */
/* Scopes and rendering: isolation, one pass, types, taint, older revisions, staleness, limits. */
#include "helper.h"

#include <pthread.h>
#include <stdlib.h>

static void
an_environment_gives_its_own_values_only(void **state)
{
    struct fx *fx = *state;
    OK(fx, fx_put(fx, "development", "A", "dev", 0, 0));
    OK(fx, fx_put(fx, "production", "A", "prod", 0, ENVRES_WRITE_PLAIN));
    fx_renders(fx, "development", "<< environment.variables.A >>", "dev", 0);
    fx_renders(fx, "production", "<< environment.variables.A >>", "prod", 0);
    fx_renders(fx, "staging", "<< environment.variables.A >>", NULL, ENVRES_E_NOT_SET);
    fx_hint(fx, "development, production");
    fx_renders(fx, "staging", "<< environment.variables.AA >>", NULL, ENVRES_E_NOT_FOUND);
    fx_hint(fx, "'A'");
    fx_renders(fx, "staging", "ab\n c << environment.variables.A >>", NULL, ENVRES_E_NOT_SET);
    assert_int_equal(envres_error_offset(fx->err), 6);
    assert_int_equal(envres_error_line(fx->err), 2);
    assert_int_equal(envres_error_column(fx->err), 4);
}

/* What a scope says of a name it lacks: all of a row's environments, or that there is none. */
static void
says_where(struct fx *fx, envres_scope *scope, const char *name, envres_status code,
           const char *hint)
{
    envres_value *value = NULL;
    char text[64];
    snprintf(text, sizeof(text), "<< %s >>", name);
    FAILS(fx, code, envres_scope_expand(scope, text, TEXT, 0, 0, &value, fx->err));
    assert_string_equal(envres_error_hint(fx->err), hint);
}

/* Names that are shared decide whether missing ones are looked up one by one or all at once. */
static void
where_a_missing_name_is_set(void **state)
{
    static const struct {
        const char *name;
        envres_status code;
        const char *hint;
    } rows[] = {
        { "environment.variables.TWICE", ENVRES_E_NOT_SET,
          "it is set in: development, production" },
        { "environment.variables.ONCE", ENVRES_E_NOT_SET, "it is set in: production" },
        { "environment.variables.RENAMED", ENVRES_E_NOT_SET, "it is set in: development" },
        { "environment.variables.GONE_BEFORE", ENVRES_E_NOT_FOUND, "" },
        { "environment.variables.TAKEN", ENVRES_E_NOT_FOUND, "" },
        { "environment.variables.TWISE", ENVRES_E_NOT_FOUND, "did you mean 'TWICE'?" },
        { "resources.crm.host", ENVRES_E_NOT_CONFIGURED, "it is set in: development" },
        { "resources.falls.host", ENVRES_E_NOT_CONFIGURED, "no environment has settings for it" },
    };
    struct fx *fx = *state;
    OK(fx, fx_put(fx, "development", "TWICE", "1", 0, 0));
    OK(fx, fx_put(fx, "production", "TWICE", "2", 0, 0));
    OK(fx, fx_put(fx, "production", "ONCE", "3", 0, 0));
    OK(fx, fx_put(fx, "development", "GONE_BEFORE", "4", 0, 0));
    OK(fx,
       envres_variable_rename(fx->session, "GONE_BEFORE", TEXT, "RENAMED", TEXT, NULL, fx->err));
    OK(fx, fx_put(fx, "development", "TAKEN", "5", 0, 0));
    OK(fx,
       envres_variable_unset(fx->session, "development", TEXT, "TAKEN", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, envres_resource_define(fx->session, "falls", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "development", "crm", "host", "h", 0));
    OK(fx, fx_fallback(fx, "development", "falls", "staging"));
    for (int shared = 0; shared <= 60; shared += 60) {
        for (int i = 0; i < shared; i++) {
            char name[16];
            snprintf(name, sizeof(name), "SHARED_%d", i);
            OK(fx, fx_put(fx, "development", name, "d", 0, 0));
            OK(fx, fx_put(fx, "staging", name, "s", 0, 0));
        }
        envres_scope *scope = fx_scope(fx, "staging");
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
            says_where(fx, scope, rows[i].name, rows[i].code, rows[i].hint);
        envres_scope_unref(scope);
    }
}

/* With a single other environment, what it sets is read as it is. */
static void
where_a_name_is_set_of_two(void **state)
{
    struct fx *fx = *state;
    OK(fx, fx_put(fx, "development", "HERE", "1", 0, 0));
    OK(fx, fx_put(fx, "development", "MISSING", "2", 0, 0));
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, envres_resource_define(fx->session, "bare", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "development", "crm", "host", "h", 0));
    for (int filled = 0; filled < 2; filled++) {
        if (filled)
            OK(fx, fx_put(fx, "staging", "HERE", "3", 0, 0));
        envres_scope *scope = fx_scope(fx, "staging");
        if (!filled)
            says_where(fx, scope, "environment.variables.HERE", ENVRES_E_NOT_SET,
                       "it is set in: development");
        says_where(fx, scope, "environment.variables.MISSING", ENVRES_E_NOT_SET,
                   "it is set in: development");
        says_where(fx, scope, "environment.variables.MISING", ENVRES_E_NOT_FOUND,
                   "did you mean 'MISSING'?");
        says_where(fx, scope, "resources.crm.host", ENVRES_E_NOT_CONFIGURED,
                   "it is set in: development");
        says_where(fx, scope, "resources.bare.host", ENVRES_E_NOT_CONFIGURED,
                   "no environment has settings for it");
        envres_scope_unref(scope);
    }
}

static void
a_value_is_never_expanded_again(void **state)
{
    struct fx *fx = *state;
    static const char *const values[] = {
        "<< environment.variables.B >>", ">>", "<<", "\\<<", "$(id)", "%s%n",
        "<< environment.name >>"
    };
    OK(fx, fx_put(fx, "development", "B", "no", 0, 0));
    OK(fx,
       fx_put(fx, "development", "T", "[<< environment.variables.A >>]", ENVRES_TYPE_TEMPLATE, 0));
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char want[64];
        OK(fx, fx_put(fx, "development", "A", values[i], 0, 0));
        fx_renders(fx, "development", "<< environment.variables.A >>", values[i], 0);
        snprintf(want, sizeof(want), "[%s]", values[i]);
        fx_renders(fx, "development", "<< environment.variables.T >>", want, 0);
    }
}

static void
typed_getters_know_types(void **state)
{
    struct fx *fx = *state;
    int32_t flag = 7;
    int64_t integer = 7;
    double real = 7;
    envres_value *value = NULL;
    OK(fx, fx_put(fx, "development", "B", "true", ENVRES_TYPE_BOOLEAN, 0));
    OK(fx, fx_put(fx, "development", "I", "-9223372036854775808", ENVRES_TYPE_NUMBER, 0));
    OK(fx, fx_put(fx, "development", "D", "2.5", ENVRES_TYPE_NUMBER, 0));
    OK(fx, fx_put(fx, "development", "BIG", "9007199254740993", ENVRES_TYPE_NUMBER, 0));
    OK(fx, fx_put(fx, "development", "HUGE", "-1e19", ENVRES_TYPE_NUMBER, 0));
    OK(fx, fx_put(fx, "development", "S", "1", 0, 0));
    OK(fx, fx_put(fx, "development", "SECRET", "5", ENVRES_TYPE_NUMBER, ENVRES_WRITE_SECRET));
    envres_scope *scope = fx_scope(fx, "development");
    OK(fx, envres_scope_get_boolean(scope, "B", TEXT, &flag, fx->err));
    assert_int_equal(flag, 1);
    OK(fx, envres_scope_get_integer(scope, "I", TEXT, &integer, fx->err));
    assert_true(integer == INT64_MIN);
    OK(fx, envres_scope_get_integer(scope, "SECRET", TEXT, &integer, fx->err));
    assert_int_equal(integer, 5);
    OK(fx, envres_scope_get_double(scope, "D", TEXT, &real, fx->err));
    assert_true(real == 2.5);
    OK(fx, envres_scope_get_double(scope, "HUGE", TEXT, &real, fx->err));
    assert_true(real == -1e19);
    FAILS(fx, ENVRES_E_TYPE, envres_scope_get_integer(scope, "HUGE", TEXT, &integer, fx->err));
    FAILS(fx, ENVRES_E_TYPE, envres_scope_get_integer(scope, "D", TEXT, &integer, fx->err));
    FAILS(fx, ENVRES_E_TYPE, envres_scope_get_double(scope, "BIG", TEXT, &real, fx->err));
    FAILS(fx, ENVRES_E_TYPE, envres_scope_get_boolean(scope, "S", TEXT, &flag, fx->err));
    assert_int_equal(flag, 0);
    FAILS(fx, ENVRES_E_TYPE, envres_scope_get_string(scope, "B", TEXT, &value, fx->err));
    FAILS(fx, ENVRES_E_TYPE, envres_scope_get_json(scope, "S", TEXT, &value, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_scope_get_boolean(scope, "NOPE", TEXT, &flag, fx->err));
    FAILS(fx, ENVRES_E_NAME, envres_scope_get(scope, "a b", TEXT, &value, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scope_get(NULL, "A", TEXT, &value, fx->err));
    envres_scope_unref(scope);
}

static void
secrets_taint_what_they_touch(void **state)
{
    struct fx *fx = *state;
    envres_value *value = NULL;
    size_t start = 0;
    size_t end = 0;
    uint32_t index = 0;
    const char *data = NULL;
    size_t len = 0;
    OK(fx, fx_put(fx, "development", "KEY", "s3cret", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "URL", "https://x/?k=<< environment.variables.KEY >>",
                  ENVRES_TYPE_TEMPLATE, 0));
    OK(fx, fx_put(fx, "development", "PLAIN", "p", 0, 0));
    envres_scope *scope = fx_scope(fx, "development");
    OK(fx, envres_scope_expand(scope,
                               "a<< environment.variables.KEY >>b"
                               "<< environment.variables.PLAIN >>"
                               "<< environment.variables.URL >>",
                               TEXT, 0, 0, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL), "as3cretbphttps://x/?k=s3cret");
    assert_int_equal(envres_value_is_secret(value), 1);
    assert_int_equal(envres_value_range_count(value), 2);
    OK(fx, envres_value_range(value, 0, &start, &end, fx->err));
    assert_int_equal(start, 1);
    assert_int_equal(end, 7);
    OK(fx, envres_value_range(value, 1, &start, &end, fx->err));
    assert_int_equal(start, 9);
    FAILS(fx, ENVRES_E_INVALID, envres_value_range(value, 2, &start, &end, fx->err));
    envres_value_free(value);
    FAILS(fx, ENVRES_E_SECRET_SINK,
          envres_scope_expand(scope, "xx<< environment.variables.URL >>", TEXT, 0,
                              ENVRES_RENDER_NO_SECRETS, &value, fx->err));
    assert_int_equal(envres_error_offset(fx->err), 2);
    OK(fx, envres_scope_find(scope, "URL", TEXT, &index, fx->err));
    assert_int_equal(envres_scope_is_secret(scope, index), 1);
    FAILS(fx, ENVRES_E_SECRET_SINK, envres_scope_at(scope, index, &data, &len, fx->err));
    assert_null(data);
    OK(fx, envres_scope_find(scope, "PLAIN", TEXT, &index, fx->err));
    OK(fx, envres_scope_at(scope, index, &data, &len, fx->err));
    assert_int_equal(len, 1);
    FAILS(fx, ENVRES_E_INVALID, envres_scope_at(scope, 99, &data, &len, fx->err));
    envres_scope_unref(scope);
}

static void
buffers_of_the_caller(void **state)
{
    struct fx *fx = *state;
    char buf[16];
    size_t need = 0;
    uint32_t index = 0;
    envres_template *tmpl = NULL;
    OK(fx, fx_put(fx, "development", "S", "0123456789", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "P", "abc", 0, 0));
    envres_scope *scope = fx_scope(fx, "development");
    OK(fx, envres_scope_find(scope, "S", TEXT, &index, fx->err));
    FAILS(fx, ENVRES_E_LIMIT, envres_scope_get_into(scope, index, buf, 9, &need, fx->err));
    assert_int_equal(need, 10);
    OK(fx, envres_scope_get_into(scope, index, buf, 10, &need, fx->err));
    assert_memory_equal(buf, "0123456789", 10);
    OK(fx, envres_template_parse("<< environment.variables.P >>!", TEXT, NULL, &tmpl, fx->err));
    FAILS(fx, ENVRES_E_LIMIT,
          envres_template_render_into(tmpl, scope, NULL, buf, 3, &need, fx->err));
    assert_int_equal(need, 4);
    OK(fx, envres_template_render_into(tmpl, scope, NULL, buf, 4, &need, fx->err));
    assert_memory_equal(buf, "abc!", 4);
    FAILS(fx, ENVRES_E_LIMIT,
          envres_template_render_into(tmpl, scope, NULL, NULL, 0, &need, fx->err));
    assert_int_equal(need, 4);
    envres_render_options options = { .size = sizeof(options), .output_max = 3 };
    envres_value *value = NULL;
    FAILS(fx, ENVRES_E_LIMIT, envres_template_render(tmpl, scope, &options, &value, fx->err));
    options.output_max = 0;
    options.flags = 8;
    FAILS(fx, ENVRES_E_INVALID, envres_template_render(tmpl, scope, &options, &value, fx->err));
    envres_template_unref(tmpl);
    envres_scope_unref(scope);
}

static void
older_revisions_stay_as_they_were(void **state)
{
    struct fx *fx = *state;
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    OK(fx, fx_put(fx, "development", "A", "one", 0, 0));
    OK(fx, fx_put(fx, "development", "S", "old", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "A", "two", 0, 0));
    OK(fx, fx_put(fx, "development", "S", "new", 0, 0));
    OK(fx, envres_variable_rename(fx->session, "A", TEXT, "B", TEXT, NULL, fx->err));
    envres_scope_options options = { .size = sizeof(options), .revision = 2 };
    OK(fx, envres_scope_open(fx->session, "development", TEXT, &options, &scope, fx->err));
    assert_int_equal(envres_scope_revision(scope), 2);
    OK(fx, envres_scope_expand(scope, "<< environment.variables.A >> << environment.variables.S >>",
                               TEXT, 0, 0, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL), "one old");
    envres_value_free(value);
    OK(fx, fx_put(fx, "development", "B", "three", 0, 0));
    assert_int_equal(envres_scope_is_stale(scope), 0);
    envres_scope_unref(scope);
    options.revision = 99;
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_scope_open(fx->session, "development", TEXT, &options, &scope, fx->err));
    options.revision = -5;
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_scope_open(fx->session, "development", TEXT, &options, &scope, fx->err));
}

static void
staleness_is_one_counter(void **state)
{
    struct fx *fx = *state;
    envres_scope *next = NULL;
    int32_t changed = 7;
    OK(fx, fx_put(fx, "development", "A", "one", 0, 0));
    envres_scope *scope = fx_scope(fx, "development");
    assert_int_equal(envres_scope_is_stale(scope), 0);
    OK(fx, envres_scope_latest(fx->session, scope, &next, fx->err));
    assert_ptr_equal(scope, next);
    envres_scope_unref(next);
    OK(fx, fx_put(fx, "development", "A", "two", 0, 0));
    assert_int_equal(envres_scope_is_stale(scope), 1);
    OK(fx, envres_store_poll(fx->store, &changed, fx->err));
    assert_int_equal(changed, 0); /* nobody else wrote */
    OK(fx, envres_scope_latest(fx->session, scope, &next, fx->err));
    assert_ptr_not_equal(scope, next);
    assert_int_equal(envres_scope_revision(next), 2);
    envres_scope_unref(next);
    envres_scope_unref(scope);
}

static void
a_scope_outlives_session_and_store(void **state)
{
    struct fx *fx = *state;
    envres_value *value = NULL;
    uint8_t key[32];
    envres_store *store = NULL;
    envres_session *session = NULL;
    envres_scope *scope = NULL;
    OK(fx, envres_key_generate(key, fx->err));
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key,
                                .secret_len = sizeof(key) };
    OK(fx, envres_store_create(NULL, 0, NULL, &owner, &store, fx->err));
    OK(fx, envres_session_open(store, NULL, 0, &owner, &session, fx->err));
    envres_variable_write write = { .size = sizeof(write),
                                    .flags = ENVRES_WRITE_SECRET,
                                    .name = "S",
                                    .name_len = 1,
                                    .value = "sealed",
                                    .value_len = 6 };
    OK(fx, envres_variable_put(session, "staging", TEXT, &write, NULL, NULL, fx->err));
    OK(fx, envres_scope_open(session, "staging", TEXT, NULL, &scope, fx->err));
    envres_store_close(store);
    envres_session_close(session);
    OK(fx, envres_scope_get(scope, "S", TEXT, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL), "sealed");
    envres_value_free(value);
    envres_scope_unref(scope);
}

static void
a_bound_template_keeps_what_it_needs(void **state)
{
    struct fx *fx = *state;
    envres_template *tmpl = NULL;
    envres_bound *bound = NULL;
    const char *data = NULL;
    size_t len = 0;
    envres_value *value = NULL;
    envres_params *params = envres_params_new(NULL);
    OK(fx, fx_put(fx, "development", "A", "a b", 0, 0));
    OK(fx, fx_put(fx, "development", "S", "sec", 0, ENVRES_WRITE_SECRET));
    envres_scope *scope = fx_scope(fx, "development");
    OK(fx, envres_params_set(params, "p", TEXT, ENVRES_TYPE_STRING, "x&y", TEXT, 0, fx->err));
    OK(fx, envres_params_set(params, "q", TEXT, ENVRES_TYPE_STRING, "hush", TEXT,
                             ENVRES_PARAM_SECRET, fx->err));
    envres_render_options options = { .size = sizeof(options), .params = params };
    OK(fx, envres_template_parse("<< environment.variables.A | url >>-<< params.p >>", TEXT, NULL,
                                 &tmpl, fx->err));
    OK(fx, envres_template_bind(tmpl, scope, &options, &bound, fx->err));
    envres_template_unref(tmpl);
    envres_scope_unref(scope);
    OK(fx, envres_params_set(params, "p", TEXT, ENVRES_TYPE_STRING, "changed", TEXT, 0, fx->err));
    OK(fx, envres_bound_text(bound, &data, &len, fx->err));
    assert_int_equal(len, 9);
    assert_memory_equal(data, "a%20b-x&y", 9);
    envres_bound_unref(bound);
    scope = fx_scope(fx, "development");
    OK(fx, envres_template_parse("<< params.q >>/<< environment.variables.S >>", TEXT, NULL, &tmpl,
                                 fx->err));
    OK(fx, envres_template_bind(tmpl, scope, &options, &bound, fx->err));
    envres_params_free(params);
    envres_template_unref(tmpl);
    envres_scope_unref(scope);
    for (int i = 0; i < 2; i++) {
        OK(fx, envres_bound_render(bound, &value, fx->err));
        assert_string_equal(envres_value_data(value, NULL), "hush/sec");
        assert_int_equal(envres_value_range_count(value), 2);
        envres_value_free(value);
    }
    FAILS(fx, ENVRES_E_SECRET_SINK, envres_bound_text(bound, &data, &len, fx->err));
    envres_bound_unref(bound);
}

static void
json_keys_must_not_collide(void **state)
{
    struct fx *fx = *state;
    envres_value *value = NULL;
    static const char text[] = "{\"a\": 1, \"<< environment.variables.K >>\": 2}";
    OK(fx, fx_put(fx, "development", "K", "b", 0, 0));
    envres_scope *scope = fx_scope(fx, "development");
    OK(fx, envres_scope_expand(scope, text, TEXT, ENVRES_CONTEXT_JSON, 0, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL), "{\"a\": 1, \"b\": 2}");
    envres_value_free(value);
    envres_scope_unref(scope);
    OK(fx, fx_put(fx, "development", "K", "a", 0, 0));
    scope = fx_scope(fx, "development");
    FAILS(fx, ENVRES_E_JSON,
          envres_scope_expand(scope, text, TEXT, ENVRES_CONTEXT_JSON, 0, &value, fx->err));
    envres_scope_unref(scope);
}

static void
explain_says_all_but_the_value(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    OK(fx, fx_put(fx, "development", "S", "hidden-value", 0, ENVRES_WRITE_SECRET));
    OK(fx,
       fx_put(fx, "development", "T", "<< environment.variables.S >>", ENVRES_TYPE_TEMPLATE, 0));
    envres_scope *scope = fx_scope(fx, "development");
    OK(fx, envres_explain(scope, "T", TEXT, &list, fx->err));
    assert_int_equal(envres_list_count(list), 2);
    assert_string_equal(envres_list_text(list, 0, ENVRES_EXPLAIN_LAYER, NULL), "template");
    assert_int_equal(envres_list_integer(list, 1, ENVRES_EXPLAIN_DEPTH), 1);
    for (size_t row = 0; row < 2; row++) {
        for (uint32_t c = 0; c < ENVRES_EXPLAIN_COLUMNS; c++) {
            const char *text = envres_list_text(list, row, c, NULL);
            assert_true(!text || !strstr(text, "hidden-value"));
        }
    }
    envres_list_free(list);
    OK(fx, envres_explain(scope, "<< environment.variables.X | default(1) >> << app.name >>", TEXT,
                          &list, fx->err));
    assert_string_equal(envres_list_text(list, 0, ENVRES_EXPLAIN_LAYER, NULL), "default");
    assert_string_equal(envres_list_text(list, 1, ENVRES_EXPLAIN_STATUS, NULL), "ENVRES_E_NOT_SET");
    envres_list_free(list);
    /* SQL: its own filters, and parameters that come with the render */
    OK(fx, envres_explain(scope,
                          "SELECT << params.column | ident >> FROM t WHERE id IN"
                          " << params.ids | list >> AND s = << environment.variables.S >>"
                          " AND n = << params.n | default(1) >>",
                          TEXT, &list, fx->err));
    static const char *const sql_rows[][3] = {
        { "params.column", "parameter", "given with the render" },
        { "params.ids", "parameter", "given with the render" },
        { "environment.variables.S", "value", "set in development at revision 1, a secret" },
        { "params.n", "parameter", "given with the render, else the tag's default" },
    };
    assert_int_equal(envres_list_count(list), 4);
    for (size_t row = 0; row < 4; row++) {
        assert_string_equal(envres_list_text(list, row, ENVRES_EXPLAIN_REFERENCE, NULL),
                            sql_rows[row][0]);
        assert_string_equal(envres_list_text(list, row, ENVRES_EXPLAIN_STATUS, NULL), "ENVRES_OK");
        assert_string_equal(envres_list_text(list, row, ENVRES_EXPLAIN_LAYER, NULL),
                            sql_rows[row][1]);
        assert_string_equal(envres_list_text(list, row, ENVRES_EXPLAIN_NOTE, NULL),
                            sql_rows[row][2]);
    }
    envres_list_free(list);
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_explain(scope, "NOPE", TEXT, &list, fx->err));
    FAILS(fx, ENVRES_E_SYNTAX, envres_explain(scope, "<< environment.", TEXT, &list, fx->err));
    envres_scope_unref(scope);
}

/* A composition that doubles at each step stays within its limit. */
static void
doubling_is_bounded(void **state)
{
    struct fx *fx = *state;
    size_t len = 400000;
    char *big = malloc(len + 1);
    memset(big, 'x', len);
    big[len] = '\0';
    OK(fx, fx_put(fx, "development", "B0", big, 0, 0));
    free(big);
    OK(fx, fx_put(fx, "development", "B1",
                  "<< environment.variables.B0 >><< environment.variables.B0 >>",
                  ENVRES_TYPE_TEMPLATE, 0));
    OK(fx, fx_put(fx, "development", "B2",
                  "<< environment.variables.B1 >><< environment.variables.B1 >>",
                  ENVRES_TYPE_TEMPLATE, 0));
    fx_renders(fx, "development", "<< environment.variables.B2 >>", NULL, ENVRES_E_LIMIT);
    envres_scope *scope = fx_scope(fx, "development");
    envres_value *value = NULL;
    size_t got = 0;
    OK(fx, envres_scope_get(scope, "B1", TEXT, &value, fx->err));
    envres_value_data(value, &got);
    assert_int_equal(got, 2 * len);
    envres_value_free(value);
    envres_scope_unref(scope);
}

struct worker {
    envres_scope *scope;
    envres_bound *bound;
    int bad;
};

static void *
resolve_often(void *user)
{
    struct worker *worker = user;
    for (int i = 0; i < 2000; i++) {
        envres_value *value = NULL;
        const char *data = NULL;
        size_t len = 0;
        envres_scope *scope = envres_scope_ref(worker->scope);
        worker->bad += envres_scope_get(scope, "S", TEXT, &value, NULL) < 0 ||
                       strcmp(envres_value_data(value, NULL), "sealed") != 0;
        worker->bad += envres_bound_text(worker->bound, &data, &len, NULL) < 0 || len != 5;
        envres_value_free(value);
        envres_scope_unref(scope);
    }
    return NULL;
}

static void
threads_share_a_scope(void **state)
{
    struct fx *fx = *state;
    pthread_t threads[4];
    struct worker workers[4];
    envres_template *tmpl = NULL;
    envres_bound *bound = NULL;
    OK(fx, fx_put(fx, "development", "S", "sealed", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "P", "abc", 0, 0));
    envres_scope *scope = fx_scope(fx, "development");
    OK(fx, envres_template_parse("<<< environment.variables.P >>>", TEXT, NULL, &tmpl, fx->err));
    OK(fx, envres_template_bind(tmpl, scope, NULL, &bound, fx->err));
    for (int i = 0; i < 4; i++) {
        workers[i] = (struct worker){ .scope = scope, .bound = bound };
        assert_int_equal(pthread_create(&threads[i], NULL, resolve_often, &workers[i]), 0);
    }
    for (int i = 0; i < 50; i++)
        OK(fx, fx_put(fx, "development", "P", "other", 0, 0));
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].bad, 0);
    }
    envres_bound_unref(bound);
    envres_template_unref(tmpl);
    envres_scope_unref(scope);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_environment_gives_its_own_values_only, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(where_a_missing_name_is_set, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(where_a_name_is_set_of_two, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_value_is_never_expanded_again, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(typed_getters_know_types, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(secrets_taint_what_they_touch, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(buffers_of_the_caller, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(older_revisions_stay_as_they_were, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(staleness_is_one_counter, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_scope_outlives_session_and_store, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_bound_template_keeps_what_it_needs, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(json_keys_must_not_collide, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(explain_says_all_but_the_value, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(doubling_is_bounded, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(threads_share_a_scope, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
