// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Queries are named queries of the workspace, with declared parameters and revisions.
type Queries struct{ session *Session }

// QueryParam is a parameter that a query declares.
type QueryParam struct {
	Name string
	// Type: TypeString (also 0), TypeInteger, TypeNumber, TypeBoolean, TypeJSON or TypeTimestamp.
	Type Type
	// Preset is its value when none is given, as text; nil: none.
	Preset *string
	// Optional: it need not be given; without a preset, every tag that takes it has a default.
	Optional bool
}

// QuerySource is what is put as a query.
type QuerySource struct {
	// Text is the SQL, a template of ContextSQL; of a request its body, of ContextJSON. A string,
	// []byte, or nil for none.
	Text interface{}
	// Params are what it declares; at most 256.
	Params []QueryParam
	// Method of a request; "": POST with a body and for graphql, else GET.
	Method string
	// Path of a request, of ContextURL: "" or what begins with / or ?.
	Path string
	// Headers of a request, of ContextJSON: an object of strings.
	Headers string
	// Expect: 0: whatever is there; Nothing: only if there is none; n: only if n is the newest.
	Expect int64
}

// Put puts the first revision of a query, or the next one; the newest after it. What is the same as
// the newest makes none. resource is the handle of the resource that it is for.
//
// Errors: ErrName, ErrNotFound (the resource; a tag takes what is not declared; CodeNotSet: an optional
// one without a default), ErrConflict (CodeNameTaken: declared twice; CodeChanged), ErrText with the
// position, ErrUsage (CodeInvalid, CodeLimit), ErrDenied. C: envres_query_put.
func (g Queries) Put(name, resource string, source QuerySource, change ...Change) (int64, error) {
	f, session, err := g.session.begin()
	if err != nil {
		return 0, err
	}
	defer f.end()
	write := (*C.envres_query_write)(f.alloc(C.sizeof_envres_query_write))
	write.size = C.sizeof_envres_query_write
	write.name, write.name_len = f.str(name)
	write.resource, write.resource_len = f.str(resource)
	if source.Text != nil {
		given, err := f.value(source.Text)
		if err != nil {
			return 0, err
		}
		write.text, write.text_len = given.p, given.n
	}
	write.method, write.method_len = f.optional(source.Method)
	write.path, write.path_len = f.optional(source.Path)
	write.headers, write.headers_len = f.optional(source.Headers)
	write.expect_revision = C.int64_t(source.Expect)
	if count := len(source.Params); count > 0 {
		params := unsafe.Slice((*C.envres_query_param)(
			f.alloc(uintptr(count)*C.sizeof_envres_query_param)), count)
		for i, one := range source.Params {
			f.declare(&params[i], one)
		}
		write.params, write.count = &params[0], C.size_t(count)
	}
	return f.integer(C.envres_query_put(session, write, f.change(last(change)), &f.w.integer, f.w.err))
}

func (f *frame) declare(param *C.envres_query_param, one QueryParam) {
	param.size = C.sizeof_envres_query_param
	param.name, param.name_len = f.str(one.Name)
	param.preset, param.preset_len = f.maybe(one.Preset)
	if one.Type == 0 {
		one.Type = TypeString
	}
	param._type = C.int32_t(one.Type)
	if one.Optional {
		param.flags = C.ENVRES_QUERY_PARAM_OPTIONAL
	}
}

// Restore makes an older revision the newest, as one of its own; which it is. Errors: ErrNotFound
// (query, revision, its resource), ErrDenied; those of Put when the resource is of another kind
// today. C: envres_query_restore.
func (g Queries) Restore(name string, revision int64, change ...Change) (int64, error) {
	n := text(name)
	return g.session.number(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_query_restore(s, n.p, n.n, C.int64_t(revision), f.change(last(change)),
			&f.w.integer, f.w.err)
	})
}

// Remove removes one; its name is free then. Errors: ErrNotFound, ErrDenied. C: envres_query_remove.
func (g Queries) Remove(name string, change ...Change) error {
	n := text(name)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_query_remove(s, n.p, n.n, f.change(last(change)), f.w.err)
	})
}

// List gives all, by name. Errors: ErrDenied, ErrIntegrity. C: envres_query_list.
func (g Queries) List() ([]QueryListRow, error) {
	return rowsFrom[QueryListRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_query_list(s, &f.w.list, f.w.err)
	})
}

// History gives the revisions of one, newest first. Errors: ErrNotFound, ErrDenied, ErrIntegrity. C:
// envres_query_history.
func (g Queries) History(name string) ([]QueryHistoryRow, error) {
	n := text(name)
	return rowsFrom[QueryHistoryRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_query_history(s, n.p, n.n, &f.w.list, f.w.err)
	})
}

