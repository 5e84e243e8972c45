// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Statement is SQL made of a template, and its parameters in order: a driver's own.
//
//	arguments, err := statement.Reveal()
//	rows, err := database.Query(statement.Text(), arguments...)
//
// Immutable; needs nothing any more of what it was made of. The text can be logged.
type Statement struct {
	handle
	text         string
	first, count int
}

func newStatement(pointer unsafe.Pointer, release func(unsafe.Pointer)) *Statement {
	statement := (*C.envres_statement)(pointer)
	made := &Statement{text: C.GoString(C.envres_statement_text(statement, nil)),
		first: int(C.envres_statement_first(statement)), count: int(C.envres_statement_count(statement))}
	made.pointer, made.release = pointer, release
	runtime.SetFinalizer(made, func(s *Statement) { s.shut() })
	return made
}

// Close gives the statement back, and wipes what is secret in it. Calls that are running elsewhere are
// finished first; later ones fail with ErrClosed. Closing again does nothing. The error is always nil.
func (s *Statement) Close() error {
	if s != nil {
		s.shut()
	}
	return nil
}

// Closed says whether Close was called.
func (s *Statement) Closed() bool { return s == nil || s.isClosed() }

// Text gives the SQL, which holds no value; like First and Len also when the statement is closed.
func (s *Statement) Text() string { return s.text }

// First gives the number of the first parameter: 1, or one more than the highest $n that the text had.
func (s *Statement) First() int { return s.first }

// Len gives the number of parameters.
func (s *Statement) Len() int { return s.count }

func (s *Statement) each(use func(*C.envres_go_parameter)) error {
	if s == nil {
		return closedError("statement")
	}
	pointer, err := s.take("statement")
	if err != nil {
		return err
	}
	defer s.drop()
	var one C.envres_go_parameter
	for index := 0; index < s.count; index++ {
		C.envres_go_parameter_at((*C.envres_statement)(pointer), C.uint32_t(index), &one)
		use(&one)
	}
	return nil
}

// Names gives of each parameter the reference that gave it: "params.id"; elements of a list share one.
func (s *Statement) Names() ([]string, error) {
	names := []string{}
	err := s.each(func(one *C.envres_go_parameter) { names = append(names, C.GoString(one.name)) })
	return names, err
}

// Types gives of each parameter its type: TypeString, TypeInteger, TypeNumber, TypeBoolean, TypeJSON or
// TypeNull.
func (s *Statement) Types() ([]Type, error) {
	types := []Type{}
	err := s.each(func(one *C.envres_go_parameter) { types = append(types, Type(one._type)) })
	return types, err
}

// Parameters gives the values in their types: nil, bool, int64, float64, string (JSON as compact
// text), and those that are secret as *Secret.
func (s *Statement) Parameters() ([]interface{}, error) {
	values := []interface{}{}
	err := s.each(func(one *C.envres_go_parameter) { values = append(values, bindable(one)) })
	return values, err
}

func bindable(one *C.envres_go_parameter) interface{} {
	if one._type == C.ENVRES_TYPE_NULL {
		return nil
	}
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(one.text)), int(one.len))
	if one.secret != 0 {
		return NewSecret(bytes)
	}
	switch one._type {
	case C.ENVRES_TYPE_BOOLEAN:
		return one.integer != 0
	case C.ENVRES_TYPE_INTEGER:
		return int64(one.integer)
	case C.ENVRES_TYPE_NUMBER:
		return float64(one.number)
	}
	return string(bytes)
}

// Reveal gives the values, secrets in clear as strings, as package database/sql wants them.
func (s *Statement) Reveal() ([]interface{}, error) {
	values, err := s.Parameters()
	for index, value := range values {
		if secret, ok := value.(*Secret); ok {
			if values[index], err = secret.Reveal(); err != nil {
				return nil, err
			}
			_ = secret.Close()
		}
	}
	return values, err
}
