/* SPDX-License-Identifier: MIT */
/* Heads: the known answers, and that every part of what they bind is bound. */
#include "guard_helper.h"

#include "guard/head.h"

static const uint8_t key_row[SEAL_KEY] = { 3 };
static const uint8_t key_head[SEAL_KEY] = { 4 };

static int
setup(void **state)
{
    struct arena *arena = NULL;
    if (arena_new(&mem_default, false, &arena, NULL) != ENVRES_OK)
        return -1;
    script_install();
    script_clear();
    *state = arena;
    return 0;
}

static int
teardown(void **state)
{
    arena_unref(*state);
    return 0;
}

static struct env_keys
usual_keys(void)
{
    struct env_keys keys = {
        .workspace = { 1 }, .environment = { 2 }, .generation = 4, .row = key_row, .head = key_head
    };
    return keys;
}

static struct head_environment
usual_environment(void)
{
    struct head_environment environment = { .key = slice_str("production"),
                                            .label = slice_str("Production"),
                                            .color = slice_str("#d00"),
                                            .position = 3,
                                            .is_protected = 1,
                                            .approvals = 2,
                                            .require_reason = 1,
                                            .editors_reveal = 0,
                                            .rollback_approvals = 1,
                                            .fixed = 1,
                                            .generation = 4 };
    return environment;
}

static struct head_row
usual_row(void)
{
    static const uint8_t object[SEAL_ID] = { 5 };
    static const uint8_t author[SEAL_ID] = { 6 };
    static const uint8_t content[SEAL_DIGEST] = { 7 };
    struct head_row row = { .object = object,
                            .field = slice_str("host"),
                            .revision = 12,
                            .state = 1,
                            .object_class = 2,
                            .name = slice_str("crm"),
                            .kind = slice_str("postgres"),
                            .secret = true,
                            .content = content,
                            .author = author,
                            .time = 1700000000123 };
    return row;
}

static void
known_row_hash(void **state)
{
    (void)state;
    struct vectors v;
    vectors_open(&v);
    uint32_t node = vector_at(&v, 0, "head_row");
    uint32_t from = vector_at(&v, node, "row");
    uint8_t key[SEAL_KEY], object[SEAL_ID], author[SEAL_ID], content[SEAL_DIGEST];
    uint8_t wanted[SEAL_DIGEST], got[SEAL_DIGEST];
    vector_id(&v, node, "key", key, sizeof(key));
    vector_id(&v, node, "hash", wanted, sizeof(wanted));
    vector_id(&v, from, "object", object, sizeof(object));
    vector_id(&v, from, "author", author, sizeof(author));
    vector_id(&v, from, "content", content, sizeof(content));
    struct env_keys keys = usual_keys();
    keys.row = key;
    struct head_row row = { .object = object,
                            .field = vector_text(&v, from, "field"),
                            .revision = vector_int(&v, from, "revision"),
                            .state = (uint8_t)vector_int(&v, from, "state"),
                            .object_class = (uint8_t)vector_int(&v, from, "class"),
                            .name = vector_text(&v, from, "name"),
                            .kind = vector_text(&v, from, "kind"),
                            .secret = vector_int(&v, from, "secret") != 0,
                            .content = content,
                            .author = author,
                            .time = (int64_t)vector_int(&v, from, "time") };
    head_row_hash(&keys, &row, got);
    assert_memory_equal(got, wanted, sizeof(got));
    vectors_close(&v);
}

