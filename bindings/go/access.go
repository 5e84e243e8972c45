// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"strings"
	"unsafe"
)

// ---- principals and roles ----------------------------------------------------------------------

// Principals are who acts, with which keys.
type Principals struct{ session *Session }

// PrincipalOptions are options of Principals.Add.
type PrincipalOptions struct {
	Change
	// Role to grant; 0: none.
	Role Role
	// Environments that it is granted in; none: all.
	Environments []string
}

// Add adds one with its first slot, and grants it a role. Errors: ErrName, ErrConflict, ErrDenied,
// ErrNotFound, ErrKey. C: envres_principal_add.
func (g Principals) Add(name string, credential Credential, options ...PrincipalOptions) error {
	f, session, err := g.session.begin()
	if err != nil {
		return err
	}
	defer f.end()
	o := last(options)
	made := (*C.envres_principal_options)(f.alloc(C.sizeof_envres_principal_options))
	made.size = C.sizeof_envres_principal_options
	made.role = C.uint32_t(o.Role)
	if count := len(o.Environments); count > 0 {
		base := (**C.char)(f.alloc(uintptr(count) * unsafe.Sizeof(uintptr(0))))
		for i, key := range o.Environments {
			if strings.IndexByte(key, 0) >= 0 {
				return usage("a NUL in the key of an environment")
			}
			unsafe.Slice(base, count)[i], _ = f.str(key)
		}
		made.environments, made.count = base, C.size_t(count)
	}
	if made.credential, err = f.credential(credential); err != nil {
		return err
	}
	n := text(name)
	return f.check(C.envres_principal_add(session, n.p, n.n, made, f.change(o.Change), f.w.err))
}

// Remove removes its slots, roles and keys. Errors: ErrNotFound, ErrDenied (CodeLastOwner). C:
// envres_principal_remove.
func (g Principals) Remove(name string, change ...Change) error {
	n := text(name)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_principal_remove(s, n.p, n.n, f.change(last(change)), f.w.err)
	})
}

// List gives all, by name: a row for each role of each. C: envres_principal_list.
func (g Principals) List() ([]PrincipalRow, error) {
	return rowsFrom[PrincipalRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_principal_list(s, &f.w.list, f.w.err)
	})
}

// Rekey makes a new identity for one whose key was lost or may be known. Errors: ErrNotFound,
// ErrDenied, ErrKey. C: envres_principal_rekey.
func (g Principals) Rekey(name string, credential Credential, change ...Change) error {
	f, session, err := g.session.begin()
	if err != nil {
		return err
	}
	defer f.end()
	made, err := f.credential(credential)
	if err != nil {
		return err
	}
	n := text(name)
	return f.check(C.envres_principal_rekey(session, n.p, n.n, made, f.change(last(change)), f.w.err))
}

// Roles are what principals may do.
type Roles struct{ session *Session }

func (f *frame) role(principal string, role Role, environment string) *C.envres_role {
	made := (*C.envres_role)(f.alloc(C.sizeof_envres_role))
	made.size = C.sizeof_envres_role
	made.role = C.uint32_t(role)
	made.principal, made.principal_len = f.str(principal)
	made.environment, made.environment_len = f.optional(environment)
	return made
}

// Grant gives a role and its keys; environment "": in all. Errors: ErrNotFound, ErrDenied. C:
// envres_role_grant.
func (g Roles) Grant(principal string, role Role, environment string, change ...Change) error {
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_role_grant(s, f.role(principal, role, environment), f.change(last(change)), f.w.err)
	})
}

// Revoke takes a role back. Errors: ErrNotFound (CodeNotSet), ErrDenied (CodeLastOwner). C:
// envres_role_revoke.
func (g Roles) Revoke(principal string, role Role, environment string, change ...Change) error {
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_role_revoke(s, f.role(principal, role, environment), f.change(last(change)), f.w.err)
	})
}

// ---- slots -------------------------------------------------------------------------------------

// Slots are the ways to unlock the session's own principal.
type Slots struct{ session *Session }

// List gives all, oldest first. Errors: ErrIntegrity when somebody else changed their set. C:
// envres_slot_list.
func (g Slots) List() ([]SlotRow, error) {
	return rowsFrom[SlotRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_slot_list(s, &f.w.list, f.w.err)
	})
}

// Add adds one; its ordinal. Errors: ErrKey, ErrUsage (16 slots), ErrDenied. C: envres_slot_add.
func (g Slots) Add(label string, credential Credential, change ...Change) (int64, error) {
	f, session, err := g.session.begin()
	if err != nil {
		return 0, err
	}
	defer f.end()
	made, err := f.credential(credential)
	if err != nil {
		return 0, err
	}
	l := text(label)
	return f.integer(C.envres_slot_add(session, l.p, l.n, made, f.change(last(change)), &f.w.integer, f.w.err))
}

// Change puts another credential into one: a new passphrase. Errors: those of Add; ErrNotFound. C:
// envres_slot_change.
func (g Slots) Change(ordinal int64, credential Credential, change ...Change) error {
	f, session, err := g.session.begin()
	if err != nil {
		return err
	}
	defer f.end()
	made, err := f.credential(credential)
	if err != nil {
		return err
	}
	return f.check(C.envres_slot_change(session, C.int64_t(ordinal), made, f.change(last(change)), f.w.err))
}

// Remove removes one. Errors: ErrNotFound, ErrConflict (CodeReferred: the last one stays). C:
// envres_slot_remove.
func (g Slots) Remove(ordinal int64, change ...Change) error {
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_slot_remove(s, C.int64_t(ordinal), f.change(last(change)), f.w.err)
	})
}

