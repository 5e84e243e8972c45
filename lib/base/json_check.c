/* SPDX-License-Identifier: MIT */
/*
 * The validator in front of jsmn: one pass over the text, no recursion, at most LIMIT_JSON_DEPTH
 * open arrays and objects.
 *
 * Keys are compared unescaped. Those of all open objects lie on one stack, each as a hash and its
 * place in the text; closing an object pops its keys. Up to SMALL keys are compared one by one, the
 * keys of a larger object are found through one hash table. Since keys leave in the reverse order
 * of their coming, emptying a slot never breaks another's probe sequence. The seed is drawn when
 * the first large object comes, so that nobody can prepare keys that collide.
 *
 * It does not convert anything: a number may be of any size here.
 */
#include "base/json.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"

enum { SMALL = 8 };

struct key {
    uint32_t hash;
    uint32_t offset; /* of the first byte behind the quote */
};

struct frame {
    uint32_t first_key;
    bool is_object;
    bool is_large; /* its keys are in the table */
};

struct check {
    const struct mem *mem;
    const char *text;
    size_t len;
    size_t pos;
    envres_error *err;
    envres_status status;
    uint32_t nodes;
    uint32_t depth;
    uint32_t key_count;
    uint32_t key_room;
    uint32_t used;       /* slots that are not empty */
    uint32_t slot_count; /* 0 or a power of two, at least twice `used` */
    struct key *keys;
    uint32_t *slots; /* index into `keys` + 1, or 0 */
    uint64_t seed;
    bool has_seed;
    struct buf scratch; /* one key, unescaped */
    struct frame frames[LIMIT_JSON_DEPTH];
};

/* ---- errors --------------------------------------------------------------------------------- */

static bool
fail_at(struct check *c, envres_status code, size_t offset, const char *what)
{
    c->status = err_set(c->err, code, "JSON: %s", what);
    err_position_in(c->err, c->text, c->len, offset);
    return false;
}

static bool
fail(struct check *c, const char *what)
{
    if (c->pos >= c->len)
        return fail_at(c, ENVRES_E_JSON, c->len, "the text ends too early");
    return fail_at(c, ENVRES_E_JSON, c->pos, what);
}

static bool
fail_memory(struct check *c)
{
    c->status = err_code(c->err, ENVRES_E_NOMEM);
    return false;
}

/* ---- strings -------------------------------------------------------------------------------- */

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define ONES      UINT64_C(0x0101010101010101)

static uint64_t
has_zero(uint64_t x)
{
    return (x - ONES) & ~x & HIGH_BITS;
}

static bool
is_plain_word(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof(x));
    uint64_t control = (x - ONES * 0x20) & ~x & HIGH_BITS;
    return (control | has_zero(x ^ (ONES * '"')) | has_zero(x ^ (ONES * '\\'))) == 0;
}

size_t
json_plain(const char *text, size_t len)
{
    size_t i = 0;
    while (len - i >= 8 && is_plain_word(text + i))
        i += 8;
    while (i < len && (unsigned char)text[i] >= 0x20 && text[i] != '"' && text[i] != '\\')
        i++;
    return i;
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* At the four digits of a \u escape. Leaves pos behind them. */
static bool
scan_hex(struct check *c, unsigned *unit)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++) {
        int digit = c->pos < c->len ? hex_value(c->text[c->pos]) : -1;
        if (digit < 0)
            return fail(c, "\\u wants four hexadecimal digits");
        v = v << 4 | (unsigned)digit;
        c->pos++;
    }
    *unit = v;
    return true;
}

/* At the u of a \u escape that begins at `start`. */
static bool
scan_unicode(struct check *c, size_t start)
{
    unsigned unit = 0;
    c->pos++;
    if (!scan_hex(c, &unit))
        return false;
    if (unit == 0)
        return fail_at(c, ENVRES_E_JSON, start, "\\u0000 is not allowed");
    if (unit < 0xD800 || unit > 0xDFFF)
        return true;
    if (unit > 0xDBFF || c->len - c->pos < 2 || c->text[c->pos] != '\\' ||
        c->text[c->pos + 1] != 'u')
        return fail_at(c, ENVRES_E_JSON, start, "half of a surrogate pair");
    c->pos += 2;
    if (!scan_hex(c, &unit))
        return false;
    if (unit < 0xDC00 || unit > 0xDFFF)
        return fail_at(c, ENVRES_E_JSON, start, "half of a surrogate pair");
    return true;
}

