// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Operation names a change: the same again answers with the outcome of the first, and changes
// nothing. The zero value: a random one.
type Operation [16]byte

// Change is what every change takes. The zero value is the default.
type Change struct {
	// Reason says why, for the audit; at most 1,000 bytes. Protected environments ask for one.
	Reason string
	// Operation makes the call idempotent.
	Operation Operation
	// Force: although something refers to it.
	Force bool
}

// change makes the struct of a call; NULL when nothing was said.
func (f *frame) change(c Change) *C.envres_change {
	if c == (Change{}) {
		return nil
	}
	made := (*C.envres_change)(f.alloc(C.sizeof_envres_change))
	made.size = C.sizeof_envres_change
	made.reason, made.reason_len = f.optional(c.Reason)
	if c.Operation != (Operation{}) {
		made.operation = (*C.uint8_t)(unsafe.Pointer(f.copy(c.Operation[:])))
	}
	if c.Force {
		made.flags = C.ENVRES_CHANGE_FORCE
	}
	return made
}

// Choice is a setting that can be left as it is.
type Choice uint8

// Values of Choice.
const (
	// AsIs leaves the setting as it is.
	AsIs Choice = iota
	// Yes turns it on.
	Yes
	// No turns it off.
	No
)

func (c Choice) flag(yes, no C.uint32_t) C.uint32_t {
	switch c {
	case Yes:
		return yes
	case No:
		return no
	}
	return 0
}

// Nothing, as an expectation: only if there is nothing yet. 0: whatever is there; n: only if the
// present value has revision n; else ErrConflict (CodeChanged).
const Nothing int64 = -1

// Some gives a pointer to a value, for options where nil means "as it is".
func Some[T any](value T) *T { return &value }

// Session is a principal, unlocked, acting in one workspace. Any goroutine may use it. Close wipes the
// keys that no scope needs any more.
//
// What can be done stands in groups, one for each header of the C interface; each method is the
// function of that name: session.Variables().Put is envres_variable_put. Options, and what all
// changes take (Change), come last and can be left out; of several the last count.
type Session struct {
	handle
	callbacks *callbacks
}

func newSession(pointer unsafe.Pointer, own *callbacks) *Session {
	made := &Session{callbacks: own}
	if own != nil {
		own.share()
	}
	made.pointer = pointer
	made.release = releasing(own, func(p unsafe.Pointer) { C.envres_session_close((*C.envres_session)(p)) })
	runtime.SetFinalizer(made, func(s *Session) { s.shut() })
	return made
}

func (s *Session) begin() (*frame, *C.envres_session, error) {
	if s == nil {
		return nil, nil, closedError("session")
	}
	f, err := begin()
	if err != nil {
		return nil, nil, err
	}
	pointer, err := f.use(&s.handle, "session")
	if err != nil {
		f.end()
		return nil, nil, err
	}
	return f, (*C.envres_session)(pointer), nil
}

// do runs a change that gives nothing.
func (s *Session) do(body func(f *frame, s *C.envres_session) C.envres_status) error {
	f, session, err := s.begin()
	if err != nil {
		return err
	}
	defer f.end()
	return f.check(body(f, session))
}

// number runs a call that gives a number.
func (s *Session) number(body func(f *frame, s *C.envres_session) C.envres_status) (int64, error) {
	f, session, err := s.begin()
	if err != nil {
		return 0, err
	}
	defer f.end()
	return f.integer(body(f, session))
}

// rowsFrom runs a call that gives a list.
func rowsFrom[T any, P row[T]](s *Session,
	body func(f *frame, s *C.envres_session) C.envres_status) ([]T, error) {
	f, session, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	return rows[T, P](f, body(f, session))
}

// rowFrom runs a call that gives a list of one row.
func rowFrom[T any, P row[T]](s *Session,
	body func(f *frame, s *C.envres_session) C.envres_status) (T, error) {
	var none T
	f, session, err := s.begin()
	if err != nil {
		return none, err
	}
	defer f.end()
	return only[T, P](f, body(f, session))
}

// Close gives the session back, and wipes the keys that no scope needs. Calls that are running
// elsewhere are finished first; later ones fail with ErrClosed. Closing again does nothing. The
// error is always nil.
func (s *Session) Close() error {
	if s != nil {
		s.shut()
	}
	return nil
}

