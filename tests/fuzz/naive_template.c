/* SPDX-License-Identifier: MIT */
/*
 * A text is rendered by walking over it three times: are all tags right; can all references be
 * followed, and are values that are not secret of the type that their filters take; and then it is
 * written, where the same is asked of the secret ones. The first failure of the first walk that has
 * one counts. Each string of a JSON document is such a text, turned into characters that know where
 * they stood.
 *
 * What it leaves out, and the comparison too: near misses, context sql, places where the shell
 * would not respect quotes, limits of size.
 */
#include "naive_template.h"

#include <stdio.h>
#include <string.h>

#include <envres/error.h>
#include <envres/template.h>
#include <envres/value.h>

enum { DEEPEST = 8, FILTERS = 8, NAME = 128, STACK = 24 };
enum walk { WALK_PARSE, WALK_FIND, WALK_WRITE, WALK_COUNT };
enum place { IN_TEXT, IN_URL, IN_SHELL, IN_STRING, ALONE };

struct text {
    const struct naive_letter *at;
    size_t len;
    size_t end_from; /* where the character behind the last one would have come from */
};

/* A value on its way through the filters. */
struct operand {
    int32_t type;
    bool is_missing;
    bool is_secret;
    bool is_encoded;
    size_t len;
    char text[NAIVE_OUTPUT / 8];
};

struct tag {
    char root[16]; /* environment, variables, resources, params, app */
    char name[NAME + 1];
    char field[NAME + 1];
    size_t filter_count;
    char filters[FILTERS][16];
    bool has_default;
    struct operand preset;
    size_t end;
};

/* Where output goes, and which templates are being expanded: for rings. */
struct sink {
    char *out;
    size_t len;
    size_t cap;
    const char *open[STACK];
    size_t depth;
};

static int32_t
fail(struct naive_world *world, int32_t status, size_t at)
{
    world->error_at = at;
    return status;
}

/* ---- letters --------------------------------------------------------------------------------- */

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_letter(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char
at(struct text text, size_t i)
{
    return i < text.len ? text.at[i].c : '\0';
}

static size_t
from(struct text text, size_t i)
{
    return i < text.len ? text.at[i].from : text.end_from;
}

static bool
says(struct text text, size_t i, const char *word)
{
    for (; *word; word++, i++) {
        if (at(text, i) != *word)
            return false;
    }
    return true;
}

static size_t
skip_blanks(struct text text, size_t i)
{
    while (i < text.len && is_blank(at(text, i)))
        i++;
    return i;
}

/* ---- one tag --------------------------------------------------------------------------------- */

/* The word behind `<<` that makes it a tag, or NULL; *body behind the word's dot. */
static const char *
opens(struct text text, size_t i, size_t *body)
{
    static const char *const roots[] = { "environment", "resources", "params", "app" };
    if (!says(text, i, "<<") || at(text, i + 2) == '<')
        return NULL;
    i = skip_blanks(text, i + 2);
    for (size_t k = 0; k < 4; k++) {
        size_t len = strlen(roots[k]);
        if (says(text, i, roots[k]) && at(text, i + len) == '.') {
            *body = i + len + 1;
            return roots[k];
        }
    }
    return NULL;
}

static int32_t
read_name(struct text text, size_t *i, char out[NAME + 1])
{
    size_t len = 0;
    out[0] = '\0';
    if (!is_letter(at(text, *i)))
        return ENVRES_E_SYNTAX;
    for (; is_letter(at(text, *i)) || is_digit(at(text, *i)); ++*i) {
        if (len == NAME)
            return ENVRES_E_LIMIT;
        out[len++] = at(text, *i);
        out[len] = '\0';
    }
    return ENVRES_OK;
}

static bool
is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, words[i]) == 0)
            return true;
    }
    return false;
}

