// SPDX-License-Identifier: MIT
//! The host's callbacks: from the library back into Rust.
//!
//! Neither an error nor a panic crosses the library: it is kept for the thread, the library is told
//! `ENVRES_E_CALLBACK` (or the code of an [`Error`]), and the call that led here fails with what was
//! kept as its source. Its text goes nowhere else: it may hold anything.

use crate::error::{beside_raised, keep_raised};
use crate::list::{borrowed, milliseconds_of, time_of};
use crate::{BoxError, Error, Panic, Resource};
use envres_sys as sys;
use std::any::Any;
use std::mem::forget;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::time::SystemTime;

/// Wraps keys outside of the store: a KMS, a TPM. Called in the thread of the call that needs it,
/// with no lock held. `principal` names whose key it is, `aad` binds what is wrapped to its place.
pub trait KeyProvider: Send + Sync {
    /// Protects the 32 bytes of a key; at most 4,096 come back. The key lies in guarded memory of
    /// the library: do not keep a copy.
    fn wrap(&self, principal: &[u8; 16], key: &[u8; 32], aad: &[u8]) -> Result<Vec<u8>, BoxError>;

    /// The reverse: writes the 32 bytes into `key`, guarded memory of the library.
    fn unwrap(
        &self,
        principal: &[u8; 16],
        blob: &[u8],
        aad: &[u8],
        key: &mut [u8; 32],
    ) -> Result<(), BoxError>;
}

/// Where the host remembers the newest state of a workspace outside of the file: another disk, a
/// server. Called with no lock held; it may take long, and may call the library.
pub trait Anchor: Send + Sync {
    /// Sequence and hash that were stored last for this workspace, or none yet.
    fn load(&self, workspace: &[u8; 16]) -> Result<Option<(i64, [u8; 32])>, BoxError>;

    /// Replaces `expected` (with any hash) by `sequence` and `hash`, compare-and-set. Where
    /// something newer is stored already, it stays, and that is no error.
    fn store(
        &self,
        workspace: &[u8; 16],
        expected: i64,
        sequence: i64,
        hash: &[u8; 32],
    ) -> Result<(), BoxError>;
}

/// A signed statement of how far the audit is; whoever keeps it can prove what was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Of which workspace.
    pub workspace: [u8; 16],
    /// Id of the principal that was unlocked.
    pub signer: [u8; 16],
    /// Its public Ed25519 key.
    pub sign_key: [u8; 32],
    /// Of the newest entry.
    pub sequence: i64,
    /// When it was made.
    pub time: SystemTime,
    /// Version of principals and roles.
    pub policy_version: i64,
    /// Of the entry with that sequence number.
    pub hash: [u8; 32],
    /// Ed25519; docs/file-format.md has the message.
    pub signature: [u8; 64],
}

pub(crate) type Clock = dyn Fn() -> SystemTime + Send + Sync;
pub(crate) type Sink = dyn Fn(&Checkpoint) -> Result<(), BoxError> + Send + Sync;

/// What a store was given; lives as long as anything that may call it: the store and its sessions.
#[derive(Clone, Default)]
pub(crate) struct Callbacks {
    pub clock: Option<Arc<Clock>>,
    pub anchor: Option<Arc<dyn Anchor>>,
    pub sink: Option<Arc<Sink>>,
}

/// Runs the host's code so that nothing crosses the library; the status to return.
fn guarded(body: impl FnOnce() -> Result<(), BoxError>) -> sys::envres_status {
    // What is kept, and what goes for it, may run the host's code once more, which may panic too.
    let kept = catch_unwind(AssertUnwindSafe(|| {
        beside_raised(|| match catch_unwind(AssertUnwindSafe(body)) {
            Ok(Ok(())) => sys::ENVRES_OK,
            Ok(Err(error)) => keep_raised(error),
            Err(payload) => keep_raised(Box::new(Panic::new(&*payload))),
        })
    }));
    kept.unwrap_or_else(|payload| {
        discard(payload);
        sys::ENVRES_E_CALLBACK
    })
}

