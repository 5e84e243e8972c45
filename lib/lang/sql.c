/* SPDX-License-Identifier: MIT */
/*
 * The rules for tags in SQL. They are checked when a template is parsed, on its text with one mark
 * in the place of each tag, so that they hold for every value:
 *
 *   - a tag is a token of its own: not inside quotes, a comment or a dollar quote, and nothing
 *     stands beside it that would become one token, or another token, with a placeholder;
 *   - quotes and comments are closed;
 *   - a text that gets placeholders has none already, but for $n of postgres.
 *
 * What the statement means, and whether a parameter is allowed there, is the server's to say.
 */
#include "lang/sql.h"

#include <string.h>

#include "base/limits.h"

struct check {
    const struct sql_source *source;
    struct buf text;      /* the literals, with a mark for each tag */
    uint32_t segment;     /* the one that begins at or before ... */
    size_t segment_start; /* ... this offset of `text` */
    bool has_values;      /* placeholders of ours */
    uint64_t values;
    uint32_t base;
    /* the last token but white space and comments */
    struct sql_token last;
    struct sql_token pending; /* a lone `?`, or a list behind (: what follows decides */
};

/* ---- positions ------------------------------------------------------------------------------ */

static envres_status
build_text(struct check *check, envres_error *err)
{
    const struct sql_source *source = check->source;
    buf_init(&check->text, source->mem, false);
    buf_reserve(&check->text, (size_t)source->literal_len + source->segment_count);
    for (uint32_t i = 0; i < source->segment_count; i++) {
        const struct segment *segment = &source->segments[i];
        buf_add(&check->text, source->text + segment->offset, segment->len);
        if (segment->expr == EXPR_NONE)
            continue;
        buf_add_char(&check->text, SQL_MARK);
        if (source->exprs[segment->expr].place != PLACE_SQL_IDENT)
            check->has_values = true;
    }
    return buf_status(&check->text, err);
}

/* The segment that holds an offset of the marked text; a mark belongs to the literal before it.
 * Offsets rise, but for those of one token back. */
static const struct segment *
find_segment(struct check *check, size_t at)
{
    const struct segment *segments = check->source->segments;
    if (at < check->segment_start)
        check->segment = 0, check->segment_start = 0;
    for (;;) {
        const struct segment *segment = &segments[check->segment];
        size_t end = check->segment_start + segment->len + (segment->expr != EXPR_NONE);
        if (at < end || check->segment + 1 == check->source->segment_count)
            return segment;
        check->segment_start = end;
        check->segment++;
    }
}

static size_t
source_offset(struct check *check, size_t at)
{
    const struct segment *segment = find_segment(check, at);
    size_t inside = at - check->segment_start;
    return inside < segment->len ? segment->offset + inside : segment->tag;
}

static envres_status
refuse(struct check *check, size_t at, envres_error *err)
{
    err_position_in(err, check->source->text, check->source->len, source_offset(check, at));
    return ENVRES_E_SQL_CONTEXT;
}

static enum expr_place
place_at(struct check *check, size_t at)
{
    return (enum expr_place)check->source->exprs[find_segment(check, at)->expr].place;
}

/* A tag as it is written, for a hint; a long one only hinted at. */
static struct slice
tag_text(struct check *check, size_t at)
{
    enum { LONGEST = 80 };
    const struct segment *segment = find_segment(check, at);
    struct slice tag = { check->source->text + segment->tag, segment[1].offset - segment->tag };
    const char *end = tag.len >= 2 ? tag.data + tag.len - 2 : NULL;
    return tag.len <= LONGEST && end && memcmp(end, ">>", 2) == 0 ? tag : slice_str("<< ... >>");
}

/* ---- tags in the wrong place ---------------------------------------------------------------- */

static void
hint_join(struct check *check, size_t at, envres_error *err)
{
    struct slice tag = tag_text(check, at);
    err_hint(err,
             check->source->dialect->has_concat ? "join the parts: CONCAT('...', %.*s, '...')"
                                                : "join the parts: '...' || %.*s || '...'",
             (int)tag.len, tag.data);
}

static void
hint_ident(struct check *check, size_t at, envres_error *err)
{
    struct slice tag = tag_text(check, at);
    if (place_at(check, at) == PLACE_SQL_IDENT) {
        err_hint(err, "write %.*s without the quotes: it brings its own", (int)tag.len, tag.data);
        return;
    }
    tag.len -= 2;
    while (tag.len > 2 && (unsigned char)tag.data[tag.len - 1] <= ' ')
        tag.len--;
    err_hint(err, "for a name write %.*s | ident >>, and allow the name", (int)tag.len, tag.data);
}

