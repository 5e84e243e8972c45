/* SPDX-License-Identifier: MIT */
/*
 * A host's own test. One document says what is configured; envres_testing_open() makes a store in
 * memory of it, with the same rules as a real one. No file, no network, no server; connecting is a
 * function of the test that notes what it was given.
 */
#include "pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envres/testing.h>

#define NUL ENVRES_NUL_TERMINATED

static const char document[] =
    "{"
    "  \"variables\": {"
    "    \"DB_PASSWORD\": {\"secret\": true, \"values\": {"
    "      \"development\": \"dev\", \"production\": \"pr0d\"}}"
    "  },"
    "  \"resources\": {"
    "    \"crm\": {\"kind\": \"postgres\", \"settings\": {"
    "      \"development\": {\"host\": \"localhost\", \"database\": \"crm\", \"user\": \"app\","
    "        \"password\": \"<< environment.variables.DB_PASSWORD >>\"},"
    "      \"production\": {\"host\": \"db1\", \"database\": \"crm\", \"user\": \"app\","
    "        \"password\": \"<< environment.variables.DB_PASSWORD >>\"}}},"
    "    \"reports\": {\"kind\": \"sqlite\","
    "      \"settings\": {\"development\": {\"path\": \"reports.db\"}},"
    "      \"fallback\": {\"staging\": \"development\"}}"
    "  }"
    "}";

/* What the pool was seen doing. */
struct fixture {
    envres_error *err;
    envres_testing_memory *memory;
    envres_testing_clock *clock;
    envres_store *store;
    envres_session *session;
    struct pool *pool;
    int connected;
    int hung_up;
    int refuse;
    char dsn[300];
};

static void *
fake_connect(const char *dsn, void *user)
{
    struct fixture *fx = user;
    if (fx->refuse)
        return NULL;
    fx->connected++;
    snprintf(fx->dsn, sizeof(fx->dsn), "%s", dsn);
    return fx->dsn;
}

static void
fake_hang_up(void *connection, void *user)
{
    struct fixture *fx = user;
    assert_ptr_equal(connection, fx->dsn);
    fx->hung_up++;
}

static int
set_up(void **state)
{
    static struct fixture fx;
    envres_allocator allocator;
    fx = (struct fixture){ .err = envres_error_new(NULL),
                           .memory = envres_testing_memory_new(),
                           .clock = envres_testing_clock_new(1760000000000) };
    envres_testing_memory_allocator(fx.memory, &allocator);
    const envres_store_options options = { .size = sizeof(options),
                                           .allocator = &allocator,
                                           .clock = envres_testing_clock_read,
                                           .clock_user = fx.clock };
    fx.pool = pool_new(fake_connect, fake_hang_up, &fx);
    *state = &fx;
    if (envres_testing_open(document, NUL, &options, &fx.store, &fx.session, fx.err) < 0) {
        print_error("%s, line %u, column %u\n", envres_error_message(fx.err),
                    envres_error_line(fx.err), envres_error_column(fx.err));
        return -1;
    }
    return 0;
}

/* After every test: whatever was connected is hung up, and nothing of the library's is left. */
static int
tear_down(void **state)
{
    struct fixture *fx = *state;
    pool_free(fx->pool);
    envres_session_close(fx->session);
    envres_store_close(fx->store);
    envres_error_free(fx->err);
    int leaked = envres_testing_memory_live(fx->memory) != 0 || fx->connected != fx->hung_up;
    envres_testing_memory_free(fx->memory);
    envres_testing_clock_free(fx->clock);
    return leaked ? -1 : 0;
}

static envres_scope *
open_scope(struct fixture *fx, const char *environment)
{
    envres_scope *scope = NULL;
    assert_int_equal(envres_scope_open(fx->session, environment, NUL, NULL, &scope, fx->err),
                     ENVRES_OK);
    return scope;
}

static void
set_variable(struct fixture *fx, const char *name, const char *value)
{
    const envres_variable_write write = {
        .size = sizeof(write), .name = name, .name_len = NUL, .value = value, .value_len = NUL
    };
    assert_int_equal(
        envres_variable_put(fx->session, "production", NUL, &write, NULL, NULL, fx->err),
        ENVRES_OK);
}

static void
test_each_environment_has_its_own_connection(void **state)
{
    struct fixture *fx = *state;
    static const struct {
        const char *environment;
        const char *host;
        const char *password;
    } rows[] = { { "development", "host='localhost'", "password='dev'" },
                 { "production", "host='db1'", "password='pr0d'" } };
    for (size_t i = 0; i < 2; i++) {
        void *connection = NULL;
        envres_scope *scope = open_scope(fx, rows[i].environment);
        assert_int_equal(pool_get(fx->pool, scope, "crm", &connection, fx->err), ENVRES_OK);
        assert_non_null(connection);
        assert_non_null(strstr(fx->dsn, rows[i].host));
        assert_non_null(strstr(fx->dsn, rows[i].password));
        envres_scope_unref(scope);
    }
    assert_int_equal(fx->connected, 2);
}

