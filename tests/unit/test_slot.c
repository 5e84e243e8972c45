/* SPDX-License-Identifier: MIT */
/*
 * Slots and credentials: the known answers, what is refused before anything is derived, and
 * providers that misbehave. Passphrases cost what the floor asks for; the rest uses raw keys.
 */
#include "guard_helper.h"

#include <sys/resource.h>

#include "guard/box.h"
#include "guard/slot.h"

enum { MIB = 1024 * 1024 };

struct fixture {
    struct arena *arena;
    uint8_t *seed;
    uint8_t *again;
    envres_error *err;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f || arena_new(&mem_default, false, &f->arena, NULL) != ENVRES_OK)
        return -1;
    f->seed = arena_take(f->arena);
    f->again = arena_take(f->arena);
    f->err = envres_error_new(NULL);
    script_install();
    script_clear();
    seal_random(f->seed, 32);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    arena_unref(f->arena);
    envres_error_free(f->err);
    free(f);
    return 0;
}

/* ---- a provider whose behaviour is a row ---- */

enum behaviour {
    GOOD,
    WRAP_FAILS,
    WRAP_EMPTY,
    WRAP_TOO_LONG,
    UNWRAP_FAILS,
    UNWRAP_GARBAGE,
    POSITIVE
};

struct provider {
    enum behaviour behaviour;
    int wraps;
    int unwraps;
    size_t aad_len;
    uint8_t aad[128];
    uint8_t id[SEAL_ID];
};

static envres_status
provider_wrap(const uint8_t *id, const uint8_t *key, const uint8_t *aad, size_t aad_len,
              uint8_t *blob, size_t cap, size_t *blob_len, void *user)
{
    struct provider *p = user;
    p->wraps++;
    assert_true(cap >= LIMIT_PROVIDER_BLOB && aad_len <= sizeof(p->aad));
    memcpy(p->aad, aad, aad_len);
    memcpy(p->id, id, SEAL_ID);
    p->aad_len = aad_len;
    if (p->behaviour == WRAP_FAILS)
        return ENVRES_E_IO;
    if (p->behaviour == POSITIVE)
        return 1;
    for (size_t i = 0; i < 32; i++)
        blob[i] = key[i] ^ 0x5A;
    memcpy(blob + 32, "kms", 3);
    *blob_len = 35;
    if (p->behaviour == WRAP_EMPTY)
        *blob_len = 0;
    if (p->behaviour == WRAP_TOO_LONG)
        *blob_len = cap + 1;
    return ENVRES_OK;
}

static envres_status
provider_unwrap(const uint8_t *id, const uint8_t *blob, size_t blob_len, const uint8_t *aad,
                size_t aad_len, uint8_t *key, void *user)
{
    struct provider *p = user;
    p->unwraps++;
    if (p->aad_len > 0) {
        assert_int_equal(aad_len, p->aad_len);
        assert_memory_equal(aad, p->aad, aad_len);
        assert_memory_equal(id, p->id, SEAL_ID);
    }
    if (p->behaviour == UNWRAP_FAILS)
        return ENVRES_E_IO;
    if (blob_len != 35)
        return ENVRES_E_INVALID;
    for (size_t i = 0; i < 32; i++)
        key[i] = p->behaviour == UNWRAP_GARBAGE ? (uint8_t)i : blob[i] ^ 0x5A;
    return ENVRES_OK;
}

static envres_credential
provider_credential(struct provider *provider)
{
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_PROVIDER,
                                     .wrap = provider_wrap,
                                     .unwrap = provider_unwrap,
                                     .user = provider };
    return credential;
}

/* ---- vectors ---- */

static void
check_vector(const struct fixture *f, const struct vectors *v, uint32_t row)
{
    uint8_t secret[64], principal[SEAL_ID], seed[32], body[SLOT_SIZE], made[SLOT_SIZE];
    size_t secret_len = vector_hex(v, row, "secret", secret, sizeof(secret));
    vector_id(v, row, "principal", principal, sizeof(principal));
    vector_id(v, row, "seed", seed, sizeof(seed));
    vector_id(v, row, "body", body, sizeof(body));
    struct provider provider = { .behaviour = GOOD };
    envres_credential credential = provider_credential(&provider);
    credential.kind = (uint32_t)vector_int(v, row, "kind");
    credential.secret = secret;
    credential.secret_len = secret_len;
    credential.kdf_passes = vector_int(v, row, "passes");
    credential.kdf_memory = vector_int(v, row, "memory");

    struct buf blob;
    buf_init(&blob, &mem_default, false);
    script_clear();
    vector_script(v, row, "random");
    if (credential.kind == ENVRES_CREDENTIAL_PROVIDER)
        script_add(secret, 32); /* the key that the library wraps */
    assert_int_equal(slot_make(f->arena, principal, seed, &credential, 0, made, &blob, NULL), 0);
    assert_memory_equal(made, body, sizeof(body));

    struct slice slot = { (const char *)body, sizeof(body) };
    struct slice wrapped = { blob.data, blob.len };
    assert_int_equal(slot_kind(principal, slot, wrapped), credential.kind);
    assert_int_equal(slot_open(f->arena, body, wrapped, &credential, 0, f->again), ENVRES_OK);
    assert_memory_equal(f->again, seed, sizeof(seed));
    buf_free(&blob);
}

