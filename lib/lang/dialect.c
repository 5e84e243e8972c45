/* SPDX-License-Identifier: MIT */
/*
 * The tokenizer of SQL. What matters is where quoted text begins and ends, and what a server or a
 * driver takes for a placeholder; keywords, numbers and the grammar are of no interest here. Tokens
 * follow one another without gaps, and each byte belongs to exactly one, so that a text can be
 * compared with another token by token.
 *
 *   postgres  'it''s' E'it\'s' U&'..' "name" U&"name" $f$..$f$ -- (* nested *) $1 :: := ?|
 *   mysql     'it\'s' "it's" `name` -- (white space behind it) # (* *) (*! code *) ? @variable
 *   sqlite    'it''s' "name" `name` [name] -- (* *) ? ?1 :name @name $name
 *
 * with (* and *) for the signs of a block comment. Quoted text without an end is one token up to
 * the end of the text, marked as open.
 */
#include "lang/dialect.h"

#include <string.h>

static const struct dialect dialects[] = {
    [ENVRES_DIALECT_POSTGRES] = { .name = "postgres",
                                  .ident_quote = '"',
                                  .style = ENVRES_STYLE_DOLLAR,
                                  .params_max = 65535,
                                  .ident_max = 63,
                                  .has_operators = true,
                                  .has_dollars = true,
                                  .has_nesting = true,
                                  .ends_at_return = true },
    [ENVRES_DIALECT_MYSQL] = { .name = "mysql",
                               .ident_quote = '`',
                               .style = ENVRES_STYLE_QMARK,
                               .params_max = 65535,
                               .has_code = true,
                               .has_hash = true,
                               .has_backticks = true,
                               .double_is_text = true,
                               .has_escapes = true,
                               .has_concat = true,
                               .dash_needs_space = true },
    [ENVRES_DIALECT_SQLITE] = { .name = "sqlite",
                                .ident_quote = '"',
                                .style = ENVRES_STYLE_QMARK,
                                .params_max = 32766,
                                .has_brackets = true,
                                .has_backticks = true,
                                .has_variables = true },
};

const struct dialect *
dialect_row(uint32_t dialect)
{
    bool is_known = dialect > 0 && dialect < sizeof(dialects) / sizeof(dialects[0]);
    return is_known ? &dialects[dialect] : NULL;
}

