/* SPDX-License-Identifier: MIT */
/*
 * The quoting of POSIX shell text, as a stack machine over single bytes.
 *
 * A value is written in single quotes. That is safe where the shell reads commands: at the top,
 * inside $( ) and inside ( ). Everywhere else the quotes would not quote: inside "..." the value's
 * own $( ) would run, inside '...' it would end the string, a line break in it would end a comment,
 * arithmetic evaluates what it is given, and directly behind `$` the quotes become $'...'.
 *
 * Operators of several characters are followed through `pending`, never by looking ahead, since a
 * backslash and a line break may stand between any two characters, and tags cut the text in
 * pieces. What is not followed (`case` inside $( ), too deep a nesting, ...), and what shells read
 * in different ways ((( )), $[ ], a quote escaped inside $' '), makes the machine lost: from there
 * on every tag is refused. This is no parser: it need not tell wrong scripts from
 * right ones, only never take a quoted place for an unquoted one.
 */
#include "lang/shell.h"

#include <string.h>

enum pending {
    PENDING_NONE,
    PENDING_DOLLAR,       /* $ */
    PENDING_DOLLAR_PAREN, /* $( */
    PENDING_DOLLAR_BRACE, /* ${ */
    PENDING_PAREN,        /* ( */
    PENDING_LESS,         /* < */
    PENDING_LESS_LESS,    /* << */
    PENDING_MATH_CLOSE    /* ) that may be the first of two */
};

static const char *const case_word = "case";
enum { CASE_LETTERS = 4, CASE_NO = 255 };

void
shell_begin(struct shell *shell)
{
    memset(shell, 0, sizeof(*shell));
    shell->frames[0] = SHELL_PLAIN;
    shell->at_word_start = true;
}

static enum shell_frame
top_frame(const struct shell *shell)
{
    return (enum shell_frame)shell->frames[shell->depth];
}

static void
push(struct shell *shell, enum shell_frame frame)
{
    if (shell->depth + 1 == SHELL_DEPTH) {
        shell->is_lost = true;
        return;
    }
    shell->frames[++shell->depth] = (uint8_t)frame;
    shell->subs = (uint8_t)(shell->subs + (frame == SHELL_SUB));
}

static void
pop(struct shell *shell)
{
    if (shell->depth == 0)
        return;
    shell->subs = (uint8_t)(shell->subs - (top_frame(shell) == SHELL_SUB));
    shell->depth--;
}

static bool
is_commands(enum shell_frame frame)
{
    return frame == SHELL_PLAIN || frame == SHELL_SUB || frame == SHELL_PAREN;
}

/* ---- here-documents ------------------------------------------------------------------------- */

static void
begin_word(struct shell *shell)
{
    if (shell->heredoc_count == SHELL_HEREDOCS) {
        shell->is_lost = true;
        return;
    }
    memset(&shell->heredocs[shell->heredoc_count], 0, sizeof(shell->heredocs[0]));
    shell->word_begun = false;
    shell->word_quote = 0;
    push(shell, SHELL_WORD);
}

static void
add_to_word(struct shell *shell, char c)
{
    struct shell_heredoc *heredoc = &shell->heredocs[shell->heredoc_count];
    shell->word_begun = true;
    if (heredoc->len == SHELL_DELIMITER || c == '\n')
        shell->is_lost = true;
    else
        heredoc->delimiter[heredoc->len++] = c;
}

static void feed_one(struct shell *shell, char c);

static void
end_word(struct shell *shell, char c)
{
    if (!shell->word_begun)
        shell->is_lost = true;
    shell->heredoc_count++;
    pop(shell);
    feed_one(shell, c);
}

static void
feed_word(struct shell *shell, char c)
{
    struct shell_heredoc *heredoc = &shell->heredocs[shell->heredoc_count];
    if (shell->escaped) {
        shell->escaped = false;
        if (c == '\n')
            return;
        heredoc->is_quoted = true;
        add_to_word(shell, c);
        return;
    }
    if (c == '\\' && shell->word_quote != '\'') {
        shell->escaped = true;
        return;
    }
    if (shell->word_quote != 0) {
        if (c == (char)shell->word_quote)
            shell->word_quote = 0;
        else
            add_to_word(shell, c);
        return;
    }
    if (c == '\'' || c == '"') {
        shell->word_quote = (uint8_t)c;
        shell->word_begun = heredoc->is_quoted = true;
    } else if (c == '$' || c == '`') {
        shell->is_lost = true;
    } else if ((c == ' ' || c == '\t') && !shell->word_begun) {
        return;
    } else if (c == '-' && !shell->word_begun && !heredoc->strips_tabs) {
        heredoc->strips_tabs = true;
    } else if (strchr(" \t\n;&|<>()", c)) {
        end_word(shell, c);
    } else {
        add_to_word(shell, c);
    }
}

