/* SPDX-License-Identifier: MIT */
/* The four ways to an output: a value, a buffer, bound, and the text that a bound template keeps.
 * All give the same, at every size of the buffer; and what explain says about where it comes from.
 */
#include <stdlib.h>

#include "helper.h"

#define V(name) "<< environment.variables." name " >>"
#define F(name) "<< resources.crm." name " >>"

static const struct {
    const char *text;
    uint32_t context;
    const char *want; /* NULL: keys that collide */
    int is_secret;
} rows[] = {
    { "", 0, "", 0 },
    { "plain text", 0, "plain text", 0 },
    { V("NAME"), 0, "name", 0 },
    { V("EMPTY"), 0, "", 0 },
    { "\\" V("NAME"), 0, V("NAME"), 0 },
    { V("EMPTY") "x", 0, "x", 0 },
    { "a" V("NAME") "b" V("NAME"), 0, "anamebname", 0 },
    { V("EMPTY") V("NAME") V("EMPTY"), 0, "name", 0 },
    { V("SECRET"), 0, "top << environment.name >> secret", 1 },
    { "a" V("SECRET") "b" V("NAME"), 0, "atop << environment.name >> secretbname", 1 },
    { V("DEEP"), 0, "<name top << environment.name >> secret>", 1 },
    { V("TAGS"), 0, "<< environment.name >>", 0 },
    { F("base_url"), 0, "https://crm.example.org", 0 },
    { "[\"" V("NAME") "\", \"" V("FLAG") "\"]", ENVRES_CONTEXT_JSON, "[\"name\", true]", 0 },
    { "{\"" V("NAME") "\": 1, \"x\": 2}", ENVRES_CONTEXT_JSON, "{\"name\": 1, \"x\": 2}", 0 },
    { "{\"" V("NAME") "\": 1, \"name\": 2}", ENVRES_CONTEXT_JSON, NULL, 0 },
    { "{\"" V("NAME") "\": 1, \"name\": \"" V("SECRET") "\"}", ENVRES_CONTEXT_JSON, NULL, 1 },
    { "?q=" V("TAGS"), ENVRES_CONTEXT_URL, "?q=%3C%3C%20environment.name%20%3E%3E", 0 },
};

static void
fill(struct fx *fx)
{
    static const char *const both[] = { "development", "production" };
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "rest", TEXT, NULL, fx->err));
    OK(fx, envres_resource_define(fx->session, "bare", TEXT, "rest", TEXT, NULL, fx->err));
    OK(fx, envres_resource_define(fx->session, "db", TEXT, "postgres", TEXT, NULL, fx->err));
    for (size_t i = 0; i < 2; i++) {
        OK(fx, fx_put(fx, both[i], "NAME", "name", 0, 0));
        OK(fx, fx_put(fx, both[i], "EMPTY", "", 0, 0));
        OK(fx, fx_put(fx, both[i], "FLAG", "true", ENVRES_TYPE_BOOLEAN, 0));
        OK(fx, fx_put(fx, both[i], "TAGS", "<< environment.name >>", 0, 0));
        OK(fx, fx_put(fx, both[i], "SECRET", "top << environment.name >> secret", 0,
                      ENVRES_WRITE_SECRET));
        OK(fx,
           fx_put(fx, both[i], "DEEP", "<" V("NAME") " " V("SECRET") ">", ENVRES_TYPE_TEMPLATE, 0));
    }
    OK(fx, fx_field(fx, "production", "crm", "base_url", "https://crm.example.org", 0));
    OK(fx, fx_field(fx, "production", "db", "host", "db.example.org", 0));
    OK(fx, fx_fallback(fx, "staging", "crm", "development"));
    OK(fx, fx_field(fx, "development", "crm", "base_url", "https://dev.example.org", 0));
}

/* ---- the same output, whichever way ---------------------------------------------------------- */

typedef envres_status (*into_fn)(void *what, envres_scope *scope, char *buf, size_t cap,
                                 size_t *need, envres_error *err);

static envres_status
into_plain(void *what, envres_scope *scope, char *buf, size_t cap, size_t *need, envres_error *err)
{
    return envres_template_render_into(what, scope, NULL, buf, cap, need, err);
}

