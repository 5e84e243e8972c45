/* SPDX-License-Identifier: MIT */
/*
 * Numbers between text and double, exactly and without the C library, whose functions follow the
 * host's locale and rounding mode. Reading: what fits is converted by one exact operation; the rest
 * is a quotient of large integers, divided bit by bit and rounded to nearest, ties to even.
 * Writing: the digits of Steele and White's free-format algorithm, that is the fewest that read
 * back, and of those the nearest. Large integers have a fixed size that the range of a double
 * bounds.
 */
#include "base/json.h"

#include <assert.h>
#include <float.h>
#include <string.h>

static_assert(DBL_MANT_DIG == 53 && DBL_MAX_EXP == 1024 && sizeof(double) == 8,
              "double is IEEE 754 binary64");

/* ---- large integers ------------------------------------------------------------------------- */

/*
 * Digits that can decide about rounding: 767 are enough for binary64; the rest counts only as "not
 * zero". The largest integer is then below 10^(768 + 1) or 10^(324 + 768), times some bits: less
 * than 2^3700.
 */
enum { DIGITS_MAX = 768, WORDS = 128 };

/* Least word first; no zero word on top. */
struct big {
    uint32_t count;
    uint32_t words[WORDS];
};

static void
big_set(struct big *x, uint64_t v)
{
    x->words[0] = (uint32_t)v;
    x->words[1] = (uint32_t)(v >> 32);
    x->count = x->words[1] ? 2 : x->words[0] ? 1 : 0;
}

static void
big_push(struct big *x, uint32_t word)
{
    assert(x->count < WORDS);
    x->words[x->count++] = word;
}

/* x = x * factor + add */
static void
big_multiply(struct big *x, uint32_t factor, uint32_t add)
{
    uint64_t carry = add;
    for (uint32_t i = 0; i < x->count; i++) {
        carry += (uint64_t)x->words[i] * factor;
        x->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        big_push(x, (uint32_t)carry);
}

static void
big_power10(struct big *x, uint32_t exponent)
{
    for (; exponent >= 9; exponent -= 9)
        big_multiply(x, 1000000000, 0);
    uint32_t rest = 1;
    while (exponent-- > 0)
        rest *= 10;
    if (rest > 1)
        big_multiply(x, rest, 0);
}

static void
big_shift(struct big *x, uint32_t bits)
{
    uint32_t whole = bits / 32;
    uint32_t part = bits % 32;
    if (x->count == 0)
        return;
    if (part > 0) {
        uint32_t carry = 0;
        for (uint32_t i = 0; i < x->count; i++) {
            uint32_t word = x->words[i];
            x->words[i] = word << part | carry;
            carry = word >> (32 - part);
        }
        if (carry)
            big_push(x, carry);
    }
    if (whole > 0) {
        assert(x->count + whole <= WORDS);
        memmove(x->words + whole, x->words, x->count * sizeof(x->words[0]));
        memset(x->words, 0, whole * sizeof(x->words[0]));
        x->count += whole;
    }
}

static int
big_compare(const struct big *a, const struct big *b)
{
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (uint32_t i = a->count; i-- > 0;) {
        if (a->words[i] != b->words[i])
            return a->words[i] < b->words[i] ? -1 : 1;
    }
    return 0;
}

static uint32_t
word_at(const struct big *x, uint32_t i)
{
    return i < x->count ? x->words[i] : 0;
}

/* a -= b, where b is not larger */
static void
big_subtract(struct big *a, const struct big *b)
{
    uint64_t borrow = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        uint64_t take = word_at(b, i) + borrow;
        borrow = a->words[i] < take;
        a->words[i] -= (uint32_t)take;
    }
    assert(borrow == 0);
    while (a->count > 0 && a->words[a->count - 1] == 0)
        a->count--;
}

