/* SPDX-License-Identifier: MIT */
/*
 * Finding the pair `<<` in long text at the speed of memory, and checking the text on the way: what
 * has been passed over is UTF-8 without NUL.
 */
#ifndef ENVRES_LANG_SCAN_H
#define ENVRES_LANG_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Answers of the searches that are no offset. */
#define SCAN_NONE (SIZE_MAX - 1) /* no pair from here on, and the rest is valid */
#define SCAN_BAD  SIZE_MAX       /* not UTF-8, or a NUL, before the next pair */

/* Offset of the first `<<` at or behind `from`, where `from` is a character boundary. Bytes before
 * `from` are taken as checked by the caller. */
size_t scan_checked(const char *text, size_t from, size_t len);

/* The same over text that is known to be valid: SCAN_NONE or an offset. */
size_t scan_pair(const char *text, size_t from, size_t len);

/* End of the run of letters, digits and `_` that begins at `from`. Short runs, as names are,
 * without a branch per byte. */
size_t scan_name(const char *text, size_t from, size_t len);

/*
 * The tag that nearly every one is, `<< environment.variables.NAME >>` without filters and with at
 * most one blank on each side. Names of up to SCAN_WORDS bytes come as two words, too: their bytes,
 * and zeroes behind them.
 */
enum {
    SCAN_WORDS = 16,
    /* So many bytes of it hold no pair: the next search may begin there, which is known before the
     * end of its name is. */
    SCAN_TAG_SKIP = 24
};

struct scan_tag {
    size_t at;       /* of the << */
    size_t end;      /* behind the >>; 0: it is no such tag */
    size_t name;     /* offset of its name, and the rest: only when it is one */
    size_t name_len; /* 1 to LIMIT_NAME */
    uint64_t head;
    uint64_t tail;
};

/* As scan_checked(), but of more than two `<` in a row the last two count. Also tells whether such
 * a tag begins there; one with a long name at the very end of the text may not be told. Returns
 * out->at. */
size_t scan_tag(const char *text, size_t from, size_t len, struct scan_tag *out);

/* The portable forms, compiled everywhere so that they can be compared with the others. */
size_t scan_checked_portable(const char *text, size_t from, size_t len);
size_t scan_pair_portable(const char *text, size_t from, size_t len);
size_t scan_name_portable(const char *text, size_t from, size_t len);

/* The forms that use only what every processor of the kind has. */
size_t scan_checked_baseline(const char *text, size_t from, size_t len);
size_t scan_pair_baseline(const char *text, size_t from, size_t len);
size_t scan_tag_baseline(const char *text, size_t from, size_t len, struct scan_tag *out);

#endif
