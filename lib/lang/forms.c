/* SPDX-License-Identifier: MIT */
/*
 * Forms of a secret. The whole secret is given as it is and in every encoding below, each of its
 * lines as it is. Blanks around a line (and a CR behind it) are left off, so that it is found
 * wherever it is indented; a secret of one line is encoded without them too.
 *
 * Base64 gives other characters for each of the three places at which a secret can begin in a group
 * of three bytes. Of each the characters that depend on the secret alone are given, so that it is
 * found in the middle of an encoded text, with any beginning and end, padded or not:
 *
 *   bytes       . | s s s | s s s | s .
 *   characters    ? x x x   x x x x   x ? ..       ? depends on a neighbour, too
 *
 * What changes a secret more than that (compression, encryption, another character set, a text
 * wrapped into lines after it was encoded) is not found.
 */
#include "lang/forms.h"

#include <string.h>

#include "base/json.h"

struct giving {
    form_fn each;
    void *user;
    struct buf scratch; /* secret */
    envres_error *err;
};

/* What does not differ from the secret itself was given before. */
static envres_status
give(struct giving *giving, struct slice secret)
{
    struct buf *form = &giving->scratch;
    envres_status st = buf_status(form, giving->err);
    if (st < 0)
        return st;
    struct slice text = slice_of(form->data ? form->data : "", form->len);
    if (text.len < FORM_MIN || slice_equal(text, secret))
        return ENVRES_OK;
    return giving->each(giving->user, text, giving->err);
}

/* ---- hex and base64 -------------------------------------------------------------------------- */

static envres_status
give_hex(struct giving *giving, struct slice secret)
{
    static const char *const digits[] = { "0123456789abcdef", "0123456789ABCDEF" };
    envres_status st = ENVRES_OK;
    for (size_t k = 0; st == ENVRES_OK && k < 2; k++) {
        giving->scratch.len = 0;
        for (size_t i = 0; i < secret.len; i++) {
            unsigned char byte = (unsigned char)secret.data[i];
            buf_add_char(&giving->scratch, digits[k][byte >> 4]);
            buf_add_char(&giving->scratch, digits[k][byte & 15]);
        }
        st = give(giving, secret);
    }
    return st;
}

/* The characters of the secret's own bits, when `shift` bytes stand before it in its group. */
static void
write_base64(struct buf *out, struct slice secret, size_t shift, const char *last)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const unsigned char *bytes = (const unsigned char *)secret.data;
    size_t bit = shift == 0 ? 0 : 6 - 8 * shift % 6; /* of the secret, where the first begins */
    out->len = 0;
    for (; bit + 6 <= 8 * secret.len; bit += 6) {
        size_t at = bit / 8;
        unsigned pair = (unsigned)bytes[at] << 8 | (at + 1 < secret.len ? bytes[at + 1] : 0U);
        unsigned value = pair >> (10 - bit % 8) & 63;
        buf_add_char(out, value < 62 ? first[value] : last[value - 62]);
    }
}

static envres_status
give_base64(struct giving *giving, struct slice secret)
{
    static const char *const lasts[] = { "+/", "-_" };
    envres_status st = ENVRES_OK;
    for (size_t k = 0; k < 2; k++) {
        for (size_t shift = 0; st == ENVRES_OK && shift < 3; shift++) {
            write_base64(&giving->scratch, secret, shift, lasts[k]);
            st = give(giving, secret);
        }
    }
    return st;
}

/* ---- percent and JSON ------------------------------------------------------------------------ */

/* What encoders leave as it is, besides letters and digits; `+` stands for a space in forms. */
static const struct {
    const char *kept;
    const char *digits;
    bool plus;
} percent_rows[] = {
    { "-._~", "0123456789ABCDEF", false },      /* RFC 3986 */
    { "-._~", "0123456789abcdef", false },      /* the same, small */
    { "-._~!*'()", "0123456789ABCDEF", false }, /* encodeURIComponent */
    { "-._~/", "0123456789ABCDEF", false },     /* paths, quote() of Python */
    { "-._*", "0123456789ABCDEF", true },       /* forms */
};

