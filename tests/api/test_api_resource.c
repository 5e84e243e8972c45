/* SPDX-License-Identifier: MIT */
/* Resources: definition, fields, fallback, handles, references, history. */
#include "helper.h"

#include <stdbool.h>

static envres_status
define(struct fx *fx, const char *handle, const char *kind, uint32_t flags)
{
    envres_change change = { .size = sizeof(change), .flags = flags };
    return envres_resource_define(fx->session, handle, TEXT, kind, TEXT, &change, fx->err);
}

/* Resolves a handle and compares its URL; NULL: `code`. */
static void
check_url(struct fx *fx, const char *env, const char *handle, const char *want, envres_status code)
{
    envres_scope *scope = fx_scope(fx, env);
    envres_resource_handle *h = NULL;
    envres_value *url = NULL;
    expect(fx, envres_scope_resource(scope, handle, TEXT, &h, fx->err), want ? ENVRES_OK : code,
           handle);
    envres_scope_unref(scope); /* the handle keeps it */
    if (want) {
        OK(fx, envres_resource_handle_url(h, &url, fx->err));
        assert_string_equal(envres_value_data(url, NULL), want);
    } else {
        assert_null(h);
    }
    envres_value_free(url);
    envres_resource_handle_free(h);
}

static void
make_crm(struct fx *fx)
{
    OK(fx, define(fx, "crm", "postgres", 0));
    OK(fx, fx_put(fx, "development", "HOST", "db.dev", 0, 0));
    OK(fx, fx_put(fx, "development", "PW", "a@b:c/d", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_field(fx, "development", "crm", "host", "<< environment.variables.HOST >>", 0));
    OK(fx, fx_field(fx, "development", "crm", "database", "crm", 0));
    OK(fx, fx_field(fx, "development", "crm", "user", "app", 0));
    OK(fx, fx_field(fx, "development", "crm", "password", "<< environment.variables.PW >>", 0));
}

static void
a_handle_has_everything(void **state)
{
    struct fx *fx = *state;
    envres_resource_handle *h = NULL;
    envres_value *value = NULL;
    make_crm(fx);
    envres_scope *scope = fx_scope(fx, "development");
    OK(fx, envres_scope_resource(scope, "crm", TEXT, &h, fx->err));
    assert_string_equal(envres_resource_handle_kind(h), "postgres");
    assert_string_equal(envres_resource_handle_environment(h), "development");
    assert_int_equal(envres_resource_handle_is_fallback(h), 0);
    assert_int_equal(envres_resource_handle_field_count(h), 6);
    assert_string_equal(envres_resource_handle_field_name(h, 0), "host");
    assert_null(envres_resource_handle_field_name(h, 6));
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(envres_resource_handle_field_is_secret(h, i),
                         strcmp(envres_resource_handle_field_name(h, i), "password") == 0);
    OK(fx, envres_resource_handle_field(h, "port", TEXT, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL), "5432");
    assert_int_equal(envres_value_type(value), ENVRES_TYPE_NUMBER);
    envres_value_free(value);
    OK(fx, envres_resource_handle_field(h, "password", TEXT, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL), "a@b:c/d");
    assert_int_equal(envres_value_is_secret(value), 1);
    envres_value_free(value);
    FAILS(fx, ENVRES_E_FIELD, envres_resource_handle_field(h, "pasword", TEXT, &value, fx->err));
    fx_hint(fx, "password");
    FAILS(fx, ENVRES_E_NOT_SET, envres_resource_handle_field(h, "options", TEXT, &value, fx->err));
    OK(fx, envres_resource_handle_url(h, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL),
                        "postgresql://app:a%40b%3Ac%2Fd@db.dev:5432/crm?sslmode=prefer");
    assert_int_equal(envres_value_is_secret(value), 1);
    envres_value_free(value);
    OK(fx, envres_resource_handle_redacted_url(h, &value, fx->err));
    assert_string_equal(envres_value_data(value, NULL),
                        "postgresql://app:***@db.dev:5432/crm?sslmode=prefer");
    assert_int_equal(envres_value_is_secret(value), 0);
    envres_value_free(value);
    envres_resource_handle_free(h);
    envres_scope_unref(scope);
}

static void
no_settings_is_an_error_that_helps(void **state)
{
    struct fx *fx = *state;
    make_crm(fx);
    check_url(fx, "production", "crm", NULL, ENVRES_E_NOT_CONFIGURED);
    fx_hint(fx, "development");
    check_url(fx, "production", "crn", NULL, ENVRES_E_NOT_FOUND);
    fx_hint(fx, "crm");
    OK(fx, fx_field(fx, "production", "crm", "host", "db.prod", 0));
    check_url(fx, "production", "crm", NULL, ENVRES_E_FIELD);
    assert_non_null(strstr(envres_error_message(fx->err), "database"));
    OK(fx, fx_field(fx, "production", "crm", "database", "<< environment.variables.DB >>", 0));
    check_url(fx, "production", "crm", NULL, ENVRES_E_NOT_FOUND);
    OK(fx, fx_put(fx, "production", "DB", "crm", 0, 0));
    check_url(fx, "production", "crm", "postgresql://db.prod:5432/crm?sslmode=prefer", 0);
    fx_renders(fx, "staging", "<< resources.crm.host | default(\"none\") >>", "none", 0);
    fx_renders(fx, "production", "<< resources.crm.user | default(\"none\") >>", "none", 0);
    fx_renders(fx, "production", "<< resources.crm.usr | default(\"none\") >>", NULL,
               ENVRES_E_FIELD);
}

static void
fields_are_checked(void **state)
{
    struct fx *fx = *state;
    OK(fx, define(fx, "db", "postgres", 0));
    OK(fx, define(fx, "any", "custom", 0));
    FAILS(fx, ENVRES_E_FIELD, fx_field(fx, "staging", "db", "hots", "x", 0));
    fx_hint(fx, "host");
    FAILS(fx, ENVRES_E_TYPE, fx_field(fx, "staging", "db", "port", "x", 0));
    FAILS(fx, ENVRES_E_TYPE,
          fx_field(fx, "staging", "db", "port", "5<< environment.variables.P >>", 0));
    OK(fx, fx_field(fx, "staging", "db", "port", "<< environment.variables.P >>", 0));
    FAILS(fx, ENVRES_E_SYNTAX, fx_field(fx, "staging", "db", "host", "<< environment.", 0));
    FAILS(fx, ENVRES_E_NOT_FOUND, fx_field(fx, "staging", "dbx", "host", "x", 0));
    FAILS(fx, ENVRES_E_NOT_FOUND, fx_field(fx, "stagin", "db", "host", "x", 0));
    FAILS(fx, ENVRES_E_NAME, fx_field(fx, "staging", "any", "a b", "x", 0));
    OK(fx, fx_field(fx, "staging", "any", "whatever", "x", 0));
    OK(fx, fx_field(fx, "staging", "any", "token", "t", ENVRES_FIELD_SECRET));
    OK(fx, fx_field(fx, "staging", "any", "token", "t2", 0)); /* once secret, it stays so */
    envres_scope *scope = fx_scope(fx, "staging");
    envres_resource_handle *h = NULL;
    OK(fx, envres_scope_resource(scope, "any", TEXT, &h, fx->err));
    assert_int_equal(envres_resource_handle_field_count(h), 2);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(envres_resource_handle_field_is_secret(h, i),
                         strcmp(envres_resource_handle_field_name(h, i), "token") == 0);
    envres_resource_handle_free(h);
    envres_scope_unref(scope);
    OK(fx, fx_put(fx, "staging", "P", "70000", ENVRES_TYPE_NUMBER, 0));
    OK(fx, fx_field(fx, "staging", "db", "host", "h", 0));
    OK(fx, fx_field(fx, "staging", "db", "database", "d", 0));
    check_url(fx, "staging", "db", NULL, ENVRES_E_TYPE);
    OK(fx, fx_put(fx, "staging", "P", "6000", 0, 0));
    check_url(fx, "staging", "db", "postgresql://h:6000/d?sslmode=prefer", 0);
    OK(fx, fx_field(fx, "staging", "db", "port", NULL, ENVRES_FIELD_UNSET));
    check_url(fx, "staging", "db", "postgresql://h:5432/d?sslmode=prefer", 0);
    envres_resource_field twice[2] = {
        { .size = sizeof(twice[0]), .name = "host", .name_len = 4, .value = "a", .value_len = 1 },
        { .size = sizeof(twice[0]), .name = "host", .name_len = 4, .value = "b", .value_len = 1 },
    };
    envres_resource_write write = {
        .size = sizeof(write), .handle = "db", .handle_len = 2, .fields = twice, .count = 2
    };
    FAILS(fx, ENVRES_E_NAME_TAKEN,
          envres_resource_configure(fx->session, "staging", TEXT, &write, NULL, NULL, fx->err));
    write.count = 257;
    FAILS(fx, ENVRES_E_LIMIT,
          envres_resource_configure(fx->session, "staging", TEXT, &write, NULL, NULL, fx->err));
    write.count = 1;
    write.expect_revision = 1;
    FAILS(fx, ENVRES_E_CHANGED,
          envres_resource_configure(fx->session, "staging", TEXT, &write, NULL, NULL, fx->err));
}

static void
fallback_is_declared_and_reported(void **state)
{
    struct fx *fx = *state;
    envres_resource_handle *h = NULL;
    make_crm(fx);
    OK(fx, fx_put(fx, "staging", "HOST", "never.used", 0, 0));
    FAILS(fx, ENVRES_E_FALLBACK, fx_fallback(fx, "development", "crm", "development"));
    FAILS(fx, ENVRES_E_FALLBACK, fx_fallback(fx, "development", "crm", "production"));
    FAILS(fx, ENVRES_E_NOT_FOUND, fx_fallback(fx, "staging", "crm", "dev"));
    OK(fx, fx_fallback(fx, "staging", "crm", "development"));
    FAILS(fx, ENVRES_E_FALLBACK, fx_fallback(fx, "production", "crm", "staging"));
    int64_t before = fx_revision(fx, "staging");
    OK(fx, fx_fallback(fx, "staging", "crm", "development"));
    assert_int_equal(fx_revision(fx, "staging"), before);
    check_url(fx, "staging", "crm", "postgresql://app:a%40b%3Ac%2Fd@db.dev:5432/crm?sslmode=prefer",
              0);
    fx_renders(fx, "staging", "<< resources.crm.host >>", "db.dev", 0);
    envres_scope *scope = fx_scope(fx, "staging");
    OK(fx, envres_scope_resource(scope, "crm", TEXT, &h, fx->err));
    assert_int_equal(envres_resource_handle_is_fallback(h), 1);
    assert_string_equal(envres_resource_handle_environment(h), "development");
    envres_resource_handle_free(h);
    envres_scope_unref(scope);
    OK(fx, fx_field(fx, "staging", "crm", "host", "db.staging", 0));
    check_url(fx, "staging", "crm", NULL,
              ENVRES_E_FIELD); /* settings of its own now, but not all */
    OK(fx, fx_field(fx, "staging", "crm", "database", "crm", 0));
    check_url(fx, "staging", "crm", "postgresql://db.staging:5432/crm?sslmode=prefer", 0);
    OK(fx, fx_fallback(fx, "staging", "crm", NULL));
    OK(fx, fx_field(fx, "staging", "crm", "host", NULL, ENVRES_FIELD_UNSET));
    OK(fx, fx_field(fx, "staging", "crm", "database", NULL, ENVRES_FIELD_UNSET));
    check_url(fx, "staging", "crm", NULL, ENVRES_E_NOT_CONFIGURED);
}

static void
kind_and_removal_say_who_refers(void **state)
{
    struct fx *fx = *state;
    make_crm(fx);
    OK(fx, define(fx, "crm", "postgres", 0));
    FAILS(fx, ENVRES_E_NOT_FOUND, define(fx, "x", "postgre", 0));
    fx_hint(fx, "postgres");
    FAILS(fx, ENVRES_E_NAME, define(fx, "a-b", "postgres", 0));
    FAILS(fx, ENVRES_E_REFERRED, define(fx, "crm", "mysql", 0));
    OK(fx, fx_put(fx, "development", "URL", "x<< resources.crm.host >>", ENVRES_TYPE_TEMPLATE, 0));
    fx_renders(fx, "development", "<< environment.variables.URL >>", "xdb.dev", 0);
    FAILS(fx, ENVRES_E_REFERRED, envres_resource_remove(fx->session, "crm", TEXT, NULL, fx->err));
    assert_non_null(strstr(envres_error_message(fx->err), "URL"));
    FAILS(fx, ENVRES_E_REFERRED, envres_variable_delete(fx->session, "HOST", TEXT, NULL, fx->err));
    OK(fx, define(fx, "crm", "mysql", ENVRES_CHANGE_FORCE));
    fx_renders(fx, "development", "<< resources.crm.host >>", "db.dev", 0);
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    OK(fx, envres_resource_remove(fx->session, "crm", TEXT, &force, fx->err));
    check_url(fx, "development", "crm", NULL, ENVRES_E_NOT_FOUND);
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_resource_remove(fx->session, "crm", TEXT, NULL, fx->err));
}

