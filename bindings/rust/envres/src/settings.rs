// SPDX-License-Identifier: MIT
//! Environments, variables, resources.

use crate::error::call;
use crate::input::{choice, expected, flag, raw, raw_or_null};
use crate::session::integer;
use crate::value::text_from;
use crate::{
    Change, EnvironmentRow, Field, HistoryRow, ResourceRow, Result, Rows, Session, Text,
    VariableRow, Write,
};
use envres_sys as sys;

/// An environment to be added; [`Default`]: at the end of the path.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewEnvironment<'a> {
    /// For people, at most 200 bytes; `None`: the key.
    pub label: Option<&'a str>,
    /// `"#rrggbb"` or a lower-case name.
    pub color: Option<&'a str>,
    /// The environment it follows on the path; `None`: the last.
    pub after: Option<&'a str>,
    /// Not on the promotion path.
    pub off_path: bool,
}

/// What of an environment is to be changed; `None` stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct EnvironmentEdit<'a> {
    /// For people, at most 200 bytes.
    pub label: Option<&'a str>,
    /// `"#rrggbb"` or a lower-case name.
    pub color: Option<&'a str>,
    /// Whether it is protected.
    pub protected: Option<bool>,
    /// Whether changes there need a reason.
    pub require_reason: Option<bool>,
    /// How many others must approve what is done there; at most 16.
    pub approvals: Option<u32>,
    /// Whether editors may reveal secrets, unless it is protected.
    pub editors_reveal: Option<bool>,
    /// Whether rollbacks need the approvals too.
    pub rollback_approvals: Option<bool>,
}

/// Named configuration contexts: [`Session::environments`].
#[derive(Clone, Copy, Debug)]
pub struct Environments<'s>(pub(crate) &'s Session);

impl Environments<'_> {
    /// Adds one, with fresh keys. `key`: 1 to 64 of `a-z 0-9 - _`. C: `envres_environment_add()`.
    ///
    /// Errors: [`NAME`](crate::Code::NAME), [`NAME_TAKEN`](crate::Code::NAME_TAKEN),
    /// [`NOT_FOUND`](crate::Code::NOT_FOUND), [`DENIED`](crate::Code::DENIED).
    pub fn add(&self, key: &str, options: &NewEnvironment<'_>, change: &Change<'_>) -> Result<()> {
        let (key, change, label) = (raw(key), change.raw(), raw_or_null(options.label));
        let (color, after) = (raw_or_null(options.color), raw_or_null(options.after));
        let options = sys::envres_environment_options {
            flags: flag(options.off_path, sys::ENVRES_ENVIRONMENT_OFF_PATH),
            label: label.at,
            label_len: label.len,
            color: color.at,
            color_len: color.len,
            after: after.at,
            after_len: after.len,
            ..Default::default()
        };
        // SAFETY: the session is alive, what is given is valid during the call.
        call(|err| unsafe {
            sys::envres_environment_add(self.0.raw(), key.at, key.len, &options, &change, err)
        })
    }

    /// Removes one and its keys; what was sealed under them cannot be read again.
    /// C: `envres_environment_remove()`.
    ///
    /// Errors: [`FIXED`](crate::Code::FIXED), [`NOT_FOUND`](crate::Code::NOT_FOUND),
    /// [`REFERRED`](crate::Code::REFERRED) ([`Change::force`]), [`DENIED`](crate::Code::DENIED).
    pub fn remove(&self, key: &str, change: &Change<'_>) -> Result<()> {
        let (key, change) = (raw(key), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_environment_remove(self.0.raw(), key.at, key.len, &change, err)
        })
    }

    /// Changes label, colour, protection. What lowers protection takes an owner, and the approvals
    /// needed so far. C: `envres_environment_set()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`QUORUM`](crate::Code::QUORUM),
    /// [`APPROVALS`](crate::Code::APPROVALS), [`LIMIT`](crate::Code::LIMIT).
    pub fn set(&self, key: &str, edit: &EnvironmentEdit<'_>, change: &Change<'_>) -> Result<()> {
        let (key, change) = (raw(key), change.raw());
        let (label, color) = (raw_or_null(edit.label), raw_or_null(edit.color));
        let options = sys::envres_environment_options {
            flags: environment_flags(edit),
            label: label.at,
            label_len: label.len,
            color: color.at,
            color_len: color.len,
            approvals: edit.approvals.unwrap_or(0),
            ..Default::default()
        };
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_environment_set(self.0.raw(), key.at, key.len, &options, &change, err)
        })
    }

    /// All: the path in order, then the others by key. C: `envres_environment_list()`.
    pub fn list(&self) -> Result<Rows<EnvironmentRow>> {
        // SAFETY: the session is alive.
        Rows::from(|out, err| unsafe { sys::envres_environment_list(self.0.raw(), out, err) })
    }

    /// One. C: `envres_environment_describe()`. Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), with
    /// the nearest name.
    pub fn describe(&self, key: &str) -> Result<EnvironmentRow> {
        let key = raw(key);
        // SAFETY: the session is alive, the key valid during the call.
        Rows::from(|out, err| unsafe {
            sys::envres_environment_describe(self.0.raw(), key.at, key.len, out, err)
        })?
        .only()
    }
}

