/* SPDX-License-Identifier: MIT */
/*
 * Identities and the keys of environments in a store: unlocking, what all failures of it have in
 * common, and grants that were exchanged, damaged or made by the wrong one.
 */
#include "guard_helper.h"

#include <time.h>

#include "guard/grant.h"
#include "guard/identity.h"

static const uint8_t workspace[SEAL_ID] = { 1 };
static const uint8_t elsewhere[SEAL_ID] = { 2 };
static const uint8_t staging[SEAL_ID] = { 3 };
static const uint8_t production[SEAL_ID] = { 4 };
static const uint8_t alice_key[32] = { 0xA1 };
static const uint8_t bob_key[32] = { 0xB0 };
static const uint64_t kdf_max = LIMIT_KDF_MEMORY_MIN; /* the cheapest that is allowed */

struct fixture {
    struct db *db;
    struct arena *arena;
    struct identity *alice;
    struct identity *bob;
    struct env_keys *keys; /* alice's, of staging */
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
    add_workspace(f->db, elsewhere, "other");
    add_environment(f->db, staging, workspace, "staging");
    add_environment(f->db, production, workspace, "production");
    f->alice = make_identity(f->db, f->arena, workspace, "alice", NULL, NULL, alice_key);
    f->bob = make_identity(f->db, f->arena, workspace, "bob", NULL, NULL, bob_key);
    assert_int_equal(env_keys_make(f->db, f->arena, &mem_default, f->alice, workspace, staging, 5,
                                   &f->keys, NULL),
                     ENVRES_OK);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    env_keys_unref(f->keys);
    identity_unref(f->alice);
    identity_unref(f->bob);
    memory_db_close(f->db);
    arena_unref(f->arena);
    envres_error_free(f->err);
    free(f);
    return 0;
}

static envres_status
unlock(const struct fixture *f, const uint8_t *where, const envres_credential *credential,
       struct identity **out)
{
    envres_error_clear(f->err);
    return identity_unlock(f->db, f->arena, &mem_default, where, credential, kdf_max, out, f->err);
}

static envres_status
open_keys(const struct fixture *f, const struct identity *identity, const uint8_t *environment,
          uint32_t generation, struct env_keys **out)
{
    return env_keys_open(f->db, f->arena, &mem_default, identity, workspace, environment,
                         generation, out, f->err);
}

/* ---- known answers ---- */

static void
known_identity(void **state)
{
    struct fixture *f = *state;
    struct vectors v;
    vectors_open(&v);
    uint32_t node = vector_at(&v, 0, "identity");
    uint8_t seed[32], wanted[32];
    vector_id(&v, node, "seed", seed, sizeof(seed));
    struct identity *identity =
        make_identity(NULL, f->arena, workspace, "v", seed, workspace, alice_key);
    vector_id(&v, node, "box_public", wanted, sizeof(wanted));
    assert_memory_equal(identity->box_public, wanted, sizeof(wanted));
    vector_id(&v, node, "sign_public", wanted, sizeof(wanted));
    assert_memory_equal(identity->sign_public, wanted, sizeof(wanted));
    identity_unref(identity);
    vectors_close(&v);
}

static void
known_subkeys(void **state)
{
    struct fixture *f = *state;
    struct vectors v;
    struct env_keys *keys = NULL;
    vectors_open(&v);
    uint32_t node = vector_at(&v, 0, "subkeys");
    uint8_t wanted[32];
    script_clear();
    uint8_t grant[56] = { 0 };
    vector_script(&v, node, "key"); /* the first random bytes are the config key */
    script_add(grant, sizeof(grant));
    vector_script(&v, node, "key"); /* behind its grant comes the one for secrets */
    assert_int_equal(env_keys_make(f->db, f->arena, &mem_default, f->alice, workspace, production,
                                   5, &keys, NULL),
                     ENVRES_OK);
    vector_id(&v, node, "data", wanted, sizeof(wanted));
    assert_memory_equal(keys->config_data, wanted, sizeof(wanted));
    vector_id(&v, node, "row", wanted, sizeof(wanted));
    assert_memory_equal(keys->row, wanted, sizeof(wanted));
    vector_id(&v, node, "head", wanted, sizeof(wanted));
    assert_memory_equal(keys->head, wanted, sizeof(wanted));
    vector_id(&v, node, "data", wanted, sizeof(wanted));
    assert_memory_equal(keys->secret_data, wanted, sizeof(wanted));
    vector_id(&v, node, "box_seed", wanted, sizeof(wanted));
    assert_memory_equal(keys->box_seed, wanted, sizeof(wanted));
    struct env_keys *plain = NULL;
    assert_int_equal(env_keys_plain(keys, &mem_default, &plain, NULL), ENVRES_OK);
    assert_null(plain->box_seed);
    env_keys_unref(plain);
    env_keys_unref(keys);
    vectors_close(&v);
}