/* At a backslash. */
static bool
scan_escape(struct check *c)
{
    size_t start = c->pos++;
    switch (c->pos < c->len ? c->text[c->pos] : '\0') {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        c->pos++;
        return true;
    case 'u':
        return scan_unicode(c, start);
    default:
        return fail(c, "an unknown escape");
    }
}

/* At the first quote. Leaves pos behind the last one. */
static bool
scan_string(struct check *c)
{
    c->pos++;
    for (;;) {
        c->pos += json_plain(c->text + c->pos, c->len - c->pos);
        if (c->pos == c->len)
            return fail(c, "");
        if (c->text[c->pos] == '"') {
            c->pos++;
            return true;
        }
        if (c->text[c->pos] != '\\')
            return fail(c, "a control character in a string");
        if (!scan_escape(c))
            return false;
    }
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* The text between the quotes. */
static struct slice
raw_key(const struct check *c, uint32_t offset)
{
    const char *start = c->text + offset;
    const char *p = start;
    for (;;) {
        p += json_plain(p, c->len - (size_t)(p - c->text));
        if (*p == '"')
            return slice_of(start, (size_t)(p - start));
        p += 2; /* a backslash and what it escapes; the digits of \u are plain */
    }
}

/* The level goes in, so that the same names on many levels do not crowd one place of the table. */
static bool
hash_key(struct check *c, uint32_t level, uint32_t offset, uint32_t *hash)
{
    struct slice key = raw_key(c, offset);
    if (key.len > 0 && memchr(key.data, '\\', key.len)) {
        c->scratch.len = 0;
        json_unescape(key.data, key.len, &c->scratch);
        if (c->scratch.failed)
            return fail_memory(c);
        key = slice_of(c->scratch.data, c->scratch.len);
    }
    *hash = (uint32_t)text_hash(c->seed + level, key.data, key.len);
    return true;
}

/* Only asked of keys whose hashes agree, which hardly ever differ. */
static bool
same_key(struct check *c, uint32_t a, uint32_t b, bool *same)
{
    struct slice x = raw_key(c, a);
    struct slice y = raw_key(c, b);
    *same = slice_equal(x, y);
    if (*same || !(memchr(x.data, '\\', x.len) || memchr(y.data, '\\', y.len)))
        return true;
    c->scratch.len = 0;
    json_unescape(x.data, x.len, &c->scratch);
    size_t middle = c->scratch.len;
    json_unescape(y.data, y.len, &c->scratch);
    if (c->scratch.failed)
        return fail_memory(c);
    *same = slice_equal(slice_of(c->scratch.data, middle),
                        slice_of(c->scratch.data + middle, c->scratch.len - middle));
    return true;
}

static uint32_t
end_of_keys(const struct check *c, uint32_t level)
{
    return level + 1 < c->depth ? c->frames[level + 1].first_key : c->key_count;
}

/* Before it all objects are small, so there are few keys to hash again. */
static bool
draw_seed(struct check *c)
{
    if (c->has_seed)
        return true;
    if (getentropy(&c->seed, sizeof(c->seed)) != 0) {
        /* No source of randomness: what differs from run to run must do. */
        struct timespec now = { 0, 0 };
        clock_gettime(CLOCK_MONOTONIC, &now);
        c->seed = (uint64_t)now.tv_nsec * ONES ^ (uint64_t)(uintptr_t)c;
    }
    c->has_seed = true;
    for (uint32_t level = 0; level < c->depth; level++) {
        uint32_t end = end_of_keys(c, level);
        for (uint32_t i = c->frames[level].first_key; i < end; i++) {
            if (!hash_key(c, level, c->keys[i].offset, &c->keys[i].hash))
                return false;
        }
    }
    return true;
}

/* The slot that holds `wanted` (an index + 1, or 0 for an empty one). */
static uint32_t
find_slot(const struct check *c, uint32_t hash, uint32_t wanted)
{
    uint32_t i = hash & (c->slot_count - 1);
    while (c->slots[i] != wanted)
        i = (i + 1) & (c->slot_count - 1);
    return i;
}

static void
fill_slot(struct check *c, uint32_t index)
{
    c->slots[find_slot(c, c->keys[index].hash, 0)] = index + 1;
}

/* Keeps the table at most half full. All keys of large objects are in it, in order of coming. */
static bool
reserve_slots(struct check *c, uint32_t more)
{
    if (c->used + more <= c->slot_count / 2)
        return true;
    uint32_t count = c->slot_count ? c->slot_count * 2 : 64;
    uint32_t *slots = mem_alloc_array(c->mem, count, sizeof(*slots));
    if (!slots)
        return fail_memory(c);
    memset(slots, 0, count * sizeof(*slots));
    mem_free(c->mem, c->slots);
    c->slots = slots;
    c->slot_count = count;
    for (uint32_t level = 0; level < c->depth; level++) {
        if (!c->frames[level].is_large)
            continue;
        uint32_t end = end_of_keys(c, level);
        for (uint32_t i = c->frames[level].first_key; i < end; i++)
            fill_slot(c, i);
    }
    return true;
}

static bool
make_large(struct check *c, struct frame *frame)
{
    if (!draw_seed(c) || !reserve_slots(c, SMALL))
        return false;
    for (uint32_t i = frame->first_key; i < c->key_count; i++)
        fill_slot(c, i);
    c->used += SMALL;
    frame->is_large = true;
    return true;
}

static bool
reserve_key(struct check *c)
{
    if (c->key_count < c->key_room)
        return true;
    uint32_t room = c->key_room ? c->key_room * 2 : 64;
    struct key *keys = mem_resize(c->mem, c->keys, room * sizeof(*keys));
    if (!keys)
        return fail_memory(c);
    c->keys = keys;
    c->key_room = room;
    return true;
}

static bool
refuse_twin(struct check *c, const struct key *old, const struct key *key)
{
    bool same = false;
    if (old->hash != key->hash)
        return true;
    if (!same_key(c, old->offset, key->offset, &same))
        return false;
    if (same)
        return fail_at(c, ENVRES_E_JSON, key->offset - 1, "a key that this object has already");
    return true;
}

static bool
add_key(struct check *c, uint32_t offset)
{
    struct frame *frame = &c->frames[c->depth - 1];
    struct key key = { 0, offset };
    if (!reserve_key(c))
        return false;
    if (!frame->is_large && c->key_count - frame->first_key == SMALL && !make_large(c, frame))
        return false;
    if (!hash_key(c, c->depth - 1, offset, &key.hash))
        return false;
    if (!frame->is_large) {
        for (uint32_t i = frame->first_key; i < c->key_count; i++) {
            if (!refuse_twin(c, &c->keys[i], &key))
                return false;
        }
        c->keys[c->key_count++] = key;
        return true;
    }
    if (!reserve_slots(c, 1))
        return false;
    uint32_t slot = key.hash & (c->slot_count - 1);
    for (; c->slots[slot]; slot = (slot + 1) & (c->slot_count - 1)) {
        uint32_t other = c->slots[slot] - 1;
        if (other >= frame->first_key && !refuse_twin(c, &c->keys[other], &key))
            return false;
    }
    c->keys[c->key_count++] = key;
    c->slots[slot] = c->key_count;
    c->used++;
    return true;
}

/* The last key that came leaves first. */
static void
drop_keys(struct check *c, const struct frame *frame)
{
    if (frame->is_large) {
        for (uint32_t i = c->key_count; i-- > frame->first_key; c->used--)
            c->slots[find_slot(c, c->keys[i].hash, i + 1)] = 0;
    }
    c->key_count = frame->first_key;
}

/* ---- the grammar ---------------------------------------------------------------------------- */

static void
skip_space(struct check *c)
{
    while (c->pos < c->len && (c->text[c->pos] == ' ' || c->text[c->pos] == '\n' ||
                               c->text[c->pos] == '\r' || c->text[c->pos] == '\t'))
        c->pos++;
}

/* The next byte that is not white space; NUL, which the text does not contain, at its end. */
static char
peek(struct check *c)
{
    skip_space(c);
    return c->pos < c->len ? c->text[c->pos] : '\0';
}

static bool
scan_digits(struct check *c)
{
    size_t start = c->pos;
    while (c->pos < c->len && c->text[c->pos] >= '0' && c->text[c->pos] <= '9')
        c->pos++;
    return c->pos > start || fail(c, "a number wants a digit here");
}

/* number = [ "-" ] ( "0" | digit1-9 digits ) [ "." digits ] [ ("e" | "E") [ "+" | "-" ] digits ] */
static bool
scan_number(struct check *c)
{
    if (c->text[c->pos] == '-')
        c->pos++;
    if (c->pos < c->len && c->text[c->pos] == '0')
        c->pos++;
    else if (!scan_digits(c))
        return false;
    if (c->pos < c->len && c->text[c->pos] == '.') {
        c->pos++;
        if (!scan_digits(c))
            return false;
    }
    if (c->pos < c->len && (c->text[c->pos] == 'e' || c->text[c->pos] == 'E')) {
        c->pos++;
        if (c->pos < c->len && (c->text[c->pos] == '+' || c->text[c->pos] == '-'))
            c->pos++;
        if (!scan_digits(c))
            return false;
    }
    return true;
}

static bool
scan_word(struct check *c, const char *word)
{
    for (; *word; word++, c->pos++) {
        if (c->pos >= c->len || c->text[c->pos] != *word)
            return fail(c, "not a value");
    }
    return true;
}

/* At the first quote of a key, as far as the value behind it. */
static bool
scan_key(struct check *c)
{
    if (peek(c) != '"')
        return fail(c, "a key in quotes is expected");
    uint32_t offset = (uint32_t)c->pos + 1;
    if (!scan_string(c) || !add_key(c, offset))
        return false;
    if (peek(c) != ':')
        return fail(c, "a colon is expected");
    c->pos++;
    c->nodes++;
    return true;
}

static bool
is_closing(const struct check *c, char ch)
{
    return ch == (c->frames[c->depth - 1].is_object ? '}' : ']');
}

static void
close_frame(struct check *c)
{
    c->depth--;
    drop_keys(c, &c->frames[c->depth]);
    c->pos++;
}

/* At a bracket. `done`: it was closed at once; else a value follows. */
static bool
open_frame(struct check *c, bool is_object, bool *done)
{
    if (c->depth == LIMIT_JSON_DEPTH)
        return fail_at(c, ENVRES_E_LIMIT, c->pos, "nested too deeply");
    struct frame *frame = &c->frames[c->depth++];
    frame->first_key = c->key_count;
    frame->is_object = is_object;
    frame->is_large = false;
    c->pos++;
    *done = is_closing(c, peek(c));
    if (*done)
        close_frame(c);
    else if (is_object)
        return scan_key(c);
    return true;
}

/* `done`: a whole value was read; else the first one inside it follows. */
static bool
begin_value(struct check *c, bool *done)
{
    char ch = peek(c);
    *done = true;
    c->nodes++;
    if (ch == '{' || ch == '[')
        return open_frame(c, ch == '{', done);
    if (ch == '"')
        return scan_string(c);
    if (ch == '-' || (ch >= '0' && ch <= '9'))
        return scan_number(c);
    if (ch == 't')
        return scan_word(c, "true");
    if (ch == 'f')
        return scan_word(c, "false");
    if (ch == 'n')
        return scan_word(c, "null");
    return fail(c, "not a value");
}

/* Behind a value inside an array or object. `done`: that one is closed; else a value follows. */
static bool
end_value(struct check *c, bool *done)
{
    bool is_object = c->frames[c->depth - 1].is_object;
    char ch = peek(c);
    *done = is_closing(c, ch);
    if (*done) {
        close_frame(c);
        return true;
    }
    if (ch != ',')
        return fail(c, is_object ? "a comma or } is expected" : "a comma or ] is expected");
    c->pos++;
    return is_object ? scan_key(c) : true;
}

static bool
scan_document(struct check *c)
{
    bool done = false;
    if (c->len >= 3 && memcmp(c->text, "\xEF\xBB\xBF", 3) == 0)
        return fail(c, "a byte-order mark is not allowed");
    do {
        if (!begin_value(c, &done))
            return false;
        while (done && c->depth > 0) {
            if (!end_value(c, &done))
                return false;
        }
    } while (!done);
    skip_space(c);
    return c->pos == c->len || fail(c, "more text behind the value");
}

envres_status
json_count(const struct mem *mem, const char *text, size_t len, uint32_t *nodes, envres_error *err)
{
    struct check c;
    if (len > LIMIT_JSON_TEXT)
        return err_set(err, ENVRES_E_LIMIT, "JSON: longer than %d bytes", LIMIT_JSON_TEXT);
    envres_status st = text_check(text, len, "the JSON", err);
    if (st < 0)
        return st;
    memset(&c, 0, sizeof(c));
    c.mem = mem;
    c.text = text;
    c.len = len;
    c.err = err;
    buf_init(&c.scratch, mem, true);
    scan_document(&c);
    mem_free(mem, c.keys);
    mem_free(mem, c.slots);
    buf_free(&c.scratch);
    if (c.status == ENVRES_OK)
        *nodes = c.nodes;
    return c.status;
}

envres_status
json_check(const struct mem *mem, const char *text, size_t len, envres_error *err)
{
    uint32_t nodes = 0;
    return json_count(mem, text, len, &nodes, err);
}