static void
known_head(void **state)
{
    (void)state;
    struct vectors v;
    vectors_open(&v);
    uint32_t node = vector_at(&v, 0, "head");
    uint32_t row = vector_at(&v, node, "row");
    uint32_t from = vector_at(&v, node, "head");
    uint8_t key[SEAL_KEY], sealed[256];
    struct env_keys keys = usual_keys();
    vector_id(&v, node, "key", key, sizeof(key));
    vector_id(&v, node, "workspace", keys.workspace, SEAL_ID);
    vector_id(&v, node, "environment", keys.environment, SEAL_ID);
    size_t sealed_len = vector_hex(&v, node, "sealed", sealed, sizeof(sealed));
    keys.head = key;
    keys.generation = (uint32_t)vector_int(&v, row, "generation");
    struct head_environment environment = {
        .key = vector_text(&v, row, "key"),
        .label = vector_text(&v, row, "label"),
        .color = vector_text(&v, row, "color"),
        .position = (int64_t)vector_int(&v, row, "position"),
        .is_protected = (uint8_t)vector_int(&v, row, "protected"),
        .approvals = (int64_t)vector_int(&v, row, "approvals"),
        .require_reason = (uint8_t)vector_int(&v, row, "require_reason"),
        .editors_reveal = (uint8_t)vector_int(&v, row, "editors_reveal"),
        .rollback_approvals = (uint8_t)vector_int(&v, row, "rollback_approvals"),
        .fixed = (uint8_t)vector_int(&v, row, "fixed"),
        .generation = keys.generation,
    };
    struct head head = { .epoch = vector_int(&v, from, "epoch"),
                         .revision = vector_int(&v, from, "revision"),
                         .current_count = vector_int(&v, from, "current_count"),
                         .kept_count = vector_int(&v, from, "kept_count") };
    vector_id(&v, from, "current", head.current, SEAL_DIGEST);
    vector_id(&v, from, "kept", head.kept, SEAL_DIGEST);
    struct head back;
    assert_int_equal(head_unseal(&keys, &environment, sealed, sealed_len, &back, NULL), ENVRES_OK);
    assert_memory_equal(&back, &head, sizeof(head));

    struct buf out;
    buf_init(&out, &mem_default, false);
    script_clear();
    vector_script(&v, node, "random");
    assert_int_equal(head_seal(&keys, &environment, &head, &out, NULL), ENVRES_OK);
    assert_int_equal(out.len, sealed_len);
    assert_memory_equal(out.data, sealed, sealed_len);
    buf_free(&out);
    vectors_close(&v);
}

static void
every_part_of_a_row(void **state)
{
    (void)state;
    static const char *const names[] = { "none",   "object", "field",    "revision", "state",
                                         "class",  "name",   "kind",     "secret",   "content",
                                         "author", "time",   "boundary", "longer" };
    static const uint8_t other_id[SEAL_ID] = { 99 };
    static const uint8_t other_content[SEAL_DIGEST] = { 99 };
    static char text[300];
    memset(text, 'x', sizeof(text));
    struct env_keys keys = usual_keys();
    struct head_row row = usual_row();
    uint8_t wanted[SEAL_DIGEST], got[SEAL_DIGEST];
    head_row_hash(&keys, &row, wanted);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        print_message("row: %s\n", names[i]);
        struct head_row r = row;
        r.object = i == 1 ? other_id : r.object;
        r.field = i == 2 ? slice_str("hosT") : i == 12 ? slice_str("hostc") : r.field;
        r.revision += i == 3;
        r.state = i == 4 ? 0 : r.state;
        r.object_class = i == 5 ? 1 : r.object_class;
        r.name = i == 6 ? slice_str("crn") : i == 12 ? slice_str("rm") : r.name;
        r.kind = i == 7 ? slice_str("mysql") : r.kind;
        r.secret = i == 8 ? false : r.secret;
        r.content = i == 9 ? other_content : r.content;
        r.author = i == 10 ? other_id : r.author;
        r.time += i == 11;
        if (i == 13)
            r.name = slice_of(text, sizeof(text));
        head_row_hash(&keys, &r, got);
        assert_int_equal(memcmp(got, wanted, sizeof(got)) == 0, i == 0);
    }
    uint8_t other_key[SEAL_KEY] = { 77 };
    keys.row = other_key;
    head_row_hash(&keys, &row, got);
    assert_memory_not_equal(got, wanted, sizeof(got));
}

static void
toggling(void **state)
{
    (void)state;
    uint8_t sum[SEAL_DIGEST] = { 0 }, zero[SEAL_DIGEST] = { 0 };
    uint8_t a[SEAL_DIGEST], b[SEAL_DIGEST];
    seal_random(a, sizeof(a));
    seal_random(b, sizeof(b));
    head_toggle(sum, a);
    assert_memory_equal(sum, a, sizeof(sum));
    head_toggle(sum, b);
    head_toggle(sum, a);
    assert_memory_equal(sum, b, sizeof(sum));
    head_toggle(sum, b);
    assert_memory_equal(sum, zero, sizeof(sum));
}

static struct buf
seal_usual(const struct env_keys *keys, const struct head_environment *environment)
{
    struct head head = { .epoch = 1, .revision = 2, .current_count = 3, .kept_count = 4 };
    struct buf out;
    buf_init(&out, &mem_default, false);
    assert_int_equal(head_seal(keys, environment, &head, &out, NULL), ENVRES_OK);
    return out;
}

