/* SPDX-License-Identifier: MIT */
/*
 * Stores whose file was damaged: a call that has nothing to do with the damage works, and salvage
 * works at any time of the clock, nought too. A control: the damaged name itself is refused.
 */
#include "fx_serve.h"

#include "delivery.h"

/* ---- names beside a damaged one ------------------------------------------------------------- */

static envres_status
put_many(struct fx *fx, const char *const *names, size_t count)
{
    envres_variable_write writes[4] = { { 0 } };
    assert_true(count <= 4);
    for (size_t i = 0; i < count; i++) {
        writes[i] = (envres_variable_write){ .size = sizeof(writes[i]),
                                             .name = names[i],
                                             .name_len = TEXT,
                                             .value = "value",
                                             .value_len = TEXT };
    }
    return envres_variable_put_many(fx->session, "development", TEXT, writes, count, NULL, NULL,
                                    fx->err);
}

static const struct {
    const char *name;
    const char *sql;
} damages[] = {
    { "a kind that is too long",
      "UPDATE object SET kind = printf('%.*c', 300, 'k') WHERE name = 'MIDDLE'" },
    { "a name of a value that is too long",
      "UPDATE setting SET name = printf('MIDDLE%.*c', 300, 'k') WHERE name = 'MIDDLE'" },
};

/* A gap between names is looked up as far as the next one, which may be what is damaged. */
static void
a_put_beside_a_damaged_name_works(void **state)
{
    struct fx *fx = *state;
    static const char *const beside[] = { "BEFORE", "BEHIND", "LATER", "ZERO" };
    OK(fx, fx_put(fx, "development", "MIDDLE", "value", 0, 0));
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        print_message("%s\n", damages[i].name);
        serve_sql(fx, damages[i].sql);
        OK(fx, fx_put(fx, "development", i == 0 ? "ALONE" : "ALONE_TOO", "value", 0, 0));
        OK(fx, put_many(fx, beside + 2 * i, 2));
        FAILS(fx, ENVRES_E_CORRUPT, fx_put(fx, "development", "MIDDLE", "value", 0, 0));
        serve_sql(fx, "UPDATE object SET kind = 'string' WHERE name = 'MIDDLE'");
    }
}

/* ---- salvage -------------------------------------------------------------------------------- */

static int64_t
stand_still(void *user)
{
    return *(const int64_t *)user;
}

static envres_status
pin_query(struct fx *fx, const char *name)
{
    envres_query_write query = { .size = sizeof(query),
                                 .name = name,
                                 .name_len = TEXT,
                                 .resource = "db",
                                 .resource_len = TEXT,
                                 .text = "SELECT 1",
                                 .text_len = TEXT };
    envres_version_name draft = name_of("shop", "v1");
    envres_status st = envres_query_put(fx->session, &query, NULL, NULL, fx->err);
    return st < 0 ? st : envres_query_pin(fx->session, &draft, name, TEXT, 0, NULL, fx->err);
}

/* What is written in place of what is lost has a time, and what is removed is so since a time. */
static void
salvage_works_at_any_time(void **state)
{
    struct fx *fx = *state;
    char to[160];
    static int64_t times[] = { 1700000000000, 0, -1 };
    OK(fx, envres_resource_define(fx->session, "db", TEXT, "sqlite", TEXT, NULL, fx->err));
    serve_app(fx, "shop", 0);
    OK(fx, pin_query(fx, "gone"));
    OK(fx, pin_query(fx, "empty"));
    serve_sql(fx, "DELETE FROM query_revision;"
                  " DELETE FROM query WHERE name = 'gone'");
    snprintf(to, sizeof(to), "%s.salvaged", serve_path(fx));
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        envres_store_options options = { .size = sizeof(options),
                                         .flags = ENVRES_STORE_RELAXED,
                                         .clock = stand_still,
                                         .clock_user = &times[i] };
        envres_credential owner = { .size = sizeof(owner),
                                    .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                    .secret = fx->key,
                                    .secret_len = sizeof(fx->key) };
        struct fx made = { .err = fx->err };
        envres_list *list = NULL;
        print_message("a clock at %lld\n", (long long)times[i]);
        OK(fx,
           envres_store_salvage(serve_path(fx), TEXT, to, TEXT, &options, &owner, &list, fx->err));
        assert_true(envres_list_count(list) > 0);
        envres_list_free(list);
        OK(fx, envres_store_open(to, TEXT, &options, &made.store, fx->err));
        OK(fx, envres_session_open(made.store, NULL, 0, &owner, &made.session, fx->err));
        OK(fx, envres_query_list(made.session, &list, fx->err));
        assert_int_equal(envres_list_count(list), 0);
        envres_list_free(list);
        OK(fx, envres_store_verify(made.store, made.session, &list, fx->err));
        assert_int_equal(envres_list_count(list), 0);
        envres_list_free(list);
        envres_session_close(made.session);
        envres_store_close(made.store);
        assert_int_equal(remove(to), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_put_beside_a_damaged_name_works, serve_setup,
                                        serve_teardown_damaged),
        cmocka_unit_test_setup_teardown(salvage_works_at_any_time, serve_setup,
                                        serve_teardown_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
