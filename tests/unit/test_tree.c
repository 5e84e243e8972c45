/* SPDX-License-Identifier: MIT */
/* Trees: as bytes, whatever the bytes are; which paths may stand in one; sets of digests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "fx_mem.h"
#include "model/digest_set.h"
#include "model/tree.h"

/* ---- trees as bytes ------------------------------------------------------------------------- */

static struct tree
tree_of(const struct mem *mem, const char *const *paths, size_t count)
{
    struct tree tree = { .mem = mem };
    struct tree_change *changes = calloc(count ? count : 1, sizeof(*changes));
    for (size_t i = 0; i < count; i++) {
        part_digest(changes[i].entry.part, paths[i], strlen(paths[i]));
        changes[i].entry.size = (int64_t)(i * 1000);
        changes[i].entry.is_public = i % 2 == 1;
        assert_int_equal(tree_keep(&tree, slice_str(paths[i]), &changes[i].entry.path, NULL), 0);
    }
    assert_int_equal(tree_apply(&tree, changes, count, NULL), ENVRES_OK);
    free(changes);
    return tree;
}

/* Half as many pins as parts, of all three kinds. */
static void
add_pins(struct tree *tree)
{
    struct tree_pin_change changes[8] = { { .gone = false } };
    size_t count = tree->count / 2 < 8 ? tree->count / 2 : 8;
    for (size_t i = 0; i < count; i++) {
        memset(changes[i].pin.query, (int)(i + 1), SEAL_ID);
        changes[i].pin.follows = i % 2 == 0;
        changes[i].pin.revision = (int64_t)(i * 3);
        memset(changes[i].pin.digest, (int)(i * 7), SEAL_DIGEST);
    }
    assert_int_equal(tree_apply_pins(tree, changes, count, NULL), ENVRES_OK);
}

static void
encode(const struct tree *tree, struct buf *out)
{
    buf_init(out, &mem_default, false);
    assert_int_equal(tree_encode(tree, out, NULL), ENVRES_OK);
}

static void
same_trees(const struct tree *a, const struct tree *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->bytes, b->bytes);
    for (size_t i = 0; i < a->count; i++) {
        assert_true(slice_equal(a->entries[i].path, b->entries[i].path));
        assert_int_equal(b->entries[i].path.data[b->entries[i].path.len], 0);
        assert_memory_equal(a->entries[i].part, b->entries[i].part, SEAL_DIGEST);
        assert_int_equal(a->entries[i].size, b->entries[i].size);
        assert_int_equal(a->entries[i].is_public, b->entries[i].is_public);
    }
    assert_int_equal(a->pin_count, b->pin_count);
    for (size_t i = 0; i < a->pin_count; i++) {
        const struct tree_pin *found = tree_pin_find(b, a->pins[i].query);
        assert_ptr_equal(found, &b->pins[i]);
        assert_int_equal(found->revision, a->pins[i].revision);
        assert_int_equal(found->follows, a->pins[i].follows);
        assert_memory_equal(found->digest, a->pins[i].digest, SEAL_DIGEST);
    }
}

static const char *const five[] = { "a", "b/c", "b/d.txt", "\xC3\xA9t\xC3\xA9",
                                    "\xF0\x9F\x8C\xB5" };

static void
a_tree_comes_back_as_it_went(void **state)
{
    (void)state;
    for (size_t count = 0; count <= 5; count++) {
        struct tree tree = tree_of(&mem_default, five, count);
        struct tree read = { .mem = &mem_default };
        struct buf body;
        add_pins(&tree);
        encode(&tree, &body);
        size_t expected = 1 + 4 + 4 + (count / 2) * (SEAL_ID + 8 + 1 + SEAL_DIGEST);
        for (size_t i = 0; i < count; i++)
            expected += 4 + strlen(five[i]) + 1 + 8 + SEAL_DIGEST;
        assert_int_equal(body.len, expected);
        assert_int_equal(tree_decode(&mem_default, slice_of(body.data, body.len), &read, NULL),
                         ENVRES_OK);
        same_trees(&tree, &read);
        buf_free(&body);
        tree_free(&read);
        tree_free(&tree);
    }
}

