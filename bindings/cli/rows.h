/* SPDX-License-Identifier: MIT */
/* Rows of the library's lists, as JSON objects and as cells of tables. */
#ifndef ENVRES_CLI_ROWS_H
#define ENVRES_CLI_ROWS_H

#include "output.h"

enum shape {
    SHAPE_CELL,  /* text or an integer, as it is */
    SHAPE_FLAG,  /* 0 or 1: true or false, yes or no */
    SHAPE_TIME,  /* milliseconds: an integer in JSON, UTC in tables */
    SHAPE_STATE, /* of a version: coloured */
    SHAPE_DIGEST /* hex: whole in JSON, its first digits in tables */
};

struct column {
    const char *name; /* the key in JSON, the heading or the left cell in tables */
    uint32_t at;      /* of the list */
    enum shape shape;
};

/* "name":value for each column. */
void json_columns(struct json *json, const envres_list *list, size_t row,
                  const struct column *columns, size_t count);
/* A row as an object. */
void json_row(struct json *json, const envres_list *list, size_t row, const struct column *columns,
              size_t count);
/* All rows, as an array of objects. */
int json_rows(struct cli *cli, const envres_list *list, const struct column *columns, size_t count);

/* One cell; what is null is a dim "-". */
void table_column(struct table *table, const envres_list *list, size_t row,
                  const struct column *column);
/* All rows under their headings. */
int table_rows(struct cli *cli, const envres_list *list, const struct column *columns, size_t count,
               size_t clip);
/* One row, a line for each column. The caller may add to it before it is printed. */
struct table *table_facts(struct cli *cli, const envres_list *list, size_t row,
                          const struct column *columns, size_t count);

#endif
