/* SPDX-License-Identifier: MIT */
/*
 * A check that found nothing is not made again by the same session while nothing it depends on has
 * changed. So whatever is changed, between two checks of a session that keeps what it found, the
 * second says what a session says that was opened just now.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "fx_serve.h"

enum { SAID_SIZE = 4096 };

struct session {
    envres_store *store;
    envres_session *session;
};

static void
set(struct fx *fx, const char *environment, const char *name, const char *value)
{
    OK(fx, fx_put(fx, environment, name, value, ENVRES_TYPE_STRING, 0));
}

static const char *const environments[] = { "development", "staging", "production" };

static int
setup(void **state)
{
    if (serve_setup(state) != 0)
        return -1;
    struct fx *fx = *state;
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "rest", TEXT, NULL, fx->err));
    for (size_t i = 0; i < 3; i++) {
        char url[64], token[32];
        set(fx, environments[i], "TITLE", "Shop");
        snprintf(token, sizeof(token), "5521-of-%s", environments[i]);
        OK(fx, fx_put(fx, environments[i], "TOKEN", token, 0, ENVRES_WRITE_SECRET));
        snprintf(url, sizeof(url), "https://crm.%s.example.net", environments[i]);
        OK(fx, fx_field(fx, environments[i], "crm", "base_url", url, 0));
    }
    serve_app(fx, "shop", 0);
    serve_part(fx, "shop", "v1", "page.txt",
               "<< environment.variables.TITLE >> at << resources.crm.base_url >> of 7fb1e-secret");
    serve_part(fx, "shop", "v1", "page.json", "{\"title\": \"<< environment.variables.TITLE >>\"}");
    serve_part(fx, "shop", "v1", "conf.txt", "<< environment.variables.TOKEN >>");
    serve_promote(fx, "shop", "v1", "staging");
    return 0;
}

/* Everything that a check says, as one text. */
static void
say(struct fx *fx, envres_session *session, char said[SAID_SIZE])
{
    envres_version_name name = fx_version("shop", "v1");
    envres_list *list = NULL;
    size_t len = 0;
    envres_status st = envres_version_check(session, &name, "production", TEXT, &list, fx->err);
    len += (size_t)snprintf(said, SAID_SIZE, "%s\n", envres_status_name(st));
    for (size_t row = 0; st == ENVRES_OK && row < envres_list_count(list); row++) {
        for (uint32_t column = 0; column <= ENVRES_FINDING_FIX; column++) {
            const char *text = envres_list_text(list, row, column, NULL);
            if (len < SAID_SIZE)
                len += (size_t)snprintf(said + len, SAID_SIZE - len, "%s|%lld|", text ? text : "",
                                        (long long)envres_list_integer(list, row, column));
        }
    }
    assert_in_range(len, 1, SAID_SIZE - 1);
    envres_list_free(list);
}

/* Both sessions say the same; whether they found anything. */
static bool
compare(struct fx *fx, const char *after)
{
    char kept[SAID_SIZE], fresh[SAID_SIZE];
    struct session other = { NULL, NULL };
    serve_again(fx, &other.store, &other.session);
    say(fx, other.session, fresh);
    envres_session_close(other.session);
    envres_store_close(other.store);
    say(fx, fx->session, kept);
    if (strcmp(kept, fresh) != 0)
        fail_msg("after '%s' a session that checked before says\n%s, and a new one\n%s", after,
                 kept, fresh);
    return strcmp(kept, "ENVRES_OK\n") != 0;
}

/* ---- what may change ------------------------------------------------------------------------ */

static void
unset_title(struct fx *fx)
{
    OK(fx,
       envres_variable_unset(fx->session, "production", TEXT, "TITLE", TEXT, NULL, NULL, fx->err));
}

static void
set_title(struct fx *fx)
{
    set(fx, "production", "TITLE", "Shop");
}

/* The text holds it: it leaks from staging. */
static void
leak(struct fx *fx)
{
    OK(fx,
       fx_put(fx, "staging", "LEAKED", "7fb1e-secret", ENVRES_TYPE_STRING, ENVRES_WRITE_SECRET));
}

static void
leak_no_more(struct fx *fx)
{
    OK(fx, envres_variable_delete(fx->session, "LEAKED", TEXT, NULL, fx->err));
}

static void
rename_title(struct fx *fx)
{
    OK(fx, envres_variable_delete(fx->session, "TITLE", TEXT, NULL, fx->err));
    set(fx, "staging", "TITLE", "Shop");
    OK(fx, envres_variable_rename(fx->session, "TITLE", TEXT, "HEADING", TEXT, NULL, fx->err));
}

static void
name_back(struct fx *fx)
{
    OK(fx, envres_variable_rename(fx->session, "HEADING", TEXT, "TITLE", TEXT, NULL, fx->err));
    set_title(fx);
}

static void
clear_crm(struct fx *fx)
{
    envres_resource_field field = {
        .size = sizeof(field), .flags = ENVRES_FIELD_UNSET, .name = "base_url", .name_len = TEXT
    };
    envres_resource_write write = {
        .size = sizeof(write), .handle = "crm", .handle_len = TEXT, .fields = &field, .count = 1
    };
    OK(fx, envres_resource_configure(fx->session, "production", TEXT, &write, NULL, NULL, fx->err));
}

static void
fill_crm(struct fx *fx)
{
    OK(fx, fx_field(fx, "production", "crm", "base_url", "https://crm.example.net", 0));
}

