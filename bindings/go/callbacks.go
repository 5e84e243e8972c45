// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"log"
	"runtime/cgo"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// KeyProvider wraps keys outside of the store: a KMS, a TPM. principal is the id of who is unlocked;
// aad binds what is wrapped to its place. Called with no lock held, on a goroutine of its own.
// What the methods return or panic with is the cause (Unwrap) of the call's error.
type KeyProvider interface {
	// Wrap protects the 32 bytes of key; at most 4096 come back. key is wiped after return.
	Wrap(principal [16]byte, key, aad []byte) ([]byte, error)
	// Unwrap is the reverse: exactly 32 bytes, which are wiped after return.
	Unwrap(principal [16]byte, blob, aad []byte) ([]byte, error)
}

// Anchor is where the host remembers the newest state of a workspace outside of the file. Called with
// no lock held, on a goroutine of its own.
type Anchor interface {
	// Load gives sequence and hash that were stored last; sequence 0: nothing yet.
	Load(workspace [16]byte) (sequence int64, hash [32]byte, err error)
	// Store replaces expected by sequence and hash, compare-and-set; it leaves what is newer.
	Store(workspace [16]byte, expected, sequence int64, hash [32]byte) error
}

// Checkpoint is a signed statement of how far the audit is.
type Checkpoint struct {
	Workspace [16]byte
	// Signer is the id of the principal that was unlocked.
	Signer [16]byte
	// SignKey is its public Ed25519 key.
	SignKey       [32]byte
	Sequence      int64
	Time          time.Time
	PolicyVersion int64
	// Hash is that of the entry with that sequence number.
	Hash      [32]byte
	Signature [64]byte
}

// callbacks is what a store was given. The handle that C knows it by lives as long as anything that may
// call it: the store, and every session on it.
type callbacks struct {
	clock       func() time.Time
	clockFailed func(error)
	anchor      Anchor
	sink        func(Checkpoint) error
	handle      cgo.Handle
	uses        atomic.Int64
}

func (c *callbacks) share() *callbacks {
	c.uses.Add(1)
	return c
}

func (c *callbacks) letGo() {
	if c.uses.Add(-1) == 0 {
		c.handle.Delete()
	}
}

// ---- what a callback failed with ---------------------------------------------------------------

// Failures wait here, by thread, for the call that led to them: it keeps its thread until it has
// looked, and a callback runs on the thread of its call.
var raised struct {
	mutex sync.Mutex
	count atomic.Int64
	of    map[uintptr]cause
}

// cause is what a callback failed with, and what the library was told; the zero value: none failed.
type cause struct {
	err    error
	status C.envres_status
}

// raise keeps what a callback failed with; the status to return.
func raise(err error) C.envres_status {
	one := cause{err, C.ENVRES_E_CALLBACK}
	if own, ok := err.(*Error); ok && own == nil {
		one.err = callbackError("a callback returned an *Error that is nil")
	} else if own = ownError(err); own != nil && families[own.Code] != "" {
		one.status = C.envres_status(own.Code)
	}
	thread := uintptr(C.envres_go_thread())
	raised.mutex.Lock()
	if raised.of == nil {
		raised.of = map[uintptr]cause{}
	}
	raised.of[thread] = one
	raised.count.Store(int64(len(raised.of)))
	raised.mutex.Unlock()
	return one.status
}

// ownError is the *Error that a callback failed with, or wrapped; else nil. What looks for it is the
// host's code too (Unwrap, As), which must not unwind the library either.
func ownError(err error) *Error {
	var found *Error
	if apart(func() error {
		errors.As(err, &found)
		return nil
	}) != nil {
		return nil
	}
	return found
}

// takeRaised gives what a callback of this thread's call failed with.
func takeRaised() cause {
	if raised.count.Load() == 0 {
		return cause{}
	}
	thread := uintptr(C.envres_go_thread())
	raised.mutex.Lock()
	defer raised.mutex.Unlock()
	one := raised.of[thread]
	delete(raised.of, thread)
	raised.count.Store(int64(len(raised.of)))
	return one
}

func callbackError(format string, arguments ...interface{}) error {
	return &Error{Code: CodeCallback, Message: fmt.Sprintf(format, arguments...)}
}

var errEnded = errors.New("envres: a callback ended its goroutine")

// apart runs code of the host on a goroutine of its own, so that neither a panic nor
// runtime.Goexit unwinds the library.
func apart(work func() error) error {
	done := make(chan error, 1)
	go func() {
		result := errEnded
		defer func() {
			if value := recover(); value != nil {
				result = &PanicError{value}
			}
			done <- result
		}()
		result = work()
	}()
	return <-done
}

// guarded is apart with a status.
func guarded(work func() error) C.envres_status {
	if err := apart(work); err != nil {
		return raise(err)
	}
	return C.ENVRES_OK
}

// ---- from C ------------------------------------------------------------------------------------

func copied(p *C.uint8_t, size C.size_t) []byte {
	return append([]byte{}, unsafe.Slice((*byte)(unsafe.Pointer(p)), int(size))...)
}

func into(p *C.uint8_t, bytes []byte) {
	copy(unsafe.Slice((*byte)(unsafe.Pointer(p)), len(bytes)), bytes)
}

func id16(p *C.uint8_t) (id [16]byte) {
	copy(id[:], unsafe.Slice((*byte)(unsafe.Pointer(p)), 16))
	return id
}