static void
known_answers(void **state)
{
    const struct fixture *f = *state;
    struct vectors v;
    vectors_open(&v);
    uint32_t rows = vector_at(&v, 0, "slots");
    uint32_t row = json_first(v.doc, rows);
    assert_int_equal(json_size(v.doc, rows), 4);
    for (uint32_t i = 0; i < 4; i++) {
        struct slice title = vector_text(&v, row, "title");
        print_message("row: %.*s\n", (int)title.len, title.data);
        check_vector(f, &v, row);
        row = json_next(v.doc, row);
    }
    vectors_close(&v);
}

/* ---- credentials ---- */

/* 23: passphrases that are empty, too long, or anything but text; 21: costs out of bounds; 31: keys
 * of another size. */
static void
credentials(void **state)
{
    struct fixture *f = *state;
    static uint8_t bytes[LIMIT_PASSPHRASE + 1];
    static const uint8_t zero[33] = { 0 };
    memset(bytes, 'x', sizeof(bytes));
    const struct {
        const char *name;
        uint32_t kind;
        const uint8_t *secret;
        size_t len;
        uint64_t passes;
        uint64_t memory;
        envres_status st;
    } rows[] = {
        { "passphrase of one byte", 1, bytes, 1, 0, 0, ENVRES_OK },
        { "passphrase of one NUL", 1, zero, 1, 0, 0, ENVRES_OK },
        { "passphrase of 1 MiB", 1, bytes, LIMIT_PASSPHRASE, 0, 0, ENVRES_OK },
        { "longer passphrase", 1, bytes, LIMIT_PASSPHRASE + 1, 0, 0, ENVRES_E_KEY_FORMAT },
        { "passphrase to be measured", 1, bytes, SIZE_MAX, 0, 0, ENVRES_E_KEY_FORMAT },
        { "empty passphrase", 1, bytes, 0, 0, 0, ENVRES_E_KEY_FORMAT },
        { "no passphrase", 1, NULL, 4, 0, 0, ENVRES_E_KEY_FORMAT },
        { "raw key", 2, bytes, 32, 0, 0, ENVRES_OK },
        { "31 bytes", 2, bytes, 31, 0, 0, ENVRES_E_KEY_FORMAT },
        { "33 bytes", 2, bytes, 33, 0, 0, ENVRES_E_KEY_FORMAT },
        { "64 hex digits", 2, bytes, 64, 0, 0, ENVRES_E_KEY_FORMAT },
        { "all zero", 2, zero, 32, 0, 0, ENVRES_E_KEY_FORMAT },
        { "no raw key", 2, NULL, 32, 0, 0, ENVRES_E_KEY_FORMAT },
        { "provider without callbacks", 3, NULL, 0, 0, 0, ENVRES_E_INVALID },
        { "kind 0", 0, bytes, 32, 0, 0, ENVRES_E_INVALID },
        { "kind 4", 4, bytes, 32, 0, 0, ENVRES_E_INVALID },
        { "floor", 1, bytes, 8, 2, 64 * MIB, ENVRES_OK },
        { "ceiling", 1, bytes, 8, 10, (uint64_t)1024 * MIB, ENVRES_OK },
        { "one pass", 1, bytes, 8, 1, 64 * MIB, ENVRES_E_KDF_LIMIT },
        { "eleven passes", 1, bytes, 8, 11, 64 * MIB, ENVRES_E_KDF_LIMIT },
        { "little memory", 1, bytes, 8, 2, 64 * MIB - 1, ENVRES_E_KDF_LIMIT },
        { "much memory", 1, bytes, 8, 2, (uint64_t)1024 * MIB + 1, ENVRES_E_KDF_LIMIT },
        { "4 TiB", 1, bytes, 8, 2, (uint64_t)4 * MIB * MIB, ENVRES_E_KDF_LIMIT },
        { "all bits", 1, bytes, 8, UINT64_MAX, UINT64_MAX, ENVRES_E_KDF_LIMIT },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("row: %s\n", rows[i].name);
        envres_credential read;
        envres_credential given = { .size = sizeof(given),
                                    .kind = rows[i].kind,
                                    .secret = rows[i].secret,
                                    .secret_len = rows[i].len,
                                    .kdf_passes = rows[i].passes,
                                    .kdf_memory = rows[i].memory };
        assert_int_equal(credential_check(&given, &read, f->err), rows[i].st);
        assert_true(rows[i].st < 0 ? read.secret == NULL : read.secret == rows[i].secret);
    }
}

