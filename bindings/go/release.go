// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"sort"
	"unsafe"
)

// version makes the name of a version; "" is NULL: what the call says of it.
func (f *frame) version(app, version string) *C.envres_version_name {
	made := (*C.envres_version_name)(f.alloc(C.sizeof_envres_version_name))
	made.size = C.sizeof_envres_version_name
	made.app, made.app_len = f.str(app)
	made.version, made.version_len = f.optional(version)
	return made
}

// ---- apps --------------------------------------------------------------------------------------

// Apps are what is versioned and released.
type Apps struct{ session *Session }

// AppOptions are options of Apps.Create and Apps.Set.
type AppOptions struct {
	Change
	// PinConfig: the configuration that a release saw comes back with it.
	PinConfig Choice
	Protected Choice
}

func (f *frame) app(o AppOptions) *C.envres_app_options {
	made := (*C.envres_app_options)(f.alloc(C.sizeof_envres_app_options))
	made.size = C.sizeof_envres_app_options
	made.flags = o.PinConfig.flag(C.ENVRES_APP_PIN_CONFIG, C.ENVRES_APP_PIN_NONE) |
		o.Protected.flag(C.ENVRES_APP_PROTECT, C.ENVRES_APP_UNPROTECT)
	return made
}

// Create makes one, and with it its first draft, "v1". Errors: ErrName, ErrConflict. C:
// envres_app_create.
func (g Apps) Create(name string, options ...AppOptions) error {
	n, o := text(name), last(options)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_app_create(s, n.p, n.n, f.app(o), f.change(o.Change), f.w.err)
	})
}

// Set changes what is given. Errors: ErrNotFound. C: envres_app_set.
func (g Apps) Set(name string, to AppOptions) error {
	n := text(name)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_app_set(s, n.p, n.n, f.app(to), f.change(to.Change), f.w.err)
	})
}

// List gives all, by name. C: envres_app_list.
func (g Apps) List() ([]AppRow, error) {
	return rowsFrom[AppRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_app_list(s, &f.w.list, f.w.err)
	})
}

// Describe gives one. Errors: ErrNotFound. C: envres_app_describe.
func (g Apps) Describe(name string) (AppRow, error) {
	n := text(name)
	return rowFrom[AppRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_app_describe(s, n.p, n.n, &f.w.list, f.w.err)
	})
}

// Status gives everything about one: what is live, what stands where, what differs, what a check says.
// C: envres_app_status.
func (g Apps) Status(name string) ([]StatusRow, error) {
	n := text(name)
	return rowsFrom[StatusRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_app_status(s, n.p, n.n, &f.w.list, f.w.err)
	})
}

// ---- versions ----------------------------------------------------------------------------------

// Versions are named states of an app's parts.
type Versions struct{ session *Session }

// VersionOptions are options of Versions.Create.
type VersionOptions struct {
	Change
	// Name; "": the next "vN".
	Name string
	// Base is the version to begin from; "": the live one, else the newest.
	Base string
	// Description, at most 1,000 bytes.
	Description string
	// Empty: begin from none.
	Empty bool
}

// VersionChange is what Versions.Set changes; nil leaves it as it is.
type VersionChange struct {
	Change
	Name, Description *string
}

// Create makes a draft. Errors: ErrNotFound, ErrState, ErrName, ErrConflict. C: envres_version_create.
func (g Versions) Create(app string, options ...VersionOptions) (VersionRow, error) {
	a, o := text(app), last(options)
	return rowFrom[VersionRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		made := (*C.envres_version_options)(f.alloc(C.sizeof_envres_version_options))
		made.size = C.sizeof_envres_version_options
		made.name, made.name_len = f.optional(o.Name)
		made.from, made.from_len = f.optional(o.Base)
		made.description, made.description_len = f.optional(o.Description)
		if o.Empty {
			made.flags = C.ENVRES_VERSION_EMPTY
		}
		return C.envres_version_create(s, a.p, a.n, made, f.change(o.Change), &f.w.list, f.w.err)
	})
}

// Set renames or describes one, in any state. C: envres_version_set.
func (g Versions) Set(app, version string, to VersionChange) error {
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		made := (*C.envres_version_options)(f.alloc(C.sizeof_envres_version_options))
		made.size = C.sizeof_envres_version_options
		made.name, made.name_len = f.maybe(to.Name)
		made.description, made.description_len = f.maybe(to.Description)
		return C.envres_version_set(s, f.version(app, version), made, f.change(to.Change), f.w.err)
	})
}

// VersionFilter says which versions Versions.List gives. The zero value: all but discarded ones.
type VersionFilter struct {
	// Environment: those that have reached it.
	Environment string
	// All: discarded ones too.
	All bool
}

