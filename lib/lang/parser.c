/* SPDX-License-Identifier: MIT */
/*
 * The parser of templates. It walks the text once: literals become spans of it, tags become ids of
 * interned expressions.
 *
 * Invariants: segments are in the order of the text and do not overlap; what lies between two of
 * them is a tag, a backslash that was elided, or the quotes around a tag that keeps its type. The
 * scan checks UTF-8 on its way, so text is read once. Every error of a tag has the position of its
 * `<<` in the text the caller gave. What is found is made a template elsewhere: see `template`.
 */
#include "lang/parser.h"

#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "lang/document.h"
#include "lang/scan.h"
#include "lang/sql.h"

/* A stretch of text in which tags are looked for: all of the template, or one decoded string. */
struct source {
    const char *text;
    size_t len;
    struct document *doc; /* NULL: offsets are those of the template */
    const struct document_string *string;
    bool is_checked;
};

static inline size_t
raw_offset(const struct source *source, size_t at)
{
    return source->doc ? document_raw(source->doc, source->string, at) : at;
}

void
parser_begin(struct parser *parser, const struct mem *mem, const char *text, size_t len,
             const envres_template_options *options, bool is_quick)
{
    parser->mem = *mem;
    parser->text = text;
    parser->len = len;
    parser->flags = options->flags;
    parser->context = options->context;
    parser->dialect = options->dialect;
    parser->style = (uint8_t)options->style;
    parser->own = 0;
    parser->row = context_row(options->context);
    parser->literal = 0;
    parser->literal_len = 0;
    parser->tags = 0;
    parser->keys_have_tags = false;
    parser->is_quick = is_quick;
    parser->segments = (struct intern_array){ parser->first_segments, 0, SEGMENTS_FIRST,
                                              sizeof(struct segment), false };
    parser->near = (struct intern_array){ parser->first_near, 0, NEAR_FIRST,
                                          sizeof(struct near_draft), false };
    if (parser->row->walk == WALK_SHELL)
        shell_begin(&parser->shell);
    intern_begin(&parser->intern, &parser->mem, text);
}

void
parser_end(struct parser *parser)
{
    if (parser->segments.on_heap)
        mem_free(&parser->mem, parser->segments.data);
    if (parser->near.on_heap)
        mem_free(&parser->mem, parser->near.data);
    intern_end(&parser->intern);
}

RARE static envres_status
fail_at(const struct parser *parser, envres_status st, size_t raw, envres_error *err)
{
    if (st != ENVRES_E_NOMEM)
        err_position_in(err, parser->text, parser->len, raw);
    return st;
}

/* ---- segments ----------------------------------------------------------------------------------
 */

/* Tags tend to be spread evenly, so the number of segments up to here tells the room for all; never
 * more than 16 times what there is, since a text may be dense at its beginning only. */
RARE static bool
grow_segments(struct parser *parser, size_t at)
{
    uint64_t room = parser->segments.room;
    assert(at < parser->len);
    uint64_t guess = room * parser->len / (at + 1) + room / 8;
    if (guess < room * 2)
        guess = room * 2;
    if (guess > room * 16)
        guess = room * 16;
    assert(guess <= UINT32_MAX); /* there are no more than two segments for each of LIMIT_TAGS */
    return intern_room(&parser->mem, &parser->segments, (uint32_t)guess);
}

/* Ends the literal that is being read at `end`, and lets the next one begin at `next`. */
static inline envres_status
add_segment(struct parser *parser, size_t end, size_t next, uint32_t expr, size_t tag,
            envres_error *err)
{
    if (parser->segments.count == parser->segments.room && !grow_segments(parser, end))
        return err_code(err, ENVRES_E_NOMEM);
    struct segment *segment = (struct segment *)parser->segments.data + parser->segments.count++;
    segment->offset = (uint32_t)parser->literal;
    segment->len = (uint32_t)(end - parser->literal);
    segment->expr = expr;
    segment->tag = (uint32_t)tag;
    parser->literal_len += segment->len;
    parser->literal = next;
    return ENVRES_OK;
}

/* The shell's quoting is followed over what the shell will see, tags apart. */
static inline void
follow_shell(struct parser *parser, size_t end)
{
    if (parser->row->walk == WALK_SHELL)
        shell_feed(&parser->shell, parser->text + parser->literal, end - parser->literal);
}

