/* SPDX-License-Identifier: MIT */
/* Scenarios of apps, versions and parts, as far as they do not move a version on. */
#include <stdlib.h>
#include <string.h>

#include "fixture_apps.h"
#include "scenarios.h"

#define TEXT ENVRES_NUL_TERMINATED

/* ---- changes -------------------------------------------------------------------------------- */

envres_status
create_app(struct fixture *fx)
{
    return envres_app_create(fx->session, "third", TEXT, NULL, NULL, fx->err);
}

envres_status
set_app(struct fixture *fx)
{
    envres_app_options options = { .size = sizeof(options),
                                   .flags = ENVRES_APP_PIN_CONFIG | ENVRES_APP_PROTECT };
    return envres_app_set(fx->session, "portal", TEXT, &options, NULL, fx->err);
}

envres_status
create_version(struct fixture *fx)
{
    envres_version_options options = { .size = sizeof(options),
                                       .name = "hotfix",
                                       .name_len = TEXT,
                                       .description = "from what is live",
                                       .description_len = TEXT };
    envres_list *made = NULL;
    envres_status st =
        envres_version_create(fx->session, "portal", TEXT, &options, NULL, &made, fx->err);
    if (st == ENVRES_OK &&
        strcmp(envres_list_text(made, 0, ENVRES_VERSION_PARENT, NULL), "v2") != 0)
        abort();
    envres_list_free(made);
    return st;
}

/* From a draft: its content is written down first. */
envres_status
copy_draft(struct fixture *fx)
{
    envres_version_options options = { .size = sizeof(options), .from = "v5", .from_len = TEXT };
    return envres_version_create(fx->session, "portal", TEXT, &options, NULL, NULL, fx->err);
}

envres_status
set_version(struct fixture *fx)
{
    envres_version_name version = version_of("portal", "v2");
    envres_version_options options = { .size = sizeof(options),
                                       .name = "summer",
                                       .name_len = TEXT,
                                       .description = "as it was released",
                                       .description_len = TEXT };
    return envres_version_set(fx->session, &version, &options, NULL, fx->err);
}

envres_status
open_version(struct fixture *fx)
{
    envres_version_name version = version_of("portal", NULL);
    envres_list *opened = NULL;
    envres_status st =
        envres_version_open(fx->session, &version, "staging", TEXT, NULL, &opened, fx->err);
    if (st == ENVRES_OK && envres_list_count(opened) != 1)
        abort();
    envres_list_free(opened);
    return st;
}

envres_status
put_part(struct fixture *fx)
{
    envres_version_name version = version_of("portal", "v5");
    envres_part_write write = part_of("index.html", "<p>saved</p>\n", 0);
    return envres_part_put(fx->session, &version, &write, 1, NULL, NULL, fx->err);
}

envres_status
put_many_parts(struct fixture *fx)
{
    envres_version_name version = version_of("portal", "v5");
    envres_part_write writes[] = {
        part_of("a/new.txt", "a new part\n", ENVRES_PART_ABSENT),
        part_of("index.html", "<p>saved</p>\n", ENVRES_PART_PUBLIC),
        part_of("notes/a.txt", NULL, ENVRES_PART_REMOVE),
        part_of("z.txt", "", 0),
    };
    uint8_t content[32];
    return envres_part_put(fx->session, &version, writes, 4, NULL, content, fx->err);
}

envres_status
restore_part(struct fixture *fx)
{
    envres_version_name version = version_of("portal", "v5");
    return envres_part_restore(fx->session, &version, "query/find.sql", TEXT, 0, NULL, fx->err);
}

envres_status
collect_garbage(struct fixture *fx)
{
    envres_list *freed = NULL;
    envres_status st = envres_session_gc(fx->session, NULL, &freed, fx->err);
    if (st == ENVRES_OK && envres_list_integer(freed, 0, ENVRES_GC_PARTS) != 1)
        abort();
    envres_list_free(freed);
    return st;
}

/* ---- readings ------------------------------------------------------------------------------- */

envres_status
app_lists(struct fixture *fx)
{
    envres_list *list = NULL;
    envres_status st = envres_app_list(fx->session, &list, fx->err);
    if (st == ENVRES_OK && envres_list_count(list) != 2)
        abort();
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_app_describe(fx->session, "portal", TEXT, &list, fx->err);
    if (st == ENVRES_OK &&
        strcmp(envres_list_text(list, 0, ENVRES_APP_LIVE_VERSION, NULL), "v2") != 0)
        abort();
    envres_list_free(list);
    return st;
}

envres_status
app_status(struct fixture *fx)
{
    envres_list *list = NULL;
    envres_status st = envres_app_status(fx->session, "portal", TEXT, &list, fx->err);
    if (st == ENVRES_OK &&
        (envres_list_count(list) < 6 ||
         strcmp(envres_list_text(list, 0, ENVRES_STATUS_ROW, NULL), "live") != 0))
        abort();
    envres_list_free(list);
    return st;
}

envres_status
version_lists(struct fixture *fx)
{
    envres_version_name version = version_of("portal", "v3");
    envres_list *list = NULL;
    envres_status st =
        envres_version_list(fx->session, "portal", TEXT, "staging", TEXT, 0, &list, fx->err);
    if (st == ENVRES_OK && envres_list_count(list) != 4)
        abort();
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_version_describe(fx->session, &version, &list, fx->err);
    if (st == ENVRES_OK &&
        strcmp(envres_list_text(list, 0, ENVRES_VERSION_STATE, NULL), "ready") != 0)
        abort();
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_version_last(fx->session, "portal", TEXT, &list, fx->err);
    envres_list_free(list);
    return st;
}