static void
begin_line(struct shell *shell)
{
    shell->matched = 0;
    shell->line_differs = false;
    shell->line_indented = true;
    shell->last_backslash = false;
}

/* A line that follows an escaped line break is the end of that line, so it cannot close the
 * document. */
static void
end_heredoc_line(struct shell *shell)
{
    const struct shell_heredoc *heredoc = &shell->heredocs[0];
    bool closes = !shell->line_differs && !shell->line_continues && shell->matched == heredoc->len;
    shell->line_continues = shell->last_backslash && !heredoc->is_quoted;
    begin_line(shell);
    if (!closes)
        return;
    shell->line_continues = false;
    shell->heredoc_count--;
    memmove(&shell->heredocs[0], &shell->heredocs[1],
            shell->heredoc_count * sizeof(shell->heredocs[0]));
    if (shell->heredoc_count == 0)
        pop(shell);
}

static void
feed_heredoc(struct shell *shell, char c)
{
    const struct shell_heredoc *heredoc = &shell->heredocs[0];
    if (c == '\n') {
        end_heredoc_line(shell);
        return;
    }
    shell->last_backslash = c == '\\' && !shell->last_backslash;
    if (c == '\t' && heredoc->strips_tabs && shell->line_indented)
        return;
    shell->line_indented = false;
    if (shell->matched < heredoc->len && heredoc->delimiter[shell->matched] == c)
        shell->matched++;
    else
        shell->line_differs = true;
}

/* ---- commands -------------------------------------------------------------------------------- */

static void
end_of_word(struct shell *shell)
{
    if (shell->case_letters == CASE_LETTERS && shell->subs > 0)
        shell->is_lost = true;
    shell->case_letters = 0;
    shell->at_word_start = true;
}

static void
inside_word(struct shell *shell, char c)
{
    if (shell->at_word_start)
        shell->case_letters = 0;
    shell->at_word_start = false;
    if (shell->case_letters < CASE_LETTERS && case_word[shell->case_letters] == c)
        shell->case_letters++;
    else
        shell->case_letters = CASE_NO;
}

static void
end_of_line(struct shell *shell)
{
    end_of_word(shell);
    if (shell->heredoc_count == 0)
        return;
    shell->line_continues = false;
    begin_line(shell);
    push(shell, SHELL_HEREDOC);
}

/* Shells differ in where the body begins of a document that is announced outside and inside of
 * $( ) on one line. */
static void
open_sub(struct shell *shell)
{
    if (shell->heredoc_count > 0)
        shell->is_lost = true;
    push(shell, SHELL_SUB);
    shell->at_word_start = true;
    shell->case_letters = 0;
}

static void
close_paren(struct shell *shell)
{
    bool was_sub = top_frame(shell) == SHELL_SUB;
    end_of_word(shell);
    if (shell->depth == 0)
        return;
    if (was_sub && shell->heredoc_count > 0)
        shell->is_lost = true;
    pop(shell);
    shell->at_word_start = !was_sub;
    shell->case_letters = was_sub ? CASE_NO : 0;
}

/* What `$` begins, in commands and in double quotes alike. True when `c` is used up. */
static bool
after_dollar(struct shell *shell, char c)
{
    shell->pending = PENDING_NONE;
    switch (c) {
    case '(':
        shell->pending = PENDING_DOLLAR_PAREN;
        return true;
    case '{':
        shell->pending = PENDING_DOLLAR_BRACE;
        return true;
    case '[':
        shell->is_lost = true;
        return true;
    case '$':
        return true;
    case '\'':
        if (!is_commands(top_frame(shell)))
            return false;
        push(shell, SHELL_ANSI);
        return true;
    default:
        return false;
    }
}

