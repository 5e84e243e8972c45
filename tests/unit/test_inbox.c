/* SPDX-License-Identifier: MIT */
/*
 * Deposits and the public keys they are sealed to: known answers, every bit and every word of a
 * deposit changed, keys that no honest environment has, and who may sign a public key.
 */
#include "guard_helper.h"

#include "guard/env_key.h"
#include "guard/inbox.h"
#include "guard/wrap.h"

static const uint8_t workspace[SEAL_ID] = { 1 };
static const uint8_t staging[SEAL_ID] = { 3 };
static const uint8_t production[SEAL_ID] = { 4 };

struct fixture {
    struct db *db;
    struct arena *arena;
    struct identity *alice; /* the root */
    struct identity *bob;
    struct env_keys *keys; /* of staging */
    envres_error *err;
};

static struct identity *
join(struct fixture *f, const char *name)
{
    uint8_t key[32] = { 0 };
    memcpy(key, name, strlen(name));
    return make_identity(f->db, f->arena, workspace, name, NULL, NULL, key);
}

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
    f->alice = join(f, "alice");
    f->bob = join(f, "bob");
    must_sql(f->db, "UPDATE workspace SET root = ?1", f->alice->sign_public, 32, NULL, 0);
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

static struct inbox_label
label_of(const struct fixture *f)
{
    static const uint8_t id[SEAL_ID] = { 9 };
    static const uint8_t nobody[SEAL_ID];
    struct inbox_label label = { .id = id,
                                 .workspace = workspace,
                                 .environment = staging,
                                 .depositor = f->bob->id,
                                 .asserted = nobody,
                                 .generation = 1,
                                 .name = { "API_TOKEN", 9 },
                                 .type = 1,
                                 .secret = true,
                                 .base = 7,
                                 .time = 1700000000000 };
    return label;
}

static envres_status
open_deposit(struct fixture *f, const struct env_keys *keys, const struct inbox_label *label,
             const struct buf *body, struct buf *out)
{
    envres_error_clear(f->err);
    buf_init(out, &mem_default, true);
    return inbox_open(f->arena, keys, label, slice_of(body->data, body->len), out, f->err);
}

/* ---- known answers ---- */

static void
known_deposit(struct fixture *f, const struct vectors *v, uint32_t node)
{
    static uint8_t wanted[8192];
    static char value[8192];
    uint8_t seed[32] = { 0 };
    uint8_t signature[SIGNATURE_SIZE] = { 0 };
    uint8_t ids[5][SEAL_ID] = { { 0 } };
    uint8_t box_public[32] = { 0 };
    uint8_t box_seed[32] = { 0 };
    static const char *const names[] = { "workspace", "environment", "depositor", "asserted",
                                         "id" };
    struct slice title = vector_text(v, node, "title");
    print_message("%.*s\n", (int)title.len, title.data);
    for (size_t i = 0; i < 5; i++)
        vector_id(v, node, names[i], ids[i], SEAL_ID);
    vector_id(v, vector_at(v, 0, "subkeys"), "box_seed", box_seed, 32);
    vector_id(v, vector_at(v, 0, "subkeys"), "box_public", box_public, 32);
    vector_id(v, node, "depositor_seed", seed, sizeof(seed));
    size_t value_len = vector_hex(v, node, "value", value, sizeof(value));
    size_t len = vector_hex(v, node, "body", wanted, sizeof(wanted));
    struct inbox_label label = { .id = ids[4],
                                 .workspace = ids[0],
                                 .environment = ids[1],
                                 .depositor = ids[2],
                                 .asserted = ids[3],
                                 .generation = (uint32_t)vector_int(v, node, "generation"),
                                 .name = vector_text(v, node, "name"),
                                 .type = (uint8_t)vector_int(v, node, "type"),
                                 .secret = vector_int(v, node, "secret") != 0,
                                 .base = vector_int(v, node, "base"),
                                 .time = (int64_t)vector_int(v, node, "time") };
    struct identity *by = make_identity(NULL, f->arena, workspace, "v", seed, ids[0], seed);
    struct buf body = { .mem = NULL };
    struct buf opened = { .mem = NULL };
    buf_init(&body, &mem_default, false);
    script_clear();
    vector_script(v, node, "random");
    assert_int_equal(
        inbox_seal(&label, box_public, slice_of(value, value_len), by, &body, signature, f->err),
        ENVRES_OK);
    assert_int_equal(body.len, len);
    assert_memory_equal(body.data, wanted, len);
    vector_id(v, node, "signature", wanted, SIGNATURE_SIZE);
    assert_memory_equal(signature, wanted, SIGNATURE_SIZE);
    struct env_keys keys = { .generation = 3, .box_seed = box_seed };
    assert_int_equal(open_deposit(f, &keys, &label, &body, &opened), ENVRES_OK);
    assert_int_equal(opened.len, value_len);
    if (value_len > 0)
        assert_memory_equal(opened.data, value, value_len);
    assert_true(inbox_is_signed(&label, slice_of(body.data, body.len), by->sign_public, signature));
    buf_free(&opened);
    buf_free(&body);
    identity_unref(by);
}