static void
a_circle_through_a_resource_is_found(void **state)
{
    struct fx *fx = *state;
    OK(fx, define(fx, "db", "custom", 0));
    OK(fx, fx_field(fx, "development", "db", "host", "<< environment.variables.A >>", 0));
    FAILS(fx, ENVRES_E_CYCLE,
          fx_put(fx, "development", "A", "<< resources.db.host >>", ENVRES_TYPE_TEMPLATE, 0));
    OK(fx,
       fx_put(fx, "development", "A", "<< environment.variables.B >>", ENVRES_TYPE_TEMPLATE, 0));
    OK(fx, fx_put(fx, "development", "B", "b", 0, 0));
    fx_renders(fx, "development", "<< resources.db.host >>", "b", 0);
    /* Written from the resource's side it is found when it is resolved: an error, and no crash. */
    OK(fx, fx_field(fx, "development", "db", "loop", "<< resources.db.loop >>", 0));
    fx_renders(fx, "development", "<< resources.db.loop >>", NULL, ENVRES_E_CYCLE);
    fx_renders(fx, "development", "<< resources.db.host >>", "b", 0);
}

static void
a_cache_key_follows_what_is_used(void **state)
{
    struct fx *fx = *state;
    char keys[4][160];
    make_crm(fx);
    for (int i = 0; i < 4; i++) {
        envres_resource_handle *h = NULL;
        envres_scope *scope = fx_scope(fx, "development");
        OK(fx, envres_scope_resource(scope, "crm", TEXT, &h, fx->err));
        snprintf(keys[i], sizeof(keys[i]), "%s", envres_resource_handle_cache_key(h));
        envres_resource_handle_free(h);
        envres_scope_unref(scope);
        if (i == 0)
            OK(fx, fx_put(fx, "development", "OTHER", "x", 0, 0));
        else if (i == 1)
            OK(fx, fx_put(fx, "development", "PW", "new", 0, 0));
        else if (i == 2)
            OK(fx, fx_field(fx, "development", "crm", "user", "other", 0));
    }
    assert_string_equal(keys[0], keys[1]);
    assert_string_not_equal(keys[1], keys[2]);
    assert_string_not_equal(keys[2], keys[3]);
}

