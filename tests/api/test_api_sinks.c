/* SPDX-License-Identifier: MIT */
/*
 * Sinks: texts and parts into which no secret may get. Each way by which a secret can come into a
 * text is refused, with the tag's position and the name, and no error holds a byte of a value.
 */
#include "fx_serve.h"

#include <stdbool.h>
#include <stdlib.h>

#define CANARY  "c4nary-s3cret-value"
#define V(name) "<< environment.variables." name " >>"

static void
no_canary(struct fx *fx)
{
    static const char *const canaries[] = { CANARY, "c4nary", "s3cret", "Yzc0bmFyeS" };
    for (size_t i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++) {
        assert_null(strstr(envres_error_message(fx->err), canaries[i]));
        assert_null(strstr(envres_error_hint(fx->err), canaries[i]));
        assert_null(strstr(envres_error_subject(fx->err), canaries[i]));
    }
}

static void
fill(struct fx *fx)
{
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, envres_resource_define(fx->session, "api", TEXT, "rest", TEXT, NULL, fx->err));
    static const char *const environments[] = { "development", "staging", "production" };
    for (size_t i = 0; i < 3; i++) {
        const char *env = environments[i];
        OK(fx, fx_put(fx, env, "KEY", CANARY, 0, ENVRES_WRITE_SECRET));
        OK(fx, fx_put(fx, env, "NUMBER", "42", ENVRES_TYPE_NUMBER, ENVRES_WRITE_SECRET));
        OK(fx, fx_put(fx, env, "JSON", "{\"k\":\"" CANARY "\"}", ENVRES_TYPE_JSON,
                      ENVRES_WRITE_SECRET));
        OK(fx, fx_put(fx, env, "URL", "x://u:" V("KEY") "@h/", ENVRES_TYPE_TEMPLATE, 0));
        OK(fx, fx_put(fx, env, "DEEP", "<" V("URL") ">", ENVRES_TYPE_TEMPLATE, 0));
        OK(fx, fx_put(fx, env, "PLAIN", "plain", 0, ENVRES_WRITE_PLAIN));
        OK(fx, fx_field(fx, env, "crm", "host", "db", 0));
        OK(fx, fx_field(fx, env, "crm", "user", V("PLAIN"), 0));
        OK(fx, fx_field(fx, env, "crm", "password", CANARY, ENVRES_WRITE_SECRET));
        OK(fx, fx_field(fx, env, "crm", "database", V("URL"), 0));
        OK(fx,
           fx_field(fx, env, "api", "base_url", "https://h/<< environment.variables.KEY >>/", 0));
    }
}

static const struct {
    const char *name;
    const char *text;
    uint32_t context;
    const char *subject; /* NULL: no secret in it */
    const char *named;   /* in the message */
    size_t offset;
} rows[] = {
    { "plain", "a " V("PLAIN"), 0, NULL, NULL, 0 },
    { "a default that is not needed", "<< environment.variables.PLAIN | default(\"x\") >>", 0, NULL,
      NULL, 0 },
    { "a secret", "a " V("KEY"), 0, "KEY", "'KEY'", 2 },
    { "joined", V("PLAIN") V("KEY"), 0, "KEY", "'KEY'", 33 },
    { "with a default", "<< environment.variables.KEY | default(\"x\") >>", 0, "KEY", "'KEY'", 0 },
    { "filtered", " << environment.variables.KEY | upper | base64 >>", 0, "KEY", "'KEY'", 1 },
    { "a number", V("NUMBER"), 0, "NUMBER", "'NUMBER'", 0 },
    { "JSON", V("JSON"), 0, "JSON", "'JSON'", 0 },
    { "a template", V("URL"), 0, "URL", "'URL'", 0 },
    { "a template in a template", V("DEEP"), 0, "DEEP", "'DEEP'", 0 },
    { "a string of a document", "{\"a\": \"-" V("KEY") "\"}", ENVRES_CONTEXT_JSON, "KEY", "'KEY'",
      8 },
    { "a value of a document", "{\"a\": \"" V("NUMBER") "\"}", ENVRES_CONTEXT_JSON, "NUMBER",
      "'NUMBER'", 7 },
    { "a key of a document", "{\"" V("KEY") "\": 1}", ENVRES_CONTEXT_JSON, "KEY", "'KEY'", 2 },
    { "in a URL", "/" V("KEY"), ENVRES_CONTEXT_URL, "KEY", "'KEY'", 1 },
    { "in a command", "curl " V("KEY"), ENVRES_CONTEXT_SHELL, "KEY", "'KEY'", 5 },
    { "a field", "<< resources.crm.password >>", 0, "crm", "'crm.password'", 0 },
    { "a field that takes a secret", "<< resources.crm.database >>", 0, "crm", "'crm.database'",
      0 },
    { "a URL field that takes a secret", "<< resources.api.base_url >>", 0, "api", "'api.base_url'",
      0 },
    { "other fields", "<< resources.crm.host >><< resources.crm.user >>", 0, NULL, NULL, 0 },
};

