/* SPDX-License-Identifier: MIT */
/*
 * The generator. Everything follows from fixed seeds (splitmix64), so a figure can be compared with
 * that of another day. No text has "{{" or "<<" but where a tag or a decoy is meant.
 */
#include "gen.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t
next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

size_t
gen_name(char out[GEN_NAME_MAX], uint32_t index)
{
    static const char *const words[] = { "API_URL", "DB_HOST",   "CACHE_TTL", "MAIL_FROM",
                                         "BUCKET",  "FEATURE_X", "REGION",    "QUEUE_NAME" };
    int len = snprintf(out, GEN_NAME_MAX, "%s_%u", words[index % 8], index);
    return (size_t)len;
}

size_t
gen_mixed_name(char out[GEN_NAME_MAX], uint32_t index)
{
    if (index < GEN_VARIABLES - GEN_SECRETS)
        return gen_name(out, index);
    return (size_t)snprintf(out, GEN_NAME_MAX, "S_%u", index);
}

size_t
gen_value(char out[GEN_VALUE_MAX], uint32_t index)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_/";
    uint64_t state = index + 1;
    size_t len = 4 + next_random(&state) % 37;
    for (size_t i = 0; i < len; i++)
        out[i] = letters[next_random(&state) % (sizeof(letters) - 1)];
    out[len] = '\0';
    return len;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void
need_memory(const void *data)
{
    if (data)
        return;
    fprintf(stderr, "bench: no memory for a text\n");
    exit(1);
}

struct writer {
    struct gen_text text;
    size_t room;
    enum gen_style style;
    uint64_t state;
};

static void
begin(struct writer *w, size_t room, enum gen_style style, uint64_t seed)
{
    *w = (struct writer){ .room = room, .style = style, .state = seed };
    w->text.data = malloc(room);
    need_memory(w->text.data);
}

static void
put(struct writer *w, const char *data, size_t len)
{
    if (w->text.len + len > w->room) {
        w->room = (w->text.len + len) * 2;
        w->text.data = realloc(w->text.data, w->room);
        need_memory(w->text.data);
    }
    memcpy(w->text.data + w->text.len, data, len);
    w->text.len += len;
}

static void
put_str(struct writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void
put_name(struct writer *w, const char *name, size_t len)
{
    put_str(w, w->style == GEN_ENVRES ? "<< environment.variables." : "{{");
    put(w, name, len);
    put_str(w, w->style == GEN_ENVRES ? " >>" : "}}");
    w->text.tags++;
}

static void
put_tag(struct writer *w, uint32_t index)
{
    char name[GEN_NAME_MAX];
    put_name(w, name, gen_name(name, index));
}

static void
put_any_tag(struct writer *w)
{
    put_tag(w, (uint32_t)(next_random(&w->state) % GEN_VARIABLES));
}

/* Words of small letters, `len` bytes. */
static void
put_prose(struct writer *w, size_t len)
{
    char line[64];
    while (len > 0) {
        size_t part = len < sizeof(line) ? len : sizeof(line);
        for (size_t i = 0; i < part; i++) {
            uint64_t r = next_random(&w->state) % 32;
            line[i] = r < 26 ? (char)('a' + r) : ' ';
        }
        put(w, line, part);
        len -= part;
    }
}

/* ---- cases ---------------------------------------------------------------------------------- */

static struct gen_text
make_sql(enum gen_style style)
{
    static const char *const clauses[] = { "\n  AND o.region = ", "\n  AND c.segment < ",
                                           "\n  AND o.state <> ", "\n  AND p.kind = ", "\nLIMIT " };
    struct writer w;
    begin(&w, 2048, style, 1);
    put_str(&w, "SELECT o.id, o.total, c.name, c.email\nFROM orders o\n"
                "JOIN customers c ON c.id = o.customer_id\nWHERE o.created_at > '2026-01-01'\n");
    for (uint32_t i = 0; i < 5; i++) {
        put_str(&w, "  -- ");
        put_prose(&w, 118);
        put_str(&w, clauses[i]);
        put_tag(&w, i * 7);
    }
    put_str(&w, ";\n");
    return w.text;
}

/* Widgets of an app's page. The literals do not depend on the style, only the tags do. */
struct gen_text
gen_document(size_t tags, size_t len, enum gen_style style)
{
    struct writer w;
    size_t literal = len / tags;
    begin(&w, len * 2, style, 2);
    put_str(&w, "{\"app\": \"orders\", \"widgets\": [\n");
    for (size_t i = 0; i < tags; i++) {
        size_t share = 40 + next_random(&w.state) % (literal > 100 ? 2 * (literal - 95) : 16);
        put_str(&w, "  {\"type\": \"text\", \"label\": \"");
        put_prose(&w, share);
        put_str(&w, "\", \"value\": \"");
        put_any_tag(&w);
        put_str(&w, i + 1 < tags ? "\"},\n" : "\"}\n");
    }
    put_str(&w, "]}\n");
    return w.text;
}

static struct gen_text
make_no_tags(size_t len, size_t stride, size_t decoy_stride, enum gen_style style)
{
    struct writer w;
    size_t next_decoy = decoy_stride;
    begin(&w, len + 64, style, 4);
    while (w.text.len < len) {
        put_prose(&w, stride - 1);
        put_str(&w, "<");
        if (decoy_stride && w.text.len > next_decoy) {
            put_str(&w, "< 3;");
            next_decoy += decoy_stride;
        }
    }
    w.text.len = len;
    return w.text;
}

static struct gen_text
make_dense(size_t tags, enum gen_style style)
{
    struct writer w;
    begin(&w, tags * 48, style, 5);
    for (size_t i = 0; i < tags; i++)
        put_any_tag(&w);
    return w.text;
}

struct gen_text
gen_make(enum gen_case which, enum gen_style style)
{
    enum { MEGABYTE = 1000 * 1000 };
    switch (which) {
    case GEN_T1:
        return make_sql(style);
    case GEN_T2:
        return gen_document(500, 97 * 1000, style);
    case GEN_T3:
        return gen_document(50000, 9700 * 1000, style);
    case GEN_T4:
        return make_no_tags(10 * MEGABYTE, 300, 0, style);
    case GEN_T4H:
        return make_no_tags(10 * MEGABYTE, 20, 2000, style);
    case GEN_T5:
        return make_dense(25000, style);
    case GEN_CASES:
        break;
    }
    return (struct gen_text){ NULL, 0, 0 };
}

struct gen_text
gen_listing(enum gen_style style)
{
    struct writer w;
    char name[GEN_NAME_MAX];
    begin(&w, 16384, style, 6);
    for (uint32_t i = 0; i < GEN_VARIABLES; i++) {
        size_t len = gen_mixed_name(name, i);
        put(&w, name, len);
        put_str(&w, "=");
        put_name(&w, name, len);
        put_str(&w, "\n");
    }
    return w.text;
}