/* Without the digest in front, what is accepted has one form only: the bytes that were read. */
static void
try_bytes(const char *data, size_t len)
{
    struct tree tree = { .mem = &mem_default };
    char *copy = malloc(len ? len : 1); /* exactly as long: a sanitizer sees a step beyond */
    memcpy(copy, data, len);
    envres_status st = tree_decode(&mem_default, slice_of(copy, len), &tree, NULL);
    if (st == ENVRES_OK) {
        struct buf again;
        encode(&tree, &again);
        assert_int_equal(again.len, len);
        assert_memory_equal(again.data, data, len);
        for (size_t i = 0; i < tree.count; i++)
            assert_int_equal(part_check_path(tree.entries[i].path, NULL), ENVRES_OK);
        buf_free(&again);
        tree_free(&tree);
    } else {
        assert_int_equal(st, ENVRES_E_INTEGRITY);
    }
    free(copy);
}

static void
any_bytes_are_survived(void **state)
{
    (void)state;
    struct tree tree = tree_of(&mem_default, five, 5);
    struct buf body;
    char noise[256];
    uint64_t seed = 1;
    add_pins(&tree);
    encode(&tree, &body);
    for (size_t i = 0; i < body.len; i++) {
        char was = body.data[i];
        for (int bit = 0; bit < 8; bit++) {
            body.data[i] = (char)(was ^ (1 << bit));
            try_bytes(body.data, body.len);
        }
        body.data[i] = (char)0xFF;
        try_bytes(body.data, body.len);
        body.data[i] = was;
        struct tree cut = { .mem = &mem_default };
        assert_int_equal(tree_decode(&mem_default, slice_of(body.data, i), &cut, NULL),
                         ENVRES_E_INTEGRITY);
    }
    buf_add_char(&body, 0);
    struct tree longer = { .mem = &mem_default };
    assert_int_equal(tree_decode(&mem_default, slice_of(body.data, body.len), &longer, NULL),
                     ENVRES_E_INTEGRITY);
    for (int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < sizeof(noise); i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            noise[i] = (char)(seed >> 56);
        }
        memcpy(noise, "\x01\x03\0\0\0\x01\0\0\0", 9);
        try_bytes(noise, (size_t)(seed >> 40) % sizeof(noise));
    }
    buf_free(&body);
    tree_free(&tree);
}

struct bad_tree_row {
    const char *name;
    const char *first;
    const char *second;
    uint64_t size;
    uint8_t format;
    uint8_t flags;
    uint32_t count;
    uint32_t pins;
};

static const struct bad_tree_row bad_trees[] = {
    { "in order", "a", "b", 1, 1, 0, 2, 0 }, /* the one that is good */
    { "not in order", "b", "a", 1, 1, 0, 2, 0 },
    { "the same twice", "a", "a", 1, 1, 0, 2, 0 },
    { "a path that leaves", "../a", "b", 1, 1, 0, 2, 0 },
    { "a path from the root", "/a", "b", 1, 1, 0, 2, 0 },
    { "an empty path", "", "b", 1, 1, 0, 2, 0 },
    { "a part above the limit", "a", "b", LIMIT_PART + 1, 1, 0, 2, 0 },
    { "a negative size", "a", "b", UINT64_MAX, 1, 0, 2, 0 },
    { "another format", "a", "b", 1, 2, 0, 2, 0 },
    { "an unknown flag", "a", "b", 1, 1, 2, 2, 0 },
    { "fewer than it says", "a", "b", 1, 1, 0, 3, 0 },
    { "more than it says", "a", "b", 1, 1, 0, 1, 0 },
    { "far more than there can be", "a", "b", 1, 1, 0, UINT32_MAX, 0 },
    { "fewer pins than it says", "a", "b", 1, 1, 0, 2, 1 },
    { "far more pins than there can be", "a", "b", 1, 1, 0, 2, UINT32_MAX },
};

