/* SPDX-License-Identifier: MIT */
/* The audit chain: the known answers, and every change to a stored entry named by its sequence. */
#include "guard_helper.h"

#include "guard/anchor.h"
#include "guard/audit.h"

static const uint8_t workspace[SEAL_ID] = { 1 };
static const uint8_t elsewhere[SEAL_ID] = { 2 };
static const uint8_t environment[SEAL_ID] = { 3 };
static const uint8_t raw_key[32] = { 9 };

struct fixture {
    struct db *db;
    struct arena *arena;
    struct identity *alice;
    struct identity *bob;
    envres_error *err;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f || arena_new(&mem_default, false, &f->arena, NULL) != ENVRES_OK)
        return -1;
    script_install();
    f->db = memory_db();
    f->err = envres_error_new(NULL);
    add_workspace(f->db, workspace, "acme");
    add_workspace(f->db, elsewhere, "other");
    f->alice = make_identity(f->db, f->arena, workspace, "alice", NULL, NULL, raw_key);
    f->bob = make_identity(f->db, f->arena, workspace, "bob", NULL, NULL, raw_key);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    identity_unref(f->alice);
    identity_unref(f->bob);
    memory_db_close(f->db);
    arena_unref(f->arena);
    envres_error_free(f->err);
    free(f);
    return 0;
}

static envres_status
append(const struct fixture *f, const uint8_t *where, uint8_t number, envres_error *err)
{
    uint8_t operation[SEAL_ID] = { number };
    struct audit_entry entry = { .workspace = where,
                                 .environment = number % 2 ? environment : NULL,
                                 .operation = operation,
                                 .action = "variable.put",
                                 .object = slice_str("variable/HOST"),
                                 .revision = number,
                                 .reason = slice_str("because"),
                                 .time = 1000 + number };
    return audit_append(f->db, &mem_default, f->alice, &entry, err);
}

static void
fill(const struct fixture *f, uint8_t count)
{
    for (uint8_t i = 1; i <= count; i++)
        assert_int_equal(append(f, workspace, i, NULL), ENVRES_OK);
}

static int64_t
first_bad(const struct fixture *f, struct findings *findings)
{
    int64_t bad = -1;
    memset(findings, 0, sizeof(*findings));
    assert_int_equal(
        audit_verify(f->db, &mem_default, workspace, take_finding, findings, &bad, NULL),
        ENVRES_OK);
    assert_int_equal(bad == 0, findings->count == 0);
    return bad;
}

/* Of the end of the vector's chain. It is what is signed in each of its parts: with one of them
 * changed it is not. */
static void
check_checkpoint(struct db *db, const struct vectors *v, uint32_t node, const uint8_t *where,
                 const struct identity *actor)
{
    struct audit_tip tip = { .sequence = (int64_t)vector_int(v, node, "sequence"),
                             .policy_version = (int64_t)vector_int(v, node, "policy_version") };
    int64_t time = (int64_t)vector_int(v, node, "time");
    uint8_t wanted[SIGNATURE_SIZE], sign_key[32], got[SIGNATURE_SIZE];
    envres_checkpoint checkpoint = { 0 };
    vector_id(v, node, "hash", tip.hash, sizeof(tip.hash));
    vector_id(v, node, "sign_key", sign_key, sizeof(sign_key));
    vector_id(v, node, "signature", wanted, sizeof(wanted));
    assert_int_equal(checkpoint_make(actor, where, &tip, time, got, &checkpoint, NULL), ENVRES_OK);
    assert_memory_equal(got, wanted, sizeof(wanted));
    assert_memory_equal(checkpoint.sign_key, sign_key, sizeof(sign_key));
    assert_memory_equal(checkpoint.workspace, where, SEAL_ID);
    assert_memory_equal(checkpoint.signer, actor->id, SEAL_ID);
    assert_memory_equal(checkpoint.hash, tip.hash, SEAL_DIGEST);
    assert_int_equal(checkpoint.sequence, tip.sequence);
    assert_int_equal(checkpoint.policy_version, tip.policy_version);
    assert_int_equal(checkpoint.time, time);
    assert_int_equal(checkpoint_check(db, where, &checkpoint, NULL), ENVRES_OK);
    int64_t *const numbers[] = { &checkpoint.sequence, &checkpoint.policy_version,
                                 &checkpoint.time };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ++*numbers[i];
        assert_int_equal(checkpoint_check(db, where, &checkpoint, NULL), ENVRES_E_INTEGRITY);
        --*numbers[i];
    }
    tip.hash[31] ^= 1;
    assert_int_equal(checkpoint_check(db, where, &checkpoint, NULL), ENVRES_E_INTEGRITY);
    tip.hash[31] ^= 1;
    got[0] ^= 1;
    assert_int_equal(checkpoint_check(db, where, &checkpoint, NULL), ENVRES_E_INTEGRITY);
}

