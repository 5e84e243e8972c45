/* SPDX-License-Identifier: MIT */
/*
 * The check, code by code: each is found at its place, and its near neighbour is not. Then what is
 * true of all findings: their order, their number, that no value stands in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <envres/envres.h>

#include "api/store.h"
#include "delivery/finding.h"
#include "delivery/leak.h"
#include "fx_mem.h"
#include "model/config.h"

#define TEXT ENVRES_NUL_TERMINATED

/* Of production; in no finding, in no block of memory given back, in no file. */
#define CANARY "canary-4711-wxyz"

struct fx {
    struct fx_mem memory;
    char folder[64];
    char path[96];
    envres_error *err;
    envres_store *store;
    envres_session *session;
    uint8_t key[32];
};

static void
must(struct fx *fx, envres_status st, const char *what)
{
    if (st < 0)
        fail_msg("%s: %s: %s", what, envres_status_name(st), envres_error_message(fx->err));
}

#define OK(call) must(fx, call, #call)

/* ---- a store with three environments that differ -------------------------------------------- */

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
    OK(envres_variable_put(fx->session, env, TEXT, &write, NULL, NULL, fx->err));
}

static void
field(struct fx *fx, const char *env, const char *handle, const char *name, const char *value)
{
    envres_resource_field given = {
        .size = sizeof(given), .name = name, .name_len = TEXT, .value = value, .value_len = TEXT
    };
    envres_resource_write write = {
        .size = sizeof(write), .handle = handle, .handle_len = TEXT, .fields = &given, .count = 1
    };
    OK(envres_resource_configure(fx->session, env, TEXT, &write, NULL, NULL, fx->err));
}

struct value_row {
    const char *env, *name, *value;
    int32_t type;
    uint32_t flags;
};

static const struct value_row values[] = {
    { "development", "URL", "https://api.dev.example", ENVRES_TYPE_STRING, 0 },
    { "staging", "URL", "https://api.stage.example", ENVRES_TYPE_STRING, 0 },
    { "production", "URL", "https://api.prod.example", ENVRES_TYPE_STRING, 0 },
    { "development", "PORT", "5432", ENVRES_TYPE_NUMBER, 0 },
    { "staging", "PORT", "5433", ENVRES_TYPE_NUMBER, 0 },
    { "production", "PORT", "5434343434", ENVRES_TYPE_NUMBER, 0 },
    { "development", "ONLY_DEV", "here", ENVRES_TYPE_STRING, 0 },
    { "staging", "SHARED", "the same everywhere", ENVRES_TYPE_STRING, 0 },
    { "production", "SHARED", "the same everywhere", ENVRES_TYPE_STRING, 0 },
    { "production", "FIVE", "fivee", ENVRES_TYPE_STRING, 0 },
    { "production", "SIX", "sixsix", ENVRES_TYPE_STRING, 0 },
    { "production", "QUOTED", "say \"hello\"", ENVRES_TYPE_STRING, 0 },
    { "production", "BUILT", "to << environment.name >>", ENVRES_TYPE_TEMPLATE, 0 },
    { "development", "TOKEN", "dev-token-000", ENVRES_TYPE_STRING, ENVRES_WRITE_SECRET },
    { "staging", "TOKEN", "stage-token-111", ENVRES_TYPE_STRING, ENVRES_WRITE_SECRET },
    { "production", "TOKEN", CANARY, ENVRES_TYPE_STRING, ENVRES_WRITE_SECRET },
    { "production", "SHORT", "1234567", ENVRES_TYPE_STRING, ENVRES_WRITE_SECRET },
    { "production", "PEM", "--BEGIN--\nabc\n--END--", ENVRES_TYPE_STRING, ENVRES_WRITE_SECRET },
    { "staging", "WITH_TOKEN", "t=<< environment.variables.TOKEN >>", ENVRES_TYPE_TEMPLATE, 0 },
};

static const struct {
    const char *env, *handle, *kind, *field, *value;
} fields[] = {
    { "development", "crm", "postgres", "host", "localhost" },
    { "development", "crm", NULL, "database", "crm" },
    { "staging", "crm", NULL, "host", "crm.stage.example" },
    { "staging", "crm", NULL, "database", "crm" },
    { "production", "crm", NULL, "host", "crm.prod.example" },
    { "production", "crm", NULL, "database", "crm" },
    { "development", "queue", "redis", "host", "redis1" },
    { "production", "api", "rest", "base_url", "https://u@rest.prod.example:8443/v1" },
    { "production", "docs", "mongodb", "uri",
      "mongodb://user:" CANARY "@m1.prod.example:27017,m2.prod.example/db" },
    { "production", "store", "postgres", "host", "postgres" },
    { "production", "store", NULL, "database", "x" },
    { "production", "mail", "smtp", "host", "mail.shared.example" },
    { "staging", "mail", NULL, "host", "mail.shared.example" },
    { "development", "search", "rest", "base_url", "https://search.dev.example" },
    { "staging", "half", "postgres", "host", "half.stage.example" },
};

