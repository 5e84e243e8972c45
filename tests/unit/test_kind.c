/* SPDX-License-Identifier: MIT */
/*
 * The table of kinds and its checks. What a value may be is tested row by row; that the table holds
 * together (presets that pass their own check, `unless` that names a field) for every row it has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envres/list.h>
#include <envres/resource.h>
#include <envres/value.h>

#include "base/limits.h"
#include "model/kind.h"

/* Refuses the request number `left`, counting from 0; counts what is in use. */
struct failing {
    int left;
    int hit;
    int blocks;
};

static void *
failing_realloc(void *ptr, size_t size, void *user)
{
    struct failing *f = user;
    if (size == 0) {
        f->blocks -= ptr != NULL;
        free(ptr);
        return NULL;
    }
    if (f->left-- == 0) {
        f->hit = 1;
        return NULL;
    }
    f->blocks += ptr == NULL;
    return realloc(ptr, size);
}

static void
test_every_row_holds_together(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    assert_int_equal(kind_count(), 12);
    assert_null(kind_at(kind_count()));
    for (uint32_t i = 0; i < kind_count(); i++) {
        const struct kind *kind = kind_at(i);
        assert_ptr_equal(kind_find(slice_str(kind->name)), kind);
        assert_int_equal(kind->takes_any, kind->count == 0);
        for (uint32_t f = 0; f < kind->count; f++) {
            const struct kind_field *field = &kind->fields[f];
            assert_ptr_equal(kind_field_find(kind, slice_str(field->name)), field);
            assert_true(!field->unless || field->required);
            assert_true(!field->unless || kind_field_find(kind, slice_str(field->unless)));
            assert_true(!field->required || !field->preset);
            assert_true(!field->secret || field->type == FIELD_STRING);
            assert_int_equal(field->low < field->high, field->type == FIELD_INTEGER);
            assert_true(field->shape == SHAPE_ANY || field->type == FIELD_JSON);
            if (!field->preset)
                continue;
            struct buf out;
            buf_init(&out, &mem_default, false);
            struct slice preset = slice_str(field->preset);
            assert_int_equal(
                kind_check_value(&mem_default, field, slice_str(field->name), preset, &out, err),
                ENVRES_OK);
            assert_true(slice_equal(slice_of(out.data, out.len), preset));
            buf_free(&out);
        }
    }
    envres_error_free(err);
}

/* The table, said a second time in another shape: * required, ! secret, : type, = default,
 * ~ the field that can stand in for it. */
static const struct {
    const char *kind;
    const char *fields;
} expected[] = {
    { "postgres", "host*~socket_dir port:integer=5432 database* user password! sslmode=prefer "
                  "options:json socket_dir" },
    { "mysql", "host*~socket port:integer=3306 database* user password! tls:boolean socket" },
    { "mongodb", "uri! host*~uri port:integer=27017 database*~uri user password! replica_set "
                 "tls:boolean" },
    { "redis", "host* port:integer=6379 database:integer=0 user password! tls:boolean" },
    { "sqlite", "path* mode=rw" },
    { "rest", "base_url* headers:json auth=none user password! token! header_name "
              "timeout_ms:integer=30000" },
    { "graphql", "url* headers:json token! timeout_ms:integer=30000" },
    { "s3", "bucket* region endpoint access_key_id secret_access_key! path_style:boolean" },
    { "smtp", "host* port:integer=587 user password! from tls=starttls" },
    { "kafka", "brokers*:json sasl_mechanism user password! tls:boolean" },
    { "analytics", "vendor* write_key! host" },
    { "custom", "" },
};

static void
spell_kind(const struct kind *kind, char *out, size_t size)
{
    static const char *const types[] = { "", ":integer", ":boolean", ":json" };
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t f = 0; f < kind->count; f++) {
        const struct kind_field *field = &kind->fields[f];
        used += (size_t)snprintf(out + used, size - used, "%s%s%s%s%s%s%s%s%s", f ? " " : "",
                                 field->name, field->required ? "*" : "", field->secret ? "!" : "",
                                 types[field->type], field->preset ? "=" : "",
                                 field->preset ? field->preset : "", field->unless ? "~" : "",
                                 field->unless ? field->unless : "");
        assert_true(used < size);
    }
}