static void
known_grant(void **state)
{
    struct fixture *f = *state;
    struct vectors v;
    vectors_open(&v);
    uint32_t node = vector_at(&v, 0, "grant");
    uint8_t ws[SEAL_ID], env[SEAL_ID], principal[SEAL_ID], key[32], opened[32], seed[32];
    uint8_t wanted[GRANT_SIZE + SIGNATURE_SIZE], body[GRANT_SIZE], signature[SIGNATURE_SIZE];
    vector_id(&v, node, "workspace", ws, sizeof(ws));
    vector_id(&v, node, "environment", env, sizeof(env));
    vector_id(&v, node, "principal", principal, sizeof(principal));
    vector_id(&v, node, "key", key, sizeof(key));
    vector_id(&v, node, "body", wanted, GRANT_SIZE);
    vector_id(&v, node, "signature", wanted + GRANT_SIZE, SIGNATURE_SIZE);
    vector_id(&v, node, "recipient_seed", seed, sizeof(seed));
    struct identity *to = make_identity(NULL, f->arena, ws, "to", seed, principal, alice_key);
    vector_id(&v, node, "granter_seed", seed, sizeof(seed));
    struct identity *by = make_identity(NULL, f->arena, ws, "by", seed, ws, alice_key);
    struct grant_label label = { ws, env, (uint32_t)vector_int(&v, node, "generation"), principal,
                                 (uint8_t)vector_int(&v, node, "class") };
    script_clear();
    vector_script(&v, node, "random");
    assert_int_equal(grant_seal(&label, to->box_public, key, by, body, signature, NULL), 0);
    assert_memory_equal(body, wanted, sizeof(body));
    assert_memory_equal(signature, wanted + GRANT_SIZE, sizeof(signature));
    assert_true(grant_is_signed(&label, wanted, by->sign_public, wanted + GRANT_SIZE));
    assert_true(grant_open(&label, to->box_public, identity_box_secret(to), wanted, opened));
    assert_memory_equal(opened, key, sizeof(key));
    assert_false(grant_open(&label, by->box_public, identity_box_secret(by), wanted, opened));
    identity_unref(to);
    identity_unref(by);
    vectors_close(&v);
}

/* ---- unlocking ---- */

static void
unlocking(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = { "bob", NULL };
    for (size_t i = 0; i < 2; i++) {
        envres_credential credential = raw_credential(bob_key, names[i]);
        struct identity *identity = NULL;
        assert_int_equal(unlock(f, workspace, &credential, &identity), ENVRES_OK);
        assert_int_equal(envres_error_code(f->err), ENVRES_OK);
        assert_string_equal(identity->name, "bob");
        assert_memory_equal(identity->id, f->bob->id, SEAL_ID);
        assert_memory_equal(identity->box_public, f->bob->box_public, 32);
        assert_memory_equal(identity->sign_public, f->bob->sign_public, 32);
        uint8_t a[SIGNATURE_SIZE], b[SIGNATURE_SIZE];
        assert_int_equal(identity_sign(identity, "test", "m", 1, a, NULL), ENVRES_OK);
        assert_int_equal(identity_sign(f->bob, "test", "m", 1, b, NULL), ENVRES_OK);
        assert_memory_equal(a, b, sizeof(a));
        identity_unref(identity);
    }
    identity_unref(NULL);
}

