/* SPDX-License-Identifier: MIT */
/*
 * One tag: what opens it, its grammar, and what is only nearly a tag. Works on any span of text;
 * knows nothing of the template around it, of positions, or of memory.
 */
#ifndef ENVRES_LANG_TAG_H
#define ENVRES_LANG_TAG_H

#include <string.h>

#include "base/limits.h"
#include "lang/filter.h"
#include "lang/scan.h"

/* The words a reference can begin with. */
enum tag_root { ROOT_NONE, ROOT_ENVIRONMENT, ROOT_RESOURCES, ROOT_PARAMS, ROOT_APP };

struct tag_filter {
    uint8_t id; /* enum filter_id */
    uint8_t arg_count;
    struct slice args[FILTER_ARGS]; /* JSON literals as they are written */
};

struct tag {
    enum ref_root root;
    uint8_t filter_count;
    struct slice name;  /* of a variable, resource or parameter; else empty */
    struct slice field; /* of a resource */
    size_t end;         /* behind its >> */
    struct tag_filter filters[LIMIT_FILTERS];
};

/* Whether the `<<` at `at` opens a tag: its root, with *body behind the root's dot. */
enum tag_root tag_open(const char *text, size_t at, size_t len, size_t *body);

/*
 * Parses a tag that is open; `body` and `root` as tag_open() gave them. `in_sql`: the filters of
 * SQL templates are allowed. The errors have no position: that is the caller's, who knows where the
 * tag begins in the caller's text. E_SYNTAX, E_LIMIT.
 */
envres_status tag_parse(const char *text, enum tag_root root, size_t body, size_t len, bool in_sql,
                        struct tag *out, envres_error *err);

/*
 * The shape that nearly all tags have, `<< environment.variables.NAME >>` without filters and with
 * at most one blank on each side, at once: its name, and what is behind its end. False for every
 * other, also for a wrong one; what is true here, tag_parse() reads the same way.
 */
static inline bool
tag_is_plain(const char *text, size_t at, size_t len, struct slice *name, size_t *end)
{
    static const char path[] = "environment.variables.";
    enum { PATH = sizeof(path) - 1, SHORTEST = 3 + PATH + 4 };
    if (len - at < SHORTEST)
        return false;
    size_t start = at + 2 + (text[at + 2] == ' ');
    if (memcmp(text + start, path, PATH) != 0)
        return false;
    start += PATH;
    size_t stop = scan_name(text, start, len);
    size_t close = stop + (stop < len && text[stop] == ' ');
    if (len - close < 2 || text[close] != '>' || text[close + 1] != '>')
        return false;
    if (stop == start || stop - start > LIMIT_NAME || (text[start] >= '0' && text[start] <= '9'))
        return false;
    *name = (struct slice){ text + start, stop - start };
    *end = close + 2;
    return true;
}

/* Reads a literal (a span that tag_parse() gave) as an operand; its text is appended to `text`.
 * E_SYNTAX, E_LIMIT, E_UTF8, E_NOMEM. */
envres_status tag_literal(const struct mem *mem, struct slice literal, struct buf *text,
                          int32_t *type, envres_error *err);

/* Text that is kept, but looks like a tag: `<< enviroment.variables.X >>`. */
struct tag_near {
    struct slice path; /* "enviroment.variables.X" */
    const char *meant; /* what stands for its first word: "environment" */
    size_t word_len;   /* of the first word of `path` */
};

/* What was probably meant by the first word of a path, such as "environment"; NULL: nothing. */
const char *tag_meant(struct slice word);

/* Whether the `<<` at `at`, which opens no tag, is one. Looks at a bounded number of bytes. */
bool tag_is_near(const char *text, size_t at, size_t len, struct tag_near *out);

#endif
