/* SPDX-License-Identifier: MIT */
/*
 * Help for hosts that test, through the public interface: what a document makes, which documents
 * are refused and where, the clock, and memory that runs out at every request in turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envres/envres.h>
#include <envres/testing.h>

#define NUL ENVRES_NUL_TERMINATED

static const char full[] =
    "{\n"
    "  \"environments\": {\n"
    "    \"qa\": {\"label\": \"Quality \\u00e4\", \"color\": \"#8800aa\", \"after\": \"staging\"},\n"
    "    \"acme\": {\"off_path\": true, \"protected\": true},\n"
    "    \"production\": {\"require_reason\": true, \"protected\": false}\n"
    "  },\n"
    "  \"variables\": {\n"
    "    \"HOST\": {\"values\": {\"development\": \"db.dev\", \"qa\": \"db.qa\", \"production\": "
    "\"\"}},\n"
    "    \"API_KEY\": {\"secret\": true, \"values\": {\"development\": \"k\\ud83d\\ude00\\\"\\n\"}},\n"
    "    \"SHOW_BETA\": {\"values\": {\"development\": true, \"production\": false}},\n"
    "    \"LIMIT\": {\"values\": {\"development\": 42, \"staging\": -1.5e3}},\n"
    "    \"PLANS\": {\"values\": {\"development\": [1, {\"a\" : null}]}},\n"
    "    \"NOTHING\": {\"type\": \"json\", \"values\": {\"development\": null}},\n"
    "    \"WORD\": {\"type\": \"number\", \"values\": {\"development\": \"7\"}},\n"
    "    \"URL\": {\"type\": \"template\", \"values\": {\"development\": "
    "\"http://<< environment.variables.HOST >>/\"}}\n"
    "  },\n"
    "  \"resources\": {\n"
    "    \"crm\": {\"kind\": \"postgres\", \"secret\": [\"user\"],\n"
    "      \"settings\": {\"development\": {\"host\": \"<< environment.variables.HOST >>\", \"port\": "
    "5433, \"database\": \"crm\", \"user\": \"u\", \"options\": {\"a\": \"b\"}}},\n"
    "      \"fallback\": {\"staging\": \"development\"}},\n"
    "    \"bare\": {\"kind\": \"custom\"}\n"
    "  }\n"
    "}\n";

struct fixture {
    envres_error *err;
    envres_store *store;
    envres_session *session;
};

static int
set_up(void **state)
{
    static struct fixture fx;
    fx = (struct fixture){ .err = envres_error_new(NULL) };
    *state = &fx;
    return fx.err ? 0 : -1;
}

static int
tear_down(void **state)
{
    struct fixture *fx = *state;
    envres_session_close(fx->session);
    envres_store_close(fx->store);
    envres_error_free(fx->err);
    return 0;
}

static void
good(const struct fixture *fx, envres_status status)
{
    if (status < 0)
        fail_msg("%s: %s (line %u, column %u)", envres_status_name(status),
                 envres_error_message(fx->err), envres_error_line(fx->err),
                 envres_error_column(fx->err));
}

static envres_scope *
scope_of(struct fixture *fx, const char *environment)
{
    envres_scope *scope = NULL;
    good(fx, envres_scope_open(fx->session, environment, NUL, NULL, &scope, fx->err));
    return scope;
}

static void
check_text(struct fixture *fx, envres_scope *scope, const char *template, const char *expected)
{
    envres_value *value = NULL;
    good(fx, envres_scope_expand(scope, template, NUL, ENVRES_CONTEXT_TEXT, 0, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL), expected);
    envres_value_free(value);
}

static void
test_environments(void **state)
{
    struct fixture *fx = *state;
    static const char *const keys[] = { "development", "staging", "qa", "production", "acme" };
    envres_list *list = NULL;
    good(fx, envres_testing_open(full, NUL, NULL, &fx->store, &fx->session, fx->err));
    good(fx, envres_environment_list(fx->session, &list, fx->err));
    assert_int_equal(envres_list_count(list), 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(envres_list_text(list, i, ENVRES_ENVIRONMENT_KEY, NULL), keys[i]);
    assert_string_equal(envres_list_text(list, 2, ENVRES_ENVIRONMENT_LABEL, NULL),
                        "Quality \xc3\xa4");
    assert_string_equal(envres_list_text(list, 2, ENVRES_ENVIRONMENT_COLOR, NULL), "#8800aa");
    assert_int_equal(envres_list_integer(list, 2, ENVRES_ENVIRONMENT_POSITION), 3);
    assert_int_equal(envres_list_integer(list, 3, ENVRES_ENVIRONMENT_PROTECTED), 0);
    assert_int_equal(envres_list_integer(list, 3, ENVRES_ENVIRONMENT_REQUIRE_REASON), 1);
    assert_int_equal(envres_list_type(list, 4, ENVRES_ENVIRONMENT_POSITION), ENVRES_CELL_NULL);
    assert_int_equal(envres_list_integer(list, 4, ENVRES_ENVIRONMENT_PROTECTED), 1);
    envres_list_free(list);
}

static void
test_variables(void **state)
{
    struct fixture *fx = *state;
    static const struct {
        const char *name;
        const char *type;
        int32_t secret;
        const char *value;
    } rows[] = {
        { "HOST", "string", 0, "db.dev" },
        { "API_KEY", "string", 1, "k\xf0\x9f\x98\x80\"\n" },
        { "SHOW_BETA", "boolean", 0, "true" },
        { "LIMIT", "number", 0, "42" },
        { "PLANS", "json", 0, "[1,{\"a\":null}]" },
        { "NOTHING", "json", 0, "null" },
        { "WORD", "number", 0, "7" },
        { "URL", "template", 0, "http://<< environment.variables.HOST >>/" },
    };
    const size_t count = sizeof(rows) / sizeof(rows[0]);
    envres_list *list = NULL;
    good(fx, envres_testing_open(full, NUL, NULL, &fx->store, &fx->session, fx->err));
    good(fx,
         envres_variable_list(fx->session, "development", NUL, ENVRES_READ_REVEAL, &list, fx->err));
    assert_int_equal(envres_list_count(list), count);
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        print_message("%s\n", rows[i].name);
        while (strcmp(envres_list_text(list, at, ENVRES_VARIABLE_NAME, NULL), rows[i].name) != 0)
            assert_true(++at < count);
        assert_string_equal(envres_list_text(list, at, ENVRES_VARIABLE_TYPE, NULL), rows[i].type);
        assert_int_equal(envres_list_integer(list, at, ENVRES_VARIABLE_SECRET), rows[i].secret);
        assert_string_equal(envres_list_text(list, at, ENVRES_VARIABLE_VALUE, NULL), rows[i].value);
    }
    envres_list_free(list);
}

/* A value of one environment is in no other; the empty string is a value. */
static void
test_values_stay_apart(void **state)
{
    struct fixture *fx = *state;
    envres_value *value = NULL;
    good(fx, envres_testing_open(full, NUL, NULL, &fx->store, &fx->session, fx->err));
    envres_scope *scope = scope_of(fx, "qa");
    check_text(fx, scope, "<< environment.label >>: << environment.variables.HOST >>",
               "Quality \xc3\xa4: db.qa");
    assert_int_equal(envres_scope_get(scope, "API_KEY", NUL, &value, fx->err), ENVRES_E_NOT_SET);
    assert_null(value);
    envres_scope_unref(scope);
    scope = scope_of(fx, "production");
    check_text(fx, scope, "[<< environment.variables.HOST >>]", "[]");
    envres_scope_unref(scope);
}

