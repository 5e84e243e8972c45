/* SPDX-License-Identifier: MIT */
/*
 * Connection strings. The shared vectors say what they look like; here they are read back, by
 * decoders that know only the grammars (RFC 3986, libpq's keyword/value form) and by SQLite itself,
 * and compared with what went in. A secret that may not be looked at is a pointer to nowhere.
 */
#include "connect_fixture.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"

/* ---- decoders that know the grammars only -------------------------------------------------- */

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes [from, to) into `out`; fails on a byte that RFC 3986 does not let stand in userinfo, a
 * segment or a query value. */
static void
percent_decode(const char *from, const char *to, char *out)
{
    while (from < to) {
        if (*from == '%') {
            int high = hex_digit(from[1]);
            int low = hex_digit(from[2]);
            assert_true(high >= 0 && low >= 0);
            *out++ = (char)(high * 16 + low);
            from += 3;
            continue;
        }
        assert_true(*from > ' ' && *from < 0x7f);
        assert_null(strchr("\"#%/<>?@[\\]^`{|}:", *from));
        *out++ = *from++;
    }
    *out = '\0';
}

struct url_parts {
    char user[512], password[512], host[512], port[16], path[512], query[2048];
    bool has_user, has_password;
};

/* scheme "://" [ user [ ":" password ] "@" ] host [ ":" port ] "/" path [ "?" query ] */
static void
url_split(const char *url, struct url_parts *parts)
{
    memset(parts, 0, sizeof(*parts));
    const char *at = strstr(url, "://");
    assert_non_null(at);
    at += 3;
    const char *end = at + strcspn(at, "/?#");
    const char *sign = memchr(at, '@', (size_t)(end - at));
    if (sign) {
        const char *colon = memchr(at, ':', (size_t)(sign - at));
        parts->has_user = true;
        percent_decode(at, colon ? colon : sign, parts->user);
        parts->has_password = colon != NULL;
        if (colon)
            percent_decode(colon + 1, sign, parts->password);
        at = sign + 1;
    }
    const char *host_end = *at == '[' ? strchr(at, ']') : at + strcspn(at, ":/?#");
    assert_non_null(host_end);
    if (*at == '[')
        memcpy(parts->host, at + 1, (size_t)(host_end++ - at - 1));
    else
        percent_decode(at, host_end, parts->host);
    if (*host_end == ':')
        percent_decode(host_end + 1, end, parts->port);
    else
        assert_ptr_equal(host_end, end);
    assert_true(*end == '/');
    const char *query = strchr(end, '?');
    percent_decode(end + 1, query ? query : end + strlen(end), parts->path);
    if (query)
        snprintf(parts->query, sizeof(parts->query), "%s", query + 1);
}

static bool
url_parameter(const struct url_parts *parts, const char *key, char *out)
{
    for (const char *at = parts->query; *at != '\0';) {
        const char *end = at + strcspn(at, "&");
        const char *equals = memchr(at, '=', (size_t)(end - at));
        assert_non_null(equals);
        if (slice_equal(slice_of(at, (size_t)(equals - at)), slice_str(key))) {
            percent_decode(equals + 1, end, out);
            return true;
        }
        at = *end ? end + 1 : end;
    }
    return false;
}

/* The value of `word` in libpq's form, as its documentation describes it. */
static bool
dsn_value(const char *dsn, const char *word, char *out)
{
    for (const char *at = dsn; *at != '\0';) {
        at += strspn(at, " ");
        size_t len = strcspn(at, "=");
        bool wanted = slice_equal(slice_of(at, len), slice_str(word));
        char *to = out;
        at += len;
        assert_true(at[0] == '=' && at[1] == '\'');
        for (at += 2; *at != '\''; at++) {
            assert_true(*at != '\0');
            if (*at == '\\')
                at++;
            if (wanted)
                *to++ = *at;
        }
        at++;
        assert_true(*at == ' ' || *at == '\0');
        if (wanted) {
            *to = '\0';
            return true;
        }
    }
    return false;
}

/* ---- read back ----------------------------------------------------------------------------- */

