/* SPDX-License-Identifier: MIT */
/*
 * Finding `<<`. A lone `<` is common (HTML, comparisons), so byte i and byte i + 1 are compared at
 * once and only pairs stop the loop. In the checked form bytes outside 1..127 stop it too; then the
 * run of non-ASCII characters is validated one by one and the loop goes on behind it. So ASCII
 * text is read once for both purposes.
 *
 * Kernels with one contract: SSE2, NEON, and portable C that works on 8 bytes at a time; on x86
 * also AVX2 for long stretches, where the processor has it. A kernel never reads at or behind
 * `len`. The choice is made here at file level only.
 */
#include "lang/scan.h"

#include <assert.h>
#include <string.h>

#if defined(__SSE2__) && defined(__GNUC__)
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#include "base/limits.h"

typedef size_t (*kernel_fn)(const char *text, size_t from, size_t len);

/* Stops are pairs, and, where `checked`, bytes outside 1..127. */
static inline bool
is_stop(const char *text, size_t at, size_t len, bool checked)
{
    if (text[at] == '<')
        return at + 1 < len && text[at + 1] == '<';
    return checked && (signed char)text[at] < 1;
}

static inline size_t
find_tail(const char *text, size_t from, size_t len, bool checked)
{
    for (size_t at = from; at < len; at++) {
        if (is_stop(text, at, len, checked))
            return at;
    }
    return len;
}

static inline bool
is_name_byte(unsigned char c)
{
    unsigned char lower = c | 0x20;
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

size_t
scan_name_portable(const char *text, size_t from, size_t len)
{
    while (from < len && is_name_byte((unsigned char)text[from]))
        from++;
    return from;
}

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

static inline uint64_t
load_word(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof(word));
    return word;
}

/* Non-zero when a byte of `word` is zero; exact as a test. */
static inline uint64_t
has_zero(uint64_t word)
{
    return (word - ONES) & ~word & HIGHS;
}

/* A word is skipped when neither of its 8 positions can be a stop; else its bytes are looked at
 * one by one. A byte that differs from `<` in one of the two words is non-zero in their union. */
static inline size_t
find_portable(const char *text, size_t from, size_t len, bool checked)
{
    size_t at = from;
    while (at < len && len - at > 8) {
        uint64_t word = load_word(text + at);
        uint64_t pair = (word ^ (ONES * '<')) | (load_word(text + at + 1) ^ (ONES * '<'));
        uint64_t stop = has_zero(pair);
        if (checked)
            stop |= has_zero(word) | (word & HIGHS);
        if (stop) {
            size_t found = find_tail(text, at, at + 9, checked);
            if (found < at + 8)
                return found;
        }
        at += 8;
    }
    return find_tail(text, at, len, checked);
}

static size_t
pair_portable(const char *text, size_t from, size_t len)
{
    return find_portable(text, from, len, false);
}

static size_t
checked_portable(const char *text, size_t from, size_t len)
{
    return find_portable(text, from, len, true);
}

#if defined(__SSE2__) && defined(__GNUC__)

static inline __m128i
stops_16(const char *text, bool checked)
{
    const __m128i less = _mm_set1_epi8('<');
    __m128i here = _mm_loadu_si128((const __m128i *)(const void *)text);
    __m128i next = _mm_loadu_si128((const __m128i *)(const void *)(text + 1));
    __m128i stop = _mm_and_si128(_mm_cmpeq_epi8(here, less), _mm_cmpeq_epi8(next, less));
    if (checked)
        stop = _mm_or_si128(stop, _mm_cmplt_epi8(here, _mm_set1_epi8(1)));
    return stop;
}

static inline uint64_t
mask_16(__m128i stops)
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(stops);
}

/* Bytes of `text` - `first` that are at most `width` as unsigned numbers. */
static inline __m128i
in_range(__m128i text, char first, char width)
{
    __m128i shifted = _mm_sub_epi8(text, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(width)), shifted);
}

/* How many of 16 bytes belong to a name, up to the first that does not. */
static inline size_t
name_prefix(const char *text)
{
    __m128i here = _mm_loadu_si128((const __m128i *)(const void *)text);
    __m128i name = in_range(_mm_or_si128(here, _mm_set1_epi8(0x20)), 'a', 25);
    name = _mm_or_si128(name, in_range(here, '0', 9));
    name = _mm_or_si128(name, _mm_cmpeq_epi8(here, _mm_set1_epi8('_')));
    return (size_t)__builtin_ctzll(mask_16(name) ^ 0x1FFFF);
}

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i
stops_32(const char *text, bool checked)
{
    const __m256i less = _mm256_set1_epi8('<');
    __m256i here = _mm256_loadu_si256((const __m256i *)(const void *)text);
    __m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(text + 1));
    __m256i stop = _mm256_and_si256(_mm256_cmpeq_epi8(here, less), _mm256_cmpeq_epi8(next, less));
    if (checked)
        stop = _mm256_or_si256(stop, _mm256_cmpgt_epi8(_mm256_set1_epi8(1), here));
    return stop;
}

