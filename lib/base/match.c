/* SPDX-License-Identifier: MIT */
/*
 * Finding literals. HASHED bytes at each place of the text are hashed into a bitset, which is all
 * that most places cost. Where no pattern is shorter than WIDE_MIN, every third place does: the
 * bitset has the bytes at the first three places of each pattern, and a second one, of its first
 * WIDE_MIN bytes, tells where it would begin. Where the bit is set, a bucket is asked for the group
 * of patterns that begin with these bytes, and the group, which is sorted, for its last pattern
 * that does not come after the text. Every pattern that begins the text is that one or a prefix of
 * it, so the chain of prefixes gives them all, the longest first:
 *
 *   sorted    "staging-db"  "staging-db-1"  "staging-dbase"        text "staging-db-17 ..."
 *   prefix         -         "staging-db"    "staging-db"          last: "staging-db-1"
 *
 * A `whole` pattern matches where no token goes on: the bytes around it are no letters, digits,
 * "_" or parts of characters beyond ASCII, and where one of them is "-" or ".", the byte beyond
 * that is no letter, digit or "_" either. So "db.internal" is found in "//db.internal:80" and at
 * the end of a sentence, and "staging" is not found in "staging-db". What is a name by itself, of
 * letters, digits and "_", ends before a "." whatever follows: "depot_live" is found in
 * "SELECT * FROM depot_live.orders", and "db.internal" is not found in "db.internal.example".
 *
 * No table has a copy of a pattern's bytes; hashes of them are wiped like the patterns.
 */
#include "base/match.h"

#include <stdlib.h>
#include <string.h>

enum {
    HASHED = MATCH_MIN,
    WIDE_MIN = 8,
    STRIDE = WIDE_MIN - HASHED + 1,
    PAIRS = 65536, /* of bytes */
    SPARE = 8 - HASHED,
    BITS_MIN = 18, /* of the bitset's index: 32 KiB, which stay near */
    BITS_MAX = 24,
    BITS_SPARE = 6, /* at most one place of 2^6 is looked at closer, whatever the patterns */
    NONE = -1
};

struct pattern {
    const char *data; /* into `bytes`; set when the tables are built */
    size_t offset;
    size_t len;
    uint32_t number;
    uint32_t added;
    int64_t prefix; /* the longest pattern before it that it begins with, or NONE */
    bool whole;
    bool is_name; /* letters, digits and "_" alone */
};

/* Patterns with the same HASHED bytes. */
struct group {
    uint32_t first;
    uint32_t count;
};

struct matcher {
    struct mem mem;
    struct buf bytes;
    struct buf patterns; /* of struct pattern; sorted when built */
    uint32_t count;
    size_t longest; /* bytes of a pattern */
    size_t shortest;
    bool is_built;
    bool is_wide;  /* no pattern is shorter than WIDE_MIN */
    unsigned bits; /* of the bitsets' index */
    uint64_t *bitset;
    uint64_t *heads; /* of the first WIDE_MIN bytes, if is_wide */
    uint64_t *pairs; /* of the first two bytes */
    unsigned bucket_bits;
    uint32_t *buckets; /* where the groups of each begin, and their end */
    struct group *groups;
    uint32_t group_count;
};

envres_status
matcher_new(const struct mem *mem, struct matcher **out, envres_error *err)
{
    struct matcher *matcher = mem_alloc_zero(mem, sizeof(*matcher));
    if (!matcher)
        return err_code(err, ENVRES_E_NOMEM);
    matcher->mem = *mem;
    matcher->bits = BITS_MIN;
    matcher->shortest = SIZE_MAX;
    matcher->bucket_bits = 1;
    buf_init(&matcher->bytes, &matcher->mem, true);
    buf_init(&matcher->patterns, &matcher->mem, true);
    *out = matcher;
    return ENVRES_OK;
}

static size_t
bitset_words(const struct matcher *matcher)
{
    return (size_t)1 << (matcher->bits - 6);
}

static size_t
bucket_count(const struct matcher *matcher)
{
    return (size_t)1 << matcher->bucket_bits;
}

