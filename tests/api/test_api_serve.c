/* SPDX-License-Identifier: MIT */
/* Scopes that serve an app: which version, its parts, what a release pins, app.* in texts, and what
 * is refused when the file was changed. */
#include "fx_serve.h"

#include <stdlib.h>

#define PIN ENVRES_APP_PIN_CONFIG

static void
fails(struct fx *fx, envres_status want, const char *env, const char *app, const char *tag,
      const char *version)
{
    envres_scope *scope = NULL;
    expect(fx, serve_open(fx, env, app, tag, version, &scope), want, env);
    assert_null(scope);
}

static envres_scope *
opens(struct fx *fx, const char *env, const char *app, const char *tag, const char *version)
{
    envres_scope *scope = NULL;
    OK(fx, serve_open(fx, env, app, tag, version, &scope));
    return scope;
}

/* What a scope says of its app, and gives it up. */
static void
serves(struct fx *fx, envres_scope *scope, const char *version, const char *tag, int64_t sequence,
       const char *body)
{
    assert_string_equal(envres_scope_app(scope), "crm");
    assert_string_equal(envres_scope_version(scope), version);
    assert_string_equal(envres_scope_release(scope), tag);
    assert_int_equal(envres_scope_sequence(scope), sequence);
    assert_string_equal(serve_text(fx, scope, "a.txt"), body);
    envres_scope_unref(scope);
}

static envres_scope *
latest(struct fx *fx, envres_scope *scope)
{
    envres_scope *fresh = NULL;
    OK(fx, envres_scope_latest(fx->session, scope, &fresh, fx->err));
    envres_scope_unref(scope);
    return fresh;
}

/* An app whose v1 is 1.0.0 and live, and whose v2 is a draft. */
static void
make_app(struct fx *fx, uint32_t flags)
{
    serve_app(fx, "crm", flags);
    serve_part(fx, "crm", "v1", "a.txt", "one");
    serve_part(fx, "crm", "v1", "pages/same.json", "{\"same\": true}");
    serve_release(fx, "crm", "v1", "1.0.0");
    serve_draft(fx, "crm", "v2", "v1");
    serve_part(fx, "crm", "v2", "a.txt", "two");
}

/* ---- which version -------------------------------------------------------------------------- */

static void
live_tag_and_version(void **state)
{
    struct fx *fx = *state;
    serve_app(fx, "crm", 0);
    serve_part(fx, "crm", "v1", "a.txt", "one");
    fails(fx, ENVRES_E_NOTHING_LIVE, "production", "crm", NULL, NULL);
    assert_non_null(strstr(envres_error_message(fx->err), "'crm'"));
    fx_hint(fx, "release a version");
    fails(fx, ENVRES_E_NOT_FOUND, "production", "cmr", NULL, NULL);
    fx_hint(fx, "crm");
    serves(fx, opens(fx, "development", "crm", NULL, "v1"), "v1", "", 0, "one");
    fails(fx, ENVRES_E_NO_VERSION_HERE, "staging", "crm", NULL, "v1");
    fails(fx, ENVRES_E_NOT_FOUND, "development", "crm", NULL, "v7");
    serve_promote(fx, "crm", "v1", "staging");
    serves(fx, opens(fx, "development", "crm", NULL, "v1"), "v1", "", 0, "one");
    serves(fx, opens(fx, "staging", "crm", NULL, "v1"), "v1", "", 0, "one");
    fails(fx, ENVRES_E_NO_VERSION_HERE, "production", "crm", NULL, "v1");
    serve_release(fx, "crm", "v1", "1.0.0");
    serve_draft(fx, "crm", "v2", "v1");
    serve_part(fx, "crm", "v2", "a.txt", "two");
    serves(fx, serve_scope(fx, "crm"), "v1", "1.0.0", 1, "one");
    serve_release(fx, "crm", "v2", "1.1.0");
    serves(fx, serve_scope(fx, "crm"), "v2", "1.1.0", 2, "two");
    serves(fx, opens(fx, "staging", "crm", NULL, NULL), "v2", "1.1.0", 2, "two");
    serves(fx, opens(fx, "production", "crm", "1.0.0", NULL), "v1", "1.0.0", 1, "one");
    serves(fx, opens(fx, "production", "crm", "v1.0.0", NULL), "v1", "1.0.0", 1, "one");
    serves(fx, opens(fx, "production", "crm", NULL, "v1"), "v1", "1.0.0", 1, "one");
    fails(fx, ENVRES_E_NOT_FOUND, "production", "crm", "1.0.1", NULL);
    fails(fx, ENVRES_E_TAG, "production", "crm", "newest", NULL);
    serve_rollback(fx, "crm", NULL);
    serves(fx, serve_scope(fx, "crm"), "v1", "1.0.0", 3, "one");
    serves(fx, opens(fx, "production", "crm", "1.0.0", NULL), "v1", "1.0.0", 1, "one");
    serves(fx, opens(fx, "production", "crm", NULL, "v1"), "v1", "1.0.0", 3, "one");
    serves(fx, opens(fx, "production", "crm", NULL, "v2"), "v2", "1.1.0", 2, "two");
}

