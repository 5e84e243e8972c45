/* SPDX-License-Identifier: MIT */
/*
 * Semantic Versioning 2.0.0. A tag is read in one pass, which checks it and writes its order: bytes
 * whose comparison is the precedence of the specification, so that an index of the store sorts tags
 * without knowing what they are.
 *
 *   tag        = [ "v" ] number "." number "." number [ "-" names ] [ "+" names ]
 *   names      = identifier { "." identifier }        identifier = letters, digits, "-"; not empty
 *   order      = major, minor, patch (8 bytes each, big-endian), then 0xFF without a pre-release,
 *                else its identifiers and 0x00
 *   identifier = 0x01, 8 bytes big-endian (digits only) | 0x02, bytes, 0x00 (any other)
 *
 * What is no tag is E_TAG even where a number in it is too large as well. Build metadata is checked
 * and kept in the text, and orders nothing; its identifiers are no numbers.
 */
#include "base/semver.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <envres/release.h>

enum {
    ORDER_END = 0x00,
    ORDER_NUMBER = 0x01,
    ORDER_WORD = 0x02,
    ORDER_RELEASE = 0xFF,
    NOT_TOO_LARGE = -1
};

struct reader {
    struct slice text;
    size_t at;
    struct semver *out;
    int64_t too_large; /* offset of the first number that is, or NOT_TOO_LARGE */
    envres_error *err;
};

