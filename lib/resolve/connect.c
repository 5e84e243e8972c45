/* SPDX-License-Identifier: MIT */
/*
 * Ready connection strings. Each kind has a function that writes its URL and one for the driver's
 * own string; they write through a `struct writer`, which alone decides about secrets:
 *  - plain:  every value escaped for its place;
 *  - redact: "***" in place of each secret, whose bytes are never looked at;
 *  - probe:  (no buffer) nothing is written, only whether a secret would go in is found out.
 * Every value is escaped, hosts and numbers too, so that no value can end its part of the string.
 * Does not check values against their kind, which kind_check_value() has done.
 */
#include "resolve/connect.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

struct writer {
    const struct kind *kind;
    const struct connect_field *fields;
    uint32_t count;
    bool redact;
    bool took_secret;
    bool has_query;  /* "?" is written: the next parameter begins with "&" */
    struct buf *out; /* NULL: probe */
    envres_error *err;
};

typedef envres_status (*connect_fn)(struct writer *w);
typedef void (*escape_fn)(struct buf *out, struct slice text);

static const char mask[] = "***";

/* ---- escaping ----------------------------------------------------------------------------- */

static bool
is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void
add_percent(struct buf *out, char c)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned char byte = (unsigned char)c;
    char text[3] = { '%', digits[byte >> 4], digits[byte & 15] };
    buf_add(out, text, sizeof(text));
}

/* RFC 3986: everything but the unreserved set, so that it holds for each part of a URL. */
static void
escape_url(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_unreserved(text.data[i]))
            buf_add_char(out, text.data[i]);
        else
            add_percent(out, text.data[i]);
    }
}

/* A file's path keeps its slashes. One that begins with "/" stands behind an empty authority, so
 * that "//x" stays a path and does not name a machine. */
static void
escape_path(struct buf *out, struct slice text)
{
    if (text.len > 0 && text.data[0] == '/')
        buf_add_str(out, "//");
    for (size_t i = 0; i < text.len; i++) {
        if (is_unreserved(text.data[i]) || text.data[i] == '/')
            buf_add_char(out, text.data[i]);
        else
            add_percent(out, text.data[i]);
    }
}

static void
escape_none(struct buf *out, struct slice text)
{
    buf_add(out, text.data, text.len);
}

/* Inside the single quotes of libpq's keyword/value form. */
static void
escape_quoted(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\'' || text.data[i] == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, text.data[i]);
    }
}

static struct slice
strip_brackets(struct slice host)
{
    if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
        return slice_of(host.data + 1, host.len - 2);
    return host;
}

/* Digits, colons and dots of an IPv6 address, at least two colons, then perhaps %zone. Whatever
 * passes cannot end the brackets it is put in. Gives the length of the address, or 0. */
static size_t
measure_ipv6(struct slice host)
{
    size_t colons = 0;
    size_t at = 0;
    for (; at < host.len && host.data[at] != '%'; at++) {
        char c = host.data[at];
        bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (!is_hex && c != ':' && c != '.')
            return 0;
        colons += c == ':';
    }
    return colons >= 2 ? at : 0;
}

/* An IPv6 address in brackets, its zone behind "%25" (RFC 6874); any other host percent-encoded. */
static void
escape_host(struct buf *out, struct slice text)
{
    struct slice host = strip_brackets(text);
    size_t len = measure_ipv6(host);
    if (len == 0) {
        escape_url(out, text);
        return;
    }
    buf_add_char(out, '[');
    buf_add(out, host.data, len);
    escape_url(out, slice_of(host.data + len, host.len - len));
    buf_add_char(out, ']');
}

/* The same in keyword form: no brackets around an address. */
static void
escape_quoted_host(struct buf *out, struct slice text)
{
    struct slice host = strip_brackets(text);
    escape_quoted(out, measure_ipv6(host) > 0 ? host : text);
}

/* ---- the writer --------------------------------------------------------------------------- */

/* NULL when the field has no value. */
static const struct connect_field *
find_field(const struct writer *w, const char *name)
{
    for (uint32_t i = 0; i < w->count; i++) {
        if (w->fields[i].is_set && slice_equal(w->fields[i].name, slice_str(name)))
            return &w->fields[i];
    }
    return NULL;
}

static bool
is_hidden(const struct writer *w, const struct connect_field *field)
{
    return w->redact && field->is_secret;
}

