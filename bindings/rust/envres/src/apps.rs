// SPDX-License-Identifier: MIT
//! Apps, versions, parts, releases.

use crate::error::call;
use crate::input::{choice, digest_of, flag, hex_of, raw, raw_or_null};
use crate::list::findings;
use crate::value::bytes_from;
use crate::{
    AppRow, Bump, Change, DiffRow, EditRow, FindingRow, LastRow, PartRow, ReleaseRow, Result, Rows,
    Session, StatusRow, VersionRow,
};
use envres_sys as sys;
use std::ptr::{null, null_mut};

/// What an app does; `None` stays as it is, and is no when one is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct AppOptions {
    /// The configuration that a release saw comes back with it.
    pub pin_config: Option<bool>,
    /// Promotions and releases need an approval everywhere.
    pub protected: Option<bool>,
}

impl AppOptions {
    fn raw(&self) -> sys::envres_app_options {
        sys::envres_app_options {
            flags: choice(self.pin_config, sys::ENVRES_APP_PIN_CONFIG, sys::ENVRES_APP_PIN_NONE)
                | choice(self.protected, sys::ENVRES_APP_PROTECT, sys::ENVRES_APP_UNPROTECT),
            ..Default::default()
        }
    }
}

/// What is versioned and released: [`Session::apps`].
#[derive(Clone, Copy, Debug)]
pub struct Apps<'s>(pub(crate) &'s Session);

impl Apps<'_> {
    /// Makes one, and with it its first draft, `v1`. C: `envres_app_create()`.
    ///
    /// Errors: [`NAME`](crate::Code::NAME), [`NAME_TAKEN`](crate::Code::NAME_TAKEN),
    /// [`REASON`](crate::Code::REASON).
    pub fn create(&self, name: &str, options: &AppOptions, change: &Change<'_>) -> Result<()> {
        let (name, options, change) = (raw(name), options.raw(), change.raw());
        // SAFETY: the session is alive, what is given is valid during the call.
        call(|err| unsafe {
            sys::envres_app_create(self.0.raw(), name.at, name.len, &options, &change, err)
        })
    }

    /// Changes what it does; releases made before keep what they pinned. C: `envres_app_set()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), with the nearest name.
    pub fn set(&self, name: &str, options: &AppOptions, change: &Change<'_>) -> Result<()> {
        let (name, options, change) = (raw(name), options.raw(), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_app_set(self.0.raw(), name.at, name.len, &options, &change, err)
        })
    }

    /// All, by name. C: `envres_app_list()`.
    pub fn list(&self) -> Result<Rows<AppRow>> {
        // SAFETY: the session is alive.
        Rows::from(|out, err| unsafe { sys::envres_app_list(self.0.raw(), out, err) })
    }

    /// One. C: `envres_app_describe()`. Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND).
    pub fn describe(&self, name: &str) -> Result<AppRow> {
        let name = raw(name);
        // SAFETY: the session is alive, the name valid during the call.
        Rows::from(|out, err| unsafe {
            sys::envres_app_describe(self.0.raw(), name.at, name.len, out, err)
        })?
        .only()
    }

    /// Everything about one: what is live, what stands where, what differs, what a check says.
    /// C: `envres_app_status()`.
    pub fn status(&self, name: &str) -> Result<Rows<StatusRow>> {
        let name = raw(name);
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_app_status(self.0.raw(), name.at, name.len, out, err)
        })
    }
}

/// The struct, which borrows from both.
pub(crate) fn version_name(app: &str, version: Option<&str>) -> sys::envres_version_name {
    let (app, version) = (raw(app), raw_or_null(version));
    sys::envres_version_name {
        app: app.at,
        app_len: app.len,
        version: version.at,
        version_len: version.len,
        ..Default::default()
    }
}

/// A draft to be made; [`Default`]: the next `vN`, from the live version, else the newest.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewVersion<'a> {
    /// Its name; `None`: the next `vN`.
    pub name: Option<&'a str>,
    /// The version to begin from; `None`: the live one, else the newest.
    pub base: Option<&'a str>,
    /// At most 1,000 bytes.
    pub description: Option<&'a str>,
    /// From no version, without parts.
    pub empty: bool,
}

/// What of a version is to be changed; `None` stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct VersionEdit<'a> {
    /// Another name.
    pub name: Option<&'a str>,
    /// Another description.
    pub description: Option<&'a str>,
}

