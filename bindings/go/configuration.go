// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"sort"
	"strconv"
	"unsafe"
)

// ---- environments ------------------------------------------------------------------------------

// Environments are named configuration contexts.
type Environments struct{ session *Session }

// EnvironmentOptions are options of Environments.Add. The zero value: at the end of the path.
type EnvironmentOptions struct {
	Change
	// Label is for people, at most 200 bytes; "": the key.
	Label string
	// Color is "#rrggbb" or a lower-case name; "": none.
	Color string
	// After is the environment that it follows on the path; "": the end.
	After string
	// OffPath: it is not on the promotion path.
	OffPath bool
}

// EnvironmentChange is what Environments.Set changes; the zero value of each leaves it as it is.
type EnvironmentChange struct {
	Change
	Label, Color *string
	// Protected: changes there ask for more.
	Protected Choice
	// RequireReason: changes there need a reason.
	RequireReason Choice
	// EditorsReveal: editors may reveal secrets there, unless it is protected.
	EditorsReveal Choice
	// RollbackApprovals: rollbacks need the approvals too.
	RollbackApprovals Choice
	// Approvals says how many others must approve what is done there; at most 16.
	Approvals *uint32
}

// Add adds one. Errors: ErrName, ErrConflict, ErrNotFound. C: envres_environment_add.
func (g Environments) Add(key string, options ...EnvironmentOptions) error {
	k, o := text(key), last(options)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		made := (*C.envres_environment_options)(f.alloc(C.sizeof_envres_environment_options))
		made.size = C.sizeof_envres_environment_options
		made.label, made.label_len = f.optional(o.Label)
		made.color, made.color_len = f.optional(o.Color)
		made.after, made.after_len = f.optional(o.After)
		if o.OffPath {
			made.flags = C.ENVRES_ENVIRONMENT_OFF_PATH
		}
		return C.envres_environment_add(s, k.p, k.n, made, f.change(o.Change), f.w.err)
	})
}

// Remove removes one and its keys. Errors: ErrDenied (CodeFixed), ErrConflict (CodeReferred). C:
// envres_environment_remove.
func (g Environments) Remove(key string, change ...Change) error {
	k := text(key)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_environment_remove(s, k.p, k.n, f.change(last(change)), f.w.err)
	})
}

// Set changes what is given. What lowers protection takes an owner, and the approvals needed so far.
// Errors: ErrNotFound, ErrDenied (CodeQuorum: more than others could give; CodeApprovals), ErrUsage. C:
// envres_environment_set.
func (g Environments) Set(key string, to EnvironmentChange) error {
	k := text(key)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		made := (*C.envres_environment_options)(f.alloc(C.sizeof_envres_environment_options))
		made.size = C.sizeof_envres_environment_options
		made.label, made.label_len = f.maybe(to.Label)
		made.color, made.color_len = f.maybe(to.Color)
		made.flags = to.Protected.flag(C.ENVRES_ENVIRONMENT_PROTECT, C.ENVRES_ENVIRONMENT_UNPROTECT) |
			to.RequireReason.flag(C.ENVRES_ENVIRONMENT_REASON, C.ENVRES_ENVIRONMENT_NO_REASON) |
			to.EditorsReveal.flag(C.ENVRES_ENVIRONMENT_EDITORS_REVEAL,
				C.ENVRES_ENVIRONMENT_NO_EDITORS_REVEAL) |
			to.RollbackApprovals.flag(C.ENVRES_ENVIRONMENT_ROLLBACK_APPROVALS,
				C.ENVRES_ENVIRONMENT_NO_ROLLBACK_APPROVALS)
		if to.Approvals != nil {
			made.flags |= C.ENVRES_ENVIRONMENT_SET_APPROVALS
			made.approvals = C.uint32_t(*to.Approvals)
		}
		return C.envres_environment_set(s, k.p, k.n, made, f.change(to.Change), f.w.err)
	})
}

// List gives all: the path in order, then the others by key. C: envres_environment_list.
func (g Environments) List() ([]EnvironmentRow, error) {
	return rowsFrom[EnvironmentRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_environment_list(s, &f.w.list, f.w.err)
	})
}

// Describe gives one. Errors: ErrNotFound, with the nearest name. C: envres_environment_describe.
func (g Environments) Describe(key string) (EnvironmentRow, error) {
	k := text(key)
	return rowFrom[EnvironmentRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_environment_describe(s, k.p, k.n, &f.w.list, f.w.err)
	})
}

