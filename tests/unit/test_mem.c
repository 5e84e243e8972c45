/* SPDX-License-Identifier: MIT */
/*
 * Memory: what the hook is asked for, what a growing buffer keeps and promises, and that the bytes
 * of a secret buffer are gone before their block is given back. The last is seen by the allocator;
 * a control with a plain buffer shows that it would see them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "fx_mem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
test_blocks(void **state)
{
    (void)state;
    struct fx_mem fx;
    fx_mem_init(&fx);
    char *empty = mem_alloc(&fx.mem, 0);
    assert_non_null(empty);
    unsigned char *zeros = mem_alloc_zero(&fx.mem, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(zeros[i], 0);
    uint32_t *array = mem_alloc_array(&fx.mem, 10, sizeof(uint32_t));
    memset(array, 1, 10 * sizeof(uint32_t));
    assert_null(mem_alloc_array(&fx.mem, SIZE_MAX / 4 + 1, 4));
    assert_null(mem_alloc_array(&fx.mem, SIZE_MAX, SIZE_MAX));
    assert_int_equal(fx.requests, 3);
    char *none = mem_alloc_array(&fx.mem, 0, 0);
    assert_non_null(none);
    mem_free(&fx.mem, none);
    mem_free(&fx.mem, empty);
    mem_free(&fx.mem, zeros);
    mem_free(&fx.mem, array);
    mem_free(&fx.mem, NULL);
    mem_wipe_free(&fx.mem, NULL, 10);
    mem_wipe(NULL, 0);
    assert_int_equal(fx.blocks, 0);
}

static void
test_resize_keeps_the_block_when_refused(void **state)
{
    (void)state;
    struct fx_mem fx;
    fx_mem_fail_at(&fx, 2, false);
    char *block = mem_copy(&fx.mem, "abc", 3);
    block = mem_resize(&fx.mem, block, 1000);
    assert_string_equal(block, "abc");
    assert_null(mem_resize(&fx.mem, block, 2000));
    assert_string_equal(block, "abc");
    block = mem_resize(&fx.mem, block, 0);
    assert_non_null(block);
    mem_free(&fx.mem, block);
    assert_int_equal(fx.blocks, 0);
}

/* An array that is filled one by one, with the n-th request refused, for every n: nothing of it is
 * lost, and the requests grow as the logarithm of its length. */
static void
test_grow(void **state)
{
    (void)state;
    enum { WANTED = 1000 };
    struct fx_mem fx;
    for (int n = 0; n < 8; n++) {
        uint64_t *array = NULL;
        size_t room = 0;
        size_t count = 0;
        int refused = 0;
        fx_mem_fail_at(&fx, n, false);
        while (count < WANTED) {
            size_t before = room;
            uint64_t *grown = mem_grow(&fx.mem, array, &room, count, sizeof(*grown));
            if (!grown) {
                refused++;
                assert_int_equal(room, before);
                continue;
            }
            array = grown;
            assert_true(count < room);
            array[count] = count;
            count++;
        }
        assert_int_equal(fx.hit, n < 7 ? 1 : 0);
        assert_int_equal(refused, fx.hit);
        assert_int_equal(fx.requests, 7 + fx.hit); /* 16 to 1024 */
        for (size_t i = 0; i < WANTED; i++)
            assert_int_equal(array[i], i);
        mem_free(&fx.mem, array);
        assert_int_equal(fx.blocks, 0);
    }
    static const struct {
        const char *name;
        size_t room;
        size_t size;
    } too_large[] = {
        { "doubled it is more than there are", SIZE_MAX / 2 + 1, 2 },
        { "as bytes it is more than there are", SIZE_MAX / 16 + 1, 8 },
        { "one element is more than half of all", 16, SIZE_MAX / 2 + 1 },
        { "the first elements are too large", 0, SIZE_MAX / 8 },
    };
    fx_mem_init(&fx);
    char *block = mem_alloc(&fx.mem, 1);
    for (size_t i = 0; i < COUNT(too_large); i++) {
        size_t room = too_large[i].room;
        print_message("%s\n", too_large[i].name);
        assert_null(mem_grow(&fx.mem, block, &room, room, too_large[i].size));
        assert_int_equal(room, too_large[i].room);
    }
    assert_int_equal(fx.requests, 1); /* asked for nothing */
    mem_free(&fx.mem, block);
}

static void
test_copy(void **state)
{
    (void)state;
    struct fx_mem fx;
    fx_mem_init(&fx);
    char *copy = mem_copy(&fx.mem, "a\0b", 3);
    assert_memory_equal(copy, "a\0b", 4);
    mem_free(&fx.mem, copy);
    copy = mem_copy(&fx.mem, NULL, 0);
    assert_string_equal(copy, "");
    mem_free(&fx.mem, copy);
    assert_null(mem_copy(&fx.mem, "x", SIZE_MAX));
    fx_mem_fail_at(&fx, 0, false);
    assert_null(mem_copy(&fx.mem, "x", 1));
    assert_int_equal(fx.blocks, 0);
}

