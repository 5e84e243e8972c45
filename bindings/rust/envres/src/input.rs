// SPDX-License-Identifier: MIT
//! What goes in: text, secrets, expectations, what goes with a change.

use crate::secret::wipe;
use crate::{Error, Result, Secret, Text, Type};
use envres_sys as sys;
use std::ffi::CString;
use std::fmt;
use std::marker::PhantomData;
use std::os::raw::c_char;
use std::ptr::null;

/// Pointer and length of an argument; NULL and 0 for none. Borrows what it was made of.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'a> {
    pub at: *const c_char,
    pub len: usize,
    from: PhantomData<&'a [u8]>,
}

pub(crate) fn raw<T: AsRef<[u8]> + ?Sized>(bytes: &T) -> Raw<'_> {
    let bytes = bytes.as_ref();
    Raw { at: bytes.as_ptr().cast(), len: bytes.len(), from: PhantomData }
}

pub(crate) fn raw_or_null<T: AsRef<[u8]> + ?Sized>(bytes: Option<&T>) -> Raw<'_> {
    bytes.map_or(Raw { at: null(), len: 0, from: PhantomData }, raw)
}

/// Text with a NUL behind it, for the few places of the library that take no length.
pub(crate) fn nul_terminated(text: &str, what: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::invalid(&format!("a NUL in {what}")))
}

/// Hex digits of 32 bytes, as rows have them.
pub(crate) fn digest_of(hex: &str, what: &str) -> Result<[u8; 32]> {
    let mut digest = [0; 32];
    let digits = hex.as_bytes();
    let wrong = || Error::invalid(&format!("{what}: 64 hex digits are needed"));
    if digits.len() != 64 {
        return Err(wrong());
    }
    for (byte, pair) in digest.iter_mut().zip(digits.chunks(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16).ok_or_else(wrong);
        *byte = (digit(0)? << 4 | digit(1)?) as u8;
    }
    Ok(digest)
}

pub(crate) fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As the library takes it: none is whatever is there, 0 is nothing.
pub(crate) fn expected(expect: Option<i64>) -> i64 {
    match expect {
        None => 0,
        Some(0) => -1,
        Some(revision) => revision,
    }
}

/// Two flags that say yes and no.
pub(crate) fn choice(value: Option<bool>, yes: u32, no: u32) -> u32 {
    match value {
        None => 0,
        Some(true) => yes,
        Some(false) => no,
    }
}

pub(crate) fn flag(value: bool, flag: u32) -> u32 {
    if value {
        flag
    } else {
        0
    }
}

/// A value that goes in: text, any bytes (the library refuses what is no UTF-8), or a [`Secret`],
/// which is lent and never copied. A `String` that is given away is wiped at the end.
#[derive(Clone)]
pub struct Input<'a> {
    bytes: Bytes<'a>,
    secret: bool,
}

#[derive(Clone)]
enum Bytes<'a> {
    Lent(&'a [u8]),
    Own(Wiped),
}

/// Bytes that may be a passphrase, say. A type of its own, since only what has no lifetime can have
/// an end without asking more of what is lent.
#[derive(Clone)]
struct Wiped(Vec<u8>);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl Input<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Lent(bytes) => bytes,
            Bytes::Own(Wiped(bytes)) => bytes,
        }
    }

    pub(crate) fn is_secret(&self) -> bool {
        self.secret
    }
}

/// A secret is `***`.
impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secret {
            return f.write_str("Input(***)");
        }
        write!(f, "Input({:?})", String::from_utf8_lossy(self.bytes()))
    }
}

impl<'a> From<&'a str> for Input<'a> {
    fn from(text: &'a str) -> Self {
        Input { bytes: Bytes::Lent(text.as_bytes()), secret: false }
    }
}

impl<'a> From<&'a String> for Input<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Input<'_> {
    fn from(text: String) -> Self {
        Input { bytes: Bytes::Own(Wiped(text.into_bytes())), secret: false }
    }
}

impl<'a> From<&'a [u8]> for Input<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Input { bytes: Bytes::Lent(bytes), secret: false }
    }
}