/* Compares a + b with c. */
static int
big_compare_sum(const struct big *a, const struct big *b, const struct big *c)
{
    uint32_t count = a->count > b->count ? a->count : b->count;
    uint64_t carry = 0;
    int order = 0;
    if (c->count > count)
        count = c->count;
    for (uint32_t i = 0; i < count; i++) {
        carry += (uint64_t)word_at(a, i) + word_at(b, i);
        uint32_t sum = (uint32_t)carry;
        uint32_t other = word_at(c, i);
        if (sum != other)
            order = sum < other ? -1 : 1;
        carry >>= 32;
    }
    return carry ? 1 : order;
}

static uint32_t
bit_length(uint64_t v)
{
    uint32_t bits = 0;
    for (; v > 0; v >>= 1)
        bits++;
    return bits;
}

static uint32_t
big_bits(const struct big *x)
{
    return x->count ? (x->count - 1) * 32 + bit_length(x->words[x->count - 1]) : 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* A number taken apart: digits (from the first that is not 0) times ten to the exponent. */
struct decimal {
    bool negative;
    bool is_integer;    /* spelled without point and exponent */
    bool has_rest;      /* some digit behind the first DIGITS_MAX is not 0 */
    uint32_t count;     /* digits kept */
    int64_t exponent;   /* of the last digit kept */
    uint64_t head;      /* the first 19 digits, or all */
    const char *digits; /* the first that is not 0; a point may stand among them */
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void
add_digit(struct decimal *d, const char *p, bool is_fraction)
{
    if (d->count == 0 && *p == '0') {
        d->exponent -= is_fraction;
        return;
    }
    if (d->count == 0)
        d->digits = p;
    if (d->count < DIGITS_MAX) {
        d->count++;
        d->exponent -= is_fraction;
        if (d->count <= 19)
            d->head = d->head * 10 + (uint64_t)(*p - '0');
        return;
    }
    d->has_rest = d->has_rest || *p != '0';
    d->exponent += !is_fraction;
}

/* Far beyond what a text within the limits could bring back into range. */
#define EXPONENT_MAX INT64_C(1000000000000)

static const char *
take_exponent(struct decimal *d, const char *p, const char *end)
{
    bool negative = false;
    int64_t v = 0;
    if (p < end && (*p == '+' || *p == '-'))
        negative = *p++ == '-';
    const char *start = p;
    for (; p < end && is_digit(*p); p++)
        v = v < EXPONENT_MAX ? v * 10 + (*p - '0') : v;
    d->exponent += negative ? -v : v;
    return p > start ? p : NULL;
}

/* NULL when all of it is a number, else where it is wrong. */
static const char *
take_apart(struct decimal *d, const char *p, const char *end)
{
    memset(d, 0, sizeof(*d));
    d->is_integer = true;
    if (p < end && *p == '-') {
        d->negative = true;
        p++;
    }
    if (p == end || !is_digit(*p))
        return p;
    if (*p == '0' && end - p > 1 && is_digit(p[1]))
        return p + 1;
    for (; p < end && is_digit(*p); p++)
        add_digit(d, p, false);
    if (p < end && *p == '.') {
        d->is_integer = false;
        if (++p == end || !is_digit(*p))
            return p;
        for (; p < end && is_digit(*p); p++)
            add_digit(d, p, true);
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        d->is_integer = false;
        const char *behind = take_exponent(d, p + 1, end);
        if (!behind)
            return p;
        p = behind;
    }
    return p == end ? NULL : p;
}

/* q * 2^exponent as bits, where q has 53 bits unless the number is subnormal. */
static double
compose(uint64_t q, int exponent)
{
    /* The implicit top bit adds 1 to the exponent's field; so does a carry out of rounding. */
    uint64_t field = exponent > -1074 ? (uint64_t)(exponent + 1074) : 0;
    uint64_t bits = (field << 52) + q;
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* The bits of over / under, most significant first; then rounding by what is left. */
static uint64_t
divide(struct big *over, const struct big *under, int bits)
{
    uint64_t q = 0;
    for (int i = 0; i < bits; i++) {
        q <<= 1;
        if (big_compare(over, under) >= 0) {
            big_subtract(over, under);
            q |= 1;
        }
        big_shift(over, 1);
    }
    int order = big_compare(over, under);
    return q + (order > 0 || (order == 0 && (q & 1)));
}

/* The number as over / under. */
static void
make_quotient(const struct decimal *d, struct big *over, struct big *under)
{
    int64_t exponent = d->exponent;
    big_set(over, 0);
    big_set(under, 1);
    const char *p = d->digits;
    for (uint32_t i = 0; i < d->count; p++) {
        if (*p == '.')
            continue;
        i++;
        if (over->count == 0)
            big_set(over, (uint64_t)(*p - '0'));
        else
            big_multiply(over, 10, (uint32_t)(*p - '0'));
    }
    if (d->has_rest) {
        big_multiply(over, 10, 1);
        exponent--;
    }
    if (exponent >= 0)
        big_power10(over, (uint32_t)exponent);
    else
        big_power10(under, (uint32_t)-exponent);
}

/* False when it is too large. */
static bool
round_quotient(struct big *over, struct big *under, double *out)
{
    /* Shifted until 1 <= over / under < 2; the number is that times 2^power. */
    int power = (int)big_bits(over) - (int)big_bits(under);
    if (power > 0)
        big_shift(under, (uint32_t)power);
    else
        big_shift(over, (uint32_t)-power);
    if (big_compare(over, under) < 0) {
        big_shift(over, 1);
        power--;
    }
    int bits = power >= -1022 ? 53 : power + 1075;
    if (power > 1023)
        return false;
    *out = bits < 0 ? 0 : compose(divide(over, under, bits), power - bits + 1);
    return *out <= DBL_MAX;
}

static bool
convert_exactly(const struct decimal *d, double *out)
{
    struct big over;
    struct big under;
    make_quotient(d, &over, &under);
    bool fits = round_quotient(&over, &under, out);
    mem_wipe(&over, sizeof(over));
    mem_wipe(&under, sizeof(under));
    return fits;
}

/* Whether the host computes double as double, and rounds to nearest. */
static bool
is_arithmetic_usual(void)
{
    volatile double tiny = DBL_MIN;
    return FLT_EVAL_METHOD == 0 && 1.0 + tiny == 1.0 - tiny;
}

/* One operation on exact operands rounds once, and so rounds rightly. */
static bool
convert_quickly(const struct decimal *d, double *out)
{
    static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    if (!is_arithmetic_usual() || d->count > 19 || d->head > UINT64_C(1) << 53 ||
        d->exponent > 22 || d->exponent < -22)
        return false;
    double head = (double)d->head;
    *out = d->exponent < 0 ? head / powers[-d->exponent] : head * powers[d->exponent];
    return true;
}

static envres_status
convert(const struct decimal *d, double *out, envres_error *err)
{
    double v = 0;
    int64_t top = d->exponent + d->count; /* the value is below 10^top */
    if (d->count > 0 && top > 310)
        return err_set(err, ENVRES_E_LIMIT, "a number is beyond the range of a double");
    if (d->count > 0 && top > -330 && !convert_quickly(d, &v) && !convert_exactly(d, &v))
        return err_set(err, ENVRES_E_LIMIT, "a number is beyond the range of a double");
    *out = d->negative ? -v : v;
    return ENVRES_OK;
}

static envres_status
take_number(struct decimal *d, const char *text, size_t len, envres_error *err)
{
    const char *wrong = take_apart(d, text, text + len);
    if (!wrong)
        return ENVRES_OK;
    size_t offset = (size_t)(wrong - text);
    envres_status st = err_set(err, ENVRES_E_JSON, "not a number as JSON writes it");
    err_position(err, offset, 1, (uint32_t)offset + 1);
    return st;
}

/* ---- writing -------------------------------------------------------------------------------- */

void
json_write_integer(struct buf *out, int64_t v)
{
    char text[20];
    size_t at = sizeof(text);
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (v < 0)
        text[--at] = '-';
    buf_add(out, text + at, sizeof(text) - at);
    mem_wipe(text, sizeof(text));
}

/* A double between its neighbours: it is r / s, and all between (r - minus) / s and (r + plus) / s
 * reads back as it, the ends too when its last bit is 0. */
struct range {
    struct big r;
    struct big s;
    struct big plus;
    struct big minus;
    bool is_even;
};

static void
scale_up(struct range *range, uint32_t exponent)
{
    big_power10(&range->r, exponent);
    big_power10(&range->plus, exponent);
    big_power10(&range->minus, exponent);
}

static bool
reaches_next(const struct range *range)
{
    int order = big_compare_sum(&range->r, &range->plus, &range->s);
    return order > 0 || (order == 0 && range->is_even);
}

/* Sets the range of the positive q * 2^exponent, divided by the power of ten that brings it just
 * below 1; returns that power. */
static int
make_range(struct range *range, uint64_t q, int exponent)
{
    /* Below a power of two the neighbours lie half as far away. */
    uint32_t lopsided = q == UINT64_C(1) << 52 && exponent > -1074;
    big_set(&range->r, q);
    big_set(&range->s, 1);
    big_set(&range->plus, 1);
    big_set(&range->minus, 1);
    big_shift(&range->r, 1 + lopsided);
    big_shift(&range->s, 1 + lopsided);
    big_shift(&range->plus, lopsided);
    if (exponent > 0) {
        big_shift(&range->r, (uint32_t)exponent);
        big_shift(&range->plus, (uint32_t)exponent);
        big_shift(&range->minus, (uint32_t)exponent);
    } else {
        big_shift(&range->s, (uint32_t)-exponent);
    }
    range->is_even = (q & 1) == 0;
    /* The power of ten from the power of two: 78913 / 2^18 is log10(2), rounded down. Too low by
     * one at times, never too high. */
    int two = exponent + (int)bit_length(q) - 1;
    int ten = (two * 78913 - (two < 0 ? (1 << 18) - 1 : 0)) / (1 << 18) + 1;
    if (ten >= 0)
        big_power10(&range->s, (uint32_t)ten);
    else
        scale_up(range, (uint32_t)-ten);
    while (reaches_next(range)) {
        big_power10(&range->s, 1);
        ten++;
    }
    return ten;
}

/* The fewest digits that lie within the range, 17 at most. */
static uint32_t
make_digits(struct range *range, char digits[17])
{
    for (uint32_t count = 0;;) {
        char digit = '0';
        scale_up(range, 1);
        for (; big_compare(&range->r, &range->s) >= 0; digit++)
            big_subtract(&range->r, &range->s);
        int order = big_compare(&range->r, &range->minus);
        bool low = order < 0 || (order == 0 && range->is_even);
        bool high = reaches_next(range);
        if (low && high) {
            big_shift(&range->r, 1);
            order = big_compare(&range->r, &range->s);
            high = order > 0 || (order == 0 && (digit & 1));
        }
        assert(count < 17);
        digits[count++] = (char)(digit + high);
        if (low || high)
            return count;
    }
}

static void
add_zeros(struct buf *out, int count)
{
    for (; count > 0; count--)
        buf_add_char(out, '0');
}

/* Digits with the point behind the first `point` of them, as ECMAScript lays them out. */
static void
write_digits(struct buf *out, const char *digits, uint32_t count, int point)
{
    if (point > 21 || point < -5) {
        buf_add_char(out, digits[0]);
        if (count > 1)
            buf_add_char(out, '.');
        buf_add(out, digits + 1, count - 1);
        buf_add_str(out, point > 0 ? "e+" : "e");
        json_write_integer(out, point - 1);
    } else if (point <= 0) {
        buf_add_str(out, "0.");
        add_zeros(out, -point);
        buf_add(out, digits, count);
    } else if ((uint32_t)point >= count) {
        buf_add(out, digits, count);
        add_zeros(out, point - (int)count);
    } else {
        buf_add(out, digits, (size_t)point);
        buf_add_char(out, '.');
        buf_add(out, digits + point, count - (uint32_t)point);
    }
}

/* The fewest digits that read back as `v`, which is positive and finite; the point stands behind
 * the first *point of them. */
static uint32_t
shortest(double v, char digits[17], int *point)
{
    struct range range;
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    uint64_t q = bits & ((UINT64_C(1) << 52) - 1);
    int field = (int)(bits >> 52 & 0x7FF);
    if (field > 0)
        q |= UINT64_C(1) << 52;
    *point = make_range(&range, q, (field > 0 ? field : 1) - 1075);
    uint32_t count = make_digits(&range, digits);
    mem_wipe(&range, sizeof(range));
    return count;
}

void
json_write_double(struct buf *out, double v)
{
    char digits[17];
    int point = 0;
    assert(v <= DBL_MAX && v >= -DBL_MAX);
    if (v > -9007199254740992.0 && v < 9007199254740992.0 && (double)(int64_t)v == v) {
        json_write_integer(out, (int64_t)v);
        return;
    }
    if (v < 0)
        buf_add_char(out, '-');
    uint32_t count = shortest(v < 0 ? -v : v, digits, &point);
    write_digits(out, digits, count, point);
    mem_wipe(digits, sizeof(digits));
}

void
json_write_number(struct buf *out, const struct json_number *v)
{
    if (v->is_integer)
        json_write_integer(out, v->integer);
    else
        json_write_double(out, v->real);
}

/* ---- numbers -------------------------------------------------------------------------------- */

static bool
take_integer(const struct decimal *d, int64_t *out)
{
    uint64_t most = (uint64_t)INT64_MAX + d->negative;
    if (d->count > 19 || d->head > most)
        return false;
    if (d->negative && d->head > 0)
        *out = -(int64_t)(d->head - 1) - 1;
    else
        *out = (int64_t)d->head;
    return true;
}

/* An integer beyond 64 bits, as a double: only one that is written with just these digits, so that
 * nothing of it is lost, and what json_write_double() wrote can be read. */
static envres_status
take_large(const struct decimal *d, struct slice text, double *out, envres_error *err)
{
    enum { PLAIN_MAX = 21 };
    char digits[17];
    double real = 0;
    int point = 0;
    bool same = false;
    if (text.len - d->negative <= PLAIN_MAX && convert(d, &real, NULL) == ENVRES_OK) {
        uint32_t count = shortest(real < 0 ? -real : real, digits, &point);
        const char *given = text.data + d->negative;
        same = (size_t)point == text.len - d->negative && memcmp(given, digits, count) == 0;
        for (uint32_t i = count; same && i < (uint32_t)point; i++)
            same = given[i] == '0';
        mem_wipe(digits, sizeof(digits));
    }
    if (same) {
        *out = real;
        return ENVRES_OK;
    }
    envres_status st = err_set(err, ENVRES_E_LIMIT, "an integer is beyond 64 bits");
    err_hint(err, "integers go from -2^63 to 2^63-1; with a point or an exponent it is a double");
    return st;
}

envres_status
json_number(const char *text, size_t len, struct json_number *out, envres_error *err)
{
    struct decimal d;
    struct json_number number = { false, 0, 0 };
    envres_status st = take_number(&d, text, len, err);
    if (st < 0)
        return st;
    number.is_integer = d.is_integer && take_integer(&d, &number.integer);
    if (number.is_integer)
        number.real = (double)number.integer;
    else if (d.is_integer)
        st = take_large(&d, slice_of(text, len), &number.real, err);
    else
        st = convert(&d, &number.real, err);
    if (st == ENVRES_OK)
        *out = number;
    return st;
}

envres_status
json_real(const char *text, size_t len, double *out, envres_error *err)
{
    struct decimal d;
    envres_status st = take_number(&d, text, len, err);
    return st < 0 ? st : convert(&d, out, err);
}