static void
test_resources(void **state)
{
    struct fixture *fx = *state;
    envres_resource_handle *handle = NULL;
    envres_value *url = NULL;
    good(fx, envres_testing_open(full, NUL, NULL, &fx->store, &fx->session, fx->err));
    envres_scope *scope = scope_of(fx, "staging");
    good(fx, envres_scope_resource(scope, "crm", NUL, &handle, fx->err));
    assert_int_equal(envres_resource_handle_is_fallback(handle), 1);
    assert_string_equal(envres_resource_handle_environment(handle), "development");
    good(fx, envres_resource_handle_url(handle, &url, fx->err));
    assert_non_null(strstr(envres_value_data(url, NULL), "@db.dev:5433/crm"));
    assert_int_equal(envres_value_is_secret(url), 1);
    envres_value_free(url);
    envres_resource_handle_free(handle);
    handle = NULL;
    assert_int_equal(envres_scope_resource(scope, "bare", NUL, &handle, fx->err),
                     ENVRES_E_NOT_CONFIGURED);
    envres_scope_unref(scope);
}

/* Nothing at all, in every way to say so. */
static void
test_empty_documents(void **state)
{
    struct fixture *fx = *state;
    static const char *const rows[] = { "{}", " {\r\n} \t",
                                        "{\"environments\":{},\"variables\":{},\"resources\":{}}" };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_list *list = NULL;
        print_message("%s\n", rows[i]);
        good(fx, envres_testing_open(rows[i], NUL, NULL, &fx->store, &fx->session, fx->err));
        good(fx, envres_variable_list(fx->session, NULL, 0, 0, &list, fx->err));
        assert_int_equal(envres_list_count(list), 0);
        envres_list_free(list);
        envres_session_close(fx->session);
        envres_store_close(fx->store);
        fx->session = NULL;
        fx->store = NULL;
    }
}

