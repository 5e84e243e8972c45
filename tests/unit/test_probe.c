/* SPDX-License-Identifier: MIT */
/* Probing a template: what does not resolve in a scope, once for each expression, where it stands
 * first. */
#include "resolve/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <envres/envres.h>

#include "base/limits.h"

#define TEXT ENVRES_NUL_TERMINATED

struct fx {
    envres_error *err;
    envres_store *store;
    envres_session *session;
};

static void
need(struct fx *fx, envres_status st)
{
    if (st < 0)
        fail_msg("%s %s", envres_status_name(st), envres_error_message(fx->err));
}

static void
put(struct fx *fx, const char *env, const char *name, const char *value, int32_t type,
    uint32_t flags)
{
    envres_variable_write write = { .size = sizeof(write),
                                    .flags = flags,
                                    .name = name,
                                    .name_len = TEXT,
                                    .value = value,
                                    .value_len = TEXT,
                                    .type = type };
    need(fx, envres_variable_put(fx->session, env, TEXT, &write, NULL, NULL, fx->err));
}

static int
setup(void **state)
{
    struct fx *fx = calloc(1, sizeof(*fx));
    uint8_t key[32];
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key,
                                .secret_len = sizeof(key) };
    assert_non_null(fx);
    memset(key, 0x33, sizeof(key));
    fx->err = envres_error_new(NULL);
    need(fx, envres_store_create(NULL, 0, NULL, &owner, &fx->store, fx->err));
    need(fx, envres_session_open(fx->store, NULL, 0, &owner, &fx->session, fx->err));
    put(fx, "staging", "HOST", "h", ENVRES_TYPE_STRING, 0);
    put(fx, "staging", "ITEMS", "[1]", ENVRES_TYPE_JSON, 0);
    put(fx, "staging", "KEY", "k-secret", ENVRES_TYPE_STRING, ENVRES_VARIABLE_SECRET);
    put(fx, "staging", "LINK", "<< environment.variables.HOST >>:<< environment.variables.KEY >>",
        ENVRES_TYPE_TEMPLATE, 0);
    put(fx, "production", "ELSEWHERE", "1", ENVRES_TYPE_STRING, 0);
    *state = fx;
    return 0;
}

static int
teardown(void **state)
{
    struct fx *fx = *state;
    envres_session_close(fx->session);
    envres_store_close(fx->store);
    envres_error_free(fx->err);
    free(fx);
    return 0;
}

struct seen {
    char text[512]; /* "segment:STATUS:subject " for each */
    int stop_at;    /* answers CALLBACK at this call; 0: never */
    int calls;
    uint32_t searches; /* as template_probe() has it */
    int hints;         /* findings that know a similar name */
};

static envres_status
note(void *user, uint32_t segment, const envres_error *why, envres_error *err)
{
    struct seen *seen = user;
    size_t used = strlen(seen->text);
    assert_int_equal(envres_error_line(why), 0);
    assert_null(strstr(envres_error_message(why), "k-secret"));
    snprintf(seen->text + used, sizeof(seen->text) - used, "%u:%s:%s ", segment,
             envres_status_name(envres_error_code(why)) + strlen("ENVRES_E_"),
             envres_error_subject(why));
    seen->hints += strncmp(envres_error_hint(why), "did you mean", 12) == 0;
    if (++seen->calls == seen->stop_at)
        return err_set(err, ENVRES_E_CALLBACK, "enough");
    return ENVRES_OK;
}

static envres_status
probe(struct fx *fx, const char *text, uint32_t context, struct seen *seen)
{
    envres_template_options options = { .size = sizeof(options), .context = context };
    envres_template *tmpl = NULL;
    envres_scope *scope = NULL;
    need(fx, envres_template_parse(text, TEXT, &options, &tmpl, fx->err));
    need(fx, envres_scope_open(fx->session, "staging", TEXT, NULL, &scope, fx->err));
    envres_status st = template_probe(tmpl, scope, &seen->searches, note, seen, fx->err);
    envres_scope_unref(scope);
    envres_template_unref(tmpl);
    return st;
}

#define V(name) "<< environment.variables." name " >>"

