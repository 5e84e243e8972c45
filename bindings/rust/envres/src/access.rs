// SPDX-License-Identifier: MIT
//! Principals, roles, slots, keys, deposits, requests, the audit.

use crate::error::call;
use crate::input::{flag, nul_terminated, raw, raw_or_null};
use crate::list::milliseconds_of;
use crate::session::integer;
use crate::{
    AuditRow, Change, Checkpoint, Credential, ExposureRow, InboxRow, PrincipalRow, RequestRow,
    Result, Role, Rows, Session, SlotRow, VerifyRow,
};
use envres_sys as sys;

/// Who acts, with which keys: [`Session::principals`].
#[derive(Clone, Copy, Debug)]
pub struct Principals<'s>(pub(crate) &'s Session);

impl Principals<'_> {
    /// Adds one with its first slot, and grants it a role in these environments; in none of them
    /// named: in all. C: `envres_principal_add()`.
    ///
    /// Errors: [`NAME`](crate::Code::NAME), [`NAME_TAKEN`](crate::Code::NAME_TAKEN),
    /// [`DENIED`](crate::Code::DENIED), [`NOT_FOUND`](crate::Code::NOT_FOUND),
    /// [`KEY_FORMAT`](crate::Code::KEY_FORMAT), [`KDF_LIMIT`](crate::Code::KDF_LIMIT).
    pub fn add(
        &self,
        name: &str,
        credential: &Credential,
        role: Option<Role>,
        environments: &[&str],
        change: &Change<'_>,
    ) -> Result<()> {
        let (name, credential, change) = (raw(name), credential.raw(), change.raw());
        let keys: Vec<_> = environments
            .iter()
            .map(|key| nul_terminated(key, "the key of an environment"))
            .collect::<Result<_>>()?;
        let array: Vec<_> = keys.iter().map(|key| key.as_ptr()).collect();
        let options = sys::envres_principal_options {
            role: role.map_or(0, Role::raw),
            environments: array.as_ptr(),
            count: array.len(),
            credential: &credential,
            ..Default::default()
        };
        // SAFETY: the session is alive, what is given is valid during the call.
        call(|err| unsafe {
            sys::envres_principal_add(self.0.raw(), name.at, name.len, &options, &change, err)
        })
    }

    /// Removes its slots, roles and keys. C: `envres_principal_remove()`.
    ///
    /// Errors: [`NO_PRINCIPAL`](crate::Code::NO_PRINCIPAL),
    /// [`LAST_OWNER`](crate::Code::LAST_OWNER), [`DENIED`](crate::Code::DENIED).
    pub fn remove(&self, name: &str, change: &Change<'_>) -> Result<()> {
        let (name, change) = (raw(name), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_principal_remove(self.0.raw(), name.at, name.len, &change, err)
        })
    }

    /// All, by name: a row for each role of each. C: `envres_principal_list()`.
    pub fn list(&self) -> Result<Rows<PrincipalRow>> {
        // SAFETY: the session is alive.
        Rows::from(|out, err| unsafe { sys::envres_principal_list(self.0.raw(), out, err) })
    }

    /// A new identity for one whose key was lost or may be known. C: `envres_principal_rekey()`.
    ///
    /// Errors: [`NO_PRINCIPAL`](crate::Code::NO_PRINCIPAL),
    /// [`OWN_CHANGE`](crate::Code::OWN_CHANGE), [`DENIED`](crate::Code::DENIED),
    /// [`KEY_FORMAT`](crate::Code::KEY_FORMAT), [`KDF_LIMIT`](crate::Code::KDF_LIMIT).
    pub fn rekey(&self, name: &str, credential: &Credential, change: &Change<'_>) -> Result<()> {
        let (name, credential, change) = (raw(name), credential.raw(), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_principal_rekey(self.0.raw(), name.at, name.len, &credential, &change, err)
        })
    }
}

/// What principals may do: [`Session::roles`].
#[derive(Clone, Copy, Debug)]
pub struct Roles<'s>(pub(crate) &'s Session);