static void
configure(struct fx *fx)
{
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        put(fx, values[i].env, values[i].name, values[i].value, values[i].type, values[i].flags);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (fields[i].kind)
            OK(envres_resource_define(fx->session, fields[i].handle, TEXT, fields[i].kind, TEXT,
                                      NULL, fx->err));
        field(fx, fields[i].env, fields[i].handle, fields[i].field, fields[i].value);
    }
    envres_fallback fallback = { .size = sizeof(fallback),
                                 .handle = "search",
                                 .handle_len = TEXT,
                                 .to = "development",
                                 .to_len = TEXT };
    OK(envres_resource_fallback(fx->session, "staging", TEXT, &fallback, NULL, fx->err));
}

static void
open_session(struct fx *fx)
{
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx->key,
                                .secret_len = sizeof(fx->key) };
    OK(envres_session_open(fx->store, NULL, 0, &owner, &fx->session, fx->err));
}

static int
setup(void **state)
{
    struct fx *fx = calloc(1, sizeof(*fx));
    fx_mem_init(&fx->memory);
    strcpy(fx->folder, "/tmp/envres-check-XXXXXX");
    if (!mkdtemp(fx->folder))
        return -1;
    snprintf(fx->path, sizeof(fx->path), "%s/store", fx->folder);
    memset(fx->key, 0x37, sizeof(fx->key));
    fx->err = envres_error_new(NULL);
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = fx->memory.mem.reallocate,
                               .user = fx->memory.mem.user };
    envres_store_options options = { .size = sizeof(options),
                                     .flags = ENVRES_STORE_RELAXED,
                                     .allocator = &alloc };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx->key,
                                .secret_len = sizeof(fx->key) };
    OK(envres_store_create(fx->path, TEXT, &options, &owner, &fx->store, fx->err));
    open_session(fx);
    configure(fx);
    OK(envres_app_create(fx->session, "desk", TEXT, NULL, NULL, fx->err));
    *state = fx;
    return 0;
}

static int
teardown(void **state)
{
    struct fx *fx = *state;
    char command[128];
    envres_session_close(fx->session);
    envres_store_close(fx->store);
    envres_error_free(fx->err);
    snprintf(command, sizeof(command), "rm -rf '%s'", fx->folder);
    int rc = system(command);
    free(fx);
    return rc;
}

/* ---- parts and findings --------------------------------------------------------------------- */

static const envres_version_name draft = {
    .size = sizeof(draft), .app = "desk", .app_len = TEXT, .version = "v1", .version_len = TEXT
};

static void
write_part(struct fx *fx, const char *path, const char *data, size_t len, uint32_t flags)
{
    envres_part_write write = { .size = sizeof(write),
                                .flags = flags,
                                .path = path,
                                .path_len = TEXT,
                                .data = data,
                                .data_len = len };
    OK(envres_part_put(fx->session, &draft, &write, 1, NULL, NULL, fx->err));
}

static void
write_text(struct fx *fx, const char *path, const char *text, uint32_t flags)
{
    write_part(fx, path, text, strlen(text), flags);
}

static envres_list *
check(struct fx *fx, const char *env)
{
    envres_list *list = NULL;
    OK(envres_version_check(fx->session, &draft, env, TEXT, &list, fx->err));
    return list;
}

static const char *
cell(const envres_list *list, size_t row, uint32_t column)
{
    const char *text = envres_list_text(list, row, column, NULL);
    return text ? text : "";
}

/* "error leak-host 1:7; " for each. */
static void
brief(const envres_list *list, char *out, size_t cap)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < envres_list_count(list) && used < cap; i++)
        used += (size_t)snprintf(out + used, cap - used, "%s %s %d:%d; ",
                                 cell(list, i, ENVRES_FINDING_SEVERITY),
                                 cell(list, i, ENVRES_FINDING_CODE),
                                 (int)envres_list_integer(list, i, ENVRES_FINDING_LINE),
                                 (int)envres_list_integer(list, i, ENVRES_FINDING_COLUMN));
}

static void
expect_no_secret(const envres_list *list)
{
    for (size_t i = 0; i < envres_list_count(list); i++) {
        for (uint32_t column = 0; column < ENVRES_FINDING_COLUMNS; column++) {
            assert_null(strstr(cell(list, i, column), CANARY));
            assert_null(strstr(cell(list, i, column), "prod.example"));
            assert_int_equal(envres_list_is_secret(list, i, column), 0);
        }
    }
}