/* ---- what changes a cache key --------------------------------------------------------------- */

enum { KEY = 128 };

static void
key_now(struct fx *fx, const char *env, const char *handle, char key[KEY])
{
    envres_resource_handle *h = NULL;
    envres_scope *scope = fx_scope(fx, env);
    OK(fx, envres_scope_resource(scope, handle, TEXT, &h, fx->err));
    assert_true(strlen(envres_resource_handle_cache_key(h)) < KEY);
    snprintf(key, KEY, "%s", envres_resource_handle_cache_key(h));
    envres_resource_handle_free(h);
    envres_scope_unref(scope);
}

static envres_status
unset_variable(struct fx *fx, const char *env, const char *name)
{
    return envres_variable_unset(fx->session, env, TEXT, name, TEXT, NULL, NULL, fx->err);
}

static envres_status
unset_field(struct fx *fx, const char *env, const char *handle, const char *field)
{
    return fx_field(fx, env, handle, field, NULL, ENVRES_FIELD_UNSET);
}

static envres_status
relabel(struct fx *fx, const char *env, const char *label)
{
    envres_environment_options options = { .size = sizeof(options),
                                           .label = label,
                                           .label_len = TEXT };
    return envres_environment_set(fx->session, env, TEXT, &options, NULL, fx->err);
}