static envres_status
into_bound(void *what, envres_scope *scope, char *buf, size_t cap, size_t *need, envres_error *err)
{
    (void)scope;
    return envres_bound_render_into(what, buf, cap, need, err);
}

/* Every size of the buffer, up to one byte more than is needed; never a byte behind it. */
static void
into_buffers(struct fx *fx, into_fn into, void *what, envres_scope *scope, const char *want)
{
    size_t len = strlen(want);
    char buf[256];
    assert_true(len + 2 < sizeof(buf));
    for (size_t cap = 0; cap <= len + 1; cap++) {
        size_t need = 99999;
        memset(buf, '#', sizeof(buf));
        expect(fx, into(what, scope, cap ? buf : NULL, cap, &need, fx->err),
               cap < len ? ENVRES_E_LIMIT : ENVRES_OK, "into a buffer");
        assert_int_equal(need, len);
        assert_int_equal(buf[cap], '#');
        if (cap >= len)
            assert_memory_equal(buf, want, len);
    }
    expect(fx, into(what, scope, buf, sizeof(buf), NULL, fx->err), ENVRES_OK, "no need asked for");
    assert_memory_equal(buf, want, len);
    expect(fx, into(what, scope, buf, 0, NULL, fx->err), len ? ENVRES_E_LIMIT : ENVRES_OK, "0");
}

static void
into_values(struct fx *fx, envres_template *tmpl, envres_bound *bound, envres_scope *scope,
            size_t row)
{
    for (int i = 0; i < 2; i++) {
        envres_value *value = NULL;
        size_t len = 0;
        if (i == 0)
            OK(fx, envres_template_render(tmpl, scope, NULL, &value, fx->err));
        else
            OK(fx, envres_bound_render(bound, &value, fx->err));
        assert_string_equal(envres_value_data(value, &len), rows[row].want);
        assert_int_equal(len, strlen(rows[row].want));
        assert_int_equal(envres_value_is_secret(value), rows[row].is_secret);
        assert_int_equal(envres_value_type(value), rows[row].context == ENVRES_CONTEXT_JSON
                                                       ? ENVRES_TYPE_JSON
                                                       : ENVRES_TYPE_STRING);
        envres_value_free(value);
    }
}

/* The text that is kept is the same one each time; one with a secret is not kept. */
static void
as_text(struct fx *fx, envres_bound *bound, size_t row)
{
    const char *first = NULL;
    const char *second = NULL;
    size_t len = 0;
    if (rows[row].is_secret) {
        FAILS(fx, ENVRES_E_SECRET_SINK, envres_bound_text(bound, &first, &len, fx->err));
        assert_null(first);
        return;
    }
    OK(fx, envres_bound_text(bound, &first, &len, fx->err));
    assert_int_equal(len, strlen(rows[row].want));
    assert_memory_equal(first, rows[row].want, len);
    OK(fx, envres_bound_text(bound, &second, &len, fx->err));
    assert_ptr_equal(first, second);
}

static void
refused_everywhere(struct fx *fx, envres_template *tmpl, envres_bound *bound, envres_scope *scope,
                   int is_secret)
{
    envres_value *value = NULL;
    const char *data = NULL;
    char buf[256];
    size_t len = 0;
    FAILS(fx, ENVRES_E_JSON, envres_template_render(tmpl, scope, NULL, &value, fx->err));
    FAILS(fx, ENVRES_E_JSON, envres_bound_render(bound, &value, fx->err));
    FAILS(fx, ENVRES_E_JSON,
          envres_template_render_into(tmpl, scope, NULL, buf, sizeof(buf), &len, fx->err));
    FAILS(fx, ENVRES_E_JSON, envres_bound_render_into(bound, buf, sizeof(buf), &len, fx->err));
    FAILS(fx, is_secret ? ENVRES_E_SECRET_SINK : ENVRES_E_JSON,
          envres_bound_text(bound, &data, &len, fx->err));
    assert_null(value);
}