static void
credential_forms(void **state)
{
    struct fixture *f = *state;
    static const uint8_t key[32] = { 1 };
    static char name[LIMIT_PRINCIPAL + 1];
    memset(name, 'n', sizeof(name));
    struct {
        envres_credential credential;
        uint64_t newer;
    } wide = { raw_credential(key, "alice"), 0 };
    envres_credential read;
    assert_int_equal(credential_check(NULL, &read, f->err), ENVRES_E_INVALID);
    assert_int_equal(credential_check(&wide.credential, &read, f->err), ENVRES_OK);
    assert_int_equal(read.principal_len, 5);
    wide.credential.principal_len = ENVRES_NUL_TERMINATED;
    assert_int_equal(credential_check(&wide.credential, &read, f->err), ENVRES_OK);
    assert_int_equal(read.principal_len, 5);
    wide.credential.size = sizeof(wide);
    assert_int_equal(credential_check(&wide.credential, &read, f->err), ENVRES_OK);
    wide.newer = 1;
    assert_int_equal(credential_check(&wide.credential, &read, f->err), ENVRES_E_ABI);
    wide.credential.size = 8;
    assert_int_equal(credential_check(&wide.credential, &read, f->err), ENVRES_E_ABI);
    wide.credential.size = sizeof(wide.credential);
    wide.credential.principal = name;
    wide.credential.principal_len = sizeof(name);
    assert_int_equal(credential_check(&wide.credential, &read, f->err), ENVRES_E_LIMIT);
}

/* ---- raw slots ---- */

static const uint8_t alice[SEAL_ID] = { 0xA1 };
static const uint8_t raw_key[32] = { 1, 2, 3 };
static const struct slice none = { NULL, 0 };

static envres_status
try_body(const struct fixture *f, const uint8_t *body, const envres_credential *credential)
{
    struct slice slot = { (const char *)body, SLOT_SIZE };
    if (slot_kind(alice, slot, none) != credential->kind)
        return ENVRES_E_KEY;
    return slot_open(f->arena, body, none, credential, 0, f->again);
}

/* 22, and every other bit: no slot that was changed opens. */
static void
every_bit_of_a_slot(void **state)
{
    struct fixture *f = *state;
    envres_credential credential = raw_credential(raw_key, NULL);
    uint8_t body[SLOT_SIZE];
    assert_int_equal(slot_make(f->arena, alice, f->seed, &credential, 0, body, NULL, NULL), 0);
    assert_int_equal(try_body(f, body, &credential), ENVRES_OK);
    assert_memory_equal(f->again, f->seed, 32);
    for (size_t i = 0; i < SLOT_SIZE * 8; i++) {
        body[i / 8] ^= (uint8_t)(1 << (i % 8));
        assert_int_equal(try_body(f, body, &credential), ENVRES_E_KEY);
        body[i / 8] ^= (uint8_t)(1 << (i % 8));
    }
    uint8_t other[32] = { 1, 2, 4 };
    credential.secret = other;
    assert_int_equal(try_body(f, body, &credential), ENVRES_E_KEY);
}

/* 22: what is not in the form of its kind is no slot. */
static void
forms(void **state)
{
    struct fixture *f = *state;
    static const uint8_t bob[SEAL_ID] = { 0xB0 };
    static char blob[LIMIT_PROVIDER_BLOB + 1];
    envres_credential credential = raw_credential(raw_key, NULL);
    uint8_t body[SLOT_SIZE];
    assert_int_equal(slot_make(f->arena, alice, f->seed, &credential, 0, body, NULL, NULL), 0);
    struct slice slot = { (const char *)body, SLOT_SIZE };
    assert_int_equal(slot_kind(alice, slot, none), ENVRES_CREDENTIAL_RAW_KEY);
    assert_int_equal(slot_kind(bob, slot, none), 0);
    assert_int_equal(slot_kind(alice, slice_of(slot.data, SLOT_SIZE - 1), none), 0);
    assert_int_equal(slot_kind(alice, none, none), 0);
    assert_int_equal(slot_kind(alice, slot, slice_str("blob")), 0);
    body[1] = ENVRES_CREDENTIAL_PROVIDER;
    assert_int_equal(slot_kind(alice, slot, none), 0);
    assert_int_equal(slot_kind(alice, slot, slice_of(blob, sizeof(blob))), 0);
    assert_int_equal(slot_kind(alice, slot, slice_str("blob")), ENVRES_CREDENTIAL_PROVIDER);
}