// ---- variables ---------------------------------------------------------------------------------

// Variables are names with one value per environment.
type Variables struct{ session *Session }

// Write is one value of Variables.PutMany.
type Write struct {
	Name string
	// Value is text as it is written: a string, []byte, *Secret or Text. What is secret is written as
	// a secret.
	Value interface{}
	// Type; 0: the type that the name already has, else string.
	Type Type
	// Secret: AsIs: as the name already is, else plain.
	Secret Choice
	// Expect: 0: whatever is there; Nothing: only if there is none; n: only if the value has
	// revision n.
	Expect int64
}

// PutOptions are options of Variables.Put and Session.Deposit; see Write.
type PutOptions struct {
	Change
	Type   Type
	Secret Choice
	Expect int64
}

func (o PutOptions) write(name string, value interface{}) Write {
	return Write{Name: name, Value: value, Type: o.Type, Secret: o.Secret, Expect: o.Expect}
}

// writes makes the structs of a call.
func (f *frame) writes(writes []Write) (*C.envres_variable_write, error) {
	count := uintptr(len(writes))
	base := (*C.envres_variable_write)(f.alloc((count + 1) * C.sizeof_envres_variable_write))
	made := unsafe.Slice(base, count)
	for i, write := range writes {
		one := &made[i]
		given, err := f.value(write.Value)
		if err != nil {
			return nil, err
		}
		if given.secret && write.Secret == AsIs {
			write.Secret = Yes
		}
		one.size = C.sizeof_envres_variable_write
		one.flags = write.Secret.flag(C.ENVRES_WRITE_SECRET, C.ENVRES_WRITE_PLAIN)
		one.name, one.name_len = f.str(write.Name)
		one.value, one.value_len = given.p, given.n
		one._type = C.int32_t(write.Type)
		one.expect_revision = C.int64_t(write.Expect)
	}
	return base, nil
}

// Put sets one. Durable when it returns; the configuration revision made. value is text as it is
// written: a string, []byte, *Secret or Text; what is secret is written as a secret.
//
// Errors: ErrName, ErrText, ErrDenied, ErrConflict (CodeChanged), ErrNotFound, ErrStore. C:
// envres_variable_put.
func (g Variables) Put(environment, name string, value interface{}, options ...PutOptions) (int64, error) {
	f, session, err := g.session.begin()
	if err != nil {
		return 0, err
	}
	defer f.end()
	o := last(options)
	write, err := f.writes([]Write{o.write(name, value)})
	if err != nil {
		return 0, err
	}
	e := text(environment)
	return f.integer(C.envres_variable_put(session, e.p, e.n, write, f.change(o.Change),
		&f.w.integer, f.w.err))
}

// PutMany sets many, all or none; at most 100,000. Errors: those of Put. C: envres_variable_put_many.
func (g Variables) PutMany(environment string, writes []Write, change ...Change) (int64, error) {
	f, session, err := g.session.begin()
	if err != nil {
		return 0, err
	}
	defer f.end()
	made, err := f.writes(writes)
	if err != nil {
		return 0, err
	}
	e := text(environment)
	return f.integer(C.envres_variable_put_many(session, e.p, e.n, made, C.size_t(len(writes)),
		f.change(last(change)), &f.w.integer, f.w.err))
}

// Unset takes the value away in one environment; history keeps it. C: envres_variable_unset.
func (g Variables) Unset(environment, name string, change ...Change) (int64, error) {
	e, n := text(environment), text(name)
	return g.session.number(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_variable_unset(s, e.p, e.n, n.p, n.n, f.change(last(change)), &f.w.integer, f.w.err)
	})
}

// ReadOptions are options of reading values. The zero value: no secret is revealed.
type ReadOptions struct {
	// Reveal gives secrets too.
	Reveal bool
}

func reading(options []ReadOptions) C.uint32_t {
	if last(options).Reveal {
		return C.ENVRES_READ_REVEAL
	}
	return 0
}

// Get gives the present value as it was written, a template unexpanded. Without Reveal a secret is
// ErrSecret. C: envres_variable_get.
func (g Variables) Get(environment, name string, options ...ReadOptions) (Text, error) {
	f, session, err := g.session.begin()
	if err != nil {
		return Text{}, err
	}
	defer f.end()
	e, n := text(environment), text(name)
	return f.text(C.envres_variable_get(session, e.p, e.n, n.p, n.n, reading(options), &f.w.value, f.w.err))
}

