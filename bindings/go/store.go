// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"math"
	"runtime"
	"runtime/cgo"
	"strings"
	"time"
	"unsafe"
)

// Version gives the version of the library that is running: "0.1.0".
func Version() string { return C.GoString(C.envres_version()) }

// Kinds gives every kind of resource and its fields: a row for each field.
func Kinds() ([]KindRow, error) {
	f, err := begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	return rows[KindRow](f, C.envres_kind_list(nil, &f.w.list, f.w.err))
}

// StoreOptions are options of CreateStore, OpenStore and Salvage. The zero value is the default.
type StoreOptions struct {
	// Workspace is the name of the first workspace of a new store; "": "main".
	Workspace string
	// Owner is the name of the first principal of a new store; "": "owner".
	Owner string
	// BusyTimeout is how long to wait for another writer; 0: 5 seconds; below 0: do not wait.
	BusyTimeout time.Duration
	// Clock stands in for the system's; it must not call the library. When it panics, that is given to
	// ClockFailed, and the system's clock is taken.
	Clock func() time.Time
	// ClockFailed is told that Clock panicked; nil: package log is.
	ClockFailed func(error)
	// Anchor is where the newest state that was seen is remembered outside of the file.
	Anchor Anchor
	// AuditSink is given a checkpoint now and then; while it fails, changes are refused.
	AuditSink func(Checkpoint) error
	// KDFMemoryMax is the most memory an unlock may use for Argon2id, in bytes; 0: 1 GiB.
	KDFMemoryMax uint64
	// ReadOnly: never write; of OpenStore alone.
	ReadOnly bool
	// LockedMemory: refuse to unlock keys in memory that cannot be locked.
	LockedMemory bool
	// AnyFileMode: open a file that group or others may access, or with several links.
	AnyFileMode bool
	// AllowFuse: open on a FUSE file system of unknown kind.
	AllowFuse bool
	// Relaxed: commit without waiting for the disk. For tests only.
	Relaxed bool
	// VFS is the name of a registered SQLite VFS. For tests only.
	VFS string
}

// options makes the struct of a call, and what its callbacks lead to: nil where there are none.
func (f *frame) options(o StoreOptions) (*C.envres_store_options, *callbacks, error) {
	made := (*C.envres_store_options)(f.alloc(C.sizeof_envres_store_options))
	made.size = C.sizeof_envres_store_options
	for flag, set := range map[C.uint32_t]bool{C.ENVRES_STORE_READ_ONLY: o.ReadOnly,
		C.ENVRES_STORE_LOCKED_MEMORY: o.LockedMemory, C.ENVRES_STORE_ANY_FILE_MODE: o.AnyFileMode,
		C.ENVRES_STORE_ALLOW_FUSE: o.AllowFuse, C.ENVRES_STORE_RELAXED: o.Relaxed} {
		if set {
			made.flags |= flag
		}
	}
	if o.BusyTimeout < 0 {
		made.busy_timeout_ms = math.MaxUint32
	} else if ms := (o.BusyTimeout + time.Millisecond - 1) / time.Millisecond; ms < math.MaxUint32 {
		made.busy_timeout_ms = C.uint32_t(ms)
	} else {
		made.busy_timeout_ms = math.MaxUint32 - 1
	}
	made.kdf_memory_max = C.uint64_t(o.KDFMemoryMax)
	for _, name := range []string{o.VFS, o.Workspace, o.Owner} {
		if strings.IndexByte(name, 0) >= 0 {
			return nil, nil, usage("a NUL in a name of the store's options")
		}
	}
	made.vfs, _ = f.optional(o.VFS)
	made.workspace, _ = f.optional(o.Workspace)
	made.owner, _ = f.optional(o.Owner)
	if o.Clock == nil && o.Anchor == nil && o.AuditSink == nil {
		return made, nil, nil
	}
	own := &callbacks{clock: o.Clock, clockFailed: o.ClockFailed, anchor: o.Anchor, sink: o.AuditSink}
	own.handle = cgo.NewHandle(own)
	own.uses.Store(1)
	if o.Clock != nil {
		C.envres_go_set_clock(made, C.uintptr_t(own.handle))
	}
	if o.Anchor != nil {
		C.envres_go_set_anchor(made, C.uintptr_t(own.handle))
	}
	if o.AuditSink != nil {
		C.envres_go_set_sink(made, C.uintptr_t(own.handle))
	}
	return made, own, nil
}

// Store is an open store: a SQLite file, or memory. Any goroutine may use it; one lock inside serialises
// its database work. Calls that derive a key (CreateStore, Session with a passphrase) take about a
// second and a whole thread, and cannot be cancelled: there is no context.Context in this package;
// call them on a goroutine that nobody waits for when that matters.
type Store struct {
	handle
	callbacks *callbacks
}

// releasing runs what may call back for the last time.
func releasing(own *callbacks, free func(unsafe.Pointer)) func(unsafe.Pointer) {
	return func(pointer unsafe.Pointer) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		free(pointer)
		if own != nil {
			_ = takeRaised()
			own.letGo()
		}
	}
}

func newStore(pointer unsafe.Pointer, own *callbacks) *Store {
	made := &Store{callbacks: own}
	made.pointer = pointer
	made.release = releasing(own, func(p unsafe.Pointer) { C.envres_store_close((*C.envres_store)(p)) })
	runtime.SetFinalizer(made, func(s *Store) { s.shut() })
	return made
}