// List gives those of an app, newest first. C: envres_version_list.
func (g Versions) List(app string, filter ...VersionFilter) ([]VersionRow, error) {
	o, flags := last(filter), C.uint32_t(0)
	if o.All {
		flags = C.ENVRES_VERSION_ALL
	}
	a, e := text(app), orNull(o.Environment)
	return rowsFrom[VersionRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_version_list(s, a.p, a.n, e.p, e.n, flags, &f.w.list, f.w.err)
	})
}

// Describe gives one. Errors: ErrNotFound. C: envres_version_describe.
func (g Versions) Describe(app, version string) (VersionRow, error) {
	return rowFrom[VersionRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_version_describe(s, f.version(app, version), &f.w.list, f.w.err)
	})
}

// Open opens one for work, and remembers that. version "": the most recently changed one there. C:
// envres_version_open.
func (g Versions) Open(app, version, environment string, change ...Change) (VersionRow, error) {
	e := text(environment)
	return rowFrom[VersionRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_version_open(s, f.version(app, version), e.p, e.n, f.change(last(change)),
			&f.w.list, f.w.err)
	})
}

// Last says what the session's principal opened last in this app; nil: nothing. C: envres_version_last.
func (g Versions) Last(app string) (*LastRow, error) {
	a := text(app)
	found, err := rowsFrom[LastRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_version_last(s, a.p, a.n, &f.w.list, f.w.err)
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// DiffOptions are options of Versions.Diff.
type DiffOptions struct {
	// OtherApp: the newer version is one of that app.
	OtherApp string
	// WithText: with the difference of each part.
	WithText bool
}

// Diff says what differs between two versions, by path. C: envres_version_diff.
func (g Versions) Diff(app, from, to string, options ...DiffOptions) ([]DiffRow, error) {
	o, flags, other := last(options), C.uint32_t(0), app
	if o.WithText {
		flags = C.ENVRES_DIFF_WITH_TEXT
	}
	if o.OtherApp != "" {
		other = o.OtherApp
	}
	return rowsFrom[DiffRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_version_diff(s, f.version(app, from), f.version(other, to), flags, &f.w.list, f.w.err)
	})
}

// Check is the check by itself, errors first; version "": the one that Open would pick. A finding is
// not an error. C: envres_version_check.
func (g Versions) Check(app, version, environment string) ([]FindingRow, error) {
	e := text(environment)
	return rowsFrom[FindingRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_version_check(s, f.version(app, version), e.p, e.n, &f.w.list, f.w.err)
	})
}

// PromoteOptions are options of Versions.Promote.
type PromoteOptions struct {
	Change
	// Through: over several environments, each of them checked.
	Through bool
	// DryRun: answer as if it were done, and change nothing.
	DryRun bool
}

// Promote moves one on to the environment to; warnings of the check. seen is the row that was looked at
// before deciding: where its stage or content differ from what is there now, nothing is done, and the
// error is ErrConflict (CodeChanged).
//
// Errors: ErrState, ErrCheck, ErrConflict, ErrDenied, ErrNotFound. C: envres_version_promote.
func (g Versions) Promote(app, version, to string, seen VersionRow, options ...PromoteOptions) ([]FindingRow, error) {
	f, session, err := g.session.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	o := last(options)
	made := (*C.envres_promote_options)(f.alloc(C.sizeof_envres_promote_options))
	made.size = C.sizeof_envres_promote_options
	if o.Through {
		made.flags |= C.ENVRES_MOVE_THROUGH
	}
	if o.DryRun {
		made.flags |= C.ENVRES_MOVE_DRY_RUN
	}
	made.to, made.to_len = f.str(to)
	made.expect_stage, made.expect_stage_len = f.str(seen.Stage)
	if made.expect_content, err = f.digest(seen.Content, "content"); err != nil {
		return nil, err
	}
	status := C.envres_version_promote(session, f.version(app, version), made, f.change(o.Change),
		&f.w.findings, f.w.err)
	if err := f.check(status); err != nil {
		return nil, err
	}
	return rowsOf[FindingRow](f, f.w.findings), nil
}

// Discard discards one; seen as in Promote. Errors: ErrState, ErrConflict (CodeChanged). C:
// envres_version_discard.
func (g Versions) Discard(app, version string, seen VersionRow, change ...Change) error {
	f, session, err := g.session.begin()
	if err != nil {
		return err
	}
	defer f.end()
	made := (*C.envres_version_seen)(f.alloc(C.sizeof_envres_version_seen))
	made.size = C.sizeof_envres_version_seen
	made.stage, made.stage_len = f.str(seen.Stage)
	if made.content, err = f.digest(seen.Content, "content"); err != nil {
		return err
	}
	return f.check(C.envres_version_discard(session, f.version(app, version), made,
		f.change(last(change)), f.w.err))
}

