// SPDX-License-Identifier: MIT
//! Stores.

use crate::callbacks::{
    anchor_load, anchor_store, audit_sink, clock, Anchor, Callbacks, Checkpoint,
};
use crate::error::{call, text_of};
use crate::input::{flag, nul_terminated, raw, raw_or_null, Raw};
use crate::{
    BoxError, Credential, Error, InfoRow, KindRow, Result, Rows, SalvageRow, Session, VerifyRow,
};
use envres_sys as sys;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::fmt;
use std::os::raw::c_void;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{null, null_mut, NonNull};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The version of the library that is running: `"0.1.0"`. C: `envres_version()`.
pub fn version() -> String {
    // SAFETY: a static text.
    unsafe { text_of(sys::envres_version()) }
}

/// Every kind of resource and its fields: a row for each field. C: `envres_kind_list()`.
pub fn kinds() -> Result<Rows<KindRow>> {
    // SAFETY: NULL asks for the allocator of the C library.
    Rows::from(|out, err| unsafe { sys::envres_kind_list(null(), out, err) })
}

/// How a store is made or opened.
///
/// ```no_run
/// # fn main() -> envres::Result<()> {
/// # let owner = envres::Credential::passphrase("correct horse");
/// let store = envres::StoreOptions::new().workspace("acme").create("app.envres", &owner)?;
/// let again = envres::StoreOptions::new().read_only(true).open("app.envres")?;
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct StoreOptions {
    flags: u32,
    busy_timeout: Option<Duration>,
    kdf_memory_max: u64,
    vfs: Option<String>,
    workspace: Option<String>,
    owner: Option<String>,
    callbacks: Callbacks,
}

impl StoreOptions {
    /// All defaults.
    pub fn new() -> StoreOptions {
        StoreOptions::default()
    }

    fn with(mut self, yes: bool, flag: u32) -> StoreOptions {
        self.flags = if yes { self.flags | flag } else { self.flags & !flag };
        self
    }

    /// Refuse to unlock keys in memory that cannot be locked.
    pub fn locked_memory(self, yes: bool) -> StoreOptions {
        self.with(yes, sys::ENVRES_STORE_LOCKED_MEMORY)
    }

    /// Open a file that group or others may access, or with several links.
    pub fn any_file_mode(self, yes: bool) -> StoreOptions {
        self.with(yes, sys::ENVRES_STORE_ANY_FILE_MODE)
    }

    /// Open on a FUSE file system of unknown kind. Network file systems stay refused.
    pub fn allow_fuse(self, yes: bool) -> StoreOptions {
        self.with(yes, sys::ENVRES_STORE_ALLOW_FUSE)
    }

    /// Commit without waiting for the disk: for tests only.
    pub fn relaxed(self, yes: bool) -> StoreOptions {
        self.with(yes, sys::ENVRES_STORE_RELAXED)
    }

    /// Never write; every change is an error.
    pub fn read_only(self, yes: bool) -> StoreOptions {
        self.with(yes, sys::ENVRES_STORE_READ_ONLY)
    }

    /// How long to wait for another writer; zero: not at all; without: 5 seconds.
    pub fn busy_timeout(mut self, wait: Duration) -> StoreOptions {
        self.busy_timeout = Some(wait);
        self
    }

    /// Most memory an unlock may use for Argon2id, in bytes; 0: 1 GiB.
    pub fn kdf_memory_max(mut self, bytes: u64) -> StoreOptions {
        self.kdf_memory_max = bytes;
        self
    }

    /// Name of a registered SQLite VFS: for tests only; skips the file checks.
    pub fn vfs(mut self, name: &str) -> StoreOptions {
        self.vfs = Some(name.to_owned());
        self
    }

    /// When a store is made: name of its workspace; without: `"main"`.
    pub fn workspace(mut self, name: &str) -> StoreOptions {
        self.workspace = Some(name.to_owned());
        self
    }

    /// When a store is made: name of its owner; without: `"owner"`.
    pub fn owner(mut self, name: &str) -> StoreOptions {
        self.owner = Some(name.to_owned());
        self
    }

