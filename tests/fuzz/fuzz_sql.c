/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target (libFuzzer): no value changes the text of a statement. Each template that is accepted
 * is written twice, with different values; the texts must be the same, byte for byte, and hold the
 * tokens of the template with a placeholder, a list of placeholders or a quoted name in place of
 * each tag. The first byte chooses dialect and style, the second the length of a value that
 * follows; the rest is the template.
 */
#include <string.h>

#include "base/json.h"
#include "fuzz.h"
#include "lang/dialect.h"
#include "lang/statement.h"

enum { EXPRS_MAX = 64, LIST_MAX = 3, NAMES = 4 };

static const char *const names[NAMES] = { "name", "a\"b", "c`d]", "x'; --" };

struct input {
    struct slice value;
    struct slice text;
    uint32_t dialect;
    uint32_t style;
};

/* ---- values --------------------------------------------------------------------------------- */

#define TEXT(text)                                                                                 \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }
static const struct operand others[] = {
    { ENVRES_TYPE_STRING, TEXT("'; DROP TABLE t; -- \" ` \\ $$ /* ? $1 :p1") },
    { ENVRES_TYPE_NUMBER, TEXT("-1.5") },
    { ENVRES_TYPE_BOOLEAN, TEXT("true") },
    { ENVRES_TYPE_JSON, TEXT("{\"a\":\"'\"}") },
    { ENVRES_TYPE_NULL, TEXT("null") },
    { ENVRES_TYPE_STRING, TEXT("") },
};
enum { OTHERS = sizeof(others) / sizeof(others[0]) };

/* Lists of as many elements for either writing. */
static void
write_list(uint32_t index, bool second, struct buf *out)
{
    static const char *const elements[2][LIST_MAX] = { { "\"a\"", "1", "null" },
                                                       { "\"'\\\"), (`\"", "{\"b\":2}", "0.5" } };
    buf_add_char(out, '[');
    for (uint32_t i = 0; i <= index % LIST_MAX; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        buf_add_str(out, elements[second][(i + index) % LIST_MAX]);
    }
    buf_add_char(out, ']');
}

/* The first writing takes the fuzzer's value, the second any other. Filters take strings. */
static void
choose_operand(const struct input *input, const struct template_view *view, uint32_t index,
               bool second, struct buf *lists, struct statement_operand *out)
{
    const struct template_expr *expr = &view->exprs[index];
    bool is_bare = expr->filter_count == expr->has_default;
    *out = (struct statement_operand){ .value = { ENVRES_TYPE_STRING, input->value } };
    if (expr->place == PLACE_SQL_IDENT) {
        out->value.text = slice_str(names[index % NAMES]);
    } else if (expr->place == PLACE_SQL_LIST) {
        buf_init(&lists[index], &mem_default, false);
        write_list(index, second, &lists[index]);
        out->value.type = ENVRES_TYPE_JSON;
        out->value.text = slice_of(lists[index].data, lists[index].len);
        out->secret = second;
    } else if (second) {
        out->value = others[is_bare ? index % OTHERS : 0];
        out->secret = true;
    }
}

static envres_status
write_statement(const struct input *input, const envres_template *tmpl,
                const struct template_view *view, bool second, const envres_params *params,
                envres_statement **out)
{
    struct buf lists[EXPRS_MAX];
    struct statement_operand operands[EXPRS_MAX];
    memset(lists, 0, sizeof(lists));
    for (uint32_t i = 0; i < view->expr_count; i++)
        choose_operand(input, view, i, second, lists, &operands[i]);
    envres_error *err = envres_error_new(NULL);
    envres_status st = statement_write(&mem_default, tmpl, operands, params, 1 << 20, out, err);
    CHECK(st == ENVRES_OK || (envres_error_code(err) == st && !*out));
    CHECK(st == ENVRES_OK || envres_error_offset(err) < input->text.len);
    for (uint32_t i = 0, param = 0; st == ENVRES_OK && i < view->segment_count; i++) {
        uint32_t expr = view->segments[i].expr;
        size_t len = 0;
        if (expr == EXPR_NONE || view->exprs[expr].place == PLACE_SQL_IDENT)
            continue;
        if (view->exprs[expr].place == PLACE_SQL_LIST) {
            param += expr % LIST_MAX + 1;
            continue;
        }
        const char *value = envres_statement_value(*out, param, &len);
        if (view->exprs[expr].filter_count == 0 && operands[expr].value.type != ENVRES_TYPE_NULL)
            CHECK(len == operands[expr].value.text.len &&
                  memcmp(value, operands[expr].value.text.data, len) == 0);
        CHECK(envres_statement_is_secret(*out, param) == operands[expr].secret);
        param++;
    }
    for (uint32_t i = 0; i < view->expr_count; i++) {
        if (lists[i].mem)
            buf_free(&lists[i]);
    }
    envres_error_free(err);
    return st;
}

/* ---- tokens --------------------------------------------------------------------------------- */

static void
expect_token(struct sql_lexer *lexer, enum sql_kind kind, const char *text, size_t len)
{
    struct sql_token token;
    sql_next(lexer, &token);
    CHECK(token.kind == kind);
    if (text)
        CHECK(token.end - token.start == len && memcmp(lexer->text + token.start, text, len) == 0);
}