envres_status
diff_versions(struct fixture *fx)
{
    envres_version_name from = version_of("portal", "v1");
    envres_version_name to = version_of("portal", "v5");
    envres_list *list = NULL;
    envres_status st =
        envres_version_diff(fx->session, &from, &to, ENVRES_DIFF_WITH_TEXT, &list, fx->err);
    if (st == ENVRES_OK && envres_list_count(list) != 3)
        abort();
    envres_list_free(list);
    return st;
}

envres_status
check_staged(struct fixture *fx)
{
    envres_version_name version = version_of("portal", "v4");
    envres_list *list = NULL;
    envres_status st =
        envres_version_check(fx->session, &version, "production", TEXT, &list, fx->err);
    for (size_t i = 0; i < envres_list_count(list); i++) {
        if (strcmp(envres_list_text(list, i, ENVRES_FINDING_SEVERITY, NULL), "error") == 0)
            abort();
    }
    envres_list_free(list);
    return st;
}

envres_status
read_parts(struct fixture *fx)
{
    envres_version_name version = version_of("portal", "v5");
    envres_list *list = NULL;
    envres_value *value = NULL;
    uint8_t digest[32];
    size_t len = 0;
    envres_status st = envres_part_digest("a note\n", 7, digest, fx->err);
    if (st == ENVRES_OK)
        st = envres_part_get(fx->session, &version, "notes/a.txt", TEXT, &value, fx->err);
    if (st == ENVRES_OK && strcmp(envres_value_data(value, &len), "a note\n") != 0)
        abort();
    envres_value_free(value);
    if (st == ENVRES_OK)
        st = envres_part_list(fx->session, &version, &list, fx->err);
    if (st == ENVRES_OK && envres_list_count(list) != 4)
        abort();
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_part_history(fx->session, &version, "index.html", TEXT, &list, fx->err);
    if (st == ENVRES_OK && envres_list_count(list) != 2)
        abort();
    envres_list_free(list);
    return st;
}

static envres_status
serve(struct fixture *fx, const envres_scope_options *options, const char *version,
      const char *page)
{
    envres_scope *scope = NULL;
    const char *data = NULL;
    size_t len = 0;
    envres_status st = envres_scope_open(fx->session, "production", TEXT, options, &scope, fx->err);
    if (st == ENVRES_OK && strcmp(envres_scope_version(scope), version) != 0)
        abort();
    if (st == ENVRES_OK)
        st = envres_scope_part(scope, "index.html", TEXT, &data, &len, fx->err);
    if (st == ENVRES_OK && !strstr(data, page))
        abort();
    envres_scope_unref(scope);
    return st;
}

envres_status
serve_app(struct fixture *fx)
{
    envres_scope_options options = { .size = sizeof(options), .app = "portal", .app_len = TEXT };
    envres_status st = serve(fx, &options, "v2", "second");
    options.tag = "1.0.0";
    options.tag_len = TEXT;
    if (st == ENVRES_OK)
        st = serve(fx, &options, "v1", "<< app.name >>");
    options.tag = NULL;
    options.tag_len = 0;
    options.version = "v3";
    options.version_len = TEXT;
    return st < 0 ? st : serve(fx, &options, "v3", "third");
}

envres_status
render_part(struct fixture *fx)
{
    envres_scope_options options = { .size = sizeof(options), .app = "portal", .app_len = TEXT };
    envres_scope *scope = NULL;
    envres_scope *latest = NULL;
    envres_value *value = NULL;
    const char *data = NULL;
    size_t len = 0;
    envres_status st =
        envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err);
    if (st == ENVRES_OK)
        st = envres_scope_latest(fx->session, scope, &latest, fx->err);
    if (st == ENVRES_OK)
        st = envres_scope_part(latest, "public/app.js", TEXT, &data, &len, fx->err);
    if (st == ENVRES_OK)
        st = envres_scope_expand(latest, data, len, 0, 0, &value, fx->err);
    if (st == ENVRES_OK && strcmp(envres_value_data(value, NULL), "const version = \"v2\";\n") != 0)
        abort();
    envres_value_free(value);
    value = NULL;
    if (st == ENVRES_OK)
        st = envres_scope_render_part(latest, "public/app.js", TEXT, NULL, &value, fx->err);
    if (st == ENVRES_OK &&
        (strcmp(envres_value_data(value, NULL), "const version = \"v2\";\n") != 0 ||
         !envres_scope_part_is_public(latest, "public/app.js", TEXT)))
        abort();
    if (st == ENVRES_OK &&
        (envres_scope_part_count(latest) != 4 || envres_scope_sequence(latest) != 2 ||
         strcmp(envres_scope_app(latest), "portal") != 0 ||
         strcmp(envres_scope_release(latest), "1.1.0") != 0 ||
         strcmp(envres_scope_part_path(latest, 0), "index.html") != 0))
        abort();
    envres_value_free(value);
    envres_scope_unref(latest);
    envres_scope_unref(scope);
    return st;
}
