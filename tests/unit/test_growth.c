/* SPDX-License-Identifier: MIT */
/*
 * What a call reads of the store does not grow with what it has nothing to do with. SQLite's
 * machine is counted, not timed: its steps around a loop are the same in every run. Each row makes
 * a store of a few things and one of sixteen times as many; the calls are the same.
 *
 * A control must be caught: a call that reads all there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include <envres/envres.h>

#include "api/store.h"
#include "storage/sqlite.h"

#define TEXT ENVRES_NUL_TERMINATED

enum { FEW = 20, MANY = 16 * FEW, NAMES = 30 };

struct fixture {
    envres_error *err;
    envres_store *store;
    envres_session *session;
    long steps;
};

static void
ok(struct fixture *fx, envres_status st)
{
    if (st != ENVRES_OK)
        fail_msg("%s: %s", envres_status_name(st), envres_error_message(fx->err));
}

static int
count_step(void *user)
{
    ((struct fixture *)user)->steps++;
    return 0;
}

static void
open_store(struct fixture *fx)
{
    static const uint8_t key[32] = { 5 };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key,
                                .secret_len = sizeof(key) };
    memset(fx, 0, sizeof(*fx));
    fx->err = envres_error_new(NULL);
    ok(fx, envres_store_create(NULL, 0, NULL, &owner, &fx->store, fx->err));
    ok(fx, envres_session_open(fx->store, NULL, 0, &owner, &fx->session, fx->err));
    sqlite3_progress_handler(fx->store->db->handle, 1, count_step, fx);
}

static void
close_store(struct fixture *fx)
{
    envres_session_close(fx->session);
    envres_store_close(fx->store);
    envres_error_free(fx->err);
}

static void
put(struct fixture *fx, const char *environment, int index, const char *value, int32_t type)
{
    char name[32];
    snprintf(name, sizeof(name), "NAME_%04d", index);
    envres_variable_write write = { .size = sizeof(write),
                                    .name = name,
                                    .name_len = TEXT,
                                    .value = value,
                                    .value_len = TEXT,
                                    .type = type };
    ok(fx, envres_variable_put(fx->session, environment, TEXT, &write, NULL, NULL, fx->err));
}

/* ---- settings ------------------------------------------------------------------------------- */

static void
make_variables(struct fixture *fx, int count)
{
    for (int i = 0; i < count; i++)
        put(fx, "development", i, "value", 0);
}

static void
make_revisions(struct fixture *fx, int count)
{
    put(fx, "staging", 3, "value", 0);
    for (int i = 0; i < count; i++)
        put(fx, "development", 3, "value", 0);
}

static void
make_templates(struct fixture *fx, int count)
{
    make_variables(fx, 1);
    for (int i = 1; i < count; i++)
        put(fx, "development", i, "<< environment.variables.NAME_0000 >>", ENVRES_TYPE_TEMPLATE);
}

/* Names behind the one that is changed, all of which were taken away. */
static void
make_unset(struct fixture *fx, int count)
{
    for (int i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "NAME_%04d", 4 + i);
        put(fx, "development", 4 + i, "value", 0);
        ok(fx, envres_variable_unset(fx->session, "development", TEXT, name, TEXT, NULL, NULL,
                                     fx->err));
    }
}

