// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"encoding/json"
	"math"
	"runtime"
	"runtime/cgo"
	"strconv"
	"strings"
	"unsafe"
)

// Scope is an immutable snapshot of one environment. No call on it touches the database or takes a
// lock; goroutines may share it; it stays valid whatever becomes of session and store. What has no
// value is ErrNotFound, never blank text.
type Scope struct {
	handle
	environment, app, version, release string
	revision, sequence                 int64
	count, parts                       uint32
}

func newScope(pointer *C.envres_scope) *Scope {
	var facts C.envres_go_scope
	C.envres_go_scope_facts(pointer, &facts)
	made := &Scope{environment: C.GoString(facts.environment), app: C.GoString(facts.app),
		version: C.GoString(facts.version), release: C.GoString(facts.release),
		revision: int64(facts.revision), sequence: int64(facts.sequence),
		count: uint32(facts.count), parts: uint32(facts.parts)}
	made.pointer = unsafe.Pointer(pointer)
	made.handle.release = func(p unsafe.Pointer) { C.envres_scope_unref((*C.envres_scope)(p)) }
	runtime.SetFinalizer(made, func(s *Scope) { s.shut() })
	return made
}

// in takes the scope for a call of this frame.
func (s *Scope) in(f *frame) (*C.envres_scope, error) {
	if s == nil {
		return nil, closedError("scope")
	}
	pointer, err := f.use(&s.handle, "scope")
	return (*C.envres_scope)(pointer), err
}

func (s *Scope) begin() (*frame, *C.envres_scope, error) {
	f, err := begin()
	if err != nil {
		return nil, nil, err
	}
	scope, err := s.in(f)
	if err != nil {
		f.end()
		return nil, nil, err
	}
	return f, scope, nil
}

// Close lets go of the scope. Calls that are running elsewhere are finished first; later ones fail
// with ErrClosed. Closing again does nothing. The error is always nil.
func (s *Scope) Close() error {
	if s != nil {
		s.shut()
	}
	return nil
}

// Closed says whether Close was called.
func (s *Scope) Closed() bool { return s == nil || s.isClosed() }

// Environment gives the environment's key; like all that follows up to IsStale, also when the scope
// is closed.
func (s *Scope) Environment() string { return s.environment }

// Revision gives the configuration revision that it was opened at.
func (s *Scope) Revision() int64 { return s.revision }

// App gives the name of the app that is served, or "".
func (s *Scope) App() string { return s.app }

// Version gives the name of the version that is served, or "".
func (s *Scope) Version() string { return s.version }

// Release gives the tag of the release, or "".
func (s *Scope) Release() string { return s.release }

// Sequence gives the sequence number of the release record, or 0.
func (s *Scope) Sequence() int64 { return s.sequence }

// Len gives the number of variables that have a value here.
func (s *Scope) Len() int { return int(s.count) }

// IsStale says whether the store is known to have changed since; it reads one counter. Store.Poll moves
// it, and so do our own commits. A scope that is closed is stale.
func (s *Scope) IsStale() bool {
	pointer, err := s.take("scope")
	if err != nil {
		return true
	}
	defer s.drop()
	return C.envres_scope_is_stale((*C.envres_scope)(pointer)) != 0
}

// ---- variables ---------------------------------------------------------------------------------

// Get gives the text of a variable, or its secret.
//
// Errors: ErrNotFound (CodeNotFound, with the nearest name; CodeNotSet), ErrText, ErrIntegrity. C:
// envres_scope_get.
func (s *Scope) Get(name string) (Text, error) {
	if s == nil {
		return Text{}, closedError("scope")
	}
	scope, err := s.hot("scope")
	if err != nil {
		return Text{}, err
	}
	f, err := quick()
	if err != nil {
		s.drop()
		return Text{}, err
	}
	n := text(name)
	done := C.envres_go_get(scope, n.p, n.n, f.work)
	s.drop()
	made, err := f.ended(done)
	if err != errElsewise {
		return Text{plain: made}, err
	}
	return s.valueOf(func(f *frame, s *C.envres_scope) C.envres_status {
		return C.envres_scope_get(s, n.p, n.n, &f.w.value, f.w.err)
	})
}

