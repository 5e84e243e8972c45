// SPDX-License-Identifier: MIT

package envres

// #cgo pkg-config: envres
// #include "shim.h"
// #include <stdlib.h>
import "C"

import (
	"encoding/hex"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// ---- handles -----------------------------------------------------------------------------------

// States of a handle above the number of calls that use it.
const (
	closing int64 = 1 << 62
	freed   int64 = 1<<62 | 1<<61
)

// handle owns one object of the library. Close only lets go of it: the object is given back when
// the last call that uses it has returned, so that closing under use is an error and no use after
// free. A handle that was never closed is closed by its finalizer.
type handle struct {
	state   atomic.Int64
	pointer unsafe.Pointer
	release func(unsafe.Pointer)
}

// take gives the object for the length of a call, which ends with drop().
func (h *handle) take(what string) (unsafe.Pointer, error) {
	if h.pointer == nil {
		return nil, closedError(what)
	}
	if h.state.Add(1)&closing != 0 {
		h.drop()
		return nil, closedError(what)
	}
	return h.pointer, nil
}

// hot is the same as a number, for the hot calls.
func (h *handle) hot(what string) (C.uintptr_t, error) {
	if h.pointer == nil {
		return 0, closedError(what)
	}
	if h.state.Add(1)&closing != 0 {
		h.drop()
		return 0, closedError(what)
	}
	return C.uintptr_t(uintptr(h.pointer)), nil
}

// drop ends a use. That it is called keeps the handle, and so the object, alive during the call.
func (h *handle) drop() {
	if h.state.Add(-1) == closing {
		h.free()
	}
}

// free gives the object back, once: a use that came too late may bring the count back to closing.
func (h *handle) free() {
	if h.state.CompareAndSwap(closing, freed) {
		h.release(h.pointer)
	}
}

func (h *handle) shut() {
	if h.pointer == nil {
		return
	}
	for {
		state := h.state.Load()
		if state&closing != 0 {
			return
		}
		if h.state.CompareAndSwap(state, state|closing) {
			if state == 0 {
				h.free()
			}
			return
		}
	}
}

// isClosed says whether shut was called.
func (h *handle) isClosed() bool { return h.pointer == nil || h.state.Load()&closing != 0 }

// ---- frames ------------------------------------------------------------------------------------

type block struct {
	base unsafe.Pointer
	size uintptr
}

// frame is what one call needs besides its objects: an error slot, outputs, memory of C for what the
// call is given. One call at a time uses one.
type frame struct {
	w     *C.envres_go_work
	work  C.uintptr_t // the same, for the hot calls
	used  uintptr
	extra []block
	held  []*handle
	// Handles of Go that callbacks of this call are given.
	after []func()
}

var frames sync.Pool

// quick gives a frame for a call that needs nothing but its work; it goes back with frames.Put.
func quick() (*frame, error) {
	if f, ok := frames.Get().(*frame); ok {
		return f, nil
	}
	w := C.envres_go_work_new()
	if w == nil {
		return nil, noMemory()
	}
	f := &frame{w: w, work: C.uintptr_t(uintptr(unsafe.Pointer(w)))}
	runtime.SetFinalizer(f, func(f *frame) { C.envres_go_work_free(f.w) })
	return f, nil
}

// begin gives a frame for any call. The goroutine stays on its thread until end(), so that what a
// callback failed with finds its call.
func begin() (*frame, error) {
	f, err := quick()
	if err == nil {
		runtime.LockOSThread()
	}
	return f, err
}

// end wipes what the call was given, and lets go of its objects.
func (f *frame) end() {
	runtime.UnlockOSThread()
	for _, one := range f.held {
		one.drop()
	}
	for _, one := range f.after {
		one()
	}
	wipe(unsafe.Slice((*byte)(unsafe.Pointer(&f.w.buffer[0])), f.used))
	for _, one := range f.extra {
		wipe(unsafe.Slice((*byte)(one.base), one.size))
		C.free(one.base)
	}
	f.held, f.after, f.extra, f.used = f.held[:0], f.after[:0], f.extra[:0], 0
	f.w.object, f.w.list, f.w.findings, f.w.value, f.w.data = nil, nil, nil, nil, nil
	frames.Put(f)
}

// use takes an object for the length of the call.
func (f *frame) use(h *handle, what string) (unsafe.Pointer, error) {
	pointer, err := h.take(what)
	if err == nil {
		f.held = append(f.held, h)
	}
	return pointer, err
}

func wipe(data []byte) {
	for i := range data {
		data[i] = 0
	}
	runtime.KeepAlive(data)
}

// alloc gives zeroed memory of C, aligned for any struct, until end().
func (f *frame) alloc(size uintptr) unsafe.Pointer {
	size = (size + 15) &^ 15
	if f.used+size <= uintptr(len(f.w.buffer)) {
		base := unsafe.Pointer(&f.w.buffer[f.used])
		f.used += size
		wipe(unsafe.Slice((*byte)(base), size))
		return base
	}
	return f.elsewhere(size)
}

// elsewhere is the same beside the buffer, for calls that write into that.
func (f *frame) elsewhere(size uintptr) unsafe.Pointer {
	base := C.calloc(1, C.size_t(size))
	if base == nil {
		panic("envres: out of memory")
	}
	f.extra = append(f.extra, block{base, size})
	return base
}

// copy gives a copy of bytes in memory of C, followed by a NUL.
func (f *frame) copy(data []byte) *C.char {
	base := f.alloc(uintptr(len(data)) + 1)
	copy(unsafe.Slice((*byte)(base), len(data)), data)
	return (*C.char)(base)
}

// str is the same for a string.
func (f *frame) str(text string) (*C.char, C.size_t) {
	base := f.alloc(uintptr(len(text)) + 1)
	copy(unsafe.Slice((*byte)(base), len(text)), text)
	return (*C.char)(base), C.size_t(len(text))
}

// optional is NULL for "".
func (f *frame) optional(text string) (*C.char, C.size_t) {
	if text == "" {
		return nil, 0
	}
	return f.str(text)
}

// maybe is NULL for nil.
func (f *frame) maybe(text *string) (*C.char, C.size_t) {
	if text == nil {
		return nil, 0
	}
	return f.str(*text)
}

// digest reads 64 hex digits, as rows have them.
func (f *frame) digest(digits, what string) (*C.uint8_t, error) {
	data, err := hex.DecodeString(digits)
	if err != nil || len(data) != 32 {
		return nil, usage("%s: 64 hex digits are needed", what)
	}
	return (*C.uint8_t)(unsafe.Pointer(f.copy(data))), nil
}

// given is a value that goes in: bytes in memory of C, and whether they are secret.
type given struct {
	p      *C.char
	n      C.size_t
	secret bool
}

// value takes a string, []byte, *Secret or Text; also types that are made of a string.
func (f *frame) value(any interface{}) (given, error) {
	switch one := any.(type) {
	case string:
		p, n := f.str(one)
		return given{p, n, false}, nil
	case []byte:
		return given{f.copy(one), C.size_t(len(one)), false}, nil
	case *Secret:
		return f.secret(one)
	case Secret:
		return f.secret(&one)
	case Text:
		if one.secret != nil {
			return f.secret(one.secret)
		}
		p, n := f.str(one.plain)
		return given{p, n, false}, nil
	}
	if v := reflect.ValueOf(any); v.Kind() == reflect.String {
		p, n := f.str(v.String())
		return given{p, n, false}, nil
	}
	return given{}, usage("expected a string, []byte, *Secret or Text, not %T", any)
}

func (f *frame) secret(one *Secret) (given, error) {
	out := given{secret: true}
	err := one.Open(func(data []byte) error {
		out.p, out.n = f.copy(data), C.size_t(len(data))
		return nil
	})
	return out, err
}

// ---- text that goes in directly ----------------------------------------------------------------

// str is a text as an argument: memory of Go, which C reads during the call alone.
type str struct {
	p *C.char
	n C.size_t
}

var nothing [1]byte

func text(s string) str {
	if s == "" {
		return str{(*C.char)(unsafe.Pointer(&nothing[0])), 0}
	}
	return str{*(**C.char)(unsafe.Pointer(&s)), C.size_t(len(s))}
}

// orNull is NULL for "".
func orNull(s string) str {
	if s == "" {
		return str{}
	}
	return text(s)
}

func data(b []byte) str {
	if len(b) == 0 {
		return str{(*C.char)(unsafe.Pointer(&nothing[0])), 0}
	}
	return str{(*C.char)(unsafe.Pointer(&b[0])), C.size_t(len(b))}
}

// last is the options that were given, or none: of several the last count.
func last[T any](options []T) T {
	var none T
	if len(options) == 0 {
		return none
	}
	return options[len(options)-1]
}

// ---- what comes out ----------------------------------------------------------------------------

// check makes an error of a failure, with what a callback failed with as its cause.
func (f *frame) check(status C.envres_status) error {
	cause := takeRaised()
	if status == C.ENVRES_OK {
		return nil
	}
	err := f.failure(status)
	if err.Code == CodeCallback || status == cause.status {
		err.cause = cause.err
	}
	return err
}

// failure is what the slot says, which is empty then.
func (f *frame) failure(status C.envres_status) *Error {
	var said C.envres_go_said
	C.envres_go_say(f.w.err, status, &said)
	err := &Error{Code: Code(status), Message: C.GoString(said.message), Hint: C.GoString(said.hint),
		Subject: C.GoString(said.subject), Line: int(said.line), Column: int(said.column)}
	if said.line > 0 && said.offset >= 0 {
		err.Offset = int(said.offset)
	}
	C.envres_go_clear(f.w.err)
	return err
}

// made is the text that a hot call left in the buffer.
func (f *frame) made(size C.int64_t) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(&f.w.buffer[0])), int(size)))
}