// Closed says whether Close was called.
func (s *Session) Closed() bool { return s == nil || s.isClosed() }

// Environments: Add, Remove, Set, List, Describe.
func (s *Session) Environments() Environments { return Environments{s} }

// Variables: Put, PutMany, Unset, Get, List, History, Rename, Delete, Destroy.
func (s *Session) Variables() Variables { return Variables{s} }

// Resources: Define, Configure, Fallback, Remove, List, History.
func (s *Session) Resources() Resources { return Resources{s} }

// Queries is the query library: Put, Restore, Remove, List, History, Open, Pin, Unpin, Pins.
func (s *Session) Queries() Queries { return Queries{s} }

// Apps: Create, Set, List, Describe, Status.
func (s *Session) Apps() Apps { return Apps{s} }

// Versions: Create, Set, List, Describe, Open, Last, Diff, Check, Promote, Discard.
func (s *Session) Versions() Versions { return Versions{s} }

// Parts: Put, Get, List, History, Restore.
func (s *Session) Parts() Parts { return Parts{s} }

// Releases: Create, Rollback, Withdraw, List.
func (s *Session) Releases() Releases { return Releases{s} }

// Principals: Add, Remove, List, Rekey.
func (s *Session) Principals() Principals { return Principals{s} }

// Roles: Grant, Revoke.
func (s *Session) Roles() Roles { return Roles{s} }

// Slots are the ways to unlock the session's own principal: List, Add, Change, Remove.
func (s *Session) Slots() Slots { return Slots{s} }

// Keys of environments: Rotate, RotateStep, Exposure.
func (s *Session) Keys() Keys { return Keys{s} }

// Inbox holds deposits that wait: List, Accept, Reject.
func (s *Session) Inbox() Inbox { return Inbox{s} }

// Requests are changes that wait for approval: List, Show, Approve, Withdraw, Run.
func (s *Session) Requests() Requests { return Requests{s} }

// Audit: List, Verify, Check, Reveal.
func (s *Session) Audit() Audit { return Audit{s} }

// Info says who is acting where: "workspace", "principal", "memory_locked". C: envres_session_info.
func (s *Session) Info() (map[string]string, error) {
	facts, err := rowsFrom[SessionRow](s, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_session_info(s, &f.w.list, f.w.err)
	})
	found := make(map[string]string, len(facts))
	for _, row := range facts {
		found[row.Name] = row.Value
	}
	return found, err
}

// ActAs gives a session that acts as another principal: rights only shrink, the audit names both.
// Errors: ErrNotFound (CodeNoPrincipal). C: envres_session_as.
func (s *Session) ActAs(principal string) (*Session, error) {
	f, session, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	p := text(principal)
	var out *C.envres_session
	if err := f.check(C.envres_session_as(session, p.p, p.n, &out, f.w.err)); err != nil {
		return nil, err
	}
	return newSession(unsafe.Pointer(out), s.callbacks), nil
}

// ScopeOptions are options of Session.Scope. The zero value: the newest configuration, no app.
type ScopeOptions struct {
	// App is the app to serve: its parts, and "app." in templates.
	App string
	// Tag: its release with this tag, instead of the live one.
	Tag string
	// Version: or this version, with the newest configuration.
	Version string
	// Revision of the configuration; 0: the newest, or what the release pins.
	Revision int64
	// Damaged: open although settings are missing or exchanged in the file.
	Damaged bool
	// Audited: opening it is an entry of the audit; where that cannot be written, no scope.
	Audited bool
}

// Scope opens a scope: everything is read in one transaction.
//
// Errors: ErrNotFound, ErrState (CodeNothingLive, CodeDiscarded), ErrDenied (no key), ErrIntegrity. C:
// envres_scope_open.
func (s *Session) Scope(environment string, options ...ScopeOptions) (*Scope, error) {
	f, session, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	o := last(options)
	made := (*C.envres_scope_options)(f.alloc(C.sizeof_envres_scope_options))
	made.size = C.sizeof_envres_scope_options
	made.revision = C.int64_t(o.Revision)
	made.app, made.app_len = f.optional(o.App)
	made.tag, made.tag_len = f.optional(o.Tag)
	made.version, made.version_len = f.optional(o.Version)
	if o.Damaged {
		made.flags |= C.ENVRES_SCOPE_DAMAGED
	}
	if o.Audited {
		made.flags |= C.ENVRES_SCOPE_AUDITED
	}
	e := text(environment)
	var out *C.envres_scope
	if err := f.check(C.envres_scope_open(session, e.p, e.n, made, &out, f.w.err)); err != nil {
		return nil, err
	}
	return newScope(out), nil
}