/* Goes on with an operator that was begun; true when `c` belongs to it. */
static bool
resume(struct shell *shell, char c)
{
    enum pending pending = (enum pending)shell->pending;
    shell->pending = PENDING_NONE;
    switch (pending) {
    case PENDING_DOLLAR:
        return after_dollar(shell, c);
    case PENDING_DOLLAR_PAREN:
        if (c == '(')
            push(shell, SHELL_MATH);
        else
            open_sub(shell);
        if (c != '(')
            feed_one(shell, c);
        return true;
    case PENDING_DOLLAR_BRACE: /* ${ cmd; } runs a command in some shells */
        shell->is_lost = strchr(" \t\n|(", c) != NULL;
        push(shell, SHELL_BRACE);
        return false;
    case PENDING_PAREN:
        shell->is_lost = c == '(';
        return shell->is_lost;
    case PENDING_LESS:
        if (c == '<')
            shell->pending = PENDING_LESS_LESS;
        return c == '<';
    case PENDING_LESS_LESS:
        if (c == '<')
            return true;
        begin_word(shell);
        feed_one(shell, c);
        return true;
    case PENDING_MATH_CLOSE:
        shell->is_lost = c != ')';
        pop(shell);
        return true;
    case PENDING_NONE:
        break;
    }
    return false;
}

static void
feed_commands(struct shell *shell, char c)
{
    switch (c) {
    case '\'':
    case '"':
    case '`':
        inside_word(shell, c);
        push(shell, c == '\'' ? SHELL_SINGLE : c == '"' ? SHELL_DOUBLE : SHELL_BACKTICK);
        break;
    case '$':
        inside_word(shell, c);
        shell->pending = PENDING_DOLLAR;
        break;
    case '<':
        end_of_word(shell);
        shell->pending = PENDING_LESS;
        break;
    case '(':
        end_of_word(shell);
        push(shell, SHELL_PAREN);
        shell->pending = PENDING_PAREN;
        break;
    case ')':
        close_paren(shell);
        break;
    case '#':
        if (shell->at_word_start)
            push(shell, SHELL_COMMENT);
        else
            inside_word(shell, c);
        break;
    case '\n':
        end_of_line(shell);
        break;
    case ' ':
    case '\t':
    case ';':
    case '&':
    case '|':
    case '>':
        end_of_word(shell);
        break;
    default:
        inside_word(shell, c);
        break;
    }
}

/* ---- quotes and expansions --------------------------------------------------------------------
 */

static void
feed_double(struct shell *shell, char c)
{
    if (c == '"')
        pop(shell);
    else if (c == '`')
        push(shell, SHELL_BACKTICK);
    else if (c == '$')
        shell->pending = PENDING_DOLLAR;
}

/* A quote inside ${ } quotes or not, depending on what is around, the operator and the shell. */
static void
feed_brace(struct shell *shell, char c)
{
    if (c == '}')
        pop(shell);
    else if (c == '`')
        push(shell, SHELL_BACKTICK);
    else if (c == '$')
        shell->pending = PENDING_DOLLAR;
    else if (c == '\'' || c == '"')
        shell->is_lost = true;
}

static void
feed_math(struct shell *shell, char c)
{
    enum shell_frame frame = top_frame(shell);
    if (c == '\'' || c == '"')
        shell->is_lost = true;
    else if (c == '`')
        push(shell, SHELL_BACKTICK);
    else if (c == '$')
        shell->pending = PENDING_DOLLAR;
    else if (c == '(')
        push(shell, SHELL_NESTED);
    else if (frame == SHELL_NESTED && c == ')')
        pop(shell);
    else if (c == ')')
        shell->pending = PENDING_MATH_CLOSE;
}

static void
feed_comment(struct shell *shell, char c)
{
    if (c != '\n')
        return;
    pop(shell);
    end_of_line(shell);
}

/* An escaped byte ends an operator that was begun. */
static void
settle(struct shell *shell)
{
    enum pending pending = (enum pending)shell->pending;
    shell->pending = PENDING_NONE;
    if (pending == PENDING_DOLLAR_PAREN)
        open_sub(shell);
    else if (pending == PENDING_DOLLAR_BRACE)
        push(shell, SHELL_BRACE);
    else if (pending == PENDING_MATH_CLOSE)
        shell->is_lost = true;
}

/* The frames in which a backslash takes the next byte's meaning. A line break behind it vanishes
 * and leaves a begun operator begun. */
