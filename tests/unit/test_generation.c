/* SPDX-License-Identifier: MIT */
/*
 * Generations of an environment's keys: those that hang behind the newest, what is shared of them,
 * what an old one opens, how they are erased, and who is remembered to have had one.
 */
#include "guard_helper.h"

#include "guard/generation.h"

static const uint8_t workspace[SEAL_ID] = { 1 };
static const uint8_t staging[SEAL_ID] = { 3 };
static const uint8_t production[SEAL_ID] = { 4 };
static const uint8_t alice_key[32] = { 0xA1 };
static const uint8_t bob_key[32] = { 0xB0 };

struct fixture {
    struct db *db;
    struct arena *arena;
    struct identity *alice;
    struct identity *bob;
    struct env_keys *keys[3]; /* alice's, of generations 1 to 3 */
    envres_error *err;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f || arena_new(&mem_default, false, &f->arena, NULL) != ENVRES_OK)
        return -1;
    script_install();
    script_clear();
    f->db = memory_db();
    f->err = envres_error_new(NULL);
    add_workspace(f->db, workspace, "acme");
    add_environment(f->db, staging, workspace, "staging");
    add_environment(f->db, production, workspace, "production");
    f->alice = make_identity(f->db, f->arena, workspace, "alice", NULL, NULL, alice_key);
    f->bob = make_identity(f->db, f->arena, workspace, "bob", NULL, NULL, bob_key);
    assert_int_equal(env_keys_make(f->db, f->arena, &mem_default, f->alice, workspace, staging, 5,
                                   &f->keys[0], NULL),
                     ENVRES_OK);
    for (size_t i = 1; i < 3; i++)
        assert_int_equal(env_keys_renew(f->db, f->arena, &mem_default, f->alice, f->keys[i - 1], 5,
                                        &f->keys[i], f->err),
                         ENVRES_OK);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 3; i++)
        env_keys_unref(f->keys[i]);
    identity_unref(f->alice);
    identity_unref(f->bob);
    memory_db_close(f->db);
    arena_unref(f->arena);
    envres_error_free(f->err);
    free(f);
    return 0;
}

static envres_status
open_keys(struct fixture *f, const struct identity *identity, uint32_t generation,
          struct env_keys **out)
{
    return env_keys_open(f->db, f->arena, &mem_default, identity, workspace, staging, generation,
                         out, f->err);
}

static struct key_share
share_of(const struct fixture *f, uint8_t key_class, uint32_t generation)
{
    struct key_share share = { .workspace = workspace,
                               .environment = staging,
                               .generation = generation,
                               .key_class = key_class,
                               .principal = f->bob->id,
                               .box_public = f->bob->box_public };
    return share;
}

/* Which generations hang there, as digits; with secrets, or without. */
static const char *
chain(const struct env_keys *keys, bool secret, char out[16])
{
    size_t len = 0;
    for (uint32_t generation = 9; generation > 0; generation--) {
        if (env_keys_data_at(keys, secret, generation))
            out[len++] = (char)('0' + generation);
    }
    out[len] = '\0';
    return out;
}

static void
older_keys_hang_behind(void **state)
{
    struct fixture *f = *state;
    struct env_keys *keys = NULL;
    struct env_keys *plain = NULL;
    char digits[16];
    for (uint32_t newest = 1; newest <= 3; newest++) {
        static const char *const want[] = { "1", "21", "321" };
        assert_int_equal(open_keys(f, f->alice, newest, &keys), ENVRES_OK);
        assert_string_equal(chain(keys, false, digits), want[newest - 1]);
        assert_string_equal(chain(keys, true, digits), want[newest - 1]);
        for (uint32_t i = 1; i <= newest; i++) {
            const struct env_keys *own = f->keys[i - 1];
            assert_memory_equal(env_keys_data_at(keys, true, i), own->secret_data, SEAL_KEY);
            assert_memory_equal(env_keys_at(keys, i)->row, own->row, SEAL_KEY);
        }
        /* Without the newest key for secrets no secret opens, whatever is behind it. */
        assert_int_equal(env_keys_plain(keys, &mem_default, &plain, f->err), ENVRES_OK);
        env_keys_unref(keys);
        assert_string_equal(chain(plain, false, digits), want[newest - 1]);
        assert_string_equal(chain(plain, true, digits), "");
        env_keys_unref(plain);
    }
    assert_int_equal(open_keys(f, f->alice, 4, &keys), ENVRES_E_DENIED);
    assert_null(keys);
}

