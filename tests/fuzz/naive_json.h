/* SPDX-License-Identifier: MIT */
/*
 * UTF-8, strings, numbers and documents of JSON once more, as plainly as it can be said, for what
 * the library is compared with. Shares no code with it; for texts of up to NAIVE_TEXT bytes.
 */
#ifndef ENVRES_TESTS_NAIVE_JSON_H
#define ENVRES_TESTS_NAIVE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAIVE_TEXT = 4096 };

/* One character of what is read: the byte, and where it came from in the text that was given. */
struct naive_letter {
    char c;
    uint16_t from;
};

/* Bytes of the character that begins here; 0: none does. */
size_t naive_utf8_size(const unsigned char *s, size_t len);
/* The offset of the first byte that is no UTF-8 (or NUL), or `len`. */
size_t naive_first_bad(const char *s, size_t len);

/* A string at its opening quote: behind its closing one, or 0. Its letters, with `base` added to
 * where they came from, go to `out`, which has room for as many as the text is long. */
size_t naive_read_string(const char *s, size_t len, size_t base, struct naive_letter *out,
                         size_t *count);
/* Length of a number at the front; 0: none. */
size_t naive_number_len(const char *s, size_t len);
/* A number in the form the library prints: an integer that int64 holds stays as it is, all others
 * as ECMAScript prints them. LIMIT. `out`: 64 bytes. */
int32_t naive_print_number(const char *s, size_t len, char *out, size_t *out_len);

/* OK, UTF8, LIMIT or JSON. */
int32_t naive_json_check(const char *s, size_t len);

/* Called for each string, with the offsets of its quotes; a failure ends the walk. */
typedef int32_t (*naive_string_fn)(void *user, const struct naive_letter *letters, size_t count,
                                   size_t open, size_t close, bool is_key);
/* For a document that was checked. */
int32_t naive_json_walk(const char *s, size_t len, naive_string_fn visit, void *user);

/* UTF-8 without NUL. */
bool naive_is_utf8(const char *text, size_t len);
/* JSON, strictly; a text that is too long is taken for it. */
bool naive_is_json(const char *text, size_t len);

#endif