static bool
take_escape(struct shell *shell, char c)
{
    if (!shell->escaped) {
        shell->escaped = c == '\\' && shell->pending != PENDING_LESS_LESS;
        return shell->escaped;
    }
    shell->escaped = false;
    if (c == '\n')
        return true;
    settle(shell);
    if (top_frame(shell) == SHELL_ANSI && c == '\'')
        shell->is_lost = true;
    else if (is_commands(top_frame(shell)))
        inside_word(shell, '\\');
    return true;
}

static void
feed_one(struct shell *shell, char c)
{
    enum shell_frame frame = top_frame(shell);
    if (frame == SHELL_SINGLE) {
        if (c == '\'')
            pop(shell);
        return;
    }
    if (frame == SHELL_COMMENT) {
        feed_comment(shell, c);
        return;
    }
    if (frame == SHELL_WORD) {
        feed_word(shell, c);
        return;
    }
    if (frame == SHELL_HEREDOC) {
        feed_heredoc(shell, c);
        return;
    }
    if (take_escape(shell, c))
        return;
    if (shell->pending != PENDING_NONE && resume(shell, c))
        return;
    frame = top_frame(shell);
    if (frame == SHELL_ANSI) {
        if (c == '\'')
            pop(shell);
    } else if (frame == SHELL_BACKTICK) {
        if (c == '`')
            pop(shell);
    } else if (frame == SHELL_DOUBLE) {
        feed_double(shell, c);
    } else if (frame == SHELL_BRACE) {
        feed_brace(shell, c);
    } else if (is_commands(frame)) {
        feed_commands(shell, c);
    } else {
        feed_math(shell, c);
    }
}

void
shell_feed(struct shell *shell, const char *text, size_t len)
{
    for (size_t i = 0; i < len && !shell->is_lost; i++)
        feed_one(shell, text[i]);
}

/* ---- tags -------------------------------------------------------------------------------------
 */

#define UNQUOTE "take the tag out of the quotes: its value is quoted by itself"
#define OUTSIDE "give the value to a variable first: x=<< ... >>, and use \"$x\" here"

struct refusal {
    const char *where; /* NULL: a quoted word is safe */
    const char *hint;
};

static const struct refusal refusals[SHELL_FRAME_COUNT_] = {
    [SHELL_SINGLE] = { "inside single quotes", UNQUOTE },
    [SHELL_DOUBLE] = { "inside double quotes", UNQUOTE },
    [SHELL_ANSI] = { "inside $' ' quotes", UNQUOTE },
    [SHELL_BACKTICK] = { "inside back-ticks", "write $( ) in place of the back-ticks" },
    [SHELL_BRACE] = { "inside ${ }", OUTSIDE },
    [SHELL_MATH] = { "inside arithmetic", OUTSIDE },
    [SHELL_NESTED] = { "inside arithmetic", OUTSIDE },
    [SHELL_COMMENT] = { "inside a comment", "a line break in its value would end the comment" },
    [SHELL_WORD] = { "in the delimiter of a here-document", "write the delimiter as a plain word" },
    [SHELL_HEREDOC] = { "inside a here-document", "write printf '%s\\n' << ... >> instead" },
};

static const struct refusal refused_lost = { "behind text whose quoting cannot be followed",
                                             "put the tag before it, or simplify the text" };
static const struct refusal refused_escape = { "behind a backslash",
                                               "the backslash would undo the quoting; remove it" };
static const struct refusal refused_dollar = { "directly behind a dollar sign",
                                               "$'...' is another kind of quotes; escape the $" };

static const struct refusal *
find_refusal(const struct shell *shell)
{
    if (shell->is_lost || shell->pending == PENDING_MATH_CLOSE)
        return &refused_lost;
    if (shell->pending == PENDING_LESS_LESS)
        return &refusals[SHELL_WORD];
    if (shell->pending == PENDING_DOLLAR_BRACE)
        return &refusals[SHELL_BRACE];
    if (!is_commands(top_frame(shell)))
        return &refusals[top_frame(shell)];
    if (shell->escaped)
        return &refused_escape;
    if (shell->pending == PENDING_DOLLAR)
        return &refused_dollar;
    return &refusals[SHELL_PLAIN];
}

const char *
shell_tag(struct shell *shell, const char **hint)
{
    const struct refusal *refusal = find_refusal(shell);
    if (refusal->where) {
        *hint = refusal->hint;
        return refusal->where;
    }
    settle(shell);
    inside_word(shell, '\'');
    return NULL;
}