struct row {
    const char *name;
    const char *path;
    const char *text;
    const char *want;  /* as brief() has it */
    const char *words; /* in the message or the fix of the first; NULL: any */
    uint32_t flags;
};

#define VAR(name) "<< environment.variables." name " >>"

static const struct row rows[] = {
    { "nothing", "a.txt", "", "", NULL, 0 },
    { "all resolves", "a.txt", VAR("URL") " " VAR("PORT") " << resources.crm.host >>", "", NULL,
      0 },
    { "parameters and the app are given", "a.txt",
      "<< params.x >> << app.name >> << app.release >>", "", NULL, 0 },

    { "a broken tag", "a.txt", "ab\n " VAR("A B"), "error ENVRES_E_SYNTAX 2:2; ", NULL, 0 },
    { "two broken tags and what lies behind", "a.txt",
      VAR("A B") "\n" VAR("URL | uper") " x " VAR("NOPE"),
      "error ENVRES_E_SYNTAX 1:1; error ENVRES_E_SYNTAX 2:1; error ENVRES_E_NOT_FOUND 2:42; ", NULL,
      0 },
    { "a tag as text", "a.txt", "\\" VAR("A B"), "", NULL, 0 },

    { "not set here", "a.txt", "x\n\n  " VAR("ONLY_DEV"), "error ENVRES_E_NOT_SET 3:3; ",
      "development", 0 },
    { "not set, with a default", "a.txt", VAR("ONLY_DEV | default(\"x\")"), "", NULL, 0 },
    { "unknown", "a.txt", VAR("UR"), "error ENVRES_E_NOT_FOUND 1:1; ", "URL", 0 },
    { "the same twice is said once", "a.txt", VAR("NOPE") VAR("NOPE"),
      "error ENVRES_E_NOT_FOUND 1:1; ", "set it in ", 0 },
    { "a resource that none is like", "a.txt", "<< resources.zebra_stripes.host >>",
      "error ENVRES_E_NOT_FOUND 1:1; ", "define it, and give it settings in ", 0 },
    { "not configured", "a.txt", "<< resources.queue.host >>",
      "error ENVRES_E_NOT_CONFIGURED 1:1; ", "development", 0 },
    { "unknown resource", "a.txt", "<< resources.crmm.host >>", "error ENVRES_E_NOT_FOUND 1:1; ",
      "crm", 0 },
    { "unknown field", "a.txt", "<< resources.crm.hots >>", "error ENVRES_E_FIELD 1:1; ", "host",
      0 },
    { "a resource that is not whole", "a.txt",
      "<< resources.half.host >>\n<< resources.half.port >>", "error ENVRES_E_FIELD 1:1; ",
      "database", 0 },

    { "near miss", "a.txt", "a\n<< enviroment.variables.URL >>", "warning near-miss 2:1; ",
      "write << environment.variables.URL >>", 0 },
    { "shifts are none", "a.txt", "a << env.x | 2; 1<<vars.y; cat <<EOF\nx::int <<-'SQL'\n", "",
      NULL, 0 },

    { "no JSON", "a.json", "{\"a\":\n }", "warning json 2:2; ", NULL, 0 },
    { "no JSON elsewhere", "a.jsonl", "{\"a\":\n }", "", NULL, 0 },
    { "no JSON, and a tag in it", "b/A.JSON", "{" VAR("NOPE"),
      "error ENVRES_E_NOT_FOUND 1:2; warning json 1:2; ", NULL, 0 },
    { "a tag outside of a string", "a.json", "{\"p\": " VAR("PORT") "}", "warning json 1:7; ",
      "write it in quotes", 0 },
    { "a tag that keeps its type", "a.json", "{\"p\": \"" VAR("PORT") "\"}", "", NULL, 0 },
    { "escaped quotes in a string", "a.json", "[\"" VAR("NOPE | default(\\\"x\\\")") "\"]", "",
      NULL, 0 },
    { "the same outside of JSON", "a.txt", "[\"" VAR("NOPE | default(\\\"x\\\")") "\"]",
      "error ENVRES_E_SYNTAX 1:3; ", NULL, 0 },
    { "broken tags in strings", "a.json",
      "[\"x " VAR("A B") "\",\n\"\\u003c< environment.x >>\", \"" VAR("URL") "\"]",
      "error ENVRES_E_SYNTAX 1:5; error ENVRES_E_SYNTAX 2:2; ", NULL, 0 },

    { "a secret in public", "a.txt", "x " VAR("TOKEN"), "error public-secret 1:3; ",
      "variable 'TOKEN'", ENVRES_PART_PUBLIC },
    { "what is made of a secret, in public", "a.txt", VAR("WITH_TOKEN"),
      "error public-secret 1:1; ", NULL, ENVRES_PART_PUBLIC },
    { "a secret not in public", "a.txt", "x " VAR("TOKEN") VAR("WITH_TOKEN"), "", NULL, 0 },
    { "no secret in public", "a.txt", VAR("URL"), "", NULL, ENVRES_PART_PUBLIC },

    { "a fallback, once", "a.txt",
      "u\n<< resources.search.base_url >><< resources.search.timeout_ms >>",
      "warning fallback 2:1; ", "development", 0 },

    { "a value of production", "a.txt", "go to 'https://api.prod.example'!",
      "warning leak-value 1:8; ", "write << environment.variables.URL >>", 0 },
    { "a longer token", "a.txt", "https://api.prod.examples", "", NULL, 0 },
    { "the target's own value", "a.txt", "https://api.stage.example", "", NULL, 0 },
    { "a value that the target has too", "a.txt", "the same everywhere", "", NULL, 0 },
    { "inside of a tag", "a.txt", VAR("NOPE | default(\"https://api.prod.example\")"), "", NULL,
      0 },
    { "beside a tag", "a.txt", "<< environment.name >>https://api.prod.example" VAR("URL"),
      "warning leak-value 1:23; ", NULL, 0 },
    { "five bytes", "a.txt", "fivee", "", NULL, 0 },
    { "six bytes", "a.txt", "sixsix sixsix\nsixsix", "warning leak-value 1:1; ", "3 times", 0 },
    { "a number", "a.txt", "5434343434", "", NULL, 0 },
    { "with quotes, in JSON", "a.json", "[\"x say \\\"hello\\\"\"]", "warning leak-value 1:5; ",
      "variable 'QUOTED'", 0 },
    { "what a template makes", "a.txt", "ship to production", "warning leak-value 1:6; ",
      "variable 'BUILT'", 0 },

    { "a host of production", "a.txt", "psql -h crm.prod.example", "error leak-host 1:9; ",
      "write << resources.crm.host >>", 0 },
    { "a longer host", "a.txt", "xcrm.prod.example crm.prod.example.net", "", NULL, 0 },
    { "a host that the target has too", "a.txt", "mail.shared.example", "", NULL, 0 },
    { "the machine itself", "a.txt", "localhost", "", NULL, 0 },
    { "the host of a URL", "a.txt", "http://rest.prod.example/", "error leak-host 1:8; ",
      "write << resources.api.base_url >>", 0 },
    { "hosts of a secret URL", "a.txt", "m1.prod.example\nm2.prod.example",
      "error leak-host 1:1; error leak-host 2:1; ", "resource 'docs'", 0 },
    { "a host that is a word", "a.txt", "kind: postgres", "warning leak-value 1:7; ",
      "resource 'store'", 0 },

    { "a secret of production", "a.txt", "xx" CANARY "yy", "error leak-secret 1:3; ",
      "variable 'TOKEN'", 0 },
    { "a short secret", "a.txt", "1234567", "", NULL, 0 },
    { "the target's secret", "a.txt", "stage-token-111", "", NULL, 0 },
    { "a secret with line ends, in JavaScript", "a.js", "k=\"--BEGIN--\\nabc\\n--END--\"",
      "error leak-secret 1:4; ", "variable 'PEM'", 0 },
    { "a secret with line ends, as it is", "a.txt", "--BEGIN--\nabc\n--END--",
      "error leak-secret 1:1; ", "variable 'PEM'", 0 },
};