static void
texts_refuse_secrets(void **state)
{
    struct fx *fx = *state;
    fill(fx);
    envres_scope *scope = fx_scope(fx, "development");
    envres_render_options options = { .size = sizeof(options), .flags = ENVRES_RENDER_NO_SECRETS };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_status want = rows[i].subject ? ENVRES_E_SECRET_SINK : ENVRES_OK;
        envres_template_options how = { .size = sizeof(how), .context = rows[i].context };
        envres_template *tmpl = NULL;
        envres_value *value = NULL;
        envres_bound *bound = NULL;
        char buf[256] = "";
        size_t need = 0;
        print_message("%s\n", rows[i].name);
        OK(fx, envres_template_parse(rows[i].text, TEXT, &how, &tmpl, fx->err));
        expect(fx, envres_template_bind(tmpl, scope, &options, &bound, fx->err), want, "bind");
        expect(fx,
               envres_template_render_into(tmpl, scope, &options, buf, sizeof(buf), &need, fx->err),
               want, "render_into");
        expect(fx, envres_template_render(tmpl, scope, &options, &value, fx->err), want, "render");
        if (rows[i].subject) {
            assert_null(value);
            assert_null(bound);
            assert_null(strstr(buf, "c4nary"));
            assert_string_equal(envres_error_subject(fx->err), rows[i].subject);
            assert_non_null(strstr(envres_error_message(fx->err), rows[i].named));
            assert_int_equal(envres_error_offset(fx->err), rows[i].offset);
            assert_int_equal(envres_error_line(fx->err), 1);
            no_canary(fx);
            /* Where secrets are allowed the result is one. */
            OK(fx, envres_template_render(tmpl, scope, NULL, &value, fx->err));
            assert_int_equal(envres_value_is_secret(value), 1);
        } else {
            assert_int_equal(envres_value_is_secret(value), 0);
        }
        envres_value_free(value);
        envres_bound_unref(bound);
        envres_template_unref(tmpl);
    }
    envres_scope_unref(scope);
}

static void
parameters_can_be_secret(void **state)
{
    struct fx *fx = *state;
    envres_scope *scope = fx_scope(fx, "development");
    envres_params *params = envres_params_new(NULL);
    envres_render_options options = { .size = sizeof(options),
                                      .flags = ENVRES_RENDER_NO_SECRETS,
                                      .params = params };
    envres_template *tmpl = NULL;
    envres_value *value = NULL;
    OK(fx, envres_template_parse("a\n << params.id >>", TEXT, NULL, &tmpl, fx->err));
    OK(fx, envres_params_set(params, "id", TEXT, ENVRES_TYPE_STRING, CANARY, TEXT,
                             ENVRES_PARAM_SECRET, fx->err));
    FAILS(fx, ENVRES_E_SECRET_SINK, envres_template_render(tmpl, scope, &options, &value, fx->err));
    assert_non_null(strstr(envres_error_message(fx->err), "'id'"));
    assert_int_equal(envres_error_line(fx->err), 2);
    assert_int_equal(envres_error_column(fx->err), 2);
    no_canary(fx);
    OK(fx, envres_params_set(params, "id", TEXT, ENVRES_TYPE_STRING, "plain", TEXT, 0, fx->err));
    OK(fx, envres_template_render(tmpl, scope, &options, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL), "a\n plain");
    envres_value_free(value);
    envres_template_unref(tmpl);
    envres_params_free(params);
    envres_scope_unref(scope);
}