static void
known_deposits(void **state)
{
    struct fixture *f = *state;
    struct vectors v;
    vectors_open(&v);
    uint32_t rows = vector_at(&v, 0, "deposits");
    uint32_t count = 0;
    for (uint32_t row = json_first(v.doc, rows); row != JSON_NONE; row = json_next(v.doc, row)) {
        known_deposit(f, &v, row);
        count++;
    }
    assert_int_equal(count, 4);
    vectors_close(&v);
}

static void
known_public_key(void **state)
{
    struct fixture *f = *state;
    struct vectors v;
    struct env_keys keys = { .generation = 3 };
    uint8_t seed[32] = { 0 };
    uint8_t wanted[SIGNATURE_SIZE] = { 0 };
    uint8_t box_public[32] = { 0 };
    uint8_t box_secret[32] = { 0 };
    uint8_t again[32] = { 0 };
    uint8_t box_seed[32] = { 0 };
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    vectors_open(&v);
    uint32_t node = vector_at(&v, 0, "env_key");
    vector_id(&v, vector_at(&v, 0, "subkeys"), "box_seed", box_seed, 32);
    vector_id(&v, node, "workspace", keys.workspace, SEAL_ID);
    vector_id(&v, node, "environment", keys.environment, SEAL_ID);
    vector_id(&v, node, "signer_seed", seed, sizeof(seed));
    assert_false(env_key_pair(&keys, box_public, NULL));
    assert_int_equal(env_key_publish(f->db, f->alice, &keys, 5, f->err), ENVRES_E_DENIED);
    keys.box_seed = box_seed;
    assert_true(env_key_pair(&keys, box_public, box_secret));
    vector_id(&v, node, "public", wanted, 32);
    assert_memory_equal(box_public, wanted, 32);
    assert_int_equal(crypto_scalarmult_base(again, box_secret), 0);
    assert_memory_equal(again, box_public, 32);

    add_workspace(f->db, keys.workspace, "of the vectors");
    add_environment(f->db, keys.environment, keys.workspace, "env");
    uint8_t id[SEAL_ID] = { 0x77 };
    struct identity *by = make_identity(f->db, f->arena, keys.workspace, "v", seed, id, seed);
    assert_int_equal(env_key_publish(f->db, by, &keys, 5, f->err), ENVRES_OK);
    static const char sql[] = "SELECT box_key, signature FROM env_key WHERE generation = 3";
    assert_int_equal(db_use(f->db, sql, &stmt, NULL), ENVRES_OK);
    assert_int_equal(db_step(stmt, &row, NULL), ENVRES_OK);
    assert_int_equal(row, DB_ROW);
    assert_memory_equal(db_column_blob(stmt, 0).data, wanted, 32);
    vector_id(&v, node, "signature", wanted, SIGNATURE_SIZE);
    assert_memory_equal(db_column_blob(stmt, 1).data, wanted, SIGNATURE_SIZE);
    db_reset(stmt);
    identity_unref(by);
    vectors_close(&v);
}

/* ---- what a deposit is bound to ---- */

static void
seal_one(struct fixture *f, const struct inbox_label *label, struct buf *body,
         uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t box_public[32] = { 0 };
    assert_true(env_key_pair(f->keys, box_public, NULL));
    buf_init(body, &mem_default, false);
    assert_int_equal(
        inbox_seal(label, box_public, slice_str("a token"), f->bob, body, signature, f->err),
        ENVRES_OK);
}

