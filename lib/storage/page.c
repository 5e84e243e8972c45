/* SPDX-License-Identifier: MIT */
/*
 * Rows out of single pages.
 *
 *   leaf   : 0x0D | first free u16 | cells u16 | content u16 | fragments u8 | offset u16 of each
 * cell cell   : payload size varint | row number varint | payload, its tail in overflow pages
 *   record : header size varint | a type varint for each column | the values, one behind another
 *
 * Numbers are big-endian. A cell whose sizes do not add up to the byte is no row. Pages that hold
 * inner nodes and indexes are not needed: rows are found without them.
 */
#include "storage/page.h"

#include <string.h>

enum {
    LEAF = 0x0D,
    LEAF_HEADER = 8,
    AT_CELLS = 3,
    AT_PAGE_SIZE = 16,
    PAYLOAD_MAX = 128 * 1024 * 1024,
    VARINT_MAX = 9
};

static uint32_t
get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t
get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

/* Bytes taken, 0 when it does not end before `end`. */
static size_t
get_varint(const uint8_t *at, const uint8_t *end, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < VARINT_MAX && at + i < end; i++) {
        if (i == VARINT_MAX - 1) {
            *out = value << 8 | at[i];
            return VARINT_MAX;
        }
        value = value << 7 | (at[i] & 0x7F);
        if (!(at[i] & 0x80)) {
            *out = value;
            return i + 1;
        }
    }
    return 0;
}

uint32_t
page_size_of(const uint8_t *header)
{
    uint32_t size = get16(header + AT_PAGE_SIZE);
    if (memcmp(header, "SQLite format 3", 16) != 0)
        return 0;
    if (size == 1)
        return PAGE_SIZE_MAX;
    return size >= 512 && (size & (size - 1)) == 0 ? size : 0;
}

size_t
page_cells(const uint8_t *page, uint32_t size)
{
    size_t cells = get16(page + AT_CELLS);
    if (page[0] != LEAF || cells > (size - LEAF_HEADER) / 4)
        return 0;
    return cells;
}

/* ---- one cell ------------------------------------------------------------------------------- */

/* Of a payload, how many bytes stand in the leaf itself. */
static size_t
local_len(uint32_t size, uint64_t payload)
{
    uint64_t most = size - 35;
    uint64_t least = (uint64_t)(size - 12) * 32 / 255 - 23;
    if (payload <= most)
        return (size_t)payload;
    uint64_t fitted = least + (payload - least) % (size - 4);
    return (size_t)(fitted <= most ? fitted : least);
}

/* The tail, from page to page. It ends where the payload does, so a circle ends too. */
static bool
add_overflow(const struct page_source *source, uint32_t next, size_t left, struct buf *payload,
             uint8_t *scratch)
{
    while (left > 0) {
        size_t part = left < source->size - 4 ? left : source->size - 4;
        if (next < 2 || next > source->count || !source->read(source->user, next, scratch))
            return false;
        buf_add(payload, (const char *)scratch + 4, part);
        next = get32(scratch);
        left -= part;
        if (payload->failed)
            return false;
    }
    return next == 0;
}

bool
page_payload(const struct page_source *source, const uint8_t *page, size_t n, struct buf *payload,
             uint8_t *scratch)
{
    const uint8_t *end = page + source->size;
    size_t cells = page_cells(page, source->size);
    size_t at = get16(page + LEAF_HEADER + 2 * n);
    uint64_t len = 0;
    uint64_t row = 0;
    payload->len = 0;
    if (at < LEAF_HEADER + 2 * cells || at >= source->size)
        return false;
    size_t taken = get_varint(page + at, end, &len);
    at += taken;
    size_t more = taken ? get_varint(page + at, end, &row) : 0;
    at += more;
    if (!more || len == 0 || len > PAYLOAD_MAX || len > (uint64_t)source->size * source->count)
        return false;
    size_t local = local_len(source->size, len);
    bool spills = local < len;
    if (at + local + (spills ? 4 : 0) > source->size)
        return false;
    buf_add(payload, (const char *)page + at, local);
    return !spills ||
           add_overflow(source, get32(page + at + local), (size_t)len - local, payload, scratch);
}

/* ---- one record ----------------------------------------------------------------------------- */

static int64_t
get_signed(const uint8_t *at, size_t len)
{
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < len; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

/* Its length, by its type; false for types that no store has (floating point, reserved). */
static bool
value_len(uint64_t type, size_t *len)
{
    static const uint8_t lengths[] = { 0, 1, 2, 3, 4, 6, 8 };
    if (type < sizeof(lengths))
        *len = lengths[type];
    else if (type == 8 || type == 9)
        *len = 0;
    else if (type >= 12 && type - 12 <= (uint64_t)2 * PAYLOAD_MAX)
        *len = (size_t)(type - 12) / 2;
    else
        return false;
    return true;
}

static void
read_value(uint64_t type, const uint8_t *at, size_t len, struct page_value *out)
{
    out->number = 0;
    out->bytes = slice_of((const char *)at, len);
    if (type == 0) {
        out->type = PAGE_NULL;
    } else if (type >= 12) {
        out->type = type % 2 ? PAGE_TEXT : PAGE_BLOB;
    } else {
        out->type = PAGE_INT;
        out->number = type >= 8 ? (int64_t)(type - 8) : get_signed(at, len);
    }
}

bool
page_decode(struct slice payload, struct page_row *out)
{
    const uint8_t *start = (const uint8_t *)payload.data;
    const uint8_t *end = start + payload.len;
    uint64_t header = 0;
    size_t taken = get_varint(start, end, &header);
    out->count = 0;
    if (!taken || header < taken || header > payload.len)
        return false;
    const uint8_t *type_at = start + taken;
    const uint8_t *types_end = start + header;
    const uint8_t *at = types_end;
    while (type_at < types_end) {
        uint64_t type = 0;
        size_t len = 0;
        taken = get_varint(type_at, types_end, &type);
        if (!taken || out->count == PAGE_COLUMNS || !value_len(type, &len) ||
            len > (size_t)(end - at))
            return false;
        read_value(type, at, len, &out->values[out->count++]);
        type_at += taken;
        at += len;
    }
    return at == end && out->count > 0;
}