/// A promotion: where to, and what was looked at before deciding.
#[derive(Clone, Copy, Debug)]
pub struct Promotion<'a> {
    to: &'a str,
    seen: &'a VersionRow,
    flags: u32,
}

impl<'a> Promotion<'a> {
    /// To the next environment of the path. Where stage or content of `seen` differ from what is
    /// there now, it is [`CHANGED`](crate::Code::CHANGED), and nothing is done.
    pub fn new(to: &'a str, seen: &'a VersionRow) -> Promotion<'a> {
        Promotion { to, seen, flags: 0 }
    }

    /// Over several environments, each of them checked.
    pub fn through(mut self) -> Promotion<'a> {
        self.flags |= sys::ENVRES_MOVE_THROUGH;
        self
    }

    /// Answers as if it were done, and changes nothing.
    pub fn dry_run(mut self) -> Promotion<'a> {
        self.flags |= sys::ENVRES_MOVE_DRY_RUN;
        self
    }
}

/// Named states of an app's parts: [`Session::versions`].
#[derive(Clone, Copy, Debug)]
pub struct Versions<'s>(pub(crate) &'s Session);

impl Versions<'_> {
    /// Makes a draft. C: `envres_version_create()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`DISCARDED`](crate::Code::DISCARDED),
    /// [`NAME`](crate::Code::NAME), [`NAME_TAKEN`](crate::Code::NAME_TAKEN),
    /// [`LIMIT`](crate::Code::LIMIT), [`REASON`](crate::Code::REASON).
    pub fn create(
        &self,
        app: &str,
        options: &NewVersion<'_>,
        change: &Change<'_>,
    ) -> Result<VersionRow> {
        let (app, change, name) = (raw(app), change.raw(), raw_or_null(options.name));
        let from = raw_or_null(options.base);
        let description = raw_or_null(options.description);
        let options = sys::envres_version_options {
            flags: flag(options.empty, sys::ENVRES_VERSION_EMPTY),
            name: name.at,
            name_len: name.len,
            from: from.at,
            from_len: from.len,
            description: description.at,
            description_len: description.len,
            ..Default::default()
        };
        // SAFETY: the session is alive, what is given is valid during the call.
        Rows::from(|out, err| unsafe {
            sys::envres_version_create(self.0.raw(), app.at, app.len, &options, &change, out, err)
        })?
        .only()
    }

    /// Renames or describes one, in any state. C: `envres_version_set()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`NAME`](crate::Code::NAME),
    /// [`NAME_TAKEN`](crate::Code::NAME_TAKEN), [`LIMIT`](crate::Code::LIMIT).
    pub fn set(
        &self,
        app: &str,
        version: &str,
        edit: &VersionEdit<'_>,
        change: &Change<'_>,
    ) -> Result<()> {
        let (version, change) = (version_name(app, Some(version)), change.raw());
        let (name, description) = (raw_or_null(edit.name), raw_or_null(edit.description));
        let options = sys::envres_version_options {
            name: name.at,
            name_len: name.len,
            description: description.at,
            description_len: description.len,
            ..Default::default()
        };
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_version_set(self.0.raw(), &version, &options, &change, err)
        })
    }

    /// Those of an app, newest first. `environment`: those that have reached it; `None`: all.
    /// `all`: discarded ones too. C: `envres_version_list()`.
    pub fn list(
        &self,
        app: &str,
        environment: Option<&str>,
        all: bool,
    ) -> Result<Rows<VersionRow>> {
        let (app, environment) = (raw(app), raw_or_null(environment));
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_version_list(
                self.0.raw(),
                app.at,
                app.len,
                environment.at,
                environment.len,
                flag(all, sys::ENVRES_VERSION_ALL),
                out,
                err,
            )
        })
    }

    /// One. C: `envres_version_describe()`. Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND).
    pub fn describe(&self, app: &str, version: &str) -> Result<VersionRow> {
        let version = version_name(app, Some(version));
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_version_describe(self.0.raw(), &version, out, err)
        })?
        .only()
    }

    /// Opens one for work, and remembers that. `None`: the most recently changed one there.
    /// C: `envres_version_open()`.
    ///
    /// Errors: [`NO_VERSION_HERE`](crate::Code::NO_VERSION_HERE),
    /// [`NOT_FOUND`](crate::Code::NOT_FOUND), [`DISCARDED`](crate::Code::DISCARDED).
    pub fn open(
        &self,
        app: &str,
        version: Option<&str>,
        environment: &str,
        change: &Change<'_>,
    ) -> Result<VersionRow> {
        let (version, change) = (version_name(app, version), change.raw());
        let environment = raw(environment);
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_version_open(
                self.0.raw(),
                &version,
                environment.at,
                environment.len,
                &change,
                out,
                err,
            )
        })?
        .only()
    }

    /// What the session's principal opened last in this app. C: `envres_version_last()`.
    pub fn last(&self, app: &str) -> Result<Option<LastRow>> {
        let app = raw(app);
        // SAFETY: as above.
        let rows: Rows<LastRow> = Rows::from(|out, err| unsafe {
            sys::envres_version_last(self.0.raw(), app.at, app.len, out, err)
        })?;
        Ok(rows.get(0))
    }

    /// What differs between two versions of an app, by path; with a unified diff of texts where
    /// `with_text` is true. C: `envres_version_diff()`.
    pub fn diff(&self, app: &str, old: &str, new: &str, with_text: bool) -> Result<Rows<DiffRow>> {
        self.diff_between((app, old), (app, new), with_text)
    }

    /// The same of two apps: pairs of app and version.
    pub fn diff_between(
        &self,
        old: (&str, &str),
        new: (&str, &str),
        with_text: bool,
    ) -> Result<Rows<DiffRow>> {
        let (old, new) = (version_name(old.0, Some(old.1)), version_name(new.0, Some(new.1)));
        let flags = flag(with_text, sys::ENVRES_DIFF_WITH_TEXT);
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_version_diff(self.0.raw(), &old, &new, flags, out, err)
        })
    }

    /// The check by itself, errors first; `None`: of the version that [`open`](Versions::open) would
    /// pick. A finding is not an error. C: `envres_version_check()`.
    pub fn check(
        &self,
        app: &str,
        version: Option<&str>,
        environment: &str,
    ) -> Result<Rows<FindingRow>> {
        let (version, environment) = (version_name(app, version), raw(environment));
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_version_check(
                self.0.raw(),
                &version,
                environment.at,
                environment.len,
                out,
                err,
            )
        })
    }

    /// Moves one on; a draft is frozen by it. Warnings of the check. C: `envres_version_promote()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`SKIPS`](crate::Code::SKIPS),
    /// [`AT_LAST`](crate::Code::AT_LAST), [`OFF_PATH`](crate::Code::OFF_PATH),
    /// [`DISCARDED`](crate::Code::DISCARDED), [`CHANGED`](crate::Code::CHANGED),
    /// [`CHECK`](crate::Code::CHECK), [`REASON`](crate::Code::REASON),
    /// [`APPROVALS`](crate::Code::APPROVALS), [`DENIED`](crate::Code::DENIED).
    pub fn promote(
        &self,
        app: &str,
        version: &str,
        promotion: &Promotion<'_>,
        change: &Change<'_>,
    ) -> Result<Vec<FindingRow>> {
        let (version, change) = (version_name(app, Some(version)), change.raw());
        let content = digest_of(&promotion.seen.content, "content")?;
        let (to, stage) = (raw(promotion.to), raw(&promotion.seen.stage));
        let options = sys::envres_promote_options {
            flags: promotion.flags,
            to: to.at,
            to_len: to.len,
            expect_stage: stage.at,
            expect_stage_len: stage.len,
            expect_content: content.as_ptr(),
            ..Default::default()
        };
        let mut list = null_mut();
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_version_promote(self.0.raw(), &version, &options, &change, &mut list, err)
        })?;
        findings(list)
    }

    /// Discards one. `seen`: as for [`Promotion::new`]. C: `envres_version_discard()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`DISCARDED`](crate::Code::DISCARDED),
    /// [`LIVE`](crate::Code::LIVE), [`IN_HISTORY`](crate::Code::IN_HISTORY),
    /// [`ONLY_VERSION`](crate::Code::ONLY_VERSION), [`CHANGED`](crate::Code::CHANGED).
    pub fn discard(
        &self,
        app: &str,
        version: &str,
        seen: &VersionRow,
        change: &Change<'_>,
    ) -> Result<()> {
        let (version, change) = (version_name(app, Some(version)), change.raw());
        let (stage, content) = (raw(&seen.stage), digest_of(&seen.content, "content")?);
        let seen = sys::envres_version_seen {
            stage: stage.at,
            stage_len: stage.len,
            content: content.as_ptr(),
            ..Default::default()
        };
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_version_discard(self.0.raw(), &version, &seen, &change, err)
        })
    }
}