/* 20: whatever is wrong, the answer is one: code, text and hint. */
static void
one_answer_for_all(void **state)
{
    struct fixture *f = *state;
    static const uint8_t wrong[32] = { 7 };
    const struct {
        const char *name;
        const char *sql;
        const uint8_t *where;
        envres_credential credential;
    } rows[] = {
        { "wrong key", NULL, workspace, raw_credential(wrong, "alice") },
        { "wrong key, no name", NULL, workspace, raw_credential(wrong, NULL) },
        { "another's key", NULL, workspace, raw_credential(bob_key, "alice") },
        { "unknown principal", NULL, workspace, raw_credential(alice_key, "nobody") },
        { "name in other case", NULL, workspace, raw_credential(alice_key, "Alice") },
        { "another workspace", NULL, elsewhere, raw_credential(alice_key, "alice") },
        { "passphrase for a raw key", NULL, workspace,
          passphrase_credential("secret", 6, "alice") },
        { "passphrase of nobody", NULL, workspace, passphrase_credential("secret", 6, "nobody") },
        { "damaged commitment",
          "UPDATE slot SET body = CAST(substr(body, 1, 100) || x'0000' || substr(body, 103) AS BLOB)",
          workspace, raw_credential(alice_key, "alice") },
        { "unknown format", "UPDATE slot SET body = CAST(x'02' || substr(body, 2) AS BLOB)",
          workspace, raw_credential(alice_key, "alice") },
        { "unknown flags",
          "UPDATE slot SET body = CAST(substr(body, 1, 2) || x'01' || substr(body, 4) AS BLOB)",
          workspace, raw_credential(alice_key, "alice") },
        { "slot of another principal",
          "UPDATE slot SET body = (SELECT s.body FROM slot s JOIN principal p"
          " ON p.id = s.principal_id WHERE p.name = 'bob')",
          workspace, raw_credential(bob_key, "alice") },
        { "no slot", "DELETE FROM slot", workspace, raw_credential(alice_key, "alice") },
    };
    char message[512] = "";
    char hint[512] = "";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("row: %s\n", rows[i].name);
        must_sql(f->db, "SAVEPOINT row", NULL, 0, NULL, 0);
        if (rows[i].sql)
            must_sql(f->db, rows[i].sql, NULL, 0, NULL, 0);
        struct identity *identity = f->alice;
        assert_int_equal(unlock(f, rows[i].where, &rows[i].credential, &identity), ENVRES_E_KEY);
        assert_null(identity);
        if (i == 0) {
            snprintf(message, sizeof(message), "%s", envres_error_message(f->err));
            snprintf(hint, sizeof(hint), "%s", envres_error_hint(f->err));
            assert_true(hint[0] != '\0');
        }
        assert_string_equal(envres_error_message(f->err), message);
        assert_string_equal(envres_error_hint(f->err), hint);
        assert_string_equal(envres_error_subject(f->err), "");
        must_sql(f->db, "ROLLBACK TO row", NULL, 0, NULL, 0);
        must_sql(f->db, "RELEASE row", NULL, 0, NULL, 0);
    }
}

