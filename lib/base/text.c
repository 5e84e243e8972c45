/* SPDX-License-Identifier: MIT */
/*
 * Text. UTF-8 is checked in blocks while it is ASCII and character by character where it is not.
 * The hash folds 64 x 64 bit products; both factors depend on the seed, so that no input known
 * beforehand makes one of them zero. Names are ASCII, so case is folded for ASCII only. Nothing
 * here depends on the locale, allocates, or looks behind the length it was given.
 */
#include "base/text.h"

#include <string.h>

#include "base/limits.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define ONES      UINT64_C(0x0101010101010101)

/* Sixteen bytes at once, in whatever registers the machine has. */
typedef uint8_t lanes __attribute__((vector_size(16)));

static uint64_t
load64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint32_t
load32(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static lanes
load_lanes(const char *p)
{
    lanes v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* In x and x - 1, taken bytewise, some top bit is set exactly where x is 0 or above 0x7F. */
static bool
is_plain64(const char *p)
{
    lanes a = load_lanes(p);
    lanes b = load_lanes(p + 16);
    lanes c = load_lanes(p + 32);
    lanes d = load_lanes(p + 48);
    lanes seen = a | b | c | d | (a - 1) | (b - 1) | (c - 1) | (d - 1);
    uint64_t half[2];
    memcpy(half, &seen, sizeof(half));
    return ((half[0] | half[1]) & HIGH_BITS) == 0;
}

static bool
is_plain8(const char *p)
{
    uint64_t x = load64(p);
    return ((x | (x - ONES)) & HIGH_BITS) == 0;
}

static const char *
skip_plain(const char *p, const char *end)
{
    while (end - p >= 64 && is_plain64(p))
        p += 64;
    while (end - p >= 8 && is_plain8(p))
        p += 8;
    return p;
}

static bool
is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Length of the character that begins with a byte above 0x7F; 0 when it is not one. The second
 * byte's range is what keeps out overlong forms, surrogates and what is beyond U+10FFFF. */
static size_t
long_character(const unsigned char *p, size_t room)
{
    unsigned char lead = p[0];
    if (lead < 0xE0)
        return lead >= 0xC2 && room >= 2 && is_tail(p[1]) ? 2 : 0;
    if (lead < 0xF0) {
        if (room < 3 || !is_tail(p[1]) || !is_tail(p[2]))
            return 0;
        return (lead != 0xE0 || p[1] >= 0xA0) && (lead != 0xED || p[1] < 0xA0) ? 3 : 0;
    }
    if (lead > 0xF4 || room < 4 || !is_tail(p[1]) || !is_tail(p[2]) || !is_tail(p[3]))
        return 0;
    return (lead != 0xF0 || p[1] >= 0x90) && (lead != 0xF4 || p[1] < 0x90) ? 4 : 0;
}

bool
text_is_utf8(const char *text, size_t len, size_t *bad)
{
    if (len == 0)
        return true;
    const char *end = text + len;
    const char *p = skip_plain(text, end);
    while (p < end) {
        unsigned char c = (unsigned char)*p;
        if (c > 0 && c < 0x80) {
            p++;
            if (end - p >= 8 && is_plain8(p))
                p = skip_plain(p + 8, end);
            continue;
        }
        size_t step = c ? long_character((const unsigned char *)p, (size_t)(end - p)) : 0;
        if (step == 0) {
            if (bad)
                *bad = (size_t)(p - text);
            return false;
        }
        p += step;
    }
    return true;
}

envres_status
text_check(const char *text, size_t len, const char *what, envres_error *err)
{
    size_t bad = 0;
    if (text_is_utf8(text, len, &bad))
        return ENVRES_OK;
    envres_status st = text[bad] == '\0'
                           ? err_set(err, ENVRES_E_UTF8, "%s contains a NUL byte", what)
                           : err_set(err, ENVRES_E_UTF8, "%s is not valid UTF-8", what);
    err_position_in(err, text, len, bad);
    return st;
}

envres_status
text_argument(const char *text, size_t len, size_t max, const char *what, struct slice *out,
              envres_error *err)
{
    if (!text && len != 0)
        return err_set(err, ENVRES_E_INVALID, "%s is NULL", what);
    struct slice given = slice_of(text ? text : "", len);
    if (given.len > max)
        return err_set(err, ENVRES_E_LIMIT, "%s is longer than %zu bytes", what, max);
    envres_status st = text_check(given.data, given.len, what, err);
    if (st == ENVRES_OK)
        *out = given;
    return st;
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool
text_is_name(struct slice name)
{
    if (name.len == 0 || name.len > LIMIT_NAME || !is_letter(name.data[0]))
        return false;
    for (size_t i = 1; i < name.len; i++) {
        if (!is_letter(name.data[i]) && !is_digit(name.data[i]))
            return false;
    }
    return true;
}

envres_status
text_check_name(struct slice name, const char *what, envres_error *err)
{
    if (text_is_name(name))
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_NAME, "not a valid %s", what);
    err_hint(err, "1 to %d of A-Z a-z 0-9 _, not beginning with a digit", (int)LIMIT_NAME);
    if (text_is_utf8(name.data, name.len, NULL))
        err_subject(err, name.data, name.len);
    return st;
}

void
text_position(const char *text, size_t len, size_t offset, uint32_t *line, uint32_t *column)
{
    const char *start = text;
    size_t rest = offset < len ? offset : len;
    const char *found;
    uint32_t lines = 1;
    while (rest > 0 && (found = memchr(start, '\n', rest)) != NULL) {
        rest -= (size_t)(found + 1 - start);
        start = found + 1;
        lines++;
    }
    *line = lines;
    *column = (uint32_t)rest + 1;
}

/* Arbitrary odd numbers of balanced bits. */
#define SALT_STATE UINT64_C(0x9B3C56A7D1E4F08B)
#define SALT_KEY   UINT64_C(0xC6A94D35B27E1F63)
#define SALT_SPAN  UINT64_C(0x5D8F3A69C4B7E213)

/* Reads the last 16 bytes (which may overlap those before), or all of a shorter text, as two words;
 * texts of different lengths that read alike differ in the length mixed in at the end. */
uint64_t
text_hash(uint64_t seed, const char *data, size_t len)
{
    uint64_t state = seed ^ SALT_STATE;
    uint64_t key = (seed ^ SALT_KEY) * SALT_SPAN;
    uint64_t a = 0;
    uint64_t b = 0;
    if (len > 16) {
        size_t rest = len;
        do {
            state = text_fold(load64(data) ^ state, load64(data + 8) ^ key);
            data += 16;
            rest -= 16;
        } while (rest > 16);
        a = load64(data + rest - 16);
        b = load64(data + rest - 8);
    } else if (len >= 8) {
        a = load64(data);
        b = load64(data + len - 8);
    } else if (len >= 4) {
        a = load32(data);
        b = load32(data + len - 4);
    } else if (len > 0) {
        a = (unsigned char)data[0] | (uint64_t)(unsigned char)data[len / 2] << 8 |
            (uint64_t)(unsigned char)data[len - 1] << 16;
    }
    state = text_fold(a ^ state, b ^ key);
    return text_fold(state ^ key, (uint64_t)len ^ SALT_SPAN);
}

static char
hex_digit(int v)
{
    return (char)('0' + v + (v > 9) * ('a' - '0' - 10));
}

void
text_hex(char *out, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = hex_digit(data[i] >> 4);
        out[2 * i + 1] = hex_digit(data[i] & 15);
    }
    out[2 * len] = '\0';
}

/* -1 when it is not a digit. */
static int
digit_value(char c)
{
    if (is_digit(c))
        return c - '0';
    int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool
text_unhex(uint8_t *out, size_t len, struct slice hex)
{
    if (len > SIZE_MAX / 2 || hex.len != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = digit_value(hex.data[2 * i]);
        int low = digit_value(hex.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

bool
text_hex_range(struct slice hex, size_t least, uint8_t *low, uint8_t *high, size_t len)
{
    if (hex.len < least || hex.len > 2 * len)
        return false;
    memset(low, 0, len);
    memset(high, 0xff, len);
    for (size_t i = 0; i < hex.len; i++) {
        int digit = digit_value(hex.data[i]);
        unsigned shift = i % 2 == 0 ? 4 : 0;
        if (digit < 0)
            return false;
        low[i / 2] = (uint8_t)(low[i / 2] | (unsigned)digit << shift);
        high[i / 2] = (uint8_t)((high[i / 2] & ~(0xfu << shift)) | (unsigned)digit << shift);
    }
    return true;
}

/* Longer texts are no names: nothing is near them. */
enum { NEAREST_LENGTH = LIMIT_NAME };

void
nearest_init(struct nearest *nearest, struct slice wanted)
{
    memset(nearest, 0, sizeof(*nearest));
    nearest->wanted = wanted;
    nearest->distance = UINT32_MAX;
}

static unsigned char
lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static uint32_t
smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/*
 * Steps that make `a` into `b`: a byte put in, taken out, changed, or exchanged with its neighbour.
 * One row of the usual table for each byte of `a`; an exchange looks two rows back. The smallest of
 * two rows in a row never falls again, so both above `most` end it: the result is then `most` + 1.
 */
static uint32_t
edit_distance(struct slice a, struct slice b, uint32_t most)
{
    uint32_t rows[3][NEAREST_LENGTH + 1];
    uint32_t *before = rows[0];
    uint32_t *last = rows[1];
    uint32_t *now = rows[2];
    uint32_t smallest_last = 0;
    memset(rows, 0, sizeof(rows));
    for (uint32_t j = 0; j <= b.len; j++)
        last[j] = j;
    for (uint32_t i = 1; i <= a.len; i++) {
        unsigned char c = lower(a.data[i - 1]);
        uint32_t smallest = now[0] = i;
        for (uint32_t j = 1; j <= b.len; j++) {
            unsigned char d = lower(b.data[j - 1]);
            uint32_t steps = smaller(smaller(last[j], now[j - 1]) + 1, last[j - 1] + (c != d));
            if (i > 1 && j > 1 && c == lower(b.data[j - 2]) && d == lower(a.data[i - 2]))
                steps = smaller(steps, before[j - 2] + 1);
            now[j] = steps;
            smallest = smaller(smallest, steps);
        }
        if (smallest > most && smallest_last > most)
            return most + 1;
        smallest_last = smallest;
        uint32_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b.len];
}

void
nearest_add(struct nearest *nearest, struct slice candidate)
{
    size_t a = nearest->wanted.len;
    size_t b = candidate.len;
    if (nearest->seen >= LIMIT_CANDIDATES)
        return;
    nearest->seen++;
    if (a == 0 || b == 0 || a > NEAREST_LENGTH || b > NEAREST_LENGTH)
        return;
    uint32_t longer = (uint32_t)(a > b ? a : b);
    uint32_t most = longer / 3 > 1 ? longer / 3 : 1;
    most = smaller(most, nearest->distance);
    if (longer - smaller((uint32_t)a, (uint32_t)b) > most)
        return;
    uint32_t distance = edit_distance(nearest->wanted, candidate, most);
    if (distance > most)
        return;
    if (distance == nearest->distance && slice_compare(candidate, nearest->best) >= 0)
        return;
    nearest->best = candidate;
    nearest->distance = distance;
}
