// SPDX-License-Identifier: MIT
//! Sessions.

use crate::access::{Audit, Inbox, Keys, Principals, Requests, Roles, Slots};
use crate::apps::{Apps, Parts, Releases, Versions};
use crate::callbacks::Callbacks;
use crate::error::{call, text_of};
use crate::input::{flag, raw, raw_or_null};
use crate::list::findings;
use crate::query::Queries;
use crate::settings::{Environments, Resources, Variables};
use crate::{Change, Error, GcRow, ReferenceRow, Result, Rows, Scan, Scope, SessionRow, Write};
use envres_sys as sys;
use std::collections::BTreeMap;
use std::fmt;
use std::os::raw::c_char;
use std::ptr::{null_mut, NonNull};
use std::sync::Arc;

/// What a scope is opened on; [`Default`]: the newest configuration, and no app.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScopeOptions<'a> {
    /// Serve this app: its parts, and `app.` in templates.
    pub app: Option<&'a str>,
    /// Its release with this tag instead of the live one.
    pub tag: Option<&'a str>,
    /// Or this version, in whatever state, with the newest configuration.
    pub version: Option<&'a str>,
    /// Configuration revision; 0: the newest, or what the release pins.
    pub revision: i64,
    /// Open although settings are missing or exchanged in the file.
    pub damaged: bool,
    /// Opening it is an entry of the audit; where that cannot be written there is no scope.
    pub audited: bool,
}

/// A principal, unlocked, acting in one workspace. Any thread may use it. Its end wipes the keys
/// that no scope needs any more.
///
/// What can be done stands in groups, one for each header of the C interface; each method is the
/// function of that name: `session.variables().put()` is `envres_variable_put()`.
///
/// ```compile_fail,E0382
/// let owner = envres::Credential::raw_key(&envres::generate_key().unwrap());
/// let session = envres::Store::in_memory(&owner).unwrap().session(&owner, None).unwrap();
/// session.close();
/// session.info();
/// ```
pub struct Session {
    raw: NonNull<sys::envres_session>,
    callbacks: Arc<Callbacks>,
}

// SAFETY: session.h: "A session may be used from any thread"; its callbacks are Send and Sync.
unsafe impl Send for Session {}
// SAFETY: session.h: "it works under its store's lock".
unsafe impl Sync for Session {}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: ours, and not used any more. The callbacks, which closing may call, go after it.
        unsafe { sys::envres_session_close(self.raw.as_ptr()) }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

impl Session {
    pub(crate) fn new(
        session: *mut sys::envres_session,
        callbacks: Arc<Callbacks>,
    ) -> Result<Session> {
        let raw = NonNull::new(session).ok_or_else(|| Error::invalid("there is no session"))?;
        Ok(Session { raw, callbacks })
    }

    pub(crate) fn raw(&self) -> *mut sys::envres_session {
        self.raw.as_ptr()
    }

