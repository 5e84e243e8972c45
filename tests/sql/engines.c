/* SPDX-License-Identifier: MIT */
/*
 * Statements against a real database. Hostile values are sent through templates in every position
 * that a value can have, and must come back byte for byte; what the library refuses is never sent.
 * Linked with one driver: see engine.h. The last line says `N passed, N failed`.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define TEXT ENVRES_NUL_TERMINATED

enum { VALUES_MIN = 300, VALUES_MAX = 600 };

static envres_error *err;
static envres_scope *scope;
static char *values[VALUES_MAX];
static size_t value_count;
static size_t passed;
static size_t failed;

void
engine_fail(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fprintf(stderr, "%s: ", engine.name);
    vfprintf(stderr, format, ap);
    fprintf(stderr, "\n");
    va_end(ap);
    exit(1);
}

/* ---- values --------------------------------------------------------------------------------- */

static const char *const seeds[] = {
    "",
    "'",
    "''",
    "\"",
    "`",
    "\\",
    "\\'",
    "'\\''",
    "'; DROP TABLE t; --",
    "'; DROP TABLE t; #",
    "'); DROP TABLE t; /*",
    "\"; DROP TABLE t; --",
    "`; DROP TABLE t; --",
    "\\'; DROP TABLE t; --",
    "' OR '1'='1",
    "' OR 1=1 -- ",
    "1 OR 1=1",
    "' UNION SELECT 'x",
    "$$",
    "$1",
    "$9$",
    "$a$ x $a$",
    "?",
    "??",
    "?1",
    ":p1",
    ":name",
    "@x",
    "%s",
    "%",
    "_",
    "!%_",
    "--",
    "-- ",
    "#",
    "/*",
    "*/",
    "/*! SELECT 1 */",
    ";",
    "\n",
    "\r\n",
    "\t",
    "\x01\x1f\x7f",
    "\b",
    "[x]",
    "{\"a\": 'b'}",
    "null",
    "NULL",
    "true",
    "0",
    "-1e400",
    "E'\\x41'",
    "x'41'",
    "U&'\\0041'",
    "<< params.v >>",
    "<< environment.name >>",
    "\\<< params.id >>",
    "${jndi}",
    "\xc2\xa0",
    "\xca\xbc",
    "\xef\xbc\x87",
    "\xef\xbb\xbf",
    "Z\xc3\xbcrich",
    "Zu\xcc\x88rich",
    "\xf0\x9f\x98\x80",
    "\xe2\x80\xae"
    "abc",
    "\xe2\x80\xa8",
    "\xed\x9f\xbf",
    "\xef\xbf\xbf",
    "\xf4\x8f\xbf\xbf",
    "\xe7\xb8\x97\x27", /* its last byte and the quote are one character in GBK */
    " leading and trailing ",
    "a\\",
    "a'b\"c`d\\e",
};

static const char *const frames[][2] = {
    { "", "" }, { "x' ", " 'x" }, { "\\", "\\" }, { "$a$", "\"" }, { "%'--\n", "\xc3\xa9" },
};

static void
add_value(char *value)
{
    if (value_count == VALUES_MAX)
        engine_fail("too many values");
    values[value_count++] = value;
}

static void
make_values(void)
{
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        for (size_t k = 0; k < sizeof(frames) / sizeof(frames[0]); k++) {
            size_t len = strlen(frames[k][0]) + strlen(seeds[i]) + strlen(frames[k][1]);
            char *value = malloc(len + 1);
            snprintf(value, len + 1, "%s%s%s", frames[k][0], seeds[i], frames[k][1]);
            add_value(value);
        }
    }
    for (size_t len = 1000; len <= 16000; len *= 4) {
        char *value = malloc(len + 1);
        for (size_t i = 0; i < len; i++)
            value[i] = "'\"\\`;-$?"[i % 8];
        value[len] = '\0';
        add_value(value);
    }
    if (value_count < VALUES_MIN)
        engine_fail("too few values");
}

/* ---- statements ----------------------------------------------------------------------------- */

static void
set(envres_params *params, const char *name, int32_t type, const char *value)
{
    if (envres_params_set(params, name, TEXT, type, value, TEXT, 0, err) < 0)
        engine_fail("%s: %s", name, envres_error_message(err));
}

static void
set_number(envres_params *params, const char *name, long long value)
{
    char text[32];
    snprintf(text, sizeof(text), "%lld", value);
    set(params, name, ENVRES_TYPE_NUMBER, text);
}