struct refused {
    const char *name;
    const char *json;
    envres_status code;
    uint32_t line;
    uint32_t column;
    const char *mentions;
};

static const struct refused refusals[] = {
    /* what JSON is not */
    { "nothing", "", ENVRES_E_JSON, 1, 1, "" },
    { "only space", " \n ", ENVRES_E_JSON, 2, 2, "" },
    { "more than one", "{} {}", ENVRES_E_JSON, 1, 4, "follows" },
    { "no end", "{", ENVRES_E_JSON, 1, 2, "key" },
    { "comma at the end", "{\"variables\": {},}", ENVRES_E_JSON, 1, 18, "key" },
    { "no comma", "{\"variables\": {} \"resources\": {}}", ENVRES_E_JSON, 1, 18, "comma" },
    { "no colon", "{\"variables\" {}}", ENVRES_E_JSON, 1, 14, "colon" },
    { "single quotes", "{'variables': {}}", ENVRES_E_JSON, 1, 2, "key" },
    { "a comment", "{ // no\n}", ENVRES_E_JSON, 1, 3, "key" },
    { "a string without end", "{\"vari", ENVRES_E_JSON, 1, 2, "does not end" },
    { "a line end in a string", "{\"a\n\": 1}", ENVRES_E_JSON, 1, 4, "control" },
    { "an unknown escape", "{\"\\x41\": 1}", ENVRES_E_JSON, 1, 4, "escape" },
    { "half a surrogate pair", "{\"\\ud800\": 1}", ENVRES_E_JSON, 1, 3, "surrogate" },
    { "two high surrogates", "{\"\\ud800\\ud800\": 1}", ENVRES_E_JSON, 1, 3, "surrogate" },
    { "a low surrogate alone", "{\"\\udc00\": 1}", ENVRES_E_JSON, 1, 3, "surrogate" },
    { "an escaped NUL", "{\"\\u0000\": 1}", ENVRES_E_JSON, 1, 3, "NUL" },
    { "three hexadecimal digits", "{\"\\u00g0\": 1}", ENVRES_E_JSON, 1, 7, "hexadecimal" },
    { "a leading zero", "{\"a\": 01}", ENVRES_E_JSON, 1, 8, "begin with 0" },
    { "a leading plus", "{\"a\": +1}", ENVRES_E_JSON, 1, 7, "" },
    { "a point without digits", "{\"a\": 1.}", ENVRES_E_JSON, 1, 9, "digit" },
    { "an exponent without digits", "{\"a\": 1e}", ENVRES_E_JSON, 1, 9, "digit" },
    { "a minus alone", "{\"a\": -}", ENVRES_E_JSON, 1, 8, "digit" },
    { "NaN", "{\"a\": NaN}", ENVRES_E_JSON, 1, 7, "" },
    { "True", "{\"a\": True}", ENVRES_E_JSON, 1, 7, "" },
    { "a word cut short", "{\"a\": tru", ENVRES_E_JSON, 1, 7, "" },
    { "an array without end", "{\"a\": [1, 2", ENVRES_E_JSON, 1, 12, "]" },
    { "a comma at the end of an array", "{\"a\": [1,]}", ENVRES_E_JSON, 1, 10, "" },
    { "a key twice", "{\"variables\": {},\n \"vari\\u0061bles\": {}}", ENVRES_E_JSON, 2, 2,
      "twice" },
    /* the form */
    { "a list", "[]", ENVRES_E_JSON, 1, 1, "the document is an object" },
    { "an unknown key", "{\"variable\": {}}", ENVRES_E_JSON, 1, 2, "no key 'variable'" },
    { "variables that are a list", "{\"variables\": []}", ENVRES_E_JSON, 1, 15, "object" },
    { "an unknown key of an environment", "{\"environments\": {\"qa\": {\"colour\": \"red\"}}}",
      ENVRES_E_JSON, 1, 26, "'colour'" },
    { "a label that is a number", "{\"environments\": {\"qa\": {\"label\": 1}}}", ENVRES_E_JSON, 1,
      35, "'label' is a string" },
    { "a flag that is a word", "{\"environments\": {\"qa\": {\"off_path\": \"yes\"}}}",
      ENVRES_E_JSON, 1, 38, "true or false" },
    { "an environment's bad key", "{\"environments\": {\n\"Q A\": {}}}", ENVRES_E_NAME, 2, 1, "" },
    { "after one that is not there", "{\"environments\": {\"qa\": {\"after\": \"uat\"}}}",
      ENVRES_E_NOT_FOUND, 1, 19, "path" },
    { "a built-in one moved", "{\"environments\": {\"staging\": {\"off_path\": true}}}",
      ENVRES_E_INVALID, 1, 19, "" },
    { "an unknown key of a variable",
      "{\"variables\": {\"A\": {\"typ\": \"string\", \"values\": {}}}}", ENVRES_E_JSON, 1, 22,
      "'typ'" },
    { "an unknown type", "{\"variables\": {\"A\": {\"type\": \"text\", \"values\": {}}}}",
      ENVRES_E_JSON, 1, 30, "type" },
    { "no values", "{\"variables\": {\"A\": {\"secret\": true}}}", ENVRES_E_JSON, 1, 21,
      "'values'" },
    { "an unknown environment", "{\"variables\": {\"A\": {\"values\": {\"dev\": \"x\"}}}}",
      ENVRES_E_JSON, 1, 33, "'dev'" },
    { "null", "{\"variables\": {\"A\": {\"values\": {\"staging\": null}}}}", ENVRES_E_JSON, 1, 44,
      "null" },
    { "a string without quotes",
      "{\"variables\": {\"A\": {\"type\": \"string\", \"values\": {\"staging\": 5}}}}",
      ENVRES_E_JSON, 1, 62, "quotes" },
    { "no kind", "{\"resources\": {\"crm\": {}}}", ENVRES_E_JSON, 1, 23, "'kind'" },
    { "an unknown key of a resource",
      "{\"resources\": {\"crm\": {\"kind\": \"rest\", \"fields\": {}}}}", ENVRES_E_JSON, 1, 40,
      "'fields'" },
    { "secret fields that are no list",
      "{\"resources\": {\"crm\": {\"kind\": \"rest\", \"secret\": true}}}", ENVRES_E_JSON, 1, 50,
      "list" },
    { "a secret field that nobody sets",
      "{\"resources\": {\"crm\": {\"kind\": \"rest\", \"secret\": [\"tokn\"]}}}", ENVRES_E_JSON, 1,
      51, "sets" },
    { "a setting that is null",
      "{\"resources\": {\"crm\": {\"kind\": \"rest\", \"settings\": {\"staging\": {\"base_url\": "
      "null}}}}}",
      ENVRES_E_JSON, 1, 77, "null" },
    { "a fallback of an unknown environment",
      "{\"resources\": {\"crm\": {\"kind\": \"rest\", \"fallback\": {\"uat\": \"staging\"}}}}",
      ENVRES_E_JSON, 1, 53, "'uat'" },
    { "a fallback that is a list",
      "{\"resources\": {\"crm\": {\"kind\": \"rest\", \"fallback\": {\"staging\": []}}}}",
      ENVRES_E_JSON, 1, 64, "key" },
    /* what the library says of values */
    { "a variable's bad name", "{\"variables\": {\"A-B\": {\"values\": {\"staging\": \"x\"}}}}",
      ENVRES_E_NAME, 1, 46, "" },
    { "a number that is none",
      "{\"variables\": {\"A\": {\"values\": {\"staging\": \"x\"}},\n\"B\": {\"type\": \"number\", "
      "\"values\": {\"staging\": \"1x\"}}}}",
      ENVRES_E_TYPE, 2, 47, "" },
    { "types that differ",
      "{\"variables\": {\"A\": {\"values\": {\"staging\": 1, \"production\": true}}}}",
      ENVRES_E_TYPE, 1, 61, "" },
    { "a broken template",
      "{\"variables\": {\"A\": {\"type\": \"template\", \"values\": {\"staging\": \"<< environment.nam "
      ">>\"}}}}",
      ENVRES_E_SYNTAX, 1, 64, "" },
    { "text that is not UTF-8", "{\"variables\": {\"A\": {\"values\": {\"staging\": \"\xff\"}}}}",
      ENVRES_E_UTF8, 1, 44, "" },
    { "an unknown kind", "{\"resources\": {\"crm\": {\"kind\": \"postgress\"}}}",
      ENVRES_E_NOT_FOUND, 1, 16, "" },
    { "an unknown field",
      "{\"resources\": {\"crm\": {\"kind\": \"rest\", \"settings\": {\"staging\": {\"url\": \"x\"}}}}}",
      ENVRES_E_FIELD, 1, 64, "" },
    { "a fallback to a more protected one",
      "{\"resources\": {\"crm\": {\"kind\": \"rest\", \"fallback\": {\"staging\": \"production\"}}}}",
      ENVRES_E_FALLBACK, 1, 64, "" },
};

