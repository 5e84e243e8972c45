/* SPDX-License-Identifier: MIT */
/*
 * The kinds of resources: one table of fields, and the checks that read it. A value goes through
 * kind_check_value() when it is written, and again when a template made it, so that what a resource
 * handle holds is always of its field's type and in canonical text.
 * Knows nothing of settings, environments or templates; docs/resources.md shows the same table.
 */
#include "model/kind.h"

#include <string.h>

#include <envres/resource.h>
#include <envres/value.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/text.h"

#define PORT_RANGE .low = 1, .high = 65535
#define TIME_RANGE .low = 0, .high = 86400000

static const struct kind_field postgres_fields[] = {
    { .name = "host", .required = true, .unless = "socket_dir" },
    { .name = "port", .type = FIELD_INTEGER, .preset = "5432", PORT_RANGE },
    { .name = "database", .required = true },
    { .name = "user" },
    { .name = "password", .secret = true },
    { .name = "sslmode",
      .preset = "prefer",
      .choices = "disable allow prefer require verify-ca verify-full" },
    { .name = "options", .type = FIELD_JSON, .shape = SHAPE_OPTIONS },
    { .name = "socket_dir" },
};

static const struct kind_field mysql_fields[] = {
    { .name = "host", .required = true, .unless = "socket" },
    { .name = "port", .type = FIELD_INTEGER, .preset = "3306", PORT_RANGE },
    { .name = "database", .required = true },
    { .name = "user" },
    { .name = "password", .secret = true },
    { .name = "tls", .type = FIELD_BOOLEAN },
    { .name = "socket" },
};

static const struct kind_field mongodb_fields[] = {
    { .name = "uri", .secret = true },
    { .name = "host", .required = true, .unless = "uri" },
    { .name = "port", .type = FIELD_INTEGER, .preset = "27017", PORT_RANGE },
    { .name = "database", .required = true, .unless = "uri" },
    { .name = "user" },
    { .name = "password", .secret = true },
    { .name = "replica_set" },
    { .name = "tls", .type = FIELD_BOOLEAN },
};

static const struct kind_field redis_fields[] = {
    { .name = "host", .required = true },
    { .name = "port", .type = FIELD_INTEGER, .preset = "6379", PORT_RANGE },
    { .name = "database", .type = FIELD_INTEGER, .preset = "0", .low = 0, .high = INT32_MAX },
    { .name = "user" },
    { .name = "password", .secret = true },
    { .name = "tls", .type = FIELD_BOOLEAN },
};

static const struct kind_field sqlite_fields[] = {
    { .name = "path", .required = true },
    { .name = "mode", .preset = "rw", .choices = "ro rw rwc" },
};

static const struct kind_field rest_fields[] = {
    { .name = "base_url", .required = true },
    { .name = "headers", .type = FIELD_JSON, .shape = SHAPE_HEADERS },
    { .name = "auth", .preset = "none", .choices = "none basic bearer header" },
    { .name = "user" },
    { .name = "password", .secret = true },
    { .name = "token", .secret = true },
    { .name = "header_name" },
    { .name = "timeout_ms", .type = FIELD_INTEGER, .preset = "30000", TIME_RANGE },
};

static const struct kind_field graphql_fields[] = {
    { .name = "url", .required = true },
    { .name = "headers", .type = FIELD_JSON, .shape = SHAPE_HEADERS },
    { .name = "token", .secret = true },
    { .name = "timeout_ms", .type = FIELD_INTEGER, .preset = "30000", TIME_RANGE },
};

static const struct kind_field s3_fields[] = {
    { .name = "bucket", .required = true },
    { .name = "region" },
    { .name = "endpoint" },
    { .name = "access_key_id" },
    { .name = "secret_access_key", .secret = true },
    { .name = "path_style", .type = FIELD_BOOLEAN },
};

static const struct kind_field smtp_fields[] = {
    { .name = "host", .required = true },
    { .name = "port", .type = FIELD_INTEGER, .preset = "587", PORT_RANGE },
    { .name = "user" },
    { .name = "password", .secret = true },
    { .name = "from" },
    { .name = "tls", .preset = "starttls", .choices = "none starttls tls" },
};