static envres_status
refuse_field(struct writer *w, const char *name, const char *why)
{
    err_set(w->err, ENVRES_E_FIELD, "the field '%s', which %s needs, %s", name, w->kind->name, why);
    err_subject(w->err, name, strlen(name));
    return ENVRES_E_FIELD;
}

/* A field without which there is no string. An empty one would make drivers fall back to something
 * of their own: another host, a database in memory. */
static envres_status
need_field(struct writer *w, const char *name, const struct connect_field **out)
{
    const struct connect_field *field = find_field(w, name);
    if (!field)
        return refuse_field(w, name, "is not set");
    if (!is_hidden(w, field) && field->value.len == 0)
        return refuse_field(w, name, "is empty");
    *out = field;
    return ENVRES_OK;
}

static void
put_text(struct writer *w, const char *text)
{
    if (w->out)
        buf_add_str(w->out, text);
}

static void
put_value(struct writer *w, const struct connect_field *field, escape_fn escape)
{
    w->took_secret = w->took_secret || field->is_secret;
    if (!w->out)
        return;
    if (is_hidden(w, field))
        buf_add_str(w->out, mask);
    else
        escape(w->out, field->value);
}

static envres_status
put_needed(struct writer *w, const char *name, escape_fn escape)
{
    const struct connect_field *field = NULL;
    envres_status st = need_field(w, name, &field);
    if (st == ENVRES_OK)
        put_value(w, field, escape);
    return st;
}

/* "user:password@", each only when set; ":@" never. */
static void
put_userinfo(struct writer *w)
{
    const struct connect_field *user = find_field(w, "user");
    const struct connect_field *password = find_field(w, "password");
    if (user)
        put_value(w, user, escape_url);
    if (password) {
        put_text(w, ":");
        put_value(w, password, escape_url);
    }
    if (user || password)
        put_text(w, "@");
}

static void
put_port(struct writer *w)
{
    const struct connect_field *port = find_field(w, "port");
    if (!port)
        return;
    put_text(w, ":");
    put_value(w, port, escape_url);
}

/* "user:password@host:port" */
static envres_status
put_authority(struct writer *w)
{
    put_userinfo(w);
    envres_status st = put_needed(w, "host", escape_host);
    if (st == ENVRES_OK)
        put_port(w);
    return st;
}

static envres_status
put_database(struct writer *w)
{
    put_text(w, "/");
    return put_needed(w, "database", escape_url);
}

static void
put_key(struct writer *w, const char *key)
{
    put_text(w, w->has_query ? "&" : "?");
    w->has_query = true;
    put_text(w, key);
    put_text(w, "=");
}

static envres_status
put_needed_query(struct writer *w, const char *key, const char *name)
{
    const struct connect_field *field = NULL;
    envres_status st = need_field(w, name, &field);
    if (st < 0)
        return st;
    put_key(w, key);
    put_value(w, field, escape_url);
    return ENVRES_OK;
}

/* "?key=value" or "&key=value", when the field is set. */
static void
put_query(struct writer *w, const char *key, const char *name)
{
    const struct connect_field *field = find_field(w, name);
    if (!field)
        return;
    put_key(w, key);
    put_value(w, field, escape_url);
}

/* A boolean field that decides how something is written. A hidden one is neither. */
enum answer { ANSWER_NO, ANSWER_YES, ANSWER_HIDDEN, ANSWER_UNSET };

static enum answer
ask_field(struct writer *w, const char *name, const char *yes)
{
    const struct connect_field *field = find_field(w, name);
    if (!field)
        return ANSWER_UNSET;
    w->took_secret = w->took_secret || field->is_secret;
    if (is_hidden(w, field))
        return ANSWER_HIDDEN;
    return slice_equal(field->value, slice_str(yes)) ? ANSWER_YES : ANSWER_NO;
}

static void
put_scheme(struct writer *w, enum answer tls, const char *plain, const char *secure)
{
    if (tls == ANSWER_HIDDEN)
        put_text(w, mask);
    else
        put_text(w, tls == ANSWER_YES ? secure : plain);
    put_text(w, "://");
}

/* " word='value'": libpq's keyword/value form; every value is quoted. */
static void
put_pair(struct writer *w, const char *word, const struct connect_field *field, escape_fn escape)
{
    if (w->has_query)
        put_text(w, " ");
    w->has_query = true;
    put_text(w, word);
    put_text(w, "='");
    put_value(w, field, escape);
    put_text(w, "'");
}

