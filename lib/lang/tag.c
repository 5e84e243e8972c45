/* SPDX-License-Identifier: MIT */
/*
 * The grammar of one tag.
 *
 *   tag     = "<<" ws expr ws ">>"
 *   expr    = ref { ws "|" ws filter }
 *   ref     = "environment" "." ( "name" | "label" | "variables" "." name )
 *           | "resources" "." name "." field
 *           | "params" "." name
 *           | "app" "." ( "name" | "version" | "release" )
 *   filter  = ident [ ws "(" ws [ literal { ws "," ws literal } ] ws ")" ]
 *   literal = json-string | json-number | "true" | "false" | "null"
 *   name    = letter or "_" , { letter | digit | "_" }
 *   ws      = { space | tab | CR | LF }
 *
 * A tag is open once its root and the dot behind it are read; from there on it must be right. Each
 * function moves a cursor forward only, so a tag costs its length. Literals are only delimited
 * here; tag_literal() reads them, through the strict JSON of base.
 */
#include "lang/tag.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

struct cursor {
    const char *text;
    size_t at;
    size_t len;
};

enum { CHAR_NAME = 1, CHAR_DIGIT = 2, CHAR_SPACE = 4 };

/* CHAR_NAME: letters and "_"; a name goes on with CHAR_NAME | CHAR_DIGIT. */
#define N CHAR_NAME
#define D CHAR_DIGIT
#define S CHAR_SPACE
static const uint8_t char_class[256] = {
    ['\t'] = S, ['\n'] = S, ['\r'] = S, [' '] = S, ['0'] = D, ['1'] = D, ['2'] = D, ['3'] = D,
    ['4'] = D,  ['5'] = D,  ['6'] = D,  ['7'] = D, ['8'] = D, ['9'] = D, ['A'] = N, ['B'] = N,
    ['C'] = N,  ['D'] = N,  ['E'] = N,  ['F'] = N, ['G'] = N, ['H'] = N, ['I'] = N, ['J'] = N,
    ['K'] = N,  ['L'] = N,  ['M'] = N,  ['N'] = N, ['O'] = N, ['P'] = N, ['Q'] = N, ['R'] = N,
    ['S'] = N,  ['T'] = N,  ['U'] = N,  ['V'] = N, ['W'] = N, ['X'] = N, ['Y'] = N, ['Z'] = N,
    ['_'] = N,  ['a'] = N,  ['b'] = N,  ['c'] = N, ['d'] = N, ['e'] = N, ['f'] = N, ['g'] = N,
    ['h'] = N,  ['i'] = N,  ['j'] = N,  ['k'] = N, ['l'] = N, ['m'] = N, ['n'] = N, ['o'] = N,
    ['p'] = N,  ['q'] = N,  ['r'] = N,  ['s'] = N, ['t'] = N, ['u'] = N, ['v'] = N, ['w'] = N,
    ['x'] = N,  ['y'] = N,  ['z'] = N,
};
#undef N
#undef D
#undef S

static inline bool
is_class(char c, int classes)
{
    return (char_class[(unsigned char)c] & classes) != 0;
}

static inline size_t
skip_class(const char *text, size_t at, size_t len, int classes)
{
    while (at < len && is_class(text[at], classes))
        at++;
    return at;
}

static inline void
skip_space(struct cursor *c)
{
    c->at = skip_class(c->text, c->at, c->len, CHAR_SPACE);
}

static inline bool
take_text(struct cursor *c, const char *word, size_t word_len)
{
    if (c->len - c->at < word_len || memcmp(c->text + c->at, word, word_len) != 0)
        return false;
    c->at += word_len;
    return true;
}

#define TAKE(c, word) take_text((c), word, sizeof(word) - 1)

enum tag_root
tag_open(const char *text, size_t at, size_t len, size_t *body)
{
    struct cursor c = { text, at + 2, len };
    enum tag_root root = ROOT_NONE;
    skip_space(&c);
    if (c.at == len)
        return ROOT_NONE;
    switch (text[c.at]) {
    case 'e':
        root = TAKE(&c, "environment.") ? ROOT_ENVIRONMENT : ROOT_NONE;
        break;
    case 'r':
        root = TAKE(&c, "resources.") ? ROOT_RESOURCES : ROOT_NONE;
        break;
    case 'p':
        root = TAKE(&c, "params.") ? ROOT_PARAMS : ROOT_NONE;
        break;
    case 'a':
        root = TAKE(&c, "app.") ? ROOT_APP : ROOT_NONE;
        break;
    default:
        break;
    }
    *body = c.at;
    return root;
}

