/* SPDX-License-Identifier: MIT */
/*
 * JSON by recursive descent, one function for each thing that JSON has; numbers by the C library,
 * with ever more digits until they read back. Texts are short: keys are compared with all others.
 */
#include "naive_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envres/error.h>

enum { NESTED = 64 };

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Bytes of the character that begins here; 0: none does. */
size_t
naive_utf8_size(const unsigned char *s, size_t len)
{
    if (len >= 1 && s[0] >= 0x01 && s[0] <= 0x7F)
        return 1;
    if (len >= 2 && s[0] >= 0xC2 && s[0] <= 0xDF && s[1] >> 6 == 2)
        return 2;
    if (len >= 3 && s[0] >> 4 == 0xE && s[1] >> 6 == 2 && s[2] >> 6 == 2) {
        unsigned code = (s[0] & 15u) << 12 | (s[1] & 63u) << 6 | (s[2] & 63u);
        return code >= 0x800 && (code < 0xD800 || code > 0xDFFF) ? 3 : 0;
    }
    if (len >= 4 && s[0] >= 0xF0 && s[0] <= 0xF4 && s[1] >> 6 == 2 && s[2] >> 6 == 2 &&
        s[3] >> 6 == 2) {
        unsigned code = (s[0] & 7u) << 18 | (s[1] & 63u) << 12 | (s[2] & 63u) << 6 | (s[3] & 63u);
        return code >= 0x10000 && code <= 0x10FFFF ? 4 : 0;
    }
    return 0;
}

/* The offset of the first byte that is no UTF-8, or `len`. */
size_t
naive_first_bad(const char *s, size_t len)
{
    size_t i = 0;
    while (i < len) {
        size_t size = naive_utf8_size((const unsigned char *)s + i, len - i);
        if (size == 0)
            return i;
        i += size;
    }
    return len;
}

/* ---- strings and numbers of JSON ------------------------------------------------------------- */

static int
hex(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four digits; -1: there are not four. */
static long
hex4(const char *s, size_t len)
{
    long code = 0;
    for (size_t i = 0; i < 4; i++) {
        if (i >= len || hex(s[i]) < 0)
            return -1;
        code = code * 16 + hex(s[i]);
    }
    return code;
}

static size_t
put_utf8(unsigned long code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 63));
    out[0] = (char)(leads[size] | code);
    return size;
}

/* One escape, at its backslash: its length, 0 when it is none; its bytes go to `out`. */
static size_t
read_escape(const char *s, size_t len, char out[4], size_t *out_len)
{
    static const char names[] = "\"\\/bfnrt";
    static const char means[] = "\"\\/\b\f\n\r\t";
    if (len < 2 || s[1] == '\0')
        return 0;
    const char *known = strchr(names, s[1]);
    *out_len = 1;
    if (known) {
        out[0] = means[known - names];
        return 2;
    }
    if (s[1] != 'u')
        return 0;
    long high = hex4(s + 2, len - 2);
    if (high <= 0 || (high >= 0xDC00 && high <= 0xDFFF))
        return 0;
    if (high < 0xD800 || high > 0xDBFF) {
        *out_len = put_utf8((unsigned long)high, out);
        return 6;
    }
    if (len < 12 || s[6] != '\\' || s[7] != 'u')
        return 0;
    long low = hex4(s + 8, len - 8);
    if (low < 0xDC00 || low > 0xDFFF)
        return 0;
    *out_len = put_utf8(
        0x10000UL + ((unsigned long)high - 0xD800) * 0x400 + ((unsigned long)low - 0xDC00), out);
    return 12;
}

/* A string at its opening quote: behind its closing one, or 0. Letters go to `out`, whose room is
 * as long as the string. */
size_t
naive_read_string(const char *s, size_t len, size_t base, struct naive_letter *out, size_t *count)
{
    size_t i = 1;
    *count = 0;
    if (len == 0 || s[0] != '"')
        return 0;
    while (i < len && s[i] != '"') {
        char bytes[4] = { s[i] };
        size_t size = 1;
        size_t step = 1;
        if (s[i] == '\\')
            step = read_escape(s + i, len - i, bytes, &size);
        else if ((unsigned char)s[i] < 0x20)
            step = 0;
        if (step == 0)
            return 0;
        for (size_t k = 0; k < size; k++)
            out[(*count)++] = (struct naive_letter){ bytes[k], (uint16_t)(base + i) };
        i += step;
    }
    return i < len ? i + 1 : 0;
}