/* A field of a resource that was written again and again, and one that was not. */
static void
make_field_revisions(struct fixture *fx, int count)
{
    static const char *const names[] = { "database", "host" };
    ok(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    for (int i = 0; i <= count; i++) {
        char value[32];
        snprintf(value, sizeof(value), "value-%d", i);
        envres_resource_field field = { .size = sizeof(field),
                                        .name = names[i > 0],
                                        .name_len = TEXT,
                                        .value = value,
                                        .value_len = TEXT };
        envres_resource_write write = {
            .size = sizeof(write), .handle = "crm", .handle_len = TEXT, .fields = &field, .count = 1
        };
        ok(fx, envres_resource_configure(fx->session, "development", TEXT, &write, NULL, NULL,
                                         fx->err));
    }
}

/* Environments that set the same names. */
static void
make_environments(struct fixture *fx, int count)
{
    for (int e = 0; e < count; e++) {
        char key[32];
        envres_environment_options options = { .size = sizeof(options),
                                               .flags = ENVRES_ENVIRONMENT_OFF_PATH };
        snprintf(key, sizeof(key), "more-%d", e);
        ok(fx, envres_environment_add(fx->session, key, TEXT, &options, NULL, fx->err));
        for (int i = 0; i < NAMES; i++)
            put(fx, key, i, "value", 0);
    }
    for (int i = 0; i < NAMES; i++)
        put(fx, "development", i, "value", 0);
}

static void
change_variable(struct fixture *fx)
{
    put(fx, "development", 3, "another", 0);
}

static void
change_template(struct fixture *fx)
{
    put(fx, "development", 3, "a << environment.variables.NAME_0000 >>", ENVRES_TYPE_TEMPLATE);
}

/* Where else a name has a value, the error says; and what is not set anywhere may change its type.
 */
static void
get_where_it_is_not_set(struct fixture *fx)
{
    envres_value *value = NULL;
    assert_int_equal(
        envres_variable_get(fx->session, "production", TEXT, "NAME_0003", TEXT, 0, &value, fx->err),
        ENVRES_E_NOT_SET);
    assert_string_equal(envres_error_hint(fx->err), "it is set in: development, staging");
}

static void
list_resources(struct fixture *fx)
{
    envres_list *list = NULL;
    ok(fx, envres_resource_list(fx->session, &list, fx->err));
    assert_int_equal(envres_list_integer(list, 0, ENVRES_RESOURCE_FIELDS), 2);
    envres_list_free(list);
}

static void
refuse_another_kind(struct fixture *fx)
{
    assert_int_equal(envres_resource_define(fx->session, "crm", TEXT, "mysql", TEXT, NULL, fx->err),
                     ENVRES_E_REFERRED);
}

static void
open_scope(struct fixture *fx)
{
    envres_scope *scope = NULL;
    ok(fx, envres_scope_open(fx->session, "development", TEXT, NULL, &scope, fx->err));
    assert_int_equal(envres_scope_count(scope), NAMES);
    envres_scope_unref(scope);
}

static void
list_variables(struct fixture *fx)
{
    envres_list *list = NULL;
    ok(fx, envres_variable_list(fx->session, "development", TEXT, 0, &list, fx->err));
    envres_list_free(list);
}

/* ---- apps ----------------------------------------------------------------------------------- */

static envres_version_name
version_of(const char *name)
{
    return (envres_version_name){ .size = sizeof(envres_version_name),
                                  .app = "shop",
                                  .app_len = TEXT,
                                  .version = name,
                                  .version_len = TEXT };
}

static void
create_version(struct fixture *fx, const char *name)
{
    envres_version_options options = {
        .size = sizeof(options), .flags = ENVRES_VERSION_EMPTY, .name = name, .name_len = TEXT
    };
    ok(fx, envres_version_create(fx->session, "shop", TEXT, &options, NULL, NULL, fx->err));
}

static void
read_content(struct fixture *fx, const char *name, uint8_t content[SEAL_DIGEST])
{
    envres_version_name it = version_of(name);
    envres_list *list = NULL;
    size_t len = 0;
    ok(fx, envres_version_describe(fx->session, &it, &list, fx->err));
    const char *hex = envres_list_text(list, 0, ENVRES_VERSION_CONTENT, &len);
    assert_int_equal(len, 2 * SEAL_DIGEST);
    for (size_t i = 0; i < SEAL_DIGEST; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        content[i] = (uint8_t)byte;
    }
    envres_list_free(list);
}

/* To the end of the path. */
static void
promote_version(struct fixture *fx, const char *name)
{
    static const char *const path[] = { "development", "staging", "production" };
    envres_version_name it = version_of(name);
    uint8_t content[SEAL_DIGEST] = { 0 };
    read_content(fx, name, content);
    for (int i = 0; i < 2; i++) {
        envres_promote_options options = { .size = sizeof(options),
                                           .to = path[i + 1],
                                           .to_len = TEXT,
                                           .expect_stage = path[i],
                                           .expect_stage_len = TEXT,
                                           .expect_content = content };
        ok(fx, envres_version_promote(fx->session, &it, &options, NULL, NULL, fx->err));
    }
}

static void
make_versions(struct fixture *fx, int count)
{
    ok(fx, envres_app_create(fx->session, "shop", TEXT, NULL, NULL, fx->err));
    for (int i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "a-%04d", i);
        create_version(fx, name);
    }
    create_version(fx, "wanted");
}

static void
make_apps(struct fixture *fx, int count)
{
    for (int i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "a-%04d", i);
        ok(fx, envres_app_create(fx->session, name, TEXT, NULL, NULL, fx->err));
    }
    make_versions(fx, 0);
}

static int64_t
live(struct fixture *fx)
{
    envres_list *list = NULL;
    ok(fx, envres_app_describe(fx->session, "shop", TEXT, &list, fx->err));
    int64_t sequence = envres_list_integer(list, 0, ENVRES_APP_LIVE_SEQUENCE);
    envres_list_free(list);
    return sequence;
}

static void
roll_back(struct fixture *fx)
{
    int64_t now = live(fx);
    envres_rollback_options options = { .size = sizeof(options),
                                        .version = now % 2 == 0 ? "wanted" : "other",
                                        .version_len = TEXT,
                                        .expect_live = now };
    ok(fx, envres_release_rollback(fx->session, "shop", TEXT, &options, NULL, NULL, NULL, fx->err));
}

