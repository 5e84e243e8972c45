/* SPDX-License-Identifier: MIT */
/* Scanning any text: what is found and where, what is not, whose keys are missing, limits. */
#include "helper.h"

#include <stdlib.h>

static envres_scan *
scan_of(struct fx *fx, const char *env)
{
    envres_scan *scan = NULL;
    envres_list *remarks = NULL;
    OK(fx, envres_scan_open(fx->session, env, TEXT, &scan, &remarks, fx->err));
    assert_int_equal(envres_list_count(remarks), 0);
    envres_list_free(remarks);
    return scan;
}

/* Findings as "SEVERITY CODE LINE:COLUMN; ", none of which holds `secret`. */
static void
finds(struct fx *fx, envres_scan *scan, const char *text, size_t len, const char *want)
{
    envres_list *list = NULL;
    char got[1024] = "";
    OK(fx, envres_scan_text(scan, "a/b.txt", TEXT, text, len, &list, fx->err));
    assert_int_equal(envres_list_columns(list), ENVRES_FINDING_COLUMNS);
    for (size_t row = 0; row < envres_list_count(list); row++) {
        size_t used = strlen(got);
        snprintf(got + used, sizeof(got) - used, "%s %s %d:%d; ",
                 envres_list_text(list, row, ENVRES_FINDING_SEVERITY, NULL),
                 envres_list_text(list, row, ENVRES_FINDING_CODE, NULL),
                 (int)envres_list_integer(list, row, ENVRES_FINDING_LINE),
                 (int)envres_list_integer(list, row, ENVRES_FINDING_COLUMN));
        assert_string_equal(envres_list_text(list, row, ENVRES_FINDING_PART, NULL), "a/b.txt");
        for (uint32_t column = ENVRES_FINDING_MESSAGE; column <= ENVRES_FINDING_FIX; column++)
            assert_null(strstr(envres_list_text(list, row, column, NULL), "s3cret"));
    }
    assert_string_equal(got, want);
    envres_list_free(list);
}

static void
fill(struct fx *fx)
{
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, fx_put(fx, "development", "KEY", "dev-s3cret-1", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "staging", "KEY", "stg-s3cret-2", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "production", "KEY", "prd-s3cret-3", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "production", "SHORT", "s3cret", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "staging", "SCHEMA", "depot_staging", 0, ENVRES_WRITE_PLAIN));
    OK(fx, fx_put(fx, "development", "SCHEMA", "depot_dev", 0, ENVRES_WRITE_PLAIN));
    OK(fx, fx_put(fx, "development", "REGION", "europe-north", 0, ENVRES_WRITE_PLAIN));
    OK(fx, fx_put(fx, "staging", "REGION", "europe-north", 0, ENVRES_WRITE_PLAIN));
    OK(fx, fx_field(fx, "staging", "crm", "host", "db.staging.example", 0));
    OK(fx, fx_field(fx, "staging", "crm", "password", "pw/s3cret of crm", ENVRES_WRITE_SECRET));
}

static void
texts_are_scanned(void **state)
{
    struct fx *fx = *state;
    static const struct {
        const char *name;
        const char *text;
        const char *want;
    } rows[] = {
        { "nothing", "", "" },
        { "clean", "a text\nwith << environment.variables.SCHEMA >>", "" },
        { "another's secret", "k=\n  prd-s3cret-3", "error leak-secret 2:3; " },
        { "its own secret", "k=dev-s3cret-1;", "error leak-secret 1:3; " },
        { "in a word", "xstg-s3cret-2x", "error leak-secret 1:2; " },
        { "as in JSON", "\"pw\\/s3cret of crm\"", "" },
        { "of a resource", "'pw/s3cret of crm'", "error leak-secret 1:2; " },
        { "a short one", "s3cret", "" },
        { "a host", "http://db.staging.example:1/", "error leak-host 1:8; " },
        { "another host", "db.staging.example.org", "" },
        { "a value", "depot_staging", "warning leak-value 1:1; " },
        { "a schema in SQL", "FROM depot_staging.orders", "warning leak-value 1:6; " },
        { "its own value", "depot_dev europe-north", "" },
        { "several", "prd-s3cret-3 dev-s3cret-1\ndepot_staging",
          "error leak-secret 1:1; error leak-secret 1:14; warning leak-value 2:1; " },
        { "near misses", "<< enviroment.name >>\n {{ environment.variables.X }} ",
          "warning near-miss 1:1; warning near-miss 2:2; " },
        { "a wrong tag", "a << environment.variables.X", "warning near-miss 1:3; " },
        { "behind a wrong tag", "<< environment.variables.X\nprd-s3cret-3",
          "error leak-secret 2:1; warning near-miss 1:1; " },
        { "inside a tag", "<< environment.variables.X | default(\"depot_staging\") >>", "" },
        { "unknown names are not its business", "<< environment.variables.NOPE >>", "" },
        { "no text", "\xFF prd-s3cret-3 << environment.variables.X",
          "error leak-secret 1:3; info not-text 0:0; " },
    };
    fill(fx);
    envres_scan *scan = scan_of(fx, "development");
    /* It is a snapshot. */
    OK(fx, fx_put(fx, "production", "LATER", "later-s3cret-9", 0, ENVRES_WRITE_SECRET));
    finds(fx, scan, "later-s3cret-9", TEXT, "");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].name);
        finds(fx, scan, rows[i].text, TEXT, rows[i].want);
        finds(fx, scan, rows[i].text, strlen(rows[i].text), rows[i].want);
    }
    finds(fx, scan, "\0prd-s3cret-3", 13, "error leak-secret 1:2; info not-text 0:0; ");
    finds(fx, scan, NULL, 0, "");
    envres_scan_close(scan);
    /* For another environment other things are at home. */
    scan = scan_of(fx, "staging");
    finds(fx, scan, "depot_staging db.staging.example depot_dev", TEXT,
          "warning leak-value 1:34; ");
    finds(fx, scan, "stg-s3cret-2 dev-s3cret-1", TEXT,
          "error leak-secret 1:1; error leak-secret 1:14; ");
    envres_scan_close(scan);
}