/// One edit of a draft.
#[derive(Clone, Copy, Debug)]
pub struct PartWrite<'a> {
    path: &'a str,
    data: &'a [u8],
    flags: u32,
    expect: Option<&'a str>,
}

impl<'a> PartWrite<'a> {
    /// Puts a part: any bytes, at most 16 MiB.
    pub fn new<T: AsRef<[u8]> + ?Sized>(path: &'a str, data: &'a T) -> PartWrite<'a> {
        PartWrite { path, data: data.as_ref(), flags: 0, expect: None }
    }

    /// Takes one out.
    pub fn remove(path: &'a str) -> PartWrite<'a> {
        PartWrite { path, data: &[], flags: sys::ENVRES_PART_REMOVE, expect: None }
    }

    /// It goes to clients: a secret in it is an error of the check.
    pub fn public(mut self) -> PartWrite<'a> {
        self.flags |= sys::ENVRES_PART_PUBLIC;
        self
    }

    /// Only if there is none of that path.
    pub fn absent(mut self) -> PartWrite<'a> {
        self.flags |= sys::ENVRES_PART_ABSENT;
        self
    }

    /// Only if the part has this digest now, in hex as rows have it.
    pub fn expect(mut self, digest: &'a str) -> PartWrite<'a> {
        self.expect = Some(digest);
        self
    }
}

