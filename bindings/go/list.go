// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"time"
	"unsafe"
)

// cells is one row of a list that the library made, as it lies in the work of a call.
type cells struct {
	w     *C.envres_go_work
	count int
}

func (c *cells) at(index int) *C.envres_go_cell {
	if index >= c.count {
		return nil
	}
	return &c.w.cells[index]
}

func (c *cells) null(index int) bool {
	cell := c.at(index)
	return cell == nil || cell._type == C.ENVRES_CELL_NULL
}

func (c *cells) text(index int) string {
	if cell := c.at(index); cell != nil && cell._type == C.ENVRES_CELL_TEXT {
		return string(unsafe.Slice((*byte)(unsafe.Pointer(cell.text)), int(cell.len)))
	}
	return ""
}

func (c *cells) integer(index int) int64 {
	if cell := c.at(index); cell != nil && cell._type == C.ENVRES_CELL_INTEGER {
		return int64(cell.integer)
	}
	return 0
}

func (c *cells) boolean(index int) bool { return c.integer(index) != 0 }

func (c *cells) time(index int) time.Time { return time.UnixMilli(c.integer(index)).UTC() }

func (c *cells) value(index int) Text {
	if cell := c.at(index); cell != nil && cell.secret != 0 {
		return Text{secret: NewSecret(unsafe.Slice((*byte)(unsafe.Pointer(cell.text)), int(cell.len)))}
	}
	return Text{plain: c.text(index)}
}

func orNil[T any](c *cells, index int, take func(int) T) *T {
	if c.null(index) {
		return nil
	}
	found := take(index)
	return &found
}

func (c *cells) maybeText(index int) *string    { return orNil(c, index, c.text) }
func (c *cells) maybeInteger(index int) *int64  { return orNil(c, index, c.integer) }
func (c *cells) maybeBoolean(index int) *bool   { return orNil(c, index, c.boolean) }
func (c *cells) maybeTime(index int) *time.Time { return orNil(c, index, c.time) }
func (c *cells) maybeValue(index int) *Text     { return orNil(c, index, c.value) }

// row is a pointer to a type of rows.
type row[T any] interface {
	*T
	fill(*cells)
	table() (string, int)
}

// inspect is told of every list that is read, in tests: its table, the names of its columns as the
// library has them, and of each cell whether it is null.
var inspect func(table string, columns []string, nulls [][]bool)

// rowsOf reads a list, and frees it; none where there is no list.
func rowsOf[T any, P row[T]](f *frame, list *C.envres_list) []T {
	defer C.envres_list_free(list)
	count := int(C.envres_list_count(list))
	found := make([]T, count)
	var nulls [][]bool
	table, columns := P(new(T)).table()
	c := cells{w: f.w}
	for i := range found {
		c.count = int(C.envres_go_row(list, C.size_t(i), C.uint32_t(columns), f.w))
		P(&found[i]).fill(&c)
		if inspect != nil {
			of := make([]bool, columns)
			for column := range of {
				of[column] = c.null(column)
			}
			nulls = append(nulls, of)
		}
	}
	if inspect != nil && list != nil {
		names := make([]string, C.envres_list_columns(list))
		for column := range names {
			names[column] = C.GoString(C.envres_list_column_name(list, C.uint32_t(column)))
		}
		inspect(table, names, nulls)
	}
	return found
}

// rows is the list that the call gave.
func rows[T any, P row[T]](f *frame, status C.envres_status) ([]T, error) {
	if err := f.check(status); err != nil {
		return nil, err
	}
	return rowsOf[T, P](f, f.w.list), nil
}

// only is the same for a list of exactly one row.
func only[T any, P row[T]](f *frame, status C.envres_status) (T, error) {
	var none T
	found, err := rows[T, P](f, status)
	if err != nil {
		return none, err
	}
	if len(found) != 1 {
		return none, usage("the library gave %d rows in place of one", len(found))
	}
	return found[0], nil
}