static double
processor_time(void)
{
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A name that nobody has costs as much as a wrong passphrase does: the derivation is done. */
static void
unknown_names_cost_the_same(void **state)
{
    struct fixture *f = *state;
    envres_credential raw = raw_credential(alice_key, "nobody");
    envres_credential phrase = passphrase_credential("secret", 6, "nobody");
    struct identity *identity = NULL;
    double start = processor_time();
    assert_int_equal(unlock(f, workspace, &raw, &identity), ENVRES_E_KEY);
    double cheap = processor_time() - start;
    start = processor_time();
    assert_int_equal(unlock(f, workspace, &phrase, &identity), ENVRES_E_KEY);
    assert_true(processor_time() - start > 5 * cheap + 0.005);
}

static void
stored_costs(void **state)
{
    struct fixture *f = *state;
    struct new_principal made;
    envres_credential credential = passphrase_credential("secret", 6, "carol");
    assert_int_equal(
        principal_make(f->arena, &mem_default, "carol", &credential, kdf_max, &made, NULL),
        ENVRES_OK);
    assert_int_equal(principal_insert(f->db, workspace, &made, 5, NULL), ENVRES_OK);
    struct identity *identity = NULL;
    assert_int_equal(unlock(f, workspace, &credential, &identity), ENVRES_OK);
    identity_unref(identity);
    /* 4 TiB of memory, by whoever can write the file. */
    must_sql(f->db,
             "UPDATE slot SET body = CAST(substr(body, 1, 16) || x'0000000000040000' ||"
             " substr(body, 25) AS BLOB) WHERE principal_id = ?1",
             made.identity->id, SEAL_ID, NULL, 0);
    assert_int_equal(unlock(f, workspace, &credential, &identity), ENVRES_E_KDF_LIMIT);
    assert_null(identity);
    struct findings findings = { 0 };
    assert_int_equal(keyring_verify(f->db, &mem_default, workspace, take_finding, &findings, NULL),
                     ENVRES_OK);
    assert_int_equal(findings.count, 2); /* the slot, and the set that it is in */
    assert_string_equal(findings.object, "slot/carol/1");
    new_principal_free(&made);
}

static void
exchanged_public_keys(void **state)
{
    struct fixture *f = *state;
    static const char *const rows[] = {
        "UPDATE principal SET box_key = (SELECT box_key FROM principal WHERE name = 'bob')",
        "UPDATE principal SET sign_key = (SELECT sign_key FROM principal WHERE name = 'bob')",
    };
    for (size_t i = 0; i < 2; i++) {
        must_sql(f->db, "SAVEPOINT row", NULL, 0, NULL, 0);
        must_sql(f->db, rows[i], NULL, 0, NULL, 0);
        envres_credential credential = raw_credential(alice_key, NULL);
        struct identity *identity = NULL;
        assert_int_equal(unlock(f, workspace, &credential, &identity), ENVRES_E_INTEGRITY);
        assert_null(identity);
        assert_string_equal(envres_error_subject(f->err), "alice");
        must_sql(f->db, "ROLLBACK TO row", NULL, 0, NULL, 0);
        must_sql(f->db, "RELEASE row", NULL, 0, NULL, 0);
    }
}

/* ---- a provider that calls back into the store ---- */

struct reentry {
    const struct fixture *f;
    uint8_t key[32];
    int depth;
    bool fails;
};

static envres_status
reentry_wrap(const uint8_t *id, const uint8_t *key, const uint8_t *aad, size_t aad_len,
             uint8_t *blob, size_t cap, size_t *blob_len, void *user)
{
    struct reentry *r = user;
    (void)id;
    (void)aad;
    (void)aad_len;
    (void)cap;
    memcpy(r->key, key, 32);
    blob[0] = 1;
    *blob_len = 1;
    return ENVRES_OK;
}

static envres_status
reentry_unwrap(const uint8_t *id, const uint8_t *blob, size_t blob_len, const uint8_t *aad,
               size_t aad_len, uint8_t *key, void *user)
{
    struct reentry *r = user;
    (void)id;
    (void)blob;
    (void)blob_len;
    (void)aad;
    (void)aad_len;
    if (r->f) {
        envres_credential credential = raw_credential(bob_key, NULL);
        struct identity *other = NULL;
        r->depth++;
        assert_int_equal(unlock(r->f, workspace, &credential, &other), ENVRES_OK);
        assert_string_equal(other->name, "bob");
        identity_unref(other);
    }
    if (r->fails)
        return ENVRES_E_IO;
    memcpy(key, r->key, 32);
    return ENVRES_OK;
}

static void
providers_in_a_store(void **state)
{
    struct fixture *f = *state;
    struct reentry r = { .f = NULL };
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_PROVIDER,
                                     .wrap = reentry_wrap,
                                     .unwrap = reentry_unwrap,
                                     .user = &r };
    struct new_principal made;
    assert_int_equal(principal_make(f->arena, &mem_default, "kms", &credential, 0, &made, NULL),
                     ENVRES_OK);
    assert_int_equal(principal_insert(f->db, workspace, &made, 5, NULL), ENVRES_OK);
    r.f = f;
    struct identity *identity = NULL;
    assert_int_equal(unlock(f, workspace, &credential, &identity), ENVRES_OK);
    assert_int_equal(r.depth, 1);
    assert_string_equal(identity->name, "kms");
    identity_unref(identity);
    identity = NULL;
    r.fails = true;
    assert_int_equal(unlock(f, workspace, &credential, &identity), ENVRES_E_CALLBACK);
    assert_null(identity);
    r.fails = false;
    r.key[0] ^= 1;
    assert_int_equal(unlock(f, workspace, &credential, &identity), ENVRES_E_KEY);
    credential.unwrap = NULL;
    assert_int_equal(unlock(f, workspace, &credential, &identity), ENVRES_E_INVALID);
    new_principal_free(&made);
}