/* Too many wrong tags to parse around: it is searched as it is. */
static void
many_wrong_tags(void **state)
{
    struct fx *fx = *state;
    enum { WRONG = 25 };
    char text[WRONG * 32 + 32] = "";
    envres_list *list = NULL;
    fill(fx);
    envres_scan *scan = scan_of(fx, "development");
    for (int i = 0; i < WRONG; i++)
        strcat(text, "<< environment.variables.X\n");
    strcat(text, "prd-s3cret-3");
    OK(fx, envres_scan_text(scan, "n", 1, text, TEXT, &list, fx->err));
    assert_string_equal(envres_list_text(list, 0, ENVRES_FINDING_CODE, NULL), "leak-secret");
    assert_int_equal(envres_list_integer(list, 0, ENVRES_FINDING_LINE), WRONG + 1);
    assert_in_range(envres_list_count(list), 20, WRONG + 1);
    envres_list_free(list);
    envres_scan_close(scan);
}

static void
it_outlives_session_and_store(void **state)
{
    struct fx *fx = *state;
    void *own = NULL;
    assert_int_equal(fx_setup(&own), 0);
    fill(own);
    envres_scan *scan = scan_of(own, "development");
    assert_int_equal(fx_teardown(&own), 0);
    finds(fx, scan, "prd-s3cret-3", TEXT, "error leak-secret 1:1; ");
    envres_scan_close(scan);
}

static void
arguments_and_limits(void **state)
{
    struct fx *fx = *state;
    enum { BIG = 16 * 1024 * 1024 };
    envres_scan *scan = NULL;
    envres_list *list = NULL;
    char *big = calloc(1, BIG + 2);
    assert_non_null(big);
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_scan_open(fx->session, "nowhere", TEXT, &scan, &list, fx->err));
    assert_null(scan);
    assert_null(list);
    FAILS(fx, ENVRES_E_INVALID, envres_scan_open(fx->session, NULL, 0, &scan, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scan_open(NULL, "staging", TEXT, &scan, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_scan_open(fx->session, "staging", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_scan_open(fx->session, "staging", TEXT, &scan, NULL, fx->err));
    memset(big, 'a', BIG + 1);
    FAILS(fx, ENVRES_E_LIMIT, envres_scan_text(scan, "n", 1, big, BIG + 1, &list, fx->err));
    FAILS(fx, ENVRES_E_LIMIT, envres_scan_text(scan, big, 4097, "", 0, &list, fx->err));
    FAILS(fx, ENVRES_E_UTF8, envres_scan_text(scan, "\xFF", 1, "", 0, &list, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scan_text(scan, "n", 1, NULL, 1, &list, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scan_text(scan, "n", 1, "", 0, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scan_text(NULL, "n", 1, "", 0, &list, fx->err));
    assert_null(list);
    OK(fx, envres_scan_text(scan, big, 4096, big, BIG, &list, fx->err));
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
    envres_scan_close(scan);
    envres_scan_close(NULL);
    free(big);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts_are_scanned, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(many_wrong_tags, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(it_outlives_session_and_store, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(arguments_and_limits, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
