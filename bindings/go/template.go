// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// TemplateOptions are options of ParseTemplate. The zero value: context text.
type TemplateOptions struct {
	// Context says how values are written into the text.
	Context Context
	// Dialect says whose SQL it is; required for ContextSQL.
	Dialect Dialect
	// Style says how placeholders of ContextSQL look.
	Style Style
	// Strict: near misses (<< enviroment...) are errors.
	Strict bool
}

// RenderOptions are options of rendering. The zero value: no parameters, secrets allowed, at most 64
// MiB.
type RenderOptions struct {
	// Params are the parameters: Values, or a *Params.
	Params Parameters
	// NoSecrets: the text goes where secrets must not; a secret is ErrSecret.
	NoSecrets bool
	// OutputMax is the largest output in bytes; 0: 64 MiB.
	OutputMax uint64
}

// rendering makes the struct of a call; NULL where nothing was said.
func (f *frame) rendering(options []RenderOptions) (*C.envres_render_options, error) {
	if len(options) == 0 {
		return nil, nil
	}
	o := last(options)
	made := (*C.envres_render_options)(f.alloc(C.sizeof_envres_render_options))
	made.size = C.sizeof_envres_render_options
	made.output_max = C.uint64_t(o.OutputMax)
	if o.NoSecrets {
		made.flags = C.ENVRES_RENDER_NO_SECRETS
	}
	var err error
	if o.Params != nil {
		made.params, err = o.Params.take(f)
	}
	return made, err
}

// Template is text with << ... >> tags, parsed once, rendered against any scope. Immutable; goroutines
// may share it.
type Template struct{ handle }

// ParseTemplate parses; the whole text is checked, nothing is resolved. source is a string, []byte,
// *Secret or Text.
//
// Errors: ErrText with the position, ErrUsage (CodeLimit: 16 MiB). C: envres_template_parse.
func ParseTemplate(source interface{}, options ...TemplateOptions) (*Template, error) {
	f, err := begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	given, err := f.value(source)
	if err != nil {
		return nil, err
	}
	o := last(options)
	made := (*C.envres_template_options)(f.alloc(C.sizeof_envres_template_options))
	made.size = C.sizeof_envres_template_options
	made.context, made.dialect, made.style = C.uint32_t(o.Context), C.uint32_t(o.Dialect), C.uint32_t(o.Style)
	if o.Strict {
		made.flags = C.ENVRES_TEMPLATE_STRICT
	}
	var out *C.envres_template
	if err := f.check(C.envres_template_parse(given.p, given.n, made, &out, f.w.err)); err != nil {
		return nil, err
	}
	parsed := &Template{}
	parsed.pointer = unsafe.Pointer(out)
	parsed.release = func(p unsafe.Pointer) { C.envres_template_unref((*C.envres_template)(p)) }
	runtime.SetFinalizer(parsed, func(t *Template) { t.shut() })
	return parsed, nil
}

func (t *Template) in(f *frame) (*C.envres_template, error) {
	if t == nil {
		return nil, closedError("template")
	}
	pointer, err := f.use(&t.handle, "template")
	return (*C.envres_template)(pointer), err
}

// begin takes template, scope and options for one call.
func (t *Template) begin(scope *Scope, options []RenderOptions) (*frame, *C.envres_template,
	*C.envres_scope, *C.envres_render_options, error) {
	f, err := begin()
	if err != nil {
		return nil, nil, nil, nil, err
	}
	tmpl, err := t.in(f)
	var there *C.envres_scope
	var made *C.envres_render_options
	if err == nil {
		there, err = scope.in(f)
	}
	if err == nil {
		made, err = f.rendering(options)
	}
	if err != nil {
		f.end()
		return nil, nil, nil, nil, err
	}
	return f, tmpl, there, made, nil
}

// Close lets go of the template. Calls that are running elsewhere are finished first; later ones fail
// with ErrClosed. Closing again does nothing. The error is always nil.
func (t *Template) Close() error {
	if t != nil {
		t.shut()
	}
	return nil
}

// Closed says whether Close was called.
func (t *Template) Closed() bool { return t == nil || t.isClosed() }

