/* SPDX-License-Identifier: MIT */
/* Requests and approvals as bytes: a known answer, and every field is in what is signed. */
#include "guard/approval.h"

#include "guard_helper.h"

/* More than any row has. */
enum { ROOM = 1024 * 1024 };

static void
fill(struct vectors *v, uint32_t node, struct request_row *row)
{
    static char texts[4][64];
    static const char *const names[] = { "action", "object", "reason", "authors" };
    static const size_t lens[] = { 15, 15, 5, 32 };
    struct slice *const to[] = { &row->action, &row->object, &row->reason, &row->authors };
    memset(row, 0, sizeof(*row));
    vector_id(v, node, "id", row->id, SEAL_ID);
    vector_id(v, node, "environment", row->environment, SEAL_ID);
    vector_id(v, node, "base", row->base, SEAL_DIGEST);
    vector_id(v, node, "content", row->content, SEAL_DIGEST);
    vector_id(v, node, "requester", row->requester, SEAL_ID);
    vector_id(v, node, "asserted", row->asserted, SEAL_ID);
    vector_id(v, node, "signature", row->signature, SIGNATURE_SIZE);
    for (size_t i = 0; i < 4; i++) {
        vector_id(v, node, names[i], (uint8_t *)texts[i], lens[i]);
        *to[i] = slice_of(texts[i], lens[i]);
    }
    row->right = 10;
    row->needed = 2;
    row->policy_version = 17;
    row->secret = true;
    row->time = 1700000000000;
    row->expires = 1700604800000;
}

static void
test_68_known_answer(void **state)
{
    (void)state;
    script_install();
    struct arena *arena = NULL;
    struct vectors v;
    struct request_row row;
    struct approval approval = { .principal = { 1 } };
    uint8_t ws[SEAL_ID], seed[32], wanted[SEAL_DIGEST], digest[SEAL_DIGEST];
    vectors_open(&v);
    uint32_t node = vector_at(&v, 0, "request");
    fill(&v, node, &row);
    vector_id(&v, node, "workspace", ws, sizeof(ws));
    vector_id(&v, node, "seed", seed, sizeof(seed));
    vector_id(&v, node, "digest", wanted, sizeof(wanted));
    vector_id(&v, node, "approval", approval.signature, SIGNATURE_SIZE);
    request_row_digest(ws, &row, digest);
    assert_memory_equal(digest, wanted, sizeof(digest));
    assert_int_equal(arena_new(&mem_default, false, &arena, NULL), ENVRES_OK);
    struct identity *by = make_identity(NULL, arena, ws, "by", seed, row.requester, seed);
    assert_true(request_is_signed(ws, &row, by->sign_public));
    assert_true(approval_is_signed(ws, &row, &approval, by->sign_public));
    /* No signature stands for the other. */
    memcpy(row.signature, approval.signature, SIGNATURE_SIZE);
    assert_false(request_is_signed(ws, &row, by->sign_public));
    assert_false(request_is_signed(seed, &row, by->sign_public));
    identity_unref(by);
    arena_unref(arena);
    vectors_close(&v);
}