static envres_status
put_needed_pair(struct writer *w, const char *word, const char *name, escape_fn escape)
{
    const struct connect_field *field = NULL;
    envres_status st = need_field(w, name, &field);
    if (st == ENVRES_OK)
        put_pair(w, word, field, escape);
    return st;
}

static void
put_set_pair(struct writer *w, const char *word, const char *name)
{
    const struct connect_field *field = find_field(w, name);
    if (field)
        put_pair(w, word, field, escape_quoted);
}

/* ---- postgres ----------------------------------------------------------------------------- */

static void
put_option(struct writer *w, bool as_pair, struct slice key, struct slice value)
{
    struct connect_field field = { .name = key, .value = value, .is_set = true };
    if (as_pair) {
        put_pair(w, key.data, &field, escape_quoted);
        return;
    }
    put_key(w, key.data);
    put_value(w, &field, escape_url);
}

/* Key and text of one member, in `text`: "key NUL value". Strings unescaped, others as written. */
static void
put_member(struct writer *w, bool as_pair, const struct json_doc *doc, uint32_t key,
           struct buf *text)
{
    text->len = 0;
    json_string(doc, key, text);
    size_t key_len = text->len;
    buf_add_char(text, '\0');
    size_t start = text->len;
    struct slice span = json_span(doc, key + 1);
    if (json_kind_of(doc, key + 1) == JSON_STRING)
        json_string(doc, key + 1, text);
    else
        buf_add(text, span.data, span.len);
    if (!text->failed)
        put_option(w, as_pair, slice_of(text->data, key_len),
                   slice_of(text->data + start, text->len - start));
}

static envres_status
put_members(struct writer *w, bool as_pair, struct slice value)
{
    const struct mem *mem = w->out->mem;
    struct json_doc *doc = NULL;
    struct buf text;
    buf_init(&text, mem, w->out->secret);
    envres_status st = json_parse(mem, value.data, value.len, &doc, w->err);
    if (st < 0)
        goto out;
    for (uint32_t key = json_first(doc, 0); key != JSON_NONE; key = json_next(doc, key + 1))
        put_member(w, as_pair, doc, key, &text);
    st = buf_status(&text, w->err);
out:
    json_free(doc);
    buf_free(&text);
    return st;
}

/* The members of `options` as parameters. They are checked again, for a key is written as it is. */
static envres_status
put_options(struct writer *w, bool as_pair)
{
    const struct connect_field *options = find_field(w, "options");
    if (!options)
        return ENVRES_OK;
    w->took_secret = w->took_secret || options->is_secret;
    if (!w->out)
        return ENVRES_OK;
    if (is_hidden(w, options)) {
        if (as_pair)
            put_pair(w, "options", options, escape_quoted);
        else
            put_query(w, "options", "options");
        return ENVRES_OK;
    }
    struct buf compact;
    buf_init(&compact, w->out->mem, w->out->secret);
    envres_status st = kind_check_value(w->out->mem, kind_field_find(w->kind, options->name),
                                        options->name, options->value, &compact, w->err);
    if (st == ENVRES_OK)
        st = put_members(w, as_pair, slice_of(compact.data, compact.len));
    buf_free(&compact);
    return st;
}

/* With a socket directory there is no host in the authority; libpq takes the directory as the
 * parameter "host", and the port names the socket's file in it. */
static envres_status
postgres_url(struct writer *w)
{
    bool by_socket = find_field(w, "socket_dir") != NULL;
    envres_status st = ENVRES_OK;
    put_text(w, "postgresql://");
    if (by_socket)
        put_userinfo(w);
    else
        st = put_authority(w);
    if (st == ENVRES_OK)
        st = put_database(w);
    if (st == ENVRES_OK && by_socket) {
        st = put_needed_query(w, "host", "socket_dir");
        put_query(w, "port", "port");
    }
    if (st < 0)
        return st;
    put_query(w, "sslmode", "sslmode");
    return put_options(w, false);
}

static envres_status
postgres_dsn(struct writer *w)
{
    bool by_socket = find_field(w, "socket_dir") != NULL;
    envres_status st = by_socket ? put_needed_pair(w, "host", "socket_dir", escape_quoted)
                                 : put_needed_pair(w, "host", "host", escape_quoted_host);
    if (st < 0)
        return st;
    put_set_pair(w, "port", "port");
    st = put_needed_pair(w, "dbname", "database", escape_quoted);
    if (st < 0)
        return st;
    put_set_pair(w, "user", "user");
    put_set_pair(w, "password", "password");
    put_set_pair(w, "sslmode", "sslmode");
    return put_options(w, true);
}