/// The digest that a part of these bytes has, in hex. C: `envres_part_digest()`.
pub fn part_digest(data: impl AsRef<[u8]>) -> Result<String> {
    let data = data.as_ref();
    let mut digest = [0; 32];
    // SAFETY: the bytes are valid during the call; 32 are ours.
    call(|err| unsafe {
        sys::envres_part_digest(data.as_ptr().cast(), data.len(), digest.as_mut_ptr(), err)
    })?;
    Ok(hex_of(&digest))
}

/// The files of an app's definition: [`Session::parts`]. Where a version is an `Option`, `None` is
/// the app's only draft.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'s>(pub(crate) &'s Session);

impl Parts<'_> {
    /// Edits a draft: all of the writes or none. Its new content digest, in hex.
    /// C: `envres_part_put()`.
    ///
    /// Errors: [`FROZEN`](crate::Code::FROZEN), [`CHANGED`](crate::Code::CHANGED),
    /// [`PATH`](crate::Code::PATH), [`NAME_TAKEN`](crate::Code::NAME_TAKEN),
    /// [`NOT_FOUND`](crate::Code::NOT_FOUND), [`LIMIT`](crate::Code::LIMIT),
    /// [`REASON`](crate::Code::REASON); the subject is the path.
    pub fn put(
        &self,
        app: &str,
        version: Option<&str>,
        writes: &[PartWrite<'_>],
        change: &Change<'_>,
    ) -> Result<String> {
        let (version, change) = (version_name(app, version), change.raw());
        let expected: Vec<Option<[u8; 32]>> = writes
            .iter()
            .map(|write| write.expect.map(|hex| digest_of(hex, "expect")).transpose())
            .collect::<Result<_>>()?;
        let array: Vec<_> = writes
            .iter()
            .zip(&expected)
            .map(|(write, expect)| sys::envres_part_write {
                flags: write.flags,
                path: write.path.as_ptr().cast(),
                path_len: write.path.len(),
                data: write.data.as_ptr().cast(),
                data_len: write.data.len(),
                expect: expect.as_ref().map_or(null(), |digest| digest.as_ptr()),
                ..Default::default()
            })
            .collect();
        let mut content = [0; 32];
        // SAFETY: the session is alive, what is given is valid during the call; 32 bytes are ours.
        call(|err| unsafe {
            sys::envres_part_put(
                self.0.raw(),
                &version,
                array.as_ptr(),
                array.len(),
                &change,
                content.as_mut_ptr(),
                err,
            )
        })?;
        Ok(hex_of(&content))
    }

    /// A part's bytes. C: `envres_part_get()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), with the nearest path;
    /// [`INTEGRITY`](crate::Code::INTEGRITY).
    pub fn get(&self, app: &str, version: Option<&str>, path: &str) -> Result<Vec<u8>> {
        let (version, path) = (version_name(app, version), raw(path));
        // SAFETY: as above.
        bytes_from(|out, err| unsafe {
            sys::envres_part_get(self.0.raw(), &version, path.at, path.len, out, err)
        })
    }

    /// The parts of a version, by path. C: `envres_part_list()`.
    pub fn list(&self, app: &str, version: Option<&str>) -> Result<Rows<PartRow>> {
        let version = version_name(app, version);
        // SAFETY: as above.
        Rows::from(|out, err| unsafe { sys::envres_part_list(self.0.raw(), &version, out, err) })
    }

    /// The edits of a version, of one path or (`None`) of all, newest first.
    /// C: `envres_part_history()`.
    pub fn history(
        &self,
        app: &str,
        version: Option<&str>,
        path: Option<&str>,
    ) -> Result<Rows<EditRow>> {
        let (version, path) = (version_name(app, version), raw_or_null(path));
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_part_history(self.0.raw(), &version, path.at, path.len, out, err)
        })
    }

    /// Brings a part back to what it was after an edit of it; 0: as the version was made.
    /// C: `envres_part_restore()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND) (an edit that is not of this path), those of
    /// [`put`](Parts::put).
    pub fn restore(
        &self,
        app: &str,
        version: Option<&str>,
        path: &str,
        edit: i64,
        change: &Change<'_>,
    ) -> Result<()> {
        let (version, path, change) = (version_name(app, version), raw(path), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_part_restore(self.0.raw(), &version, path.at, path.len, edit, &change, err)
        })
    }
}

