// SPDX-License-Identifier: MIT
//! Errors, and the slots that the library writes them into.

use envres_sys as sys;
use std::cell::{Cell, RefCell};
use std::error::Error as StdError;
use std::ffi::CStr;
use std::fmt;
use std::os::raw::c_char;
use std::ptr;
use std::sync::Arc;

#[path = "code.rs"]
mod code;
pub use code::ErrorKind;

/// What every fallible call gives.
pub type Result<T> = std::result::Result<T, Error>;

/// What a callback of the host fails with: any error. `?` and `into()` make one.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// A status code of the library; each is a constant here: `error.code() == Code::NOT_SET`.
///
/// `docs/errors.md` says of each what to do about it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(i32);

impl Code {
    /// The number: 0 for `OK`, negative for failures.
    pub fn number(self) -> i32 {
        self.0
    }

    /// `"ENVRES_E_NOT_SET"`; `"ENVRES_E_?"` for one that is not known.
    pub fn name(self) -> &'static str {
        Code::ALL.iter().find(|row| row.0 == self).map_or("ENVRES_E_?", |row| row.1)
    }

    /// The family that it belongs to; [`ErrorKind::Other`] for success and unknown ones.
    pub fn kind(self) -> ErrorKind {
        Code::ALL.iter().find(|row| row.0 == self).map_or(ErrorKind::Other, |row| row.2)
    }

    /// All codes, success among them.
    pub fn all() -> impl Iterator<Item = Code> {
        Code::ALL.iter().map(|row| row.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name())
    }
}

#[derive(Clone)]
struct Inner {
    code: Code,
    message: String,
    hint: String,
    subject: String,
    offset: Option<usize>,
    place: Option<(u32, u32)>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// A call of the library failed. Never holds a configuration value or a secret.
///
/// Where a callback of the host failed, [`source()`](std::error::Error::source) is what it gave,
/// or a [`Panic`]; its text appears neither in `Display` nor in `Debug` of this.
#[derive(Clone)]
pub struct Error(Box<Inner>);

impl Error {
    /// An error for a callback to give: its code travels through the library, and a probe's
    /// message, hint and subject do so too. `message` is one line without a full stop, and without
    /// any value or secret.
    pub fn new(code: Code, message: &str) -> Error {
        Error(Box::new(Inner {
            code,
            message: message.to_owned(),
            hint: String::new(),
            subject: String::new(),
            offset: None,
            place: None,
            source: None,
        }))
    }

    /// The same with what to do about it.
    pub fn with_hint(mut self, hint: &str) -> Error {
        self.0.hint = hint.to_owned();
        self
    }

    /// The same with the name concerned.
    pub fn with_subject(mut self, subject: &str) -> Error {
        self.0.subject = subject.to_owned();
        self
    }

    pub(crate) fn with_offset(mut self, offset: usize) -> Error {
        self.0.offset = Some(offset);
        self
    }

    pub(crate) fn invalid(message: &str) -> Error {
        Error::new(Code::INVALID, message)
    }

    /// The status code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Its name: `"ENVRES_E_NOT_SET"`.
    pub fn name(&self) -> &'static str {
        self.0.code.name()
    }

    /// Its family.
    pub fn kind(&self) -> ErrorKind {
        self.0.code.kind()
    }

    /// One line without a full stop.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, or `""`.
    pub fn hint(&self) -> &str {
        &self.0.hint
    }

    /// The name concerned (a variable, a handle, a path), or `""`.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Byte offset into the text that was given.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// Line, from 1.
    pub fn line(&self) -> Option<u32> {
        self.0.place.map(|place| place.0)
    }