fn environment_flags(edit: &EnvironmentEdit<'_>) -> u32 {
    choice(edit.protected, sys::ENVRES_ENVIRONMENT_PROTECT, sys::ENVRES_ENVIRONMENT_UNPROTECT)
        | choice(
            edit.require_reason,
            sys::ENVRES_ENVIRONMENT_REASON,
            sys::ENVRES_ENVIRONMENT_NO_REASON,
        )
        | choice(
            edit.editors_reveal,
            sys::ENVRES_ENVIRONMENT_EDITORS_REVEAL,
            sys::ENVRES_ENVIRONMENT_NO_EDITORS_REVEAL,
        )
        | choice(
            edit.rollback_approvals,
            sys::ENVRES_ENVIRONMENT_ROLLBACK_APPROVALS,
            sys::ENVRES_ENVIRONMENT_NO_ROLLBACK_APPROVALS,
        )
        | flag(edit.approvals.is_some(), sys::ENVRES_ENVIRONMENT_SET_APPROVALS)
}

fn reading(reveal: bool) -> u32 {
    flag(reveal, sys::ENVRES_READ_REVEAL)
}

/// Names with one value per environment: [`Session::variables`].
#[derive(Clone, Copy, Debug)]
pub struct Variables<'s>(pub(crate) &'s Session);

