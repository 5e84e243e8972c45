/* SPDX-License-Identifier: MIT */
/*
 * Public values: one block for the object and its bytes, so that a render allocates once; a value
 * made of a buffer keeps the buffer's block instead. Secret bytes are wiped on free.
 */
#include "base/value.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"

struct envres_value {
    struct mem mem;
    char *data;
    size_t len;
    size_t cap; /* bytes to wipe behind data */
    int32_t type;
    bool secret;
    bool apart; /* data is a block of its own */
    size_t range_count;
    struct value_range *ranges;
    struct value_range whole; /* the usual single range needs no block */
};

envres_status
value_room(const struct mem *mem, int32_t type, size_t len, bool secret, envres_value **out,
           char **data, envres_error *err)
{
    if (len > SIZE_MAX - sizeof(envres_value) - 1)
        return err_code(err, ENVRES_E_NOMEM);
    envres_value *value = mem_alloc(mem, sizeof(*value) + len + 1);
    if (!value)
        return err_code(err, ENVRES_E_NOMEM);
    memset(value, 0, sizeof(*value));
    value->mem = *mem;
    value->data = (char *)(value + 1);
    value->len = value->cap = len;
    value->type = type;
    value->secret = secret;
    value->data[len] = '\0';
    if (secret) {
        value->whole.end = len;
        value->ranges = &value->whole;
        value->range_count = 1;
    }
    *data = value->data;
    *out = value;
    return ENVRES_OK;
}

envres_status
value_new(const struct mem *mem, int32_t type, const char *data, size_t len, bool secret,
          envres_value **out, envres_error *err)
{
    char *room = NULL;
    envres_status st = value_room(mem, type, len, secret, out, &room, err);
    if (st == ENVRES_OK && len > 0)
        memcpy(room, data, len);
    return st;
}

envres_status
value_set_ranges(envres_value *value, const struct value_range *ranges, size_t count,
                 envres_error *err)
{
    struct value_range *copy = NULL;
    if (count == 1) {
        value->whole = ranges[0];
        copy = &value->whole;
    } else if (count > 1) {
        copy = mem_alloc_array(&value->mem, count, sizeof(*copy));
        if (!copy)
            return err_code(err, ENVRES_E_NOMEM);
        memcpy(copy, ranges, count * sizeof(*copy));
    }
    if (value->ranges != &value->whole)
        mem_free(&value->mem, value->ranges);
    value->ranges = copy;
    value->range_count = count;
    return ENVRES_OK;
}

envres_status
value_from_buf(int32_t type, struct buf *bytes, const struct value_range *ranges,
               size_t range_count, envres_value **out, envres_error *err)
{
    struct mem mem = *bytes->mem;
    envres_value *value = NULL;
    char *unused = NULL;
    envres_status st = buf_status(bytes, err);
    if (st == ENVRES_OK)
        st = value_room(&mem, type, 0, false, &value, &unused, err);
    if (st == ENVRES_OK)
        st = value_set_ranges(value, ranges, range_count, err);
    if (st < 0)
        goto out;
    size_t cap = bytes->cap;
    value->data = buf_take(bytes, &value->len);
    if (!value->data) {
        value->data = (char *)(value + 1);
        st = err_code(err, ENVRES_E_NOMEM);
        goto out;
    }
    value->cap = cap > value->len ? cap : value->len;
    value->apart = true;
    value->secret = bytes->secret;
    *out = value;
    value = NULL;
out:
    envres_value_free(value);
    buf_free(bytes);
    return st;
}

const char *
envres_value_data(const envres_value *value, size_t *len)
{
    if (len)
        *len = value ? value->len : 0;
    return value ? value->data : NULL;
}

int32_t
envres_value_type(const envres_value *value)
{
    return value ? value->type : 0;
}

int32_t
envres_value_is_secret(const envres_value *value)
{
    return value && value->secret;
}

size_t
envres_value_range_count(const envres_value *value)
{
    return value ? value->range_count : 0;
}

envres_status
envres_value_range(const envres_value *value, size_t index, size_t *start, size_t *end,
                   envres_error *err)
{
    if (!value || !start || !end || index >= value->range_count)
        return err_set(err, ENVRES_E_INVALID, "the value has no secret range of that number");
    *start = value->ranges[index].start;
    *end = value->ranges[index].end;
    return ENVRES_OK;
}

envres_status
value_replacement(const char *text, size_t len, struct slice *out, envres_error *err)
{
    static const char usual[] = "[redacted]";
    if (!text) {
        *out = slice_of(usual, sizeof(usual) - 1);
        return ENVRES_OK;
    }
    return text_argument(text, len, LIMIT_REPLACEMENT, "the replacement", out, err);
}

envres_status
envres_value_redacted(const envres_value *value, const char *replacement, size_t replacement_len,
                      envres_value **out, envres_error *err)
{
    struct slice mask = { 0 };
    struct buf bytes = { 0 };
    size_t at = 0;
    if (!value || !out)
        return err_set(err, ENVRES_E_INVALID, "there is no value, or no place for the result");
    *out = NULL;
    envres_status st = value_replacement(replacement, replacement_len, &mask, err);
    if (st < 0)
        return st;
    buf_init(&bytes, &value->mem, false);
    for (size_t i = 0; i < value->range_count; i++) {
        const struct value_range *range = &value->ranges[i];
        buf_add(&bytes, value->data + at, range->start - at);
        buf_add(&bytes, mask.data, range->end > range->start ? mask.len : 0);
        at = range->end;
    }
    buf_add(&bytes, value->data + at, value->len - at);
    return value_from_buf(ENVRES_TYPE_STRING, &bytes, NULL, 0, out, err);
}

void
envres_value_free(envres_value *value)
{
    if (!value)
        return;
    struct mem mem = value->mem;
    if (value->ranges != &value->whole)
        mem_free(&mem, value->ranges);
    if (value->secret)
        mem_wipe(value->data, value->cap);
    if (value->apart)
        mem_free(&mem, value->data);
    mem_free(&mem, value);
}

const char *
envres_type_name(int32_t type)
{
    static const char *const names[] = { "?",        "string", "number", "boolean", "json",
                                         "template", "null",   "bytes",  "integer", "timestamp" };
    if (type < 1 || type >= (int32_t)(sizeof(names) / sizeof(names[0])))
        return "?";
    return names[type];
}