static void
fall_back(struct fx *fx)
{
    clear_crm(fx);
    OK(fx, fx_fallback(fx, "production", "crm", "staging"));
}

static void
define_other(struct fx *fx)
{
    OK(fx, envres_resource_define(fx->session, "other", TEXT, "rest", TEXT, NULL, fx->err));
}

static void
add_environment(struct fx *fx)
{
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    OK(fx, envres_environment_add(fx->session, "customer", TEXT, &options, NULL, fx->err));
    set(fx, "customer", "LEAKED", "7fb1e-secret");
}

/* Behind the library's back. */
static void
exchange_kind(struct fx *fx)
{
    serve_sql(fx, "UPDATE object SET kind = 'smtp' WHERE name = 'crm'");
}

static void
restore_kind(struct fx *fx)
{
    serve_sql(fx, "UPDATE object SET kind = 'rest' WHERE name = 'crm'");
}

static void
damage_part(struct fx *fx)
{
    serve_sql(fx, "UPDATE part SET body = CAST(body || 'x' AS BLOB)");
}

static void
damage_setting(struct fx *fx)
{
    serve_sql(fx, "UPDATE setting SET time = time + 1 WHERE name = 'TITLE'");
}

static const struct step {
    const char *name;
    void (*change)(struct fx *fx);
    bool finds;
} steps[] = {
    { "a name lost its value", unset_title, true },
    { "it has one again", set_title, false },
    { "a secret of staging stands in the text", leak, true },
    { "it does not any more", leak_no_more, false },
    { "a variable has another name", rename_title, true },
    { "it has its own again", name_back, false },
    { "a resource has no settings", clear_crm, true },
    { "it has some again", fill_crm, false },
    { "a resource falls back", fall_back, true },
    { "it has settings again", fill_crm, false },
    { "another resource is defined", define_other, false },
    { "a resource's kind was exchanged: the sealed rows count", exchange_kind, false },
    { "the kind is right again", restore_kind, false },
    { "an environment more, whose value stands in the text", add_environment, true },
};

static void
test_changes(void **state)
{
    struct fx *fx = *state;
    assert_false(compare(fx, "nothing"));
    assert_false(compare(fx, "nothing, again"));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        print_message("%s\n", steps[i].name);
        steps[i].change(fx);
        assert_int_equal(compare(fx, steps[i].name), steps[i].finds);
        assert_int_equal(compare(fx, "the same, again"), steps[i].finds);
    }
}

/* A release is refused for what the check would find, although the check before found nothing. */
static void
test_release(void **state)
{
    struct fx *fx = *state;
    envres_version_name name = fx_version("shop", "v1");
    envres_release_options options = {
        .size = sizeof(options), .tag = "1.0.0", .tag_len = TEXT, .flags = ENVRES_MOVE_DRY_RUN
    };
    envres_list *list = NULL;
    unsigned char content[32] = { 0 };
    serve_promote(fx, "shop", "v1", "production");
    OK(fx, envres_version_describe(fx->session, &name, &list, fx->err));
    const char *hex = envres_list_text(list, 0, ENVRES_VERSION_CONTENT, NULL);
    for (size_t i = 0; i < sizeof(content); i++) {
        const char digits[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
        content[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    envres_list_free(list);
    options.expect_content = content;
    OK(fx, envres_release_create(fx->session, &name, &options, NULL, NULL, NULL, fx->err));
    unset_title(fx);
    FAILS(fx, ENVRES_E_CHECK,
          envres_release_create(fx->session, &name, &options, NULL, NULL, NULL, fx->err));
    set_title(fx);
    OK(fx, envres_release_create(fx->session, &name, &options, NULL, NULL, NULL, fx->err));
    damage_part(fx);
    FAILS(fx, ENVRES_E_INTEGRITY,
          envres_release_create(fx->session, &name, &options, NULL, NULL, NULL, fx->err));
}

static void
test_damage(void **state)
{
    struct fx *fx = *state;
    assert_false(compare(fx, "nothing"));
    damage_setting(fx);
    assert_true(compare(fx, "a setting was changed"));
    damage_part(fx);
    assert_true(compare(fx, "a part was changed"));
}

/* No head covers the records themselves, only what they commit to. */
static void
test_damaged_records(void **state)
{
    static const char *const names[] = { "TITLE", "TOKEN", "crm" };
    static const char set_record[] = "UPDATE setting SET record =";
    static const char of[] = "WHERE environment_id = (SELECT id FROM environment"
                             " WHERE key = 'production') AND name =";
    struct fx *fx = *state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char sql[256];
        assert_false(compare(fx, "nothing"));
        snprintf(sql, sizeof(sql), "%s CAST(record || 'x' AS BLOB) %s '%s'", set_record, of,
                 names[i]);
        serve_sql(fx, sql);
        assert_true(compare(fx, names[i]));
        snprintf(sql, sizeof(sql), "%s substr(record, 1, length(record) - 1) %s '%s'", set_record,
                 of, names[i]);
        serve_sql(fx, sql);
    }
    assert_false(compare(fx, "all is as it was"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changes, setup, serve_teardown),
        cmocka_unit_test_setup_teardown(test_release, setup, serve_teardown_damaged),
        cmocka_unit_test_setup_teardown(test_damage, setup, serve_teardown_damaged),
        cmocka_unit_test_setup_teardown(test_damaged_records, setup, serve_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
