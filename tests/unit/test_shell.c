/* SPDX-License-Identifier: MIT */
/* The quoting of shell text: `@` in a row stands for a tag. */
#include "lang/shell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *name;
    const char *text;
    const char *refused; /* where the first refused tag is; NULL: none is */
};

#define DOUBLE  "inside double quotes"
#define SINGLE  "inside single quotes"
#define TICKS   "inside back-ticks"
#define MATH    "inside arithmetic"
#define BRACE   "inside ${ }"
#define COMMENT "inside a comment"
#define HERE    "inside a here-document"
#define WORD    "in the delimiter of a here-document"
#define ANSI    "inside $' ' quotes"
#define DOLLAR  "directly behind a dollar sign"
#define ESCAPE  "behind a backslash"
#define LOST    "behind text whose quoting cannot be followed"

static const struct row rows[] = {
    { "alone", "@", NULL },
    { "a word", "curl @ -o @", NULL },
    { "part of a word", "curl --url=@/path", NULL },
    { "assignment", "X=@ Y=@", NULL },
    { "after quotes", "echo 'a'\"b\"@", NULL },
    { "between quotes", "echo \"a\"@'b'", NULL },
    { "redirection", "cat <@ >@", NULL },
    { "here-string", "cat <<<@", NULL },
    { "pipeline", "a | b @ && c @; d @ &", NULL },
    { "command substitution", "echo $(curl @)", NULL },
    { "command substitution, first word", "echo $(@)", NULL },
    { "command substitution in quotes", "echo \"$(curl @)\"", NULL },
    { "nested substitutions", "echo \"$(a \"$(b @)\" @)\"", NULL },
    { "subshell", "(cd /tmp && run @)", NULL },
    { "two subshells", "( (a @) )", NULL },
    { "process substitution", "diff <(a @) >(b @)", NULL },
    { "behind closed arithmetic", "a=$((1+(2))) @", NULL },
    { "behind a closed parameter", "a=${x:-y} @", NULL },
    { "behind closed ticks", "a=`date` @", NULL },
    { "behind a special parameter", "a=$# b=$? c=$$ d=$! @", NULL },
    { "behind a comment", "# it's\n@", NULL },
    { "hash inside a word", "a#b'c'@", NULL },
    { "hash behind quotes", "'a'#\"b\" @", NULL },
    { "hash behind substitution", "$(a)#'b' @", NULL },
    { "hash behind a value", "@#'@", SINGLE },
    { "behind a here-document", "cat <<EOF\na 'b\nEOF\necho @", NULL },
    { "behind a quoted here-document", "cat <<'E F'\n$(\nE F\necho @", NULL },
    { "behind an indented here-document", "cat <<-EOF\n\tit's\n\t\tEOF\necho @", NULL },
    { "behind two here-documents", "a <<X; b <<Y\n'\nX\n\"\nY\necho @", NULL },
    { "behind an escaped delimiter", "a <<\\EOF\n'\nEOF\n@", NULL },
    { "on the line of a here-document", "cat <<EOF | grep @\nx\nEOF\n", NULL },
    { "a here-document inside substitution", "x=$(cat <<EOF\nit's\nEOF\n) @", NULL },
    { "empty here-document", "cat <<EOF\nEOF\n@", NULL },
    { "empty delimiter", "cat <<''\na'b\n\n@", NULL },
    { "escaped quote", "echo \\' @", NULL },
    { "escaped dollar", "echo \\$@", NULL },
    { "escaped backslash", "echo \\\\@", NULL },
    { "continued line", "curl \\\n @", NULL },
    { "case at the top", "case $x in a) b @;; esac", NULL },
    { "function", "f() { echo @; }", NULL },
    { "dollar in single quotes", "'$' @", NULL },
    { "ANSI quotes closed", "$'a\\nb\\\\' @", NULL },
    { "ANSI quotes with an escaped quote", "$'a\\'b' @", LOST },
    { "word of a here-document with a quote", "cat <<E'O'F\n\"\nEOF\n@", NULL },
    { "shift in arithmetic", "x=$((1<<2)) @", NULL },
    { "arithmetic command before", "((x<<2)) && echo @", LOST },
    { "two parentheses apart", "( (a) ) && echo @", NULL },

    { "continued line in a delimiter", "cat <<E\\\nOF\n'\nEOF\n@", NULL },
    { "parameter with ticks in it", "a=${x:-`b`} @", NULL },
    { "parameter with a parameter in it", "a=${x:-${y:-$z}} @", NULL },
    { "parameter with an escape first", "a=${\\}} @", NULL },
    { "arithmetic with expansions", "a=$(($x + ${y} + $(z) + `q`)) @", NULL },
    { "substitution with an escape first", "$(\\a) @", NULL },
    { "dollar and quote in double quotes", "\"$'\" @", NULL },
    { "dollar at the end of double quotes", "\"a$\" @", NULL },

    { "double quotes", "echo \"@\"", DOUBLE },
    { "double quotes among text", "echo \"a @ b\"", DOUBLE },
    { "double quotes, escaped quote", "echo \"a\\\"@\"", DOUBLE },
    { "double quotes over lines", "echo \"a\n@\"", DOUBLE },
    { "double quotes behind substitution", "echo \"$(a)@\"", DOUBLE },
    { "double quotes inside substitution", "echo $(a \"@\")", DOUBLE },
    { "double quotes inside quotes", "echo \"$(a \"@\")\"", DOUBLE },
    { "single quotes", "echo '@'", SINGLE },
    { "single quotes with backslash", "echo 'a\\'b'@'", SINGLE },
    { "single quotes inside substitution", "echo \"$(a '@')\"", SINGLE },
    { "single quotes in double quotes are text", "echo \"'@'\"", DOUBLE },
    { "ANSI quotes", "echo $'@'", ANSI },
    { "ANSI quotes, escaped character", "echo $'a\\n@'", ANSI },
    { "dollar before", "echo $@", DOLLAR },
    { "dollar and a continued line before", "echo $\\\n@", DOLLAR },
    { "ticks", "echo `a @`", TICKS },
    { "ticks in double quotes", "echo \"`a @`\"", TICKS },
    { "ticks, nested", "echo `a \\`b @\\``", TICKS },
    { "parameter", "echo ${x:-@}", BRACE },
    { "parameter in double quotes", "echo \"${x:-@}\"", BRACE },
    { "parameter with a quote in it", "echo \"${x:-'}\" @", LOST },
    { "arithmetic", "echo $((@))", MATH },
    { "arithmetic, nested", "echo $(( (@) ))", MATH },
    { "arithmetic, continued line", "echo $(\\\n(@))", MATH },
    { "arithmetic command, tag", "((@))", LOST },
    { "old arithmetic", "echo $[@]", LOST },
    { "unsure arithmetic", "echo $((a) @)", LOST },
    { "unsure arithmetic, closed", "echo $((a) ; b) @", LOST },
    { "comment", "# @", COMMENT },
    { "comment behind a command", "a # @", COMMENT },
    { "comment behind a semicolon", "a;# @", COMMENT },
    { "comment behind a continued line", "a \\\n# @", COMMENT },
    { "comment in substitution", "$(# @\n)", COMMENT },
    { "hash behind arithmetic", "$((1))#'a' @", NULL },
    { "parameter, at its beginning", "echo ${@}", BRACE },
    { "parameter, escaped", "echo ${\\\n@}", BRACE },
    { "parameter with a command", "echo ${ a; } @", LOST },
    { "parameter with double quotes", "echo \"${x:-\"a\"}\" @", LOST },
    { "here-document", "cat <<EOF\n@\nEOF\n", HERE },
    { "quoted here-document", "cat <<'EOF'\n@\nEOF\n", HERE },
    { "second here-document", "a <<X; b <<Y\nX\n@\nY\n", HERE },
    { "delimiter with something behind it", "cat <<EOF\nEOF x\n@\n", HERE },
    { "delimiter with a blank before it", "cat <<EOF\n EOF\n@\n", HERE },
    { "delimiter behind a continued line", "cat <<EOF\na\\\nEOF\n@\n", HERE },
    { "tabs without a dash", "cat <<EOF\n\tEOF\n@\n", HERE },
    { "delimiter", "cat <<@\n", WORD },
    { "delimiter behind a blank", "cat << @\n", WORD },
    { "delimiter with a dash", "cat <<-@\n", WORD },
    { "part of a delimiter", "cat <<E@\n", WORD },
    { "delimiter with an expansion", "cat <<$x\n@", LOST },
    { "delimiter missing", "cat <<\n@", LOST },
    { "delimiter with a line break", "cat <<'a\nb'\n@", LOST },
    { "arithmetic with quotes", "$((\"1\")) @", LOST },
    { "arithmetic closed with an escape", "$((1)\\)) @", LOST },
    { "arithmetic closed by half at the end", "$((1)@", LOST },
    { "parameter with single quotes", "${x:-'a'} @", LOST },
    { "backslash before", "echo \\@", ESCAPE },
    { "case inside substitution", "echo \"$(case x in a) b \"@\";; esac)\"", LOST },
    { "substitution on the line of a here-document", "cat <<EOF $(a)\nx\nEOF\n@", LOST },
};