// List gives all, by name, then by environment in path order; "": of every environment. C:
// envres_variable_list.
func (g Variables) List(environment string, options ...ReadOptions) ([]VariableRow, error) {
	e := orNull(environment)
	return rowsFrom[VariableRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_variable_list(s, e.p, e.n, reading(options), &f.w.list, f.w.err)
	})
}

// History says what it was in one environment, newest first. C: envres_variable_history.
func (g Variables) History(environment, name string, options ...ReadOptions) ([]HistoryRow, error) {
	e, n := text(environment), text(name)
	return rowsFrom[HistoryRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_variable_history(s, e.p, e.n, n.p, n.n, reading(options), &f.w.list, f.w.err)
	})
}

// Rename renames it in all environments. Errors: ErrConflict (CodeNameTaken, CodeReferred). C:
// envres_variable_rename.
func (g Variables) Rename(name, to string, change ...Change) error {
	n, t := text(name), text(to)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_variable_rename(s, n.p, n.n, t.p, t.n, f.change(last(change)), f.w.err)
	})
}

// Delete deletes it in all environments. Errors: ErrConflict (CodeReferred). C: envres_variable_delete.
func (g Variables) Delete(name string, change ...Change) error {
	n := text(name)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_variable_delete(s, n.p, n.n, f.change(last(change)), f.w.err)
	})
}

// Destroy destroys the value of one older revision for good. name: a variable's, or
// "resource/HANDLE/FIELD". Errors: ErrNotFound, ErrConflict (CodeReferred: it is the current one, or a
// live release is pinned to it), ErrDenied, ErrIntegrity. C: envres_variable_destroy.
func (g Variables) Destroy(environment, name string, revision int64, change ...Change) error {
	e, n := text(environment), text(name)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_variable_destroy(s, e.p, e.n, n.p, n.n, C.int64_t(revision),
			f.change(last(change)), f.w.err)
	})
}

// ---- resources ---------------------------------------------------------------------------------

// Resources are handles with a kind, and settings per environment.
type Resources struct{ session *Session }

// Fields are settings of a resource by name: a string, []byte, *Secret (sealed as one), Text, an
// int, int64 or bool; nil takes the field away.
type Fields map[string]interface{}

// ConfigureOptions are options of Resources.Configure.
type ConfigureOptions struct {
	Change
	// Secret names fields to seal although their kind does not say so.
	Secret []string
	// Expect, as in Write, about the newest setting of the resource there.
	Expect int64
}

// Define defines one. Errors: ErrName, ErrNotFound (kind), ErrConflict (CodeReferred). C:
// envres_resource_define.
func (g Resources) Define(name, kind string, change ...Change) error {
	n, k := text(name), text(kind)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_resource_define(s, n.p, n.n, k.p, k.n, f.change(last(change)), f.w.err)
	})
}

// Configure sets fields; those not named stay as they are. The revision made. Errors: ErrNotFound,
// ErrName (CodeField), ErrText, ErrDenied, ErrConflict. C: envres_resource_configure.
func (g Resources) Configure(environment, name string, fields Fields, options ...ConfigureOptions) (int64, error) {
	f, session, err := g.session.begin()
	if err != nil {
		return 0, err
	}
	defer f.end()
	o := last(options)
	write := (*C.envres_resource_write)(f.alloc(C.sizeof_envres_resource_write))
	write.size = C.sizeof_envres_resource_write
	write.handle, write.handle_len = f.str(name)
	write.expect_revision = C.int64_t(o.Expect)
	write.count = C.size_t(len(fields))
	if write.fields, err = f.fields(fields, o.Secret); err != nil {
		return 0, err
	}
	e := text(environment)
	return f.integer(C.envres_resource_configure(session, e.p, e.n, write, f.change(o.Change),
		&f.w.integer, f.w.err))
}

func (f *frame) fields(fields Fields, secret []string) (*C.envres_resource_field, error) {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	sort.Strings(names)
	base := (*C.envres_resource_field)(f.alloc(uintptr(len(names)+1) * C.sizeof_envres_resource_field))
	made := unsafe.Slice(base, len(names))
	for i, name := range names {
		value := fields[name]
		switch one := value.(type) {
		case nil:
			made[i].flags, value = C.ENVRES_FIELD_UNSET, ""
		case bool:
			value = strconv.FormatBool(one)
		case int:
			value = strconv.Itoa(one)
		case int64:
			value = strconv.FormatInt(one, 10)
		}
		given, err := f.value(value)
		if err != nil {
			return nil, err
		}
		for _, wanted := range secret {
			given.secret = given.secret || wanted == name
		}
		if given.secret && made[i].flags == 0 {
			made[i].flags = C.ENVRES_FIELD_SECRET
		}
		made[i].size = C.sizeof_envres_resource_field
		made[i].name, made[i].name_len = f.str(name)
		made[i].value, made[i].value_len = given.p, given.n
	}
	return base, nil
}