static void
test_table_is_as_documented(void **state)
{
    (void)state;
    char spelled[512];
    assert_int_equal(sizeof(expected) / sizeof(expected[0]), kind_count());
    for (uint32_t i = 0; i < kind_count(); i++) {
        assert_string_equal(kind_at(i)->name, expected[i].kind);
        spell_kind(kind_at(i), spelled, sizeof(spelled));
        assert_string_equal(spelled, expected[i].fields);
    }
}

static const struct name_row {
    const char *name;
    const char *kind; /* NULL: it is a kind that is asked for */
    const char *wanted;
    envres_status status;
    const char *hint;    /* part of it, or NULL */
    const char *subject; /* or NULL */
} name_rows[] = {
    { "a kind", NULL, "postgres", ENVRES_OK, NULL, NULL },
    { "a kind with a letter too few", NULL, "postgrs", ENVRES_E_NOT_FOUND, "'postgres'",
      "postgrs" },
    { "a kind in capitals", NULL, "MYSQL", ENVRES_E_NOT_FOUND, "'mysql'", "MYSQL" },
    { "a kind like no other", NULL, "blockchain", ENVRES_E_NOT_FOUND, "custom", "blockchain" },
    { "an empty kind", NULL, "", ENVRES_E_NOT_FOUND, NULL, "" },
    { "a kind that is no name is not shown", NULL, "s3cret\n", ENVRES_E_NOT_FOUND, NULL, "" },
    { "a field", "postgres", "sslmode", ENVRES_OK, NULL, NULL },
    { "a field with letters swapped", "postgres", "hots", ENVRES_E_FIELD, "'host'", "hots" },
    { "a field with another word's name", "postgres", "dbname", ENVRES_E_FIELD, NULL, "dbname" },
    { "a field like no other lists them", "sqlite", "zzzzzzzz", ENVRES_E_FIELD, "path mode",
      "zzzzzzzz" },
    { "a field of another kind", "sqlite", "bucket", ENVRES_E_FIELD, NULL, "bucket" },
    { "an empty field", "sqlite", "", ENVRES_E_FIELD, "path", "" },
    { "a field that is no name is not shown", "sqlite", "p=s3cret", ENVRES_E_FIELD, NULL, "" },
    { "custom: any name", "custom", "whatever_9", ENVRES_OK, NULL, NULL },
    { "custom: a name that is none", "custom", "9lives", ENVRES_E_NAME, NULL, NULL },
};

static void
test_names(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < sizeof(name_rows) / sizeof(name_rows[0]); i++) {
        const struct name_row *row = &name_rows[i];
        const struct kind *kind = NULL;
        const struct kind_field *field = NULL;
        envres_status st;
        print_message("    %s\n", row->name);
        envres_error_clear(err);
        if (row->kind)
            st = kind_field_need(kind_find(slice_str(row->kind)), slice_str(row->wanted), &field,
                                 err);
        else
            st = kind_need(slice_str(row->wanted), &kind, err);
        assert_int_equal(st, row->status);
        assert_int_equal(envres_error_code(err), row->status);
        if (st == ENVRES_OK && !row->kind)
            assert_string_equal(kind->name, row->wanted);
        if (row->hint)
            assert_non_null(strstr(envres_error_hint(err), row->hint));
        if (row->subject)
            assert_string_equal(envres_error_subject(err), row->subject);
        assert_null(strstr(envres_error_message(err), "s3cret"));
        assert_null(strstr(envres_error_hint(err), "s3cret"));
    }
    envres_error_free(err);
}