static void
test_rows(void **state)
{
    struct fx *fx = *state;
    char got[1024];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        print_message("  %s\n", row->name);
        write_text(fx, row->path, row->text, row->flags);
        fx->memory.canary = "mongodb://user:" CANARY;
        envres_list *list = check(fx, "staging");
        fx->memory.canary = NULL;
        brief(list, got, sizeof(got));
        if (strcmp(got, row->want) != 0)
            fail_msg("'%s' instead of '%s': %s", got, row->want,
                     cell(list, 0, ENVRES_FINDING_MESSAGE));
        if (row->words && !strstr(cell(list, 0, ENVRES_FINDING_MESSAGE), row->words) &&
            !strstr(cell(list, 0, ENVRES_FINDING_FIX), row->words))
            fail_msg("'%s' (%s) does not say '%s'", cell(list, 0, ENVRES_FINDING_MESSAGE),
                     cell(list, 0, ENVRES_FINDING_FIX), row->words);
        expect_no_secret(list);
        envres_list_free(list);
        write_part(fx, row->path, NULL, 0, ENVRES_PART_REMOVE);
    }
    assert_int_equal(fx->memory.seen, 0);
}

/* Every code of the table is in a row above or has a test of its own below. */
static void
test_all_codes(void **state)
{
    static const char *const elsewhere[] = { "type", "not-text", "not-checked", "more" };
    (void)state;
    for (int code = 0; code < FINDING_COUNT_; code++) {
        const struct finding_row *row = finding_row((enum finding_code)code);
        bool found = false;
        for (size_t i = 0; !found && i < sizeof(rows) / sizeof(rows[0]); i++)
            found = strstr(rows[i].want, row->name) != NULL;
        for (size_t i = 0; !found && i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
            found = strcmp(row->name, elsewhere[i]) == 0;
        if (!found)
            fail_msg("no row finds '%s'", row->name);
        assert_true(row->severity < SEVERITY_COUNT_);
    }
    assert_null(finding_row(FINDING_COUNT_));
}

static void
test_not_text(void **state)
{
    static const struct {
        const char *data;
        size_t len;
        bool is_text;
    } parts[] = {
        { "\xFF\xFE<\0<\0", 6, false }, { "a\0b", 3, false },         { "\xC3", 1, false },
        { "\xC3\xA9", 2, true },        { "\xEF\xBB\xBFx", 4, true },
    };
    struct fx *fx = *state;
    char got[256];
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        write_part(fx, "logo.bin", parts[i].data, parts[i].len, 0);
        envres_list *list = check(fx, "staging");
        brief(list, got, sizeof(got));
        assert_string_equal(got, parts[i].is_text ? "" : "info not-text 0:0; ");
        if (!parts[i].is_text) {
            assert_int_equal(envres_list_type(list, 0, ENVRES_FINDING_LINE), ENVRES_CELL_NULL);
            assert_string_equal(cell(list, 0, ENVRES_FINDING_PART), "logo.bin");
        }
        envres_list_free(list);
    }
}

