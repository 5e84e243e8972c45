/* SPDX-License-Identifier: MIT */
/*
 * Tables of results. Cells lie in one growing array; text cells own a block each, since they can be
 * secret and are wiped one by one. A failure while building sticks: list_status() tells at the end.
 */
#include "base/list.h"

#include <string.h>

struct cell {
    char *text;
    int64_t integer; /* of a text cell its length */
    uint8_t type;
    bool secret;
};

struct envres_list {
    struct mem mem;
    const char *const *names;
    uint32_t columns;
    bool failed;
    size_t rows;
    size_t room; /* in rows */
    struct cell *cells;
};

envres_status
list_new(const struct mem *mem, const char *const *columns, uint32_t count, envres_list **out,
         envres_error *err)
{
    envres_list *list = mem_alloc_zero(mem, sizeof(*list));
    if (!list)
        return err_code(err, ENVRES_E_NOMEM);
    list->mem = *mem;
    list->names = columns;
    list->columns = count;
    *out = list;
    return ENVRES_OK;
}

void
list_row(envres_list *list)
{
    if (list->failed)
        return;
    if (list->rows == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        if (room > SIZE_MAX / sizeof(struct cell) / list->columns) {
            list->failed = true;
            return;
        }
        struct cell *cells =
            mem_resize(&list->mem, list->cells, room * list->columns * sizeof(*cells));
        if (!cells) {
            list->failed = true;
            return;
        }
        list->cells = cells;
        list->room = room;
    }
    memset(list->cells + list->rows * list->columns, 0, list->columns * sizeof(struct cell));
    list->rows++;
}

static void
clear_cell(envres_list *list, struct cell *cell)
{
    if (cell->secret)
        mem_wipe(cell->text, (size_t)cell->integer);
    mem_free(&list->mem, cell->text);
    memset(cell, 0, sizeof(*cell));
}

/* The cell to fill, emptied of what was in it; NULL when there is none. */
static struct cell *
last_cell(envres_list *list, uint32_t column)
{
    if (list->failed || list->rows == 0 || column >= list->columns)
        return NULL;
    struct cell *cell = &list->cells[(list->rows - 1) * list->columns + column];
    clear_cell(list, cell);
    return cell;
}

void
list_set_int(envres_list *list, uint32_t column, int64_t value)
{
    struct cell *cell = last_cell(list, column);
    if (!cell)
        return;
    cell->type = ENVRES_CELL_INTEGER;
    cell->integer = value;
}

static void
set_text(envres_list *list, uint32_t column, const char *text, size_t len, bool secret)
{
    struct cell *cell = last_cell(list, column);
    if (!cell)
        return;
    char *copy = mem_copy(&list->mem, text, len);
    if (!copy) {
        list->failed = true;
        return;
    }
    cell->text = copy;
    cell->type = ENVRES_CELL_TEXT;
    cell->integer = (int64_t)len;
    cell->secret = secret;
}

void
list_set_text(envres_list *list, uint32_t column, const char *text, size_t len)
{
    set_text(list, column, text, len, false);
}

void
list_set_str(envres_list *list, uint32_t column, const char *text)
{
    set_text(list, column, text, strlen(text), false);
}

void
list_set_secret(envres_list *list, uint32_t column, const char *text, size_t len)
{
    set_text(list, column, text, len, true);
}

envres_status
list_status(const envres_list *list, envres_error *err)
{
    return list->failed ? err_code(err, ENVRES_E_NOMEM) : ENVRES_OK;
}

static const struct cell *
find_cell(const envres_list *list, size_t row, uint32_t column)
{
    if (!list || row >= list->rows || column >= list->columns)
        return NULL;
    return &list->cells[row * list->columns + column];
}

size_t
envres_list_count(const envres_list *list)
{
    return list ? list->rows : 0;
}

uint32_t
envres_list_columns(const envres_list *list)
{
    return list ? list->columns : 0;
}

const char *
envres_list_column_name(const envres_list *list, uint32_t column)
{
    return list && column < list->columns ? list->names[column] : "";
}

int32_t
envres_list_type(const envres_list *list, size_t row, uint32_t column)
{
    const struct cell *cell = find_cell(list, row, column);
    return cell ? cell->type : ENVRES_CELL_NULL;
}

const char *
envres_list_text(const envres_list *list, size_t row, uint32_t column, size_t *len)
{
    const struct cell *cell = find_cell(list, row, column);
    bool is_text = cell && cell->type == ENVRES_CELL_TEXT;
    if (len)
        *len = is_text ? (size_t)cell->integer : 0;
    return is_text ? cell->text : NULL;
}

int64_t
envres_list_integer(const envres_list *list, size_t row, uint32_t column)
{
    const struct cell *cell = find_cell(list, row, column);
    return cell && cell->type == ENVRES_CELL_INTEGER ? cell->integer : 0;
}

int32_t
envres_list_is_secret(const envres_list *list, size_t row, uint32_t column)
{
    const struct cell *cell = find_cell(list, row, column);
    return cell && cell->secret;
}

void
envres_list_free(envres_list *list)
{
    if (!list)
        return;
    struct mem mem = list->mem;
    for (size_t i = 0; i < list->rows * list->columns; i++)
        clear_cell(list, &list->cells[i]);
    mem_free(&mem, list->cells);
    mem_free(&mem, list);
}