static void
test_findings(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        uint32_t context;
        const char *want;
    } rows[] = {
        { "nothing in it", "plain text", 0, "" },
        { "all there", V("HOST") V("KEY") V("LINK") "<< environment.name >>", 0, "" },
        { "not set here", "a " V("HOST") " b " V("ELSEWHERE"), 0, "1:NOT_SET:ELSEWHERE " },
        { "known nowhere, each once", V("NONE") V("HOST") V("NONE") V("NULL_"), 0,
          "0:NOT_FOUND:NONE 3:NOT_FOUND:NULL_ " },
        { "the same reference with and without a filter",
          V("NONE") "<< environment.variables.NONE |"
                    " upper >>",
          0, "0:NOT_FOUND:NONE 1:NOT_FOUND:NONE " },
        { "a default stands in", "<< environment.variables.NONE | default(\"x\") >>", 0, "" },
        { "a default of the wrong type", "<< environment.variables.NONE | default(1) | upper >>", 0,
          "0:TYPE: " },
        { "a filter that takes no such type", "<< environment.variables.ITEMS | upper >>", 0,
          "0:TYPE: " },
        { "a secret is opened for its filter", "<< environment.variables.KEY | upper >>", 0, "" },
        { "parameters and the app are taken as given",
          "<< params.id | upper >><< app.name >><< app.version >><< app.release >>", 0, "" },
        { "a handle that nobody knows", "<< resources.crm.host >>", 0, "0:NOT_FOUND:crm " },
        { "in a document", "{\"a\": \"" V("ITEMS") "\", \"b\": \"" V("NONE") "\"}",
          ENVRES_CONTEXT_JSON, "1:NOT_FOUND:NONE " },
    };
    struct fx *fx = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct seen seen = { .stop_at = 0 };
        need(fx, probe(fx, rows[i].text, rows[i].context, &seen));
        if (strcmp(seen.text, rows[i].want) != 0)
            fail_msg("%s: '%s' instead of '%s'", rows[i].name, seen.text, rows[i].want);
    }
}

/* However many names there are, similar ones are looked for so often and no oftener. */
static void
test_searches_are_counted(void **state)
{
    struct fx *fx = *state;
    for (uint32_t may = 0; may < 5; may++) {
        struct seen seen = { .searches = may };
        need(fx, probe(fx, V("HOSTA") V("HOSTB") V("HOST") V("HOSTC"), 0, &seen));
        assert_string_equal(seen.text, "0:NOT_FOUND:HOSTA 1:NOT_FOUND:HOSTB 3:NOT_FOUND:HOSTC ");
        assert_int_equal(seen.hints, may < 3 ? may : 3);
        assert_int_equal(seen.searches, may < 3 ? 0 : may - 3);
    }
}

static void
test_stops_where_told(void **state)
{
    struct seen seen = { .stop_at = 2 };
    struct fx *fx = *state;
    assert_int_equal(probe(fx, V("A") V("B") V("C"), 0, &seen), ENVRES_E_CALLBACK);
    assert_string_equal(seen.text, "0:NOT_FOUND:A 1:NOT_FOUND:B ");
    assert_string_equal(envres_error_message(fx->err), "enough");
}

/* A megabyte through the filter that makes it longer, a hundred times: more than a render writes.
 */
static void
test_ends_where_a_render_would(void **state)
{
    struct fx *fx = *state;
    struct seen seen = { .stop_at = 0 };
    char *value = malloc(LIMIT_VALUE + 1);
    char *text = calloc(1, 16384);
    assert_non_null(value);
    assert_non_null(text);
    memset(value, 'x', LIMIT_VALUE);
    value[LIMIT_VALUE] = '\0';
    put(fx, "staging", "LONG", value, ENVRES_TYPE_STRING, 0);
    for (int i = 0; i < 100; i++)
        sprintf(text + strlen(text), "<< environment.variables.LONG | default(\"%d\") | upper >>",
                i);
    strcat(text, V("NONE"));
    need(fx, probe(fx, text, 0, &seen));
    assert_string_equal(seen.text, "64:LIMIT: ");
    free(text);
    free(value);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_findings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_searches_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stops_where_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ends_where_a_render_would, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
