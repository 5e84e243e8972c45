/* SPDX-License-Identifier: MIT */
/*
 * Most pieces are short, and of a length that no branch predictor knows. So they are copied as
 * blocks of fixed length, and what is too much is overwritten by the next piece:
 *
 *   output    |..value.|.......literal.......|
 *   stores             [head block]                 wherever the literal begins
 *                         [ aligned ][ aligned ]    the rest, to whole blocks of the output
 *
 * A store that crosses a line of the cache costs several that do not, hence the aligned ones; loads
 * may lie anywhere. Near the end of the output or of the text there is no room for a whole block:
 * which segments are free of that is found once, before, so that no piece has to ask. On x86 the
 * blocks are twice as wide where the processor has AVX2; the choice is made at file level only.
 */
#include "resolve/gather.h"

#include <assert.h>
#include <string.h>

enum {
    BLOCK_SMALL = 16,
    BLOCK_LARGE = 32,
    VALUE_BLOCK = 32,   /* two of them are GATHER_WIDE */
    LONG_EXACT = 256,   /* from here on the call of memcpy() does not matter any more */
    LONG_LITERAL = 1024 /* the same, where blocks can be used */
};

static_assert(GATHER_WIDE == 2 * VALUE_BLOCK, "a value is copied as one block or two");

/* Behind its own bytes a piece may touch up to one block of the output, and of the text. */
enum { BLOCK_ROOM = BLOCK_LARGE };

uint64_t
gather_init(struct gather *gather, const struct template_view *view, const struct slice *spans)
{
    uint64_t after = 0; /* bytes of the output behind the segments looked at */
    bool is_roomy = false;
    *gather = (struct gather){ view->text, view->segments, spans, view->segment_count, 0 };
    for (uint32_t i = view->segment_count; i > 0; i--) {
        const struct segment *segment = &view->segments[i - 1];
        if (!is_roomy && after >= BLOCK_ROOM &&
            view->text_len - segment->offset - segment->len >= BLOCK_ROOM) {
            gather->roomy = i;
            is_roomy = true;
        }
        after += segment->len;
        if (segment->expr != EXPR_NONE)
            after += spans[segment->expr].len;
    }
    return after;
}

static inline __attribute__((always_inline)) char *
copy_literal(char *to, const char *from, size_t len, size_t block)
{
    char *end = to + len;
    if (len >= LONG_LITERAL) {
        memcpy(to, from, len);
        return end;
    }
    memcpy(to, from, block);
    size_t step = block - ((uintptr_t)to & (block - 1));
    for (to += step, from += step; to < end; to += block, from += block)
        memcpy(to, from, block);
    return end;
}

static inline __attribute__((always_inline)) char *
copy_value(char *to, struct slice span)
{
    if (span.len > GATHER_WIDE) {
        memcpy(to, span.data, span.len);
        return to + span.len;
    }
    memcpy(to, span.data, VALUE_BLOCK);
    if (span.len > VALUE_BLOCK)
        memcpy(to + VALUE_BLOCK, span.data + VALUE_BLOCK, VALUE_BLOCK);
    return to + span.len;
}

static inline __attribute__((always_inline)) char *
copy_roomy(const struct gather *gather, char *to, size_t block)
{
    const struct segment *last = gather->segments + gather->roomy;
    for (const struct segment *segment = gather->segments; segment < last; segment++) {
        if (segment->len > 0)
            to = copy_literal(to, gather->text + segment->offset, segment->len, block);
        if (segment->expr != EXPR_NONE)
            to = copy_value(to, gather->spans[segment->expr]);
    }
    return to;
}

/* At least `block` bytes, and at most twice as many: the two may overlap. */
static inline __attribute__((always_inline)) void
copy_twice(char *to, const char *from, size_t len, size_t block)
{
    memcpy(to, from, block);
    memcpy(to + len - block, from + len - block, block);
}

/* To the byte: the last segments of a small template are much of it. */
static inline char *
copy_exactly(char *to, const char *from, size_t len)
{
    char *end = to + len;
    if (len >= LONG_EXACT) {
        memcpy(to, from, len);
    } else if (len >= 16) {
        for (; end - to > 32; to += 32, from += 32)
            memcpy(to, from, 32);
        len = (size_t)(end - to);
        if (len >= 16)
            copy_twice(to, from, len, 16);
        else
            memcpy(end - 16, from + len - 16, 16);
    } else if (len >= 8) {
        copy_twice(to, from, len, 8);
    } else if (len >= 4) {
        copy_twice(to, from, len, 4);
    } else if (len > 0) {
        to[0] = from[0];
        to[len / 2] = from[len / 2];
        to[len - 1] = from[len - 1];
    }
    return end;
}

static void
copy_last(const struct gather *gather, char *to)
{
    for (uint32_t i = gather->roomy; i < gather->count; i++) {
        const struct segment *segment = &gather->segments[i];
        to = copy_exactly(to, gather->text + segment->offset, segment->len);
        if (segment->expr == EXPR_NONE)
            continue;
        struct slice span = gather->spans[segment->expr];
        to = copy_exactly(to, span.data, span.len);
    }
}

void
gather_copy_baseline(const struct gather *gather, char *to)
{
    copy_last(gather, copy_roomy(gather, to, BLOCK_SMALL));
}

#if defined(__x86_64__) && defined(__GNUC__)

__attribute__((target("avx2"))) static char *
copy_roomy_wide(const struct gather *gather, char *to)
{
    return copy_roomy(gather, to, BLOCK_LARGE);
}

void
gather_copy(const struct gather *gather, char *to)
{
    to = __builtin_cpu_supports("avx2") ? copy_roomy_wide(gather, to)
                                        : copy_roomy(gather, to, BLOCK_SMALL);
    copy_last(gather, to);
}

#else

void
gather_copy(const struct gather *gather, char *to)
{
    gather_copy_baseline(gather, to);
}

#endif
