/* SPDX-License-Identifier: MIT */
/*
 * Follows POSIX shell text byte by byte, to know whether a single-quoted word may be put where a
 * tag stands. It errs on the safe side: where the text is too clever to be followed, it says so for
 * the rest of the text.
 */
#ifndef ENVRES_LANG_SHELL_H
#define ENVRES_LANG_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum shell_frame {
    SHELL_PLAIN,    /* commands; the bottom of the stack */
    SHELL_SUB,      /* commands inside $( ) */
    SHELL_PAREN,    /* commands inside ( ) */
    SHELL_SINGLE,   /* ' ' */
    SHELL_DOUBLE,   /* " " */
    SHELL_ANSI,     /* $' ' */
    SHELL_BACKTICK, /* ` ` */
    SHELL_BRACE,    /* ${ } */
    SHELL_MATH,     /* $(( )) */
    SHELL_NESTED,   /* ( ) inside of it */
    SHELL_COMMENT,  /* up to the end of the line */
    SHELL_WORD,     /* the delimiter of a here-document */
    SHELL_HEREDOC,  /* its body */
    SHELL_FRAME_COUNT_
};

enum { SHELL_DEPTH = 48, SHELL_HEREDOCS = 4, SHELL_DELIMITER = 64 };

struct shell_heredoc {
    char delimiter[SHELL_DELIMITER];
    uint8_t len;
    bool strips_tabs; /* <<- */
    bool is_quoted;
};

struct shell {
    uint8_t frames[SHELL_DEPTH];
    uint8_t depth;        /* index of the innermost */
    uint8_t pending;      /* an operator that may go on, see shell.c */
    uint8_t case_letters; /* letters of "case" that the present word consists of */
    uint8_t subs;         /* SHELL_SUB frames on the stack */
    bool escaped;
    bool at_word_start;
    bool is_lost;
    /* here-documents announced on this line, or being read */
    uint8_t heredoc_count;
    uint8_t matched; /* bytes of the delimiter that the present line consists of */
    uint8_t word_quote;
    bool word_begun;
    bool line_differs;
    bool line_indented; /* only tabs so far */
    bool line_continues;
    bool last_backslash;
    struct shell_heredoc heredocs[SHELL_HEREDOCS];
};

void shell_begin(struct shell *shell);
void shell_feed(struct shell *shell, const char *text, size_t len);

/* A tag stands here. NULL when a quoted word is safe; else where the tag is: "inside double
 * quotes", with *hint saying what to do. */
const char *shell_tag(struct shell *shell, const char **hint);

#endif