static int32_t
read_reference(struct text text, const char *root, size_t *i, struct tag *tag)
{
    static const char *const of_environment[] = { "name", "label" };
    static const char *const of_app[] = { "name", "version", "release" };
    strcpy(tag->root, root);
    tag->field[0] = '\0';
    int32_t st = read_name(text, i, tag->name);
    if (st < 0)
        return st;
    if (strcmp(root, "environment") == 0 && strcmp(tag->name, "variables") == 0) {
        strcpy(tag->root, "variables");
        if (at(text, (*i)++) != '.')
            return ENVRES_E_SYNTAX;
        return read_name(text, i, tag->name);
    }
    if (strcmp(root, "environment") == 0 && !is_one_of(tag->name, of_environment, 2))
        return ENVRES_E_SYNTAX;
    if (strcmp(root, "app") == 0 && !is_one_of(tag->name, of_app, 3))
        return ENVRES_E_SYNTAX;
    if (strcmp(root, "resources") != 0)
        return ENVRES_OK;
    if (at(text, (*i)++) != '.')
        return ENVRES_E_SYNTAX;
    return read_name(text, i, tag->field);
}

/* Where a literal ends: a string behind its quote, anything else behind its last sign. */
static size_t
literal_end(struct text text, size_t i)
{
    if (at(text, i) != '"') {
        while (is_letter(at(text, i)) || is_digit(at(text, i)) ||
               (at(text, i) && strchr("+-.", at(text, i))))
            i++;
        return i;
    }
    for (i++; i < text.len && at(text, i) != '"'; i++) {
        if (at(text, i) == '\\')
            i++;
    }
    return i < text.len ? i + 1 : 0;
}

static int32_t
read_literal(struct text text, size_t start, size_t end, struct operand *out)
{
    char copy[NAIVE_TEXT];
    size_t len = end - start;
    for (size_t i = 0; i < len; i++)
        copy[i] = at(text, start + i);
    copy[len] = '\0';
    memset(out, 0, offsetof(struct operand, text));
    if (copy[0] == '"') {
        struct naive_letter letters[NAIVE_TEXT];
        out->type = ENVRES_TYPE_STRING;
        if (naive_first_bad(copy, len) < len)
            return ENVRES_E_UTF8;
        if (naive_read_string(copy, len, 0, letters, &out->len) != len)
            return ENVRES_E_SYNTAX;
        for (size_t i = 0; i < out->len; i++)
            out->text[i] = letters[i].c;
        return ENVRES_OK;
    }
    out->type = ENVRES_TYPE_NUMBER;
    if (strcmp(copy, "true") == 0 || strcmp(copy, "false") == 0)
        out->type = ENVRES_TYPE_BOOLEAN;
    else if (strcmp(copy, "null") == 0)
        out->type = ENVRES_TYPE_NULL;
    else if (naive_number_len(copy, len) != len)
        return ENVRES_E_SYNTAX;
    else
        return naive_print_number(copy, len, out->text, &out->len);
    memcpy(out->text, copy, len);
    out->len = len;
    return ENVRES_OK;
}

/* Behind a filter's name: how many arguments there are, and where the first one stands. */
static int32_t
read_arguments(struct text text, size_t *i, size_t *count, size_t *start, size_t *end)
{
    size_t next = skip_blanks(text, *i);
    *count = 0;
    if (at(text, next) != '(')
        return ENVRES_OK;
    *i = skip_blanks(text, next + 1);
    if (at(text, *i) == ')') {
        ++*i;
        return ENVRES_OK;
    }
    for (;;) {
        size_t stop = literal_end(text, *i);
        if (stop <= *i)
            return ENVRES_E_SYNTAX;
        if ((*count)++ == 0) {
            *start = *i;
            *end = stop;
        }
        *i = skip_blanks(text, stop);
        char c = at(text, (*i)++);
        if (c == ')')
            return ENVRES_OK;
        if (c != ',')
            return ENVRES_E_SYNTAX;
        *i = skip_blanks(text, *i);
    }
}