static envres_status
prepare(const char *text, uint32_t style, const envres_params *params, envres_statement **out)
{
    envres_template_options how = { .size = sizeof(how),
                                    .context = ENVRES_CONTEXT_SQL,
                                    .dialect = engine.dialect,
                                    .style = style };
    envres_render_options options = { .size = sizeof(options), .params = params };
    envres_template *tmpl = NULL;
    envres_status st = envres_template_parse(text, TEXT, &how, &tmpl, err);
    if (st == ENVRES_OK)
        st = envres_template_prepare(tmpl, scope, &options, out, err);
    envres_template_unref(tmpl);
    return st;
}

/* Runs a template and compares the first column of its one row. `want` NULL: null. */
static void
expect_text(const char *what, const char *text, uint32_t style, const envres_params *params,
            const char *want)
{
    envres_statement *statement = NULL;
    struct answer answer = { NULL, 0, 0 };
    const char *why = "";
    if (prepare(text, style, params, &statement) < 0)
        engine_fail("%s: %s: %s", what, text, envres_error_message(err));
    int done = engine_run(statement, &answer, &why);
    int same = done && answer.rows == 1 &&
               (want ? answer.data && answer.len == strlen(want) &&
                           memcmp(answer.data, want, answer.len) == 0
                     : !answer.data);
    if (same) {
        passed++;
    } else {
        failed++;
        printf("FAILED %s: %s\n  wanted %s\n  got %zu rows, %s %s\n", what,
               envres_statement_text(statement, NULL), want ? want : "(null)", answer.rows,
               answer.data ? answer.data : "(null)", why);
    }
    free(answer.data);
    envres_statement_free(statement);
}

static void
run_silently(const char *what, const char *text, uint32_t style, const envres_params *params)
{
    envres_statement *statement = NULL;
    struct answer answer = { NULL, 0, 0 };
    const char *why = "";
    if (prepare(text, style, params, &statement) < 0)
        engine_fail("%s: %s: %s", what, text, envres_error_message(err));
    if (!engine_run(statement, &answer, &why))
        engine_fail("%s: %s: %s", what, text, why);
    free(answer.data);
    envres_statement_free(statement);
}

/* ---- positions ------------------------------------------------------------------------------ */

static char *
escape_pattern(const char *value)
{
    char *out = malloc(2 * strlen(value) + 1);
    size_t len = 0;
    for (; *value; value++) {
        if (*value == '%' || *value == '_' || *value == '!')
            out[len++] = '!';
        out[len++] = *value;
    }
    out[len] = '\0';
    return out;
}

/* A value as a JSON string between two texts. */
static char *
write_json(const char *before, const char *value, const char *after)
{
    size_t room = strlen(before) + 6 * strlen(value) + strlen(after) + 3;
    char *out = malloc(room);
    size_t len = (size_t)snprintf(out, room, "%s\"", before);
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        if (*c == '"' || *c == '\\' || *c < 0x20)
            len += (size_t)snprintf(out + len, room - len, "\\u%04x", *c);
        else
            out[len++] = (char)*c;
    }
    snprintf(out + len, room - len, "\"%s", after);
    return out;
}

static void
try_value(const char *value, long long id, uint32_t style)
{
    envres_params *params = envres_params_new(NULL);
    char *pattern = escape_pattern(value);
    char *list = write_json("[\"none\", ", value, ", \"'\", null]");
    char *json = write_json("{\"j\": 1, \"k\": ", value, "}");
    set(params, "v", ENVRES_TYPE_STRING, value);
    set(params, "pattern", ENVRES_TYPE_STRING, pattern);
    set(params, "list", ENVRES_TYPE_JSON, list);
    set(params, "j", ENVRES_TYPE_JSON, json);
    set_number(params, "id", id);
    set_number(params, "one", 1);
    set_number(params, "zero", 0);
    expect_text("echo", engine.echo, style, params, value);
    run_silently("insert", "INSERT INTO t (id, v) VALUES (<< params.id >>, << params.v >>)", style,
                 params);
    expect_text("inserted", "SELECT v FROM t WHERE id = << params.id >>", style, params, value);
    expect_text("where", "SELECT v FROM t WHERE v = << params.v >> AND id = << params.id >>", style,
                params, value);
    expect_text("like", engine.like, style, params, value);
    expect_text("in", "SELECT v FROM t WHERE v IN << params.list | list >> AND id=<< params.id >>",
                style, params, value);
    expect_text("limit",
                "SELECT v FROM t WHERE id <= << params.id >> ORDER BY id DESC LIMIT "
                "<< params.one >> OFFSET << params.zero >>",
                style, params, value);
    expect_text("json", engine.json, style, params, value);
    free(pattern);
    free(list);
    free(json);
    envres_params_free(params);
}