static void
off_the_path_the_live_release(void **state)
{
    struct fx *fx = *state;
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    make_app(fx, 0);
    OK(fx, envres_environment_add(fx->session, "customer", TEXT, &options, NULL, fx->err));
    serves(fx, opens(fx, "customer", "crm", NULL, NULL), "v1", "1.0.0", 1, "one");
    serves(fx, opens(fx, "customer", "crm", NULL, "v1"), "v1", "1.0.0", 1, "one");
    fails(fx, ENVRES_E_NO_VERSION_HERE, "customer", "crm", NULL, "v2");
}

static void
withdrawn_and_discarded(void **state)
{
    struct fx *fx = *state;
    envres_scope *fresh = NULL;
    make_app(fx, 0);
    envres_scope *scope = serve_scope(fx, "crm");
    serve_withdraw(fx, "crm");
    fails(fx, ENVRES_E_NOTHING_LIVE, "production", "crm", NULL, NULL);
    fx_hint(fx, "1.0.0 was withdrawn");
    FAILS(fx, ENVRES_E_NOTHING_LIVE, envres_scope_latest(fx->session, scope, &fresh, fx->err));
    assert_null(fresh);
    assert_string_equal(serve_text(fx, scope, "a.txt"), "one");
    serve_rollback(fx, "crm", NULL);
    scope = latest(fx, scope);
    serves(fx, scope, "v1", "1.0.0", 3, "one");

    serve_discard(fx, "crm", "v2");
    fails(fx, ENVRES_E_DISCARDED, "development", "crm", NULL, "v2");
}

static void
what_is_asked_must_make_sense(void **state)
{
    struct fx *fx = *state;
    make_app(fx, 0);
    fails(fx, ENVRES_E_INVALID, "production", "crm", "1.0.0", "v1");
    fails(fx, ENVRES_E_INVALID, "production", NULL, "1.0.0", NULL);
    fails(fx, ENVRES_E_INVALID, "production", NULL, NULL, "v1");
    fails(fx, ENVRES_E_NOT_FOUND, "produktion", "crm", NULL, NULL);
    fails(fx, ENVRES_E_NOT_FOUND, "production", "", NULL, NULL);
}

/* ---- parts ---------------------------------------------------------------------------------- */

