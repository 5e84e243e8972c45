/* SPDX-License-Identifier: MIT */
/*
 * Rows of the library's lists, shown by a description of their columns: which cell, under which
 * name, of which shape. What is to be shown decides the command; how a time or a flag looks is
 * decided here, once.
 */
#include "rows.h"

#include <string.h>

/* So many digits tell the parts of an app apart; --json gives all of them. */
enum { DIGITS_SHOWN = 12 };

void
json_columns(struct json *json, const envres_list *list, size_t row, const struct column *columns,
             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct column *column = &columns[i];
        bool integer = envres_list_type(list, row, column->at) == ENVRES_CELL_INTEGER;
        json_key(json, column->name);
        if (column->shape == SHAPE_FLAG && integer)
            json_boolean(json, envres_list_integer(list, row, column->at) != 0);
        else
            json_cell(json, list, row, column->at);
    }
}

void
json_row(struct json *json, const envres_list *list, size_t row, const struct column *columns,
         size_t count)
{
    json_open(json, '{');
    json_columns(json, list, row, columns, count);
    json_close(json, '}');
}

int
json_rows(struct cli *cli, const envres_list *list, const struct column *columns, size_t count)
{
    struct json json = { 0 };
    size_t rows = envres_list_count(list);
    json_open(&json, '[');
    for (size_t row = 0; row < rows; row++)
        json_row(&json, list, row, columns, count);
    json_close(&json, ']');
    return json_print(cli, &json);
}

static void
integer_cell(struct table *table, int64_t value, enum shape shape)
{
    char time[32];
    if (shape == SHAPE_FLAG) {
        table_word(table, value ? "yes" : "no", value ? STYLE_YELLOW : STYLE_PLAIN);
    } else if (shape == SHAPE_TIME) {
        time_format(value, time);
        table_word(table, time, STYLE_PLAIN);
    } else {
        table_integer(table, value);
    }
}

static enum style
style_of(const char *text, enum shape shape)
{
    if (shape != SHAPE_STATE)
        return STYLE_PLAIN;
    if (strcmp(text, "live") == 0)
        return STYLE_GREEN;
    if (strcmp(text, "draft") == 0)
        return STYLE_YELLOW;
    return strcmp(text, "retired") == 0 || strcmp(text, "discarded") == 0 ? STYLE_DIM : STYLE_PLAIN;
}

void
table_column(struct table *table, const envres_list *list, size_t row, const struct column *column)
{
    size_t len = 0;
    const char *text = envres_list_text(list, row, column->at, &len);
    if (text && column->shape == SHAPE_DIGEST)
        table_cell(table, text, len > DIGITS_SHOWN ? DIGITS_SHOWN : len, STYLE_DIM);
    else if (text)
        table_cell(table, text, len, style_of(text, column->shape));
    else if (envres_list_type(list, row, column->at) == ENVRES_CELL_INTEGER)
        integer_cell(table, envres_list_integer(list, row, column->at), column->shape);
    else
        table_word(table, "-", STYLE_DIM);
}

int
table_rows(struct cli *cli, const envres_list *list, const struct column *columns, size_t count,
           size_t clip)
{
    struct table *table = table_new(cli, count, NULL, clip);
    for (size_t i = 0; i < count; i++)
        table_word(table, columns[i].name, STYLE_BOLD);
    size_t rows = envres_list_count(list);
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < count; i++)
            table_column(table, list, row, &columns[i]);
    }
    return table_print(table);
}

struct table *
table_facts(struct cli *cli, const envres_list *list, size_t row, const struct column *columns,
            size_t count)
{
    struct table *table = table_new(cli, 2, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        table_word(table, columns[i].name, STYLE_DIM);
        table_column(table, list, row, &columns[i]);
    }
    return table;
}