/* ---- the rest ------------------------------------------------------------------------------- */

/* Names of columns, written by the filter: each must be that column and no other. */
static void
try_names(void)
{
    static const char *const names[] = {
        "plain", "two words",   "select",      "a\"b", "a`b",
        "a'b",   "x; DROP -- ", "$1 ? :p1 @x", "[x]",  "Z\xc3\xbc"
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char table[64];
        char text[256];
        /* mysql takes no name that ends in a blank */
        size_t len = strlen(names[i]);
        char name[64];
        snprintf(name, sizeof(name), "%.*s", (int)(len - (names[i][len - 1] == ' ')), names[i]);
        envres_params *params = envres_params_new(NULL);
        snprintf(table, sizeof(table), "n%zu", i);
        set(params, "table", ENVRES_TYPE_STRING, table);
        set(params, "column", ENVRES_TYPE_STRING, name);
        set(params, "v", ENVRES_TYPE_STRING, "it's");
        if (envres_params_allow(params, table, TEXT, err) < 0 ||
            envres_params_allow(params, name, TEXT, err) < 0)
            engine_fail("%s", envres_error_message(err));
        run_silently("create",
                     "CREATE TABLE << params.table | ident >> (<< params.column | ident >> "
                     "varchar(20))",
                     0, params);
        run_silently("insert",
                     "INSERT INTO << params.table | ident >>(<< params.column | ident >>) VALUES "
                     "(<< params.v >>)",
                     0, params);
        snprintf(text, sizeof(text),
                 "SELECT << params.table | ident >>.<< params.column | ident >> FROM "
                 "<< params.table | ident >> ORDER BY << params.column | ident >>");
        expect_text(name, text, 0, params, "it's");
        envres_params_free(params);
    }
}

static void
try_types(void)
{
    static const struct {
        int32_t type;
        const char *value;
        const char *want; /* behind the name of its type */
    } rows[] = {
        { ENVRES_TYPE_NUMBER, "9223372036854775807", "9223372036854775807" },
        { ENVRES_TYPE_NUMBER, "-9223372036854775808", "-9223372036854775808" },
        { ENVRES_TYPE_NUMBER, "0", "0" },
        { ENVRES_TYPE_NUMBER, "0.125", "0.125" },
        { ENVRES_TYPE_NUMBER, "-2.5", "-2.5" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_params *params = envres_params_new(NULL);
        char want[64];
        const char *name = engine.dialect != ENVRES_DIALECT_SQLITE ? "numeric"
                           : strchr(rows[i].value, '.')            ? "real"
                                                                   : "integer";
        snprintf(want, sizeof(want), "%s %s", name, rows[i].want);
        set(params, "v", rows[i].type, rows[i].value);
        expect_text("type", engine.types, 0, params, want);
        envres_params_free(params);
    }
    envres_params *params = envres_params_new(NULL);
    set(params, "v", ENVRES_TYPE_NULL, "");
    set(params, "yes", ENVRES_TYPE_BOOLEAN, "true");
    expect_text("null", engine.echo, 0, params, NULL);
    expect_text("boolean", "SELECT 'it''s' WHERE << params.yes >>", 0, params, "it's");
    envres_params_free(params);
}

/* What the library refuses does not reach the server; that there is nothing to send is all that
 * can be seen of it. */
static void
try_refused(void)
{
    static const struct {
        const char *text;
        envres_status want;
    } rows[] = {
        { "SELECT '<< params.v >>'", ENVRES_E_SQL_CONTEXT },
        { "SELECT v FROM t WHERE v LIKE '%<< params.v >>%'", ENVRES_E_SQL_CONTEXT },
        { "SELECT 1 /* << params.v >> */", ENVRES_E_SQL_CONTEXT },
        { "SELECT 'x, << params.v >>", ENVRES_E_SQL_CONTEXT },
        { "SELECT v FROM t WHERE v = :x AND v = << params.v >>", ENVRES_E_SQL_CONTEXT },
        { "SELECT v FROM t ORDER BY << params.v | ident >>", ENVRES_E_IDENT },
        { "SELECT v FROM t WHERE v IN << params.none | list >>", ENVRES_E_TYPE },
        { "SELECT v FROM t WHERE v IN << params.v | list >>", ENVRES_E_TYPE },
        { "SELECT << params.missing >>", ENVRES_E_NOT_SET },
        { "SELECT v FROM t WHERE v IN << params.many | list >>", ENVRES_E_LIMIT },
    };
    enum { MANY = 100000 };
    envres_params *params = envres_params_new(NULL);
    char *many = malloc(2 * MANY + 2);
    for (size_t i = 0; i < MANY; i++)
        memcpy(many + 2 * i, i == 0 ? "[1" : ",1", 2);
    memcpy(many + 2 * MANY, "]", 2);
    set(params, "v", ENVRES_TYPE_STRING, "v");
    set(params, "none", ENVRES_TYPE_JSON, "[]");
    set(params, "many", ENVRES_TYPE_JSON, many);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_statement *statement = NULL;
        envres_status st = prepare(rows[i].text, 0, params, &statement);
        if (st == rows[i].want && !statement && envres_error_line(err) == 1) {
            passed++;
        } else {
            failed++;
            printf("FAILED refused: %s: %s\n", rows[i].text, envres_status_name(st));
        }
        envres_statement_free(statement);
    }
    free(many);
    /* NUL never becomes a parameter */
    if (envres_params_set(params, "v", TEXT, ENVRES_TYPE_STRING, "a\0b", 3, 0, err) ==
        ENVRES_E_UTF8)
        passed++;
    else
        failed++;
    envres_params_free(params);
}