static int32_t
read_filter(struct text text, size_t *i, struct tag *tag, size_t *start, size_t *end)
{
    static const char *const plain[] = { "json", "url", "base64", "upper", "lower", "trim" };
    char name[NAME + 1];
    size_t count = 0;
    *i = skip_blanks(text, *i);
    int32_t st = read_name(text, i, name);
    if (st < 0)
        return st;
    bool is_default = strcmp(name, "default") == 0;
    if (!is_default && !is_one_of(name, plain, 6) && strcmp(name, "ident") != 0 &&
        strcmp(name, "list") != 0)
        return ENVRES_E_SYNTAX;
    if (tag->filter_count + tag->has_default == FILTERS)
        return ENVRES_E_LIMIT;
    size_t first = 0;
    size_t behind = 0;
    st = read_arguments(text, i, &count, &first, &behind);
    if (st < 0)
        return st;
    if (is_default ? count != 1 || tag->filter_count > 0 || tag->has_default
                   : count != 0 || !is_one_of(name, plain, 6))
        return ENVRES_E_SYNTAX;
    if (is_default) {
        tag->has_default = true;
        *start = first;
        *end = behind;
    } else {
        strcpy(tag->filters[tag->filter_count++], name);
    }
    return ENVRES_OK;
}

/* A tag whose root was read, up to behind its `>>`. */
static int32_t
read_tag(struct text text, const char *root, size_t i, struct tag *tag)
{
    size_t start = 0;
    size_t end = 0;
    tag->filter_count = 0;
    tag->has_default = false;
    int32_t st = read_reference(text, root, &i, tag);
    while (st == ENVRES_OK) {
        i = skip_blanks(text, i);
        if (says(text, i, ">>"))
            break;
        if (at(text, i++) != '|')
            return ENVRES_E_SYNTAX;
        st = read_filter(text, &i, tag, &start, &end);
    }
    if (st < 0)
        return st;
    tag->end = i + 2;
    return tag->has_default ? read_literal(text, start, end, &tag->preset) : ENVRES_OK;
}

/* ---- filters and places ---------------------------------------------------------------------- */

struct writer {
    char *out;
    size_t len;
    size_t cap;
    bool *is_cut;
};

static void
put(struct writer *writer, const char *bytes, size_t len)
{
    if (len > writer->cap - writer->len) {
        len = writer->cap - writer->len;
        *writer->is_cut = true;
    }
    memcpy(writer->out + writer->len, bytes, len);
    writer->len += len;
}

static void
put_percent(struct writer *writer, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char code[8];
        if (is_digit(s[i]) || is_letter(s[i]) || s[i] == '-' || s[i] == '.' || s[i] == '~')
            put(writer, s + i, 1);
        else
            put(writer, code, (size_t)snprintf(code, sizeof(code), "%%%02X", (unsigned char)s[i]));
    }
}

static void
put_escaped(struct writer *writer, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char code[8];
        const char *known = s[i] ? strchr("\"\"\\\\\bb\ff\nn\rr\tt", s[i]) : NULL;
        if (s[i] == '"' || s[i] == '\\' || ((unsigned char)s[i] < 0x20 && known))
            put(writer, code, (size_t)snprintf(code, sizeof(code), "\\%c", known[1]));
        else if ((unsigned char)s[i] < 0x20)
            put(writer, code, (size_t)snprintf(code, sizeof(code), "\\u%04x", (unsigned char)s[i]));
        else
            put(writer, s + i, 1);
    }
}

static void
put_base64(struct writer *writer, const char *s, size_t len)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t bits = len * 8;
    for (size_t bit = 0; bit < bits; bit += 6) {
        unsigned value = 0;
        for (size_t k = bit; k < bit + 6; k++)
            value = value << 1 | (k < bits ? (unsigned)(s[k / 8] >> (7 - k % 8)) & 1u : 0u);
        put(writer, &letters[value], 1);
    }
    for (size_t i = len; i % 3 != 0; i++)
        put(writer, "=", 1);
}

