/* SPDX-License-Identifier: MIT */
/*
 * The signed set of slots: the known answer, that every part of every row is under the signature,
 * what is no set at all, and that a session is only given for a set that was signed (28).
 */
#include "guard_helper.h"

#include "guard/slot_set.h"

static const uint8_t workspace[SEAL_ID] = { 1 };
static const uint8_t elsewhere[SEAL_ID] = { 2 };
static const uint8_t alice_key[32] = { 0xA1 };

struct fixture {
    struct db *db;
    struct arena *arena;
    struct identity *alice;
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
    f->alice = make_identity(f->db, f->arena, workspace, "alice", NULL, NULL, alice_key);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    identity_unref(f->alice);
    memory_db_close(f->db);
    arena_unref(f->arena);
    envres_error_free(f->err);
    free(f);
    return 0;
}

/* ---- the digest ----------------------------------------------------------------------------- */

enum { ROWS = 3 };

/* Rows with the bytes they point at. */
struct rows {
    uint8_t label[ROWS][32];
    uint8_t body[ROWS][SLOT_SIZE];
    uint8_t provider[ROWS][64];
    struct slot_row row[ROWS];
};

static void
read_rows(const struct vectors *v, uint32_t node, struct rows *out)
{
    uint32_t list = vector_at(v, node, "slots");
    uint32_t row = json_first(v->doc, list);
    assert_int_equal(json_size(v->doc, list), ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        struct slot_row *to = &out->row[i];
        to->ordinal = (int64_t)vector_int(v, row, "ordinal");
        to->time = (int64_t)vector_int(v, row, "time");
        to->label.data = (const char *)out->label[i];
        to->label.len = vector_hex(v, row, "label", out->label[i], sizeof(out->label[i]));
        to->body.data = (const char *)out->body[i];
        to->body.len = vector_hex(v, row, "body", out->body[i], SLOT_SIZE);
        to->provider.data = (const char *)out->provider[i];
        to->provider.len =
            vector_hex(v, row, "provider", out->provider[i], sizeof(out->provider[i]));
        row = json_next(v->doc, row);
    }
}

static void
digest_of(const struct slot_row *rows, size_t count, uint8_t digest[SEAL_DIGEST])
{
    struct slot_sum sum;
    slot_sum_init(&sum, &mem_default);
    for (size_t i = 0; i < count; i++)
        slot_sum_add(&sum, &rows[i]);
    assert_int_equal(slot_sum_end(&sum, digest, NULL), ENVRES_OK);
    slot_sum_free(&sum);
}

static void
known_answer(void **state)
{
    struct fixture *f = *state;
    struct vectors v;
    struct rows rows;
    uint8_t ws[SEAL_ID], principal[SEAL_ID], seed[32], wanted[SEAL_DIGEST], digest[SEAL_DIGEST];
    uint8_t signature[SIGNATURE_SIZE];
    vectors_open(&v);
    uint32_t node = vector_at(&v, 0, "slot_set");
    read_rows(&v, node, &rows);
    vector_id(&v, node, "workspace", ws, sizeof(ws));
    vector_id(&v, node, "principal", principal, sizeof(principal));
    vector_id(&v, node, "seed", seed, sizeof(seed));
    vector_id(&v, node, "digest", wanted, sizeof(wanted));
    vector_id(&v, node, "signature", signature, sizeof(signature));
    digest_of(rows.row, ROWS, digest);
    assert_memory_equal(digest, wanted, sizeof(digest));
    struct identity *by = make_identity(NULL, f->arena, ws, "by", seed, principal, alice_key);
    assert_true(slot_set_is_signed(ws, principal, by->sign_public, digest, signature));
    for (size_t i = 0; i < SIGNATURE_SIZE * 8; i++) {
        signature[i / 8] ^= (uint8_t)(1 << (i % 8));
        assert_false(slot_set_is_signed(ws, principal, by->sign_public, digest, signature));
        signature[i / 8] ^= (uint8_t)(1 << (i % 8));
    }
    assert_false(slot_set_is_signed(principal, principal, by->sign_public, digest, signature));
    assert_false(slot_set_is_signed(ws, ws, by->sign_public, digest, signature));
    assert_false(slot_set_is_signed(ws, principal, f->alice->sign_public, digest, signature));
    identity_unref(by);
    vectors_close(&v);
}