    /// The time, in place of the system's clock; it must not call the library. Where it panics, the
    /// system's is taken.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> StoreOptions {
        self.callbacks.clock = Some(Arc::new(clock));
        self
    }

    /// Where the newest state that was seen is remembered outside of the file.
    pub fn anchor(mut self, anchor: Arc<dyn Anchor>) -> StoreOptions {
        self.callbacks.anchor = Some(anchor);
        self
    }

    /// Is given a checkpoint now and then; while it fails, changes are refused.
    pub fn audit_sink(
        mut self,
        sink: impl Fn(&Checkpoint) -> std::result::Result<(), BoxError> + Send + Sync + 'static,
    ) -> StoreOptions {
        self.callbacks.sink = Some(Arc::new(sink));
        self
    }

    /// Makes a store with one workspace, the environments development, staging and production, and
    /// one owner. `path`: a file that must not exist. C: `envres_store_create()`.
    ///
    /// Errors: [`STORE_EXISTS`](crate::Code::STORE_EXISTS), those of the kinds
    /// [`Key`](crate::ErrorKind::Key), [`Store`](crate::ErrorKind::Store) and
    /// [`Name`](crate::ErrorKind::Name).
    pub fn create(&self, path: impl AsRef<Path>, owner: &Credential) -> Result<Store> {
        self.make(raw(path.as_ref().as_os_str().as_bytes()), owner)
    }

    /// The same in memory.
    pub fn create_in_memory(&self, owner: &Credential) -> Result<Store> {
        self.make(raw_or_null::<str>(None), owner)
    }

    fn make(&self, path: Raw<'_>, owner: &Credential) -> Result<Store> {
        let (owner, prepared) = (owner.raw(), self.prepare()?);
        let options = prepared.raw();
        let mut out = null_mut();
        // SAFETY: path, options and credential are valid during the call; the callbacks are kept by
        // the store.
        call(|err| unsafe {
            sys::envres_store_create(path.at, path.len, &options, &owner, &mut out, err)
        })?;
        prepared.store(out)
    }

    /// Opens a store that is there. C: `envres_store_open()`.
    ///
    /// Errors: [`NO_STORE`](crate::Code::NO_STORE), those of the kinds
    /// [`Store`](crate::ErrorKind::Store) and [`Integrity`](crate::ErrorKind::Integrity).
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Store> {
        let prepared = self.prepare()?;
        let (path, options) = (raw(path.as_ref().as_os_str().as_bytes()), prepared.raw());
        let mut out = null_mut();
        // SAFETY: as above.
        call(|err| unsafe { sys::envres_store_open(path.at, path.len, &options, &mut out, err) })?;
        prepared.store(out)
    }

    /// Makes a new store at `to` of all that still verifies in a damaged one at `path`, which is
    /// only read; the report, whose rows with a code say what is lost. `credential`: an owner's, or
    /// an administrator's while the roles verify. C: `envres_store_salvage()`.
    ///
    /// Errors: [`STORE_EXISTS`](crate::Code::STORE_EXISTS), [`NO_STORE`](crate::Code::NO_STORE),
    /// [`KEY`](crate::Code::KEY), [`DENIED`](crate::Code::DENIED), those of the kind
    /// [`Store`](crate::ErrorKind::Store); nothing is made then.
    pub fn salvage(
        &self,
        path: impl AsRef<Path>,
        to: impl AsRef<Path>,
        credential: &Credential,
    ) -> Result<Rows<SalvageRow>> {
        let (credential, prepared) = (credential.raw(), self.prepare()?);
        let (path, to) = (path.as_ref().as_os_str(), to.as_ref().as_os_str());
        let (path, to, options) = (raw(path.as_bytes()), raw(to.as_bytes()), prepared.raw());
        // SAFETY: all are valid during the call, and nothing is left that could call back.
        Rows::from(|out, err| unsafe {
            sys::envres_store_salvage(
                path.at,
                path.len,
                to.at,
                to.len,
                &options,
                &credential,
                out,
                err,
            )
        })
    }

    fn prepare(&self) -> Result<Prepared> {
        let name = |text: &Option<String>| {
            text.as_deref().map(|text| nul_terminated(text, "a name of the options")).transpose()
        };
        Ok(Prepared {
            flags: self.flags,
            busy_timeout_ms: match self.busy_timeout {
                None => 0,
                Some(Duration::ZERO) => u32::MAX,
                // A wait below a millisecond is one: 0 would be the default; the largest, none.
                Some(wait) => {
                    u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).clamp(1, u32::MAX - 1)
                }
            },
            kdf_memory_max: self.kdf_memory_max,
            vfs: name(&self.vfs)?,
            workspace: name(&self.workspace)?,
            owner: name(&self.owner)?,
            callbacks: Arc::new(self.callbacks.clone()),
        })
    }
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions")
            .field("flags", &flag(true, self.flags))
            .field("workspace", &self.workspace)
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