/// Lets go of what a panic carried; where that panics too, of what that carries nobody does.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        forget(again);
    }
}

/// An array of the library's; a callback's contract says how long it is.
///
/// # Safety
/// `N` bytes that live and stay as they are as long as the caller uses them.
unsafe fn array<'a, const N: usize>(at: *const u8) -> &'a [u8; N] {
    // SAFETY: as the caller says; an array of bytes has no alignment.
    unsafe { &*at.cast::<[u8; N]>() }
}

pub(crate) unsafe extern "C" fn wrap(
    id: *const u8,
    key: *const u8,
    aad: *const u8,
    aad_len: usize,
    blob: *mut u8,
    cap: usize,
    blob_len: *mut usize,
    user: *mut c_void,
) -> sys::envres_status {
    guarded(|| {
        // SAFETY: session.h: 16, 32 and aad_len bytes, valid during the call; `user` is what
        // Credential::raw() put there, which lives during the call.
        let (provider, id, key, aad) = unsafe {
            let provider = &*user.cast::<Arc<dyn KeyProvider>>();
            (provider, array::<16>(id), array::<32>(key), borrowed(aad, aad_len))
        };
        let wrapped = provider.wrap(id, key, aad)?;
        if wrapped.is_empty() || wrapped.len() > cap {
            let (len, most) = (wrapped.len(), cap);
            return Err(format!("wrap() gave {len} bytes, at most {most} fit").into());
        }
        // SAFETY: session.h: `cap` bytes may be written to `blob`, and the number to `blob_len`.
        unsafe {
            blob.copy_from_nonoverlapping(wrapped.as_ptr(), wrapped.len());
            *blob_len = wrapped.len();
        }
        Ok(())
    })
}

pub(crate) unsafe extern "C" fn unwrap(
    id: *const u8,
    blob: *const u8,
    blob_len: usize,
    aad: *const u8,
    aad_len: usize,
    key: *mut u8,
    user: *mut c_void,
) -> sys::envres_status {
    guarded(|| {
        // SAFETY: as for wrap(); `key` are 32 bytes of the library's, which it does not use
        // meanwhile; they are written first, so that nothing that was not is ever read.
        let (provider, id, blob, aad, key) = unsafe {
            key.write_bytes(0, 32);
            let provider = &*user.cast::<Arc<dyn KeyProvider>>();
            let key = &mut *key.cast::<[u8; 32]>();
            (provider, array::<16>(id), borrowed(blob, blob_len), borrowed(aad, aad_len), key)
        };
        provider.unwrap(id, blob, aad, key)
    })
}

/// A clock cannot fail: where it panics, the panic hook has reported it, and the time is the
/// system's.
pub(crate) unsafe extern "C" fn clock(user: *mut c_void) -> i64 {
    let now = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: `user` is the store's Callbacks, which live as long as it and its sessions.
        let callbacks = unsafe { &*user.cast::<Callbacks>() };
        callbacks.clock.as_ref().map_or_else(SystemTime::now, |clock| clock())
    }));
    milliseconds_of(now.unwrap_or_else(|payload| {
        discard(payload);
        SystemTime::now()
    }))
}

pub(crate) unsafe extern "C" fn anchor_load(
    workspace: *const u8,
    sequence: *mut i64,
    hash: *mut u8,
    user: *mut c_void,
) -> sys::envres_status {
    guarded(|| {
        // SAFETY: as for clock(); store.h: 16 bytes, valid during the call.
        let (callbacks, workspace) =
            unsafe { (&*user.cast::<Callbacks>(), array::<16>(workspace)) };
        let found = match &callbacks.anchor {
            Some(anchor) => anchor.load(workspace)?,
            None => None,
        };
        // SAFETY: store.h: a number and 32 bytes to be set.
        unsafe {
            match found {
                Some((number, digest)) => {
                    hash.copy_from_nonoverlapping(digest.as_ptr(), digest.len());
                    *sequence = number;
                }
                None => *sequence = 0,
            }
        }
        Ok(())
    })
}

