/* SPDX-License-Identifier: MIT */
/* Variables: types, classes, revisions, history, restore, rename, delete, batches, operations. */
#include "helper.h"

#include <stdlib.h>

struct canonical_row {
    const char *name;
    int32_t type;
    const char *given;
    const char *kept; /* NULL: refused with code */
    envres_status code;
};

static const struct canonical_row canonical_rows[] = {
    { "empty string", ENVRES_TYPE_STRING, "", "", 0 },
    { "bytes as they are", ENVRES_TYPE_STRING, " a\n$& %s '\"\\ \xC3\xA9 ",
      " a\n$& %s '\"\\ \xC3\xA9 ", 0 },
    { "a tag in a string stays text", ENVRES_TYPE_STRING, "<< environment.variables.NAME >>",
      "<< environment.variables.NAME >>", 0 },
    { "integer", ENVRES_TYPE_NUMBER, "42", "42", 0 },
    { "largest integer", ENVRES_TYPE_NUMBER, "9223372036854775807", "9223372036854775807", 0 },
    { "beyond int64", ENVRES_TYPE_NUMBER, "9223372036854775808", NULL, ENVRES_E_TYPE },
    { "double", ENVRES_TYPE_NUMBER, "1.50", "1.5", 0 },
    { "exponent", ENVRES_TYPE_NUMBER, "1e3", "1000", 0 },
    { "leading zero", ENVRES_TYPE_NUMBER, "042", NULL, ENVRES_E_TYPE },
    { "white space", ENVRES_TYPE_NUMBER, " 42", NULL, ENVRES_E_TYPE },
    { "NaN", ENVRES_TYPE_NUMBER, "NaN", NULL, ENVRES_E_TYPE },
    { "no number", ENVRES_TYPE_NUMBER, "", NULL, ENVRES_E_TYPE },
    { "true", ENVRES_TYPE_BOOLEAN, "true", "true", 0 },
    { "yes is not true", ENVRES_TYPE_BOOLEAN, "yes", NULL, ENVRES_E_TYPE },
    { "1 is not true", ENVRES_TYPE_BOOLEAN, "1", NULL, ENVRES_E_TYPE },
    { "json compact, order kept", ENVRES_TYPE_JSON, " { \"b\" : [1, 2.50], \"a\":null } ",
      "{\"b\":[1,2.50],\"a\":null}", 0 },
    { "json, doubled key", ENVRES_TYPE_JSON, "{\"a\":1,\"a\":2}", NULL, ENVRES_E_JSON },
    { "json, cut", ENVRES_TYPE_JSON, "{\"a\":", NULL, ENVRES_E_JSON },
    { "template", ENVRES_TYPE_TEMPLATE, "x<< environment.name >>", "x<< environment.name >>", 0 },
    { "template, broken", ENVRES_TYPE_TEMPLATE, "x<< environment.name", NULL, ENVRES_E_SYNTAX },
    { "template with a parameter", ENVRES_TYPE_TEMPLATE, "<< params.x >>", NULL, ENVRES_E_SYNTAX },
};

static void
values_are_kept_in_one_form(void **state)
{
    struct fx *fx = *state;
    for (size_t i = 0; i < sizeof(canonical_rows) / sizeof(canonical_rows[0]); i++) {
        const struct canonical_row *row = &canonical_rows[i];
        char name[16];
        envres_value *value = NULL;
        snprintf(name, sizeof(name), "V%zu", i);
        envres_status st = fx_put(fx, "development", name, row->given, row->type, 0);
        expect(fx, st, row->kept ? ENVRES_OK : row->code, row->name);
        if (!row->kept)
            continue;
        OK(fx,
           envres_variable_get(fx->session, "development", TEXT, name, TEXT, 0, &value, fx->err));
        assert_string_equal(envres_value_data(value, NULL), row->kept);
        assert_int_equal(envres_value_type(value), row->type);
        envres_value_free(value);
    }
}