/* ---- references ---------------------------------------------------------------------------- */

static envres_status
fail_name(const struct cursor *c, const char *what, envres_error *err)
{
    if (c->at == c->len)
        return err_set(err, ENVRES_E_SYNTAX, "the tag ends where %s should stand", what);
    err_set(err, ENVRES_E_SYNTAX, "%s is missing in the tag", what);
    err_hint(err, "a name begins with a letter or _ and goes on with letters, digits and _");
    return ENVRES_E_SYNTAX;
}

static envres_status
take_name(struct cursor *c, const char *what, struct slice *out, envres_error *err)
{
    size_t start = c->at;
    if (start == c->len || !is_class(c->text[start], CHAR_NAME))
        return fail_name(c, what, err);
    c->at = scan_name(c->text, start + 1, c->len);
    if (c->at - start > LIMIT_NAME)
        return err_set(err, ENVRES_E_LIMIT, "%s is longer than %d bytes", what, LIMIT_NAME);
    out->data = c->text + start;
    out->len = c->at - start;
    return ENVRES_OK;
}

static envres_status
fail_member(struct slice word, const char *owner, const char *const *members, size_t count,
            envres_error *err)
{
    struct nearest nearest;
    nearest_init(&nearest, word);
    for (size_t i = 0; i < count; i++)
        nearest_add(&nearest, slice_str(members[i]));
    err_set(err, ENVRES_E_SYNTAX, "'%s' has no field '%.*s'", owner, (int)word.len, word.data);
    err_subject(err, word.data, word.len);
    if (nearest.best.data)
        err_hint(err, "did you mean %s.%.*s?", owner, (int)nearest.best.len, nearest.best.data);
    else
        err_hint(err, "%s has: %s, %s, %s", owner, members[0], members[1], members[2]);
    return ENVRES_E_SYNTAX;
}

static envres_status
take_environment(struct cursor *c, struct tag *out, envres_error *err)
{
    static const char *const members[] = { "name", "label", "variables" };
    struct slice word = { 0 };
    if (TAKE(c, "variables.")) {
        out->root = REF_VARIABLE;
        return take_name(c, "the variable's name", &out->name, err);
    }
    envres_status st = take_name(c, "the environment's field", &word, err);
    if (st < 0)
        return st;
    if (slice_equal(word, slice_str("name")))
        out->root = REF_ENVIRONMENT_NAME;
    else if (slice_equal(word, slice_str("label")))
        out->root = REF_ENVIRONMENT_LABEL;
    else if (slice_equal(word, slice_str("variables")))
        return err_set(err, ENVRES_E_SYNTAX, "the variable's name is missing in the tag");
    else
        return fail_member(word, "environment", members, 3, err);
    return ENVRES_OK;
}

static envres_status
take_app(struct cursor *c, struct tag *out, envres_error *err)
{
    static const char *const members[] = { "name", "version", "release" };
    static const enum ref_root roots[] = { REF_APP_NAME, REF_APP_VERSION, REF_APP_RELEASE };
    struct slice word = { 0 };
    envres_status st = take_name(c, "the app's field", &word, err);
    if (st < 0)
        return st;
    for (size_t i = 0; i < 3; i++) {
        if (slice_equal(word, slice_str(members[i]))) {
            out->root = roots[i];
            return ENVRES_OK;
        }
    }
    return fail_member(word, "app", members, 3, err);
}

static envres_status
take_resource(struct cursor *c, struct tag *out, envres_error *err)
{
    out->root = REF_RESOURCE;
    envres_status st = take_name(c, "the resource's name", &out->name, err);
    if (st < 0)
        return st;
    if (!TAKE(c, ".")) {
        err_set(err, ENVRES_E_SYNTAX, "the resource's field is missing in the tag");
        err_hint(err, "write resources.NAME.FIELD");
        return ENVRES_E_SYNTAX;
    }
    return take_name(c, "the resource's field", &out->field, err);
}