// bytes copies what data and len of the work point to.
func (f *frame) bytes() []byte {
	return C.GoBytes(unsafe.Pointer(f.w.data), C.int(f.w.len))
}

// text is the value that the call made, which is freed.
func (f *frame) text(status C.envres_status) (Text, error) {
	if err := f.check(status); err != nil {
		return Text{}, err
	}
	defer C.envres_value_free(f.w.value)
	return f.borrowed(f.w.value)
}

// borrowed copies a value that stays the library's.
func (f *frame) borrowed(value *C.envres_value) (Text, error) {
	C.envres_go_value(value, f.w)
	size := int(f.w.len)
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(f.w.data)), size)
	if f.w.flag == 0 {
		return Text{plain: string(bytes)}, nil
	}
	ranges := make([]Range, 0, 1)
	for i := C.size_t(0); i < C.envres_value_range_count(value); i++ {
		if status := C.envres_value_range(value, i, &f.w.len, &f.w.end, f.w.err); status != C.ENVRES_OK {
			return Text{}, f.failure(status)
		}
		ranges = append(ranges, Range{int(f.w.len), int(f.w.end)})
	}
	return Text{secret: newSecret(bytes, ranges)}, nil
}

// plainBytes is the value that the call made, where it is never secret; it is freed.
func (f *frame) plainBytes(status C.envres_status) ([]byte, error) {
	if err := f.check(status); err != nil {
		return nil, err
	}
	defer C.envres_value_free(f.w.value)
	C.envres_go_value(f.w.value, f.w)
	return append([]byte{}, unsafe.Slice((*byte)(unsafe.Pointer(f.w.data)), int(f.w.len))...), nil
}

// integer is the number that the call gave.
func (f *frame) integer(status C.envres_status) (int64, error) {
	if err := f.check(status); err != nil {
		return 0, err
	}
	return int64(f.w.integer), nil
}

// hex is the digest that the call gave.
func (f *frame) hex() string { return hex.EncodeToString(C.GoBytes(unsafe.Pointer(&f.w.bytes[0]), 32)) }