/* The end of a text that is longer than a block: its last block once more, as far as it is behind
 * `at`, which is at most 16 bytes before the end. The last byte begins no pair. */
static inline size_t
find_end(const char *text, size_t at, size_t len, bool checked)
{
    if (len <= 16)
        return find_tail(text, at, len, checked);
    size_t base = len - 17;
    uint64_t mask = mask_16(stops_16(text + base, checked)) >> (at - base);
    if (mask != 0)
        return at + (size_t)__builtin_ctzll(mask);
    return checked && at < len && (signed char)text[len - 1] < 1 ? len - 1 : len;
}

static inline size_t
find_narrow(const char *text, size_t at, size_t len, bool checked)
{
    for (; len - at > 16; at += 16) {
        uint64_t mask = mask_16(stops_16(text + at, checked));
        if (mask != 0)
            return at + (size_t)__builtin_ctzll(mask);
    }
    return find_end(text, at, len, checked);
}

/* The whole search in one function, since most stops are less than 200 bytes away. */
AVX2 static inline size_t
find_wide(const char *text, size_t at, size_t len, bool checked)
{
    for (; len - at > 64; at += 64) {
        __m256i a = stops_32(text + at, checked);
        __m256i b = stops_32(text + at + 32, checked);
        if (_mm256_movemask_epi8(_mm256_or_si256(a, b)) != 0) {
            uint64_t mask = (uint32_t)_mm256_movemask_epi8(b);
            mask = mask << 32 | (uint32_t)_mm256_movemask_epi8(a);
            return at + (size_t)__builtin_ctzll(mask);
        }
    }
    return find_narrow(text, at, len, checked);
}

AVX2 static size_t
find_wide_pair(const char *text, size_t at, size_t len)
{
    return find_wide(text, at, len, false);
}

AVX2 static size_t
find_wide_checked(const char *text, size_t at, size_t len)
{
    return find_wide(text, at, len, true);
}

/* Leaves off no more than 64 bytes before a stop or the end. */
static inline size_t
skip_narrow(const char *text, size_t at, size_t len, bool checked)
{
    for (; len - at > 64; at += 64) {
        __m128i a = _mm_or_si128(stops_16(text + at, checked), stops_16(text + at + 16, checked));
        __m128i b =
            _mm_or_si128(stops_16(text + at + 32, checked), stops_16(text + at + 48, checked));
        if (_mm_movemask_epi8(_mm_or_si128(a, b)) != 0)
            break;
    }
    return at;
}

static inline size_t
find_vector(const char *text, size_t from, size_t len, bool checked, bool may_be_wide)
{
    if (may_be_wide && __builtin_cpu_supports("avx2"))
        return checked ? find_wide_checked(text, from, len) : find_wide_pair(text, from, len);
    return find_narrow(text, skip_narrow(text, from, len, checked), len, checked);
}

#elif defined(__aarch64__) && defined(__ARM_NEON)

static inline uint8x16_t
stops_16(const char *text, bool checked)
{
    const uint8x16_t less = vdupq_n_u8('<');
    uint8x16_t here = vld1q_u8((const uint8_t *)text);
    uint8x16_t next = vld1q_u8((const uint8_t *)text + 1);
    uint8x16_t stop = vandq_u8(vceqq_u8(here, less), vceqq_u8(next, less));
    if (checked)
        stop = vorrq_u8(stop, vcltq_s8(vreinterpretq_s8_u8(here), vdupq_n_s8(1)));
    return stop;
}

/* 4 bits for each byte. */
static inline uint64_t
mask_16(uint8x16_t stops)
{
    uint8x8_t narrow = vshrn_n_u16(vreinterpretq_u16_u8(stops), 4);
    return vget_lane_u64(vreinterpret_u64_u8(narrow), 0);
}

static inline uint8x16_t
in_range(uint8x16_t text, uint8_t first, uint8_t width)
{
    return vcleq_u8(vsubq_u8(text, vdupq_n_u8(first)), vdupq_n_u8(width));
}