static void
every_bit_of_a_deposit(void **state)
{
    struct fixture *f = *state;
    struct inbox_label label = label_of(f);
    struct buf body = { .mem = NULL };
    struct buf opened = { .mem = NULL };
    uint8_t signature[SIGNATURE_SIZE] = { 0 };
    seal_one(f, &label, &body, signature);
    struct slice bytes = slice_of(body.data, body.len);
    for (size_t bit = 0; bit < 8 * body.len; bit++) {
        body.data[bit / 8] = (char)(body.data[bit / 8] ^ (1 << (bit % 8)));
        assert_false(inbox_is_signed(&label, bytes, f->bob->sign_public, signature));
        /* X25519 does not look at the highest bit of a point, but the hash takes it in. */
        assert_int_equal(open_deposit(f, f->keys, &label, &body, &opened), ENVRES_E_INTEGRITY);
        assert_int_equal(opened.len, 0);
        buf_free(&opened);
        body.data[bit / 8] = (char)(body.data[bit / 8] ^ (1 << (bit % 8)));
    }
    for (size_t bit = 0; bit < 8 * sizeof(signature); bit++) {
        signature[bit / 8] = (uint8_t)(signature[bit / 8] ^ (1 << (bit % 8)));
        assert_false(inbox_is_signed(&label, bytes, f->bob->sign_public, signature));
        signature[bit / 8] = (uint8_t)(signature[bit / 8] ^ (1 << (bit % 8)));
    }
    assert_true(inbox_is_signed(&label, bytes, f->bob->sign_public, signature));
    assert_false(inbox_is_signed(&label, bytes, f->alice->sign_public, signature));
    for (size_t len = 0; len < body.len; len++) {
        struct buf cut = { .mem = &mem_default, .data = body.data, .len = len };
        assert_int_equal(open_deposit(f, f->keys, &label, &cut, &opened), ENVRES_E_INTEGRITY);
        buf_free(&opened);
    }
    assert_int_equal(open_deposit(f, f->keys, &label, &body, &opened), ENVRES_OK);
    assert_int_equal(opened.len, 7);
    assert_memory_equal(opened.data, "a token", 7);
    buf_free(&opened);
    buf_free(&body);
}

static void
every_word_of_a_label(void **state)
{
    struct fixture *f = *state;
    static const uint8_t other[SEAL_ID] = { 0xFF };
    const struct inbox_label label = label_of(f);
    struct inbox_label bent[13];
    struct buf body = { .mem = NULL };
    struct buf opened = { .mem = NULL };
    uint8_t signature[SIGNATURE_SIZE] = { 0 };
    static char longest[LIMIT_NAME + 1];
    memset(longest, 'N', sizeof(longest));
    seal_one(f, &label, &body, signature);
    for (size_t i = 0; i < sizeof(bent) / sizeof(bent[0]); i++)
        bent[i] = label;
    bent[0].id = other;
    bent[1].workspace = other;
    bent[2].environment = production;
    bent[3].depositor = f->alice->id;
    bent[4].asserted = f->alice->id;
    bent[5].generation = 2;
    bent[6].name = slice_str("API_TOKEM");
    bent[7].name = slice_str("");
    bent[8].type = 5;
    bent[9].secret = false;
    bent[10].base = 8;
    bent[11].time = 1700000000001;
    bent[12].name = slice_of(longest, sizeof(longest));
    for (size_t i = 0; i < sizeof(bent) / sizeof(bent[0]); i++) {
        struct slice bytes = slice_of(body.data, body.len);
        assert_false(inbox_is_signed(&bent[i], bytes, f->bob->sign_public, signature));
        assert_int_equal(open_deposit(f, f->keys, &bent[i], &body, &opened), ENVRES_E_INTEGRITY);
        buf_free(&opened);
    }
    buf_free(&body);
}

static void
keys_of_another(void **state)
{
    struct fixture *f = *state;
    struct inbox_label label = label_of(f);
    struct env_keys *others = NULL;
    struct env_keys *plain = NULL;
    struct buf body = { .mem = NULL };
    struct buf opened = { .mem = NULL };
    uint8_t signature[SIGNATURE_SIZE] = { 0 };
    seal_one(f, &label, &body, signature);
    assert_int_equal(env_keys_make(f->db, f->arena, &mem_default, f->alice, workspace, production,
                                   5, &others, NULL),
                     ENVRES_OK);
    assert_int_equal(open_deposit(f, others, &label, &body, &opened), ENVRES_E_INTEGRITY);
    buf_free(&opened);
    assert_int_equal(env_keys_plain(f->keys, &mem_default, &plain, NULL), ENVRES_OK);
    assert_int_equal(open_deposit(f, plain, &label, &body, &opened), ENVRES_E_DENIED);
    buf_free(&opened);
    env_keys_unref(plain);
    env_keys_unref(others);
    buf_free(&body);
}