/* The same text in a public part and in one that is not. */
static void
put_both(struct fx *fx, const char *text, const char *ending)
{
    envres_version_name version = fx_version("crm", "v1");
    char open[32];
    char closed[32];
    snprintf(open, sizeof(open), "open/p%s", ending);
    snprintf(closed, sizeof(closed), "closed/p%s", ending);
    envres_part_write writes[] = { fx_part(open, text, strlen(text), ENVRES_PART_PUBLIC),
                                   fx_part(closed, text, strlen(text), 0) };
    OK(fx, envres_part_put(fx->session, &version, writes, 2, NULL, NULL, fx->err));
}

static void
public_parts_refuse_secrets(void **state)
{
    struct fx *fx = *state;
    fill(fx);
    serve_app(fx, "crm", 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool json = rows[i].context == ENVRES_CONTEXT_JSON;
        envres_scope *scope = NULL;
        envres_value *value = NULL;
        const char *open = json ? "open/p.JSON" : "open/p";
        const char *closed = json ? "closed/p.JSON" : "closed/p";
        if (rows[i].context == ENVRES_CONTEXT_URL || rows[i].context == ENVRES_CONTEXT_SHELL)
            continue;
        print_message("%s\n", rows[i].name);
        put_both(fx, rows[i].text, json ? ".JSON" : "");
        OK(fx, serve_open(fx, "development", "crm", NULL, "v1", &scope));
        assert_int_equal(envres_scope_part_is_public(scope, open, TEXT), 1);
        assert_int_equal(envres_scope_part_is_public(scope, closed, TEXT), 0);
        expect(fx, envres_scope_render_part(scope, open, TEXT, NULL, &value, fx->err),
               rows[i].subject ? ENVRES_E_SECRET_SINK : ENVRES_OK, "public");
        if (rows[i].subject) {
            assert_null(value);
            assert_non_null(strstr(envres_error_message(fx->err), rows[i].named));
            assert_non_null(strstr(envres_error_message(fx->err), "public part 'open/p"));
            assert_string_equal(envres_error_subject(fx->err), rows[i].subject);
            assert_int_equal(envres_error_offset(fx->err), rows[i].offset);
            no_canary(fx);
        }
        envres_value_free(value);
        value = NULL;
        OK(fx, envres_scope_render_part(scope, closed, TEXT, NULL, &value, fx->err));
        assert_int_equal(envres_value_is_secret(value), rows[i].subject != NULL);
        assert_int_equal(envres_value_type(value), json ? ENVRES_TYPE_JSON : ENVRES_TYPE_STRING);
        envres_value_free(value);
        envres_scope_unref(scope);
    }
}

static void
parts_that_cannot_be_rendered(void **state)
{
    struct fx *fx = *state;
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    envres_render_options options = { .size = sizeof(options), .flags = 1U << 30 };
    serve_app(fx, "crm", 0);
    serve_part(fx, "crm", "v1", "a.json", "{\"a\": nothing}");
    serve_part(fx, "crm", "v1", "a.txt", "b\n<< environment.variables.NOPE >>");
    OK(fx, serve_open(fx, "development", "crm", NULL, "v1", &scope));
    FAILS(fx, ENVRES_E_JSON,
          envres_scope_render_part(scope, "a.json", TEXT, NULL, &value, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_scope_render_part(scope, "a.txt", TEXT, NULL, &value, fx->err));
    assert_int_equal(envres_error_line(fx->err), 2);
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_scope_render_part(scope, "b.txt", TEXT, NULL, &value, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_scope_render_part(scope, "a.txt", TEXT, &options, &value, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scope_render_part(scope, NULL, 0, NULL, &value, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scope_render_part(scope, "a", 1, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scope_render_part(NULL, "a", 1, NULL, &value, fx->err));
    assert_null(value);
    assert_int_equal(envres_scope_part_is_public(scope, "b.txt", TEXT), 0);
    assert_int_equal(envres_scope_part_is_public(NULL, "b.txt", TEXT), 0);
    envres_scope_unref(scope);
    scope = fx_scope(fx, "development");
    FAILS(fx, ENVRES_E_INVALID, envres_scope_render_part(scope, "a", 1, NULL, &value, fx->err));
    assert_int_equal(envres_scope_part_is_public(scope, "a", 1), 0);
    envres_scope_unref(scope);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts_refuse_secrets, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(parameters_can_be_secret, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(public_parts_refuse_secrets, serve_setup, serve_teardown),
        cmocka_unit_test_setup_teardown(parts_that_cannot_be_rendered, serve_setup, serve_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