/* One filter, from its operand to a new one in its place. */
static int32_t
apply(const char *filter, struct operand *operand, bool *is_cut)
{
    static struct operand before;
    memcpy(&before, operand, offsetof(struct operand, text) + operand->len);
    struct writer writer = { operand->text, 0, sizeof(operand->text), is_cut };
    const char *s = before.text;
    size_t len = before.len;
    bool is_string = before.type == ENVRES_TYPE_STRING;
    operand->type = ENVRES_TYPE_STRING;
    if (strcmp(filter, "json") == 0) {
        put(&writer, "\"", is_string);
        if (is_string)
            put_escaped(&writer, s, len);
        else
            put(&writer, s, len);
        put(&writer, "\"", is_string);
        operand->type = ENVRES_TYPE_JSON;
        operand->is_encoded = false;
    } else if (strcmp(filter, "url") == 0) {
        put_percent(&writer, s, len);
        operand->is_encoded = true;
    } else if (strcmp(filter, "base64") == 0) {
        put_base64(&writer, s, len);
        operand->is_encoded = false;
    } else if (!is_string) {
        return ENVRES_E_TYPE;
    } else if (strcmp(filter, "trim") == 0) {
        for (; len > 0 && is_blank(s[len - 1]); len--)
            continue;
        for (; len > 0 && is_blank(*s); len--)
            s++;
        put(&writer, s, len);
    } else {
        bool up = strcmp(filter, "upper") == 0;
        for (size_t i = 0; i < len; i++) {
            char c = s[i];
            if (up ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z')
                c = (char)(up ? c - 32 : c + 32);
            put(&writer, &c, 1);
        }
    }
    operand->len = writer.len;
    return ENVRES_OK;
}

static void
put_operand(const struct naive_world *world, struct writer *writer, enum place place,
            const struct operand *value)
{
    const char *s = value->text;
    size_t len = value->len;
    bool encode_again = world->fault == NAIVE_ENCODES_TWICE;
    if (place == IN_URL && (!value->is_encoded || encode_again)) {
        put_percent(writer, s, len);
    } else if (place == IN_SHELL) {
        put(writer, "'", 1);
        for (size_t i = 0; i < len; i++)
            put(writer, s[i] == '\'' ? "'\\''" : s + i, s[i] == '\'' ? 4 : 1);
        put(writer, "'", 1);
    } else if (place == IN_STRING) {
        put_escaped(writer, s, len);
    } else if (place == ALONE && value->type == ENVRES_TYPE_STRING) {
        put(writer, "\"", 1);
        put_escaped(writer, s, len);
        put(writer, "\"", 1);
    } else {
        put(writer, s, len);
    }
}

/* ---- following references -------------------------------------------------------------------- */

static int32_t expand(struct naive_world *world, const struct naive_value *value,
                      struct sink *outer, struct operand *out, size_t *depth);

static const struct naive_value *
look_up(struct naive_values values, const char *name)
{
    for (size_t i = 0; i < values.count; i++) {
        if (strcmp(values.values[i].name, name) == 0)
            return &values.values[i];
    }
    return NULL;
}

static void
set_text(struct operand *out, const char *text, size_t len)
{
    out->len = len;
    memcpy(out->text, text, len);
}

static int32_t
find_absent(struct naive_world *world, const struct tag *tag, int32_t status, struct operand *out)
{
    out->is_missing = true;
    if (tag->has_default)
        return ENVRES_OK;
    return world->fault == NAIVE_MISSING_IS_EMPTY ? ENVRES_OK : status;
}

/* The value of a tag's reference; *depth: how many templates it is made of, one in the other. */
static int32_t
find(struct naive_world *world, const struct tag *tag, bool has_params, struct sink *sink,
     struct operand *out, size_t *depth)
{
    const struct naive_value *value = NULL;
    int32_t absent = ENVRES_E_NOT_SET;
    memset(out, 0, offsetof(struct operand, text));
    out->type = ENVRES_TYPE_STRING;
    *depth = 0;
    if (strcmp(tag->root, "environment") == 0) {
        const char *text = strcmp(tag->name, "name") == 0 ? world->environment : world->label;
        set_text(out, text, strlen(text));
        return ENVRES_OK;
    }
    if (strcmp(tag->root, "variables") == 0) {
        value = look_up(world->variables, tag->name);
        absent =
            strcmp(tag->name, world->set_elsewhere) == 0 ? ENVRES_E_NOT_SET : ENVRES_E_NOT_FOUND;
    } else if (strcmp(tag->root, "resources") == 0) {
        bool is_handle = strcmp(tag->name, world->handle) == 0;
        bool is_unset =
            strcmp(tag->name, world->unset_handle) == 0 || (is_handle && world->fields.count == 0);
        value = is_handle ? look_up(world->fields, tag->field) : NULL;
        absent = is_unset    ? ENVRES_E_NOT_CONFIGURED
                 : is_handle ? ENVRES_E_NOT_SET
                             : ENVRES_E_NOT_FOUND;
    } else if (strcmp(tag->root, "params") == 0 && has_params) {
        value = look_up(world->params, tag->name);
    }
    if (!value)
        return find_absent(world, tag, absent, out);
    if (value->is_template)
        return expand(world, value, sink, out, depth);
    out->type = value->type;
    out->is_secret = value->is_secret;
    set_text(out, value->text, value->len);
    return ENVRES_OK;
}

static int32_t
run_filters(struct naive_world *world, const struct tag *tag, struct operand *value)
{
    if (value->is_missing && tag->has_default) {
        *value = tag->preset;
        value->is_encoded = false;
    }
    for (size_t i = 0; i < tag->filter_count; i++) {
        int32_t st = apply(tag->filters[i], value, &world->is_cut);
        if (st < 0)
            return st;
    }
    return ENVRES_OK;
}

/* ---- walking over a text --------------------------------------------------------------------- */

/* One stretch of text in which tags are looked for, and how the walk goes over it. */
struct stretch {
    struct naive_world *world;
    enum walk walk;
    enum place place;
    bool has_params;
    bool is_key;
    bool is_nested; /* of a template variable */
    struct sink *sink;
    struct writer *writer;
    const char *source; /* the text that was given: literals are copied from it */
    size_t depth;       /* the deepest template that was met */
};

static void
add_range(struct naive_world *world, size_t start, size_t end)
{
    if (start == end || world->fault == NAIVE_FORGETS_SECRET)
        return;
    size_t n = world->range_count;
    if (n > 0 && world->ranges[n - 1][1] == start) {
        world->ranges[n - 1][1] = end;
        return;
    }
    if (n < NAIVE_RANGES) {
        world->ranges[n][0] = start;
        world->ranges[n][1] = end;
        world->range_count++;
    }
}

static void
write_value(struct stretch *stretch, enum place place, const struct operand *value, bool was_secret)
{
    struct naive_world *world = stretch->world;
    struct writer *writer = stretch->writer;
    size_t start = writer->len;
    if (world->fault != NAIVE_READS_VALUES || value->len < 2 || memcmp(value->text, "<<", 2) != 0)
        put_operand(world, writer, place, value);
    if (was_secret && !stretch->is_nested) {
        world->is_secret = world->fault != NAIVE_FORGETS_SECRET;
        add_range(world, start, writer->len);
    }
}

/* What a walk does at a tag. */
static int32_t
at_tag(struct stretch *stretch, const struct tag *tag, enum place place)
{
    static struct operand values[STACK];
    struct naive_world *world = stretch->world;
    struct operand *value = &values[stretch->sink->depth];
    size_t depth = 0;
    if (stretch->walk == WALK_PARSE)
        return ENVRES_OK;
    int32_t st = find(world, tag, stretch->has_params, stretch->sink, value, &depth);
    if (st < 0)
        return st;
    if (depth > stretch->depth)
        stretch->depth = depth;
    bool was_secret = value->is_secret;
    if (was_secret && world->forbids_secrets)
        return ENVRES_E_SECRET_SINK;
    if (stretch->walk == WALK_FIND && (was_secret || stretch->is_nested))
        return ENVRES_OK;
    st = run_filters(world, tag, value);
    if (st == ENVRES_OK && stretch->walk == WALK_WRITE)
        write_value(stretch, place, value, was_secret);
    return st;
}

static void
copy_source(struct stretch *stretch, struct text text, size_t start, size_t end)
{
    if (stretch->walk == WALK_WRITE && end > start)
        put(stretch->writer, stretch->source + from(text, start),
            from(text, end) - from(text, start));
}

/* The tag at `i`, if there is one, with the backslashes before it. *behind: where to go on. */
static int32_t
take_tag(struct stretch *stretch, struct text text, size_t floor, size_t *literal, size_t i,
         size_t *behind)
{
    static struct tag tags[STACK];
    struct tag *tag = &tags[stretch->sink->depth];
    size_t body = 0;
    size_t slashes = 0;
    const char *root = opens(text, i, &body);
    *behind = i + 1;
    if (!root)
        return ENVRES_OK;
    while (i - slashes > floor && at(text, i - slashes - 1) == '\\')
        slashes++;
    size_t kept = stretch->world->fault == NAIVE_EVEN_BACKSLASHES ? slashes : slashes / 2;
    if (slashes % 2 == 1) {
        copy_source(stretch, text, *literal, i - slashes + slashes / 2);
        *literal = i;
        *behind = i + 2;
        return ENVRES_OK;
    }
    int32_t st = read_tag(text, root, body, tag);
    if (st < 0)
        return fail(stretch->world, st, from(text, i));
    bool is_alone = stretch->place == IN_STRING && !stretch->is_key && i == 0 &&
                    tag->end == text.len && stretch->world->fault != NAIVE_ALONE_IS_STRING;
    copy_source(stretch, text, *literal, i - slashes + kept);
    if (is_alone && stretch->walk == WALK_WRITE)
        stretch->writer->len--; /* the quote that was copied before the string */
    *literal = *behind = tag->end;
    st = at_tag(stretch, tag, is_alone ? ALONE : stretch->place);
    if (is_alone && st == ENVRES_OK)
        *behind = SIZE_MAX;
    return st < 0 ? fail(stretch->world, st, from(text, i)) : ENVRES_OK;
}

/* All of a stretch. *is_alone: the string was one tag, and its closing quote goes too. */
static int32_t
walk_stretch(struct stretch *stretch, struct text text, bool *is_alone)
{
    size_t floor = 0;
    size_t literal = 0;
    size_t i = 0;
    *is_alone = false;
    while (i < text.len) {
        size_t behind = 0;
        size_t before = literal;
        if (at(text, i) != '<') {
            char bytes[4] = { 0 };
            for (size_t k = 0; k < 4; k++)
                bytes[k] = at(text, i + k);
            size_t room = text.len - i < 4 ? text.len - i : 4;
            size_t step = naive_utf8_size((const unsigned char *)bytes, room);
            if (step == 0)
                return fail(stretch->world, ENVRES_E_UTF8, SIZE_MAX);
            i += step;
            continue;
        }
        int32_t st = take_tag(stretch, text, floor, &literal, i, &behind);
        if (st < 0)
            return st;
        if (behind == SIZE_MAX) {
            *is_alone = true;
            return ENVRES_OK;
        }
        i = behind;
        if (literal != before)
            floor = i;
    }
    copy_source(stretch, text, literal, text.len);
    return ENVRES_OK;
}

static struct text
letters_of(const char *s, size_t len, struct naive_letter *room)
{
    for (size_t i = 0; i < len; i++)
        room[i] = (struct naive_letter){ s[i], (uint16_t)i };
    return (struct text){ room, len, len };
}

/* A template variable: its text, expanded without parameters. */
static int32_t
expand(struct naive_world *world, const struct naive_value *value, struct sink *outer,
       struct operand *out, size_t *depth)
{
    struct naive_letter room[NAIVE_TEXT];
    struct sink sink = *outer;
    struct writer writer = { out->text, 0, sizeof(out->text), &world->is_cut };
    bool is_alone = false;
    for (size_t i = 0; i < sink.depth; i++) {
        if (sink.open[i] == value->name)
            return ENVRES_E_CYCLE;
    }
    sink.open[sink.depth++] = value->name;
    struct text text = letters_of(value->text, value->len, room);
    struct stretch stretch = { .world = world,
                               .place = IN_TEXT,
                               .is_nested = true,
                               .sink = &sink,
                               .writer = &writer,
                               .source = value->text };
    static const enum walk order[] = { WALK_PARSE, WALK_FIND, WALK_WRITE };
    bool forbids = world->forbids_secrets;
    world->forbids_secrets = false;
    int32_t st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < 3; i++) {
        stretch.walk = order[i];
        st = walk_stretch(&stretch, text, &is_alone);
        if (st == ENVRES_OK && stretch.walk == WALK_FIND && stretch.depth + 1 > DEEPEST)
            st = ENVRES_E_DEPTH;
    }
    world->forbids_secrets = forbids;
    out->len = writer.len;
    *depth = stretch.depth + 1;
    return st;
}