static const struct kind_field kafka_fields[] = {
    { .name = "brokers", .type = FIELD_JSON, .required = true, .shape = SHAPE_BROKERS },
    { .name = "sasl_mechanism" },
    { .name = "user" },
    { .name = "password", .secret = true },
    { .name = "tls", .type = FIELD_BOOLEAN },
};

static const struct kind_field analytics_fields[] = {
    { .name = "vendor", .required = true },
    { .name = "write_key", .secret = true },
    { .name = "host" },
};

#define FIELDS(of) .fields = of, .count = sizeof(of) / sizeof((of)[0])

static const struct kind kinds[] = {
    { .name = "postgres", FIELDS(postgres_fields), .has_url = true, .has_dsn = true },
    { .name = "mysql", FIELDS(mysql_fields), .has_url = true, .has_dsn = true },
    { .name = "mongodb", FIELDS(mongodb_fields), .has_url = true },
    { .name = "redis", FIELDS(redis_fields), .has_url = true },
    { .name = "sqlite", FIELDS(sqlite_fields), .has_url = true, .has_dsn = true },
    { .name = "rest", FIELDS(rest_fields), .has_url = true },
    { .name = "graphql", FIELDS(graphql_fields), .has_url = true },
    { .name = "s3", FIELDS(s3_fields), .has_url = true },
    { .name = "smtp", FIELDS(smtp_fields), .has_url = true },
    { .name = "kafka", FIELDS(kafka_fields), .has_dsn = true },
    { .name = "analytics", FIELDS(analytics_fields) },
    { .name = "custom", .takes_any = true },
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

/* What an option of SHAPE_OPTIONS must not say again: libpq's words for the fields of postgres.
 * The later of two would win, and a password here would not be a secret. */
static const char *const option_words_taken[] = {
    "host", "port", "dbname", "user", "password", "sslmode",
};

uint32_t
kind_count(void)
{
    return KIND_COUNT;
}

const struct kind *
kind_at(uint32_t index)
{
    return index < KIND_COUNT ? &kinds[index] : NULL;
}

const struct kind *
kind_find(struct slice name)
{
    for (uint32_t i = 0; i < KIND_COUNT; i++) {
        if (slice_equal(name, slice_str(kinds[i].name)))
            return &kinds[i];
    }
    return NULL;
}

/* A name is shown only when it has the form of one: anything else could be a value given in the
 * wrong place. */
static envres_status
refuse_kind(struct slice name, envres_error *err)
{
    if (!text_is_name(name))
        return err_set(err, ENVRES_E_NOT_FOUND, "this is not the name of a resource kind");
    return err_set(err, ENVRES_E_NOT_FOUND, "there is no resource kind '%.*s'", (int)name.len,
                   name.data);
}

envres_status
kind_need(struct slice name, const struct kind **out, envres_error *err)
{
    const struct kind *kind = kind_find(name);
    if (kind) {
        *out = kind;
        return ENVRES_OK;
    }
    struct nearest nearest;
    nearest_init(&nearest, name);
    for (uint32_t i = 0; i < KIND_COUNT; i++)
        nearest_add(&nearest, slice_str(kinds[i].name));
    envres_status st = refuse_kind(name, err);
    if (text_is_name(name))
        err_subject(err, name.data, name.len);
    if (nearest.best.data)
        err_hint(err, "did you mean '%.*s'?", (int)nearest.best.len, nearest.best.data);
    else
        err_hint(err, "see the list of kinds; 'custom' takes any field");
    return st;
}

const struct kind_field *
kind_field_find(const struct kind *kind, struct slice name)
{
    for (uint32_t i = 0; i < kind->count; i++) {
        if (slice_equal(name, slice_str(kind->fields[i].name)))
            return &kind->fields[i];
    }
    return NULL;
}

static void
hint_fields(const struct kind *kind, struct slice name, envres_error *err)
{
    struct nearest nearest;
    nearest_init(&nearest, name);
    for (uint32_t i = 0; i < kind->count; i++)
        nearest_add(&nearest, slice_str(kind->fields[i].name));
    if (nearest.best.data) {
        err_hint(err, "did you mean '%.*s'?", (int)nearest.best.len, nearest.best.data);
        return;
    }
    char names[256] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < kind->count; i++) {
        size_t len = strlen(kind->fields[i].name);
        if (used + len + 2 >= sizeof(names))
            break;
        names[used++] = ' ';
        memcpy(names + used, kind->fields[i].name, len + 1);
        used += len;
    }
    err_hint(err, "the fields of %s are:%s", kind->name, names);
}