static void
a_refused_write_leaves_nothing(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    FAILS(fx, ENVRES_E_TYPE, fx_put(fx, "development", "N", "x", ENVRES_TYPE_NUMBER, 0));
    FAILS(fx, ENVRES_E_UTF8, fx_put(fx, "development", "N", "\xFF", 0, 0));
    FAILS(fx, ENVRES_E_NAME, fx_put(fx, "development", "1N", "x", 0, 0));
    FAILS(fx, ENVRES_E_NAME, fx_put(fx, "development", "", "x", 0, 0));
    FAILS(fx, ENVRES_E_NOT_FOUND, fx_put(fx, "developmet", "N", "x", 0, 0));
    fx_hint(fx, "development");
    FAILS(fx, ENVRES_E_INVALID, fx_put(fx, "development", "N", "x", 99, 0));
    FAILS(fx, ENVRES_E_INVALID, fx_put(fx, "development", "N", "x", 0, 64));
    FAILS(fx, ENVRES_E_INVALID,
          fx_put(fx, "development", "N", "x", 0, ENVRES_WRITE_SECRET | ENVRES_WRITE_PLAIN));
    OK(fx, envres_variable_list(fx->session, NULL, 0, 0, &list, fx->err));
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
    assert_int_equal(fx_revision(fx, "development"), 0);
}

static void
sizes_have_limits(void **state)
{
    struct fx *fx = *state;
    size_t most = 1024 * 1024;
    char *big = malloc(most + 2);
    char name[130];
    memset(big, 'x', most + 1);
    big[most + 1] = '\0';
    memset(name, 'N', sizeof(name));
    name[129] = '\0';
    FAILS(fx, ENVRES_E_LIMIT, fx_put(fx, "development", "BIG", big, 0, 0));
    FAILS(fx, ENVRES_E_NAME, fx_put(fx, "development", name, "x", 0, 0));
    name[128] = '\0';
    OK(fx, fx_put(fx, "development", name, "x", 0, 0));
    big[most] = '\0';
    OK(fx, fx_put(fx, "development", "BIG", big, 0, ENVRES_WRITE_SECRET));
    envres_scope *scope = fx_scope(fx, "development");
    envres_value *value = NULL;
    size_t len = 0;
    OK(fx, envres_scope_get(scope, "BIG", TEXT, &value, fx->err));
    assert_memory_equal(envres_value_data(value, &len), big, most);
    assert_int_equal(len, most);
    envres_value_free(value);
    envres_scope_unref(scope);
    char reason[1002];
    memset(reason, 'r', sizeof(reason));
    envres_change change = { .size = sizeof(change), .reason = reason, .reason_len = 1001 };
    envres_variable_write write = {
        .size = sizeof(write), .name = "A", .name_len = 1, .value = "1", .value_len = 1
    };
    FAILS(fx, ENVRES_E_LIMIT,
          envres_variable_put(fx->session, "staging", TEXT, &write, &change, NULL, fx->err));
    change.reason_len = 1000;
    OK(fx, envres_variable_put(fx->session, "staging", TEXT, &write, &change, NULL, fx->err));
    FAILS(fx, ENVRES_E_LIMIT,
          envres_variable_put_many(fx->session, "staging", TEXT, &write, 100001, NULL, NULL,
                                   fx->err));
    free(big);
}

static void
type_and_class_belong_to_the_name(void **state)
{
    struct fx *fx = *state;
    OK(fx, fx_put(fx, "development", "PORT", "1", ENVRES_TYPE_NUMBER, 0));
    OK(fx, fx_put(fx, "staging", "PORT", "2", 0, 0));
    FAILS(fx, ENVRES_E_TYPE, fx_put(fx, "staging", "PORT", "x", 0, 0));
    FAILS(fx, ENVRES_E_TYPE, fx_put(fx, "staging", "PORT", "x", ENVRES_TYPE_STRING, 0));
    fx_hint(fx, "development");
    FAILS(fx, ENVRES_E_TYPE, fx_put(fx, "staging", "PORT", "2", 0, ENVRES_WRITE_SECRET));
    OK(fx,
       envres_variable_unset(fx->session, "development", TEXT, "PORT", TEXT, NULL, NULL, fx->err));
    OK(fx, fx_put(fx, "staging", "PORT", "http", ENVRES_TYPE_STRING, ENVRES_WRITE_SECRET));
    envres_value *value = NULL;
    FAILS(fx, ENVRES_E_SECRET_SINK,
          envres_variable_get(fx->session, "staging", TEXT, "PORT", TEXT, 0, &value, fx->err));
    assert_null(value);
    OK(fx, envres_variable_get(fx->session, "staging", TEXT, "PORT", TEXT, ENVRES_READ_REVEAL,
                               &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL), "http");
    assert_int_equal(envres_value_is_secret(value), 1);
    envres_value_free(value);
}