static void
every_bit_and_length(void **state)
{
    (void)state;
    struct env_keys keys = usual_keys();
    struct head_environment environment = usual_environment();
    struct buf out = seal_usual(&keys, &environment);
    struct head head, zero;
    memset(&zero, 0, sizeof(zero));
    for (size_t i = 0; i < out.len * 8; i++) {
        out.data[i / 8] ^= (char)(1 << (i % 8));
        assert_int_equal(head_unseal(&keys, &environment, out.data, out.len, &head, NULL),
                         ENVRES_E_INTEGRITY);
        assert_memory_equal(&head, &zero, sizeof(head));
        out.data[i / 8] ^= (char)(1 << (i % 8));
    }
    for (size_t len = 0; len < out.len; len++)
        assert_int_equal(head_unseal(&keys, &environment, out.data, len, &head, NULL),
                         ENVRES_E_INTEGRITY);
    assert_int_equal(head_unseal(&keys, &environment, NULL, 0, &head, NULL), ENVRES_E_INTEGRITY);
    assert_int_equal(head_unseal(&keys, &environment, out.data, out.len, &head, NULL), ENVRES_OK);
    assert_int_equal(head.kept_count, 4);
    buf_free(&out);
}

static void
every_part_of_an_environment(void **state)
{
    (void)state;
    static const char *const names[] = { "none",      "key",         "label",
                                         "color",     "position",    "protected",
                                         "approvals", "reason",      "reveal",
                                         "rollback",  "fixed",       "generation",
                                         "workspace", "environment", "generation of the keys",
                                         "head key",  "boundary",    "longer label" };
    static char text[LIMIT_LABEL + 1];
    static const uint8_t other_key[SEAL_KEY] = { 55 };
    memset(text, 'x', sizeof(text));
    struct env_keys usual = usual_keys();
    struct head_environment environment = usual_environment();
    struct buf out = seal_usual(&usual, &environment);
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        print_message("row: %s\n", names[i]);
        struct head_environment e = environment;
        struct env_keys keys = usual;
        struct head head;
        e.key = i == 1 ? slice_str("staging") : i == 16 ? slice_str("productionP") : e.key;
        e.label = i == 2 ? slice_str("production") : i == 16 ? slice_str("roduction") : e.label;
        e.color = i == 3 ? slice_str("") : e.color;
        e.position = i == 4 ? 0 : e.position;
        e.is_protected = i == 5 ? 0 : e.is_protected;
        e.approvals = i == 6 ? 0 : e.approvals;
        e.require_reason = i == 7 ? 0 : e.require_reason;
        e.editors_reveal = i == 8 ? 1 : e.editors_reveal;
        e.rollback_approvals = i == 9 ? 0 : e.rollback_approvals;
        e.fixed = i == 10 ? 0 : e.fixed;
        e.generation += i == 11;
        keys.workspace[0] ^= i == 12;
        keys.environment[15] ^= i == 13;
        keys.generation += i == 14;
        keys.head = i == 15 ? other_key : keys.head;
        if (i == 17)
            e.label = slice_of(text, sizeof(text));
        envres_status st = head_unseal(&keys, &e, out.data, out.len, &head, err);
        assert_int_equal(st, i == 0 ? ENVRES_OK : ENVRES_E_INTEGRITY);
        if (i == 1)
            assert_string_equal(envres_error_subject(err), "staging");
    }
    environment.label = slice_of(text, sizeof(text));
    struct head head = { .epoch = 1 };
    assert_int_equal(head_seal(&usual, &environment, &head, &out, NULL), ENVRES_E_LIMIT);
    envres_error_free(err);
    buf_free(&out);
}

/* The same head twice looks different: the sums must not be compared from outside. */
static void
heads_are_not_repeated(void **state)
{
    (void)state;
    struct env_keys keys = usual_keys();
    struct head_environment environment = usual_environment();
    struct buf a = seal_usual(&keys, &environment);
    struct buf b = seal_usual(&keys, &environment);
    assert_int_equal(a.len, b.len);
    assert_memory_not_equal(a.data + 64, b.data + 64, 96);
    buf_free(&a);
    buf_free(&b);

    struct failing failing = { .left = 0 };
    struct mem none = { failing_reallocate, &failing };
    struct head head = { .epoch = 1 };
    struct buf out;
    buf_init(&out, &none, false);
    assert_int_equal(head_seal(&keys, &environment, &head, &out, NULL), ENVRES_E_NOMEM);
    buf_free(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(known_row_hash, setup, teardown),
        cmocka_unit_test_setup_teardown(known_head, setup, teardown),
        cmocka_unit_test_setup_teardown(every_part_of_a_row, setup, teardown),
        cmocka_unit_test_setup_teardown(toggling, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit_and_length, setup, teardown),
        cmocka_unit_test_setup_teardown(every_part_of_an_environment, setup, teardown),
        cmocka_unit_test_setup_teardown(heads_are_not_repeated, setup, teardown),
    };
    return cmocka_run_group_tests_name("head", tests, NULL, NULL);
}