static void
all_ways_give_the_same(void **state)
{
    struct fx *fx = *state;
    fill(fx);
    envres_scope *scope = fx_scope(fx, "production");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_template_options how = { .size = sizeof(how), .context = rows[i].context };
        envres_template *tmpl = NULL;
        envres_bound *bound = NULL;
        print_message("  %s\n", rows[i].text);
        OK(fx, envres_template_parse(rows[i].text, TEXT, &how, &tmpl, fx->err));
        OK(fx, envres_template_bind(tmpl, scope, NULL, &bound, fx->err));
        if (rows[i].want) {
            into_values(fx, tmpl, bound, scope, i);
            into_buffers(fx, into_plain, tmpl, scope, rows[i].want);
            into_buffers(fx, into_bound, bound, scope, rows[i].want);
            as_text(fx, bound, i);
        } else {
            refused_everywhere(fx, tmpl, bound, scope, rows[i].is_secret);
        }
        envres_bound_unref(bound);
        envres_template_unref(tmpl);
    }
    envres_scope_unref(scope);
}

/* More different tags than fit into the room that every render has at once. */
static void
many_tags(void **state)
{
    enum { TAGS = 100 };
    struct fx *fx = *state;
    char text[TAGS * 48];
    char want[TAGS * 8];
    size_t text_len = 0;
    size_t want_len = 0;
    envres_template *tmpl = NULL;
    envres_bound *bound = NULL;
    for (int i = 0; i < TAGS; i++) {
        char name[16];
        char value[8];
        snprintf(name, sizeof(name), "N%d", i);
        snprintf(value, sizeof(value), "%d;", i);
        OK(fx, fx_put(fx, "production", name, value, 0, i == 50 ? ENVRES_WRITE_SECRET : 0));
        text_len += (size_t)snprintf(text + text_len, sizeof(text) - text_len,
                                     "<< environment.variables.N%d >>", i);
        want_len += (size_t)snprintf(want + want_len, sizeof(want) - want_len, "%s", value);
    }
    envres_scope *scope = fx_scope(fx, "production");
    fx_renders(fx, "production", text, want, 0);
    OK(fx, envres_template_parse(text, TEXT, NULL, &tmpl, fx->err));
    OK(fx, envres_template_bind(tmpl, scope, NULL, &bound, fx->err));
    assert_ptr_equal(envres_bound_ref(bound), bound);
    envres_bound_unref(bound);
    envres_template_unref(tmpl);
    envres_scope_unref(scope); /* the bound template keeps both */
    envres_value *value = NULL;
    OK(fx, envres_bound_render(bound, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL), want);
    assert_int_equal(envres_value_is_secret(value), 1);
    envres_value_free(value);
    envres_bound_unref(bound);
    envres_bound_unref(NULL);
    assert_null(envres_bound_ref(NULL));
}

/* Of many resources each answers for itself: those with settings here, and those without. */
static void
handles_with_and_without_settings(void **state)
{
    enum { HANDLES = 17 };
    struct fx *fx = *state;
    char name[16];
    char url[64];
    for (int i = 0; i < HANDLES; i++) {
        snprintf(name, sizeof(name), "crm%02d", i);
        snprintf(url, sizeof(url), "https://%02d.example.org", i);
        OK(fx, envres_resource_define(fx->session, name, TEXT, "rest", TEXT, NULL, fx->err));
        if (i % 3 != 1)
            OK(fx, fx_field(fx, "production", name, "base_url", url, 0));
    }
    envres_scope *scope = fx_scope(fx, "production");
    for (int i = 0; i < HANDLES; i++) {
        envres_resource_handle *handle = NULL;
        envres_value *value = NULL;
        snprintf(name, sizeof(name), "crm%02d", i);
        snprintf(url, sizeof(url), "https://%02d.example.org", i);
        expect(fx, envres_scope_resource(scope, name, TEXT, &handle, fx->err),
               i % 3 == 1 ? ENVRES_E_NOT_CONFIGURED : ENVRES_OK, name);
        if (!handle)
            continue;
        OK(fx, envres_resource_handle_field(handle, "base_url", TEXT, &value, fx->err));
        assert_string_equal(envres_value_data(value, NULL), url);
        envres_value_free(value);
        envres_resource_handle_free(handle);
    }
    envres_scope_unref(scope);
}