static void
forged_trees_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_trees) / sizeof(bad_trees[0]); i++) {
        const struct bad_tree_row *row = &bad_trees[i];
        const char *paths[] = { row->first, row->second };
        struct tree tree = { .mem = &mem_default };
        struct buf body;
        buf_init(&body, &mem_default, false);
        buf_add_char(&body, (char)row->format);
        buf_add_u32(&body, row->count);
        for (size_t e = 0; e < 2; e++) {
            uint8_t part[SEAL_DIGEST] = { 0 };
            buf_add_text(&body, paths[e], strlen(paths[e]));
            buf_add_char(&body, (char)row->flags);
            buf_add_u64(&body, row->size);
            buf_add(&body, part, sizeof(part));
        }
        buf_add_u32(&body, row->pins);
        envres_status st = tree_decode(&mem_default, slice_of(body.data, body.len), &tree, NULL);
        if (st != (i == 0 ? ENVRES_OK : ENVRES_E_INTEGRITY))
            fail_msg("%s: %s", row->name, envres_status_name(st));
        tree_free(&tree);
        buf_free(&body);
    }
}

/* Two pins behind no part. */
static const struct {
    const char *name;
    const char *queries; /* a letter for each, of which its id is made */
    uint64_t revision;   /* of the first; the second has 5, and is fixed */
    uint8_t flags;
    uint8_t digest; /* of which that of the first is made */
    envres_status status;
} pin_rows[] = {
    { "fixed", "ab", 7, 0, 1, ENVRES_OK },
    { "follows, recorded", "ab", 7, 1, 1, ENVRES_OK },
    { "follows, not recorded", "ab", 0, 1, 0, ENVRES_OK },
    { "the last that there can be", "ab", LIMIT_QUERY_REVISIONS, 0, 1, ENVRES_OK },
    { "fixed at none", "ab", 0, 0, 1, ENVRES_E_INTEGRITY },
    { "a revision above the limit", "ab", LIMIT_QUERY_REVISIONS + 1, 0, 1, ENVRES_E_INTEGRITY },
    { "a negative revision", "ab", UINT64_MAX, 1, 1, ENVRES_E_INTEGRITY },
    { "an unknown flag", "ab", 7, 2, 1, ENVRES_E_INTEGRITY },
    { "not in order", "ba", 7, 0, 1, ENVRES_E_INTEGRITY },
    { "the same twice", "aa", 7, 0, 1, ENVRES_E_INTEGRITY },
    { "follows, without a digest", "ab", 7, 1, 0, ENVRES_OK },
    { "a digest of no revision", "ab", 0, 1, 1, ENVRES_E_INTEGRITY },
};

static void
forged_pins_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pin_rows) / sizeof(pin_rows[0]); i++) {
        struct tree tree = { .mem = &mem_default };
        struct buf body;
        buf_init(&body, &mem_default, false);
        buf_add_char(&body, 1);
        buf_add_u32(&body, 0);
        buf_add_u32(&body, 2);
        for (size_t p = 0; p < 2; p++) {
            for (size_t k = 0; k < SEAL_ID; k++)
                buf_add_char(&body, pin_rows[i].queries[p]);
            buf_add_u64(&body, p == 0 ? pin_rows[i].revision : 5);
            buf_add_char(&body, p == 0 ? (char)pin_rows[i].flags : 0);
            for (size_t k = 0; k < SEAL_DIGEST; k++)
                buf_add_char(&body, p == 0 ? (char)pin_rows[i].digest : 1);
        }
        envres_status st = tree_decode(&mem_default, slice_of(body.data, body.len), &tree, NULL);
        if (st != pin_rows[i].status)
            fail_msg("%s: %s", pin_rows[i].name, envres_status_name(st));
        tree_free(&tree);
        buf_free(&body);
    }
}

