/* SPDX-License-Identifier: MIT */
/*
 * The table of filters and their functions. Filters know nothing of templates or places; adding one
 * means adding a row. They work on bytes: case is ASCII case, so that no locale and no Unicode
 * version changes what a template gives. A message names the filter and the type, never the value.
 */
#include "lang/filter.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

static void
write_json(const struct operand *in, struct buf *out)
{
    if (in->type == ENVRES_TYPE_STRING)
        json_write_string(out, in->text.data, in->text.len);
    else
        buf_add(out, in->text.data, in->text.len);
}

static bool
is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

bool
filter_is_unreserved(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_unreserved((unsigned char)text.data[i]))
            return false;
    }
    return true;
}

void
filter_percent_encode(struct slice text, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t done = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (is_unreserved(c))
            continue;
        char code[3] = { '%', digits[c >> 4], digits[c & 15] };
        buf_add(out, text.data + done, i - done);
        buf_add(out, code, sizeof(code));
        done = i + 1;
    }
    buf_add(out, text.data + done, text.len - done);
}

static void
write_url(const struct operand *in, struct buf *out)
{
    filter_percent_encode(in->text, out);
}

/* RFC 4648, section 4, with padding. */
static void
write_base64(const struct operand *in, struct buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = in->text.len;
    if (!buf_reserve(out, (len / 3 + 1) * 4))
        return;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (i + k < len ? (unsigned char)in->text.data[i + k] : 0);
        char code[4] = { digits[group >> 18], digits[group >> 12 & 63], digits[group >> 6 & 63],
                         digits[group & 63] };
        for (size_t k = len - i; k < 3; k++)
            code[k + 1] = '=';
        buf_add(out, code, sizeof(code));
    }
}

static void
write_case(struct slice text, char first, char last, struct buf *out)
{
    if (!buf_reserve(out, text.len))
        return;
    char *to = out->data + out->len;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        to[i] = c >= first && c <= last ? (char)(c ^ 0x20) : c;
    }
    out->len += text.len;
}

static void
write_upper(const struct operand *in, struct buf *out)
{
    write_case(in->text, 'a', 'z', out);
}

static void
write_lower(const struct operand *in, struct buf *out)
{
    write_case(in->text, 'A', 'Z', out);
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
write_trim(const struct operand *in, struct buf *out)
{
    size_t start = 0;
    size_t end = in->text.len;
    while (start < end && is_space(in->text.data[start]))
        start++;
    while (end > start && is_space(in->text.data[end - 1]))
        end--;
    buf_add(out, in->text.data + start, end - start);
}

/* What becomes of the text is the place's to say. */
static void
write_same(const struct operand *in, struct buf *out)
{
    buf_add(out, in->text.data, in->text.len);
}

static const struct filter_row filter_rows[FILTER_COUNT_] = {
    [FILTER_DEFAULT] = { .name = "default", .args = 1, .first_only = true, .takes_any = true },
    [FILTER_JSON] = { .name = "json",
                      .effect = EFFECT_PLAIN,
                      .takes_any = true,
                      .gives = ENVRES_TYPE_JSON,
                      .apply = write_json },
    [FILTER_URL] = { .name = "url",
                     .effect = EFFECT_ENCODED,
                     .takes_any = true,
                     .gives = ENVRES_TYPE_STRING,
                     .apply = write_url },
    [FILTER_BASE64] = { .name = "base64",
                        .effect = EFFECT_PLAIN,
                        .takes_any = true,
                        .gives = ENVRES_TYPE_STRING,
                        .apply = write_base64 },
    [FILTER_UPPER] = { .name = "upper", .gives = ENVRES_TYPE_STRING, .apply = write_upper },
    [FILTER_LOWER] = { .name = "lower", .gives = ENVRES_TYPE_STRING, .apply = write_lower },
    [FILTER_TRIM] = { .name = "trim", .gives = ENVRES_TYPE_STRING, .apply = write_trim },
    [FILTER_IDENT] = { .name = "ident",
                       .sql_only = true,
                       .gives = ENVRES_TYPE_STRING,
                       .apply = write_same },
    [FILTER_LIST] = { .name = "list",
                      .sql_only = true,
                      .takes_json = true,
                      .gives = ENVRES_TYPE_JSON,
                      .apply = write_same },
};

const struct filter_row *
filter_row(enum filter_id id)
{
    return &filter_rows[id];
}

enum filter_id
filter_find(struct slice name, struct slice *near)
{
    struct nearest nearest;
    for (int id = 0; id < FILTER_COUNT_; id++) {
        if (slice_equal(name, slice_str(filter_rows[id].name)))
            return (enum filter_id)id;
    }
    if (near) {
        nearest_init(&nearest, name);
        for (int id = 0; id < FILTER_COUNT_; id++)
            nearest_add(&nearest, slice_str(filter_rows[id].name));
        *near = nearest.best;
    }
    return FILTER_COUNT_;
}

const char *
filter_type_name(int32_t type)
{
    static const char *const names[] = {
        [ENVRES_TYPE_DEFAULT] = "a value",   [ENVRES_TYPE_STRING] = "a string",
        [ENVRES_TYPE_NUMBER] = "a number",   [ENVRES_TYPE_BOOLEAN] = "a boolean",
        [ENVRES_TYPE_JSON] = "a JSON value", [ENVRES_TYPE_TEMPLATE] = "a template",
        [ENVRES_TYPE_NULL] = "null",
    };
    size_t count = sizeof(names) / sizeof(names[0]);
    return type >= 0 && (size_t)type < count ? names[type] : names[0];
}

envres_status
filter_apply(enum filter_id id, const struct operand *in, struct buf *scratch, struct operand *out,
             envres_error *err)
{
    const struct filter_row *row = &filter_rows[id];
    int32_t takes = row->takes_json ? ENVRES_TYPE_JSON : ENVRES_TYPE_STRING;
    if (!row->takes_any && in->type != takes)
        return err_set(err, ENVRES_E_TYPE, "the filter '%s' takes %s, not %s", row->name,
                       filter_type_name(takes), filter_type_name(in->type));
    size_t start = scratch->len;
    row->apply(in, scratch);
    if (scratch->failed)
        return buf_status(scratch, err);
    out->type = row->gives;
    out->text = slice_of(scratch->data ? scratch->data + start : "", scratch->len - start);
    return ENVRES_OK;
}
