/* SPDX-License-Identifier: MIT */
/*
 * Dialects of SQL: their facts as rows, and a tokenizer that tells where a statement's words end
 * and its quoted text begins. It reads each server's default settings (standard_conforming_strings
 * on; neither ANSI_QUOTES nor NO_BACKSLASH_ESCAPES).
 */
#ifndef ENVRES_LANG_DIALECT_H
#define ENVRES_LANG_DIALECT_H

#include <stdbool.h>

#include <envres/template.h>

#include "base/mem.h"

/* Stands in a text for a tag. No template holds this byte. */
#define SQL_MARK '\0'

enum sql_kind {
    SQL_END,
    SQL_SPACE,
    SQL_COMMENT,
    SQL_WORD,        /* keywords, names, numbers */
    SQL_STRING,      /* '...' with its prefix; "..." in mysql */
    SQL_QUOTED,      /* a quoted identifier */
    SQL_DOLLAR,      /* $tag$...$tag$ */
    SQL_PLACEHOLDER, /* that the text brought along */
    SQL_SIGN,        /* one sign, `::` and `:=`; in postgres a whole operator */
    SQL_TAG          /* one SQL_MARK outside of all quotes */
};

struct sql_token {
    uint8_t kind;    /* enum sql_kind */
    uint8_t style;   /* of a placeholder: ENVRES_STYLE_*; of one with @: 0 */
    bool is_open;    /* quotes or a comment without an end */
    bool is_code;    /* a comment that some servers execute */
    bool in_slice;   /* a placeholder `:name` that may as well be the bound of an array's slice */
    uint32_t number; /* of $1; UINT32_MAX: larger than that */
    size_t start;
    size_t end;
};

struct dialect {
    const char *name;
    uint32_t params_max; /* of one statement */
    uint32_t ident_max;  /* bytes of an identifier that the server does not cut; 0: any */
    char ident_quote;
    uint8_t style;       /* ENVRES_STYLE_* that its drivers take */
    bool has_operators;  /* signs run together, `?` among them */
    bool has_dollars;    /* dollar quotes */
    bool has_nesting;    /* of block comments */
    bool has_code;       /* comments that are executed */
    bool has_hash;       /* # begins a comment */
    bool has_brackets;   /* [name] */
    bool has_backticks;  /* `name` */
    bool double_is_text; /* "..." is a string */
    bool has_escapes;    /* backslashes, in every string */
    bool has_concat;     /* texts are joined by CONCAT(); else by || */
    bool dash_needs_space;
    bool ends_at_return; /* so do comments of a line */
    bool has_variables;  /* ?1, @name, $name are placeholders */
};

/* ENVRES_DIALECT_*; NULL for any other number. */
const struct dialect *dialect_row(uint32_t dialect);

struct sql_lexer {
    const struct dialect *dialect;
    const char *text;
    size_t len;
    size_t at;
    uint32_t brackets; /* of postgres, open here */
};

void sql_begin(struct sql_lexer *lexer, const struct dialect *dialect, const char *text,
               size_t len);

/* The next token; SQL_END behind the last. Tokens cover the text without gaps. Linear. */
void sql_next(struct sql_lexer *lexer, struct sql_token *out);

/* Letters, digits, _, $ and all bytes of characters beyond ASCII. */
bool sql_is_word(char c);

#endif
