/* SPDX-License-Identifier: MIT */
/*
 * Near misses with other signs around them. Each dot of the text is looked at, since every
 * reference has one: is it that of `environment.variables.NAME` (the first word may have slips), or
 * that of `resources.HANDLE.FIELD`; and is the path enclosed by a pair of the table, blanks
 * allowed? A bounded number of bytes is looked at for each dot.
 *
 *   open  blanks  word . variables . name  blanks  close
 *                      ^ found by memchr
 */
#include "lang/near.h"

#include <string.h>

#include "base/limits.h"
#include "lang/tag.h"

enum { BLANKS = 16, WORD = 16 };

/* Longer signs before those that they begin or end with. */
static const struct {
    const char *open;
    const char *close;
    bool of_resources; /* it is rarely anything else there */
} pairs[] = {
    { "{{", "}}", true }, { "${", "}", false }, { "<%=", "%>", true }, { "<%", "%>", true },
    { "[[", "]]", true }, { "<", ">>", true },  { "<", ">", false },
};

static bool
is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t
skip_name(struct slice text, size_t at)
{
    size_t end = text.len - at > LIMIT_NAME ? at + LIMIT_NAME : text.len;
    while (at < end && is_name(text.data[at]))
        at++;
    return at;
}

static size_t
start_of_name(struct slice text, size_t end)
{
    size_t at = end;
    while (at > 0 && end - at < WORD && is_name(text.data[at - 1]))
        at--;
    return at;
}

static bool
stands_at(struct slice text, size_t at, const char *word)
{
    size_t len = strlen(word);
    return text.len - at >= len && memcmp(text.data + at, word, len) == 0;
}

static bool
ends_at(struct slice text, size_t end, const char *word)
{
    size_t len = strlen(word);
    return end >= len && memcmp(text.data + end - len, word, len) == 0;
}

static size_t
skip_blanks(struct slice text, size_t at)
{
    size_t end = text.len - at > BLANKS ? at + BLANKS : text.len;
    while (at < end && (text.data[at] == ' ' || text.data[at] == '\t'))
        at++;
    return at;
}

static size_t
skip_blanks_back(struct slice text, size_t at)
{
    size_t floor = at > BLANKS ? at - BLANKS : 0;
    while (at > floor && (text.data[at - 1] == ' ' || text.data[at - 1] == '\t'))
        at--;
    return at;
}

/* Where a path begins and ends, and the dot behind its first word. */
struct path {
    size_t start;
    size_t dot;
    size_t end;
    bool of_resources;
    const char *meant;
};

static bool
find_variable(struct slice text, size_t dot, struct path *out)
{
    static const char member[] = ".variables.";
    if (!stands_at(text, dot, member))
        return false;
    size_t name = dot + sizeof(member) - 1;
    out->start = start_of_name(text, dot);
    out->end = skip_name(text, name);
    out->meant = tag_meant(slice_of(text.data + out->start, dot - out->start));
    return out->end > name && out->meant && strcmp(out->meant, "environment") == 0;
}

static bool
find_field(struct slice text, size_t dot, struct path *out)
{
    static const char word[] = "resources";
    if (!ends_at(text, dot, word))
        return false;
    size_t middle = skip_name(text, dot + 1);
    out->start = dot - (sizeof(word) - 1);
    out->meant = word;
    out->of_resources = true;
    if (middle == dot + 1 || middle == text.len || text.data[middle] != '.')
        return false;
    out->end = skip_name(text, middle + 1);
    return out->end > middle + 1;
}

static bool
is_enclosed(struct slice text, const struct path *path, struct slice *out)
{
    size_t open = skip_blanks_back(text, path->start);
    size_t close = skip_blanks(text, path->end);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if ((path->of_resources && !pairs[i].of_resources) || !ends_at(text, open, pairs[i].open) ||
            !stands_at(text, close, pairs[i].close))
            continue;
        size_t start = open - strlen(pairs[i].open);
        if (pairs[i].open[0] == '<' && start > 0 && text.data[start - 1] == '<')
            continue;
        *out = slice_of(text.data + start, close + strlen(pairs[i].close) - start);
        return true;
    }
    return false;
}

bool
near_next(struct slice text, size_t *at, struct near_other *out)
{
    while (*at < text.len) {
        const char *found = memchr(text.data + *at, '.', text.len - *at);
        if (!found)
            break;
        struct path path = { .dot = (size_t)(found - text.data) };
        *at = path.dot + 1;
        if (!find_variable(text, path.dot, &path) && !find_field(text, path.dot, &path))
            continue;
        if (!is_enclosed(text, &path, &out->text))
            continue;
        out->meant = path.meant;
        out->rest = slice_of(text.data + path.dot + 1, path.end - path.dot - 1);
        *at = path.end;
        return true;
    }
    *at = text.len;
    return false;
}