static void
drop_tables(struct matcher *matcher)
{
    const struct mem *mem = &matcher->mem;
    mem_wipe_free(mem, matcher->bitset, bitset_words(matcher) * sizeof(*matcher->bitset));
    mem_wipe_free(mem, matcher->heads, bitset_words(matcher) * sizeof(*matcher->heads));
    mem_wipe_free(mem, matcher->pairs, PAIRS / 8);
    mem_wipe_free(mem, matcher->buckets, (bucket_count(matcher) + 1) * sizeof(*matcher->buckets));
    mem_wipe_free(mem, matcher->groups, matcher->group_count * sizeof(*matcher->groups));
    matcher->bitset = matcher->heads = matcher->pairs = NULL;
    matcher->buckets = NULL;
    matcher->groups = NULL;
    matcher->is_built = false;
}

void
matcher_free(struct matcher *matcher)
{
    if (!matcher)
        return;
    drop_tables(matcher);
    buf_free(&matcher->bytes);
    buf_free(&matcher->patterns);
    struct mem mem = matcher->mem;
    mem_wipe_free(&mem, matcher, sizeof(*matcher));
}

static struct pattern *
patterns_of(const struct matcher *matcher)
{
    return (struct pattern *)(void *)matcher->patterns.data;
}

static bool
is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool
is_name(struct slice text)
{
    size_t at = 0;
    while (at < text.len && is_word(text.data[at]))
        at++;
    return at == text.len;
}