static envres_status
unset_host(struct fx *fx)
{
    return unset_variable(fx, "development", "HOST");
}

static envres_status
unset_deep(struct fx *fx)
{
    return unset_variable(fx, "development", "DEEP");
}

static envres_status
delete_by_force(struct fx *fx)
{
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    return envres_variable_delete(fx->session, "HOST", TEXT, &force, fx->err);
}

static envres_status
rename_by_force(struct fx *fx)
{
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    return envres_variable_rename(fx->session, "HOST", TEXT, "ADDRESS", TEXT, &force, fx->err);
}

static envres_status
unset_option(struct fx *fx)
{
    return unset_field(fx, "development", "main", "options");
}

static envres_status
unset_port(struct fx *fx)
{
    return unset_field(fx, "development", "main", "port");
}

static envres_status
unset_field_of_other(struct fx *fx)
{
    return unset_field(fx, "development", "other", "path");
}

static envres_status
unset_field_of_fallback(struct fx *fx)
{
    return unset_field(fx, "staging", "far", "note");
}

static envres_status
set_variable_of_fallback(struct fx *fx)
{
    return fx_put(fx, "staging", "FAR", "elsewhere", 0, 0);
}

static envres_status
unset_variable_of_fallback(struct fx *fx)
{
    return unset_variable(fx, "staging", "FAR");
}

