/* SPDX-License-Identifier: MIT */
/* The tokenizer of SQL. A row gives the tokens of a text, one letter each, in front of the token's
 * own text: s space, c comment, w word, t string, q quoted identifier, d dollar quote, p
 * placeholder, o sign; a capital letter: it has no end. `~` in a text stands for the mark of a tag,
 * m. */
#include "lang/dialect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { P = ENVRES_DIALECT_POSTGRES, M = ENVRES_DIALECT_MYSQL, S = ENVRES_DIALECT_SQLITE };

struct row {
    const char *name;
    uint32_t dialect;
    const char *text;
    const char *tokens; /* split by | */
};

static const struct row rows[] = {
    { "nothing", P, "", "" },
    { "words and signs", P, "a1, _b=3", "wa1|o,|s |w_b|o=|w3" },
    { "letters beyond ASCII are of a word", S,
      "\xc3\xa9"
      "a b",
      "w\xc3\xa9"
      "a|s |wb" },
    { "a tag", P, "a ~b", "wa|s |m~|wb" },
    { "string", P, "'a''b'c", "t'a''b'|wc" },
    { "an open string", P, "a 'b", "wa|s |T'b" },
    { "an open string behind a doubled quote", P, "'a''", "T'a''" },
    { "a tag in a string", P, "'~'", "t'~'" },
    { "a backslash is nothing in postgres", P, "'a\\'b", "t'a\\'|wb" },
    { "but in an escape string", P, "e'a\\'b'c", "te'a\\'b'|wc" },
    { "an escape string has doubled quotes too", P, "E'''\\\\'x", "tE'''\\\\'|wx" },
    { "an escape string on two lines", P, "E'a'\n 'b\\''c", "tE'a'\n 'b\\''|wc" },
    { "and with a comment between", P, "E'a' --x'\n'b\\''c", "tE'a' --x'\n'b\\''|wc" },
    { "on one line the next is another", P, "E'a' 'b\\'c", "tE'a'|s |t'b\\'|wc" },
    { "an open escape string", P, "E'a\\'", "TE'a\\'" },
    { "a backslash at the end", P, "E'a\\", "TE'a\\" },
    { "prefixes", P, "x'f' B'0' n'a' u&'b' U&\"c\"",
      "tx'f'|s |tB'0'|s |tn'a'|s |tu&'b'|s |qU&\"c\"" },
    { "a longer word is no prefix", P, "ae'\\'", "wae|t'\\'" },
    { "U& and nothing to quote", P, "u&a", "wu|o&|wa" },
    { "identifier", P, "\"a\"\"'b\"c", "q\"a\"\"'b\"|wc" },
    { "an open identifier", P, "\"a", "Q\"a" },
    { "dollar quotes", P, "$$a'$b$$c", "d$$a'$b$$|wc" },
    { "tagged dollar quotes", P, "$a$ $$ $b$ $a$c", "d$a$ $$ $b$ $a$|wc" },
    { "dollar quotes end at their own tag", P, "$a$ $A$ $aa$ $a$", "d$a$ $A$ $aa$ $a$" },
    { "an open dollar quote", P, "$a$ $b$", "D$a$ $b$" },
    { "dollars in a word", P, "a$$b$$", "wa$$b$$" },
    { "a dollar alone", P, "$ a $", "o$|s |wa|s |o$" },
    { "a tag does not make a dollar quote", P, "$~$", "o$|m~|o$" },
    { "numbered placeholders", P, "$1,$23", "p$1|o,|p$23" },
    { "a number in a word is none", P, "a$1", "wa$1" },
    { "comments", P, "a--b'\nc/*d'*/e", "wa|c--b'|s\n|wc|c/*d'*/|we" },
    { "a return ends one too", P, "--a\rb", "c--a|s\r|wb" },
    { "but not elsewhere", S, "--a\rb", "c--a\rb" },
    { "nested comments", P, "/*a/*b*/c*/d", "c/*a/*b*/c*/|wd" },
    { "an open nested comment", P, "/*/**/", "C/*/**/" },
    { "a comment of three signs", P, "/*/a", "C/*/a" },
    { "operators", P, "a<=>b ?| c", "wa|o<=>|wb|s |o?||s |wc" },
    { "an operator ends before a comment", P, "+--a", "o+|c--a" },
    { "an operator ends before a block", P, "*/*a*/b", "o*|c/*a*/|wb" },
    { "casts and assignment", P, "a::b:=c", "wa|o::|wb|o:=|wc" },
    { "named placeholders", P, "a=:b1", "wa|o=|p:b1" },
    { "a slice's own number", P, "a[1:$2]", "wa|o[|w1|o:|p$2|o]" },
    { "back-ticks are an operator", P, "`a", "o`|wa" },

    { "backslashes", M, "'a\\'b'c\"d\\\"e\"", "t'a\\'b'|wc|t\"d\\\"e\"" },
    { "doubled quotes", M, "'a''b'\"c\"\"d\"", "t'a''b'|t\"c\"\"d\"" },
    { "back-ticks", M, "`a``'b\\`c", "q`a``'b\\`|wc" },
    { "an open name", M, "`a", "Q`a" },
    { "a comment needs white space", M, "a--b\n-- c'\nd", "wa|o-|o-|wb|s\n|c-- c'|s\n|wd" },
    { "or the end", M, "a--", "wa|c--" },
    { "a tag counts as white space", M, "--~", "c--~" },
    { "hash comments", M, "a#b'\nc", "wa|c#b'|s\n|wc" },
    { "comments do not nest", M, "/*/*a*/b", "c/*/*a*/|wb" },
    { "question marks", M, "a=?,??", "wa|o=|p?|o,|p?|p?" },
    { "variables are none", M, "@a:=@@b", "o@|wa|o:=|o@|o@|wb" },
    { "names with digits and dollars", M, "1a$b", "w1a$b" },
    { "numbered ones are seen", M, "$1", "p$1" },
    { "character sets", M, "_utf8'\\''", "w_utf8|t'\\''" },
    { "no dollar quotes", M, "$$'a'", "o$|o$|t'a'" },

    { "brackets", S, "[a'b]]c", "q[a'b]|o]|wc" },
    { "open brackets", S, "[a", "Q[a" },
    { "back-ticks and quotes", S, "`a``b`\"c\"\"d\"'e\\'", "q`a``b`|q\"c\"\"d\"|t'e\\'" },
    { "placeholders", S, "? ?12 :a @b $c", "p?|s |p?12|s |p:a|s |p@b|s |p$c" },
    { "dollars in a word", S, "a$1", "wa$1" },
    { "comments", S, "--a\n/*b/*c*/d#", "c--a|s\n|c/*b/*c*/|wd|o#" },
    { "no casts", S, "a::b", "wa|o::|wb" },
};