// Open reads a revision; none given, or 0: the newest. Errors: ErrNotFound with the nearest name,
// ErrIntegrity (not as it was signed), ErrDenied. C: envres_query_open.
func (g Queries) Open(name string, revision ...int64) (*Query, error) {
	f, session, err := g.session.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	n := text(name)
	var out *C.envres_query
	status := C.envres_query_open(session, n.p, n.n, C.int64_t(last(revision)), &out, f.w.err)
	if err := f.check(status); err != nil {
		return nil, err
	}
	return newQuery(out), nil
}

// Pin records that a draft uses a query; version "": the app's only draft. Without a revision, or 0, it
// follows: a draft uses the newest, and the promotion that freezes the version records which one that was.
// Errors: ErrNotFound (app, version, query, revision, with the nearest name), ErrState (CodeFrozen,
// CodeDiscarded), ErrUsage (CodeLimit), ErrIntegrity, ErrDenied. C: envres_query_pin.
func (g Queries) Pin(app, version, name string, options ...PinOptions) error {
	n, o := text(name), last(options)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_query_pin(s, f.version(app, version), n.p, n.n, C.int64_t(o.Revision),
			f.change(o.Change), f.w.err)
	})
}

// PinOptions are options of Queries.Pin.
type PinOptions struct {
	Change
	// Revision is the one that is used, here and in drafts made from this version; 0: it follows.
	Revision int64
}

// Unpin records that a draft no longer uses a query. Errors: ErrNotFound (also: the version does not
// use it), and those of Pin. C: envres_query_unpin.
func (g Queries) Unpin(app, version, name string, change ...Change) error {
	n := text(name)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_query_unpin(s, f.version(app, version), n.p, n.n, f.change(last(change)), f.w.err)
	})
}

// Pins gives the queries that a version uses, by name; version "": the app's only draft. Errors:
// ErrNotFound (app, version), ErrIntegrity, ErrDenied. C: envres_query_pins.
func (g Queries) Pins(app, version string) ([]QueryPinRow, error) {
	return rowsFrom[QueryPinRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_query_pins(s, f.version(app, version), &f.w.list, f.w.err)
	})
}

// Query is one revision of a query. Immutable; goroutines may share it; needs its session no longer.
type Query struct {
	handle
	resource, kind string
	revision       int64
	texts          [C.ENVRES_QUERY_TEXTS]string
}

func newQuery(query *C.envres_query) *Query {
	made := &Query{resource: C.GoString(C.envres_query_resource(query)),
		kind: C.GoString(C.envres_query_kind(query)), revision: int64(C.envres_query_revision(query))}
	for which := range made.texts {
		made.texts[which] = C.GoString(C.envres_query_text(query, C.uint32_t(which), nil))
	}
	made.pointer = unsafe.Pointer(query)
	made.release = func(p unsafe.Pointer) { C.envres_query_free((*C.envres_query)(p)) }
	runtime.SetFinalizer(made, func(q *Query) { q.shut() })
	return made
}

func (q *Query) begin() (*frame, *C.envres_query, error) {
	if q == nil {
		return nil, nil, closedError("query")
	}
	f, err := begin()
	if err != nil {
		return nil, nil, err
	}
	pointer, err := f.use(&q.handle, "query")
	if err != nil {
		f.end()
		return nil, nil, err
	}
	return f, (*C.envres_query)(pointer), nil
}

// Close lets go of the query. Calls that are running elsewhere are finished first; later ones fail
// with ErrClosed. Closing again does nothing. The error is always nil.
func (q *Query) Close() error {
	if q != nil {
		q.shut()
	}
	return nil
}

// Closed says whether Close was called.
func (q *Query) Closed() bool { return q == nil || q.isClosed() }

// Resource gives the handle of its resource; like all that follows up to Headers, also when the query is
// closed.
func (q *Query) Resource() string { return q.resource }

// Kind gives the kind of that resource when this was opened: "postgres", "rest", ...
func (q *Query) Kind() string { return q.kind }

// Revision says which revision it is.
func (q *Query) Revision() int64 { return q.revision }

// Source gives the SQL as it was put; of a request the body, "" for none.
func (q *Query) Source() string { return q.texts[C.ENVRES_QUERY_TEXT] }

// Method gives that of a request, as it was put: "GET", ...; "" for none.
func (q *Query) Method() string { return q.texts[C.ENVRES_QUERY_METHOD] }

// Path gives that of a request, as it was put; else "".
func (q *Query) Path() string { return q.texts[C.ENVRES_QUERY_PATH] }

// Headers gives those of a request, a JSON object as it was put; "" for none.
func (q *Query) Headers() string { return q.texts[C.ENVRES_QUERY_HEADERS] }

// Params gives the parameters that it declares, in their order. C: envres_query_params.
func (q *Query) Params() ([]QueryParamRow, error) {
	f, query, err := q.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	return rows[QueryParamRow](f, C.envres_query_params(query, &f.w.list, f.w.err))
}