/* An older grant that does not verify is as if it were not there; the newest is an error. */
static void
damaged_older_grants_are_left_out(void **state)
{
    struct fixture *f = *state;
    struct env_keys *keys = NULL;
    char digits[16];
    must_sql(f->db, "UPDATE key_grant SET signature = zeroblob(64) WHERE generation = 2", NULL, 0,
             NULL, 0);
    assert_int_equal(open_keys(f, f->alice, 3, &keys), ENVRES_OK);
    assert_string_equal(chain(keys, true, digits), "31");
    env_keys_unref(keys);
    assert_int_equal(open_keys(f, f->alice, 2, &keys), ENVRES_E_INTEGRITY);
    /* One that was moved to a generation it was not made for. */
    must_sql(f->db, "DELETE FROM key_grant WHERE generation = 2", NULL, 0, NULL, 0);
    must_sql(f->db, "UPDATE key_grant SET generation = 2 WHERE generation = 1", NULL, 0, NULL, 0);
    assert_int_equal(open_keys(f, f->alice, 3, &keys), ENVRES_OK);
    assert_string_equal(chain(keys, true, digits), "3");
    env_keys_unref(keys);
}

static void
sharing_shares_older_keys(void **state)
{
    struct fixture *f = *state;
    struct env_keys *keys = NULL;
    char digits[16];
    struct key_share config = share_of(f, KEY_CONFIG, 3);
    struct key_share secret = share_of(f, KEY_SECRET, 3);
    assert_int_equal(env_keys_share(f->db, f->arena, f->alice, &config, 6, f->err), ENVRES_OK);
    assert_int_equal(open_keys(f, f->bob, 3, &keys), ENVRES_OK);
    assert_string_equal(chain(keys, false, digits), "321");
    assert_string_equal(chain(keys, true, digits), "");
    env_keys_unref(keys);
    /* What does not open for the granter is not handed on. */
    must_sql(f->db, "UPDATE key_grant SET body = zeroblob(136) WHERE generation = 2 AND class = 2",
             NULL, 0, NULL, 0);
    assert_int_equal(env_keys_share(f->db, f->arena, f->alice, &secret, 6, f->err), ENVRES_OK);
    assert_int_equal(open_keys(f, f->bob, 3, &keys), ENVRES_OK);
    assert_string_equal(chain(keys, true, digits), "31");
    env_keys_unref(keys);
    /* Nobody hands on what they do not hold. */
    assert_int_equal(env_keys_withdraw(f->db, &secret, 7, f->err), ENVRES_OK);
    struct key_share back = secret;
    back.principal = f->alice->id;
    back.box_public = f->alice->box_public;
    must_sql(f->db, "DELETE FROM key_grant WHERE class = 2 AND principal_id = ?1", f->alice->id,
             SEAL_ID, NULL, 0);
    assert_int_equal(env_keys_share(f->db, f->arena, f->bob, &back, 8, f->err), ENVRES_E_DENIED);
}

/* Test 30, at the key itself: kept in memory, with the bytes of the record from after. */
static void
an_old_key_opens_nothing_sealed_anew(void **state)
{
    struct fixture *f = *state;
    struct seal_label label = { .workspace = workspace,
                                .environment = staging,
                                .object = production,
                                .kind = SEAL_VARIABLE,
                                .type = 1,
                                .secret = true,
                                .field = slice_str(""),
                                .name = slice_str("TOKEN"),
                                .revision = 1 };
    struct buf record = { .mem = NULL };
    uint8_t content[SEAL_DIGEST] = { 0 };
    buf_init(&record, &mem_default, false);
    assert_int_equal(seal_record(f->keys[0]->secret_data, 1, &label, slice_str("a token"), &record,
                                 content, f->err),
                     ENVRES_OK);
    for (uint32_t i = 1; i < 3; i++) {
        struct buf next = { .mem = NULL };
        struct seal_change change = { f->keys[i - 1]->secret_data, f->keys[i]->secret_data, i + 1 };
        buf_init(&next, &mem_default, false);
        assert_int_equal(seal_again(&mem_default, &change, &label, content,
                                    slice_of(record.data, record.len), &next, f->err),
                         ENVRES_OK);
        buf_free(&record);
        record = next;
        for (uint32_t k = 0; k < 3; k++) {
            assert_int_equal(unseal_check(&mem_default, f->keys[k]->secret_data, &label, content,
                                          record.data, record.len, NULL),
                             k == i ? ENVRES_OK : ENVRES_E_INTEGRITY);
            assert_int_equal(unseal_check(&mem_default, f->keys[k]->config_data, &label, content,
                                          record.data, record.len, NULL),
                             ENVRES_E_INTEGRITY);
        }
    }
    buf_free(&record);
}

