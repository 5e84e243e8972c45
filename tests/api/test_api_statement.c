/* SPDX-License-Identifier: MIT */
/* Statements, as a host meets them: misuse, limits, sinks, and what a getter says outside. The
 * rules of SQL are in tests/vectors/sql.json. */
#include <stdlib.h>

#include "helper.h"

static const envres_template_options postgres = { .size = sizeof(postgres),
                                                  .context = ENVRES_CONTEXT_SQL,
                                                  .dialect = ENVRES_DIALECT_POSTGRES };

static envres_status
prepare(struct fx *fx, const char *text, size_t len, const envres_template_options *how,
        const envres_render_options *options, envres_statement **out)
{
    envres_scope *scope = fx_scope(fx, "development");
    envres_template *tmpl = NULL;
    *out = NULL;
    envres_status st = envres_template_parse(text, len, how, &tmpl, fx->err);
    if (st == ENVRES_OK)
        st = envres_template_prepare(tmpl, scope, options, out, fx->err);
    envres_template_unref(tmpl);
    envres_scope_unref(scope);
    return st;
}

static void
test_misuse(void **state)
{
    struct fx *fx = *state;
    envres_scope *scope = fx_scope(fx, "development");
    envres_template *text = NULL;
    envres_template *sql = NULL;
    envres_statement *statement = NULL;
    envres_value *value = NULL;
    envres_bound *bound = NULL;
    char buf[8];
    OK(fx, envres_template_parse("a", 1, NULL, &text, fx->err));
    OK(fx, envres_template_parse("a", 1, &postgres, &sql, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_template_prepare(text, scope, NULL, &statement, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_template_prepare(NULL, scope, NULL, &statement, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_template_prepare(sql, NULL, NULL, &statement, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_template_prepare(sql, scope, NULL, NULL, fx->err));
    envres_render_options options = { .size = sizeof(options), .flags = 2 };
    FAILS(fx, ENVRES_E_INVALID, envres_template_prepare(sql, scope, &options, &statement, fx->err));
    options = (envres_render_options){ .size = 1 };
    FAILS(fx, ENVRES_E_ABI, envres_template_prepare(sql, scope, &options, &statement, fx->err));
    assert_null(statement);
    /* what only knows text refuses */
    FAILS(fx, ENVRES_E_INVALID, envres_template_render(sql, scope, NULL, &value, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_template_render_into(sql, scope, NULL, buf, sizeof(buf), NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_template_bind(sql, scope, NULL, &bound, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_scope_expand(scope, "a", 1, ENVRES_CONTEXT_SQL, 0, &value, fx->err));
    envres_template_unref(text);
    envres_template_unref(sql);
    envres_scope_unref(scope);
}

static void
test_template_options(void **state)
{
    struct fx *fx = *state;
    envres_template *tmpl = NULL;
    envres_template_options options = postgres;
    options.dialect = 0;
    FAILS(fx, ENVRES_E_INVALID, envres_template_parse("a", 1, &options, &tmpl, fx->err));
    options.dialect = ENVRES_DIALECT_SQLITE + 1;
    FAILS(fx, ENVRES_E_INVALID, envres_template_parse("a", 1, &options, &tmpl, fx->err));
    options.dialect = ENVRES_DIALECT_SQLITE;
    options.style = ENVRES_STYLE_COLON + 1;
    FAILS(fx, ENVRES_E_INVALID, envres_template_parse("a", 1, &options, &tmpl, fx->err));
    options.style = 0;
    options.reserved = 1;
    FAILS(fx, ENVRES_E_INVALID, envres_template_parse("a", 1, &options, &tmpl, fx->err));
    options = (envres_template_options){ .size = sizeof(options), .dialect = 1 };
    FAILS(fx, ENVRES_E_INVALID, envres_template_parse("a", 1, &options, &tmpl, fx->err));
    options = (envres_template_options){ .size = sizeof(options), .style = 1 };
    FAILS(fx, ENVRES_E_INVALID, envres_template_parse("a", 1, &options, &tmpl, fx->err));
    /* without the style, as its first fields alone */
    options = postgres;
    options.size = (uint32_t)offsetof(envres_template_options, style);
    OK(fx, envres_template_parse("a", 1, &options, &tmpl, fx->err));
    envres_template_unref(tmpl);
}

static void
test_allowing(void **state)
{
    struct fx *fx = *state;
    envres_params *params = envres_params_new(NULL);
    char name[129];
    memset(name, 'a', sizeof(name));
    OK(fx, envres_params_allow(params, name, 128, fx->err));
    OK(fx, envres_params_allow(params, name, 128, fx->err));
    FAILS(fx, ENVRES_E_NAME, envres_params_allow(params, name, 129, fx->err));
    FAILS(fx, ENVRES_E_NAME, envres_params_allow(params, "", 0, fx->err));
    FAILS(fx, ENVRES_E_UTF8, envres_params_allow(params, "\xff", 1, fx->err));
    FAILS(fx, ENVRES_E_UTF8, envres_params_allow(params, "a\0b", 3, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_params_allow(params, NULL, 3, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_params_allow(NULL, "a", 1, fx->err));
    for (int i = 1; i < 100000; i++) {
        int len = snprintf(name, sizeof(name), "n%d", i);
        OK(fx, envres_params_allow(params, name, (size_t)len, fx->err));
    }
    FAILS(fx, ENVRES_E_LIMIT, envres_params_allow(params, "x", 1, fx->err));
    envres_params_free(params);
}

/* A text of many tags. */
static char *
many_tags(size_t count, const char *tag, size_t *len)
{
    size_t each = strlen(tag);
    char *text = malloc(count * (each + 1));
    for (size_t i = 0; i < count; i++) {
        memcpy(text + i * (each + 1), tag, each);
        text[i * (each + 1) + each] = ' ';
    }
    *len = count * (each + 1);
    return text;
}

static void
test_most_parameters(void **state)
{
    static const struct {
        uint32_t dialect;
        size_t most;
    } rows[] = { { ENVRES_DIALECT_POSTGRES, 65535 },
                 { ENVRES_DIALECT_MYSQL, 65535 },
                 { ENVRES_DIALECT_SQLITE, 32766 } };
    struct fx *fx = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_template_options how = postgres;
        envres_statement *statement = NULL;
        size_t len = 0;
        char *text = many_tags(rows[i].most + 1, "<<environment.name>>", &len);
        how.dialect = rows[i].dialect;
        OK(fx, prepare(fx, text, rows[i].most * 21, &how, NULL, &statement));
        assert_int_equal(envres_statement_count(statement), rows[i].most);
        assert_string_equal(envres_statement_value(statement, (uint32_t)rows[i].most - 1, NULL),
                            "development");
        envres_statement_free(statement);
        FAILS(fx, ENVRES_E_LIMIT, prepare(fx, text, len, &how, NULL, &statement));
        assert_int_equal(envres_error_offset(fx->err), rows[i].most * 21);
        free(text);
    }
}

/* More expressions, items and bytes than there is room for on the stack. */
static void
test_many_expressions(void **state)
{
    struct fx *fx = *state;
    char text[4096];
    size_t len = 0;
    envres_statement *statement = NULL;
    for (int i = 0; i < 40; i++) {
        char name[16];
        char value[16];
        snprintf(name, sizeof(name), "V%d", i);
        snprintf(value, sizeof(value), "value %d", i);
        OK(fx, fx_put(fx, "development", name, value, ENVRES_TYPE_STRING,
                      i % 2 ? ENVRES_WRITE_SECRET : 0));
        len += (size_t)snprintf(text + len, sizeof(text) - len, "<< environment.variables.V%d >>, ",
                                i);
    }
    OK(fx, prepare(fx, text, len, &postgres, NULL, &statement));
    assert_int_equal(envres_statement_count(statement), 40);
    for (uint32_t i = 0; i < 40; i++) {
        char want[16];
        snprintf(want, sizeof(want), "value %u", (unsigned)i);
        assert_string_equal(envres_statement_value(statement, i, NULL), want);
        assert_int_equal(envres_statement_is_secret(statement, i), i % 2);
    }
    envres_statement_free(statement);
}

static void
test_sinks_and_sizes(void **state)
{
    static const char text[] = "a = << environment.variables.S >> AND b = << params.p >>";
    struct fx *fx = *state;
    envres_statement *statement = NULL;
    envres_params *params = envres_params_new(NULL);
    OK(fx, fx_put(fx, "development", "S", "secret", ENVRES_TYPE_STRING, ENVRES_WRITE_SECRET));
    OK(fx, envres_params_set(params, "p", 1, ENVRES_TYPE_STRING, "plain", 5, 0, fx->err));
    envres_render_options options = { .size = sizeof(options),
                                      .flags = ENVRES_RENDER_NO_SECRETS,
                                      .params = params };
    FAILS(fx, ENVRES_E_SECRET_SINK, prepare(fx, text, TEXT, &postgres, &options, &statement));
    assert_int_equal(envres_error_offset(fx->err), 4);
    assert_string_equal(envres_error_subject(fx->err), "S");
    options.flags = 0;
    options.output_max = strlen("a = $1 AND b = $2") + strlen("secretplain");
    OK(fx, prepare(fx, text, TEXT, &postgres, &options, &statement));
    envres_statement_free(statement);
    options.output_max--;
    FAILS(fx, ENVRES_E_LIMIT, prepare(fx, text, TEXT, &postgres, &options, &statement));
    assert_int_equal(envres_error_offset(fx->err), 42);
    options.output_max = 5;
    FAILS(fx, ENVRES_E_LIMIT, prepare(fx, text, TEXT, &postgres, &options, &statement));
    envres_params_free(params);
}

static void
test_outside(void **state)
{
    struct fx *fx = *state;
    envres_statement *statement = NULL;
    size_t len = 7;
    OK(fx, prepare(fx, "<< environment.name >>", TEXT, &postgres, NULL, &statement));
    assert_string_equal(envres_statement_name(statement, 1), "");
    assert_int_equal(envres_statement_type(statement, 1), 0);
    assert_null(envres_statement_value(statement, 1, &len));
    assert_int_equal(len, 0);
    assert_int_equal(envres_statement_integer(statement, 0), 0);
    assert_int_equal(envres_statement_integer(statement, 1), 0);
    assert_true(envres_statement_double(statement, 0) == 0);
    assert_true(envres_statement_double(statement, 1) == 0);
    assert_int_equal(envres_statement_is_secret(statement, 1), 0);
    envres_statement_free(statement);
    assert_string_equal(envres_statement_text(NULL, &len), "");
    assert_int_equal(envres_statement_count(NULL), 0);
    assert_int_equal(envres_statement_first(NULL), 1);
    assert_string_equal(envres_statement_name(NULL, 0), "");
    assert_null(envres_statement_value(NULL, 0, NULL));
    assert_int_equal(envres_statement_is_secret(NULL, 0), 0);
    envres_statement_free(NULL);
}

static void
test_getters(void **state)
{
    static const struct {
        int32_t type;
        const char *value;
        int64_t integer;
        double real;
    } rows[] = { { ENVRES_TYPE_NUMBER, "9223372036854775807", INT64_MAX, 9223372036854775807.0 },
                 { ENVRES_TYPE_NUMBER, "-9223372036854775808", INT64_MIN, -9223372036854775808.0 },
                 { ENVRES_TYPE_NUMBER, "-0.25", 0, -0.25 },
                 { ENVRES_TYPE_NUMBER, "1e300", 0, 1e300 },
                 { ENVRES_TYPE_BOOLEAN, "true", 1, 0 },
                 { ENVRES_TYPE_BOOLEAN, "false", 0, 0 },
                 { ENVRES_TYPE_STRING, "12", 0, 0 },
                 { ENVRES_TYPE_JSON, "12", 0, 0 },
                 { ENVRES_TYPE_NULL, "", 0, 0 } };
    struct fx *fx = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_statement *statement = NULL;
        envres_params *params = envres_params_new(NULL);
        OK(fx, envres_params_set(params, "p", 1, rows[i].type, rows[i].value, TEXT, 0, fx->err));
        envres_render_options options = { .size = sizeof(options), .params = params };
        OK(fx, prepare(fx, "<< params.p >>", TEXT, &postgres, &options, &statement));
        envres_params_free(params);
        assert_true(envres_statement_integer(statement, 0) == rows[i].integer);
        assert_true(envres_statement_double(statement, 0) == rows[i].real);
        envres_statement_free(statement);
    }
}

/* A damaged or missing value is the tag's error, and nothing is left over. */
static void
test_value_errors(void **state)
{
    struct fx *fx = *state;
    envres_statement *statement = NULL;
    OK(fx, fx_put(fx, "staging", "ELSEWHERE", "x", ENVRES_TYPE_STRING, 0));
    FAILS(fx, ENVRES_E_NOT_SET,
          prepare(fx, "a = << environment.variables.ELSEWHERE >>", TEXT, &postgres, NULL,
                  &statement));
    assert_int_equal(envres_error_column(fx->err), 5);
    FAILS(fx, ENVRES_E_NOT_FOUND,
          prepare(fx, "<< resources.crm.host >>", TEXT, &postgres, NULL, &statement));
    OK(fx,
       prepare(fx, "<< resources.crm.host | default(null) >>", TEXT, &postgres, NULL, &statement));
    assert_int_equal(envres_statement_type(statement, 0), ENVRES_TYPE_NULL);
    envres_statement_free(statement);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_misuse, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_template_options, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_allowing, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_most_parameters, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_many_expressions, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_sinks_and_sizes, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_outside, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_getters, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_value_errors, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
