/* SPDX-License-Identifier: MIT */
/* The store that scenarios run on, and its dump. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_apps.h"

/* A clock that stands still: dumps of two runs are the same text. */
static int64_t
fixed_clock(void *user)
{
    (void)user;
    return 1700000000000;
}

envres_store_options
fixture_options(const struct fixture *fx)
{
    envres_store_options options = {
        .size = sizeof(options),
        .flags = fx->store_flags,
        .clock = fixed_clock,
        .vfs = fx->vfs,
        .busy_timeout_ms = UINT32_MAX,
    };
    return options;
}

static envres_credential
owner_credential(const struct fixture *fx)
{
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = fx->key,
                                     .secret_len = sizeof(fx->key) };
    return credential;
}

envres_status
put(struct fixture *fx, const char *environment, const char *name, const char *value, int32_t type,
    uint32_t flags)
{
    envres_variable_write write = {
        .size = sizeof(write),
        .flags = flags,
        .name = name,
        .name_len = ENVRES_NUL_TERMINATED,
        .value = value,
        .value_len = ENVRES_NUL_TERMINATED,
        .type = type,
    };
    return envres_variable_put(fx->session, environment, ENVRES_NUL_TERMINATED, &write, NULL, NULL,
                               fx->err);
}

static envres_status
put_all(struct fixture *fx)
{
    static const struct {
        const char *environment;
        const char *name;
        const char *value;
        int32_t type;
        uint32_t flags;
    } rows[] = {
        { "development", "HOST", "db.dev", 0, 0 },
        { "staging", "HOST", "db.staging", 0, 0 },
        { "production", "HOST", "db.prod", 0, 0 },
        { "development", "DB_PASSWORD", "dev-secret-1", 0, ENVRES_WRITE_SECRET },
        { "development", "DB_PASSWORD", "dev-secret-2", 0, 0 },
        { "production", "DB_PASSWORD", "prod-secret-1", 0, 0 },
        { "development", "BASE", "https://<< environment.variables.HOST >>/", ENVRES_TYPE_TEMPLATE,
          0 },
        { "development", "DATABASE_URL",
          "postgres://app:<< environment.variables.DB_PASSWORD | url >>"
          "@<< environment.variables.HOST >>/crm",
          ENVRES_TYPE_TEMPLATE, 0 },
        { "development", "SHOW_BETA", "true", ENVRES_TYPE_BOOLEAN, 0 },
        { "production", "SHOW_BETA", "false", 0, 0 },
        { "development", "PAGE_SIZE", "50", ENVRES_TYPE_NUMBER, 0 },
        { "development", "LIMITS", "{\"rows\": [1, 2.5]}", ENVRES_TYPE_JSON, 0 },
        { "staging", "EMPTY", "", 0, 0 },
    };
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < sizeof(rows) / sizeof(rows[0]); i++)
        st = put(fx, rows[i].environment, rows[i].name, rows[i].value, rows[i].type, rows[i].flags);
    return st;
}

static envres_resource_field
field(const char *name, const char *value, uint32_t flags)
{
    envres_resource_field f = { .size = sizeof(f),
                                .flags = flags,
                                .name = name,
                                .name_len = ENVRES_NUL_TERMINATED,
                                .value = value,
                                .value_len = ENVRES_NUL_TERMINATED };
    return f;
}

static envres_status
define_all(struct fixture *fx)
{
    envres_resource_field fields[] = {
        field("host", "<< environment.variables.HOST >>", 0),
        field("database", "crm", 0),
        field("user", "app", 0),
        field("password", "p@ss word", 0),
    };
    envres_resource_write write = {
        .size = sizeof(write), .handle = "crm", .handle_len = 3, .fields = fields, .count = 4
    };
    envres_resource_field base = field("base_url", "https://api.dev/<< environment.name >>", 0);
    envres_resource_write rest = {
        .size = sizeof(rest), .handle = "api", .handle_len = 3, .fields = &base, .count = 1
    };
    envres_fallback fallback = { .size = sizeof(fallback),
                                 .handle = "crm",
                                 .handle_len = 3,
                                 .to = "development",
                                 .to_len = ENVRES_NUL_TERMINATED };
    envres_status st = envres_resource_define(fx->session, "crm", 3, "postgres", 8, NULL, fx->err);
    if (st == ENVRES_OK)
        st = envres_resource_define(fx->session, "api", 3, "rest", 4, NULL, fx->err);
    if (st == ENVRES_OK)
        st = envres_resource_configure(fx->session, "development", 11, &write, NULL, NULL, fx->err);
    if (st == ENVRES_OK)
        st = envres_resource_configure(fx->session, "development", 11, &rest, NULL, NULL, fx->err);
    if (st == ENVRES_OK)
        st = envres_resource_fallback(fx->session, "staging", 7, &fallback, NULL, fx->err);
    return st;
}