/* Each part of each row, and the rows' number and order, make another digest. */
static void
everything_is_under_it(void **state)
{
    (void)state;
    struct vectors v;
    struct rows rows;
    uint8_t first[SEAL_DIGEST], other[SEAL_DIGEST];
    vectors_open(&v);
    read_rows(&v, vector_at(&v, 0, "slot_set"), &rows);
    vectors_close(&v);
    digest_of(rows.row, ROWS, first);
    for (size_t i = 0; i < ROWS; i++) {
        rows.row[i].time++;
        digest_of(rows.row, ROWS, other);
        assert_memory_not_equal(first, other, SEAL_DIGEST);
        rows.row[i].time--;
        for (size_t bit = 0; bit < SLOT_SIZE * 8; bit++) {
            rows.body[i][bit / 8] ^= (uint8_t)(1 << (bit % 8));
            digest_of(rows.row, ROWS, other);
            assert_memory_not_equal(first, other, SEAL_DIGEST);
            rows.body[i][bit / 8] ^= (uint8_t)(1 << (bit % 8));
        }
        /* A byte that moves from one text to the other changes both lengths. */
        rows.row[i].label.len++;
        digest_of(rows.row, ROWS, other);
        assert_memory_not_equal(first, other, SEAL_DIGEST);
        rows.row[i].label.len--;
        rows.row[i].provider.len++;
        digest_of(rows.row, ROWS, other);
        assert_memory_not_equal(first, other, SEAL_DIGEST);
        rows.row[i].provider.len--;
        digest_of(rows.row, i, other);
        assert_memory_not_equal(first, other, SEAL_DIGEST);
    }
    rows.row[ROWS - 1].ordinal++;
    digest_of(rows.row, ROWS, other);
    assert_memory_not_equal(first, other, SEAL_DIGEST);
}

/* What cannot be a set has the digest that nobody signs. */
static void
what_is_no_set(void **state)
{
    struct fixture *f = *state;
    static const uint8_t zero[SEAL_DIGEST];
    static const uint8_t body[SLOT_SIZE] = { 1 };
    static const char blob[LIMIT_PROVIDER_BLOB + 1];
    static const char label[LIMIT_SLOT_LABEL + 1];
    struct slot_row rows[LIMIT_SLOTS + 1];
    uint8_t digest[SEAL_DIGEST], signature[SIGNATURE_SIZE], message[2 * SEAL_ID + SEAL_DIGEST];
    for (size_t i = 0; i <= LIMIT_SLOTS; i++) {
        rows[i] = (struct slot_row){ .ordinal = (int64_t)i + 1,
                                     .body = { (const char *)body, SLOT_SIZE } };
    }
    digest_of(rows, LIMIT_SLOTS, digest);
    assert_memory_not_equal(digest, zero, SEAL_DIGEST);
    digest_of(rows, LIMIT_SLOTS + 1, digest);
    assert_memory_equal(digest, zero, SEAL_DIGEST);
    static const struct {
        const char *name;
        int64_t ordinal;
        struct slice label, body, provider;
    } bad[] = {
        { "number 0", 0, { 0 }, { (const char *)body, SLOT_SIZE }, { 0 } },
        { "a number twice", 1, { 0 }, { (const char *)body, SLOT_SIZE }, { 0 } },
        { "a body too short", 2, { 0 }, { (const char *)body, SLOT_SIZE - 1 }, { 0 } },
        { "a label too long",
          2,
          { label, sizeof(label) },
          { (const char *)body, SLOT_SIZE },
          { 0 } },
        { "a blob too long", 2, { 0 }, { (const char *)body, SLOT_SIZE }, { blob, sizeof(blob) } },
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        print_message("row: %s\n", bad[i].name);
        rows[1] = (struct slot_row){ .ordinal = bad[i].ordinal,
                                     .label = bad[i].label,
                                     .body = bad[i].body,
                                     .provider = bad[i].provider };
        digest_of(rows, 2, digest);
        assert_memory_equal(digest, zero, SEAL_DIGEST);
    }
    /* Not even when it was. */
    memcpy(message, workspace, SEAL_ID);
    memcpy(message + SEAL_ID, f->alice->id, SEAL_ID);
    memcpy(message + 2 * SEAL_ID, zero, SEAL_DIGEST);
    assert_int_equal(identity_sign(f->alice, "slots", message, sizeof(message), signature, f->err),
                     ENVRES_OK);
    assert_false(
        slot_set_is_signed(workspace, f->alice->id, f->alice->sign_public, zero, signature));
}