envres_status
matcher_add(struct matcher *matcher, struct slice text, uint32_t number, bool whole,
            envres_error *err)
{
    struct pattern pattern = { .offset = matcher->bytes.len,
                               .len = text.len,
                               .number = number,
                               .added = matcher->count,
                               .prefix = NONE,
                               .whole = whole,
                               .is_name = whole && is_name(text) };
    if (text.len < MATCH_MIN)
        return err_set(err, ENVRES_E_INVALID, "a pattern is shorter than %d bytes", MATCH_MIN);
    if (matcher->count == UINT32_MAX)
        return err_set(err, ENVRES_E_LIMIT, "too many patterns");
    /* Room for both first: after a refusal the matcher is as before. */
    struct buf *bytes = &matcher->bytes;
    struct buf *patterns = &matcher->patterns;
    bool has_room = buf_reserve(bytes, text.len) && buf_reserve(patterns, sizeof(pattern));
    bytes->failed = patterns->failed = false;
    if (!has_room)
        return err_code(err, ENVRES_E_NOMEM);
    drop_tables(matcher);
    buf_add(bytes, text.data, text.len);
    buf_add(patterns, &pattern, sizeof(pattern));
    matcher->count++;
    if (text.len > matcher->longest)
        matcher->longest = text.len;
    if (text.len < matcher->shortest)
        matcher->shortest = text.len;
    return ENVRES_OK;
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* The first HASHED of 8 bytes, which were loaded as a number; the others are shifted out. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define HASHED_OF(word) ((word) >> (64 - 8 * HASHED))
#else
#define HASHED_OF(word) ((word) << (64 - 8 * HASHED))
#endif

#define HASH_FACTOR UINT64_C(0x9E3779B97F4A7C15)

/* The same bytes give the same number in one process, and that is all it is for. */
static inline uint64_t
hash_word(uint64_t word)
{
    return HASHED_OF(word) * HASH_FACTOR;
}

static inline uint64_t
hash_at(const char *text)
{
    uint64_t word = 0;
    memcpy(&word, text, HASHED);
    return hash_word(word);
}

/* The same where 8 bytes can be read: twice as fast. */
static inline uint64_t
hash_ahead(const char *text)
{
    uint64_t word = 0;
    memcpy(&word, text, sizeof(word));
    return hash_word(word);
}

/* Of the first WIDE_MIN bytes; folded, since a product's high bits know little of high bytes. */
static inline uint64_t
hash_head(const char *text)
{
    uint64_t word = 0;
    memcpy(&word, text, WIDE_MIN);
    word *= HASH_FACTOR;
    return (word ^ word >> 32) * HASH_FACTOR;
}

static inline size_t
pair_of(const char *text)
{
    return (size_t)(unsigned char)text[0] << 8 | (unsigned char)text[1];
}

static inline bool
is_set(const uint64_t *bitset, uint64_t bit)
{
    return (bitset[bit / 64] >> bit % 64 & 1) != 0;
}

static inline void
set_bit(uint64_t *bitset, uint64_t bit)
{
    bitset[bit / 64] |= (uint64_t)1 << bit % 64;
}

static struct slice
slice_pattern(const struct pattern *pattern)
{
    return slice_of(pattern->data, pattern->len);
}

/* By bytes; of equal ones the last added first, as a chain is walked from its end. */
static int
compare_patterns(const void *a, const void *b)
{
    const struct pattern *x = a;
    const struct pattern *y = b;
    int order = slice_compare(slice_pattern(x), slice_pattern(y));
    if (order != 0)
        return order;
    return (x->added < y->added) - (x->added > y->added);
}

static bool
begins_with(const struct pattern *text, const struct pattern *start)
{
    return start->len <= text->len && memcmp(text->data, start->data, start->len) == 0;
}

static bool
is_same_group(const struct pattern *a, const struct pattern *b)
{
    return memcmp(a->data, b->data, HASHED) == 0;
}

/* What is no prefix of one pattern is none of those after it: each is passed over once. */
static void
sort_patterns(struct matcher *matcher)
{
    struct pattern *patterns = patterns_of(matcher);
    for (uint32_t i = 0; i < matcher->count; i++)
        patterns[i].data = matcher->bytes.data + patterns[i].offset;
    if (matcher->count > 1)
        qsort(patterns, matcher->count, sizeof(*patterns), compare_patterns);
    for (uint32_t i = 0; i < matcher->count; i++) {
        int64_t prefix = (int64_t)i - 1;
        while (prefix != NONE && !begins_with(&patterns[i], &patterns[prefix]))
            prefix = patterns[prefix].prefix;
        patterns[i].prefix = prefix;
    }
}

static uint32_t
count_groups(const struct matcher *matcher)
{
    const struct pattern *patterns = patterns_of(matcher);
    uint32_t count = 0;
    for (uint32_t i = 0; i < matcher->count; i++)
        count += i == 0 || !is_same_group(&patterns[i - 1], &patterns[i]);
    return count;
}

static envres_status
take_tables(struct matcher *matcher, envres_error *err)
{
    const struct mem *mem = &matcher->mem;
    unsigned log = 0;
    matcher->group_count = count_groups(matcher);
    while (log < BITS_MAX && ((uint32_t)1 << log) < matcher->group_count)
        log++;
    matcher->bits = log + BITS_SPARE < BITS_MIN ? BITS_MIN : log + BITS_SPARE;
    if (matcher->bits > BITS_MAX)
        matcher->bits = BITS_MAX;
    matcher->bucket_bits = log + 1;
    matcher->is_wide = matcher->shortest >= WIDE_MIN;
    matcher->bitset = mem_alloc_zero(mem, bitset_words(matcher) * sizeof(*matcher->bitset));
    matcher->heads = mem_alloc_zero(mem, bitset_words(matcher) * sizeof(*matcher->heads));
    matcher->pairs = mem_alloc_zero(mem, PAIRS / 8);
    matcher->buckets = mem_alloc_zero(mem, (bucket_count(matcher) + 1) * sizeof(*matcher->buckets));
    matcher->groups = mem_alloc_array(mem, matcher->group_count, sizeof(*matcher->groups));
    if (!matcher->bitset || !matcher->heads || !matcher->pairs || !matcher->buckets ||
        !matcher->groups)
        return err_code(err, ENVRES_E_NOMEM);
    return ENVRES_OK;
}

static inline size_t
bucket_of(const struct matcher *matcher, uint64_t hash)
{
    return (size_t)(hash >> (64 - matcher->bucket_bits));
}

/* The end of a group that begins at `first`. */
static uint32_t
end_of_group(const struct matcher *matcher, uint32_t first)
{
    const struct pattern *patterns = patterns_of(matcher);
    uint32_t end = first + 1;
    while (end < matcher->count && is_same_group(&patterns[first], &patterns[end]))
        end++;
    return end;
}

/* Sets the bits that a run asks for. Bits of one group are the same but for those further in. */
static void
fill_bitsets(struct matcher *matcher)
{
    const struct pattern *patterns = patterns_of(matcher);
    const unsigned shift = 64 - matcher->bits;
    const size_t places = matcher->is_wide ? STRIDE : 1;
    for (uint32_t i = 0; i < matcher->count; i++) {
        const char *data = patterns[i].data;
        for (size_t k = 0; k < places; k++)
            set_bit(matcher->bitset, hash_at(data + k) >> shift);
        if (matcher->is_wide)
            set_bit(matcher->heads, hash_head(data) >> shift);
        set_bit(matcher->pairs, pair_of(data));
    }
}

/* A counting sort of the groups by bucket: counts, then ends, then each is put before the end of
 * its bucket, the last first, so that a bucket's groups stay sorted. */
static void
fill_tables(struct matcher *matcher)
{
    const struct pattern *patterns = patterns_of(matcher);
    uint32_t *buckets = matcher->buckets;
    for (uint32_t first = 0; first < matcher->count; first = end_of_group(matcher, first)) {
        buckets[bucket_of(matcher, hash_at(patterns[first].data))]++;
    }
    for (size_t i = 1; i <= bucket_count(matcher); i++)
        buckets[i] += buckets[i - 1];
    for (uint32_t end = matcher->count; end > 0;) {
        uint32_t first = end - 1;
        while (first > 0 && is_same_group(&patterns[first - 1], &patterns[first]))
            first--;
        uint32_t place = --buckets[bucket_of(matcher, hash_at(patterns[first].data))];
        matcher->groups[place] = (struct group){ first, end - first };
        end = first;
    }
}

envres_status
matcher_build(struct matcher *matcher, envres_error *err)
{
    if (matcher->is_built || matcher->count == 0)
        return ENVRES_OK;
    sort_patterns(matcher);
    envres_status st = take_tables(matcher, err);
    if (st < 0) {
        drop_tables(matcher);
        return st;
    }
    fill_bitsets(matcher);
    fill_tables(matcher);
    matcher->is_built = true;
    return ENVRES_OK;
}

/* ---- the run --------------------------------------------------------------------------------- */

/* A token goes on over this byte, of which `beyond` (NULL: nothing) is the next one. */
static bool
goes_on(char c, const char *beyond)
{
    if (is_word(c) || (unsigned char)c >= 0x80)
        return true;
    return (c == '-' || c == '.') && beyond && is_word(*beyond);
}

static bool
is_whole(struct slice text, size_t offset, const struct pattern *pattern)
{
    const char *start = text.data + offset;
    const char *end = start + pattern->len;
    size_t behind = text.len - offset - pattern->len;
    if (behind > 0 && *end == '.' && pattern->is_name)
        behind = 0;
    if (offset > 0 && goes_on(start[-1], offset > 1 ? start - 2 : NULL))
        return false;
    return behind == 0 || !goes_on(*end, behind > 1 ? end + 1 : NULL);
}

/* NULL: no pattern begins like this. */
static const struct group *
find_group(const struct matcher *matcher, const char *text)
{
    const struct pattern *patterns = patterns_of(matcher);
    const uint32_t *bucket = &matcher->buckets[bucket_of(matcher, hash_at(text))];
    uint32_t low = bucket[0];
    uint32_t high = bucket[1];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct group *group = &matcher->groups[middle];
        int order = memcmp(text, patterns[group->first].data, HASHED);
        if (order == 0)
            return group;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* The last of the group that does not come after `text`, or NONE. */
static int64_t
find_last(const struct matcher *matcher, const struct group *group, struct slice text)
{
    const struct pattern *patterns = patterns_of(matcher);
    uint32_t low = group->first;
    uint32_t high = group->first + group->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (slice_compare(slice_pattern(&patterns[middle]), text) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low == group->first ? NONE : (int64_t)low - 1;
}

static size_t
common_length(struct slice a, struct slice b)
{
    size_t len = 0;
    while (len < a.len && len < b.len && a.data[len] == b.data[len])
        len++;
    return len;
}

/* The first place from `at` on, in steps, whose bit is set, or one that is not below `end`. All but
 * a few places are passed over here; it is inlined once for each step, so that the loop has the
 * registers for itself. */
static inline size_t
find_set(const struct matcher *matcher, const char *text, size_t at, size_t end, size_t step)
{
    const uint64_t *bitset = matcher->bitset;
    const unsigned shift = 64 - matcher->bits;
    const size_t ahead = end > SPARE ? end - SPARE : 0;
    for (; at < ahead; at += step) {
        if (is_set(bitset, hash_ahead(text + at) >> shift))
            return at;
    }
    while (at < end && !is_set(bitset, hash_at(text + at) >> shift))
        at += step;
    return at;
}

static __attribute__((noinline)) size_t
find_next(const struct matcher *matcher, const char *text, size_t at, size_t end)
{
    return find_set(matcher, text, at, end, 1);
}

static __attribute__((noinline)) size_t
find_third(const struct matcher *matcher, const char *text, size_t at, size_t end)
{
    return find_set(matcher, text, at, end, STRIDE);
}

struct run {
    struct slice text;
    bool longest;
    match_fn each;
    void *user;
};

/* False: the caller wants no more. */
static bool
report(const struct matcher *matcher, const struct run *run, size_t offset)
{
    struct slice text = run->text;
    const struct pattern *patterns = patterns_of(matcher);
    const struct group *group = find_group(matcher, text.data + offset);
    if (!group)
        return true;
    struct slice rest = slice_of(text.data + offset, text.len - offset);
    int64_t at = find_last(matcher, group, rest);
    if (at == NONE)
        return true;
    size_t common = common_length(slice_pattern(&patterns[at]), rest);
    for (; at != NONE; at = patterns[at].prefix) {
        const struct pattern *pattern = &patterns[at];
        if (pattern->len > common || (pattern->whole && !is_whole(text, offset, pattern)))
            continue;
        if (!run->each(run->user, pattern->number, offset, pattern->len))
            return false;
        if (run->longest)
            break;
    }
    return true;
}

static void
run_narrow(const struct matcher *matcher, const struct run *run)
{
    const char *data = run->text.data;
    const size_t end = run->text.len - HASHED + 1;
    for (size_t at = find_next(matcher, data, 0, end); at < end;
         at = find_next(matcher, data, at + 1, end)) {
        if (!report(matcher, run, at))
            return;
    }
}

/* Of three places in a row the last is looked at: a pattern that begins at one of them has its
 * first, second or third place there. */
static void
run_wide(const struct matcher *matcher, const struct run *run)
{
    const char *data = run->text.data;
    const size_t end = run->text.len - HASHED + 1;
    const unsigned shift = 64 - matcher->bits;
    for (size_t last = find_third(matcher, data, STRIDE - 1, end); last < end;
         last = find_third(matcher, data, last + STRIDE, end)) {
        for (size_t at = last - (STRIDE - 1); at <= last; at++) {
            if (run->text.len - at >= WIDE_MIN &&
                is_set(matcher->heads, hash_head(data + at) >> shift) && !report(matcher, run, at))
                return;
        }
    }
}

static envres_status
run_over(struct matcher *matcher, const struct run *run, envres_error *err)
{
    if (matcher->count == 0 || run->text.len < MATCH_MIN)
        return ENVRES_OK;
    envres_status st = matcher_build(matcher, err);
    if (st < 0)
        return st;
    if (matcher->is_wide)
        run_wide(matcher, run);
    else
        run_narrow(matcher, run);
    return ENVRES_OK;
}

envres_status
matcher_run(struct matcher *matcher, struct slice text, match_fn each, void *user,
            envres_error *err)
{
    struct run run = { .text = text, .each = each, .user = user };
    return run_over(matcher, &run, err);
}

envres_status
matcher_cover(struct matcher *matcher, struct slice text, match_fn each, void *user,
              envres_error *err)
{
    struct run run = { .text = text, .longest = true, .each = each, .user = user };
    return run_over(matcher, &run, err);
}

/* Whether a pattern begins with `text` and goes on: the first that comes after it, if any. */
static bool
is_beginning(const struct matcher *matcher, struct slice text)
{
    const struct pattern *patterns = patterns_of(matcher);
    uint32_t low = 0;
    uint32_t high = matcher->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (slice_compare(slice_pattern(&patterns[middle]), text) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < matcher->count && patterns[low].len > text.len &&
           memcmp(patterns[low].data, text.data, text.len) == 0;
}

size_t
matcher_open_end(const struct matcher *matcher, struct slice text)
{
    const unsigned shift = 64 - matcher->bits;
    if (!matcher->is_built)
        return text.len;
    size_t at = text.len < matcher->longest ? 0 : text.len - matcher->longest + 1;
    for (; at < text.len; at++) {
        struct slice rest = slice_of(text.data + at, text.len - at);
        if (rest.len >= 2 && !is_set(matcher->pairs, pair_of(rest.data)))
            continue;
        if (rest.len >= HASHED && !is_set(matcher->bitset, hash_at(rest.data) >> shift))
            continue;
        if (is_beginning(matcher, rest))
            break;
    }
    return at;
}