static envres_status
take_reference(struct cursor *c, enum tag_root root, struct tag *out, envres_error *err)
{
    out->name = out->field = (struct slice){ "", 0 };
    switch (root) {
    case ROOT_ENVIRONMENT:
        return take_environment(c, out, err);
    case ROOT_RESOURCES:
        return take_resource(c, out, err);
    case ROOT_PARAMS:
        out->root = REF_PARAM;
        return take_name(c, "the parameter's name", &out->name, err);
    case ROOT_APP:
        return take_app(c, out, err);
    case ROOT_NONE:
        break;
    }
    return err_set(err, ENVRES_E_SYNTAX, "this opens no tag");
}

/* ---- filters ------------------------------------------------------------------------------- */

static size_t
string_end(const struct cursor *c)
{
    for (size_t at = c->at + 1; at < c->len; at++) {
        if (c->text[at] == '"')
            return at + 1;
        if (c->text[at] == '\\')
            at++;
    }
    return SIZE_MAX;
}

static bool
is_scalar_char(char ch)
{
    return is_class(ch, CHAR_NAME | CHAR_DIGIT) || ch == '-' || ch == '+' || ch == '.';
}

/* Delimits a literal: a string up to its closing quote, else a run of what numbers and words are
 * made of. */
static envres_status
take_literal(struct cursor *c, struct slice *out, envres_error *err)
{
    size_t end = c->at;
    if (c->at < c->len && c->text[c->at] == '"') {
        end = string_end(c);
        if (end == SIZE_MAX)
            return err_set(err, ENVRES_E_SYNTAX, "a string in the tag is not closed");
    } else {
        while (end < c->len && is_scalar_char(c->text[end]))
            end++;
    }
    if (end == c->at) {
        err_set(err, ENVRES_E_SYNTAX, "a filter's argument is missing or no literal");
        err_hint(err, "write a JSON string in double quotes, a number, true, false or null");
        return ENVRES_E_SYNTAX;
    }
    *out = (struct slice){ c->text + c->at, end - c->at };
    c->at = end;
    return ENVRES_OK;
}

/* Behind the opening parenthesis. More literals than any filter takes are read and counted only. */
static envres_status
take_arguments(struct cursor *c, struct tag_filter *filter, envres_error *err)
{
    skip_space(c);
    if (TAKE(c, ")"))
        return ENVRES_OK;
    for (;;) {
        struct slice literal = { 0 };
        envres_status st = take_literal(c, &literal, err);
        if (st < 0)
            return st;
        if (filter->arg_count < FILTER_ARGS)
            filter->args[filter->arg_count] = literal;
        if (filter->arg_count <= FILTER_ARGS)
            filter->arg_count++;
        skip_space(c);
        if (TAKE(c, ")"))
            return ENVRES_OK;
        if (!TAKE(c, ","))
            return err_set(err, ENVRES_E_SYNTAX, "the filter's arguments are not closed with )");
        skip_space(c);
    }
}

static envres_status
check_filter(const struct tag *tag, const struct tag_filter *filter, bool in_sql, envres_error *err)
{
    const struct filter_row *row = filter_row((enum filter_id)filter->id);
    size_t index = tag->filter_count;
    const struct filter_row *before =
        index > 0 ? filter_row((enum filter_id)tag->filters[index - 1].id) : NULL;
    if (before && before->sql_only)
        return err_set(err, ENVRES_E_SYNTAX, "the filter '%s' must be the last one", before->name);
    if (row->sql_only && !in_sql) {
        err_set(err, ENVRES_E_SYNTAX, "the filter '%s' belongs to SQL templates", row->name);
        err_hint(err, "there it says how a value becomes part of a statement; remove it here");
        return ENVRES_E_SYNTAX;
    }
    if (row->first_only && index > 0)
        return err_set(err, ENVRES_E_SYNTAX, "the filter '%s' must be the first one", row->name);
    if (filter->arg_count == row->args)
        return ENVRES_OK;
    if (row->args == 0)
        return err_set(err, ENVRES_E_SYNTAX, "the filter '%s' takes no argument", row->name);
    err_set(err, ENVRES_E_SYNTAX, "the filter '%s' takes exactly one argument", row->name);
    err_hint(err, "for example %s(\"none\")", row->name);
    return ENVRES_E_SYNTAX;
}