static envres_status
relabel_own(struct fx *fx)
{
    return relabel(fx, "development", "Other");
}

static envres_status
relabel_other(struct fx *fx)
{
    return relabel(fx, "staging", "Other");
}

static envres_status
unset_unused(struct fx *fx)
{
    return unset_variable(fx, "development", "UNUSED");
}

static envres_status
unset_unused_field(struct fx *fx)
{
    return unset_field(fx, "development", "other", "note");
}

static envres_status
same_name_elsewhere(struct fx *fx)
{
    return unset_variable(fx, "staging", "HOST");
}

static envres_status
declare_fallback(struct fx *fx)
{
    return fx_fallback(fx, "development", "main", "staging");
}

/* Each in a store of its own; main, postgres, is looked at in development. */
static const struct {
    const char *name;
    envres_status (*change)(struct fx *fx);
    bool another;
} key_changes[] = {
    { "a variable with a default, unset", unset_host, true },
    { "likewise, deleted by force", delete_by_force, true },
    { "likewise, renamed by force", rename_by_force, true },
    { "one behind a template, unset", unset_deep, true },
    { "a field taken away", unset_option, true },
    { "a field taken away that has a default", unset_port, true },
    { "a field of another resource", unset_field_of_other, true },
    { "a field of a fallback that is not used", unset_field_of_fallback, false },
    { "a variable of a fallback's environment", set_variable_of_fallback, true },
    { "likewise, unset", unset_variable_of_fallback, true },
    { "the label", relabel_own, true },
    { "the label of another environment", relabel_other, false },
    { "a variable that is not used", unset_unused, false },
    { "a field that is not used", unset_unused_field, false },
    { "the same name in another environment", same_name_elsewhere, false },
    { "a fallback where there are settings", declare_fallback, false },
};

