/* SPDX-License-Identifier: MIT */
/*
 * The parser of templates. It walks the text once: literals become spans of it, tags become ids of
 * interned expressions, and all of it together one block of memory (the segments of a large
 * template stay in the array they grew in).
 *
 * Invariants: segments are in the order of the text and do not overlap; what lies between two of
 * them is a tag, a backslash that was elided, or the quotes around a tag that keeps its type. The
 * scan checks UTF-8 on its way, so text is read once. Every error of a tag has the position of its
 * `<<` in the text the caller gave. Nothing is resolved here: see `resolve`.
 */
#include "lang/template.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "lang/context.h"
#include "lang/document.h"
#include "lang/intern.h"
#include "lang/scan.h"
#include "lang/shell.h"
#include "lang/sql.h"
#include "lang/tag.h"

struct envres_template {
    atomic_uint_fast32_t refs;
    struct mem mem;
    struct template_view view;
    const struct filter_call *calls;
    const struct filter_arg *args;
    const char *strings;
    const struct template_near *near;
    uint32_t near_count;
    struct segment *own_segments; /* NULL: they lie in the template's block */
};

/* ---- while it is parsed ------------------------------------------------------------------------
 */

/* A near miss whose path may still move, as in struct ref_draft. */
struct near_draft {
    const char *meant;
    uint32_t tag;
    uint32_t offset;
    uint32_t len;
    uint32_t word_len;
    bool in_strings;
};

enum { SEGMENTS_FIRST = 48, NEAR_FIRST = 4 };

struct parser {
    struct mem mem;
    const char *text;
    size_t len;
    uint32_t flags;
    uint32_t context;
    uint32_t dialect;
    uint8_t style;
    uint32_t own; /* see struct template_view */
    const struct context_row *row;
    size_t literal; /* where the literal begins that is being read */
    uint64_t literal_len;
    uint32_t tags;
    bool keys_have_tags;
    bool is_quick; /* false: every tag goes the way of the grammar */
    struct intern_array segments;
    struct intern_array near;
    struct shell shell;
    struct intern intern;
    struct near_draft first_near[NEAR_FIRST];
    struct segment first_segments[SEGMENTS_FIRST];
};

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

static void
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

static void
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

static envres_status
walk(struct parser *parser, envres_error *err)
{
    envres_status st =
        parser->row->walk == WALK_STRINGS ? walk_strings(parser, err) : walk_text(parser, err);
    if (st == ENVRES_OK)
        st = add_segment(parser, parser->len, parser->len, EXPR_NONE, parser->len, err);
    if (st == ENVRES_OK && parser->row->walk == WALK_SQL)
        st = check_sql(parser, err);
    return st;
}

/* ---- the compiled template ---------------------------------------------------------------------
 */

struct layout {
    size_t near;
    size_t refs;
    size_t segments;
    size_t exprs;
    size_t calls;
    size_t args;
    size_t strings;
    size_t text;
    size_t size;
};

static size_t
place_block(struct layout *layout, size_t count, size_t item)
{
    size_t at = layout->size;
    layout->size += count * item;
    return at;
}

/* Parts in falling order of alignment, so that none needs padding. The counts are bounded by the
 * text's length: no sum overflows. */
static struct layout
make_layout(const struct parser *parser)
{
    const struct intern *intern = &parser->intern;
    bool is_borrowed = (parser->flags & ENVRES_TEMPLATE_BORROW) != 0;
    struct layout layout = { .size = sizeof(struct envres_template) };
    layout.near = place_block(&layout, parser->near.count, sizeof(struct template_near));
    layout.refs = place_block(&layout, intern->refs.count, sizeof(struct template_ref));
    layout.segments = place_block(&layout, parser->segments.on_heap ? 0 : parser->segments.count,
                                  sizeof(struct segment));
    layout.exprs = place_block(&layout, intern->exprs.count, sizeof(struct template_expr));
    layout.calls = place_block(&layout, intern->calls.count, sizeof(struct filter_call));
    layout.args = place_block(&layout, intern->args.count, sizeof(struct filter_arg));
    layout.strings = place_block(&layout, intern->strings.len, 1);
    layout.text = place_block(&layout, is_borrowed ? 0 : parser->len, 1);
    return layout;
}