/// What the struct of options points to.
struct Prepared {
    flags: u32,
    busy_timeout_ms: u32,
    kdf_memory_max: u64,
    vfs: Option<CString>,
    workspace: Option<CString>,
    owner: Option<CString>,
    callbacks: Arc<Callbacks>,
}

impl Prepared {
    /// The struct, which borrows from this; `user` points into the shared callbacks.
    fn raw(&self) -> sys::envres_store_options {
        let name = |text: &Option<CString>| text.as_ref().map_or(null(), |text| text.as_ptr());
        let user = Arc::as_ptr(&self.callbacks) as *mut c_void;
        let anchored = self.callbacks.anchor.is_some();
        sys::envres_store_options {
            flags: self.flags,
            busy_timeout_ms: self.busy_timeout_ms,
            clock: if self.callbacks.clock.is_some() { Some(clock) } else { None },
            clock_user: user,
            kdf_memory_max: self.kdf_memory_max,
            vfs: name(&self.vfs),
            workspace: name(&self.workspace),
            owner: name(&self.owner),
            anchor_load: if anchored { Some(anchor_load) } else { None },
            anchor_store: if anchored { Some(anchor_store) } else { None },
            anchor_user: user,
            audit_sink: if self.callbacks.sink.is_some() { Some(audit_sink) } else { None },
            audit_sink_user: user,
            ..Default::default()
        }
    }

    fn store(self, store: *mut sys::envres_store) -> Result<Store> {
        let raw = NonNull::new(store).ok_or_else(|| Error::invalid("there is no store"))?;
        Ok(Store { raw, callbacks: self.callbacks })
    }
}

/// An open store: a SQLite file, or memory. Any thread may use it; one lock inside serialises its
/// database work. In the child of a fork every call is an error,
/// [`FORKED`](crate::Code::FORKED).
///
/// Sessions keep what they need of it alive: the file is closed when the last one is gone too.
///
/// ```
/// let owner = envres::Credential::raw_key(&envres::generate_key()?);
/// let store = envres::Store::in_memory(&owner)?;
/// let session = store.session(&owner, None)?;
/// store.close();
/// assert_eq!(session.environments().list()?.len(), 3);
/// # Ok::<(), envres::Error>(())
/// ```
///
/// Using it after it was closed is no program:
///
/// ```compile_fail,E0382
/// let owner = envres::Credential::raw_key(&envres::generate_key().unwrap());
/// let store = envres::Store::in_memory(&owner).unwrap();
/// store.close();
/// store.poll();
/// ```
pub struct Store {
    raw: NonNull<sys::envres_store>,
    callbacks: Arc<Callbacks>,
}