static void
erasing(void **state)
{
    struct fixture *f = *state;
    struct generations older = { .count = 0 };
    struct grant_label label = { workspace, staging, 3, NULL, 0 };
    assert_int_equal(generations_older(f->db, &label, &older, f->err), ENVRES_OK);
    assert_int_equal(older.count, 2);
    assert_int_equal(older.numbers[0], 2);
    assert_int_equal(older.numbers[1], 1);
    assert_false(older.more);
    label.principal = f->bob->id;
    assert_int_equal(generations_older(f->db, &label, &older, f->err), ENVRES_OK);
    assert_int_equal(older.count, 0);
    label.principal = f->alice->id;
    label.key_class = KEY_SECRET;
    assert_int_equal(generation_erase(f->db, staging, 2, f->err), ENVRES_OK);
    assert_int_equal(generations_older(f->db, &label, &older, f->err), ENVRES_OK);
    assert_int_equal(older.count, 1);
    assert_int_equal(older.numbers[0], 1);
    label.environment = production;
    assert_int_equal(generations_older(f->db, &label, &older, f->err), ENVRES_OK);
    assert_int_equal(older.count, 0);
}

static int64_t
past(struct fixture *f, uint8_t key_class)
{
    static const char sql[] = "SELECT withdrawn_at FROM key_past WHERE environment_id = ?1"
                              " AND principal_id = ?2 AND class = ?3";
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    assert_int_equal(db_use(f->db, sql, &stmt, NULL), ENVRES_OK);
    db_bind_blob(stmt, 1, staging, SEAL_ID);
    db_bind_blob(stmt, 2, f->bob->id, SEAL_ID);
    db_bind_int(stmt, 3, key_class);
    assert_int_equal(db_step(stmt, &row, NULL), ENVRES_OK);
    int64_t time = row == DB_ROW ? db_column_int(stmt, 0) : 0;
    db_reset(stmt);
    return time;
}

static void
who_had_a_key_is_remembered(void **state)
{
    struct fixture *f = *state;
    struct key_share config = share_of(f, KEY_CONFIG, 3);
    struct key_share secret = share_of(f, KEY_SECRET, 3);
    /* There was none: nothing to remember. */
    assert_int_equal(env_keys_withdraw(f->db, &secret, 10, f->err), ENVRES_OK);
    assert_int_equal(past(f, KEY_SECRET), 0);
    for (int64_t time = 20; time <= 30; time += 10) {
        assert_int_equal(env_keys_share(f->db, f->arena, f->alice, &secret, 1, f->err), ENVRES_OK);
        assert_int_equal(env_keys_withdraw(f->db, &secret, time, f->err), ENVRES_OK);
        assert_int_equal(past(f, KEY_SECRET), time); /* the last time counts */
    }
    assert_int_equal(past(f, KEY_CONFIG), 0);
    assert_int_equal(env_keys_share(f->db, f->arena, f->alice, &config, 1, f->err), ENVRES_OK);
    assert_int_equal(env_keys_withdraw_all(f->db, f->bob->id, 40, f->err), ENVRES_OK);
    assert_int_equal(past(f, KEY_CONFIG), 40);
    assert_int_equal(past(f, KEY_SECRET), 30);
    struct env_keys *keys = NULL;
    assert_int_equal(open_keys(f, f->bob, 3, &keys), ENVRES_E_DENIED);
    assert_int_equal(env_keys_drop(f->db, staging, f->err), ENVRES_OK);
    assert_int_equal(past(f, KEY_SECRET), 0);
}

static void
the_last_generation(void **state)
{
    struct fixture *f = *state;
    struct env_keys last = *f->keys[0];
    struct env_keys *keys = NULL;
    last.generation = UINT32_MAX;
    assert_int_equal(
        env_keys_renew(f->db, f->arena, &mem_default, f->alice, &last, 5, &keys, f->err),
        ENVRES_E_LIMIT);
    assert_null(keys);
}

/* More than are ever opened: the newest of them are. */
static void
too_many_generations(void **state)
{
    struct fixture *f = *state;
    struct generations older = { .count = 0 };
    struct grant_label label = { workspace, staging, 1000, NULL, 0 };
    must_sql(f->db,
             "WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
             " INSERT INTO key_grant SELECT environment_id, i, 1, principal_id, zeroblob(136),"
             " granter_id, zeroblob(64), 1 FROM key_grant, n WHERE generation = 1 AND class = 1",
             NULL, 0, NULL, 0);
    assert_int_equal(generations_older(f->db, &label, &older, f->err), ENVRES_OK);
    assert_int_equal(older.count, LIMIT_GENERATIONS);
    assert_int_equal(older.numbers[0], 100);
    assert_true(older.more);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(older_keys_hang_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_older_grants_are_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(sharing_shares_older_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_key_opens_nothing_sealed_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(erasing, setup, teardown),
        cmocka_unit_test_setup_teardown(who_had_a_key_is_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_generation, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_generations, setup, teardown),
    };
    return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