/* What is not in the digest: the signature over it, and the state, which closes a request. */
static void
every_field_is_in_the_digest(void **state)
{
    (void)state;
    struct vectors v;
    struct request_row row;
    uint8_t ws[SEAL_ID], first[SEAL_DIGEST], other[SEAL_DIGEST];
    vectors_open(&v);
    uint32_t node = vector_at(&v, 0, "request");
    fill(&v, node, &row);
    vector_id(&v, node, "workspace", ws, sizeof(ws));
    request_row_digest(ws, &row, first);
#define DIFFERS(change)                                                                            \
    do {                                                                                           \
        struct request_row kept = row;                                                             \
        change;                                                                                    \
        request_row_digest(ws, &row, other);                                                       \
        assert_memory_not_equal(first, other, SEAL_DIGEST);                                        \
        row = kept;                                                                                \
    } while (0)
    DIFFERS(row.id[15] ^= 1);
    DIFFERS(row.environment[0] ^= 1);
    DIFFERS(row.base[31] ^= 0x80);
    DIFFERS(row.content[7] ^= 4);
    DIFFERS(row.requester[3] ^= 1);
    DIFFERS(row.asserted[3] ^= 1);
    DIFFERS(row.right = 13);
    DIFFERS(row.needed = 1);
    DIFFERS(row.policy_version++);
    DIFFERS(row.secret = false);
    DIFFERS(row.time++);
    DIFFERS(row.expires++);
    DIFFERS(row.action.len--);
    DIFFERS(row.object.len--);
    DIFFERS(row.reason.len--);
    DIFFERS(row.authors.len -= SEAL_ID);
    /* A byte that moves from one text to the next is another request. */
    DIFFERS(row.action = slice_str("version.releas"); row.object = slice_str("eversion/shop/v7"));
    row.state = REQUEST_DONE;
    request_row_digest(ws, &row, other);
    assert_memory_equal(first, other, SEAL_DIGEST);
    vectors_close(&v);
}

/* A row of the greatest length is signed whole; one that is longer in any of its texts never is,
 * for its digest would not hold it. */
static void
a_row_has_a_greatest_length(void **state)
{
    enum { ACTION = 64, AUTHORS = LIMIT_AUTHORS * SEAL_ID };
    static const struct {
        const char *name;
        size_t action, object, reason, authors;
        bool good;
    } rows[] = {
        { "the greatest", ACTION, LIMIT_OBJECT, LIMIT_REASON, AUTHORS, true },
        { "no texts", 0, 0, 0, 0, true },
        { "action", ACTION + 1, 1, 1, SEAL_ID, false },
        { "object", 1, LIMIT_OBJECT + 1, 1, SEAL_ID, false },
        { "reason", 1, 1, LIMIT_REASON + 1, SEAL_ID, false },
        { "authors", 1, 1, 1, AUTHORS + SEAL_ID, false },
        { "part of an author", 1, 1, 1, SEAL_ID + 1, false },
        { "action, beyond all", ROOM, 1, 1, SEAL_ID, false },
        { "reason, beyond all", 1, 1, ROOM, SEAL_ID, false },
    };
    static char text[ROOM];
    struct arena *arena = NULL;
    uint8_t ws[SEAL_ID] = { 7 };
    uint8_t seed[32] = { 9 };
    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(arena_new(&mem_default, false, &arena, NULL), ENVRES_OK);
    struct identity *by = make_identity(NULL, arena, ws, "by", seed, ws, seed);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request_row row = { .needed = 1, .right = 10 };
        struct approval approval = { .principal = { 1 } };
        uint8_t digest[SEAL_DIGEST] = { 0 };
        row.action = slice_of(text, rows[i].action);
        row.object = slice_of(text, rows[i].object);
        row.reason = slice_of(text, rows[i].reason);
        row.authors = slice_of(text, rows[i].authors);
        print_message("  %s\n", rows[i].name);
        request_row_digest(ws, &row, digest);
        assert_int_equal(identity_sign(by, "request", digest, sizeof(digest), row.signature, NULL),
                         ENVRES_OK);
        assert_int_equal(
            identity_sign(by, "approval", digest, sizeof(digest), approval.signature, NULL),
            ENVRES_OK);
        assert_int_equal(request_is_signed(ws, &row, by->sign_public), rows[i].good);
        assert_int_equal(approval_is_signed(ws, &row, &approval, by->sign_public), rows[i].good);
        /* It is refused before anything is looked at. */
        if (!rows[i].good)
            assert_int_equal(approval_open(NULL, ws, by, &row, NULL), ENVRES_E_LIMIT);
    }
    identity_unref(by);
    arena_unref(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_68_known_answer),
        cmocka_unit_test(every_field_is_in_the_digest),
        cmocka_unit_test(a_row_has_a_greatest_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