/* Quoted text with a tag in it: `at` is the mark. */
static envres_status
refuse_quoted(struct check *check, const struct sql_token *token, size_t at, envres_error *err)
{
    const char *text = check->text.data;
    static const char *const where[] = { [SQL_STRING] = "inside a string literal",
                                         [SQL_QUOTED] = "inside a quoted identifier",
                                         [SQL_DOLLAR] = "inside a dollar-quoted text",
                                         [SQL_COMMENT] = "inside a comment" };
    struct slice tag = tag_text(check, at);
    err_set(err, ENVRES_E_SQL_CONTEXT, "a tag %s cannot be a parameter", where[token->kind]);
    if (token->kind == SQL_QUOTED)
        hint_ident(check, at, err);
    else if (token->kind == SQL_DOLLAR)
        err_hint(err, "parameters do not reach into dollar quotes: move the tag out of them");
    else if (token->kind == SQL_COMMENT)
        err_hint(err, "move the tag out of the comment");
    else if (at == token->start + 1 && at + 2 == token->end && text[at + 1] == text[at - 1])
        err_hint(err, "write %.*s without the quotes", (int)tag.len, tag.data);
    else
        hint_join(check, at, err);
    return refuse(check, at, err);
}

static envres_status
refuse_open(struct check *check, const struct sql_token *token, envres_error *err)
{
    static const char *const what[] = { [SQL_STRING] = "a string literal",
                                        [SQL_QUOTED] = "a quoted identifier",
                                        [SQL_DOLLAR] = "a dollar-quoted text",
                                        [SQL_COMMENT] = "a comment" };
    err_set(err, ENVRES_E_SQL_CONTEXT, "%s is not closed", what[token->kind]);
    err_hint(err, "from here to the end of the text everything belongs to it");
    return refuse(check, token->start, err);
}

static bool
is_quote(char c)
{
    return c == '\'' || c == '"' || c == '`';
}

/* U&"name" has escapes. A name may end in u, but not where it is not sure to be one: behind a
 * number or a string in dollars the letter may stand for itself. */
static bool
ends_in_prefix(const char *text, size_t end)
{
    size_t start = end;
    bool is_sure = true;
    while (start > 0 && sql_is_word(text[start - 1]))
        is_sure = text[--start] != '$' && is_sure;
    if (start == end || (text[end - 1] | 0x20) != 'u')
        return false;
    return start + 1 == end || !is_sure || (text[start] >= '0' && text[start] <= '9');
}

/* What must not stand directly before a placeholder of this style, or before a quoted name. */
static bool
sticks_before(const struct check *check, size_t at, enum expr_place place)
{
    const char *text = check->text.data;
    const struct dialect *dialect = check->source->dialect;
    bool is_ident = place == PLACE_SQL_IDENT;
    if (at == 0)
        return false;
    char c = text[at - 1];
    if (sql_is_word(c) || is_quote(c) || c == SQL_MARK)
        return true;
    if (c == '.')
        return !is_ident;
    if (c == ':') /* array[1:$1] is right; ::$1 and ::p1 are not */
        return !(at > 1 && check->last.end == at && check->last.end - check->last.start == 1 &&
                 dialect->has_operators && check->source->style != ENVRES_STYLE_COLON);
    if (c == '@')
        return !dialect->has_operators;
    return c == '&' && is_ident && dialect->has_dollars && ends_in_prefix(text, at - 1);
}

static bool
sticks_behind(const struct check *check, size_t at, enum expr_place place)
{
    bool is_ident = place == PLACE_SQL_IDENT;
    if (at + 1 == check->text.len)
        return false;
    char c = check->text.data[at + 1];
    if (sql_is_word(c) || is_quote(c) || c == SQL_MARK)
        return true;
    if (c == '.' || c == '(')
        return !is_ident;
    return c == ':' && check->source->dialect->has_variables;
}

static bool
is_sign(const struct check *check, const struct sql_token *token, const char *sign)
{
    size_t len = strlen(sign);
    return token->kind == SQL_SIGN && token->end - token->start == len &&
           memcmp(check->text.data + token->start, sign, len) == 0;
}

static envres_status
refuse_glued(struct check *check, size_t at, bool before, envres_error *err)
{
    const char *text = check->text.data;
    char beside = before ? text[at - 1] : text[at + 1];
    err_set(err, ENVRES_E_SQL_CONTEXT, "a tag directly %s other text cannot be a parameter",
            before ? "behind" : "before");
    if (place_at(check, at) == PLACE_SQL_IDENT)
        err_hint(err, "a name stands by itself, or beside a dot: leave white space around it");
    else if (before && beside == ':')
        err_hint(err, "a type cannot be a parameter: write it into the text");
    else if (beside == '\'')
        hint_join(check, at, err);
    else if (beside == '.' || beside == '"' || beside == '`' || beside == '(' || beside == '_')
        hint_ident(check, at, err);
    else
        err_hint(err, "leave white space around a value; a name is written with | ident");
    return refuse(check, at, err);
}