static const struct value_row {
    const char *name;
    const char *kind;
    const char *field;
    const char *value;
    envres_status status;
    const char *canonical;
} value_rows[] = {
    { "text as it is", "postgres", "user", " a\n'ü ", ENVRES_OK, " a\n'ü " },
    { "an empty text", "postgres", "user", "", ENVRES_OK, "" },
    { "an empty secret", "postgres", "password", "", ENVRES_OK, "" },
    { "an empty required text", "postgres", "host", "", ENVRES_E_TYPE, NULL },
    { "text that is not UTF-8", "postgres", "user", "a\xff", ENVRES_E_UTF8, NULL },
    { "text with an overlong form", "postgres", "user", "\xc0\xaf", ENVRES_E_UTF8, NULL },
    { "a choice", "postgres", "sslmode", "verify-ca", ENVRES_OK, "verify-ca" },
    { "part of a choice", "postgres", "sslmode", "verify", ENVRES_E_TYPE, NULL },
    { "two choices", "postgres", "sslmode", "verify-ca verify-full", ENVRES_E_TYPE, NULL },
    { "a choice and a space", "postgres", "sslmode", "allow ", ENVRES_E_TYPE, NULL },
    { "no choice", "postgres", "sslmode", "", ENVRES_E_TYPE, NULL },
    { "the lowest port", "redis", "port", "1", ENVRES_OK, "1" },
    { "the highest port", "redis", "port", "65535", ENVRES_OK, "65535" },
    { "port 0", "redis", "port", "0", ENVRES_E_TYPE, NULL },
    { "port 65536", "redis", "port", "65536", ENVRES_E_TYPE, NULL },
    { "database 0", "redis", "database", "0", ENVRES_OK, "0" },
    { "minus zero is zero", "redis", "database", "-0", ENVRES_OK, "0" },
    { "database -1", "redis", "database", "-1", ENVRES_E_TYPE, NULL },
    { "an integer with a leading zero", "redis", "port", "080", ENVRES_E_TYPE, NULL },
    { "an integer with an exponent", "redis", "port", "1e3", ENVRES_E_TYPE, NULL },
    { "an integer in hex", "redis", "port", "0x50", ENVRES_E_TYPE, NULL },
    { "a lone sign", "redis", "port", "-", ENVRES_E_TYPE, NULL },
    { "no integer", "redis", "port", "", ENVRES_E_TYPE, NULL },
    { "2^64 + 80", "redis", "port", "18446744073709551696", ENVRES_E_TYPE, NULL },
    { "a long row of digits", "redis", "port", "100000000000000000000000000000", ENVRES_E_TYPE,
      NULL },
    { "true", "redis", "tls", "true", ENVRES_OK, "true" },
    { "false", "redis", "tls", "false", ENVRES_OK, "false" },
    { "1 is not true", "redis", "tls", "1", ENVRES_E_TYPE, NULL },
    { "TRUE is not true", "redis", "tls", "TRUE", ENVRES_E_TYPE, NULL },
    { "headers, compact", "rest", "headers", " {\n \"A\" : \"b c\" } ", ENVRES_OK,
      "{\"A\":\"b c\"}" },
    { "no headers", "rest", "headers", "{}", ENVRES_OK, "{}" },
    { "headers: broken JSON", "rest", "headers", "{\"A\":}", ENVRES_E_JSON, NULL },
    { "headers: an empty text", "rest", "headers", "", ENVRES_E_JSON, NULL },
    { "headers: a string", "rest", "headers", "\"A: b\"", ENVRES_E_TYPE, NULL },
    { "headers: null", "rest", "headers", "null", ENVRES_E_TYPE, NULL },
    { "headers: a boolean inside", "rest", "headers", "{\"A\":\"b\",\"C\":true}", ENVRES_E_TYPE,
      NULL },
    { "headers: an empty name", "rest", "headers", "{\"\":\"b\"}", ENVRES_E_TYPE, NULL },
    { "options: scalars", "postgres", "options", "{\"a\":1.5,\"b\":\"x\",\"c\":false}", ENVRES_OK,
      "{\"a\":1.5,\"b\":\"x\",\"c\":false}" },
    { "options: an array inside", "postgres", "options", "{\"a\":[]}", ENVRES_E_TYPE, NULL },
    { "options: an array", "postgres", "options", "[1,2]", ENVRES_E_TYPE, NULL },
    { "options: an empty key", "postgres", "options", "{\"\":1}", ENVRES_E_TYPE, NULL },
    { "options: a key with a space", "postgres", "options", "{\"a b\":1}", ENVRES_E_TYPE, NULL },
    { "options: a key with a quote", "postgres", "options", "{\"a'\":1}", ENVRES_E_TYPE, NULL },
    { "options: the host again", "postgres", "options", "{\"host\":\"x\"}", ENVRES_E_TYPE, NULL },
    { "options: the host again, escaped", "postgres", "options", "{\"\\u0068ost\":\"x\"}",
      ENVRES_E_TYPE, NULL },
    { "brokers", "kafka", "brokers", "[ \"a:1\", \"b:2\" ]", ENVRES_OK, "[\"a:1\",\"b:2\"]" },
    { "brokers: none", "kafka", "brokers", "[]", ENVRES_E_TYPE, NULL },
    { "brokers: a number", "kafka", "brokers", "[9092]", ENVRES_E_TYPE, NULL },
    { "brokers: an empty one", "kafka", "brokers", "[\"\"]", ENVRES_E_TYPE, NULL },
    { "brokers: a comma", "kafka", "brokers", "[\"a,b\"]", ENVRES_E_TYPE, NULL },
    { "brokers: a newline", "kafka", "brokers", "[\"a\\nb\"]", ENVRES_E_TYPE, NULL },
    { "brokers: an object", "kafka", "brokers", "{\"a\":\"b\"}", ENVRES_E_TYPE, NULL },
    { "custom: any text", "custom", "x", "{", ENVRES_OK, "{" },
    { "custom: an empty text", "custom", "x", "", ENVRES_OK, "" },
    { "custom: not UTF-8", "custom", "x", "\x80", ENVRES_E_UTF8, NULL },
};