// QueryOptions are options of Query.Render. The zero value: no parameters, secrets allowed, 64 MiB.
type QueryOptions struct {
	// Params, each of its declared type: an integer, float, bool, string; JSON is anything but a
	// string; a timestamp is a time.Time, or a string in RFC 3339; nil where it is optional.
	Params Parameters
	// NoSecrets: any secret is ErrSecret.
	NoSecrets bool
	// ReadStrings: a string is read as the declared type, for what comes from a form.
	ReadStrings bool
	// OutputMax is the largest text in bytes; 0: 64 MiB.
	OutputMax uint64
}

// Render renders it for the environment of a scope. Connects to nothing; the settings of the resource
// are those of Scope.Resource.
//
// Errors: ErrText (CodeType: a value of another type, its name is the subject), ErrNotFound (CodeNotSet:
// one that must be given; CodeNotFound: one that is not declared), ErrUsage (CodeInvalid: a scope of
// another workspace, a path that leads elsewhere, a header with a control character), and those of
// Template.Prepare and Template.Render. C: envres_query_render.
func (q *Query) Render(scope *Scope, options ...QueryOptions) (*QueryResult, error) {
	f, query, err := q.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	there, err := scope.in(f)
	if err != nil {
		return nil, err
	}
	o := last(options)
	made := (*C.envres_query_options)(f.alloc(C.sizeof_envres_query_options))
	made.size = C.sizeof_envres_query_options
	made.output_max = C.uint64_t(o.OutputMax)
	if o.NoSecrets {
		made.flags |= C.ENVRES_QUERY_NO_SECRETS
	}
	if o.ReadStrings {
		made.flags |= C.ENVRES_QUERY_READ_STRINGS
	}
	if o.Params != nil {
		if made.params, err = o.Params.take(f); err != nil {
			return nil, err
		}
	}
	var out *C.envres_query_result
	if err := f.check(C.envres_query_render(query, there, made, &out, f.w.err)); err != nil {
		return nil, err
	}
	result := &QueryResult{}
	result.pointer = unsafe.Pointer(out)
	result.release = func(p unsafe.Pointer) { C.envres_query_result_free((*C.envres_query_result)(p)) }
	runtime.SetFinalizer(result, func(r *QueryResult) { r.shut() })
	return result, nil
}

// QueryResult is what to send: a statement, or a request. Immutable; needs nothing any more of what it
// was made of.
type QueryResult struct{ handle }

func (r *QueryResult) begin() (*frame, *C.envres_query_result, error) {
	if r == nil {
		return nil, nil, closedError("query result")
	}
	f, err := begin()
	if err != nil {
		return nil, nil, err
	}
	pointer, err := f.use(&r.handle, "query result")
	if err != nil {
		f.end()
		return nil, nil, err
	}
	return f, (*C.envres_query_result)(pointer), nil
}

// Close gives it back, and wipes what is secret. Calls that are running elsewhere are finished first;
// later ones fail with ErrClosed. Closing again does nothing. The error is always nil.
func (r *QueryResult) Close() error {
	if r != nil {
		r.shut()
	}
	return nil
}

// Closed says whether Close was called.
func (r *QueryResult) Closed() bool { return r == nil || r.isClosed() }

// Statement gives the SQL and its parameters, of use after this was closed; nil for a request. C:
// envres_query_result_statement.
func (r *QueryResult) Statement() (*Statement, error) {
	f, result, err := r.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	found := C.envres_query_result_statement(result)
	if found == nil {
		return nil, nil
	}
	// It is borrowed: the statement is one more user of the result, which is not freed before.
	if _, err := r.take("query result"); err != nil {
		return nil, err
	}
	return newStatement(unsafe.Pointer(found), func(unsafe.Pointer) { r.drop() }), nil
}

func (r *QueryResult) text(which C.uint32_t) (*Text, error) {
	f, result, err := r.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	value := C.envres_query_result_text(result, which)
	if value == nil {
		return nil, nil
	}
	found, err := f.borrowed(value)
	return &found, err
}

// Method gives that of a request: "GET", ...; nil for a statement. C: envres_query_result_text, as for
// the texts that follow.
func (r *QueryResult) Method() (*Text, error) { return r.text(C.ENVRES_QUERY_METHOD) }

// Path gives that of a request, below the address of the resource; nil for a statement.
func (r *QueryResult) Path() (*Text, error) { return r.text(C.ENVRES_QUERY_PATH) }

// Headers gives those of a request, a JSON object of strings; nil: there are none.
func (r *QueryResult) Headers() (*Text, error) { return r.text(C.ENVRES_QUERY_HEADERS) }

// Body gives that of a request, JSON; nil: there is none.
func (r *QueryResult) Body() (*Text, error) { return r.text(C.ENVRES_QUERY_TEXT) }