static envres_status
unlock(struct fixture *fx)
{
    envres_credential credential = owner_credential(fx);
    envres_status st = envres_session_open(fx->store, NULL, 0, &credential, &fx->session, fx->err);
    return st;
}

envres_status
fixture_make(struct fixture *fx)
{
    envres_store_options options = fixture_options(fx);
    envres_credential credential = owner_credential(fx);
    envres_environment_options off_path = { .size = sizeof(off_path),
                                            .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    for (size_t i = 0; i < sizeof(fx->key); i++)
        fx->key[i] = (uint8_t)(i + 1);
    if (!fx->err)
        fx->err = envres_error_new(NULL);
    envres_status st = envres_store_create(fx->path, ENVRES_NUL_TERMINATED, &options, &credential,
                                           &fx->store, fx->err);
    if (st == ENVRES_OK)
        st = unlock(fx);
    if (st == ENVRES_OK)
        st = envres_environment_add(fx->session, "qa", 2, &off_path, NULL, fx->err);
    if (st == ENVRES_OK)
        st = put_all(fx);
    if (st == ENVRES_OK)
        st = define_all(fx);
    if (st == ENVRES_OK)
        st = fixture_queries(fx);
    if (st == ENVRES_OK)
        st = fixture_apps(fx);
    if (st == ENVRES_OK)
        st = fixture_contents(fx);
    if (st == ENVRES_OK)
        st = fixture_people(fx);
    if (st == ENVRES_OK)
        st = fixture_rotations(fx);
    if (st == ENVRES_OK)
        st = fixture_inbox(fx);
    if (st == ENVRES_OK)
        st = fixture_requests(fx);
    if (st == ENVRES_OK)
        st = envres_scope_open(fx->session, "development", 11, NULL, &fx->scope, fx->err);
    return st;
}

envres_status
fixture_open(struct fixture *fx)
{
    envres_store_options options = fixture_options(fx);
    if (!fx->err)
        fx->err = envres_error_new(NULL);
    envres_status st =
        envres_store_open(fx->path, ENVRES_NUL_TERMINATED, &options, &fx->store, fx->err);
    if (st == ENVRES_OK)
        st = unlock(fx);
    if (st == ENVRES_OK)
        st = fixture_contents(fx);
    if (st == ENVRES_OK)
        st = envres_scope_open(fx->session, "development", 11, NULL, &fx->scope, fx->err);
    return st;
}

void
fixture_close(struct fixture *fx)
{
    envres_scope_unref(fx->scope);
    envres_session_close(fx->session);
    envres_store_close(fx->store);
    envres_error_free(fx->err);
    fx->scope = NULL;
    fx->session = NULL;
    fx->store = NULL;
    fx->err = NULL;
}

/* ---- dump ----------------------------------------------------------------------------------- */

void
dump_text(struct dump *dump, const char *text, size_t len)
{
    if (dump->len + len + 1 > dump->room) {
        size_t room = (dump->len + len + 1) * 2;
        char *grown = realloc(dump->text, room);
        if (!grown) {
            dump->failed = 1;
            return;
        }
        dump->text = grown;
        dump->room = room;
    }
    memcpy(dump->text + dump->len, text, len);
    dump->len += len;
    dump->text[dump->len] = '\0';
}

void
dump_list(struct dump *dump, const char *title, envres_list *list)
{
    char number[32];
    dump_text(dump, title, strlen(title));
    dump_text(dump, "\n", 1);
    for (size_t row = 0; row < envres_list_count(list); row++) {
        for (uint32_t column = 0; column < envres_list_columns(list); column++) {
            size_t len = 0;
            const char *text = envres_list_text(list, row, column, &len);
            if (envres_list_type(list, row, column) == ENVRES_CELL_INTEGER) {
                len = (size_t)snprintf(number, sizeof(number), "%lld",
                                       (long long)envres_list_integer(list, row, column));
                text = number;
            }
            dump_text(dump, text ? text : "-", text ? len : 1);
            dump_text(dump, "\t", 1);
        }
        dump_text(dump, "\n", 1);
    }
    envres_list_free(list);
}

static void
dump_queries(struct fixture *fx, struct dump *dump)
{
    envres_list *names = NULL;
    envres_list *history = NULL;
    if (envres_query_list(fx->session, &names, fx->err) < 0)
        dump->failed = 1;
    for (size_t i = 0; !dump->failed && i < envres_list_count(names); i++) {
        const char *name = envres_list_text(names, i, ENVRES_QUERY_LIST_NAME, NULL);
        if (envres_query_history(fx->session, name, ENVRES_NUL_TERMINATED, &history, fx->err) < 0)
            dump->failed = 1;
        else
            dump_list(dump, name, history);
    }
    envres_list_free(names);
}

static void
dump_histories(struct fixture *fx, struct dump *dump, const char *environment)
{
    envres_list *names = NULL;
    envres_list *history = NULL;
    if (envres_variable_list(fx->session, environment, ENVRES_NUL_TERMINATED, 0, &names, fx->err) <
        0)
        dump->failed = 1;
    for (size_t i = 0; !dump->failed && i < envres_list_count(names); i++) {
        const char *name = envres_list_text(names, i, ENVRES_VARIABLE_NAME, NULL);
        if (envres_variable_history(fx->session, environment, ENVRES_NUL_TERMINATED, name,
                                    ENVRES_NUL_TERMINATED, ENVRES_READ_REVEAL, &history,
                                    fx->err) < 0)
            dump->failed = 1;
        else
            dump_list(dump, name, history);
    }
    envres_list_free(names);
    names = NULL;
    if (!dump->failed && envres_resource_list(fx->session, &names, fx->err) < 0)
        dump->failed = 1;
    for (size_t i = 0; !dump->failed && i < envres_list_count(names); i++) {
        const char *name = envres_list_text(names, i, ENVRES_RESOURCE_HANDLE, NULL);
        if (strcmp(envres_list_text(names, i, ENVRES_RESOURCE_ENVIRONMENT, NULL), environment))
            continue;
        if (envres_resource_history(fx->session, environment, ENVRES_NUL_TERMINATED, name,
                                    ENVRES_NUL_TERMINATED, ENVRES_READ_REVEAL, &history,
                                    fx->err) < 0)
            dump->failed = 1;
        else
            dump_list(dump, name, history);
    }
    envres_list_free(names);
}

/* Which of the keys that scenarios give away open something. */
static void
dump_slots(struct fixture *fx, struct dump *dump)
{
    for (int fill = 0x3C; fill <= 0x3E; fill++) {
        uint8_t key[32];
        char line[64];
        envres_session *session = NULL;
        memset(key, fill, sizeof(key));
        envres_credential credential = { .size = sizeof(credential),
                                         .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                         .secret = key,
                                         .secret_len = sizeof(key) };
        envres_status st = envres_session_open(fx->store, NULL, 0, &credential, &session, fx->err);
        envres_session_close(session);
        int len =
            snprintf(line, sizeof(line), "key %x\t%s\n", (unsigned)fill, envres_status_name(st));
        dump_text(dump, line, (size_t)len);
    }
}

/* Not their keys, which differ from store to store. */
static void
dump_people(struct fixture *fx, struct dump *dump)
{
    envres_list *list = NULL;
    if (envres_principal_list(fx->session, &list, fx->err) < 0)
        dump->failed = 1;
    for (size_t row = 0; row < envres_list_count(list); row++) {
        char line[400];
        const char *role = envres_list_text(list, row, ENVRES_PRINCIPAL_ROLE, NULL);
        const char *environment = envres_list_text(list, row, ENVRES_PRINCIPAL_ENVIRONMENT, NULL);
        int len = snprintf(line, sizeof(line), "principal %s\t%s\t%s\t%d\n",
                           envres_list_text(list, row, ENVRES_PRINCIPAL_NAME, NULL),
                           role ? role : "-", environment ? environment : "*",
                           (int)envres_list_integer(list, row, ENVRES_PRINCIPAL_SLOTS));
        dump_text(dump, line, (size_t)len);
    }
    envres_list_free(list);
}

/* What was done, without the times and ids, which differ. */
static void
dump_audit(struct fixture *fx, struct dump *dump)
{
    static const uint32_t columns[] = { ENVRES_AUDIT_ACTION, ENVRES_AUDIT_OBJECT,
                                        ENVRES_AUDIT_OUTCOME, ENVRES_AUDIT_REASON };
    envres_list *list = NULL;
    if (envres_audit_list(fx->session, NULL, &list, fx->err) < 0)
        dump->failed = 1;
    for (size_t row = 0; row < envres_list_count(list); row++) {
        for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
            size_t len = 0;
            const char *text = envres_list_text(list, row, columns[i], &len);
            dump_text(dump, text ? text : "", len);
            dump_text(dump, "\t", 1);
        }
        dump_text(dump, "\n", 1);
    }
    envres_list_free(list);
}

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Not their ids, which differ from store to store, nor their order, which follows the clock. */
static void
dump_requests(struct fixture *fx, struct dump *dump)
{
    enum { MOST = 16, LINE = 400 };
    char lines[MOST][LINE];
    envres_list *list = NULL;
    size_t count = 0;
    if (envres_request_list(fx->session, ENVRES_REQUEST_ALL, &list, fx->err) < 0)
        dump->failed = 1;
    for (; count < envres_list_count(list) && count < MOST; count++)
        snprintf(lines[count], LINE, "request %s\t%s\t%s\t%s\n",
                 envres_list_text(list, count, ENVRES_REQUEST_ACTION, NULL),
                 envres_list_text(list, count, ENVRES_REQUEST_OBJECT, NULL),
                 envres_list_text(list, count, ENVRES_REQUEST_STATE, NULL),
                 envres_list_text(list, count, ENVRES_REQUEST_GIVEN, NULL));
    envres_list_free(list);
    qsort(lines, count, LINE, compare_lines);
    for (size_t i = 0; i < count; i++)
        dump_text(dump, lines[i], strlen(lines[i]));
}

