/* SPDX-License-Identifier: MIT */
/* A pool: blocks that do not touch each other, few requests for many of them, all given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/pool.h"
#include "fx_mem.h"

/* Sizes around each edge: of a word, of the first chunk, of half a chunk, of the largest. */
static const size_t sizes[] = {
    1,    0, 7,    8,    9,      100,     4000,    96,     2048,    2049,   4096,
    4097, 1, 8192, 5000, 100000, 1048576, 1048577, 524288, 3000000, 524289, 3,
};

enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static void
test_blocks_stay_apart(void **state)
{
    (void)state;
    for (int zeroed = 0; zeroed < 2; zeroed++) {
        struct fx_mem fx;
        struct pool pool;
        unsigned char *blocks[2 * SIZES];
        fx_mem_init(&fx);
        pool_init(&pool, &fx.mem);
        for (size_t i = 0; i < 2 * SIZES; i++) {
            size_t size = sizes[i % SIZES];
            blocks[i] = zeroed ? pool_alloc_zero(&pool, size) : pool_alloc(&pool, size);
            assert_non_null(blocks[i]);
            assert_int_equal((uintptr_t)blocks[i] % 8, 0);
            for (size_t j = 0; zeroed && j < size; j++)
                assert_int_equal(blocks[i][j], 0);
            memset(blocks[i], (int)i + 1, size);
        }
        for (size_t i = 0; i < 2 * SIZES; i++) {
            for (size_t j = 0; j < sizes[i % SIZES]; j += 61)
                assert_int_equal(blocks[i][j], i + 1);
            for (size_t j = 0; j < i; j++)
                assert_ptr_not_equal(blocks[i], blocks[j]);
        }
        pool_free(&pool);
        assert_int_equal(fx.blocks, 0);
        pool_free(&pool);
    }
}

static void
test_many_small_blocks_cost_few_requests(void **state)
{
    (void)state;
    struct fx_mem fx;
    struct pool pool;
    fx_mem_init(&fx);
    pool_init(&pool, &fx.mem);
    for (int i = 0; i < 100000; i++)
        assert_non_null(pool_alloc(&pool, 20));
    assert_true(fx.requests < 15);
    pool_free(&pool);
    assert_int_equal(fx.blocks, 0);
}

static void
test_nothing_first(void **state)
{
    (void)state;
    struct fx_mem fx;
    struct pool pool;
    fx_mem_init(&fx);
    pool_init(&pool, &fx.mem);
    char *block = pool_alloc(&pool, 0);
    assert_non_null(block);
    block[0] = 'x'; /* of the eight that are its own */
    assert_int_equal(fx.blocks, 1);
    pool_free(&pool);
    /* Freed, it can be used again. */
    assert_non_null(pool_alloc(&pool, 10));
    pool_free(&pool);
    assert_int_equal(fx.blocks, 0);
}

static void
test_copy(void **state)
{
    (void)state;
    struct pool pool;
    pool_init(&pool, &mem_default);
    struct slice copy = pool_copy(&pool, slice_of("a\0bc", 3));
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.data, "a\0b", 4);
    copy = pool_copy(&pool, slice_of(NULL, 0));
    assert_int_equal(copy.len, 0);
    assert_string_equal(copy.data, "");
    struct slice endless = { "x", SIZE_MAX };
    assert_null(pool_copy(&pool, endless).data);
    pool_free(&pool);
}

static void
test_too_large(void **state)
{
    (void)state;
    struct fx_mem fx;
    struct pool pool;
    fx_mem_init(&fx);
    pool_init(&pool, &fx.mem);
    assert_null(pool_alloc(&pool, SIZE_MAX));
    assert_null(pool_alloc(&pool, SIZE_MAX - 8));
    assert_null(pool_alloc_zero(&pool, SIZE_MAX - 15));
    assert_non_null(pool_alloc(&pool, 8));
    pool_free(&pool);
    assert_int_equal(fx.blocks, 0);
}

static void
test_every_refused_request(void **state)
{
    (void)state;
    for (int n = 0;; n++) {
        struct fx_mem fx;
        struct pool pool;
        fx_mem_fail_at(&fx, n, n % 2);
        pool_init(&pool, &fx.mem);
        int refused = 0;
        for (size_t i = 0; i < SIZES; i++) {
            struct slice copy = pool_copy(&pool, slice_of("abcdefgh", 8));
            char *block = pool_alloc(&pool, sizes[i]);
            refused += (copy.data == NULL) + (block == NULL);
            if (block)
                memset(block, 'x', sizes[i]);
        }
        assert_int_equal(refused, fx.hit);
        pool_free(&pool);
        assert_int_equal(fx.blocks, 0);
        if (!fx.hit) {
            assert_true(n > 3);
            return;
        }
    }
}

static void
test_as_an_allocator(void **state)
{
    (void)state;
    struct pool pool;
    pool_init(&pool, &mem_default);
    struct mem mem = { pool_reallocate, &pool };
    char *block = mem_copy(&mem, "abc", 3);
    assert_string_equal(block, "abc");
    mem_free(&mem, block);
    assert_string_equal(block, "abc"); /* lives as long as the pool */
    assert_null(mem_resize(&mem, block, 100));
    pool_free(&pool);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_stay_apart),
        cmocka_unit_test(test_many_small_blocks_cost_few_requests),
        cmocka_unit_test(test_nothing_first),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_every_refused_request),
        cmocka_unit_test(test_as_an_allocator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