func (s *Store) begin() (*frame, *C.envres_store, error) {
	if s == nil {
		return nil, nil, closedError("store")
	}
	f, err := begin()
	if err != nil {
		return nil, nil, err
	}
	pointer, err := f.use(&s.handle, "store")
	if err != nil {
		f.end()
		return nil, nil, err
	}
	return f, (*C.envres_store)(pointer), nil
}

// Close gives the store back; sessions on it keep the file open until they are closed too. Calls
// that are running elsewhere are finished first; later ones fail with ErrClosed. Closing again does
// nothing. The error is always nil.
func (s *Store) Close() error {
	if s != nil {
		s.shut()
	}
	return nil
}

// Closed says whether Close was called.
func (s *Store) Closed() bool { return s == nil || s.isClosed() }

// CreateStore makes a store with one workspace, the environments development, staging and production, and
// one owner. path must not exist; "": a store in memory. owner is what will unlock the owner.
//
// Errors: ErrConflict (CodeStoreExists), ErrKey, ErrStore, ErrName. C: envres_store_create.
func CreateStore(path string, owner Credential, options ...StoreOptions) (*Store, error) {
	f, err := begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	credential, err := f.credential(owner)
	if err != nil {
		return nil, err
	}
	made, own, err := f.options(last(options))
	if err != nil {
		return nil, err
	}
	p := orNull(path)
	var out *C.envres_store
	return opened(f, own, C.envres_store_create(p.p, p.n, made, credential, &out, f.w.err), &out)
}

// OpenStore opens a store that is there.
//
// Errors: ErrNotFound (CodeNoStore), ErrStore, ErrIntegrity. C: envres_store_open.
func OpenStore(path string, options ...StoreOptions) (*Store, error) {
	f, err := begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	made, own, err := f.options(last(options))
	if err != nil {
		return nil, err
	}
	p := text(path)
	var out *C.envres_store
	return opened(f, own, C.envres_store_open(p.p, p.n, made, &out, f.w.err), &out)
}

func opened(f *frame, own *callbacks, status C.envres_status, out **C.envres_store) (*Store, error) {
	if err := f.check(status); err != nil {
		if own != nil {
			own.letGo()
		}
		return nil, err
	}
	return newStore(unsafe.Pointer(*out), own), nil
}

// Salvage makes a new store at to of all that still verifies in a damaged one at path, which is only
// read; the report, whose rows with a code say what is lost. credential is an owner's, or an
// administrator's while the roles verify.
//
// Errors: ErrConflict (CodeStoreExists), ErrNotFound (CodeNoStore), ErrStore, ErrKey, ErrDenied; nothing
// is made then. C: envres_store_salvage.
func Salvage(path, to string, credential Credential, options ...StoreOptions) ([]SalvageRow, error) {
	f, err := begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	unlock, err := f.credential(credential)
	if err != nil {
		return nil, err
	}
	made, own, err := f.options(last(options))
	if err != nil {
		return nil, err
	}
	if own != nil {
		defer own.letGo()
	}
	p, t := text(path), text(to)
	return rows[SalvageRow](f, C.envres_store_salvage(p.p, p.n, t.p, t.n, made, unlock, &f.w.list, f.w.err))
}

// Session unlocks a principal in a workspace; none given: the only one.
//
// Errors: ErrKey (wrong key, principal or slot: one code), ErrCallback, ErrNotFound (workspace),
// ErrIntegrity (CodeRoot, CodeRollback, CodeFork). C: envres_session_open.
func (s *Store) Session(credential Credential, workspace ...string) (*Session, error) {
	f, store, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	unlock, err := f.credential(credential)
	if err != nil {
		return nil, err
	}
	w := orNull(last(workspace))
	var out *C.envres_session
	if err := f.check(C.envres_session_open(store, w.p, w.n, unlock, &out, f.w.err)); err != nil {
		return nil, err
	}
	return newSession(unsafe.Pointer(out), s.callbacks), nil
}

// Verify checks everything; with a session also every sealed record that its keys open. No row: all is
// well. A finding is not an error. session may be nil. C: envres_store_verify.
func (s *Store) Verify(session *Session) ([]VerifyRow, error) {
	f, store, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	var with unsafe.Pointer
	if session != nil {
		if with, err = f.use(&session.handle, "session"); err != nil {
			return nil, err
		}
	}
	return rows[VerifyRow](f, C.envres_store_verify(store, (*C.envres_session)(with), &f.w.list, f.w.err))
}

// Backup writes a consistent copy to a file that must not exist. Errors: ErrConflict, ErrStore. C:
// envres_store_backup.
func (s *Store) Backup(path string) error {
	f, store, err := s.begin()
	if err != nil {
		return err
	}
	defer f.end()
	p := text(path)
	return f.check(C.envres_store_backup(store, p.p, p.n, f.w.err))
}

// Poll says whether another process committed since the last poll; it makes scopes stale if so. C:
// envres_store_poll.
func (s *Store) Poll() (bool, error) {
	f, store, err := s.begin()
	if err != nil {
		return false, err
	}
	defer f.end()
	err = f.check(C.envres_store_poll(store, &f.w.flag, f.w.err))
	return err == nil && f.w.flag != 0, err
}

// Info says what the store runs on: "library", "sqlite", "journal_mode", ...; nothing secret. C:
// envres_store_info.
func (s *Store) Info() (map[string]string, error) {
	f, store, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	facts, err := rows[InfoRow](f, C.envres_store_info(store, &f.w.list, f.w.err))
	found := make(map[string]string, len(facts))
	for _, row := range facts {
		found[row.Name] = row.Value
	}
	return found, err
}