/* What is taken away was written before all else, so that no newest revision shows it. */
static void
make_linked(struct fx *fx)
{
    static const char link[] = "<< environment.variables.DEEP | default(\"d\") >>";
    static const char text[] =
        "<< environment.variables.OUTER >> << environment.label >>"
        " << resources.other.path | default(\"p\") >> << resources.far.host >>";
    OK(fx, define(fx, "main", "postgres", 0));
    OK(fx, define(fx, "other", "custom", 0));
    OK(fx, define(fx, "far", "custom", 0));
    OK(fx, fx_put(fx, "development", "HOST", "db.dev", 0, 0));
    OK(fx, fx_put(fx, "staging", "HOST", "db.staging", 0, 0));
    OK(fx, fx_put(fx, "development", "DEEP", "deep", 0, 0));
    OK(fx, fx_put(fx, "development", "UNUSED", "u", 0, 0));
    OK(fx, fx_put(fx, "development", "OUTER", link, ENVRES_TYPE_TEMPLATE, 0));
    OK(fx, fx_put(fx, "staging", "FAR", "far", 0, 0));
    OK(fx, fx_field(fx, "staging", "far", "host",
                    "<< environment.variables.FAR | default(\"near\") >>", 0));
    OK(fx, fx_field(fx, "staging", "far", "note", "n", 0));
    OK(fx, fx_fallback(fx, "development", "far", "staging"));
    OK(fx, fx_field(fx, "development", "other", "path", "q", 0));
    OK(fx, fx_field(fx, "development", "other", "note", "n", 0));
    OK(fx, fx_field(fx, "development", "main", "options", "{\"a\":1}", 0));
    OK(fx, fx_field(fx, "development", "main", "port", "5433", 0));
    OK(fx, fx_field(fx, "development", "main", "host",
                    "<< environment.variables.HOST | default(\"h\") >>", 0));
    OK(fx, fx_field(fx, "development", "main", "user", text, 0));
    OK(fx, fx_field(fx, "development", "main", "password", "pw", 0));
    OK(fx, fx_field(fx, "development", "main", "database", "crm", 0));
}

static void
a_cache_key_sees_what_is_taken_away(void **state)
{
    for (size_t i = 0; i < sizeof(key_changes) / sizeof(key_changes[0]); i++) {
        void *own = NULL;
        char before[KEY];
        char again[KEY];
        char after[KEY];
        assert_int_equal(fx_setup(&own), 0);
        struct fx *fx = own;
        make_linked(fx);
        key_now(fx, "development", "main", before);
        key_now(fx, "development", "main", again);
        assert_string_equal(before, again);
        expect(fx, key_changes[i].change(fx), ENVRES_OK, key_changes[i].name);
        key_now(fx, "development", "main", after);
        if ((strcmp(before, after) != 0) != key_changes[i].another)
            fail_msg("%s: the key is %s", key_changes[i].name,
                     key_changes[i].another ? "the same" : "another");
        assert_int_equal(fx_teardown(&own), 0);
    }
    (void)state;
}

/* A handle that falls back shows what is taken away where its settings are. */
static void
a_cache_key_of_a_fallback(void **state)
{
    struct fx *fx = *state;
    char keys[4][KEY];
    make_linked(fx);
    key_now(fx, "development", "far", keys[0]);
    OK(fx, fx_put(fx, "development", "FAR", "not this one", 0, 0));
    key_now(fx, "development", "far", keys[1]);
    assert_string_equal(keys[0], keys[1]);
    OK(fx, unset_variable(fx, "staging", "FAR"));
    key_now(fx, "development", "far", keys[2]);
    assert_string_not_equal(keys[1], keys[2]);
    OK(fx, unset_field(fx, "staging", "far", "note"));
    key_now(fx, "development", "far", keys[3]);
    assert_string_not_equal(keys[2], keys[3]);
}