char *
fixture_dump(struct fixture *fx)
{
    struct dump dump = { NULL, 0, 0, 0 };
    envres_list *list = NULL;
    envres_list *environments = NULL;
    if (envres_environment_list(fx->session, &environments, fx->err) < 0)
        return NULL;
    if (envres_variable_list(fx->session, NULL, 0, ENVRES_READ_REVEAL, &list, fx->err) == 0)
        dump_list(&dump, "variables", list);
    else
        dump.failed = 1;
    list = NULL;
    if (envres_resource_list(fx->session, &list, fx->err) == 0)
        dump_list(&dump, "resources", list);
    else
        dump.failed = 1;
    if (!dump.failed)
        dump_queries(fx, &dump);
    for (size_t i = 0; i < envres_list_count(environments); i++) {
        const char *key = envres_list_text(environments, i, ENVRES_ENVIRONMENT_KEY, NULL);
        dump_histories(fx, &dump, key);
        if (envres_inbox_list(fx->session, key, ENVRES_NUL_TERMINATED, &list, fx->err) == 0)
            dump_list(&dump, "inbox", list);
        else
            dump.failed = 1;
    }
    dump_list(&dump, "environments", environments);
    dump_apps(fx, &dump);
    dump_people(fx, &dump);
    dump_slots(fx, &dump);
    dump_audit(fx, &dump);
    dump_requests(fx, &dump);
    if (!dump.failed)
        return dump.text;
    free(dump.text);
    return NULL;
}

int
fixture_verify(struct fixture *fx)
{
    envres_list *findings = NULL;
    if (envres_store_verify(fx->store, fx->session, &findings, fx->err) < 0) {
        fprintf(stderr, "verify: %s\n", envres_error_message(fx->err));
        return -1;
    }
    int count = (int)envres_list_count(findings);
    if (count > 0)
        fprintf(stderr, "verify: %s: %s: %s\n",
                envres_list_text(findings, 0, ENVRES_VERIFY_CODE, NULL),
                envres_list_text(findings, 0, ENVRES_VERIFY_OBJECT, NULL),
                envres_list_text(findings, 0, ENVRES_VERIFY_MESSAGE, NULL));
    envres_list_free(findings);
    return count;
}
