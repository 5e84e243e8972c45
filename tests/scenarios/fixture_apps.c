/* SPDX-License-Identifier: MIT */
/*
 * The apps of the fixture, and their part of the dump.
 *
 *   portal  v1 retired (1.0.0), v2 live (1.1.0), v3 ready, v4 staged, v5 a draft with edits,
 *           v6 discarded, with a part that nothing else refers to
 *   tool    v1 live (0.1.0), with its configuration pinned; v2 an empty draft
 */
#include <stdio.h>
#include <string.h>

#include "fixture_apps.h"

#define TEXT ENVRES_NUL_TERMINATED

static const char logo[] = "\x89PNG\x00\xff\x00logo";

envres_version_name
version_of(const char *app, const char *version)
{
    envres_version_name name = { .size = sizeof(name),
                                 .app = app,
                                 .app_len = TEXT,
                                 .version = version,
                                 .version_len = version ? TEXT : 0 };
    return name;
}

envres_part_write
part_of(const char *path, const char *data, uint32_t flags)
{
    envres_part_write write = { .size = sizeof(write),
                                .flags = flags,
                                .path = path,
                                .path_len = TEXT,
                                .data = data,
                                .data_len = data ? strlen(data) : 0 };
    return write;
}

static int
digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

envres_status
content_of(struct fixture *fx, const char *app, const char *version, uint8_t content[32])
{
    envres_version_name name = version_of(app, version);
    envres_list *list = NULL;
    envres_status st = envres_version_describe(fx->session, &name, &list, fx->err);
    if (st == ENVRES_OK) {
        const char *hex = envres_list_text(list, 0, ENVRES_VERSION_CONTENT, NULL);
        for (size_t i = 0; i < 32; i++)
            content[i] = (uint8_t)(digit(hex[2 * i]) * 16 + digit(hex[2 * i + 1]));
    }
    envres_list_free(list);
    return st;
}

envres_status
promote(struct fixture *fx, const char *app, const char *version, const char *from, const char *to)
{
    envres_version_name name = version_of(app, version);
    uint8_t content[32];
    envres_status st = content_of(fx, app, version, content);
    envres_promote_options options = { .size = sizeof(options),
                                       .to = to,
                                       .to_len = TEXT,
                                       .expect_stage = from,
                                       .expect_stage_len = TEXT,
                                       .expect_content = content };
    return st < 0 ? st : envres_version_promote(fx->session, &name, &options, NULL, NULL, fx->err);
}

envres_status
release(struct fixture *fx, const char *app, const char *version, const char *tag, int64_t live)
{
    envres_version_name name = version_of(app, version);
    uint8_t content[32];
    envres_status st = content_of(fx, app, version, content);
    envres_release_options options = { .size = sizeof(options),
                                       .tag = tag,
                                       .tag_len = TEXT,
                                       .notes = "as planned",
                                       .notes_len = TEXT,
                                       .expect_content = content,
                                       .expect_live = live };
    return st < 0 ? st
                  : envres_release_create(fx->session, &name, &options, NULL, NULL, NULL, fx->err);
}

/* ---- making --------------------------------------------------------------------------------- */

static envres_status
put_parts(struct fixture *fx, const char *app, const char *version, const envres_part_write *writes,
          size_t count)
{
    envres_version_name name = version_of(app, version);
    return envres_part_put(fx->session, &name, writes, count, NULL, NULL, fx->err);
}

static envres_status
create_version(struct fixture *fx, const char *app, const char *from, uint32_t flags)
{
    envres_version_options options = {
        .size = sizeof(options), .flags = flags, .from = from, .from_len = from ? TEXT : 0
    };
    return envres_version_create(fx->session, app, TEXT, &options, NULL, NULL, fx->err);
}

/* A version made from another, with one part of its own. */
static envres_status
edited_version(struct fixture *fx, const char *from, const char *version, const char *text)
{
    envres_part_write page = part_of("index.html", text, 0);
    envres_status st = create_version(fx, "portal", from, 0);
    return st < 0 ? st : put_parts(fx, "portal", version, &page, 1);
}

static envres_status
pin(struct fixture *fx, const char *version, int64_t revision)
{
    envres_version_name name = version_of("portal", version);
    return envres_query_pin(fx->session, &name, "find", TEXT, revision, NULL, fx->err);
}

static envres_status
to_the_end(struct fixture *fx, const char *app, const char *version)
{
    envres_status st = promote(fx, app, version, "development", "staging");
    return st < 0 ? st : promote(fx, app, version, "staging", "production");
}