// Render renders: text, or a secret when any byte came from one.
//
// Errors: ErrNotFound, ErrText, ErrUsage (CodeLimit), ErrSecret, ErrIntegrity, each with the tag's
// position. C: envres_template_render.
func (t *Template) Render(scope *Scope, options ...RenderOptions) (Text, error) {
	if len(options) == 0 && t != nil && scope != nil {
		// The common case is one call into a buffer that is used again. It forbids secrets, so that
		// none comes to lie there; only when there is one, the second call makes a value.
		made, err := t.render(scope)
		if err != errElsewise {
			return Text{plain: made}, err
		}
	}
	f, tmpl, there, made, err := t.begin(scope, options)
	if err != nil {
		return Text{}, err
	}
	defer f.end()
	return f.text(C.envres_template_render(tmpl, there, made, &f.w.value, f.w.err))
}

// render makes plain text of at most the size of the buffer, or gives errElsewise.
func (t *Template) render(scope *Scope) (string, error) {
	tmpl, err := t.hot("template")
	if err != nil {
		return "", err
	}
	there, err := scope.hot("scope")
	if err != nil {
		t.drop()
		return "", err
	}
	f, err := quick()
	if err != nil {
		scope.drop()
		t.drop()
		return "", err
	}
	done := C.envres_go_render(tmpl, there, f.work)
	scope.drop()
	t.drop()
	return f.ended(done)
}

// ended ends one of the hot calls, and puts the frame back: the text that was made; errElsewise where it
// is secret or too long for the buffer, so that a value has to be made; or what failed.
func (f *frame) ended(done C.int64_t) (string, error) {
	if done >= 0 {
		made := f.made(done)
		frames.Put(f)
		return made, nil
	}
	var err error = f.failure(C.envres_status(done))
	frames.Put(f)
	if done == C.ENVRES_E_SECRET_SINK || done == C.ENVRES_E_LIMIT {
		err = errElsewise
	}
	return "", err
}

var errElsewise = usage("not in the buffer")

// RenderInto renders into a buffer of the caller's, who wipes it where the output may be secret; the
// length. Errors: those of Render; ErrUsage (CodeLimit) when it does not fit. C:
// envres_template_render_into.
func (t *Template) RenderInto(scope *Scope, buffer []byte, options ...RenderOptions) (int, error) {
	f, tmpl, there, made, err := t.begin(scope, options)
	if err != nil {
		return 0, err
	}
	defer f.end()
	b := data(buffer)
	status := C.envres_template_render_into(tmpl, there, made, b.p, b.n, &f.w.len, f.w.err)
	if err := f.check(status); err != nil {
		return 0, err
	}
	return int(f.w.len), nil
}

// Bind resolves every reference once: what is left for rendering is copying. Errors: those of Render.
// C: envres_template_bind.
func (t *Template) Bind(scope *Scope, options ...RenderOptions) (*Bound, error) {
	f, tmpl, there, made, err := t.begin(scope, options)
	if err != nil {
		return nil, err
	}
	defer f.end()
	var out *C.envres_bound
	if err := f.check(C.envres_template_bind(tmpl, there, made, &out, f.w.err)); err != nil {
		return nil, err
	}
	bound := &Bound{}
	bound.pointer = unsafe.Pointer(out)
	bound.release = func(p unsafe.Pointer) { C.envres_bound_unref((*C.envres_bound)(p)) }
	runtime.SetFinalizer(bound, func(b *Bound) { b.shut() })
	return bound, nil
}

// Prepare resolves a template of ContextSQL: the SQL, and what to bind to its placeholders. No value
// is ever part of the text.
//
// Errors: those of Render; ErrText (CodeIdent: not among those that Params allow; CodeType), ErrUsage
// (CodeLimit: too many parameters; CodeInvalid: another context). C: envres_template_prepare.
func (t *Template) Prepare(scope *Scope, options ...RenderOptions) (*Statement, error) {
	f, tmpl, there, made, err := t.begin(scope, options)
	if err != nil {
		return nil, err
	}
	defer f.end()
	var out *C.envres_statement
	if err := f.check(C.envres_template_prepare(tmpl, there, made, &out, f.w.err)); err != nil {
		return nil, err
	}
	return newStatement(unsafe.Pointer(out), func(p unsafe.Pointer) {
		C.envres_statement_free((*C.envres_statement)(p))
	}), nil
}

// References says what it needs: a row for each tag, in order. C: envres_template_references.
func (t *Template) References() ([]TagRow, error) {
	f, err := begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	tmpl, err := t.in(f)
	if err != nil {
		return nil, err
	}
	return rows[TagRow](f, C.envres_template_references(tmpl, &f.w.list, f.w.err))
}