static char
letter(const struct sql_token *token)
{
    static const char letters[] = "?scwtqdpom";
    char c = letters[token->kind];
    return token->is_open ? (char)(c & ~0x20) : c;
}

static void
test_tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct sql_lexer lexer;
        struct sql_token token = { 0 };
        char text[256];
        char got[512];
        size_t len = strlen(row->text);
        size_t at = 0;
        size_t expected = 0;
        printf("  %s: %s\n", dialect_row(row->dialect)->name, row->name);
        for (size_t k = 0; k < len; k++)
            text[k] = row->text[k] == '~' ? SQL_MARK : row->text[k];
        sql_begin(&lexer, dialect_row(row->dialect), text, len);
        for (sql_next(&lexer, &token); token.kind != SQL_END; sql_next(&lexer, &token)) {
            assert_int_equal(token.start, expected);
            assert_true(token.end > token.start);
            expected = token.end;
            at += (size_t)snprintf(got + at, sizeof(got) - at, "%s%c%.*s", at > 0 ? "|" : "",
                                   letter(&token), (int)(token.end - token.start),
                                   row->text + token.start);
        }
        got[at] = '\0';
        assert_int_equal(expected, len);
        assert_string_equal(got, row->tokens);
    }
}

static void
test_facts(void **state)
{
    struct sql_lexer lexer;
    struct sql_token token;
    (void)state;
    assert_null(dialect_row(0));
    assert_null(dialect_row(S + 1));
    assert_null(dialect_row(UINT32_MAX));
    for (uint32_t dialect = P; dialect <= S; dialect++) {
        assert_true(dialect_row(dialect)->style != ENVRES_STYLE_DEFAULT);
        assert_true(dialect_row(dialect)->params_max > 30000);
    }
    sql_begin(&lexer, dialect_row(P), "$4294967296 $00065536", 21);
    sql_next(&lexer, &token);
    assert_int_equal(token.number, UINT32_MAX);
    sql_next(&lexer, &token);
    sql_next(&lexer, &token);
    assert_int_equal(token.number, 65536);
    sql_begin(&lexer, dialect_row(M), "/*! a *//*M! b *//*M*/", 22);
    sql_next(&lexer, &token);
    assert_true(token.is_code);
    sql_next(&lexer, &token);
    assert_true(token.is_code);
    sql_next(&lexer, &token);
    assert_false(token.is_code);
    sql_begin(&lexer, dialect_row(P), "/*! a */ [:x]:y", 15);
    sql_next(&lexer, &token);
    assert_false(token.is_code);
    sql_next(&lexer, &token);
    sql_next(&lexer, &token);
    sql_next(&lexer, &token);
    assert_true(token.kind == SQL_PLACEHOLDER && token.in_slice);
    sql_next(&lexer, &token);
    sql_next(&lexer, &token);
    assert_true(token.kind == SQL_PLACEHOLDER && !token.in_slice);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_tokens),
                                        cmocka_unit_test(test_facts) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