/* ---- types: the library keeps them the same everywhere, a file may say otherwise ------------- */

struct odd_value {
    const char *kind;
    const char *value;
};

static envres_status
write_odd(struct change *change, const void *request, envres_error *err)
{
    const struct odd_value *odd = request;
    struct environment environment = { 0 };
    struct config_writer writer = { 0 };
    struct object object = { 0 };
    bool found = false;
    envres_status st = environment_find(change->ctx, slice_str("staging"), &environment, err);
    if (st == ENVRES_OK)
        st = config_begin(change, &environment, &writer, err);
    if (st == ENVRES_OK)
        st = object_find(change->ctx, OBJECT_VARIABLE, slice_str("PORT"), &found, &object, err);
    struct setting setting = { .object_class = OBJECT_VARIABLE,
                               .is_set = true,
                               .field = slice_str(""),
                               .name = slice_str("PORT"),
                               .kind = slice_str(odd->kind) };
    memcpy(setting.object, object.id, SEAL_ID);
    if (st == ENVRES_OK)
        st = config_put(&writer, &setting, slice_str(odd->value), err);
    return st == ENVRES_OK ? config_end(&writer, err) : st;
}

static void
put_odd(struct fx *fx, const char *kind, const char *value)
{
    struct odd_value odd = { kind, value };
    struct change_title title = { "variable.put", "variable/", slice_str("PORT"), NULL };
    OK(change_run(&fx->session->context, NULL, &title, write_odd, &odd, NULL, fx->err));
}

static void
test_types(void **state)
{
    struct fx *fx = *state;
    char got[256];
    write_text(fx, "a.txt", "x " VAR("PORT") VAR("URL"), 0);
    envres_list *list = check(fx, "staging");
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);

    put_odd(fx, "string", "5433");
    list = check(fx, "staging");
    brief(list, got, sizeof(got));
    assert_string_equal(got, "error type 1:3; ");
    assert_string_equal(cell(list, 0, ENVRES_FINDING_MESSAGE),
                        "variable 'PORT' is a number in development and a string in staging");
    envres_list_free(list);

    put_odd(fx, "number", "5433");
    list = check(fx, "staging");
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
}

/* ---- keys that are not held ----------------------------------------------------------------- */

static const char sql_drop_config[] = "DELETE FROM key_grant WHERE class = 1 AND environment_id ="
                                      " (SELECT id FROM environment WHERE key = ?1)";
static const char sql_drop_secret[] = "DELETE FROM key_grant WHERE class = 2 AND environment_id ="
                                      " (SELECT id FROM environment WHERE key = ?1)";