// Latest polls the store; a fresh scope of the same environment and app where scope is stale, else
// scope itself. Errors: those of Scope. C: envres_scope_latest.
func (s *Session) Latest(scope *Scope) (*Scope, error) {
	f, session, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	given, err := scope.in(f)
	if err != nil {
		return nil, err
	}
	var out *C.envres_scope
	if err := f.check(C.envres_scope_latest(session, given, &out, f.w.err)); err != nil {
		return nil, err
	}
	if out == given {
		C.envres_scope_unref(out)
		return scope, nil
	}
	return newScope(out), nil
}

// Scan opens a scan for texts that are meant for one environment. Errors: ErrNotFound, ErrDenied (no
// key), ErrIntegrity. C: envres_scan_open.
func (s *Session) Scan(environment string) (*Scan, error) {
	f, session, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	e := text(environment)
	var out *C.envres_scan
	status := C.envres_scan_open(session, e.p, e.n, &out, &f.w.findings, f.w.err)
	if err := f.check(status); err != nil {
		return nil, err
	}
	return newScan(unsafe.Pointer(out), rowsOf[FindingRow](f, f.w.findings)), nil
}

// Restore brings older values back as new ones: of a variable, of "resource/HANDLE", or ("") of the
// whole environment. The configuration revision made. C: envres_restore.
func (s *Session) Restore(environment string, revision int64, name string, change ...Change) (int64, error) {
	e := text(environment)
	return s.number(func(f *frame, s *C.envres_session) C.envres_status {
		point := (*C.envres_restore_point)(f.alloc(C.sizeof_envres_restore_point))
		point.size = C.sizeof_envres_restore_point
		point.name, point.name_len = f.optional(name)
		point.revision = C.int64_t(revision)
		return C.envres_restore(s, e.p, e.n, point, f.change(last(change)), &f.w.integer, f.w.err)
	})
}

// References says who refers to "variable/NAME" or "resource/HANDLE". Errors: ErrNotFound. C:
// envres_references.
func (s *Session) References(object string) ([]ReferenceRow, error) {
	o := text(object)
	return rowsFrom[ReferenceRow](s, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_references(s, o.p, o.n, &f.w.list, f.w.err)
	})
}

// GC frees the bytes of discarded versions that nothing refers to any more. C: envres_session_gc.
func (s *Session) GC(change ...Change) (GcRow, error) {
	return rowFrom[GcRow](s, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_session_gc(s, f.change(last(change)), &f.w.list, f.w.err)
	})
}

// Deposit hands in a value for a variable without being able to read: a key holder accepts it. The
// deposit's id. Expect is not looked at; a name that nobody set before is a secret unless Secret is
// No. Errors: ErrDenied, ErrNotFound, ErrName, ErrText, ErrIntegrity, ErrUsage (CodeLimit). C:
// envres_deposit.
func (s *Session) Deposit(environment, name string, value interface{}, options ...PutOptions) (string, error) {
	f, session, err := s.begin()
	if err != nil {
		return "", err
	}
	defer f.end()
	o := last(options)
	write, err := f.writes([]Write{o.write(name, value)})
	if err != nil {
		return "", err
	}
	e := text(environment)
	id := (*C.char)(unsafe.Pointer(&f.w.bytes[0]))
	status := C.envres_deposit(session, e.p, e.n, write, f.change(o.Change), id, f.w.err)
	if err := f.check(status); err != nil {
		return "", err
	}
	return C.GoString(id), nil
}

// RootKey gives the public root key of the workspace: pin it as the Root of a Credential. C:
// envres_root_key.
func (s *Session) RootKey() ([32]byte, error) {
	f, session, err := s.begin()
	if err != nil {
		return [32]byte{}, err
	}
	defer f.end()
	if err := f.check(C.envres_root_key(session, &f.w.bytes[0], f.w.err)); err != nil {
		return [32]byte{}, err
	}
	return id32(&f.w.bytes[0]), nil
}