pub(crate) unsafe extern "C" fn anchor_store(
    workspace: *const u8,
    expected: i64,
    sequence: i64,
    hash: *const u8,
    user: *mut c_void,
) -> sys::envres_status {
    guarded(|| {
        // SAFETY: as for clock(); store.h: 16 and 32 bytes, valid during the call.
        let (callbacks, workspace, hash) =
            unsafe { (&*user.cast::<Callbacks>(), array::<16>(workspace), array::<32>(hash)) };
        match &callbacks.anchor {
            Some(anchor) => anchor.store(workspace, expected, sequence, hash),
            None => Ok(()),
        }
    })
}

pub(crate) unsafe extern "C" fn audit_sink(
    checkpoint: *const sys::envres_checkpoint,
    user: *mut c_void,
) -> sys::envres_status {
    guarded(|| {
        // SAFETY: as for clock(); store.h: the checkpoint and what it points to, of the sizes
        // there, are valid during the call.
        let (callbacks, given) = unsafe {
            let one = &*checkpoint;
            let given = Checkpoint {
                workspace: *array(one.workspace),
                signer: *array(one.signer),
                sign_key: *array(one.sign_key),
                sequence: one.sequence,
                time: time_of(one.time),
                policy_version: one.policy_version,
                hash: *array(one.hash),
                signature: *array(one.signature),
            };
            (&*user.cast::<Callbacks>(), given)
        };
        callbacks.sink.as_ref().map_or(Ok(()), |sink| sink(&given))
    })
}

/// Where a redactor gives its bytes.
pub(crate) unsafe extern "C" fn give<F: FnMut(&[u8]) -> Result<(), BoxError>>(
    data: *const c_char,
    len: usize,
    user: *mut c_void,
) -> sys::envres_status {
    guarded(|| {
        // SAFETY: redact.h: `len` bytes, valid during the call; `user` is the closure that lives
        // during the call of the library, and nobody else uses it meanwhile.
        let (write, bytes) = unsafe { (&mut *user.cast::<F>(), borrowed(data.cast(), len)) };
        write(bytes)
    })
}

/// The host's probe; `user` holds it, and it is called once.
pub(crate) unsafe extern "C" fn probe<F: FnOnce(&Resource) -> Result<(), BoxError>>(
    handle: *const sys::envres_resource_handle,
    err: *mut sys::envres_error,
    user: *mut c_void,
) -> sys::envres_status {
    let mut failed: Option<Error> = None;
    let status = guarded(|| {
        // SAFETY: `user` is the Option that lives during the call of the library, and nobody else
        // uses it meanwhile.
        let given = unsafe { &mut *user.cast::<Option<F>>() };
        let probe = given.take().ok_or("the probe was called twice")?;
        // SAFETY: resource.h: the handle may be used during the call; the Resource is not dropped.
        let resource = unsafe { Resource::lent(handle) };
        probe(&resource).map_err(|error| {
            failed = error.downcast_ref::<Error>().cloned();
            error
        })
    });
    if status == sys::ENVRES_OK {
        return status;
    }
    let told = failed.as_ref();
    let message = told.map_or("the probe failed", Error::message);
    let (hint, subject) = (told.map_or("", Error::hint), told.map_or("", Error::subject));
    // SAFETY: the slot is that of the call that led here, or NULL; texts are copied.
    unsafe {
        sys::envres_error_set(
            err,
            status,
            message.as_ptr().cast(),
            message.len(),
            hint.as_ptr().cast(),
            hint.len(),
        );
        if !subject.is_empty() {
            sys::envres_error_set_subject(err, subject.as_ptr().cast(), subject.len());
        }
    }
    status
}
