// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Resource is a resource resolved in a scope, which it keeps alive: the fields that have a value,
// defaults included. Goroutines may share it.
type Resource struct {
	handle
	kind, environment, cacheKey string
	fields                      uint32
	fallback                    bool
}

func newResource(pointer unsafe.Pointer, facts *C.envres_go_resource, release func(unsafe.Pointer)) *Resource {
	made := &Resource{kind: C.GoString(facts.kind), environment: C.GoString(facts.environment),
		cacheKey: C.GoString(facts.cache_key), fields: uint32(facts.fields),
		fallback: facts.fallback != 0}
	made.pointer, made.release = pointer, release
	runtime.SetFinalizer(made, func(r *Resource) { r.shut() })
	return made
}

func freeResource(pointer unsafe.Pointer) {
	C.envres_resource_handle_free((*C.envres_resource_handle)(pointer))
}

func (r *Resource) begin() (*frame, *C.envres_resource_handle, error) {
	if r == nil {
		return nil, nil, closedError("resource")
	}
	f, err := begin()
	if err != nil {
		return nil, nil, err
	}
	pointer, err := f.use(&r.handle, "resource")
	if err != nil {
		f.end()
		return nil, nil, err
	}
	return f, (*C.envres_resource_handle)(pointer), nil
}

// Close lets go of the resource. Calls that are running elsewhere are finished first; later ones fail
// with ErrClosed. Closing again does nothing. The error is always nil.
func (r *Resource) Close() error {
	if r != nil {
		r.shut()
	}
	return nil
}

// Closed says whether Close was called.
func (r *Resource) Closed() bool { return r == nil || r.isClosed() }

// Kind gives "postgres", "rest", ...; like Environment, IsFallback, CacheKey and Len also when the
// resource is closed.
func (r *Resource) Kind() string { return r.kind }

// Environment says whose settings these are: the scope's environment, or the declared fallback.
func (r *Resource) Environment() string { return r.environment }

// IsFallback says whether the settings come from a declared fallback.
func (r *Resource) IsFallback() bool { return r.fallback }

// CacheKey is another one when the resource, or what it refers to, was changed, and only then: key a
// pool of connections by it.
func (r *Resource) CacheKey() string { return r.cacheKey }

// Len gives the number of fields that have a value.
func (r *Resource) Len() int { return int(r.fields) }

func (r *Resource) names(wanted func(handle *C.envres_resource_handle, index C.uint32_t) bool) []string {
	pointer, err := r.take("resource")
	if err != nil {
		return nil
	}
	defer r.drop()
	handle, names := (*C.envres_resource_handle)(pointer), []string{}
	for index := C.uint32_t(0); index < C.uint32_t(r.fields); index++ {
		if wanted(handle, index) {
			names = append(names, C.GoString(C.envres_resource_handle_field_name(handle, index)))
		}
	}
	return names
}

// Fields gives the names of the fields that have a value, in the order of the kind; none when the
// resource is closed.
func (r *Resource) Fields() []string {
	return r.names(func(*C.envres_resource_handle, C.uint32_t) bool { return true })
}

// SecretFields gives the names of those that are secret.
func (r *Resource) SecretFields() []string {
	return r.names(func(handle *C.envres_resource_handle, index C.uint32_t) bool {
		return C.envres_resource_handle_field_is_secret(handle, index) != 0
	})
}

// Get gives the text of a field, or its secret. Errors: ErrName (CodeField: no such field), ErrNotFound
// (CodeNotSet). C: envres_resource_handle_field.
func (r *Resource) Get(name string) (Text, error) {
	n := text(name)
	return r.valueOf(func(f *frame, r *C.envres_resource_handle) C.envres_status {
		return C.envres_resource_handle_field(r, n.p, n.n, &f.w.value, f.w.err)
	})
}

// Value gives a field in the type that its kind says: string, int64, float64, bool or JSON; a
// *Secret where it is one.
func (r *Resource) Value(name string) (interface{}, error) {
	f, handle, err := r.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	n := text(name)
	status := C.envres_resource_handle_field(handle, n.p, n.n, &f.w.value, f.w.err)
	kind := Type(C.envres_value_type(f.w.value))
	value, err := f.text(status)
	if err != nil {
		return nil, err
	}
	return native(kind, value)
}

func (r *Resource) valueOf(body func(f *frame, r *C.envres_resource_handle) C.envres_status) (Text, error) {
	f, handle, err := r.begin()
	if err != nil {
		return Text{}, err
	}
	defer f.end()
	return f.text(body(f, handle))
}

// URL gives the ready URL, escaped for its grammar. Errors: ErrName (CodeField: the kind has none). C:
// envres_resource_handle_url.
func (r *Resource) URL() (Text, error) {
	return r.valueOf(func(f *frame, r *C.envres_resource_handle) C.envres_status {
		return C.envres_resource_handle_url(r, &f.w.value, f.w.err)
	})
}

// RedactedURL gives the same with every secret as "***": for logs. C:
// envres_resource_handle_redacted_url.
func (r *Resource) RedactedURL() (string, error) {
	shown, err := r.valueOf(func(f *frame, r *C.envres_resource_handle) C.envres_status {
		return C.envres_resource_handle_redacted_url(r, &f.w.value, f.w.err)
	})
	return shown.String(), err
}

// DSN gives the driver's own string: libpq keywords, a path, a list of brokers. C:
// envres_resource_handle_dsn.
func (r *Resource) DSN() (Text, error) {
	return r.valueOf(func(f *frame, r *C.envres_resource_handle) C.envres_status {
		return C.envres_resource_handle_dsn(r, &f.w.value, f.w.err)
	})
}