static void
expect_placeholder(struct sql_lexer *lexer, uint32_t style)
{
    struct sql_token token;
    sql_next(lexer, &token);
    CHECK(token.kind == SQL_PLACEHOLDER && token.style == style);
}

static void
expect_tag(struct sql_lexer *lexer, const struct template_view *view, uint32_t expr)
{
    enum expr_place place = (enum expr_place)view->exprs[expr].place;
    if (place == PLACE_SQL_IDENT) {
        expect_token(lexer, SQL_QUOTED, NULL, 0);
        return;
    }
    if (place == PLACE_SQL_VALUE) {
        expect_placeholder(lexer, view->style);
        return;
    }
    expect_token(lexer, SQL_SIGN, "(", 1);
    for (uint32_t i = 0; i <= expr % LIST_MAX; i++) {
        if (i > 0) {
            expect_token(lexer, SQL_SIGN, ",", 1);
            expect_token(lexer, SQL_SPACE, " ", 1);
        }
        expect_placeholder(lexer, view->style);
    }
    expect_token(lexer, SQL_SIGN, ")", 1);
}

static void
compare_tokens(const struct template_view *view, const envres_statement *statement)
{
    const struct dialect *dialect = dialect_row(view->dialect);
    struct sql_lexer marked;
    struct sql_lexer written;
    struct sql_token token = { 0 };
    struct buf text;
    uint32_t segment = 0;
    size_t len = 0;
    buf_init(&text, &mem_default, false);
    for (uint32_t i = 0; i < view->segment_count; i++) {
        buf_add(&text, view->text + view->segments[i].offset, view->segments[i].len);
        if (view->segments[i].expr != EXPR_NONE)
            buf_add_char(&text, SQL_MARK);
    }
    const char *sql = envres_statement_text(statement, &len);
    sql_begin(&marked, dialect, text.data, text.len);
    sql_begin(&written, dialect, sql, len);
    for (sql_next(&marked, &token); token.kind != SQL_END; sql_next(&marked, &token)) {
        CHECK(!token.is_open);
        if (token.kind != SQL_TAG) {
            expect_token(&written, (enum sql_kind)token.kind, text.data + token.start,
                         token.end - token.start);
            continue;
        }
        while (view->segments[segment].expr == EXPR_NONE)
            segment++;
        expect_tag(&written, view, view->segments[segment++].expr);
    }
    expect_token(&written, SQL_END, NULL, 0);
    buf_free(&text);
}

/* Tokens cover a text without gaps, whatever it is. */
static void
check_cover(const struct input *input)
{
    struct sql_lexer lexer;
    struct sql_token token = { 0 };
    size_t at = 0;
    sql_begin(&lexer, dialect_row(input->dialect), input->text.data, input->text.len);
    for (sql_next(&lexer, &token); token.kind != SQL_END; sql_next(&lexer, &token)) {
        CHECK(token.start == at && token.end > at && token.end <= input->text.len);
        CHECK(!token.is_open || token.end == input->text.len);
        at = token.end;
    }
    CHECK(at == input->text.len);
}

/* ---- one input ------------------------------------------------------------------------------ */

static void
check_template(const struct input *input, const envres_template *tmpl, const envres_params *params)
{
    struct template_view view;
    envres_statement *first = NULL;
    envres_statement *second = NULL;
    template_view(tmpl, &view);
    if (view.expr_count > EXPRS_MAX)
        return;
    envres_status st = write_statement(input, tmpl, &view, false, params, &first);
    CHECK(write_statement(input, tmpl, &view, true, params, &second) == st);
    if (st == ENVRES_OK) {
        size_t len = 0;
        size_t other = 0;
        const char *text = envres_statement_text(first, &len);
        const char *again = envres_statement_text(second, &other);
        CHECK(len == other && memcmp(text, again, len) == 0);
        CHECK(envres_statement_count(first) == envres_statement_count(second));
        /* in postgres ? is an operator: what a driver makes of it is not for the tokenizer to say
         */
        if (input->dialect != ENVRES_DIALECT_POSTGRES || view.style != ENVRES_STYLE_QMARK)
            compare_tokens(&view, first);
    }
    envres_statement_free(first);
    envres_statement_free(second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t len = data[1] < size - 2 ? data[1] : size - 2;
    struct input input = { .value = { (const char *)data + 2, len },
                           .text = { (const char *)data + 2 + len, size - 2 - len },
                           .dialect = data[0] % 3 + 1,
                           .style = data[0] / 3 % 4 };
    envres_template_options options = { .size = sizeof(options),
                                        .flags = ENVRES_TEMPLATE_BORROW,
                                        .context = ENVRES_CONTEXT_SQL,
                                        .dialect = input.dialect,
                                        .style = input.style };
    envres_template *tmpl = NULL;
    static envres_params *params;
    static envres_error *err;
    if (!params) {
        params = envres_params_new(NULL);
        err = envres_error_new(NULL);
        for (size_t i = 0; i < NAMES; i++)
            CHECK(envres_params_allow(params, names[i], ENVRES_NUL_TERMINATED, NULL) == ENVRES_OK);
    }
    check_cover(&input);
    envres_status st = envres_template_parse(input.text.data, input.text.len, &options, &tmpl, err);
    if (st == ENVRES_OK)
        check_template(&input, tmpl, params);
    else
        CHECK(!tmpl && envres_error_offset(err) <= input.text.len && envres_error_line(err) >= 1);
    envres_template_unref(tmpl);
    return 0;
}
