/* SPDX-License-Identifier: MIT */
/*
 * The check over three definitions in the shapes that low-code tools export: nothing in them may be
 * taken for what it is not, and what is planted must be found, at its place. Then the moves that
 * the check stops, and the status of an app.
 */
#include "helper.h"

#include <stdlib.h>

static const char *const environments[] = { "development", "staging", "production", "customer_a" };
enum { ENVIRONMENTS = sizeof(environments) / sizeof(environments[0]), VARIABLES = 190 };

/* ---- a store that answers every reference of the inputs ------------------------------------- */

/* The pattern with its star replaced. */
static void
fill(char *out, size_t cap, const char *pattern, const char *env)
{
    const char *star = strchr(pattern, '*');
    snprintf(out, cap, "%.*s%s%s", (int)(star - pattern), pattern, env, star + 1);
}

static void
put_text(struct fx *fx, const char *env, const char *name, const char *pattern)
{
    char value[128];
    fill(value, sizeof(value), pattern, env);
    OK(fx, fx_put(fx, env, name, value, ENVRES_TYPE_STRING, 0));
}

static void
put_field(struct fx *fx, const char *env, const char *handle, const char *field,
          const char *pattern)
{
    char value[128];
    fill(value, sizeof(value), pattern, env);
    OK(fx, fx_field(fx, env, handle, field, value, 0));
}

static void
put_many(struct fx *fx, const char *env)
{
    static char names[VARIABLES][16];
    static char values[VARIABLES][64];
    envres_variable_write writes[VARIABLES];
    memset(writes, 0, sizeof(writes));
    for (int i = 0; i < VARIABLES; i++) {
        snprintf(names[i], sizeof(names[i]), "VAR_%03d", i);
        snprintf(values[i], sizeof(values[i]), "setting %d of %s", i, env);
        writes[i].size = sizeof(writes[i]);
        writes[i].name = names[i];
        writes[i].name_len = TEXT;
        writes[i].value = values[i];
        writes[i].value_len = TEXT;
        writes[i].type = ENVRES_TYPE_STRING;
    }
    OK(fx,
       envres_variable_put_many(fx->session, env, TEXT, writes, VARIABLES, NULL, NULL, fx->err));
}

static void
define(struct fx *fx, const char *handle, const char *kind)
{
    OK(fx, envres_resource_define(fx->session, handle, TEXT, kind, TEXT, NULL, fx->err));
}

static void
configure(struct fx *fx, const char *env)
{
    put_text(fx, env, "API_BASE_URL", "https://api.*.example.net");
    put_text(fx, env, "APP_TITLE", "Depot of *");
    put_text(fx, env, "LOG_LEVEL", "level-*");
    put_text(fx, env, "DB_SCHEMA", "depot_*");
    put_text(fx, env, "SUPPORT_MAIL", "help@*.example.net");
    put_text(fx, env, "CRM_WEB", "https://crm-web.*.example.net");
    OK(fx, fx_put(fx, env, "MAX_ROWS", "500", ENVRES_TYPE_NUMBER, 0));
    OK(fx, fx_put(fx, env, "SHOW_BETA", "true", ENVRES_TYPE_BOOLEAN, 0));
    char secret[64];
    snprintf(secret, sizeof(secret), "key-of-%s-5f2c91", env);
    OK(fx, fx_put(fx, env, "API_KEY", secret, ENVRES_TYPE_STRING, ENVRES_WRITE_SECRET));
    put_many(fx, env);
    put_field(fx, env, "crm", "host", "crm.*.example.net");
    put_field(fx, env, "crm", "database", "depot_*");
    put_field(fx, env, "crm", "password", "pass-of-*-17aa");
    put_field(fx, env, "billing", "base_url", "https://billing.*.example.net:8443/v1");
    put_field(fx, env, "mail", "host", "mail.*.example.net");
    put_field(fx, env, "mail", "from", "desk@*.example.net");
}