static const char *const hostile[] = {
    "plain",
    "@",
    ":",
    "/",
    "?",
    "#",
    "%",
    "%41",
    "%2F",
    "[",
    "]",
    "[::1]x",
    " ",
    "  leading and trailing  ",
    "'",
    "\\",
    "\\'",
    "a' host='evil",
    "trailing\\",
    "\"double\"",
    "a=b&c=d",
    "user:pw@evil/x?y#z",
    "line\nbreak\r\n",
    "\t",
    "\xc3\xbc",
    "\xf0\x9f\x94\x91",
    "u\xcc\x88",
    "..",
    "a;b,c!$()*+~",
    "<< environment.name >>",
    "***",
};

enum { HOSTILE_COUNT = sizeof(hostile) / sizeof(hostile[0]) };

static void
check_server(const char *kind, const char *database_word, const char *user, const char *password,
             const char *database)
{
    struct fixture fx;
    struct url_parts parts;
    char value[512];
    fixture_init(&fx, kind);
    fixture_set_str(&fx, "host", "db.example");
    fixture_set_str(&fx, "user", user);
    fixture_set_str(&fx, "password", password);
    fixture_set_str(&fx, "database", database);
    char *url = connect_text(&fx, connect_url, false);
    url_split(url, &parts);
    assert_string_equal(parts.user, user);
    assert_true(parts.has_password);
    assert_string_equal(parts.password, password);
    assert_string_equal(parts.host, "db.example");
    assert_string_equal(parts.path, database);
    free(url);
    if (!database_word)
        return;
    char *dsn = connect_text(&fx, connect_dsn, false);
    assert_true(dsn_value(dsn, "host", value));
    assert_string_equal(value, "db.example");
    assert_true(dsn_value(dsn, "user", value));
    assert_string_equal(value, user);
    assert_true(dsn_value(dsn, "password", value));
    assert_string_equal(value, password);
    assert_true(dsn_value(dsn, database_word, value));
    assert_string_equal(value, database);
    free(dsn);
}

/* Every hostile text as user, password and database, each beside two others. */
static void
test_servers_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < HOSTILE_COUNT; i++) {
        const char *next = hostile[(i + 7) % HOSTILE_COUNT];
        const char *other = hostile[(i + 13) % HOSTILE_COUNT];
        check_server("postgres", "dbname", hostile[i], next, other);
        check_server("mysql", "database", hostile[i], next, other);
        check_server("mongodb", NULL, hostile[i], next, other);
    }
    check_server("postgres", "dbname", "", "pw", "crm");
    check_server("postgres", "dbname", "app", "", "crm");
    check_server("mysql", "database", "", "", "crm");
}

static void
test_hosts_read_back(void **state)
{
    (void)state;
    struct url_parts parts;
    for (size_t i = 0; i < HOSTILE_COUNT; i++) {
        struct fixture fx;
        fixture_init(&fx, "redis");
        fixture_set_str(&fx, "host", hostile[i]);
        char *url = connect_text(&fx, connect_url, false);
        url_split(url, &parts);
        assert_string_equal(parts.host, hostile[i]);
        assert_string_equal(parts.port, "6379");
        assert_string_equal(parts.path, "0");
        assert_false(parts.has_user);
        free(url);
    }
}

static const struct host_row {
    const char *name;
    const char *host;
    const char *written;
} host_rows[] = {
    { "a name", "db.example.com", "db.example.com" },
    { "IPv4", "10.0.0.7", "10.0.0.7" },
    { "IPv6", "2001:db8::1", "[2001:db8::1]" },
    { "IPv6 any", "::", "[::]" },
    { "IPv6 in brackets", "[::1]", "[::1]" },
    { "IPv6 with IPv4", "::ffff:10.0.0.7", "[::ffff:10.0.0.7]" },
    { "IPv6 with a zone", "fe80::1%eth0", "[fe80::1%25eth0]" },
    { "IPv6 with a zone that would end the brackets", "fe80::1%]@evil/",
      "[fe80::1%25%5D%40evil%2F]" },
    { "a port is not a host", "db:5432", "db%3A5432" },
    { "nearly IPv6", "::g", "%3A%3Ag" },
    { "empty brackets", "[]", "%5B%5D" },
    { "a name in brackets", "[db]", "%5Bdb%5D" },
    { "hosts of a cluster", "a,b", "a%2Cb" },
};