    /// Environments: add, remove, set, list, describe.
    pub fn environments(&self) -> Environments<'_> {
        Environments(self)
    }

    /// Variables: put, put_many, unset, get, list, history, rename, delete, destroy.
    pub fn variables(&self) -> Variables<'_> {
        Variables(self)
    }

    /// Resources: define, configure, fallback, remove, list, history.
    pub fn resources(&self) -> Resources<'_> {
        Resources(self)
    }

    /// The query library: put, restore, remove, list, history, open, pin, unpin, pins.
    pub fn queries(&self) -> Queries<'_> {
        Queries(self)
    }

    /// Apps: create, set, list, describe, status.
    pub fn apps(&self) -> Apps<'_> {
        Apps(self)
    }

    /// Versions: create, set, list, describe, open, last, diff, check, promote, discard.
    pub fn versions(&self) -> Versions<'_> {
        Versions(self)
    }

    /// Parts: put, get, list, history, restore.
    pub fn parts(&self) -> Parts<'_> {
        Parts(self)
    }

    /// Releases: create, rollback, withdraw, list.
    pub fn releases(&self) -> Releases<'_> {
        Releases(self)
    }

    /// Principals: add, remove, list, rekey.
    pub fn principals(&self) -> Principals<'_> {
        Principals(self)
    }

    /// Roles: grant, revoke.
    pub fn roles(&self) -> Roles<'_> {
        Roles(self)
    }

    /// Ways to unlock the session's own principal: list, add, change, remove.
    pub fn slots(&self) -> Slots<'_> {
        Slots(self)
    }

    /// Keys of environments: rotate, rotate_step, exposure.
    pub fn keys(&self) -> Keys<'_> {
        Keys(self)
    }

    /// Deposits that wait: list, accept, reject.
    pub fn inbox(&self) -> Inbox<'_> {
        Inbox(self)
    }

    /// Changes that wait for approval: list, show, approve, withdraw, run.
    pub fn requests(&self) -> Requests<'_> {
        Requests(self)
    }

    /// The audit: list, verify, check, reveal.
    pub fn audit(&self) -> Audit<'_> {
        Audit(self)
    }

    /// Who is acting where: `"workspace"`, `"principal"`, `"memory_locked"`.
    /// C: `envres_session_info()`.
    pub fn info(&self) -> Result<BTreeMap<String, String>> {
        // SAFETY: the session is alive.
        let rows: Rows<SessionRow> =
            Rows::from(|out, err| unsafe { sys::envres_session_info(self.raw(), out, err) })?;
        Ok(rows.iter().map(|row| (row.name, row.value)).collect())
    }

    /// A session that acts as another principal: rights only shrink, the audit names both.
    /// C: `envres_session_as()`. Errors: [`NO_PRINCIPAL`](crate::Code::NO_PRINCIPAL).
    pub fn act_as(&self, principal: &str) -> Result<Session> {
        let (principal, mut out) = (raw(principal), null_mut());
        // SAFETY: the session is alive, the name valid during the call.
        call(|err| unsafe {
            sys::envres_session_as(self.raw(), principal.at, principal.len, &mut out, err)
        })?;
        Session::new(out, self.callbacks.clone())
    }

    /// Opens a scope on the newest configuration of an environment: [`Session::scope_with`].
    pub fn scope(&self, environment: &str) -> Result<Scope> {
        self.scope_with(environment, &ScopeOptions::default())
    }

    /// Opens a scope: everything is read in one transaction. C: `envres_scope_open()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND),
    /// [`NOTHING_LIVE`](crate::Code::NOTHING_LIVE), [`DISCARDED`](crate::Code::DISCARDED),
    /// [`NO_VERSION_HERE`](crate::Code::NO_VERSION_HERE), [`TAG`](crate::Code::TAG),
    /// [`DENIED`](crate::Code::DENIED) (no key), [`INTEGRITY`](crate::Code::INTEGRITY).
    pub fn scope_with(&self, environment: &str, options: &ScopeOptions<'_>) -> Result<Scope> {
        let environment = raw(environment);
        let app = raw_or_null(options.app);
        let tag = raw_or_null(options.tag);
        let version = raw_or_null(options.version);
        let options = sys::envres_scope_options {
            flags: flag(options.damaged, sys::ENVRES_SCOPE_DAMAGED)
                | flag(options.audited, sys::ENVRES_SCOPE_AUDITED),
            revision: options.revision,
            app: app.at,
            app_len: app.len,
            tag: tag.at,
            tag_len: tag.len,
            version: version.at,
            version_len: version.len,
            ..Default::default()
        };
        let mut out = null_mut();
        // SAFETY: the session is alive, what is given is valid during the call.
        call(|err| unsafe {
            sys::envres_scope_open(
                self.raw(),
                environment.at,
                environment.len,
                &options,
                &mut out,
                err,
            )
        })?;
        Scope::new(out)
    }

    /// Polls the store; a fresh scope of the same environment and app where `scope` is stale, else
    /// another reference to the same ([`Scope::is_same`]). C: `envres_scope_latest()`.
    ///
    /// Errors: those of [`Session::scope_with`].
    pub fn latest(&self, scope: &Scope) -> Result<Scope> {
        let mut out = null_mut();
        // SAFETY: both are alive; the reference that comes out is ours.
        call(|err| unsafe { sys::envres_scope_latest(self.raw(), scope.raw(), &mut out, err) })?;
        Scope::new(out)
    }

    /// Opens a scan for texts that are meant for one environment. C: `envres_scan_open()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`DENIED`](crate::Code::DENIED) (no key),
    /// [`INTEGRITY`](crate::Code::INTEGRITY).
    pub fn scan(&self, environment: &str) -> Result<Scan> {
        let (environment, mut out, mut list) = (raw(environment), null_mut(), null_mut());
        // SAFETY: the session is alive, the key valid during the call.
        call(|err| unsafe {
            sys::envres_scan_open(
                self.raw(),
                environment.at,
                environment.len,
                &mut out,
                &mut list,
                err,
            )
        })?;
        let mut scan = Scan::new(out)?;
        scan.findings = findings(list)?;
        Ok(scan)
    }

    /// Brings older values back as new ones: of a variable, of `"resource/HANDLE"`, or (`None`) of
    /// the whole environment. The configuration revision made. C: `envres_restore()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`NOT_SET`](crate::Code::NOT_SET) (destroyed
    /// since), [`TYPE`](crate::Code::TYPE), [`INTEGRITY`](crate::Code::INTEGRITY),
    /// [`REASON`](crate::Code::REASON).
    pub fn restore(
        &self,
        environment: &str,
        revision: i64,
        name: Option<&str>,
        change: &Change<'_>,
    ) -> Result<i64> {
        let (environment, name, change) = (raw(environment), raw_or_null(name), change.raw());
        let point = sys::envres_restore_point {
            name: name.at,
            name_len: name.len,
            revision,
            ..Default::default()
        };
        // SAFETY: the session is alive, what is given is valid during the call.
        integer(|made, err| unsafe {
            sys::envres_restore(
                self.raw(),
                environment.at,
                environment.len,
                &point,
                &change,
                made,
                err,
            )
        })
    }

    /// Who refers to `"variable/NAME"` or `"resource/HANDLE"`. C: `envres_references()`.
    pub fn references(&self, object: &str) -> Result<Rows<ReferenceRow>> {
        let object = raw(object);
        // SAFETY: the session is alive, the name valid during the call.
        Rows::from(|out, err| unsafe {
            sys::envres_references(self.raw(), object.at, object.len, out, err)
        })
    }

    /// Frees the bytes of discarded versions that nothing refers to any more.
    /// C: `envres_session_gc()`.
    pub fn gc(&self, change: &Change<'_>) -> Result<GcRow> {
        let change = change.raw();
        // SAFETY: the session is alive, the change valid during the call.
        Rows::from(|out, err| unsafe { sys::envres_session_gc(self.raw(), &change, out, err) })?
            .only()
    }

    /// Hands in a value for a variable without being able to read: a key holder accepts it. The
    /// deposit's id. What `write` expects is not looked at. C: `envres_deposit()`.
    ///
    /// Errors: [`DENIED`](crate::Code::DENIED), [`NOT_FOUND`](crate::Code::NOT_FOUND),
    /// [`NAME`](crate::Code::NAME), [`TYPE`](crate::Code::TYPE), [`LIMIT`](crate::Code::LIMIT),
    /// [`INTEGRITY`](crate::Code::INTEGRITY).
    pub fn deposit<'a>(
        &self,
        environment: &str,
        name: &str,
        write: impl Into<Write<'a>>,
        change: &Change<'_>,
    ) -> Result<String> {
        let (environment, write, change) = (raw(environment), write.into(), change.raw());
        let write = write.raw(name);
        let mut id = [0 as c_char; 33];
        // SAFETY: the session is alive, what is given is valid during the call; 33 bytes are ours.
        call(|err| unsafe {
            sys::envres_deposit(
                self.raw(),
                environment.at,
                environment.len,
                &write,
                &change,
                id.as_mut_ptr(),
                err,
            )
        })?;
        // SAFETY: the library has put a NUL behind 32 digits.
        Ok(unsafe { text_of(id.as_ptr()) })
    }

    /// The public root key of the workspace: pin it by [`Credential::root`](crate::Credential::root).
    /// C: `envres_root_key()`.
    pub fn root_key(&self) -> Result<[u8; 32]> {
        let mut root = [0; 32];
        // SAFETY: the session is alive; 32 bytes are ours.
        call(|err| unsafe { sys::envres_root_key(self.raw(), root.as_mut_ptr(), err) })?;
        Ok(root)
    }

    /// Closes it; the end of its life does the same.
    pub fn close(self) {}
}

/// Calls a function with an `int64_t *` before its slot.
pub(crate) fn integer(
    function: impl FnOnce(*mut i64, *mut sys::envres_error) -> sys::envres_status,
) -> Result<i64> {
    let mut out = 0;
    call(|err| function(&mut out, err))?;
    Ok(out)
}