static void
names(void **state)
{
    struct fixture *f = *state;
    static char text[LIMIT_PRINCIPAL + 2];
    memset(text, 'n', sizeof(text) - 1);
    envres_credential credential = raw_credential(alice_key, NULL);
    struct new_principal made;
    assert_int_equal(principal_make(f->arena, &mem_default, "", &credential, 0, &made, f->err),
                     ENVRES_E_NAME);
    assert_int_equal(principal_make(f->arena, &mem_default, text, &credential, 0, &made, f->err),
                     ENVRES_E_NAME);
    assert_int_equal(principal_make(f->arena, &mem_default, "bob", &credential, 0, &made, f->err),
                     ENVRES_OK);
    assert_int_equal(principal_insert(f->db, workspace, &made, 5, f->err), ENVRES_E_NAME_TAKEN);
    assert_string_equal(envres_error_subject(f->err), "bob");
    assert_int_equal(principal_insert(f->db, elsewhere, &made, 5, f->err), ENVRES_OK);
    new_principal_free(&made);
    new_principal_free(NULL);
}

static void
signatures(void **state)
{
    struct fixture *f = *state;
    static char text[2000];
    uint8_t signature[SIGNATURE_SIZE];
    const uint8_t *public_key = f->alice->sign_public;
    assert_int_equal(identity_sign(f->alice, "audit", "abc", 3, signature, NULL), ENVRES_OK);
    assert_true(identity_verify(public_key, "audit", "abc", 3, signature));
    assert_false(identity_verify(public_key, "audit", "abd", 3, signature));
    assert_false(identity_verify(public_key, "audit", "ab", 2, signature));
    assert_false(identity_verify(public_key, "grant", "abc", 3, signature));
    assert_false(identity_verify(f->bob->sign_public, "audit", "abc", 3, signature));
    for (size_t i = 0; i < SIGNATURE_SIZE * 8; i++) {
        signature[i / 8] ^= (uint8_t)(1 << (i % 8));
        assert_false(identity_verify(public_key, "audit", "abc", 3, signature));
        signature[i / 8] ^= (uint8_t)(1 << (i % 8));
    }
    assert_int_equal(identity_sign(f->alice, "audit", text, sizeof(text), signature, f->err),
                     ENVRES_E_INVALID);
    assert_false(identity_verify(public_key, "audit", text, sizeof(text), signature));
}

/* What was good once is good again, and nothing like it is; however many are seen in between. */
static void
signatures_again(void **state)
{
    struct fixture *f = *state;
    static char text[2000];
    struct seen_digests seen = { .count = 0 };
    uint8_t signatures[2 * SEEN_DIGESTS][SIGNATURE_SIZE] = { { 0 } };
    const uint8_t *key = f->alice->sign_public;
    for (int round = 0; round < 3; round++) {
        for (uint8_t i = 0; i < 2 * SEEN_DIGESTS; i++) {
            uint8_t *signature = signatures[i];
            if (round == 0)
                assert_int_equal(identity_sign(f->alice, "audit", &i, 1, signature, NULL),
                                 ENVRES_OK);
            uint8_t other = (uint8_t)(i + 1);
            for (int again = 0; again < 2; again++) {
                assert_true(identity_verify_seen(&seen, key, "audit", &i, 1, signature));
                assert_false(identity_verify_seen(&seen, key, "audit", &other, 1, signature));
                assert_false(identity_verify_seen(&seen, key, "grant", &i, 1, signature));
                assert_false(identity_verify_seen(&seen, key, "audit", &i, 0, signature));
                assert_false(
                    identity_verify_seen(&seen, f->bob->sign_public, "audit", &i, 1, signature));
                signature[i] ^= 4;
                assert_false(identity_verify_seen(&seen, key, "audit", &i, 1, signature));
                signature[i] ^= 4;
            }
        }
        assert_int_equal(seen.count, (round + 1) * 2 * SEEN_DIGESTS);
    }
    assert_false(identity_verify_seen(&seen, key, "audit", text, sizeof(text), signatures[0]));
}

/* ---- keys of environments ---- */