// RenderMany renders many templates against one scope, with one native call for as many as fit into 16
// KiB and hold no secret. Errors: those of Template.Render, for the first that fails.
func RenderMany(templates []*Template, scope *Scope) ([]Text, error) {
	f, err := begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	there, err := scope.in(f)
	if err != nil || len(templates) == 0 {
		return nil, err
	}
	size := uintptr(len(templates))
	pointers := unsafe.Slice((**C.envres_template)(f.elsewhere(size*unsafe.Sizeof(there))), size)
	ends := unsafe.Slice((*C.size_t)(f.elsewhere(size*unsafe.Sizeof(C.size_t(0)))), size)
	for i, one := range templates {
		if pointers[i], err = one.in(f); err != nil {
			return nil, err
		}
	}
	found := make([]Text, 0, len(templates))
	for len(found) < len(templates) {
		first := len(found)
		done := int(C.envres_go_render_many(&pointers[first], C.size_t(len(templates)-first), there,
			&ends[0], f.w))
		all, at := f.made(0), 0
		if done > 0 {
			all = f.made(C.int64_t(ends[done-1]))
		}
		for _, end := range ends[:done] {
			found = append(found, Text{plain: all[at:int(end)]})
			at = int(end)
		}
		if first+done == len(templates) {
			break
		}
		status := f.w.flag
		failure := f.failure(C.envres_status(status))
		if status != C.ENVRES_E_SECRET_SINK && status != C.ENVRES_E_LIMIT {
			return nil, failure
		}
		if done == 0 {
			// Secret, or longer than the buffer.
			one, err := f.text(C.envres_template_render(pointers[first], there, nil, &f.w.value, f.w.err))
			if err != nil {
				return nil, err
			}
			found = append(found, one)
		}
	}
	return found, nil
}

// Bound is a template bound to a scope, which it keeps alive. Immutable; goroutines may share it.
type Bound struct{ handle }

func (b *Bound) begin() (*frame, *C.envres_bound, error) {
	if b == nil {
		return nil, nil, closedError("bound template")
	}
	f, err := begin()
	if err != nil {
		return nil, nil, err
	}
	pointer, err := f.use(&b.handle, "bound template")
	if err != nil {
		f.end()
		return nil, nil, err
	}
	return f, (*C.envres_bound)(pointer), nil
}

// Close lets go of it. Calls that are running elsewhere are finished first; later ones fail with
// ErrClosed. Closing again does nothing. The error is always nil.
func (b *Bound) Close() error {
	if b != nil {
		b.shut()
	}
	return nil
}

// Closed says whether Close was called.
func (b *Bound) Closed() bool { return b == nil || b.isClosed() }

// Render renders, as Template.Render does. Text without secrets is rendered once and kept. C:
// envres_bound_render.
func (b *Bound) Render() (Text, error) {
	if b == nil {
		return Text{}, closedError("bound template")
	}
	pointer, err := b.hot("bound template")
	if err != nil {
		return Text{}, err
	}
	f, err := quick()
	if err != nil {
		b.drop()
		return Text{}, err
	}
	done := C.envres_go_bound(pointer, f.work)
	b.drop()
	made, err := f.ended(done)
	if err != errElsewise {
		return Text{plain: made}, err
	}
	f, bound, err := b.begin()
	if err != nil {
		return Text{}, err
	}
	defer f.end()
	return f.text(C.envres_bound_render(bound, &f.w.value, f.w.err))
}

// RenderInto renders as Template.RenderInto does. C: envres_bound_render_into.
func (b *Bound) RenderInto(buffer []byte) (int, error) {
	f, bound, err := b.begin()
	if err != nil {
		return 0, err
	}
	defer f.end()
	to := data(buffer)
	if err := f.check(C.envres_bound_render_into(bound, to.p, to.n, &f.w.len, f.w.err)); err != nil {
		return 0, err
	}
	return int(f.w.len), nil
}

// Text gives the output, rendered at the first call and kept. Errors: ErrSecret when it has secrets.
// C: envres_bound_text.
func (b *Bound) Text() (string, error) {
	f, bound, err := b.begin()
	if err != nil {
		return "", err
	}
	defer f.end()
	if err := f.check(C.envres_bound_text(bound, &f.w.data, &f.w.len, f.w.err)); err != nil {
		return "", err
	}
	return string(f.bytes()), nil
}