static void
drop_grant(struct fx *fx, const char *sql, const char *env)
{
    struct db *db = fx->store->db;
    struct db_stmt *stmt = NULL;
    OK(db_begin_write(db, fx->err));
    OK(db_use(db, sql, &stmt, fx->err));
    db_bind_text(stmt, 1, env, strlen(env));
    OK(db_end(db, db_run(stmt, fx->err), NULL, fx->err));
    envres_session_close(fx->session);
    open_session(fx);
}

static void
test_without_keys(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    char got[512];
    const char text[] = "crm.prod.example " CANARY " " VAR("TOKEN");
    write_text(fx, "a.txt", text, 0);

    /* Without its secrets: hosts and values are found, and one remark says what is not. */
    drop_grant(fx, sql_drop_secret, "production");
    list = check(fx, "staging");
    brief(list, got, sizeof(got));
    assert_string_equal(got, "error leak-host 1:1; info not-checked 0:0; ");
    assert_non_null(strstr(cell(list, 1, ENVRES_FINDING_MESSAGE), "production"));
    assert_int_equal(envres_list_type(list, 1, ENVRES_FINDING_PART), ENVRES_CELL_NULL);
    envres_list_free(list);

    /* Without any key of it: a remark, once for each environment. */
    drop_grant(fx, sql_drop_config, "production");
    drop_grant(fx, sql_drop_config, "development");
    envres_error_clear(fx->err);
    list = check(fx, "staging");
    assert_int_equal(envres_error_code(fx->err), ENVRES_OK);
    brief(list, got, sizeof(got));
    assert_string_equal(got, "info not-checked 0:0; info not-checked 0:0; ");
    assert_non_null(strstr(cell(list, 0, ENVRES_FINDING_MESSAGE), "development"));
    assert_non_null(strstr(cell(list, 1, ENVRES_FINDING_MESSAGE), "production"));
    envres_list_free(list);

    /* The target's secrets: that they were not opened is said, and is no error. */
    drop_grant(fx, sql_drop_secret, "staging");
    list = check(fx, "staging");
    assert_int_equal(envres_list_count(list), 3);
    assert_string_equal(cell(list, 2, ENVRES_FINDING_CODE), "not-checked");
    assert_non_null(strstr(cell(list, 2, ENVRES_FINDING_MESSAGE), "secrets of staging"));
    envres_list_free(list);

    /* Without a key of the target there is no check; the status of the app says so. */
    list = NULL;
    assert_int_equal(envres_version_check(fx->session, &draft, "production", TEXT, &list, fx->err),
                     ENVRES_E_DENIED);
    assert_null(list);
    drop_grant(fx, sql_drop_config, "staging");
    envres_error_clear(fx->err);
    OK(envres_app_status(fx->session, "desk", TEXT, &list, fx->err));
    assert_int_equal(envres_error_code(fx->err), ENVRES_OK);
    assert_int_equal(envres_list_count(list), 2);
    assert_string_equal(cell(list, 1, ENVRES_STATUS_ROW), "finding");
    assert_string_equal(cell(list, 1, ENVRES_STATUS_ENVIRONMENT), "staging");
    assert_string_equal(cell(list, 1, ENVRES_STATUS_CODE), "not-checked");
    envres_list_free(list);
}

/* ---- what is true of all -------------------------------------------------------------------- */

static void
test_order(void **state)
{
    struct fx *fx = *state;
    char got[1024];
    static const char both[] = VAR("ONLY_DEV") " crm.prod.example << enviroment.name >>\n" CANARY;
    write_text(fx, "b.txt", both, 0);
    write_text(fx, "a/z.json", "{\"a\" << enviroment.name >>", 0);
    write_part(fx, "a.bin", "\xFF", 1, 0);
    envres_list *list = check(fx, "staging");
    brief(list, got, sizeof(got));
    assert_string_equal(got,
                        "error ENVRES_E_NOT_SET 1:1; error leak-host 1:38; error leak-secret 2:1; "
                        "warning near-miss 1:6; warning json 1:6; warning near-miss 1:55; "
                        "info not-text 0:0; ");
    static const char *const parts[] = { "b.txt",    "b.txt", "b.txt", "a/z.json",
                                         "a/z.json", "b.txt", "a.bin" };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        assert_string_equal(cell(list, i, ENVRES_FINDING_PART), parts[i]);
    envres_list_free(list);
}