/* What a draft takes from its base, and what it gets when it is frozen. */
static void
pins_loosen_and_take_revisions(void **state)
{
    struct tree_pin_change both[2] = {
        { .pin = { .digest = { 9 }, .revision = 4, .follows = true } },
        { .pin = { .digest = { 8 }, .revision = 6 } }
    };
    struct tree_pin_change drop = { .gone = true };
    (void)state;
    struct tree frozen = { .mem = &mem_default };
    struct tree draft = { .mem = &mem_default };
    memset(both[0].pin.query, 1, SEAL_ID);
    memset(both[1].pin.query, 2, SEAL_ID);
    memset(drop.pin.query, 1, SEAL_ID);
    assert_int_equal(tree_apply_pins(&frozen, both, 2, NULL), ENVRES_OK);
    assert_int_equal(tree_apply_pins(&draft, both, 2, NULL), ENVRES_OK);
    tree_loosen(&draft);
    assert_int_equal(draft.pins[0].revision, 0);
    assert_int_equal(draft.pins[1].revision, 6);
    assert_false(tree_pin_recorded(&draft.pins[0]));
    assert_false(tree_pin_recorded(&draft.pins[1]));
    tree_take_revisions(&draft, &frozen);
    same_trees(&frozen, &draft);
    assert_int_equal(tree_apply_pins(&draft, &drop, 1, NULL), ENVRES_OK);
    assert_int_equal(draft.pin_count, 1);
    assert_null(tree_pin_find(&draft, drop.pin.query));
    assert_non_null(tree_pin_find(&draft, both[1].pin.query));
    tree_free(&draft);
    tree_free(&frozen);
}

static void
decoding_without_memory_leaves_nothing(void **state)
{
    (void)state;
    struct tree tree = tree_of(&mem_default, five, 5);
    struct buf body;
    add_pins(&tree);
    encode(&tree, &body);
    for (int n = 0;; n++) {
        struct fx_mem fx;
        struct tree read = { .mem = NULL };
        fx_mem_fail_at(&fx, n, false);
        envres_status st = tree_decode(&fx.mem, slice_of(body.data, body.len), &read, NULL);
        assert_int_equal(st, fx.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        tree_free(&read);
        assert_int_equal(fx.blocks, 0);
        if (!fx.hit)
            break;
    }
    buf_free(&body);
    tree_free(&tree);
}

/* ---- paths ---------------------------------------------------------------------------------- */

#define TEN      "0123456789"
#define FIFTY    TEN TEN TEN TEN TEN
#define FIVE_HUN FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY

static const struct {
    const char *path;
    size_t len; /* 0: measured */
    envres_status status;
} path_rows[] = {
    { "a", 0, ENVRES_OK },
    { "src/app/main.js", 0, ENVRES_OK },
    { "a b/c d", 0, ENVRES_OK },
    { " ", 0, ENVRES_OK },
    { "...", 0, ENVRES_OK },
    { ".hidden/..twice/a.", 0, ENVRES_OK },
    { "\xC3\xA9t\xC3\xA9/\xF0\x9F\x8C\xB5", 0, ENVRES_OK },
    { "C:/x", 0, ENVRES_OK },
    { FIVE_HUN TEN "ab", 0, ENVRES_OK },
    { FIVE_HUN TEN "abc", 0, ENVRES_E_PATH },
    { "", 0, ENVRES_E_PATH },
    { ".", 0, ENVRES_E_PATH },
    { "..", 0, ENVRES_E_PATH },
    { "/", 0, ENVRES_E_PATH },
    { "/etc/passwd", 0, ENVRES_E_PATH },
    { "a/", 0, ENVRES_E_PATH },
    { "a//b", 0, ENVRES_E_PATH },
    { "../a", 0, ENVRES_E_PATH },
    { "a/../b", 0, ENVRES_E_PATH },
    { "a/..", 0, ENVRES_E_PATH },
    { "./a", 0, ENVRES_E_PATH },
    { "a/./b", 0, ENVRES_E_PATH },
    { "a/.", 0, ENVRES_E_PATH },
    { "a\\b", 0, ENVRES_E_PATH },
    { "..\\a", 0, ENVRES_E_PATH },
    { "a\nb", 0, ENVRES_E_PATH },
    { "a\tb", 0, ENVRES_E_PATH },
    { "a\x7F", 0, ENVRES_E_PATH },
    { "a\xC2\x80"
      "b",
      0, ENVRES_E_PATH },
    { "a\xC2\x9F", 0, ENVRES_E_PATH },
    { "a\xC2\xA0"
      "b",
      0, ENVRES_OK },
    { "a\x1Bm", 0, ENVRES_E_PATH },
    { "a\0b", 3, ENVRES_E_PATH },
    { "a\xFF", 0, ENVRES_E_PATH },
    { "\xC0\xAE\xC0\xAE/a", 0, ENVRES_E_PATH }, /* ".." in an overlong form */
    { "\xED\xA0\x80", 0, ENVRES_E_PATH },       /* a surrogate */
};

static void
paths_obey_their_rules(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < sizeof(path_rows) / sizeof(path_rows[0]); i++) {
        size_t len = path_rows[i].len ? path_rows[i].len : strlen(path_rows[i].path);
        envres_status st = part_check_path(slice_of(path_rows[i].path, len), err);
        if (st != path_rows[i].status)
            fail_msg("%s: %s", path_rows[i].path, envres_status_name(st));
        if (st < 0)
            assert_true(strlen(envres_error_hint(err)) > 0);
    }
    envres_error_free(err);
}