/* 22: the clear part of a passphrase slot, one field at a time; nothing is derived. */
static void
unknown_algorithms(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t at;
        uint8_t byte;
        uint32_t kind;
    } rows[] = {
        { "as it is made", 4, 2, ENVRES_CREDENTIAL_PASSPHRASE },
        { "no algorithm", 4, 0, 0 },
        { "Argon2i", 4, 1, 0 },
        { "an unknown algorithm", 4, 3, 0 },
        { "its second byte", 5, 1, 0 },
        { "its last byte", 7, 0x80, 0 },
        { "format 0", 0, 0, 0 },
        { "format 2", 0, 2, 0 },
        { "a flag", 2, 1, 0 },
        { "the last flag", 3, 0x80, 0 },
        { "kind 0", 1, 0, 0 },
        { "kind 4", 1, 4, 0 },
        { "a raw key with costs", 1, ENVRES_CREDENTIAL_RAW_KEY, 0 },
        { "of nobody", 40, 0, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t body[SLOT_SIZE] = { 1, 1, 0, 0, 2, 0, 0, 0, 2 };
        struct slice slot = { (const char *)body, SLOT_SIZE };
        print_message("row: %s\n", rows[i].name);
        body[19] = 4; /* 64 MiB */
        memcpy(body + 40, alice, SEAL_ID);
        body[rows[i].at] = rows[i].byte;
        assert_int_equal(slot_kind(alice, slot, none), rows[i].kind);
    }
}

/* ---- passphrases ---- */

/* 23: any bytes, and all of them count. */
static void
passphrases(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        const char *text;
        size_t len;
        envres_status st;
    } rows[] = {
        { "the same", "pass\0word\xff", 10, ENVRES_OK },
        { "cut at its NUL", "pass", 4, ENVRES_E_KEY },
        { "another last byte", "pass\0word\xfe", 10, ENVRES_E_KEY },
        { "one more byte", "pass\0word\xff", 11, ENVRES_E_KEY },
    };
    envres_credential credential = passphrase_credential(rows[0].text, rows[0].len, NULL);
    uint8_t body[SLOT_SIZE];
    assert_int_equal(slot_make(f->arena, alice, f->seed, &credential, 0, body, NULL, NULL), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("row: %s\n", rows[i].name);
        credential = passphrase_credential(rows[i].text, rows[i].len, NULL);
        assert_int_equal(try_body(f, body, &credential), rows[i].st);
    }
    /* The cost is that of the slot, whatever the credential says. */
    credential = passphrase_credential(rows[0].text, rows[0].len, NULL);
    credential.kdf_passes = 9;
    assert_int_equal(try_body(f, body, &credential), ENVRES_OK);
    body[30] ^= 1; /* salt */
    assert_int_equal(try_body(f, body, &credential), ENVRES_E_KEY);
}

static long
max_rss(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* 21: costs out of bounds are refused before any memory is asked for, also those of a stored slot.
 */
static void
costs_out_of_bounds(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *name;
        uint64_t passes;
        uint64_t memory;
        uint64_t host;
        bool allowed;
    } rows[] = {
        { "floor", 2, 64 * MIB, 64 * MIB, true },
        { "host unset", 2, 64 * MIB, 0, true },
        { "host beyond the ceiling", 2, (uint64_t)1025 * MIB, (uint64_t)4096 * MIB, false },
        { "above the host's limit", 2, 65 * MIB, 64 * MIB, false },
        { "host below the floor", 2, 64 * MIB, 32 * MIB, false },
        { "4 TiB", 2, (uint64_t)4 * MIB * MIB, 0, false },
        { "8 KiB", 3, 8192, 0, false },
        { "one pass", 1, 64 * MIB, 0, false },
        { "4 billion passes", 4294967295, 64 * MIB, 0, false },
        { "nothing", 0, 0, 0, false },
    };
    uint8_t body[SLOT_SIZE] = { 1, 1, 0, 0, 2 };
    memcpy(body + 40, alice, SEAL_ID);
    envres_credential credential = passphrase_credential("secret", 6, NULL);
    long before = max_rss();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("row: %s\n", rows[i].name);
        box_put64(body + 8, rows[i].passes);
        box_put64(body + 16, rows[i].memory);
        assert_int_equal(slot_cost_is_allowed(body, rows[i].host), rows[i].allowed);
        if (rows[i].allowed)
            continue;
        assert_int_equal(slot_open(f->arena, body, none, &credential, rows[i].host, f->again),
                         ENVRES_E_KDF_LIMIT);
        uint8_t made[SLOT_SIZE];
        credential.kdf_passes = rows[i].passes;
        credential.kdf_memory = rows[i].memory;
        if (rows[i].passes > 0)
            assert_int_equal(
                slot_make(f->arena, alice, f->seed, &credential, rows[i].host, made, NULL, f->err),
                ENVRES_E_KDF_LIMIT);
    }
    assert_int_equal(slot_decoy(f->arena, &credential, 32 * MIB), ENVRES_E_KDF_LIMIT);
    assert_true(max_rss() - before < 8 * 1024); /* KiB; the least derivation takes 64 MiB */
}