/* As many parameters as the dialect takes, which its server must take too; and one more. */
static void
try_most(void)
{
    size_t most = engine.dialect == ENVRES_DIALECT_SQLITE ? 32766 : 65535;
    for (size_t extra = 0; extra < 2; extra++) {
        size_t count = most + extra;
        envres_params *params = envres_params_new(NULL);
        envres_statement *statement = NULL;
        struct answer answer = { NULL, 0, 0 };
        const char *why = "";
        char *list = malloc(2 * count + 2);
        for (size_t i = 0; i < count; i++)
            memcpy(list + 2 * i, i == 0 ? "[7" : ",7", 2);
        memcpy(list + 2 * count, "]", 2);
        set(params, "l", ENVRES_TYPE_JSON, list);
        envres_status st =
            prepare("SELECT 'it''s' WHERE 7 IN << params.l | list >>", 0, params, &statement);
        int ok = extra
                     ? st == ENVRES_E_LIMIT
                     : st == ENVRES_OK && engine_run(statement, &answer, &why) && answer.rows == 1;
        if (ok) {
            passed++;
        } else {
            failed++;
            printf("FAILED %zu parameters: %s %s\n", count, envres_status_name(st), why);
        }
        free(answer.data);
        free(list);
        envres_statement_free(statement);
        envres_params_free(params);
    }
}

static void
try_styles(void)
{
    long long id = 0;
    char want[32];
    for (size_t k = 0; k < 3 && engine.styles[k] != 0; k++) {
        for (size_t i = 0; i < value_count; i++)
            try_value(values[i], id++, engine.styles[k]);
    }
    snprintf(want, sizeof(want), "%lld", id);
    expect_text("all rows are there", "SELECT COUNT(*) FROM t", 0, NULL, want);
}

int
main(int argc, char **argv)
{
    static const uint8_t key[32] = { 5 };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key,
                                .secret_len = sizeof(key) };
    envres_store *store = NULL;
    envres_session *session = NULL;
    err = envres_error_new(NULL);
    if (envres_store_create(NULL, 0, NULL, &owner, &store, err) < 0 ||
        envres_session_open(store, NULL, 0, &owner, &session, err) < 0 ||
        envres_scope_open(session, "development", TEXT, NULL, &scope, err) < 0)
        engine_fail("%s", envres_error_message(err));
    make_values();
    engine_open(argc > 1 ? argv[1] : NULL);
    engine_script(engine.setup);
    try_styles();
    try_names();
    try_types();
    try_refused();
    try_most();
    engine_close();
    for (size_t i = 0; i < value_count; i++)
        free(values[i]);
    envres_scope_unref(scope);
    envres_session_close(session);
    envres_store_close(store);
    envres_error_free(err);
    printf("%s: %zu values\n%zu passed, %zu failed\n", engine.name, value_count, passed, failed);
    return failed > 0 || passed == 0;
}
