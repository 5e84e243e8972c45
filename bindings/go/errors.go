// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"fmt"
	"runtime"
)

// Code is a status code of the library, a negative number. As an error it is what errors.Is compares
// with: errors.Is(err, envres.CodeNotSet).
type Code int32

// String gives the name of the code: "ENVRES_E_NOT_SET".
func (c Code) String() string {
	return C.GoString(C.envres_status_name(C.envres_status(c)))
}

// Error gives the name of the code and its sentence.
func (c Code) Error() string {
	return c.String() + ": " + C.GoString(C.envres_status_text(C.envres_status(c)))
}

// Family is a kind of error. All codes belong to one: errors.Is(err, envres.ErrNotFound).
type Family string

// ErrClosed says that a store, session, scope, template, handle or secret was used after it was
// closed. Such an error is of the family ErrUsage too.
const ErrClosed Family = "closed"

// Error names the family.
func (f Family) Error() string { return "envres: " + string(f) }

// Error is what a call of the library failed with. It never holds a configuration value or a secret.
// What a callback of the host failed with is given by Unwrap, and is no part of the text.
type Error struct {
	// Code says what happened; docs/errors.md what to do.
	Code Code
	// Message is one line without a full stop.
	Message string
	// Hint says what to do about it, or is "".
	Hint string
	// Subject is the name concerned (a variable, a handle, a path), or "".
	Subject string
	// Offset is the byte in the text that was given; it counts where Line is not 0.
	Offset int
	// Line, from 1; 0: there is no position.
	Line int
	// Column in bytes, from 1; 0: there is no position.
	Column int

	cause  error
	closed bool
}

// Name gives the name of the code: "ENVRES_E_NOT_SET".
func (e *Error) Name() string { return e.Code.String() }

// Error gives message, position, name and hint in one line.
func (e *Error) Error() string {
	text := "envres: " + e.Message
	if e.Line > 0 {
		text += fmt.Sprintf(" (line %d, column %d)", e.Line, e.Column)
	}
	text += " [" + e.Name() + "]"
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Unwrap gives what a callback returned or panicked with (PanicError), where that is why the call
// failed; else nil.
func (e *Error) Unwrap() error { return e.cause }

// Is compares with a Family or a Code.
func (e *Error) Is(target error) bool {
	switch wanted := target.(type) {
	case Family:
		return wanted == families[e.Code] || e.closed && wanted == ErrClosed
	case Code:
		return wanted == e.Code
	}
	return false
}

// PanicError is what a call was given in place of a callback's error when the callback panicked. Its
// text names only the type: a value may hold anything.
type PanicError struct {
	// Value is what recover() gave.
	Value interface{}
}

// Error names the type of the value.
func (p *PanicError) Error() string {
	if err, ok := p.Value.(runtime.Error); ok {
		return fmt.Sprintf("a callback panicked: %T", err)
	}
	return fmt.Sprintf("a callback panicked with a value of type %T", p.Value)
}

// Unwrap gives the value, where it is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

func closedError(what string) error {
	return &Error{Code: CodeInvalid, Message: "the " + what + " is closed", closed: true}
}

// usage is a mistake that the binding finds by itself; the text never holds what was given.
func usage(format string, arguments ...interface{}) error {
	return &Error{Code: CodeInvalid, Message: fmt.Sprintf(format, arguments...)}
}

func noMemory() error {
	return &Error{Code: CodeNoMemory, Message: "there is no memory"}
}