/* ---- mysql -------------------------------------------------------------------------------- */

/* MySQL's word for `tls`; NULL when it is not set. */
static const char *
mysql_ssl_mode(struct writer *w)
{
    static const char *const words[] = {
        [ANSWER_NO] = "DISABLED",
        [ANSWER_YES] = "REQUIRED",
        [ANSWER_HIDDEN] = mask,
        [ANSWER_UNSET] = NULL,
    };
    return words[ask_field(w, "tls", "true")];
}

/* To MySQL clients "localhost" is what a socket belongs to. */
static envres_status
mysql_url(struct writer *w)
{
    bool by_socket = find_field(w, "socket") != NULL;
    envres_status st = ENVRES_OK;
    put_text(w, "mysql://");
    if (by_socket) {
        put_userinfo(w);
        put_text(w, "localhost");
    } else {
        st = put_authority(w);
    }
    if (st == ENVRES_OK)
        st = put_database(w);
    if (st == ENVRES_OK && by_socket)
        st = put_needed_query(w, "socket", "socket");
    if (st < 0)
        return st;
    const char *mode = mysql_ssl_mode(w);
    if (mode) {
        put_key(w, "ssl-mode");
        put_text(w, mode);
    }
    return ENVRES_OK;
}

static envres_status
mysql_dsn(struct writer *w)
{
    envres_status st = ENVRES_OK;
    if (find_field(w, "socket")) {
        st = put_needed_pair(w, "socket", "socket", escape_quoted);
    } else {
        st = put_needed_pair(w, "host", "host", escape_quoted_host);
        put_set_pair(w, "port", "port");
    }
    if (st < 0)
        return st;
    st = put_needed_pair(w, "database", "database", escape_quoted);
    if (st < 0)
        return st;
    put_set_pair(w, "user", "user");
    put_set_pair(w, "password", "password");
    const char *mode = mysql_ssl_mode(w);
    if (mode) {
        put_text(w, " ssl-mode='");
        put_text(w, mode);
        put_text(w, "'");
    }
    return ENVRES_OK;
}

/* ---- the others --------------------------------------------------------------------------- */

/* A URI of the owner's is taken as it is, and hidden as a whole: a password may be in it. */
static envres_status
mongodb_url(struct writer *w)
{
    const struct connect_field *uri = find_field(w, "uri");
    if (uri && is_hidden(w, uri)) {
        put_text(w, "mongodb://");
        put_value(w, uri, escape_none);
        return ENVRES_OK;
    }
    if (uri)
        return put_needed(w, "uri", escape_none);
    put_text(w, "mongodb://");
    envres_status st = put_authority(w);
    if (st == ENVRES_OK)
        st = put_database(w);
    if (st < 0)
        return st;
    put_query(w, "replicaSet", "replica_set");
    put_query(w, "tls", "tls");
    return ENVRES_OK;
}

static envres_status
redis_url(struct writer *w)
{
    put_scheme(w, ask_field(w, "tls", "true"), "redis", "rediss");
    envres_status st = put_authority(w);
    const struct connect_field *database = find_field(w, "database");
    if (st < 0 || !database)
        return st;
    put_text(w, "/");
    put_value(w, database, escape_url);
    return ENVRES_OK;
}

static envres_status
sqlite_url(struct writer *w)
{
    put_text(w, "file:");
    envres_status st = put_needed(w, "path", escape_path);
    if (st == ENVRES_OK)
        put_query(w, "mode", "mode");
    return st;
}

static envres_status
sqlite_dsn(struct writer *w)
{
    return put_needed(w, "path", escape_none);
}

static envres_status
rest_url(struct writer *w)
{
    return put_needed(w, "base_url", escape_none);
}

static envres_status
graphql_url(struct writer *w)
{
    return put_needed(w, "url", escape_none);
}

/* The keys are not part of it: they go to the signer, not into an address. */
static envres_status
s3_url(struct writer *w)
{
    put_text(w, "s3://");
    envres_status st = put_needed(w, "bucket", escape_url);
    if (st < 0)
        return st;
    put_query(w, "region", "region");
    put_query(w, "endpoint", "endpoint");
    return ENVRES_OK;
}

/* starttls begins in the clear: its scheme is that of no TLS. */
static envres_status
smtp_url(struct writer *w)
{
    put_scheme(w, ask_field(w, "tls", "tls"), "smtp", "smtps");
    return put_authority(w);
}