static void
known_answers(void **state)
{
    struct fixture *f = *state;
    struct vectors v;
    vectors_open(&v);
    uint32_t node = vector_at(&v, 0, "audit");
    uint8_t where[SEAL_ID], id[SEAL_ID], seed[32], wanted[160], got[160];
    vector_id(&v, node, "workspace", where, sizeof(where));
    vector_id(&v, node, "actor", id, sizeof(id));
    vector_id(&v, node, "actor_seed", seed, sizeof(seed));
    add_workspace(f->db, where, "vector");
    struct identity *actor = make_identity(f->db, f->arena, where, "actor", seed, id, raw_key);
    assert_memory_equal(actor->id, id, sizeof(id));
    uint32_t rows = vector_at(&v, node, "entries");
    uint32_t row = json_first(v.doc, rows);
    assert_int_equal(json_size(v.doc, rows), 2);
    for (uint32_t i = 0; i < 2; i++, row = json_next(v.doc, row)) {
        uint8_t env[SEAL_ID], operation[SEAL_ID];
        char action[64];
        struct slice text = vector_text(&v, row, "action");
        snprintf(action, sizeof(action), "%.*s", (int)text.len, text.data);
        size_t env_len = vector_hex(&v, row, "environment", env, sizeof(env));
        vector_id(&v, row, "operation", operation, sizeof(operation));
        struct audit_entry entry = { .workspace = where,
                                     .environment = env_len ? env : NULL,
                                     .operation = operation,
                                     .action = action,
                                     .object = vector_text(&v, row, "object"),
                                     .revision = (int64_t)vector_int(&v, row, "revision"),
                                     .reason = vector_text(&v, row, "reason"),
                                     .time = (int64_t)vector_int(&v, row, "time") };
        assert_int_equal(audit_append(f->db, &mem_default, actor, &entry, NULL), ENVRES_OK);

        struct db_stmt *stmt = NULL;
        int found = DB_DONE;
        assert_int_equal(db_use(f->db,
                                "SELECT sequence, previous, hash, signature FROM audit"
                                " WHERE operation = ?1",
                                &stmt, NULL),
                         ENVRES_OK);
        db_bind_blob(stmt, 1, operation, sizeof(operation));
        assert_int_equal(db_step(stmt, &found, NULL), ENVRES_OK);
        assert_int_equal(found, DB_ROW);
        assert_int_equal(db_column_int(stmt, 0), vector_int(&v, row, "sequence"));
        vector_id(&v, row, "previous", wanted, 32);
        vector_id(&v, row, "hash", wanted + 32, 32);
        vector_id(&v, row, "signature", wanted + 64, 64);
        memcpy(got, db_column_blob(stmt, 1).data, 32);
        memcpy(got + 32, db_column_blob(stmt, 2).data, 32);
        memcpy(got + 64, db_column_blob(stmt, 3).data, 64);
        assert_memory_equal(got, wanted, 128);
        db_reset(stmt);
    }
    check_checkpoint(f->db, &v, vector_at(&v, node, "checkpoint"), where, actor);
    identity_unref(actor);
    vectors_close(&v);
}

static void
an_honest_chain(void **state)
{
    struct fixture *f = *state;
    struct findings findings;
    assert_int_equal(first_bad(f, &findings), 0);
    fill(f, 20);
    assert_int_equal(append(f, elsewhere, 1, NULL), ENVRES_OK); /* the same operation id */
    assert_int_equal(append(f, elsewhere, 77, NULL), ENVRES_OK);
    assert_int_equal(first_bad(f, &findings), 0);
    must_sql(f->db, "DELETE FROM audit WHERE workspace_id = ?1", elsewhere, SEAL_ID, NULL, 0);
    assert_int_equal(first_bad(f, &findings), 0);
}