/* How many of 16 bytes belong to a name, up to the first that does not. */
static inline size_t
name_prefix(const char *text)
{
    uint8x16_t here = vld1q_u8((const uint8_t *)text);
    uint8x16_t name = in_range(vorrq_u8(here, vdupq_n_u8(0x20)), 'a', 25);
    name = vorrq_u8(name, in_range(here, '0', 9));
    name = vorrq_u8(name, vceqq_u8(here, vdupq_n_u8('_')));
    uint64_t other = ~mask_16(name);
    return other != 0 ? (size_t)(__builtin_ctzll(other) / 4) : 16;
}

static inline size_t
find_vector(const char *text, size_t from, size_t len, bool checked, bool may_be_wide)
{
    size_t at = from;
    (void)may_be_wide;
    for (; len - at > 64; at += 64) {
        uint8x16_t a = vorrq_u8(stops_16(text + at, checked), stops_16(text + at + 16, checked));
        uint8x16_t b =
            vorrq_u8(stops_16(text + at + 32, checked), stops_16(text + at + 48, checked));
        if (vmaxvq_u8(vorrq_u8(a, b)) != 0)
            break;
    }
    for (; len - at > 16; at += 16) {
        uint64_t mask = mask_16(stops_16(text + at, checked));
        if (mask != 0)
            return at + (size_t)(__builtin_ctzll(mask) / 4);
    }
    return find_tail(text, at, len, checked);
}

#else

static inline size_t
name_prefix(const char *text)
{
    return scan_name_portable(text, 0, 16);
}

static inline size_t
find_vector(const char *text, size_t from, size_t len, bool checked, bool may_be_wide)
{
    (void)may_be_wide;
    return find_portable(text, from, len, checked);
}

#endif

size_t
scan_name(const char *text, size_t from, size_t len)
{
    for (; len - from >= 16; from += 16) {
        size_t prefix = name_prefix(text + from);
        if (prefix < 16)
            return from + prefix;
    }
    return scan_name_portable(text, from, len);
}

static size_t
pair_vector(const char *text, size_t from, size_t len)
{
    return find_vector(text, from, len, false, true);
}

static size_t
checked_vector(const char *text, size_t from, size_t len)
{
    return find_vector(text, from, len, true, true);
}

static size_t
pair_baseline(const char *text, size_t from, size_t len)
{
    return find_vector(text, from, len, false, false);
}

static size_t
checked_baseline(const char *text, size_t from, size_t len)
{
    return find_vector(text, from, len, true, false);
}

/* Length of the character at `text`, whose first byte is outside 1..127; 0 when it is not valid:
 * a NUL, an overlong form, a surrogate, beyond U+10FFFF, cut short. */
static size_t
character_len(const unsigned char *text, size_t len)
{
    unsigned char lead = text[0];
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    size_t need = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (len < need)
        return 0;
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    }
    return need;
}

/* The kernel has stopped at `at`: what is no pair is passed over. */
static __attribute__((noinline)) size_t
pass_characters(const char *text, size_t at, size_t len, kernel_fn kernel)
{
    while (at < len) {
        if (text[at] == '<')
            return at;
        do {
            size_t step = character_len((const unsigned char *)text + at, len - at);
            if (step == 0)
                return SCAN_BAD;
            at += step;
        } while (at < len && (signed char)text[at] < 1);
        if (at < len)
            at = kernel(text, at, len);
    }
    return SCAN_NONE;
}

static inline size_t
search_checked(const char *text, size_t from, size_t len, kernel_fn kernel)
{
    size_t at = from < len ? kernel(text, from, len) : len;
    return at < len && text[at] == '<' ? at : pass_characters(text, at, len, kernel);
}

size_t
scan_checked(const char *text, size_t from, size_t len)
{
    return search_checked(text, from, len, checked_vector);
}

size_t
scan_checked_portable(const char *text, size_t from, size_t len)
{
    return search_checked(text, from, len, checked_portable);
}

size_t
scan_checked_baseline(const char *text, size_t from, size_t len)
{
    return search_checked(text, from, len, checked_baseline);
}

size_t
scan_pair(const char *text, size_t from, size_t len)
{
    size_t at = from < len ? pair_vector(text, from, len) : len;
    return at < len ? at : SCAN_NONE;
}

size_t
scan_pair_portable(const char *text, size_t from, size_t len)
{
    size_t at = from < len ? pair_portable(text, from, len) : len;
    return at < len ? at : SCAN_NONE;
}