/* ---- where a value comes from ---------------------------------------------------------------- */

static const struct {
    const char *environment;
    const char *text;
    const char *want; /* row by row: reference, depth, status, layer, type, secret */
    const char *note; /* part of the first one */
} explained[] = {
    { "production", "NAME", "environment.variables.NAME 0 ENVRES_OK value string 0",
      "set in production at revision 1" },
    { "production", "SECRET", "environment.variables.SECRET 0 ENVRES_OK value string 1",
      ", a secret" },
    { "production", "DEEP",
      "environment.variables.DEEP 0 ENVRES_OK template string 1, "
      "environment.variables.NAME 1 ENVRES_OK value string 0, "
      "environment.variables.SECRET 1 ENVRES_OK value string 1",
      "a template that takes a secret" },
    { "production", "crm.base_url", "resources.crm.base_url 0 ENVRES_OK setting string 0",
      "set in production" },
    { "staging", "crm.base_url", "resources.crm.base_url 0 ENVRES_OK fallback string 0",
      "from development, the declared fallback of staging" },
    { "production", "db.port", "resources.db.port 0 ENVRES_OK kind default number 0",
      "the default of kind postgres" },
    { "production", "bare", "resources.bare.* 0 ENVRES_E_NOT_CONFIGURED - - 0", "bare" },
    { "production", "<< environment.name >>", "environment.name 0 ENVRES_OK environment string 0",
      "of the environment itself" },
    { "production", "<< params.id >>", "params.id 0 ENVRES_OK parameter - 0",
      "given with the render" },
    { "production", "<< params.id | default(1) >>", "params.id 0 ENVRES_OK parameter - 0",
      "else the tag's default" },
    { "production", "<< environment.variables.OTHER | default(1) >>",
      "environment.variables.OTHER 0 ENVRES_OK default - 0", "the tag's default is taken" },
    { "staging", "<< environment.variables.NAME | default(1) >>",
      "environment.variables.NAME 0 ENVRES_OK default - 0", "the tag's default is taken" },
    { "staging", "NAME", "environment.variables.NAME 0 ENVRES_E_NOT_SET - - 0", "NAME" },
    { "production", "plain text", "", "" },
};

static void
explanations(void **state)
{
    struct fx *fx = *state;
    fill(fx);
    for (size_t i = 0; i < sizeof(explained) / sizeof(explained[0]); i++) {
        envres_scope *scope = fx_scope(fx, explained[i].environment);
        envres_list *list = NULL;
        char got[600] = "";
        print_message("  %s\n", explained[i].text);
        OK(fx, envres_explain(scope, explained[i].text, TEXT, &list, fx->err));
        for (size_t row = 0; row < envres_list_count(list); row++) {
            const char *layer = envres_list_text(list, row, ENVRES_EXPLAIN_LAYER, NULL);
            const char *type = envres_list_text(list, row, ENVRES_EXPLAIN_TYPE, NULL);
            size_t used = strlen(got);
            snprintf(got + used, sizeof(got) - used, "%s%s %d %s %s %s %d", row ? ", " : "",
                     envres_list_text(list, row, ENVRES_EXPLAIN_REFERENCE, NULL),
                     (int)envres_list_integer(list, row, ENVRES_EXPLAIN_DEPTH),
                     envres_list_text(list, row, ENVRES_EXPLAIN_STATUS, NULL), layer ? layer : "-",
                     type ? type : "-", (int)envres_list_integer(list, row, ENVRES_EXPLAIN_SECRET));
        }
        assert_string_equal(got, explained[i].want);
        if (envres_list_count(list) > 0) {
            const char *note = envres_list_text(list, 0, ENVRES_EXPLAIN_NOTE, NULL);
            if (!strstr(note, explained[i].note))
                fail_msg("the note '%s' does not say '%s'", note, explained[i].note);
        }
        envres_list_free(list);
        envres_scope_unref(scope);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_ways_give_the_same),
        TEST(many_tags),
        TEST(handles_with_and_without_settings),
        TEST(explanations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