static void
test_hosts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(host_rows) / sizeof(host_rows[0]); i++) {
        struct fixture fx;
        char wanted[128];
        print_message("    %s\n", host_rows[i].name);
        fixture_init(&fx, "smtp");
        fixture_set_str(&fx, "host", host_rows[i].host);
        char *url = connect_text(&fx, connect_url, false);
        snprintf(wanted, sizeof(wanted), "smtp://%s:587", host_rows[i].written);
        assert_string_equal(url, wanted);
        free(url);
    }
}

static void
test_options_read_back(void **state)
{
    (void)state;
    static const char *const forms[] = { "socket_dir", "host" };
    for (size_t i = 0; i < HOSTILE_COUNT; i++) {
        struct fixture fx;
        struct url_parts parts;
        struct buf json;
        char value[512];
        buf_init(&json, &mem_default, false);
        buf_add_str(&json, "{\"connect_timeout\":10,\"application_name\":");
        json_write_string(&json, hostile[i], strlen(hostile[i]));
        buf_add_str(&json, ",\"keepalives\":true}");
        fixture_init(&fx, "postgres");
        fixture_set_str(&fx, forms[i % 2], hostile[i]);
        fixture_set_str(&fx, "database", "crm");
        fixture_set(&fx, "options", slice_of(json.data, json.len));
        char *url = connect_text(&fx, connect_url, false);
        char *dsn = connect_text(&fx, connect_dsn, false);
        url_split(url, &parts);
        assert_true(url_parameter(&parts, "application_name", value));
        assert_string_equal(value, hostile[i]);
        assert_true(url_parameter(&parts, "keepalives", value));
        assert_string_equal(value, "true");
        assert_int_equal(url_parameter(&parts, "host", value), i % 2 == 0);
        if (i % 2 == 0)
            assert_string_equal(value, hostile[i]);
        assert_true(dsn_value(dsn, "application_name", value));
        assert_string_equal(value, hostile[i]);
        assert_true(dsn_value(dsn, "connect_timeout", value));
        assert_string_equal(value, "10");
        assert_true(dsn_value(dsn, "host", value));
        assert_string_equal(value, hostile[i]);
        free(url);
        free(dsn);
        buf_free(&json);
    }
}

