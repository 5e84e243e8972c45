// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"bytes"
	"encoding/json"
	"reflect"
	"runtime"
	"strconv"
	"time"
	"unsafe"
)

// Parameters are what a render is given: Values, which become a Params for the call, or a *Params,
// which was made once for many.
type Parameters interface {
	take(f *frame) (*C.envres_params, error)
}

// Values are parameters by name: nil, a bool, a number, a string, a *Secret or Text, a time.Time (a
// string in RFC 3339), Typed, or anything else that package encoding/json takes. What is made of a
// secret is secret.
type Values map[string]interface{}

// Typed is a parameter whose type is said, with its text: a string, []byte, *Secret or Text.
type Typed struct {
	Type Type
	Text interface{}
}

// Params are parameters of a render, made once for many; immutable, goroutines may share them.
type Params struct{ handle }

// NewParams makes parameters of values. allow names the identifiers that the filter `ident` may write
// into SQL.
//
// Errors: ErrName, ErrText, ErrUsage (CodeLimit, or a value that is no parameter). C: envres_params_set.
func NewParams(values Values, allow ...string) (*Params, error) {
	f, err := begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	pointer := C.envres_params_new(nil)
	if pointer == nil {
		return nil, noMemory()
	}
	if err := fill(f, pointer, values, allow); err != nil {
		C.envres_params_free(pointer)
		return nil, err
	}
	made := &Params{}
	made.pointer = unsafe.Pointer(pointer)
	made.release = func(p unsafe.Pointer) { C.envres_params_free((*C.envres_params)(p)) }
	runtime.SetFinalizer(made, func(p *Params) { p.shut() })
	return made, nil
}

func fill(f *frame, params *C.envres_params, values Values, allow []string) error {
	for name, value := range values {
		kind, given, err := f.parameter(value)
		if err != nil {
			return err
		}
		flags, n := C.uint32_t(0), text(name)
		if given.secret {
			flags = C.ENVRES_PARAM_SECRET
		}
		status := C.envres_params_set(params, n.p, n.n, C.int32_t(kind), given.p, given.n, flags, f.w.err)
		if err := f.check(status); err != nil {
			return err
		}
	}
	for _, name := range allow {
		n := text(name)
		if err := f.check(C.envres_params_allow(params, n.p, n.n, f.w.err)); err != nil {
			return err
		}
	}
	return nil
}

// Close gives the parameters back; later use fails with ErrClosed. Closing again does nothing. The
// error is always nil.
func (p *Params) Close() error {
	if p != nil {
		p.shut()
	}
	return nil
}

// Closed says whether Close was called.
func (p *Params) Closed() bool { return p == nil || p.isClosed() }

func (p *Params) take(f *frame) (*C.envres_params, error) {
	if p == nil {
		return nil, nil
	}
	pointer, err := f.use(&p.handle, "params")
	return (*C.envres_params)(pointer), err
}

func (v Values) take(f *frame) (*C.envres_params, error) {
	if len(v) == 0 {
		return nil, nil
	}
	pointer := C.envres_params_new(nil)
	if pointer == nil {
		return nil, noMemory()
	}
	f.after = append(f.after, func() { C.envres_params_free(pointer) })
	return pointer, fill(f, pointer, v, nil)
}

// parameter gives type and text of one parameter.
func (f *frame) parameter(value interface{}) (Type, given, error) {
	switch one := value.(type) {
	case nil:
		g, err := f.value("")
		return TypeNull, g, err
	case Typed:
		g, err := f.value(one.Text)
		return one.Type, g, err
	case string, []byte, *Secret, Secret, Text:
		g, err := f.value(one)
		return TypeString, g, err
	case time.Time:
		g, err := f.value(one.Format(time.RFC3339Nano))
		return TypeString, g, err
	case json.Number:
		g, err := f.value(string(one))
		return TypeNumber, g, err
	case json.RawMessage:
		g, err := f.value([]byte(one))
		return TypeJSON, g, err
	}
	v := reflect.ValueOf(value)
	kind, shown := TypeNumber, ""
	switch v.Kind() {
	case reflect.Bool:
		kind, shown = TypeBoolean, strconv.FormatBool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		shown = strconv.FormatInt(v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		shown = strconv.FormatUint(v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		shown = float(v.Float())
	case reflect.String:
		kind, shown = TypeString, v.String()
	default:
		return f.structured(value, v)
	}
	g, err := f.value(shown)
	return kind, g, err
}

// float writes a number so that it is read as a double again: never as an integer.
func float(value float64) string {
	shown := strconv.FormatFloat(value, 'g', -1, 64)
	for _, letter := range shown {
		if letter == '.' || letter == 'e' || letter == 'N' || letter == 'I' {
			return shown
		}
	}
	return shown + ".0"
}

// structured is a parameter of JSON. A secret in it would be written as "***": it is refused.
func (f *frame) structured(value interface{}, v reflect.Value) (Type, given, error) {
	if holdsSecret(v, 64) {
		return 0, given{}, usage("a secret inside of JSON: give it as a parameter of its own")
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return 0, given{}, usage("a parameter of type %T cannot be written as JSON", value)
	}
	g, err := f.value(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
	return TypeJSON, g, err
}

var secretTypes = map[reflect.Type]bool{
	reflect.TypeOf(Secret{}): true, reflect.TypeOf(Text{}): true, reflect.TypeOf(Credential{}): true}

// holdsSecret says whether a value has a secret (or what may be one) anywhere in it; what nests deeper
// than depth is taken for one.
func holdsSecret(v reflect.Value, depth int) bool {
	if !v.IsValid() {
		return false
	}
	if depth == 0 || secretTypes[v.Type()] {
		return true
	}
	switch v.Kind() {
	case reflect.Ptr, reflect.Interface:
		return !v.IsNil() && holdsSecret(v.Elem(), depth-1)
	case reflect.Slice, reflect.Array:
		for i := 0; i < v.Len(); i++ {
			if holdsSecret(v.Index(i), depth-1) {
				return true
			}
		}
	case reflect.Map:
		for each := v.MapRange(); each.Next(); {
			if holdsSecret(each.Value(), depth-1) || holdsSecret(each.Key(), depth-1) {
				return true
			}
		}
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			if holdsSecret(v.Field(i), depth-1) {
				return true
			}
		}
	}
	return false
}