static void
opening_keys(void **state)
{
    struct fixture *f = *state;
    struct env_keys *keys = NULL;
    assert_int_equal(open_keys(f, f->alice, staging, 1, &keys), ENVRES_OK);
    assert_memory_equal(keys->workspace, workspace, SEAL_ID);
    assert_memory_equal(keys->environment, staging, SEAL_ID);
    assert_int_equal(keys->generation, 1);
    assert_memory_equal(keys->config_data, f->keys->config_data, 32);
    assert_memory_equal(keys->secret_data, f->keys->secret_data, 32);
    assert_memory_equal(keys->row, f->keys->row, 32);
    assert_memory_equal(keys->head, f->keys->head, 32);
    assert_ptr_equal(env_keys_data(keys, true), keys->secret_data);
    assert_ptr_equal(env_keys_data(keys, false), keys->config_data);
    /* No key serves two uses. */
    const uint8_t *all[] = { keys->config_data, keys->secret_data, keys->row, keys->head };
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(all[i], all[j], 32);
    assert_ptr_equal(env_keys_ref(keys), keys);
    env_keys_unref(keys);
    env_keys_unref(keys);
    env_keys_unref(NULL);

    assert_int_equal(open_keys(f, f->bob, staging, 1, &keys), ENVRES_E_DENIED);
    assert_null(keys);
    assert_int_equal(open_keys(f, f->alice, production, 1, &keys), ENVRES_E_DENIED);
    assert_int_equal(open_keys(f, f->alice, staging, 2, &keys), ENVRES_E_DENIED);

    must_sql(f->db, "DELETE FROM key_grant WHERE class = 2", NULL, 0, NULL, 0);
    assert_int_equal(open_keys(f, f->alice, staging, 1, &keys), ENVRES_OK);
    assert_null(keys->secret_data);
    assert_null(env_keys_data(keys, true));
    env_keys_unref(keys);
    assert_int_equal(env_keys_drop(f->db, staging, NULL), ENVRES_OK);
    assert_int_equal(open_keys(f, f->alice, staging, 1, &keys), ENVRES_E_DENIED);
}

/* Grants that were moved to where they do not belong: none opens. */
static void
exchanged_grants(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *name;
        const char *sql;
        const struct identity *who;
        const uint8_t *environment;
        uint32_t generation;
    } rows[] = {
        { "to another principal",
          "UPDATE key_grant SET principal_id ="
          " (SELECT id FROM principal WHERE name = 'bob')",
          f->bob, staging, 1 },
        { "to another environment",
          "UPDATE key_grant SET environment_id = x'04000000000000000000000000000000'", f->alice,
          production, 1 },
        { "to another generation", "UPDATE key_grant SET generation = 2", f->alice, staging, 2 },
        { "secret as config",
          "UPDATE key_grant SET body = (SELECT body FROM key_grant WHERE class = 2),"
          " signature = (SELECT signature FROM key_grant WHERE class = 2) WHERE class = 1",
          f->alice, staging, 1 },
        { "config as secret",
          "UPDATE key_grant SET body = (SELECT body FROM key_grant WHERE class = 1),"
          " signature = (SELECT signature FROM key_grant WHERE class = 1) WHERE class = 2",
          f->alice, staging, 1 },
        { "by another granter",
          "UPDATE key_grant SET granter_id ="
          " (SELECT id FROM principal WHERE name = 'bob')",
          f->alice, staging, 1 },
        { "by nobody", "UPDATE key_grant SET granter_id = zeroblob(16)", f->alice, staging, 1 },
        { "another's public key in the row",
          "UPDATE principal SET sign_key = zeroblob(32) WHERE name = 'alice'", f->alice, staging,
          1 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("row: %s\n", rows[i].name);
        struct findings findings = { 0 };
        struct env_keys *keys = NULL;
        must_sql(f->db, "SAVEPOINT row", NULL, 0, NULL, 0);
        must_sql(f->db, rows[i].sql, NULL, 0, NULL, 0);
        assert_int_equal(open_keys(f, rows[i].who, rows[i].environment, rows[i].generation, &keys),
                         ENVRES_E_INTEGRITY);
        assert_null(keys);
        assert_string_equal(envres_error_subject(f->err), rows[i].who->name);
        assert_int_equal(
            keyring_verify(f->db, &mem_default, workspace, take_finding, &findings, NULL),
            ENVRES_OK);
        assert_true(findings.count > 0);
        assert_memory_equal(findings.object, "grant/", 6);
        must_sql(f->db, "ROLLBACK TO row", NULL, 0, NULL, 0);
        must_sql(f->db, "RELEASE row", NULL, 0, NULL, 0);
    }
    struct findings findings = { 0 };
    assert_int_equal(keyring_verify(f->db, &mem_default, workspace, take_finding, &findings, NULL),
                     ENVRES_OK);
    assert_int_equal(findings.count, 0);
}