impl<'a> From<&'a Vec<u8>> for Input<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Input<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        bytes.as_slice().into()
    }
}

impl<'a> From<&'a Secret> for Input<'a> {
    fn from(secret: &'a Secret) -> Self {
        Input { bytes: Bytes::Lent(secret.reveal_bytes()), secret: true }
    }
}

impl<'a> From<&'a Text> for Input<'a> {
    fn from(text: &'a Text) -> Self {
        match text {
            Text::Plain(text) => text.into(),
            Text::Secret(secret) => secret.into(),
        }
    }
}

/// What each of these becomes is an `Input` first.
macro_rules! from_inputs {
    ($($target:ident),*) => {$(
        impl<'a> From<Input<'a>> for $target<'a> {
            fn from(value: Input<'a>) -> Self {
                $target::new(value)
            }
        }
        from_inputs!(@ $target: &'a str, &'a String, String, &'a [u8], &'a Vec<u8>, &'a Secret, &'a Text);
        impl<'a, const N: usize> From<&'a [u8; N]> for $target<'a> {
            fn from(value: &'a [u8; N]) -> Self {
                $target::new(value)
            }
        }
    )*};
    (@ $target:ident: $($source:ty),*) => {$(
        impl<'a> From<$source> for $target<'a> {
            fn from(value: $source) -> Self {
                $target::new(value)
            }
        }
    )*};
}
from_inputs!(Write, Field, Param);

/// One write of a variable: the value, and what else is to be said of it. Text and a [`Secret`]
/// become one by themselves; a secret is written as one.
#[derive(Clone, Debug)]
pub struct Write<'a> {
    value: Input<'a>,
    kind: Type,
    secret: Option<bool>,
    expect: Option<i64>,
}

impl<'a> Write<'a> {
    /// As the name already is, else a plain string.
    pub fn new(value: impl Into<Input<'a>>) -> Write<'a> {
        let value = value.into();
        let secret = value.is_secret().then_some(true);
        Write { value, kind: Type::Default, secret, expect: None }
    }

    /// The type; without: that of the name, else a string.
    pub fn kind(mut self, kind: Type) -> Write<'a> {
        self.kind = kind;
        self
    }

    /// Whether it is a secret; without: as the name already is, else plain.
    pub fn secret(mut self, secret: bool) -> Write<'a> {
        self.value.secret |= secret;
        self.secret = Some(secret);
        self
    }

    /// Only if the present value has this revision; 0: only if there is none. Otherwise
    /// [`Code::CHANGED`](crate::Code::CHANGED), and nothing is written.
    pub fn expect(mut self, revision: i64) -> Write<'a> {
        self.expect = Some(revision);
        self
    }

    /// The struct, which borrows from this.
    pub(crate) fn raw(&self, name: &str) -> sys::envres_variable_write {
        let (name, value) = (raw(name), raw(self.value.bytes()));
        sys::envres_variable_write {
            flags: choice(self.secret, sys::ENVRES_WRITE_SECRET, sys::ENVRES_WRITE_PLAIN),
            name: name.at,
            name_len: name.len,
            value: value.at,
            value_len: value.len,
            r#type: self.kind.raw(),
            expect_revision: expected(self.expect),
            ..Default::default()
        }
    }
}

/// A field of a resource to be set: text, a number, a boolean, or a [`Secret`], which is sealed;
/// or [`unset`](Field::unset).
#[derive(Clone, Debug)]
pub struct Field<'a> {
    value: Input<'a>,
    flags: u32,
}

impl<'a> Field<'a> {
    /// Sets it: numbers in decimal, `true` or `false`, JSON; a string may hold tags.
    pub fn new(value: impl Into<Input<'a>>) -> Field<'a> {
        let value = value.into();
        let flags = flag(value.is_secret(), sys::ENVRES_FIELD_SECRET);
        Field { value, flags }
    }

    /// Takes it away.
    pub fn unset() -> Field<'a> {
        Field { value: "".into(), flags: sys::ENVRES_FIELD_UNSET }
    }