static void
check_refusal(struct fixture *fx, const struct refused *row)
{
    envres_error_clear(fx->err);
    envres_status st = envres_testing_open(row->json, NUL, NULL, &fx->store, &fx->session, fx->err);
    print_message("%s: %s at %u:%u: %s\n", row->name, envres_status_name(st),
                  envres_error_line(fx->err), envres_error_column(fx->err),
                  envres_error_message(fx->err));
    assert_int_equal(st, row->code);
    assert_null(fx->store);
    assert_null(fx->session);
    assert_int_equal(envres_error_code(fx->err), row->code);
    assert_int_equal(envres_error_line(fx->err), row->line);
    assert_int_equal(envres_error_column(fx->err), row->column);
    assert_non_null(strstr(envres_error_message(fx->err), row->mentions));
    /* The same without a slot. */
    assert_int_equal(envres_testing_open(row->json, NUL, NULL, &fx->store, &fx->session, NULL),
                     row->code);
}

static void
test_refusals(void **state)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        check_refusal(*state, &refusals[i]);
}

static void
test_limits(void **state)
{
    struct fixture *fx = *state;
    static char deep[200];
    memset(deep, '[', 65);
    deep[65] = '\0';
    assert_int_equal(envres_testing_open(deep, NUL, NULL, &fx->store, &fx->session, fx->err),
                     ENVRES_E_LIMIT);
    assert_int_equal(envres_error_column(fx->err), 65);
    memset(deep + 64, ']', 64);
    deep[128] = '\0';
    assert_int_equal(envres_testing_open(deep, NUL, NULL, &fx->store, &fx->session, fx->err),
                     ENVRES_E_JSON);
    assert_non_null(strstr(envres_error_message(fx->err), "the document is an object"));
    assert_int_equal(
        envres_testing_open("{}", 16 * 1024 * 1024 + 1, NULL, &fx->store, &fx->session, fx->err),
        ENVRES_E_LIMIT);
    /* A length that ends before the text does. */
    good(fx, envres_testing_open("{}x", 2, NULL, &fx->store, &fx->session, fx->err));
}

