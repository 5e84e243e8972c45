/* SPDX-License-Identifier: MIT */
/**
 * Tables of results: what every _list, _history and _explain call returns.
 *
 * A list has rows and named columns; the header of the call says which columns (an enum). It is a
 * copy: it stays as it is whatever happens to the store, and belongs to the caller. Cells that hold
 * secrets are wiped when the list is freed. Reading is allowed from several threads at once.
 */
#ifndef ENVRES_LIST_H
#define ENVRES_LIST_H

#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ENVRES_CELL_NULL = 0,    /**< nothing there */
    ENVRES_CELL_INTEGER = 1, /**< int64 */
    ENVRES_CELL_TEXT = 2     /**< UTF-8 bytes */
};

/** Number of rows. NULL: 0. Since 0.1. */
ENVRES_API size_t envres_list_count(const envres_list *list);

/** Number of columns. NULL: 0. Since 0.1. */
ENVRES_API uint32_t envres_list_columns(const envres_list *list);

/** A column's name, borrowed for the life of the list; "" outside. Since 0.1. */
ENVRES_API const char *envres_list_column_name(const envres_list *list, uint32_t column);

/** ENVRES_CELL_*; ENVRES_CELL_NULL outside the table. Since 0.1. */
ENVRES_API int32_t envres_list_type(const envres_list *list, size_t row, uint32_t column);

/** A text cell's bytes, NUL-terminated, borrowed for the life of the list. `len` may be NULL.
 *  NULL (and 0) when the cell is not text. Since 0.1. */
ENVRES_API const char *envres_list_text(const envres_list *list, size_t row, uint32_t column,
                                        size_t *len);

/** An integer cell, or 0. Since 0.1. */
ENVRES_API int64_t envres_list_integer(const envres_list *list, size_t row, uint32_t column);

/** 1 when the cell holds bytes of a secret. Since 0.1. */
ENVRES_API int32_t envres_list_is_secret(const envres_list *list, size_t row, uint32_t column);

/** Frees the list and wipes its secret cells. NULL is allowed. Since 0.1. */
ENVRES_API void envres_list_free(envres_list *list);

#ifdef __cplusplus
}
#endif

#endif
