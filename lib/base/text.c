/* SPDX-License-Identifier: MIT */
/*
 * Text. UTF-8 is checked eight ASCII bytes at a time, and by the table of RFC 3629 where a byte has
 * its high bit set. The hash is a multiply-and-fold over 8-byte words: fast on short names, seeded,
 * so that nobody outside can choose names that collide.
 */
#include "base/text.h"

#include <string.h>

#include "base/limits.h"

/* Length of the sequence that begins at p, or 0. The ranges of the second byte rule out overlong
 * forms, surrogates and what lies above U+10FFFF. */
static size_t
sequence_length(const unsigned char *p, size_t left)
{
    unsigned char lead = p[0];
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    size_t len = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (len == 0 || left < len)
        return 0;
    if (lead == 0xE0)
        low = 0xA0;
    else if (lead == 0xED)
        high = 0x9F;
    else if (lead == 0xF0)
        low = 0x90;
    else if (lead == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    return len;
}

/* True when none of the 8 bytes has its high bit set or is NUL. */
static bool
is_plain_word(const unsigned char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    uint64_t zero = (word - 0x0101010101010101u) & ~word;
    return ((word | zero) & 0x8080808080808080u) == 0;
}

bool
text_is_utf8(const char *text, size_t len, size_t *bad)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t i = 0;
    while (i < len) {
        if (len - i >= 8 && is_plain_word(p + i)) {
            i += 8;
        } else if (p[i] != 0 && p[i] < 0x80) {
            i++;
        } else {
            size_t step = p[i] == 0 ? 0 : sequence_length(p + i, len - i);
            if (step == 0) {
                if (bad)
                    *bad = i;
                return false;
            }
            i += step;
        }
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
    if (!text && len > 0)
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
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool
text_is_name(struct slice name)
{
    if (name.len < 1 || name.len > LIMIT_NAME || !is_letter(name.data[0]))
        return false;
    for (size_t i = 1; i < name.len; i++) {
        if (!is_letter(name.data[i]) && !(name.data[i] >= '0' && name.data[i] <= '9'))
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
    if (name.len > 0 && text_is_utf8(name.data, name.len, NULL))
        err_subject(err, name.data, name.len);
    err_hint(err, "1 to %d of A-Z a-z 0-9 _, not beginning with a digit", (int)LIMIT_NAME);
    return st;
}

void
text_position(const char *text, size_t len, size_t offset, uint32_t *line, uint32_t *column)
{
    size_t end = offset < len ? offset : len;
    size_t start = 0;
    *line = 1;
    while (start < end) {
        const char *newline = memchr(text + start, '\n', end - start);
        if (!newline)
            break;
        start = (size_t)(newline - text) + 1;
        ++*line;
    }
    *column = (uint32_t)(end - start + 1);
}

/* ---- hash ----------------------------------------------------------------------------------- */

/* 64 x 64 -> 128 bits, folded. */
static uint64_t
fold(uint64_t a, uint64_t b)
{
    uint64_t a_low = a & 0xFFFFFFFFu;
    uint64_t a_high = a >> 32;
    uint64_t b_low = b & 0xFFFFFFFFu;
    uint64_t b_high = b >> 32;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + (low >> 32);
    uint64_t other = a_low * b_high + (middle & 0xFFFFFFFFu);
    uint64_t high = a_high * b_high + (middle >> 32) + (other >> 32);
    return high ^ ((other << 32) | (low & 0xFFFFFFFFu));
}

static uint64_t
read_word(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    return word;
}

/* The last 0 to 8 bytes of a text. */
static uint64_t
read_tail(const char *p, size_t len)
{
    uint32_t first;
    uint32_t last;
    if (len >= 4) {
        memcpy(&first, p, sizeof(first));
        memcpy(&last, p + len - 4, sizeof(last));
        return (uint64_t)first << 32 | last;
    }
    if (len == 0)
        return 0;
    return (uint64_t)(unsigned char)p[0] << 16 | (uint64_t)(unsigned char)p[len / 2] << 8 |
           (uint64_t)(unsigned char)p[len - 1];
}

uint64_t
text_hash(uint64_t seed, const char *data, size_t len)
{
    uint64_t h = seed ^ 0x9E3779B97F4A7C15u;
    size_t left = len;
    while (left > 8) {
        h = fold(read_word(data) ^ 0xA0761D6478BD642Fu, h ^ 0xE7037ED1A0B428DBu);
        data += 8;
        left -= 8;
    }
    h = fold(read_tail(data, left) ^ 0x8EBC6AF09C88C6E3u, h ^ 0x589965CC75374CC3u);
    return fold(h ^ len, 0x1D8E4E27C47D124Fu ^ seed);
}

/* ---- hex ------------------------------------------------------------------------------------ */

void
text_hex(char *out, const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = '\0';
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool
text_unhex(uint8_t *out, size_t len, struct slice hex)
{
    if (hex.len != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(hex.data[2 * i]);
        int low = hex_digit(hex.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* ---- did you mean --------------------------------------------------------------------------- */

/* Names longer than this are not compared: no one mistypes those by a letter. */
enum { NEAREST_MAX = 128 };

static unsigned char
lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static uint32_t
least(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edit distance with transpositions of neighbours, over three rows. */
static uint32_t
distance(struct slice a, struct slice b)
{
    uint32_t rows[3][NEAREST_MAX + 1];
    for (uint32_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (uint32_t i = 1; i <= a.len; i++) {
        uint32_t *now = rows[i % 3];
        const uint32_t *before = rows[(i + 2) % 3];
        const uint32_t *two_before = rows[(i + 1) % 3];
        now[0] = i;
        for (uint32_t j = 1; j <= b.len; j++) {
            unsigned char x = lower(a.data[i - 1]);
            unsigned char y = lower(b.data[j - 1]);
            now[j] = least(before[j] + 1, now[j - 1] + 1, before[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b.data[j - 2]) && lower(a.data[i - 2]) == y &&
                two_before[j - 2] + 1 < now[j])
                now[j] = two_before[j - 2] + 1;
        }
    }
    return rows[a.len % 3][b.len];
}

void
nearest_init(struct nearest *nearest, struct slice wanted)
{
    memset(nearest, 0, sizeof(*nearest));
    nearest->wanted = wanted;
    nearest->distance = UINT32_MAX;
}

void
nearest_add(struct nearest *nearest, struct slice candidate)
{
    struct slice wanted = nearest->wanted;
    if (nearest->seen >= LIMIT_CANDIDATES || wanted.len > NEAREST_MAX ||
        candidate.len > NEAREST_MAX || candidate.len == 0)
        return;
    nearest->seen++;
    size_t longer = wanted.len > candidate.len ? wanted.len : candidate.len;
    size_t shorter = wanted.len + candidate.len - longer;
    uint32_t most = longer < 3 ? 1 : (uint32_t)(longer / 3);
    if (longer - shorter > most)
        return;
    uint32_t d = distance(wanted, candidate);
    if (d > most || d > nearest->distance)
        return;
    if (d == nearest->distance && slice_compare(candidate, nearest->best) >= 0)
        return;
    nearest->distance = d;
    nearest->best = candidate;
}