/* Length of a number at the front; 0: none. */
size_t
naive_number_len(const char *s, size_t len)
{
    size_t i = 0;
    if (i < len && s[i] == '-')
        i++;
    if (i >= len || !is_digit(s[i]))
        return 0;
    if (s[i] == '0')
        i++;
    else
        while (i < len && is_digit(s[i]))
            i++;
    if (i < len && s[i] == '.') {
        size_t start = ++i;
        while (i < len && is_digit(s[i]))
            i++;
        if (i == start)
            return 0;
    }
    if (i < len && (s[i] == 'e' || s[i] == 'E')) {
        i++;
        if (i < len && (s[i] == '+' || s[i] == '-'))
            i++;
        size_t start = i;
        while (i < len && is_digit(s[i]))
            i++;
        if (i == start)
            return 0;
    }
    return i;
}

/* As ECMAScript prints it: the fewest digits that read back, then where the point goes. */
static void
print_double(double value, char *out)
{
    char digits[32];
    char shown[40];
    int precision = 0;
    do {
        snprintf(shown, sizeof(shown), "%.*e", precision++, value < 0 ? -value : value);
    } while (strtod(shown, NULL) != (value < 0 ? -value : value) && precision < 17);
    int n = 0;
    for (const char *p = shown; *p != 'e'; p++) {
        if (*p != '.')
            digits[n++] = *p;
    }
    while (n > 1 && digits[n - 1] == '0')
        n--;
    digits[n] = '\0';
    int point = atoi(strchr(shown, 'e') + 1) + 1;
    if (value < 0)
        *out++ = '-';
    if (value == 0)
        strcpy(out, "0");
    else if (n <= point && point <= 21)
        sprintf(out, "%s%.*s", digits, point - n, "000000000000000000000");
    else if (point > 0 && point <= 21)
        sprintf(out, "%.*s.%s", point, digits, digits + point);
    else if (point > -6 && point <= 0)
        sprintf(out, "0.%.*s%s", -point, "000000", digits);
    else
        sprintf(out, "%c%s%se%c%d", digits[0], n > 1 ? "." : "", digits + 1, point > 0 ? '+' : '-',
                abs(point - 1));
}

/* A literal that is a number, in canonical form: an integer that int64 holds stays as it is. */
int32_t
naive_print_number(const char *s, size_t len, char *out, size_t *out_len)
{
    char copy[NAIVE_TEXT];
    bool is_integer = true;
    memcpy(copy, s, len);
    copy[len] = '\0';
    for (size_t i = 0; i < len; i++)
        is_integer = is_integer && (is_digit(s[i]) || s[i] == '-');
    size_t digits = len - (s[0] == '-');
    const char *largest = s[0] == '-' ? "9223372036854775808" : "9223372036854775807";
    const char *magnitude = copy + (s[0] == '-');
    if (is_integer && (digits < 19 || (digits == 19 && strcmp(magnitude, largest) <= 0))) {
        strcpy(out, strcmp(copy, "-0") == 0 ? "0" : copy);
        *out_len = strlen(out);
        return ENVRES_OK;
    }
    double value = strtod(copy, NULL);
    if (value > 1.7976931348623157e308 || value < -1.7976931348623157e308)
        return ENVRES_E_LIMIT;
    print_double(value, out);
    *out_len = strlen(out);
    return is_integer && strcmp(out, copy) != 0 ? ENVRES_E_LIMIT : ENVRES_OK;
}

/* ---- documents ------------------------------------------------------------------------------- */

struct document {
    const char *s;
    size_t len;
    size_t i;
    naive_string_fn visit; /* NULL: keys are compared */
    void *user;
    int32_t status;
};

static bool read_value(struct document *doc, unsigned depth);

static void
blanks(struct document *doc)
{
    while (doc->i < doc->len && is_blank(doc->s[doc->i]))
        doc->i++;
}

static bool
take(struct document *doc, char c)
{
    if (doc->i >= doc->len || doc->s[doc->i] != c)
        return false;
    doc->i++;
    return true;
}

