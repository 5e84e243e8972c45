/* SPDX-License-Identifier: MIT */
/* Redaction as hosts call it: scopes, fallbacks, what is refused, copies, values by their ranges.
 */
#include "helper.h"

#include <pthread.h>
#include <stdlib.h>

struct out {
    size_t len;
    char data[4096];
    envres_status answer;
};

static envres_status
collect(const char *data, size_t len, void *user)
{
    struct out *out = user;
    assert_in_range(out->len + len, 0, sizeof(out->data) - 1);
    memcpy(out->data + out->len, data, len);
    out->len += len;
    out->data[out->len] = '\0';
    return out->answer;
}

static envres_redactor *
redactor_of(struct fx *fx, const char *env)
{
    envres_redactor *redactor = NULL;
    envres_scope *scope = fx_scope(fx, env);
    OK(fx, envres_redactor_new(NULL, &redactor, fx->err));
    OK(fx, envres_redactor_add_scope(redactor, scope, fx->err));
    envres_scope_unref(scope);
    return redactor;
}

static void
define_crm(struct fx *fx)
{
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
}

static void
masks(struct fx *fx, envres_redactor *redactor, const char *text, const char *want)
{
    envres_value *value = NULL;
    size_t len = 0;
    OK(fx, envres_redactor_text(redactor, text, TEXT, &value, fx->err));
    assert_string_equal(envres_value_data(value, &len), want);
    assert_int_equal(len, strlen(want));
    assert_int_equal(envres_value_is_secret(value), 0);
    assert_int_equal(envres_value_type(value), ENVRES_TYPE_STRING);
    envres_value_free(value);
}