/* Of a long value its beginning is looked for, as any part of a text. */
static void
test_long_values(void **state)
{
    struct fx *fx = *state;
    static char value[LIMIT_LEAK + 100];
    char got[256];
    memset(value, 'v', sizeof(value) - 1);
    put(fx, "production", "LONG", value, ENVRES_TYPE_STRING, 0);
    value[LIMIT_LEAK] = '\0';
    write_text(fx, "a.txt", value, 0);
    envres_list *list = check(fx, "staging");
    brief(list, got, sizeof(got));
    assert_string_equal(got, "warning leak-value 1:1; ");
    envres_list_free(list);
    value[LIMIT_LEAK - 1] = '\0';
    write_text(fx, "a.txt", value, 0);
    list = check(fx, "staging");
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
}

/* More broken tags than are parsed around; exactly as many are all that is said. */
static void
test_many_in_a_part(void **state)
{
    struct fx *fx = *state;
    static char text[64 * 32];
    size_t len = 0;
    for (int i = 0; i < LIMIT_BROKEN_TAGS; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "<< environment.x%d >>\n", i);
    write_part(fx, "a.txt", text, len, 0);
    envres_list *exact = check(fx, "staging");
    assert_int_equal(envres_list_count(exact), LIMIT_BROKEN_TAGS);
    envres_list_free(exact);
    for (int i = LIMIT_BROKEN_TAGS; i < 30; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "<< environment.x%d >>\n", i);
    write_part(fx, "a.txt", text, len, 0);
    envres_list *list = check(fx, "staging");
    assert_int_equal(envres_list_count(list), LIMIT_BROKEN_TAGS + 1);
    for (int i = 0; i < LIMIT_BROKEN_TAGS; i++) {
        assert_string_equal(cell(list, (size_t)i, ENVRES_FINDING_CODE), "ENVRES_E_SYNTAX");
        assert_int_equal(envres_list_integer(list, (size_t)i, ENVRES_FINDING_LINE), i + 1);
    }
    assert_string_equal(cell(list, LIMIT_BROKEN_TAGS, ENVRES_FINDING_CODE), "not-checked");
    assert_string_equal(cell(list, LIMIT_BROKEN_TAGS, ENVRES_FINDING_PART), "a.txt");
    envres_list_free(list);
}

static void
test_limit(void **state)
{
    struct fx *fx = *state;
    struct collector collector = { 0 };
    struct findings found = { 0 };
    const struct mem *mem = &fx->memory.mem;
    collector_init(&collector, mem);
    collector_begin_part(&collector, slice_str("p.txt"));
    err_set(fx->err, ENVRES_E_CHECK, "a remark");
    for (size_t i = 0; i < LIMIT_FINDINGS + 5; i++)
        collector_add(&collector, FINDING_NEAR_MISS, 0, fx->err);
    err_set(fx->err, ENVRES_E_NOT_SET, "an error");
    collector_add(&collector, FINDING_STATUS, 1, fx->err);
    collector_end_part(&collector, slice_str("\nx"));
    OK(collector_list(&collector, &found, fx->err));
    assert_int_equal(found.errors, 1);
    assert_int_equal(found.warnings, LIMIT_FINDINGS + 5);
    assert_int_equal(envres_list_count(found.list), LIMIT_FINDINGS);
    assert_string_equal(cell(found.list, 0, ENVRES_FINDING_CODE), "ENVRES_E_NOT_SET");
    assert_int_equal(envres_list_integer(found.list, 0, ENVRES_FINDING_LINE), 2);
    assert_string_equal(cell(found.list, LIMIT_FINDINGS - 2, ENVRES_FINDING_CODE), "near-miss");
    assert_string_equal(cell(found.list, LIMIT_FINDINGS - 1, ENVRES_FINDING_CODE), "more");
    assert_non_null(strstr(cell(found.list, LIMIT_FINDINGS - 1, ENVRES_FINDING_MESSAGE), "7 more"));
    findings_free(&found);
    collector_free(&collector);

    /* Exactly as many as there is room for: no last row. */
    collector_init(&collector, mem);
    for (size_t i = 0; i < LIMIT_FINDINGS; i++)
        collector_add(&collector, FINDING_NEAR_MISS, FINDING_NOWHERE, fx->err);
    OK(collector_list(&collector, &found, fx->err));
    assert_int_equal(envres_list_count(found.list), LIMIT_FINDINGS);
    assert_string_equal(cell(found.list, LIMIT_FINDINGS - 1, ENVRES_FINDING_CODE), "near-miss");
    findings_free(&found);
    collector_free(&collector);
}

/* ---- hosts ---------------------------------------------------------------------------------- */

static void
join_host(void *user, struct slice host)
{
    buf_add(user, host.data, host.len);
    buf_add_char(user, ';');
}