static bool
read_text(struct document *doc, bool is_key)
{
    struct naive_letter room[NAIVE_TEXT];
    size_t count = 0;
    size_t start = doc->i;
    size_t taken = naive_read_string(doc->s + start, doc->len - start, start, room, &count);
    if (taken == 0)
        return false;
    doc->i += taken;
    if (doc->visit)
        doc->status = doc->visit(doc->user, room, count, start, doc->i - 1, is_key);
    return doc->status == ENVRES_OK;
}

/* Whether two keys, each at its opening quote, are the same when they are read. */
static bool
same_keys(struct document *doc, size_t a, size_t b)
{
    struct naive_letter one[NAIVE_TEXT];
    struct naive_letter other[NAIVE_TEXT];
    size_t one_count = 0;
    size_t other_count = 0;
    naive_read_string(doc->s + a, doc->len - a, 0, one, &one_count);
    naive_read_string(doc->s + b, doc->len - b, 0, other, &other_count);
    if (one_count != other_count)
        return false;
    for (size_t i = 0; i < one_count; i++) {
        if (one[i].c != other[i].c)
            return false;
    }
    return true;
}

static bool
read_object(struct document *doc, unsigned depth)
{
    size_t keys[NAIVE_TEXT / 4];
    size_t count = 0;
    blanks(doc);
    if (take(doc, '}'))
        return true;
    for (;;) {
        blanks(doc);
        size_t key = doc->i;
        if (!read_text(doc, true))
            return false;
        for (size_t i = 0; !doc->visit && i < count; i++) {
            if (same_keys(doc, keys[i], key))
                return false;
        }
        if (count < sizeof(keys) / sizeof(keys[0]))
            keys[count++] = key;
        blanks(doc);
        if (!take(doc, ':') || !read_value(doc, depth))
            return false;
        if (take(doc, '}'))
            return true;
        if (!take(doc, ','))
            return false;
    }
}

static bool
read_array(struct document *doc, unsigned depth)
{
    blanks(doc);
    if (take(doc, ']'))
        return true;
    for (;;) {
        if (!read_value(doc, depth))
            return false;
        if (take(doc, ']'))
            return true;
        if (!take(doc, ','))
            return false;
    }
}

static bool
read_word(struct document *doc, const char *word)
{
    size_t len = strlen(word);
    if (doc->len - doc->i < len || memcmp(doc->s + doc->i, word, len) != 0)
        return false;
    doc->i += len;
    return true;
}

static bool
read_scalar(struct document *doc)
{
    if (doc->i < doc->len && doc->s[doc->i] == '"')
        return read_text(doc, false);
    size_t len = naive_number_len(doc->s + doc->i, doc->len - doc->i);
    doc->i += len;
    return len > 0 || read_word(doc, "true") || read_word(doc, "false") || read_word(doc, "null");
}

static bool
read_value(struct document *doc, unsigned depth)
{
    bool good = false;
    blanks(doc);
    if (take(doc, '{') || take(doc, '[')) {
        bool is_object = doc->s[doc->i - 1] == '{';
        if (depth == NESTED && doc->status == ENVRES_OK)
            doc->status = ENVRES_E_LIMIT;
        good = depth < NESTED &&
               (is_object ? read_object(doc, depth + 1) : read_array(doc, depth + 1));
    } else {
        good = read_scalar(doc);
    }
    blanks(doc);
    return good;
}

int32_t
naive_json_check(const char *s, size_t len)
{
    struct document doc = { .s = s, .len = len };
    if (naive_first_bad(s, len) < len)
        return ENVRES_E_UTF8;
    if (read_value(&doc, 0) && doc.i == len)
        return ENVRES_OK;
    return doc.status < 0 ? doc.status : ENVRES_E_JSON;
}

int32_t
naive_json_walk(const char *s, size_t len, naive_string_fn visit, void *user)
{
    struct document doc = { .s = s, .len = len, .visit = visit, .user = user };
    read_value(&doc, 0);
    return doc.status;
}

bool
naive_is_utf8(const char *text, size_t len)
{
    return naive_first_bad(text, len) == len;
}

bool
naive_is_json(const char *text, size_t len)
{
    return len > NAIVE_TEXT || naive_json_check(text, len) == ENVRES_OK;
}