static void
parts_are_borrowed(void **state)
{
    struct fx *fx = *state;
    const char *data = "x";
    size_t len = 1;
    static const char *const paths[] = { "a.txt", "b/1.txt", "b/2.txt", "empty" };
    serve_app(fx, "crm", 0);
    for (size_t i = 4; i > 0; i--)
        serve_part(fx, "crm", "v1", paths[i - 1], i == 4 ? "" : paths[i - 1]);
    OK(fx, fx_put(fx, "staging", "HOST", "s", 0, 0));
    OK(fx, fx_put(fx, "production", "HOST", "h", 0, ENVRES_WRITE_PLAIN));
    serve_part(fx, "crm", "v1", "b/1.txt", "<< app.name >> at << environment.variables.HOST >>");
    serve_release(fx, "crm", "v1", "1.0.0");
    envres_scope *scope = serve_scope(fx, "crm");
    assert_int_equal(envres_scope_part_count(scope), 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_string_equal(envres_scope_part_path(scope, i), paths[i]);
    assert_null(envres_scope_part_path(scope, 4));
    assert_string_equal(serve_text(fx, scope, "b/2.txt"), "b/2.txt");
    assert_string_equal(serve_text(fx, scope, "empty"), "");
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_scope_part(scope, "a.tx", TEXT, &data, &len, fx->err));
    fx_hint(fx, "'a.txt'");
    assert_string_equal(envres_error_subject(fx->err), "a.tx");
    assert_null(data);
    assert_int_equal(len, 0);
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_scope_part(scope, "b", TEXT, &data, &len, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scope_part(scope, NULL, 0, &data, &len, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_scope_part(scope, "a.txt", TEXT, NULL, &len, fx->err));

    /* A template on borrowed bytes, after session and store are of no use any more. */
    envres_template_options options = { .size = sizeof(options), .flags = ENVRES_TEMPLATE_BORROW };
    envres_template *tmpl = NULL;
    envres_value *value = NULL;
    OK(fx, envres_scope_part(scope, "b/1.txt", TEXT, &data, &len, fx->err));
    OK(fx, envres_template_parse(data, len, &options, &tmpl, fx->err));
    OK(fx, envres_template_render(tmpl, scope, NULL, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL), "crm at h");
    envres_value_free(value);
    envres_template_unref(tmpl);
    envres_scope_unref(scope);

    scope = fx_scope(fx, "production");
    assert_string_equal(envres_scope_app(scope), "");
    assert_string_equal(envres_scope_version(scope), "");
    assert_string_equal(envres_scope_release(scope), "");
    assert_int_equal(envres_scope_sequence(scope), 0);
    assert_int_equal(envres_scope_part_count(scope), 0);
    assert_null(envres_scope_part_path(scope, 0));
    FAILS(fx, ENVRES_E_INVALID, envres_scope_part(scope, "a.txt", TEXT, &data, &len, fx->err));
    envres_scope_unref(scope);
}

/* From one release to the next, what is the same lies at the same place. */
static void
latest_follows_and_shares(void **state)
{
    struct fx *fx = *state;
    make_app(fx, 0);
    envres_scope *first = serve_scope(fx, "crm");
    const char *same = serve_text(fx, first, "pages/same.json");
    const char *one = serve_text(fx, first, "a.txt");
    assert_int_equal(envres_scope_is_stale(first), 0);
    serve_release(fx, "crm", "v2", "1.1.0");
    assert_int_equal(envres_scope_is_stale(first), 1);
    envres_scope *second = NULL;
    OK(fx, envres_scope_latest(fx->session, first, &second, fx->err));
    assert_ptr_equal(serve_text(fx, second, "pages/same.json"), same);
    assert_string_equal(serve_text(fx, second, "a.txt"), "two");
    assert_string_equal(one, "one");
    envres_scope_unref(first);
    assert_ptr_equal(serve_text(fx, second, "pages/same.json"), same);

    /* A setting changes: all parts are those that are there. */
    const char *two = serve_text(fx, second, "a.txt");
    OK(fx, fx_put(fx, "production", "HOST", "h", 0, ENVRES_WRITE_PLAIN));
    second = latest(fx, second);
    assert_ptr_equal(serve_text(fx, second, "a.txt"), two);
    serve_renders(fx, second, "<< environment.variables.HOST >> << app.version >>", "h v2", 0);

    /* A version of another name with the same content. */
    serve_draft(fx, "crm", "v3", "v2");
    serve_release(fx, "crm", "v3", "1.2.0");
    second = latest(fx, second);
    assert_ptr_equal(serve_text(fx, second, "a.txt"), two);
    assert_string_equal(envres_scope_version(second), "v3");
    assert_string_equal(envres_scope_release(second), "1.2.0");
    assert_int_equal(envres_scope_sequence(second), 3);
    serve_rollback(fx, "crm", "1.0.0");
    second = latest(fx, second);
    serves(fx, second, "v1", "1.0.0", 4, "one");
}

/* What is served as a release has the name that was signed with it; by its own name it has its own.
 */
static void
a_renamed_version_keeps_the_name_it_was_released_under(void **state)
{
    struct fx *fx = *state;
    make_app(fx, 0);
    envres_version_name v1 = {
        .size = sizeof(v1), .app = "crm", .app_len = TEXT, .version = "v1", .version_len = TEXT
    };
    envres_version_options first = { .size = sizeof(first), .name = "first", .name_len = TEXT };
    OK(fx, envres_version_set(fx->session, &v1, &first, NULL, fx->err));
    serves(fx, serve_scope(fx, "crm"), "v1", "1.0.0", 1, "one");
    serves(fx, opens(fx, "production", "crm", "1.0.0", NULL), "v1", "1.0.0", 1, "one");
    serves(fx, opens(fx, "production", "crm", NULL, "first"), "first", "1.0.0", 1, "one");
    fails(fx, ENVRES_E_NOT_FOUND, "production", "crm", NULL, "v1");
    serve_release(fx, "crm", "v2", "1.1.0");
    serve_rollback(fx, "crm", NULL);
    serves(fx, serve_scope(fx, "crm"), "v1", "1.0.0", 3, "one");
}

static void
latest_keeps_what_was_asked(void **state)
{
    struct fx *fx = *state;
    envres_scope *scope = NULL;
    make_app(fx, 0);
    envres_scope *tagged = opens(fx, "production", "crm", "1.0.0", NULL);
    envres_scope *draft = opens(fx, "development", "crm", NULL, "v2");
    serve_part(fx, "crm", "v2", "a.txt", "two again");
    draft = latest(fx, draft);
    serves(fx, draft, "v2", "", 0, "two again");
    serve_release(fx, "crm", "v2", "1.1.0");
    tagged = latest(fx, tagged);
    serves(fx, tagged, "v1", "1.0.0", 1, "one");

    /* An older revision stays what it is. */
    OK(fx, fx_put(fx, "production", "HOST", "h1", 0, ENVRES_WRITE_PLAIN));
    envres_scope_options options = {
        .size = sizeof(options), .revision = 1, .app = "crm", .app_len = TEXT
    };
    OK(fx, envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err));
    OK(fx, fx_put(fx, "production", "HOST", "h2", 0, ENVRES_WRITE_PLAIN));
    assert_int_equal(envres_scope_is_stale(scope), 0);
    serve_renders(fx, scope, "<< environment.variables.HOST >>", "h1", 0);
    serves(fx, scope, "v2", "1.1.0", 2, "two again");
}

