// SPDX-License-Identifier: MIT
//! Values of the library: copied into a String or a Secret, and given back at once, which wipes them.

use crate::error::{call, call_or};
use crate::list::borrowed;
use crate::{Code, Error, Result, Secret, Text, Type, Value};
use envres_sys as sys;
use std::mem::MaybeUninit;
use std::os::raw::c_char;
use std::ptr::{null_mut, NonNull};
use std::slice;

/// A value that is ours; freed with this, and wiped where it is secret.
pub(crate) struct Owned(NonNull<sys::envres_value>);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: ours, and not used any more.
        unsafe { sys::envres_value_free(self.0.as_ptr()) }
    }
}

impl Owned {
    /// Calls a function with an `envres_value **` before its slot.
    pub(crate) fn from(
        function: impl FnOnce(*mut *mut sys::envres_value, *mut sys::envres_error) -> i32,
    ) -> Result<Owned> {
        let mut out = null_mut();
        call(|err| function(&mut out, err))?;
        NonNull::new(out).map(Owned).ok_or_else(|| Error::invalid("there is no value"))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: alive as long as `self`.
        unsafe { bytes_of(self.0.as_ptr()) }
    }

    pub(crate) fn text(&self) -> Result<Text> {
        // SAFETY: alive as long as `self`.
        unsafe { copy_text(self.0.as_ptr()) }
    }

    pub(crate) fn kind(&self) -> i32 {
        // SAFETY: alive as long as `self`.
        unsafe { sys::envres_value_type(self.0.as_ptr()) }
    }
}

/// # Safety
/// A value, and no use of the bytes after its life.
unsafe fn bytes_of<'a>(value: *const sys::envres_value) -> &'a [u8] {
    let mut len = 0;
    // SAFETY: a value, as the caller says.
    unsafe {
        let data = sys::envres_value_data(value, &mut len);
        borrowed(data.cast(), len)
    }
}

/// A copy of a value that is borrowed.
///
/// # Safety
/// A value that lives during the call.
pub(crate) unsafe fn copy_text(value: *const sys::envres_value) -> Result<Text> {
    // SAFETY: as the caller says; the bytes are copied before this returns.
    let (bytes, secret) = unsafe { (bytes_of(value), sys::envres_value_is_secret(value) != 0) };
    if !secret {
        return Ok(Text::Plain(string(bytes)));
    }
    // SAFETY: as above.
    let count = unsafe { sys::envres_value_range_count(value) };
    let mut ranges = Vec::with_capacity(count);
    for index in 0..count {
        let (mut start, mut end) = (0, 0);
        // SAFETY: as above, and two outputs of ours.
        call(|err| unsafe { sys::envres_value_range(value, index, &mut start, &mut end, err) })?;
        ranges.push(start..end);
    }
    Ok(Text::Secret(Secret::with_ranges(bytes, ranges)))
}

/// Text of the library is UTF-8; should it not be, nothing worse happens than a wrong letter.
pub(crate) fn string(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

pub(crate) fn text_from(
    function: impl FnOnce(*mut *mut sys::envres_value, *mut sys::envres_error) -> i32,
) -> Result<Text> {
    Owned::from(function)?.text()
}

pub(crate) fn bytes_from(
    function: impl FnOnce(*mut *mut sys::envres_value, *mut sys::envres_error) -> i32,
) -> Result<Vec<u8>> {
    Ok(Owned::from(function)?.bytes().to_vec())
}

/// What rendering goes into first: longer output takes a second call, which makes a value.
const BUFFER: usize = 4096;

/// Text of a call into a buffer, which must forbid secrets: none comes to lie there. None: there is
/// a secret, or the output is longer; then a value is made.
pub(crate) fn text_into(
    function: impl FnOnce(*mut c_char, usize, *mut usize, *mut sys::envres_error) -> i32,
) -> Result<Option<Text>> {
    let mut buffer = MaybeUninit::<[u8; BUFFER]>::uninit();
    let mut need = 0;
    let at = buffer.as_mut_ptr().cast::<u8>();
    let done = call_or(
        |err| function(at.cast(), BUFFER, &mut need, err),
        |code| code == Code::SECRET_SINK || code == Code::LIMIT,
    )?;
    if !done || need > BUFFER {
        return Ok(None);
    }
    // SAFETY: the library has written `need` bytes, which are not more than there are.
    Ok(Some(Text::Plain(string(unsafe { slice::from_raw_parts(at, need) }))))
}

/// A text in the type that it has.
pub(crate) fn typed(kind: i32, text: Text) -> Value {
    let text = match text {
        Text::Plain(text) => text,
        Text::Secret(secret) => return Value::Secret(secret),
    };
    match kind {
        sys::ENVRES_TYPE_BOOLEAN => Value::Boolean(text == "true"),
        sys::ENVRES_TYPE_NUMBER => match (text.parse(), text.parse()) {
            (Ok(integer), _) => Value::Integer(integer),
            (_, Ok(number)) => Value::Number(number),
            _ => Value::String(text),
        },
        sys::ENVRES_TYPE_JSON => Value::Json(text),
        _ => Value::String(text),
    }
}

/// The enumeration of a type; none for what is none.
pub(crate) fn type_of(kind: i32) -> Option<Type> {
    Type::ALL.iter().copied().find(|one| one.raw() == kind && kind != 0)
}
