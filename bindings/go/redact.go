// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"runtime"
	"runtime/cgo"
	"sync"
	"unsafe"
)

// Redactor looks for secrets in text, such as a log as it streams by, and masks them: as they are, in
// hex, base64, percent-encoded and as in JSON. Secrets of fewer than 8 bytes are refused: Refused names
// them. The last line of defence, behind Secret, which knows exactly what is secret.
//
// Filled first, then used. Any goroutine may use it; calls wait for each other; Copy makes more of it.
type Redactor struct {
	handle
	mutex sync.Mutex
}

// NewRedactor makes one; replacement of at most 64 bytes, none given or "": "[redacted]". Errors:
// ErrText, ErrUsage. C: envres_redactor_new.
func NewRedactor(replacement ...string) (*Redactor, error) {
	f, err := begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	options := (*C.envres_redactor_options)(f.alloc(C.sizeof_envres_redactor_options))
	options.size = C.sizeof_envres_redactor_options
	options.replacement, options.replacement_len = f.optional(last(replacement))
	var out *C.envres_redactor
	if err := f.check(C.envres_redactor_new(options, &out, f.w.err)); err != nil {
		return nil, err
	}
	return newRedactor(out), nil
}

func newRedactor(pointer *C.envres_redactor) *Redactor {
	made := &Redactor{}
	made.pointer = unsafe.Pointer(pointer)
	made.release = func(p unsafe.Pointer) { C.envres_redactor_free((*C.envres_redactor)(p)) }
	runtime.SetFinalizer(made, func(r *Redactor) { r.shut() })
	return made
}