static envres_status
make_released(struct fixture *fx)
{
    envres_part_write parts[] = {
        part_of("index.html", "<p><< app.name >> at << environment.variables.HOST >></p>\n", 0),
        part_of("public/app.js", "const version = \"<< app.version >>\";\n", ENVRES_PART_PUBLIC),
        part_of("query/find.sql", "SELECT name FROM item WHERE id = << params.id >>\n", 0),
        part_of("logo.png", logo, 0),
    };
    parts[3].data_len = sizeof(logo) - 1;
    envres_status st = envres_app_create(fx->session, "portal", TEXT, NULL, NULL, fx->err);
    if (st == ENVRES_OK)
        st = put_parts(fx, "portal", "v1", parts, 4);
    if (st == ENVRES_OK)
        st = pin(fx, "v1", 0);
    if (st == ENVRES_OK)
        st = to_the_end(fx, "portal", "v1");
    if (st == ENVRES_OK)
        st = release(fx, "portal", "v1", "1.0.0", 0);
    if (st == ENVRES_OK)
        st = edited_version(fx, NULL, "v2", "<p>second, << environment.name >></p>\n");
    if (st == ENVRES_OK)
        st = pin(fx, "v2", 1);
    if (st == ENVRES_OK)
        st = to_the_end(fx, "portal", "v2");
    if (st == ENVRES_OK)
        st = release(fx, "portal", "v2", "1.1.0", 1);
    return st;
}

static envres_status
make_unreleased(struct fixture *fx)
{
    envres_part_write edits[] = {
        part_of("index.html", "<p>fifth</p>\n", 0),
        part_of("notes/a.txt", "a note\n", 0),
        part_of("query/find.sql", NULL, ENVRES_PART_REMOVE),
    };
    envres_version_name draft = version_of("portal", "v5");
    envres_version_name thrown = version_of("portal", "v6");
    uint8_t content[32];
    envres_status st = edited_version(fx, NULL, "v3", "<p>third</p>\n");
    if (st == ENVRES_OK)
        st = pin(fx, "v3", 0);
    if (st == ENVRES_OK)
        st = to_the_end(fx, "portal", "v3");
    if (st == ENVRES_OK)
        st = edited_version(fx, "v3", "v4", "<p>fourth</p>\n");
    if (st == ENVRES_OK)
        st = promote(fx, "portal", "v4", "development", "staging");
    if (st == ENVRES_OK)
        st = create_version(fx, "portal", "v4", 0);
    if (st == ENVRES_OK)
        st = put_parts(fx, "portal", "v5", edits, 2);
    if (st == ENVRES_OK)
        st = put_parts(fx, "portal", "v5", edits + 2, 1);
    if (st == ENVRES_OK)
        st = envres_part_restore(fx->session, &draft, "index.html", TEXT, 0, NULL, fx->err);
    if (st == ENVRES_OK)
        st = edited_version(fx, "v1", "v6", "<p>thrown away</p>\n");
    if (st == ENVRES_OK)
        st = content_of(fx, "portal", "v6", content);
    envres_version_seen seen = {
        .size = sizeof(seen), .stage = "development", .stage_len = TEXT, .content = content
    };
    if (st == ENVRES_OK)
        st = envres_version_discard(fx->session, &thrown, &seen, NULL, fx->err);
    return st;
}

static envres_status
make_pinned(struct fixture *fx)
{
    envres_part_write main = part_of("main.txt", "<< environment.variables.HOST >>\n", 0);
    envres_app_options pinned = { .size = sizeof(pinned), .flags = ENVRES_APP_PIN_CONFIG };
    envres_status st = envres_app_create(fx->session, "tool", TEXT, &pinned, NULL, fx->err);
    if (st == ENVRES_OK)
        st = put_parts(fx, "tool", "v1", &main, 1);
    if (st == ENVRES_OK)
        st = to_the_end(fx, "tool", "v1");
    if (st == ENVRES_OK)
        st = release(fx, "tool", "v1", "v0.1.0", 0);
    if (st == ENVRES_OK)
        st = create_version(fx, "tool", NULL, ENVRES_VERSION_EMPTY);
    return st;
}

envres_status
fixture_apps(struct fixture *fx)
{
    envres_status st = make_released(fx);
    if (st == ENVRES_OK)
        st = make_unreleased(fx);
    if (st == ENVRES_OK)
        st = make_pinned(fx);
    return st;
}

envres_status
fixture_contents(struct fixture *fx)
{
    envres_status st = content_of(fx, "portal", "v3", fx->ready);
    if (st == ENVRES_OK)
        st = content_of(fx, "portal", "v4", fx->staged);
    if (st == ENVRES_OK)
        st = content_of(fx, "portal", "v5", fx->draft);
    return st;
}