envres_status
kind_field_need(const struct kind *kind, struct slice name, const struct kind_field **out,
                envres_error *err)
{
    if (kind->takes_any) {
        envres_status st = text_check_name(name, "field name", err);
        if (st == ENVRES_OK)
            *out = NULL;
        return st;
    }
    const struct kind_field *field = kind_field_find(kind, name);
    if (field) {
        *out = field;
        return ENVRES_OK;
    }
    if (text_is_name(name)) {
        err_set(err, ENVRES_E_FIELD, "a resource of kind %s has no field '%.*s'", kind->name,
                (int)name.len, name.data);
        err_subject(err, name.data, name.len);
    } else {
        err_set(err, ENVRES_E_FIELD, "a resource of kind %s has no such field", kind->name);
    }
    hint_fields(kind, name, err);
    return ENVRES_E_FIELD;
}

/* ---- values ------------------------------------------------------------------------------- */

static bool
is_choice(const char *choices, struct slice value)
{
    for (const char *at = choices;;) {
        size_t len = strcspn(at, " ");
        if (slice_equal(value, slice_of(at, len)))
            return true;
        if (at[len] == '\0')
            return false;
        at += len + 1;
    }
}

static envres_status
check_string(const struct kind_field *field, struct slice value, struct buf *out, envres_error *err)
{
    envres_status st = text_check(value.data, value.len, "the value", err);
    if (st < 0)
        return st;
    if (field && field->choices && !is_choice(field->choices, value))
        return err_set(err, ENVRES_E_TYPE, "wants one of: %s", field->choices);
    if (field && field->required && value.len == 0)
        return err_set(err, ENVRES_E_TYPE, "wants a text that is not empty");
    buf_add(out, value.data, value.len);
    return ENVRES_OK;
}