static void
fill_refs(const struct parser *parser, const char *text, const char *strings,
          struct template_ref *refs)
{
    const struct ref_draft *drafts = parser->intern.refs.data;
    for (uint32_t i = 0; i < parser->intern.refs.count; i++) {
        const struct ref_draft *draft = &drafts[i];
        size_t name_len = key_name_len(draft->key);
        size_t field_len = key_field_len(draft->key);
        const char *name = name_len == 0 ? "" : draft->in_strings ? strings : text;
        name += name_len == 0 ? 0 : draft->offset;
        refs[i].root = key_root(draft->key);
        refs[i].name = (struct slice){ name, name_len };
        refs[i].field = (struct slice){ "", 0 };
        if (field_len > 0)
            refs[i].field = (struct slice){ name + name_len + 1, field_len };
    }
}

static void
fill_near(const struct parser *parser, const char *text, const char *strings,
          struct template_near *near)
{
    const struct near_draft *drafts = parser->near.data;
    for (uint32_t i = 0; i < parser->near.count; i++) {
        const struct near_draft *draft = &drafts[i];
        near[i].meant = draft->meant;
        near[i].path.data = (draft->in_strings ? strings : text) + draft->offset;
        near[i].path.len = draft->len;
        near[i].tag = draft->tag;
        near[i].word_len = draft->word_len;
    }
}

static void
copy_part(char *to, const void *from, size_t len)
{
    if (len > 0)
        memcpy(to, from, len);
}

/* Moves the array that grew into the template; what was allocated too much is given back. */
static void
adopt_segments(struct parser *parser, struct envres_template *tmpl)
{
    struct intern_array *array = &parser->segments;
    void *fitting =
        mem_resize(&parser->mem, array->data, (size_t)array->count * sizeof(struct segment));
    tmpl->own_segments = fitting ? fitting : array->data;
    tmpl->view.segments = tmpl->own_segments;
    array->on_heap = false;
}

static envres_status
compile(struct parser *parser, struct envres_template **out, envres_error *err)
{
    const struct intern *intern = &parser->intern;
    struct layout layout = make_layout(parser);
    char *block = mem_alloc(&parser->mem, layout.size);
    if (!block)
        return err_code(err, ENVRES_E_NOMEM);
    struct envres_template *tmpl = (struct envres_template *)(void *)block;
    atomic_init(&tmpl->refs, 1);
    tmpl->mem = parser->mem;
    tmpl->own_segments = NULL;
    tmpl->near_count = parser->near.count;
    tmpl->strings = block + layout.strings;
    copy_part(block + layout.strings, intern->strings.data, intern->strings.len);
    copy_part(block + layout.exprs, intern->exprs.data,
              intern->exprs.count * sizeof(struct template_expr));
    copy_part(block + layout.calls, intern->calls.data,
              intern->calls.count * sizeof(struct filter_call));
    copy_part(block + layout.args, intern->args.data,
              intern->args.count * sizeof(struct filter_arg));
    tmpl->calls = (const struct filter_call *)(const void *)(block + layout.calls);
    tmpl->args = (const struct filter_arg *)(const void *)(block + layout.args);
    tmpl->near = (const struct template_near *)(const void *)(block + layout.near);
    tmpl->view = (struct template_view){
        .text = parser->text,
        .text_len = parser->len,
        .segments = (const struct segment *)(const void *)(block + layout.segments),
        .segment_count = parser->segments.count,
        .exprs = (const struct template_expr *)(const void *)(block + layout.exprs),
        .expr_count = intern->exprs.count,
        .refs = (const struct template_ref *)(const void *)(block + layout.refs),
        .ref_count = intern->refs.count,
        .literal_len = parser->literal_len,
        .keys_have_tags = parser->keys_have_tags,
        .context = parser->context,
        .dialect = parser->dialect,
        .style = parser->style,
        .own = parser->own,
    };
    if (!(parser->flags & ENVRES_TEMPLATE_BORROW)) {
        copy_part(block + layout.text, parser->text, parser->len);
        tmpl->view.text = block + layout.text;
    }
    fill_refs(parser, tmpl->view.text, tmpl->strings,
              (struct template_ref *)(void *)(block + layout.refs));
    fill_near(parser, tmpl->view.text, tmpl->strings,
              (struct template_near *)(void *)(block + layout.near));
    if (parser->segments.on_heap)
        adopt_segments(parser, tmpl);
    else
        copy_part(block + layout.segments, parser->segments.data,
                  parser->segments.count * sizeof(struct segment));
    *out = tmpl;
    return ENVRES_OK;
}