/* May a tag stand where the quoting has come to? */
RARE static envres_status
check_shell(struct parser *parser, envres_error *err)
{
    const char *hint = NULL;
    const char *where = shell_tag(&parser->shell, &hint);
    if (!where)
        return ENVRES_OK;
    err_set(err, ENVRES_E_SHELL_CONTEXT, "a tag %s cannot be quoted safely", where);
    err_hint(err, "%s", hint);
    return ENVRES_E_SHELL_CONTEXT;
}

/* ---- tags --------------------------------------------------------------------------------------
 */

/* An odd number of backslashes before what would be a tag: half of them stay, and so do the two
 * less-than signs, as text. */
RARE static envres_status
keep_as_text(struct parser *parser, const struct source *source, size_t at, size_t backslashes,
             envres_error *err)
{
    size_t end = raw_offset(source, at - backslashes + backslashes / 2);
    size_t next = raw_offset(source, at);
    follow_shell(parser, end);
    if (end == parser->literal) {
        parser->literal = next;
        return ENVRES_OK;
    }
    return add_segment(parser, end, next, EXPR_NONE, next, err);
}

/* The last filter says what becomes of a tag in SQL. */
static enum expr_place
choose_sql_place(const struct tag *tag)
{
    uint8_t last = tag->filter_count > 0 ? tag->filters[tag->filter_count - 1].id : FILTER_COUNT_;
    return last == FILTER_IDENT  ? PLACE_SQL_IDENT
           : last == FILTER_LIST ? PLACE_SQL_LIST
                                 : PLACE_SQL_VALUE;
}

/* A string that is one tag alone keeps the value's type: its quotes go with the tag. */
static enum expr_place
choose_place(struct parser *parser, const struct source *source, size_t at, const struct tag *tag)
{
    if (parser->row->walk == WALK_SQL)
        return choose_sql_place(tag);
    if (!source->string)
        return (enum expr_place)parser->row->place;
    if (source->string->is_key) {
        parser->keys_have_tags = true;
        return PLACE_JSON_KEY;
    }
    return at == 0 && tag->end == source->len ? PLACE_JSON_VALUE : PLACE_JSON_STRING;
}

RARE static envres_status
fail_tags(envres_error *err)
{
    return err_set(err, ENVRES_E_LIMIT, "the template has more than %d tags", LIMIT_TAGS);
}

static envres_status
add_tag(struct parser *parser, const struct source *source, size_t at, size_t backslashes,
        const struct tag *tag, envres_error *err)
{
    uint32_t expr = EXPR_NONE;
    size_t end = raw_offset(source, at - backslashes + backslashes / 2);
    size_t raw = raw_offset(source, at);
    size_t next = raw_offset(source, tag->end);
    enum expr_place place = choose_place(parser, source, at, tag);
    if (place == PLACE_JSON_VALUE) {
        end = source->string->open;
        next = source->string->close + 1;
    }
    if (parser->tags++ == LIMIT_TAGS)
        return fail_tags(err);
    follow_shell(parser, end);
    envres_status st = parser->row->walk == WALK_SHELL ? check_shell(parser, err) : ENVRES_OK;
    if (st == ENVRES_OK)
        st = intern_tag(&parser->intern, tag, source->string && source->string->is_decoded, place,
                        &expr, err);
    if (st == ENVRES_OK)
        st = add_segment(parser, end, next, expr, raw, err);
    return st;
}

/* The same where offsets are those of the text, no quoting is followed, and no backslash stands
 * before the tag. */
static inline envres_status
add_plain_tag(struct parser *parser, const struct scan_tag *tag, envres_error *err)
{
    uint32_t expr = EXPR_NONE;
    if (parser->tags++ == LIMIT_TAGS)
        return fail_tags(err);
    envres_status st =
        intern_plain(&parser->intern, tag, (enum expr_place)parser->row->place, &expr, err);
    return st < 0 ? st : add_segment(parser, tag->at, tag->end, expr, tag->at, err);
}

/* At a `<<` that opens a tag; *at moves behind what was taken. ROOT_NONE: `tag` is parsed already.
 */