func id32(p *C.uint8_t) (id [32]byte) {
	copy(id[:], unsafe.Slice((*byte)(unsafe.Pointer(p)), 32))
	return id
}

//export envresGoWrap
func envresGoWrap(user C.uintptr_t, id, key, aad *C.uint8_t, aadLen C.size_t, blob *C.uint8_t,
	size C.size_t, blobLen *C.size_t) C.envres_status {
	return guarded(func() error {
		plain := copied(key, 32)
		defer wipe(plain)
		provider := cgo.Handle(user).Value().(KeyProvider)
		wrapped, err := provider.Wrap(id16(id), plain, copied(aad, aadLen))
		if err != nil {
			return err
		}
		if len(wrapped) == 0 || C.size_t(len(wrapped)) > size {
			return callbackError("Wrap gave %d bytes; 1 to %d are needed", len(wrapped), int(size))
		}
		into(blob, wrapped)
		*blobLen = C.size_t(len(wrapped))
		return nil
	})
}

//export envresGoUnwrap
func envresGoUnwrap(user C.uintptr_t, id, blob *C.uint8_t, blobLen C.size_t, aad *C.uint8_t,
	aadLen C.size_t, key *C.uint8_t) C.envres_status {
	return guarded(func() error {
		provider := cgo.Handle(user).Value().(KeyProvider)
		plain, err := provider.Unwrap(id16(id), copied(blob, blobLen), copied(aad, aadLen))
		defer wipe(plain)
		if err != nil {
			return err
		}
		if len(plain) != 32 {
			return callbackError("Unwrap gave %d bytes, not 32", len(plain))
		}
		into(key, plain)
		return nil
	})
}

//export envresGoClock
func envresGoClock(user C.uintptr_t) C.int64_t {
	var now time.Time
	var own *callbacks
	err := apart(func() error {
		own = cgo.Handle(user).Value().(*callbacks)
		now = own.clock()
		return nil
	})
	if err == nil {
		return C.int64_t(now.UnixMilli())
	}
	// A clock cannot fail: it is reported, and the system's is taken.
	_ = apart(func() error {
		if own != nil && own.clockFailed != nil {
			own.clockFailed(err)
		} else {
			log.Printf("envres: the clock of a store failed: %v", err)
		}
		return nil
	})
	return C.int64_t(time.Now().UnixMilli())
}

//export envresGoAnchorLoad
func envresGoAnchorLoad(user C.uintptr_t, workspace *C.uint8_t, sequence *C.int64_t,
	hash *C.uint8_t) C.envres_status {
	return guarded(func() error {
		number, digest, err := cgo.Handle(user).Value().(*callbacks).anchor.Load(id16(workspace))
		if err != nil {
			return err
		}
		into(hash, digest[:])
		*sequence = C.int64_t(number)
		return nil
	})
}

//export envresGoAnchorStore
func envresGoAnchorStore(user C.uintptr_t, workspace *C.uint8_t, expected, sequence C.int64_t,
	hash *C.uint8_t) C.envres_status {
	return guarded(func() error {
		return cgo.Handle(user).Value().(*callbacks).anchor.Store(id16(workspace), int64(expected),
			int64(sequence), id32(hash))
	})
}

//export envresGoSink
func envresGoSink(user C.uintptr_t, one *C.envres_checkpoint) C.envres_status {
	return guarded(func() error {
		given := Checkpoint{Workspace: id16(one.workspace), Signer: id16(one.signer),
			SignKey: id32(one.sign_key), Sequence: int64(one.sequence),
			Time:          time.UnixMilli(int64(one.time)).UTC(),
			PolicyVersion: int64(one.policy_version), Hash: id32(one.hash)}
		copy(given.Signature[:], unsafe.Slice((*byte)(unsafe.Pointer(one.signature)), 64))
		return cgo.Handle(user).Value().(*callbacks).sink(given)
	})
}

//export envresGoProbe
func envresGoProbe(user C.uintptr_t, one *C.envres_resource_handle, slot *C.envres_error) C.envres_status {
	gone := make(chan struct{})
	var facts C.envres_go_resource
	C.envres_go_resource_facts(one, &facts)
	resource := newResource(unsafe.Pointer(one), &facts, func(unsafe.Pointer) { close(gone) })
	err := apart(func() error {
		return cgo.Handle(user).Value().(func(*Resource) error)(resource)
	})
	// It is borrowed: a goroutine that the probe left behind must have returned from its call.
	resource.shut()
	<-gone
	if err == nil {
		return C.ENVRES_OK
	}
	status := raise(err)
	message, hint, subject := text("the probe failed"), str{}, str{}
	if own := ownError(err); own != nil {
		message, hint, subject = text(own.Message), text(own.Hint), orNull(own.Subject)
	} else if panicked, ok := err.(*PanicError); ok {
		message = text(panicked.Error())
	}
	status = C.envres_error_set(slot, status, message.p, message.n, hint.p, hint.n)
	if subject.p != nil {
		C.envres_error_set_subject(slot, subject.p, subject.n)
	}
	return status
}

//export envresGoCollect
func envresGoCollect(user C.uintptr_t, p *C.char, size C.size_t) C.envres_status {
	pieces := cgo.Handle(user).Value().(*[]byte)
	*pieces = append(*pieces, unsafe.Slice((*byte)(unsafe.Pointer(p)), int(size))...)
	return C.ENVRES_OK
}