static void
test_wipe(void **state)
{
    (void)state;
    struct fx_mem fx;
    fx_mem_init(&fx);
    fx.canary = "canary";
    char *block = mem_copy(&fx.mem, "a canary sings", 14);
    mem_free(&fx.mem, block);
    assert_int_equal(fx.seen, 1);
    block = mem_copy(&fx.mem, "a canary sings", 14);
    mem_wipe_free(&fx.mem, block, 14);
    assert_int_equal(fx.seen, 1);
    char text[] = "abcdef";
    mem_wipe(text + 1, 3);
    assert_memory_equal(text, "a\0\0\0ef", 7);
}

static void *
other_reallocate(void *ptr, size_t size, void *user)
{
    return mem_default.reallocate(ptr, size, user);
}

static void
test_public_hook(void **state)
{
    (void)state;
    int user = 0;
    envres_error *err = envres_error_new(NULL);
    static const struct {
        const char *name;
        uint32_t size;
        bool has_function;
        envres_status status;
    } rows[] = {
        { "whole", sizeof(envres_allocator), true, ENVRES_OK },
        { "without a function", sizeof(envres_allocator), false, ENVRES_E_INVALID },
        { "size 0", 0, true, ENVRES_E_ABI },
        { "too short", sizeof(envres_allocator) - 1, true, ENVRES_E_ABI },
    };
    struct mem mem = { NULL, NULL };
    assert_int_equal(mem_from(NULL, &mem, err), ENVRES_OK);
    assert_ptr_equal(mem.reallocate, mem_default.reallocate);
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("%s\n", rows[i].name);
        envres_allocator alloc = { rows[i].size, 0, NULL, &user };
        if (rows[i].has_function)
            alloc.reallocate = other_reallocate;
        assert_int_equal(mem_from(&alloc, &mem, err), rows[i].status);
        bool given = rows[i].status == ENVRES_OK;
        assert_true(mem.reallocate == (given ? other_reallocate : mem_default.reallocate));
        assert_ptr_equal(mem.user, given ? &user : NULL);
    }
    envres_error_free(err);
}