static void
test_misuse(void **state)
{
    struct fixture *fx = *state;
    envres_store_options options = { .size = 3 };
    assert_int_equal(envres_testing_open(NULL, 0, NULL, &fx->store, &fx->session, fx->err),
                     ENVRES_E_INVALID);
    assert_int_equal(envres_testing_open("{}", NUL, NULL, NULL, &fx->session, fx->err),
                     ENVRES_E_INVALID);
    assert_int_equal(envres_testing_open("{}", NUL, NULL, &fx->store, NULL, fx->err),
                     ENVRES_E_INVALID);
    assert_int_equal(envres_testing_open("{}", NUL, &options, &fx->store, &fx->session, fx->err),
                     ENVRES_E_ABI);
}

static void
test_clock(void **state)
{
    struct fixture *fx = *state;
    envres_testing_clock *clock = envres_testing_clock_new(1700000000000);
    const envres_store_options options = { .size = sizeof(options),
                                           .clock = envres_testing_clock_read,
                                           .clock_user = clock };
    const envres_variable_write write = {
        .size = sizeof(write), .name = "HOST", .name_len = NUL, .value = "db.new", .value_len = NUL
    };
    const int64_t expected[] = { 1699999999000, 1700000005000, 1700000000000 };
    envres_list *list = NULL;
    assert_non_null(clock);
    good(fx, envres_testing_open(full, NUL, &options, &fx->store, &fx->session, fx->err));
    envres_testing_clock_step(clock, 5000);
    good(fx, envres_variable_put(fx->session, "development", NUL, &write, NULL, NULL, fx->err));
    envres_testing_clock_set(clock, 1699999999000);
    good(fx, envres_variable_put(fx->session, "development", NUL, &write, NULL, NULL, fx->err));
    good(fx,
         envres_variable_history(fx->session, "development", NUL, "HOST", NUL, 0, &list, fx->err));
    assert_int_equal(envres_list_count(list), 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(envres_list_integer(list, i, ENVRES_HISTORY_TIME) == expected[i]);
    envres_list_free(list);
    envres_session_close(fx->session);
    envres_store_close(fx->store);
    fx->session = NULL;
    fx->store = NULL;
    envres_testing_clock_free(clock);
    envres_testing_clock_free(NULL);
}

static void
test_memory_counts(void **state)
{
    (void)state;
    envres_testing_memory *memory = envres_testing_memory_new();
    envres_allocator hook;
    assert_non_null(memory);
    envres_testing_memory_allocator(memory, &hook);
    assert_int_equal(hook.size, sizeof(hook));
    unsigned char *block = hook.reallocate(NULL, 100, hook.user);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % sizeof(void *), 0);
    assert_int_equal(block[99], 0xA5);
    block[0] = 7;
    unsigned char *larger = hook.reallocate(block, 300, hook.user);
    assert_int_equal(larger[0], 7);
    assert_int_equal(larger[299], 0xA5);
    assert_int_equal(envres_testing_memory_live(memory), 300);
    unsigned char *smaller = hook.reallocate(larger, 10, hook.user);
    assert_int_equal(smaller[0], 7);
    assert_int_equal(envres_testing_memory_live(memory), 10);
    assert_int_equal(envres_testing_memory_peak(memory), 300);
    assert_int_equal(envres_testing_memory_requests(memory), 3);
    /* A refused resize leaves the block as it was. */
    envres_testing_memory_fail(memory, 1, 0);
    assert_null(hook.reallocate(smaller, 20, hook.user));
    assert_int_equal(smaller[0], 7);
    assert_int_equal(envres_testing_memory_live(memory), 10);
    hook.reallocate(smaller, 0, hook.user);
    assert_int_equal(envres_testing_memory_live(memory), 0);
    assert_int_equal(envres_testing_memory_failures(memory), 1);
    assert_null(hook.reallocate(NULL, SIZE_MAX, hook.user));
    envres_testing_memory_free(memory);
    envres_testing_memory_free(NULL);
}