static void
put_brokers(struct buf *out, const struct json_doc *doc)
{
    bool first = true;
    for (uint32_t item = json_first(doc, 0); item != JSON_NONE; item = json_next(doc, item)) {
        if (!first)
            buf_add_char(out, ',');
        first = false;
        json_string(doc, item, out);
    }
}

static envres_status
kafka_dsn(struct writer *w)
{
    const struct connect_field *brokers = NULL;
    struct json_doc *doc = NULL;
    envres_status st = need_field(w, "brokers", &brokers);
    if (st < 0)
        return st;
    if (!w->out || is_hidden(w, brokers)) {
        put_value(w, brokers, escape_none);
        return ENVRES_OK;
    }
    w->took_secret = w->took_secret || brokers->is_secret;
    struct buf compact;
    buf_init(&compact, w->out->mem, w->out->secret);
    st = kind_check_value(w->out->mem, kind_field_find(w->kind, brokers->name), brokers->name,
                          brokers->value, &compact, w->err);
    if (st == ENVRES_OK)
        st = json_parse(w->out->mem, compact.data, compact.len, &doc, w->err);
    if (st == ENVRES_OK)
        put_brokers(w->out, doc);
    json_free(doc);
    buf_free(&compact);
    return st;
}

/* ---- calls -------------------------------------------------------------------------------- */

static const struct connector {
    const char *kind;
    connect_fn url;
    connect_fn dsn;
} connectors[] = {
    { "postgres", postgres_url, postgres_dsn },
    { "mysql", mysql_url, mysql_dsn },
    { "mongodb", mongodb_url, NULL },
    { "redis", redis_url, NULL },
    { "sqlite", sqlite_url, sqlite_dsn },
    { "rest", rest_url, NULL },
    { "graphql", graphql_url, NULL },
    { "s3", s3_url, NULL },
    { "smtp", smtp_url, NULL },
    { "kafka", NULL, kafka_dsn },
};

/* NULL when the kind has no such string. */
static connect_fn
find_connector(const struct kind *kind, bool as_dsn)
{
    for (size_t i = 0; i < sizeof(connectors) / sizeof(connectors[0]); i++) {
        if (strcmp(connectors[i].kind, kind->name) == 0)
            return as_dsn ? connectors[i].dsn : connectors[i].url;
    }
    return NULL;
}

/* On failure what was appended goes away again, wiped: it may hold a secret. */
static envres_status
run_writer(struct writer *w, bool as_dsn)
{
    connect_fn fn = find_connector(w->kind, as_dsn);
    if (!fn) {
        err_set(w->err, ENVRES_E_FIELD, "a resource of kind %s has no %s", w->kind->name,
                as_dsn ? "connection string" : "URL");
        err_hint(w->err, "read its fields one by one");
        return ENVRES_E_FIELD;
    }
    size_t start = w->out->len;
    envres_status st = fn(w);
    if (st == ENVRES_OK)
        st = buf_status(w->out, w->err);
    if (st < 0 && w->out->len > start) {
        mem_wipe(w->out->data + start, w->out->len - start);
        w->out->len = start;
    }
    return st;
}

static bool
probe(const struct kind *kind, const struct connect_field *fields, uint32_t count, bool as_dsn)
{
    struct writer w = { .kind = kind, .fields = fields, .count = count, .redact = true };
    connect_fn fn = find_connector(kind, as_dsn);
    if (fn)
        (void)fn(&w);
    return w.took_secret;
}

envres_status
connect_url(const struct kind *kind, const struct connect_field *fields, uint32_t count,
            bool redact, struct buf *out, envres_error *err)
{
    struct writer w = { .kind = kind, .fields = fields, .count = count, .redact = redact };
    w.out = out;
    w.err = err;
    return run_writer(&w, false);
}

envres_status
connect_dsn(const struct kind *kind, const struct connect_field *fields, uint32_t count,
            bool redact, struct buf *out, envres_error *err)
{
    struct writer w = { .kind = kind, .fields = fields, .count = count, .redact = redact };
    w.out = out;
    w.err = err;
    return run_writer(&w, true);
}

bool
connect_url_is_secret(const struct kind *kind, const struct connect_field *fields, uint32_t count)
{
    return probe(kind, fields, count, false);
}

bool
connect_dsn_is_secret(const struct kind *kind, const struct connect_field *fields, uint32_t count)
{
    return probe(kind, fields, count, true);
}