static void
another_handle_releases(void **state)
{
    struct fx *fx = *state;
    struct fx other = { .err = fx->err };
    make_app(fx, 0);
    serve_again(fx, &other.store, &other.session);
    envres_scope *scope = serve_scope(fx, "crm");
    serve_release(&other, "crm", "v2", "1.1.0");
    scope = latest(fx, scope);
    serves(fx, scope, "v2", "1.1.0", 2, "two");
    envres_session_close(other.session);
    envres_store_close(other.store);
}

/* ---- app.* ---------------------------------------------------------------------------------- */

static const char all_of_app[] = "<< app.name >>/<< app.version >>/<< app.release >>";

static void
names_of_the_app_resolve(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    envres_resource_handle *handle = NULL;
    char key[128];
    make_app(fx, 0);
    OK(fx, fx_put(fx, "production", "WHO", all_of_app, ENVRES_TYPE_TEMPLATE, ENVRES_WRITE_PLAIN));
    OK(fx, fx_put(fx, "production", "KEY", "k", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "production", "BOTH",
                  "<< environment.variables.WHO >>:<< environment.variables.KEY >>",
                  ENVRES_TYPE_TEMPLATE, ENVRES_WRITE_PLAIN));
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "rest", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "production", "crm", "base_url", "http://h/<< app.release >>", 0));
    OK(fx, fx_put(fx, "staging", "WHO", "someone", ENVRES_TYPE_TEMPLATE, 0));
    serve_part(fx, "crm", "v2", "who.txt", "<< environment.variables.WHO >>");
    envres_scope *scope = serve_scope(fx, "crm");
    serve_renders(fx, scope, all_of_app, "crm/v1/1.0.0", 0);
    serve_renders(fx, scope, "<< app.release | upper >>", "1.0.0", 0);
    serve_renders(fx, scope, "<< environment.variables.WHO >>", "crm/v1/1.0.0", 0);
    serve_renders(fx, scope, "<< environment.variables.BOTH >>", "crm/v1/1.0.0:k", 0);
    serve_renders(fx, scope, "<< resources.crm.base_url >>", "http://h/1.0.0", 0);
    OK(fx, envres_scope_resource(scope, "crm", TEXT, &handle, fx->err));
    snprintf(key, sizeof(key), "%s", envres_resource_handle_cache_key(handle));
    envres_resource_handle_free(handle);
    OK(fx, envres_explain(scope, "app.version", TEXT, &list, fx->err));
    assert_int_equal(envres_list_count(list), 1);
    assert_string_equal(envres_list_text(list, 0, ENVRES_EXPLAIN_REFERENCE, NULL), "app.version");
    assert_string_equal(envres_list_text(list, 0, ENVRES_EXPLAIN_STATUS, NULL), "ENVRES_OK");
    assert_string_equal(envres_list_text(list, 0, ENVRES_EXPLAIN_LAYER, NULL), "app");
    assert_non_null(strstr(envres_list_text(list, 0, ENVRES_EXPLAIN_NOTE, NULL), "1.0.0"));
    envres_list_free(list);

    /* Another release: another connection pool, since the address is another. */
    serve_release(fx, "crm", "v2", "1.1.0");
    scope = latest(fx, scope);
    serve_renders(fx, scope, serve_text(fx, scope, "who.txt"), "crm/v2/1.1.0", 0);
    serve_renders(fx, scope, "<< environment.variables.BOTH >>", "crm/v2/1.1.0:k", 0);
    OK(fx, envres_scope_resource(scope, "crm", TEXT, &handle, fx->err));
    assert_string_not_equal(key, envres_resource_handle_cache_key(handle));
    envres_resource_handle_free(handle);
    envres_scope_unref(scope);
}

static void
without_an_app_or_a_release(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    make_app(fx, 0);
    OK(fx, fx_put(fx, "development", "WHO", all_of_app, ENVRES_TYPE_TEMPLATE, 0));
    OK(fx, fx_put(fx, "development", "PLAIN", "p", 0, 0));
    envres_scope *scope = fx_scope(fx, "development");
    serve_renders(fx, scope, "<< app.name >>", NULL, ENVRES_E_NOT_SET);
    serve_renders(fx, scope, "<< app.name | default(\"none\") >>", "none", 0);
    serve_renders(fx, scope, "<< environment.variables.WHO >>", NULL, ENVRES_E_NOT_SET);
    serve_renders(fx, scope, "<< environment.variables.PLAIN >>", "p", 0);
    envres_scope_unref(scope);
    scope = opens(fx, "development", "crm", NULL, "v2");
    serve_renders(fx, scope, "<< app.name >> << app.version >>", "crm v2", 0);
    serve_renders(fx, scope, "<< app.release >>", NULL, ENVRES_E_NOT_SET);
    assert_non_null(strstr(envres_error_message(fx->err), "'v2' of app 'crm' was never released"));
    serve_renders(fx, scope, "<< app.release | default(\"draft\") >>", "draft", 0);
    OK(fx, envres_explain(scope, "app.release", TEXT, &list, fx->err));
    assert_string_equal(envres_list_text(list, 0, ENVRES_EXPLAIN_STATUS, NULL), "ENVRES_E_NOT_SET");
    envres_list_free(list);
    envres_scope_unref(scope);
}

