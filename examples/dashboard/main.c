/* SPDX-License-Identifier: MIT */
/*
 * A host of libenvres: the server side of the Customer Support Dashboard, cut down to one query.
 *
 *     dashboard ENVIRONMENT [STORE [KEY_FILE]]
 *
 * It opens the scope of the environment named by its argument, asks that scope for the handle
 * "crm", connects to the database that the handle gives, and prints the open tickets found there.
 * Nothing in this file knows which environments there are, where their databases lie, or what is
 * different between them. STORE is $ENVRES_STORE or envres.db, KEY_FILE is STORE.key.
 */
#include <envres/envres.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 32, PATH_BYTES = 4096 };

/* The order depends on a feature flag of the environment, which is bound like any parameter. */
static const char open_tickets[] =
    "SELECT t.id AS ticket, c.name AS customer, c.plan, t.priority, t.subject"
    " FROM tickets AS t JOIN customers AS c ON c.id = t.customer_id"
    " WHERE t.status = 'open'"
    " ORDER BY CASE WHEN :by_priority THEN t.priority END, t.opened"
    " LIMIT :page";

struct host {
    envres_error *err;
    envres_store *store;
    envres_session *session;
    envres_scope *scope;
    envres_resource_handle *crm;
    sqlite3 *db;
    int32_t by_priority; /* FEATURE_NEW_FLOW_ENABLED of the environment */
};

/* Says what went wrong as the library says it, and what to do about it. */
static int
complain(const struct host *host)
{
    const char *hint = envres_error_hint(host->err);
    fprintf(stderr, "dashboard: %s%s%s\n", envres_error_message(host->err), *hint ? "; " : "",
            hint);
    return 1;
}

static int
complain_of_database(const struct host *host)
{
    fprintf(stderr, "dashboard: crm: %s\n", host->db ? sqlite3_errmsg(host->db) : "no memory");
    return 1;
}

static int
read_key(const char *path, uint8_t *key)
{
    FILE *file = fopen(path, "rb");
    size_t got = file ? fread(key, 1, KEY_BYTES, file) : 0;
    if (file)
        fclose(file);
    if (got == KEY_BYTES)
        return 0;
    fprintf(stderr, "dashboard: %s is not a key file\n", path);
    return 1;
}

/* Opens the store, unlocks it, and takes the snapshot from which everything else resolves. */
static int
open_scope(struct host *host, const char *store, const char *key_file, const char *environment)
{
    uint8_t key[KEY_BYTES];
    if (read_key(key_file, key) != 0)
        return 1;
    const envres_credential credential = {
        .size = sizeof(credential),
        .kind = ENVRES_CREDENTIAL_RAW_KEY,
        .secret = key,
        .secret_len = sizeof(key),
    };
    envres_status st =
        envres_store_open(store, ENVRES_NUL_TERMINATED, NULL, &host->store, host->err);
    if (st == ENVRES_OK)
        st = envres_session_open(host->store, NULL, 0, &credential, &host->session, host->err);
    /* The session keeps what it needs of the key in locked memory. */
    for (volatile uint8_t *p = key; p < key + sizeof(key); p++)
        *p = 0;
    if (st == ENVRES_OK)
        st = envres_scope_open(host->session, environment, ENVRES_NUL_TERMINATED, NULL,
                               &host->scope, host->err);
    return st == ENVRES_OK ? 0 : complain(host);
}

/* Connects to what the handle gives. The log gets the form without secrets. */
static int
connect_crm(struct host *host)
{
    envres_value *url = NULL;
    envres_value *shown = NULL;
    int failed = 0;
    envres_status st =
        envres_scope_resource(host->scope, "crm", ENVRES_NUL_TERMINATED, &host->crm, host->err);
    if (st == ENVRES_OK)
        st = envres_resource_handle_url(host->crm, &url, host->err);
    if (st == ENVRES_OK)
        st = envres_resource_handle_redacted_url(host->crm, &shown, host->err);
    if (st < 0) {
        failed = complain(host);
    } else {
        const char *path = envres_value_data(shown, NULL);
        const char *name = strrchr(path, '/');
        printf("%s: connected to %s%s, tickets by %s\n", envres_scope_environment(host->scope),
               name ? name + 1 : path,
               envres_resource_handle_is_fallback(host->crm) ? " (a fallback)" : "",
               host->by_priority ? "priority" : "age");
        if (sqlite3_open_v2(envres_value_data(url, NULL), &host->db,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL) != SQLITE_OK)
            failed = complain_of_database(host);
    }
    envres_value_free(shown);
    envres_value_free(url);
    return failed;
}

static int
bind_number(sqlite3_stmt *query, const char *name, int64_t value)
{
    return sqlite3_bind_int64(query, sqlite3_bind_parameter_index(query, name), value);
}

/* One line of the table: the names of the columns, or the cells of the present row. */
static void
print_row(sqlite3_stmt *query, int columns, int is_head)
{
    static const int widths[] = { 7, 21, 9, 9, 0 };
    for (int i = 0; i < columns; i++) {
        const char *cell =
            is_head ? sqlite3_column_name(query, i) : (const char *)sqlite3_column_text(query, i);
        printf("%s%-*s", i == 0 ? "  " : " ", widths[i], cell ? cell : "-");
    }
    printf("\n");
}

/* A flag of the environment decides on the order; the rows are those of its database. */
static int
print_tickets(struct host *host)
{
    sqlite3_stmt *query = NULL;
    int failed = 0;
    int rc = sqlite3_prepare_v2(host->db, open_tickets, -1, &query, NULL);
    if (rc == SQLITE_OK)
        rc = bind_number(query, ":by_priority", host->by_priority);
    if (rc == SQLITE_OK)
        rc = bind_number(query, ":page", 25);
    if (rc == SQLITE_OK) {
        int columns = sqlite3_column_count(query);
        print_row(query, columns, 1);
        while ((rc = sqlite3_step(query)) == SQLITE_ROW)
            print_row(query, columns, 0);
    }
    if (rc != SQLITE_DONE)
        failed = complain_of_database(host);
    sqlite3_finalize(query);
    return failed;
}

static int
serve(struct host *host)
{
    envres_status st =
        envres_scope_get_boolean(host->scope, "FEATURE_NEW_FLOW_ENABLED", ENVRES_NUL_TERMINATED,
                                 &host->by_priority, host->err);
    if (st < 0)
        return complain(host);
    return connect_crm(host) || print_tickets(host);
}

static void
close_host(struct host *host)
{
    sqlite3_close(host->db);
    envres_resource_handle_free(host->crm);
    envres_scope_unref(host->scope);
    envres_session_close(host->session);
    envres_store_close(host->store);
    envres_error_free(host->err);
}

int
main(int argc, char **argv)
{
    char key_file[PATH_BYTES];
    struct host host = { .err = envres_error_new(NULL) };
    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: dashboard ENVIRONMENT [STORE [KEY_FILE]]\n");
        envres_error_free(host.err);
        return 2;
    }
    const char *store = argc > 2 ? argv[2] : getenv("ENVRES_STORE");
    if (!store)
        store = "envres.db";
    snprintf(key_file, sizeof(key_file), "%s.key", store);
    int failed = open_scope(&host, store, argc > 3 ? argv[3] : key_file, argv[1]) || serve(&host);
    close_host(&host);
    return failed;
}