    /// Column in bytes, from 1.
    pub fn column(&self) -> Option<u32> {
        self.0.place.map(|place| place.1)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.message)?;
        if let Some((line, column)) = self.0.place {
            write!(f, " (line {line}, column {column})")?;
        }
        write!(f, " [{}]", self.name())?;
        if !self.0.hint.is_empty() {
            write!(f, "; {}", self.0.hint)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("hint", &self.0.hint)
            .field("subject", &self.0.subject)
            .field("offset", &self.0.offset)
            .field("line", &self.line())
            .field("column", &self.column())
            .field("source", &self.0.source.as_ref().map(|_| format_args!("..")))
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

// ---- slots --------------------------------------------------------------------------------------

/// An error slot of the library. One serves one call at a time; threads use theirs again.
pub(crate) struct Slot(*mut sys::envres_error);

thread_local! {
    static SLOTS: RefCell<Vec<Slot>> = const { RefCell::new(Vec::new()) };
    static RAISED: Cell<Option<Raised>> = const { Cell::new(None) };
}

impl Drop for Slot {
    fn drop(&mut self) {
        // SAFETY: made by envres_error_new(), or NULL; nobody else has it.
        unsafe { sys::envres_error_free(self.0) }
    }
}

impl Slot {
    /// A slot that nobody uses: a callback may call the library while the slot of the call that led
    /// there is in use. NULL inside when there is no memory, which every call allows. At the end of
    /// a thread, when its slots are gone, one is made for the call.
    fn take() -> Slot {
        let free = SLOTS.try_with(|slots| slots.borrow_mut().pop()).ok().flatten();
        // SAFETY: NULL asks for the allocator of the C library.
        free.unwrap_or_else(|| Slot(unsafe { sys::envres_error_new(ptr::null()) }))
    }

    fn give(self) {
        if self.0.is_null() {
            return;
        }
        let _ = SLOTS.try_with(|slots| slots.borrow_mut().push(self));
    }

    /// What the slot says of a failure; where it says nothing of it, what the code says of itself.
    fn describe(&self, status: sys::envres_status) -> Error {
        let slot = self.0;
        // SAFETY: a slot or NULL; texts are copied before it is used again.
        unsafe {
            if sys::envres_error_code(slot) != status {
                return Error::new(Code(status), &text_of(sys::envres_status_text(status)));
            }
            let mut error = Error::new(Code(status), &text_of(sys::envres_error_message(slot)))
                .with_hint(&text_of(sys::envres_error_hint(slot)))
                .with_subject(&text_of(sys::envres_error_subject(slot)));
            let (offset, line) = (sys::envres_error_offset(slot), sys::envres_error_line(slot));
            error.0.offset = (offset != sys::envres_nul_terminated()).then_some(offset);
            error.0.place = (line != 0).then(|| (line, sys::envres_error_column(slot)));
            error
        }
    }
}

/// A NUL-terminated text of the library, copied; "" for NULL.
///
/// # Safety
/// NULL, or a text that lives as long as this call.
pub(crate) unsafe fn text_of(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: as the caller says.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Calls a function whose last parameter is the error slot.
pub(crate) fn call(
    function: impl FnOnce(*mut sys::envres_error) -> sys::envres_status,
) -> Result<()> {
    call_or(function, |_| false).map(|_| ())
}

/// The same; false for a failure that `elsewise` says has another way.
pub(crate) fn call_or(
    function: impl FnOnce(*mut sys::envres_error) -> sys::envres_status,
    elsewise: impl FnOnce(Code) -> bool,
) -> Result<bool> {
    let slot = Slot::take();
    forget_raised();
    let status = function(slot.0);
    if status == sys::ENVRES_OK {
        slot.give();
        return Ok(true);
    }
    let result = if elsewise(Code(status)) {
        Ok(false)
    } else {
        let mut error = slot.describe(status);
        error.0.source = take_raised(status);
        Err(error)
    };
    // SAFETY: the slot is ours, or NULL.
    unsafe { sys::envres_error_clear(slot.0) };
    slot.give();
    result
}

// ---- what callbacks fail with -------------------------------------------------------------------

struct Raised {
    status: sys::envres_status,
    cause: Arc<dyn StdError + Send + Sync>,
}

/// Keeps what a callback failed with for the call that led to it; the status to return.
pub(crate) fn keep_raised(error: BoxError) -> sys::envres_status {
    let code = error.downcast_ref::<Error>().map_or(Code::CALLBACK, Error::code);
    let status = if code.number() < 0 { code.number() } else { sys::ENVRES_E_CALLBACK };
    let _ = RAISED.try_with(|kept| kept.set(Some(Raised { status, cause: Arc::from(error) })));
    status
}

fn forget_raised() {
    let _ = RAISED.try_with(|kept| kept.take());
}

/// Runs a callback, which may call the library itself: what one before it failed with, in the same
/// call, stays kept unless this one fails too.
pub(crate) fn beside_raised(body: impl FnOnce() -> sys::envres_status) -> sys::envres_status {
    let before = RAISED.try_with(|kept| kept.take()).ok().flatten();
    let status = body();
    if status == sys::ENVRES_OK && before.is_some() {
        let _ = RAISED.try_with(|kept| kept.set(before));
    }
    status
}

/// What a callback failed with during this call, if that is why the call failed.
fn take_raised(status: sys::envres_status) -> Option<Arc<dyn StdError + Send + Sync>> {
    let raised = RAISED.try_with(|kept| kept.take()).ok().flatten()?;
    (status == raised.status || status == sys::ENVRES_E_CALLBACK).then_some(raised.cause)
}

/// A callback of the host panicked. The panic ended at the library's border; this is the
/// [`source()`](std::error::Error::source) of the error that the call gave.
///
/// Neither `Display` nor `Debug` shows the payload, which may hold anything.
pub struct Panic {
    message: Option<String>,
}

impl Panic {
    pub(crate) fn new(payload: &(dyn std::any::Any + Send)) -> Panic {
        let message = payload
            .downcast_ref::<&'static str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned());
        Panic { message }
    }

    /// What `panic!()` was given, where that was text.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the callback panicked")
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Panic(..)")
    }
}

impl StdError for Panic {}