static void
test_values(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < sizeof(value_rows) / sizeof(value_rows[0]); i++) {
        const struct value_row *row = &value_rows[i];
        const struct kind_field *field = NULL;
        struct buf out;
        print_message("    %s\n", row->name);
        buf_init(&out, &mem_default, false);
        buf_add_str(&out, ">");
        assert_int_equal(
            kind_field_need(kind_find(slice_str(row->kind)), slice_str(row->field), &field, err),
            ENVRES_OK);
        envres_error_clear(err);
        envres_status st = kind_check_value(&mem_default, field, slice_str(row->field),
                                            slice_str(row->value), &out, err);
        assert_int_equal(st, row->status);
        assert_int_equal(envres_error_code(err), row->status);
        if (st == ENVRES_OK) {
            assert_true(
                slice_equal(slice_of(out.data + 1, out.len - 1), slice_str(row->canonical)));
        } else {
            assert_int_equal(out.len, 1);
            assert_string_equal(envres_error_subject(err), row->field);
            assert_non_null(strstr(envres_error_message(err), row->field));
        }
        buf_free(&out);
    }
    envres_error_free(err);
}

/* A refused value may be a secret: nothing of it comes back. */
static void
test_no_value_in_errors(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *field, *value;
    } rows[] = {
        { "redis", "port", "CANARY" },
        { "redis", "tls", "CANARY" },
        { "postgres", "sslmode", "CANARY" },
        { "postgres", "options", "CANARY" },
        { "postgres", "options", "{\"CANARY\":[\"CANARY\"]}" },
        { "postgres", "options", "{\"CANARY\":1,\"CANARY\":2}" },
        { "rest", "headers", "{\"CANARY\":\"CANARY" },
        { "kafka", "brokers", "[\"CANARY,CANARY\"]" },
        { "custom", "x", "CANARY\xff" },
    };
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out;
        buf_init(&out, &mem_default, true);
        const struct kind *kind = kind_find(slice_str(rows[i].kind));
        const struct kind_field *field = kind_field_find(kind, slice_str(rows[i].field));
        assert_true(kind_check_value(&mem_default, field, slice_str(rows[i].field),
                                     slice_str(rows[i].value), &out, err) < 0);
        assert_null(strstr(envres_error_message(err), "CANARY"));
        assert_null(strstr(envres_error_hint(err), "CANARY"));
        assert_null(strstr(envres_error_subject(err), "CANARY"));
        buf_free(&out);
    }
    envres_error_free(err);
}