/* Which of six requests fail, by what was asked for. */
static void
test_memory_fails(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t n;
        uint32_t flags;
        const char *served;
    } rows[] = {
        { "none", 0, 0, "yyyyyy" },
        { "none from then on", 0, ENVRES_TESTING_FROM_THEN_ON, "yyyyyy" },
        { "the next", 1, 0, "nyyyyy" },
        { "the third", 3, 0, "yynyyy" },
        { "from the third on", 3, ENVRES_TESTING_FROM_THEN_ON, "yynnnn" },
        { "one that never comes", 7, ENVRES_TESTING_FROM_THEN_ON, "yyyyyy" },
    };
    envres_testing_memory *memory = envres_testing_memory_new();
    envres_allocator hook;
    envres_testing_memory_allocator(memory, &hook);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char served[7] = "";
        print_message("%s\n", rows[i].name);
        envres_testing_memory_fail(memory, rows[i].n, rows[i].flags);
        for (size_t k = 0; k < 6; k++) {
            void *block = hook.reallocate(NULL, 8, hook.user);
            served[k] = block ? 'y' : 'n';
            hook.reallocate(block, 0, hook.user);
        }
        assert_string_equal(served, rows[i].served);
    }
    envres_testing_memory_free(memory);
}

/* Every request of opening and of one render fails in turn: NOMEM or the right answer, no leak. */
static void
out_of_memory(uint32_t flags)
{
    for (uint64_t n = 1;; n++) {
        envres_testing_memory *memory = envres_testing_memory_new();
        envres_allocator hook;
        envres_testing_memory_allocator(memory, &hook);
        const envres_store_options options = { .size = sizeof(options), .allocator = &hook };
        envres_error *err = envres_error_new(NULL);
        envres_store *store = NULL;
        envres_session *session = NULL;
        envres_scope *scope = NULL;
        envres_value *value = NULL;
        envres_testing_memory_fail(memory, n, flags);
        envres_status st = envres_testing_open(full, NUL, &options, &store, &session, err);
        if (st == ENVRES_OK)
            st = envres_scope_open(session, "development", NUL, NULL, &scope, err);
        if (st == ENVRES_OK)
            st = envres_scope_expand(scope, "<< environment.variables.URL >>", NUL,
                                     ENVRES_CONTEXT_TEXT, 0, &value, err);
        if (st == ENVRES_OK)
            assert_string_equal(envres_value_data(value, NULL), "http://db.dev/");
        else
            assert_int_equal(st, ENVRES_E_NOMEM);
        if (envres_testing_memory_failures(memory) == 0)
            assert_int_equal(st, ENVRES_OK);
        uint64_t failures = envres_testing_memory_failures(memory);
        envres_value_free(value);
        envres_scope_unref(scope);
        envres_session_close(session);
        envres_store_close(store);
        envres_error_free(err);
        assert_int_equal(envres_testing_memory_live(memory), 0);
        envres_testing_memory_free(memory);
        if (failures == 0)
            return;
    }
}