/* Decimal without sign "+", leading zeros, point or exponent; false outside int64. */
static bool
read_integer(struct slice text, int64_t *out)
{
    size_t at = text.len > 0 && text.data[0] == '-' ? 1 : 0;
    bool negative = at == 1;
    if (at == text.len || text.len > 20 || (text.data[at] == '0' && text.len > at + 1))
        return false;
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t v = 0;
    for (; at < text.len; at++) {
        unsigned digit = (unsigned)(unsigned char)text.data[at] - '0';
        if (digit > 9 || v > (limit - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (negative)
        *out = v == 0 ? 0 : -(int64_t)(v - 1) - 1;
    else
        *out = (int64_t)v;
    return true;
}

static envres_status
check_integer(const struct kind_field *field, struct slice value, struct buf *out,
              envres_error *err)
{
    int64_t v = 0;
    if (read_integer(value, &v) && v >= field->low && v <= field->high) {
        json_write_integer(out, v);
        return ENVRES_OK;
    }
    return err_set(err, ENVRES_E_TYPE, "wants an integer from %lld to %lld", (long long)field->low,
                   (long long)field->high);
}

static envres_status
check_boolean(struct slice value, struct buf *out, envres_error *err)
{
    if (!slice_equal(value, slice_str("true")) && !slice_equal(value, slice_str("false")))
        return err_set(err, ENVRES_E_TYPE, "wants true or false");
    buf_add(out, value.data, value.len);
    return ENVRES_OK;
}

/* A word that can stand before "=" in a connection string without any quoting. */
static bool
is_option_word(struct slice word)
{
    if (word.len == 0 || word.len > LIMIT_NAME)
        return false;
    for (size_t i = 0; i < word.len; i++) {
        char c = word.data[i];
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-' || c == '.';
        if (!fits)
            return false;
    }
    for (size_t i = 0; i < sizeof(option_words_taken) / sizeof(option_words_taken[0]); i++) {
        if (slice_equal(word, slice_str(option_words_taken[i])))
            return false;
    }
    return true;
}

static bool
is_address(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c <= ' ' || c == ',' || c == 0x7f)
            return false;
    }
    return text.len > 0;
}

static bool
is_scalar(enum json_kind kind)
{
    return kind == JSON_STRING || kind == JSON_NUMBER || kind == JSON_TRUE || kind == JSON_FALSE;
}

/* Walks the members of an object. Keys are compared unescaped, in `scratch`. */
static bool
fits_object(const struct json_doc *doc, enum field_shape shape, struct buf *scratch)
{
    if (json_kind_of(doc, 0) != JSON_OBJECT)
        return false;
    for (uint32_t key = json_first(doc, 0); key != JSON_NONE;) {
        uint32_t value = key + 1;
        enum json_kind kind = json_kind_of(doc, value);
        scratch->len = 0;
        json_string(doc, key, scratch);
        if (shape == SHAPE_HEADERS && (kind != JSON_STRING || scratch->len == 0))
            return false;
        if (shape == SHAPE_OPTIONS &&
            (!is_scalar(kind) || !is_option_word(slice_of(scratch->data, scratch->len))))
            return false;
        key = json_next(doc, value);
    }
    return true;
}

static bool
fits_brokers(const struct json_doc *doc, struct buf *scratch)
{
    if (json_kind_of(doc, 0) != JSON_ARRAY || json_size(doc, 0) == 0)
        return false;
    for (uint32_t item = json_first(doc, 0); item != JSON_NONE; item = json_next(doc, item)) {
        scratch->len = 0;
        if (json_kind_of(doc, item) != JSON_STRING)
            return false;
        json_string(doc, item, scratch);
        if (!is_address(slice_of(scratch->data, scratch->len)))
            return false;
    }
    return true;
}

static envres_status
refuse_shape(enum field_shape shape, envres_error *err)
{
    static const char *const wanted[] = {
        [SHAPE_ANY] = "wants JSON",
        [SHAPE_OPTIONS] =
            "wants a JSON object of plain words, each with a string, number or boolean",
        [SHAPE_HEADERS] = "wants a JSON object of strings",
        [SHAPE_BROKERS] = "wants a JSON array of host:port strings, at least one",
    };
    err_set(err, ENVRES_E_TYPE, "%s", wanted[shape]);
    if (shape == SHAPE_OPTIONS)
        err_hint(err, "host, port, database, user, password and sslmode are fields of their own");
    return ENVRES_E_TYPE;
}

static envres_status
check_json(const struct mem *mem, const struct kind_field *field, struct slice value,
           struct buf *out, envres_error *err)
{
    struct json_doc *doc = NULL;
    struct buf scratch;
    buf_init(&scratch, mem, true); /* the field may have been marked secret */
    envres_status st = json_parse(mem, value.data, value.len, &doc, err);
    if (st < 0)
        goto out;
    bool fits = true;
    if (field->shape == SHAPE_BROKERS)
        fits = fits_brokers(doc, &scratch);
    else if (field->shape != SHAPE_ANY)
        fits = fits_object(doc, field->shape, &scratch);
    st = buf_status(&scratch, err);
    if (st < 0)
        goto out;
    if (!fits) {
        st = refuse_shape(field->shape, err);
        goto out;
    }
    json_compact(out, value.data, value.len);
out:
    json_free(doc);
    buf_free(&scratch);
    return st;
}

static envres_status
check_value(const struct mem *mem, const struct kind_field *field, struct slice value,
            struct buf *out, envres_error *err)
{
    if (value.len > LIMIT_VALUE)
        return err_set(err, ENVRES_E_LIMIT, "is longer than %d bytes", (int)LIMIT_VALUE);
    switch (field ? field->type : FIELD_STRING) {
    case FIELD_INTEGER:
        return check_integer(field, value, out, err);
    case FIELD_BOOLEAN:
        return check_boolean(value, out, err);
    case FIELD_JSON:
        return check_json(mem, field, value, out, err);
    case FIELD_STRING:
        break;
    }
    return check_string(field, value, out, err);
}

envres_status
kind_check_value(const struct mem *mem, const struct kind_field *field, struct slice name,
                 struct slice value, struct buf *out, envres_error *err)
{
    envres_status st = check_value(mem, field, value, out, err);
    if (st == ENVRES_OK)
        return buf_status(out, err);
    if (st == ENVRES_E_NOMEM || name.len == 0)
        return st;
    err_prepend(err, "field '%.*s': ", (int)(name.len < LIMIT_NAME ? name.len : LIMIT_NAME),
                name.data);
    err_subject(err, name.data, name.len);
    return st;
}

envres_status
kind_check_required(const struct kind *kind, const bool *is_set, envres_error *err)
{
    for (uint32_t i = 0; i < kind->count; i++) {
        const struct kind_field *field = &kind->fields[i];
        if (!field->required || is_set[i])
            continue;
        const struct kind_field *other =
            field->unless ? kind_field_find(kind, slice_str(field->unless)) : NULL;
        if (other && is_set[other - kind->fields])
            continue;
        err_set(err, ENVRES_E_FIELD, "the field '%s', which %s needs, is not set", field->name,
                kind->name);
        err_subject(err, field->name, strlen(field->name));
        if (other)
            err_hint(err, "set '%s', or '%s' in its place", field->name, other->name);
        else
            err_hint(err, "set '%s' in this environment", field->name);
        return ENVRES_E_FIELD;
    }
    return ENVRES_OK;
}

int32_t
kind_value_type(const struct kind_field *field)
{
    static const int32_t types[] = {
        [FIELD_STRING] = ENVRES_TYPE_STRING,
        [FIELD_INTEGER] = ENVRES_TYPE_NUMBER,
        [FIELD_BOOLEAN] = ENVRES_TYPE_BOOLEAN,
        [FIELD_JSON] = ENVRES_TYPE_JSON,
    };
    return field ? types[field->type] : ENVRES_TYPE_STRING;
}

/* ---- the public list ---------------------------------------------------------------------- */

static const char *const kind_columns[ENVRES_KIND_COLUMNS] = {
    [ENVRES_KIND_NAME] = "kind",       [ENVRES_KIND_FIELD] = "field",
    [ENVRES_KIND_TYPE] = "type",       [ENVRES_KIND_REQUIRED] = "required",
    [ENVRES_KIND_SECRET] = "secret",   [ENVRES_KIND_DEFAULT] = "default",
    [ENVRES_KIND_CHOICES] = "choices", [ENVRES_KIND_UNLESS] = "unless",
};

static void
add_row(envres_list *list, const struct kind *kind, const struct kind_field *field)
{
    static const char *const types[] = {
        [FIELD_STRING] = "string",
        [FIELD_INTEGER] = "integer",
        [FIELD_BOOLEAN] = "boolean",
        [FIELD_JSON] = "json",
    };
    list_row(list);
    list_set_str(list, ENVRES_KIND_NAME, kind->name);
    list_set_str(list, ENVRES_KIND_TYPE, types[field ? field->type : FIELD_STRING]);
    list_set_int(list, ENVRES_KIND_REQUIRED, field && field->required);
    list_set_int(list, ENVRES_KIND_SECRET, field && field->secret);
    if (!field)
        return;
    list_set_str(list, ENVRES_KIND_FIELD, field->name);
    if (field->preset)
        list_set_str(list, ENVRES_KIND_DEFAULT, field->preset);
    if (field->choices)
        list_set_str(list, ENVRES_KIND_CHOICES, field->choices);
    if (field->unless)
        list_set_str(list, ENVRES_KIND_UNLESS, field->unless);
}

envres_status
envres_kind_list(const envres_allocator *alloc, envres_list **out, envres_error *err)
{
    struct mem mem;
    envres_list *list = NULL;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the list");
    *out = NULL;
    envres_status st = mem_from(alloc, &mem, err);
    if (st < 0)
        return st;
    st = list_new(&mem, kind_columns, ENVRES_KIND_COLUMNS, &list, err);
    if (st < 0)
        return st;
    for (uint32_t i = 0; i < KIND_COUNT; i++) {
        const struct kind *kind = &kinds[i];
        if (kind->takes_any)
            add_row(list, kind, NULL);
        for (uint32_t f = 0; f < kind->count; f++)
            add_row(list, kind, &kind->fields[f]);
    }
    st = list_status(list, err);
    if (st < 0) {
        envres_list_free(list);
        return st;
    }
    *out = list;
    return ENVRES_OK;
}