/* Type, class, length and padding inside are those outside, whatever the depositor sealed. */
static void
what_is_inside(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        uint8_t text[12];
        envres_status status;
    } rows[] = {
        { "as it should be", { 1, 1, 0, 0, 2, 0, 0, 0, 'o', 'k' }, ENVRES_OK },
        { "another type", { 2, 1, 0, 0, 2, 0, 0, 0, 'o', 'k' }, ENVRES_E_INTEGRITY },
        { "another class", { 1, 0, 0, 0, 2, 0, 0, 0, 'o', 'k' }, ENVRES_E_INTEGRITY },
        { "a reserved byte", { 1, 1, 1, 0, 2, 0, 0, 0, 'o', 'k' }, ENVRES_E_INTEGRITY },
        { "the other one", { 1, 1, 0, 9, 2, 0, 0, 0, 'o', 'k' }, ENVRES_E_INTEGRITY },
        { "longer than it is", { 1, 1, 0, 0, 57, 0, 0, 0, 'o', 'k' }, ENVRES_E_INTEGRITY },
        { "longer than anything", { 1, 1, 0, 0, 255, 255, 255, 255 }, ENVRES_E_INTEGRITY },
    };
    struct inbox_label label = label_of(f);
    uint8_t box_public[32] = { 0 };
    assert_true(env_key_pair(f->keys, box_public, NULL));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t context[WRAP_CONTEXT_MAX] = { 0 };
        uint8_t body[64 + WRAP_OVERHEAD] = { 0 };
        struct buf opened = { .mem = NULL };
        struct buf bytes = { .mem = &mem_default, .data = (char *)body, .len = sizeof(body) };
        struct ce ce = { .data = NULL };
        print_message("%s\n", rows[i].name);
        ce_init(&ce, context, sizeof(context));
        ce_u8(&ce, 1);
        ce_bytes(&ce, label.workspace, SEAL_ID);
        ce_bytes(&ce, label.environment, SEAL_ID);
        ce_u32(&ce, label.generation);
        ce_text(&ce, label.name);
        ce_u8(&ce, label.type);
        ce_u8(&ce, label.secret);
        ce_u64(&ce, label.base);
        ce_bytes(&ce, label.depositor, SEAL_ID);
        ce_bytes(&ce, label.asserted, SEAL_ID);
        ce_u64(&ce, (uint64_t)label.time);
        ce_bytes(&ce, label.id, SEAL_ID);
        struct wrap_label wrap = { "envres1/inbox", box_public, ce.data, ce.len };
        memcpy(body + WRAP_AT_TEXT, rows[i].text, sizeof(rows[i].text));
        assert_true(wrap_seal(&wrap, body, 64));
        assert_int_equal(open_deposit(f, f->keys, &label, &bytes, &opened), rows[i].status);
        buf_free(&opened);
    }
}

/* 41: equal lengths within a class of padding, and nothing else to tell two deposits by. */
static void
lengths_and_equal_values(void **state)
{
    struct fixture *f = *state;
    struct inbox_label label = label_of(f);
    struct buf a = { .mem = NULL };
    struct buf b = { .mem = NULL };
    uint8_t signature[SIGNATURE_SIZE] = { 0 };
    uint8_t box_public[32] = { 0 };
    static char value[LIMIT_VALUE + 1];
    assert_true(env_key_pair(f->keys, box_public, NULL));
    seal_one(f, &label, &a, signature);
    seal_one(f, &label, &b, signature);
    assert_int_equal(a.len, b.len);
    assert_memory_not_equal(a.data, b.data, 32);
    assert_memory_not_equal(a.data + WRAP_AT_TEXT, b.data + WRAP_AT_TEXT, 64);
    buf_free(&a);
    buf_free(&b);
    memset(value, 'v', sizeof(value));
    static const size_t lengths[][2] = { { 0, WRAP_OVERHEAD + 64 },
                                         { 56, WRAP_OVERHEAD + 64 },
                                         { 57, WRAP_OVERHEAD + 128 },
                                         { LIMIT_VALUE, 0 } };
    for (size_t i = 0; i < 4; i++) {
        struct buf opened = { .mem = NULL };
        buf_init(&a, &mem_default, false);
        assert_int_equal(inbox_seal(&label, box_public, slice_of(value, lengths[i][0]), f->bob, &a,
                                    signature, f->err),
                         ENVRES_OK);
        if (lengths[i][1])
            assert_int_equal(a.len, lengths[i][1]);
        assert_int_equal(open_deposit(f, f->keys, &label, &a, &opened), ENVRES_OK);
        assert_int_equal(opened.len, lengths[i][0]);
        buf_free(&opened);
        buf_free(&a);
    }
    buf_init(&a, &mem_default, false);
    assert_int_equal(inbox_seal(&label, box_public, slice_of(value, sizeof(value)), f->bob, &a,
                                signature, f->err),
                     ENVRES_E_LIMIT);
    label.name = slice_of(value, LIMIT_NAME + 1);
    assert_int_equal(inbox_seal(&label, box_public, slice_str("v"), f->bob, &a, signature, f->err),
                     ENVRES_E_LIMIT);
    assert_int_equal(a.len, 0);
    buf_free(&a);
}

