// SPDX-License-Identifier: MIT
//! Masking secrets in any text, and scanning texts for what does not belong there.

use crate::callbacks::give;
use crate::error::call;
use crate::input::{raw, raw_or_null};
use crate::value::bytes_from;
use crate::{BoxError, Error, FindingRow, Input, RefusedRow, Result, Rows, Scope};
use envres_sys as sys;
use std::fmt;
use std::io::Write;
use std::os::raw::c_void;
use std::ptr::{null_mut, NonNull};

/// Looks for secrets in text, such as a log as it streams by, and masks them: as they are, in hex,
/// base64, percent-encoded and as in JSON. Secrets of fewer than 8 bytes are refused:
/// [`refused`](Redactor::refused) names them. The last line of defence, behind
/// [`Secret`](crate::Secret), which knows exactly what is secret.
///
/// Filled first, then used, by one thread at a time: [`copy`](Redactor::copy) makes more of it.
///
/// ```
/// let mut redactor = envres::Redactor::new(None)?;
/// redactor.add("token", &envres::Secret::new("tok-123456"))?;
/// assert_eq!(redactor.text("key=tok-123456;")?, b"key=[redacted];");
/// # Ok::<(), envres::Error>(())
/// ```
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>(_: T) {}
/// shared(envres::Redactor::new(None).unwrap());
/// ```
pub struct Redactor(NonNull<sys::envres_redactor>);

// SAFETY: redact.h: "It is for one thread at a time", whichever; copies share what never changes
// any more, counted atomically.
unsafe impl Send for Redactor {}

impl Drop for Redactor {
    fn drop(&mut self) {
        // SAFETY: ours, and not used any more.
        unsafe { sys::envres_redactor_free(self.0.as_ptr()) }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(..)")
    }
}

impl Redactor {
    /// Looks for nothing yet. `replacement`: at most 64 bytes; `None`: `"[redacted]"`.
    /// C: `envres_redactor_new()`. Errors: [`LIMIT`](crate::Code::LIMIT).
    pub fn new(replacement: Option<&str>) -> Result<Redactor> {
        let replacement = raw_or_null(replacement);
        let options = sys::envres_redactor_options {
            replacement: replacement.at,
            replacement_len: replacement.len,
            ..Default::default()
        };
        let mut out = null_mut();
        // SAFETY: what is given is valid during the call.
        call(|err| unsafe { sys::envres_redactor_new(&options, &mut out, err) })?;
        Redactor::take(out)
    }

    fn take(redactor: *mut sys::envres_redactor) -> Result<Redactor> {
        NonNull::new(redactor).map(Redactor).ok_or_else(|| Error::invalid("there is no redactor"))
    }

    /// Adds every secret of a scope, which is not needed afterwards.
    /// C: `envres_redactor_add_scope()`.
    ///
    /// Errors: [`INVALID`](crate::Code::INVALID) (a text has begun, or copies were made),
    /// [`LIMIT`](crate::Code::LIMIT).
    pub fn add_scope(&mut self, scope: &Scope) -> Result<()> {
        // SAFETY: ours alone; the scope is alive.
        call(|err| unsafe { sys::envres_redactor_add_scope(self.0.as_ptr(), scope.raw(), err) })
    }