    /// Seals it, also where the kind does not say so.
    pub fn secret(mut self) -> Field<'a> {
        self.value.secret = true;
        self.flags |= sys::ENVRES_FIELD_SECRET;
        self
    }

    pub(crate) fn raw(&self, name: &str) -> sys::envres_resource_field {
        let (name, value) = (raw(name), raw(self.value.bytes()));
        sys::envres_resource_field {
            flags: self.flags,
            name: name.at,
            name_len: name.len,
            value: value.at,
            value_len: value.len,
            ..Default::default()
        }
    }
}

impl From<i64> for Field<'_> {
    fn from(value: i64) -> Self {
        Field::new(value.to_string())
    }
}

impl From<bool> for Field<'_> {
    fn from(value: bool) -> Self {
        Field::new(if value { "true" } else { "false" })
    }
}

/// A parameter of a render: text, a number, a boolean, null (`None`), JSON or a [`Secret`]; what is
/// made of a secret is secret.
#[derive(Clone, Debug)]
pub struct Param<'a> {
    pub(crate) value: Input<'a>,
    pub(crate) kind: Type,
    pub(crate) flags: u32,
}

impl<'a> Param<'a> {
    /// A string.
    pub fn new(value: impl Into<Input<'a>>) -> Param<'a> {
        Param::typed(Type::String, value)
    }

    /// Text of another type, in its own spelling: a number in decimal, `true`, JSON.
    pub fn typed(kind: Type, value: impl Into<Input<'a>>) -> Param<'a> {
        let value = value.into();
        let flags = flag(value.is_secret(), sys::ENVRES_PARAM_SECRET);
        Param { value, kind, flags }
    }

    /// JSON text.
    pub fn json(text: impl Into<Input<'a>>) -> Param<'a> {
        Param::typed(Type::Json, text)
    }

    /// Null.
    pub fn null() -> Param<'a> {
        Param::typed(Type::Null, "")
    }
}

impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Param::typed(Type::Boolean, if value { "true" } else { "false" })
    }
}

/// What is no number of JSON (infinite, not a number) is refused by the library.
impl From<f64> for Param<'_> {
    fn from(value: f64) -> Self {
        Param::typed(Type::Number, format!("{value:?}"))
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Param<'_> {
            fn from(value: $integer) -> Self {
                Param::typed(Type::Number, value.to_string())
            }
        }
    )*};
}
from_integers!(i16, i32, i64, u8, u16, u32);

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(Param::null, Into::into)
    }
}

/// What goes with every change.
///
/// ```
/// use envres::Change;
/// let plain = Change::none();
/// let told = Change::reason("first release").operation(*b"0123456789abcdef");
/// let forced = Change::none().force();
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Change<'a> {
    reason: Option<&'a str>,
    operation: Option<[u8; 16]>,
    force: bool,
}

impl<'a> Change<'a> {
    /// Nothing said: no reason, a random operation id.
    pub fn none() -> Change<'a> {
        Change::default()
    }

    /// Why, for the audit; at most 1,000 bytes. Protected environments ask for one.
    pub fn reason(reason: &'a str) -> Change<'a> {
        Change { reason: Some(reason), ..Change::default() }
    }

    /// Names the operation: the same id again answers with the outcome of the first, and changes
    /// nothing.
    pub fn operation(mut self, id: [u8; 16]) -> Change<'a> {
        self.operation = Some(id);
        self
    }

    /// Although something refers to it; where the call knows no such thing, it is an error.
    pub fn force(mut self) -> Change<'a> {
        self.force = true;
        self
    }

    /// The struct, which borrows from this.
    pub(crate) fn raw(&self) -> sys::envres_change {
        let reason = raw_or_null(self.reason);
        sys::envres_change {
            flags: flag(self.force, sys::ENVRES_CHANGE_FORCE),
            operation: self.operation.as_ref().map_or(null(), |id| id.as_ptr()),
            reason: reason.at,
            reason_len: reason.len,
            ..Default::default()
        }
    }
}