// ---- parts -------------------------------------------------------------------------------------

// Parts are the files of an app's definition.
type Parts struct{ session *Session }

// PartWrite is one edit of Parts.Put.
type PartWrite struct {
	Path string
	Data []byte
	// Remove: take it out.
	Remove bool
	// Public: it goes to clients.
	Public bool
	// Absent: only if there is none of that path.
	Absent bool
	// Expect: only if it has this digest now, 64 hex digits; "": whatever is there.
	Expect string
}

// Files makes edits of texts by path, for Parts.Put.
func Files(texts map[string]string) []PartWrite {
	writes := make([]PartWrite, 0, len(texts))
	for path, text := range texts {
		writes = append(writes, PartWrite{Path: path, Data: []byte(text)})
	}
	sort.Slice(writes, func(i, j int) bool { return writes[i].Path < writes[j].Path })
	return writes
}

// Put edits a draft: all of the writes or none. version "": the app's only draft. The new content
// digest in hex. Errors: ErrState (CodeFrozen), ErrConflict, ErrName (CodePath), ErrNotFound; the error's
// subject is the path. C: envres_part_put.
func (g Parts) Put(app, version string, writes []PartWrite, change ...Change) (string, error) {
	f, session, err := g.session.begin()
	if err != nil {
		return "", err
	}
	defer f.end()
	base := (*C.envres_part_write)(f.alloc(uintptr(len(writes)+1) * C.sizeof_envres_part_write))
	made := unsafe.Slice(base, len(writes))
	for i, write := range writes {
		if err := f.part(&made[i], write); err != nil {
			return "", err
		}
	}
	status := C.envres_part_put(session, f.version(app, version), base, C.size_t(len(writes)),
		f.change(last(change)), &f.w.bytes[0], f.w.err)
	if err := f.check(status); err != nil {
		return "", err
	}
	return f.hex(), nil
}

func (f *frame) part(made *C.envres_part_write, write PartWrite) (err error) {
	made.size = C.sizeof_envres_part_write
	made.path, made.path_len = f.str(write.Path)
	if write.Public {
		made.flags |= C.ENVRES_PART_PUBLIC
	}
	if write.Absent {
		made.flags |= C.ENVRES_PART_ABSENT
	}
	if write.Remove {
		made.flags |= C.ENVRES_PART_REMOVE
	} else {
		made.data, made.data_len = unsafe.Pointer(f.copy(write.Data)), C.size_t(len(write.Data))
	}
	if write.Expect != "" {
		made.expect, err = f.digest(write.Expect, "expect")
	}
	return err
}

// Get gives a part's bytes. Errors: ErrNotFound, with the nearest path; ErrIntegrity. C: envres_part_get.
func (g Parts) Get(app, version, path string) ([]byte, error) {
	f, session, err := g.session.begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	p := text(path)
	return f.plainBytes(C.envres_part_get(session, f.version(app, version), p.p, p.n, &f.w.value, f.w.err))
}

// List gives the parts of a version, by path. C: envres_part_list.
func (g Parts) List(app, version string) ([]PartRow, error) {
	return rowsFrom[PartRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_part_list(s, f.version(app, version), &f.w.list, f.w.err)
	})
}

// History gives the edits of a version, of one path or ("") of all, newest first. C:
// envres_part_history.
func (g Parts) History(app, version, path string) ([]EditRow, error) {
	p := orNull(path)
	return rowsFrom[EditRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_part_history(s, f.version(app, version), p.p, p.n, &f.w.list, f.w.err)
	})
}

// Restore brings a part back to what it was after an edit of it; 0: as the version was made. C:
// envres_part_restore.
func (g Parts) Restore(app, version, path string, edit int64, change ...Change) error {
	p := text(path)
	return g.session.do(func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_part_restore(s, f.version(app, version), p.p, p.n, C.int64_t(edit),
			f.change(last(change)), f.w.err)
	})
}

// PartDigest gives the digest that a part of these bytes has, in hex. C: envres_part_digest.
func PartDigest(part []byte) (string, error) {
	f, err := begin()
	if err != nil {
		return "", err
	}
	defer f.end()
	d := data(part)
	status := C.envres_go_part_digest(d.p, d.n, &f.w.bytes[0], f.w.err)
	if err := f.check(status); err != nil {
		return "", err
	}
	return f.hex(), nil
}

// ---- releases ----------------------------------------------------------------------------------

// Releases make a version live, and take that back.
type Releases struct{ session *Session }