/* ---- dump ----------------------------------------------------------------------------------- */

static void
dump_version(struct fixture *fx, struct dump *dump, const char *app, const char *version,
             int is_discarded)
{
    envres_version_name name = version_of(app, version);
    envres_list *list = NULL;
    if (envres_part_history(fx->session, &name, NULL, 0, &list, fx->err) < 0)
        dump->failed = 1;
    else
        dump_list(dump, version, list);
    list = NULL;
    if (is_discarded) /* gc may have taken its parts */
        return;
    if (envres_part_list(fx->session, &name, &list, fx->err) < 0)
        dump->failed = 1;
    else
        dump_list(dump, "parts", list);
    list = NULL;
    if (envres_query_pins(fx->session, &name, &list, fx->err) < 0)
        dump->failed = 1;
    else
        dump_list(dump, "queries", list);
}

static void
dump_served_query(struct fixture *fx, struct dump *dump, const envres_scope *scope)
{
    envres_query *query = NULL;
    char line[80] = "";
    size_t len = 0;
    envres_status st = envres_scope_query(scope, "find", TEXT, &query, fx->err);
    if (st == ENVRES_E_NOT_FOUND)
        return;
    if (st < 0) {
        dump->failed = 1;
        return;
    }
    int written =
        snprintf(line, sizeof(line), "find %lld: ", (long long)envres_query_revision(query));
    dump_text(dump, line, (size_t)written);
    const char *text = envres_query_text(query, ENVRES_QUERY_TEXT, &len);
    dump_text(dump, text, len);
    dump_text(dump, "\n", 1);
    envres_query_free(query);
}

/* The release that is live, as a host reads it. */
static void
dump_live(struct fixture *fx, struct dump *dump, const char *app)
{
    envres_scope_options options = { .size = sizeof(options), .app = app, .app_len = TEXT };
    envres_scope *scope = NULL;
    char line[160];
    envres_status st =
        envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err);
    if (st == ENVRES_E_NOTHING_LIVE) {
        dump_text(dump, "nothing live\n", 13);
        return;
    }
    if (st < 0) {
        dump->failed = 1;
        return;
    }
    int len =
        snprintf(line, sizeof(line), "%s %s %s %lld at %lld\n", envres_scope_app(scope),
                 envres_scope_version(scope), envres_scope_release(scope),
                 (long long)envres_scope_sequence(scope), (long long)envres_scope_revision(scope));
    dump_text(dump, line, (size_t)len);
    for (uint32_t i = 0; i < envres_scope_part_count(scope); i++) {
        const char *path = envres_scope_part_path(scope, i);
        const char *data = NULL;
        size_t data_len = 0;
        if (envres_scope_part(scope, path, TEXT, &data, &data_len, fx->err) < 0)
            dump->failed = 1;
        dump_text(dump, path, strlen(path));
        dump_text(dump, "\n", 1);
        for (size_t k = 0; k < data_len; k++) /* a dump is text */
            dump_text(dump, data[k] ? &data[k] : "0", 1);
    }
    dump_served_query(fx, dump, scope);
    envres_scope_unref(scope);
}

static void
dump_app(struct fixture *fx, struct dump *dump, const char *app)
{
    envres_list *versions = NULL;
    envres_list *list = NULL;
    if (envres_version_list(fx->session, app, TEXT, NULL, 0, ENVRES_VERSION_ALL, &versions,
                            fx->err) < 0) {
        dump->failed = 1;
        return;
    }
    for (size_t i = 0; !dump->failed && i < envres_list_count(versions); i++)
        dump_version(
            fx, dump, app, envres_list_text(versions, i, ENVRES_VERSION_NAME, NULL),
            !strcmp(envres_list_text(versions, i, ENVRES_VERSION_STATE, NULL), "discarded"));
    dump_list(dump, app, versions);
    if (envres_release_list(fx->session, app, TEXT, &list, fx->err) < 0)
        dump->failed = 1;
    else
        dump_list(dump, "releases", list);
    list = NULL;
    if (envres_version_last(fx->session, app, TEXT, &list, fx->err) < 0)
        dump->failed = 1;
    else
        dump_list(dump, "last", list);
    dump_live(fx, dump, app);
}

void
dump_apps(struct fixture *fx, struct dump *dump)
{
    envres_list *apps = NULL;
    if (envres_app_list(fx->session, &apps, fx->err) < 0) {
        dump->failed = 1;
        return;
    }
    for (size_t i = 0; !dump->failed && i < envres_list_count(apps); i++)
        dump_app(fx, dump, envres_list_text(apps, i, ENVRES_APP_NAME, NULL));
    dump_list(dump, "apps", apps);
}