static bool
is_alphanumeric(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static envres_status
give_percent(struct giving *giving, struct slice secret)
{
    struct buf *out = &giving->scratch;
    envres_status st = ENVRES_OK;
    for (size_t k = 0; st == ENVRES_OK && k < sizeof(percent_rows) / sizeof(percent_rows[0]); k++) {
        out->len = 0;
        for (size_t i = 0; i < secret.len; i++) {
            unsigned char c = (unsigned char)secret.data[i];
            if (is_alphanumeric(c) || (c && strchr(percent_rows[k].kept, c))) {
                buf_add_char(out, (char)c);
            } else if (c == ' ' && percent_rows[k].plus) {
                buf_add_char(out, '+');
            } else {
                buf_add_char(out, '%');
                buf_add_char(out, percent_rows[k].digits[c >> 4]);
                buf_add_char(out, percent_rows[k].digits[c & 15]);
            }
        }
        st = give(giving, secret);
    }
    return st;
}

/* One character of UTF-8, of which the first byte is no ASCII; the number of its bytes. Values are
 * checked when they are written, so what is cut off does not occur; it is taken byte by byte. */
static size_t
read_character(const char *text, size_t len, uint32_t *out)
{
    unsigned char lead = (unsigned char)text[0];
    size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (size > len) {
        *out = lead;
        return 1;
    }
    *out = lead & (0xFFU >> (size + 1));
    for (size_t i = 1; i < size; i++)
        *out = *out << 6 | ((unsigned char)text[i] & 0x3FU);
    return size;
}

static void
add_unit(struct buf *out, uint32_t unit, const char *digits)
{
    buf_add_str(out, "\\u");
    for (unsigned shift = 16; shift > 0; shift -= 4)
        buf_add_char(out, digits[unit >> (shift - 4) & 15]);
}

/* Escaped as by serializers that write ASCII alone; control characters are as in the other form. */
static void
write_ascii(struct buf *out, struct slice secret, const char *digits)
{
    out->len = 0;
    for (size_t i = 0; i < secret.len;) {
        uint32_t character = 0;
        if ((unsigned char)secret.data[i] < 0x80) {
            json_write_escaped(out, secret.data + i, 1);
            i++;
            continue;
        }
        i += read_character(secret.data + i, secret.len - i, &character);
        if (character >= 0x10000) {
            add_unit(out, 0xD7C0 + (character >> 10), digits);
            character = 0xDC00 | (character & 0x3FF);
        }
        add_unit(out, character, digits);
    }
}

/* As it is but for `/`, which some serializers escape. */
static void
write_slashes(struct buf *out, struct slice secret)
{
    out->len = 0;
    for (size_t i = 0; i < secret.len; i++) {
        if (secret.data[i] == '/')
            buf_add_char(out, '\\');
        json_write_escaped(out, secret.data + i, 1);
    }
}

static envres_status
give_json(struct giving *giving, struct slice secret)
{
    static const char *const digits[] = { "0123456789abcdef", "0123456789ABCDEF" };
    giving->scratch.len = 0;
    json_write_escaped(&giving->scratch, secret.data, secret.len);
    envres_status st = give(giving, secret);
    for (size_t k = 0; st == ENVRES_OK && k < 2; k++) {
        write_ascii(&giving->scratch, secret, digits[k]);
        st = give(giving, secret);
    }
    if (st == ENVRES_OK && memchr(secret.data, '/', secret.len)) {
        write_slashes(&giving->scratch, secret);
        st = give(giving, secret);
    }
    return st;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

static struct slice
trim(struct slice text)
{
    while (text.len > 0 && is_blank(text.data[text.len - 1]))
        text.len--;
    while (text.len > 0 && is_blank(text.data[0]))
        text = slice_of(text.data + 1, text.len - 1);
    return text;
}

/* A short line that has anything to hide: brackets and commas do not. */
static bool
is_worth_saying(struct slice line)
{
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.data[i];
        if (is_alphanumeric(c) || c >= 0x80)
            return true;
    }
    return false;
}

/* A line that is all of the secret was given before. */
static envres_status
give_lines(struct giving *giving, struct slice secret, bool *complete)
{
    const size_t whole = trim(secret).len;
    envres_status st = ENVRES_OK;
    while (st == ENVRES_OK && secret.len > 0) {
        const char *end = memchr(secret.data, '\n', secret.len);
        size_t len = end ? (size_t)(end - secret.data) : secret.len;
        struct slice line = trim(slice_of(secret.data, len));
        if (line.len >= FORM_MIN && line.len < whole)
            st = giving->each(giving->user, line, giving->err);
        else if (line.len < FORM_MIN && is_worth_saying(line))
            *complete = false;
        len += end != NULL;
        secret = slice_of(secret.data + len, secret.len - len);
    }
    return st;
}

static envres_status
give_encoded(struct giving *giving, struct slice secret)
{
    static envres_status (*const encodings[])(struct giving *, struct slice) = {
        give_hex,
        give_base64,
        give_percent,
        give_json,
    };
    envres_status st = giving->each(giving->user, secret, giving->err);
    for (size_t i = 0; st == ENVRES_OK && i < sizeof(encodings) / sizeof(encodings[0]); i++)
        st = encodings[i](giving, secret);
    return st;
}

envres_status
forms_each(const struct mem *mem, struct slice secret, form_fn each, void *user,
           enum form_verdict *verdict, envres_error *err)
{
    struct giving giving = { .each = each, .user = user, .err = err };
    struct slice inner = trim(secret);
    bool complete = true;
    envres_status st = ENVRES_OK;
    *verdict = secret.len < FORM_MIN ? FORMS_SHORT : inner.len == 0 ? FORMS_BLANK : FORMS_ALL;
    if (*verdict != FORMS_ALL)
        return ENVRES_OK;
    buf_init(&giving.scratch, mem, true);
    st = give_encoded(&giving, secret);
    if (st == ENVRES_OK && inner.len >= FORM_MIN && inner.len < secret.len)
        st = give_encoded(&giving, inner);
    if (st == ENVRES_OK)
        st = give_lines(&giving, secret, &complete);
    if (!complete)
        *verdict = FORMS_LINES;
    buf_free(&giving.scratch);
    return st;
}