static envres_status
check_tag(struct check *check, const struct sql_token *token, envres_error *err)
{
    size_t at = token->start;
    enum expr_place place = place_at(check, at);
    bool sticks = sticks_before(check, at, place);
    if (sticks || sticks_behind(check, at, place))
        return refuse_glued(check, at, sticks, err);
    if (place == PLACE_SQL_IDENT)
        return ENVRES_OK;
    if (is_sign(check, &check->last, "::")) {
        err_set(err, ENVRES_E_SQL_CONTEXT, "a type cannot be a parameter");
        err_hint(err, "write it into the text");
        return refuse(check, at, err);
    }
    if (++check->values <= check->source->dialect->params_max)
        return ENVRES_OK;
    err_set(err, ENVRES_E_LIMIT, "%s takes no more than %u parameters",
            check->source->dialect->name, (unsigned)check->source->dialect->params_max);
    refuse(check, at, err);
    return ENVRES_E_LIMIT;
}

/* ---- placeholders of the text itself -------------------------------------------------------- */

static envres_status
refuse_own(struct check *check, const struct sql_token *token, envres_error *err)
{
    bool has_numbers = check->source->dialect->has_operators;
    err_set(err, ENVRES_E_SQL_CONTEXT,
            "the text has a placeholder of its own, which a driver would take for one of ours");
    err_hint(err, has_numbers && check->source->style == ENVRES_STYLE_DOLLAR
                      ? "write it as $1, or as a tag: << params.NAME >>"
                      : "write it as a tag: << params.NAME >>");
    return refuse(check, token->start, err);
}

static envres_status
check_placeholder(struct check *check, const struct sql_token *token, envres_error *err)
{
    const struct sql_source *source = check->source;
    if (!check->has_values)
        return ENVRES_OK;
    bool is_numbered = source->dialect->has_operators && source->style == ENVRES_STYLE_DOLLAR;
    if (token->in_slice && source->style != ENVRES_STYLE_COLON)
        return ENVRES_OK;
    if (!is_numbered || token->style != ENVRES_STYLE_DOLLAR)
        return refuse_own(check, token, err);
    if (token->number > source->dialect->params_max) {
        err_set(err, ENVRES_E_LIMIT, "%s takes no more than %u parameters", source->dialect->name,
                (unsigned)source->dialect->params_max);
        refuse(check, token->start, err);
        return ENVRES_E_LIMIT;
    }
    if (token->number > check->base)
        check->base = token->number;
    return ENVRES_OK;
}

/* In postgres `?` is an operator of json. With nothing before or behind it that it could work on,
 * it is meant as a placeholder; and drivers whose style it is see nothing else in it. */
static envres_status
check_operator(struct check *check, const struct sql_token *token, envres_error *err)
{
    const char *text = check->text.data + token->start;
    if (!check->has_values || !memchr(text, '?', token->end - token->start))
        return ENVRES_OK;
    if (check->source->style == ENVRES_STYLE_QMARK) {
        err_set(err, ENVRES_E_SQL_CONTEXT, "a driver would take this operator for a placeholder");
        err_hint(err, "write jsonb_exists(), or choose the style dollar");
        return refuse(check, token->start, err);
    }
    if (token->end - token->start > 1)
        return ENVRES_OK;
    bool closes = is_sign(check, &check->last, ")") || is_sign(check, &check->last, "]");
    if (check->last.kind == SQL_END || (check->last.kind == SQL_SIGN && !closes))
        return refuse_own(check, token, err);
    check->pending = *token;
    return ENVRES_OK;
}

static bool
ends_operand(const struct check *check, const struct sql_token *token)
{
    return token->kind == SQL_END || is_sign(check, token, ")") || is_sign(check, token, ",") ||
           is_sign(check, token, ";") || is_sign(check, token, "]");
}

/* A list in parentheses of the text: IN ((?, ?)) compares with one row. */
static envres_status
refuse_doubled(struct check *check, envres_error *err)
{
    struct slice tag = tag_text(check, check->pending.start);
    err_set(err, ENVRES_E_SQL_CONTEXT, "the filter 'list' writes its own parentheses");
    err_hint(err, "write IN %.*s, without others around it", (int)tag.len, tag.data);
    return refuse(check, check->pending.start, err);
}

/* What was waiting for this token, now that it is known. */
static envres_status
settle(struct check *check, const struct sql_token *token, envres_error *err)
{
    struct sql_token pending = check->pending;
    check->pending.kind = SQL_END;
    if (pending.kind == SQL_SIGN && ends_operand(check, token))
        return refuse_own(check, &pending, err);
    if (pending.kind == SQL_TAG && is_sign(check, token, ")")) {
        check->pending = pending;
        return refuse_doubled(check, err);
    }
    return ENVRES_OK;
}