/* 26: points whose shared secret everybody knows, as the environment's key and inside a deposit. */
static void
points_of_low_order(void **state)
{
    struct fixture *f = *state;
    static const uint8_t points[][32] = {
        { 0 },
        { 1 },
        { 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
          0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
          0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
        { 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
          0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
          0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 },
        { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
          0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
          0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
    };
    struct inbox_label label = label_of(f);
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        struct buf body = { .mem = NULL };
        struct buf opened = { .mem = NULL };
        uint8_t signature[SIGNATURE_SIZE] = { 0 };
        buf_init(&body, &mem_default, false);
        assert_int_equal(
            inbox_seal(&label, points[i], slice_str("a token"), f->bob, &body, signature, f->err),
            ENVRES_E_INTEGRITY);
        assert_int_equal(body.len, 0);
        assert_null(memchr(body.data + WRAP_AT_TEXT, 'a', 64)); /* what was laid out is wiped */
        buf_free(&body);
        seal_one(f, &label, &body, signature);
        memcpy(body.data, points[i], 32);
        assert_int_equal(open_deposit(f, f->keys, &label, &body, &opened), ENVRES_E_INTEGRITY);
        buf_free(&opened);
        buf_free(&body);
    }
}

static void
without_memory(void **state)
{
    struct fixture *f = *state;
    struct inbox_label label = label_of(f);
    struct buf body = { .mem = NULL };
    uint8_t signature[SIGNATURE_SIZE] = { 0 };
    seal_one(f, &label, &body, signature);
    for (int n = 0;; n++) {
        struct failing failing = { .left = n };
        struct mem mem = { failing_reallocate, &failing };
        struct buf opened = { .mem = NULL };
        buf_init(&opened, &mem, true);
        envres_status st =
            inbox_open(f->arena, f->keys, &label, slice_of(body.data, body.len), &opened, f->err);
        buf_free(&opened);
        assert_int_equal(st, failing.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        if (!failing.hit)
            break;
        assert_true(n < 10);
    }
    buf_free(&body);
}

/* ---- 25: who may sign the public key of an environment ---- */

static void
give(struct fixture *f, const struct identity *granter, const struct identity *to, uint32_t role,
     const uint8_t *environment)
{
    struct role_row row = { .role = role, .time = 5 };
    memcpy(row.principal, to->id, SEAL_ID);
    if (environment)
        memcpy(row.environment, environment, SEAL_ID);
    assert_int_equal(roles_put(f->db, workspace, granter, &row, f->err), ENVRES_OK);
    assert_int_equal(roles_seal(f->db, &mem_default, workspace, f->alice, f->err), ENVRES_OK);
}

static envres_status
find_key(struct fixture *f, uint32_t generation, uint8_t box_public[32])
{
    struct roles roles = { .mem = NULL };
    assert_int_equal(roles_load(f->db, &mem_default, workspace, &roles, f->err), ENVRES_OK);
    envres_error_clear(f->err);
    envres_status st =
        env_key_find(f->db, &roles, workspace, staging, generation, box_public, f->err);
    roles_free(&roles);
    return st;
}

static void
signers(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        uint32_t role;
        const uint8_t *environment;
        envres_status status;
    } rows[] = {
        { "owner", ENVRES_ROLE_OWNER, NULL, ENVRES_OK },
        { "admin", ENVRES_ROLE_ADMIN, NULL, ENVRES_OK },
        { "admin there", ENVRES_ROLE_ADMIN, staging, ENVRES_OK },
        { "admin elsewhere", ENVRES_ROLE_ADMIN, production, ENVRES_E_INTEGRITY },
        { "publisher", ENVRES_ROLE_PUBLISHER, NULL, ENVRES_E_INTEGRITY },
        { "editor", ENVRES_ROLE_EDITOR, NULL, ENVRES_E_INTEGRITY },
        { "viewer", ENVRES_ROLE_VIEWER, NULL, ENVRES_E_INTEGRITY },
        { "runtime", ENVRES_ROLE_RUNTIME, NULL, ENVRES_E_INTEGRITY },
        { "depositor", ENVRES_ROLE_DEPOSITOR, NULL, ENVRES_E_INTEGRITY },
        { "auditor", ENVRES_ROLE_AUDITOR, NULL, ENVRES_E_INTEGRITY },
        { "nobody", 0, NULL, ENVRES_E_INTEGRITY },
    };
    uint8_t wanted[32] = { 0 };
    uint8_t box_public[32] = { 0 };
    give(f, f->alice, f->alice, ENVRES_ROLE_OWNER, NULL);
    assert_true(env_key_pair(f->keys, wanted, NULL));
    assert_int_equal(find_key(f, 1, box_public), ENVRES_E_INTEGRITY); /* there is none */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].name);
        struct identity *who = join(f, rows[i].name);
        if (rows[i].role)
            give(f, f->alice, who, rows[i].role, rows[i].environment);
        else
            assert_int_equal(roles_seal(f->db, &mem_default, workspace, f->alice, NULL), ENVRES_OK);
        assert_int_equal(env_key_publish(f->db, who, f->keys, 5, f->err), ENVRES_OK);
        memset(box_public, 0, sizeof(box_public));
        assert_int_equal(find_key(f, 1, box_public), rows[i].status);
        assert_int_equal(memcmp(box_public, wanted, 32) == 0, rows[i].status == ENVRES_OK);
        assert_int_equal(find_key(f, 2, box_public), ENVRES_E_INTEGRITY);
        /* Somebody who is removed signs no more. */
        must_sql(f->db, "UPDATE principal SET removed_at = 9 WHERE id = ?1", who->id, SEAL_ID, NULL,
                 0);
        assert_int_equal(roles_seal(f->db, &mem_default, workspace, f->alice, NULL), ENVRES_OK);
        assert_int_equal(find_key(f, 1, box_public), ENVRES_E_INTEGRITY);
        must_sql(f->db, "DELETE FROM env_key", NULL, 0, NULL, 0);
        identity_unref(who);
    }
}