static void
test_value_limit(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    const struct kind_field *field =
        kind_field_find(kind_find(slice_str("s3")), slice_str("region"));
    char *text = malloc(LIMIT_VALUE + 1);
    assert_non_null(text);
    memset(text, 'a', LIMIT_VALUE + 1);
    for (size_t over = 0; over < 2; over++) {
        struct buf out;
        buf_init(&out, &mem_default, false);
        envres_status st = kind_check_value(&mem_default, field, slice_str("region"),
                                            slice_of(text, LIMIT_VALUE + over), &out, err);
        assert_int_equal(st, over ? ENVRES_E_LIMIT : ENVRES_OK);
        assert_int_equal(out.len, over ? 0 : LIMIT_VALUE);
        buf_free(&out);
    }
    free(text);
    envres_error_free(err);
}

static const struct required_row {
    const char *name;
    const char *kind;
    const char *set;     /* names, each followed by a space */
    const char *missing; /* NULL: all is there */
} required_rows[] = {
    { "postgres: both", "postgres", "host database ", NULL },
    { "postgres: a socket for the host", "postgres", "database socket_dir ", NULL },
    { "postgres: no host", "postgres", "database ", "host" },
    { "postgres: no database", "postgres", "host socket_dir ", "database" },
    { "mysql: a socket for the host", "mysql", "database socket ", NULL },
    { "mongodb: a URI", "mongodb", "uri ", NULL },
    { "mongodb: parts", "mongodb", "host database ", NULL },
    { "mongodb: nothing", "mongodb", "", "host" },
    { "mongodb: no database", "mongodb", "host ", "database" },
    { "kafka: no brokers", "kafka", "user ", "brokers" },
    { "analytics: no vendor", "analytics", "write_key ", "vendor" },
    { "custom: nothing", "custom", "", NULL },
};

static void
test_required(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < sizeof(required_rows) / sizeof(required_rows[0]); i++) {
        const struct required_row *row = &required_rows[i];
        const struct kind *kind = kind_find(slice_str(row->kind));
        bool is_set[16] = { false };
        char word[64];
        print_message("    %s\n", row->name);
        assert_true(kind->count <= 16);
        for (uint32_t f = 0; f < kind->count; f++) {
            snprintf(word, sizeof(word), "%s ", kind->fields[f].name);
            is_set[f] = strstr(row->set, word) != NULL;
        }
        envres_status st = kind_check_required(kind, is_set, err);
        assert_int_equal(st, row->missing ? ENVRES_E_FIELD : ENVRES_OK);
        if (row->missing)
            assert_string_equal(envres_error_subject(err), row->missing);
    }
    envres_error_free(err);
}

static void
test_value_types(void **state)
{
    (void)state;
    const struct kind *postgres = kind_find(slice_str("postgres"));
    const struct kind *redis = kind_find(slice_str("redis"));
    assert_int_equal(kind_value_type(NULL), ENVRES_TYPE_STRING);
    assert_int_equal(kind_value_type(kind_field_find(postgres, slice_str("host"))),
                     ENVRES_TYPE_STRING);
    assert_int_equal(kind_value_type(kind_field_find(postgres, slice_str("port"))),
                     ENVRES_TYPE_NUMBER);
    assert_int_equal(kind_value_type(kind_field_find(postgres, slice_str("options"))),
                     ENVRES_TYPE_JSON);
    assert_int_equal(kind_value_type(kind_field_find(redis, slice_str("tls"))),
                     ENVRES_TYPE_BOOLEAN);
}

static size_t
find_row(const envres_list *list, const char *kind, const char *field)
{
    for (size_t row = 0; row < envres_list_count(list); row++) {
        const char *name = envres_list_text(list, row, ENVRES_KIND_FIELD, NULL);
        if (strcmp(envres_list_text(list, row, ENVRES_KIND_NAME, NULL), kind) == 0 &&
            (field ? name && strcmp(name, field) == 0 : !name))
            return row;
    }
    fail_msg("no row for %s %s", kind, field ? field : "(any)");
    return 0;
}