static void
every_bit_of_a_grant(void **state)
{
    struct fixture *f = *state;
    struct grant_label label = { workspace, staging, 1, f->alice->id, KEY_CONFIG };
    uint8_t key[32] = { 1 }, opened[32], body[GRANT_SIZE], signature[SIGNATURE_SIZE];
    const uint8_t *secret = identity_box_secret(f->alice);
    const uint8_t *box = f->alice->box_public;
    assert_int_equal(grant_seal(&label, box, key, f->bob, body, signature, NULL), ENVRES_OK);
    size_t unsigned_opened = 0;
    for (size_t i = 0; i < GRANT_SIZE * 8; i++) {
        body[i / 8] ^= (uint8_t)(1 << (i % 8));
        assert_false(grant_is_signed(&label, body, f->bob->sign_public, signature));
        unsigned_opened += grant_open(&label, box, secret, body, opened);
        body[i / 8] ^= (uint8_t)(1 << (i % 8));
    }
    assert_int_equal(unsigned_opened, 0);
    assert_true(grant_is_signed(&label, body, f->bob->sign_public, signature));
    assert_true(grant_open(&label, box, secret, body, opened));
    assert_memory_equal(opened, key, 32);
}

/* Points whose shared secret is the same for everybody: refused both as recipient and as sender. */
static void
low_order_keys(void **state)
{
    struct fixture *f = *state;
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    struct grant_label label = { workspace, staging, 1, f->alice->id, KEY_CONFIG };
    uint8_t key[32] = { 1 }, opened[32], body[GRANT_SIZE], signature[SIGNATURE_SIZE];
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        print_message("row: %s\n", points[i]);
        uint8_t point[32];
        assert_true(text_unhex(point, 32, slice_str(points[i])));
        assert_int_equal(grant_seal(&label, point, key, f->bob, body, signature, f->err),
                         ENVRES_E_INTEGRITY);
        assert_int_equal(
            grant_seal(&label, f->alice->box_public, key, f->bob, body, signature, NULL),
            ENVRES_OK);
        memcpy(body, point, 32);
        assert_false(
            grant_open(&label, f->alice->box_public, identity_box_secret(f->alice), body, opened));
    }
}

static void
out_of_memory(void **state)
{
    struct fixture *f = *state;
    envres_credential credential = raw_credential(alice_key, NULL);
    for (int n = 0;; n++) {
        struct failing failing = { .left = n };
        struct mem mem = { failing_reallocate, &failing };
        struct identity *identity = NULL;
        struct env_keys *keys = NULL;
        struct env_keys *fresh = NULL;
        struct new_principal made = { 0 };
        envres_status st =
            identity_unlock(f->db, f->arena, &mem, workspace, &credential, 0, &identity, NULL);
        if (st == ENVRES_OK)
            st = env_keys_open(f->db, f->arena, &mem, identity, workspace, staging, 1, &keys, NULL);
        if (st == ENVRES_OK)
            st = principal_make(f->arena, &mem, "dave", &credential, 0, &made, NULL);
        if (st == ENVRES_OK)
            st = env_keys_make(f->db, f->arena, &mem, identity, workspace, production, 1, &fresh,
                               NULL);
        identity_unref(identity);
        env_keys_unref(keys);
        env_keys_unref(fresh);
        new_principal_free(&made);
        assert_int_equal(st, failing.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        if (!failing.hit) {
            assert_true(n >= 8);
            return;
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(known_identity, setup, teardown),
        cmocka_unit_test_setup_teardown(known_subkeys, setup, teardown),
        cmocka_unit_test_setup_teardown(known_grant, setup, teardown),
        cmocka_unit_test_setup_teardown(unlocking, setup, teardown),
        cmocka_unit_test_setup_teardown(one_answer_for_all, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_names_cost_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(stored_costs, setup, teardown),
        cmocka_unit_test_setup_teardown(exchanged_public_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(providers_in_a_store, setup, teardown),
        cmocka_unit_test_setup_teardown(names, setup, teardown),
        cmocka_unit_test_setup_teardown(signatures, setup, teardown),
        cmocka_unit_test_setup_teardown(signatures_again, setup, teardown),
        cmocka_unit_test_setup_teardown(opening_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(exchanged_grants, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit_of_a_grant, setup, teardown),
        cmocka_unit_test_setup_teardown(low_order_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory, setup, teardown),
    };
    return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