/* Settings of the environment that is fallen back to are of the app that is served, too. */
static void
a_fallback_knows_the_app(void **state)
{
    struct fx *fx = *state;
    make_app(fx, 0);
    OK(fx, envres_resource_define(fx->session, "mail", TEXT, "rest", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "development", "mail", "base_url", "http://h/<< app.name >>", 0));
    OK(fx, fx_fallback(fx, "staging", "mail", "development"));
    envres_scope *scope = opens(fx, "staging", "crm", NULL, NULL);
    serve_renders(fx, scope, "<< resources.mail.base_url >>", "http://h/crm", 0);
    envres_scope_unref(scope);
}

/* ---- pinning -------------------------------------------------------------------------------- */

static envres_status
put(struct fx *fx, const char *name, const char *value, uint32_t flags)
{
    return fx_put(fx, "production", name, value, 0, flags);
}

/* crm with settings in production: 1.0.0 is live, and everything is something else since. */
static void
make_pinned(struct fx *fx)
{
    serve_app(fx, "crm", PIN);
    OK(fx, fx_put(fx, "staging", "HOST", "s0", 0, 0));
    OK(fx, put(fx, "HOST", "h1", ENVRES_WRITE_PLAIN));
    OK(fx, put(fx, "KEY", "k1", ENVRES_WRITE_SECRET));
    OK(fx, envres_resource_define(fx->session, "db", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "production", "db", "host", "db1", 0));
    OK(fx, fx_field(fx, "production", "db", "database", "crm", 0));
    OK(fx, fx_field(fx, "production", "db", "user", "u", 0));
    OK(fx, fx_field(fx, "production", "db", "password", "p1", 0));
    serve_part(fx, "crm", "v1", "a.txt", "<< environment.variables.HOST >>");
    serve_release(fx, "crm", "v1", "1.0.0");
    OK(fx, put(fx, "HOST", "h2", 0));
    OK(fx, put(fx, "KEY", "k2", 0));
    OK(fx, put(fx, "NEW", "n", ENVRES_WRITE_PLAIN));
    OK(fx, fx_field(fx, "production", "db", "host", "db2", 0));
    OK(fx, fx_field(fx, "production", "db", "password", "p2", 0));
}

static const char settings[] = "<< environment.variables.HOST >> << environment.variables.KEY >> "
                               "<< resources.db.host >> << resources.db.password >>";

static void
what_a_release_pins(void **state)
{
    struct fx *fx = *state;
    make_pinned(fx);
    int64_t newest = fx_revision(fx, "production");
    envres_scope *scope = serve_scope(fx, "crm");
    serve_renders(fx, scope, settings, "h1 k2 db1 p2", 0);
    serve_renders(fx, scope, "<< environment.variables.NEW >>", NULL, ENVRES_E_NOT_FOUND);
    fx_hint(fx, "pins");
    int64_t pinned = envres_scope_revision(scope);
    assert_true(pinned < newest);

    /* A rotated key takes effect. */
    OK(fx, put(fx, "KEY", "k3", 0));
    assert_int_equal(envres_scope_is_stale(scope), 1);
    scope = latest(fx, scope);
    serve_renders(fx, scope, settings, "h1 k3 db1 p2", 0);
    assert_int_equal(envres_scope_revision(scope), pinned);
    envres_scope_unref(scope);

    /* By tag as well; elsewhere, by version and at a revision that is named it does not pin. */
    scope = opens(fx, "production", "crm", "1.0.0", NULL);
    serve_renders(fx, scope, settings, "h1 k3 db1 p2", 0);
    envres_scope_unref(scope);
    scope = opens(fx, "production", "crm", NULL, "v1");
    serve_renders(fx, scope, settings, "h2 k3 db2 p2", 0);
    envres_scope_unref(scope);
    OK(fx, fx_put(fx, "staging", "HOST", "s1", 0, 0));
    OK(fx, fx_put(fx, "staging", "HOST", "s2", 0, 0));
    scope = opens(fx, "staging", "crm", NULL, NULL);
    serve_renders(fx, scope, "<< environment.variables.HOST >>", "s2", 0);
    envres_scope_unref(scope);
    envres_scope_options options = {
        .size = sizeof(options), .revision = newest, .app = "crm", .app_len = TEXT
    };
    OK(fx, envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err));
    serve_renders(fx, scope, settings, "h2 k2 db2 p2", 0);
    envres_scope_unref(scope);
    scope = fx_scope(fx, "production");
    serve_renders(fx, scope, settings, "h2 k3 db2 p2", 0);
    envres_scope_unref(scope);
}