func (s *Scope) valueOf(body func(f *frame, s *C.envres_scope) C.envres_status) (Text, error) {
	f, scope, err := s.begin()
	if err != nil {
		return Text{}, err
	}
	defer f.end()
	return f.text(body(f, scope))
}

// Value gives a variable in the type it has: string, int64, float64, bool, or for JSON what package
// encoding/json makes of it, with json.Number for numbers; a *Secret where it is one.
func (s *Scope) Value(name string) (interface{}, error) {
	index, err := s.Find(name)
	if err != nil {
		return nil, err
	}
	found, err := s.Get(name)
	if err != nil {
		return nil, err
	}
	return native(s.Type(index), found)
}

// native is a value's text in the type it has; a secret stays one.
func native(kind Type, value Text) (interface{}, error) {
	if value.secret != nil {
		return value.secret, nil
	}
	switch kind {
	case TypeBoolean:
		return value.plain == "true", nil
	case TypeNumber, TypeInteger:
		if !strings.ContainsAny(value.plain, ".eE") {
			return strconv.ParseInt(value.plain, 10, 64)
		}
		return strconv.ParseFloat(value.plain, 64)
	case TypeJSON:
		decoder := json.NewDecoder(strings.NewReader(value.plain))
		decoder.UseNumber()
		var found interface{}
		err := decoder.Decode(&found)
		return found, err
	}
	return value.plain, nil
}

// GetBoolean gives a boolean. Errors: ErrText (CodeType) for any other type, ErrNotFound. C:
// envres_scope_get_boolean.
func (s *Scope) GetBoolean(name string) (bool, error) {
	f, scope, err := s.begin()
	if err != nil {
		return false, err
	}
	defer f.end()
	n := text(name)
	err = f.check(C.envres_scope_get_boolean(scope, n.p, n.n, &f.w.flag, f.w.err))
	return err == nil && f.w.flag != 0, err
}

// GetInteger gives a number that is an integer of 64 bits. Errors: ErrText (CodeType), ErrNotFound. C:
// envres_scope_get_integer.
func (s *Scope) GetInteger(name string) (int64, error) {
	f, scope, err := s.begin()
	if err != nil {
		return 0, err
	}
	defer f.end()
	n := text(name)
	return f.integer(C.envres_scope_get_integer(scope, n.p, n.n, &f.w.integer, f.w.err))
}

// GetDouble gives a number. Errors: ErrText (CodeType; also for an integer that no float64 holds),
// ErrNotFound. C: envres_scope_get_double.
func (s *Scope) GetDouble(name string) (float64, error) {
	f, scope, err := s.begin()
	if err != nil {
		return 0, err
	}
	defer f.end()
	n := text(name)
	if err := f.check(C.envres_scope_get_double(scope, n.p, n.n, &f.w.number, f.w.err)); err != nil {
		return 0, err
	}
	return float64(f.w.number), nil
}

// GetString gives a string, or an expanded template. Errors: ErrText (CodeType), ErrNotFound. C:
// envres_scope_get_string.
func (s *Scope) GetString(name string) (Text, error) {
	n := text(name)
	return s.valueOf(func(f *frame, s *C.envres_scope) C.envres_status {
		return C.envres_scope_get_string(s, n.p, n.n, &f.w.value, f.w.err)
	})
}

// GetJSON gives a json variable as compact JSON text. Errors: ErrText (CodeType), ErrNotFound. C:
// envres_scope_get_json.
func (s *Scope) GetJSON(name string) (Text, error) {
	n := text(name)
	return s.valueOf(func(f *frame, s *C.envres_scope) C.envres_status {
		return C.envres_scope_get_json(s, n.p, n.n, &f.w.value, f.w.err)
	})
}

// Find interns a name: the index serves At, GetInto and the calls below on this scope. C:
// envres_scope_find.
func (s *Scope) Find(name string) (int, error) {
	f, scope, err := s.begin()
	if err != nil {
		return 0, err
	}
	defer f.end()
	n := text(name)
	if err := f.check(C.envres_scope_find(scope, n.p, n.n, &f.w.index, f.w.err)); err != nil {
		return 0, err
	}
	return int(f.w.index), nil
}

