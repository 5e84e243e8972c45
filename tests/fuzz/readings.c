/* SPDX-License-Identifier: MIT */
/* The readings: each asks for one list, value or scope, and looks at every cell of it. */
#include "readings.h"

#include <string.h>

#include "fuzz.h"

#define TEXT ENVRES_NUL_TERMINATED

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
apps(struct fixture *fx)
{
    envres_list *list = NULL;
    return finish(envres_app_list(fx->session, &list, NULL), &list);
}

static envres_status
app(struct fixture *fx)
{
    envres_list *list = NULL;
    return finish(envres_app_describe(fx->session, "portal", TEXT, &list, NULL), &list);
}

static envres_status
status(struct fixture *fx)
{
    envres_list *list = NULL;
    return finish(envres_app_status(fx->session, "portal", TEXT, &list, NULL), &list);
}

static envres_status
versions(struct fixture *fx)
{
    envres_list *list = NULL;
    return finish(envres_version_list(fx->session, "portal", TEXT, NULL, 0, 0, &list, NULL), &list);
}

static envres_status
version(struct fixture *fx)
{
    envres_version_name name = version_of("v3");
    envres_list *list = NULL;
    return finish(envres_version_describe(fx->session, &name, &list, NULL), &list);
}

static envres_status
last_version(struct fixture *fx)
{
    envres_list *list = NULL;
    return finish(envres_version_last(fx->session, "portal", TEXT, &list, NULL), &list);
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
parts(struct fixture *fx)
{
    envres_version_name name = version_of("v5");
    envres_list *list = NULL;
    return finish(envres_part_list(fx->session, &name, &list, NULL), &list);
}

static envres_status
part_history(struct fixture *fx)
{
    envres_version_name name = version_of("v5");
    envres_list *list = NULL;
    return finish(envres_part_history(fx->session, &name, "index.html", TEXT, &list, NULL), &list);
}

static envres_status
releases(struct fixture *fx)
{
    envres_list *list = NULL;
    return finish(envres_release_list(fx->session, "portal", TEXT, &list, NULL), &list);
}

static envres_status
queries(struct fixture *fx)
{
    envres_list *list = NULL;
    return finish(envres_query_list(fx->session, &list, NULL), &list);
}

static envres_status
query_history(struct fixture *fx)
{
    envres_list *list = NULL;
    return finish(envres_query_history(fx->session, "find", TEXT, &list, NULL), &list);
}

static envres_status
query_pins(struct fixture *fx)
{
    envres_version_name name = version_of("v1");
    envres_list *list = NULL;
    return finish(envres_query_pins(fx->session, &name, &list, NULL), &list);
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

static envres_status
inbox(struct fixture *fx)
{
    envres_list *list = NULL;
    return finish(envres_inbox_list(fx->session, "staging", TEXT, &list, NULL), &list);
}

const struct scenario readings[] = {
    { "apps", SCENARIO_READS, apps },
    { "app", SCENARIO_READS, app },
    { "status", SCENARIO_READS, status },
    { "versions", SCENARIO_READS, versions },
    { "version", SCENARIO_READS, version },
    { "last version", SCENARIO_READS, last_version },
    { "diff", SCENARIO_READS, diff },
    { "check", SCENARIO_READS, check },
    { "part", SCENARIO_READS, part },
    { "parts", SCENARIO_READS, parts },
    { "part history", SCENARIO_READS, part_history },
    { "releases", SCENARIO_READS, releases },
    { "queries", SCENARIO_READS, queries },
    { "query history", SCENARIO_READS, query_history },
    { "query pins", SCENARIO_READS, query_pins },
    { "query", SCENARIO_READS, query },
    { "pinned query", SCENARIO_READS, pinned_query },
    { "variable history", SCENARIO_READS, variable_history },
    { "resource history", SCENARIO_READS, resource_history },
    { "audit", SCENARIO_READS, audit },
    { "inbox", SCENARIO_READS, inbox },
};

const size_t reading_count = sizeof(readings) / sizeof(readings[0]);