// ReleaseOptions are options of Releases.Create.
type ReleaseOptions struct {
	Change
	// Bump, in place of a tag: which part of the newest one to raise.
	Bump Bump
	// Notes, at most 64 KiB.
	Notes string
	// DryRun: answer as if it were done, and change nothing.
	DryRun bool
}

// RollbackOptions are options of Releases.Rollback. The zero value: to the release before.
type RollbackOptions struct {
	Change
	// To is the tag of the release.
	To string
	// Version: or a version, whose newest release is meant.
	Version string
	// Unchecked: no check is made; one does not stop a rollback anyway.
	Unchecked bool
	// DryRun: answer as if it were done, and change nothing.
	DryRun bool
}

// Create makes a version live; the record, and warnings of the check. tag is a semantic version, or ""
// with Bump. seen is the row of the version that was looked at before deciding, expectLive the sequence
// of the live release that was seen; 0: nothing was live.
//
// Errors: ErrState, ErrCheck, ErrConflict (CodeChanged, CodeTagTaken), ErrName (CodeTag), ErrDenied,
// ErrNotFound. C: envres_release_create.
func (g Releases) Create(app, version, tag string, seen VersionRow, expectLive int64,
	options ...ReleaseOptions) (ReleaseRow, []FindingRow, error) {
	f, session, err := g.session.begin()
	if err != nil {
		return ReleaseRow{}, nil, err
	}
	defer f.end()
	o := last(options)
	made := (*C.envres_release_options)(f.alloc(C.sizeof_envres_release_options))
	made.size = C.sizeof_envres_release_options
	if o.DryRun {
		made.flags = C.ENVRES_MOVE_DRY_RUN
	}
	made.tag, made.tag_len = f.optional(tag)
	if tag == "" && o.Bump == BumpNone {
		made.tag, made.tag_len = f.str("")
	}
	made.bump = C.uint32_t(o.Bump)
	made.notes, made.notes_len = f.optional(o.Notes)
	made.expect_live = C.int64_t(expectLive)
	if made.expect_content, err = f.digest(seen.Content, "content"); err != nil {
		return ReleaseRow{}, nil, err
	}
	return f.released(C.envres_release_create(session, f.version(app, version), made,
		f.change(o.Change), &f.w.list, &f.w.findings, f.w.err))
}

func (f *frame) released(status C.envres_status) (ReleaseRow, []FindingRow, error) {
	if err := f.check(status); err != nil {
		return ReleaseRow{}, nil, err
	}
	findings := rowsOf[FindingRow](f, f.w.findings)
	record, err := only[ReleaseRow](f, C.ENVRES_OK)
	return record, findings, err
}

// Rollback makes an earlier release live again; the new record, and what a check of it found, which
// does not stop it. Errors: ErrState, ErrConflict (CodeChanged), ErrNotFound, ErrDenied. C:
// envres_release_rollback.
func (g Releases) Rollback(app string, expectLive int64, options ...RollbackOptions) (ReleaseRow, []FindingRow, error) {
	f, session, err := g.session.begin()
	if err != nil {
		return ReleaseRow{}, nil, err
	}
	defer f.end()
	o := last(options)
	made := (*C.envres_rollback_options)(f.alloc(C.sizeof_envres_rollback_options))
	made.size = C.sizeof_envres_rollback_options
	if o.DryRun {
		made.flags = C.ENVRES_MOVE_DRY_RUN
	}
	made.to, made.to_len = f.optional(o.To)
	made.version, made.version_len = f.optional(o.Version)
	made.expect_live = C.int64_t(expectLive)
	findings := &f.w.findings
	if o.Unchecked {
		findings = nil
	}
	a := text(app)
	return f.released(C.envres_release_rollback(session, a.p, a.n, made, f.change(o.Change), &f.w.list,
		findings, f.w.err))
}

// Withdraw takes the live release back: the app has none then. Errors: ErrState, ErrConflict. C:
// envres_release_withdraw.
func (g Releases) Withdraw(app string, expectLive int64, change ...Change) (ReleaseRow, error) {
	a := text(app)
	return rowFrom[ReleaseRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_release_withdraw(s, a.p, a.n, C.int64_t(expectLive), f.change(last(change)),
			&f.w.list, f.w.err)
	})
}

// List gives the releases of an app, newest first. C: envres_release_list.
func (g Releases) List(app string) ([]ReleaseRow, error) {
	a := text(app)
	return rowsFrom[ReleaseRow](g.session, func(f *frame, s *C.envres_session) C.envres_status {
		return C.envres_release_list(s, a.p, a.n, &f.w.list, f.w.err)
	})
}