impl Roles<'_> {
    /// Gives a role and its keys; `None`: in all environments. C: `envres_role_grant()`.
    ///
    /// Errors: [`NO_PRINCIPAL`](crate::Code::NO_PRINCIPAL),
    /// [`NOT_FOUND`](crate::Code::NOT_FOUND), [`DENIED`](crate::Code::DENIED),
    /// [`OWN_CHANGE`](crate::Code::OWN_CHANGE).
    pub fn grant(
        &self,
        principal: &str,
        role: Role,
        environment: Option<&str>,
        change: &Change<'_>,
    ) -> Result<()> {
        let (role, change) = (role_of(principal, role, environment), change.raw());
        // SAFETY: the session is alive, what is given is valid during the call.
        call(|err| unsafe { sys::envres_role_grant(self.0.raw(), &role, &change, err) })
    }

    /// Takes a role back. C: `envres_role_revoke()`.
    ///
    /// Errors: those of [`grant`](Roles::grant); [`NOT_SET`](crate::Code::NOT_SET),
    /// [`LAST_OWNER`](crate::Code::LAST_OWNER).
    pub fn revoke(
        &self,
        principal: &str,
        role: Role,
        environment: Option<&str>,
        change: &Change<'_>,
    ) -> Result<()> {
        let (role, change) = (role_of(principal, role, environment), change.raw());
        // SAFETY: as above.
        call(|err| unsafe { sys::envres_role_revoke(self.0.raw(), &role, &change, err) })
    }
}

/// The struct, which borrows from both texts.
fn role_of(principal: &str, role: Role, environment: Option<&str>) -> sys::envres_role {
    let (principal, environment) = (raw(principal), raw_or_null(environment));
    sys::envres_role {
        role: role.raw(),
        principal: principal.at,
        principal_len: principal.len,
        environment: environment.at,
        environment_len: environment.len,
        ..Default::default()
    }
}

/// The ways to unlock the session's own principal: [`Session::slots`].
#[derive(Clone, Copy, Debug)]
pub struct Slots<'s>(pub(crate) &'s Session);

impl Slots<'_> {
    /// All, oldest first. C: `envres_slot_list()`.
    ///
    /// Errors: [`INTEGRITY`](crate::Code::INTEGRITY) when somebody else changed their set.
    pub fn list(&self) -> Result<Rows<SlotRow>> {
        // SAFETY: the session is alive.
        Rows::from(|out, err| unsafe { sys::envres_slot_list(self.0.raw(), out, err) })
    }

    /// Adds one; its ordinal. C: `envres_slot_add()`.
    ///
    /// Errors: [`NAME`](crate::Code::NAME) (the label), [`KEY_FORMAT`](crate::Code::KEY_FORMAT),
    /// [`KDF_LIMIT`](crate::Code::KDF_LIMIT), [`CALLBACK`](crate::Code::CALLBACK),
    /// [`LIMIT`](crate::Code::LIMIT) (16 slots), [`DENIED`](crate::Code::DENIED).
    pub fn add(&self, label: &str, credential: &Credential, change: &Change<'_>) -> Result<i64> {
        let (label, credential, change) = (raw(label), credential.raw(), change.raw());
        // SAFETY: the session is alive, what is given is valid during the call.
        integer(|ordinal, err| unsafe {
            sys::envres_slot_add(
                self.0.raw(),
                label.at,
                label.len,
                &credential,
                &change,
                ordinal,
                err,
            )
        })
    }

    /// Puts another credential into one: a new passphrase. C: `envres_slot_change()`.
    ///
    /// Errors: those of [`add`](Slots::add); [`NOT_FOUND`](crate::Code::NOT_FOUND).
    pub fn change(&self, ordinal: i64, credential: &Credential, change: &Change<'_>) -> Result<()> {
        let (credential, change) = (credential.raw(), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_slot_change(self.0.raw(), ordinal, &credential, &change, err)
        })
    }

    /// Removes one. C: `envres_slot_remove()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`REFERRED`](crate::Code::REFERRED) (the last
    /// one stays), [`DENIED`](crate::Code::DENIED).
    pub fn remove(&self, ordinal: i64, change: &Change<'_>) -> Result<()> {
        let change = change.raw();
        // SAFETY: as above.
        call(|err| unsafe { sys::envres_slot_remove(self.0.raw(), ordinal, &change, err) })
    }
}

/// The keys of environments: [`Session::keys`].
#[derive(Clone, Copy, Debug)]
pub struct Keys<'s>(pub(crate) &'s Session);

impl Keys<'_> {
    /// Begins a rotation, or goes on with one; the secrets to change at their source. Then call
    /// [`rotate_step`](Keys::rotate_step) until it gives 0. C: `envres_key_rotate()`.
    ///
    /// Errors: [`DENIED`](crate::Code::DENIED), [`NOT_FOUND`](crate::Code::NOT_FOUND).
    pub fn rotate(&self, environment: &str, change: &Change<'_>) -> Result<Rows<ExposureRow>> {
        let (environment, change) = (raw(environment), change.raw());
        // SAFETY: the session is alive, what is given is valid during the call.
        Rows::from(|out, err| unsafe {
            sys::envres_key_rotate(self.0.raw(), environment.at, environment.len, &change, out, err)
        })
    }

    /// Seals at most 256 records anew; how many are left. C: `envres_key_rotate_step()`.
    ///
    /// Errors: [`DENIED`](crate::Code::DENIED), [`NOT_FOUND`](crate::Code::NOT_FOUND),
    /// [`INTEGRITY`](crate::Code::INTEGRITY).
    pub fn rotate_step(&self, environment: &str) -> Result<i64> {
        let environment = raw(environment);
        // SAFETY: as above.
        integer(|left, err| unsafe {
            sys::envres_key_rotate_step(self.0.raw(), environment.at, environment.len, left, err)
        })
    }

    /// The report without a rotation; `None`: of all environments. C: `envres_key_exposure()`.
    pub fn exposure(&self, environment: Option<&str>) -> Result<Rows<ExposureRow>> {
        let environment = raw_or_null(environment);
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_key_exposure(self.0.raw(), environment.at, environment.len, out, err)
        })
    }
}