static envres_status
read_dialect(envres_template_options *options, envres_error *err)
{
    const struct dialect *dialect = dialect_row(options->dialect);
    if (options->context != ENVRES_CONTEXT_SQL) {
        if (options->dialect == 0 && options->style == 0)
            return ENVRES_OK;
        return err_set(err, ENVRES_E_INVALID,
                       "a dialect and a style belong to templates of context sql");
    }
    if (!dialect)
        return err_set(err, ENVRES_E_INVALID, "a template of context sql needs its dialect named");
    if (options->style > ENVRES_STYLE_COLON)
        return err_set(err, ENVRES_E_INVALID, "the template's options have an unknown style");
    if (options->style == ENVRES_STYLE_DEFAULT)
        options->style = dialect->style;
    return ENVRES_OK;
}

static envres_status
read_options(const envres_template_options *given, envres_template_options *out, struct mem *mem,
             envres_error *err)
{
    size_t first = offsetof(envres_template_options, style);
    envres_status st = opts_read(out, sizeof(*out), first, given, err);
    if (st < 0)
        return st;
    if ((out->flags & ~(uint32_t)(ENVRES_TEMPLATE_STRICT | ENVRES_TEMPLATE_BORROW)) != 0)
        return err_set(err, ENVRES_E_INVALID, "the template's options have an unknown flag");
    if (!context_row(out->context))
        return err_set(err, ENVRES_E_INVALID, "the template's options have an unknown context");
    if (out->reserved != 0)
        return err_set(err, ENVRES_E_INVALID, "the template's options have a reserved field set");
    st = read_dialect(out, err);
    return st < 0 ? st : mem_from(out->allocator, mem, err);
}

static envres_status
check_text(const char *text, size_t len, envres_error *err)
{
    if (!text && len > 0)
        return err_set(err, ENVRES_E_INVALID, "the template's text is NULL");
    if (len <= LIMIT_TEMPLATE)
        return ENVRES_OK;
    err_set(err, ENVRES_E_LIMIT, "the template is longer than %d bytes", LIMIT_TEMPLATE);
    err_position_in(err, text, len, LIMIT_TEMPLATE);
    return ENVRES_E_LIMIT;
}

static inline envres_status
parse(const char *text, size_t len, const envres_template_options *options, bool is_quick,
      envres_template **out, envres_error *err)
{
    envres_template_options read;
    struct mem mem;
    struct parser parser;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is nowhere to put the template");
    *out = NULL;
    envres_status st = read_options(options, &read, &mem, err);
    if (st < 0)
        return st;
    if (len == ENVRES_NUL_TERMINATED)
        len = text ? strlen(text) : SIZE_MAX;
    st = check_text(text, len, err);
    if (st < 0)
        return st;
    parser_begin(&parser, &mem, text ? text : "", len, &read, is_quick);
    st = walk(&parser, err);
    if (st == ENVRES_OK)
        st = compile(&parser, out, err);
    parser_end(&parser);
    return st;
}

envres_status
envres_template_parse(const char *text, size_t len, const envres_template_options *options,
                      envres_template **out, envres_error *err)
{
    return parse(text, len, options, true, out, err);
}

envres_status
template_parse_slowly(const char *text, size_t len, const envres_template_options *options,
                      envres_template **out, envres_error *err)
{
    return parse(text, len, options, false, out, err);
}

envres_template *
envres_template_ref(envres_template *tmpl)
{
    if (tmpl)
        atomic_fetch_add_explicit(&tmpl->refs, 1, memory_order_relaxed);
    return tmpl;
}