static const char *
run(const char *text)
{
    struct shell shell;
    const char *where = NULL;
    const char *hint = NULL;
    shell_begin(&shell);
    for (const char *at = text; *at && !where; at++) {
        if (*at != '@') {
            shell_feed(&shell, at, 1);
            continue;
        }
        where = shell_tag(&shell, &hint);
        if (where)
            assert_true(hint && hint[0]);
    }
    return where;
}

static void
test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        printf("  %s\n", rows[i].name);
        const char *where = run(rows[i].text);
        if (rows[i].refused) {
            assert_non_null(where);
            assert_string_equal(where, rows[i].refused);
        } else if (where) {
            fail_msg("refused: %s", where);
        }
    }
}

/* Deep nesting makes the machine lost, it does not overflow. */
static void
test_depth(void **state)
{
    struct shell shell;
    const char *hint = NULL;
    (void)state;
    shell_begin(&shell);
    for (int i = 0; i < 1000; i++)
        shell_feed(&shell, "\"$(", 3);
    assert_string_equal(shell_tag(&shell, &hint), LOST);
    shell_begin(&shell);
    for (int i = 0; i < SHELL_HEREDOCS + 1; i++)
        shell_feed(&shell, "cat <<A ", 8);
    shell_feed(&shell, "\n", 1);
    assert_string_equal(shell_tag(&shell, &hint), LOST);
    shell_begin(&shell);
    shell_feed(&shell, "cat <<", 6);
    for (int i = 0; i < SHELL_DELIMITER + 1; i++)
        shell_feed(&shell, "A", 1);
    assert_string_equal(shell_tag(&shell, &hint), LOST);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