static void
every_change(void **state)
{
    static const struct {
        const char *name;
        const char *sql;
        int64_t bad;
    } rows[] = {
        { "time", "UPDATE audit SET time = 1 WHERE sequence = 3", 3 },
        { "actor", "UPDATE audit SET actor = zeroblob(16) WHERE sequence = 3", 3 },
        { "short actor", "UPDATE audit SET actor = x'01' WHERE sequence = 3", 3 },
        { "asserted by", "UPDATE audit SET asserted_by = x'00' WHERE sequence = 3", 3 },
        { "action", "UPDATE audit SET action = 'variable.unset' WHERE sequence = 3", 3 },
        { "environment", "UPDATE audit SET environment_id = x'' WHERE sequence = 3", 3 },
        { "object", "UPDATE audit SET object = 'variable/PORT' WHERE sequence = 3", 3 },
        { "boundary",
          "UPDATE audit SET object = 'variable/HOSTb', reason = 'ecause' WHERE sequence = 3", 3 },
        { "revision", "UPDATE audit SET revision = 4 WHERE sequence = 3", 3 },
        { "outcome", "UPDATE audit SET outcome = 1 WHERE sequence = 3", 3 },
        { "impossible outcome", "UPDATE audit SET outcome = 256 WHERE sequence = 3", 3 },
        { "reason", "UPDATE audit SET reason = '' WHERE sequence = 3", 3 },
        { "endless reason", "UPDATE audit SET reason = hex(zeroblob(9999)) WHERE sequence = 3", 3 },
        { "operation", "UPDATE audit SET operation = zeroblob(16) WHERE sequence = 3", 3 },
        { "policy", "UPDATE audit SET policy_version = 1 WHERE sequence = 3", 3 },
        { "previous", "UPDATE audit SET previous = zeroblob(32) WHERE sequence = 3", 3 },
        { "hash", "UPDATE audit SET hash = zeroblob(32) WHERE sequence = 3", 3 },
        { "signature", "UPDATE audit SET signature = zeroblob(64) WHERE sequence = 3", 3 },
        { "first entry", "UPDATE audit SET time = 1 WHERE sequence = 1", 1 },
        { "last entry", "UPDATE audit SET time = 1 WHERE sequence = 6", 6 },
        { "first deleted", "DELETE FROM audit WHERE sequence = 1", 1 },
        { "one deleted", "DELETE FROM audit WHERE sequence = 3", 3 },
        { "two deleted", "DELETE FROM audit WHERE sequence IN (4, 5)", 4 },
        { "copied to the end",
          "INSERT INTO audit SELECT workspace_id, 7, time, actor, asserted_by, action,"
          " environment_id, object, revision, outcome, reason, zeroblob(16), policy_version,"
          " previous, hash, signature FROM audit WHERE sequence = 6",
          7 },
        { "moved to the end", "UPDATE audit SET sequence = 7 WHERE sequence = 2", 2 },
        { "moved to the front", "UPDATE audit SET sequence = 9 WHERE sequence = 1", 1 },
        { "moved to another workspace",
          "UPDATE audit SET workspace_id = x'02000000000000000000000000000000'"
          " WHERE sequence = 5",
          5 },
        { "another signer",
          "UPDATE principal SET sign_key = (SELECT sign_key FROM principal"
          " WHERE name = 'bob') WHERE name = 'alice'",
          1 },
        { "a cut tail is not seen here", "DELETE FROM audit WHERE sequence > 4", 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("row: %s\n", rows[i].name);
        assert_int_equal(setup(state), 0);
        struct fixture *f = *state;
        struct findings findings;
        char object[32] = "";
        fill(f, 6);
        must_sql(f->db, rows[i].sql, NULL, 0, NULL, 0);
        assert_int_equal(first_bad(f, &findings), rows[i].bad);
        if (rows[i].bad > 0)
            snprintf(object, sizeof(object), "audit/%d", (int)rows[i].bad);
        assert_string_equal(findings.object, object);
        teardown(state);
    }
}

/* Test 57: each of them, the first, the middle ones, the last. */
static void
every_entry(void **state)
{
    enum { COUNT = 7 };
    static const char *const acts[] = {
        "UPDATE audit SET reason = reason || 'x'",
        "DELETE FROM audit",
        "UPDATE audit SET previous = hash",
    };
    for (size_t act = 0; act < sizeof(acts) / sizeof(acts[0]); act++) {
        for (int at = 1; at <= COUNT; at++) {
            char sql[160];
            struct findings findings;
            assert_int_equal(setup(state), 0);
            struct fixture *f = *state;
            fill(f, COUNT);
            snprintf(sql, sizeof(sql), "%s WHERE sequence = %d", acts[act], at);
            must_sql(f->db, sql, NULL, 0, NULL, 0);
            bool cut = act == 1 && at == COUNT; /* the end: seen by a head, an anchor, a sink */
            assert_int_equal(first_bad(f, &findings), cut ? 0 : at);
            teardown(state);
        }
    }
}

/* Two entries that change places. */
static void
reordered(void **state)
{
    struct fixture *f = *state;
    struct findings findings;
    fill(f, 5);
    must_sql(f->db, "UPDATE audit SET sequence = 99 WHERE sequence = 2", NULL, 0, NULL, 0);
    must_sql(f->db, "UPDATE audit SET sequence = 2 WHERE sequence = 3", NULL, 0, NULL, 0);
    must_sql(f->db, "UPDATE audit SET sequence = 3 WHERE sequence = 99", NULL, 0, NULL, 0);
    assert_int_equal(first_bad(f, &findings), 2);
}

/* Whoever can write the file, but has no key, makes a chain that hashes well and is unsigned. */
static void
rehashed_without_the_key(void **state)
{
    struct fixture *f = *state;
    struct findings findings;
    fill(f, 2);
    struct identity *mallory =
        make_identity(NULL, f->arena, workspace, "mallory", NULL, NULL, raw_key);
    uint8_t operation[SEAL_ID] = { 99 };
    struct audit_entry entry = { .workspace = workspace,
                                 .operation = operation,
                                 .action = "release",
                                 .object = slice_str("x"),
                                 .reason = slice_str(""),
                                 .time = 1 };
    assert_int_equal(audit_append(f->db, &mem_default, mallory, &entry, NULL), ENVRES_OK);
    assert_int_equal(first_bad(f, &findings), 3);
    assert_non_null(strstr(findings.message, "not a principal"));
    /* In the name of another: its signature is not that one's. */
    memcpy(mallory->id, f->bob->id, SEAL_ID);
    must_sql(f->db, "DELETE FROM audit WHERE sequence = 3", NULL, 0, NULL, 0);
    assert_int_equal(audit_append(f->db, &mem_default, mallory, &entry, NULL), ENVRES_OK);
    assert_int_equal(first_bad(f, &findings), 3);
    assert_non_null(strstr(findings.message, "signature"));
    identity_unref(mallory);
}

static void
finding_an_operation(void **state)
{
    struct fixture *f = *state;
    uint8_t operation[SEAL_ID] = { 2 };
    bool found = true;
    int64_t revision = 9;
    struct slice object = slice_str("variable/HOST");
    assert_int_equal(
        audit_find(f->db, workspace, operation, "variable.put", object, &found, &revision, NULL),
        ENVRES_OK);
    assert_false(found);
    assert_int_equal(revision, 0);
    fill(f, 3);
    assert_int_equal(
        audit_find(f->db, workspace, operation, "variable.put", object, &found, &revision, NULL),
        ENVRES_OK);
    assert_true(found);
    assert_int_equal(revision, 2);
    assert_int_equal(audit_find(f->db, workspace, operation, "variable.unset", object, &found,
                                &revision, f->err),
                     ENVRES_E_INVALID);
    assert_false(found);
    assert_int_equal(audit_find(f->db, workspace, operation, "variable.put",
                                slice_str("variable/PORT"), &found, &revision, f->err),
                     ENVRES_E_INVALID);
    assert_int_equal(
        audit_find(f->db, elsewhere, operation, "variable.put", object, &found, &revision, NULL),
        ENVRES_OK);
    assert_false(found);
    /* The same id twice cannot be stored. */
    assert_true(append(f, workspace, 2, NULL) < 0);
}

static void
long_entries(void **state)
{
    struct fixture *f = *state;
    static char text[5000];
    struct findings findings;
    memset(text, 'r', sizeof(text));
    uint8_t operation[SEAL_ID] = { 1 };
    struct audit_entry entry = { .workspace = workspace,
                                 .environment = environment,
                                 .operation = operation,
                                 .action = "variable.put",
                                 .object = slice_of(text, 1000),
                                 .reason = slice_of(text, LIMIT_REASON + 1) };
    assert_int_equal(audit_append(f->db, &mem_default, f->alice, &entry, f->err), ENVRES_E_LIMIT);
    entry.reason.len = LIMIT_REASON;
    entry.object.len = sizeof(text);
    assert_int_equal(audit_append(f->db, &mem_default, f->alice, &entry, f->err), ENVRES_E_LIMIT);
    entry.object.len = 1000;
    assert_int_equal(audit_append(f->db, &mem_default, f->alice, &entry, f->err), ENVRES_OK);
    assert_int_equal(first_bad(f, &findings), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(known_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(an_honest_chain, setup, teardown),
        cmocka_unit_test(every_change),
        cmocka_unit_test(every_entry),
        cmocka_unit_test_setup_teardown(reordered, setup, teardown),
        cmocka_unit_test_setup_teardown(rehashed_without_the_key, setup, teardown),
        cmocka_unit_test_setup_teardown(finding_an_operation, setup, teardown),
        cmocka_unit_test_setup_teardown(long_entries, setup, teardown),
    };
    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