/* ---- documents ------------------------------------------------------------------------------- */

struct strings {
    struct stretch *stretch;
    size_t copied; /* of the document */
};

/* The tags of one string, with what stands before it in the document. */
static int32_t
walk_string(void *user, const struct naive_letter *letters, size_t count, size_t open, size_t close,
            bool is_key)
{
    struct strings *strings = user;
    struct stretch *stretch = strings->stretch;
    struct text text = { letters, count, close };
    bool is_alone = false;
    if (stretch->walk == WALK_WRITE)
        put(stretch->writer, stretch->source + strings->copied, open + 1 - strings->copied);
    stretch->is_key = is_key;
    int32_t st = walk_stretch(stretch, text, &is_alone);
    strings->copied = is_alone ? close + 1 : close;
    return st;
}

static int32_t
walk_document(struct stretch *stretch, const char *s, size_t len)
{
    struct strings strings = { stretch, 0 };
    int32_t st = naive_json_walk(s, len, walk_string, &strings);
    if (st == ENVRES_OK && stretch->walk == WALK_WRITE)
        put(stretch->writer, s + strings.copied, len - strings.copied);
    return st;
}

/* ---- all of it ------------------------------------------------------------------------------- */

void
naive_render(struct naive_world *world, const char *text, size_t len)
{
    struct naive_letter room[NAIVE_TEXT];
    struct sink sink = { .depth = 0 };
    struct writer writer = { world->out, 0, sizeof(world->out), &world->is_cut };
    bool is_json = world->context == ENVRES_CONTEXT_JSON;
    bool is_alone = false;
    struct stretch stretch = { .world = world,
                               .place = is_json                                  ? IN_STRING
                                        : world->context == ENVRES_CONTEXT_URL   ? IN_URL
                                        : world->context == ENVRES_CONTEXT_SHELL ? IN_SHELL
                                                                                 : IN_TEXT,
                               .has_params = true,
                               .sink = &sink,
                               .writer = &writer,
                               .source = text };
    world->error_at = SIZE_MAX;
    world->is_secret = false;
    world->range_count = 0;
    world->may_need_quotes = false;
    world->is_cut = false;
    for (size_t i = 0; i < len; i++)
        world->may_need_quotes |= text[i] && strchr("'\"`$#(<\\", text[i]);
    int32_t st = is_json ? naive_json_check(text, len) : ENVRES_OK;
    for (int walk = WALK_PARSE; st == ENVRES_OK && walk < WALK_COUNT; walk++) {
        stretch.walk = (enum walk)walk;
        st = is_json ? walk_document(&stretch, text, len)
                     : walk_stretch(&stretch, letters_of(text, len, room), &is_alone);
    }
    world->is_cut = world->is_cut || writer.len > NAIVE_TEXT;
    if (st == ENVRES_OK && is_json && !world->is_cut &&
        naive_json_check(world->out, writer.len) < 0)
        st = ENVRES_E_JSON;
    world->status = st;
    world->len = writer.len;
}
