/* SPDX-License-Identifier: MIT */
/*
 * A host of libenvres: the server side of the Customer Support Dashboard, cut down to its tables.
 *
 *     dashboard ENVIRONMENT [STORE [KEY_FILE]]
 *
 * Each line of its input is a request: the path of a page, "/tickets". It answers with the page's
 * title and the rows of the page's query, and an empty line. Title and query stand in the part
 * dashboard.json of the app's live release; the rows are those of the database that the handle
 * "crm" gives in the environment. Before each request it asks whether the store has changed, which
 * is cheap, so a release or a rollback is served from the next request on.
 *
 * Nothing in this file knows which environments there are, where their databases lie, what is
 * different between them, or what a page looks like. STORE is $ENVRES_STORE or envres.db, KEY_FILE
 * is STORE.key.
 */
#include <envres/envres.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 32, PATH_BYTES = 4096, REQUEST_BYTES = 200 };

static const char app[] = "support";
static const char definition_part[] = "dashboard.json";

/* From the definition ?1: the title and the SQL of the page ?2. */
static const char find_page[] =
    "SELECT json_extract(page.value, '$.title'), json_extract(?1, '$.queries.\"' ||"
    " json_extract(page.value, '$.components[0].query') || '\".sql')"
    " FROM json_each(?1, '$.pages') AS page WHERE json_extract(page.value, '$.path') = ?2";

/* What follows from one scope. A scope never changes; with another one this is made anew, so that
 * an answer is wholly of one release and one configuration. */
struct view {
    envres_scope *scope;
    envres_value *definition; /* JSON, as this environment has it */
    envres_resource_handle *crm;
    sqlite3 *db;
    const char *db_name; /* of the connection, for logs */
    envres_value *url;   /* db_name lies in it */
    int32_t by_priority; /* FEATURE_NEW_FLOW_ENABLED of the environment */
};