static int
setup(void **state)
{
    if (fx_setup(state) < 0)
        return -1;
    struct fx *fx = *state;
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    OK(fx, envres_environment_add(fx->session, "customer_a", TEXT, &options, NULL, fx->err));
    define(fx, "crm", "postgres");
    define(fx, "billing", "rest");
    define(fx, "mail", "smtp");
    for (int i = 0; i < ENVIRONMENTS; i++)
        configure(fx, environments[i]);
    OK(fx, envres_app_create(fx->session, "desk", TEXT, NULL, NULL, fx->err));
    return 0;
}

/* ---- inputs --------------------------------------------------------------------------------- */

struct input {
    char *data;
    envres_part_write *writes;
    size_t count;
};

static struct input
read_input(const char *name)
{
    struct input input = { 0 };
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.parts", TEST_INPUTS, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is not there", path);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    input.data = malloc(size + 1);
    input.writes = calloc(1000, sizeof(*input.writes));
    assert_int_equal(fread(input.data, 1, size, file), size);
    input.data[size] = '\0';
    fclose(file);
    for (char *at = input.data; at < input.data + size;) {
        envres_part_write *write = &input.writes[input.count++];
        char *space = strchr(at, ' ');
        char *after = NULL;
        write->size = sizeof(*write);
        write->path = at;
        write->path_len = (size_t)(space - at);
        write->data_len = strtoul(space + 1, &after, 10);
        write->flags = after[1] == 'p' ? ENVRES_PART_PUBLIC : 0;
        write->data = strchr(after, '\n') + 1;
        at = strchr(after, '\n') + 1 + write->data_len + 1;
        assert_true(input.count < 1000);
    }
    return input;
}

static void
free_input(struct input *input)
{
    free(input->data);
    free(input->writes);
}

static const envres_version_name draft = {
    .size = sizeof(draft), .app = "desk", .app_len = TEXT, .version = "v1", .version_len = TEXT
};

static void
put_part(struct fx *fx, const char *path, const char *text)
{
    envres_part_write write = { .size = sizeof(write),
                                .path = path,
                                .path_len = TEXT,
                                .data = text,
                                .data_len = strlen(text) };
    OK(fx, envres_part_put(fx->session, &draft, &write, 1, NULL, NULL, fx->err));
}

static envres_list *
check(struct fx *fx, const char *env)
{
    envres_list *list = NULL;
    OK(fx, envres_version_check(fx->session, &draft, env, TEXT, &list, fx->err));
    return list;
}

static const char *
cell(const envres_list *list, size_t row, uint32_t column)
{
    const char *text = envres_list_text(list, row, column, NULL);
    return text ? text : "";
}

static void
print_findings(const envres_list *list)
{
    for (size_t i = 0; i < envres_list_count(list) && i < 20; i++)
        print_message("%s %s %s:%d:%d %s (%s)\n", cell(list, i, ENVRES_FINDING_SEVERITY),
                      cell(list, i, ENVRES_FINDING_CODE), cell(list, i, ENVRES_FINDING_PART),
                      (int)envres_list_integer(list, i, ENVRES_FINDING_LINE),
                      (int)envres_list_integer(list, i, ENVRES_FINDING_COLUMN),
                      cell(list, i, ENVRES_FINDING_MESSAGE), cell(list, i, ENVRES_FINDING_FIX));
}

/* A definition that works: nothing is found but the bytes that are no text. */
static void
expect_clean(struct fx *fx, const char *env, size_t not_text)
{
    envres_list *list = check(fx, env);
    size_t count = envres_list_count(list);
    if (count != not_text)
        print_findings(list);
    assert_int_equal(count, not_text);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(cell(list, i, ENVRES_FINDING_CODE), "not-text");
    envres_list_free(list);
}

struct planted {
    const char *text;
    const char *code;
    int line, column;
    const char *fix;
};

/* Put behind a whole definition, each is found, once, and where it stands. */
static const struct planted planted[] = {
    { "x = 1;\nhost = 'crm.production.example.net';\n", "leak-host", 2, 9,
      "write << resources.crm.host >>" },
    { "fetch('https://billing.customer_a.example.net:8443/v1/x')", "leak-host", 1, 16,
      "write << resources.billing.base_url >>" },
    { "const key=\"key-of-production-5f2c91\"", "leak-secret", 1, 12, "another secret" },
    { "-- pass-of-customer_a-17aax", "leak-secret", 1, 4, "<< resources.crm.password >>" },
    { "SET search_path TO depot_production;", "leak-value", 1, 20,
      "write << environment.variables.DB_SCHEMA >>" },
    { "a\n\n << environment.variables.NOBODY >>", "ENVRES_E_NOT_FOUND", 3, 2,
      "set it in staging, or correct the name" },
    { "<< environment.variables.API KEY >>", "ENVRES_E_SYNTAX", 1, 1, "" },
    { "if (a << 2) << enviroment.variables.LOG_LEVEL >>", "near-miss", 1, 13,
      "write << environment.variables.LOG_LEVEL >>" },
};