/* The root counts by itself; a newer generation hides the older one. */
static void
the_root_and_generations(void **state)
{
    struct fixture *f = *state;
    struct env_keys next = *f->keys;
    uint8_t seed[32] = { 0x33 };
    uint8_t box_public[32] = { 0 };
    uint8_t wanted[32] = { 0 };
    bool theirs = false;
    assert_int_equal(roles_seal(f->db, &mem_default, workspace, f->alice, NULL), ENVRES_OK);
    assert_int_equal(env_key_publish(f->db, f->alice, f->keys, 5, f->err), ENVRES_OK);
    assert_int_equal(find_key(f, 1, box_public), ENVRES_OK);
    assert_int_equal(env_key_check(f->db, f->keys, &theirs, NULL), ENVRES_OK);
    assert_true(theirs);
    next.generation = 2;
    next.box_seed = seed;
    assert_int_equal(env_key_publish(f->db, f->alice, &next, 6, f->err), ENVRES_OK);
    assert_int_equal(find_key(f, 1, box_public), ENVRES_E_INTEGRITY);
    assert_int_equal(find_key(f, 2, box_public), ENVRES_OK);
    assert_true(env_key_pair(&next, wanted, NULL));
    assert_memory_equal(box_public, wanted, 32);
    next.box_seed = f->keys->box_seed;
    assert_int_equal(env_key_check(f->db, &next, &theirs, NULL), ENVRES_OK);
    assert_false(theirs);
    assert_int_equal(env_key_drop(f->db, staging, NULL), ENVRES_OK);
    assert_int_equal(find_key(f, 2, box_public), ENVRES_E_INTEGRITY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        TEST(known_deposits),           TEST(known_public_key),
        TEST(every_bit_of_a_deposit),   TEST(every_word_of_a_label),
        TEST(keys_of_another),          TEST(what_is_inside),
        TEST(lengths_and_equal_values), TEST(points_of_low_order),
        TEST(without_memory),           TEST(signers),
        TEST(the_root_and_generations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