static void
open_by_url(const char *path, bool absolute, const char *folder)
{
    struct fixture fx;
    struct stat info;
    char full[512];
    sqlite3 *db = NULL;
    snprintf(full, sizeof(full), "%s/%s", folder, path);
    fixture_init(&fx, "sqlite");
    fixture_set_str(&fx, "path", absolute ? full : path);
    fixture_set_str(&fx, "mode", "rwc");
    char *url = connect_text(&fx, connect_url, false);
    char *dsn = connect_text(&fx, connect_dsn, false);
    assert_string_equal(dsn, absolute ? full : path);
    assert_int_equal(sqlite3_open_v2(url, &db,
                                     SQLITE_OPEN_URI | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                     NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(stat(full, &info), 0);
    assert_int_equal(unlink(full), 0);
    free(url);
    free(dsn);
}

/* SQLite itself opens the URI, and the file that it makes has the very name that was meant. */
static void
test_sqlite_opens(void **state)
{
    (void)state;
    char folder[] = "/tmp/envres-connect-XXXXXX";
    char back[4096];
    assert_non_null(mkdtemp(folder));
    assert_non_null(getcwd(back, sizeof(back)));
    assert_int_equal(chdir(folder), 0);
    for (size_t i = 0; i < HOSTILE_COUNT; i++) {
        if (strchr(hostile[i], '/') || strcmp(hostile[i], "..") == 0)
            continue;
        open_by_url(hostile[i], false, folder);
        open_by_url(hostile[i], true, folder);
    }
    open_by_url("a?mode=ro", true, folder);
    open_by_url("a?vfs=none#x", false, folder);
    assert_int_equal(chdir(back), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- secrets ------------------------------------------------------------------------------- */

/* An address that cannot be read: whoever looks at the value crashes. */
static struct slice
nowhere(void)
{
    return slice_of((const char *)(uintptr_t)8, 4);
}

/* Each field secret in turn, then all: its place shows the mask and its bytes are not touched. */
static void
test_redaction_reads_nothing(void **state)
{
    (void)state;
    for (uint32_t k = 0; k < kind_count(); k++) {
        const struct kind *kind = kind_at(k);
        for (uint32_t hidden = 0; hidden <= kind->count; hidden++) {
            struct fixture fx;
            fixture_init(&fx, kind->name);
            for (uint32_t f = 0; f < fx.count; f++) {
                if (!fx.fields[f].is_set)
                    fixture_set_str(&fx, kind->fields[f].name,
                                    kind->fields[f].shape == SHAPE_BROKERS ? "[\"a\"]"
                                    : kind->fields[f].type == FIELD_JSON   ? "{}"
                                                                           : "true");
                fx.fields[f].is_secret = f == hidden || hidden == kind->count;
                if (fx.fields[f].is_secret)
                    fx.fields[f].value = nowhere();
            }
            if (kind->has_url) {
                char *url = connect_text(&fx, connect_url, true);
                assert_int_equal(strstr(url, "***") != NULL,
                                 connect_url_is_secret(kind, fx.fields, fx.count));
                free(url);
            }
            if (kind->has_dsn) {
                char *dsn = connect_text(&fx, connect_dsn, true);
                assert_int_equal(strstr(dsn, "***") != NULL,
                                 connect_dsn_is_secret(kind, fx.fields, fx.count));
                free(dsn);
            }
        }
    }
}

static const struct hidden_row {
    const char *name;
    const char *kind;
    const char *fields; /* name=value words; "!" before the name: secret */
    const char *url;    /* redacted */
    const char *dsn;
} hidden_rows[] = {
    { "postgres: all of it", "postgres",
      "!host=h !port=1 !database=d !user=u !password=p !sslmode=allow !options={}",
      "postgresql://***:***@***:***/***?sslmode=***&options=***",
      "host='***' port='***' dbname='***' user='***' password='***' sslmode='***' options='***'" },
    { "postgres: a socket directory", "postgres", "database=d !socket_dir=/run",
      "postgresql:///d?host=***&port=5432&sslmode=prefer",
      "host='***' port='5432' dbname='d' sslmode='prefer'" },
    { "mysql: whether tls", "mysql", "host=h database=d !tls=true", "mysql://h:3306/d?ssl-mode=***",
      "host='h' port='3306' database='d' ssl-mode='***'" },
    { "redis: whether tls", "redis", "host=h !tls=true", "***://h:6379/0", NULL },
    { "smtp: whether tls", "smtp", "host=h !tls=tls", "***://h:587", NULL },
    { "mongodb: uri", "mongodb", "!uri=mongodb://u:p@h/d", "mongodb://***", NULL },
    { "sqlite: the path", "sqlite", "!path=/a", "file:***?mode=rw", "***" },
    { "kafka: the brokers", "kafka", "!brokers=[\"a:1\"]", NULL, "***" },
    { "s3: a region", "s3", "bucket=b !region=r !secret_access_key=k", "s3://b?region=***", NULL },
    { "graphql: the url", "graphql", "!url=https://a", "***", NULL },
};

static void
fixture_words(struct fixture *fx, char *words)
{
    char *rest = NULL;
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        bool secret = *word == '!';
        char *equals = strchr(word, '=');
        assert_non_null(equals);
        *equals = '\0';
        fixture_set_str(fx, word + secret, equals + 1);
        fixture_field(fx, word + secret)->is_secret = secret;
    }
}

static void
test_redacted_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(hidden_rows) / sizeof(hidden_rows[0]); i++) {
        const struct hidden_row *row = &hidden_rows[i];
        struct fixture fx;
        char words[256];
        print_message("    %s\n", row->name);
        snprintf(words, sizeof(words), "%s", row->fields);
        fixture_init(&fx, row->kind);
        fixture_words(&fx, words);
        if (row->url) {
            char *url = connect_text(&fx, connect_url, true);
            assert_string_equal(url, row->url);
            free(url);
        }
        if (row->dsn) {
            char *dsn = connect_text(&fx, connect_dsn, true);
            assert_string_equal(dsn, row->dsn);
            free(dsn);
        }
    }
}

static void
test_secret_only_where_one_went_in(void **state)
{
    (void)state;
    struct fixture fx;
    fixture_init(&fx, "s3");
    fixture_set_str(&fx, "bucket", "b");
    fixture_set_str(&fx, "secret_access_key", "k");
    assert_false(connect_url_is_secret(fx.kind, fx.fields, fx.count));
    fixture_init(&fx, "rest");
    fixture_set_str(&fx, "base_url", "https://a");
    fixture_set_str(&fx, "token", "t");
    assert_false(connect_url_is_secret(fx.kind, fx.fields, fx.count));
    fixture_init(&fx, "postgres");
    fixture_set_str(&fx, "host", "h");
    fixture_set_str(&fx, "database", "d");
    assert_false(connect_url_is_secret(fx.kind, fx.fields, fx.count));
    assert_false(connect_dsn_is_secret(fx.kind, fx.fields, fx.count));
    fixture_set(&fx, "password", nowhere());
    assert_true(connect_url_is_secret(fx.kind, fx.fields, fx.count));
    assert_true(connect_dsn_is_secret(fx.kind, fx.fields, fx.count));
    fixture_init(&fx, "analytics");
    fixture_set(&fx, "write_key", nowhere());
    assert_false(connect_url_is_secret(fx.kind, fx.fields, fx.count));
}

/* ---- refused ------------------------------------------------------------------------------- */

static const struct refused_row {
    const char *name;
    const char *kind;
    const char *fields;
    connect_call call;
    envres_status status;
    const char *subject;
} refused_rows[] = {
    { "no URL", "kafka", "brokers=[\"a\"]", connect_url, ENVRES_E_FIELD, "" },
    { "no URL for custom", "custom", "", connect_url, ENVRES_E_FIELD, "" },
    { "no own string", "redis", "host=h", connect_dsn, ENVRES_E_FIELD, "" },
    { "no database, own string", "postgres", "host=h password=CANARY", connect_dsn, ENVRES_E_FIELD,
      "database" },
    { "no database, mysql", "mysql", "host=h password=CANARY", connect_dsn, ENVRES_E_FIELD,
      "database" },
    { "no brokers", "kafka", "", connect_dsn, ENVRES_E_FIELD, "brokers" },
    { "no bucket", "s3", "region=r", connect_url, ENVRES_E_FIELD, "bucket" },
    { "no host, smtp", "smtp", "user=CANARY", connect_url, ENVRES_E_FIELD, "host" },
    { "no host, redis", "redis", "user=CANARY", connect_url, ENVRES_E_FIELD, "host" },
    { "a host is missing", "postgres", "database=d user=u password=CANARY", connect_url,
      ENVRES_E_FIELD, "host" },
    { "a database is missing", "postgres", "host=h user=u password=CANARY", connect_url,
      ENVRES_E_FIELD, "database" },
    { "an empty host", "mysql", "database=d host=", connect_dsn, ENVRES_E_FIELD, "host" },
    { "an empty socket directory", "postgres", "database=d socket_dir=", connect_url,
      ENVRES_E_FIELD, "socket_dir" },
    { "an empty socket directory, own string", "postgres", "database=d socket_dir=", connect_dsn,
      ENVRES_E_FIELD, "socket_dir" },
    { "an empty socket", "mysql", "database=d socket=", connect_url, ENVRES_E_FIELD, "socket" },
    { "an empty path", "sqlite", "path=", connect_url, ENVRES_E_FIELD, "path" },
    { "an empty uri", "mongodb", "uri=", connect_url, ENVRES_E_FIELD, "uri" },
    { "no host for mongodb", "mongodb", "database=d", connect_url, ENVRES_E_FIELD, "host" },
    { "options that are no object", "postgres", "host=h database=d password=CANARY options=[1]",
      connect_url, ENVRES_E_TYPE, "options" },
    { "options that break their word", "postgres",
      "host=h database=d password=CANARY options={\"a=b\":1}", connect_dsn, ENVRES_E_TYPE,
      "options" },
    { "options that are no JSON", "postgres", "host=h database=d options={", connect_url,
      ENVRES_E_JSON, "options" },
    { "brokers that are no list", "kafka", "brokers={\"a\":1}", connect_dsn, ENVRES_E_TYPE,
      "brokers" },
};

/* What was in the buffer before stays, nothing is added, and what was written is wiped. */
static void
test_refused(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < sizeof(refused_rows) / sizeof(refused_rows[0]); i++) {
        const struct refused_row *row = &refused_rows[i];
        struct fixture fx;
        struct buf out;
        char words[256];
        print_message("    %s\n", row->name);
        snprintf(words, sizeof(words), "%s", row->fields);
        fixture_init(&fx, row->kind);
        fixture_words(&fx, words);
        buf_init(&out, &mem_default, true);
        buf_add_str(&out, "before");
        assert_true(buf_reserve(&out, 512));
        memset(out.data + out.len, 'x', 512);
        assert_int_equal(row->call(fx.kind, fx.fields, fx.count, false, &out, err), row->status);
        assert_int_equal(envres_error_code(err), row->status);
        assert_string_equal(envres_error_subject(err), row->subject);
        assert_int_equal(out.len, strlen("before"));
        for (size_t at = 0; at + 6 <= out.cap; at++)
            assert_memory_not_equal(out.data + at, "CANARY", 6);
        buf_free(&out);
    }
    envres_error_free(err);
}