/// Deposits that wait in an environment: [`Session::inbox`]. An id is given as listed, or at least
/// its first 8 digits.
#[derive(Clone, Copy, Debug)]
pub struct Inbox<'s>(pub(crate) &'s Session);

impl Inbox<'_> {
    /// What waits, oldest first; never a value. C: `envres_inbox_list()`.
    pub fn list(&self, environment: &str) -> Result<Rows<InboxRow>> {
        let environment = raw(environment);
        // SAFETY: the session is alive, what is given is valid during the call.
        Rows::from(|out, err| unsafe {
            sys::envres_inbox_list(self.0.raw(), environment.at, environment.len, out, err)
        })
    }

    /// Takes one in; the configuration revision made. C: `envres_inbox_accept()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`CHANGED`](crate::Code::CHANGED) (stale),
    /// [`INTEGRITY`](crate::Code::INTEGRITY), [`DENIED`](crate::Code::DENIED), and those of
    /// [`Variables::put`](crate::Variables::put).
    pub fn accept(&self, environment: &str, id: &str, change: &Change<'_>) -> Result<i64> {
        let (environment, id, change) = (raw(environment), raw(id), change.raw());
        // SAFETY: as above.
        integer(|revision, err| unsafe {
            sys::envres_inbox_accept(
                self.0.raw(),
                environment.at,
                environment.len,
                id.at,
                id.len,
                &change,
                revision,
                err,
            )
        })
    }

    /// Throws one away, whatever its state. C: `envres_inbox_reject()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`DENIED`](crate::Code::DENIED).
    pub fn reject(&self, environment: &str, id: &str, change: &Change<'_>) -> Result<()> {
        let (environment, id, change) = (raw(environment), raw(id), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_inbox_reject(
                self.0.raw(),
                environment.at,
                environment.len,
                id.at,
                id.len,
                &change,
                err,
            )
        })
    }
}

/// Changes that wait for the approval of others: [`Session::requests`]. An id is given as listed,
/// or at least its first 8 digits.
#[derive(Clone, Copy, Debug)]
pub struct Requests<'s>(pub(crate) &'s Session);

impl Requests<'_> {
    /// Those of the workspace, oldest first; `all`: closed ones too. C: `envres_request_list()`.
    pub fn list(&self, all: bool) -> Result<Rows<RequestRow>> {
        let flags = flag(all, sys::ENVRES_REQUEST_ALL);
        // SAFETY: the session is alive.
        Rows::from(|out, err| unsafe { sys::envres_request_list(self.0.raw(), flags, out, err) })
    }

    /// One. C: `envres_request_show()`. Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND).
    pub fn show(&self, id: &str) -> Result<RequestRow> {
        let id = raw(id);
        // SAFETY: the session is alive, what is given is valid during the call.
        Rows::from(|out, err| unsafe {
            sys::envres_request_show(self.0.raw(), id.at, id.len, out, err)
        })?
        .only()
    }

    /// Approves with the session's own key. C: `envres_request_approve()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`CLOSED`](crate::Code::CLOSED),
    /// [`DENIED`](crate::Code::DENIED), [`OWN_CHANGE`](crate::Code::OWN_CHANGE).
    pub fn approve(&self, id: &str, change: &Change<'_>) -> Result<()> {
        let (id, change) = (raw(id), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_request_approve(self.0.raw(), id.at, id.len, &change, err)
        })
    }

    /// Takes one back: its requester, or an owner. C: `envres_request_withdraw()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`CLOSED`](crate::Code::CLOSED),
    /// [`DENIED`](crate::Code::DENIED).
    pub fn withdraw(&self, id: &str, change: &Change<'_>) -> Result<()> {
        let (id, change) = (raw(id), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_request_withdraw(self.0.raw(), id.at, id.len, &change, err)
        })
    }

    /// Does what was asked for, when enough have approved; what it made.
    /// C: `envres_request_run()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`CLOSED`](crate::Code::CLOSED),
    /// [`APPROVALS`](crate::Code::APPROVALS), [`DENIED`](crate::Code::DENIED), and those of the
    /// change itself.
    pub fn run(&self, id: &str, change: &Change<'_>) -> Result<i64> {
        let (id, change) = (raw(id), change.raw());
        // SAFETY: as above.
        integer(|revision, err| unsafe {
            sys::envres_request_run(self.0.raw(), id.at, id.len, &change, revision, err)
        })
    }
}

