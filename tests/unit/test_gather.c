/* SPDX-License-Identifier: MIT */
/*
 * Copying of pieces: lengths around every block, at every alignment of the output, into memory that
 * ends where the output does; held against copying byte by byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolve/gather.h"

#include "../random.h"

enum { PIECES = 12, VALUE = 200, SPANS = 8, GUARD = 64 };

typedef void (*gather_fn)(const struct gather *gather, char *to);

static const gather_fn kernels[] = { gather_copy, gather_copy_baseline };

/* Lengths that matter: nothing, around the blocks, and around where memcpy() takes over. */
static uint32_t
choose_len(uint64_t *state, bool is_literal)
{
    static const uint16_t around[] = { 0, 0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128 };
    uint64_t r = next_random(state) % 32;
    if (r < sizeof(around) / sizeof(around[0]))
        return around[r];
    if (is_literal && r == 31)
        return 1020 + (uint32_t)(next_random(state) % 8);
    return (uint32_t)(next_random(state) % (VALUE - GUARD));
}

struct pieces {
    char *text; /* allocated to the byte */
    size_t text_len;
    char values[SPANS][VALUE];
    struct slice spans[SPANS];
    struct segment segments[PIECES];
    uint32_t count;
};

static void
make_pieces(struct pieces *pieces, uint64_t *state)
{
    uint32_t at = 0;
    for (size_t i = 0; i < SPANS; i++) {
        for (size_t k = 0; k < VALUE; k++)
            pieces->values[i][k] = (char)(1 + next_random(state) % 127);
        pieces->spans[i] = (struct slice){ pieces->values[i], choose_len(state, false) };
    }
    pieces->count = 1 + (uint32_t)(next_random(state) % PIECES);
    for (uint32_t i = 0; i < pieces->count; i++) {
        uint32_t expr =
            next_random(state) % 5 == 0 ? EXPR_NONE : (uint32_t)(next_random(state) % SPANS);
        pieces->segments[i] = (struct segment){ at, choose_len(state, true), expr, 0 };
        /* What lies between two literals: a tag, or a backslash. */
        at += pieces->segments[i].len + (next_random(state) & 1 ? 1 : 30);
    }
    pieces->text_len = (size_t)pieces->segments[pieces->count - 1].offset +
                       pieces->segments[pieces->count - 1].len;
    if (next_random(state) & 1)
        pieces->text_len += next_random(state) % 70;
    pieces->text = malloc(pieces->text_len + (pieces->text_len == 0));
    assert_non_null(pieces->text);
    for (size_t i = 0; i < pieces->text_len; i++)
        pieces->text[i] = (char)(1 + next_random(state) % 127);
}

static size_t
copy_plainly(const struct pieces *pieces, char *to)
{
    size_t len = 0;
    for (uint32_t i = 0; i < pieces->count; i++) {
        const struct segment *segment = &pieces->segments[i];
        for (uint32_t k = 0; k < segment->len; k++)
            to[len++] = pieces->text[segment->offset + k];
        for (size_t k = 0; segment->expr != EXPR_NONE && k < pieces->spans[segment->expr].len; k++)
            to[len++] = pieces->spans[segment->expr].data[k];
    }
    return len;
}

static void
check_kernel(const struct gather *gather, gather_fn kernel, const char *wanted, size_t len,
             size_t shift)
{
    char *block = malloc(shift + len + 1);
    assert_non_null(block);
    memset(block, 0x55, shift + len + 1);
    kernel(gather, block + shift);
    assert_memory_equal(block + shift, wanted, len);
    for (size_t i = 0; i < shift; i++)
        assert_int_equal(block[i], 0x55);
    assert_int_equal(block[shift + len], 0x55);
    free(block);
}

static void
pieces_are_copied(void **unused)
{
    static char wanted[PIECES * (1100 + VALUE)];
    uint64_t state = 7;
    size_t roomy = 0;
    (void)unused;
    for (int round = 0; round < 3000; round++) {
        struct pieces pieces = { .text = NULL };
        struct gather gather = { .text = NULL };
        make_pieces(&pieces, &state);
        struct template_view view = { .text = pieces.text,
                                      .text_len = pieces.text_len,
                                      .segments = pieces.segments,
                                      .segment_count = pieces.count };
        size_t len = copy_plainly(&pieces, wanted);
        assert_int_equal(gather_init(&gather, &view, pieces.spans), len);
        roomy += gather.roomy;
        for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
            check_kernel(&gather, kernels[i], wanted, len, (size_t)round % 65);
        free(pieces.text);
    }
    /* The blocks were used at all. */
    assert_true(roomy > 3000);
}

/* A segment is copied as blocks when a block fits behind it, in the output and in the text. */
static void
room_is_counted(void **unused)
{
    static const struct {
        const char *name;
        uint32_t last; /* bytes of the last literal */
        size_t behind; /* of text behind the first literal */
        uint32_t roomy;
    } rows[] = {
        { "room for a block", 32, 64, 1 },
        { "the output is a byte short", 31, 64, 0 },
        { "the text just suffices", 32, 32, 1 },
        { "nothing behind it", 0, 0, 0 },
    };
    static char text[256];
    (void)unused;
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].name);
        struct segment segments[] = {
            { 0, 40, EXPR_NONE, 0 },
            { (uint32_t)(40 + rows[i].behind - rows[i].last), rows[i].last, EXPR_NONE, 0 },
        };
        struct template_view view = {
            .text = text, .text_len = 40 + rows[i].behind, .segments = segments, .segment_count = 2
        };
        struct gather gather = { .text = NULL };
        assert_int_equal(gather_init(&gather, &view, NULL), 40 + rows[i].last);
        assert_int_equal(gather.roomy, rows[i].roomy);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_copied),
        cmocka_unit_test(room_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
