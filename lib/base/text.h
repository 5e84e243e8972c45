/* SPDX-License-Identifier: MIT */
/* Text: UTF-8, names, positions, hashing, hex, and the nearest name for a did-you-mean. */
#ifndef ENVRES_BASE_TEXT_H
#define ENVRES_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

/* True when `text` is UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF) without
 * NUL; else *bad (may be NULL) is the offset of the first byte that is not. Fast on ASCII. */
bool text_is_utf8(const char *text, size_t len, size_t *bad);

/* The same as an error with position: E_UTF8. `what` names the text: "the template". */
envres_status text_check(const char *text, size_t len, const char *what, envres_error *err);

/* A public argument: measures ENVRES_NUL_TERMINATED, refuses NULL (unless len 0) and bad UTF-8,
 * and more than `max` bytes. `what`: "the name". INVALID, UTF8, LIMIT. */
envres_status text_argument(const char *text, size_t len, size_t max, const char *what,
                            struct slice *out, envres_error *err);

/* letter or "_", then letters, digits, "_"; 1 to LIMIT_NAME bytes. */
bool text_is_name(struct slice name);
/* The same as an error: E_NAME with a hint. `what`: "variable name". */
envres_status text_check_name(struct slice name, const char *what, envres_error *err);

/* Line and column from 1, column in bytes. */
void text_position(const char *text, size_t len, size_t offset, uint32_t *line, uint32_t *column);

/* Equality of names, which are mostly shorter than 16 bytes, without a call. */
static inline bool
text_same_bytes(const char *a, const char *b, size_t len)
{
    uint64_t a0, a1, b0, b1;
    uint32_t c0, c1, d0, d1;
    if (len >= 8 && len <= 16) {
        memcpy(&a0, a, 8);
        memcpy(&b0, b, 8);
        memcpy(&a1, a + len - 8, 8);
        memcpy(&b1, b + len - 8, 8);
        return ((a0 ^ b0) | (a1 ^ b1)) == 0;
    }
    if (len >= 4 && len < 8) {
        memcpy(&c0, a, 4);
        memcpy(&d0, b, 4);
        memcpy(&c1, a + len - 4, 4);
        memcpy(&d1, b + len - 4, 4);
        return ((c0 ^ d0) | (c1 ^ d1)) == 0;
    }
    if (len > 0 && len < 4)
        return a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1];
    return len == 0 || memcmp(a, b, len) == 0;
}

static inline bool
text_same(struct slice a, struct slice b)
{
    return a.len == b.len && text_same_bytes(a.data, b.data, a.len);
}

/* The two halves of a product, folded into each other. */
#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 product;

static inline uint64_t
text_fold(uint64_t a, uint64_t b)
{
    product p = (product)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}
#else
static inline uint64_t
text_fold(uint64_t a, uint64_t b)
{
    uint64_t a0 = a & UINT32_MAX, a1 = a >> 32;
    uint64_t b0 = b & UINT32_MAX, b1 = b >> 32;
    uint64_t low = a0 * b0;
    uint64_t middle = a1 * b0 + (low >> 32);
    uint64_t other = a0 * b1 + (middle & UINT32_MAX);
    return ((other << 32) | (low & UINT32_MAX)) ^ (a1 * b1 + (middle >> 32) + (other >> 32));
}
#endif

/* A fast hash for tables in memory; `seed` per table, so that inputs cannot be made to collide. */
uint64_t text_hash(uint64_t seed, const char *data, size_t len);

/* Lower-case hex; `out` has room for 2 * len + 1. */
void text_hex(char *out, const uint8_t *data, size_t len);
/* False unless exactly 2 * len hex digits. */
bool text_unhex(uint8_t *out, size_t len, struct slice hex);
/* The first and the last of all ids of `len` bytes that begin with these hex digits. False unless
 * they are hex digits, at least `least` and at most 2 * len. */
bool text_hex_range(struct slice hex, size_t least, uint8_t *low, uint8_t *high, size_t len);

/*
 * Did-you-mean: feed candidates, take the nearest. Edit distance with transpositions, without
 * regard to ASCII case, at most a third of the longer name's length (at least 1); ties go to the
 * first by bytes. Looks at no more than LIMIT_CANDIDATES.
 */
struct nearest {
    struct slice wanted;
    struct slice best; /* borrowed from the caller; data NULL when none */
    uint32_t distance;
    uint32_t seen;
};
void nearest_init(struct nearest *nearest, struct slice wanted);
void nearest_add(struct nearest *nearest, struct slice candidate);

#endif