// with runs a call while no other one uses the redactor: the library's own is for one thread at a
// time.
func (r *Redactor) with(body func(f *frame, r *C.envres_redactor) error) error {
	if r == nil {
		return closedError("redactor")
	}
	f, err := begin()
	if err != nil {
		return err
	}
	defer f.end()
	pointer, err := f.use(&r.handle, "redactor")
	if err != nil {
		return err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return body(f, (*C.envres_redactor)(pointer))
}

// Close gives it back, and wipes the secrets. Calls that are running elsewhere are finished first;
// later ones fail with ErrClosed. Closing again does nothing. The error is always nil.
func (r *Redactor) Close() error {
	if r != nil {
		r.shut()
	}
	return nil
}

// Closed says whether Close was called.
func (r *Redactor) Closed() bool { return r == nil || r.isClosed() }

// AddScope adds every secret of a scope, which is not needed afterwards. Errors: ErrUsage: a text has
// begun, copies were made, or the limit is reached. C: envres_redactor_add_scope.
func (r *Redactor) AddScope(scope *Scope) error {
	return r.with(func(f *frame, r *C.envres_redactor) error {
		there, err := scope.in(f)
		if err != nil {
			return err
		}
		return f.check(C.envres_redactor_add_scope(r, there, f.w.err))
	})
}

// Add adds a secret from elsewhere, at most 1 MiB: a string, []byte, *Secret or Text; name: what Refused
// calls it. C: envres_redactor_add.
func (r *Redactor) Add(name string, secret interface{}) error {
	return r.with(func(f *frame, r *C.envres_redactor) error {
		given, err := f.value(secret)
		if err != nil {
			return err
		}
		n := text(name)
		return f.check(C.envres_redactor_add(r, n.p, n.n, given.p, given.n, f.w.err))
	})
}

// Refused says what is not masked, or not in every form, and why. C: envres_redactor_refused.
func (r *Redactor) Refused() ([]RefusedRow, error) {
	var found []RefusedRow
	err := r.with(func(f *frame, r *C.envres_redactor) (err error) {
		found, err = rows[RefusedRow](f, C.envres_redactor_refused(r, &f.w.list, f.w.err))
		return err
	})
	return found, err
}

// Copy makes another one of the same secrets, for another text. To neither of the two secrets can be
// added any more. C: envres_redactor_copy.
func (r *Redactor) Copy() (*Redactor, error) {
	var made *Redactor
	err := r.with(func(f *frame, r *C.envres_redactor) error {
		var out *C.envres_redactor
		if err := f.check(C.envres_redactor_copy(r, &out, f.w.err)); err != nil {
			return err
		}
		made = newRedactor(out)
		return nil
	})
	return made, err
}

// Bytes masks one text that is all there, of any bytes. C: envres_redactor_text.
func (r *Redactor) Bytes(whole []byte) ([]byte, error) { return r.whole(data(whole)) }

func (r *Redactor) whole(d str) ([]byte, error) {
	var masked []byte
	err := r.with(func(f *frame, r *C.envres_redactor) (err error) {
		masked, err = f.plainBytes(C.envres_redactor_text(r, d.p, d.n, &f.w.value, f.w.err))
		return err
	})
	return masked, err
}

// Text is the same for a string.
func (r *Redactor) Text(whole string) (string, error) {
	masked, err := r.whole(text(whole))
	return string(masked), err
}

// Feed takes the next bytes of a text in; those that can be given on. At most 255 are held back. C:
// envres_redactor_feed.
func (r *Redactor) Feed(bytes []byte) ([]byte, error) {
	pieces := []byte{}
	user := cgo.NewHandle(&pieces)
	defer user.Delete()
	err := r.with(func(f *frame, r *C.envres_redactor) error {
		d := data(bytes)
		return f.check(C.envres_go_feed(r, d.p, d.n, C.uintptr_t(user), f.w.err))
	})
	return pieces, err
}

// Finish says that the text has ended: what was held back. Another one can begin. C:
// envres_redactor_finish.
func (r *Redactor) Finish() ([]byte, error) {
	pieces := []byte{}
	user := cgo.NewHandle(&pieces)
	defer user.Delete()
	err := r.with(func(f *frame, r *C.envres_redactor) error {
		return f.check(C.envres_go_finish(r, C.uintptr_t(user), f.w.err))
	})
	return pieces, err
}

// Masked says how many replacements it has written: anything but 0 says that a secret got away. 0 when
// it is closed.
func (r *Redactor) Masked() uint64 {
	var count uint64
	_ = r.with(func(f *frame, r *C.envres_redactor) error {
		count = uint64(C.envres_redactor_masked(r))
		return nil
	})
	return count
}

// Scan holds texts against all environments: finds secrets, hosts and values of others than the one that
// the texts are meant for, and tags that are nearly right. A snapshot, which needs neither session nor
// store any more; says names only. Any goroutine may use it; calls wait for each other.
type Scan struct {
	handle
	mutex    sync.Mutex
	findings []FindingRow
}

func newScan(pointer unsafe.Pointer, findings []FindingRow) *Scan {
	made := &Scan{findings: findings}
	made.pointer = pointer
	made.release = func(p unsafe.Pointer) { C.envres_scan_close((*C.envres_scan)(p)) }
	runtime.SetFinalizer(made, func(s *Scan) { s.shut() })
	return made
}

// Findings are about the scan itself: "not-checked" for each environment that cannot be looked for.
func (s *Scan) Findings() []FindingRow { return append([]FindingRow{}, s.findings...) }

// Text scans one text, at most 16 MiB of any bytes; name: what findings call it. Errors first, then by
// position; a finding is not an error. Errors: ErrUsage (CodeLimit). C: envres_scan_text.
func (s *Scan) Text(name string, whole []byte) ([]FindingRow, error) {
	if s == nil {
		return nil, closedError("scan")
	}
	f, err := begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	scan, err := f.use(&s.handle, "scan")
	if err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	n, d := text(name), data(whole)
	return rows[FindingRow](f, C.envres_scan_text((*C.envres_scan)(scan), n.p, n.n, d.p, d.n,
		&f.w.list, f.w.err))
}

// Close gives it back, and wipes what it looked for. Calls that are running elsewhere are finished
// first; later ones fail with ErrClosed. Closing again does nothing. The error is always nil.
func (s *Scan) Close() error {
	if s != nil {
		s.shut()
	}
	return nil
}

// Closed says whether Close was called.
func (s *Scan) Closed() bool { return s == nil || s.isClosed() }