/* A release sees the settings of its day; a rollback brings those of the release it restores. */
static void
a_rollback_brings_settings_back(void **state)
{
    struct fx *fx = *state;
    make_pinned(fx);
    serve_draft(fx, "crm", "v2", "v1");
    serve_release(fx, "crm", "v2", "2.0.0");
    envres_scope *scope = serve_scope(fx, "crm");
    serve_renders(fx, scope, settings, "h2 k2 db2 p2", 0);
    OK(fx, put(fx, "HOST", "h3", 0));
    OK(fx, put(fx, "KEY", "k3", 0));
    scope = latest(fx, scope);
    serve_renders(fx, scope, settings, "h2 k3 db2 p2", 0);
    serve_rollback(fx, "crm", NULL);
    scope = latest(fx, scope);
    serve_renders(fx, scope, settings, "h1 k3 db1 p2", 0);
    serve_renders(fx, scope, "<< app.version >>", "v1", 0);
    envres_scope_unref(scope);
}

static void
key_of(struct fx *fx, const envres_scope *scope, char key[128])
{
    envres_resource_handle *handle = NULL;
    envres_value *url = NULL;
    OK(fx, envres_scope_resource(scope, "db", TEXT, &handle, fx->err));
    OK(fx, envres_resource_handle_url(handle, &url, fx->err));
    snprintf(key, 128, "%s", envres_resource_handle_cache_key(handle));
    envres_value_free(url);
    envres_resource_handle_free(handle);
}

/* Three readings of one resource, whose newest revision is the same: the password's. */
static void
pools_are_told_apart(void **state)
{
    struct fx *fx = *state;
    char keys[3][128];
    make_pinned(fx);
    envres_scope *scope = serve_scope(fx, "crm");
    key_of(fx, scope, keys[0]);
    envres_scope_unref(scope);
    scope = fx_scope(fx, "production");
    key_of(fx, scope, keys[1]);
    envres_scope_unref(scope);
    serve_draft(fx, "crm", "v2", "v1");
    serve_release(fx, "crm", "v2", "2.0.0");
    scope = serve_scope(fx, "crm");
    key_of(fx, scope, keys[2]);
    envres_scope_unref(scope);
    assert_string_not_equal(keys[0], keys[1]);
    assert_string_not_equal(keys[0], keys[2]);
}

/* What is taken away since a release pinned it is still there; what is secret is not. */
static void
a_pinned_pool_stays(void **state)
{
    static const char host[] = "<< environment.variables.HOST | default(\"none\") >>";
    struct fx *fx = *state;
    char keys[4][128];
    make_pinned(fx);
    OK(fx, fx_field(fx, "production", "db", "host", host, 0));
    OK(fx, fx_field(fx, "production", "db", "options", "{\"a\":1}", 0));
    OK(fx, fx_field(fx, "production", "db", "user", "v", 0));
    serve_draft(fx, "crm", "v2", "v1");
    serve_release(fx, "crm", "v2", "2.0.0");
    envres_scope *scope = serve_scope(fx, "crm");
    key_of(fx, scope, keys[0]);
    envres_scope_unref(scope);
    scope = fx_scope(fx, "production");
    key_of(fx, scope, keys[1]);
    envres_scope_unref(scope);
    OK(fx,
       envres_variable_unset(fx->session, "production", TEXT, "HOST", TEXT, NULL, NULL, fx->err));
    OK(fx, fx_field(fx, "production", "db", "options", NULL, ENVRES_FIELD_UNSET));
    scope = serve_scope(fx, "crm");
    key_of(fx, scope, keys[2]);
    envres_scope_unref(scope);
    assert_string_equal(keys[0], keys[2]);
    scope = fx_scope(fx, "production");
    key_of(fx, scope, keys[3]);
    envres_scope_unref(scope);
    assert_string_not_equal(keys[1], keys[3]);
    OK(fx, fx_field(fx, "production", "db", "password", NULL, ENVRES_FIELD_UNSET));
    scope = serve_scope(fx, "crm");
    key_of(fx, scope, keys[3]);
    envres_scope_unref(scope);
    assert_string_not_equal(keys[2], keys[3]);
}