static envres_status
take_filter(struct cursor *c, bool in_sql, struct tag *out, envres_error *err)
{
    struct slice name = { 0 };
    struct slice near = { NULL, 0 };
    skip_space(c);
    envres_status st = take_name(c, "the filter's name", &name, err);
    if (st < 0)
        return st;
    enum filter_id id = filter_find(name, &near);
    if (id == FILTER_COUNT_) {
        err_set(err, ENVRES_E_SYNTAX, "there is no filter '%.*s'", (int)name.len, name.data);
        err_subject(err, name.data, name.len);
        if (near.data)
            err_hint(err, "did you mean %.*s?", (int)near.len, near.data);
        return ENVRES_E_SYNTAX;
    }
    if (out->filter_count == LIMIT_FILTERS)
        return err_set(err, ENVRES_E_LIMIT, "a tag has more than %d filters", LIMIT_FILTERS);
    struct tag_filter *filter = &out->filters[out->filter_count];
    filter->id = (uint8_t)id;
    filter->arg_count = 0;
    skip_space(c);
    if (TAKE(c, "(")) {
        st = take_arguments(c, filter, err);
        if (st < 0)
            return st;
    }
    st = check_filter(out, filter, in_sql, err);
    if (st == ENVRES_OK)
        out->filter_count++;
    return st;
}

/* What stands where only a filter or the end may: the commonest slips get a hint of their own. */
static envres_status
fail_close(const struct cursor *c, envres_error *err)
{
    if (c->at == c->len) {
        err_set(err, ENVRES_E_SYNTAX, "the tag is not closed with >>");
        err_hint(err, "close it, or write \\<< for two plain less-than signs");
        return ENVRES_E_SYNTAX;
    }
    char found = c->text[c->at];
    if (found > 0x20 && found < 0x7F)
        err_set(err, ENVRES_E_SYNTAX, "unexpected '%c' in the tag", found);
    else
        err_set(err, ENVRES_E_SYNTAX, "unexpected character in the tag");
    if (found == '-' || found == '.')
        err_hint(err, "names hold letters, digits and _ only, and end before the first %c", found);
    else
        err_hint(err, "after the name come filters, as in | default(\"x\"), and then >>");
    return ENVRES_E_SYNTAX;
}

envres_status
tag_parse(const char *text, enum tag_root root, size_t body, size_t len, bool in_sql,
          struct tag *out, envres_error *err)
{
    struct cursor c = { text, body, len };
    out->filter_count = 0;
    envres_status st = take_reference(&c, root, out, err);
    if (st < 0)
        return st;
    for (;;) {
        skip_space(&c);
        if (TAKE(&c, ">>")) {
            out->end = c.at;
            return ENVRES_OK;
        }
        if (!TAKE(&c, "|"))
            return fail_close(&c, err);
        st = take_filter(&c, in_sql, out, err);
        if (st < 0)
            return st;
    }
}

/* ---- literals ------------------------------------------------------------------------------ */

static envres_status
fail_literal(envres_status st, envres_error *err)
{
    if (st == ENVRES_E_NOMEM)
        return st;
    if (st != ENVRES_E_LIMIT && st != ENVRES_E_UTF8)
        st = ENVRES_E_SYNTAX;
    err_set(err, st, "a filter's argument is no JSON literal%s",
            st == ENVRES_E_LIMIT ? " within the limits" : "");
    err_hint(err, "write a JSON string in double quotes, a number, true, false or null");
    return st;
}

envres_status
tag_literal(const struct mem *mem, struct slice literal, struct buf *text, int32_t *type,
            envres_error *err)
{
    if (literal.data[0] == '"') {
        *type = ENVRES_TYPE_STRING;
        if (literal.len > LIMIT_VALUE)
            return fail_literal(ENVRES_E_LIMIT, err);
        envres_status st = json_check(mem, literal.data, literal.len, err);
        if (st < 0)
            return fail_literal(st, err);
        json_unescape(literal.data + 1, literal.len - 2, text);
        return buf_status(text, err);
    }
    if (slice_equal(literal, slice_str("true")) || slice_equal(literal, slice_str("false")))
        *type = ENVRES_TYPE_BOOLEAN;
    else if (slice_equal(literal, slice_str("null")))
        *type = ENVRES_TYPE_NULL;
    else
        *type = ENVRES_TYPE_NUMBER;
    if (*type != ENVRES_TYPE_NUMBER) {
        buf_add(text, literal.data, literal.len);
        return buf_status(text, err);
    }
    struct json_number number;
    envres_status st = json_check(mem, literal.data, literal.len, err);
    if (st == ENVRES_OK)
        st = json_number(literal.data, literal.len, &number, err);
    if (st < 0)
        return fail_literal(st, err);
    json_write_number(text, &number);
    return buf_status(text, err);
}