static const char shape_hint[] = "a tag is MAJOR.MINOR.PATCH, such as 1.4.0 or 2.0.0-rc.1";
static const char identifier_hint[] =
    "identifiers are made of letters, digits and hyphens, with single dots between them";

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_identifier(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

static bool
is_at(const struct reader *r, char c)
{
    return r->at < r->text.len && r->text.data[r->at] == c;
}

static bool
is_at_end(const struct reader *r)
{
    return r->at == r->text.len;
}

static envres_status
fault_at(struct reader *r, size_t offset, const char *hint)
{
    err_hint(r->err, "%s", hint);
    err_position_in(r->err, r->text.data, r->text.len, offset);
    return ENVRES_E_TAG;
}

static envres_status
bad_character(struct reader *r, const char *where, const char *hint)
{
    unsigned char c = (unsigned char)r->text.data[r->at];
    if (c > 0x20 && c < 0x7F)
        err_set(r->err, ENVRES_E_TAG, "'%c' is not allowed in %s", c, where);
    else if (c == ' ')
        err_set(r->err, ENVRES_E_TAG, "a space is not allowed in %s", where);
    else
        err_set(r->err, ENVRES_E_TAG, "the byte 0x%02X is not allowed in %s", c, where);
    return fault_at(r, r->at, hint);
}

/* Digits from `start` up to where the reader stands. */
static envres_status
take_digits(struct reader *r, size_t start, const char *what, int64_t *out)
{
    int64_t value = 0;
    if (r->at - start > 1 && r->text.data[start] == '0') {
        err_set(r->err, ENVRES_E_TAG, "%s has a leading zero", what);
        return fault_at(r, start, "numbers are written without leading zeros");
    }
    for (size_t i = start; i < r->at; i++) {
        int digit = r->text.data[i] - '0';
        if (value > (INT64_MAX - digit) / 10) {
            if (r->too_large == NOT_TOO_LARGE)
                r->too_large = (int64_t)start;
            value = 0;
            break;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return ENVRES_OK;
}

static void
order_byte(struct semver *out, uint8_t byte)
{
    assert(out->order_len < SEMVER_ORDER);
    out->order[out->order_len++] = byte;
}

static void
order_number(struct semver *out, int64_t value)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        order_byte(out, (uint8_t)((uint64_t)value >> shift));
}

/* One of the three numbers; `what`: "the minor number". */
static envres_status
read_number(struct reader *r, const char *what, int64_t *out)
{
    size_t start = r->at;
    while (r->at < r->text.len && is_digit(r->text.data[r->at]))
        r->at++;
    if (r->at == start) {
        if (!is_at_end(r) && !is_at(r, '.') && !is_at(r, '-') && !is_at(r, '+'))
            return bad_character(r, what,
                                 start == 0 && is_at(r, 'V') ? "the leading v is a small letter"
                                                             : shape_hint);
        err_set(r->err, ENVRES_E_TAG, "%s is missing", what);
        return fault_at(r, start, shape_hint);
    }
    envres_status st = take_digits(r, start, what, out);
    if (st < 0)
        return st;
    order_number(r->out, *out);
    return ENVRES_OK;
}

/* The dot before a number. */
static envres_status
read_dot(struct reader *r, const char *before, const char *missing)
{
    if (is_at(r, '.')) {
        r->at++;
        return ENVRES_OK;
    }
    if (!is_at_end(r) && !is_at(r, '-') && !is_at(r, '+'))
        return bad_character(r, before, shape_hint);
    err_set(r->err, ENVRES_E_TAG, "%s is missing", missing);
    return fault_at(r, r->at, shape_hint);
}

static envres_status
order_identifier(struct reader *r, size_t start)
{
    bool is_number = true;
    for (size_t i = start; i < r->at; i++)
        is_number = is_number && is_digit(r->text.data[i]);
    if (is_number) {
        int64_t value = 0;
        envres_status st = take_digits(r, start, "a number of the pre-release", &value);
        if (st < 0)
            return st;
        order_byte(r->out, ORDER_NUMBER);
        order_number(r->out, value);
        return ENVRES_OK;
    }
    order_byte(r->out, ORDER_WORD);
    for (size_t i = start; i < r->at; i++)
        order_byte(r->out, (uint8_t)r->text.data[i]);
    order_byte(r->out, ORDER_END);
    return ENVRES_OK;
}

/* What follows "-" or "+"; ends at the end, and that of a pre-release before a "+". */
static envres_status
read_identifiers(struct reader *r, bool is_build)
{
    const char *where = is_build ? "the build metadata" : "the pre-release";
    do {
        size_t start = ++r->at; /* over the "-", "+" or "." */
        while (r->at < r->text.len && is_identifier(r->text.data[r->at]))
            r->at++;
        bool ends = is_at_end(r) || is_at(r, '.') || (!is_build && is_at(r, '+'));
        if (!ends)
            return bad_character(r, where, identifier_hint);
        if (r->at == start) {
            err_set(r->err, ENVRES_E_TAG, "an identifier of %s is empty", where);
            return fault_at(r, start, identifier_hint);
        }
        envres_status st = is_build ? ENVRES_OK : order_identifier(r, start);
        if (st < 0)
            return st;
    } while (is_at(r, '.'));
    return ENVRES_OK;
}

static envres_status
read_rest(struct reader *r)
{
    envres_status st = ENVRES_OK;
    r->out->is_prerelease = is_at(r, '-');
    if (r->out->is_prerelease)
        st = read_identifiers(r, false);
    if (st < 0)
        return st;
    order_byte(r->out, r->out->is_prerelease ? ORDER_END : ORDER_RELEASE);
    if (is_at(r, '+'))
        st = read_identifiers(r, true);
    if (st < 0)
        return st;
    if (!is_at_end(r))
        return bad_character(r, "the patch number",
                             "behind the three numbers stands nothing, a pre-release after \"-\", "
                             "or build metadata after \"+\"");
    return ENVRES_OK;
}

static envres_status
read_tag(struct reader *r)
{
    struct semver *out = r->out;
    envres_status st = read_number(r, "the major number", &out->major);
    if (st == ENVRES_OK)
        st = read_dot(r, "the major number", "the minor number");
    if (st == ENVRES_OK)
        st = read_number(r, "the minor number", &out->minor);
    if (st == ENVRES_OK)
        st = read_dot(r, "the minor number", "the patch number");
    if (st == ENVRES_OK)
        st = read_number(r, "the patch number", &out->patch);
    if (st == ENVRES_OK)
        st = read_rest(r);
    return st;
}

envres_status
semver_read(struct slice text, struct semver *out, envres_error *err)
{
    struct semver read = { 0 };
    struct reader r = { .text = text, .out = &read, .too_large = NOT_TOO_LARGE, .err = err };
    if (is_at(&r, 'v'))
        r.at++;
    size_t start = r.at;
    if (text.len - start > LIMIT_TAG)
        return err_set(err, ENVRES_E_LIMIT, "the tag is longer than %d bytes", LIMIT_TAG);
    envres_status st = read_tag(&r);
    if (st < 0)
        return st;
    if (r.too_large != NOT_TOO_LARGE) {
        st = err_set(err, ENVRES_E_LIMIT, "a number of the tag is larger than %" PRId64, INT64_MAX);
        err_position_in(err, text.data, text.len, (size_t)r.too_large);
        return st;
    }
    memcpy(read.text, text.data + start, text.len - start);
    *out = read;
    return ENVRES_OK;
}

static envres_status
step(int64_t *number, const char *name, envres_error *err)
{
    if (*number == INT64_MAX)
        return err_set(err, ENVRES_E_LIMIT, "the %s number cannot grow beyond %" PRId64, name,
                       INT64_MAX);
    ++*number;
    return ENVRES_OK;
}

envres_status
semver_next(const struct semver *from, uint32_t bump, struct semver *out, envres_error *err)
{
    int64_t major = from ? from->major : 0;
    int64_t minor = from ? from->minor : 0;
    int64_t patch = from ? from->patch : 0;
    bool is_prerelease = from && from->is_prerelease;
    envres_status st = ENVRES_OK;
    if (bump == ENVRES_BUMP_MAJOR) {
        if (!is_prerelease || minor != 0 || patch != 0)
            st = step(&major, "major", err);
        minor = patch = 0;
    } else if (bump == ENVRES_BUMP_MINOR) {
        if (!is_prerelease || patch != 0)
            st = step(&minor, "minor", err);
        patch = 0;
    } else if (bump == ENVRES_BUMP_PATCH) {
        if (!is_prerelease)
            st = step(&patch, "patch", err);
    } else {
        st = err_set(err, ENVRES_E_INVALID, "no such step from one release to the next");
    }
    if (st < 0)
        return st;
    char text[LIMIT_TAG + 1];
    int len = snprintf(text, sizeof(text), "%" PRId64 ".%" PRId64 ".%" PRId64, major, minor, patch);
    return semver_read(slice_of(text, (size_t)len), out, err);
}

int
semver_compare(const struct semver *a, const struct semver *b)
{
    return slice_compare(slice_of((const char *)a->order, a->order_len),
                         slice_of((const char *)b->order, b->order_len));
}