/* Names and classes that change after a release. */
static void
renames_and_classes(void **state)
{
    struct fx *fx = *state;
    make_pinned(fx);
    envres_scope *scope = NULL;
    OK(fx, envres_variable_rename(fx->session, "HOST", TEXT, "ADDRESS", TEXT, NULL, fx->err));
    OK(fx, envres_variable_rename(fx->session, "KEY", TEXT, "TOKEN", TEXT, NULL, fx->err));
    scope = serve_scope(fx, "crm");
    serve_renders(fx, scope, "<< environment.variables.HOST >>", "h1", 0);
    serve_renders(fx, scope, "<< environment.variables.ADDRESS >>", NULL, ENVRES_E_NOT_SET);
    fx_hint(fx, "release 1.0.0 pins");
    serve_renders(fx, scope, "<< environment.variables.TOKEN >>", "k2", 0);
    serve_renders(fx, scope, "<< environment.variables.KEY >>", NULL, ENVRES_E_NOT_FOUND);
    envres_scope_unref(scope);

    /* Its place is taken by a secret: then the name is a secret. */
    OK(fx, put(fx, "HOST", "hidden", ENVRES_WRITE_SECRET));
    scope = serve_scope(fx, "crm");
    uint32_t index = 0;
    OK(fx, envres_scope_find(scope, "HOST", TEXT, &index, fx->err));
    assert_int_equal(envres_scope_is_secret(scope, index), 1);
    serve_renders(fx, scope, "<< environment.variables.HOST >>", "hidden", 0);
    envres_scope_unref(scope);
}

static void
plain_becomes_secret_and_back(void **state)
{
    struct fx *fx = *state;
    make_pinned(fx);
    OK(fx, envres_variable_unset(fx->session, "staging", TEXT, "HOST", TEXT, NULL, NULL, fx->err));
    OK(fx, put(fx, "HOST", "h-secret", ENVRES_WRITE_SECRET));
    envres_scope *scope = serve_scope(fx, "crm");
    serve_renders(fx, scope, "<< environment.variables.HOST >>", "h-secret", 0);
    envres_scope_unref(scope);
    OK(fx, put(fx, "KEY", "k-plain", ENVRES_WRITE_PLAIN));
    scope = serve_scope(fx, "crm");
    serve_renders(fx, scope, "<< environment.variables.KEY >>", "k-plain", 0);
    envres_scope_unref(scope);
    OK(fx,
       envres_variable_unset(fx->session, "production", TEXT, "KEY", TEXT, NULL, NULL, fx->err));
    scope = serve_scope(fx, "crm");
    serve_renders(fx, scope, "<< environment.variables.KEY >>", NULL, ENVRES_E_NOT_FOUND);
    envres_scope_unref(scope);
}

static void
what_was_deleted_is_there_in_its_release(void **state)
{
    struct fx *fx = *state;
    make_pinned(fx);
    OK(fx, envres_variable_delete(fx->session, "HOST", TEXT, NULL, fx->err));
    envres_scope *scope = serve_scope(fx, "crm");
    serve_renders(fx, scope, "<< environment.variables.HOST >>", "h1", 0);
    envres_scope_unref(scope);

    /* Made anew: the host of the one never gets the password of the other. */
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    OK(fx, envres_resource_remove(fx->session, "db", TEXT, &force, fx->err));
    OK(fx, envres_resource_define(fx->session, "db", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "production", "db", "host", "other", 0));
    OK(fx, fx_field(fx, "production", "db", "password", "other", 0));
    scope = serve_scope(fx, "crm");
    serve_renders(fx, scope, "<< resources.db.password >>", NULL, ENVRES_E_NOT_CONFIGURED);
    serve_renders(fx, scope, "<< resources.db.host >>", NULL, ENVRES_E_NOT_CONFIGURED);
    fx_hint(fx, "release again");
    envres_scope_unref(scope);
}

static void
pinned_before_anything_was_set(void **state)
{
    struct fx *fx = *state;
    make_app(fx, PIN);
    OK(fx, put(fx, "LATE", "l", ENVRES_WRITE_PLAIN));
    OK(fx, put(fx, "KEY", "k", ENVRES_WRITE_SECRET));
    envres_scope *scope = serve_scope(fx, "crm");
    assert_int_equal(envres_scope_revision(scope), 0);
    serve_renders(fx, scope, "<< environment.variables.LATE | default(\"no\") >>", "no", 0);
    serve_renders(fx, scope, "<< environment.variables.KEY >>", "k", 0);
    envres_scope_unref(scope);
}

/* ---- a file that was changed ---------------------------------------------------------------- */