static void
expect_planted(struct fx *fx, size_t not_text)
{
    for (size_t i = 0; i < sizeof(planted) / sizeof(planted[0]); i++) {
        const struct planted *row = &planted[i];
        put_part(fx, "zz/planted.txt", row->text);
        envres_list *list = check(fx, "staging");
        if (envres_list_count(list) != not_text + 1)
            print_findings(list);
        assert_int_equal(envres_list_count(list), not_text + 1);
        assert_string_equal(cell(list, 0, ENVRES_FINDING_CODE), row->code);
        assert_string_equal(cell(list, 0, ENVRES_FINDING_PART), "zz/planted.txt");
        assert_int_equal(envres_list_integer(list, 0, ENVRES_FINDING_LINE), row->line);
        assert_int_equal(envres_list_integer(list, 0, ENVRES_FINDING_COLUMN), row->column);
        assert_non_null(strstr(cell(list, 0, ENVRES_FINDING_FIX), row->fix));
        envres_list_free(list);
    }
}

static void
test_inputs(void **state)
{
    static const struct {
        const char *name;
        size_t not_text;
    } rows[] = { { "tool", 0 }, { "medium", 1 }, { "large", 0 } };
    struct fx *fx = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].name);
        struct input input = read_input(rows[i].name);
        OK(fx,
           envres_part_put(fx->session, &draft, input.writes, input.count, NULL, NULL, fx->err));
        for (int e = 0; e < ENVIRONMENTS; e++)
            expect_clean(fx, environments[e], rows[i].not_text);
        expect_planted(fx, rows[i].not_text);
        for (size_t p = 0; p < input.count; p++)
            input.writes[p].flags = ENVRES_PART_REMOVE;
        OK(fx,
           envres_part_put(fx->session, &draft, input.writes, input.count, NULL, NULL, fx->err));
        envres_part_write last = { .size = sizeof(last),
                                   .flags = ENVRES_PART_REMOVE,
                                   .path = "zz/planted.txt",
                                   .path_len = TEXT };
        OK(fx, envres_part_put(fx->session, &draft, &last, 1, NULL, NULL, fx->err));
        free_input(&input);
    }
}

/* ---- what the check stops ------------------------------------------------------------------- */

struct seen {
    char stage[64];
    uint8_t content[32];
};