// ---- requests ----------------------------------------------------------------------------------

// Requests are changes that wait for the approval of others. id: at least its first 8 digits.
type Requests struct{ session *Session }

// List gives those of the workspace, oldest first. C: envres_request_list.
func (g Requests) List() ([]RequestRow, error) { return g.list(0) }

// ListAll gives closed ones too.
func (g Requests) ListAll() ([]RequestRow, error) { return g.list(C.ENVRES_REQUEST_ALL) }

func (g Requests) list(flags C.uint32_t) ([]RequestRow, error) {
	return rowsFrom[RequestRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_request_list(s, flags, &f.w.list, f.w.err)
	})
}

// Show gives one. Errors: ErrNotFound. C: envres_request_show.
func (g Requests) Show(id string) (RequestRow, error) {
	i := text(id)
	return rowFrom[RequestRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_request_show(s, i.p, i.n, &f.w.list, f.w.err)
	})
}

// Approve approves with the session's own key. Errors: ErrState (CodeClosed), ErrDenied. C:
// envres_request_approve.
func (g Requests) Approve(id string, change ...Change) error {
	i := text(id)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_request_approve(s, i.p, i.n, f.change(last(change)), f.w.err)
	})
}

// Withdraw takes one back: its requester, or an owner. Errors: ErrState (CodeClosed), ErrDenied. C:
// envres_request_withdraw.
func (g Requests) Withdraw(id string, change ...Change) error {
	i := text(id)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_request_withdraw(s, i.p, i.n, f.change(last(change)), f.w.err)
	})
}

// Run does what was asked for; what it made. Errors: ErrDenied (CodeApprovals), ErrState, and those of
// the change itself. C: envres_request_run.
func (g Requests) Run(id string, change ...Change) (int64, error) {
	i := text(id)
	return g.session.number(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_request_run(s, i.p, i.n, f.change(last(change)), &f.w.integer, f.w.err)
	})
}

// ---- the audit ---------------------------------------------------------------------------------

// Audit has one entry for every change, and for every one that was refused.
type Audit struct{ session *Session }

// AuditFilter says which entries Audit.List gives. The zero value: all.
type AuditFilter struct {
	// Since: those behind this sequence number.
	Since int64
	// Limit: at most so many; 0: all.
	Limit int64
	// Environment: of this one.
	Environment string
	// App: of this one.
	App string
}

// List gives entries, oldest first. Errors: ErrDenied, ErrNotFound. C: envres_audit_list.
func (g Audit) List(filter ...AuditFilter) ([]AuditRow, error) {
	o := last(filter)
	return rowsFrom[AuditRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		made := (*C.envres_audit_options)(f.alloc(C.sizeof_envres_audit_options))
		made.size = C.sizeof_envres_audit_options
		made.since, made.limit = C.int64_t(o.Since), C.int64_t(o.Limit)
		made.environment, made.environment_len = f.optional(o.Environment)
		made.app, made.app_len = f.optional(o.App)
		return C.envres_audit_list(s, made, &f.w.list, f.w.err)
	})
}

// Verified is what Audit.Verify found.
type Verified struct {
	// FirstBad is the sequence of the first entry that is wrong or missing; 0: there is none.
	FirstBad int64
	Findings []VerifyRow
}

// Verify walks the whole chain: every link, every signature. A finding is not an error. C:
// envres_audit_verify.
func (g Audit) Verify() (Verified, error) {
	f, session, err := g.session.begin()
	if err != nil {
		return Verified{}, err
	}
	defer f.end()
	found, err := rows[VerifyRow](f, C.envres_audit_verify(session, &f.w.integer, &f.w.list, f.w.err))
	if err != nil {
		return Verified{}, err
	}
	return Verified{int64(f.w.integer), found}, nil
}

// Check compares the store with a checkpoint that the host kept. Errors: ErrIntegrity: CodeRollback (its
// entry is gone), CodeFork (another one stands there), CodeIntegrity (it is not of this workspace). C:
// envres_audit_check.
func (g Audit) Check(checkpoint Checkpoint) error {
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		bytes := func(data []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(f.copy(data))) }
		made := (*C.envres_checkpoint)(f.alloc(C.sizeof_envres_checkpoint))
		made.size = C.sizeof_envres_checkpoint
		made.sequence, made.time = C.int64_t(checkpoint.Sequence), C.int64_t(checkpoint.Time.UnixMilli())
		made.policy_version = C.int64_t(checkpoint.PolicyVersion)
		made.workspace, made.signer = bytes(checkpoint.Workspace[:]), bytes(checkpoint.Signer[:])
		made.sign_key, made.hash = bytes(checkpoint.SignKey[:]), bytes(checkpoint.Hash[:])
		made.signature = bytes(checkpoint.Signature[:])
		return C.envres_audit_check(s, made, f.w.err)
	})
}

// Reveal asks for the right to show secrets to people, and says in the audit that they are shown; call
// it before. object: "variable/NAME", "resource/HANDLE[/FIELD]"; "": all of the environment. Errors:
// ErrDenied, ErrNotFound, ErrStore (then show nothing). C: envres_audit_reveal.
func (g Audit) Reveal(environment, object string, change ...Change) error {
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		made := (*C.envres_reveal_options)(f.alloc(C.sizeof_envres_reveal_options))
		made.size = C.sizeof_envres_reveal_options
		made.environment, made.environment_len = f.str(environment)
		made.object, made.object_len = f.optional(object)
		return C.envres_audit_reveal(s, made, f.change(last(change)), f.w.err)
	})
}