static void
missing_is_said_with_what_helps(void **state)
{
    struct fx *fx = *state;
    envres_value *value = NULL;
    OK(fx, fx_put(fx, "staging", "API_KEY", "1", 0, 0));
    FAILS(
        fx, ENVRES_E_NOT_SET,
        envres_variable_get(fx->session, "development", TEXT, "API_KEY", TEXT, 0, &value, fx->err));
    fx_hint(fx, "staging");
    assert_string_equal(envres_error_subject(fx->err), "API_KEY");
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_variable_get(fx->session, "staging", TEXT, "API_KYE", TEXT, 0, &value, fx->err));
    fx_hint(fx, "API_KEY");
    FAILS(fx, ENVRES_E_NOT_SET,
          envres_variable_unset(fx->session, "development", TEXT, "API_KEY", TEXT, NULL, NULL,
                                fx->err));
    FAILS(
        fx, ENVRES_E_NOT_FOUND,
        envres_variable_unset(fx->session, "development", TEXT, "NOPE", TEXT, NULL, NULL, fx->err));
}

static void
expectations_hold(void **state)
{
    struct fx *fx = *state;
    envres_variable_write write = { .size = sizeof(write),
                                    .name = "A",
                                    .name_len = TEXT,
                                    .value = "1",
                                    .value_len = TEXT,
                                    .expect_revision = -1 };
    int64_t first = 0;
    int64_t second = 0;
    OK(fx, envres_variable_put(fx->session, "development", TEXT, &write, NULL, &first, fx->err));
    FAILS(fx, ENVRES_E_CHANGED,
          envres_variable_put(fx->session, "development", TEXT, &write, NULL, NULL, fx->err));
    write.expect_revision = first;
    OK(fx, envres_variable_put(fx->session, "development", TEXT, &write, NULL, &second, fx->err));
    assert_int_equal(second, first + 1);
    FAILS(fx, ENVRES_E_CHANGED,
          envres_variable_put(fx->session, "development", TEXT, &write, NULL, NULL, fx->err));
    write.expect_revision = -2;
    FAILS(fx, ENVRES_E_INVALID,
          envres_variable_put(fx->session, "development", TEXT, &write, NULL, NULL, fx->err));
}

static void
an_operation_happens_once(void **state)
{
    struct fx *fx = *state;
    static const uint8_t id[16] = { 1, 2, 3 };
    envres_change change = { .size = sizeof(change), .operation = id };
    envres_variable_write write = {
        .size = sizeof(write), .name = "A", .name_len = TEXT, .value = "1", .value_len = TEXT
    };
    int64_t first = 0;
    int64_t again = 0;
    OK(fx, envres_variable_put(fx->session, "development", TEXT, &write, &change, &first, fx->err));
    OK(fx, fx_put(fx, "development", "A", "2", 0, 0));
    OK(fx, envres_variable_put(fx->session, "development", TEXT, &write, &change, &again, fx->err));
    assert_int_equal(first, again);
    fx_renders(fx, "development", "<< environment.variables.A >>", "2", 0);
    FAILS(
        fx, ENVRES_E_INVALID,
        envres_variable_unset(fx->session, "development", TEXT, "A", TEXT, &change, NULL, fx->err));
}