static void
unhex(uint8_t *out, const char *hex)
{
    for (size_t i = 0; i < 32; i++) {
        char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

static struct seen
look(struct fx *fx)
{
    struct seen seen = { { 0 }, { 0 } };
    envres_list *list = NULL;
    OK(fx, envres_version_describe(fx->session, &draft, &list, fx->err));
    snprintf(seen.stage, sizeof(seen.stage), "%s", cell(list, 0, ENVRES_VERSION_STAGE));
    unhex(seen.content, cell(list, 0, ENVRES_VERSION_CONTENT));
    envres_list_free(list);
    return seen;
}

static envres_status
promote(struct fx *fx, const char *to, envres_list **findings)
{
    struct seen seen = look(fx);
    envres_promote_options options = { .size = sizeof(options),
                                       .to = to,
                                       .to_len = TEXT,
                                       .expect_stage = seen.stage,
                                       .expect_stage_len = TEXT,
                                       .expect_content = seen.content };
    return envres_version_promote(fx->session, &draft, &options, NULL, findings, fx->err);
}

static envres_status
release(struct fx *fx, const char *tag, envres_list **findings)
{
    struct seen seen = look(fx);
    envres_release_options options = {
        .size = sizeof(options), .tag = tag, .tag_len = TEXT, .expect_content = seen.content
    };
    return envres_release_create(fx->session, &draft, &options, NULL, NULL, findings, fx->err);
}

static void
test_refused(void **state)
{
    struct fx *fx = *state;
    envres_list *findings = NULL;
    put_part(fx, "a.txt",
             "level << environment.variables.LOG_LEVEL >>\n"
             "here: crm.production.example.net, << enviroment.name >>\n");
    FAILS(fx, ENVRES_E_CHECK, promote(fx, "staging", &findings));
    assert_null(findings);
    assert_non_null(strstr(envres_error_message(fx->err), "1 error, the first in a.txt:2:7:"));
    assert_non_null(strstr(envres_error_message(fx->err), "'crm' in production"));
    assert_string_equal(envres_error_subject(fx->err), "a.txt");
    fx_hint(fx, "<< resources.crm.host >>");
    assert_string_equal(look(fx).stage, "development");

    put_part(fx, "a.txt", "level << environment.variables.LOG_LEVEL >>, << enviroment.name >>\n");
    OK(fx, promote(fx, "staging", &findings));
    assert_int_equal(envres_list_count(findings), 1);
    assert_string_equal(cell(findings, 0, ENVRES_FINDING_SEVERITY), "warning");
    assert_string_equal(cell(findings, 0, ENVRES_FINDING_CODE), "near-miss");
    envres_list_free(findings);
    assert_string_equal(look(fx).stage, "staging");

    /* What a version needs may be taken away after it was promoted. */
    OK(fx, promote(fx, "production", NULL));
    OK(fx, envres_variable_unset(fx->session, "production", TEXT, "LOG_LEVEL", TEXT, NULL, NULL,
                                 fx->err));
    findings = NULL;
    FAILS(fx, ENVRES_E_CHECK, release(fx, "1.0.0", &findings));
    assert_non_null(strstr(envres_error_message(fx->err), "a.txt:1:7: "));
    OK(fx, fx_put(fx, "production", "LOG_LEVEL", "quiet as a mouse", 0, 0));
    OK(fx, release(fx, "1.0.0", &findings));
    assert_int_equal(envres_list_count(findings), 1);
    envres_list_free(findings);
}

static void
test_arguments(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    envres_version_name name = draft;
    FAILS(fx, ENVRES_E_INVALID,
          envres_version_check(fx->session, &draft, "staging", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_version_check(fx->session, NULL, "staging", TEXT, &list, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_version_check(fx->session, &draft, NULL, 0, &list, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_version_check(fx->session, &draft, "stagin", TEXT, &list, fx->err));
    name.app = "dsk";
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_version_check(fx->session, &name, "staging", TEXT, &list, fx->err));
    name = draft;
    name.version = "v2";
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_version_check(fx->session, &name, "staging", TEXT, &list, fx->err));
    name.version = NULL;
    FAILS(fx, ENVRES_E_NO_VERSION_HERE,
          envres_version_check(fx->session, &name, "staging", TEXT, &list, fx->err));
    assert_null(list);
    OK(fx, envres_version_check(fx->session, &name, "development", TEXT, &list, fx->err));
    assert_int_equal(envres_list_count(list), 0);
    assert_int_equal(envres_list_columns(list), ENVRES_FINDING_COLUMNS);
    envres_list_free(list);
    FAILS(fx, ENVRES_E_INVALID, envres_app_status(fx->session, "desk", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_app_status(fx->session, NULL, 0, &list, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_app_status(fx->session, "dsk", TEXT, &list, fx->err));
}

/* ---- status --------------------------------------------------------------------------------- */

static void
make_version(struct fx *fx, const char *from)
{
    envres_version_options options = { .size = sizeof(options),
                                       .from = from,
                                       .from_len = from ? TEXT : 0 };
    OK(fx, envres_version_create(fx->session, "desk", TEXT, &options, NULL, NULL, fx->err));
}

/* Rows as lines: row environment version state tag part code line:column. */
static void
status_text(struct fx *fx, char *out, size_t cap)
{
    envres_list *list = NULL;
    size_t used = 0;
    out[0] = '\0';
    OK(fx, envres_app_status(fx->session, "desk", TEXT, &list, fx->err));
    assert_int_equal(envres_list_columns(list), ENVRES_STATUS_COLUMNS);
    for (size_t i = 0; i < envres_list_count(list) && used < cap; i++)
        used += (size_t)snprintf(
            out + used, cap - used, "%s %s %s %s %s %d %s %s %s %d:%d\n",
            cell(list, i, ENVRES_STATUS_ROW), cell(list, i, ENVRES_STATUS_ENVIRONMENT),
            cell(list, i, ENVRES_STATUS_VERSION), cell(list, i, ENVRES_STATUS_STATE),
            cell(list, i, ENVRES_STATUS_TAG),
            (int)envres_list_integer(list, i, ENVRES_STATUS_SEQUENCE),
            cell(list, i, ENVRES_STATUS_PART), cell(list, i, ENVRES_STATUS_SEVERITY),
            cell(list, i, ENVRES_STATUS_CODE),
            (int)envres_list_integer(list, i, ENVRES_STATUS_LINE),
            (int)envres_list_integer(list, i, ENVRES_STATUS_COLUMN));
    envres_list_free(list);
}

static void
expect_status(struct fx *fx, const char *want)
{
    char got[4096];
    status_text(fx, got, sizeof(got));
    if (strcmp(got, want) != 0)
        fail_msg("the status is\n%s\ninstead of\n%s", got, want);
}

static void
test_status(void **state)
{
    struct fx *fx = *state;
    expect_status(fx, "version development v1 draft  0    0:0\n");

    put_part(fx, "a.txt", "one");
    put_part(fx, "b.txt", "two");
    OK(fx, promote(fx, "staging", NULL));
    OK(fx, promote(fx, "production", NULL));
    OK(fx, release(fx, "1.0.0", NULL));
    make_version(fx, "v1");
    expect_status(fx, "live production v1  1.0.0 1    0:0\n"
                      "version development v2 draft  0    0:0\n"
                      "version production v1 live 1.0.0 1    0:0\n");

    envres_version_name second = draft;
    second.version = "v2";
    envres_part_write writes[] = {
        { .size = sizeof(writes[0]), .path = "a.txt", .path_len = 5, .data = "One", .data_len = 3 },
        { .size = sizeof(writes[0]), .flags = ENVRES_PART_REMOVE, .path = "b.txt", .path_len = 5 },
        { .size = sizeof(writes[0]),
          .path = "c.txt",
          .path_len = 5,
          .data = "\n <<environment.variables.CRM_WEB>>",
          .data_len = 35 },
    };
    OK(fx, envres_part_put(fx->session, &second, writes, 3, NULL, NULL, fx->err));
    OK(fx,
       envres_variable_unset(fx->session, "staging", TEXT, "CRM_WEB", TEXT, NULL, NULL, fx->err));
    expect_status(fx, "live production v1  1.0.0 1    0:0\n"
                      "version development v2 draft  0    0:0\n"
                      "version production v1 live 1.0.0 1    0:0\n"
                      "finding staging v2   0 c.txt error ENVRES_E_NOT_SET 2:2\n");

    put_text(fx, "staging", "CRM_WEB", "https://x.*.example.net");
    envres_list *list = NULL;
    OK(fx, envres_version_describe(fx->session, &second, &list, fx->err));
    uint8_t content[32];
    unhex(content, cell(list, 0, ENVRES_VERSION_CONTENT));
    envres_list_free(list);
    envres_promote_options options = { .size = sizeof(options),
                                       .flags = ENVRES_MOVE_THROUGH,
                                       .to = "production",
                                       .to_len = TEXT,
                                       .expect_stage = "development",
                                       .expect_stage_len = TEXT,
                                       .expect_content = content };
    OK(fx, envres_version_promote(fx->session, &second, &options, NULL, NULL, fx->err));
    expect_status(fx, "live production v1  1.0.0 1    0:0\n"
                      "version production v2 ready  0    0:0\n"
                      "version production v1 live 1.0.0 1    0:0\n"
                      "difference production v2 changed  0 a.txt   0:0\n"
                      "difference production v2 removed  0 b.txt   0:0\n"
                      "difference production v2 added  0 c.txt   0:0\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_inputs, setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_arguments, setup, fx_teardown),
        cmocka_unit_test_setup_teardown(test_status, setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
