/* SPDX-License-Identifier: MIT */
/*
 * The readings: each asks for one list, value or scope, and looks at every cell of it. Most are
 * rows that name a function and what it is asked for; those with more arguments have one of their
 * own.
 */
#include "readings.h"

#include <string.h>

#include "fuzz.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define TEXT         ENVRES_NUL_TERMINATED

/* Every cell is there to be read, to its end. */
static envres_status
finish(envres_status st, envres_list **made)
{
    envres_list *list = *made; /* a pointer to it, since arguments have no order */
    for (size_t row = 0; row < envres_list_count(list); row++) {
        for (uint32_t column = 0; column < envres_list_columns(list); column++) {
            size_t len = 0;
            const char *text = envres_list_text(list, row, column, &len);
            CHECK(!text || strlen(text) <= len);
            CHECK(!text || text[len] == '\0');
        }
    }
    envres_list_free(list);
    return st;
}

static envres_version_name
version_of(const char *version)
{
    envres_version_name name = { .size = sizeof(name),
                                 .app = "portal",
                                 .app_len = TEXT,
                                 .version = version,
                                 .version_len = TEXT };
    return name;
}

static envres_status
versions(struct fixture *fx)
{
    envres_list *list = NULL;
    return finish(envres_version_list(fx->session, "portal", TEXT, NULL, 0, 0, &list, NULL), &list);
}

static envres_status
diff(struct fixture *fx)
{
    envres_version_name from = version_of("v1");
    envres_version_name to = version_of("v5");
    envres_list *list = NULL;
    return finish(envres_version_diff(fx->session, &from, &to, ENVRES_DIFF_WITH_TEXT, &list, NULL),
                  &list);
}

static envres_status
check(struct fixture *fx)
{
    envres_version_name name = version_of("v4");
    envres_list *list = NULL;
    return finish(envres_version_check(fx->session, &name, "production", TEXT, &list, NULL), &list);
}

static envres_status
part(struct fixture *fx)
{
    envres_version_name name = version_of("v5");
    envres_value *value = NULL;
    envres_status st = envres_part_get(fx->session, &name, "notes/a.txt", TEXT, &value, NULL);
    envres_value_free(value);
    return st;
}

static envres_status
part_history(struct fixture *fx)
{
    envres_version_name name = version_of("v5");
    envres_list *list = NULL;
    return finish(envres_part_history(fx->session, &name, "index.html", TEXT, &list, NULL), &list);
}

static envres_status
query(struct fixture *fx)
{
    envres_query *found = NULL;
    envres_list *params = NULL;
    envres_status st = envres_query_open(fx->session, "find", TEXT, 0, &found, NULL);
    if (st == ENVRES_OK)
        st = envres_query_params(found, &params, NULL);
    envres_query_free(found);
    return finish(st, &params);
}

/* What a version that was released serves of its queries. */
static envres_status
pinned_query(struct fixture *fx)
{
    envres_scope_options options = {
        .size = sizeof(options), .app = "portal", .app_len = TEXT, .version = "v3", .version_len = 2
    };
    envres_scope *scope = NULL;
    envres_query *found = NULL;
    envres_status st = envres_scope_open(fx->session, "production", TEXT, &options, &scope, NULL);
    if (st == ENVRES_OK)
        st = envres_scope_query(scope, "find", TEXT, &found, NULL);
    envres_query_free(found);
    envres_scope_unref(scope);
    return st;
}

static envres_status
variable_history(struct fixture *fx)
{
    envres_list *list = NULL;
    return finish(envres_variable_history(fx->session, "development", TEXT, "DB_PASSWORD", TEXT,
                                          ENVRES_READ_REVEAL, &list, NULL),
                  &list);
}

static envres_status
resource_history(struct fixture *fx)
{
    envres_list *list = NULL;
    return finish(envres_resource_history(fx->session, "development", TEXT, "crm", TEXT,
                                          ENVRES_READ_REVEAL, &list, NULL),
                  &list);
}

static envres_status
audit(struct fixture *fx)
{
    envres_list *list = NULL;
    return finish(envres_audit_list(fx->session, NULL, &list, NULL), &list);
}

/* One of the four is there. */
static const struct reading {
    const char *name;
    const char *asked; /* an app, a query, an environment, or a version of portal */
    envres_status (*all)(envres_session *session, envres_list **out, envres_error *err);
    envres_status (*named)(envres_session *session, const char *name, size_t len, envres_list **out,
                           envres_error *err);
    envres_status (*of_version)(envres_session *session, const envres_version_name *version,
                                envres_list **out, envres_error *err);
    envres_status (*own)(struct fixture *fx);
} readings[] = {
    { "apps", NULL, .all = envres_app_list },
    { "app", "portal", .named = envres_app_describe },
    { "status", "portal", .named = envres_app_status },
    { "versions", NULL, .own = versions },
    { "version", "v3", .of_version = envres_version_describe },
    { "last version", "portal", .named = envres_version_last },
    { "diff", NULL, .own = diff },
    { "check", NULL, .own = check },
    { "part", NULL, .own = part },
    { "parts", "v5", .of_version = envres_part_list },
    { "part history", NULL, .own = part_history },
    { "releases", "portal", .named = envres_release_list },
    { "queries", NULL, .all = envres_query_list },
    { "query history", "find", .named = envres_query_history },
    { "query pins", "v1", .of_version = envres_query_pins },
    { "query", NULL, .own = query },
    { "pinned query", NULL, .own = pinned_query },
    { "variable history", NULL, .own = variable_history },
    { "resource history", NULL, .own = resource_history },
    { "audit", NULL, .own = audit },
    { "inbox", "staging", .named = envres_inbox_list },
};

const size_t reading_count = COUNT(readings);

const char *
reading_name(size_t nth)
{
    return readings[nth].name;
}

envres_status
reading_run(size_t nth, struct fixture *fx)
{
    const struct reading *reading = &readings[nth];
    envres_list *list = NULL;
    if (reading->own)
        return reading->own(fx);
    if (reading->all)
        return finish(reading->all(fx->session, &list, NULL), &list);
    if (reading->named)
        return finish(reading->named(fx->session, reading->asked, TEXT, &list, NULL), &list);
    envres_version_name name = version_of(reading->asked);
    return finish(reading->of_version(fx->session, &name, &list, NULL), &list);
}
