/* SPDX-License-Identifier: MIT */
/*
 * Data on standard output, notes on standard error, and tables for people.
 *
 * A command builds its whole answer first and writes it in one piece: an answer that fails half-way
 * leaves nothing on standard output, and a full disk or a closed pipe is noticed. Cells of tables
 * come from the store and may hold anything; they are shown so that they cannot move the cursor.
 */
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { GAP = 2 };

int
out_write(struct cli *cli, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t done = write(STDOUT_FILENO, data, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            int number = errno;
            return fail_code(cli, code_of_errno(number), NULL,
                             "standard output cannot be written: %s", strerror(number));
        }
        data += done;
        len -= (size_t)done;
    }
    return 0;
}

int
out_text(struct cli *cli, struct text *text)
{
    int status = out_write(cli, text_get(text), text->len);
    text_free(text);
    return status;
}

int
out_say(struct cli *cli, const char *format, ...)
{
    struct text text = { 0 };
    struct text line = { 0 };
    if (cli->quiet || cli->json)
        return 0;
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(&text, format, arguments);
    va_end(arguments);
    text_add_visible(&line, text_get(&text), text.len);
    text_puts(&line, "\n");
    text_free(&text);
    return out_text(cli, &line);
}

__attribute__((format(printf, 1, 0))) static void
say(const char *format, va_list arguments)
{
    struct text text = { 0 };
    struct text line = { 0 };
    text_vprintf(&text, format, arguments);
    text_puts(&line, "envres: ");
    text_add_visible(&line, text_get(&text), text.len);
    fprintf(stderr, "%s\n", text_get(&line));
    text_free(&text);
    text_free(&line);
}

void
out_note(struct cli *cli, const char *format, ...)
{
    if (cli->quiet || cli->json)
        return;
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void
out_warn(struct cli *cli, const char *format, ...)
{
    if (cli->json)
        return;
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void
time_format(int64_t ms, char out[32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) || !strftime(out, 32, "%Y-%m-%d %H:%M:%S", &parts))
        snprintf(out, 32, "%" PRId64, ms);
}

/* ---- tables ------------------------------------------------------------------------------- */

struct cell {
    char *text;
    size_t len;
    size_t width;
    enum style style;
};

struct table {
    struct cli *cli;
    size_t columns;
    size_t clip;
    struct cell *cells;
    size_t count;
    size_t cap;
};

struct table *
table_new(struct cli *cli, size_t columns, const char *const *headings, size_t clip)
{
    struct table *table = memory_take(sizeof(*table));
    table->cli = cli;
    table->columns = columns;
    table->clip = isatty(STDOUT_FILENO) ? clip : 0;
    for (size_t i = 0; headings && i < columns; i++)
        table_word(table, headings[i], STYLE_BOLD);
    return table;
}

static void
take_cell(struct table *table, struct cell cell)
{
    if (table->count == table->cap) {
        size_t cap = table->cap ? table->cap * 2 : 64;
        struct cell *cells = memory_take(cap * sizeof(*cells));
        if (table->count)
            memcpy(cells, table->cells, table->count * sizeof(*cells));
        free(table->cells);
        table->cells = cells;
        table->cap = cap;
    }
    table->cells[table->count++] = cell;
}

void
table_cell(struct table *table, const char *data, size_t len, enum style style)
{
    struct text text = { 0 };
    text_add_visible(&text, data, len);
    size_t width = text_width(text_get(&text), text.len);
    struct cell cell = { .style = style };
    if (table->clip && width > table->clip) {
        size_t keep = text_fit(text_get(&text), text.len, table->clip - 1);
        struct text cut = { 0 };
        text_add(&cut, text_get(&text), keep);
        text_puts(&cut, "\xe2\x80\xa6");
        text_free(&text);
        text = cut;
        width = text_width(text_get(&text), text.len);
    }
    cell.text = memory_copy(text_get(&text), text.len);
    cell.len = text.len;
    cell.width = width;
    text_free(&text);
    take_cell(table, cell);
}

void
table_word(struct table *table, const char *word, enum style style)
{
    table_cell(table, word, strlen(word), style);
}

void
table_integer(struct table *table, int64_t value)
{
    char digits[32];
    snprintf(digits, sizeof(digits), "%" PRId64, value);
    table_word(table, digits, STYLE_PLAIN);
}

static const char *
style_begin(const struct table *table, enum style style)
{
    static const char *const codes[] = { "",         "\x1b[2m",  "\x1b[1m",
                                         "\x1b[31m", "\x1b[33m", "\x1b[32m" };
    return table->cli->color_out ? codes[style] : "";
}

static void
add_cell(struct text *out, const struct table *table, const struct cell *cell, size_t pad)
{
    const char *begin = style_begin(table, cell->style);
    text_puts(out, begin);
    text_add(out, cell->text, cell->len);
    text_puts(out, *begin ? "\x1b[0m" : "");
    for (; pad > 0; pad--)
        text_puts(out, " ");
}

void
table_free(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        memory_wipe_free(table->cells[i].text, table->cells[i].len);
    free(table->cells);
    free(table);
}

int
table_print(struct table *table)
{
    struct text out = { 0 };
    size_t *widths = memory_take(table->columns * sizeof(*widths));
    for (size_t i = 0; i < table->count; i++) {
        size_t *width = &widths[i % table->columns];
        *width = table->cells[i].width > *width ? table->cells[i].width : *width;
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;
        bool last = column == table->columns - 1;
        const struct cell *cell = &table->cells[i];
        add_cell(&out, table, cell, last ? 0 : widths[column] - cell->width + GAP);
        if (!last)
            continue;
        while (out.len > 0 && out.data[out.len - 1] == ' ') /* of an empty last cell */
            out.data[--out.len] = '\0';
        text_puts(&out, "\n");
    }
    free(widths);
    struct cli *cli = table->cli;
    table_free(table);
    return out_text(cli, &out);
}
