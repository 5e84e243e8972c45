/* SPDX-License-Identifier: MIT */
/* Growable text. What it held is wiped when it grows and when it is freed: it may be a secret. */
#ifndef ENVRES_CLI_TEXT_H
#define ENVRES_CLI_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *data; /* NUL-terminated as soon as anything was added; NULL before */
    size_t len;
    size_t cap;
};

/* Memory or the end of the process with exit status 8. */
void *memory_take(size_t size);
/* A copy of `len` bytes with a NUL behind; free(). */
char *memory_copy(const char *data, size_t len);
/* Wipes, then frees; NULL is allowed. */
void memory_wipe_free(void *ptr, size_t len);

void text_add(struct text *text, const char *data, size_t len);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
/* The text so far, never NULL. */
const char *text_get(const struct text *text);
/* Wipes and frees; the text is empty afterwards and may be used again. */
void text_free(struct text *text);

/* Adds text so that it can do nothing to a terminal and stays on one line: control characters,
 * bytes that are not UTF-8 and marks that turn the direction of writing appear as escapes. */
void text_add_visible(struct text *text, const char *data, size_t len);

/* Length of the UTF-8 sequence at `data`, 1 to 4, its code point in `code`; 0 when it is none. */
size_t text_decode(const char *data, size_t len, unsigned *code);

/* How many columns the text takes on a terminal. */
size_t text_width(const char *data, size_t len);

/* How many bytes of the text fit into `columns`. */
size_t text_fit(const char *data, size_t len, size_t columns);

/* Whether `candidate` may be what was meant by `typed`; the smaller the better, SIZE_MAX: no. */
size_t text_distance(const char *typed, const char *candidate);

/* Names that were found, to be gone through in order. */
struct names {
    char **names;
    size_t count;
    size_t cap;
};

void names_add(struct names *names, const char *name);
/* By their bytes. */
void names_sort(struct names *names);
void names_free(struct names *names);

#endif