static void
many_are_all_or_none(void **state)
{
    struct fx *fx = *state;
    envres_variable_write writes[3] = {
        { .size = sizeof(writes[0]), .name = "A", .name_len = 1, .value = "1", .value_len = 1 },
        { .size = sizeof(writes[0]),
          .name = "B",
          .name_len = 1,
          .value = "x",
          .value_len = 1,
          .type = ENVRES_TYPE_NUMBER },
        { .size = sizeof(writes[0]), .name = "C", .name_len = 1, .value = "3", .value_len = 1 },
    };
    int64_t revision = 7;
    FAILS(fx, ENVRES_E_TYPE,
          envres_variable_put_many(fx->session, "development", TEXT, writes, 3, NULL, &revision,
                                   fx->err));
    assert_int_equal(revision, 0);
    assert_string_equal(envres_error_subject(fx->err), "B");
    fx_renders(fx, "development", "<< environment.variables.A >>", NULL, ENVRES_E_NOT_FOUND);
    writes[1].value = "2";
    OK(fx, envres_variable_put_many(fx->session, "development", TEXT, writes, 3, NULL, &revision,
                                    fx->err));
    assert_int_equal(revision, 1);
    fx_renders(fx, "development",
               "<< environment.variables.A >><< environment.variables.B >>"
               "<< environment.variables.C >>",
               "123", 0);
    writes[2].name = "A";
    FAILS(
        fx, ENVRES_E_NAME_TAKEN,
        envres_variable_put_many(fx->session, "development", TEXT, writes, 3, NULL, NULL, fx->err));
    writes[2].size = 8;
    FAILS(
        fx, ENVRES_E_ABI,
        envres_variable_put_many(fx->session, "development", TEXT, writes, 3, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_variable_put_many(fx->session, "development", TEXT, NULL, 0, NULL, NULL, fx->err));
}

static void
history_and_restore(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    int64_t made = 0;
    OK(fx, fx_put(fx, "development", "A", "one", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "B", "b", 0, 0));
    fx->now += 1000;
    OK(fx, fx_put(fx, "development", "A", "two", 0, 0));
    OK(fx, envres_variable_unset(fx->session, "development", TEXT, "A", TEXT, NULL, NULL, fx->err));
    OK(fx, envres_variable_history(fx->session, "development", TEXT, "A", TEXT, 0, &list, fx->err));
    assert_int_equal(envres_list_count(list), 3);
    assert_int_equal(envres_list_integer(list, 0, ENVRES_HISTORY_REVISION), 4);
    assert_int_equal(envres_list_integer(list, 0, ENVRES_HISTORY_SET), 0);
    assert_int_equal(envres_list_integer(list, 1, ENVRES_HISTORY_REVISION), 3);
    assert_int_equal(envres_list_type(list, 1, ENVRES_HISTORY_VALUE), ENVRES_CELL_NULL);
    assert_int_equal(envres_list_integer(list, 2, ENVRES_HISTORY_TIME), 1700000000000);
    assert_string_equal(envres_list_text(list, 2, ENVRES_HISTORY_AUTHOR, NULL), "owner");
    envres_list_free(list);
    envres_restore_point point = {
        .size = sizeof(point), .name = "A", .name_len = TEXT, .revision = 1
    };
    OK(fx, envres_restore(fx->session, "development", TEXT, &point, NULL, &made, fx->err));
    assert_int_equal(made, 5);
    fx_renders(fx, "development", "<< environment.variables.A >>", "one", 0);
    OK(fx, envres_restore(fx->session, "development", TEXT, &point, NULL, &made, fx->err));
    assert_int_equal(made, 6); /* written anew: it is the value that is the same, not the row */
    point.name = NULL;
    point.revision = 3;
    OK(fx, envres_restore(fx->session, "development", TEXT, &point, NULL, &made, fx->err));
    fx_renders(fx, "development", "<< environment.variables.A >> << environment.variables.B >>",
               "two b", 0);
    point.revision = 0;
    OK(fx, envres_restore(fx->session, "development", TEXT, &point, NULL, &made, fx->err));
    fx_renders(fx, "development", "<< environment.variables.B >>", NULL, ENVRES_E_NOT_FOUND);
    point.revision = 99;
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_restore(fx->session, "development", TEXT, &point, NULL, &made, fx->err));
    point.revision = -1;
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_restore(fx->session, "development", TEXT, &point, NULL, &made, fx->err));
}