static envres_status
take_tag(struct parser *parser, const struct source *source, size_t floor, enum tag_root root,
         size_t body, struct tag *tag, size_t *at, envres_error *err)
{
    size_t backslashes = 0;
    while (*at - backslashes > floor && source->text[*at - backslashes - 1] == '\\')
        backslashes++;
    if (backslashes & 1) {
        envres_status st = keep_as_text(parser, source, *at, backslashes, err);
        *at += 2;
        return st;
    }
    envres_status st = ENVRES_OK;
    if (root != ROOT_NONE)
        st = tag_parse(source->text, root, body, source->len, parser->row->walk == WALK_SQL, tag,
                       err);
    if (st == ENVRES_OK)
        st = add_tag(parser, source, *at, backslashes, tag, err);
    if (st < 0)
        return fail_at(parser, st, raw_offset(source, *at), err);
    *at = tag->end;
    return ENVRES_OK;
}

RARE static envres_status
fail_near(const struct parser *parser, const struct tag_near *near, size_t raw, envres_error *err)
{
    struct slice rest = { near->path.data + near->word_len, near->path.len - near->word_len };
    err_set(err, ENVRES_E_SYNTAX, "'%.*s' is nearly a tag, but opens none", (int)near->word_len,
            near->path.data);
    err_hint(err, "did you mean << %s%.*s >>?", near->meant, (int)rest.len, rest.data);
    err_subject(err, near->path.data, near->path.len);
    return fail_at(parser, ENVRES_E_SYNTAX, raw, err);
}

/* At a `<<` that opens no tag. */
RARE static envres_status
note_near(struct parser *parser, const struct source *source, size_t at, envres_error *err)
{
    struct tag_near near;
    if (!tag_is_near(source->text, at, source->len, &near))
        return ENVRES_OK;
    size_t raw = raw_offset(source, at);
    if (parser->flags & ENVRES_TEMPLATE_STRICT)
        return fail_near(parser, &near, raw, err);
    struct intern_array *array = &parser->near;
    if (array->count == LIMIT_NEAR_MISSES)
        return ENVRES_OK;
    if (array->count == array->room && !intern_room(&parser->mem, array, array->room * 4))
        return err_code(err, ENVRES_E_NOMEM);
    bool is_copy = source->string && source->string->is_decoded;
    size_t offset = (size_t)(near.path.data - parser->intern.text);
    if (is_copy) {
        offset = parser->intern.strings.len;
        buf_add(&parser->intern.strings, near.path.data, near.path.len);
    }
    ((struct near_draft *)array->data)[array->count++] =
        (struct near_draft){ near.meant,
                             (uint32_t)raw,
                             (uint32_t)offset,
                             (uint32_t)near.path.len,
                             (uint32_t)near.word_len,
                             is_copy };
    return buf_status(&parser->intern.strings, err);
}

/* ---- the walk ----------------------------------------------------------------------------------
 */

/* At a `<<` of any kind: a tag, or text that looks like one. *at moves behind what was taken, and
 * *floor too when it was a tag. */
static __attribute__((noinline)) envres_status
take_pair(struct parser *parser, const struct source *source, size_t *floor, size_t *at,
          envres_error *err)
{
    struct slice name = { 0 };
    struct tag tag;
    size_t body = 0;
    enum tag_root root = ROOT_NONE;
    bool is_plain =
        parser->is_quick && tag_is_plain(source->text, *at, source->len, &name, &tag.end);
    if (is_plain) {
        tag.root = REF_VARIABLE;
        tag.filter_count = 0;
        tag.name = name;
        tag.field = (struct slice){ "", 0 };
    } else {
        root = tag_open(source->text, *at, source->len, &body);
    }
    envres_status st = ENVRES_OK;
    if (is_plain || root != ROOT_NONE) {
        st = take_tag(parser, source, *floor, root, body, &tag, at, err);
        *floor = *at;
    } else {
        st = note_near(parser, source, *at, err);
        *at += 2;
    }
    return st;
}

RARE static envres_status
fail_text(const struct source *source, envres_error *err)
{
    envres_status st = text_check(source->text, source->len, "the template", err);
    return st < 0 ? st : err_code(err, ENVRES_E_UTF8);
}