static void
test_slices(void **state)
{
    (void)state;
    static const struct {
        struct slice a;
        struct slice b;
        int order;
    } rows[] = {
        { { "", 0 }, { NULL, 0 }, 0 },     { { "a", 1 }, { "a", 1 }, 0 },
        { { "a", 1 }, { "b", 1 }, -1 },    { { "a", 1 }, { "ab", 2 }, -1 },
        { { "", 0 }, { "a", 1 }, -1 },     { { "a\0a", 3 }, { "a\0b", 3 }, -1 },
        { { "a", 1 }, { "\xC3", 1 }, -1 }, { { "B", 1 }, { "a", 1 }, -1 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int order = slice_compare(rows[i].a, rows[i].b);
        int back = slice_compare(rows[i].b, rows[i].a);
        assert_int_equal((order > 0) - (order < 0), rows[i].order);
        assert_int_equal((back > 0) - (back < 0), -rows[i].order);
        assert_int_equal(slice_equal(rows[i].a, rows[i].b), rows[i].order == 0);
    }
    assert_int_equal(slice_str("four").len, 4);
    assert_int_equal(slice_of("four", ENVRES_NUL_TERMINATED).len, 4);
    assert_int_equal(slice_of("four", 2).len, 2);
    assert_int_equal(slice_of(NULL, ENVRES_NUL_TERMINATED).len, 0);
}

static void
test_growth(void **state)
{
    (void)state;
    for (int secret = 0; secret < 2; secret++) {
        struct fx_mem fx;
        struct buf buf;
        fx_mem_init(&fx);
        buf_init(&buf, &fx.mem, secret);
        for (int i = 0; i < 20000; i++) {
            buf_add_char(&buf, (char)('a' + i % 26));
            assert_int_equal(buf.len, i + 1);
            assert_true(buf.cap > buf.len);
        }
        /* Growth by a factor: few moves for many bytes. */
        assert_true(fx.requests < 20);
        size_t len = 0;
        char *text = buf_take(&buf, &len);
        assert_int_equal(len, 20000);
        for (int i = 0; i < 20000; i++)
            assert_int_equal(text[i], 'a' + i % 26);
        assert_int_equal(text[len], 0);
        mem_free(&fx.mem, text);
        buf_add_str(&buf, "again");
        text = buf_take(&buf, &len);
        assert_string_equal(text, "again");
        mem_free(&fx.mem, text);
        buf_free(&buf);
        assert_int_equal(fx.blocks, 0);
    }
}

static void
test_empty_buffers(void **state)
{
    (void)state;
    struct buf buf;
    size_t len = 7;
    memset(&buf, 0, sizeof(buf));
    buf_free(&buf);
    buf_init(&buf, &mem_default, true);
    buf_add(&buf, NULL, 0);
    assert_int_equal(buf.len, 0);
    char *text = buf_take(&buf, &len);
    assert_int_equal(len, 0);
    assert_string_equal(text, "");
    mem_free(&mem_default, text);
    buf_free(&buf);
    buf_free(&buf);
}

static void
test_limit(void **state)
{
    (void)state;
    struct buf buf;
    envres_error *err = envres_error_new(NULL);
    size_t len = 0;
    buf_init(&buf, &mem_default, false);
    buf.max = 10;
    buf_add_str(&buf, "0123456789");
    assert_int_equal(buf_status(&buf, err), ENVRES_OK);
    assert_int_equal(envres_error_code(err), ENVRES_OK);
    buf_add_char(&buf, 'x');
    assert_true(buf.failed && buf.over_limit);
    assert_int_equal(buf.len, 10);
    buf_add(&buf, "", 0);
    assert_int_equal(buf_status(&buf, err), ENVRES_E_LIMIT);
    assert_string_equal(envres_error_message(err), "the result is longer than 10 bytes");
    assert_null(buf_take(&buf, &len));
    buf_free(&buf);
    /* Beyond what an address can be; no request is made. */
    struct fx_mem fx;
    fx_mem_init(&fx);
    buf_init(&buf, &fx.mem, false);
    buf_add_char(&buf, 'a');
    assert_false(buf_reserve(&buf, SIZE_MAX - 1));
    assert_int_equal(fx.requests, 1);
    assert_int_equal(buf_status(&buf, err), ENVRES_E_NOMEM);
    buf_free(&buf);
    envres_error_free(err);
}

/* Writes all there is to write; whether something failed is asked once at the end. */
static char *
write_all(struct fx_mem *fx, bool secret, size_t *len, envres_status *st)
{
    struct buf buf;
    buf_init(&buf, &fx->mem, secret);
    for (int i = 0; i < 40; i++) {
        buf_add_str(&buf, "a canary ");
        buf_add_format(&buf, "%d-%s", i, "x");
        buf_add_char(&buf, 'c');
    }
    buf_add_u32(&buf, 0x04030201);
    buf_add_u64(&buf, UINT64_C(0x0807060504030201));
    buf_add_text(&buf, "ab", 2);
    *st = buf_status(&buf, NULL);
    char *text = buf_take(&buf, len);
    buf_free(&buf);
    return text;
}

static void
test_failure_sticks(void **state)
{
    (void)state;
    for (int n = 0;; n++) {
        struct fx_mem fx;
        size_t len = 0;
        envres_status st = ENVRES_OK;
        fx_mem_fail_at(&fx, n, false);
        char *text = write_all(&fx, n % 2, &len, &st);
        assert_int_equal(st, fx.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        assert_int_equal(text == NULL, fx.hit);
        if (text) {
            static const char end[] = "\1\2\3\4\1\2\3\4\5\6\7\10\2\0\0\0ab";
            assert_memory_equal(text, "a canary 0-xca canary 1-xc", 26);
            assert_memory_equal(text + len - 18, end, sizeof(end));
            mem_free(&fx.mem, text);
        }
        assert_int_equal(fx.blocks, 0);
        if (!fx.hit) {
            assert_true(n > 3);
            return;
        }
    }
}

static void
test_secret_bytes_are_wiped(void **state)
{
    (void)state;
    for (int secret = 0; secret < 2; secret++) {
        struct fx_mem fx;
        struct buf buf;
        fx_mem_init(&fx);
        fx.canary = "canary";
        buf_init(&buf, &fx.mem, secret);
        for (int i = 0; i < 200; i++)
            buf_add_str(&buf, "a canary ");
        buf.len = 0;
        buf_free(&buf);
        assert_int_equal(fx.blocks, 0);
        assert_true(fx.requests > 3);
        assert_int_equal(fx.seen, secret ? 0 : fx.requests);
        /* And where it cannot grow any more. */
        fx_mem_fail_at(&fx, 1, true);
        fx.canary = "canary";
        buf_init(&buf, &fx.mem, secret);
        for (int i = 0; i < 200; i++)
            buf_add_str(&buf, "a canary ");
        assert_true(buf.failed);
        buf_free(&buf);
        assert_int_equal(fx.seen, !secret);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_resize_keeps_the_block_when_refused),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_public_hook),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_empty_buffers),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_failure_sticks),
        cmocka_unit_test(test_secret_bytes_are_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