impl Variables<'_> {
    /// Sets one; durable when it returns. The configuration revision made. `write`: text, a
    /// [`Secret`](crate::Secret), or a [`Write`] that says more. C: `envres_variable_put()`.
    ///
    /// ```
    /// # let owner = envres::Credential::raw_key(&envres::generate_key()?);
    /// # let session = envres::Store::in_memory(&owner)?.session(&owner, None)?;
    /// use envres::{Change, Type, Write};
    /// let change = Change::none();
    /// session.variables().put("development", "HOST", "localhost", &change)?;
    /// let port = Write::new("5432").kind(Type::Number).expect(0);
    /// session.variables().put("development", "PORT", port, &change)?;
    /// # Ok::<(), envres::Error>(())
    /// ```
    ///
    /// Errors: [`NAME`](crate::Code::NAME), [`UTF8`](crate::Code::UTF8),
    /// [`LIMIT`](crate::Code::LIMIT), [`TYPE`](crate::Code::TYPE), [`JSON`](crate::Code::JSON),
    /// [`SYNTAX`](crate::Code::SYNTAX), [`CYCLE`](crate::Code::CYCLE),
    /// [`CHANGED`](crate::Code::CHANGED), [`REASON`](crate::Code::REASON),
    /// [`DENIED`](crate::Code::DENIED), [`NOT_FOUND`](crate::Code::NOT_FOUND), and those of writing
    /// the store.
    pub fn put<'a>(
        &self,
        environment: &str,
        name: &str,
        write: impl Into<Write<'a>>,
        change: &Change<'_>,
    ) -> Result<i64> {
        let (environment, write, change) = (raw(environment), write.into(), change.raw());
        let write = write.raw(name);
        // SAFETY: the session is alive, what is given is valid during the call.
        integer(|revision, err| unsafe {
            sys::envres_variable_put(
                self.0.raw(),
                environment.at,
                environment.len,
                &write,
                &change,
                revision,
                err,
            )
        })
    }

    /// Sets many, all or none, in one transaction; at most 100,000. C: `envres_variable_put_many()`.
    ///
    /// Errors: those of [`put`](Variables::put); the subject is the name at fault.
    pub fn put_many<'a, N: AsRef<str>, W: Into<Write<'a>>>(
        &self,
        environment: &str,
        writes: impl IntoIterator<Item = (N, W)>,
        change: &Change<'_>,
    ) -> Result<i64> {
        let (environment, change) = (raw(environment), change.raw());
        let writes: Vec<(N, Write<'a>)> =
            writes.into_iter().map(|(name, write)| (name, write.into())).collect();
        let array: Vec<_> = writes.iter().map(|(name, write)| write.raw(name.as_ref())).collect();
        // SAFETY: as above; the structs point into `writes`.
        integer(|revision, err| unsafe {
            sys::envres_variable_put_many(
                self.0.raw(),
                environment.at,
                environment.len,
                array.as_ptr(),
                array.len(),
                &change,
                revision,
                err,
            )
        })
    }

    /// Takes the value away in one environment; history keeps it. C: `envres_variable_unset()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`NOT_SET`](crate::Code::NOT_SET),
    /// [`REASON`](crate::Code::REASON), [`DENIED`](crate::Code::DENIED).
    pub fn unset(&self, environment: &str, name: &str, change: &Change<'_>) -> Result<i64> {
        let (environment, name, change) = (raw(environment), raw(name), change.raw());
        // SAFETY: as above.
        integer(|revision, err| unsafe {
            sys::envres_variable_unset(
                self.0.raw(),
                environment.at,
                environment.len,
                name.at,
                name.len,
                &change,
                revision,
                err,
            )
        })
    }

    /// The present value as it was written, a template unexpanded. C: `envres_variable_get()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`NOT_SET`](crate::Code::NOT_SET),
    /// [`SECRET_SINK`](crate::Code::SECRET_SINK) (a secret, and `reveal` is false),
    /// [`DENIED`](crate::Code::DENIED), [`INTEGRITY`](crate::Code::INTEGRITY).
    pub fn get(&self, environment: &str, name: &str, reveal: bool) -> Result<Text> {
        let (environment, name) = (raw(environment), raw(name));
        // SAFETY: as above.
        text_from(|out, err| unsafe {
            sys::envres_variable_get(
                self.0.raw(),
                environment.at,
                environment.len,
                name.at,
                name.len,
                reading(reveal),
                out,
                err,
            )
        })
    }

    /// All, by name, then by environment in path order; `None`: of every environment. Without
    /// `reveal` secrets are null. C: `envres_variable_list()`.
    pub fn list(&self, environment: Option<&str>, reveal: bool) -> Result<Rows<VariableRow>> {
        let environment = raw_or_null(environment);
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_variable_list(
                self.0.raw(),
                environment.at,
                environment.len,
                reading(reveal),
                out,
                err,
            )
        })
    }

    /// What it was in one environment, newest first. C: `envres_variable_history()`.
    pub fn history(&self, environment: &str, name: &str, reveal: bool) -> Result<Rows<HistoryRow>> {
        let (environment, name) = (raw(environment), raw(name));
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_variable_history(
                self.0.raw(),
                environment.at,
                environment.len,
                name.at,
                name.len,
                reading(reveal),
                out,
                err,
            )
        })
    }

    /// Renames it in all environments. C: `envres_variable_rename()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`NAME`](crate::Code::NAME),
    /// [`NAME_TAKEN`](crate::Code::NAME_TAKEN), [`REFERRED`](crate::Code::REFERRED)
    /// ([`Change::force`]).
    pub fn rename(&self, name: &str, to: &str, change: &Change<'_>) -> Result<()> {
        let (name, to, change) = (raw(name), raw(to), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_variable_rename(
                self.0.raw(),
                name.at,
                name.len,
                to.at,
                to.len,
                &change,
                err,
            )
        })
    }

    /// Deletes it in all environments; older revisions still have it. C: `envres_variable_delete()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`REFERRED`](crate::Code::REFERRED)
    /// ([`Change::force`]).
    pub fn delete(&self, name: &str, change: &Change<'_>) -> Result<()> {
        let (name, change) = (raw(name), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_variable_delete(self.0.raw(), name.at, name.len, &change, err)
        })
    }

    /// Destroys the value of one older revision, for good. `name`: a variable's, or
    /// `"resource/HANDLE/FIELD"`. C: `envres_variable_destroy()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`NOT_SET`](crate::Code::NOT_SET),
    /// [`REFERRED`](crate::Code::REFERRED) (the current one; or a live release is pinned to it:
    /// [`Change::force`]), [`REASON`](crate::Code::REASON), [`DENIED`](crate::Code::DENIED),
    /// [`INTEGRITY`](crate::Code::INTEGRITY).
    pub fn destroy(
        &self,
        environment: &str,
        name: &str,
        revision: i64,
        change: &Change<'_>,
    ) -> Result<()> {
        let (environment, name, change) = (raw(environment), raw(name), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_variable_destroy(
                self.0.raw(),
                environment.at,
                environment.len,
                name.at,
                name.len,
                revision,
                &change,
                err,
            )
        })
    }
}

/// Handles with a kind, and settings per environment: [`Session::resources`].
#[derive(Clone, Copy, Debug)]
pub struct Resources<'s>(pub(crate) &'s Session);