static void
test_hosts(void **state)
{
    static const struct {
        const char *field, *text, *want;
    } cases[] = {
        { "host", "db.example", "db.example;" },
        { "host", "db.example:5432", "db.example;" },
        { "host", "fe80::1", "fe80::1;" },
        { "host", "[fe80::1]:5432", "fe80::1;" },
        { "host", "", "" },
        { "read_host", "db.example", "db.example;" },
        { "hosts", "db.example", "" },
        { "user", "db.example", "" },
        { "base_url", "https://a.example/x?y#z", "a.example;" },
        { "base_url", "https://a.example", "a.example;" },
        { "url", "https://u:p@a.example:8443", "a.example;" },
        { "url", "a.example/x", "a.example;" },
        { "url", "https://[2001:db8::1]:80/", "2001:db8::1;" },
        { "url", "https://", "" },
        { "url", "https://a.example?u=b@c.example", "a.example;" },
        { "uri", "mongodb://u:p@h1:1,h2,h3:3/db?x=1", "h1;h2;h3;" },
        { "uri", "mongodb+srv://u:p%40@cluster.example", "cluster.example;" },
        { "endpoint", "s3.example:9000", "s3.example;" },
        { "brokers", "[\"k1.example:9092\",\"k2.example\"]", "k1.example;k2.example;" },
        { "brokers", "[\"k1", "" },
        { "brokers", "[]", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf got = { 0 };
        buf_init(&got, &mem_default, false);
        leaks_each_host(slice_str(cases[i].field), slice_str(cases[i].text), join_host, &got);
        if (!slice_equal(slice_of(got.data ? got.data : "", got.len), slice_str(cases[i].want)))
            fail_msg("%s %s: '%.*s'", cases[i].field, cases[i].text, (int)got.len, got.data);
        buf_free(&got);
    }
}

/* ---- secrets and memory --------------------------------------------------------------------- */

/* What is looked for never reaches the file, and no block that is given back still has it. */
static void
test_nothing_stays(void **state)
{
    struct fx *fx = *state;
    static char file[4 * 1024 * 1024];
    write_text(fx, "a.txt", "x " VAR("TOKEN") " crm.prod.example", 0);
    fx->memory.canary = CANARY;
    fx->memory.seen = 0;
    envres_list *list = check(fx, "staging");
    assert_int_equal(envres_list_count(list), 1);
    expect_no_secret(list);
    envres_list_free(list);
    assert_int_equal(fx->memory.seen, 0);
    fx->memory.canary = NULL;

    static const char *const suffixes[] = { "", "-wal", "-journal" };
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s%s", fx->path, suffixes[i]);
        FILE *opened = fopen(path, "rb");
        size_t len = opened ? fread(file, 1, sizeof(file), opened) : 0;
        if (opened)
            fclose(opened);
        assert_true(i > 0 || len > 0);
        for (size_t at = 0; at + sizeof(CANARY) - 1 <= len; at++)
            assert_true(memcmp(file + at, CANARY, sizeof(CANARY) - 1) != 0);
    }
}

/* Whichever request for memory is refused: NOMEM, nothing kept, and the next check is whole. */
static void
test_out_of_memory(void **state)
{
    struct fx *fx = *state;
    static const char text[] =
        "<< enviroment.name >> " VAR("NOPE") " crm.prod.example "
                                             "<< resources.search.base_url >> " VAR("A B");
    write_text(fx, "a.txt", text, 0);
    write_text(fx, "b.json", "[\"" VAR("TOKEN") "\"]", ENVRES_PART_PUBLIC);
    envres_list *list = check(fx, "staging");
    size_t count = envres_list_count(list);
    envres_list_free(list);
    assert_int_equal(count, 6);
    int refused = 0;
    for (int n = 0;; n += 1 + n / 200) {
        list = NULL;
        int blocks = fx->memory.blocks;
        fx->memory.left = n;
        fx->memory.hit = 0;
        envres_status st =
            envres_version_check(fx->session, &draft, "staging", TEXT, &list, fx->err);
        fx->memory.left = -1;
        if (fx->memory.hit == 0) {
            must(fx, st, "after the last request");
            assert_int_equal(envres_list_count(list), count);
            envres_list_free(list);
            break;
        }
        refused++;
        if (st != ENVRES_OK) {
            assert_int_equal(st, ENVRES_E_NOMEM);
            assert_null(list);
        } else {
            assert_int_equal(envres_list_count(list), count);
        }
        envres_list_free(list);
        assert_true(fx->memory.blocks <= blocks + 8); /* prepared statements stay */
    }
    assert_true(refused > 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
        cmocka_unit_test(test_all_codes),
        cmocka_unit_test_setup_teardown(test_not_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_in_a_part, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test_setup_teardown(test_nothing_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_out_of_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