/* Two paths clash when they are the same but for case, or one is a folder of the other: said in
 * another way than the code says it. */
static bool
clashes(const char *a, const char *b)
{
    char x[64];
    char y[64];
    snprintf(x, sizeof(x), "%s/", a);
    snprintf(y, sizeof(y), "%s/", b);
    for (char *c = x; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    for (char *c = y; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    return strncmp(x, y, strlen(x)) == 0 || strncmp(y, x, strlen(y)) == 0;
}

static int
compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Both ways of looking (one by one, sorted) against the plain rule. */
static void
clashes_are_found_both_ways(void **state)
{
    enum { PATHS = 12 };
    static const char *const pool[] = { "a",     "A",     "a/b",   "a/B",  "A/c",  "a-b", "a.b",
                                        "b/a/c", "b/a",   "B/A",   "b/a!", "b/ab", "c",   "c/d/e",
                                        "c/D",   "c/d/f", "c/dd/", "d",    "e",    "f",   "g",
                                        "h",     "i",     "j",     "k",    "l" };
    (void)state;
    uint64_t seed = 99;
    int found = 0;
    for (int round = 0; round < 5000; round++) {
        const char *paths[PATHS];
        struct slice added[PATHS];
        size_t count = 0;
        bool any = false;
        for (size_t i = 0; i < PATHS; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            const char *path = pool[(seed >> 33) % (sizeof(pool) / sizeof(pool[0]))];
            bool known = path[strlen(path) - 1] == '/';
            for (size_t j = 0; j < count; j++)
                known = known || strcmp(paths[j], path) == 0;
            if (!known)
                paths[count++] = path;
        }
        qsort(paths, count, sizeof(paths[0]), compare_text);
        for (size_t i = 0; i < count; i++) {
            added[i] = slice_str(paths[i]);
            for (size_t j = 0; j < i; j++)
                any = any || clashes(paths[i], paths[j]);
        }
        struct tree tree = tree_of(&mem_default, paths, count);
        envres_status want = any ? ENVRES_E_NAME_TAKEN : ENVRES_OK;
        assert_int_equal(tree_check_added(&tree, added, count, NULL), want);
        if (count <= 8)
            assert_int_equal(tree_check_added(&tree, added, 1000, NULL), want);
        tree_free(&tree);
        found += any;
    }
    assert_in_range(found, 500, 4999);
}

/* ---- digest sets ---------------------------------------------------------------------------- */

static void
a_set_keeps_each_digest_once(void **state)
{
    enum { MANY = 5000 };
    (void)state;
    struct digest_set set;
    digest_set_init(&set, &mem_default);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            uint8_t digest[SEAL_DIGEST] = { 0 };
            bool fresh = false;
            memcpy(digest, &i, sizeof(i));
            assert_int_equal(digest_set_find(&set, digest) != NULL, round);
            assert_int_equal(digest_set_add(&set, digest, NULL, &fresh, NULL), ENVRES_OK);
            assert_int_equal(fresh, round == 0);
        }
    }
    assert_int_equal(set.count, MANY);
    digest_set_free(&set);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_comes_back_as_it_went),
        cmocka_unit_test(any_bytes_are_survived),
        cmocka_unit_test(forged_trees_are_refused),
        cmocka_unit_test(forged_pins_are_refused),
        cmocka_unit_test(pins_loosen_and_take_revisions),
        cmocka_unit_test(decoding_without_memory_leaves_nothing),
        cmocka_unit_test(paths_obey_their_rules),
        cmocka_unit_test(clashes_are_found_both_ways),
        cmocka_unit_test(a_set_keeps_each_digest_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