/// What a release is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag<'a> {
    /// A semantic version, with an optional leading `v`.
    Exact(&'a str),
    /// The next over the highest of the app.
    Next(Bump),
}

/// A release: its tag, and what was looked at before deciding.
#[derive(Clone, Copy, Debug)]
pub struct Release<'a> {
    tag: Tag<'a>,
    seen: &'a VersionRow,
    expect_live: i64,
    notes: Option<&'a str>,
    dry_run: bool,
}

impl<'a> Release<'a> {
    /// `seen`: the row of the version; `expect_live`: sequence of the live release that was seen,
    /// 0: nothing was live. Where either differs from what is there now, it is
    /// [`CHANGED`](crate::Code::CHANGED), and nothing is done.
    pub fn new(tag: Tag<'a>, seen: &'a VersionRow, expect_live: i64) -> Release<'a> {
        Release { tag, seen, expect_live, notes: None, dry_run: false }
    }

    /// At most 64 KiB.
    pub fn notes(mut self, notes: &'a str) -> Release<'a> {
        self.notes = Some(notes);
        self
    }

    /// Answers as if it were done, and changes nothing.
    pub fn dry_run(mut self) -> Release<'a> {
        self.dry_run = true;
        self
    }
}

/// A rollback: to the release before the live one of another version, unless it says another.
#[derive(Clone, Copy, Debug)]
pub struct Rollback<'a> {
    to: Option<&'a str>,
    version: Option<&'a str>,
    expect_live: i64,
    check: bool,
    dry_run: bool,
}

impl<'a> Rollback<'a> {
    /// `expect_live`: as for [`Release::new`].
    pub fn new(expect_live: i64) -> Rollback<'a> {
        Rollback { to: None, version: None, expect_live, check: true, dry_run: false }
    }

    /// To the release with this tag.
    pub fn to(mut self, tag: &'a str) -> Rollback<'a> {
        self.to = Some(tag);
        self
    }

    /// To the newest release of this version.
    pub fn version(mut self, version: &'a str) -> Rollback<'a> {
        self.version = Some(version);
        self
    }

    /// Without the check that is made after it, and does not stop it.
    pub fn unchecked(mut self) -> Rollback<'a> {
        self.check = false;
        self
    }

    /// Answers as if it were done, and changes nothing.
    pub fn dry_run(mut self) -> Rollback<'a> {
        self.dry_run = true;
        self
    }
}

/// Making a version live, and taking that back: [`Session::releases`].
#[derive(Clone, Copy, Debug)]
pub struct Releases<'s>(pub(crate) &'s Session);