void
sql_begin(struct sql_lexer *lexer, const struct dialect *dialect, const char *text, size_t len)
{
    *lexer = (struct sql_lexer){ .dialect = dialect, .text = text, .len = len };
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
sql_is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

static bool
is_operator(char c)
{
    return c != '\0' && strchr("+-*/<>=~!@#%^&|`?", c) != NULL;
}

/* The byte at an offset; a blank behind the end. */
static char
byte_at(const struct sql_lexer *lexer, size_t at)
{
    return at < lexer->len ? lexer->text[at] : ' ';
}

static size_t
skip_word(const struct sql_lexer *lexer, size_t at)
{
    while (at < lexer->len && sql_is_word(lexer->text[at]))
        at++;
    return at;
}

/* ---- quotes ---------------------------------------------------------------------------------
 * Each gives the offset behind the closing quote, or OPEN.
 */

static const size_t OPEN = SIZE_MAX;

/* `at` is behind the opening quote; two quotes stand for one. */
static size_t
end_of_quotes(const struct sql_lexer *lexer, size_t at, char quote, bool has_escapes)
{
    const char *text = lexer->text;
    for (; at < lexer->len; at++) {
        if (!has_escapes) {
            const char *found = memchr(text + at, quote, lexer->len - at);
            if (!found)
                return OPEN;
            at = (size_t)(found - text);
        }
        if (text[at] == '\\' && has_escapes)
            at++;
        else if (text[at] != quote)
            continue;
        else if (byte_at(lexer, at + 1) == quote)
            at++;
        else
            return at + 1;
    }
    return OPEN;
}

/* postgres goes on with a string behind white space that holds a line break: what began as E'...'
 * still knows backslashes there. The offset behind the next opening quote, or 0. */
static size_t
next_piece(const struct sql_lexer *lexer, size_t at)
{
    bool has_break = false;
    for (; at < lexer->len; at++) {
        char c = lexer->text[at];
        if (c == '\'')
            return has_break ? at + 1 : 0;
        has_break = has_break || c == '\n' || c == '\r';
        if (c == '-' && byte_at(lexer, at + 1) == '-') {
            while (at + 1 < lexer->len && lexer->text[at + 1] != '\n' &&
                   lexer->text[at + 1] != '\r')
                at++;
        } else if (!is_space(c)) {
            return 0;
        }
    }
    return 0;
}

static size_t
end_of_escaped(const struct sql_lexer *lexer, size_t at)
{
    size_t end = at;
    while (at != 0) {
        end = end_of_quotes(lexer, at, '\'', true);
        at = end == OPEN ? 0 : next_piece(lexer, end);
    }
    return end;
}

/* At a $ that opens a dollar quote: the length of its tag with both signs; else 0. */
static size_t
dollar_tag(const struct sql_lexer *lexer)
{
    size_t at = lexer->at + 1;
    if (is_digit(byte_at(lexer, at)))
        return 0;
    while (at < lexer->len && lexer->text[at] != '$' && sql_is_word(lexer->text[at]))
        at++;
    return byte_at(lexer, at) == '$' ? at + 1 - lexer->at : 0;
}

static size_t
end_of_dollars(const struct sql_lexer *lexer, size_t tag)
{
    const char *open = lexer->text + lexer->at;
    const char *end = lexer->text + lexer->len;
    const char *at = open + tag;
    while ((size_t)(end - at) >= tag) {
        at = memchr(at, '$', (size_t)(end - at) - tag + 1);
        if (!at)
            return OPEN;
        if (memcmp(at, open, tag) == 0)
            return (size_t)(at - lexer->text) + tag;
        at++;
    }
    return OPEN;
}

/* ---- comments ------------------------------------------------------------------------------- */

static size_t
end_of_line(const struct sql_lexer *lexer, size_t at)
{
    const char *from = lexer->text + at;
    const char *found = memchr(from, '\n', lexer->len - at);
    size_t len = found ? (size_t)(found - from) : lexer->len - at;
    if (lexer->dialect->ends_at_return) {
        found = memchr(from, '\r', len);
        len = found ? (size_t)(found - from) : len;
    }
    return at + len;
}

static size_t
end_of_block(const struct sql_lexer *lexer)
{
    size_t depth = 1;
    for (size_t at = lexer->at + 2; at + 1 < lexer->len; at++) {
        const char *text = lexer->text + at;
        if (text[0] == '*' && text[1] == '/') {
            at++;
            if (--depth == 0)
                return at + 1;
        } else if (lexer->dialect->has_nesting && text[0] == '/' && text[1] == '*') {
            at++;
            depth++;
        }
    }
    return OPEN;
}

/* A mark counts as white space here: what takes its place must not decide. */
static bool
opens_line_comment(const struct sql_lexer *lexer, size_t at)
{
    char c = byte_at(lexer, at);
    if (c == '#')
        return lexer->dialect->has_hash;
    if (c != '-' || byte_at(lexer, at + 1) != '-')
        return false;
    unsigned char next = (unsigned char)byte_at(lexer, at + 2);
    return !lexer->dialect->dash_needs_space || next <= ' ' || next == 0x7F;
}

static bool
opens_block(const struct sql_lexer *lexer, size_t at)
{
    return byte_at(lexer, at) == '/' && byte_at(lexer, at + 1) == '*';
}

/* mysql and mariadb run what stands in such a comment. */
static bool
is_code(const struct sql_lexer *lexer)
{
    char first = byte_at(lexer, lexer->at + 2);
    return lexer->dialect->has_code &&
           (first == '!' || (first == 'M' && byte_at(lexer, lexer->at + 3) == '!'));
}

/* ---- placeholders --------------------------------------------------------------------------- */

static uint32_t
read_number(const struct sql_lexer *lexer, size_t at, size_t *end)
{
    uint64_t number = 0;
    for (; is_digit(byte_at(lexer, at)); at++) {
        if (number < UINT32_MAX)
            number = number * 10 + (uint64_t)(lexer->text[at] - '0');
    }
    *end = at;
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

static size_t
take_placeholder(struct sql_token *out, uint8_t style, size_t end)
{
    out->kind = SQL_PLACEHOLDER;
    out->style = style;
    return end;
}

/* At one of `$ ? : @`: the offset behind a placeholder, or 0. */
static size_t
placeholder(const struct sql_lexer *lexer, struct sql_token *out)
{
    const struct dialect *dialect = lexer->dialect;
    size_t next = lexer->at + 1;
    size_t end = 0;
    char c = byte_at(lexer, next);
    switch (lexer->text[lexer->at]) {
    case '$':
        if (is_digit(c)) {
            out->number = read_number(lexer, next, &end);
            return take_placeholder(out, ENVRES_STYLE_DOLLAR, end);
        }
        if (dialect->has_variables && sql_is_word(c))
            return take_placeholder(out, ENVRES_STYLE_DOLLAR, skip_word(lexer, next));
        return 0;
    case '?':
        if (dialect->has_operators)
            return 0;
        if (dialect->has_variables)
            read_number(lexer, next, &next);
        return take_placeholder(out, ENVRES_STYLE_QMARK, next);
    case ':':
        out->in_slice = lexer->brackets > 0;
        if (sql_is_word(c) && (c != '$' || dialect->has_variables))
            return take_placeholder(out, ENVRES_STYLE_COLON, skip_word(lexer, next));
        return 0;
    default:
        if (dialect->has_variables && sql_is_word(c))
            return take_placeholder(out, 0, skip_word(lexer, next));
        return 0;
    }
}

/* ---- tokens --------------------------------------------------------------------------------- */

static size_t
close(struct sql_token *out, enum sql_kind kind, size_t end, size_t len)
{
    out->kind = (uint8_t)kind;
    out->is_open = end == OPEN;
    return out->is_open ? len : end;
}

/* A word, or what it is the prefix of: E'..', U&"..". */
static size_t
take_word(const struct sql_lexer *lexer, struct sql_token *out)
{
    size_t start = lexer->at;
    size_t end = start;
    /* $ is no part of a number, but for mysql, where names begin with digits */
    if (is_digit(lexer->text[start]) && lexer->dialect->has_dollars) {
        while (end < lexer->len && sql_is_word(lexer->text[end]) && lexer->text[end] != '$')
            end++;
    } else {
        end = skip_word(lexer, start);
    }
    out->kind = SQL_WORD;
    if (!lexer->dialect->has_dollars || end != start + 1)
        return end;
    char first = (char)(lexer->text[start] | 0x20);
    char next = byte_at(lexer, end);
    if (next == '\'' && first == 'e')
        return close(out, SQL_STRING, end_of_escaped(lexer, end + 1), lexer->len);
    if (next == '\'' && (first == 'b' || first == 'x' || first == 'n'))
        return close(out, SQL_STRING, end_of_quotes(lexer, end + 1, '\'', false), lexer->len);
    char quote = byte_at(lexer, end + 1);
    if (first == 'u' && next == '&' && (quote == '\'' || quote == '"'))
        return close(out, quote == '"' ? SQL_QUOTED : SQL_STRING,
                     end_of_quotes(lexer, end + 2, quote, false), lexer->len);
    return end;
}

static size_t
take_quotes(const struct sql_lexer *lexer, char quote, struct sql_token *out)
{
    const struct dialect *dialect = lexer->dialect;
    bool is_text = quote == '\'' || (quote == '"' && dialect->double_is_text);
    return close(out, is_text ? SQL_STRING : SQL_QUOTED,
                 end_of_quotes(lexer, lexer->at + 1, quote, is_text && dialect->has_escapes),
                 lexer->len);
}

static size_t
take_brackets(const struct sql_lexer *lexer, struct sql_token *out)
{
    const char *from = lexer->text + lexer->at;
    const char *found = memchr(from, ']', lexer->len - lexer->at);
    return close(out, SQL_QUOTED, found ? (size_t)(found - lexer->text) + 1 : OPEN, lexer->len);
}

/* An operator of postgres ends before a comment that begins in it. */
static size_t
end_of_operator(const struct sql_lexer *lexer)
{
    size_t at = lexer->at + 1;
    while (at < lexer->len && is_operator(lexer->text[at]) && !opens_line_comment(lexer, at) &&
           !opens_block(lexer, at))
        at++;
    return at;
}

static size_t
take_sign(struct sql_lexer *lexer, struct sql_token *out)
{
    char c = lexer->text[lexer->at];
    char next = byte_at(lexer, lexer->at + 1);
    out->kind = SQL_SIGN;
    if (c == ':' && (next == ':' || next == '='))
        return lexer->at + 2;
    if (c == '$' || c == '?' || c == ':' || c == '@') {
        size_t end = placeholder(lexer, out);
        if (end > 0)
            return end;
    }
    if (lexer->dialect->has_operators) {
        if (c == '[')
            lexer->brackets++;
        else if (c == ']' && lexer->brackets > 0)
            lexer->brackets--;
        else if (is_operator(c))
            return end_of_operator(lexer);
    }
    return lexer->at + 1;
}

static size_t
take_space(const struct sql_lexer *lexer, struct sql_token *out)
{
    size_t at = lexer->at;
    while (at < lexer->len && is_space(lexer->text[at]))
        at++;
    out->kind = SQL_SPACE;
    return at;
}

static size_t
take_token(struct sql_lexer *lexer, struct sql_token *out)
{
    const struct dialect *dialect = lexer->dialect;
    size_t at = lexer->at;
    char c = lexer->text[at];
    if (is_space(c))
        return take_space(lexer, out);
    if (c == SQL_MARK) {
        out->kind = SQL_TAG;
        return at + 1;
    }
    if (c == '\'' || c == '"' || (c == '`' && dialect->has_backticks))
        return take_quotes(lexer, c, out);
    if (c == '[' && dialect->has_brackets)
        return take_brackets(lexer, out);
    if ((c == '-' || c == '#') && opens_line_comment(lexer, at))
        return close(out, SQL_COMMENT, end_of_line(lexer, at), lexer->len);
    if (opens_block(lexer, at)) {
        out->is_code = is_code(lexer);
        return close(out, SQL_COMMENT, end_of_block(lexer), lexer->len);
    }
    if (c == '$') {
        size_t tag = dialect->has_dollars ? dollar_tag(lexer) : 0;
        if (tag > 0)
            return close(out, SQL_DOLLAR, end_of_dollars(lexer, tag), lexer->len);
        return take_sign(lexer, out);
    }
    return sql_is_word(c) ? take_word(lexer, out) : take_sign(lexer, out);
}

void
sql_next(struct sql_lexer *lexer, struct sql_token *out)
{
    *out = (struct sql_token){ .kind = SQL_END, .start = lexer->at, .end = lexer->at };
    if (lexer->at < lexer->len) {
        lexer->at = take_token(lexer, out);
        out->end = lexer->at;
    }
}