/* ---- the walk ------------------------------------------------------------------------------- */

/* Comments that some servers run and others skip: nothing may stand in them that decides where
 * they end, or how many placeholders there are. */
static envres_status
check_code(struct check *check, const struct sql_token *token, envres_error *err)
{
    const char *text = check->text.data;
    bool is_plain = true;
    for (size_t at = token->start + 2; at + 2 < token->end; at++) {
        char c = text[at];
        is_plain = is_plain && !is_quote(c) && c != '?' && c != '#' && c != '\\';
        is_plain = is_plain && !(c == '/' && text[at + 1] == '*');
        is_plain = is_plain && !(c == '-' && text[at + 1] == '-');
        is_plain = is_plain && !(c == ':' && sql_is_word(text[at + 1]));
        is_plain = is_plain && !(c == '$' && text[at + 1] >= '0' && text[at + 1] <= '9');
    }
    if (is_plain || !check->has_values)
        return ENVRES_OK;
    err_set(err, ENVRES_E_SQL_CONTEXT,
            "this comment is run by some servers, and cannot be followed");
    err_hint(err, "take quotes, placeholders and comments out of it");
    return refuse(check, token->start, err);
}

static envres_status
check_token(struct check *check, const struct sql_token *token, envres_error *err)
{
    const char *text = check->text.data;
    switch ((enum sql_kind)token->kind) {
    case SQL_STRING:
    case SQL_QUOTED:
    case SQL_DOLLAR:
    case SQL_COMMENT: {
        if (token->is_open)
            return refuse_open(check, token, err);
        const char *mark = memchr(text + token->start, SQL_MARK, token->end - token->start);
        if (mark)
            return refuse_quoted(check, token, (size_t)(mark - text), err);
        return token->is_code ? check_code(check, token, err) : ENVRES_OK;
    }
    case SQL_TAG: {
        envres_status st = check_tag(check, token, err);
        if (st == ENVRES_OK && place_at(check, token->start) == PLACE_SQL_LIST &&
            is_sign(check, &check->last, "("))
            check->pending = *token;
        return st;
    }
    case SQL_PLACEHOLDER:
        return check_placeholder(check, token, err);
    case SQL_SIGN:
        return check->source->dialect->has_operators ? check_operator(check, token, err)
                                                     : ENVRES_OK;
    case SQL_WORD:
    case SQL_SPACE:
    case SQL_END:
        break;
    }
    return ENVRES_OK;
}

static envres_status
check_text(struct check *check, envres_error *err)
{
    struct sql_lexer lexer;
    struct sql_token token;
    envres_status st = ENVRES_OK;
    sql_begin(&lexer, check->source->dialect, check->text.data, check->text.len);
    do {
        sql_next(&lexer, &token);
        if (token.kind == SQL_SPACE)
            continue;
        if (token.kind != SQL_COMMENT && check->pending.kind != SQL_END)
            st = settle(check, &token, err);
        if (st == ENVRES_OK)
            st = check_token(check, &token, err);
        if (token.kind != SQL_COMMENT)
            check->last = token;
    } while (st == ENVRES_OK && token.kind != SQL_END);
    return st;
}

envres_status
sql_check(const struct sql_source *source, uint32_t *base, envres_error *err)
{
    struct check check = { .source = source };
    envres_status st = build_text(&check, err);
    if (st == ENVRES_OK)
        st = check_text(&check, err);
    if (st == ENVRES_OK && check.values + check.base > source->dialect->params_max) {
        st = err_set(err, ENVRES_E_LIMIT, "%s takes no more than %u parameters",
                     source->dialect->name, (unsigned)source->dialect->params_max);
        err_position_in(err, source->text, source->len, source->len);
    }
    *base = check.base;
    buf_free(&check.text);
    return st;
}

envres_status
sql_check_list(struct slice json, envres_error *err)
{
    if (json.len < 2 || json.data[0] != '[')
        return err_set(err, ENVRES_E_TYPE, "the filter 'list' takes a JSON array");
    if (json.len > 2)
        return ENVRES_OK;
    err_set(err, ENVRES_E_TYPE, "the list is empty, and SQL has none such");
    err_hint(err, "leave the condition out when there is nothing to look for");
    return ENVRES_E_TYPE;
}

size_t
sql_write_placeholder(uint8_t style, uint32_t number, char *to)
{
    size_t len = sql_placeholder_len(style, number);
    char *digit = to + len;
    to[0] = style == ENVRES_STYLE_QMARK ? '?' : style == ENVRES_STYLE_DOLLAR ? '$' : ':';
    if (style == ENVRES_STYLE_QMARK)
        return len;
    if (style == ENVRES_STYLE_COLON)
        to[1] = 'p';
    do {
        *--digit = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return len;
}