impl Releases<'_> {
    /// Makes a version live; the record, and warnings of the check. C: `envres_release_create()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`NOT_READY`](crate::Code::NOT_READY),
    /// [`ALREADY_LIVE`](crate::Code::ALREADY_LIVE), [`DISCARDED`](crate::Code::DISCARDED),
    /// [`TAG`](crate::Code::TAG), [`TAG_TAKEN`](crate::Code::TAG_TAKEN),
    /// [`LIMIT`](crate::Code::LIMIT), [`CHANGED`](crate::Code::CHANGED),
    /// [`CHECK`](crate::Code::CHECK), [`REASON`](crate::Code::REASON),
    /// [`APPROVALS`](crate::Code::APPROVALS), [`DENIED`](crate::Code::DENIED).
    pub fn create(
        &self,
        app: &str,
        version: &str,
        release: &Release<'_>,
        change: &Change<'_>,
    ) -> Result<(ReleaseRow, Vec<FindingRow>)> {
        let (version, change) = (version_name(app, Some(version)), change.raw());
        let (tag, bump) = match release.tag {
            Tag::Exact(tag) => (Some(tag), Bump::None),
            Tag::Next(bump) => (None, bump),
        };
        let content = digest_of(&release.seen.content, "content")?;
        let (tag, notes) = (raw_or_null(tag), raw_or_null(release.notes));
        let options = sys::envres_release_options {
            flags: flag(release.dry_run, sys::ENVRES_MOVE_DRY_RUN),
            tag: tag.at,
            tag_len: tag.len,
            bump: bump.raw(),
            notes: notes.at,
            notes_len: notes.len,
            expect_content: content.as_ptr(),
            expect_live: release.expect_live,
            ..Default::default()
        };
        let mut list = null_mut();
        // SAFETY: the session is alive, what is given is valid during the call.
        let record = Rows::from(|out, err| unsafe {
            sys::envres_release_create(
                self.0.raw(),
                &version,
                &options,
                &change,
                out,
                &mut list,
                err,
            )
        });
        told(record, list)
    }

    /// Makes an earlier release live again, as a new record; what a check of it found does not stop
    /// it. C: `envres_release_rollback()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND),
    /// [`NOTHING_BEFORE`](crate::Code::NOTHING_BEFORE),
    /// [`NEVER_RELEASED`](crate::Code::NEVER_RELEASED),
    /// [`ALREADY_LIVE`](crate::Code::ALREADY_LIVE), [`DISCARDED`](crate::Code::DISCARDED),
    /// [`CHANGED`](crate::Code::CHANGED), [`REASON`](crate::Code::REASON).
    pub fn rollback(
        &self,
        app: &str,
        rollback: &Rollback<'_>,
        change: &Change<'_>,
    ) -> Result<(ReleaseRow, Vec<FindingRow>)> {
        let (app, change) = (raw(app), change.raw());
        let (to, version) = (raw_or_null(rollback.to), raw_or_null(rollback.version));
        let options = sys::envres_rollback_options {
            flags: flag(rollback.dry_run, sys::ENVRES_MOVE_DRY_RUN),
            to: to.at,
            to_len: to.len,
            version: version.at,
            version_len: version.len,
            expect_live: rollback.expect_live,
            ..Default::default()
        };
        let mut list = null_mut();
        let wanted: *mut *mut sys::envres_list =
            if rollback.check { &mut list } else { null_mut() };
        // SAFETY: as above.
        let record = Rows::from(|out, err| unsafe {
            sys::envres_release_rollback(
                self.0.raw(),
                app.at,
                app.len,
                &options,
                &change,
                out,
                wanted,
                err,
            )
        });
        told(record, list)
    }

    /// Takes the live release back: the app has none then. C: `envres_release_withdraw()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND),
    /// [`NOTHING_LIVE`](crate::Code::NOTHING_LIVE), [`CHANGED`](crate::Code::CHANGED),
    /// [`REASON`](crate::Code::REASON).
    pub fn withdraw(&self, app: &str, expect_live: i64, change: &Change<'_>) -> Result<ReleaseRow> {
        let (app, change) = (raw(app), change.raw());
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_release_withdraw(
                self.0.raw(),
                app.at,
                app.len,
                expect_live,
                &change,
                out,
                err,
            )
        })?
        .only()
    }

    /// The releases of an app, newest first. C: `envres_release_list()`.
    pub fn list(&self, app: &str) -> Result<Rows<ReleaseRow>> {
        let app = raw(app);
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_release_list(self.0.raw(), app.at, app.len, out, err)
        })
    }
}

/// A record with its findings: the list is taken over whatever becomes of the record.
fn told(
    record: Result<Rows<ReleaseRow>>,
    list: *mut sys::envres_list,
) -> Result<(ReleaseRow, Vec<FindingRow>)> {
    let findings = findings(list);
    Ok((record?.only()?, findings?))
}