static envres_status
refuse(const envres_resource_handle *handle, envres_error *err, void *user)
{
    (void)handle;
    (void)user;
    return envres_error_set(err, ENVRES_E_CALLBACK, "no answer", TEXT, NULL, 0);
}

static void
a_probe_travels_through(void **state)
{
    struct fx *fx = *state;
    make_crm(fx);
    envres_scope *scope = fx_scope(fx, "development");
    FAILS(fx, ENVRES_E_CALLBACK, envres_resource_test(scope, "crm", TEXT, refuse, NULL, fx->err));
    assert_string_equal(envres_error_message(fx->err), "no answer");
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_resource_test(scope, "x", TEXT, refuse, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_resource_test(scope, "crm", TEXT, NULL, NULL, fx->err));
    envres_scope_unref(scope);
}

static void
history_shows_each_field(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    int64_t made = 0;
    make_crm(fx);
    OK(fx, fx_field(fx, "development", "crm", "user", "second", 0));
    OK(fx,
       envres_resource_history(fx->session, "development", TEXT, "crm", TEXT, 0, &list, fx->err));
    assert_int_equal(envres_list_count(list), 5);
    assert_string_equal(envres_list_text(list, 0, ENVRES_HISTORY_FIELD, NULL), "user");
    assert_string_equal(envres_list_text(list, 0, ENVRES_HISTORY_VALUE, NULL), "second");
    int64_t old = envres_list_integer(list, 1, ENVRES_HISTORY_REVISION);
    envres_list_free(list);
    envres_restore_point point = {
        .size = sizeof(point), .name = "resource/crm", .name_len = TEXT, .revision = old
    };
    OK(fx, envres_restore(fx->session, "development", TEXT, &point, NULL, &made, fx->err));
    fx_renders(fx, "development", "<< resources.crm.user >>", "app", 0);
}

/* What the new kind has too is carried over, as a row of that kind; what it has not is gone. */
static void
a_forced_kind_is_the_kind_everywhere(void **state)
{
    struct fx *fx = *state;
    envres_resource_handle *h = NULL;
    make_crm(fx);
    OK(fx, fx_field(fx, "development", "crm", "sslmode", "disable", 0));
    OK(fx, fx_fallback(fx, "staging", "crm", "development"));
    OK(fx, define(fx, "crm", "mysql", ENVRES_CHANGE_FORCE));
    check_url(fx, "development", "crm", "mysql://app:a%40b%3Ac%2Fd@db.dev:3306/crm", 0);
    check_url(fx, "staging", "crm", "mysql://app:a%40b%3Ac%2Fd@db.dev:3306/crm", 0);
    envres_scope *scope = fx_scope(fx, "development");
    OK(fx, envres_scope_resource(scope, "crm", TEXT, &h, fx->err));
    assert_string_equal(envres_resource_handle_kind(h), "mysql");
    envres_resource_handle_free(h);
    envres_scope_unref(scope);
    fx_renders(fx, "development", "<< resources.crm.sslmode >>", NULL, ENVRES_E_FIELD);
}

/* A value that the new kind would not take is not carried over either. */
static void
a_value_wrong_for_the_new_kind_is_taken_away(void **state)
{
    struct fx *fx = *state;
    OK(fx, define(fx, "x", "custom", 0));
    OK(fx, fx_field(fx, "development", "x", "host", "db.dev", 0));
    OK(fx, fx_field(fx, "development", "x", "database", "crm", 0));
    OK(fx, fx_field(fx, "development", "x", "password", "written plain", 0));
    OK(fx, fx_field(fx, "development", "x", "port", "none", 0));
    OK(fx, define(fx, "x", "postgres", ENVRES_CHANGE_FORCE));
    fx_renders(fx, "development", "<< resources.x.port >>", "5432", 0);
    envres_scope *scope = fx_scope(fx, "development");
    envres_resource_handle *h = NULL;
    envres_value *value = NULL;
    OK(fx, envres_scope_resource(scope, "x", TEXT, &h, fx->err));
    OK(fx, envres_resource_handle_field(h, "password", TEXT, &value, fx->err));
    assert_int_equal(envres_value_is_secret(value), 1);
    envres_value_free(value);
    envres_resource_handle_free(h);
    envres_scope_unref(scope);
}