static void
test_out_of_memory_once(void **state)
{
    (void)state;
    out_of_memory(0);
}

static void
test_out_of_memory_from_then_on(void **state)
{
    (void)state;
    out_of_memory(ENVRES_TESTING_FROM_THEN_ON);
}

/* What a host's callback, or a library on top, writes into a slot. */
static void
test_error_set(void **state)
{
    struct fixture *fx = *state;
    static const char text[] = "one\ntwo three";
    assert_int_equal(envres_error_set(fx->err, ENVRES_E_IO, "no route\nto host", NUL, "ask", NUL),
                     ENVRES_E_IO);
    assert_int_equal(envres_error_code(fx->err), ENVRES_E_IO);
    assert_string_equal(envres_error_message(fx->err), "no route?to host");
    assert_string_equal(envres_error_hint(fx->err), "ask");
    envres_error_set_subject(fx->err, "crm.host", 3);
    assert_string_equal(envres_error_subject(fx->err), "crm");
    envres_error_set_position(fx->err, text, NUL, 8);
    assert_int_equal(envres_error_offset(fx->err), 8);
    assert_int_equal(envres_error_line(fx->err), 2);
    assert_int_equal(envres_error_column(fx->err), 5);
    assert_int_equal(envres_error_set(fx->err, ENVRES_E_TYPE, "abc", 2, NULL, 0), ENVRES_E_TYPE);
    assert_string_equal(envres_error_message(fx->err), "ab");
    assert_string_equal(envres_error_hint(fx->err), "");
    assert_string_equal(envres_error_subject(fx->err), "");
    assert_int_equal(envres_error_line(fx->err), 0);
    assert_int_equal(envres_error_set(fx->err, 0, "x", NUL, NULL, 0), ENVRES_E_INVALID);
    assert_int_equal(envres_error_set(fx->err, -9999, "x", NUL, NULL, 0), ENVRES_E_INVALID);
    assert_int_equal(envres_error_code(fx->err), ENVRES_E_INVALID);
    assert_int_equal(envres_error_set(NULL, ENVRES_E_IO, "x", NUL, NULL, 0), ENVRES_E_IO);
    envres_error_set_subject(NULL, "x", NUL);
    envres_error_set_position(NULL, text, NUL, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_environments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_variables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_values_stay_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_resources, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty_documents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_misuse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clock, set_up, tear_down),
        cmocka_unit_test(test_memory_counts),
        cmocka_unit_test(test_memory_fails),
        cmocka_unit_test(test_out_of_memory_once),
        cmocka_unit_test(test_out_of_memory_from_then_on),
        cmocka_unit_test_setup_teardown(test_error_set, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