/* ---- in a store ----------------------------------------------------------------------------- */

static envres_status
unlock(const struct fixture *f, const uint8_t key[32], const char *name, struct identity **out)
{
    envres_credential credential = raw_credential(key, name);
    return identity_unlock(f->db, f->arena, &mem_default, workspace, &credential, 0, out, f->err);
}

static void
add_slot(const struct fixture *f, int64_t ordinal, const char *label, const uint8_t key[32])
{
    struct new_slot made;
    envres_credential credential = raw_credential(key, NULL);
    assert_int_equal(new_slot_make(f->arena, &mem_default, f->alice, &credential, 0, &made, f->err),
                     ENVRES_OK);
    assert_int_equal(slot_set_put(f->db, f->alice, ordinal, slice_str(label), &made, 5, f->err),
                     ENVRES_OK);
    new_slot_free(&made);
}

static void
a_set_is_signed_as_a_whole(void **state)
{
    struct fixture *f = *state;
    static const uint8_t second[32] = { 2 };
    struct slot_set set;
    struct identity *identity = NULL;
    struct findings findings = { 0 };
    add_slot(f, 2, "second", second);
    /* Not signed yet: neither opens, although both keys are right; and it is found. */
    assert_int_equal(unlock(f, second, NULL, &identity), ENVRES_E_INTEGRITY);
    assert_null(identity);
    assert_int_equal(unlock(f, alice_key, "alice", &identity), ENVRES_E_INTEGRITY);
    assert_string_equal(envres_error_subject(f->err), "alice");
    assert_int_equal(slot_set_load(f->db, &mem_default, workspace, f->alice, &set, f->err),
                     ENVRES_E_INTEGRITY);
    assert_int_equal(keyring_verify(f->db, &mem_default, workspace, take_finding, &findings, NULL),
                     ENVRES_OK);
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.object, "slot/alice");
    assert_int_equal(slot_set_sign(f->db, &mem_default, workspace, f->alice, f->err), ENVRES_OK);
    assert_int_equal(unlock(f, second, NULL, &identity), ENVRES_OK);
    assert_memory_equal(identity->id, f->alice->id, SEAL_ID);
    identity_unref(identity);
    assert_int_equal(slot_set_load(f->db, &mem_default, workspace, f->alice, &set, f->err),
                     ENVRES_OK);
    assert_int_equal(set.count, 2);
    assert_int_equal(set.rows[1].ordinal, 2);
    assert_int_equal(set.rows[1].kind, ENVRES_CREDENTIAL_RAW_KEY);
    assert_string_equal(set.rows[1].label, "second");
    /* What was signed for another workspace counts in that one alone. */
    assert_int_equal(slot_set_sign(f->db, &mem_default, elsewhere, f->alice, f->err), ENVRES_OK);
    assert_int_equal(unlock(f, alice_key, "alice", &identity), ENVRES_E_INTEGRITY);
}

/* 20: a wrong key is answered in the same way whether the set is whole or not. */
static void
a_wrong_key_learns_nothing(void **state)
{
    struct fixture *f = *state;
    static const uint8_t wrong[32] = { 7 };
    struct identity *identity = NULL;
    char message[256];
    assert_int_equal(unlock(f, wrong, "alice", &identity), ENVRES_E_KEY);
    snprintf(message, sizeof(message), "%s", envres_error_message(f->err));
    must_sql(f->db, "UPDATE principal SET slots = zeroblob(64)", NULL, 0, NULL, 0);
    assert_int_equal(unlock(f, wrong, "alice", &identity), ENVRES_E_KEY);
    assert_string_equal(envres_error_message(f->err), message);
    assert_int_equal(unlock(f, wrong, NULL, &identity), ENVRES_E_KEY);
    assert_string_equal(envres_error_message(f->err), message);
    assert_int_equal(unlock(f, alice_key, NULL, &identity), ENVRES_E_INTEGRITY);
}