static const struct damage {
    const char *name;
    const char *sql;
    const char *says; /* in the message or subject, or NULL */
} damages[] = {
    { "a part's bytes",
      "UPDATE part SET body = CAST('owe' AS BLOB) WHERE body = CAST('one' AS BLOB)", "a.txt" },
    { "a part that is missing",
      "PRAGMA foreign_keys = OFF; DELETE FROM part WHERE body ="
      " CAST('one' AS BLOB)",
      "a.txt" },
    { "two parts exchanged",
      "UPDATE part SET digest = zeroblob(32) WHERE body = CAST('one' AS BLOB);"
      "UPDATE part SET body = CAST('one' AS BLOB) WHERE body = CAST('two' AS BLOB)",
      NULL },
    { "the list of parts",
      "UPDATE tree SET body = (SELECT body FROM tree WHERE digest ="
      " (SELECT content FROM version WHERE name = 'v2')) WHERE digest ="
      " (SELECT content FROM version WHERE name = 'v1')",
      NULL },
    { "the version's content",
      "UPDATE version SET content = (SELECT content FROM version WHERE name = 'v2')"
      " WHERE name = 'v1'",
      "'crm'" },
    { "the record's content",
      "UPDATE release SET content = (SELECT content FROM version WHERE name = 'v2')"
      " WHERE sequence = 3",
      NULL },
    { "the record's version",
      "UPDATE release SET version_id = (SELECT id FROM version WHERE name = 'v2')"
      " WHERE sequence = 3",
      NULL },
    { "the record's tag", "UPDATE release SET tag = '9.0.0' WHERE sequence = 3", NULL },
    { "the record's revision", "UPDATE release SET revision = revision + 1 WHERE sequence = 3",
      NULL },
    { "the signature",
      "UPDATE release SET signature = (SELECT signature FROM release WHERE sequence = 2)"
      " WHERE sequence = 3",
      NULL },
    { "the author", "UPDATE release SET author = randomblob(16) WHERE sequence = 3", NULL },
    { "the live pointer", "UPDATE app SET live = 2", "'crm'" },
    { "no live pointer", "UPDATE app SET live = NULL", "'crm'" },
    { "the newest record is gone",
      "PRAGMA foreign_keys = OFF; DELETE FROM release WHERE sequence = 3", "'crm'" },
};

static void
nothing_damaged_is_served(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        void *made = NULL;
        envres_scope *scope = NULL;
        assert_int_equal(serve_setup(&made), 0);
        struct fx *fx = made;
        make_app(fx, 0);
        serve_release(fx, "crm", "v2", "1.1.0");
        serve_rollback(fx, "crm", NULL);
        envres_scope_unref(serve_scope(fx, "crm"));
        serve_sql(fx, damages[i].sql);
        envres_scope_options options = {
            .size = sizeof(options), .flags = ENVRES_SCOPE_DAMAGED, .app = "crm", .app_len = TEXT
        };
        envres_status st =
            envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err);
        expect(fx, st, ENVRES_E_INTEGRITY, damages[i].name);
        assert_null(scope);
        if (damages[i].says && !strstr(envres_error_message(fx->err), damages[i].says) &&
            !strstr(envres_error_subject(fx->err), damages[i].says))
            fail_msg("%s: %s", damages[i].name, envres_error_message(fx->err));
        assert_int_equal(serve_teardown_damaged(&made), 0);
    }
}

/* Settings of the pinned revision that are gone, though the newest are all there. */
static void
a_pinned_past_that_was_changed(void **state)
{
    struct fx *fx = *state;
    envres_scope *scope = NULL;
    make_pinned(fx);
    serve_sql(fx, "DELETE FROM setting WHERE until IS NOT NULL AND name = 'HOST'");
    envres_scope_unref(fx_scope(fx, "production"));
    fails(fx, ENVRES_E_INTEGRITY, "production", "crm", NULL, NULL);
    envres_scope_options options = {
        .size = sizeof(options), .flags = ENVRES_SCOPE_DAMAGED, .app = "crm", .app_len = TEXT
    };
    OK(fx, envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err));
    serve_renders(fx, scope, "<< environment.variables.KEY >>", "k2", 0);
    serve_renders(fx, scope, "<< environment.variables.HOST >>", NULL, ENVRES_E_INTEGRITY);
    scope = latest(fx, scope); /* which keeps the flag */
    OK(fx, put(fx, "KEY", "k3", 0));
    scope = latest(fx, scope);
    serve_renders(fx, scope, "<< environment.variables.KEY >>", "k3", 0);
    envres_scope_unref(scope);
}

#define TEST(name)    cmocka_unit_test_setup_teardown(name, serve_setup, serve_teardown)
#define DAMAGED(name) cmocka_unit_test_setup_teardown(name, serve_setup, serve_teardown_damaged)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(live_tag_and_version),
        TEST(off_the_path_the_live_release),
        TEST(withdrawn_and_discarded),
        TEST(what_is_asked_must_make_sense),
        TEST(parts_are_borrowed),
        TEST(latest_follows_and_shares),
        TEST(a_renamed_version_keeps_the_name_it_was_released_under),
        TEST(latest_keeps_what_was_asked),
        TEST(another_handle_releases),
        TEST(names_of_the_app_resolve),
        TEST(without_an_app_or_a_release),
        TEST(a_fallback_knows_the_app),
        TEST(what_a_release_pins),
        TEST(a_rollback_brings_settings_back),
        TEST(pools_are_told_apart),
        TEST(a_pinned_pool_stays),
        TEST(renames_and_classes),
        TEST(plain_becomes_secret_and_back),
        TEST(what_was_deleted_is_there_in_its_release),
        TEST(pinned_before_anything_was_set),
        cmocka_unit_test(nothing_damaged_is_served),
        DAMAGED(a_pinned_past_that_was_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