struct host {
    envres_error *err;
    envres_store *store;
    envres_session *session;
    struct view view;
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
complain_of_database(sqlite3 *db)
{
    fprintf(stderr, "dashboard: crm: %s\n", db ? sqlite3_errmsg(db) : "no memory");
    return 1;
}

/* ---- the store --------------------------------------------------------------------------------
 */

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

/* Opens the store, unlocks it, and takes the first snapshot. */
static int
open_host(struct host *host, const char *store, const char *key_file, const char *environment)
{
    const envres_scope_options live = {
        .size = sizeof(live),
        .app = app,
        .app_len = ENVRES_NUL_TERMINATED,
    };
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
        st = envres_scope_open(host->session, environment, ENVRES_NUL_TERMINATED, &live,
                               &host->view.scope, host->err);
    return st == ENVRES_OK ? 0 : complain(host);
}

/* ---- what follows from a scope ----------------------------------------------------------------
 */

/* The definition goes to browsers: a secret in it is an error. The template borrows the part's
 * bytes, which live as long as the scope. */
static envres_status
render_definition(struct view *view, envres_error *err)
{
    const envres_template_options json = {
        .size = sizeof(json),
        .flags = ENVRES_TEMPLATE_BORROW,
        .context = ENVRES_CONTEXT_JSON,
    };
    const envres_render_options no_secrets = {
        .size = sizeof(no_secrets),
        .flags = ENVRES_RENDER_NO_SECRETS,
    };
    envres_template *tmpl = NULL;
    const char *text = NULL;
    size_t len = 0;
    envres_status st =
        envres_scope_part(view->scope, definition_part, ENVRES_NUL_TERMINATED, &text, &len, err);
    if (st == ENVRES_OK)
        st = envres_template_parse(text, len, &json, &tmpl, err);
    if (st == ENVRES_OK)
        st = envres_template_render(tmpl, view->scope, &no_secrets, &view->definition, err);
    envres_template_unref(tmpl);
    return st;
}

/* Connects to what the handle gives. Logs get the form without secrets. */
static int
connect_crm(struct host *host, struct view *view)
{
    envres_value *url = NULL;
    int failed = 0;
    envres_status st =
        envres_scope_resource(view->scope, "crm", ENVRES_NUL_TERMINATED, &view->crm, host->err);
    if (st == ENVRES_OK)
        st = envres_resource_handle_redacted_url(view->crm, &view->url, host->err);
    if (st == ENVRES_OK)
        st = envres_resource_handle_url(view->crm, &url, host->err);
    if (st < 0) {
        failed = complain(host);
    } else {
        const char *path = envres_value_data(view->url, NULL);
        const char *name = strrchr(path, '/');
        view->db_name = name ? name + 1 : path;
        if (sqlite3_open_v2(envres_value_data(url, NULL), &view->db,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL) != SQLITE_OK)
            failed = complain_of_database(view->db);
    }
    envres_value_free(url);
    return failed;
}

/* Everything that is made of the scope. */
static int
fill_view(struct host *host, struct view *view)
{
    envres_status st =
        envres_scope_get_boolean(view->scope, "FEATURE_NEW_FLOW_ENABLED", ENVRES_NUL_TERMINATED,
                                 &view->by_priority, host->err);
    if (st == ENVRES_OK)
        st = render_definition(view, host->err);
    return st == ENVRES_OK ? connect_crm(host, view) : complain(host);
}

static void
free_view(struct view *view)
{
    sqlite3_close(view->db);
    envres_value_free(view->url);
    envres_resource_handle_free(view->crm);
    envres_value_free(view->definition);
    envres_scope_unref(view->scope);
}

/* Takes what is live now. If it cannot be had, because it was withdrawn or is damaged, the request
 * fails and the view stays as it was; the next request tries again. */
static int
refresh(struct host *host)
{
    struct view next = { .scope = NULL };
    if (envres_scope_latest(host->session, host->view.scope, &next.scope, host->err) < 0)
        return complain(host);
    if (next.scope == host->view.scope) {
        envres_scope_unref(next.scope); /* another reference to the same: nothing has changed */
        return 0;
    }
    if (fill_view(host, &next) != 0) {
        free_view(&next);
        return 1;
    }
    free_view(&host->view);
    host->view = next;
    return 0;
}

/* ---- requests ---------------------------------------------------------------------------------
 */

/* A query takes the parameters that it names. */
static int
bind_number(sqlite3_stmt *query, const char *name, int64_t value)
{
    int index = sqlite3_bind_parameter_index(query, name);
    return index ? sqlite3_bind_int64(query, index, value) : SQLITE_OK;
}

/* One line of the table: the names of the columns, or the cells of the present row. */
static void
print_row(sqlite3_stmt *query, int columns, int is_head)
{
    static const int widths[] = { 7, 21, 9, 9, 0 };
    for (int i = 0; i < columns && i < (int)(sizeof(widths) / sizeof(widths[0])); i++) {
        const char *cell =
            is_head ? sqlite3_column_name(query, i) : (const char *)sqlite3_column_text(query, i);
        printf("%s%-*s", i == 0 ? "  " : " ", widths[i], cell ? cell : "-");
    }
    printf("\n");
}

/* A flag of the environment decides on the order; the rows are those of its database. */
static int
print_rows(const struct view *view, const char *sql)
{
    sqlite3_stmt *query = NULL;
    int rc = sqlite3_prepare_v2(view->db, sql, -1, &query, NULL);
    if (rc == SQLITE_OK)
        rc = bind_number(query, ":by_priority", view->by_priority);
    if (rc == SQLITE_OK)
        rc = bind_number(query, ":page", 25);
    if (rc == SQLITE_OK) {
        int columns = sqlite3_column_count(query);
        print_row(query, columns, 1);
        while ((rc = sqlite3_step(query)) == SQLITE_ROW)
            print_row(query, columns, 0);
    }
    int failed = rc == SQLITE_DONE ? 0 : complain_of_database(view->db);
    sqlite3_finalize(query);
    return failed;
}

static void
print_head(const struct view *view)
{
    printf("%s: %s %s, rows of %s%s by %s\n", envres_scope_environment(view->scope),
           envres_scope_app(view->scope), envres_scope_release(view->scope), view->db_name,
           envres_resource_handle_is_fallback(view->crm) ? " (a fallback)" : "",
           view->by_priority ? "priority" : "age");
}

/* Answers with one page of the definition. */
static int
print_page(const struct view *view, const char *path)
{
    sqlite3_stmt *page = NULL;
    size_t len = 0;
    const char *definition = envres_value_data(view->definition, &len);
    int failed = 1;
    int rc = sqlite3_prepare_v2(view->db, find_page, -1, &page, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text64(page, 1, definition, len, SQLITE_STATIC, SQLITE_UTF8);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(page, 2, path, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(page);
    if (rc == SQLITE_ROW && sqlite3_column_text(page, 1)) {
        print_head(view);
        printf("%s\n", sqlite3_column_text(page, 0));
        failed = print_rows(view, (const char *)sqlite3_column_text(page, 1));
    } else if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
        fprintf(stderr, "dashboard: no table on the page %s\n", path);
    } else {
        complain_of_database(view->db);
    }
    sqlite3_finalize(page);
    return failed;
}

/* The next line without its end; "" for one that is too long to be the path of a page. */
static int
read_request(char *path, int room)
{
    int c = 0;
    int count = 0;
    while ((c = getchar()) != EOF && c != '\n') {
        if (count < room - 1)
            path[count] = (char)c;
        count++;
    }
    path[count < room ? count : 0] = '\0';
    return c != EOF || count > 0;
}

/* One answer for each line, until the input ends. 0: all of them could be given. */
static int
serve(struct host *host)
{
    char path[REQUEST_BYTES];
    int failed = 0;
    while (read_request(path, sizeof(path))) {
        failed |= refresh(host) || print_page(&host->view, path);
        printf("\n");
        fflush(stdout);
    }
    return failed;
}

static void
close_host(struct host *host)
{
    free_view(&host->view);
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
    int failed = open_host(&host, store, argc > 3 ? argv[3] : key_file, argv[1]) ||
                 fill_view(&host, &host.view) || serve(&host);
    close_host(&host);
    return failed;
}