/* Every principal's slots are summed up by themselves, however many are read on the way. */
static void
sets_of_many(void **state)
{
    struct fixture *f = *state;
    struct identity *identity = NULL;
    for (uint8_t i = 0; i < 40; i++) {
        char name[16];
        uint8_t key[32] = { i, 9 };
        snprintf(name, sizeof(name), "p%02d", i);
        identity_unref(make_identity(f->db, f->arena, workspace, name, NULL, NULL, key));
    }
    for (int64_t i = 2; i <= LIMIT_SLOTS; i++) {
        uint8_t key[32] = { (uint8_t)i, 8 };
        add_slot(f, i, "", key);
    }
    assert_int_equal(slot_set_sign(f->db, &mem_default, workspace, f->alice, f->err), ENVRES_OK);
    must_sql(f->db, "UPDATE principal SET slots = zeroblob(64) WHERE name = 'p20'", NULL, 0, NULL,
             0);
    for (uint8_t i = 0; i < 40; i++) {
        uint8_t key[32] = { i, 9 };
        assert_int_equal(unlock(f, key, NULL, &identity), i == 20 ? ENVRES_E_INTEGRITY : ENVRES_OK);
        identity_unref(identity);
        identity = NULL;
    }
    for (uint8_t i = 2; i <= LIMIT_SLOTS; i++) {
        uint8_t key[32] = { i, 8 };
        assert_int_equal(unlock(f, key, i % 2 ? NULL : "alice", &identity), ENVRES_OK);
        identity_unref(identity);
        identity = NULL;
    }
}

/* ---- how many are tried --------------------------------------------------------------------- */

static envres_status
any_wrap(const uint8_t *id, const uint8_t *key, const uint8_t *aad, size_t aad_len, uint8_t *blob,
         size_t cap, size_t *blob_len, void *user)
{
    (void)id;
    (void)aad;
    (void)aad_len;
    (void)cap;
    (void)user;
    memcpy(blob, key, 32);
    *blob_len = 32;
    return ENVRES_OK;
}

/* Right while a slot is made; afterwards it answers with another key, and is counted. */
static envres_status
any_unwrap(const uint8_t *id, const uint8_t *blob, size_t blob_len, const uint8_t *aad,
           size_t aad_len, uint8_t *key, void *user)
{
    int *asked = user;
    (void)id;
    (void)aad;
    (void)aad_len;
    memcpy(key, blob, blob_len == 32 ? 32 : 0);
    if (*asked >= 0) {
        ++*asked;
        key[0] ^= 1;
    }
    return ENVRES_OK;
}

/* Each try of a provider may be a call over the network, each of a passphrase takes long. */
static void
tries_without_a_name(void **state)
{
    struct fixture *f = *state;
    int asked = -1;
    struct identity *identity = NULL;
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_PROVIDER,
                                     .wrap = any_wrap,
                                     .unwrap = any_unwrap,
                                     .user = &asked };
    for (int i = 0; i < LIMIT_TRIES + 6; i++) {
        char name[16];
        struct new_principal made;
        snprintf(name, sizeof(name), "p%02d", i);
        assert_int_equal(
            principal_make(f->arena, &mem_default, name, &credential, 0, &made, f->err), ENVRES_OK);
        assert_int_equal(principal_insert(f->db, workspace, &made, 5, f->err), ENVRES_OK);
        new_principal_free(&made);
    }
    asked = 0;
    assert_int_equal(identity_unlock(f->db, f->arena, &mem_default, workspace, &credential, 0,
                                     &identity, f->err),
                     ENVRES_E_KEY);
    assert_int_equal(asked, LIMIT_TRIES);
    /* By name, whoever comes last is found. */
    asked = -1;
    credential.principal = "p69";
    credential.principal_len = 3;
    assert_int_equal(identity_unlock(f->db, f->arena, &mem_default, workspace, &credential, 0,
                                     &identity, f->err),
                     ENVRES_OK);
    identity_unref(identity);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(known_answer),
        TEST(everything_is_under_it),
        TEST(what_is_no_set),
        TEST(a_set_is_signed_as_a_whole),
        TEST(a_wrong_key_learns_nothing),
        TEST(sets_of_many),
        TEST(tries_without_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