impl Resources<'_> {
    /// Defines one. The same handle with the same kind again changes nothing.
    /// C: `envres_resource_define()`.
    ///
    /// Errors: [`NAME`](crate::Code::NAME), [`NOT_FOUND`](crate::Code::NOT_FOUND) (kind),
    /// [`REFERRED`](crate::Code::REFERRED) (it is of another kind, and used: [`Change::force`]).
    pub fn define(&self, handle: &str, kind: &str, change: &Change<'_>) -> Result<()> {
        let (handle, kind, change) = (raw(handle), raw(kind), change.raw());
        // SAFETY: the session is alive, what is given is valid during the call.
        call(|err| unsafe {
            sys::envres_resource_define(
                self.0.raw(),
                handle.at,
                handle.len,
                kind.at,
                kind.len,
                &change,
                err,
            )
        })
    }

    /// Sets fields; those not named stay as they are. The configuration revision made. `expect`: as
    /// [`Write::expect`], about the resource's newest setting there.
    /// C: `envres_resource_configure()`.
    ///
    /// ```
    /// # let owner = envres::Credential::raw_key(&envres::generate_key()?);
    /// # let session = envres::Store::in_memory(&owner)?.session(&owner, None)?;
    /// use envres::{Change, Field, Secret};
    /// let (change, password) = (Change::none(), Secret::new("p@ss"));
    /// session.resources().define("crm", "postgres", &change)?;
    /// let fields: [(&str, Field); 4] = [
    ///     ("host", "db".into()),
    ///     ("port", 5433.into()),
    ///     ("database", "crm".into()),
    ///     ("password", Field::from(&password)),
    /// ];
    /// session.resources().configure("development", "crm", fields, None, &change)?;
    /// # Ok::<(), envres::Error>(())
    /// ```
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`FIELD`](crate::Code::FIELD),
    /// [`TYPE`](crate::Code::TYPE), [`SYNTAX`](crate::Code::SYNTAX), [`UTF8`](crate::Code::UTF8),
    /// [`LIMIT`](crate::Code::LIMIT), [`CHANGED`](crate::Code::CHANGED),
    /// [`REASON`](crate::Code::REASON), [`DENIED`](crate::Code::DENIED).
    pub fn configure<'a, N: AsRef<str>, F: Into<Field<'a>>>(
        &self,
        environment: &str,
        handle: &str,
        fields: impl IntoIterator<Item = (N, F)>,
        expect: Option<i64>,
        change: &Change<'_>,
    ) -> Result<i64> {
        let (environment, handle, change) = (raw(environment), raw(handle), change.raw());
        let fields: Vec<(N, Field<'a>)> =
            fields.into_iter().map(|(name, field)| (name, field.into())).collect();
        let array: Vec<_> = fields.iter().map(|(name, field)| field.raw(name.as_ref())).collect();
        let write = sys::envres_resource_write {
            handle: handle.at,
            handle_len: handle.len,
            fields: array.as_ptr(),
            count: array.len(),
            expect_revision: expected(expect),
            ..Default::default()
        };
        // SAFETY: as above; the structs point into `fields`.
        integer(|revision, err| unsafe {
            sys::envres_resource_configure(
                self.0.raw(),
                environment.at,
                environment.len,
                &write,
                &change,
                revision,
                err,
            )
        })
    }

    /// Declares that it takes the settings of the environment `to` where it has none; `None`
    /// withdraws that. C: `envres_resource_fallback()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`FALLBACK`](crate::Code::FALLBACK).
    pub fn fallback(
        &self,
        environment: &str,
        handle: &str,
        to: Option<&str>,
        change: &Change<'_>,
    ) -> Result<()> {
        let (environment, handle) = (raw(environment), raw(handle));
        let (to, change) = (raw_or_null(to), change.raw());
        let fallback = sys::envres_fallback {
            handle: handle.at,
            handle_len: handle.len,
            to: to.at,
            to_len: to.len,
            ..Default::default()
        };
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_resource_fallback(
                self.0.raw(),
                environment.at,
                environment.len,
                &fallback,
                &change,
                err,
            )
        })
    }

    /// Removes it everywhere; older revisions still have it. C: `envres_resource_remove()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`REFERRED`](crate::Code::REFERRED)
    /// ([`Change::force`]).
    pub fn remove(&self, handle: &str, change: &Change<'_>) -> Result<()> {
        let (handle, change) = (raw(handle), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_resource_remove(self.0.raw(), handle.at, handle.len, &change, err)
        })
    }

    /// All, by handle, then by environment in path order. C: `envres_resource_list()`.
    pub fn list(&self) -> Result<Rows<ResourceRow>> {
        // SAFETY: the session is alive.
        Rows::from(|out, err| unsafe { sys::envres_resource_list(self.0.raw(), out, err) })
    }

    /// What it was in one environment, newest first. C: `envres_resource_history()`.
    pub fn history(
        &self,
        environment: &str,
        handle: &str,
        reveal: bool,
    ) -> Result<Rows<HistoryRow>> {
        let (environment, handle) = (raw(environment), raw(handle));
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_resource_history(
                self.0.raw(),
                environment.at,
                environment.len,
                handle.at,
                handle.len,
                reading(reveal),
                out,
                err,
            )
        })
    }
}
