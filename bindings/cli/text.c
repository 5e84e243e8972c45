/* SPDX-License-Identifier: MIT */
/*
 * Growable text, the measure of it on a terminal, the likeness of words, and names in order.
 *
 * Memory is taken from the C library: a command line that has none left can do nothing better than
 * to say so and end. Every block that may have held a secret is wiped before it goes back, also
 * when a text grows. Nothing here knows of options, stores or errors of the library.
 */
#include "text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

static _Noreturn void
end_without_memory(void)
{
    static const char line[] = "envres: out of memory\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)written;
    _exit(8);
}

void *
memory_take(size_t size)
{
    void *ptr = calloc(1, size ? size : 1);
    if (!ptr)
        end_without_memory();
    return ptr;
}

char *
memory_copy(const char *data, size_t len)
{
    char *copy = memory_take(len + 1);
    if (len)
        memcpy(copy, data, len);
    return copy;
}

void
memory_wipe_free(void *ptr, size_t len)
{
    if (ptr && len)
        explicit_bzero(ptr, len);
    free(ptr);
}

static void
make_room(struct text *text, size_t more)
{
    if (text->data && more < text->cap - text->len)
        return;
    if (more > SIZE_MAX / 4 - text->len)
        end_without_memory();
    size_t cap = text->cap ? text->cap : 128;
    while (cap <= text->len + more)
        cap *= 2;
    char *data = memory_take(cap);
    if (text->len)
        memcpy(data, text->data, text->len);
    memory_wipe_free(text->data, text->cap);
    text->data = data;
    text->cap = cap;
}

void
text_add(struct text *text, const char *data, size_t len)
{
    make_room(text, len);
    if (len)
        memcpy(text->data + text->len, data, len);
    text->len += len;
    text->data[text->len] = '\0';
}

void
text_puts(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void
text_vprintf(struct text *text, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int need = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (need < 0)
        return;
    make_room(text, (size_t)need);
    vsnprintf(text->data + text->len, (size_t)need + 1, format, arguments);
    text->len += (size_t)need;
}

void
text_printf(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(text, format, arguments);
    va_end(arguments);
}

const char *
text_get(const struct text *text)
{
    return text->data ? text->data : "";
}

void
text_free(struct text *text)
{
    memory_wipe_free(text->data, text->cap);
    memset(text, 0, sizeof(*text));
}

size_t
text_decode(const char *data, size_t len, unsigned *code)
{
    static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned char first = len ? (unsigned char)data[0] : 0xff;
    size_t need = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (!need || need > len || first > 0xf4)
        return 0;
    unsigned value = need == 1 ? first : first & (0x7fU >> need);
    for (size_t i = 1; i < need; i++) {
        unsigned char next = (unsigned char)data[i];
        if ((next & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (next & 0x3f);
    }
    if (value < least[need] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *code = value;
    return need;
}

/* The controls of ASCII and Latin-1, line and paragraph separators, and the marks that embed,
 * override or isolate a direction: they could make a line read as something else. */
static bool
is_hidden(unsigned code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0x200e || code == 0x200f || code == 0xfeff;
}

static void
add_escape(struct text *text, unsigned code)
{
    if (code == '\n')
        text_puts(text, "\\n");
    else if (code == '\t')
        text_puts(text, "\\t");
    else if (code == '\r')
        text_puts(text, "\\r");
    else if (code < 0x100)
        text_printf(text, "\\x%02x", code);
    else
        text_printf(text, "\\u%04x", code);
}

void
text_add_visible(struct text *text, const char *data, size_t len)
{
    size_t plain = 0; /* where the bytes begin that are not yet added */
    size_t at = 0;
    while (at < len) {
        unsigned code = 0;
        size_t step = text_decode(data + at, len - at, &code);
        if (step && !is_hidden(code)) {
            at += step;
            continue;
        }
        text_add(text, data + plain, at - plain);
        add_escape(text, step ? code : (unsigned char)data[at]);
        at += step ? step : 1;
        plain = at;
    }
    text_add(text, data + plain, at - plain);
}

static size_t
code_width(unsigned code)
{
    if (code < 0x300)
        return 1;
    int width = wcwidth((wchar_t)code);
    return width < 0 ? 1 : (size_t)width;
}

size_t
text_width(const char *data, size_t len)
{
    size_t width = 0;
    for (size_t at = 0; at < len;) {
        unsigned code = 0;
        size_t step = text_decode(data + at, len - at, &code);
        width += step ? code_width(code) : 1;
        at += step ? step : 1;
    }
    return width;
}

size_t
text_fit(const char *data, size_t len, size_t columns)
{
    size_t width = 0;
    size_t at = 0;
    while (at < len) {
        unsigned code = 0;
        size_t step = text_decode(data + at, len - at, &code);
        width += step ? code_width(code) : 1;
        if (width > columns)
            return at;
        at += step ? step : 1;
    }
    return at;
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Edits of letters (one wrong, missing, too many, or two exchanged) between words of at most 31
 * bytes; the last three rows of the usual matrix are kept. */
size_t
text_distance(const char *typed, const char *candidate)
{
    enum { LONGEST = 32 };
    size_t n = strlen(typed);
    size_t m = strlen(candidate);
    if (n == 0 || n >= LONGEST || m >= LONGEST)
        return SIZE_MAX;
    if (n >= 3 && m > n && strncmp(typed, candidate, n) == 0)
        return 0; /* the beginning of it */
    size_t allowed = n <= 3 ? 1 : n <= 6 ? 2 : 3;
    if (m > n + allowed || n > m + allowed)
        return SIZE_MAX;
    size_t rows[3][LONGEST + 1] = { { 0 } };
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3];
        const size_t *twice = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            bool same = lower(typed[i - 1]) == lower(candidate[j - 1]);
            size_t best = before[j - 1] + (same ? 0 : 1);
            if (before[j] + 1 < best)
                best = before[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            bool swapped = i > 1 && j > 1 && lower(typed[i - 1]) == lower(candidate[j - 2]) &&
                           lower(typed[i - 2]) == lower(candidate[j - 1]);
            if (swapped && twice[j - 2] + 1 < best)
                best = twice[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[n % 3][m] <= allowed ? rows[n % 3][m] : SIZE_MAX;
}

/* ---- names ---------------------------------------------------------------------------------- */

void
names_add(struct names *names, const char *name)
{
    if (names->count == names->cap) {
        size_t cap = names->cap ? names->cap * 2 : 32;
        char **all = memory_take(cap * sizeof(*all));
        if (names->count)
            memcpy(all, names->names, names->count * sizeof(*all));
        free(names->names);
        names->names = all;
        names->cap = cap;
    }
    names->names[names->count++] = memory_copy(name, strlen(name));
}

static int
compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

void
names_sort(struct names *names)
{
    if (names->count > 1)
        qsort(names->names, names->count, sizeof(*names->names), compare_names);
}

void
names_free(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
    *names = (struct names){ 0 };
}