    /// Adds a secret from elsewhere: any bytes, at most 1 MiB. `name`: what
    /// [`refused`](Redactor::refused) calls it. C: `envres_redactor_add()`. Errors: as above.
    pub fn add<'a>(&mut self, name: &str, secret: impl Into<Input<'a>>) -> Result<()> {
        let (name, secret) = (raw(name), secret.into());
        let secret = raw(secret.bytes());
        // SAFETY: ours alone; what is given is valid during the call.
        call(|err| unsafe {
            sys::envres_redactor_add(self.0.as_ptr(), name.at, name.len, secret.at, secret.len, err)
        })
    }

    /// What is not masked, or not in every form, and why. C: `envres_redactor_refused()`.
    pub fn refused(&self) -> Result<Rows<RefusedRow>> {
        // SAFETY: alive; no other thread has it.
        Rows::from(|out, err| unsafe { sys::envres_redactor_refused(self.0.as_ptr(), out, err) })
    }

    /// Another one of the same secrets, for another text or thread. To neither of the two secrets
    /// can be added any more. C: `envres_redactor_copy()`.
    pub fn copy(&mut self) -> Result<Redactor> {
        let mut out = null_mut();
        // SAFETY: ours alone.
        call(|err| unsafe { sys::envres_redactor_copy(self.0.as_ptr(), &mut out, err) })?;
        Redactor::take(out)
    }

    /// Masks one text that is all there; the one that is being fed is not touched.
    /// C: `envres_redactor_text()`.
    pub fn text(&mut self, text: impl AsRef<[u8]>) -> Result<Vec<u8>> {
        let text = raw(text.as_ref());
        // SAFETY: ours alone; the text is valid during the call.
        bytes_from(|out, err| unsafe {
            sys::envres_redactor_text(self.0.as_ptr(), text.at, text.len, out, err)
        })
    }

    /// Takes the next bytes of a text in; those that can be given on. At most 255 are held back.
    /// C: `envres_redactor_feed()`.
    pub fn feed(&mut self, data: impl AsRef<[u8]>) -> Result<Vec<u8>> {
        let mut given = Vec::new();
        self.feed_to(data, &mut given)?;
        Ok(given)
    }

    /// The same, written to `out` as it comes.
    ///
    /// Errors: [`CALLBACK`](crate::Code::CALLBACK) with what `out` gave as source; the answer stays
    /// the same until [`finish`](Redactor::finish).
    pub fn feed_to(&mut self, data: impl AsRef<[u8]>, out: &mut dyn Write) -> Result<()> {
        let data = raw(data.as_ref());
        let redactor = self.0.as_ptr();
        let write = |bytes: &[u8]| Ok(out.write_all(bytes)?);
        giving(write, |function, user, err| {
            // SAFETY: ours alone; all is valid during the call.
            unsafe { sys::envres_redactor_feed(redactor, data.at, data.len, function, user, err) }
        })
    }

    /// The text has ended: what was held back. Another one can begin.
    /// C: `envres_redactor_finish()`.
    pub fn finish(&mut self) -> Result<Vec<u8>> {
        let mut given = Vec::new();
        self.finish_to(&mut given)?;
        Ok(given)
    }

    /// The same, written to `out`.
    pub fn finish_to(&mut self, out: &mut dyn Write) -> Result<()> {
        let redactor = self.0.as_ptr();
        let write = |bytes: &[u8]| Ok(out.write_all(bytes)?);
        giving(write, |function, user, err| {
            // SAFETY: ours alone; all is valid during the call.
            unsafe { sys::envres_redactor_finish(redactor, function, user, err) }
        })
    }

    /// How many replacements it has written: anything but 0 says that a secret got away.
    /// C: `envres_redactor_masked()`.
    pub fn masked(&self) -> u64 {
        // SAFETY: alive; no other thread has it.
        unsafe { sys::envres_redactor_masked(self.0.as_ptr()) }
    }

    /// Wipes it; what was held back is dropped. The end of its life does the same.
    pub fn close(self) {}
}

/// Calls a function of the library that gives bytes to `write`.
fn giving<F: FnMut(&[u8]) -> std::result::Result<(), BoxError>>(
    mut write: F,
    function: impl FnOnce(
        sys::envres_redactor_write_fn,
        *mut c_void,
        *mut sys::envres_error,
    ) -> sys::envres_status,
) -> Result<()> {
    let user: *mut F = &mut write;
    call(|err| function(Some(give::<F>), user.cast::<c_void>(), err))
}

/// Holds texts against all environments: finds secrets, hosts and values of others than the one that
/// the texts are meant for, and tags that are nearly right. A snapshot, which needs neither session
/// nor store any more; says names only. One thread at a time: [`Session::scan`](crate::Session::scan)
/// opens another.
pub struct Scan {
    raw: NonNull<sys::envres_scan>,
    pub(crate) findings: Vec<FindingRow>,
}

// SAFETY: scan.h: "A scan is a snapshot; for one thread at a time", whichever.
unsafe impl Send for Scan {}

impl Drop for Scan {
    fn drop(&mut self) {
        // SAFETY: ours, and not used any more.
        unsafe { sys::envres_scan_close(self.raw.as_ptr()) }
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scan(..)")
    }
}

impl Scan {
    pub(crate) fn new(scan: *mut sys::envres_scan) -> Result<Scan> {
        let raw = NonNull::new(scan).ok_or_else(|| Error::invalid("there is no scan"))?;
        Ok(Scan { raw, findings: Vec::new() })
    }

    /// About the scan itself: `"not-checked"` for each environment that cannot be looked for.
    pub fn findings(&self) -> &[FindingRow] {
        &self.findings
    }

    /// Scans one text: any bytes, at most 16 MiB. `name`: what findings call it. Errors first, then
    /// by position; a finding is not an error. C: `envres_scan_text()`.
    ///
    /// Errors: [`LIMIT`](crate::Code::LIMIT).
    pub fn text(&mut self, name: &str, text: impl AsRef<[u8]>) -> Result<Rows<FindingRow>> {
        let (name, text) = (raw(name), raw(text.as_ref()));
        // SAFETY: ours alone; what is given is valid during the call.
        Rows::from(|out, err| unsafe {
            sys::envres_scan_text(self.raw.as_ptr(), name.at, name.len, text.at, text.len, out, err)
        })
    }

    /// Wipes it; the end of its life does the same.
    pub fn close(self) {}
}