/* Refuses the request number `left`, counting from 0. */
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
test_out_of_memory(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *fields;
        connect_call call;
    } rows[] = {
        { "postgres", "host=h database=d password=p options={\"a\":\"b\",\"c\":1}", connect_url },
        { "postgres", "host=h database=d password=p options={\"a\":\"b\",\"c\":1}", connect_dsn },
        { "kafka", "brokers=[\"a:1\",\"b:2\"]", connect_dsn },
        { "mysql", "host=h database=d password=p tls=true", connect_url },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture fx;
        char words[256];
        snprintf(words, sizeof(words), "%s", rows[i].fields);
        fixture_init(&fx, rows[i].kind);
        fixture_words(&fx, words);
        for (int n = 0;; n++) {
            struct failing f = { .left = n };
            struct mem mem = { failing_realloc, &f };
            struct buf out;
            buf_init(&out, &mem, true);
            envres_status st = rows[i].call(fx.kind, fx.fields, fx.count, false, &out, NULL);
            assert_int_equal(st, f.hit ? ENVRES_E_NOMEM : ENVRES_OK);
            buf_free(&out);
            assert_int_equal(f.blocks, 0);
            if (!f.hit) {
                assert_true(n > 0);
                break;
            }
        }
    }
}

/* The table of kinds and the writers here say the same about who has which string. */
static void
test_every_kind_has_its_strings(void **state)
{
    (void)state;
    for (uint32_t k = 0; k < kind_count(); k++) {
        const struct kind *kind = kind_at(k);
        struct buf out;
        envres_error *err = envres_error_new(NULL);
        buf_init(&out, &mem_default, false);
        connect_url(kind, NULL, 0, false, &out, err);
        assert_int_equal(strstr(envres_error_message(err), "has no URL") == NULL, kind->has_url);
        envres_error_clear(err);
        connect_dsn(kind, NULL, 0, false, &out, err);
        assert_int_equal(strstr(envres_error_message(err), "has no connection string") == NULL,
                         kind->has_dsn);
        buf_free(&out);
        envres_error_free(err);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers_read_back),
        cmocka_unit_test(test_hosts_read_back),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_options_read_back),
        cmocka_unit_test(test_sqlite_opens),
        cmocka_unit_test(test_redaction_reads_nothing),
        cmocka_unit_test(test_redacted_forms),
        cmocka_unit_test(test_secret_only_where_one_went_in),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_every_kind_has_its_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