/* Two versions, one release of each, and rollbacks from one to the other ever since. */
static void
make_rollbacks(struct fixture *fx, int count)
{
    static const char *const names[] = { "wanted", "other" };
    make_versions(fx, 0);
    create_version(fx, "other");
    for (int i = 0; i < 2; i++) {
        envres_version_name it = version_of(names[i]);
        uint8_t content[SEAL_DIGEST] = { 0 };
        envres_release_options options = { .size = sizeof(options),
                                           .bump = ENVRES_BUMP_PATCH,
                                           .expect_content = content,
                                           .expect_live = i };
        promote_version(fx, names[i]);
        read_content(fx, names[i], content);
        ok(fx, envres_release_create(fx->session, &it, &options, NULL, NULL, NULL, fx->err));
    }
    for (int i = 0; i < count; i++)
        roll_back(fx);
}

static void
edit_version(struct fixture *fx)
{
    envres_version_name it = version_of("wanted");
    envres_part_write write = {
        .size = sizeof(write), .path = "a", .path_len = TEXT, .data = "b", .data_len = 1
    };
    ok(fx, envres_part_put(fx->session, &it, &write, 1, NULL, NULL, fx->err));
}

static void
promote_wanted(struct fixture *fx)
{
    promote_version(fx, "wanted");
}

static void
serve_app(struct fixture *fx)
{
    envres_scope_options options = { .size = sizeof(options), .app = "shop", .app_len = TEXT };
    envres_scope *scope = NULL;
    ok(fx, envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err));
    envres_scope_unref(scope);
}

static void
list_versions(struct fixture *fx)
{
    envres_list *list = NULL;
    ok(fx, envres_version_list(fx->session, "shop", TEXT, NULL, 0, 0, &list, fx->err));
    envres_list_free(list);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static long
steps_among(int count, void (*make)(struct fixture *, int), void (*act)(struct fixture *))
{
    struct fixture fx = { 0 };
    open_store(&fx);
    make(&fx, count);
    fx.steps = 0;
    act(&fx);
    long steps = fx.steps;
    close_store(&fx);
    return steps;
}

static const struct {
    const char *name;
    void (*make)(struct fixture *, int);
    void (*act)(struct fixture *);
    bool is_linear; /* a control: it reads all */
} rows[] = {
    { "a variable among variables", make_variables, change_variable, false },
    { "a variable among those taken away", make_unset, change_variable, false },
    { "a template among templates", make_templates, change_template, false },
    { "a variable behind its revisions", make_revisions, change_variable, false },
    { "where else a name is set", make_revisions, get_where_it_is_not_set, false },
    { "resources behind their revisions", make_field_revisions, list_resources, false },
    { "where a resource is configured", make_field_revisions, refuse_another_kind, false },
    { "an edit among versions", make_versions, edit_version, false },
    { "a promotion among versions", make_versions, promote_wanted, false },
    { "an edit among apps", make_apps, edit_version, false },
    { "a rollback behind rollbacks", make_rollbacks, roll_back, false },
    { "serving behind rollbacks", make_rollbacks, serve_app, false },
    { "control: all variables", make_variables, list_variables, true },
    { "control: all versions", make_versions, list_versions, true },
};

static void
calls_do_not_grow(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        long few = steps_among(FEW, rows[i].make, rows[i].act);
        long many = steps_among(MANY, rows[i].make, rows[i].act);
        bool grows = many > few + few / 4 + 20;
        print_message("%-32s %6ld %6ld\n", rows[i].name, few, many);
        assert_true(few > 0);
        if (grows != rows[i].is_linear)
            fail_msg("%s: %ld steps among %d, %ld among %d", rows[i].name, few, FEW, many, MANY);
    }
}

/* The rows of environments are all read, what they set is not: with 30 names, that would be ten
 * steps for each. A write looks at its own name in each. */
static void
a_scope_reads_its_own_names(void **state)
{
    (void)state;
    long few = steps_among(3, make_environments, open_scope);
    long many = steps_among(48, make_environments, open_scope);
    print_message("%-32s %6ld %6ld\n", "a scope among environments", few, many);
    if (many - few > 45 * 2 * NAMES)
        fail_msg("a scope takes %ld steps among 6 environments, %ld among 51", few, many);
    few = steps_among(3, make_environments, change_variable);
    many = steps_among(48, make_environments, change_variable);
    print_message("%-32s %6ld %6ld\n", "a variable among environments", few, many);
    if (many - few > 45 * NAMES)
        fail_msg("a put takes %ld steps among 6 environments, %ld among 51", few, many);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_do_not_grow),
        cmocka_unit_test(a_scope_reads_its_own_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