/* ---- providers ---- */

/* 32: one that fails, answers nothing, too much or something else, when a slot is made and later.
 */
static void
providers(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        enum behaviour making;
        enum behaviour opening;
        envres_status made;
        envres_status opened;
    } rows[] = {
        { "good", GOOD, GOOD, ENVRES_OK, ENVRES_OK },
        { "wrap fails", WRAP_FAILS, GOOD, ENVRES_E_CALLBACK, 0 },
        { "wrap gives nothing", WRAP_EMPTY, GOOD, ENVRES_E_CALLBACK, 0 },
        { "wrap gives too much", WRAP_TOO_LONG, GOOD, ENVRES_E_CALLBACK, 0 },
        { "wrap gives a positive status", POSITIVE, GOOD, ENVRES_E_CALLBACK, 0 },
        { "unwrap fails at once", UNWRAP_FAILS, GOOD, ENVRES_E_CALLBACK, 0 },
        { "unwrap gives another key at once", UNWRAP_GARBAGE, GOOD, ENVRES_E_CALLBACK, 0 },
        { "unwrap fails later", GOOD, UNWRAP_FAILS, ENVRES_OK, ENVRES_E_CALLBACK },
        { "unwrap gives another key later", GOOD, UNWRAP_GARBAGE, ENVRES_OK, ENVRES_E_KEY },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("row: %s\n", rows[i].name);
        struct provider provider = { .behaviour = rows[i].making };
        envres_credential credential = provider_credential(&provider);
        struct new_principal made;
        assert_int_equal(principal_make(f->arena, &mem_default, "p", &credential, 0, &made, f->err),
                         rows[i].made);
        assert_int_equal(provider.wraps, 1);
        if (rows[i].made < 0) {
            assert_null(made.identity);
            assert_int_equal(made.slot.provider.len, 0);
            new_principal_free(&made);
            continue;
        }
        assert_int_equal(provider.aad_len, 80);
        provider.behaviour = rows[i].opening;
        struct slice slot = { (const char *)made.slot.body, SLOT_SIZE };
        struct slice blob = { made.slot.provider.data, made.slot.provider.len };
        assert_int_equal(slot_kind(made.identity->id, slot, blob), ENVRES_CREDENTIAL_PROVIDER);
        assert_int_equal(slot_open(f->arena, made.slot.body, blob, &credential, 0, f->again),
                         rows[i].opened);
        made.slot.provider.data[0] ^= 1; /* a blob that was exchanged is another key */
        if (rows[i].opening == GOOD)
            assert_int_equal(slot_open(f->arena, made.slot.body, blob, &credential, 0, f->again),
                             ENVRES_E_KEY);
        new_principal_free(&made);
    }
    struct provider half = { .behaviour = GOOD };
    envres_credential credential = provider_credential(&half);
    struct new_principal made;
    credential.unwrap = NULL;
    assert_int_equal(principal_make(f->arena, &mem_default, "p", &credential, 0, &made, NULL),
                     ENVRES_E_INVALID);
    assert_int_equal(half.wraps, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(costs_out_of_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(known_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(credentials, setup, teardown),
        cmocka_unit_test_setup_teardown(credential_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit_of_a_slot, setup, teardown),
        cmocka_unit_test_setup_teardown(forms, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_algorithms, setup, teardown),
        cmocka_unit_test_setup_teardown(passphrases, setup, teardown),
        cmocka_unit_test_setup_teardown(providers, setup, teardown),
    };
    return cmocka_run_group_tests_name("slot", tests, NULL, NULL);
}