// outside keeps an index that C cannot hold outside of every table.
func outside(index int) C.uint32_t {
	if index < 0 || int64(index) > math.MaxUint32 {
		return math.MaxUint32
	}
	return C.uint32_t(index)
}

// Name gives the name of the index-th variable, by name; "" outside, and when the scope is closed.
func (s *Scope) Name(index int) string {
	pointer, err := s.take("scope")
	if err != nil {
		return ""
	}
	defer s.drop()
	return C.GoString(C.envres_scope_name((*C.envres_scope)(pointer), outside(index)))
}

// Names gives the names of all variables that have a value here, in order; none when the scope is closed.
func (s *Scope) Names() []string {
	names := make([]string, 0, s.count)
	for index := 0; index < int(s.count) && !s.Closed(); index++ {
		names = append(names, s.Name(index))
	}
	return names
}

// Type gives the type of the index-th variable; 0 outside, and when the scope is closed.
func (s *Scope) Type(index int) Type {
	pointer, err := s.take("scope")
	if err != nil {
		return 0
	}
	defer s.drop()
	return Type(C.envres_scope_type((*C.envres_scope)(pointer), outside(index)))
}

// IsSecret says whether the index-th is secret, or composed of a secret.
func (s *Scope) IsSecret(index int) bool {
	pointer, err := s.take("scope")
	if err != nil {
		return false
	}
	defer s.drop()
	return C.envres_scope_is_secret((*C.envres_scope)(pointer), outside(index)) != 0
}

// At gives the text of the index-th variable. Errors: ErrSecret for a secret, ErrUsage outside. C:
// envres_scope_at.
func (s *Scope) At(index int) (string, error) {
	f, scope, err := s.begin()
	if err != nil {
		return "", err
	}
	defer f.end()
	status := C.envres_scope_at(scope, outside(index), &f.w.data, &f.w.len, f.w.err)
	if err := f.check(status); err != nil {
		return "", err
	}
	return string(f.bytes()), nil
}

// GetInto writes the bytes of the index-th variable, secret or not, into the caller's buffer, who
// wipes it; their number. Errors: ErrUsage (CodeLimit) when they do not fit. C:
// envres_scope_get_into.
func (s *Scope) GetInto(index int, buffer []byte) (int, error) {
	f, scope, err := s.begin()
	if err != nil {
		return 0, err
	}
	defer f.end()
	b := data(buffer)
	status := C.envres_scope_get_into(scope, outside(index), b.p, b.n, &f.w.len, f.w.err)
	if err := f.check(status); err != nil {
		return 0, err
	}
	return int(f.w.len), nil
}

// ---- templates ---------------------------------------------------------------------------------

// ExpandOptions are options of Scope.Expand. The zero value: context text, secrets allowed.
type ExpandOptions struct {
	// Context says how values are written into the text; 0: ContextText.
	Context Context
	// NoSecrets: a secret is ErrSecret.
	NoSecrets bool
}

// Expand parses and renders in one call. source is a string, []byte, *Secret or Text. Errors: those
// of ParseTemplate and Template.Render. C: envres_scope_expand.
func (s *Scope) Expand(source interface{}, options ...ExpandOptions) (Text, error) {
	f, scope, err := s.begin()
	if err != nil {
		return Text{}, err
	}
	defer f.end()
	given, err := f.value(source)
	if err != nil {
		return Text{}, err
	}
	o, flags := last(options), C.uint32_t(0)
	if o.NoSecrets {
		flags = C.ENVRES_RENDER_NO_SECRETS
	}
	return f.text(C.envres_scope_expand(scope, given.p, given.n, C.uint32_t(o.Context), flags,
		&f.w.value, f.w.err))
}

// Explain says which value, from where, and why, never the value: of a variable's name, a resource field
// ("crm.host"), a handle, or a template. Errors: ErrText, ErrNotFound. C: envres_explain.
func (s *Scope) Explain(source string) ([]ExplainRow, error) {
	f, scope, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	t := text(source)
	return rows[ExplainRow](f, C.envres_explain(scope, t.p, t.n, &f.w.list, f.w.err))
}