// SAFETY: store.h: "A store may be used from any thread"; its callbacks are Send and Sync.
unsafe impl Send for Store {}
// SAFETY: store.h: "one internal lock serialises its database work".
unsafe impl Sync for Store {}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: ours, and not used any more. The callbacks go after it.
        unsafe { sys::envres_store_close(self.raw.as_ptr()) }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// [`StoreOptions::create`] with the defaults.
    pub fn create(path: impl AsRef<Path>, owner: &Credential) -> Result<Store> {
        StoreOptions::new().create(path, owner)
    }

    /// [`StoreOptions::create_in_memory`] with the defaults.
    pub fn in_memory(owner: &Credential) -> Result<Store> {
        StoreOptions::new().create_in_memory(owner)
    }

    /// [`StoreOptions::open`] with the defaults.
    pub fn open(path: impl AsRef<Path>) -> Result<Store> {
        StoreOptions::new().open(path)
    }

    /// [`StoreOptions::salvage`] with the defaults.
    pub fn salvage(
        path: impl AsRef<Path>,
        to: impl AsRef<Path>,
        credential: &Credential,
    ) -> Result<Rows<SalvageRow>> {
        StoreOptions::new().salvage(path, to, credential)
    }

    /// Unlocks a principal in a workspace; `None`: the only one. With a passphrase this derives a
    /// key, which takes long on purpose. C: `envres_session_open()`.
    ///
    /// Errors: [`KEY`](crate::Code::KEY) (wrong key, principal or slot: one code),
    /// [`CALLBACK`](crate::Code::CALLBACK), [`NOT_FOUND`](crate::Code::NOT_FOUND) (workspace),
    /// [`ROOT`](crate::Code::ROOT), [`ROLLBACK`](crate::Code::ROLLBACK),
    /// [`FORK`](crate::Code::FORK).
    pub fn session(&self, credential: &Credential, workspace: Option<&str>) -> Result<Session> {
        let (workspace, credential) = (raw_or_null(workspace), credential.raw());
        let mut out = null_mut();
        // SAFETY: the store is alive, what is given is valid during the call.
        call(|err| unsafe {
            let store = self.raw.as_ptr();
            sys::envres_session_open(store, workspace.at, workspace.len, &credential, &mut out, err)
        })?;
        Session::new(out, self.callbacks.clone())
    }

    /// Checks everything; with a session also every sealed record that its keys open. No row: all is
    /// well. A finding is not an error. C: `envres_store_verify()`.
    pub fn verify(&self, session: Option<&Session>) -> Result<Rows<VerifyRow>> {
        let session = session.map_or(null_mut(), Session::raw);
        // SAFETY: both are alive; NULL is allowed.
        Rows::from(|out, err| unsafe {
            sys::envres_store_verify(self.raw.as_ptr(), session, out, err)
        })
    }

    /// Writes a consistent copy to a file that must not exist. C: `envres_store_backup()`.
    ///
    /// Errors: [`STORE_EXISTS`](crate::Code::STORE_EXISTS), those of the kind
    /// [`Store`](crate::ErrorKind::Store).
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = raw(path.as_ref().as_os_str().as_bytes());
        // SAFETY: the store is alive, the path valid during the call.
        call(|err| unsafe { sys::envres_store_backup(self.raw.as_ptr(), path.at, path.len, err) })
    }

    /// Whether another process committed since the last poll; makes scopes stale if so.
    /// C: `envres_store_poll()`.
    pub fn poll(&self) -> Result<bool> {
        let mut changed = 0;
        // SAFETY: the store is alive, the output ours.
        call(|err| unsafe { sys::envres_store_poll(self.raw.as_ptr(), &mut changed, err) })?;
        Ok(changed != 0)
    }

    /// What the store runs on: `"library"`, `"sqlite"`, `"journal_mode"`, ...; nothing secret.
    /// C: `envres_store_info()`.
    pub fn info(&self) -> Result<BTreeMap<String, String>> {
        // SAFETY: the store is alive.
        let rows: Rows<InfoRow> =
            Rows::from(|out, err| unsafe { sys::envres_store_info(self.raw.as_ptr(), out, err) })?;
        Ok(rows.iter().map(|row| (row.name, row.value)).collect())
    }

    /// Gives up this reference; the end of its life does the same.
    pub fn close(self) {}
}