/* A declaration alone does not keep the kind it was made under. */
static void
a_fallback_declared_before_the_kind_changed(void **state)
{
    struct fx *fx = *state;
    OK(fx, define(fx, "db", "postgres", 0));
    OK(fx, fx_fallback(fx, "staging", "db", "development"));
    OK(fx, define(fx, "db", "sqlite", 0));
    OK(fx, fx_field(fx, "staging", "db", "path", "/x.db", 0));
    check_url(fx, "staging", "db", "file:///x.db?mode=rw", 0);
}

static void
a_fallback_ends_where_its_target_is_protected(void **state)
{
    struct fx *fx = *state;
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_PROTECT };
    OK(fx, define(fx, "crm", "sqlite", 0));
    OK(fx, fx_field(fx, "staging", "crm", "path", "/staging.db", 0));
    OK(fx, fx_fallback(fx, "development", "crm", "staging"));
    check_url(fx, "development", "crm", "file:///staging.db?mode=rw", 0);
    OK(fx, envres_environment_set(fx->session, "staging", TEXT, &options, NULL, fx->err));
    check_url(fx, "development", "crm", NULL, ENVRES_E_FALLBACK);
    fx_renders(fx, "development", "<< resources.crm.path >>", NULL, ENVRES_E_FALLBACK);
    fx_renders(fx, "development", "<< resources.crm.path | default(\"none\") >>", NULL,
               ENVRES_E_FALLBACK);
    options.flags = ENVRES_ENVIRONMENT_UNPROTECT;
    OK(fx, envres_environment_set(fx->session, "staging", TEXT, &options, NULL, fx->err));
    check_url(fx, "development", "crm", "file:///staging.db?mode=rw", 0);
}

static envres_status
write_fields(struct fx *fx, char (*names)[8], envres_resource_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fields[i] = (envres_resource_field){ .size = sizeof(fields[i]),
                                             .name = names[i],
                                             .name_len = TEXT,
                                             .value = "v",
                                             .value_len = 1 };
    }
    envres_resource_write write = { .size = sizeof(write),
                                    .handle = "many",
                                    .handle_len = TEXT,
                                    .fields = fields,
                                    .count = count };
    return envres_resource_configure(fx->session, "development", TEXT, &write, NULL, NULL, fx->err);
}

/* Fields written again are not counted twice. */
static void
fields_have_a_limit(void **state)
{
    struct fx *fx = *state;
    static char names[257][8];
    static envres_resource_field fields[257];
    for (unsigned i = 0; i < 257; i++)
        snprintf(names[i], sizeof(names[i]), "f%u", i);
    OK(fx, define(fx, "many", "custom", 0));
    OK(fx, write_fields(fx, names, fields, 256));
    OK(fx, write_fields(fx, names, fields, 256));
    FAILS(fx, ENVRES_E_LIMIT, write_fields(fx, names + 256, fields, 1));
    FAILS(fx, ENVRES_E_LIMIT, write_fields(fx, names, fields, 257));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_handle_has_everything, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(no_settings_is_an_error_that_helps, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(fields_are_checked, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(fallback_is_declared_and_reported, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(kind_and_removal_say_who_refers, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_circle_through_a_resource_is_found, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(a_cache_key_follows_what_is_used, fx_setup, fx_teardown),
        cmocka_unit_test(a_cache_key_sees_what_is_taken_away),
        cmocka_unit_test_setup_teardown(a_cache_key_of_a_fallback, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_probe_travels_through, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(history_shows_each_field, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_forced_kind_is_the_kind_everywhere, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(a_value_wrong_for_the_new_kind_is_taken_away, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(a_fallback_declared_before_the_kind_changed, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(a_fallback_ends_where_its_target_is_protected, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(fields_have_a_limit, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