/* ---- near misses --------------------------------------------------------------------------- */

enum { NEAR_WORD = 14, NEAR_PATH = 3 * LIMIT_NAME };

struct near_root {
    const char *word;
    const char *meant;
    uint8_t slips; /* edits that are still taken for a slip; 0: the word itself, any case */
};

static const struct near_root near_roots[] = {
    { "environment", "environment", 3 },
    { "resources", "resources", 2 },
    { "params", "params", 2 },
    { "app", "app", 1 },
    { "environments", "environment", 0 },
    { "env", "environment", 0 },
    { "variables", "environment.variables", 1 },
    { "variable", "environment.variables", 0 },
    { "vars", "environment.variables", 0 },
    { "parameters", "params", 1 },
};

static char
fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Edit distance without regard to case, by rows; both at most NEAR_WORD long. */
static unsigned
distance(struct slice a, struct slice b)
{
    uint8_t row[NEAR_WORD + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = (uint8_t)j;
    for (size_t i = 1; i <= a.len; i++) {
        uint8_t corner = row[0];
        row[0] = (uint8_t)i;
        for (size_t j = 1; j <= b.len; j++) {
            uint8_t above = row[j];
            uint8_t best = corner;
            if (fold(a.data[i - 1]) != fold(b.data[j - 1])) {
                best = above < best ? above : best;
                best = row[j - 1] < best ? row[j - 1] : best;
                best++;
            }
            row[j] = best;
            corner = above;
        }
    }
    return row[b.len];
}

const char *
tag_meant(struct slice word)
{
    const char *best = NULL;
    unsigned best_distance = UINT8_MAX;
    if (word.len == 0 || word.len > NEAR_WORD)
        return NULL;
    for (size_t i = 0; i < sizeof(near_roots) / sizeof(near_roots[0]); i++) {
        const struct near_root *root = &near_roots[i];
        struct slice wanted = slice_str(root->word);
        size_t apart = wanted.len > word.len ? wanted.len - word.len : word.len - wanted.len;
        if (apart > root->slips)
            continue;
        unsigned edits = distance(word, wanted);
        if (edits <= root->slips && edits < best_distance) {
            best = root->meant;
            best_distance = edits;
        }
    }
    return best;
}

/* At the end of a path: `>>`, or a bar and the name of a filter. */
static bool
is_closed(const char *text, size_t at, size_t end)
{
    if (end - at >= 2 && text[at] == '>' && text[at + 1] == '>')
        return true;
    if (at == end || text[at] != '|')
        return false;
    size_t start = skip_class(text, at + 1, end, CHAR_SPACE);
    size_t stop = skip_class(text, start, end, CHAR_NAME | CHAR_DIGIT);
    return filter_find((struct slice){ text + start, stop - start }, NULL) != FILTER_COUNT_;
}

/* A path of names and dots that is closed like a tag, whose first word is nearly a root. Shifts and
 * streams (`a << env.x;`, `1 << env.bits | 2`) are not closed that way and are left alone. */
bool
tag_is_near(const char *text, size_t at, size_t len, struct tag_near *out)
{
    size_t end = len - at > NEAR_PATH ? at + NEAR_PATH : len;
    size_t start = skip_class(text, at + 2, end, CHAR_SPACE);
    size_t dot = start;
    while (dot < end && dot - start <= NEAR_WORD && is_class(text[dot], CHAR_NAME | CHAR_DIGIT))
        dot++;
    if (dot == start || dot - start > NEAR_WORD || dot == end || text[dot] != '.')
        return false;
    size_t stop = dot;
    while (stop < end && (is_class(text[stop], CHAR_NAME | CHAR_DIGIT) || text[stop] == '.'))
        stop++;
    size_t close = skip_class(text, stop, end, CHAR_SPACE);
    if (stop == dot + 1 || !is_closed(text, close, end))
        return false;
    const char *meant = tag_meant((struct slice){ text + start, dot - start });
    if (!meant)
        return false;
    out->path = (struct slice){ text + start, stop - start };
    out->meant = meant;
    out->word_len = dot - start;
    return true;
}