// Fallback declares that it takes the settings of to where it has none; "" withdraws that. Errors:
// ErrNotFound, ErrDenied (CodeFallback). C: envres_resource_fallback.
func (g Resources) Fallback(environment, name, to string, change ...Change) error {
	e := text(environment)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		declared := (*C.envres_fallback)(f.alloc(C.sizeof_envres_fallback))
		declared.size = C.sizeof_envres_fallback
		declared.handle, declared.handle_len = f.str(name)
		declared.to, declared.to_len = f.optional(to)
		return C.envres_resource_fallback(s, e.p, e.n, declared, f.change(last(change)), f.w.err)
	})
}

// Remove removes it everywhere. Errors: ErrConflict (CodeReferred). C: envres_resource_remove.
func (g Resources) Remove(name string, change ...Change) error {
	n := text(name)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_resource_remove(s, n.p, n.n, f.change(last(change)), f.w.err)
	})
}

// List gives all, by handle, then by environment in path order. C: envres_resource_list.
func (g Resources) List() ([]ResourceRow, error) {
	return rowsFrom[ResourceRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_resource_list(s, &f.w.list, f.w.err)
	})
}

// History says what it was in one environment, newest first. C: envres_resource_history.
func (g Resources) History(environment, name string, options ...ReadOptions) ([]HistoryRow, error) {
	e, n := text(environment), text(name)
	return rowsFrom[HistoryRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_resource_history(s, e.p, e.n, n.p, n.n, reading(options), &f.w.list, f.w.err)
	})
}

// ---- the keys of environments, and what waits in them ------------------------------------------

// Keys are the keys of environments.
type Keys struct{ session *Session }

// Rotate begins a rotation, or goes on with one; the secrets to change at their source. Then call
// RotateStep until it gives 0. Errors: ErrDenied, ErrNotFound. C: envres_key_rotate.
func (g Keys) Rotate(environment string, change ...Change) ([]ExposureRow, error) {
	e := text(environment)
	return rowsFrom[ExposureRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_key_rotate(s, e.p, e.n, f.change(last(change)), &f.w.list, f.w.err)
	})
}

// RotateStep seals at most 256 records anew; how many are left. Errors: ErrIntegrity. C:
// envres_key_rotate_step.
func (g Keys) RotateStep(environment string) (int64, error) {
	e := text(environment)
	return g.session.number(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_key_rotate_step(s, e.p, e.n, &f.w.integer, f.w.err)
	})
}

// Exposure gives the report without a rotation; "": of all environments. C: envres_key_exposure.
func (g Keys) Exposure(environment string) ([]ExposureRow, error) {
	e := orNull(environment)
	return rowsFrom[ExposureRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_key_exposure(s, e.p, e.n, &f.w.list, f.w.err)
	})
}

// Inbox holds the deposits that wait in an environment.
type Inbox struct{ session *Session }

// List says what waits, oldest first; never a value. C: envres_inbox_list.
func (g Inbox) List(environment string) ([]InboxRow, error) {
	e := text(environment)
	return rowsFrom[InboxRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_inbox_list(s, e.p, e.n, &f.w.list, f.w.err)
	})
}

// Accept takes one in; the configuration revision made. id: at least its first 8 digits. Errors:
// ErrNotFound, ErrConflict (CodeChanged: stale), ErrIntegrity, ErrDenied. C: envres_inbox_accept.
func (g Inbox) Accept(environment, id string, change ...Change) (int64, error) {
	e, i := text(environment), text(id)
	return g.session.number(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_inbox_accept(s, e.p, e.n, i.p, i.n, f.change(last(change)), &f.w.integer, f.w.err)
	})
}

// Reject throws one away. Errors: ErrNotFound, ErrDenied. C: envres_inbox_reject.
func (g Inbox) Reject(environment, id string, change ...Change) error {
	e, i := text(environment), text(id)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_inbox_reject(s, e.p, e.n, i.p, i.n, f.change(last(change)), f.w.err)
	})
}