static void
test_public_list(void **state)
{
    (void)state;
    envres_list *list = NULL;
    size_t fields = 1; /* the row of custom */
    for (uint32_t i = 0; i < kind_count(); i++)
        fields += kind_at(i)->count;
    assert_int_equal(envres_kind_list(NULL, &list, NULL), ENVRES_OK);
    assert_int_equal(envres_list_count(list), fields);
    assert_int_equal(envres_list_columns(list), ENVRES_KIND_COLUMNS);
    for (uint32_t c = 0; c < ENVRES_KIND_COLUMNS; c++)
        assert_true(strlen(envres_list_column_name(list, c)) > 0);

    size_t row = find_row(list, "postgres", "sslmode");
    assert_string_equal(envres_list_text(list, row, ENVRES_KIND_TYPE, NULL), "string");
    assert_string_equal(envres_list_text(list, row, ENVRES_KIND_DEFAULT, NULL), "prefer");
    assert_string_equal(envres_list_text(list, row, ENVRES_KIND_CHOICES, NULL),
                        "disable allow prefer require verify-ca verify-full");
    assert_int_equal(envres_list_integer(list, row, ENVRES_KIND_REQUIRED), 0);
    row = find_row(list, "mongodb", "host");
    assert_int_equal(envres_list_integer(list, row, ENVRES_KIND_REQUIRED), 1);
    assert_string_equal(envres_list_text(list, row, ENVRES_KIND_UNLESS, NULL), "uri");
    assert_int_equal(envres_list_type(list, row, ENVRES_KIND_DEFAULT), ENVRES_CELL_NULL);
    row = find_row(list, "s3", "secret_access_key");
    assert_int_equal(envres_list_integer(list, row, ENVRES_KIND_SECRET), 1);
    row = find_row(list, "custom", NULL);
    assert_string_equal(envres_list_text(list, row, ENVRES_KIND_TYPE, NULL), "string");
    envres_list_free(list);
    assert_int_equal(envres_kind_list(NULL, NULL, NULL), ENVRES_E_INVALID);
    envres_allocator none = { sizeof(none), 0, NULL, NULL };
    list = NULL;
    assert_int_equal(envres_kind_list(&none, &list, NULL), ENVRES_E_INVALID);
    assert_null(list);
}

static void
test_public_list_out_of_memory(void **state)
{
    (void)state;
    for (int n = 0;; n++) {
        struct failing f = { .left = n };
        envres_allocator alloc = { sizeof(alloc), 0, failing_realloc, &f };
        envres_list *list = NULL;
        envres_status st = envres_kind_list(&alloc, &list, NULL);
        assert_int_equal(st, f.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        assert_int_equal(list == NULL, f.hit);
        envres_list_free(list);
        assert_int_equal(f.blocks, 0);
        if (!f.hit) {
            assert_true(n > 100);
            return;
        }
    }
}

static void
test_values_out_of_memory(void **state)
{
    (void)state;
    const struct kind *kind = kind_find(slice_str("kafka"));
    struct slice name = slice_str("brokers");
    for (int n = 0;; n++) {
        struct failing f = { .left = n };
        struct mem mem = { failing_realloc, &f };
        struct buf out;
        buf_init(&out, &mem, true);
        envres_status st = kind_check_value(&mem, kind_field_find(kind, name), name,
                                            slice_str("[ \"a:1\", \"\\u0062:2\" ]"), &out, NULL);
        assert_int_equal(st, f.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        buf_free(&out);
        assert_int_equal(f.blocks, 0);
        if (!f.hit) {
            assert_true(n > 0);
            return;
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_holds_together),
        cmocka_unit_test(test_table_is_as_documented),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_no_value_in_errors),
        cmocka_unit_test(test_value_limit),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_value_types),
        cmocka_unit_test(test_public_list),
        cmocka_unit_test(test_public_list_out_of_memory),
        cmocka_unit_test(test_values_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