static envres_status
walk_source(struct parser *parser, const struct source *source, envres_error *err)
{
    const char *text = source->text;
    size_t len = source->len;
    size_t floor = 0; /* backslashes before it belong to something else */
    size_t at = 0;
    for (;;) {
        if (len - at < 2 || text[at] != '<' || text[at + 1] != '<')
            at = source->is_checked ? scan_pair(text, at, len) : scan_checked(text, at, len);
        if (at >= SCAN_NONE)
            return at == SCAN_NONE ? ENVRES_OK : fail_text(source, err);
        while (at + 2 < len && text[at + 2] == '<')
            at++;
        envres_status st = take_pair(parser, source, &floor, &at, err);
        if (st < 0)
            return st;
    }
}

/* The same where offsets are those of the text and no quoting is followed. A plain tag, which is
 * nearly every one, is taken here; all others by take_pair(), which would take it the same way. */
static envres_status
walk_plain(struct parser *parser, const struct source *source, envres_error *err)
{
    const char *text = source->text;
    size_t floor = 0;
    struct scan_tag tag;
    size_t at = scan_tag(text, 0, source->len, &tag);
    while (at < SCAN_NONE) {
        size_t next = at + SCAN_TAG_SKIP;
        envres_status st = ENVRES_OK;
        if (tag.end != 0 && (at == floor || text[at - 1] != '\\')) {
            floor = tag.end;
            st = add_plain_tag(parser, &tag, err);
            if (st < 0)
                return fail_at(parser, st, at, err);
        } else {
            st = take_pair(parser, source, &floor, &at, err);
            if (st < 0)
                return st;
            next = at;
        }
        at = scan_tag(text, next, source->len, &tag);
    }
    return at == SCAN_NONE ? ENVRES_OK : fail_text(source, err);
}

/* A tag outside of a string makes the document invalid where it begins: say so. */
static envres_status
check_document(const struct parser *parser, envres_error *err)
{
    size_t body;
    envres_status st = json_check(&parser->mem, parser->text, parser->len, err);
    if (st != ENVRES_E_JSON || !err)
        return st;
    size_t at = envres_error_offset(err);
    if (at + 1 >= parser->len || memcmp(parser->text + at, "<<", 2) != 0 ||
        tag_open(parser->text, at, parser->len, &body) == ROOT_NONE)
        return st;
    err_set(err, ENVRES_E_JSON, "a tag outside of a string is not JSON");
    err_hint(err, "write it in quotes: alone in its string it keeps the value's type");
    return fail_at(parser, ENVRES_E_JSON, at, err);
}

static envres_status
walk_strings(struct parser *parser, envres_error *err)
{
    struct document doc;
    struct document_string string;
    envres_status st = check_document(parser, err);
    if (st < 0)
        return st;
    document_begin(&doc, &parser->mem, parser->text, parser->len);
    while (st == ENVRES_OK && document_next(&doc, &string)) {
        struct source source = { string.text, string.len, &doc, &string, true };
        st = walk_source(parser, &source, err);
    }
    if (st == ENVRES_OK)
        st = document_status(&doc, err);
    document_end(&doc);
    return st;
}

static envres_status
walk_text(struct parser *parser, envres_error *err)
{
    struct source source = { parser->text, parser->len, NULL, NULL, false };
    bool is_plain = parser->row->walk == WALK_TEXT || parser->row->walk == WALK_SQL;
    return parser->is_quick && is_plain ? walk_plain(parser, &source, err)
                                        : walk_source(parser, &source, err);
}

static envres_status
check_sql(struct parser *parser, envres_error *err)
{
    struct sql_source source = { .mem = &parser->mem,
                                 .text = parser->text,
                                 .len = parser->len,
                                 .segments = parser->segments.data,
                                 .segment_count = parser->segments.count,
                                 .exprs = parser->intern.exprs.data,
                                 .literal_len = parser->literal_len,
                                 .dialect = dialect_row(parser->dialect),
                                 .style = parser->style };
    return sql_check(&source, &parser->own, err);
}

envres_status
parser_walk(struct parser *parser, envres_error *err)
{
    envres_status st =
        parser->row->walk == WALK_STRINGS ? walk_strings(parser, err) : walk_text(parser, err);
    if (st == ENVRES_OK)
        st = add_segment(parser, parser->len, parser->len, EXPR_NONE, parser->len, err);
    if (st == ENVRES_OK && parser->row->walk == WALK_SQL)
        st = check_sql(parser, err);
    return st;
}