void
envres_template_unref(envres_template *tmpl)
{
    if (!tmpl || atomic_fetch_sub_explicit(&tmpl->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct mem mem = tmpl->mem;
    if (tmpl->own_segments)
        mem_free(&mem, tmpl->own_segments);
    mem_free(&mem, tmpl);
}

/* ---- for `resolve` -----------------------------------------------------------------------------
 */

void
template_view(const envres_template *tmpl, struct template_view *out)
{
    *out = tmpl->view;
}

const struct mem *
template_mem(const envres_template *tmpl)
{
    return &tmpl->mem;
}

void
template_position(const envres_template *tmpl, uint32_t segment, envres_error *err)
{
    assert(segment < tmpl->view.segment_count);
    err_position_in(err, tmpl->view.text, tmpl->view.text_len, tmpl->view.segments[segment].tag);
}

bool
template_near(const envres_template *tmpl, uint32_t index, struct template_near *out)
{
    if (index >= tmpl->near_count)
        return false;
    *out = tmpl->near[index];
    return true;
}

bool
template_is_one_tag(const envres_template *tmpl)
{
    bool is_one = tmpl->view.segment_count == 2 && tmpl->view.literal_len == 0;
    assert(!is_one ||
           tmpl->view.segments[0].expr != EXPR_NONE); /* text that is kept as text has a length */
    return is_one;
}

bool
template_has_tag(const char *text, size_t len)
{
    size_t body;
    for (size_t at = scan_pair(text, 0, len); at != SCAN_NONE; at = scan_pair(text, at + 2, len)) {
        while (at + 2 < len && text[at + 2] == '<')
            at++;
        if (tag_open(text, at, len, &body) != ROOT_NONE)
            return true;
    }
    return false;
}

bool
template_is_verbatim(const envres_template *tmpl, uint32_t expr, const struct operand *value)
{
    const struct template_expr *e = &tmpl->view.exprs[expr];
    if (!value || e->filter_count > (e->has_default ? 1 : 0))
        return false;
    return place_is_verbatim((enum expr_place)e->place, value);
}

static struct operand
default_operand(const struct envres_template *tmpl, const struct template_expr *expr)
{
    const struct filter_arg *arg = &tmpl->args[tmpl->calls[expr->first_filter].first_arg];
    struct operand operand = { arg->type, { tmpl->strings + arg->offset, arg->len } };
    return operand;
}

/* Filters take turns with two buffers: what one reads lies in the other's. */
static envres_status
run_filters(const struct envres_template *tmpl, const struct template_expr *expr,
            struct operand *value, bool *is_encoded, struct buf scratch[2], envres_error *err)
{
    for (uint32_t i = expr->has_default; i < expr->filter_count; i++) {
        enum filter_id id = (enum filter_id)tmpl->calls[expr->first_filter + i].filter;
        struct buf *to = &scratch[i & 1];
        to->len = 0;
        envres_status st = filter_apply(id, value, to, value, err);
        if (st < 0)
            return st;
        uint8_t effect = filter_row(id)->effect;
        if (effect != EFFECT_KEEPS)
            *is_encoded = effect == EFFECT_ENCODED;
    }
    return ENVRES_OK;
}

envres_status
template_filter(const envres_template *tmpl, uint32_t expr, const struct operand *value,
                struct buf scratch[2], struct operand *out, envres_error *err)
{
    const struct template_expr *e = &tmpl->view.exprs[expr];
    bool is_encoded = false;
    assert(value || e->has_default);
    *out = value ? *value : default_operand(tmpl, e);
    return run_filters(tmpl, e, out, &is_encoded, scratch, err);
}

envres_status
template_write(const envres_template *tmpl, uint32_t expr, const struct operand *value,
               struct buf *out, envres_error *err)
{
    const struct template_expr *e = &tmpl->view.exprs[expr];
    struct buf scratch[2];
    bool is_encoded = false;
    assert(value || e->has_default);
    struct operand current = value ? *value : default_operand(tmpl, e);
    for (size_t i = 0; i < 2; i++) {
        buf_init(&scratch[i], &tmpl->mem, out->secret);
        scratch[i].max = LIMIT_OUTPUT;
    }
    envres_status st = run_filters(tmpl, e, &current, &is_encoded, scratch, err);
    if (st == ENVRES_OK && e->place == PLACE_SQL_LIST)
        st = sql_check_list(current.text, err);
    if (st == ENVRES_OK) {
        place_write((enum expr_place)e->place, &current, is_encoded, out);
        st = buf_status(out, err);
    }
    buf_free(&scratch[0]);
    buf_free(&scratch[1]);
    return st;
}