/* A changed password makes a new connection; another change does not. */
static void
test_only_a_change_of_settings_connects_again(void **state)
{
    struct fixture *fx = *state;
    static const struct {
        const char *name;
        const char *value;
        int connected;
    } rows[] = { { "BANNER", "maintenance at noon", 1 }, { "DB_PASSWORD", "rotated", 2 } };
    void *connection = NULL;
    envres_scope *scope = open_scope(fx, "production");
    assert_int_equal(pool_get(fx->pool, scope, "crm", &connection, fx->err), ENVRES_OK);
    for (size_t i = 0; i < 2; i++) {
        envres_scope *fresh = NULL;
        set_variable(fx, rows[i].name, rows[i].value);
        assert_int_equal(envres_scope_is_stale(scope), 1);
        assert_int_equal(envres_scope_latest(fx->session, scope, &fresh, fx->err), ENVRES_OK);
        envres_scope_unref(scope);
        scope = fresh;
        assert_int_equal(pool_get(fx->pool, scope, "crm", &connection, fx->err), ENVRES_OK);
        assert_int_equal(fx->connected, rows[i].connected);
    }
    assert_non_null(strstr(fx->dsn, "password='rotated'"));
    assert_int_equal(fx->hung_up, 1);
    envres_scope_unref(scope);
}

static void
test_what_is_not_configured_is_not_connected(void **state)
{
    struct fixture *fx = *state;
    void *connection = NULL;
    envres_scope *scope = open_scope(fx, "staging");
    assert_int_equal(pool_get(fx->pool, scope, "crm", &connection, fx->err),
                     ENVRES_E_NOT_CONFIGURED);
    assert_null(connection);
    assert_int_equal(pool_get(fx->pool, scope, "cmr", &connection, fx->err), ENVRES_E_NOT_FOUND);
    assert_int_equal(fx->connected, 0);
    /* A fallback that is declared is another matter. */
    assert_int_equal(pool_get(fx->pool, scope, "reports", &connection, fx->err), ENVRES_OK);
    assert_string_equal(fx->dsn, "reports.db");
    envres_scope_unref(scope);
}

static void
test_a_refused_connection_is_tried_again(void **state)
{
    struct fixture *fx = *state;
    void *connection = NULL;
    envres_scope *scope = open_scope(fx, "development");
    fx->refuse = 1;
    assert_int_equal(pool_get(fx->pool, scope, "crm", &connection, fx->err), ENVRES_E_CALLBACK);
    assert_null(connection);
    fx->refuse = 0;
    assert_int_equal(pool_get(fx->pool, scope, "crm", &connection, fx->err), ENVRES_OK);
    assert_int_equal(fx->connected, 1);
    envres_scope_unref(scope);
}

/* Every request for memory fails in turn: the pool says so, and works once there is some again. */
static void
test_out_of_memory(void **state)
{
    struct fixture *fx = *state;
    void *connection = NULL;
    envres_scope *scope = open_scope(fx, "production");
    uint64_t before = 0;
    for (uint64_t n = 1;; n++) {
        before = envres_testing_memory_failures(fx->memory);
        envres_testing_memory_fail(fx->memory, n, 0);
        envres_status st = pool_get(fx->pool, scope, "crm", &connection, fx->err);
        if (envres_testing_memory_failures(fx->memory) == before) {
            assert_int_equal(st, ENVRES_OK);
            assert_true(n > 1);
            break;
        }
        assert_int_equal(st, ENVRES_E_NOMEM);
        assert_null(connection);
    }
    envres_testing_memory_fail(fx->memory, 0, 0);
    assert_non_null(strstr(fx->dsn, "password='pr0d'"));
    envres_scope_unref(scope);
}

/* What the store writes down bears the time of the test's clock. */
static void
test_when_it_was_changed(void **state)
{
    struct fixture *fx = *state;
    envres_list *list = NULL;
    envres_testing_clock_step(fx->clock, 3600 * 1000);
    set_variable(fx, "DB_PASSWORD", "rotated");
    assert_int_equal(envres_variable_history(fx->session, "production", NUL, "DB_PASSWORD", NUL, 0,
                                             &list, fx->err),
                     ENVRES_OK);
    assert_int_equal(envres_list_count(list), 2);
    assert_true(envres_list_integer(list, 0, ENVRES_HISTORY_TIME) == 1760003600000);
    assert_true(envres_list_integer(list, 1, ENVRES_HISTORY_TIME) == 1760000000000);
    envres_list_free(list);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_environment_has_its_own_connection, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_only_a_change_of_settings_connects_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_not_configured_is_not_connected, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_refused_connection_is_tried_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_out_of_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_when_it_was_changed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