static void
secrets_of_a_scope_are_masked(void **state)
{
    struct fx *fx = *state;
    define_crm(fx);
    OK(fx, fx_put(fx, "development", "KEY", "s3cr3t-of-dev", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "PLAIN", "plain-of-dev", 0, 0));
    OK(fx, fx_put(fx, "development", "URL", "x://u:<< environment.variables.KEY >>@host",
                  ENVRES_TYPE_TEMPLATE, 0));
    OK(fx, fx_put(fx, "staging", "KEY", "s3cr3t-of-staging", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_field(fx, "development", "crm", "host", "db.dev", 0));
    OK(fx, fx_field(fx, "development", "crm", "password", "pass/word of dev", ENVRES_WRITE_SECRET));
    envres_redactor *redactor = redactor_of(fx, "development");
    static const char *const rows[][2] = {
        { "", "" },
        { "k=s3cr3t-of-dev!", "k=[redacted]!" },
        { "plain-of-dev db.dev", "plain-of-dev db.dev" },
        { "x://u:s3cr3t-of-dev@host", "[redacted]" },
        { "s3cr3t-of-staging", "s3cr3t-of-staging" },
        { "postgresql://app:pass%2Fword%20of%20dev@db.dev/",
          "postgresql://app:[redacted]@db.dev/" },
        { "{\"p\":\"pass\\/word of dev\"}", "{\"p\":\"[redacted]\"}" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        masks(fx, redactor, rows[i][0], rows[i][1]);
    assert_int_equal(envres_redactor_masked(redactor), 4);
    envres_redactor_free(redactor);
}

static void
secrets_of_a_fallback_are_masked(void **state)
{
    struct fx *fx = *state;
    define_crm(fx);
    OK(fx, fx_field(fx, "staging", "crm", "host", "db.staging", 0));
    OK(fx, fx_field(fx, "staging", "crm", "password", "pw-of-staging", ENVRES_WRITE_SECRET));
    OK(fx, fx_fallback(fx, "development", "crm", "staging"));
    envres_redactor *redactor = redactor_of(fx, "development");
    masks(fx, redactor, "pw-of-staging", "[redacted]");
    envres_redactor_free(redactor);
    redactor = redactor_of(fx, "production");
    masks(fx, redactor, "pw-of-staging", "pw-of-staging");
    envres_redactor_free(redactor);
}

static void
what_is_refused_is_named(void **state)
{
    struct fx *fx = *state;
    static const char *const wanted[][4] = {
        { "development", "BLANK", NULL, "blank" },
        { "development", "BROKEN", NULL, "broken" },
        { "development", "LINES", NULL, "lines" },
        { "development", "PIN", NULL, "short" },
        { "development", "crm", "password", "short" },
        { NULL, "token", NULL, "short" },
        { NULL, "", NULL, "short" },
    };
    define_crm(fx);
    OK(fx, fx_put(fx, "development", "PIN", "1234567", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "BLANK", "        \n", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "LINES", "first line\nsecond\n", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "LONG", "long enough", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "PART", "of the broken one", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "GONE", "gone", 0, 0));
    OK(fx, fx_put(fx, "development", "BROKEN",
                  "<< environment.variables.PART >><< environment.variables.GONE | json >>",
                  ENVRES_TYPE_TEMPLATE, ENVRES_WRITE_SECRET));
    envres_change change = { .size = sizeof(change), .flags = ENVRES_CHANGE_FORCE };
    OK(fx, envres_variable_unset(fx->session, "development", TEXT, "GONE", TEXT, &change, NULL,
                                 fx->err));
    OK(fx, fx_field(fx, "development", "crm", "host", "db.dev", 0));
    OK(fx, fx_field(fx, "development", "crm", "password", "short", ENVRES_WRITE_SECRET));
    envres_redactor *redactor = redactor_of(fx, "development");
    OK(fx, envres_redactor_add(redactor, "token", TEXT, "123", TEXT, fx->err));
    OK(fx, envres_redactor_add(redactor, "", 0, "", 0, fx->err));
    OK(fx, envres_redactor_add(redactor, "bytes", TEXT, "\xFF\0\xFE-token", 9, fx->err));
    masks(fx, redactor, "1234567 short 123 first line second \xFF",
          "1234567 short 123 [redacted] "
          "second \xFF");
    envres_list *list = NULL;
    OK(fx, envres_redactor_refused(redactor, &list, fx->err));
    assert_int_equal(envres_list_count(list), sizeof(wanted) / sizeof(wanted[0]));
    for (size_t row = 0; row < envres_list_count(list); row++) {
        for (uint32_t column = 0; column < ENVRES_REFUSED_COLUMNS; column++) {
            const char *cell = envres_list_text(list, row, column, NULL);
            print_message("%zu %s: %s\n", row, envres_list_column_name(list, column),
                          cell ? cell : "null");
            if (wanted[row][column])
                assert_string_equal(cell, wanted[row][column]);
            else
                assert_null(cell);
        }
    }
    envres_list_free(list);
    envres_redactor_free(redactor);
}

static void
a_text_comes_in_pieces(void **state)
{
    struct fx *fx = *state;
    OK(fx, fx_put(fx, "development", "KEY", "s3cr3t-of-dev", 0, ENVRES_WRITE_SECRET));
    envres_redactor *redactor = redactor_of(fx, "development");
    envres_redactor *other = NULL;
    struct out out = { 0 };
    struct out second = { 0 };
    OK(fx, envres_redactor_feed(redactor, "one\nk=s3c", 9, collect, &out, fx->err));
    assert_string_equal(out.data, "one\nk=");
    /* Copies have a text of their own, and so has a text that is all there. */
    OK(fx, envres_redactor_copy(redactor, &other, fx->err));
    OK(fx,
       envres_redactor_feed(other, "r3t-of-dev s3cr3t-of-dev\n", 25, collect, &second, fx->err));
    OK(fx, envres_redactor_finish(other, collect, &second, fx->err));
    assert_string_equal(second.data, "r3t-of-dev [redacted]\n");
    masks(fx, redactor, "r3t-of-dev", "r3t-of-dev");
    FAILS(fx, ENVRES_E_INVALID,
          envres_redactor_add(redactor, "n", 1, "another one", TEXT, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_add(other, "n", 1, "another one", TEXT, fx->err));
    OK(fx, envres_redactor_feed(redactor, NULL, 0, collect, &out, fx->err));
    OK(fx, envres_redactor_feed(redactor, "r3t-of-dev", 10, collect, &out, fx->err));
    OK(fx, envres_redactor_finish(redactor, collect, &out, fx->err));
    OK(fx, envres_redactor_finish(redactor, collect, &out, fx->err));
    assert_string_equal(out.data, "one\nk=[redacted]");
    assert_int_equal(envres_redactor_masked(redactor), 1);
    assert_int_equal(envres_redactor_masked(other), 1);
    out.answer = ENVRES_E_CALLBACK;
    FAILS(fx, ENVRES_E_CALLBACK, envres_redactor_feed(redactor, "abc", 3, collect, &out, fx->err));
    FAILS(fx, ENVRES_E_CALLBACK, envres_redactor_finish(redactor, collect, &out, fx->err));
    envres_redactor_free(redactor);
    masks(fx, other, "s3cr3t-of-dev", "[redacted]");
    envres_redactor_free(other);
}

static void
replacements_and_arguments(void **state)
{
    struct fx *fx = *state;
    envres_redactor_options options = { .size = sizeof(options),
                                        .replacement = "\xE2\x80\xA2",
                                        .replacement_len = TEXT };
    envres_redactor *redactor = NULL;
    envres_value *value = NULL;
    envres_list *list = NULL;
    struct out out = { 0 };
    char longer[66];
    memset(longer, 'x', sizeof(longer));
    OK(fx, envres_redactor_new(&options, &redactor, fx->err));
    masks(fx, redactor, "nothing to mask yet", "nothing to mask yet");
    envres_redactor_free(redactor);
    OK(fx, envres_redactor_new(&options, &redactor, fx->err));
    OK(fx, envres_redactor_add(redactor, "a", 1, "a secret", TEXT, fx->err));
    masks(fx, redactor, "is a secret!", "is \xE2\x80\xA2!");
    envres_redactor_free(redactor);
    options.replacement = "";
    OK(fx, envres_redactor_new(&options, &redactor, fx->err));
    OK(fx, envres_redactor_add(redactor, "a", 1, "a secret", TEXT, fx->err));
    masks(fx, redactor, "is a secret!", "is !");
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_text(redactor, NULL, 0, &value, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_text(redactor, "", 0, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_feed(redactor, NULL, 1, collect, &out, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_feed(redactor, "a", 1, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_finish(redactor, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_refused(redactor, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_copy(redactor, NULL, fx->err));
    envres_redactor_free(redactor);
    redactor = NULL;
    options.replacement = longer;
    options.replacement_len = 65;
    FAILS(fx, ENVRES_E_LIMIT, envres_redactor_new(&options, &redactor, fx->err));
    options.replacement_len = 64;
    OK(fx, envres_redactor_new(&options, &redactor, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_add_scope(redactor, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_add(redactor, "a", 1, NULL, 0, fx->err));
    FAILS(fx, ENVRES_E_LIMIT, envres_redactor_add(redactor, longer, 129, "x", 1, fx->err));
    FAILS(fx, ENVRES_E_LIMIT,
          envres_redactor_add(redactor, "a", 1, longer, 1024 * 1024 + 1, fx->err));
    envres_redactor_free(redactor);
    redactor = NULL;
    options.replacement = "\xFF";
    options.replacement_len = 1;
    FAILS(fx, ENVRES_E_UTF8, envres_redactor_new(&options, &redactor, fx->err));
    options.replacement = NULL;
    options.flags = 1;
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_new(&options, &redactor, fx->err));
    assert_null(redactor);
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_new(NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_refused(NULL, &list, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_add(NULL, "a", 1, "x", 1, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_redactor_text(NULL, "a", 1, &value, fx->err));
    assert_int_equal(envres_redactor_masked(NULL), 0);
    envres_redactor_free(NULL);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void
shows(struct fx *fx, const char *text, uint32_t context, const char *want)
{
    envres_scope *scope = fx_scope(fx, "development");
    envres_value *value = NULL;
    envres_value *shown = NULL;
    OK(fx, envres_scope_expand(scope, text, TEXT, context, 0, &value, fx->err));
    OK(fx, envres_value_redacted(value, NULL, 0, &shown, fx->err));
    assert_string_equal(envres_value_data(shown, NULL), want);
    assert_int_equal(envres_value_is_secret(shown), 0);
    assert_int_equal(envres_value_range_count(shown), 0);
    assert_int_equal(envres_value_type(shown), ENVRES_TYPE_STRING);
    envres_value_free(shown);
    envres_value_free(value);
    envres_scope_unref(scope);
}

/* Taint through concatenation, default, templates, encodings, JSON and a resource's field: exact,
 * also where a secret has one byte. */
static void
values_show_what_is_no_secret(void **state)
{
    struct fx *fx = *state;
    define_crm(fx);
    OK(fx, fx_put(fx, "development", "P", "x", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "EMPTY", "", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "N", "42", ENVRES_TYPE_NUMBER, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "H", "xhost", 0, 0));
    OK(fx,
       fx_put(fx, "development", "T", "a<< environment.variables.P >>b", ENVRES_TYPE_TEMPLATE, 0));
    OK(fx,
       fx_put(fx, "development", "TT", "<< environment.variables.T >>!", ENVRES_TYPE_TEMPLATE, 0));
    OK(fx, fx_field(fx, "development", "crm", "host", "<< environment.variables.H >>", 0));
    OK(fx, fx_field(fx, "development", "crm", "password", "pw", ENVRES_WRITE_SECRET));
#define V(name) "<< environment.variables." name " >>"
    static const struct {
        const char *text;
        uint32_t context;
        const char *want;
    } rows[] = {
        { "plain x", 0, "plain x" },
        { "", 0, "" },
        { V("P"), 0, "[redacted]" },
        { "x" V("P") "x" V("H"), 0, "x[redacted]xxhost" },
        { V("P") V("P"), 0, "[redacted]" },
        { V("P") V("H") V("P"), 0, "[redacted]xhost[redacted]" },
        { "<" V("EMPTY") ">", 0, "<>" },
        { "<< environment.variables.P | default(\"x\") >>", 0, "[redacted]" },
        { "<< environment.variables.NOPE | default(\"x\") >>", 0, "x" },
        { "<< environment.variables.P | upper >> X", 0, "[redacted] X" },
        { "<< environment.variables.P | base64 >>", 0, "[redacted]" },
        { V("T"), 0, "[redacted]" },
        { V("TT") "a", 0, "[redacted]a" },
        { "<< resources.crm.password >>@<< resources.crm.host >>", 0, "[redacted]@xhost" },
        { "/" V("P") "/", ENVRES_CONTEXT_URL, "/[redacted]/" },
        { "curl " V("P"), ENVRES_CONTEXT_SHELL, "curl [redacted]" },
        { "{\"a\": \"" V("P") "\", \"n\": \"" V("N") "\", \"h\": \"" V("H") "\"}",
          ENVRES_CONTEXT_JSON, "{\"a\": [redacted], \"n\": [redacted], \"h\": \"xhost\"}" },
        { "{\"a\": \"-" V("P") "-\"}", ENVRES_CONTEXT_JSON, "{\"a\": \"-[redacted]-\"}" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].text);
        shows(fx, rows[i].text, rows[i].context, rows[i].want);
    }
    envres_scope *scope = fx_scope(fx, "development");
    envres_value *value = NULL;
    envres_value *shown = NULL;
    OK(fx, envres_scope_get(scope, "P", TEXT, &value, fx->err));
    OK(fx, envres_value_redacted(value, "", 0, &shown, fx->err));
    assert_string_equal(envres_value_data(shown, NULL), "");
    envres_value_free(shown);
    OK(fx, envres_value_redacted(value, "***", TEXT, &shown, fx->err));
    assert_string_equal(envres_value_data(shown, NULL), "***");
    envres_value_free(shown);
    FAILS(fx, ENVRES_E_INVALID, envres_value_redacted(NULL, NULL, 0, &shown, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_value_redacted(value, NULL, 0, NULL, fx->err));
    FAILS(fx, ENVRES_E_UTF8, envres_value_redacted(value, "\xC3", 1, &shown, fx->err));
    assert_null(shown);
    envres_value_free(value);
    envres_scope_unref(scope);
}

/* ---- threads --------------------------------------------------------------------------------- */

static void *
mask_often(void *user)
{
    envres_redactor *redactor = user;
    size_t wrong = 0;
    for (int i = 0; i < 2000; i++) {
        struct out out = { 0 };
        if (envres_redactor_feed(redactor, "a s3cr3t", 8, collect, &out, NULL) < 0 ||
            envres_redactor_feed(redactor, "-of-dev b", 9, collect, &out, NULL) < 0 ||
            envres_redactor_finish(redactor, collect, &out, NULL) < 0)
            wrong++;
        wrong += strcmp(out.data, "a [redacted] b") != 0;
    }
    envres_redactor_free(redactor);
    return (void *)(uintptr_t)wrong;
}

static void
copies_serve_threads(void **state)
{
    struct fx *fx = *state;
    pthread_t threads[4];
    OK(fx, fx_put(fx, "development", "KEY", "s3cr3t-of-dev", 0, ENVRES_WRITE_SECRET));
    envres_redactor *redactor = redactor_of(fx, "development");
    for (size_t i = 0; i < 4; i++) {
        envres_redactor *copy = NULL;
        OK(fx, envres_redactor_copy(redactor, &copy, fx->err));
        assert_int_equal(pthread_create(&threads[i], NULL, mask_often, copy), 0);
    }
    envres_redactor_free(redactor);
    for (size_t i = 0; i < 4; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(secrets_of_a_scope_are_masked, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(secrets_of_a_fallback_are_masked, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(what_is_refused_is_named, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_text_comes_in_pieces, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(replacements_and_arguments, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(values_show_what_is_no_secret, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(copies_serve_threads, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