size_t
scan_pair_baseline(const char *text, size_t from, size_t len)
{
    size_t at = from < len ? pair_baseline(text, from, len) : len;
    return at < len ? at : SCAN_NONE;
}

/* ---- the tag that nearly every one is ----------------------------------------------------------
 */

#define TAG_PATH "environment.variables."
enum { TAG_PATH_LEN = sizeof(TAG_PATH) - 1, TAG_CLOSE = 3 /* blank and >> */ };

static_assert(SCAN_TAG_SKIP == 2 + TAG_PATH_LEN, "the shortest way to a name");

/* As many bytes from here on, from 16 before the end of the first half, stay: the others do not. */
static const unsigned char word_masks[2 * SCAN_WORDS] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
};

/* A name's bytes, of which 16 can be read, and zeroes behind them. */
static inline void
take_words(const char *name, size_t name_len, struct scan_tag *out)
{
    const unsigned char *mask = word_masks + SCAN_WORDS - name_len;
    out->head = load_word(name) & load_word((const char *)mask);
    out->tail = load_word(name + 8) & load_word((const char *)mask + 8);
}

/* What is left of the text at a pair suffices for all that is read of a tag with a short name. */
enum { TAG_ROOM = 3 + TAG_PATH_LEN + SCAN_WORDS + TAG_CLOSE };

/* At a pair: sets out->end when such a tag begins there. Only a longer name asks for more room. */
static inline __attribute__((always_inline)) void
delimit_tag(const char *text, size_t len, struct scan_tag *out)
{
    size_t start = out->at + 2;
    start += text[start] == ' ';
    if (memcmp(text + start, TAG_PATH, TAG_PATH_LEN) != 0)
        return;
    start += TAG_PATH_LEN;
    size_t name_len = name_prefix(text + start);
    if (name_len == SCAN_WORDS)
        name_len = scan_name(text, start + SCAN_WORDS, len) - start;
    size_t close = start + name_len;
    if (name_len > SCAN_WORDS && len - close < TAG_CLOSE)
        return;
    close += text[close] == ' ';
    if (text[close] != '>' || text[close + 1] != '>' || name_len == 0 || name_len > LIMIT_NAME ||
        (text[start] >= '0' && text[start] <= '9'))
        return;
    out->name = start;
    out->name_len = name_len;
    out->end = close + 2;
    if (name_len <= SCAN_WORDS)
        take_words(text + start, name_len, out);
}

/* The same near the end of the text: in a copy with zeroes behind it, which close no tag. */
static __attribute__((noinline)) void
delimit_last(const char *text, size_t len, struct scan_tag *out)
{
    char copy[2 * TAG_ROOM] = { 0 };
    size_t at = out->at;
    memcpy(copy, text + at, len - at);
    out->at = 0;
    delimit_tag(copy, sizeof(copy), out);
    out->at = at;
    out->name += at;
    if (out->end != 0)
        out->end += at;
}

static inline __attribute__((always_inline)) size_t
find_tag(const char *text, size_t at, size_t len, kernel_fn kernel, struct scan_tag *out)
{
    out->end = out->name = 0;
    if (at >= len || text[at] != '<')
        at = pass_characters(text, at, len, kernel);
    if (at >= SCAN_NONE)
        return out->at = at;
    while (at + 2 < len && text[at + 2] == '<')
        at++;
    out->at = at;
    if (len - at >= TAG_ROOM)
        delimit_tag(text, len, out);
    else
        delimit_last(text, len, out);
    return at;
}

size_t
scan_tag_baseline(const char *text, size_t from, size_t len, struct scan_tag *out)
{
    size_t at = from < len ? checked_baseline(text, from, len) : len;
    return find_tag(text, at, len, checked_baseline, out);
}

#if defined(__SSE2__) && defined(__GNUC__)

AVX2 static size_t
scan_tag_wide(const char *text, size_t from, size_t len, struct scan_tag *out)
{
    size_t at = from < len ? find_wide(text, from, len, true) : len;
    return find_tag(text, at, len, find_wide_checked, out);
}

size_t
scan_tag(const char *text, size_t from, size_t len, struct scan_tag *out)
{
    return __builtin_cpu_supports("avx2") ? scan_tag_wide(text, from, len, out)
                                          : scan_tag_baseline(text, from, len, out);
}

#else

size_t
scan_tag(const char *text, size_t from, size_t len, struct scan_tag *out)
{
    return scan_tag_baseline(text, from, len, out);
}

#endif