// ---- resources ---------------------------------------------------------------------------------

// Resource resolves a resource, with defaults and templates.
//
// Errors: ErrNotFound (CodeNotFound, CodeNotConfigured, CodeNotSet), ErrName (CodeField: a required
// one is missing), ErrText. C: envres_scope_resource.
func (s *Scope) Resource(name string) (*Resource, error) {
	if s == nil {
		return nil, closedError("scope")
	}
	scope, err := s.hot("scope")
	if err != nil {
		return nil, err
	}
	f, err := quick()
	if err != nil {
		s.drop()
		return nil, err
	}
	n := text(name)
	status := C.envres_go_resolve(scope, n.p, n.n, f.work)
	s.drop()
	if status != C.ENVRES_OK {
		err = f.failure(status)
		frames.Put(f)
		return nil, err
	}
	made := newResource(f.w.object, &f.w.facts, freeResource)
	f.w.object = nil
	frames.Put(f)
	return made, nil
}

// TestResource resolves a resource and hands it to probe, for the length of its call.
//
// Errors: those of Resource; ErrCallback with what the probe returned as its cause; an *Error of the
// probe travels through. C: envres_resource_test.
func (s *Scope) TestResource(name string, probe func(*Resource) error) error {
	f, scope, err := s.begin()
	if err != nil {
		return err
	}
	defer f.end()
	if probe == nil {
		return usage("the probe is nil")
	}
	user := cgo.NewHandle(probe)
	defer user.Delete()
	n := text(name)
	return f.check(C.envres_go_test(scope, n.p, n.n, C.uintptr_t(user), f.w.err))
}

// ---- the app that is served --------------------------------------------------------------------

// Parts gives the paths of the parts of the version that is served, in order; none when the scope is
// closed.
func (s *Scope) Parts() []string {
	pointer, err := s.take("scope")
	if err != nil {
		return nil
	}
	defer s.drop()
	paths := make([]string, s.parts)
	for index := range paths {
		paths[index] = C.GoString(C.envres_scope_part_path((*C.envres_scope)(pointer), C.uint32_t(index)))
	}
	return paths
}

// PartIsPublic says whether the part goes to everybody, so that no secret may get into what is made
// of it; false where there is none.
func (s *Scope) PartIsPublic(path string) bool {
	pointer, err := s.take("scope")
	if err != nil {
		return false
	}
	defer s.drop()
	p := text(path)
	return C.envres_scope_part_is_public((*C.envres_scope)(pointer), p.p, p.n) != 0
}

// RenderPart parses and renders a part: as JSON where its path ends in .json, else as text; without
// secrets where it is public. Errors: those of ParseTemplate and Template.Render; ErrNotFound (the
// part), ErrUsage (the scope serves no app). C: envres_scope_render_part.
func (s *Scope) RenderPart(path string, options ...RenderOptions) (Text, error) {
	f, scope, err := s.begin()
	if err != nil {
		return Text{}, err
	}
	defer f.end()
	made, err := f.rendering(options)
	if err != nil {
		return Text{}, err
	}
	p := text(path)
	return f.text(C.envres_scope_render_part(scope, p.p, p.n, made, &f.w.value, f.w.err))
}

// Part gives a part's bytes. Errors: ErrNotFound, ErrUsage (the scope serves no app). C:
// envres_scope_part.
func (s *Scope) Part(path string) ([]byte, error) {
	f, scope, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	p := text(path)
	if err := f.check(C.envres_scope_part(scope, p.p, p.n, &f.w.data, &f.w.len, f.w.err)); err != nil {
		return nil, err
	}
	return f.bytes(), nil
}

// Query gives a query of the version that is served, at the revision that this version uses; nothing is
// looked up. Errors: ErrNotFound (the version does not use it; with the nearest that it uses), ErrUsage
// (the scope serves no app). C: envres_scope_query.
func (s *Scope) Query(name string) (*Query, error) {
	f, scope, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	n := text(name)
	var out *C.envres_query
	if err := f.check(C.envres_scope_query(scope, n.p, n.n, &out, f.w.err)); err != nil {
		return nil, err
	}
	return newQuery(out), nil
}