/// Which entries of the audit; [`Default`]: all.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditQuery<'a> {
    /// Entries behind this sequence number.
    pub since: i64,
    /// At most so many; 0: all.
    pub limit: i64,
    /// Of this environment; `None`: of all, and those of none.
    pub environment: Option<&'a str>,
    /// Of this app, its versions and parts; `None`: of all.
    pub app: Option<&'a str>,
}

/// What [`Audit::verify`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Sequence of the first entry that is wrong or missing.
    pub first_bad: Option<i64>,
    /// What is wrong.
    pub findings: Vec<VerifyRow>,
}

/// One entry for every change, and for every one that was refused: [`Session::audit`].
#[derive(Clone, Copy, Debug)]
pub struct Audit<'s>(pub(crate) &'s Session);

impl Audit<'_> {
    /// Entries, oldest first. C: `envres_audit_list()`.
    ///
    /// Errors: [`DENIED`](crate::Code::DENIED), [`NOT_FOUND`](crate::Code::NOT_FOUND).
    pub fn list(&self, query: &AuditQuery<'_>) -> Result<Rows<AuditRow>> {
        let (environment, app) = (raw_or_null(query.environment), raw_or_null(query.app));
        let options = sys::envres_audit_options {
            since: query.since,
            limit: query.limit,
            environment: environment.at,
            environment_len: environment.len,
            app: app.at,
            app_len: app.len,
            ..Default::default()
        };
        // SAFETY: the session is alive, what is given is valid during the call.
        Rows::from(|out, err| unsafe { sys::envres_audit_list(self.0.raw(), &options, out, err) })
    }

    /// Walks the whole chain: every link, every signature. A finding is not an error.
    /// C: `envres_audit_verify()`. Errors: [`DENIED`](crate::Code::DENIED).
    pub fn verify(&self) -> Result<Verified> {
        let mut first = 0;
        // SAFETY: the session is alive, the outputs ours.
        let rows = Rows::from(|out, err| unsafe {
            sys::envres_audit_verify(self.0.raw(), &mut first, out, err)
        })?;
        Ok(Verified { first_bad: (first != 0).then_some(first), findings: rows.to_vec() })
    }

    /// Compares the store with a checkpoint that the host kept. C: `envres_audit_check()`.
    ///
    /// Errors: [`ROLLBACK`](crate::Code::ROLLBACK) (its entry is gone),
    /// [`FORK`](crate::Code::FORK) (another one stands there),
    /// [`INTEGRITY`](crate::Code::INTEGRITY) (it is not of this workspace; or an entry behind it),
    /// [`DENIED`](crate::Code::DENIED).
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<()> {
        let one = sys::envres_checkpoint {
            sequence: checkpoint.sequence,
            time: milliseconds_of(checkpoint.time),
            policy_version: checkpoint.policy_version,
            workspace: checkpoint.workspace.as_ptr(),
            signer: checkpoint.signer.as_ptr(),
            sign_key: checkpoint.sign_key.as_ptr(),
            hash: checkpoint.hash.as_ptr(),
            signature: checkpoint.signature.as_ptr(),
            ..Default::default()
        };
        // SAFETY: as above; arrays have the sizes that store.h says.
        call(|err| unsafe { sys::envres_audit_check(self.0.raw(), &one, err) })
    }

    /// Asks for the right to show secrets to people, and says in the audit that they are shown; call
    /// it before. `object`: `"variable/NAME"`, `"resource/HANDLE"` or `"resource/HANDLE/FIELD"`;
    /// `None`: all of the environment. C: `envres_audit_reveal()`.
    ///
    /// Errors: [`DENIED`](crate::Code::DENIED), [`NOT_FOUND`](crate::Code::NOT_FOUND),
    /// [`READ_ONLY`](crate::Code::READ_ONLY) and [`FULL`](crate::Code::FULL) (then show nothing).
    pub fn reveal(
        &self,
        environment: &str,
        object: Option<&str>,
        change: &Change<'_>,
    ) -> Result<()> {
        let (environment, object, change) = (raw(environment), raw_or_null(object), change.raw());
        let options = sys::envres_reveal_options {
            environment: environment.at,
            environment_len: environment.len,
            object: object.at,
            object_len: object.len,
            ..Default::default()
        };
        // SAFETY: as above.
        call(|err| unsafe { sys::envres_audit_reveal(self.0.raw(), &options, &change, err) })
    }
}