static void
a_deleted_variable_can_come_back(void **state)
{
    struct fx *fx = *state;
    int64_t made = 0;
    OK(fx, fx_put(fx, "development", "A", "one", 0, 0));
    OK(fx, envres_variable_delete(fx->session, "A", TEXT, NULL, fx->err));
    fx_renders(fx, "development", "<< environment.variables.A >>", NULL, ENVRES_E_NOT_FOUND);
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_variable_delete(fx->session, "A", TEXT, NULL, fx->err));
    envres_restore_point point = { .size = sizeof(point), .revision = 1 };
    OK(fx, envres_restore(fx->session, "development", TEXT, &point, NULL, &made, fx->err));
    fx_renders(fx, "development", "<< environment.variables.A >>", "one", 0);
    OK(fx, envres_variable_delete(fx->session, "A", TEXT, NULL, fx->err));
    OK(fx, fx_put(fx, "development", "A", "1", ENVRES_TYPE_NUMBER, 0));
    FAILS(fx, ENVRES_E_NAME_TAKEN,
          envres_restore(fx->session, "development", TEXT, &point, NULL, &made, fx->err));
}

static void
renaming_says_who_refers(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    OK(fx, fx_put(fx, "development", "HOST", "d", 0, 0));
    OK(fx, fx_put(fx, "production", "HOST", "p", 0, 0));
    OK(fx, fx_put(fx, "production", "URL", "http://<< environment.variables.HOST >>",
                  ENVRES_TYPE_TEMPLATE, 0));
    FAILS(fx, ENVRES_E_REFERRED,
          envres_variable_rename(fx->session, "HOST", TEXT, "DB_HOST", TEXT, NULL, fx->err));
    assert_non_null(strstr(envres_error_message(fx->err), "URL"));
    assert_non_null(strstr(envres_error_message(fx->err), "production"));
    FAILS(fx, ENVRES_E_NAME_TAKEN,
          envres_variable_rename(fx->session, "URL", TEXT, "HOST", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_NAME,
          envres_variable_rename(fx->session, "URL", TEXT, "a b", TEXT, NULL, fx->err));
    OK(fx, envres_references(fx->session, "variable/HOST", TEXT, &list, fx->err));
    assert_int_equal(envres_list_count(list), 1);
    assert_string_equal(envres_list_text(list, 0, ENVRES_REFERENCE_FROM, NULL), "variable/URL");
    assert_int_equal(envres_list_integer(list, 0, ENVRES_REFERENCE_OFFSET), 7);
    envres_list_free(list);
    FAILS(fx, ENVRES_E_INVALID, envres_references(fx->session, "HOST", TEXT, &list, fx->err));
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    OK(fx, envres_variable_rename(fx->session, "HOST", TEXT, "DB_HOST", TEXT, &force, fx->err));
    fx_renders(fx, "development", "<< environment.variables.DB_HOST >>", "d", 0);
    fx_renders(fx, "production", "<< environment.variables.DB_HOST >>", "p", 0);
    fx_renders(fx, "production", "<< environment.variables.URL >>", NULL, ENVRES_E_NOT_FOUND);
}

static void
circles_and_depth_are_refused_when_written(void **state)
{
    struct fx *fx = *state;
    char name[8];
    char text[64];
    FAILS(fx, ENVRES_E_CYCLE,
          fx_put(fx, "development", "A", "<< environment.variables.A >>", ENVRES_TYPE_TEMPLATE, 0));
    OK(fx,
       fx_put(fx, "development", "A", "<< environment.variables.B >>", ENVRES_TYPE_TEMPLATE, 0));
    FAILS(fx, ENVRES_E_CYCLE,
          fx_put(fx, "development", "B", "<< environment.variables.A >>", ENVRES_TYPE_TEMPLATE, 0));
    OK(fx, fx_put(fx, "development", "B", "end", 0, 0));
    fx_renders(fx, "development", "<< environment.variables.A >>", "end", 0);
    OK(fx,
       fx_put(fx, "development", "T1", "<< environment.variables.B >>!", ENVRES_TYPE_TEMPLATE, 0));
    for (int i = 2; i <= 8; i++) {
        snprintf(name, sizeof(name), "T%d", i);
        snprintf(text, sizeof(text), "<< environment.variables.T%d >>", i - 1);
        OK(fx, fx_put(fx, "development", name, text, ENVRES_TYPE_TEMPLATE, 0));
    }
    fx_renders(fx, "development", "<< environment.variables.T8 >>", "end!", 0);
    FAILS(
        fx, ENVRES_E_DEPTH,
        fx_put(fx, "development", "T9", "<< environment.variables.T8 >>", ENVRES_TYPE_TEMPLATE, 0));
    /* A diamond is no circle. */
    OK(fx, fx_put(fx, "development", "D",
                  "<< environment.variables.T1 >><< environment.variables.T2 >>"
                  "<< environment.variables.T1 >>",
                  ENVRES_TYPE_TEMPLATE, 0));
    fx_renders(fx, "development", "<< environment.variables.D >>", "end!end!end!", 0);
}

static void
lists_mask_and_reveal(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    OK(fx, fx_put(fx, "development", "B", "plain", 0, 0));
    OK(fx, fx_put(fx, "staging", "A", "hidden", 0, ENVRES_WRITE_SECRET));
    OK(fx, envres_variable_list(fx->session, NULL, 0, 0, &list, fx->err));
    assert_int_equal(envres_list_count(list), 6);
    assert_string_equal(envres_list_text(list, 0, ENVRES_VARIABLE_NAME, NULL), "A");
    assert_int_equal(envres_list_integer(list, 0, ENVRES_VARIABLE_SET), 0);
    assert_int_equal(envres_list_integer(list, 1, ENVRES_VARIABLE_SET), 1);
    assert_int_equal(envres_list_type(list, 1, ENVRES_VARIABLE_VALUE), ENVRES_CELL_NULL);
    assert_string_equal(envres_list_text(list, 3, ENVRES_VARIABLE_VALUE, NULL), "plain");
    envres_list_free(list);
    OK(fx, envres_variable_list(fx->session, "staging", TEXT, ENVRES_READ_REVEAL, &list, fx->err));
    assert_int_equal(envres_list_count(list), 2);
    assert_string_equal(envres_list_text(list, 0, ENVRES_VARIABLE_VALUE, NULL), "hidden");
    assert_int_equal(envres_list_is_secret(list, 0, ENVRES_VARIABLE_VALUE), 1);
    envres_list_free(list);
    FAILS(fx, ENVRES_E_INVALID, envres_variable_list(fx->session, NULL, 0, 2, &list, fx->err));
}

static envres_status
restore(struct fx *fx, const char *env, const char *name, int64_t revision, int64_t *made)
{
    envres_restore_point point = {
        .size = sizeof(point), .name = name, .name_len = name ? TEXT : 0, .revision = revision
    };
    return envres_restore(fx->session, env, TEXT, &point, NULL, made, fx->err);
}

/* A secret brought back is a secret, for all environments or not at all. */
static void
a_restored_class_holds_everywhere(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    OK(fx, fx_put(fx, "development", "A", "old secret", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "development", "A", "now plain", 0, ENVRES_WRITE_PLAIN));
    OK(fx, fx_put(fx, "staging", "A", "plain too", 0, 0));
    FAILS(fx, ENVRES_E_TYPE, restore(fx, "development", "A", 1, NULL));
    fx_hint(fx, "staging");
    fx_renders(fx, "development", "<< environment.variables.A >>", "now plain", 0);
    OK(fx, envres_variable_unset(fx->session, "staging", TEXT, "A", TEXT, NULL, NULL, fx->err));
    OK(fx, restore(fx, "development", "A", 1, NULL));
    OK(fx, envres_variable_list(fx->session, "development", TEXT, 0, &list, fx->err));
    assert_int_equal(envres_list_integer(list, 0, ENVRES_VARIABLE_SECRET), 1);
    assert_int_equal(envres_list_type(list, 0, ENVRES_VARIABLE_VALUE), ENVRES_CELL_NULL);
    envres_list_free(list);
    /* History masks what was a secret and shows what was not, whatever the name is now. */
    OK(fx, envres_variable_history(fx->session, "development", TEXT, "A", TEXT, 0, &list, fx->err));
    assert_int_equal(envres_list_count(list), 3);
    assert_int_equal(envres_list_type(list, 0, ENVRES_HISTORY_VALUE), ENVRES_CELL_NULL);
    assert_string_equal(envres_list_text(list, 1, ENVRES_HISTORY_VALUE, NULL), "now plain");
    assert_int_equal(envres_list_type(list, 2, ENVRES_HISTORY_VALUE), ENVRES_CELL_NULL);
    envres_list_free(list);
}

/* Taken away then and taken away now is the same: no revision is made of it. */
static void
restoring_what_is_so_already_makes_nothing(void **state)
{
    struct fx *fx = *state;
    int64_t made = 0;
    OK(fx, fx_put(fx, "development", "A", "1", 0, 0));
    OK(fx, envres_variable_unset(fx->session, "development", TEXT, "A", TEXT, NULL, NULL, fx->err));
    OK(fx, fx_put(fx, "development", "A", "2", 0, 0));
    OK(fx, envres_variable_unset(fx->session, "development", TEXT, "A", TEXT, NULL, NULL, fx->err));
    OK(fx, restore(fx, "development", NULL, 2, &made));
    assert_int_equal(made, 4);
    assert_int_equal(fx_revision(fx, "development"), 4);
}

static void
success_leaves_the_slot_alone(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    OK(fx, fx_put(fx, "development", "A", "1", 0, 0));
    envres_error *err = envres_error_new(NULL);
    OK(fx, envres_variable_delete(fx->session, "A", TEXT, NULL, err));
    assert_int_equal(envres_error_code(err), ENVRES_OK);
    OK(fx, envres_variable_list(fx->session, NULL, 0, 0, &list, err));
    assert_int_equal(envres_error_code(err), ENVRES_OK);
    envres_list_free(list);
    envres_error_free(err);
}

enum { MANY = 8000 };

/* Eight thousand templates in one call, and back: the cost must grow with their number only. */
static void
many_templates_are_checked_once(void **state)
{
    struct fx *fx = *state;
    int64_t revision = 0;
    char(*names)[16] = calloc(MANY, sizeof(*names));
    char(*texts)[64] = calloc(MANY, sizeof(*texts));
    envres_variable_write *writes = calloc(MANY, sizeof(*writes));
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "T%u", i);
        snprintf(texts[i], sizeof(texts[i]), i % 7 ? "<< environment.variables.T%u >>" : "x",
                 i - 1);
        writes[i] = (envres_variable_write){ .size = sizeof(writes[i]),
                                             .name = names[i],
                                             .name_len = TEXT,
                                             .value = texts[i],
                                             .value_len = TEXT,
                                             .type = ENVRES_TYPE_TEMPLATE };
    }
    OK(fx, envres_variable_put_many(fx->session, "development", TEXT, writes, MANY, NULL, &revision,
                                    fx->err));
    assert_int_equal(revision, 1);
    fx_renders(fx, "development", "<< environment.variables.T6 >>", "x", 0);
    snprintf(texts[0], sizeof(texts[0]), "<< environment.variables.T6 >>");
    FAILS(fx, ENVRES_E_CYCLE,
          envres_variable_put_many(fx->session, "development", TEXT, writes, 1, NULL, &revision,
                                   fx->err));
    OK(fx, restore(fx, "development", NULL, 0, NULL));
    OK(fx, restore(fx, "development", NULL, 1, NULL));
    fx_renders(fx, "development", "<< environment.variables.T13 >>", "x", 0);
    free(writes);
    free(texts);
    free(names);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_are_kept_in_one_form, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_refused_write_leaves_nothing, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(sizes_have_limits, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(type_and_class_belong_to_the_name, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(missing_is_said_with_what_helps, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(expectations_hold, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(an_operation_happens_once, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(many_are_all_or_none, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(history_and_restore, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_deleted_variable_can_come_back, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(renaming_says_who_refers, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(circles_and_depth_are_refused_when_written, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(lists_mask_and_reveal, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_restored_class_holds_everywhere, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(restoring_what_is_so_already_makes_nothing, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(success_leaves_the_slot_alone, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(many_templates_are_checked_once, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
